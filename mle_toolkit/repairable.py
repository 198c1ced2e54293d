"""Repairable systems: the power-law process of Crow and AMSAA, trend tests, and the mean cumulative function.

A system that is repaired as it was before fails along a process, not by one lifetime: `power_law_process` fits the
process whose mean number of failures up to t is ``(t / scale) ** shape``, over one system or several.

>>> import mle_toolkit as mle
>>> failures = [5, 40, 43, 175, 389, 712, 747, 795, 1299, 1478]
>>> process = mle.repairable.power_law_process(failures, end=1500)
>>> round(process.params["shape"], 4)
0.5372
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.frames import to_column
from mle_toolkit.errors import DataError, NoMaximumError, RangeError, UnboundedLikelihoodError
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.options import as_float, level, number, places

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Histories", "PowerLawProcess", "mean_cumulative_function", "power_law_process", "trend"]


_LARGEST = math.log(np.finfo(float).max)
"""Log of the largest double."""


def _raised(log: float) -> float:
    """exp, infinite where it leaves the doubles."""
    return math.exp(log) if log < _LARGEST else math.inf


@dataclass(frozen=True)
class Histories:
    """Failures of systems, each watched from a start to an end.

    Attributes
    ----------
    time : ndarray of shape (n,)
        Times of failures, of all systems.
    system : ndarray of shape (n,)
        Number of the system of each.
    start, end : ndarray of shape (m,)
        From when to when each system was watched.
    by_failures : bool
        Whether the end of each system is its own last failure.
    """

    time: Array
    system: Array
    start: Array
    end: Array
    by_failures: bool

    @classmethod
    def of(cls, time: Any, end: Any = None, *, start: Any = 0.0, system: Any = None) -> Histories:
        """Check and take histories; arguments as for `power_law_process`."""
        times, _ = to_column(time, "time")
        n = len(times)
        if n == 0 or not np.all(np.isfinite(times)):
            raise DataError(
                f"time: expected finite times of failures, got {n} of which {int(np.sum(np.isnan(times)))} NaN."
            )
        labels = [0] * n if system is None else _labels(system, n)
        known = list(end) if isinstance(end, Mapping) and system is not None else []
        try:
            names = sorted({*labels, *known})
        except TypeError:
            kinds = sorted({type(name).__name__ for name in (*labels, *known)})
            raise DataError(
                f"system: labels that cannot be put in order, of the kinds {', '.join(kinds)}; give all as texts, or "
                f"all as numbers."
            ) from None
        number_of = {name: k for k, name in enumerate(names)}
        place = np.array([number_of[name] for name in labels])
        first = _of_each(start, names, "start")
        last = np.full(len(names), -np.inf)
        if end is None:
            np.maximum.at(last, place, times)
        else:
            last = _of_each(end, names, "end")
        for what, ends in (("start", first), ("end", last)):
            wrong = np.flatnonzero(~np.isfinite(ends))
            if len(wrong):
                k = int(wrong[0])
                raise DataError(f"{what}: expected finite times, got {ends[k]:g} for system {names[k]!r}.")
        outside = np.flatnonzero((times <= first[place]) | (times > last[place]) | (times <= 0))
        if len(outside):
            k = int(outside[0])
            raise DataError(
                f"time: {len(outside)} of {n} failures are outside the time their system was watched, "
                f"({first[place[k]]:g}, {last[place[k]]:g}]; the first is time[{k}] = {times[k]:g}."
            )
        if np.any(first < 0):
            raise DataError("start: a system cannot be watched before its time 0.")
        idle = np.flatnonzero(first >= last)
        if len(idle):
            k = int(idle[0])
            raise DataError(f"end: system {names[k]!r} was watched from {first[k]:g} to {last[k]:g}, which is no time.")
        return cls(times, place.astype(float), first, last, end is None)


def _labels(system: Any, n: int) -> list[Any]:
    """The label of each failure, none missing."""
    import pandas as pd

    try:
        labels = np.asarray(system, dtype=object if isinstance(system, list | tuple) else None)
    except (ValueError, TypeError):
        labels = np.zeros(0)
    if labels.shape != (n,):
        raise DataError(f"system: expected one label a failure, {n} of them; got shape {labels.shape}.")
    missing = np.flatnonzero(pd.isna(labels))
    if len(missing):
        raise DataError(f"system: {len(missing)} of {n} labels are missing; the first is system[{missing[0]}].")
    found: list[Any] = labels.tolist()
    strange = [label for label in found if not isinstance(label, Hashable)]
    if strange:
        raise DataError(f"system: expected texts or numbers as labels, got a {type(strange[0]).__name__}.")
    return found


def _of_each(value: Any, names: list[Any], what: str) -> Array:
    """A number for all systems, a mapping by their labels, or one each in the order of the labels."""
    if isinstance(value, Mapping):
        missing = [name for name in names if name not in value]
        if missing:
            raise DataError(f"{what}: there is none for system {missing[0]!r}.")
        return np.array([number(value[name], what) for name in names])
    if as_float(value) is not None or isinstance(value, str):
        return np.full(len(names), number(value, what))
    if isinstance(value, list | tuple):
        value = [number(each, what, error=DataError) for each in value]
    values, _ = to_column(value, what)
    if len(values) != len(names):
        raise DataError(f"{what}: expected one for each of {len(names)} systems, got {len(values)}.")
    return values


@dataclass(frozen=True)
class PowerLawProcess:
    """A fitted power-law process: intensity ``shape / scale * (t / scale) ** (shape - 1)`` for each system.

    A shape below 1 means that failures become rarer: reliability grows.

    Attributes
    ----------
    params : mapping of str to float
        ``shape`` and ``scale``.
    bse : mapping of str to float
        Standard errors, from the observed information.
    llf : float
        Log-likelihood, nats.
    n_failures, n_systems : int
    histories : Histories
    """

    params: Mapping[str, float]
    bse: Mapping[str, float]
    cov: Array
    llf: float
    histories: Histories

    @property
    def n_failures(self) -> int:
        """Failures of all systems."""
        return len(self.histories.time)

    @property
    def n_systems(self) -> int:
        """Systems that were watched."""
        return len(self.histories.end)

    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame:
        """Intervals of level ``1 - alpha``.

        The shape's is exact where all systems were watched from 0 to the same end, or each to its last failure: twice
        the shape times the sum of log(end / time) is chi-squared on 2n degrees of freedom, n less one for each system
        whose end is a failure (Crow 1974; Rigdon & Basu 2000, chapter 4). Otherwise, and for the scale, intervals are
        Wald's on the log scale.
        """
        import pandas as pd
        from scipy import special

        z = -float(special.ndtri(level(alpha) / 2))
        rows = {
            name: [value * _raised(s * z * self.bse[name] / value) for s in (-1, 1)]
            for name, value in self.params.items()
        }
        seen = self.histories
        freedom = 2 * (self.n_failures - self.n_systems * seen.by_failures)
        if self._is_exact and freedom > 0:
            logs = float(np.sum(np.log(seen.end[seen.system.astype(int)]) - np.log(seen.time)))
            rows["shape"] = [float(special.chdtri(freedom, p)) / (2 * logs) for p in (1 - alpha / 2, alpha / 2)]
        return pd.DataFrame(rows, index=["lower", "upper"]).T

    @property
    def _is_exact(self) -> bool:
        seen = self.histories
        return bool(np.all(seen.start == 0) and (seen.by_failures or np.all(seen.end == seen.end[0])))

    def expected_failures(self, t: Any) -> Array:
        """Mean number of failures of a system up to t; NaN before its time 0."""
        t = places(t, "t")
        return np.asarray(np.where(t < 0, np.nan, (np.abs(t) / self.params["scale"]) ** self.params["shape"]))

    def intensity(self, t: float, alpha: float = 0.05) -> Estimate:
        """Failures per unit of time at t, with Wald's interval on the log scale."""
        value, se, ends = self._intensity(t, alpha)
        return Estimate(value=value, se=value * se, interval=ends, level=1 - alpha, method="delta method", unit="")

    def _intensity(self, t: float, alpha: float) -> tuple[float, float, tuple[float, float]]:
        """The intensity, the standard error of its log, and its interval."""
        from scipy import special

        shape, scale = self.params["shape"], self.params["scale"]
        at = number(t, "t", above=0.0)
        value = shape / scale * (at / scale) ** (shape - 1)
        slope = np.array([1 / shape + math.log(at / scale), -shape / scale])
        se = math.sqrt(float(slope @ self.cov @ slope))
        reach = _raised(-float(special.ndtri(level(alpha) / 2)) * se)
        return value, se, (value / reach, value * reach)

    def time_between_failures(self, t: float, alpha: float = 0.05) -> Estimate:
        """One over the intensity at t: the mean time between failures, were it to stay as it is at t."""
        intensity, se, (low, high) = self._intensity(t, alpha)
        value, ends = 1 / intensity, (1 / high, 1 / low)
        return Estimate(
            value=value, se=intensity * se * value**2, interval=ends, level=1 - alpha, method="delta method", unit=""
        )

    @cached_property
    def _text(self) -> str:
        table = self.conf_int().assign(estimate=list(self.params.values()), se=list(self.bse.values()))
        shown = table[["estimate", "se", "lower", "upper"]].to_string(float_format="{:.6g}".format)
        return (
            f"power-law process: {self.n_failures} failures of {self.n_systems} system"
            f"{'s' * (self.n_systems > 1)}, llf {self.llf:.8g}\n{shown}"
        )

    def __str__(self) -> str:
        return self._text


def power_law_process(time: Any, end: Any = None, *, start: Any = 0.0, system: Any = None) -> PowerLawProcess:
    """Fit the power-law process (Crow-AMSAA, Weibull process) to the failures of repairable systems.

    Parameters
    ----------
    time : array_like of shape (n,)
        Times of failures, from the beginning of the life of each system.
    end : float, mapping or array_like, optional
        Until when each system was watched: one number, or one for each system, by label or in their order. By label it
        may name systems that did not fail. By default each was watched to its last failure.
    start : float, mapping or array_like
        From when it was watched.
    system : array_like of shape (n,), optional
        Which system failed; by default there is one.

    Returns
    -------
    PowerLawProcess

    Raises
    ------
    DataError
        If a failure is outside the time that was watched.
    UnboundedLikelihoodError, NoMaximumError
        If the likelihood has no maximum: all failures are at the ends, or early in a watch that began late.

    References
    ----------
    Crow (1974), in Reliability and Biometry, SIAM, 379-410; MIL-HDBK-189; Rigdon & Basu (2000), Statistical Methods for
    the Reliability of Repairable Systems.

    Examples
    --------
    >>> process = power_law_process([5, 40, 43, 175, 389, 712, 747, 795, 1299, 1478], end=1500)
    >>> process.conf_int().loc["shape"].round(4).tolist()
    [0.2576, 0.9178]
    """
    seen = Histories.of(time, end, start=start, system=system)
    n, unit = len(seen.time), float(np.max(seen.end))
    first, last = seen.start / unit, seen.end / unit  # powers stay within the range of doubles
    logs = float(np.sum(np.log(seen.time) - math.log(unit)))
    if float(np.min(seen.time)) == unit:
        raise UnboundedLikelihoodError(
            f"power_law_process: all {n} failures are at the ends of what was watched, so the shape has no maximum; "
            f"give the time until which the systems were watched: end=."
        )
    if np.all(first > 0):
        # As the shape falls to 0 failures come as 1 / t, evenly in log t; below the middle of what was seen of it the
        # likelihood falls with the shape everywhere.
        spans = np.log(last) - np.log(first)
        middle = float(np.sum(spans * (np.log(last) + np.log(first)) / 2) / np.sum(spans))
        if logs <= n * middle:
            raise NoMaximumError(
                f"power_law_process: the likelihood rises as the shape falls to 0, where failures come as 1 / t: the "
                f"{n} failures are early in what was watched, and no system was watched from its time 0."
            )

    def slope(shape: float) -> float:
        total, rise, _ = _exposure(shape, first, last)
        return n / shape + logs - n * rise / total

    low, high = 1e-3, 1.0
    while slope(high) > 0:
        high *= 2
    while slope(low) < 0:
        low /= 2
    from scipy import optimize

    shape = float(optimize.brentq(slope, low, high, xtol=1e-15, rtol=4 * np.finfo(float).eps))
    total, rise, bend = _exposure(shape, first, last)
    rate = n / total
    log_scale = math.log(unit) - math.log(rate) / shape
    if abs(log_scale) > _LARGEST:
        raise RangeError(
            f"power_law_process: at the shape {shape:.4g} of the maximum the scale is exp({log_scale:.4g}), which "
            f"leaves the range of numbers."
        )
    scale = math.exp(log_scale)
    llf = n * math.log(rate * shape) + (shape - 1) * logs - n - n * math.log(unit)
    # Information of (shape, log rate), then of (shape, scale), where log rate = -shape log(scale / unit).
    inverse = np.linalg.inv(np.array([[n / shape**2 + rate * bend, rate * rise], [rate * rise, n]]))
    turn = np.array([[1.0, 0.0], [-(log_scale - math.log(unit)) / shape, -1 / shape]])
    of_logs = turn @ inverse @ turn.T
    se = np.sqrt(np.diag(of_logs)) * [1.0, scale]
    with np.errstate(over="ignore"):  # the square of a scale above 1e154 is infinite
        cov = of_logs * np.outer([1.0, scale], [1.0, scale])
    return PowerLawProcess(
        MappingProxyType({"shape": shape, "scale": scale}),
        MappingProxyType({"shape": float(se[0]), "scale": float(se[1])}),
        cov,
        llf,
        seen,
    )


def _exposure(shape: float, first: Array, last: Array) -> tuple[float, float, float]:
    """Sum over systems of end ** shape - start ** shape, and its two derivatives by the shape."""
    sums = np.zeros(3)
    for sign, ends in ((1.0, last), (-1.0, first[first > 0])):
        power, logs = ends**shape, np.log(ends)
        sums += sign * np.array([np.sum(power), np.sum(power * logs), np.sum(power * logs**2)])
    return float(sums[0]), float(sums[1]), float(sums[2])


def trend(time: Any, end: Any = None, *, start: Any = 0.0, system: Any = None) -> pd.DataFrame:
    """Test that failures come at a steady rate, against a trend.

    Parameters
    ----------
    time, end, start, system
        As for `power_law_process`.

    Returns
    -------
    DataFrame
        ``laplace``: the mean of the times against the middle of what was watched, normal, and ``mil_hdbk_189``: twice
        the sum of log(end / time), chi-squared on 2n degrees of freedom (n less one for each system whose end is a
        failure), which needs a start at 0. Columns ``statistic``, ``df``, ``p_value`` (two-sided), ``says``.

    References
    ----------
    Ascher & Feingold (1984), Repairable Systems Reliability; MIL-HDBK-189C, section 6.

    Examples
    --------
    >>> trend([5, 40, 43, 175, 389, 712, 747, 795, 1299, 1478], end=1500)["p_value"].round(4).tolist()
    [0.1845, 0.022]
    """
    import pandas as pd
    from scipy import special

    seen = Histories.of(time, end, start=start, system=system)
    place = seen.system.astype(int)
    # A last failure that ends the watch is no draw within it.
    inner = seen.time < seen.end[place] if seen.by_failures else np.full(len(seen.time), fill_value=True)
    t, first, last = seen.time[inner], seen.start[place[inner]], seen.end[place[inner]]
    if len(t) == 0:
        raise DataError("trend: there is no failure before the ends of what was watched.")
    z = float(np.sum(t - (first + last) / 2) / math.sqrt(float(np.sum((last - first) ** 2)) / 12))
    rows: list[Sequence[Any]] = [(z, math.nan, 2 * float(special.ndtr(-abs(z))), _says(z))]
    if np.all(first == 0):
        statistic, df = 2 * float(np.sum(np.log(last) - np.log(t))), 2 * len(t)
        upper = float(special.chdtrc(df, statistic))
        rows.append((statistic, df, 2 * min(upper, 1 - upper), _says(df - statistic)))
    names = ["laplace", "mil_hdbk_189"][: len(rows)]
    return pd.DataFrame(rows, index=names, columns=["statistic", "df", "p_value", "says"])


def _says(sign: float) -> str:
    return "failures become more frequent" if sign > 0 else "failures become rarer" if sign < 0 else "no trend"


def mean_cumulative_function(time: Any, end: Any = None, *, start: Any = 0.0, system: Any = None) -> pd.DataFrame:
    """Estimate the mean number of failures of a system up to each time, without a model.

    Parameters
    ----------
    time, end, start, system
        As for `power_law_process`.

    Returns
    -------
    DataFrame
        Index ``time``; columns ``at_risk``, ``failures``, ``mcf``, and ``se``, which holds whatever the process is
        (Lawless & Nadeau 1995, Technometrics 37, 158-168).

    Examples
    --------
    >>> found = mean_cumulative_function([1, 3, 2, 5], end=[4, 6], system=["a", "a", "b", "b"])
    >>> found["mcf"].tolist()
    [0.5, 1.0, 1.5, 2.5]
    """
    import pandas as pd

    seen = Histories.of(time, end, start=start, system=system)
    times, column = np.unique(seen.time, return_inverse=True)
    watched = (seen.start[:, None] < times) & (times <= seen.end[:, None])
    counts = np.zeros(watched.shape)
    np.add.at(counts, (seen.system.astype(int), column), 1.0)
    at_risk, failures = watched.sum(axis=0), counts.sum(axis=0)
    mean = failures / at_risk
    own = np.cumsum(np.where(watched, counts - mean, 0.0) / at_risk, axis=1)
    se = np.sqrt(np.sum(own**2, axis=0))
    columns = {"at_risk": at_risk, "failures": failures, "mcf": np.cumsum(mean), "se": se}
    return pd.DataFrame(columns, index=pd.Index(times, name="time"))
