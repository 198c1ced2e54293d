"""Laws of counts whose distribution functions have no formula: tails as sums of their probabilities."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import IntegralError
from mle_toolkit.families.base import Family
from mle_toolkit.families.from_logs import cdf_of_log, sf_of_log
from mle_toolkit.families.quadrature import count_quantile
from mle_toolkit.families.smooth_sums import smooth_sum
from mle_toolkit.families.special import log1mexp

_FIRST, _LARGEST_BLOCK = 64, 1 << 18
"""Probabilities of a row in the first block of its sum, and of all rows in the largest."""

_MOST = 1 << 24
"""Probabilities of one row after which a sum is given up."""

_SUMMED = 1 << 11
"""Probabilities of one row after which the rest is an integral, if it can be."""

_LARGEST = float(np.finfo(float).max)
_EXACT = 2.0**52
"""Counts from which one more is the same number: a tail is then as small, in logs, as its first probability."""

_NOTHING = -38.0
"""Log of the share of a sum that may be left out: 3e-17."""


class Summed(Family):
    """A law on whole numbers whose tails are summed from ``logpdf``, outwards from where they are asked for.

    Relative error 1e-14 or better, however far out; 1e-11 where more than some 2,000 probabilities are to be summed, of
    which the far ones are an integral. A subclass gives ``around``, and ``logpdf`` is smooth between counts.
    """

    smooth_counts = True
    dear_quantiles = True

    @abstractmethod
    def around(self, *params: Any) -> Array:
        """About the mean: below it the lower tail is summed, above it the upper; the other is one minus that."""

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the probability of at most x."""
        return self._log_tails(x, params)[0]

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the probability of more than x."""
        return self._log_tails(x, params)[1]

    cdf, sf = cdf_of_log, sf_of_log

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile: the smallest x whose cdf is at least p."""
        return self._quantile(p, params, above=False)

    def isf(self, p: Array, *params: Any) -> Array:
        """Upper quantile: the smallest x that is exceeded with probability p at most."""
        return self._quantile(p, params, above=True)

    def last(self, *params: Any) -> Array:
        """The last count of the law."""
        return np.asarray(self.support.upper)

    def _quantile(self, p: Array, params: tuple[Any, ...], *, above: bool) -> Array:
        p, *each = np.broadcast_arrays(np.asarray(p, dtype=float), *(np.asarray(v, dtype=float) for v in params))
        first, last = self.support.lower, self.last(*each)
        inside = (p > 0) & (p < 1)
        found = np.full(p.shape, np.nan)
        if inside.any():
            own = [v[inside] for v in each]
            found[inside] = count_quantile(
                lambda x: (self.sf if above else self.cdf)(x, *own), p[inside], first, self.support.upper, above=above
            )
        at_end = np.where((p == 0) == above, last, first)
        return np.where(inside, found, np.where((p == 0) | (p == 1), at_end, np.nan))

    def _log_tails(self, x: Array, params: tuple[Any, ...]) -> tuple[Array, Array]:
        x, *each = np.broadcast_arrays(np.asarray(x, dtype=float), *(np.asarray(p, dtype=float) for p in params))
        rows = np.stack([np.floor(x).ravel(), *(p.ravel() for p in each)], axis=1)
        known = np.all(np.isfinite(rows), axis=1)
        below, above = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
        before, after = rows[:, 0] < max(self.support.lower, -_LARGEST), rows[:, 0] >= self.support.upper
        below[before], above[before] = -np.inf, 0.0
        below[after], above[after] = 0.0, -np.inf
        between = known & ~before & ~after
        if between.any():
            distinct, which = np.unique(rows[between], axis=0, return_inverse=True)
            low, high = self._of_rows(distinct)
            below[between], above[between] = low[which.reshape(-1)], high[which.reshape(-1)]
        return below.reshape(x.shape), above.reshape(x.shape)

    def _of_rows(self, rows: Array) -> tuple[Array, Array]:
        """Logs of both tails, of rows that hold a count and parameters."""
        with np.errstate(all="ignore"):
            left = rows[:, 0] < self.around(*rows[:, 1:].T)
            tail = np.empty(len(rows))
            tail[left] = log_sum(self.logpdf, rows[left, 0], rows[left, 1:], -1, self.support.lower, self.name)
            right = ~left
            tail[right] = log_sum(self.logpdf, rows[right, 0] + 1, rows[right, 1:], 1, self.support.upper, self.name)
            tail = np.minimum(tail, 0.0)  # rounding may pass 1
            other = log1mexp(tail)
        return np.where(left, tail, other), np.where(left, other, tail)


def log_sum(logpdf: Callable[..., Array], start: Array, params: Array, step: int, last: float, name: str) -> Array:
    """Log of the sum of probabilities from ``start`` outwards, in each of several rows; shape (n,).

    Parameters
    ----------
    logpdf : callable
        Falls outwards from ``start`` at last.
    start : ndarray of shape (n,)
    params : ndarray of shape (n, p)
    step : {-1, 1}
        Which way.
    last : float
        Where the support ends that way.
    name : str
        How errors call the law.

    Raises
    ------
    IntegralError
        If a sum does not settle.
    """
    total, at = np.full(len(start), -np.inf), start.copy()
    far = np.abs(start) >= _EXACT
    if far.any():
        total[far] = logpdf(start[far], *params[far].T)
    active, length, summed = np.flatnonzero(~far), _FIRST, 0
    while len(active):
        reached = np.zeros(len(active), dtype=bool)
        rows_at_once = max(1, _LARGEST_BLOCK // length)
        for first in range(0, len(active), rows_at_once):
            some = active[first : first + rows_at_once]
            k = at[some, None] + step * np.arange(float(length))
            terms = logpdf(k, *params[some].T[:, :, None])
            terms = np.where((k - last) * step > 0, -np.inf, terms)
            total[some] = np.logaddexp(total[some], special.logsumexp(terms, axis=1))
            fall = terms[:, -1] - terms[:, -2]
            # Probabilities that go on falling as they do here make at most a geometric series.
            rest = np.where(terms[:, -1] == -np.inf, -np.inf, terms[:, -1] + fall - np.log(-np.expm1(fall)))
            ended = np.all(terms == -np.inf, axis=1) | ((k[:, -1] - last) * step >= 0) | np.isnan(total[some])
            reached[first : first + rows_at_once] = ended | (rest < total[some] + _NOTHING)
        at[active] += step * length
        active = active[~reached]
        summed += length
        if summed > _SUMMED:
            beyond = [_log_beyond(logpdf, at[row], params[row], step, last) for row in active.tolist()]
            total[active] = np.logaddexp(total[active], beyond)
            active = active[np.isneginf(beyond)]
        if summed > _MOST and len(active):
            raise IntegralError(f"{name}: {summed:,} probabilities do not add up to a tail; it falls too slowly.")
        length = min(2 * length, _LARGEST_BLOCK)
    return total


def _log_beyond(logpdf: Callable[..., Array], first: float, params: Array, step: int, last: float) -> float:
    """Log of the sum of probabilities of one row from ``first`` on; -inf where their function is not smooth enough."""
    top = float(logpdf(first, *params))
    with np.errstate(all="ignore"):
        found = smooth_sum(lambda k: np.exp(logpdf(k, *params) - top), first, last)
    return -np.inf if found is None or not found[0] > 0 else top + float(np.log(found[0]))
