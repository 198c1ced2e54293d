"""Newton's method within a region of trust: for where its own steps lead nowhere."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.coordinates import Objective

_FIRST, _FREE, _LEAST = 1.0, 25.0, 1e-7
"""Radius of the first region, in natural changes; one in which nothing holds steps back; and one in which derivatives
say nothing of the likelihood."""

_GOOD, _POOR, _TAKEN = 0.75, 0.25, 1e-4
"""Share of the gain that derivatives foretell from which a region grows; below which it shrinks; of a step taken."""

_STAGE, _CREEP = 10, 1e-4
"""Steps that gain so few nats, in a region that does not grow, creep towards a supremum; more of them mend nothing."""

_TIGHT = 1e-2
"""Radius, in natural changes, that a region keeps below at a kink, or on the way to a spike between intervals."""

_STIFF = 100.0
"""How much more than a step an axis bends."""

_BACK, _SETTLED, _LEADS = 4, 1e-9, 0.1
"""Steps back to a ridge, what one of them gains in nats where it is on it, and the least share of what a step has lost
that each must gain."""

_TIMES, _SHARE = 2.0, 0.25
"""By what a region grows and shrinks."""

_SQUARED = 1e100
"""Slope whose square may soon leave the doubles."""

_NEWTON = 50
"""Steps to the length of one within a region; four are enough as a rule."""


def by_trust(
    objective: Objective,
    u: Array,
    steps: int,
    enough: float,
    ends: Callable[[Array, float], bool] = lambda u, value: False,
) -> tuple[Array, bool]:
    """Where Newton's steps lead that go no farther than derivatives have held their word; and whether they are stuck.

    They are where derivatives say that the likelihood rises, but it does not on any step, however short, or only on
    short ones, stage after stage: at a kink, or where derivatives are lost to rounding.

    Parameters
    ----------
    objective : Objective
    u : ndarray of shape (n_free,)
        From where.
    steps : int
        How many at the most, with second derivatives at each.
    enough : float
        Gain, in nats of all rows, that may be left undone.
    ends : callable, optional
        Whether a point, of that value, needs no step more.

    Notes
    -----
    The step is the minimum of the quadratic model in a ball, by the eigenvectors of the second derivatives. Source:
    Conn, Gould and Toint (2000), Trust-Region Methods, sections 6.1 and 7.3.
    """
    nobs, of_intervals = objective.likelihood.nobs, not objective.likelihood.plain
    radius, value = _FIRST, objective.value(u)
    before, reach = math.inf, radius
    for k in range(steps):
        if ends(u, value):
            return u, False
        if k % _STAGE == 0:
            creeps = (before - value) * nobs < _CREEP and radius <= reach
            if creeps or (of_intervals and max(radius, reach) < _TIGHT):
                return u, radius < _FREE
            before, reach = value, radius
        with np.errstate(all="ignore"):
            gradient, hessian = objective.gradient(u), objective.hessian(u)
        if not (np.isfinite(gradient).all() and np.isfinite(hessian).all()):
            return u, True
        curvatures, axes = np.linalg.eigh(hessian)
        slopes = axes.T @ gradient
        while True:
            along = _in_ball(slopes, curvatures, radius)
            foretold = -float(slopes @ along + 0.5 * (curvatures * along) @ along)
            if foretold * nobs <= enough:
                return u, False
            there = u + axes @ along
            with np.errstate(all="ignore"):
                new = objective.value(there)
            share = (value - new) / foretold if math.isfinite(new) else -math.inf
            length = math.sqrt(float(along @ along))
            if share < _POOR and math.isfinite(new):
                stiff = curvatures * length * length > _STIFF * abs(float((curvatures * along) @ along))
                there, new = _back_on_ridge(objective, there, new, value, axes[:, stiff], curvatures[stiff])
                share = (value - new) / foretold
            if share < _POOR:
                radius = _SHARE * length
            elif share > _GOOD and length > 0.9 * radius:
                radius *= _TIMES
            if share > _TAKEN:
                break
            if radius < _LEAST:
                return u, True
        u, value = there, new
    return u, radius < _FREE


def _back_on_ridge(
    objective: Objective, u: Array, value: float, begun: float, axes: Array, curvatures: Array
) -> tuple[Array, float]:
    """Where a few steps along axes that bend much lead: back to a ridge that a step along it has left by its bend.

    They end where they do not lead there: below the value from which the step has ``begun``.
    """
    for _ in range(_BACK if len(curvatures) else 0):
        there = u - axes @ (axes.T @ objective.gradient(u) / curvatures)
        new = objective.value(there)
        if not new < value:
            break
        u, value, gain = there, new, value - new
        if gain < _LEADS * (value - begun) or gain * objective.likelihood.nobs < _SETTLED:
            break
    return u, value


def _in_ball(slopes: Array, curvatures: Array, radius: float) -> Array:
    """The minimum of a quadratic function in a ball, in coordinates along its axes, of which the first bends least."""
    size = float(np.abs(slopes).max())
    if size > _SQUARED:  # the place does not change if the function is divided by a number
        slopes, curvatures = slopes / size, curvatures / size
    least = float(curvatures[0])
    if least > 0:
        with np.errstate(over="ignore"):  # by a curvature that is nearly 0
            whole = -slopes / curvatures
        if np.abs(whole).max() <= radius and float(whole @ whole) <= radius * radius:
            return whole
    # On the sphere it is -slopes / (curvatures + shift): 1 / length is nearly linear in the shift, and concave.
    steepest = math.sqrt(float(slopes @ slopes))
    if steepest == 0.0:
        return np.where(np.arange(len(slopes)) == 0, radius, 0.0)
    largest = max(abs(least), float(curvatures[-1]))
    low = max(0.0, -least)
    shift = max(low + 1e-12 * largest, steepest / radius - float(curvatures[-1]))
    floor, ceiling = low, max(steepest / radius - least, shift)
    for _ in range(_NEWTON):
        bent = curvatures + shift
        along = -slopes / bent
        length = math.sqrt(float(along @ along))
        if abs(length - radius) <= 0.05 * radius:
            return along
        if length > radius:
            floor = max(floor, shift)
        else:
            ceiling = min(ceiling, shift)
        if ceiling - floor <= 1e-14 * largest:
            break
        bend = float((along * along) @ (1.0 / bent))  # 0 where squares leave the doubles: then the middle is next
        shift += (length - radius) / radius * (length * length) / bend if bend > 0 else math.nan
        if not floor < shift < ceiling:
            shift = 0.5 * (floor + ceiling)
    # The hard case: no slope along the axis that bends down most, so that either way along it is as good.
    if length < radius:
        along[0] += math.copysign(math.sqrt(radius * radius - length * length), -slopes[0])
    return along
