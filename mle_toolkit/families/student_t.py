"""Student's t law with location and scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import dot, sums_of, total, weighted
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.base import Family
from mle_toolkit.families.cauchy import heaviest_tie
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.expectations import Statistic
from mle_toolkit.families.from_logs import logcdf_of_tails, logsf_of_tails
from mle_toolkit.families.gamma_tails import SMALLEST_MASS, log_betainc_fraction
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.location_scale import location_scale_tail_scores
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.pole_in_window import pole_on
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.special import log1mexp
from mle_toolkit.families.student_in_window import heaviest_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mle_toolkit.data.sample import Sample

_HALF_LOG_PI = 0.5 * math.log(math.pi)
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)

_LARGE_DF = 40.0
"""Degrees of freedom from which differences of gamma functions are summed as their series, to full precision."""


_SCANNED_ROWS = 500
"""Up to so many rows the profile of df is scanned below 1, where the likelihood of loc and scale has several maxima;
of more, such maxima are far below the one that the usual starts lead to."""

_LOW_DF = (0.2, 0.35, 0.6, 0.9)
_PLACES = np.arange(0.1, 0.95, 0.1)
"""Values of df below 1 that are scanned, and the quantiles of the data that are tried there as loc."""

_WEIGHINGS = 12
"""Steps of iterative weighting that bring a start near its maximum for its df."""

_WITHIN_REACH = 6.0
"""Nats below the highest start from which a climb is still worth its while."""

_NARROW = 1e3
"""A spike is a law of which so many scales to either side of loc hold one value of the data only."""

_FAR_OUT = math.log(1e-16)
"""Log of df / (df + t^2) below which the tail is a power law to the last digit."""

_NO_SQUARE = 1e150
"""Distance whose square is beyond the doubles, or nearly."""


class StudentT(Family):
    r"""Errors with outliers: a normal law whose variance is itself random; ``df`` small means heavy tails.

    .. math:: \log f(x) = \log\frac{\Gamma(\frac{\nu+1}{2})}{\Gamma(\frac{\nu}{2})\sqrt{\pi\nu}\,\sigma}
              - \frac{\nu+1}{2}\log\Bigl(1 + \frac{z^2}{\nu}\Bigr), \quad z = (x - \mu)/\sigma

    Source: Lange, Little & Taylor (1989), JASA 84, 881-896. As ``df`` grows the law tends to the normal. If a share p
    of the observations is equal, the likelihood is unbounded, as ``scale`` tends to 0 there, for every ``df`` below
    p/(1 - p) (Fernández & Steel 1999, Biometrika 86, 153-167); without heavy ties that is a spike at useless ``df``,
    and the maximum reported is the one away from it.
    """

    name = "student_t"
    aliases = ("t", "student")
    without_spikes = "Fix df, or choose the normal or the Cauchy law."
    support = REAL
    parameters = (Parameter("df", POSITIVE, typical=(1.0, 30.0)), LOC, SCALE)
    in_scipy = InScipy("t", "df", loc="loc", scale="scale")
    logcdf, logsf = logcdf_of_tails, logsf_of_tails

    def logpdf(self, x: Array, df: Array, loc: Array, scale: Array) -> Array:
        """Log-density at x."""
        z = (x - loc) / scale
        return np.asarray(log_norm(df)[0] - np.log(scale) - 0.5 * (df + 1) * np.log1p(z * z / df))

    def score(self, x: Array, df: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Derivatives by df, loc and scale."""
        z = (x - loc) / scale
        square = z * z
        weight = (df + 1) / (df + square)
        slope = weight * z
        pull = slope * z
        by_df = log_norm(df)[1] + 0.5 * (pull / df - np.log1p(square / df))
        return by_df, slope / scale, (pull - 1) / scale

    def hessian(self, x: Array, df: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        """Second derivatives."""
        z = (x - loc) / scale
        square = z * z
        share = 1 / (df + square)
        weight = (df + 1) * share
        mixed = (square - 1) * share * share * z / scale
        by_df = log_norm(df)[2] + 0.5 * square * ((df - 1) * square - 2 * df) * np.square(share / df)
        bend = 2 * df * weight * share / np.square(scale)
        by_loc = 0.5 * bend * (square / df - 1)
        by_scale = (1 - weight * square) / np.square(scale) - bend * square
        return by_df, mixed, mixed * z, by_loc, -bend * z, by_scale

    def derivative_sums(self, x: Array, weight: Array | None, df: float, loc: float, scale: float) -> tuple[float, ...]:
        """Sums of log(1 + z²/df) and, with s = z² and r = 1/(df + s), of sr, s²r², sr², r², zr, zr², zsr².

        Last the sum of sr (df + 1)/df - log(1 + s/df), which for a large df is far smaller than either.
        """
        z = (x - loc) / scale
        square = z * z
        share = 1 / (df + square)
        pull, slope, logs = square * share, z * share, np.log1p(square / df)
        gap = (df + 1) / df * pull - logs
        w_share, w_pull, w_slope = weighted(weight, share, pull, slope)
        return (
            *sums_of(weight, logs), total(w_pull), dot(w_pull, pull), dot(w_pull, share), dot(w_share, share),
            total(w_slope), dot(w_slope, share), dot(w_slope, pull), *sums_of(weight, gap),
        )  # fmt: skip

    def derivatives(self, count: float, sums: Sequence[float], df: float, loc: float, scale: float) -> list[float]:
        """Log-likelihood, score and second derivatives, from the sums."""
        logs, sr, ssrr, srr, rr, zr, zrr, zsrr, gap = sums
        norm, norm_slope, norm_bend = log_norm(df)
        pull = (df + 1) * sr
        by_loc = 2 * df * (df + 1) / scale**2  # times r²
        # sr is NaN where z² overflows, which a logarithm of products does not tell.
        possible = math.isfinite(sr)
        return [
            count * (norm - math.log(scale)) - 0.5 * (df + 1) * logs if possible else -math.inf,
            count * norm_slope + 0.5 * gap,
            (df + 1) * zr / scale,
            (pull - count) / scale,
            count * norm_bend + 0.5 * ((df - 1) * ssrr - 2 * df * srr) / df**2,
            (zsrr - zrr) / scale,
            (ssrr - srr) / scale,
            0.5 * by_loc * (srr / df - rr),
            -by_loc * zrr,
            (count - pull) / scale**2 - by_loc * srr,
        ]

    def start(self, sample: Sample) -> list[tuple[float, float, float]]:
        """Median and half the interquartile range, for a heavy and a light tail; of few rows, also for df below 1."""
        median = sample.quantile(0.5)
        half = 0.5 * (sample.quantile(0.75) - sample.quantile(0.25))
        half = half or math.sqrt(sample.var())
        usual = [(3.0, median, 1.3 * half), (1.0, median, half), (20.0, sample.mean(), 1.45 * half)]
        return usual + _heavy(sample, usual) if sample.n_rows <= _SCANNED_ROWS else usual

    def spurious(self, sample: Sample, df: float, loc: float, scale: float) -> bool:
        """Whether the law is a spike on one value of the data, where the likelihood has no bound."""
        low, high = math.inf, -math.inf
        for x, _ in sample.blocks():
            near = x[np.abs(x - loc) <= _NARROW * scale]
            low, high = float(np.min(near, initial=low)), float(np.max(near, initial=high))
        return low == high

    def spikes(self, _: Sample) -> str:
        """Any exact observation."""
        return "as df and scale → 0 it rises without bound with loc at any exact observation"

    def check(self, sample: Sample) -> None:
        """Raise where half of the observations are equal, so that the likelihood is unbounded for every df up to 1."""
        super().check(sample)
        check_ties(self.name, sample)

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Why the likelihood has a spike for a known ``df``: a tie of a share p of the data with df < p/(1 - p)."""
        if "df" not in fixed or "scale" in fixed or not sample.is_exact:
            return None
        ties = sample.tabulated()
        share = np.ones(ties.n_rows) if ties.weight is None else ties.weight
        if "loc" in fixed:
            share = np.where(ties.lower == fixed["loc"], share, 0.0)
        heaviest = int(np.argmax(share))
        p = float(share[heaviest]) / sample.nobs
        if not fixed["df"] * (1 - p) < p:
            return None
        return (
            f"{p:.0%} of the observations equal {ties.lower[heaviest]:g}, where the likelihood is unbounded as "
            f"scale → 0 for every df below {p / (1 - p) if p < 1 else np.inf:.3g}"
        )

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The normal law, as df grows."""
        return (Limit(get_family("normal"), lambda mu, sigma: (np.inf, mu, sigma)),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """One over sqrt(1 + z²), as df → 0 with scale √df kept; a power of the distance from a pole, as scale → 0."""
        if math.isinf(lower) or math.isinf(upper):
            return ()
        return (
            Limit(heaviest_on(lower, upper), lambda loc, _: (0.0, loc, math.inf)),
            Limit(pole_on(lower, upper, 1.0, free=True), lambda df, reach: (df, lower - reach, 0.0)),
            Limit(pole_on(lower, upper, -1.0, free=True), lambda df, reach: (df, upper + reach, 0.0)),
        )

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Cauchy where df is 1."""
        return (SpecialCase(get_family("cauchy"), lambda loc, scale: (1.0, loc, scale), at=("df",)),)

    def entropy(self, df: Array, loc: Array, scale: Array) -> Array:
        """Entropy, nats."""
        norm, slope, _ = log_norm(df)
        return np.asarray(np.log(scale) - norm + (df + 1) * (slope + 0.5 / np.asarray(df)))

    def cdf(self, x: Array, df: Array, loc: Array, scale: Array) -> Array:
        """Probability of at most x; that of the normal law for an infinite df."""
        z = (x - loc) / scale
        return np.asarray(np.where(np.isinf(df), special.ndtr(z), special.stdtr(df, z)))

    def sf(self, x: Array, df: Array, loc: Array, scale: Array) -> Array:
        """Probability of more than x."""
        return self.cdf(-np.asarray(x), df, np.negative(loc), scale)

    def log_tails(self, x: Array, df: Array, loc: Array, scale: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function, from the smaller of the two."""
        z = np.asarray((x - loc) / scale, dtype=float)
        tail = log_lower_tail(df, -np.abs(z))
        rest = log1mexp(tail)
        return np.where(z < 0, tail, rest), np.where(z < 0, rest, tail)

    def ppf(self, p: Array, df: Array, loc: Array, scale: Array) -> Array:
        """Quantile."""
        p = np.asarray(p, dtype=float)
        return np.asarray(loc + scale * np.where(p < 0.5, lower_quantile(df, p), -lower_quantile(df, 1.0 - p)))

    def isf(self, p: Array, df: Array, loc: Array, scale: Array) -> Array:
        """Quantile of an upper tail."""
        p = np.asarray(p, dtype=float)
        return np.asarray(loc + scale * np.where(p < 0.5, -lower_quantile(df, p), lower_quantile(df, 1.0 - p)))

    def tail_scores(self, x: Array, df: Array, loc: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F): by loc and scale from the density, by df differences of the tail."""
        z = (x - loc) / scale
        below, above = self.log_tails(x, df, loc, scale)
        log_f = self.logpdf(x, df, loc, scale) + np.log(scale)
        by_cdf, by_sf = location_scale_tail_scores(z, scale, log_f, below, above)
        far = _tail_slope(df, -np.abs(z))
        near = -far * np.exp(np.minimum(below, above) - np.maximum(below, above))
        return (np.where(z < 0, far, near), *by_cdf), (np.where(z < 0, near, far), *by_sf)

    def expected(self, statistic: Statistic, df: float, loc: float, scale: float) -> float | None:
        """Expected values of x and x²; infinite of e^(t x)."""
        match statistic:
            case ("exp", _):
                return math.inf
            case ("power", c) if c in (1.0, 2.0):
                if df <= c:
                    return math.inf if c == 2 else None
                variance = scale**2 * df / (df - 2) if c == 2 else 0.0
                return float(loc**c + variance)
        return None

    def mean(self, df: Array, loc: Array, scale: Array) -> Array:
        """Expected value; NaN where there is none."""
        return np.where(np.asarray(df) > 1, loc, np.nan)

    def var(self, df: Array, loc: Array, scale: Array) -> Array:
        """Variance: infinite up to 2 degrees of freedom; NaN where there is no mean."""
        with np.errstate(divide="ignore"):
            finite = np.square(scale) / (1 - np.minimum(2 / np.asarray(df), 1.0))
        return np.where(np.asarray(df) > 1, finite, np.nan)


def check_ties(name: str, sample: Sample) -> None:
    """Raise for a law with Student's tails where half of the observations are equal."""
    value, share = heaviest_tie(sample)
    if share >= 0.5:
        bound = share / (1 - share)
        raise DegenerateDataError(
            f"{name}: {share:.0%} of the observations equal {value:g}, so the likelihood is unbounded "
            f"as scale → 0 there, for every df below {bound:.3g}. Fix df above that, or model the ties."
        )


_AS_NORMAL = 1e-10
"""Of t⁴/df, below which the log of a tail that underflows is the normal law's: they differ by a quarter of it."""

_STEP = 0.02
"""Of the differences of fourth order by log df; error 1e-8."""


def _tail_slope(df: Array, z: Array) -> Array:
    """Derivative by df of the log of the lower tail, for z <= 0."""
    with np.errstate(divide="ignore", invalid="ignore"):  # a tail that underflows: not known
        near, far = (
            np.log(special.stdtr(df * math.exp(k * _STEP), z)) - np.log(special.stdtr(df * math.exp(-k * _STEP), z))
            for k in (1, 2)
        )
    return np.asarray((8 * near - far) / (12 * _STEP * df))


def _heavy(sample: Sample, usual: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Starts with df below 1 that are not far below the usual ones: the two highest of different places.

    Each is brought near its maximum over loc and scale by iterative weighting (Kent, Tyler & Vardi 1994, Communications
    in Statistics: Simulation and Computation 23, 441-453).
    """
    x, weight = sample.x, 1.0 if sample.weight is None else sample.weight
    spread = usual[1][2]
    low = [(df, sample.quantile(p), 0.5 * spread) for df in _LOW_DF for p in _PLACES.tolist()]
    df, loc, scale = np.array([*usual, *low]).T[:, :, None]
    with np.errstate(all="ignore"):  # where a scale runs to 0
        for _ in range(_WEIGHINGS):
            square = np.square((x - loc) / scale)
            share = weight / (df + square)
            total_share = np.sum(share, axis=1, keepdims=True)
            loc = np.sum(share * x, axis=1, keepdims=True) / total_share
            scale = np.sqrt(np.sum(share * np.square(x - loc), axis=1, keepdims=True) / total_share)
        rows = -np.log(scale) - 0.5 * (df + 1) * np.log1p(np.square((x - loc) / scale) / df)
        value = np.sum(weight * rows, axis=1) + sample.nobs * log_norm(df[:, 0])[0]
    ends = np.column_stack([df, loc, scale]).tolist()
    order = np.argsort(-np.where(np.isfinite(value), value, -np.inf), kind="stable")
    highest = float(np.max(value[: len(usual)]))
    law = StudentT()
    found: list[tuple[float, float, float]] = []
    for k in order.tolist():
        end = (ends[k][0], ends[k][1], ends[k][2])
        if k < len(usual) or not value[k] > highest - _WITHIN_REACH or law.spurious(sample, *end):
            continue
        if all(abs(end[1] - other[1]) > 0.5 * other[2] for other in found):
            found.append(end)
        if len(found) == 2:
            break
    return found


def log_lower_tail(df: Any, t: Array) -> Array:
    """Log of the standard law's cdf at t <= 0; finite where it underflows; of the normal law for an infinite df."""
    df, t = np.broadcast_arrays(np.asarray(df, dtype=float), np.asarray(t, dtype=float))
    with np.errstate(divide="ignore"):
        value = np.array(np.log(special.stdtr(df, t)))
    normal = np.isinf(df)
    tiny = ((value < math.log(SMALLEST_MASS)) | (t < -_NO_SQUARE)) & ~normal & (t > -np.inf)
    if tiny.any():
        with np.errstate(over="ignore"):
            normal |= tiny & (np.square(np.square(t)) < _AS_NORMAL * df)
        tiny &= ~normal
    value[normal] = special.log_ndtr(t[normal])
    if tiny.any():
        a, far = 0.5 * df[tiny], -t[tiny]
        with np.errstate(over="ignore"):
            square = np.square(far)
            ratio = np.where(far > _NO_SQUARE, 2 * np.log(far) - np.log(df[tiny]), np.log1p(square / df[tiny]))
        x = df[tiny] / (df[tiny] + square)
        log_front = -a * ratio - 0.5 * np.log1p(df[tiny] / square)
        log_beta = special.betaln(a, 0.5) + np.log(a)
        value[tiny] = log_front - log_beta - math.log(2) + log_betainc_fraction(a, np.full_like(a, 0.5), x)
    return value


def lower_quantile(df: Any, p: Array) -> Array:
    """Quantile of the standard law for p of at most 1/2; far out that of its power law, which has its digits there.

    With w = df / (df + t^2) the probability is that of a beta law, w^(df/2) / (df B(df/2, 1/2)) for a small w. SciPy's
    quantiles are not right there.
    """
    half = 0.5 * np.asarray(df, dtype=float)
    with np.errstate(all="ignore"):
        log_w = (np.log(2.0 * p) + np.log(half) + special.betaln(half, 0.5)) / half
        far = -np.exp(0.5 * (np.log(df) - log_w))
        near = np.where(np.isinf(df), special.ndtri(p), special.stdtrit(df, p))
        return np.where(np.isfinite(half) & (log_w < _FAR_OUT), far, near)


def log_norm(df: Any) -> tuple[Any, Any, Any]:
    """Compute log Γ((df + 1)/2) - log Γ(df/2) - log(π df)/2, and its first and second derivative.

    For a large df the terms agree in nearly all digits; the series is that of Abramowitz & Stegun 6.1.47.
    """
    half = np.multiply(0.5, df)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # a df that underflows gives no number
        value = special.gammaln(half + 0.5) - special.gammaln(half) - 0.5 * np.log(df) - _HALF_LOG_PI
        first = 0.5 * (special.psi(half + 0.5) - special.psi(half) - 0.5 / half)
        # The trigamma function is the zeta function of 2.
        second = 0.25 * (special.zeta(2.0, half + 0.5) - special.zeta(2.0, half) + 0.5 / (half * half))
    if np.less(df, _LARGE_DF).all():
        return value, first, second
    df = np.asarray(df, dtype=float)
    r = 1 / np.maximum(df, _LARGE_DF)
    q = r * r
    value_series = -r * (1 / 4 - q * (1 / 24 - q * (1 / 20 - q * (17 / 112 - q * 31 / 36))))
    first_series = q * (1 / 4 - q * (1 / 8 - q * (1 / 4 - q * (17 / 16 - q * 31 / 4))))
    second_series = -q * r * (1 / 2 - q * (1 / 2 - q * (3 / 2 - q * (17 / 2 - q * 155 / 2))))
    large = df >= _LARGE_DF
    return (
        np.where(large, value_series - _HALF_LOG_TWO_PI, value),
        np.where(large, first_series, first),
        np.where(large, second_series, second),
    )
