"""The negative binomial law by size and mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.counting import (
    DIGAMMA_FROM,
    FEW,
    TRIGAMMA_SERIES,
    by_count,
    digamma_difference,
    digamma_excess,
    log1p_minus,
    log_factorial,
    stirling_error,
    trigamma_difference,
)
from mle_toolkit.families.domain import COUNTS, NON_NEGATIVE, POSITIVE
from mle_toolkit.families.excess import total_log_excess
from mle_toolkit.families.expectations import Statistic
from mle_toolkit.families.gamma_tails import SMALLEST_MASS, log_betainc_fraction
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.rising_counts import rising_in_window
from mle_toolkit.families.special import trigamma

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_NO_FINITE_SIZE = 1e12
"""Multiple of the mean that stands for an infinite size; the Poisson limit is then the maximum, and is reported."""


_EPSILON = float(np.finfo(float).eps) / 4

MODERATE = (1e-3, 100.0)
"""Sizes at which textbook formulas keep their digits."""

_NEAR = 0.3
"""Relative distance from what is expected up to which differences of logs are summed as a series."""


class NegativeBinomial(Family):
    r"""Counts that vary more than Poisson ones: their rate is itself gamma distributed, with shape ``size``.

    .. math:: \log f(x) = \log\frac{\Gamma(x + s)}{\Gamma(s)\, x!} + s \log\frac{s}{s + \mu} + x \log\frac{\mu}{s + \mu}

    The variance is mu + mu²/size. Source: Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 5. Route
    to the maximum: mu is the mean, and the size one root on the table of counts (Fisher 1941, Annals of Eugenics 11,
    182-187), which exists if and only if the variance exceeds the mean (Levin & Reeds 1977, Annals of Statistics 5,
    79-87); otherwise the law tends to the Poisson.
    """

    smooth_counts = True
    name = "negbin"
    aliases = ("nbinom", "negative_binomial", "nb", "negbinomial")
    support = COUNTS
    parameters = (
        Parameter("size", POSITIVE, typical=(0.3, 30.0)),
        Parameter("mu", NON_NEGATIVE, typical=(0.1, 20.0)),
    )
    modelled = "mu"
    rates = ("mu",)

    def logpdf(self, x: Array, size: Array, mu: Array) -> Array:
        """Log-probability of x, by deviances from what is expected, in which a size of any magnitude keeps its digits.

        After Loader (see `counting`), with d = (x - mu) / (size + mu): x failures and size successes, of x + size in
        all, deviate by -size d and size d from what they should be.
        """
        size, mu = np.asarray(size, dtype=float), np.asarray(mu, dtype=float)
        with np.errstate(all="ignore"):  # the formula for positive counts at 0, which is replaced; probabilities of 0
            gap, share = (x - mu) / (size + mu), size / (size + mu)
            pull = (x - mu) * share  # size d, where d itself may overflow
            far = size * _log_of_ratio(size + x, size + mu) - pull
            successes = np.where(np.abs(gap) < _NEAR, size * log1p_minus(gap), far)
            expected = np.where(mu < size, mu * ((size + x) / (size + mu)), (size + x) * (mu / (size + mu)))
            far = -x * _log_of_ratio(x, expected) + pull
            failures = np.where(np.abs(pull) < _NEAR * x, x * log1p_minus(-pull / x), far)
            stirling = stirling_error(x + size) - stirling_error(size) - stirling_error(x)
            width = np.log(2 * np.pi * x) + _log1p_ratio(x, size)
            positive = stirling + successes + failures - 0.5 * width
            zero = np.where(mu > _EPSILON * size, -size * _log1p_ratio(mu, size), -mu)  # mu/size may underflow
            return np.where(x == 0, zero, np.where(mu > 0, positive, -np.inf))

    def score(self, x: Array, size: Array, mu: Array) -> tuple[Array, ...]:
        """Derivatives by size and mu."""
        size, mu = np.asarray(size, dtype=float), np.asarray(mu, dtype=float)
        gap = (x - mu) / (size + mu)
        # The textbook's log((size + x)/(size + mu)) - gap: the logs cancel on paper.
        far = _log_of_ratio(size + x, size + mu) - gap
        bend = np.where(np.abs(gap) < _NEAR, log1p_minus(gap), far)
        return digamma_excess(size, x) + bend, size / mu * gap

    def hessian(self, x: Array, size: Array, mu: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        size, mu = np.asarray(size, dtype=float), np.asarray(mu, dtype=float)
        with np.errstate(all="ignore"):
            both = size + mu
            gap, share = (x - mu) / both, size / both
            by_counts = np.where(x == 0, 0.0, x / mu * ((size + 2 * mu) / both) / mu)  # 0/0 where all counts are 0
            return (
                _trigamma_excess(size, x) + gap * (gap / (size + x)),
                gap / both,
                share * (1 / both - by_counts),
            )

    def expansion(self, x: Array, size: Array, mu: Array) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]] | None:
        """Log-probability with two derivatives, for one size and counts so small that no terms cancel."""
        if np.ndim(size) or not (np.max(x) <= FEW and MODERATE[0] <= size <= MODERATE[1] and np.min(mu) > 0):
            return None
        both = size + mu
        gap, ratio = (x - mu) / both, x / mu
        log_share = np.log(size / both)

        def constants(count: Array) -> Array:
            log_ways = special.gammaln(count + size) - special.gammaln(size) - log_factorial(count)
            return np.stack([log_ways, digamma_difference(size, count), trigamma_difference(size, count)])

        log_ways, first, second = by_count(constants, x)
        value = log_ways + size * log_share + x * np.log(mu / both)
        bend = gap / both
        by_mu = ratio - (x + size) / both
        score = first + log_share - gap, by_mu
        return value, score, (second + mu / (size * both) + bend, bend, (x + size) / both**2 - ratio / mu)

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

    def start_about(self, x: Array, mean: Array, weight: Array) -> tuple[tuple[float, float], Array]:
        """The size from the variance about known means; with too small a variance one that is nearly Poisson."""
        total, squares = np.sum(weight * mean), np.sum(weight * mean**2)
        excess = np.sum(weight * ((x - mean) ** 2 - mean))
        middle = float(total / np.sum(weight))
        size = float(squares / excess) if excess > 0.01 * total else 100.0 * middle
        return (size, middle), 1.0 + mean / size

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The Poisson law, as the size grows."""
        return (Limit(get_family("poisson"), lambda mu: (np.inf, mu)),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """As mu grows counts that only rise, or fall; and those of the Poisson law."""
        near = get_family("poisson").limits_in_window(lower, upper)
        of_poisson = (Limit(limit.family, lambda embed=limit.embed: (np.inf, *embed())) for limit in near)
        return *rising_in_window(lower, upper), *of_poisson

    @property
    def limits_without_zeros(self) -> tuple[Limit, ...]:
        """The logarithmic series law, as the size and with it mu go to 0 (Fisher, Corbet & Williams 1943)."""
        return (Limit(get_family("logseries"), lambda p: (0.0, 0.0)),)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Geometric where the size is 1."""
        return (SpecialCase(get_family("geometric"), lambda prob: (1.0, (1 - prob) / prob), at=("size",)),)

    def cdf(self, x: Array, size: Array, mu: Array) -> Array:
        """Probability of at most x."""
        return _tails(x, size, mu)[0]

    def sf(self, x: Array, size: Array, mu: Array) -> Array:
        """Probability of more than x."""
        return _tails(x, size, mu)[1]

    def logcdf(self, x: Array, size: Array, mu: Array) -> Array:
        """Log of the cdf."""
        return self._log_tail(x, size, mu, above=False)

    def logsf(self, x: Array, size: Array, mu: Array) -> Array:
        """Log of the survival function."""
        return self._log_tail(x, size, mu, above=True)

    def _log_tail(self, x: Array, size: Array, mu: Array, *, above: bool) -> Array:
        """Log of a tail, from the smaller of it and the other; from its greatest probability where it underflows.

        The upper tail is an incomplete beta function, and the power in front of its fraction is f(x + 1).
        """
        tails = _tails(x, size, mu)
        p, rest = tails[::-1] if above else tails
        with np.errstate(divide="ignore"):
            value = np.where(p > 0.5, np.log1p(-rest), np.log(p))
        tiny = (p < SMALLEST_MASS) & (mu > 0) & (x >= 0) & (x < np.inf)
        if np.any(tiny):
            n, s, m = (np.asarray(v, dtype=float)[tiny] for v in np.broadcast_arrays(np.floor(x), size, mu))
            if above:
                long = m * (n + 3 + s) > (n + 2) * (s + m)  # beyond where the fraction settles
                tail = np.empty_like(n)
                tail[long] = _log_long_tail(n[long], s[long], m[long])
                n, s, m = n[~long], s[~long], m[~long]
                tail[~long] = self.logpdf(n + 1, s, m) + log_betainc_fraction(n + 1, s, m / (s + m))
                value[tiny] = tail
            else:
                value[tiny] = self.logpdf(n, s, m) + np.log(_below_over_last(n, s, m))
        return value

    def mean(self, size: Array, mu: Array) -> Array:
        """Mean: mu."""
        return np.asarray(mu + 0.0 * np.asarray(size))

    def var(self, size: Array, mu: Array) -> Array:
        """Variance: mu + mu² / size."""
        return np.asarray(mu + np.square(mu) / size)

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float | None:
        """Of laws of one size: both terms by the excess of a ratio."""
        (size, m), (other, n) = p, q
        if size != other:
            return None
        if m == 0:
            return float(size * np.log1p(n / size))
        # m log(m/n) - (size + m) log((size + m)/(size + n))
        return float(m * total_log_excess((n - m) / m) - (size + m) * total_log_excess((n - m) / (size + m)))

    def expected(self, statistic: Statistic, size: float, mu: float) -> float | None:
        """Expected value of x."""
        return float(mu) if statistic == ("power", 1.0) else None

    def to_scipy(self, size: float, mu: float) -> Any:
        """``scipy.stats.nbinom(size, size / (size + mu))``."""
        from scipy import stats

        return stats.nbinom(size, size / (size + mu))

    @staticmethod
    def from_scipy(n: float, p: float, loc: float) -> dict[str, Any] | None:
        """Parameters of ``scipy.stats.nbinom(n, p, loc)``; None but for loc = 0."""
        return {"size": n, "mu": n * (1 - p) / p} if loc == 0 else None


def _trigamma_excess(s: Array, x: Array) -> Array:
    """Derivative of `digamma_excess` by s: ``trigamma(s + x) - trigamma(s) + x / (s (s + x))``, about -x/s³ far out."""
    r, t = 1.0 / s, 1.0 / (s + x)
    series = np.zeros(np.broadcast(s, x).shape)
    ratio, power = np.ones_like(series), np.ones_like(series)
    for coefficient in TRIGAMMA_SERIES[1:]:
        power = power * t
        ratio = ratio * r + power
        series = series + coefficient * ratio
    direct = trigamma(s + x) - trigamma(s) + x * r * t
    return np.where(s >= DIGAMMA_FROM, -x * r * t * series, direct)


def _log1p_ratio(x: Array, size: Array) -> Array:
    """log(1 + x/size), where x/size may overflow."""
    ratio = x / size
    return np.where(ratio < np.inf, np.log1p(ratio), np.log(x) - np.log(size))


def _log_of_ratio(a: Array, b: Array) -> Array:
    """log(a/b), where a/b may overflow."""
    ratio = a / b
    return np.where(ratio < np.inf, np.log(ratio), np.log(a) - np.log(b))


def _below_over_last(x: Array, size: Array, mu: Array) -> Array:
    """Sum of the probabilities of 0 to x over that of x, for x far below the mean, so that they fall fast."""
    total, term, count = np.ones_like(x), np.ones_like(x), x.copy()
    while np.any(term > _EPSILON * total):
        term = term * (count / mu) * ((size + mu) / (size + count - 1))
        total = total + term
        count = count - 1
    return total


def _log_long_tail(x: Array, size: Array, mu: Array) -> Array:
    """Log-probability of more than x, where that is tiny although few counts are lost beyond x: the size is tiny too.

    Then counts have the probabilities ``size (1 - e)^k / k`` with ``e = size / (size + mu)``, and those from x + 1 on
    add up to ``size`` times the integral of ``(1 - u)^x / u`` from e to 1, with x e below 1.
    """
    log_share = np.log(size) - np.log(size + mu)
    share = np.exp(log_share)
    total = -log_share - (special.digamma(x + 1) + np.euler_gamma)
    power, j = np.ones_like(x), 0
    while np.any(np.abs(power) > _EPSILON):
        j += 1
        power = -power * (share * (x - j + 1) / j)
        total = total - power / j
    return np.asarray(np.log(size) + np.log(total))


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
