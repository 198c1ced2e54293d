"""Responses that are levels: their codes, their names, and their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.columns import Columns, Labels
from mle_toolkit.errors import DataError, ParameterError


def labels_of(values: Any, name: str = "y") -> Labels:
    """An array, or a column, as levels."""
    return Columns({name: values}).labels(name)


def lost_order(levels: Sequence[Any]) -> DataError:
    """The error for ordered categories of numbers in a file that does not keep their order."""
    return DataError(
        f"ordinal: the levels {', '.join(map(str, levels))} were an ordered category of pandas when they were written, "
        f"but Parquet does not keep the order of categories of numbers. Give it, from the lowest: levels=[...]."
    )


def coded(labels: Labels, levels: Sequence[Any] | None, *, ordered: bool) -> tuple[Array, tuple[str, ...]]:
    """Codes 0, 1, ... of a column of levels, NaN where it is missing, and the names of the levels.

    Parameters
    ----------
    labels : Labels
    levels : sequence or None
        All levels, in order.
    ordered : bool
        Whether the order counts: then texts without an order are refused.

    Raises
    ------
    DataError
        If there is no order, or only one level.
    ParameterError
        If ``levels`` leave out one that was observed.
    """
    present = labels.present()
    if levels is None:
        if ordered and labels.lost:
            raise lost_order(present)
        if ordered and not labels.ranked and any(isinstance(level, str) for level in present):
            raise DataError(
                f"ordinal: the levels {', '.join(map(repr, sorted(map(str, present))))} have no order. Give it, from "
                f"the lowest: levels=[...], or take an ordered categorical column."
            )
        wanted = tuple(present) if labels.ordered else tuple(sorted(present, key=_key))
    else:
        wanted = tuple(levels)
        missing = [level for level in present if level not in wanted]
        if missing:
            raise ParameterError(f"levels: {missing[0]!r} was observed and is not among them.")
        absent = [level for level in wanted if level not in present]
        if absent:
            raise ParameterError(f"levels: {absent[0]!r} was not observed, so nothing is known of it; leave it out.")
    if len(wanted) < 2:
        raise DataError(f"the response has {len(wanted)} level; a regression needs two or more.")
    place = np.array([wanted.index(level) if level in wanted else -1 for level in labels.distinct], dtype=float)
    codes = np.where(labels.codes >= 0, place[labels.codes], np.nan)
    return codes, tuple(str(level) for level in wanted)


def _key(level: Any) -> tuple[bool, Any]:
    return isinstance(level, str), level
