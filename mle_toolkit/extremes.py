"""Extremes of a series in time: block maxima, peaks over a threshold, and the choice of the threshold.

>>> import numpy as np
>>> import mle_toolkit as mle
>>> daily = np.random.default_rng(1).gumbel(size=365 * 40)
>>> years = mle.extremes.block_maxima(daily, 365)
>>> years.fit().family.name, years.sample.n_rows
('gev', 40)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array, IntervalBy
from mle_toolkit.data.frames import to_column, to_rows
from mle_toolkit.data.periods import by_label, dated, in_blocks
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, MleError, ParameterError
from mle_toolkit.fitting import Fit, fit
from mle_toolkit.inference.power_law import PowerLawTest, power_law_test
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.options import generator, level, number, numbers, probability, whole

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BlockMaxima", "Largest", "Peaks", "PowerLawTest", "block_maxima", "choose_threshold", "mean_excess",
    "peaks_over_threshold", "power_law_test", "r_largest", "threshold_stability",
]  # fmt: skip

_YEAR = 365.25
"""Days of a year."""


@dataclass(frozen=True)
class BlockMaxima:
    """The largest observation of each block of time.

    Attributes
    ----------
    table : DataFrame
        Index: the blocks; columns ``maximum``, and ``share``, of its observations those that are there.
    sample : Sample
        The maxima.
    """

    table: pd.DataFrame
    sample: Sample

    def fit(self, family: Any = "gev", **options: Any) -> Fit:
        """Fit a law, the generalised extreme-value law by default; options as of `mle_toolkit.fit`."""
        return fit(self.sample, family, **options)


def block_maxima(series: Any, block: int | str = "YE", *, least: float = 0.0) -> BlockMaxima:
    """Take the largest observation of each block.

    Parameters
    ----------
    series : Series of pandas with dates, or array_like
        In the order of time. Missing values are left out of their block.
    block : int or str
        How many observations make a block; or, of a dated series, a period of pandas: ``"YE"``, ``"YE-SEP"`` (years
        that end in September), ``"ME"``, ``"30D"``.
    least : float
        Blocks with a smaller share of their observations are left out; at most 1. A block of dates is expected to have
        as many as the fullest one; the last block of numbers may be short.

    Returns
    -------
    BlockMaxima

    Raises
    ------
    DataError
        If no block is left, or a period is given for a series without dates.
    """
    import pandas as pd

    groups, share = in_blocks(series, block, least)
    table = pd.DataFrame({"maximum": groups.max(), "share": share}).loc[share.index]
    return BlockMaxima(table, Sample(table["maximum"].to_numpy()))


@dataclass(frozen=True)
class Largest:
    """The largest observations of each block of time.

    Attributes
    ----------
    table : DataFrame
        A row a block, the largest first; missing where fewer are known.
    sample : Sample
        The same as data for laws of the block maximum.
    """

    table: pd.DataFrame
    sample: Sample

    def fit(self, family: Any = "gev", **options: Any) -> Fit:
        """Fit the law of the block maximum, the generalised extreme-value law by default; options as of `fit`."""
        return fit(self.sample, family, **options)


def r_largest(data: Any, r: int | None = None, *, block: Any = None, least: float = 0.0) -> Largest:
    """Take the largest few observations of each block, which say more of the law of the maximum than the maximum alone.

    Parameters
    ----------
    data : DataFrame or array_like of shape (blocks, k); or series
        The largest of each block in a row, NaN where fewer are known; or a series, with ``block``.
    r : int, optional
        How many of each block, at most; by default all of a table. Of a series it must be given.
    block : int, str or array_like of shape (n,), optional
        Of a series: as for `block_maxima`, or the block of every observation, as its year.
    least : float
        Of a series: as for `block_maxima`.

    Returns
    -------
    Largest

    Raises
    ------
    DataError
        If a block has no observation, or nothing is left.

    Notes
    -----
    Where exceedances of high levels are a Poisson process (Weissman 1978), and the block maximum has the distribution
    function G and the density g, the r largest have the density ``g(x_r) prod g(x_j) / G(x_j)``, j < r. So each but
    the last is an observation seen through a window that ends at it, and the likelihood is the one of all data here.
    More than a few from each block leave the tail (Coles 2001, section 3.5): compare fits for several ``r``.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> venice = mle.datasets.load("venice")
    >>> fit = r_largest(venice["level"], 5, block=venice["year"]).fit()
    >>> [round(value, 3) for value in fit.params.values()], round(fit.llf, 1)
    ([118.569, 13.66, -0.088], -732.0)
    """
    import pandas as pd

    count = None if r is None else whole(r, "r", 1)
    if block is not None:
        if count is None:
            raise ParameterError("r: of a series, say how many of each block: r=5.")
        if not isinstance(block, int | str):
            groups, share = by_label(data, block)
        else:
            groups, share = in_blocks(data, block, least)
        blocks = {name: part.dropna().to_numpy() for name, part in groups if name in share.index}
        rows = [np.sort(values)[::-1][:count] for values in blocks.values()]
        index: Any = list(blocks)
    else:
        table = pd.DataFrame(data)
        values = to_rows(table, "data")
        if values.shape[1] == 1 and np.ndim(data) == 1:
            raise ParameterError(
                f"block: data is one series of {len(values)} observations; say how it falls into blocks: block='YE' "
                f"for years of a series with dates, a number of observations, or the block of each observation."
            )
        if np.isinf(values).any():
            raise DataError(f"data: {int(np.isinf(values).sum())} values are infinite; remove them.")
        index = list(table.index)
        rows = [np.sort(row[~np.isnan(row)])[::-1][:count] for row in values]
    empty = [k for k, row in enumerate(rows) if len(row) == 0]
    if empty:
        first = index[empty[0]]
        raise DataError(f"data: {len(empty)} of {len(rows)} blocks have no observation; the first is {first}.")
    most = max(map(len, rows))
    padded = np.array([np.append(row, np.full(most - len(row), np.nan)) for row in rows])
    names = [f"r{k}" for k in range(1, most + 1)]
    values = np.concatenate(rows)
    last = np.concatenate([np.arange(len(row)) == len(row) - 1 for row in rows])
    sample = Sample(values).truncated(upper=np.where(last, np.inf, values)) if not last.all() else Sample(values)
    return Largest(pd.DataFrame(padded, pd.Index(index, name="block"), names), sample)


@dataclass(frozen=True)
class Peaks:
    """The largest observation of each cluster above a threshold.

    Attributes
    ----------
    threshold : float
    time, height : ndarray of shape (k,)
        When the peaks were, in days for dates and else in observations, and how high.
    length : float
        How long the series was watched: in years for dates, else in observations.
    n_above, n_observed : int
        Observations above the threshold, and all that are not missing.
    extremal_index : float
        Share of those above that are the peak of a cluster: one over the mean size of a cluster.
    intervals_index : float
        The same by the times between those above, without a run (Ferro & Segers 2003).
    """

    threshold: float
    time: Array
    height: Array
    length: float
    n_above: int
    n_observed: int
    extremal_index: float
    intervals_index: float

    @property
    def rate(self) -> float:
        """Peaks in a unit of length: a year for dates, else an observation."""
        return float(len(self.height) / self.length)

    @property
    def sample(self) -> Sample:
        """How far the peaks are above the threshold."""
        return Sample(self.height - self.threshold)

    def fit(self, family: Any = "gpd", **options: Any) -> Fit:
        """Fit a law to the excesses, the generalised Pareto law by default; options as of `mle_toolkit.fit`."""
        return fit(self.sample, family, **options)

    def process(self, block: float = 1.0) -> Sample:
        """The peaks as data for laws of the block maximum: those of a Poisson process above the threshold.

        Parameters
        ----------
        block : float
            How long a block is, in units of ``length``: years for dates, else observations.

        Notes
        -----
        With G and g the distribution function and the density of the block maximum, the process in m blocks has the
        likelihood ``G(u)^m prod g(x_j) / G(x_j)`` (Smith 1989; Coles 2001, chapter 7): each peak is an observation seen
        through a window that ends at it, and each block one that is known to lie below the threshold u.
        """
        blocks = self.length / number(block, "block", above=0.0)
        lower, upper = np.append(self.height, -np.inf), np.append(self.height, self.threshold)
        weights = np.append(np.ones(len(self.height)), blocks)
        return Sample.intervals(lower, upper, weights).truncated(upper=np.append(self.height, np.inf))

    def fit_process(self, family: Any = "gev", *, block: float = 1.0, **options: Any) -> Fit:
        """Fit the law of the block maximum to the peaks, rate and size together; options as of `mle_toolkit.fit`.

        Its return levels are those of blocks, and carry the error of the rate. By the generalised Pareto law of the
        excesses it is the same model in other parameters, so both have the same maximum.

        Examples
        --------
        >>> import numpy as np
        >>> daily = np.random.default_rng(1).gumbel(size=365 * 40)
        >>> peaks = peaks_over_threshold(daily, 4.0, run=0)
        >>> fit = peaks.fit_process(block=365)
        >>> scale = fit.params["scale"] + fit.params["xi"] * (4.0 - fit.params["loc"])
        >>> abs(scale - peaks.fit().params["scale"]) < 1e-6
        True
        """
        return fit(self.process(block), family, **options)

    def return_level(
        self, period: float, alpha: float = 0.05, method: IntervalBy = "wald", *, result: Fit | None = None
    ) -> Estimate:
        """Estimate the level that a peak exceeds once in a period on average.

        Parameters
        ----------
        period : float
            In units of `rate`: years for dates.
        alpha, method
            As of `Fit.quantile`; the delta method adds the error of the rate, that of a Poisson number, and the profile
            is that of the law with the rate known.
        result : Fit, optional
            Of the excesses; by default the generalised Pareto law is fitted. That of `fit_process` is none: it has
            return levels of its own.

        Raises
        ------
        ParameterError
            If the period holds less than one peak on average, or ``result`` is a fit of other data.
        """
        from scipy import special

        expected = self.rate * number(period, "period", above=0.0)
        if not expected > 1:
            raise ParameterError(
                f"period: {period:g} holds {expected:.3g} peaks on average; a level needs more than 1."
            )
        law = self.fit() if result is None else self._of_excesses(result)
        found = law.quantile(1 - 1 / expected, alpha, method)
        value = self.threshold + found.value
        if method != "wald" or found.se is None:
            low, high = found.interval or (math.nan, math.nan)
            ends = low + self.threshold, high + self.threshold
            return Estimate(value=value, interval=ends, level=found.level, method=found.method, unit="")
        # The level moves with the log of the rate by 1 / hazard, and the log of a Poisson number has variance 1 / n.
        slope = 1.0 / float(law.distribution.hazard(found.value))
        se = math.sqrt(found.se**2 + slope**2 / len(self.height))
        z = -float(special.ndtri(level(alpha) / 2))
        return Estimate(
            value=value, se=se, interval=(value - z * se, value + z * se), level=1 - alpha,
            method="delta method, with the error of the rate", unit="",
        )  # fmt: skip

    def _of_excesses(self, result: Any) -> Fit:
        """A fit, if its data are the excesses, or intervals that hold them."""
        if not isinstance(result, Fit):
            raise ParameterError(f"result: expected a fit of the excesses, got {type(result).__name__}.")
        rows, excess = result.sample, self.height - self.threshold
        slack = 8 * np.finfo(float).eps * max(float(np.max(np.abs(self.height))), abs(self.threshold))
        if rows is not None and rows.in_memory and not rows.is_multivariate and rows.n_rows == len(excess):
            near = (rows.lower - slack <= excess) & (excess <= rows.upper + slack)
            if near.all():
                return result
        raise ParameterError(
            f"result: its data are not the {len(excess)} excesses over {self.threshold:g}, in their order; fit "
            f"peaks.sample. A fit of peaks.fit_process() has its own return levels: result.return_level(period)."
        )


def peaks_over_threshold(series: Any, threshold: float, *, run: float = 1, length: float | None = None) -> Peaks:
    """Take the peaks of a series above a threshold, one a cluster.

    Parameters
    ----------
    series : Series of pandas with dates, or array_like
        In the order of time; missing values are left out.
    threshold : float
    run : float
        Two observations above the threshold belong to one cluster if they are at most so far apart, in days for dates
        and else in observations: the clusters of the runs method (Smith & Weissman 1994). 0 takes every observation.
    length : float, optional
        How long the series was watched, in years for dates. By default from each observation to the next date, without
        those that are missing and gaps of more than a year; shorter gaps may be nights, weekends or a season without
        events, and count as watched.

    Returns
    -------
    Peaks

    Raises
    ------
    DataError
        If nothing is above the threshold, or times do not increase.

    Examples
    --------
    >>> found = peaks_over_threshold([1, 5, 6, 1, 1, 7, 2, 8], 4, run=1)
    >>> found.height.tolist(), round(found.extremal_index, 3)
    ([6.0, 7.0, 8.0], 0.75)
    """
    time, values, watched = _timed(series)
    at, apart = number(threshold, "threshold"), number(run, "run", at_least=0.0)
    if length is not None:
        watched = number(length, "length", above=0.0)
    above = np.flatnonzero(values > at)
    if len(above) == 0:
        raise DataError(
            f"threshold: none of {len(values)} observations is above {at:g}; the largest is {values.max():g}."
        )
    gaps = np.diff(time[above])
    first = np.concatenate([[0], np.flatnonzero(gaps > apart) + 1])
    clusters = np.split(above, first[1:])
    peaks = np.array([rows[np.argmax(values[rows])] for rows in clusters])
    return Peaks(
        at,
        time[peaks],
        values[peaks],
        watched,
        len(above),
        len(values),
        len(peaks) / len(above),
        _intervals_index(gaps),
    )


def _timed(series: Any) -> tuple[Array, Array, float]:
    """Times, values that are there, and how long the series was watched."""
    values, by_date = to_column(series, "series")[0], dated(series)
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise DataError(
            f"series: {len(infinite)} of {len(values)} values are infinite; the first is series[{infinite[0]}] = "
            f"{values[infinite[0]]:g}. Remove them."
        )
    if by_date is not None:
        index: Any = by_date.index
        time = (index - index[0]).total_seconds().to_numpy() / 86_400
        apart = np.diff(time)
        step = float(np.median(apart)) if len(time) > 1 else 1.0
        own = np.append(np.where(apart > max(_YEAR, 2 * step), step, apart), step) / _YEAR
    else:
        time, own = np.arange(len(values), dtype=float), np.ones(len(values))
    if np.any(np.diff(time) <= 0):
        raise DataError(f"series: its times do not increase at row {int(np.flatnonzero(np.diff(time) <= 0)[0]) + 1}.")
    there = ~np.isnan(values)
    if not there.any():
        raise DataError("series: no observation that is not missing.")
    return time[there], values[there], float(np.sum(own[there]))


def _intervals_index(gaps: Array) -> float:
    """Extremal index by the times between exceedances (Ferro & Segers 2003, JRSS B 65, 545-556); NaN of one alone."""
    if len(gaps) == 0:
        return math.nan
    if float(gaps.max()) <= 2:
        top, bottom = 2 * float(gaps.sum()) ** 2, len(gaps) * float(np.sum(gaps**2))
    else:
        top, bottom = 2 * float(np.sum(gaps - 1)) ** 2, len(gaps) * float(np.sum((gaps - 1) * (gaps - 2)))
    return min(1.0, top / bottom) if bottom > 0 else 1.0


def mean_excess(series: Any, thresholds: Iterable[float] | None = None, alpha: float = 0.05) -> pd.DataFrame:
    """Mean excess over thresholds, with its interval: a straight line where a generalised Pareto law holds.

    Parameters
    ----------
    series : array_like
    thresholds : iterable of float, optional
        By default 30 quantiles from the median on that leave ten observations above.
    alpha : float
        One minus the level of the intervals, which are normal.

    Returns
    -------
    DataFrame
        Index ``threshold``; columns ``n_above``, ``mean``, ``lower``, ``upper``.
    """
    import pandas as pd
    from scipy import special

    values = _timed(series)[1]
    z = -float(special.ndtri(level(alpha) / 2))
    rows = []
    chosen = _chosen(values, thresholds, 30, 10)
    for at in chosen:
        excess = values[values > at] - at
        mean = float(np.mean(excess)) if len(excess) else math.nan
        se = float(np.std(excess, ddof=1)) / math.sqrt(len(excess)) if len(excess) > 1 else math.nan
        rows.append((len(excess), mean, mean - z * se, mean + z * se))
    index = pd.Index(chosen, name="threshold")
    return pd.DataFrame(rows, index=index, columns=["n_above", "mean", "lower", "upper"])


def _chosen(values: Array, thresholds: Any, count: int, least: int) -> list[float]:
    """The thresholds of the user, or quantiles that leave enough above."""
    if thresholds is None:
        return _candidates(values, count, least)
    several = isinstance(thresholds, Iterable) and not isinstance(thresholds, str | np.ndarray)
    given = np.atleast_1d(numbers(list(thresholds) if several else thresholds, "thresholds"))
    return [number(at, "thresholds") for at in given.ravel().tolist()]


def _candidates(values: Array, count: int, least: int) -> list[float]:
    highest = 1 - least / len(values)
    if not highest > 0.5:
        raise DataError(f"thresholds: {len(values)} observations are too few to leave {least} above a choice of them.")
    chosen = np.unique(np.quantile(values, np.linspace(0.5, highest, count)))
    found = [float(v) for v in chosen if np.count_nonzero(values > v) >= least]  # of ties a quantile may be the largest
    if not found:
        raise DataError(f"thresholds: so many observations are equal that no quantile leaves {least} above; name some.")
    return found


def threshold_stability(
    series: Any, thresholds: Iterable[float] | None = None, *, run: float = 1, alpha: float = 0.05
) -> pd.DataFrame:
    """Fit a generalised Pareto law to the peaks over each threshold: above a good one its parameters do not change.

    Parameters
    ----------
    series, run
        As for `peaks_over_threshold`.
    thresholds : iterable of float, optional
        By default 20 quantiles from the median on that leave thirty observations above.
    alpha : float
        One minus the level of the intervals, which are Wald's.

    Returns
    -------
    DataFrame
        Index ``threshold``; columns ``n_peaks``, ``xi``, ``xi_lower``, ``xi_upper``, and ``scale_star`` = scale - xi
        threshold with its ends. NaN where the law cannot be fitted, or has no standard error. `mle_toolkit.plot`
        draws it: ``threshold_stability``.

    References
    ----------
    Coles (2001), An Introduction to Statistical Modeling of Extreme Values, section 4.3.4.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> losses = mle.datasets.load("danish_fire")["loss"]
    >>> found = threshold_stability(losses, [5, 10, 20], run=0)
    >>> found.loc[10, ["n_peaks", "xi", "xi_lower", "xi_upper"]].round(2).tolist()
    [109.0, 0.5, 0.23, 0.76]
    """
    import pandas as pd

    values, size = _timed(series)[1], level(alpha)
    chosen = sorted(_chosen(values, thresholds, 20, 30))
    rows = []
    for at in chosen:
        peaks = peaks_over_threshold(series, at, run=run)
        row = [float(len(peaks.height))]
        for function in (lambda law: law.params["xi"], lambda law, at=at: law.params["scale"] - at * law.params["xi"]):
            try:
                found = peaks.fit().derive(function, size)
                row += [found.value, *(found.interval or (math.nan, math.nan))]
            except MleError:
                row += [math.nan] * 3
        rows.append(row)
    ends = [f"{name}{end}" for name in ("xi", "scale_star") for end in ("", "_lower", "_upper")]
    return pd.DataFrame(rows, pd.Index(chosen, name="threshold"), ["n_peaks", *ends]).astype({"n_peaks": int})


def choose_threshold(
    series: Any,
    thresholds: Iterable[float] | None = None,
    *,
    run: float = 1,
    alpha: float = 0.1,
    n_resamples: int = 199,
    rng: Any = None,
) -> pd.DataFrame:
    """Test at each threshold that the excesses are of a generalised Pareto law, and mark the lowest that passes.

    Parameters
    ----------
    series, run
        As for `peaks_over_threshold`.
    thresholds : iterable of float, optional
        By default ten quantiles from the median on that leave thirty observations above.
    alpha : float
        Share of rejected thresholds that may be so wrongly.
    n_resamples : int
        Replicates of each test (Anderson-Darling, each replicate fitted anew).
    rng : None, int, SeedSequence, BitGenerator or Generator, optional
        Source of randomness (SPEC 7).

    Returns
    -------
    DataFrame
        Index ``threshold``; columns ``n_peaks``, ``xi``, ``xi_se`` (which should not change above a good threshold),
        ``scale_star`` = scale - xi threshold (likewise), ``p_value``, and ``chosen``, true for one row at most. A
        threshold at which the law cannot be fitted has no p-value and counts as rejected.

    Notes
    -----
    Thresholds from the lowest on are rejected as long as the mean of -log(1 - p) over them is at most ``alpha``
    (ForwardStop: G'Sell, Wager, Chouldechova & Tibshirani 2016, JRSS B 78, 423-444; for thresholds Bader, Yan & Zhang
    2018, Annals of Applied Statistics 12, 310-329). The chosen one is the next.
    """
    import pandas as pd

    values = _timed(series)[1]
    share = probability(alpha, "alpha")
    chosen, replicates = sorted(_chosen(values, thresholds, 10, 30)), whole(n_resamples, "n_resamples", 1)
    seeds = generator(rng).spawn(len(chosen))
    rows = []
    for at, seed in zip(chosen, seeds, strict=True):
        peaks = peaks_over_threshold(series, at, run=run)
        try:
            found = peaks.fit()
            p = found.goodness_of_fit(n_resamples=replicates, rng=seed).p_value
        except MleError:
            rows.append((len(peaks.height), math.nan, math.nan, math.nan, math.nan))
            continue
        xi, scale = found.params["xi"], found.params["scale"]
        rows.append((len(peaks.height), xi, found.bse["xi"], scale - xi * at, p))
    index = pd.Index(chosen, name="threshold")
    table = pd.DataFrame(rows, index=index, columns=["n_peaks", "xi", "xi_se", "scale_star", "p_value"])
    p = np.nan_to_num(table["p_value"].to_numpy(), nan=0.0)
    means = np.cumsum(-np.log1p(-np.minimum(p, 1 - 1e-12))) / np.arange(1, len(p) + 1)
    rejected = np.flatnonzero(means <= share)
    first = int(rejected[-1]) + 1 if len(rejected) else 0
    return table.assign(chosen=np.arange(len(table)) == first)
