"""The front of regressions: formulas, arrays, forms of data, options by coefficient."""

import csv
import json
from pathlib import Path

import mpmath
import numpy as np
import pandas as pd
import pytest
from references import HERE, _raw_cases
from scipy import optimize, stats

import mle_toolkit as mle
from mle_toolkit.errors import DataError, MleError, ParameterError
from mle_toolkit.estimation.certificate import Verdict

# Reference case: formula of the raw columns, law, other options, columns of the response among the prepared ones.
CASES = {
    "aft_lnorm_motors": ("right_censored(time, event) ~ I(1000 / (temp + 273.2))", "lognormal", {}),
    "aft_weibull_motors": ("right_censored(time, event) ~ I(1000 / (temp + 273.2))", "weibull", {}),
    "aft_weibull_ovarian": ("right_censored(futime, event) ~ ecog.ps + rx", "weibull", {}),
    "cloglog_birthwt": ("low ~ lwt + smoke", "bernoulli", {"links": {"p": "cloglog"}}),
    "gammaglm_clotting": ("lot1 ~ log(u)", "gamma", {"links": {"mean": "inverse"}}),
    "lm_longley": ("Employed ~ GNP.deflator + GNP + Unemployed + Armed.Forces + Population + Year", "normal", {}),
    "logit_birthwt": ("low ~ age + lwt + C(race) + smoke + I(ptl > 0) + ht + ui", "bernoulli", {}),
    "nb_quine": ("Days ~ Eth + Sex + Age + Lrn", "negbin", {}),
    "pois_insectsprays": ("count ~ spray", "poisson", {}),
    "pois_warpbreaks": ("breaks ~ wool * tension", "poisson", {}),
    "tobit_tobin": ("left_censored(durable, seen) ~ age + quant", "normal", {}),
    "zipreg_biochemists": (
        "art ~ fem + mar + kid5 + phd + ment",
        "zip",
        {"pi": "~ fem + mar + kid5 + phd + ment"},
    ),
}


def columns(path):
    with (HERE / path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    named = {name: [row[name] for row in rows] for name in rows[0]}
    return {name: _numbers(entries) for name, entries in named.items()}


def _numbers(entries):
    try:
        return np.array([float(entry) for entry in entries])
    except ValueError:
        return entries


def prepared(case):
    """Response, design of the modelled parameter, and other options, of the prepared columns."""
    table = columns(_raw_cases()[case]["prepared"]["file"])

    def block(letter):
        return np.stack([v for k, v in table.items() if k[0] == letter and k[1:].isdigit()], axis=1)

    if "time" in table:
        y = mle.Sample.right_censored(table["time"], table["event"])
    elif "successes" in table:
        y = table["successes"]
    else:
        y = mle.Sample.left_censored(table["y"], table["event"]) if "event" in table else table["y"]
    options = {"pi": block("Z")} if "Z0" in table else {}
    return y, block("X"), options | ({"offset": table["offset"]} if "offset" in table else {})


def assert_tight(fit, case):
    """Hold a fit against the reference at the tight grade: 1e-5 standard errors, 1e-8 of the log-likelihood."""
    raw = _raw_cases()[case]
    expected = raw["expected"]
    assert fit.llf == pytest.approx(expected["loglik"], abs=1e-8 * max(1, abs(expected["loglik"])))
    values = dict(zip(fit.coefficient_names, fit.coefficients, strict=True))
    errors = dict(zip(fit.coefficient_names, np.sqrt(np.diag(fit.cov_params())), strict=True))
    main = fit.model.base.main_parameter
    others = {"sigma": {"lognormal": "sdlog", "normal": "sigma", "weibull": "shape"}.get(fit.family.name)}
    vectors = {name: iter(list(fit.designs[name].names)) for name in fit.designs}
    for name in raw["param_names"]:
        if name in others or name in values or name == "theta":
            mine = others.get(name) or {"theta": "size"}.get(name, name)
        else:
            parameter = "pi" if name.startswith("zero_") else main
            mine = f"{parameter}[{next(vectors[parameter])}]"
        value, error = values[mine], errors[mine]
        if mine == "shape" and name == "sigma":
            value, error = 1 / value, error / value**2
        assert value == pytest.approx(expected["params"][name], abs=1e-5 * expected["se"][name])
        assert error == pytest.approx(expected["se"][name], rel=1e-5)
    assert fit.certificate.verdict is Verdict.INTERIOR


@pytest.mark.parametrize("case", CASES)
def test_a_formula_of_the_raw_columns_reaches_the_reference(case):
    formula, law, options = CASES[case]
    frame = columns(_raw_cases()[case]["file"])
    if case == "tobit_tobin":
        frame["seen"] = frame["durable"] > 0
    assert_tight(mle.regress(formula, frame, law, **options), case)


@pytest.mark.parametrize("case", CASES)
def test_the_prepared_arrays_reach_the_reference(case):
    _, law, options = CASES[case]
    y, design, others = prepared(case)
    links = {"links": options["links"]} if "links" in options else {}
    assert_tight(mle.regress(y, design, law, **links, **others), case)


def test_shares_are_those_of_ferrari_and_cribari_neto():
    """Household food (2004, Journal of Applied Statistics 31, 799-815, table 1), and the precision by formula."""
    import statsmodels.othermod.tests as folder

    path = Path(folder.__file__).parent / "results" / "foodexpenditure.csv"
    food = pd.read_csv(path, skipinitialspace=True).rename(columns=str.strip)
    food["share"] = food.food / food.income
    fit = mle.regress("share ~ income + persons", food, "beta")
    np.testing.assert_allclose(fit.params["mean"], [-0.622548, -0.0122988, 0.1184621], atol=5e-7)
    assert fit.params["precision"] == pytest.approx(35.60975, abs=5e-6)
    assert fit.llf == pytest.approx(45.333509, abs=5e-7)
    more = mle.regress("share ~ income + persons", food, "beta", precision="~ persons")
    assert more.llf == pytest.approx(49.184954, abs=5e-7)
    assert more.test(fit).statistic == pytest.approx(7.7029, abs=5e-5)


@pytest.mark.parametrize(("link", "llf"), [("logit", -12.889634), ("probit", -12.818804)])
def test_grades_by_two_links(link, llf):
    """Spector & Mazzeo (1980)."""
    from statsmodels.datasets import spector

    table = spector.load_pandas().data
    assert mle.regress("GRADE ~ GPA + TUCE + PSI", table, "bernoulli", links={"p": link}).llf == pytest.approx(
        llf, abs=5e-7
    )


def test_sea_levels_have_no_trend():
    """Coles (2001), ex. 6.3: Port Pirie."""
    level = list(mle.datasets.load("port_pirie").frame().to_dict("list").values())[-1]
    year = np.linspace(-0.5, 0.5, len(level))
    fit = mle.regress("level ~ year", {"level": level, "year": year}, "gev")
    assert fit.params["loc"]["year"] == pytest.approx(-0.02270994, abs=1e-6)
    assert fit.bse["loc"]["year"] == pytest.approx(0.0846, abs=5e-5)
    assert fit.llf == pytest.approx(4.375107, abs=5e-7)
    assert mle.regress("level ~ 1", {"level": level}, "gev").llf == pytest.approx(4.339058, abs=5e-7)


@pytest.fixture
def frame():
    rng = np.random.default_rng(20)
    n = 120
    x, z = rng.normal(size=n), rng.normal(size=n) + 2
    group = rng.choice(["a", "b", "c"], size=n)
    t = rng.uniform(0.5, 4, size=n)
    mu = t * np.exp(0.3 + 0.5 * x + 0.4 * (group == "b"))
    return pd.DataFrame({"x": x, "z": z, "g": group, "t": t, "y": rng.poisson(mu), "w": rng.integers(0, 3, size=n)})


def test_formulas_and_arrays_are_one_fit(frame):
    design = np.column_stack([np.ones(len(frame)), frame.x, frame.g == "b", frame.g == "c"])
    by_formula = mle.regress("y ~ x + g", frame, "poisson", exposure="t", weights="w")
    by_arrays = mle.regress(frame.y, design, "poisson", exposure=frame.t, weights=frame.w)
    assert by_formula.coefficients == pytest.approx(by_arrays.coefficients, rel=1e-12)
    assert by_formula.llf == pytest.approx(by_arrays.llf, rel=1e-14)
    assert by_formula.nobs == frame.w.sum()
    assert len(by_formula.rows) == np.count_nonzero(frame.w)
    assert by_formula.designs["mu"].base_levels == {"g": "a"}


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "dict"])
def test_any_frame_gives_the_same_fit(frame, kind):
    wanted = mle.regress("y ~ x * g", frame, "poisson")
    if kind == "polars":
        other = pytest.importorskip("polars").from_pandas(frame)
    elif kind == "pyarrow":
        other = pytest.importorskip("pyarrow").Table.from_pandas(frame)
    else:
        other = {name: frame[name].to_numpy() for name in frame.columns}
    got = mle.regress("y ~ x * g", other, "poisson")
    assert got.coefficient_names == wanted.coefficient_names
    assert got.coefficients == pytest.approx(wanted.coefficients, rel=1e-13)
    assert got.designs["mu"].matrix(other) == pytest.approx(wanted.designs["mu"].matrix(frame), abs=0)


# --- what is known, bounded, begun from -------------------------------------------------------------------------------


def test_a_known_coefficient_is_an_offset(frame):
    known = mle.regress("y ~ x + z", frame, "poisson", fixed={"mu[x]": 0.7})
    offset = mle.regress("y ~ z", frame, "poisson", offset=0.7 * frame.x)
    free = [0, 2]
    assert known.coefficients[free] == pytest.approx(offset.coefficients, rel=1e-12)
    assert known.llf == pytest.approx(offset.llf, rel=1e-14)
    assert known.cov_params().to_numpy()[np.ix_(free, free)] == pytest.approx(offset.cov_params().to_numpy(), rel=1e-9)
    assert known.params["mu"]["x"] == 0.7
    assert known.bse["mu"]["x"] == 0.0
    assert known.fixed == ("mu[x]",)
    assert known.df_model == 2


def test_all_coefficients_may_be_known(frame):
    fit = mle.regress("z ~ x", frame, "normal", fixed={"mu": [2.0, 0.1]})
    away = frame.z - 2.0 - 0.1 * frame.x
    assert fit.params["sigma"] == pytest.approx(np.sqrt(np.mean(away**2)), rel=1e-9)
    assert fit.params["mu"].tolist() == [2.0, 0.1]
    assert fit.df_model == 1


def test_a_number_is_known_in_the_unit_of_the_data(frame):
    fit = mle.regress("z ~ x", frame.assign(z=1e6 * frame.z), "normal", fixed={"sigma": 2e6})
    assert fit.params["sigma"] == 2e6
    assert fit.llf == pytest.approx(
        np.sum(normal_logpdf(1e6 * frame.z, fit.designs["mu"].matrix(frame), fit)), rel=1e-12
    )


def normal_logpdf(x, design, fit):
    away = (x - design @ fit.params["mu"]) / fit.params["sigma"]
    return -0.5 * away**2 - np.log(fit.params["sigma"] * np.sqrt(2 * np.pi))


def test_bounds_hold_at_the_maximum_where_the_likelihood_rises_beyond(frame):
    """Against bounded search by L-BFGS-B on the likelihood written out here."""
    from scipy.optimize import minimize

    design = np.column_stack([np.ones(len(frame)), frame.x, frame.z])
    y = frame.y.to_numpy()

    def nll(b):
        eta = design @ b
        return np.mean(np.exp(eta) - y * eta), design.T @ (np.exp(eta) - y) / len(y)

    ends = [(None, None), (0.8, None), (None, -0.05)]
    sought = minimize(nll, [0, 0.8, -0.1], jac=True, method="L-BFGS-B", bounds=ends, options={"ftol": 1e-15}).x
    with pytest.warns(mle.FitWarning, match=r"mu\[x\] = 0.8, mu\[z\] = -0.05"):
        fit = mle.regress("y ~ x + z", frame, "poisson", bounds={"mu[x]": (0.8, None), "mu[z]": (None, -0.05)})
    assert fit.coefficients == pytest.approx(sought, abs=1e-6)
    assert fit.pinned == {"mu[x]": 0.8, "mu[z]": -0.05}
    assert np.isnan(fit.bse["mu"]["x"])
    assert fit.certificate.verdict is Verdict.BOUNDARY
    assert fit.df_model == 3


@pytest.mark.parametrize(("bounds", "end"), [((None, 3.0), 3.0), ((-1.0, 3.0), 3.0)])
def test_bounds_give_a_maximum_where_a_covariate_separates(frame, bounds, end):
    apart = frame.assign(q=frame.x > 0)
    with pytest.warns(mle.FitWarning, match=r"p\[x\] = 3"):
        fit = mle.regress("q ~ x", apart, "bernoulli", bounds={"p[x]": bounds})
    assert fit.params["p"]["x"] == end
    held = mle.regress("q ~ x", apart, "bernoulli", fixed={"p[x]": end})
    assert fit.llf == pytest.approx(held.llf, rel=1e-12)


def test_bounds_that_do_not_bind_change_nothing(frame):
    free = mle.regress("y ~ x + z", frame, "poisson")
    bounded = mle.regress("y ~ x + z", frame, "poisson", bounds={"mu[x]": (0, 5), "mu[z]": (-5, None)})
    assert bounded.coefficients == pytest.approx(free.coefficients, rel=1e-12)
    assert bounded.certificate.verdict is Verdict.INTERIOR


@pytest.mark.parametrize("solver", ["newton", "Nelder-Mead", "L-BFGS-B", "trust-exact", "SLSQP"])
def test_every_solver_takes_known_coefficients_and_starts(frame, solver):
    wanted = mle.regress("z ~ x + y", frame, "normal", fixed={"mu[y]": 0.01})
    fit = mle.regress("z ~ x + y", frame, "normal", fixed={"mu[y]": 0.01}, start={"mu[x]": 0.2}, solver=solver)
    assert fit.coefficients == pytest.approx(wanted.coefficients, abs=1e-7)


@pytest.mark.parametrize("left", ["right_censored(t, d)", "rounded(t, 0.5)", "truncated(t, lower=e)"])
def test_coefficients_of_any_form_of_data_take_a_start(left):
    rng = np.random.default_rng(8)
    x, t = rng.normal(size=40), rng.weibull(2, 40) + 0.5
    some = {"x": x, "t": t, "d": t < 2, "e": 0.4 * t}
    fit = mle.regress(f"{left} ~ x", some, "weibull", start={"scale[x]": 0.1, "shape": 1.0})
    assert fit.coefficients == pytest.approx(mle.regress(f"{left} ~ x", some, "weibull").coefficients, abs=1e-7)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fixed": {"mu[q]": 1.0}}, "no parameter 'mu\\[q\\]'"),
        ({"fixed": {"mu": [1.0]}}, "all 2 as a list"),
        ({"bounds": {"mu": (0, 1)}}, "has a formula"),
        ({"bounds": {"mu[x]": (2, 1)}}, "lower"),
        ({"fixed": {"mu[x]": 0.5}, "bounds": {"mu[x]": (0, 1)}}, "leave one of them out"),
        ({"links": {"shape": "log"}}, "no parameter 'shape'"),
        ({"offset": {"size": "x"}}, "no parameter 'size'"),
        ({"pi": "~ x"}, "no parameter 'pi'"),
        ({"solver": "closed-form"}, "no closed form"),
        ({"mu": "~ z"}, "two formulas"),
        ({"links": "log"}, "links by parameter"),
    ],
)
def test_a_wrong_option_is_told(frame, options, said):
    with pytest.raises(ParameterError, match=said):
        mle.regress("y ~ x", frame, "poisson", **options)


# --- data -------------------------------------------------------------------------------------------------------------


def test_missing_values_are_told_or_left_out_jointly(frame):
    holed = frame.astype({"y": float})
    holed.loc[3, "x"] = np.nan
    holed.loc[[5, 9], "g"] = None
    holed.loc[7, "y"] = np.nan
    holed.loc[8, "t"] = np.nan
    with pytest.raises(DataError, match=r"y in 1 of 120 rows, the first is row 7; x in 1 .*; g in 2 .*row 5; t in 1"):
        mle.regress("y ~ x + g", holed, "poisson", exposure="t")
    fit = mle.regress("y ~ x + g", holed, "poisson", exposure="t", nan_policy="omit")
    whole = mle.regress("y ~ x + g", holed.dropna(), "poisson", exposure="t")
    assert fit.coefficients == pytest.approx(whole.coefficients, rel=1e-13)
    assert fit.rows.tolist() == [k for k in range(120) if k not in (3, 5, 7, 8, 9)]
    assert fit.n_given == 120


def test_a_design_keeps_rows_and_tells_levels_it_has_not_seen(frame):
    design = mle.regress("y ~ x + g", frame, "poisson").designs["mu"]
    new = pd.DataFrame({"x": [1.0, np.nan, 2.0], "g": ["b", "b", None]})
    matrix = design.matrix(new)
    assert matrix[0].tolist() == [1.0, 1.0, 1.0, 0.0]
    assert np.isnan(matrix[1:]).all()
    other = new.assign(g=["b", "b", "d"])
    with pytest.raises(DataError, match=r"g: 1 of 2 rows have a level .* 'd'; it knows 'a', 'b', 'c'"):
        design.matrix(other)
    assert np.isnan(design.matrix(other, unseen="nan")[2]).all()


@pytest.mark.parametrize(
    ("formula", "law", "data", "said"),
    [
        ("y ~ xx", "poisson", {}, "column 'xx' not found; .* Did you mean 'x'"),
        ("y ~ x * z * g", "normal", {"rows": 8}, "13 coefficients and parameters, and 8 observations"),
        ("q ~ x", "normal", {"q": 3.0}, "all 120 observations are equal"),
        ("y ~ x + q", "poisson", {"q": 0.0}, "1 of 3 columns are zero in all rows.* q"),
        ("y ~ log(z - 9)", "poisson", {}, "120 of 120 values are not finite; the first is row 0, where z"),
    ],
)
def test_data_that_cannot_be_fitted_are_told(frame, formula, law, data, said):
    rows = data.pop("rows", len(frame))
    with pytest.raises(DataError, match=said):
        mle.regress(formula, frame.assign(**data)[:rows], law)


@pytest.mark.parametrize("wrong", [{"link": "log"}, {"linkz": "mean=log"}, {"alpha": 0.05}, {"exposur": "x"}])
def test_a_misspelt_option_is_told_as_a_name_whatever_its_value_is(frame, wrong):
    with pytest.raises(ParameterError, match=f"no parameter '{next(iter(wrong))}'; its parameters: mean, shape"):
        mle.regress("z ~ x", frame.assign(z=frame.y + 1.0), "gamma", **wrong)


@pytest.mark.parametrize("kind", ["memory", "csv", "folder"])
def test_a_word_among_numbers_is_told_and_makes_no_factor(frame, tmp_path, kind):
    """A mark for a missing value, late in a column, once gave as many coefficients as there are numbers."""
    texts = frame.assign(x=[*frame.x.astype(str)[:-1], "n/a?"])
    data = texts
    if kind == "csv":
        data = tmp_path / "rows.csv"
        texts.to_csv(data, index=False)
    if kind == "folder":
        data = tmp_path / "parts"
        data.mkdir()
        frame[:100].to_parquet(data / "a.parquet")
        frame[100:].assign(x="n/a?").to_parquet(data / "b.parquet")
    with pytest.raises(DataError, match=r"'x': \d+ of its \d+ different values are numbers, and 1 is not: 'n/a\?'"):
        mle.regress("y ~ x", data, "poisson")


def test_a_misspelt_option_is_told_so_of_files_too(frame, tmp_path):
    """The columns that options name are read before anything is known of the rows."""
    frame.assign(z=frame.y + 1.0).to_csv(tmp_path / "rows.csv")
    with pytest.raises(ParameterError, match="no parameter 'linkz'; its parameters: mean, shape"):
        mle.regress("z ~ x", tmp_path / "rows.csv", "gamma", linkz="mean=log")


def test_trials_are_a_column(frame):
    trials = frame.assign(n=frame.y + 3)
    fit = mle.regress("y ~ x", trials, "binomial", n="n")
    p = fit.designs["p"].matrix(trials) @ fit.params["p"].to_numpy()
    residual = trials.y - trials.n / (1 + np.exp(-p))
    assert fit.designs["p"].matrix(trials).T @ residual == pytest.approx([0, 0], abs=1e-8)


def test_the_formula_of_a_law_of_zeros_models_the_counts(frame):
    """The hurdle is a logit of the zeros and a zero-truncated law of the others, apart."""
    hurdle = mle.regress("y ~ x", frame, "hurdle(poisson)", pi="~ z")
    zeros = mle.regress("q ~ z", frame.assign(q=frame.y == 0), "bernoulli")
    others = mle.regress("y ~ x", frame[frame.y > 0], "zero_truncated(poisson)")
    assert hurdle.llf == pytest.approx(zeros.llf + others.llf, rel=1e-10)
    assert hurdle.coefficients == pytest.approx(np.concatenate([zeros.coefficients, others.coefficients]), rel=1e-6)


def test_constants_of_a_law_of_the_callers_own_follow_the_rows(frame):
    holed = frame.assign(x=frame.x.mask(frame.index == 3))
    law = mle.get_family("binomial", n=frame.y.to_numpy() + 3)
    by_law = mle.regress("y ~ x", holed, law, nan_policy="omit")
    by_column = mle.regress("y ~ x", holed.assign(n=frame.y + 3), "binomial", n="n", nan_policy="omit")
    assert by_law.coefficients == pytest.approx(by_column.coefficients, rel=1e-13)


def test_a_window_of_the_law_is_one_of_the_data(frame):
    """Truncation as a law, and as the window of the sample."""
    by_law = mle.regress("t ~ x", frame, "truncated(weibull, 0.2, 5)")
    by_window = mle.regress("truncated(t, lower=0.2, upper=5) ~ x", frame, "weibull")
    assert by_law.llf == pytest.approx(by_window.llf, abs=1e-8)
    assert by_law.coefficients == pytest.approx(by_window.coefficients, abs=1e-6)


# --- forms of data ----------------------------------------------------------------------------------------------------


@pytest.fixture
def times():
    rng = np.random.default_rng(5)
    n = 80
    z = rng.normal(size=n)
    t = rng.weibull(1.5, n) * np.exp(1 + 0.4 * z)
    end = rng.uniform(1, 6, size=n)
    time = np.minimum(t, end)
    entry = time * rng.uniform(0, 0.6, size=n)
    return {"z": z, "time": time, "event": t < end, "entry": entry, "upper": np.where(t < end, time, np.nan)}


@pytest.mark.parametrize(
    ("left", "made"),
    [
        ("time", lambda d: mle.Sample(d["time"])),
        ("right_censored(time, event)", lambda d: mle.Sample.right_censored(d["time"], d["event"])),
        ("left_censored(time, observed=event)", lambda d: mle.Sample.left_censored(d["time"], d["event"])),
        ("intervals(time, upper)", lambda d: mle.Sample.intervals(d["time"], d["upper"])),
        ("rounded(time, 0.1)", lambda d: mle.Sample.rounded(d["time"], 0.1)),
        ("truncated(time, lower=entry)", lambda d: mle.Sample(d["time"]).truncated(lower=d["entry"])),
        ("truncated(time, upper=9)", lambda d: mle.Sample(d["time"]).truncated(upper=9.0)),
        (
            "truncated(right_censored(time, event), lower=entry)",
            lambda d: mle.Sample.right_censored(d["time"], d["event"]).truncated(lower=d["entry"]),
        ),
    ],
)
def test_a_left_side_is_a_form_of_data(times, left, made):
    law = "normal" if "rounded" in left else "weibull"
    by_formula = mle.regress(f"{left} ~ z", times, law)
    by_arrays = mle.regress(made(times), np.column_stack([np.ones(80), times["z"]]), law)
    assert by_formula.llf == pytest.approx(by_arrays.llf, rel=1e-14)
    assert by_formula.coefficients == pytest.approx(by_arrays.coefficients, rel=1e-12)


def test_rows_of_weight_zero_take_their_windows_with_them(times):
    weights = np.arange(80) % 3
    kept = {name: column[weights > 0] for name, column in times.items()}
    left = "truncated(right_censored(time, event), lower=entry) ~ z"
    weighted = mle.regress(left, times, "weibull", weights=weights)
    left_out = mle.regress(left, kept, "weibull", weights=weights[weights > 0])
    assert weighted.coefficients == pytest.approx(left_out.coefficients, rel=1e-12)
    assert weighted.rows.tolist() == np.flatnonzero(weights).tolist()


def test_a_row_of_weight_zero_may_lie_outside_its_window(times):
    """It is left out, as it is of any sample, before the window is looked at; a row that counts is refused there."""
    outside = times | {"entry": np.where(np.arange(80) == 3, times["time"] + 1, times["entry"])}
    weights = np.where(np.arange(80) == 3, 0.0, 1.0)
    left = "truncated(right_censored(time, event), lower=entry) ~ z"
    assert mle.regress(left, outside, "weibull", weights=weights).llf == pytest.approx(
        mle.regress(left, {k: np.delete(v, 3) for k, v in times.items()}, "weibull").llf, rel=1e-12
    )
    with pytest.raises(DataError, match="outside their window; the first is row 3"):
        mle.regress(left, outside, "weibull")


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ("log(time)", "neither a column nor one of .* changes the likelihood"),
        ("right_censored(time)", "right_censored needs event"),
        ("right_censored(time, 1)", "event of right_censored: expected a column"),
        ("truncated(time)", "truncated needs lower or upper"),
        ("truncated(truncated(time, lower=1), upper=2)", "truncated once"),
        ("rounded(time, z)", "step of rounded: expected a number"),
        ("__import__('os').system('true')", "neither a column"),
        ("", "the left side is empty"),
    ],
)
def test_a_wrong_left_side_is_told(times, left, said):
    with pytest.raises(ParameterError, match=said):
        mle.regress(f"{left} ~ z", times, "weibull")


# --- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "law", "options"),
    [
        ("y ~ x * g + poly(z, 2)", "poisson", {"exposure": "t"}),
        ('z ~ bs(x, df=5) + C(g, Treatment("b"))', "normal", {"sigma": "~ cr(t, df=3)"}),
        ("t ~ scale(x) + center(z) + log(t + 1)", "gamma", {"fixed": {"mean[scale(x)]": 0.1}}),
        ("y ~ x", "zero_inflated(poisson)", {"pi": "~ standardize(z)"}),
        ("y ~ x", "binomial", {"n": "trials"}),
    ],
)
def test_a_regression_is_saved_without_its_data_and_predicts(frame, tmp_path, formula, law, options):
    data = frame.assign(trials=frame.y + 5)
    fit = mle.regress(formula, data, law, **options)
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert (tmp_path / "fit.json").stat().st_size < 12_000
    assert loaded.coefficient_names == fit.coefficient_names
    assert np.array_equal(loaded.coefficients, fit.coefficients)
    assert loaded.cov_params().to_numpy() == pytest.approx(fit.cov_params().to_numpy(), rel=1e-12, abs=1e-13)
    assert (loaded.llf, loaded.df_model, loaded.fixed) == (fit.llf, fit.df_model, fit.fixed)
    assert loaded.certificate == fit.certificate
    new = data[5:20].assign(x=data.x[5:20] * 0.9)
    for name, design in fit.designs.items():
        assert np.array_equal(loaded.designs[name].matrix(new), design.matrix(new))
        assert loaded.designs[name].base_levels == design.base_levels


def test_a_limit_is_saved_with_the_fit(frame, tmp_path):
    """Counts with less variance than Poisson: the negative binomial ends there."""
    even = frame.assign(y=np.round(np.exp(1 + 0.5 * frame.x)))
    with pytest.warns(mle.FitWarning, match="poisson"):
        fit = mle.regress("y ~ x", even, "negbin")
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    poisson = mle.regress("y ~ x", even, "poisson")
    limit = loaded.recorded.limit
    assert limit.theta == pytest.approx(poisson.coefficients, rel=1e-7)
    assert limit.covariances["observed"] == pytest.approx(poisson.cov_params().to_numpy(), rel=1e-6)
    assert loaded.certificate.limit == "poisson"
    assert np.isinf(loaded.params["size"])
    with pytest.raises(DataError, match="loaded without its data"):
        loaded.bootstrap(n=10)


def test_a_limit_whose_parameters_have_other_names_is_reported(frame):
    """Shares with less variance than binomial: the beta-binomial ends there."""
    even = frame.assign(q=np.round(10 / (1 + np.exp(-0.5 * frame.x))), n=10.0)
    with pytest.warns(mle.FitWarning, match="binomial"):
        fit = mle.regress("q ~ x", even, "betabinomial", n="n")
    binomial = mle.regress("q ~ x", even, "binomial", n="n")
    assert float(fit.information().cross_entropy) == pytest.approx(binomial.cross_entropy, rel=1e-9)
    assert fit.to_dict()["limit"]["keys"] == {"p": "design of mean"}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda r: r["designs"]["mu"].update(formula="x + __import__('os')"), "designs.mu: .*not allowed"),
        (lambda r: r["designs"]["mu"].update(formula="x + z"), "'g' is not in the formula"),
        (lambda r: r["designs"]["mu"]["levels"].update(g=["a", "b"]), "designs.mu.names"),
        (lambda r: r["params"].update(mu=[1.0]), "params.mu: expected numbers of shape"),
        (lambda r: r["links"].update(mu="nothing"), "links.mu: unknown link"),
        (lambda r: r["cov_params"].pop("observed"), "cov_params"),
        (lambda r: r.update(llf=-1.0), "derived.nll"),
        (lambda r: r.update(schema=99), "schema 99"),
        (lambda r: r.update(fixed=["mu[x]"]), "fixed"),
    ],
)
def test_an_edited_record_is_refused(frame, tmp_path, edit, said):
    record = mle.regress("y ~ x + g", frame, "poisson").to_dict()
    edit(record)
    path = tmp_path / "fit.json"
    path.write_text(json.dumps(record))
    with pytest.raises(MleError, match=said):
        mle.load(path)


def test_collinear_columns_are_dropped_where_that_is_asked_for(frame):
    given = frame.assign(x2=2 * frame.x + 1, zero=0.0)
    with pytest.raises(MleError, match="zero in all rows"):
        mle.regress("y ~ x + x2 + zero", given, "poisson")
    with pytest.warns(mle.errors.FitWarning, match=r"2 collinear columns are dropped, .*: x2 = 2 x \+ 1; zero = 0"):
        fit = mle.regress("y ~ x + x2 + zero + z", given, "poisson", collinear="drop")
    plain = mle.regress("y ~ x + z", frame, "poisson")
    assert fit.llf == pytest.approx(plain.llf, rel=1e-14)
    assert (fit.df_model, fit.aic) == (3, pytest.approx(plain.aic, rel=1e-14))
    assert fit.params["mu"]["x2"] == fit.params["mu"]["zero"] == 0
    np.testing.assert_allclose(fit.predict(given), plain.predict(frame), rtol=1e-9)
    with pytest.raises(ParameterError, match="collinear"):
        mle.regress("y ~ x", given, "poisson", collinear="maybe")


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_parameter_that_a_law_is_asked_for_by_is_modelled(tmp_path, unit):
    """A gamma law's own scale; its logarithm moves with the unit exactly, and nothing else does."""
    rng = np.random.default_rng(20_240_603)
    x = rng.normal(size=80)
    y = rng.gamma(np.exp(0.5 + 0.2 * x), np.exp(0.3 - 0.4 * x))

    def nll(b):
        return -np.sum(stats.gamma.logpdf(y, np.exp(b[0] + b[1] * x), scale=np.exp(b[2] + b[3] * x)))

    best = optimize.minimize(nll, [0.5, 0.0, 0.3, 0.0], method="BFGS", options={"gtol": 1e-7})
    law = mle.get_family("gamma", by="scale")
    fit = mle.regress("y ~ x", {"x": x, "y": unit * y}, law, shape="~ x")
    assert fit.llf + 80 * np.log(unit) == pytest.approx(-best.fun, abs=1e-8)
    np.testing.assert_allclose(fit.params["shape"], best.x[:2], atol=1e-5)
    np.testing.assert_allclose(fit.params["scale"] - [np.log(unit), 0.0], best.x[2:], atol=1e-5)
    fit.save(tmp_path / "fit.json")
    np.testing.assert_allclose(mle.load(tmp_path / "fit.json").predict({"x": [0.5]}), fit.predict({"x": [0.5]}))


@pytest.mark.parametrize("place", ["y", "weights", "offset", "shape"])
def test_columns_whose_rows_have_other_labels_are_refused(frame, place):
    """Rows are matched by their places: a column that was shuffled would be of other rows."""
    y, moved = frame.t, frame.sample(frac=1.0, random_state=0)
    given = {"weights": moved.x * 0 + 1, "offset": moved.x * 0, "shape": moved[["x"]]}
    others = {} if place == "y" else {place: given[place]}
    with pytest.raises(DataError, match=rf"^{place}: its index is not that of .*: row \d+ is"):
        mle.regress(moved.t if place == "y" else y, frame[["x"]], "gamma", **others)
    by_place = {name: np.asarray(column) for name, column in others.items()}
    assert mle.regress(np.asarray(y), frame[["x"]], "gamma", **by_place).certificate.ok


def test_levels_of_an_arrow_column_that_has_an_order_keep_it(frame):
    pa = pytest.importorskip("pyarrow")
    levels = np.array(["mid", "low", "top"])[np.arange(len(frame)) % 3]
    kept = frame.assign(o=pd.Categorical(levels, ["top", "mid", "low", "none"], ordered=True))
    fits = [mle.regress("x ~ o", table, "normal") for table in (kept, pa.Table.from_pandas(kept))]
    assert fits[0].coefficient_names == fits[1].coefficient_names
    np.testing.assert_allclose(fits[1].coefficients, fits[0].coefficients, rtol=1e-12)


def _censored(seed: int, *, heavy: bool) -> tuple[mle.Sample, np.ndarray]:
    """Some twenty observations about a line, the upper two fifths of which are censored."""
    rng = np.random.default_rng([seed, 9])
    n = int(rng.integers(10, 40))
    design = np.column_stack([np.ones(n), rng.normal(size=n)])
    noise = rng.standard_t(2, n) if heavy else rng.gamma(1.0, size=n)
    y = np.round(design @ [2.0, 1.0] + noise, 2)
    end = np.quantile(y, 0.6)
    return mle.Sample.right_censored(np.minimum(y, end), y <= end), design


@pytest.mark.parametrize("seed", [13, 15])
def test_of_several_maxima_a_regression_finds_what_other_starts_do(seed: int) -> None:
    sample, design = _censored(seed, heavy=True)  # the likelihood was said to be without a bound
    fit = mle.regress(sample, design, "student_t")
    assert fit.certificate.ok
    for df in (0.5, 1.0, 2.0, 8.0):
        other = mle.regress(sample, design, "student_t", fixed={"df": df})
        assert other.llf <= fit.llf + 1e-9


def test_a_regression_of_a_cauchy_law_has_several_maxima() -> None:
    rng = np.random.default_rng(14)
    lower = []
    for _ in range(20):
        design = np.column_stack([np.ones(16), rng.normal(size=(16, 2))])
        y = design @ [1.0, 2.0, -1.0] + 0.5 * rng.standard_cauchy(16)
        fit = mle.regress(y, design, "cauchy")
        starts = [
            {"loc": np.linalg.solve(design[rows], y[rows]), "scale": 0.5}
            for rows in rng.permuted(np.tile(np.arange(16), (25, 1)), axis=1)[:, :3]
        ]
        best = max(mle.regress(y, design, "cauchy", start=start).llf for start in starts)
        lower.append(best > fit.llf + 1e-6)
    assert sum(lower) == 0


@pytest.mark.parametrize("seed", [3, 7])
def test_a_regression_leaves_the_saddle_of_the_skew_normal(seed: int) -> None:
    sample, design = _censored(seed, heavy=True)  # alpha = 0 was said to be a maximum
    fit = mle.regress(sample, design, "skew_normal")
    normal = mle.regress(sample, design, "normal")
    assert fit.certificate.ok
    assert fit.llf > normal.llf + 0.1


def test_a_regression_in_a_window_begins_also_at_the_law_without_covariates() -> None:
    rng = np.random.default_rng(10)
    z = rng.normal(size=400)
    x = np.exp(-1.5 + 0.3 * z) * rng.pareto(0.3, 400)
    seen = (x > 0.02) & (x <= 0.5)
    sample, design = mle.Sample(x[seen]).truncated(0.02, 0.5), np.column_stack([np.ones(seen.sum()), z[seen]])
    fit = mle.regress(sample, design, "lomax")  # the search ran off to an exponential law, 0.13 nats lower
    assert fit.certificate.ok
    for shape in (0.1, 0.3, 1.0, 10.0):
        assert mle.regress(sample, design, "lomax", fixed={"shape": shape}).llf <= fit.llf + 1e-9


def test_a_regression_whose_density_meets_an_end_at_an_angle_is_not_regular() -> None:
    rng = np.random.default_rng(1)
    design = np.column_stack([np.ones(200), rng.normal(size=200)])
    shape = 0.65  # of the support that ends, minus xi
    y = design @ [1.0, 0.5] + (1 - rng.exponential(size=200) ** shape) / shape
    fit = mle.regress(y, design, "gev")
    assert fit.params["xi"] < -0.5
    assert fit.certificate.verdict == "non_regular"
    assert np.isnan(fit.bse["xi"])
    shaped = mle.regress(1.0 + np.abs(y), design, "gev", xi=design, fixed={"xi[x1]": 0.0, "xi[x0]": -0.2})
    assert shaped.certificate.verdict != "non_regular"


def test_a_regression_says_where_it_is_below_the_law_without_covariates() -> None:
    rng = np.random.default_rng([3, 40, 0])
    x = 100 * rng.weibull(1.7, 40)
    with pytest.warns(mle.FitWarning, match="half-normal"):
        null = mle.fit(x, "skew_normal")
    with pytest.warns(mle.FitWarning, match="where no covariate counts"):
        fit = mle.regress(x, np.ones((40, 1)), "skew_normal")
    assert null.certificate.limit is not None
    assert null.llf > fit.llf + 0.1
    assert fit.certificate.verdict == "local"


@pytest.mark.parametrize("link", ["probit", "cloglog", "loglog", "cauchit"])
def test_binary_outcomes_whose_probability_rounds_to_one_are_fitted(link: str) -> None:
    x = np.array([-1.1, -1.2, -0.6, -0.4, 1.4, 0.4, -1.7, 0.9, -0.3, -0.6, 1.4, 14.0, 40.0])
    y = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    design = np.column_stack([np.ones(13), x])
    fit = mle.regress(y, design, "bernoulli", links={"p": link})  # the information was no number
    assert fit.certificate.ok
    assert np.all(np.isfinite(fit.bse["p"]))
    with mpmath.workdps(60):
        eta = [mpmath.fdot(row, fit.params["p"].tolist()) for row in design.tolist()]
        chance = {
            "probit": mpmath.ncdf,
            "cloglog": lambda t: 1 - mpmath.exp(-mpmath.exp(t)),
            "loglog": lambda t: mpmath.exp(-mpmath.exp(-t)),
            "cauchit": lambda t: mpmath.mpf(1) / 2 + mpmath.atan(t) / mpmath.pi,
        }[link]
        loglik = mpmath.fsum(
            mpmath.log(chance(t)) if one else mpmath.log(1 - chance(t)) for t, one in zip(eta, y, strict=True)
        )
    assert fit.llf == pytest.approx(float(loglik), abs=1e-11)
