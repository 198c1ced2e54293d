"""fit_groups: any table in, one row a group out, whatever the groups hold."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import ComparisonError, DataError, ParameterError, UnknownNameError

RAIN = {
    "station": ["b", "a", "b", "a", "b", "a", "b", "a"],
    "mm": [4.0, 1.0, 4.0, 3.0, 9.0, 2.0, 5.0, 7.0],
    "days": [1.0, 2.0, 1.0, 1.0, 3.0, 1.0, 1.0, 0.0],
}
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def column(table, name):
    return np.asarray(table[name])


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_comes_back_in_the_kind_that_was_given(kind):
    frame = KINDS[kind](RAIN)
    table = mle.fit_groups(frame, by="station", column="mm", family="gamma").table
    assert type(table) is type(frame)
    names = list(table.column_names if kind == "pyarrow" else table.columns)
    assert names == [
        "station", "nobs", "shape", "scale", "se_shape", "se_scale", "llf", "cross_entropy", "verdict", "reason",
    ]  # fmt: skip
    assert column(table, "station").tolist() == ["a", "b"]
    for g, key in enumerate("ab"):
        x = [v for s, v in zip(RAIN["station"], RAIN["mm"], strict=True) if s == key]
        fit = mle.fit(x, "gamma")
        for name in ("shape", "scale"):
            assert column(table, name)[g] == pytest.approx(fit.params[name], abs=1e-5 * fit.bse[name])
            assert column(table, f"se_{name}")[g] == pytest.approx(fit.bse[name], rel=1e-5)
        assert column(table, "llf")[g] == pytest.approx(fit.llf, rel=1e-8)
        assert column(table, "cross_entropy")[g] == pytest.approx(fit.cross_entropy, rel=1e-8)
        assert column(table, "nobs")[g] == 4.0
        assert column(table, "verdict")[g] == "interior"
        assert column(table, "reason")[g] == ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_group_is_a_row_with_a_reason(kind):
    x = [1.0, 2.0, 4.0, 3.0, 3.0, 3.0, 1.0, float("nan"), 2.0, -1.0, 2.0, 5.0, 1.0, float("inf"), 7.0]
    frame = KINDS[kind](
        {"k": np.repeat(["fine", "same", "gap", "below", "endless", "one"], [3, 3, 3, 3, 2, 1]), "x": x}
    )
    fits = mle.fit_groups(frame, "k", "x", "gamma")
    verdicts = dict(zip(column(fits.table, "k"), column(fits.table, "verdict"), strict=True))
    assert verdicts == {
        "below": "invalid_data",
        "endless": "invalid_data",
        "fine": "interior",
        "gap": "invalid_data",
        "one": "unbounded",
        "same": "unbounded",
    }
    assert fits.verdicts == {"invalid_data": 3, "unbounded": 2, "interior": 1}
    assert "outside the support (0, ∞)" in fits.failures["below"]
    assert "1 of 3 observations are missing" in fits.failures["gap"]
    assert "infinite" in fits.failures["endless"]
    assert "fine" not in fits.failures
    assert np.isnan(column(fits.table, "shape")[verdicts_index(verdicts, "gap")])
    assert "6 groups" in repr(fits)
    assert "missing" in str(fits)
    with pytest.raises(DataError, match="missing"):
        fits.of("gap")


def verdicts_index(verdicts, key):
    return list(verdicts).index(key)


def test_missing_values_may_be_left_out():
    frame = pd.DataFrame({"k": list("aaaabb"), "x": [1.0, np.nan, 2.0, 4.0, np.nan, np.nan]})
    fits = mle.fit_groups(frame, "k", "x", "exponential", nan_policy="omit")
    assert fits.table["nobs"].tolist() == [3.0, 0.0]
    assert fits.table["scale"][0] == pytest.approx(7 / 3)
    assert fits.failures == {"b": "no observations: all rows of the group are missing, or have weight 0."}


def test_weights_are_frequencies():
    weighted = mle.fit_groups(pd.DataFrame(RAIN), "station", "mm", "weibull", weights="days").table
    rows = [k for k, days in enumerate(RAIN["days"]) for _ in range(int(days))]
    repeated = mle.fit_groups(pd.DataFrame(RAIN).iloc[rows], "station", "mm", "weibull").table
    pd.testing.assert_frame_equal(weighted, repeated, rtol=1e-9)


def test_bad_weights_spoil_their_group_only():
    frame = pd.DataFrame({"k": list("aaabbb"), "x": [1.0, 2, 4, 1, 2, 4], "w": [1.0, -1, 1, 1, 1, 1]})
    fits = mle.fit_groups(frame, "k", "x", "gamma", weights="w")
    assert list(fits.failures) == ["a"]
    assert "negative" in fits.failures["a"]


def lots():
    """Times of parts of two lots, as they are seen in many ways."""
    rng = np.random.default_rng(11)
    life, end = 10 * rng.weibull(2.0, 60), rng.uniform(4, 20, 60)
    time = np.minimum(life, end)
    return pd.DataFrame(
        {
            "lot": rng.integers(0, 2, 60),
            "time": np.round(time, 2) + 0.01,
            "the event": (life <= end).astype(int),
            "low": np.where(rng.random(60) < 0.2, np.nan, np.floor(time)),
            "high": np.floor(time) + 1,
            "entry": np.where(rng.random(60) < 0.5, np.nan, 0.5 * np.floor(time)),
            "w": rng.integers(0, 4, 60).astype(float),
        }
    )


FORMS = {
    "right_censored(time, `the event`)": lambda f, **w: mle.Sample.right_censored(f["time"], f["the event"], **w),
    "left_censored(time, `the event`)": lambda f, **w: mle.Sample.left_censored(f["time"], f["the event"], **w),
    "intervals(low, high)": lambda f, **w: mle.Sample.intervals(f["low"], f["high"], **w),
    "rounded(time, 0.01)": lambda f, **w: mle.Sample.rounded(f["time"], 0.01, **w),
    "truncated(time, lower=entry, upper=30)": lambda f, **w: mle.Sample(f["time"], **w).truncated(f["entry"], 30),
    "truncated(right_censored(time, `the event`), lower=entry)": (
        lambda f, **w: mle.Sample.right_censored(f["time"], f["the event"], **w).truncated(f["entry"])
    ),
    "time": lambda f, **w: mle.Sample(f["time"], **w),
}


def assert_as_alone(fits, key, sample, family):
    """What `fit` says of the group alone."""
    row = fits.table.iloc[[*fits.table.iloc[:, 0]].index(key)]
    alone = mle.fit(sample, family)
    assert row["verdict"] == str(alone.certificate.verdict)
    assert row["llf"] == pytest.approx(alone.llf, rel=1e-8)
    for name, se in alone.bse.items():
        assert row[name] == pytest.approx(alone.params[name], abs=1e-5 * se)
        assert row[f"se_{name}"] == pytest.approx(se, rel=1e-5)
    assert row["nobs"] == pytest.approx(sample.nobs)


@pytest.mark.parametrize("kind", [None, "frequency", "reliability"])
@pytest.mark.parametrize("column", FORMS)
def test_rows_of_every_form_give_what_fit_gives_for_the_group(column, kind):
    frame = lots()
    given = {} if kind is None else {"weights": "w", "weight_kind": kind}
    fits = mle.fit_groups(frame, "lot", column, "weibull", **given)
    for lot in (0, 1):
        rows = frame[(frame["lot"] == lot) & ((frame["w"] > 0) | (kind is None))]
        weights = {} if kind is None else {"weights": rows["w"], "weight_kind": kind}
        assert_as_alone(fits, lot, FORMS[column](rows, **weights), "weibull")
    assert fits.of(0).params["shape"] == pytest.approx(fits.table["shape"][0])


def test_a_group_with_rows_that_say_nothing_is_a_row_with_the_reason():
    frame = pd.DataFrame(
        {
            "k": list("aaabbbcccdddee"),
            "t": [1.0, 2, 4, 1, np.nan, 3, 2, 3, 4, 1, 2, 5, 1, 2],
            "e": [1, 0, 1, 1, 1, 1, 1, 0.5, 1, 1, np.nan, 1, 0, 0],
        }
    )
    fits = mle.fit_groups(frame, "k", "right_censored(t, e)", "exponential")
    assert fits.table["verdict"].tolist() == ["interior", *["invalid_data"] * 3, "unbounded"]
    assert "t: 1 of 3 observations are missing" in fits.failures["b"].replace("time", "t")
    assert "neither 0 nor 1" in fits.failures["c"]
    assert "all 2 observations are right-censored" in fits.failures["e"]
    omitted = mle.fit_groups(frame, "k", "right_censored(t, e)", "exponential", nan_policy="omit").table
    assert omitted["nobs"].tolist() == [3.0, 2.0, 3.0, 2.0, 2.0]
    assert omitted["scale"].tolist()[:2] == pytest.approx([3.5, 2.0])


def test_a_column_may_have_the_name_of_a_form():
    frame = pd.DataFrame({"k": [0, 0], "log(x)": [1.0, 3.0]})
    assert mle.fit_groups(frame, "k", "log(x)", "exponential").table["scale"][0] == 2.0


@pytest.mark.parametrize(
    "keys",
    [
        [3, 1, 3, 1, 2, 2],
        [10**15, -5, 10**15, -5, 0, 0],
        ["z", "y", "z", "y", "é", "é"],
        [True, False, True, False, True, False],
        [2.5, -1.0, 2.5, -1.0, 0.0, 0.0],
        pd.to_datetime(["2024-03-01", "2024-01-01", "2024-03-01", "2024-01-01", "2024-02-01", "2024-02-01"]),
        pd.Categorical(["mid", "low", "mid", "low", "high", "high"], ["low", "mid", "high", "never"], ordered=True),
        ["z", None, "z", None, "y", "y"],
    ],
    ids=["integers", "far apart", "text", "truth", "floats", "dates", "categories", "missing"],
)
@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_any_type_are_ordered(kind, keys):
    frame = pd.DataFrame({"k": keys, "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]})
    expected = frame.groupby("k", dropna=False, observed=True)["x"].mean()
    if kind == "polars":
        frame = pl.from_pandas(frame)
        if isinstance(keys, pd.Categorical):  # else Polars forgets the order of pandas' categories
            frame = frame.cast({"k": pl.Enum(list(keys.categories))})
    elif kind == "pyarrow":
        frame = pa.Table.from_pandas(frame)
    table = mle.fit_groups(frame, "k", "x", "exponential").table
    assert column(table, "scale").tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize("values", [["b", "a", "c"], [10.0, 2.0, 30.0]])
def test_categories_of_arrow_without_an_order_are_ordered_as_their_values(values):
    keys = pa.chunked_array([pa.array([value, None]).dictionary_encode() for value in values])
    table = mle.fit_groups(pa.table({"k": keys, "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}), "k", "x", "exponential").table
    expected = [x for _, x in sorted(zip(values, [1.0, 3.0, 5.0], strict=True))]
    assert column(table, "scale").tolist() == pytest.approx([*expected, 4.0])


@pytest.mark.parametrize("kind", KINDS)
def test_nan_is_missing_like_null_and_the_sign_of_0_is_no_key(kind):
    x = [1.0, 2.0, 3.0, 5.0, 6.0, 8.0]
    frame = KINDS[kind]({"k": [0.0, -0.0, float("nan"), None, 1.0, 1.0], "x": x})
    fits = mle.fit_groups(frame, "k", "x", "exponential")
    assert column(fits.table, "scale").tolist() == pytest.approx([1.5, 7.0, 4.0])
    assert [fits.of(key).params["scale"] for key in (0.0, 1.0, None)] == pytest.approx([1.5, 7.0, 4.0])


def test_several_columns_make_the_groups():
    frame = pd.DataFrame({"site": [1, 2, 1, 2, 1, 2], "year": [7, 7, 8, 8, 8, 7], "x": [1.0, 2, 3, 4, 5, 6]})
    fits = mle.fit_groups(frame, ["site", "year"], "x", "exponential")
    assert fits.table[["site", "year"]].to_numpy().tolist() == [[1, 7], [1, 8], [2, 7], [2, 8]]
    assert fits.table["scale"].tolist() == [1.0, 4.0, 4.0, 4.0]
    assert fits.of((2, 7)).params["scale"] == 4.0


def test_the_best_family_of_each_group_is_that_of_compare():
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.gamma(2.0, 1.0, 300), rng.lognormal(0.0, 1.0, 300), rng.weibull(4.0, 300)])
    frame = pd.DataFrame({"k": np.repeat(["a", "b", "c"], 300), "x": x})
    laws = ["gamma", "lognormal", "weibull"]
    table = mle.fit_groups(frame, "k", "x", laws).table.set_index("k")
    assert table["family"].tolist() == laws
    for key in "abc":
        ranked = mle.compare(frame["x"][frame["k"] == key], laws).table
        assert table["runner_up"][key] == ranked["family"][1]
        assert table["delta_aic"][key] == pytest.approx(ranked["delta_aic"][1], abs=1e-6)
        assert table["aic"][key] == pytest.approx(ranked["aic"][0], abs=1e-6)
    assert np.isnan(table["shape"]["b"])
    assert np.isnan(table["meanlog"]["a"])


def test_where_no_family_fits_the_reasons_of_all_are_said():
    frame = pd.DataFrame({"k": ["a"] * 3, "x": [2.0, 2.0, 2.0]})
    fits = mle.fit_groups(frame, "k", "x", ["gamma", "normal"])
    assert fits.table["family"][0] == ""
    assert "gamma: " in fits.failures["a"]
    assert "normal: " in fits.failures["a"]


def test_boundary_groups_name_their_limit():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"k": np.repeat([0, 1], 60), "x": np.r_[rng.binomial(20, 0.5, 60), rng.poisson(rng.gamma(1, 4, 60))]}
    )
    fits = mle.fit_groups(frame, "k", "x", "negbin")
    assert fits.table["verdict"].tolist() == ["boundary", "interior"]
    assert fits.table["reason"][0] == mle.fit_groups(frame[:60], "k", "x", "negbin").of(0).certificate.message
    assert np.isinf(fits.table["size"][0])
    assert fits.failures == {}


def test_any_law_will_do_and_the_slower_path_is_said():
    frame = pd.DataFrame(RAIN)
    fits = mle.fit_groups(frame, "station", "mm", "laplace")
    assert fits.table["loc"].tolist() == [fits.of(key).params["loc"] for key in "ab"]
    assert any("slower" in note for note in fits.notes())

    class Broken(mle.Family):
        name = "broken"
        parameters = (mle.Parameter("rate", mle.POSITIVE),)
        support = mle.POSITIVE

        def logpdf(self, x, rate):
            raise RuntimeError("no density today")

    broken = mle.fit_groups(frame, "station", "mm", Broken())
    assert [key for key, why in broken.failures.items() if "raised RuntimeError: no density today" in why] == ["a", "b"]


def test_array_parameters_have_a_column_each():
    table = mle.fit_groups(pd.DataFrame({"k": [0, 0, 0, 1, 1], "x": [0, 1, 2, 0, 1]}), "k", "x", "categorical").table
    assert table[["probs[0]", "probs[1]", "probs[2]"]].to_numpy().tolist() == [[1 / 3] * 3, [0.5, 0.5, 0.0]]


def test_the_record_is_json_ready():
    import json

    record = mle.fit_groups(pl.DataFrame(RAIN), "station", "mm", "gamma").to_dict()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert [row["station"] for row in record["groups"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"by": "town"}, UnknownNameError, "column 'town' not found; columns: station, mm, days"),
        ({"column": "rain"}, UnknownNameError, "column 'rain' not found"),
        ({"column": "station"}, DataError, "expected real numbers"),
        ({"column": "log(mm)"}, ParameterError, "neither a column nor one of right_censored"),
        ({"column": "right_censored(mm, dead)"}, UnknownNameError, "column 'dead' not found"),
        ({"column": "right_censored(mm)"}, ParameterError, "needs event"),
        ({"weight_kind": "exact"}, DataError, "weight_kind"),
        ({"by": []}, ParameterError, "at least one column"),
        ({"by": ["station", "station"]}, ParameterError, "by: station, station: name each column once"),
        ({"family": []}, ComparisonError, "nothing to fit"),
        ({"family": ["gamma", "gamma"]}, ComparisonError, "name each once"),
        ({"family": ["gamma", "poisson"]}, ComparisonError, "different units"),
        ({"family": "multivariate_normal"}, ParameterError, "law of vectors"),
        ({"frame": [1, 2, 3]}, DataError, "expected a table with columns, got list"),
        ({"frame": pl.DataFrame(RAIN).lazy()}, DataError, "collect it first"),
        ({"frame": pd.DataFrame(RAIN)[:0]}, DataError, "empty"),
        ({"frame": pd.DataFrame(RAIN).rename(columns={"station": "scale"}), "by": "scale"}, ParameterError, "rename"),
        ({"nan_policy": "drop"}, DataError, "nan_policy"),
    ],
)
def test_a_wrong_call_is_one_clear_error(change, error, says):
    call = {"frame": pd.DataFrame(RAIN), "by": "station", "column": "mm", "family": "gamma"} | change
    with pytest.raises(error, match=says):
        mle.fit_groups(**call)


def test_a_group_that_is_not_there_is_said():
    with pytest.raises(UnknownNameError, match="no group 'z'"):
        mle.fit_groups(pd.DataFrame(RAIN), "station", "mm", "gamma").of("z")


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"k": rng.integers(0, 50, 3_000), "x": rng.gamma(2.0, 1.0, 3_000)})
    whole = mle.fit_groups(frame, "k", "x", "gamma").table
    by_key = mle.fit_groups(frame.sort_values("k", kind="stable"), "k", "x", "gamma").table
    pd.testing.assert_frame_equal(whole, by_key, check_exact=True)


def test_a_group_of_zeros_costs_nothing_and_not_less():
    fits = mle.fit_groups(pd.DataFrame({"g": ["a", "a", "b"], "n": [0, 0, 3]}), "g", "n", "poisson")
    assert np.signbit(fits.table["cross_entropy"]).tolist() == [False, False]


def test_censored_groups_are_fitted_together():
    rng = np.random.default_rng(53)
    time, limit = rng.weibull(1.5, 600), rng.uniform(0.3, 2.0, 600)
    frame = pd.DataFrame({"g": np.repeat(np.arange(20), 30), "t": np.minimum(time, limit), "event": time <= limit})
    frame["event"] = frame["event"].astype(float)
    frame.loc[frame["g"] == 3, "event"] = 0.0
    fits = mle.fit_groups(frame, "g", "right_censored(t, event)", "weibull")
    assert fits._outcomes[0].n_single == 1
    assert not fits._outcomes[0].one_by_one
    assert fits.verdicts == {"interior": 19, "unbounded": 1}
    alone = fits.of(7)
    row = fits.table.iloc[7]
    assert row["llf"] == pytest.approx(alone.llf, rel=1e-10)
    assert row["se_shape"] == pytest.approx(alone.bse["shape"], rel=1e-6)
    frame.loc[4, "t"] = np.nan  # one row that says nothing
    again = mle.fit_groups(frame, "g", "right_censored(t, event)", "weibull")
    assert again.table["verdict"][0] == "invalid_data"
    assert again._outcomes[0].n_single == 2
