"""Azzalini's skew-t law."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.families.base import Family
from mle_toolkit.families.climbing import climb, totals_of_rows
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.hooks import TailExpansion
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.pole_in_window import pole_on
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.skew_in_window import half_heaviest_on, leaning_on, rising_on
from mle_toolkit.families.skew_normal import half_normal_beyond
from mle_toolkit.families.special import legendre, log1mexp
from mle_toolkit.families.standardised import Together, best_starts, tails_of_location_scale
from mle_toolkit.families.student_cdf import kernel, kernel_slope, log_student_cdf, student_cdf_expansion
from mle_toolkit.families.student_t import StudentT, check_ties, log_lower_tail, log_norm

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_LOG_TWO = math.log(2)

_FOLDS = 42.0
"""Fall of the log of an integrand, nats, beyond which nothing is left."""

_FALLS = 12
"""Steps of Newton's method that find where that is."""

_ENDS = np.array([0.0, 0.02, 0.06, 0.14, 0.28, 0.5, 1.0])
"""Shares of the range of an integral of a tail at which its panels meet; the integrand is largest at 0."""

_PANEL_NODES = 20

_ROWS = 512
"""Rows of a block of such integrals."""

_NEARLY_ALL = -0.01
"""Log of a tail from which the other has lost digits, and is summed by itself."""

_RUN_OFF = 15.0
"""Log of df from which the law is a half-normal one."""

_STARTS = tuple((alpha, df) for alpha in (-8.0, -2.0, -0.5, 0.5, 2.0, 8.0) for df in (1.5, 4.0, 20.0))
"""Shapes that are tried with the quartiles of the data."""

_FEW_ROWS = 500
"""Rows up to which the likelihood may have several maxima worth a climb, and either end of alpha may be the highest."""

_LEANS = 4.0
"""Size of alpha from which the law is compared with the one beyond a threshold, where that is dear."""

_DFS = (0.7, 3.0, 30.0)
"""Where climbs of the law beyond a threshold begin."""


class SkewT(Together):
    r"""Azzalini's skew Student law: outliers, and a lean to one side; to the right if ``alpha`` is positive.

    .. math:: f(x) = \frac{2}{\omega}\, t_\nu(z)\, T_{\nu + 1}\Bigl(\alpha z \sqrt{\frac{\nu + 1}{\nu + z^2}}\Bigr),
        \quad z = (x - \xi)/\omega

    with t and T the density and the distribution function of Student's law; ``loc`` is ξ, ``scale`` ω and ``df`` ν.
    It is a skew-normal variable over the root of a chi-squared one. Sources: Azzalini & Capitanio (2003), JRSS B 65,
    367-389; (2014), The Skew-Normal and Related Families, ch. 4. Student's law for alpha = 0; as df → ∞ the skew-normal
    one; as alpha → ±∞ one half of Student's, from a threshold on, which in small samples often is the maximum. Of
    few rows the likelihood has several maxima, and spikes on one observation where df is small, which are not reported.
    Another law than Hansen's skewed Student (``hansen_skew_t``) and than Jones and Faddy's (``scipy.jf_skew_t``). The
    cdf is an integral of Owen's kind, P(X ≤ x) = (1/π) ∫ (1 + z² sec²φ/ν)^(-ν/2) dφ from arctan alpha to π/2 for z < 0,
    to a relative error below 1e-11.
    """

    name = "skew_t"
    aliases = ("azzalini_skew_t", "skew_student", "skewt", "st")
    support = REAL
    without_spikes = "Fix df, or choose the normal, the skew-normal or Student's law."
    only_if_asked = "takes a second on censored data, so only if asked for"
    parameters = (
        LOC,
        SCALE,
        Parameter("alpha", REAL, typical=(1.0, 5.0)),
        Parameter("df", POSITIVE, typical=(2.0, 15.0)),
    )

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        alpha, df = shapes
        w = alpha * z * np.sqrt((df + 1) / (df + z * z))
        return np.asarray(
            _LOG_TWO + log_norm(df)[0] - 0.5 * (df + 1) * np.log1p(z * z / df) + log_student_cdf(w, df + 1)
        )

    def reduced_derivatives(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives by z, alpha and df, and the second ones."""
        alpha, df = shapes
        square = z * z
        share = 1 / (df + square)
        root = np.sqrt((df + 1) * share)
        w = alpha * z * root
        # Of w by z, alpha and df; the last is w times half a difference of shares.
        half = 0.5 * (1 / (df + 1) - share)
        w_z, w_alpha, w_df = alpha * root * df * share, z * root, w * half
        ratio, by_m, w_w, w_m, m_m = student_cdf_expansion(w, df + 1)
        along = w_w * w_df + w_m
        _, norm_slope, norm_bend = log_norm(df)
        by_df_twice = (
            norm_bend
            + kernel_slope(square, df)
            + (along + w_m) * w_df
            + m_m
            + ratio * w * (half * half + 0.5 * (share * share - 1 / np.square(df + 1)))
        )
        first = (
            -(df + 1) * z * share + ratio * w_z,
            ratio * w_alpha,
            norm_slope + kernel(square, df) + ratio * w_df + by_m,
        )
        second = (
            -(df + 1) * share * (1 - 2 * square * share) + w_w * w_z * w_z - 3 * ratio * w_z * z * share,
            w_w * w_z * w_alpha + ratio * root * df * share,
            -z * share * (1 - (df + 1) * share) + along * w_z + ratio * (w_z * half + w * z * share * share),
            w_w * w_alpha * w_alpha,
            along * w_alpha + ratio * w_alpha * half,
            by_df_twice,
        )
        return first, second

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        far, near = self._tails(z, *shapes)[:2]
        return np.where(np.less(z, 0), far, near), np.where(np.less(z, 0), near, far)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by alpha and df."""
        alpha, df = shapes
        far, near, by_df, _ = self._tails(z, *shapes)
        left = np.less(z, 0)
        steep = 1 + np.square(alpha)
        by_alpha = -np.exp(-0.5 * df * np.log1p(z * z / df * steep)) / (math.pi * steep)  # of the cdf
        below, above = np.where(left, far, near), np.where(left, near, far)
        rest = -by_df * np.exp(far - near)
        return (
            (by_alpha * np.exp(-below), np.where(left, by_df, rest)),
            (-by_alpha * np.exp(-above), np.where(left, rest, by_df)),
        )

    def tail_expansion(self, x: Array, *params: Any) -> TailExpansion:
        """Logs of the tails, with derivatives and second derivatives."""
        return tails_of_location_scale(self, x, params, self._tail_expansion)

    def _tail_expansion(self, z: Array, *shapes: Any) -> TailExpansion:
        """Of the tails of z, by alpha and df: by alpha that of the cdf is minus a power."""
        alpha, df = shapes
        far, near, by_df, by_df_twice = self._tails(z, *shapes)
        left, square, steep = np.less(z, 0), z * z, 1 + np.square(alpha)
        grown = square * steep / df
        share = grown / (1 + grown)
        log_power = -0.5 * df * np.log1p(grown) - np.log(math.pi * steep)
        by_alpha = -alpha * (df * share + 2) / steep
        power_by_df = 0.5 * (share - np.log1p(grown))
        logs = np.where(left, far, near), np.where(left, near, far)
        slopes, bends = [], []
        for sign, tail, is_far in zip((-1.0, 1.0), logs, (left, ~left), strict=True):
            rate, lost = sign * np.exp(log_power - tail), -np.exp(far - tail)
            fall = np.where(is_far, by_df, lost * by_df)
            second = np.where(is_far, by_df_twice, lost * by_df_twice)
            slopes.append((rate, fall))
            bends.append((rate * (by_alpha - rate), rate * (power_by_df - fall), second - fall * fall))
        return logs, (slopes[0], slopes[1]), (bends[0], bends[1])

    @staticmethod
    def _tails(z: Array, alpha: Any, df: Any) -> tuple[Array, Array, Array, Array]:
        """Logs of the tail on the side of z and of the other; derivatives of the first by df over it, and second."""
        z, alpha, df = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (z, alpha, df)))
        lean = np.where(z < 0, alpha, -alpha).ravel()
        ratio = (np.abs(z) / np.sqrt(df)).ravel()
        found = np.empty((4, z.size))
        for first in range(0, z.size, _ROWS):
            rows = slice(first, first + _ROWS)
            found[:, rows] = _owen(lean[rows], ratio[rows], df.ravel()[rows])
        far, near, by_df, by_df_twice = found.reshape(4, *z.shape)
        return far, near, by_df, by_df_twice

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """For several shapes the law of the quartiles of the data: the best of either sign, and the next."""
        low, median, high = (sample.quantile(p) for p in (0.25, 0.5, 0.75))
        spread = (high - low) or math.sqrt(sample.var())
        starts: list[tuple[float, ...]] = [
            (median - spread / (q3 - q1) * q2, spread / (q3 - q1), *shapes)
            for shapes, (q1, q2, q3) in zip(_STARTS, _quartiles(), strict=True)
        ]
        ranked = best_starts(sample, self.logpdf, starts, len(starts))
        chosen = ranked[:2] if sample.n_rows > _FEW_ROWS else ranked[:4]
        for sign in (1.0, -1.0):
            chosen += [one for one in ranked if one[2] * sign > 0 and one not in chosen][:1]
        return chosen

    def spurious(self, sample: Sample, loc: float, scale: float, alpha: float, df: float) -> bool:
        """Whether the law is a spike on one value of the data, where the likelihood has no bound."""
        return StudentT().spurious(sample, df, loc, scale)

    def spikes(self, _: Sample) -> str:
        """Any exact observation."""
        return "as df and scale → 0 it rises without bound with loc at any exact observation"

    def check(self, sample: Sample) -> None:
        """Raise where so many observations are equal that the likelihood is unbounded whatever df."""
        super().check(sample)
        check_ties(self.name, sample)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The skew-normal law as df grows, half of Student's law from a threshold on as alpha → ±∞."""
        return (
            Limit(get_family("skew_normal"), lambda loc, scale, alpha: (loc, scale, alpha, np.inf)),
            Limit(_half_student(1.0), lambda df, loc, scale: (loc, scale, np.inf, df)),
            Limit(_half_student(-1.0), lambda df, loc, scale: (loc, scale, -np.inf, df)),
        )

    def limits_near(self, sample: Sample, loc: float, scale: float, alpha: float, df: float) -> tuple[Limit, ...]:
        """All for few exact rows; else the half on the side to which the law leans, if it does so much."""
        normal, above, below = self.limits
        if sample.is_plain and sample.n_rows <= _FEW_ROWS:
            return normal, above, below
        if abs(alpha) < _LEANS:
            return (normal,)
        half, end = (above, sample.minimum) if alpha > 0 else (below, sample.maximum)
        if sample.is_exact and sample.window is not None and all(np.all(end == end[0]) for end in sample.window):
            # As the density falls from the threshold on, and the window holds less beyond it, it is an observation.
            half = replace(half, given={"loc": end})
        return normal, half

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """The law of df → 0 with scale √df kept; a cdf of Student's, as alpha and scale run off; powers, scale → 0."""
        if math.isinf(lower) or math.isinf(upper):
            return ()
        rising = tuple(
            Limit(
                rising_on(lower, upper, sign, None),
                lambda loc, _, df, sign=sign: (loc, math.inf, sign * math.inf, df - 1),
            )
            for sign in (1.0, -1.0)
        )
        return (
            Limit(leaning_on(lower, upper), lambda loc, _, alpha: (loc, math.inf, alpha, 0.0)),
            *rising,
            Limit(pole_on(lower, upper, 1.0, free=True), lambda df, reach: (lower - reach, 0.0, math.nan, df)),
            Limit(pole_on(lower, upper, -1.0, free=True), lambda df, reach: (upper + reach, 0.0, math.nan, df)),
        )

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Student's law where alpha is 0."""
        return (SpecialCase(get_family("student_t"), lambda df, loc, scale: (loc, scale, 0.0, df), at=("alpha",)),)

    def mean(self, loc: Array, scale: Array, alpha: Array, df: Array) -> Array:
        """Expected value, for a df above 1."""
        return np.asarray(loc + scale * _mean(alpha, df))

    def var(self, loc: Array, scale: Array, alpha: Array, df: Array) -> Array:
        """Variance; infinite up to a df of 2."""
        df = np.asarray(df, dtype=float)
        light = df > 2
        some = np.where(light, df, 3.0)
        variance = np.square(scale) * (some / (some - 2) - np.square(_mean(alpha, some)))
        return np.where(light, variance, np.inf) + 0 * np.asarray(loc)

    def rvs(self, loc: Array, scale: Array, alpha: Array, df: Array, size: Any, rng: Any) -> Array:
        """Draw random numbers: a skew-normal one over the root of a chi-squared one."""
        normal = (alpha * np.abs(rng.standard_normal(size)) + rng.standard_normal(size)) / np.hypot(1.0, alpha)
        return np.asarray(loc + scale * normal / np.sqrt(rng.chisquare(df, size) / df))


def _mean(alpha: Array, df: Array) -> Array:
    """Expected value of the standard law; NaN up to a df of 1."""
    df = np.asarray(df, dtype=float)
    with np.errstate(invalid="ignore"):
        log_size = 0.5 * np.log(df / math.pi) + special.gammaln(0.5 * (df - 1)) - special.gammaln(0.5 * df)
    return np.asarray(np.where(df > 1, np.exp(log_size), np.nan) * np.asarray(alpha) / np.hypot(1.0, alpha))


def _owen(lean: Array, ratio: Array, df: Array) -> tuple[Array, Array, Array, Array]:
    """Logs of (1/π) ∫ (1 + ratio² sec²φ)^(-df/2) dφ from arctan(lean) to π/2, and of one minus that; shape (n,).

    Third the derivative of the integral by df over it, where ratio² df stays, and fourth the second one. With
    tan φ = sinh u the integrand is that power times sech u, which falls to either side of u = 0 and has no singularity
    nearer to the line than π/2.
    """
    up = np.maximum(lean, 0.0)
    peak = np.hypot(1.0, up)  # cosh u where the integrand is largest
    size = np.square(ratio * peak)
    log_size = np.where(size < np.inf, np.log1p(size), 2 * (np.log(ratio) + np.log(peak)))
    share = 1 / (1 + 1 / size)

    # How far the log of the integrand falls by `_FOLDS`: Newton's method in log cosh u, of which it is concave.
    fall = np.full_like(ratio, _FOLDS)
    for _ in range(_FALLS):
        grown = share * np.expm1(2 * fall)
        excess = fall + 0.5 * df * np.log1p(grown) - _FOLDS
        fall = np.maximum(fall - excess / (1 + df * (grown + share) / (1 + grown)), 0.0)
    grown = np.expm1(2 * fall)
    length = np.arcsinh(peak * grown / (np.sqrt(up * up + np.square(peak) * grown) + up * np.exp(fall)))

    def integrals(stop: Array, rows: Any) -> Array:
        """Of the integrand over its largest value, and of its derivatives by df."""
        nodes, weights = _panels()
        v = stop[:, None] * nodes
        rise = 2 * np.square(np.sinh(0.5 * v)) + (up / peak)[rows, None] * np.sinh(v)
        logs = np.log1p(share[rows, None] * rise * (2 + rise))
        value = stop[:, None] * weights * np.exp(-0.5 * df[rows, None] * logs) / (1 + rise)
        log_power = log_size[rows, None] + logs
        part = -np.expm1(-log_power)  # 1 - 1 / (1 + ratio² cosh²)
        by_df = 0.5 * (part - log_power)
        twice = by_df * by_df + 0.5 * part * part / df[rows, None]
        return np.array([np.sum(v, axis=1) for v in (value, value * by_df, value * twice)])

    sums = integrals(length, slice(None))
    back = np.flatnonzero(lean < 0)
    if len(back):
        sums[:, back] += integrals(np.minimum(np.arcsinh(-lean[back]), length[back]), back)
    value, slope, bend = sums
    far = np.minimum(np.log(value) - np.log(peak) - 0.5 * df * log_size - math.log(math.pi), 0.0)
    near = log1mexp(far)
    full = np.flatnonzero(far > _NEARLY_ALL)
    if len(full):
        near[full] = _log_rest(lean[full], ratio[full], df[full])
    return far, near, slope / value, bend / value


def _log_rest(lean: Array, ratio: Array, df: Array) -> Array:
    """Log of one minus the integral of `_owen`, where that is nearly 1: the sum of what is left out and lost."""
    nodes, weights = _fine_panels()
    cosh = np.cosh(nodes)
    lost = -np.expm1(-0.5 * df[:, None] * np.log1p(np.square(ratio[:, None] * cosh))) * weights / cosh
    # Of both sides of u = 0, but for what is beyond the end.
    below = np.arcsinh(-lean)
    total = np.sum(lost, axis=1)
    v = below[:, None] * (nodes / _FOLDS)
    cosh = np.cosh(v)
    part = -np.expm1(-0.5 * df[:, None] * np.log1p(np.square(ratio[:, None] * cosh))) / cosh
    total += np.sum(part * weights, axis=1) * below / _FOLDS
    return np.asarray(np.log(np.arctan(-1 / lean) + total) - math.log(math.pi))


@cache
def _panels() -> tuple[Array, Array]:
    """Nodes and weights between 0 and 1 of the panels of `_owen`."""
    return _composite(_ENDS)


@cache
def _fine_panels() -> tuple[Array, Array]:
    """Nodes and weights between 0 and `_FOLDS`, of even panels."""
    return _composite(np.linspace(0.0, _FOLDS, 22))


def _composite(ends: Array) -> tuple[Array, Array]:
    nodes, weights = legendre(_PANEL_NODES)
    middle, half = 0.5 * (ends[1:] + ends[:-1])[:, None], 0.5 * np.diff(ends)[:, None]
    return (middle + half * nodes).ravel(), (half * weights).ravel()


@cache
def _quartiles() -> tuple[tuple[float, float, float], ...]:
    """Of the standard law of each of `_STARTS`."""
    law, p = SkewT(), np.array([0.25, 0.5, 0.75])
    return tuple(tuple(law.ppf(p, 0.0, 1.0, *shapes).tolist()) for shapes in _STARTS)


class _HalfStudent(Family):
    """Student's law above (below, for a negative sign) its location: what the law tends to as alpha runs off."""

    support = REAL
    without_spikes = SkewT.without_spikes

    def __init__(self, sign: float) -> None:
        super().__init__()
        self.name = f"half of Student's law {'above' if sign > 0 else 'below'} a threshold"
        self.sign = sign
        self.parameters = (
            Parameter("df", POSITIVE),
            # The threshold is an observation: it moves with the scale only, so that no centring rounds it.
            Parameter("loc", REAL, role="scale", regular=False),
            Parameter("scale", POSITIVE, role="scale"),
        )
        self._whole = StudentT()

    def logpdf(self, x: Array, df: Array, loc: Array, scale: Array) -> Array:
        """Log-density at x."""
        return np.where(self.sign * (x - loc) >= 0, _LOG_TWO + self._whole.logpdf(x, df, loc, scale), -np.inf)

    def score(self, x: Array, df: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by df, loc and scale."""
        return self._whole.score(x, df, loc, scale)

    def hessian(self, x: Array, df: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        return self._whole.hessian(x, df, loc, scale)

    def from_sample(self, sample: Sample) -> tuple[float, ...]:
        """The threshold is the last observation; df and scale by climbs from several df."""
        end = sample.minimum if self.sign > 0 else sample.maximum
        away = sample.mapped(lambda x: x - end)
        spread = math.sqrt(away.mean(np.square))
        totals = totals_of_rows(
            lambda x, *p: (self._whole.logpdf(x, *p), *self._whole.score(x, *p), *self._whole.hessian(x, *p))
        )

        def to_params(v: Array) -> tuple[float, ...]:
            return math.exp(v[0]), 0.0, math.exp(v[1])

        found = []
        for df in _DFS:
            scale = spread / (3.0 if df < 2 else 1.5 if df < 10 else 1.0)
            value, v = climb(away, totals, to_params, np.log([df, scale]))
            if v[0] < _RUN_OFF and not self._whole.spurious(away, *to_params(v)):
                found.append((value, tuple(v.tolist())))
        if not found:
            raise NoMaximumError(f"skew_t: {self.name} has no maximum in the interior.")
        df, scale = np.exp(max(found)[1]).tolist()
        return df, end, scale

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """The last observation, and the root mean square beyond it."""
        end = sample.minimum if self.sign > 0 else sample.maximum
        spread = math.sqrt(sample.mean(lambda x: np.square(x - end)))
        return [(df, end, scale * spread) for df, scale in ((2.0, 0.5), (20.0, 0.9))]

    def spurious(self, sample: Sample, df: float, loc: float, scale: float) -> bool:
        """Whether the law is a spike on one value."""
        return self._whole.spurious(sample, df, loc, scale)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """A half-normal law, as df grows."""
        return (Limit(half_normal_beyond(self.sign), lambda loc, scale: (np.inf, loc, scale)),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """One over sqrt(1 + z²) beyond the threshold, as df → 0 with scale √df kept."""
        if math.isinf(lower) or math.isinf(upper):
            return ()
        return (Limit(half_heaviest_on(lower, upper, self.sign), lambda loc, _: (0.0, loc, math.inf)),)

    def _log_tails(self, x: Array, df: Array, loc: Array, scale: Array) -> tuple[Array, Array]:
        """Logs of the probability between the threshold and x, and of that beyond x."""
        z = np.maximum(self.sign * (x - loc) / scale, 0.0)
        beyond = np.minimum(_LOG_TWO + log_lower_tail(df, -z), 0.0)
        return log1mexp(beyond), beyond

    def logcdf(self, x: Array, df: Array, loc: Array, scale: Array) -> Array:
        """Log of the cdf."""
        near, beyond = self._log_tails(x, df, loc, scale)
        return near if self.sign > 0 else beyond

    def logsf(self, x: Array, df: Array, loc: Array, scale: Array) -> Array:
        """Log of the survival function."""
        near, beyond = self._log_tails(x, df, loc, scale)
        return beyond if self.sign > 0 else near

    cdf, sf = cdf_of_log, sf_of_log


@cache
def _half_student(sign: float) -> Family:
    return _HalfStudent(sign)
