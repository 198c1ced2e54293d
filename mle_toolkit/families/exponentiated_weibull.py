"""The exponentiated Weibull law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.special import log1mexp, log1mexp_exp
from mle_toolkit.families.standardised import LogScale, best_starts, matched

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_FAR = 37.0
"""From here on exp(-w) is below the rounding of 1."""

_EXPONENTS = (0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
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
    parameters = (
        Parameter("a", POSITIVE, typical=(0.5, 3.0)),
        Parameter("c", POSITIVE, typical=(0.8, 4.0)),
        Parameter("scale", POSITIVE, typical=(0.1, 10.0), role="scale"),
    )

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
        # Far up S is a exp(-w), of which no slope is left in F.
        far = w > _FAR
        return (by_a, by_c), (np.where(far, 1 / a, -by_a * odds), np.where(far, -z * w, -by_c * odds))

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

    def to_scipy(self, a: float, c: float, scale: float) -> Any:
        """``scipy.stats.exponweib(a, c, scale=scale)``."""
        from scipy import stats

        return stats.exponweib(a, c, scale=scale)

    @staticmethod
    def from_scipy(a: float, c: float, loc: float, scale: float) -> dict[str, Any] | None:
        """Parameters of ``scipy.stats.exponweib(a, c, loc, scale)``; None but for loc = 0."""
        return {"a": a, "c": c, "scale": scale} if loc == 0 else None
