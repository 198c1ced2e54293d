"""A discrete power law with an exponential cutoff."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError, ParameterError
from mle_toolkit.families.domain import POSITIVE, POSITIVE_COUNTS, REAL, Interval
from mle_toolkit.families.expectations import LOG_X, ONE, Statistic, Terms
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.power_law_cutoff import mass_span, natural_maximum, panel_rule
from mle_toolkit.families.quadrature import count_quantile
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.special import log1mexp

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_ONE_BY_ONE = 512
"""Counts up to which a sum is made term by term."""

_HEAD = 64
"""Of longer sums, counts that are summed one by one before the integral takes the rest."""

_PANELS = 16
"""Panels of the rule for the integral."""

_ORDER = 16
"""Differences in the corrections of that integral, by Gregory's formula."""

_ROWS = 500
"""Rows of a block of sums, so that the terms of all stay in cache."""

_TABLE = 1 << 16
"""Counts of the table in which random numbers are looked up."""

_LARGEST = 1e150
"""Counts beyond which there is nothing: their square is near the end of doubles."""

_HALF = -math.log(2)


class ZetaCutoff(ExponentialFamily):
    r"""Counts from ``xmin`` on that follow a power, of exponent ``alpha``, up to about ``scale``, and then fall faster.

    .. math:: \log f(x) = -\alpha\log x - x/s - \log\sum_{k \ge x_{\min}} k^{-\alpha} e^{-k/s},
        \quad x = x_{\min}, x_{\min} + 1, \dots

    The sum is e^(-xmin/s) times Lerch's transcendent, for xmin = 1 the polylogarithm of e^(-1/s). Sources: Clauset,
    Shalizi & Newman (2009), SIAM Review 51, 661-703, table 2.1; Good (1953), Biometrika 40, 237-264. ``xmin`` is known:
    1 if not given. ``alpha`` may be any number: 0 gives the geometric law, 1 the logarithmic series, and negative ones
    a hump. As scale → ∞, for alpha > 1, the law tends to the zeta law. A sum over up to 512 counts that are worth it is
    made term by term, a longer one by its integral, with the corrections of Gregory's formula at its ends: the relative
    error is below 1e-13. The log-likelihood is concave in alpha and 1/scale, so that there is one maximum.
    """

    name = "zeta_cutoff"
    only_if_asked = "begins at a known xmin, 1 if none is given, so only if asked for"
    aliases = ("zeta_with_cutoff", "discrete_power_law_cutoff", "truncated_zeta", "polylogarithmic", "good")
    one_maximum = True
    by_number = ("rvs",)
    constant_defaults = {"xmin": 1}  # noqa: RUF012
    parameters = (
        Parameter("alpha", REAL, typical=(0.5, 3.0)),
        Parameter("scale", POSITIVE, typical=(2.0, 50.0)),
    )
    cdf, sf = cdf_of_log, sf_of_log
    support = POSITIVE_COUNTS

    xmin: Any

    def __init__(self, **constants: Any) -> None:
        super().__init__(**constants)
        xmin = np.asarray(self.xmin)
        if xmin.ndim or xmin.dtype.kind not in "iuf" or not 1 <= xmin < np.inf or xmin != np.floor(xmin):
            raise ParameterError(f"{self.name}: xmin must be a whole number >= 1; got {self.xmin!r:.60}.")
        self.support = Interval(float(xmin), np.inf, closed="lower", integer=True)

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """log(x / xmin) and x - xmin."""
        return np.log(x / self.xmin), x - self.xmin

    def log_density(self, T: tuple[Array, ...], alpha: Array, scale: Array) -> Array:
        """Log-probability, linear in T."""
        return np.asarray(-alpha * T[0] - T[1] / scale - self._moments(alpha, scale)[0])

    def score_of(self, T: tuple[Array, ...], alpha: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by alpha and scale."""
        _, mean_log, mean, *_ = self._moments(alpha, scale)
        return mean_log - T[0], (T[1] - mean) / np.square(scale)

    def hessian_of(self, T: tuple[Array, ...], alpha: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, linear in T."""
        _, _, mean, log_log, log_mean, mean_mean = self._moments(alpha, scale)
        slope = 1 / np.square(scale)  # minus the derivative of 1 / scale
        rest = T[1] - mean
        return -log_log + 0 * rest, log_mean * slope + 0 * rest, -mean_mean * slope**2 - 2 * rest * slope / scale

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Newton's method in alpha and 1/scale."""
        first = float(self.xmin)

        def moments(alpha: float, rate: float) -> tuple[Array, ...]:
            norm, mean_log, mean, log_log, log_mean, mean_mean = _moments(alpha, rate / first, first)
            return norm, mean_log, mean / first, log_log, log_mean / first, mean_mean / first**2

        alpha, rate = natural_maximum(moments, means[0], means[1] / first, 1.0)
        return alpha, first / rate

    def start(self, sample: Sample) -> tuple[float, float]:
        """That of exact data."""
        if sample.maximum - sample.minimum <= 1:
            return 0.0, sample.mean()
        return self.from_means((sample.mean(lambda x: np.log(x / self.xmin)), sample.mean() - self.xmin))

    def check(self, sample: Sample) -> None:
        """Raise where all counts are one, or two that follow each other."""
        low, high = sample.minimum, sample.maximum
        if high - low <= 1:
            what = f"{low:g}" if low == high else f"{low:g} or {high:g}"
            raise DegenerateDataError(
                f"{self.name}: all {sample.nobs:g} counts are {what}, on which the law concentrates as its parameters "
                f"run off, so that the likelihood has no maximum."
            )

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The zeta law, as scale → ∞."""
        return (Limit(get_family("zeta", xmin=self.xmin), lambda alpha: (alpha, np.inf)),)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """From 1 on, the logarithmic series where alpha is 1, and the geometric law where it is 0."""
        if self.xmin != 1:
            return ()

        def geometric(prob: float) -> tuple[float, float]:
            return 0.0, -1 / math.log1p(-prob) if prob < 1 else 0.0

        def logseries(p: float) -> tuple[float, float]:
            return 1.0, -1 / math.log(p) if p > 0 else 0.0

        return (
            SpecialCase(get_family("zero_truncated(geometric)"), geometric, at=("alpha",)),
            SpecialCase(get_family("logseries"), logseries, at=("alpha",)),
        )

    def logcdf(self, x: Array, alpha: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return self.log_mass(np.full_like(x, -np.inf, dtype=float), x, alpha, scale)

    def logsf(self, x: Array, alpha: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return self.log_mass(x, np.full_like(x, np.inf, dtype=float), alpha, scale)

    def log_mass(self, lower: Array, upper: Array, alpha: Array, scale: Array) -> Array:
        """Log-probability of ``(lower, upper]``: of its own sum, or of what is outside where that is less."""
        first = float(self.xmin)
        inside, low, high = self._counts(lower, upper)
        norm = self._moments(alpha, scale)[0]

        def share(low: Array, high: Array) -> Array:
            """Log of a sum from low on over that of all; the former has its terms in units of its first."""
            shift = alpha * np.log(low / first) + (low - first) / scale
            return np.asarray(np.minimum(_moments(alpha, 1 / np.asarray(scale), low, high)[0] - shift - norm, 0.0))

        mass = share(low, high)
        most = (mass > _HALF) & ((low > first) | (high < np.inf))
        if most.any():
            before, after = np.maximum(low - 1, first), np.minimum(high + 1, _LARGEST)
            outside = np.logaddexp(
                np.where(low > first, share(np.full_like(low, first), before), -np.inf),
                np.where(high < np.inf, share(after, np.full_like(high, np.inf)), -np.inf),
            )
            with np.errstate(divide="ignore"):  # nothing that a double holds
                mass = np.where(most, log1mexp(np.where(most, outside, _HALF)), mass)
        return np.where(inside, mass, np.where(np.isnan(lower) | np.isnan(upper), np.nan, -np.inf))

    def log_mass_scores(self, lower: Array, upper: Array, alpha: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives of `log_mass`: means of the law less those inside."""
        first = float(self.xmin)
        inside, low, high = self._counts(lower, upper)
        _, mean_log, mean, *_ = self._moments(alpha, scale)
        _, log_here, here, *_ = _moments(alpha, 1 / np.asarray(scale), low, high)
        all_of_it = (low == first) & (high == np.inf)
        slopes = mean_log - log_here - np.log(low / first), (here + low - first - mean) / np.square(scale)
        return tuple(np.where(inside & ~all_of_it, slope, 0.0) for slope in slopes)

    def _counts(self, lower: Array, upper: Array) -> tuple[Array, Array, Array]:
        """Whether there are counts in ``(lower, upper]``, the first and the last; those of the support where not."""
        first = float(self.xmin)
        low, high = np.maximum(np.floor(lower) + 1, first), np.floor(upper)
        inside = (low <= high) & (low <= _LARGEST)
        return inside, np.where(inside, low, first), np.where(inside, high, np.inf)

    def ppf(self, p: Array, alpha: Array, scale: Array) -> Array:
        """Quantile: the smallest x whose cdf is at least p."""
        return count_quantile(lambda x: self.cdf(x, alpha, scale), p, float(self.xmin), np.inf, above=False)

    def isf(self, p: Array, alpha: Array, scale: Array) -> Array:
        """Upper quantile: the smallest x that is exceeded with probability p at most."""
        return count_quantile(lambda x: self.sf(x, alpha, scale), p, float(self.xmin), np.inf, above=True)

    def rvs(self, alpha: float, scale: float, size: Any, rng: Any) -> Array:
        """Draw random numbers: looked up in a table around the bulk, and beyond it by quantiles."""
        first = float(self.xmin)
        begin, stop, _ = (
            first * float(np.exp(end)) for end in _span(np.asarray(float(alpha)), np.asarray(first / scale), np.inf)
        )
        begin = max(math.floor(begin), first)
        k = np.arange(begin, min(math.ceil(stop), begin + _TABLE) + 1)
        share = np.cumsum(np.exp(self.logpdf(k, np.asarray(alpha), np.asarray(scale))))
        u = np.asarray(rng.uniform(size=size))
        drawn = np.take(k, np.minimum(np.searchsorted(share, u.ravel()), len(k) - 1))
        beyond = u.ravel() > share[-1]
        if np.any(beyond):
            drawn[beyond] = self.isf(1 - u.ravel()[beyond], np.asarray(alpha), np.asarray(scale))
        return drawn.reshape(u.shape)

    def mean(self, alpha: Array, scale: Array) -> Array:
        """Expected value."""
        return np.asarray(self.xmin + self._moments(alpha, scale)[2])

    def var(self, alpha: Array, scale: Array) -> Array:
        """Variance."""
        return np.asarray(self._moments(alpha, scale)[5])

    def entropy(self, alpha: Array, scale: Array) -> Array:
        """Entropy, nats."""
        norm, mean_log, mean, *_ = self._moments(alpha, scale)
        return np.asarray(alpha * mean_log + mean / scale + norm)

    def terms(self, alpha: float, scale: float) -> Terms:
        """The log-probability by log x and x."""
        first = float(self.xmin)
        level = float(alpha * math.log(first) + first / scale - self._moments(alpha, scale)[0])
        return {ONE: level, LOG_X: -alpha, ("power", 1.0): -1 / scale}

    def expected(self, statistic: Statistic, alpha: float, scale: float) -> float | None:
        """Expected values of log x and of x."""
        _, mean_log, mean, *_ = self._moments(alpha, scale)
        if statistic == LOG_X:
            return math.log(self.xmin) + float(mean_log)
        return float(self.xmin + mean) if statistic == ("power", 1.0) else None

    def _moments(self, alpha: Any, scale: Any) -> tuple[Array, ...]:
        """Those of log(x / xmin) and x - xmin, after the log of the sum of all terms over that at xmin."""
        return _moments(alpha, 1 / np.asarray(scale), float(self.xmin))


def _moments(alpha: Any, rate: Any, low: Any, high: Any = np.inf) -> tuple[Array, ...]:
    """Log of the sum of (k/low)^-alpha exp(-rate (k - low)) over the counts from low to high, and moments under it.

    They are the means of log(k / low) and k - low, the variance of the former, the covariance, the variance of the
    latter.
    """
    alpha, rate, low, high = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (alpha, rate, low, high)))
    flat = [np.ravel(v)[:, None] for v in (alpha, rate, low, high)]
    found = np.full((6, alpha.size), np.nan)
    known = np.flatnonzero(np.all(np.isfinite(np.hstack(flat[:3])), axis=1))
    for part in np.array_split(known, -(-len(known) // _ROWS)) if len(known) else ():
        found[:, part] = _sums(*(v[part] for v in flat))
    return tuple(part.reshape(alpha.shape) for part in found)


def _span(alpha: Array, w: Array, high: Any) -> tuple[Array, Array, Array]:
    """Between which log(k / low) all mass lies that counts, and where the terms are largest."""
    return mass_span(alpha + 1, w, np.zeros_like(w), np.full_like(w, high))


def _sums(alpha: Array, rate: Array, low: Array, high: Array) -> Array:
    w = rate * low
    begin, stop, peak = _span(alpha, w, np.log(high / low))
    first = np.maximum(np.floor(low * np.exp(begin)), low)
    last = np.minimum(np.ceil(low * np.exp(stop)), high)
    # Of x = k - low: what counts for the digits of sums of a few terms far from 0.
    top = -alpha * peak - w * np.expm1(peak)
    found = np.empty((6, len(low)))
    long = (last - first)[:, 0] > _ONE_BY_ONE
    for rows, nodes in ((np.flatnonzero(~long), _terms), (np.flatnonzero(long), _with_integral)):
        if len(rows):
            a, r, m, t = alpha[rows], rate[rows], low[rows], top[rows]
            x, weights = nodes(a, r, m, first[rows], last[rows])
            y = np.log1p(x / m)
            mass = weights * np.exp(-a * y - r * x - t)
            total = np.sum(mass, axis=1, keepdims=True)
            mass /= total
            mean_log, mean = np.sum(mass * y, axis=1, keepdims=True), np.sum(mass * x, axis=1, keepdims=True)
            off_log, off = y - mean_log, x - mean
            found[:, rows] = [
                (t + np.log(total))[:, 0], mean_log[:, 0], mean[:, 0],
                *(np.sum(mass * product, axis=1) for product in (off_log * off_log, off_log * off, off * off)),
            ]  # fmt: skip
    return found


def _terms(alpha: Array, rate: Array, low: Array, first: Array, last: Array) -> tuple[Array, Array]:
    """All counts from first to last, less low, each with a weight of 1."""
    k = first + np.arange(float(np.max(last - first)) + 1)
    return k - low, np.where(k <= last, 1.0, 0.0)


def _with_integral(alpha: Array, rate: Array, low: Array, first: Array, last: Array) -> tuple[Array, Array]:
    """The first counts, nodes of the integral over the others, and counts at both of its ends; less low."""
    corrections = _gregory()
    near, inner = np.arange(float(_HEAD)), np.arange(float(len(corrections)))
    begin = first + _HEAD
    share, weights = panel_rule(_PANELS)
    reach = np.log(last / begin)
    k = begin * np.exp(reach * share)
    x = np.concatenate([first + near, begin + inner, k, last - inner], axis=1) - low
    ends = np.broadcast_to(corrections, (len(low), len(corrections)))
    return x, np.concatenate([np.ones((len(low), _HEAD)), ends, weights * reach * k, ends], axis=1)


@cache
def _gregory() -> Array:
    """What the values next to an end of an integral have as weights in the sum over whole numbers, less the integral.

    With D the derivative and Δ the difference, the sum is -1/Δ and the integral -1/D, so that the correction is
    Δ/log(1 + Δ) - 1, over Δ: Gregory's coefficients (Jordan 1965, Calculus of Finite Differences, 97-98).
    """
    coefficients = [Fraction(1)]
    for n in range(1, _ORDER + 2):
        before = (c * Fraction((-1) ** (n - k), n - k + 1) for k, c in enumerate(coefficients))
        coefficients.append(-sum(before, Fraction(0)))
    weights = [Fraction(0)] * (_ORDER + 1)
    for j, coefficient in enumerate(coefficients[1:]):
        for i in range(j + 1):
            weights[i] += coefficient * (-1) ** (j - i) * math.comb(j, i)
    return np.array([float(w) for w in weights])
