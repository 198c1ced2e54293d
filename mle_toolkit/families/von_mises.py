"""The von Mises law of directions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.base import ExponentialFamily, Parameter
from mle_toolkit.families.domain import NON_NEGATIVE, REAL

_LOG_TWO_PI = math.log(2 * math.pi)
_NEWTON_STEPS = 50

_BALANCED = 64 * np.finfo(float).eps
"""Resultant length of balanced angles, which rounding alone makes differ from 0."""

_CONCENTRATED = 1e-11
"""Distance of the resultant length from 1 below which its rounding (1e-16) is more than 1e-5 of it."""

_LARGE = 500.0
"""Concentration from which 1 - I1/I0 is summed as its series, to full precision."""


class VonMises(ExponentialFamily):
    r"""Direction around ``mu``, in radians; the circle's normal law, uniform for ``kappa`` = 0.

    .. math:: \log f(x) = \kappa\cos(x - \mu) - \log(2\pi I_0(\kappa))

    Source: Mardia & Jupp (2000), Directional Statistics, ch. 3.5 and 5.3. The density is one on the circle: angles that
    differ by a turn are the same observation. The maximum is the direction of the mean vector, in (-π, π], and the
    concentration whose ratio I1(kappa)/I0(kappa) is the length R of that vector. Perfectly balanced angles, R = 0 to
    rounding, give ``kappa = 0``, the uniform law, where ``mu`` means nothing and is reported as 0
    without a standard error.
    """

    name = "von_mises"
    aliases = ("vonmises", "circular_normal")
    support = REAL
    parameters = (
        Parameter("mu", REAL, typical=(-3.0, 3.0)),
        Parameter("kappa", NON_NEGATIVE, typical=(0.2, 10.0)),
    )

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """The unit vector: cos x and sin x."""
        return np.cos(x), np.sin(x)

    def log_density(self, T: tuple[Array, ...], mu: Array, kappa: Array) -> Array:
        """Log-density, linear in T."""
        cosine, sine = T
        along = cosine * np.cos(mu) + sine * np.sin(mu)
        # I0(kappa) = i0e(kappa) exp(kappa), and i0e does not overflow.
        return np.asarray(kappa * (along - 1) - np.log(special.i0e(kappa)) - _LOG_TWO_PI)

    def logpdf(self, x: Array, mu: Array, kappa: Array) -> Array:
        """Log-density at x, from the half angle: cos - 1 would cancel for a large kappa."""
        gap = 2 * np.square(np.sin(0.5 * (x - mu)))
        return np.asarray(-kappa * gap - np.log(special.i0e(kappa)) - _LOG_TWO_PI)

    def score_of(self, T: tuple[Array, ...], mu: Array, kappa: Array) -> tuple[Array, ...]:
        """Derivatives by mu and kappa."""
        cosine, sine = T
        by_mu = kappa * (sine * np.cos(mu) - cosine * np.sin(mu))
        return by_mu, cosine * np.cos(mu) + sine * np.sin(mu) - 1 + _one_minus_ratio(kappa)

    def hessian_of(self, T: tuple[Array, ...], mu: Array, kappa: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        cosine, sine = T
        along, across = cosine * np.cos(mu) + sine * np.sin(mu), sine * np.cos(mu) - cosine * np.sin(mu)
        return -kappa * along, across, -_slope_of_ratio(kappa)

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Direction and concentration of the mean vector."""
        cosine, sine = means
        length = math.hypot(cosine, sine)
        if length <= _BALANCED:
            return 0.0, 0.0
        gap = 1 - length
        if gap < _CONCENTRATED:
            raise DegenerateDataError(
                "von_mises: the directions agree to 5e-6 radian or better, so kappa is unbounded or beyond 5e10; "
                "on so short an arc the law is normal: fit that."
            )
        mu = math.atan2(sine, cosine)
        return (mu if mu > -math.pi else math.pi), _concentration(length, gap)

    def entropy(self, mu: Array, kappa: Array) -> Array:
        """Entropy on the circle, nats: log(2 pi I0(kappa)) - kappa I1(kappa)/I0(kappa)."""
        return np.asarray(_LOG_TWO_PI + np.log(special.i0e(kappa)) + kappa * _one_minus_ratio(kappa))

    def cdf(self, x: Array, mu: Array, kappa: Array) -> Array:
        """Probability of at most x on the turn centred at mu, from mu - π to mu + π."""
        from scipy import stats

        away = np.clip(np.asarray(x) - mu, -np.pi, np.pi)
        return np.asarray(np.clip(stats.vonmises.cdf(away, kappa), 0.0, 1.0))

    def sf(self, x: Array, mu: Array, kappa: Array) -> Array:
        """Probability of more than x on that turn: the law is symmetric."""
        return self.cdf(2 * mu - np.asarray(x), mu, kappa)

    def ppf(self, p: Array, mu: Array, kappa: Array) -> Array:
        """Quantile on the turn centred at mu."""
        from scipy import stats

        p = np.asarray(p, dtype=float)
        inside = np.asarray(mu + stats.vonmises.ppf(np.clip(p, 0.0, 1.0), kappa))
        return np.where(p == 0, mu - np.pi, np.where(p == 1, mu + np.pi, inside))

    def isf(self, p: Array, mu: Array, kappa: Array) -> Array:
        """Upper quantile on the turn centred at mu."""
        p = np.asarray(p, dtype=float)
        inside = 2 * mu - self.ppf(p, mu, kappa)
        return np.where(p == 0, mu + np.pi, np.where(p == 1, mu - np.pi, inside))

    def rvs(self, mu: float, kappa: float, *, size: Any, rng: Any) -> Array:
        """Random directions, on the turn centred at mu."""
        return np.asarray(mu + rng.vonmises(0.0, kappa, size))

    def to_scipy(self, mu: float, kappa: float) -> Any:
        """``scipy.stats.vonmises(kappa, loc=mu)``; of the uniform law where kappa = 0."""
        from scipy import stats

        return stats.vonmises(kappa, loc=mu)


def _one_minus_ratio(kappa: Array) -> Array:
    """1 - I1(kappa)/I0(kappa), to full relative precision also where the ratio is nearly 1."""
    r = 1 / np.maximum(kappa, _LARGE)
    # Abramowitz & Stegun 9.7.1, both series divided.
    series = r * (1 / 2 + r * (1 / 8 + r * (1 / 8 + r * (25 / 128 + r * 13 / 32))))
    return np.where(np.asarray(kappa) < _LARGE, 1 - special.i1e(kappa) / special.i0e(kappa), series)


def _slope_of_ratio(kappa: Array) -> Array:
    """Derivative of I1/I0, without cancellation for a large kappa."""
    low, r = np.minimum(kappa, _LARGE), 1 / np.maximum(kappa, _LARGE)
    # I1' = (I0 + I2)/2, and the derivative of the series of 1 - I1/I0.
    i0e = special.i0e(low)
    slope = 0.5 + 0.5 * special.ive(2, low) / i0e - np.square(special.i1e(low) / i0e)
    series = r * r * (1 / 2 + r * (1 / 4 + r * (3 / 8 + r * (25 / 32 + r * 65 / 32))))
    return np.where(np.asarray(kappa) < _LARGE, slope, series)


def _concentration(length: float, gap: float) -> float:
    """Solve I1(kappa)/I0(kappa) = length = 1 - gap, by Newton's method in log(kappa)."""
    kappa = length * (2 - length**2) / (gap * (1 + length))  # Banerjee et al. (2005), JMLR 6, 1345-1382
    for _ in range(_NEWTON_STEPS):
        rest = float(_one_minus_ratio(np.asarray(kappa)))
        ratio = 1 - rest
        # A' = 1 - A² - A/kappa; for a large kappa it is 1/(2 kappa²) and those terms cancel.
        slope = 0.5 / kappa**2 * (1 + 0.5 / kappa) if kappa > _LARGE else rest * (1 + ratio) - ratio / kappa
        excess = (gap - rest) if gap < 0.5 else (ratio - length)
        change = excess / (kappa * slope)
        kappa *= math.exp(-max(-2.0, min(2.0, change)))
        if abs(change) < 1e-13:
            break
    return kappa
