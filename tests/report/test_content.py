"""One content of a report: what the summary, the terminal and a page draw, as plain numbers."""

import numpy as np
import pandas as pd
import pytest

import mle_toolkit as mle
from mle_toolkit.report.content import (
    coefficient_rows,
    comparison_content,
    fit_content,
    groups_content,
    regression_content,
)

X = mle.datasets.load("rivers")["length"]


def test_a_fit_says_its_numbers_unrounded():
    fit = mle.fit(X, "gamma", fixed={"scale": 200.0})
    content = fit_content(fit, alpha=0.1)
    (table,) = content["estimates"].tables
    shape, scale = table.records()
    ends = fit.conf_int(0.1)
    assert shape == {
        "parameter": "shape", "estimate": fit.params["shape"], "std. error": fit.bse["shape"],
        "lower": ends.loc["shape", "lower"], "upper": ends.loc["shape", "upper"],
    }  # fmt: skip
    assert table.known == {1}
    assert scale["estimate"] == 200.0
    assert content["criteria"]["AIC"] == fit.aic
    assert content["information"]["kl"] == fit.information().kl
    assert content["certificate"]["certified"] is True
    assert content.alpha == 0.1


def test_information_has_the_unit_that_is_asked_for():
    fit = mle.fit(X, "gamma")
    bits = fit_content(fit, unit="bit")["information"]
    assert {fact.unit for fact in bits.facts} == {"bit"}
    assert bits["cross entropy"].value == pytest.approx(fit.cross_entropy / np.log(2))


def test_a_regression_has_a_table_for_each_parameter():
    frame = pd.DataFrame({"y": X, "x": np.linspace(0, 1, len(X))})
    fit = mle.regress("y ~ x", frame, "gamma", fixed={"mean[x]": 0.2})
    content = regression_content(fit)
    mean, shape = content["estimates"].tables
    assert [row[0] for row in mean.rows] == ["Intercept", "x"]
    assert mean.known == {1}
    assert (mean.title, shape.title) == ("mean, link log", "shape")
    rows = list(coefficient_rows(content))
    assert [row[:2] for row in rows] == [("mean", "Intercept"), ("mean", "x"), ("shape", "")]
    assert [row[2] for row in rows] == fit.coefficients.tolist()


def test_a_comparison_says_its_ranking_and_its_failures():
    result = mle.compare([*X, 0.0], ["normal", "gamma", "exponential"])
    content = comparison_content(result, unit="bit")
    (ranking,) = content["ranking"].tables
    assert [row["family"] for row in ranking.records()] == list(result.fits)
    first = next(ranking.records())
    assert first["cross_entropy"] == pytest.approx(result.best.cross_entropy / np.log(2))
    assert {c.name: c.unit for c in ranking.columns}["kl"] == "bit"
    (failed,) = content["not fitted"].tables
    assert failed.rows == tuple(result.not_fitted.items())


def test_groups_are_rows():
    frame = pd.DataFrame({"y": X[:120], "g": np.repeat(["a", "b", "c"], 40)})
    fits = mle.fit_groups(frame, by="g", column="y", family="gamma")
    (table,) = groups_content(fits)["groups"].tables
    assert [row["g"] for row in table.records()] == ["a", "b", "c"]
    assert next(table.records())["shape"] == pytest.approx(mle.fit(X[:40], "gamma").params["shape"], rel=1e-6)
    assert {c.name for c in table.columns if c.text} == {"g", "verdict", "reason"}
