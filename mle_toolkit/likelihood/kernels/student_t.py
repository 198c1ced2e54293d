"""Compiled sums of Student's t law."""

from __future__ import annotations

import math

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.student_t import log_norm
from mle_toolkit.likelihood.kernels.elementary import DEPTH, LANES, is_moderate, log1p, log_of, loop, multiply

_LARGEST_DF = 1e4
"""Above it the score by df is a difference that loses digits, whose loss the law's own code spreads over rows."""

_PRODUCTS_HOLD = 100.0
"""Above it the sum of log(1 + z²/df), in which all logs are small, must be one of logs, not the log of a product."""


def holds(df: float, loc: float, scale: float) -> bool:
    """Whether the formulas keep their digits."""
    return is_moderate(df) and df < _LARGEST_DF and is_moderate(scale)


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, df: float, loc: float, scale: float
) -> tuple[float, ...]:
    """Sums of log(1 + z²/df) and, with s = z² and r = 1/(df + s), of sr, s²r², sr², r², zr, zr², zsr².

    Last the sum of sr (df + 1)/df - log(1 + s/df), which for a large df is far smaller than either.
    """
    if weight is None and df < _PRODUCTS_HOLD:
        return _by_products(x, centre, inverse, df, loc, scale)
    logs, gap = 0.0, 0.0
    pull, pull_square, square_share, share, slope, bend, bent_pull = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    per_scale, per_df = 1.0 / scale, 1.0 / df
    factor = (df + 1.0) * per_df
    for k in range(len(x)):
        z = ((x[k] - centre) * inverse - loc) * per_scale
        s = z * z
        r = 1.0 / (df + s)
        sr, zr = s * r, z * r
        log_tail = log1p(s * per_df)
        w = 1.0 if weight is None else weight[k]
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
    logs = 0.0
    pull, pull_square, square_share, share, slope, bend, bent_pull = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    product = np.empty(LANES)
    per_scale, per_df = 1.0 / scale, 1.0 / df
    for first in range(0, len(x), LANES * DEPTH):
        last = min(first + LANES * DEPTH, len(x))
        product[:] = 1.0
        exponents = 0
        for start in range(first, last, LANES):
            rows = x[start : min(start + LANES, last)]
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


def derivatives(count: float, sums: Array, df: float, loc: float, scale: float) -> Array:
    """Log-likelihood, score and second derivatives, from the sums."""
    logs, sr, ssrr, srr, rr, zr, zrr, zsrr, gap = sums.tolist()
    norm, norm_slope, norm_bend = (float(v) for v in log_norm(np.asarray(df)))
    pull = (df + 1) * sr
    by_loc = 2 * df * (df + 1) / scale**2  # times r²
    # sr is NaN where z² overflows, which a product does not tell.
    value = count * (norm - math.log(scale)) - 0.5 * (df + 1) * logs if math.isfinite(sr) else -math.inf
    return np.array(
        [
            value,
            count * norm_slope + 0.5 * gap,
            (df + 1) * zr / scale,
            (pull - count) / scale,
            count * norm_bend + 0.5 * ((df - 1) * ssrr - 2 * df * srr) / df**2,
            (zsrr - zrr) / scale,
            (ssrr - srr) / scale,
            0.5 * by_loc * (srr / df - rr),
            -by_loc * zrr,
            (count - pull) / scale**2 - by_loc * srr,
        ]
    )
