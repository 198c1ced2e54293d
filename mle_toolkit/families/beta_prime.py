"""The beta prime law with a scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.beta_tails import (
    kernel_bends,
    kernel_quantile,
    kernel_slopes,
    kernel_tail_slopes,
    kernel_tails,
    log_kernel,
)
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import BetaPrimePower
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.special import log_beta_remainder, log_minus_digamma_of
from mle_toolkit.families.standardised import LogScale, best_starts

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_RATIOS = (0.1, 1.0, 10.0)
"""Of the second shape to the first, in starts."""


class BetaPrime(LogScale):
    r"""Loss, flood or income: the ratio of two gamma variables; tail index ``b``, and next to 0 the cdf is as ``x^a``.

    .. math:: \log f(x) = -\log x + a\,t - (a + b)\log(1 + e^t) - \log B(a, b), \quad t = \log(x/s)

    Source: Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions 2, ch. 27; Klugman, Panjer &
    Willmot (2012), Loss Models, appendix A.2.2, where it is the generalized Pareto law; Pearson's type VI. F of df (m,
    n) is a = m/2, b = n/2, scale = n/m. As b grows with scale = b θ the law tends to the gamma law of shape a and scale
    θ; as a grows with scale = β/a, to the inverse gamma law of shape b and scale β.
    """

    name = "beta_prime"
    dear_tails = True
    aliases = ("betaprime", "pearson6", "inverted_beta")
    by_number = ("mean", "var")
    support = POSITIVE
    parameters = (Parameter("a", POSITIVE, typical=(0.6, 4.0)), Parameter("b", POSITIVE, typical=(0.6, 4.0)), SCALE)
    in_scipy = InScipy("betaprime", "a", "b", scale="scale")

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of t = log(x/scale)."""
        return log_kernel(z, *shapes)

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by t, a and b."""
        return kernel_slopes(z, *shapes)

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        return kernel_bends(z, *shapes)

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        return kernel_tails(z, *shapes)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by a and b."""
        return kernel_tail_slopes(z, *shapes)

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of t."""
        return kernel_quantile(log_p, log_q, *shapes)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Laws of several ratios of the shapes with the mean and the variance of the logs; the best two."""
        logs = sample.with_values(np.log(sample.x), sample.weight)
        mean, var = logs.mean(), logs.var()
        return best_starts(sample, self.logpdf, [at_moments(mean, var, ratio) for ratio in _RATIOS])

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The gamma law as b → ∞, the inverse gamma law as a → ∞."""
        return (
            Limit(get_family("gamma"), lambda shape, scale: (shape, np.inf, np.inf)),
            Limit(get_family("inverse_gamma"), lambda shape, scale: (np.inf, shape, 0.0)),
        )

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Lomax where a is 1, inverse Pareto where b is 1."""
        return (
            SpecialCase(get_family("lomax"), lambda shape, scale: (1.0, shape, scale), at=("a",)),
            SpecialCase(get_family("inverse_pareto"), lambda shape, scale: (shape, 1.0, scale), at=("b",)),
        )

    def mean(self, a: Any, b: Any, scale: Any) -> Any:
        """Mean: scale a/(b - 1); infinite for b <= 1."""
        return scale * a / (b - 1) if b > 1 else np.inf

    def var(self, a: Any, b: Any, scale: Any) -> Any:
        """Variance; infinite for b <= 2."""
        return scale**2 * a * (a + b - 1) / ((b - 2) * (b - 1) ** 2) if b > 2 else np.inf

    def entropy(self, a: Array, b: Array, scale: Array) -> Array:
        """Entropy, nats."""
        both = np.add(a, b)
        gap, gap_b, gap_both = (log_minus_digamma_of(shape) for shape in (a, b, both))  # small where terms would cancel
        gaps = np.subtract(a, 1.0) * gap + np.add(b, 1.0) * gap_b - both * gap_both
        return np.asarray(np.log(scale) + np.log(a / b) + log_beta_remainder(a, b) + gaps)

    def power_of(self, a: float, b: float, scale: float) -> BetaPrimePower:
        """Itself."""
        return BetaPrimePower(a, b, 1.0, scale)


def at_moments(mean: float, var: float, ratio: float) -> tuple[float, float, float]:
    """A, b = ratio a and scale of about the mean and the variance of log x, the latter by ψ'(a) = 1/a + 1/(2a²)."""
    first, second = 1 + 1 / ratio, 0.5 * (1 + 1 / ratio**2)
    a = (first + math.sqrt(first * first + 4 * var * second)) / (2 * var)
    return a, ratio * a, math.exp(mean - float(special.psi(a) - special.psi(ratio * a)))
