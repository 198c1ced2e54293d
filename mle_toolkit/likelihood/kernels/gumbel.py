"""Compiled sums of the Gumbel law."""

from __future__ import annotations

from typing import Any

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import LANES, SPAN, block, exp, fill, full_width, loop, times


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, loc: float, scale: float
) -> tuple[float, float, float, float]:
    """Sums of z and, with p = exp(-z), of p, zp and z²p."""
    full_width()
    total, powers, slopes, bends = 0.0, 0.0, 0.0, 0.0
    per_scale = 1.0 / scale
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            weights = rows if weight is None else block(weight, start, last)
            for k in range(len(rows)):
                z = ((rows[k] - centre) * inverse - loc) * per_scale
                power = exp(-z)
                slope = times(z, power)
                w = 1.0 if weight is None else weights[k]
                total += w * z
                powers += w * power
                slopes += w * slope
                bends += w * times(z, slope)
    return total, powers, slopes, bends


GROUP_SUMS = 4
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
