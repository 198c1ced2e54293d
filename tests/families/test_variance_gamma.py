"""The variance gamma law: formulas and tails against mpmath; maxima at a cusp, beside a limit, and none at all."""

import mpmath as mp
import numpy as np
import pytest
from dear import CHECKS
from references import fit_quietly
from scipy import stats

import mle_toolkit as mle

LAW = mle.get_family("variance_gamma")
POINTS = [((1.0, 0.5, 0.7, 1.2), 1e-6), ((0.0, 2.0, -3.0, 0.3), 0.3), ((0.0, 1.0, 2.0, 2.5), -0.5)]


@pytest.mark.parametrize("name", CHECKS)
def test_what_holds_for_every_law(name):
    """One draw of each: see `strategies.DEAR`."""
    CHECKS[name](LAW, 5)


def logpdf(x, m, s, b, shape):
    """Kotz, Kozubowski & Podgórski (2001), equation 4.1.30, in these parameters."""
    z, a = abs((x - m) / s), mp.sqrt(b * b + 2 * shape)
    level = shape * mp.log(shape) - mp.loggamma(shape) - mp.log(mp.pi / 2) / 2 - mp.log(s)
    return level + b * (x - m) / s + (shape - 0.5) * mp.log(z / a) + mp.log(mp.besselk(shape - 0.5, a * z))


@pytest.mark.parametrize(("params", "x"), POINTS)
def test_density_and_score(params, x):
    with mp.workdps(25):
        at = tuple(map(mp.mpf, params))
        assert LAW.logpdf(x, *params) == pytest.approx(float(logpdf(x, *at)), rel=1e-13)
        for j, got in enumerate(LAW.score(x, *params)):
            slope = float(mp.diff(lambda *p: logpdf(x, *p), at, [int(j == k) for k in range(4)]))
            assert got == pytest.approx(slope, rel=1e-10, abs=1e-11), j


@pytest.mark.parametrize(("beta", "shape", "z"), [(0.5, 1.2, 1.0), (0.0, 0.3, 1e-8)])
def test_tails_are_integrals_of_the_density(beta, shape, z):
    with mp.workdps(15):
        ends = [z * 1.3, z * 4, z + 0.01, z + 0.5, z + 2, z + 8, z + 40]
        above = mp.quad(lambda t: mp.exp(logpdf(t, 0, 1, mp.mpf(beta), mp.mpf(shape))), [z, *ends])
        assert LAW.logsf(z, 0.0, 1.0, beta, shape) == pytest.approx(float(mp.log(above)), rel=1e-9)
        assert LAW.logcdf(z, 0.0, 1.0, beta, shape) == pytest.approx(float(mp.log1p(-above)), rel=1e-9)
    assert LAW.logcdf(-z, 0.0, 1.0, -beta, shape) == LAW.logsf(z, 0.0, 1.0, beta, shape)


def test_slopes_of_the_tails_are_those_of_the_tails():
    """By differences; at loc itself the cdf is Student's, and so are its derivatives."""
    z, beta, shape, step = np.array([-8.0, -0.3, 0.0, 1e-3, 6.0]), 0.5, 1.2, 1e-5
    below, above = LAW.tail_scores(z, 0.0, 1.0, beta, shape)
    for k, (b, s) in ((2, (step, 0.0)), (3, (0.0, step))):
        for got, log_tail in ((below, LAW.logcdf), (above, LAW.logsf)):
            slope = (log_tail(z, 0.0, 1.0, beta + b, shape + s) - log_tail(z, 0.0, 1.0, beta - b, shape - s)) / (
                2 * step
            )
            assert got[k] == pytest.approx(slope, rel=1e-6, abs=1e-8)
    assert LAW.cdf(0.0, 0.0, 1.0, beta, shape) == pytest.approx(stats.t.cdf(-beta, 2 * shape), rel=1e-13)


def test_a_shape_of_one_is_laplaces_law():
    x = np.array([-7.0, -0.4, 0.0, 0.2, 5.0])
    kappa, scale = 0.7, 2.0
    params = (0.0, np.sqrt(2) * scale, (1 / kappa - kappa) / np.sqrt(2), 1.0)
    asymmetric = stats.laplace_asymmetric(kappa, 0.0, scale)
    assert LAW.logpdf(x, *params) == pytest.approx(asymmetric.logpdf(x), rel=1e-12)
    assert LAW.logcdf(x, *params) == pytest.approx(asymmetric.logcdf(x), rel=1e-10)


def test_a_maximum_at_a_cusp_is_at_an_observation():
    """No observation nearby, and no change of the others, is higher; and the report says what lies beyond."""
    x = mle.distribution("variance_gamma", loc=1.0, scale=0.5, beta=0.8, shape=0.9).rvs(150, rng=3)
    fit = fit_quietly(x, "variance_gamma")
    assert str(fit.certificate.verdict) == "local"
    assert "without bound as shape falls to 1/2" in fit.certificate.message
    loc, scale, beta, shape = (fit.params[name] for name in LAW.param_names)
    assert 0.5 < shape < 1.1
    assert loc in x
    assert np.isnan(fit.bse["loc"])
    for place in x[np.abs(x - loc) < scale]:
        at = place, scale, beta + (loc - place) / scale, shape
        assert np.sum(LAW.logpdf(x, *at)) <= fit.llf + 1e-9
    for k in range(1, 4):
        for factor in (0.99, 1.01):
            at = tuple(v * factor if j == k else v for j, v in enumerate((loc, scale, beta, shape)))
            assert np.sum(LAW.logpdf(x, *at)) < fit.llf


def test_data_of_a_pole_are_refused_but_with_loc_known_or_rounded():
    x = mle.distribution("variance_gamma", loc=1.0, scale=0.5, beta=0.5, shape=0.35).rvs(200, rng=3)
    with pytest.raises(mle.errors.UnboundedLikelihoodError, match="Fix loc"):
        mle.fit(x, "variance_gamma")
    fit = fit_quietly(x, "variance_gamma", fixed={"loc": 1.0})
    assert str(fit.certificate.verdict) == "interior"
    assert fit.params["shape"] == pytest.approx(0.35, abs=4 * fit.bse["shape"])


def test_one_sided_data_give_a_gamma_law_beyond_a_threshold():
    x = stats.gamma(3.0).ppf((np.arange(150) + 0.5) / 150)
    fit = fit_quietly(x, "variance_gamma")
    assert fit.params["beta"] == np.inf
    assert fit.llf == pytest.approx(fit_quietly(x, "shifted(gamma)").llf, rel=1e-10)


def test_nearly_normal_data_give_a_gamma_law_far_beyond_a_threshold():
    """Of few rows, where other climbs lead to the spike; the limit is told from a threshold that runs off."""
    x = np.random.default_rng(2).normal(size=5)
    fit = fit_quietly(x, "variance_gamma")
    assert str(fit.certificate.verdict) == "local"
    assert fit.params["beta"] == -np.inf
    assert fit.llf == pytest.approx(fit_quietly(x, "negated(shifted(gamma))").llf, abs=1e-8)


@pytest.mark.parametrize("shape", [0.55, 0.9])
def test_a_known_shape_of_a_cusp_has_a_maximum_at_an_observation(shape):
    """No other observation is higher, its scale and beta the best ones there; up to 1/2 there is none."""
    x = mle.distribution("variance_gamma", loc=1.0, scale=0.5, beta=0.8, shape=0.9).rvs(60, rng=3)
    fit = fit_quietly(x, "variance_gamma", fixed={"shape": shape})
    assert str(fit.certificate.verdict) == "non_regular"
    near = x[np.argsort(np.abs(x - fit.params["loc"]))[:9]]
    assert fit.params["loc"] == near[0]
    for place in near:
        held = fit_quietly(x, "variance_gamma", fixed={"shape": shape, "loc": place})
        assert held.llf <= fit.llf + 1e-8
    with pytest.raises(mle.errors.UnboundedLikelihoodError, match="has a pole"):
        mle.fit(x, "variance_gamma", fixed={"shape": 0.5})


def test_a_known_shape_a_little_above_that_of_a_cusp_is_not_called_unbounded():
    x = np.random.default_rng(1).laplace(size=5)
    with pytest.raises(mle.errors.NoMaximumError, match="is bounded, but") as caught:
        mle.fit(x, "variance_gamma", fixed={"shape": 1.06})
    assert str(caught.value.certificate.verdict) == "not_converged"


def test_exponential_data_are_said_to_have_no_bound():
    """With loc at the smallest observation the law is a gamma one, whose shape may fall below 1."""
    x = np.random.default_rng(1).exponential(size=100)
    fit = fit_quietly(x, "variance_gamma")
    assert fit.certificate.verdict.name == "LOCAL"
    assert "higher where the law is shifted exponential" in fit.certificate.message


@pytest.mark.parametrize("family", ["variance_gamma", "normal_inverse_gaussian"])
def test_a_law_that_leans_to_the_left_without_end_has_its_threshold_above_the_data(family):
    x = np.random.default_rng(3).wald(1.0, 3.0, size=200) + 5
    right, left = (fit_quietly(sign * x, family) for sign in (1.0, -1.0))
    assert left.params["loc"] == pytest.approx(-right.params["loc"], rel=1e-6)
    assert left.distribution.mean() == pytest.approx(-x.mean(), rel=1e-6)
