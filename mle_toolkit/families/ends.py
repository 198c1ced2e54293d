"""What happens to a likelihood as the end of a support comes to the data: whether it rises, and without a bound."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.families.domain import Interval

_INSIDE = np.concatenate([np.geomspace(1e-6, 0.04, 8), np.linspace(0.05, 0.95, 19), 1 - np.geomspace(0.04, 1e-6, 8)])

_NOISE = 1e-6
"""Slope that rounding may have put there."""

_NEARNESS = (1e-75, 1e-150, 1e-300)
_SCALES = np.geomspace(1e-8, 1e8, 17)[:, None]


def grid(domain: Interval, count: int, reach: float = 80.0) -> Array:
    """Values spread over a domain: evenly where it is finite, by powers where it is not; never the endpoints or 0."""
    low, high = domain.lower, domain.upper
    if np.isfinite(low) and np.isfinite(high):
        return np.asarray(low + (high - low) * np.linspace(0.04, 0.96, count))
    if np.isfinite(low):
        return np.asarray(low + np.geomspace(max(0.03, 1 / reach), reach, count))
    if np.isfinite(high):
        return np.asarray(high - np.geomspace(max(0.03, 1 / reach), reach, count))
    half = np.geomspace(0.08, min(reach, 8.0), (count + 1) // 2)
    return np.concatenate([-half[::-1], half])


def probe_points(low: float, high: float) -> tuple[Array, Array]:
    """Points all over a support of which an end is finite, and at each a step for a difference that stays inside."""
    u = _INSIDE
    if np.isfinite(low) and np.isfinite(high):
        z = low + (high - low) * u
    elif np.isfinite(low):
        z = low + u / (1 - u)
    else:
        z = high - u / (1 - u)
    return z, 1e-4 * np.minimum(np.abs(z - low), np.abs(high - z))


def common_sign(values: Array) -> int:
    """1 if values are nowhere negative and somewhere positive, -1 if the reverse, else 0; NaN and inf do not count."""
    values = values[np.isfinite(values)]
    if len(values) and np.all(values >= -_NOISE) and np.any(values > _NOISE):
        return 1
    return -1 if len(values) and np.all(values <= _NOISE) and np.any(values < -_NOISE) else 0


def grows_without_bound(logpdf: Callable[[Array, Array], Array], nobs: float) -> bool:
    """Whether shapes and scale can grow with the density of one observation at the lower end of the support, 0.

    As for the lognormal law, whose density there is 0 for every fixed shape (Hill 1963, JASA 58, 72-84): the
    best log-likelihood over a grid, of one observation ever nearer to the end and a few others, has no bound.

    Parameters
    ----------
    logpdf : callable
        ``logpdf(x, scale)`` with arrays of shape (n,) and (m, 1); gives shape (..., m, n), for all shapes on a grid.
    nobs : float
        Number of observations.
    """
    others = np.arange(1.0, max(2.0, min(nobs, 10.0)))
    best = []
    for nearness in _NEARNESS:
        values = np.sum(logpdf(np.concatenate([[nearness], others]), _SCALES), axis=-1)
        finite = values[np.isfinite(values)]
        best.append(float(finite.max()) if len(finite) else -np.inf)
    return best[2] - best[1] > 1.0 and best[1] - best[0] > 1.0


class UniformEnds:
    """The ends of the uniform law that make points and intervals most probable.

    Parameters
    ----------
    points : ndarray of shape (k,)
        Exact observations, of which only the ends and the weight count.
    lower, upper : ndarray of shape (m,)
        Ends of the intervals; -inf or inf where they are open.
    weight : ndarray of shape (m,)
        Weights of the intervals.
    nobs : float
        Weight of points and intervals.

    Notes
    -----
    Every observation's log-probability is concave in s = 1/(b - a) and t = a/(b - a), as for every law of a
    log-concave density (Burridge 1981, JRSS B 43, 41-45). So given one end, or with the other always at its best,
    the likelihood rises to its maximum and falls beyond it, and the sign of a slope says where that is.
    """

    def __init__(self, points: Array, lower: Array, upper: Array, weight: Array, nobs: float) -> None:
        self.lower, self.upper, self.weight, self.nobs = lower, upper, weight, nobs
        least, largest = (float(points.min()), float(points.max())) if len(points) else (np.inf, -np.inf)
        self.highest_a = min(least, float(np.min(upper, initial=np.inf)))
        self.lowest_b = max(largest, float(np.max(lower, initial=-np.inf)))
        if self.highest_a == self.lowest_b and not len(points):
            self.highest_a = float(np.nextafter(self.highest_a, -np.inf))  # intervals that meet have nothing in common
        finite = np.concatenate([points, lower[np.isfinite(lower)], upper[np.isfinite(upper)]])
        self.reach = float(np.ptp(finite)) or abs(float(finite[0])) or 1.0
        self._a = np.unique(lower[np.isfinite(lower) & (lower < self.highest_a)])[::-1]
        self._b = np.unique(upper[np.isfinite(upper) & (upper > self.lowest_b)])

    def best_b(self, a: float) -> float:
        """The best upper end for a lower one."""
        start = np.maximum(a, self.lower)

        def gain(b: float) -> float:
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                share = np.where(start == a, 1.0, (b - a) / (b - start))
            return float(np.sum((self.weight * share)[self.upper > b])) - self.nobs

        return _crossing(gain, self.lowest_b, self._b, self.reach)

    def gain_below(self, a: float) -> float:
        """The slope of the log-likelihood downward from a, times the length, with the upper end at its best."""
        b = self.best_b(a)
        stop = np.minimum(b, self.upper)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share = np.where(stop == b, 1.0, (b - a) / (stop - a))
        return float(np.sum((self.weight * share)[self.lower < a])) - self.nobs

    def best(self) -> tuple[float, float] | None:
        """Both ends; None where no place for them is better than all others."""
        if not self.highest_a < self.lowest_b:
            return None
        a = self._best_a()
        if not np.isfinite(a):
            return None
        b = self.best_b(a)
        aside = _ASIDE * (b - a)
        near = [v for v in (a - aside, a + aside) if v < self.highest_a]
        flat = any(abs(self.gain_below(v)) <= _EQUAL * self.nobs for v in near)
        return None if flat else (a, b)

    def _best_a(self) -> float:
        return -_crossing(lambda v: self.gain_below(-v), -self.highest_a, -self._a, self.reach)

    def loglik(self, a: float, b: float) -> float:
        """Log-likelihood of a law of these ends."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            length = np.minimum(b, self.upper) - np.maximum(a, self.lower)
            return float(np.sum(self.weight * np.log(np.maximum(length, 0.0)))) - self.nobs * float(np.log(b - a))

    def best_integers(self) -> tuple[float, float] | None:
        """Both ends, where these are whole numbers: those with a lower end at which the best of all is no worse."""
        if not self.highest_a < self.lowest_b:
            alone = self.highest_a == self.lowest_b + 1  # the one number that all intervals hold
            return (self.lowest_b, self.highest_a) if alone else None
        best = self._best_a()
        if not np.isfinite(best):
            return None
        top, ends = -np.inf, [(best, best)]
        for first, step in ((np.ceil(best), 1.0), (np.ceil(best) - 1.0, -1.0)):
            a = float(first)
            while a <= self.highest_a and len(ends) == 1:
                b = self.best_b(a)
                same = _EQUAL * self.nobs
                for end in sorted({float(np.floor(b)), float(np.ceil(b))}):
                    value = self.loglik(a, end) if end >= self.lowest_b else -np.inf
                    if value > top + same:
                        top, ends = value, [(a, end)]
                    elif value > top - same:
                        ends.append((a, end))
                if self.loglik(a, b) < top - same:
                    break
                a += step
        return (ends[0][0] + 0.0, ends[0][1] + 0.0) if len(ends) == 1 else None

    def maximum(self, name: str, *, integers: bool = False) -> tuple[float, float]:
        """The best ends, or why there are none.

        Raises
        ------
        NoMaximumError
        """
        found = self.best_integers() if integers else self.best()
        if found is None:
            raise NoMaximumError(
                f"{name}: the intervals do not determine both ends, so the likelihood has no single maximum: all of "
                f"them have points in common, or a and b may move together without a loss. Fix one end: "
                f"fixed={{'a': ...}}."
            )
        return found


class ExponentialEnd:
    """The lower end, and the rate, of the exponential law that make points and intervals most probable.

    Parameters
    ----------
    lower, upper : ndarray of shape (n,)
        Ends of the intervals; equal for a point, infinite where they are open.
    weight : ndarray of shape (n,)

    Notes
    -----
    Every observation's log-probability is concave in the rate and the rate times the end, as for `UniformEnds`; so for
    an end there is one best rate, and with it the likelihood rises to its maximum and falls beyond it.
    """

    def __init__(self, lower: Array, upper: Array, weight: Array) -> None:
        self.lower, self.upper, self.weight = lower, upper, weight
        self.point = lower == upper
        self.highest = float(np.min(upper))
        ends = np.concatenate([lower, upper])
        ends = ends[np.isfinite(ends)]
        self.reach = float(np.ptp(ends)) or 1.0
        self._ends = np.unique(ends[ends < self.highest])[::-1]

    def best_rate(self, end: float) -> float:
        """The best rate for an end; inf where it has no bound."""
        from scipy import optimize

        start = np.maximum(self.lower, end)
        away = float(np.sum(self.weight * (start - end)))
        width = (self.upper - start)[~self.point]
        inner, points = self.weight[~self.point], float(np.sum(self.weight[self.point]))

        def gain(log_rate: float) -> float:
            rate = math.exp(log_rate)
            return points + float(np.sum(inner / special.exprel(rate * width))) - rate * away

        low = high = -math.log(self.reach)
        while gain(low) <= 0:
            low -= 1.0
        while gain(high) > 0:
            high += 1.0
            if high > _STEEPEST - math.log(self.reach):
                return math.inf
        return math.exp(optimize.brentq(gain, low - 1.0, high, xtol=1e-15, rtol=_ROOT_DIGITS))

    def gain_below(self, end: float) -> float:
        """The slope of the log-likelihood downward from an end, with the rate at its best, in rates."""
        rate, held = self.best_rate(end), self.lower < end
        if math.isinf(rate):
            return -1.0
        with np.errstate(divide="ignore", over="ignore"):
            inside = self.weight[held] / np.expm1(rate * (self.upper[held] - end))
        return float(np.sum(inside)) - float(np.sum(self.weight[~held]))

    def maximum(self, name: str) -> tuple[float, float]:
        """End and rate, or why there are none.

        Raises
        ------
        NoMaximumError
        """
        end = -_crossing(lambda v: self.gain_below(-v), -self.highest, -self._ends, self.reach)
        rate = self.best_rate(end) if np.isfinite(end) else math.inf
        if math.isinf(rate):
            common = float(np.max(self.lower)) < self.highest
            why = "all intervals have points in common" if common else "they meet in one point, or leave the end open"
            raise NoMaximumError(
                f"{name}: the likelihood has no maximum for these intervals, because {why}. Narrower intervals, or a "
                f"fixed parameter, are needed."
            )
        return end, rate


_STEEPEST = math.log(1e9)
"""The log of the rate, in ranges of the data, beyond which an exponential law has concentrated on its end."""

_ASIDE = 1e-3
"""How far aside, in lengths of the law, its likelihood is looked at to see whether it changes."""

_EQUAL = 1e-9
"""Slope, in nats per observation and length, of a likelihood that does not change."""

_DOUBLINGS = 60


def _crossing(gain: Callable[[float], float], first: float, kinks: Array, reach: float) -> float:
    """Where a slope that only falls, from ``first`` on, becomes negative; inf if it never does.

    Parameters
    ----------
    gain : callable
        The slope to the right of a point; continuous but for falls at the kinks.
    first : float
    kinks : ndarray
        In rising order, all above ``first``.
    reach : float
        The size of the steps beyond the last of them.
    """
    from scipy import optimize

    if gain(first) <= 0:
        return first
    low, high = 0, len(kinks)  # kinks[:low] are before the crossing, kinks[high:] are not
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if gain(float(kinks[middle])) > 0 else (low, middle)
    begin = float(kinks[low - 1]) if low else first
    if low < len(kinks):
        end = float(kinks[low])
        before = float(np.nextafter(end, -np.inf))
        if before <= begin or gain(before) > 0:
            return end
        end = before
    else:
        end = begin
        for doubling in range(_DOUBLINGS):
            end = begin + reach * 2.0**doubling
            if gain(end) <= 0:
                break
        else:
            return np.inf
    begin = float(np.nextafter(begin, np.inf))
    if begin >= end or gain(begin) <= 0:
        return begin
    return float(optimize.brentq(gain, begin, end, xtol=1e-15 * reach, rtol=_ROOT_DIGITS))


_ROOT_DIGITS = 4 * float(np.finfo(float).eps)
