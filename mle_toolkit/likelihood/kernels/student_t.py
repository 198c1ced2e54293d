"""Compiled sums of Student's t law."""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.student_t import log_norm
from mle_toolkit.likelihood.kernels.elementary import DEPTH, LANES, log, log_of, loop, multiply

_LARGEST_DF = 1e4
"""Above it log1p(z²/df), a log of a product here, loses digits that df multiplies."""


def holds(df: float, loc: float, scale: float) -> bool:
    """Whether the logs keep their digits."""
    return df < _LARGEST_DF


@loop
def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, df: float, loc: float, scale: float
) -> tuple[float, ...]:
    """Sums of log(1 + z²/df) and, with s = z² and r = 1/(df + s), of sr, s²r², sr², r², zr, zr², zsr²."""
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
                if weight is None:
                    w = 1.0
                    exponents += multiply(product, k, 1.0 + s * per_df)
                else:
                    w = weight[start + k]
                    logs += w * log(1.0 + s * per_df)
                pull += w * sr
                pull_square += w * (sr * sr)
                square_share += w * (sr * r)
                share += w * (r * r)
                slope += w * zr
                bend += w * (zr * r)
                bent_pull += w * (zr * sr)
        if weight is None:
            logs += log_of(product, exponents, last - first)
    return logs, pull, pull_square, square_share, share, slope, bend, bent_pull


def derivatives(count: float, sums: Array, df: float, loc: float, scale: float) -> Array:
    """Log-likelihood, score and second derivatives, from the sums."""
    logs, sr, ssrr, srr, rr, zr, zrr, zsrr = sums.tolist()
    norm, norm_slope, norm_bend = (float(v) for v in log_norm(np.asarray(df)))
    pull = (df + 1) * sr
    by_loc = 2 * df * (df + 1) / scale**2  # times r²
    return np.array(
        [
            count * (norm - np.log(scale)) - 0.5 * (df + 1) * logs,
            count * norm_slope + 0.5 * (pull / df - logs),
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
