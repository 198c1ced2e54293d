"""Numbers of rows in messages: those of the rows that a caller gave, though some have been left out since.

A row is known by its place among the rows that are left. What leaves rows out says here which they were, for as long as
it works; what writes a message asks for the number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray

_LEFT: ContextVar[NDArray[np.intp] | None] = ContextVar("rows that are left", default=None)


@contextmanager
def numbered_as(rows: NDArray[np.intp] | None) -> Iterator[None]:
    """Number rows in messages by those of a caller, of which ``rows`` are left; None where all are."""
    token = _LEFT.set(rows)
    try:
        yield
    finally:
        _LEFT.reset(token)


def number_of(row: SupportsIndex, held: NDArray[np.intp] | None = None) -> int:
    """The number of a row among those that a caller gave.

    Parameters
    ----------
    row : int
        Its place among rows that are left.
    held : ndarray of int, optional
        Of a `Sample` its ``rows_given``: rows of weight 0 are not among those that it holds.

    Examples
    --------
    >>> number_of(1, np.array([0, 3]))
    3
    >>> with numbered_as(np.array([2, 4, 5, 9])):
    ...     number_of(1, np.array([0, 3]))
    9
    """
    place = row if held is None else held[row]
    left = _LEFT.get()
    return int(place if left is None else left[place])


def numbers_of(rows: Sequence[int] | NDArray[np.intp], held: NDArray[np.intp] | None = None) -> tuple[int, ...]:
    """The same of several rows."""
    return tuple(number_of(row, held) for row in rows)
