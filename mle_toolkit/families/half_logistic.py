"""The half-logistic law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.domain import NON_NEGATIVE
from mle_toolkit.families.hazard import HazardFamily
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import SCALE
from mle_toolkit.families.special import means_of
from mle_toolkit.numerics.newton import ascend

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_REACH = 20.0
"""How far, in logs, the scale may be from the mean."""


class HalfLogistic(HazardFamily):
    r"""Size of a logistic error around 0; a lifetime whose hazard grows from 1/(2 scale) to 1/scale.

    .. math:: \log f(x) = \log\frac{2}{s} - z - 2\log(1 + e^{-z}), \quad z = x/s

    Source: Balakrishnan (1985), Journal of Statistical Computation and Simulation 20, 287-309. Route to the maximum:
    the likelihood is concave in log(scale), with slope sum (z tanh(z/2) - 1).
    """

    name = "half_logistic"
    aliases = ("halflogistic",)
    one_maximum = True
    support = NON_NEGATIVE
    parameters = (SCALE,)
    in_scipy = InScipy("halflogistic", scale="scale")

    def logpdf(self, x: Array, scale: Array) -> Array:
        """Log-density at x."""
        z = x / scale
        return np.asarray(math.log(2) - np.log(scale) - z - 2 * np.log1p(np.exp(-z)))

    def score(self, x: Array, scale: Array) -> tuple[Array, ...]:
        """Derivative by scale."""
        z = x / scale
        return ((z * np.tanh(0.5 * z) - 1) / scale,)

    def hessian(self, x: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivative."""
        z = x / scale
        pull = np.tanh(0.5 * z)
        return ((1 - 2 * z * pull - 0.5 * np.square(z) * (1 - np.square(pull))) / np.square(scale),)

    def from_sample(self, sample: Sample) -> tuple[float]:
        """Root of the score in log(scale)."""
        if sample.maximum == 0:
            raise DegenerateDataError("half_logistic: all observations are 0: the likelihood is unbounded (scale → 0).")

        def slope_and_bend(u: float) -> tuple[float, float]:
            def functions(x: Array) -> tuple[Array, Array]:
                z = x * math.exp(-u)
                pull = np.tanh(0.5 * z)
                return z * pull, 0.5 * np.square(z) * (1 - np.square(pull))

            pull, bend = means_of(sample, functions).tolist()
            return pull - 1, -(pull + bend)

        middle = math.log(sample.mean() / math.log(4))
        return (math.exp(ascend(slope_and_bend, middle, middle - _REACH, middle + _REACH)),)

    def cumulative_hazard(self, x: Array, scale: Array) -> Array:
        """Log of (1 + exp z)/2."""
        z = np.maximum(x, 0.0) / scale
        return np.asarray(np.where(z < 1, np.log1p(0.5 * np.expm1(np.minimum(z, 1))), _far(z)))

    def tail_scores(self, x: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        z = x / scale
        return self.tail_scores_of(self.cumulative_hazard(x, scale), (-z / (1 + np.exp(-z)) / scale,))

    def at_hazard(self, hazard: Array, scale: Array) -> Array:
        """Find x from its cumulative hazard."""
        return np.asarray(scale * (hazard + np.log1p(-np.expm1(-hazard))))

    def mean(self, scale: Array) -> Array:
        """Mean: scale log 4."""
        return np.asarray(math.log(4) * np.asarray(scale))

    def var(self, scale: Array) -> Array:
        """Variance: scale² (π²/3 - (log 4)²)."""
        return np.asarray((math.pi**2 / 3 - math.log(4) ** 2) * np.square(scale))

    def entropy(self, scale: Array) -> Array:
        """Entropy, nats: 2 + log(scale/2)."""
        return np.asarray(2 + np.log(0.5 * np.asarray(scale)))


def _far(z: Array) -> Array:
    return np.asarray(z + np.log1p(np.exp(-z)) - math.log(2))
