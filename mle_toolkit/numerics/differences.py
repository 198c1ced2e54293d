"""Derivatives by differences.

Steps are for coordinates in which one unit is a natural change. Each balances the truncation error (step ** order) with
the rounding error (epsilon / step, epsilon / step**2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mle_toolkit._typing import Array

STEP_OF_SCORE = 6e-6
"""Of the central differences of a score, in natural changes of a parameter: error 4e-11."""

STEP_OF_VALUE = 1e-3
"""Of differences of fourth order of a value, in natural changes of a parameter: error 1e-12."""

STEP_OF_CURVATURE = 6e-3
"""Of second differences of a value, before they are extrapolated: error 1e-9."""

_SHORTER, _SHORTEN = 2, 1 / 16
"""How often steps become shorter where differences are not finite, and how much: rounding is then 1e-6 of a curvature
of 1."""

_KINK = 0.25
"""Relative change of a second difference, as its step is halved, that no smooth function shows."""

_FLAT = 1e-6
"""Second differences below this may be rounding."""

_CORNERS = ((1, 1), (-1, -1), (1, -1), (-1, 1))


AROUND = (-2, -1, 1, 2)
"""How many steps away `fourth_order` needs the values of a function."""


def fourth_order(around: Iterable[Any], step: Any) -> Any:
    """Derivative by central differences of fourth order.

    Parameters
    ----------
    around : four values, or an array along whose first axis they are
        Those of the function so many steps away as `AROUND` says.
    step : float or ndarray
        The length of one step.

    Examples
    --------
    >>> from mle_toolkit.numerics.differences import AROUND, fourth_order
    >>> round(fourth_order([(2 + 0.125 * k) ** 3 for k in AROUND], 0.125), 12)
    12.0
    """
    far_down, down, up, far_up = around
    with np.errstate(invalid="ignore"):  # of values that are infinite there is no slope
        return (8 * (up - down) - (far_up - far_down)) / (12 * step)


AHEAD = (1, 2, 3, 4, 5)
"""How many steps away, on one side, `fourth_order_ahead` needs the values of a function."""

FACTORS_AHEAD = (-77 / 12, 107 / 6, -39 / 2, 61 / 6, -25 / 12)
"""Of these values, in steps: the slope at 0 of the polynomial through them."""


def fourth_order_ahead(ahead: Iterable[Any], step: Any) -> Any:
    """Derivative by differences of fourth order on one side, where a function ends: its value there is not needed.

    Parameters
    ----------
    ahead : five values
        Those of the function so many steps away as `AHEAD` says.
    step : float or ndarray
        The length of one step; negative for the other side.

    Examples
    --------
    >>> from mle_toolkit.numerics.differences import AHEAD, fourth_order_ahead
    >>> round(fourth_order_ahead([(2 + 0.125 * k) ** 3 for k in AHEAD], 0.125), 12)
    12.0
    """
    with np.errstate(invalid="ignore"):
        return sum(factor * value for factor, value in zip(FACTORS_AHEAD, ahead, strict=True)) / step


def fourth_order_each(f: Callable[[Array], Array], u: Array, step: float) -> Array:
    """Derivatives of ``f`` by each of n coordinates, of fourth order; shape (n, ...)."""
    return np.array([fourth_order([f(u + k * h) for k in AROUND], step) for h in step * np.eye(len(u))])


def fourth_order_at_once(f: Callable[[Array], Array], u: Array, step: float) -> Array:
    """The same of a function that takes several points, of shape (m, n), and returns what it is at each."""
    values = f(np.array([u + k * h for h in step * np.eye(len(u)) for k in AROUND]))
    return np.array([fourth_order(list(around), step) for around in np.split(values, len(u))])


def central_each(f: Callable[[Array], Array], u: Array, step: float) -> Array:
    """Derivatives of ``f`` by each of n coordinates, of second order; shape (n, ...)."""
    return np.array([(f(u + h) - f(u - h)) / (2 * step) for h in step * np.eye(len(u))])


def derivatives_of_each(f: Callable[[Array], Array], u: Array, steps: Array, *, fourth: bool) -> Array:
    """Derivatives of many functions, each by its own coordinates, of second or of fourth order.

    Parameters
    ----------
    f : callable
        From the coordinates of all functions, of shape (n, p), to a vector of each; shape (n, q).
    u, steps : ndarray of shape (n, p)
        Where, and how far each coordinate moves.

    Returns
    -------
    ndarray of shape (n, p, q)
    """
    columns = []
    for k in range(u.shape[1]):
        h, step = np.zeros_like(u), steps[:, k, None]
        h[:, k] = steps[:, k]
        if fourth:
            columns.append(fourth_order([f(u + m * h) for m in AROUND], step))
        else:
            columns.append((f(u + h) - f(u - h)) / (2 * step))
    return np.stack(columns, axis=1)


def second_by_scores(
    scores: Callable[[tuple[Any, ...]], Any], params: tuple[Any, ...], steps: Sequence[Any]
) -> list[Array]:
    """Second derivatives, upper triangle row by row, by differences of the derivatives.

    Parameters
    ----------
    scores : callable
        Of parameters: the derivatives of every row by each.
    params : tuple
    steps : sequence
        Of each parameter; an array is one a row.
    """
    columns = []
    for k, step in enumerate(steps):
        up, down = (scores((*params[:k], params[k] + sign * step, *params[k + 1 :])) for sign in (1.0, -1.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            columns.append([(u - d) / (2 * step) for u, d in zip(up, down, strict=True)])
    count = len(steps)
    return [0.5 * (columns[j][k] + columns[k][j]) for j in range(count) for k in range(j, count)]


def by_values(
    value: Callable[[tuple[Any, ...]], Array], params: tuple[Any, ...], steps: Sequence[Any], wide: Sequence[Any]
) -> tuple[list[Array], list[Array]]:
    """Derivatives, by differences of the value with ``steps``, and second ones, upper triangle, with ``wide`` steps."""
    count = len(params)

    def moved(changes: Mapping[int, Any]) -> Array:
        return value(tuple(p + changes[k] if k in changes else p for k, p in enumerate(params)))

    first, second = [], []
    centre = moved({})
    for k, h in enumerate(steps):
        first.append(fourth_order([moved({k: m * h}) for m in AROUND], h))
    for j in range(count):
        for k in range(j, count):
            h, g = wide[j], wide[k]
            if j == k:
                pairs = [(moved({j: m * h}) + moved({j: -m * h}) - 2 * centre) / (m * h) ** 2 for m in (1.0, 2.0)]
            else:
                pairs = [
                    (
                        moved({j: m * h, k: m * g})
                        + moved({j: -m * h, k: -m * g})
                        - moved({j: m * h, k: -m * g})
                        - moved({j: -m * h, k: m * g})
                    )
                    / (4 * m * m * h * g)
                    for m in (1.0, 2.0)
                ]
            second.append((4 * pairs[0] - pairs[1]) / 3)
    return first, second


def first_differences(f: Callable[[Array], Array], u: Array, step: float) -> Array:
    """Gradient by central differences of fourth order; beside a point that is impossible, with shorter steps.

    Parameters
    ----------
    f : callable
        Values at several points: from shape (m, n) to shape (m,).
    u : ndarray of shape (n,)
    step : float
    """
    return _finite(_first_differences, f, u, step) if len(u) else np.empty(0)


def _first_differences(f: Callable[[Array], Array], u: Array, step: float) -> Array:
    unit = step * np.eye(len(u))
    around = f(np.concatenate([u + k * unit for k in AROUND])).reshape(4, len(u))
    with np.errstate(all="ignore"):  # between impossible points, or where the law leaves the doubles
        return np.asarray(fourth_order(around, step))


def second_differences(f: Callable[[Array], Array], u: Array, step: float) -> Array:
    """Hessian by central differences of fourth order, extrapolated from two steps (Richardson); ``f`` as above.

    Beside a point that is impossible, or a pole, steps are shorter; at a kink, where that does not help, it is NaN.
    """
    return _finite(_second_differences, f, u, step)


def _finite(differences: Callable[..., Array], f: Callable[[Array], Array], u: Array, step: float) -> Array:
    """Differences with the longest of a few steps with which they are finite."""
    found = differences(f, u, step)
    for k in range(1, _SHORTER + 1):
        if np.isfinite(found).all():
            break
        found = differences(f, u, step * _SHORTEN**k)
    return found


def _second_differences(f: Callable[[Array], Array], u: Array, step: float) -> Array:
    n = len(u)
    pairs = [(k, j) for k in range(n) for j in range(k)]
    points = [u]
    for h in (step / 2, step):
        unit = h * np.eye(n)
        points += [u + side for k in range(n) for side in (unit[k], -unit[k])]
        points += [u + a * unit[k] + b * unit[j] for k, j in pairs for a, b in _CORNERS]
    centre, *values = f(np.array(points)).tolist()
    half = len(values) // 2

    def second_order(h: float, around: list[float]) -> Array:
        hessian = np.empty((n, n))
        for k in range(n):
            hessian[k, k] = (around[2 * k] - 2 * centre + around[2 * k + 1]) / h**2
        for place, (k, j) in enumerate(pairs):
            at = 2 * n + 4 * place
            both, apart = around[at] + around[at + 1], around[at + 2] + around[at + 3]
            hessian[k, j] = hessian[j, k] = (both - apart) / (4 * h**2)
        return hessian

    fine, coarse = second_order(step / 2, values[:half]), second_order(step, values[half:])
    with np.errstate(invalid="ignore"):  # beside an impossible point both are infinite
        gap, size = np.abs(np.diag(fine - coarse)), np.abs(np.diag(fine))
    if np.any((gap > _KINK * size) & (size > _FLAT)):
        # Halving the step leaves the curvature of a smooth function as it was; at a kink there is none.
        return np.full_like(fine, np.nan)
    with np.errstate(invalid="ignore"):
        return (4 * fine - coarse) / 3


def one_by_one(f: Callable[[Array], float]) -> Callable[[Array], Array]:
    """A function of several points, from one of a point."""
    return lambda points: np.array([f(u) for u in points])
