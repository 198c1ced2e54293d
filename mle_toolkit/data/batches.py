"""Batches of several columns of files, Arrow streams and Dask tables."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mle_toolkit.data.columns import Columns, Labels, categories_of, labels_of_numbers
from mle_toolkit.data.far import for_arrow, place_of
from mle_toolkit.data.learning import BatchedTable, PartitionedTable, StreamedTable, with_dask
from mle_toolkit.data.pieces import CHUNK_ROWS
from mle_toolkit.data.scan import source_of_path
from mle_toolkit.data.scanned import ScannedSample
from mle_toolkit.data.sources.columns import READ_BYTES, floats_of, is_of_numbers, reading_of
from mle_toolkit.data.sources.csv import CsvSource
from mle_toolkit.data.sources.folders import Files
from mle_toolkit.data.sources.memory import StreamSource
from mle_toolkit.data.sources.parquet import ParquetSource
from mle_toolkit.errors import DataError, MissingPackageError, UnknownNameError


def is_scanned(data: Any) -> bool:
    """Whether data are read in batches: a scan, a path, or a Dask table."""
    return isinstance(data, (ScannedSample, str, os.PathLike)) or _is_dask(data)


def _is_dask(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] in ("dask", "dask_expr") and hasattr(data, "to_delayed")


def table_of(data: Any, column: str) -> BatchedTable:
    """The table of a scan, a file or a folder of them, an Arrow stream that was scanned, or a Dask table.

    Parameters
    ----------
    data : ScannedSample, path or Dask DataFrame
    column : str
        One of its columns.

    Raises
    ------
    DataError
        If it has no columns by name.
    """
    if _is_dask(data):
        if not hasattr(data, "columns"):
            raise DataError("data: a regression needs a Dask table with columns by name, not an array.")
        names = tuple(map(str, data.columns))
        return PartitionedTable("the Dask table", names, list(np.ravel(data.to_delayed())), with_dask)
    source = data.source if isinstance(data, ScannedSample) else _source(place_of(data), column)
    one = source.files[0] if isinstance(source, Files) else source
    if not isinstance(one, (ParquetSource, CsvSource, StreamSource)):
        raise DataError(f"{source.description}: has no columns by name, which a formula needs; give a table.")
    where = source.description if isinstance(source, Files) else one.columns.where
    return StreamedTable(where, _names(one), _Batches(source))


def _source(path: Path | str, column: str) -> Any:
    """The source of a path, by the column of observations; by a column of numbers where those are levels."""
    try:
        return source_of_path(path, column, None)
    except MissingPackageError:
        raise
    except DataError:
        if isinstance(path, str):
            raise
        first = path if path.is_file() else next(iter(sorted(path.rglob("*.parquet"))), None)
        if first is None or first.suffix not in (".parquet", ".pq"):
            raise
        import pyarrow.parquet as pq

        with reading_of(str(first), [0]):
            schema = pq.read_schema(for_arrow(first))
        numeric = [entry.name for entry in schema if is_of_numbers(entry.type)]
        if column not in schema.names or not numeric:
            raise
        return source_of_path(path, numeric[0], None)


def _names(source: Any) -> tuple[str, ...]:
    if isinstance(source, CsvSource):
        return source.header
    if isinstance(source, StreamSource):
        return tuple(source.schema.names)
    import pyarrow.parquet as pq

    with reading_of(str(source.path), [0]), pq.ParquetFile(for_arrow(source.path)) as file:
        return tuple(file.schema_arrow.names)


class _Batches:
    """Goes over the batches of a source; of text files it finds out, the first time, which columns are numbers."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self._kinds: dict[str, str] = {}

    def __call__(self, names: Sequence[str]) -> Iterator[Columns]:
        files = self.source.files if isinstance(self.source, Files) else [self.source]
        texts = [file for file in files if isinstance(file, CsvSource)]
        unknown = [name for name in names if name not in self._kinds]
        if texts and unknown:
            told = [_kinds_of(file, unknown) for file in texts]
            for name in unknown:
                left = [kind for kind in _KINDS if all(kind in found[name] for found in told)]
                self._kinds[name] = next(iter(left), "string")
        for file in files:
            for batch in self._of(file, names):
                yield _columns(batch, names)

    def _of(self, source: Any, names: Sequence[str]) -> Iterator[Any]:
        if isinstance(source, CsvSource):
            _check_names(source.header, names, str(source.path))
            import pyarrow as pa

            return source.batches({name: getattr(pa, self._kinds[name])() for name in names})
        if isinstance(source, StreamSource):
            return source.batches(list(names))
        return _parquet(source, names)


def _check_names(header: Sequence[str], names: Sequence[str], where: str) -> None:
    for name in names:
        if header.count(name) != 1:
            problem = "there is no" if name not in header else "there is more than one"
            raise UnknownNameError(f"{where}: {problem} column {name!r}; its columns: {', '.join(header)}.")


def _parquet(source: ParquetSource, names: Sequence[str]) -> Iterator[Any]:
    import pyarrow.parquet as pq

    read = [0]
    with (
        reading_of(str(source.path), read),
        pq.ParquetFile(
            for_arrow(source.path), pre_buffer=False, buffer_size=READ_BYTES, page_checksum_verification=True
        ) as file,
    ):
        _check_names(file.schema_arrow.names, names, str(source.path))
        for batch in file.iter_batches(CHUNK_ROWS, columns=list(names)):
            yield batch
            read[0] += batch.num_rows


_KINDS = ("float64", "bool_")
"""What the cells of a column of a text file may all be, by names of Arrow; else they are texts."""


def _kinds_of(source: CsvSource, names: Sequence[str]) -> dict[str, set[str]]:
    """Of what kinds all cells of columns can be: one pass over all of them."""
    import pyarrow as pa
    from pyarrow import compute

    _check_names(source.header, names, str(source.path))
    found = {name: set(_KINDS) for name in names}
    for batch in source.batches(dict.fromkeys(names, pa.string())):
        for name in names:
            for kind in sorted(found[name]):
                try:
                    compute.cast(compute.utf8_trim_whitespace(batch.column(name)), getattr(pa, kind)())
                except pa.ArrowInvalid:
                    found[name].discard(kind)
    return found


def _columns(batch: Any, names: Sequence[str]) -> Columns:
    """Columns of a record batch: numbers, or labels that are counted by Arrow."""
    import pyarrow as pa

    found: dict[str, Any] = {}
    labels: dict[str, Labels] = {}
    categories = categories_of(batch.schema)
    for name in names:
        column = batch.column(batch.schema.get_field_index(name))
        kind = column.type
        ranked = pa.types.is_dictionary(kind) and kind.ordered
        has_order = ranked or (pa.types.is_dictionary(kind) and name in categories)
        if pa.types.is_dictionary(kind) and not has_order:
            column = column.dictionary_decode()
            kind = column.type
        if has_order or pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            coded = column if has_order else column.dictionary_encode()
            codes = coded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
            distinct = coded.dictionary.to_pylist()
            labels[name] = Labels(codes, tuple(distinct), has_order, ranked)
            found[name] = np.array([*distinct, None], dtype=object)[codes]
        elif name in categories and is_of_numbers(kind):
            counted = labels_of_numbers(floats_of(column), truths=pa.types.is_boolean(kind))
            # Theirs is not written, but that they are levels, and whether it counts.
            labels[name] = counted._replace(ordered=True, lost=name in categories_of(batch.schema, ranked=True))
            found[name] = np.array([*counted.distinct, None], dtype=object)[counted.codes]
        elif pa.types.is_boolean(kind) and not column.null_count:
            found[name] = column.to_numpy(zero_copy_only=False)
        elif is_of_numbers(kind) or pa.types.is_null(kind):
            found[name] = floats_of(column)
        else:  # dates and the like, which whoever asks for numbers refuses in words
            found[name] = pa.chunked_array([column])
    return Columns.with_labels(found, labels)
