"""Several files as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mle_toolkit.data.pieces import Rows, Run, Source


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
