"""Products of designs with weights of rows."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.designs import AnyColumns


@cache
def upper_of(size: int) -> tuple[Any, ...]:
    """Places of an upper triangle, row by row."""
    return np.triu_indices(size)


def projected(design: AnyColumns | None, along: Any, weight: Array | None, n_rows: int) -> Any:
    """Sums over rows of derivatives by a predictor, brought to its coefficients; one number has no design."""
    along = np.broadcast_to(along, n_rows)
    along = along if weight is None else weight * along
    return np.sum(along) if design is None else design.summed(along)


def crossed(one: AnyColumns | None, other: AnyColumns | None, across: Any, weight: Array | None, n_rows: int) -> Any:
    """Sums over rows of second derivatives by two predictors, brought to their coefficients."""
    across = np.broadcast_to(across, n_rows)
    across = across if weight is None else weight * across
    if one is None:
        return np.sum(across) if other is None else other.summed(across)[None, :]
    if other is None:
        return one.summed(across)[:, None]
    return one.squared(across) if other is one else one.crossed(other, across)


def expanded(design: AnyColumns | None, along: Any, across: Any, weight: Array | None, n_rows: int) -> tuple[Any, Any]:
    """Sums of first and second derivatives by one predictor, brought to its coefficients."""
    if design is None:
        return projected(design, along, weight, n_rows), crossed(design, design, across, weight, n_rows)
    along, across = np.broadcast_to(along, n_rows), np.broadcast_to(across, n_rows)
    return design.expanded(*((along, across) if weight is None else (weight * along, weight * across)))
