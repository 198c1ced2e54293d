"""Laws of a standardised observation and of shapes: what follows for location, scale and shapes from a few formulas."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import sums_of
from mle_toolkit.families.base import Family
from mle_toolkit.families.hooks import TailExpansion
from mle_toolkit.families.special import log_or_minus_inf
from mle_toolkit.numerics.differences import AROUND, fourth_order
from mle_toolkit.numerics.newton import roots

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_SHAPE_STEP = 1e-3
"""Of a shape, as a share of it and this, in differences."""

_SETTLED = 4 * float(np.finfo(float).eps)
"""Step, in the coordinate asinh z, that rounding may leave."""

_GRID = (np.arange(400) + 0.5) / 400
"""Probabilities whose quantiles stand for a law where only a start depends on it."""


class Reduced(Family):
    """A law of z, the standardised observation, whose formulas are written for z and shapes.

    A subclass gives ``reduced``, ``reduced_slopes``, ``reduced_bends`` and ``reduced_tails``, and, where it can,
    ``reduced_tail_slopes``, ``reduced_quantile`` and ``reduced_ends``. Shapes are numbers, or arrays that broadcast
    with z. Whatever is asked for beyond the support is replaced.
    """

    @abstractmethod
    def reduced(self, z: Array, *shapes: Any) -> Array:
        """Log-density of z."""

    @abstractmethod
    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives of ``reduced`` by z and by each shape."""

    @abstractmethod
    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives of ``reduced`` by z and the shapes, upper triangle row by row."""

    @abstractmethod
    def reduced_tails(self, z: Array, *shapes: Any) -> tuple[Array, Array]:
        """Logs of the probabilities of at most z, and of more than z; z is finite."""

    def reduced_tail_slopes(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of both logs by each shape; by default NaN, where differences serve."""
        nothing = (np.full(np.shape(z), np.nan),) * len(shapes)
        return nothing, nothing

    def reduced_quantile(self, log_p: Array, log_q: Array, *shapes: Any) -> Array:
        """Find the z below which there is exp(log_p), and above which there is exp(log_q); both are finite."""
        log_p, log_q, *at = np.broadcast_arrays(log_p, log_q, *(np.asarray(s, dtype=float) for s in shapes))
        return root_of_tails(lambda z: self.reduced_tails(z, *at), lambda z: self.reduced(z, *at), log_p, log_q)

    def reduced_ends(self, *shapes: Any) -> tuple[Any, Any]:
        """Between which z lies."""
        return -np.inf, np.inf

    # --- what follows -------------------------------------------------------------------------------------------------

    @abstractmethod
    def standard(self, x: Array, params: tuple[Any, ...]) -> tuple[Array, tuple[Any, ...]]:
        """Give z and the shapes, of x and all parameters."""

    @abstractmethod
    def unstandard(self, z: Array, params: tuple[Any, ...]) -> Array:
        """Give x, of z and all parameters."""

    def _log_tails(self, x: Array, params: tuple[Any, ...]) -> tuple[Array, Array]:
        z, shapes = self.standard(x, params)
        finite = np.isfinite(z)
        with np.errstate(all="ignore"):  # what overflows beyond an end is replaced
            below, above = self.reduced_tails(np.where(finite, z, 0.0), *shapes)
            low, high = self.reduced_ends(*shapes)
        below, above = np.where(z <= low, -np.inf, below), np.where(z <= low, 0.0, above)
        below, above = np.where(z >= high, 0.0, below), np.where(z >= high, -np.inf, above)
        missing = np.isnan(z)
        return np.where(missing, np.nan, below), np.where(missing, np.nan, above)

    def log_tails(self, x: Array, *params: Any) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        return self._log_tails(x, params)

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return self._log_tails(x, params)[0]

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return self._log_tails(x, params)[1]

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        return np.asarray(np.exp(self._log_tails(x, params)[0]))

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        return np.asarray(np.exp(self._log_tails(x, params)[1]))

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile."""
        return self._quantile(p, params, above=False)

    def isf(self, p: Array, *params: Any) -> Array:
        """Upper quantile."""
        return self._quantile(p, params, above=True)

    def _quantile(self, p: Array, params: tuple[Any, ...], *, above: bool) -> Array:
        p = np.asarray(p, dtype=float)
        shapes = self.standard(p, params)[1]
        inside = (p > 0) & (p < 1)
        some = np.where(inside, p, 0.5)
        logs = np.log(some), np.log1p(-some)
        log_p, log_q = logs[::-1] if above else logs
        with np.errstate(all="ignore"):  # a quantile may be beyond the doubles
            z = self.reduced_quantile(log_p, log_q, *shapes)
            low, high = self.reduced_ends(*shapes)
            first, last = (high, low) if above else (low, high)
            z = np.where(p == 0, first, np.where(p == 1, last, np.where(inside, z, np.nan)))
            return self.unstandard(z, params)

    def _falls(self, x: Array, params: tuple[Any, ...]) -> tuple[Array, Array, Array, Any]:
        """Give z, minus the derivatives of log F by -z and of log S by z, and the derivatives by the shapes."""
        z, shapes = self.standard(x, params)
        below, above = self._log_tails(x, params)
        with np.errstate(all="ignore"):
            height = self.reduced(z, *shapes)
            slopes = self.reduced_tail_slopes(z, *shapes)
            some = np.isfinite(z) & (height > -np.inf)
            fall = np.where(some, np.exp(height - below), 0.0)
            rise = np.where(some, np.exp(height - above), 0.0)
        return z, fall, rise, tuple(tuple(np.where(some, s, 0.0) for s in side) for side in slopes)


class LocationScale(Reduced):
    """A law of z = (x - loc) / scale, with parameters loc, scale and shapes in this order."""

    def standard(self, x: Array, params: tuple[Any, ...]) -> tuple[Array, tuple[Any, ...]]:
        """Give z and the shapes."""
        return (x - params[0]) / params[1], params[2:]

    def unstandard(self, z: Array, params: tuple[Any, ...]) -> Array:
        """Give x."""
        return np.asarray(params[0] + params[1] * z)

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        z, shapes = self.standard(x, params)
        return np.asarray(self.reduced(z, *shapes) - np.log(params[1]))

    def score(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by loc, scale and the shapes."""
        z, shapes = self.standard(x, params)
        return slopes_of_location_scale(z, params[1], self.reduced_slopes(z, *shapes))

    def hessian(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        z, shapes = self.standard(x, params)
        return second_of_location_scale(
            z, params[1], self.reduced_slopes(z, *shapes)[0], self.reduced_bends(z, *shapes)
        )

    def tail_scores(self, x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        z, fall, rise, (below, above) = self._falls(x, params)
        fall, rise = fall / params[1], rise / params[1]
        z = np.where(np.isfinite(z), z, 0.0)
        return (-fall, -z * fall, *below), (rise, z * rise, *above)


def tails_of_location_scale(
    law: LocationScale, x: Array, params: tuple[Any, ...], expansion: Callable[..., TailExpansion]
) -> TailExpansion:
    """`Family.tail_expansion`, from that of the tails of z by the shapes alone: the density says the rest."""
    z, shapes = law.standard(x, params)
    scale = params[1]
    with np.errstate(all="ignore"):  # far out a tail may be nothing
        logs, firsts, seconds = expansion(z, *shapes)
        height, (along, *by_shapes) = law.reduced(z, *shapes), law.reduced_slopes(z, *shapes)
        slopes, bends = [], []
        for sign, tail, first, second in zip((1.0, -1.0), logs, firsts, seconds, strict=True):
            rate = sign * np.exp(height - tail)
            mixed = (rate * (by - own) for by, own in zip(by_shapes, first, strict=True))
            slopes.append((-rate / scale, -z * rate / scale, *first))
            bend = list(second_of_location_scale(z, scale, rate, (rate * (along - rate), *mixed, *second)))
            bend[2 + len(first)] -= 1 / np.square(scale)  # a density has a factor that a tail has not
            bends.append(tuple(bend))
    return logs, (slopes[0], slopes[1]), (bends[0], bends[1])


class Together(LocationScale):
    """A `LocationScale` law whose derivatives share what is dear: ``reduced_derivatives`` gives all of them at once."""

    dear_slopes = True

    @abstractmethod
    def reduced_derivatives(self, z: Array, *shapes: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """``reduced_slopes`` and ``reduced_bends``."""

    def reduced_slopes(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Derivatives by z and the shapes."""
        return self.reduced_derivatives(z, *shapes)[0]

    def reduced_bends(self, z: Array, *shapes: Any) -> tuple[Array, ...]:
        """Second derivatives."""
        return self.reduced_derivatives(z, *shapes)[1]

    def hessian(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        return self.expansion(x, *params)[2]

    def expansion(self, x: Array, *params: Any) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
        """Log-density, score and second derivatives together."""
        z, shapes = self.standard(x, params)
        slopes, bends = self.reduced_derivatives(z, *shapes)
        scale = params[1]
        value = np.asarray(self.reduced(z, *shapes) - np.log(scale))
        return value, slopes_of_location_scale(z, scale, slopes), second_of_location_scale(z, scale, slopes[0], bends)

    def derivative_sums(self, x: Array, weight: Array | None, *params: Any) -> tuple[float, ...]:
        """Sums of all these."""
        value, scores, second = self.expansion(x, *params)
        return sums_of(weight, *(np.broadcast_to(term, np.shape(x)) for term in (value, *scores, *second)))

    def derivatives(self, count: Any, sums: Sequence[Any], *params: Any) -> Sequence[Any]:
        """The sums as they are."""
        return sums


def slopes_of_location_scale(z: Array, scale: Any, slopes: tuple[Array, ...]) -> tuple[Array, ...]:
    """Derivatives by loc, scale and the shapes, from those by z and the shapes."""
    slope, *by_shapes = slopes
    return -slope / scale, -(1 + z * slope) / scale, *by_shapes


def second_of_location_scale(z: Array, scale: Any, slope: Array, bends: tuple[Array, ...]) -> tuple[Array, ...]:
    """Second derivatives, from that by z and the second ones by z and the shapes."""
    count = (math.isqrt(8 * len(bends) + 1) - 1) // 2  # of z and the shapes
    bend, mixed, rest = bends[0], bends[1:count], bends[count:]
    square = np.square(scale)
    both = slope + z * bend
    return (
        bend / square,
        both / square,
        *(-m / scale for m in mixed),
        (1 + z * (slope + both)) / square,
        *(-z * m / scale for m in mixed),
        *rest,
    )


class LogScale(Reduced):
    """A law of t = log(x / scale), x positive, with parameters shapes and scale in this order."""

    def standard(self, x: Array, params: tuple[Any, ...]) -> tuple[Array, tuple[Any, ...]]:
        """Give t and the shapes."""
        return log_or_minus_inf(x) - np.log(params[-1]), params[:-1]

    def unstandard(self, z: Array, params: tuple[Any, ...]) -> Array:
        """Give x."""
        return np.asarray(params[-1] * np.exp(z))

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        log_x = np.log(x)
        return np.asarray(self.reduced(log_x - np.log(params[-1]), *params[:-1]) - log_x)

    def score(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by the shapes and scale."""
        t, shapes = self.standard(x, params)
        slope, *by_shapes = self.reduced_slopes(t, *shapes)
        return *by_shapes, -slope / params[-1]

    def hessian(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        t, shapes = self.standard(x, params)
        scale, count = params[-1], len(shapes)
        slope = self.reduced_slopes(t, *shapes)[0]
        bends = self.reduced_bends(t, *shapes)
        second: list[Array] = []
        rest = iter(bends[1 + count :])
        for k in range(count):
            second += [next(rest) for _ in range(k, count)]
            second.append(-bends[1 + k] / scale)
        return *second, (bends[0] + slope) / np.square(scale)

    def tail_scores(self, x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        _, fall, rise, (below, above) = self._falls(x, params)
        return (*below, -fall / params[-1]), (*above, rise / params[-1])


def root_of_tails(
    tails: Callable[[Array], tuple[Array, Array]], log_density: Callable[[Array], Array], log_p: Array, log_q: Array
) -> Array:
    """Find quantiles by Newton's method on the log of the smaller tail, within brackets, in the coordinate asinh z.

    Parameters
    ----------
    tails, log_density : callable
        Of z, which has the shape of ``log_p``; z is about 0 in the bulk of the law, and its spread about 1.
    log_p, log_q : ndarray of one shape
        Logs of the probabilities below and above.
    """
    lower = log_p < log_q

    def excess(v: Array) -> tuple[Array, Array]:
        z = np.sinh(v)
        below, above = tails(z)
        tail = np.where(lower, below, above)
        slope = np.exp(log_density(z) - tail) * np.cosh(v)
        return np.where(lower, below - log_p, log_q - above), slope

    floor, ceiling = np.full(log_p.shape, -1.0), np.full(log_p.shape, 1.0)
    for end, sign in ((floor, -1.0), (ceiling, 1.0)):
        for _ in range(10):  # sinh(2^10) is beyond the doubles
            short = sign * excess(end)[0] < 0
            if not short.any():
                break
            end[short] *= 2.0

    def gap_and_step(v: Array) -> tuple[Array, Array]:
        gap, slope = excess(v)
        return gap, -(gap / slope)

    start = 0.5 * (floor + ceiling)
    v = roots(gap_and_step, floor, ceiling, start, lambda v: _SETTLED * np.maximum(1.0, np.abs(v)))
    return np.asarray(np.sinh(v))


def quantile_of_tails(
    p: Array,
    tails: Callable[[Array], tuple[Array, Array]],
    log_density: Callable[[Array], Array],
    *,
    above: bool,
) -> Array:
    """Find quantiles of probabilities, or upper ones, by `root_of_tails`; infinite at 0 and 1, NaN beyond.

    Parameters
    ----------
    p : ndarray
        Of the shape that ``tails`` and ``log_density`` take.
    """
    inside = (p > 0) & (p < 1)
    some = np.where(inside, p, 0.5)
    logs = np.log(some), np.log1p(-some)
    with np.errstate(all="ignore"):
        z = root_of_tails(tails, log_density, *(logs[::-1] if above else logs))
    ends = np.where((p == 0) ^ above, -np.inf, np.inf)
    return np.where(inside, z, np.where((p == 0) | (p == 1), ends, np.nan))


def slopes_by_differences(law: Reduced, z: Array, shapes: tuple[Any, ...]) -> tuple[tuple[Array, ...], ...]:
    """`Reduced.reduced_tail_slopes` by differences of fourth order of the logs of the tails, good to 1e-9."""
    below: list[Array] = []
    above: list[Array] = []
    for k, shape in enumerate(shapes):
        step = _SHAPE_STEP * (np.abs(shape) + _SHAPE_STEP)
        moved = [law.reduced_tails(z, *(s + m * step if j == k else s for j, s in enumerate(shapes))) for m in AROUND]
        for side, slopes in enumerate((below, above)):
            slopes.append(fourth_order([tails[side] for tails in moved], step))
    return tuple(below), tuple(above)


def matched(law: Reduced, logs: Sample, shapes: tuple[float, ...]) -> tuple[float, float]:
    """Mean and scale by which z, of these shapes, has the mean and the variance of the data."""
    z = law.reduced_quantile(np.log(_GRID), np.log1p(-_GRID), *shapes)
    scale = float(np.sqrt(logs.var() / np.var(z)))
    return logs.mean() - scale * float(np.mean(z)), scale


def l_moments(sample: Sample) -> tuple[float, float, float, float]:
    """First and second L-moment and the ratios of the third and the fourth to the second.

    Source: Hosking (1990), JRSS B 52, 105-124; by plotting positions, which serve starts.
    """
    order = np.argsort(sample.x, kind="stable")
    x = sample.x[order]
    weight = np.ones_like(x) if sample.weight is None else sample.weight[order]
    share = (np.cumsum(weight) - 0.5 * weight) / sample.nobs
    b0, b1, b2, b3 = (float(np.sum(weight * share**k * x)) / sample.nobs for k in range(4))
    second = 2 * b1 - b0
    return b0, second, (6 * b2 - 6 * b1 + b0) / second, (20 * b3 - 30 * b2 + 12 * b1 - b0) / second


def best_starts(
    sample: Sample, logpdf: Callable[..., Array], starts: list[tuple[float, ...]], few: int = 2
) -> list[tuple[float, ...]]:
    """The few of the starts at which the likelihood is highest."""
    with np.errstate(all="ignore"):
        values = [sample.mean(lambda x, at=at: logpdf(x, *at)) for at in starts]  # type: ignore[misc]
    order = np.argsort(-np.nan_to_num(np.array(values), nan=-np.inf), kind="stable")[:few]
    return [starts[k] for k in order.tolist() if values[k] > -np.inf] or starts[:1]
