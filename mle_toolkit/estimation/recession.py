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


_AT_ONCE = 4_000
"""Rows of a linear program, and rows that are added where more of them count."""


def _best(moving: Array) -> Array | None:
    """The direction in the unit cube along which rows move farthest in sum, none of them back; None if not found.

    Of many rows a program takes some, and those that its answer moves back, until there are none: then it is the answer
    of the program of all.
    """
    from scipy import optimize

    total = -moving.sum(axis=0)
    taken = np.zeros(len(moving), dtype=bool)
    taken[:: max(1, len(moving) // _AT_ONCE)] = True
    while True:
        some = moving[taken]
        program: Any = optimize.linprog(total, A_ub=-some, b_ub=np.zeros(len(some)), bounds=(-1, 1))
        if program.status != 0:
            return None
        best = np.asarray(program.x, dtype=float)
        along = moving @ best
        back = np.flatnonzero((along < -MARGIN) & ~taken)
        if not len(back):
            return best
        worst = back[np.argsort(along[back], kind="stable")[:_AT_ONCE]]
        taken[worst] = True


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
