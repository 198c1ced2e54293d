"""The law to which negative binomial laws tend where a window shows of them no more than how they rise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.truncated import PointMass
from mle_toolkit.families.domain import POSITIVE, Interval
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.reciprocal import Reciprocal
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import log_poch
from mle_toolkit.families.standardised import best_starts

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_STARTS = (0.1, 1.0, 3.0, 10.0, 100.0)
"""Sizes that are tried first."""

_SMALL, _TERMS = 0.01, 7
"""Size below which so many terms of a series in it have all digits."""


class RisingCounts(Family):
    r"""Counts of a window, as probable as the negative binomial law of an endless mean makes them.

    .. math:: f(k) \propto \frac{\Gamma(k + s)}{\Gamma(s)\, k!}, \quad k = a, \dots, m

    Of size 1 all counts are alike; of a smaller one they fall, of a larger one they rise.

    Parameters
    ----------
    first, last : int
        The counts at the ends of the window.

    Notes
    -----
    The sum of the weights from 0 to m is that of m + s and m in Pascal's triangle: Γ(m + 1 + s) / (Γ(1 + s) m!).
    """

    discrete = True

    def __init__(self, first: int, last: int) -> None:
        super().__init__()
        self.first, self.last = first, last
        self.parameters = (Parameter("size", POSITIVE),)
        self.support = Interval(first, last, "both", integer=True)
        self.name = f"the negbin of infinite mu on {first}..{last}"

    def _width(self, x: Array, size: Array) -> Array:
        """Log of the weights up to x over those before the first count; of the first count 0, over one."""
        return _log_rise(max(self.first, 1), x + 1.0, size)

    def _log_sum(self, x: Array, size: Array) -> Array:
        """Log of the sum of the weights of the window up to x, over those before it, if any; -inf before it."""
        width = self._width(np.maximum(x, self.first), size)
        with np.errstate(divide="ignore"):
            value = width if self.first == 0 else width + np.log(-np.expm1(-width))
        return np.asarray(np.where(x < self.first, -np.inf, value))

    def logpdf(self, x: Array, size: Array) -> Array:
        """Log-probability of x."""
        x, size = np.asarray(x, dtype=float), np.asarray(size, dtype=float)
        inner = np.clip(x, max(self.first, 1), max(self.last, 1))
        weight = np.log(size) - np.log(inner) + _log_rise(max(self.first, 1), inner, size)
        value = np.where(x == 0, 0.0, weight) - self._log_sum(np.asarray(float(self.last)), size)
        inside = (x >= self.first) & (x <= self.last) & (x == np.floor(x))
        return np.asarray(np.where(inside, value, -np.inf))

    def score(self, x: Array, size: Array) -> tuple[Array, ...]:
        """Derivative by the size."""
        size = np.asarray(size, dtype=float)
        from_last = special.digamma(max(self.first, 1) + size) - special.digamma(self.last + 1.0 + size)
        by_weight = 1 / size + special.digamma(np.maximum(x, 1.0) + size) - special.digamma(max(self.first, 1) + size)
        if self.first == 0:
            return (np.asarray(np.where(x == 0, 0.0, by_weight) + from_last),)
        width = self._width(np.asarray(float(self.last)), size)
        return (np.asarray(by_weight - from_last / np.expm1(-width)),)

    def start(self, sample: Sample) -> list[tuple[float, ...]]:
        """The best three of some sizes."""
        return best_starts(sample, self.logpdf, [(size,) for size in _STARTS], 3)

    def logcdf(self, x: Array, size: Array) -> Array:
        """Log of the cdf."""
        whole = np.minimum(np.floor(x), self.last)
        value = self._log_sum(whole, size) - self._log_sum(np.asarray(float(self.last)), size)
        return np.asarray(np.minimum(value, 0.0))

    def logsf(self, x: Array, size: Array) -> Array:
        """Log of the survival function."""
        whole = np.floor(x)
        here = np.clip(whole, self.first, self.last)
        last = np.asarray(float(self.last))
        with np.errstate(divide="ignore"):
            beyond = np.log(-np.expm1(self._width(here, size) - self._width(last, size)))
        value = self._width(last, size) + beyond - self._log_sum(last, size)
        return np.asarray(np.where(whole < self.first, 0.0, np.minimum(value, 0.0)))

    cdf, sf = cdf_of_log, sf_of_log

    @property
    def limits(self) -> tuple[Limit, ...]:
        """All mass on the last count, as the size grows; as it shrinks on 0, or, without 0, as 1/x."""
        small = PointMass(0) if self.first == 0 else Reciprocal(self.first, self.last)
        return Limit(PointMass(self.last), lambda: (np.inf,)), Limit(small, lambda: (0.0,))


def _log_rise(low: int, high: Array, size: Array) -> Array:
    """Sum of log(1 + size / j) for j from ``low`` to ``high - 1``: log Γ(high + s) Γ(low) / (Γ(low + s) Γ(high))."""
    begin, size = np.asarray(float(low)), np.asarray(size, dtype=float)
    near = np.minimum(size, _SMALL)
    terms = [(special.polygamma(k, high) - special.polygamma(k, begin)) / math.factorial(k + 1) for k in range(_TERMS)]
    series = near * np.polynomial.polynomial.polyval(near, np.array(terms), tensor=False)
    by_size = log_poch(high, size) - log_poch(begin, size)
    by_count = log_poch(begin + size, high - begin) - log_poch(begin, high - begin)
    return np.asarray(np.where(size < _SMALL, series, np.where(size < 1.0, by_size, by_count)))


def rising_in_window(lower: float, upper: float) -> tuple[Limit, ...]:
    """The limit, in a window, of a negative binomial law by size and mean, as the mean grows; none without an end."""
    if math.isinf(upper):
        return ()
    law = RisingCounts(max(0, math.floor(lower) + 1) if math.isfinite(lower) else 0, math.floor(upper))
    return (Limit(law, lambda size: (size, np.inf)),)
