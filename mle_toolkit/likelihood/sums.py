"""Sums over a sample: the log-likelihood, its score and its information, as means per observation.

Over 600 lines, because what is summed once serves all that is asked of a likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.passes import BLOCK_ROWS, HELD_ROWS, SKETCH_ROWS
from mle_toolkit.data.pieces import CHUNK_ROWS
from mle_toolkit.data.rows import some_of
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import MleError, RangeError
from mle_toolkit.families.base import Family
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.hooks import needed
from mle_toolkit.likelihood.durations import Durations
from mle_toolkit.likelihood.first_pass import is_normal
from mle_toolkit.likelihood.intervals import log_mass, mass_scores, open_ends, sums_of_masses
from mle_toolkit.likelihood.kernels import COMPILED_ROWS, counter, twin_of
from mle_toolkit.likelihood.kinds import ByMoments, Kinds, kinds_of, ones_of_a_kind, without_ties
from mle_toolkit.likelihood.last import Last
from mle_toolkit.likelihood.means import Means
from mle_toolkit.likelihood.moment_sums import MANY, MANY_BY_DIFFERENCES, MANY_WITH_KINKS, MomentSum
from mle_toolkit.likelihood.parts import (
    BlockSums,
    CompiledSums,
    derivative_sums_of,
    hessians_of,
    log_density_of,
    score_products_of,
    score_rows_of,
    scores_of,
    squared_deviations_of,
)
from mle_toolkit.likelihood.residuals import sums_from
from mle_toolkit.likelihood.triangles import FEW, entries, symmetric
from mle_toolkit.likelihood.unit import ColumnUnits, Unit, unit_for
from mle_toolkit.numerics.cached import cached_property
from mle_toolkit.numerics.threads import in_order


class Likelihood:
    """The likelihood of a family for a sample, in a unit of its own.

    Parameters
    ----------
    family : Family
        The law.
    sample : Sample
        The observations, in the unit of the data.
    unit : Unit or ColumnUnits, optional
        The unit in which everything below is computed; by default the one that suits family and sample.

    Notes
    -----
    ``theta`` is the vector of all parameters *in the unit of the likelihood*. Values are means over observations, so
    that nothing here grows with the size of the sample. Blocks are summed in a fixed order.
    """

    def __init__(
        self, family: Family, sample: Sample, unit: Unit | ColumnUnits | None = None, twin: ModuleType | None = None
    ) -> None:
        sample = family.with_rows(sample)
        self.unit = unit_for(family, sample) if unit is None else unit
        self._declared = family
        self.family = family if self.unit.is_identity else family.in_unit(self.unit.centre, self.unit.scale)
        tabulate = family.discrete and not family.per_row
        self.data = sample.tabulated(counter(sample.n_rows)) if tabulate else sample
        self.nobs = sample.nobs
        self.plain = sample.is_plain
        self.twin = twin
        """The compiled sums of the family; None where NumPy's are used."""
        if twin is None and self.data.n_rows >= COMPILED_ROWS and is_normal(family, self.data):
            self.twin = twin_of(family)
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        """What is sent to other processes: compiled sums are found there."""
        return self.__dict__ | {"twin": self.twin is not None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.twin = twin_of(self._declared) if state["twin"] else None

    def _forget(self) -> None:
        self._last_derivatives: Last[list[float] | Array | None] = Last()
        self._last_loglik: Last[float] = Last()
        self._last_score: Last[Array] = Last()
        self._last_products: Last[Array] = Last()
        self._last_masses: Last[Array] = Last()
        self._last_durations: Last[tuple[float, Array, Array] | None] = Last()
        self._summed_at: tuple[Array, Array] | None = None
        """Parameters, and the sums there from which those elsewhere can be had."""

    @cached_property
    def sample(self) -> Sample:
        """The observations in the unit of the likelihood, tabulated where the law is one of counts."""
        data, unit = self.data, self.unit
        if unit.is_identity:
            return data
        moved = partial(data.standardised, unit.centre, unit.scale)
        # Laws of one unit, as a law and its limits are, share it, and with it what is kept of it.
        shared = isinstance(unit, Unit) and data.in_memory and data.n_rows <= HELD_ROWS
        return data.once(unit, moved) if shared else moved()

    def on_sketch(self, rows: int = SKETCH_ROWS) -> Likelihood:
        """The likelihood of a subsample, in the same unit."""
        few = self.data.sketch(rows)
        if few is self.data:
            return self
        return Likelihood(self._declared.given(few.known), few, self.unit, self.twin)

    @cached_property
    def as_points(self) -> Sample:
        """Points in place of the observations, for starting values."""
        return self.sample.as_points()

    @cached_property
    def exact(self) -> Sample | None:
        """The observations that are points, without their window, in the unit of the data; None if there are none."""
        data = self.data
        if data.is_plain:
            return data
        if data.is_exact:
            return data.with_values(data.lower, data.weight, data.known)
        if self._points_of_rows is not None:
            rows = np.flatnonzero(self._points_of_rows)
            if len(rows) == 0:
                return None
            weight = None if data.weight is None else data.weight[rows]
            return data.with_values(data.lower[rows], weight, some_of(data.known, rows))
        points, weight = self._kinds.points
        return None if len(points) == 0 else data.once("points", lambda: data.with_values(points, weight))

    @cached_property
    def _points_of_rows(self) -> Mask | None:
        """Which rows are points, where more is known of each, so that they are not counted by kinds; None elsewhere."""
        data = self.data
        return data.lower == data.upper if data.known and not data.is_exact else None

    @cached_property
    def has_points(self) -> bool:
        """Whether an observation is a point: `exact` is not made to know it."""
        rows = self._points_of_rows
        return self.exact is not None if rows is None else bool(rows.any())

    @cached_property
    def _kinds(self) -> Kinds:
        """Points, and the intervals by kind, in the unit of the data."""
        return self.data.once("kinds", partial(Kinds.of, self.data))

    @cached_property
    def share_of_points(self) -> float:
        """Share of the observations that are points: those whose density changes with the unit."""
        data, atoms = self.data, self._declared.atoms
        if data.is_exact:
            share = 1.0
        elif self._points_of_rows is not None:
            rows = self._points_of_rows
            share = float(np.count_nonzero(rows) if data.weight is None else np.sum(data.weight[rows])) / self.nobs
        else:
            share = 0.0 if self.exact is None else self.exact.nobs / self.nobs
        if not atoms or self.exact is None:
            return share
        return share - share * self.exact.mean(lambda x: np.isin(x, atoms).astype(float))

    @property
    def log_jacobian(self) -> float:
        """What the mean log-likelihood gains on the way back to the unit of the data."""
        return self.share_of_points * self.unit.log_jacobian(self.family)

    @cached_property
    def by_means(self) -> Means | None:
        """The likelihood of the points, where means of statistics suffice: of laws with one set of constants."""
        family, compiled = self.family, self.twin is not None
        if not isinstance(family, ExponentialFamily) or family.per_row:
            return None
        if self.plain:
            return Means(family, self.data, self.nobs, self.unit, compiled)
        if family.with_ends or family.multivariate or self.exact is None:
            return None
        return Means(family, self.exact, self.exact.nobs, self.unit, compiled)

    @property
    def on_means(self) -> bool:
        """Whether means of statistics are all that the likelihood needs."""
        return self.plain and self.by_means is not None

    @property
    def is_cheap(self) -> bool:
        """Whether no pass over the data is needed once sums are taken, so that a subsample would save nothing."""
        if self.plain:
            return self.on_means
        lower, _, _ = self.intervals
        return self.by_means is not None and bool(self.with_moments) and len(lower) < MANY

    @property
    def for_start(self) -> Likelihood:
        """The same likelihood, its many intervals open on one side by fewer moments: cheap, and right to some digits.

        Itself where there are none, or fewer already.
        """
        if not self.with_moments or any(part.points.is_start for part in self.with_moments):
            return self
        by_moments, others = self._parts
        _ = self.by_means  # one for both
        rough = copy(self)
        rough._parts = [part._replace(points=part.points.for_start) for part in by_moments], others
        rough._forget()
        return rough

    @cached_property
    def _ends(self) -> list[tuple[Array, Array, Array | float]]:
        """Lower and upper ends of the intervals whose log-probabilities are summed, and weights: negative for windows.

        In the unit of the data. The intervals of a part are all open above, all open below, or all bounded.
        """
        data, parts = self.data, []
        if not data.is_exact:
            parts += self._kinds.intervals
        if data.window is not None:
            low, high = data.window
            if data.has_one_window:
                parts.append((low[:1], high[:1], -self.nobs))
            else:
                windows = data.once("windows", partial(Kinds.split, low, high, data.weight)).intervals
                parts += [(begin, end, -weight) for begin, end, weight in windows]
        return parts

    @cached_property
    def _parts(self) -> tuple[list[ByMoments], list[tuple[Array, Array, Array | float]]]:
        """Intervals open on one side, where they are many, by their moments; and the others as they are."""
        family, ends = self.family, self._ends
        if family.discrete or family.multivariate or family.per_row or not isinstance(self.unit, Unit):
            return [], ends
        support, unit = family.support, self.unit
        positive = support.lower == 0.0 and np.isinf(support.upper)
        by_moments, others = [], []
        with_bends = family.mass_sums is not None or family.tail_expansion is not None
        many = MANY_WITH_KINKS if family.has_kinks() else MANY if with_bends else MANY_BY_DIFFERENCES
        for k, (lower, upper, signed) in enumerate(ends):
            above = bool(np.isposinf(upper[0]))
            if len(lower) >= many and (above or np.isneginf(lower[0])):
                sign, weight = (signed, None) if isinstance(signed, float) else (1.0, signed)
                moments = partial(MomentSum.of, lower if above else upper, weight, positive=positive)
                points = self.data.once(("moments", k, positive), moments).moved(unit.centre, unit.scale)
                if support.covers(float(points.nodes.min()), float(points.nodes.max())):
                    by_moments.append(ByMoments(above, sign, points))
                    continue
            others.append((lower, upper, signed))
        return by_moments, others

    @property
    def with_moments(self) -> list[ByMoments]:
        """The intervals whose masses are sums of moments."""
        return [] if self.plain or self.family.per_row else self._parts[0]

    @cached_property
    def intervals(self) -> tuple[Array, Array, Array]:
        """Ends and weights of the other intervals, one by one, in the unit of the likelihood."""
        return self._joined(self._parts[1]) if self.with_moments else self.all_intervals

    @cached_property
    def all_intervals(self) -> tuple[Array, Array, Array]:
        """Ends and weights of all intervals."""
        return self._by_constants[1] if self.family.per_row else self._joined(self._ends)

    @cached_property
    def without_masses(self) -> bool:
        """Whether all intervals and windows are certain, as a window is to laws on it; of one set of constants."""
        return not (self.plain or self.family.per_row or self.with_moments or len(self.all_intervals[0]))

    @property
    def _interval_law(self) -> Family:
        """The law of the intervals in `intervals`: constants given per row are those of each interval."""
        return self._by_constants[0] if self.family.per_row else self.family

    @cached_property
    def _by_constants(self) -> tuple[Family, tuple[Array, Array, Array]]:
        """All intervals of a law with constants per row, with its constants for each; equal ones are one."""
        data = self.data
        every = np.arange(data.n_rows)
        weight = np.ones(data.n_rows) if data.weight is None else data.weight
        rows = np.flatnonzero(data.lower < data.upper)
        lower, upper, signed = data.lower[rows], data.upper[rows], weight[rows]
        if data.window is not None:
            low, high = data.window
            lower, upper = np.concatenate([lower, low]), np.concatenate([upper, high])
            rows, signed = np.concatenate([rows, every]), np.concatenate([signed, -weight])
        keys = [lower, upper, *(constant[rows] for constant in self.family.strata(data))]
        one, total_weight = ones_of_a_kind(keys, signed)
        intervals = self.unit.apply(lower[one]), self.unit.apply(upper[one]), total_weight
        return self.family.given(some_of(data.known, rows[one])), intervals

    def _joined(self, parts: list[tuple[Array, Array, Array | float]]) -> tuple[Array, Array, Array]:
        if not parts:
            return (np.empty(0),) * 3
        lower, upper = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
        weight = np.concatenate([np.broadcast_to(part[2], len(part[0])) for part in parts])
        lower, upper, weight = without_ties(lower, upper, weight)
        if not self.family.multivariate and self._declared.log_mass is None:
            below, above = open_ends(self._declared, lower, upper)
            certain = below & above  # as its window is to a law on that
            if certain.any():
                lower, upper, weight = lower[~certain], upper[~certain], weight[~certain]
        return self.unit.apply(lower), self.unit.apply(upper), weight

    def mean_mass(self, theta: Array) -> float:
        """Part of the mean log-likelihood that intervals and windows contribute; 0 for plain data."""
        if self.plain or self.without_masses:
            return 0.0
        params = self.family.unpack(theta)
        asked = not self.family.dear_masses or self._last_masses.knows(theta)  # who climbs a regression asks for all
        with np.errstate(all="ignore"):
            if asked and self.sums_masses and self.at_once and self.family.per_row:
                value = float(self.mass_derivatives(theta)[0])
            elif (by_moments := self._by_moments(params)) is None:
                value = self._one_by_one(params, self.all_intervals)
            else:
                value = by_moments + self._one_by_one(params, self.intervals)
            value /= self.nobs
        return value if value < np.inf else -np.inf

    def mean_mass_score(self, theta: Array) -> Array | None:
        """Derivatives of `mean_mass` by parameters; shape (p,). None where the family leaves none."""
        if self.without_masses:
            return np.zeros(len(theta))
        if self.sums_masses:
            by_all = self.mass_derivatives(theta)[1 : 1 + len(theta)] / self.nobs
            return by_all if np.all(np.isfinite(by_all)) else None
        if self.family.tail_scores is None and self.family.log_mass_scores is None:
            return None
        params = self.family.unpack(theta)
        with np.errstate(all="ignore"):
            found = self._scores_by_moments(params, len(theta))
            lower, upper, weight = self.all_intervals if found is None else self.intervals
            total = np.zeros(len(theta)) if found is None else found
            if len(lower):
                total += np.sum(weight * mass_scores(self._interval_law, params, lower, upper), axis=1)
        return total / self.nobs if np.all(np.isfinite(total)) else None

    def _scores_by_moments(self, params: tuple[Any, ...], count: int) -> Array | None:
        total = np.zeros(count)
        for one in self.with_moments:
            slopes = one.points.sum(mass_scores(self.family, params, *one.ends), self.nobs)
            if slopes is None:
                return None
            total += one.sign * slopes
        return total

    @property
    def sums_masses(self) -> bool:
        """Whether sums over the intervals give second derivatives too."""
        law = self.family
        return not (self.plain or self.with_moments) and (law.mass_sums is not None or law.tail_expansion is not None)

    def mean_mass_derivatives(self, theta: Array) -> tuple[float, Array, Array] | None:
        """`mean_mass` with its derivatives, where ``sums_masses``; None where one of them, or of points, is lost."""
        if self._last_derivatives(theta, self._derivatives) is None:
            return None
        sums, p = self.mass_derivatives(theta) / self.nobs, len(theta)
        return (float(sums[0]), sums[1 : 1 + p], symmetric(sums[1 + p :])) if np.all(np.isfinite(sums)) else None

    def expansion(self, theta: Array) -> tuple[float, Any, Any] | None:
        """The mean log-likelihood with its derivatives, where ``at_once``; None where those of intervals are lost."""
        if self.plain:
            return self.derivatives(theta)
        if (known := self._of_durations(theta)) is not None:
            return known
        value, score, second = self.derivatives(theta)
        by_masses = self.mean_mass_derivatives(theta)
        if by_masses is None:
            return None
        return value + by_masses[0], np.asarray(score) + by_masses[1], np.asarray(second) + by_masses[2]

    def _of_durations(self, theta: Array) -> tuple[float, Array, Array] | None:
        """Means of log-likelihood, score and second derivatives of durations, in one pass; None of what are none."""
        seen = self._durations
        return None if seen is None else self._last_durations(theta, seen.means)

    @cached_property
    def _durations(self) -> Durations | None:
        """Durations of a regression, of few rows."""
        return None if self.plain else Durations.of(self.family, self.data, self.unit)

    def mean_mass_hessian(self, theta: Array) -> Array:
        """Second derivatives of `mean_mass`, where ``sums_masses``; shape (p, p)."""
        return symmetric(self.mass_derivatives(theta)[1 + len(theta) :]) / self.nobs

    def mass_derivatives(self, theta: Array) -> Array:
        """Sums of log-probabilities of intervals and windows, of their slopes and second derivatives (a triangle)."""
        return self._last_masses(theta, self._sum_masses)

    def _sum_masses(self, theta: Array) -> Array:
        law, params, length = self._interval_law, self.family.unpack(theta), self.family.rows_at_once
        lower, upper, weight = self.intervals

        def of_block(first: int) -> Array:
            rows = slice(first, first + length)
            own = law if len(lower) <= length else law.take(rows)
            with np.errstate(all="ignore"):
                return (own.mass_sums or partial(sums_of_masses, own))(lower[rows], upper[rows], weight[rows], *params)

        firsts = range(0, len(lower), length)
        parts = in_order(of_block, firsts, _FEWEST_BLOCKS) if law.in_threads else map(of_block, firsts)
        return np.asarray(sum(parts))

    def _one_by_one(self, params: tuple[Any, ...], intervals: tuple[Array, Array, Array]) -> float:
        lower, upper, weight = intervals
        return float(np.sum(weight * log_mass(self._interval_law, params, lower, upper))) if len(lower) else 0.0

    def _by_moments(self, params: tuple[Any, ...]) -> float | None:
        """Sum over the intervals that have moments; None where the law is not smooth among them."""
        total = 0.0
        for one in self.with_moments:
            part = one.points.sum(log_mass(self.family, params, *one.ends)[None], self.nobs)
            if part is None:
                return None
            total += one.sign * float(part[0])
        return total

    def mean_loglik(self, theta: Array) -> float:
        """Mean log-density; -inf where any observation is impossible or the parameters have no law."""
        try:
            return self._last_loglik(theta, self._mean_loglik)
        except ArithmeticError:
            return -math.inf

    def mean_score(self, theta: Array) -> Array:
        """Mean of the score of the exact observations, by parameters; shape (p,). The family must have one."""
        try:
            return self._last_score(theta, self._mean_score)
        except RangeError:
            return np.full(len(theta), math.nan)

    def mean_hessian(self, theta: Array) -> Array:
        """Mean of the second derivatives, as `mean_score`; shape (p, p). The family must have them."""
        known, p = self._last_derivatives(theta, self._derivatives), len(theta)
        if known is not None:
            return symmetric(np.array(known[1 + p :]))
        total = self._fold(hessians_of, theta)  # one 0 where there is no point
        return symmetric(np.broadcast_to(total, p * (p + 1) // 2) / self.nobs)

    def derivatives(self, theta: Array) -> tuple[float, Any, Any]:
        """Means of the log-density, of its score and of its second derivatives, where the data are plain.

        Of few parameters as plain numbers, which are faster then.
        """
        known = self._last_derivatives(theta, self._derivatives)
        if known is None:
            value, p = self.mean_loglik(theta), len(theta)
            if value == -math.inf:  # there formulas may raise, and slopes say nothing
                return value, [math.nan] * p, [[math.nan] * p] * p
            return value, self.mean_score(theta).tolist(), self.mean_hessian(theta).tolist()
        value, p = float(known[0]), len(theta)
        value = value if value < math.inf else -math.inf
        if isinstance(known, np.ndarray):
            return value, known[1 : 1 + p], symmetric(known[1 + p :])
        return value, known[1 : 1 + p], [[known[1 + p + at] for at in row] for row in entries(p)]

    @cached_property
    def at_once(self) -> bool:
        """Whether one pass gives log-likelihood, score and second derivatives of the points together."""
        family = self.family
        if isinstance(family, ExponentialFamily):
            return self.by_means is not None and family.hessian_of is not None
        return (self.twin is not None or family.derivative_sums is not None) and self.has_points

    def _derivatives(self, theta: Array) -> list[float] | Array | None:
        """Means of log-likelihood, score and second derivatives of the points, in one pass; None where there is none.

        Second derivatives are those of the upper triangle, row by row.
        """
        if not self.at_once:
            return None
        family, params = self.family, self.family.unpack(theta)
        if self.by_means is not None:
            return self.by_means.expansion(self.share_of_points, params)
        if family.derivatives is None:
            return None
        sums: list[float] | Array | None = self._derivative_sums_from(theta) if family.of_residuals else None
        try:
            if sums is None:
                sums = self._derivative_sums(theta, params)
                self._summed_at = (theta.copy(), np.array(sums)) if family.of_residuals else None
            with np.errstate(all="ignore"):
                terms = family.derivatives(self.nobs * self.share_of_points, sums, *params)
        except (ArithmeticError, ValueError) as error:
            if isinstance(error, MleError) and not isinstance(error, RangeError):
                raise
            return None  # so far out that a formula for all leaves the range of numbers, as each row's may not
        nobs = self.nobs
        return terms / nobs if isinstance(terms, np.ndarray) else [float(term) / nobs for term in terms]

    def _derivative_sums_from(self, theta: Array) -> Array | None:
        """The same from sums at another point, without a pass over the rows, where none of their digits are lost."""
        if self._summed_at is None:
            return None
        here, sums = self._summed_at
        return sums_from(sums, here, theta, self.nobs * self.share_of_points)

    def _derivative_sums(self, theta: Array, params: tuple[Any, ...]) -> list[float] | Array:
        if self.twin is None or self.exact is None or not isinstance(self.unit, Unit):
            # Of many parameters the sums of a block take longer than its rows.
            wide = len(theta) ** 2 > _WIDE * BLOCK_ROWS
            sums = self._fold(derivative_sums_of, theta, CHUNK_ROWS if wide else self.family.rows_at_once, params)
            return sums if len(theta) > FEW or not self.family.all_scalar else sums.tolist()
        compiled: list[float] = self.exact.fold(CompiledSums(self.family, self.unit, params), None).tolist()
        return compiled

    def _mean_loglik(self, theta: Array) -> float:
        params = self.family.unpack(theta)
        # Trial points may lie where a density overflows or does not exist: those count as impossible.
        with np.errstate(all="ignore"):
            if self.plain and self.by_means is not None:
                value = self.by_means.loglik(params)
            elif (known := self._of_durations(theta)) is not None:
                value = known[0]
            else:
                value = self._mean_of_points(params, theta) + self.mean_mass(theta)
        return value if value < np.inf else -np.inf

    def _mean_of_points(self, params: tuple[Any, ...], theta: Array) -> float:
        """Part of the mean log-likelihood that points contribute."""
        if self.by_means is not None:
            return self.share_of_points * self.by_means.loglik(params)
        alone = self.family.dear_slopes and not self._last_derivatives.knows(theta)
        known = None if alone else self._last_derivatives(theta, self._derivatives)
        return float(self._fold(log_density_of, theta)) / self.nobs if known is None else float(known[0])

    def _mean_score(self, theta: Array) -> Array:
        if self.by_means is not None:
            with np.errstate(all="ignore"):
                slopes = self.by_means.score(self.family.unpack(theta))
            return slopes if self.plain else self.share_of_points * slopes
        known = self._last_derivatives(theta, self._derivatives)
        if known is not None:
            return np.array(known[1 : 1 + len(theta)])
        return np.broadcast_to(self._fold(scores_of, theta), len(theta)) / self.nobs

    def _fold(self, of: Callable[..., Array], theta: Array, length: int = BLOCK_ROWS, params: Any = None) -> Array:
        """Sum over the points of what one block gives at these parameters; 0 if there is no point."""
        if self._points is None:
            return np.zeros(())
        (points, unit), law = self._points, self._law_of_points
        params = self.family.unpack(theta) if params is None else params
        if points.in_memory and points.n_rows <= length:  # one block, whose law is known
            with np.errstate(all="ignore"):
                return np.asarray(of(law, unit.apply(points.lower), points.weight, params))
        part = BlockSums(of, law, unit, params)
        if not (self.family.in_threads and points.in_memory):
            return points.fold(part, length)
        return np.asarray(sum(in_order(part, list(points.parts(length)), _FEWEST_BLOCKS)))

    @cached_property
    def _law_of_points(self) -> Family:
        """The law of the points: constants and designs per row are those of their rows, if these are held."""
        points = self.exact
        return self.family if points is None or not points.in_memory else self.family.given(points.known)

    @cached_property
    def _points(self) -> tuple[Sample, Unit | ColumnUnits] | None:
        """The points, and what takes them to the unit of the likelihood: moved beforehand if they are few."""
        points, unit = self.exact, self.unit
        if points is None:
            return None
        if unit.is_identity or points.n_rows > BLOCK_ROWS or not points.in_memory:
            return points, unit
        return (self.sample if points is self.data else points.standardised(unit.centre, unit.scale)), Unit()

    def rows(self, theta: Array, *, by_tails: bool = False) -> Array:
        """Log-likelihood of every row, in the unit of the likelihood; shape (n_rows,). See `log_mass` of the option."""
        params = self.family.unpack(theta)
        if not self.plain:
            return self._interval_rows(params, by_tails)
        with np.errstate(all="ignore"):
            parts = [
                np.broadcast_to(self.family.given(block.known).logpdf(block.x, *params), len(block.x))
                for block in self.sample.parts()
            ]
        return np.concatenate(parts)

    def _interval_rows(self, params: tuple[Any, ...], by_tails: bool) -> Array:
        if self._durations is not None:
            return self._durations.rows_of(params, by_tails)

        def of_points(law: Family, x: Array) -> Array:
            return np.asarray(law.logpdf(x, *params))

        def of_masses(law: Family, lower: Array, upper: Array) -> Array:
            return log_mass(law, params, lower, upper, by_tails=by_tails)

        return self._each_row(np.empty(self.sample.n_rows), of_points, of_masses)

    def _each_row(
        self, rows: Array, of_points: Callable[[Family, Array], Array], of_masses: Callable[..., Array]
    ) -> Array:
        """Fill rows, along the last axis, with what points give, and intervals, less what windows do."""
        sample, family = self.sample, self.family

        def masses(law: Family, lower: Array, upper: Array) -> Array:
            if law.per_row:
                return of_masses(law, lower, upper)
            one, number = kinds_of([lower, upper])
            return of_masses(law, lower[one], upper[one])[..., number]

        point = sample.lower == sample.upper
        with np.errstate(all="ignore"):
            if point.any():
                rows[..., point] = of_points(family.take(point), sample.lower[point])
            if not point.all():
                rows[..., ~point] = masses(family.take(~point), sample.lower[~point], sample.upper[~point])
            if sample.window is not None:
                rows -= masses(family, *sample.window)
        return rows

    def score_rows(self, theta: Array) -> Array | None:
        """Score of every row; shape (n_rows, p). None where the family leaves none."""
        family, params = self.family, self.family.unpack(theta)
        if family.score is None:
            return None
        if self.plain:
            of_block = BlockSums(score_rows_of, family, Unit(), params)
            return np.concatenate([of_block(block) for block in self.sample.parts()])
        if family.per_row or (family.tail_scores is None and family.log_mass_scores is None):
            return None

        def of_points(law: Family, x: Array) -> Array:
            return np.array([np.broadcast_to(by, len(x)) for by in needed(law, law.score, "score")(x, *params)])

        def of_masses(law: Family, lower: Array, upper: Array) -> Array:
            return mass_scores(law, params, lower, upper)

        rows = self._each_row(np.empty((len(theta), self.sample.n_rows)), of_points, of_masses)
        return rows.T if np.isfinite(rows).all() else None

    def score_products(self, theta: Array, *, squared: bool) -> Array:
        """Sum of outer products of the scores of the points, weighted by weights or their squares; shape (p, p).

        The family must have a score.
        """
        return self._last_products(theta, lambda at: self._fold(partial(score_products_of, squared), at))

    def squared_deviations(self, theta: Array, mean: float, *, squared: bool) -> float:
        """Sum of squares of the points' log-densities about a mean, weighted by weights or their squares."""
        return float(self._fold(partial(squared_deviations_of, mean, squared), theta))


_FEWEST_BLOCKS = 4
"""Blocks from which threads are worth waking, of rows whose sums take long."""

_WIDE = 10
"""Second derivatives for each row of a block from which its sums take longer than its rows."""
