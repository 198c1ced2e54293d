"""Compiled pass of gamma regressions of the mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.designs import ROWS, add_across, add_along, mirrored, predicted, room, taken
from mle_toolkit.likelihood.kernels.elementary import (
    LARGEST_KEY,
    bits_of,
    exp,
    float_of,
    full_width,
    function,
    log,
    loop,
)
from mle_toolkit.likelihood.kernels.passes import FARTHEST, SMALLEST, Passed, total_of

LINK = "log"


@function
def _terms(log_x: float, eta: float) -> tuple[float, float, float]:
    """``log r - (r - 1)``, ``r - 1`` and ``r``, of the ratio r of observation and mean."""
    log_ratio = log_x - eta
    ratio = exp(log_ratio)
    away = ratio - 1.0
    return log_ratio - away, away, ratio


@loop
def _summed(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array) -> tuple[Any, ...]:
    full_width()
    k = matrix.shape[1]
    turned, by_first, by_second = room(k)
    eta, y, w, along, across = np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS)
    falls, logs, far, least = 0.0, 0.0, 0, LARGEST_KEY
    for first in range(0, len(x), ROWS):
        last = min(first + ROWS, len(x))
        predicted(matrix, coefficients, fixed, first, last, turned, eta)
        taken(x, first, last, y, 1.0)
        taken(weight, first, last, w, 0.0)
        for i in range(ROWS):
            log_x = log(y[i])
            fall, away, ratio = _terms(log_x, eta[i])
            far = max(far, bits_of(abs(eta[i])), bits_of(abs(log_x - eta[i])))
            least = min(least, bits_of(y[i]))
            falls += w[i] * fall
            logs += w[i] * log_x
            along[i] = w[i] * away
            across[i] = w[i] * ratio
        add_along(turned, along, by_first)
        add_across(turned, across, by_second)
    return falls, logs, float_of(far), float_of(least), by_first, mirrored(by_second, k)


def sums(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, shape: float) -> Passed | None:
    """Of log-densities."""
    falls, logs, far, least, away, ratio = _summed(matrix, coefficients, fixed, x, weight)
    if not (far < FARTHEST and least > SMALLEST):
        return None
    nobs, log_shape = total_of(weight, len(x)), math.log(shape)
    value = shape * falls - logs + nobs * (shape * log_shape - shape - special.gammaln(shape))
    first = falls + nobs * (log_shape - special.psi(shape))
    second = nobs * (1.0 / shape - special.zeta(2.0, shape))
    return Passed(value, shape * away, -shape * ratio, away, (first, second))
