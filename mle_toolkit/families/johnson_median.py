"""Johnson's unbounded law by its median, as it is climbed, and what it tends to as a law of one more shape."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import sums_of
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL, Interval
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Chart, LimitOfGroups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mle_toolkit.data.groups import Groups

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)

LEANS_OF_GROUPS = Interval(-4.0, 4.0)
"""Sizes of gamma/delta between whose ends, at which the law is lognormal to exp(-8), many groups are climbed."""

_DEVIATE = 0.6
"""Normal deviate of the inner two of Slifker and Shapiro's four quantiles; of the outer two it is three times this."""

_LEAST_RATIO = 1.02
"""Least ratio of the products of their distances that is taken for a start: that of a normal law is 1."""

_LARGEST = 3.0
"""Largest size of gamma/delta of a start."""

FEWEST = 20
"""Rows up to which a law may follow a pair of neighbours, with one peak of several."""


class JohnsonByMedian(Family):
    r"""The law by lean = gamma/delta, delta, the median m and the slope s of x by the normal deviate there.

    .. math:: \log f(x) = \log\cosh a - \log s - \tfrac12\log 2\pi - \tfrac12\log(1 + z^2) - \tfrac12 d^2 L^2,
              \quad z = \frac{\cosh a}{d}\,t - \sinh a, \quad L = a + \mathrm{arsinh}\,z, \quad t = (x - m)/s

    with the lean a and delta d. At t = 0, L is 0. All derivatives are made of twelve sums.

    Parameters
    ----------
    lean : Interval
        Where the lean may be: for many groups between the sizes at which the law is lognormal.
    """

    support = REAL
    twin = "johnson_median"
    dear_slopes = True

    def __init__(self, lean: Interval = REAL) -> None:
        super().__init__()
        self.name = "johnson_su"
        self.parameters = (
            Parameter("lean", lean, typical=(-0.5, 0.5)),
            Parameter("delta", POSITIVE, typical=(0.8, 3.0)),
            Parameter("median", REAL, role="location"),
            Parameter("spread", POSITIVE, role="scale"),
        )

    def logpdf(self, x: Array, lean: Array, delta: Array, median: Array, spread: Array) -> Array:
        """Log-density at x."""
        z, away = _parts((x - median) / spread, lean, delta)
        height = np.log(np.cosh(lean)) - np.log(spread) - _HALF_LOG_TWO_PI
        return np.asarray(height - 0.5 * np.log1p(z * z) - 0.5 * np.square(delta * away))

    def score(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by lean, delta, median and spread."""
        return tuple(self.derivatives(1.0, _terms(x, *params), *params)[1:5])

    def hessian(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        return tuple(self.derivatives(1.0, _terms(x, *params), *params)[5:])

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        return np.asarray(special.ndtr(_deviate(x, *params)))

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        return np.asarray(special.ndtr(-_deviate(x, *params)))

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return np.asarray(special.log_ndtr(_deviate(x, *params)))

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return np.asarray(special.log_ndtr(-_deviate(x, *params)))

    def tail_scores(
        self, x: Array, lean: Array, delta: Array, median: Array, spread: Array
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        t = (x - median) / spread
        z, away = _parts(t, lean, delta)
        root = 1 / np.hypot(1.0, z)
        by_t = np.cosh(lean) * root
        by_lean = delta * (1 + root * (z * np.tanh(lean) - 1 / np.cosh(lean)))
        by_delta = away - t * by_t / delta
        return tail_scores_of(delta * away, (by_lean, by_delta, -by_t / spread, -t * by_t / spread))

    def derivative_sums(self, x: Array, weight: Array | None, *params: float) -> tuple[float, ...]:
        """Sums of log(1 + z²)/2, of L and L², of p and tp, of q, tq and t²q, of r and tr, and of Lr and tLr.

        With r = 1/√(1 + z²), and p and q the derivatives by z of all that depends on it.
        """
        return sums_of(weight, *_terms(x, *params))

    def derivatives(self, count: Any, sums: Sequence[Any], *params: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        return list(johnson_terms(count, tuple(sums), *params))

    def starts_of_groups(self, groups: Groups) -> list[tuple[Array, ...]]:
        """The law of four quantiles of each group, and a heavy-tailed and a light-tailed one of the inner two.

        NaN for groups of a few rows, in which there may be several peaks.
        Source: Slifker & Shapiro (1980), Technometrics 22, 239-246.
        """
        points = special.ndtr(_DEVIATE * np.array([-3.0, -1.0, 1.0, 3.0]))
        lowest, low, high, highest = (_quantile(groups, p) for p in points)
        middle = high - low
        above, below = (highest - high) / middle, (low - lowest) / middle
        product = np.maximum(above * below, _LEAST_RATIO)
        larger = np.sqrt(product / (above * below))
        above, below = above * larger, below * larger
        delta = 2 * _DEVIATE / np.arccosh(0.5 * (above + below))
        own = np.arcsinh(0.5 * (below - above) / np.sqrt(product - 1))
        lean = np.where(groups.counts > FEWEST, np.clip(own, -_LARGEST, _LARGEST), np.nan)
        return [
            self._through(low, high, lean, delta),
            self._through(low, high, 0.5 * np.sign(lean), np.full_like(delta, 0.9)),
            self._through(low, high, np.clip(0.5 * lean, -1.0, 1.0), np.full_like(delta, 3.0)),
        ]

    @staticmethod
    def _through(low: Array, high: Array, lean: Array, delta: Array) -> tuple[Array, ...]:
        """The law of these shapes with two quantiles of each group."""

        def at(deviate: float) -> Array:
            """The t at which the normal deviate is this."""
            return delta * (np.tanh(lean) + np.sinh(deviate / delta - lean) / np.cosh(lean))

        first, last = at(-_DEVIATE), at(_DEVIATE)
        spread = (high - low) / (last - first)
        return lean, delta, low - spread * first, spread


def johnson_terms(count: Any, sums: tuple[Any, ...], lean: Any, delta: Any, _: Any, spread: Any) -> tuple[Any, ...]:
    """Log-likelihood, score and second derivatives of the law by its median, from its twelve sums."""
    logs, away, squares, p, tp, q, tq, ttq, r, tr, lr, tlr = sums
    cosh, sinh = np.cosh(lean), np.sinh(lean)
    area, rise = np.square(delta), np.tanh(lean)
    k, turn = cosh / delta, sinh / delta  # z = k t - sinh(lean), and by lean (turn) t - cosh(lean)
    by_t, t_by_t = k * p, k * tp
    # Second derivatives by lean, delta and t; the products of q with the slopes of z, and the rest.
    by_lean_q, by_lean_tq = turn * tq - cosh * q, turn * ttq - cosh * tq
    lean_t = k * by_lean_q - area * k * r + turn * p
    t_lean_t = k * by_lean_tq - area * k * tr + turn * tp
    delta_t = -k * (2 * delta * lr + (k * tq + p) / delta)
    t_delta_t = -k * (2 * delta * tlr + (k * ttq + tp) / delta)
    t_t, t_t_t, tt_t_t = k * k * q, k * k * tq, k * k * ttq
    place = np.square(spread)
    return (
        count * (np.log(cosh) - np.log(spread) - _HALF_LOG_TWO_PI) - logs - 0.5 * area * squares,
        count * rise - area * away + turn * tp - cosh * p,
        -delta * squares - k / delta * tp,
        -by_t / spread,
        -(count + t_by_t) / spread,
        count * (1 / np.square(cosh) - area)
        - 2 * area * (turn * tr - cosh * r)
        + (turn * by_lean_tq - cosh * by_lean_q)
        + (k * tp - sinh * p),
        -2 * delta * away
        + delta * k * tr
        - 2 * delta * (turn * tlr - cosh * lr)
        - k / delta * by_lean_tq
        - turn / delta * tp,
        -lean_t / spread,
        -t_lean_t / spread,
        -squares + 4 * k * tlr + np.square(k / delta) * ttq + 2 * k / area * tp,
        -delta_t / spread,
        -t_delta_t / spread,
        t_t / place,
        (by_t + t_t_t) / place,
        (count + 2 * t_by_t + tt_t_t) / place,
    )


def _quantile(groups: Groups, p: float) -> Array:
    """A quantile of each group, of which the rows count alike: half-way between two of them where it falls there."""
    place = np.clip(groups.counts * p - 0.5, 0.0, groups.counts - 1.0)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, groups.counts - 1)
    rows, first = groups.in_order, groups.offsets[:-1]
    share = place - below
    return np.asarray((1 - share) * rows[first + below] + share * rows[first + above])


def tail_scores_of(deviate: Array, slopes: tuple[Array, ...]) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Derivatives of log F and of log(1 - F) where F is that of a normal deviate of these derivatives."""
    log_f = -_HALF_LOG_TWO_PI - 0.5 * deviate * deviate
    fall, rise = np.exp(log_f - special.log_ndtr(deviate)), np.exp(log_f - special.log_ndtr(-deviate))
    return tuple(fall * slope for slope in slopes), tuple(-rise * slope for slope in slopes)


def _deviate(x: Array, lean: Any, delta: Any, median: Any, spread: Any) -> Array:
    """The normal deviate of the same probability as x."""
    return np.asarray(delta * _parts((x - median) / spread, lean, delta)[1])


def _parts(t: Array, lean: Array, delta: Array) -> tuple[Array, Array]:
    """Numbers z and L."""
    z = np.cosh(lean) / delta * t - np.sinh(lean)
    return z, lean + np.arcsinh(z)


def _terms(x: Array, lean: Any, delta: Any, median: Any, spread: Any) -> tuple[Array, ...]:
    """What the sums are of."""
    t = (x - median) / spread
    z, away = _parts(t, lean, delta)
    area = np.square(delta)
    square = 1 / (1 + z * z)
    root = np.sqrt(square)
    slope = away * root
    pull = -z * square - area * slope
    bend = square * (1 - 2 * square - area + area * z * slope)
    logs = 0.5 * np.log1p(z * z)
    return (
        *(logs, away, away * away, pull, t * pull, bend, t * bend, t * t * bend),
        *(root, t * root, slope, t * slope),
    )


_NEAR, _TERMS = 0.05, 15
"""Size of w below which the deviate and its slopes by the shape are summed as power series, of so many terms."""

_BEHIND = 0.9
"""Share of the shape with the threshold at the last observation that a start has at most."""

_SHAPES, _FLAT = (0.05, 2.0), 0.05
"""Sizes between which the shape of a skewness is taken for a start, and below which both signs are tried."""


class LognormalBeside(Family):
    r"""A lognormal law above a threshold, or below one for a negative shape; normal for the shape 0.

    .. math:: \log f(x) = -\log s - \log(1 + w) - \tfrac12\log 2\pi - \tfrac12 z^2,
              \quad z = \log(1 + w)/c, \quad w = c\,t, \quad t = (x - m)/s

    with the shape c, the median m and the slope s of x by z there. It takes in all that Johnson's law tends to.
    """

    support = REAL
    twin = "lognormal_beside"

    def __init__(self) -> None:
        super().__init__()
        self.name = "lognormal_beside"
        self.parameters = (
            Parameter("shape", REAL, typical=(0.1, 1.0)),
            Parameter("median", REAL, role="location"),
            Parameter("spread", POSITIVE, role="scale"),
        )

    def logpdf(self, x: Array, shape: Array, median: Array, spread: Array) -> Array:
        """Log-density at x."""
        return np.asarray(-np.log(spread) - _HALF_LOG_TWO_PI - _terms_beside(x, shape, median, spread)[0])

    def score(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by shape, median and spread."""
        return tuple(self.derivatives(1.0, _terms_beside(x, *params), *params)[1:4])

    def hessian(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        return tuple(self.derivatives(1.0, _terms_beside(x, *params), *params)[4:])

    def derivative_sums(self, x: Array, weight: Array | None, *params: float) -> tuple[float, ...]:
        """Sums of h = log(1 + w) + z²/2, and of derivatives of -h: by t, t times that, and by the shape.

        Then of second ones: by t, times t, times t²; by shape and t, times t; by the shape.
        """
        return sums_of(weight, *_terms_beside(x, *params))

    def derivatives(self, count: Any, sums: Sequence[Any], shape: Any, median: Any, spread: Any) -> list[Any]:
        """Log-likelihood, score and second derivatives, from the sums."""
        return list(lognormal_terms(count, tuple(sums), shape, median, spread))

    def starts_of_groups(self, groups: Groups) -> list[tuple[Array, ...]]:
        """The law of the mean, variance and skewness of each group; where that is small, of either sign.

        But for the skewness where the threshold, which is the deviation over √(exp(c²) - 1) from the mean, is among the
        observations.
        """
        mean, deviation = groups.mean_and_deviation(groups.x)
        centred = groups.x - mean[groups.ids]
        skewness = groups.means(centred * np.square(centred)) / deviation**3
        # Skewness (p + 3) √p with p = exp(c²) - 1, by Cardano.
        half = 0.5 * np.abs(skewness)
        root = np.cbrt(half + np.hypot(1.0, half))
        shape = np.clip(np.sqrt(np.log1p(np.square(root - 1 / root))), *_SHAPES)
        sign = np.where(skewness < 0, -1.0, 1.0)
        reach = np.where(skewness < 0, groups.maximum - mean, mean - groups.minimum)
        shape = np.minimum(shape, _BEHIND * np.sqrt(np.log1p(np.square(deviation / reach))))

        def law_of(shape: Array) -> tuple[Array, ...]:
            square = np.square(shape)
            spread = deviation * np.abs(shape) / np.sqrt(np.exp(square) * np.expm1(square))
            return shape, mean - spread * np.expm1(0.5 * square) / shape, spread

        own = sign * shape
        return [law_of(own), law_of(np.where(np.abs(own) > _FLAT, 0.5 * own, -own))]


class LognormalByThreshold(Family):
    """The same law by 1/shape, its threshold and the slope at the median, of which standard errors are asked for."""

    support = REAL

    def __init__(self) -> None:
        super().__init__()
        self.name = "lognormal_by_threshold"
        self._own = LognormalBeside()
        self.parameters = (
            Parameter("delta", REAL, typical=(1.0, 10.0)),
            Parameter("threshold", REAL, role="location"),
            Parameter("spread", POSITIVE, role="scale"),
        )

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        return self._own.logpdf(x, *self._inward(*params))

    @property
    def chart(self) -> Chart:
        """The shape, the median and the slope there."""
        return Chart(self._own, self._outward, self._inward, self._slopes, self._own)

    @staticmethod
    def _outward(shape: Any, median: Any, spread: Any) -> tuple[Any, ...]:
        return 1 / shape, median - spread / shape, spread

    @staticmethod
    def _inward(delta: Any, threshold: Any, spread: Any) -> tuple[Any, ...]:
        return 1 / delta, threshold + spread * delta, spread

    @staticmethod
    def _slopes(shape: Any, median: Any, spread: Any) -> Array:
        none, one = 0.0 * shape, 1.0 + 0.0 * shape
        square = np.square(shape)
        return np.array([[-1 / square, none, none], [spread / square, one, -1 / shape], [none, none, one]])


_BESIDE = 3.0
"""Size of gamma/delta of the laws beside a lognormal one from which a climb must lead back to it."""


@cache
def _either_side() -> Family:
    """The law of both limits, so that it is fitted once."""
    return LognormalByThreshold()


def lognormal_of_groups(side: float) -> LimitOfGroups:
    """The lognormal law above (below, for a negative side) a threshold, to which Johnson's law tends."""

    def beside(theta: Array) -> Array:
        delta, threshold, spread = theta.T
        lean, median = np.full_like(delta, -side * _BESIDE), threshold + spread * delta
        return np.stack([lean, np.abs(delta), median, spread], axis=1)

    return LimitOfGroups(
        _either_side(),
        lambda delta, threshold, _: (-side * np.inf, abs(delta), threshold, 0.0),
        lambda theta: theta[:, 0] * side > 0,
        beside,
    )


def lognormal_terms(count: Any, sums: tuple[Any, ...], _: Any, __: Any, spread: Any) -> tuple[Any, ...]:
    """Log-likelihood, score and second derivatives of the lognormal law beside it, from its ten sums."""
    values, by_t, t_by_t, by_s, by_tt, t_by_tt, tt_by_tt, by_st, t_by_st, by_ss = sums
    area = np.square(spread)
    return (
        -values - count * (np.log(spread) + _HALF_LOG_TWO_PI),
        by_s,
        -by_t / spread,
        -(count + t_by_t) / spread,
        by_ss,
        -by_st / spread,
        -t_by_st / spread,
        by_tt / area,
        (by_t + t_by_tt) / area,
        (count + 2 * t_by_t + tt_by_tt) / area,
    )


def _terms_beside(x: Array, shape: Any, median: Any, spread: Any) -> tuple[Array, ...]:
    """What the sums are of."""
    t = (x - median) / spread
    w = shape * t
    near = np.abs(w) < _NEAR
    small = np.where(near, -w, 0.0)
    series = np.zeros((3, *np.shape(small)))
    for k in range(_TERMS - 1, -1, -1):
        for j, term in enumerate((1 / (k + 1), -(k + 1) / (k + 2), (k + 1) * (k + 2) / (k + 3))):
            series[j] = series[j] * small + term
    with np.errstate(all="ignore"):
        v = 1 / (1 + w)
        far, tv = np.log1p(np.maximum(w, -1.0)), t * v
        z = np.where(near, t * series[0], far / shape)
        slope = np.where(near, t * t * series[1], (tv - z) / shape)
        bend = np.where(near, t**3 * series[2], -(tv * tv + 2 * slope) / shape)
        square = v * v
        by_t, by_tt = -v * (shape + z), square * (shape * shape - 1 + z * shape)
        by_st = -square - slope * v + z * tv * v
        values = np.where(w > -1, far + 0.5 * z * z, np.inf)
        by_ss = tv * tv - slope * slope - z * bend
        return (
            *(values, by_t, t * by_t, -(tv + z * slope)),
            *(by_tt, t * by_tt, t * t * by_tt, by_st, t * by_st, by_ss),
        )
