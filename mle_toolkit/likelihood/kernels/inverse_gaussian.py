"""Compiled sums of the inverse Gaussian law: of x and 1/x."""

from __future__ import annotations

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import LARGEST_KEY, at_key, key_of, loop


@loop
def statistics(x: Array, weight: Array | None, centre: float, inverse: float) -> tuple[float, float, float, float]:
    """Extent, sum of x and sum of 1/x."""
    lowest, highest = LARGEST_KEY, -LARGEST_KEY
    total, inverses = 0.0, 0.0
    for k in range(len(x)):
        key = key_of(x[k])
        lowest, highest = min(lowest, key), max(highest, key)
        z = (x[k] - centre) * inverse
        w = 1.0 if weight is None else weight[k]
        total += w * z
        inverses += w / z
    return at_key(lowest), at_key(highest), total, inverses
