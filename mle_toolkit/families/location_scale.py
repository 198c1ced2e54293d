"""What laws of (x - loc) / scale share."""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array


def location_scale_tail_scores(
    z: Array, scale: Array, log_f: Array, logcdf: Array, logsf: Array
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """`Family.tail_scores` of a law of z = (x - loc) / scale, by loc and scale; ``log_f`` is the log-density of z."""
    fall, rise = np.exp(log_f - logcdf) / scale, np.exp(log_f - logsf) / scale
    return (-fall, -z * fall), (rise, z * rise)
