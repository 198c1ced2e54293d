"""The skew-normal law."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import dot, sums_of, total, weighted
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.base import Family
from mle_toolkit.families.climbing import climb, totals_of_sums
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.location_scale import location_scale_tail_scores
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.skew_in_window import rising_on
from mle_toolkit.families.special import log_tail, mills_ratio_normal
from mle_toolkit.families.standardised import quantile_of_tails
from mle_toolkit.families.tilted import in_window, infinite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.groups import Groups
    from mle_toolkit.data.sample import Sample

_ROOT_TWO = math.sqrt(2)
_ROOT_TWO_PI = math.sqrt(2 * math.pi)
_ROOT_TWO_OVER_PI = math.sqrt(2 / math.pi)
_HALF_LOG_TWO_OVER_PI = 0.5 * math.log(2 / math.pi)
_DEEP = -8.0
"""Below this the ratio of density to distribution function loses digits to the exponential, exp(-u²/2)."""

_CANCELLED = 1e-5
"""Probability below which a difference of two functions near it has lost five digits, and quadrature is better."""

_CLEAR = 10.0
"""Nats by which one sign of alpha must be ahead at the start for the climb with the other to be spared."""

_STEEP = 100.0
"""Size of alpha from which the law has as good as a threshold."""

_AGAIN, _STEEPER = 10.0, 25.0
"""Sizes of alpha from which is climbed again: from the first where a climb ended beyond it, else from the second."""

_FLAT = 1e-3
"""Size of alpha below which the likelihood, flat to fifth order, has no maximum that a sample could show."""

_LEANING = 4.0
"""Size of alpha from which the beginning of the data says more of the law than its mean and variance."""

_IN_TAIL = 0.5
"""Size of alpha from which is climbed beside the normal law of a tail."""

_SHAPES = (0.3, 0.7, 1.5, 3.0, 6.0, 15.0)
"""Sizes of alpha among which a start is chosen."""

_DELTAS = (0.45, 0.99)
"""Sizes of alpha/√(1 + alpha²) between which the alpha of a skewness is taken for a start: alpha from 0.5 to 7."""

_ROWS_OF_CHOICE = 250
"""Rows by which it is chosen."""


class SkewNormal(Family):
    r"""A normal law leaning to one side, the right if ``alpha`` is positive; normal for ``alpha`` = 0.

    .. math:: \log f(x) = \log\frac{2}{\omega} + \log\varphi(z) + \log\Phi(\alpha z), \quad z = (x - \xi)/\omega

    Source: Azzalini (1985), Scandinavian Journal of Statistics 12, 171-178; Azzalini & Capitanio (2014), The
    Skew-Normal and Related Families, ch. 2-3. Here ``loc`` is ξ and ``scale`` ω. The information is singular at
    alpha = 0, where loc and alpha do the same to first order. With a positive probability, large in small samples, the
    maximum is at alpha = ±∞: a half-normal law whose threshold is the smallest (largest) observation.
    """

    name = "skew_normal"
    aliases = ("skewnorm", "sn")
    support = REAL
    parameters = (LOC, SCALE, Parameter("alpha", REAL, typical=(1.0, 8.0)))
    in_scipy = InScipy("skewnorm", "alpha", loc="loc", scale="scale")
    cdf, sf = cdf_of_log, sf_of_log

    def logpdf(self, x: Array, loc: Array, scale: Array, alpha: Array) -> Array:
        """Log-density at x."""
        z = (x - loc) / scale
        return np.asarray(_log_cdf(alpha * z) - 0.5 * z * z - np.log(scale) + _HALF_LOG_TWO_OVER_PI)

    def score(self, x: Array, loc: Array, scale: Array, alpha: Array) -> tuple[Array, ...]:
        """Derivatives by loc, scale and alpha."""
        z = (x - loc) / scale
        return _slopes(z, alpha, scale, _mills(alpha * z))

    def hessian(self, x: Array, loc: Array, scale: Array, alpha: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        z = (x - loc) / scale
        u = alpha * z
        return _bends(z, u, alpha, scale, _mills(u))

    def derivative_sums(
        self, x: Array, weight: Array | None, loc: float, scale: float, alpha: float
    ) -> tuple[float, ...]:
        """Sums of log Phi(u), u = alpha z, of what a compiled loop takes apart from it, here 0, and of z and z².

        Then of r = phi(u)/Phi(u), zr, and, with the slope -r(u + r) = b of r, of b, zb and z²b.
        """
        z = (x - loc) / scale
        u = alpha * z
        log_below, ratio = _log_cdf_and_mills(u)
        bend = -ratio * (u + ratio)
        w_z, w_bend = weighted(weight, z, bend)
        bent = z * w_bend
        logs, ratios = sums_of(weight, log_below, ratio)
        return logs, 0.0, total(w_z), dot(w_z, z), ratios, dot(w_z, ratio), total(w_bend), total(bent), dot(bent, z)

    def derivatives(self, count: Any, sums: Sequence[Any], loc: Any, scale: Any, alpha: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        logs, dips, z, zz, r, zr, b, zb, zzb = sums
        fall, pull = z - alpha * r, zz - alpha * zr
        return [
            logs - dips - 0.5 * zz + count * (_HALF_LOG_TWO_OVER_PI - np.log(scale)),
            fall / scale,
            (pull - count) / scale,
            zr,
            (alpha**2 * b - count) / scale**2,
            (alpha**2 * zb - z - fall) / scale**2,
            -(r + alpha * zb) / scale,
            (count + alpha**2 * zzb - zz - 2 * pull) / scale**2,
            -(zr + alpha * zzb) / scale,
            zzb,
        ]

    def from_sample(self, sample: Sample) -> tuple[float, ...]:
        """Newton's method from either sign of alpha, unless one is clear; on a few rows first."""
        few = sample.sketch()
        starts = self._start_by_sign(few)
        clear = (starts[0][0] - starts[1][0]) * few.nobs > _CLEAR
        ends = []
        for _, start in starts:
            end = _climb_from(self, few, start)
            if abs(end[1][2]) > _LEANING:  # it may have leapt over a maximum, or found the lower of two
                size = _AGAIN if abs(end[1][2]) > _AGAIN else _STEEPER
                again = [params for _, params in self._start_by_sign(few, (size,)) if params[2] * start[2] > 0]
                end = max(end, _climb_from(self, few, again[0]))
            if few is not sample:
                # Where alpha ran off, rows left out may lie beyond the threshold: begin again.
                end = _climb_from(self, sample, end[1] if _FLAT < abs(end[1][2]) < _STEEP else start)
            ends.append(end)
            if clear and abs(end[1][2]) > _FLAT:
                break
        loc, scale, alpha = max(ends)[1]
        if abs(alpha) <= _FLAT:  # with either sign: there is no skewness to speak of, and the law is normal
            return sample.mean(), math.sqrt(sample.var()), 0.0
        return loc, scale, alpha

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The best fit of mean and variance among several alphas, for either sign.

        Where that is steep, another that is not: the likelihood of censored data may have a maximum on either side of
        a valley in alpha, and be level beyond it.
        """
        best = [params for _, params in self._start_by_sign(sample)]
        if max(abs(params[2]) for params in best) > _LEANING:
            best += [params for _, params in self._start_by_sign(sample, _SHAPES[2:4]) if params not in best]
        return best

    def starts_of_groups(self, groups: Groups) -> list[tuple[Array, ...]]:
        """Laws with the mean and variance of each group: of either sign, the alpha of its skewness and a steep one.

        NaN for the sign opposite to that of the skewness where a start is far below the other; and a steeper one of the
        sign of the skewness, NaN where that is small.
        """
        mean, spread = groups.mean_and_deviation(groups.x)
        centred = groups.x - mean[groups.ids]
        skewness = groups.means(centred * np.square(centred)) / spread**3
        sign = np.where(skewness < 0, -1.0, 1.0)
        ratio = np.cbrt(2 * np.abs(skewness) / (4 - math.pi))  # of the mean of z and its standard deviation
        delta = np.clip(ratio / np.hypot(1.0, ratio) / _ROOT_TWO_OVER_PI, *_DELTAS)
        own = delta / np.sqrt(1 - delta**2)

        def law_of(alpha: Array) -> tuple[Array, Array, Array]:
            shift = alpha / np.hypot(1.0, alpha) * _ROOT_TWO_OVER_PI
            scale = spread / np.sqrt(1 - shift**2)
            return mean - shift * scale, scale, alpha

        def below(alpha: Array) -> Array:
            loc, scale, _ = law_of(alpha)
            return groups.means(_log_cdf((alpha / scale)[groups.ids] * (groups.x - loc[groups.ids])))

        # As both laws have the mean and the variance of the group, their mean squares of z are one.
        spared = groups.nobs * (below(sign * own) - below(-sign * own)) > _CLEAR
        other, steeper = np.where(spared, np.nan, -sign), np.where(own > _LEANING, sign * _STEEPER, np.nan)
        return [law_of(alpha) for alpha in (sign * own, other * own, sign * _AGAIN, other * _AGAIN, steeper)]

    def _start_by_sign(self, sample: Sample, sizes: tuple[float, ...] = _SHAPES) -> list[tuple[float, tuple[Any, ...]]]:
        """Starts with their mean log-likelihoods, the better sign of alpha first."""
        mean, spread = sample.mean(), math.sqrt(sample.var())
        if not spread > 0:
            raise DegenerateDataError(
                f"{self.name}: all {sample.nobs:g} observations are equal, so the likelihood has no maximum."
            )
        few = sample.sketch(_ROWS_OF_CHOICE)
        size = np.array(sizes)
        delta = size / np.hypot(1.0, size)
        scale = spread / np.sqrt(1 - 2 / math.pi * delta**2)
        best: list[tuple[float, tuple[Any, ...]]] = []
        for sign in (1.0, -1.0):
            loc, alpha = mean - sign * delta * scale * _ROOT_TWO_OVER_PI, sign * size
            # As each law has the mean and the variance of the sample, their mean squares of z are one.
            rows = _log_cdf((alpha / scale)[:, None] * (few.x - loc[:, None]))
            below = np.add.reduce(rows if few.weight is None else few.weight * rows, axis=1) / few.nobs
            top = int(np.argmax(below - np.log(scale)))
            params: tuple[Any, ...] = float(loc[top]), float(scale[top]), float(alpha[top])
            best.append((sample.mean(lambda x: self.logpdf(x, *params)), params))  # noqa: B023
        return sorted(best, reverse=True)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """A half-normal law with a threshold, as alpha goes to either infinity."""
        return (
            Limit(half_normal_beyond(1.0), lambda loc, scale: (loc, scale, np.inf)),
            Limit(half_normal_beyond(-1.0), lambda loc, scale: (loc, scale, -np.inf)),
        )

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """An exponential law, as that of normal laws, whatever alpha; the normal cdf, as alpha and scale run off."""
        tilts = in_window(lower, upper, lambda slope: (*infinite(slope), np.nan))
        if math.isinf(lower) or math.isinf(upper):
            return tilts
        cdfs = (
            Limit(rising_on(lower, upper, sign, math.inf), lambda loc, _, sign=sign: (loc, math.inf, sign * math.inf))
            for sign in (1.0, -1.0)
        )
        return *tilts, *cdfs

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Normal where alpha is 0: there a score is a multiple of another, and the likelihood level (Azzalini 1985)."""

        def beside(mu: float, sigma: float) -> list[tuple[float, ...]]:
            delta = math.sqrt(0.5)  # of alpha = 1, with the mean and variance of the normal law
            scale = sigma / math.sqrt(1 - 2 / math.pi * delta**2)
            whole = [(mu - sign * delta * scale * _ROOT_TWO_OVER_PI, scale, sign) for sign in (1.0, -1.0)]
            # Where windows show a tail alone, all that alpha changes is how that begins.
            return [*whole, *((mu, sigma, sign * _IN_TAIL) for sign in (1.0, -1.0))]

        normal = get_family("normal")
        return (SpecialCase(normal, lambda mu, sigma: (mu, sigma, 0.0), at=("alpha",), beside=beside),)

    def mean(self, loc: Array, scale: Array, alpha: Array) -> Array:
        """Expected value."""
        return np.asarray(loc + scale * _ROOT_TWO_OVER_PI * alpha / np.hypot(1.0, alpha))

    def var(self, loc: Array, scale: Array, alpha: Array) -> Array:
        """Variance."""
        return np.asarray(np.square(scale) * (1 - 2 / math.pi * np.square(alpha / np.hypot(1.0, alpha))))

    def logsf(self, x: Array, loc: Array, scale: Array, alpha: Array) -> Array:
        """Log of the survival function."""
        return self.logcdf(-np.asarray(x), np.negative(loc), scale, np.negative(alpha))

    def logcdf(self, x: Array, loc: Array, scale: Array, alpha: Array) -> Array:
        """Log of the cdf: Φ(z) - 2 T(z, alpha), with Owen's T; in the tail, where that cancels, by quadrature."""
        z, alpha = np.broadcast_arrays(np.asarray((x - loc) / scale, dtype=float), np.asarray(alpha, dtype=float))
        direct = special.ndtr(z) - 2 * special.owens_t(z, alpha)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.array(np.log(direct))
        far = ~(direct > _CANCELLED) & (z > -np.inf) & (z < 0)
        if np.any(far):
            z, alpha = z[far], alpha[far]
            # Slope of the log-density: -z, and alpha times the inverse Mills ratio at -alpha z.
            slope = -z + alpha / mills_ratio_normal(-alpha * z)
            value[far] = log_tail(lambda t: _log_cdf(alpha * t) - 0.5 * t * t + _HALF_LOG_TWO_OVER_PI, slope, z)
        return value

    def ppf(self, p: Array, loc: Array, scale: Array, alpha: Array) -> Array:
        """Quantile."""
        return self._quantile(p, loc, scale, alpha, above=False)

    def isf(self, p: Array, loc: Array, scale: Array, alpha: Array) -> Array:
        """Upper quantile."""
        return self._quantile(p, loc, scale, alpha, above=True)

    def _quantile(self, p: Array, loc: Array, scale: Array, alpha: Array, *, above: bool) -> Array:
        p, loc, scale, alpha = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (p, loc, scale, alpha)))

        zero, one = np.zeros_like(loc), np.ones_like(loc)

        def tails(z: Array) -> tuple[Array, Array]:
            return self.logcdf(z, zero, one, alpha), self.logsf(z, zero, one, alpha)

        z = quantile_of_tails(p, tails, lambda z: self.logpdf(z, zero, one, alpha), above=above)
        return np.asarray(loc + scale * z)

    def tail_scores(
        self, x: Array, loc: Array, scale: Array, alpha: Array
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F); F falls by exp(-z²(1 + alpha²)/2)/(π(1 + alpha²)) with alpha."""
        z = (x - loc) / scale
        log_f = _log_cdf(alpha * z) - 0.5 * z * z + _HALF_LOG_TWO_OVER_PI
        logcdf, logsf = self.logcdf(x, loc, scale, alpha), self.logsf(x, loc, scale, alpha)
        below, above = location_scale_tail_scores(z, scale, log_f, logcdf, logsf)
        steep = 1 + np.square(alpha)
        log_slope = -0.5 * z * z * steep - np.log(math.pi * steep)
        return (*below, -np.exp(log_slope - logcdf)), (*above, np.exp(log_slope - logsf))


def _climb_from(law: SkewNormal, sample: Sample, start: tuple[Any, ...]) -> tuple[float, tuple[float, ...]]:
    """Climb by the mean and the standard deviation while alpha is small, and by loc and scale where it is large."""
    value, params = -math.inf, start
    if abs(start[2]) < _LEANING:
        value, params = _climb_by_moments(law, sample, start)
    return (value, params) if abs(params[2]) < _LEANING else _climb_by_threshold(law, sample, params)


def _climb_by_moments(law: SkewNormal, sample: Sample, start: tuple[Any, ...]) -> tuple[float, tuple[float, ...]]:
    """Climb in the mean, the log of the standard deviation, and t = asinh(alpha³) / 3.

    At alpha = 0 the law differs from a normal one of its mean and variance to third order only, so that the likelihood,
    which has a saddle there in alpha, is smooth and curved in t (the centred parameters of Azzalini 1985).
    """
    loc, scale, alpha = start

    def to_params(v: Array) -> tuple[float, ...]:
        alpha = float(np.cbrt(math.sinh(3 * v[2])))
        delta = alpha / math.hypot(1.0, alpha)
        scale = math.exp(v[1]) / math.sqrt(1 - 2 / math.pi * delta**2)
        return float(v[0]) - _ROOT_TWO_OVER_PI * delta * scale, scale, alpha

    def stop(v: Array) -> bool:
        return not _FLAT < abs(to_params(v)[2]) < _LEANING

    spread = math.sqrt(law.var(loc, scale, alpha))
    first = np.array([law.mean(loc, scale, alpha), math.log(spread), math.asinh(alpha**3) / 3])
    totals = totals_of_sums(law.derivative_sums, law.derivatives)
    value, v = climb(sample, totals, to_params, first, stop, _slopes_by_moments)
    return value, to_params(v)


def _climb_by_threshold(law: SkewNormal, sample: Sample, start: tuple[Any, ...]) -> tuple[float, tuple[float, ...]]:
    """Climb in loc, log scale and the log of the size of alpha, in which the way to a threshold is short."""
    loc, scale, alpha = start
    sign = math.copysign(1.0, alpha)

    def to_params(v: Array) -> tuple[float, ...]:
        return float(v[0]), math.exp(v[1]), sign * math.exp(v[2])

    def stop(v: Array) -> bool:
        return math.exp(v[2]) <= _FLAT

    def slopes(loc: float, scale: float, alpha: float) -> tuple[Array, Array]:
        bends = np.zeros((3, 3, 3))
        bends[1, 1, 1], bends[2, 2, 2] = scale, alpha
        return np.diag([1.0, scale, alpha]), bends

    first = np.array([loc, math.log(scale), math.log(abs(alpha))])
    totals = totals_of_sums(law.derivative_sums, law.derivatives)
    value, v = climb(sample, totals, to_params, first, stop, slopes)
    return value, to_params(v)


def _slopes_by_moments(loc: float, scale: float, alpha: float) -> tuple[Array, Array]:
    """First and second derivatives of the parameters by the coordinates of `_climb_by_moments`."""
    c, square = _ROOT_TWO_OVER_PI, 1 + alpha**2
    delta = alpha / math.sqrt(square)
    # By t: of alpha, where sinh(3 t) = alpha³, and of delta.
    alpha_1, alpha_2 = math.sqrt(1 + alpha**6) / alpha**2, alpha - 2 / alpha**5
    delta_1 = alpha_1 / square**1.5
    delta_2 = alpha_2 / square**1.5 - 3 * alpha * alpha_1**2 / square**2.5
    # By delta: of the scale, s / sqrt(1 - (c delta)²), and of the place of loc below the mean, c delta times the scale.
    share = c**2 / (1 - (c * delta) ** 2)
    scale_1, scale_2 = scale * share * delta, scale * (share + 3 * (share * delta) ** 2)
    below_1, below_2 = c * (scale + delta * scale_1), c * (2 * scale_1 + delta * scale_2)
    slopes, bends = np.zeros((3, 3)), np.zeros((3, 3, 3))
    slopes[0] = 1.0, -c * delta * scale, -below_1 * delta_1
    slopes[1, 1:] = scale, scale_1 * delta_1
    slopes[2, 2] = alpha_1
    for k in (0, 1):  # what is proportional to the standard deviation is its own derivative by its log
        bends[k, 1, 1], bends[k, 1, 2], bends[k, 2, 1] = slopes[k, 1], slopes[k, 2], slopes[k, 2]
    bends[0, 2, 2] = -below_2 * delta_1**2 - below_1 * delta_2
    bends[1, 2, 2] = scale_2 * delta_1**2 + scale_1 * delta_2
    bends[2, 2, 2] = alpha_2
    return slopes, bends


def _log_cdf_and_mills(u: Array) -> tuple[Array, Array]:
    """Log Phi(u) and phi(u)/Phi(u) at once: they share what is costly, the normal integral."""
    below = special.ndtr(u)
    with np.errstate(all="ignore"):  # in the far lower tail, replaced below
        ratio = np.exp(-0.5 * u * u) / (_ROOT_TWO_PI * below)
        log_below = np.log(below)
    if not u.min() >= _DEEP:
        deep = u < _DEEP
        ratio[deep] = _ROOT_TWO_OVER_PI / special.erfcx(u[deep] / -_ROOT_TWO)
        log_below[deep] = special.log_ndtr(u[deep])
    return log_below, ratio


def _slopes(z: Array, alpha: Array, scale: Array, ratio: Array) -> tuple[Array, ...]:
    """First derivatives by loc, scale and alpha; ``ratio`` is phi/Phi at alpha z."""
    fall = z - alpha * ratio
    return fall / scale, (z * fall - 1) / scale, z * ratio


def _bends(z: Array, u: Array, alpha: Array, scale: Array, ratio: Array) -> tuple[Array, ...]:
    """Second derivatives, upper triangle row by row."""
    slope = -ratio * (u + ratio)  # of the ratio
    fall = z - alpha * ratio
    bend = np.square(alpha) * slope - 1
    mixed = ratio + u * slope
    square = np.square(scale)
    both = z * bend - fall
    by_scale = (1 + z * (both - fall)) / square
    return bend / square, both / square, -mixed / scale, by_scale, -z * mixed / scale, z * z * slope


def _mills(u: Array) -> Array:
    """phi(u)/Phi(u), without under- or overflow: the scaled complementary error function has no exponential in it."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # in the far lower tail, replaced below
        ratio = np.exp(-0.5 * u * u) / (_ROOT_TWO_PI * special.ndtr(u))
    deep = u < _DEEP
    if np.any(deep):
        ratio = np.where(deep, _ROOT_TWO_OVER_PI / special.erfcx(u / -_ROOT_TWO), ratio)
    return np.asarray(ratio)


def _log_cdf(u: Array) -> Array:
    """Log Phi(u), from Phi where that has all digits, which takes half the time."""
    with np.errstate(divide="ignore"):  # in the far lower tail, replaced below
        value = np.asarray(np.log(special.ndtr(u)))
    deep = u < _DEEP
    if np.any(deep):
        value[deep] = special.log_ndtr(np.asarray(u)[deep])
    return value


@cache
def half_normal_beyond(sign: float) -> Family:
    """The half-normal law above (below, for a negative sign) a threshold: the skew-normal's limit."""

    def logpdf(x: Array, loc: Array, scale: Array) -> Array:
        z = sign * (x - loc) / scale
        return np.where(z >= 0, _HALF_LOG_TWO_OVER_PI - np.log(scale) - 0.5 * z * z, -np.inf)

    def score(x: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        z = (x - loc) / scale
        return z / scale, (z * z - 1) / scale

    def from_sample(sample: Sample) -> tuple[float, float]:
        end = sample.minimum if sign > 0 else sample.maximum
        return end, math.sqrt(sample.mean(lambda x: np.square(x - end)))

    def from_groups(groups: Groups) -> tuple[Array, ...]:
        end = groups.minimum if sign > 0 else groups.maximum
        return end, np.sqrt(groups.means(np.square(groups.x - end[groups.ids])))

    def to_scipy(loc: float, scale: float) -> Any:
        from scipy import stats

        if sign > 0:
            return stats.halfnorm(loc, scale)
        return stats.truncnorm(-np.inf, 0.0, loc, scale)

    def log_near(x: Array, loc: Array, scale: Array) -> Array:
        """Log-probability between the threshold and x."""
        z = np.maximum(sign * (x - loc) / scale, 0.0)
        with np.errstate(divide="ignore"):
            return np.where(z < 1, np.log(special.erf(z / _ROOT_TWO)), np.log1p(-2 * special.ndtr(-z)))

    def log_beyond(x: Array, loc: Array, scale: Array) -> Array:
        """Log-probability on the far side of x."""
        return np.asarray(math.log(2) + special.log_ndtr(-np.maximum(sign * (x - loc) / scale, 0.0)))

    def tail_scores(x: Array, loc: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        z = sign * (x - loc) / scale
        log_f = np.where(z > 0, _HALF_LOG_TWO_OVER_PI - 0.5 * z * z, -np.inf)  # on the other side nothing moves
        with np.errstate(invalid="ignore"):
            near = np.where(z > 0, np.exp(log_f - log_near(x, loc, scale)), 0.0) / scale
        beyond = np.exp(log_f - log_beyond(x, loc, scale)) / scale
        scores = (-sign * near, -z * near), (sign * beyond, z * beyond)
        return scores if sign > 0 else scores[::-1]

    logcdf, logsf = (log_near, log_beyond) if sign > 0 else (log_beyond, log_near)
    return Family.from_logpdf(
        logpdf,
        # The threshold is an observation: it moves with the scale only, so that no centring rounds it on the way back.
        (Parameter("loc", REAL, role="scale", regular=False), Parameter("scale", POSITIVE, role="scale")),
        REAL,
        name=f"half-normal {'above' if sign > 0 else 'below'} a threshold",
        score=score,
        from_sample=from_sample,
        from_groups=from_groups,
        entropy=lambda loc, scale: 0.5 - _HALF_LOG_TWO_OVER_PI + np.log(scale),
        entropy_attained=True,
        rising_ends={"loc": sign},
        one_maximum_of_intervals=True,
        to_scipy=to_scipy,
        tail_scores=tail_scores,
        cdf=lambda x, *params: np.exp(logcdf(x, *params)),
        sf=lambda x, *params: np.exp(logsf(x, *params)),
        logcdf=logcdf,
        logsf=logsf,
    )
