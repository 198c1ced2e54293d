"""Compiled sums of the generalised extreme-value law."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.gev import _SMALL
from mle_toolkit.likelihood.kernels.elementary import (
    LANES,
    SMALLEST_NORMAL_BITS,
    SPAN,
    bits_of,
    block,
    exp,
    fill,
    full_width,
    function,
    log,
    loop,
    rounding_of_sum,
)


@function
def reduced_slopes(xi: float, z: float) -> tuple[float, float, float, float]:
    """Compute t = log(1 + xi z)/xi, its first and second derivative by xi, and 1/(1 + xi z).

    After the function of this name in the law: smooth at xi = 0, by a series where xi z is small and in closed form
    elsewhere; here both are computed for every row, which costs less than a branch.
    """
    w = xi * z
    near = abs(w) < _SMALL
    inside = 1.0 + w
    inverse = 1.0 / inside
    v = w if near else 0.0
    series = -342 / 20
    series = series * v + 306 / 19
    series = series * v - 272 / 18
    series = series * v + 240 / 17
    series = series * v - 210 / 16
    series = series * v + 182 / 15
    series = series * v - 156 / 14
    series = series * v + 132 / 13
    series = series * v - 110 / 12
    series = series * v + 90 / 11
    series = series * v - 72 / 10
    series = series * v + 56 / 9
    series = series * v - 42 / 8
    series = series * v + 30 / 7
    series = series * v - 20 / 6
    series = series * v + 12 / 5
    series = series * v - 6 / 4
    series = series * v + 2 / 3
    # From L'' = (-1/(1 + w)² - 2 L')/w and L' = (1/(1 + w) - L)/w, L = log(1 + w)/w, backwards.
    slope = -0.5 * (inverse * inverse + w * series)
    level = inverse - w * slope
    ratio, per_xi = z * inverse, 1.0 / xi
    t = (log(inside) + rounding_of_sum(w) * inverse) * per_xi
    t_xi = (ratio - t) * per_xi
    t_xi_xi = (-ratio * ratio - 2.0 * t_xi) * per_xi
    square = z * z
    return (
        z * level if near else t,
        square * slope if near else t_xi,
        z * (square * series) if near else t_xi_xi,
        inverse,
    )


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, loc: float, scale: float, xi: float
) -> tuple[float, ...]:
    """Sums over rows of what log-density, score and second derivatives have of z, in units of the scale.

    The first is infinite where an observation is beyond the end of the support.
    """
    full_width()
    value, by_loc, by_scale, by_xi = 0.0, 0.0, 0.0, 0.0
    loc_loc, loc_scale, loc_xi, scale_scale, scale_xi, xi_xi = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    lowest = SMALLEST_NORMAL_BITS
    per_scale = 1.0 / scale
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            weights = rows if weight is None else block(weight, start, last)
            for k in range(len(rows)):
                z = ((rows[k] - centre) * inverse - loc) * per_scale
                lowest = min(lowest, bits_of(1.0 + xi * z))
                t, t_xi, t_xi_xi, t_z = reduced_slopes(xi, z)
                power = exp(-t)
                by_t = power - (1.0 + xi)
                by_z = by_t * t_z
                by_zz = -(power + xi * by_t) * t_z * t_z
                by_z_xi = -((power * t_xi + 1.0) + by_z * z) * t_z
                both = by_z + z * by_zz
                w = 1.0 if weight is None else weights[k]
                value += w * (-(1.0 + xi) * t - power)
                by_loc -= w * by_z
                by_scale -= w * (1.0 + z * by_z)
                by_xi += w * (by_t * t_xi - t)
                loc_loc += w * by_zz
                loc_scale += w * both
                loc_xi -= w * by_z_xi
                scale_scale += w * (1.0 + z * (by_z + both))
                scale_xi -= w * (z * by_z_xi)
                xi_xi += w * (by_t * t_xi_xi - (2.0 + power * t_xi) * t_xi)
    if lowest < SMALLEST_NORMAL_BITS:
        value = -np.inf
    return value, by_loc, by_scale, by_xi, loc_loc, loc_scale, loc_xi, scale_scale, scale_xi, xi_xi


GROUP_SUMS = 10
"""How many sums a group has."""


@loop
def group_sums(
    x: Array, weight: Array | None, offsets: Any, chosen: Any, centre: Array, inverse: Array, theta: Array, out: Array
) -> None:
    """Fill the sums of some groups, each in its own unit at its own parameters."""
    for k in range(len(chosen)):
        group = slice(offsets[chosen[k]], offsets[chosen[k] + 1])
        weights = weight if weight is None else weight[group]
        fill(out[k], sums(x[group], weights, centre[k], inverse[k], theta[k, 0], theta[k, 1], theta[k, 2]))
