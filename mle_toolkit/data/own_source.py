"""A source of the user's own, whose rows are looked at where they come in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mle_toolkit.data.pieces import Rows, Run, Source
from mle_toolkit.errors import DataError
from mle_toolkit.options import shown


@dataclass(frozen=True)
class OwnSource:
    """What a user's source gives, checked: columns of numbers, weights and numbers of rows as they were promised."""

    given: Source

    @property
    def description(self) -> str:
        """What errors call it."""
        return str(self.given.description)

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return bool(self.given.weighted)

    @property
    def expected_rows(self) -> int | None:
        """How many rows there will be, where that is known before they are read."""
        return self.given.expected_rows

    def pieces(self, *, again: bool) -> Iterator[Rows]:
        """Go over the rows from the first on."""
        return self._checked(self.given.pieces(again=again))

    def runs(self) -> list[Run] | None:
        """All rows, in runs that several threads can read at once."""
        runs = self.given.runs()
        return None if runs is None else [Run(run.n_rows, self._counted(run)) for run in runs]

    def _counted(self, run: Run) -> Iterator[Rows]:
        n_rows = 0
        for rows in self._checked(run.pieces):
            n_rows += len(rows.x)
            yield rows
        if n_rows != run.n_rows:
            raise DataError(f"{self.description}: a run of {run.n_rows} rows was promised, and {n_rows} came.")

    def _checked(self, pieces: Iterable[Rows]) -> Iterator[Rows]:
        for rows in pieces:
            if not isinstance(rows, Rows):
                raise DataError(f"{self.description}: expected mle.Rows in its pieces, got {shown(rows)}.")
            x = self._column(rows.x, "observations", rows)
            if (rows.weight is not None) != self.weighted:
                raise DataError(
                    f"{self.description}: says weighted={self.weighted}, and rows from {rows.first} on "
                    f"{'have' if rows.weight is not None else 'have no'} weights."
                )
            weight = None if rows.weight is None else self._column(rows.weight, "weights", rows)
            if weight is not None and len(weight) != len(x):
                raise DataError(
                    f"{self.description}: {len(x)} observations and {len(weight)} weights in the rows from "
                    f"{rows.first} on."
                )
            yield Rows(x, weight, rows.origin, rows.first)

    def _column(self, values: Any, what: str, rows: Rows) -> Any:
        column = np.asarray(values)
        if column.ndim != 1 or column.dtype.kind not in "biuf":
            raise DataError(
                f"{self.description}: expected {what} as one column of real numbers, got dtype {column.dtype} "
                f"and shape {column.shape} in the rows from {rows.first} on."
            )
        return column.astype(np.float64, copy=False)
