"""Compiled sums of the Burr XII law."""

from __future__ import annotations

import math
from typing import Any

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import LANES, block, exp, fill, full_width, log, log1p, loop


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, k: float, c: float, scale: float
) -> tuple[float, ...]:
    """Sums over rows, after ``derivative_sums`` of the law."""
    full_width()
    total, above, below, shares, rests = 0.0, 0.0, 0.0, 0.0, 0.0
    log_shares, log_rests, bends, log_bends, square_bends = 0.0, 0.0, 0.0, 0.0, 0.0
    log_scale = math.log(scale)
    for start in range(0, len(x), LANES):
        rows = block(x, start, len(x))
        weights = rows if weight is None else block(weight, start, len(x))
        for j in range(len(rows)):
            log_z = log((rows[j] - centre) * inverse) - log_scale
            t = c * log_z
            power = exp(-abs(t))
            soft = log1p(power)
            larger = 1.0 / (1.0 + power)
            smaller = power * larger
            share, rest = (larger, smaller) if t > 0.0 else (smaller, larger)
            bend = larger * smaller
            w = 1.0 if weight is None else weights[j]
            total += w * log_z
            above += w * (max(t, 0.0) + soft)
            below += w * (max(-t, 0.0) + soft)
            shares += w * share
            rests += w * rest
            log_shares += w * (log_z * share)
            log_rests += w * (log_z * rest)
            bends += w * bend
            log_bends += w * (log_z * bend)
            square_bends += w * (log_z * log_z * bend)
    return total, above, below, shares, rests, log_shares, log_rests, bends, log_bends, square_bends


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
