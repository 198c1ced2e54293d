"""The Moyal law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import REAL
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import LOC, SCALE
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log1mexp
from mle_toolkit.families.standardised import LocationScale
from mle_toolkit.families.tilted import in_window

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_HALF_LOG_TWO_PI, _HALF_LOG_TWO_OVER_PI = 0.5 * math.log(2 * math.pi), 0.5 * math.log(2 / math.pi)
_ROOT_TWO = math.sqrt(2)
_FAR = 60.0
"""From here on erf of exp(-z/2) / √2 is the first term of its series."""


class Moyal(LocationScale):
    r"""Energy that charged particles lose in thin layers (Landau's law, nearly): minus the log of a squared normal.

    .. math:: \log f(x) = -\log s - \tfrac12\log 2\pi - \tfrac12(z + e^{-z}), \quad z = (x - m)/s

    Source: Moyal (1955), Philosophical Magazine 46, 263-280. The density is log-concave, so that the likelihood has one
    maximum (Burridge 1981, JRSS B 43, 41-45).
    """

    name = "moyal"
    one_maximum = True
    support = REAL
    parameters = (LOC, SCALE)
    in_scipy = InScipy("moyal", loc="loc", scale="scale")

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        return np.asarray(-0.5 * (z + np.exp(-z)) - _HALF_LOG_TWO_PI)

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivative by z."""
        return (0.5 * np.expm1(-z),)

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivative by z."""
        return (-0.5 * np.exp(-z),)

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of erfc and of erf of exp(-z/2) / √2."""
        v = np.exp(-0.5 * np.asarray(z))
        above = np.where(z > _FAR, _HALF_LOG_TWO_OVER_PI - 0.5 * z, np.log(special.erf(v / _ROOT_TWO)))
        below = math.log(2) + special.log_ndtr(-v)
        return below, np.where(below < -1.0, log1mexp(below), above)

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of z, from the smaller tail."""
        lower = -special.ndtri_exp(log_p - math.log(2))
        upper = _ROOT_TWO * special.erfinv(np.exp(log_q))
        far = log_q < -0.5 * _FAR
        log_v = np.where(far, log_q - _HALF_LOG_TWO_OVER_PI, np.log(np.where(log_p < log_q, lower, upper)))
        return np.asarray(-2 * log_v)

    def start(self, sample: Sample) -> tuple[float, float]:
        """Mean and variance."""
        scale = math.sqrt(2 * sample.var()) / math.pi
        return sample.mean() - scale * (np.euler_gamma + math.log(2)), scale

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """An exponential law: falling as loc → -∞, rising as loc and scale → ∞."""
        return in_window(lower, upper, lambda slope: (np.inf, np.inf) if slope > 0 else (-np.inf, -0.5 / slope))

    def mean(self, loc: Array, scale: Array) -> Array:
        """Expected value: loc + scale (Euler's constant + log 2)."""
        return np.asarray(loc + np.asarray(scale) * (np.euler_gamma + math.log(2)))

    def var(self, loc: Array, scale: Array) -> Array:
        """Variance: (π scale)² / 2."""
        return np.asarray(0.5 * np.square(math.pi * np.asarray(scale)) + 0 * np.asarray(loc))

    def entropy(self, loc: Array, scale: Array) -> Array:
        """Entropy, nats."""
        constant = _HALF_LOG_TWO_PI + 0.5 * (np.euler_gamma + math.log(2) + 1)
        return np.asarray(np.log(scale) + constant + 0 * np.asarray(loc))
