"""Laws of levels, and the regressions that use them."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import mle_toolkit as mle
from mle_toolkit.errors import DataError, ParameterError, UnboundedLikelihoodError
from mle_toolkit.families.ordinal import LATENT, Choice, Ordered

HERE = Path(__file__).parent.parent / "reference"


def reference(case):
    cases = json.loads((HERE / "cases_dev.json").read_text(encoding="utf-8"))
    return next(one for one in (cases["cases"] if isinstance(cases, dict) else cases) if one["id"] == case)["expected"]


def read(name):
    with (HERE / "data" / "dev" / name).open(newline="", encoding="utf-8") as file:
        return pd.DataFrame(list(csv.DictReader(file)))


LAWS = [Ordered("abcd", link, scaled=scaled) for link in LATENT for scaled in (False, True)]
LAWS.append(Choice("abcd", 1))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{law!r} {law.parameters[1].name}")
def test_derivatives_of_levels(law):
    """Scores and second derivatives against differences, with a value a row for every parameter."""
    rng = np.random.default_rng(7)
    x = np.tile(np.arange(4.0), 3)
    values = {"loc": 0.2, "scale": 1.3, "cutpoints[a|b]": -0.9, "cutpoints[b|c]": 0.1, "cutpoints[c|d]": 1.1}
    points = [values.get(p.name, -0.4) + 0.1 * rng.uniform(size=len(x)) for p in law.parameters]
    np.testing.assert_allclose(
        np.logaddexp.reduce([law.logpdf(np.full(12, level), *points) for level in range(4)], axis=0), 0.0, atol=1e-13
    )

    def moved(of, k, h):
        return of(x, *(p + h if j == k else p for j, p in enumerate(points)))

    count = len(points)
    score, second = law.score(x, *points), iter(law.hessian(x, *points))
    for k in range(count):
        slope = (moved(law.logpdf, k, 1e-5) - moved(law.logpdf, k, -1e-5)) / 2e-5
        np.testing.assert_allclose(score[k], slope, atol=1e-8)
    for j in range(count):
        for k in range(j, count):
            bend = (moved(law.score, k, 1e-5)[j] - moved(law.score, k, -1e-5)[j]) / 2e-5
            np.testing.assert_allclose(next(second), bend, atol=1e-8)
    value, first, again = law.expansion(x, *points)
    np.testing.assert_allclose(value, law.logpdf(x, *points), rtol=1e-13)
    np.testing.assert_allclose(np.stack(first), np.stack(score), atol=1e-13)
    np.testing.assert_allclose(np.stack(again), np.stack(law.hessian(x, *points)), atol=1e-13)


def test_housing_reaches_the_reference():
    frame, expected = read("housing.csv"), reference("ordinal_housing")
    frame["Freq"] = frame["Freq"].astype(float)
    frame["Sat"] = pd.Categorical(frame["Sat"], ["Low", "Medium", "High"], ordered=True)
    for name, levels in {
        "Infl": ["Low", "Medium", "High"],
        "Type": ["Tower", "Apartment", "Atrium", "Terrace"],
        "Cont": ["Low", "High"],
    }.items():
        frame[name] = pd.Categorical(frame[name], levels)
    fit = mle.regress("Sat ~ Infl + Type + Cont", frame, "ordinal", weights="Freq")
    assert fit.llf == pytest.approx(expected["loglik"], abs=1e-8 * abs(expected["loglik"]))
    params, se = list(expected["params"].values()), np.array(list(expected["se"].values()))
    np.testing.assert_allclose(np.abs(fit.coefficients - params) / se, 0, atol=1e-5)
    np.testing.assert_allclose([*fit.bse["loc"], *fit.bse["cutpoints"]], se, rtol=1e-5)
    assert list(fit.params["cutpoints"].index) == ["Low|Medium", "Medium|High"]
    assert fit.certificate.verdict == "interior"
    # A design of the same columns without an intercept, and codes.
    prepared = read("prepared/ordinal_housing.csv").astype(float)
    arrays = mle.regress(
        prepared["y"].to_numpy(),
        prepared[[f"X{k}" for k in range(6)]],
        "ordinal",
        weights=prepared["weight"].to_numpy(),
    )
    np.testing.assert_allclose(arrays.coefficients, fit.coefficients, atol=1e-9)


def test_categories_whose_order_does_not_count_are_no_order():
    """Made of texts their order is that of the alphabet: high, low, mid."""
    frame = {"y": pd.Series(np.resize(["low", "mid", "high"], 60), dtype="category"), "x": np.arange(60) % 7.0}
    with pytest.raises(DataError, match="'high', 'low', 'mid' have no order"):
        mle.regress("y ~ x", frame, "ordinal")


def test_alligators_reach_the_reference():
    frame, expected = read("alligator.csv"), reference("multinom_alligator")
    frame["count"] = frame["count"].astype(float)
    frame["size"] = pd.Categorical(frame["size"], ["large", "small"])
    frame["lake"] = pd.Categorical(frame["lake"], ["George", "Hancock", "Oklawaha", "Trafford"])
    levels = ["fish", "invert", "reptile", "bird", "other"]
    fit = mle.regress("food ~ lake + size", frame, "categorical", weights="count", levels=levels, reference="fish")
    assert fit.llf == pytest.approx(expected["loglik"], abs=1e-8 * abs(expected["loglik"]))
    table, errors = fit.params["p"], fit.bse["p"]
    assert list(table.columns) == levels[1:]
    se = np.array(list(expected["se"].values()))
    got, params = table.to_numpy().T.ravel(), np.array(list(expected["params"].values()))
    np.testing.assert_allclose(np.abs(got - params) / se, 0, atol=1e-5)
    np.testing.assert_allclose(errors.to_numpy().T.ravel(), se, rtol=1e-5)


@pytest.mark.parametrize(
    ("link", "law"), [("probit", stats.norm), ("cloglog", stats.gumbel_l), ("cauchit", stats.cauchy)]
)
def test_ordinal_links_and_scales_against_a_search_of_their_own(link, law):
    rng = np.random.default_rng(11)
    x = rng.normal(size=150)
    latent = 0.8 * x + np.exp(0.4 * x) * law.rvs(size=150, random_state=rng)
    y = np.digitize(latent, [-0.5, 1.0]).astype(float)
    fit = mle.regress(y, x, "ordinal", links={"loc": link}, scale=x)

    def minus(v):
        b, g, low, high = v
        ends = (np.array([[-np.inf], [low], [high], [np.inf]]) - b * x) / np.exp(g * x)
        masses = np.diff(law.cdf(ends), axis=0)
        return -np.sum(np.log(masses[y.astype(int), np.arange(150)]))

    best = optimize.minimize(
        minus, [0.5, 0.0, -0.5, 1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    assert fit.llf == pytest.approx(-best.fun, abs=1e-7)
    np.testing.assert_allclose(fit.coefficients, best.x, atol=1e-4)


def test_two_levels_are_a_logit_either_way():
    rng = np.random.default_rng(5)
    x = rng.normal(size=80)
    y = (rng.uniform(size=80) < 1 / (1 + np.exp(-x))).astype(float)
    frame = {"x": x, "y": y, "word": np.where(y == 1, "yes", "no")}
    logit = mle.regress("y ~ x", frame, "bernoulli")
    ordered = mle.regress("y ~ x", frame, "ordinal")
    chosen = mle.regress("word ~ x", frame, "categorical")
    for fit in (ordered, chosen):
        assert fit.llf == pytest.approx(logit.llf, abs=1e-10)
    np.testing.assert_allclose(chosen.params["p"]["yes"], logit.params["p"], atol=1e-8)
    assert ordered.params["loc"].iloc[0] == pytest.approx(logit.params["p"].iloc[1], abs=1e-8)
    assert ordered.params["cutpoints"].iloc[0] == pytest.approx(-logit.params["p"].iloc[0], abs=1e-8)


def test_levels_are_asked_for_where_their_order_counts():
    frame = {"x": np.arange(6.0), "y": ["low", "high", "low", "mid", "high", "mid"]}
    with pytest.raises(DataError, match="have no order"):
        mle.regress("y ~ x", frame, "ordinal")
    with pytest.raises(ParameterError, match="'mid' was observed"):
        mle.regress("y ~ x", frame, "ordinal", levels=["low", "high"])
    with pytest.raises(DataError, match="the cutpoints are the constants"):
        mle.regress(np.arange(6.0) % 3, np.ones((6, 1)), "ordinal")


def test_separated_levels_are_refused_and_partly_separated_ones_end_at_their_limit():
    rng = np.random.default_rng(2)
    x = rng.normal(size=60)
    with pytest.raises(UnboundedLikelihoodError, match="separate"):
        mle.regress(np.digitize(x, [-0.5, 0.5]).astype(float), x, "ordinal")
    group = np.arange(60) % 3
    design = np.column_stack([group == 1, group == 2, x]).astype(float)
    y = rng.integers(0, 3, 60).astype(float)
    y[group == 1] = 2.0
    with pytest.warns(mle.FitWarning, match="∞"):
        fit = mle.regress(y, design, "ordinal")
    rest = group != 1
    assert fit.llf == pytest.approx(mle.regress(y[rest], design[rest][:, 1:], "ordinal").llf, abs=1e-8)


def test_a_group_in_one_middle_level_has_no_spread():
    """Its scale falls to 0, where its rows are certain; the other coefficients are those of the other rows."""
    rng = np.random.default_rng(5)
    x, group = rng.normal(size=90), np.repeat([0.0, 0.0, 1.0], 30)
    x[group == 1] *= 0.4
    y = np.where(group == 1, 1, np.digitize(x + rng.logistic(size=90), [-1.0, 1.0])).astype(float)
    with pytest.warns(mle.FitWarning, match=r"scale\[x0\] -> -∞: in all 30 rows .* the observation is 1"):
        fit = mle.regress(y, x, "ordinal", scale=group)
    rest = mle.regress(y[group == 0], x[group == 0], "ordinal")
    assert fit.llf == pytest.approx(rest.llf, abs=1e-8)
    assert fit.params["loc"].iloc[0] == pytest.approx(rest.params["loc"].iloc[0], abs=1e-7)
    assert fit.bse["loc"].iloc[0] == pytest.approx(rest.bse["loc"].iloc[0], rel=1e-5)
