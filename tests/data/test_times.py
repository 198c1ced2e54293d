"""Columns of durations and dates in files."""

import datetime

import numpy as np
import pytest

from mle_toolkit.data.cells import NotNumbersError
from mle_toolkit.data.form import Form
from mle_toolkit.data.reading import Reading
from mle_toolkit.data.tables import read_frame, read_sample
from mle_toolkit.data.times import times
from mle_toolkit.errors import DataError, ParameterError

HOURS = {
    "36:00:00": 36.0,
    "1 day, 12:30:00": 36.5,
    "2 days 00:00:00.5": 48 + 0.5 / 3600,
    "-1 days": -24.0,
    "1.5 d": 36.0,
    "90 min": 1.5,
    "1h30m": 1.5,
    "2w 1d": 360.0,
    "P1DT12H": 36.0,
    "PT0.5S": 0.5 / 3600,
    "P2W": 336.0,
    "3 ns": 3 / 3.6e12,
    "": np.nan,
    "NA": np.nan,
}


def test_durations_are_read_as_texts_write_them():
    found = times(list(HOURS), "hours", None, ())
    np.testing.assert_allclose(found, list(HOURS.values()), rtol=1e-15)
    assert times(["1 day", datetime.timedelta(hours=6), None], "days", None, ())[:2].tolist() == [1.0, 0.25]


@pytest.mark.parametrize("text", ["12:30", "3 months", "P1Y", "P1M", "P", "soon", "5", "1:75:00", "2 days ago"])
def test_what_is_not_sure_is_refused(text):
    with pytest.raises(NotNumbersError) as refused:
        times(["1 day", text], "days", None, ())
    assert refused.value.place == 1


CSV = """lot,life,entered,left,died
a,36:00:00,2024-01-01,2024-02-01,1
a,2 days,2024-01-03,2024-03-01 12:00,0
b,P1DT12H,2024-01-05,2024-05-01,1
b,,2024-01-06,2024-04-01,1
"""


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "lives.csv"
    path.write_text(CSV, encoding="utf-8")
    return str(path)


@pytest.fixture
def parquet(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    day, hour = datetime.date, datetime.timedelta(hours=1)
    left = [datetime.datetime(2024, 2, 1), datetime.datetime(2024, 3, 1, 12), datetime.datetime(2024, 5, 1)]
    table = {
        "lot": ["a", "a", "b", "b"],
        "life": pa.array([36 * hour, 48 * hour, 36 * hour, None], pa.duration("ns")),
        "entered": [day(2024, 1, 1), day(2024, 1, 3), day(2024, 1, 5), day(2024, 1, 6)],
        "left": pa.array([*left, datetime.datetime(2024, 4, 1)], pa.timestamp("us")),
        "died": [1, 0, 1, 1],
    }
    pq.write_table(pa.table(table), tmp_path / "lives.parquet")
    return str(tmp_path / "lives.parquet")


@pytest.fixture(params=["csv", "parquet"])
def path(request):
    return request.getfixturevalue(request.param)


def test_a_column_of_durations_is_one_of_numbers_where_the_unit_is_named(path):
    _, sample = read_sample(path, Form(column="life"), "omit", reading=Reading(time_unit="hours"))
    assert sample.x.tolist() == [36.0, 48.0, 36.0]
    with pytest.raises(DataError, match="--time-unit days reads durations"):
        read_sample(path, Form(column="life"), "omit")


def test_dates_are_counted_from_a_date_or_from_those_of_a_column(path):
    form, unit = Form(time="left", event="died"), "days"
    _, since = read_sample(path, form, reading=Reading(time_unit=unit, since="2024-01-01"))
    assert since.lower.tolist() == [31.0, 60.5, 121.0, 91.0]
    _, each = read_sample(path, form, reading=Reading(time_unit=unit, since="entered"))
    assert each.lower.tolist() == [31.0, 58.5, 117.0, 86.0]
    frame = read_frame(path, ["lot", "left"], Reading(time_unit="weeks", since="entered"))
    assert frame["lot"].tolist() == ["a", "a", "b", "b"]
    assert (7 * frame["left"]).tolist() == pytest.approx([31.0, 58.5, 117.0, 86.0], rel=1e-15)


def test_dates_need_a_beginning(path):
    with pytest.raises(DataError, match="column 'left': holds dates; say since when"):
        read_sample(path, Form(column="left"), reading=Reading(time_unit="days"))
    with pytest.raises(DataError, match="'nobody' is no date"):
        read_sample(path, Form(column="left"), reading=Reading(time_unit="days", since="nobody"))
    with pytest.raises(ParameterError, match="--since needs --time-unit"):
        Reading(since="entered")
    with pytest.raises(ParameterError, match="did you mean 'days'"):
        Reading(time_unit="day")
