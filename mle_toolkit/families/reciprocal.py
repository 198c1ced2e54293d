"""Counts whose probabilities are as 1/x, in a window: what heavy-tailed laws of counts tend to there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.relations import Limit

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class Reciprocal(Family):
    """A law without parameters, of counts from ``first`` to ``last``: x has a probability as 1/x.

    Parameters
    ----------
    first, last : int
    """

    parameters = ()

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last
        self.constants = {}
        self.name = f"1/x on the counts from {first} to {last}"
        self.support = Interval(first, last, "both", integer=True)
        self._total = float(special.psi(last + 1.0) - special.psi(first))

    def logpdf(self, x: Array) -> Array:
        """Log-probability of x."""
        x = np.asarray(x, dtype=float)
        inside = self.support.contains(x)
        return np.where(inside, -np.log(np.where(inside, x, 1.0)) - math.log(self._total), -np.inf)

    def from_sample(self, sample: Sample) -> tuple[float, ...]:
        """Nothing is left to estimate."""
        return ()

    def cdf(self, x: Array) -> Array:
        """Probability of at most x."""
        count = np.clip(np.floor(x), self.first - 1, self.last)
        return np.asarray((special.psi(count + 1.0) - special.psi(self.first)) / self._total)

    def sf(self, x: Array) -> Array:
        """Probability of more than x."""
        count = np.clip(np.floor(x), self.first - 1, self.last)
        return np.asarray((special.psi(self.last + 1.0) - special.psi(count + 1.0)) / self._total)


def reciprocal_in_window(first: int, lower: float, upper: float, at: float) -> tuple[Limit, ...]:
    """The limit at ``at`` of a law of one parameter, of counts from ``first`` on, seen through a finite window."""
    begin = first if math.isinf(lower) else max(first, math.floor(lower) + 1)
    if math.isinf(upper) or math.floor(upper) < begin:
        return ()
    return (Limit(Reciprocal(begin, math.floor(upper)), lambda: (at,)),)
