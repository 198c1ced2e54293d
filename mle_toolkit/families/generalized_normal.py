"""The generalised normal (exponential power) law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import UnboundedLikelihoodError
from mle_toolkit.families.base import Family, Limit, Parameter, get_family
from mle_toolkit.families.cauchy import heaviest_tie
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.special import log_gammaincc, log_or_minus_inf

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_SHAPES = (0.15, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 1e3)
"""Shapes at which the profile likelihood is looked at before the search. Below the first only a spike is high; above
the last the law is uniform to most samples."""

_ROUNDS = 200
_MOST_CANDIDATES = 200
_FEWEST_CANDIDATES = 15
"""Observations around the present location that are tried as the place of a cusp; many where that is cheap."""
_CHEAP = 200_000


class GeneralizedNormal(Family):
    r"""Errors between Laplace (``shape`` 1), normal (2) and uniform (∞).

    .. math:: \log f(x) = \log\beta - \log(2s) - \log\Gamma(1/\beta) - |z|^\beta, \quad z = (x - m)/s

    Source: Subbotin (1923), Mat. Sbornik 31, 296-301; Nadarajah (2005), Journal of Applied Statistics 32,
    685-694. Route to the maximum: s^β = β mean(abs(x - m)^β); ``loc`` and ``shape``, nearly orthogonal, in turn.

    For shape <= 1 the density has a cusp, the likelihood one at every observation, and ``loc`` is an observation
    without a standard error. As shape → 0 the likelihood is unbounded at any observation; the maximum reported is
    the one away from that spike, and data whose ties leave none are refused.
    """

    name = "generalized_normal"
    aliases = ("gennorm",)
    support = REAL
    parameters = (
        Parameter("loc", REAL, typical=(-5.0, 5.0), role="location"),
        Parameter("scale", POSITIVE, typical=(0.1, 10.0), role="scale"),
        Parameter("shape", POSITIVE, typical=(1.3, 6.0)),
    )

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
        """The best of the profile on a grid of shapes, and the normal law: what a window leaves looks uniform."""
        shape, loc = _coarse(sample)
        mean = sample.mean()
        return [(loc, _scale(sample, loc, shape), shape), (mean, _scale(sample, mean, 2.0), 2.0)]

    def from_sample(self, sample: Sample) -> tuple[float, float, float]:
        """Location and shape in turn, on a few rows first; the scale follows."""
        few = sample.sketch()
        shape, loc = _coarse(few)
        shape, loc = _alternate(few, shape, loc)
        if few is not sample:
            shape, loc = _alternate(sample, shape, loc)
        return loc, _scale(sample, loc, shape), shape

    def irregular(self, loc: float, scale: float, shape: float) -> tuple[str, ...]:
        """The location at a cusp."""
        return ("loc",) if shape <= 1 else ()

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The uniform law, as shape grows."""
        return (Limit(get_family("uniform"), lambda a, b: (0.5 * (a + b), 0.5 * (b - a), np.inf)),)

    def cdf(self, x: Array, loc: Array, scale: Array, shape: Array) -> Array:
        """Probability of at most x."""
        return self.sf(-np.asarray(x), np.negative(loc), scale, shape)

    def sf(self, x: Array, loc: Array, scale: Array, shape: Array) -> Array:
        """Probability of more than x."""
        z = np.asarray((x - loc) / scale)
        tail = 0.5 * special.gammaincc(1 / np.asarray(shape), np.abs(z) ** shape)
        return np.where(z >= 0, tail, 1 - tail)

    def logcdf(self, x: Array, loc: Array, scale: Array, shape: Array) -> Array:
        """Log of the cdf."""
        return self.logsf(-np.asarray(x), np.negative(loc), scale, shape)

    def logsf(self, x: Array, loc: Array, scale: Array, shape: Array) -> Array:
        """Log of the survival function."""
        z = np.asarray((x - loc) / scale)
        tail = log_gammaincc(1 / np.asarray(shape), shape * log_or_minus_inf(np.abs(z))) - math.log(2)
        return np.where(z >= 0, tail, np.log1p(-np.exp(tail)))

    def isf(self, p: Array, loc: Array, scale: Array, shape: Array) -> Array:
        """Upper quantile."""
        inverse = 1 / np.asarray(shape)
        tail = 2 * np.minimum(p, np.subtract(1.0, p))
        size = special.gammainccinv(inverse, tail) ** inverse
        return np.asarray(loc + scale * np.where(np.asarray(p) <= 0.5, size, -size))

    def ppf(self, p: Array, loc: Array, scale: Array, shape: Array) -> Array:
        """Quantile."""
        return np.asarray(2 * np.asarray(loc) - self.isf(p, loc, scale, shape))

    def entropy(self, loc: Array, scale: Array, shape: Array) -> Array:
        """Entropy, nats: 1/shape + log(2 scale Γ(1 + 1/shape))."""
        inverse = 1 / np.asarray(shape)
        return np.asarray(inverse + math.log(2) + np.log(scale) + special.gammaln(1 + inverse))

    def to_scipy(self, loc: float, scale: float, shape: float) -> Any:
        """``scipy.stats.gennorm(shape, loc, scale)``."""
        from scipy import stats

        return stats.gennorm(shape, loc, scale)


def _scale(sample: Sample, loc: float, shape: float) -> float:
    """Scale at which the likelihood is highest for a location and shape."""
    unit = max(sample.maximum - loc, loc - sample.minimum)  # no power overflows of numbers up to 1
    power = sample.mean(lambda x: (np.abs(x - loc) / unit) ** shape)
    return float(unit * (shape * power) ** (1 / shape))


def _profile(sample: Sample, loc: float, shape: float) -> float:
    """Mean log-likelihood at the best scale, but for a constant."""
    return -math.log(_scale(sample, loc, shape)) - math.lgamma(1 + 1 / shape) - 1 / shape


def _coarse(sample: Sample) -> tuple[float, float]:
    """The highest local maximum of the profile on a grid of shapes, which leaves the spike at shape 0 aside."""
    middles = {sample.quantile(0.5), sample.mean(), 0.5 * (sample.minimum + sample.maximum)}
    rows = [max((_profile(sample, loc, shape), loc) for loc in middles) for shape in _SHAPES]
    values = [row[0] for row in rows] + [-math.inf]
    peaks = [k for k in range(1, len(rows)) if values[k] > values[k - 1] and values[k] >= values[k + 1]]
    best = max(peaks, key=lambda k: values[k], default=0)
    # A single observation makes a spike too, but one that only a small shape would show; ties show in the data.
    tied = heaviest_tie(sample)[1] * sample.n_rows > 1.5
    if not peaks or (tied and values[0] > values[best]):
        raise _spike()
    return _SHAPES[best], rows[best][1]


def _spike() -> UnboundedLikelihoodError:
    return UnboundedLikelihoodError(
        "generalized_normal: the likelihood rises without bound as shape → 0 at a tie or an isolated peak of the data. "
        "Fix shape (1 is Laplace's law), or model the ties."
    )


def _alternate(sample: Sample, shape: float, loc: float) -> tuple[float, float]:
    """Improve location and shape in turn until neither moves."""
    unit = _scale(sample.sketch(), loc, shape)
    for _ in range(_ROUNDS):
        new_loc = _smooth_location(sample, shape, loc) if shape > 1 else _cusp_location(sample, shape, loc)
        new_shape = _shape_step(sample, shape, new_loc)
        if new_shape < _SHAPES[0]:
            raise _spike()
        moved = abs(new_loc - loc) > 1e-9 * unit or abs(math.log(new_shape / shape)) > 1e-9
        shape, loc = new_shape, new_loc
        if not moved or shape > _SHAPES[-1]:
            break
    return shape, loc


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
    step = first / -second if second < 0 else math.copysign(1.0, first)
    return shape * math.exp(max(-1.0, min(1.0, step)))
