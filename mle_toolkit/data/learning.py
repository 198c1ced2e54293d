"""What a first pass over a table learns: levels of factors, missing values, how many rows count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple, Protocol

import numpy as np

from mle_toolkit.data.columns import Columns, Level
from mle_toolkit.data.factors import check_words, missing
from mle_toolkit.data.on_dask import on_dask
from mle_toolkit.data.pieces import IN_MEMORY_ROWS
from mle_toolkit.errors import DataError

HEAD_ROWS = 200
"""Rows of the data that are kept to read formulas by."""


MOST_LEVELS = 100_000
"""Levels of one factor, at most."""


_LISTED = 10


class BatchedTable(Protocol):
    """A table that is gone over in batches, or in partitions, as often as is asked for."""

    @property
    def description(self) -> str:
        """What errors call it."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns."""
        ...

    def each(self, job: Callable[..., Any], names: Sequence[str], firsts: Sequence[int] | None) -> Iterator[Any]:
        """What a job gives for the rows of each partition, in their order: of ``job(batches, first)``.

        ``batches`` is an iterator of `Columns` with these names; ``first`` the number of the first row that counts.
        """
        ...


# --- what all rows must agree on --------------------------------------------------------------------------------------


class Order(NamedTuple):
    """All levels of a column in order, and whether the order counts; no levels where parts of it contradict others."""

    levels: tuple[Level, ...]
    ranked: bool
    lost: bool = False


@dataclass
class Learned:
    """What one pass finds out about columns; those of consecutive partitions add.

    Attributes
    ----------
    n_rows, n_kept : int
        Rows, and those that count: with nothing missing and a weight that is not 0.
    absent : dict of str to (int, int)
        By column, in how many rows it is missing, and the first of these.
    head : dict of str to list
        Columns of some of the first complete rows.
    levels : dict of str to dict of level to None
        Of each column that is a factor, its levels in complete rows.
    ordered : dict of str to Order
        Of those whose levels have an order, that.
    """

    n_rows: int = 0
    n_kept: int = 0
    absent: dict[str, tuple[int, int]] = field(default_factory=dict)
    head: dict[str, list[Any]] = field(default_factory=dict)
    levels: dict[str, dict[Level, None]] = field(default_factory=dict)
    ordered: dict[str, Order] = field(default_factory=dict)

    def __add__(self, other: Learned) -> Learned:
        for name, (count, first) in other.absent.items():
            own = self.absent.get(name)
            self.absent[name] = (count, self.n_rows + first) if own is None else (own[0] + count, own[1])
        room = HEAD_ROWS - len(next(iter(self.head.values()), []))
        for name, values in other.head.items():
            self.head.setdefault(name, []).extend(values[:room])
        for name, levels in other.levels.items():
            mine = self.levels.setdefault(name, {})
            mine.update(levels)
            if len(mine) > MOST_LEVELS:
                check_words(name, tuple(mine))
                raise DataError(f"column {name!r}: more than {MOST_LEVELS:,} levels. Is it a number, or a key of rows?")
        for name, order in other.ordered.items():
            self.ordered[name] = _one_order(name, self.ordered.get(name, order), order)
        self.n_rows, self.n_kept = self.n_rows + other.n_rows, self.n_kept + other.n_kept
        return self

    def small(self) -> dict[str, Any]:
        """Columns of a few rows that have every level."""
        columns = {name: list(values) for name, values in self.head.items()}
        for name, levels in self.levels.items():
            here = set(columns[name])
            for level in levels:
                if level not in here:
                    for other, values in columns.items():
                        values.append(level if other == name else values[0])
        return self.in_order(columns)

    def in_order(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Columns, those whose levels have an order as categorical ones."""
        import pandas as pd

        return dict(columns) | {
            name: pd.Series(pd.Categorical(columns[name], categories=list(order.levels), ordered=order.ranked))
            for name, order in self.ordered.items()
            if order.levels
        }


def _one_order(name: str, one: Order, other: Order) -> Order:
    """The order of levels of two parts of a column, of which one may have fewer."""
    few, more = sorted((one, other), key=lambda order: len(order.levels))
    if few.levels and tuple(level for level in more.levels if level in few.levels) == few.levels:
        return more
    if not (one.ranked and other.ranked):  # two orders that count for nothing are none
        every = {*few.levels, *more.levels}
        sorts = bool(few.levels) and not any(isinstance(level, str) for level in every)
        return Order(tuple(sorted(every)) if sorts else (), ranked=False, lost=one.lost or other.lost)
    raise DataError(
        f"column {name!r}: its levels have one order in some rows, {', '.join(map(str, one.levels))}, and another in "
        f"others, {', '.join(map(str, other.levels))}. Write the column with one order for all, or as texts."
    )


@dataclass(frozen=True)
class Learning:
    """What is learned of a partition.

    Parameters
    ----------
    needed : tuple of str
        Columns without which a row cannot count.
    factors : tuple of str
        Columns of numbers that are used as factors.
    weights : str or None
    """

    needed: tuple[str, ...]
    factors: tuple[str, ...]
    weights: str | None

    def __call__(self, batches: Iterator[Columns], first: int) -> Learned:
        """What the batches of a partition show."""
        total = Learned()
        for frame in batches:
            total = total + self._of(frame)
        return total

    def _of(self, frame: Columns) -> Learned:
        whole = np.ones(frame.n_rows, dtype=bool)
        absent: dict[str, tuple[int, int]] = {}
        for name in self.needed:
            bad = missing(frame, name)
            if bad.any():
                absent[name] = (int(np.count_nonzero(bad)), int(np.argmax(bad)))
                whole &= ~bad
        kept = int(np.count_nonzero(whole if self.weights is None else whole & (frame.numbers(self.weights) != 0)))
        rows = np.flatnonzero(whole)
        few = rows[:HEAD_ROWS]
        head: dict[str, list[Any]] = {}
        levels: dict[str, dict[Level, None]] = {}
        ordered: dict[str, Order] = {}
        for name in self.needed:
            numeric = frame.is_numeric(name)
            if numeric and name not in self.factors:
                head[name] = frame.numbers(name)[few].tolist()
                continue
            labels = frame.labels(name)
            head[name] = [labels.distinct[code] for code in labels.codes[few].tolist()]
            seen = np.bincount(labels.codes[rows], minlength=len(labels.distinct))
            levels[name] = {level: None for level, n in zip(labels.distinct, seen.tolist(), strict=True) if n}
            if labels.ordered:
                ordered[name] = Order(labels.distinct, labels.ranked, labels.lost)
        return Learned(frame.n_rows, kept, absent, head, levels, ordered)


def check_missing(learned: Learned, nan_policy: str) -> None:
    """Raise where values are missing and rows are not to be left out, or where no row is left."""
    if learned.absent and nan_policy == "raise":
        told = "; ".join(
            f"{name} in {count} of {learned.n_rows} rows, the first is row {first}"
            for name, (count, first) in list(learned.absent.items())[:_LISTED]
        )
        raise DataError(f'missing values: {told}. Remove them, or pass nan_policy="omit" to leave them out.')
    if not learned.n_kept:
        raise DataError(f"no observations: the data have {learned.n_rows} rows, of which none counts.")


# --- tables -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StreamedTable:
    """A table whose batches come one after the other: of files, or of a stream.

    Parameters
    ----------
    description : str
    names : tuple of str
    batches : callable
        ``batches(names)``: an iterator of `Columns`.
    """

    description: str
    names: tuple[str, ...]
    batches: Callable[[Sequence[str]], Iterator[Columns]]

    def each(self, job: Callable[..., Any], names: Sequence[str], firsts: Sequence[int] | None) -> Iterator[Any]:
        """What a job gives for all rows."""
        yield job(self.batches(names), 0)


@dataclass(frozen=True)
class PartitionedTable:
    """A table in partitions, perhaps on other machines: jobs are done where the rows are.

    Parameters
    ----------
    description : str
    names : tuple of str
    partitions : sequence of frames, or of what ``run`` makes frames of
    run : callable
        Does jobs, ``[(job, partition, first), ...]``, and gives what they return, in order.
    """

    description: str
    names: tuple[str, ...]
    partitions: Sequence[Any]
    run: Callable[[Any, Sequence[tuple[Any, int]]], list[Any]]

    def each(self, job: Callable[..., Any], names: Sequence[str], firsts: Sequence[int] | None) -> Iterator[Any]:
        """What a job gives for each partition."""
        begin = firsts if firsts is not None else [0] * len(self.partitions)
        pairs = [(partition, begin[k]) for k, partition in enumerate(self.partitions)]
        yield from self.run(OfFrame(job, tuple(names)), pairs)


@dataclass(frozen=True)
class OfFrame:
    """A job with one partition, which is a frame."""

    job: Callable[..., Any]
    names: tuple[str, ...]

    def __call__(self, frame: Any, first: int) -> Any:
        """Do it."""
        return self.job(iter([Columns({name: frame[name] for name in self.names})]), first)


def here(job: Callable[..., Any], pairs: Sequence[tuple[Any, int]]) -> list[Any]:
    """Do the jobs in this process."""
    return [job(frame, first) for frame, first in pairs]


def with_dask(job: Callable[..., Any], pairs: Sequence[tuple[Any, int]]) -> list[Any]:
    """Do the jobs by Dask, each where its partition is made; done again with it where a machine is lost."""
    return on_dask("mle-regress", job, pairs)


def learned(table: BatchedTable, learning: Learning) -> tuple[Learned, list[int]]:
    """What the first pass finds out, and the number of the first row that counts of each partition, and after all."""
    total, firsts = Learned(), [0]
    for found in table.each(learning, learning.needed, None):
        total = total + found
        firsts.append(total.n_kept)
    return total, firsts


def in_memory(table: BatchedTable, names: Sequence[str], found: Learned) -> dict[str, Any]:
    """Columns of a small table of which a pass has learned, read into memory."""
    pieces = list(chain.from_iterable(table.each(_held, names, None)))
    return found.in_order({name: _concatenated([piece.native(name) for piece in pieces]) for name in names})


def _held(batches: Iterator[Columns], first: int) -> list[Columns]:
    return list(batches)


def _concatenated(columns: Sequence[Any]) -> Any:
    import pandas as pd

    if all(isinstance(column, np.ndarray) for column in columns):
        return np.concatenate(columns)
    return pd.concat([pd.Series(column) for column in columns], ignore_index=True)


def is_small(found: Learned) -> bool:
    """Whether the rows are so few that they are held in memory."""
    return found.n_rows <= IN_MEMORY_ROWS
