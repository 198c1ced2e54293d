"""The distribution of the data without a model: empirical, Kaplan-Meier, or Turnbull's for intervals and windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError

_WHOLE = 1e-9
"""Share of those at risk below which who is left is the rounding of nobody."""

_STEPS = 5_000
_SETTLED = 1e-15
"""Rise of the mean log-likelihood, nats, below which Turnbull's iteration has settled."""


@dataclass(frozen=True)
class EmpiricalDistribution:
    """The distribution function of highest likelihood among all.

    Attributes
    ----------
    lower, upper : ndarray of shape (m,)
        Where the masses lie: equal at an observed value; else an interval ``(lower, upper]``, within which the data do
        not say where. ``upper`` is infinite for mass beyond the last censored time.
    mass : ndarray of shape (m,)
        The masses; they sum to one.
    se : ndarray of shape (m,), or None
        Standard error of the distribution function after each mass (Greenwood 1926); None where intervals leave none.
    method : str
        ``"empirical"``, ``"Kaplan-Meier"`` or ``"Turnbull"``.
    """

    lower: Array
    upper: Array
    mass: Array
    se: Array | None
    method: str

    @property
    def cdf(self) -> Array:
        """Distribution function after each mass; shape (m,)."""
        return np.asarray(np.minimum(np.cumsum(self.mass), 1.0))


def empirical_distribution(sample: Sample) -> EmpiricalDistribution:
    """Estimate the distribution function of data of any form, without a model.

    Parameters
    ----------
    sample : Sample
        Of numbers.

    Returns
    -------
    EmpiricalDistribution
        Shares of the weights for exact data; the product-limit estimate (Kaplan & Meier 1958) for right-censored times,
        with delayed entry too (Lynden-Bell 1971); the self-consistent one (Turnbull 1976) for any other intervals and
        windows.

    Raises
    ------
    DataError
        If the observations are vectors.

    Examples
    --------
    >>> known = empirical_distribution(Sample.right_censored([1.0, 2.0, 3.0], [1, 0, 1]))
    >>> known.method, known.cdf.round(6).tolist()
    ('Kaplan-Meier', [0.333333, 1.0])
    """
    if sample.is_multivariate:
        raise DataError("empirical distribution: the observations are vectors, which have no order.")
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
    if sample.is_plain:
        values, mass = _totals(sample.lower, weight)
        share = mass / sample.nobs
        below = np.minimum(np.cumsum(share), 1.0)
        se = np.sqrt(below * (1 - below) / sample.nobs)
        return EmpiricalDistribution(values, values, share, se, "empirical")
    point = sample.lower == sample.upper
    entry = np.full(sample.n_rows, -np.inf) if sample.window is None else sample.window[0]
    beyond = np.array([]) if sample.window is None else sample.window[1]
    if np.all(point | np.isposinf(sample.upper)) and np.all(np.isposinf(beyond)) and point.any():
        return _kaplan_meier(sample.lower, point, weight, entry)
    return _turnbull(sample, weight)


def _totals(values: Array, weight: Array) -> tuple[Array, Array]:
    """Distinct values, and the weight of each."""
    distinct, place = np.unique(values, return_inverse=True)
    return np.asarray(distinct), np.bincount(place, weights=weight).astype(np.float64)


class ProductLimit(NamedTuple):
    """The Kaplan-Meier estimate at the times of events, each of shape (k,)."""

    points: Array
    """Times of events, in order."""
    deaths: Array
    """Weight of the events at each."""
    at_risk: Array
    """Weight of the rows that might have had one there."""
    emptied: Mask
    """Whether all who were at risk had it."""
    survival: Array
    """Probability to survive it."""

    @property
    def collapse(self) -> float:
        """Last time at which all who were at risk were gone though others came later; -inf if there is none.

        With delayed entry few are at risk at first; where the last of them goes, the estimate is zero for good,
        whatever happens to those who enter later. What can be estimated is the distribution given a later time.
        """
        emptied = self.points[self.emptied & (self.points < self.points[-1])]
        return float(emptied[-1]) if len(emptied) else -np.inf


def product_limit(time: Array, event: Mask, weight: Array, entry: Array, *, others_first: bool = False) -> ProductLimit:
    """Kaplan-Meier estimate of the survival function, with delayed entry.

    Parameters
    ----------
    time, event, weight, entry : ndarray of shape (n,)
        A row is at risk from after its entry to its time.
    others_first : bool
        Whether at tied times the other rows go before the events: for the law of censoring times.
    """
    points, deaths = _totals(time[event], weight[event])
    by_time, by_entry = np.argsort(time, kind="stable"), np.argsort(entry, kind="stable")
    gone = np.concatenate([[0.0], np.cumsum(weight[by_time])])
    come = np.concatenate([[0.0], np.cumsum(weight[by_entry])])
    at_risk = come[np.searchsorted(entry[by_entry], points, side="left")]
    at_risk = at_risk - gone[np.searchsorted(time[by_time], points, side="left")]
    if others_first:
        others = np.isin(time, points) & ~event
        at_risk = at_risk - np.bincount(np.searchsorted(points, time[others]), weight[others], len(points))
    # Where all at risk go, sums of weights may leave the rounding of a zero.
    emptied = ~(deaths < at_risk * (1 - _WHOLE))
    survival = np.cumprod(np.where(emptied, 0.0, 1.0 - deaths / at_risk))
    return ProductLimit(points, deaths, at_risk, emptied, np.asarray(survival, dtype=float))


def _kaplan_meier(time: Array, event: Mask, weight: Array, entry: Array) -> EmpiricalDistribution:
    values, deaths, risk, _, survival = product_limit(time, event, weight, entry)
    mass = -np.diff(survival, prepend=1.0)
    with np.errstate(divide="ignore", invalid="ignore"):  # nobody is left after the last event
        se = survival * np.sqrt(np.cumsum(deaths / (risk * (risk - deaths))))
    se = np.where(survival > 0, se, 0.0)
    lower, upper = values, values
    if survival[-1] > 0:
        last = float(np.max(time))
        lower, upper = np.append(values, max(last, float(values[-1]))), np.append(values, np.inf)
        mass, se = np.append(mass, survival[-1]), np.append(se, 0.0)
    return EmpiricalDistribution(lower, upper, mass, se, "Kaplan-Meier")


def _turnbull(sample: Sample, weight: Array) -> EmpiricalDistribution:
    """Masses on the innermost intervals, by self-consistency: each row gives its weight to where it may lie."""
    low, high = sample.lower, sample.upper
    nowhere = np.full(sample.n_rows, np.inf)
    entry, end = (-nowhere, nowhere) if sample.window is None else sample.window
    begins, ends = _innermost(low, high)
    # The masses of a row are neighbours: those whose interval lies within the row's, and within its window.
    first, last = _within(begins, ends, low, high)
    seen, gone = _within(begins, ends, entry, end)
    windowed = bool(np.any(seen > 0) or np.any(gone < len(begins)))

    def loglik(mass: Array) -> float:
        cumulative = np.concatenate([[0.0], np.cumsum(mass)])
        own, visible = cumulative[last] - cumulative[first], cumulative[gone] - cumulative[seen]
        if not np.all(own > 0):
            return -np.inf
        return float(np.sum(weight * (np.log(own) - np.log(visible)))) / sample.nobs

    def better(mass: Array) -> Array:
        cumulative = np.concatenate([[0.0], np.cumsum(mass)])
        own, visible = cumulative[last] - cumulative[first], cumulative[gone] - cumulative[seen]
        share = _spread(first, last, weight / own, len(mass)) * mass
        if windowed:  # for each row seen through its window, those that were not
            total = float(np.sum(weight / visible))
            share += mass * (total - _spread(seen, gone, weight / visible, len(mass)))
        return share / float(np.sum(share))

    mass = better(np.full(len(begins), 1.0 / len(begins)))
    before = loglik(mass)
    for _ in range(_STEPS):
        once = better(mass)
        twice = better(once)
        # Extrapolated along the last two steps (SQUAREM: Varadhan & Roland 2008), where that is better still.
        step, bend = once - mass, (twice - once) - (once - mass)
        curved = float(np.sum(bend * bend))
        far = twice
        if curved > 0:
            length = max(1.0, float(np.sqrt(np.sum(step * step) / curved)))
            far = mass + 2 * length * step + length**2 * bend
        if np.all(far >= 0) and (reached := loglik(far := better(far / np.sum(far)))) > before:
            mass = far
        else:
            mass, reached = twice, loglik(twice)
        if reached - before < _SETTLED:
            break
        before = reached
    return EmpiricalDistribution(begins, ends, mass, None, "Turnbull")


def _innermost(low: Array, high: Array) -> tuple[Array, Array]:
    """Intervals that begin at a lower end, finish at an upper end, and hold no other end; points are such intervals."""
    # At one value: an exact observation first begins and ends, then intervals end, which hold it, and others begin.
    exact = low == high
    values = np.concatenate([low[exact], high[exact], high[~exact], low[~exact]])
    kind = np.repeat([0, 1, 2, 3], [np.sum(exact), np.sum(exact), np.sum(~exact), np.sum(~exact)])
    order = np.lexsort((kind, values))
    values, begins = values[order], np.isin(kind[order], (0, 3))
    inner = np.flatnonzero(begins[:-1] & ~begins[1:])
    return values[inner], values[inner + 1]


def _within(begins: Array, ends: Array, low: Array, high: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Range of the innermost intervals that lie within ``(low, high]``; for a point, the point itself."""
    point = begins == ends
    # A point at the lower end of an interval is outside it, unless the interval is that point.
    first = np.searchsorted(begins, low, side="left")
    skip = (first < len(begins)) & (low < high)
    skip[skip] = point[first[skip]] & (begins[first[skip]] == low[skip])
    return first + skip, np.searchsorted(ends, high, side="right")


def _spread(first: NDArray[np.intp], last: NDArray[np.intp], value: Array, size: int) -> Array:
    """Sum, for each place, the values of the rows whose range holds it."""
    steps = np.zeros(size + 1)
    np.add.at(steps, first, value)
    np.subtract.at(steps, last, value)
    return np.asarray(np.cumsum(steps)[:-1])
