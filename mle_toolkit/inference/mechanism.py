"""How the data came to be coarse, so that replicates can be made so: cells, grids, censoring."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.inference.empirical import product_limit

# --- how values become data -------------------------------------------------------------------------------------------


def mechanism_of(sample: Sample) -> Cells | Grid | Censoring:
    """How exact values become data of the form of a sample.

    Raises
    ------
    ParameterError
        If the form does not tell: intervals that are neither cells of one partition nor one-sided.
    """
    lower, upper = sample.lower, sample.upper
    exact = lower == upper
    if one_sided(sample):
        return Censoring.of(sample)
    cells = None if exact.any() else _cells(lower, upper)
    if cells is not None:
        return cells
    raise ParameterError(
        "parametric bootstrap: these observations are intervals that are neither the cells of one partition nor "
        "censored on one side only, so how a simulated value would have been observed is not known; only the "
        'nonparametric bootstrap is defined: bootstrap(kind="nonparametric").'
    )


@dataclass(frozen=True)
class Cells:
    """Binning: a value is only known to lie in its cell."""

    edges: Array

    def __call__(self, x: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Lower and upper ends of what is known of each value."""
        place = np.searchsorted(self.edges, x, side="left")
        ends = np.concatenate([[-np.inf], self.edges, [np.inf]])
        return ends[place], ends[place + 1]


@dataclass(frozen=True)
class Grid:
    """Rounding: cells of one width."""

    origin: float
    width: float

    def __call__(self, x: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Lower and upper ends of what is known of each value."""
        cell = np.ceil((x - self.origin) / self.width)
        return self.origin + (cell - 1.0) * self.width, self.origin + cell * self.width


def _cells(lower: Array, upper: Array) -> Cells | Grid | None:
    """The cells of which the observations are some; None if they overlap."""
    low, first = np.unique(lower, return_index=True)
    high = upper[first]
    if not np.array_equal(upper, high[np.searchsorted(low, lower)]) or np.any(high[:-1] > low[1:] + _slack(low, high)):
        return None
    width = float(high[0] - low[0])
    if math.isfinite(width):
        steps = (low - low[0]) / width
        if np.all(np.abs(high - low - width) <= 1e-6 * width) and np.all(np.abs(steps - np.rint(steps)) <= 1e-6):
            return Grid(float(low[0]), width)
    edges = np.unique(np.concatenate([low, high]))
    return Cells(edges[np.isfinite(edges)])


def _slack(low: Array, high: Array) -> Array:
    """Rounding of ends that were computed from midpoints."""
    return 8 * np.finfo(float).eps * np.maximum(np.abs(high[:-1]), np.abs(low[1:]))


@dataclass(frozen=True)
class Censoring:
    """Censoring on one side, given what is known of the censoring times.

    Where a row was censored its censoring time is known, and stays; where it was not, the time is beyond the value, and
    is drawn from its Kaplan-Meier estimate given that (Davison & Hinkley 1997, algorithm 3.2). With delayed entry that
    is the estimate from after its last collapse. Values censored from the left are mirrored; ties then are the other
    way round: a value at its limit is seen where the limit is the most that can be, and censored where it is the least.

    Attributes
    ----------
    sign : float
        -1 for values censored from the left.
    time : ndarray of shape (n,)
        Known end of each observation, mirrored where ``sign`` is -1.
    event : ndarray of bool of shape (n,)
    points, survival : ndarray of shape (k,)
        Censoring times in order, and the estimate of the probability of a later one.
    """

    sign: float
    time: Array
    event: Mask
    points: Array
    survival: Array

    @classmethod
    def of(cls, sample: Sample) -> Censoring:
        """Learn the censoring of a sample; a frequency is so many rows."""
        times, event, weight, entry, sign = right_censored_view(sample)
        if sample.weight_kind == "frequency" and sample.weight is not None:
            rows = np.repeat(np.arange(len(times)), weight.astype(np.intp))
            times, event, entry, weight = times[rows], event[rows], entry[rows], np.ones(len(rows))
        if sign < 0:
            entry = np.nextafter(entry, -np.inf)  # the upper end of a window is inside it
        limit = product_limit(times, ~event, weight, entry, others_first=sign > 0)
        if np.isfinite(limit.collapse):
            later, entry = times > limit.collapse, np.maximum(entry, limit.collapse)
            limit = product_limit(times[later], ~event[later], weight[later], entry[later], others_first=sign > 0)
        return cls(sign, times, event, limit.points, limit.survival)

    def __call__(self, x: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Lower and upper ends of what is known of each value."""
        limit = self.time.copy()
        drawn = np.flatnonzero(self.event)
        beyond = np.searchsorted(self.points, self.time[drawn], side="left" if self.sign > 0 else "right")
        survival = np.concatenate([[1.0], self.survival])
        level = survival[beyond] * rng.uniform(size=len(drawn))
        # The first censoring time at which no more than this are left; beyond the last there is no limit.
        place = np.searchsorted(-self.survival, -level, side="left")
        limit[drawn] = np.append(self.points, np.inf)[np.maximum(place, beyond)]
        value = self.sign * x
        seen = value <= limit if self.sign > 0 else value < limit
        low = np.where(seen, value, limit)
        high = np.where(seen, value, np.inf)
        return (low, high) if self.sign > 0 else (-high, -low)


def one_sided(sample: Sample) -> bool:
    """Whether every observation is a point or censored, all on the same side."""
    exact = sample.lower == sample.upper
    return bool(np.all(exact | np.isposinf(sample.upper)) or np.all(exact | np.isneginf(sample.lower)))


def right_censored_view(sample: Sample) -> tuple[Array, Mask, Array, Array, float]:
    """One-sided censored data as right-censored: times, events, weights, entries, and -1 if they are mirrored."""
    event = sample.lower == sample.upper
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
    entry = np.full(sample.n_rows, -np.inf)
    if np.any(np.isneginf(sample.lower)):
        if sample.window is not None:
            entry = -sample.window[1]
        return -sample.upper, event, weight, entry, -1.0
    if sample.window is not None:
        entry = sample.window[0]
    return sample.lower, event, weight, entry, 1.0


def within(law: Distribution, window: tuple[Array, Array], size: int, rng: np.random.Generator) -> Array:
    """Draw within windows, by the inverse of the cdf in the tail in which they lie."""
    low, high = (np.broadcast_to(end, size) for end in window)
    uniform = rng.uniform(size=size)
    below, above = (law.cdf(low), law.cdf(high)), (law.sf(low), law.sf(high))
    upper_tail = below[0] > 0.5
    p = below[0] + uniform * (below[1] - below[0])
    q = above[1] + uniform * (above[0] - above[1])
    x = np.where(upper_tail, law.isf(np.where(upper_tail, q, 0.5)), law.ppf(np.where(upper_tail, 0.5, p)))
    # A quantile may round to, or beyond, the end of its window.
    return np.asarray(np.minimum(np.maximum(x, np.nextafter(low, np.inf)), high))
