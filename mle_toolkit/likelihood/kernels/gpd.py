"""Compiled sums of the generalised Pareto law."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.gpd import _FLAT_XI
from mle_toolkit.likelihood.kernels.elementary import (
    LANES,
    SMALLEST_NORMAL_BITS,
    SPAN,
    bits_of,
    block,
    fill,
    full_width,
    log,
    log_of,
    loop,
    multiply,
)
from mle_toolkit.likelihood.kernels.gev import reduced_slopes


@loop
def _of_curved(
    x: Array, weight: Array | None, centre: float, inverse: float, scale: float, xi: float
) -> tuple[float, float, float]:
    """Sums of log(1 + w) and, with r = w/(1 + w), of r and r²; w = xi z."""
    full_width()
    logs, shares, squares = 0.0, 0.0, 0.0
    lowest = SMALLEST_NORMAL_BITS
    product = np.empty(LANES)
    factor = xi / scale
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        product[:] = 1.0
        exponents = 0
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            weights = rows if weight is None else block(weight, start, last)
            for k in range(len(rows)):
                z = (rows[k] - centre) * inverse * factor
                inside = 1.0 + z
                lowest = min(lowest, bits_of(inside))
                share = z / inside  # NaN where z overflows, which a product would not tell
                if weight is None:
                    w = 1.0
                    exponents += multiply(product, k, inside)
                else:
                    w = weights[k]
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
    full_width()
    values, slopes, bends, shares, squares = 0.0, 0.0, 0.0, 0.0, 0.0
    lowest = SMALLEST_NORMAL_BITS
    per_scale = 1.0 / scale
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            weights = rows if weight is None else block(weight, start, last)
            for k in range(len(rows)):
                z = (rows[k] - centre) * inverse * per_scale
                lowest = min(lowest, bits_of(1.0 + xi * z))
                t, t_xi, t_xi_xi, inverse_inside = reduced_slopes(xi, z)
                share = z * inverse_inside
                w = 1.0 if weight is None else weights[k]
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
    if abs(xi) < _FLAT_XI:
        return _of_flat(x, weight, centre, inverse, scale, xi)
    logs, shares, squares = _of_curved(x, weight, centre, inverse, scale, xi)
    t, share, square = logs / xi, shares / xi, squares / xi**2
    t_xi = (share - t) / xi
    return t, t_xi, (-square - 2.0 * t_xi) / xi, share, square


GROUP_SUMS = 5
"""How many sums a group has."""


@loop
def group_sums(
    x: Array, weight: Array | None, offsets: Any, chosen: Any, centre: Array, inverse: Array, theta: Array, out: Array
) -> None:
    """Fill the sums of some groups, each in its own unit at its own parameters."""
    for k in range(len(chosen)):
        group = slice(offsets[chosen[k]], offsets[chosen[k] + 1])
        weights = weight if weight is None else weight[group]
        fill(out[k], sums(x[group], weights, centre[k], inverse[k], theta[k, 0], theta[k, 1]))
