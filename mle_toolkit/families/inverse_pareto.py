"""The inverse Pareto law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import BetaPrimePower
from mle_toolkit.families.lomax import Lomax
from mle_toolkit.families.maps import RECIPROCAL
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image, Limit
from mle_toolkit.families.special import log1mexp_exp, log_softplus, softplus
from mle_toolkit.families.standardised import LogScale

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class InversePareto(LogScale):
    r"""Claim without a mean: 1/x is Lomax; tail index 1, and as x → 0 the cdf falls as the power ``shape``.

    .. math:: \log f(x) = \log\frac{k}{s} + (k - 1)\log\frac{x}{s} - (k + 1)\log\Bigl(1 + \frac{x}{s}\Bigr)

    Source: Klugman, Panjer & Willmot (2012), Loss Models, appendix A.2.3. Route to the maximum: that of the Lomax law
    for 1/x. As the shape k grows with scale = b/k the law tends to the inverse exponential law of scale b.
    """

    name = "inverse_pareto"
    aliases = ("invpareto", "inverse_lomax")
    support = POSITIVE
    parameters = (Parameter("shape", POSITIVE, typical=(0.5, 3.0)), SCALE)

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of t = log(x/scale)."""
        (k,) = shapes
        return np.asarray(np.log(k) - softplus(z) - k * softplus(-z))

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by t and shape."""
        (k,) = shapes
        return k * special.expit(-z) - special.expit(z), 1 / k - softplus(-z)

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        (k,) = shapes
        share, rest = special.expit(z), special.expit(-z)
        return -(k + 1) * share * rest, rest, np.broadcast_to(-1 / np.square(k), np.shape(z))

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        (k,) = shapes
        return -k * softplus(-z), log1mexp_exp(np.log(k) + log_softplus(-z))

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by shape."""
        (k,) = shapes
        fall = softplus(-z)
        return (-fall,), (fall / np.expm1(k * fall),)

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of t."""
        hazard = -log_p / shapes[0]
        return np.asarray(-hazard - np.log(-np.expm1(-hazard)))

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """That of the Lomax law for 1/x."""
        shape, scale = Lomax().from_sample(sample.mapped(np.reciprocal))
        return shape, 1 / scale

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """Those of the Lomax law for 1/x."""
        return [(shape, 1 / scale) for shape, scale in Lomax().start(sample.mapped(np.reciprocal))]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The inverse exponential law as the shape grows."""
        return (Limit(get_family("inverse_exponential"), lambda scale: (np.inf, 0.0)),)

    @property
    def images(self) -> tuple[Image, ...]:
        """The Lomax law of 1/x; Dagum's of c = 1."""
        return (
            Image(get_family("lomax"), lambda shape, scale: (shape, 1 / scale), RECIPROCAL),
            Image(get_family("dagum"), lambda shape, scale: (shape, 1.0, scale), at=("c",)),
        )

    def mean(self, shape: Array, scale: Array) -> Array:
        """Infinite."""
        return np.full(np.broadcast(shape, scale).shape, np.inf)

    def var(self, shape: Array, scale: Array) -> Array:
        """Infinite."""
        return self.mean(shape, scale)

    def entropy(self, shape: Array, scale: Array) -> Array:
        """Entropy, nats: that of the Lomax law of 1/x, and twice the expected log of x."""
        return np.asarray(
            1 + 1 / np.asarray(shape) - np.log(shape) + np.log(scale) + 2 * (special.psi(shape) + np.euler_gamma)
        )

    def power_of(self, shape: float, scale: float) -> BetaPrimePower:
        """The ratio of a gamma to an exponential variable."""
        return BetaPrimePower(shape, 1.0, 1.0, scale)

    def to_scipy(self, shape: float, scale: float) -> Any:
        """``scipy.stats.burr(1, shape, scale=scale)``."""
        from scipy import stats

        return stats.burr(1.0, shape, scale=scale)
