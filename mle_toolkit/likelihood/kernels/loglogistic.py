"""Sums of the log-logistic law: the compiled ones of the logistic law, of the logs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.sums import sums_of
from mle_toolkit.likelihood.kernels import logistic, uniform
from mle_toolkit.likelihood.kernels.elementary import fill, log, loop


def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, shape: float, scale: float
) -> tuple[float, ...]:
    """Sums of y = log z, |t|, log(1 + exp(-|t|)), h, yh, b, yb and y²b.

    Here t is shape y, h = tanh(t/2), and b = (1 - h²)/2 its slope.
    """
    blocks = range(0, len(x), BLOCK_ROWS)  # threads hold their logs at once: those of few rows each
    each = [_of_block(*_block(x, weight, first), centre, inverse, shape, scale) for first in blocks]
    return tuple(np.sum(each, axis=0).tolist())


def _block(x: Array, weight: Array | None, first: int) -> tuple[Array, Array | None]:
    rows = slice(first, first + BLOCK_ROWS)
    return x[rows], None if weight is None else weight[rows]


def _of_block(
    x: Array, weight: Array | None, centre: float, inverse: float, shape: float, scale: float
) -> tuple[float, ...]:
    log_z = np.log((x - centre) * inverse)
    log_z -= math.log(scale)
    size, log, pull, t_pull, bend, t_bend, square_bend = logistic.sums(
        uniform(log_z), weight, 0.0, 1.0, 0.0, 1.0 / shape
    )
    (logs,) = sums_of(weight, log_z)
    return logs, size, log, pull, t_pull / shape, bend, t_bend / shape, square_bend / shape**2


_sums_of_logs = logistic.sums


GROUP_SUMS = 8
"""How many sums a group has."""


@loop
def group_sums(
    x: Array, weight: Array | None, offsets: Any, chosen: Any, centre: Array, inverse: Array, theta: Array, out: Array
) -> None:
    """Fill the sums of some groups, each in its own unit at its own parameters."""
    for k in range(len(chosen)):
        first, last = offsets[chosen[k]], offsets[chosen[k] + 1]
        shape, log_scale = theta[k, 0], log(theta[k, 1])
        log_z = np.empty(last - first)
        logs = 0.0
        for j in range(len(log_z)):
            log_z[j] = log((x[first + j] - centre[k]) * inverse[k]) - log_scale
            logs += log_z[j] if weight is None else weight[first + j] * log_z[j]
        weights = weight if weight is None else weight[first:last]
        size, log_sum, pull, t_pull, bend, t_bend, square_bend = _sums_of_logs(
            log_z, weights, 0.0, 1.0, 0.0, 1.0 / shape
        )
        fill(out[k], (logs, size, log_sum, pull, t_pull / shape, bend, t_bend / shape, square_bend / shape**2))
