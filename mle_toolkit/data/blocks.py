"""Samples that are not held in memory: their rows come in blocks, again for every pass over the data."""

from __future__ import annotations

import math
import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, NoReturn, Protocol, runtime_checkable

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.checks import NanPolicy, WeightKind, check_weights_magnitude, policies
from mle_toolkit.data.passes import BLOCK_ROWS, LONG_BLOCK_ROWS, SKETCH_ROWS, CountWhole, step_at
from mle_toolkit.data.rows import NOTHING, Block, Known, some_of
from mle_toolkit.data.sample import Sample, standard_errors_about
from mle_toolkit.errors import DataError, WeightError
from mle_toolkit.numerics.progress import progress
from mle_toolkit.numerics.threads import submit, workers

CHUNK_ROWS = LONG_BLOCK_ROWS
"""Rows of the longest block; compiled sums over data in memory are added by as many."""

TASK_ROWS = 3 * CHUNK_ROWS
"""Rows that are handed on at once: whole blocks of every length, so that sums are those of the data in memory."""

HELD_ROWS = TASK_ROWS
"""Rows up to which data are simply held in memory, where everything can be known of them."""

SKETCHED_ROWS = 1 << 17
"""Rows that are kept of longer data, at equal distances, for starting values and other first looks."""

WIDEST_TABLE = 1_000_000
"""Range of whole numbers up to which they are counted value by value."""

Part = Callable[[Block], Any]
"""What is computed of a block; results add."""


Along = Callable[[Array, bool], "tuple[Sequence[tuple[Part, int | None]], Callable[..., Any] | None]"]
"""Sums that can be taken while the data are read for the first time, because they will be wanted: chosen by a look at
some rows, and whether there are weights; with the function that makes of them what is kept as `Sample.noted`."""


@dataclass(frozen=True)
class Rows:
    """Consecutive rows of a source.

    Parameters
    ----------
    x : ndarray of shape (n,)
        Observations; missing ones are NaN.
    weight : ndarray of shape (n,), or None
    origin : str
        Which file or partition the rows are of, for errors.
    first : int
        Number of the first row within it.
    """

    x: Array
    weight: Array | None
    origin: str
    first: int

    def checked(self, nan_policy: NanPolicy) -> Rows:
        """The rows that count: without missing observations, where those are to be left out, and weights of 0.

        Raises
        ------
        DataError
            If an observation is missing or infinite, or a weight is not one.
        """
        x, weight = self.x, self.weight
        keep = None
        if len(x) and not (math.isfinite(x.min()) and math.isfinite(x.max())):
            infinite = np.flatnonzero(np.isinf(x))
            if len(infinite):
                self._refuse(infinite[0], f"is infinite ({x[infinite[0]]:g})", "Remove it, or say what it stands for.")
            missing = np.isnan(x)
            if nan_policy == "raise":
                advice = 'Remove it, or pass nan_policy="omit" to leave such rows out.'
                self._refuse(int(np.argmax(missing)), "is missing (NaN or null)", advice)
            keep = ~missing
        if weight is not None:
            for what, bad in (("missing", np.isnan(weight)), ("infinite", np.isinf(weight)), ("negative", weight < 0)):
                if bad.any():
                    at = int(np.argmax(bad))
                    raise WeightError(f"{self.origin}: the weight of row {self.first + at} is {what} ({weight[at]:g}).")
            if not weight.all():
                keep = weight > 0 if keep is None else keep & (weight > 0)
        if keep is None:
            return self
        return Rows(x[keep], None if weight is None else weight[keep], self.origin, self.first)

    def part(self, first: int, last: int) -> Rows:
        """Some of the rows."""
        weight = None if self.weight is None else self.weight[first:last]
        return Rows(self.x[first:last], weight, self.origin, self.first + first)

    def _refuse(self, at: int, what: str, advice: str) -> NoReturn:
        raise DataError(f"{self.origin}: the observation in row {self.first + at} {what}. {advice}")


@dataclass(frozen=True)
class Run:
    """Consecutive rows, which may not be read yet: that is done by the thread that sums them.

    Parameters
    ----------
    n_rows : int
    pieces : iterable of Rows
        Gone over once.
    """

    n_rows: int
    pieces: Iterable[Rows]


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
class Table:
    """How often each whole number occurs, from the smallest on; pieces add.

    Parameters
    ----------
    smallest : float
    count : ndarray of shape (range,), or None
        None where some observation is no whole number, or the range is too wide to count.
    """

    smallest: float
    count: Array | None

    def __add__(self, other: Table) -> Table:
        if self.count is None or other.count is None:
            return Table(math.nan, None)
        smallest = min(self.smallest, other.smallest)
        starts = [int(table.smallest - smallest) for table in (self, other)]
        length = max(starts[0] + len(self.count), starts[1] + len(other.count))
        if length > WIDEST_TABLE:
            return Table(math.nan, None)
        count = np.zeros(length)
        count[starts[0] : starts[0] + len(self.count)] = self.count
        count[starts[1] : starts[1] + len(other.count)] += other.count
        return Table(smallest, count)


def tabulate(block: Block) -> Table:
    """Count the values of a block."""
    x, weight, *_ = block
    smallest = float(x.min())
    if x.max() - smallest >= WIDEST_TABLE or not np.all(x == np.floor(x)):
        return Table(math.nan, None)
    count = np.bincount((x - smallest).astype(np.intp), weights=weight)
    return Table(smallest, count.astype(np.float64))


@dataclass(frozen=True)
class _Outside:
    """How many observations fail a test, and the first that does; pieces add."""

    count: int
    row: int
    value: float

    def __add__(self, other: _Outside) -> _Outside:
        first = self if self.count else other
        return _Outside(self.count + other.count, first.row, first.value)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Sum of weights by place among edges, between and at them by turns: below the first, at it, above it, ..."""

    edges: Array

    def __call__(self, block: Block) -> Array:
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
class _Few:
    """Some rows; pieces join."""

    x: Array
    weight: Array

    def __add__(self, other: _Few) -> _Few:
        return _Few(np.concatenate([self.x, other.x]), np.concatenate([self.weight, other.weight]))


@dataclass(frozen=True)
class _Between:
    """The rows strictly between two values."""

    low: float
    high: float

    def __call__(self, block: Block) -> _Few:
        x, weight, *_ = block
        rows = (x > self.low) & (x < self.high)
        some = x[rows]
        return _Few(some, np.ones(len(some)) if weight is None else weight[rows])


@dataclass(frozen=True)
class _Failing:
    test: Callable[[Array], Any]

    def __call__(self, block: Block) -> _Outside:
        x, first = block.x, block.first
        rows = np.flatnonzero(~self.test(x))
        return _Outside(len(rows), first + int(rows[0]), float(x[rows[0]])) if len(rows) else _Outside(0, -1, math.nan)


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


class BlockedSample(Sample):
    """Observations that are read in blocks, for every pass anew, and never held: memory stays the same for any length.

    Whatever is a sum over rows can be had: fits, standard errors, means, and by counting quantiles. What needs all rows
    at once (their order, spacings, a value for every row) raises a `DataError`. Data of at most `HELD_ROWS` rows are
    held after all, and everything can be had.

    The first pass validates: it finds the number of rows, the extent and a thinned copy. It is made when one of them is
    first asked for; a fit takes the sums that it will need on the way.
    """

    __slots__ = ("_ahead", "_description", "_is_read", "_nan_policy", "_thinned", "_weighted", "survey")

    survey: Survey

    def __init__(
        self, description: str, weighted: bool, weight_kind: WeightKind = "frequency", nan_policy: NanPolicy = "raise"
    ) -> None:
        nan_policy, weight_kind = policies(nan_policy, weight_kind)
        self._description = description
        self._weighted = weighted
        self._nan_policy = nan_policy
        self._is_read = False
        self._ahead: list[tuple[tuple[Part, int | None], Any]] = []
        self._thinned: Thinned | None = None
        self.weight_kind = weight_kind
        self.window = None
        self.noted = None
        self.known = NOTHING
        self._rows_given = None
        self._ordered: Array | None = None
        self._kept: dict[Any, Any] = {}

    def _set(
        self,
        lower: Array,
        upper: Array,
        weight: Array | None,
        weight_kind: WeightKind,
        window: tuple[Array, Array] | None,
        minimum: float,
        maximum: float,
    ) -> None:
        super()._set(lower, upper, weight, weight_kind, window, minimum, maximum)
        self._weighted = weight is not None
        self._is_read, self._thinned = True, None

    # --- what a source gives ----------------------------------------------------------------------------------------

    @abstractmethod
    def _first_pass(self, along: Along | None) -> None:
        """Read everything once, and either `_hold` it or `_keep` what was found."""

    @abstractmethod
    def _sums(self, parts: Sequence[tuple[Part, int | None]]) -> list[Any]:
        """Sums of several parts over the blocks, in their order, in one pass."""

    # --- the first pass -----------------------------------------------------------------------------------------------

    def read(self, along: Along | None = None) -> None:
        """Make the first pass, if it has not been made; take sums along."""
        if not self._is_read:
            self._is_read = True
            try:
                self._first_pass(along)
            except BaseException:
                self._is_read = False
                raise

    def _hold(self, x: Array, weight: Array | None) -> None:
        if len(x) == 0:
            raise DataError(f"no observations: {self._description} is empty, or nothing in it counts.")
        if weight is not None:
            check_weights_magnitude(float(weight.max()))
        self._set(x, x, weight, self.weight_kind, None, float(x.min()), float(x.max()))

    def _keep(
        self,
        found: Survey,
        thinned: Thinned,
        parts: Sequence[tuple[Part, int | None]] = (),
        sums: Sequence[Any] = (),
        note: Any = None,
        few: Array | None = None,
    ) -> None:
        if self._weighted:
            check_weights_magnitude(found.nobs)
        self.survey, self._thinned = found, thinned
        self.nobs, self.minimum, self.maximum = found.nobs, found.minimum, found.maximum
        self._ahead = list(zip(parts, sums, strict=True))
        if note is not None and few is not None and _is_representative(few, thinned.x):
            self.noted = note(sums, found.minimum, found.maximum)

    def __getattr__(self, name: str) -> Any:
        if name in ("survey", "nobs", "minimum", "maximum", "lower", "upper", "weight") and not self._is_read:
            self.read()
            return getattr(self, name)
        if name == "weight" and not self._weighted:
            return None
        if name in ("lower", "upper", "weight"):
            raise DataError(
                f"{self._description}: what was asked for needs all {self.n_rows} rows at once (their order, "
                f"spacings, a value for every row), but they are read in blocks and not held. Pass the column as an "
                f"array if it fits into memory (in the shell: --in-memory), or use a subsample: .sketch()."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # --- what is asked of a sample ------------------------------------------------------------------------------------

    @property
    def in_memory(self) -> bool:
        """Whether the rows are held; so they are if they are few."""
        self.read()
        return self._thinned is None

    @property
    def is_weighted(self) -> bool:
        """Whether rows have weights."""
        return self._weighted

    @property
    def is_exact(self) -> bool:
        """Whether every observation is a point: always."""
        return True

    @property
    def is_plain(self) -> bool:
        """Whether every observation is a point and there is no window."""
        return self.window is None

    @property
    def n_rows(self) -> int:
        """How many rows there are, whatever their weights."""
        return len(self.lower) if self.in_memory else self.survey.n_rows

    @property
    def is_multivariate(self) -> bool:
        """Whether an observation is a vector: never."""
        return False

    def fold(self, part: Part, length: int | None = BLOCK_ROWS) -> Array:
        """Sum what ``part`` gives for each block, in the order of the blocks; see `Sample.fold`."""
        if self.in_memory:
            return super().fold(part, length)
        return np.asarray(self._sum(part, length))

    def _sum(self, part: Part, length: int | None) -> Any:
        for known, sums in self._ahead:
            if known == (part, length):
                return sums
        return self._sums([(part, length)])[0]

    def sketch(self, rows: int = SKETCH_ROWS) -> Sample:
        """A strided subsample of at most ``rows`` rows; of what is not held, of at most `SKETCHED_ROWS`."""
        if self.in_memory:
            return super().sketch(rows)
        assert self._thinned is not None
        if self.known:
            raise DataError(
                f"{self._description}: rows that are read in blocks bring no subsample of what is known of them; pass "
                f"the columns as arrays if they fit into memory."
            )
        kept = Sample(self._thinned.x, self._thinned.weight, self.weight_kind)
        return kept.sketch(rows)

    def tabulated(self, count: CountWhole | None = None) -> Sample:
        """The same sample as a table, held in memory; itself where the values are too many, or not whole numbers."""
        if self.in_memory:
            return super().tabulated(count)
        if self.weight_kind == "reliability":
            return self
        table: Table = self._sum(tabulate, CHUNK_ROWS)
        if table.count is None:
            return self
        seen = np.flatnonzero(table.count)
        return Sample(table.smallest + seen.astype(np.float64), table.count[seen])

    def mean(self, of: Callable[[Array], Array] | None = None) -> float:
        """Weighted mean of a function of the observations; of the observations themselves by default."""
        if self.in_memory:
            return super().mean(of)
        return float(self.fold(_Total(of))) / self.nobs

    def quantile(self, p: float) -> float:
        """Weighted quantile, as of a `Sample`, in two passes.

        One counts rows among those of the sketch, the other fetches the few that lie with the quantile between two.
        """
        if self.in_memory:
            return super().quantile(p)
        few = self.sketch(SKETCHED_ROWS)
        seen, reach = np.unique(few.lower), standard_errors_about(p, few)
        while True:
            low = few.quantile(p - reach) if p > reach else self.minimum
            high = few.quantile(p + reach) if p + reach < 1 else self.maximum
            edges = np.unique([low, *seen[(seen > low) & (seen < high)], high])
            counts = np.asarray(self._sum(_Cells(edges), CHUNK_ROWS))
            first, last = step_at(p, np.cumsum(counts), self.nobs)
            if (first > 0 or low <= self.minimum) and (last < len(counts) - 1 or high >= self.maximum):
                break
            reach *= 8  # the rows of the sketch were not like the others
        first, last = max(first, 1), min(last, len(counts) - 2)
        at = np.arange(first | 1, last + 1, 2)
        x, weight = edges[at // 2], counts[at]
        if counts[first : last + 1].sum() > weight.sum():
            inside: _Few = self._sum(_Between(float(edges[(first - 1) // 2]), float(edges[last // 2])), CHUNK_ROWS)
            x, weight = np.concatenate([x, inside.x]), np.concatenate([weight, inside.weight])
        order = np.argsort(x)
        first, last = step_at(p, counts[:first].sum() + np.cumsum(weight[order]), self.nobs)
        return 0.5 * float(x[order[first]]) + 0.5 * float(x[order[min(last, len(x) - 1)]])

    @property
    def is_integer(self) -> bool:
        """Whether every observation is a whole number."""
        if self.in_memory:
            return super().is_integer
        table: Table = self._sum(tabulate, CHUNK_ROWS)
        return table.count is not None or self.failing(_is_whole)[0] == 0

    def failing(self, test: Callable[[Array], Any]) -> tuple[int, int, float]:
        """How many observations fail a test, the first of these rows, and its value, in a pass over the data."""
        found: _Outside = self._sum(_Failing(test), CHUNK_ROWS)
        return found.count, found.row, found.value

    def difference(self, other: Sample) -> str | None:
        """What differs from another sample; rows that are not held are not compared, so only itself is the same."""
        if self is other:
            return None
        if self.in_memory and other.in_memory:
            return super().difference(other)
        return "rows that are not held in memory, so that they cannot be compared; fit both to the one scan"

    def __str__(self) -> str:
        if not self._is_read:
            return f"{self._description}, not read yet"
        return super().__str__() if self.in_memory else f"{self._counted()}, from {self.minimum:g} to {self.maximum:g}"

    def _counted(self) -> str:
        rows = f" in {self.n_rows} weighted rows" if self._weighted else ""
        return f"{self.nobs:g} observations{rows} of {self._description}"


def _is_whole(x: Array) -> Any:
    return x == np.floor(x)


@dataclass(frozen=True)
class _Total:
    of: Callable[[Array], Array] | None

    def __call__(self, block: Block) -> Array:
        x, weight, *_ = block
        values = x if self.of is None else self.of(x)
        return np.asarray(np.sum(values if weight is None else weight * values))


def _is_representative(few: Array, thinned: Array) -> bool:
    """Whether the first rows lie among the others, so that what was chosen by a look at them suits all."""
    middle = float(np.median(few))
    others = thinned[:: max(1, len(thinned) // 100)]
    return bool(others.min() <= middle <= others.max())


# --- streams ----------------------------------------------------------------------------------------------------------


@runtime_checkable
class Source(Protocol):
    """Where the rows of a stream come from; derive from it to scan what no reader here knows.

    Two things must be said: a `description`, and the `pieces`. `scan` takes such a source, and every fit that reads
    in blocks takes what it makes of it, in memory that does not grow with the rows.

    Examples
    --------
    >>> import numpy as np
    >>> import mle_toolkit as mle
    >>> class Sensor(mle.Source):
    ...     description = "the sensor"
    ...     def pieces(self, *, again):
    ...         for day in range(3):
    ...             yield mle.Rows(np.array([1.0, 2.0, 6.0]) + day, None, f"day {day}", 0)
    >>> mle.fit(mle.scan(Sensor()), "exponential").params["scale"]
    4.0
    """

    @property
    @abstractmethod
    def description(self) -> str:
        """What errors call it."""
        ...

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return False

    @property
    def expected_rows(self) -> int | None:
        """How many rows there will be, where that is known before they are read."""
        return None

    @abstractmethod
    def pieces(self, *, again: bool) -> Iterator[Rows]:
        """Go over the rows from the first on, for the first time or again, in pieces of any length.

        Every pass must give the same rows in the same order; one that finds others ends in an error.
        """
        ...

    def runs(self) -> list[Run] | None:
        """All rows, in runs that several threads can read at once; None where they come one after the other only."""
        return None


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

    def _first_pass(self, along: Along | None) -> None:
        in_order = self._in_order(again=False)
        head = next(in_order, Run(0, []))
        few, weight = _joined(list(head.pieces))
        _check_extent(survey(Block(few, weight)), head.pieces)
        runs = self._at_once() if head.n_rows == HELD_ROWS else []
        n_rows = sum(run.n_rows for run in runs)
        following = [] if n_rows > HELD_ROWS else list(islice(in_order, 1))  # where it is known, nothing is read to see
        if n_rows <= HELD_ROWS and not following:
            self._hold(few, weight)
            return
        parts, note = ((), None) if along is None else along(few, self._weighted)
        keeper = _Keeper(n_rows)
        sums = self._pass([(survey, CHUNK_ROWS), *parts], runs or chain([head], following, in_order), keeper)
        self._keep(sums[0], keeper.kept, parts, sums[1:], note, few)

    def _sums(self, parts: Sequence[tuple[Part, int | None]]) -> list[Any]:
        sums = self._pass([(survey, CHUNK_ROWS), *parts], self._at_once() or self._in_order(again=True))
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
        parts: Sequence[tuple[Part, int | None]],
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
