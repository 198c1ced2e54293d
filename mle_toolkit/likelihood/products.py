"""Products of designs with weights of rows."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.designs import AnyColumns


def upper_of(matrix: Array) -> Array:
    """The upper triangle of a square matrix, row by row."""
    return np.asarray(matrix.take(_upper_places(len(matrix))))


@cache
def _upper_places(size: int) -> NDArray[np.intp]:
    rows, columns = np.triu_indices(size)
    return np.asarray(rows * size + columns)


def _of_rows(values: Any, weight: Array | None, n_rows: int) -> Array:
    """One value a row, times its weight."""
    if not isinstance(values, np.ndarray) or values.shape != (n_rows,):
        values = np.broadcast_to(values, n_rows)
    return np.asarray(values if weight is None else weight * values)


def _sum_of(values: Any, weight: Array | None, n_rows: int) -> Any:
    """Sum of one value a row, or of one for all, times their weights."""
    if np.ndim(values):
        return np.add.reduce(values if weight is None else weight * values)
    return values * (n_rows if weight is None else np.add.reduce(weight))


def expanded(design: AnyColumns | None, along: Any, across: Any, weight: Array | None, n_rows: int) -> tuple[Any, Any]:
    """Sums over rows of first and second derivatives by a predictor, brought to its coefficients; a number has none."""
    if design is None:
        return _sum_of(along, weight, n_rows), _sum_of(across, weight, n_rows)
    return design.expanded(_of_rows(along, weight, n_rows), _of_rows(across, weight, n_rows))


def crossed(one: AnyColumns | None, other: AnyColumns | None, across: Any, weight: Array | None, n_rows: int) -> Any:
    """Sums over rows of second derivatives by two predictors, brought to their coefficients."""
    across = _of_rows(across, weight, n_rows)
    if one is None:
        return np.add.reduce(across) if other is None else other.summed(across)[None, :]
    if other is None:
        return one.summed(across)[:, None]
    return one.squared(across) if other is one else one.crossed(other, across)


def summed_by_one(
    design: AnyColumns | None, value: Array, along: Any, across: Any, weight: Array | None, n_rows: int
) -> Array:
    """Sums of value, derivatives and second derivatives (upper triangle) by the coefficients of one predictor."""
    total, (first, second) = total_of(value, weight), expanded(design, along, across, weight, n_rows)
    if design is None:
        return np.array([total, first, second])
    return np.concatenate([total[None], first, upper_of(second)])


def total_of(value: Array, weight: Array | None) -> Any:
    """Sum over rows of log-probabilities, of which one that is no number is that of the impossible."""
    total = np.add.reduce(value if weight is None else weight * value)
    if not math.isnan(total):
        return total
    value = np.where(np.isnan(value), -np.inf, value)
    return np.add.reduce(value if weight is None else weight * value)
