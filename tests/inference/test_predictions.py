"""Functions of the laws of rows, and how they depend on coefficients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import ParameterError
from mle_toolkit.inference.predictions import Rows, expected_value, quadratic_forms, variance
from mle_toolkit.regression import regress

RNG = np.random.default_rng(11)
FRAME = pd.DataFrame({"x": 50 + RNG.normal(size=40)})
FRAME["y"] = 1e4 * RNG.gamma(3.0, np.exp(0.3 * (FRAME.x - 50)) / 3.0)


def test_a_coefficient_without_an_error_matters_only_where_it_is_needed():
    matrix = np.array([[4.0, np.nan], [np.nan, np.nan]])
    found = quadratic_forms(np.array([[1.0, 0.0], [1.0, 1.0]]), matrix)
    assert found[0] == 4.0
    assert np.isnan(found[1])


def test_moments_of_rows_are_those_of_one_law_after_the_other():
    law = regress("y ~ x", FRAME, "weibull").rows_law()
    scale = law.params["scale"]
    from scipy import stats

    alone = [stats.weibull_min(law.params["shape"], scale=value) for value in scale]
    np.testing.assert_allclose(expected_value(law), [one.mean() for one in alone], rtol=1e-10)
    np.testing.assert_allclose(variance(law), [one.var() for one in alone], rtol=1e-8)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("family", ["normal", "gamma", "weibull", "lognormal"])
def test_relative_errors_of_means_do_not_depend_on_the_unit(family, unit):
    """The judge is the fit in the unit of the data; multiplying by powers of ten rounds, and no more."""
    moved = FRAME.assign(y=FRAME.y * unit)
    own, other = (regress("y ~ x", data, family).predict(data.iloc[:3], se=True) for data in (FRAME, moved))
    np.testing.assert_allclose(other, own * unit, rtol=1e-6)


def test_slopes_by_predictors_are_those_of_the_link():
    fit = regress("y ~ x", FRAME, "gamma")
    rows: Rows = fit._rows()
    slopes = rows.slopes(expected_value)
    np.testing.assert_allclose(slopes[0], fit.predict(), rtol=1e-9)  # of exp(eta), of which it is a log link
    np.testing.assert_allclose(slopes[1], 0.0, atol=1e-6)


def test_quantiles_of_counts_have_no_standard_error():
    data = FRAME.assign(y=np.arange(40) % 7)
    fit = regress("y ~ x", data, "poisson")
    assert fit.predict(data, "quantile", 0.5).between(0, 10).all()
    with pytest.raises(ParameterError, match="move in steps"):
        fit.predict(data, "quantile", 0.5, se=True)
    with pytest.raises(ParameterError, match="needs p"):
        fit.predict(data, "quantile")


@pytest.mark.parametrize("law", ["poisson", "categorical", "ordinal"])
def test_predictors_that_run_off_are_infinite(law, tmp_path):
    """In rows with a coefficient that is infinite; not what the limit, which has none there, puts in their place."""
    rng = np.random.default_rng(5)
    x, c = rng.normal(size=90), np.repeat([0.0, 0.0, 1.0], 30)
    y = {"poisson": rng.poisson(2.0, 90), "categorical": rng.integers(0, 3, 90), "ordinal": rng.integers(0, 3, 90)}[law]
    y = np.where(c == 1, 0, y)
    with pytest.warns(mle.FitWarning):
        fit = mle.regress("y ~ x + c", {"x": x, "c": c, "y": y}, law)
    new = pd.DataFrame({"x": [0.5, 0.5, np.nan], "c": [0.0, 1.0, 1.0]})
    fit.save(tmp_path / "fit.json")
    for one in (fit, mle.load(tmp_path / "fit.json")):
        linear = pd.DataFrame(one.predict(new, what="linear")).to_numpy()
        assert np.all(np.isfinite(linear[0]))
        assert np.all(linear[1] == -np.inf)
        assert np.all(np.isnan(linear[2]))
        table = one.predict(new, what="params", se=True)
        main = [name for name in table if name.endswith("_se") and not name.startswith("cut")]
        assert table[main].notna().to_numpy().tolist() == [[True] * len(main), [False] * len(main), [False] * len(main)]
    if law == "poisson":
        assert fit.predict(new, what="params")["mu"].iloc[1] == 0.0
