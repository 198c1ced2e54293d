"""The Laplace law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import sums_of
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import REAL
from mle_toolkit.families.excess import exp_excess, of_ratio
from mle_toolkit.families.expectations import ONE, Statistic, Terms, by_moments
from mle_toolkit.families.from_logs import cdf_of_log
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.location_scale import location_scale_tail_scores
from mle_toolkit.families.parameters import SCALE, Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.sample import Sample


class Laplace(Family):
    r"""Errors whose size is exponential, on either side alike.

    .. math:: \log f(x) = -\log(2b) - \frac{|x - m|}{b}

    Source: Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions 2, ch. 24. The maximum is the
    median and the mean absolute deviation from it. With an even number of observations every point between the two
    middle ones has the same likelihood, and the midpoint is reported. The density has a kink at ``loc``, so
    the information gives no standard error for it.
    """

    name = "laplace"
    aliases = ("double_exponential",)
    entropy_attained = True
    one_maximum_of_intervals = True
    support = REAL
    parameters = (Parameter("loc", REAL, typical=(-5.0, 5.0), role="location", regular=False), SCALE)
    in_scipy = InScipy("laplace", loc="loc", scale="scale")
    cdf = cdf_of_log

    def logpdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log-density at x."""
        return np.asarray(-np.log(np.multiply(2.0, scale)) - np.abs(x - loc) / scale)

    def score(self, x: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by loc (0 at the kink) and scale."""
        z = (x - loc) / scale
        return np.sign(z) / scale, (np.abs(z) - 1) / scale

    def hessian(self, x: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, away from the kink."""
        z = (x - loc) / scale
        square = np.square(scale)
        return np.zeros_like(z), -np.sign(z) / square, (1 - 2 * np.abs(z)) / square

    def derivative_sums(self, x: Array, weight: Array | None, loc: float, scale: float) -> tuple[float, ...]:
        """Sums of |z| and of the sign of z."""
        z = (x - loc) / scale
        return sums_of(weight, np.abs(z), np.sign(z))

    def derivatives(self, count: float, sums: Sequence[float], loc: float, scale: float) -> list[float]:
        """Log-likelihood, score and second derivatives, from the sums."""
        sizes, signs = sums
        return [
            -sizes - count * math.log(2 * scale),
            signs / scale,
            (sizes - count) / scale,
            0.0,
            -signs / scale**2,
            (count - 2 * sizes) / scale**2,
        ]

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Median and mean absolute deviation."""
        loc = sample.quantile(0.5)
        return loc, sample.mean(lambda x: np.abs(x - loc))

    def has_kinks(self, *params: Any) -> bool:
        """At loc."""
        return True

    def falls(self, loc: Any, scale: Any) -> tuple[Array, Array]:
        """By 1 a scale, on both sides."""
        rate = np.asarray(1 / np.asarray(scale))
        return rate, rate

    def sf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return self.cdf(-np.asarray(x), np.negative(loc), scale)

    def logcdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log of the cdf."""
        z = (x - loc) / scale
        below = np.minimum(z, 0.0) - np.log(2.0)
        return np.where(z <= 0, below, np.log1p(-0.5 * np.exp(-np.maximum(z, 0.0))))

    def logsf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return self.logcdf(-np.asarray(x), np.negative(loc), scale)

    def tail_scores(self, x: Array, loc: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        z = (x - loc) / scale
        log_f = -np.abs(z) - math.log(2.0)
        return location_scale_tail_scores(z, scale, log_f, self.logcdf(x, loc, scale), self.logsf(x, loc, scale))

    def ppf(self, p: Array, loc: Array, scale: Array) -> Array:
        """Quantile."""
        with np.errstate(divide="ignore"):  # log 0 at p = 0 and p = 1: the infinite ends
            lower = np.log(2 * np.minimum(p, 0.5))
            upper = np.log(2 * np.minimum(np.subtract(1.0, p), 0.5))
        return np.asarray(loc + scale * (lower - upper))

    def isf(self, p: Array, loc: Array, scale: Array) -> Array:
        """Upper quantile."""
        return np.asarray(2 * np.asarray(loc) - self.ppf(p, loc, scale))

    def entropy(self, loc: Array, scale: Array) -> Array:
        """Entropy, nats: 1 + log(2 scale)."""
        return np.asarray(1 + np.log(np.multiply(2.0, scale)))

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """By the excess of the ratio of the scales, and that of the distance of the locations."""
        (m, s), (n, t) = p, q
        return of_ratio(s, t) + float(s / t * exp_excess(np.asarray(-abs(m - n) / s)))

    def terms(self, loc: float, scale: float) -> Terms:
        """The log-density by abs(x - loc)."""
        return {ONE: -math.log(2 * scale), ("abs", loc): -1 / scale}

    def expected(self, statistic: Statistic, loc: float, scale: float) -> float | None:
        """Expected values of x, x², e^(t x) and abs(x - a)."""
        match statistic:
            case ("exp", t):
                r = t * scale
                return math.inf if abs(r) >= 1 else math.exp(t * loc - math.log1p(-r * r))
            case ("abs", a):
                gap = abs(loc - a)
                return float(gap + scale * math.exp(-gap / scale))
        return by_moments(statistic, loc, 2 * scale**2)
