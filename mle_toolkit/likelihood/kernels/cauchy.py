"""Compiled sums of the Cauchy law."""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import LANES, SPAN, block, log, log_of, loop, multiply


@loop
def sums(x: Array, weight: Array | None, centre: float, inverse: float, loc: float, scale: float) -> tuple[float, ...]:
    """Sums of log(1 + z²) and, with r = 1/(1 + z²), of z²r, r, r², zr and zr²."""
    logs, pulls, shares, squares, slopes, bends = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
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
                s = z * z
                r = 1.0 / (1.0 + s)
                if weight is None:
                    w = 1.0
                    exponents += multiply(product, k, 1.0 + s)
                else:
                    w = weights[k]
                    logs += w * log(1.0 + s)
                pulls += w * (s * r)  # NaN where z² overflows, which a product would not tell
                shares += w * r
                squares += w * (r * r)
                slopes += w * (z * r)
                bends += w * (z * r * r)
        if weight is None:
            logs += log_of(product, exponents, last - first)
    return logs, pulls, shares, squares, slopes, bends
