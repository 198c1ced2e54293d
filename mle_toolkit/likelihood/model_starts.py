"""Where the search for the maximum of a regression begins."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from mle_toolkit.errors import NoMaximumError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.parts import fitted, formula_of
from mle_toolkit.numerics.newton import newton_step

if TYPE_CHECKING:
    from mle_toolkit._typing import Array
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.likelihood.linear import Linear


class ModelLike(Protocol):
    """What is needed of a `Model`."""

    @property
    def base(self) -> Family:
        """The law of one row."""

    @property
    def linear(self) -> Mapping[str, Linear]:
        """The predictors, by parameter."""

    @property
    def rows(self) -> Known:
        """What is known of the rows."""

    def logpdf(self, x: Array, *coefficients: Any) -> Array:
        """Log-density of each row."""

    def nearest(self, params: Sequence[float], known: str | None = None) -> tuple[Any, ...]:
        """Coefficients whose predictors are nearest to those of one law for all rows."""


def starts_of(model: ModelLike, sample: Sample) -> list[tuple[Any, ...]]:
    """The law without covariates, or, where that is higher, the law of what least squares leave of the observations.

    That alone, where no law is higher, or logs spread so little about them that it is near the maximum. Of counts whose
    spread about known means is had at once, what weighted least squares of their logs say.

    Parameters
    ----------
    model : ModelLike
        Of the rows of the sample.
    sample : Sample
        Points, in the unit of the likelihood.
    """
    if (counted := _by_known_means(model, sample)) is not None:
        return [counted]
    explained = by_least_squares(model, sample)
    if explained is not None and (model.base.of_least_squares or explained.is_near):
        return [explained.coefficients]
    weight = 1.0 if sample.weight is None else sample.weight
    begin = _within_ends(model, _null_params(model.base, sample))
    several = _of_several(model, sample)
    if explained is None and not several:
        return [begin]
    others = several if explained is None else [explained.coefficients, *several]
    with np.errstate(all="ignore"):
        heights = [float(np.sum(weight * model.logpdf(sample.x, *at))) for at in (begin, *others)]
    if several:
        order = sorted(range(1, len(heights)), key=lambda k: -heights[k])
        return [begin, *(others[k - 1] for k in order[:_MOST] if heights[k] > -np.inf)]
    return [others[0] if heights[1] > heights[0] else begin]


_MOST = 10
"""Starts of a law that may have several maxima, beside the law without covariates."""

_NOTHING, _LITTLE = 1e-3, 1.0
"""Standard deviations of what least squares leave of logs: of hardly more than rounding, and below which they are near
the maximum. Of a gamma law they tell the less the smaller its shape is; that is from a shape of 1.4 on."""


class Explained(NamedTuple):
    """Coefficients by least squares, and the standard deviation of what they leave of logs.

    It is infinite where they are no squares of logs, or the likelihood is not smooth.
    """

    coefficients: tuple[Any, ...]
    spread: float

    @property
    def is_perfect(self) -> bool:
        """Whether next to nothing is left, as of as many coefficients as rows."""
        return self.spread < _NOTHING

    @property
    def is_near(self) -> bool:
        """Whether the maximum is near."""
        return _NOTHING <= self.spread < _LITTLE


def _within_ends(model: ModelLike, params: Sequence[float]) -> tuple[Any, ...]:
    """The nearest coefficients to a law whose support holds all observations, such that those of the rows do too."""
    base, found = model.base, list(model.nearest(params))
    if base.lives_on is None:
        return tuple(found)
    ends = base.lives_on(*params)
    for k, p in enumerate(base.parameters):
        term, sign = model.linear.get(p.name), float(params[k] == ends[0]) - float(params[k] == ends[1])
        if term is None or p.regular or term.constant is None or sign == 0.0:
            continue
        with np.errstate(all="ignore"):
            target = float(term.link.predictor(params[k]))
            sign *= float(np.sign(term.link.inverse(np.asarray(target))[1]))
            eta = term.columns(model.rows).times(np.asarray(found[k])) + term.fixed_part(model.rows)
            beyond = float(np.max(sign * (eta - target))) + _INSIDE * max(1.0, abs(target))
        if beyond > 0:
            found[k] = np.array(found[k], dtype=float)
            found[k][term.constant] -= sign * beyond
    return tuple(found)


_INSIDE = 1e-9
"""Share of a predictor by which a start is inside a support, so that rounding does not take it beyond."""


def by_least_squares(model: ModelLike, sample: Sample) -> Explained | None:
    """Coefficients of a location, or of the log of a scale, by least squares, and the others of what these leave.

    None where the law has no formula, or a covariate would be left to explain what is left.
    """
    left = None if formula_of(model.base) is None else _left_by_least_squares(model, sample)
    if left is None:
        return None
    found = left.explained(model, _null_params(model.base, left.points))
    return None if found is None else Explained(found, left.spread)


class Left(NamedTuple):
    """What least squares leave of the observations, or of their logs, and the coefficients of the predictor.

    The spread is the standard deviation of what they leave of logs, infinite as that of `Explained`.
    """

    term: Linear
    coefficients: Array
    points: Sample
    spread: float

    def explained(self, model: ModelLike, params: Sequence[float]) -> tuple[Any, ...] | None:
        """Coefficients, where what is left has these parameters; None where they are not numbers."""
        base, name = model.base, self.term.parameter
        own = dict(zip(base.param_names, model.nearest(params, name), strict=True))
        coefficients = self.coefficients.copy()
        with np.errstate(all="ignore"):
            coefficients[self.term.constant] += self.term.link.predictor(params[base.param_names.index(name)])
        return tuple((own | {name: coefficients}).values()) if np.isfinite(coefficients).all() else None


def _left_by_least_squares(model: ModelLike, sample: Sample, steps: int = 0) -> Left | None:
    """What least squares leave; None where a covariate would be left to explain it, or the law cannot have it.

    After so many steps of weights by what is left, it is what the least absolute values leave, or nearly.
    """
    base, term = model.base, model.linear.get(model.base.main_parameter)
    if term is None or term.constant is None or term.is_partial or base.per_row:
        return None
    role, x = base.parameters[base.param_names.index(term.parameter)].role, sample.x
    additive = (role, term.link.name) == ("location", "identity")
    if not additive and (role, term.link.name) not in (("scale", "log"), ("log-scale", "identity")):
        return None
    if not additive and not sample.minimum > 0:
        return None
    weight = np.ones(len(x)) if sample.weight is None else sample.weight
    with np.errstate(all="ignore"):
        wanted = x if additive else np.log(x)
        design, fixed = term.columns(model.rows), term.fixed_part(model.rows)
        share = weight
        for step in range(steps + 1):
            sums, products = design.expanded(share * (wanted - fixed), share)
            coefficients = _solved(products, sums)
            eta = design.times(coefficients) + fixed
            if step < steps:
                away = np.abs(wanted - eta)
                share = weight / np.maximum(away, _CLOSE * np.max(away))
        left = x - eta if additive else x * np.exp(-eta)
        smooth = not additive and all(p.regular for p in base.parameters)
        spread = math.sqrt(weight @ np.square(wanted - eta) / sample.nobs) if smooth else math.inf
        remains = sample.with_values(left, sample.weight)
        if not (math.isfinite(remains.minimum) and math.isfinite(remains.maximum) and _holds(base, remains)):
            return None
    return Left(term, coefficients, remains, spread)


_CLOSE, _REWEIGHTED = 1e-3, 20
"""Share of the largest that is left below which nothing weighs more, and steps to the least absolute values."""


def _of_several(model: ModelLike, sample: Sample) -> list[tuple[Any, ...]]:
    """Where the law itself would begin of what least squares, or least absolute values, leave, if at several places."""
    if model.base.start is None:
        return []
    found: list[tuple[Any, ...] | None] = []
    for steps in (0, _REWEIGHTED):
        if (left := _left_by_least_squares(model, sample, steps)) is None:
            continue
        base = model.base.given(left.points.known)
        starts: Any = []
        # As where a law is fitted to points: the functions of `math` raise where those of NumPy give NaN.
        with np.errstate(all="ignore"), contextlib.suppress(NoMaximumError, ArithmeticError, ValueError):
            starts = [] if base.start is None else base.start(left.points)
        if not isinstance(starts, list) or len(starts) < 2:
            return []
        found += [left.explained(model, params) for params in starts]
    return [at for at in found if at is not None]


def _by_known_means(model: ModelLike, sample: Sample) -> tuple[Any, ...] | None:
    """Coefficients of the log of the mean by two steps of weighted least squares, and the others about that mean.

    After McCullagh & Nelder (1989), Generalized Linear Models, sec. 2.5, where the observations are the first means.
    """
    base, term = model.base, model.linear.get(model.base.main_parameter)
    if base.start_about is None or term is None or term.link.name != "log" or term.is_partial or base.per_row:
        return None
    x, weight = sample.x, np.ones(sample.n_rows) if sample.weight is None else sample.weight
    with np.errstate(all="ignore"):
        design, fixed = term.columns(model.rows), term.fixed_part(model.rows)
        mean, spread = x + 0.5, np.ones(len(x))
        for _ in range(_STEPS):
            working, share = np.log(mean) - fixed + (x - mean) / mean, weight * mean / spread
            sums, products = design.expanded(share * working, share)
            if not np.all(np.isfinite(products)):
                return None
            coefficients = _solved(products, sums)
            mean = np.exp(design.times(coefficients) + fixed)
            params, spread = base.start_about(x, mean, weight)
    if not (np.all(np.isfinite(coefficients)) and np.all(np.isfinite(params))):
        return None
    own = dict(zip(base.param_names, model.nearest(params, term.parameter), strict=True))
    return tuple((own | {term.parameter: coefficients}).values())


_STEPS = 2


def _solved(products: Array, sums: Array) -> Array:
    """Coefficients of normal equations; the shortest, where they are not determined."""
    found, determined = newton_step(-sums, products)
    return found if determined else np.asarray(np.linalg.lstsq(products, sums, rcond=None)[0], dtype=float)


def _holds(base: Family, points: Sample) -> bool:
    """Whether the support of a law holds all points."""
    support = base.support
    within = support.covers(points.minimum, points.maximum)
    return within and (not support.integer or bool(support.contains(points.x).all()))


def _null_params(base: Family, sample: Sample) -> tuple[Any, ...]:
    """Parameters of one law for all rows, from which to begin."""
    points = sample.as_points()
    if not _holds(base, points):
        points = points.take(base.support.contains(points.x))
    found = None
    if points.n_rows:
        try:
            base.given(points.known).check(points)
            found = fitted(base.given(points.known), points)
        except NoMaximumError:
            found = None
    if found is not None:
        return found
    return tuple(0.5 * sum(p.typical) for p in base.parameters)
