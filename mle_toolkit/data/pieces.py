"""Rows as they come from a source, and the runs and sizes in which they are read."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn, Protocol, runtime_checkable

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.checks import NanPolicy
from mle_toolkit.data.passes import LONG_BLOCK_ROWS
from mle_toolkit.errors import DataError, WeightError

CHUNK_ROWS = LONG_BLOCK_ROWS
"""Rows of the longest block; compiled sums over data in memory are added by as many."""


TASK_ROWS = 3 * CHUNK_ROWS
"""Rows that are handed on at once: whole blocks of every length, so that sums are those of the data in memory."""


IN_MEMORY_ROWS = TASK_ROWS
"""Rows up to which data are simply held in memory, where everything can be known of them."""


@dataclass(frozen=True)
class Rows:
    """Consecutive rows of a source.

    Parameters
    ----------
    x : ndarray of shape (n,)
        Observations; missing ones are NaN.
    weight : ndarray of shape (n,), or None
    origin : str
        Which file or partition the rows are of, for errors.
    first : int
        Number of the first row within it.
    """

    x: Array
    weight: Array | None
    origin: str
    first: int

    def checked(self, nan_policy: NanPolicy) -> Rows:
        """The rows that count: without missing observations, where those are to be left out, and weights of 0.

        Raises
        ------
        DataError
            If an observation is missing or infinite, or a weight is not one.
        """
        x, weight = self.x, self.weight
        keep = None
        if len(x) and not (math.isfinite(x.min()) and math.isfinite(x.max())):
            infinite = np.flatnonzero(np.isinf(x))
            if len(infinite):
                self._refuse(infinite[0], f"is infinite ({x[infinite[0]]:g})", "Remove it, or say what it stands for.")
            missing = np.isnan(x)
            if nan_policy == "raise":
                advice = 'Remove it, or pass nan_policy="omit" to leave such rows out.'
                self._refuse(int(np.argmax(missing)), "is missing (NaN or null)", advice)
            keep = ~missing
        if weight is not None:
            for what, bad in (("missing", np.isnan(weight)), ("infinite", np.isinf(weight)), ("negative", weight < 0)):
                if bad.any():
                    at = int(np.argmax(bad))
                    raise WeightError(f"{self.origin}: the weight of row {self.first + at} is {what} ({weight[at]:g}).")
            if not weight.all():
                keep = weight > 0 if keep is None else keep & (weight > 0)
        if keep is None:
            return self
        return Rows(x[keep], None if weight is None else weight[keep], self.origin, self.first)

    def part(self, first: int, last: int) -> Rows:
        """Some of the rows."""
        weight = None if self.weight is None else self.weight[first:last]
        return Rows(self.x[first:last], weight, self.origin, self.first + first)

    def _refuse(self, at: int, what: str, advice: str) -> NoReturn:
        raise DataError(f"{self.origin}: the observation in row {self.first + at} {what}. {advice}")


@dataclass(frozen=True)
class Run:
    """Consecutive rows, which may not be read yet: that is done by the thread that sums them.

    Parameters
    ----------
    n_rows : int
    pieces : iterable of Rows
        Gone over once.
    """

    n_rows: int
    pieces: Iterable[Rows]


# --- streams ----------------------------------------------------------------------------------------------------------


@runtime_checkable
class Source(Protocol):
    """Where the rows of a stream come from; derive from it to scan what no reader here knows.

    Two things must be said: a `description`, and the `pieces`. `scan` takes such a source, and every fit that reads
    in blocks takes what it makes of it, in memory that does not grow with the rows.

    Examples
    --------
    >>> import numpy as np
    >>> import mle_toolkit as mle
    >>> class Sensor(mle.Source):
    ...     description = "the sensor"
    ...     def pieces(self, *, again):
    ...         for day in range(3):
    ...             yield mle.Rows(np.array([1.0, 2.0, 6.0]) + day, None, f"day {day}", 0)
    >>> mle.fit(mle.scan(Sensor()), "exponential").params["scale"]
    4.0
    """

    @property
    @abstractmethod
    def description(self) -> str:
        """What errors call it."""
        ...

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return False

    @property
    def expected_rows(self) -> int | None:
        """How many rows there will be, where that is known before they are read."""
        return None

    @abstractmethod
    def pieces(self, *, again: bool) -> Iterator[Rows]:
        """Go over the rows from the first on, for the first time or again, in pieces of any length.

        Every pass must give the same rows in the same order; one that finds others ends in an error.
        """
        ...

    def runs(self) -> list[Run] | None:
        """All rows, in runs that several threads can read at once; None where they come one after the other only."""
        return None
