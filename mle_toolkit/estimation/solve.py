"""From a likelihood to its maximum: closed forms, Newton's method, scipy.optimize."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import SKETCH_ROWS, Sample
from mle_toolkit.errors import (
    DataError,
    MleError,
    NoMaximumError,
    ParameterError,
    SupportError,
    UnboundedLikelihoodError,
)
from mle_toolkit.estimation.asked import Asked
from mle_toolkit.estimation.certificate import (
    DECREMENT_TOLERANCE,
    SINGULAR,
    Certificate,
    Measured,
    Verdict,
    measure,
)
from mle_toolkit.estimation.climb import FAR, End, climb, climb_in_levels, is_minimum, value_beyond
from mle_toolkit.estimation.contained import higher_inside
from mle_toolkit.estimation.starts import (
    bounded_domains,
    direct_route,
    domains_of,
    in_unit,
    joined,
    natural_changes,
    natural_domains,
    split,
    starts_of,
)
from mle_toolkit.families.base import TOLD_APART, Family
from mle_toolkit.families.combinators.parts import Combined
from mle_toolkit.families.domain import Domain, Interval, NonZero
from mle_toolkit.families.held import Held
from mle_toolkit.likelihood.audit import complaint, is_extreme
from mle_toolkit.likelihood.coordinates import ChartCoordinates, ChartObjective, Coordinates, Objective
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit

STILL_RISING = 1e-3
"""Slope, in nats per observation and coordinate, above which a likelihood that has run off is unbounded."""


_AS_SAID = 0.5
"""Share of a foretold rise by which the rise along the step may differ from it."""


@dataclass(frozen=True, kw_only=True)
class Maximum:
    """Where a maximisation ended, in the unit of the data, with its certificate.

    Attributes
    ----------
    family : Family
        The law, its constants settled.
    likelihood : Likelihood
        The likelihood that was maximised.
    theta_in_unit : ndarray of shape (p,)
        All parameters, in the unit of the likelihood.
    theta : ndarray of shape (p,)
        All parameters, in the unit of the data.
    free : tuple of bool
        Which parameters are free, regular and off the boundary: those with a standard error.
    fixed : tuple of str
        Parameters that were given.
    boundary : tuple of str
        Parameters at the end of their domain.
    limit : Maximum or None
        The maximum of the limiting family, where that is the maximum.
    embed : callable or None
        Takes the parameters of the limiting family, returns those of this.
    value : float or None
        Mean log-density in the unit of the likelihood, where the route knows it.
    bounds : mapping of str to (lower, upper)
        Further limits on parameters that were asked for.
    elsewhere : str or None
        Where the likelihood is higher, and has no bound, beyond a limiting family.
    searched : tuple of Objective and ndarray, or None
        What a search maximised, and where that ended.
    where : str or None
        A limit in words, where its law's name does not say it.
    """

    family: Family
    likelihood: Likelihood
    theta_in_unit: Array
    theta: Array
    free: tuple[bool, ...]
    method: str
    value: float | None = None
    fixed: tuple[str, ...] = ()
    boundary: tuple[str, ...] = ()
    limit: Maximum | None = None
    embed: Callable[..., tuple[Any, ...]] | None = None
    n_starts: int = 0
    n_agreeing: int = 0
    bounds: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    elsewhere: str | None = None
    searched: tuple[Objective, Array] | None = None
    where: str | None = None

    @cached_property
    def loglik(self) -> float:
        """Log-likelihood of the sample, nats; computed when asked for, because a closed form does not need it."""
        if self.limit is not None:
            return self.limit.loglik
        value = self.likelihood.mean_loglik(self.theta_in_unit) if self.value is None else self.value
        return (value + self.likelihood.log_jacobian) * self.likelihood.nobs

    @cached_property
    def objective(self) -> Objective:
        """The likelihood as a function of the coordinates of the free parameters."""
        if self._is_searched:
            assert self.searched is not None
            return self.searched[0]
        domains = domains_of(self.likelihood.family)
        return _objective(self.likelihood, domains, self.theta_in_unit, self.free, charted=not self.bounds)

    @cached_property
    def coordinates(self) -> Array:
        """Where the maximum is, in those coordinates."""
        if self._is_searched:
            assert self.searched is not None
            return self.searched[1]
        return self.objective.coordinates.from_theta(self.theta_in_unit)

    @property
    def _is_searched(self) -> bool:
        """Whether the search has left derivatives at the maximum, by the coordinates of the free parameters."""
        return self.searched is not None and self.searched[0].at_once and self.searched[0].coordinates.free == self.free

    @property
    def is_plain(self) -> bool:
        """Whether a theorem says that this is the maximum: it is a formula, and no end was reached.

        The log-likelihood of an exponential family is strictly concave, so the root of its equation is the maximum.
        """
        by_theorem = self.likelihood.on_means or self.family.entropy_attained
        formula = self.method == "closed-form" and by_theorem and not self.boundary and self.limit is None
        return formula and not is_extreme(self.theta_in_unit)

    @property
    def known(self) -> dict[str, Any]:
        """Values of the parameters that were given, by name."""
        values = zip(self.family.param_names, self.family.unpack(self.theta), strict=True)
        return {name: value for name, value in values if name in self.fixed}

    def again(self, sample: Sample) -> Maximum:
        """The certified maximum for other data of the same law, with the same known parameters and bounds."""
        found = maximise(self.family.given(sample.known), sample, fixed=self.known, bounds=self.bounds)
        if not found.is_certified:
            raise NoMaximumError(f"{self.family.name}: {found.certify().message}", found.certify())
        return found

    @property
    def held(self) -> Held | None:
        """The law with points of its density held at observations, where the maximum is one of that law."""
        return self.limit.family if self.limit is not None and isinstance(self.limit.family, Held) else None

    @property
    def is_certified(self) -> bool:
        """Whether a theorem or the certificate says that this is a maximum that can be used."""
        return self.is_plain or self.certify().ok

    def certify(self) -> Certificate:
        """Look at the point, whatever the solver claimed, and say what it is."""
        family = self.family
        irregular = tuple(n for n in family.irregular(*family.unpack(self.theta)) if n not in self.fixed)
        facts: dict[str, Any] = {
            "method": self.method,
            "boundary": self.boundary,
            "irregular": irregular,
            "n_starts": self.n_starts,
            "n_agreeing": self.n_agreeing,
            "search": self._search_in_words,
        }
        if self.limit is not None and self.held is not None:
            within, facts["irregular"] = self.limit.certify(), self.held.solved
            if not within.ok:
                return replace(within, **facts)
            verdict, said = within.verdict, within.message
            if verdict in (Verdict.INTERIOR, Verdict.NON_REGULAR):
                verdict, said = Verdict.NON_REGULAR, Verdict.NON_REGULAR.value
            return replace(within, **facts, verdict=verdict, message=f"{said}: {self.held.where}")
        if self.limit is not None:
            at_limit = self.limit.certify()
            parts = dict(zip(family.param_names, split(family, self.theta), strict=True))
            named = [] if self.where else [n for n in self.boundary if not np.isnan(parts[n]).all()]  # NaN: nothing
            where = " and ".join(f"{name} = {_shown(self.theta, family, name)}" for name in named)
            there = self.where or f"the boundary {where}, where {family.name} is {self.limit.family.name}"
            verdict, message = at_limit.verdict, f"at {there}: {at_limit.message}"
            elsewhere = self.elsewhere
            if elsewhere is None and family.unbounded is not None and not isinstance(family, Combined):
                # A spike that these data make; thresholds and mixtures have one for every sample, and keep their limit.
                elsewhere = family.unbounded(self.likelihood.data, self.known)
            if at_limit.ok and elsewhere is None:
                verdict, message = Verdict.BOUNDARY, f"the maximum is at {there}"
            elif at_limit.ok:
                verdict, message = Verdict.LOCAL, f"{Verdict.LOCAL.value}, at {there}: {elsewhere}"
            return replace(
                at_limit,
                **facts | {"irregular": at_limit.irregular},
                verdict=verdict,
                limit=self.limit.family.name,
                message=message,
            )
        wrong = complaint(
            family, self.likelihood, self.theta, self.theta_in_unit, self.loglik, searched=self.method != "closed-form"
        )
        if wrong is not None:
            return Certificate(verdict=Verdict.INEXACT, message=wrong, **facts)
        seen = self._measured()
        facts |= {"score_se": seen.score_se, "decrement": seen.decrement, "eigenvalues": seen.eigenvalues}
        verdict, message = self._judge(seen, irregular)
        return Certificate(verdict=verdict, message=message, **facts)

    @property
    def _search_in_words(self) -> str:
        """How the maximum was looked for."""
        starts = f"{self.n_agreeing} of {self.n_starts} starts agree" if self.n_starts > 1 else ""
        scanned = self.family.scans if self.likelihood.plain and not self.fixed else ""
        return "; ".join(part for part in (scanned, starts) if part)

    def _measured(self) -> Measured:
        u = self.coordinates
        if len(u) == 0:
            return measure(u, np.empty((0, 0)), self.likelihood.nobs)
        return measure(self.objective.gradient(u), self.objective.hessian(u), self.likelihood.nobs)

    def _approached(self, places: Sequence[int] | None = None) -> list[str]:
        """Numbers among the parameters that may run off without any loss of likelihood, the others following.

        Those of ``places``; the farthest, if they are not given.
        """
        u, objective = self.coordinates, self.objective
        here, nobs = objective.value(u), self.likelihood.nobs
        loss, gain = _SAME_NATS * max(1.0, abs(self.loglik)), _LITTLE_NATS
        names = _coordinate_names(self)
        farthest = np.argsort(-np.abs(u), kind="stable").tolist() if places is None else places
        followed = farthest[:_FOLLOWED]
        return [names[k] for k in followed if -loss <= (here - value_beyond(objective, u, k)) * nobs <= gain]

    def _rise(self, decrement: float) -> str:
        """How far the log-likelihood can still rise: to second order, where the step that says so holds its word."""
        u, objective = self.coordinates, self.objective
        step = np.linalg.solve(objective.hessian(u), -objective.gradient(u))
        gain = (objective.value(u) - objective.value(u + step)) * self.likelihood.nobs
        if abs(gain - decrement) <= _AS_SAID * decrement:
            return f"the log-likelihood can still rise by about {decrement:.2g}"
        return "how far the log-likelihood can still rise is not known: its derivatives do not foretell its values"

    def _judge(self, seen: Measured, irregular: tuple[str, ...]) -> tuple[Verdict, str]:
        flat = len(seen.eigenvalues) and abs(seen.eigenvalues[0]) <= SINGULAR
        # The slope of a likelihood that only approaches its supremum may vanish in doubles.
        weak = not self.likelihood.plain and len(seen.eigenvalues) and seen.eigenvalues[0] <= _WEAK
        if flat or weak or not seen.decrement <= DECREMENT_TOLERANCE:
            away = self._approached()
            if away:
                return (
                    Verdict.NOT_IDENTIFIED,
                    f"{Verdict.NOT_IDENTIFIED.value}: the log-likelihood only approaches its supremum, "
                    f"{self.loglik:.8g}, as {', '.join(away)} runs off, so there is no maximum. Fix it, or choose a "
                    f"law with fewer parameters",
                )
        if flat:
            return (
                Verdict.NOT_IDENTIFIED,
                f"{Verdict.NOT_IDENTIFIED.value}; the smallest eigenvalue of the scaled information is "
                f"{seen.eigenvalues[0]:.1e}. Fix a parameter, or choose a law with fewer",
            )
        if not seen.decrement <= DECREMENT_TOLERANCE:
            found = (
                self._rise(seen.decrement)
                if np.isfinite(seen.decrement)
                else "the information there is not positive definite, or does not exist (a kink?), so how far the "
                "log-likelihood can still rise is not known"
            )
            return (
                Verdict.NOT_CONVERGED,
                f"{Verdict.NOT_CONVERGED.value}: {found}. Try another start or solver",
            )
        data = self.likelihood.data
        wide = math.log(data.maximum) - math.log(data.minimum) if not data.is_multivariate and data.minimum > 0 else 0.0
        lost = [k for k, error in enumerate(seen.errors) if error > max(_LOST, wide)]
        if lost:
            away = self._approached(lost)
            if away:
                return (
                    Verdict.NOT_IDENTIFIED,
                    f"{Verdict.NOT_IDENTIFIED.value}: the log-likelihood is the same, {self.loglik:.8g}, at very "
                    f"different {', '.join(away)}. Fix it, or choose a law with fewer parameters",
                )
        if self.boundary:
            where = ", ".join(f"{name} = {_shown(self.theta, self.family, name)}" for name in self.boundary)
            return Verdict.BOUNDARY, f"{Verdict.BOUNDARY.value}: {where}; no standard error there"
        elsewhere = self.elsewhere
        if elsewhere is None and self.family.unbounded is not None:
            elsewhere = self.family.unbounded(self.likelihood.data, self.known)
        if elsewhere is not None:
            return Verdict.LOCAL, f"{Verdict.LOCAL.value}: {elsewhere}"
        if irregular:
            return Verdict.NON_REGULAR, f"{Verdict.NON_REGULAR.value}: {', '.join(irregular)}"
        return Verdict.INTERIOR, Verdict.INTERIOR.value


_Asking = ParamSpec("_Asking")
_Found = TypeVar("_Found")


def _errors_of_ours(search: Callable[_Asking, _Found]) -> Callable[_Asking, _Found]:
    """Say in an error of ours, with the name of the law, where its formulas leave the range of numbers."""

    @wraps(search)
    def guarded(*args: _Asking.args, **options: _Asking.kwargs) -> _Found:
        try:
            return search(*args, **options)
        except (ArithmeticError, ValueError) as error:
            if isinstance(error, MleError):
                raise
            family: Any = args[0] if args else options.get("family")
            message = (
                f"{family.name}: its formulas leave the range of floating-point numbers for these data ({error}). "
                f"Bring them to another unit, or remove values that are out of all proportion to the others."
            )
            raise NoMaximumError(message) from error

    return guarded


@_errors_of_ours
def maximise(
    family: Family,
    sample: Sample,
    *,
    fixed: Mapping[str, Any] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    start: Mapping[str, Any] | None = None,
    solver: str | None = None,
) -> Maximum:
    """Find the maximum of the likelihood of a family for a sample.

    Parameters
    ----------
    family : Family
    sample : Sample
        Inside the support of the family.
    fixed : mapping of str to value, optional
        Parameters that are known.
    bounds : mapping of str to (lower, upper), optional
        Further limits on parameters; None for none.
    start : mapping of str to value, optional
        Where to start, instead of the family's own choice; parameters left out keep theirs.
    solver : str, optional
        ``"closed-form"``, ``"newton"``, or a method of `scipy.optimize.minimize`. By default the closed form or
        one-dimensional root where the family has one, else Newton's method with the trust region of
        ``"trust-exact"`` behind it.

    Raises
    ------
    NoMaximumError
        If there is no finite maximum and no limit that would be one.
    ParameterError
        If names or values in ``fixed``, ``bounds`` or ``start`` are not those of the family.
    """
    family = family.learned_again(sample)
    asked = Asked.of(family, fixed, bounds, start, solver)
    if sample.maxima is None or any(asked) or family.per_row:
        return _maximised(family, sample, *asked)
    if family not in sample.maxima:
        sample.maxima[family] = _outcome(family, sample, asked)
    found: Maximum | MleError = sample.maxima[family]
    if isinstance(found, MleError):
        raise found.with_traceback(None)
    return found


def _outcome(family: Family, sample: Sample, asked: Asked) -> Maximum | MleError:
    try:
        return _maximised(family, sample, *asked)
    except MleError as error:
        return error


def _maximised(
    family: Family,
    sample: Sample,
    fixed: Mapping[str, Any],
    bounds: Mapping[str, tuple[float | None, float | None]],
    start: Mapping[str, Any] | None,
    solver: str | None,
) -> Maximum:
    if not sample.is_plain:
        _check_coarse(family, sample, bounded=bool(bounds) or len(fixed) == len(family.parameters))
        if not bounds and family.n_free > 1:
            _check_only_event(family, sample, fixed)
    elif not fixed and not bounds:
        family.check(sample)
    likelihood = Likelihood(family, sample)
    direct = direct_route(likelihood)
    if solver == "closed-form" and (direct is None or fixed or bounds):
        reason = "has no closed form" if direct is None else "has no closed form with fixed or bounded parameters"
        raise ParameterError(f"{family.name} {reason}; leave solver=None.")
    if direct is not None and not fixed and not bounds and solver in (None, "closed-form") and start is None:
        maximum = _from_closed_form(family, likelihood, direct())
    elif family.from_intervals is not None and not fixed and not bounds and solver is None and _is_in_intervals(sample):
        maximum = _from_intervals(family, sample)
    elif family.at_observations is not None and not bounds and sample.in_memory:
        maximum = _at_observations(family, likelihood, fixed, start, solver)
    else:
        maximum = _by_search(family, likelihood, fixed, bounds, start, solver)
    if bounds:
        return replace(maximum, bounds=bounds)
    if not fixed:
        maximum = _not_below_what_it_contains(maximum)
    window = _window(sample)
    if not family.limits and (window is None or not family.limits_in_window(*window)):
        return maximum
    settled = _at_limit(maximum, sample, fixed)
    if settled.limit is not None and (start is not None or solver is not None):
        # A start or a solver of the caller's may have missed an interior maximum that is above the limit.
        own = maximise(family, sample, fixed=fixed)
        return own if own.limit is None else settled
    if settled.limit is None and not _inside(family, maximum.theta):
        message = (
            f"{family.name}: the maximum (log-likelihood {maximum.loglik:.8g}) is so near a limiting law that its "
            f"parameters leave the range of doubles. Fit {' or '.join(near.family.name for near in family.limits)}."
        )
        lost = Certificate(verdict=Verdict.NOT_CONVERGED, message=message, method=maximum.method)
        raise NoMaximumError(message, lost)
    return settled


def _check_coarse(family: Family, sample: Sample, *, bounded: bool) -> None:
    """Raise where windows rule out counts, or intervals alone leave the likelihood without a maximum."""
    if family.discrete and sample.window is not None:
        low = sample.window[0]
        outside = np.flatnonzero((sample.lower == sample.upper) & (sample.lower <= low))
        if len(outside):
            row = outside[0]
            raise DataError(
                f"{family.name}: {len(outside)} of {sample.n_rows} counts are at the lower end of their window, which "
                f"is not in it; the first is row {row}: {sample.lower[row]:g}, window ({low[row]:g}, ...]. Remove "
                f"them, or begin the window one lower."
            )
    if bounded:
        return
    for ends, infinity, side in ((sample.upper, np.inf, "right"), (sample.lower, -np.inf, "left")):
        if np.all(ends[:1000] == infinity) and np.all(ends == infinity):
            message = (
                f"{family.name}: all {sample.nobs:g} observations are {side}-censored, so the likelihood has no "
                f"maximum: it tends to 1 as the law moves out of their way. At least one observation must be bounded."
            )
            raise NoMaximumError(message, Certificate(verdict=Verdict.UNBOUNDED, message=message, method="none"))


# --- closed forms ---------------------------------------------------------------------------------------------------


def _from_closed_form(family: Family, likelihood: Likelihood, params: Sequence[Any]) -> Maximum:
    theta = joined(family, params)
    boundary = _at_endpoints(family, theta)
    without_error = {*boundary, *family.irregular(*family.unpack(theta))}
    free = [p.name not in without_error for p in family.parameters]
    value = None
    if family.entropy_attained:
        assert family.entropy is not None
        value = -float(family.entropy(*family.unpack(theta)))
    return _maximum(family, likelihood, theta, free, "closed-form", value, boundary=boundary)


def _is_in_intervals(sample: Sample) -> bool:
    return not sample.is_plain and sample.window is None


def _from_intervals(family: Family, sample: Sample) -> Maximum:
    """The maximum as the family finds it from intervals: whatever the start, there is no other."""
    assert family.from_intervals is not None
    theta = joined(family, family.from_intervals(sample))
    irregular = family.irregular(*family.unpack(theta))
    free = [p.name not in irregular for p in family.parameters]
    return _maximum(family, Likelihood(family, sample, Unit()), theta, free, "bisection")


def _at_endpoints(family: Family, theta: Array) -> tuple[str, ...]:
    if not family.has_endpoints:
        return ()
    closed = [p.domain.endpoints for p in family.parameters]
    return tuple(
        p.name
        for p, value, ends in zip(family.parameters, split(family, theta), closed, strict=True)
        if p.regular and any(np.any(value == end) for end in ends)
    )


def _maximum(
    family: Family,
    likelihood: Likelihood,
    theta: Array,
    free: Sequence[bool],
    method: str,
    value: float | None = None,
    **facts: Any,
) -> Maximum:
    return Maximum(
        family=family,
        likelihood=likelihood,
        theta_in_unit=theta,
        theta=_on_observations(family, likelihood, likelihood.unit.params_to_data(family, theta)),
        free=tuple(free),
        method=method,
        value=value,
        **facts,
    )


_ULPS = 8 * float(np.finfo(float).eps)


def _on_observations(family: Family, likelihood: Likelihood, theta: Array) -> Array:
    """Parameters in the unit of the data, with a cusp moved to the observation that it is, from which rounding took it.

    The likelihood at a cusp of small shape is lost within a few units in the last place.
    """
    unit, names = likelihood.unit, family.irregular(*family.unpack(theta))
    cusps = [k for k, p in enumerate(family.parameters) if p.role == "location" and p.name in names]
    if not cusps or not family.all_scalar or unit.is_identity or not (likelihood.plain and likelihood.data.in_memory):
        return theta
    moved = theta.copy()
    for k in cusps:
        away = np.abs(likelihood.data.x - theta[k])
        nearest = int(np.argmin(away))
        if away[nearest] <= _ULPS * max(abs(theta[k]), float(np.max(np.abs(unit.centre)))):
            moved[k] = likelihood.data.x[nearest]
    return moved


# --- search ---------------------------------------------------------------------------------------------------------


def _by_search(
    family: Family,
    likelihood: Likelihood,
    fixed: Mapping[str, Any],
    bounds: Mapping[str, tuple[float | None, float | None]],
    start: Mapping[str, Any] | None,
    solver: str | None,
) -> Maximum:
    """Search from several starts, keep the best, and settle bounds that the maximum lies on."""
    if not likelihood.plain:
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

    objective = _objective(likelihood, domains, starts[0], free, charted=not bounds)
    coordinates = objective.coordinates
    small = _on_sketch(objective)
    points = [coordinates.from_theta(theta) for theta in starts]
    ends = climb(small, points, method, sound=_is_sound(small))
    if not ends:
        raise _nowhere(family)
    narrow: list[End] = []
    if family.spurious is not None and likelihood.exact is not None:  # of probabilities alone a likelihood has a bound
        ends, narrow = _without_spurious(small, ends, fixed)
    lowest = min([end.value for end in ends])
    agreeing = sum([(end.value - lowest) * small.likelihood.nobs <= 1e-6 for end in ends])

    def settled(best: End) -> Maximum:
        theta = coordinates.to_theta(best.u)
        arranged = likelihood.family.arranged
        searched: tuple[Objective, Array] | None = (objective, best.u)
        # Components of a mixture keep the names that a caller gave them; angles are on one turn in any case.
        if arranged is not None and ((not given and start is None) or (family.period is not None and not bounds)):
            searched = None
            theta = np.concatenate([np.ravel(value) for value in arranged(*family.unpack(theta))])
            for name, value in given.items():
                theta[family.places[family.param_names.index(name)]] = np.ravel(value)
        found = _maximum(
            family,
            likelihood,
            theta,
            free,
            best.method,
            fixed=tuple(fixed),
            n_starts=len(starts),
            n_agreeing=agreeing,
            searched=searched,
        )
        # On the way to the unit of the data rounding may move an end of a support past an observation.
        found = replace(found, theta=_as_given(family, found.theta, fixed))
        if isinstance(coordinates, ChartCoordinates) and not _inside(family, theta):
            return replace(found, value=-best.value)  # beside a limiting law, with which it will be compared
        on_bound = _on_bounds(found, bounds)
        if on_bound:
            pinned = _by_search(family, likelihood, {**fixed, **on_bound}, {}, start, solver)
            return replace(pinned, fixed=tuple(fixed), boundary=tuple(on_bound))
        return _settle_run_off(found, starts[0])

    best = min(ends, key=lambda end: end.value)
    if small is not objective:
        # Starts far from the maximum were settled on the subsample.
        whole = climb_in_levels(objective, small, best.u, method, points)
        if not whole:
            raise _nowhere(family)
        return settled(min(whole, key=lambda end: end.value))
    try:
        return settled(best)
    except UnboundedLikelihoodError:
        if not narrow:
            raise
        return settled(min(narrow, key=lambda end: end.value))


def _as_given(family: Family, theta: Array, fixed: Mapping[str, Any]) -> Array:
    """Parameters in the unit of the data, those that are known to the last bit as they were given."""
    exact = theta.copy()
    for name, value in fixed.items():
        exact[family.places[family.param_names.index(name)]] = np.ravel(value)
    return exact


def _objective(
    likelihood: Likelihood, domains: Sequence[Domain], theta: Array, free: Sequence[bool], *, charted: bool
) -> Objective:
    """The likelihood as a function of coordinates that are natural near ``theta``."""
    family = likelihood.family
    if charted and family.chart is not None and all(free):
        return ChartObjective(likelihood, ChartCoordinates(family.chart, domains, theta))
    natural = natural_changes(likelihood, theta, free)
    return Objective(likelihood, Coordinates(natural_domains(family, domains, theta), theta, free, natural))


def _inside(family: Family, theta: Array) -> bool:
    """Whether all parameters are in their domains: not where a chart leads out of the doubles."""
    parts = zip(family.parameters, family.unpack(theta), strict=True)
    return all(bool(np.all(p.domain.contains(np.asarray(value)))) for p, value in parts)


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
            ends.append(_by_search(family, likelihood, fixed, {**bounds, name: side}, start, solver))
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
    at = {name: _on_an_end(float(fixed.get(name, values[name])), likelihood.data) for name in irregular}
    best: Maximum | None = None
    spike: UnboundedLikelihoodError | None = None

    def climbed(ends: Mapping[str, float]) -> float:
        nonlocal best, spike
        for name, value in ends.items():
            domain = family.parameters[family.param_names.index(name)].domain
            low, high = bounds.get(name, (None, None))
            if not np.all(domain.contains(np.asarray(value))) or (low is not None and value < low):
                return -np.inf
            if high is not None and value > high:
                return -np.inf
        others = {key: bound for key, bound in bounds.items() if key not in at}
        known = {key: v for key, v in start.items() if key not in at}
        try:
            found = _by_search(family, likelihood, {**fixed, **at, **ends}, others, known or None, solver)
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
            tried = _candidates(likelihood.data, at[name], domain)
            at[name] = _highest(profile, at[name], tried, 1 if turn else _BEST_ENDS, whole=whole)
        if len(irregular) == 1 or best is None or not best.loglik - last > _SAME_LOGLIK * max(1.0, abs(best.loglik)):
            break
        last = best.loglik
        if not whole:
            at = _uphill(climbed, at, likelihood.data)
    if best is None:
        raise NoMaximumError(
            f"{family.name}: the log-likelihood is not finite for any value of {' and '.join(irregular)} that was "
            f"tried, so no search can begin. Give a start: fit(..., start={{...}})."
        )
    if spike is not None and best.boundary and not bounds:
        raise spike  # the best ran to the end of its domain as well: beside a value without a bound
    if not bounds:
        _check_not_certain(best)
    return replace(best, fixed=tuple(fixed))


_TURNS = 20
_SAME_LOGLIK = 1e-11
_FEW_ENDS = 24
_BEST_ENDS = 3
"""Ends beside which the highest point is looked for, at the first turn."""

_BEYOND = tuple(2.0**k for k in range(-10, 7))
"""How far beyond the data an end of a support is tried, in their range."""


def _on_an_end(value: float, data: Sample) -> float:
    """A value; the end of an observation where only the way from one unit to another lies between them."""
    ends = np.concatenate([data.lower, data.upper])
    nearest = float(ends[np.argmin(np.abs(ends - value))])
    largest = max(abs(data.minimum), abs(data.maximum))
    return nearest if abs(nearest - value) <= 4 * np.spacing(largest) else value


def _candidates(sample: Sample, here: float, domain: Domain) -> Array:
    """Where an irregular parameter is tried: at the ends of the observations, and beyond them."""
    positive = isinstance(domain, Interval) and domain.lower == 0.0
    ends = np.unique(np.concatenate([sample.lower, sample.upper, [here]]))
    ends = ends[np.isfinite(ends) & (ends > (0.0 if positive else -np.inf))]
    reach = float(ends[-1] - ends[0]) or abs(float(ends[0])) or 1.0
    away = np.array(_BEYOND)
    # Before the first end, and above 0, there is only a part of what is left.
    below = ends[0] / (1.0 + away) if positive else ends[0] - reach * away
    return np.concatenate([below[::-1], ends, ends[-1] + reach * away])


def _highest(
    profile: Callable[[float], float], here: float, ends: Array, best_ends: int, *, whole: bool = False
) -> float:
    """Find the highest point of a profile of an irregular parameter; ``whole`` if it is a whole number.

    It is looked for at the candidates, ever more of them about the best, then between the best few and their
    neighbours: a profile drops where an end passes an observation, so that its highest point may stand beside an end
    that is not the best.
    """
    from scipy import optimize

    seen: dict[float, float] = {}

    def value(v: float) -> float:
        v = float(round(v)) if whole else v
        if v not in seen:
            seen[v] = profile(v)
        return seen[v]

    low, high = 0, len(ends) - 1
    value(here)
    while True:
        tried = np.unique(np.linspace(low, high, min(_FEW_ENDS, high - low + 1)).astype(int))
        best = int(np.argmax([value(float(ends[k])) for k in tried]))
        low, high = int(tried[max(best - 1, 0)]), int(tried[min(best + 1, len(tried) - 1)])
        if high - low <= 2:
            break
    for k, following in sorted(_between(ends, seen, best_ends)):
        a, width = float(ends[k]), float(ends[following] - ends[k])
        if _falls_from(value, a, width) or _falls_from(value, float(ends[following]), -width):
            continue
        if _is_level(value, a, width):
            continue
        # In shares of the way: the search stops at a step that is small for its argument, and data may be far from 0.
        # A value that is not finite would end it; a parabola through it leads nowhere.
        optimize.minimize_scalar(
            lambda share, a=a, width=width: min(-value(a + float(share) * width), 1e300),
            bounds=(0.0, 1.0),
            method="bounded",
            options={"xatol": 1e-9},
        )
    if whole:
        top = max(seen, key=lambda v: seen[v])
        for step in (1.0, -1.0):
            while value(top + step) > value(top):
                top += step
    top = max(seen, key=lambda v: seen[v])
    # On a plateau, as of an end that a window hides, stay.
    return here if seen.get(here, -np.inf) >= seen[top] - 1e-10 * max(1.0, abs(seen[top])) else top


_BESIDE, _AWAY = 1e-10, 1e-4
"""Shares of the way between two ends at which a profile is seen beside one of them, and a step away from it."""

_CLEAR_FALL = 1e-9
"""Share of a log-likelihood by which it must fall on that step: more than the climbs of the others leave open."""


def _falls_from(value: Callable[[float], float], end: float, width: float) -> bool:
    """Whether a profile falls from beside an end towards the other, so that the end is the highest point between.

    What is seen beside the end counts, not what is seen at it, from where the profile may drop.
    """
    beside, away = end + _BESIDE * width, end + _AWAY * width
    if abs(beside - end) < 16 * np.spacing(abs(end)):
        return False
    high, low = value(beside), value(away)
    return bool(np.isfinite(low) and high - low > _CLEAR_FALL * max(1.0, abs(high)))


def _is_level(value: Callable[[float], float], end: float, width: float) -> bool:
    """Whether a profile is level between two ends, as where a window hides what the parameter moves."""
    heights = [value(end + share * width) for share in (_AWAY, 0.5, 1 - _AWAY)]
    return bool(np.isfinite(heights).all() and np.ptp(heights) <= _CLEAR_FALL * max(1.0, abs(heights[0])))


def _uphill(profile: Callable[[Mapping[str, float]], float], at: dict[str, float], sample: Sample) -> dict[str, float]:
    """Climb over several irregular parameters at once, from where turns have led: along a ridge turns creep."""
    names, here = list(at), np.array(list(at.values()))
    reach = sample.maximum - sample.minimum or abs(sample.maximum) or 1.0
    simplex = 0.01 * np.vstack([np.zeros(len(here)), np.eye(len(here))])
    from scipy import optimize

    minimize: Any = optimize.minimize  # whose stubs do not know arrays of open length
    run = minimize(
        lambda share: min(-profile(dict(zip(names, here + reach * share, strict=True))), 1e300),
        simplex[0],
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "initial_simplex": simplex},
    )
    return dict(zip(names, (here + reach * run.x).tolist(), strict=True))


def _between(ends: Array, seen: Mapping[float, float], few: int) -> set[tuple[int, int]]:
    """Pairs of neighbouring ends about the best few that were tried."""
    tried = [k for k, end in enumerate(ends.tolist()) if seen.get(end, -np.inf) > -np.inf]
    best = sorted(tried, key=lambda k: -seen[float(ends[k])])[:few]
    pairs = [(k + side, k + side + 1) for k in best for side in (-1, 0)]
    return {(a, b) for a, b in pairs if a >= 0 and b < len(ends)}


def _is_sound(objective: Objective) -> Callable[[Array], bool]:
    """Whether a point is no accident of a few observations, by which a likelihood without a bound deceives."""
    likelihood, family = objective.likelihood, objective.likelihood.family
    spurious = family.spurious
    if spurious is None or likelihood.exact is None:
        return lambda u: True
    points = likelihood.stand_ins
    return lambda u: not spurious(points, *family.unpack(objective.coordinates.to_theta(u)))


def _without_spurious(
    objective: Objective, ends: Sequence[End], fixed: Mapping[str, Any]
) -> tuple[list[End], list[End]]:
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
        # What it says of the best maximum, behind a semicolon, holds where there is one.
        because = "" if reason is None else f": {reason.partition(';')[0]}"
        raise _unbounded(
            family,
            f"the likelihood is unbounded{because}; every maximum that the search found is a spike on a few "
            f"observations. {family.without_spikes}",
            likelihood.data,
            "newton",
        )
    return kept, narrow


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


_EXPLAINED = 1e-7
"""Nats per observation below which intervals count as certain under a law."""

_LOST = 100.0
"""Standard error of a coordinate, in natural changes, from which a maximum may be none: as the logarithm of a number,
one that is known to a factor of exp(100); of data over more powers of e than that, from as many."""

_FURTHER = (1.0, 5.0, 25.0)
"""How much farther a parameter that has run off is followed, in natural changes."""

_FOLLOWED = 2
"""How many coordinates, the farthest, are followed to see whether the likelihood only approaches its supremum."""

_WEAK = 1e-4
"""Smallest eigenvalue of the scaled information up to which what lies beyond a maximum of intervals is looked at."""

_LITTLE_NATS = 1e-4
"""What is left to gain where a likelihood approaches its supremum; more is the fault of a search that stopped."""

_SAME_NATS = 1e-7
"""Log-likelihoods that differ by so little are one, for telling where a likelihood has become flat."""


def _settle_run_off(found: Maximum, first: Array) -> Maximum:
    """Settle a search that followed the likelihood towards the end of a parameter's domain.

    Where the likelihood still rises there it is unbounded, and that is raised; where it has become flat, the end of the
    domain is where the maximum is, and the parameter counts as at the boundary.
    """
    data = found.likelihood.data
    if any(found.free):
        _check_not_certain(found)
    u, start = found.coordinates, found.objective.coordinates.from_theta(first)
    # A search that came back from a start far out has not run off.
    far = [
        not abs(at - begin) < FAR and not abs(at) < abs(begin)
        for at, begin in zip(u.tolist(), start.tolist(), strict=True)
    ]
    if not any(far):
        return found
    names = list(dict.fromkeys(name for name, away in zip(_free_names(found), far, strict=True) if away))
    elsewhere = None if found.family.unbounded is None else found.family.unbounded(data, found.known)
    if elsewhere is not None:
        raise _unbounded(
            found.family,
            f"the search found no local maximum of an unbounded likelihood: {elsewhere}.",
            data,
            found.method,
        )
    slopes = found.objective.gradient(u).tolist()
    rising = any(away and not abs(g) < STILL_RISING for away, g in zip(far, slopes, strict=True))
    if rising or _rises_beyond(found, np.array(far)):
        why = _only_event(data) or "are there ties, or fewer distinct values than parameters?"
        raise _unbounded(
            found.family,
            f"the likelihood is unbounded as {', '.join(names)} runs to the end of its domain (log-likelihood "
            f"{found.loglik:.6g} and rising): {why.rstrip('?')}{'?' if why.endswith('?') else '.'}",
            data,
            found.method,
            names,
        )
    free = [ok and p.name not in names for ok, p in zip(found.free, found.family.parameters, strict=True)]
    return replace(found, free=tuple(free), boundary=tuple(names))


def _check_not_certain(found: Maximum) -> None:
    """Raise where all intervals have points in common, and the law has concentrated there."""
    certain = found.likelihood.exact is None and found.loglik > -_EXPLAINED * found.likelihood.nobs
    if certain and _have_common_points(found.likelihood.data):
        message = (
            f"{found.family.name}: all intervals have points in common, so the likelihood has no maximum: it tends to "
            f"1 as the law concentrates there. Narrower intervals, or fixed parameters, are needed."
        )
        raise NoMaximumError(message, Certificate(verdict=Verdict.UNBOUNDED, message=message, method=found.method))


def _rises_beyond(found: Maximum, far: NDArray[np.bool_]) -> bool:
    """Whether the likelihood is higher beyond the point at which parameters that have run off were left."""
    u, nobs = found.coordinates, found.likelihood.nobs
    here = found.objective.value(u)
    with np.errstate(all="ignore"):
        values = [found.objective.value(u + np.where(far, np.sign(u) * d, 0.0)) for d in _FURTHER]
    return any((here - value) * nobs > _SAME_NATS * max(1.0, abs(here * nobs)) for value in values)


def _have_common_points(data: Sample) -> bool:
    """Whether there are points that every interval ``(lower, upper]`` holds."""
    return bool(np.max(data.lower) < np.min(data.upper))


def _unbounded(
    family: Family, why: str, data: Sample, method: str, run_off: Sequence[str] = ()
) -> UnboundedLikelihoodError:
    """The error for a likelihood that has no bound, with the way out that these data have.

    Parameters
    ----------
    family : Family
    why : str
        A sentence, with its full stop.
    data : Sample
    method : str
    run_off : sequence of str
        Parameters that run to the end of their domain.
    """
    right, left = bool(np.isposinf(data.upper).any()), bool(np.isneginf(data.lower).any())
    known = f"fix what is known: {_fixing(family, run_off, weibayes=right)}" if run_off else ""
    if _only_event(data) is not None:
        # Rounding would not help: the only event would be an interval that all others hold.
        way = f"Observe longer, fit a law of fewer parameters, as the exponential{known and ', or ' + known}."
    else:
        arguments = "time, step, event=event" if right else "x, step, observed=observed" if left else "x, step"
        rounded = f"If the data are rounded, as all measurements are, the likelihood of Sample.rounded({arguments})"
        way = f"{rounded} is bounded{known and '; or ' + known}."
    message = f"{family.name}: {why} {way}"
    return UnboundedLikelihoodError(message, Certificate(verdict=Verdict.UNBOUNDED, message=message, method=method))


def _fixing(family: Family, names: Sequence[str], *, weibayes: bool) -> str:
    """How to fix the first of some parameters."""
    name = names[0]
    shape = family.parameters[family.param_names.index(name)].role == "shape"
    return f"fixed={{{name!r}: ...}}" + (" (Weibayes)" if weibayes and shape else "")


_NEARER = (1e-1, 1e-2, 1e-3)
"""Spreads, relative to a point, of the laws that are tried on it."""

_CONCENTRATES = 1.0
"""Gain of log-likelihood, from each of those to the next, of a law whose density there grows without bound: the log of
10 is 2.3."""


def _check_only_event(family: Family, sample: Sample, fixed: Mapping[str, Any]) -> None:
    """Raise where all that is exact is one value that the intervals allow, and the law can concentrate there."""
    why = None if family.discrete or family.multivariate or family.per_row else _only_event(sample)
    if why is None:
        return
    value = float(sample.lower[sample.lower == sample.upper][0])
    heights, thetas = [], []
    for spread in _NEARER:
        near = sample.with_values(value + spread * (abs(value) or 1.0) * np.array([-1.0, 0.0, 1.0, 0.5, -0.5]), None)
        try:
            family.check_support(near)
            law = maximise(family, near, fixed=fixed)
        except (MleError, ArithmeticError):
            return
        at = law if law.limit is None else law.limit
        theirs = Likelihood(at.family, sample)
        in_its_unit = theirs.unit.params_to_unit(at.family, at.theta)
        heights.append((theirs.mean_loglik(in_its_unit) + theirs.log_jacobian) * theirs.nobs)
        thetas.append(law.theta)
    if not np.all(np.isfinite(heights)) or not np.all(np.diff(heights) > _CONCENTRATES):
        return
    with np.errstate(all="ignore"):
        moved = np.nan_to_num(np.abs(np.log(np.abs(thetas[-1] / thetas[0]))), posinf=1e300).tolist()
    # Without a location the scale is where the law is, and a shape how narrow.
    width = ("scale", "rate", "log-scale") if family.has_location else ("shape",)
    narrow = [k for k, p in enumerate(family.parameters) if p.role in width and p.name not in fixed]
    known = family.all_scalar and narrow
    names = [family.param_names[max(narrow, key=lambda k: moved[k])]] if known else []
    raise _unbounded(
        family,
        f"the likelihood is unbounded: {why}, and it grows as the law concentrates there.",
        sample,
        "none",
        names,
    )


def _only_event(data: Sample) -> str | None:
    """In words, that all that is exact is one value that every interval allows; None where it is not so."""
    point = data.lower == data.upper
    if data.is_exact or not point.any():
        return None
    value = float(data.lower[point][0])
    if np.any(data.lower[point] != value) or np.any(data.lower > value) or np.any(data.upper < value):
        return None
    number = int(np.count_nonzero(point))
    if np.isposinf(data.upper[~point]).all():
        event = "the only event" if number == 1 else f"the one time of all {number} events"
        return f"all censored times lie before {event}, {value:g}"
    event = "the only exact observation" if number == 1 else f"all {number} exact observations"
    return f"every interval holds the value of {event}, {value:g}"


def _coordinate_names(found: Maximum) -> list[str]:
    """Names of the free coordinates: of an entry of an array where each has its own, else of the parameter."""
    names: list[str] = []
    for p, free, place in zip(found.family.parameters, found.free, found.family.places, strict=True):
        if free:
            own = p.domain.n_free == p.size
            names += found.family.coefficient_names[place] if own else [p.name] * p.domain.n_free
    return names


def _free_names(best: Maximum) -> list[str]:
    return [
        p.name
        for p, free in zip(best.family.parameters, best.free, strict=True)
        if free
        for _ in range(p.domain.n_free)
    ]


# --- ends and kinks at observations ---------------------------------------------------------------------------------


def _at_observations(
    family: Family,
    likelihood: Likelihood,
    fixed: Mapping[str, Any],
    start: Mapping[str, Any] | None,
    solver: str | None,
) -> Maximum:
    """Where a search ends; or, where that is no maximum, the one with an end or a kink of the density at observations.

    A search by derivatives does not arrive there, or takes it for the end of a domain.
    """
    assert family.at_observations is not None
    data, found, failure = likelihood.data, None, None
    try:
        found = _by_search(family, likelihood, fixed, {}, start, solver)
    except NoMaximumError as error:
        failure = error
    if found is not None and not found.boundary and found.certify().ok and not family.has_kinks(*_params(found)):
        return found
    begin = starts_of(family, likelihood, domains_of(family), {}, start)[0]
    free = [p.regular and p.name not in fixed for p in family.parameters]
    nowhere = _maximum(family, likelihood, begin, free, "start", fixed=tuple(fixed))
    near = nowhere if found is None else found

    def climbed(law: Family) -> Maximum | None:
        known = {name: value for name, value in fixed.items() if name in law.param_names}
        try:
            return maximise(law, data, fixed=known)
        except MleError:
            return None

    def loglik(params: Sequence[float]) -> float:
        theta = likelihood.unit.params_to_unit(family, joined(family, params))
        return (likelihood.mean_loglik(theta) + likelihood.log_jacobian) * likelihood.nobs

    held = family.at_observations(data, family.unpack(near.theta), fixed, climbed, loglik)
    if held is not None:
        certain = held.certify().ok
        least = (np.inf, -np.inf)[certain] if found is None else found.loglik + (_LITTLE_NATS, -_LITTLE_NATS)[certain]
        if held.loglik < least:
            held = None
    if held is not None:
        embed = held.family.embed
        theta = joined(family, embed(*held.family.unpack(held.theta)))
        return replace(near, theta=theta, limit=held, embed=embed, boundary=held.boundary, method=held.method)
    if failure is not None:
        raise failure
    return near


def _params(found: Maximum) -> tuple[Any, ...]:
    return found.family.unpack(found.theta)


# --- special cases --------------------------------------------------------------------------------------------------


def _not_below_what_it_contains(found: Maximum) -> Maximum:
    """The maximum; where a special case of the law is higher than a search came, what a climb from there finds."""
    inside = higher_inside(found, maximise)
    if inside is None:
        return found
    family, likelihood = found.family, found.likelihood
    start = dict(zip(family.param_names, family.unpack(inside.theta), strict=True))
    image = _maximum(family, likelihood, likelihood.unit.params_to_unit(family, inside.theta), found.free, "start")
    ends = [found, image]
    try:
        ends.append(_by_search(family, likelihood, {}, {}, start, None))
    except UnboundedLikelihoodError:
        where = f"it is higher where the law is {inside.law.name} ({inside.loglik:.6g}), and without a bound beyond"
        return replace(found, elsewhere=where)
    except NoMaximumError:
        pass
    best = max(ends, key=lambda end: end.loglik)
    return best if best is found else replace(best, n_starts=found.n_starts + 1, n_agreeing=1)


# --- limits ---------------------------------------------------------------------------------------------------------


def _at_limit(found: Maximum, sample: Sample, fixed: Mapping[str, Any]) -> Maximum:
    """Compare with the limiting families; the maximum is the limit where no interior point beats it.

    Beyond a limit that is the last resort the likelihood has no bound: an interior maximum below it is a local one.
    """
    family = found.family
    best: Maximum | None = None
    elsewhere: str | None = None
    # Two log-likelihoods that agree to this are one: the rounding of a sum of n terms.
    rounding = 1e-9 + 1e-13 * abs(found.loglik)
    lost = not _inside(family, found.theta)
    if lost:
        rounding = TOLD_APART  # no double tells this maximum from its limit, and the data do not either
    window = _window(sample)
    seen = () if window is None else family.limits_in_window(*window)
    for limit in (*family.limits_near(sample, *family.unpack(found.theta)), *seen):
        law = limit.family
        if not _is_possible(law, sample):
            continue
        shared = {name: value for name, value in fixed.items() if name in law.param_names}
        if any(np.shape(shared[p.name]) != p.domain.shape for p in law.parameters if p.name in shared):
            continue  # a mixture that loses a component of which a parameter is known
        try:
            at = maximise(law, sample, fixed=shared)
        except NoMaximumError:
            continue
        theta = np.concatenate([np.ravel(np.asarray(v, dtype=float)) for v in limit.embed(*law.unpack(at.theta))])
        named = dict(zip(family.param_names, split(family, theta), strict=True))
        if any(not np.array_equal(named[name], np.ravel(value)) for name, value in fixed.items()):
            continue
        higher = at.loglik >= found.loglik - rounding and (best is None or at.loglik > best.loglik)
        if higher and at.certify().ok:
            ends = tuple(
                p.name
                for p in family.parameters
                if not np.all(np.isfinite(named[p.name])) or any(np.any(named[p.name] == e) for e in _ends(p.domain))
            )
            if limit.last and _is_inside(found, theta, ends):
                elsewhere = f"it is higher where the law is {law.name} ({at.loglik:.6g}), and without a bound beyond"
            else:
                best = replace(found, theta=theta, limit=at, embed=limit.embed, boundary=ends)
    return best or replace(found, elsewhere=elsewhere)


def _is_possible(law: Family, sample: Sample) -> bool:
    """Whether the support of a law holds a sample, of which intervals may reach beyond it."""
    if sample.is_exact:
        return law.support.covers(sample.minimum, sample.maximum)
    try:
        law.check_support(sample)
    except SupportError:
        return False
    return True


def _window(sample: Sample) -> tuple[float, float] | None:
    """The window that holds those of all rows; None without one."""
    return None if sample.window is None else (float(np.min(sample.window[0])), float(np.max(sample.window[1])))


_AT_END = 1e-3
"""Distance from an end of a domain within which a search has run to it."""


def _is_inside(found: Maximum, limit: Array, names: Sequence[str]) -> bool:
    """Whether a search ended in a maximum, and not on its way to a limit at which some parameters are at their end."""
    family = found.family
    here, there = split(family, found.theta), split(family, limit)
    near = [
        np.all(np.abs(a - b) < _AT_END)
        for p, a, b in zip(family.parameters, here, there, strict=True)
        if p.name in names
    ]
    return not any(near) and found._measured().decrement <= DECREMENT_TOLERANCE


def _ends(domain: Domain) -> tuple[float, ...]:
    return (domain.lower, domain.upper) if isinstance(domain, Interval) else domain.endpoints


def _shown(theta: Array, family: Family, name: str) -> str:
    part = split(family, theta)[family.param_names.index(name)]
    return ", ".join(f"{v:g}" for v in part).replace("inf", "∞")
