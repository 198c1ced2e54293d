"""Newton's method."""

from __future__ import annotations

import math
from collections.abc import Callable

STEPS = 100
"""More than Newton's method ever takes in one dimension."""

_LONGEST_STEP = 2.0
"""In a coordinate of which one unit is a natural change."""


def ascend(slope_and_bend: Callable[[float], tuple[float, float]], start: float, low: float, high: float) -> float:
    """Climb to a maximum in one dimension: where the slope of a function changes from rising to falling.

    Parameters
    ----------
    slope_and_bend : callable
        First and second derivative of the function at a point, in a coordinate of which one unit is a natural change.
    start : float
    low, high : float
        Where to stop: a function that still rises there has its maximum at the end.

    Returns
    -------
    float
        A point where the slope is 0 to rounding; ``low`` or ``high`` if the climb ended there.

    Notes
    -----
    Newton's method within a bracket that every slope narrows, so that it cannot leave the hill it climbs.
    """
    u = min(max(start, low), high)
    floor, ceiling = -math.inf, math.inf
    for _ in range(STEPS):
        slope, bend = slope_and_bend(u)
        if slope > 0:
            floor = u
        else:
            ceiling = u
        step = -slope / bend if bend < 0 else math.copysign(_LONGEST_STEP, slope)
        new = u + min(max(step, -_LONGEST_STEP), _LONGEST_STEP)
        new = min(max(new, low), high)
        if abs(new - u) < 1e-9:  # quadratic: the step just taken left an error of its square
            return new
        u = new if floor < new < ceiling else 0.5 * (floor + ceiling)
    return u
