"""Files become samples, or one error that says where they are wrong."""

import io
import math

import numpy as np
import pytest

from mle_toolkit.data.form import Form
from mle_toolkit.data.tables import read_sample, read_table
from mle_toolkit.errors import DataError, UnknownNameError, WeightError


@pytest.fixture
def file(tmp_path):
    """Write bytes to a file whose name is not ASCII."""

    def write(content):
        path = tmp_path / "größe und gewicht.csv"
        path.write_bytes(content)
        return str(path)

    return write


@pytest.mark.parametrize(
    ("content", "column", "expected"),
    [
        (b"x\n1\n2.5\n", None, [1, 2.5]),
        (b"x\n1\n2.5", "x", [1, 2.5]),
        (b"\xef\xbb\xbfx\r\n1\r\n2.5\r\n", "x", [1, 2.5]),
        (b"x\r1\r2.5\r", "x", [1, 2.5]),
        (b"\n\nx\n1\n2.5\n\n\n", None, [1, 2.5]),
        (b"a,x\none,1\ntwo,2.5\n", None, [1, 2.5]),
        (b'"a, b",x\n"1,1",1\n"line\nbreak",2.5\n', "x", [1, 2.5]),
        (b"a;x\n7,5;1\n8;2.5\n", "x", [1, 2.5]),
        (b"a\tx\n7\t1\n8\t2.5\n", "x", [1, 2.5]),
        (b',x\n"1",1\n"2",2.5\n', None, [1, 2.5]),
        (b" x , y\n 1 ,3\n 2.5,4\n", "x", [1, 2.5]),
        ("größe,y\n1,3\n2.5,4\n".encode(), "größe", [1, 2.5]),
        (b"x,y\n1,3\n\n2.5,4\n", "x", [1, 2.5]),
        (b"x\n1e-320\n1.7976931348623157e308\n-0.0\n", "x", [1e-320, 1.7976931348623157e308, 0.0]),
    ],
)
def test_csv_is_read_as_programs_write_it(file, content, column, expected):
    _, sample = read_sample(file(content), Form(column=column))
    np.testing.assert_array_equal(sample.x, expected)


@pytest.mark.parametrize(
    ("content", "column", "message"),
    [
        (b"", None, "empty, without even a header"),
        (b"\n \n", None, "empty, without even a header"),
        (b"x\n", None, "no observations: the data are empty"),
        (b"x,y\n1,2\n3\n", "x", "line 3 has 1 of 2 fields"),
        (b"\n\nx,y\n1,2\n3,4,5\n", "x", "line 5 has 3 of 2 fields"),
        (b"x,y\n1,2\nthree,4\n", "x", "column 'x': line 3 is 'three', not a number"),
        (b"x,y\n1,2\n1_000,4\n", "x", "column 'x': line 3 is '1_000', not a number"),
        (b"x\nthree\n\nfour\n", None, "no numeric column; 'x': line 2 is 'three', not a number"),
        (b"x\n1\nNA\n", "x", "1 of 2 observations are missing (NaN); the first is x[1]"),
        (b"x\n1\n\n2\n", "x", "1 of 3 observations are missing (NaN); the first is x[1]"),
        (b"x\n1\n-inf\n", "x", "1 of 2 observations are infinite; the first is x[1] = -inf"),
        (b"x\n1e999\n", "x", "1 of 1 observations are infinite"),
        (b'x\n"1\n', "x", "line 2 is not CSV: unexpected end of data"),
        (b'x,y\n"1"2,3\n', "x", "line 2 is not CSV"),
        (b"PAR1 and no more", None, "not a readable Parquet file"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(file, content, column, message):
    with pytest.raises(DataError) as caught:
        read_sample(file(content), Form(column=column))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("column", "weights", "message"),
    [
        ("z", None, "column 'z' not found; numeric columns: x, w"),
        ("x", "z", "column 'z' not found; numeric columns: x, w"),
        (None, "z", "column 'z' not found; numeric columns: x, w"),
        (None, None, "name one of its columns: x, w"),
    ],
)
def test_a_column_that_is_not_there_is_answered_with_those_that_are(file, column, weights, message):
    with pytest.raises(UnknownNameError) as caught:
        read_sample(file(b"x,name,w\n1,one,2\n3,three,4\n"), Form(column=column, weights=weights))
    assert message in str(caught.value)


def test_missing_values_are_left_out_on_request(file):
    _, sample = read_sample(file(b"x,w\n1,2\n,5\nnull,7\n4,1\n"), Form(column="x", weights="w"), nan_policy="omit")
    np.testing.assert_array_equal(sample.x, [1, 4])
    np.testing.assert_array_equal(sample.weight, [2, 1])


def test_the_column_that_is_not_the_weights_needs_no_name(file):
    name, sample = read_sample(file(b"x,w\n1,2\n3,4\n"), Form(weights="w"))
    assert (name, sample.nobs, sample.mean()) == ("x", 6.0, 14 / 6)


def test_bad_weights_are_refused(file):
    with pytest.raises(WeightError, match=r"1 of 2 are negative; the first is weights\[0\] = -2"):
        read_sample(file(b"x,w\n1,-2\n3,4\n"), Form(column="x", weights="w"))


def test_numbers_without_a_header_are_read_and_said(file):
    with pytest.warns(UserWarning, match="no header; the columns are called 1, 2"):
        _, sample = read_sample(file(b"5,6\n7,8\n"), Form(column="2"))
    np.testing.assert_array_equal(sample.x, [6, 8])


def test_doubles_survive_csv(file):
    x = np.random.default_rng(20_240_101).lognormal(size=1000) * 1e-7
    _, sample = read_sample(file(("x\n" + "\n".join(map(repr, x.tolist()))).encode()))
    np.testing.assert_array_equal(sample.x, x)


def test_standard_input_is_read_as_a_file_is(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"x\n1\n2\n"))))
    _, sample = read_sample("-")
    np.testing.assert_array_equal(sample.x, [1, 2])


def test_parquet_columns_keep_their_numbers_and_nulls(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = str(tmp_path / "data.bin")
    table = {"x": [1.5, None, 4.0], "k": [1, 2, 3], "b": [True, False, True], "name": ["one", "two", "three"]}
    pq.write_table(pa.table(table), path)
    np.testing.assert_array_equal(read_sample(path, Form(column="x"), nan_policy="omit")[1].x, [1.5, 4.0])
    np.testing.assert_array_equal(
        read_sample(path, Form(column="x", weights="k"), nan_policy="omit")[1].weight, [1.0, 3.0]
    )
    np.testing.assert_array_equal(read_sample(path, Form(column="b"))[1].x, [1, 0, 1])
    assert read_table(path).numeric == ("x", "k", "b")
    with pytest.raises(DataError, match="column 'name': its type is string, not a number"):
        read_sample(path, Form(column="name"))
    with pytest.raises(DataError, match=r"1 of 3 observations are missing \(NaN\); the first is x\[1\]"):
        read_sample(path, Form(column="x"))
    with pytest.raises(UnknownNameError, match="column 'z' not found; numeric columns: x, k, b"):
        read_sample(path, Form(column="z"))


def test_parquet_columns_of_one_name_are_refused(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = str(tmp_path / "data.parquet")
    pq.write_table(pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], names=["x", "x"]), path)
    with pytest.raises(DataError, match="the header has column 'x' 2 times"):
        read_sample(path, Form(column="x"))


def test_a_data_set_brings_its_frequencies():
    name, sample = read_sample("@horse_kicks")
    assert (name, sample.nobs) == ("deaths", 200.0)
    assert math.isclose(sample.mean(), 0.61)
