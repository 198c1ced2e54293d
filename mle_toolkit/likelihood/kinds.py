"""Rows by their kinds: points, intervals, tails and windows, each with the formula that keeps its digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.sample import Sample
from mle_toolkit.likelihood.kernels import COMPILED_ROWS, has_numba, in_chunks
from mle_toolkit.likelihood.moment_sums import MomentSum


class ByMoments(NamedTuple):
    """Intervals open above, or below, by the moments of their known ends; windows count as negative."""

    above: bool
    sign: float
    points: MomentSum

    @property
    def ends(self) -> tuple[Array, Array]:
        """Lower and upper ends of the intervals that the nodes stand for."""
        nodes, infinite = self.points.nodes, np.full(len(self.points.nodes), np.inf)
        return (nodes, infinite) if self.above else (-infinite, nodes)


def kinds_of(keys: Sequence[Array]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """One row of each combination of keys, and which of these each row is as."""
    order, new = _in_order(keys)
    number = np.empty_like(order)
    number[order] = np.cumsum(new) - 1
    return order[new], number


def _in_order(keys: Sequence[Array]) -> tuple[NDArray[np.intp], Mask]:
    """Rows sorted by keys, and whether each differs from the one before."""
    last = keys[-1]
    if np.all(last[1:] > last[:-1]):  # they are in order, and no two alike
        return np.arange(len(last)), np.ones(len(last), dtype=bool)
    order = np.lexsort(keys)
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([key[order[1:]] != key[order[:-1]] for key in keys], axis=0)
    return order, new


def ones_of_a_kind(keys: Sequence[Array], weight: Array) -> tuple[NDArray[np.intp], Array]:
    """One row of each combination of keys, and the weight of all rows that have it."""
    order, new = _in_order(keys)
    return order[new], np.add.reduceat(weight[order], np.flatnonzero(new))


def without_ties(lower: Array, upper: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Intervals with their weights, equal ones as one, where that makes them fewer."""
    one, total_weight = ones_of_a_kind([lower, upper], weight)
    return (lower, upper, weight) if len(one) == len(lower) else (lower[one], upper[one], total_weight)


class Kinds(NamedTuple):
    """Observations by kind: points with their weights, and intervals."""

    points: tuple[Array, Array | None]
    intervals: list[tuple[Array, Array, Array | float]]
    """Lower ends, upper ends and weights, or 1, of those open above, those open below, and the bounded ones."""

    @classmethod
    def of(cls, data: Sample) -> Kinds:
        """Those of a sample, less its windows."""
        return cls.split(data.lower, data.upper, data.weight)

    @classmethod
    def split(cls, lower: Array, upper: Array, weight: Array | None) -> Kinds:
        """Sort intervals by kind; what is open at both ends is certain, and left out."""
        if weight is None and len(lower) >= COMPILED_ROWS and has_numba():
            points, above, below, bounded = _split_compiled(lower, upper)
            weights: list[Array | float] = [1.0, 1.0, 1.0]
            first = None
        else:
            point, right, left = lower == upper, np.isposinf(upper), np.isneginf(lower)
            kinds = (point, right & ~left, left & ~right, ~(point | right | left))
            places = [np.flatnonzero(kind) for kind in kinds]
            points, above, below, bounded = lower[places[0]], lower[places[1]], upper[places[2]], places[3]
            weights = [1.0 if weight is None else weight[rows] for rows in places[1:]]
            first = None if weight is None else weight[places[0]]
        intervals = [
            (above, np.broadcast_to(np.inf, len(above)), weights[0]),
            (np.broadcast_to(-np.inf, len(below)), below, weights[1]),
            (lower[bounded], upper[bounded], weights[2]),
        ]
        return cls((points, first), [part for part in intervals if len(part[0])])


def _split_compiled(lower: Array, upper: Array) -> tuple[Array, Array, Array, NDArray[np.int64]]:
    """Points, known ends of what is open above and below, and the numbers of the rows of bounded intervals."""
    from mle_toolkit.likelihood.kernels import intervals

    counts = np.array(in_chunks(intervals.count, lower, upper)).sum(axis=0).tolist()
    sizes = [*counts, len(lower) - sum(counts)]
    points, above, below = (np.empty(size + 1) for size in sizes[:3])
    bounded = np.empty(sizes[3] + 1, dtype=np.int64)
    n_bounded = 0
    if sizes[2] == sizes[3] == 0:
        intervals.split_in_two(lower, upper, points, above)
    elif sizes[1] == sizes[3] == 0:
        intervals.split_in_two(upper, lower, points, below)
    else:
        n_bounded = intervals.split(lower, upper, points, above, below, bounded)
    return points[:-1], above[:-1], below[:-1], bounded[:n_bounded]
