"""scan(): columns of files and streams, read in blocks."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.blocks import CHUNK_ROWS, TASK_ROWS, Rows, Run, ScannedSample, Source
from mle_toolkit.data.cells import MISSING
from mle_toolkit.data.checks import NanPolicy, WeightKind
from mle_toolkit.data.own_source import OwnSource
from mle_toolkit.data.texts import DELIMITERS, numbered
from mle_toolkit.errors import DataError, ParameterError, UnknownNameError
from mle_toolkit.options import needs

_SUFFIXES = (".parquet", ".pq", ".csv", ".csv.gz", ".npy")

READ_BYTES = 1 << 20
"""Bytes that Parquet and CSV files are read by: few, because what is read is at once decoded."""


RUN_ROWS = 1_000_000
"""Rows from which row groups of a Parquet file are read as a run of their own, while other threads read others."""


def scan(
    path_or_frame: Any,
    column: str | int | None = None,
    *,
    weights: str | int | None = None,
    weight_kind: WeightKind = "frequency",
    nan_policy: NanPolicy = "raise",
) -> ScannedSample:
    """Make a sample of a column that may be larger than memory: it is read in blocks, for every pass anew.

    Parameters
    ----------
    path_or_frame : path, ndarray, object with ``__arrow_c_stream__``, or Source
        A file (``.parquet``, ``.csv``, ``.csv.gz``, ``.npy``) or a folder of them, whose files are taken in the order
        of their names; a NumPy array or memory map; an Arrow stream: tables of pyarrow, polars, pandas, DuckDB and
        others. A stream that can be consumed only once serves fits that need one pass: those of exponential families.
        Rows from anywhere else by a `Source` of your own.
    column : str or int, optional
        Name of the column, or its number in an array of two dimensions; not needed where there is only one.
    weights : str or int, optional
        The column of weights.
    weight_kind : {"frequency", "reliability"}
        What the weights mean; see `Sample`.
    nan_policy : {"raise", "omit"}
        What to do with missing values.

    Returns
    -------
    ScannedSample
        Goes wherever a `Sample` goes: ``fit(scan("rain.parquet", "mm"), "gamma")``. Nothing has been read of it but the
        names and types of the columns. Up to 300,000 rows are held in memory once they are read.

    Raises
    ------
    DataError
        If the file is not of a kind that is known, is damaged, or the column holds no numbers; and, while it is read,
        at the first row that is missing or infinite, with its place.
    UnknownNameError
        If there is no such column.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import mle_toolkit as mle
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/waits.npy", np.array([1.0, 2.0, 6.0]))
    ...     round(mle.fit(mle.scan(f"{folder}/waits.npy"), "exponential").params["scale"], 6)
    3.0
    """
    return ScannedSample(_source(path_or_frame, column, weights), weight_kind, nan_policy)


def scan_file(
    path: Path,
    column: str | None = None,
    *,
    weights: str | None = None,
    weight_kind: WeightKind = "frequency",
    nan_policy: NanPolicy = "raise",
) -> tuple[str, ScannedSample]:
    """The name of a column of a file, or of the files of a folder, and its sample; see `scan`."""
    source = source_of_path(path, column, weights)
    one = source.files[0] if isinstance(source, Files) else source
    name = one.columns.column if isinstance(one, (ParquetSource, CsvSource)) else path.name
    return name, ScannedSample(source, weight_kind, nan_policy)


def _source(data: Any, column: str | int | None, weights: str | int | None) -> Source:
    if isinstance(data, (str, os.PathLike)):
        return source_of_path(Path(data), column, weights)
    if isinstance(data, np.ndarray):
        return _ArraySource(data, "the array", column, weights)
    if hasattr(data, "__arrow_c_stream__"):
        return StreamSource.of(data, column, weights)
    if isinstance(data, Source):
        if column is not None or weights is not None:
            raise ParameterError("scan: a source of your own says itself what its rows are; give no column or weights.")
        return OwnSource(data)
    raise DataError(
        f"scan: expected a path, an array, an Arrow stream (__arrow_c_stream__) or a mle.Source, got "
        f"{type(data).__name__}. A lazy table has to be written to Parquet, or collected, first."
    )


def source_of_path(path: Path, column: str | int | None, weights: str | int | None) -> Source:
    """The source of a file, or of the files of a folder."""
    if not path.is_dir():
        return _source_of_file(path, str(path), column, weights)
    files = sorted(
        file
        for file in path.rglob("*")
        if file.name.endswith(_SUFFIXES) and not any(p.startswith(("_", ".")) for p in file.relative_to(path).parts)
    )
    if not files:
        raise DataError(f"{path}: the folder holds no file of a known kind ({', '.join(_SUFFIXES)}).")
    sources = [_source_of_file(files[0], str(files[0]), column, weights)]
    if column is None and isinstance(sources[0], (ParquetSource, CsvSource)):
        column = sources[0].columns.column  # the others must have it too, not only one of another name
    sources += [_source_of_file(file, str(file), column, weights) for file in files[1:]]
    return Files(f"{path} ({len(files)} files)", sources)


def _source_of_file(path: Path, name: str, column: str | int | None, weights: str | int | None) -> Source:
    if not path.exists():
        raise FileNotFoundError(2, "No such file or folder", str(path))
    if path.name.endswith((".parquet", ".pq")):
        return ParquetSource.of(path, column, weights)
    if path.name.endswith((".csv", ".csv.gz")):
        return CsvSource.of(path, column, weights)
    if path.name.endswith(".npy"):
        try:
            array = np.load(path, mmap_mode="r")
        except (ValueError, EOFError) as error:
            raise DataError(f"{path}: not a whole .npy file ({error}). Was it written to the end?") from error
        return _ArraySource(array, str(path), column, weights, path if array.flags.c_contiguous else None)
    raise DataError(f"{path}: not a file of a known kind ({', '.join(_SUFFIXES)}).")


def _column_of(names: list[str], column: Any, where: str, what: str = "column") -> str:
    """The column that is meant; the only one where none is named."""
    if column is None and len(names) == 1:
        return names[0]
    if column is None:
        raise UnknownNameError(f"{where}: has the columns {', '.join(names)}; say which one to scan.")
    if names.count(column) != 1:
        problem = "there is no" if column not in names else "there is more than one"
        raise UnknownNameError(f"{where}: {problem} {what} {column!r}; its columns: {', '.join(names)}.")
    return str(column)


@dataclass(frozen=True)
class _Columns:
    """The columns of a table that are read: observations, then weights if there are any."""

    where: str
    column: str
    weights: str | None

    @classmethod
    def of(cls, names: list[str], column: Any, weights: Any, where: str) -> _Columns:
        return cls(
            where,
            _column_of([n for n in names if n != weights], column, where),
            None if weights is None else _column_of(names, weights, where, "column of weights"),
        )

    @property
    def names(self) -> list[str]:
        return [self.column] if self.weights is None else [self.column, self.weights]

    @property
    def description(self) -> str:
        return f"column {self.column!r} of {self.where}"

    def check(self, schema: Any) -> None:
        """Raise if a column holds no numbers."""
        for name in self.names:
            kind = schema.field(name).type
            if not is_of_numbers(kind):
                raise DataError(
                    f"{self.where}: expected real numbers in column {name!r}, got {kind}. Convert the column first."
                )

    def rows(self, batch: Any, first: int) -> Rows:
        """Rows of a record batch."""
        arrays = [floats_of(batch.column(batch.schema.get_field_index(name))) for name in self.names]
        return Rows(arrays[0], arrays[1] if self.weights is not None else None, self.description, first)


def is_of_numbers(kind: Any) -> bool:
    """Whether an Arrow type is one of real numbers."""
    from pyarrow import types

    checks = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    return any(is_kind(kind) for is_kind in checks)


def floats_of(array: Any) -> Array:
    """An Arrow array as numbers, missing ones as NaN."""
    import pyarrow as pa

    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    if not pa.types.is_float64(array.type):
        array = array.cast(pa.float64(), safe=False)
    return np.asarray(array.to_numpy(zero_copy_only=False))


@contextmanager
def reading_of(where: str, row: list[int]) -> Iterator[None]:
    """Say in one error where the reading of a file failed."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, EOFError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        reason = " ".join(str(error).split()).rstrip(".")
        raise DataError(
            f"{where}: cannot be read after row {row[0] - 1}: {reason}. Is it damaged, or not written to the end?"
            if row[0]
            else f"{where}: cannot be read: {reason}. Is it damaged, or not written to the end?"
        ) from error


@dataclass(frozen=True)
class ParquetSource:
    """Columns of a Parquet file."""

    path: Path
    columns: _Columns
    expected_rows: int | None

    @classmethod
    def of(cls, path: Path, column: Any, weights: Any) -> ParquetSource:
        """Look at the names and types of its columns."""
        needs(f"{path}: reading Parquet", "pyarrow", "arrow")
        import pyarrow.parquet as pq

        with reading_of(str(path), [0]), pq.ParquetFile(path) as file:
            schema, n_rows = file.schema_arrow, file.metadata.num_rows
        numeric = [field.name for field in schema if is_of_numbers(field.type)]
        names = numeric if column is None and numeric else list(schema.names)
        columns = _Columns.of(names, column, weights, str(path))
        columns.check(schema)
        return cls(path, columns, n_rows)

    @property
    def description(self) -> str:
        """What errors call it."""
        return self.columns.description

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return self.columns.weights is not None

    def pieces(self, *, again: bool) -> Iterator[Rows]:
        """The rows in order, in pieces."""
        return self._rows(None, None, 0)

    def runs(self) -> list[Run]:
        """All rows in runs that are read at once; None where there are none."""
        import pyarrow.parquet as pq

        with reading_of(str(self.path), [0]), pq.ParquetFile(self.path) as file:
            metadata = file.metadata
        runs: list[Run] = []
        groups: list[int] = []
        first = n_rows = 0
        for group in range(metadata.num_row_groups):
            groups.append(group)
            n_rows += metadata.row_group(group).num_rows
            if n_rows >= RUN_ROWS or group == metadata.num_row_groups - 1:
                runs.append(Run(n_rows, self._rows(metadata, groups, first)))
                first, n_rows, groups = first + n_rows, 0, []
        return runs

    def _rows(self, metadata: Any, groups: list[int] | None, first: int) -> Iterator[Rows]:
        """Rows of some row groups, or of all, from row ``first`` on."""
        import pyarrow.parquet as pq

        read = [first]
        with (
            reading_of(str(self.path), read),
            # Checksums, where the file has them, are the only guard against bytes that changed.
            pq.ParquetFile(
                self.path,
                metadata=metadata,
                pre_buffer=False,
                buffer_size=READ_BYTES,
                page_checksum_verification=True,
            ) as file,
        ):
            # One column is decoded by one thread, whatever is asked for; the others would only wait.
            for batch in file.iter_batches(
                CHUNK_ROWS, row_groups=groups, columns=self.columns.names, use_threads=self.weighted
            ):
                yield self.columns.rows(batch, read[0])
                read[0] += batch.num_rows


class CsvBytes(io.RawIOBase):
    """The bytes of a CSV file, without the empty lines at its ends; counts quotes and ends of lines.

    Parameters
    ----------
    path : Path
        Unpacked if its name ends in ``.gz``.
    """

    def __init__(self, path: Path) -> None:
        self._counts = np.zeros(3, dtype=np.int64)
        self._pieces = self._read(path)
        self._rest = memoryview(b"")

    @property
    def n_quotes(self) -> int:
        """How many quotes there are."""
        return int(self._counts[0])

    @property
    def n_lines(self) -> int:
        """How many lines there are."""
        return 1 + int(self._counts[1:].max())

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, out: Any) -> int:
        """Fill a buffer, but at the end of the file."""
        filled = 0
        while filled < len(out):
            if not self._rest:
                self._rest = memoryview(next(self._pieces, b""))
                if not self._rest:
                    break
            some = self._rest[: len(out) - filled]
            out[filled : filled + len(some)] = some
            filled += len(some)
            self._rest = self._rest[len(some) :]
        return filled

    def close(self) -> None:
        """Close the file."""
        self._pieces.close()
        super().close()

    def _read(self, path: Path) -> Generator[bytes, None, None]:
        import pyarrow as pa

        held, begun = b"", False
        with pa.input_stream(path) as file:
            while piece := file.read(READ_BYTES):
                if not begun:
                    piece = piece.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
                    begun = bool(piece)
                text = piece.rstrip(b"\r\n")
                held, empty = (held + text, piece[len(text) :]) if text else (b"", held + piece)
                letters = np.frombuffer(held, np.uint8)  # bytes.count is slow where it finds many
                self._counts += [np.count_nonzero(letters == ord(mark)) for mark in '"\n\r']
                yield held
                held = empty
        if begun:
            yield b"\n"


@dataclass(frozen=True)
class CsvSource:
    """Columns of a CSV file."""

    path: Path
    columns: _Columns
    header: tuple[str, ...]
    delimiter: str
    expected_rows: None = None

    @classmethod
    def of(cls, path: Path, column: Any, weights: Any) -> CsvSource:
        """Look at the names and types of its columns."""
        needs(f"{path}: reading CSV in blocks", "pyarrow", "arrow")
        with reading_of(str(path), [0]), CsvBytes(path) as stream:
            head = stream.read(READ_BYTES) or b""
        if not head:
            raise DataError(f"{path}: empty, without even a header.")
        lines = io.StringIO(head.decode("utf-8", errors="replace"), newline="")
        delimiter = max(DELIMITERS, key=lines.readline().count)
        lines.seek(0)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        _, names = next(numbered(reader, str(path), lambda: reader.line_num))
        header = tuple(name.strip() for name in names)
        if any("\ufffd" in name for name in header):
            raise DataError(f"{path}: its first line is not UTF-8 text; save it as CSV in UTF-8.")
        if all(_is_number(name) for name in header):
            raise DataError(f"{path}: the first line holds numbers, not the names of columns. Write a header line.")
        return cls(path, _Columns.of(list(header), column, weights, str(path)), header, delimiter)

    @property
    def description(self) -> str:
        """What errors call it."""
        return self.columns.description

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return self.columns.weights is not None

    def opened(self, stream: CsvBytes, kinds: Mapping[str, Any]) -> Any:
        """A reader of columns of these types: given, not guessed from rows, as whole numbers may precede others."""
        from pyarrow import csv

        names = list(kinds)
        return csv.open_csv(
            stream,
            read_options=csv.ReadOptions(block_size=READ_BYTES, column_names=self.header, skip_rows_after_names=1),
            parse_options=csv.ParseOptions(
                delimiter=self.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=len(self.header) > 1,  # in a file of one column an empty line is an empty cell
            ),
            convert_options=csv.ConvertOptions(
                include_columns=names,
                column_types=dict(kinds),
                null_values=sorted(MISSING),
                strings_can_be_null=True,
            ),
        )

    def pieces(self, *, again: bool) -> Iterator[Rows]:
        """The rows in order, in pieces."""
        import pyarrow as pa

        read = [0]
        with reading_of(str(self.path), read), CsvBytes(self.path) as stream:
            try:
                with self.opened(stream, dict.fromkeys(self.columns.names, pa.float64())) as reader:
                    for batch in reader:
                        yield self.columns.rows(batch, read[0])
                        read[0] += batch.num_rows
            except pa.ArrowInvalid as error:
                if "conversion error" in str(error):
                    self._refuse_text(read[0])
                self._check_lines(read[0])
                raise
            # A quote that is not closed swallows all lines up to the next one.
            if stream.n_quotes % 2 or (stream.n_quotes and stream.n_lines > read[0] + 1):
                self._check_lines(read[0])

    def batches(self, kinds: Mapping[str, Any]) -> Iterator[Any]:
        """Record batches of columns of these types."""
        read = [0]
        with reading_of(str(self.path), read), CsvBytes(self.path) as stream:
            with self.opened(stream, kinds) as reader:
                for batch in reader:
                    yield batch
                    read[0] += batch.num_rows
            if stream.n_quotes % 2 or (stream.n_quotes and stream.n_lines > read[0] + 1):
                self._check_lines(read[0])

    def runs(self) -> None:
        """All rows in runs that are read at once; None where there are none."""
        return

    def _refuse_text(self, row: int) -> None:
        """Raise for the first value from a row on that is not a number."""
        import pyarrow as pa

        first = 0
        with (
            CsvBytes(self.path) as stream,
            self.opened(stream, dict.fromkeys(self.columns.names, pa.string())) as reader,
        ):
            for batch in reader:
                if first >= row:
                    for name in self.columns.names:
                        for k, value in enumerate(batch.column(name).to_pylist()):
                            if value is not None and not _is_number(value):
                                raise DataError(
                                    f"{self.path}: expected real numbers in column {name!r}; row {first + k} is "
                                    f'{value!r:.60}. Correct it, or leave it empty and pass nan_policy="omit".'
                                )
                first += batch.num_rows

    def _check_lines(self, n_rows: int) -> None:
        """Raise for the first line that is not CSV, or has another number of fields than the header: slow, but sure."""
        with CsvBytes(self.path) as stream:
            text = io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8", errors="replace", newline="")
            n_found = -1  # the header is no row
            reader = csv.reader(text, delimiter=self.delimiter, strict=True)
            for line, row in numbered(reader, str(self.path), lambda: reader.line_num):
                if row and len(row) != len(self.header):
                    raise DataError(
                        f"{self.path}: line {line} has {len(row)} of {len(self.header)} fields. Is it damaged, or not "
                        f"written to the end?"
                    )
                n_found += bool(row) or len(self.header) == 1
        if n_found != n_rows:
            raise DataError(f"{self.path}: {n_rows} rows were read of {n_found}. Are there quotes within its cells?")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # Python's own 1_000 is no number in a file


@dataclass
class StreamSource:
    """An Arrow stream: opened to see its columns, and read then; opened anew for every further pass."""

    data: Any
    columns: _Columns
    reader: Any
    expected_rows: int | None
    weighted: bool
    schema: Any
    rows_read: int = field(default=0, init=False)

    @classmethod
    def of(cls, data: Any, column: Any, weights: Any) -> StreamSource:
        """Open the stream to see its columns."""
        reader = opened_stream(data)
        columns = _Columns.of(list(reader.schema.names), column, weights, f"the {type(data).__name__}")
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
class _ArraySource:
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

    @property
    def description(self) -> str:
        return self.where if self.array.ndim == 1 else f"column {self.column or 0} of {self.where}"

    @property
    def weighted(self) -> bool:
        return self.weights is not None

    @property
    def expected_rows(self) -> int:
        return len(self.array)

    def pieces(self, *, again: bool) -> Iterator[Rows]:
        for first, rows in self._rows():
            x = rows if rows.ndim == 1 else rows[:, self.column or 0]
            weight = None if self.weights is None else rows[:, self.weights].astype(np.float64)
            yield Rows(x.astype(np.float64, copy=False), weight, self.where, first)

    def runs(self) -> None:
        return None

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


@dataclass(frozen=True)
class Files:
    """Files one after the other."""

    description: str
    files: list[Source]

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return self.files[0].weighted

    @property
    def expected_rows(self) -> int | None:
        """How many rows there will be, where that is known."""
        rows = [file.expected_rows for file in self.files]
        return None if None in rows else sum(n for n in rows if n is not None)

    def pieces(self, *, again: bool) -> Iterator[Rows]:
        """The rows in order, in pieces."""
        for file in self.files:
            yield from file.pieces(again=again)

    def runs(self) -> list[Run] | None:
        """All rows in runs that are read at once; None where there are none."""
        of_files = [file.runs() for file in self.files]
        return None if None in of_files else [run for runs in of_files for run in runs or ()]
