"""Columns from elsewhere: lists, NumPy, pandas, polars and pyarrow become one float64 array."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.errors import DataError
from mle_toolkit.options import number, shown

_NUMERIC_KINDS = "biuf"
_FORMATS = frozenset("hHiIlLqQfd?")
"""Of a memoryview of numbers, as `struct` names them; bytes are none."""


def to_column(data: Any, what: str = "data") -> tuple[Array, Mask | None]:
    """Turn a column of numbers into a float64 array and the mask of its missing entries.

    Parameters
    ----------
    data : array_like or Series
        List, tuple, range, memoryview, NumPy array (masked, bool, object of Python numbers), pandas or polars Series
        (also sparse, categorical of numbers, nullable, Decimal), pyarrow Array or ChunkedArray (also a dictionary of
        numbers), a table of one column. A scalar, a string or more than one dimension is refused; an array of shape
        (n, 1) is refused too, because it may be one observation of n numbers.
    what : str
        How errors call the column.

    Returns
    -------
    values : ndarray of shape (n,)
        Missing entries are NaN.
    missing : ndarray of bool of shape (n,), or None
        Entries that the container itself marks as missing (mask, null); None where it marks none. NaN
        is not counted here: see `mle_toolkit.data.sample.Sample`.

    Raises
    ------
    DataError
        If the data are not one column of real numbers.

    Examples
    --------
    >>> to_column([1, 2, None])
    (array([ 1.,  2., nan]), array([False, False,  True]))
    """
    if type(data) is np.ndarray:
        return _from_numpy(data, what), None
    if isinstance(data, np.ma.MaskedArray):
        missing = np.ma.getmaskarray(data)
        values = _from_numpy(np.array(data.data, dtype=data.dtype), what)
        if not missing.any():
            return values, None
        values = values.copy()
        values[missing] = np.nan
        return values, missing
    if isinstance(data, (bytearray, memoryview)) and not (isinstance(data, memoryview) and data.format in _FORMATS):
        raise DataError(f"{what}: expected a column of numbers, got a {type(data).__name__} of bytes.")
    if isinstance(data, memoryview):
        return _from_numpy(np.asarray(data), what), None
    if isinstance(data, (str, bytes)) or np.isscalar(data) or data is None:
        raise DataError(f"{what}: expected a column of numbers, got {type(data).__name__} {data!r:.60}.")
    if isinstance(data, (dict, set, frozenset)):
        raise DataError(f"{what}: expected a column of numbers, got a {type(data).__name__}; pass one list or array.")
    if not isinstance(data, (list, tuple, range, np.ndarray)):
        return _from_container(data, what)
    return _from_objects(data, what)


def name_of(data: Any) -> str | None:
    """Name of a Series, or of the only column of a table; None where there is none."""
    if isinstance(data, (np.ndarray, list, tuple)):
        return None
    name = getattr(data, "name", None)
    if isinstance(name, str):
        return name or None
    columns = getattr(data, "column_names", None) or getattr(data, "columns", None)
    return str(columns[0]) if columns is not None and not callable(columns) and len(columns) == 1 else None


def to_rows(data: Any, what: str = "data") -> Array:
    """Turn a table of numbers into a float64 array of shape (n, d), missing entries as NaN.

    Parameters
    ----------
    data : array_like of shape (n, d), or table
        List of lists, NumPy array (also masked), pandas, polars or pyarrow table with numeric columns. One column is
        refused: give ``x.reshape(-1, 1)`` for vectors of one number.
    what : str
        How errors call the table.

    Raises
    ------
    DataError
        If the data are not a table of real numbers.

    Examples
    --------
    >>> to_rows([[1, 2], [3, None]])
    array([[ 1.,  2.],
           [ 3., nan]])
    """
    if type(data) is not np.ndarray and not isinstance(data, (np.ma.MaskedArray, list, tuple, str)):
        import narwhals as nw

        frame = nw.from_native(data, pass_through=True)
        if isinstance(frame, nw.DataFrame):
            columns = [to_column(frame.get_column(name).to_native(), f"column {name!r}")[0] for name in frame.columns]
            return np.column_stack(columns) if columns else np.empty((0, 0))
        if isinstance(frame, nw.LazyFrame):
            raise DataError(f"{what}: expected a table in memory, got a lazy one; collect it first.")
        if not hasattr(data, "__array__"):
            raise DataError(f"{what}: expected a table of numbers, got {type(data).__name__}.")
        data = np.asarray(data)
    if not isinstance(data, np.ndarray):
        try:
            data = np.asarray(data)
        except (ValueError, OverflowError) as error:
            raise DataError(f"{what}: expected rows of equal length ({error}).") from error
    if data.ndim != 2:
        raise DataError(
            f"{what}: expected a table of shape (n, d), one observation a row, got shape {data.shape}; "
            f"for vectors of one number pass x.reshape(-1, 1)."
        )
    if type(data) is np.ndarray and data.dtype.kind in _NUMERIC_KINDS:
        return np.ascontiguousarray(data, dtype=np.float64)
    columns = [to_column(data[:, k], f"column {k}")[0] for k in range(data.shape[1])]
    return np.column_stack(columns) if columns else np.empty(data.shape)


def column_of(columns: Any, value: Any, what: str) -> Any:
    """One number, or a column of numbers: given itself, or by its name in columns (a `Columns`, or None)."""
    if isinstance(value, str):
        if columns is None:
            raise DataError(f"{what}: {value!r} names a column, but there is no frame; give the values.")
        return columns.numbers(value)
    return number(value, what, error=DataError) if np.ndim(value) == 0 else to_column(value, what)[0]


def as_given(columns: dict[str, Array], frame: Any, *, alone: bool = True) -> Any:
    """Columns as a frame of the kind of another: of pandas (with its index), polars, pyarrow.

    Arrays for an array; pandas where there is none, or a dict. One column alone is a series, if ``alone``.
    """
    alone = alone and len(columns) == 1
    if isinstance(frame, np.ndarray):
        return next(iter(columns.values())) if alone else np.stack(list(columns.values()), axis=1)
    import narwhals as nw

    given = nw.from_native(frame, pass_through=True)
    if isinstance(given, nw.DataFrame) and not given.implementation.is_pandas():
        made = nw.from_dict(dict(columns), backend=given.implementation)
        return made.get_column(next(iter(columns))).to_native() if alone else made.to_native()
    import pandas as pd

    found = pd.DataFrame(columns, index=frame.index if isinstance(given, nw.DataFrame) else None)
    return found.iloc[:, 0] if alone else found


def rows_of(frame: Any, rows: NDArray[np.intp], n_rows: int) -> Any:
    """Some rows of a frame, with one column: its kind, and its index; None of what is no frame of so many rows."""
    import narwhals as nw

    given = nw.from_native(frame, pass_through=True)
    if not isinstance(given, nw.DataFrame) or given.shape[0] != n_rows or given.shape[1] == 0:
        return None
    return given.select(given.columns[0])[rows.tolist()].to_native()


def _from_numpy(array: np.ndarray[Any, Any], what: str) -> Array:
    _check_one_dimension(array.shape, what)
    if array.dtype.kind in _NUMERIC_KINDS:
        return np.ascontiguousarray(array, dtype=np.float64)
    if array.dtype.kind == "O":
        return _from_objects(list(array), what)[0]
    first = list(array[:1]) if array.dtype.kind in "mM" else array[:1].tolist()  # nanoseconds would be a bare number
    raise _not_numeric(f"dtype {array.dtype}", what, first)


def _from_objects(items: Any, what: str) -> tuple[Array, Mask | None]:
    """Take Python numbers one by one, where NumPy would guess a dtype or overflow."""
    try:
        array = np.asarray(items)
    except (ValueError, OverflowError, TypeError):
        array = np.asarray([None, *items], dtype=object)[1:]  # with None ahead, no entry is taken for a dimension
    except RecursionError:
        raise DataError(f"{what}: expected a column of numbers, got lists within lists.") from None
    if array.ndim == 1 and array.dtype.kind in _NUMERIC_KINDS:
        return np.ascontiguousarray(array, dtype=np.float64), None
    _check_one_dimension(array.shape, what)
    missing = np.array([item is None or type(item).__name__ in ("NAType", "NaTType") for item in items], dtype=bool)
    values = np.empty(len(items))
    for row, item in enumerate(items):
        if missing[row]:
            values[row] = np.nan
            continue
        if isinstance(item, (str, bytes, complex, np.timedelta64, np.datetime64)) or not hasattr(item, "__float__"):
            raise _not_numeric(type(item).__name__, what, [item], row)
        try:
            values[row] = float(item)
        except (ArithmeticError, ValueError, TypeError):
            raise DataError(
                f"{what}: entry {row} is {shown(item)}, which is no number of double precision. Scale the column, or "
                f"remove the entry."
            ) from None
    return values, missing if missing.any() else None


def series_of(data: Any, what: str) -> Any:
    """A column of pandas, polars or pyarrow, or a table of one, as a series of narwhals; anything else as it is."""
    import narwhals as nw

    if type(data).__module__.split(".")[0] == "pyarrow" and type(data).__name__.endswith("Array"):
        import pyarrow as pa

        data = pa.chunked_array([data]) if isinstance(data, pa.Array) else data
    series = nw.from_native(_dense(data), allow_series=True, pass_through=True)
    if isinstance(series, nw.DataFrame) and len(series.columns) == 1:
        return series_of(series.get_column(series.columns[0]).to_native(), what)
    if isinstance(series, (nw.DataFrame, nw.LazyFrame)):
        columns = ", ".join(map(str, series.collect_schema().names()))
        raise DataError(f"{what}: expected one column, got a table with columns {columns}; pass one of them.")
    return series


def check_same_index(other: Any, whose: str, /, **columns: Any) -> None:
    """Refuse columns of pandas whose labels of rows are not those of another: rows are matched by their places.

    Parameters
    ----------
    other : object
        The other column, or frame.
    whose : str
        What it is called in an error.
    **columns
        By their names, as in an error; None where there is none.

    Raises
    ------
    DataError
    """
    for what, column in columns.items():
        if column is not None:
            _check_same_index(column, other, what, whose)


def _check_same_index(column: Any, other: Any, what: str, whose: str) -> None:
    if not all(type(one).__module__.startswith("pandas") and hasattr(one, "index") for one in (column, other)):
        return
    if len(column) != len(other) or column.index.equals(other.index):
        return
    pairs = list(zip(column.index, other.index, strict=True))
    row = next((k for k, (mine, theirs) in enumerate(pairs) if mine != theirs), 0)
    mine, theirs = pairs[row]
    raise DataError(
        f"{what}: its index is not that of {whose}: row {row} is {mine!r:.40} here and {theirs!r:.40} there. Rows are "
        f"matched by their places; bring both to one index, as {what}.reindex(...), or give {what}.to_numpy()."
    )


def _from_container(data: Any, what: str) -> tuple[Array, Mask | None]:
    """Take a Series of pandas, polars or pyarrow through narwhals; anything else by ``__array__``."""
    import narwhals as nw

    series = series_of(data, what)
    if not isinstance(series, nw.Series):
        if hasattr(series, "__array__"):
            return _from_numpy(np.asarray(series), what), None
        if hasattr(series, "__iter__"):
            return _from_objects(list(series), what)
        raise DataError(f"{what}: expected a column of numbers, got {type(data).__name__}.")
    if series.dtype in (nw.Categorical, nw.Enum):
        return _from_categories(series, what)
    if series.dtype == nw.Object:
        return _from_objects(series.to_list(), what)
    if not (series.dtype.is_numeric() or series.dtype == nw.Boolean):
        raise _not_numeric(f"dtype {series.dtype}", what, series.head(1).to_list())
    nulls = series.is_null() if series.null_count() else None  # a mask of bits is slow to unpack
    if series.dtype == nw.Boolean:
        series = series.cast(nw.Int8)
    if series.dtype.is_integer():  # Arrow takes none to a float that has not all its digits
        values = np.ascontiguousarray((series if nulls is None else series.fill_null(0)).to_numpy(), dtype=np.float64)
    else:
        values = np.ascontiguousarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
    if nulls is None:
        return values, None
    missing = nulls.to_numpy().astype(bool)
    return np.where(missing, np.nan, values), missing


def _dense(data: Any) -> Any:
    """Sparse columns of pandas and dictionaries of pyarrow as what they stand for; all else as it is."""
    room = type(data).__module__.split(".")[0]
    if room == "pandas" and type(getattr(data, "dtype", None)).__name__ == "SparseDtype":
        return np.asarray(data)
    if room == "pyarrow" and type(getattr(data, "type", None)).__name__ == "DictionaryType":
        import pyarrow as pa

        return pa.chunked_array([chunk.dictionary_decode() for chunk in data.chunks], type=data.type.value_type)
    return data


def _from_categories(series: Any, what: str) -> tuple[Array, Mask | None]:
    """The numbers that the categories of a column are; codes of texts are refused."""
    entries = series.to_list()
    named = next((entry for entry in entries if isinstance(entry, str)), None)
    if named is not None:
        raise _not_numeric("categories that are texts", what, [named])
    # pandas writes a missing category as NaN, which is no category itself.
    return _from_objects([None if entry != entry else entry for entry in entries], what)


def _check_one_dimension(shape: tuple[int, ...], what: str) -> None:
    if len(shape) != 1:
        raise DataError(
            f"{what}: expected one column, got an array with {len(shape)} dimensions, shape {shape}; "
            f"pass one column, or x.ravel() if every entry is an observation."
        )


def _not_numeric(kind: str, what: str, example: list[Any], row: int = 0) -> DataError:
    shown = f"; entry {row} is {example[0]!r:.60}" if example else ""
    name, way = kind.removeprefix("dtype ").lower(), "Convert the column to numbers first."
    if isinstance(example[0] if example else None, datetime.date):  # of a dtype that has no name here
        name = "date"
    if name.startswith(("timedelta", "duration")):
        way = 'Name the unit: mle.durations(column, unit="days").'
    elif name.startswith(("date", "timestamp")):
        way = 'Say since when, and in which unit: mle.durations(column, unit="days", since=start).'
    return DataError(f"{what}: expected real numbers, got {kind}{shown}. {way}")
