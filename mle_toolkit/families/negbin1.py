"""The negative binomial law of the first kind, whose variance is a multiple of its mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.counting import check_not_all_zero
from mle_toolkit.families.domain import COUNTS, POSITIVE
from mle_toolkit.families.negbin import NegativeBinomial
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image, Limit

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_BY_SIZE = NegativeBinomial()
_TINY, _HUGE = 1e-300, 1e300


class NegativeBinomial1(Family):
    r"""Counts whose variance is ``1 + alpha`` times their mean ``mu``, however large that is.

    .. math:: \log f(x) = \log\frac{\Gamma(x + s)}{\Gamma(s)\, x!} - s \log(1 + \alpha)
        + x \log\frac{\alpha}{1 + \alpha}, \quad s = \mu / \alpha

    Counts of independent spells of one process add up to such a law, with the same ``alpha``: where rows were watched
    for different times, or have covariates, it is another model than ``negbin``, whose variance grows with the square
    of the mean. Without these the two are one law. Source: Cameron & Trivedi (2013), Regression Analysis of Count Data,
    ch. 3.3. It tends to the Poisson law as alpha goes to 0, which is the maximum where counts vary less.
    """

    smooth_counts = True
    name = "negbin1"
    aliases = ("nb1", "negative_binomial_1")
    only_if_asked = "without exposure or covariates it is negbin"
    support = COUNTS
    parameters = (
        Parameter("alpha", POSITIVE, typical=(0.1, 10.0)),
        Parameter("mu", POSITIVE, typical=(0.2, 20.0)),
    )
    modelled = "mu"
    rates = ("mu",)

    def logpdf(self, x: Array, alpha: Array, mu: Array) -> Array:
        """Log-probability of x."""
        size, mean, smaller = _by_size(alpha, mu)
        value = _BY_SIZE.logpdf(x, size, mean)
        return np.asarray(np.where(x == 0, value * np.exp(smaller), value + smaller))

    def score(self, x: Array, alpha: Array, mu: Array) -> tuple[Array, ...]:
        """Derivatives by alpha and mu."""
        size = _size(alpha, mu)
        by_size, by_mean = _BY_SIZE.score(x, size, mu)
        return -by_size * (size / alpha), by_size / alpha + by_mean

    def check(self, sample: Sample) -> None:
        """Raise if all counts are 0."""
        check_not_all_zero(self.name, sample, "alpha")

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """The maximum of the law by its size, which without covariates is the same law."""
        size, mu = _BY_SIZE.from_sample(sample)
        return mu / size, mu

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """Mean, and alpha from the variance."""
        mean = sample.mean() or 1.0
        return [(max(sample.var() / mean - 1, 0.01), mean)]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The Poisson law, as alpha goes to 0."""
        return (Limit(get_family("poisson"), lambda mu: (0.0, mu)),)

    @property
    def images(self) -> tuple[Image, ...]:
        """The same law by its size."""
        return (Image(get_family("negbin"), lambda alpha, mu: (mu / alpha, mu)),)

    def cdf(self, x: Array, alpha: Array, mu: Array) -> Array:
        """Probability of at most x."""
        size, mean, _ = _by_size(alpha, mu)
        return _BY_SIZE.cdf(x, size, mean)

    def sf(self, x: Array, alpha: Array, mu: Array) -> Array:
        """Probability of more than x."""
        size, mean, smaller = _by_size(alpha, mu)
        return np.asarray(np.where(np.less(x, 0), 1.0, _BY_SIZE.sf(x, size, mean) * np.exp(smaller)))

    def logcdf(self, x: Array, alpha: Array, mu: Array) -> Array:
        """Log of the cdf."""
        size, mean, smaller = _by_size(alpha, mu)
        value = _BY_SIZE.logcdf(x, size, mean)
        return np.asarray(np.where(np.less(x, 0), value, value * np.exp(smaller)))

    def logsf(self, x: Array, alpha: Array, mu: Array) -> Array:
        """Log of the survival function."""
        size, mean, smaller = _by_size(alpha, mu)
        return np.asarray(np.where(np.less(x, 0), 0.0, _BY_SIZE.logsf(x, size, mean) + smaller))

    def mean(self, alpha: Array, mu: Array) -> Array:
        """Expected value."""
        return np.asarray(mu + 0.0 * np.asarray(alpha))

    def var(self, alpha: Array, mu: Array) -> Array:
        """Variance."""
        return np.asarray(mu * (1 + np.asarray(alpha)))

    def to_scipy(self, alpha: float, mu: float) -> Any:
        """``scipy.stats.nbinom(mu / alpha, 1 / (1 + alpha))``."""
        from scipy import stats

        return stats.nbinom(mu / alpha, 1 / (1 + alpha))


def _size(alpha: Array, mu: Array) -> Array:
    return np.asarray(np.asarray(mu, dtype=float) / np.asarray(alpha, dtype=float))


def _by_size(alpha: Array, mu: Array) -> tuple[Array, Array, Array]:
    """Size and mean of the law, and the log of what its probabilities of positive counts are to be multiplied by.

    The size may be too large for a double, where the law is Poisson's long before; or too small, where probabilities of
    positive counts are in proportion to it.
    """
    alpha, mu = np.asarray(alpha, dtype=float), np.asarray(mu, dtype=float)
    with np.errstate(all="ignore"):
        size = _size(alpha, mu)
        tiny = size < _TINY
        smaller = np.where(tiny, np.log(mu) - np.log(alpha) - np.log(_TINY), 0.0)
        return np.where(tiny, _TINY, np.minimum(size, _HUGE)), np.where(tiny, _TINY * alpha, mu), smaller
