"""Designs: products with their columns, and which of these others make up, and how.

Source: Golub & Van Loan (2013), Matrix Computations, 4th ed., sec. 5.2.8 (Gram-Schmidt, done twice).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.rows import Block

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
    few = ((design[:: max(1, n // _LOOKED_AT)] - shift) * frame)[:, others]
    sizes = np.sqrt(np.sum(np.square(few), axis=0))
    if not np.all(sizes > 0) or np.linalg.eigvalsh((few / sizes).T @ (few / sizes))[0] > _ILL:
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
        kept, dropped = design[:, seen.kept], design[:, seen.dropped]
        reach = np.abs(kept) @ np.abs(seen.weights) + np.abs(dropped)
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
    """

    matrix: Array
    by: Array | None = None

    def formed(self) -> Array:
        """Z; shape (n, k)."""
        return self.matrix if self.by is None else self.matrix @ self.by

    def times(self, coefficients: Array) -> Array:
        """``Z @ coefficients``; shape (n,)."""
        return np.asarray(self.matrix @ (coefficients if self.by is None else self.by @ coefficients))

    def summed(self, along: Array) -> Array:
        """``Z.T @ along``; shape (k,)."""
        sums = self.matrix.T @ along
        return np.asarray(sums if self.by is None else self.by.T @ sums)

    def squared(self, across: Array) -> Array:
        """``Z.T @ diag(across) @ Z``; shape (k, k)."""
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

    def crossed(self, other: Columns, across: Array) -> Array:
        """``Z.T @ diag(across) @ other``; shape (k, m)."""
        products = self.matrix.T @ (across[:, None] * other.matrix)
        products = products if self.by is None else self.by.T @ products
        return np.asarray(products if other.by is None else products @ other.by)


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
