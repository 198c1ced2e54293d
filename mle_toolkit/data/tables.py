"""Columns of files: CSV from a path or from standard input, Parquet, spreadsheets, ... and the package's data sets."""

from __future__ import annotations

import datetime
import itertools
import re
import warnings
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mle_toolkit.data import datasets
from mle_toolkit.data.cells import MISSING, NotNumbersError, decimals, events, may_be_number, numbers, plain
from mle_toolkit.data.checks import NanPolicy
from mle_toolkit.data.far import is_far
from mle_toolkit.data.form import EXACT, Form
from mle_toolkit.data.naming import listed, named, nearest
from mle_toolkit.data.reading import GUESSED, Grid, Reading, Typed, is_base, opened
from mle_toolkit.data.sample import Sample
from mle_toolkit.data.times import HINT, hint, times, typed_times
from mle_toolkit.errors import DataError, ParameterError, UnknownNameError
from mle_toolkit.options import file_name, texts

SCANNED_ROWS = 10_000_000
"""Rows of a Parquet file above which a column is read in blocks: up to there it is soon read and sorted."""


SCANNED_BYTES = 200_000_000
"""Size of a CSV file above which a column is read in blocks: row by row it would take minutes."""


_DATE = re.compile(r"\d{4}-\d\d?-\d\d?([T ]\d\d?:\d\d.*)?$")
"""How ISO 8601 writes a date, with or without a time of day."""


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
    said : mapping of str to list of str
        What was guessed of a column; of the file as a whole under an empty name.
    """

    label: str
    columns: Mapping[str, Any]
    form: Form = EXACT
    said: Mapping[str, Sequence[str]] = field(default_factory=dict)

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
        found = named(name, list(self.columns))
        if found is None:
            known = nearest(name, self.numeric) or "none"
            raise UnknownNameError(f"column {name!r} not found; numeric columns: {known}")
        values = self.columns[found]
        if isinstance(values, NotNumeric):
            raise DataError(f"column {found!r}: {values.reason}")
        return values

    def say(self, names: Iterable[str]) -> None:
        """Warn of what was guessed of the file and of the columns of these names."""
        clauses = list(self.said.get("", ()))
        for name in dict.fromkeys(named(name, list(self.columns)) or name for name in names):
            clauses += [f"column {name!r}: {', '.join(self.said[name])}"] if self.said.get(name) else []
        if clauses:
            warnings.warn(f"{self.label}: {'; '.join(clauses)}", stacklevel=2)

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
    source: str,
    form: Form = EXACT,
    nan_policy: NanPolicy = "raise",
    *,
    in_memory: bool = False,
    reading: Reading = GUESSED,
) -> tuple[str, Sample]:
    """Read the columns of a file that make a sample; from a large one in blocks, for every pass anew.

    Exact values, with or without weights, are read in blocks (`scan`) from Parquet files of more than `SCANNED_ROWS`
    rows, CSV files of more than `SCANNED_BYTES`, compressed CSV files and folders. All else is held in memory.

    Parameters
    ----------
    source : str
        Path of a file of text, a spreadsheet, a Parquet, Arrow or JSON file, or of a folder of CSV or Parquet files;
        ``"-"`` for standard input, ``"duckdb:PATH"`` or ``"sqlite:PATH"`` for a data base, ``"s3://bucket/file"`` and
        whatever else fsspec reads, ``"@name"`` for a data set of the package.
    form : Form, optional
        What the columns hold. The column of values may be left out where only one of numbers is left; a data set brings
        its own form, of which what is given here takes the place.
    nan_policy : {"raise", "omit"}
        What to do with missing values.
    in_memory : bool
        Hold all rows, however many, because more than sums is wanted of them.
    reading : Reading, optional
        How the file is written. What is guessed of it is said in a warning.

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
    if _is_read_in_blocks(source, form, in_memory or reading != GUESSED):
        from mle_toolkit.data.scan import scan_file

        return scan_file(
            Path(source), form.column, weights=form.weights, weight_kind=form.weight_kind, nan_policy=nan_policy
        )
    seen = [name for name in (form.event, form.observed) if name is not None]
    table = read_table(source, form.names if form.says_what else None, reading, seen)
    form = form.over(table.form)
    for name in form.names:
        table.column(name)  # one that is not there is said before the question which one is meant
    if not form.says_what:
        form = replace(form, column=table.only_column(form.names))
    table.say(form.names)
    return form.label, form.sample(table.column, nan_policy)


def in_blocks(source: str, reading: Reading = GUESSED) -> bool:
    """Whether a file is so large, or such a folder, that columns of it are read in blocks."""
    path = Path(source)
    if _is_no_path(source) or reading != GUESSED or find_spec("pyarrow") is None:
        return False
    return path.is_dir() or source.endswith(".csv.gz") or _is_large(path)


def _is_read_in_blocks(source: str, form: Form, in_memory: bool) -> bool:
    path = Path(source)
    if _is_no_path(source):
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


def _is_no_path(source: str) -> bool:
    return source == "-" or source.startswith("@") or is_base(source) or is_far(source)


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


def read_table(
    source: str,
    wanted: Iterable[str] | None = None,
    reading: Reading = GUESSED,
    seen: Collection[str] = (),
) -> Table:
    """Read columns of a file, of standard input, of a data base or of a data set.

    Parameters
    ----------
    source : str
        As for `read_sample`.
    wanted : iterable of str, optional
        Columns to convert; all by default, and where one of them is not there, so that the error can list
        what is.
    reading : Reading, optional
        How the file is written.
    seen : collection of str
        The columns that say whether an event was seen, in numbers or words.
    """
    if source.startswith("@"):
        data = datasets.load(source[1:])
        return Table(source, data.columns, data.form)
    with opened(source, reading) as content:
        if isinstance(content, Typed):
            return _typed_table(content, wanted, reading, seen)
        return _table(content, wanted, reading, seen)


def read_frame(source: str, wanted: Iterable[str], reading: Reading = GUESSED, seen: Collection[str] = ()) -> Any:
    """Read columns of any type, such as keys, as a frame of pandas: numbers where all cells are, else texts.

    Parameters
    ----------
    source : str
        As for `read_sample`.
    wanted : iterable of str
        Columns to read.
    reading : Reading, optional
        How the file is written.
    seen : collection of str
        Columns that say what was an event, or was observed, perhaps in words.

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
    frame = _frame(source, names, reading, seen)
    return frame[[named(name, list(frame.columns)) for name in names]].set_axis(names, axis=1)


def read(
    path: Any,
    columns: Iterable[str] | None = None,
    *,
    delimiter: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    na_values: str | Iterable[str] = (),
    encoding: str | None = None,
    comment: str | None = None,
    sheet: str | int | None = None,
    sql: str | None = None,
) -> Any:
    r"""Read a file as people have them; what is guessed of it is said in a warning.

    Decimal commas, thousands set apart, currencies and percentages, ``-`` where a number is missing, UTF-16 and
    Latin-1, comments, Excel's ``sep=;``, spaces between columns. Where a number can be read in two ways, it is not
    guessed, but asked for.

    Parameters
    ----------
    path : str or path
        CSV and other text, ``.xlsx`` (extra ``[excel]``), JSON lines, Parquet and Arrow files (extra ``[arrow]``),
        ``"-"`` for standard input, ``"duckdb:file.db"`` (extra ``[duckdb]``) and ``"sqlite:file.db"`` with ``sql``,
        ``"s3://bucket/file"``, ``"https://..."`` and whatever else fsspec reads (extra ``[remote]``), ``"@name"`` for a
        data set of the package.
    columns : iterable of str, optional
        Columns to read; all by default.
    delimiter : str, optional
        What stands between columns; a space for any run of spaces.
    decimal, thousands : str, optional
        The decimal sign, and what stands between thousands.
    na_values : str or iterable of str
        Texts that stand for a missing value, besides the usual ones.
    encoding : str, optional
        As Python calls it.
    comment : str, optional
        What comments begin with.
    sheet : str or int, optional
        Sheet of a spreadsheet, by name or from 1.
    sql : str, optional
        The query, for a data base.

    Returns
    -------
    DataFrame
        Of pandas. A column is of numbers where all its cells are, with NaN for missing ones; of dates where all are
        dates as ISO 8601 writes them; else of texts.

    Raises
    ------
    DataError
        If it is not readable as a table; with the line.
    UnknownNameError
        If a column is not there.
    ParameterError
        If an option is not one of those above.
    OSError
        If the file cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> import mle_toolkit as mle
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/losses.csv"
    ...     with open(path, "w", encoding="utf-8") as file:
    ...         _ = file.write("region;loss\nNord;1.234,50\nSüd;98,10\n")
    ...     frame = mle.read(path, decimal=",", thousands=".")
    >>> frame["loss"].tolist()
    [1234.5, 98.1]
    """
    names = None if columns is None else list(dict.fromkeys(texts(columns, "columns")))
    reading = Reading(
        delimiter=delimiter,
        decimal=decimal,
        thousands=thousands,
        na_values=texts(na_values, "na_values"),
        encoding=encoding,
        comment=comment,
        sheet=None if sheet is None else str(sheet),
        sql=sql,
    )
    return _frame(file_name(path), names, reading)


def _frame(source: str, names: list[str] | None, reading: Reading, seen: Collection[str] = ()) -> Any:
    import pandas as pd

    if source.startswith("@"):
        data = datasets.load(source[1:]).columns
        _check_there(names or (), list(data))
        return pd.DataFrame({name: data[name] for name in names or data})
    with opened(source, reading) as content:
        if isinstance(content, Typed):
            _check_there(names or (), content.names)
            chosen = _chosen(content.names, names)
            events = _typed_table(content, seen, reading, seen) if seen else None
            in_words = {} if events is None else {name: events.column(name) for name in events.said}
            if events is not None:
                events.say(in_words)
            told = {} if reading.time_unit is None else _typed_table(content, chosen, reading, seen).columns
            in_words |= {
                name: values for name, values in told.items() if isinstance(values, np.ndarray) and name not in in_words
            }
            return pd.DataFrame(
                {name: in_words[name] if name in in_words else content.column(name).to_pandas() for name in chosen}
            )
        table = _table(content, names, reading, seen)
        _check_there(names or (), list(table.columns))
        texts = [name for name, values in table.columns.items() if isinstance(values, NotNumeric)]
        cells = _cells(content, texts) if texts else {}
    table.say(table.columns)
    return pd.DataFrame(
        {n: _any_type(cells[n], reading) if n in cells else _whole(v) for n, v in table.columns.items()}
    )


def _whole(values: Any) -> Any:
    """Numbers as integers where all are, as keys and levels are."""
    if len(values) and np.all(np.abs(values) < 2**53) and np.all(values == np.floor(values)):
        return values.astype(np.int64)
    return values


def _any_type(cells: list[Any], reading: Reading) -> Any:
    """Dates where all cells are, else texts; missing ones are None."""
    import pandas as pd

    gone = MISSING | reading.style.missing
    stripped = [cell if isinstance(cell, datetime.date) else str(cell).strip() for cell in cells]
    texts = [None if cell is None or text in gone else text for cell, text in zip(cells, stripped, strict=True)]
    there = [text for text in texts if text is not None]
    if there and all(isinstance(t, datetime.date) or _DATE.match(t) for t in there):
        try:
            return pd.to_datetime(pd.Series(texts, dtype=object), format="ISO8601")
        except ValueError:
            pass  # texts that only look like dates
    return pd.Series([None if text is None else str(text) for text in texts], dtype=object)


def _check_there(names: Iterable[str], columns: Collection[str]) -> None:
    for name in names:
        if named(name, columns) is None:
            raise UnknownNameError(f"column {name!r} not found; columns: {nearest(name, columns)}")


def _table(grid: Grid, wanted: Iterable[str] | None, reading: Reading, seen: Collection[str]) -> Table:
    """Convert row by row: about a second for a million rows, and every error knows its line.

    What is written as Python writes numbers is read at once; a column with other cells is read again, as a whole.
    """
    header, has_header, said = header_of(grid)
    if reading.event_value is not None and not seen:
        raise ParameterError("--event-value needs --event, the column of events.")
    chosen = {name: array("d") for name in _chosen(header, wanted)}
    place_of = {name: k for k, name in enumerate(header)}
    places = [(place_of[name], name, values) for name, values in chosen.items()]
    odd: dict[str, tuple[int, Any]] = {}
    for number, row in records_of(grid, header, has_header):
        for place in places:
            cell = row[place[0]]
            value = plain(cell)
            if value is None:
                odd[place[1]] = number, cell
                places = [other for other in places if other[1] not in odd]
            else:
                place[2].append(value)
    columns: dict[str, Any] = {
        name: NotNumeric(f"{grid.place} {odd[name][0]} is {odd[name][1]!r:.60}, not a number{hint(odd[name][1])}")
        if name in odd
        else np.array(values)
        for name, values in chosen.items()
    }
    heard = {found for name in seen if (found := named(name, header)) is not None}
    again = [n for n in chosen if n in heard or (n in odd and may_be_number(str(odd[n][1]), reading.style))]
    asked = bool(reading.style.missing or reading.decimal == "," or reading.thousands)
    if again or asked:
        cells = _cells(grid, header)
        signs = {name: decimals(cells[name], reading.style) for name in header}
        if asked or any("," in found for found in signs.values()):
            again += [name for name in chosen if name not in again and name not in odd]
        for name in again:
            around = set().union(*(found for other, found in signs.items() if other != name))
            try:
                if name in heard:
                    columns[name], guessed = events(cells[name], reading.event_value)
                else:
                    columns[name], guessed = numbers(cells[name], reading.style, around)
            except NotNumbersError as error:
                columns[name] = NotNumeric(f"{_place(grid, header, has_header, error.place)}{error.reason}")
                guessed = [f"left as text, as it {error.reason}"] if error.place is None else []
            said[name] = [*said.get(name, ()), *guessed]
    if reading.time_unit is not None:
        texts = [name for name, values in columns.items() if isinstance(values, NotNumeric) and name not in heard]
        start = None if reading.since is None else named(reading.since, header)
        cells = _cells(grid, texts if start is None else [*texts, start])
        origin = reading.since if start is None else cells[start]
        for name in texts:
            try:
                columns[name] = times(cells[name], reading.time_unit, origin, reading.style.missing)
            except NotNumbersError as error:
                columns[name] = NotNumeric(f"{_place(grid, header, has_header, error.place)}{error.reason}")
    return Table(grid.label, columns, said=said)


def _place(grid: Grid, header: list[str], has_header: bool, row: int | None) -> str:
    """Where in the file a row is."""
    if row is None:
        return ""
    number, _ = next(itertools.islice(records_of(grid, header, has_header), row, None))
    return f"{grid.place} {number} "


def _cells(grid: Grid, names: Collection[str]) -> dict[str, list[Any]]:
    """Columns as they stand in the file."""
    header, has_header, _ = header_of(grid)
    places = [(name, header.index(name)) for name in names]
    cells: dict[str, list[Any]] = {name: [] for name in names}
    for _, row in records_of(grid, header, has_header):
        for name, place in places:
            cells[name].append(row[place])
    return cells


def header_of(grid: Grid) -> tuple[list[str], bool, dict[str, list[str]]]:
    """Names of the columns, whether the first row gives them, and what was guessed of the file."""
    said = {"": list(grid.said)}
    first = next(grid.rows(), None)
    if first is None:
        raise DataError(f"{grid.label}: empty, without even a header")
    names = [str(name).strip() for name in first[1]]
    if all(plain(name) is not None and name not in MISSING for name in names):
        # A column of bare numbers, as other programs print it into a pipe.
        names = [str(k + 1) for k in range(len(names))]
        said[""].append(f"no header; the columns are called {listed(names)}")
        return names, False, said
    names[0] = names[0].removeprefix("#").lstrip() or names[0]
    counts = Counter(names)
    taken = set(names)
    unique: list[str] = []
    for name in names:
        other, k = name, 0
        while other in unique and other:
            k += 1
            other = f"{name}.{k}" if f"{name}.{k}" not in taken else other
        unique.append(other)
    for name, count in counts.items():
        if name and count > 1:
            others = [u for u, n in zip(unique, names, strict=True) if n == name][1:]
            for one in (name, *others):
                said[one] = [f"{count} columns are called {name!r}; the later ones are {listed(others)} here"]
    return unique, True, said


def records_of(grid: Grid, header: list[str], has_header: bool) -> Iterator[tuple[int, list[Any]]]:
    """Rows below the header, with their number in the file."""
    rows = grid.rows()
    if has_header:
        next(rows)
    n_blank, last = 0, 0
    for number, row in rows:
        if not row:
            n_blank += 1
            continue
        if len(row) != len(header):
            raise DataError(f"{grid.label}: {grid.place} {number} has {len(row)} of {len(header)} fields")
        if n_blank and len(header) == 1:
            # In a file of one column an empty line is an empty cell; at the end of the file it is nothing.
            for k in range(n_blank):
                yield last + 1 + k, [""]
        n_blank, last = 0, number
        yield number, row


def _typed_table(content: Typed, wanted: Iterable[str] | None, reading: Reading, seen: Collection[str]) -> Table:
    import pyarrow as pa

    for name, count in Counter(content.names).items():
        if count > 1:
            raise DataError(f"{content.label}: the header has column {name!r} {count} times")
    heard = {named(name, content.names) for name in seen}
    columns: dict[str, Any] = {}
    said: dict[str, list[str]] = {}
    for name in _chosen(content.names, wanted):
        kind = content.kind(name)
        is_number = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
        of = kind.value_type if pa.types.is_dictionary(kind) else kind
        is_text = pa.types.is_string(of) or pa.types.is_large_string(of)
        try:
            if name in heard and (is_text or reading.event_value is not None):
                columns[name], said[name] = events(content.column(name).to_pylist(), reading.event_value)
            elif any(check(of) for check in is_number):
                columns[name] = content.column(name)
            elif reading.time_unit is not None and (is_text or pa.types.is_temporal(of)):
                columns[name] = typed_times(content, name, reading)
            else:
                columns[name] = NotNumeric(
                    f"its type is {kind}, not a number{HINT if pa.types.is_temporal(of) else ''}"
                )
        except NotNumbersError as error:
            columns[name] = NotNumeric(f"{'' if error.place is None else f'row {error.place} '}{error.reason}")
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{content.label}: not readable: {str(error).splitlines()[0]}") from None
    return Table(content.label, columns, said=said)


def _chosen(header: list[str], wanted: Iterable[str] | None) -> list[str]:
    """Columns to convert: those wanted if all are there, else every one, for the error to list."""
    if wanted is not None:
        found = [named(name, header) for name in dict.fromkeys(wanted)]
        if None not in found:
            return [name for name in dict.fromkeys(found) if name is not None]
    return list(dict.fromkeys(header))
