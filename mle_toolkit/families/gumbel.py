"""The Gumbel law of maxima."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import dot, sums_of, total, weighted
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import REAL
from mle_toolkit.families.expectations import ONE, Statistic, Terms, by_moments
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_logcdf
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.location_scale import location_scale_tail_scores
from mle_toolkit.families.parameters import LOC, SCALE
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log1mexp_exp
from mle_toolkit.families.tilted import in_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.sample import Sample

_NEWTON_STEPS = 100


class Gumbel(Family):
    r"""Largest of many observations whose tail is exponential: floods, winds, sea levels.

    .. math:: \log f(x) = -\log s - z - e^{-z}, \quad z = (x - m)/s

    Source: Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions 2, ch. 22. Route to the maximum:
    s = mean(x) - sum(x e^(-x/s)) / sum(e^(-x/s)) has one root; m = -s log mean(e^(-x/s)).
    """

    name = "gumbel"
    aliases = ("gumbel_r", "gumbel_max", "lev")
    support = REAL
    parameters = (LOC, SCALE)
    in_scipy = InScipy("gumbel_r", loc="loc", scale="scale")
    cdf, sf = cdf_of_log, sf_of_logcdf

    def logpdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log-density at x."""
        z = (x - loc) / scale
        return np.asarray(-z - np.exp(-z) - np.log(scale))

    def score(self, x: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by loc and scale."""
        z = (x - loc) / scale
        excess = -np.expm1(-z)
        return excess / scale, (z * excess - 1) / scale

    def hessian(self, x: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        z = (x - loc) / scale
        power = np.exp(-z)
        excess = 1 - power
        square = np.square(scale)
        mixed = excess + z * power
        return -power / square, -mixed / square, (1 - z * (excess + mixed)) / square

    def derivative_sums(self, x: Array, weight: Array | None, loc: float, scale: float) -> tuple[float, ...]:
        """Sums of z and, with p = exp(-z), of p, zp and z²p."""
        z = (x - loc) / scale
        power = np.exp(-z)
        pull = z * power
        w_z, w_pull = weighted(weight, z, pull)
        return total(w_z), *sums_of(weight, power), total(w_pull), dot(w_pull, z)

    def derivatives(self, count: Any, sums: Sequence[Any], loc: Any, scale: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        z, powers, slopes, bends = sums
        excess, pull = count - powers, z - slopes
        return [
            -z - powers - count * np.log(scale),
            excess / scale,
            (pull - count) / scale,
            -powers / scale**2,
            -(excess + slopes) / scale**2,
            (count - 2 * pull - bends) / scale**2,
        ]

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Newton's method on log(scale), from the standard deviation, on a few rows first; loc follows."""
        few = sample.sketch()
        scale = math.sqrt(6 * few.var()) / math.pi
        if few is not sample and scale > 0:
            scale, _ = _scale_root(few, scale)
        scale = scale or math.sqrt(6 * sample.var()) / math.pi
        scale, log_mean = _scale_root(sample, scale)
        return sample.minimum - scale * log_mean, scale

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """An exponential law: falling as loc → -∞, rising as loc and scale → ∞."""
        return in_window(lower, upper, lambda slope: (np.inf, np.inf) if slope > 0 else (-np.inf, -1 / slope))

    def logcdf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log of the cdf."""
        with np.errstate(over="ignore"):  # far below loc the cdf is 0
            return np.asarray(-np.exp((loc - x) / scale))

    def logsf(self, x: Array, loc: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return log1mexp_exp((loc - x) / scale)

    def tail_scores(self, x: Array, loc: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S."""
        z = (x - loc) / scale
        with np.errstate(over="ignore"):
            logcdf = -np.exp(-z)
        return location_scale_tail_scores(z, scale, -z + logcdf, logcdf, log1mexp_exp(-z))

    def ppf(self, p: Array, loc: Array, scale: Array) -> Array:
        """Quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(loc - scale * np.log(-np.log(p)))

    def isf(self, p: Array, loc: Array, scale: Array) -> Array:
        """Upper quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(loc - scale * np.log(-np.log1p(np.negative(p))))

    def mean(self, loc: Array, scale: Array) -> Array:
        """Expected value: loc + Euler's constant times scale."""
        return np.asarray(loc + np.euler_gamma * np.asarray(scale))

    def var(self, loc: Array, scale: Array) -> Array:
        """Variance."""
        return np.asarray(np.square(math.pi * np.asarray(scale)) / 6)

    def entropy(self, loc: Array, scale: Array) -> Array:
        """Entropy, nats: log(scale) + 1 + Euler's constant."""
        return np.asarray(np.log(scale) + 1 + np.euler_gamma)

    def terms(self, loc: float, scale: float) -> Terms:
        """The log-density by x and e^(-x/scale)."""
        constant = loc / scale - math.log(scale)
        return {ONE: constant, ("power", 1.0): -1 / scale, ("exp", -1 / scale): -math.exp(loc / scale)}

    def expected(self, statistic: Statistic, loc: float, scale: float) -> float | None:
        """Expected values of x, x², e^(t x) and abs(x - a)."""
        mean = loc + np.euler_gamma * scale
        match statistic:
            case ("exp", t):
                r = t * scale
                return math.inf if r >= 1 else math.exp(t * loc + math.lgamma(1 - r))
            case ("abs", a):  # E x - a + 2 ∫_{-∞}^a F, and the integral of exp(-e^-z) is E1(e^-z)
                z = (a - loc) / scale
                below = float(special.exp1(math.exp(-z))) if z > -7 else 0.0
                return float(mean - a + 2 * scale * below)
        return by_moments(statistic, mean, (math.pi * scale) ** 2 / 6)


def _scale_root(sample: Sample, scale: float) -> tuple[float, float]:
    """Root in the scale, and log mean(e^(-(x - min)/scale)) there."""
    smallest = sample.minimum
    mean = sample.mean() - smallest
    log_mean = 0.0
    for _ in range(_NEWTON_STEPS):
        s0 = s1 = s2 = 0.0
        for x, weight in sample.blocks():
            y = x - smallest
            power = np.exp(y / -scale)
            if weight is not None:
                power *= weight
            pull = power * y
            s0, s1, s2 = s0 + total(power), s1 + total(pull), s2 + dot(pull, y)
        s1, s2 = s1 / s0, s2 / s0
        log_mean = math.log(s0 / sample.nobs)
        gap = mean - s1 - scale  # falls in the scale: its slope by log(scale) below is negative
        change = gap / (scale + (s2 - s1 * s1) / scale)
        if abs(change) < 1e-9:  # quadratic: the next step would be of its square
            # The mean of the powers moves along: d log_mean / d log(scale) = s1 / scale.
            return scale * (1 + change), log_mean + s1 / scale * change
        scale *= math.exp(max(-2.0, min(2.0, change)))
    return scale, log_mean
