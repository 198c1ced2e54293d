"""Profile likelihood: the curve, its signed root, and intervals from the likelihood ratio.

The profile of a quantity g(theta) at a value is the highest log-likelihood among the parameters at which g has that
value. Twice its distance from the maximum, the deviance, is about chi-squared with one degree of freedom (Wilks 1938),
so the values with a small deviance are a confidence interval, the same in any parametrisation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mle_toolkit import notebook, options
from mle_toolkit._typing import Array
from mle_toolkit.errors import MleError, NoMaximumError, ParameterError
from mle_toolkit.estimation.certificate import Verdict
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.newton import LONGEST_STEP
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.families.base import Family
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.inference.covariance import inverse
from mle_toolkit.numerics.differences import first_differences, one_by_one, second_differences

_STEPS = 60
_HALVINGS = 30
_FLAT = 1e-11
"""Decrement, in log-likelihood units, at which a constrained maximum is found."""

_FARTHEST = 40.0
"""How many doublings of the first step are tried before an end of the interval counts as open."""

_END_OF_LINE = 30.0
"""A coordinate on the real line beyond which a parameter is at the end of its domain: exp(30) is 1e13."""

_LARGEST = 1e12
"""A value on the whole line beyond which no place as good as the end is sought."""

_STEP_OF_TARGET = 1e-4
_STEP_OF_BEND = 1e-2


@dataclass(frozen=True)
class End:
    """One end of an interval.

    Attributes
    ----------
    value : float
        The end; where the likelihood does not fall far enough, the end of the domain.
    reached : bool
        Whether the deviance reaches the bound there.
    note : str
        What there is to say of an end that is open; empty otherwise.
    """

    value: float
    reached: bool
    note: str = ""


@dataclass(frozen=True)
class Profile:
    """Profile likelihood of one quantity.

    Attributes
    ----------
    name : str
        The parameter, or what the quantity is called.
    estimate : float
        Its value at the maximum.
    values : ndarray of shape (m,)
        Values at which the curve is given, increasing; the estimate is among them.
    loglik : ndarray of shape (m,)
        Highest log-likelihood at each value, nats.
    lower, upper : End
        The ends of the interval of level ``1 - alpha``.
    alpha : float
    """

    name: str
    estimate: float
    values: Array = field(repr=False)
    loglik: Array = field(repr=False)
    lower: End
    upper: End
    alpha: float

    @property
    def interval(self) -> tuple[float, float]:
        """Values whose deviance is at most the chi-squared quantile of ``1 - alpha`` with one degree of freedom."""
        return self.lower.value, self.upper.value

    @property
    def deviance(self) -> Array:
        """Twice the fall of the log-likelihood from its maximum; shape (m,), nats."""
        return np.asarray(2 * (self.loglik.max() - self.loglik))

    @property
    def signed_root(self) -> Array:
        """Square root of the deviance, negative below the estimate: a straight line where Wald's interval is right."""
        return np.sign(self.values - self.estimate) * np.sqrt(self.deviance)

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say of open ends."""
        return tuple(end.note for end in (self.lower, self.upper) if end.note)

    def __str__(self) -> str:
        low, high = self.interval
        text = f"{self.name}: {self.estimate:.6g}, {1 - self.alpha:.0%} profile interval ({low:.6g}, {high:.6g})"
        return "; ".join((text, *self.notes))

    def _repr_html_(self) -> str:
        columns = ("", "estimate", f"lower, {1 - self.alpha:.0%}", "upper")
        row = (self.name, *(f"{value:.6g}" for value in (self.estimate, *self.interval)))
        return notebook.table(columns, [row], ("by profile likelihood", *self.notes))


def profile_of_parameter(maximum: Maximum, name: str, alpha: float = 0.05, points: int = 0) -> Profile:
    """Profile the likelihood over one parameter.

    Parameters
    ----------
    maximum : Maximum
    name : str
        A parameter that is a number, or one entry of an array: ``"mean[0]"``.
    alpha : float
        One minus the level of the interval.
    points : int
        How many values of the curve to compute between the ends of the interval and a little beyond.

    Raises
    ------
    ParameterError
        If there is no such parameter, it was given, or it has no profile likelihood of the usual theory.
    """
    alpha, points = options.level(alpha), options.whole(points, "points", 0)
    family = maximum.family
    k = _place(family, name)
    owner, domain = _owner(family, k)
    if owner in maximum.fixed:
        raise ParameterError(f"profile: {name} was given, so there is nothing to profile.")
    if owner in family.irregular(*family.unpack(maximum.theta)):
        raise ParameterError(
            f"profile: {name} is an end of the support or a kink of the density, for which the likelihood ratio is not "
            f"chi-squared; use the bootstrap."
        )
    if maximum.limit is not None or maximum.boundary:
        return _trace(_Refits(maximum, owner, domain), name, alpha, points)
    target = _Target(maximum, lambda theta: float(theta[k]), domain)
    refits = _Refits(maximum, owner, domain) if owner == name else None  # a fit takes whole parameters as given
    return _trace(_Path(maximum, target, refits), name, alpha, points)


def profile_of_combination(
    maximum: Maximum, weights: Array, name: str, alpha: float = 0.05, points: int = 0
) -> Profile:
    """Profile the likelihood over a linear combination of the parameters, as a coefficient of a regression is.

    Parameters
    ----------
    maximum : Maximum
    weights : ndarray of shape (p,)
        Of all parameters as `Maximum.theta` has them. At a limiting law, those that it lacks have weight 0.
    name : str
        What the combination is called.
    alpha, points
        As for `profile_of_parameter`.
    """
    alpha, points = options.level(alpha), options.whole(points, "points", 0)
    if maximum.limit is not None:
        model, law = maximum.model, maximum.limit.family
        lifted, counts = model.lifted(law), weights != 0
        if np.isnan(lifted[counts]).any():
            raise ParameterError(f"profile: {name} is at an end, where the law is its limit, and has no profile there.")
        weights = weights[counts] @ lifted[counts]
        return profile_of_combination(maximum.limit, weights, name, alpha, points)
    if maximum.boundary:
        raise ParameterError(f"profile: {', '.join(maximum.boundary)} is at the boundary; fix it, then profile {name}.")
    return _trace(_Path(maximum, _Target(maximum, lambda theta: float(weights @ theta), REAL)), name, alpha, points)


def profile_of_function(
    maximum: Maximum,
    function: Callable[[Distribution], float],
    name: str,
    alpha: float = 0.05,
    points: int = 0,
    domain: Interval = REAL,
) -> Profile:
    """Profile the likelihood over a smooth function of the law, such as a quantile.

    Parameters
    ----------
    maximum : Maximum
    function : callable
        Takes a `Distribution`, returns a number.
    name : str
        What it is called.
    alpha, points
        As for `profile_of_parameter`.
    domain : Interval
        Where its values lie.

    Raises
    ------
    ParameterError
        If the maximum is at the boundary of the parameter space.
    """
    alpha, points = options.level(alpha), options.whole(points, "points", 0)
    if maximum.limit is not None:
        return profile_of_function(maximum.limit, function, name, alpha, points, domain)
    if maximum.boundary:
        raise ParameterError(f"profile: {', '.join(maximum.boundary)} is at the boundary; fix it, then profile {name}.")
    return _trace(_Path(maximum, function_target(maximum, function, domain)), name, alpha, points)


def deviance_of_function(
    maximum: Maximum, function: Callable[[Distribution], float], value: float, domain: Interval = REAL
) -> float:
    """Twice the fall of the log-likelihood where a smooth function of the law has a value, nats.

    The profile interval holds the value where this is at most the chi-squared quantile; NaN if no constrained maximum
    was found. Parameters as for `profile_of_function`.
    """
    if maximum.limit is not None:
        return deviance_of_function(maximum.limit, function, value, domain)
    if maximum.boundary:
        raise ParameterError(f"profile: {', '.join(maximum.boundary)} is at the boundary; fix it first.")
    path = _Path(maximum, function_target(maximum, function, domain))
    return path.deviance(float(domain.to_real(np.asarray(value))))


def function_target(maximum: Maximum, function: Callable[[Distribution], float], domain: Interval = REAL) -> _Target:
    """A function of the law, as one of the free coordinates of a maximum."""
    family = maximum.family
    return _Target(maximum, lambda theta: float(function(Distribution.at(family, family.unpack(theta)))), domain)


class _Target:
    """A quantity as a function of the free coordinates, on a line on which it has no ends."""

    def __init__(self, maximum: Maximum, of_theta: Callable[[Array], float], domain: Interval) -> None:
        self.domain = domain
        self._coordinates = maximum.objective.coordinates
        self._likelihood = maximum.likelihood
        self._of_theta = of_theta

    def natural(self, u: Array) -> float:
        """The quantity itself."""
        theta = self._coordinates.to_theta(u)
        return self._of_theta(self._likelihood.unit.params_to_data(self._likelihood.family, theta))

    def value(self, u: Array) -> float:
        """The quantity on its line."""
        return float(self.domain.to_real(np.asarray(self.natural(u))))

    def gradient(self, u: Array) -> Array:
        """Derivatives by the coordinates; shape (n_free,)."""
        return first_differences(one_by_one(self.value), u, _STEP_OF_TARGET)

    def hessian(self, u: Array) -> Array:
        """Second derivatives; shape (n_free, n_free)."""
        return second_differences(one_by_one(self.value), u, _STEP_OF_BEND)


def delta_se(maximum: Maximum, function: Callable[[Distribution], float]) -> float:
    """Standard error of a smooth function of the law by the delta method; NaN where the parameters have none."""
    if maximum.limit is not None:
        return delta_se(maximum.limit, function) if len(maximum.limit.coordinates) else math.nan
    u = maximum.coordinates
    if len(u) == 0:  # all are known, or at the ends of their domains
        return 0.0 if len(maximum.known) == len(maximum.family.parameters) else math.nan
    slope = first_differences(one_by_one(function_target(maximum, function).natural), u, _STEP_OF_TARGET)
    covariance = inverse(maximum.likelihood.nobs * maximum.objective.hessian(u))
    return float(np.sqrt(slope @ covariance @ slope))


class _Path:
    """Constrained maxima, each sought from the last; by whole fits where another parameter runs off to its limit."""

    def __init__(self, maximum: Maximum, target: _Target, refits: _Refits | None = None) -> None:
        self.objective, self.target, self.refits = maximum.objective, target, refits
        self.nobs = maximum.likelihood.nobs
        self.u = maximum.coordinates
        self.top = self.objective.value(self.u)
        self.loglik = maximum.loglik
        self.estimate = target.natural(self.u)
        self.centre = target.value(self.u)
        slope = target.gradient(self.u)
        covariance = inverse(self.nobs * self.objective.hessian(self.u))
        variance = float(slope @ covariance @ slope)
        if not variance > 0:
            raise ParameterError("profile: the quantity does not depend on the free parameters, or has no variance.")
        self.unit = math.sqrt(variance)
        # How the maximum moves with the quantity, to first order.
        self.drift = covariance @ slope / variance
        self.domain = target.domain
        self._seen = {self.centre: (0.0, self.u)}

    def deviance(self, at: float) -> float:
        """Deviance where the quantity has a value on its line; NaN if no constrained maximum was found."""
        if at not in self._seen:
            nearest = min(self._seen, key=lambda seen: abs(seen - at))
            start = self._seen[nearest][1] + self.drift * (at - nearest)
            with np.errstate(all="ignore"):
                u = self._constrained(start, at)
                if u is None:
                    u = self._constrained(self._seen[nearest][1], at)
            if u is None:
                return math.nan if self.refits is None else self.refits.deviance(at)
            self._seen[at] = (2 * self.nobs * (self.objective.value(u) - self.top), u)
        return self._seen[at][0]

    def _constrained(self, u: Array, at: float) -> Array | None:
        """Newton's method on the Lagrangian, in the null space of the constraint; None if it does not converge.

        A loop of its own: each step is judged by the likelihood and by how far it leaves the constraint, together.
        """
        objective, target = self.objective, self.target
        value, gap = objective.value(u), target.value(u) - at
        if not (math.isfinite(value) and math.isfinite(gap)):
            return None
        for _ in range(_STEPS):
            slope, gradient = target.gradient(u), objective.gradient(u)
            size = float(slope @ slope)
            if not (np.all(np.isfinite(gradient)) and 0 < size < math.inf):
                return None
            multiplier = float(slope @ gradient) / size
            back = -gap / size * slope  # onto the constraint, along its slope
            along = np.linalg.svd(slope[None, :])[2][1:]
            step, decrement = back, 0.0
            if len(along):
                hessian = objective.hessian(u) - multiplier * target.hessian(u)
                if not np.all(np.isfinite(hessian)):
                    return None
                curvatures, axes = np.linalg.eigh(along @ hessian @ along.T)
                curvatures = np.maximum(np.abs(curvatures), 1e-8 * np.abs(curvatures).max())
                pull = axes.T @ (along @ (gradient + hessian @ back))
                step = back - along.T @ (axes @ (pull / curvatures))
                decrement = 0.5 * self.nobs * float(np.sum(pull * pull / curvatures))
            if decrement < _FLAT and abs(gap) < 1e-11 * max(1.0, abs(at)):
                return u
            step = step * min(1.0, LONGEST_STEP / float(np.max(np.abs(step)))) if np.any(step) else step
            price = 2 * abs(multiplier) + 1e-3  # of a violation, above that of the Lagrangian
            merit = value + price * abs(gap)
            settled = decrement < 1e-6 and abs(gap) < 1e-6
            for _ in range(_HALVINGS):
                new = u + step
                value, gap = objective.value(new), target.value(new) - at
                if settled or value + price * abs(gap) < merit:
                    break
                step = 0.5 * step
            else:
                return None
            u = new
        return None


class _Refits:
    """Maxima with one parameter given, by whole fits: where the maximum itself is at a boundary."""

    def __init__(self, maximum: Maximum, name: str, domain: Interval) -> None:
        family = maximum.family
        self.maximum, self.name, self.domain = maximum, name, domain
        values = dict(zip(family.param_names, family.unpack(maximum.theta), strict=True))
        self.fixed = {key: values[key] for key in maximum.fixed}
        self.estimate = float(values[name])
        self.loglik = maximum.loglik
        centre = float(domain.to_real(np.asarray(self.estimate)))
        self.centre = centre
        self.unit = 1.0
        self._seen: dict[float, float] = {centre: 0.0}

    def deviance(self, at: float) -> float:
        """Deviance where the parameter has a value on its line; NaN if there is no maximum."""
        if at not in self._seen:
            value = float(self.domain.from_real(np.asarray(at)))
            try:
                with np.errstate(all="ignore"):
                    found = maximise(
                        self.maximum.family, self.maximum.likelihood.data, fixed={**self.fixed, self.name: value}
                    )
            except (NoMaximumError, ParameterError):
                return math.nan
            failed = found.certify().verdict in (Verdict.NOT_CONVERGED, Verdict.INEXACT)
            self._seen[at] = math.nan if failed else 2 * (self.loglik - found.loglik)
        return self._seen[at]


def _trace(path: _Path | _Refits, name: str, alpha: float, points: int) -> Profile:
    """Find the ends of the interval, then the curve between them."""
    from scipy import special

    bound = float(special.chdtri(1, alpha))
    near = _near(path, bound)
    places = [_end(path, near, bound, direction) for direction in (-1, 1)]
    ends = []
    for (at, note), direction in zip(places, (-1, 1), strict=True):
        natural = float(path.domain.from_real(np.asarray(at)))
        ends.append(End(natural, not note, note.format(name=name, side="above" if direction > 0 else "below")))
    grid = np.array([path.centre])
    if points:
        first, last = (_bounded(at, path, near, side) for (at, _), side in zip(places, (-1, 1), strict=True))
        grid = np.unique(np.concatenate([np.linspace(first, last, points), grid[np.isfinite(grid)]]))
    deviance = np.array([path.deviance(float(at)) for at in grid])
    known = np.isfinite(deviance)
    values = np.asarray(path.domain.from_real(grid[known]))
    return Profile(name, path.estimate, values, path.loglik - 0.5 * deviance[known], ends[0], ends[1], alpha)


def _near(path: _Path | _Refits, bound: float) -> float:
    """Where the curve is followed from: the estimate; of one at the end of its domain, a place where it is as good."""
    if math.isfinite(path.centre):
        return path.centre
    near, last = math.copysign(_END_OF_LINE / 2, path.centre), _LARGEST if path.domain == REAL else _END_OF_LINE
    while not path.deviance(near) < bound and abs(near) < last:
        near *= 2
    return near


def _bounded(at: float, path: _Path | _Refits, near: float, direction: int) -> float:
    """An end of the curve: a quarter beyond the interval, or six units out where that is open."""
    if math.isfinite(at) and at != near:
        return at + 0.25 * (at - near)
    return near if at == path.centre else near + direction * 6 * path.unit


class _NoConstrainedMaximumError(Exception):
    """None was found at a value between two at which one was."""


_OPEN = "the interval of {name} is open {side}: the likelihood does not fall far enough towards the end of its domain"
_AT_END = "the estimate of {name} is at the end of its domain {side}"
_LOST = "the end of the interval of {name} {side} was not found: no constrained maximum beyond the value given"


def _end(path: _Path | _Refits, near: float, bound: float, direction: int) -> tuple[float, str]:
    """Where the deviance reaches the bound on one side, on the line, and a note if it does not."""
    from scipy import optimize

    if not math.isfinite(path.centre) and math.copysign(1, path.centre) == direction:
        return path.centre, _AT_END
    if near != path.centre and not path.deviance(near) < bound:
        return near, _LOST
    step = direction * math.sqrt(bound) * path.unit
    far = near
    for _ in range(int(_FARTHEST)):
        trial = far + step
        if abs(trial - near) > 2 * _END_OF_LINE and path.domain != REAL:
            return direction * math.inf, _OPEN
        deviance = path.deviance(trial)
        if math.isnan(deviance):
            step *= 0.5
            if abs(step) < 1e-6 * path.unit:
                return far, _LOST
            continue
        if deviance >= bound:

            def root(at: float) -> float:
                # On the square root, which is nearly straight.
                deviance = path.deviance(at)
                if math.isnan(deviance):
                    raise _NoConstrainedMaximumError
                return math.sqrt(max(deviance, 0.0)) - math.sqrt(bound)

            try:
                found = optimize.brentq(root, far, trial, xtol=1e-12 * max(1.0, abs(trial)), rtol=1e-14)
            except _NoConstrainedMaximumError:
                return far, _LOST
            return float(found), ""
        far, step = trial, 2 * step
    return direction * math.inf, _OPEN


def _place(family: Family, name: str) -> int:
    if not isinstance(name, str) or name not in family.coefficient_names:
        known = ", ".join(family.coefficient_names)
        raise ParameterError(f"{family.name} has no parameter {name!r}; its parameters: {known}.")
    return family.coefficient_names.index(name)


def _owner(family: Family, k: int) -> tuple[str, Interval]:
    """The parameter of a coefficient, and where the coefficient lives."""
    for p in family.parameters:
        if k < p.size:
            return p.name, p.domain if isinstance(p.domain, Interval) else REAL
        k -= p.size
    raise MleError("no such coefficient")
