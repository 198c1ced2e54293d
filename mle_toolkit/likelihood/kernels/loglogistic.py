"""Sums of the log-logistic law: the compiled ones of the logistic law, of the logs."""

from __future__ import annotations

import math

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import sums_of
from mle_toolkit.likelihood.kernels import logistic, uniform


def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, shape: float, scale: float
) -> tuple[float, ...]:
    """Sums of y = log z, |t|, log(1 + exp(-|t|)), h, yh, b, yb and y²b.

    Here t is shape y, h = tanh(t/2), and b = (1 - h²)/2 its slope.
    """
    log_z = np.log((x - centre) * inverse)
    log_z -= math.log(scale)
    size, log, pull, t_pull, bend, t_bend, square_bend = logistic.sums(
        uniform(log_z), weight, 0.0, 1.0, 0.0, 1.0 / shape
    )
    (logs,) = sums_of(weight, log_z)
    return logs, size, log, pull, t_pull / shape, bend, t_bend / shape, square_bend / shape**2
