"""What a function gave at the last points at which it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from mle_toolkit._typing import Array

T = TypeVar("T")

_REMEMBERED = 16
"""Points whose values are remembered."""


class Last(Generic[T]):
    """Remembers the last values of a function: solvers ask again for what they had where they start and stand."""

    def __init__(self) -> None:
        self._values: dict[bytes, T] = {}

    def knows(self, theta: Array) -> bool:
        """Whether the value at ``theta`` is remembered."""
        return theta.tobytes() in self._values

    def __call__(self, theta: Array, compute: Callable[[Array], T]) -> T:
        """The value at ``theta``, computed unless it is known."""
        at, values = theta.tobytes(), self._values
        if at in values:
            return values[at]
        found = compute(theta)
        if at not in values and len(values) == _REMEMBERED:
            del values[next(iter(values))]
        values[at] = found
        return found
