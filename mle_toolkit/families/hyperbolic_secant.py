"""The hyperbolic secant law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import REAL
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import LOC, SCALE
from mle_toolkit.families.standardised import LocationScale

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_LOG_TWO_OVER_PI = math.log(2 / math.pi)
_FAR = -18.0
"""Below it atan(exp z) is exp z to rounding."""


class HyperbolicSecant(LocationScale):
    r"""Errors with tails between those of normal and Laplace errors: the log of a ratio of two normal variables.

    .. math:: \log f(x) = -\log(\pi s) - \log\cosh z, \quad z = (x - m)/s

    Source: Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions 2, ch. 23; Fischer (2014),
    Generalized Hyperbolic Secant Distributions. The density is log-concave, so that the likelihood has one maximum
    (Burridge 1981, JRSS B 43, 41-45).
    """

    name = "hyperbolic_secant"
    aliases = ("hypsecant", "sech")
    one_maximum = True
    support = REAL
    parameters = (LOC, SCALE)
    in_scipy = InScipy("hypsecant", loc="loc", scale="scale")

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        size = np.abs(z)
        return np.asarray(_LOG_TWO_OVER_PI - size - np.log1p(np.exp(-2 * size)))

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivative by z."""
        return (-np.tanh(z),)

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivative by z."""
        fall = np.exp(-2 * np.abs(z))
        return (-4 * fall / np.square(1 + fall),)

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        return _log_below(np.asarray(z)), _log_below(-np.asarray(z))

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of z, from the smaller tail."""
        log_tail = np.minimum(log_p, log_q)
        return np.asarray(np.where(log_p < log_q, 1.0, -1.0) * np.log(np.tan(0.5 * math.pi * np.exp(log_tail))))

    def start(self, sample: Sample) -> tuple[float, float]:
        """Mean and variance."""
        return sample.mean(), 2 / math.pi * math.sqrt(sample.var())

    def mean(self, loc: Array, scale: Array) -> Array:
        """Expected value: loc."""
        return np.asarray(loc + 0 * np.asarray(scale))

    def var(self, loc: Array, scale: Array) -> Array:
        """Variance: (π scale / 2)²."""
        return np.asarray(np.square(0.5 * math.pi * np.asarray(scale)) + 0 * np.asarray(loc))

    def entropy(self, loc: Array, scale: Array) -> Array:
        """Entropy, nats: log(2 π scale)."""
        return np.asarray(np.log(2 * math.pi * np.asarray(scale)) + 0 * np.asarray(loc))


def _log_below(z: Array) -> Array:
    """Log of F = 2/π atan(exp z); up the tail of one minus 2/π atan(exp(-z))."""
    tail = 2 / math.pi * np.arctan(np.exp(-np.abs(z)))
    return np.where(z < _FAR, _LOG_TWO_OVER_PI + z, np.where(z < 0, np.log(tail), np.log1p(-tail)))
