"""The Bernoulli law."""

from __future__ import annotations

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.counting import logit_trials
from mle_toolkit.families.domain import CLOSED_UNIT, Interval
from mle_toolkit.families.excess import of_event
from mle_toolkit.families.expectations import Statistic
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import Parameter


class Bernoulli(ExponentialFamily):
    r"""One trial: 1 for success, with probability ``p``, and 0 for failure.

    .. math:: \log f(x) = x \log p + (1 - x) \log(1 - p)

    Source: Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 3. The maximum is the mean; with
    one kind of outcome only it is ``p`` = 0 or 1.
    """

    name = "bernoulli"
    support = Interval(0.0, 1.0, closed="both", integer=True)
    parameters = (Parameter("p", CLOSED_UNIT, typical=(0.1, 0.9)),)
    in_scipy = InScipy("bernoulli", "p")

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """X."""
        return (x,)

    def log_density(self, T: tuple[Array, ...], p: Array) -> Array:
        """Log-probability, linear in T."""
        (x,) = T
        return np.asarray(special.xlogy(x, p) + special.xlog1py(1 - x, -p))

    def score_of(self, T: tuple[Array, ...], p: Array) -> tuple[Array, ...]:
        """Derivative by p."""
        return ((T[0] - p) / (p * (1 - p)),)

    def hessian_of(self, T: tuple[Array, ...], p: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        return (-T[0] / p**2 - (1 - T[0]) / (1 - p) ** 2,)

    def by_logit(self, x: Array, logit: Array) -> tuple[Array, Array, Array]:
        """Log-probability with two derivatives by the logit of p."""
        return logit_trials(x, 1.0, logit)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """The share of successes."""
        return (means[0],)

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """Of the two shares."""
        return of_event(p[0], q[0])

    def expected(self, statistic: Statistic, p: float) -> float | None:
        """Expected value of x."""
        return float(p) if statistic == ("power", 1.0) else None

    def cdf(self, x: Array, p: Array) -> Array:
        """Probability of at most x."""
        return np.where(x < 0, 0.0, np.where(x < 1, 1 - np.asarray(p), 1.0))

    def sf(self, x: Array, p: Array) -> Array:
        """Probability of more than x."""
        return np.where(x < 0, 1.0, np.where(x < 1, p, 0.0))
