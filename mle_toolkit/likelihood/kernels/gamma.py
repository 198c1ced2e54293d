"""Compiled sums of the gamma law: of x and log x."""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import (
    DEPTH,
    LANES,
    LARGEST_KEY,
    at_key,
    key_of,
    log,
    log_of,
    loop,
    multiply,
)


@loop
def statistics(x: Array, weight: Array | None, centre: float, inverse: float) -> tuple[float, float, float, float]:
    """Extent, sum of x and sum of log x."""
    lowest, highest = LARGEST_KEY, -LARGEST_KEY
    total, logs = 0.0, 0.0
    product = np.empty(LANES)
    for first in range(0, len(x), LANES * DEPTH):
        last = min(first + LANES * DEPTH, len(x))
        product[:] = 1.0
        exponents = 0
        for start in range(first, last, LANES):
            rows = x[start : min(start + LANES, last)]
            for k in range(len(rows)):
                key = key_of(rows[k])
                lowest, highest = min(lowest, key), max(highest, key)
                z = (rows[k] - centre) * inverse
                if weight is None:
                    total += z
                    exponents += multiply(product, k, z)
                else:
                    w = weight[start + k]
                    total += w * z
                    logs += w * log(z)
        if weight is None:
            logs += log_of(product, exponents, last - first)
    return at_key(lowest), at_key(highest), total, logs
