"""The generalised normal (exponential power) law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import UnboundedLikelihoodError
from mle_toolkit.families.base import Family
from mle_toolkit.families.cauchy import heaviest_tie
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.from_logs import cdf_of_log, logcdf_of_tails, logsf_of_tails, sf_of_log
from mle_toolkit.families.gamma_tails import (
    log_gamma_quantiles,
    log_gamma_tails,
    log_gammainc_slopes,
    log_gammaincc,
)
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.location_scale import location_scale_tail_scores
from mle_toolkit.families.mass import log_interval_mass
from mle_toolkit.families.parameters import LOC, SCALE, Parameter
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.relations import Limit, SpecialCase
from mle_toolkit.families.special import log_or_minus_inf
from mle_toolkit.families.tilted import in_window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mle_toolkit.data.sample import Sample

_LOWEST, _UNIFORM = 2.0**-5, 2.0**10
"""Shapes between which the profile likelihood is looked at before the search. Below the first only a spike is high;
above the last the law is uniform to most samples."""

_PER_OCTAVE = 12
"""Shapes looked at up to each doubling: a local maximum may be that near to the rise to a spike."""

_PER_HIGH_OCTAVE, _HIGH = 3, 2.0
"""The same where there is no spike, and from which shape on."""

_LOOKS = 50_000
"""Observations times places at which the profile is looked at: each observation of a small sample is a place."""

_FEWEST_ROWS = 500
"""Rows by which the places are compared at first, where there are more."""

_CLIMBED = 4
"""Local maxima of that look from which the search climbs."""

_ROUNDS = 200
_LONGEST_STEP = 0.5
_HALVINGS = 20
_MOST_CANDIDATES = 200
_FEWEST_CANDIDATES = 15
"""Observations around the present location that are tried as the place of a cusp; many where that is cheap."""
_CHEAP = 200_000

_ROUNDING = 1e-12

_CLEAR = 10.0
"""Nats by which a local maximum on a few rows must be ahead for the others to be left."""

_CLOSE, _NEAR = 1e-9, 1e-5
"""Share of the scale, and of the shape, by which they still move at the end of a climb, and at that of one of few rows,
from where all rows lead on."""

_ONE_HILL = 1e-2
"""The same for how far apart ends of climbs over few rows may be that are those of one hill."""

_SURE = 1e-3
"""Length of a step of Newton's method in log(shape) below which it is taken without a look."""

_BLUNT = 1.1
"""Shape up to which the top of the likelihood in ``loc`` is a cusp to floating-point numbers: above 1 it is smooth,
but within |x - m|^(shape - 1) of an observation."""

_ROUGH = 1.5
"""Shape below which the second derivative by ``loc`` of a row has no finite variance."""


class GeneralizedNormal(Family):
    r"""Errors between Laplace (``shape`` 1), normal (2) and uniform (∞).

    .. math:: \log f(x) = \log\beta - \log(2s) - \log\Gamma(1/\beta) - |z|^\beta, \quad z = (x - m)/s

    Source: Subbotin (1923), Mat. Sbornik 31, 296-301; Nadarajah (2005), Journal of Applied Statistics 32,
    685-694. Route to the maximum: s^β = β mean(abs(x - m)^β); ``loc`` and ``shape``, nearly orthogonal, in turn.

    For shape <= 1 the density has a cusp, the likelihood one at every observation, and ``loc`` is an observation
    without a standard error. As shape → 0 the likelihood is unbounded at any observation; the maximum reported is the
    highest local one, which is looked for over shapes and observations, and data are refused where Laplace's or the
    normal law, which are members, are above all of them.
    """

    name = "generalized_normal"
    dear_tails = True
    aliases = ("gennorm", "exponential_power")
    support = REAL
    cusp = "loc"
    without_spikes = "Fix shape (1 is Laplace's law, 2 the normal)."
    scans = "profile scanned over loc, at observations, and shapes from 0.03 to 1000"
    parameters = (LOC, SCALE, Parameter("shape", POSITIVE, typical=(1.3, 6.0)))
    in_scipy = InScipy("gennorm", "shape", loc="loc", scale="scale")
    cdf, sf = cdf_of_log, sf_of_log
    logcdf, logsf = logcdf_of_tails, logsf_of_tails

    def logpdf(self, x: Array, loc: Array, scale: Array, shape: Array) -> Array:
        """Log-density at x."""
        power = np.abs((x - loc) / scale) ** shape
        # Γ(1/β)/β = Γ(1 + 1/β), which does not overflow as β grows.
        return np.asarray(-math.log(2) - np.log(scale) - special.gammaln(1 + 1 / np.asarray(shape)) - power)

    def score(self, x: Array, loc: Array, scale: Array, shape: Array) -> tuple[Array, ...]:
        """Derivatives by loc (0 at a cusp), scale and shape."""
        z = (x - loc) / scale
        size = np.abs(z)
        power = size**shape
        inverse = 1 / np.asarray(shape)
        by_loc = shape * np.sign(z) * np.divide(power, size, out=np.zeros_like(power), where=size > 0) / scale
        by_shape = np.square(inverse) * special.psi(1 + inverse) - special.xlogy(power, size)
        return by_loc, (shape * power - 1) / scale, by_shape

    def start(self, sample: Sample) -> list[tuple[float, float, float]]:
        """The best local maxima on a grid, and the normal law: what a window leaves looks uniform."""
        mean = sample.mean()
        peaks = [(loc, shape) for loc, shape in _peaks(sample)[:2]] + [(mean, 2.0)]
        return [(loc, _scale(sample, loc, shape), shape) for loc, shape in peaks]

    def from_sample(self, sample: Sample) -> tuple[float, float, float]:
        """Location and shape in turn from the best local maxima on a grid, on a few rows first; the scale follows."""
        few = sample.sketch()
        close = _CLOSE if few is sample else _NEAR
        ends = [end for end in (_climbed(few, *peak, close) for peak in _peaks(few)) if end is not None]
        if few is not sample:
            heights = [_profile(few, *end) for end in ends]
            clear = max(heights, default=0.0) - _CLEAR / few.nobs
            near = _distinct(few, [end for end, height in zip(ends, heights, strict=True) if height > clear])
            ends = [end for end in (_climbed(sample, *end, _CLOSE) for end in near) if end is not None]
        middle = 0.5 * (sample.minimum + sample.maximum)
        ends.append((middle, 2 * _UNIFORM))
        best = max(ends, key=lambda end: _profile(sample, *end))
        members = ((sample.quantile(0.5), 1.0), (sample.mean(), 2.0))
        height = max(_profile(sample, *best), -math.log(0.5 * (sample.maximum - sample.minimum)))
        if any(_profile(sample, *member) > height + _ROUNDING for member in members):
            raise _spike()
        loc, shape = best
        return loc, _scale(sample, loc, shape), shape

    def irregular(self, loc: float, scale: float, shape: float) -> tuple[str, ...]:
        """The location at a cusp."""
        return ("loc",) if shape <= _BLUNT else ()

    def rough(self, loc: Any, scale: Any, shape: Any) -> tuple[str, ...]:
        """The location, up to a shape of 3/2: the square of abs(x - loc)^(shape - 2) has no mean."""
        return ("loc",) if np.any(np.asarray(shape) < _ROUGH) else ()

    def check(self, sample: Sample) -> None:
        """Raise where half of the observations are equal: all else is then far below the spike there."""
        super().check(sample)
        if heaviest_tie(sample)[1] >= 0.5:
            raise _spike()

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Where a spike shows in the data: at the lowest shape scanned it is above the members of the law."""
        if "loc" in fixed or "shape" in fixed or "scale" in fixed or not sample.is_plain or not sample.in_memory:
            return None
        places, _, heights = _landscape(sample, [_LOWEST])
        top = int(np.argmax(heights[0]))
        members = max(_profile(sample, sample.quantile(0.5), 1.0), _profile(sample, sample.mean(), 2.0))
        if not heights[0, top] > max(members, -math.log(0.5 * (sample.maximum - sample.minimum))):
            return None
        return f"as shape → 0 the likelihood rises without bound, first at the observation {places[top]:.6g}"

    def spikes(self, _: Sample) -> str:
        """Any exact observation."""
        return "as shape → 0 it rises without bound with loc at any exact observation"

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The uniform law, as shape grows."""
        return (Limit(get_family("uniform"), lambda a, b: (0.5 * (a + b), 0.5 * (b - a), np.inf)),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """An exponential law, of any shape, as loc → -∞ or ∞ and scale → ∞."""
        return in_window(lower, upper, lambda slope: (math.copysign(math.inf, slope), math.inf, math.nan))

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Normal where the shape is 2."""
        return (SpecialCase(get_family("normal"), lambda mu, sigma: (mu, math.sqrt(2) * sigma, 2.0), at=("shape",)),)

    def log_tails(self, x: Array, loc: Array, scale: Array, shape: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        z = np.asarray((x - loc) / scale)
        tail = log_gammaincc(1 / np.asarray(shape), shape * log_or_minus_inf(np.abs(z))) - math.log(2)
        rest = np.log1p(-np.exp(tail))
        return np.where(z < 0, tail, rest), np.where(z < 0, rest, tail)

    def tail_scores(
        self, x: Array, loc: Array, scale: Array, shape: Array
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F): by the shape through that of the incomplete gamma function."""
        z = np.asarray((x - loc) / scale)
        log_size = np.log(np.where(z == 0, 1.0, np.abs(z)))
        _, (by_inverse, by_log) = log_gammainc_slopes(1 / np.asarray(shape), shape * log_size)
        far = np.where(z == 0, 0.0, by_log * log_size - by_inverse / np.square(shape))
        below, above = self.log_tails(x, loc, scale, shape)
        near = -far * np.exp(np.minimum(below, above) - np.maximum(below, above))
        log_f = self.logpdf(x, loc, scale, shape) + np.log(scale)
        by_cdf, by_sf = location_scale_tail_scores(z, scale, log_f, below, above)
        return (*by_cdf, np.where(z < 0, far, near)), (*by_sf, np.where(z < 0, near, far))

    def log_inner(self, lower: Array, upper: Array, loc: Array, scale: Array, shape: Array) -> Array:
        """Log-probability of intervals, by what lies between loc and their ends: both tails may be 1/2 to rounding."""
        ends = np.array([(lower - loc) / scale, (upper - loc) / scale])
        return _log_between(ends, *_of_sizes(ends, shape))

    def inner_scores(self, lower: Array, upper: Array, loc: Array, scale: Array, shape: Array) -> tuple[Array, ...]:
        """Derivatives of `log_inner`: by loc and scale through the densities at both ends."""
        low, high = ends = np.array([(lower - loc) / scale, (upper - loc) / scale])
        near, far = _of_sizes(ends, shape)
        mass = _log_between(ends, near, far)
        f_low, f_high = (np.exp(self.logpdf(end, loc, scale, shape) - mass) for end in (lower, upper))
        # Their difference, by that of the powers: the densities of both ends may be the same to rounding.
        rise = np.abs(high) ** shape - np.abs(low) ** shape
        fall = np.where(rise > 0, f_low, f_high) * -np.sign(rise) * np.expm1(-np.abs(rise))
        by_scale = low * fall - (np.asarray(upper) - lower) / scale * f_high
        # By shape that of the probability between 0 and each end, negative below 0, as a share of the mass.
        log_size = np.log(np.where(ends == 0, 1.0, np.abs(ends)))
        slopes = log_gammainc_slopes(1 / np.asarray(shape), shape * log_size)
        by_near, by_far = (by_log * log_size - by_inverse / np.square(shape) for by_inverse, by_log in slopes)
        by_shape = np.where(near < far, np.exp(near - mass) * by_near, -np.exp(far - mass) * by_far)
        through_low, through_high = 0.5 * np.sign(ends) * by_shape
        return np.asarray(fall), np.asarray(by_scale), np.asarray(through_high - through_low)

    def isf(self, p: Array, loc: Array, scale: Array, shape: Array) -> Array:
        """Upper quantile."""
        inverse = 1 / np.asarray(shape)
        tail = 2 * np.minimum(p, np.subtract(1.0, p))
        size = np.exp(inverse * log_gamma_quantiles(inverse, tail)[1])  # of a large shape the root of what underflows
        return np.asarray(loc + scale * np.where(np.asarray(p) <= 0.5, size, -size))

    def ppf(self, p: Array, loc: Array, scale: Array, shape: Array) -> Array:
        """Quantile."""
        return np.asarray(2 * np.asarray(loc) - self.isf(p, loc, scale, shape))

    def entropy(self, loc: Array, scale: Array, shape: Array) -> Array:
        """Entropy, nats: 1/shape + log(2 scale Γ(1 + 1/shape))."""
        inverse = 1 / np.asarray(shape)
        return np.asarray(inverse + math.log(2) + np.log(scale) + special.gammaln(1 + inverse))


def _log_between(ends: Array, near: Array, far: Array) -> Array:
    """Log-probability between standardised ends, from those of being nearer to 0 than each of them, and farther."""
    (low, high), (near_low, near_high), (far_low, far_high) = ends, near, far
    right = low >= 0
    nears = np.where(right, near_low, near_high), np.where(right, near_high, near_low)
    fars = np.where(right, far_low, far_high), np.where(right, far_high, far_low)
    outside = np.logaddexp(far_low, far_high) - math.log(2)
    with np.errstate(divide="ignore", invalid="ignore"):  # where loc is not inside, which is replaced
        around = np.where(
            outside < -math.log(2), np.log1p(-np.exp(outside)), np.logaddexp(near_low, near_high) - math.log(2)
        )
    return np.where((low < 0) & (high > 0), around, log_interval_mass(nears, fars) - math.log(2))


def _of_sizes(z: Array, shape: Array) -> tuple[Array, Array]:
    """Logs of the probabilities that a standardised value is nearer to 0 than z, and farther."""
    return log_gamma_tails(1 / np.asarray(shape), shape * log_or_minus_inf(np.abs(z)))


def _scale(sample: Sample, loc: float, shape: float) -> float:
    """Scale at which the likelihood is highest for a location and shape."""
    unit = max(sample.maximum - loc, loc - sample.minimum)  # no power overflows of numbers up to 1
    power = sample.mean(lambda x: (np.abs(x - loc) / unit) ** shape)
    return float(unit * (shape * power) ** (1 / shape))


def _profile(sample: Sample, loc: float, shape: float) -> float:
    """Mean log-likelihood at the best scale, but for a constant."""
    return -math.log(_scale(sample, loc, shape)) - math.lgamma(1 + 1 / shape) - 1 / shape


def _landscape(sample: Sample, lowest: Sequence[float]) -> tuple[Array, Array, Array]:
    """Places, shapes and the profile there, of shape (shapes, places), at octaves above some lowest shapes."""
    table = sample.sketch(_FEWEST_ROWS).tabulated()
    x, weight = table.x, np.full(table.n_rows, 1.0) if table.weight is None else table.weight
    share = weight / np.sum(weight)
    values = np.unique(x)
    count = max(2, _LOOKS // len(x))
    if len(values) > count:
        values = values[np.unique(np.linspace(0, len(values) - 1, count).astype(int))]
    places = np.unique([*values.tolist(), sample.mean(), 0.5 * (sample.minimum + sample.maximum)])
    away = np.abs(x - places[:, None])
    unit = np.max(away, axis=1)
    shapes, means = _mean_powers(away / unit[:, None], share, lowest)
    column = shapes[:, None]
    constant = special.gammaln(1 + 1 / column) + 1 / column
    return places, shapes, -np.log(unit) - np.log(column * means) / column - constant


def _peaks(sample: Sample) -> list[tuple[float, float]]:
    """Local maxima by shape of the profile on a grid, as (loc, shape), the highest first: of different places.

    The grid leaves aside the spikes at shape 0 and, at its other end, the uniform law.
    """
    places, shapes, heights = _landscape(sample, (_LOWEST * np.exp2(np.arange(_PER_OCTAVE) / _PER_OCTAVE)).tolist())
    inner = heights[1:-1]
    shape_at, at = np.nonzero((inner > heights[:-2]) & (inner >= heights[2:]))
    order = np.argsort(-inner[shape_at, at], kind="stable")
    found: list[tuple[float, float]] = []
    reach = 0.1 * (sample.quantile(0.75) - sample.quantile(0.25))
    for k in order.tolist():
        shape, loc = float(shapes[shape_at[k] + 1]), float(places[at[k]])
        # The climb looks around a place; so a new one is a different shape, or far from those there are.
        if all(abs(math.log(shape / other)) > _LONGEST_STEP or abs(loc - where) > reach for where, other in found):
            found.append((loc, shape))
        if len(found) == _CLIMBED:
            break
    return found


def _mean_powers(size: Array, share: Array, lowest: Sequence[float]) -> tuple[Array, Array]:
    """Shapes of the scan, ascending, and means by row of numbers up to 1 to their power; double a power is a square."""
    logs = log_or_minus_inf(size)
    seen: dict[float, Array] = {}
    for k, shape in enumerate(lowest):
        power = np.exp(shape * logs)
        last = _HIGH if k % (_PER_OCTAVE // _PER_HIGH_OCTAVE) else _UNIFORM
        while shape <= last:
            seen[float(shape)] = power @ share
            power *= power
            shape *= 2
    shapes = sorted(seen)
    return np.array(shapes), np.array([seen[shape] for shape in shapes])


def _spike() -> UnboundedLikelihoodError:
    return UnboundedLikelihoodError(
        "generalized_normal: the likelihood rises without bound as shape → 0 at a tie or an isolated peak of the data, "
        "and no local maximum is as high as Laplace's and the normal law, which are members. Fix shape (1 is Laplace's "
        "law), or model the ties."
    )


def _distinct(sample: Sample, ends: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those that are not one hill: where the top in ``loc`` is smooth, it is one for each shape."""
    found: list[tuple[float, float]] = []
    for loc, shape in ends:
        reach = _ONE_HILL * _scale(sample, loc, shape) if shape > _BLUNT else 0.0
        if all(abs(loc - at) > reach or abs(math.log(shape / other)) > _ONE_HILL for at, other in found):
            found.append((loc, shape))
    return found


def _climbed(sample: Sample, loc: float, shape: float, close: float) -> tuple[float, float] | None:
    """The local maximum near a place; that on this observation, if others lead to a spike; None if this does too."""
    end = _alternate(sample, loc, shape, close)
    if end is None and shape <= 1:
        end = _alternate(sample, loc, shape, close, moving=False)
    return end


def _alternate(
    sample: Sample, loc: float, shape: float, close: float, *, moving: bool = True
) -> tuple[float, float] | None:
    """Improve location and shape in turn until neither moves; None if the shape runs off to a spike at 0.

    Not moving, the location is an observation and stays, and the shape is to stay at or below 1.
    """
    unit = _scale(sample.sketch(), loc, shape)
    for _ in range(_ROUNDS):
        new_loc = loc
        if moving:
            new_loc = _smooth_location(sample, shape, loc) if shape > 1 else _cusp_location(sample, shape, loc)
        new_shape = _shape_step(sample, shape, new_loc)
        moved = abs(new_loc - loc) > close * unit or abs(math.log(new_shape / shape)) > close
        shape, loc = new_shape, new_loc
        if shape < _LOWEST or (not moving and shape > 1):
            return None
        if not moved or shape > _UNIFORM:
            break
    return loc, shape


def _smooth_location(sample: Sample, shape: float, loc: float) -> float:
    """Root of the convex problem min mean(abs(x - m)^shape), shape > 1, from a bracket around the present location."""
    from scipy import optimize

    unit = sample.maximum - sample.minimum

    def slope(m: float) -> float:
        return sample.mean(lambda x: np.sign(x - m) * (np.abs(x - m) / unit) ** (shape - 1))

    reach = 1e-3 * _scale(sample.sketch(), loc, shape)
    low = high = loc
    while low > sample.minimum and slope(low) <= 0:
        low, reach = max(sample.minimum, low - reach), 8 * reach
    while high < sample.maximum and slope(high) >= 0:
        high, reach = min(sample.maximum, high + reach), 8 * reach
    return float(optimize.brentq(slope, low, high, xtol=1e-14 * unit)) if low < high else low


def _cusp_location(sample: Sample, shape: float, loc: float) -> float:
    """The best of the observations around the present location: for shape <= 1 each is a local maximum."""
    count = max(_FEWEST_CANDIDATES, min(_MOST_CANDIDATES, _CHEAP // sample.n_rows))
    values = np.unique(sample.x)
    first = max(0, min(int(np.searchsorted(values, loc)) - count // 2, len(values) - count))
    candidates = values[first : first + count].tolist()
    return float(min(candidates, key=lambda m: sample.mean(lambda x: np.abs(x - m) ** shape)))


def _shape_step(sample: Sample, shape: float, loc: float) -> float:
    """One step of Newton's method in log(shape) on the profile likelihood at a location."""
    unit = max(sample.maximum - loc, loc - sample.minimum)
    sums = np.zeros(3)
    for x, weight in sample.blocks():
        size = np.abs(x - loc) / unit
        log_size = np.log(size, out=np.zeros_like(size), where=size > 0)  # 0 times the power 0
        term = size**shape
        for k in range(3):
            sums[k] += float(np.sum(term if weight is None else weight * term))
            term = term * log_size
    m0, m1, m2 = sums[0] / sample.nobs, sums[1] / sums[0], sums[2] / sums[0]
    inverse = 1 / shape
    level = math.log(shape * m0) * inverse
    psi, psi1 = float(special.psi(inverse)), float(special.polygamma(1, inverse))
    first = 1 + psi * inverse + level - m1  # shape times the slope of the profile
    second = -psi * inverse - psi1 * inverse**2 - level + inverse + m1 - shape * (m2 - m1 * m1)
    step = first / -second if second < 0 else math.copysign(_LONGEST_STEP, first)
    step = max(-_LONGEST_STEP, min(_LONGEST_STEP, step))
    if abs(step) > _SURE:
        here = _profile(sample, loc, shape)
        for _ in range(_HALVINGS):
            if _profile(sample, loc, shape * math.exp(step)) > here:
                break
            step *= 0.5
    return shape * math.exp(step)
