"""Compiled sums of the Weibull law."""

from __future__ import annotations

import math

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import exp, is_moderate, log, loop


def holds(shape: float, scale: float) -> bool:
    """Whether the formulas keep their digits."""
    return is_moderate(shape) and is_moderate(scale)


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, shape: float, scale: float
) -> tuple[float, float, float, float]:
    """Sums of log z and, with p = z^shape, of p, p log z and p log² z."""
    logs, powers, slopes, bends = 0.0, 0.0, 0.0, 0.0
    log_scale = math.log(scale)
    for k in range(len(x)):
        log_z = log((x[k] - centre) * inverse) - log_scale
        power = exp(shape * log_z)
        slope = log_z * power
        w = 1.0 if weight is None else weight[k]
        logs += w * log_z
        powers += w * power
        slopes += w * slope
        bends += w * (log_z * slope)
    return logs, powers, slopes, bends


def derivatives(count: float, sums: Array, shape: float, scale: float) -> Array:
    """Log-likelihood, score and second derivatives, from the sums."""
    logs, powers, slopes, bends = sums.tolist()
    return np.array(
        [
            count * (math.log(shape) - math.log(scale)) + (shape - 1) * logs - powers,
            count / shape - (slopes - logs),
            shape / scale * (powers - count),
            -count / shape**2 - bends,
            (powers - count + shape * slopes) / scale,
            -shape / scale**2 * (powers * (1 + shape) - count),
        ]
    )
