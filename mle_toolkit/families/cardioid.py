"""The cardioid law of directions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.circular import Circular, about, mean_direction, on_turn, onto_turn
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.numerics.newton import roots

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_NEWTON_STEPS = 100
_SETTLED, _LEAST_STEP, _NEAR_END = 1e-24, 1e-12, 0.49
_SHORT = 0.5


class Cardioid(Circular):
    r"""Direction around ``mu``, the uniform law with one wave: the first term of any law near it.

    .. math:: \log f(x) = \log(1 + 2\rho\cos\omega(x - \mu)) - \log P, \quad \omega = 2\pi/P

    ``rho`` is the length of the mean vector, from 0 for the uniform law to 1/2, where the density opposite ``mu`` is 0:
    a boundary at which directions that are closer together end. Angles are radians unless the ``period`` P is given.
    Source: Jeffreys (1948), Theory of Probability, 2nd ed.; Mardia & Jupp (2000), Directional Statistics, ch. 3.5. The
    log-likelihood is concave in the vector of length rho and direction mu, so that it has one maximum.
    """

    name = "cardioid"
    support = REAL
    parameters = (
        Parameter("mu", REAL, typical=(-3.0, 3.0)),
        Parameter("rho", Interval(0.0, 0.5, closed="both"), typical=(0.1, 0.45)),
    )

    def logpdf(self, x: Array, mu: Array, rho: Array) -> Array:
        """Log-density at x."""
        with np.errstate(divide="ignore"):
            return np.log(_height(self.angle(x, mu), rho)) - math.log(self.period)

    def score(self, x: Array, mu: Array, rho: Array) -> tuple[Array, ...]:
        """Derivatives by mu and rho."""
        away = self.angle(x, mu)
        height = _height(away, rho)
        return self.rate * 2 * rho * np.sin(away) / height, 2 * np.cos(away) / height

    def hessian(self, x: Array, mu: Array, rho: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        away = self.angle(x, mu)
        height = _height(away, rho)
        sine, cosine = np.sin(away) / height, np.cos(away) / height
        across = 2 * rho * sine
        return (
            -(self.rate**2) * (2 * rho * cosine + np.square(across)),
            self.rate * (2 * sine - across * 2 * cosine),
            -4 * np.square(cosine),
        )

    def check(self, sample: Sample) -> None:
        """Nothing: the density has a bound."""

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """The mean vector, and a point near the boundary in its direction."""
        mu, length = mean_direction(self, sample)
        return [(mu, min(max(length, 1e-6), 0.45)), (mu, 0.49)]

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Newton's method for the vector; where that leads to the boundary, for its direction."""
        mu, length = mean_direction(self, sample)
        if length == 0:
            return 0.0, 0.0
        angle = self.rate * mu
        vector = min(length, 0.4) * np.array([math.cos(angle), math.sin(angle)])
        for _ in range(_NEWTON_STEPS):
            value, slope, bend = self._at(sample, vector)
            step = np.linalg.lstsq(bend, slope, rcond=1e-13)[0]  # one direction alone leaves it singular
            decrement = float(slope @ step)
            share = 1.0
            while np.hypot(*(vector + share * step)) >= 0.5 or self._at(sample, vector + share * step)[0] < value:
                share *= 0.5
                if share < _LEAST_STEP:
                    break
            if share >= _LEAST_STEP:
                vector = vector + share * step
            if decrement < _SETTLED or share < _LEAST_STEP:
                break
            if np.hypot(*vector) > _NEAR_END:
                at_end = self._on_boundary(sample, math.atan2(vector[1], vector[0]))
                if at_end is not None:
                    return on_turn(at_end / self.rate, self.period), 0.5
        rho = float(np.hypot(*vector))
        return on_turn(math.atan2(vector[1], vector[0]) / self.rate, self.period), rho

    def _at(self, sample: Sample, vector: Array) -> tuple[float, Array, Array]:
        """Mean log-density of a vector of length rho, less a constant; its gradient, and minus its Hessian."""
        a, b = 2 * vector

        def mean(of: Any) -> float:
            def at(x: Array) -> Array:
                cosine, sine = np.cos(self.rate * x), np.sin(self.rate * x)
                return np.asarray(of(cosine, sine, 1 + a * cosine + b * sine))

            return sample.mean(at)

        with np.errstate(all="ignore"):
            value = mean(lambda c, s, h: np.log(h))
            slope = [mean(lambda c, s, h: 2 * c / h), mean(lambda c, s, h: 2 * s / h)]
            bend = [mean(of) for of in (lambda c, s, h: c * c / (h * h), lambda c, s, h: c * s / (h * h))]
            last = mean(lambda c, s, h: s * s / (h * h))
        return value, np.array(slope), 4 * np.array([[bend[0], bend[1]], [bend[1], last]])

    def _on_boundary(self, sample: Sample, angle: float) -> float | None:
        """The direction of the maximum at rho = 1/2 near one, if there the likelihood rises outwards; else None.

        Between directions that are opposite to an observation the log-likelihood is concave there.
        """
        from scipy import optimize

        def slope(at: float) -> float:
            return sample.mean(lambda x: np.tan(0.5 * about(self.rate * x - at, np.asarray(0.0), 2 * math.pi)))

        opposite = about(self.rate * sample.x + math.pi - angle, np.asarray(0.0), 2 * math.pi)
        low = angle + float(np.max(opposite[opposite < 0], initial=-math.pi))
        high = angle + float(np.min(opposite[opposite > 0], initial=math.pi))
        margin = 1e-9 * (high - low)
        if not slope(low + margin) > 0 > slope(high - margin):
            return None
        found = float(optimize.brentq(slope, low + margin, high - margin, xtol=1e-15, rtol=1e-15, maxiter=200))
        outwards = sample.mean(lambda x: 1 - np.square(np.tan(0.5 * (self.rate * x - found))))  # 2 cos / (1 + cos)
        return found if outwards >= 0 else None

    def arranged(self, mu: float, rho: float) -> tuple[float, float]:
        """``mu`` on the turn about 0: above -P/2, at most P/2."""
        return on_turn(mu, self.period), rho

    # --- probabilities of arcs ----------------------------------------------------------------------------------------

    def middle(self, mu: Array, rho: Array) -> Array:
        """The mode, ``mu``."""
        return np.asarray(mu)

    def _arcs(self, lower: Array, upper: Array, mu: Array, rho: Array) -> tuple[Array, Array, Array]:
        """Probability of each arc, and the angles of its ends from the mode."""
        length = np.minimum(self.rate * (np.asarray(upper) - lower), 2 * math.pi)
        begin = self.rate * (about(lower, mu, self.period) - mu)
        chord = 2 * np.sin(0.5 * length)
        # Where the density is nearly 0 the terms of length + rho * chord * ... cancel, these do not.
        mass = (_arc_over_chord(length) + chord * _height(begin + 0.5 * length, rho)) / (2 * math.pi)
        return mass, begin, begin + length

    def log_mass(self, lower: Array, upper: Array, mu: Array, rho: Array) -> Array:
        """Log-probability of each arc from ``lower`` to ``upper``; 0 for a whole turn or more."""
        lower, upper = np.where(np.isfinite(lower), lower, mu), np.where(np.isfinite(lower), upper, mu + self.period)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(np.minimum(self._arcs(lower, upper, mu, rho)[0], 1.0)))

    def log_mass_scores(self, lower: Array, upper: Array, mu: Array, rho: Array) -> tuple[Array, ...]:
        """Derivatives of `log_mass` by mu and rho."""
        p, begin, end = self._arcs(lower, upper, mu, rho)
        part = np.asarray(upper) - lower < self.period  # of a whole turn nothing changes
        rise = np.exp(self.logpdf(lower, mu, rho)) - np.exp(self.logpdf(upper, mu, rho))
        return np.where(part, rise / p, 0.0), np.where(part, (np.sin(end) - np.sin(begin)) / math.pi / p, 0.0)

    def ppf(self, p: Array, mu: Array, rho: Array) -> Array:
        """Quantile on the turn centred at mu."""
        return np.asarray(mu - self._upper_angle(p, rho) / self.rate)

    def isf(self, p: Array, mu: Array, rho: Array) -> Array:
        """Upper quantile on the turn centred at mu."""
        return np.asarray(mu + self._upper_angle(p, rho) / self.rate)

    def _upper_angle(self, p: Array, rho: Array) -> Array:
        """Angle from mu, in radians, that is exceeded on the turn with probability p: Newton's method in a bracket.

        With t the distance of the angle from π, the probability is (t - 2 rho sin t) / 2π.
        """
        p, rho = np.broadcast_arrays(np.asarray(p, dtype=float), np.asarray(rho, dtype=float))
        tail = 2 * math.pi * np.minimum(p, 1 - p)
        low, high = np.zeros(p.shape), np.full(p.shape, math.pi)

        def gap_and_step(t: Array) -> tuple[Array, Array]:
            excess = (1 - 2 * rho) * t + 2 * rho * _less_sine(t) - tail
            return excess, -(excess / (1 - 2 * rho * np.cos(t)))

        t = roots(gap_and_step, low, high, 0.5 * (low + high), lambda t: 1e-16 * t)
        t = np.where(tail == 0, 0.0, t)
        return np.where((p >= 0) & (p <= 1), np.where(p <= 0.5, math.pi - t, t - math.pi), np.nan)

    def rvs(self, mu: Any, rho: Any, *, size: Any, rng: Any) -> Array:
        """Random directions, on the turn about 0."""
        return onto_turn(self.isf(rng.uniform(size=size), mu, rho), self.period)


def _height(angle: Array, rho: Array) -> Array:
    """1 + 2 rho cos(angle), to full digits where it is nearly 0."""
    return (1 - 2 * np.asarray(rho)) + 4 * np.asarray(rho) * np.square(np.cos(0.5 * angle))


def _less_sine(t: Array) -> Array:
    """By how much an angle is larger than its sine."""
    square = t * t
    series = t * square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72 * (1 - square / 110))))
    return np.where(np.abs(t) < _SHORT, series, t - np.sin(t))


def _arc_over_chord(length: Array) -> Array:
    """By how much an arc is longer than its chord."""
    return 2 * _less_sine(0.5 * length)
