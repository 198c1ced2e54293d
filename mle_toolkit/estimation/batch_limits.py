"""Whether a law that a family tends to is as good, for each of many groups, as the maximum within the family."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.groups import Groups
from mle_toolkit.errors import MleError
from mle_toolkit.estimation.batch_climb import SURE_GAIN, Batch, Settled, allows, has_a_say, is_interior
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.estimation.vectorised import is_concave, is_vectorised
from mle_toolkit.families.base import Family
from mle_toolkit.families.relations import Limit, LimitOfGroups
from mle_toolkit.likelihood.kernels.groups import AT_LIMIT, OPEN, SETTLED

_SURELY_BELOW, _NEARLY_THERE, _CLOSE = 1e-11, 0.1, 0.1
"""How far a climb that has run off must be below a limiting law to be below it without doubt, relative to the
log-likelihood; how near it must have come, nats; and how near the other parameters, standard errors."""

_SPREAD = 0.75
"""Between quartiles, or from 0 to the median, of a group in its unit: between a half and 1."""


def compare_with_limits(
    family: Family,
    groups: Groups,
    twin: ModuleType | None,
    settled: Settled,
    settle: Callable[[Family, Groups], Settled],
) -> None:
    """Leave open the groups in which a limiting law is as good as the maximum, or not settled itself."""
    chosen = np.flatnonzero((settled.status == SETTLED) | settled.ran_off)
    inside, limits = settled.status == SETTLED, family.limits if len(chosen) else ()
    laws = [_law_of_groups(limit, groups) for limit in limits]
    found: dict[Family, Settled] = {}
    some = groups.take(chosen)
    rivals = np.full((len(limits), len(groups)), -np.inf)
    for limit, law, rival in zip(limits, laws, rivals, strict=True):
        if law not in found:
            found[law] = _maxima(law, some, inside[chosen], settle).spread(chosen, len(groups))
        rival[chosen] = _heights(limit, law, found[law])[chosen]
    if groups.ends is not None:
        rivals = np.concatenate([rivals, [_in_windows(family, groups, groups.ends[2:], inside)]])
    beaten = inside & ~(settled.llf > rivals.max(axis=0, initial=-np.inf) + SURE_GAIN)
    for k, (limit, law) in enumerate(zip(limits, laws, strict=True)):
        if groups.ends is not None:
            break
        at = found[law]
        others = np.delete(rivals, k, axis=0).max(axis=0, initial=-np.inf)
        # Climbs that came nearer and nearer to it, and stayed below; or to a maximum that is below it.
        lack = rivals[k] - settled.llf
        below = (lack > _SURELY_BELOW * (1.0 + np.abs(rivals[k]))) & (lack < _NEARLY_THERE)
        sure = (settled.ran_off & below) | ((settled.status == SETTLED) & (lack > SURE_GAIN))
        sure &= (rivals[k] > others + SURE_GAIN) & np.isfinite(rivals[k]) & np.all(np.isfinite(at.theta), axis=1)
        charted = family.chart is not None and family.chart.of_groups is not None
        if (charted or family.spurious is not None) and limit.of_groups is None:
            sure[:] = False
        elif has_a_say(family):
            sure[sure] = [allows(family, groups.sample(g)) for g in np.flatnonzero(sure).tolist()]
        there = groups.take(np.flatnonzero(sure))
        sure[sure] = ~_reached_inside(family, there, twin, rivals[k, sure], at.theta[sure], limit.of_groups)
        _enter(family, settled, np.flatnonzero(sure), at, k)
    settled.leave_open(np.flatnonzero((beaten & (settled.status == SETTLED)) | (settled.status == OPEN)))


def _law_of_groups(limit: Limit, groups: Groups) -> Family:
    """The law by which a limit is found for groups."""
    return limit.family if limit.of_groups is None or groups.ends is not None else limit.of_groups.family


def _heights(limit: Limit, law: Family, found: Settled) -> Array:
    """Log-likelihoods at a limit: -inf in groups that have none there, inf where that is not known."""
    heights = np.where(found.status == SETTLED, found.llf, np.inf)
    if limit.of_groups is None or law is limit.family:
        return heights
    return np.where((found.status == SETTLED) & ~limit.of_groups.takes(found.theta), -np.inf, heights)


def _maxima(law: Family, groups: Groups, inside: Mask, settle: Callable[[Family, Groups], Settled]) -> Settled:
    """The maxima of a law that another tends to; a log-likelihood of -inf, settled, where it has none.

    Where they are found one by one they are of the groups inside, without parameters; the others stay open.
    """
    if law.from_groups is not None and law.entropy is not None and groups.ends is None:
        return _by_entropy(groups, law.from_groups, law.entropy)
    if is_vectorised(law):
        found = settle(law, groups)
        possible = groups.all((groups.x >= law.support.lower) & (groups.x <= law.support.upper))
        none = (found.status != SETTLED) & ~possible
        found.llf[none] = -np.inf
    else:
        found, none = Settled.nothing(len(groups), len(law.parameters)), inside
        found.llf[none] = [_alone(law, groups, g) for g in np.flatnonzero(none).tolist()]
    found.status[none] = SETTLED
    return found


def _reached_inside(
    family: Family,
    groups: Groups,
    twin: ModuleType | None,
    rival: Array,
    theta: Array,
    limit: LimitOfGroups | None,
) -> Mask:
    """Whether a climb from another start comes as high as a limiting law, to which all others ran off.

    For counts, whose laws have no scale, and for laws that know their maximum, that is one of its own; else for each
    size of the first shape the best law for each group. A limit that is found for groups says where: beside itself.
    """
    higher = np.zeros(len(groups), dtype=bool)
    own = family.discrete or family.from_sample is not None
    of_groups = family.starts_of_groups is not None and groups.ends is None  # which have been climbed from
    ppf = family.ppf
    if len(groups) == 0 or (limit is None and (of_groups or (family.start if own else ppf) is None)):
        return higher
    with np.errstate(all="ignore"):
        batch = Batch(family, groups, ~higher, twin)
        firsts: list[Array] = []
        if limit is not None:
            units = batch.objective.units.inverse
            firsts = [batch.objective.from_theta(units.params_to_data(batch.law, limit.beside(theta)).T)]
        elif own:
            firsts = [np.array([batch.own_starts(g)[0] for g in range(len(groups))])]
        elif ppf is not None:
            laws = _by_shapes(family, ppf)
            sizes = sorted({theta[0] for theta in laws})
            firsts = [batch.best_of([theta for theta in laws if theta[0] == size]) for size in sizes]
        for first in firsts:
            _, value, _, _ = batch.climb(first, np.full_like(first, np.nan), np.full(len(groups), np.inf))
            reached = batch.objective.loglik(value)
            higher |= ~(reached < rival - _SURELY_BELOW * (1.0 + np.abs(rival))) & (value < np.inf)
    return higher


def _by_shapes(family: Family, ppf: Callable[..., Array]) -> list[Array]:
    """Laws of small, middling and large shapes, whose quartiles are where those of a group are in its unit."""
    grids = []
    for p in family.parameters:
        low, high = p.typical
        middle = 0.5 * (low + high)
        smaller = [0.25 * low] if low > 0 else []
        grids.append([*smaller, low, middle, high] if p.role == "shape" else [middle])
    roles = [p.role for p in family.parameters]
    laws: list[Array] = []
    for values in product(*grids):
        theta = np.array(values)
        plain = [{"location": 0.0, "scale": 1.0}.get(role, v) for role, v in zip(roles, values, strict=True)]
        if not is_interior(family, plain):
            continue
        low, middle, high = np.asarray(ppf(np.array([0.25, 0.5, 0.75]), *plain), dtype=float).tolist()
        spread = high - low if "location" in roles else abs(middle)
        if not spread > 0:
            continue
        scale = _SPREAD / spread
        theta[[role == "scale" for role in roles]] = scale
        theta[[role == "location" for role in roles]] = -scale * middle
        if is_interior(family, theta):
            laws.append(theta)
    return laws


def _enter(family: Family, settled: Settled, sure: NDArray[np.intp], at: Settled, place: int) -> None:
    """Enter the maxima of a limiting law, if its parameters are those of the family, and the others at an end."""
    limit = family.limits[place]
    if len(sure) == 0 or limit.last:
        return
    embed = limit.embed if limit.of_groups is None else limit.of_groups.embed
    own, se = at.theta[sure], at.se[sure]
    theta, errors = np.empty((2, len(sure), len(family.parameters)))
    theta[:] = [embed(*row) for row in own.tolist()]
    for k, p in enumerate(family.parameters):
        same = [j for j in range(own.shape[1]) if np.array_equal(np.abs(theta[:, k]), np.abs(own[:, j]))]
        if not same and np.any(p.domain.contains(theta[:, k])):
            return  # a function of several: for the ordinary fit
        errors[:, k] = se[:, same[0]] if same else np.nan
    # What did not run off is where the limiting law has it.
    near = np.all(~(np.abs(theta - settled.theta[sure]) > _CLOSE * errors), axis=1)
    sure, theta, errors = sure[near], theta[near], errors[near]
    settled.theta[sure], settled.se[sure], settled.llf[sure] = theta, errors, at.llf[sure]
    settled.status[sure] = AT_LIMIT + place


def _in_windows(family: Family, groups: Groups, ends: tuple[Array, ...], chosen: Mask) -> Array:
    """Log-likelihood of some groups at the maximum of the laws that a family tends to as seen through their windows."""
    rival = np.full(len(groups), -np.inf)
    if is_concave(family, groups):
        return rival  # no limit is above a maximum
    low, high = ends
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


def _by_entropy(groups: Groups, maxima: Callable[[Groups], tuple[Array, ...]], entropy: Callable[..., Any]) -> Settled:
    """The maximum of each group by a law that attains its entropy there; a log-likelihood of -inf where it has none.

    Without standard errors: those at a limit are of all parameters or none, and an end of a support has none.
    """
    with np.errstate(all="ignore"):
        params = [np.concatenate(each) for each in zip(*map(maxima, groups.parts()), strict=True)]
        loglik = -groups.nobs * np.asarray(entropy(*params))
    found = Settled.nothing(len(groups), len(params))
    found.status[:] = SETTLED
    found.llf[:] = np.where(np.isnan(loglik), -np.inf, loglik)
    found.theta[:] = np.stack(params, axis=1)
    return found
