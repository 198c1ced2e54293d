"""The generalized gamma law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.families.base import Family, Limit, Parameter, get_family
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.special import (
    inverse_log_minus_digamma,
    log_gamma_kernel,
    log_gammainc,
    log_gammainc_slopes,
    log_gammaincc,
    log_minus_digamma,
    log_minus_digamma_slope,
    log_or_minus_inf,
    means_of,
    profile_maximum,
    stirling_remainder,
)

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_LOWEST, _HIGHEST, _STEP = -9.0, 8.0, 0.75
"""Range and step of log(shape2), for data whose logs have standard deviation 1: from lognormal to power law."""

_SMALLEST_LOG_SCALE = -340.0
"""Log of the smallest scale, for data of median 1, whose square, as second derivatives have it, is a double."""


_TOLD_APART = 1.92
"""Nats above the lognormal law from which a likelihood ratio test at 5 % tells another member from it."""


class GeneralizedGamma(Family):
    r"""A gamma variable to a power: ``(x/scale)**shape2`` is gamma of shape ``shape1`` (Stacy's parameters).

    .. math:: \log f(x) = \log c - \log x + a\,t - e^t - \log\Gamma(a), \quad t = c\log(x/s)

    with a = shape1, c = shape2. Gamma for c = 1, Weibull for a = 1.

    Source: Stacy (1962), Ann. Math. Statist. 33, 1187-1192; Prentice (1974), Biometrika 61, 539-544. Route to the
    maximum: given c the law is gamma for x^c, which leaves one dimension; with v_i the weights x_i^c, the profile's
    slope by log c is 1 - a c (mean_v(log x) - mean(log x)). As c → 0 and a → ∞ the law tends to the lognormal; as c → ∞
    with ac fixed, to the power-function law. On the way to the lognormal law the scale falls below the doubles; a
    maximum there that the data cannot tell from that law counts as it.
    """

    name = "generalized_gamma"
    aliases = ("gengamma",)
    support = POSITIVE
    parameters = (
        Parameter("shape1", POSITIVE, typical=(0.5, 3.0)),
        Parameter("shape2", POSITIVE, typical=(0.6, 3.0)),
        Parameter("scale", POSITIVE, typical=(0.1, 10.0), role="scale"),
    )

    def logpdf(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Log-density at x."""
        log_x = np.log(x)
        return np.asarray(np.log(shape2) - log_x + log_gamma_kernel(shape1, shape2 * (log_x - np.log(scale))))

    def score(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape1, shape2 and scale."""
        log_z = np.log(x) - np.log(scale)
        t = shape2 * log_z
        excess = np.exp(t) - shape1
        return t - special.psi(shape1), 1 / shape2 - log_z * excess, shape2 / scale * excess

    def hessian(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        scale = np.asarray(scale)  # NumPy's division by a square that underflows is infinite; Python's raises
        log_z = np.log(x) - np.log(scale)
        power = np.exp(shape2 * log_z)
        excess = power - shape1
        return (
            np.broadcast_to(-special.polygamma(1, shape1), np.shape(x)),
            log_z,
            np.broadcast_to(-shape2 / scale, np.shape(x)),
            -1 / shape2**2 - log_z * log_z * power,
            (excess + shape2 * log_z * power) / scale,
            -shape2 / scale**2 * (excess + shape2 * power),
        )

    def from_sample(self, sample: Sample) -> tuple[float, float, float]:
        """Highest point of the profile likelihood in log(shape2); its ends where a limiting law is better."""
        logs = sample.mapped(np.log)
        mean_log, deviation = logs.mean(), math.sqrt(logs.var())
        logs = logs.standardised(mean_log, deviation)
        u = profile_maximum(logs, _profile_values, _profile_slopes, _LOWEST, _HIGHEST, _STEP)
        params = _stacy(logs, u, mean_log, deviation)
        if params[2] > _SMALLEST_LOG_SCALE:
            return params[0], params[1], math.exp(params[2])
        # Near the lognormal law (maximum at the lower end of the profile, or almost) the scale runs to 0.
        lognormal = -0.5 * math.log(2 * math.pi) - 0.5
        gain = (_profile(logs, u) - lognormal) * sample.nobs
        if u > _LOWEST and gain > _TOLD_APART:
            raise NoMaximumError(
                f"generalized_gamma: the maximum (shape1 = {params[0]:.3g}, shape2 = {params[1]:.3g}) is so near the "
                f"lognormal law that its scale, exp({params[2]:.0f}), is lost to underflow. Fit lognormal: its "
                f"log-likelihood is lower by {gain:.2g} only."
            )
        # The lognormal law is then the maximum, as for any member that it beats.
        while params[2] <= _SMALLEST_LOG_SCALE or (u < _HIGHEST and _profile(logs, u) > lognormal):
            u += _STEP
            params = _stacy(logs, u, mean_log, deviation)
        return params[0], params[1], math.exp(params[2])

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The lognormal law as shape2 → 0, the power-function law as shape2 → ∞."""
        return (
            Limit(get_family("lognormal"), lambda meanlog, sdlog: (np.inf, 0.0, 0.0)),
            Limit(get_family("power"), lambda shape, scale: (0.0, np.inf, scale)),
        )

    def cdf(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(special.gammainc(shape1, _power(x, shape2, scale)))

    def sf(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.gammaincc(shape1, _power(x, shape2, scale)))

    def logcdf(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return log_gammainc(shape1, _log_power(x, shape2, scale))

    def logsf(self, x: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return log_gammaincc(shape1, _log_power(x, shape2, scale))

    def ppf(self, p: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Quantile."""
        return np.asarray(scale * special.gammaincinv(shape1, p) ** (1 / shape2))

    def isf(self, p: Array, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Upper quantile."""
        return np.asarray(scale * special.gammainccinv(shape1, p) ** (1 / shape2))

    def mean(self, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Mean: scale Gamma(shape1 + 1/shape2) / Gamma(shape1)."""
        return np.asarray(scale * special.poch(shape1, 1 / shape2))

    def var(self, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Variance."""
        second = special.poch(shape1, 2 / shape2)
        return np.asarray(np.square(scale) * (second - np.square(special.poch(shape1, 1 / shape2))))

    def entropy(self, shape1: Array, shape2: Array, scale: Array) -> Array:
        """Entropy, nats."""
        digamma = special.psi(shape1)
        rest = special.gammaln(shape1) + shape1 * (1 - digamma)
        return np.asarray(np.log(scale) - np.log(shape2) + digamma / shape2 + rest)

    def tail_scores(
        self, x: Array, shape1: Array, shape2: Array, scale: Array
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F) by both shapes and the scale."""
        t = _log_power(x, shape2, scale)
        tails = log_gammainc_slopes(float(shape1), t)
        below, above = ((by_shape, by_t * t / shape2, -by_t * shape2 / scale) for by_shape, by_t in tails)
        return below, above

    def to_scipy(self, shape1: float, shape2: float, scale: float) -> Any:
        """``scipy.stats.gengamma(shape1, shape2, scale=scale)``."""
        from scipy import stats

        return stats.gengamma(shape1, shape2, scale=scale)


def _power(x: Array, shape2: Array, scale: Array) -> Array:
    """The unit gamma variable of which x is a function: (x/scale)^shape2."""
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(_log_power(x, shape2, scale)))


def _log_power(x: Array, shape2: Array, scale: Array) -> Array:
    """Log of the same."""
    return np.asarray(shape2 * (log_or_minus_inf(x) - np.log(scale)))


def _gap(logs: Sample, c: float) -> tuple[float, float, float]:
    """Three moments of logs y near 0, with weights exp(c y).

    They are log(mean(exp(c y))) - c mean(y), the weighted mean less the mean of y, and the weighted variance.
    """
    largest = logs.maximum

    def functions(y: Array) -> tuple[Array, ...]:
        # For small c the sum of exp(cy) - 1 keeps the digits that a log of a mean near 1 would lose.
        excess = np.expm1(c * y) if c * largest < 1 else np.exp(c * (y - largest))
        weight = excess + 1 if c * largest < 1 else excess
        pull = weight * y
        return y, excess, weight, pull, pull * y

    plain, excess, total, first, second = means_of(logs, functions).tolist()
    mean = first / total
    gap = (math.log1p(excess) if c * largest < 1 else c * largest + math.log(total)) - c * plain
    return gap, mean - plain, second / total - mean * mean


def _profile_values(logs: Sample, grid: Array) -> Array:
    """`_profile` at several points."""
    return np.array([_profile(logs, u) for u in grid.tolist()])


def _profile(logs: Sample, u: float) -> float:
    """Mean log-likelihood of the logs, of mean 0, at shape2 = exp(u) and the best other parameters; nats."""
    gap = _gap(logs, math.exp(u))[0]
    shape1 = inverse_log_minus_digamma(gap)
    return u - shape1 * log_minus_digamma(shape1) - float(stirling_remainder(np.asarray(shape1)))


def _profile_slopes(logs: Sample, u: float) -> tuple[float, float]:
    """First and second derivative of `_profile` by u."""
    c = math.exp(u)
    gap, distance, variance = _gap(logs, c)
    shape1 = inverse_log_minus_digamma(gap)
    shift = c * distance
    by_gap = 1 / log_minus_digamma_slope(shape1)  # derivative of shape1; negative
    return 1 - shape1 * shift, -(by_gap * shift * shift + shape1 * (shift + c * c * variance))


def _stacy(logs: Sample, u: float, mean_log: float, deviation: float) -> tuple[float, float, float]:
    """Shape1, shape2 and log(scale) of the data, from logs standardised to mean 0 and deviation 1."""
    gap = _gap(logs, math.exp(u))[0]
    shape1, shape2 = inverse_log_minus_digamma(gap), math.exp(u) / deviation
    return shape1, shape2, mean_log - float(special.psi(shape1)) / shape2
