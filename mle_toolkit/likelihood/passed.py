"""Sums over the rows of a long regression in one compiled pass, where its law has one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.links import get_link
from mle_toolkit.likelihood.designs import Columns
from mle_toolkit.likelihood.kernels import uniform
from mle_toolkit.likelihood.kernels.passes import Passed, pass_of
from mle_toolkit.likelihood.products import upper_of

if TYPE_CHECKING:
    from mle_toolkit.likelihood.model_starts import ModelLike


PASS_ROWS = 25_000
"""Rows a block: what a block costs besides its rows is little then, and threads still share passes."""


def has_pass(model: ModelLike) -> bool:
    """Whether a regression is so long that compiled passes pay, and its law has one."""
    base = model.base
    term = model.linear.get(base.main_parameter)
    if term is None or len(model.linear) > 1 or not term.compiled or term.run_off is not None or base.per_row:
        return False
    twin = pass_of(base)
    return twin is not None and term.link is get_link(twin.LINK)


def passed_sums(
    model: ModelLike,
    part: Literal["sums", "slopes", "sf_sums"],
    x: Array,
    weight: Array | None,
    coefficients: Sequence[Any],
) -> Array | None:
    """Sums of value, derivatives and second derivatives (upper triangle) by all coefficients; None where none has them.

    Parameters
    ----------
    model : ModelLike
        Of the rows at hand, that `has_pass`.
    part : {"sums", "slopes", "sf_sums"}
        Of the log-density at x, with or without second derivatives by coefficients, or of the log-probability of more
        than x.
    x : ndarray of shape (n,)
    weight : ndarray of shape (n,), or None
    coefficients : sequence
        As of the model.
    """
    base = model.base
    place = base.param_names.index(base.main_parameter)
    term = model.linear[base.main_parameter]
    of_rows: Callable[..., Passed | None] | None = getattr(pass_of(base), part, None)
    columns = term.columns(model.rows)
    if of_rows is None or not isinstance(columns, Columns):
        return None
    own = np.asarray(coefficients[place], dtype=float)
    inner = own if columns.by is None else columns.by @ own
    fixed = np.atleast_1d(np.asarray(term.fixed_part(model.rows), dtype=float))
    others = [float(value) for k, value in enumerate(coefficients) if k != place]
    arrays = columns.matrix, inner, fixed, x, _ONE if weight is None else weight
    found = of_rows(*map(uniform, arrays), *others)
    return None if found is None else _arranged(found, columns.by, place, len(own))


def slope_sums(model: Any, x: Array, weight: Array | None, params: tuple[Any, ...]) -> Array:
    """Sums of value and derivatives by all coefficients, of a model that `has_slopes`; shape (1 + p,)."""
    found = passed_sums(model, "slopes", x, weight, params)
    found = model.derivative_sums(x, weight, *params) if found is None else found
    return np.asarray(found[: 1 + sum(p.size for p in model.parameters)])


def has_slopes(model: ModelLike) -> bool:
    """Whether a regression is so long, and its law such, that derivatives alone are had in a shorter pass."""
    return has_pass(model) and hasattr(pass_of(model.base), "slopes")


_ONE = np.ones(1)


def _arranged(found: Passed, by: Array | None, place: int, size: int) -> Array:
    """The sums in the order of the parameters, of the coefficients of the columns Z."""
    along, across, crossed = found.along, found.across, found.crossed
    if by is not None:
        along, across = by.T @ along, by.T @ across @ by
        crossed = None if crossed is None else by.T @ crossed
    if found.by_other is None or crossed is None:
        return np.concatenate([[found.value], along, upper_of(across)])
    whole = np.empty((size + 1, size + 1))
    other = size if place == 0 else 0
    mine = slice(0, size) if place == 0 else slice(1, size + 1)
    first, whole[other, other] = found.by_other
    whole[mine, mine], whole[other, mine], whole[mine, other] = across, crossed, crossed
    gradient = [along, [first]] if place == 0 else [[first], along]
    return np.concatenate([[found.value], *gradient, upper_of(whole)])
