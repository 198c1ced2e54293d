"""Directions of recession: along which no row's likelihood falls, by linear programs over what each row allows.

Sources: Konis (2007), Linear programming algorithms for detecting separated data, thesis, Oxford, ch. 4 (the program);
Geyer (2009), Electronic Journal of Statistics 3, 259-289 (directions of recession and the limiting model).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.sparse import SparseDesign
from mle_toolkit.likelihood.designs import SparseColumns
from mle_toolkit.likelihood.linear import Linear

Mask = NDArray[np.bool_]

SUPREMUM = 1e-7
"""Nats, relative to a log-likelihood above 1, by which a supremum may be below what the search has reached."""

MARGIN = 1e-7
"""Of a direction in columns of unit size, below which a row does not move: tolerance of the linear program."""


def recession(design: Array, up: Mask, down: Mask) -> Iterator[Array]:
    """Directions along which rows move only where they are allowed to; the later ones where the earlier do not move."""
    held = ~up & ~down
    basis = _null_space(design[held]) if held.any() else np.eye(design.shape[1])
    bound = up != down
    moving = np.where(up, 1.0, -1.0)[bound][:, None] * (design[bound] @ basis)
    moving = moving[np.max(np.abs(moving), axis=1, initial=0.0) > MARGIN]
    while moving.size and basis.shape[1]:
        best = _best(moving)
        if best is None:
            return
        still = moving @ best <= MARGIN
        if still.all():
            return
        # The program's tolerance taken out: rows that do not move do so exactly.
        within = _null_space(moving[still]) if still.any() else np.eye(basis.shape[1])
        way = np.asarray(within @ (within.T @ best))
        if not np.any(moving[~still] @ way > MARGIN):
            return
        yield basis @ way
        moving = moving[still]


def sparse_recession(design: SparseDesign, up: Mask, down: Mask) -> Iterator[Array]:
    """Directions as of `recession`, in coefficients of a design of many levels as it is.

    First all columns each of which moves rows only where they are allowed to: levels in which no row speaks against it.
    What is left, where products of the rows that hold still do not say that nothing else moves, is a linear program.
    """
    first = _by_columns(design, up, down)
    side = np.sign(design @ first)
    if side.any():
        yield first
    while True:
        still = np.flatnonzero(side == 0)
        rest, up_here, down_here = design[still], up[still], down[still]
        scale = np.sqrt(rest.squares(np.ones(len(rest)), np.zeros(design.shape[1])))
        left = np.flatnonzero(scale > 0)
        if not len(left):
            return
        frame = 1 / np.where(scale > 0, scale, 1.0)
        columns = SparseColumns.of(rest, np.zeros(len(scale)), frame)
        held = ~up_here & ~down_here
        if not _unseen(columns, held, left).shape[1]:
            return
        entries = rest.all_entries()[:, left].multiply(frame[left]).tocsr()
        bound = np.flatnonzero(up_here != down_here)
        turned = entries[bound].multiply(np.where(up_here, 1.0, -1.0)[bound, None]).tocsr()
        best = _best(turned, entries[held])
        if best is None:
            return
        moves = entries @ best
        within = _unseen(columns, held | (np.abs(moves) <= MARGIN), left)
        way = np.zeros(len(scale))
        way[left] = within @ (within.T @ best)
        way = np.where(np.abs(way) <= MARGIN * np.max(np.abs(way), initial=0.0), 0.0, way) * frame
        moved = rest @ way != 0
        if not moved.any():
            return
        yield way
        side[still[moved]] = 1.0


def _by_columns(design: SparseDesign, up: Mask, down: Mask) -> Array:
    """The sum of all columns, or of them turned round, that move rows only where they are allowed to."""
    entries = design.all_entries().tocoo()
    rises = entries.data > 0
    size = design.shape[1]
    found = np.zeros(size)
    for sign in (-1.0, 1.0):
        against = np.where(rises == (sign > 0), ~up[entries.row], ~down[entries.row]) & (entries.data != 0)
        free = np.bincount(entries.col, weights=against, minlength=size) == 0
        found[free] = sign
    found[np.bincount(entries.col, weights=entries.data != 0, minlength=size) == 0] = 0.0
    return found


def _unseen(columns: SparseColumns, rows: Mask, left: NDArray[np.intp]) -> Array:
    """Orthonormal directions of some columns that do not move any of some rows; shape (k, dimension)."""
    products = columns.squared(rows.astype(float))[np.ix_(left, left)]
    size = float(np.trace(products))
    try:  # where all is seen, that is soon known
        if np.min(np.diagonal(np.linalg.cholesky(products))) ** 2 > MARGIN * size:
            return np.empty((len(left), 0))
    except np.linalg.LinAlgError:
        pass
    sizes, axes = np.linalg.eigh(products)
    return np.asarray(axes[:, sizes <= _NOTHING * max(float(sizes[-1]), 1e-300)])


_NOTHING = 1e-12
"""Share of the largest eigenvalue of products of columns that is rounding."""

_AT_ONCE = 4_000
"""Rows of a linear program, and rows that are added where more of them count."""


def _best(moving: Any, held: Any = None) -> Array | None:
    """The direction in the unit cube along which rows move farthest in sum, none of them back; None if not found.

    Rows that are held do not move. Of many rows a program takes some, and those that its answer moves back, until there
    are none: then it is the answer of the program of all. Rows may be those of a sparse matrix.
    """
    from scipy import optimize

    total = -np.asarray(moving.sum(axis=0))
    taken, kept = (
        np.arange(n) % max(1, n // _AT_ONCE) == 0 for n in (moving.shape[0], 0 if held is None else held.shape[0])
    )
    while True:
        some = moving[taken]
        still = {} if held is None else {"A_eq": held[kept], "b_eq": np.zeros(int(np.count_nonzero(kept)))}
        program: Any = optimize.linprog(total, A_ub=-some, b_ub=np.zeros(some.shape[0]), bounds=(-1, 1), **still)
        if program.status != 0:
            return None
        best = np.asarray(program.x, dtype=float)
        worst = _farthest(moving @ best, taken)
        others = worst[:0] if held is None else _farthest(-np.abs(held @ best), kept)
        if not len(worst) and not len(others):
            return best
        taken[worst] = True
        kept[others] = True


def _farthest(along: Array, taken: Mask) -> NDArray[np.intp]:
    """Rows, not taken yet, that move back; of many the farthest."""
    back = np.flatnonzero((along < -MARGIN) & ~taken)
    return back[np.argsort(along[back], kind="stable")[:_AT_ONCE]]


def _null_space(rows: Array) -> Array:
    """Orthonormal columns that span what no row sees; shape (k, dimension)."""
    n_columns = rows.shape[1]
    upper = np.linalg.qr(rows, mode="r") if len(rows) > n_columns else rows
    _, sizes, axes = np.linalg.svd(upper, full_matrices=True)
    rank = int(np.count_nonzero(sizes > MARGIN * (sizes[0] if len(sizes) else 0.0)))
    return np.asarray(axes[rank:].T)


def cleaned(term: Linear, inner: Array) -> Array:
    """A direction in coefficients of the raw design, without what of it is rounding."""
    raw = term.frame * inner if term.frame.ndim == 1 else term.frame @ inner
    share = np.abs(inner) if term.frame.ndim == 1 else np.abs(raw)
    raw = np.where(share <= MARGIN * np.max(share, initial=0.0), 0.0, raw)
    if term.constant is not None:
        moved = float(raw @ term.shift)
        reach = float(np.abs(raw) @ np.abs(term.shift)) + abs(raw[term.constant])
        raw[term.constant] -= moved
        if abs(raw[term.constant]) <= MARGIN * reach:
            raw[term.constant] = 0.0
    return raw
