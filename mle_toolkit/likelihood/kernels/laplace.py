"""Compiled sums of the Laplace law."""

from __future__ import annotations

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import LANES, SPAN, block, loop


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, loc: float, scale: float
) -> tuple[float, float]:
    """Sums of |z| and of the sign of z."""
    sizes, signs = 0.0, 0.0
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            weights = rows if weight is None else block(weight, start, last)
            for k in range(len(rows)):
                z = ((rows[k] - centre) * inverse - loc) / scale
                w = 1.0 if weight is None else weights[k]
                sizes += w * abs(z)
                signs += w * (1.0 if z > 0.0 else (-1.0 if z < 0.0 else 0.0))
    return sizes, signs
