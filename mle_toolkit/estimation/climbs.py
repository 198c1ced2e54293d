"""Climbs of a likelihood from several starts, and what their ends say of its maximum."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import SKETCH_ROWS
from mle_toolkit.errors import NoMaximumError, UnboundedLikelihoodError
from mle_toolkit.estimation.certificate import Certificate, Verdict
from mle_toolkit.estimation.climb import ClimbEnd, climb, climb_in_levels, is_minimum
from mle_toolkit.estimation.maximum import SAME_NATS, Maximum, in_domains, maximum_at, objective_near
from mle_toolkit.estimation.otherwise import otherwise
from mle_toolkit.estimation.run_off import StillRisingError, check_not_certain, settle_run_off, unbounded
from mle_toolkit.estimation.scattered import few_rows, may_hide_maxima, scattered
from mle_toolkit.estimation.sharp import in_smooth_coordinates
from mle_toolkit.estimation.starts import bounded_domains, in_unit, starts_of
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import Domain
from mle_toolkit.likelihood.coordinates import ChartCoordinates, ChartObjective, Coordinates, Objective
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.numerics.cached import cached_property

AtLimit = Callable[[Likelihood, Array], bool]
"""Takes parameters in the unit of the likelihood; says whether they stand beside a limiting law that is higher."""

_BELOW = 3
"""Points below the highest, if that is no maximum, from which slower methods climb too."""

_RIDGE_ERRORS = (1.0, -1.0, 2.0, -2.0)
"""Standard errors along a ridge from a maximum to where climbs look for another one."""

_ELSEWHERE = "from another start the search ran off, and the likelihood went on rising"

_LOST = "from another start the search came to where rounding hides the likelihood, which may be higher there"


@dataclass(eq=False)
class Climbs:
    """Climbs from several starts.

    Attributes
    ----------
    family : Family
    likelihood : Likelihood
    fixed, bounds, start, solver
        What is asked of the search.
    at_limit : callable or None
        Whether a climb that is stuck stands beside a limiting law with which its end will be compared.
    search : callable
        By which the others are sought where the maximum lies on a bound.
    charted : bool
        Whether coordinates may be those of the law's chart.
    """

    family: Family
    likelihood: Likelihood
    fixed: Mapping[str, Any]
    bounds: Mapping[str, tuple[float | None, float | None]]
    start: Mapping[str, Any] | None
    solver: str | None
    at_limit: AtLimit | None
    search: Callable[..., Maximum]
    charted: bool = True
    _points: int = field(default=0, init=False)
    _agreeing: int = field(default=0, init=False)
    _rising: list[Maximum] = field(default_factory=list, init=False)

    def highest(self) -> Maximum:
        """The highest maximum to which they lead, or where the likelihood goes on rising.

        Raises
        ------
        NoMaximumError
            If no search can begin, or the likelihood has no bound and no maximum below.
        """
        small, points = self._small, self._all_points()
        below: list[Array] = []
        self._points = len(points)
        ends = climb(
            small,
            points,
            self._method,
            sound=_is_sound(small),
            at_limit=self._beside,
            left=below,
            rescued=not (self._partly and self._is_unbounded),
        )
        if not ends:
            raise _nowhere(self.family)
        if self._may_be_on_a_ridge:
            ends += self._along_ridge(min(ends, key=lambda end: end.value))
        if self._partly and not is_minimum(small, min(ends, key=lambda end: end.value).u):
            return replace(self, charted=False).highest()
        if self._is_own and small is self._objective and not (self.likelihood.plain or self._partly):
            ends += otherwise(small, self._domains, self._starts if self.charted else [], ends)
        narrow: list[ClimbEnd] = []
        if self.family.spurious is not None and self.likelihood.has_points:
            ends, narrow = _without_spurious(small, ends, self.fixed)  # of probabilities alone there is a bound
        best = min(ends, key=lambda end: end.value)
        self._agreeing = sum([(end.value - best.value) * small.likelihood.nobs <= 1e-6 for end in ends])
        sound = self._sound_beside(best, ends)
        if sound is not None:
            return sound
        if small is not self._objective:
            # Starts far from the maximum were settled on the subsample.
            whole = climb_in_levels(self._objective, small, best.u, self._method, points)
            if not whole and self.start is None and self.likelihood.data.in_memory:
                # A row that the subsample has not may be outside of the support of all laws that it leads to.
                whole = climb(self._objective, self._points_of_all(), self._method)
            if not whole:
                raise _nowhere(self.family)
            return self._settled(min(whole, key=lambda end: end.value))
        try:
            return self._best_settled(best, ends, below)
        except (UnboundedLikelihoodError, StillRisingError):
            local = self._highest_local(best, ends, narrow, below)
            if local is None:
                raise
            return local

    @cached_property
    def _given(self) -> dict[str, Array]:
        return {name: in_unit(self.family, self.likelihood, name, value) for name, value in self.fixed.items()}

    @cached_property
    def _domains(self) -> list[Domain]:
        return bounded_domains(self.family, self.likelihood, self.bounds)

    @cached_property
    def _free(self) -> list[bool]:
        return [p.regular and p.name not in self._given for p in self.family.parameters]

    @cached_property
    def _starts(self) -> list[Array]:
        starts = starts_of(self.family, self.likelihood, self._domains, self._given, self.start)
        if not starts:
            raise _nowhere(self.family)
        one = self.family.one_maximum and self.likelihood.plain and not self._given and not self.bounds
        return starts[:1] if one else starts

    @cached_property
    def _objective(self) -> Objective:
        charted = self.charted and not self.bounds
        return objective_near(self.likelihood, self._domains, self._starts[0], self._free, charted=charted)

    @cached_property
    def _small(self) -> Objective:
        return _on_sketch(self._objective)

    @property
    def _coordinates(self) -> Coordinates:
        return self._objective.coordinates

    @property
    def _method(self) -> str:
        return "newton" if self.solver in (None, "closed-form") else str(self.solver)

    @property
    def _is_own(self) -> bool:
        """Whether nothing is asked of the search."""
        return self._is_free and not self._given

    @property
    def _is_free(self) -> bool:
        """Whether nothing is asked of it but that some parameters are known."""
        return self.start is None and self.solver is None and not self.bounds

    @property
    def _partly(self) -> bool:
        """Whether the coordinates serve a part of the law alone."""
        coordinates = self._coordinates
        return isinstance(coordinates, ChartCoordinates) and coordinates.chart.serves is not None and self._is_own

    @property
    def _is_unbounded(self) -> bool:
        unbounded = self.family.unbounded
        return unbounded is not None and unbounded(self.likelihood.data, self.fixed) is not None

    def _all_points(self) -> list[Array]:
        """Where climbs begin: at the law's own starts, and at others where few rows may hide maxima."""
        coordinates, small = self._coordinates, self._small
        points = [coordinates.from_theta(theta) for theta in self._starts]
        inner = small.inner if isinstance(small, ChartObjective) else small
        scatters = self._is_free and inner.coordinates.intervals_only and coordinates.n_free > 1
        if scatters and may_hide_maxima(self.likelihood.data, coordinates.n_free):
            points += scattered(inner, points[0])
        return points

    @property
    def _may_be_on_a_ridge(self) -> bool:
        """Whether rows in windows are more than scattered starts are for, of a law of more than two parameters."""
        n_free, small = self._coordinates.n_free, self._small
        inner = small.inner if isinstance(small, ChartObjective) else small
        data = self.likelihood.data
        several = self._is_free and inner.coordinates.intervals_only and n_free > 2 and small is self._objective
        return several and data.window is not None and not data.is_multivariate and data.n_rows > few_rows(n_free)

    def _along_ridge(self, best: ClimbEnd) -> list[ClimbEnd]:
        """The maximum to which climbs lead from both sides of one, on the line where it is flattest; none but a higher.

        What windows hide makes likelihoods of more than two parameters flat on one line, on which may be two maxima.
        """
        small = self._small
        if not is_minimum(small, best.u):
            return []
        curvatures, axes = np.linalg.eigh(small.hessian(best.u) * small.likelihood.nobs)
        points = [best.u + share * axes[:, 0] / np.sqrt(curvatures[0]) for share in _RIDGE_ERRORS]
        others = climb(small, [best.u, *points], self._method, sound=_is_sound(small))
        higher = [end for end in others if end.value < best.value and is_minimum(small, end.u)]
        return sorted(higher, key=lambda end: end.value)[:1]

    def _points_of_all(self) -> list[Array]:
        """Where climbs begin by all rows, where no place to which a subsample leads is possible."""
        starts = starts_of(self.family, self.likelihood, self._domains, self._given, None, self.likelihood)
        return [self._coordinates.from_theta(theta) for theta in starts]

    def _beside(self, u: Array) -> bool:
        if self.at_limit is None or not self._is_own or self._small is not self._objective:
            return False
        return self.at_limit(self.likelihood, self._coordinates.to_theta(u))

    def _settled(self, best: ClimbEnd) -> Maximum:
        """The maximum at the end of a climb, or on the bounds that it ran into, or where the likelihood is level."""
        family, likelihood = self.family, self.likelihood
        theta = self._coordinates.to_theta(best.u)
        arranged = likelihood.family.arranged
        searched: tuple[Objective, Array] | None = (self._objective, best.u)
        # Components of a mixture keep the names that a caller gave them; angles are on one turn in any case.
        nameless = not self._given and self.start is None
        if arranged is not None and (nameless or (family.period is not None and not self.bounds)):
            searched = None
            theta = np.concatenate([np.ravel(value) for value in arranged(*family.unpack(theta))])
            for name, value in self._given.items():
                theta[family.places[family.param_names.index(name)]] = np.ravel(value)
        found = maximum_at(
            family,
            likelihood,
            theta,
            self._free,
            best.method,
            fixed=tuple(self.fixed),
            n_starts=self._points,
            n_agreeing=self._agreeing,
            searched=searched,
        )
        found = in_smooth_coordinates(found) if self._is_free else found
        # On the way to the unit of the data rounding may move an end of a support past an observation.
        if self.fixed:
            found = replace(found, theta=_as_given(family, found.theta, self.fixed))
        if isinstance(self._coordinates, ChartCoordinates) and not in_domains(family, theta):
            return replace(found, value=-best.value)  # beside a limiting law, with which it will be compared
        if best.at_limit:
            check_not_certain(found)
            return found
        on_bound = _on_bounds(found, self.bounds)
        if on_bound:
            pinned = self.search(family, likelihood, {**self.fixed, **on_bound}, {}, self.start, self.solver)
            return replace(pinned, fixed=tuple(self.fixed), boundary=tuple(on_bound))
        try:
            return settle_run_off(found, self._starts[0])
        except StillRisingError:
            self._rising.append(found)
            return found

    def _sound_beside(self, best: ClimbEnd, ends: Sequence[ClimbEnd]) -> Maximum | None:
        """The highest sound maximum, where the best end has a part that is confined between ends of intervals."""
        if not self._is_free or self.family.confined is None or self.likelihood.has_points:
            return None
        is_sound = _is_sound(self._small)
        if is_sound(best.u):
            return None
        return _beside_confined(best, [end for end in ends if is_sound(end.u)], self._settled)

    def _best_settled(self, best: ClimbEnd, ends: Sequence[ClimbEnd], below: Sequence[Array]) -> Maximum:
        """The maximum at the highest end; where that is none, at what other methods find from points below it."""
        small, family = self._small, self.family
        found = self._settled(best)
        if self._rising:
            raise StillRisingError(family.name)
        follows = bool(below) and family.spurious is None and self._points == len(self._starts)
        arrived = best.at_limit or bool(found.boundary) or is_minimum(small, best.u)
        if follows and (isinstance(family, Model) or not arrived):
            # The highest is no maximum, and of starts that were not scattered each may lead elsewhere; of a regression
            # they do even so: no search of its limits begins anew.
            higher = [end for u in below[:_BELOW] for end in climb(small, [u], self._method) if end.value < best.value]
            found = self._higher(min(higher, key=lambda end: end.value), found, arrived=arrived) if higher else found
        alone = len(ends) == 1 or self.likelihood.plain or found.limit is not None
        if not (alone or is_minimum(small, best.u)):
            others = [end for end in ends if end is not best and is_minimum(small, end.u)]
            if others and found.complaint is not None:
                return replace(self._settled(min(others, key=lambda end: end.value)), elsewhere=_LOST)
        if family.spurious is None or family.discrete or self.likelihood.plain:  # counts have no spikes
            return found
        return _below_supremum(found, small, ends, self._settled)

    def _higher(self, end: ClimbEnd, found: Maximum, *, arrived: bool) -> Maximum:
        """The maximum at a higher end; below one from which the likelihood goes on rising, that which is known."""
        if not arrived:
            return self._settled(end)
        try:
            higher = self._settled(end)
        except UnboundedLikelihoodError:
            higher = None
        if higher is None or self._rising:
            self._rising.clear()
            return replace(found, elsewhere=_ELSEWHERE)
        return higher

    def _highest_local(
        self, best: ClimbEnd, ends: Sequence[ClimbEnd], narrow: Sequence[ClimbEnd], below: Sequence[Array]
    ) -> Maximum | None:
        """The highest maximum where the likelihood has no bound, or where it was seen to rise; None for none."""
        small = self._small
        local = list(narrow) or [end for end in ends if end is not best and is_minimum(small, end.u)]
        many = self.likelihood.data.n_rows > self._coordinates.n_free  # of fewer rows all have no bound
        if not local and not self.likelihood.plain and small is self._objective and many:
            # Where one climb has no bound, it ended those that were stuck below it.
            alone = [end for u in below for end in climb(small, [u], self._method)]
            local = [end for end in alone if is_minimum(small, end.u)]
        if not local:
            return self._rising[0] if self._rising else None
        found = self._settled(min(local, key=lambda end: end.value))
        # What the law knows of the places without a bound is said better by itself.
        return found if found.elsewhere or self.family.unbounded else replace(found, elsewhere=_ELSEWHERE)


def _as_given(family: Family, theta: Array, fixed: Mapping[str, Any]) -> Array:
    """Parameters in the unit of the data, those that are known to the last bit as they were given."""
    exact = theta.copy()
    for name, value in fixed.items():
        exact[family.places[family.param_names.index(name)]] = np.ravel(value)
    return exact


def _nowhere(family: Family) -> NoMaximumError:
    return NoMaximumError(
        f"{family.name}: the log-likelihood is not finite at any starting point, so no search can begin. "
        f"Give a start: fit(..., start={{...}})."
    )


def _is_sound(objective: Objective) -> Callable[[Array], bool]:
    """Whether a point is no accident of a few observations, by which a likelihood without a bound deceives."""
    likelihood, family = objective.likelihood, objective.likelihood.family
    spurious = family.spurious
    if not likelihood.has_points and family.confined is not None:
        confined, intervals = family.confined, likelihood.sample
        return lambda u: not confined(intervals, *family.unpack(objective.coordinates.to_theta(u)))
    if spurious is None or not likelihood.has_points:
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
    tried = [found.likelihood.log_jacobian - found.loglik / found.likelihood.nobs]
    for end in sorted(ends, key=lambda end: end.value):
        known = any(abs(end.value - value) * found.likelihood.nobs <= SAME_NATS for value in tried)
        if known or not is_minimum(objective, end.u):
            continue
        tried.append(end.value)
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
