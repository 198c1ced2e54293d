"""The geometric law of failures before the first success."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import COUNTS, Interval
from mle_toolkit.families.excess import of_event
from mle_toolkit.families.expectations import ONE, Statistic, Terms
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.from_logs import cdf_of_logsf, sf_of_log
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log1mexp


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
    in_scipy = InScipy("geom", "prob", loc=-1)
    cdf, sf = cdf_of_logsf, sf_of_log

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

    def by_logit(self, x: Array, logit: Array) -> tuple[Array, Array, Array]:
        """Log-probability with two derivatives by the logit of prob."""
        hit, miss = special.expit(logit), special.expit(-logit)
        with np.errstate(invalid="ignore"):
            misses = np.where(x > 0, x * special.log_expit(-logit), 0.0)
        return special.log_expit(logit) + misses, miss - x * hit, -(1 + x) * hit * miss

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """One success in 1 + mean trials."""
        return (1 / (1 + means[0]),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """All mass on the first count of a window, as prob → 1."""
        from mle_toolkit.families.combinators.truncated import PointMass

        return (Limit(PointMass(math.floor(max(lower, -1.0)) + 1), lambda: (1.0,)),)

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """That of one trial, times the expected number of trials."""
        return of_event(p[0], q[0]) / float(p[0])

    def terms(self, prob: float) -> Terms | None:
        """The log-probability by x."""
        return {ONE: math.log(prob), ("power", 1.0): math.log1p(-prob)} if prob < 1 else None

    def expected(self, statistic: Statistic, prob: float) -> float | None:
        """Expected value of x."""
        return float((1 - prob) / prob) if statistic == ("power", 1.0) else None

    def logcdf(self, x: Array, prob: Array) -> Array:
        """Log of the cdf."""
        return log1mexp(self.logsf(x, prob))

    def logsf(self, x: Array, prob: Array) -> Array:
        """Log of the survival function."""
        return np.asarray(special.xlog1py(np.maximum(np.floor(x) + 1.0, 0.0), -np.asarray(prob)))

    def tail_scores(self, x: Array, prob: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F) by prob."""
        by_sf = -np.maximum(np.floor(x) + 1.0, 0.0) / (1 - prob)
        with np.errstate(all="ignore"):  # before all counts nothing changes
            by_cdf = by_sf / -np.expm1(-self.logsf(x, prob))
        return (np.where(x < 0, 0.0, by_cdf),), (by_sf,)

    def mean(self, prob: Array) -> Array:
        """Expected value."""
        return np.asarray((1 - np.asarray(prob)) / prob)

    def var(self, prob: Array) -> Array:
        """Variance."""
        return np.asarray((1 - np.asarray(prob)) / np.square(prob))
