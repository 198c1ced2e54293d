"""Compiled products of designs of some columns with values of rows.

Of so few columns BLAS does not come near its speed, and its threads wait for each other where a machine is busy. Rows
are turned, a few at a time, so that all loops go along rows; three columns at a time meet three others, which keeps
nine sums in registers.
"""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import full_width, function, loop

_ROWS = 64
"""Rows that are turned at a time: those of 50 columns stay in the first-level cache."""

_APART = _ROWS + 8
"""Distance of the turned columns: at powers of two they would compete for the same places of the cache."""


@loop
def times(matrix: Array, coefficients: Array) -> Array:
    """``matrix @ coefficients``; shape (n,)."""
    full_width()
    result = np.empty(len(matrix))
    for i in range(len(matrix)):
        row, total = matrix[i], 0.0
        for j in range(len(coefficients)):
            total += row[j] * coefficients[j]
        result[i] = total
    return result


@function
def _turn(matrix: Array, first: int, last: int, turned: Array) -> None:
    """Write some rows as columns; what is left of the columns has no weight."""
    n_columns = matrix.shape[1]
    i = first
    while i + 4 <= last:
        a, b, c, d, k = matrix[i], matrix[i + 1], matrix[i + 2], matrix[i + 3], i - first
        for j in range(n_columns):
            to = turned[j]
            to[k], to[k + 1], to[k + 2], to[k + 3] = a[j], b[j], c[j], d[j]
        i += 4
    while i < last:
        for j in range(n_columns):
            turned[j, i - first] = matrix[i, j]
        i += 1


@loop
def expanded(matrix: Array, along: Array, across: Array) -> tuple[Array, Array]:
    """``matrix.T @ along`` and ``matrix.T @ diag(across) @ matrix``; shapes (k,), (k, k)."""
    full_width()
    n, k = matrix.shape
    wide = (k + 2) // 3 * 3
    turned, weight, slope = np.zeros((wide, _APART)), np.zeros(_ROWS), np.zeros(_ROWS)
    first_order, total = np.zeros(k), np.zeros((wide, wide))
    for first in range(0, n, _ROWS):
        last = min(first + _ROWS, n)
        _turn(matrix, first, last, turned)
        for i in range(last - first):
            weight[i], slope[i] = across[first + i], along[first + i]
        for i in range(last - first, _ROWS):
            weight[i], slope[i] = 0.0, 0.0
        for j in range(k):
            column, one = turned[j], 0.0
            for i in range(_ROWS):
                one += slope[i] * column[i]
            first_order[j] += one
        for j in range(0, wide, 3):
            a, b, c = turned[j], turned[j + 1], turned[j + 2]
            for m in range(j, wide, 3):
                d, e, f = turned[m], turned[m + 1], turned[m + 2]
                ad, ae, af, bd, be, bf, cd, ce, cf = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
                for i in range(_ROWS):
                    w = weight[i]
                    u, v, x = w * a[i], w * b[i], w * c[i]
                    ad += u * d[i]
                    ae += u * e[i]
                    af += u * f[i]
                    bd += v * d[i]
                    be += v * e[i]
                    bf += v * f[i]
                    cd += x * d[i]
                    ce += x * e[i]
                    cf += x * f[i]
                total[j, m] += ad
                total[j, m + 1] += ae
                total[j, m + 2] += af
                total[j + 1, m] += bd
                total[j + 1, m + 1] += be
                total[j + 1, m + 2] += bf
                total[j + 2, m] += cd
                total[j + 2, m + 1] += ce
                total[j + 2, m + 2] += cf
    second_order = np.empty((k, k))
    for j in range(k):
        for m in range(j, k):
            second_order[j, m] = second_order[m, j] = total[j, m]
    return first_order, second_order
