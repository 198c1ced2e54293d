"""The negative binomial law by size and mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family, Limit, Parameter, get_family
from mle_toolkit.families.counting import digamma_excess, log1p_minus, log_binomial
from mle_toolkit.families.domain import COUNTS, NON_NEGATIVE, POSITIVE

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_NO_FINITE_SIZE = 1e12
"""Multiple of the mean that stands for an infinite size; the Poisson limit is then the maximum, and is reported."""


class NegativeBinomial(Family):
    r"""Counts that vary more than Poisson ones: their rate is itself gamma distributed, with shape ``size``.

    .. math:: \log f(x) = \log\frac{\Gamma(x + s)}{\Gamma(s)\, x!} + s \log\frac{s}{s + \mu} + x \log\frac{\mu}{s + \mu}

    The variance is mu + mu²/size. Source: Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 5. Route
    to the maximum: mu is the mean, and the size one root on the table of counts (Fisher 1941, Annals of Eugenics 11,
    182-187), which exists if and only if the variance exceeds the mean (Levin & Reeds 1977, Annals of Statistics 5,
    79-87); otherwise the law tends to the Poisson.
    """

    name = "negbin"
    aliases = ("nbinom", "negative_binomial", "nb")
    support = COUNTS
    parameters = (
        Parameter("size", POSITIVE, typical=(0.3, 30.0)),
        Parameter("mu", NON_NEGATIVE, typical=(0.1, 20.0)),
    )
    modelled = "mu"

    def logpdf(self, x: Array, size: Array, mu: Array) -> Array:
        """Log-probability of x: size / (x + size) times a binomial probability of size among x + size."""
        total = size + mu
        return log_binomial(size, x + size, size / total, mu / total) - np.log1p(x / size)

    def score(self, x: Array, size: Array, mu: Array) -> tuple[Array, ...]:
        """Derivatives by size and mu."""
        gap = (x - mu) / (size + mu)
        # The textbook's log((size + x)/(size + mu)) - gap is log(1 + gap) - gap: the logs cancel on paper.
        by_size = digamma_excess(size, x) + log1p_minus(gap)
        return by_size, size / mu * gap

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Mean, and the root of the profile score in log(size)."""
        from scipy import optimize

        mean = sample.mean()
        excess = sample.var() - mean
        if excess <= 0:
            return _NO_FINITE_SIZE * max(mean, 1.0), mean

        def slope(log_size: float) -> float:
            size = np.exp(np.asarray(log_size))
            # Times size², so that it neither vanishes nor overflows on the way out.
            by_size = sample.mean(lambda x: self.score(x, size, np.asarray(mean))[0])
            return by_size * float(size * max(size, mean))

        low = high = float(np.log(mean * mean / excess))  # from the moments
        while slope(low) < 0:
            low -= 1.0
        while slope(high) > 0:
            high += 1.0
            if high > np.log(_NO_FINITE_SIZE * max(mean, 1.0)):
                break
        else:
            root = low if low == high else optimize.brentq(slope, low, high, xtol=1e-15, rtol=1e-15, maxiter=200)
            return float(np.exp(root)), mean
        return _NO_FINITE_SIZE * max(mean, 1.0), mean

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """Mean and the size from the moments; with too small a variance a size that is nearly Poisson."""
        mean = sample.mean() or 1.0
        excess = sample.var() - mean
        return [(mean * mean / excess if excess > 0.01 * mean else 100.0 * mean, mean)]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The Poisson law, as the size grows."""
        return (Limit(get_family("poisson"), lambda mu: (np.inf, mu)),)

    def cdf(self, x: Array, size: Array, mu: Array) -> Array:
        """Probability of at most x."""
        return _tails(x, size, mu)[0]

    def sf(self, x: Array, size: Array, mu: Array) -> Array:
        """Probability of more than x."""
        return _tails(x, size, mu)[1]

    def logcdf(self, x: Array, size: Array, mu: Array) -> Array:
        """Log of the cdf."""
        below, above = _tails(x, size, mu)
        return _log_of(below, above)

    def logsf(self, x: Array, size: Array, mu: Array) -> Array:
        """Log of the survival function."""
        below, above = _tails(x, size, mu)
        return _log_of(above, below)

    def to_scipy(self, size: float, mu: float) -> Any:
        """``scipy.stats.nbinom(size, size / (size + mu))``."""
        from scipy import stats

        return stats.nbinom(size, size / (size + mu))


def _tails(x: Array, size: Array, mu: Array) -> tuple[Array, Array]:
    """Probabilities of at most x and of more: incomplete beta functions of the smaller of two shares."""
    count = np.floor(x)
    known = (count >= 0) & (count < np.inf)
    n = np.where(known, count, 0.0) + 1.0
    share, rest = mu / (size + mu), size / (size + mu)
    near = share < 0.5
    below = np.where(near, special.betaincc(n, size, share), special.betainc(size, n, rest))
    above = np.where(near, special.betainc(n, size, share), special.betaincc(size, n, rest))
    beyond = np.heaviside(count, np.nan)  # 0 before all counts, 1 after them
    return np.where(known, below, beyond), np.where(known, above, 1.0 - beyond)


def _log_of(p: Array, rest: Array) -> Array:
    """Log of a probability, from the smaller of it and its complement."""
    with np.errstate(divide="ignore"):
        return np.where(p > 0.5, np.log1p(-rest), np.log(p))
