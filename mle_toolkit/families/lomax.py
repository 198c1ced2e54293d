"""The Lomax law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import UnboundedLikelihoodError
from mle_toolkit.families.base import Limit, Parameter, dot, get_family, sums_of, total, weighted
from mle_toolkit.families.domain import NON_NEGATIVE, POSITIVE
from mle_toolkit.families.hazard import HazardFamily
from mle_toolkit.families.special import means_of, means_on_grid, profile_maximum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.sample import Sample

_LOWEST, _HIGHEST, _STEP = -18.0, 18.0, 1.5
"""Range and step of log(1/scale) for data of median 1: from the exponential law to a very heavy tail."""

_CLEAR_TAIL = 10.0
"""Shape of a law that differs clearly from the exponential."""


class Lomax(HazardFamily):
    r"""Excess over a high level: Pareto's law from 0, an exponential whose rate is gamma; tail index ``shape``.

    .. math:: \log f(x) = \log(a/s) - (a + 1)\log(1 + x/s)

    Source: Lomax (1954), JASA 49, 847-852; Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions 1,
    ch. 20. Route to the maximum: given the scale the shape is 1 / mean(log(1 + x/s)), which leaves one dimension. As
    the shape grows the law tends to the exponential; a finite maximum exists if the coefficient of variation exceeds 1
    (del Castillo & Daoudi 2009, Statist. Probab. Lett. 79, 684-688).
    """

    name = "lomax"
    aliases = ("pareto2", "pareto_ii")
    support = NON_NEGATIVE
    parameters = (
        Parameter("shape", POSITIVE, typical=(0.5, 3.0)),
        Parameter("scale", POSITIVE, typical=(0.1, 10.0), role="scale"),
    )

    def logpdf(self, x: Array, shape: Array, scale: Array) -> Array:
        """Log-density at x."""
        return np.asarray(np.log(shape) - np.log(scale) - (shape + 1) * np.log1p(x / scale))

    def score(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by shape and scale."""
        share = x / (scale + x)
        return 1 / shape - np.log1p(x / scale), ((shape + 1) * share - 1) / scale

    def hessian(self, x: Array, shape: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        share = x / (scale + x)
        by_scale = (1 - (shape + 1) * share * (2 - share)) / scale**2
        return np.broadcast_to(-1 / np.square(shape), np.shape(x)), share / scale, by_scale

    def derivative_sums(self, x: Array, weight: Array | None, shape: float, scale: float) -> tuple[float, ...]:
        """Sums of log(1 + x/scale) and, with r = x/(scale + x), of r and r²."""
        share = x / (scale + x)
        (w_share,) = weighted(weight, share)
        return *sums_of(weight, np.log1p(x / scale)), total(w_share), dot(w_share, share)

    def derivatives(self, count: float, sums: Sequence[float], shape: float, scale: float) -> list[float]:
        """Log-likelihood, score and second derivatives, from the sums."""
        logs, shares, squares = sums
        return [
            count * (math.log(shape) - math.log(scale)) - (shape + 1) * logs,
            count / shape - logs,
            ((shape + 1) * shares - count) / scale,
            -count / shape**2,
            shares / scale,
            (count - (shape + 1) * (2 * shares - squares)) / scale**2,
        ]

    def check(self, sample: Sample) -> None:
        """Zeros make the density at 0, shape / scale, grow without bound as scale → 0."""
        super().check(sample)
        if sample.minimum == 0:
            zeros = np.flatnonzero(sample.x == 0)
            raise UnboundedLikelihoodError(
                f"lomax: {len(zeros)} of {sample.n_rows} observations are 0, the first is x[{zeros[0]}]; the "
                f"likelihood is unbounded as scale and shape → 0. Are they rounded? Leave them out, or bound the scale."
            )

    def from_sample(self, sample: Sample) -> tuple[float, float]:
        """Highest point of the profile likelihood in log(1/scale); its lower end if the exponential law is better."""
        u = profile_maximum(sample, _profile, _profile_slopes, _LOWEST, _HIGHEST, _STEP)
        mean_log1p = float(means_of(sample, lambda x: (np.log1p(math.exp(u) * x),))[0])
        return 1.0 / mean_log1p, math.exp(-u)

    def start(self, sample: Sample) -> list[tuple[float, float]]:
        """The maximum; beside one near the exponential law, where the likelihood is flat, a law of a clear tail."""
        best = self.from_sample(sample)
        return [best] if best[0] < _CLEAR_TAIL else [best, (_CLEAR_TAIL, (_CLEAR_TAIL - 1) * sample.mean())]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The exponential law, as shape and scale grow together."""
        return (Limit(get_family("exponential"), lambda scale: (np.inf, np.inf)),)

    def cumulative_hazard(self, x: Array, shape: Array, scale: Array) -> Array:
        """Shape times log(1 + x/scale)."""
        return np.asarray(shape * np.log1p(np.maximum(x, 0.0) / scale))

    def at_hazard(self, hazard: Array, shape: Array, scale: Array) -> Array:
        """Find x from its cumulative hazard."""
        return np.asarray(scale * np.expm1(hazard / shape))

    def mean(self, shape: Any, scale: Any) -> Any:
        """Mean: scale / (shape - 1); infinite for shape <= 1."""
        return scale / (shape - 1) if shape > 1 else np.inf

    def var(self, shape: Any, scale: Any) -> Any:
        """Variance: mean² shape / (shape - 2); infinite for shape <= 2."""
        return (scale / (shape - 1)) ** 2 * shape / (shape - 2) if shape > 2 else np.inf

    def entropy(self, shape: Array, scale: Array) -> Array:
        """Entropy, nats."""
        return np.asarray(1 + 1 / shape + np.log(scale) - np.log(shape))

    def to_scipy(self, shape: float, scale: float) -> Any:
        """``scipy.stats.lomax(shape, scale=scale)``."""
        from scipy import stats

        return stats.lomax(shape, scale=scale)


def _profile(sample: Sample, u: Array) -> Array:
    """Mean log-likelihood for each 1/scale = exp(u), and the best shape for it, nats."""
    mean_log1p = means_on_grid(sample, np.log1p, np.exp(u))
    return np.asarray(u - np.log(mean_log1p) - 1 - mean_log1p)


def _profile_slopes(sample: Sample, u: float) -> tuple[float, float]:
    """First and second derivative of `_profile` by u."""

    def functions(x: Array) -> tuple[Array, ...]:
        y = math.exp(u) * x
        share = y / (1 + y)
        return np.log1p(y), share, share * (1 - share)

    m, share, spread = means_of(sample, functions).tolist()
    return 1 - share / m - share, (share / m) ** 2 - spread / m - spread
