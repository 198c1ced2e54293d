"""A series in time by blocks: so many observations, periods of dates, or labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit.data.frames import to_column
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.options import number, whole

if TYPE_CHECKING:
    import pandas as pd


def dated(series: Any) -> pd.Series[float] | None:
    """A series by its dates, or by the time since its begin, if the index of a Series of pandas holds them."""
    import pandas as pd

    if not isinstance(series, pd.Series):
        return None
    index: Any = series.index
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    elif index.inferred_type in ("date", "datetime"):  # Python's own
        try:
            index = pd.to_datetime(index)
        except (ValueError, TypeError) as error:
            raise DataError(f"series: its dates cannot be read: {error}.") from None
    if not isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex):
        return None
    missing = np.flatnonzero(pd.isna(index))
    if len(missing):
        raise DataError(
            f"series: {len(missing)} of {len(index)} dates are missing; the first is that of row {missing[0]}. Remove "
            f"these rows, or date them."
        )
    return pd.Series(to_column(series, "series")[0], index=index)


def in_blocks(series: Any, block: int | str, least: float) -> tuple[Any, pd.Series[float]]:
    """A series by blocks, and the share of its observations of every block that has enough of them."""
    import pandas as pd

    least = number(least, "least", at_least=0.0, at_most=1.0)
    if isinstance(block, str):
        by_date = dated(series)
        if by_date is None:
            raise DataError(f"block: a period as {block!r} is for a Series of pandas with dates as its index.")
        try:
            groups: Any = by_date.resample(block)
        except (ValueError, TypeError) as error:
            raise ParameterError(f"block: {error}.") from None
        counts = groups.count()
        share = counts / counts.max()
    else:
        size = whole(block, "block", 1)
        values = to_column(series, "series")[0]
        place = pd.Index(np.arange(len(values)) // size, name="block")
        groups = pd.Series(values, index=place).groupby(level=0)
        counts = groups.count()
        share = counts / size
    kept: pd.Series[float] = share[(counts > 0) & (share >= least)]
    if kept.empty:
        raise DataError(f"block: none of {len(counts)} blocks has {least:.0%} of its observations.")
    return groups, kept


def by_label(series: Any, block: Any) -> tuple[Any, pd.Series[float]]:
    """A series by the labels of its blocks."""
    import pandas as pd

    values, labels = to_column(series, "series")[0], np.asarray(block)
    if labels.shape != values.shape:
        raise DataError(f"block: {labels.size} labels for {len(values)} observations; give one each.")
    nameless = np.flatnonzero(pd.isna(labels))
    if len(nameless):
        raise DataError(
            f"block: {len(nameless)} of {len(labels)} labels are missing; the first is block[{nameless[0]}]."
        )
    groups: Any = pd.Series(values, index=pd.Index(labels, name="block")).groupby(level=0)
    return groups, pd.Series(1.0, index=groups.count().index)
