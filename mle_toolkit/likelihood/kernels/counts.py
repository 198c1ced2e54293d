"""Compiled table of counts: how often each whole number was observed, in one pass that also sees what is not whole."""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels import uniform
from mle_toolkit.likelihood.kernels.elementary import LANES, block, loop

_TABLES = 4
"""Rows take turns among so many tables: to add to what the row before has just added to would be to wait for it."""


@loop
def _count(x: Array, weight: Array | None, lowest: int, tables: Array) -> bool:
    """Add every row to its cell; say whether all are whole numbers."""
    whole = True
    for start in range(0, len(x), LANES):
        rows = block(x, start, len(x))
        weights = rows if weight is None else block(weight, start, len(x))
        for k in range(len(rows)):
            number = int(rows[k])
            whole &= float(number) == rows[k]
            tables[k % _TABLES, number - lowest] += 1.0 if weight is None else weights[k]
    return whole


def table_of(x: Array, weight: Array | None, lowest: int, size: int) -> Array | None:
    """Total weight of each whole number.

    Parameters
    ----------
    x : ndarray of shape (n,)
        Observations from ``lowest`` to ``lowest + size - 1``, both below 2^53 in size.
    weight : ndarray of shape (n,) or None

    Returns
    -------
    ndarray of shape (size,), or None
        None if an observation is not a whole number.
    """
    tables = np.zeros((_TABLES, size))
    whole = _count(uniform(x), None if weight is None else uniform(weight), lowest, tables)
    return tables.sum(axis=0) if whole else None
