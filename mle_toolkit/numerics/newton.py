"""Newton's method."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mle_toolkit._typing import Array

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


@np.errstate(all="ignore")  # a step that is no number is not taken
def roots(
    gap_and_step: Callable[[Array], tuple[Array, Array]],
    low: Array,
    high: Array,
    start: Array,
    near: Callable[[Array], Array],
) -> Array:
    """Find where functions of one number each, all of one sign before and of the other behind, are 0.

    Parameters
    ----------
    gap_and_step : callable
        At a point of each: something that is negative below its root and positive above it, and Newton's step.
    low, high, start : ndarray of shape (n,)
        Brackets of the roots, and points within them.
    near : callable
        How far at the most a point may be from a root.

    Returns
    -------
    ndarray of shape (n,)

    Notes
    -----
    Newton's method within brackets that every point narrows; where it would leave one, the bracket is halved. Where the
    gap is NaN the end is worth nothing, and does not hold up the others.
    """
    u = start
    for _ in range(STEPS):
        gap, step = gap_and_step(u)
        low, high = np.where(gap < 0, u, low), np.where(gap < 0, high, u)
        new = u + step
        new = np.where((new > low) & (new < high), new, 0.5 * (low + high))
        done = (np.abs(new - u) <= near(u)) | (gap == 0) | np.isnan(gap)
        u = np.where(gap == 0, u, new)
        if np.all(done):
            break
    return u
