"""Compiled sums of the Frechet law: those of the Weibull law, whose powers have the other sign."""

from __future__ import annotations

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels import weibull


def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, shape: float, scale: float
) -> tuple[float, float, float, float]:
    """Sums of log z and, with p = z^-shape, of p, p log z and p log² z."""
    found: tuple[float, float, float, float] = weibull.sums(x, weight, centre, inverse, -shape, scale)
    return found
