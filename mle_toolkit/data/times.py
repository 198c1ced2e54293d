"""Columns of durations and dates in files, as numbers of a unit that is named: durations as texts write them, too."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Any, cast

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.cells import MISSING, NotNumbersError
from mle_toolkit.data.durations import TimeUnit, durations
from mle_toolkit.data.naming import named
from mle_toolkit.data.reading import Reading, Typed
from mle_toolkit.errors import DataError

_NUMBER = r"\d+(?:[.,]\d+)?"
_WORDS: dict[str, int | Fraction] = {
    "w": 604_800, "week": 604_800, "weeks": 604_800, "d": 86_400, "day": 86_400, "days": 86_400, "h": 3600, "hr": 3600,
    "hrs": 3600, "hour": 3600, "hours": 3600, "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "s": 1,
    "sec": 1, "secs": 1, "second": 1, "seconds": 1, "ms": Fraction(1, 10**3), "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6), "ns": Fraction(1, 10**9),
}  # fmt: skip
"""Seconds of the units that texts name."""

_PART = re.compile(rf"\s*({_NUMBER})\s*([a-zµ]+)\s*,?", re.IGNORECASE)
_CLOCK = re.compile(rf"\s*(\d+):([0-5]?\d):([0-5]?{_NUMBER})\s*$")
_ISO = re.compile(
    rf"P(?:({_NUMBER})W)?(?:({_NUMBER})D)?(?:T(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?$", re.IGNORECASE
)
_ISO_SECONDS = (604_800, 86_400, 3600, 60, 1)
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?([T ]\d\d?:\d\d.*)?$")


def times(cells: Sequence[Any], unit: str, since: Any, gone: Collection[str]) -> Array:
    """Numbers of a unit that a column of durations, or of dates, holds; NaN where a cell is empty.

    Parameters
    ----------
    cells : sequence
        Texts, or what spreadsheets and Arrow have for durations and dates.
    unit : str
        As for `durations`.
    since : str, sequence or None
        For dates: the date from which they are counted, or one a row.
    gone : collection of str
        Texts of missing values, besides the usual ones.

    Raises
    ------
    NotNumbersError
        If a cell is neither a duration nor a date, or dates have nothing that they are counted from.
    """
    items = [_item(cell, gone, place) for place, cell in enumerate(cells)]
    dates = [isinstance(item, datetime.date) for item in items if item is not None]
    start = None
    if dates and all(dates):
        if since is None:
            raise NotNumbersError(None, "holds dates; say since when: --since DATE, or a column of dates")
        start = since if isinstance(since, str) else [_item(cell, gone, place) for place, cell in enumerate(since)]
    try:
        return durations(items, cast(TimeUnit, unit), since=start)
    except DataError as error:
        raise NotNumbersError(None, f"is not read as durations or dates: {error}") from None


def typed_times(content: Typed, name: str, reading: Reading) -> Any:
    """A column of durations or dates in numbers; those of Arrow's types to the nanosecond, others as texts."""
    import pyarrow as pa

    unit, since = str(reading.time_unit), reading.since
    start = None if since is None else named(since, content.names)
    column, kind = content.column(name), content.kind(name)
    if pa.types.is_temporal(kind) and not pa.types.is_time(kind):
        if pa.types.is_duration(kind):
            return durations(column, cast(TimeUnit, unit))
        if since is not None and (start is None or pa.types.is_temporal(content.kind(start))):
            return durations(column, cast(TimeUnit, unit), since=since if start is None else content.column(start))
    origin = since if start is None else content.column(start).to_pylist()
    return times(column.to_pylist(), unit, origin, reading.style.missing)


HINT = "; --time-unit days reads durations, and dates --since another, as numbers"


def hint(cell: Any) -> str:
    """What to say of a column with this cell, which is no number: how durations and dates are read."""
    try:
        return "" if _item(cell, (), 0) is None else HINT
    except NotNumbersError:
        return ""


def _item(cell: Any, gone: Collection[str], place: int) -> Any:
    """A duration, a date, or None for a missing one."""
    if cell is None or isinstance(cell, (datetime.timedelta, datetime.date)):
        return cell
    text = str(cell).strip()
    if text in MISSING or text in gone:
        return None
    if _DATE.match(text):
        try:
            return datetime.datetime.fromisoformat(text)
        except ValueError:
            raise NotNumbersError(place, f"is {text!r:.60}, no date as 2024-03-31 or 2024-03-31 12:00") from None
    seconds = _seconds(text)
    if seconds is None:
        raise NotNumbersError(place, f"is {text!r:.60}, neither a duration, as '3 days' or 36:00:00, nor a date")
    micro = seconds * 10**6
    try:
        if micro.denominator == 1:
            return datetime.timedelta(microseconds=int(micro))
        return np.timedelta64(round(seconds * 10**12), "ps")
    except OverflowError:
        raise NotNumbersError(place, f"is {text!r:.60}, longer than can be told") from None


def _seconds(text: str) -> Fraction | None:
    """What a text says in seconds: ISO 8601, a clock of hours, minutes and seconds, or numbers with units."""
    sign = -1 if text.startswith(("-", "\u2212")) else 1
    rest = text.lstrip("+-\u2212").strip()
    if (iso := _ISO.match(rest)) and any(iso.groups()):
        return sign * sum((_fraction(n) * s for n, s in zip(iso.groups(), _ISO_SECONDS, strict=True) if n), Fraction(0))
    total, found = Fraction(0), False
    while (part := _PART.match(rest)) and part[2].lower() in _WORDS:
        total += _fraction(part[1]) * _WORDS[part[2].lower()]
        rest, found = rest[part.end() :], True
    if clock := _CLOCK.match(rest):
        hours, minutes, seconds = (_fraction(n) for n in clock.groups())
        return sign * (total + 3600 * hours + 60 * minutes + seconds)
    return sign * total if found and not rest.strip() else None


def _fraction(text: str) -> Fraction:
    return Fraction(text.replace(",", "."))
