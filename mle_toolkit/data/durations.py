"""Durations and dates as numbers of a unit that is named."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.frames import series_of
from mle_toolkit.errors import DataError
from mle_toolkit.options import choice, shown

TimeUnit = Literal["seconds", "minutes", "hours", "days", "weeks", "years"]

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800, "years": 31_557_600}
"""Seconds of a unit; a year is the Julian one, of 365.25 days."""

_DAY = 86_400 * 10**12
_TICKS = {"W": 7 * _DAY, "D": _DAY, "h": _DAY // 24, "m": _DAY // 1440, "s": 10**12, "ms": 10**9, "us": 10**6}
_TICKS |= {"ns": 10**3, "ps": 1}
"""Picoseconds of a tick, by NumPy's names of units."""

_MOST_DAYS = 2**52
"""Beyond which a number of days, or of weeks, would lose digits."""

_EPOCH = datetime.datetime(1970, 1, 1)


def durations(values: Any, unit: TimeUnit, *, since: Any = None) -> Array:
    """Turn durations, or dates since another date, into numbers of a unit, which any function takes as data.

    Parameters
    ----------
    values : array_like or Series
        Durations (``timedelta``, ``timedelta64``, `Duration` of polars, `duration` of Arrow) or dates (``date``,
        ``datetime``, ``datetime64``, `Timestamp`), in a list, an array, or a column of pandas, polars or pyarrow.
    unit : {"seconds", "minutes", "hours", "days", "weeks", "years"}
        A year has 365.25 days. Calendar months and years have no fixed length, so they are no units.
    since : date, text or array_like, optional
        For dates, and needed for them: when time began, one date (a text as ``"2024-03-31"`` too) or one a row.

    Returns
    -------
    ndarray of shape (n,)
        In that unit; NaN where a value, or the date that it is counted from, is missing. Negative before ``since``.

    Raises
    ------
    DataError
        If the values are neither, dates have no ``since``, durations have one, only one side has a time zone, or
        the columns differ in length.

    Notes
    -----
    Dates with a time zone are compared as moments: a day on which the clocks change has 23 or 25 hours. Dates without
    one are taken as they are written. Nothing is rounded before the result is: nanoseconds of two dates count.

    Examples
    --------
    >>> import datetime
    >>> durations([datetime.timedelta(hours=36), None], "days")
    array([1.5, nan])
    >>> died = [datetime.date(2024, 3, 1), datetime.date(2025, 1, 1)]
    >>> durations(died, "days", since="2024-01-01")
    array([ 60., 366.])
    """
    length = SECONDS[choice(unit, "unit", tuple(SECONDS))]
    found = _ticks(values, "durations")
    if since is None:
        if found.kind == "dates":
            raise DataError("durations: these are dates; say since when: durations(values, unit, since=start).")
        return found.numbers(length)
    start = _ticks([_one_date(since)] if isinstance(since, str) or not hasattr(since, "__iter__") else since, "since")
    for name, part in (("durations", found), ("since", start)):
        if part.kind == "durations":
            raise DataError(f"{name}: since= is the date from which dates are counted, and these are durations.")
    if len(start.days) == 1 and start.missing[0] and len(found.days) != 1:
        raise DataError("since: the date is missing.")
    if len(start.days) not in (1, len(found.days)):
        raise DataError(f"since: {len(start.days)} dates for {len(found.days)} rows; give one, or one a row.")
    if {found.zoned, start.zoned} == {True, False}:
        raise DataError(
            f"durations: the {'values' if found.zoned else 'dates of since'} have a time zone and the "
            f"{'dates of since' if found.zoned else 'values'} have none; give both one, or neither."
        )
    return _Ticks(found.days - start.days, found.rest - start.rest, found.missing | start.missing).numbers(length)


@dataclass(frozen=True)
class _Ticks:
    """Whole days, and picoseconds beyond them, of durations or of dates since 1970; exact."""

    days: np.ndarray[Any, Any]
    rest: np.ndarray[Any, Any]
    missing: Mask
    kind: Literal["durations", "dates"] | None = None  # None where all are missing
    zoned: bool | None = None  # of dates: with a time zone

    def numbers(self, seconds: int) -> Array:
        """Values in a unit of so many seconds."""
        carry, rest = np.divmod(self.rest, _DAY)
        days = self.days + carry
        back = (days < 0) & (rest > 0)  # both parts of one sign: nothing cancels
        days, rest = days + back, rest - back * _DAY
        values = days * float(SECONDS["days"]) / seconds + rest / (seconds * 1e12)
        return np.where(self.missing, np.nan, values)


def _one_date(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return datetime.datetime.fromisoformat(value)
    except ValueError:
        raise DataError(f"since: {shown(value)} is no date as '2024-03-31' or '2024-03-31 12:00'.") from None


def _ticks(values: Any, what: str) -> _Ticks:
    if isinstance(values, np.ma.MaskedArray):
        found = _ticks(np.asarray(values.data), what)
        return _Ticks(found.days, found.rest, found.missing | np.ma.getmaskarray(values), found.kind, found.zoned)
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__") or isinstance(values, (dict, set)):
        raise DataError(f"{what}: expected a column of durations or dates, got {shown(values)}.")
    if not isinstance(values, (list, tuple, np.ndarray)):
        import narwhals as nw

        values = series_of(values, what)
        if isinstance(values, nw.Series):
            return _of_series(values, what)
        values = values if hasattr(values, "__array__") else list(values)
        if str(getattr(values, "dtype", "")).startswith("datetime64[") and getattr(values, "tz", None) is not None:
            values = list(values)  # an index of moments, which as an array would lose its zone
    if hasattr(values, "__array__"):
        values = np.asarray(values)
        if values.ndim != 1:
            raise DataError(f"{what}: expected one column, got an array of shape {values.shape}.")
        if values.dtype.kind in "mM":
            return _of_numpy(values, what)
    return _of_objects(list(values), what)


def _of_series(series: Any, what: str) -> _Ticks:
    import narwhals as nw

    zone = getattr(series.dtype, "time_zone", None) if series.dtype == nw.Datetime else None
    if series.dtype not in (nw.Datetime, nw.Date, nw.Duration):
        return _of_objects(series.to_list(), what)
    if zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    array = series.to_numpy()
    found = _of_numpy(array, what) if array.dtype.kind in "mM" else _of_objects(series.to_list(), what)
    return _Ticks(found.days, found.rest, found.missing, found.kind, None if found.kind is None else zone is not None)


def _of_numpy(array: np.ndarray[Any, Any], what: str) -> _Ticks:
    missing = np.isnat(array)
    unit, count = np.datetime_data(array.dtype)
    dates = array.dtype.kind == "M"
    if dates and unit in ("Y", "M"):
        array, unit, count = array.astype("M8[D]"), "D", 1
    if unit not in _TICKS and not missing.all():
        reason = "have no fixed length" if unit in ("Y", "M") else "are none that can be used"
        raise DataError(f"{what}: the ticks of {array.dtype} {reason}; convert them to days, seconds or nanoseconds.")
    tick = count * _TICKS.get(unit, _DAY)
    ticks = np.where(missing, 0, array.astype(np.int64))
    if tick % _DAY == 0:
        if np.any(np.abs(ticks) > _MOST_DAYS // (tick // _DAY)):
            raise DataError(f"{what}: values of {array.dtype} beyond {_MOST_DAYS:.1g} days; are they in another unit?")
        days, rest = ticks * (tick // _DAY), np.zeros_like(ticks)
    elif _DAY % tick == 0:
        days, rest = np.divmod(ticks, _DAY // tick)
        rest *= tick
    else:  # ticks of seven seconds and the like: in whole numbers of any length
        exact = ticks.astype(object) * tick
        days, rest = (exact // _DAY).astype(np.int64), (exact % _DAY).astype(np.int64)
    return _Ticks(days, rest, missing, "dates" if dates else "durations", False if dates else None)


def _of_objects(items: list[Any], what: str) -> _Ticks:
    """One by one, of Python's, NumPy's or pandas' kinds."""
    n = len(items)
    days, rest = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    missing = np.zeros(n, dtype=bool)
    kinds: dict[tuple[Any, bool | None], int] = {}
    for row, item in enumerate(items):
        if item is None or type(item).__name__ in ("NAType", "NaTType") or (isinstance(item, float) and item != item):
            missing[row] = True
            continue
        found = _of_one(item, f"{what}: entry {row}")
        days[row], rest[row], missing[row] = found.days[0], found.rest[0], found.missing[0]
        kinds.setdefault((found.kind, found.zoned), row)
    if len(kinds) > 1:
        first, second = list(kinds.values())[:2]
        raise DataError(
            f"{what}: durations, dates and dates with a time zone do not mix; entry {first} is {items[first]!r:.60}, "
            f"entry {second} is {items[second]!r:.60}."
        )
    kind, zoned = next(iter(kinds), (None, None))
    return _Ticks(days, rest, missing, kind, zoned)


def _of_one(item: Any, what: str) -> _Ticks:
    if isinstance(item, (np.timedelta64, np.datetime64)):
        return _of_numpy(np.asarray([item]), what)
    offset = item.utcoffset() if isinstance(item, datetime.datetime) else None
    zoned = offset is not None
    if isinstance(item, datetime.datetime) and hasattr(item, "to_datetime64"):  # pandas', with nanoseconds
        found = _of_numpy(np.asarray([item.to_datetime64()]), what)
        return _Ticks(found.days, found.rest, found.missing, "dates", zoned)
    if isinstance(item, datetime.timedelta) and hasattr(item, "to_timedelta64"):
        return _of_numpy(np.asarray([item.to_timedelta64()]), what)
    if isinstance(item, datetime.datetime):
        moment = item.replace(tzinfo=None) - _EPOCH
        return _of_delta(moment if offset is None else moment - offset, "dates", zoned)
    if isinstance(item, datetime.date):
        return _of_delta(item - _EPOCH.date(), "dates", False)
    if isinstance(item, datetime.timedelta):
        return _of_delta(item, "durations", None)
    raise DataError(f"{what} is {shown(item)}, which is neither a duration nor a date.")


def _of_delta(delta: datetime.timedelta, kind: Literal["durations", "dates"], zoned: bool | None) -> _Ticks:
    rest = (delta.seconds * 10**6 + delta.microseconds) * 10**6
    return _Ticks(np.array([delta.days]), np.array([rest]), np.array([False]), kind, zoned)
