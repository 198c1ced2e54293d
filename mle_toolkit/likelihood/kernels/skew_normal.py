"""Compiled sums of the skew-normal law."""

from __future__ import annotations

import math

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import (
    DEPTH,
    LANES,
    erfcx,
    exp,
    function,
    is_moderate,
    log,
    log_of,
    loop,
    multiply,
)

_ROOT_HALF = math.sqrt(0.5)
_DENSITY_AT_0 = 1 / math.sqrt(2 * math.pi)
_FAR = 1e150
"""Size of u beyond which its square overflows, or exp(-u²/2) is 0: the tail no longer matters."""

_LOG_TWO_OVER_PI = math.log(2 / math.pi)


@function
def _share_and_ratio(u: float) -> tuple[float, float]:
    """Phi(u) for u >= 0, and exp(u²/2) Phi(u) below, which does not underflow; and the ratio phi(u)/Phi(u)."""
    power = exp(-0.5 * u * u)
    tail = 0.5 * erfcx(min(abs(u), _FAR) * _ROOT_HALF)  # exp(u²/2) Phi(-|u|)
    share = tail if u < 0.0 else 1.0 - power * tail
    return share, (_DENSITY_AT_0 if u < 0.0 else _DENSITY_AT_0 * power) / share


def holds(loc: float, scale: float, alpha: float) -> bool:
    """Whether the formulas keep their digits."""
    return is_moderate(scale) and abs(alpha) < _FAR


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, loc: float, scale: float, alpha: float
) -> tuple[float, ...]:
    """Sums of log Phi(u), u = alpha z, of z and z², and of r = phi(u)/Phi(u), zr, and its slope -r(u + r) = b, zb, z²b.

    Instead of log Phi(u) below 0, by which it would underflow, log Phi(u) + u²/2, and the sum of u²/2 apart.
    """
    logs, dips, total, squares = 0.0, 0.0, 0.0, 0.0
    ratios, pulls, bends, bent_ratios, bent_pulls = 0.0, 0.0, 0.0, 0.0, 0.0
    product = np.empty(LANES)
    per_scale = 1.0 / scale
    for first in range(0, len(x), LANES * DEPTH):
        last = min(first + LANES * DEPTH, len(x))
        product[:] = 1.0
        exponents = 0
        for start in range(first, last, LANES):
            rows = x[start : min(start + LANES, last)]
            for k in range(len(rows)):
                z = ((rows[k] - centre) * inverse - loc) * per_scale
                u = alpha * z
                share, ratio = _share_and_ratio(u)
                bend = -ratio * (u + ratio)
                if weight is None:
                    w = 1.0
                    exponents += multiply(product, k, share)
                else:
                    w = weight[start + k]
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


def derivatives(count: float, sums: Array, loc: float, scale: float, alpha: float) -> Array:
    """Log-likelihood, score and second derivatives, from the sums."""
    logs, dips, z, zz, r, zr, b, zb, zzb = sums.tolist()
    fall, pull = z - alpha * r, zz - alpha * zr
    return np.array(
        [
            logs - dips - 0.5 * zz + count * (0.5 * _LOG_TWO_OVER_PI - math.log(scale)),
            fall / scale,
            (pull - count) / scale,
            zr,
            (alpha**2 * b - count) / scale**2,
            (alpha**2 * zb - z - fall) / scale**2,
            -(r + alpha * zb) / scale,
            (count + alpha**2 * zzb - zz - 2 * pull) / scale**2,
            -(zr + alpha * zzb) / scale,
            zzb,
        ]
    )
