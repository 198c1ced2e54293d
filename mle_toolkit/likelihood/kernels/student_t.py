"""Compiled sums of Student's t law."""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import LANES, SPAN, block, full_width, log1p, log_of, loop, multiply

_PRODUCTS_HOLD = 100.0
"""Above it the sum of log(1 + z²/df), in which all logs are small, must be one of logs, not the log of a product."""


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, df: float, loc: float, scale: float
) -> tuple[float, ...]:
    """Sums of log(1 + z²/df) and, with s = z² and r = 1/(df + s), of sr, s²r², sr², r², zr, zr², zsr².

    Last the sum of sr (df + 1)/df - log(1 + s/df), which for a large df is far smaller than either.
    """
    full_width()
    if weight is None and df < _PRODUCTS_HOLD:
        return _by_products(x, centre, inverse, df, loc, scale)
    logs, gap = 0.0, 0.0
    pull, pull_square, square_share, share, slope, bend, bent_pull = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    per_scale, per_df = 1.0 / scale, 1.0 / df
    factor = (df + 1.0) * per_df
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            weights = rows if weight is None else block(weight, start, last)
            for k in range(len(rows)):
                z = ((rows[k] - centre) * inverse - loc) * per_scale
                s = z * z
                r = 1.0 / (df + s)
                sr, zr = s * r, z * r
                log_tail = log1p(s * per_df)
                w = 1.0 if weight is None else weights[k]
                logs += w * log_tail
                pull += w * sr
                pull_square += w * (sr * sr)
                square_share += w * (sr * r)
                share += w * (r * r)
                slope += w * zr
                bend += w * (zr * r)
                bent_pull += w * (zr * sr)
                gap += w * (factor * sr - log_tail)
    return logs, pull, pull_square, square_share, share, slope, bend, bent_pull, gap


@loop
def _by_products(x: Array, centre: float, inverse: float, df: float, loc: float, scale: float) -> tuple[float, ...]:
    """The sums without weights, logs taken of products."""
    full_width()
    logs = 0.0
    pull, pull_square, square_share, share, slope, bend, bent_pull = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    product = np.empty(LANES)
    per_scale, per_df = 1.0 / scale, 1.0 / df
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        product[:] = 1.0
        exponents = 0
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            for k in range(len(rows)):
                z = ((rows[k] - centre) * inverse - loc) * per_scale
                s = z * z
                r = 1.0 / (df + s)
                sr, zr = s * r, z * r
                exponents += multiply(product, k, 1.0 + s * per_df)
                pull += sr
                pull_square += sr * sr
                square_share += sr * r
                share += r * r
                slope += zr
                bend += zr * r
                bent_pull += zr * sr
        logs += log_of(product, exponents, last - first)
    return logs, pull, pull_square, square_share, share, slope, bend, bent_pull, (df + 1.0) * per_df * pull - logs
