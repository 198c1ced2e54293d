"""Newton's method in coordinates of a law's own, for laws whose parameters run off along curved valleys."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.numerics.newton import ascend

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Block
    from mle_toolkit.data.sample import Sample

_STEPS = 200
_HALVINGS = 30
_LONGEST_STEP = 3.0

_FAR = 16.0
"""Distance from the start at which a coordinate has run off: exp(16) is 9e6, and the likelihood flat to rounding."""

_ENOUGH = 1e-12
"""Newton decrement, in nats of the whole sample, from which one more step leaves only rounding."""

_CLOSE = 1e-9
"""The same, from which a point counts as the maximum."""

_ROUNDING_OF_VALUE = 1e-13
"""Change of the mean log-likelihood that rounding may hide."""

_LEAST_CURVATURE = 1e-3
"""Share of the largest curvature that a direction counts with where the information is not positive definite."""

_DIFFERENCE = 1e-4
"""Step of the differences by which the map to the parameters is linearised; its errors do not move the maximum."""


def climb(
    sample: Sample,
    totals: Callable[..., Array],
    to_params: Callable[[Array], tuple[float, ...]],
    start: Array,
    stop: Callable[[Array], bool] = lambda v: False,
    slopes: Callable[..., tuple[Array, Array]] | None = None,
) -> tuple[float, Array]:
    """Climb the mean log-likelihood from a start.

    Parameters
    ----------
    sample : Sample
    totals : callable
        ``totals(sample, *params)``: log-likelihood, its first derivatives and its second ones, upper triangle row by
        row: `totals_of_rows`, or `totals_of_sums`, which is faster.
    to_params : callable
        The parameters at a vector of coordinates: smooth, and one to one.
    start : ndarray of shape (q,)
        Coordinates in which a change of 1 is a natural one, and parameters run off exponentially.
    stop : callable, optional
        Tells from the coordinates that nothing is to be found any further.
    slopes : callable, optional
        ``slopes(*params)``: first and second derivatives of the parameters by the coordinates, of shapes (p, q) and
        (p, q, q). By default differences.

    Returns
    -------
    value : float
        Mean log-likelihood, nats.
    coordinates : ndarray of shape (q,)
        The maximum, or a point on the way to the end of a parameter's domain, where the likelihood has become flat.
    """
    v = np.array(start, dtype=float)
    with np.errstate(all="ignore"):  # trial points may lie where the density overflows; they are not taken
        value, gradient, hessian = _expansion(sample, totals, to_params, slopes, v)
        for _ in range(_STEPS):
            if not (np.all(np.isfinite(gradient)) and np.all(np.isfinite(hessian))):
                break
            curvatures, axes = np.linalg.eigh(-hessian)
            concave = bool(curvatures[0] > 0)
            if not concave:  # along the eigenvectors by the size of the eigenvalues leads away from saddles
                size = np.abs(curvatures)
                curvatures = np.maximum(size, _LEAST_CURVATURE * float(size.max()))
                if not curvatures.all():
                    break
            step = axes @ ((gradient @ axes) / curvatures)
            gain = 0.5 * float(gradient @ step) * sample.nobs
            if concave and gain < _ENOUGH:
                return value, v + step
            step *= min(1.0, _LONGEST_STEP / float(np.max(np.abs(step))))
            for _ in range(_HALVINGS):
                trial = _expansion(sample, totals, to_params, slopes, v + step)
                if trial[0] > value or (gain < _ROUNDING_OF_VALUE * sample.nobs and np.isfinite(trial[0])):
                    break
                step *= 0.5
            else:
                break
            v = v + step
            if np.max(np.abs(v - start)) > _FAR or stop(v):
                return trial[0], v
            value, gradient, hessian = trial
    return value, v


def is_maximum(
    sample: Sample,
    totals: Callable[..., Array],
    to_params: Callable[[Array], tuple[float, ...]],
    v: Array,
    slopes: Callable[..., tuple[Array, Array]] | None = None,
) -> bool:
    """Whether a climb ended in a maximum: concave there, and no more than rounding below the top."""
    with np.errstate(all="ignore"):
        _, gradient, hessian = _expansion(sample, totals, to_params, slopes, v)
        if not (np.all(np.isfinite(gradient)) and np.all(np.isfinite(hessian))):
            return False
        curvatures, axes = np.linalg.eigh(-hessian)
        along = gradient @ axes
        return bool(curvatures[0] > 0 and 0.5 * float(along @ (along / curvatures)) * sample.nobs < _CLOSE)


def totals_of_rows(derivatives: Callable[..., tuple[Any, ...]]) -> Callable[..., Array]:
    """Sums over a sample of what ``derivatives(x, *params)`` gives for every row: a tuple of arrays."""

    def totals(sample: Sample, *params: float) -> Array:
        def of_block(block: Block) -> Array:
            x, weight, *_ = block
            terms = derivatives(x, *params)
            return np.array([np.sum(np.broadcast_to(t, x.shape) if weight is None else weight * t) for t in terms])

        return sample.fold(of_block)

    return totals


def totals_of_sums(derivative_sums: Callable[..., Any], derivatives: Callable[..., Any]) -> Callable[..., Array]:
    """Sums over a sample, of those of which a law makes log-likelihood, score and second derivatives."""

    def totals(sample: Sample, *params: float) -> Array:
        sums = sample.fold(lambda block: np.array(derivative_sums(block.x, block.weight, *params)))
        with np.errstate(all="ignore"):
            return np.array(derivatives(sample.nobs, sums.tolist(), *params))

    return totals


def _expansion(
    sample: Sample,
    totals: Callable[..., Array],
    to_params: Callable[[Array], tuple[float, ...]],
    slopes_of: Callable[..., tuple[Array, Array]] | None,
    v: Array,
) -> tuple[float, Array, Array]:
    """Value, gradient and second derivatives of the mean log-likelihood by the coordinates."""
    params = to_params(v)
    means = totals(sample, *params) / sample.nobs
    p = len(params)
    first = means[1 : 1 + p]
    second = np.empty((p, p))
    upper = _upper_triangle(p)
    second[upper] = second.T[upper] = means[1 + p :]
    slopes, bends = _linearised(to_params, v, np.array(params)) if slopes_of is None else slopes_of(*params)
    q = len(v)
    return float(means[0]), first @ slopes, slopes.T @ second @ slopes + (first @ bends.reshape(p, -1)).reshape(q, q)


@cache
def _upper_triangle(p: int) -> tuple[Any, ...]:
    return np.triu_indices(p)


def _linearised(to_params: Callable[[Array], tuple[float, ...]], v: Array, centre: Array) -> tuple[Array, Array]:
    """First and second differences of the parameters by the coordinates; shapes (p, q) and (p, q, q)."""
    q = len(v)
    steps = _DIFFERENCE * np.eye(q)
    up = [np.array(to_params(v + s)) for s in steps]
    down = [np.array(to_params(v - s)) for s in steps]
    slopes = np.stack([(a - b) / (2 * _DIFFERENCE) for a, b in zip(up, down, strict=True)], axis=1)
    bends = np.empty((len(centre), q, q))
    for j in range(q):
        bends[:, j, j] = (up[j] - 2 * centre + down[j]) / _DIFFERENCE**2
        for k in range(j):
            both = np.array(to_params(v + steps[j] + steps[k]))
            neither = np.array(to_params(v - steps[j] - steps[k]))
            mixed = (both - up[j] - up[k] + 2 * centre - down[j] - down[k] + neither) / (2 * _DIFFERENCE**2)
            bends[:, j, k] = bends[:, k, j] = mixed
    return slopes, bends


def profile_maximum(
    sample: Sample,
    value: Callable[[Sample, Array], Array],
    slope_and_bend: Callable[[Sample, float], tuple[float, float]],
    low: float,
    high: float,
    step: float,
) -> float:
    """Find the highest point of a profile likelihood in one dimension.

    Parameters
    ----------
    sample : Sample
    value : callable
        The profile at several points, for a sample; nats per observation.
    slope_and_bend : callable
        Its first and second derivative.
    low, high, step : float
        A grid on which a hill cannot be missed; searched, and its best hill climbed, on a subsample first.

    Returns
    -------
    float
        Where the profile of the whole sample is highest; ``low`` or ``high`` where it rises to an end.
    """
    sketch = sample.sketch()
    grid = np.arange(low, high, step)
    heights = value(sketch, grid)
    # One that is higher between two points than where the profile is highest among them, as at an end, is a peak there.
    inner = heights[1:-1]
    peaks = {int(np.argmax(heights)), *(1 + np.flatnonzero((inner > heights[:-2]) & (inner > heights[2:]))).tolist()}
    best = float(grid[max(peaks, key=lambda k: heights[k])])
    if len(peaks) > 1:
        tops = np.array([ascend(lambda u: slope_and_bend(sketch, u), float(grid[k]), low, high) for k in sorted(peaks)])
        best = float(tops[np.argmax(value(sketch, tops))])
    elif sketch is not sample:
        best = ascend(lambda u: slope_and_bend(sketch, u), best, low, high)
    return ascend(lambda u: slope_and_bend(sample, u), best, low, high)
