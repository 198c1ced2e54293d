"""Compiled sums of the logistic law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import (
    LANES,
    SPAN,
    block,
    exp,
    fill,
    full_width,
    log,
    log_of,
    loop,
    multiply,
)


@loop
def sums(x: Array, weight: Array | None, centre: float, inverse: float, loc: float, scale: float) -> tuple[float, ...]:
    """Sums of |z|, log(1 + exp(-|z|)) and, with t = tanh(z/2) and b its slope (1 - t²)/2, of t, zt, b, zb and z²b."""
    full_width()
    sizes, logs = 0.0, 0.0
    slopes, pulls, bends, bent_slopes, bent_pulls = 0.0, 0.0, 0.0, 0.0, 0.0
    product = np.empty(LANES)
    per_scale = 1.0 / scale
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        product[:] = 1.0
        exponents = 0
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            weights = rows if weight is None else block(weight, start, last)
            for k in range(len(rows)):
                z = ((rows[k] - centre) * inverse - loc) * per_scale
                size = abs(z)
                power = exp(-size)  # of -|z|, which cannot overflow
                share = 1.0 / (1.0 + power)
                pull = size * ((1.0 - power) * share)
                bend = 2.0 * power * share * share
                if weight is None:
                    w = 1.0
                    exponents += multiply(product, k, 1.0 + power)
                else:
                    w = weights[k]
                    logs += w * log(1.0 + power)
                sizes += w * size
                slopes += w * math.copysign((1.0 - power) * share, z)
                pulls += w * pull
                bends += w * bend
                bent_slopes += w * (z * bend)
                bent_pulls += w * (z * (z * bend))
        if weight is None:
            logs += log_of(product, exponents, last - first)
    return sizes, logs, slopes, pulls, bends, bent_slopes, bent_pulls


GROUP_SUMS = 7
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
