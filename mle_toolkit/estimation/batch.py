"""One family fitted to many groups at once: Newton's method with the groups as a leading axis.

A maximum is *settled* here only where nothing is left to judge: it is in the interior, certified by the same measures
as a single fit, well determined, found from every start, and above the limits of the family. All other groups stay
open, for the ordinary fit to decide one by one. So what is settled is what the ordinary fit would say.

Over 600 lines, because it is one engine, whose steps share the groups as a leading axis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, product
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.groups import Groups
from mle_toolkit.data.passes import SKETCH_ROWS
from mle_toolkit.data.rows import some_of
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import MleError, NoMaximumError
from mle_toolkit.estimation.batch_sums import STEP_OF_SCORE, CoarseSums, CompiledSums, GroupSums, MeanSums, RowSums
from mle_toolkit.estimation.certificate import DECREMENT_TOLERANCE
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.families.base import MOST_COUNTED, Family
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.likelihood.kernels import group_twin
from mle_toolkit.likelihood.kernels.groups import (
    AT_LIMIT,
    COMPILED_GROUP_ROWS,
    OPEN,
    SETTLED,
    compiled_groups,
    each,
    fit_ranges,
    ranges,
)

BATCH_ROWS, BATCH_ROWS_ON_SUMS = 1 << 15, 1 << 20
"""Rows that are fitted at once: their temporaries stay in cache. An exponential family goes over them only once, and
over the means of its groups often; compiled sums have no temporaries of rows."""

_NEWTON_STEPS, _HALVINGS, _LONGEST_STEP = 60, 30, 3.0
_FAR = 12.0
"""A coordinate this far from its start may be running off: the ordinary fit has to look."""

_WELL_DETERMINED = 1e-6
"""Curvature per observation, and eigenvalue of the information scaled to a unit diagonal, above which differences
between two ways to compute them do not show."""

_WELL_BY_DIFFERENCES = 1e-3
"""The same eigenvalue, where second derivatives are differences of scores of rows, which are good to about 1e-8."""

_PLACED = 5.0
"""Standard error of a coordinate above which a parameter may as well be at the end of its domain."""

_AFTER_LAST_STEP = 1e-12
"""Decrement that Newton's last step leaves at most of one below the tolerance. Where it leaves more, convergence is not
quadratic, and the place is a saddle that only looks like a maximum, as that of the skew-normal law at alpha = 0."""

_SURE_GAIN = 1e-6
"""Nats by which a maximum must be above another, or a limiting law, to be above it without doubt."""

_SURELY_BELOW, _NEARLY_THERE, _CLOSE = 1e-11, 0.1, 0.1
"""How far a climb that has run off must be below a limiting law to be below it without doubt, relative to the
log-likelihood; how near it must have come, nats; and how near the other parameters, standard errors."""

_SMALLEST, _LARGEST = 1e-250, 1e250
"""Magnitudes between which neither squares of ratios nor sums leave the doubles in any unit near the data's own."""

_SPREAD = 0.75
"""Between quartiles, or from 0 to the median, of a group in its unit: between a half and 1."""

_SADDLE = 1e-3
"""Smallest eigenvalue of the scaled information of one observation below which a lower end of a climb, where the
derivatives vanish, is no maximum that could have a higher one beside it."""

_SAME_PLACE = 1e-3
_NEAR, _NEARLY = 0.02, 1e-4
"""Distance from a maximum already found, and decrement per observation, at which a climb is sure to end there."""


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
        Open groups in which every climb went farther than `_FAR`; ``theta`` and ``llf`` are where the best of them is.
    """

    theta: Array
    se: Array
    llf: Array
    status: NDArray[np.int8]
    ran_off: Mask

    def spread(self, chosen: NDArray[np.intp], n_groups: int) -> Settled:
        """The same among more groups, of which these are the chosen."""
        whole = _nothing(n_groups, self.theta.shape[1])
        for mine, theirs in zip(vars(self).values(), vars(whole).values(), strict=True):
            theirs[chosen] = mine
        return whole


def settle(family: Family, groups: Groups) -> Settled:
    """Fit a family to all groups, as far as no doubt is left.

    Parameters
    ----------
    family : Family
        With parameters that are numbers.
    groups : Groups
        May hold anything; a group with invalid rows stays open.
    """
    usable = groups.all(np.isfinite(groups.x))
    if groups.weight is not None:
        usable &= groups.all((groups.weight > 0) & np.isfinite(groups.weight))
    for column in groups.known.values():
        usable &= groups.all((column >= 0) & np.isfinite(column))
    p = len(family.parameters)
    compiled = len(groups.x) >= COMPILED_GROUP_ROWS and groups.ends is None
    module = compiled_groups(type(family)) if compiled else None
    if module is not None:
        result, status = fit_ranges(module, groups.x, groups.weight, groups.offsets, p)
        status[~usable] = OPEN
        result[status == OPEN] = np.nan
        return Settled(result[:, :p], result[:, p : 2 * p], result[:, -1], status, np.zeros(len(groups), dtype=bool))
    settled = _nothing(len(groups), p)
    if not usable.any() or not is_vectorised(family) or not (groups.ends is None or takes_intervals(family, groups)):
        return settled
    size = np.abs(groups.x)
    usable &= groups.all(((size > _SMALLEST) | (size == 0)) & (size < _LARGEST))
    twin = group_twin(family) if compiled else None
    with np.errstate(all="ignore"):  # trial points may lie where densities overflow or do not exist
        starts = _common_starts(family, groups, usable)

    def one(part: slice) -> None:
        with np.errstate(all="ignore"):
            here = _Batch(family, groups.part(part), usable[part], twin).settle(starts)
        settled.theta[part], settled.se[part], settled.llf[part] = here.theta, here.se, here.llf
        settled.status[part], settled.ran_off[part] = here.status, here.ran_off

    if starts:
        on_sums = (isinstance(family, ExponentialFamily) and groups.ends is None) or twin is not None
        each(one, ranges(groups.offsets, BATCH_ROWS_ON_SUMS if on_sums else BATCH_ROWS))
        _compare_with_limits(family, groups, settled)
    return settled


def is_vectorised(family: Family) -> bool:
    """Whether Newton's method can take all groups of a family at once.

    It needs a score, regular parameters that are numbers, and formulas that broadcast: parameters of shape (n, ) must
    give what each gives alone, which is tried out.
    """
    one_number = all(isinstance(p.domain, Interval) and p.regular for p in family.parameters)
    if not one_number or family.score is None:
        return False
    if family.per_row:
        return family.per_row == ("exposure",) and is_vectorised(family.exposed(1.0))
    if type(family).resolve is not Family.resolve or type(family).in_unit is not Family.in_unit:
        return False
    if getattr(family, "with_ends", False):
        return False
    if isinstance(family, ExponentialFamily):
        # A parameter on the whole line that is not moved by the unit may be an angle, of which many values are one.
        if family.from_means is None or any(p.domain == REAL and p.role == "shape" for p in family.parameters):
            return False
    elif type(family).irregular is not Family.irregular and family.hessian is None:
        return False  # irregular somewhere and without second derivatives: there are kinks among the observations
    low, high = (np.array([p.typical[k] for p in family.parameters]) for k in (0, 1))
    theta = np.stack([0.6 * low + 0.4 * high, 0.3 * low + 0.7 * high])
    x = _two_points(family, theta)
    try:
        with np.errstate(all="ignore"):
            together = _at(family, x, tuple(theta.T))
            apart = [_at(family, x[k : k + 1], tuple(theta[k].tolist())) for k in (0, 1)]
    except (ValueError, TypeError, IndexError):  # what code for numbers does with arrays
        return False
    return together.shape[1] == 2 and np.allclose(together, np.concatenate(apart, axis=1), 1e-9, 0.0, equal_nan=True)


def takes_intervals(family: Family, groups: Groups) -> bool:
    """Whether intervals and windows of groups can be taken at once.

    Climbs of laws of more than two parameters seldom agree there, so that most groups would be fitted singly after all;
    and to compare with a limit that has no sums costs more than a fit.
    """
    if family.discrete or family.per_row or len(family.parameters) > 2:
        return False
    if family.tail_scores is None and family.log_mass_scores is None:
        return False
    assert groups.ends is not None
    _, _, low, high = groups.ends
    limits = family.limits_in_window(float(low.min()), float(high.max()))
    return _is_concave(family, groups) or all(isinstance(limit.family, ExponentialFamily) for limit in limits)


def _is_concave(family: Family, groups: Groups) -> bool:
    """Whether observations are exact, of an exponential family: through windows too the log-likelihood is concave."""
    return isinstance(family, ExponentialFamily) and (
        groups.ends is None or np.array_equal(groups.ends[0], groups.ends[1])
    )


def _two_points(family: Family, theta: Array) -> Array:
    """Two observations, each possible under its parameters."""
    support = family.support
    if np.isfinite(support.lower) and np.isfinite(support.upper):
        points = np.array([0.7 * support.lower + 0.3 * support.upper, 0.4 * support.lower + 0.6 * support.upper])
    else:
        points = np.array([1.25, 2.5]) + (support.lower if np.isfinite(support.lower) else 0.0)
    return np.floor(points) + 1.0 if support.integer else points


def _at(family: Family, x: Array, params: tuple[Any, ...]) -> Array:
    """Log-density and all derivatives of rows; shape (number of them, n)."""
    assert family.score is not None
    values = [family.logpdf(x, *params), *family.score(x, *params)]
    if family.hessian is not None:
        values += family.hessian(x, *params)
    return np.stack([np.broadcast_to(np.asarray(v, dtype=float), len(x)) for v in values])


def _nothing(n_groups: int, p: int) -> Settled:
    nan = np.full((n_groups, p), np.nan)
    nothing = np.zeros(n_groups, dtype=np.int8)
    return Settled(nan, nan.copy(), np.full(n_groups, np.nan), nothing, nothing.astype(bool))


def _units(family: Family, groups: Groups) -> tuple[Array, Array]:
    """Centre and scale, a power of two, of every group; 0 and 1 where the law cannot be shifted or stretched."""
    n = len(groups)
    centre, scale = np.zeros(n), np.ones(n)
    if not family.has_location and not family.has_scale:
        return centre, scale
    if isinstance(family, ExponentialFamily):  # solved on sums, which need no robust unit
        mean = groups.means(groups.x)
        centre = mean if family.has_location else centre
        size = groups.means(np.abs(groups.x - centre[groups.ids]))
    else:
        rows = groups.in_order
        first, last = groups.offsets[:-1], groups.counts - 1
        quartile, middle, upper = (rows[first + (last * k) // 4] for k in (1, 2, 3))
        centre = middle if family.has_location else centre
        size = upper - quartile if family.has_location else np.abs(middle)
        size = np.where(size > 0, size, groups.means(np.abs(groups.x - centre[groups.ids])))
    if family.has_scale:
        normal = (size > 1e-290) & (size < 1e290)
        scale = np.ldexp(1.0, np.where(normal, np.frexp(np.where(normal, size, 1.0))[1], 0))
    return centre, scale


def _common_starts(family: Family, groups: Groups, usable: Mask) -> list[Array]:
    """Starts for all groups, each in its own unit: the maximum of a pooled subsample, and the family's own choice.

    An exponential family has one maximum, which is found from anywhere; of others those of several starts are compared.
    """
    chosen = np.flatnonzero(usable)
    if len(chosen) == 0:
        return []
    few = max(1, int(SKETCH_ROWS / max(1.0, float(np.mean(groups.counts)))))
    some = groups.take(chosen[:: max(1, len(chosen) // few)][: 4 * few])
    if len(some.x) > 4 * SKETCH_ROWS:  # a few large groups
        some = some.take(np.argsort(some.counts, kind="stable")[:1])
    centre, scale = _units(family, some)
    z = (some.x - centre[some.ids]) / scale[some.ids]
    possible = family.support.contains(z)
    if not possible.any():
        return []
    every = np.flatnonzero(possible)[:: max(1, len(z) // SKETCH_ROWS)]
    pooled = Sample(z[every]).with_known(**some_of(some.known, every))
    if some.ends is not None:
        lower, upper, low, high = (((end - centre[some.ids]) / scale[some.ids])[every] for end in some.ends)
        pooled = Groups(z[every], None, np.array([0, len(every)]), {}, (lower, upper, low, high)).sample(0)
    family = family.given(pooled.known)
    starts: list[Array] = []
    try:
        found = maximise(family, pooled)
        if found.limit is None and np.all(np.isfinite(found.theta)):
            starts.append(found.theta)
        if family.start is not None and not isinstance(family, ExponentialFamily):
            points = pooled.stand_ins()
            proposed = family.start(points)
            starts += [np.array(s, dtype=float) for s in (proposed if isinstance(proposed, list) else [proposed])]
            if _leans_to_a_side(family):  # and groups may lean to the other
                mirrored = family.start(points.with_values(-points.lower, None))
                starts.append(np.array(mirrored[0] if isinstance(mirrored, list) else mirrored, dtype=float))
    except NoMaximumError:
        pass  # too few rows, or all alike: the families have starts for that, or the groups are fitted one by one
    if not starts:
        starts = [np.array([0.5 * sum(p.typical) for p in family.parameters])]
    return [theta for theta in starts if all(_inside(p, v) for p, v in zip(family.parameters, theta, strict=True))]


def _leans_to_a_side(family: Family) -> bool:
    """Whether a law on the whole line has a shape by whose sign it leans to one side or to the other."""
    shapes = [p.domain for p in family.parameters if p.role == "shape" and isinstance(p.domain, Interval)]
    return family.has_location and family.support == REAL and any(d.lower == -d.upper for d in shapes)


def _inside(parameter: Parameter, value: float) -> bool:
    domain = parameter.domain
    assert isinstance(domain, Interval)
    return bool(domain.lower < value < domain.upper)


class _Batch:
    """Groups in their own units, and the means of the log-density and its derivatives by coordinates."""

    def __init__(self, family: Family, groups: Groups, usable: Mask, twin: ModuleType | None) -> None:
        self.family = family
        self.groups = groups
        self.domains = [p.domain for p in family.parameters if isinstance(p.domain, Interval)]
        self.centre, self.scale = _units(family, groups)
        reach = np.maximum(np.abs(groups.minimum - self.centre), np.abs(groups.maximum - self.centre)) / self.scale
        self.usable = usable & np.isfinite(reach) & self._possible() & self._distinct_enough()
        self.data: GroupSums
        self.n_exact = groups.nobs
        if groups.ends is not None:
            self.data = CoarseSums.of(family, groups, self.centre, self.scale)
            self.n_exact = self.data.n_exact
            return
        if twin is not None:
            self.data = CompiledSums.of(family, twin, groups, self.centre, self.scale)
            return
        z = (groups.x - self.centre[groups.ids]) / self.scale[groups.ids]
        rows = RowSums(family, Groups(z, groups.weight, groups.offsets, groups.known))
        self.data = MeanSums.of(rows) if isinstance(family, ExponentialFamily) else rows

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
        groups, needed = self.groups, len(self.domains)
        if groups.ends is not None:
            return self._seen_enough()
        if self.family.discrete or needed < 2:
            return np.ones(len(groups), dtype=bool)
        if needed == 2:
            return np.asarray(groups.minimum < groups.maximum)
        x = groups.in_order
        changes = np.diff(x, prepend=np.nan) != 0
        changes[groups.offsets[:-1]] = True
        return np.asarray(groups.sums(changes.astype(float)) >= needed)

    def _seen_enough(self) -> Mask:
        """Whether a group has more distinct observations with two ends than parameters, and intervals that part."""
        groups, needed = self.groups, len(self.domains)
        assert groups.ends is not None
        lower, upper, _, _ = groups.ends
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
        n, p = len(self.groups), len(self.domains)
        u, value, arrived = np.full((n, p), np.nan), np.full(n, np.inf), np.zeros(n, dtype=bool)
        doubt = ~self.usable
        away, highest, top = self.usable.copy(), np.full(n, np.inf), np.full((n, p), np.nan)
        for first in chain(map(self._coordinates, starts), self._own_rounds(arrived, doubt)):
            tried = np.broadcast_to(np.all(np.isfinite(first), axis=-1), n)
            new_u, new_value, new, far = self.climb(first, np.where(arrived[:, None], u, np.nan), value)
            away &= far | ~tried
            higher = new_value < highest
            highest[higher], top[higher] = new_value[higher], new_u[higher]
            gain = self.groups.nobs * (value - new_value)
            both = arrived & new
            apart = np.max(np.abs(u - new_u), axis=1) > _SAME_PLACE
            differ = both & ((np.abs(gain) > _SURE_GAIN) | apart)
            # A saddle below a maximum, as every sample has one of the skew-normal law at alpha = 0, is no rival of it.
            lower = np.where((gain > 0)[:, None], u, new_u)
            saddle = differ & (np.abs(gain) > _SURE_GAIN)
            saddle[saddle] = self._is_flat(np.flatnonzero(saddle), lower[saddle])
            higher = saddle & (gain > 0)
            u[higher], value[higher] = new_u[higher], new_value[higher]
            doubt |= differ & ~saddle
            # A climb that stopped short of a maximum may have been on the way to a higher one.
            doubt |= (arrived & ~new & (gain > 0)) | (~arrived & new & (gain < 0))
            better = (new & ~arrived) | (~arrived & ~new & (new_value < value))
            u[better], value[better] = new_u[better], new_value[better]
            arrived |= new
        chosen = np.flatnonzero(arrived & ~doubt & self._usual(u))
        settled = _nothing(n, p)
        if len(chosen):
            self._certify(settled, chosen, u[chosen])
        settled.ran_off[:] = away
        gone = np.flatnonzero(away)
        settled.theta[gone], _ = self._in_data_unit(self._theta(top[gone]), np.zeros((len(gone), p)), gone)
        settled.llf[gone] = self.loglik(self.data.take(gone), highest[gone], gone)
        return settled

    def _is_flat(self, chosen: NDArray[np.intp], u: Array) -> Mask:
        """Whether the likelihood of some groups has no curvature in some direction."""
        if len(chosen) == 0:
            return np.zeros(0, dtype=bool)
        hessian = self._expansion(self.data.take(chosen), u).hessian
        diagonal = np.diagonal(hessian, axis1=1, axis2=2)
        convex = np.all(np.isfinite(hessian), axis=(1, 2)) & np.all(diagonal > 0, axis=1)
        unit = 1.0 / np.sqrt(np.where(convex[:, None], diagonal, 1.0))
        scaled = np.where(convex[:, None, None], hessian * unit[:, :, None] * unit[:, None, :], 0.0)
        return np.asarray(np.linalg.eigvalsh(scaled)[:, 0] < _SADDLE)

    def loglik(self, data: GroupSums, value: Array, chosen: NDArray[np.intp]) -> Array:
        """Log-likelihoods of some groups in the unit of the data, from mean negative ones."""
        jacobian = 0.0 if self.family.discrete else np.log(self.scale[chosen])
        mean = np.asarray(data.log_base - value)
        return np.asarray(self.groups.nobs[chosen] * mean - self.n_exact[chosen] * jacobian)

    def _in_data_unit(self, theta: Array, se: Array, chosen: NDArray[np.intp]) -> tuple[Array, Array]:
        """Parameters and standard errors of some groups in the unit of the data."""
        centre, scale = self.centre[chosen], self.scale[chosen]
        theta, se = theta.copy(), se.copy()
        for k, parameter in enumerate(self.family.parameters):
            if parameter.role in ("location", "scale"):
                theta[:, k] *= scale
                se[:, k] *= scale
            elif parameter.role == "rate":
                theta[:, k] /= scale
                se[:, k] /= scale
            elif parameter.role == "log-scale":
                theta[:, k] += np.log(scale)
            if parameter.role == "location":
                theta[:, k] += centre
        return theta, se

    def _own_rounds(self, arrived: Mask, doubt: Mask) -> Iterator[Array]:
        """Starts of the groups' own, one a group and round, where a law of several shapes may have several maxima.

        NaN for groups that have not arrived without doubt when all common starts have been climbed from, which these
        masks then say. Laws with compiled sums, of many groups, do without.
        """
        several = len(self.domains) > 2 and isinstance(self.data, RowSums)
        chosen = np.flatnonzero(arrived & ~doubt & (several and self.family.start is not None))
        own = [self.own_starts(int(g)) for g in chosen]
        for k in range(max(map(len, own), default=0)):
            first = np.full((len(self.groups), len(self.domains)), np.nan)
            first[chosen] = [starts[min(k, len(starts) - 1)] for starts in own]
            yield first

    def _usual(self, u: Array) -> Mask:
        """Whether shapes are not far from typical ones, where the law has other maxima looked for."""
        usual = np.ones(len(u), dtype=bool)
        if self.family.scans:
            for k, (p, domain) in enumerate(zip(self.family.parameters, self.domains, strict=True)):
                if p.role == "shape":
                    low, high = (float(domain.to_real(np.asarray(end))) for end in p.typical)
                    usual &= (u[:, k] > low - 1.0) & (u[:, k] < high + 1.0)
        return usual

    def climb(self, first: Array, known: Array, known_value: Array) -> tuple[Array, Array, Mask, Mask]:
        """Newton's method with step halving from one start, or from one a group.

        Where each group ended, its value there, and whether it arrived in a maximum, or went too far.

        A climb that comes near a maximum found before, NaN where there is none, ends there.
        """
        n = len(self.groups)
        first = np.broadcast_to(first, (n, len(self.domains)))
        at = first.copy()
        f, arrived, far = np.full(n, np.inf), np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        active = np.flatnonzero(self.usable)
        data = self.data.take(active)
        here = self._expansion(data, at[active])
        f[active] = here.value
        keep = np.isfinite(here.value)
        active, data, here = active[keep], data.take(np.flatnonzero(keep)), here.take(keep)
        for _ in range(_NEWTON_STEPS):
            if len(active) == 0:
                break
            step, convex = _newton_steps(here.gradient, here.hessian)
            nobs = self.groups.nobs[active]
            decrement = -0.5 * np.einsum("ij,ij->i", here.gradient, step) * nobs
            longest = np.max(np.abs(step), axis=1)
            step *= np.minimum(1.0, _LONGEST_STEP / np.where(longest > 0, longest, 1.0))[:, None]
            last = convex & (decrement < DECREMENT_TOLERANCE)
            near = np.max(np.abs(at[active] - known[active]), axis=1) < _NEAR
            home = convex & (decrement < _NEARLY * nobs) & near
            at[active[home]], f[active[home]], arrived[active[home]] = (
                known[active[home]],
                known_value[active[home]],
                True,
            )
            within = np.max(np.abs(at[active] + step - first[active]), axis=1) < _FAR
            going = ~home & np.isfinite(decrement) & within
            far[active[~home & np.isfinite(decrement) & ~within]] = True
            share = np.ones(len(active))
            trying = np.flatnonzero(going)
            for _ in range(_HALVINGS):
                trial = at[active[trying]] + share[trying, None] * step[trying]
                there = self._expansion(data.take(trying), trial)
                # Where a step is worth less than the rounding of a value, the decrement is the better judge.
                rounding = np.where(convex & (decrement < 1e-7 * nobs), 1e-12 * (1 + np.abs(f[active])), 0.0)[trying]
                good = there.value < f[active[trying]] + rounding
                done = trying[good]
                at[active[done]], f[active[done]] = trial[good], there.value[good]
                here.put(done, there.take(good))
                share[trying[~good]] *= 0.5
                trying = trying[~good]
                if len(trying) == 0:
                    break
            going[trying] = False
            arrived[active[going & last]] = True
            keep = going & ~last
            active, data, here = active[keep], data.take(np.flatnonzero(keep)), here.take(keep)
        return at, f, arrived, far

    def _coordinates(self, theta: Any) -> Array:
        return np.array([float(d.to_real(np.asarray(t))) for d, t in zip(self.domains, theta, strict=True)])

    def own_starts(self, group: int) -> list[Array]:
        """Where the family would begin with one group, in coordinates."""
        sample = self._sample(group).standardised(float(self.centre[group]), float(self.scale[group]))
        start = self.family.given(sample.known).start
        assert start is not None
        try:
            proposed = start(sample)
        except MleError:
            return [np.full(len(self.domains), np.nan)]
        return [self._coordinates(theta) for theta in (proposed if isinstance(proposed, list) else [proposed])]

    def best_of(self, laws: list[Array]) -> Array:
        """The most likely of some laws for each group, in coordinates."""
        n = len(self.groups)
        values = [self.data.expansion(np.tile(theta, (n, 1)))[0] for theta in laws]
        coordinates = np.array([self._coordinates(theta) for theta in laws])
        return np.asarray(coordinates[np.argmax(np.nan_to_num(np.array(values), nan=-np.inf), axis=0)])

    def _theta(self, u: Array) -> Array:
        return np.stack([d.from_real(u[:, k]) for k, d in enumerate(self.domains)], axis=1)

    def _expansion(self, data: GroupSums, u: Array) -> _Expansion:
        """Mean negative log-likelihood of each group, with its gradient and Hessian by the coordinates."""
        slopes, bends = _slopes(self.domains, u)
        value, score, second = data.expansion(self._theta(u))
        if second is None:
            second = self._by_differences(data, u, np.ones_like(u))
        else:
            second = second * slopes[:, :, None] * slopes[:, None, :]
            diagonal = np.arange(len(self.domains))
            second[:, diagonal, diagonal] += score * bends
        return _Expansion(-value, -score * slopes, -second)

    def _by_differences(self, data: GroupSums, u: Array, reach: Array) -> Array:
        """Second derivatives of the mean log-likelihood by the coordinates, where the law does not give its own.

        ``reach``, of the shape of ``u``, is how far each coordinate moves one observation's worth; 1 at most.
        """

        def gradient(v: Array) -> Array:
            return data.score(self._theta(v)) * _slopes(self.domains, v)[0]

        columns = []
        for k in range(len(self.domains)):
            step = data.step * reach[:, k]
            h = np.zeros_like(u)
            h[:, k] = step
            near = gradient(u + h) - gradient(u - h)
            if data.step > STEP_OF_SCORE:  # of fourth order
                columns.append((8 * near - gradient(u + 2 * h) + gradient(u - 2 * h)) / (12 * step)[:, None])
            else:
                columns.append(near / (2 * step)[:, None])
        hessian = np.stack(columns, axis=1)
        return np.asarray(0.5 * (hessian + hessian.transpose(0, 2, 1)))

    def _certify(self, settled: Settled, chosen: NDArray[np.intp], u: Array) -> None:
        """Measure every maximum as a single fit does, and enter those that are beyond doubt."""
        data = self.data.take(chosen)
        nobs = self.groups.nobs[chosen]
        value, gradient, hessian = self._expansion(data, u)
        diagonal = np.diagonal(hessian, axis1=1, axis2=2)
        if data.by_differences and np.any(diagonal > 1.0):
            # Where one observation says more of a parameter than its logarithm to 1, derivatives change faster.
            hessian = -self._by_differences(data, u, 1.0 / np.sqrt(np.maximum(1.0, diagonal)))
            diagonal = np.diagonal(hessian, axis1=1, axis2=2)
        good = np.all(np.isfinite(hessian), axis=(1, 2)) & np.all(diagonal > _WELL_DETERMINED, axis=1)
        unit = 1.0 / np.sqrt(np.where(good[:, None], diagonal, 1.0))
        scaled = np.where(good[:, None, None], hessian * unit[:, :, None] * unit[:, None, :], np.eye(len(self.domains)))
        rounded = isinstance(data, CoarseSums) or (data.by_differences and data.step == STEP_OF_SCORE)
        good &= np.linalg.eigvalsh(scaled)[:, 0] > (_WELL_BY_DIFFERENCES if rounded else _WELL_DETERMINED)
        inverse = np.linalg.inv(np.where(good[:, None, None], scaled, np.eye(len(self.domains))))
        pull = gradient * unit
        good &= 0.5 * nobs * np.einsum("ij,ijk,ik->i", pull, inverse, pull) < _AFTER_LAST_STEP
        se_in_u = unit * np.sqrt(np.diagonal(inverse, axis1=1, axis2=2) / nobs[:, None])
        theta, se = self._in_data_unit(self._theta(u), se_in_u * _slopes(self.domains, u)[0], chosen)
        llf = self.loglik(data, value, chosen)
        good &= np.isfinite(llf) & np.all(np.isfinite(se) & (se > 0), axis=1)
        good &= np.all(se_in_u <= _PLACED * self._natural(self._theta(u)), axis=1)
        good[good] = [self._has_no_objection(g, row) for g, row in zip(chosen[good], theta[good], strict=True)]
        kept, theta = chosen[good], theta[good]
        if self.family.arranged is not None:  # an angle, which is reported on one turn
            theta = np.array([self.family.arranged(*row) for row in theta.tolist()]).reshape(theta.shape)
        settled.theta[kept], settled.se[kept], settled.llf[kept] = theta, se[good], llf[good]
        settled.status[kept] = SETTLED

    def _natural(self, theta: Array) -> Array:
        """Natural change of each coordinate, of the shape of theta: the scale for a location, where it is above 1."""
        natural = np.ones_like(theta)
        roles = [p.role for p in self.family.parameters]
        if "scale" in roles:
            scale = theta[:, [roles.index("scale")]]
            natural[:, [role == "location" for role in roles]] = np.maximum(scale, 1.0)
        return natural

    def _has_no_objection(self, group: int, theta: Array) -> bool:
        """What a family has to say of a sample and its maximum, where it has anything to say."""
        family = self.family
        if type(family).irregular is not Family.irregular and family.irregular(*theta.tolist()):
            return False
        if not _has_a_say(family):
            return True
        sample = self._sample(group)
        if not sample.is_plain and family.spurious is not None:
            return False
        if family.spurious is not None and family.spurious(sample, *theta.tolist()):
            return False
        return _allows(family, sample)

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


def _compare_with_limits(family: Family, groups: Groups, settled: Settled) -> None:
    """Leave open the groups in which a limiting law is as good as the maximum, or not settled itself."""
    rivals = np.full((len(family.limits), len(groups)), -np.inf)
    maxima: list[Settled | None] = []
    for k, limit in enumerate(family.limits):
        law = limit.family
        chosen = np.flatnonzero((settled.status == SETTLED) | settled.ran_off)
        maxima.append(None)
        if len(chosen) == 0:
            continue
        some = groups.take(chosen)
        if law.from_groups is not None and law.entropy_attained and groups.ends is None:
            rivals[k, chosen] = _by_entropy(law, some)
        elif is_vectorised(law):
            found = settle(law, some)
            possible = some.all((some.x >= law.support.lower) & (some.x <= law.support.upper))
            rivals[k, chosen] = np.where(found.status == SETTLED, found.llf, np.where(possible, np.inf, -np.inf))
            maxima[k] = found.spread(chosen, len(groups))
        else:
            rivals[k, settled.ran_off] = np.inf  # for the ordinary fit
            alone = chosen[settled.status[chosen] == SETTLED]
            rivals[k, alone] = [_alone(law, groups, g) for g in alone.tolist()]
    if groups.ends is not None:
        rivals = np.concatenate([rivals, [_in_windows(family, groups, settled.status == SETTLED)]])
        maxima.append(None)
    beaten = (settled.status == SETTLED) & ~(settled.llf > rivals.max(axis=0, initial=-np.inf) + _SURE_GAIN)
    for k, at in enumerate(maxima):
        if at is not None:
            others = np.delete(rivals, k, axis=0).max(axis=0, initial=-np.inf)
            # Climbs that came nearer and nearer to it, and stayed below.
            lack = rivals[k] - settled.llf
            below = (lack > _SURELY_BELOW * (1.0 + np.abs(rivals[k]))) & (lack < _NEARLY_THERE)
            sure = settled.ran_off & below & (rivals[k] > others + _SURE_GAIN) & np.isfinite(rivals[k])
            if family.spurious is not None or groups.ends is not None:
                sure[:] = False
            elif _has_a_say(family):
                sure[sure] = [_allows(family, groups.sample(g)) for g in np.flatnonzero(sure).tolist()]
            sure[sure] = ~_reached_inside(family, groups.take(np.flatnonzero(sure)), rivals[k, sure])
            agreed = np.flatnonzero(sure)
            _enter(family, settled, agreed, at, k)
    _open(settled, np.flatnonzero(beaten | (settled.status == OPEN)))


def _reached_inside(family: Family, groups: Groups, rival: Array) -> Mask:
    """Whether a climb from another start comes as high as a limiting law, to which all others ran off.

    For counts, whose laws have no scale, and for laws that know their maximum, that is one of its own; else for each
    size of the first shape the best law for each group.
    """
    higher = np.zeros(len(groups), dtype=bool)
    own = family.discrete or family.from_sample is not None
    if len(groups) == 0 or (family.start if own else family.ppf) is None:
        return higher
    with np.errstate(all="ignore"):
        batch = _Batch(family, groups, ~higher, None)
        if own:
            firsts = [np.array([batch.own_starts(g)[0] for g in range(len(groups))])]
        else:
            laws = _by_shapes(family)
            sizes = sorted({theta[0] for theta in laws})
            firsts = [batch.best_of([theta for theta in laws if theta[0] == size]) for size in sizes]
        for first in firsts:
            _, value, _, _ = batch.climb(first, np.full_like(first, np.nan), np.full(len(groups), np.inf))
            reached = batch.loglik(batch.data, value, np.arange(len(groups)))
            higher |= ~(reached < rival - _SURELY_BELOW * (1.0 + np.abs(rival))) & (value < np.inf)
    return higher


def _by_shapes(family: Family) -> list[Array]:
    """Laws of small, middling and large shapes, whose quartiles are where those of a group are in its unit."""
    grids = []
    for p in family.parameters:
        low, high = p.typical
        middle = 0.5 * (low + high)
        smaller = [0.25 * low] if low > 0 else []
        grids.append([*smaller, low, middle, high] if p.role == "shape" else [middle])
    roles = [p.role for p in family.parameters]
    laws: list[Array] = []
    assert family.ppf is not None
    for values in product(*grids):
        theta = np.array(values)
        plain = [{"location": 0.0, "scale": 1.0}.get(role, v) for role, v in zip(roles, values, strict=True)]
        if not all(_inside(p, v) for p, v in zip(family.parameters, plain, strict=True)):
            continue
        low, middle, high = np.asarray(family.ppf(np.array([0.25, 0.5, 0.75]), *plain), dtype=float).tolist()
        spread = high - low if "location" in roles else abs(middle)
        if not spread > 0:
            continue
        scale = _SPREAD / spread
        theta[[role == "scale" for role in roles]] = scale
        theta[[role == "location" for role in roles]] = -scale * middle
        if all(_inside(p, v) for p, v in zip(family.parameters, theta, strict=True)):
            laws.append(theta)
    return laws


def _has_a_say(family: Family) -> bool:
    """Whether a family says more of a sample than which values are possible and how many must differ."""
    own = type(family)
    plain = own.check is Family.check and own.check_support is Family.check_support
    return not plain or family.unbounded is not None or family.spurious is not None


def _allows(family: Family, sample: Sample) -> bool:
    """Whether a family takes a sample, and knows no place where its likelihood has no bound."""
    try:
        family.check_support(sample)
        if sample.is_plain:
            family.check(sample)
    except MleError:
        return False
    return family.unbounded is None or family.unbounded(sample, {}) is None


def _enter(family: Family, settled: Settled, sure: NDArray[np.intp], at: Settled, place: int) -> None:
    """Enter the maxima of a limiting law, if its parameters are those of the family, and the others at an end."""
    limit = family.limits[place]
    if len(sure) == 0 or limit.last:
        return
    own, se = at.theta[sure], at.se[sure]
    theta, errors = np.empty((2, len(sure), len(family.parameters)))
    theta[:] = [limit.embed(*row) for row in own.tolist()]
    for k, p in enumerate(family.parameters):
        same = [j for j in range(own.shape[1]) if np.array_equal(theta[:, k], own[:, j])]
        if not same and np.any(p.domain.contains(theta[:, k])):
            return  # a function of several: for the ordinary fit
        errors[:, k] = se[:, same[0]] if same else np.nan
    # What did not run off is where the limiting law has it.
    near = np.all(~(np.abs(theta - settled.theta[sure]) > _CLOSE * errors), axis=1)
    sure, theta, errors = sure[near], theta[near], errors[near]
    settled.theta[sure], settled.se[sure], settled.llf[sure] = theta, errors, at.llf[sure]
    settled.status[sure] = AT_LIMIT + place


def _in_windows(family: Family, groups: Groups, chosen: Mask) -> Array:
    """Log-likelihood of some groups at the maximum of the laws that a family tends to as seen through their windows."""
    rival = np.full(len(groups), -np.inf)
    assert groups.ends is not None
    if _is_concave(family, groups):
        return rival  # no limit is above a maximum
    _, _, low, high = groups.ends
    first = groups.offsets[:-1]
    windows = np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)
    for g in np.flatnonzero(chosen).tolist():
        limits = family.limits_in_window(float(windows[0][g]), float(windows[1][g]))
        rival[g] = max([_alone(limit.family, groups, g) for limit in limits], default=-np.inf)
    return rival


def _alone(law: Family, groups: Groups, group: int) -> float:
    """Log-likelihood of one group at the maximum of a law; -inf where it has none."""
    sample = groups.sample(group)
    try:
        law.check_support(sample)
        return maximise(law.given(sample.known), sample).loglik
    except MleError:
        return -np.inf  # a limit without a maximum is no rival


def _by_entropy(law: Family, groups: Groups) -> Array:
    """Log-likelihood of each group at the maximum of a law that attains its entropy there; -inf where it has none."""
    assert law.from_groups is not None
    assert law.entropy is not None
    with np.errstate(all="ignore"):
        loglik = -groups.nobs * np.asarray(law.entropy(*law.from_groups(groups)))
    return np.where(np.isnan(loglik), -np.inf, loglik)


def _open(settled: Settled, groups: NDArray[np.intp]) -> None:
    """Leave groups for the ordinary fit."""
    settled.status[groups] = OPEN
    settled.theta[groups] = settled.se[groups] = np.nan
    settled.llf[groups] = np.nan


def _slopes(domains: list[Interval], u: Array) -> tuple[Array, Array]:
    """First and second derivatives of each parameter by its coordinate; shape (n, p)."""
    slopes, bends = np.ones_like(u), np.zeros_like(u)
    for k, domain in enumerate(domains):
        v = u[:, k]
        if np.isfinite(domain.lower) and np.isfinite(domain.upper):
            rise, fall = special.expit(v), special.expit(-v)
            slopes[:, k] = (domain.upper - domain.lower) * rise * fall
            bends[:, k] = slopes[:, k] * (fall - rise)
        elif np.isfinite(domain.lower):
            slopes[:, k] = bends[:, k] = np.exp(v)
        elif np.isfinite(domain.upper):
            slopes[:, k] = np.exp(-v)
            bends[:, k] = -slopes[:, k]
    return slopes, bends


def _newton_steps(gradient: Array, hessian: Array) -> tuple[Array, Mask]:
    """Newton's step of every group, and whether its Hessian is positive definite; NaN where there is no step.

    By elimination without pivots, which positive definite matrices do not need, for all groups at once; where a pivot
    fails, the step follows the eigenvectors by the size of the eigenvalues, as in a single fit.
    """
    p = gradient.shape[1]
    rows = np.concatenate([hessian, -gradient[:, :, None]], axis=2)
    convex = np.ones(len(gradient), dtype=bool)
    for k in range(p):
        convex &= rows[:, k, k] > 1e-14 * np.abs(hessian[:, k, k])
        for j in range(k + 1, p):
            rows[:, j, k:] -= (rows[:, j, k] / rows[:, k, k])[:, None] * rows[:, k, k:]
    step = np.empty_like(gradient)
    for k in range(p - 1, -1, -1):
        known = np.einsum("ij,ij->i", rows[:, k, k + 1 : p], step[:, k + 1 :])
        step[:, k] = (rows[:, k, p] - known) / rows[:, k, k]
    usable = np.all(np.isfinite(hessian), axis=(1, 2)) & np.all(np.isfinite(gradient), axis=1)
    bent = np.flatnonzero(usable & ~convex)
    if len(bent):
        curvatures, axes = np.linalg.eigh(hessian[bent])
        size = np.abs(curvatures)
        size = np.maximum(size, 1e-3 * size.max(axis=1, keepdims=True))
        along = np.einsum("ij,ijk->ik", gradient[bent], axes) / size
        step[bent] = -np.einsum("ijk,ik->ij", axes, along)
    step[~usable] = np.nan
    return step, convex & usable


class _Expansion(NamedTuple):
    """Values of groups, gradients and Hessians: shapes (n,), (n, p) and (n, p, p)."""

    value: Array
    gradient: Array
    hessian: Array

    def take(self, chosen: Any) -> _Expansion:
        """Those of some groups."""
        return _Expansion(*(part[chosen] for part in self))

    def put(self, chosen: Any, other: _Expansion) -> None:
        """Replace those of some groups."""
        for part, new in zip(self, other, strict=True):
            part[chosen] = new
