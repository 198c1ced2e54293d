"""Consecutive rows of a sample: what every sum over the data is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.passes import BLOCK_ROWS

Known = Mapping[str, Array]
"""What is known of every row beside its observation, by name: a column of shape (n,), or a design of shape (n, k)."""

NOTHING: Known = {}

_ONES = np.ones(BLOCK_ROWS)
"""With which the sum of a block is a product, which BLAS takes."""

_SIDE_BY_SIDE = 50
"""Rows whose squares are summed side by side."""

_KEEPS = 1e-3
"""Share of the sum of squares about 0 that must be left about another point, for it to be had by a difference."""


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
    return {name: _some(column, rows) for name, column in known.items()} if known else NOTHING


def _some(column: Array, rows: Any) -> Array:
    """Some rows of a column, or of a design; of a short one whose columns lie one after the other, so do these."""
    along = np.ndim(column) == 2 and len(column) <= BLOCK_ROWS and isinstance(column, np.ndarray)
    if along and column.flags.f_contiguous and not isinstance(rows, slice):
        return np.ascontiguousarray(column.T[:, rows]).T  # an index alone would lay rows one after the other
    some: Array = column[rows]  # or of a design of its entries
    return some


class ColumnTotals(NamedTuple):
    """What one look at a design says of its columns.

    Attributes
    ----------
    sums : ndarray of shape (k,)
        Not finite where a value is not.
    of_blocks : tuple of ndarray of shape (k,)
        Sums of blocks of rows.
    squares : tuple of ndarray of shape (k,)
        Sums of squares of blocks of rows; none of a sparse design.
    is_one : ndarray of shape (k,)
        Whether a column is 1 in every row.
    """

    sums: Array
    of_blocks: tuple[Array, ...]
    squares: tuple[Array, ...]
    is_one: Mask


def column_totals(columns: Any) -> ColumnTotals:
    """Look at a design, in memory, by blocks that stay in the cache."""
    is_array = isinstance(columns, np.ndarray)
    total = np.zeros(columns.shape[1])
    is_one = np.full(columns.shape[1], len(columns) > 0)
    sums, squares = [], []
    with np.errstate(all="ignore"):
        for first in range(0, len(columns), BLOCK_ROWS):
            block = columns[first : first + BLOCK_ROWS]
            sums.append(_ONES[: len(block)] @ block)
            total += sums[-1]
            is_one &= sums[-1] == len(block)
            for k in [k for k, one in enumerate(is_one.tolist()) if one]:
                is_one[k] = (block[:, k] == 1.0).all()
            if is_array:
                squares.append(squares_of(block))
    return ColumnTotals(total, tuple(sums), tuple(squares), is_one)


def squares_of(columns: Array) -> Array:
    """Sums of squares of columns; shape (k,)."""
    n, k = columns.shape
    lines = n // _SIDE_BY_SIDE if columns.flags.c_contiguous else 0
    whole = lines * _SIDE_BY_SIDE
    found: Any = 0.0
    if whole < n or not lines:
        rest = columns[whole:]
        found = np.einsum("ij,ij->j", rest, rest)
    if lines:  # long lines are multiplied twice as fast as short ones
        wide = columns[:whole].reshape(lines, _SIDE_BY_SIDE * k)
        found = found + np.add.reduce(np.einsum("ij,ij->j", wide, wide).reshape(_SIDE_BY_SIDE, k))
    return np.asarray(found)


def squares_about(squares: Array, sums: Array, n_rows: int, centre: Array) -> Array | None:
    """Sums of squares about another point than 0; None where the difference loses more than three digits."""
    about = squares - centre * (2.0 * sums - n_rows * centre)
    return np.asarray(about) if (about > _KEEPS * squares).all() else None


def column_sums(columns: Array) -> Array:
    """Sums over the rows of a design; not finite where a value is not. Shape (k,)."""
    total = np.zeros(columns.shape[1])
    with np.errstate(all="ignore"):
        for first in range(0, len(columns), BLOCK_ROWS):
            block = columns[first : first + BLOCK_ROWS]
            total += _ONES[: len(block)] @ block
    return total
