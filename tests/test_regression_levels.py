"""Regressions on factors of many levels, held by their entries: what the whole design gives."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.data.formulas import of_formula
from mle_toolkit.data.sparse import SparseDesign
from mle_toolkit.errors import DataError, FitWarning, NoMaximumError
from mle_toolkit.regression import scanned

N_ROWS, N_LEVELS = 9_000, 120


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(11)
    code = rng.integers(0, N_LEVELS, N_ROWS)
    x, effect = rng.normal(size=N_ROWS) + 40.0, rng.normal(size=N_LEVELS) / 2
    eta = 0.3 * (x - 40) + effect[code] + 0.7
    levels = np.array([f"g{k:03d}" for k in range(N_LEVELS)])
    return {
        "g": levels[code],
        "region": np.array([f"r{k % 25:02d}" for k in range(N_LEVELS)])[code],
        "x": x,
        "count": rng.poisson(np.exp(eta)),
        "size": rng.gamma(2.0, np.exp(eta) / 2),
        "time": np.exp(eta) * rng.weibull(1.5, N_ROWS),
        "seen": rng.random(N_ROWS) < 0.7,
        "many": rng.poisson(np.exp(eta) * rng.gamma(2.0, 0.5, N_ROWS)),
        "zeros": rng.poisson(np.exp(eta)) * (rng.random(N_ROWS) < 0.6),
        "w": rng.integers(1, 3, N_ROWS),
    }


def whole(frame, formula):
    """The same design as an array, with its names."""
    design, matrix = of_formula(formula, frame)
    assert isinstance(matrix, SparseDesign)
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(np.asarray(matrix), columns=list(design.names))


def same(one, other, se=1e-5):
    assert one.certificate.verdict == other.certificate.verdict
    assert one.llf == pytest.approx(other.llf, rel=1e-10)
    for name, errors in other.bse.items():
        assert np.all(np.abs(one.params[name] - other.params[name]) < se * errors)
        np.testing.assert_allclose(one.bse[name], errors, rtol=1e-5)


def test_poisson(frame, tmp_path):
    fit = mle.regress("count ~ x + C(g)", frame, "poisson", weights="w")
    other = mle.regress(frame["count"], whole(frame, "x + C(g)"), "poisson", weights=frame["w"])
    same(fit, other)
    np.testing.assert_allclose(fit.predict().to_numpy(), other.predict().to_numpy(), rtol=1e-7)
    some = {"g": frame["g"][:50], "x": frame["x"][:50]}
    told = fit.predict(some, se=True)
    np.testing.assert_allclose(told["mean_se"], other.predict(se=True)["mean_se"][:50], rtol=1e-5)
    fit.save(tmp_path / "fit.json")
    back = mle.load(tmp_path / "fit.json")
    np.testing.assert_allclose(back.predict(frame).to_numpy(), fit.predict().to_numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    ("family", "response", "more"),
    [
        ("gamma", "size", {}),
        ("negbin", "many", {}),
        ("lognormal", "size", {"sdlog": "~ x"}),
        ("zero_inflated(poisson)", "zeros", {"pi": "~ x"}),
        ("weibull", "right_censored(time, seen)", {}),
    ],
    ids=["gamma", "negbin", "lognormal", "zip", "weibull"],
)
def test_other_laws(frame, family, response, more):
    fit = mle.regress(f"{response} ~ x + C(g)", frame, family, **more)
    y = mle.Sample.right_censored(frame["time"], frame["seen"]) if "censored" in response else frame[response]
    arrays = {name: whole_of_few(frame) for name in more}
    same(fit, mle.regress(y, whole(frame, "x + C(g)"), family, **arrays))


def whole_of_few(frame):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"Intercept": np.ones(N_ROWS), "x": frame["x"]})


def test_levels_on_two_parameters(frame):
    fit = mle.regress("size ~ x + C(g)", frame, "gamma", shape="~ C(g)")
    same(fit, mle.regress(frame["size"], whole(frame, "x + C(g)"), "gamma", shape=whole(frame, "C(g)")))


def test_levels_within_levels(frame):
    with pytest.raises(NoMaximumError, match=r"collinear: C\(region\)\[T.r01\] = .*C\(g\)\[T.g001\]"):
        mle.regress("count ~ x + C(g) + C(region)", frame, "poisson")
    with pytest.warns(FitWarning, match="24 collinear columns are dropped"):
        fit = mle.regress("count ~ x + C(g) + C(region)", frame, "poisson", collinear="drop")
    assert fit.llf == pytest.approx(mle.regress("count ~ x + C(g)", frame, "poisson").llf, rel=1e-12)


def test_unseen_level(frame):
    fit = mle.regress("count ~ x + C(g)", frame, "poisson")
    other = {"g": np.tile(frame["g"][:400], 30), "x": np.tile(frame["x"][:400], 30)}
    other["g"] = np.where(np.arange(len(other["g"])) == 7, "new", other["g"])
    with pytest.raises(DataError, match="1 of 12000 rows have a level"):
        fit.predict(other)
    told = fit.predict(other, unseen="nan").to_numpy()
    assert np.flatnonzero(np.isnan(told)).tolist() == [7]
    np.testing.assert_allclose(told[400:800], fit.predict().to_numpy()[:400], rtol=1e-12)


def test_a_level_alone_determines_its_spread(frame):
    one = {name: column.copy() for name, column in frame.items()}
    one["g"][17] = "h"
    with pytest.raises(NoMaximumError, match="row 17 alone determines the sdlog"):
        mle.regress("size ~ x + C(g)", one, "lognormal", sdlog="~ C(g)")


def test_missing_values(frame):
    one = {name: column.copy() for name, column in frame.items()}
    one["x"][[3, 50]] = np.nan
    fit = mle.regress("count ~ x + C(g)", one, "poisson", nan_policy="omit")
    rest = np.delete(np.arange(N_ROWS), [3, 50])
    less = {name: column[rest] for name, column in one.items()}
    other = mle.regress("count ~ x + C(g)", less, "poisson")
    assert fit.llf == pytest.approx(other.llf, rel=1e-12)
    told = fit.average_predictions("x", [39.0, 41.0])
    np.testing.assert_allclose(told["mean"], other.average_predictions("x", [39.0, 41.0])["mean"], rtol=1e-9)


@pytest.mark.parametrize("family", ["poisson", "bernoulli"])
@pytest.mark.parametrize("base", [False, True], ids=["levels", "base too"])
def test_levels_without_events(frame, family, base):
    one = {name: column.copy() for name, column in frame.items()}
    one["y"] = one["count"] if family == "poisson" else np.minimum(one["count"], 1)
    empty = ["g007", "g050", "g119", *(["g000"] if base else [])]
    one["y"] = np.where(np.isin(one["g"], empty), 0, one["y"])
    if family == "bernoulli":
        one["y"] = np.where(one["g"] == "g033", 1, one["y"])
    with pytest.warns(FitWarning, match="boundary"):
        fit = mle.regress("y ~ x + C(g)", one, family)
    with pytest.warns(FitWarning, match="boundary"):
        other = mle.regress(one["y"], whole(one, "x + C(g)"), family)
    assert fit.llf == pytest.approx(other.llf, rel=1e-10)
    name = fit.model.base.param_names[0]
    assert np.array_equal(np.isfinite(fit.params[name]), np.isfinite(other.params[name]))
    assert np.sum(~np.isfinite(fit.params[name])) >= 3
    told = fit.predict().to_numpy()
    np.testing.assert_allclose(told, other.predict().to_numpy(), rtol=1e-6, atol=1e-12)
    assert np.all(told[np.isin(one["g"], empty)] < 1e-100)
    assert fit.bse[name]["x"] == pytest.approx(other.bse[name]["x"], rel=1e-6)


def test_a_covariate_separates_beside_levels(frame):
    one = {name: column.copy() for name, column in frame.items()}
    one["z"] = np.where(np.arange(N_ROWS) % 3 == 0, np.abs(one["x"] - 40) + 0.1, 0.0)
    one["y"] = np.where(one["z"] > 0, 0, one["count"])
    with pytest.warns(FitWarning, match=r"mu\[z\] -> -∞"):
        fit = mle.regress("y ~ x + z + C(g)", one, "poisson")
    with pytest.warns(FitWarning, match=r"mu\[z\] -> -∞"):
        other = mle.regress(one["y"], whole(one, "x + z + C(g)"), "poisson")
    assert fit.llf == pytest.approx(other.llf, rel=1e-10)


def test_bounds_and_pictures(frame):
    with pytest.warns(FitWarning, match="bound"):
        fit = mle.regress("count ~ x + C(g)", frame, "poisson", bounds={"mu[x]": (None, 0.2)})
    assert fit.params["mu"]["x"] == 0.2
    plot = pytest.importorskip("matplotlib.pyplot")
    assert mle.plot.coefficients(mle.regress("count ~ x + C(g)", frame, "poisson")) is not None
    plot.close("all")


def test_rows_in_batches(frame, tmp_path, monkeypatch):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    one = {name: frame[name] for name in ("count", "x", "g", "region")}
    pandas.DataFrame(one).to_parquet(tmp_path / "rows.parquet")
    whole_fit = mle.regress("count ~ x + C(g)", one, "poisson")
    monkeypatch.setattr(scanned, "is_small", lambda found: False)
    fit = mle.regress("count ~ x + C(g)", tmp_path / "rows.parquet", "poisson")
    assert fit.llf == pytest.approx(whole_fit.llf, rel=1e-13)
    assert np.all(np.abs(fit.params["mu"] - whole_fit.params["mu"]) < 1e-6 * whole_fit.bse["mu"])
    with pytest.raises(NoMaximumError, match="collinear"):
        mle.regress("count ~ x + C(g) + C(region)", tmp_path / "rows.parquet", "poisson")


def test_the_order_of_an_enum_of_polars_is_the_one_that_it_declares():
    """Not the one in which its levels were met, nor that of the alphabet."""
    pl = pytest.importorskip("polars")
    x = np.random.default_rng(2).normal(size=300)
    codes = np.digitize(x + np.random.default_rng(3).logistic(size=300), [-1.0, 1.0])
    names = np.array(["2", "10", "30"])
    order = pl.Enum(["2", "10", "30"])
    frame = pl.DataFrame({"x": x, "level": names[codes]}).sort("x", descending=True)
    frame = frame.with_columns(pl.col("level").cast(order))
    fit = mle.regress("level ~ x", frame, "ordinal")
    told = mle.regress("level ~ x", {"x": x, "level": names[codes]}, "ordinal", levels=["2", "10", "30"])
    assert list(fit.params["cutpoints"].index) == ["2|10", "10|30"]
    assert fit.llf == pytest.approx(told.llf, rel=1e-10)
    factor = mle.regress("x ~ level", frame, "normal")
    assert list(factor.params["mu"].index) == ["Intercept", "level[T.10]", "level[T.30]"]


def test_an_enum_of_polars_keeps_its_order_in_a_file(tmp_path):
    """Parquet keeps its codes as numbers without a sign."""
    pl = pytest.importorskip("polars")
    x = np.linspace(-2, 2, 200)
    names = np.array(["2", "10", "30"])[np.digitize(x + np.sin(40 * x), [-0.7, 0.7])]
    frame = pl.DataFrame({"x": x, "level": names}).with_columns(pl.col("level").cast(pl.Enum(["2", "10", "30"])))
    frame.write_parquet(tmp_path / "levels.parquet")
    fit = mle.regress("level ~ x", tmp_path / "levels.parquet", "ordinal")
    assert list(fit.params["cutpoints"].index) == ["2|10", "10|30"]
    assert fit.llf == pytest.approx(mle.regress("level ~ x", frame, "ordinal").llf, rel=1e-10)


def test_an_order_of_numbers_that_a_file_does_not_keep_is_asked_for(tmp_path):
    """Pandas writes such categories as plain numbers, and that they had an order, but not which."""
    pd, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow.parquet")
    x = np.linspace(-2, 2, 200)
    codes = np.array([3, 1, 2])[np.digitize(x + np.sin(40 * x), [-0.7, 0.7])]
    frame = pd.DataFrame({"x": x, "level": pd.Categorical(codes, categories=[3, 1, 2], ordered=True)})
    frame.to_parquet(tmp_path / "levels.parquet")
    wanted = mle.regress("level ~ x", frame, "ordinal")
    for data in (tmp_path / "levels.parquet", arrow.read_table(tmp_path / "levels.parquet")):
        with pytest.raises(DataError, match=r"levels 1, 2, 3 were an ordered category.*does not keep.*levels="):
            mle.regress("level ~ x", data, "ordinal")
        fit = mle.regress("level ~ x", data, "ordinal", levels=[3, 1, 2])
        assert list(fit.params["cutpoints"].index) == ["3|1", "1|2"]
        assert fit.llf == pytest.approx(wanted.llf, rel=1e-10)


@pytest.mark.parametrize("missing", [False, True])
def test_groups_are_those_of_a_dictionary_without_signs(missing):
    """Categories of polars in a table of Arrow."""
    pl = pytest.importorskip("polars")
    names = np.array(["2", "10", "30"])[np.arange(90) % 3]
    frame = pl.DataFrame(
        {"x": np.sin(np.arange(90.0)), "g": [None if missing and k < 3 else g for k, g in enumerate(names.tolist())]}
    )
    table = frame.with_columns(pl.col("g").cast(pl.Categorical)).to_arrow()
    groups = mle.fit_groups(table, by="g", column="x", family="normal")
    plain = mle.fit_groups(frame, by="g", column="x", family="normal")
    assert len(groups) == len(plain)
