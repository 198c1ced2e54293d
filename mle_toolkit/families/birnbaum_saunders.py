"""The Birnbaum–Saunders law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import LOG_X, Statistic
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.partly_known import PartlyKnown
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import means_of
from mle_toolkit.numerics.newton import ascend

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_HALF_LOG_EIGHT_PI = 0.5 * math.log(8 * math.pi)
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)

_WIDE = 3.0
"""Shape of a law that is far wider than a window."""


class BirnbaumSaunders(Family):
    r"""Time at which fatigue, growing by random steps, breaks a part; ``scale`` is the median.

    .. math:: \log f(x) = \log(1 + z) - \tfrac32\log z - \log(2 \alpha s \sqrt{2\pi}) - \frac{(z - 1)^2}{2\alpha^2 z},
              \quad z = x/s

    Source: Birnbaum & Saunders (1969), J. Appl. Probab. 6, 319-327 (law) and 328-347 (estimation). Route to the
    maximum: given the scale, shape² = mean((z - 1)²/z); the scale is the one root between harmonic mean and mean.
    """

    name = "birnbaum_saunders"
    aliases = ("fatiguelife", "fatigue_life")
    support = POSITIVE
    parameters = (Parameter("shape", POSITIVE, typical=(0.1, 2.0)), SCALE)
    in_scipy = InScipy("fatiguelife", "shape", scale="scale")

    def logpdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log-density at x."""
        z = x / scale
        spread = np.square(z - 1) / z
        log_norm = _HALF_LOG_EIGHT_PI + np.log(shape) + np.log(scale)
        return np.asarray(np.log1p(z) - 1.5 * np.log(z) - log_norm - 0.5 * spread / shape**2)

    def score(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape and scale."""
        z = x / scale
        inverse = 1 / z
        spread = np.square(z - 1) * inverse
        pull = 0.5 - z / (1 + z) + 0.5 * (z - inverse) / shape**2
        return (spread / shape**2 - 1) / shape, pull / scale

    def hessian(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        z = x / scale
        inverse = 1 / z
        spread = np.square(z - 1) * inverse
        share = z / (1 + z)
        # Sum of the pull on the scale and of its derivative by log z.
        bend = 0.5 - share - share * (1 - share) + z / shape**2
        return (1 - 3 * spread / shape**2) / shape**2, (inverse - z) / (shape**3 * scale), -bend / scale**2

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Newton's method on log(scale), from the geometric mean of mean and harmonic mean; the shape follows."""
        mean, mean_inverse = means_of(sample, lambda x: (x, 1 / x)).tolist()
        low, high = -math.log(mean_inverse), math.log(mean)
        u = 0.5 * (low + high)
        sketch = sample.sketch()
        if sketch is not sample:
            u = ascend(lambda v: _profile_slopes(sketch, v), u, low, high)
        u = ascend(lambda v: _profile_slopes(sample, v), u, low, high)
        scale = math.exp(u)
        spread = float(means_of(sample, lambda x: (np.square(x - scale) / x,))[0])
        return math.sqrt(spread / scale), scale

    def candidates(self, sample: Sample) -> list[tuple[float, float]]:
        """In windows also laws far wider than these, which show one of two powers: there may be maxima at each."""
        points = sample.as_points()
        if sample.window is None or not 0 < points.minimum < points.maximum:
            return []
        return [self.from_sample(points), (_WIDE, 10 * points.maximum), (_WIDE, 0.1 * points.minimum)]

    @property
    def limits_when_shifted(self) -> tuple[Limit, ...]:
        """The normal law, as the threshold goes to -∞."""
        return (Limit(get_family("normal"), lambda mu, sigma: (0.0, np.inf)),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Lévy's law as shape and scale → ∞, the gamma law of shape 1/2 as scale → 0: of exact data neither is best.

        Half of the probability then goes to ∞, or to 0, so that the window must end before it.
        """
        limits = []
        if upper < np.inf:
            limits.append(Limit(get_family("levy"), lambda scale: (np.inf, np.inf)))
        if lower > 0:
            half = PartlyKnown(get_family("gamma"), {"shape": 0.5}, "gamma of shape 1/2")
            limits.append(Limit(half, lambda scale: (np.inf, 0.0)))
        return tuple(limits)

    def cdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(special.ndtr(_normal_score(x, shape, scale)))

    def sf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.ndtr(-_normal_score(x, shape, scale)))

    def logcdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the cdf."""
        return np.asarray(special.log_ndtr(_normal_score(x, shape, scale)))

    def logsf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log of the survival function."""
        return np.asarray(special.log_ndtr(-_normal_score(x, shape, scale)))

    def tail_scores(self, x: Array, shape: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F): those of the normal score times inverse Mills ratios."""
        score, root = _normal_score(x, shape, scale), np.sqrt(x / scale)
        slopes = -score / shape, -0.5 * (root + 1 / root) / (shape * scale)
        log_f = -0.5 * score * score - _HALF_LOG_TWO_PI
        fall, rise = np.exp(log_f - special.log_ndtr(score)), np.exp(log_f - special.log_ndtr(-score))
        return tuple(fall * slope for slope in slopes), tuple(-rise * slope for slope in slopes)

    def ppf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Quantile."""
        return np.asarray(scale * np.exp(2 * np.arcsinh(0.5 * shape * special.ndtri(p))))

    def isf(self, p: Array, shape: Array, scale: Array) -> Array:
        """Upper quantile."""
        return np.asarray(scale * np.exp(-2 * np.arcsinh(0.5 * shape * special.ndtri(p))))

    def mean(self, shape: Array, scale: Array) -> Array:
        """Mean: scale (1 + shape²/2)."""
        return np.asarray(scale * (1 + 0.5 * np.square(shape)))

    def var(self, shape: Array, scale: Array) -> Array:
        """Variance: (scale shape)² (1 + 5 shape²/4)."""
        return np.asarray(np.square(scale * shape) * (1 + 1.25 * np.square(shape)))

    def expected(self, statistic: Statistic, shape: float, scale: float) -> float | None:
        """Expected values of log x, and of x and 1/x: x / scale and its reciprocal have one law."""
        if statistic == LOG_X:
            return math.log(scale)
        if statistic[0] == "power" and statistic[1] in (1.0, -1.0):
            return float(scale ** statistic[1] * (1 + 0.5 * shape**2))
        return None


def _normal_score(x: Array, shape: Array, scale: Array) -> Array:
    """The standard normal variable of which x is a function."""
    root = np.sqrt(np.maximum(x, 0.0) / scale)
    with np.errstate(divide="ignore"):
        return np.asarray((root - 1 / root) / shape)


def _profile_slopes(sample: Sample, u: float) -> tuple[float, float]:
    """First and second derivative by u of the log-likelihood at scale = exp(u) and the best shape for it."""
    scale = math.exp(u)

    def functions(x: Array) -> tuple[Array, ...]:
        z = x / scale
        share = 1 / (1 + z)
        return np.square(z - 1) / z, (1 - z) * (1 + z) / z, share, share * (1 - share)

    spread, slope, share, share_slope = means_of(sample, functions).tolist()
    ratio = slope / spread
    return share - 0.5 - 0.5 * ratio, share_slope - 0.5 * ((spread + 2) / spread - ratio * ratio)
