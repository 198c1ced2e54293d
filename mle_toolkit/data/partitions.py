"""Samples whose rows lie in partitions, perhaps on other machines: the sums are taken where the rows are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.blocks import BlockedSample
from mle_toolkit.data.checks import NanPolicy, WeightKind
from mle_toolkit.data.frames import to_column
from mle_toolkit.data.on_dask import on_dask
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.pieces import CHUNK_ROWS, IN_MEMORY_ROWS, Rows
from mle_toolkit.data.rows import Known
from mle_toolkit.data.surveys import SKETCHED_ROWS, Ahead, LookAhead, Sum, Survey, Thinned, sums_of_blocks, survey
from mle_toolkit.errors import DataError, WeightError

LOOKED_AT_ROWS = 1_000
"""Rows of one partition by which the unit of sums is chosen before all partitions are read."""


ALL_ROWS = 1 << 62
"""More rows than any partition has."""


@dataclass(frozen=True)
class Partition:
    """One partition, or what will be one where it is computed.

    Parameters
    ----------
    number : int
        Its place among the others.
    x, weight : column, or callable that gives one, or something of which a machine makes one
        Observations; weights or None. What is callable is called where the sums are taken.
    first : int
        Number of its first row, where it is known.
    """

    number: int
    x: Any
    weight: Any
    first: int = 0


@dataclass(frozen=True)
class Job:
    """What is done with a partition, where it lies.

    Parameters
    ----------
    description : str
        How errors call the data.
    nan_policy : {"raise", "omit"}
    parts : tuple of Sum
    most : int
        How many rows to send back.
    known : mapping of str to ndarray
        What is known of all rows of the data.
    """

    description: str
    nan_policy: NanPolicy
    parts: tuple[Sum, ...] = ()
    most: int = 0
    known: Known = field(default_factory=dict)

    def __call__(self, number: int, x: Any, weight: Any, first: int) -> tuple[list[Any], Thinned | None]:
        """Sum over the blocks of the partition, in their order; None for a sum over no rows."""
        where = f"partition {number} of {self.description}"
        values, _ = to_column(x() if callable(x) else x, where)
        read = weight() if callable(weight) else weight
        weights = None if read is None else to_column(read, f"weights in {where}")[0]
        if weights is not None and len(weights) != len(values):
            raise WeightError(f"{where}: {len(weights)} weights for {len(values)} observations; give one a row.")
        rows = Rows(values, weights, where, 0).checked(self.nan_policy)
        totals: list[Any] = []
        with np.errstate(all="ignore"):  # what lies outside a support is found when the pass is over
            for part, length in self.parts:
                total: Any = None
                for value in sums_of_blocks(part, rows.x, rows.weight, first, length, self.known):
                    total = value if total is None else total + value
                totals.append(total)
        return totals, Thinned.of(rows.x, rows.weight, self.most) if self.most else None

    def of(self, partition: Partition) -> tuple[list[Any], Thinned | None]:
        """Sum over a partition: what an engine does with each, on any machine; the job and what it gives pickle."""
        return self(partition.number, partition.x, partition.weight, partition.first)


Runner = Callable[[Job, Sequence[Partition]], "list[tuple[list[Any], Thinned | None]]"]
"""Does a job with every partition and returns what each gives, in the order of the partitions."""


def here(job: Job, partitions: Sequence[Partition]) -> list[tuple[list[Any], Thinned | None]]:
    """Do the job in this process, with one partition after the other."""
    return [job.of(partition) for partition in partitions]


def with_dask(job: Job, partitions: Sequence[Partition]) -> list[tuple[list[Any], Thinned | None]]:
    """Do the job by Dask: on the cluster of the present client if there is one."""
    name = "mle-sums" if not job.most else "mle-first-pass" if job.most < ALL_ROWS else "mle-rows"
    return on_dask(name, job, [(p.number, p.x, p.weight, p.first) for p in partitions])


class PartitionedSample(BlockedSample):
    """A sample in partitions: sums are taken partition by partition, and added in the order of the partitions.

    So they do not depend on where, or in which order, partitions were computed, and are those of the same partitions
    in one process, to the last bit.

    Parameters
    ----------
    partitions : sequence of columns, of callables that give one, or of what ``run`` makes columns of
        A callable is called where its sums are taken, so that no rows travel; it must give the same rows every time.
    weights : the same, or None
        Weights, in the same partitions.
    run : callable
        Takes a job and partitions, and returns ``job.of(partition)`` of each, in their order, wherever that was
        computed. In this process by default.
    description : str
        How errors call the data.
    weight_kind, nan_policy
        As for `Sample`.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import mle_toolkit as mle
    >>> pool = ThreadPoolExecutor(2)
    >>> sample = mle.PartitionedSample(
    ...     [[1.0, 2.0], [6.0, 3.0]], run=lambda job, partitions: list(pool.map(job.of, partitions))
    ... )
    >>> mle.fit(sample, "exponential").params["scale"]
    3.0
    """

    __slots__ = ("_kept_alive", "_partitions", "_run", "_surveys")

    def __init__(
        self,
        partitions: Sequence[Any],
        weights: Sequence[Any] | None = None,
        run: Runner = here,
        *,
        description: str = "the data",
        weight_kind: WeightKind = "frequency",
        nan_policy: NanPolicy = "raise",
    ) -> None:
        super().__init__(description, weights is not None, weight_kind, nan_policy)
        if weights is not None and len(weights) != len(partitions):
            raise WeightError(
                f"weights: {len(weights)} partitions for {len(partitions)} of observations; they must be the same."
            )
        columns = zip(partitions, weights or [None] * len(partitions), strict=True)
        self._partitions = [Partition(k, x, weight) for k, (x, weight) in enumerate(columns)]
        self._run = run
        self._surveys: list[Survey] = []
        self._kept_alive: Any = None

    @classmethod
    def of_dask(cls, data: Any, weights: Any = None, nan_policy: NanPolicy = "raise") -> PartitionedSample:
        """Make a sample of a Dask array of one dimension, or of a column of a Dask table.

        Raises
        ------
        DataError
            If the collection is not one column.
        """
        sample = cls(
            _delayed(data, "data"),
            None if weights is None else _delayed(weights, "weights"),
            with_dask,
            description=f"the Dask {type(data).__name__}",
            nan_policy=nan_policy,
        )
        # A cluster forgets what was persisted there when the last collection of it goes; its partitions do not count.
        sample._kept_alive = data, weights
        return sample

    def blocks(self, length: int = BLOCK_ROWS) -> Iterator[tuple[Array, Array | None]]:
        """Yield (observations, weights) in blocks of at most ``length`` rows; partitions are fetched one by one."""
        if self.in_memory:
            yield from super().blocks(length)
            return
        for k in range(len(self._partitions)):
            x, weight = self._rows(self._partitions[k : k + 1])
            for at in range(0, len(x), length):
                yield x[at : at + length], None if weight is None else weight[at : at + length]

    def _job(self, *parts: Sum, most: int = 0) -> Job:
        return Job(self._description, self._nan_policy, (Sum(survey, CHUNK_ROWS), *parts), most, self.known)

    def _rows(self, partitions: Sequence[Partition]) -> tuple[Array, Array | None]:
        """All rows of some partitions."""
        done = self._run(self._job(most=ALL_ROWS), partitions)
        all_rows = Thinned.joined([thinned for _, thinned in done if thinned is not None], ALL_ROWS)
        return all_rows.x, all_rows.weight

    def _first_pass(self, look_ahead: LookAhead | None) -> None:
        few = self._few() if look_ahead is not None else np.empty(0)
        parts, note = Ahead() if look_ahead is None or len(few) == 0 else look_ahead(few, self._weighted)
        most = max(1, SKETCHED_ROWS // max(1, len(self._partitions)))
        done = self._run(self._job(*parts, most=most), self._partitions)
        self._surveys = [sums[0] or Survey(0, 0.0, np.inf, -np.inf) for sums, _ in done]
        n_rows = 0
        for k, found in enumerate(self._surveys):
            self._partitions[k] = replace(self._partitions[k], first=n_rows)
            n_rows += found.n_rows
        if n_rows <= IN_MEMORY_ROWS:
            self._hold(*self._rows(self._partitions))
            return
        sums = _added([sums for sums, _ in done])
        thinned = Thinned.joined([some for _, some in done if some is not None], SKETCHED_ROWS)
        self._keep(sums[0], thinned, parts, sums[1:], note, few)

    def _few(self) -> Array:
        """Some rows of the first partition that has any."""
        for k in range(len(self._partitions)):
            _, some = self._run(self._job(most=LOOKED_AT_ROWS), self._partitions[k : k + 1])[0]
            if some is not None and len(some.x):
                return some.x
        return np.empty(0)

    def _sums(self, parts: Sequence[Sum]) -> list[Any]:
        done = [sums for sums, _ in self._run(self._job(*parts), self._partitions)]
        for k, (sums, seen) in enumerate(zip(done, self._surveys, strict=True)):
            found = sums[0]
            if found is not None and found != seen:
                raise DataError(
                    f"partition {k} of {self._description}: when it was computed again it had {found.n_rows} rows from "
                    f"{found.minimum:g} to {found.maximum:g}, and before {seen.n_rows} from {seen.minimum:g} to "
                    f"{seen.maximum:g}. Is it drawn without a seed, or was its file written to meanwhile? "
                    f"data.persist() keeps what was computed."
                )
        return _added(done)[1:]


def _added(by_partition: Sequence[Sequence[Any]]) -> list[Any]:
    """Sums over partitions, added in their order."""
    totals: list[Any] = [None] * len(by_partition[0])
    for sums in by_partition:
        for k, value in enumerate(sums):
            if value is not None:
                totals[k] = value if totals[k] is None else totals[k] + value
    return totals


def _delayed(data: Any, what: str) -> list[Any]:
    """The partitions of a Dask collection of one column."""
    if type(data).__module__.partition(".")[0] != "dask" or not hasattr(data, "to_delayed"):
        raise DataError(
            f"{what}: expected a Dask array or a column of a Dask table, in the same partitions as the other; got "
            f"{type(data).__name__}."
        )
    if getattr(data, "ndim", 1) != 1:
        columns = f" with columns {', '.join(map(str, data.columns))}" if hasattr(data, "columns") else ""
        raise DataError(
            f"{what}: expected one column, got a Dask {type(data).__name__} of {data.ndim} dimensions{columns}; "
            f"pass one of its columns."
        )
    return list(np.ravel(data.to_delayed()))
