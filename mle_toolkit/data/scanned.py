"""Samples whose rows come from a source, read again for every pass, by threads where it can be parted."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.blocks import BlockedSample
from mle_toolkit.data.checks import NanPolicy, WeightKind
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.pieces import CHUNK_ROWS, IN_MEMORY_ROWS, TASK_ROWS, Rows, Run, Source
from mle_toolkit.data.rows import Block
from mle_toolkit.data.surveys import SKETCHED_ROWS, Ahead, LookAhead, Sum, Survey, Thinned, sums_of_blocks, survey
from mle_toolkit.errors import DataError
from mle_toolkit.numerics.progress import progress
from mle_toolkit.numerics.threads import submit, workers


class ScannedSample(BlockedSample):
    """A sample whose rows are read from a file or a stream; `scan` makes it.

    Blocks have the rows that they would have in memory, and are summed in the same order: threads only share the work.

    Parameters
    ----------
    source : Source
    weight_kind : {"frequency", "reliability"}
        As for `Sample`.
    nan_policy : {"raise", "omit"}
        What to do with missing values.
    """

    __slots__ = ("_source",)

    def __init__(self, source: Source, weight_kind: WeightKind = "frequency", nan_policy: NanPolicy = "raise") -> None:
        super().__init__(source.description, source.weighted, weight_kind, nan_policy)
        self._source = source

    @property
    def source(self) -> Source:
        """Where the rows come from."""
        return self._source

    def blocks(self, length: int = BLOCK_ROWS) -> Iterator[tuple[Array, Array | None]]:
        """Yield (observations, weights) in blocks of ``length`` rows, but of at most `TASK_ROWS`, in order."""
        if self.in_memory:
            yield from super().blocks(length)
            return
        for run in self._in_order(again=True):
            x, weight = _joined(list(run.pieces))
            for at in range(0, len(x), length):
                yield x[at : at + length], None if weight is None else weight[at : at + length]

    @property
    def _leaves_out(self) -> bool:
        """Whether rows may be left out, so that how many there are before a row is known only when they were read."""
        return self._weighted or self._nan_policy == "omit"

    def _in_order(self, *, again: bool) -> Iterator[Run]:
        """Rows that count, read one after the other, in runs of `TASK_ROWS`; the last may be shorter."""
        pieces = self._source.pieces(again=again)
        if self._leaves_out:
            pieces = (rows.checked(self._nan_policy) for rows in pieces)
        for group in _grouped(pieces, TASK_ROWS, TASK_ROWS):
            yield Run(_length(group), group)

    def _at_once(self) -> list[Run]:
        """Rows in runs that are read at once; none where that is not possible."""
        runs = None if self._leaves_out else self._source.runs()
        return runs if runs is not None and len(runs) > 1 else []

    def _first_pass(self, look_ahead: LookAhead | None) -> None:
        in_order = self._in_order(again=False)
        head = next(in_order, Run(0, []))
        few, weight = _joined(list(head.pieces))
        _check_extent(survey(Block(few, weight)), head.pieces)
        runs = self._at_once() if head.n_rows == IN_MEMORY_ROWS else []
        n_rows = sum(run.n_rows for run in runs)
        following = (
            [] if n_rows > IN_MEMORY_ROWS else list(islice(in_order, 1))
        )  # where it is known, nothing is read to see
        if n_rows <= IN_MEMORY_ROWS and not following:
            self._hold(few, weight)
            return
        parts, note = Ahead() if look_ahead is None else look_ahead(few, self._weighted)
        keeper = _Keeper(n_rows)
        sums = self._pass([Sum(survey, CHUNK_ROWS), *parts], runs or chain([head], following, in_order), keeper)
        self._keep(sums[0], keeper.kept, parts, sums[1:], note, few)

    def _sums(self, parts: Sequence[Sum]) -> list[Any]:
        sums = self._pass([Sum(survey, CHUNK_ROWS), *parts], self._at_once() or self._in_order(again=True))
        found: Survey = sums[0]
        if found != self.survey:
            raise DataError(
                f"{self._description}: a further pass found {found.n_rows} rows from {found.minimum:g} to "
                f"{found.maximum:g}, the first {self.survey.n_rows} from {self.survey.minimum:g} to "
                f"{self.survey.maximum:g}. Was it written to meanwhile?"
            )
        return sums[1:]

    def _pass(
        self,
        parts: Sequence[Sum],
        runs: Iterable[Run],
        keeper: _Keeper | None = None,
    ) -> list[Any]:
        """Sum parts over runs, which a pool of threads takes; added in the order of the rows.

        Blocks are those of the data in memory, wherever runs begin: of a block that several runs share they give the
        rows, and it is summed when they are together.
        """
        totals: list[Any] = [None] * len(parts)
        pending: deque[tuple[Future[_Summed], int]] = deque()
        shared: list[Rows] = []

        def of_block(block: list[Rows], at: int) -> list[list[Any]]:
            x, weight = _joined(block, _own_buffers)
            with np.errstate(all="ignore"):  # what lies outside a support is found when the pass is over
                sums = [sums_of_blocks(part, x, weight, at, length, self.known) for part, length in parts]
            _check_extent(sums[0][0], block)
            return sums

        def of_run(run: Run, first: int, stride: int) -> _Summed:
            summed = _Summed(first)
            for block in _grouped(run.pieces, -first % CHUNK_ROWS or CHUNK_ROWS, CHUNK_ROWS):
                at = summed.last
                summed.last += _length(block)
                if stride:
                    summed.kept.append(_every(stride, block, at))
                if at % CHUNK_ROWS:
                    summed.head = block
                elif summed.last - at < CHUNK_ROWS:
                    summed.tail = block
                else:
                    summed.sums.append(of_block(block, at))
            if summed.last != first + run.n_rows:
                raise DataError(
                    f"{self._description}: expected {run.n_rows} rows from row {first} on, got {summed.last - first}. "
                    f"Is it damaged, or was it written to meanwhile?"
                )
            return summed

        def count(sums: list[list[Any]]) -> None:
            for k, of_blocks in enumerate(sums):
                for value in of_blocks:
                    totals[k] = value if totals[k] is None else totals[k] + value

        def add() -> None:
            nonlocal shared
            future, stride = pending.popleft()
            summed = future.result()
            shared += summed.head
            if _length(shared) == CHUNK_ROWS:
                count(of_block(shared, summed.first + _length(summed.head) - CHUNK_ROWS))
                shared = []
            for sums in summed.sums:
                count(sums)
            shared += summed.tail
            if keeper is not None:
                keeper.take(Thinned(stride, *_joined(summed.kept)), summed.first + -summed.first % stride)
            advance(summed.last - summed.first)

        first, most_pending = 0, workers() + 1
        with progress(f"reading {self._description}", self._source.expected_rows, "rows") as advance:
            for run in runs:
                stride = 0 if keeper is None else keeper.stride
                pending.append((submit(of_run, run, first, stride), stride))
                first += run.n_rows
                if len(pending) > most_pending:
                    add()
            while pending:
                add()
        if shared:
            count(of_block(shared, first - _length(shared)))
        return totals


@dataclass
class _Summed:
    """What a run gives: sums of the whole blocks in it, for each part, and the rows of blocks that it shares."""

    first: int
    head: list[Rows] = field(default_factory=list)
    sums: list[list[list[Any]]] = field(default_factory=list)
    tail: list[Rows] = field(default_factory=list)
    kept: list[Rows] = field(default_factory=list)
    last: int = field(init=False)

    def __post_init__(self) -> None:
        self.last = self.first


class _Keeper:
    """Keeps rows at equal distances, which double whenever there are too many.

    Parameters
    ----------
    n_rows : int
        How many rows there will be, where that is known; 0 where it is not.
    """

    def __init__(self, n_rows: int) -> None:
        self.stride = 1
        while -(-n_rows // self.stride) > SKETCHED_ROWS:
            self.stride *= 2
        self._pieces: list[Thinned] = []
        self._n_kept = 0

    def take(self, some: Thinned, at: int) -> None:
        """Take the next rows, of which the first is row ``at``; they may be closer than those now kept."""
        first = (-at % self.stride) // some.stride
        rows = slice(first, None, self.stride // some.stride)
        self._pieces.append(Thinned(self.stride, some.x[rows], None if some.weight is None else some.weight[rows]))
        self._n_kept += len(self._pieces[-1].x)
        if self._n_kept > SKETCHED_ROWS:
            self.stride *= 2
            self._pieces = [self.kept.to(self.stride)]
            self._n_kept = len(self._pieces[0].x)

    @property
    def kept(self) -> Thinned:
        """What is kept, in one piece."""
        weights = [piece.weight for piece in self._pieces if piece.weight is not None]
        x = np.concatenate([piece.x for piece in self._pieces])
        self._pieces = [Thinned(self._pieces[0].stride, x, np.concatenate(weights) if weights else None)]
        return self._pieces[0]


def _grouped(pieces: Iterable[Rows], first: int, others: int) -> Iterator[list[Rows]]:
    """Cut and group pieces, so that the first group and the others have so many rows; the last may have fewer."""
    group: list[Rows] = []
    room = first
    for rows in pieces:
        at = 0
        while at < len(rows.x):
            group.append(rows.part(at, at + room))
            at += len(group[-1].x)
            room -= len(group[-1].x)
            if room == 0:
                yield group
                group, room = [], others
    if group:
        yield group


def _length(pieces: Iterable[Rows]) -> int:
    return sum(len(piece.x) for piece in pieces)


def _joined(
    pieces: Sequence[Rows], buffers: Callable[[], tuple[Array, Array]] | None = None
) -> tuple[Array, Array | None]:
    """Observations and weights of pieces, copied; if there are buffers, copied there, and a single piece not at all."""
    if not pieces:
        return np.empty(0), None
    if buffers is not None and len(pieces) == 1:
        return pieces[0].x, pieces[0].weight
    n_rows = _length(pieces)
    x_out, weight_out = (None, None) if buffers is None else (buffer[:n_rows] for buffer in buffers())
    x = np.concatenate([piece.x for piece in pieces], out=x_out)
    weights = [piece.weight for piece in pieces if piece.weight is not None]
    return x, np.concatenate(weights, out=weight_out) if weights else None


def _every(stride: int, block: list[Rows], at: int) -> Rows:
    """Rows of a block, the first of which is row ``at``, whose number is a multiple of the stride."""
    pieces = []
    for piece in block:
        rows = slice(-at % stride, None, stride)
        pieces.append(Rows(piece.x[rows], None if piece.weight is None else piece.weight[rows], piece.origin, at))
        at += len(piece.x)
    return Rows(*_joined(pieces), block[0].origin, at)


_here = threading.local()


def _own_buffers() -> tuple[Array, Array]:
    """Room for the rows of a block, of this thread: fresh memory would cost more than what is done with it."""
    if not hasattr(_here, "buffers"):
        _here.buffers = np.empty(CHUNK_ROWS), np.empty(CHUNK_ROWS)
    buffers: tuple[Array, Array] = _here.buffers
    return buffers


def _check_extent(found: Survey, pieces: Iterable[Rows]) -> None:
    """Raise if an observation is missing or infinite, which shows in the smallest or the largest."""
    if not (math.isfinite(found.minimum) and math.isfinite(found.maximum)):
        for piece in pieces:
            piece.checked("raise")
