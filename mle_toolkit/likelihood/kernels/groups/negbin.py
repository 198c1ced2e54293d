"""Compiled negative binomial fits of groups, on the table of how many counts exceed each number."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import log, loop

_MOST = 20_000
"""Largest count with a place in the table."""

_LARGEST_SIZE = 1e3
"""Multiple of the mean above which the law is so near to Poisson's that the likelihoods have to be compared."""

_SMALLEST_SIZE = 1e-5
_STEPS = 60


@loop
def fit(x: Array, weight: Array | None, offsets: Any, result: Array, status: Any) -> None:
    """Size, mu, their standard errors and the log-likelihood of every group."""
    exceed = np.zeros(_MOST + 1)
    for g in range(len(offsets) - 1):
        start = offsets[g]
        rows = x[start : offsets[g + 1]]
        total, nobs, most, valid = 0.0, 0.0, 0.0, len(rows) > 0
        for k in range(len(rows)):
            w = 1.0 if weight is None else weight[start + k]
            total += w * rows[k]
            nobs += w
            most = max(most, rows[k])
            valid &= (rows[k] >= 0.0) & (rows[k] == np.floor(rows[k]))
        if not valid or not 0.0 < most <= _MOST:
            continue
        mean = total / nobs
        squares = 0.0
        for k in range(len(rows)):
            w = 1.0 if weight is None else weight[start + k]
            squares += w * (rows[k] - mean) ** 2
            exceed[int(rows[k])] += w
        # From how many are equal to j + 1, j + 2, ... to how many exceed j.
        top = int(most)
        above = 0.0
        for j in range(top, -1, -1):
            here = exceed[j]
            exceed[j] = above
            above += here
        more = exceed[:top]
        excess = squares / nobs - mean
        if excess <= 0.0:
            log_factorials = 0.0
            for j in range(top):
                log_factorials += more[j] * log(1.0 + j)
            result[g, 0] = np.inf
            result[g, 1] = mean
            result[g, 3] = np.sqrt(mean / nobs)
            result[g, 4] = total * log(mean) - total - log_factorials
            status[g] = 2
            more[:] = 0.0
            continue
        size = mean * mean / excess  # from the moments
        low, high = 0.0, np.inf
        slope, curvature = 0.0, 0.0
        converged = False
        for _ in range(_STEPS):
            if not _SMALLEST_SIZE < size < _LARGEST_SIZE * mean:
                break
            slope, curvature = 0.0, 0.0
            for j in range(top):
                r = 1.0 / (size + j)
                slope += more[j] * r
                curvature += more[j] * (r * r)
            slope -= nobs * np.log1p(mean / size)  # falls through 0 at the maximum, the only one
            curvature -= total / (size * (size + mean))
            if slope > 0.0:
                low = size
            else:
                high = size
            bend = slope - size * curvature  # derivative of size * slope by log(size)
            change = -slope / bend if bend < 0.0 else np.sign(slope)
            if abs(change) < 1e-8:
                size *= 1.0 + change
                converged = True
                break
            new = size * np.exp(min(max(change, -2.0), 2.0))
            size = new if low < new < high else (np.sqrt(low * high) if high < np.inf and low > 0.0 else new)
        if converged and curvature * size * size > 1e-6 * nobs:
            share = log(size / (size + mean))
            logs = 0.0
            for j in range(top):
                logs += more[j] * log((size + j) / (1.0 + j))
            result[g, 0] = size
            result[g, 1] = mean
            result[g, 2] = 1.0 / np.sqrt(curvature)
            result[g, 3] = np.sqrt(mean * (size + mean) / (size * nobs))
            result[g, 4] = logs + nobs * size * share + total * log(mean / (size + mean))
            status[g] = 1
        more[:] = 0.0
