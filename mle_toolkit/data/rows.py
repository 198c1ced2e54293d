"""Consecutive rows of a sample: what every sum over the data is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mle_toolkit._typing import Array

Known = Mapping[str, Array]
"""What is known of every row beside its observation, by name: a column of shape (n,), or a design of shape (n, k)."""

NOTHING: Known = {}

_ROWS = 10_000
"""Rows of a product that is too short for BLAS to wake its threads."""


class Block(NamedTuple):
    """Consecutive rows.

    Attributes
    ----------
    x : ndarray of shape (n,)
        Observations.
    weight : ndarray of shape (n,), or None
        None where every row counts once.
    first : int
        Number of the first row.
    known : mapping of str to ndarray of shape (n,) or (n, k)
        What is known of the rows.
    """

    x: Array
    weight: Array | None
    first: int = 0
    known: Known = NOTHING


def some_of(known: Known, rows: Any) -> Known:
    """What is known of some rows (slice, index or mask)."""
    return {name: column[rows] for name, column in known.items()} if known else NOTHING


def column_sums(columns: Array, weight: Array | None = None) -> Array:
    """Weighted sums over the rows of a design; not finite where a value is not. Shape (k,)."""
    ones = np.ones(min(len(columns), _ROWS)) if weight is None else weight
    total = np.zeros(columns.shape[1])
    with np.errstate(all="ignore"):
        for first in range(0, len(columns), _ROWS):
            block = columns[first : first + _ROWS]
            total += (ones[: len(block)] if weight is None else weight[first : first + _ROWS]) @ block
    return total
