"""Expansions and Newton's steps of many groups, group by group; the same bits as NumPy gives array by array.

Of a few parameters NumPy takes some hundred passes over short arrays for what is a few dozen operations a group.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mle_toolkit._typing import Array, Mask
from mle_toolkit.numerics.newton import CLEAR, steps_along_axes

_exactly = njit(cache=True, nogil=True, error_model="numpy")
"""Compile a function as it is written: no product is fused with a sum, and none taken in another order."""


@_exactly
def expand(
    terms: Array, nobs: Array, slopes: Array, bends: Array, value: Array, gradient: Array, hessian: Array
) -> None:
    """Fill the value of each group, its gradient and its Hessian by coordinates.

    ``terms`` are rows of sums over groups: log-density, score, and second derivatives, upper triangle row by row.
    ``slopes`` and ``bends``, of shape (p, n), are the derivatives of parameters by coordinates.
    """
    p, n = slopes.shape
    for g in range(n):
        mean = terms[0, g] / nobs[g]
        value[g] = -mean if mean < np.inf else np.inf
        row = 1 + p
        for j in range(p):
            score = terms[1 + j, g] / nobs[g]
            gradient[g, j] = -score * slopes[j, g]
            for k in range(j, p):
                second = terms[row, g] / nobs[g]
                row += 1
                hessian[g, j, k] = -(second * slopes[j, g] * slopes[k, g])
                hessian[g, k, j] = -(second * slopes[k, g] * slopes[j, g])
                if j == k:
                    hessian[g, j, j] = -(second * slopes[j, g] * slopes[j, g] + score * bends[j, g])


@_exactly
def _eliminate(gradient: Array, hessian: Array, step: Array, convex: Any, bent: Any) -> None:
    """Fill the step of each group by elimination, NaN where it has none; and whether its Hessian is positive definite.

    Where that is a number and not positive definite it is bent, and the step another.
    """
    n, p = gradient.shape
    rows = np.empty((p, p + 1))
    for g in range(n):
        good = True
        for j in range(p):
            rows[j, p] = -gradient[g, j]
            good &= np.isfinite(gradient[g, j])
            for k in range(p):
                rows[j, k] = hessian[g, j, k]
                good &= np.isfinite(hessian[g, j, k])
        clear = True
        for k in range(p):
            clear &= rows[k, k] > CLEAR * abs(hessian[g, k, k])
            for j in range(k + 1, p):
                factor = rows[j, k] / rows[k, k]
                for i in range(k, p + 1):
                    rows[j, i] -= factor * rows[k, i]
        for k in range(p - 1, -1, -1):
            known = 0.0
            for j in range(k + 1, p):
                known += rows[k, j] * step[g, j]
            step[g, k] = (rows[k, p] - known) / rows[k, k]
        if not good:
            step[g, :] = np.nan
        convex[g], bent[g] = good and clear, good and not clear


def newton_steps(gradient: Array, hessian: Array) -> tuple[Array, Mask]:
    """Newton's step of each of many functions; as `mle_toolkit.numerics.newton.newton_steps`."""
    step = np.empty_like(gradient)
    convex, bent = np.empty((2, len(gradient)), dtype=bool)
    _eliminate(gradient, hessian, step, convex, bent)
    chosen = np.flatnonzero(bent)
    if len(chosen):
        step[chosen] = steps_along_axes(gradient[chosen], hessian[chosen])
    return step, convex
