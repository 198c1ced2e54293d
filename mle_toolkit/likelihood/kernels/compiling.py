"""How loops are compiled, and kept from one process to the next."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

_HERE = Path(__file__).parent
_PACKAGE = _HERE.parents[1]

_IMPORTED = re.compile(rf"^from {_PACKAGE.name}\.([\w.]+) import", re.MULTILINE)


def compiled(**options: Any) -> Callable[[Any], Any]:
    """Make a decorator that compiles a function, without Python's lock, and keeps what is compiled.

    numba looks whether the file of a function has changed, and not those of the functions and constants that it has
    taken into it. So what is kept is stamped with all of them.

    Parameters
    ----------
    **options
        Further ones of `numba.njit`.
    """

    def decorate(function: Any) -> Any:
        dispatcher = njit(cache=True, nogil=True, error_model="numpy", **options)(function)
        kept = getattr(dispatcher, "_cache", None)  # the function itself, where numba is told not to compile
        if isinstance(kept, FunctionCache):
            kept._cache_file = IndexDataCacheFile(kept.cache_path, kept._impl.filename_base, stamp())
        return dispatcher

    return decorate


@cache
def stamp() -> str:
    """A digest of the sources of all compiled functions, and of the files that theirs import from."""
    files = sorted(_HERE.rglob("*.py"))
    texts = {file: file.read_bytes() for file in files}
    imports = (
        _IMPORTED.findall(text.decode("utf-8")) for file, text in texts.items() if file.name != "__init__.py"
    )  # the rooms themselves have nothing compiled
    for name in sorted({name for names in imports for name in names}):
        file = _PACKAGE.joinpath(*name.split(".")).with_suffix(".py")
        if file not in texts and file.exists():
            texts[file] = file.read_bytes()
    digest = hashlib.blake2b(digest_size=16)
    for file, text in texts.items():
        digest.update(f"{file.relative_to(_PACKAGE)} {len(text)}\n".encode())
        digest.update(text)
    return digest.hexdigest()
