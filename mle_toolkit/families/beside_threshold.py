"""Laws with a threshold in coordinates in which what they tend to, as that goes to -∞, is a point like any other."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.hooks import needed
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.pearson3 import Pearson3
from mle_toolkit.families.relations import Chart
from mle_toolkit.families.standardised import Together

_NEAR, _TERMS = 0.05, 15
"""Size of w below which the deviate and its slopes by the shape are summed as power series, of so many terms."""

_SERIES = tuple(
    [
        (-1.0) ** k * term
        for k in range(_TERMS - 1, -1, -1)
        for term in [(1 / (k + 1), -(k + 1) / (k + 2), (k + 1) * (k + 2) / (k + 3))[order]]
    ]
    for order in range(3)
)
"""Of log(1 + w)/w, and of its first two derivatives by w, for Horner's rule."""

_TOLD_APART = 1e-8
"""Shape below which a law of numbers with a threshold so far away cannot be told from its limit."""

_MIDDLE = 1.0
"""Shape up to which the middle of a law is known better than its threshold."""


_LARGEST = math.log(float(np.finfo(float).max))


class BesideThreshold(Together):
    r"""A law of x above a threshold, of whose shape c, not negative, u is the root: c = u².

    At u = 0 the law is what it tends to as the threshold goes to -∞; there the derivative by u is 0, as all is the same
    for -u. So a search ends there as in any other maximum, where it is one.

    Parameters
    ----------
    name : str
    """

    support = REAL
    bends_sharply = True

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.parameters = (
            Parameter("loc", REAL, typical=(-5.0, 5.0), role="location"),
            Parameter("scale", POSITIVE, typical=(0.1, 10.0), role="scale"),
            Parameter("root", REAL, typical=(0.1, 1.0)),
        )

    @abstractmethod
    def by_shape(self, z: Array, shape: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """First and second derivatives by z and the shape."""

    def reduced_derivatives(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """First and second derivatives by z and the root."""
        (root,) = shapes
        (by_z, by_c), (zz, zc, cc) = self.by_shape(z, np.square(root))
        return (by_z, 2 * root * by_c), (zz, 2 * root * zc, 2 * by_c + 4 * np.square(root) * cc)


class LogBeside(BesideThreshold):
    r"""A variable whose log above a threshold has a law of location and scale; for the shape 0, it has that itself.

    .. math:: \log f(x) = g(y) - c y - \log s, \quad y = \log(1 + w)/c, \quad w = c\,z, \quad z = (x - m)/s

    with the log-density g, the shape c, and m and s, where y is 0 and its slope there.

    Parameters
    ----------
    of_log : Family
        With a location and a scale, and second derivatives.
    """

    def __init__(self, of_log: Family) -> None:
        super().__init__(f"{of_log.name} of a log beside a threshold")
        self._logpdf = of_log.logpdf
        self._slopes, self._bends = needed(of_log, of_log.score, "score"), needed(of_log, of_log.hessian, "hessian")
        self._below, self._above = needed(of_log, of_log.logcdf, "logcdf"), needed(of_log, of_log.logsf, "logsf")
        self._tail_slopes = needed(of_log, of_log.tail_scores, "tail_scores")

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        shape = np.square(shapes[0])
        y, *_ = _deviate(z, shape)
        with np.errstate(all="ignore"):
            return np.where(1 + shape * z > 0, self._logpdf(y, 0.0, 1.0) - shape * y, -np.inf)

    def by_shape(self, z: Array, shape: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """First and second derivatives by z and the shape."""
        y, by_z, by_c, zz, zc, cc = _deviate(z, shape)
        slope, bend = -self._slopes(y, 0.0, 1.0)[0] - shape, self._bends(y, 0.0, 1.0)[0]
        return (slope * by_z, slope * by_c - y), (
            bend * by_z * by_z + slope * zz,
            bend * by_z * by_c + slope * zc - by_z,
            bend * by_c * by_c + slope * cc - 2 * by_c,
        )

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        y, *_ = _deviate(z, np.square(shapes[0]))
        return self._below(y, 0.0, 1.0), self._above(y, 0.0, 1.0)

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by the root."""
        y, _, by_c, *_ = _deviate(z, np.square(shapes[0]))
        by_root = 2 * shapes[0] * by_c
        below, above = self._tail_slopes(y, 0.0, 1.0)
        return (-below[0] * by_root,), (-above[0] * by_root,)

    def reduced_ends(self, *shapes: Any) -> tuple[Any, Any]:
        """The threshold."""
        return _end(np.square(shapes[0])), np.inf


class GammaBeside(BesideThreshold):
    """A gamma law above a threshold, by its mean, its standard deviation, and the root of its skewness."""

    def __init__(self) -> None:
        super().__init__("gamma beside a threshold")
        self._law = Pearson3()

    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""
        return self._law.reduced(z, np.square(shapes[0]))

    def by_shape(self, z: Array, shape: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """First and second derivatives by z and the skewness."""
        by_z, by_c = self._law.reduced_slopes(z, shape)
        zz, zc, cc = self._law.reduced_bends(z, shape)
        return (by_z, by_c), (zz, zc, cc)

    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the tails."""
        return self._law.reduced_tails(z, np.square(shapes[0]))

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of the logs of the tails by the root."""
        (below,), (above,) = self._law.reduced_tail_slopes(z, np.square(shapes[0]))
        return (2 * shapes[0] * below,), (2 * shapes[0] * above,)

    def reduced_ends(self, *shapes: Any) -> tuple[Any, Any]:
        """The threshold."""
        return _end(0.5 * np.square(shapes[0])), np.inf


def _end(shape: Any) -> Array:
    """Where w is -1: at -∞ for no shape."""
    shape = np.asarray(shape, dtype=float)
    return np.where(shape == 0, -np.inf, -1 / np.where(shape == 0, 1.0, shape))


def _deviate(z: Array, shape: Any) -> tuple[Array, ...]:
    """The deviate y = log(1 + w)/c, w = c z, and its derivatives: by z, by c, and by zz, zc and cc."""
    w = shape * z
    near = np.abs(w) < _NEAR
    small = np.where(near, w, 0.0)
    series = np.zeros((3, *np.shape(small)))
    for coefficients in zip(*_SERIES, strict=True):
        for j, term in enumerate(coefficients):
            series[j] = series[j] * small + term
    with np.errstate(all="ignore"):  # at the threshold and beyond it
        v = np.where(w > -1, 1 / (1 + w), np.inf)
        zv = z * v
        y = np.where(near, z * series[0], np.log1p(np.maximum(w, -1.0)) / shape)
        by_c = np.where(near, z * z * series[1], (zv - y) / shape)
        cc = np.where(near, z**3 * series[2], -(zv * zv + 2 * by_c) / shape)
        return y, v, by_c, -shape * v * v, -zv * v, cc


def chart_of_logs(
    of_log: Family,
    declared: Callable[[float, float], tuple[float, float]],
    of_log_at: Callable[[float, float], tuple[float, float]],
    slopes: Callable[[float, float], Sequence[Sequence[float]]],
    end: tuple[float, float],
) -> Chart:
    """The chart of a law with a threshold of which the log, above that, has a law of location and scale.

    Parameters
    ----------
    of_log : Family
    declared : callable
        Takes location and scale of the log, returns the two parameters of the law without a threshold.
    of_log_at : callable
        The inverse.
    slopes : callable
        Takes location and scale, returns the derivatives of those two by them.
    end : tuple of float
        Those two where the threshold is at -∞.
    """

    def outward(loc: float, scale: float, root: float) -> tuple[float, ...]:
        shape = root * root
        if not shape > _TOLD_APART:
            return *end, -math.inf
        size = scale / shape
        return *declared(_log(size), shape), loc - size

    def inward(first: float, second: float, threshold: float) -> tuple[float, ...]:
        place, shape = of_log_at(first, second)
        size = exp_or_inf(place)
        return threshold + size, size * shape, math.sqrt(shape)

    def slopes_there(_: float, scale: float, root: float) -> Array:
        shape = root * root
        by_log = slopes(_log(scale / shape), shape)
        own = np.array([[0.0, 1 / scale, -2 / root], [0.0, 0.0, 2 * root]])  # of location and scale of the log
        return np.vstack([np.asarray(by_log) @ own, [1.0, -1 / shape, 2 * scale / (shape * root)]])

    return Chart(LogBeside(of_log), outward, inward, slopes_there, serves=lambda *at: of_log_at(*at[:2])[1] < _MIDDLE)


def exp_or_inf(v: float) -> float:
    """The exponential of a number; infinite beyond the doubles."""
    return math.exp(v) if v < _LARGEST else math.inf


def _log(size: float) -> float:
    return math.log(size) if size > 0 else -math.inf


def gamma_chart() -> Chart:
    """The chart of a gamma law with a threshold: its mean, standard deviation and skewness."""
    return Chart(
        GammaBeside(), _declared_gamma, _by_moments, _slopes_of_gamma, serves=lambda shape, *_: 1 / shape < _MIDDLE
    )


def _declared_gamma(mean: float, deviation: float, root: float) -> tuple[float, ...]:
    skew = root * root
    if not skew > _TOLD_APART:
        return math.inf, 0.0, -math.inf
    return 4 / (skew * skew), 0.5 * deviation * skew, mean - 2 * deviation / skew


def _by_moments(shape: float, scale: float, threshold: float) -> tuple[float, ...]:
    deviation = scale * math.sqrt(shape)
    return threshold + scale * shape, deviation, math.sqrt(2) * shape**-0.25


def _slopes_of_gamma(_: float, deviation: float, root: float) -> Array:
    skew = root * root
    turned = 2 * root  # of the skewness by its root
    return np.array(
        [
            [0.0, 0.0, -8 / skew**3 * turned],
            [0.0, 0.5 * skew, 0.5 * deviation * turned],
            [1.0, -2 / skew, 2 * deviation / (skew * skew) * turned],
        ]
    )
