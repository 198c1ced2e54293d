"""The search for a maximum: from several starts, on both sides of 0, over ends of supports."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import SKETCH_ROWS
from mle_toolkit.errors import NoMaximumError, UnboundedLikelihoodError
from mle_toolkit.estimation.certificate import Certificate, Verdict
from mle_toolkit.estimation.climb import (
    NEAR_BOUND,
    TRUST,
    ClimbEnd,
    climb,
    climb_in_levels,
    is_minimum,
    least_value,
    newton_end,
)
from mle_toolkit.estimation.irregular import candidates, has_run_off, highest, highest_end, on_an_end, uphill
from mle_toolkit.estimation.maximum import SAME_NATS, Maximum, in_domains, maximum_at, objective_near, params_of
from mle_toolkit.estimation.otherwise import otherwise
from mle_toolkit.estimation.run_off import StillRisingError, check_not_certain, settle_run_off, unbounded
from mle_toolkit.estimation.scattered import may_hide_maxima, scattered
from mle_toolkit.estimation.sharp import in_smooth_coordinates
from mle_toolkit.estimation.starts import bounded_domains, domains_of, in_unit, starts_of
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import Interval, NonZero
from mle_toolkit.likelihood.coordinates import ChartCoordinates, ChartObjective, Objective
from mle_toolkit.likelihood.sums import Likelihood

AtLimit = Callable[[Likelihood, Array], bool]
"""Takes parameters in the unit of the likelihood; says whether they stand beside a limiting law that is higher."""


def _nowhere_beside(u: Array) -> bool:
    return False


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
    *,
    charted: bool = True,
) -> Maximum:
    # A law without a way of its own to a kink is tried at every observation that is near.
    if not likelihood.plain or (family.at_observations is None and family.has_kinks()):
        irregular = [p.name for p in family.parameters if not p.regular and p.name not in fixed]
        if irregular:
            return _by_profiles(family, likelihood, irregular, fixed, bounds, start, solver)
    two_sided = next((p.name for p in family.parameters if isinstance(p.domain, NonZero) and p.name not in fixed), None)
    if two_sided is not None and (fixed or bounds) and not _on_one_side(bounds.get(two_sided)):
        return _by_sides(family, likelihood, two_sided, fixed, bounds, start, solver)
    domains = bounded_domains(family, likelihood, bounds)
    given = {name: in_unit(family, likelihood, name, value) for name, value in fixed.items()}
    free = [p.regular and p.name not in given for p in family.parameters]
    starts = starts_of(family, likelihood, domains, given, start)
    if not starts:
        raise _nowhere(family)
    if family.one_maximum and likelihood.plain and not given and not bounds:
        starts = starts[:1]
    method = "newton" if solver in (None, "closed-form") else str(solver)

    objective = objective_near(likelihood, domains, starts[0], free, charted=charted and not bounds)
    coordinates = objective.coordinates
    small = _on_sketch(objective)
    points = [coordinates.from_theta(theta) for theta in starts]
    own = start is None and solver is None and not bounds
    inner = small.inner if isinstance(small, ChartObjective) else small
    scatters = own and inner.coordinates.intervals_only and coordinates.n_free > 1
    if scatters and may_hide_maxima(likelihood.data, coordinates.n_free):
        points += scattered(inner, points[0])
    is_sound = _is_sound(small)
    beside = _nowhere_beside
    if own and not given and at_limit is not None and small is objective:
        beside = lambda u: at_limit(likelihood, coordinates.to_theta(u))  # noqa: E731
    below: list[Array] = []
    partly = isinstance(coordinates, ChartCoordinates) and coordinates.chart.serves is not None and own and not given
    steep = partly and family.unbounded is not None and family.unbounded(likelihood.data, fixed) is not None
    ends = climb(small, points, method, sound=is_sound, at_limit=beside, left=below, rescued=not steep)
    if not ends:
        raise _nowhere(family)
    if partly and not is_minimum(small, min(ends, key=lambda end: end.value).u):
        return _by_climbs(family, likelihood, fixed, bounds, start, solver, at_limit, charted=False)
    if own and not given and small is objective and not (likelihood.plain or partly):
        ends += otherwise(small, domains, starts if charted else [], ends)
    narrow: list[ClimbEnd] = []
    if family.spurious is not None and likelihood.exact is not None:  # of probabilities alone a likelihood has a bound
        ends, narrow = _without_spurious(small, ends, fixed)
    lowest = min([end.value for end in ends])
    agreeing = sum([(end.value - lowest) * small.likelihood.nobs <= 1e-6 for end in ends])

    def settled(best: ClimbEnd) -> Maximum:
        theta = coordinates.to_theta(best.u)
        arranged = likelihood.family.arranged
        searched: tuple[Objective, Array] | None = (objective, best.u)
        # Components of a mixture keep the names that a caller gave them; angles are on one turn in any case.
        if arranged is not None and ((not given and start is None) or (family.period is not None and not bounds)):
            searched = None
            theta = np.concatenate([np.ravel(value) for value in arranged(*family.unpack(theta))])
            for name, value in given.items():
                theta[family.places[family.param_names.index(name)]] = np.ravel(value)
        found = maximum_at(
            family,
            likelihood,
            theta,
            free,
            best.method,
            fixed=tuple(fixed),
            n_starts=len(points),
            n_agreeing=agreeing,
            searched=searched,
        )
        found = in_smooth_coordinates(found) if own else found
        # On the way to the unit of the data rounding may move an end of a support past an observation.
        if fixed:
            found = replace(found, theta=_as_given(family, found.theta, fixed))
        if isinstance(coordinates, ChartCoordinates) and not in_domains(family, theta):
            return replace(found, value=-best.value)  # beside a limiting law, with which it will be compared
        if best.at_limit:
            check_not_certain(found)
            return found
        on_bound = _on_bounds(found, bounds)
        if on_bound:
            pinned = by_search(family, likelihood, {**fixed, **on_bound}, {}, start, solver)
            return replace(pinned, fixed=tuple(fixed), boundary=tuple(on_bound))
        try:
            return settle_run_off(found, starts[0])
        except StillRisingError:
            rising.append(found)
            return found

    rising: list[Maximum] = []
    best = min(ends, key=lambda end: end.value)
    if own and family.confined is not None and likelihood.exact is None and not is_sound(best.u):
        found = _beside_confined(best, [end for end in ends if is_sound(end.u)], settled)
        if found is not None:
            return found
    if small is not objective:
        # Starts far from the maximum were settled on the subsample.
        whole = climb_in_levels(objective, small, best.u, method, points)
        if not whole:
            raise _nowhere(family)
        return settled(min(whole, key=lambda end: end.value))
    try:
        found = settled(best)
        if rising:
            raise StillRisingError(family.name)
        follows = bool(below) and family.spurious is None and len(points) == len(starts)
        if follows and not (best.at_limit or found.boundary or is_minimum(small, best.u)):
            # The highest is no maximum, and of starts that were not scattered each may lead elsewhere.
            higher = [end for u in below[:_BELOW] for end in climb(small, [u], method) if end.value < best.value]
            found = settled(min(higher, key=lambda end: end.value)) if higher else found
        if family.spurious is None or family.discrete or likelihood.plain:  # counts have no spikes
            return found
        return _below_supremum(found, small, ends, settled)
    except (UnboundedLikelihoodError, StillRisingError):
        local = narrow or [end for end in ends if end is not best and is_minimum(small, end.u)]
        if not local and not likelihood.plain and small is objective and likelihood.data.n_rows > coordinates.n_free:
            # Where one climb has no bound, it ended those that were stuck below it. Of fewer rows all have none.
            alone = [end for u in below for end in climb(small, [u], method)]
            local = [end for end in alone if is_minimum(small, end.u)]
        if not local and rising:
            return rising[0]
        if not local:
            raise
        found = settled(min(local, key=lambda end: end.value))
        # What the law knows of the places without a bound is said better by itself.
        return found if found.elsewhere or family.unbounded else replace(found, elsewhere=_ELSEWHERE)


_BELOW = 3
"""Points below the highest, if that is no maximum, from which slower methods climb too."""

_ELSEWHERE = "from another start the search ran off, and the likelihood went on rising"


def _also_at_cusps(
    family: Family,
    likelihood: Likelihood,
    cusp: str,
    fixed: Mapping[str, Any],
    solver: str | None,
    at_limit: AtLimit | None,
) -> Maximum:
    """Where climbs end; if in no maximum, but by a cusp, the highest one with this at an observation."""
    try:
        end: Maximum | UnboundedLikelihoodError = _by_climbs(family, likelihood, fixed, {}, None, solver, at_limit)
    except UnboundedLikelihoodError as error:
        end = error
    found = end if isinstance(end, Maximum) else None
    if found is None or not (_is_smooth(found) or found.is_certified):
        with contextlib.suppress(NoMaximumError):
            held = _at_cusp(family, likelihood, cusp, fixed, found)
            if held is not None:
                return held
    if isinstance(end, Maximum):
        return end
    raise end


def _is_smooth(found: Maximum) -> bool:
    params = params_of(found)
    return not (found.family.irregular(*params) or found.family.rough(*params))


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

    ends: list[tuple[float, float, Array]] = []
    lost = 0

    def height(place: float) -> float:
        nonlocal lost
        if lost == _LOST_CLIMBS:
            return -np.inf
        if ends:
            near = min(ends, key=lambda end: end[:2])[2]
        else:
            near = max(begin, key=lambda theta: likelihood.mean_loglik(moved(theta, place)))
        objective = objective_near(likelihood, domains, moved(near, place), free, charted=False)
        u = objective.coordinates.from_theta(moved(near, place))
        if ends or lost >= _RESCUED_CLIMBS:
            end = newton_end(objective, u)
        else:  # a slower method too, while there is none to begin from
            ends_here = climb(objective, [u], "newton", at_limit=lambda u: True)  # it has no kink beside the cusp
            end = next((end for end in ends_here if is_minimum(objective, end.u)), None)
        if end is None:
            lost += 1
            return -np.inf
        ends.append((end.value, place, objective.coordinates.to_theta(end.u)))
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


def _as_given(family: Family, theta: Array, fixed: Mapping[str, Any]) -> Array:
    """Parameters in the unit of the data, those that are known to the last bit as they were given."""
    exact = theta.copy()
    for name, value in fixed.items():
        exact[family.places[family.param_names.index(name)]] = np.ravel(value)
    return exact


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


def _nowhere(family: Family) -> NoMaximumError:
    return NoMaximumError(
        f"{family.name}: the log-likelihood is not finite at any starting point, so no search can begin. "
        f"Give a start: fit(..., start={{...}})."
    )


_LOOKS_ANEW = 24
"""Looks at a profile for which the search of the others begins anew; those that follow begin where the best ended."""


def _by_profiles(
    family: Family,
    likelihood: Likelihood,
    irregular: Sequence[str],
    fixed: Mapping[str, Any],
    bounds: Mapping[str, tuple[float | None, float | None]],
    start: Mapping[str, Any] | None,
    solver: str | None,
) -> Maximum:
    """Maximise over ends of supports and kinks too, which a search cannot climb, where intervals leave no closed form.

    The others are maximised for each of their values; several irregular parameters take turns. The maximum is at
    an end of an interval, or where the profile is smooth between two of them.
    """
    start = dict(start or {})
    first = likelihood.unit.params_to_data(family, starts_of(family, likelihood, domains_of(family), {}, start)[0])
    values = dict(zip(family.param_names, family.unpack(first), strict=True))
    at = {name: on_an_end(float(fixed.get(name, values[name])), likelihood.data) for name in irregular}
    best: Maximum | None = None
    spike: UnboundedLikelihoodError | None = None
    alone = [p.name for p in family.parameters if p.name not in at and p.name not in fixed]
    looks, highest_of_all = 0, -least_value(likelihood) * likelihood.nobs

    def climbed(ends: Mapping[str, float]) -> float:
        nonlocal best, spike, looks
        if best is not None and best.loglik >= highest_of_all - (NEAR_BOUND if best.method == TRUST else 0.0):
            return -np.inf
        for name, value in ends.items():
            domain = family.parameters[family.param_names.index(name)].domain
            low, high = bounds.get(name, (None, None))
            if not np.all(domain.contains(np.asarray(value))) or (low is not None and value < low):
                return -np.inf
            if high is not None and value > high:
                return -np.inf
        others = {key: bound for key, bound in bounds.items() if key not in at}
        known = {key: v for key, v in start.items() if key not in at}
        looks += 1
        if best is not None and looks > _LOOKS_ANEW:
            there = dict(zip(family.param_names, family.unpack(best.theta), strict=True))
            known |= {name: there[name] for name in alone}
        try:
            found = by_search(family, likelihood, {**fixed, **at, **ends}, others, known or None, solver)
        except UnboundedLikelihoodError as error:
            spike = error
            return -np.inf
        except NoMaximumError as error:
            if error.certificate is not None:
                raise  # nothing is higher than where the law has concentrated in all intervals
            return -np.inf
        loglik = found.loglik
        if np.isnan(loglik):
            return -np.inf
        if best is None or loglik > best.loglik:
            best = found
        return loglik

    last = -np.inf
    for turn in range(_TURNS):
        for name in irregular:
            domain = family.parameters[family.param_names.index(name)].domain
            whole = isinstance(domain, Interval) and domain.integer
            profile = lambda v, name=name: climbed({name: v})  # noqa: E731
            tried = candidates(likelihood.data, at[name], domain)
            at[name] = highest(profile, at[name], tried, 1 if turn else _BEST_ENDS, whole=whole)
        if len(irregular) == 1 or best is None or not best.loglik - last > _SAME_LOGLIK * max(1.0, abs(best.loglik)):
            break
        last = best.loglik
        if not whole:
            at = uphill(climbed, at, likelihood.data)
    if best is None:
        raise NoMaximumError(
            f"{family.name}: the log-likelihood is not finite for any value of {' and '.join(irregular)} that was "
            f"tried, so no search can begin. Give a start: fit(..., start={{...}})."
        )
    if spike is not None and best.boundary and not bounds:
        raise spike  # the best ran to the end of its domain as well: beside a value without a bound
    if not bounds:
        check_not_certain(best)
    run_off = tuple(name for name, value in at.items() if has_run_off(value, likelihood.data))
    return replace(best, fixed=tuple(fixed), run_off=run_off)


_CERTIFIED, _LOST_CLIMBS, _RESCUED_CLIMBS = 4, 8, 2
"""Ends with a cusp at an observation of which the highest is sought that is a maximum, climbs that may fail, and how
many of them another method takes over."""


_TURNS = 20


_SAME_LOGLIK = 1e-11


_BEST_ENDS = 3
"""Ends beside which the highest point is looked for, at the first turn."""


def _is_sound(objective: Objective) -> Callable[[Array], bool]:
    """Whether a point is no accident of a few observations, by which a likelihood without a bound deceives."""
    likelihood, family = objective.likelihood, objective.likelihood.family
    spurious = family.spurious
    if likelihood.exact is None and family.confined is not None:
        confined, intervals = family.confined, likelihood.sample
        return lambda u: not confined(intervals, *family.unpack(objective.coordinates.to_theta(u)))
    if spurious is None or likelihood.exact is None:
        return lambda u: True
    points = likelihood.as_points
    return lambda u: not spurious(points, *family.unpack(objective.coordinates.to_theta(u)))


def _without_spurious(
    objective: Objective, ends: Sequence[ClimbEnd], fixed: Mapping[str, Any]
) -> tuple[list[ClimbEnd], list[ClimbEnd]]:
    """The ends that are sound; and the others that are maxima all the same, though of a few observations.

    Those are all there is where no other is left.
    """
    likelihood, family = objective.likelihood, objective.likelihood.family
    is_sound = _is_sound(objective)
    sound = [is_sound(end.u) for end in ends]
    narrow = [end for end, well in zip(ends, sound, strict=True) if not well and is_minimum(objective, end.u)]
    kept = [end for end, well in zip(ends, sound, strict=True) if well] or narrow
    if not kept:
        reason = None if family.unbounded is None else family.unbounded(likelihood.data, fixed)
        if reason is None and family.spikes is not None and not fixed:
            reason = family.spikes(likelihood.data)
        if reason is None and family.cusp_near is not None and "loc" not in fixed:
            message = (
                f"{family.name}: the search found no maximum: the likelihood is bounded, but with the parameters that "
                f"are known its tops are too sharp for climbs. {family.without_spikes}"
            )
            raise NoMaximumError(message, Certificate(verdict=Verdict.NOT_CONVERGED, message=message, method="newton"))
        # What it says of the best maximum, behind a semicolon, holds where there is one.
        because = "" if reason is None else f": {reason.partition(';')[0]}"
        raise unbounded(
            family,
            f"the likelihood is unbounded{because}; every maximum that the search found is a spike on a few "
            f"observations. {family.without_spikes}",
            likelihood.data,
            "newton",
        )
    return kept, narrow


def _beside_confined(
    best: ClimbEnd, ends: Sequence[ClimbEnd], settled: Callable[[ClimbEnd], Maximum]
) -> Maximum | None:
    """The highest maximum of those that are sound, where the best end has a part that is confined; None without one."""
    for end in sorted(ends, key=lambda end: end.value):
        with contextlib.suppress(NoMaximumError):
            found = settled(end)
            if found.certify().ok and not found.boundary:
                why = "it is higher with a part of the law between neighbouring ends of intervals, and as that narrows"
                higher = (end.value - best.value) * found.likelihood.nobs > SAME_NATS
                return replace(found, elsewhere=why) if higher else found
    return None


def _below_supremum(
    found: Maximum, objective: Objective, ends: Sequence[ClimbEnd], settled: Callable[[ClimbEnd], Maximum]
) -> Maximum:
    """What was found, with the highest maximum in the interior where it only approaches a supremum.

    There a law narrows on intervals, as that of one component of a mixture does on rows below a limit of detection.
    """
    supremum = found.supremum()
    if supremum is None and found.boundary:
        names = ", ".join(found.boundary)
        supremum = f"the log-likelihood only approaches its supremum, {found.loglik:.8g}, as {names} runs off"
    if supremum is None:
        return found
    for end in sorted(ends, key=lambda end: end.value):
        if not is_minimum(objective, end.u):
            continue
        with contextlib.suppress(NoMaximumError):
            local = settled(end)
            if local.loglik < found.loglik - SAME_NATS and local.certify().ok and not local.boundary:
                if local.certify().verdict is not Verdict.LOCAL:  # of a likelihood without a bound
                    local = replace(local, elsewhere=f"there is none, as {supremum}")
                return replace(found, local=local)
    return found


_FEW_ROWS = 400
"""Rows of the subsample on which starts are settled where tails are dear."""


def _on_sketch(objective: Objective) -> Objective:
    """The same objective on a subsample, or with fewer moments, where the sample is so large that this pays."""
    likelihood = objective.likelihood
    if isinstance(objective, ChartObjective) and not likelihood.plain and likelihood.data.n_rows > 4 * _FEW_ROWS:
        return objective.on(likelihood.on_sketch(_FEW_ROWS))
    if likelihood.data.n_rows <= 4 * SKETCH_ROWS:
        return objective
    if likelihood.is_cheap:
        rough = likelihood.for_start
        return objective if rough is likelihood else objective.on(rough)
    return objective.on(likelihood.on_sketch())


def _on_bounds(best: Maximum, bounds: Mapping[str, tuple[float | None, float | None]]) -> dict[str, float]:
    """Find the bounds that the search ran into: those from which a step back would lower the likelihood."""
    family, likelihood = best.family, best.likelihood
    on: dict[str, float] = {}
    theta = best.theta_in_unit
    for name, bound in bounds.items():
        for end in bound:
            if end is None:
                continue
            k = sum(p.size for p in family.parameters[: family.param_names.index(name)])
            value = float(in_unit(family, likelihood, name, end)[0])
            at = theta.copy()
            at[k] = value
            near = abs(theta[k] - value) <= 1e-4 * max(1.0, abs(value))
            # Next to the bound the two values may agree to rounding.
            if near and likelihood.mean_loglik(at) >= likelihood.mean_loglik(theta) - 1e-13:
                on[name] = end
    return on
