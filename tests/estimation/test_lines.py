"""Limits of regressions that end at a line, against a linear program of their own."""

import numpy as np
import pytest
from scipy import optimize

import mle_toolkit as mle


def _power(design, x, weight, side):
    """The highest log-likelihood of a power law below exp(predictor) (side 1), or of Pareto's above it (side -1).

    Given its index it is highest where the sum of predictors is least, or largest, with none on the wrong side.
    """
    log_x = np.log(x)
    solved = optimize.linprog(
        side * (weight @ design), A_ub=-side * design, b_ub=-side * log_x, bounds=(None, None), method="highs"
    )
    away = side * (design @ solved.x - log_x)
    index = weight.sum() / (weight @ away)
    return float(weight @ (np.log(index) - log_x - index * away)), solved.x


@pytest.mark.parametrize(("law", "side", "limit"), [("generalized_gamma", 1.0, "power"), ("burr12", -1.0, "pareto")])
@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
def test_the_limit_that_ends_at_a_line_is_found_where_it_is_higher(law, side, limit, unit):
    """A maximum in the inside was reported that is nats lower, or a boundary at another end."""
    rng = np.random.default_rng(5)
    design = np.column_stack([np.ones(14), rng.normal(size=14)])
    x = unit * np.exp(design @ [0.3, 0.8] - side * rng.exponential(0.6, 14))
    weight = rng.integers(1, 4, 14).astype(float)
    best, coefficients = _power(design, x, weight, side)
    with pytest.warns(mle.FitWarning, match=f"where {law} is {limit}"):
        fit = mle.regress(mle.Sample(x, weight), design, law)
    assert fit.llf == pytest.approx(best, abs=1e-7)
    assert fit.certificate.limit == limit
    assert np.allclose(fit.params["scale"], coefficients, atol=1e-7)
    assert np.sum(weight * fit.logpdf_rows()) == pytest.approx(best, abs=1e-6)
    gain = fit.information().gain
    assert gain is None or np.isfinite(gain.value)


def test_a_maximum_in_the_inside_stays_where_it_is_higher():
    rng = np.random.default_rng(6)
    design = np.column_stack([np.ones(200), rng.normal(size=200)])
    x = np.exp(design @ [0.3, 0.8]) * rng.gamma(2.0, size=200)
    fit = mle.regress(x, design, "generalized_gamma")
    assert fit.certificate.ok
    assert fit.certificate.limit is None
    assert fit.llf > _power(design, x, np.ones(200), 1.0)[0]
    assert fit.llf > _power(design, x, np.ones(200), -1.0)[0]


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_generalised_pareto_regression_is_uniform_below_a_line_at_xi_of_minus_one(unit, weighted):
    """Where the predictors sum to the least that any line above all observations has: it was said not to converge."""
    rng = np.random.default_rng(8)
    design = np.column_stack([np.ones(25), rng.normal(size=(25, 2))])
    x = unit * np.exp(design @ [0.3, 0.8, -0.5]) * rng.random(25)
    weight = rng.integers(1, 4, 25).astype(float) if weighted else np.ones(25)
    line = optimize.linprog(weight @ design, A_ub=-design, b_ub=-np.log(x), bounds=(None, None), method="highs")
    with pytest.warns(mle.FitWarning, match="where gpd is uniform from 0"):
        fit = mle.regress(mle.Sample(x, weight), design, "gpd")
    assert fit.llf == pytest.approx(-line.fun, abs=1e-7)
    assert np.allclose(fit.params["scale"], line.x, atol=1e-7)
    assert fit.params["xi"] == -1.0
    assert np.sum(weight * fit.logpdf_rows()) == pytest.approx(fit.llf, abs=1e-6)
    assert np.allclose(fit.predict(), 0.5 * np.exp(design @ line.x), rtol=1e-7)


def test_a_generalised_pareto_regression_whose_maximum_is_inside_stays_there():
    rng = np.random.default_rng(9)
    design = np.column_stack([np.ones(80), rng.normal(size=80)])
    x = np.exp(design @ [0.3, 0.8]) * rng.exponential(size=80)
    fit = mle.regress(x, design, "gpd")
    assert fit.certificate.ok
    assert fit.certificate.limit is None
    assert -0.5 < fit.params["xi"] < 0.5
