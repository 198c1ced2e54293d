"""Columns from elsewhere become one float64 array, or an error that says what they are."""

import array
import decimal
import fractions

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mle_toolkit as mle
from mle_toolkit.data.frames import to_column
from mle_toolkit.errors import DataError

EXPECTED = np.array([3.0, 1.0, 4.0])

COLUMNS = {
    "list": [3, 1, 4],
    "list of floats": [3.0, 1.0, 4.0],
    "tuple": (3, 1, 4),
    "list of NumPy scalars": [np.float32(3), np.int8(1), np.float64(4)],
    "fractions and decimals": [fractions.Fraction(3), decimal.Decimal(1), 4],
    "int64": np.array([3, 1, 4]),
    "uint8": np.array([3, 1, 4], dtype=np.uint8),
    "float32": np.array([3, 1, 4], dtype=np.float32),
    "big-endian": np.array([3, 1, 4], dtype=">f8"),
    "object of ints": np.array([3, 1, 4], dtype=object),
    "strided": np.array([3, 0, 1, 0, 4, 0])[::2],
    "reversed": np.array([4.0, 1.0, 3.0])[::-1],
    "read-only": np.frombuffer(np.array([3.0, 1.0, 4.0]).tobytes()),
    "masked without mask": np.ma.array([3, 1, 4]),
    "pandas": pd.Series([3, 1, 4]),
    "pandas with an index of its own": pd.Series([3.0, 1.0, 4.0], index=[7, 5, 5]),
    "pandas Int64": pd.Series([3, 1, 4], dtype="Int64"),
    "pandas Arrow": pd.Series([3, 1, 4], dtype="int64[pyarrow]"),
    "pandas array": pd.array([3, 1, 4]),
    "pandas Index": pd.Index([3, 1, 4]),
    "polars": pl.Series([3, 1, 4]),
    "polars UInt8": pl.Series([3, 1, 4], dtype=pl.UInt8),
    "pyarrow": pa.array([3, 1, 4]),
    "pyarrow dictionary": pa.array([3, 1, 4]).dictionary_encode(),
    "pyarrow dictionary in chunks": pa.chunked_array([pa.array([v]).dictionary_encode() for v in (3, 1, 4)]),
    "pandas sparse": pd.Series(pd.arrays.SparseArray([3, 1, 4])),
    "pandas sparse array": pd.arrays.SparseArray([3.0, 1.0, 4.0]),
    "pandas categorical of numbers": pd.Series([3, 1, 4]).astype("category"),
    "memoryview": memoryview(array.array("d", [3.0, 1.0, 4.0])),
    "memoryview of ints": memoryview(array.array("i", [3, 1, 4])),
    "pandas table of one column": pd.DataFrame({"a": [3, 1, 4]}),
    "polars table of one column": pl.DataFrame({"a": [3, 1, 4]}),
    "pyarrow table of one column": pa.table({"a": [3, 1, 4]}),
    "pyarrow in chunks": pa.chunked_array([[3.0], [1.0, 4.0]]),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_of_numbers(kind):
    values, missing = to_column(COLUMNS[kind])
    assert missing is None
    assert values.dtype == np.float64
    assert values.flags.c_contiguous
    assert np.array_equal(values, EXPECTED)


BOOLEANS = {
    "list": [True, False, True],
    "NumPy": np.array([True, False, True]),
    "pandas": pd.Series([True, False, True]),
    "pandas boolean": pd.Series([True, False, True], dtype="boolean"),
    "polars": pl.Series([True, False, True]),
    "pyarrow": pa.array([True, False, True]),
}


@pytest.mark.parametrize("kind", BOOLEANS)
def test_booleans_are_0_and_1(kind):
    values, missing = to_column(BOOLEANS[kind])
    assert missing is None
    assert values.tolist() == [1.0, 0.0, 1.0]


MISSING = {
    "list with None": [1.0, None, 2.0],
    "object": np.array([1.0, None, 2.0], dtype=object),
    "masked": np.ma.array([1.0, 5.0, 2.0], mask=[False, True, False]),
    "masked ints": np.ma.array([1, 5, 2], mask=[False, True, False]),
    "pandas Int64": pd.Series([1, None, 2], dtype="Int64"),
    "pandas Float64": pd.Series([1.0, None, 2.0], dtype="Float64"),
    "pandas Arrow": pd.Series([1, None, 2], dtype="int64[pyarrow]"),
    "pandas object": pd.Series([1, pd.NA, 2], dtype=object),
    "polars": pl.Series([1.0, None, 2.0]),
    "polars ints": pl.Series([1, None, 2]),
    "polars booleans": pl.Series([True, None, False]),
    "pyarrow": pa.array([1, None, 2]),
}


@pytest.mark.parametrize("kind", MISSING)
def test_missing_entries_become_nan(kind):
    values, _ = to_column(MISSING[kind])
    assert np.isnan(values).tolist() == [False, True, False]


NAN = {
    "list": [1.0, float("nan"), 2.0],
    "NumPy": np.array([1.0, np.nan, 2.0]),
    "pandas": pd.Series([1.0, None, 2.0]),
    "polars keeps NaN apart from null": pl.Series([1.0, float("nan"), 2.0]),
    "pyarrow keeps NaN apart from null": pa.array([1.0, float("nan"), 2.0]),
}


@pytest.mark.parametrize("kind", NAN)
def test_nan_stays_nan(kind):
    values, _ = to_column(NAN[kind])
    assert np.isnan(values).tolist() == [False, True, False]


def test_a_masked_column_is_not_changed():
    """The mask is honoured in a copy: neither the data beneath it nor the mask are touched."""
    column = np.ma.array([1.0, 5.0, 2.0], mask=[False, True, False])
    to_column(column)
    assert column.data.tolist() == [1.0, 5.0, 2.0]
    assert column.mask.tolist() == [False, True, False]


def test_integers_beyond_64_bits():
    assert to_column([10**20, 1])[0].tolist() == [1e20, 1.0]
    assert to_column(np.array([10**20, 1], dtype=object))[0].tolist() == [1e20, 1.0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (3.0, "expected a column of numbers, got float 3.0"),
        ("abc", "expected a column of numbers, got str 'abc'"),
        (None, "expected a column of numbers, got NoneType"),
        ({"x": [1, 2]}, "got a dict"),
        ({1, 2}, "got a set"),
        (["a", "b"], "expected real numbers, got str; entry 0 is 'a'"),
        ([1.0, "b"], "entry 1 is 'b'"),
        (np.array(["a"]), "dtype <U1"),
        (np.array([1 + 2j]), "dtype complex128"),
        (np.array(["2020-01-01"], dtype="M8[D]"), r"dtype datetime64\[D\]"),
        (np.ones((2, 3)), r"2 dimensions, shape \(2, 3\)"),
        (np.ones((2, 1)), r"2 dimensions, shape \(2, 1\)"),
        ([[1.0], [2.0]], "2 dimensions"),
        (np.array(1.0), "0 dimensions"),
        (pd.DataFrame({"a": [1], "b": [2]}), "got a table with columns a, b"),
        (pl.DataFrame({"a": [1], "b": [2]}), "got a table with columns a, b"),
        (pa.table({"a": [1], "b": [2]}), "got a table with columns a, b"),
        (pd.Series(["a", "b"]), "expected real numbers"),
        (pl.Series(["a", "b"]), "expected real numbers"),
        (pa.array(["a", "b"]), "expected real numbers"),
        (pd.Series(pd.to_datetime(["2020-01-01"])), "expected real numbers"),
        (pd.Series(["a", "b"], dtype="category"), "expected real numbers"),
        (object(), "expected a column of numbers, got object"),
    ],
)
def test_what_is_not_a_column_of_numbers(data, message):
    with pytest.raises(DataError, match=message):
        to_column(data)


def test_the_error_calls_the_column_by_its_name():
    with pytest.raises(DataError, match=r"^weights: expected"):
        to_column("abc", "weights")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pd.Series(list("ab")).astype("category"), "categories that are texts; entry 0 is 'a'"),
        (pa.array(list("ab")).dictionary_encode(), "dtype String"),
        (memoryview(b"abc"), "a memoryview of bytes"),
        (bytearray(b"abc"), "a bytearray of bytes"),
        ([1, 10**400], "entry 1 is a whole number of 1329 bits"),
        ([decimal.Decimal("sNaN")], "entry 0 is Decimal"),
        ([[1], [2, 3]], "expected real numbers, got list"),
    ],
)
def test_what_only_looks_like_a_column_is_refused(data, message):
    with pytest.raises(DataError, match=message):
        to_column(data)


def test_a_missing_category_is_missing():
    for column in (pd.Series([1, None, 3]).astype("category"), pa.array([1, None, 3]).dictionary_encode()):
        values, missing = to_column(column)
        assert np.array_equal(values, [1.0, np.nan, 3.0], equal_nan=True)
        assert missing.tolist() == [False, True, False]


HERE = pd.Series([1.0, 0.0, 1.0, 1.0], index=list("abcd"))
THERE = HERE.sort_values()
NOISE = np.array([0.13, 0.25, 0.41, 0.97])
PAIRS = {
    "weights of values": lambda x, y: mle.Sample(x, y),
    "weights of a fit": lambda x, y: mle.fit(x + 1, "exponential", weights=y),
    "exposure": lambda x, y: mle.fit(x, "poisson", exposure=y + 1),
    "event": lambda x, y: mle.Sample.right_censored(x + 1, y),
    "observed": lambda x, y: mle.Sample.left_censored(x + 1, y),
    "upper ends": lambda x, y: mle.Sample.intervals(x, y + 2),
    "rounded": lambda x, y: mle.Sample.rounded(x + 5, 1.0, event=y),
    "counts": lambda x, y: mle.Sample.table(x, y),
    "deductible": lambda x, y: mle.Sample.insured(x + 1, deductible=y),
    "vectors": lambda x, y: mle.Sample.rows(pd.DataFrame({"u": x, "v": x}), y),
    "mutual information": lambda x, y: mle.information.mutual_information(sample=(np.sin(x + NOISE), y + NOISE), k=1),
    "forecasts": lambda x, y: mle.information.binary_cross_entropy(x, 0.5 + 0 * y),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_columns_of_pandas_whose_rows_have_other_labels_are_refused(pair):
    """They were matched by their places, silently: a column of a frame, and one of the same frame in another order."""
    with pytest.raises(DataError, match=r"its index is not that of .*: row 0 is 'b' here and 'a' there"):
        PAIRS[pair](HERE, THERE)
    PAIRS[pair](HERE, HERE)
    PAIRS[pair](HERE, THERE.to_numpy())
