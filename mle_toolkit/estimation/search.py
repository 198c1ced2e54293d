"""The search for a maximum: from several starts, on both sides of 0, at cusps."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import NoMaximumError, UnboundedLikelihoodError
from mle_toolkit.estimation.climb import climb, is_minimum
from mle_toolkit.estimation.climbed import Climbed, climbed_from
from mle_toolkit.estimation.climbs import AtLimit, Climbs
from mle_toolkit.estimation.irregular import highest_end
from mle_toolkit.estimation.maximum import Maximum, objective_near, params_of
from mle_toolkit.estimation.profiles import Profiles
from mle_toolkit.estimation.starts import domains_of, in_unit, starts_of
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import NonZero
from mle_toolkit.likelihood.sums import Likelihood


def by_search(
    family: Family,
    likelihood: Likelihood,
    fixed: Mapping[str, Any],
    bounds: Mapping[str, tuple[float | None, float | None]],
    start: Mapping[str, Any] | None,
    solver: str | None,
    at_limit: AtLimit | None = None,
) -> Maximum:
    """Search from several starts, keep the best, and settle bounds that the maximum lies on.

    Where a climb is stuck ``at_limit``, beside a limiting law with which its end will be compared, that is its end.
    """
    if family.cusp is not None and not likelihood.plain and family.cusp not in fixed and start is None and not bounds:
        return _also_at_cusps(family, likelihood, family.cusp, fixed, solver, at_limit)
    if family.cusp_near is not None and likelihood.plain and likelihood.data.in_memory and not bounds:
        held = _at_cusp_near(family, likelihood, family.cusp_near, fixed)
        if held is not None:
            return held
    return _by_climbs(family, likelihood, fixed, bounds, start, solver, at_limit)


def _by_climbs(
    family: Family,
    likelihood: Likelihood,
    fixed: Mapping[str, Any],
    bounds: Mapping[str, tuple[float | None, float | None]],
    start: Mapping[str, Any] | None,
    solver: str | None,
    at_limit: AtLimit | None = None,
) -> Maximum:
    """From climbs, but where these lead nowhere: over ends of supports, or from one side of 0 to the other."""
    # A law without a way of its own to a kink is tried at every observation that is near.
    if not likelihood.plain or (family.at_observations is None and family.has_kinks()):
        irregular = [p.name for p in family.parameters if not p.regular and p.name not in fixed]
        if irregular:
            return Profiles(family, likelihood, irregular, fixed, bounds, start or {}, solver, by_search).highest()
    two_sided = next((p.name for p in family.parameters if isinstance(p.domain, NonZero) and p.name not in fixed), None)
    if two_sided is not None and (fixed or bounds) and not _on_one_side(bounds.get(two_sided)):
        return _by_sides(family, likelihood, two_sided, fixed, bounds, start, solver)
    return Climbs(family, likelihood, fixed, bounds, start, solver, at_limit, by_search).highest()


def _also_at_cusps(
    family: Family,
    likelihood: Likelihood,
    cusp: str,
    fixed: Mapping[str, Any],
    solver: str | None,
    at_limit: AtLimit | None,
) -> Maximum:
    """Where climbs end; if in no maximum nor beside a limit, the highest one with the cusp at an observation."""
    try:
        end: Maximum | UnboundedLikelihoodError = _by_climbs(family, likelihood, fixed, {}, None, solver, at_limit)
    except UnboundedLikelihoodError as error:
        end = error
    found = end if isinstance(end, Maximum) else None
    arrived = found is not None and (_is_smooth_at(found, at_limit) or found.is_certified)
    if not arrived:
        with contextlib.suppress(NoMaximumError):
            held = _at_cusp(family, likelihood, cusp, fixed, found)
            if held is not None:
                return held
    if isinstance(end, Maximum):
        return end
    raise end


def _is_smooth_at(found: Maximum, at_limit: AtLimit | None) -> bool:
    """Whether a climb ended beside a limiting law, and on its way there was by no cusp."""
    params = params_of(found)
    if at_limit is None or found.family.irregular(*params) or found.family.rough(*params):
        return False
    return at_limit(found.likelihood, found.theta_in_unit)


def _at_cusp(
    family: Family, likelihood: Likelihood, cusp: str, fixed: Mapping[str, Any], found: Maximum | None
) -> Maximum | None:
    """The highest maximum with the cusp of the density at an observation, if any; from where climbs were found."""
    data, domains = likelihood.data, domains_of(family)
    places = np.unique(data.lower[data.lower == data.upper])
    given = {name: in_unit(family, likelihood, name, value) for name, value in fixed.items()}
    at = family.param_names.index(cusp)
    free = [p.name != cusp and p.name not in given for p in family.parameters]
    begin = starts_of(family, likelihood, domains, given, None)[:1]
    begin += [] if found is None else [found.theta_in_unit]

    def moved(theta: Array, place: float) -> Array:
        theta = theta.copy()
        theta[at] = in_unit(family, likelihood, cusp, place)[0]
        return theta

    def climbed(near: Array, rescued: bool) -> Climbed | None:
        if not rescued:
            return climbed_from(likelihood, near, free)
        objective = objective_near(likelihood, domains, near, free, charted=False)
        u = objective.coordinates.from_theta(near)
        ends_here = climb(objective, [u], "newton", at_limit=lambda u: True)  # it has no kink beside the cusp
        end = next((end for end in ends_here if is_minimum(objective, end.u)), None)
        return None if end is None else Climbed(likelihood, end.value, objective.coordinates.to_theta(end.u))

    ends: list[tuple[float, float, Array]] = []
    lost = 0

    def height(place: float) -> float:
        nonlocal lost
        if lost == _LOST_CLIMBS:
            return -np.inf
        known = [min(ends, key=lambda end: end[:2])[2]] if ends else []
        starts = sorted([moved(theta, place) for theta in (*known, *begin)], key=lambda at: -likelihood.mean_loglik(at))
        rescued = not ends and lost < _RESCUED_CLIMBS  # a slower method too, while there is none to begin from
        found = (climbed(near, rescued) for near in starts[: _BEGINNINGS if ends else 1])
        end = next((end for end in found if end is not None), None)
        if end is None:
            lost += 1
            return -np.inf
        ends.append((end.value, place, end.theta))
        return -end.value

    if len(places):
        highest_end(height, places)
    for _, place, theta in sorted(ends, key=lambda end: end[:2])[:_CERTIFIED]:  # the others are spikes as a rule
        values = family.unpack(likelihood.unit.params_to_data(family, theta))
        named = {name: v for name, v in zip(family.param_names, values, strict=True) if name not in fixed}
        others = {name: v for name, v in named.items() if name != cusp}
        held = replace(_by_climbs(family, likelihood, {**fixed, cusp: place}, {}, others, None), fixed=tuple(fixed))
        if cusp not in family.irregular(*params_of(held)):  # it is smooth there
            held = _by_climbs(family, likelihood, fixed, {}, named, None)
        if held.is_certified:
            return held
    return None


def _at_cusp_near(
    family: Family, likelihood: Likelihood, near: Callable[..., float | None], fixed: Mapping[str, Any]
) -> Maximum | None:
    """The maximum with the cusp at an observation to which climbs over the others lead; None if there is no cusp."""
    given = {name: in_unit(family, likelihood, name, value) for name, value in fixed.items()}
    first = starts_of(family, likelihood, domains_of(family), given, None)[0]
    params = family.unpack(likelihood.unit.params_to_data(family, first))
    best: Maximum | None = None
    while (place := near(likelihood.data, fixed, *params)) is not None:
        others = {n: v for n, v in zip(family.param_names, params, strict=True) if n != "loc" and n not in fixed}
        try:
            held = _by_climbs(family, likelihood, {**fixed, "loc": place}, {}, others or None, None)
        except NoMaximumError:
            break
        if best is not None and not held.loglik > best.loglik:
            break
        best, params = replace(held, fixed=tuple(fixed)), family.unpack(held.theta)
    return best


def _on_one_side(bound: tuple[float | None, float | None] | None) -> bool:
    low, high = bound or (None, None)
    return (low is not None and low >= 0) or (high is not None and high <= 0)


def _by_sides(
    family: Family,
    likelihood: Likelihood,
    name: str,
    fixed: Mapping[str, Any],
    bounds: Mapping[str, tuple[float | None, float | None]],
    start: Mapping[str, Any] | None,
    solver: str | None,
) -> Maximum:
    """Search on both sides of 0 for a parameter that cannot be 0, and keep the better end; on that of a start alone."""
    low, high = bounds.get(name, (None, None))
    sides: list[tuple[float | None, float | None]] = [(0.0, high), (low, 0.0)]
    if start is not None and name in start:
        sides = sides[:1] if start[name] > 0 else sides[1:]
    ends, failures = [], []
    for side in sides:
        try:
            ends.append(by_search(family, likelihood, fixed, {**bounds, name: side}, start, solver))
        except NoMaximumError as error:
            failures.append(error)
    if not ends:
        raise failures[0]
    return max(ends, key=lambda end: end.loglik)


_CERTIFIED, _LOST_CLIMBS, _RESCUED_CLIMBS, _BEGINNINGS = 4, 8, 2, 2
"""Ends with a cusp at an observation of which the highest is sought that is a maximum, climbs that may fail, how many
of them another method takes over, and from how many points one may begin."""
