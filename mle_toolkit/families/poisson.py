"""The Poisson law."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import ExponentialFamily, Parameter
from mle_toolkit.families.domain import COUNTS, NON_NEGATIVE


class Poisson(ExponentialFamily):
    r"""Number of independent rare events, ``mu`` on average.

    .. math:: \log f(x) = x \log\mu - \mu - \log x!

    Source: Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 4. The maximum is the mean; with
    zeros only it is ``mu = 0``, the law that is always zero.
    """

    name = "poisson"
    support = COUNTS
    parameters = (Parameter("mu", NON_NEGATIVE, typical=(0.1, 20.0)),)

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """X and log x!."""
        return x, special.gammaln(x + 1)

    def log_density(self, T: tuple[Array, ...], mu: Array) -> Array:
        """Log-probability, linear in T."""
        x, log_factorial = T
        return special.xlogy(x, mu) - mu - log_factorial

    def score_of(self, T: tuple[Array, ...], mu: Array) -> tuple[Array, ...]:
        """Derivative by mu."""
        return (T[0] / mu - 1,)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """The mean."""
        return (means[0],)

    def to_scipy(self, mu: float) -> Any:
        """``scipy.stats.poisson(mu)``."""
        from scipy import stats

        return stats.poisson(mu)
