"""Where a maximisation ended, and the verdict on it.

Over 600 lines, because the verdict follows from all that is measured at one point: each question asks the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.estimation.certificate import (
    DECREMENT_TOLERANCE,
    SINGULAR,
    Certificate,
    Measured,
    Spectrum,
    Verdict,
    measure,
    spectrum,
)
from mle_toolkit.estimation.climb import BEYOND, is_minimum, least_value, value_beyond
from mle_toolkit.estimation.sides import measured_at_kinks
from mle_toolkit.estimation.starts import domains_of, natural_changes, natural_domains, split
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.parts import Combined
from mle_toolkit.families.domain import Domain, Interval
from mle_toolkit.families.held import Held
from mle_toolkit.likelihood.audit import bound_of, complaint, is_extreme
from mle_toolkit.likelihood.coordinates import ChartCoordinates, ChartObjective, Coordinates, Objective
from mle_toolkit.likelihood.linear import Linear
from mle_toolkit.likelihood.model import Model, model_of
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit
from mle_toolkit.numerics.cached import cached_property
from mle_toolkit.numerics.differences import fourth_order_at_once
from mle_toolkit.numerics.sent import SentByValue

_AS_SAID = 0.5
"""Share of a foretold rise by which the rise along the step may differ from it."""


def _itself(*params: Any) -> tuple[Any, ...]:
    """The parameters of a law, from its own."""
    return params


@dataclass(frozen=True, kw_only=True)
class Maximum(SentByValue):
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
    embed : callable
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
    run_off : tuple of str
        Parameters, as ends of supports, beyond which their profile goes on rising.
    above : tuple of str
        Parameters that are at the ends of their domains at a limiting law which was found to be a little lower.
    short : float
        Nats by which a limiting law is below the maximum, of which the parameters are beyond doubles.
    local : Maximum or None
        Where the likelihood only approaches a supremum: the highest maximum in the interior that was found below it.
    bound : float or None
        The supremum that the log-likelihood approaches as something runs off, where it is known otherwise, nats.
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
    embed: Callable[..., tuple[Any, ...]] = _itself
    n_starts: int = 0
    n_agreeing: int = 0
    bounds: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    elsewhere: str | None = None
    searched: tuple[Objective, Array] | None = None
    where: str | None = None
    run_off: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    short: float = 0.0
    local: Maximum | None = None
    bound: float | None = None

    @cached_property
    def loglik(self) -> float:
        """Log-likelihood of the sample, nats; computed when asked for, because a closed form does not need it."""
        if self.limit is not None:
            return self.limit.loglik
        if self.bound is not None:
            return self.bound
        value = self.likelihood.mean_loglik(self.theta_in_unit) if self.value is None else self.value
        return (value + self.likelihood.log_jacobian) * self.likelihood.nobs

    @cached_property
    def objective(self) -> Objective:
        """The likelihood as a function of the coordinates of the free parameters."""
        if self._left is not None:
            return self._left[0]
        domains, theta = domains_of(self.likelihood.family), self.theta_in_unit
        near = objective_near(self.likelihood, domains, theta, self.free, charted=not self.bounds)
        other = None if self.likelihood.plain or self.bounds else other_objective(near, domains, theta)
        if other is None or _is_minimum_at(near, theta):
            return near
        # Where a window shows of a law a tail alone, its chart may be too bent to measure anything there.
        if _is_minimum_at(other, theta):
            return other
        # A chart that serves a part of the law is for the maxima that it finds: other searches are in those declared.
        chart = near.coordinates.chart if isinstance(near.coordinates, ChartCoordinates) else None
        return near if chart is None or chart.serves is None else other

    @cached_property
    def coordinates(self) -> Array:
        """Where the maximum is, in those coordinates."""
        if self._left is not None:
            return self._left[1]
        return self.objective.coordinates.from_theta(self.theta_in_unit)

    @property
    def _left(self) -> tuple[Objective, Array] | None:
        """What a search has left, where these are derivatives at the maximum, by the free coordinates.

        Of a law that has become much wider than it was at the start, a location is measured anew, in its own scale.
        """
        if self.searched is None or not self.searched[0].at_once:
            return None
        coordinates = self.searched[0].coordinates
        if self.family.has_location:
            scale = [k for k, role in enumerate(self.family.roles) if role == "scale"][:1]
            if np.any(self.theta_in_unit[scale] > _WIDER * coordinates.base[scale]):
                return None
        return self.searched if coordinates.free == self.free else None

    @property
    def is_plain(self) -> bool:
        """Whether a theorem says that this is the maximum: it is a formula, and no end was reached.

        The log-likelihood of an exponential family is strictly concave, so the root of its equation is the maximum.
        """
        by_theorem = self.likelihood.on_means or self.family.entropy_attained
        formula = self.method == "closed-form" and by_theorem and not self.boundary and self.limit is None
        return formula and not is_extreme(self.theta_in_unit)

    @property
    def model(self) -> Model:
        """How the parameters of every row come about, of a regression.

        Raises
        ------
        ParameterError
            If it is the maximum of a law whose parameters are the same in every row.
        """
        return model_of(self.family)

    @property
    def known(self) -> dict[str, Any]:
        """Values of the parameters that were given, by name."""
        values = zip(self.family.param_names, self.family.unpack(self.theta), strict=True)
        return {name: value for name, value in values if name in self.fixed}

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
        return self._certificate

    @cached_property
    def _certificate(self) -> Certificate:
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
            where = " and ".join(_end_in_words(self.theta, family, name) for name in named)
            there = self.where or f"the boundary {where}, where {family.name} is {self.limit.family.name}"
            verdict, message = at_limit.verdict, f"at {there}: {at_limit.message}"
            elsewhere = self.elsewhere
            if elsewhere is None and family.unbounded is not None and not isinstance(family, Combined):
                # A spike that these data make; thresholds and mixtures have one for every sample, and keep their limit.
                elsewhere = family.unbounded(self.likelihood.data, self.known)
            if at_limit.ok and elsewhere is None:
                verdict, message = Verdict.BOUNDARY, f"the maximum is at {there}"
                if self.short > SAME_NATS:
                    message = (
                        f"the maximum, {self.short:.2g} nats higher, is so near {there} that its parameters are beyond "
                        f"doubles"
                    )
            elif at_limit.ok:
                verdict, message = Verdict.LOCAL, f"{Verdict.LOCAL.value}, at {there}: {elsewhere}"
            if at_limit.ok and self.limit._has_run_off and self._are_lost:
                verdict = Verdict.NOT_IDENTIFIED
                runs_off = self.limit._approach(self.limit.boundary)
                message = f"{verdict.value}: at {there}, {runs_off}, and no parameters of {family.name} are as high"
            return replace(
                at_limit,
                **facts | {"irregular": at_limit.irregular},
                verdict=verdict,
                limit=self.limit.family.name,
                message=message,
            )
        if self.complaint is not None:
            return Certificate(verdict=Verdict.INEXACT, message=self.complaint, **facts)
        seen = self.measured()
        facts |= {"score_se": seen.score_se, "decrement": seen.decrement, "eigenvalues": seen.eigenvalues}
        verdict, message = self._judge(seen, irregular)
        found = Certificate(verdict=verdict, message=message, **facts)
        if not (found.ok and self.rough):
            return found
        return replace(
            found,
            message=f"{message}; how well {' and '.join(self.rough)} is known is seen over a standard error to either "
            f"side, as the second derivative at the point is that of the few nearest observations",
        )

    @cached_property
    def complaint(self) -> str | None:
        """Why the log-likelihood cannot be that of the parameters, as where rounding moves it; None where it can."""
        if self.bound is not None:
            return None
        searched = self.method != "closed-form"
        return complaint(self.family, self.likelihood, self.theta, self.theta_in_unit, self.loglik, searched=searched)

    @property
    def _search_in_words(self) -> str:
        """How the maximum was looked for."""
        starts = f"{self.n_agreeing} of {self.n_starts} starts agree" if self.n_starts > 1 else ""
        scanned = self.family.scans if self.likelihood.plain and not self.fixed else ""
        return "; ".join(part for part in (scanned, starts) if part)

    def measured(self) -> Measured:
        """What is measured at the maximum: gradient, eigenvalues, decrement."""
        return self._measures

    @cached_property
    def _measures(self) -> Measured:
        u = self.coordinates
        if len(u) == 0:
            return measure(u, np.empty((0, 0)), self.likelihood.nobs)
        if self.kinked is not None:
            return measured_at_kinks(*self.kinked, self.objective, u, self.theta_in_unit, self.hessian)
        return measure(self.objective.gradient(u), self.hessian, self.likelihood.nobs, self.spectrum)

    @cached_property
    def hessian(self) -> Array:
        """Mean negative second derivatives by the coordinates, by differences that are longer where scores lose digits.

        Along a flat ridge, and where a law is near a limit or far from the origin. Those of two lengths must then agree
        better with each other than with the short ones, or with these but for rounding.
        """
        u, objective = self.coordinates, self.objective
        beside = self._hessian_beside if len(u) else None
        if beside is not None:
            return beside
        short = objective.hessian(u)
        by_formula = objective.at_once or (objective.has_hessian and self.likelihood.plain)
        if by_formula or not objective.has_score or len(u) == 0:
            return short
        seen = spectrum(short)
        if seen is None or _is_told_by_longer_steps(objective, u, short, seen):
            return short
        long = longer_hessian(objective, u, _LONGER)
        moved = _farthest(long, short, seen.unit)
        flat = moved <= _ROUNDED_CURVATURE
        if flat and abs(seen.eigenvalues[0]) < _ROUNDED_CURVATURE:
            return long
        longer = longer_hessian(objective, u, 10 * _LONGER)
        if _farthest(longer, long, seen.unit) < _SETTLES * moved:
            return longer
        return long if flat else short

    @cached_property
    def spectrum(self) -> Spectrum | None:
        """Eigenvalues and eigenvectors of these, scaled; None without any coordinate."""
        return spectrum(self.hessian) if len(self.hessian) else None

    @cached_property
    def smooth(self) -> Objective | None:
        """The likelihood in coordinates in which it is smooth, where it bends too sharply in the others; else None."""
        likelihood, theta = self.likelihood, self.theta_in_unit
        if likelihood.plain or self.bounds:
            return None
        domains = likelihood.family.domains_beside(*likelihood.family.unpack(theta))
        return None if domains is None else objective_near(likelihood, domains, theta, self.free, charted=False)

    @property
    def _hessian_beside(self) -> Array | None:
        """Second derivatives, where the likelihood bends too sharply to measure them, by those where it is smooth."""
        smooth = self.smooth
        if smooth is None:
            return None
        v = smooth.coordinates.from_theta(self.theta_in_unit)
        second, own = longer_hessian(smooth, v, WIDE), smooth.coordinates.jacobian(v)
        with np.errstate(all="ignore"):
            turn = np.linalg.lstsq(own, self.objective.coordinates.jacobian(self.coordinates), rcond=None)[0]
        bent = np.asarray(turn.T @ second @ turn)
        return bent if np.isfinite(bent).all() else None

    @property
    def kinked(self) -> tuple[Model, Linear, Sample] | None:
        """The model, its predictor, not known, at which the density of every row has a kink, and the points."""
        family = self.family
        if not isinstance(family, Model) or family.kinked is None or (points := self.likelihood.exact) is None:
            return None
        unknown = family.kinked.parameter not in self.fixed and self.likelihood.data.in_memory
        return (family, family.kinked, points) if unknown else None

    @cached_property
    def rough(self) -> tuple[str, ...]:
        """Parameters, not known, by which the second derivative of a row has no finite variance."""
        family, likelihood = self.likelihood.family, self.likelihood
        if self.limit is not None:
            return ()
        if isinstance(family, Model) and type(family.base).rough is Family.rough:
            return ()  # of a model the parameters of all rows are asked for
        params = family.unpack(self.theta_in_unit)
        if isinstance(family, Model):
            params, family = family.given(likelihood.sample.known).at_rows(params).params, family.base
        without = {*self.fixed, *self.boundary, *self.family.irregular(*self.family.unpack(self.theta))}
        return tuple(name for name in family.rough(*params) if name not in without)

    def approached(self, places: Sequence[int] | None = None, errors: Sequence[float] = ()) -> list[str]:
        """Numbers among the parameters that may run off without any loss of likelihood, the others following.

        Those of ``places``; the farthest, if they are not given. With standard errors of all coordinates, a loss that
        is as little as the curvature foretells is one: there is a maximum, though a flat one.
        """
        u, objective = self.coordinates, self.objective
        here, nobs = objective.value(u), self.likelihood.nobs
        loss, gain = SAME_NATS * max(1.0, abs(self.loglik)), LITTLE_NATS
        names = _coordinate_names(self)
        farthest = np.argsort(-np.abs(u), kind="stable").tolist() if places is None else places
        followed = farthest[:_FOLLOWED]
        told = {k: 0.5 * (BEYOND / errors[k]) ** 2 for k in followed} if len(errors) else {}
        resolved = _RESOLVED * max(1.0, abs(self.loglik))
        told = {k: fall for k, fall in told.items() if fall > resolved}
        saturated = (here - least_value(self.likelihood, 0.0)) * nobs <= gain

        def rise(k: int) -> float:
            # As soon as it is so much of a gain, or as little of a loss where no more can be gained, that is known.
            least = _SURELY * min(loss, (1.0 - _AS_SAID) * told.get(k, math.inf)) if saturated else -2 * gain
            return (here - value_beyond(objective, u, k, here + least / nobs, here + loss / nobs)) * nobs

        rises = {k: rise(k) for k in followed}
        flat = {k for k, fall in told.items() if abs(-rises[k] - fall) <= _AS_SAID * fall}
        return [names[k] for k, rise in rises.items() if -loss <= rise <= gain and k not in flat]

    def _rise(self, decrement: float) -> str:
        """How far the log-likelihood can still rise: to second order, where the step that says so holds its word."""
        u, objective = self.coordinates, self.objective
        step = np.linalg.solve(objective.hessian(u), -objective.gradient(u))
        gain = (objective.value(u) - objective.value(u + step)) * self.likelihood.nobs
        if abs(gain - decrement) <= _AS_SAID * decrement:
            return f"the log-likelihood can still rise by about {decrement:.2g}"
        return "how far the log-likelihood can still rise is not known: its derivatives do not foretell its values"

    @property
    def _is_saturated(self) -> bool:
        """Whether no law could do better, so that nothing can still rise."""
        bound = bound_of(self.family, self.likelihood)
        return math.isfinite(bound) and self.loglik >= bound - LITTLE_NATS

    @property
    def _are_lost(self) -> bool:
        """Whether the parameters at a limit are numbers, but have lost the digits that its log-likelihood needs."""
        if not np.all(np.isfinite(self.theta)) or isinstance(self.family, Model):
            return False
        own = Likelihood(self.family, self.likelihood.data, Unit())
        if own.data.in_memory and np.isnan(own.rows(self.theta)).any():
            return False  # at the end of a domain a formula may have no value, which tells nothing of the limit
        return not abs(own.mean_loglik(self.theta) * own.nobs - self.loglik) <= LITTLE_NATS

    @property
    def _has_run_off(self) -> bool:
        """Whether a parameter stands for the end of its domain at a number short of that, where no limit is known."""
        if self.limit is not None or not self.boundary:
            return False
        parts = zip(self.family.parameters, self.family.unpack(self.theta), strict=True)
        ended = [(p.domain, value) for p, value in parts if p.name in self.boundary]
        return any(
            isinstance(domain, Interval) and value not in (domain.lower, domain.upper) for domain, value in ended
        )

    @property
    def innermost(self) -> Maximum:
        """Itself; at a limit the maximum of that law, and so on, where that is at a limit of its own."""
        return self if self.limit is None else self.limit.innermost

    def supremum(self) -> str | None:
        """In words, that the log-likelihood only approaches its supremum, and as what runs off; None if it does not."""
        return self._supremum

    @cached_property
    def _supremum(self) -> str | None:
        if self.is_plain:
            return None
        if self.run_off:
            return self._approach(self.run_off)
        seen = self.measured()
        # The slope of a likelihood that only approaches its supremum may vanish in doubles.
        weak = len(seen.eigenvalues) and seen.eigenvalues[0] <= (SINGULAR if self.likelihood.plain else _WEAK)
        arrived = seen.decrement <= DECREMENT_TOLERANCE
        away = self.approached() if weak or not arrived else []
        if not away and arrived:
            lost = self._lost(seen)
            away = self.approached(lost, seen.errors) if lost else []
        if arrived:
            away = [name for name in away if name not in self.above]
        if away:
            return self._approach(away)
        beyond = [] if arrived else self._beyond_doubles()
        if beyond:
            return (
                f"the log-likelihood, here {self.loglik:.8g}, still rises where {' and '.join(beyond)} "
                f"{'leave' if len(beyond) > 1 else 'leaves'} the range of floating-point numbers"
            )
        if not arrived and self._is_confined:
            return (
                f"the log-likelihood, here {self.loglik:.8g}, only approaches its supremum, as a part of the law "
                f"narrows between neighbouring ends of intervals"
            )
        return None

    def _beyond_doubles(self) -> list[str]:
        """Parameters that are as far as numbers go, where no slope leads back."""
        parts = zip(self.family.parameters, self.family.unpack(self.theta_in_unit), self.free, strict=True)
        ended = [p.name for p, v, free in parts if free and np.ndim(v) == 0 and not _LAST**-1 < abs(float(v)) < _LAST]
        if not ended:
            return []
        with np.errstate(all="ignore"):
            outward = (self.objective.gradient(self.coordinates) * np.sign(self.coordinates)).tolist()
        names = free_names(self)
        back = {name for name, slope in zip(names, outward, strict=True) if slope > 0}
        return [name for name in ended if name not in back]

    def _approach(self, names: Sequence[str]) -> str:
        return f"the log-likelihood only approaches its supremum, {self.loglik:.8g}, as {', '.join(names)} runs off"

    @property
    def _is_confined(self) -> bool:
        likelihood = self.likelihood
        confined = likelihood.family.confined
        if confined is None or likelihood.has_points:
            return False
        return confined(likelihood.sample, *likelihood.family.unpack(self.theta_in_unit))

    def _lost(self, seen: Measured) -> list[int]:
        """Numbers of the coordinates that the data leave so open that there may be no maximum."""
        data = self.likelihood.data
        wide = math.log(data.maximum) - math.log(data.minimum) if not data.is_multivariate and data.minimum > 0 else 0.0
        least = _OPEN if self._is_saturated else max(_LOST, wide)
        return [k for k, error in enumerate(seen.errors) if error > least]

    def _judge(self, seen: Measured, irregular: tuple[str, ...]) -> tuple[Verdict, str]:
        supremum = self.supremum()
        if supremum is not None:
            return (
                Verdict.NOT_IDENTIFIED,
                f"{Verdict.NOT_IDENTIFIED.value}: {supremum}, so there is no maximum. Fix it, or choose a law with "
                f"fewer parameters",
            )
        flat = len(seen.eigenvalues) and abs(seen.eigenvalues[0]) <= SINGULAR
        if flat:
            return (
                Verdict.NOT_IDENTIFIED,
                f"{Verdict.NOT_IDENTIFIED.value}; the smallest eigenvalue of the scaled information is "
                f"{seen.eigenvalues[0]:.1e}. Fix a parameter, or choose a law with fewer",
            )
        if (self._has_run_off or not seen.decrement <= DECREMENT_TOLERANCE) and self._is_saturated:
            return (
                Verdict.NOT_IDENTIFIED,
                f"{Verdict.NOT_IDENTIFIED.value}: the log-likelihood, {self.loglik:.8g}, is the highest that any law "
                f"can have for these data, and there is no end to the parameters that come as near. Fix one, or "
                f"choose a law with fewer",
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
        if self.kinked is not None:
            return Verdict.NON_REGULAR, f"{Verdict.NON_REGULAR.value}: {self.kinked[1].parameter}"
        return Verdict.INTERIOR, Verdict.INTERIOR.value


def maximum_at(
    family: Family,
    likelihood: Likelihood,
    theta: Array,
    free: Sequence[bool],
    method: str,
    value: float | None = None,
    **facts: Any,
) -> Maximum:
    """The maximum at parameters in the unit of the likelihood."""
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
    unit = likelihood.unit
    if unit.is_identity or not (family.all_scalar and likelihood.plain and likelihood.data.in_memory):
        return theta
    names = family.irregular(*family.unpack(theta))
    cusps = [k for k, p in enumerate(family.parameters) if p.role == "location" and p.name in names]
    if not cusps:
        return theta
    moved = theta.copy()
    for k in cusps:
        away = np.abs(likelihood.data.x - theta[k])
        nearest = int(np.argmin(away))
        if away[nearest] <= _ULPS * max(abs(theta[k]), float(np.max(np.abs(unit.centre)))):
            moved[k] = likelihood.data.x[nearest]
    return moved


def objective_near(
    likelihood: Likelihood, domains: Sequence[Domain], theta: Array, free: Sequence[bool], *, charted: bool
) -> Objective:
    """The likelihood as a function of coordinates that are natural near ``theta``."""
    family = likelihood.family
    chart = family.chart if charted and all(free) else None
    if chart is not None and chart.is_for(theta.tolist()):
        return ChartObjective(likelihood, ChartCoordinates(chart, domains, theta))
    natural = natural_changes(likelihood, theta, free)
    return Objective(likelihood, Coordinates(natural_domains(family, domains, theta), theta, free, natural))


def _is_told_by_longer_steps(objective: Objective, u: Array, short: Array, seen: Spectrum) -> bool:
    """Whether second derivatives by short differences foretell the slopes farther away, on the least curved line.

    By each principal axis, in standard errors.
    """
    weakest = seen.unit * seen.axes[:, 0]
    step = _MIDDLE * weakest / np.abs(weakest).max()
    with np.errstate(all="ignore"):
        turned = (objective.gradient(u + step) - objective.gradient(u - step)) / 2 - short @ step
        missed = (seen.unit * turned) @ seen.axes / np.sqrt(np.abs(seen.eigenvalues))
        told = math.sqrt(abs(float(step @ short @ step)))
        return bool((np.abs(missed) <= _MISSED * told).all())


def _farthest(one: Array, other: Array, unit: Array) -> float:
    """Largest difference of second derivatives, where the diagonal is 1."""
    return float(np.abs((one - other) * np.outer(unit, unit)).max())


def longer_hessian(objective: Objective, u: Array, step: float) -> Array:
    """Second derivatives by differences over longer steps, where scores have but few digits."""
    with np.errstate(all="ignore"):
        second = fourth_order_at_once(objective.gradients, u, step)
    return np.asarray(0.5 * (second + second.T))


def other_objective(objective: Objective, domains: Sequence[Domain], theta: Array) -> Objective | None:
    """The same function of the parameters declared, of one of those of a chart; or of these; None where there are none.

    It is one of all parameters.
    """
    likelihood, free = objective.likelihood, [True] * len(domains)
    chart = likelihood.family.chart
    if isinstance(objective, ChartObjective):
        return objective_near(likelihood, domains, theta, free, charted=False)
    if chart is None or not all(objective.coordinates.free):
        return None
    return ChartObjective(likelihood, ChartCoordinates(chart, domains, theta))


def _is_minimum_at(objective: Objective, theta: Array) -> bool:
    with np.errstate(all="ignore"):
        return is_minimum(objective, objective.coordinates.from_theta(theta))


def in_domains(family: Family, theta: Array) -> bool:
    """Whether all parameters are in their domains: not where a chart leads out of the doubles."""
    parts = zip(family.parameters, family.unpack(theta), strict=True)
    return all(_is_inside(p.domain, value) for p, value in parts)


def _is_inside(domain: Domain, value: Any) -> bool:
    if isinstance(value, float) and isinstance(domain, Interval) and not domain.integer:
        return domain.covers(value, value)
    return bool(domain.contains(np.asarray(value)).all())


_LOST = 100.0
"""Standard error of a coordinate, in natural changes, from which a maximum may be none: as the logarithm of a number,
one that is known to a factor of exp(100); of data over more powers of e than that, from as many."""


_OPEN = 10.0
"""The same where no law could be higher, so that a search ends before it has run off."""


_WIDER = 10.0
"""How many times as wide as at the start a law may be at the maximum, for the coordinates of the search to serve."""


_RESOLVED = 1e-10
"""Share of a log-likelihood from which a difference is not rounding."""


_SURELY = 0.9
"""Share of a loss that would be one, from which rounding does not make it that."""


_FOLLOWED = 2
"""How many coordinates, the farthest, are followed to see whether the likelihood only approaches its supremum."""


_LONGER = 1e-4
"""Step of differences of a score, in natural changes, where a ridge is flat: fourth order, error 1e-12 in rounding."""


_MIDDLE, _MISSED = 3e-4, 1e-5
"""Step of one look at the slopes to either side, and the share of them that short differences may miss."""


_SETTLES = 0.2
"""How much nearer to the next ones longer differences must be than to the short ones, to be taken."""


WIDE = 1e-2
"""The same where scores have but six digits: in a logarithm of a distance that is a part in 1e10 of all."""


_ROUNDED_CURVATURE = 1e-6
"""What rounding may make of a second derivative by short differences, where the diagonal is 1."""


_LAST = 1e290
"""Size of a number, or of its inverse, from which a search that goes on leaves the doubles."""


_WEAK = 1e-4
"""Smallest eigenvalue of the scaled information up to which what lies beyond a maximum of intervals is looked at."""


LITTLE_NATS = 1e-4
"""What is left to gain where a likelihood approaches its supremum; more is the fault of a search that stopped."""


SAME_NATS = 1e-7
"""Log-likelihoods that differ by so little are one, for telling where a likelihood has become flat."""


def _coordinate_names(found: Maximum) -> list[str]:
    """Names of the free coordinates: of an entry of an array where each has its own, else of the parameter."""
    names: list[str] = []
    for p, free, place in zip(found.family.parameters, found.free, found.family.places, strict=True):
        if free:
            own = p.domain.n_free == p.size
            names += found.family.coefficient_names[place] if own else [p.name] * p.domain.n_free
    return names


def free_names(best: Maximum) -> list[str]:
    """Names of the parameters that the free coordinates are of."""
    return [
        p.name
        for p, free in zip(best.family.parameters, best.free, strict=True)
        if free
        for _ in range(p.domain.n_free)
    ]


def params_of(found: Maximum) -> tuple[Any, ...]:
    """Parameters in the unit of the data."""
    return found.family.unpack(found.theta)


def _end_in_words(theta: Array, family: Family, name: str) -> str:
    """Where a parameter is at its end: of a predictor of which the constant alone runs off, that it does."""
    term = family.linear.get(name) if isinstance(family, Model) else None
    ends = split(family, theta)[family.param_names.index(name)]
    if term is None or np.flatnonzero(~np.isfinite(ends)).tolist() != [term.constant]:
        return f"{name} = {_shown(theta, family, name)}"
    return f"{name} with an intercept of {'∞' if ends[term.constant] > 0 else '-∞'}"


def _shown(theta: Array, family: Family, name: str) -> str:
    part = split(family, theta)[family.param_names.index(name)]
    return ", ".join(f"{v:g}" for v in part).replace("inf", "∞")
