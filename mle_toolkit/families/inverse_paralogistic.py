"""The inverse paralogistic law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.expectations import BetaPrimePower
from mle_toolkit.families.maps import RECIPROCAL
from mle_toolkit.families.paralogistic import Paralogistic
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image
from mle_toolkit.families.special import log1mexp_exp, log_gamma_bend, log_softplus, log_softplus_slope, softplus
from mle_toolkit.families.standardised import LogScale

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class InverseParalogistic(LogScale):
    r"""Claim: Dagum's law whose two shapes are equal; 1/x is paralogistic, tail index ``shape``.

    .. math:: \log f(x) = 2\log a - \log x + a^2\log(x/s) - (a + 1)\log\bigl(1 + (x/s)^a\bigr)

    Source: Klugman, Panjer & Willmot (2012), Loss Models, appendix A.2.3.
    """

    name = "inverse_paralogistic"
    aliases = ("invparalogis",)
    by_number = ("mean", "var")
    support = POSITIVE
    parameters = (Parameter("shape", POSITIVE, typical=(0.7, 6.0)), SCALE)

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of t = log(x/scale)."""
        (a,) = shapes
        return np.asarray(2 * np.log(a) - a * softplus(-a * z) - softplus(a * z))

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by t and shape."""
        (a,) = shapes
        u = a * z
        pull = a * special.expit(-u) - special.expit(u)
        return a * pull, 2 / a - softplus(-u) + z * pull

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        (a,) = shapes
        u = a * z
        share, rest = special.expit(u), special.expit(-u)
        pull, bend = a * rest - share, -(a + 1) * share * rest
        return a * a * bend, pull + u * bend + a * rest, -2 / np.square(a) + 2 * z * rest + z * z * bend

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        (a,) = shapes
        return -a * softplus(-a * z), log1mexp_exp(np.log(a) + log_softplus(-a * z))

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by shape."""
        (a,) = shapes
        soft = softplus(-a * z)
        below = -(soft - a * z * special.expit(-a * z))
        return (below,), ((1 / a - z * log_softplus_slope(-a * z)) / special.exprel(a * soft),)

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of t."""
        (a,) = shapes
        return np.asarray(-np.log(np.expm1(-log_p / a)) / a)

    def start(self, sample: Sample) -> tuple[float, float]:
        """That of the paralogistic law for 1/x."""
        shape, scale = Paralogistic().start(sample.with_values(1 / sample.x, sample.weight))
        return shape, 1 / scale

    @property
    def images(self) -> tuple[Image, ...]:
        """The paralogistic law of 1/x."""
        return (Image(get_family("paralogistic"), lambda shape, scale: (shape, 1 / scale), RECIPROCAL),)

    def mean(self, shape: Any, scale: Any) -> Any:
        """Mean: scale shape B(shape + 1/shape, 1 - 1/shape); infinite for shape <= 1."""
        return scale * shape * float(special.beta(shape + 1 / shape, 1 - 1 / shape)) if shape > 1 else np.inf

    def var(self, shape: Any, scale: Any) -> Any:
        """Variance; infinite for shape <= 2."""
        if shape <= 2:
            return np.inf
        bend = log_gamma_bend(shape, 1 / shape) + log_gamma_bend(1.0, -1 / shape)
        return -(scale**2) * shape * float(special.beta(shape + 2 / shape, 1 - 2 / shape) * np.expm1(-bend))

    def entropy(self, shape: Array, scale: Array) -> Array:
        """Entropy, nats: that of Dagum's law."""
        shape = np.asarray(shape)
        mean_log = special.psi(shape) - special.psi(1.0)  # of shape log(x/scale)
        return np.asarray(1 + 1 / shape - 2 * np.log(shape) + np.log(scale) + (1 + 1 / shape) * mean_log)

    def power_of(self, shape: float, scale: float) -> BetaPrimePower:
        """A power of x is the ratio of a gamma to an exponential variable."""
        return BetaPrimePower(shape, 1.0, shape, scale)

    def to_scipy(self, shape: float, scale: float) -> Any:
        """``scipy.stats.burr(shape, shape, scale=scale)``."""
        from scipy import stats

        return stats.burr(shape, shape, scale=scale)
