"""Compiled pass of normal regressions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.designs import ROWS, add_across, add_along, mirrored, predicted, room, taken
from mle_toolkit.likelihood.kernels.elementary import full_width, loop
from mle_toolkit.likelihood.kernels.passes import Passed, total_of

LINK = "identity"

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


@loop
def residual_sums(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array) -> tuple[Any, ...]:
    """Sums of squares of residuals, of columns times residuals, and of products of columns."""
    full_width()
    k = matrix.shape[1]
    turned, by_first, by_second = room(k)
    eta, y, w, along = np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS)
    squares = 0.0
    for first in range(0, len(x), ROWS):
        last = min(first + ROWS, len(x))
        predicted(matrix, coefficients, fixed, first, last, turned, eta)
        taken(x, first, last, y, 0.0)
        taken(weight, first, last, w, 0.0)
        for i in range(ROWS):
            residual = y[i] - eta[i]
            along[i] = w[i] * residual
            squares += along[i] * residual
        add_along(turned, along, by_first)
        add_across(turned, w, by_second)
    return squares, by_first, mirrored(by_second, k)


def sums(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, sigma: float) -> Passed | None:
    """Of log-densities."""
    squares, along, across = residual_sums(matrix, coefficients, fixed, x, weight)
    return of_residuals(squares / sigma**2, along, across, total_of(weight, len(x)), sigma)


def of_residuals(squares: float, along: Array, across: Array, nobs: float, sigma: float) -> Passed:
    """Sums of a normal law, of those of its residuals; their squares in variances."""
    value = -0.5 * squares - nobs * (_HALF_LOG_TWO_PI + math.log(sigma))
    by_sigma = (squares - nobs) / sigma, (nobs - 3.0 * squares) / sigma**2
    return Passed(value, along / sigma**2, -across / sigma**2, -2.0 * along / sigma**3, by_sigma)
