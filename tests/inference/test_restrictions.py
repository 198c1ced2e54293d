"""Smaller regressions as refits on fewer columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mle_toolkit as mle
from mle_toolkit.data.sparse import SparseDesign
from mle_toolkit.errors import ParameterError
from mle_toolkit.inference.restrictions import null_of, rank_of, restricted
from mle_toolkit.regression import regress

RNG = np.random.default_rng(3)
FRAME = pd.DataFrame({"x": 1e4 + RNG.normal(size=50), "z": RNG.normal(size=50)})
FRAME["y"] = RNG.normal(FRAME.x - 1e4, np.exp(0.4 * FRAME.z))
FIT = regress("y ~ x + z", FRAME, "normal", sigma="~ z")


def held(rows: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    matrix = np.array([FIT._to_data[FIT.coefficient_names.index(name)] for name in rows])
    return matrix, np.array(list(rows.values()))


def test_a_restriction_is_the_fit_with_the_column_in_the_offset():
    at = restricted(FIT.at_maximum, FIT.sample, *held({"mu[x]": 0.7, "sigma[z]": 0.1}))
    own = regress("y ~ z", FRAME, "normal", sigma="~ 1", offset={"mu": 0.7 * FRAME.x, "sigma": 0.1 * FRAME.z})
    assert at.maximum.loglik == pytest.approx(own.llf, abs=1e-8)
    back = FIT._coefficients_of(at.theta)
    assert back[FIT.coefficient_names.index("mu[x]")] == pytest.approx(0.7)
    assert back[FIT.coefficient_names.index("mu[z]")] == pytest.approx(own.params["mu"]["z"], rel=1e-5)


def test_a_predictor_without_free_coefficients_stays():
    names = [name for name in FIT.coefficient_names if name.startswith("sigma")]
    at = restricted(FIT.at_maximum, FIT.sample, *held(dict.fromkeys(names, 0.0)))
    own = regress("y ~ x + z", FRAME, "normal", fixed={"sigma": 1.0})
    assert at.maximum.loglik == pytest.approx(own.llf, abs=1e-8)


def test_the_null_is_the_law_of_all_rows():
    own = regress("y ~ 1", FRAME, "normal")
    assert null_of(FIT.at_maximum, FIT.sample).loglik == pytest.approx(own.llf, abs=1e-8)


def test_contradictions_and_mixtures_of_parameters_are_refused():
    matrix, _ = held({"mu[x]": 0.0, "mu[z]": 0.0})
    with pytest.raises(ParameterError, match="contradict"):
        restricted(FIT.at_maximum, FIT.sample, matrix[[0, 0]], np.array([0.0, 1.0]))
    other, _ = held({"sigma[z]": 0.0})
    with pytest.raises(ParameterError, match="another parameter together"):
        restricted(FIT.at_maximum, FIT.sample, matrix[:1] - other, np.zeros(1))
    assert rank_of(matrix[[0, 0, 1]]) == 2


def test_terms_that_are_left_out_leave_the_other_columns_as_they_are():
    """So a design that is held by its entries stays so."""
    rng = np.random.default_rng(3)
    shop = np.repeat(np.arange(102), 3)
    frame = {"x": rng.normal(size=306), "shop": shop, "y": rng.poisson(2.0, 306) + 1}
    fit = mle.regress("y ~ x + C(shop)", frame, "poisson")
    matrix = fit._to_data[[fit.coefficient_names.index("mu[x]")]]
    smaller = restricted(fit.at_maximum, fit.sample, matrix, np.zeros(1))
    (term,) = smaller.maximum.family.linear.values()
    assert isinstance(smaller.sample.known[term.key], SparseDesign)
    fewer = mle.regress("y ~ C(shop)", frame, "poisson")
    assert smaller.maximum.loglik == pytest.approx(fewer.llf, abs=1e-8)


def test_a_score_test_has_a_statistic_where_the_likelihood_bends_upwards():
    """As far from the maximum as here the observed information is not positive definite."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=60)
    frame = {"x": x, "y": np.sin(2 * x) + 0.1 * rng.normal(size=60)}
    fit = mle.regress("y ~ bs(x, df=5)", frame, "normal", sigma="~ x")
    found = fit.anova(test="score").iloc[0]
    assert 20 < found["statistic"] < 60  # no more than the number of rows
