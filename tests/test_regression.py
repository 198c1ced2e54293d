"""The front of regressions: formulas, arrays, forms of data, options by coefficient."""

import csv

import numpy as np
import pandas as pd
import pytest
from references import HERE, _raw_cases

import mle_toolkit as mle
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
