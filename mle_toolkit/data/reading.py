"""Files, standard input, spreadsheets and data bases, opened as rows of cells or as columns that have types."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from mle_toolkit.data.cells import SEPARATORS, Style
from mle_toolkit.data.far import is_far, open_far
from mle_toolkit.data.naming import listed, named
from mle_toolkit.data.texts import MOST_COLUMNS, text_of
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.options import choice, needs, text

_MAGIC = {
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"\xff\xff\xff\xff": "Arrow stream",
    b"PK\x03\x04": "xlsx",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"SQLite format 3\x00": "sqlite",
}
"""First bytes of files that are not text."""

_UNPACK = {"gzip": gzip.decompress, "bzip2": bz2.decompress, "xz": lzma.decompress}

_BASES = ("duckdb:", "sqlite:")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a file is written, where that is not to be guessed. Errors call the parts as the command line does.

    Attributes
    ----------
    delimiter : str, optional
        What stands between columns: one character; a space for any run of spaces.
    decimal, thousands : str, optional
        The decimal sign, ``"."`` or ``","``, and what stands between thousands: ``","``, ``"."``, ``"'"`` or ``" "``.
    na_values : tuple of str
        Texts that stand for a missing value, besides the usual ones.
    encoding : str, optional
        As Python calls it: ``"utf-16"``, ``"latin-1"``.
    comment : str, optional
        Lines that begin with it are left out.
    event_value : str, optional
        What stands for an event in the column of events; all else is none.
    sheet : str, optional
        Name, or number from 1, of a sheet of a spreadsheet.
    sql : str, optional
        The query, for a data base: ``duckdb:file.db``, ``sqlite:file.db``.
    time_unit : str, optional
        The unit of the numbers that columns of durations and dates become; see `durations`.
    since : str, optional
        From when dates are counted: a date, or the name of a column of dates.

    Raises
    ------
    ParameterError
        If a part is not one of these, or two contradict each other.
    """

    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    na_values: tuple[str, ...] = ()
    encoding: str | None = None
    comment: str | None = None
    event_value: str | None = None
    sheet: str | None = None
    sql: str | None = None
    time_unit: str | None = None
    since: str | None = None

    def __post_init__(self) -> None:
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name != "na_values" and value is not None:
                text(value, f"--{part.name.replace('_', '-')}")
        for mark in self.na_values:
            text(mark, "--na-values")
        object.__setattr__(self, "delimiter", {"\\t": "\t", "tab": "\t"}.get(str(self.delimiter), self.delimiter))
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise ParameterError(f"--delimiter: expected one character, or 'tab', got {self.delimiter!r}.")
        if self.decimal not in (None, ".", ","):
            raise ParameterError(f"--decimal: expected . or , and got {self.decimal!r}.")
        if self.thousands is not None and self.thousands not in SEPARATORS:
            raise ParameterError(f"--thousands: expected one of , . ' or a space, got {self.thousands!r}.")
        if self.thousands is not None and self.thousands == self.decimal:
            raise ParameterError(f"--thousands and --decimal are both {self.decimal!r}.")
        if self.comment == "":
            raise ParameterError("--comment: expected what comments begin with, got nothing.")
        if self.time_unit is not None:
            from mle_toolkit.data.durations import SECONDS

            choice(self.time_unit, "--time-unit", tuple(SECONDS))
        elif self.since is not None:
            raise ParameterError("--since needs --time-unit, the unit of the numbers that dates become: days.")

    @property
    def style(self) -> Style:
        """How its numbers are written."""
        return Style(self.decimal, self.thousands, frozenset(mark.strip() for mark in self.na_values))


GUESSED = Reading()
"""Everything is found out from the file."""


@dataclass(frozen=True)
class Grid:
    """Rows of cells without types: texts, and numbers where the file has them.

    Attributes
    ----------
    label : str
        How errors call it.
    rows : callable
        Rows with their number in the file, the header first; each call reads again from the beginning.
    place : str
        What the numbers count: ``"line"`` or ``"row"``.
    said : list of str
        What was guessed.
    """

    label: str
    rows: Callable[[], Iterator[tuple[int, list[Any]]]]
    place: str = "line"
    said: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Typed:
    """Columns that have types, as Arrow calls them.

    Attributes
    ----------
    label : str
        How errors call it.
    names : list of str
        In the order of the file.
    column : callable
        Gives a column by its name, as one of Arrow.
    kind : callable
        Gives the type of a column.
    """

    label: str
    names: list[str]
    column: Callable[[str], Any]
    kind: Callable[[str], Any]


def is_base(source: str) -> bool:
    """Whether a data base is asked, not a file read."""
    return source.startswith(_BASES)


@contextmanager
def opened(source: str, reading: Reading) -> Iterator[Grid | Typed]:
    """Open a file of any kind, by what it begins with.

    Parameters
    ----------
    source : str
        A path, ``"-"`` for standard input, ``"duckdb:PATH"`` or ``"sqlite:PATH"``, or ``"scheme://..."`` as fsspec
        reads it.
    reading : Reading
        How it is written.

    Raises
    ------
    DataError
        If it is not what it seems, or a package is missing that reads it.
    ParameterError
        If ``sql`` or ``sheet`` is given for something else, or is missing.
    OSError
        If the file cannot be opened.
    """
    if is_base(source):
        yield _base(source, reading)
        return
    if reading.sql is not None:
        raise ParameterError("--sql is for data bases: duckdb:FILE, sqlite:FILE.")
    if source == "-":
        if sys.stdin is None:  # closed by who started us
            raise DataError("standard input: closed; pipe the data in, or name a file")
        yield _file(cast(io.BufferedReader, sys.stdin.buffer), "standard input", reading)
        return
    with open_far(source) if is_far(source) else open(source, "rb") as stream:
        yield _file(stream, source, reading)


def _file(stream: io.BufferedReader, label: str, reading: Reading) -> Grid | Typed:
    head = stream.peek(16)[:16]
    kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "text")
    if kind == "bzip2" and head[4:10] != b"1AY&SY":
        kind = "text"  # that begins with these letters
    if kind in _UNPACK:
        try:
            return _file(io.BufferedReader(io.BytesIO(_UNPACK[kind](stream.read()))), label, reading)
        except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
            raise DataError(f"{label}: not readable as {kind}: {error}") from None
    if reading.sheet is not None and kind != "xlsx":
        raise ParameterError("--sheet is for spreadsheets (.xlsx).")
    if kind == "sqlite":
        raise DataError(f"{label}: a data base; ask it: sqlite:{label} with --sql 'select ...'")
    if kind in ("Parquet", "Arrow", "Arrow stream"):
        return _arrow(stream, label, kind)
    if kind == "xlsx":
        return _packed(io.BytesIO(stream.read()), label, reading)
    controls = 0 if reading.encoding else sum(byte < 9 or 13 < byte < 28 for byte in head)
    if controls > 2 and not head.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" not in (head[:1], head[1:2]):
        raise DataError(f"{label}: neither text nor a file of a kind that is read here: it begins with {head[:8]!r}")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"{", b"[")):
        return _json(stream, label)
    text = text_of(stream, label, encoding=reading.encoding, delimiter=reading.delimiter, comment=reading.comment)
    return Grid(label, text.rows, said=text.said)


def _arrow(stream: io.BufferedReader, label: str, kind: str) -> Typed:
    needs(f"{label}: reading {kind}", "pyarrow", "arrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = stream if stream.seekable() else io.BytesIO(stream.read())
    try:
        if kind == "Parquet":
            file = pq.ParquetFile(whole)
            schema, column = file.schema_arrow, lambda name: file.read([name])[name]
        else:
            opened = pa.ipc.open_file if kind == "Arrow" else pa.ipc.open_stream
            table = opened(pa.BufferReader(whole.read())).read_all()
            schema, column = table.schema, table.column
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{label}: not a readable {kind} file: {str(error).splitlines()[0]}") from None
    return Typed(label, schema.names, column, lambda name: schema.field(name).type)


def _packed(stream: io.BytesIO, label: str, reading: Reading) -> Grid | Typed:
    """A spreadsheet, which is an archive, or the file that is alone in another one."""
    try:
        with zipfile.ZipFile(stream) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
            if not any(name in names for name in ("[Content_Types].xml", "xl/workbook.xml")):
                if len(names) != 1:
                    raise DataError(f"{label}: an archive of {len(names)} files ({listed(names)}); unpack one of them")
                return _file(io.BufferedReader(io.BytesIO(archive.read(names[0]))), label, reading)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error) as error:
        raise DataError(f"{label}: not a readable spreadsheet (.xlsx) or archive: {error}") from None
    return _spreadsheet(stream, label, reading)


def _spreadsheet(stream: io.BytesIO, label: str, reading: Reading) -> Grid:
    needs(f"{label}: reading spreadsheets", "openpyxl", "excel")
    import openpyxl

    try:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
    except (
        Exception
    ) as error:  # whatever a damaged archive makes of its reader: zipfile, xml and openpyxl raise their own
        raise DataError(f"{label}: not a readable spreadsheet (.xlsx): {str(error) or type(error).__name__}") from None
    names, said = book.sheetnames, []
    if reading.sheet is None:
        name = names[0]
        if len(names) > 1:
            said.append(f"sheet {name!r}, the first of {len(names)} (--sheet names another)")
    elif (same := named(reading.sheet, names)) is not None:
        name = same
    elif reading.sheet.isdigit() and 1 <= int(reading.sheet) <= len(names):
        name = names[int(reading.sheet) - 1]
    else:
        raise DataError(f"{label}: no sheet {reading.sheet!r}; sheets: {', '.join(names)}")
    rows = list(book[name].iter_rows(values_only=True))
    above = _titles(rows)
    if above:
        said.append(f"{above} row{'s' * (above > 1)} above the header left out")
    table = list(_filled(iter(rows), above))
    return Grid(label, lambda: iter(table), "row", said)


def _titles(rows: Sequence[tuple[Any, ...]]) -> int:
    """How many rows above the header are titles: a text in one cell, before a row of several texts."""
    for number, row in enumerate(rows):
        cells = [cell for cell in row if cell is not None]
        if not all(isinstance(cell, str) for cell in cells):
            return 0
        if len(cells) > 1:
            return number if any(cell is not None for above in rows[:number] for cell in above) else 0
    return 0


def _filled(rows: Iterator[tuple[Any, ...]], above: int) -> Iterator[tuple[int, list[Any]]]:
    """Rows from the first that has cells, below those above the header, to the last; as wide as the header."""
    width, empty = 0, 0
    for number, cells in enumerate(rows, 1):
        row = list(cells) if number > above else []
        if all(cell is None for cell in row):
            empty += 1
            continue
        if not width:
            while row[-1] is None:
                row.pop()
            width = len(row)
            yield number, ["" if cell is None else str(cell) for cell in row]
            empty = 0
            continue
        for missing in range(number - empty, number):
            yield missing, [None] * width
        empty = 0
        yield number, row[:width] + [None] * (width - len(row)) if not any(c is not None for c in row[width:]) else row


def _json(stream: io.BufferedReader, label: str) -> Grid:
    """Objects, one a line, or an array of them; a name that an object lacks is missing there."""
    try:
        text = stream.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{label}: not UTF-8 text, as JSON is: {error}") from None
    said: list[str] = []
    place, number = "line", 0
    records: list[tuple[int, Any]] = []
    try:
        whole = json.loads(text)
    except RecursionError as error:
        raise DataError(f"{label}: the file is not JSON that can be read: {error}") from None
    except ValueError as wrong:
        if text.lstrip().startswith("["):
            raise DataError(f"{label}: the file is not JSON: {wrong}") from None
        try:
            for number, line in enumerate(text.split("\n"), 1):
                if line.strip():
                    records.append((number, json.loads(line)))
        except (ValueError, RecursionError) as error:
            raise DataError(f"{label}: line {number} is not JSON: {error}") from None
    else:
        place = "record"
        records = list(enumerate(_records_in(whole, label, said), 1))
    for number, record in records:
        if not isinstance(record, dict):
            raise DataError(f"{label}: {place} {number} is not an object with names and values")
    names = list(dict.fromkeys(name for _, record in records for name in record))
    if not names:
        raise DataError(f"{label}: no record with names and values")
    if len(names) > MOST_COLUMNS:
        raise DataError(f"{label}: {len(names):,} names; a table has {MOST_COLUMNS:,} columns at most")

    def rows() -> Iterator[tuple[int, list[Any]]]:
        yield 0, list(names)
        for number, record in records:
            yield number, [record.get(name) for name in names]

    return Grid(label, rows, place, said)


def _records_in(whole: Any, label: str, said: list[str]) -> Sequence[Any]:
    """Records of a JSON text: an array of them, perhaps under a name; columns by name; or one record."""
    if not isinstance(whole, dict):
        return whole if isinstance(whole, list) else [whole]
    lists = {name: value for name, value in whole.items() if isinstance(value, list)}
    under = [name for name, value in lists.items() if value and all(isinstance(entry, dict) for entry in value)]
    if len(under) > 1:
        raise DataError(f"{label}: records under each of {listed(under)}; write those of one of them to a file")
    if under:
        said.append(f"the records under {under[0]!r}")
        return lists[under[0]]
    columns = {name: dict(enumerate(v)) if isinstance(v, list) else v for name, v in whole.items()}
    if not columns or not all(isinstance(column, dict) for column in columns.values()):
        return [whole]
    lengths = {name: len(column) for name, column in lists.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{label}: columns of several lengths: {listed([f'{k} ({n:,})' for k, n in lengths.items()])}")
    keys = dict.fromkeys(key for column in columns.values() for key in column)
    said.append("an object of columns")
    return [{name: column[key] for name, column in columns.items() if key in column} for key in keys]


def _base(source: str, reading: Reading) -> Grid:
    """What a query finds."""
    kind, _, path = source.partition(":")
    if reading.sql is None:
        raise ParameterError(f"{source}: say what to read of it: --sql 'select x from t'.")
    if not Path(path).is_file():
        raise DataError(f"{source}: no such file: {path!r}")
    asked = (_asked_sqlite if kind == "sqlite" else _asked_duckdb)(path, reading.sql)
    if isinstance(asked, str):
        raise DataError(f"{source}: {asked}")
    names, table = asked
    if not names:
        raise DataError(f"{source}: the query gives no columns")
    return Grid(source, lambda: iter([(0, list(names)), *enumerate(table, 1)]), "row")


def _asked_sqlite(path: str, sql: str) -> tuple[list[str], list[list[Any]]] | str:
    """Names and rows, or why there are none."""
    try:
        with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as base:
            found = base.execute(sql)
            return [str(column[0]) for column in found.description or ()], [list(row) for row in found]
    except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
        return str(error)


def _asked_duckdb(path: str, sql: str) -> tuple[list[str], list[list[Any]]] | str:
    """Names and rows, or why there are none."""
    try:
        import duckdb
    except ModuleNotFoundError:
        return "reading it needs duckdb: pip install 'mle-toolkit[duckdb]'"
    try:
        with duckdb.connect(path, read_only=True) as base:
            found = base.execute(sql)
            return [str(column[0]) for column in found.description or ()], [list(row) for row in found.fetchall()]
    except duckdb.Error as error:
        return str(error).splitlines()[0]
