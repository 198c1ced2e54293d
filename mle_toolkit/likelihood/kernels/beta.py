"""Compiled sums of the beta law: of log x and log(1 - x)."""

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
    log1p,
    log_of,
    loop,
    multiply,
)

_LEAST_LOG = 0.05
"""Mean size of a log below which those of products, whose error is absolute, lose digits."""


@loop
def statistics(x: Array, weight: Array | None, centre: float, inverse: float) -> tuple[float, float, float, float]:
    """Extent, sum of log x and sum of log(1 - x)."""
    lowest, highest = LARGEST_KEY, -LARGEST_KEY
    logs, rest_logs = 0.0, 0.0
    product, rest_product = np.empty(LANES), np.empty(LANES)
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        product[:] = 1.0
        rest_product[:] = 1.0
        exponents, rest_exponents = 0, 0
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            weights = rows if weight is None else block(weight, start, last)
            for k in range(len(rows)):
                key = key_of(rows[k])
                lowest, highest = min(lowest, key), max(highest, key)
                z = (rows[k] - centre) * inverse
                if weight is None:
                    exponents += multiply(product, k, z)
                    rest_exponents += multiply(rest_product, k, 1.0 - z)
                else:
                    w = weights[k]
                    logs += w * log(z)
                    rest_logs += w * log1p(-z)
        if weight is None:
            logs += log_of(product, exponents, last - first)
            rest_logs += log_of(rest_product, rest_exponents, last - first)
    if weight is None and max(logs, rest_logs) > -_LEAST_LOG * len(x):
        logs, rest_logs = 0.0, 0.0
        for k in range(len(x)):
            z = (x[k] - centre) * inverse
            logs += log(z)
            rest_logs += log1p(-z)
    return at_key(lowest), at_key(highest), logs, rest_logs
