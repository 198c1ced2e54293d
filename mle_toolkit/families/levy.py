"""The Lévy law."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import GammaPower
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.from_logs import cdf_of_log
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import SCALE
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image
from mle_toolkit.families.special import log_or_minus_inf

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class Levy(ExponentialFamily):
    r"""Time until a Brownian motion first reaches a level: a stable law of positive numbers, tail index 1/2.

    .. math:: \log f(x) = \tfrac12\log\frac{s}{2\pi} - \tfrac32\log x - \frac{s}{2x}

    Source: Feller (1971), An Introduction to Probability Theory 2, sec. II.4. The maximum is scale = 1 / mean(1/x).
    """

    name = "levy"
    support = POSITIVE
    parameters = (SCALE,)
    in_scipy = InScipy("levy", scale="scale")
    cdf = cdf_of_log

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """1/x."""
        return (1.0 / x,)

    def log_base(self, x: Array) -> Array:
        """What has no parameter."""
        return np.asarray(-1.5 * np.log(x) - _HALF_LOG_TWO_PI)

    def log_density(self, T: tuple[Array, ...], scale: Array) -> Array:
        """Log-density less the base, linear in T."""
        return np.asarray(0.5 * np.log(scale) - 0.5 * np.asarray(scale) * T[0])

    def score_of(self, T: tuple[Array, ...], scale: Array) -> tuple[Array, ...]:
        """Derivative by scale."""
        return (0.5 / np.asarray(scale) - 0.5 * T[0],)

    def hessian_of(self, T: tuple[Array, ...], scale: Array) -> tuple[Array, ...]:
        """Second derivative."""
        return (-0.5 / np.square(scale) + 0 * T[0],)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """Harmonic mean."""
        return (1 / means[0],)

    @property
    def images(self) -> tuple[Image, ...]:
        """The inverse gamma law of shape 1/2."""
        return (Image(get_family("inverse_gamma"), lambda scale: (0.5, 0.5 * scale), at=("shape",)),)

    def sf(self, x: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.erf(_root(x, scale) / math.sqrt(2)))

    def logcdf(self, x: Array, scale: Array) -> Array:
        """Log of the cdf, from the smaller of the two tails."""
        above = self.sf(x, scale)
        with np.errstate(divide="ignore"):
            return np.where(above < 0.5, np.log1p(-above), math.log(2) + special.log_ndtr(-_root(x, scale)))

    def logsf(self, x: Array, scale: Array) -> Array:
        """Log of the survival function, from the smaller of the two tails."""
        below, above = special.erfc(_root(x, scale) / math.sqrt(2)), self.sf(x, scale)
        with np.errstate(divide="ignore"):
            return np.where(below < 0.5, np.log1p(-below), np.log(above))

    def tail_scores(self, x: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        root = _root(x, scale)
        log_height = np.log(root) - 0.5 * root * root - _HALF_LOG_TWO_PI  # of x f(x)
        fall, rise = (np.exp(log_height - tail) / scale for tail in (self.logcdf(x, scale), self.logsf(x, scale)))
        return (-fall,), (rise,)

    def ppf(self, p: Array, scale: Array) -> Array:
        """Quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(0.5 * np.asarray(scale) / np.square(special.erfcinv(_probability(p))))

    def isf(self, p: Array, scale: Array) -> Array:
        """Upper quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(0.5 * np.asarray(scale) / np.square(special.erfinv(_probability(p))))

    def mean(self, scale: Array) -> Array:
        """Infinite."""
        return np.full(np.shape(scale), np.inf)

    def var(self, scale: Array) -> Array:
        """Infinite."""
        return np.full(np.shape(scale), np.inf)

    def entropy(self, scale: Array) -> Array:
        """Entropy, nats: (1 + 3 γ + log(16 π))/2 + log(scale), with Euler's constant γ."""
        return np.asarray(0.5 * (1 + 3 * np.euler_gamma + math.log(16 * math.pi)) + np.log(scale))

    def power_of(self, scale: float) -> GammaPower:
        """1/x is gamma of shape 1/2."""
        return GammaPower(0.5, -1.0, 0.5 * scale)


def _root(x: Array, scale: Array) -> Array:
    """Root of scale/x; infinite where x is not positive."""
    return np.exp(0.5 * (np.log(scale) - log_or_minus_inf(x)))


def _probability(p: Array) -> Array:
    """P itself; NaN outside [0, 1], where the inverse error functions go on."""
    return np.where((np.asarray(p) >= 0) & (np.asarray(p) <= 1), p, np.nan)
