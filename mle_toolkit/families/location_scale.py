"""What laws of (x - loc) / scale share."""

from __future__ import annotations

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.special import mills_ratio_normal


def location_scale_tail_scores(
    z: Array, scale: Array, log_f: Array, logcdf: Array, logsf: Array
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """`Family.tail_scores` of a law of z = (x - loc) / scale, by loc and scale; ``log_f`` is the log-density of z."""
    fall, rise = np.exp(log_f - logcdf) / scale, np.exp(log_f - logsf) / scale
    return (-fall, -z * fall), (rise, z * rise)


def normal_tail_scores(z: Array, scale: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """The same of the normal law, by Mills ratios: differences of logs would lose digits as z² grows."""
    with np.errstate(divide="ignore"):  # at an infinite z
        fall, rise = 1.0 / mills_ratio_normal(-z) / scale, 1.0 / mills_ratio_normal(z) / scale
    return (-fall, -z * fall), (rise, z * rise)
