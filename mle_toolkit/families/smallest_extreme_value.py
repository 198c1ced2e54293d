"""The smallest-extreme-value law: Gumbel's of minima."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import REAL
from mle_toolkit.families.gumbel import Gumbel
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.maps import NEGATIVE
from mle_toolkit.families.parameters import LOC, SCALE
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image, Limit
from mle_toolkit.families.special import log1mexp_exp
from mle_toolkit.families.standardised import LocationScale
from mle_toolkit.families.tilted import in_window

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class SmallestExtremeValue(LocationScale):
    r"""Smallest of many: the log of a Weibull lifetime, and -x is Gumbel's law of maxima.

    .. math:: \log f(x) = -\log s + z - e^z, \quad z = (x - m)/s

    Source: Meeker, Escobar & Pascual (2022), Statistical Methods for Reliability Data, sec. 4.6. Route to the maximum:
    that of the Gumbel law for -x.
    """

    name = "smallest_extreme_value"
    aliases = ("sev", "gumbel_l", "gumbel_min")
    support = REAL
    parameters = (LOC, SCALE)
    in_scipy = InScipy("gumbel_l", loc="loc", scale="scale")

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        return np.asarray(z - np.exp(z))

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivative by z."""
        return (-np.expm1(z),)

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivative by z."""
        return (-np.exp(z),)

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        return log1mexp_exp(z), -np.exp(z)

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of z."""
        return np.asarray(np.log(-log_q))

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """The maximum of the Gumbel law for -x."""
        loc, scale = Gumbel().from_sample(sample.mapped(np.negative))
        return -loc, scale

    @property
    def images(self) -> tuple[Image, ...]:
        """The Gumbel law of -x."""
        return (Image(get_family("gumbel"), lambda loc, scale: (-loc, scale), NEGATIVE),)

    def mean(self, loc: Array, scale: Array) -> Array:
        """Expected value: loc less Euler's constant times scale."""
        return np.asarray(loc - np.euler_gamma * np.asarray(scale))

    def var(self, loc: Array, scale: Array) -> Array:
        """Variance."""
        return np.asarray(np.square(math.pi * np.asarray(scale)) / 6 + 0 * np.asarray(loc))

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """An exponential law: falling as scale → ∞, where the hazard is constant, rising as loc → ∞."""
        return in_window(lower, upper, lambda slope: (np.inf, 1 / slope) if slope > 0 else (-np.inf, np.inf))

    def entropy(self, loc: Array, scale: Array) -> Array:
        """Entropy, nats: log(scale) + 1 + Euler's constant."""
        return np.asarray(np.log(scale) + 1 + np.euler_gamma + 0 * np.asarray(loc))
