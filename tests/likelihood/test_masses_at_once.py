"""Points and intervals of a regression give value, gradient and second derivatives together."""

import numpy as np
import pytest

import mle_toolkit as mle

RNG = np.random.default_rng(6)
X = np.column_stack([np.ones(80), RNG.normal(size=(80, 2))])
Y = np.exp(X @ [0.2, 0.3, -0.4]) * RNG.weibull(1.5, 80)
FORMS = {
    "right": mle.Sample.right_censored(np.minimum(Y, 1.5), Y <= 1.5),
    "intervals": mle.Sample.intervals(np.where(Y < 1, Y, np.floor(Y)), np.where(Y < 1, Y, np.floor(Y) + 1)),
    "entry": mle.Sample(Y + 0.5).truncated(lower=0.4 * Y),
}


@pytest.mark.parametrize("law", ["weibull", "lognormal", "gamma"])
@pytest.mark.parametrize("form", FORMS)
def test_together_they_are_the_sum_of_the_parts(form, law):
    fit = mle.regress(FORMS[form], X, law)
    objective, at = fit.at_maximum.objective, fit.at_maximum.coordinates
    assert objective.at_once
    likelihood = objective.likelihood
    for u in (at, at + 0.1):
        theta = objective.coordinates.to_theta(u)
        by_rows = np.mean(likelihood.rows(theta))
        assert objective.value(u) == pytest.approx(-by_rows, rel=1e-12)
        slopes = [(objective.value(u + h) - objective.value(u - h)) / 2e-5 for h in 1e-5 * np.eye(len(u))]
        np.testing.assert_allclose(objective.gradient(u), slopes, atol=1e-8)
        bends = [(objective.gradient(u + h) - objective.gradient(u - h)) / 2e-5 for h in 1e-5 * np.eye(len(u))]
        np.testing.assert_allclose(objective.hessian(u), bends, atol=1e-6)


def test_where_probabilities_are_lost_the_search_begins_from_parts():
    """So far out that intervals have no probability in doubles, nothing is taken for a number."""
    fit = mle.regress(FORMS["right"], X, "weibull")
    objective, u = fit.at_maximum.objective, fit.at_maximum.coordinates + 300.0
    with np.errstate(all="ignore"):
        assert not np.isfinite(objective.value(u)) or np.all(np.isfinite(objective.gradient(u)))


@pytest.mark.parametrize("law", ["gamma", "beta", "generalized_poisson"])
def test_the_value_alone_takes_no_derivatives(law, monkeypatch):
    """A search without derivatives asks for thousands of values; with derivatives each cost nine times as much."""
    rng = np.random.default_rng(4)
    y = {"gamma": Y, "beta": rng.beta(2, 3, 80), "generalized_poisson": rng.binomial(9, 0.4, 80).astype(float)}[law]
    seen = y < np.quantile(y, 0.7)
    sample = mle.Sample(y) if law == "generalized_poisson" else mle.Sample.right_censored(y * (1 - 0.1 * ~seen), seen)
    at = mle.regress(sample, X, law).at_maximum
    likelihood, model, u = at.likelihood, at.likelihood.family, at.coordinates + 0.01
    theta = at.objective.coordinates.to_theta(u)
    calls = []
    summed = type(model).summed
    monkeypatch.setattr(type(model), "summed", lambda *sums: calls.append(1) or summed(*sums))
    alone = at.objective.value_alone(u)
    assert len(calls) == (law != "generalized_poisson")  # points of the others give all at once
    assert alone == pytest.approx(at.objective.value(u), rel=1e-14)
    assert likelihood.mean_loglik(theta) == -alone
