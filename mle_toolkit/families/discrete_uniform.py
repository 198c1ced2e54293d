"""The uniform law on consecutive integers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import INTEGERS
from mle_toolkit.families.ends import UniformEnds
from mle_toolkit.families.parameters import Parameter

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class DiscreteUniform(Family):
    r"""Any of the integers from ``a`` to ``b``, both included, with equal probability.

    .. math:: \log f(x) = -\log(b - a + 1), \quad x = a, a + 1, \dots, b

    Source: Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 6.10. The maximum is the least and the
    greatest observation; as ends of the support they have no standard error of the usual kind.
    """

    name = "discrete_uniform"
    by_number = ("ppf", "rvs")
    aliases = ("randint",)
    support = INTEGERS
    parameters = (
        Parameter("a", INTEGERS, typical=(-10.0, 0.0), regular=False),
        Parameter("b", INTEGERS, typical=(1.0, 20.0), regular=False),
    )

    def logpdf(self, x: Array, a: Array, b: Array) -> Array:
        """Log-probability of x."""
        return np.where((x >= a) & (x <= b) & (x == np.floor(x)), -np.log(np.asarray(b) - a + 1), -np.inf)

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Least and greatest observation."""
        return sample.minimum, sample.maximum

    def from_intervals(self, sample: Sample) -> tuple[float, float]:
        """The best ends for intervals and points: those of the uniform law on (a - 1, b] that are whole numbers."""
        lower, upper = np.floor(sample.lower), np.floor(sample.upper)
        point = lower == upper
        weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        x = lower[point]
        below, b = UniformEnds(
            np.concatenate([x - 1, x]), lower[~point], upper[~point], weight[~point], sample.nobs
        ).maximum(self.name, integers=True)
        return below + 1, b

    def cdf(self, x: Array, a: Array, b: Array) -> Array:
        """Probability of at most x."""
        return np.clip((np.floor(x) - a + 1) / (b - a + 1), 0.0, 1.0)

    def sf(self, x: Array, a: Array, b: Array) -> Array:
        """Probability of more than x."""
        return np.clip((b - np.floor(x)) / (b - a + 1), 0.0, 1.0)

    def logcdf(self, x: Array, a: Array, b: Array) -> Array:
        """Log of the cdf."""
        return np.asarray(np.log(self.cdf(x, a, b)))

    def logsf(self, x: Array, a: Array, b: Array) -> Array:
        """Log of the survival function."""
        return np.asarray(np.log(self.sf(x, a, b)))

    def mean(self, a: Array, b: Array) -> Array:
        """Expected value."""
        return np.asarray(0.5 * (a + b))

    def var(self, a: Array, b: Array) -> Array:
        """Variance."""
        return np.asarray((np.square(b - a + 1.0) - 1) / 12)

    def entropy(self, a: Array, b: Array) -> Array:
        """Entropy, nats."""
        return np.asarray(np.log(b - a + 1.0))

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """Log of the ratio of the numbers of values, of which p's lie within q's."""
        (a, b), (c, d) = p, q
        return math.log1p(((d - b) + (a - c)) / (b - a + 1))

    def lives_on(self, a: float, b: float) -> tuple[float, float]:
        """Its parameters."""
        return float(a), float(b)

    def to_scipy(self, a: float, b: float) -> Any:
        """``scipy.stats.randint(a, b + 1)``."""
        from scipy import stats

        return stats.randint(int(a), int(b) + 1)

    @staticmethod
    def from_scipy(low: float, high: float, loc: float) -> dict[str, Any]:
        """Parameters of ``scipy.stats.randint(low, high, loc)``."""
        return {"a": low + loc, "b": high - 1 + loc}
