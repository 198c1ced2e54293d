"""Payments of an insurer as losses of the insured: deductible, limit, coinsurance and inflation undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.frames import check_same_index, to_column
from mle_toolkit.data.numbering import number_of
from mle_toolkit.errors import DataError
from mle_toolkit.options import as_float, shown

if TYPE_CHECKING:
    from mle_toolkit.data.checks import WeightKind
    from mle_toolkit.data.sample import Sample

_SAME = 1e-9
"""Share of the largest payment by which one may differ from it and be it: it was computed."""


def insured(
    payment: Any,
    deductible: Any,
    limit: Any,
    coinsurance: Any,
    inflation: Any,
    weights: Any,
    weight_kind: WeightKind,
) -> Sample:
    """The sample of losses that payments tell of; see `Sample.insured`."""
    from mle_toolkit.data.sample import Sample

    terms = {"deductible": deductible, "limit": limit, "coinsurance": coinsurance, "inflation": inflation}
    check_same_index(payment, "payment", weights=weights, **terms)
    paid, _ = to_column(payment, "payment")
    n = len(paid)
    below = _term(deductible, "deductible", n, 0.0)
    top = _term(limit, "limit", n, np.inf)
    share = _term(coinsurance, "coinsurance", n, 1.0)
    growth = 1.0 + _term(inflation, "inflation", n, 0.0)
    _refuse(below, ~((below >= 0) & (below < np.inf)), "deductible", "are not numbers of 0 or more")
    _refuse(share, ~((share > 0) & (share <= 1)), "coinsurance", "are not shares above 0, up to 1")
    _refuse(growth - 1, ~((growth > 0) & (growth < np.inf)), "inflation", "are not rates above -1")
    _refuse(top, ~(top > below), "limit", _NO_LAYER)
    _refuse(paid, ~np.isfinite(paid), "payment", "are missing or infinite")
    _refuse(paid, (paid < 0) | ((paid == 0) & (below > 0)), "payment", _NOT_PAID)
    most = share * (top - below)
    _refuse(paid, paid > most * (1 + _SAME), "payment", _TOO_MUCH)
    reached = paid >= most * (1 - _SAME)
    with np.errstate(invalid="ignore"):
        loss = np.where(reached, top, paid / share + below) / growth
    sample = Sample.right_censored(loss, ~reached, weights, weight_kind)
    sample = sample if reached.any() else Sample(loss, weights, weight_kind)
    if not below.any():
        return sample
    low = below / growth
    kept = sample.rows_given
    return sample.truncated(lower=low if kept is None else low[kept])


_NOT_PAID = (
    "are no payments; a loss that was reported though nothing was paid lies between 0 and the deductible: "
    "Sample.intervals(lower, upper)"
)
_NO_LAYER = "are not above the deductible: it is the loss beyond which nothing more is paid"
_TOO_MUCH = (
    "are more than coinsurance * (limit - deductible), the most that is paid; limit is the loss beyond which nothing "
    "more is paid, so where the policy names the largest payment it is that over coinsurance, plus the deductible"
)


def _term(value: Any, name: str, n: int, default: float) -> Array:
    """A term of the policies: one number, or one a row."""
    if value is None:
        return np.full(n, default)
    one = as_float(value)
    if one is not None:
        return np.full(n, one)
    if isinstance(value, (str, bytes)) or not np.ndim(value):
        raise DataError(f"insured: {name} must be a number, or one a row, got {shown(value)}.")
    column, _ = to_column(value, f"insured ({name})")
    if len(column) != n:
        raise DataError(f"insured: {len(column)} values of {name} for {n} payments; give one a row.")
    return np.where(np.isnan(column), default, column) if name == "limit" else column


def _refuse(values: Array, bad: Any, name: str, problem: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        raise DataError(
            f"insured: {len(rows)} of {len(values)} values of {name} {problem}; the first is "
            f"{name}[{number_of(rows[0])}] = {values[rows[0]]:g}."
        )
