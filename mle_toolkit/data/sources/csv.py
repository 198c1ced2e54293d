"""Columns of CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mle_toolkit.data.cells import MISSING
from mle_toolkit.data.far import for_arrow
from mle_toolkit.data.pieces import Rows
from mle_toolkit.data.sources.columns import READ_BYTES, Numbers, reading_of
from mle_toolkit.data.texts import DELIMITERS, numbered
from mle_toolkit.errors import DataError
from mle_toolkit.options import needs


class CsvBytes(io.RawIOBase):
    """The bytes of a CSV file, without the empty lines at its ends; counts quotes and ends of lines.

    Parameters
    ----------
    path : Path, or str for a file elsewhere
        Unpacked if its name ends in ``.gz``.
    """

    def __init__(self, path: Path | str) -> None:
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

    def _read(self, path: Path | str) -> Generator[bytes, None, None]:
        import pyarrow as pa

        held, begun = b"", False
        packed = "gzip" if str(path).endswith(".gz") else None
        with pa.input_stream(for_arrow(path), compression=packed) as file:
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

    path: Path | str
    columns: Numbers
    header: tuple[str, ...]
    delimiter: str
    expected_rows: None = None

    @classmethod
    def of(cls, path: Path | str, column: Any, weights: Any) -> CsvSource:
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
        return cls(path, Numbers.of(list(header), column, weights, str(path)), header, delimiter)

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
