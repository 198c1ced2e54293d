"""A series in time by blocks: so many observations, periods of dates, or labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit.data.frames import to_column
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.options import number, whole

if TYPE_CHECKING:
    import pandas as pd


def in_blocks(series: Any, block: int | str, least: float) -> tuple[Any, pd.Series[float]]:
    """A series by blocks, and the share of its observations of every block that has enough of them."""
    import pandas as pd

    least = number(least, "least", at_least=0.0, at_most=1.0)
    if isinstance(block, str):
        if not isinstance(series, pd.Series) or not isinstance(series.index, pd.DatetimeIndex):
            raise DataError(f"block: a period as {block!r} is for a Series of pandas with dates as its index.")
        try:
            groups: Any = pd.Series(to_column(series, "series")[0], index=series.index).resample(block)
        except ValueError as error:
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
    groups: Any = pd.Series(values, index=pd.Index(labels, name="block")).groupby(level=0)
    return groups, pd.Series(1.0, index=groups.count().index)
