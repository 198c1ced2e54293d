"""The Nakagami law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import LONG_BLOCK_ROWS
from mle_toolkit.data.sums import dot, total
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
from mle_toolkit.families.maps import SQUARE
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image, Limit, SpecialCase
from mle_toolkit.families.special import (
    about_mode,
    inverse_log_minus_digamma,
    left_by_root,
    log_minus_digamma_of,
    log_or_minus_inf,
    lost_to_rounding,
    stirling_remainder,
    sum_log,
)


class Nakagami(ExponentialFamily):
    r"""Amplitude of a signal whose power is gamma: x² has shape ``shape`` and mean ``scale``².

    .. math:: \log f(x) = \log 2 + m\log m - \log\Gamma(m) - 2m\log s + (2m - 1)\log x - m x^2/s^2

    Source: Nakagami (1960), in Hoffman (ed.), Statistical Methods in Radio Wave Propagation, 3-36. Route to the
    maximum: that of the gamma law for x². The usual spread parameter, omega = E x², is ``scale**2``.
    """

    name = "nakagami"
    support = POSITIVE
    parameters = (Parameter("shape", POSITIVE, typical=(0.6, 10.0)), SCALE)
    in_scipy = InScipy("nakagami", "shape", scale="scale")

    block_rows = LONG_BLOCK_ROWS

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Square and log of x."""
        return np.square(x), np.log(x)

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sums of the square, without a temporary, and of the log of x, taken of products."""
        if weight is None:
            return dot(x, x), sum_log(x)
        return dot(weight * x, x), total(weight * np.log(x))

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        shape, scale = params
        own = super().logpdf(x, shape, scale)
        return about_mode(own, shape, lambda: np.square(x / scale) - 1, lambda: math.log(2) - np.log(x))

    def log_density(self, T: tuple[Array, ...], shape: Array, scale: Array) -> Array:
        """Log-density, linear in T."""
        square, log_x = T
        excess = 2 * (log_x - np.log(scale)) + 1 - square / scale**2
        return np.asarray(math.log(2) - log_x + shape * excess - stirling_remainder(shape))

    def score_of(self, T: tuple[Array, ...], shape: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape and scale."""
        square, log_x = T
        ratio = square / scale**2
        by_shape = 2 * (log_x - np.log(scale)) + 1 - ratio + np.log(shape) - special.psi(shape)
        return by_shape, 2 * shape / scale * (ratio - 1)

    def hessian_of(self, T: tuple[Array, ...], shape: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T; the zeta function of 2 is the trigamma function."""
        ratio = T[0] / scale**2
        by_both = 2 / scale * (ratio - 1)
        return 1 / shape - special.zeta(2.0, shape), by_both, 2 * shape / scale**2 * (1 - 3 * ratio)

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Root in the shape; the scale is the root mean square."""
        mean_square, mean_log = means
        gap = math.log(mean_square) - 2 * mean_log  # > 0 by Jensen, and 0 only if every x is equal
        if lost_to_rounding(gap, 2 * mean_log):
            raise DegenerateDataError(
                "nakagami: the observations are equal, or nearly so (to three digits or more), so the shape is "
                "unbounded or lost to rounding. Subtract a threshold, or choose a law with a location."
            )
        return inverse_log_minus_digamma(gap), math.sqrt(mean_square)

    @property
    def limits_when_shifted(self) -> tuple[Limit, ...]:
        """The normal law, as the threshold goes to -∞."""
        return (Limit(get_family("normal"), lambda mu, sigma: (np.inf, np.inf)),)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Half-normal where the shape is 1/2, Rayleigh where it is 1."""
        return (
            SpecialCase(get_family("half_normal"), lambda sigma: (0.5, sigma), at=("shape",)),
            SpecialCase(get_family("rayleigh"), lambda sigma: (1.0, math.sqrt(2) * sigma), at=("shape",)),
        )

    @property
    def images(self) -> tuple[Image, ...]:
        """The gamma law of x²."""
        return (Image(get_family("gamma"), lambda shape, scale: (shape, scale**2 / shape), SQUARE),)

    def cdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Probability of at most x."""
        return gammainc(shape, _power(x, shape, scale))

    def sf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.gammaincc(shape, _power(x, shape, scale)))

    def log_tails(self, x: Array, shape: Array, scale: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return log_gamma_tails(shape, _log_power(x, shape, scale))

    def logcdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return log_gammainc(shape, _log_power(x, shape, scale))

    def logsf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return log_gammaincc(shape, _log_power(x, shape, scale))

    def ppf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Quantile."""
        return np.asarray(scale * np.sqrt(gammaincinv(shape, p) / shape))

    def isf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Upper quantile."""
        return np.asarray(scale * np.sqrt(special.gammainccinv(shape, p) / shape))

    def mean(self, shape: Array, scale: Array) -> Array:
        """Mean: scale Gamma(shape + 1/2) / (Gamma(shape) sqrt(shape))."""
        return np.asarray(scale * special.poch(shape, 0.5) / np.sqrt(shape))

    def var(self, shape: Array, scale: Array) -> Array:
        """Variance: scale² less the square of the mean."""
        return np.asarray(np.square(scale) * left_by_root(shape))

    def entropy(self, shape: Array, scale: Array) -> Array:
        """Entropy, nats."""
        mean_log = -0.5 * log_minus_digamma_of(shape)  # of x / scale
        return np.asarray(np.log(scale) - math.log(2) + (1 - 2 * shape) * mean_log + stirling_remainder(shape))

    def tail_scores(self, x: Array, shape: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F) by shape and scale."""
        tails = log_gammainc_slopes(shape, _log_power(x, shape, scale))
        below, above = ((by_shape + by_t / shape, -2 * by_t / scale) for by_shape, by_t in tails)
        return below, above

    def power_of(self, shape: float, scale: float) -> GammaPower:
        """The square of x follows the gamma law."""
        return GammaPower(shape, 2.0, scale / math.sqrt(shape))


def _power(x: Array, shape: Array, scale: Array) -> Array:
    """The unit gamma variable of which x is a function: shape (x/scale)²."""
    return np.asarray(shape * np.square(np.maximum(x, 0.0) / scale))


def _log_power(x: Array, shape: Array, scale: Array) -> Array:
    """Log of `_power`, where the square would underflow too."""
    return np.asarray(np.log(shape) + 2 * (log_or_minus_inf(x) - np.log(scale)))
