"""The Rayleigh law."""

from __future__ import annotations

import math

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import LONG_BLOCK_ROWS
from mle_toolkit.data.sums import dot, total
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import GammaPower
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.hazard import HazardFamily
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.maps import SQUARE
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image
from mle_toolkit.families.special import log_or_minus_inf, sum_log


class Rayleigh(HazardFamily, ExponentialFamily):
    r"""Length of a vector in the plane whose two components are normal with standard deviation ``sigma``.

    .. math:: \log f(x) = \log x - 2\log\sigma - \frac{x^2}{2\sigma^2}

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 18. The maximum is
    sigma² = mean(x²) / 2.
    """

    name = "rayleigh"
    support = POSITIVE
    parameters = (Parameter("sigma", POSITIVE, typical=(0.1, 10.0), role="scale"),)
    in_scipy = InScipy("rayleigh", scale="sigma")

    block_rows = LONG_BLOCK_ROWS

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Square of x."""
        return (np.square(x),)

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sum of the square, without a temporary."""
        return (dot(x if weight is None else weight * x, x),)

    def log_base(self, x: Array) -> Array:
        """Log x."""
        return np.asarray(np.log(x))

    def base_sum(self, x: Array, weight: Array | None) -> float:
        """Sum of log x; without weights the logs are taken of products."""
        return sum_log(x) if weight is None else total(weight * np.log(x))

    def log_density(self, T: tuple[Array, ...], sigma: Array) -> Array:
        """Log-density less log x, linear in T."""
        return np.asarray(-2 * np.log(sigma) - 0.5 * T[0] / sigma**2)

    def score_of(self, T: tuple[Array, ...], sigma: Array) -> tuple[Array, ...]:
        """Derivative by sigma."""
        return ((T[0] / sigma**2 - 2) / sigma,)

    def hessian_of(self, T: tuple[Array, ...], sigma: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        return ((2 - 3 * T[0] / sigma**2) / sigma**2,)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """Root of half the mean square."""
        return (math.sqrt(0.5 * means[0]),)

    @property
    def images(self) -> tuple[Image, ...]:
        """The exponential law of x²."""
        return (Image(get_family("exponential"), lambda sigma: (2 * sigma**2,), SQUARE),)

    def cumulative_hazard(self, x: Array, sigma: Array) -> Array:
        """Half the square of x / sigma."""
        return np.asarray(0.5 * np.square(np.maximum(x, 0.0) / sigma))

    def log_hazard(self, x: Array, sigma: Array) -> Array:
        """Log of the cumulative hazard, where the square would underflow too."""
        return np.asarray(2 * (log_or_minus_inf(x) - np.log(sigma)) - math.log(2))

    def tail_scores(self, x: Array, sigma: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S."""
        hazard = 0.5 * np.square(x / sigma)
        return self.tail_scores_of_log(hazard, (-2 / sigma + 0 * hazard,))

    def at_hazard(self, hazard: Array, sigma: Array) -> Array:
        """Find x from its cumulative hazard."""
        return np.asarray(sigma * np.sqrt(2 * hazard))

    def mean(self, sigma: Array) -> Array:
        """Mean: sigma sqrt(pi/2)."""
        return np.asarray(math.sqrt(0.5 * math.pi) * sigma)

    def var(self, sigma: Array) -> Array:
        """Variance: (2 - pi/2) sigma²."""
        return np.asarray((2 - 0.5 * math.pi) * np.square(sigma))

    def entropy(self, sigma: Array) -> Array:
        """Entropy, nats: 1 + log(sigma/sqrt 2) + gamma/2, with Euler's constant gamma."""
        return np.asarray(1 + np.log(sigma) - 0.5 * math.log(2) + 0.5 * np.euler_gamma)

    def power_of(self, sigma: float) -> GammaPower:
        """The square of x is exponential."""
        return GammaPower(1.0, 2.0, math.sqrt(2) * sigma)
