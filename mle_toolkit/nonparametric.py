"""Distributions of data without a model: Kaplan-Meier, Nelson-Aalen, Turnbull, with bands.

>>> import mle_toolkit as mle
>>> times = mle.Sample.right_censored([6, 7, 10, 13, 16, 17], [1, 0, 1, 1, 1, 0])
>>> curve = mle.nonparametric.kaplan_meier(times)
>>> curve.survival.round(4).tolist()
[0.8333, 0.625, 0.4167, 0.2083]
"""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError
from mle_toolkit.inference.empirical import EmpiricalDistribution, empirical_distribution, product_limit
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.options import level, number, places, probability

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CumulativeHazard", "SurvivalCurve", "TurnbullDistribution", "kaplan_meier", "nelson_aalen", "turnbull"]


class _Steps:
    """What moves at the times of events, as a table."""

    time: Array
    at_risk: Array
    events: Array

    @property
    def _estimate(self) -> dict[str, Array]:
        """The estimate and its standard error, by their names."""
        raise NotImplementedError

    def band(self, alpha: float = 0.05) -> pd.DataFrame:
        """Pointwise intervals."""
        raise NotImplementedError

    @property
    def table(self) -> pd.DataFrame:
        """All of it, one row a time of events."""
        import pandas as pd

        columns = {"at_risk": self.at_risk, "events": self.events, **self._estimate}
        return pd.DataFrame(columns, index=pd.Index(self.time, name="time")).join(self.band())

    def __str__(self) -> str:
        return str(self.table.to_string(float_format="{:.5g}".format))

    def _repr_html_(self) -> str:
        return str(self.table.to_html(float_format="{:.5g}".format))


@dataclass(frozen=True)
class SurvivalCurve(_Steps):
    """The product-limit estimate of a survival function, which steps down at the times of events.

    Attributes
    ----------
    time : ndarray of shape (k,)
        Times of events, in order.
    survival : ndarray of shape (k,)
        Estimate from each time on, up to the next.
    se : ndarray of shape (k,)
        Its standard error (Greenwood 1926).
    at_risk, events : ndarray of shape (k,)
        How many, by weight, might have had an event at each time, and how many had one.
    last : float
        Last time at which anybody was watched; the curve says nothing of later ones, unless it has reached zero.
    """

    time: Array
    survival: Array
    se: Array
    at_risk: Array
    events: Array
    last: float

    def at(self, t: Any) -> Array:
        """Probability to live longer than t; NaN beyond the last time, unless the curve has reached zero."""
        t = places(t, "t")
        steps = np.concatenate([[1.0], self.survival])[np.searchsorted(self.time, t, side="right")]
        return np.asarray(np.where(np.isnan(t) | (t > self.last) & (steps > 0), np.nan, steps))

    def band(self, alpha: float = 0.05) -> pd.DataFrame:
        """Pointwise intervals of level ``1 - alpha``, normal on the scale of log(-log S) (Kalbfleisch & Prentice 1980).

        Returns
        -------
        DataFrame
            Columns ``lower`` and ``upper``, one row a time of events; NaN where the estimate is 0 or 1.
        """
        import pandas as pd
        from scipy import special

        z = -float(special.ndtri(level(alpha) / 2))
        inner = (self.survival > 0) & (self.survival < 1)
        survival = np.where(inner, self.survival, 0.5)
        reach = np.exp(z * self.se / (survival * -np.log(survival)))
        lower, upper = (np.where(inner, survival**power, np.nan) for power in (reach, 1 / reach))
        return pd.DataFrame({"lower": lower, "upper": upper}, index=pd.Index(self.time, name="time"))

    def quantile(self, p: float, alpha: float = 0.05) -> Estimate:
        """Earliest time by which a share ``p`` has had the event, with the times at which the band says so.

        Parameters
        ----------
        p : float
            Between 0 and 1.
        alpha : float
            One minus the level of the interval (Brookmeyer & Crowley 1982); its ends are infinite where the band does
            not come down so far.
        """
        left = 1 - probability(p, "p")
        band = self.band(alpha)  # which has no upper end where nobody is left
        ends = self._reached(band["lower"].fillna(0.0), left), self._reached(band["upper"].fillna(1.0), left)
        return Estimate(
            value=self._reached(self.survival, left),
            interval=ends,
            level=1 - alpha,
            method="Kaplan-Meier",
            unit="",
        )

    def _reached(self, curve: Any, left: float) -> float:
        places = np.flatnonzero(np.asarray(curve) <= left * (1 + 1e-12))
        return float(self.time[places[0]]) if len(places) else math.inf

    def restricted_mean(self, t: float | None = None, alpha: float = 0.05) -> Estimate:
        """Mean of the time lived up to t: the area below the curve; by default up to the last time.

        Its standard error is that of Klein & Moeschberger (2003, section 4.5), from Greenwood's formula.

        Raises
        ------
        DataError
            If t lies beyond the last time, where the curve is not known.
        """
        from scipy import special

        end = self.last if t is None else number(t, "t")
        if end > self.last and self.survival[-1] > 0:
            raise DataError(f"restricted_mean: nobody was watched beyond {self.last:g}; got {end:g}.")
        inner = self.time < end
        knots = np.concatenate([[0.0], self.time[inner], [end]])  # times of logs are below 0: signed areas
        steps = np.concatenate([[1.0], self.survival[inner]])
        area = steps * np.diff(knots)
        left = np.cumsum(area[::-1])[::-1][1:]  # below the curve, from each event on
        risk, deaths = self.at_risk[inner], self.events[inner]
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = left**2 * deaths / (risk * (risk - deaths))
        se = math.sqrt(float(np.sum(np.where(left > 0, terms, 0.0))))
        value, z = float(np.sum(area)), -float(special.ndtri(level(alpha) / 2))
        return Estimate(
            value=value,
            se=se,
            interval=(value - z * se, value + z * se),
            level=1 - alpha,
            method="Kaplan-Meier",
            unit="",
        )

    @property
    def _estimate(self) -> dict[str, Array]:
        return {"survival": self.survival, "se": self.se}


@dataclass(frozen=True)
class CumulativeHazard(_Steps):
    """Nelson-Aalen's estimate of a cumulative hazard, which steps up at the times of events.

    Attributes
    ----------
    time, hazard, se : ndarray of shape (k,)
        Times of events, the estimate from each on, and its standard error (Aalen 1978).
    at_risk, events : ndarray of shape (k,)
        How many, by weight, might have had an event at each time, and how many had one.
    last : float
        Last time at which anybody was watched; the hazard of later times is not known.
    """

    time: Array
    hazard: Array
    se: Array
    at_risk: Array
    events: Array
    last: float

    def at(self, t: Any) -> Array:
        """Cumulative hazard at t; NaN beyond the last time at which anybody was watched."""
        t = places(t, "t")
        steps = np.concatenate([[0.0], self.hazard])[np.searchsorted(self.time, t, side="right")]
        return np.asarray(np.where(np.isnan(t) | (t > self.last), np.nan, steps))

    def band(self, alpha: float = 0.05) -> pd.DataFrame:
        """Pointwise intervals of level ``1 - alpha``, normal on the log scale; columns ``lower`` and ``upper``."""
        import pandas as pd
        from scipy import special

        reach = np.exp(-float(special.ndtri(level(alpha) / 2)) * self.se / self.hazard)
        ends = {"lower": self.hazard / reach, "upper": self.hazard * reach}
        return pd.DataFrame(ends, index=pd.Index(self.time, name="time"))

    @property
    def _estimate(self) -> dict[str, Array]:
        return {"hazard": self.hazard, "se": self.se}


@dataclass(frozen=True)
class TurnbullDistribution:
    """The distribution of highest likelihood for data of any form.

    Attributes
    ----------
    lower, upper, mass : ndarray of shape (m,)
        Intervals ``(lower, upper]``, or single values where both are equal, and the mass in each; within an interval
        data do not say where it lies.
    method : str
        ``"empirical"``, ``"Kaplan-Meier"`` or ``"Turnbull"``, whichever the data come down to.
    """

    lower: Array
    upper: Array
    mass: Array
    method: str

    def cdf(self, x: Any) -> tuple[Array, Array]:
        """Least and greatest probability of at most x that the masses allow; arrays of the shape of x, NaN at NaN."""
        x = places(x, "x")
        sums = np.concatenate([[0.0], np.minimum(np.cumsum(self.mass), 1.0)])
        least = sums[np.searchsorted(self.upper, x, side="right")]
        starts = np.searchsorted(self.lower, x, side="left")
        points = np.searchsorted(self.upper, x, side="right")
        missing = np.isnan(x)
        return np.where(missing, np.nan, least), np.where(missing, np.nan, sums[np.maximum(starts, points)])

    @property
    def table(self) -> pd.DataFrame:
        """All of it, one row a mass."""
        import pandas as pd

        below = np.minimum(np.cumsum(self.mass), 1.0)
        return pd.DataFrame({"lower": self.lower, "upper": self.upper, "mass": self.mass, "cdf": below})

    def __str__(self) -> str:
        return f"{self.method}\n{self.table.to_string(index=False, float_format='{:.5g}'.format)}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.method)}</p>{self.table.to_html(index=False, float_format='{:.5g}'.format)}"


def kaplan_meier(sample: Any) -> SurvivalCurve:
    """Estimate the survival function of exact and right-censored times, with delayed entry or without.

    Parameters
    ----------
    sample : Sample
        Or what `mle_toolkit.fit` takes as data: an array, a Series, ``scipy.stats.CensoredData``.

    Returns
    -------
    SurvivalCurve

    Raises
    ------
    DataError
        If it holds other intervals, windows that end, or no event.

    References
    ----------
    Kaplan & Meier (1958), Journal of the American Statistical Association 53, 457-481; for delayed entry Lynden-Bell
    (1971), Monthly Notices of the Royal Astronomical Society 155, 95-118.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> curve = kaplan_meier(mle.Sample.right_censored([6, 7, 10, 13, 16, 17], [1, 0, 1, 1, 1, 0]))
    >>> curve.quantile(0.5).value
    13.0
    """
    time, deaths, risk, survival, last = _steps(sample, "kaplan_meier")
    with np.errstate(divide="ignore", invalid="ignore"):
        se = survival * np.sqrt(np.cumsum(deaths / (risk * (risk - deaths))))
    return SurvivalCurve(time, survival, np.where(survival > 0, se, 0.0), risk, deaths, last)


def nelson_aalen(sample: Any) -> CumulativeHazard:
    """Estimate the cumulative hazard of exact and right-censored times, with delayed entry or without.

    Parameters
    ----------
    sample : Sample
        Or what `mle_toolkit.fit` takes as data: an array, a Series, ``scipy.stats.CensoredData``.

    Returns
    -------
    CumulativeHazard

    Raises
    ------
    DataError
        If it holds other intervals, windows that end, or no event.

    References
    ----------
    Nelson (1969), Journal of Quality Technology 1, 27-52; Aalen (1978), Annals of Statistics 6, 701-726.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> found = nelson_aalen(mle.Sample.right_censored([6, 7, 10, 13, 16, 17], [1, 0, 1, 1, 1, 0]))
    >>> found.hazard.round(4).tolist()
    [0.1667, 0.4167, 0.75, 1.25]
    """
    time, deaths, risk, _, last = _steps(sample, "nelson_aalen")
    return CumulativeHazard(time, np.cumsum(deaths / risk), np.sqrt(np.cumsum(deaths / risk**2)), risk, deaths, last)


def _steps(data: Any, what: str) -> tuple[Array, Array, Array, Array, float]:
    """Times of events, their weight, the weight at risk, the product-limit survival, and the last time."""
    sample = Sample.of(data)
    if sample.is_multivariate or not sample.in_memory:
        raise DataError(f"{what}: expected a sample of numbers in memory.")
    point = sample.lower == sample.upper
    windows = sample.window
    ended = np.zeros(0) if windows is None else windows[1]
    other = int(np.sum(~point & ~np.isposinf(sample.upper)))
    if other or not np.all(np.isposinf(ended)):
        raise DataError(
            f"{what}: {other} of {sample.n_rows} rows are intervals, or windows end; it takes exact and right-censored "
            f"times. nonparametric.turnbull takes any."
        )
    if not point.any():
        raise DataError(f"{what}: none of the {sample.n_rows} rows is an event.")
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
    entry = np.full(sample.n_rows, -np.inf) if windows is None else np.broadcast_to(windows[0], sample.n_rows)
    found = product_limit(sample.lower, point, weight, np.asarray(entry, dtype=float))
    return found.points, found.deaths, found.at_risk, found.survival, float(np.max(sample.lower))


def turnbull(sample: Any) -> TurnbullDistribution:
    """Estimate the distribution of data of any form: intervals, censored on both sides, seen through windows.

    Parameters
    ----------
    sample : Sample
        Or what `mle_toolkit.fit` takes as data: an array, a Series, ``scipy.stats.CensoredData``.

    Returns
    -------
    TurnbullDistribution

    Raises
    ------
    DataError
        If the observations are vectors, or not in memory.

    References
    ----------
    Turnbull (1976), Journal of the Royal Statistical Society B 38, 290-295.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> turnbull(mle.Sample.intervals([0, 1, 1], [1, 3, 2])).mass.round(4).tolist()
    [0.3333, 0.6667]
    """
    sample = Sample.of(sample)
    if not sample.in_memory:
        raise DataError("turnbull: expected a sample in memory.")
    found: EmpiricalDistribution = empirical_distribution(sample)
    return TurnbullDistribution(found.lower, found.upper, found.mass, found.method)
