"""Designs of factors with many levels: most of their columns are zero in most rows, and only the others are held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MANY_LEVELS = 20
"""Levels of a factor from which on most entries of its columns are zero."""

_MANY_COLUMNS = 100
"""Columns of levels from which on only entries that are not zero are held."""


def without_column(matrix: Array, k: int) -> Array:
    """The other columns of a design."""
    return matrix[:, np.arange(matrix.shape[1]) != k]


def missing_rows(matrix: Array) -> Any:
    """Rows of a design in which a value is NaN; a mask."""
    return np.isnan(matrix.whole if isinstance(matrix, SparseDesign) else matrix).any(axis=1)


def is_worth_it(n_columns: int) -> bool:
    """Whether columns of levels, most of which are zero, are to be held by their entries: in any number of rows."""
    return n_columns >= _MANY_COLUMNS


def stacked(parts: Sequence[Array]) -> Array:
    """Columns, or designs, of rows that follow one another, as one."""
    designs: list[SparseDesign] = [part for part in cast("Sequence[Any]", parts) if isinstance(part, SparseDesign)]
    if len(designs) < len(parts):
        return np.concatenate(parts)
    from scipy import sparse

    entries = sparse.vstack([part.entries for part in designs], format="csr")
    return SparseDesign(np.concatenate([part.whole for part in designs]), entries, designs[0].order).as_array()


class SparseDesign:
    """A design of shape (n, k) some of whose columns are held whole, the others by the entries that are not zero.

    It stands where an array of that shape does: it has a shape, rows and columns are taken of it, and it is multiplied
    with vectors. ``numpy.asarray`` makes the whole of it, which may be large.

    Parameters
    ----------
    whole : ndarray of shape (n, q)
        Columns that are held whole, one at least; NaN in rows that are missing.
    entries : scipy.sparse.csr_array of shape (n, k - q)
        The other columns.
    order : ndarray of int of shape (k,)
        Place of each column of the design among those that are held whole, followed by the others.
    """

    ndim = 2
    __array_priority__ = 1000.0
    """So that products with an array on the left are ours."""

    def __init__(self, whole: Array, entries: csr_array, order: NDArray[np.intp]) -> None:
        self.whole, self.entries, self.order = whole, entries, order

    @classmethod
    def of(
        cls,
        whole: Array,
        entries: Sequence[tuple[NDArray[np.intp], NDArray[np.intp], Array, int]],
        is_whole: NDArray[np.bool_],
        missing: NDArray[np.bool_],
    ) -> SparseDesign:
        """Of columns, and of rows, columns, values and numbers of columns of parts that are held by their entries.

        Parameters
        ----------
        whole : ndarray of shape (n, q)
        entries : sequence of (rows, columns, values, n_columns)
        is_whole : ndarray of bool of shape (k,)
            Which columns of the design are held whole.
        missing : ndarray of bool of shape (n,)
            Rows that are NaN in all columns.
        """
        from scipy import sparse

        firsts = np.cumsum([0, *(part[3] for part in entries)])
        rows, values = (np.concatenate([part[k] for part in entries]) for k in (0, 2))
        columns = np.concatenate([part[1] + first for part, first in zip(entries, firsts, strict=False)])
        made = sparse.coo_array((values, (rows, columns)), shape=(len(whole), int(firsts[-1]))).tocsr()
        order = np.where(is_whole, np.cumsum(is_whole) - 1, whole.shape[1] + np.cumsum(~is_whole) - 1)
        if not whole.shape[1]:  # one is, so that it can say which rows are missing
            whole, made = np.asarray(made[:, [0]].toarray()), made[:, 1:]
        if missing.any():
            whole[missing] = np.nan
        return cls(whole, made, order)

    def as_array(self) -> Array:
        """Itself, where the type of an array is asked for."""
        return cast("Array", self)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and columns."""
        return len(self.whole), len(self.order)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Doubles."""
        return self.whole.dtype

    @property
    def width(self) -> int:
        """Number of columns that are held whole."""
        return int(self.whole.shape[1])

    @property
    def places(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Which columns of the design are held whole, and which are not, in the order in which they are held."""
        held = np.argsort(self.order, kind="stable")
        return held[: self.width], held[self.width :]

    def __len__(self) -> int:
        return len(self.whole)

    def copy(self) -> SparseDesign:
        """Another with values of its own."""
        return SparseDesign(self.whole.copy(), self.entries.copy(), self.order)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        found = np.concatenate([self.whole, self.entries.toarray()], axis=1)[:, self.order]
        return found if dtype is None else found.astype(dtype, copy=False)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, tuple):
            if isinstance(key, (int, np.integer)):
                return np.asarray(self[[key]])[0]
            return SparseDesign(self.whole[key], self.entries[key], self.order)
        rows, columns = key
        picked = self.order[list(columns) if isinstance(columns, tuple) else columns]
        if np.ndim(picked) == 0:
            place = int(picked)
            column = self.whole[:, place] if place < self.width else self._column(place - self.width)
            return column[rows]
        if not isinstance(rows, slice):
            raise IndexError("columns of some rows of a SparseDesign: take the rows first, then the columns")
        mine = self if rows == slice(None) else self[rows]
        if not np.any(picked >= self.width):
            return mine.whole[:, picked]
        # In the order in which they are held, so that the rows stay sorted.
        held = np.sort(picked)
        inside, order = held < self.width, np.searchsorted(held, picked)
        whole, others = mine.whole[:, held[inside]], held[~inside] - self.width
        if not inside.any():  # one is, so that it can say which rows are missing
            first, others = mine._column(others[0]), others[1:]
            whole = np.where(np.isnan(mine.whole).any(axis=1), np.nan, first)[:, None]
        return SparseDesign(whole, mine.entries[:, others], order)

    def _column(self, place: int) -> Array:
        return np.asarray(self.entries[:, [place]].toarray())[:, 0]

    def __matmul__(self, other: Any) -> Array:
        held = np.asarray(other, dtype=float)
        first, rest = self.places
        return np.asarray(self.whole @ held[first] + self.entries @ held[rest])

    def __rmatmul__(self, other: Any) -> Array:
        left = np.asarray(other, dtype=float)
        found = np.concatenate([left @ self.whole, (self.entries.T @ left.T).T], axis=-1)
        return np.asarray(found[..., self.order])

    def __abs__(self) -> SparseDesign:
        return SparseDesign(np.abs(self.whole), abs(self.entries), self.order)

    def all_entries(self) -> csr_array:
        """All columns, by their entries."""
        from scipy import sparse

        joined: csr_array = sparse.hstack([sparse.csr_array(self.whole), self.entries], format="csr")
        return joined[:, self.order]

    def rows_of_rare_columns(self, most: int) -> NDArray[np.intp]:
        """Rows in which a column is not zero that is so in few rows."""
        first, rest = self.places
        counts = np.diff(self.entries.tocsc().indptr)
        rare = np.zeros(len(self.order), dtype=bool)
        rare[rest] = counts <= most
        rare[first] = np.count_nonzero(self.whole, axis=0) <= most
        return np.flatnonzero(abs(self) @ rare.astype(float) > 0)

    def squares(self, weight: Array, about: Array) -> Array:
        """Weighted sums over the rows of squares of the columns about some numbers; shape (k,)."""
        first, rest = self.places
        centre, entries = about[rest], self.entries
        squared = entries.multiply(entries).T @ weight
        sums = entries.T @ weight
        # A column of levels is 0 or of one size in most rows, so nothing cancels in this.
        loose = squared - 2 * centre * sums + np.square(centre) * float(np.sum(weight))
        return np.asarray(np.concatenate([weight @ np.square(self.whole - about[first]), loose])[self.order])

    def spread(self, rows: NDArray[np.intp], n_rows: int) -> SparseDesign:
        """The design of more rows, of which these are some: the others are NaN."""
        from scipy import sparse

        whole = np.full((n_rows, self.width), np.nan)
        whole[rows] = self.whole
        counts = np.zeros(n_rows, dtype=np.intp)
        counts[rows] = np.diff(self.entries.indptr)
        parts = (self.entries.data, self.entries.indices, np.concatenate([[0], np.cumsum(counts)]))
        return SparseDesign(whole, sparse.csr_array(parts, (n_rows, self.entries.shape[1])), self.order)
