"""The beta-geometric law: Waring's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.counting import check_not_all_zero, digamma_difference, trigamma_difference
from mle_toolkit.families.domain import COUNTS, POSITIVE
from mle_toolkit.families.from_logs import cdf_of_logsf, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.quadrature import count_quantile
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log1mexp, log_poch

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_FEW = 1.2
"""Least ratio of the variance to that of a geometric law from which moments give a start."""


class BetaGeometric(Family):
    r"""Failures before the first success, when the probability of success differs between units: months to conceive.

    .. math:: f(x) = \frac{B(a + 1, b + x)}{B(a, b)}, \quad x = 0, 1, 2, \dots

    The probability of success follows the beta law of a and b; the tail falls as the power ``a``. With b = 1 it is the
    Yule-Simon law of x + 1. Sources: Weinberg & Gladen (1986), Biometrics 42, 547-560; Irwin (1975), JRSS A 138, 18-31
    (Waring's law). As both grow with a/(a + b) = p it tends to the geometric law.
    """

    name = "beta_geometric"
    aliases = ("waring", "betageom", "beta_geom")
    support = COUNTS
    by_number = ("mean", "var")
    parameters = (
        Parameter("a", POSITIVE, typical=(4.0, 8.0)),
        Parameter("b", POSITIVE, typical=(0.5, 10.0)),
    )
    cdf, sf = cdf_of_logsf, sf_of_log

    def logpdf(self, x: Array, a: Array, b: Array) -> Array:
        """Log-probability of x: of at least x, times that of success then."""
        return np.asarray(log_survival(x, a, b) + np.log(a) - np.log(np.add(a, b) + x))

    def score(self, x: Array, a: Array, b: Array) -> tuple[Array, ...]:
        """Derivatives by a and b."""
        both = np.add(a, b)
        at_success = 1 / (both + x)
        by_both = digamma_difference(both, x)
        return 1 / a - by_both - at_success, digamma_difference(b, x) - by_both - at_success

    def hessian(self, x: Array, a: Array, b: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        both = np.add(a, b)
        mixed = np.square(1 / (both + x)) - trigamma_difference(both, x)
        return mixed - 1 / np.square(a), mixed, mixed + trigamma_difference(b, x)

    def check(self, sample: Sample) -> None:
        """Raise if all counts are 0."""
        check_not_all_zero(self.name, sample, "b / a")

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """Mean and variance, and a law with a heavy tail of the same share of zeros."""
        mean, zeros = sample.mean(), sample.mean(lambda x: (x == 0).astype(float))
        share = min(max(zeros, 0.02), 0.98)
        starts = [(1.5, 1.5 * (1 - share) / share)]
        ratio = sample.var() / (mean * (1 + mean))  # a/(a - 2)
        if ratio > _FEW:
            a = 2 * ratio / (ratio - 1)
            starts.append((a, mean * (a - 1)))
        else:
            starts.append((20.0, 19.0 * mean))
        return starts

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The geometric law, as both grow."""
        return (Limit(get_family("geometric"), lambda prob: (np.inf, np.inf)),)

    def logsf(self, x: Array, a: Array, b: Array) -> Array:
        """Log of the probability of more than x."""
        return log_survival(np.maximum(np.floor(x) + 1, 0.0), a, b)

    def logcdf(self, x: Array, a: Array, b: Array) -> Array:
        """Log of the probability of at most x."""
        return log1mexp(self.logsf(x, a, b))

    def tail_scores(self, x: Array, a: Array, b: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        n, both = np.maximum(np.floor(x) + 1, 0.0), np.add(a, b)
        by_both = digamma_difference(both, n)
        above = -by_both, digamma_difference(b, n) - by_both
        with np.errstate(all="ignore"):  # before all counts nothing changes
            odds = 1 / np.expm1(-log_survival(n, a, b))
        return tuple(np.where(n == 0, 0.0, -slope * odds) for slope in above), above

    def ppf(self, p: Array, a: Array, b: Array) -> Array:
        """Quantile: the smallest x whose cdf is at least p."""
        return count_quantile(lambda x: self.cdf(x, a, b), p, 0.0, np.inf, above=False)

    def isf(self, p: Array, a: Array, b: Array) -> Array:
        """Upper quantile: the smallest x that is exceeded with probability p at most."""
        return count_quantile(lambda x: self.sf(x, a, b), p, 0.0, np.inf, above=True)

    def mean(self, a: Any, b: Any) -> Any:
        """Mean: b/(a - 1); infinite for a <= 1."""
        return b / (a - 1) if a > 1 else np.inf

    def var(self, a: Any, b: Any) -> Any:
        """Variance; infinite for a <= 2."""
        return a * b * (a + b - 1) / ((a - 1) ** 2 * (a - 2)) if a > 2 else np.inf

    def rvs(self, a: Any, b: Any, /, *, size: Any, rng: Any) -> Array:
        """Geometric counts of beta probabilities, by the quotient of an exponential and that of a log."""
        prob = rng.beta(a, b, size)
        with np.errstate(divide="ignore"):
            return np.asarray(np.floor(rng.standard_exponential(size) / -np.log1p(-prob)))

    def to_scipy(self, a: float, b: float) -> Any:
        """``scipy.stats.betanbinom(1, a, b)``."""
        from scipy import stats

        return stats.betanbinom(1, a, b)


def log_survival(x: Array, a: Array, b: Array) -> Array:
    """Log of the probability B(a, b + x)/B(a, b) of at least x, in which a and x may change places."""
    x, a, b = np.asarray(x, dtype=float), np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    less, more = np.minimum(x, a), np.maximum(x, a)
    with np.errstate(invalid="ignore"):  # x = inf
        value = log_poch(b, less) - log_poch(b + more, less)
    return np.where(np.isposinf(x), -np.inf, np.minimum(value, 0.0))
