"""Regressions of tables that are not held: the bits of the data in memory, whatever they are read from."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import mle_toolkit as mle
from mle_toolkit.data import learning
from mle_toolkit.errors import DataError, FitWarning, NoMaximumError, ParameterError, SupportError, WeightError
from mle_toolkit.regression import scanned

pa = pytest.importorskip("pyarrow")

N = 23_456
FORMULA = "y ~ x1 * C(g) + h"


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(7)
    g, x = rng.integers(0, 3, N), rng.normal(size=N)
    mu = np.exp(0.3 + 0.2 * x + 0.3 * (g == 2))
    trials = rng.integers(3, 9, N)
    return pd.DataFrame(
        {
            "y": rng.poisson(mu), "loss": rng.gamma(3, mu / 3), "x1": x, "x2": 2 * x + 1, "g": g,
            "h": np.array(["u", "v"])[rng.integers(0, 2, N)],
            "w": rng.integers(0, 3, N), "t": rng.uniform(1, 2, N), "trials": trials, "hits": rng.binomial(trials, 0.4),
        }
    )  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_is_held(monkeypatch):
    monkeypatch.setattr(learning, "IN_MEMORY_ROWS", 100)


@pytest.fixture(scope="module")
def folder(data, tmp_path_factory):
    where = tmp_path_factory.mktemp("tables")
    data.to_parquet(where / "all.parquet", row_group_size=7_000)
    data.to_csv(where / "all.csv", index=False)
    return where


def same_bits(fit, expected):
    assert not fit.sample.in_memory
    assert fit.llf == expected.llf
    np.testing.assert_array_equal(fit.coefficients, expected.coefficients)
    np.testing.assert_array_equal(fit.cov_params(), expected.cov_params())
    assert fit.certificate == expected.certificate


def test_files_and_streams_give_the_bits_of_the_data_in_memory(data, folder):
    expected = mle.regress(FORMULA, data, "poisson", weights="w", exposure="t")
    table = pa.table(data)
    for source in (folder / "all.parquet", str(folder / "all.csv"), mle.scan(table, "y")):
        same_bits(mle.regress(FORMULA, source, "poisson", weights="w", exposure="t"), expected)


@pytest.mark.parametrize(
    ("formula", "family", "others"),
    [
        ("loss ~ x1", "gamma", {"shape": "~ C(g)"}),
        ("loss ~ 0 + C(g)", "normal", {}),
        ("hits ~ x1", "binomial", {"n": "trials"}),
        ("y ~ x1", "negbin", {"offset": "t", "fixed": {"mu[x1]": 0.1}}),
        ("y ~ x1", "poisson", {"bounds": {"mu[x1]": (0.0, None)}}),
    ],
)
def test_laws_constants_and_options_give_the_same_bits(data, folder, formula, family, others):
    same_bits(
        mle.regress(formula, folder / "all.parquet", family, **others), mle.regress(formula, data, family, **others)
    )


def test_a_dask_table_gives_the_bits_of_its_partitions_here(data, monkeypatch):
    dd = pytest.importorskip("dask.dataframe")
    lazy = dd.from_pandas(data, npartitions=3)
    cuts = np.cumsum([0, *(len(lazy.get_partition(k)) for k in range(3))])
    pieces = [data.iloc[a:b] for a, b in pairwise(cuts)]
    fit = mle.regress(FORMULA, lazy, "poisson", weights="w")
    here = learning.PartitionedTable("the pieces", tuple(data.columns), pieces, learning.here)
    monkeypatch.setattr(scanned, "table_of", lambda *_: here)
    same_bits(fit, mle.regress(FORMULA, "pieces", "poisson", weights="w"))
    whole = mle.regress(FORMULA, data, "poisson", weights="w")
    assert fit.llf == pytest.approx(whole.llf, rel=1e-13)
    np.testing.assert_allclose(fit.coefficients, whole.coefficients, rtol=1e-9)


def test_levels_that_come_late_are_levels(data, tmp_path):
    late = data.assign(g=np.where(np.arange(N) == N - 1, 9, data["g"]))
    late.to_parquet(tmp_path / "late.parquet")
    fit = mle.regress("loss ~ C(g)", tmp_path / "late.parquet", "lognormal")
    same_bits(fit, mle.regress("loss ~ C(g)", late, "lognormal"))
    assert "C(g)[T.9]" in fit.params["meanlog"].index


def in_rising_order(levels, count):
    return pd.Categorical(np.resize(levels, count), categories=levels, ordered=True)


@pytest.mark.parametrize("held", [100, 10_000])
def test_levels_of_a_file_keep_their_order(tmp_path, monkeypatch, held):
    """Read by blocks or at once: the base level is the first of the order, not of the alphabet."""
    monkeypatch.setattr(learning, "IN_MEMORY_ROWS", held)
    rng = np.random.default_rng(3)
    some = pd.DataFrame({"y": rng.poisson(2.0, 600), "dose": in_rising_order(["none", "low", "high"], 600)})
    some.to_parquet(tmp_path / "some.parquet", row_group_size=250)
    fit = mle.regress("y ~ dose", tmp_path / "some.parquet", "poisson")
    assert list(fit.params["mu"].index) == ["Intercept", "dose[T.low]", "dose[T.high]"]
    means = some.groupby("dose", observed=True)["y"].mean().to_numpy()
    np.testing.assert_allclose(fit.params["mu"], np.log(means / np.append(1, [means[0]] * 2)), rtol=1e-6)


@pytest.mark.parametrize(
    ("levels", "base"), [(["none", "high"], "none"), (["high"], "none"), (["low", "none"], None), (["other"], None)]
)
def test_orders_of_parts_of_a_folder_are_one_or_said_not_to_be(tmp_path, levels, base):
    for part, order in enumerate((["none", "low", "high"], levels)):
        frame = pd.DataFrame({"y": np.arange(90) % 4, "dose": in_rising_order(order, 90)})
        frame.to_parquet(tmp_path / f"{part}.parquet")
    if base is None:
        with pytest.raises(DataError, match="'dose': its levels have one order in some rows, none, low, high, and ano"):
            mle.regress("y ~ dose", tmp_path, "poisson")
    else:
        fit = mle.regress("y ~ dose", tmp_path, "poisson")
        assert list(fit.params["mu"].index) == ["Intercept", "dose[T.low]", "dose[T.high]"]


@pytest.mark.parametrize("held", [100, 10_000])
def test_categories_give_the_same_terms_wherever_they_are(tmp_path, monkeypatch, held):
    """Those of numbers, which Arrow writes as numbers, of truth values, and texts in an order that does not count."""
    monkeypatch.setattr(learning, "IN_MEMORY_ROWS", held)
    rng = np.random.default_rng(4)
    drawn = {"size": [2, 10, 7], "kind": ["mid", "low", "high"], "seen": [True, False]}
    frame = pd.DataFrame({"y": rng.poisson(2.0, 400)})
    for name, levels in drawn.items():
        categories = levels if name == "kind" else sorted(levels)
        frame[name] = pd.Categorical(rng.choice(levels, 400), categories=categories)
    right = mle.regress("y ~ size + kind + seen", frame, "poisson")
    names = ["Intercept", "size[T.7]", "size[T.10]", "kind[T.low]", "kind[T.high]", "seen[T.True]"]
    assert list(right.params["mu"].index) == names
    (tmp_path / "parts").mkdir()
    for part in range(2):
        frame[part::2].to_parquet(tmp_path / "parts" / f"{part}.parquet")
    frame.to_parquet(tmp_path / "one.parquet", row_group_size=150)
    for data in (pa.Table.from_pandas(frame), tmp_path / "one.parquet", tmp_path / "parts"):
        fit = mle.regress("y ~ size + kind + seen", data, "poisson")
        assert list(fit.params["mu"].index) == names
        np.testing.assert_allclose(fit.params["mu"], right.params["mu"], rtol=1e-9)


def test_categories_whose_orders_count_for_nothing_and_contradict_are_sorted(tmp_path):
    for part, levels in enumerate((["mid", "low"], ["high", "low", "mid"])):
        kind = pd.Categorical(np.resize(levels, 90), categories=levels)
        pd.DataFrame({"y": np.arange(90) % 4, "kind": kind}).to_parquet(tmp_path / f"{part}.parquet")
    fit = mle.regress("y ~ kind", tmp_path, "poisson")
    assert list(fit.params["mu"].index) == ["Intercept", "kind[T.low]", "kind[T.mid]"]


def test_truth_values_of_a_text_file_are_those_of_a_frame(tmp_path):
    rows = np.arange(300)
    frame = pd.DataFrame({"y": rows % 4, "seen": rows % 7 > 2, "text": np.resize(["True", "no"], 300)})
    frame.to_csv(tmp_path / "all.csv", index=False)
    fit = mle.regress("y ~ seen + text", tmp_path / "all.csv", "poisson")
    assert list(fit.params["mu"].index) == ["Intercept", "seen", "text[T.no]"]
    np.testing.assert_allclose(fit.params["mu"], mle.regress("y ~ seen + text", frame, "poisson").params["mu"])


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_missing_values_are_counted_over_all_batches(data, tmp_path, kind):
    holed = data.assign(x1=data["x1"].where(np.arange(N) != 5), h=data["h"].where(np.arange(N) != 22_000))
    path = tmp_path / f"holed.{kind}"
    holed.to_parquet(path) if kind == "parquet" else holed.to_csv(path, index=False)
    with pytest.raises(DataError, match=r"x1 in 1 of 23456 rows, the first is row 5; h in 1 .* is row 22000"):
        mle.regress("y ~ x1 + h", path, "poisson")
    fit = mle.regress("y ~ x1 + h", path, "poisson", nan_policy="omit")
    same_bits(fit, mle.regress("y ~ x1 + h", holed, "poisson", nan_policy="omit"))
    assert (fit.nobs, fit.n_given) == (N - 2, N)


def test_a_fit_predicts_is_summarised_and_saved(data, folder, tmp_path):
    fit = mle.regress(FORMULA, folder / "all.parquet", "poisson")
    whole = mle.regress(FORMULA, data, "poisson")
    new = data.iloc[:5]
    np.testing.assert_array_equal(fit.predict(new, se=True), whole.predict(new, se=True))
    assert "read in batches" in str(fit)
    fit.save(tmp_path / "fit.json")
    np.testing.assert_allclose(mle.load(tmp_path / "fit.json").predict(new), whole.predict(new), rtol=1e-12)
    for what in (fit.residuals, fit.influence, fit.margins, fit.anova, fit.predict, fit.bootstrap, fit.memberships):
        with pytest.raises(DataError):
            what()


def test_collinear_columns_are_dropped_from_batches_as_from_memory(data, folder):
    with pytest.warns(FitWarning, match="x2 = 2 x1"):
        fit = mle.regress("y ~ x1 + x2", folder / "all.parquet", "poisson", collinear="drop")
    with pytest.warns(FitWarning, match="x2 = 2 x1"):
        same_bits(fit, mle.regress("y ~ x1 + x2", data, "poisson", collinear="drop"))


def test_few_rows_are_held(data, folder, monkeypatch):
    monkeypatch.setattr(learning, "IN_MEMORY_ROWS", N)
    fit = mle.regress("y ~ center(x1) + h", folder / "all.parquet", "poisson")
    assert fit.sample.in_memory
    assert fit.llf == mle.regress("y ~ center(x1) + h", data, "poisson").llf


def test_what_batches_cannot_give_is_refused(data, folder):
    path = folder / "all.parquet"
    for call, error, match in (
        (lambda: mle.regress("y ~ bs(x1)", path, "poisson"), ParameterError, "learns from all rows together"),
        (lambda: mle.regress("right_censored(loss, w) ~ x1", path, "gamma"), ParameterError, "exact values"),
        (lambda: mle.regress("y ~ x9", path, "poisson"), DataError, "column 'x9' not found; columns: y, loss"),
        (lambda: mle.regress(data["y"], path, "poisson"), ParameterError, "a formula says what to read"),
        (lambda: mle.regress("y ~ x1", path, "poisson", weights=data["w"]), ParameterError, "a column by its name"),
        (lambda: mle.regress("y ~ x1 + x2", path, "poisson"), NoMaximumError, "collinear: x2 = 2 x1 [+] 1"),
        (lambda: mle.regress("x1 ~ h", path, "gamma"), SupportError, "rows from 0 on: gamma"),
        (lambda: mle.regress("y ~ h", path, "poisson", weights="x1"), WeightError, "are negative"),
    ):
        with pytest.raises(error, match=match):
            call()


def test_coefficients_that_run_off_are_found_over_all_batches(data, tmp_path):
    """A group of zeros: the limit is that of the data in memory. A separating covariate: refused with all rows."""
    off = data.assign(y=np.where(data["g"] == 1, 0, data["y"]), late=(data["x1"] > 0.7).astype(float))
    off.to_parquet(tmp_path / "off.parquet", row_group_size=7_000)
    with pytest.warns(FitWarning, match=r"mu\[C\(g\)\[T.1\]\] -> -∞: in all \d+ rows .* the observation is 0"):
        fit, expected = (mle.regress("y ~ x1 + C(g)", one, "poisson") for one in (tmp_path / "off.parquet", off))
    assert not fit.sample.in_memory
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.boundary == expected.certificate.boundary
    assert fit.llf == pytest.approx(expected.llf, rel=1e-12)
    np.testing.assert_allclose(fit.coefficients, expected.coefficients, rtol=1e-8)
    np.testing.assert_allclose(fit.bse["mu"], expected.bse["mu"], rtol=1e-6)
    few = off[:8_000]
    few.to_parquet(tmp_path / "few.parquet", row_group_size=3_000)
    above = int(few["late"].sum())
    with pytest.raises(
        NoMaximumError, match=rf"x1 separates y: in all {above} rows with x1 > 0\.\d+ the observation is 1"
    ):
        mle.regress("late ~ x1", tmp_path / "few.parquet", "bernoulli")


def test_a_column_of_dates_is_refused_in_words(data, tmp_path):
    data.assign(d=pd.date_range("2020-01-01", periods=N, freq="min")).to_parquet(tmp_path / "dates.parquet")
    with pytest.raises(DataError, match=r"column 'd': .*mle\.durations"):
        mle.regress("y ~ d", tmp_path / "dates.parquet", "poisson")
