"""The logarithmic series law."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.families.domain import POSITIVE_COUNTS, Interval
from mle_toolkit.families.expectations import LOG_X, ONE, Statistic, Terms
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.reciprocal import reciprocal_in_window
from mle_toolkit.families.relations import Limit

_NEWTON_STEPS = 100
_SERIES_BELOW = 0.1

_NEARLY_NOTHING = 1e-100
"""Argument of a beta function that differs by it from its value at 0."""


class LogSeries(ExponentialFamily):
    r"""Individuals per species in a catch: each further individual is ``p`` times as probable, over its number.

    .. math:: \log f(x) = x \log p - \log x - \log(-\log(1 - p)), \quad x = 1, 2, \dots

    Source: Fisher, Corbet & Williams (1943), Journal of Animal Ecology 12, 42-58. Route to the maximum: with
    y = -log(1 - p) the mean is (exp(y) - 1) / y, which has one root. With ones only it is ``p`` = 0.
    """

    name = "logseries"
    aliases = ("logser", "logarithmic")
    support = POSITIVE_COUNTS
    parameters = (Parameter("p", Interval(0.0, 1.0, closed="lower"), typical=(0.1, 0.95)),)
    in_scipy = InScipy("logser", "p")

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """X - 1 and log x."""
        return x - 1, np.log(x)

    def log_density(self, T: tuple[Array, ...], p: Array) -> Array:
        """Log-probability, linear in T; at p = 0 all mass is on 1."""
        beyond_one, log_x = T
        return special.xlogy(beyond_one, p) - log_x + np.log(special.exprel(np.log1p(-p)))

    def score_of(self, T: tuple[Array, ...], p: Array) -> tuple[Array, ...]:
        """Derivative by p."""
        y = -np.log1p(-p)
        return ((T[0] + 1 - special.exprel(y)) / p,)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """Newton's method for log((exp(y) - 1) / y) = log(mean)."""
        beyond_one = means[0]
        if beyond_one <= 0:
            return (0.0,)
        log_mean = math.log1p(beyond_one)
        y = 2 * log_mean  # above the root of an increasing convex function: Newton falls to it
        for _ in range(_NEWTON_STEPS):
            # log(expm1(y)/y) = y/2 + log(sinh(y/2)/(y/2)), and its slope
            if y > _SERIES_BELOW:
                value = y + math.log(-math.expm1(-y)) - math.log(y)
                slope = -1 / math.expm1(-y) - 1 / y
            else:
                value = y / 2 + y**2 / 24 - y**4 / 2880 + y**6 / 181440
                slope = 1 / 2 + y / 12 - y**3 / 720 + y**5 / 30240
            change = (value - log_mean) / slope
            y -= change
            if abs(change) <= 1e-15 * y:
                break
        p = -math.expm1(-y)
        if p == 1.0:
            raise NoMaximumError(f"logseries: at a mean of {beyond_one + 1:g} the estimate of p is 1 to rounding.")
        return (p,)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """1/x, as p → 1."""
        return reciprocal_in_window(1, lower, upper, 1.0)

    def mean(self, p: Array) -> Array:
        """Expected value."""
        return np.asarray(special.exprel(-np.log1p(-p)))

    def cdf(self, x: Array, p: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(1.0 - self.sf(x, p))

    def sf(self, x: Array, p: Array) -> Array:
        """Probability of more than x: an incomplete beta function whose second argument is 0, by its limit."""
        count = np.floor(x)
        n = np.where((count >= 1) & (count < np.inf), count, 1.0) + 1.0
        with np.errstate(invalid="ignore"):  # at p = 0, where all mass is on 1
            above = (
                special.betainc(n, _NEARLY_NOTHING, p) * special.beta(n, _NEARLY_NOTHING) / -np.log1p(-np.asarray(p))
            )
        above = np.where((np.asarray(p) == 0) | (count == np.inf), 0.0, above)
        return np.where(count < 1, 1.0, above)

    def terms(self, p: float) -> Terms | None:
        """The log-probability by log x and x."""
        if not p > 0:
            return None
        return {ONE: -math.log(-math.log1p(-p)), LOG_X: -1.0, ("power", 1.0): math.log(p)}

    def expected(self, statistic: Statistic, p: float) -> float | None:
        """Expected value of x."""
        return float(-p / (math.log1p(-p) * (1 - p))) if statistic == ("power", 1.0) and p > 0 else None
