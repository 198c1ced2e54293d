"""Sums of a regression of least squares anywhere, from those at one point: its residuals move by a linear function.

Source: Seber & Lee (2003), Linear Regression Analysis, 2nd ed., sec. 3.1 (the sum of squares about the minimum).
"""

from __future__ import annotations

import math

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.products import upper_of
from mle_toolkit.likelihood.triangles import symmetric

_KEPT = 0.05
"""Share of the terms of the sum of squares that must be left of them: else it has lost digits, and rows are read."""


def sums_from(sums: Array, here: Array, there: Array, nobs: float) -> Array | None:
    """Sums of log-density, derivatives and second derivatives (upper triangle) at one point, from those at another.

    Parameters
    ----------
    sums : ndarray of shape (1 + p + p (p + 1) / 2,)
        Of a normal law, its location a design times coefficients and its scale one number for all rows.
    here, there : ndarray of shape (p,)
        Coefficients and, last, the scale: where the sums are from, and where they are wanted.
    nobs : float
        Sum of the weights.

    Returns
    -------
    ndarray, or None
        None where digits would be lost.
    """
    p = len(here)
    before, scale, step = float(here[-1]), float(there[-1]), (there - here)[:-1]
    if not (0.0 < scale < math.inf and np.all(np.isfinite(step))):
        return None
    products = -(before**2) * symmetric(sums[1 + p :])[:-1, :-1]
    along = before**2 * sums[1:p]
    squares = before**3 * (float(sums[p]) + nobs / before)
    by_step = products @ step
    falls, rises = 2.0 * float(step @ along), float(step @ by_step)
    left = squares - falls + rises
    if not left > _KEPT * (squares + abs(falls) + rises):
        return None
    ahead = along - by_step
    value = float(sums[0]) + nobs * math.log(before / scale) + 0.5 * (squares / before**2 - left / scale**2)
    second = np.empty((p, p))
    second[:-1, :-1] = -products / scale**2
    second[-1, :-1] = second[:-1, -1] = -2.0 * ahead / scale**3
    second[-1, -1] = nobs / scale**2 - 3.0 * left / scale**4
    return np.concatenate([[value], ahead / scale**2, [left / scale**3 - nobs / scale], upper_of(second)])
