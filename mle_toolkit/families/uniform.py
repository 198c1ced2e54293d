"""The uniform law on an interval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import REAL
from mle_toolkit.families.ends import UniformEnds
from mle_toolkit.families.expectations import ONE, Statistic, Terms
from mle_toolkit.families.parameters import Parameter

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class Uniform(Family):
    r"""Any value from ``a`` to ``b``, none more likely than another.

    .. math:: \log f(x) = -\log(b - a), \quad a \le x \le b

    Source: Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions 2, ch. 26. The maximum is the
    smallest and the largest observation. It is not regular: the error of an end is of order 1/n, not 1/sqrt(n),
    so the information gives no standard error.
    """

    name = "uniform"
    aliases = ("unif",)
    entropy_attained = True
    support = REAL
    parameters = (
        Parameter("a", REAL, typical=(-5.0, -1.0), role="location", regular=False),
        Parameter("b", REAL, typical=(1.0, 5.0), role="location", regular=False),
    )
    rising_ends: ClassVar[Mapping[str, float]] = {"a": 1.0, "b": -1.0}

    def logpdf(self, x: Array, a: Array, b: Array) -> Array:
        """Log-density at x."""
        return np.where((x >= a) & (x <= b), -np.log(np.subtract(b, a)), -np.inf)

    def score(self, x: Array, a: Array, b: Array) -> tuple[Array, ...]:
        """Derivatives by a and b, inside."""
        slope = 1 / np.subtract(b, a)
        return np.broadcast_to(slope, np.shape(x)), np.broadcast_to(-slope, np.shape(x))

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Smallest and largest observation."""
        return sample.minimum, sample.maximum

    def from_intervals(self, sample: Sample) -> tuple[float, float]:
        """The best ends for intervals and points."""
        point = sample.lower == sample.upper
        weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        return UniformEnds(
            sample.lower[point], sample.lower[~point], sample.upper[~point], weight[~point], sample.nobs
        ).maximum(self.name)

    def cdf(self, x: Array, a: Array, b: Array) -> Array:
        """Probability of at most x."""
        return np.clip((x - a) / np.subtract(b, a), 0.0, 1.0)

    def sf(self, x: Array, a: Array, b: Array) -> Array:
        """Probability of more than x."""
        return np.clip((b - x) / np.subtract(b, a), 0.0, 1.0)

    def logcdf(self, x: Array, a: Array, b: Array) -> Array:
        """Log of the cdf, from the smaller of the two tails."""
        below, above = self.cdf(x, a, b), self.sf(x, a, b)
        with np.errstate(divide="ignore"):
            return np.where(below < 0.5, np.log(below), np.log1p(-above))

    def logsf(self, x: Array, a: Array, b: Array) -> Array:
        """Log of the survival function."""
        return self.logcdf(-np.asarray(x), np.negative(b), np.negative(a))

    def entropy(self, a: Array, b: Array) -> Array:
        """Entropy, nats: the log of the length."""
        return np.asarray(np.log(np.subtract(b, a)))

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """Log of the ratio of the widths, of which p's lies within q's."""
        (a, b), (c, d) = p, q
        return math.log1p(((d - b) + (a - c)) / (b - a))

    def terms(self, a: float, b: float) -> Terms:
        """A constant."""
        return {ONE: -math.log(b - a)}

    def expected(self, statistic: Statistic, a: float, b: float) -> float | None:
        """Expected values of log x, powers, e^(t x) and abs(x - at)."""
        match statistic:
            case ("log",) if a >= 0:
                return float(special.xlogy(b, b) - special.xlogy(a, a)) / (b - a) - 1
            case ("power", c) if a >= 0 or c in (1.0, 2.0):
                if c == -1:
                    return math.inf if a == 0 else math.log(b / a) / (b - a)
                return math.inf if a == 0 and c < -1 else float((b ** (c + 1) - a ** (c + 1)) / ((c + 1) * (b - a)))
            case ("exp", t):
                width = t * (b - a)
                return float(math.exp(t * a) * math.expm1(width) / width)
            case ("abs", at):
                if not a < at < b:
                    return float(abs(0.5 * (a + b) - at))
                return float(0.5 * ((at - a) ** 2 + (b - at) ** 2) / (b - a))
        return None

    def lives_on(self, a: float, b: float) -> tuple[float, float]:
        """Its parameters."""
        return float(a), float(b)

    def to_scipy(self, a: float, b: float) -> Any:
        """``scipy.stats.uniform(a, b - a)``."""
        from scipy import stats

        return stats.uniform(a, b - a)

    @staticmethod
    def from_scipy(loc: float, scale: float) -> dict[str, Any]:
        """Parameters of ``scipy.stats.uniform(loc, scale)``."""
        return {"a": loc, "b": loc + scale}
