"""scan(): columns of files and streams, read in blocks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from mle_toolkit.data.checks import NanPolicy, WeightKind
from mle_toolkit.data.far import place_of
from mle_toolkit.data.own_source import OwnSource
from mle_toolkit.data.pieces import Source
from mle_toolkit.data.scanned import ScannedSample
from mle_toolkit.data.sources.csv import CsvSource
from mle_toolkit.data.sources.folders import Files
from mle_toolkit.data.sources.memory import ArraySource, StreamSource
from mle_toolkit.data.sources.parquet import ParquetSource
from mle_toolkit.errors import DataError, ParameterError

_SUFFIXES = (".parquet", ".pq", ".csv", ".csv.gz", ".npy")


def scan(
    path_or_frame: Any,
    column: str | int | None = None,
    *,
    weights: str | int | None = None,
    weight_kind: WeightKind = "frequency",
    nan_policy: NanPolicy = "raise",
) -> ScannedSample:
    """Make a sample of a column that may be larger than memory: it is read in blocks, for every pass anew.

    Parameters
    ----------
    path_or_frame : path, ndarray, object with ``__arrow_c_stream__``, or Source
        A file (``.parquet``, ``.csv``, ``.csv.gz``, ``.npy``) or a folder of them, whose files are taken in the order
        of their names; a NumPy array or memory map; an Arrow stream: tables of pyarrow, polars, pandas, DuckDB and
        others. A stream that can be consumed only once serves fits that need one pass: those of exponential families.
        A Parquet or CSV file elsewhere, as fsspec reads it (extra ``[remote]``): ``"s3://bucket/rain.parquet"``. Rows
        from anywhere else by a `Source` of your own.
    column : str or int, optional
        Name of the column, or its number in an array of two dimensions; not needed where there is only one.
    weights : str or int, optional
        The column of weights.
    weight_kind : {"frequency", "reliability"}
        What the weights mean; see `Sample`.
    nan_policy : {"raise", "omit"}
        What to do with missing values.

    Returns
    -------
    ScannedSample
        Goes wherever a `Sample` goes: ``fit(scan("rain.parquet", "mm"), "gamma")``. Nothing has been read of it but the
        names and types of the columns. Up to 300,000 rows are held in memory once they are read.

    Raises
    ------
    DataError
        If the file is not of a kind that is known, is damaged, or the column holds no numbers; and, while it is read,
        at the first row that is missing or infinite, with its place.
    UnknownNameError
        If there is no such column.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import mle_toolkit as mle
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/waits.npy", np.array([1.0, 2.0, 6.0]))
    ...     round(mle.fit(mle.scan(f"{folder}/waits.npy"), "exponential").params["scale"], 6)
    3.0
    """
    return ScannedSample(_source(path_or_frame, column, weights), weight_kind, nan_policy)


def scan_file(
    path: Path,
    column: str | None = None,
    *,
    weights: str | None = None,
    weight_kind: WeightKind = "frequency",
    nan_policy: NanPolicy = "raise",
) -> tuple[str, ScannedSample]:
    """The name of a column of a file, or of the files of a folder, and its sample; see `scan`."""
    source = source_of_path(path, column, weights)
    one = source.files[0] if isinstance(source, Files) else source
    name = one.columns.column if isinstance(one, (ParquetSource, CsvSource)) else path.name
    return name, ScannedSample(source, weight_kind, nan_policy)


def _source(data: Any, column: str | int | None, weights: str | int | None) -> Source:
    if isinstance(data, (str, os.PathLike)):
        return source_of_path(place_of(data), column, weights)
    if isinstance(data, np.ndarray):
        return ArraySource(data, "the array", column, weights)
    if hasattr(data, "__arrow_c_stream__"):
        return StreamSource.of(data, column, weights)
    if isinstance(data, Source):
        if column is not None or weights is not None:
            raise ParameterError("scan: a source of your own says itself what its rows are; give no column or weights.")
        return OwnSource(data)
    raise DataError(
        f"scan: expected a path, an array or an Arrow stream (__arrow_c_stream__), or a mle.Source, got "
        f"{type(data).__name__}. A lazy table has to be written to Parquet, or collected, first."
    )


def source_of_path(path: Path | str, column: str | int | None, weights: str | int | None) -> Source:
    """The source of a file, or of the files of a folder; of a file elsewhere, which is a text."""
    if isinstance(path, str):
        return _source_elsewhere(path, column, weights)
    if not path.is_dir():
        return _source_of_file(path, column, weights)
    files = sorted(
        file
        for file in path.rglob("*")
        if file.name.endswith(_SUFFIXES) and not any(p.startswith(("_", ".")) for p in file.relative_to(path).parts)
    )
    if not files:
        raise DataError(f"{path}: the folder holds no file of a known kind ({', '.join(_SUFFIXES)}).")
    sources = [_source_of_file(files[0], column, weights)]
    if column is None and isinstance(sources[0], (ParquetSource, CsvSource)):
        column = sources[0].columns.column  # the others must have it too, not only one of another name
    sources += [_source_of_file(file, column, weights) for file in files[1:]]
    return Files(f"{path} ({len(files)} files)", sources)


def _source_elsewhere(path: str, column: str | int | None, weights: str | int | None) -> Source:
    if path.endswith((".parquet", ".pq")):
        return ParquetSource.of(path, column, weights)
    if path.endswith((".csv", ".csv.gz")):
        return CsvSource.of(path, column, weights)
    raise DataError(f"{path}: of files elsewhere .parquet, .csv and .csv.gz are read in blocks; mle.read holds others.")


def _source_of_file(path: Path, column: str | int | None, weights: str | int | None) -> Source:
    if not path.exists():
        raise FileNotFoundError(2, "No such file or folder", str(path))
    if path.name.endswith((".parquet", ".pq")):
        return ParquetSource.of(path, column, weights)
    if path.name.endswith((".csv", ".csv.gz")):
        return CsvSource.of(path, column, weights)
    if path.name.endswith(".npy"):
        return ArraySource.of_file(path, str(path), column, weights)
    raise DataError(f"{path}: not a file of a known kind ({', '.join(_SUFFIXES)}).")
