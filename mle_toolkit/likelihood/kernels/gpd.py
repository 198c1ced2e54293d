"""Compiled sums of the generalised Pareto law."""

from __future__ import annotations

import math

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import (
    DEPTH,
    LANES,
    SMALLEST_NORMAL_BITS,
    bits_of,
    is_moderate,
    log,
    log_of,
    loop,
    multiply,
)
from mle_toolkit.likelihood.kernels.gev import reduced_slopes

_FLAT = 0.1
"""Size of xi below which derivatives by xi are taken row by row: sums of logs, divided by xi³, would lose digits."""


def holds(scale: float, xi: float) -> bool:
    """Whether the formulas keep their digits."""
    return is_moderate(scale)


@loop
def _of_curved(
    x: Array, weight: Array | None, centre: float, inverse: float, scale: float, xi: float
) -> tuple[float, float, float]:
    """Sums of log(1 + w) and, with r = w/(1 + w), of r and r²; w = xi z."""
    logs, shares, squares = 0.0, 0.0, 0.0
    lowest = SMALLEST_NORMAL_BITS
    product = np.empty(LANES)
    factor = xi / scale
    for first in range(0, len(x), LANES * DEPTH):
        last = min(first + LANES * DEPTH, len(x))
        product[:] = 1.0
        exponents = 0
        for start in range(first, last, LANES):
            rows = x[start : min(start + LANES, last)]
            for k in range(len(rows)):
                z = (rows[k] - centre) * inverse * factor
                inside = 1.0 + z
                lowest = min(lowest, bits_of(inside))
                share = z / inside  # NaN where z overflows, which a product would not tell
                if weight is None:
                    w = 1.0
                    exponents += multiply(product, k, inside)
                else:
                    w = weight[start + k]
                    logs += w * log(inside)
                shares += w * share
                squares += w * (share * share)
        if weight is None:
            logs += log_of(product, exponents, last - first)
    return (logs if lowest == SMALLEST_NORMAL_BITS else np.nan), shares, squares


@loop
def _of_flat(
    x: Array, weight: Array | None, centre: float, inverse: float, scale: float, xi: float
) -> tuple[float, float, float, float, float]:
    """Sums of t = log(1 + xi z)/xi, its two derivatives by xi, and, with r = z/(1 + xi z), of r and r²."""
    values, slopes, bends, shares, squares = 0.0, 0.0, 0.0, 0.0, 0.0
    lowest = SMALLEST_NORMAL_BITS
    per_scale = 1.0 / scale
    for k in range(len(x)):
        z = (x[k] - centre) * inverse * per_scale
        lowest = min(lowest, bits_of(1.0 + xi * z))
        t, t_xi, t_xi_xi, inverse_inside = reduced_slopes(xi, z)
        share = z * inverse_inside
        w = 1.0 if weight is None else weight[k]
        values += w * t
        slopes += w * t_xi
        bends += w * t_xi_xi
        shares += w * share
        squares += w * (share * share)
    return (values if lowest == SMALLEST_NORMAL_BITS else np.nan), slopes, bends, shares, squares


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, scale: float, xi: float
) -> tuple[float, float, float, float, float]:
    """Sums of t = log(1 + xi z)/xi, its two derivatives by xi, and, with r = z/(1 + xi z), of r and r².

    The first is NaN where an observation is beyond the end of the support.
    """
    if abs(xi) < _FLAT:
        return _of_flat(x, weight, centre, inverse, scale, xi)
    logs, shares, squares = _of_curved(x, weight, centre, inverse, scale, xi)
    t, share, square = logs / xi, shares / xi, squares / xi**2
    t_xi = (share - t) / xi
    return t, t_xi, (-square - 2.0 * t_xi) / xi, share, square


def derivatives(count: float, sums: Array, scale: float, xi: float) -> Array:
    """Log-likelihood, score and second derivatives, from the sums."""
    t, t_xi, t_xi_xi, share, square = sums.tolist()
    possible = math.isfinite(t) and math.isfinite(share)
    return np.array(
        [
            -count * math.log(scale) - (1 + xi) * t if possible else -math.inf,
            ((1 + xi) * share - count) / scale,
            -t - (1 + xi) * t_xi,
            (count - (1 + xi) * (2 * share - xi * square)) / scale**2,
            (share - (1 + xi) * square) / scale,
            -2 * t_xi - (1 + xi) * t_xi_xi,
        ]
    )
