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
