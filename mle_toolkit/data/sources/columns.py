"""Columns of a batch as numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.pieces import Rows
from mle_toolkit.errors import DataError, UnknownNameError
from mle_toolkit.options import shown

READ_BYTES = 1 << 20
"""Bytes that Parquet and CSV files are read by: few, because what is read is at once decoded."""


RUN_ROWS = 1_000_000
"""Rows from which row groups of a Parquet file are read as a run of their own, while other threads read others."""


def _column_of(names: list[str], column: Any, where: str, what: str = "column") -> str:
    """The column that is meant; the only one where none is named."""
    if column is None and len(names) == 1:
        return names[0]
    if column is None:
        raise UnknownNameError(f"{where}: has the columns {', '.join(names)}; say which one to scan.")
    place = names.count(column) if isinstance(column, str) else 0
    if place != 1:
        problem = "there is no" if place == 0 else "there is more than one"
        raise UnknownNameError(f"{where}: {problem} {what} {shown(column)}; its columns: {', '.join(names)}.")
    return str(column)


@dataclass(frozen=True)
class Numbers:
    """The columns of a table that are read: observations, then weights if there are any."""

    where: str
    column: str
    weights: str | None

    @classmethod
    def of(cls, names: list[str], column: Any, weights: Any, where: str) -> Numbers:
        """Those of a table with columns of these names."""
        return cls(
            where,
            _column_of([n for n in names if n != weights], column, where),
            None if weights is None else _column_of(names, weights, where, "column of weights"),
        )

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [self.column] if self.weights is None else [self.column, self.weights]

    @property
    def description(self) -> str:
        """What is read, in words."""
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
