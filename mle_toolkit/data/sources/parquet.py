"""Columns of Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mle_toolkit.data.far import for_arrow
from mle_toolkit.data.pieces import CHUNK_ROWS, Rows, Run
from mle_toolkit.data.sources.columns import READ_BYTES, RUN_ROWS, Numbers, is_of_numbers, reading_of
from mle_toolkit.options import needs


@dataclass(frozen=True)
class ParquetSource:
    """Columns of a Parquet file."""

    path: Path | str
    columns: Numbers
    expected_rows: int | None

    @classmethod
    def of(cls, path: Path | str, column: Any, weights: Any) -> ParquetSource:
        """Look at the names and types of its columns."""
        needs(f"{path}: reading Parquet", "pyarrow", "arrow")
        import pyarrow.parquet as pq

        with reading_of(str(path), [0]), pq.ParquetFile(for_arrow(path)) as file:
            schema, n_rows = file.schema_arrow, file.metadata.num_rows
        numeric = [field.name for field in schema if is_of_numbers(field.type)]
        names = numeric if column is None and numeric else list(schema.names)
        columns = Numbers.of(names, column, weights, str(path))
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

    def runs(self) -> list[Run] | None:
        """All rows in runs that are read at once; None of a file elsewhere, which not all file systems can share."""
        if isinstance(self.path, str):
            return None
        import pyarrow.parquet as pq

        with reading_of(str(self.path), [0]), pq.ParquetFile(for_arrow(self.path)) as file:
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
                for_arrow(self.path),
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
