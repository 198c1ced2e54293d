"""The likelihood at several parameters at once is that at each of them."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.estimation.maximum import objective_near
from mle_toolkit.estimation.starts import domains_of
from mle_toolkit.families.johnson_window import JohnsonInWindow
from mle_toolkit.families.registry import family_class
from mle_toolkit.likelihood.coordinates import Objective
from mle_toolkit.likelihood.several import Several
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit
from tests.likelihood.test_mass_scores import middle


def laws():
    classes = {name: family_class(name) for name in mle.families() if name != "tweedie"}  # whose sums take long
    measured = [mle.get_family(name) for name, law in classes.items() if ... not in law.constant_defaults.values()]
    return [law for law in measured if law.all_scalar and not (law.discrete or law.multivariate or law.period)]


def sample_of(law, params):
    """Points, intervals of every kind and windows, all inside of the law's quantiles."""
    cuts = mle.Distribution(law, dict(zip(law.param_names, params, strict=True))).ppf(np.linspace(0.05, 0.95, 9))
    lower = np.array([cuts[1], cuts[2], cuts[3], cuts[6], cuts[2], cuts[4]])
    upper = np.array([cuts[1], cuts[4], cuts[5], np.inf, cuts[2], cuts[7]])
    return mle.Sample.intervals(lower, upper).truncated(lower=np.array([-np.inf, cuts[0], cuts[1]] * 2))


@pytest.mark.parametrize("law", laws(), ids=lambda law: law.name)
def test_several_are_as_one_by_one(law):
    params = middle(law)
    likelihood = Likelihood(law, sample_of(law, params), Unit())
    thetas = np.array(params) * (1.0 + 1e-3 * np.array([[0.0], [1.0], [-2.0]]) * np.arange(1.0, 1 + len(params)))
    several = Several(likelihood)
    np.testing.assert_allclose(several.mean_masses(thetas), [likelihood.mean_mass(at) for at in thetas], rtol=1e-12)
    np.testing.assert_allclose(several.logliks(thetas), [likelihood.mean_loglik(at) for at in thetas], rtol=1e-12)
    np.testing.assert_allclose(several.point_scores(thetas), [likelihood.mean_score(at) for at in thetas], rtol=1e-12)
    alone = [likelihood.mean_mass_score(at) for at in thetas]
    together = several.mean_mass_scores(thetas)
    if any(score is None for score in alone):
        assert together is None
    else:
        np.testing.assert_allclose(together, alone, rtol=1e-10)


@pytest.mark.parametrize("survival", [
    lambda x, rate: -float(rate) * x,  # takes no array
    lambda x, rate: -np.max(rate) * x,  # takes one, and gives what it should not
], ids=["numbers", "the largest"])  # fmt: skip
def test_a_law_whose_parameters_do_not_broadcast_is_asked_one_by_one(survival):
    law = mle.Family.from_logpdf(
        lambda x, rate: np.log(rate) - rate * x, {"rate": mle.POSITIVE}, mle.NON_NEGATIVE, logsf=survival
    )
    sample = mle.Sample.right_censored([1.0, 2.0, 3.0], [True, False, True])
    likelihood = Likelihood(law, sample, Unit())
    several = Several(likelihood).mean_masses(np.array([[0.5], [0.25]]))
    np.testing.assert_allclose(several, [-1.0 / 3, -0.5 / 3], rtol=1e-14)


@pytest.mark.parametrize("law", laws(), ids=lambda law: law.name)
def test_derivatives_of_few_rows_from_one_call_are_those_had_apart(law, monkeypatch):
    params = middle(law)
    likelihood = Likelihood(law, sample_of(law, params), Unit())
    theta, free = np.array(params), [True] * len(params)
    together = objective_near(likelihood, domains_of(law), theta, free, charted=False)
    u = together.coordinates.from_theta(theta)
    gradient, hessian = together.gradient(u), together.hessian(u)
    apart = objective_near(likelihood, domains_of(law), theta, free, charted=False)
    monkeypatch.setattr(Objective, "_are_few", False)
    np.testing.assert_allclose(gradient, apart.gradient(u), rtol=1e-9, atol=1e-11)
    size = np.nanmax(np.abs(hessian), initial=0.0)
    np.testing.assert_allclose(hessian, apart.hessian(u), rtol=1e-7, atol=1e-7 * size)


def test_a_window_is_certain_to_a_law_on_it():
    x = np.array([31.0, 50.0, 72.0, 90.0, 140.0])
    law = JohnsonInWindow(30.0, 150.0)
    seen = Likelihood(law, mle.Sample(x).truncated(30.0, 150.0))
    assert seen.without_masses
    plain = Likelihood(law, mle.Sample(x), seen.unit)
    theta = np.array([0.3, 0.1, 0.6])
    assert seen.mean_loglik(theta) == plain.mean_loglik(theta)
    np.testing.assert_array_equal(seen.mean_mass_score(theta), np.zeros(3))
    part = Likelihood(law, mle.Sample(x).truncated(30.0, 145.0), seen.unit)  # beyond whose end the law goes on
    assert not part.without_masses
    assert part.mean_mass(theta) > 0


def test_laws_have_the_same_limit_in_a_window():
    one, other = (mle.get_family(name).limits_in_window(1.0, 3.0)[0].family for name in ("normal", "logistic"))
    assert one is other


@pytest.mark.parametrize("law", [law for law in laws() if law.chart], ids=lambda law: law.name)
def test_several_of_the_law_of_a_chart_are_as_one_by_one(law):
    params = middle(law)
    inner, theta = law.chart.law, np.array(law.chart.inward(*params))
    likelihood = Likelihood(inner, sample_of(law, params), Unit())
    thetas = theta * (1.0 + 1e-3 * np.array([[0.0], [1.0], [-2.0]]))
    several = Several(likelihood)
    np.testing.assert_allclose(several.logliks(thetas), [likelihood.mean_loglik(at) for at in thetas], rtol=1e-11)
    np.testing.assert_allclose(several.point_scores(thetas), [likelihood.mean_score(at) for at in thetas], rtol=1e-11)


def regression_in_window(law, **window):
    """The likelihood of a regression of the modelled parameter, and three points."""
    rng = np.random.default_rng(7)
    x = rng.uniform(0.6, 2.9, 12)
    design = np.column_stack([np.ones(12), rng.normal(size=12)])
    fit = mle.regress(mle.Sample(x).truncated(**window), design, law)
    likelihood = fit.at_maximum.likelihood
    theta = np.linspace(0.9, 1.2, len(fit.at_maximum.theta))
    return likelihood, theta * (1.0 + 1e-3 * np.array([[0.0], [1.0], [-2.0]]))


@pytest.mark.parametrize("law", ["frechet", "gamma", "loglogistic", "inverse_gamma"])
@pytest.mark.parametrize("window", [{"lower": 0.5, "upper": 3.0}, {"lower": 0.5}], ids=["both", "below"])
@pytest.mark.filterwarnings("ignore::mle_toolkit.FitWarning")
def test_several_coefficients_of_a_regression_are_asked_at_once(law, window, monkeypatch):
    """As a law of many parameters: the sums are the same to the last bit."""
    likelihood, thetas = regression_in_window(law, **window)
    if not likelihood.family.dear_masses:
        pytest.skip("its derivatives cost no more than its values")
    alone = [likelihood._one_by_one(likelihood.family.unpack(at), likelihood.all_intervals) for at in thetas]
    asked = []
    monkeypatch.setattr(Likelihood, "mean_mass", lambda self, theta: asked.append(theta))
    together = Several(likelihood).mean_masses(thetas)
    assert not asked
    np.testing.assert_array_equal(together, np.array(alone) / likelihood.nobs)


@pytest.mark.filterwarnings("ignore::mle_toolkit.FitWarning")
def test_derivatives_of_a_lost_probability_are_differenced_only_where_they_are_asked_for(monkeypatch):
    """A trial step of a climb asks for the value alone, and is not followed where it is impossible."""
    likelihood, thetas = regression_in_window("weibull", lower=0.5, upper=3.0)
    theta = thetas[0].copy()
    objective = objective_near(likelihood, domains_of(likelihood.family), theta, [True] * 2, charted=False)
    assert objective.at_once
    u = objective.coordinates.from_theta(theta)
    known = objective.hessian(u)
    monkeypatch.setattr(Likelihood, "expansion", lambda self, theta: None)
    asked = []
    parts = Objective._hessian_in_parts
    monkeypatch.setattr(Objective, "_hessian_in_parts", lambda self, u: asked.append(u) or parts(self, u))
    beside = u + 1e-9
    assert np.isfinite(objective.value(beside))
    objective.gradient(beside)
    assert not asked
    np.testing.assert_allclose(objective.hessian(beside), known, rtol=1e-4, atol=1e-4)
    assert len(asked) == 1
