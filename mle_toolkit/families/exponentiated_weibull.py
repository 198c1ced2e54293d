"""The exponentiated Weibull law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Chart, Limit, SpecialCase
from mle_toolkit.families.special import log1mexp, log1mexp_exp
from mle_toolkit.families.standardised import LogScale, best_starts, matched

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_FAR = 37.0
"""From here on exp(-w) is below the rounding of 1."""

_EXPONENTS = (0.1, 0.3, 1.0, 3.0, 10.0, 100.0, 1e5, 1e10, 1e20, 1e40)
"""Values of a from which the likelihood is climbed, the best two of them."""


class ExponentiatedWeibull(LogScale):
    r"""Lifetime of the last of ``a`` Weibull parts to fail; its hazard may have the shape of a bathtub or of a hill.

    .. math:: \log f(x) = \log\frac{ac}{s} + (c - 1)\log z - z^c + (a - 1)\log(1 - e^{-z^c}), \quad z = x/s

    Source: Mudholkar & Srivastava (1993), IEEE Transactions on Reliability 42, 299-302. Weibull for a = 1. As a → ∞ and
    c → 0 with c log(a) constant the law tends to the Fréchet law, slowly; as a → 0 and c → ∞ with ac = b, to the power
    law of index b up to scale.
    """

    name = "exponentiated_weibull"
    aliases = ("exponweib", "exp_weibull")
    support = POSITIVE
    parameters = (Parameter("a", POSITIVE, typical=(0.5, 3.0)), Parameter("c", POSITIVE, typical=(0.8, 4.0)), SCALE)
    in_scipy = InScipy("exponweib", "a", "c", scale="scale")

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of t = log(x/scale)."""
        a, c = shapes
        u = c * z
        return np.asarray(np.log(a) + np.log(c) + u - np.exp(u) + (a - 1) * log1mexp_exp(u))

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by t, a and c."""
        a, c = shapes
        u = c * z
        w = np.exp(u)
        pull = 1 - w + (a - 1) / special.exprel(w)
        return c * pull, 1 / a + log1mexp_exp(u), 1 / c + z * pull

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        a, c = shapes
        u = c * z
        w = np.exp(u)
        ratio = 1 / special.exprel(w)  # w / (exp(w) - 1), the derivative of log(1 - exp(-w)) by u
        pull = 1 - w + (a - 1) * ratio
        bend = -w + (a - 1) * (ratio - ratio / special.exprel(-w))
        by_a = np.broadcast_to(-1 / np.square(a), np.shape(u))
        return c * c * bend, c * ratio, pull + u * bend, by_a, z * ratio, -1 / np.square(c) + z * z * bend

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        a, c = shapes
        w = np.exp(c * z)
        below = log1mexp_exp(c * z)
        log_fall = np.where(w > _FAR, -w, np.log(-below))
        return a * below, log1mexp_exp(np.log(a) + log_fall)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by a and c."""
        a, c = shapes
        below, above = self.reduced_tails(z, *shapes)
        w = np.exp(c * z)
        by_a, by_c = log1mexp_exp(c * z), a * z / special.exprel(w)
        odds = np.exp(below - above)
        # Far up F is exp(-v), v = a exp(-w), of which no slope may be left in F.
        far, few = w > _FAR, special.exprel(np.exp(np.minimum(np.log(a) - w, _FAR * _FAR)))
        return (by_a, by_c), (np.where(far, 1 / (a * few), -by_a * odds), np.where(far, -z * w / few, -by_c * odds))

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of t."""
        a, c = shapes
        below = log_p / a
        return np.asarray(np.where(below < -_FAR, below, np.log(-log1mexp(below))) / c)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """For several a, the law whose log has the mean and the variance of the logs; the best two."""
        logs = sample.with_values(np.log(sample.x), sample.weight)
        starts: list[tuple[float, ...]] = []
        for a in _EXPONENTS:
            middle, spread = matched(self, logs, (a, 1.0))
            starts.append((a, 1 / spread, math.exp(middle)))
        return best_starts(sample, self.logpdf, starts)

    @property
    def chart(self) -> Chart:
        """Parameters in which the law tends to its limits straight on."""
        return Chart(_Straight(), _to_declared, _to_straight, _slopes_of_declared)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The Fréchet law as a → ∞ and c → 0, the power law as a → 0 and c → ∞."""
        return (
            Limit(get_family("frechet"), lambda shape, scale: (np.inf, 0.0, 0.0)),
            Limit(get_family("power"), lambda shape, scale: (0.0, np.inf, scale)),
        )

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Weibull where a is 1."""
        return (SpecialCase(get_family("weibull"), lambda shape, scale: (1.0, shape, scale), at=("a",)),)


def _to_declared(a: float, index: float, middle: float) -> tuple[float, float, float]:
    """The parameters declared; near the Fréchet law the scale leaves the doubles."""
    with np.errstate(all="ignore"):
        width = np.log1p(np.float64(a))
        return a, float(index / width), float(np.exp(np.log(middle) - np.log(width) * width / index))


def _to_straight(a: float, c: float, scale: float) -> tuple[float, float, float]:
    """A, index and middle."""
    with np.errstate(all="ignore"):
        width = np.log1p(np.float64(a))
        return a, float(c * width), float(np.exp(np.log(scale) + np.log(width) / c))


def _slopes_of_declared(a: float, index: float, middle: float) -> Array:
    """Derivatives of the parameters declared, in rows, by the others."""
    width, by_a = math.log1p(a), 1 / (1 + a)
    scale, log_width = _to_declared(a, index, middle)[2], math.log(width)
    return np.array(
        [
            [1.0, 0.0, 0.0],
            [-index * by_a / width**2, 1 / width, 0.0],
            [-scale * (1 + log_width) * by_a / index, scale * log_width * width / index**2, scale / middle],
        ]
    )


class _Straight(LogScale):
    r"""The law with its index and its middle for c and scale, in which likelihoods are maximised.

    .. math:: c = b/m, \quad \log s = \log q - \frac{m}{b} \log m, \quad m = \log(1 + a)

    so that :math:`\log z^c = (b/m) \log(x/q) + \log m`: as a → ∞ it is the Fréchet law of shape b and scale q, and as
    a → 0 the power law of index b up to q.
    """

    support = POSITIVE

    def __init__(self) -> None:
        super().__init__()
        self.name = "exponentiated_weibull"  # of the class it would be that of the registry
        self.parameters = (
            Parameter("a", POSITIVE),
            Parameter("index", POSITIVE),
            Parameter("middle", POSITIVE, role="scale"),
        )

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of t = log(x/middle)."""
        a, index = shapes
        c, t = _of_declared(z, a, index)
        return _WEIBULL.reduced(t, a, c)

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by t, a and index."""
        a, index = shapes
        width, by_a = np.log1p(a), 1 / (1 + a)
        c, t = _of_declared(z, a, index)
        pull, own_a, _ = _WEIBULL.reduced_slopes(t, a, c)
        pull = pull / c
        moved = by_a * (1 / width - c * z / width)
        return c * pull, own_a - by_a / width + pull * moved, 1 / index + pull * z / width

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        a, index = shapes
        width, by_a = np.log1p(a), 1 / (1 + a)
        c, t = _of_declared(z, a, index)
        pull = _WEIBULL.reduced_slopes(t, a, c)[0] / c
        bend, ratio, _, own_aa, *_ = _WEIBULL.reduced_bends(t, a, c)
        bend, ratio = bend / (c * c), ratio / c
        moved = by_a * (1 / width - c * z / width)
        moved_twice = -by_a * moved + np.square(by_a / width) * (2 * c * z - 1)
        c_by_a, z_by_index = -c * by_a / width, z / width
        return (
            c * c * bend,
            c_by_a * pull + c * (bend * moved + ratio),
            pull / width + c * bend * z_by_index,
            own_aa
            + by_a**2 / width
            + np.square(by_a / width)
            + 2 * ratio * moved
            + bend * moved**2
            + pull * moved_twice,
            ratio * z_by_index + bend * moved * z_by_index - pull * z_by_index * by_a / width,
            -1 / np.square(index) + bend * np.square(z_by_index),
        )

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        a, index = shapes
        c, t = _of_declared(z, a, index)
        return _WEIBULL.reduced_tails(t, a, c)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by a and index."""
        a, index = shapes
        width, by_a = np.log1p(a), 1 / (1 + a)
        c, t = _of_declared(z, a, index)
        moved = by_a * (1 / width - c * z / width)
        tails = _WEIBULL.reduced_tails(t, a, c)
        log_f = _WEIBULL.reduced(t, a, c) - np.log(c)  # the density of log z^c
        slopes = []
        for sign, tail, (own_a, _) in zip((1, -1), tails, _WEIBULL.reduced_tail_slopes(t, a, c), strict=True):
            pull = sign * np.exp(log_f - tail)
            slopes.append((own_a + pull * moved, pull * z / width))
        return slopes[0], slopes[1]

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of t."""
        a, index = shapes
        c, shift = _of_declared(np.asarray(0.0), a, index)
        return np.asarray(_WEIBULL.reduced_quantile(log_p, log_q, a, c) - shift)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Those of the law in its own parameters."""
        return [_to_straight(*params) for params in _WEIBULL.start(sample)]


def _of_declared(z: Array, a: Array, index: Array) -> tuple[Array, Array]:
    """C, and log(x/scale) for z = log(x/middle)."""
    width = np.log1p(a)
    c = index / width
    return c, np.asarray(z + np.log(width) / c)


_WEIBULL = ExponentiatedWeibull()
