"""A subsample, corrected to agree with the whole sample, finds its maximum in two passes."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.data.sample import Sample
from mle_toolkit.likelihood import sums
from mle_toolkit.likelihood.first_pass import FirstPass
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.surrogate import Surrogate

TRUTH = {
    "student_t": (4.0, 1.0, 2.0),
    "gpd": (1.0, 0.2),
    "weibull": (1.7, 2.0),
    "logistic": (1.0, 2.0),
    "gumbel": (1.0, 2.0),
    "gev": (1.0, 2.0, 0.1),
    "skew_normal": (1.0, 2.0, 3.0),
}
ROWS = 400_000

by_law = pytest.mark.parametrize("name", TRUTH)


def drawn(name, n=ROWS):
    """Observations of a law."""
    law = mle.get_family(name)
    return np.asarray(
        mle.distribution(law, **dict(zip(law.param_names, TRUTH[name], strict=True))).rvs(n, np.random.default_rng(7))
    )


@pytest.mark.parametrize("name", ["weibull", "student_t"])
def test_the_surrogate_agrees_to_second_order_and_is_off_by_the_third(name):
    law, x = mle.get_family(name), drawn(name, 20_000)
    whole = Likelihood(law, Sample(x))
    few = whole.on_sketch(2_000)
    theta = whole.unit.params_to_unit(law, np.array(TRUTH[name]))
    near = Surrogate(whole, few, theta)
    for mine, its in zip(near.derivatives(theta), whole.derivatives(theta), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-12, atol=1e-14)

    def off(size):
        at = theta * (1 + size)
        return near.mean_score(at) - whole.mean_score(at)

    np.testing.assert_allclose(off(1e-3) / off(5e-4), 4.0, rtol=0.05)


@by_law
def test_long_data_take_two_or_three_passes_to_a_maximum_of_all_of_them(name, monkeypatch):
    """What the fit says of the maximum is what a pass over all rows, made anew, says."""
    x, passes = drawn(name), []
    take = Likelihood._derivative_sums

    def counted(self, *arguments):
        passes.append(self.data.n_rows)
        return take(self, *arguments)

    monkeypatch.setattr(Likelihood, "_derivative_sums", counted)
    fit = mle.fit(x, name)
    said, se = fit.llf, np.array(list(fit.bse.values()))
    assert fit.certificate.verdict == "interior"
    assert passes.count(ROWS) <= 3
    at = fit.at_maximum
    anew = Likelihood(fit.family, Sample(x))
    value, *derivatives = anew.derivatives(at.theta_in_unit)
    score, hessian = map(np.array, derivatives)
    information = -ROWS * hessian
    assert 0.5 * ROWS**2 * score @ np.linalg.solve(information, score) < 1e-10
    assert abs((value + anew.log_jacobian) * ROWS - said) < 1e-8 * abs(said) / 1e3
    own = np.sqrt(np.diag(np.linalg.inv(information))) * at.likelihood.unit.slopes(fit.family)
    np.testing.assert_allclose(se, own, rtol=2e-6)


def test_a_subsample_that_misleads_does_no_harm():
    """Of data with the period of the sketch, the fit is that of all of them."""
    x = np.random.default_rng(3).logistic(1.0, 2.0, ROWS)
    x[:: ROWS // 5_000] += 40.0
    fit = mle.fit(x, "logistic")
    assert fit.certificate.verdict == "interior"
    anew = Likelihood(fit.family, Sample(x))
    score, hessian = map(np.array, anew.derivatives(fit.at_maximum.theta_in_unit)[1:])
    assert -0.5 * ROWS * score @ np.linalg.solve(hessian, score) < 1e-9


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_the_fit_is_that_of_the_numpy_sums(weighted, monkeypatch):
    x = drawn("gumbel")
    weights = np.random.default_rng(1).uniform(0.5, 2.0, ROWS) if weighted else None
    by_twin = mle.fit(x, "gumbel", weights=weights)
    monkeypatch.setattr(sums, "twin_of", lambda law: None)
    by_numpy = mle.fit(x, "gumbel", weights=weights)
    for name, value in by_twin.params.items():
        assert abs(value - by_numpy.params[name]) < 1e-5 * by_twin.bse[name]


def test_the_first_pass_takes_the_sums_of_a_limit():
    """Of a law that may be the normal one in the end, the mean and the variance come with the validation."""
    x = drawn("student_t")
    sample = Sample(x, first_pass=FirstPass(mle.get_family("t")))
    assert sample.summed_ahead.name == "normal"
    law = mle.get_family("normal")
    assert Likelihood(law, sample).by_means.statistics == pytest.approx(
        Likelihood(law, Sample(x)).by_means.statistics, rel=1e-12
    )
    assert (sample.minimum, sample.maximum) == (x.min(), x.max())
    assert Sample(x, first_pass=FirstPass(mle.get_family("gpd"))).summed_ahead is None
    assert Sample(x[:100], first_pass=FirstPass(mle.get_family("t"))).summed_ahead is None


@pytest.mark.parametrize("name", ["gpd", "gev", "skew_normal"])
def test_the_value_at_a_limit_is_that_of_the_density(name):
    """Where the entropy tells the log-likelihood at the maximum, it is the sum of the log-densities."""
    x = np.random.default_rng(5).gamma(2.0, size=500)
    for limit in mle.get_family(name).limits:
        fit = mle.fit(x, limit.family)
        wanted = float(np.sum(limit.family.logpdf(x, *fit.params.values())))
        assert fit.llf == pytest.approx(wanted, rel=1e-13)


def test_a_subsample_that_has_run_off_does_not_lead_the_whole_astray():
    """A tail that a subsample takes for normal may be seen in all of the data: df is then large, and finite."""
    x = np.random.default_rng(2).normal(3.0, 2.0, 300_000)
    fit = mle.fit(x, "student_t")
    assert fit.certificate.verdict == "interior"
    assert fit.certificate.method == "newton"
    assert fit.params["df"] == pytest.approx(681.79, abs=0.1)
    assert fit.llf > mle.fit(x, "normal").llf


def test_the_last_step_of_long_data_leaves_no_millionths_of_a_standard_error():
    """It is taken without a pass: the score there, computed anew, is 0 to rounding."""
    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(20_000), rng.normal(size=(20_000, 4))])
    y = rng.poisson(np.exp(x @ [0.1, 0.2, -0.1, 0.3, 0.0]))
    fit = mle.regress(y, x, "poisson")
    score = x.T @ (y - np.exp(x @ fit.coefficients))
    assert np.max(np.abs(score) * np.sqrt(np.diag(fit.cov_params()))) < 1e-9
    assert fit.certificate.score_se < 1e-9
