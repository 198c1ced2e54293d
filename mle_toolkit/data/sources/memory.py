"""Columns that are held, and streams that are read once or again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mle_toolkit.data.pieces import TASK_ROWS, Rows
from mle_toolkit.data.sources.columns import Numbers, reading_of
from mle_toolkit.errors import DataError, UnknownNameError
from mle_toolkit.options import needs


@dataclass
class StreamSource:
    """An Arrow stream: opened to see its columns, and read then; opened anew for every further pass."""

    data: Any
    columns: Numbers
    reader: Any
    expected_rows: int | None
    weighted: bool
    schema: Any
    rows_read: int = field(default=0, init=False)

    @classmethod
    def of(cls, data: Any, column: Any, weights: Any) -> StreamSource:
        """Open the stream to see its columns."""
        reader = opened_stream(data)
        columns = Numbers.of(list(reader.schema.names), column, weights, f"the {type(data).__name__}")
        columns.check(reader.schema)
        n_rows = getattr(data, "num_rows", None)
        n_rows = n_rows if isinstance(n_rows, int) else None
        return cls(data, columns, reader, n_rows, weights is not None, reader.schema)

    @property
    def description(self) -> str:
        """What errors call it."""
        return self.columns.description

    def pieces(self, *, again: bool) -> Iterator[Rows]:
        """The rows in order, in pieces."""
        first = 0
        for batch in self.batches(None):
            yield self.columns.rows(batch, first)
            first += batch.num_rows

    def batches(self, names: list[str] | None) -> Iterator[Any]:
        """Record batches, of some columns."""
        import pyarrow as pa

        reader, self.reader = self.reader, None
        if reader is None:
            if isinstance(self.data, pa.RecordBatchReader):
                raise self._only_once()
            try:
                reader = opened_stream(self.data)
            except (pa.ArrowException, ValueError, TypeError, RuntimeError) as error:
                raise self._only_once() from error
        read = [0]
        with reading_of(self.description, read):
            for batch in reader:
                yield batch if names is None else batch.select(names)
                read[0] += batch.num_rows
        if read[0] < self.rows_read and read[0] == 0:
            raise self._only_once()
        self.rows_read = read[0]

    def runs(self) -> None:
        """All rows in runs that are read at once; None where there are none."""
        return

    def _only_once(self) -> DataError:
        return DataError(
            f"{self.description}: a second pass over the data is needed, and this stream can be read only once. "
            f"Write it to a Parquet file and scan that, or read it into a table. (One pass is enough for an "
            f"exponential family.)"
        )


def opened_stream(data: Any) -> Any:
    """A reader of an Arrow stream."""
    needs("scan: reading an Arrow stream", "pyarrow", "arrow")
    import pyarrow as pa

    if isinstance(data, pa.RecordBatchReader):
        return data
    try:
        return pa.RecordBatchReader.from_stream(data)
    except pa.ArrowInvalid as error:
        if "non-struct" not in str(error):
            raise
        return pa.table({"values": pa.chunked_array(data)}).to_reader()  # one column by itself


@dataclass(frozen=True)
class ArraySource:
    """An array or a memory map, of one column or of several; read from its file where that is known."""

    array: np.ndarray[Any, Any]
    where: str
    column: Any
    weights: Any
    path: Path | None = None

    def __post_init__(self) -> None:
        shape, kind = self.array.shape, self.array.dtype.kind
        if kind not in "biuf":
            raise DataError(f"{self.where}: expected real numbers, got dtype {self.array.dtype}.")
        wanted = [k for k in (self.column, self.weights) if k is not None]
        if len(shape) == 1 and wanted:
            raise UnknownNameError(f"{self.where}: has one column, so that none is to be named; got {wanted[0]!r}.")
        if len(shape) not in (1, 2) or (len(shape) == 2 and self.column is None and shape[1] != 1):
            raise DataError(
                f"{self.where}: expected one column, got shape {shape}; say by its number which one to scan."
            )
        for k in wanted:
            if not isinstance(k, int) or not -shape[1] <= k < shape[1]:
                raise UnknownNameError(
                    f"{self.where}: there is no column {k!r}; they are numbered 0 to {shape[1] - 1}."
                )

    @classmethod
    def of_file(cls, path: Path, where: str, column: Any, weights: Any) -> ArraySource:
        """That of a ``.npy`` file, which is mapped."""
        try:
            array = np.load(path, mmap_mode="r")
        except (ValueError, EOFError) as error:
            raise DataError(f"{path}: not a whole .npy file ({error}). Was it written to the end?") from error
        return cls(array, where, column, weights, path if array.flags.c_contiguous else None)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.path is not None:  # rows do not travel: the file is mapped again where they are wanted
            return ArraySource.of_file, (self.path, self.where, self.column, self.weights)
        return ArraySource, (self.array, self.where, self.column, self.weights)

    @property
    def description(self) -> str:
        """What is read, in words."""
        return self.where if self.array.ndim == 1 else f"column {self.column or 0} of {self.where}"

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return self.weights is not None

    @property
    def expected_rows(self) -> int:
        """How many rows there are."""
        return len(self.array)

    def pieces(self, *, again: bool) -> Iterator[Rows]:
        """Rows, in order."""
        for first, rows in self._rows():
            x = rows if rows.ndim == 1 else rows[:, self.column or 0]
            weight = None if self.weights is None else rows[:, self.weights].astype(np.float64)
            yield Rows(x.astype(np.float64, copy=False), weight, self.where, first)

    def runs(self) -> None:
        """None: it is read in one run."""

    def _rows(self) -> Iterator[tuple[int, np.ndarray[Any, Any]]]:
        """Number of the first row, and some rows from there on, of all columns."""
        n_rows = len(self.array)
        if self.path is None:
            for first in range(0, n_rows, TASK_ROWS):
                # A copy, so that the pages of a memory map can be let go: they would count as resident.
                yield first, np.array(self.array[first : first + TASK_ROWS])
                _let_go(self.array)
            return
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.array.offset)  # type: ignore[attr-defined]  # it is a memory map
            for first in range(0, n_rows, TASK_ROWS):
                some = min(TASK_ROWS, n_rows - first)
                rows = np.empty((some, *self.array.shape[1:]), self.array.dtype)
                n_read = file.readinto(rows.data)  # other threads go on meanwhile, as they do not in np.fromfile
                if n_read < rows.nbytes:
                    raise DataError(f"{self.path}: ends in row {first + some * n_read // rows.nbytes} of {n_rows}.")
                yield first, rows


def _let_go(array: np.ndarray[Any, Any]) -> None:
    """Unmap the pages of a memory map that have been read; those of a private copy hold the user's changes."""
    import mmap

    pages = getattr(array, "_mmap", None)
    if pages is not None and getattr(array, "mode", "c") != "c" and hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED)
