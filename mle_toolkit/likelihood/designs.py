"""Designs: products with their columns, and which of these others make up, and how.

Source: Golub & Van Loan (2013), Matrix Computations, 4th ed., sec. 5.2.8 (Gram-Schmidt, done twice).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.rows import Block, ColumnTotals, column_totals
from mle_toolkit.data.sparse import SparseDesign
from mle_toolkit.likelihood.kernels import COMPILED_NUMBERS, of_designs, read_only

_DEPENDENT = 1e-10
"""Share of a column, in its size about its mean, below which what others leave of it is the rounding of its values."""

_HOLDS = 1e-9
"""Share of the terms of a relation by which their sum may differ from 0 where it holds: rounding."""

_SHOWN = 1e-7
"""Coefficients of a relation, in units of the columns, that are shown as zero."""


@dataclass(frozen=True)
class Relations:
    """Which columns of a design are sums of those before them.

    Attributes
    ----------
    kept : tuple of int
        Columns that are not, in their order.
    dropped : tuple of int
        Columns that are.
    weights : ndarray of shape (n_kept, n_dropped)
        ``design[:, dropped] = design[:, kept] @ weights``.
    """

    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    weights: Array

    def written(self, names: Sequence[str], constant: int | None) -> tuple[str, ...]:
        """Each relation in words: ``"x2 = 2 x + 1"``."""
        return tuple(
            f"{names[j]} = " + written_sum(column, [names[k] for k in self.kept], _position(self.kept, constant))
            for j, column in zip(self.dropped, self.weights.T, strict=True)
        )


def relations(design: Array, constant: int | None = None) -> Relations:
    """Find the columns of a design that are sums of those before them, the constant being before all.

    Parameters
    ----------
    design : ndarray of shape (n, k)
    constant : int or None
        Which column is 1 in every row. Then columns count by what varies in them.
    """
    if isinstance(design, SparseDesign):
        return _sparse_relations(design, constant)
    n_columns = design.shape[1]
    centre = np.zeros(n_columns)
    if constant is not None:
        centre = design.mean(axis=0)
        centre[constant] = 0.0
    columns = design - centre
    sizes = np.sqrt(np.sum(np.square(columns), axis=0))
    # What rounding of the values as they are given leaves of a column that does not vary.
    rounding = 4 * np.finfo(float).eps * np.sqrt(len(design)) * np.max(np.abs(design), axis=0, initial=0.0)
    order = [k for k in (constant,) if k is not None] + [k for k in range(n_columns) if k != constant]
    basis = np.empty((len(design), 0))
    kept: list[int] = []
    dropped: list[int] = []
    for k in order:
        left = columns[:, k] / (sizes[k] or 1.0)
        for _ in range(2):
            left = left - basis @ (basis.T @ left)
        size = float(np.sqrt(np.sum(left * left)))
        if size * sizes[k] <= max(_DEPENDENT * sizes[k], rounding[k]):
            dropped.append(k)
        else:
            kept.append(k)
            basis = np.column_stack([basis, left / size])
    kept.sort()
    dropped.sort()
    inner = columns[:, kept]
    scale = np.where(sizes[kept] > 0, sizes[kept], 1.0)
    weights = np.linalg.lstsq(inner / scale, columns[:, dropped], rcond=None)[0] / scale[:, None]
    if constant is not None and dropped:
        weights[kept.index(constant)] = centre[dropped] - centre[kept] @ weights
    for j, column in enumerate(dropped):
        # What of a relation is rounding is none of it.
        reach = np.max(np.abs(design[:, kept]), axis=0, initial=0.0) * np.abs(weights[:, j])
        weights[reach <= _SHOWN * (np.max(np.abs(design[:, column])) or 1.0), j] = 0.0
    return Relations(tuple(kept), tuple(dropped), weights)


_SUSPECT = 1e-6
"""Share of the square of a column that others leave of it, by products of columns, above which it is certainly left."""

_REFINED = 4
"""Times that a least-squares solution by products of columns is refined by what it leaves."""


def _sparse_relations(design: SparseDesign, constant: int | None) -> Relations:
    """The same of columns that are held by their entries: products of columns suspect, and what is left proves."""
    n_rows, n_columns = design.shape
    ones, centre = np.ones(n_rows), np.zeros(n_columns)
    if constant is not None:
        centre = (ones @ design) / n_rows
        centre[constant] = 0.0
    sizes = np.sqrt(design.squares(ones, centre))
    scale = np.where(sizes > 0, sizes, 1.0)
    columns = SparseColumns.of(design, centre, 1 / scale)
    products = columns.squared(ones)
    rounding = 4 * np.finfo(float).eps * np.sqrt(n_rows * (ones @ abs(design) / n_rows))
    order = [k for k in (constant,) if k is not None] + [k for k in range(n_columns) if k != constant]
    kept: list[int] = []
    dropped: list[int] = []
    solutions: dict[int, Array] = {}
    products[np.arange(n_columns), np.arange(n_columns)] += sizes == 0
    for k, left in zip(order, _pivots(products[np.ix_(order, order)]), strict=True):
        if sizes[k] <= rounding[k]:
            dropped.append(k)
        elif left > _SUSPECT:
            kept.append(k)
        else:
            solution, away = _explained(columns, products, kept, k)
            if away > _DEPENDENT:
                kept.append(k)
            else:
                dropped.append(k)
                solutions[k] = solution
    final = sorted(kept)
    weights = np.zeros((len(final), len(dropped)))
    for j, k in enumerate(sorted(dropped)):
        if k in solutions:
            own = _explained(columns, products, final, k)[0] * scale[k] / scale[final]
            own[np.abs(own) * scale[final] <= _SHOWN * scale[k]] = 0.0
            weights[:, j] = own
        if constant is not None:
            at = final.index(constant)
            value = centre[k] - centre[final] @ weights[:, j]
            weights[at, j] = value if abs(value) > _SHOWN * max(1.0, abs(centre[k])) else 0.0
    return Relations(tuple(final), tuple(sorted(dropped)), weights)


def _pivots(products: Array) -> Array:
    """What of the square of each column those before it leave, those that leave nothing being left out themselves."""
    try:
        return np.square(np.diagonal(np.linalg.cholesky(products)))
    except np.linalg.LinAlgError:
        pass
    n = len(products)
    lower, pivots = np.zeros((n, n)), np.zeros(n)
    for k in range(n):
        column = products[k:, k] - lower[k:, :k] @ lower[k, :k]
        pivots[k] = column[0]
        if pivots[k] > _DEPENDENT:
            lower[k:, k] = column / np.sqrt(pivots[k])
    return pivots


def _explained(columns: SparseColumns, products: Array, kept: Sequence[int], k: int) -> tuple[Array, float]:
    """The nearest sum of some columns to another of unit size, and how far it is."""
    size = len(products)
    target = columns.times(np.eye(1, size, k)[0])
    inner = products[np.ix_(kept, kept)]
    solution, left = np.zeros(len(kept)), target
    for _ in range(_REFINED if kept else 0):
        solution = solution + np.linalg.lstsq(inner, columns.summed(left)[kept], rcond=None)[0]
        whole = np.zeros(size)
        whole[kept] = solution
        left = target - columns.times(whole)
    return solution, float(np.sqrt(np.sum(left * left)))


def totals_of(design: Any) -> ColumnTotals:
    """What one look at a design says of its columns: of a long one, by a compiled loop that reads it once."""
    is_long = isinstance(design, np.ndarray) and design.size >= COMPILED_NUMBERS and design.flags.c_contiguous
    twin = of_designs() if is_long else None
    if twin is None:
        return column_totals(design)
    firsts = range(0, len(design), BLOCK_ROWS)
    blocks = [twin.looked_at(read_only(design[first : first + BLOCK_ROWS])) for first in firsts]
    whole = np.sum(blocks, axis=0)
    sums, squares = (tuple(block[part] for block in blocks) for part in (0, 1))
    return ColumnTotals(whole[0], sums, squares, whole[2] == 0.0)


_ILL = 1e-4
"""Least eigenvalue of the correlations of columns below which they are made orthonormal: a product of the design with
itself loses as many digits as it is small."""

_LOOKED_AT = 5_000
"""Rows by which it is seen."""


def orthonormal(design: Array, shift: Array, frame: Array, constant: int | None) -> tuple[Array, Array] | None:
    """Orthonormal columns that span the same as Z, and the matrix that makes them: ``Q = Z @ F``; None if not needed.

    Parameters
    ----------
    design : ndarray of shape (n, k)
    shift, frame : ndarray of shape (k,)
        ``Z = (design - shift) * frame``: columns about their means and of unit size.
    constant : int or None
        Which column is 1 in every row; it stays by itself.

    Returns
    -------
    Q : ndarray of shape (n, k)
        By Householder's reflections, so that it is orthonormal to the last digit, as the product with F is not.
    F : ndarray of shape (k, k)
        Upper triangular.
    """
    n, k = design.shape
    others = [j for j in range(k) if j != constant]
    if len(others) < 2 or n < k:
        return None
    step = max(1, n // _LOOKED_AT)
    few = (design if step == 1 else design[::step]) - shift
    few *= frame
    products = (few.T * 1.0) @ few  # of a matrix and its own transpose NumPy takes half, which of few columns is slower
    if constant is not None:
        products[constant] = products[:, constant] = 0.0
        products[constant, constant] = 1.0
    sizes = np.sqrt(products.diagonal())
    if not (sizes > 0).all():
        return None
    alike = products / (sizes * sizes[:, None])
    # Gershgorin's circles: no eigenvalue is farther from 1 than the other correlations of a column add up to.
    clear = np.add.reduce(np.abs(alike)).max() < 2.0 - 2.0 * _ILL
    if clear or np.linalg.eigvalsh(alike)[0] > _ILL:
        return None
    columns = (design - shift) * frame
    basis, upper = np.linalg.qr(columns[:, others])
    if not np.min(np.abs(np.diag(upper))) > _DEPENDENT * np.sqrt(n):
        return None  # which is said where the columns are checked
    found, by = columns, np.eye(k)
    found[:, others] = basis * np.sqrt(n)
    by[np.ix_(others, others)] = np.linalg.solve(upper, np.eye(len(others))) * np.sqrt(n)
    return found, by


@dataclass(frozen=True)
class Breaking:
    """In how many rows of a block each of some relations, that were seen in others, does not hold.

    Parameters
    ----------
    key : str
        Of the design, among what is known of a row.
    relations : Relations
    """

    key: str
    relations: Relations

    def __call__(self, block: Block) -> Array:
        """Numbers of rows, one a relation."""
        seen, design = self.relations, block.known[self.key]
        kept, dropped = design[:, seen.kept], np.asarray(design[:, seen.dropped])
        reach = abs(kept) @ np.abs(seen.weights) + np.abs(dropped)
        broken = np.abs(kept @ seen.weights - dropped) > _HOLDS * reach
        return np.asarray(np.sum(broken, axis=0), dtype=float)


_IN_CACHE = 81_920
"""Numbers of a design that are weighted at a time, so that memory for them is had at once and stays in the cache."""


class Columns(NamedTuple):
    """Columns Z of a design in coordinates of its own: a matrix, or the product of one, as it is given, with a map.

    Attributes
    ----------
    matrix : ndarray of shape (n, k)
    by : ndarray of shape (k, k), or None
        ``Z = matrix @ by``; None where the matrix is Z. So that Z need not be formed anew in every pass.
    twin : module or None
        Compiled products, for long designs.
    """

    matrix: Array
    by: Array | None = None
    twin: ModuleType | None = None

    def formed(self) -> Array:
        """Z; shape (n, k)."""
        return self.matrix if self.by is None else self.matrix @ self.by

    def times(self, coefficients: Array) -> Array:
        """``Z @ coefficients``; shape (n,)."""
        inner = coefficients if self.by is None else self.by @ coefficients
        if self.twin is None or not self.matrix.flags.c_contiguous:
            return np.asarray(self.matrix @ inner)
        return np.asarray(self.twin.times(read_only(self.matrix), read_only(inner)))

    def summed(self, along: Array) -> Array:
        """``Z.T @ along``; shape (k,)."""
        sums = self.matrix.T @ along
        return np.asarray(sums if self.by is None else self.by.T @ sums)

    def expanded(self, along: Array, across: Array) -> tuple[Array, Array]:
        """``Z.T @ along`` and ``Z.T @ diag(across) @ Z``; shapes (k,), (k, k)."""
        if self.twin is None:
            return self.summed(along), self.squared(across)
        first, second = self.twin.expanded(read_only(self.matrix), read_only(along), read_only(across))
        return (first, second) if self.by is None else (self.by.T @ first, self.by.T @ second @ self.by)

    def squared(self, across: Array) -> Array:
        """``Z.T @ diag(across) @ Z``; shape (k, k)."""
        if self.matrix.flags.f_contiguous and len(self.matrix) <= BLOCK_ROWS:
            along = (self.matrix.T * across) @ self.matrix  # it goes along columns: rows of a few numbers are slow
            return np.asarray(along if self.by is None else self.by.T @ along @ self.by)
        # Of one sign, as where the likelihood is concave, half of the products suffice.
        sign = -1.0 if np.max(across) <= 0 else 1.0 if np.min(across) >= 0 else 0.0
        weight = np.sqrt(sign * across) if sign else across
        step = max(1, _IN_CACHE // max(1, self.matrix.shape[1]))
        products: Any = 0.0
        for first in range(0, len(self.matrix), step):
            rows = self.matrix[first : first + step]
            weighted = rows * weight[first : first + step, None]
            products = products + ((weighted if sign else rows).T @ weighted)
        products = sign * products if sign else products
        return np.asarray(products if self.by is None else self.by.T @ products @ self.by)

    def crossed(self, other: AnyColumns, across: Array) -> Array:
        """``Z.T @ diag(across) @ other``; shape (k, m)."""
        if isinstance(other, SparseColumns):
            return np.stack([other.summed(across * column) for column in self.formed().T])
        if self._is(other):  # as those of levels are, which have one design
            return self.squared(across) if self.twin is None else self.expanded(_NOTHING, across)[1]
        products = self.matrix.T @ (across[:, None] * other.matrix)
        products = products if self.by is None else self.by.T @ products
        return np.asarray(products if other.by is None else products @ other.by)

    def _is(self, other: Columns) -> bool:
        """Whether the columns of another design are these, in the same memory."""
        one, two = self.matrix, other.matrix
        if one is not two and (one.shape, one.strides, one.ctypes.data) != (two.shape, two.strides, two.ctypes.data):
            return False
        if self.by is None or other.by is None:
            return self.by is other.by
        return np.array_equal(self.by, other.by)


_NOTHING = np.zeros(1)


class SparseColumns(NamedTuple):
    """The same of a design of many levels: columns that are held whole, and others that are held by their entries.

    Attributes
    ----------
    whole : ndarray of shape (n, q)
        Columns of Z.
    entries : scipy.sparse.csr_array of shape (n, m)
        Of the design as it is given.
    size, away : ndarray of shape (m,)
        Columns of Z are ``entries * size - away``.
    places : tuple of ndarray
        Which columns of Z are held whole, and which are not.
    counting : ndarray of shape (n,), or None
        0 where the row of Z is zero, else 1; None where no row is.
    """

    whole: Array
    entries: Any
    size: Array
    away: Array
    places: tuple[Any, Any]
    counting: Array | None = None

    @classmethod
    def of(cls, design: SparseDesign, shift: Array, frame: Array, counting: Array | None = None) -> SparseColumns:
        """``Z = (design - shift) * frame``, in the rows that count."""
        whole, others = design.places
        centred = (design.whole - shift[whole]) * frame[whole]
        centred = centred if counting is None else centred * counting[:, None]
        return cls(centred, design.entries, frame[others], frame[others] * shift[others], (whole, others), counting)

    def expanded(self, along: Array, across: Array) -> tuple[Array, Array]:
        """``Z.T @ along`` and ``Z.T @ diag(across) @ Z``; shapes (k,), (k, k)."""
        return self.summed(along), self.squared(across)

    def formed(self) -> Array:
        """Z; shape (n, k)."""
        found = np.empty((len(self.whole), self.whole.shape[1] + len(self.size)))
        found[:, self.places[0]] = self.whole
        loose = self.entries.toarray() * self.size - self.away
        found[:, self.places[1]] = loose if self.counting is None else loose * self.counting[:, None]
        return found

    def times(self, coefficients: Array) -> Array:
        """``Z @ coefficients``; shape (n,)."""
        whole, others = coefficients[self.places[0]], coefficients[self.places[1]]
        return np.asarray(self.whole @ whole + self._of_rows(self.entries @ (self.size * others) - self.away @ others))

    def summed(self, along: Array) -> Array:
        """``Z.T @ along``; shape (k,)."""
        along = self._of_rows(along)
        return self._joined(self.whole.T @ along, self.size * (self.entries.T @ along) - self.away * np.sum(along))

    def squared(self, across: Array) -> Array:
        """``Z.T @ diag(across) @ Z``; shape (k, k)."""
        k, (first, others), across = len(self.size) + self.whole.shape[1], self.places, self._of_rows(across)
        weighted = across[:, None] * self.whole
        found = np.empty((k, k))
        found[np.ix_(first, first)] = self.whole.T @ weighted
        between = (self.entries.T @ weighted) * self.size[:, None] - np.outer(self.away, np.sum(weighted, axis=0))
        found[np.ix_(others, first)] = between
        found[np.ix_(first, others)] = between.T
        sums = self.size * (self.entries.T @ across)
        inner = (self.entries.T @ (self.entries.multiply(across[:, None]).tocsr())).toarray()
        inner *= self.size[:, None]
        inner *= self.size
        inner -= np.outer(sums, self.away)
        inner -= np.outer(self.away, sums - np.sum(across) * self.away)
        found[np.ix_(others, others)] = inner
        return found

    def crossed(self, other: AnyColumns, across: Array) -> Array:
        """``Z.T @ diag(across) @ other``; shape (k, m)."""
        if isinstance(other, Columns):
            return np.asarray(other.crossed(self, across).T)
        across = other._of_rows(self._of_rows(across))
        weighted = across[:, None] * other.whole
        found = np.empty((len(self.size) + self.whole.shape[1], len(other.size) + other.whole.shape[1]))
        found[:, other.places[0]] = np.stack([self.summed(column) for column in weighted.T], axis=1)
        inner = (self.entries.T @ (other.entries.multiply(across[:, None]).tocsr())).toarray()
        mine, theirs = self.size * (self.entries.T @ across), other.size * (other.entries.T @ across)
        inner = inner * self.size[:, None] * other.size - np.outer(mine, other.away)
        inner -= np.outer(self.away, theirs - np.sum(across) * other.away)
        found[np.ix_(self.places[1], other.places[1])] = inner
        whole = (other.entries.T @ (across[:, None] * self.whole)) * other.size[:, None]
        whole -= np.outer(other.away, across @ self.whole)
        found[np.ix_(self.places[0], other.places[1])] = whole.T
        return found

    def _of_rows(self, values: Array) -> Array:
        return values if self.counting is None else values * self.counting

    def _joined(self, whole: Array, others: Array) -> Array:
        found = np.empty(len(whole) + len(others))
        found[self.places[0]], found[self.places[1]] = whole, others
        return found


def least_squares(columns: AnyColumns, wanted: Array) -> Array:
    """The sum of columns that is nearest to the values of rows; shape (n,)."""
    if isinstance(columns, Columns):
        design = columns.formed()
        return np.asarray(design @ np.linalg.lstsq(design, wanted, rcond=None)[0])
    products, found = columns.squared(np.ones(len(wanted))), np.zeros(len(wanted))
    for _ in range(_REFINED):
        step = np.linalg.lstsq(products, columns.summed(wanted - found), rcond=None)[0]
        found = found + columns.times(np.asarray(step, dtype=float))
    return found


_ROWS_AT_ONCE = 1_000
"""Rows of a design of many columns that are formed at a time."""


def leverages_of_few(design: SparseDesign) -> Array:
    """Leverages of the rows that have a column to themselves, or share it with few; 0 for others. Shape (n,)."""
    rows = design.rows_of_rare_columns(design.width)
    found = np.zeros(len(design))
    if not len(rows):
        return found
    ones, centre = np.ones(len(design)), np.zeros(design.shape[1])
    sizes = np.sqrt(design.squares(ones, centre))
    frame = 1 / np.where(sizes > 0, sizes, 1.0)
    inverse = np.linalg.pinv(SparseColumns.of(design, centre, frame).squared(ones), rcond=_DEPENDENT, hermitian=True)
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[first : first + _ROWS_AT_ONCE]
        formed = SparseColumns.of(design[some], centre, frame).formed()
        found[some] = np.sum((formed @ inverse) * formed, axis=1)
    return found


AnyColumns = Columns | SparseColumns
"""Columns of a design, for products with them."""


def _position(kept: Sequence[int], constant: int | None) -> int | None:
    return kept.index(constant) if constant in kept else None


def written_sum(weights: Array, names: Sequence[str], constant: int | None) -> str:
    """A sum in words: ``2 x + 1``."""
    order = [k for k in range(len(names)) if k != constant] + ([] if constant is None else [constant])
    said = ""
    for k in order:
        value = float(weights[k])
        if value == 0.0:
            continue
        size = f"{abs(value):.6g}"
        term = size if k == constant else names[k] if size == "1" else f"{size} {names[k]}"
        if said:
            said += f" {'-' if value < 0 else '+'} {term}"
        else:
            said = f"-{term}" if value < 0 else term
    return said or "0"
