"""The inverse gamma law."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import GammaPower
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
from mle_toolkit.families.maps import RECIPROCAL
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image, Limit
from mle_toolkit.families.special import (
    inverse_log_minus_digamma,
    log_gamma_kernel,
    log_minus_digamma_of,
    log_or_minus_inf,
    lost_to_rounding,
    stirling_remainder,
    sum_log,
)


class InverseGamma(ExponentialFamily):
    r"""Reciprocal of a gamma variable: the uncertainty of a variance; its upper tail is a power, of index ``shape``.

    .. math:: \log f(x) = a\log s - \log\Gamma(a) - (a + 1)\log x - s/x

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 17. Route to the maximum:
    that of the gamma law for 1/x.
    """

    name = "inverse_gamma"
    by_number = ("mean", "var")
    aliases = ("invgamma", "inversegamma")
    support = POSITIVE
    parameters = (Parameter("shape", POSITIVE, typical=(0.7, 20.0)), SCALE)
    in_scipy = InScipy("invgamma", "shape", scale="scale")

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """1/x and log x."""
        return 1.0 / x, np.log(x)

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sums of 1/x and log x; without weights the logs are taken of products."""
        if weight is None:
            return float(np.add.reduce(1.0 / x)), sum_log(x)
        return float(np.add.reduce(weight / x)), float(np.add.reduce(weight * np.log(x)))

    def log_density(self, T: tuple[Array, ...], shape: Array, scale: Array) -> Array:
        """Log-density, linear in T."""
        inverse, log_x = T
        return np.asarray(shape * (np.log(scale) - log_x) - special.gammaln(shape) - log_x - scale * inverse)

    def logpdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log-density at x, about the mode: its terms cancel for a large shape."""
        log_x = np.log(x)
        return np.asarray(log_gamma_kernel(shape, np.log(scale) - log_x) - log_x)

    def score_of(self, T: tuple[Array, ...], shape: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape and scale."""
        inverse, log_x = T
        return np.log(scale) - special.psi(shape) - log_x, shape / scale - inverse

    def hessian_of(self, T: tuple[Array, ...], shape: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T; the zeta function of 2 is the trigamma function."""
        return -special.zeta(2.0, shape), 1 / scale, -shape / scale**2

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Root in the shape; the scale follows."""
        mean_inverse, mean_log = means
        gap = float(np.log(mean_inverse)) + mean_log  # > 0 by Jensen, and 0 only if every x is equal
        if lost_to_rounding(gap, mean_log):
            raise DegenerateDataError(
                "inverse_gamma: the observations are equal, or nearly so (to three digits or more), so the shape is "
                "unbounded or lost to rounding. Subtract a threshold, or choose a law with a location."
            )
        shape = inverse_log_minus_digamma(gap)
        return shape, shape / mean_inverse

    @property
    def limits_when_shifted(self) -> tuple[Limit, ...]:
        """The normal law, as the threshold goes to -∞."""
        return (Limit(get_family("normal"), lambda mu, sigma: (np.inf, np.inf)),)

    @property
    def images(self) -> tuple[Image, ...]:
        """The gamma law of 1/x."""
        return (Image(get_family("gamma"), lambda shape, scale: (shape, 1 / scale), RECIPROCAL),)

    def cdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(special.gammaincc(shape, _inverse(x, scale)))

    def sf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return gammainc(shape, _inverse(x, scale))

    def log_tails(self, x: Array, shape: Array, scale: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return log_gamma_tails(shape, np.log(scale) - log_or_minus_inf(x))[::-1]

    def logcdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return log_gammaincc(shape, np.log(scale) - log_or_minus_inf(x))

    def logsf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return log_gammainc(shape, np.log(scale) - log_or_minus_inf(x))

    def ppf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(scale / special.gammainccinv(shape, p))

    def isf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Upper quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(scale / gammaincinv(shape, p))

    def mean(self, shape: Any, scale: Any) -> Any:
        """Mean: scale / (shape - 1); infinite for shape <= 1."""
        return scale / (shape - 1) if shape > 1 else np.inf

    def var(self, shape: Any, scale: Any) -> Any:
        """Variance: mean² / (shape - 2); infinite for shape <= 2."""
        return (scale / (shape - 1)) ** 2 / (shape - 2) if shape > 2 else np.inf

    def entropy(self, shape: Array, scale: Array) -> Array:
        """Entropy, nats."""
        gap = log_minus_digamma_of(shape)  # in the place of terms that cancel where it is small
        return np.asarray(np.log(scale) - np.log(shape) + stirling_remainder(shape) + (1 + shape) * gap)

    def tail_scores(self, x: Array, shape: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F) by shape and scale."""
        above, below = log_gammainc_slopes(shape, np.log(scale) - log_or_minus_inf(x))
        return (below[0], below[1] / scale), (above[0], above[1] / scale)

    def power_of(self, shape: float, scale: float) -> GammaPower:
        """1/x follows the gamma law."""
        return GammaPower(shape, -1.0, scale)


def _inverse(x: Array, scale: Array) -> Array:
    """``scale / x``; infinite, without a warning, where x is not positive."""
    with np.errstate(divide="ignore"):
        return np.asarray(scale / np.maximum(x, 0.0))
