"""Columns that were asked for by name, and what there is where they are not."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Collection
from typing import Any

_LISTED = 20
"""Names that an error lists, at most."""


_NEAREST = 5
"""Names that an error lists where some are like the one that was asked for."""


def listed(names: Collection[Any]) -> str:
    """Names with commas between them; of many, the first."""
    first = ", ".join(map(str, itertools.islice(names, _LISTED)))
    return first if len(names) <= _LISTED else f"{first}, ... ({len(names):,} in all)"


def nearest(name: str, names: Collection[str]) -> str:
    """The names that are like one that is not there, and how many others there are; all of them where they are few."""
    if len(names) <= _LISTED:
        return listed(names)
    by_case = {n.casefold(): n for n in names}
    like = difflib.get_close_matches(name.casefold(), by_case, _NEAREST, 0.5)
    like += [folded for folded in by_case if name.casefold() in folded and folded not in like][: _NEAREST - len(like)]
    return f"{', '.join(by_case[k] for k in like)}, ... ({len(names):,} in all)" if like else listed(names)


def named(name: str, names: Collection[str]) -> str | None:
    """The column of a name, whatever its case where only one is so called; None if there is none."""
    if name in names:
        return name
    same = [other for other in names if other.strip().casefold() == name.strip().casefold()]
    return same[0] if len(same) == 1 else None
