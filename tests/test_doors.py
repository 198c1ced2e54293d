"""The doors of a fit say what its law says, under the names that people know."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import ParameterError

X = np.array([1.1, 0.4, 2.7, 1.9, 0.8, 5.0])


@pytest.mark.parametrize("name", ["normal", "gamma", "weibull"])
def test_a_fit_answers_as_its_law_does(name):
    fit = mle.fit(X, name)
    for door in ("pdf", "logpdf", "cdf", "sf", "ppf", "isf"):
        at = np.array([0.25, 0.5])
        np.testing.assert_array_equal(getattr(fit, door)(at), getattr(fit.distribution, door)(at))
    np.testing.assert_array_equal(fit.rvs(4, rng=1), fit.distribution.rvs(4, rng=1))


def test_loglike_is_that_of_any_parameters():
    fit = mle.fit(X, "gamma")
    law = mle.distribution("gamma", shape=2.0, scale=0.7)
    assert fit.loglike() == fit.llf
    assert fit.loglike({"shape": 2.0, "scale": 0.7}) == pytest.approx(law.logpdf(X).sum(), rel=1e-13)
    with pytest.raises(ParameterError, match="scale"):
        fit.loglike({"shape": 2.0})
    with pytest.raises(ParameterError):
        fit.loglike({"shape": -2.0, "scale": 1.0})


def test_spellings_of_statsmodels():
    fit = mle.fit(X, "normal")
    assert fit.df_resid == 4
    assert fit.tvalues["mu"] == pytest.approx(fit.params["mu"] / fit.bse["mu"])
    assert 0 < fit.pvalues["mu"] < 0.05
    assert np.isnan(fit.pvalues["sigma"])  # 0 is no standard deviation


def test_lives_have_their_uncertainty():
    times = mle.Sample.right_censored([6, 7, 10, 13, 16, 17, 22], [1, 0, 1, 1, 1, 0, 1])
    fit = mle.fit(times, "weibull")
    assert fit.b_life(10).interval == fit.quantile(0.1).interval
    assert fit.b_life([10, 50]).index.tolist() == [10, 50]
    hazard = fit.hazard(10.0)
    shape, scale = fit.params["shape"], fit.params["scale"]
    assert hazard.value == pytest.approx(shape / scale * (10 / scale) ** (shape - 1))
    assert 0 < hazard.interval[0] < hazard.value < hazard.interval[1]
    exponential = mle.fit(times, "exponential")
    for t in (0.0, 30.0):  # the residual life of an exponential law is its mean, and so is its error
        assert exponential.mean_residual_life(t).value == pytest.approx(exponential.params["scale"], rel=1e-8)
        assert exponential.mean_residual_life(t).se == pytest.approx(exponential.bse["scale"], rel=1e-5)
    assert exponential.restricted_mean([5.0, 1e4]).map(float).iloc[1] == pytest.approx(exponential.params["scale"])
    for wrong in (0, 100, "a"):
        with pytest.raises(ParameterError, match="percent"):
            fit.b_life(wrong)
