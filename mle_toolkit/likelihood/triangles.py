"""Symmetric matrices by their upper triangles, row by row, as sums over rows give them."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array

FEW = 30
"""Parameters up to which plain numbers are faster than arrays of them."""


def symmetric(upper: Array) -> Array:
    """The symmetric matrix of an upper triangle, given row by row."""
    p = math.isqrt(2 * len(upper))
    if p <= FEW:
        return np.asarray(upper.take(_places(p)))
    found = np.empty((p, p))
    above = np.triu_indices(p)
    found[above] = found.T[above] = upper
    return found


@cache
def entries(p: int) -> list[list[int]]:
    """Place of every entry of a symmetric matrix of p rows in its upper triangle, given row by row."""
    places: list[list[int]] = _places(p).tolist()
    return places


@cache
def _places(p: int) -> NDArray[np.intp]:
    """The same as an array."""
    places = np.empty((p, p), dtype=np.intp)
    upper = np.triu_indices(p)
    places[upper] = places.T[upper] = np.arange(len(upper[0]))
    return places
