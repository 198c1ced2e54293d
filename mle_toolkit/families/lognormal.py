"""The lognormal law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.beside_threshold import chart_of_logs
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.expectations import LOG_TWO_PI, LOG_X, LOG_X_SQUARED, ONE, Statistic, Terms, by_log_moments
from mle_toolkit.families.exponential_family import ExponentialFamily, squares_moved
from mle_toolkit.families.location_scale import normal_tail_scores
from mle_toolkit.families.maps import LOG
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Chart, Image, Limit
from mle_toolkit.families.special import log_or_minus_inf
from mle_toolkit.families.tilted import infinite, tilted_on

if TYPE_CHECKING:
    from mle_toolkit.data.groups import Groups

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class Lognormal(ExponentialFamily):
    r"""Product of many small independent factors: its log is normal, ``meanlog`` on average with deviation ``sdlog``.

    .. math:: \log f(x) = -\log x - \tfrac12\log 2\pi - \log\sigma - \frac{(\log x - \mu)^2}{2\sigma^2}

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 14. The maximum is the mean
    and the standard deviation, with divisor n, of the logs.
    """

    name = "lognormal"
    by_number = ("rvs",)
    aliases = ("lognorm", "lnorm", "galton")
    support = POSITIVE
    one_maximum_of_intervals = True  # its logs have a log-concave density
    parameters = (
        Parameter("meanlog", REAL, typical=(-2.0, 2.0), role="log-scale"),
        Parameter("sdlog", POSITIVE, typical=(0.2, 2.0)),
    )

    sums_moved = staticmethod(squares_moved)

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Log x and its square."""
        log_x = np.log(x)
        return log_x, np.square(log_x)

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sum of log x and of its square, without a temporary for the square."""
        log_x = np.log(x)
        weighted = log_x if weight is None else weight * log_x
        return float(np.add.reduce(weighted)), float(weighted @ log_x)

    def log_density(self, T: tuple[Array, ...], meanlog: Array, sdlog: Array) -> Array:
        """Log-density, linear in T."""
        log_x, square = T
        spread = square - 2 * meanlog * log_x + meanlog * meanlog
        return np.asarray(-log_x - _HALF_LOG_TWO_PI - np.log(sdlog) - 0.5 * spread / sdlog**2)

    def logpdf(self, x: Array, meanlog: Array, sdlog: Array) -> Array:
        """Log-density at x, from the residual: the expanded square would cancel far from 0."""
        log_x = np.log(x)
        return np.asarray(-log_x - _HALF_LOG_TWO_PI - np.log(sdlog) - 0.5 * np.square((log_x - meanlog) / sdlog))

    def score_of(self, T: tuple[Array, ...], meanlog: Array, sdlog: Array) -> tuple[Array, ...]:
        """Derivatives by meanlog and sdlog."""
        log_x, square = T
        spread = square - 2 * meanlog * log_x + meanlog * meanlog
        return (log_x - meanlog) / sdlog**2, (spread / sdlog**2 - 1) / sdlog

    def hessian_of(self, T: tuple[Array, ...], meanlog: Array, sdlog: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        log_x, square = T
        spread = square - 2 * meanlog * log_x + meanlog * meanlog
        return -1 / sdlog**2, -2 * (log_x - meanlog) / sdlog**3, (1 - 3 * spread / sdlog**2) / sdlog**2

    def score(self, x: Array, meanlog: Array, sdlog: Array) -> tuple[Array, ...]:
        """Derivatives by meanlog and sdlog at x."""
        z = (np.log(x) - meanlog) / sdlog
        return z / sdlog, (z * z - 1) / sdlog

    def expansion(self, x: Array, meanlog: Array, sdlog: Array) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log-density with two derivatives, from one logarithm of each observation."""
        log_x = np.log(x)
        z = (log_x - meanlog) / sdlog
        square, curvature = z * z, 1 / (sdlog * sdlog)
        value = -log_x - _HALF_LOG_TWO_PI - np.log(sdlog) - 0.5 * square
        second = -curvature + 0.0 * z, -2 * curvature * z, curvature * (1 - 3 * square)
        return np.asarray(value), (z / sdlog, (square - 1) / sdlog), second

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Mean and standard deviation of the logs."""
        mean, mean_square = means
        variance = mean_square - mean * mean
        if not variance > 0:
            raise DegenerateDataError(
                "lognormal: the logs of the data are equal to rounding: the likelihood is unbounded (sdlog → 0)."
            )
        return mean, math.sqrt(variance)

    def starts_of_groups(self, groups: Groups) -> list[tuple[Array, ...]]:
        """The maximum of each group."""
        return [groups.mean_and_deviation(np.log(groups.x))]

    def tail_scores(self, x: Array, meanlog: Array, sdlog: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S: those of the normal law of log x."""
        z = (np.log(x) - meanlog) / sdlog
        return normal_tail_scores(z, sdlog)

    def sf_expansion(
        self, x: Array, meanlog: Array, sdlog: Array
    ) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log of the survival function, with its derivatives: those of the normal law of log x."""
        z = (np.log(x) - meanlog) / sdlog
        log_sf = special.log_ndtr(-z)
        hazard = np.exp(-_HALF_LOG_TWO_PI - 0.5 * z * z - log_sf)
        bend = hazard * (hazard - z)
        square = sdlog * sdlog
        second = (-bend / square, -(z * bend + hazard) / square, -z * (z * bend + 2 * hazard) / square)
        return log_sf, (hazard / sdlog, z * hazard / sdlog), second

    @property
    def limits_when_shifted(self) -> tuple[Limit, ...]:
        """The normal law, as the threshold goes to -∞."""
        return (Limit(get_family("normal"), lambda mu, sigma: (np.inf, 0.0)),)

    @property
    def chart_when_shifted(self) -> Chart:
        """The median, the slope there by the normal deviate, and the root of sdlog."""
        return chart_of_logs(
            get_family("normal"),
            lambda mu, sigma: (mu, sigma),
            lambda meanlog, sdlog: (meanlog, sdlog),
            lambda mu, sigma: ((1.0, 0.0), (0.0, 1.0)),
            (np.inf, 0.0),
        )

    @property
    def images(self) -> tuple[Image, ...]:
        """The normal law of the log of x."""
        return (Image(get_family("normal"), lambda meanlog, sdlog: (meanlog, sdlog), LOG),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """A power of x as sdlog → ∞ and meanlog with its square: above a threshold, Pareto's law."""
        if lower <= 0 and math.isinf(upper):
            return ()
        return (Limit(tilted_on(max(lower, 0.0), upper, of_log=True), infinite),)

    def cdf(self, x: Array, meanlog: Array, sdlog: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(special.ndtr((log_or_minus_inf(x) - meanlog) / sdlog))

    def sf(self, x: Array, meanlog: Array, sdlog: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.ndtr((meanlog - log_or_minus_inf(x)) / sdlog))

    def logcdf(self, x: Array, meanlog: Array, sdlog: Array) -> Array:
        """Log of the cdf."""
        return np.asarray(special.log_ndtr((log_or_minus_inf(x) - meanlog) / sdlog))

    def logsf(self, x: Array, meanlog: Array, sdlog: Array) -> Array:
        """Log of the survival function."""
        return np.asarray(special.log_ndtr((meanlog - log_or_minus_inf(x)) / sdlog))

    def ppf(self, p: Array, meanlog: Array, sdlog: Array) -> Array:
        """Quantile."""
        return np.asarray(np.exp(meanlog + sdlog * special.ndtri(p)))

    def isf(self, p: Array, meanlog: Array, sdlog: Array) -> Array:
        """Upper quantile."""
        return np.asarray(np.exp(meanlog - sdlog * special.ndtri(p)))

    def mean(self, meanlog: Array, sdlog: Array) -> Array:
        """Mean: exp(meanlog + sdlog²/2)."""
        return np.asarray(np.exp(meanlog + 0.5 * np.square(sdlog)))

    def var(self, meanlog: Array, sdlog: Array) -> Array:
        """Variance: (exp(sdlog²) - 1) mean²."""
        return np.asarray(np.expm1(np.square(sdlog)) * np.exp(2 * meanlog + np.square(sdlog)))

    def entropy(self, meanlog: Array, sdlog: Array) -> Array:
        """Entropy, nats: that of the logs, plus their mean."""
        return np.asarray(_HALF_LOG_TWO_PI + 0.5 + np.log(sdlog) + meanlog)

    def terms(self, meanlog: float, sdlog: float) -> Terms:
        """The log-density by log x and its square."""
        m, s = meanlog, sdlog
        return {ONE: -0.5 * (LOG_TWO_PI + (m / s) ** 2) - math.log(s), LOG_X: m / s**2 - 1, LOG_X_SQUARED: -0.5 / s**2}

    def expected(self, statistic: Statistic, meanlog: float, sdlog: float) -> float | None:
        """Expected values of log x, its square, and powers."""
        if statistic[0] == "power":
            c = statistic[1]
            return math.exp(c * meanlog + 0.5 * (c * sdlog) ** 2)
        return by_log_moments(statistic, meanlog, sdlog**2)

    def to_scipy(self, meanlog: float, sdlog: float) -> Any:
        """``scipy.stats.lognorm(sdlog, scale=exp(meanlog))``."""
        from scipy import stats

        return stats.lognorm(sdlog, scale=math.exp(meanlog))

    @staticmethod
    def from_scipy(sdlog: float, loc: float, scale: float) -> dict[str, Any] | None:
        """Parameters of ``scipy.stats.lognorm(sdlog, loc, scale)``; None but for loc = 0."""
        return {"meanlog": math.log(scale), "sdlog": sdlog} if loc == 0 else None
