"""The columns of a frame by name: numbers, or levels of a factor, whatever kind of frame it is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.frames import to_column
from mle_toolkit.errors import DataError
from mle_toolkit.options import shown, suggested

Level = str | float | int | bool

_LISTED = 20
"""Names that an error lists at most."""

_LARGEST_WHOLE = 2**53
"""Up to which every whole number is a float of its own."""


class Labels(NamedTuple):
    """A column as a factor.

    Attributes
    ----------
    codes : ndarray of int of shape (n,)
        Which of the levels each row has; -1 where it is missing.
    distinct : tuple
        The levels that occur, and perhaps others: texts, numbers or truth values.
    ordered : bool
        Whether the column says that this is their order, as a categorical one does.
    ranked : bool
        Whether it says that the order counts.
    lost : bool
        Whether the order counts, but was not written: that of levels is another.
    """

    codes: NDArray[np.intp]
    distinct: tuple[Level, ...]
    ordered: bool = False
    ranked: bool = False
    lost: bool = False

    def present(self) -> tuple[Level, ...]:
        """The levels that some row has, in order of ``distinct``."""
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.distinct))
        return tuple(level for level, count in zip(self.distinct, counts, strict=True) if count)


class Columns:
    """A frame, by the names of its columns.

    Parameters
    ----------
    frame : DataFrame, table, or mapping of str to array_like
        Of pandas, polars, pyarrow, or whatever narwhals takes; or a dict of arrays.

    Raises
    ------
    DataError
        If it is no frame, or names or lengths of its columns do not agree.
    """

    def __init__(self, frame: Any) -> None:
        self._columns: Mapping[str, Any]
        self._labels: dict[str, Labels] = {}
        self._categories: frozenset[str] = frozenset()
        self._ranked: frozenset[str] = frozenset()
        if isinstance(frame, Mapping):
            self._columns = {str(name): column for name, column in frame.items()}
            lengths = {name: _length(name, column) for name, column in self._columns.items()}
            if len(set(lengths.values())) > 1:
                told = ", ".join(f"{name} {length}" for name, length in list(lengths.items())[:_LISTED])
                raise DataError(f"data: columns of unequal length ({told}); give one value a row in each.")
            self.n_rows = next(iter(lengths.values()), 0)
            return
        _refuse_twice(frame)
        import narwhals as nw

        found = nw.from_native(frame, pass_through=True)
        if isinstance(found, nw.LazyFrame):
            raise DataError("data: a lazy frame; collect it first.")
        if not isinstance(found, nw.DataFrame):
            raise DataError(
                f"data: expected a frame (pandas, polars, pyarrow) or a dict of arrays, by whose columns a formula is "
                f"read; got {shown(frame) if np.isscalar(frame) or frame is None else type(frame).__name__}."
            )
        self._columns = {name: found.get_column(name) for name in found.columns}
        self._categories = categories_of(getattr(frame, "schema", None))
        self._ranked = categories_of(getattr(frame, "schema", None), ranked=True)
        self._numbers.known_labels(self._categories)
        self.n_rows = len(found)

    @classmethod
    def with_labels(cls, columns: Mapping[str, Any], labels: Mapping[str, Labels]) -> Columns:
        """Columns of which some are factors that are coded already."""
        new = cls(columns)
        new._labels.update(labels)
        new._numbers.known_labels(labels)
        return new

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def native(self, name: str) -> Any:
        """A column as the frame holds it.

        Raises
        ------
        DataError
            If there is none of that name; it tells the nearest names.
        """
        if name not in self._columns:
            near = suggested(name, self.names)
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            listed = ", ".join(self.names[:_LISTED]) + (", ..." if len(self.names) > _LISTED else "")
            raise DataError(f"column {name!r} not found; columns: {listed or 'none'}.{hint}")
        column = self._columns[name]
        return column.to_native() if type(column).__module__.startswith("narwhals") else column

    def is_numeric(self, name: str) -> bool:
        """Whether a column holds numbers or truth values, and is not said to be a factor."""
        return name in self._numbers

    def numbers(self, name: str) -> Array:
        """A column of numbers, NaN where one is missing; shape (n,).

        Raises
        ------
        DataError
            If it holds something else.
        """
        self.native(name)
        if name not in self._numbers:
            return to_column(self.native(name), f"column {name!r}")[0]
        return self._numbers[name]

    def labels(self, name: str) -> Labels:
        """A column as a factor."""
        if name not in self._labels:
            self._labels[name] = self._labels_of(name)
        return self._labels[name]

    def _labels_of(self, name: str) -> Labels:
        column = self.native(name)
        if name in self._numbers:
            return labels_of_numbers(self._numbers[name], truths=_is_truth(column))
        import narwhals as nw
        import pandas as pd

        series = nw.from_native(column, allow_series=True, pass_through=True)
        entries = column
        ordered: list[Any] | None = None
        ranked, lost = False, False
        if isinstance(series, nw.Series):
            entries = series.to_list()
            kind = getattr(column, "type", None)
            if type(column).__module__.startswith("pandas") and series.dtype in (nw.Categorical, nw.Enum):
                ordered, ranked = list(column.cat.categories), bool(column.cat.ordered)
            elif isinstance(dtype := series.dtype, nw.Enum):
                ordered, ranked = list(dtype.categories), True
            elif getattr(kind, "ordered", False) or (name in self._categories and hasattr(kind, "index_type")):
                # A dictionary of Arrow that has an order, or was made of categories.
                ordered = column.unify_dictionaries().chunks[0].dictionary.to_pylist() if len(column) else []
                ranked = bool(getattr(kind, "ordered", False))
            elif name in self._categories:  # of numbers, whose own order was not written
                ordered = sorted({entry for entry in entries if not _missing(entry)})
                lost = name in self._ranked
        held = np.empty(self.n_rows, dtype=object)
        held[:] = [None if _missing(entry) else entry for entry in entries]
        codes, distinct = pd.factorize(held, use_na_sentinel=True)
        levels = [_level(entry, name) for entry in distinct]
        if ordered is None:
            return Labels(codes.astype(np.intp), tuple(levels))
        named = [_level(entry, name) for entry in ordered]
        lookup = np.array([*(named.index(level) for level in levels), -1], dtype=np.intp)
        return Labels(lookup[codes], tuple(named), ordered=True, ranked=ranked, lost=lost)

    @cached_property
    def _numbers(self) -> _Numbers:
        return _Numbers(self)


class _Numbers(Mapping[str, Array]):
    """Columns of numbers, each converted when it is first asked for."""

    def __init__(self, columns: Columns) -> None:
        self._of = columns
        self._seen: dict[str, Array | None] = {}

    def known_labels(self, names: Iterable[str]) -> None:
        """Columns that are known to hold labels."""
        self._seen.update(dict.fromkeys(names))

    def __getitem__(self, name: str) -> Array:
        if name not in self._seen:
            self._seen[name] = _numbers_of(self._of.native(name), name) if name in self._of else None
        found = self._seen[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Any:
        return (name for name in self._of.names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _numbers_of(column: Any, name: str) -> Array | None:
    """A column of numbers; None if it is one of labels."""
    kind = getattr(getattr(column, "dtype", None), "kind", "O") if isinstance(column, np.ndarray) else "O"
    if kind in ("U", "S"):
        return None
    if _is_factor(column):
        return None
    try:
        return to_column(column, f"column {name!r}")[0]
    except DataError:
        if _holds_labels(column):
            return None
        raise


def _is_factor(column: Any) -> bool:
    import narwhals as nw

    series = nw.from_native(column, allow_series=True, pass_through=True)
    return isinstance(series, nw.Series) and series.dtype in (nw.Categorical, nw.Enum, nw.String)


def _holds_labels(column: Any) -> bool:
    """Whether every entry is a text, a number, a truth value or missing."""
    entries = column.to_pylist() if hasattr(column, "to_pylist") else list(column)
    return all(_missing(entry) or isinstance(entry, (str, bool, int, float, np.generic)) for entry in entries)


def _is_truth(column: Any) -> bool:
    return str(getattr(column, "dtype", getattr(column, "type", ""))).lower() in ("bool", "boolean")


def _missing(entry: Any) -> bool:
    empty = entry is None or type(entry).__name__ in ("NAType", "NaTType")
    return empty or (isinstance(entry, float) and entry != entry)


def _level(entry: Any, name: str) -> Level:
    if isinstance(entry, np.generic):
        entry = entry.item()
    if isinstance(entry, float) and entry.is_integer() and abs(entry) < _LARGEST_WHOLE:
        return int(entry)
    if isinstance(entry, (str, bool, int, float)):
        return entry
    raise DataError(f"column {name!r}: {shown(entry)} is neither a number nor a text. Convert the column first.")


def categories_of(schema: Any, *, ranked: bool = False) -> frozenset[str]:
    """Columns that were categorical when pandas wrote them, by what an Arrow schema says; or those with an order.

    Without it a dictionary of Arrow is a way to write texts, in the order in which they were met.
    """
    written = (getattr(schema, "metadata", None) or {}).get(b"pandas", b"{}")
    try:
        columns = json.loads(written).get("columns", [])
    except (ValueError, AttributeError):  # written by others under this name
        return frozenset()
    said = [column for column in columns if isinstance(column, dict)]
    if ranked:
        said = [column for column in said if (column.get("metadata") or {}).get("ordered") is True]
    return frozenset(str(column.get("field_name")) for column in said if column.get("pandas_type") == "categorical")


def labels_of_numbers(values: Array, *, truths: bool = False) -> Labels:
    """Numbers as levels, in order; whole ones are ints, so that the level of 2.0 is 2."""
    distinct, codes = np.unique(values, return_inverse=True)
    named = [
        bool(v) if truths else int(v) if v.is_integer() and abs(v) < _LARGEST_WHOLE else v
        for v in distinct.tolist()
        if v == v
    ]
    codes = codes.astype(np.intp)
    codes[codes >= len(named)] = -1  # NaN is sorted last
    return Labels(codes, tuple(named))


def _length(name: str, column: Any) -> int:
    if isinstance(column, (str, bytes)) or not hasattr(column, "__len__"):
        raise DataError(f"column {name!r}: expected one value a row, got {shown(column)}.")
    return len(column)


def _refuse_twice(frame: Any) -> None:
    """Raise where two columns have one name."""
    names = getattr(frame, "columns", None)
    if names is None or callable(names) or not hasattr(names, "__iter__"):
        return
    listed = getattr(frame, "column_names", None) or [str(name) for name in names if isinstance(name, (str, int))]
    twice = [name for name, count in Counter(listed).items() if count > 1]
    if twice:
        raise DataError(
            f"data: {len(twice)} names stand for more than one column: {', '.join(twice[:_LISTED])}. Rename them."
        )
