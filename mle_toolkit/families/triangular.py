"""The triangular law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import REAL
from mle_toolkit.families.parameters import Parameter

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_MODES = (0.0, 0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)
"""Shares of the data below the modes from which the likelihood is climbed."""

_TURNS, _STEPS = 100, 200
_CLOSE = 1e-12


class Triangular(Family):
    r"""Anything known by its least, most likely and greatest value: the density rises and falls in straight lines.

    .. math:: \log f(x) = \log 2 - \log(h - l) + \begin{cases}
        \log(x - l) - \log(m - l), & l \le x < m \\ \log(h - x) - \log(h - m), & m \le x \le h \end{cases}

    Source: Johnson & Kotz (1999), The Statistician 48, 179-187; van Dorp & Kotz (2002), The Statistician 51, 63-79.
    Route to the maximum: for any ends the best mode is an observation; for any mode the best ends are found by Newton's
    method; both in turn, from nine modes. None of the three has a standard error of the usual kind: the mode is at a
    kink, and the information about the ends, where the density vanishes linearly, is infinite.
    """

    name = "triangular"
    aliases = ("triang", "triangle")
    support = REAL
    only_if_asked = "tries its mode at observations one by one, seconds of work, so only if asked for"
    modelled = "mode"
    scans = f"climbed from {len(_MODES)} modes"
    parameters = (
        Parameter("low", REAL, typical=(-5.0, -2.0), role="location"),
        Parameter("mode", REAL, typical=(-1.0, 1.0), role="location", regular=False),
        Parameter("high", REAL, typical=(2.0, 5.0), role="location"),
    )

    def logpdf(self, x: Array, low: Array, mode: Array, high: Array) -> Array:
        """Log-density at x; -inf beyond the ends, or where they are out of order."""
        with np.errstate(all="ignore"):
            left = np.log(x - low) - np.log(np.subtract(mode, low))
            right = np.log(high - x) - np.log(np.subtract(high, mode))
            slope = np.where(x < mode, left, np.where(x == mode, 0.0, right))
            inside = (x >= low) & (x <= high) & (mode >= low) & (mode <= high)
            return np.where(inside, math.log(2) - np.log(np.subtract(high, low)) + slope, -np.inf)

    def score(self, x: Array, low: Array, mode: Array, high: Array) -> tuple[Array, ...]:
        """Derivatives by low, mode and high; on the mode those of its right side."""
        length = np.subtract(high, low)
        left = x < mode
        with np.errstate(all="ignore"):
            rise, fall = 1 / np.subtract(mode, low), 1 / np.subtract(high, mode)
            return (
                np.where(left, rise - 1 / (x - low), 0.0) + 1 / length,
                np.where(left, -rise, np.where(x == mode, 0.0, fall)),
                np.where(left | (x == mode), 0.0, 1 / (high - x) - fall) - 1 / length,
            )

    def hessian(self, x: Array, low: Array, mode: Array, high: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        length = np.square(np.subtract(high, low))
        left, right = x < mode, x > mode
        with np.errstate(all="ignore"):
            rise, fall = np.square(1 / np.subtract(mode, low)), np.square(1 / np.subtract(high, mode))
            return (
                np.where(left, rise - np.square(1 / (x - low)), 0.0) + 1 / length,
                np.where(left, -rise, 0.0),
                -1 / length + 0 * x,
                np.where(left, rise, np.where(right, fall, 0.0)),
                np.where(right, -fall, 0.0),
                np.where(right, fall - np.square(1 / (high - x)), 0.0) + 1 / length,
            )

    def from_sample(self, sample: Sample) -> tuple[float, float, float]:
        """Modes and ends in turn, from several modes; the highest end."""
        values, where = np.unique(sample.x, return_inverse=True)
        weight = np.bincount(where, None if sample.weight is None else sample.weight).astype(float)
        starts = np.unique(np.searchsorted(np.cumsum(weight), np.array(_MODES) * float(weight.sum()) * (1 - 1e-12)))
        ends = [_climb(values, weight, int(min(k, len(values) - 1))) for k in starts.tolist()]
        return max(ends)[1]

    def start(self, sample: Sample) -> tuple[float, float, float]:
        """That maximum: of points that stand for intervals."""
        return self.from_sample(sample)

    def has_kinks(self, *params: Any) -> bool:
        """At the mode."""
        return True

    def irregular(self, low: Any, mode: Any, high: Any) -> tuple[str, ...]:
        """All parameters."""
        return self.param_names

    def cdf(self, x: Array, low: Array, mode: Array, high: Array) -> Array:
        """Probability of at most x."""
        below, above = _masses(x, low, mode, high)
        return np.where(x < mode, below, 1 - above)

    def sf(self, x: Array, low: Array, mode: Array, high: Array) -> Array:
        """Probability of more than x."""
        below, above = _masses(x, low, mode, high)
        return np.where(x < mode, 1 - below, above)

    def log_mass(self, lower: Array, upper: Array, low: Array, mode: Array, high: Array) -> Array:
        """Log-probability of intervals, of both sides of the mode without a difference of squares.

        Of more than half of all by what is left out: of all it is 0.
        """
        with np.errstate(all="ignore"):
            left, right, *_ = _parts(lower, upper, low, mode, high)
            outside = self.cdf(lower, low, mode, high) + self.sf(upper, low, mode, high)
            inside = np.log(left + right) - np.log(np.subtract(high, low))
            return np.asarray(np.where(outside < 0.5, np.log1p(-outside), inside))

    def log_mass_scores(self, lower: Array, upper: Array, low: Array, mode: Array, high: Array) -> tuple[Array, ...]:
        """Derivatives of that: at the ends and at the mode the density is one from both sides."""
        with np.errstate(all="ignore"):
            left, right, rise, fall, by_low, by_high = _parts(lower, upper, low, mode, high)
            both, length = left + right, np.subtract(high, low)
            by_mode = (np.where(right > 0, right / fall, 0.0) - np.where(left > 0, left / rise, 0.0)) / both
            return 1 / length - by_low / both, by_mode, by_high / both - 1 / length

    def ppf(self, p: Array, low: Array, mode: Array, high: Array) -> Array:
        """Quantile."""
        return self._quantile(np.asarray(p, dtype=float), low, mode, high)

    def isf(self, p: Array, low: Array, mode: Array, high: Array) -> Array:
        """Upper quantile: the lower one of the law mirrored."""
        p = np.asarray(p, dtype=float)
        return -self._quantile(p, np.negative(high), np.negative(mode), np.negative(low))

    @staticmethod
    def _quantile(p: Array, low: Array, mode: Array, high: Array) -> Array:
        length, rise, fall = np.subtract(high, low), np.subtract(mode, low), np.subtract(high, mode)
        with np.errstate(invalid="ignore"):
            left, right = low + np.sqrt(p * length * rise), high - np.sqrt((1 - p) * length * fall)
            return np.where((p >= 0) & (p <= 1), np.where(p * length < rise, left, right), np.nan)

    def mean(self, low: Array, mode: Array, high: Array) -> Array:
        """Expected value: the mean of the three."""
        return np.asarray((low + np.asarray(mode) + high) / 3)

    def var(self, low: Array, mode: Array, high: Array) -> Array:
        """Variance."""
        length, rise = np.subtract(high, low), np.subtract(mode, low)
        return np.asarray((np.square(length) - rise * (length - rise)) / 18)

    def entropy(self, low: Array, mode: Array, high: Array) -> Array:
        """Entropy, nats: 1/2 + log of half the length."""
        return np.asarray(0.5 + np.log(0.5 * np.subtract(high, low)) + 0 * np.asarray(mode))

    def to_scipy(self, low: float, mode: float, high: float) -> Any:
        """``scipy.stats.triang((mode - low) / (high - low), low, high - low)``."""
        from scipy import stats

        return stats.triang((mode - low) / (high - low), low, high - low)

    @staticmethod
    def from_scipy(shape: float, loc: float, scale: float) -> dict[str, Any]:
        """Parameters of ``scipy.stats.triang(shape, loc, scale)``."""
        return {"low": loc, "mode": loc + shape * scale, "high": loc + scale}


def _masses(x: Array, low: Array, mode: Array, high: Array) -> tuple[Array, Array]:
    """Probabilities below x, as if it were left of the mode, and above, as if right; NaN if they are out of order."""
    length = np.subtract(high, low)
    with np.errstate(all="ignore"):
        below = np.square(np.maximum(x - low, 0.0)) / (length * np.subtract(mode, low))
        above = np.square(np.maximum(high - x, 0.0)) / (length * np.subtract(high, mode))
    known = np.less_equal(low, mode) & np.less_equal(mode, high)
    return np.where(known, below, np.nan), np.where(known, np.where(x >= high, 0.0, above), np.nan)


def _parts(lower: Array, upper: Array, low: Array, mode: Array, high: Array) -> tuple[Array, ...]:
    """Probabilities of intervals left and right of the mode, times the length of the law, and lengths of its sides.

    Last how fast the first falls as ``low`` moves to the right, and the second grows as ``high`` does. NaN where low,
    mode and high are out of order.
    """
    rise, fall = np.subtract(mode, low), np.subtract(high, mode)
    known = np.where((rise >= 0) & (fall >= 0), 1.0, np.nan)
    a, b = np.clip(lower, low, mode), np.clip(upper, low, mode)
    left = np.where(b > a, (b - a) * (((a - low) + (b - low)) / rise), 0.0) * known
    by_low = np.where(b > a, (b - a) / rise * (((mode - a) + (mode - b)) / rise), 0.0)
    a, b = np.clip(lower, mode, high), np.clip(upper, mode, high)
    right = np.where(b > a, (b - a) * (((high - a) + (high - b)) / fall), 0.0) * known
    by_high = np.where(b > a, (b - a) / fall * (((a - mode) + (b - mode)) / fall), 0.0)
    return left, right, rise, fall, by_low, by_high


def _climb(x: Array, weight: Array, k: int) -> tuple[float, tuple[float, float, float]]:
    """Log-likelihood less its constant, and parameters, where ends and mode no longer move."""
    span = float(x[-1] - x[0])
    low, high = float(x[0]) - 0.1 * span, float(x[-1]) + 0.1 * span
    total, seen = float(weight.sum()), set()
    before = np.concatenate([[0.0], np.cumsum(weight)[:-1]])
    after = total - before - weight
    best = (-math.inf, (low, float(x[k]), high))
    for _ in range(_TURNS):
        if k in seen:
            break
        seen.add(k)
        low, high = _ends(x, weight, k, low, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            left, right = np.log(x - low), np.log(high - x)
            rises = np.concatenate([[0.0], np.cumsum(weight * left)[:-1]])
            falls = np.concatenate([np.cumsum((weight * right)[::-1])[::-1][1:], [0.0]])
            value = rises - np.where(before > 0, before * left, 0.0) + falls - np.where(after > 0, after * right, 0.0)
        value = np.where(np.isnan(value), -np.inf, value) - total * math.log(high - low)
        if value[k] > best[0]:
            best = float(value[k]), (low, float(x[k]), high)
        k = int(np.argmax(value))
        # An end that stands on the mode, or on an observation, lets no other mode be tried from there.
        low, high = min(low, float(x[0]) - 1e-6 * span), max(high, float(x[-1]) + 1e-6 * span)
    return best


def _ends(x: Array, weight: Array, k: int, low: float, high: float) -> tuple[float, float]:
    """The best ends for a mode at the k-th value, by Newton's method in the logs of the distances from the data.

    An end with no observation between it and the mode is at the mode.
    """
    mode, total = float(x[k]), float(weight.sum())
    span = float(x[-1] - x[0])
    sides = [(mode - x[:k], weight[:k], mode - float(x[0])), (x[k + 1 :] - mode, weight[k + 1 :], float(x[-1]) - mode)]
    free = [len(side[0]) > 0 for side in sides]
    u = np.array([math.log(max(float(x[0]) - low, 1e-6 * span)), math.log(max(high - float(x[-1]), 1e-6 * span))])

    def reach(u: Array) -> list[float]:
        return [math.exp(u[s]) + sides[s][2] if free[s] else 0.0 for s in (0, 1)]

    def value(u: Array) -> float:
        ends = reach(u)
        found = -total * math.log(ends[0] + ends[1])
        for (distance, w, _), end, some in zip(sides, ends, free, strict=True):
            if some:
                found += float(np.sum(w * np.log1p(-distance / end)))
        return found

    here = value(u)
    for _ in range(_STEPS):
        ends = reach(u)
        length = ends[0] + ends[1]
        slope, bend = np.zeros(2), np.full((2, 2), total / length**2)
        for s, ((distance, w, _), end) in enumerate(zip(sides, ends, strict=True)):
            slope[s] = -total / length
            if free[s]:
                gap = end - distance
                slope[s] += float(np.sum(w * distance / gap)) / end
                bend[s, s] -= float(np.sum(w * distance * (2 * end - distance) / np.square(gap))) / end**2
        rate = np.exp(u)
        gradient = slope * rate
        hessian = bend * np.outer(rate, rate) + np.diag(gradient)
        at = [s for s in (0, 1) if free[s]]
        curvatures, axes = np.linalg.eigh(-hessian[np.ix_(at, at)])
        curvatures = np.maximum(np.abs(curvatures), 1e-8 * total)
        step = np.zeros(2)
        step[at] = axes @ ((gradient[at] @ axes) / curvatures)
        step *= min(1.0, 2.0 / float(np.max(np.abs(step)) or 1.0))
        for _ in range(40):
            new = value(u + step)
            if new >= here:
                break
            step *= 0.5
        else:
            break
        u, gain, here = u + step, new - here, new
        if gain <= _CLOSE and float(np.max(np.abs(step))) < 1e-7:
            break
    ends = reach(u)
    return mode - ends[0], mode + ends[1]
