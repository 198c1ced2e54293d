"""Unconstrained coordinates of the free parameters, and the likelihood as a function of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.errors import RangeError
from mle_toolkit.families.domain import Domain, Interval, PositiveDefinite, Simplex, Space, Stack, Vector
from mle_toolkit.families.narrow import FEW
from mle_toolkit.families.relations import Chart
from mle_toolkit.likelihood.last import Last
from mle_toolkit.likelihood.several import Several
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.numerics.cached import cached_property
from mle_toolkit.numerics.differences import (
    STEP_OF_CURVATURE,
    STEP_OF_SCORE,
    STEP_OF_VALUE,
    central_each,
    first_differences,
    fourth_order_each,
    second_differences,
)

_SHORTER, _BENT = 3, 1e-5  # of a law that bends sharply: by so many digits more, until the least bend settles to this


class Coordinates:
    """Maps between the vector of all parameters and unconstrained coordinates of the free ones.

    Parameters
    ----------
    domains : sequence of Domain
        The domain of each parameter, in order, in the unit of the likelihood.
    theta : ndarray of shape (p,)
        Values of the parameters; those of fixed ones stay.
    free : sequence of bool
        Which parameters are free, one a domain.
    natural : ndarray of shape (p,)
        A natural change of each parameter on the whole real line: the scale of the law for a location.
    """

    def __init__(self, domains: Sequence[Domain], theta: Array, free: Sequence[bool], natural: Array) -> None:
        self.domains = tuple(domains)
        self.free = tuple(free)
        self.base = np.array(theta, dtype=float)
        self._parts: list[tuple[Domain, slice, slice, float, float]] = []
        first = used = 0
        for domain, is_free in zip(self.domains, self.free, strict=True):
            if is_free:
                centre, step = 0.0, 1.0
                where, at = slice(first, first + domain.size), slice(used, used + domain.n_free)
                if isinstance(domain, Interval) and domain.is_line:
                    centre, step = float(self.base[first]), float(natural[first])
                self._parts.append((domain, where, at, centre, step))
                used += domain.n_free
            first += domain.size
        self.n_free = used
        self.intervals_only = len(self._numbers) == len(self._parts)
        """Whether every free parameter is a number."""
        self.places = [place for _, place, _, _ in self._numbers] if self.intervals_only else []
        """Where the free parameters stand among all, if every one is a number."""
        self.can_bend = len(self._bending) == len(self._parts)
        """Whether the second derivatives of all parameters by the coordinates are known."""
        self._own_places = self._places_of_own()
        self._base_bytes = self.from_theta(self.base).tobytes()  # the base may lie at an end of a domain

    @cached_property
    def _numbers(self) -> list[tuple[Interval, int, float, float]]:
        """Of the parts that are numbers the domain, where they stand, and how their line is centred and stretched."""
        return [(d, at.start, mid, step) for d, at, _, mid, step in self._parts if isinstance(d, Interval)]

    @cached_property
    def _bending(self) -> list[tuple[Interval | Simplex | Vector | Space, slice, slice]]:
        """Of the parts with second derivatives the domain, and where they and their coordinates stand."""
        return [(d, where, at) for d, where, at, _, _ in self._parts if not isinstance(d, PositiveDefinite | Stack)]

    def to_theta(self, u: Array) -> Array:
        """All parameters, from the coordinates; those it was made with come back to the last bit."""
        theta = self.base.copy()
        if u.tobytes() == self._base_bytes:
            return theta
        values = u.tolist()
        for domain, where, at, centre, step in self._parts:
            if isinstance(domain, Interval):
                theta[where.start] = centre + step * domain.at(values[at.start])[0]
            else:
                theta[where] = domain.from_real(u[at])
        return theta

    def from_theta(self, theta: Array) -> Array:
        """The coordinates, from all parameters."""
        if self.intervals_only:
            values = theta.tolist()
            numbers = self._numbers
            return np.array([(domain.coordinate(values[k]) - centre) / step for domain, k, centre, step in numbers])
        with np.errstate(all="ignore"):
            return self._from_arrays(theta)

    def _from_arrays(self, theta: Array) -> Array:
        u = np.empty(self.n_free)
        for domain, where, at, centre, step in self._parts:
            if isinstance(domain, Interval):
                u[at.start] = (domain.coordinate(float(theta[where.start])) - centre) / step
            else:
                u[at] = domain.to_real(theta[where])
        return u

    def jacobian(self, u: Array) -> Array:
        """Derivatives of all parameters by the coordinates; shape (p, n_free)."""
        slopes, values = np.zeros((len(self.base), self.n_free)), u.tolist()
        for domain, where, at, _, step in self._parts:
            if isinstance(domain, Interval):
                slopes[where.start, at.start] = step * domain.at(values[at.start])[1]
            else:
                slopes[where, at] = domain.jacobian(u[at])
        return slopes

    def _places_of_own(self) -> NDArray[np.intp] | None:
        """Where the parameters stand of which each coordinate moves one alone; None where one moves several."""
        domains = [part[0] for part in self._parts]
        own = [isinstance(d, Interval) or (isinstance(d, Space) and d.frame is None) for d in domains]
        if not own or not all(own):
            return None
        return np.concatenate([np.arange(where.start, where.stop) for _, where, _, _, _ in self._parts])

    @cached_property
    def _are_parameters(self) -> bool:
        """Whether the coordinates are all of the parameters, as they are."""
        return self.n_free == len(self.base) and all(isinstance(part[0], Space) for part in self._parts)

    def pulled_each(self, score: Array, second: Array, u: Array) -> tuple[Array, Array] | None:
        """First and second derivatives by coordinates of which each moves one parameter; None where one moves several.

        From those by all parameters, of shape (p,) and (p, p), which may be overwritten.
        """
        places = self._own_places
        if places is None:
            return None
        if self._are_parameters:
            return score, second
        all_free = len(places) == len(self.base)
        by_all, by_pairs = (score, second) if all_free else (score[places], second[np.ix_(places, places)])
        for domain, _, at, _, step in self._parts:
            if isinstance(domain, Interval):
                k = at.start
                _, slope, bend = domain.at(float(u[k]))
                by_pairs[k] *= step * slope
                by_pairs[:, k] *= step * slope
                by_pairs[k, k] += by_all[k] * bend
                by_all[k] *= step * slope
        return by_all, by_pairs

    def about(self, u: Array, step: float) -> tuple[Array, Array]:
        """All parameters at a point, and with one coordinate after the other a step up, then down; intervals only.

        Returns
        -------
        ndarray of shape (1 + 2 n_free, p)
        ndarray of shape (1 + 2 n_free, n_free)
            The derivative of each free parameter by its own coordinate.
        """
        count, values = self.n_free, u.tolist()
        theta = self.base.copy()
        ups, downs, slopes = [], [], []
        for (domain, place, centre, size), value in zip(self._numbers, values, strict=True):
            here, up, down = domain.at(value), domain.at(value + step), domain.at(value - step)
            theta[place] = centre + size * here[0]
            ups.append((centre + size * up[0], size * up[1]))
            downs.append((centre + size * down[0], size * down[1]))
            slopes.append(size * here[1])
        thetas, moved = (row[None].repeat(1 + 2 * count, axis=0) for row in (theta, np.array(slopes)))
        thetas[0] = self.to_theta(u)
        for row, (k, (value, slope)) in enumerate([*enumerate(ups), *enumerate(downs)], start=1):
            thetas[row, self.places[k]], moved[row, k] = value, slope
        return thetas, moved

    def slopes_and_bends(self, u: Array) -> tuple[list[float], list[float]]:
        """First and second derivative of each free parameter by its own coordinate; intervals only."""
        slopes, bends = [], []
        for (domain, _, _, step), value in zip(self._numbers, u.tolist(), strict=True):
            _, slope, bend = domain.at(value)
            slopes.append(step * slope)  # on the whole line, where alone the step is not 1, there is no bend
            bends.append(bend)
        return slopes, bends

    def bend(self, gradient: Array, u: Array) -> Array:
        """Second derivatives by the coordinates of ``gradient @ to_theta(u)``; shape (n_free, n_free)."""
        bends = np.zeros((self.n_free, self.n_free))
        for domain, where, at in self._bending:  # where a step is not 1 there is no bend
            bends[at, at] = domain.bend(gradient[where], u[at])
        return bends

    def pulled(self, gradient: Array, u: Array) -> Array:
        """Gradient by the coordinates, from one by all parameters; shape (n_free,)."""
        if self.intervals_only:
            return np.asarray(gradient @ self.jacobian(u))
        parts = [
            domain.pulled(gradient[where], u[at])
            if isinstance(domain, PositiveDefinite)
            else step * (gradient[where] @ domain.jacobian(u[at]))
            for domain, where, at, _, step in self._parts
        ]
        return np.concatenate(parts) if parts else np.empty(0)


class ChartCoordinates(Coordinates):
    """Maps between all parameters and unconstrained coordinates of those of a chart of the law.

    Parameters
    ----------
    chart : Chart
    domains : sequence of Domain
        Those of the parameters as they are declared.
    theta : ndarray of shape (p,)
        Values of these.
    """

    def __init__(self, chart: Chart, domains: Sequence[Domain], theta: Array) -> None:
        self.domains, self.free = tuple(domains), (True,) * len(domains)
        self.base = np.array(theta, dtype=float)
        self.chart = chart
        inner = np.array(chart.inward(*self.base.tolist()))
        scale = next((v for role, v in zip(chart.law.roles, inner.tolist(), strict=True) if role == "scale"), 1.0)
        known = 0 < scale < np.inf  # beside a spike it leaves the doubles
        natural = np.array([scale if role == "location" and known else 1.0 for role in chart.law.roles])
        self.inner = Coordinates([p.domain for p in chart.law.parameters], inner, self.free, natural)
        self.n_free = self.inner.n_free
        self.intervals_only = self.can_bend = False
        self._own_places = None
        self._base_bytes = self.from_theta(self.base).tobytes()

    def to_theta(self, u: Array) -> Array:
        """All parameters, from the coordinates; those it was made with come back to the last bit."""
        if u.tobytes() == self._base_bytes:
            return self.base.copy()
        return np.array(self.chart.outward(*self.inner.to_theta(u).tolist()))

    def from_theta(self, theta: Array) -> Array:
        """The coordinates, from all parameters."""
        return self.inner.from_theta(np.array(self.chart.inward(*theta.tolist())))

    def jacobian(self, u: Array) -> Array:
        """Derivatives of all parameters by the coordinates; shape (p, n_free)."""
        with np.errstate(all="ignore"):  # where the parameters leave the doubles, so do these
            return np.asarray(self.chart.slopes(*self.inner.to_theta(u).tolist()) @ self.inner.jacobian(u))

    def pulled(self, gradient: Array, u: Array) -> Array:
        """Gradient by the coordinates, from one by all parameters; shape (n_free,)."""
        return np.asarray(gradient @ self.jacobian(u))


class Objective:
    """Mean negative log-likelihood per observation, as a function of the coordinates ``u``."""

    def __init__(self, likelihood: Likelihood, coordinates: Coordinates) -> None:
        self.likelihood = likelihood
        self.coordinates = coordinates
        free = coordinates.n_free > 0 and coordinates.can_bend
        rows = bool(likelihood.family.per_row) and likelihood.sums_masses
        self.at_once = free and likelihood.at_once and (likelihood.plain or rows)
        """Whether one pass over the data gives value, gradient and second derivatives together."""
        self._last_expansion: Last[tuple[float, Array | None, Array | None]] = Last()
        self.last_judged: Last[bool] = Last()
        """Whether points were found to be minima."""
        self.last_beyond: Last[float] = Last()
        """Lowest values with one coordinate farther out."""
        self._last_both: Last[tuple[Array, Array] | None] = Last()
        self._last_gradient: Last[Array] = Last()
        self._last_hessian: Last[Array] = Last()

    def on(self, likelihood: Likelihood) -> Objective:
        """The same of another likelihood of the law, in the same coordinates."""
        return Objective(likelihood, self.coordinates)

    @cached_property
    def has_score(self) -> bool:
        """Whether the gradient is exact."""
        return self.likelihood.family.score is not None

    @cached_property
    def has_hessian(self) -> bool:
        """Whether the second derivatives are exact."""
        known = self.likelihood.at_once or self.likelihood.family.hessian is not None
        return known and self.has_score and self.coordinates.can_bend

    @cached_property
    def _several(self) -> Several:
        return Several(self.likelihood)

    def value(self, u: Array) -> float:
        """Mean negative log-likelihood, nats; inf where the data are impossible."""
        if self.at_once:
            return self._last_expansion(u, self._expansion)[0]
        return -self.likelihood.mean_loglik(self.coordinates.to_theta(u))

    def value_alone(self, u: Array) -> float:
        """The same, at less cost where no derivative will be asked for there."""
        return -self.likelihood.mean_loglik(self.coordinates.to_theta(u))

    def values(self, points: Array) -> Array:
        """The value at each of several points, of shape (m, n_free); shape (m,)."""
        if self.at_once:
            return np.array([self.value(u) for u in points])
        return -self._several.logliks(self._thetas(points))

    def gradient(self, u: Array) -> Array:
        """Its derivatives; shape (n_free,)."""
        if self.at_once:
            known = self._last_expansion(u, self._expansion)[1]
            return self._last_gradient(u, self._gradient_in_parts) if known is None else known
        if not self.has_score:
            return first_differences(self.values, u, STEP_OF_VALUE)
        return self._last_gradient(u, self._gradient_in_parts)

    def gradients(self, points: Array) -> Array:
        """Its derivatives at each of several points, of shape (m, n_free); in that shape."""
        found = self._gradients_of_few(points) if self._are_few else None
        return np.array([self.gradient(u) for u in points]) if found is None else found

    def _gradients_of_few(self, points: Array) -> Array | None:
        """The same from one call, where rows are few; None where it must be had one by one."""
        likelihood, family, coordinates = self.likelihood, self.likelihood.family, self.coordinates
        if not self._several.at_once(len(points)):
            return None
        if family.dear_tails and len(points) * len(likelihood.intervals[0]) >= FEW:
            return None  # of so many it is the density that is integrated, and of one point it is not
        with np.errstate(all="ignore"):  # as at one point
            thetas = self._thetas(points)
            slopes = np.array([coordinates.slopes_and_bends(u)[0] for u in points])
            try:
                scores = self._several.mean_mass_scores(thetas)
                if scores is None:
                    return None
                if likelihood.has_points and not self.has_hessian:
                    scores = scores + self._several.point_scores(thetas)
            except RangeError:
                return None
            gradients = np.asarray(-scores[:, coordinates.places] * slopes)
            if likelihood.has_points and self.has_hessian:
                gradients = gradients + [self._gradient_of_points(u) for u in points]
        return gradients

    def _gradient_in_parts(self, u: Array) -> Array:
        both = self._both_of_few(u)
        if both is not None:
            return both[0]
        gradient = self._gradient_of_points(u)
        if not (self.likelihood.plain or self.likelihood.without_masses):
            with np.errstate(invalid="ignore"):  # both may be infinite, far from the data
                gradient = gradient + self._gradient_of_masses(u)
        return gradient

    def hessian(self, u: Array) -> Array:
        """Its second derivatives; shape (n_free, n_free)."""
        if self.at_once:
            known = self._last_expansion(u, self._expansion)[2]
            return self._last_hessian(u, self._hessian_in_parts) if known is None else known
        if len(u) == 0:
            return np.empty((0, 0))
        if not self.has_score:
            return second_differences(self.values, u, STEP_OF_CURVATURE)
        return self._last_hessian(u, self._hessian_in_parts)

    @cached_property
    def rough(self) -> Objective | None:
        """The objective with fewer moments of open intervals, right to some digits; None where it has none."""
        fewer = self.likelihood.for_start if self.has_score and not self.at_once else self.likelihood
        return None if fewer is self.likelihood else self.on(fewer)

    def _hessian_in_parts(self, u: Array) -> Array:
        both = self._both_of_few(u)
        if both is not None:
            return both[1]
        hessian = self._hessian_of_points(u)
        if not (self.likelihood.plain or self.likelihood.without_masses):
            hessian = hessian + self._hessian_of_masses(u)
        return hessian

    def _expansion(self, u: Array) -> tuple[float, Array | None, Array | None]:
        """The value and its derivatives; None for these where a probability is lost: differences may still have it."""
        theta = self.coordinates.to_theta(u)
        known = self.likelihood.expansion(theta)
        if known is None:
            return -self.likelihood.mean_loglik(theta), None, None
        value, score, second = known
        return -value, *self._pulled_derivatives(score, second, u)

    def _pulled_derivatives(self, score: Any, second: Any, u: Array) -> tuple[Array, Array]:
        """Gradient and second derivatives of the points, from those by the parameters."""
        if not self.coordinates.intervals_only:
            with np.errstate(all="ignore"):  # as below
                by_all, by_pairs = np.asarray(score), np.asarray(second)
                each = self.coordinates.pulled_each(-by_all, -by_pairs, u)
                if each is not None:
                    return each
                slope = self.coordinates.jacobian(u)
                return -(by_all @ slope), -(slope.T @ by_pairs @ slope + self.coordinates.bend(by_all, u))
        slopes, bends = self.coordinates.slopes_and_bends(u)
        if isinstance(score, np.ndarray):
            score, second = score.tolist(), second.tolist()
        # Few plain numbers, faster than arrays of them; a trial point where they overflow is seen as not finite.
        along = list(zip(self.coordinates.places, slopes, strict=True))
        downhill = [-score[i] * slope for i, slope in along]
        curved = [[-second[i][j] * (slope * other) for j, other in along] for i, slope in along]
        for k, bend in enumerate(bends):  # a parameter has at most one coordinate, so its own bend is on the diagonal
            curved[k][k] -= score[along[k][0]] * bend
        return np.array(downhill), np.array(curved)

    @cached_property
    def _are_few(self) -> bool:
        """Whether rows are so few that the scores at a point, and about it for second derivatives, cost one call."""
        likelihood, family, count = self.likelihood, self.likelihood.family, self.coordinates.n_free
        if likelihood.plain or count == 0 or not (self.has_score and self.coordinates.intervals_only):
            return False
        if likelihood.sums_masses or likelihood.with_moments:
            return False
        if likelihood.without_masses or family.bends_sharply:
            return False
        if likelihood.by_means is not None and not self.has_hessian:
            return False  # whose points have differences of their own
        if family.dear_tails and (1 + 2 * count) * len(likelihood.intervals[0]) >= FEW:
            return False  # of so many it is the density that is integrated
        with_scores = family.tail_scores is not None or family.log_mass_scores is not None
        return with_scores and self._several.at_once(1 + 2 * count)

    def _both_of_few(self, u: Array) -> tuple[Array, Array] | None:
        """Gradient and second derivatives from one call, where rows are few; None where they must be had apart."""
        return self._last_both(u, self._scores_about) if self._are_few else None

    def _scores_about(self, u: Array) -> tuple[Array, Array] | None:
        count, coordinates, exact = len(u), self.coordinates, self.likelihood.has_points
        with np.errstate(all="ignore"):  # trial points may lie where a score does not exist
            thetas, slopes = coordinates.about(u, STEP_OF_SCORE)
            try:
                scores = self._several.mean_mass_scores(thetas)
                if scores is None:
                    return None
                if exact and not self.has_hessian:
                    scores = scores + self._several.point_scores(thetas)
            except RangeError:
                return None
            pulled = -scores[:, coordinates.places] * slopes
            gradient, second = pulled[0], (pulled[1 : 1 + count] - pulled[1 + count :]) / (2 * STEP_OF_SCORE)
            second = 0.5 * (second + second.T)
            if exact and self.has_hessian:
                gradient, second = gradient + self._gradient_of_points(u), second + self._hessian_of_points(u)
        return gradient, second

    def _gradient_of_masses(self, u: Array) -> Array:
        score = self.likelihood.mean_mass_score(self.coordinates.to_theta(u))
        if score is None:
            return first_differences(self._mass_values, u, STEP_OF_VALUE)
        with np.errstate(all="ignore"):  # where the slopes of the coordinates leave the doubles
            return -self.coordinates.pulled(score, u)

    def _hessian_of_masses(self, u: Array) -> Array:
        if self.likelihood.sums_masses and self.coordinates.can_bend:
            theta = self.coordinates.to_theta(u)
            slope, by_all = self.coordinates.jacobian(u), self.likelihood.mean_mass_score(theta)
            if by_all is not None:
                second = self.likelihood.mean_mass_hessian(theta)
                with np.errstate(all="ignore"):  # as above
                    return -(slope.T @ second @ slope + self.coordinates.bend(by_all, u))
        settled = self._differences_of_masses(u, STEP_OF_SCORE)
        if settled is None:
            return second_differences(self._mass_values, u, STEP_OF_CURVATURE)
        if self.likelihood.family.bends_sharply:
            for k in range(1, _SHORTER + 1):
                shorter = self._differences_of_masses(u, STEP_OF_SCORE / 10**k)
                if shorter is None or np.abs(shorter - settled).max() <= _BENT * np.abs(np.diag(shorter)).min():
                    break
                settled = shorter
        return settled

    def _differences_of_masses(self, u: Array, step: float) -> Array | None:
        points = np.concatenate([u + step * np.eye(len(u)), u - step * np.eye(len(u))])
        scores = self._several.mean_mass_scores(self._thetas(points))
        if scores is None:
            return None
        with np.errstate(invalid="ignore"):  # a score that is infinite, which the caller sees
            pulled = [-self.coordinates.pulled(score, v) for score, v in zip(scores, points, strict=True)]
        second = np.subtract(pulled[: len(u)], pulled[len(u) :]) / (2 * step)
        return np.asarray(0.5 * (second + second.T))

    def _gradient_of_points(self, u: Array) -> Array:
        with np.errstate(all="ignore"):
            return -self.coordinates.pulled(self.likelihood.mean_score(self.coordinates.to_theta(u)), u)

    def _mass_values(self, points: Array) -> Array:
        """What intervals and windows add to the value at each of several points."""
        return -self._several.mean_masses(self._thetas(points))

    def _thetas(self, points: Array) -> Array:
        return np.array([self.coordinates.to_theta(u) for u in points])

    def _hessian_of_points(self, u: Array) -> Array:
        if self.has_hessian and (self.likelihood.at_once or self.likelihood.by_means is None):
            theta = self.coordinates.to_theta(u)
            score, second = self.likelihood.mean_score(theta), self.likelihood.mean_hessian(theta)
            _, hessian = self._pulled_derivatives(score, second, u)
            return hessian
        with np.errstate(invalid="ignore"):  # gradients may be infinite on the way to a spike
            second = self._differences_of_gradient(u)
            return 0.5 * (second + second.T)

    def _differences_of_gradient(self, u: Array) -> Array:
        if not self.likelihood.plain and self.likelihood.by_means is None:
            unit = STEP_OF_SCORE * np.eye(len(u))
            points = np.concatenate([u + unit, u - unit])
            with np.errstate(all="ignore"):
                scores = self._several.point_scores(self._thetas(points))
                pulled = [-self.coordinates.pulled(score, v) for score, v in zip(scores, points, strict=True)]
            return np.subtract(pulled[: len(u)], pulled[len(u) :]) / (2 * STEP_OF_SCORE)
        # Where no pass over the data is needed, four gradients cost nothing, and see flatness.
        if self.likelihood.by_means is not None:
            return fourth_order_each(self._gradient_of_points, u, STEP_OF_VALUE)
        return central_each(self._gradient_of_points, u, STEP_OF_SCORE)

    def score_rows(self, u: Array) -> Array:
        """Derivatives of the log-density of every row by the coordinates; shape (n_rows, n_free)."""
        if len(u) == 0:
            return np.empty((self.likelihood.data.n_rows, 0))
        by_all = self.likelihood.score_rows(self.coordinates.to_theta(u))
        if by_all is not None:
            return np.asarray(by_all @ self.coordinates.jacobian(u))

        def rows(v: Array) -> Array:
            return self.likelihood.rows(self.coordinates.to_theta(v))

        return fourth_order_each(rows, u, STEP_OF_VALUE).T


class ChartObjective(Objective):
    """The same, where the law is maximised in other parameters: computed by its law in these."""

    coordinates: ChartCoordinates

    def __init__(self, likelihood: Likelihood, coordinates: ChartCoordinates) -> None:
        super().__init__(likelihood, coordinates)
        law = coordinates.chart.law.given(likelihood.data.known)
        self.inner = Objective(Likelihood(law, likelihood.data, likelihood.unit), coordinates.inner)

    def on(self, likelihood: Likelihood) -> Objective:
        """The same of another likelihood of the law, in the same coordinates."""
        return ChartObjective(likelihood, self.coordinates)

    def value(self, u: Array) -> float:
        """Mean negative log-likelihood, nats; inf where the data are impossible."""
        return self.inner.value(u)

    def value_alone(self, u: Array) -> float:
        """The same, at less cost where no derivative will be asked for there."""
        return self.inner.value_alone(u)

    def values(self, points: Array) -> Array:
        """The value at each of several points, of shape (m, n_free); shape (m,)."""
        return self.inner.values(points)

    def gradient(self, u: Array) -> Array:
        """Its derivatives; shape (n_free,)."""
        return self.inner.gradient(u)

    def gradients(self, points: Array) -> Array:
        """Its derivatives at each of several points, of shape (m, n_free); in that shape."""
        return self.inner.gradients(points)

    def hessian(self, u: Array) -> Array:
        """Its second derivatives; shape (n_free, n_free)."""
        return self.inner.hessian(u)

    @cached_property
    def rough(self) -> Objective | None:
        """The objective with fewer moments of open intervals, right to some digits; None where it has none."""
        return self.inner.rough

    def score_rows(self, u: Array) -> Array:
        """Derivatives of the log-density of every row by the coordinates; shape (n_rows, n_free)."""
        return self.inner.score_rows(u)
