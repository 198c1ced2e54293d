"""The asymmetric Laplace law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.gev import exponential_beyond
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.special import softplus
from mle_toolkit.families.standardised import LocationScale

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class AsymmetricLaplace(LocationScale):
    r"""Returns and errors with a sharp peak: exponential on either side of ``loc``, with different rates.

    .. math:: \log f(x) = -\log s - \log(\kappa + 1/\kappa) - \begin{cases} \kappa z, & z \ge 0 \\ -z/\kappa, & z < 0
        \end{cases}, \quad z = (x - m)/s

    Source: Kotz, Kozubowski & Podgórski (2001), The Laplace Distribution and Generalizations, ch. 3. Laplace for kappa
    = 1; as kappa → 0 an exponential law above a threshold, as kappa → ∞ below an upper end. Route to the maximum (sec.
    3.5): with a and b the mean excesses above and below ``loc`` it is where √a + √b is least, at an observation, and
    kappa² = √(b/a). The quantile at which ``loc`` stands is kappa²/(1 + kappa²). The density has a kink there, and the
    estimate of ``loc`` is correlated with the others, so the information gives no standard errors.
    """

    name = "asymmetric_laplace"
    aliases = ("laplace_asymmetric", "alaplace", "ald")
    support = REAL
    only_if_asked = "tries its kink at observations one by one where data are censored, so only if asked for"
    parameters = (
        Parameter("loc", REAL, typical=(-5.0, 5.0), role="location", regular=False),
        SCALE,
        Parameter("kappa", POSITIVE, typical=(0.4, 2.5)),
    )
    in_scipy = InScipy("laplace_asymmetric", "kappa", loc="loc", scale="scale")

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        (kappa,) = shapes
        log_k = np.log(kappa)
        return np.asarray(-np.logaddexp(log_k, -log_k) - _pull(z, kappa) * z)

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by z, 0 at the kink, and kappa."""
        (kappa,) = shapes
        tilt = np.tanh(np.log(kappa)) / kappa
        return np.where(z == 0, 0.0, -_pull(z, kappa)), -tilt - np.where(z > 0, z, z / np.square(kappa))

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives, away from the kink."""
        (kappa,) = shapes
        square = np.square(kappa)
        bend = (np.square(square) - 4 * square - 1) / np.square(kappa * (square + 1))
        mixed = np.where(z == 0, 0.0, -np.where(z > 0, 1.0, 1 / square))
        return np.zeros_like(z), mixed, bend + np.where(z > 0, 0.0, 2 * z / (kappa * square))

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        (kappa,) = shapes
        below, above = np.minimum(z, 0.0) / kappa - softplus(-2 * np.log(kappa)), -np.maximum(z, 0.0) * kappa
        above = above - softplus(2 * np.log(kappa))
        with np.errstate(divide="ignore"):
            return np.where(z < 0, below, np.log1p(-np.exp(above))), np.where(z < 0, np.log1p(-np.exp(below)), above)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by kappa."""
        (kappa,) = shapes
        square = np.square(kappa)
        below = 2 / (kappa * (1 + square)) - np.minimum(z, 0.0) / square
        above = -2 * kappa / (1 + square) - np.maximum(z, 0.0)
        low, high = self.reduced_tails(z, kappa)
        with np.errstate(over="ignore"):
            return (np.where(z < 0, below, -above * np.exp(high - low)),), (
                np.where(z < 0, -below * np.exp(low - high), above),
            )

    def sf_expansion(
        self, x: Array, loc: Array, scale: Array, kappa: Array
    ) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log of the survival function, its derivatives and second derivatives: of its own line above, of F below."""
        z, square = (x - loc) / scale, np.square(kappa)
        inverse, root = 1 / kappa, kappa * scale
        low = np.minimum(z, 0.0)
        value = np.where(z < 0, low * inverse - np.log1p(1 / square), -np.maximum(z, 0.0) * kappa - np.log1p(square))
        first = (
            np.where(z < 0, -1 / root, kappa / scale),
            np.where(z < 0, -z / root, kappa * z / scale),
            np.where(z < 0, -z / square + 2 / (kappa * (1 + square)), -z - 2 * kappa / (1 + square)),
        )
        with np.errstate(divide="ignore"):
            odds = np.where(z < 0, 1 / np.expm1(-np.where(z < 0, value, -1.0)), 0.0)
            value = np.where(z < 0, np.log1p(-np.exp(value)), value)
        both = square * np.square(1 + square)
        second = (
            np.zeros_like(z),
            np.where(z < 0, 1 / (root * scale), -kappa / np.square(scale)),
            np.where(z < 0, 1 / (root * kappa), 1 / scale),
            np.where(z < 0, 2 * z / (root * scale), -2 * kappa * z / np.square(scale)),
            np.where(z < 0, z / (root * kappa), z / scale),
            np.where(z < 0, 2 * z / (square * kappa) - 2 * (1 + 3 * square) / both, -2 * square * (1 - square) / both),
        )
        pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
        turned = np.where(z < 0, -odds, 1.0)  # log S is log(1 - F) below
        bends = (turned * b - odds * (1 + odds) * first[j] * first[k] for b, (j, k) in zip(second, pairs, strict=True))
        return value, tuple(turned * slope for slope in first), tuple(bends)

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of z."""
        (kappa,) = shapes
        low, high = log_p + softplus(-2 * np.log(kappa)), log_q + softplus(2 * np.log(kappa))
        return np.asarray(np.where(low < 0, low * kappa, -high / kappa))

    def from_sample(self, sample: Sample) -> tuple[float, float, float]:
        """The observation, but for the outer two, at which √a + √b is least."""
        x, where = np.unique(sample.x, return_inverse=True)
        if len(x) < 3:
            raise DegenerateDataError(f"asymmetric_laplace: {len(x)} distinct values; at least 3 are needed.")
        share = np.bincount(where, sample.weight) / sample.nobs
        away = x - sample.mean()
        below, sums = np.cumsum(share), np.cumsum(share * away)
        low = np.maximum(below * away - sums, 0.0)  # mean of max(x_k - x, 0)
        high = low - away  # as the mean of `away` is 0
        total = np.sqrt(low) + np.sqrt(np.maximum(high, 0.0))
        k = 1 + int(np.argmin(total[1:-1]))
        a, b = float(high[k]), float(low[k])
        return float(x[k]), (a * b) ** 0.25 * float(total[k]), (b / a) ** 0.25

    def start(self, sample: Sample) -> tuple[float, float, float]:
        """That maximum, of points that stand for intervals."""
        return self.from_sample(sample)

    def has_kinks(self, *params: Any) -> bool:
        """At loc."""
        return True

    def falls(self, loc: Any, scale: Any, kappa: Any) -> tuple[Array, Array]:
        """By 1/kappa a scale below, and by kappa above."""
        return np.asarray(1 / (np.asarray(kappa) * scale)), np.asarray(np.asarray(kappa) / scale)

    def irregular(self, loc: Any, scale: Any, kappa: Any) -> tuple[str, ...]:
        """All parameters."""
        return self.param_names

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Exponential laws beyond a threshold, on either side."""
        return (
            Limit(exponential_beyond(1.0), lambda threshold, scale: (threshold, 0.0, 0.0)),
            Limit(exponential_beyond(-1.0), lambda upper, scale: (upper, 0.0, np.inf)),
        )

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Laplace where kappa is 1."""
        return (SpecialCase(get_family("laplace"), lambda loc, scale: (loc, scale, 1.0), at=("kappa",)),)

    def mean(self, loc: Array, scale: Array, kappa: Array) -> Array:
        """Expected value: loc + scale (1/kappa - kappa)."""
        return np.asarray(loc + scale * (1 / np.asarray(kappa) - kappa))

    def var(self, loc: Array, scale: Array, kappa: Array) -> Array:
        """Variance: scale² (1/kappa² + kappa²)."""
        square = np.square(kappa)
        return np.asarray(np.square(scale) * (1 / square + square) + 0 * np.asarray(loc))

    def entropy(self, loc: Array, scale: Array, kappa: Array) -> Array:
        """Entropy, nats: 1 + log(scale (kappa + 1/kappa))."""
        return np.asarray(1 + np.log(scale * (1 / np.asarray(kappa) + kappa)) + 0 * np.asarray(loc))

    def rvs(self, loc: Array, scale: Array, kappa: Array, size: Any, rng: Any) -> Array:
        """Difference of two exponential variables."""
        z = rng.standard_exponential(size) / kappa - rng.standard_exponential(size) * kappa
        return np.asarray(loc + scale * z)


def _pull(z: Array, kappa: Array) -> Array:
    """How fast the log-density falls upwards: kappa, and below the kink rises by 1/kappa."""
    return np.where(np.asarray(z) < 0, -1 / np.asarray(kappa), kappa)
