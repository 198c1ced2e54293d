"""Compiled gamma fits of groups: the root of log k - digamma(k) = log mean(x) - mean(log x)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels.elementary import LARGEST_KEY, at_key, key_of, log, loop
from mle_toolkit.likelihood.kernels.groups.special import gamma_terms

_SMALLEST, _LARGEST = 1e-280, 1e280
"""Magnitudes between which neither sums nor ratios leave the normal doubles."""

_LEAST_GAP, _MOST_GAP = 1e-5, 1e4
"""Gaps between which the shape, about 1/(2 gap) or 1/gap, is far from its ends."""

_STEPS = 30


@loop
def fit(x: Array, weight: Array | None, offsets: Any, result: Array, status: Any) -> None:
    """Shape, scale, their standard errors and the log-likelihood of every group."""
    for g in range(len(offsets) - 1):
        start = offsets[g]
        rows = x[start : offsets[g + 1]]
        lowest, highest = LARGEST_KEY, -LARGEST_KEY
        total, nobs = 0.0, 0.0
        for k in range(len(rows)):
            key = key_of(rows[k])
            lowest, highest = min(lowest, key), max(highest, key)
            w = 1.0 if weight is None else weight[start + k]
            total += w * rows[k]
            nobs += w
        if len(rows) < 2 or not (at_key(lowest) > _SMALLEST and at_key(highest) < _LARGEST):
            continue
        mean = total / nobs
        per_mean = 1.0 / mean
        if not at_key(lowest) * per_mean > _SMALLEST:
            continue
        logs = 0.0
        for k in range(len(rows)):
            w = 1.0 if weight is None else weight[start + k]
            logs += w * log(rows[k] * per_mean)
        gap = -logs / nobs
        if not _LEAST_GAP < gap < _MOST_GAP:
            continue
        # Minka (2002), Estimating a Gamma distribution: this start is good to 1.5 %, and Newton in 1/k converges fast.
        shape = (3.0 - gap + np.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)
        converged = False
        for _ in range(_STEPS):
            digamma_gap, trigamma, _ = gamma_terms(shape)
            change = (digamma_gap - gap) / (1.0 - shape * trigamma)  # of 1/k, times k
            if not abs(change) < 0.5:
                break
            shape /= 1.0 + change
            if abs(change) < 1e-8:  # quadratic: what is left is its square
                converged = True
                break
        if not converged:
            continue
        _, trigamma, stirling = gamma_terms(shape)
        scale = mean / shape
        spread = nobs * (shape * trigamma - 1.0)
        result[g, 0] = shape
        result[g, 1] = scale
        result[g, 2] = np.sqrt(shape / spread)
        result[g, 3] = scale * np.sqrt(trigamma / spread)
        result[g, 4] = nobs * (stirling - (shape - 1.0) * gap - log(mean))
        status[g] = 1
