"""Many groups of observations in one column, for sums by group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.rows import Known, some_of
from mle_toolkit.data.sample import Sample

PART_ROWS = 1 << 15
"""Rows of groups that are gone over at once: their temporaries stay in cache."""

_ROOM = 3
"""How many times the rows a matrix of one row a group may hold, for these to be sorted in one go."""


@dataclass(frozen=True)
class Groups:
    """Observations sorted by group.

    Attributes
    ----------
    x : ndarray of shape (n,)
        Points in place of intervals, where there are ``ends``.
    weight : ndarray of shape (n,), or None
    offsets : ndarray of int of shape (n_groups + 1,)
        Group g is the rows from ``offsets[g]`` to ``offsets[g + 1]``; each has one at least.
    known : mapping of str to ndarray of shape (n,)
        What is known of the rows, as their exposure: numbers that are not negative.
    ends : tuple of four ndarray of shape (n,), or None
        Where not all are exact, or some are seen through windows: lower and upper ends of the observations, and of
        their windows, of which none is from -inf to inf.
    """

    x: Array
    weight: Array | None
    offsets: NDArray[np.intp]
    known: Known = field(default_factory=dict)
    ends: tuple[Array, Array, Array, Array] | None = None

    @classmethod
    def of(cls, sample: Sample, offsets: NDArray[np.intp]) -> Groups:
        """The rows of a sample, which are sorted by group."""
        if sample.is_plain:
            return cls(sample.lower, sample.weight, offsets)
        everywhere = np.full(sample.n_rows, np.inf)
        low, high = (-everywhere, everywhere) if sample.window is None else sample.window
        return cls(sample.as_points().lower, sample.weight, offsets, {}, (sample.lower, sample.upper, low, high))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """Rows of each group."""
        return np.diff(self.offsets)

    @cached_property
    def ids(self) -> NDArray[np.intp]:
        """Number of the group of each row."""
        return np.repeat(np.arange(len(self)), self.counts)

    @cached_property
    def nobs(self) -> Array:
        """Number of observations of each group: the sum of its weights."""
        return self.counts.astype(float) if self.weight is None else self.sums(self.weight)

    def sums(self, values: Any) -> Array:
        """Sum of values of the rows by group, as they stand: weights are the caller's."""
        return np.asarray(np.add.reduceat(values, self.offsets[:-1]))

    def means(self, values: Any) -> Array:
        """Weighted mean by group; a number stands for the same value in every row."""
        values = np.broadcast_to(np.asarray(values, dtype=float), len(self.x))
        return self.sums(values if self.weight is None else self.weight * values) / self.nobs

    def mean_and_deviation(self, values: Array) -> tuple[Array, Array]:
        """Weighted mean by group, and the square root of that of squares of differences from it."""
        mean = self.means(values)
        return mean, np.sqrt(self.means(np.square(values - mean[self.ids])))

    def all(self, rows: Mask) -> Mask:
        """Whether something holds in every row of a group."""
        return np.asarray(np.logical_and.reduceat(rows, self.offsets[:-1]))

    def distinct(self, enough: int) -> Mask:
        """Whether each group has so many different observations at least."""
        rows, first, last = self.in_order, self.offsets[:-1], self.counts - 1
        few = np.stack([rows[first + (last * k) // enough] for k in range(enough + 1)])
        there = 1 + np.count_nonzero(few[1:] != few[:-1], axis=0) >= enough
        others = np.flatnonzero(~there)
        if len(others):
            others_rows, offsets = rows_of_groups(self.offsets, others)
            values = rows[others_rows]
            changes = np.diff(values, prepend=np.nan) != 0
            changes[offsets[:-1]] = True
            there[others] = np.add.reduceat(changes.astype(np.intp), offsets[:-1]) >= enough
        return np.asarray(there)

    @cached_property
    def in_order(self) -> Array:
        """The observations of each group in increasing order; not finite ones may stand anywhere."""
        widest, n = int(self.counts.max()), len(self)
        if widest * n > _ROOM * len(self.x):  # a few groups are much larger than the others
            return self.x[np.lexsort((self.x, self.ids))]
        if widest * n == len(self.x):
            return np.sort(self.x.reshape(n, widest), axis=1).ravel()
        there = np.arange(widest) < self.counts[:, None]
        padded = np.full((n, widest), np.inf)
        padded[there] = self.x
        padded.sort(axis=1)
        return padded[there]

    @cached_property
    def minimum(self) -> Array:
        """The smallest observation of each group."""
        return np.asarray(np.minimum.reduceat(self.x, self.offsets[:-1]))

    @cached_property
    def maximum(self) -> Array:
        """The largest observation of each group."""
        return np.asarray(np.maximum.reduceat(self.x, self.offsets[:-1]))

    def part(self, groups: slice) -> Groups:
        """Consecutive groups, without a copy."""
        ends = self.offsets[groups.start : groups.stop + 1]
        rows = slice(ends[0], ends[-1])
        return self._of_rows(rows, ends - ends[0])

    def parts(self) -> Iterator[Groups]:
        """All groups, in parts of some `PART_ROWS` rows."""
        return map(self.part, ranges(self.offsets, PART_ROWS))

    def _of_rows(self, rows: Any, offsets: NDArray[np.intp]) -> Groups:
        weight = None if self.weight is None else self.weight[rows]
        ends: Any = None if self.ends is None else tuple(end[rows] for end in self.ends)
        return Groups(self.x[rows], weight, offsets, some_of(self.known, rows), ends)

    def take(self, chosen: NDArray[Any]) -> Groups:
        """Some groups, by mask or number."""
        chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        if np.array_equal(chosen, np.arange(len(self))):
            return self
        return self._of_rows(*rows_of_groups(self.offsets, chosen))

    def sample(self, group: int) -> Sample:
        """The sample of one group, validated as any other."""
        rows = slice(self.offsets[group], self.offsets[group + 1])
        weight = None if self.weight is None else self.weight[rows]
        if self.ends is not None:
            lower, upper, low, high = (end[rows] for end in self.ends)
            sample = Sample.intervals(lower, upper, weight)
            return sample.truncated(low, high) if np.any(low > -np.inf) or np.any(high < np.inf) else sample
        sample = Sample(self.x[rows], weight)
        return sample.with_known(**some_of(self.known, rows)) if self.known else sample


def ranges(offsets: NDArray[np.intp], rows: int) -> list[slice]:
    """Ranges of groups that have about so many rows together, one group at least."""
    n_groups = len(offsets) - 1
    firsts = np.searchsorted(offsets[:-1], np.arange(offsets[0], max(offsets[-1], offsets[0] + 1), rows))
    edges = np.unique(np.concatenate([[0], firsts, [n_groups]])).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]


def rows_of_groups(offsets: NDArray[np.intp], chosen: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of some groups, one after the other, and where each begins among these."""
    counts = np.diff(offsets)[chosen]
    own = np.concatenate([[0], np.cumsum(counts)])
    return np.repeat(offsets[chosen] - own[:-1], counts) + np.arange(own[-1]), own
