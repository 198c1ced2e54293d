"""What a regression says of rows: their laws, and functions of them with standard errors by the delta method.

A function of the law of a row depends on the coefficients through the predictors of its parameters, so that its slope
is that of the function by each predictor times the row of the design (McCullagh & Nelder 1989, Generalized Linear
Models, sec. 2.5; Meeker & Escobar 1998, Statistical Methods for Reliability Data, app. B.2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Literal, get_args

import numpy as np
from scipy import special

from mle_toolkit import options
from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.rows import Known, some_of
from mle_toolkit.data.sparse import missing_rows
from mle_toolkit.errors import ParameterError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import REAL, UNIT, Interval
from mle_toolkit.families.levels_apart import ChoiceApart, OrderedApart
from mle_toolkit.families.ordinal import Choice, Ordered
from mle_toolkit.inference.covariance import CovKind, covariance, wald_interval
from mle_toolkit.likelihood.designs import AnyColumns
from mle_toolkit.likelihood.linear import ends_of
from mle_toolkit.numerics.differences import AHEAD, AROUND, fourth_order, fourth_order_ahead

What = Literal["mean", "params", "quantile", "interval", "distribution", "linear"]
KINDS = get_args(What)
Of = Callable[[Distribution], Any]
"""A function of a law, or of a law a row: an array then."""

_STEP = 1e-3
"""Of differences of fourth order by a parameter, in its natural changes: error 1e-12 of the value."""

_SAME = 1e-12
"""Relative difference at which a mean is the parameter that is modelled."""


@dataclass(frozen=True)
class Quantity:
    """A function of the laws of rows.

    Attributes
    ----------
    name : str
    value, se, lower, upper : ndarray of shape (n,)
        NaN where a value of the row is missing; ``se`` and the interval where there is no standard error.
    """

    name: str
    value: Array
    se: Array
    lower: Array
    upper: Array


class Rows:
    """The laws of some rows under a fitted model, and how they depend on its coefficients.

    Parameters
    ----------
    maximum : Maximum
        Of the likelihood of a `Model`.
    known : mapping of str to ndarray
        Designs, offsets and constants of the rows; NaN where a value is missing.
    kind : {"observed", "opg", "sandwich"}
        Of the covariance of the coefficients.
    """

    def __init__(self, maximum: Maximum, known: Known, kind: CovKind) -> None:
        self.maximum = maximum if maximum.limit is None else maximum.limit
        self.kind = kind
        self.model = self.maximum.model.given(known)
        self.at = self.model.at_rows(self.model.unpack(self.maximum.theta_in_unit))
        self.n_rows = max([len(column) for column in self.model.rows.values()], default=1)

    @property
    def law(self) -> Distribution:
        """The law of each row."""
        return self._law(self.at.params)

    def _law(self, params: tuple[Any, ...], base: Family | None = None) -> Distribution:
        base, unit = base or self.model.base, self.model.own_unit
        moved = [unit.to_data(value, p.role) for value, p in zip(params, base.parameters, strict=True)]
        return Distribution.at(base, tuple(moved))

    @cached_property
    def missing(self) -> Mask:
        """Which rows have a value that is missing."""
        bad = np.zeros(self.n_rows, dtype=bool)
        for column in self.model.rows.values():
            bad |= np.isnan(column) if column.ndim == 1 else missing_rows(column)
        return bad

    @cached_property
    def covariance(self) -> Array:
        """Covariance of the coefficients of the centred designs, in the unit of the likelihood; shape (p, p)."""
        slopes = self.maximum.likelihood.unit.slopes(self.maximum.family)
        return np.asarray(covariance(self.maximum, self.kind) / np.outer(slopes, slopes))

    # --- functions of the laws ----------------------------------------------------------------------------------------

    def value(self, function: Of) -> Array:
        """A function of the law of each row; NaN where a value of the row is missing; shape (n,)."""
        return self._value(function, self.at.params)

    def _value(self, function: Of, params: tuple[Any, ...]) -> Array:
        values = np.full(self.n_rows, np.nan)
        seen = np.flatnonzero(~self.missing)
        if len(seen):
            params = tuple(p if np.ndim(p) == 0 else p[seen] for p in params)
            base = self.model.base.given({name: self.model.rows[name][seen] for name in self.model.base.per_row})
            with np.errstate(all="ignore"):
                values[seen] = function(self._law(params, base))
        return values

    def slopes(self, function: Of) -> list[Array]:
        """Derivatives of a function by each predictor, and by each parameter without one; each of shape (n,)."""
        found = []
        params = self.at.params
        for k, (step, slope) in enumerate(zip(self.model.natural_steps(self.at, _STEP), self.at.slopes, strict=True)):

            def moved(times: int, k: int = k, step: Any = step) -> Array:
                return self._value(function, (*params[:k], params[k] + times * step, *params[k + 1 :]))

            with np.errstate(all="ignore"):
                along = np.asarray(fourth_order([moved(times) for times in AROUND], step))
                for side in (1, -1):  # a parameter that is at an end of its domain has one side
                    lost = ~np.isfinite(along) & ~self.missing
                    if lost.any():
                        on_side = fourth_order_ahead([moved(side * times) for times in AHEAD], side * step)
                        along = np.where(lost, on_side, along)
                found.append(along * slope)
        return found

    def se(self, slopes: Sequence[Array]) -> Array:
        """Standard errors of functions with these derivatives by predictors and numbers; shape (n,).

        NaN where they need a coefficient that has none.
        """
        step = max(1, _AT_ONCE // len(self.covariance))
        found = np.empty(self.n_rows)
        for first in range(0, self.n_rows, step):
            rows = slice(first, first + step)
            designs = self.at.designs if step >= self.n_rows else self._designs_of(rows)
            gradient = [
                along[rows, None] if design is None else design.formed() * along[rows, None]
                for along, design in zip(slopes, designs, strict=True)
            ]
            found[rows] = quadratic_forms(np.concatenate(gradient, axis=1), self.covariance)
        return np.where(self.missing | self.is_irregular(slopes), np.nan, np.sqrt(np.maximum(found, 0.0)))

    def is_irregular(self, slopes: Sequence[Array]) -> Mask:
        """Rows that depend on a predictor which the data hold, as at an end of a support: it has no standard error."""
        found = np.zeros(self.n_rows, dtype=bool)
        for p, slope in zip(self.model.base.parameters, slopes, strict=True):
            term = self.model.linear.get(p.name)
            if term is not None and term.face is not None and not term.face.axes.any():
                found |= np.broadcast_to(slope != 0, self.n_rows)
        return found

    def summed(self, share: Array, slopes: Sequence[Array]) -> Array:
        """Weighted sum, over rows of which nothing is missing, of derivatives by the coefficients; shape (p,)."""
        seen = np.flatnonzero(~self.missing)
        parts = [
            np.atleast_1d(np.sum(along) if design is None else design.summed(along))
            for along, design in zip(
                [share[seen] * slope[seen] for slope in slopes], self._designs_of(seen), strict=True
            )
        ]
        return np.concatenate(parts)

    def _designs_of(self, rows: Any) -> list[AnyColumns | None]:
        some = some_of(self.model.rows, rows)
        terms = (self.model.linear.get(p.name) for p in self.model.base.parameters)
        return [None if term is None else term.columns(some) for term in terms]

    # --- quantities ---------------------------------------------------------------------------------------------------

    def parameter(self, k: int, alpha: float) -> Quantity:
        """The k-th parameter of each row, with an interval on the scale of its link or, of a number, of its domain."""
        p, unit = self.model.base.parameters[k], self.model.own_unit
        value = self.value(lambda law: law.in_order[k])
        slopes = [np.zeros(self.n_rows) for _ in self.model.base.parameters]
        slopes[k] = np.ones(self.n_rows)
        se = self.se(slopes)
        term = self.model.linear.get(p.name)
        if term is None:
            factor = unit.to_data(1.0, p.role) - unit.to_data(0.0, p.role)
            domain = p.natural.intervals[0] if p.natural is not None else p.interval
            return _on_domain(p.name, value, np.abs(factor) * se, domain, alpha)
        predictor = self._predictor(k)
        reach = -float(special.ndtri(alpha / 2)) * se
        with np.errstate(all="ignore"):
            ends = [unit.to_data(term.link.value(predictor + sign * reach), p.role) for sign in (-1.0, 1.0)]
            slope = self.at.slopes[k] * (unit.to_data(1.0, p.role) - unit.to_data(0.0, p.role))
        return Quantity(p.name, value, np.abs(slope) * se, np.fmin(*ends), np.fmax(*ends))

    def linear(self, k: int, alpha: float) -> Quantity:
        """The predictor of the k-th parameter, in the unit of the data."""
        p = self.model.base.parameters[k]
        term = self.model.linear[p.name]
        slopes = [np.zeros(self.n_rows) for _ in self.model.base.parameters]
        slopes[k] = np.ones(self.n_rows)
        value = (self._predictor(k) - term.offset_shift) / term.factor
        return _on_domain(p.name, value, self.se(slopes) / abs(term.factor), REAL, alpha)

    def ended(self, quantity: Quantity, k: int, *, linear: bool) -> Quantity:
        """The k-th predictor or parameter: at its end, without standard error, in rows along which it runs off."""
        p, base, unit = self.model.base.parameters[k], self.model.base, self.model.own_unit
        term = self.model.linear.get(p.name)
        if term is None:
            return quantity
        if isinstance(base, ChoiceApart | OrderedApart):
            directions = tuple(np.asarray(way[k]) for way in base.ways)
        else:
            directions = () if term.ended is None else term.ended.directions
        if not directions:
            return quantity
        side = ends_of(self.model.rows[term.key], directions)
        ends = np.copysign(np.inf, side)
        if not linear:
            with np.errstate(all="ignore"):
                ends = np.asarray(unit.to_data(term.link.value(ends), p.role))
        moved = np.abs(side) == 1
        none = [np.where(moved, np.nan, getattr(quantity, name)) for name in ("se", "lower", "upper")]
        return Quantity(quantity.name, np.where(moved, ends, quantity.value), *none)

    def _predictor(self, k: int) -> Array:
        term = self.model.linear[self.model.base.parameters[k].name]
        inner = self.model.unpack(self.maximum.theta_in_unit)[k]
        eta = term.columns(self.model.rows).times(inner) + term.fixed_part(self.model.rows)
        return np.where(self.missing, np.nan, eta)

    def quantity(self, name: str, function: Of, alpha: float, domain: Interval | None = None) -> Quantity:
        """A function of the law of each row, whose values lie in a domain; by default where the observations do."""
        support, slopes = self.model.base.support, self.slopes(function)
        domain = domain or Interval(support.lower, support.upper)
        return _on_domain(name, self.value(function), self.se(slopes), domain, alpha)

    def mean(self, alpha: float) -> Quantity:
        """The expected value of each row; where that is a parameter with a formula, with the interval of its link."""
        value = self.value(expected_value)
        for k, p in enumerate(self.model.base.parameters):
            own = self.law.params[p.name]
            if p.name in self.model.linear and np.allclose(own, value, rtol=_SAME, atol=0.0, equal_nan=True):
                return replace(self.parameter(k, alpha), name="mean")
        return self.quantity("mean", expected_value, alpha)


def expected_value(law: Distribution) -> Any:
    """Mean of the law of each row."""
    return _moment(law, "mean")


def variance(law: Distribution) -> Any:
    """Variance of the law of each row."""
    return _moment(law, "var")


def _moment(law: Distribution, name: str) -> Any:
    if isinstance(law.family, Ordered | Choice):
        raise ParameterError(
            f"{law.family.name}: levels have no {name}; predict(...) has the probability of each, and residuals() are "
            f"quantile residuals."
        )
    return getattr(law, name)()


_AT_ONCE = 20_000_000
"""Derivatives by coefficients that are held at a time."""


def quadratic_forms(rows: Array, matrix: Array) -> Array:
    """``r' M r`` for every row; what is NaN in the matrix counts only where it is needed; shape (n,)."""
    known = np.where(np.isnan(matrix), 0.0, matrix)
    found = np.einsum("ij,jk,ik->i", rows, known, rows)
    lost = np.isnan(np.diag(matrix))
    return np.where(np.any(rows[:, lost] != 0, axis=1), np.nan, found) if lost.any() else found


def _on_domain(name: str, value: Array, se: Array, domain: Interval, alpha: float) -> Quantity:
    ends = np.array([wald_interval(v, e, domain, alpha) for v, e in zip(value.tolist(), se.tolist(), strict=True)])
    ends = ends.reshape(-1, 2)
    return Quantity(name, value, se, ends[:, 0], ends[:, 1])


def predicted(rows: Rows, what: str, p: Any, alpha: float, *, se: bool) -> list[Quantity]:
    """The columns of a prediction.

    Parameters
    ----------
    rows : Rows
    what : {"mean", "params", "quantile", "interval", "linear"}
    p : float, or sequence of float
        Levels of quantiles.
    alpha : float
        One minus the level of intervals.
    se : bool
        Whether standard errors are wanted.

    Raises
    ------
    ParameterError
        If the kind is unknown, ``p`` is missing or not wanted, or a quantile of counts is to have a standard error.
    """
    alpha = options.level(alpha)
    if what not in KINDS:
        raise ParameterError(f"predict: unknown what={what!r}; choose {', '.join(KINDS)}.")
    if (p is not None) != (what == "quantile"):
        raise ParameterError('predict: what="quantile" needs p, and nothing else takes it.')
    base, linear = rows.model.base, rows.model.linear
    if what == "mean" and isinstance(base, Ordered | Choice):
        if se:
            return [rows.quantity(name, chance, alpha, UNIT) for name, chance in chances(base).items()]
        return [Quantity(name, rows.value(chance), *_NONE) for name, chance in chances(base).items()]
    if what == "mean":
        return [rows.mean(alpha) if se else Quantity("mean", rows.value(expected_value), *_NONE)]
    if what in ("params", "linear"):
        wanted = [k for k, q in enumerate(base.parameters) if what == "params" or q.name in linear]
        found = [rows.parameter(k, alpha) if what == "params" else rows.linear(k, alpha) for k in wanted]
        return [rows.ended(one, k, linear=what == "linear") for one, k in zip(found, wanted, strict=True)]
    if se and base.discrete:
        raise ParameterError(
            "predict: quantiles of counts move in steps, which have no standard error; use se=False, or the bootstrap."
        )
    if what == "interval":
        levels = {"lower": alpha / 2, "upper": 1 - alpha / 2}
    else:
        levels = {f"{level:g}": level for level in (options.probability(q, "p") for q in np.ravel(p).tolist())}
    return [
        rows.quantity(name, partial(_quantile, level), alpha)
        if se
        else Quantity(name, rows.value(partial(_quantile, level)), *_NONE)
        for name, level in levels.items()
    ]


def chances(family: Ordered | Choice) -> dict[str, Of]:
    """The probability of each level, as a function of the law of a row."""
    return {str(level): partial(_chance, float(k)) for k, level in enumerate(family.levels)}


def _chance(level: float, law: Distribution) -> Array:
    return law.pdf(level)


_NONE = (np.empty(0),) * 3


def _quantile(level: float, law: Distribution) -> Array:
    return law.ppf(level) if level <= 0.5 else law.isf(1 - level)
