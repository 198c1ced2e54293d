"""The Poisson law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.counting import FEW, log_factorial, log_poisson, tabulated
from mle_toolkit.families.domain import COUNTS, NON_NEGATIVE
from mle_toolkit.families.excess import total_log_excess
from mle_toolkit.families.expectations import Statistic
from mle_toolkit.families.gamma_tails import gamma_tails, log_gamma_tails
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log_or_minus_inf

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class Poisson(Family):
    r"""Number of independent rare events, ``mu`` on average.

    .. math:: \log f(x) = x \log\mu - \mu - \log x!

    Source: Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 4. The maximum is the mean; with
    zeros only it is ``mu = 0``, the law that is always zero.

    Notes
    -----
    An exponential family, but not summed as one: for large counts the terms of its log-density cancel, so that it
    is evaluated on the table of counts.
    """

    name = "poisson"
    aliases = ("pois",)
    support = COUNTS
    parameters = (Parameter("mu", NON_NEGATIVE, typical=(0.1, 20.0)),)
    in_scipy = InScipy("poisson", "mu")
    rates = ("mu",)

    def logpdf(self, x: Array, mu: Array) -> Array:
        """Log-probability of x."""
        return log_poisson(x, mu)

    def score(self, x: Array, mu: Array) -> tuple[Array, ...]:
        """Derivative by mu."""
        return ((x - mu) / mu,)

    def hessian(self, x: Array, mu: Array) -> tuple[Array, ...]:
        """Second derivative by mu."""
        return (-x / np.square(mu),)

    def expansion(self, x: Array, mu: Array) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]] | None:
        """Log-probability with two derivatives, where counts are so small that no terms cancel."""
        if not (np.max(x) <= FEW and np.min(mu) > 0):
            return None
        ratio = x / mu
        return x * np.log(mu) - mu - tabulated(log_factorial, x), (ratio - 1.0,), (-ratio / mu,)

    def by_log(self, x: Array, log: Array) -> tuple[Array, Array, Array] | None:
        """Log-probability with two derivatives by the log of mu, where counts are so small that no terms cancel."""
        mu = np.exp(log)
        if not (np.maximum.reduce(x) <= FEW and np.minimum.reduce(mu) > 0):
            return None
        return x * log - mu - tabulated(log_factorial, x), x - mu, -mu

    def from_sample(self, sample: Sample) -> tuple[float]:
        """The mean."""
        return (sample.mean(),)

    def from_exposed(self, sample: Sample, exposure: Array) -> tuple[float]:
        """All counts over all exposure."""
        return (sample.mean() / sample.with_values(exposure, sample.weight).mean(),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """All mass on the last count of a window, as mu → ∞, or on the first, as mu → 0."""
        from mle_toolkit.families.combinators.truncated import PointMass

        last = () if math.isinf(upper) else (Limit(PointMass(math.floor(upper)), lambda: (np.inf,)),)
        first = Limit(PointMass(math.floor(max(lower, -1.0)) + 1), lambda: (0.0,))
        return (*last, first)

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """By the excess of the ratio of the means."""
        (m,), (n,) = p, q
        return float(n) if m == 0 else float(m * total_log_excess((n - m) / m))

    def expected(self, statistic: Statistic, mu: float) -> float | None:
        """Expected value of x."""
        return float(mu) if statistic == ("power", 1.0) else None

    def cdf(self, x: Array, mu: Array) -> Array:
        """Probability of at most x."""
        return _of_counts(x, gamma_tails(*_waiting(x, mu))[1], 0.0, 1.0)

    def sf(self, x: Array, mu: Array) -> Array:
        """Probability of more than x: that the event after x more comes before the time is over."""
        return _of_counts(x, gamma_tails(*_waiting(x, mu))[0], 1.0, 0.0)

    def logcdf(self, x: Array, mu: Array) -> Array:
        """Log of the cdf."""
        return _of_counts(x, log_gamma_tails(*_waiting(x, mu))[1], -np.inf, 0.0)

    def logsf(self, x: Array, mu: Array) -> Array:
        """Log of the survival function."""
        return _of_counts(x, log_gamma_tails(*_waiting(x, mu))[0], 0.0, -np.inf)

    def tail_scores(self, x: Array, mu: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F) by mu: the density, over the one and over the other."""
        log_f = log_poisson(np.maximum(np.floor(x), 0.0), mu)
        log_sf, log_cdf = log_gamma_tails(*_waiting(x, mu))
        below, above = -np.exp(log_f - log_cdf), np.exp(log_f - log_sf)
        return (_of_counts(x, below, 0.0, 0.0),), (_of_counts(x, above, 0.0, 0.0),)

    def mean(self, mu: Array) -> Array:
        """Expected value."""
        return np.asarray(mu)

    def var(self, mu: Array) -> Array:
        """Variance."""
        return np.asarray(mu)


def _waiting(x: Array, mu: Array) -> tuple[Array, Array]:
    """Shape and log of the argument of the gamma law that has the probability of more than x.

    It is that of the time of the event after x others.
    """
    return np.maximum(np.floor(x), 0.0) + 1.0, log_or_minus_inf(mu)


def _of_counts(x: Array, value: Array, before: float, after: float) -> Array:
    """A value for counts x, and others before all counts and after them."""
    return np.asarray(np.where(x < 0, before, np.where(x == np.inf, after, value)))
