"""A sample validates once, and what it says of the data is true."""

import math
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mle_toolkit as mle
from mle_toolkit.data import sample as samples
from mle_toolkit.data.passes import BLOCK_ROWS, SKETCH_ROWS
from mle_toolkit.errors import DataError, WeightError


def test_a_sample_of_plain_data():
    sample = mle.Sample([3.0, 1.0, 4.0])
    assert sample.x.tolist() == [3.0, 1.0, 4.0]
    assert sample.weight is None
    assert (sample.nobs, sample.n_rows, len(sample)) == (3.0, 3, 3)
    assert (sample.minimum, sample.maximum) == (1.0, 4.0)
    assert sample.lower is sample.upper
    assert repr(sample) == "Sample: 3 observations, from 1 to 4"


def test_a_weighted_sample_leaves_out_rows_without_weight():
    sample = mle.Sample([1.0, 2.0, 3.0, 100.0], [1, 2.5, 1, 0])
    assert sample.x.tolist() == [1.0, 2.0, 3.0]
    assert sample.nobs == 4.5
    assert sample.maximum == 3.0
    assert sample.weight_kind == "frequency"
    assert "4.5 observations in 3 weighted rows" in repr(sample)


def test_reliability_weights_are_named():
    sample = mle.Sample([1.0, 2.0], [0.5, 1.5], "reliability")
    assert sample.weight_kind == "reliability"
    assert "reliability" in repr(sample)


def test_a_table():
    sample = mle.Sample.table([0, 1, 2, 3], counts=[109, 65, 0, 22])
    assert sample.nobs == 196.0
    assert sample.x.tolist() == [0.0, 1.0, 3.0]


@pytest.mark.parametrize(
    ("x", "weights", "message"),
    [
        ([1.0, 2.0, 3.0], [1.0, -1.0, 1.0], r"1 of 3 are negative; the first is weights\[1\] = -1"),
        ([1.0, 2.0, 3.0], [1.0, math.nan, math.nan], r"2 of 3 are missing; the first is weights\[1\]"),
        ([1.0, 2.0, 3.0], [1.0, 1.0, math.inf], r"1 of 3 are infinite; the first is weights\[2\]"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], "2 weights for 3 observations"),
        ([1.0, 2.0, 3.0], [0.0, 0.0, 0.0], "all 3 are zero"),
        ([1.0, 2.0], [[1.0, 2.0]], "2 dimensions"),
        ([1.0, 2.0], ["a", "b"], "expected real numbers"),
        ([1.0, 2.0], 2.0, "expected a column of numbers"),
    ],
)
def test_weights_that_are_not_weights(x, weights, message):
    with pytest.raises(DataError, match=f"^weights: .*{message}"):
        mle.Sample(x, weights)


@pytest.mark.parametrize(
    ("values", "counts", "error", "message"),
    [
        ([0, 1], [1.5, 2], WeightError, r"counts: 1 of 2 are not whole numbers; the first is counts\[0\] = 1.5"),
        ([0, 1], [-1, 2], WeightError, "negative"),
        ([0, 1], [1, 2, 3], WeightError, "3 weights for 2"),
        ([0, 1], ["a", "b"], DataError, "^counts: expected real numbers"),
    ],
)
def test_counts_that_are_not_counts(values, counts, error, message):
    with pytest.raises(error, match=message):
        mle.Sample.table(values, counts)


@pytest.mark.parametrize("x", [[], np.array([]), pd.Series([], dtype=float), pl.Series([], dtype=pl.Float64)])
def test_no_observations(x):
    with pytest.raises(DataError, match="no observations: the data are empty"):
        mle.Sample(x)


@pytest.mark.parametrize("policy", ["raise", "omit"])
@pytest.mark.parametrize("infinity", [math.inf, -math.inf])
def test_infinite_observations_are_refused_under_every_policy(policy, infinity):
    with pytest.raises(DataError, match=r"1 of 3 observations are infinite; the first is x\[1\]"):
        mle.Sample([1.0, infinity, 2.0], nan_policy=policy)


MISSING = {
    "NaN": [1.0, math.nan, 2.0, math.nan],
    "None": [1.0, None, 2.0, None],
    "masked": np.ma.array([1.0, 9.0, 2.0, 9.0], mask=[0, 1, 0, 1]),
    "pandas": pd.Series([1.0, None, 2.0, None]),
    "pandas Int64": pd.Series([1, None, 2, None], dtype="Int64"),
    "polars null": pl.Series([1.0, None, 2.0, None]),
    "polars NaN and null": pl.Series([1.0, None, 2.0, math.nan]),
}


@pytest.mark.parametrize("kind", MISSING)
def test_missing_observations(kind):
    with pytest.raises(DataError, match=r"2 of 4 observations are missing.*the first is x\[1\].*nan_policy"):
        mle.Sample(MISSING[kind])
    assert mle.Sample(MISSING[kind], nan_policy="omit").x.tolist() == [1.0, 2.0]


def test_weights_go_with_their_rows_when_missing_ones_are_left_out():
    sample = mle.Sample([1.0, math.nan, 2.0], [3.0, 5.0, 4.0], nan_policy="omit")
    assert sample.weight.tolist() == [3.0, 4.0]
    assert sample.nobs == 7.0


def test_nothing_but_missing():
    with pytest.raises(DataError, match="all 2 are missing"):
        mle.Sample([math.nan, math.nan], nan_policy="omit")


def test_only_missing_rows_have_weight():
    """What is left once the missing are left out has no weight: that is no sample."""
    with pytest.raises(WeightError, match="zero in all 1 rows that are not missing"):
        mle.Sample([1.0, math.nan], [0.0, 1.0], nan_policy="omit")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"nan_policy": "ignore"}, "nan_policy"), ({"weight_kind": "survey"}, "weight_kind")],
)
def test_unknown_options(options, message):
    with pytest.raises(DataError, match=message):
        mle.Sample([1.0], **options)


def test_of_passes_a_sample_through():
    sample = mle.Sample([1.0, 2.0])
    assert mle.Sample.of(sample) is sample
    with pytest.raises(WeightError, match="its own weights"):
        mle.Sample.of(sample, weights=[1.0, 1.0])


def test_a_sample_leaves_the_data_alone():
    x = np.array([3.0, 1.0, 2.0])
    sample = mle.Sample(x, np.array([1.0, 0.0, 2.0]))
    for use in (sample.tabulated, sample.sketch, sample.mean, sample.var, lambda: sample.standardised(1.0, 2.0)):
        use()
    assert x.tolist() == [3.0, 1.0, 2.0]


def test_blocks_keep_rows_and_order():
    x, w = np.arange(3.0 * BLOCK_ROWS + 17), np.ones(3 * BLOCK_ROWS + 17) * 2
    blocks = list(mle.Sample(x, w).blocks())
    assert np.array_equal(np.concatenate([b for b, _ in blocks]), x)
    assert np.array_equal(np.concatenate([v for _, v in blocks]), w)
    assert max(len(b) for b, _ in blocks) <= BLOCK_ROWS
    (whole,) = mle.Sample(x[:5]).blocks()
    assert whole[1] is None


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 6)), min_size=1, max_size=30))
def test_weighted_statistics_are_those_of_repeated_rows(rows):
    x, w = np.array(rows, dtype=float).T
    sample, repeated = mle.Sample(x, w), np.repeat(x, w.astype(int))
    assert sample.nobs == len(repeated)
    assert sample.mean() == pytest.approx(repeated.mean(), rel=1e-12, abs=1e-12)
    assert sample.mean(np.square) == pytest.approx(np.mean(repeated**2), rel=1e-12)
    assert sample.var() == pytest.approx(repeated.var(), rel=1e-10, abs=1e-10)
    for p in (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0):
        assert sample.quantile(p) == np.quantile(repeated, p, method="averaged_inverted_cdf")


def test_variance_does_not_cancel_far_from_zero():
    x = 1e12 + np.array([0.0, 1.0, 2.0, 3.0, 4.0, 7.0])
    assert mle.Sample(x).var() == pytest.approx(np.var([0.0, 1.0, 2.0, 3.0, 4.0, 7.0]), rel=1e-12)


@pytest.mark.parametrize(
    ("x", "whole"), [([1.0, 2.0], True), ([1.0, 2.5], False), ([-1.0, 1e300], True), ([0.0], True)]
)
def test_is_integer(x, whole):
    assert mle.Sample(x).is_integer is whole


def test_tabulated_counts_are_the_same_sample():
    x = np.array([3.0, 1.0, 3.0, 2.0, 3.0])
    for given_x in (x, x + 0.5, x * 1e9):
        table = mle.Sample(given_x).tabulated()
        assert table.x.tolist() == sorted(set(given_x))
        assert table.weight.tolist() == [1.0, 1.0, 3.0]
        assert table.nobs == 5.0
    weighted = mle.Sample(x, [1.0, 2.0, 0.5, 1.0, 1.0]).tabulated()
    assert weighted.weight.tolist() == [2.0, 1.0, 2.5]
    distinct = mle.Sample([0.5, 0.25]).tabulated()
    assert distinct.nobs == 2.0


def test_reliability_weights_are_not_tabulated():
    """The sandwich sums squares of weights, so rows must stay apart."""
    sample = mle.Sample([1.0, 1.0], [1.0, 2.0], "reliability")
    assert sample.tabulated() is sample


def test_the_sketch_is_a_subsample():
    small = mle.Sample(np.arange(10.0))
    assert small.sketch() is small
    large = mle.Sample(np.arange(10.0 * SKETCH_ROWS))
    sketch = large.sketch()
    assert SKETCH_ROWS / 2 <= sketch.n_rows <= SKETCH_ROWS
    assert sketch is large.sketch()
    assert np.all(np.isin(sketch.x, large.x))
    assert sketch.mean() == pytest.approx(large.mean(), rel=0.01)


def test_standardised():
    sample = mle.Sample([1.0, 3.0], [2.0, 1.0], "reliability")
    moved = sample.standardised(1.0, 2.0)
    assert moved.x.tolist() == [0.0, 1.0]
    assert (moved.minimum, moved.maximum, moved.nobs) == (0.0, 1.0, 3.0)
    assert moved.weight_kind == "reliability"
    assert sample.standardised(0.0, 1.0) is sample


def test_a_function_of_long_data_is_that_of_short_ones(monkeypatch):
    """Of many rows it is computed in every pass anew, with the same numbers."""
    rng = np.random.default_rng(3)
    x, w = rng.lognormal(size=30_000), rng.uniform(0.5, 2.0, 30_000)
    for weights in (None, w):
        held = mle.Sample(x, weights)
        wanted = held.mapped(np.log).standardised(0.5, 2.0)
        monkeypatch.setattr(samples, "HELD_ROWS", 20_000)
        got = held.mapped(np.log).standardised(0.5, 2.0)
        monkeypatch.undo()
        assert type(got) is not mle.Sample
        assert (got.n_rows, got.nobs, got.is_plain, got.in_memory) == (30_000, wanted.nobs, True, True)
        assert (got.minimum, got.maximum) == (wanted.minimum, wanted.maximum)
        assert (got.mean(), got.var()) == (wanted.mean(), wanted.var())
        assert np.array_equal(got.sketch().x, wanted.sketch().x)
        assert np.array_equal(got.take(slice(5)).x, wanted.x[:5])
        assert got.same_data(wanted)
        assert str(got.truncated(-9.0)) == str(wanted.truncated(-9.0))


def test_the_ends_of_a_falling_function_change_places():
    x = np.linspace(1.0, 4.0, samples.HELD_ROWS + 1)
    inverse = mle.Sample(x).mapped(np.reciprocal)
    assert (inverse.minimum, inverse.maximum) == (0.25, 1.0)


@pytest.mark.parametrize("order", ["random", "sorted", "tied"])
@pytest.mark.parametrize("weighting", ["plain", "counts", "shares", "uneven"])
def test_quantiles_of_long_data_are_those_of_all_rows(order, weighting, monkeypatch):
    """They are sought between quantiles of a subsample, and among all rows where they are not found there."""
    rng = np.random.default_rng(6)
    n = 20_000
    x = rng.poisson(3.0, n).astype(float) if order == "tied" else rng.normal(size=n)
    x = np.sort(x) if order == "sorted" else x
    weights = {
        "plain": None,
        "counts": rng.integers(1, 5, n).astype(float),
        "shares": rng.uniform(0.1, 9.0, n),
        "uneven": np.where(x > 1.0, 1e3, 1.0),
    }[weighting]
    probabilities = (0.0, 1e-4, 0.1, 0.25, 0.5, 0.75, 0.99999, 1.0)
    wanted = [mle.Sample(x, weights).quantile(p) for p in probabilities]
    monkeypatch.setattr(samples, "HELD_ROWS", 10_000)
    monkeypatch.setattr(samples, "_SELECTING_ROWS", 500)
    sample = mle.Sample(x, weights)
    assert [sample.quantile(p) for p in probabilities] == wanted
    assert sum(sample._selected(p) is not None for p in probabilities) >= 5


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("distinct", [30, 3_000])
def test_a_table_of_long_data_is_merged_from_blocks(distinct, weighted, monkeypatch):
    rng = np.random.default_rng(5)
    x = rng.integers(0, distinct, 10_000) + 0.5
    weights = rng.integers(1, 5, 10_000).astype(float) if weighted else None
    wanted = mle.Sample(x, weights).tabulated()
    monkeypatch.setattr(samples, "HELD_ROWS", 1_000)
    assert mle.Sample(x, weights).tabulated().same_data(wanted)


def test_same_data():
    one = mle.Sample([1.0, 2.0], [1.0, 2.0])
    assert one.same_data(one)
    assert one.same_data(mle.Sample([1.0, 2.0], [1.0, 2.0]))
    assert not one.same_data(mle.Sample([1.0, 2.0]))
    assert not one.same_data(mle.Sample([2.0, 1.0], [2.0, 1.0]))
    assert not one.same_data(mle.Sample([1.0, 2.0], [1.0, 2.0], "reliability"))


@pytest.mark.parametrize("n", [160_007, 1_000_003])
def test_a_large_subsample_is_of_runs_spread_over_all_rows(n):
    weights = np.arange(1.0, n + 1.0)
    sample = mle.Sample(np.arange(float(n)), weights)
    few = sample.sketch(n // 16)
    rows = few.lower.astype(int)
    assert np.array_equal(few.weight, weights[rows])
    assert n // 17 - 2 * 16 <= len(rows) <= n // 16
    assert np.all(np.diff(rows) > 0)
    assert np.max(np.diff(rows)) <= 2 * 16 * 17
    assert rows[0] < 16 * 17
    assert n - rows[-1] <= 3 * 16 * 17
    # Of no period that is short beside the subsample one phase is preferred.
    for period in (7, 16, 24, 272):
        share = np.bincount(rows % period, minlength=period) / len(rows)
        assert np.all(np.abs(share * period - 1) < 0.25)


def test_what_is_computed_once_is_kept_but_not_sent():
    sample = mle.Sample.right_censored([1.0, 2.0, 3.0], [1, 0, 1])
    calls = []
    first = sample.once("sum", lambda: calls.append(1) or 6.0)
    assert (first, sample.once("sum", lambda: calls.append(1) or 0.0), len(calls)) == (6.0, 6.0, 1)
    sent = pickle.loads(pickle.dumps(sample))
    assert sent.once("sum", lambda: 0.0) == 0.0
    assert sent.same_data(sample)


def test_what_is_kept_of_a_sample_is_not_that_of_its_parts():
    """A censored fit keeps what it sorts and sums; samples made of the sample have their own."""
    rng = np.random.default_rng(1)
    time, event = rng.gamma(2.0, size=50_000), rng.uniform(size=50_000) < 0.5
    sample = mle.Sample.right_censored(time, event)
    mle.fit(sample, "gamma")
    for part, rows in (
        (sample.take(slice(0, 30_000)), slice(0, 30_000)),
        (sample.reweighted(np.arange(50_000) < 45_000), slice(0, 45_000)),
    ):
        anew = mle.Sample.right_censored(time[rows], event[rows])
        assert mle.fit(part, "gamma").params == pytest.approx(mle.fit(anew, "gamma").params, rel=1e-12)
    halved = mle.fit(sample.standardised(0.0, 2.0), "gamma")
    assert halved.params["scale"] == pytest.approx(0.5 * mle.fit(sample, "gamma").params["scale"], rel=1e-10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda bad: mle.Sample.right_censored([1.0, bad], [1, 0]), r"time: 1 of 2 .* the first is time\[1\]"),
        (lambda bad: mle.Sample.left_censored([bad, 2.0], [1, 0]), r"x: 1 of 2 .* the first is x\[0\]"),
        (lambda bad: mle.Sample.rounded([1.0, bad], 1.0), r"x: 1 of 2 .* the first is x\[1\]"),
    ],
)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_has_no_value_is_said_by_its_own_name(make, message, bad):
    with pytest.raises(DataError, match=message) as error:
        make(bad)
    assert "nan_policy" not in str(error.value)


def test_a_window_asked_for_as_samples_are_made_is_refused_with_the_way():
    with pytest.raises(DataError, match=r"Sample\(x\)\.truncated\(lower, upper\)"):
        mle.Sample.truncated([1.0, 2.0], lower=0.5)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 51, 1000])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_median_is_the_quantile_of_one_half(n, weighted):
    rng = np.random.default_rng(n)
    for x in (rng.normal(size=n), np.round(rng.normal(size=n), 1), 1e308 * rng.uniform(-1, 1, n)):
        sample = mle.Sample(x, rng.integers(1, 4, n) if weighted else None)
        first = sample.median()
        assert first == sample.quantile(0.5) == sample.median()
