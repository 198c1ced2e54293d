"""Compiled sums of the gamma law: of x and log x."""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import (
    LANES,
    LARGEST_KEY,
    SPAN,
    at_key,
    block,
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
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        product[:] = 1.0
        exponents = 0
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            weights = rows if weight is None else block(weight, start, last)
            for k in range(len(rows)):
                key = key_of(rows[k])
                lowest, highest = min(lowest, key), max(highest, key)
                z = (rows[k] - centre) * inverse
                if weight is None:
                    total += z
                    exponents += multiply(product, k, z)
                else:
                    w = weights[k]
                    total += w * z
                    logs += w * log(z)
        if weight is None:
            logs += log_of(product, exponents, last - first)
    return at_key(lowest), at_key(highest), total, logs
