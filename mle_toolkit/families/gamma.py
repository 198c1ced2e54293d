"""The gamma law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import LONG_BLOCK_ROWS
from mle_toolkit.data.sums import total
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.beside_threshold import gamma_chart
from mle_toolkit.families.combinators.reparametrised import Form
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.excess import log_gamma_excess, total_log_excess
from mle_toolkit.families.expectations import GammaPower, Statistic
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.gamma_tails import (
    gammainc,
    gammaincinv,
    log_gamma_tails,
    log_gammainc,
    log_gammainc_slopes,
    log_gammaincc,
)
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.power_law_cutoff import cutoff_in_window
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Chart, Limit, SpecialCase
from mle_toolkit.families.special import (
    about_mode,
    inverse_log_minus_digamma,
    log_minus_digamma_of,
    log_or_minus_inf,
    lost_to_rounding,
    stirling_remainder,
    sum_log,
)
from mle_toolkit.families.tilted import in_window


class Gamma(ExponentialFamily):
    r"""Waiting time for ``shape`` events that come ``scale`` apart on average.

    .. math:: \log f(x) = (k - 1)\log x - x/\theta - \log\Gamma(k) - k\log\theta

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 17. Route to the maximum:
    the scale is mean / shape, the shape the root of log k - digamma(k) = log mean(x) - mean(log x) (Choi & Wette 1969).
    """

    name = "gamma"
    support = POSITIVE
    parameters = (Parameter("shape", POSITIVE, typical=(0.3, 30.0)), SCALE)
    in_scipy = InScipy("gamma", "shape", scale="scale")

    block_rows = LONG_BLOCK_ROWS

    @property
    def forms(self) -> dict[str, Form]:
        """By its mean, shape times scale."""
        return {"mean": _BY_MEAN}

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """X and log x."""
        return x, np.log(x)

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sum of x and of log x; without weights the logs are taken of products."""
        if weight is None:
            return total(x), sum_log(x)
        return total(weight * x), total(weight * np.log(x))

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        shape, scale = params
        own = super().logpdf(x, shape, scale)
        return about_mode(own, shape, lambda: x / (shape * scale) - 1, lambda: -np.log(x))

    def log_density(self, T: tuple[Array, ...], shape: Array, scale: Array) -> Array:
        """Log-density, linear in T."""
        x, log_x = T
        return (shape - 1) * log_x - x / scale - special.gammaln(shape) - shape * np.log(scale)

    def score_of(self, T: tuple[Array, ...], shape: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape and scale."""
        x, log_x = T
        return log_x - special.psi(shape) - np.log(scale), (x / scale - shape) / scale

    def hessian_of(self, T: tuple[Array, ...], shape: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T; the zeta function of 2 is the trigamma function."""
        return -special.zeta(2.0, shape), -1 / scale, (shape - 2 * T[0] / scale) / scale**2

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Root in the shape; the scale follows."""
        mean, mean_log = means
        gap = float(np.log(mean)) - mean_log  # > 0 by Jensen, and 0 only if every x is equal
        if lost_to_rounding(gap, mean_log):
            raise DegenerateDataError(
                "gamma: the observations are equal, or nearly so (to three digits or more), so the shape is unbounded "
                "or lost to rounding. Subtract a threshold, or choose a law with a location."
            )
        shape = inverse_log_minus_digamma(gap)
        return shape, mean / shape

    @property
    def chart_when_shifted(self) -> Chart:
        """Mean, standard deviation and the root of the skewness."""
        return gamma_chart()

    @property
    def limits_when_shifted(self) -> tuple[Limit, ...]:
        """The normal law, as the threshold goes to -∞."""
        return (Limit(get_family("normal"), lambda mu, sigma: (np.inf, 0.0)),)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Exponential where the shape is 1."""
        return (SpecialCase(get_family("exponential"), lambda scale: (1.0, scale), at=("shape",)),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Below an end a power of x, as scale → ∞; above 0 1/x with an exponential cutoff, as shape → 0."""
        powers = in_window(0.0, upper, lambda index: (index, np.inf), of_log=True)
        return powers if lower <= 0 else (*powers, cutoff_in_window(lower, 1.0, lambda scale: (0.0, scale)))

    def cdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Probability of at most x."""
        return gammainc(shape, np.maximum(x, 0.0) / scale)

    def sf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.gammaincc(shape, np.maximum(x, 0.0) / scale))

    def log_tails(self, x: Array, shape: Array, scale: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return log_gamma_tails(shape, log_or_minus_inf(x) - np.log(scale))

    def logcdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return log_gammainc(shape, log_or_minus_inf(x) - np.log(scale))

    def logsf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return log_gammaincc(shape, log_or_minus_inf(x) - np.log(scale))

    def tail_scores(self, x: Array, shape: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F) by shape and scale."""
        below, above = log_gammainc_slopes(shape, log_or_minus_inf(x) - np.log(scale))
        return (below[0], -below[1] / scale), (above[0], -above[1] / scale)

    def ppf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Quantile."""
        return np.asarray(scale * gammaincinv(shape, p))

    def isf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Upper quantile."""
        return np.asarray(scale * special.gammainccinv(shape, p))

    def entropy(self, shape: Array, scale: Array) -> Array:
        """Entropy, nats."""
        gap = log_minus_digamma_of(shape)  # in the place of terms that cancel where it is small
        return np.asarray(np.log(scale) + np.log(shape) + stirling_remainder(shape) + (np.subtract(shape, 1.0)) * gap)

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """By the excess of log Γ, and that of the ratio of the scales."""
        (a, s), (b, t) = p, q
        stretch = (s - t) / t
        log_stretch = math.log1p(stretch) if abs(stretch) < 0.5 else math.log(s) - math.log(t)
        return log_gamma_excess(a, b) + float(a * total_log_excess(stretch) + (a - b) * log_stretch)

    def power_of(self, shape: float, scale: float) -> GammaPower:
        """Itself."""
        return GammaPower(shape, 1.0, scale)

    def expected(self, statistic: Statistic, shape: float, scale: float) -> float | None:
        """Expected values of e^(t x) and abs(x - a)."""
        return expected_of_gamma(statistic, shape, scale)


def _expansion_by_mean(x: Array, mean: Array, shape: Array) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
    """Log-density with two derivatives by mean and shape."""
    ratio = x / mean
    away = ratio - 1.0
    fall = np.log(ratio) - away
    value = shape * fall - np.log(x) + (shape * np.log(shape) - shape - special.gammaln(shape))
    by_mean = away / mean
    score = shape * by_mean, fall + (np.log(shape) - special.psi(shape))
    return value, score, (-shape * (ratio + away) / mean**2, by_mean, 1 / shape - special.zeta(2.0, shape))


_BY_MEAN = Form(
    (Parameter("mean", POSITIVE, typical=(0.5, 20.0), role="scale"), Gamma.parameters[0]),
    to_own=lambda mean, shape: (shape, mean / shape),
    from_own=lambda shape, scale: (shape * scale, shape),
    slopes=lambda mean, shape: ((0.0, 1.0), (1 / shape, -mean / shape**2)),
    bends=lambda mean, shape: ((0.0, 0.0, 0.0), (0.0, -1 / shape**2, 2 * mean / shape**3)),
    expansion=_expansion_by_mean,
)


def expected_of_gamma(statistic: Statistic, shape: float, scale: float) -> float | None:
    """Expected values of e^(t x) and abs(x - a) under a gamma law."""
    match statistic:
        case ("exp", t):
            r = t * scale
            return math.inf if r >= 1 else math.exp(-shape * math.log1p(-r))
        case ("abs", a):
            if a <= 0:
                return float(shape * scale - a)
            z = a / scale
            below = a * special.gammainc(shape, z) - shape * scale * special.gammainc(shape + 1, z)
            return float(shape * scale - a + 2 * below)
    return None
