"""Compiled passes of Weibull regressions, and of those of durations that are cut off."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

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
def _terms(log_z: float, shape: float) -> tuple[float, float, float, float]:
    """The cumulative hazard, its derivatives by shape, and that of its slope by the predictor, but for the sign."""
    hazard = exp(shape * log_z)
    by_shape = log_z * hazard
    return hazard, by_shape, log_z * by_shape, hazard + shape * by_shape


@loop
def _summed(
    matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, shape: float, event: float
) -> tuple[Any, ...]:
    """Sums of logs, of hazards, and of their derivatives; of events what each adds to a slope is subtracted."""
    full_width()
    k = matrix.shape[1]
    turned, by_first, by_second = room(k)
    crossed = np.zeros(k)
    eta, y, w = np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS)
    along, across, both = np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS)
    logs, log_ratios, hazards, slopes, bends, far, least = 0.0, 0.0, 0.0, 0.0, 0.0, 0, LARGEST_KEY
    for first in range(0, len(x), ROWS):
        last = min(first + ROWS, len(x))
        predicted(matrix, coefficients, fixed, first, last, turned, eta)
        taken(x, first, last, y, 1.0)
        taken(weight, first, last, w, 0.0)
        for i in range(ROWS):
            log_x = log(y[i])
            log_z = log_x - eta[i]
            hazard, slope, bend, mixed = _terms(log_z, shape)
            far, least = max(far, bits_of(abs(shape * log_z))), min(least, bits_of(y[i]))
            logs += w[i] * log_x
            log_ratios += w[i] * log_z
            hazards += w[i] * hazard
            slopes += w[i] * slope
            bends += w[i] * bend
            along[i], across[i], both[i] = w[i] * (hazard - event), w[i] * hazard, w[i] * (mixed - event)
        add_along(turned, along, by_first)
        add_along(turned, both, crossed)
        add_across(turned, across, by_second)
    return (
        logs,
        log_ratios,
        hazards,
        slopes,
        bends,
        float_of(far),
        float_of(least),
        by_first,
        crossed,
        mirrored(by_second, k),
    )


def sums(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, shape: float) -> Passed | None:
    """Of log-densities."""
    return _passed(matrix, coefficients, fixed, x, weight, shape, 1.0)


def sf_sums(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, shape: float) -> Passed | None:
    """Of log-probabilities of more than x."""
    return _passed(matrix, coefficients, fixed, x, weight, shape, 0.0)


def _passed(
    matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, shape: float, event: float
) -> Passed | None:
    logs, log_ratios, hazards, slopes, bends, far, least, along, crossed, across = _summed(
        matrix, coefficients, fixed, x, weight, shape, event
    )
    if not (far < FARTHEST and least > SMALLEST):
        return None
    events = event * total_of(weight, len(x))
    value = events * math.log(shape) + event * (shape * log_ratios - logs) - hazards
    by_shape = events / shape + event * log_ratios - slopes, -events / shape**2 - bends
    return Passed(value, shape * along, -(shape**2) * across, crossed, by_shape)
