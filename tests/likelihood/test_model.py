"""Units of covariates and of the response move nothing else: the model's own coordinates have none."""

import numpy as np
import pytest

import mle_toolkit as mle

N = 120


def responses():
    rng = np.random.default_rng(0)
    z = rng.normal(size=N)
    eta = 0.4 + 0.3 * z - 0.2 * (np.arange(N) % 3 == 1)
    mu = np.exp(eta)
    return z, {
        "bernoulli": (rng.uniform(size=N) < 1 / (1 + np.exp(-eta))).astype(float),
        "beta": rng.beta(2, 3, N),
        "negbin": rng.negative_binomial(2, 2 / (2 + mu)).astype(float),
        "zip": (rng.poisson(3 * mu) * (rng.uniform(size=N) < 0.7)).astype(float),
        "gamma": rng.gamma(2, mu / 2),
        "weibull": rng.weibull(2, N) * mu,
        "inverse_gaussian": rng.wald(mu, 3),
        "lognormal": np.exp(eta + rng.normal(size=N)),
        "normal": eta + rng.normal(size=N),
        "student_t": eta + rng.standard_t(4, N),
        "gev": eta + rng.gumbel(size=N),
    }


Z, Y = responses()
GROUP = (np.arange(N) % 3 == 1).astype(float)


def ratios(fit):
    """Slopes over their standard errors, which have no unit."""
    main = fit.model.base.main_parameter
    return (fit.params[main] / fit.bse[main]).to_numpy()[1:]


@pytest.mark.parametrize("law", Y)
def test_recoding_a_covariate_moves_nothing_else(law):
    plain = mle.regress(Y[law], np.column_stack([np.ones(N), Z, GROUP]), law)
    for recoded in ([1.6e9 + 1e6 * Z, GROUP], [3e-6 + 1e-6 * Z, 1e6 * GROUP]):
        fit = mle.regress(Y[law], np.column_stack([np.ones(N), *recoded]), law)
        assert fit.llf == pytest.approx(plain.llf, abs=1e-9)
        np.testing.assert_allclose(ratios(fit), ratios(plain), atol=1e-8)


@pytest.mark.parametrize("law", [law for law in Y if mle.get_family(law).has_scale])
@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_unit_of_the_response_moves_nothing_else(law, unit):
    design = np.column_stack([np.ones(N), Z, GROUP])
    plain, fit = mle.regress(Y[law], design, law), mle.regress(unit * Y[law], design, law)
    assert fit.llf + N * np.log(unit) == pytest.approx(plain.llf, abs=1e-8)
    np.testing.assert_allclose(ratios(fit), ratios(plain), atol=1e-8)


@pytest.mark.parametrize("law", ["normal", "lognormal"])
def test_what_least_squares_solve_is_where_the_search_begins(law):
    """The maximum of a normal law is that of least squares: the first point is the last."""
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(200), rng.normal(size=(200, 3))])
    z = x @ [1.0, 0.5, -0.5, 2.0] + rng.normal(size=200)
    y = z if law == "normal" else np.exp(z)
    fit = mle.regress(y, x, law)
    (begin,) = fit.model.start(fit.at_maximum.likelihood.sample)
    begun = np.concatenate([np.ravel(part) for part in begin])
    np.testing.assert_allclose(begun, fit.at_maximum.theta_in_unit, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(fit.coefficients[:4], np.linalg.lstsq(x, z, rcond=None)[0], rtol=1e-10)


def test_a_search_begins_from_the_law_without_covariates_where_that_is_higher():
    """Least squares follow a wild row; the law of heavy tails does not."""
    x = np.column_stack([np.ones(60), np.linspace(-1, 1, 60)])
    y = np.exp(np.random.default_rng(3).normal(size=60))
    y[-1] = 1e-300  # the log of it is all that least squares see
    fit = mle.regress(y, x, "gamma")
    model, sample = fit.model, fit.at_maximum.likelihood.sample
    assert fit.certificate.ok
    assert fit.llf >= np.sum(model.logpdf(sample.x, *model.start(sample)[0]))


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("by", ["number", "formula"])
def test_counts_begin_near_their_maximum(scale, by):
    """Two steps of weighted least squares leave less than a standard error or two of each coefficient."""
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(400), rng.normal(size=400)])
    offset, weights = 0.3 * np.cos(np.arange(400)), 1.0 + np.arange(400) % 2
    mean = scale * np.exp(0.5 * x[:, 1] + offset)
    y = rng.negative_binomial(2, 2 / (2 + mean)).astype(float)
    others = {"size": x[:, :1]} if by == "formula" else {}
    fit = mle.regress(y, x, "negbin", offset=offset, weights=weights, **others)
    likelihood = fit.at_maximum.likelihood
    (begin,) = fit.model.start(likelihood.sample)
    gap = fit.llf - likelihood.nobs * likelihood.mean_loglik(np.concatenate([np.ravel(part) for part in begin]))
    assert 0 <= gap < 3.0


@pytest.mark.parametrize("law", ["weibull", "lognormal"])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_pass_over_durations_is_the_sum_of_those_over_events_and_over_the_others(law, weighted):
    rng = np.random.default_rng(1)
    end = rng.exponential(2, N)
    weight = rng.integers(1, 4, N).astype(float) if weighted else None
    sample = mle.Sample.right_censored(np.minimum(Y[law], end), Y[law] <= end, weight)
    found = mle.regress(sample, np.column_stack([np.ones(N), Z, GROUP]), law).at_maximum
    likelihood, theta = found.likelihood, found.theta_in_unit + 0.1
    events, others = likelihood.derivatives(theta), likelihood.mean_mass_derivatives(theta)
    for whole, one, other in zip(likelihood.expansion(theta), events, others, strict=True):
        np.testing.assert_allclose(whole, np.asarray(one) + other, rtol=1e-12, atol=1e-13)


def test_a_regression_of_durations_begins_where_they_are_though_no_ordinary_law_is():
    """The log-density of ordinary parameters is not finite at any of them."""
    rng = np.random.default_rng(1002)
    x = rng.normal(size=60)
    time, end = 1e6 * np.exp(x) * rng.weibull(1.5, 60), 1e6 * rng.exponential(2, 60)
    fit = mle.regress(
        mle.Sample.right_censored(np.minimum(time, end), time <= end), np.column_stack([np.ones(60), x]), "gompertz"
    )
    assert fit.certificate.ok
