"""Compiled sums of the Weibull law."""

from __future__ import annotations

import math

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import LANES, SPAN, block, exp, full_width, log, loop


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, shape: float, scale: float
) -> tuple[float, float, float, float]:
    """Sums of log z and, with p = z^shape, of p, p log z and p log² z."""
    full_width()
    logs, powers, slopes, bends = 0.0, 0.0, 0.0, 0.0
    log_scale = math.log(scale)
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            weights = rows if weight is None else block(weight, start, last)
            for k in range(len(rows)):
                log_z = log((rows[k] - centre) * inverse) - log_scale
                power = exp(shape * log_z)
                slope = log_z * power
                w = 1.0 if weight is None else weights[k]
                logs += w * log_z
                powers += w * power
                slopes += w * slope
                bends += w * (log_z * slope)
    return logs, powers, slopes, bends
