"""Compiled pass of logistic regressions."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.designs import ROWS, add_across, add_along, mirrored, predicted, room, taken
from mle_toolkit.likelihood.kernels.elementary import bits_of, exp, float_of, full_width, function, log1p, loop
from mle_toolkit.likelihood.kernels.passes import FARTHEST, Passed

LINK = "logit"


@function
def _terms(x: float, eta: float) -> tuple[float, float, float]:
    """Log-probability with two derivatives by the logit, from the odds of the less likely outcome."""
    odds = exp(-abs(eta))
    less = odds / (1.0 + odds)
    value = (x * eta - max(eta, 0.0)) - log1p(odds)
    along = (x - 1.0) + less if eta > 0 else x - less
    return value, along, less * (less - 1.0)


@loop
def _summed(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, curved: bool) -> tuple[Any, ...]:
    full_width()
    k = matrix.shape[1]
    turned, by_first, by_second = room(k, curved)
    eta, y, w, along, across = np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS)
    value, far = 0.0, 0
    for first in range(0, len(x), ROWS):
        last = min(first + ROWS, len(x))
        predicted(matrix, coefficients, fixed, first, last, turned, eta)
        taken(x, first, last, y, 0.0)
        taken(weight, first, last, w, 0.0)
        for i in range(ROWS):
            of_row, slope, bend = _terms(y[i], eta[i])
            far = max(far, bits_of(abs(eta[i])))
            value += w[i] * of_row
            along[i] = w[i] * slope
            across[i] = w[i] * bend
        add_along(turned, along, by_first)
        add_across(turned, across, by_second)
    return value, float_of(far), by_first, mirrored(by_second, k)


def sums(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array) -> Passed | None:
    """Of log-probabilities."""
    return _passed(matrix, coefficients, fixed, x, weight, curved=True)


def slopes(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array) -> Passed | None:
    """The same without second derivatives."""
    return _passed(matrix, coefficients, fixed, x, weight, curved=False)


def _passed(
    matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, *, curved: bool
) -> Passed | None:
    value, far, along, across = _summed(matrix, coefficients, fixed, x, weight, curved)
    return Passed(value, along, across) if far < FARTHEST else None
