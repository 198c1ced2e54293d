"""The negative binomial law of the first kind, whose variance is a multiple of its mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.counting import (
    DIGAMMA_SERIES,
    check_not_all_zero,
    cube_ratio,
    digamma_difference,
    digamma_excess,
    square_ratio,
    trigamma_difference,
)
from mle_toolkit.families.domain import COUNTS, POSITIVE
from mle_toolkit.families.negbin import NegativeBinomial
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image, Limit
from mle_toolkit.families.special import trigamma

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_BY_SIZE = NegativeBinomial()
_TINY, _HUGE = 1e-300, 1e300

_NARROW = 25.0
"""Size of the law from which Stirling's series has all digits."""

_MANY = 100.0
"""Mean from which what is expected is taken out of second derivatives, of which it is no small multiple."""

_LITTLE = 1e-25
"""Share of alpha beside which the law is Poisson's to the last digit, over the count and a mean below 1."""


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
        by_alpha = -by_size * (size / alpha)
        little = (mu < 1) & (alpha < 1)
        if np.any(little):
            by_alpha = np.where(little, _by_alpha_of_little(np.asarray(x), np.asarray(alpha), np.asarray(mu)), by_alpha)
        return by_alpha, by_size / alpha + by_mean

    def hessian(self, x: Array, alpha: Array, mu: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        return _seconds(*(np.asarray(v, dtype=float) for v in (x, alpha, mu)))

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


def _by_alpha_of_little(x: Array, alpha: Array, mu: Array) -> Array:
    """Derivative by alpha of a law of small mean next to the Poisson law: of its size it has parts that cancel."""
    with np.errstate(all="ignore"):
        alpha = np.maximum(alpha, _LITTLE * np.minimum(mu, 1.0) / np.maximum(x, 1.0))
        share, log, ratio = alpha / (1 + alpha), np.log1p(alpha), alpha * (x / mu)
        # The sum of j / (mu + alpha j), j from 0 to x - 1; of one count it is 0.
        summed = -x * (x / mu) * square_ratio(ratio, np.log1p(ratio))
        summed = summed - mu * (digamma_excess(mu / alpha, x) / alpha / alpha)
        of_zeros = -mu * square_ratio(-share, -log) / np.square(1 + alpha)
        return np.where(x > 1, summed, 0.0) + of_zeros - x / (1 + alpha)


def _seconds(x: Array, alpha: Array, mu: Array) -> tuple[Array, Array, Array]:
    """Second derivatives by alpha twice, by both and by mu twice.

    Of log Π (mu + alpha j) (1 + alpha)^-(s + x), j from 0 to x - 1, with s = mu/alpha. Near the Poisson law that is
    Stirling's formula, and where the mean is large too what is expected is taken out, as the parts cancel.
    """
    with np.errstate(all="ignore"):
        # A law as good as Poisson's, whose s is so large that powers of it are beyond the doubles.
        alpha = np.maximum(alpha, _LITTLE * np.minimum(mu, 1.0) / np.maximum(x, 1.0))
        share, log = alpha / (1 + alpha), np.log1p(alpha)
        # (log(1 + alpha) - share) / alpha², and minus twice (log(1 + alpha) - share - share²/2) / alpha³, times mu.
        near = alpha < 1
        by_both = np.where(near, -square_ratio(-share, -log) / np.square(1 + alpha), (log - share) / alpha / alpha)
        of_zeros = np.where(
            near,
            cube_ratio(-share, -log) / (1 + alpha) ** 3,
            (log - share - 0.5 * share * share) / alpha / alpha / alpha,
        )
        of_zeros = -2 * mu * of_zeros
        narrow = np.broadcast_to(mu / alpha >= _NARROW, np.broadcast_shapes(x.shape, alpha.shape, mu.shape))
        ways = [] if narrow.all() else [_far_from_poisson(x, alpha, mu, by_both, of_zeros)]
        if narrow.any():
            ways.append(_near_poisson(x, alpha, mu, by_both, of_zeros))
        at = ways[0] if len(ways) == 1 else np.where(narrow, ways[1], ways[0])
        some = x > 0
        return np.where(some, at[0], of_zeros), np.where(some, at[1], by_both), np.where(some, at[2], 0.0)


def _far_from_poisson(x: Array, alpha: Array, mu: Array, own: Array, of_zeros: Array) -> Array:
    """The three by sums over j = 1, ..., x - 1, the first factor apart, for x > 0."""
    size, rest = mu / alpha, np.maximum(x - 1, 0.0)
    first, second = digamma_difference(size + 1, rest), trigamma(size + 1 + rest) - trigamma(size + 1)
    of_alpha = size * (2 * first + size * second) / alpha / alpha
    counts = (1 - rest / alpha * (1 / alpha + 2)) / np.square(1 + alpha)
    return np.stack(
        [
            of_zeros + counts + of_alpha,
            own - (first + size * second) / alpha / alpha,
            second / alpha / alpha - 1 / mu / mu,
        ]
    )


def _near_poisson(x: Array, alpha: Array, mu: Array, own: Array, of_zeros: Array) -> Array:
    """The three by Stirling's formula for Γ(x + s) / Γ(s), with M = mu + alpha x."""
    size, last = mu / alpha, mu + alpha * x
    log_last, log_all = np.log(last / mu), np.log(last / mu / (1 + alpha))
    by_alpha, by_both, by_mean = _of_stirling(x, size, mu, last)
    share, lean = x / last, -alpha * x / last
    # Sums of j / (mu + alpha j)² and of its square times j².
    once = np.where(x > 1, by_both - share * share * square_ratio(lean, -log_last), 0.0)
    twice = np.where(x > 1, share * share * (x - 2 * mu * share * cube_ratio(lean, -log_last)) - by_alpha, 0.0)
    summed = of_zeros + x / np.square(1 + alpha) - twice, own - once
    # The same with (x - mu) / (s + mu) = alpha h taken out.
    away = (x - mu) / (mu * (1 + alpha))
    square = np.square(away)
    parted = (
        by_alpha + 2 * mu * away * square * cube_ratio(alpha * away, log_all) - square * (mu * share),
        -(by_both + square * (mu / last + square_ratio(alpha * away, log_all)) + away / (1 + alpha)),
    )
    many = mu >= _MANY
    return np.stack([*(np.where(many, p, s) for p, s in zip(parted, summed, strict=True)), by_mean])


def _of_stirling(x: Array, size: Array, mu: Array, last: Array) -> tuple[Array, Array, Array]:
    """What log Γ(x + s) - log Γ(s) has beside Stirling's main terms: by alpha twice, by both, and all by mu twice.

    With r = 1/s and t = 1/(s + x), of whose powers differences have the factor r - t taken out.
    """
    r, t = 1 / size, 1 / (size + x)
    inner, sums = 1 / mu + 1 / last, np.ones_like(r * t)
    by_alpha, by_both = np.zeros_like(sums), np.zeros_like(sums)
    power = np.ones_like(sums)  # t^(2j - 2)
    for j, coefficient in enumerate(DIGAMMA_SERIES, start=1):
        by_alpha = by_alpha + coefficient * ((2 - 2 * j) * inner * sums - 2 * j * (mu / last) / last * power)
        by_both = by_both + coefficient * ((1 - 2 * j) * r * inner * sums - 2 * j * t * power / last)
        power = power * (t * t)
        sums = sums * (r * r) + power
    share = x / last
    by_mean = trigamma_difference(size, x) * np.square(size) / mu / mu
    return share * (0.5 * share + by_alpha), share * (by_both - 0.5 / last), by_mean
