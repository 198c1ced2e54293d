"""Tables that are larger than memory, for regressions: their designs are built batch by batch, for every pass anew.

A first pass learns what all rows must agree on: levels of factors, missing values, how many rows count. Then a `Plan`
makes of each batch its observations, weights, designs, offsets and constants, and a `FramedSample` sums over blocks of
them, which are those of the data in memory, in the same order. Of what is not a sum, none is had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.blocks import BlockedSample
from mle_toolkit.data.checks import WeightKind
from mle_toolkit.data.columns import Columns
from mle_toolkit.data.factors import missing
from mle_toolkit.data.formulas import Design
from mle_toolkit.data.learning import BatchedTable
from mle_toolkit.data.passes import BLOCK_ROWS, SKETCH_ROWS
from mle_toolkit.data.pieces import CHUNK_ROWS
from mle_toolkit.data.rows import Block, Known, some_of, squares_about, squares_of
from mle_toolkit.data.sample import Sample
from mle_toolkit.data.sparse import SparseDesign, stacked
from mle_toolkit.data.surveys import LookAhead, Part, Sum, survey
from mle_toolkit.errors import DataError, WeightError

# --- rows of the sample -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Columned:
    """How the design of a parameter is made, some of whose coefficients are known.

    Parameters
    ----------
    key, offset_key : str
        What the design, and the offset, are called among what is known of a row.
    design : Design
    free : tuple of bool
        Which columns have coefficients to be found.
    held : tuple of float
        Coefficients of the others.
    offset, exposure : str or None
        Columns that the predictor has besides; of an exposure the log.
    """

    key: str
    offset_key: str
    design: Design
    free: tuple[bool, ...]
    held: tuple[float, ...] = ()
    offset: str | None = None
    exposure: str | None = None

    @property
    def is_shifted(self) -> bool:
        """Whether the predictor has an offset."""
        return bool(self.held) or self.offset is not None or self.exposure is not None

    def of(self, frame: Columns, rows: Any) -> dict[str, Array]:
        """Design, and offset if there is one, of some rows."""
        matrix = self.design.of_rows(frame, rows)
        found = {self.key: matrix if all(self.free) else matrix[:, self.free]}
        shift: Any = None
        if self.offset is not None:
            shift = frame.numbers(self.offset)[rows]
        if self.exposure is not None:
            size = frame.numbers(self.exposure)[rows]
            bad = np.flatnonzero(~(size > 0))
            if len(bad):
                raise DataError(
                    f"exposure: {len(bad)} of {len(size)} rows of a batch are not positive; the first is "
                    f"{size[bad[0]]:g}."
                )
            shift = np.log(size) if shift is None else shift + np.log(size)
        if self.held:
            known = matrix[:, ~np.array(self.free)] @ np.array(self.held)
            shift = known if shift is None else shift + known
        if shift is not None:
            found[self.offset_key] = shift
        return found


@dataclass(frozen=True)
class Plan:
    """What makes rows of a sample of the rows of a table.

    Parameters
    ----------
    response : str
        Column of the observations.
    weights : str or None
    needed : tuple of str
        All columns that are read.
    designs : tuple of Columned
    constants : mapping of str to str
        Columns of the known constants of the law.
    checks : tuple of callable
        Of every block, when it is first read: they raise where something is wrong, else give 0.
    """

    response: str
    weights: str | None
    needed: tuple[str, ...]
    designs: tuple[Columned, ...]
    constants: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[Part, ...] = ()

    def rows(self, frame: Columns) -> _Made:
        """Observations, weights and what is known of the rows of a batch that count."""
        whole = np.ones(frame.n_rows, dtype=bool)
        for name in self.needed:
            whole &= ~missing(frame, name)
        weight: Array | None = None
        if self.weights is not None:
            weight = frame.numbers(self.weights)
            for what, bad in (("infinite", np.isinf(weight)), ("negative", weight < 0)):
                if bad.any():
                    raise WeightError(f"weights: {np.count_nonzero(bad)} of a batch are {what} ({weight[bad][0]:g}).")
            whole &= weight != 0
        rows: Any = np.flatnonzero(whole)
        x = frame.numbers(self.response)[rows]
        _check_finite(self.response, x)
        known: dict[str, Array] = {}
        for design in self.designs:
            known |= design.of(frame, rows)
        for name, column in self.constants.items():
            known[name] = frame.numbers(column)[rows]
        for name, values in known.items():
            _check_finite(name, values)
        return _Made(x, None if weight is None else weight[rows], known)


def _check_finite(name: str, values: Array) -> None:
    bad: Mask = ~np.isfinite(values)
    if bad.any():
        raise DataError(f"{name}: infinite in {np.count_nonzero(bad.reshape(len(values), -1).any(axis=1))} rows.")


@dataclass(frozen=True)
class _Made:
    """Rows of the sample."""

    x: Array
    weight: Array | None
    known: Known

    def cut(self, first: int, last: int) -> _Made:
        rows = slice(first, last)
        return _Made(self.x[rows], None if self.weight is None else self.weight[rows], some_of(self.known, rows))

    @staticmethod
    def joined(pieces: Sequence[_Made]) -> _Made:
        if len(pieces) == 1:
            return pieces[0]
        weights = [piece.weight for piece in pieces if piece.weight is not None]
        return _Made(
            np.concatenate([piece.x for piece in pieces]),
            np.concatenate(weights) if weights else None,
            {name: stacked([piece.known[name] for piece in pieces]) for name in pieces[0].known},
        )


def _chunks(pieces: Iterator[_Made], first: int) -> Iterator[tuple[_Made, int]]:
    """Rows in chunks that end where those of the data in memory do, each with the number of its first row."""
    held: list[_Made] = []
    room = CHUNK_ROWS - first % CHUNK_ROWS
    for made in pieces:
        at = 0
        while at < len(made.x):
            held.append(made.cut(at, at + room))
            n = len(held[-1].x)
            at, room = at + n, room - n
            if room == 0:
                whole = _Made.joined(held)
                yield whole, first
                first, held, room = first + len(whole.x), [], CHUNK_ROWS
    if held:
        yield _Made.joined(held), first


@dataclass(frozen=True)
class ColumnSums:
    """Weighted sums of the columns of a design, or of their squares about something."""

    key: str
    about: tuple[float, ...] | None = None

    def __call__(self, block: Block) -> Array:
        """Of one block."""
        columns = block.known[self.key]
        weight = np.ones(len(columns)) if block.weight is None else block.weight
        if self.about is not None and isinstance(columns, SparseDesign):
            return columns.squares(weight, np.array(self.about))
        if self.about is not None:
            centre = np.array(self.about)
            if block.weight is None:  # without a copy, where that loses three digits at most
                about = squares_about(squares_of(columns), weight @ columns, len(columns), centre)
                if about is not None:
                    return about
            columns = columns - centre
            np.square(columns, out=columns)
        return np.asarray(weight @ columns)


@dataclass(frozen=True)
class Summing:
    """Sums over the blocks of a partition.

    Parameters
    ----------
    plan : Plan
    parts : tuple of Sum
    steps : tuple of int
        Distances of rows that are kept.
    """

    plan: Plan
    parts: tuple[Sum, ...]
    steps: tuple[int, ...] = ()

    def __call__(self, batches: Iterator[Columns], first: int) -> tuple[list[Any], list[list[_Made]]]:
        """Sums of each part, and of each distance the rows that are kept."""
        totals: list[Any] = [None] * len(self.parts)
        kept: list[list[_Made]] = [[] for _ in self.steps]
        for chunk, at in _chunks((self.plan.rows(frame) for frame in batches), first):
            for k, step in enumerate(self.steps):
                rows = slice(-at % step, None, step)
                weight = None if chunk.weight is None else chunk.weight[rows].copy()
                own = {name: column[rows].copy() for name, column in chunk.known.items()}
                kept[k].append(_Made(chunk.x[rows].copy(), weight, own))
            with np.errstate(all="ignore"):  # what lies outside a support is found when the pass is over
                for k, (part, length) in enumerate(self.parts):
                    for value in _of_blocks(part, chunk, at, length or CHUNK_ROWS):
                        totals[k] = value if totals[k] is None else totals[k] + value
        return totals, kept


def _of_blocks(part: Part, chunk: _Made, first: int, length: int) -> Iterator[Any]:
    for at in range(0, len(chunk.x), length):
        some = chunk.cut(at, at + length)
        yield part(Block(some.x, some.weight, first + at, some.known))


class _NotHeld(Mapping[str, Array]):
    """What is known of rows that are not held: nothing that could be asked for."""

    def __init__(self, description: str) -> None:
        self._description = description

    def __getitem__(self, name: str) -> Array:
        raise not_held(self._description)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def not_held(description: str) -> DataError:
    """The error where something is asked for that needs a value for every row."""
    return DataError(
        f"{description}: this needs a value for every row, and the rows are read in batches and not held. Give a frame "
        f"of the rows that are meant, or read the columns into memory."
    )


class FramedSample(BlockedSample):
    """Observations of a table with what is known of their rows, none of it held.

    Parameters
    ----------
    table : BatchedTable
    plan : Plan
    firsts : sequence of int
        Number of the first row that counts of each partition; and, last, of all rows that count.
    weight_kind : {"frequency", "reliability"}
    """

    __slots__ = ("_column_sums", "_firsts", "_sketches", "_table", "plan")

    def __init__(self, table: BatchedTable, plan: Plan, firsts: Sequence[int], weight_kind: WeightKind) -> None:
        super().__init__(table.description, plan.weights is not None, weight_kind, "omit")
        self._table, self.plan, self._firsts = table, plan, tuple(firsts)
        self._sketches: dict[int, Sample] = {}
        self.known = _NotHeld(self._description)

    def planned(self, plan: Plan) -> FramedSample:
        """The same rows with other designs."""
        return FramedSample(self._table, plan, self._firsts, self.weight_kind)

    @property
    def in_memory(self) -> bool:
        """No: what is small is read into memory beforehand."""
        self.read()
        return False

    @property
    def n_rows(self) -> int:
        """How many rows count."""
        return self._firsts[-1]

    def _first_pass(self, look_ahead: LookAhead | None) -> None:
        rows = [SKETCH_ROWS, self._middle]
        steps = tuple(dict.fromkeys(-(-self.n_rows // n) for n in rows))
        columns = tuple(Sum(ColumnSums(one.key), BLOCK_ROWS) for one in self.plan.designs)
        checks = tuple(Sum(check, BLOCK_ROWS) for check in self.plan.checks)
        found, *sums = self._run((Sum(survey, CHUNK_ROWS), *columns, *checks), steps)
        self._column_sums = {one.key: total for one, total in zip(self.plan.designs, sums, strict=False)}
        if found.n_rows != self.n_rows:
            raise self._changed(found.n_rows)
        self.survey = found
        self.nobs, self.minimum, self.maximum = found.nobs, found.minimum, found.maximum

    def column_sums(self, key: str) -> Array:
        """Weighted sums of the columns of a design."""
        self.read()
        found: Array = self._column_sums[key]
        return found

    @property
    def _middle(self) -> int:
        """Rows of the larger of the subsamples from which a search begins."""
        return max(SKETCH_ROWS, min(self.n_rows // 16, 500_000))

    def _changed(self, n_rows: int) -> DataError:
        return DataError(
            f"{self._description}: a further pass found {n_rows} rows that count, the first {self.n_rows}. Was it "
            f"written to meanwhile?"
        )

    def _run(self, parts: tuple[Sum, ...], steps: tuple[int, ...] = ()) -> list[Any]:
        job = Summing(self.plan, parts, steps)
        totals: list[Any] = [None] * len(parts)
        kept: list[list[_Made]] = [[] for _ in steps]
        for sums, some in self._table.each(job, self.plan.needed, self._firsts):
            for k, value in enumerate(sums):
                if value is not None:
                    totals[k] = value if totals[k] is None else totals[k] + value
            for k, pieces in enumerate(some):
                kept[k] += pieces
        for step, pieces in zip(steps, kept, strict=True):
            made = _Made.joined(pieces)
            sample = Sample(made.x, made.weight, self.weight_kind)
            self._sketches[step] = sample.with_known(**made.known)
        return totals

    def _sums(self, parts: Sequence[Sum]) -> list[Any]:
        sums = self._run((Sum(survey, CHUNK_ROWS), *parts))
        if sums[0] != self.survey:
            raise self._changed(sums[0].n_rows)
        return sums[1:]

    def sums(self, parts: Sequence[Part]) -> list[Any]:
        """Sums of several parts over blocks of `BLOCK_ROWS`, in one pass."""
        self.read()
        return self._sums([Sum(part, BLOCK_ROWS) for part in parts])

    def sketch(self, rows: int = SKETCH_ROWS) -> Sample:
        """The strided subsample that the data in memory would have."""
        self.read()
        step = -(-self.n_rows // rows)
        if step not in self._sketches:
            self._run((), (step,))
        return self._sketches[step]

    def as_points(self, length: float = 0.0) -> Sample:
        """The subsample, for starting values."""
        return self.sketch()

    def standardised(self, centre: Any, scale: Any) -> Sample:
        """Of the subsample, for starting values."""
        return self.sketch().standardised(centre, scale)

    def with_known(self, **columns: Any) -> Sample:
        """Refuse: what is known of rows that are not held comes with their batches."""
        raise not_held(self._description)

    def __str__(self) -> str:
        return f"{self.n_rows} rows of {self._description}"


def with_coefficients(plan: Plan, known: Mapping[str, Mapping[str, float]]) -> Plan:
    """The plan in which some coefficients are known, by the key of their design and the name of their column."""
    designs = []
    for one in plan.designs:
        mine = known.get(one.key, {})
        free = tuple(name not in mine for name in one.design.names)
        held = tuple(mine[name] for name in one.design.names if name in mine)
        designs.append(replace(one, free=free, held=held))
    return replace(plan, designs=tuple(designs))
