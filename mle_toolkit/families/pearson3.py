"""The Pearson III law: a gamma law with a threshold, on either side."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.domain import REAL, Interval
from mle_toolkit.families.gamma_tails import (
    log_gamma_quantiles,
    log_gamma_tails,
    log_gamma_tails_by_expansion,
    log_gammainc_slopes,
)
from mle_toolkit.families.gev import exponential_beyond
from mle_toolkit.families.means_in_tails import means_in_tails
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.power_in_window import powers_in_window
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import ByEnd, Limit, SpecialCase
from mle_toolkit.families.special import stirling_remainder
from mle_toolkit.families.standardised import LocationScale, best_starts

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_SMALL, _TERMS = 0.3, 34
"""Size of u below which functions of it that cancel are summed as series, and their terms: 0.3^34 is below 1e-17."""

_COEFFICIENTS = tuple(
    [(-1.0) ** (k + order) * math.perm(k + order, order) / (k + 2 + order) for k in range(_TERMS, -1, -1)]
    for order in range(3)
)
"""Of these series, for Horner's rule, by order of the derivative."""

_SERIES_SHAPE = 20.0
"""Gamma shape from which the height of the density is summed as its asymptotic series."""

_NEAR_NORMAL = 0.04
"""Size of the skew below which the gamma shape is above 2,500, and tails have an expansion about the normal ones."""

_MODERATE = 0.15
"""Size of the skew below which slopes of the tails of the gamma law cancel, and are means in a tail instead."""

_LARGEST_START = 1.9
_STEEP = (1.2, 1.8)
"""Skews at which a start has its end just beyond the data."""

_BESIDE = 0.02
"""How far beyond the data that is, in standard deviations."""


class Pearson3(LocationScale):
    r"""Gamma law of any location and either skew, by its mean, standard deviation and skewness; normal for skew = 0.

    .. math:: \log f(x) = h(\gamma) - \log\sigma - \frac{4}{\gamma^2}(u - \log(1 + u)) - \log(1 + u),
        \quad u = \frac{\gamma}{2}\,\frac{x - \mu}{\sigma} > -1

    with the constant h = (α - 1/2) log α - α - log Γ(α) of the gamma shape α = 4/γ². Source: Hosking & Wallis (1997),
    Regional Frequency Analysis, appendix A.9; so written, the law and its likelihood are smooth through γ = 0 (compare
    Prentice 1974, Biometrika 61, 539-544). The law ends at loc - 2 scale/skew. Beyond \|skew\| = 2 the density is
    infinite there and the likelihood unbounded: a local maximum within is reported, and the end, an exponential law
    with a threshold, only where there is none. From \|skew\| = √2 on the usual theory of standard errors does not hold.
    """

    name = "pearson3"
    aliases = ("pearson_iii", "pearson_type_iii", "pe3")
    support = REAL
    parameters = (LOC, SCALE, Parameter("skew", Interval(-2.0, 2.0), typical=(-1.0, 1.0), natural=REAL))

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z; -inf beyond the end, and at it but for the exponential laws of skew = 2 and -2."""
        (skew,) = shapes
        u = 0.5 * skew * z
        within = u > -1
        inside = np.where(within, u, 0.0)
        value = height(skew)[0] - z * z * excess(inside) - np.log1p(inside)
        return np.where(within, value, np.where((u == -1) & (np.abs(skew) == 2), 0.0, -np.inf))

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by z and skew."""
        (skew,) = shapes
        u = 0.5 * skew * z
        inverse = 1 / (1 + u)
        return -(z + 0.5 * skew) * inverse, height(skew)[1] - 0.5 * z * z * z * excess(u, 1) - 0.5 * z * inverse

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        (skew,) = shapes
        u = 0.5 * skew * z
        inverse = 1 / np.square(1 + u)
        square = z * z
        return (
            -(1 - 0.25 * np.square(skew)) * inverse,
            0.5 * (square - 1) * inverse,
            height(skew)[2] - 0.25 * square * square * excess(u, 2) + 0.25 * square * inverse,
        )

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        z, skew = np.broadcast_arrays(np.asarray(z, dtype=float), np.asarray(shapes[0], dtype=float))
        flat = np.abs(skew) < _NEAR_NORMAL
        u = np.maximum(0.5 * skew * z, -1.0)
        below, above = np.empty(z.shape), np.empty(z.shape)
        curved = ~flat
        if curved.any():
            shape = 4 / np.square(skew[curved])
            first, second = log_gamma_tails(shape, np.log(shape) + np.log1p(u[curved]))
            up = skew[curved] > 0
            below[curved], above[curved] = np.where(up, first, second), np.where(up, second, first)
        if flat.any():
            up = skew[flat] >= 0
            first, second = log_gamma_tails_by_expansion(
                0.5 * np.abs(skew[flat]), np.where(up, z[flat], -z[flat]), u[flat]
            )
            below[flat], above[flat] = np.where(up, first, second), np.where(up, second, first)
        return below, above

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by skew, as of a gamma law; near the normal law means in a tail."""
        z, skew = np.broadcast_arrays(np.asarray(z, dtype=float), np.asarray(shapes[0], dtype=float))
        slopes = np.full((2, *z.shape), np.nan)
        u = 0.5 * skew * z
        near = np.abs(skew) < _MODERATE
        some = ~near & (u > -1)
        if some.any():
            z_some, skew_some, u = z[some], skew[some], u[some]
            shape = 4 / np.square(skew_some)
            tails = log_gammainc_slopes(shape, np.log(shape) + np.log1p(u))
            below, above = (
                -(2 / skew_some) * (shape * by_shape + by_t) + by_t * 0.5 * z_some / (1 + u) for by_shape, by_t in tails
            )
            slopes[:, some] = np.where(skew_some > 0, below, above), np.where(skew_some > 0, above, below)
        within = near & (0.5 * skew * z > -1) & np.isfinite(z)
        if within.any():
            slopes[:, within] = self._means_in_tails(z[within], skew[within])
        return (slopes[0],), (slopes[1],)

    def _means_in_tails(self, z: Array, skew: Array) -> tuple[Array, Array]:
        """Derivatives of the logs of the tails by skew, where the end is far away."""
        up, spread = z >= 0, 1 + 0.5 * skew * z
        with np.errstate(divide="ignore"):
            room = np.where((skew > 0) == up, np.inf, 2 * spread / np.abs(skew))

        def density(at: Array) -> tuple[Array, Array]:
            along = np.broadcast_to(skew, at.shape)
            return self.reduced(at, along), self.reduced_slopes(at, along)[1]

        return means_in_tails(
            density,
            z,
            up=up,
            steep=np.where(up, 1.0, -1.0) * (z + 0.5 * skew) / spread,
            bend=1 / np.square(spread),
            room=room,
            log_tails=self.reduced_tails(z, skew),
        )

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Quantile of z: that of a gamma law, or near the normal law a root."""
        log_p, log_q, skew = np.broadcast_arrays(log_p, log_q, np.asarray(shapes[0], dtype=float))
        if np.any(np.abs(skew) < _NEAR_NORMAL):
            return super().reduced_quantile(log_p, log_q, skew)
        shape = 4 / np.square(skew)
        first, second = np.where(skew > 0, log_p, log_q), np.where(skew > 0, log_q, log_p)
        by_lower, by_upper = log_gamma_quantiles(shape, np.exp(first))[0], log_gamma_quantiles(shape, np.exp(second))[1]
        return np.asarray(2 / skew * np.expm1(np.where(first < second, by_lower, by_upper) - np.log(shape)))

    def reduced_ends(self, *shapes: Any) -> tuple[Any, Any]:
        """The end at -2/skew."""
        skew = np.asarray(shapes[0], dtype=float)
        end = -2 / np.where(skew == 0, 1.0, skew)
        return np.where(skew > 0, end, -np.inf), np.where(skew < 0, end, np.inf)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """Moments, with the end beyond the data; and the end just beyond them, for steep laws on either side."""
        mean, deviation = sample.mean(), math.sqrt(sample.var())
        low, high = (sample.minimum - mean) / deviation, (sample.maximum - mean) / deviation
        skew = sample.mean(lambda x: ((x - mean) / deviation) ** 3)
        reach = 2 / (1 + _BESIDE)
        near = min(max(skew, reach / -high, -_LARGEST_START), reach / -low, _LARGEST_START)
        starts: list[tuple[float, ...]] = [(mean, deviation, near), (mean, deviation, 0.5 * near)]
        for steep in _STEEP:
            starts.append((mean + deviation * (low - _BESIDE + 2 / steep), deviation, steep))
            starts.append((mean + deviation * (high + _BESIDE - 2 / steep), deviation, -steep))
        return best_starts(sample, self.logpdf, starts, 3)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Exponential laws with a threshold below, or an end above, at skew = 2 and -2."""
        return tuple(
            Limit(exponential_beyond(sign), partial(exponential_as_pearson3, sign), last=True) for sign in (1.0, -1.0)
        )

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """As loc and scale run off, exponential; or, of a threshold where it is, a power of the distance from that."""
        return powers_in_window(lower, upper)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Normal where skew is 0."""
        return (SpecialCase(get_family("normal"), lambda mu, sigma: (mu, sigma, 0.0), at=("skew",)),)

    def by_end(self, loc: float, scale: float, skew: float) -> ByEnd | None:
        """A gamma law above a threshold, or below an end."""
        if not self.irregular(loc, scale, skew):
            return None
        if skew > 0:
            return ByEnd(get_family("shifted(gamma)"), partial(gamma_as_pearson3, 1.0))
        return ByEnd(get_family("negated(shifted(gamma))"), partial(gamma_as_pearson3, -1.0))

    def irregular(self, loc: Any, scale: Any, skew: Any) -> tuple[str, ...]:
        """All parameters, from |skew| = √2 on: the information does not exist."""
        return self.param_names if skew * skew >= 2 else ()

    def mean(self, loc: Array, scale: Array, skew: Array) -> Array:
        """Expected value: loc."""
        return np.asarray(loc + 0 * np.asarray(scale) + 0 * np.asarray(skew))

    def var(self, loc: Array, scale: Array, skew: Array) -> Array:
        """Variance: scale²."""
        return np.asarray(np.square(scale) + 0 * np.asarray(loc) + 0 * np.asarray(skew))

    def entropy(self, loc: Array, scale: Array, skew: Array) -> Array:
        """Entropy, nats: that of a gamma law, smooth through skew = 0."""
        value, slope, _ = height(skew)
        gap = 0.5 * (1 - np.asarray(skew) * slope)  # α (log α - ψ(α))
        return np.asarray(np.log(scale) - value + gap * (1 - 0.25 * np.square(skew)) + 0 * np.asarray(loc))

    def to_scipy(self, loc: float, scale: float, skew: float) -> Any:
        """``scipy.stats.pearson3(skew, loc, scale)``."""
        from scipy import stats

        return stats.pearson3(skew, loc, scale)

    @staticmethod
    def from_scipy(skew: float, loc: float, scale: float) -> dict[str, Any] | None:
        """Parameters of ``scipy.stats.pearson3(skew, loc, scale)``; None beyond the domains."""
        return {"loc": loc, "scale": scale, "skew": skew} if abs(skew) < 2 else None


def gamma_as_pearson3(sign: float, shape: float, scale: float, end: float) -> tuple[float, float, float]:
    """A gamma law above a threshold, or below an end."""
    return end + sign * shape * scale, scale * math.sqrt(shape), sign * 2 / math.sqrt(shape)


def exponential_as_pearson3(sign: float, end: float, scale: float) -> tuple[float, float, float]:
    """An exponential law above a threshold, or below an end: what is at that is not beyond it, not even by rounding."""
    loc = end + sign * scale
    return loc, max(scale, abs(end - loc)), sign * 2.0


def excess(u: Array, order: int = 0) -> Array:
    """(u - log(1 + u)) / u² or its first or second derivative; as their power series near 0, where they cancel."""
    u = np.asarray(u, dtype=float)
    near = np.abs(u) < _SMALL
    if near.all():
        return _excess_near_0(u, order)
    far = np.where(near, 1.0, u)
    with np.errstate(all="ignore"):  # at and beyond u = -1
        value = plain = (far - np.log1p(far)) / np.square(far)
        if order:
            first = (1 / (1 + far) - 2 * value) / far
            value = first
        if order == 2:
            value = (-(1 + 2 * far) / np.square(1 + far) + 2 * plain - 2 * far * first) / np.square(far)
    if near.any():
        value[near] = _excess_near_0(u[near], order)
    return value


def _excess_near_0(u: Array, order: int) -> Array:
    """The power series of `excess`."""
    series = np.zeros_like(u)
    for coefficient in _COEFFICIENTS[order]:
        series *= u
        series += coefficient
    return series


def height(skew: Any) -> tuple[Array, Array, Array]:
    """The constant h of the density, its first and its second derivative by skew."""
    q = 0.5 * np.asarray(skew, dtype=float)
    r = q * q
    near = r * _SERIES_SHAPE < 1
    s = np.where(near, r, 0.0)
    value = -0.5 * math.log(2 * math.pi) - s * (1 / 12 - s * s * (1 / 360 - s * s * (1 / 1260 - s * s / 1680)))
    first = -2 * q * (1 / 12 - s * s * (1 / 120 - s * s * (1 / 252 - s * s * (1 / 240 - s * s / 132))))
    second = -2 * (1 / 12 - s * s * (5 / 120 - s * s * (9 / 252 - s * s * (13 / 240 - s * s * 17 / 132))))
    if not near.all():
        far = np.where(near, 1.0, q)
        a = 1 / np.square(far)
        gap = np.log(a) - special.psi(a)
        bend = 1 / a - special.zeta(2.0, a)
        level = np.log(np.abs(far)) - stirling_remainder(a)
        by_q = (1 - 2 * a * gap) / far
        by_q_q = -a * (1 - 2 * a * gap) + 4 * a * a * (gap + a * bend)
        value, first, second = (
            np.where(near, of_series, direct) for of_series, direct in ((value, level), (first, by_q), (second, by_q_q))
        )
    return value, 0.5 * first, 0.25 * second
