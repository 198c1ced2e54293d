"""Compiled sums of the Gumbel law."""

from __future__ import annotations

import math

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import exp, is_moderate, loop, times


def holds(loc: float, scale: float) -> bool:
    """Whether the formulas keep their digits."""
    return is_moderate(scale)


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, loc: float, scale: float
) -> tuple[float, float, float, float]:
    """Sums of z and, with p = exp(-z), of p, zp and z²p."""
    total, powers, slopes, bends = 0.0, 0.0, 0.0, 0.0
    per_scale = 1.0 / scale
    for k in range(len(x)):
        z = ((x[k] - centre) * inverse - loc) * per_scale
        power = exp(-z)
        slope = times(z, power)
        w = 1.0 if weight is None else weight[k]
        total += w * z
        powers += w * power
        slopes += w * slope
        bends += w * times(z, slope)
    return total, powers, slopes, bends


def derivatives(count: float, sums: Array, loc: float, scale: float) -> Array:
    """Log-likelihood, score and second derivatives, from the sums."""
    total, powers, slopes, bends = sums.tolist()
    excess, pull = count - powers, total - slopes
    return np.array(
        [
            -total - powers - count * math.log(scale),
            excess / scale,
            (pull - count) / scale,
            -powers / scale**2,
            -(excess + slopes) / scale**2,
            (count - 2 * pull - bends) / scale**2,
        ]
    )
