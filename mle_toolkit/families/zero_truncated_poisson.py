"""The zero-truncated Poisson law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.counting import log_poisson
from mle_toolkit.families.domain import NON_NEGATIVE, POSITIVE_COUNTS
from mle_toolkit.families.mass import log_mass
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.special import log1mexp

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_NEWTON_STEPS = 100
_SERIES_BELOW = 0.1


class ZeroTruncatedPoisson(Family):
    r"""Poisson counts of which the zeros were not seen: sizes of groups, visits of those who came.

    .. math:: \log f(x) = x \log\mu - \mu - \log x! - \log(1 - e^{-\mu}), \quad x = 1, 2, \dots

    Source: Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 4.10. Route to the maximum: mu is the
    root of mean = mu / (1 - exp(-mu)) (David & Johnson 1952, Biometrics 8, 275-285). With ones only it is ``mu`` = 0.
    """

    name = "zero_truncated_poisson"
    by_number = ("cdf", "sf")
    aliases = ("ztpois",)
    support = POSITIVE_COUNTS
    parameters = (Parameter("mu", NON_NEGATIVE, typical=(0.2, 20.0)),)
    rates = ("mu",)

    def logpdf(self, x: Array, mu: Array) -> Array:
        """Log-probability of x; at mu = 0 all mass is on 1."""
        with np.errstate(divide="ignore", invalid="ignore"):  # at mu = 0, which is replaced
            value = log_poisson(x, mu) - np.log(-np.expm1(-np.asarray(mu)))
        return np.where(np.asarray(mu) == 0, np.where(x == 1, 0.0, -np.inf), value)

    def score(self, x: Array, mu: Array) -> tuple[Array, ...]:
        """Derivative by mu; at mu = 0, for the ones that are then certain, its limit -1/2."""
        with np.errstate(divide="ignore", invalid="ignore"):  # at mu = 0
            beyond_one = np.where(x == 1, 0.0, (x - 1) / mu)
        return (beyond_one - _shortfall(np.asarray(mu, dtype=float)),)

    def from_sample(self, sample: Sample) -> tuple[float]:
        """Root in mu, from the mean."""
        return (truncated_mean_to_mu(sample.mean(lambda x: x - 1)),)

    def cdf(self, x: Array, mu: Array) -> Array:
        """Probability of at most x."""
        k = np.maximum(np.floor(x), 0.0)
        above = self.sf(x, mu)
        if mu == 0:
            return np.asarray(1 - above)
        below = (special.pdtr(k, mu) - np.exp(-mu)) / -np.expm1(-mu)
        return np.asarray(np.where(above < 0.5, 1 - above, np.where(k < 1, 0.0, below)))

    def sf(self, x: Array, mu: Array) -> Array:
        """Probability of more than x."""
        k = np.floor(x)
        if mu == 0:
            return np.where(k < 1, 1.0, 0.0)
        return np.asarray(np.where(k < 1, 1.0, special.pdtrc(np.maximum(k, 0.0), mu) / -np.expm1(-mu)))

    def log_mass(self, lower: Array, upper: Array, mu: Array) -> Array:
        """Log-probability of intervals: that of their positive counts under the Poisson law, given one of these."""
        low = np.maximum(lower, 0.0)
        mass = log_mass(get_family("poisson"), (mu,), low, np.maximum(upper, low))
        with np.errstate(divide="ignore", invalid="ignore"):  # at mu = 0, where all mass is on 1
            given = np.minimum(mass - log1mexp(-np.asarray(mu)), 0.0)  # rounding may pass 1
        given = np.where((low < 1) & (upper == np.inf), 0.0, given)  # all counts, which rounding may miss
        return np.where(np.asarray(mu) == 0, np.where((low < 1) & (upper >= 1), 0.0, -np.inf), given)

    def mean(self, mu: Array) -> Array:
        """Expected value: mu / (1 - exp(-mu))."""
        return np.asarray(1 / special.exprel(-np.asarray(mu)))

    def var(self, mu: Array) -> Array:
        """Variance."""
        mean = self.mean(mu)
        return np.asarray(mean * (1 + mu - mean))


def _shortfall(mu: Array) -> Array:
    """``1 + 1/expm1(mu) - 1/mu``, which near 0 is summed as its series of Bernoulli numbers, where it cancels."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        direct = 1 + 1 / np.expm1(mu) - 1 / mu
    square = np.minimum(np.square(mu), 1.0)  # beyond, the series is not used
    series = 0.5 + mu / 12 * (1 - square / 60 * (1 - square / 42 * (1 - square / 40)))
    return np.where(mu < _SERIES_BELOW, series, direct)


def truncated_mean_to_mu(beyond_one: float) -> float:
    """Solve ``mu / (1 - exp(-mu)) = 1 + beyond_one`` for mu >= 0, by Newton's method."""
    if beyond_one <= 0:
        return 0.0
    mu = min(2 * beyond_one, 1 + beyond_one)  # above the root of an increasing convex function: Newton falls to it
    for _ in range(_NEWTON_STEPS):
        if mu > _SERIES_BELOW:
            share = -math.expm1(-mu)
            value = mu / share - 1
            slope = (share - mu * math.exp(-mu)) / share**2
        else:
            value = mu / 2 + mu**2 / 12 - mu**4 / 720 + mu**6 / 30240
            slope = 1 / 2 + mu / 6 - mu**3 / 180 + mu**5 / 5040
        change = (value - beyond_one) / slope
        mu -= change
        if abs(change) <= 1e-15 * mu:
            break
    return mu
