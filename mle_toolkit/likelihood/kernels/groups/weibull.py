"""Compiled Weibull fits of groups: Newton's method on log(shape) with the logs at hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import LARGEST_KEY, at_key, exp, key_of, log, loop

_SMALLEST, _LARGEST = 1e-300, 1e300
_LEAST_VARIANCE = 1e-9
"""Variance of the logs below which rounding shows in them."""

_STEPS = 50


@loop
def fit(x: Array, weight: Array | None, offsets: Any, result: Array, status: Any) -> None:
    """Shape, scale, their standard errors and the log-likelihood of every group."""
    most = 0
    for g in range(len(offsets) - 1):
        most = max(most, offsets[g + 1] - offsets[g])
    y_of_all = np.empty(most)
    for g in range(len(offsets) - 1):
        start = offsets[g]
        rows = x[start : offsets[g + 1]]
        y = y_of_all[: len(rows)]
        lowest, highest = LARGEST_KEY, -LARGEST_KEY
        total, nobs = 0.0, 0.0
        for k in range(len(rows)):
            key = key_of(rows[k])
            lowest, highest = min(lowest, key), max(highest, key)
            w = 1.0 if weight is None else weight[start + k]
            y[k] = log(rows[k])
            total += w * y[k]
            nobs += w
        if len(rows) < 2 or not (at_key(lowest) > _SMALLEST and at_key(highest) < _LARGEST):
            continue
        mean_log = total / nobs
        largest = log(at_key(highest)) - mean_log
        squares = 0.0
        for k in range(len(rows)):
            y[k] -= mean_log
            w = 1.0 if weight is None else weight[start + k]
            squares += w * y[k] * y[k]
        if not squares / nobs > _LEAST_VARIANCE:
            continue
        shape = np.pi / np.sqrt(6.0 * squares / nobs)  # log x is Gumbel, of standard deviation pi / (shape sqrt 6)
        s0, s1, s2, change = 1.0, 0.0, 0.0, 0.0
        converged = False
        for _ in range(_STEPS):
            s0, s1, s2 = 0.0, 0.0, 0.0
            for k in range(len(rows)):
                power = exp(shape * (y[k] - largest))
                if weight is not None:
                    power *= weight[start + k]
                s0 += power
                s1 += power * y[k]
                s2 += power * y[k] * y[k]
            s1 /= s0
            s2 /= s0
            gap = 1.0 / shape - s1  # falls in shape
            change = gap / (1.0 / shape + shape * (s2 - s1 * s1))
            if not abs(change) < 5.0:
                break
            if abs(change) > 2.0:
                change = np.sign(change) * 2.0
            converged = abs(change) < 1e-8
            if converged:
                break
            shape *= exp(change)
        if not converged:
            continue
        # The step that is left changes the sums to first order only.
        log_mean_power = log(s0 / nobs) + shape * change * (s1 - largest)
        shape *= 1.0 + change
        centre = largest + log_mean_power / shape  # log(scale) - mean_log
        variance = s2 - s1 * s1
        share = nobs * (1.0 + shape * shape * variance)
        result[g, 0] = shape
        result[g, 1] = np.exp(mean_log + centre)
        result[g, 2] = shape / np.sqrt(share)
        result[g, 3] = result[g, 1] * np.sqrt((1.0 / (shape * shape) + variance + (s1 - centre) ** 2) / share)
        result[g, 4] = nobs * (log(shape) - mean_log - shape * centre - 1.0)
        status[g] = 1
