"""The normal law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import LONG_BLOCK_ROWS
from mle_toolkit.data.sums import dot, total
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.excess import total_log_excess
from mle_toolkit.families.expectations import LOG_TWO_PI, ONE, Statistic, Terms, by_moments
from mle_toolkit.families.exponential_family import ExponentialFamily, squares_moved
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.location_scale import normal_tail_scores
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.tilted import infinite, tilted_on

if TYPE_CHECKING:
    from mle_toolkit.data.groups import Groups

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class Normal(ExponentialFamily):
    r"""Sum of many small independent errors around ``mu``, with standard deviation ``sigma``.

    .. math:: \log f(x) = -\tfrac12 \log 2\pi - \log\sigma - \frac{(x - \mu)^2}{2\sigma^2}

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 13. The maximum is the
    mean and the standard deviation with divisor n (Gauss 1809).
    """

    name = "normal"
    aliases = ("norm", "gaussian")
    support = REAL
    parameters = (
        Parameter("mu", REAL, typical=(-5.0, 5.0), role="location"),
        Parameter("sigma", POSITIVE, typical=(0.1, 10.0), role="scale"),
    )
    in_scipy = InScipy("norm", loc="mu", scale="sigma")

    block_rows = LONG_BLOCK_ROWS

    of_least_squares = True

    sums_moved = staticmethod(squares_moved)

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """X and its square."""
        return x, np.square(x)

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sum of x and of its square, without a temporary for the square."""
        if weight is None:
            return total(x), dot(x, x)
        weighted = weight * x
        return total(weighted), dot(weighted, x)

    def log_density(self, T: tuple[Array, ...], mu: Array, sigma: Array) -> Array:
        """Log-density, linear in T."""
        x, square = T
        return -_HALF_LOG_TWO_PI - np.log(sigma) - 0.5 * (square - 2 * mu * x + mu * mu) / sigma**2

    def logpdf(self, x: Array, mu: Array, sigma: Array) -> Array:
        """Log-density at x, from the residual: the expanded square would cancel far from 0."""
        return -_HALF_LOG_TWO_PI - np.log(sigma) - 0.5 * np.square((x - mu) / sigma)

    def score_of(self, T: tuple[Array, ...], mu: Array, sigma: Array) -> tuple[Array, ...]:
        """Derivatives by mu and sigma."""
        x, square = T
        spread = square - 2 * mu * x + mu * mu
        return (x - mu) / sigma**2, (spread / sigma**2 - 1) / sigma

    def hessian_of(self, T: tuple[Array, ...], mu: Array, sigma: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        x, square = T
        spread = square - 2 * mu * x + mu * mu
        return -1 / sigma**2, -2 * (x - mu) / sigma**3, (1 - 3 * spread / sigma**2) / sigma**2

    def score(self, x: Array, mu: Array, sigma: Array) -> tuple[Array, ...]:
        """Derivatives by mu and sigma at x."""
        z = (x - mu) / sigma
        return z / sigma, (z * z - 1) / sigma

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Mean and standard deviation."""
        mean, mean_square = means
        variance = mean_square - mean * mean
        if not variance > 0:
            raise DegenerateDataError("normal: all observations are equal, so the likelihood is unbounded (sigma → 0).")
        return mean, math.sqrt(variance)

    def starts_of_groups(self, groups: Groups) -> list[tuple[Array, ...]]:
        """The maximum of each group."""
        return [groups.mean_and_deviation(groups.x)]

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """The exponential law of the window as sigma → ∞ and mu with its square (del Castillo 1994, AISM 46, 57-66)."""
        if math.isinf(lower) and math.isinf(upper):
            return ()
        if lower == 0 and math.isinf(upper):
            return (Limit(get_family("exponential"), lambda scale: infinite(-1.0)),)
        return (Limit(tilted_on(lower, upper, of_log=False), infinite),)

    def cdf(self, x: Array, mu: Array, sigma: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(special.ndtr((x - mu) / sigma))

    def sf(self, x: Array, mu: Array, sigma: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.ndtr((mu - x) / sigma))

    def logcdf(self, x: Array, mu: Array, sigma: Array) -> Array:
        """Log of the cdf."""
        return np.asarray(special.log_ndtr((x - mu) / sigma))

    def logsf(self, x: Array, mu: Array, sigma: Array) -> Array:
        """Log of the survival function."""
        return np.asarray(special.log_ndtr((mu - x) / sigma))

    def tail_scores(self, x: Array, mu: Array, sigma: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S."""
        z = (x - mu) / sigma
        return normal_tail_scores(z, sigma)

    def ppf(self, p: Array, mu: Array, sigma: Array) -> Array:
        """Quantile."""
        return np.asarray(mu + sigma * special.ndtri(p))

    def entropy(self, mu: Array, sigma: Array) -> Array:
        """Entropy, nats: log(sigma sqrt(2 pi e))."""
        return np.asarray(_HALF_LOG_TWO_PI + 0.5 + np.log(sigma))

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """By the excess of the ratio of the variances, and the distance of the means."""
        (m, s), (n, t) = p, q
        return 0.5 * (total_log_excess((s - t) / t * ((s + t) / t)) + float((m - n) / t) ** 2)

    def terms(self, mu: float, sigma: float) -> Terms:
        """The log-density by x and x²."""
        constant = -0.5 * (LOG_TWO_PI + (mu / sigma) ** 2) - math.log(sigma)
        return {ONE: constant, ("power", 1.0): mu / sigma**2, ("power", 2.0): -0.5 / sigma**2}

    def expected(self, statistic: Statistic, mu: float, sigma: float) -> float | None:
        """Expected values of x, x², e^(t x) and abs(x - a)."""
        match statistic:
            case ("exp", t):
                return math.exp(t * mu + 0.5 * (t * sigma) ** 2)
            case ("abs", a):
                z = (mu - a) / sigma
                return float(sigma * (math.sqrt(2 / math.pi) * math.exp(-0.5 * z * z) + z * math.erf(z / math.sqrt(2))))
        return by_moments(statistic, mu, sigma**2)
