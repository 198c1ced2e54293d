"""Integrals of densities over their support and sums of probabilities over the integers, and their cumulative forms.

For laws of which only the log-density is known: where its bulk lies, and how wide it is, has to be found first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.errors import IntegralError

Function = Callable[[Array], Array]

_FINE, _COARSE = (np.polynomial.legendre.leggauss(n) for n in (21, 10))
_TOLERANCE = 1e-12
"""Error aimed at, as a share of the integral of the absolute value."""

_HONEST = 1e-8
"""The same, above which there is no answer: the promise of `Distribution`."""

_MASS = 1e-6
"""How far from one probabilities may sum up, a tail apart that is left where the function has become negligible."""

_FAR = 170.0
"""Stretched coordinate, towards an infinite end, beyond which nothing may be left: points there are 1e73 times the size
of the law. At twice that, where squares overflow soon, integrals end."""

_LARGEST_LOG = 709.0

_ROUNDS = 200
_MOST_PANELS = 20_000

_FIRST_TERMS, _MOST_TERMS = 1024, 2**20
"""Terms of a sum in the first block; blocks double up to the other number, after which the sum is given up."""

QUANTILES = (1e-6, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1 - 1e-6)
"""Where the bulk of a law is marked, for the stretches that integrals begin with."""

_BLOCKS = 4
"""Blocks of a sum before its tail is judged: the first holds the bulk, which says nothing of the tail."""

_PEAKS, _ZOOMS = 20, 60
_LARGEST_COUNT = 1e300
_NEWTON_STEPS = 100


# --- where a law lives ------------------------------------------------------------------------------------------------


def landmarks(name: str, logpdf: Function, low: float, high: float, *, integer: bool = False) -> tuple[float, ...]:
    """Points about the quantiles of `QUANTILES` of a law of which only the log-density is known.

    A grid over all magnitudes of double numbers is refined about its highest peaks until the log-density is smooth on
    it; the grid then shows where the mass is.
    """
    grid = _magnitudes(low, high)
    if integer:
        grid = np.unique(np.rint(grid[np.abs(grid) < 1e15]))
        grid = grid[(grid >= low) & (grid <= high)]
    height = _finite(logpdf(grid))
    for _ in range(_ZOOMS):
        new = _between(grid, _steep_peaks(height))
        new = np.setdiff1d(np.rint(new) if integer else new, grid)
        if len(new) == 0:
            break
        order = np.argsort(np.concatenate([grid, new]), kind="stable")
        grid = np.concatenate([grid, new])[order]
        height = np.concatenate([height, _finite(logpdf(new))])[order]
    top = float(np.max(height))
    if top == -np.inf:
        raise IntegralError(f"{name}: the density is zero wherever it was looked for.")
    width = np.diff(grid)
    with np.errstate(over="ignore", divide="ignore"):
        log_mass = np.logaddexp(height[:-1], height[1:]) + np.log(width)
        mass = np.exp(log_mass - np.max(log_mass))
    cumulative = np.cumsum(mass) / np.sum(mass)
    return tuple(sorted({float(grid[int(np.searchsorted(cumulative, q))]) for q in QUANTILES}))


def _magnitudes(low: float, high: float) -> Array:
    """Four points a decade, away from each end of an interval."""
    size = np.logspace(-300, 300, 2401)
    if np.isfinite(low) and np.isfinite(high):
        share = np.concatenate([size[size < 0.4], np.linspace(0.4, 0.5, 5)])
        grid = np.concatenate([low + (high - low) * share, high - (high - low) * share])
    elif np.isfinite(low):
        grid = low + size
    elif np.isfinite(high):
        grid = high - size
    else:
        grid = np.concatenate([-size, [0.0], size])
    grid = np.unique(grid)
    return grid[(grid > low) & (grid < high)] if np.isfinite(low) or np.isfinite(high) else grid


def _finite(height: Array) -> Array:
    """Log-densities, a pole counted as very high."""
    return np.where(np.isnan(height), -np.inf, np.minimum(height, 700.0))


def _steep_peaks(height: Array) -> list[int]:
    """The highest local maxima from which the log-density falls by more than half a nat to a neighbour."""
    padded = np.concatenate([[-np.inf], height, [-np.inf]])
    with np.errstate(invalid="ignore"):
        is_peak = (height >= padded[:-2]) & (height >= padded[2:]) & (height > -np.inf)
        falls = height - np.minimum(padded[:-2], padded[2:]) > 0.5
    peaks = np.flatnonzero(is_peak & falls)
    highest: list[int] = peaks[np.argsort(-height[peaks], kind="stable")[:_PEAKS]].tolist()
    return highest


def _between(grid: Array, peaks: list[int]) -> Array:
    """Seven points on either side of each peak, up to its neighbours."""
    share = np.arange(1, 8) / 8
    sides = [(k, side) for k in peaks for side in (k - 1, k + 1) if 0 <= side < len(grid)]
    return np.unique([grid[k] + share * (grid[side] - grid[k]) for k, side in sides])


# --- integrals --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stretch:
    """A map of an interval onto the real line: logit, log or asinh, so that power tails become exponential ones."""

    low: float
    high: float
    centre: float
    spread: float

    def to_real(self, x: Array) -> Array:
        """The coordinate of a point; infinite at an end."""
        with np.errstate(divide="ignore"):
            if np.isfinite(self.low) and np.isfinite(self.high):
                return np.asarray(np.log(x - self.low) - np.log(self.high - x))
            if np.isfinite(self.low):
                return np.asarray(np.log(x - self.low))
            if np.isfinite(self.high):
                return np.asarray(-np.log(self.high - x))
        return np.asarray(np.arcsinh((x - self.centre) / self.spread))

    def from_real(self, u: Array) -> tuple[Array, Array]:
        """The point at a coordinate, and the log of the slope of the map there."""
        if np.isfinite(self.low) and np.isfinite(self.high):
            width = self.high - self.low
            x = np.where(u < 0, self.low + width * special.expit(u), self.high - width * special.expit(-u))
            return np.asarray(x), np.asarray(np.log(width) + special.log_expit(u) + special.log_expit(-u))
        with np.errstate(over="ignore"):
            if np.isfinite(self.low):
                return np.asarray(self.low + np.exp(u)), np.asarray(u)
            if np.isfinite(self.high):
                return np.asarray(self.high - np.exp(-u)), np.asarray(-u)
            log_slope = np.log(self.spread) + np.logaddexp(u, -u) - np.log(2.0)
            return np.asarray(self.centre + self.spread * np.sinh(u)), np.asarray(log_slope)

    @property
    def reach(self) -> tuple[float, float]:
        """Coordinates beyond which points are no longer told from an end, or overflow."""
        if np.isfinite(self.low) and np.isfinite(self.high):
            log_width = np.log(self.high - self.low)
            near = [float(np.log(np.spacing(abs(end))) - log_width) for end in (self.low, self.high)]
            return near[0], -near[1]
        middle = float(self.to_real(np.asarray(self.centre)))
        if np.isfinite(self.low):
            return float(np.log(np.spacing(abs(self.low)))), min(_LARGEST_LOG, middle + 2 * _FAR)
        if np.isfinite(self.high):
            return max(-_LARGEST_LOG, middle - 2 * _FAR), float(-np.log(np.spacing(abs(self.high))))
        far = min(2 * _FAR, _LARGEST_LOG - max(0.0, float(np.log(self.spread))))
        return -far, far

    def is_far(self, a: Array, b: Array) -> Mask:
        """Whether a stretch from a to b lies where nothing may be left: far out, or the last before a finite end."""
        first, last = self.reach
        middle = float(self.to_real(np.asarray(self.centre)))
        above = b > middle + _FAR if np.isinf(self.high) else b == last
        below = a < middle - _FAR if np.isinf(self.low) else a == first
        return np.asarray(above | below)


class Density:
    """A density on an interval, ready to be integrated.

    Parameters
    ----------
    name : str
        How errors call the law.
    logpdf : callable
        The log-density, vectorised.
    low, high : float
        The interval on which the density may be positive.
    marks : tuple of float
        Points in its bulk, from low to high; the middle one near the median.
    """

    def __init__(self, name: str, logpdf: Function, low: float, high: float, marks: tuple[float, ...]) -> None:
        self.name = name
        self.logpdf = logpdf
        inner = sorted({m for m in marks if low < m < high})
        if not inner:
            raise IntegralError(f"{name}: the density is concentrated at the end of its support.")
        spread = inner[-2] - inner[1] if len(inner) > 3 else inner[-1] - inner[0]
        self.stretch = Stretch(low, high, inner[len(inner) // 2], spread if spread > 0 else 1.0)
        self._knots = first_knots(self.stretch, np.array(inner))

    def integrate(self, function: Function) -> float:
        """Integral of ``function(x)`` times the density.

        Raises
        ------
        IntegralError
            If it does not settle, or the density does not integrate to one.
        """
        edges, values, error = adapt(lambda u: self._integrand(u, function), self._panels[0])
        with np.errstate(invalid="ignore"):
            total, size = float(np.sum(values)), float(np.sum(np.abs(values)))
        left_out = float(np.sum(np.abs(values[self.stretch.is_far(edges[:-1], edges[1:])])))
        if not error + left_out <= _HONEST * size and size != 0:
            raise IntegralError(
                f"{self.name}: the integral does not settle: {total:.6g} with an error of {error + left_out:.1g}."
            )
        return total

    def below(self, x: Array) -> Array:
        """Mass up to x."""
        return self._cumulative(x, above=False)

    def above(self, x: Array) -> Array:
        """Mass from x."""
        return self._cumulative(x, above=True)

    def quantile(self, p: Array, *, above: bool = False) -> Array:
        """The point with mass p below it, or above it: Newton's method, kept inside a panel that holds it."""
        edges, masses = self._panels
        if above:
            from_end = np.cumsum(masses[::-1])[::-1]
            k = len(masses) - np.searchsorted(from_end[::-1], p, side="left") - 1
        else:
            k = np.searchsorted(np.cumsum(masses), p, side="left")
        inside = (p > 0) & (p < 1)
        k = np.clip(k, 0, len(masses) - 1)
        low, high = edges[k], edges[k + 1]
        u = 0.5 * (low + high)
        for _ in range(_NEWTON_STEPS):
            x = self.stretch.from_real(u)[0]
            excess = (p - self.above(x)) if above else (self.below(x) - p)
            low, high = np.where(excess < 0, u, low), np.where(excess < 0, high, u)
            with np.errstate(all="ignore"):
                step = excess / self._integrand(u, None)
            near = 4e-16 * np.maximum(1.0, np.abs(u))
            done = (np.abs(excess) <= 1e-15 * p) | (np.abs(step) <= near) | (high - low <= near) | ~inside
            if np.all(done):
                break
            new = u - step
            new = np.where((new > low) & (new < high), new, 0.5 * (low + high))
            u = np.where(done, u, new)
        x = self.stretch.from_real(u)[0]
        ends = (self.stretch.high, self.stretch.low) if above else (self.stretch.low, self.stretch.high)
        return np.where(p == 0, ends[0], np.where(p == 1, ends[1], np.where(inside, x, np.nan)))

    @cached_property
    def _panels(self) -> tuple[Array, Array]:
        """Edges of stretches over which the density is smooth, and the mass on each."""
        edges, masses, _ = adapt(lambda u: self._integrand(u, None), self._knots)
        mass = float(np.sum(masses))
        if not abs(mass - 1) <= _HONEST:
            raise IntegralError(f"{self.name}: the density integrates to {mass:.9g}, not to 1.")
        return edges, masses

    def _integrand(self, u: Array, function: Function | None) -> Array:
        x, log_slope = self.stretch.from_real(u)
        with np.errstate(all="ignore"):
            density = np.exp(self.logpdf(x) + log_slope)  # together, because each may be beyond the range of doubles
            # Where an intermediate of the law overflows to NaN, far out, there is nothing left of it.
            return np.where(density > 0, density if function is None else function(x) * density, 0.0)

    def _cumulative(self, x: Array, *, above: bool) -> Array:
        edges, masses = self._panels
        u = np.clip(self.stretch.to_real(np.clip(x, self.stretch.low, self.stretch.high)), edges[0], edges[-1])
        k = np.clip(np.searchsorted(edges, u, side="right") - 1, 0, len(masses) - 1)
        if above:
            beyond = np.concatenate([np.cumsum(masses[::-1])[::-1], [0.0]])[k + 1]
            start, end = u, edges[k + 1]
        else:
            beyond = np.concatenate([[0.0], np.cumsum(masses)])[k]
            start, end = edges[k], u
        part = _gauss(lambda v: self._integrand(v, None), start.ravel(), end.ravel(), _FINE).reshape(u.shape)
        return np.where(np.isnan(x), np.nan, np.clip(beyond + part, 0.0, 1.0))


def first_knots(stretch: Stretch, marks: Array) -> Array:
    """Marks, and beyond the outer ones steps that double, up to a length over which a density changes little."""
    u = _graded(stretch.to_real(marks))
    first, last = stretch.reach
    knots = np.concatenate([[first, last], u, u[0] - _outwards(u[:2]), u[-1] + _outwards(u[-2:])])
    return np.unique(knots[(knots >= first) & (knots <= last)])


def _graded(marks: Array) -> Array:
    """Marks, and points between them, so that stretches grow at most twofold: a peak beside a gap is then seen."""
    gaps = np.diff(marks)
    points = [marks]
    for k, gap in enumerate(gaps):
        steps = np.exp2(np.arange(60.0))
        if k > 0:
            points.append(marks[k] + (near := gaps[k - 1] * steps)[near < 0.5 * gap])
        if k + 1 < len(gaps):
            points.append(marks[k + 1] - (near := gaps[k + 1] * steps)[near < 0.5 * gap])
    return np.unique(np.concatenate(points))


def _outwards(pair: Array) -> Array:
    """Steps away from the bulk: at first as long as the outermost stretch in it."""
    width = max(float(pair[-1] - pair[0]), 1e-15 * max(1.0, abs(float(pair[0]))))
    steps = np.cumsum(np.minimum(width * np.exp2(np.arange(0.0, 60.0)), 4.0))
    return np.concatenate([steps, np.arange(steps[-1] + 4.0, 1500.0, 4.0)])


def _gauss(f: Function, a: Array, b: Array, rule: tuple[Array, Array]) -> Array:
    """Gauss-Legendre quadrature over each of many intervals."""
    nodes, weights = rule
    half = 0.5 * (b - a)[:, None]
    return np.asarray(np.sum(half * weights * f(0.5 * (a + b)[:, None] + half * nodes), axis=1))


def adapt(f: Function, knots: Array, tolerance: float = _TOLERANCE) -> tuple[Array, Array, float]:
    """Halve panels until two rules agree on each; gives edges, integrals over the panels, and the error of the sum."""
    a, b = knots[:-1], knots[1:]
    fine = _gauss(f, a, b, _FINE)
    with np.errstate(invalid="ignore"):  # infinite functions, which the caller finds not to settle
        doubt = np.abs(fine - _gauss(f, a, b, _COARSE))
    for _ in range(_ROUNDS):
        size = float(np.sum(np.abs(fine)))
        bad = doubt > tolerance * size / len(a)
        bad &= (b - a) > 8e-16 * np.maximum(np.abs(a), np.abs(b))
        if not np.isfinite(size) or np.sum(doubt) <= tolerance * size or not bad.any() or len(a) > _MOST_PANELS:
            break
        middle = 0.5 * (a[bad] + b[bad])
        left, right = np.concatenate([a[bad], middle]), np.concatenate([middle, b[bad]])
        halves = _gauss(f, left, right, _FINE)
        halves_doubt = np.abs(halves - _gauss(f, left, right, _COARSE))
        a, b = np.concatenate([a[~bad], left]), np.concatenate([b[~bad], right])
        fine, doubt = np.concatenate([fine[~bad], halves]), np.concatenate([doubt[~bad], halves_doubt])
        order = np.argsort(a, kind="stable")
        a, b, fine, doubt = a[order], b[order], fine[order], doubt[order]
    return np.append(a, b[-1]), fine, float(np.sum(doubt))


# --- sums -------------------------------------------------------------------------------------------------------------


class Mass:
    """Probabilities on the integers of an interval, ready to be summed outwards from where they begin to matter.

    Parameters
    ----------
    name : str
        How errors call the law.
    pmf : callable
        The probability, vectorised.
    low, high : float
        First and last integer that may have a probability.
    origin : float
        An integer in the lower tail.
    """

    def __init__(self, name: str, pmf: Function, low: float, high: float, origin: float) -> None:
        self.name = name
        self.pmf = pmf
        self.low, self.high = low, high
        self.origin = min(max(origin, low), high)

    def expect(self, function: Function) -> float:
        """Sum of ``function(k) * pmf(k)``.

        Raises
        ------
        IntegralError
            If it does not settle: the tail is too heavy for the function, or the bulk too wide to be summed.
        """
        total, mass, mass_to_come = 0.0, 0.0, 0.0
        for upwards in (True, False):
            size, last, rest, last_mass, rest_of_mass = abs(total), 0.0, 0.0, 0.0, 0.0
            for block, (k, p) in enumerate(self._blocks(upwards), start=1):
                with np.errstate(all="ignore"):
                    terms = np.where(p > 0, function(k), 0.0) * p
                here = float(np.sum(np.abs(terms)))
                mass_here = float(np.sum(p))
                total, size, mass = total + float(np.sum(terms)), size + here, mass + mass_here
                at_end = k[-1] == (self.high if upwards else self.low)
                # Blocks double, so sums over them fall geometrically: by a power for a power tail, faster for others.
                rest = 0.0 if at_end else _remainder(here, last)
                rest_of_mass = 0.0 if at_end else _remainder(mass_here, last_mass)
                last, last_mass = here, mass_here
                if rest <= 1e-15 * size and (mass > 0.5 or not upwards) and block >= _BLOCKS:
                    break
            mass_to_come += rest_of_mass
            if not rest <= _HONEST * size and size != 0:
                raise IntegralError(
                    f"{self.name}: the sum does not settle: {total:.6g} after {len(k):,} or more terms, with "
                    f"about {rest:.1g} to come."
                )
        if not abs(mass - 1) <= _MASS + 2 * mass_to_come < 0.5:
            raise IntegralError(f"{self.name}: the probabilities sum to {mass:.9g}, not to 1.")
        return total

    def below(self, x: Array) -> Array:
        """Probability of at most x."""
        place = self._place(x)
        cumulative = self._from_below
        last = len(cumulative) - 1
        values = cumulative[np.clip(place + 1, 0, last).astype(np.intp)]
        values = np.where((place + 1 >= last) & self._table[3], 1.0, values)
        return np.where(np.isnan(x), np.nan, np.where(np.isposinf(x), 1.0, np.where(np.isneginf(x), 0.0, values)))

    def above(self, x: Array) -> Array:
        """Probability of more than x, summed from the far end where that is reached, so that it keeps its digits."""
        if not self._table[3]:
            return np.asarray(1.0 - self.below(x))
        place = self._place(x)
        cumulative = self._from_above
        values = cumulative[np.clip(place + 1, 0, len(cumulative) - 1).astype(np.intp)]
        values = np.where(place + 1 <= 0, 1.0, np.minimum(values, 1.0))
        return np.where(np.isnan(x), np.nan, np.where(np.isposinf(x), 0.0, np.where(np.isneginf(x), 1.0, values)))

    def _place(self, x: Array) -> Array:
        """Place of each count in the table; raises for one beyond it, where the table had to be cut off."""
        first, table, complete_below, complete_above = self._table
        place = np.floor(np.where(np.isfinite(x), x, first)) - first
        if (not complete_above and np.any(place >= len(table))) or (not complete_below and np.any(place < 0)):
            raise IntegralError(
                f"{self.name}: the tail is too heavy to be summed beyond {first + len(table):g}; give a cdf."
            )
        return np.asarray(place)

    @cached_property
    def _from_below(self) -> Array:
        return np.concatenate([[0.0], np.cumsum(self._table[1])])

    @cached_property
    def _from_above(self) -> Array:
        return np.concatenate([np.cumsum(self._table[1][::-1])[::-1], [0.0]])

    @cached_property
    def _table(self) -> tuple[float, Array, bool, bool]:
        """First integer, probabilities from there on, and whether nothing is left below and above."""
        sides: list[list[Array]] = [[], []]
        complete = [False, False]
        mass = 0.0
        for side, upwards in ((1, True), (0, False)):
            for k, p in self._blocks(upwards):
                sides[side].append(p)
                mass += float(np.sum(p))
                at_end = k[-1] == (self.high if upwards else self.low)
                if at_end or (p[-1] < 1e-300 and (mass > 0.5 or not upwards)):
                    complete[side] = True
                    break
        below = np.concatenate(sides[0])[::-1] if sides[0] else np.empty(0)
        table = np.concatenate([below, *sides[1]])
        return self.origin - len(below), table, complete[0] or not sides[0], complete[1]

    def _blocks(self, upwards: bool) -> Iterator[tuple[Array, Array]]:
        """Integers from the origin on, away from it, with their probabilities, in blocks that double."""
        first, step = (self.origin, 1.0) if upwards else (self.origin - 1, -1.0)
        for doubling in itertools.count():
            length = _FIRST_TERMS * 2**doubling
            left = (self.high - first if upwards else first - self.low) + 1
            if left <= 0 or length > _MOST_TERMS:
                return
            k = first + step * np.arange(min(length, left))
            yield k, self.pmf(k)
            first += step * length


def _remainder(here: float, last: float) -> float:
    """What is still to come after two blocks, the second twice as long as the first, if the next fall as these did."""
    if here < last:
        return here * here / (last - here)
    return 0.0 if here == last == 0.0 else np.inf


def count_quantile(probability: Function, p: Array, first: float, last: float, *, above: bool) -> Array:
    """The smallest count whose cdf is at least p (or whose survival function is at most p, with ``above``).

    Parameters
    ----------
    probability : callable
        The cdf, or the survival function, at whole numbers.
    p : ndarray
    first, last : float
        First and last count of the law, possibly infinite.

    Returns
    -------
    ndarray
        Infinite also for quantiles beyond 1e300 in size; NaN where p is not a probability.
    """
    sign = -1.0 if above else 1.0
    goal = sign * p
    low = np.full(p.shape, first - 1 if np.isfinite(first) else -1.0)
    high = np.full(p.shape, last if np.isfinite(last) else max(1.0, first + 1.0))
    if np.isinf(first):
        while np.any(out := (sign * probability(low) >= goal) & (low > -_LARGEST_COUNT)):
            low = np.where(out, 2 * low, low)
    if np.isinf(last):
        while np.any(out := (sign * probability(high) < goal) & (high < _LARGEST_COUNT)):
            high = np.where(out, 2 * high + 1.0, high)
    before, beyond = sign * probability(low) >= goal, sign * probability(high) < goal
    while np.any(high - low > np.maximum(1.0, np.spacing(np.abs(high)))):
        middle = np.floor(0.5 * (low + high))
        reached = sign * probability(middle) >= goal
        high, low = np.where(reached, middle, high), np.where(reached, low, middle)
    # Far out the probabilities round to 0 and 1, short of an end that is infinite.
    certain = np.where((p == (0.0 if above else 1.0)) | beyond, last, np.where(before, first, high))
    return np.where((p >= 0) & (p <= 1), certain, np.nan)
