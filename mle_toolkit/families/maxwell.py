"""The Maxwell law."""

from __future__ import annotations

import math

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import LONG_BLOCK_ROWS
from mle_toolkit.data.sums import dot, total
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.gamma_tails import log_gamma_quantiles, log_gamma_tails, log_gammainc_slopes
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image
from mle_toolkit.families.special import log_or_minus_inf, sum_log

_SHAPE = 1.5


class Maxwell(ExponentialFamily):
    r"""Speed of a molecule of a gas: length of a vector in space whose components are normal of deviation ``sigma``.

    .. math:: \log f(x) = \tfrac12\log\tfrac2\pi + 2\log x - 3\log\sigma - \frac{x^2}{2\sigma^2}

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 18. The maximum is
    sigma² = mean(x²) / 3.
    """

    name = "maxwell"
    aliases = ("maxwell_boltzmann",)
    support = POSITIVE
    parameters = (Parameter("sigma", POSITIVE, typical=(0.1, 10.0), role="scale"),)
    in_scipy = InScipy("maxwell", scale="sigma")
    cdf, sf = cdf_of_log, sf_of_log

    block_rows = LONG_BLOCK_ROWS

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Square of x."""
        return (np.square(x),)

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Sum of the square, without a temporary."""
        return (dot(x if weight is None else weight * x, x),)

    def log_base(self, x: Array) -> Array:
        """Twice log x, and a constant."""
        return np.asarray(2 * np.log(x) + 0.5 * math.log(2 / math.pi))

    def base_sum(self, x: Array, weight: Array | None) -> float:
        """Sum of `log_base`; without weights the logs are taken of products."""
        logs, count = (sum_log(x), len(x)) if weight is None else (total(weight * np.log(x)), total(weight))
        return 2 * logs + 0.5 * math.log(2 / math.pi) * count

    def log_density(self, T: tuple[Array, ...], sigma: Array) -> Array:
        """Log-density less `log_base`, linear in T."""
        return np.asarray(-3 * np.log(sigma) - 0.5 * T[0] / sigma**2)

    def score_of(self, T: tuple[Array, ...], sigma: Array) -> tuple[Array, ...]:
        """Derivative by sigma."""
        return ((T[0] / sigma**2 - 3) / sigma,)

    def hessian_of(self, T: tuple[Array, ...], sigma: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        return (3 * (1 - T[0] / sigma**2) / sigma**2,)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """Root of a third of the mean square."""
        return (math.sqrt(means[0] / 3),)

    def log_tails(self, x: Array, sigma: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return log_gamma_tails(np.asarray(_SHAPE), _log_half_square(x, sigma))

    def logcdf(self, x: Array, sigma: Array) -> Array:
        """Log of the cdf."""
        return log_gamma_tails(np.asarray(_SHAPE), _log_half_square(x, sigma))[0]

    def logsf(self, x: Array, sigma: Array) -> Array:
        """Log of the survival function."""
        return log_gamma_tails(np.asarray(_SHAPE), _log_half_square(x, sigma))[1]

    def tail_scores(self, x: Array, sigma: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        (_, fall), (_, rise) = log_gammainc_slopes(_SHAPE, _log_half_square(x, sigma))
        return (-2 * fall / sigma,), (-2 * rise / sigma,)

    def ppf(self, p: Array, sigma: Array) -> Array:
        """Quantile."""
        return np.asarray(sigma * np.sqrt(2 * np.exp(log_gamma_quantiles(np.asarray(_SHAPE), p)[0])))

    def isf(self, p: Array, sigma: Array) -> Array:
        """Upper quantile."""
        return np.asarray(sigma * np.sqrt(2 * np.exp(log_gamma_quantiles(np.asarray(_SHAPE), p)[1])))

    def mean(self, sigma: Array) -> Array:
        """Mean: 2 sigma sqrt(2/π)."""
        return np.asarray(2 * math.sqrt(2 / math.pi) * np.asarray(sigma))

    def var(self, sigma: Array) -> Array:
        """Variance: (3 - 8/π) sigma²."""
        return np.asarray((3 - 8 / math.pi) * np.square(sigma))

    def entropy(self, sigma: Array) -> Array:
        """Entropy, nats: log(sigma sqrt(2 π)) + Euler's constant - 1/2."""
        return np.asarray(np.log(sigma) + 0.5 * math.log(2 * math.pi) + np.euler_gamma - 0.5)

    @property
    def images(self) -> tuple[Image, ...]:
        """The Nakagami law of shape 3/2."""
        nakagami = get_family("nakagami")
        return (Image(nakagami, lambda sigma: (_SHAPE, math.sqrt(3) * sigma), at=("shape",)),)


def _log_half_square(x: Array, sigma: Array) -> Array:
    """Log of the gamma variable of shape 3/2 of which x is a function."""
    return np.asarray(2 * (log_or_minus_inf(x) - np.log(sigma)) - math.log(2))
