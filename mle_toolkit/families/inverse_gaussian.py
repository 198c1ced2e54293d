"""The inverse Gaussian law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import total
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.excess import of_ratio
from mle_toolkit.families.expectations import LOG_TWO_PI, LOG_X, ONE, Statistic, Terms
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.power_law_cutoff import cutoff_in_window
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import exp_times_exp1, lost_to_rounding, mills_ratio_normal, sum_log
from mle_toolkit.families.standardised import quantile_of_tails

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class InverseGaussian(ExponentialFamily):
    r"""Time at which a Brownian motion with drift first reaches a level: mean ``mu``, variance ``mu**3 / lam``.

    .. math:: \log f(x) = \tfrac12 \log\frac{\lambda}{2\pi x^3} - \frac{\lambda (x - \mu)^2}{2 \mu^2 x}

    Source: Tweedie (1957), Ann. Math. Statist. 28, 362-377; Johnson, Kotz & Balakrishnan (1994), Continuous Univariate
    Distributions 1, ch. 15. The maximum is mu = mean(x), 1/lam = mean(1/x) - 1/mean(x).
    """

    name = "inverse_gaussian"
    by_number = ("entropy",)
    aliases = ("invgauss", "invgaussian", "wald", "igauss")
    support = POSITIVE
    parameters = (
        Parameter("mu", POSITIVE, typical=(0.2, 5.0), role="scale"),
        Parameter("lam", POSITIVE, typical=(0.2, 10.0), role="scale"),
    )
    cdf, sf = cdf_of_log, sf_of_log

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """X and 1/x."""
        return x, 1.0 / x

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sums of x and 1/x."""
        return (total(x), total(1.0 / x)) if weight is None else (total(weight * x), total(weight / x))

    def log_base(self, x: Array) -> Array:
        """-3/2 log x."""
        return np.asarray(-1.5 * np.log(x))

    def base_sum(self, x: Array, weight: Array | None) -> float:
        """Sum of -3/2 log x; without weights the logs are taken of products."""
        return -1.5 * (sum_log(x) if weight is None else total(weight * np.log(x)))

    def log_density(self, T: tuple[Array, ...], mu: Array, lam: Array) -> Array:
        """Log-density but for the power of x, linear in T."""
        x, inverse = T
        spread = x / mu - 2 + mu * inverse
        return np.asarray(0.5 * np.log(lam) - _HALF_LOG_TWO_PI - 0.5 * lam / mu * spread)

    def logpdf(self, x: Array, mu: Array, lam: Array) -> Array:
        """Log-density at x, from the residual: the expanded square would cancel near the mean."""
        spread = np.square(x / mu - 1) / x
        return np.asarray(0.5 * np.log(lam) - _HALF_LOG_TWO_PI - 1.5 * np.log(x) - 0.5 * lam * spread)

    def score_of(self, T: tuple[Array, ...], mu: Array, lam: Array) -> tuple[Array, ...]:
        """Derivatives by mu and lam."""
        x, inverse = T
        spread = x / mu - 2 + mu * inverse
        return lam / mu**2 * (x / mu - 1), 0.5 * (1 / lam - spread / mu)

    def hessian_of(self, T: tuple[Array, ...], mu: Array, lam: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        ratio = T[0] / mu
        return lam / mu**3 * (2 - 3 * ratio), (ratio - 1) / mu**2, -0.5 / lam**2

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Mean, and the gap between the mean and the harmonic mean."""
        mean, mean_inverse = means
        gap = mean_inverse * mean - 1.0  # > 0 by Jensen, and 0 only if every x is equal
        if lost_to_rounding(gap, 0.0):
            raise DegenerateDataError(
                "inverse_gaussian: the observations are equal, or nearly so (to three digits or more), so lam is "
                "unbounded or lost to rounding. Subtract a threshold, or choose a law with a location."
            )
        return mean, mean / gap

    @property
    def limits_when_shifted(self) -> tuple[Limit, ...]:
        """The normal law, as the threshold goes to -∞."""
        return (Limit(get_family("normal"), lambda mu, sigma: (np.inf, np.inf)),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Lévy's law, as mu → ∞; above 0 a power -3/2 of x with an exponential cutoff, as mu and lam → 0."""
        unending = Limit(get_family("levy"), lambda scale: (np.inf, scale))
        return (unending,) if lower <= 0 else (unending, cutoff_in_window(lower, 1.5, lambda scale: (0.0, 0.0)))

    def logcdf(self, x: Array, mu: Array, lam: Array) -> Array:
        """Log of the cdf: of Phi(low) + exp(2 lam/mu) Phi(-high)."""
        low, high = _passages(x, mu, lam)
        with np.errstate(invalid="ignore"):  # NaN stays NaN
            return np.asarray(np.logaddexp(special.log_ndtr(low), _log_beyond(low, high)))

    def logsf(self, x: Array, mu: Array, lam: Array) -> Array:
        """Log of the survival function: of Phi(-low) - exp(2 lam/mu) Phi(-high).

        Because phi(low) = exp(2 lam/mu) phi(high), that is phi(low) times a difference of Mills ratios, which neither
        under- nor overflows in the upper tail.
        """
        low, high = _passages(x, mu, lam)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            ratios = mills_ratio_normal(low) - mills_ratio_normal(high)
            upper = -0.5 * low * low - _HALF_LOG_TWO_PI + np.log(ratios)
            lower = np.log1p(-np.exp(self.logcdf(x, mu, lam)))
        return np.asarray(np.where(np.isposinf(low), -np.inf, np.where(low > 0, upper, lower)))

    def ppf(self, p: Array, mu: Array, lam: Array) -> Array:
        """Quantile."""
        return self._quantile(p, mu, lam, above=False)

    def isf(self, p: Array, mu: Array, lam: Array) -> Array:
        """Upper quantile."""
        return self._quantile(p, mu, lam, above=True)

    def _quantile(self, p: Array, mu: Array, lam: Array, *, above: bool) -> Array:
        """By the log of x over mu."""
        p, mu, lam = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (p, mu, lam)))
        one, shape = np.ones_like(mu), lam / mu
        spread = np.arcsinh(1 / np.sqrt(shape))

        def tails(z: Array) -> tuple[Array, Array]:
            x = np.exp(spread * z)
            return self.logcdf(x, one, shape), self.logsf(x, one, shape)

        def log_density(z: Array) -> Array:
            return np.asarray(self.logpdf(np.exp(spread * z), one, shape) + spread * z + np.log(spread))

        return np.asarray(mu * np.exp(spread * quantile_of_tails(p, tails, log_density, above=above)))

    def tail_scores(self, x: Array, mu: Array, lam: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F).

        Those of F are -2 lam/mu² E and 2/mu E - phi(low) / sqrt(lam x), where E = exp(2 lam/mu) Phi(-high).
        """
        low, high = _passages(x, mu, lam)
        log_beyond = _log_beyond(low, high)
        log_f = -0.5 * low * low - _HALF_LOG_TWO_PI
        below, above = self.logcdf(x, mu, lam), self.logsf(x, mu, lam)

        def over(tail: Array) -> tuple[Array, Array]:
            beyond = 2 / mu * np.exp(log_beyond - tail)
            return -lam / mu * beyond, beyond - np.exp(log_f - tail) / np.sqrt(lam * x)

        return over(below), tuple(-slope for slope in over(above))

    def mean(self, mu: Array, lam: Array) -> Array:
        """Mean: mu."""
        return np.asarray(mu)

    def var(self, mu: Array, lam: Array) -> Array:
        """Variance: mu³ / lam."""
        return np.asarray(np.square(mu) * (mu / lam))

    def entropy(self, mu: Array, lam: Array) -> Array:
        """Entropy, nats, from E log x = log(mu) - exp(y) E1(y) with y = 2 lam/mu."""
        mean_log = np.log(mu) - exp_times_exp1(2 * float(lam) / float(mu))
        return np.asarray(_HALF_LOG_TWO_PI + 0.5 - 0.5 * np.log(lam) + 1.5 * mean_log)

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """By the excess of the ratio of the ``lam``, and the distance of the means."""
        (m, a), (n, b) = p, q
        return 0.5 * (of_ratio(b, a) + float(b / m * ((m - n) / n) ** 2))

    def terms(self, mu: float, lam: float) -> Terms:
        """The log-density by log x, x and 1/x."""
        linear: Terms = {("power", 1.0): -0.5 * lam / mu**2, ("power", -1.0): -0.5 * lam}
        return {ONE: 0.5 * (math.log(lam) - LOG_TWO_PI) + lam / mu, LOG_X: -1.5} | linear

    def expected(self, statistic: Statistic, mu: float, lam: float) -> float | None:
        """Expected values of log x, and of powers by Bessel functions, of half-integer order at whole powers."""
        match statistic:
            case ("log",):
                return math.log(mu) - exp_times_exp1(2 * lam / mu)
            case ("power", c):
                y = lam / mu
                return float(math.sqrt(2 * y / math.pi) * mu**c * special.kve(c - 0.5, y))
        return None

    def to_scipy(self, mu: float, lam: float) -> Any:
        """``scipy.stats.invgauss(mu / lam, scale=lam)``."""
        from scipy import stats

        return stats.invgauss(mu / lam, scale=lam)

    @staticmethod
    def from_scipy(mu: float, loc: float, scale: float) -> dict[str, Any] | None:
        """Parameters of ``scipy.stats.invgauss(mu, loc, scale)``; None but for loc = 0."""
        return {"mu": mu * scale, "lam": scale} if loc == 0 else None


def _passages(x: Array, mu: Array, lam: Array) -> tuple[Array, Array]:
    """``sqrt(lam/x) (x/mu - 1)`` and ``sqrt(lam/x) (x/mu + 1)``; their limits at 0 and ∞."""
    x = np.maximum(x, 0.0)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # at 0; at ∞, where x is all that counts
        root, inverse_root = np.sqrt(lam * x) / mu, np.sqrt(lam / x)
        return np.where(np.isposinf(x), np.inf, (x - mu) / mu * inverse_root), root + inverse_root


def _log_beyond(low: Array, high: Array) -> Array:
    """Log of exp(2 lam/mu) Phi(-high), of which the factors cancel: that is phi(low) times the Mills ratio at high."""
    with np.errstate(divide="ignore"):
        return np.asarray(-0.5 * low * low - _HALF_LOG_TWO_PI + np.log(mills_ratio_normal(high)))
