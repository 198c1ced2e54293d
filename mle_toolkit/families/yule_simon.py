"""The Yule-Simon law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.base import Family
from mle_toolkit.families.beta_geometric import log_survival
from mle_toolkit.families.counting import digamma_difference, trigamma_difference
from mle_toolkit.families.domain import POSITIVE, POSITIVE_COUNTS
from mle_toolkit.families.from_logs import cdf_of_logsf, sf_of_log
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.quadrature import count_quantile
from mle_toolkit.families.special import log1mexp, means_of
from mle_toolkit.numerics.newton import ascend

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_ONE = np.asarray(1.0)

_REACH = 40.0
"""Range of log(alpha)."""


class YuleSimon(Family):
    r"""Sizes that grow in proportion to themselves: species in a genus, words, citations; tail index ``alpha``.

    .. math:: f(x) = \alpha\,B(x, \alpha + 1), \quad x = 1, 2, \dots

    Sources: Yule (1925), Phil. Trans. R. Soc. B 213, 21-87; Simon (1955), Biometrika 42, 425-440. Route to the maximum:
    the likelihood is concave in log(alpha), so one root.
    """

    name = "yule_simon"
    aliases = ("yulesimon", "yule", "yules")
    support = POSITIVE_COUNTS
    one_maximum = True
    by_number = ("mean", "var")
    parameters = (Parameter("alpha", POSITIVE, typical=(4.0, 8.0)),)
    in_scipy = InScipy("yulesimon", "alpha")
    cdf, sf = cdf_of_logsf, sf_of_log

    def logpdf(self, x: Array, alpha: Array) -> Array:
        """Log-probability of x: of at least x, times that of no more then."""
        return np.asarray(log_survival(np.subtract(x, 1), alpha, _ONE) + np.log(alpha) - np.log(np.add(alpha, x)))

    def score(self, x: Array, alpha: Array) -> tuple[Array, ...]:
        """Derivative by alpha."""
        return (1 / np.asarray(alpha) - digamma_difference(np.add(alpha, 1.0), x),)

    def hessian(self, x: Array, alpha: Array) -> tuple[Array, ...]:
        """Second derivative."""
        return (-1 / np.square(alpha) - trigamma_difference(np.add(alpha, 1.0), x),)

    def check(self, sample: Sample) -> None:
        """Raise if all counts are 1."""
        if sample.maximum == 1:
            raise DegenerateDataError("yule_simon: all observations are 1, so alpha is unbounded (the law of 1 alone).")

    def from_sample(self, sample: Sample) -> tuple[float]:
        """Root of the score in log(alpha)."""
        table = sample.tabulated()

        def slope_and_bend(u: float) -> tuple[float, float]:
            alpha = math.exp(u)
            first = np.asarray(alpha + 1)

            def functions(x: Array) -> tuple[Array, Array]:
                return digamma_difference(first, x), trigamma_difference(first, x)

            pull, bend = means_of(table, functions).tolist()
            return 1 - alpha * pull, -alpha * (pull + alpha * bend)

        begin = -math.log(sample.mean(lambda x: np.log(x + 0.5)))
        return (math.exp(ascend(slope_and_bend, begin, -_REACH, _REACH)),)

    def logsf(self, x: Array, alpha: Array) -> Array:
        """Log of the probability of more than x."""
        return log_survival(np.maximum(np.floor(x), 0.0), alpha, _ONE)

    def logcdf(self, x: Array, alpha: Array) -> Array:
        """Log of the probability of at most x."""
        return log1mexp(self.logsf(x, alpha))

    def ppf(self, p: Array, alpha: Array) -> Array:
        """Quantile: the smallest x whose cdf is at least p."""
        return count_quantile(lambda x: self.cdf(x, alpha), p, 1.0, np.inf, above=False)

    def isf(self, p: Array, alpha: Array) -> Array:
        """Upper quantile: the smallest x that is exceeded with probability p at most."""
        return count_quantile(lambda x: self.sf(x, alpha), p, 1.0, np.inf, above=True)

    def mean(self, alpha: Any) -> Any:
        """Mean: alpha/(alpha - 1); infinite for alpha <= 1."""
        return alpha / (alpha - 1) if alpha > 1 else np.inf

    def var(self, alpha: Any) -> Any:
        """Variance; infinite for alpha <= 2."""
        return alpha**2 / ((alpha - 1) ** 2 * (alpha - 2)) if alpha > 2 else np.inf

    def rvs(self, alpha: Any, /, *, size: Any, rng: Any) -> Array:
        """Geometric counts from 1, with the exponential of minus an exponential variable as probability."""
        log_prob = -rng.standard_exponential(size) / alpha
        with np.errstate(divide="ignore"):
            return np.asarray(1 + np.floor(rng.standard_exponential(size) / -log1mexp(log_prob)))
