"""Derivatives of functions of a law's parameters, row by row, by differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mle_toolkit._typing import Array

STEP_OF_SCORE = 6e-6
"""Of the central differences of a score, in natural changes of a parameter: error 4e-11."""

STEP_OF_VALUE = 1e-3
"""Of differences of fourth order of a value, in natural changes of a parameter: error 1e-12."""

STEP_OF_CURVATURE = 6e-3
"""Of second differences of a value, before they are extrapolated."""


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
        near, far = moved({k: h}) - moved({k: -h}), moved({k: 2 * h}) - moved({k: -2 * h})
        first.append((8 * near - far) / (12 * h))
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
