"""Compiled sums of the Lomax law: those of the generalised Pareto law of xi = 1/shape and scale xi times its own."""

from __future__ import annotations

import math

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels import gpd


def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, shape: float, scale: float
) -> tuple[float, float, float]:
    """Sums of log(1 + z) and, with r = z/(1 + z), of r and r².

    The first is NaN where z overflows.
    """
    xi = 1.0 / shape
    t, _, _, share, square = gpd.sums(x, weight, centre, inverse, scale * xi, xi)
    return (math.nan if math.isnan(share) else xi * t), xi * share, xi**2 * square
