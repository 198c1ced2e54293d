"""The half-normal law."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import LONG_BLOCK_ROWS
from mle_toolkit.data.sums import dot
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.domain import NON_NEGATIVE, POSITIVE
from mle_toolkit.families.expectations import GammaPower
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.maps import SQUARE
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image

_HALF_LOG_HALF_PI = 0.5 * math.log(0.5 * math.pi)
_ROOT_TWO = math.sqrt(2.0)


class HalfNormal(ExponentialFamily):
    r"""Size of a normal error around 0 with standard deviation ``sigma``.

    .. math:: \log f(x) = \tfrac12 \log\frac{2}{\pi} - \log\sigma - \frac{x^2}{2\sigma^2}

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 13. The maximum is
    sigma² = mean(x²).
    """

    name = "half_normal"
    aliases = ("halfnorm", "hnorm")
    support = NON_NEGATIVE
    parameters = (Parameter("sigma", POSITIVE, typical=(0.1, 10.0), role="scale"),)
    in_scipy = InScipy("halfnorm", scale="sigma")

    block_rows = LONG_BLOCK_ROWS

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Square of x."""
        return (np.square(x),)

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sum of the square, without a temporary."""
        return (dot(x if weight is None else weight * x, x),)

    def log_density(self, T: tuple[Array, ...], sigma: Array) -> Array:
        """Log-density, linear in T."""
        return np.asarray(-_HALF_LOG_HALF_PI - np.log(sigma) - 0.5 * T[0] / sigma**2)

    def score_of(self, T: tuple[Array, ...], sigma: Array) -> tuple[Array, ...]:
        """Derivative by sigma."""
        return ((T[0] / sigma**2 - 1) / sigma,)

    def hessian_of(self, T: tuple[Array, ...], sigma: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        return ((1 - 3 * T[0] / sigma**2) / sigma**2,)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """Root mean square."""
        if not means[0] > 0:
            raise DegenerateDataError("half_normal: all observations are 0: the likelihood is unbounded (sigma → 0).")
        return (math.sqrt(means[0]),)

    @property
    def images(self) -> tuple[Image, ...]:
        """The gamma law of x²."""
        return (Image(get_family("gamma"), lambda sigma: (0.5, 2 * sigma**2), SQUARE),)

    def cdf(self, x: Array, sigma: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(special.erf(np.maximum(x, 0.0) / (_ROOT_TWO * sigma)))

    def sf(self, x: Array, sigma: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.erfc(np.maximum(x, 0.0) / (_ROOT_TWO * sigma)))

    def logcdf(self, x: Array, sigma: Array) -> Array:
        """Log of the cdf, from whichever tail keeps more digits."""
        lower, upper = self.cdf(x, sigma), self.sf(x, sigma)
        with np.errstate(divide="ignore"):
            return np.asarray(np.where(lower < 0.5, np.log(lower), np.log1p(-upper)))

    def logsf(self, x: Array, sigma: Array) -> Array:
        """Log of the survival function."""
        return np.asarray(math.log(2.0) + special.log_ndtr(-np.maximum(x, 0.0) / sigma))

    def tail_scores(self, x: Array, sigma: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        z = x / sigma
        log_f = -_HALF_LOG_HALF_PI - 0.5 * z * z
        fall, rise = (z / sigma * np.exp(log_f - tail) for tail in (self.logcdf(x, sigma), self.logsf(x, sigma)))
        return (-fall,), (rise,)

    def ppf(self, p: Array, sigma: Array) -> Array:
        """Quantile."""
        return np.asarray(_ROOT_TWO * sigma * special.erfinv(_probability(p)))

    def isf(self, p: Array, sigma: Array) -> Array:
        """Upper quantile."""
        return np.asarray(_ROOT_TWO * sigma * special.erfcinv(_probability(p)))

    def mean(self, sigma: Array) -> Array:
        """Mean: sigma sqrt(2/pi)."""
        return np.asarray(math.sqrt(2 / math.pi) * sigma)

    def var(self, sigma: Array) -> Array:
        """Variance: (1 - 2/pi) sigma²."""
        return np.asarray((1 - 2 / math.pi) * np.square(sigma))

    def entropy(self, sigma: Array) -> Array:
        """Entropy, nats: log(sigma sqrt(pi e / 2))."""
        return np.asarray(_HALF_LOG_HALF_PI + 0.5 + np.log(sigma))

    def power_of(self, sigma: float) -> GammaPower:
        """The square of x follows the gamma law of shape 1/2."""
        return GammaPower(0.5, 2.0, math.sqrt(2) * sigma)


def _probability(p: Array) -> Array:
    """P itself; NaN outside [0, 1], where the inverse error functions go on."""
    return np.where((p >= 0) & (p <= 1), p, np.nan)
