"""The geometric law of failures before the first success."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import ExponentialFamily, Parameter
from mle_toolkit.families.domain import COUNTS, Interval


class Geometric(ExponentialFamily):
    r"""Failures before the first success, when every trial succeeds with probability ``prob``.

    .. math:: \log f(x) = \log p + x \log(1 - p), \quad x = 0, 1, 2, \dots

    SciPy's ``geom`` counts trials, hence starts at 1. Source: Johnson, Kemp & Kotz (2005), Univariate Discrete
    Distributions, ch. 5. The maximum is 1 / (1 + mean); with zeros only it is ``prob`` = 1.
    """

    name = "geometric"
    aliases = ("geom",)
    support = COUNTS
    parameters = (Parameter("prob", Interval(0.0, 1.0, closed="upper"), typical=(0.05, 0.9)),)

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """X."""
        return (x,)

    def log_density(self, T: tuple[Array, ...], prob: Array) -> Array:
        """Log-probability, linear in T."""
        return np.log(prob) + special.xlog1py(T[0], -prob)

    def score_of(self, T: tuple[Array, ...], prob: Array) -> tuple[Array, ...]:
        """Derivative by prob."""
        return (1 / prob - T[0] / (1 - prob),)

    def hessian_of(self, T: tuple[Array, ...], prob: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        return (-1 / prob**2 - T[0] / (1 - prob) ** 2,)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """One success in 1 + mean trials."""
        return (1 / (1 + means[0]),)

    def to_scipy(self, prob: float) -> Any:
        """``scipy.stats.geom(prob, loc=-1)``."""
        from scipy import stats

        return stats.geom(prob, loc=-1)
