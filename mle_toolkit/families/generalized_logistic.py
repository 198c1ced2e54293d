"""Hosking's generalised logistic law."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.mapped import negated
from mle_toolkit.families.combinators.shifted import shifted
from mle_toolkit.families.domain import NON_NEGATIVE, REAL, Interval
from mle_toolkit.families.gev import reduced as log_of
from mle_toolkit.families.gev import reduced_slopes as log_slopes
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import ByEnd, Limit, SpecialCase
from mle_toolkit.families.special import log_or_minus_inf, softplus
from mle_toolkit.families.standardised import LocationScale, l_moments

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_STEEPEST = 0.95
"""Size of the shape up to which L-moments give a start."""

_NEAR_END = 0.9
"""Size of the shape from which the law is compared with that at the end."""


class GeneralizedLogistic(LocationScale):
    r"""Floods and droughts: logistic for ``k`` = 0, with a heavy upper tail for ``k`` < 0, an upper end for ``k`` > 0.

    .. math:: \log f(x) = -\log s - (1 - k)\,y - 2\log(1 + e^{-y}), \quad y = -\log(1 - kz)/k, \quad z = (x - m)/s

    with y = z for k = 0. Source: Hosking & Wallis (1997), Regional Frequency Analysis, appendix A.7; the law of the
    British Flood Estimation Handbook. Start: L-moments. For k > 0 (k < 0) the law ends at loc + scale/k, above (below);
    beyond |k| = 1 the density is infinite there and the likelihood unbounded; from |k| = 1/2 on the usual theory of
    standard errors does not hold. It is not SciPy's ``genlogistic``.
    """

    name = "generalized_logistic"
    aliases = ("glo", "generalised_logistic")
    support = REAL
    parameters = (LOC, SCALE, Parameter("k", Interval(-1.0, 1.0), typical=(-0.35, 0.35), natural=REAL))

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z; -inf beyond the end."""
        (k,) = shapes
        y = log_of(-k, z)
        return np.where(np.isfinite(y), -(1 - k) * y - 2 * softplus(-y), -np.inf)

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by z and k."""
        (k,) = shapes
        y, y_xi, _ = log_slopes(-k, z)
        by_y = 2 * special.expit(-y) - (1 - k)
        return by_y / (1 - k * z), y - by_y * y_xi

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        (k,) = shapes
        y, y_xi, y_xi_xi = log_slopes(-k, z, second=True)
        share = special.expit(-y)
        by_y, bend = 2 * share - (1 - k), -2 * share * special.expit(y)
        y_z = 1 / (1 - k * z)
        return (
            (bend + k * by_y) * y_z * y_z,
            (1 - bend * y_xi + by_y * z * y_z) * y_z,
            -2 * y_xi + bend * y_xi * y_xi + by_y * y_xi_xi,
        )

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        y = log_of(-shapes[0], z)
        return -softplus(-y), -softplus(y)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by k."""
        y, y_xi, _ = log_slopes(-shapes[0], z)
        return (-special.expit(-y) * y_xi,), (special.expit(y) * y_xi,)

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of z."""
        return np.asarray(special.boxcox(np.exp(log_p - log_q), -shapes[0]))

    def reduced_ends(self, *shapes: Any) -> tuple[Any, Any]:
        """The end at 1/k."""
        k = np.asarray(shapes[0], dtype=float)
        end = 1 / np.where(k == 0, 1.0, k)
        return np.where(k < 0, end, -np.inf), np.where(k > 0, end, np.inf)

    def start(self, sample: Sample) -> list[tuple[float, float, float]]:
        """L-moments; a logistic law of the same mean and variance, which no observation excludes."""
        mean, second, skew, _ = l_moments(sample)
        k = min(max(-skew, -_STEEPEST), _STEEPEST)
        ratio = 1 / np.sinc(k)  # Γ(1 + k) Γ(1 - k)
        scale = second / ratio
        loc = mean - scale * ((1 - ratio) / k if k else 0.0)
        return [(loc, scale, k), (mean, math.sqrt(3 * sample.var()) / math.pi, 0.0)]

    def irregular(self, loc: Any, scale: Any, k: Any) -> tuple[str, ...]:
        """All parameters, from |k| = 1/2 on: the information does not exist."""
        return self.param_names if abs(k) >= 0.5 else ()

    @property
    def limits(self) -> tuple[Limit, ...]:
        """At k = -1 and 1 log-logistic laws of shape 1 above a threshold and below an upper end."""
        above, below = _at_ends()
        return (
            Limit(above, lambda scale, lower: (lower + scale, scale, -1.0), last=True),
            Limit(below, lambda scale, upper: (upper - scale, scale, 1.0), last=True),
        )

    def limits_near(self, sample: Sample, loc: float, scale: float, k: float) -> tuple[Limit, ...]:
        """Both, where k came near an end; of exact observations one is enough."""
        if abs(k) < _NEAR_END:
            return ()
        if not sample.is_plain:
            return self.limits
        return self.limits[:1] if k < 0 else self.limits[1:]

    def by_end(self, loc: float, scale: float, k: float) -> ByEnd | None:
        """A log-logistic law above a threshold, or below an end."""
        if not self.irregular(loc, scale, k):
            return None
        side = 1.0 if k < 0 else -1.0

        def embed(shape: float, size: float, end: float) -> tuple[float, float, float]:
            return end + side * size, size / shape, -side / shape

        return ByEnd(get_family("shifted(loglogistic)" if k < 0 else "negated(shifted(loglogistic))"), embed)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Logistic where k is 0."""
        return (SpecialCase(get_family("logistic"), lambda loc, scale: (loc, scale, 0.0), at=("k",)),)

    def mean(self, loc: Array, scale: Array, k: Array) -> Array:
        """Expected value: loc + scale (1 - k π / sin k π)/k."""
        k = np.asarray(k, dtype=float)
        ratio = np.where(np.abs(k) < 1e-4, -np.square(math.pi) / 6 * k, (1 - 1 / np.sinc(k)) / np.where(k == 0, 1.0, k))
        return np.asarray(loc + scale * ratio)

    def entropy(self, loc: Array, scale: Array, k: Array) -> Array:
        """Entropy, nats: 2 + log(scale); the mean of y, logistic, is 0."""
        return np.asarray(2 + np.log(scale) + 0 * np.asarray(loc) + 0 * np.asarray(k))


@cache
def _at_ends() -> tuple[Family, Family]:
    """The log-logistic laws of shape 1 above a threshold and below one, at k = -1 and 1; of both maxima are kept."""

    def logpdf(x: Array, scale: Array) -> Array:
        return np.asarray(-np.log(scale) - 2 * np.log1p(x / scale))

    def score(x: Array, scale: Array) -> tuple[Array, ...]:
        return ((2 * x / (scale + x) - 1) / scale,)

    def to_scipy(scale: float) -> Any:
        from scipy import stats

        return stats.fisk(1.0, scale=scale)

    law = Family.from_logpdf(
        logpdf,
        (SCALE,),
        NON_NEGATIVE,
        name="loglogistic of shape 1",
        score=score,
        start=lambda sample: (max(sample.quantile(0.5), 0.5 * sample.mean()),),
        entropy=lambda scale: 2 + np.log(scale),
        to_scipy=to_scipy,
        logcdf=lambda x, scale: -softplus(np.log(scale) - log_or_minus_inf(np.maximum(x, 0.0))),
        logsf=lambda x, scale: -np.log1p(np.maximum(x, 0.0) / scale),
        ppf=lambda p, scale: scale * (p / np.subtract(1.0, p)),
        isf=lambda p, scale: scale * (np.subtract(1.0, p) / p),
    )
    above = shifted(law)
    return above, negated(above)
