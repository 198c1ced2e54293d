"""Sums over a block of rows, at memory speed, which wake no threads."""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import BLOCK_ROWS

_FEW = 4_000


def total(x: Array) -> float:
    """Sum of a block: as exact as np.sum, at memory speed, and without waking BLAS threads."""
    # Of few rows the call is what costs.
    return float(np.add.reduce(x)) if len(x) <= _FEW else float(np.einsum("i->", x))


def dot(x: Array, y: Array) -> float:
    """Sum of products over a block, by pieces that are too short for BLAS to wake its threads."""
    if len(x) <= BLOCK_ROWS:
        return float(x @ y)
    return sum(float(x[k : k + BLOCK_ROWS] @ y[k : k + BLOCK_ROWS]) for k in range(0, len(x), BLOCK_ROWS))


def weighted(weight: Array | None, *columns: Array) -> tuple[Array, ...]:
    """Columns times their weights; themselves without weights."""
    return columns if weight is None else tuple([weight * column for column in columns])


def sums_of(weight: Array | None, *columns: Array) -> tuple[float, ...]:
    """Weighted sum of each column over a block."""
    if weight is None:
        return tuple([total(column) for column in columns])
    return tuple([dot(weight, column) for column in columns])
