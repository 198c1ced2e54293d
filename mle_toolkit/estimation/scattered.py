"""Further starts for few intervals, or rows in windows, whose likelihood may hide maxima from a law's own starts."""

from __future__ import annotations

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.estimation.starts import starts_of_points
from mle_toolkit.likelihood.coordinates import Objective

FEW_ROWS, _FEW_EACH = 12, 6
"""Rows that differ, in all and for each coordinate, up to which starts are scattered: of more, maxima far from a law's
own starts are rare."""

_MOST_ROWS = 2000
"""Rows, equal or not, up to which it is looked how many differ."""

_AT_FIRST = 4
"""How often so many rows are looked at first, of which most differ as a rule."""

_POINTS = 16
"""Looks at the likelihood for each coordinate."""

_SPREAD = 2.0
"""Standard deviation of the scattered points about a start, in natural changes."""

_SHARES = (0.1, 0.3, 0.6)
"""Widths of laws beside the end of a window, as shares of how near an observation is to it."""

_SHAPES = 8
"""How many values of the other parameters are tried where location and scale are those of an interval."""

_MOST = 2
"""How many of either kind are climbed from."""

_WITHIN_REACH = 4.0
"""Nats below the start from which a climb is still worth its while."""

_APART = 1.0
"""Natural changes between two of those, along some coordinate."""


def few_rows(n_free: int) -> int:
    """How many rows are few to a law of so many free parameters."""
    return max(FEW_ROWS, _FEW_EACH * n_free)


def may_hide_maxima(data: Sample, n_free: int) -> bool:
    """Whether observations that are not all exact are so few that a law can follow them in several ways."""
    few = few_rows(n_free)
    if data.is_plain or data.is_multivariate or data.n_rows > _MOST_ROWS:
        return False
    if data.window is not None or data.n_rows <= few:
        return True
    if len(np.unique(data.lower[: _AT_FIRST * few])) > few:
        return False  # as the lower ends of the first differ, so do the rows
    return bool(np.unique([data.lower, data.upper], axis=1).shape[1] <= few)


def scattered(objective: Objective, start: Array) -> list[Array]:
    """The highest of some points about a start, and of laws that are narrow on one of the intervals.

    The points are normally distributed: those of an additive recurrence, always the same. Source: Niederreiter (1992),
    Random Number Generation and Quasi-Monte Carlo Methods, ch. 3, with the powers of the root of r^(q + 1) = r + 1, the
    generalised golden ratio.
    """
    q = len(start)
    ratio = 2.0
    for _ in range(60):
        ratio = (1.0 + ratio) ** (1.0 / (q + 1))
    shares = np.mod(0.5 + np.outer(np.arange(1, _POINTS * q + 1), ratio ** -np.arange(1.0, q + 1)), 1.0)
    away = _SPREAD * special.ndtri(shares)
    worst = objective.value(start) + _WITHIN_REACH / objective.likelihood.nobs
    kinds = (start + away, _narrow(objective, start, away), _beside_ends(objective, start))
    return [u for points in kinds for u in _highest(objective, points, worst)]


def _narrow(objective: Objective, start: Array, away: Array) -> Array:
    """Laws with the location in an interval and a scale below its width, their other parameters about the start."""
    family, data = objective.likelihood.family, objective.likelihood.sample
    roles = [p.role for p, free in zip(family.parameters, objective.coordinates.free, strict=True) if free]
    bounded = np.isfinite(data.lower) & np.isfinite(data.upper) & (data.lower < data.upper)
    if roles.count("location") != 1 or roles.count("scale") != 1 or not bounded.any():
        return np.empty((0, len(start)))
    at, width = roles.index("location"), roles.index("scale")
    cells = np.unique([data.lower[bounded], data.upper[bounded]], axis=1).T
    theta = objective.coordinates.to_theta(start)
    places = [k for k, free in enumerate(objective.coordinates.free) if free]
    points = []
    for low, high in cells.tolist():
        theta[places[at]], theta[places[width]] = 0.5 * (low + high), 0.1 * (high - low)
        u = objective.coordinates.from_theta(theta)
        for k in range(_SHAPES):
            moved = u + away[k]
            moved[at], moved[width] = u[at], u[width]
            points.append(moved)
    return np.array(points)


def _beside_ends(objective: Objective, start: Array) -> Array:
    """Laws as narrow as an observation is near to an end of its window: all others are seen in a tail.

    As the law has them for points about that observation.
    """
    family, data = objective.likelihood.family, objective.likelihood.sample
    points: list[Array] = []
    by_itself = family.all_scalar and not family.per_row  # a law whose constants differ has no points about one row
    if data.window is not None and by_itself and (family.start or family.from_sample):
        seen = data.lower == data.upper
        x, low, high = data.lower[seen], data.window[0][seen], data.window[1][seen]
        rows = np.unique([x, np.minimum(x - low, high - x)], axis=1).T
        rows = rows[np.isfinite(rows[:, 1]) & (rows[:, 1] > 0)]
        free, kept = objective.coordinates.free, objective.coordinates.to_theta(start)
        for at, near in rows.tolist() if len(rows) <= FEW_ROWS else []:
            for share in _SHARES:
                about = Sample(at + share * near * np.array([-1.0, 0.0, 1.0]))
                thetas = starts_of_points(family, about)
                points += [objective.coordinates.from_theta(np.where(free, theta, kept)) for theta in thetas]
    return np.array(points).reshape(len(points), len(start))


def _highest(objective: Objective, points: Array, worst: float) -> list[Array]:
    if not len(points):
        return []
    with np.errstate(all="ignore"):
        values = objective.values(points)
    kept: list[Array] = []
    for k in np.argsort(values, kind="stable"):
        if not values[k] <= worst or len(kept) == _MOST:
            break
        if all(np.abs(points[k] - other).max() > _APART for other in kept):
            kept.append(points[k])
    return kept
