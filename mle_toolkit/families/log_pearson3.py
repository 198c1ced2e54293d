"""The log-Pearson III law."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.maps import LOG
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.pearson3 import Pearson3, excess, exponential_as_pearson3
from mle_toolkit.families.power_in_window import powers_in_window
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import ByEnd, Image, Limit, SpecialCase
from mle_toolkit.families.special import log_or_minus_inf

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_OF_LOGS = Pearson3()


class LogPearson3(Family):
    r"""Annual floods: log x is Pearson III of mean ``meanlog``, deviation ``sdlog`` and skewness ``skew``.

    .. math:: \log f(x) = \log f_{\text{III}}(\log x) - \log x

    Source: England et al. (2019), Guidelines for Determining Flood Flow Frequency: Bulletin 17C, U.S. Geological Survey
    Techniques and Methods 4-B5. Logs are natural here, and base 10 there: its mean and standard deviation are those
    here divided by log 10, its skew is the same. Lognormal for skew = 0. What is said of `pearson3` at the ends of the
    skew holds here.
    """

    name = "log_pearson3"
    by_number = ("mean", "var")
    aliases = ("log_pearson_iii", "logpearson3", "lp3")
    support = POSITIVE
    parameters = (
        Parameter("meanlog", REAL, typical=(-1.0, 3.0), role="log-scale"),
        Parameter("sdlog", POSITIVE, typical=(0.1, 1.0)),
        Parameter("skew", Interval(-2.0, 2.0), typical=(-1.0, 1.0), natural=REAL),
    )

    def logpdf(self, x: Array, meanlog: Array, sdlog: Array, skew: Array) -> Array:
        """Log-density at x."""
        log_x = np.log(x)
        return np.asarray(_OF_LOGS.logpdf(log_x, meanlog, sdlog, skew) - log_x)

    def score(self, x: Array, meanlog: Array, sdlog: Array, skew: Array) -> tuple[Array, ...]:
        """Derivatives by meanlog, sdlog and skew."""
        return _OF_LOGS.score(np.log(x), meanlog, sdlog, skew)

    def hessian(self, x: Array, meanlog: Array, sdlog: Array, skew: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        return _OF_LOGS.hessian(np.log(x), meanlog, sdlog, skew)

    def tail_scores(
        self, x: Array, meanlog: Array, sdlog: Array, skew: Array
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        return _OF_LOGS.tail_scores(log_or_minus_inf(x), meanlog, sdlog, skew)

    def cdf(self, x: Array, meanlog: Array, sdlog: Array, skew: Array) -> Array:
        """Probability of at most x."""
        return _OF_LOGS.cdf(log_or_minus_inf(x), meanlog, sdlog, skew)

    def sf(self, x: Array, meanlog: Array, sdlog: Array, skew: Array) -> Array:
        """Probability of more than x."""
        return _OF_LOGS.sf(log_or_minus_inf(x), meanlog, sdlog, skew)

    def log_tails(self, x: Array, meanlog: Array, sdlog: Array, skew: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return _OF_LOGS.log_tails(log_or_minus_inf(x), meanlog, sdlog, skew)

    def logcdf(self, x: Array, meanlog: Array, sdlog: Array, skew: Array) -> Array:
        """Log of the cdf."""
        return _OF_LOGS.logcdf(log_or_minus_inf(x), meanlog, sdlog, skew)

    def logsf(self, x: Array, meanlog: Array, sdlog: Array, skew: Array) -> Array:
        """Log of the survival function."""
        return _OF_LOGS.logsf(log_or_minus_inf(x), meanlog, sdlog, skew)

    def ppf(self, p: Array, meanlog: Array, sdlog: Array, skew: Array) -> Array:
        """Quantile."""
        return np.asarray(np.exp(_OF_LOGS.ppf(p, meanlog, sdlog, skew)))

    def isf(self, p: Array, meanlog: Array, sdlog: Array, skew: Array) -> Array:
        """Upper quantile."""
        return np.asarray(np.exp(_OF_LOGS.isf(p, meanlog, sdlog, skew)))

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Those of the Pearson III law of the logs."""
        return _OF_LOGS.start(sample.with_values(np.log(sample.x), sample.weight))

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Pareto's law at skew = 2, the power law at skew = -2."""

        def embed(sign: float, index: float, end: float) -> tuple[float, float, float]:
            return exponential_as_pearson3(sign, float(np.log(end)), 1 / index)

        return (
            Limit(get_family("pareto"), partial(embed, 1.0), last=True),
            Limit(get_family("power"), partial(embed, -1.0), last=True),
        )

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Those of the Pearson III law of the logs."""
        return powers_in_window(lower, upper, of_log=True)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Lognormal where skew is 0."""
        return (SpecialCase(get_family("lognormal"), lambda meanlog, sdlog: (meanlog, sdlog, 0.0), at=("skew",)),)

    @property
    def images(self) -> tuple[Image, ...]:
        """The Pearson III law of log x."""
        return (Image(_OF_LOGS, lambda meanlog, sdlog, skew: (meanlog, sdlog, skew), LOG),)

    def by_end(self, meanlog: float, sdlog: float, skew: float) -> ByEnd | None:
        """That of the Pearson III law of the logs."""
        near = _OF_LOGS.by_end(meanlog, sdlog, skew)
        return None if near is None else replace(near, of=log_or_minus_inf)

    def irregular(self, meanlog: Any, sdlog: Any, skew: Any) -> tuple[str, ...]:
        """All parameters, from |skew| = √2 on: the information does not exist."""
        return _OF_LOGS.irregular(meanlog, sdlog, skew) and self.param_names

    def mean(self, meanlog: Any, sdlog: Any, skew: Any) -> Any:
        """Mean; infinite for sdlog skew >= 2."""
        return _moment(1.0, meanlog, sdlog, skew)

    def var(self, meanlog: Any, sdlog: Any, skew: Any) -> Any:
        """Variance; infinite for sdlog skew >= 1."""
        second = _moment(2.0, meanlog, sdlog, skew)
        return second - _moment(1.0, meanlog, sdlog, skew) ** 2 if np.isfinite(second) else np.inf

    def entropy(self, meanlog: Array, sdlog: Array, skew: Array) -> Array:
        """Entropy, nats: that of the logs, plus their mean."""
        return np.asarray(_OF_LOGS.entropy(meanlog, sdlog, skew) + meanlog)

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Draw random numbers."""
        from mle_toolkit.families.distribution import Distribution

        return np.asarray(np.exp(Distribution.at(_OF_LOGS, params).rvs(size, rng)))


def _moment(order: float, meanlog: float, sdlog: float, skew: float) -> float:
    """Expected power of x."""
    spread = order * sdlog
    if spread * skew >= 2:
        return np.inf
    return float(np.exp(order * meanlog + spread**2 * excess(np.asarray(-0.5 * spread * skew))))
