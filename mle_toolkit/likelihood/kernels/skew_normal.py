"""Compiled sums of the skew-normal law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import (
    LANES,
    SPAN,
    block,
    erfcx,
    exp,
    fill,
    full_width,
    function,
    log,
    log_of,
    loop,
    multiply,
)

_ROOT_HALF = math.sqrt(0.5)
_DENSITY_AT_0 = 1 / math.sqrt(2 * math.pi)
_FAR = 1e150
"""Size of u beyond which its square overflows, or exp(-u²/2) is 0: the tail no longer matters."""


@function
def _share_and_ratio(u: float) -> tuple[float, float]:
    """Phi(u) for u >= 0, and exp(u²/2) Phi(u) below, which does not underflow; and the ratio phi(u)/Phi(u)."""
    power = exp(-0.5 * u * u)
    tail = 0.5 * erfcx(min(abs(u), _FAR) * _ROOT_HALF)  # exp(u²/2) Phi(-|u|)
    share = tail if u < 0.0 else 1.0 - power * tail
    return share, (_DENSITY_AT_0 if u < 0.0 else _DENSITY_AT_0 * power) / share


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, loc: float, scale: float, alpha: float
) -> tuple[float, ...]:
    """Sums of log Phi(u), u = alpha z, of z and z², and of r = phi(u)/Phi(u), zr, and its slope -r(u + r) = b, zb, z²b.

    Instead of log Phi(u) below 0, by which it would underflow, log Phi(u) + u²/2, and the sum of u²/2 apart.
    """
    full_width()
    logs, dips, total, squares = 0.0, 0.0, 0.0, 0.0
    ratios, pulls, bends, bent_ratios, bent_pulls = 0.0, 0.0, 0.0, 0.0, 0.0
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
                u = alpha * z
                share, ratio = _share_and_ratio(u)
                bend = -ratio * (u + ratio)
                if weight is None:
                    w = 1.0
                    exponents += multiply(product, k, share)
                else:
                    w = weights[k]
                    logs += w * log(share)
                dips += w * (0.5 * u * u if u < 0.0 else 0.0)
                total += w * z
                squares += w * (z * z)
                ratios += w * ratio
                pulls += w * (z * ratio)
                bends += w * bend
                bent_ratios += w * (z * bend)
                bent_pulls += w * (z * z * bend)
        if weight is None:
            logs += log_of(product, exponents, last - first)
    return logs, dips, total, squares, ratios, pulls, bends, bent_ratios, bent_pulls


GROUP_SUMS = 9
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
