"""Files that lie elsewhere: in a bucket, on a server; opened by fsspec, where that is installed."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mle_toolkit.errors import DataError, MissingPackageError
from mle_toolkit.options import needs

T = TypeVar("T")

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::[A-Za-z][A-Za-z0-9+.-]+)*://")

_FETCHED_BYTES = 1 << 20
"""Bytes that are asked for at once, at least."""


def is_far(source: str) -> bool:
    """Whether a source is written with a scheme: ``s3://bucket/rain.parquet``, ``https://...``, ``file:///...``."""
    return _SCHEME.match(source) is not None


def open_far(source: str) -> io.BufferedReader:
    """Open a file by fsspec, to read its bytes.

    Raises
    ------
    MissingPackageError
        If fsspec is not installed, or what it needs for this scheme.
    DataError
        If the scheme is not known, or the file cannot be reached.
    OSError
        If there is no such file, or it may not be read.
    """
    scheme = source.partition("://")[0]
    needs(f"{source}: reading {scheme}://", "fsspec", "remote")
    import fsspec

    try:
        file = _asked(source, lambda: fsspec.open(source, "rb", compression=None).open())
    except ImportError as error:
        package = getattr(error.__cause__ or error, "name", None)
        if package is None:
            raise DataError(f"{source}: cannot be read: {error}") from None
        raise MissingPackageError(f"{source}: reading {scheme}://", package.partition(".")[0]) from None
    return io.BufferedReader(_Far(source, file), _FETCHED_BYTES)


def place_of(data: str | os.PathLike[str]) -> Path | str:
    """A path; of a file elsewhere its text as it is."""
    return data if isinstance(data, str) and is_far(data) else Path(data)


def for_arrow(path: Path | str) -> Any:
    """What Arrow reads a file by: its path, or, of one that lies elsewhere, which is a text, its bytes."""
    return open_far(path) if isinstance(path, str) else path


def _asked(source: str, ask: Callable[[], T]) -> T:
    """What a file system answers; with our own errors, for each of them has others."""
    try:
        return ask()
    except ImportError:
        raise
    except FileNotFoundError:
        raise FileNotFoundError(2, "No such file or folder", source) from None
    except OSError as error:
        if error.errno is None:
            raise DataError(f"{source}: cannot be read: {error or type(error).__name__}") from None
        raise OSError(error.errno, error.strerror or str(error), source) from None
    except Exception as error:  # of clients of buckets and servers: botocore, aiohttp, paramiko raise their own
        raise DataError(f"{source}: cannot be read: {str(error) or type(error).__name__}") from None


class _Far(io.RawIOBase):
    """Bytes of a file of fsspec, whose errors are ours."""

    def __init__(self, source: str, file: Any) -> None:
        self._source, self._file = source, file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(_asked(self._source, lambda: self._file.seek(offset, whence)))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, out: Any) -> int:
        some = _asked(self._source, lambda: self._file.read(len(out)))
        out[: len(some)] = some
        return len(some)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
