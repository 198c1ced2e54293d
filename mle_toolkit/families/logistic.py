"""The logistic law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import dot, sums_of, total, weighted
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import REAL
from mle_toolkit.families.expectations import Statistic, by_moments
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.location_scale import location_scale_tail_scores
from mle_toolkit.families.parameters import LOC, SCALE
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.tilted import in_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.sample import Sample


class Logistic(Family):
    r"""Errors a little heavier in the tails than normal ones; the distribution function is the logistic curve.

    .. math:: \log f(x) = -z - \log s - 2\log(1 + e^{-z}), \quad z = (x - m)/s

    Source: Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions 2, ch. 23. The log-likelihood is
    strictly concave in (m/s, 1/s), so its maximum is unique; Newton's method finds it.
    """

    name = "logistic"
    aliases = ("logis",)
    support = REAL
    parameters = (LOC, SCALE)
    in_scipy = InScipy("logistic", loc="loc", scale="scale")

    def logpdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log-density at x."""
        size = np.abs((x - loc) / scale)  # the density is even in z, and exp(-|z|) cannot overflow
        return np.asarray(-size - 2 * np.log1p(np.exp(-size)) - np.log(scale))

    def score(self, x: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by loc and scale."""
        z = (x - loc) / scale
        slope = np.tanh(0.5 * z)
        return slope / scale, (z * slope - 1) / scale

    def hessian(self, x: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        z = (x - loc) / scale
        slope = np.tanh(0.5 * z)
        bend = 0.5 * (1 - slope * slope)
        square = np.square(scale)
        mixed = slope + z * bend
        return -bend / square, -mixed / square, (1 - z * (slope + mixed)) / square

    def derivative_sums(self, x: Array, weight: Array | None, loc: float, scale: float) -> tuple[float, ...]:
        """Sums of |z|, log(1 + exp(-|z|)) and, with t = tanh(z/2) and b its slope (1 - t²)/2, of t, zt, b, zb, z²b."""
        z = (x - loc) / scale
        size = np.abs(z)
        slope = np.tanh(0.5 * z)
        bend = 0.5 * (1 - slope * slope)
        w_slope, w_bend = weighted(weight, slope, bend)
        pull = z * w_bend
        return (
            *sums_of(weight, size, np.log1p(np.exp(-size))),
            total(w_slope), dot(w_slope, z), total(w_bend), total(pull), dot(pull, z),
        )  # fmt: skip

    def derivatives(self, count: Any, sums: Sequence[Any], loc: Any, scale: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        sizes, logs, slopes, pulls, bends, bent_slopes, bent_pulls = sums
        return [
            -sizes - 2 * logs - count * np.log(scale),
            slopes / scale,
            (pulls - count) / scale,
            -bends / scale**2,
            -(slopes + bent_slopes) / scale**2,
            (count - 2 * pulls - bent_pulls) / scale**2,
        ]

    def start(self, sample: Sample) -> tuple[float, float]:
        """Median, and the scale from the quartiles; from the variance where the quartiles are equal."""
        half = 0.5 * (sample.quantile(0.75) - sample.quantile(0.25))
        return sample.quantile(0.5), half / math.log(3.0) or math.sqrt(3 * sample.var()) / math.pi

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """An exponential law, as loc → ±∞."""
        return in_window(lower, upper, lambda slope: (math.copysign(math.inf, slope), 1 / abs(slope)))

    def cdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(special.expit((x - loc) / scale))

    def sf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.expit((loc - x) / scale))

    def logcdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return np.asarray(special.log_expit((x - loc) / scale))

    def logsf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return np.asarray(special.log_expit((loc - x) / scale))

    def tail_scores(self, x: Array, loc: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S."""
        z = (x - loc) / scale
        logcdf, logsf = special.log_expit(z), special.log_expit(-z)
        return location_scale_tail_scores(z, scale, logcdf + logsf, logcdf, logsf)

    def ppf(self, p: Array, loc: Array, scale: Array) -> Array:
        """Quantile."""
        return np.asarray(loc + scale * special.logit(p))

    def isf(self, p: Array, loc: Array, scale: Array) -> Array:
        """Upper quantile."""
        return np.asarray(loc - scale * special.logit(p))

    def entropy(self, loc: Array, scale: Array) -> Array:
        """Entropy, nats: log(scale) + 2."""
        return np.asarray(np.log(scale) + 2)

    def expected(self, statistic: Statistic, loc: float, scale: float) -> float | None:
        """Expected values of x, x², e^(t x) and abs(x - a)."""
        match statistic:
            case ("exp", t):
                r = t * scale
                return math.inf if abs(r) >= 1 else math.exp(t * loc) / (math.sin(math.pi * r) / (math.pi * r))
            case ("abs", a):  # 2 s log(2 cosh(gap / (2 s)))
                gap = abs(loc - a)
                return float(gap + 2 * scale * math.log1p(math.exp(-gap / scale)))
        return by_moments(statistic, loc, (math.pi * scale) ** 2 / 3)
