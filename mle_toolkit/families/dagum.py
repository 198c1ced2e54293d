"""The Dagum law: the inverse Burr law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.burr12 import Burr12
from mle_toolkit.families.domain import POSITIVE
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.maps import RECIPROCAL
from mle_toolkit.families.parameters import SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Image, Limit, SpecialCase
from mle_toolkit.families.special import log1mexp_exp, log_gamma_bend, log_softplus, log_softplus_slope, softplus
from mle_toolkit.families.standardised import LogScale

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class Dagum(LogScale):
    r"""Income: 1/x is Burr XII; tail index ``c``, and as x → 0 the cdf falls as the power ``k c``; k = 1: log-logistic.

    .. math:: \log f(x) = \log(kc/s) - (c + 1)\log(x/s) - (k + 1)\log\bigl(1 + (x/s)^{-c}\bigr)

    Source: Dagum (1977), Économie Appliquée 30, 413-437; Kleiber & Kotz (2003), Statistical Size Distributions in
    Economics and Actuarial Sciences, sec. 6.3. As k grows with scale = b k^(-1/c) the law tends to the Fréchet law of
    shape c and scale b; as k → 0 and c → ∞ with kc = a, to the power law of index a up to scale.
    """

    name = "dagum"
    by_number = ("mean", "var")
    aliases = ("burr", "burr3", "burr_iii", "inverse_burr", "invburr", "dagum_i")
    support = POSITIVE
    parameters = (Parameter("k", POSITIVE, typical=(0.5, 3.0)), Parameter("c", POSITIVE, typical=(0.8, 4.0)), SCALE)
    in_scipy = InScipy("burr", "c", "k", scale="scale")

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of t = log(x/scale)."""
        k, c = shapes
        u = c * z
        return np.asarray(np.log(k) + np.log(c) - softplus(u) - k * softplus(-u))

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by t, k and c."""
        k, c = shapes
        u = c * z
        pull = k * special.expit(-u) - special.expit(u)
        return c * pull, 1 / k - softplus(-u), 1 / c + z * pull

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        k, c = shapes
        u = c * z
        share, rest = special.expit(u), special.expit(-u)
        pull, bend = k * rest - share, -(k + 1) * share * rest
        by_k = np.broadcast_to(-1 / np.square(k), np.shape(u))
        return c * c * bend, c * rest, pull + u * bend, by_k, z * rest, -1 / np.square(c) + z * z * bend

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        k, c = shapes
        return -k * softplus(-c * z), log1mexp_exp(np.log(k) + log_softplus(-c * z))

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by k and c."""
        k, c = shapes
        fall = softplus(-c * z)
        odds = 1 / special.exprel(k * fall)  # -log(F) F/S, a number where log F underflows
        above = odds / k, -z * log_softplus_slope(-c * z) * odds
        return (-fall, k * z * special.expit(-c * z)), above

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of t."""
        k, c = shapes
        return np.asarray(-np.log(np.expm1(-log_p / k)) / c)

    def start(self, sample: Sample) -> list[tuple[float, float, float]]:
        """Those of the Burr XII law for 1/x."""
        inverse = sample.with_values(1 / sample.x, sample.weight)
        return [(k, c, 1 / scale) for k, c, scale in Burr12().start(inverse)]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The Fréchet law as k → ∞, the power law as k → 0 and c → ∞."""
        return (
            Limit(get_family("frechet"), lambda shape, scale: (np.inf, shape, 0.0)),
            Limit(get_family("power"), lambda shape, scale: (0.0, np.inf, scale)),
        )

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Log-logistic where k is 1."""
        return (SpecialCase(get_family("loglogistic"), lambda shape, scale: (1.0, shape, scale), at=("k",)),)

    @property
    def images(self) -> tuple[Image, ...]:
        """The Burr XII law of 1/x."""
        return (Image(get_family("burr12"), lambda k, c, scale: (k, c, 1 / scale), RECIPROCAL),)

    def mean(self, k: Any, c: Any, scale: Any) -> Any:
        """Mean: scale k B(k + 1/c, 1 - 1/c); infinite for c <= 1."""
        return scale * k * float(special.beta(k + 1 / c, 1 - 1 / c)) if c > 1 else np.inf

    def var(self, k: Any, c: Any, scale: Any) -> Any:
        """Variance; infinite for c <= 2."""
        if c <= 2:
            return np.inf
        bend = log_gamma_bend(k, 1 / c) + log_gamma_bend(1.0, -1 / c)
        return -(scale**2) * k * float(special.beta(k + 2 / c, 1 - 2 / c) * np.expm1(-bend))

    def entropy(self, k: Array, c: Array, scale: Array) -> Array:
        """Entropy, nats."""
        mean_log = special.psi(k) - special.psi(1.0)  # of c log(x/scale)
        return np.asarray(1 + 1 / k - np.log(k) - np.log(c) + np.log(scale) + (1 + 1 / c) * mean_log)
