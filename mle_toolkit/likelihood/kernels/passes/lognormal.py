"""Compiled passes of lognormal regressions, and of those of durations that are cut off."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.designs import ROWS, add_across, add_along, mirrored, predicted, room, taken
from mle_toolkit.likelihood.kernels.elementary import (
    LARGEST_KEY,
    bits_of,
    erfcx,
    exp,
    float_of,
    full_width,
    function,
    log,
    log1p,
    loop,
)
from mle_toolkit.likelihood.kernels.passes import FARTHEST, SMALLEST, Passed, total_of
from mle_toolkit.likelihood.kernels.passes.normal import of_residuals, residual_sums

LINK = "identity"

_ROOT_HALF = math.sqrt(0.5)
_ROOT_TWO_OVER_PI = math.sqrt(2.0 / math.pi)


def sums(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, sdlog: float) -> Passed | None:
    """Of log-densities: those of the normal law of the logs."""
    log_x = np.log(x)
    squares, along, across = residual_sums(matrix, coefficients, fixed, log_x, weight)
    found = of_residuals(squares / sdlog**2, along, across, total_of(weight, len(x)), sdlog)
    return found._replace(value=found.value - float(np.sum(weight * log_x)))


@function
def _above(z: float) -> tuple[float, float]:
    """Log of the normal survival function, and the hazard."""
    a = abs(z) * _ROOT_HALF
    scaled, density = erfcx(a), exp(-a * a)
    tail = 0.5 * scaled * density
    if z > 0.0:
        return log(0.5 * scaled) - a * a, _ROOT_TWO_OVER_PI / scaled
    return log1p(-tail), 0.5 * _ROOT_TWO_OVER_PI * density / (1.0 - tail)


@loop
def _sf_summed(
    matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, sdlog: float
) -> tuple[Any, ...]:
    full_width()
    k = matrix.shape[1]
    turned, by_first, by_second = room(k)
    crossed = np.zeros(k)
    eta, y, w = np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS)
    along, across, both = np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS)
    value, first_order, second_order, far, least = 0.0, 0.0, 0.0, 0, LARGEST_KEY
    for first in range(0, len(x), ROWS):
        last = min(first + ROWS, len(x))
        predicted(matrix, coefficients, fixed, first, last, turned, eta)
        taken(x, first, last, y, 1.0)
        taken(weight, first, last, w, 0.0)
        for i in range(ROWS):
            z = (log(y[i]) - eta[i]) / sdlog
            log_sf, hazard = _above(z)
            bend = hazard * (hazard - z)
            far, least = max(far, bits_of(abs(z))), min(least, bits_of(y[i]))
            value += w[i] * log_sf
            first_order += w[i] * (z * hazard)
            second_order -= w[i] * (z * (z * bend + 2.0 * hazard))
            along[i], across[i], both[i] = w[i] * hazard, -(w[i] * bend), -(w[i] * (z * bend + hazard))
        add_along(turned, along, by_first)
        add_along(turned, both, crossed)
        add_across(turned, across, by_second)
    return value, first_order, second_order, float_of(far), float_of(least), by_first, crossed, mirrored(by_second, k)


def sf_sums(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, sdlog: float) -> Passed | None:
    """Of log-probabilities of more than x: those of the normal law of the logs."""
    value, first, second, far, least, along, crossed, across = _sf_summed(matrix, coefficients, fixed, x, weight, sdlog)
    if not (far < FARTHEST and least > SMALLEST):
        return None
    square = sdlog * sdlog
    return Passed(value, along / sdlog, across / square, crossed / square, (first / sdlog, second / square))
