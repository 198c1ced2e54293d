"""What a pass over blocks finds out of rows that are not held: a survey, a table, quantiles, failing rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.pieces import CHUNK_ROWS
from mle_toolkit.data.rows import NOTHING, Block, Known, some_of

SKETCHED_ROWS = 1 << 17
"""Rows that are kept of longer data, at equal distances, for starting values and other first looks."""


WIDEST_TABLE = 1_000_000
"""Range of whole numbers up to which they are counted value by value."""


Part = Callable[[Block], Any]
"""What is computed of a block; results add."""


class Sum(NamedTuple):
    """A sum over all rows, which is taken block by block."""

    of: Part
    rows: int | None = None
    """How many rows a block has; None for the longest, which the part divides itself if it wants less at once."""


class Ahead(NamedTuple):
    """Sums that are taken while the data are read for the first time, because they will be wanted."""

    sums: Sequence[Sum] = ()
    note: Callable[..., Any] | None = None
    """Makes of the sums, and the extent of the data, what is kept as `Sample.summed_ahead`."""


LookAhead = Callable[[Array, bool], Ahead]
"""Chooses them by a look at some rows, and by whether there are weights."""


@dataclass(frozen=True)
class Thinned:
    """Rows at equal distances; those of consecutive pieces of the data join.

    Parameters
    ----------
    stride : int
        Distance of the rows, a power of 2.
    x, weight : ndarray of shape (k,)
    """

    stride: int
    x: Array
    weight: Array | None

    @classmethod
    def of(cls, x: Array, weight: Array | None, most: int) -> Thinned:
        """Keep at most ``most`` rows, and more than half of that where there are as many."""
        stride = 1
        while -(-len(x) // stride) > most:
            stride *= 2
        return cls(stride, x[::stride].copy(), None if weight is None else weight[::stride].copy())

    def to(self, stride: int) -> Thinned:
        """Keep fewer rows: those at a multiple of the distance."""
        step = slice(None, None, stride // self.stride)
        return Thinned(stride, self.x[step], None if self.weight is None else self.weight[step])

    @staticmethod
    def joined(pieces: Sequence[Thinned], most: int) -> Thinned:
        """Join pieces at the largest of their distances, or a larger one, so that at most ``most`` rows are kept."""
        stride = max(piece.stride for piece in pieces)
        while True:
            thinned = [piece.to(stride) for piece in pieces]
            if sum(len(piece.x) for piece in thinned) <= max(most, len(pieces)):
                weights = [piece.weight for piece in thinned if piece.weight is not None]
                x = np.concatenate([piece.x for piece in thinned])
                return Thinned(stride, x, np.concatenate(weights) if weights else None)
            stride *= 2


@dataclass(frozen=True)
class Survey:
    """What has to be known of a piece of the data before anything is fitted; pieces add.

    Parameters
    ----------
    n_rows : int
    nobs : float
        Sum of weights.
    minimum, maximum : float
    """

    n_rows: int
    nobs: float
    minimum: float
    maximum: float

    def __add__(self, other: Survey) -> Survey:
        return Survey(
            self.n_rows + other.n_rows,
            self.nobs + other.nobs,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
        )


def survey(block: Block) -> Survey:
    """Survey a block."""
    x, weight, *_ = block
    if len(x) == 0:
        return Survey(0, 0.0, math.inf, -math.inf)
    nobs = float(len(x)) if weight is None else float(np.sum(weight))
    return Survey(len(x), nobs, float(x.min()), float(x.max()))


@dataclass(frozen=True)
class Counted:
    """How often each whole number occurs, from the smallest on; pieces add.

    Parameters
    ----------
    smallest : float
    count : ndarray of shape (range,), or None
        None where some observation is no whole number, or the range is too wide to count.
    """

    smallest: float
    count: Array | None

    def __add__(self, other: Counted) -> Counted:
        if self.count is None or other.count is None:
            return Counted(math.nan, None)
        smallest = min(self.smallest, other.smallest)
        starts = [int(table.smallest - smallest) for table in (self, other)]
        length = max(starts[0] + len(self.count), starts[1] + len(other.count))
        if length > WIDEST_TABLE:
            return Counted(math.nan, None)
        count = np.zeros(length)
        count[starts[0] : starts[0] + len(self.count)] = self.count
        count[starts[1] : starts[1] + len(other.count)] += other.count
        return Counted(smallest, count)


def tabulate(block: Block) -> Counted:
    """Count the values of a block."""
    x, weight, *_ = block
    smallest = float(x.min())
    if x.max() - smallest >= WIDEST_TABLE or not np.all(x == np.floor(x)):
        return Counted(math.nan, None)
    count = np.bincount((x - smallest).astype(np.intp), weights=weight)
    return Counted(smallest, count.astype(np.float64))


@dataclass(frozen=True)
class Outside:
    """How many observations fail a test, and the first that does; pieces add."""

    count: int
    row: int
    value: float

    def __add__(self, other: Outside) -> Outside:
        first = self if self.count else other
        return Outside(self.count + other.count, first.row, first.value)


@dataclass(frozen=True, eq=False)
class Cells:
    """Sum of weights by place among edges, between and at them by turns: below the first, at it, above it, ..."""

    edges: Array

    def __call__(self, block: Block) -> Array:
        """The sums of one block."""
        edges, (x, weight, *_) = self.edges, block
        below, above = x < edges[0], x > edges[-1]
        among = ~(below | above)
        near = x[among]
        places = np.searchsorted(edges, near, side="left") + np.searchsorted(edges, near, side="right")
        counts = np.bincount(places, None if weight is None else weight[among], 2 * len(edges) + 1).astype(np.float64)
        for place, outside in ((0, below), (-1, above)):
            counts[place] = np.count_nonzero(outside) if weight is None else np.sum(weight[outside])
        return counts


@dataclass(frozen=True)
class Few:
    """Some rows; pieces join."""

    x: Array
    weight: Array

    def __add__(self, other: Few) -> Few:
        return Few(np.concatenate([self.x, other.x]), np.concatenate([self.weight, other.weight]))


@dataclass(frozen=True)
class Between:
    """The rows strictly between two values."""

    low: float
    high: float

    def __call__(self, block: Block) -> Few:
        """Those of one block."""
        x, weight, *_ = block
        rows = (x > self.low) & (x < self.high)
        some = x[rows]
        return Few(some, np.ones(len(some)) if weight is None else weight[rows])


@dataclass(frozen=True)
class Failing:
    """The rows that a test refuses."""

    test: Callable[[Array], Any]

    def __call__(self, block: Block) -> Outside:
        """Those of one block."""
        x, first = block.x, block.first
        rows = np.flatnonzero(~self.test(x))
        return Outside(len(rows), first + int(rows[0]), float(x[rows[0]])) if len(rows) else Outside(0, -1, math.nan)


def sums_of_blocks(
    part: Part, x: Array, weight: Array | None, first: int, length: int | None, known: Known = NOTHING
) -> list[Any]:
    """What a part gives for each block of consecutive rows; None is for the longest blocks.

    ``known`` is what is known of all rows of the data, from the first on.
    """
    step = length or CHUNK_ROWS
    blocks = []
    for at in range(0, len(x), step):
        some, weights = x[at : at + step], None if weight is None else weight[at : at + step]
        rows = slice(first + at, first + at + len(some))
        blocks.append(part(Block(some, weights, first + at, some_of(known, rows))))
    return blocks


def is_whole(x: Array) -> Any:
    """Which observations are whole numbers."""
    return x == np.floor(x)


@dataclass(frozen=True)
class Total:
    """Weighted sum of a function of the observations; of these themselves by default."""

    of: Callable[[Array], Array] | None

    def __call__(self, block: Block) -> Array:
        """The sums of one block."""
        x, weight, *_ = block
        values = x if self.of is None else self.of(x)
        return np.asarray(np.sum(values if weight is None else weight * values))


def is_representative(few: Array, thinned: Array) -> bool:
    """Whether the first rows lie among the others, so that what was chosen by a look at them suits all."""
    middle = float(np.median(few))
    others = thinned[:: max(1, len(thinned) // 100)]
    return bool(others.min() <= middle <= others.max())
