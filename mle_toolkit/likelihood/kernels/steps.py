"""Expansions and Newton's steps of many groups, group by group; the same bits as NumPy gives array by array.

Of a few parameters NumPy takes some hundred passes over short arrays for what is a few dozen operations a group.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.likelihood.kernels.compiling import compiled
from mle_toolkit.numerics.newton import CLEAR, LEAST_CURVATURE
from mle_toolkit.numerics.walks import (
    ALIKE,
    FAR,
    LONGEST_STEP,
    NEAR,
    NEARLY,
    ROUNDED,
    ROUNDING,
    Walks,
)

_exactly = compiled()
"""Compile a function as it is written: no product is fused with a sum, and none taken in another order."""

_SWEEPS = 30
"""More than Jacobi's method ever takes."""

_NOTHING = 1e-17
"""Size of a number beside the diagonal, relative to that, which is none."""


@_exactly
def inward(u: Array, ends: Array, theta: Array, slopes: Array, bends: Array) -> None:
    """Fill the parameters at coordinates, and their first and second derivatives; each of shape (n, p).

    ``ends`` are the lower and the upper ends of domains, and whether they are climbed by the inverse hyperbolic sine;
    as `mle_toolkit.families.domain.Interval` and `Line`.
    """
    n, p = u.shape
    for g in range(n):
        for k in range(p):
            v, lower, upper = u[g, k], ends[0, k], ends[1, k]
            if ends[2, k] > 0.0:
                value, slope = math.sinh(v), math.cosh(v)
                bend = value
            elif lower == -np.inf and upper == np.inf:
                value, slope, bend = v, 1.0, 0.0
            elif upper == np.inf:
                slope = math.exp(v)
                value, bend = lower + slope, slope
            elif lower == -np.inf:
                slope = math.exp(-v)
                value, bend = upper - slope, -slope
            else:
                above, below = 1.0 / (1.0 + math.exp(-v)), 1.0 / (1.0 + math.exp(v))
                slope = (upper - lower) * above * below
                value, bend = lower + (upper - lower) * above, slope * (below - above)
            theta[g, k], slopes[g, k], bends[g, k] = value, slope, bend


@_exactly
def expand(
    terms: Array, nobs: Array, slopes: Array, bends: Array, value: Array, gradient: Array, hessian: Array
) -> None:
    """Fill the value of each group, its gradient and its Hessian by coordinates.

    ``terms`` are sums, a row a group: log-density, score, and second derivatives, upper triangle row by row. ``slopes``
    and ``bends``, of shape (n, p), are the derivatives of parameters by coordinates.
    """
    n, p = slopes.shape
    for g in range(n):
        mean = terms[g, 0] / nobs[g]
        value[g] = -mean if mean < np.inf else np.inf
        row = 1 + p
        for j in range(p):
            score = terms[g, 1 + j] / nobs[g]
            gradient[g, j] = -score * slopes[g, j]
            for k in range(j, p):
                second = terms[g, row] / nobs[g]
                row += 1
                hessian[g, j, k] = -(second * slopes[g, j] * slopes[g, k])
                hessian[g, k, j] = -(second * slopes[g, k] * slopes[g, j])
                if j == k:
                    hessian[g, j, j] = -(second * slopes[g, j] * slopes[g, j] + score * bends[g, j])


@_exactly
def _turn(matrix: Array, axes: Array) -> None:
    """Turn a symmetric matrix to the axes of its curvatures, which are then its diagonal; by Jacobi's method."""
    p = len(matrix)
    for j in range(p):
        for k in range(p):
            axes[j, k] = 1.0 if j == k else 0.0
    for _ in range(_SWEEPS):
        turned = False
        for j in range(p):
            for k in range(j + 1, p):
                both = matrix[j, k]
                if not abs(both) > _NOTHING * np.sqrt(abs(matrix[j, j])) * np.sqrt(abs(matrix[k, k])):
                    continue
                turned = True
                half = 0.5 * (matrix[k, k] - matrix[j, j])
                t = both / (half + (1.0 if half >= 0.0 else -1.0) * np.hypot(half, both))
                cosine = 1.0 / np.sqrt(1.0 + t * t)
                sine = t * cosine
                for i in range(p):
                    if i != j and i != k:
                        a, b = matrix[i, j], matrix[i, k]
                        matrix[i, j] = matrix[j, i] = cosine * a - sine * b
                        matrix[i, k] = matrix[k, i] = sine * a + cosine * b
                    a, b = axes[i, j], axes[i, k]
                    axes[i, j], axes[i, k] = cosine * a - sine * b, sine * a + cosine * b
                matrix[j, j] -= t * both
                matrix[k, k] += t * both
                matrix[j, k] = matrix[k, j] = 0.0
        if not turned:
            return


@_exactly
def spectra(matrices: Array) -> tuple[Array, Array]:
    """Eigenvalues, ascending, and eigenvectors, as columns, of symmetric matrices; as `numpy.linalg.eigh`."""
    n, p = len(matrices), matrices.shape[1]
    values, vectors = np.empty((n, p)), np.empty((n, p, p))
    matrix, axes = np.empty((2, p, p))
    for g in range(n):
        matrix[:] = matrices[g]
        _turn(matrix, axes)
        for j in range(p):
            place = 0
            for k in range(p):
                place += matrix[k, k] < matrix[j, j] or (matrix[k, k] == matrix[j, j] and k < j)
            values[g, place] = matrix[j, j]
            for k in range(p):
                vectors[g, k, place] = axes[k, j]
    return values, vectors


@_exactly
def _step(gradient: Array, hessian: Array, rows: Array, axes: Array, step: Array) -> bool:
    """Fill Newton's step of one function, NaN where it has none; whether its Hessian is positive definite.

    By elimination; where that is a number and not positive definite, along the axes of its curvatures.
    """
    p = len(gradient)
    good = True
    for j in range(p):
        rows[j, p] = -gradient[j]
        good &= np.isfinite(gradient[j])
        for k in range(p):
            rows[j, k] = hessian[j, k]
            good &= np.isfinite(hessian[j, k])
    if not good:
        step[:] = np.nan
        return False
    clear = True
    for k in range(p):
        clear &= rows[k, k] > CLEAR * abs(hessian[k, k])
        for j in range(k + 1, p):
            factor = rows[j, k] / rows[k, k]
            for i in range(k, p + 1):
                rows[j, i] -= factor * rows[k, i]
    if clear:
        for k in range(p - 1, -1, -1):
            known = 0.0
            for j in range(k + 1, p):
                known += rows[k, j] * step[j]
            step[k] = (rows[k, p] - known) / rows[k, k]
        return True
    bent = rows[:, :p]
    bent[:] = hessian
    _turn(bent, axes)
    largest = 0.0
    for k in range(p):
        largest = max(largest, abs(bent[k, k]))
        step[k] = 0.0
    for k in range(p):
        along = 0.0
        for j in range(p):
            along += gradient[j] * axes[j, k]
        along /= max(abs(bent[k, k]), LEAST_CURVATURE * largest)
        for j in range(p):
            step[j] -= axes[j, k] * along
    return False


@_exactly
def newton_steps(gradient: Array, hessian: Array) -> tuple[Array, Mask]:
    """Newton's step of each of many functions; as `mle_toolkit.numerics.newton.newton_steps`."""
    n, p = gradient.shape
    step, convex = np.empty((n, p)), np.empty(n, dtype=np.bool_)
    rows, axes = np.empty((p, p + 1)), np.empty((p, p))
    for g in range(n):
        convex[g] = _step(gradient[g], hessian[g], rows, axes, step[g])
    return step, convex


@_exactly
def _advance(
    active: Any,
    begun: bool,
    tried: Array,
    found: Array,
    gradient: Array,
    hessian: Array,
    tolerance: float,
    level: float,
    first: Array,
    known: Array,
    known_value: Array,
    worth: Array,
    at: Array,
    value: Array,
    arrived: Any,
    far: Any,
    step: Array,
    newton: Array,
    share: Array,
    stretch: Array,
    rounding: Array,
    last: Any,
) -> tuple[Mask, Array]:
    """One round of `mle_toolkit.numerics.walks.advance`, walk by walk."""
    n, p = tried.shape
    going, ahead = np.zeros(n, dtype=np.bool_), np.empty((n, p))
    rows, axes, own = np.empty((p, p + 1)), np.empty((p, p)), np.empty(p)
    for i in range(n):
        g = active[i]
        if begun and not found[i] < value[g] + rounding[g]:
            share[g] *= 0.5
            going[i] = True
            for j in range(p):
                ahead[i, j] = at[g, j] + share[g] * step[g, j]
            continue
        value[g] = found[i]
        for j in range(p):
            at[g, j] = tried[i, j]
        if begun and last[g]:
            arrived[g] = True
            continue
        if not np.isfinite(found[i]):
            continue
        convex = _step(gradient[i], hessian[i], rows, axes, own)
        decrement, longest = 0.0, 0.0
        for j in range(p):
            decrement -= 0.5 * gradient[i, j] * own[j]
            longest = max(longest, abs(own[j]))
        if not np.isfinite(decrement):
            continue
        alike = True
        for j in range(p):
            alike &= abs(own[j] - newton[g, j]) < ALIKE * longest
            newton[g, j] = own[j]
        stretch[g] = 2.0 * stretch[g] if (alike or not convex) and share[g] == 1.0 else 1.0
        size = min(stretch[g], LONGEST_STEP / (longest if longest > 0.0 else 1.0))
        last[g] = convex and worth[g] * decrement < tolerance
        home, follows, within = convex and decrement < NEARLY, False, True
        for j in range(p):
            step[g, j] = size * own[j]
            ahead[i, j] = at[g, j] + step[g, j]
            if np.isinf(known[g, j]):
                follows = True
                home &= step[g, j] * known[g, j] > 0.0
            else:
                home &= abs(ahead[i, j] - known[g, j]) < NEAR
            within &= abs(ahead[i, j] - first[g, j]) < FAR and not (last[g] and hessian[i, j, j] < level)
        if home and follows:
            far[g] = True
            continue
        if home:
            value[g], arrived[g] = known_value[g], True
            for j in range(p):
                at[g, j] = known[g, j]
            continue
        far[g] = not within
        going[i] = within
        share[g] = 1.0
        rounding[g] = ROUNDING * (1.0 + abs(value[g])) if convex and decrement < ROUNDED else 0.0
    return going, ahead


def advance(
    walks: Walks,
    active: NDArray[np.intp],
    begun: bool,
    tried: Array,
    value: Array,
    gradient: Array,
    hessian: Array,
    tolerance: float,
    level: float,
) -> tuple[Mask, Array]:
    """Judge the places that some walks have tried, and choose the next; `mle_toolkit.numerics.walks.advance`."""
    state = vars(walks).values()
    judged: tuple[Mask, Array] = _advance(active, begun, tried, value, gradient, hessian, tolerance, level, *state)
    return judged
