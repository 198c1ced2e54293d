"""Compiled pass of Poisson regressions."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.counting import FEW, log_factorial
from mle_toolkit.likelihood.kernels.designs import ROWS, add_across, add_along, mirrored, predicted, room, taken
from mle_toolkit.likelihood.kernels.elementary import bits_of, exp, float_of, full_width, loop
from mle_toolkit.likelihood.kernels.passes import FARTHEST, Passed

LINK = "log"

_LOG_FACTORIALS = log_factorial(np.arange(FEW + 1.0))


@loop
def _summed(
    matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, log_factorials: Array
) -> tuple[Any, ...]:
    full_width()
    k = matrix.shape[1]
    turned, by_first, by_second = room(k)
    eta, y, w, along, across = np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS)
    value, far = 0.0, 0
    for first in range(0, len(x), ROWS):
        last = min(first + ROWS, len(x))
        predicted(matrix, coefficients, fixed, first, last, turned, eta)
        taken(x, first, last, y, 0.0)
        taken(weight, first, last, w, 0.0)
        for i in range(ROWS):
            mean = exp(eta[i])
            far = max(far, bits_of(abs(eta[i])))
            value += w[i] * (y[i] * eta[i] - mean)
            along[i] = w[i] * (y[i] - mean)
            across[i] = -(w[i] * mean)
        for i in range(ROWS):
            value -= w[i] * log_factorials[int(y[i])]
        add_along(turned, along, by_first)
        add_across(turned, across, by_second)
    return value, float_of(far), by_first, mirrored(by_second, k)


def sums(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array) -> Passed | None:
    """Of log-probabilities, of counts so small that no terms cancel."""
    if np.max(x) > FEW:
        return None
    value, far, along, across = _summed(matrix, coefficients, fixed, x, weight, _LOG_FACTORIALS)
    return Passed(value, along, across) if far < FARTHEST else None
