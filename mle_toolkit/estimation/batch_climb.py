"""Newton's method for many groups at once, and what it settles of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.groups import PART_ROWS, Groups, ranges
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import MleError
from mle_toolkit.estimation.batch_charts import ChartedGroups
from mle_toolkit.estimation.certificate import DECREMENT_TOLERANCE, measure_each
from mle_toolkit.estimation.vectorised import is_vectorised
from mle_toolkit.families.base import MOST_COUNTED, Family
from mle_toolkit.likelihood.group_objective import GroupObjective
from mle_toolkit.likelihood.group_sums import RowSums
from mle_toolkit.likelihood.kernels.groups import OPEN, SETTLED
from mle_toolkit.numerics.walks import PLACES, Walks

_WELL_DETERMINED = 1e-6
"""Curvature per observation, and eigenvalue of the information scaled to a unit diagonal, above which differences
between two ways to compute them do not show."""

_WELL_BY_DIFFERENCES = 1e-3
"""The same eigenvalue, where second derivatives are differences of scores of rows, which are good to about 1e-8."""

_PLACED = 5.0
"""Standard error of a coordinate above which a parameter may as well be at the end of its domain; unless the laws there
are found for groups too, and compared."""

_AFTER_LAST_STEP = 1e-12
"""Decrement that Newton's last step leaves at most of one below the tolerance. Where it leaves more, convergence is not
quadratic, and the place is a saddle that only looks like a maximum, as that of the skew-normal law at alpha = 0."""

SURE_GAIN = 1e-6
"""Nats by which a maximum must be above another, or a limiting law, to be above it without doubt."""

_SADDLE = 1e-3
"""Smallest eigenvalue of the scaled information of one observation below which a lower end of a climb, where the
derivatives vanish, is no maximum that could have a higher one beside it."""

_GONE = 5.0
"""How far a coordinate of a climb that went too far is from its start where it is this one that ran off."""

_SAME_PLACE = 1e-3
"""Distance of the ends of two climbs below which they are one."""


@dataclass(frozen=True)
class Settled:
    """What was settled of many groups, in the unit of the data.

    Attributes
    ----------
    theta, se : ndarray of shape (n_groups, p)
        Parameters and standard errors; NaN in open groups.
    llf : ndarray of shape (n_groups,)
    status : ndarray of int8 of shape (n_groups,)
        `OPEN`, `SETTLED` (an interior maximum), or `AT_LIMIT` plus the place, among the family's limits, of the one
        that is the maximum.
    ran_off : ndarray of bool of shape (n_groups,)
        Open groups in which the highest climb went farther than `FAR`, and each other too or to a lower maximum;
        ``theta`` and ``llf`` are where it is.
    """

    theta: Array
    se: Array
    llf: Array
    status: NDArray[np.int8]
    ran_off: Mask

    @classmethod
    def nothing(cls, n_groups: int, p: int) -> Settled:
        """Of so many groups: all open."""
        nan = np.full((n_groups, p), np.nan)
        nothing = np.zeros(n_groups, dtype=np.int8)
        return cls(nan, nan.copy(), np.full(n_groups, np.nan), nothing, nothing.astype(bool))

    def leave_open(self, groups: NDArray[np.intp]) -> None:
        """Leave groups for the ordinary fit."""
        self.status[groups] = OPEN
        self.theta[groups] = self.se[groups] = np.nan
        self.llf[groups] = np.nan

    def spread(self, chosen: NDArray[np.intp], n_groups: int) -> Settled:
        """The same among more groups, of which these are the chosen."""
        whole = Settled.nothing(n_groups, self.theta.shape[1])
        for mine, theirs in zip(vars(self).values(), vars(whole).values(), strict=True):
            theirs[chosen] = mine
        return whole


class Batch:
    """Groups in their own units, and Newton's method on their likelihood by coordinates, with groups as first axis."""

    def __init__(self, family: Family, groups: Groups, usable: Mask, twin: ModuleType | None) -> None:
        self.family = family
        self.groups = groups
        self.p = len(family.parameters)
        self.charted = ChartedGroups.of(family, groups)
        self.law, rows = self.charted.law, self.charted.groups
        self.objective = GroupObjective.of(self.law, rows, twin)
        units = self.objective.units
        reach = np.maximum(np.abs(rows.minimum - units.centre), np.abs(rows.maximum - units.centre)) / units.scale
        self.usable = usable & np.isfinite(reach) & self._possible() & self._distinct_enough()

    def _possible(self) -> Mask:
        """Whether all observations of a group are inside the support."""
        groups, support = self.groups, self.family.support
        if groups.ends is not None:
            lower, upper, low, high = groups.ends
            inside = np.where(lower == upper, support.contains(groups.x), (upper > support.lower) & (lower < upper))
            inside &= lower < support.upper
            return groups.all(inside & (low <= lower) & (upper <= high) & (low < upper))
        if self.family.discrete:
            return groups.all(support.contains(groups.x) & (np.abs(groups.x) <= MOST_COUNTED))
        return np.asarray(support.contains(groups.minimum) & support.contains(groups.maximum))

    def _distinct_enough(self) -> Mask:
        """Whether a group has as many distinct values as the family has parameters, so that it is not degenerate."""
        groups, needed = self.groups, self.p
        if groups.ends is not None:
            return self._seen_enough(*groups.ends[:2])
        if self.family.discrete or needed < 2:
            return np.ones(len(groups), dtype=bool)
        if needed == 2:
            return np.asarray(groups.minimum < groups.maximum)
        return np.concatenate([part.distinct(needed) for part in groups.parts()])

    def _seen_enough(self, lower: Array, upper: Array) -> Mask:
        """Whether a group has more distinct observations with two ends than parameters, and intervals that part."""
        groups, needed = self.groups, self.p
        closed = np.isfinite(lower) & np.isfinite(upper)
        order = np.lexsort((groups.x, ~closed, groups.ids))
        x, ids, there = groups.x[order], groups.ids[order], closed[order]
        new = np.ones(len(x), dtype=bool)
        new[1:] = (x[1:] != x[:-1]) | (ids[1:] != ids[:-1])
        distinct = np.bincount(ids, new & there, len(groups))
        first = groups.offsets[:-1]
        apart = np.maximum.reduceat(lower, first) > np.minimum.reduceat(upper, first)
        return np.asarray((distinct >= needed + (needed > 1)) & apart)

    def settle(self, starts: list[Array]) -> Settled:
        """Climb from every start, and settle the groups of which no doubt is left."""
        n, p = len(self.groups), self.p
        u, value, arrived = np.full((n, p), np.nan), np.full(n, np.inf), np.zeros(n, dtype=bool)
        doubt = ~self.usable
        away, ended = self.usable.copy(), self.usable.copy()
        highest, top, way = np.full(n, np.inf), np.full((n, p), np.nan), np.full((n, p), np.nan)
        common = map(self.objective.from_theta, [*starts, *self._starts_of_groups()])
        for first in chain(common, self._own_rounds(arrived, doubt)):
            tried = np.broadcast_to(np.all(np.isfinite(first), axis=-1), n)
            new_u, new_value, new, far = self.climb(first, np.where(arrived[:, None], u, way), value)
            ended &= far | new | ~tried
            gone = new_u - first
            off = far[:, None] & (np.abs(gone) > _GONE)
            left = np.any(off, axis=1) & (new_value < highest)
            way[left] = np.where(off, np.copysign(np.inf, gone), new_u)[left]
            higher = new_value < highest
            highest[higher], top[higher], away[higher] = new_value[higher], new_u[higher], far[higher]
            gain = self.groups.nobs * (value - new_value)
            both = arrived & new
            apart = _size(u - new_u) > _SAME_PLACE
            differ = both & ((np.abs(gain) > SURE_GAIN) | apart)
            lower = np.where((gain > 0)[:, None], u, new_u)
            settles = differ & (np.abs(gain) > SURE_GAIN)
            if self.law.starts_of_groups is None:
                # Beside two maxima there may be a third; a saddle below a maximum is none.
                settles[settles] = self._is_flat(np.flatnonzero(settles), lower[settles])
            higher = settles & (gain > 0)
            u[higher], value[higher] = new_u[higher], new_value[higher]
            doubt |= differ & ~settles
            # A climb that stopped short of a maximum may have been on the way to a higher one.
            doubt |= (arrived & ~new & (gain > 0)) | (~arrived & new & (gain < 0))
            better = (new & ~arrived) | (~arrived & ~new & (new_value < value))
            u[better], value[better] = new_u[better], new_value[better]
            arrived |= new
        chosen = np.flatnonzero(arrived & ~doubt & self._usual(u))
        settled = Settled.nothing(n, p)
        if len(chosen):
            self._certify(settled, chosen, u[chosen])
        away &= ended & (highest < np.inf) & (~arrived | (self.groups.nobs * (value - highest) > SURE_GAIN))
        settled.ran_off[:] = away
        gone = np.flatnonzero(away)
        left = self.objective.take(gone)
        settled.theta[gone] = self.charted.to_declared(
            left.units.params_to_data(self.law, left.to_theta(top[gone])), gone
        )
        settled.llf[gone] = left.loglik(highest[gone]) + self.charted.log_jacobian[gone]
        return settled

    def _starts_of_groups(self) -> list[tuple[Array, ...]]:
        """Starts of a law that has them for each of many groups."""
        groups, starts = self.charted.groups, self.law.starts_of_groups
        if starts is None or groups.ends is not None:
            return []
        units = self.objective.units

        def of_part(chosen: slice) -> list[tuple[Array, ...]]:
            part = groups.part(chosen)
            x = units.part(chosen).apply(part, part.x)
            return starts(Groups(x, part.weight, part.offsets, part.known))

        each = zip(*map(of_part, ranges(groups.offsets, PART_ROWS)), strict=True)  # of one start, in all parts
        return [tuple(np.concatenate(values) for values in zip(*parts, strict=True)) for parts in each]

    def _is_flat(self, chosen: NDArray[np.intp], u: Array) -> Mask:
        """Whether the likelihood of some groups has no curvature in some direction."""
        if len(chosen) == 0:
            return np.zeros(0, dtype=bool)
        objective = self.objective.take(chosen)
        _, gradient, hessian = objective.expansion(u)
        return np.asarray(measure_each(gradient, hessian, objective.nobs, objective.spectra).least < _SADDLE)

    def _own_rounds(self, arrived: Mask, doubt: Mask) -> Iterator[Array]:
        """Starts of the groups' own, one a group and round, where a law of several shapes may have several maxima.

        NaN for groups that have not arrived without doubt when all common starts have been climbed from, which these
        masks then say. Laws with compiled sums, of many groups, do without.
        """
        several = self.p > 2 and isinstance(self.objective.sums, RowSums) and self.law.starts_of_groups is None
        chosen = np.flatnonzero(arrived & ~doubt & (several and self.law.start is not None))
        own = [self.own_starts(int(g)) for g in chosen]
        for k in range(max(map(len, own), default=0)):
            first = np.full((len(self.groups), self.p), np.nan)
            first[chosen] = [starts[min(k, len(starts) - 1)] for starts in own]
            yield first

    def _usual(self, u: Array) -> Mask:
        """Whether shapes are not far from typical ones, where the law has other maxima looked for."""
        usual = np.ones(len(u), dtype=bool)
        if self.family.scans and self.charted.chart is None:
            for k, (p, domain) in enumerate(zip(self.family.parameters, self.objective.domains, strict=True)):
                if p.role == "shape":
                    low, high = (float(domain.to_real(np.asarray(end))) for end in p.typical)
                    usual &= (u[:, k] > low - 1.0) & (u[:, k] < high + 1.0)
        return usual

    def climb(self, first: Array, known: Array, known_value: Array) -> tuple[Array, Array, Mask, Mask]:
        """Newton's method with step halving from one start, or from one a group.

        Where each group ended, its value there, and whether it arrived in a maximum, or went too far: also where it is
        level in some coordinate, as on the way to an end.

        A climb that comes near a maximum found before, NaN where there is none, ends there. In every round each group
        tries one place: that of its next step, or of half of the step that has led no higher.
        """
        objective, advance = self.objective, self.objective.advance
        walks = Walks.of(np.broadcast_to(first, (len(self.groups), self.p)), known, known_value, objective.nobs)
        active = np.flatnonzero(self.usable & np.all(np.isfinite(walks.first), axis=1))
        objective, trial = objective.take(active), walks.at[active]
        for place in range(PLACES + 1):
            there = objective.expansion(trial)
            going, ahead = advance(walks, active, place > 0, trial, *there, DECREMENT_TOLERANCE, _WELL_DETERMINED)
            kept = np.flatnonzero(going)
            if len(kept) == 0:
                break
            active, objective, trial = active[kept], objective.take(kept), ahead[kept]
        return walks.at, walks.value, walks.arrived, walks.far

    def own_starts(self, group: int) -> list[Array]:
        """Where the family would begin with one group, in coordinates."""
        units = self.objective.units
        own = self._sample(group) if self.charted.chart is None else self.charted.groups.sample(group)
        sample = own.standardised(float(units.centre[group]), float(units.scale[group]))
        start = self.law.given(sample.known).start
        try:
            proposed = [] if start is None else start(sample)
        except MleError:
            proposed = []
        if proposed == []:
            return [np.full(self.p, np.nan)]
        return [self.objective.from_theta(theta) for theta in (proposed if isinstance(proposed, list) else [proposed])]

    def best_of(self, laws: list[Array]) -> Array:
        """The most likely of some laws for each group, in coordinates."""
        n = len(self.groups)
        values = [self.objective.sums.expansion(np.tile(theta, (n, 1)))[0] for theta in laws]
        coordinates = np.array([self.objective.from_theta(theta) for theta in laws])
        return np.asarray(coordinates[np.argmax(np.nan_to_num(np.array(values), nan=-np.inf), axis=0)])

    def _certify(self, settled: Settled, chosen: NDArray[np.intp], u: Array) -> None:
        """Measure every maximum as a single fit does, and enter those that are beyond doubt."""
        objective = self.objective.take(chosen)
        value, gradient, hessian = objective.expansion(u)
        diagonal = np.diagonal(hessian, axis1=1, axis2=2)
        if objective.sums.by_differences and np.any(diagonal > 1.0):
            # Where one observation says more of a parameter than its logarithm to 1, derivatives change faster.
            hessian = objective.hessian_by_differences(u, 1.0 / np.sqrt(np.maximum(1.0, diagonal)))
            diagonal = np.diagonal(hessian, axis1=1, axis2=2)
        seen = measure_each(gradient, hessian, objective.nobs, objective.spectra)
        in_unit, units = objective.to_theta(u), objective.units
        good = np.all(diagonal > _WELL_DETERMINED, axis=1) & (seen.decrement < _AFTER_LAST_STEP)
        good &= seen.least > (_WELL_BY_DIFFERENCES if objective.is_rounded else _WELL_DETERMINED)
        here = units.params_to_data(self.law, in_unit)
        theta = self.charted.to_declared(here, chosen)
        slopes = objective.slopes_and_bends(u)[0] * units.slopes(self.law)
        se = self.charted.errors(here, slopes[:, :, None] * seen.roots, chosen)
        llf = objective.loglik(value) + self.charted.log_jacobian[chosen]
        good &= np.isfinite(llf) & np.all(np.isfinite(theta) & np.isfinite(se) & (se > 0), axis=1)
        placed = seen.errors <= _PLACED * objective.natural(in_unit)
        if self._finds_limits:
            placed |= [not domain.interval.is_line for domain in self.law.parameters]
        good &= np.all(placed, axis=1)
        good[good] = self._without_objection(chosen[good], theta[good])
        kept, theta = chosen[good], theta[good]
        if self.family.arranged is not None:  # an angle, which is reported on one turn
            theta = np.array([self.family.arranged(*row) for row in theta.tolist()]).reshape(theta.shape)
        settled.theta[kept], settled.se[kept], settled.llf[kept] = theta, se[good], llf[good]
        settled.status[kept] = SETTLED

    @cached_property
    def _finds_limits(self) -> bool:
        """Whether the law knows its starts, and every law that it tends to is found for groups too."""
        limits = self.family.limits
        known = self.law.starts_of_groups is not None and bool(limits)
        return known and all(
            limit.of_groups is not None or limit.family.from_groups is not None or is_vectorised(limit.family)
            for limit in limits
        )

    def _without_objection(self, chosen: NDArray[np.intp], theta: Array) -> Mask:
        """Whether a family has nothing to say against the maxima of some groups."""
        family, good = self.family, np.ones(len(chosen), dtype=bool)
        if type(family).irregular is not Family.irregular:
            good &= [not family.irregular(*row) for row in theta.tolist()]
        if type(family).rough is not Family.rough:
            good &= [not family.rough(*row) for row in theta.tolist()]
        if not good.any():
            return good
        if family.spurious_of_groups is not None and self.groups.ends is None:
            some, spurious = self.groups.take(chosen), family.spurious_of_groups
            params = np.split(theta, np.cumsum([len(part) for part in some.parts()])[:-1])
            good &= ~np.concatenate([spurious(part, *at.T) for part, at in zip(some.parts(), params, strict=True)])
        elif family.spurious is not None:
            alone = zip(chosen[good], theta[good].tolist(), strict=True)
            good[good] = [s.is_plain and not family.spurious(s, *row) for g, row in alone for s in [self._sample(g)]]
        if has_a_say(family):
            good[good] = [allows(family, self._sample(g)) for g in chosen[good]]
        return good

    def _sample(self, group: int) -> Sample:
        """The sample of a group, whose rows are known to be valid."""
        groups = self.groups
        if groups.known or groups.ends is not None:
            return groups.sample(group)
        rows = slice(groups.offsets[group], groups.offsets[group + 1])
        return self._any.with_values(groups.x[rows], None if groups.weight is None else groups.weight[rows])

    @cached_property
    def _any(self) -> Sample:
        """Some sample, to make others of."""
        return Sample(np.ones(1))


def _size(rows: Array) -> Array:
    """The largest size of a number in each of many short rows, which NumPy finds faster down columns."""
    return np.asarray(np.max(np.abs(np.ascontiguousarray(rows.T)), axis=0))


def has_a_say(family: Family) -> bool:
    """Whether a family asks for more of a sample than values that are possible, and how many of them must differ."""
    own = type(family)
    plain = own.check is Family.check and own.check_support is Family.check_support
    return not plain or family.unbounded is not None


def allows(family: Family, sample: Sample) -> bool:
    """Whether a family takes a sample, and knows no place where its likelihood has no bound."""
    try:
        family.check_support(sample)
        if sample.is_plain:
            family.check(sample)
    except MleError:
        return False
    return family.unbounded is None or family.unbounded(sample, {}) is None


def is_interior(family: Family, theta: Iterable[float]) -> bool:
    """Whether every parameter is between the ends of its domain."""
    return all(p.interval.lower < v < p.interval.upper for p, v in zip(family.parameters, theta, strict=True))
