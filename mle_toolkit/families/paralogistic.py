"""The paralogistic law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.special import log1mexp_exp, log_gamma_bend, log_softplus, log_softplus_slope, softplus
from mle_toolkit.families.standardised import LogScale, matched

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class Paralogistic(LogScale):
    r"""Claim: the Burr XII law whose two shapes are equal; tail index ``shape``².

    .. math:: \log f(x) = 2\log a - \log x + a\log(x/s) - (a + 1)\log\bigl(1 + (x/s)^a\bigr)

    Source: Klugman, Panjer & Willmot (2012), Loss Models, appendix A.2.2.
    """

    name = "paralogistic"
    aliases = ("paralogis",)
    by_number = ("mean", "var")
    support = POSITIVE
    parameters = (Parameter("shape", POSITIVE, typical=(0.7, 6.0)), SCALE)

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of t = log(x/scale)."""
        (a,) = shapes
        return np.asarray(2 * np.log(a) - a * softplus(a * z) - softplus(-a * z))

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by t and shape."""
        (a,) = shapes
        u = a * z
        pull = special.expit(-u) - a * special.expit(u)
        return a * pull, 2 / a - softplus(u) + z * pull

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        (a,) = shapes
        u = a * z
        share, rest = special.expit(u), special.expit(-u)
        pull, bend = rest - a * share, -(a + 1) * share * rest
        return a * a * bend, pull + u * bend - a * share, -2 / np.square(a) - 2 * z * share + z * z * bend

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        (a,) = shapes
        return log1mexp_exp(np.log(a) + log_softplus(a * z)), -a * softplus(a * z)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by shape."""
        (a,) = shapes
        soft = softplus(a * z)
        above = -(soft + a * z * special.expit(a * z))
        return ((1 / a + z * log_softplus_slope(a * z)) / special.exprel(a * soft),), (above,)

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of t."""
        (a,) = shapes
        return np.asarray(np.log(np.expm1(-log_q / a)) / a)

    def start(self, sample: Sample) -> tuple[float, float]:
        """The shape by the deviation of the logs, about that of a log-logistic law; the scale by their mean."""
        logs = sample.with_values(np.log(sample.x), sample.weight)
        shape = math.pi / math.sqrt(3 * logs.var())
        return shape, math.exp(matched(self, logs, (shape,))[0])

    def mean(self, shape: Any, scale: Any) -> Any:
        """Mean: scale shape B(shape - 1/shape, 1 + 1/shape); infinite for shape <= 1."""
        return scale * shape * float(special.beta(shape - 1 / shape, 1 + 1 / shape)) if shape > 1 else np.inf

    def var(self, shape: Any, scale: Any) -> Any:
        """Variance; infinite for shape² <= 2."""
        if shape * shape <= 2:
            return np.inf
        bend = log_gamma_bend(1.0, 1 / shape) + log_gamma_bend(shape, -1 / shape)
        return -(scale**2) * shape * float(special.beta(shape - 2 / shape, 1 + 2 / shape) * np.expm1(-bend))

    def entropy(self, shape: Array, scale: Array) -> Array:
        """Entropy, nats: that of the Burr XII law."""
        mean_log = special.psi(1.0) - special.psi(shape)  # of shape log(x/scale)
        return np.asarray(1 + 1 / shape - 2 * np.log(shape) + np.log(scale) + (1 / shape - 1) * mean_log)

    def to_scipy(self, shape: float, scale: float) -> Any:
        """``scipy.stats.burr12(shape, shape, scale=scale)``."""
        from scipy import stats

        return stats.burr12(shape, shape, scale=scale)
