"""Compiled passes over intervals: sorting them by kind, and moments of their ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import LANES, log, loop


@loop
def count(lower: Array, upper: Array) -> tuple[int, int, int]:
    """How many rows are points, open above only, and open below only."""
    points, above, below = 0, 0, 0
    for i in range(len(lower)):
        right, left = upper[i] == np.inf, lower[i] == -np.inf
        points += lower[i] == upper[i]
        above += right and not left
        below += left and not right
    return points, above, below


@loop
def split_in_two(ends: Array, others: Array, points: Array, opened: Array) -> None:
    """Write ends that are points, where both ends are one, and the others: known ends of intervals of one kind.

    Each of the outputs has room for one more than comes.
    """
    p, o = 0, 0
    for i in range(len(ends)):
        # Written wherever it might belong, and kept by moving on: without branches to guess.
        points[p] = ends[i]
        opened[o] = ends[i]
        point = ends[i] == others[i]
        p += point
        o += not point


@loop
def split(lower: Array, upper: Array, points: Array, above: Array, below: Array, bounded: NDArray[np.int64]) -> int:
    """Write points, the known ends of what is open above and below, and the numbers of the rows of bounded intervals.

    Each of the outputs has room for one more than comes. The number of bounded intervals is returned: what is open at
    both ends is left out.
    """
    p, a, b, m = 0, 0, 0, 0
    for i in range(len(lower)):
        low, high = lower[i], upper[i]
        points[p] = low
        above[a] = low
        below[b] = high
        bounded[m] = i
        point, right, left = low == high, high == np.inf, low == -np.inf
        p += point
        a += right and not left
        b += left and not right
        m += not (point or right or left)
    return m


@loop
def moments(
    x: Array,
    weight: Array | None,
    kind: int,
    centre: float,
    spread: float,
    first: float,
    per_width: float,
    stretches: int,
    terms: int,
) -> Array:
    """Chebyshev moments of points on each stretch, and in the last column sums of |weight|: (stretches, terms + 1).

    The coordinate is x (kind 0), log x (1) or asinh((x - centre) / spread) (2).
    """
    table = np.zeros((stretches, terms + 1))
    at = np.empty(LANES)
    per_spread = 1.0 / spread
    for start in range(0, len(x), LANES):
        rows = x[start : min(start + LANES, len(x))]
        # The coordinates first, which go eight at a time.
        if kind == 0:
            for k in range(len(rows)):
                at[k] = rows[k]
        elif kind == 1:
            for k in range(len(rows)):
                at[k] = log(rows[k])
        else:
            for k in range(len(rows)):
                away = abs((rows[k] - centre) * per_spread)
                at[k] = np.copysign(log(away + np.sqrt(away * away + 1.0)), rows[k] - centre)
        for k in range(len(rows)):
            t = (at[k] - first) * per_width
            cell = min(int(t), stretches - 1)
            s = 2.0 * (t - cell) - 1.0
            w = 1.0 if weight is None else weight[start + k]
            row = table[cell]
            before, now = w, s * w
            row[0] += before
            for j in range(1, terms):
                row[j] += now
                before, now = now, 2.0 * s * now - before
            row[terms] += abs(w)
    return table
