"""The skew-normal law."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family, Limit, Parameter
from mle_toolkit.families.domain import POSITIVE, REAL

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_ROOT_TWO = math.sqrt(2)
_ROOT_TWO_PI = math.sqrt(2 * math.pi)
_ROOT_TWO_OVER_PI = math.sqrt(2 / math.pi)
_HALF_LOG_TWO_OVER_PI = 0.5 * math.log(2 / math.pi)
_DEEP = -8.0
"""Below this the ratio of density to distribution function loses digits to the exponential, exp(-u²/2)."""

_HOPELESS = 10.0
"""Nats by which a start of the wrong sign must fall short for the climb from it to be spared."""

_SHAPES = (0.7, 1.5, 3.0, 6.0, 15.0)
"""Sizes of alpha among which a start is chosen."""


class SkewNormal(Family):
    r"""A normal law leaning to one side, the right if ``alpha`` is positive; normal for ``alpha`` = 0.

    .. math:: \log f(x) = \log\frac{2}{\omega} + \log\varphi(z) + \log\Phi(\alpha z), \quad z = (x - \xi)/\omega

    Source: Azzalini (1985), Scandinavian Journal of Statistics 12, 171-178; Azzalini & Capitanio (2014), The
    Skew-Normal and Related Families, ch. 2-3. Here ``loc`` is ξ and ``scale`` ω. The information is singular at
    alpha = 0, where loc and alpha do the same to first order. With a positive probability, large in small samples, the
    maximum is at alpha = ±∞: a half-normal law whose threshold is the smallest (largest) observation.
    """

    name = "skew_normal"
    aliases = ("skewnorm",)
    support = REAL
    parameters = (
        Parameter("loc", REAL, typical=(-5.0, 5.0), role="location"),
        Parameter("scale", POSITIVE, typical=(0.1, 10.0), role="scale"),
        Parameter("alpha", REAL, typical=(1.0, 8.0)),
    )

    def logpdf(self, x: Array, loc: Array, scale: Array, alpha: Array) -> Array:
        """Log-density at x."""
        z = (x - loc) / scale
        return np.asarray(_log_cdf(alpha * z) - 0.5 * z * z - np.log(scale) + _HALF_LOG_TWO_OVER_PI)

    def score(self, x: Array, loc: Array, scale: Array, alpha: Array) -> tuple[Array, ...]:
        """Derivatives by loc, scale and alpha."""
        z = (x - loc) / scale
        ratio = _mills(alpha * z)
        fall = z - alpha * ratio
        return fall / scale, (z * fall - 1) / scale, z * ratio

    def hessian(self, x: Array, loc: Array, scale: Array, alpha: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        z = (x - loc) / scale
        u = alpha * z
        ratio = _mills(u)
        slope = -ratio * (u + ratio)  # of the ratio
        fall = z - alpha * ratio
        bend = np.square(alpha) * slope - 1
        mixed = ratio + u * slope
        square = np.square(scale)
        both = z * bend - fall
        return (
            bend / square,
            both / square,
            -mixed / scale,
            (1 + z * (both - fall)) / square,
            -z * mixed / scale,
            z * z * slope,
        )

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The best fit of mean and variance among several alphas of each sign; of one sign where that is clear."""
        mean, spread = sample.mean(), math.sqrt(sample.var())
        best: list[tuple[float, tuple[Any, ...]]] = []
        for sign in (1.0, -1.0):
            scored = []
            for size in _SHAPES:
                delta = sign * size / math.hypot(1.0, size)
                scale = spread / math.sqrt(1 - 2 / math.pi * delta**2)
                params: tuple[Any, ...] = (mean - scale * delta * _ROOT_TWO_OVER_PI, scale, sign * size)
                scored.append((sample.mean(lambda x: self.logpdf(x, *params)), params))  # noqa: B023
            best.append(max(scored))
        first, second = sorted(best, reverse=True)
        clear = (first[0] - second[0]) * sample.nobs > _HOPELESS
        return [first[1]] if clear else [first[1], second[1]]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """A half-normal law with a threshold, as alpha goes to either infinity."""
        return (
            Limit(_half_normal(1.0), lambda loc, scale: (loc, scale, np.inf)),
            Limit(_half_normal(-1.0), lambda loc, scale: (loc, scale, -np.inf)),
        )

    def mean(self, loc: Array, scale: Array, alpha: Array) -> Array:
        """Expected value."""
        return np.asarray(loc + scale * _ROOT_TWO_OVER_PI * alpha / np.hypot(1.0, alpha))

    def var(self, loc: Array, scale: Array, alpha: Array) -> Array:
        """Variance."""
        return np.asarray(np.square(scale) * (1 - 2 / math.pi * np.square(alpha / np.hypot(1.0, alpha))))

    def to_scipy(self, loc: float, scale: float, alpha: float) -> Any:
        """``scipy.stats.skewnorm(alpha, loc, scale)``."""
        from scipy import stats

        return stats.skewnorm(alpha, loc, scale)


def _mills(u: Array) -> Array:
    """phi(u)/Phi(u), without under- or overflow: the scaled complementary error function has no exponential in it."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # in the far lower tail, replaced below
        ratio = np.exp(-0.5 * u * u) / (_ROOT_TWO_PI * special.ndtr(u))
    deep = u < _DEEP
    if np.any(deep):
        ratio = np.where(deep, _ROOT_TWO_OVER_PI / special.erfcx(u / -_ROOT_TWO), ratio)
    return np.asarray(ratio)


def _log_cdf(u: Array) -> Array:
    """Log Phi(u), from Phi where that has all digits, which takes half the time."""
    deep = u < _DEEP
    if np.any(deep):
        return np.asarray(special.log_ndtr(u))
    return np.asarray(np.log(special.ndtr(u)))


@cache
def _half_normal(sign: float) -> Family:
    """The half-normal law above (below, for a negative sign) a threshold: the skew-normal's limit."""

    def logpdf(x: Array, loc: Array, scale: Array) -> Array:
        z = sign * (x - loc) / scale
        return np.where(z >= 0, _HALF_LOG_TWO_OVER_PI - np.log(scale) - 0.5 * z * z, -np.inf)

    def score(x: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        z = (x - loc) / scale
        return z / scale, (z * z - 1) / scale

    def from_sample(sample: Sample) -> tuple[float, float]:
        end = sample.minimum if sign > 0 else sample.maximum
        return end, math.sqrt(sample.mean(lambda x: np.square(x - end)))

    def to_scipy(loc: float, scale: float) -> Any:
        from scipy import stats

        if sign > 0:
            return stats.halfnorm(loc, scale)
        return stats.truncnorm(-np.inf, 0.0, loc, scale)

    return Family.from_logpdf(
        logpdf,
        (Parameter("loc", REAL, role="location", regular=False), Parameter("scale", POSITIVE, role="scale")),
        REAL,
        name=f"half-normal {'above' if sign > 0 else 'below'} a threshold",
        score=score,
        from_sample=from_sample,
        to_scipy=to_scipy,
    )
