"""Compiled sums of the lognormal law: of log x and its square."""

from __future__ import annotations

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import LANES, LARGEST_KEY, SPAN, at_key, block, key_of, log, loop


@loop
def statistics(x: Array, weight: Array | None, centre: float, inverse: float) -> tuple[float, float, float, float]:
    """Extent, sum of log x and sum of its square."""
    lowest, highest = LARGEST_KEY, -LARGEST_KEY
    logs, squares = 0.0, 0.0
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            weights = rows if weight is None else block(weight, start, last)
            for k in range(len(rows)):
                key = key_of(rows[k])
                lowest, highest = min(lowest, key), max(highest, key)
                log_z = log((rows[k] - centre) * inverse)
                w = 1.0 if weight is None else weights[k]
                logs += w * log_z
                squares += w * (log_z * log_z)
    return at_key(lowest), at_key(highest), logs, squares
