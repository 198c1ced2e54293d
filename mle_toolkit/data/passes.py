"""How many rows a pass over data takes at once, and what passes share."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mle_toolkit._typing import Array

CountWhole = Callable[[Array, Array | None, int, int], Array | None]


_KEPT_BYTES = 8 * 1024 * 1024
"""Freed memory that is kept for the next block, at least."""


def _keep_freed_memory() -> None:
    """Let the allocator keep what a block frees, which else is given back, and fetched again page by page.

    That of glibc keeps twice as much as the largest piece that it mapped for itself alone and that was freed, and at
    first 128 KiB: less than a block needs. A pass took twice as long, and how long hung on what ran before.
    """
    np.empty(_KEPT_BYTES, dtype=np.uint8)


_keep_freed_memory()


BLOCK_ROWS = 10_000
"""Rows a block: temporaries stay in the second-level cache and below the 128 KiB from which allocators map fresh pages,
and dot products stay short enough for BLAS to leave its threads asleep."""


LONG_BLOCK_ROWS = 100_000
"""Rows a block for sums whose temporaries are an eighth of the data or less."""


HELD_ROWS = 1_000_000
"""Rows up to which a function of the observations is computed once and held; of more, anew in every pass, by blocks."""


SKETCH_ROWS = 5_000
"""Rows of the strided subsample from which starting values are computed."""


_RUN = 16
"""Neighbours that a large subsample takes together: two lines of memory."""


_GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)
"""Of whose multiples the fractions fill the unit interval most evenly (Knuth 1998, TAOCP 3, 6.4, theorem S)."""


EPSILON = float(np.finfo(float).eps)


def step_at(p: float, cumulative: Array, total: float) -> tuple[int, int]:
    """Rows, in order, between which the cumulative weight reaches a share of the total; one row unless it is a tie."""
    target = p * total
    # A target that a cumulative weight meets up to rounding lies on the step between two observations.
    slack = 4 * EPSILON * total
    low, high = np.searchsorted(cumulative, target - slack), np.searchsorted(cumulative, target + slack, side="right")
    return int(low), int(high)


def found_among(
    x: Array, weight: Array, p: float, below: float = 0.0, total: float | None = None
) -> tuple[float, int, int]:
    """The quantile at p of all rows, found among some of them: half-way between two where it falls there.

    What every weighted quantile ends with: of rows that were all sorted, of those between two quantiles of a subsample
    that one pass fetches, or of the few between two of its values that a pass before has counted.

    Parameters
    ----------
    x, weight : ndarray of shape (n,)
        All rows from the lowest of these values to the highest.
    p : float
    below, total : float
        Weight of the rows below them, and of all rows; by default these are all.

    Returns
    -------
    value : float
    first, last : int
        Places, in order, between which it is; 0 and n where it may be beyond them.
    """
    order = np.argsort(x)
    cumulative = below + np.cumsum(weight[order])
    first, last = step_at(p, cumulative, float(cumulative[-1]) if total is None else total)
    low, high = (float(x[order[min(place, len(x) - 1)]]) for place in (first, last))
    return 0.5 * low + 0.5 * high, first, last  # their sum might overflow


def table_of(x: Array, weight: Array | None) -> tuple[Array, Array]:
    """Distinct values in order, and the total weight of each."""
    values, inverse = np.unique(x, return_inverse=True)
    return values, np.bincount(inverse, weights=weight).astype(np.float64)


def count_whole(x: Array, weight: Array | None, lowest: int, size: int) -> Array | None:
    """Total weight of each of ``size`` whole numbers from ``lowest`` on; None where an observation is none of them."""
    table = np.zeros(size)
    length = max(LONG_BLOCK_ROWS, size)
    for first in range(0, len(x), length):
        rows = slice(first, first + length)
        if np.any(x[rows] != np.floor(x[rows])):
            return None
        place = (x[rows] - lowest).astype(np.intp)
        table += np.bincount(place, None if weight is None else weight[rows], size)
    return table


def extent(x: Array) -> tuple[float, float]:
    """Smallest and largest number, NaN where one is, in one pass over memory."""
    if len(x) <= LONG_BLOCK_ROWS:
        return float(np.minimum.reduce(x)), float(np.maximum.reduce(x))  # the methods take half as long again
    blocks = [x[first : first + LONG_BLOCK_ROWS] for first in range(0, len(x), LONG_BLOCK_ROWS)]
    ends = np.array([(block.min(), block.max()) for block in blocks])
    return float(ends[:, 0].min()), float(ends[:, 1].max())


def in_runs(x: Array, step: int) -> Array:
    """One row in ``step``, in runs: at equal distances every row would be a line of memory of its own.

    One run begins in each of as many equal stretches, at a place that never repeats, so that no period of the data
    shows; the next is 0.6 or 1.6 stretches away, which is why runs do not overlap.
    """
    length = _RUN * step
    run = np.arange((len(x) - _RUN) // length)
    first = run * length + (run * _GOLDEN % 1.0 * length).astype(np.intp)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(x, _RUN)[first].ravel())
