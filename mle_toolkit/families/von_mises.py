"""The von Mises law of directions."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.circular import BALANCED, TURN, Circular, about
from mle_toolkit.families.domain import NON_NEGATIVE, REAL
from mle_toolkit.families.expectations import ONE, Statistic, Terms
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.special import legendre
from mle_toolkit.numerics.newton import roots

_LOG_TURN = math.log(TURN)
_NEWTON_STEPS = 50

_CONCENTRATED = 1e-11
"""Distance of the resultant length from 1 below which its rounding (1e-16) is more than 1e-5 of it."""

_LARGE = 500.0
"""Concentration from which 1 - I1/I0 is summed as its series, to full precision."""

_FOLDS = 40.0
"""Powers of e over which the density is integrated: beyond is less than 1e-17 of the integral."""

_NODES = 48
"""Of the Gauss-Legendre rule on an arc over which the density falls by no more than those: the error is below 1e-15."""

_ROWS = 1_000
"""Arcs that are integrated at once: temporaries stay in the second-level cache."""


class VonMises(Circular, ExponentialFamily):
    r"""Direction around ``mu``; the circle's normal law, uniform for ``kappa`` = 0.

    .. math:: \log f(x) = \kappa\cos(\omega(x - \mu)) - \log(P I_0(\kappa)), \quad \omega = 2\pi/P

    Source: Mardia & Jupp (2000), Directional Statistics, ch. 3.5 and 5.3. Angles are radians unless the ``period`` P is
    given: 360 for degrees. The density is one on the circle: angles that differ by a turn are the same observation, and
    an interval is an arc. The maximum is the direction of the mean vector, in (-P/2, P/2], and the concentration whose
    ratio I1(kappa)/I0(kappa) is the length R of that vector. Perfectly balanced angles, R = 0 to rounding, give
    ``kappa = 0``, the uniform law, where ``mu`` means nothing and is reported as 0 without a standard error.
    Probabilities of arcs are integrals of the density by Gauss-Legendre quadrature on pieces on which it is monotone.
    """

    name = "von_mises"
    aliases = ("vonmises", "circular_normal")
    support = REAL
    parameters = (
        Parameter("mu", REAL, typical=(-3.0, 3.0)),
        Parameter("kappa", NON_NEGATIVE, typical=(0.2, 10.0)),
    )

    def _radians(self, x: Array) -> Array:
        if self.constants["period"] is None:
            return x
        return self.rate * np.remainder(x, self.period)  # exact, as the multiple is not

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """The unit vector: cosine and sine."""
        angle = self._radians(x)
        return np.cos(angle), np.sin(angle)

    def log_density(self, T: tuple[Array, ...], mu: Array, kappa: Array) -> Array:
        """Log-density, linear in T."""
        along, _ = self._turned(T, mu)
        # I0(kappa) = i0e(kappa) exp(kappa), and i0e does not overflow.
        return np.asarray(kappa * (along - 1) - self._log_norm(kappa))

    def _log_norm(self, kappa: Array) -> Array:
        return np.asarray(np.log(special.i0e(kappa)) + math.log(self.period))

    def _turned(self, T: tuple[Array, ...], mu: Array) -> tuple[Array, Array]:
        """The unit vector along ``mu`` and across it."""
        cosine, sine = T
        angle = self.rate * np.asarray(mu)
        c, s = np.cos(angle), np.sin(angle)
        return cosine * c + sine * s, sine * c - cosine * s

    def logpdf(self, x: Array, mu: Array, kappa: Array) -> Array:
        """Log-density at x, from the half angle: cos - 1 would cancel for a large kappa."""
        gap = 2 * np.square(np.sin(0.5 * self.rate * (x - mu)))
        return np.asarray(-kappa * gap - self._log_norm(kappa))

    def score_of(self, T: tuple[Array, ...], mu: Array, kappa: Array) -> tuple[Array, ...]:
        """Derivatives by mu and kappa."""
        along, across = self._turned(T, mu)
        return self.rate * kappa * across, along - 1 + one_minus_ratio(kappa)

    def hessian_of(self, T: tuple[Array, ...], mu: Array, kappa: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        along, across = self._turned(T, mu)
        return -(self.rate**2) * kappa * along, self.rate * across, -slope_of_ratio(kappa)

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Direction and concentration of the mean vector."""
        cosine, sine = means
        length = math.hypot(cosine, sine)
        if length <= BALANCED:
            return 0.0, 0.0
        gap = 1 - length
        if gap < _CONCENTRATED:
            raise DegenerateDataError(
                "von_mises: the directions agree to 5e-6 radian or better, so kappa is unbounded or beyond 5e10; "
                "on so short an arc the law is normal: fit that."
            )
        angle = math.atan2(sine, cosine)
        mu = angle / self.rate if angle > -math.pi else 0.5 * self.period
        return mu, _concentration(length, gap)

    def arranged(self, mu: float, kappa: float) -> tuple[float, float]:
        """``mu`` on the turn about 0, as the closed form gives it: above -P/2, at most P/2."""
        half = 0.5 * self.period
        moved = mu if -half < mu <= half else half - math.fmod(half - mu, self.period)
        return (moved if moved <= half else moved - self.period), kappa

    def entropy(self, mu: Array, kappa: Array) -> Array:
        """Entropy on the circle, nats: log(P I0(kappa)) - kappa I1(kappa)/I0(kappa)."""
        return np.asarray(self._log_norm(kappa) + kappa * one_minus_ratio(kappa))

    # --- probabilities of arcs ----------------------------------------------------------------------------------------

    def middle(self, mu: Array, kappa: Array) -> Array:
        """The mode, ``mu``."""
        return np.asarray(mu)

    def logcdf(self, x: Array, mu: Array, kappa: Array) -> Array:
        """Log of the probability from mu - P/2 to x."""
        return self._tails(x, mu, kappa, 1.0)

    def logsf(self, x: Array, mu: Array, kappa: Array) -> Array:
        """Log of the probability from x to mu + P/2."""
        return self._tails(x, mu, kappa, -1.0)

    def _tails(self, x: Array, mu: Array, kappa: Array, sign: float) -> Array:
        """Log of the probability from an end of the turn to x: of the smaller side, or of one minus it."""
        x, mu, kappa = np.broadcast_arrays(x, mu, kappa)
        away = sign * self.rate * (about(x, mu, self.period) - mu)
        log_p = _beyond(np.minimum(np.abs(away), math.pi).ravel(), kappa.ravel().astype(float)).reshape(away.shape)
        return np.asarray(np.where(away <= 0, log_p, np.log1p(-np.exp(np.minimum(log_p, -math.log(2))))))

    def log_mass(self, lower: Array, upper: Array, mu: Array, kappa: Array) -> Array:
        """Log-probability of each arc from ``lower`` to ``upper``; 0 for a whole turn or more."""
        return self._arcs(lower, upper, mu, kappa)[0]

    def log_mass_scores(self, lower: Array, upper: Array, mu: Array, kappa: Array) -> tuple[Array, ...]:
        """Derivatives of `log_mass` by mu and kappa."""
        log_p, by_kappa = self._arcs(lower, upper, mu, kappa)
        part = np.asarray(upper) - lower < self.period  # of a whole turn nothing changes
        low, high = np.where(part, lower, 0.0), np.where(part, upper, 0.0)
        rise, fall = (np.exp(self.logpdf(x, mu, kappa) - log_p) for x in (low, high))
        return rise - fall, by_kappa

    def _arcs(self, lower: Array, upper: Array, mu: Array, kappa: Array) -> tuple[Array, Array]:
        """Log-probability of arcs, and its derivative by kappa."""
        lower, upper, mu, kappa = np.broadcast_arrays(lower, upper, mu, kappa)
        shape = lower.shape
        length = np.ravel(self.rate * (upper - lower))
        begin = np.ravel(self.rate * (about(np.where(np.isfinite(lower), lower, mu), mu, self.period) - mu))
        kappa = np.ravel(kappa).astype(float)
        log_p, slope = np.zeros(len(length)), np.zeros(len(length))
        for first in range(0, len(length), _ROWS):
            rows = slice(first, first + _ROWS)
            log_p[rows], slope[rows] = _arc(begin[rows], length[rows], kappa[rows])
        return log_p.reshape(shape), slope.reshape(shape)

    def ppf(self, p: Array, mu: Array, kappa: Array) -> Array:
        """Quantile on the turn centred at mu."""
        return np.asarray(mu - self._upper_angle(p, kappa) / self.rate)

    def isf(self, p: Array, mu: Array, kappa: Array) -> Array:
        """Upper quantile on the turn centred at mu."""
        return np.asarray(mu + self._upper_angle(p, kappa) / self.rate)

    def _upper_angle(self, p: Array, kappa: Array) -> Array:
        """Angle from mu, in radians, that is exceeded on the turn with probability p."""
        p, kappa = np.broadcast_arrays(np.asarray(p, dtype=float), np.asarray(kappa, dtype=float))
        tail = np.minimum(p, 1 - p)
        angle = np.zeros(p.shape)
        some = (tail > 0) & (tail < 0.5)
        if some.any():
            angle[some] = _angle_beyond(tail[some], kappa[some])
        angle = np.where(tail == 0, math.pi, angle)
        return np.where((p >= 0) & (p <= 1), np.where(p <= 0.5, angle, -angle), np.nan)

    def rvs(self, mu: float, kappa: float, *, size: Any, rng: Any) -> Array:
        """Random directions, on the turn about 0."""
        drawn = mu + rng.vonmises(0.0, kappa, size) / self.rate
        half = 0.5 * self.period
        return np.asarray(half - np.mod(half - drawn, self.period))

    def terms(self, mu: float, kappa: float) -> Terms:
        """The log-density by the cosine of the angle from mu."""
        angle = 2 * math.pi * (mu / self.period)
        return {ONE: -math.log(self.period) - math.log(special.i0e(kappa)) - kappa, ("cos", angle): kappa}

    def expected(self, statistic: Statistic, mu: float, kappa: float) -> float | None:
        """Expected value of the cosine of the angle from a direction."""
        if statistic[0] != "cos":
            return None
        return float(special.i1e(kappa) / special.i0e(kappa)) * math.cos(
            2 * math.pi * (mu / self.period) - statistic[1]
        )

    def to_scipy(self, mu: float, kappa: float) -> Any:
        """``scipy.stats.vonmises(kappa, loc=mu)``; of the uniform law where kappa = 0."""
        from scipy import stats

        return stats.vonmises(kappa, loc=mu, scale=1 / self.rate)

    @staticmethod
    def from_scipy(kappa: float, loc: float, scale: float) -> dict[str, Any]:
        """Parameters of ``scipy.stats.vonmises(kappa, loc, scale)``."""
        return {"mu": loc, "kappa": kappa, "period": None if scale == 1 else TURN * scale}


def one_minus_ratio(kappa: Array) -> Array:
    """1 - I1(kappa)/I0(kappa), to full relative precision also where the ratio is nearly 1."""
    return ratio_and_slope(kappa)[0]


def slope_of_ratio(kappa: Array) -> Array:
    """Derivative of I1/I0, without cancellation for a large kappa."""
    return ratio_and_slope(kappa)[1]


def ratio_and_slope(kappa: Array, level: Array | None = None) -> tuple[Array, Array]:
    """`one_minus_ratio` and `slope_of_ratio`, by the same Bessel functions; ``level`` is exp(-kappa) I0(kappa)."""
    low, far = np.minimum(kappa, _LARGE), np.asarray(kappa) >= _LARGE
    ratio = special.i1e(low) / (special.i0e(low) if level is None else level)
    # I1' = I0 - I1/kappa.
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = 1.0 - np.square(ratio) - np.where(np.equal(low, 0), 0.5, ratio / low)
    if not far.any():
        return np.asarray(1 - ratio), np.asarray(slope)
    r = 1 / np.maximum(kappa, _LARGE)
    # Abramowitz & Stegun 9.7.1, both series divided; and the derivative of that.
    rest = r * (1 / 2 + r * (1 / 8 + r * (1 / 8 + r * (25 / 128 + r * 13 / 32))))
    bend = r * r * (1 / 2 + r * (1 / 4 + r * (3 / 8 + r * (25 / 32 + r * 65 / 32))))
    return np.where(far, rest, 1 - ratio), np.where(far, bend, slope)


def _concentration(length: float, gap: float) -> float:
    """Solve I1(kappa)/I0(kappa) = length = 1 - gap, by Newton's method in log(kappa)."""
    kappa = length * (2 - length**2) / (gap * (1 + length))  # Banerjee et al. (2005), JMLR 6, 1345-1382
    for _ in range(_NEWTON_STEPS):
        rest = float(one_minus_ratio(np.asarray(kappa)))
        ratio = 1 - rest
        # A' = 1 - A² - A/kappa; for a large kappa it is 1/(2 kappa²) and those terms cancel.
        slope = 0.5 / kappa**2 * (1 + 0.5 / kappa) if kappa > _LARGE else rest * (1 + ratio) - ratio / kappa
        excess = (gap - rest) if gap < 0.5 else (ratio - length)
        change = excess / (kappa * slope)
        kappa *= math.exp(-max(-2.0, min(2.0, change)))
        if abs(change) < 1e-13:
            break
    return kappa


# --- integrals of the density, in radians from mu ---------------------------------------------------------------------


@cache
def _rule() -> tuple[Array, Array]:
    """Nodes and weights on [0, 1]."""
    nodes, weights = legendre(_NODES)
    return 0.5 * (nodes + 1), 0.5 * weights


def _piece(a: Array, b: Array, kappa: Array) -> tuple[Array, Array]:
    """Log-probability of [a, b] with 0 <= a <= b <= π, where the density falls; and the mean of 1 - cos there."""
    nodes, weights = _rule()
    half = np.square(np.sin(0.5 * a))
    with np.errstate(all="ignore"):
        reach = 2 * np.arcsin(np.sqrt(np.minimum(1.0, half + 0.5 * _FOLDS / kappa)))
        length = np.maximum(np.minimum(b, reach) - a, 0.0)
        s = length[:, None] * nodes
        # sin²((a + s)/2) - sin²(a/2), without cancellation.
        gap = np.sin(0.5 * s) * np.sin(a[:, None] + 0.5 * s)
        fall = np.exp(-2 * kappa[:, None] * gap) * weights
        total = np.sum(fall, axis=1)
        log_p = np.log(length * total) - 2 * kappa * half - _LOG_TURN - np.log(special.i0e(kappa))
        return log_p, 2 * (half + np.sum(fall * gap, axis=1) / total)


def _beyond(angle: Array, kappa: Array) -> Array:
    """Log-probability of [angle, π]."""
    log_p, end = np.empty(len(angle)), np.full(len(angle), math.pi)
    for first in range(0, len(angle), _ROWS):
        rows = slice(first, first + _ROWS)
        log_p[rows], _ = _piece(angle[rows], end[rows], kappa[rows])
    return log_p


def _arc(begin: Array, length: Array, kappa: Array) -> tuple[Array, Array]:
    """Log-probability of arcs that begin in [-π, π], and its derivative by kappa."""
    log_p, slope = np.zeros(len(begin)), np.zeros(len(begin))
    part = length < TURN
    log_p[part], slope[part] = _short_arc(begin[part], length[part], kappa[part])
    large = part & (log_p > -math.log(2))
    if large.any():  # from the rest of the turn, whose probability keeps its digits
        end = begin[large] + length[large]
        end = np.where(end > math.pi, end - TURN, end)
        log_q, rest = _short_arc(end, TURN - length[large], kappa[large])
        log_q = np.minimum(log_q, -math.log(2))
        log_p[large] = np.log1p(-np.exp(log_q))
        with np.errstate(invalid="ignore"):
            slope[large] = np.where(log_q > -np.inf, -np.exp(log_q - log_p[large]) * rest, 0.0)
    return log_p, slope


def _short_arc(begin: Array, length: Array, kappa: Array) -> tuple[Array, Array]:
    """The same as sums over half turns."""
    end = begin + length
    log_parts, means = [], []
    # An arc of less than a turn that begins in [-π, π] meets these half turns, mirrored into [0, π].
    for k, low in enumerate((-math.pi, 0.0, math.pi, TURN)):
        high, mirror, shift = low + math.pi, k % 2 == 0, (0.0, 0.0, TURN, -TURN)[k]
        a, b = np.clip(begin, low, high), np.clip(end, low, high)
        some: Mask = a < b
        log_p, mean = np.full(len(begin), -np.inf), np.zeros(len(begin))
        if some.any():
            first, last = (shift - b[some], shift - a[some]) if mirror else (a[some] + shift, b[some] + shift)
            log_p[some], mean[some] = _piece(first, last, kappa[some])
        log_parts.append(log_p)
        means.append(mean)
    parts, mean_gaps = np.array(log_parts), np.array(means)
    log_total = np.logaddexp.reduce(parts, axis=0)
    with np.errstate(invalid="ignore"):
        shares = np.where(log_total > -np.inf, np.exp(parts - log_total), 0.0)
    return log_total, one_minus_ratio(kappa) - np.sum(shares * mean_gaps, axis=0)


def _angle_beyond(tail: Array, kappa: Array) -> Array:
    """Angle in [0, π] beyond which, up to π, lies a probability below 1/2: Newton's method on logs, in a bracket."""
    low, high = np.zeros(len(tail)), np.full(len(tail), math.pi)
    with np.errstate(divide="ignore"):
        normal = -special.ndtri(tail) / np.sqrt(kappa)
    angle = np.minimum(normal, math.pi * (1 - 2 * tail))
    wanted = np.log(tail)
    log_density = -_LOG_TURN - np.log(special.i0e(kappa))

    def gap_and_step(angle: Array) -> tuple[Array, Array]:
        log_p = _beyond(angle, kappa)
        excess = log_p - wanted
        return -excess, excess * np.exp(log_p - log_density + 2 * kappa * np.square(np.sin(0.5 * angle)))

    return roots(gap_and_step, low, high, angle, lambda angle: 1e-15 * angle)
