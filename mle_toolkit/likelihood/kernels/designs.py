"""Compiled products of designs of some columns with values of rows.

Of so few columns BLAS does not come near its speed, and its threads wait for each other where a machine is busy. Rows
are turned, a few at a time, so that all loops go along rows; three columns at a time meet three others, which keeps
nine sums in registers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import full_width, function, loop

ROWS = 64
"""Rows that are turned at a time: those of 50 columns stay in the first-level cache."""

_APART = ROWS + 8
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


_SIDE_BY_SIDE = 320
"""Numbers of rows that are looked at side by side: so many sums stay in the first-level cache."""


@loop
def looked_at(matrix: Array) -> Array:
    """Sums of columns, of their squares, and of how far their numbers are from 1; shape (3, k)."""
    full_width()
    n, k = matrix.shape
    flat, lines = matrix.reshape(n * k), max(1, _SIDE_BY_SIDE // k)
    length = lines * k
    whole = n // lines * length
    sums, squares, away = np.zeros(length), np.zeros(length), np.zeros(length)
    for first in range(0, whole, length):
        line = flat[first : first + length]
        for j in range(len(line)):
            value = line[j]
            sums[j] += value
            squares[j] += value * value
            away[j] += abs(value - 1.0)
    found = np.zeros((3, k))
    for j in range(length):
        found[0, j % k] += sums[j]
        found[1, j % k] += squares[j]
        found[2, j % k] += away[j]
    for j in range(whole, n * k):
        value = flat[j]
        found[0, j % k] += value
        found[1, j % k] += value * value
        found[2, j % k] += abs(value - 1.0)
    return found


_SIDE = 4
"""Rows, and columns, of a tile that is turned in registers."""

_ALIGNED = 8
"""Bytes to a multiple of which the address of a number is sure to be."""


@intrinsic
def _turn_tile(context: Any, matrix: Any, row: Any, column: Any, turned: Any, place: Any) -> Any:
    """Write four numbers of each of four rows as four columns, from a place on.

    One number at a time that takes as long as all else that a pass does with a few columns. So pairs of rows change
    every other number, then every other two, as matrices of two by two are turned.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        target = context.make_array(signature.args[3])(context, builder, arguments[3])
        row, column, place = arguments[1], arguments[2], arguments[4]
        number, line = ir.IntType(64), ir.VectorType(ir.DoubleType(), _SIDE)

        def address(array: Any, layout: str, first: Any, second: Any) -> Any:
            shape, strides = cgutils.unpack_tuple(builder, array.shape), cgutils.unpack_tuple(builder, array.strides)
            return cgutils.get_item_pointer2(
                context, builder, array.data, shape, strides, layout, [first, second], wraparound=False
            )

        def taken(k: int) -> Any:
            """Numbers of one row; where they do not lie side by side, one by one."""
            here, layout = builder.add(row, number(k)), signature.args[0].layout
            if layout == "C":
                start = builder.bitcast(address(source, layout, here, column), line.as_pointer())
                return builder.load(start, align=_ALIGNED)
            values = ir.Constant(line, ir.Undefined)
            for j in range(_SIDE):
                value = builder.load(address(source, layout, here, builder.add(column, number(j))))
                values = builder.insert_element(values, value, ir.IntType(32)(j))
            return values

        def chosen(one: Any, other: Any, places: list[int]) -> Any:
            return builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(ir.IntType(32), _SIDE), places))

        lines = [taken(k) for k in range(_SIDE)]
        for apart in (1, 2):
            for k in [k for k in range(_SIDE) if not k & apart]:
                one, other = lines[k], lines[k + apart]
                lines[k] = chosen(one, other, [_SIDE + j - apart if j & apart else j for j in range(_SIDE)])
                lines[k + apart] = chosen(one, other, [_SIDE + j if j & apart else j + apart for j in range(_SIDE)])
        for j, values in enumerate(lines):
            start = address(target, "C", builder.add(column, number(j)), place)
            builder.store(values, builder.bitcast(start, line.as_pointer()), align=_ALIGNED)
        return context.get_dummy_value()

    return types.void(matrix, types.int64, types.int64, turned, types.int64), generate


@function
def _turn(matrix: Array, first: int, last: int, turned: Array) -> None:
    """Write some rows as columns; what is left of the columns has no weight."""
    n_columns = matrix.shape[1]
    i = first
    if n_columns >= _SIDE:
        while i + _SIDE <= last:
            for j in range(0, n_columns - _SIDE, _SIDE):
                _turn_tile(matrix, i, j, turned, i - first)
            _turn_tile(matrix, i, n_columns - _SIDE, turned, i - first)  # some of it again, if no tile is left
            i += _SIDE
    while i < last:
        for j in range(n_columns):
            turned[j, i - first] = matrix[i, j]
        i += 1


@loop
def room(n_columns: int, curved: bool = True) -> tuple[Array, Array, Array]:
    """Room for turned rows of so many columns, with the last tile filled up, and for sums as of `expanded`.

    Those of products of columns have none where no second derivatives are asked for, and are then not taken.
    """
    wide = (n_columns + 2) // 3 * 3
    side = wide if curved else 0
    return np.zeros((wide + 3, _APART)), np.zeros(n_columns), np.zeros((side, side))


@loop
def add_along(turned: Array, along: Array, sums: Array) -> None:
    """Add the products of turned columns with values of rows to their sums."""
    full_width()
    for j in range(len(sums)):
        column, one = turned[j], 0.0
        for i in range(ROWS):
            one += along[i] * column[i]
        sums[j] += one


@loop
def add_across(turned: Array, weight: Array, total: Array) -> None:
    """Add the weighted products of turned columns with each other to their sums, on and above the diagonal.

    Three columns are weighted at a time, in the room behind the others.
    """
    full_width()
    wide = len(total)
    u, v, x = turned[wide], turned[wide + 1], turned[wide + 2]
    for j in range(0, wide, 3):
        a, b, c = turned[j], turned[j + 1], turned[j + 2]
        for i in range(ROWS):
            w = weight[i]
            u[i], v[i], x[i] = w * a[i], w * b[i], w * c[i]
        for m in range(j, wide, 3):
            d, e, f = turned[m], turned[m + 1], turned[m + 2]
            ad, ae, af, bd, be, bf, cd, ce, cf = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for i in range(ROWS):
                ad += u[i] * d[i]
                ae += u[i] * e[i]
                af += u[i] * f[i]
                bd += v[i] * d[i]
                be += v[i] * e[i]
                bf += v[i] * f[i]
                cd += x[i] * d[i]
                ce += x[i] * e[i]
                cf += x[i] * f[i]
            total[j, m] += ad
            total[j, m + 1] += ae
            total[j, m + 2] += af
            total[j + 1, m] += bd
            total[j + 1, m + 1] += be
            total[j + 1, m + 2] += bf
            total[j + 2, m] += cd
            total[j + 2, m + 1] += ce
            total[j + 2, m + 2] += cf


@loop
def mirrored(total: Array, k: int) -> Array:
    """The symmetric matrix of the first k columns of an upper triangle; zeros where that has no room."""
    whole = np.empty((k, k))
    if len(total) == 0:
        whole[:] = 0.0
        return whole
    for j in range(k):
        for m in range(j, k):
            whole[j, m] = whole[m, j] = total[j, m]
    return whole


@function
def taken(values: Array, first: int, last: int, some: Array, rest: float) -> None:
    """Write values of some rows, or the one value of all, and a number for what is left."""
    if len(values) == 1:
        for i in range(last - first):
            some[i] = values[0]
    else:
        for i in range(last - first):
            some[i] = values[first + i]
    for i in range(last - first, ROWS):
        some[i] = rest


@loop
def expanded(matrix: Array, along: Array, across: Array) -> tuple[Array, Array]:
    """``matrix.T @ along`` and ``matrix.T @ diag(across) @ matrix``; shapes (k,), (k, k)."""
    n, k = matrix.shape
    turned, first_order, total = room(k)
    weight, slope = np.zeros(ROWS), np.zeros(ROWS)
    for first in range(0, n, ROWS):
        last = min(first + ROWS, n)
        _turn(matrix, first, last, turned)
        taken(across, first, last, weight, 0.0)
        taken(along, first, last, slope, 0.0)
        add_along(turned, slope, first_order)
        add_across(turned, weight, total)
    return first_order, mirrored(total, k)


@loop
def predicted(
    matrix: Array, coefficients: Array, fixed: Array, first: int, last: int, turned: Array, eta: Array
) -> None:
    """Turn some rows and write their predictors, ``fixed`` being what these have without coefficients."""
    full_width()
    _turn(matrix, first, last, turned)
    taken(fixed, first, last, eta, 0.0)
    for j in range(len(coefficients)):
        column, slope = turned[j], coefficients[j]
        for i in range(ROWS):
            eta[i] += slope * column[i]
