"""Columns of files: CSV from a path or from standard input, Parquet, and the data sets of the package."""

from __future__ import annotations

import csv
import io
import itertools
import math
import sys
import warnings
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from mle_toolkit.data import datasets
from mle_toolkit.data.form import EXACT, Form
from mle_toolkit.data.sample import NanPolicy, Sample
from mle_toolkit.errors import DataError, UnknownNameError

MISSING = frozenset({"", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None"})
"""Texts that stand for a missing number, by the customs of spreadsheets, R, pandas and SQL."""

TRUTH = {"true": 1.0, "false": 0.0}
"""Texts that stand for yes and no, as programs write columns of events."""

DELIMITERS = (",", ";", "\t")

SCANNED_ROWS = 10_000_000
"""Rows of a Parquet file above which a column is read in blocks: up to there it is soon read and sorted."""

SCANNED_BYTES = 200_000_000
"""Size of a CSV file above which a column is read in blocks: row by row it would take minutes."""

MOST_COLUMNS = 100_000
"""Columns of a table, at most: a longer first line is no header."""

_LONGEST_HEADER = 1 << 22
"""Bytes of a header that are looked at."""

_LISTED = 20
"""Names that an error lists, at most."""

_PARQUET_MAGIC = b"PAR1"


@dataclass(frozen=True)
class NotNumeric:
    """Why a column of a file is not one of numbers."""

    reason: str


@dataclass(frozen=True)
class Table:
    """Some columns of a file.

    Attributes
    ----------
    label : str
        How errors call the file.
    columns : mapping of str to array or NotNumeric
        In the order of the file; a missing number is NaN, or null in an Arrow column.
    form : Form
        What the columns hold, where the source says so, as a data set does.
    """

    label: str
    columns: Mapping[str, Any]
    form: Form = EXACT

    @property
    def numeric(self) -> tuple[str, ...]:
        """Names of the columns of numbers; a column without a name (row labels) is not one."""
        return tuple(name for name, values in self.columns.items() if name and not isinstance(values, NotNumeric))

    def column(self, name: str) -> Any:
        """One column of numbers.

        Raises
        ------
        UnknownNameError
            If there is none of that name.
        DataError
            If it holds something else than numbers.
        """
        if name not in self.columns:
            known = listed(self.numeric) or "none"
            raise UnknownNameError(f"column {name!r} not found; numeric columns: {known}")
        values = self.columns[name]
        if isinstance(values, NotNumeric):
            raise DataError(f"column {name!r}: {values.reason}")
        return values

    def only_column(self, others: Collection[str] = ()) -> str:
        """Name of the one column of numbers, apart from others such as weights.

        Raises
        ------
        UnknownNameError
            If there are several.
        DataError
            If there is none.
        """
        candidates = [name for name in self.numeric if name not in others]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise UnknownNameError(f"{self.label}: name one of its columns: {listed(candidates)}")
        refused = (f"; {name!r}: {v.reason}" for name, v in self.columns.items() if isinstance(v, NotNumeric))
        raise DataError(f"{self.label}: no numeric column{next(refused, '')}")


def read_sample(
    source: str, form: Form = EXACT, nan_policy: NanPolicy = "raise", *, in_memory: bool = False
) -> tuple[str, Sample]:
    """Read the columns of a file that make a sample; from a large one in blocks, for every pass anew.

    Exact values, with or without weights, are read in blocks (`scan`) from Parquet files of more than `SCANNED_ROWS`
    rows, CSV files of more than `SCANNED_BYTES`, compressed CSV files and folders. All else is held in memory.

    Parameters
    ----------
    source : str
        Path of a CSV or Parquet file, or of a folder of them, ``"-"`` for standard input, ``"@name"`` for a data set of
        the package.
    form : Form, optional
        What the columns hold. The column of values may be left out where only one of numbers is left; a data set brings
        its own form, of which what is given here takes the place.
    nan_policy : {"raise", "omit"}
        What to do with missing values.
    in_memory : bool
        Hold all rows, however many, because more than sums is wanted of them.

    Returns
    -------
    name : str
        What the observations are called.
    sample : Sample

    Raises
    ------
    DataError
        If the file is not readable as a table, or its numbers are not a sample.
    UnknownNameError
        If a column or a data set is not there.
    ParameterError
        If the form contradicts that of the data set.
    OSError
        If the file cannot be opened.
    """
    if _is_read_in_blocks(source, form, in_memory):
        from mle_toolkit.data.scan import scan_file

        return scan_file(
            Path(source), form.column, weights=form.weights, weight_kind=form.weight_kind, nan_policy=nan_policy
        )
    table = read_table(source, form.names if form.says_what else None)
    form = form.over(table.form)
    for name in form.names:
        table.column(name)  # one that is not there is said before the question which one is meant
    if not form.says_what:
        form = replace(form, column=table.only_column(form.names))
    return form.label, form.sample(table.column, nan_policy)


def _is_read_in_blocks(source: str, form: Form, in_memory: bool) -> bool:
    path = Path(source)
    if source == "-" or source.startswith("@"):
        return False
    simple = form == Form(column=form.column, weights=form.weights, weight_kind=form.weight_kind)
    blocks_only = path.is_dir() or source.endswith(".csv.gz")
    if blocks_only and (in_memory or not simple or find_spec("pyarrow") is None):
        raise DataError(
            f"{source}: a folder or a compressed file is read in blocks, which takes pyarrow (pip install "
            f"'mle-toolkit[arrow]'), is for exact values (--column, --weights), and can neither be held in memory "
            f"nor drawn. Write one file that is not compressed."
        )
    if in_memory or not simple or find_spec("pyarrow") is None:
        return False
    return blocks_only or _is_large(path)


def _is_large(path: Path) -> bool:
    if path.suffix == ".csv":
        return path.is_file() and path.stat().st_size > SCANNED_BYTES
    if path.suffix not in (".parquet", ".pq") or not path.is_file():
        return False
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        n_rows: int = pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError):
        return False  # what is wrong with it is said when it is read
    return n_rows > SCANNED_ROWS


def read_table(source: str, wanted: Iterable[str] | None = None) -> Table:
    """Read columns of a file, of standard input or of a data set.

    Parameters
    ----------
    source : str
        As for `read_sample`.
    wanted : iterable of str, optional
        Columns to convert; all by default, and where one of them is not there, so that the error can list
        what is.
    """
    if source.startswith("@"):
        data = datasets.load(source[1:])
        return Table(source, data.columns, data.form)
    if source == "-":
        return _read(_standard_input(), "standard input", wanted)
    with open(source, "rb") as stream:
        return _read(stream, source, wanted)


def read_frame(source: str, wanted: Iterable[str]) -> Any:
    """Read columns of any type, such as keys, as a table: Arrow's of a Parquet file, else one of pandas.

    Parameters
    ----------
    source : str
        As for `read_sample`.
    wanted : iterable of str
        Columns to read.

    Raises
    ------
    DataError
        If the file is not readable as a table.
    UnknownNameError
        If a column or a data set is not there.
    OSError
        If the file cannot be opened.
    """
    names = list(dict.fromkeys(wanted))
    if source.startswith("@"):
        import pandas as pd

        columns = datasets.load(source[1:]).columns
        _check_there(names, list(columns))
        return pd.DataFrame({name: columns[name] for name in names})
    if source == "-":
        return _read_frame(_standard_input(), "standard input", names)
    with open(source, "rb") as stream:
        return _read_frame(stream, source, names)


def _read_frame(stream: io.BufferedReader, label: str, names: list[str]) -> Any:
    if stream.peek(len(_PARQUET_MAGIC)).startswith(_PARQUET_MAGIC):
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ModuleNotFoundError:
            raise DataError(f"{label}: reading Parquet needs pyarrow: pip install 'mle-toolkit[arrow]'") from None
        try:
            file = pq.ParquetFile(stream if stream.seekable() else io.BytesIO(stream.read()))
            _check_there(names, file.schema_arrow.names)
            return file.read(names)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{label}: not a readable Parquet file: {str(error).splitlines()[0]}") from None
    import pandas as pd

    whole = stream if stream.seekable() else io.BytesIO(stream.read())
    line = next(
        (line for line in iter(lambda: whole.readline(_LONGEST_HEADER), b"") if line.strip(b"\xef\xbb\xbf\r\n")), b""
    )
    whole.seek(0)
    head = line.decode("utf-8", errors="replace")
    delimiter = max(DELIMITERS, key=head.count)
    if head.count(delimiter) > MOST_COLUMNS:
        raise DataError(f"{label}: a header of over {MOST_COLUMNS:,} fields; a table has fewer columns")
    try:
        frame = pd.read_csv(whole, sep=delimiter, encoding="utf-8-sig", skipinitialspace=True)
    except pd.errors.EmptyDataError:
        raise DataError(f"{label}: empty, without even a header") from None
    except (ValueError, OverflowError, csv.Error) as error:  # ParserError and UnicodeDecodeError are some
        raise DataError(f"{label}: not readable as CSV in UTF-8: {' '.join(str(error).split())}") from None
    _check_there(names, list(frame.columns))
    return frame[names]


def listed(names: Collection[Any]) -> str:
    """Names with commas between them; of many, the first."""
    first = ", ".join(map(str, itertools.islice(names, _LISTED)))
    return first if len(names) <= _LISTED else f"{first}, ... ({len(names):,} in all)"


def _standard_input() -> io.BufferedReader:
    if sys.stdin is None:  # closed by who started us
        raise DataError("standard input: closed; pipe the data in, or name a file")
    return cast(io.BufferedReader, sys.stdin.buffer)


def _check_there(names: Iterable[str], columns: Collection[str]) -> None:
    for name in names:
        if name not in columns:
            raise UnknownNameError(f"column {name!r} not found; columns: {listed(columns)}")


def _read(stream: io.BufferedReader, label: str, wanted: Iterable[str] | None) -> Table:
    if stream.peek(len(_PARQUET_MAGIC)).startswith(_PARQUET_MAGIC):
        return _read_parquet(stream, label, wanted)
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        return _read_csv(text, label, wanted)
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(f"{label}: not UTF-8 text (byte 0x{byte:02x}); save it as CSV in UTF-8") from None
    finally:
        text.detach()  # who opened the stream closes it


def _read_csv(text: IO[str], label: str, wanted: Iterable[str] | None) -> Table:
    """Convert row by row: about a second for a million rows, and every error knows its line."""
    first, skipped = text.readline(), 0
    while first and not first.strip():
        first, skipped = text.readline(), skipped + 1
    if not first:
        raise DataError(f"{label}: empty, without even a header")
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(itertools.chain([first], text), delimiter=delimiter, strict=True)
    rows = numbered(reader, label, skipped)
    if first.count(delimiter) > MOST_COLUMNS:
        _check_header([""] * (first.count(delimiter) + 1), label)
    _, header = next(rows)
    header = [name.strip() for name in header]
    if all(_number(name) is not None and name not in MISSING for name in header):
        # A column of bare numbers, as other programs print it into a pipe.
        rows = itertools.chain([(skipped + 1, header)], rows)
        header = [str(k + 1) for k in range(len(header))]
        warnings.warn(f"{label}: no header; the columns are called {listed(header)}", stacklevel=2)
    _check_header(header, label)
    chosen = {name: array("d") for name in _chosen(header, wanted)}
    refused: dict[str, NotNumeric] = {}
    place_of = {name: k for k, name in reversed(list(enumerate(header)))}
    places = [(place_of[name], name, values) for name, values in chosen.items()]
    n_blank = 0
    for line, row in rows:
        if not row:
            n_blank += 1
            continue
        if len(row) != len(header):
            raise DataError(f"{label}: line {line} has {len(row)} of {len(header)} fields")
        if n_blank and len(header) == 1:
            # In a file of one column an empty line is an empty cell; at the end of the file it is nothing.
            for place in places:
                place[2].extend([math.nan] * n_blank)
        n_blank = 0
        for place in places:
            number = _number(row[place[0]])
            if number is None:
                refused[place[1]] = NotNumeric(f"line {line} is {row[place[0]]!r:.60}, not a number")
                places = [other for other in places if other[1] not in refused]
            else:
                place[2].append(number)
    return Table(label, {name: refused.get(name, np.array(values)) for name, values in chosen.items()})


def numbered(reader: Any, label: str, skipped: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line of the file on which each ends."""
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise DataError(f"{label}: line {skipped + reader.line_num} is not CSV: {error}") from None
        if row is None:
            return
        yield skipped + reader.line_num, row


def _number(text: str) -> float | None:
    """The number that a cell holds, NaN for an empty one, 0 or 1 for a truth value, None for other text."""
    try:
        number = float(text)
    except ValueError:
        return math.nan if text.strip() in MISSING else TRUTH.get(text.strip().lower())
    return None if "_" in text else number  # Python's own 1_000 is no number in a file


def _read_parquet(stream: io.BufferedReader, label: str, wanted: Iterable[str] | None) -> Table:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise DataError(f"{label}: reading Parquet needs pyarrow: pip install 'mle-toolkit[arrow]'") from None
    try:
        file = pq.ParquetFile(stream if stream.seekable() else io.BytesIO(stream.read()))
        names = file.schema_arrow.names
        _check_header(names, label)
        columns: dict[str, Any] = {}
        for name in _chosen(names, wanted):
            kind = file.schema_arrow.field(name).type
            is_number = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
            of = kind.value_type if pa.types.is_dictionary(kind) else kind
            numeric = any(check(of) for check in is_number)
            columns[name] = file.read([name])[name] if numeric else NotNumeric(f"its type is {kind}, not a number")
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{label}: not a readable Parquet file: {str(error).splitlines()[0]}") from None
    return Table(label, columns)


def _check_header(header: list[str], label: str) -> None:
    if len(header) > MOST_COLUMNS:
        raise DataError(f"{label}: a header of {len(header):,} fields; a table has {MOST_COLUMNS:,} columns at most")
    for name, count in Counter(header).items():
        if name and count > 1:
            raise DataError(f"{label}: the header has column {name!r} {count} times")


def _chosen(header: list[str], wanted: Iterable[str] | None) -> list[str]:
    """Columns to convert: those wanted if all are there, else every one, for the error to list."""
    wanted = None if wanted is None else list(dict.fromkeys(wanted))
    there = set(header)
    complete = wanted is not None and all(name in there for name in wanted)
    return wanted if wanted is not None and complete else list(dict.fromkeys(header))
