"""Newton's method."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable

import numpy as np

from mle_toolkit._typing import Array, Mask

STEPS = 100
"""More than Newton's method ever takes in one dimension."""

_LONGEST_STEP = 2.0
"""In a coordinate of which one unit is a natural change."""

_FEW_COORDINATES = 6
"""Up to so many, a linear system is solved faster number by number than by the call of a library."""

MANY_COORDINATES = 100
"""From so many on, eigenvectors take longer than all else."""

CLEAR = 1e-12
"""Share of a diagonal entry that elimination must leave of it for a matrix to be clearly positive definite."""

_ROUNDING = float(np.finfo(float).eps)
"""Share of the largest curvature, times their number, that is the rounding of one that is 0."""

LEAST_CURVATURE = 1e-3
"""Share of the largest curvature that a direction counts with where the information is not positive definite."""


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


def decrement_of(gradient: Array, step: Array) -> float:
    """Half of the product of the gradient with the way down; not finite where a number of them is out of all range."""
    with np.errstate(over="ignore", invalid="ignore"):
        return -0.5 * float(gradient @ step)


def newton_step(gradient: Array, hessian: Array) -> tuple[Array, bool]:
    """Newton's step, and whether the second derivatives are positive definite; NaN where there is no step."""
    if len(gradient) <= _FEW_COORDINATES:
        solved = _solved(hessian.tolist(), (-gradient).tolist())
        if solved is not None:
            return np.array(solved), True
    nothing = np.full_like(gradient, np.nan)
    if not (np.isfinite(gradient).all() and np.isfinite(hessian).all()):
        return nothing, False
    if len(gradient) > MANY_COORDINATES:
        from scipy import linalg

        with contextlib.suppress(np.linalg.LinAlgError):
            step = np.asarray(-linalg.cho_solve(linalg.cho_factor(hessian), gradient))
            if not _is_level(gradient, hessian, step):
                return step, True
    elif _is_clear(hessian):
        step = np.asarray(np.linalg.solve(hessian, -gradient), dtype=float)
        if not _is_level(gradient, hessian, step):
            return step, True
    curvatures, axes = np.linalg.eigh(hessian)
    convex = bool(curvatures[0] > len(curvatures) * _ROUNDING * curvatures[-1])
    if not convex:
        curvatures = _sizes(curvatures)
        if not curvatures.all():
            return nothing, False
    return np.asarray(-axes @ ((gradient @ axes) / curvatures)), convex


@np.errstate(all="ignore")  # where a number is lost there is no step
def newton_steps(gradient: Array, hessian: Array) -> tuple[Array, Mask]:
    """Newton's step of each of many functions: shape (n, p), of (n, p) and (n, p, p); as `newton_step` of each."""
    n, p = gradient.shape
    rows = np.empty((p, p + 1, n))  # with the functions as the last axis, along which NumPy is fast
    rows[:, :p], rows[:, p] = np.moveaxis(hessian, 0, 2), -gradient.T
    convex = np.ones(n, dtype=bool)
    for k in range(p):
        convex &= rows[k, k] > CLEAR * np.abs(hessian[:, k, k])
        for j in range(k + 1, p):
            rows[j, k:] -= (rows[j, k] / rows[k, k]) * rows[k, k:]
    step = np.empty((p, n))
    for k in range(p - 1, -1, -1):
        known = sum((rows[k, j] * step[j] for j in range(k + 1, p)), np.zeros(n))
        step[k] = (rows[k, p] - known) / rows[k, k]
    step = step.T
    usable = np.all(np.isfinite(np.moveaxis(hessian, 0, 2)), axis=(0, 1)) & np.all(np.isfinite(gradient), axis=1)
    bent = np.flatnonzero(usable & ~convex)
    if len(bent):
        step[bent] = steps_along_axes(gradient[bent], hessian[bent])
    step[~usable] = np.nan
    return step, convex & usable


def steps_along_axes(gradient: Array, hessian: Array) -> Array:
    """A step of each of many functions along the axes of its curvatures, by the size of each; shape (n, p)."""
    curvatures, axes = np.linalg.eigh(hessian)
    along = np.einsum("ij,ijk->ik", gradient, axes) / _sizes(curvatures)
    return np.asarray(-np.einsum("ijk,ik->ij", axes, along))


def _is_clear(matrix: Array) -> bool:
    """Whether a matrix is clearly positive definite."""
    try:
        pivots = np.square(np.linalg.cholesky(matrix).diagonal())
    except np.linalg.LinAlgError:
        return False
    return bool((pivots > CLEAR * matrix.diagonal()).all())


def _is_level(gradient: Array, hessian: Array, step: Array) -> bool:
    """Whether the curvature along a step is but rounding, whatever the pivots of elimination are."""
    return bool(-np.sum(gradient * step) < CLEAR * np.sum(hessian.diagonal() * step * step))


def _sizes(curvatures: Array) -> Array:
    """Sizes of curvatures that are not all positive, by which a step follows their axes; shape (..., p)."""
    size = np.abs(curvatures)
    return np.asarray(np.maximum(size, LEAST_CURVATURE * size.max(axis=-1, keepdims=True)))


def _solved(matrix: list[list[float]], right: list[float]) -> list[float] | None:
    """Solution of a few linear equations by elimination; None unless the matrix is clearly positive definite."""
    n, given = len(right), list(right)
    sizes = [abs(matrix[k][k]) for k in range(n)]
    for k in range(n):
        row = matrix[k]
        pivot = row[k]
        if not pivot > CLEAR * sizes[k]:
            return None
        for i in range(k + 1, n):
            below = matrix[i]
            factor = below[k] / pivot
            for j in range(k + 1, n):
                below[j] -= factor * row[j]
            right[i] -= factor * right[k]
    for k in reversed(range(n)):
        row = matrix[k]
        for j in range(k + 1, n):
            right[k] -= row[j] * right[j]
        right[k] /= row[k]
    # Whatever the pivots are, curvature along the solution may be but rounding.
    curved = sum([given[k] * right[k] for k in range(n)])
    return None if curved < CLEAR * sum([sizes[k] * right[k] * right[k] for k in range(n)]) else right
