"""The exponential law."""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import LONG_BLOCK_ROWS
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.domain import NON_NEGATIVE
from mle_toolkit.families.excess import of_ratio
from mle_toolkit.families.expectations import GammaPower, Statistic
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.gamma import expected_of_gamma
from mle_toolkit.families.hazard import HazardFamily
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import SCALE


class Exponential(HazardFamily, ExponentialFamily):
    r"""Waiting time without memory, ``scale`` on average.

    .. math:: \log f(x) = -\log\theta - x/\theta

    Source: Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1, ch. 19. The maximum is the mean.
    """

    name = "exponential"
    aliases = ("expon", "exp")
    support = NON_NEGATIVE
    parameters = (SCALE,)
    in_scipy = InScipy("expon", scale="scale")

    block_rows = LONG_BLOCK_ROWS

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """X itself."""
        return (x,)

    def log_density(self, T: tuple[Array, ...], scale: Array) -> Array:
        """Log-density, linear in T."""
        return np.asarray(-np.log(scale) - T[0] / scale)

    def score_of(self, T: tuple[Array, ...], scale: Array) -> tuple[Array, ...]:
        """Derivative by scale."""
        return ((T[0] / scale - 1) / scale,)

    def hessian_of(self, T: tuple[Array, ...], scale: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        return ((1 - 2 * T[0] / scale) / scale**2,)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """The mean."""
        if not means[0] > 0:
            raise DegenerateDataError("exponential: all observations are 0: the likelihood is unbounded (scale → 0).")
        return (means[0],)

    def cumulative_hazard(self, x: Array, scale: Array) -> Array:
        """X over scale."""
        return np.asarray(np.maximum(x, 0.0) / scale)

    def tail_scores(self, x: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S."""
        return self.tail_scores_of(x / scale, (-x / np.square(scale),))

    def at_hazard(self, hazard: Array, scale: Array) -> Array:
        """Scale times hazard."""
        return np.asarray(scale * hazard)

    def mean(self, scale: Array) -> Array:
        """Mean: scale."""
        return np.asarray(scale)

    def var(self, scale: Array) -> Array:
        """Variance: scale²."""
        return np.square(scale)

    def entropy(self, scale: Array) -> Array:
        """Entropy, nats: 1 + log(scale)."""
        return np.asarray(1.0 + np.log(scale))

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """By the excess of the ratio of the scales."""
        return of_ratio(p[0], q[0])

    def power_of(self, scale: float) -> GammaPower:
        """The gamma law of shape 1."""
        return GammaPower(1.0, 1.0, scale)

    def expected(self, statistic: Statistic, scale: float) -> float | None:
        """Expected values of e^(t x) and abs(x - a)."""
        return expected_of_gamma(statistic, 1.0, scale)
