"""Durations and dates become numbers of a unit that is named, from any container, to the last tick."""

import datetime as dt
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import DataError, ParameterError

DAYS = np.array([5, 7, -9], "m8[D]")
DELTAS = [dt.timedelta(days=5), dt.timedelta(days=7), dt.timedelta(days=-9)]
DATES = [dt.date(2020, 1, 6), dt.date(2020, 1, 8), dt.date(2019, 12, 23)]
MOMENTS = pd.Series(pd.to_datetime(DATES))
BERLIN = MOMENTS.dt.tz_localize(ZoneInfo("Europe/Berlin"))

FORMS_OF_DURATIONS = {
    "numpy": DAYS,
    "list of numpy": list(DAYS),
    "list": DELTAS,
    "pandas": pd.Series(DAYS.astype("m8[ns]")),
    "pandas index": pd.TimedeltaIndex(DAYS.astype("m8[ns]")),
    "pandas object": pd.Series(DELTAS, dtype=object),
    "pandas arrow": pd.Series(pa.array(DELTAS), dtype=pd.ArrowDtype(pa.duration("ns"))),
    "categories": pd.Series(pd.Categorical(pd.Series(DAYS.astype("m8[ns]")))),
    "table of one": pd.DataFrame({"t": DAYS.astype("m8[s]")}),
    "polars": pl.Series(DELTAS),
    "arrow": pa.array(DELTAS),
    "arrow chunks": pa.chunked_array([pa.array(DELTAS[:1]), pa.array(DELTAS[1:])]),
    "arrow dictionary": pa.array(DELTAS).dictionary_encode(),
    "ticks of 25 seconds": DAYS.astype("m8[25s]"),
}

FORMS_OF_DATES = {
    "numpy": np.array(DATES, "M8[D]"),
    "list": DATES,
    "list of moments": [dt.datetime(d.year, d.month, d.day) for d in DATES],
    "timestamps": list(MOMENTS),
    "pandas": MOMENTS,
    "pandas index": pd.DatetimeIndex(MOMENTS),
    "pandas arrow": pd.Series(DATES, dtype=pd.ArrowDtype(pa.date32())),
    "polars": pl.Series(DATES),
    "arrow": pa.array(DATES),
    "arrow milliseconds": pa.array(DATES, pa.date64()),
}

FORMS_WITH_A_ZONE = {
    "pandas": BERLIN,
    "pandas index": pd.DatetimeIndex(BERLIN),
    "list": [moment.to_pydatetime() for moment in BERLIN],
    "polars": pl.Series(BERLIN.tolist()),
    "arrow": pa.array(BERLIN),
}


@pytest.mark.parametrize("form", FORMS_OF_DURATIONS)
def test_durations_of_every_container(form):
    assert mle.durations(FORMS_OF_DURATIONS[form], "days").tolist() == [5.0, 7.0, -9.0]


@pytest.mark.parametrize("form", FORMS_OF_DATES)
def test_dates_of_every_container_since_one_of_every_kind(form):
    for start in ("2020-01-01", dt.date(2020, 1, 1), np.datetime64("2020-01-01"), pd.Timestamp("2020-01-01")):
        assert mle.durations(FORMS_OF_DATES[form], "days", since=start).tolist() == [5.0, 7.0, -9.0]
    column = pl.Series([dt.date(2020, 1, 1), dt.date(2020, 1, 7), None])
    assert mle.durations(FORMS_OF_DATES[form], "hours", since=column)[:2].tolist() == [120.0, 24.0]
    assert np.isnan(mle.durations(FORMS_OF_DATES[form], "hours", since=column)[2])


@pytest.mark.parametrize("form", FORMS_WITH_A_ZONE)
def test_moments_with_a_zone_are_compared_as_moments(form):
    moments = FORMS_WITH_A_ZONE[form]
    assert mle.durations(moments, "hours", since="2020-01-05T23:00+00:00").tolist() == [0.0, 48.0, -336.0]
    with pytest.raises(DataError, match="the values have a time zone and the dates of since have none"):
        mle.durations(moments, "hours", since="2020-01-01")
    with pytest.raises(DataError, match="the dates of since have a time zone and the values have none"):
        mle.durations(MOMENTS, "hours", since=moments)


def test_a_day_on_which_clocks_change_has_23_hours():
    ends = pd.Series(pd.to_datetime(["2024-03-31", "2024-04-01"])).dt.tz_localize("Europe/Berlin")
    assert mle.durations(ends[1:], "hours", since=ends[:1]).tolist() == [23.0]
    assert mle.durations(ends[1:].dt.tz_localize(None), "hours", since="2024-03-31").tolist() == [24.0]


@pytest.mark.parametrize("missing", [None, pd.NaT, pd.NA, np.nan, np.datetime64("NaT", "s")])
def test_what_is_missing_is_nan(missing):
    found = mle.durations([dt.date(2020, 1, 2), missing], "days", since="2020-01-01")
    assert found[0] == 1.0
    assert np.isnan(found[1])


def test_masks_and_nulls_are_missing():
    for column in (
        np.ma.masked_array(DAYS, [0, 1, 0]),
        pl.Series([DELTAS[0], None, DELTAS[2]]),
        pa.array([DELTAS[0], None, DELTAS[2]]),
        pd.Series(DAYS.astype("m8[ns]")).where([True, False, True]),
    ):
        assert np.isnan(mle.durations(column, "days")).tolist() == [False, True, False]
    assert np.isnan(mle.durations([None, None], "days")).all()
    assert np.isnan(mle.durations(np.array(["NaT"], "m8[M]"), "days")).all()


@pytest.mark.parametrize(
    ("unit", "seconds"),
    [("seconds", 1), ("minutes", 60), ("hours", 3600), ("days", 86400), ("weeks", 604800), ("years", 31557600)],
)
@pytest.mark.parametrize("tick", ["W", "D", "h", "m", "s", "ms", "us", "ns", "ps"])
def test_every_tick_in_every_unit(tick, unit, seconds):
    """Against exact fractions, on both sides of zero, where neighbouring days would cancel."""
    length = {"W": 604800, "D": 86400, "h": 3600, "m": 60, "s": 1, "ms": Fraction(1, 10**3), "us": Fraction(1, 10**6),
              "ns": Fraction(1, 10**9), "ps": Fraction(1, 10**12)}[tick]  # fmt: skip
    counts = [0, 1, -1, 1501, -86401, 2**46 + 1, -(2**46) - 3]
    found = mle.durations(np.array(counts, f"m8[{tick}]"), unit)
    exact = [float(Fraction(count) * length / seconds) for count in counts]
    assert found == pytest.approx(exact, rel=5e-16, abs=0)


def test_ticks_that_do_not_divide_a_day():
    assert mle.durations(np.array([24, -48, 1], "m8[7h]"), "hours").tolist() == [168.0, -336.0, 7.0]


def test_nanoseconds_between_dates_of_distant_ticks():
    """NumPy takes both to nanoseconds, and runs over before the year 1678."""
    since = np.array(["1000-01-01", "2262-04-11"], "M8[D]")
    found = mle.durations(
        pd.Series([pd.Timestamp("2020-01-01"), pd.Timestamp("2262-04-11T00:00:00.000000001")]), "seconds", since=since
    )
    assert found[0] == (dt.date(2020, 1, 1) - dt.date(1000, 1, 1)).days * 86400.0
    assert found[1] == 1e-9


def test_the_far_ends_of_pythons_dates():
    ends = [dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=14))), dt.datetime.max.replace(tzinfo=dt.UTC)]
    found = mle.durations(ends, "hours", since=dt.datetime(1, 1, 1, tzinfo=dt.UTC))
    assert found[0] == -14.0
    assert found[1] == pytest.approx(3652059 * 24.0)
    assert mle.durations([dt.timedelta.max, dt.timedelta.min], "days") == pytest.approx([1e9, 1 - 1e9])


@pytest.mark.parametrize(
    ("values", "since", "said"),
    [
        (DATES, None, "these are dates; say since when"),
        (DELTAS, "2020-01-01", "since= is the date"),
        (DATES, DELTAS, "since: since= is the date"),
        (DATES, DATES[:2], "2 dates for 3 rows"),
        (DATES, pd.NaT, "since: the date is missing"),
        (DATES, "yesterday", "is no date as"),
        ([DELTAS[0], DATES[0]], None, "do not mix; entry 0 is"),
        ([dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)], "2020-01-01", "do not mix"),
        ([1.0, 2.0], None, "entry 0 is 1.0, which is neither"),
        (["2020-01-01"], "2020-01-01", "neither a duration nor a date"),
        ([dt.time(3)], None, "neither a duration nor a date"),
        (np.array([1], "m8[Y]"), None, "no fixed length"),
        (np.array([1], "m8[as]"), None, "none that can be used"),
        (np.array([2**60], "m8[D]"), None, "are they in another unit"),
        (DAYS.reshape(-1, 1), None, r"shape \(3, 1\)"),
        (DAYS[0], None, "expected a column of durations or dates"),
        ("2020-01-01", None, "expected a column of durations or dates"),
        (pd.DataFrame({"a": DATES, "b": DATES}), None, "got a table with columns a, b"),
    ],
)
def test_what_has_no_answer_is_told(values, since, said):
    with pytest.raises(DataError, match=said):
        mle.durations(values, "days", since=since)


def test_a_unit_is_one_of_fixed_length():
    with pytest.raises(ParameterError, match="months"):
        mle.durations(DAYS, "months")


@pytest.mark.parametrize("form", FORMS_OF_DURATIONS)
def test_every_door_names_the_way_out_of_durations(form):
    for door in (lambda x: mle.fit(x, "weibull"), mle.compare, lambda x: mle.Sample.right_censored(x, [1, 1, 0]),
                 lambda x: mle.Sample.intervals([0.0, 0.0, 0.0], x)):  # fmt: skip
        with pytest.raises(DataError, match=r"mle\.durations\(column, unit=\"days\"\)"):
            door(FORMS_OF_DURATIONS[form])


@pytest.mark.parametrize("form", [*FORMS_OF_DATES, *(f"zone {form}" for form in FORMS_WITH_A_ZONE)])
def test_every_door_names_the_way_out_of_dates(form):
    known = FORMS_OF_DATES | {f"zone {name}": column for name, column in FORMS_WITH_A_ZONE.items()}
    with pytest.raises(DataError, match=r"mle\.durations\(column, unit=\"days\", since=start\)"):
        mle.fit(known[form], "weibull")


def test_a_response_of_durations_names_the_way_out():
    frame = pd.DataFrame({"t": DAYS.astype("m8[ns]"), "x": [1.0, 2.0, 3.0]})
    with pytest.raises(DataError, match=r"mle\.durations"):
        mle.regress("t ~ x", frame, "weibull")


def test_numbers_of_durations_are_data():
    x = pd.to_timedelta([3.0, 5.0, 8.5, 13.0], unit="h")
    fit = mle.fit(mle.durations(x, "hours"), "exponential")
    assert fit.params["scale"] == pytest.approx(7.375, rel=1e-12)
