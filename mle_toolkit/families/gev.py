"""The generalised extreme-value law of maxima."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.sums import dot, sums_of, total, weighted
from mle_toolkit.errors import UnboundedLikelihoodError
from mle_toolkit.families.base import Family
from mle_toolkit.families.climbing import climb, is_maximum, totals_of_sums
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_logcdf
from mle_toolkit.families.gumbel import Gumbel
from mle_toolkit.families.known_threshold import above
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import ByEnd, Limit, SpecialCase
from mle_toolkit.families.special import complement_slopes, log1mexp_exp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.groups import Groups
    from mle_toolkit.data.sample import Sample

_NO_SHAPE = 1e-300
"""Size of xi below which it is 0 in a double, whatever the observation."""

_SMALL_XI = 0.02
"""Size of xi below which derivatives by xi are summed as a series where xi z is small: the closed form loses a
factor xi² of precision."""

_SMALL = 0.1
"""Size of xi z below which the series is used."""

_LOG_EPSILON = math.log(np.finfo(float).eps)

_SERIES = tuple((-1.0) ** k * k * (k - 1) / (k + 1) for k in range(2, 20))
"""Coefficients of the second derivative of log(1 + w)/w; the first left out is below 1e-16 at w = 0.1."""


_FEW = 100
"""Up to so many observations the likelihood may have several maxima, or none."""

_XI, _FAT = (-0.85, -0.6, -0.4, -0.2, 0.2, 0.5), 0.9
"""Values of xi from which it is climbed then."""

_NEAR_END, _HEAVY = 1e-4, 6.0
"""Values of 1 + xi at which a climb has run off: to the end at xi = -1, and to ever heavier tails."""


_SAME = 1e-6
"""Distance of two ends of climbs over a few rows, in natural changes, within which they are one maximum of these."""

_ONE_HILL = 0.01
"""Distance from a maximum that is known, in natural changes, from which a climb leads to it."""

_SPIKE, _FATTER = 5.0, 1.0
"""Log of how much nearer to the lower end the smallest observation is than the next, at a shape above the second, where
a climb has run off to where the likelihood has no bound."""


_LAST = 700.0
"""A value of the reduced variable at which exp(-t) is as good as 0, and is no infinity."""


class GEV(Family):
    r"""Largest of many: Gumbel for ``xi`` = 0, heavy-tailed for ``xi`` > 0, with an upper end for ``xi`` < 0.

    .. math:: \log f(x) = -\log\sigma - (1 + \xi)\,t - e^{-t}, \quad t = \log(1 + \xi z)/\xi, \quad z = (x - \mu)/\sigma

    with t = z for ξ = 0. Source: Coles (2001), An Introduction to Statistical Modeling of Extreme Values, ch. 3.
    Starts: probability-weighted moments (Hosking, Wallis & Wood 1985, Technometrics 27, 251-261). SciPy's shape is
    c = -xi.

    For xi < -1 the likelihood is unbounded for every sample (the density is infinite at the upper end), and, more
    slowly, as xi → ∞ with the lower end at the smallest observation. So a local maximum over xi > -1 is reported,
    though it be lower than the end at xi = -1, where the law is an exponential one reversed below the largest
    observation, and that end only where the likelihood rises to it and has no other maximum; a few observations may
    have neither. For xi <= -1/2 the usual theory of standard errors does not hold (Smith 1985, Biometrika 72, 67-90).
    """

    name = "gev"
    aliases = ("genextreme", "generalized_extreme_value")
    support = REAL
    without_spikes = "Fix xi (fixed={'xi': 0} is the Gumbel law), or get more data."
    climbs = True
    scans = f"climbed from 3 starts, of up to {_FEW} observations from {4 + len(_XI)}"
    parameters = (LOC, SCALE, Parameter("xi", Interval(-1.0, np.inf), typical=(-0.3, 0.5), natural=REAL))
    cdf, sf = cdf_of_log, sf_of_logcdf

    def logpdf(self, x: Array, loc: Array, scale: Array, xi: Array) -> Array:
        """Log-density at x; -inf beyond the end of the support, and at it but for xi = -1."""
        t = within(xi, (x - loc) / scale)
        with np.errstate(over="ignore"):
            log_f = -np.log(scale) - (1 + xi) * t - np.exp(-t)
        return np.where(np.isfinite(t), log_f, -np.inf)

    def score(self, x: Array, loc: Array, scale: Array, xi: Array) -> tuple[Array, ...]:
        """Derivatives by loc, scale and xi."""
        z = (x - loc) / scale
        t, t_xi, _ = reduced_slopes(xi, z)
        by_t = np.exp(-t) - (1 + xi)
        by_z = by_t / (1 + xi * z)
        return -by_z / scale, -(1 + z * by_z) / scale, by_t * t_xi - t

    def hessian(self, x: Array, loc: Array, scale: Array, xi: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        z = (x - loc) / scale
        t, t_xi, t_xi_xi = reduced_slopes(xi, z, second=True)
        power = np.exp(-t)
        by_t = power - (1 + xi)
        t_z = 1 / (1 + xi * z)
        by_z = by_t * t_z
        by_zz = -(power + xi * by_t) * t_z * t_z
        by_z_xi = -((power * t_xi + 1) + by_z * z) * t_z
        square = np.square(scale)
        both = by_z + z * by_zz
        return (
            by_zz / square,
            both / square,
            -by_z_xi / scale,
            (1 + z * (by_z + both)) / square,
            -z * by_z_xi / scale,
            by_t * t_xi_xi - (2 + power * t_xi) * t_xi,
        )

    def derivative_sums(self, x: Array, weight: Array | None, loc: float, scale: float, xi: float) -> tuple[float, ...]:
        """Sums over rows of what log-density, score and second derivatives have of z, in units of the scale."""
        z = (x - loc) / scale
        t, t_xi, t_xi_xi = reduced_slopes(xi, z, second=True)
        power = np.exp(-t)
        by_t = power - (1 + xi)
        t_z = 1 / (1 + xi * z)
        by_z = by_t * t_z
        by_zz = (power + xi * by_t) * t_z * t_z
        by_z_xi = (power * t_xi + 1 + by_z * z) * t_z
        w_z, w_t, w_xi = weighted(weight, z, by_t, t_xi)
        z_by_zz = z * by_zz
        value, total_by_z, total_by_zz, total_z_xi, powers = sums_of(weight, t, by_z, by_zz, by_z_xi, power)
        count, slope, bend = len(x) if weight is None else total(weight), dot(w_z, by_z), dot(w_z, by_zz)
        return (
            -(1 + xi) * value - powers,
            -total_by_z,
            -(count + slope),
            dot(w_t, t_xi) - value,
            -total_by_zz,
            total_by_z - bend,
            total_z_xi,
            count + 2 * slope - dot(w_z, z_by_zz),
            dot(w_z, by_z_xi),
            dot(w_t, t_xi_xi) - 2 * total(w_xi) - dot(w_xi, power * t_xi),
        )

    def derivatives(self, count: Any, sums: Sequence[Any], loc: Any, scale: Any, xi: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        value, by_loc, by_scale, by_xi, loc_loc, loc_scale, loc_xi, scale_scale, scale_xi, xi_xi = sums
        return [
            np.where(np.isfinite(value), value - count * np.log(scale), -np.inf),
            by_loc / scale,
            by_scale / scale,
            by_xi,
            loc_loc / scale**2,
            loc_scale / scale**2,
            loc_xi / scale,
            scale_scale / scale**2,
            scale_xi / scale,
            xi_xi,
        ]

    def start(self, sample: Sample) -> list[tuple[float, float, float]]:
        """Probability-weighted moments; Gumbel laws, one of the same mean and variance; of few several xi as well."""
        scale = math.sqrt(6 * sample.var()) / math.pi
        mean = sample.mean()
        gumbel = (mean - np.euler_gamma * scale, scale, 0.0)
        # Scaled by the range, the law reaches every observation also at a known xi of either sign.
        wide = (mean, 2 * (sample.maximum - sample.minimum), 0.0)
        starts = [_weighted_moments(sample), gumbel, wide]
        return starts if sample.n_rows > _FEW else [*starts, *(_of_quartiles(sample, xi) for xi in (_FAT, *_XI))]

    def from_sample(self, sample: Sample) -> tuple[float, float, float]:
        """Newton's method from the starts, of few observations from several xi as well; the highest local maximum."""
        totals = totals_of_sums(self.derivative_sums, self.derivatives)
        few = sample.sketch()
        starts = self.start(few)
        spread = starts[1][1]

        def to_params(v: Array) -> tuple[float, ...]:
            return float(v[0]) * spread, math.exp(v[1]), math.expm1(v[2])

        def slopes(_: float, scale: float, xi: float) -> tuple[Array, Array]:
            bends = np.zeros((3, 3, 3))
            bends[1, 1, 1], bends[2, 2, 2] = scale, 1 + xi
            return np.diag([spread, scale, 1 + xi]), bends

        maxima: list[Array] = []

        def stop(v: Array) -> bool:
            return not _NEAR_END < math.exp(v[2]) < _HEAVY or leads_back(v)

        def leads_back(v: Array) -> bool:
            return any(np.abs(v - top).max() < _ONE_HILL for top in maxima)

        tops, at_end = [], []
        arrived: list[Array] = []
        for loc, scale, xi in starts:
            start = np.array([loc / spread, math.log(scale), math.log1p(xi)])
            near = start if few is sample else climb(few, totals, to_params, start, stop, slopes)[1]
            if any(np.abs(near - other).max() < _SAME for other in arrived):
                continue
            value, v = climb(sample, totals, to_params, near, stop, slopes)
            if math.isfinite(value):
                arrived.append(near)
            else:  # a row that was left out lies beyond the end of the support
                value, v = climb(sample, totals, to_params, start, stop, slopes)
            if math.exp(v[2]) <= 2 * _NEAR_END:
                at_end.append((value, to_params(v)))
            elif not leads_back(v) and is_maximum(sample, totals, to_params, v, slopes):
                tops.append((value, to_params(v)))
                maxima.append(v)
        if not tops:
            loc, scale = Gumbel().from_sample(sample)
            member = sample.mean(lambda x: self.logpdf(x, np.asarray(loc), np.asarray(scale), np.asarray(0.0)))
            at_end = [end for end in at_end if end[0] > member]
        if not tops and not at_end:
            raise UnboundedLikelihoodError(
                f"gev: the likelihood of these {sample.n_rows} observations has no local maximum: it rises without "
                f"bound as xi → ∞ with the lower end of the law at the smallest observation. Get more data, fix "
                f"xi (fixed={{'xi': 0}} is the Gumbel law), or take mle.lmoments(x, 'gev')."
            )
        loc, scale, xi = max(tops or at_end)[1]
        return loc, scale, xi

    def irregular(self, loc: float, scale: float, xi: float) -> tuple[str, ...]:
        """All parameters, for xi <= -1/2: the information does not exist."""
        return self.param_names if xi <= -0.5 else ()

    def spurious(self, sample: Sample, loc: float, scale: float, xi: float) -> bool:
        """Whether the tail is heavy, and its lower end so near to the smallest observation that the law has run off."""
        if not xi > _FATTER:
            return False
        away = np.unique(sample.x) - (loc - scale / xi)
        return bool(len(away) > 1 and 0 < away[0] * math.exp(_SPIKE) < away[1])

    def spurious_of_groups(self, groups: Groups, loc: Array, scale: Array, xi: Array) -> Mask:
        """The same of each group."""
        fat = xi > _FATTER
        if fat.any():
            some, lower_end = groups.take(np.flatnonzero(fat)), (loc - scale / xi)[fat]
            above = np.where(some.x > some.minimum[some.ids], some.x, np.inf)
            second = np.minimum.reduceat(above, some.offsets[:-1])
            first = (some.minimum - lower_end) * math.exp(_SPIKE)
            fat[fat] = (second < np.inf) & (first > 0) & (first < second - lower_end)
        return fat

    def spikes(self, sample: Sample) -> str | None:
        """The smallest exact observation, if no other is known to be below it."""
        if not sample.is_exact and np.min(sample.lower[sample.lower == sample.upper]) > np.min(sample.upper):
            return None
        return "it rises without bound as xi → ∞ with the lower end of the law at the smallest observation"

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The reversed exponential law, at xi = -1."""

        def embed(upper: float, scale: float) -> tuple[float, float, float]:
            loc = upper - scale
            return loc, max(scale, upper - loc), -1.0  # the end is not below the observation, not even by rounding

        return (Limit(exponential_beyond(-1.0), embed, last=True),)

    def by_end(self, loc: float, scale: float, xi: float) -> ByEnd | None:
        """A Weibull law below an end."""
        if not self.irregular(loc, scale, xi):
            return None

        def embed(shape: float, size: float, end: float) -> tuple[float, float, float]:
            return end - size, size / shape, -1 / shape

        return ByEnd(get_family("negated(shifted(weibull))"), embed)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Far in its upper tail, the generalised Pareto law (Pickands 1975); those of the Gumbel law, xi = 0."""
        gumbel = [
            Limit(limit.family, lambda *p, embed=limit.embed: (*embed(*p), 0.0))
            for limit in get_family("gumbel").limits_in_window(lower, upper)
        ]
        if math.isinf(lower):
            return tuple(gumbel)

        def embed(scale: float, xi: float) -> tuple[float, float, float]:
            return (lower - scale / xi, 0.0, xi) if xi > 0 else (-math.inf, math.inf if xi < 0 else scale, xi)

        return Limit(above(get_family("gpd"), lower), embed), *gumbel

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Gumbel where xi is 0."""
        return (SpecialCase(get_family("gumbel"), lambda loc, scale: (loc, scale, 0.0), at=("xi",)),)

    def logcdf(self, x: Array, loc: Array, scale: Array, xi: Array) -> Array:
        """Log of the cdf."""
        with np.errstate(over="ignore"):
            return np.asarray(-np.exp(-reduced(xi, (x - loc) / scale)))

    def logsf(self, x: Array, loc: Array, scale: Array, xi: Array) -> Array:
        """Log of the survival function."""
        return log1mexp_exp(-reduced(xi, (x - loc) / scale))

    def tail_scores(self, x: Array, loc: Array, scale: Array, xi: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F); 0 beyond an end of the support."""
        z = (x - loc) / scale
        t, t_xi, _ = reduced_slopes(xi, z)
        inside = np.isfinite(reduced(xi, z))
        by_loc = -1 / (scale * (1 + xi * z))
        power = np.exp(-t)
        ratio = np.exp(-power - t - log1mexp_exp(-t))
        slopes = tuple(np.where(inside, slope, 0.0) for slope in (by_loc, z * by_loc, t_xi))
        below, above = np.where(inside, power, 0.0), np.where(inside, -ratio, 0.0)
        return tuple(below * slope for slope in slopes), tuple(above * slope for slope in slopes)

    def ppf(self, p: Array, loc: Array, scale: Array, xi: Array) -> Array:
        """Quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(loc + scale * special.boxcox(1 / np.abs(np.log(p)), xi))

    def isf(self, p: Array, loc: Array, scale: Array, xi: Array) -> Array:
        """Upper quantile."""
        with np.errstate(divide="ignore"):
            return np.asarray(loc + scale * special.boxcox(1 / np.abs(np.log1p(np.negative(p))), xi))

    def mean(self, loc: Array, scale: Array, xi: Array) -> Array:
        """Mean: loc + scale (Γ(1 - xi) - 1) / xi; infinite from xi = 1 on."""
        beyond = np.asarray(xi) >= 1.0
        first, _ = _log_gammas(np.where(beyond, 0.0, xi))
        return np.where(beyond, np.inf, loc + scale * first)

    def var(self, loc: Array, scale: Array, xi: Array) -> Array:
        """Variance: (scale / xi)² (Γ(1 - 2 xi) - Γ(1 - xi)²); infinite from xi = 1/2 on."""
        beyond = np.asarray(xi) >= 0.5
        _, second = _log_gammas(np.where(beyond, 0.0, xi))
        return np.where(beyond, np.inf, np.square(scale) * second + 0.0 * np.asarray(loc))

    def entropy(self, loc: Array, scale: Array, xi: Array) -> Array:
        """Entropy, nats: log(scale) + (1 + xi) times Euler's constant + 1."""
        return np.asarray(np.log(scale) + np.euler_gamma * (1 + np.asarray(xi)) + 1)

    def to_scipy(self, loc: float, scale: float, xi: float) -> Any:
        """``scipy.stats.genextreme(-xi, loc, scale)``."""
        from scipy import stats

        return stats.genextreme(-xi, loc, scale)

    @staticmethod
    def from_scipy(c: float, loc: float, scale: float) -> dict[str, Any]:
        """Parameters of ``scipy.stats.genextreme(c, loc, scale)``."""
        return {"loc": loc, "scale": scale, "xi": -c}


def _of_quartiles(sample: Sample, xi: float) -> tuple[float, float, float]:
    """The law of a known xi with the median and, at least, the quartiles' distance of the sample, its ends beyond."""
    low, middle, high = (sample.quantile(p) for p in (0.25, 0.5, 0.75))
    z1, z2, z3 = special.boxcox(-1 / np.log([0.25, 0.5, 0.75]), xi).tolist()
    scale = ((high - low) or 2 * math.sqrt(sample.var())) / (z3 - z1)
    # An end of the support that an observation is beyond moves away as the scale grows.
    room = middle - sample.minimum if xi > 0 else sample.maximum - middle
    scale = max(scale, 1.01 * room / (1 / abs(xi) + math.copysign(z2, xi)))
    return middle - scale * z2, scale, xi


def reduced(xi: Array, z: Array) -> Array:
    """Compute t = log(1 + xi z)/xi, the Gumbel (exponential) variable that z is made of; z for xi = 0.

    Beyond the support it is the infinity of the end: -inf below a lower end, +inf above an upper one.
    """
    flat = np.abs(xi) < _NO_SHAPE  # products with still smaller ones have few digits
    some = np.where(flat, 1.0, xi)
    with np.errstate(divide="ignore"):
        return np.where(flat, z, np.log1p(np.maximum(some * z, -1.0)) / some)


def within(xi: Array, z: Array) -> Array:
    """`reduced`, finite at the end of the support for xi = -1, where a density is neither 0 nor infinite."""
    return np.where(np.equal(xi, -1.0) & np.equal(z, 1.0), _LAST, reduced(xi, z))


def reduced_slopes(xi: Array | float, z: Array, *, second: bool = False) -> tuple[Array, Array, Array]:
    """`reduced`, and its first and, if asked for, second derivative by xi.

    With L(w) = log(1 + w)/w these are z L(w), z² L'(w) and z³ L''(w), w = xi z: smooth at xi = 0, where the closed form
    is a difference of nearly equal numbers divided by xi or xi².
    """
    if np.all(np.abs(xi) >= _SMALL_XI):
        t = np.log1p(xi * z) / xi
        ratio = z / (1 + xi * z)
        t_xi = (ratio - t) / xi
        return t, t_xi, (-ratio * ratio - 2 * t_xi) / xi if second else t
    z = np.asarray(z, dtype=float)
    w, square = np.asarray(xi * z), z * z  # a third power by NumPy takes as long as fifty products
    near = np.abs(w) < _SMALL
    if near.all():
        level, slope, bend = _near_zero(w)
        return z * level, square * slope, square * z * bend
    far = np.where(near, 1.0, w)
    inverse = 1 / (1 + far)
    level = np.log1p(far) / far
    slope = (inverse - level) / far
    bend = (-inverse * inverse - 2 * slope) / far
    level[near], slope[near], bend[near] = _near_zero(w[near])
    return z * level, square * slope, square * z * bend


def _near_zero(w: Array) -> tuple[Array, Array, Array]:
    """L(w) = log(1 + w)/w, L' and L'' near 0.

    The last by its series, the others from L'' = (-1/(1 + w)² - 2 L')/w and L' = (1/(1 + w) - L)/w, backwards, without
    a division by w.
    """
    largest = float(np.max(np.abs(w), initial=0.0))
    terms = 1 if largest == 0.0 else min(len(_SERIES), 2 + int(_LOG_EPSILON / math.log(largest)))
    bend = np.full_like(w, _SERIES[terms - 1])
    for coefficient in reversed(_SERIES[: terms - 1]):
        bend *= w
        bend += coefficient
    inverse = 1 / (1 + w)
    slope = -0.5 * (inverse * inverse + w * bend)
    return inverse - w * slope, slope, bend


_NEAR_GUMBEL = 0.1
"""Size of xi up to which logarithms of gamma functions are series: beyond it their differences keep their digits."""

_ORDERS = np.arange(2, 32)
"""Of those series, whose terms fall as 0.2 to the power of the order."""

_NO_SQUARE = 1e-290
"""Square of xi that has lost digits to the least doubles."""


def _log_gammas(xi: Array) -> tuple[Array, Array]:
    """Mean and variance at loc = 0 and scale = 1, with all digits near xi = 0; there log Γ(1 - x) is a series.

    Source: Abramowitz & Stegun (1972), Handbook of Mathematical Functions, 6.1.33.
    """
    xi = np.asarray(xi, dtype=float)
    is_near = np.abs(xi) <= _NEAR_GUMBEL
    small = np.where(is_near, xi, 0.0)
    square = np.square(small)
    terms = special.zeta(_ORDERS.astype(float)) / _ORDERS * small[..., None] ** (_ORDERS - 2)
    near = np.euler_gamma * small + square * np.sum(terms, axis=-1)  # log Γ(1 - xi)
    bend = np.sum(terms * (2.0**_ORDERS - 2.0), axis=-1)  # (log Γ(1 - 2 xi) - 2 log Γ(1 - xi)) / xi²
    far = special.gammaln(1.0 - xi)
    wide = special.gammaln(1.0 - 2.0 * xi) - 2.0 * far
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(small == 0.0, np.euler_gamma, np.expm1(near) / small)
        second = np.exp(2.0 * near) * np.where(square < _NO_SQUARE, bend, np.expm1(bend * square) / square)
        mean = np.where(is_near, first, np.expm1(far) / xi)
        spread = np.where(is_near, second, np.exp(2.0 * far) * np.expm1(wide) / np.square(xi))
    return mean, spread


def _weighted_moments(sample: Sample) -> tuple[float, float, float]:
    """Estimates from probability-weighted moments, with Hosking's approximation of xi."""
    order = np.argsort(sample.x)
    x = sample.x[order]
    weight = np.ones_like(x) if sample.weight is None else sample.weight[order]
    share = (np.cumsum(weight) - 0.5 * weight) / sample.nobs
    b0, b1, b2 = (float(np.sum(weight * share**k * x)) / sample.nobs for k in (0, 1, 2))
    c = (2 * b1 - b0) / (3 * b2 - b0) - math.log(2) / math.log(3)
    # Beyond these the approximation is of no use as a start; at 0 the formulas need a limit.
    k = max(-0.9, min(0.7, 7.8590 * c + 2.9554 * c * c)) or 1e-6
    gamma = math.gamma(1 + k)
    scale = (2 * b1 - b0) * k / (gamma * (1 - 2.0**-k))
    return b0 + scale * (gamma - 1) / k, scale, -k


@cache
def exponential_beyond(sign: float) -> Family:
    """An exponential law above a threshold, or, for a negative sign, below an upper end: the GEV law at xi = -1."""
    end_name = "threshold" if sign > 0 else "upper"

    def log_beyond(x: Array, end: Array, scale: Array) -> Array:
        """Log-probability on the far side of x."""
        return np.asarray(-np.maximum(sign * (x - end), 0.0) / scale)

    def log_near(x: Array, end: Array, scale: Array) -> Array:
        """Log-probability between the end and x."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(-np.expm1(log_beyond(x, end, scale))))

    def logpdf(x: Array, end: Array, scale: Array) -> Array:
        return np.where(sign * (x - end) >= 0, sign * (end - x) / scale - np.log(scale), -np.inf)

    def score(x: Array, end: Array, scale: Array) -> tuple[Array, ...]:
        return sign / scale + 0 * x, (sign * (x - end) / scale - 1) / scale

    def from_sample(sample: Sample) -> tuple[float, float]:
        end = sample.minimum if sign > 0 else sample.maximum
        return end, sign * (sample.mean() - end)

    def from_groups(groups: Groups) -> tuple[Array, ...]:
        end = groups.minimum if sign > 0 else groups.maximum
        return end, sign * (groups.means(groups.x) - end)

    def to_scipy(end: float, scale: float) -> Any:
        from scipy import stats

        return stats.expon(end, scale) if sign > 0 else stats.genextreme(1.0, end - scale, scale)

    logcdf, logsf = (log_near, log_beyond) if sign > 0 else (log_beyond, log_near)

    def tail_scores(x: Array, end: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        log_far = log_beyond(x, end, scale)
        far = np.where(log_far < 0, sign / scale, 0.0), -log_far / scale
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            slopes = complement_slopes(log_far, far)
        near = tuple(np.where(log_far < 0, slope, 0.0) for slope in slopes)  # before the end nothing moves
        return (near, far) if sign > 0 else (far, near)

    return Family.from_logpdf(
        logpdf,
        # The end is an observation: it moves with the scale only, so that no centring rounds it on the way back.
        (Parameter(end_name, REAL, role="scale", regular=False), Parameter("scale", POSITIVE, role="scale")),
        REAL,
        name="exponential above a threshold" if sign > 0 else "reversed exponential",
        score=score,
        from_sample=from_sample,
        from_groups=from_groups,
        entropy=lambda end, scale: 1 + np.log(scale),
        entropy_attained=True,
        rising_ends={end_name: sign},
        one_maximum_of_intervals=True,
        to_scipy=to_scipy,
        cdf=lambda x, *params: np.exp(logcdf(x, *params)),
        sf=lambda x, *params: np.exp(logsf(x, *params)),
        logcdf=logcdf,
        logsf=logsf,
        tail_scores=tail_scores,
    )
