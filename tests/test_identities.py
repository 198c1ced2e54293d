"""The identities of the table on fits of every reference case; and those that join one fit with another."""

import math

import numpy as np
import pytest
from references import case, case_ids, column, fit_quietly, flat

import mle_toolkit as mle
from mle_toolkit.identities import statements

ROUNDING = 4e-16

CONTINUOUS = case_ids("uncensored_continuous")
DISCRETE = case_ids("discrete")

FULL_EXPONENTIAL = (
    "norm_morley", "norm_newcomb", "exp_aircondit", "gamma_groundbeef", "lnorm_rivers", "beta_rock", "invgamma_repair",
    "invgauss_repair", "rayleigh_wind", "pois_horsekicks", "geom_biochemists", "binom_weldon", "zeta_moby7",
)  # fmt: skip
"""Cases of full exponential families; the beta-binomial, t, GEV, ... are not."""

ENTROPY_ATTAINED = (
    "norm_morley", "norm_newcomb", "exp_aircondit", "gamma_groundbeef", "lnorm_rivers", "geom_biochemists",
    "laplace_darwin", "pareto1_rivers",
)  # fmt: skip
"""Cases whose log-density is spanned by statistics that the maximum matches: there the fit codes its own entropy."""


def check(row: statements.Identity) -> None:
    assert row.holds, row


# --- one line ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTINUOUS + DISCRETE)
def test_nll_per_observation_is_cross_entropy(name):
    fit = case(name).fit()
    assert fit.cross_entropy == fit.nll / fit.nobs
    check(statements.nll_is_cross_entropy(fit, name))


@pytest.mark.parametrize("name", DISCRETE)
def test_cross_entropy_is_entropy_plus_divergence(name):
    fit = case(name).fit()
    check(statements.cross_entropy_is_entropy_plus_divergence(fit, name))
    g = statements.g_is_twice_n_divergence(fit, name)
    check(g)
    report = fit.information()
    scale = float(report.cross_entropy)
    _, p = statements.shares_of(fit.sample)
    assert abs(scale - (float(report.entropy) + float(report.kl))) <= ROUNDING * scale
    assert float(report.entropy) == pytest.approx(statements.entropy_of(p), rel=1e-13)
    assert float(report.kl) == pytest.approx(g.right / (2 * fit.nobs), abs=1e-12 * scale)
    assert report.g_statistic == pytest.approx(g.left, abs=1e-11 * fit.nobs)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_the_one_line_holds_for_measurements_by_construction(name):
    report = case(name).fit().information()
    if report.kl is None:
        assert report.reasons["kl"]
        return
    total = float(report.entropy) + float(report.kl)
    assert abs(float(report.cross_entropy) - total) <= ROUNDING * (abs(total) + abs(float(report.entropy)))


# --- one minimum ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pois_horsekicks", "geom_biochemists", "logseries_butterfly", "zeta_moby7"])
def test_nll_cross_entropy_and_divergence_fall_together_to_one_minimum(name):
    for row in statements.minima_agree(case(name).fit(), name):
        check(row)


@pytest.mark.parametrize("name", [*CONTINUOUS, *DISCRETE])
def test_gradient_of_cross_entropy_is_minus_the_mean_score(name):
    """At a point beside the maximum, where it is not zero."""
    known = case(name)
    if known.family.score is None:
        pytest.skip("no score given")
    check(statements.gradient_is_minus_mean_score(known.fit(), name))


@pytest.mark.parametrize("name", ["gamma_groundbeef", "t_newcomb", "gev_portpirie", "nbinom_mites", "beta_rock"])
def test_the_hessian_of_nll_is_n_times_that_of_cross_entropy(name):
    """So the covariance is its inverse divided by n: doubling every weight halves it."""
    known = case(name)
    weight = np.ones(len(known.x)) if known.weights is None else known.weights
    once, twice = known.fit(), mle.fit(known.x, known.family, weights=2 * weight)
    assert twice.cov_params().to_numpy() == pytest.approx(once.cov_params().to_numpy() / 2, rel=1e-6)
    assert twice.cross_entropy == pytest.approx(once.cross_entropy, rel=1e-13)
    check(statements.standard_errors_are_curvature(once, name))


# --- exponential families ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in FULL_EXPONENTIAL if n != "zeta_moby7"])
def test_maximum_matches_the_moments_of_the_statistics(name):
    check(statements.moments_match(case(name).fit(), name))


@pytest.mark.parametrize("name", FULL_EXPONENTIAL)
def test_score_at_the_maximum_is_zero(name):
    """The same, without expectations: the score is the gap between observed and expected statistics."""
    fit = case(name).fit()
    assert fit.certificate.score_se <= 1e-6


@pytest.mark.parametrize("name", ENTROPY_ATTAINED)
def test_the_fit_codes_its_own_entropy(name):
    """NLL/n = H(q) at the maximum, where log h is in the span of the statistics."""
    check(statements.own_entropy(case(name).fit(), name))


@pytest.mark.parametrize("name", [n for n in FULL_EXPONENTIAL if n != "zeta_moby7"])
def test_pythagoras(name):
    """NLL(θ) - NLL(θ̂) = n KL(q_θ̂ ‖ q_θ) in a full exponential family: the likelihood ratio is a divergence."""
    fit = case(name).fit()
    for direction in (1.0, -1.0):
        check(statements.pythagoras(fit, name, direction))


def test_pythagoras_in_closed_form():
    """Normal and Poisson, whose divergences are formulas."""
    normal = mle.fit(column("morley", "Speed"), "normal")
    mu, sigma = flat(normal.params)
    for m, s in ((mu + 10, sigma), (mu - 30, 1.5 * sigma)):
        rise = -math.fsum(mle.distribution("normal", mu=m, sigma=s).logpdf(column("morley", "Speed"))) - normal.nll
        divergence = math.log(s / sigma) + (sigma**2 + (mu - m) ** 2) / (2 * s**2) - 0.5
        assert rise == pytest.approx(normal.nobs * divergence, rel=1e-11)
    poisson = case("pois_horsekicks").fit()
    (values, p), n = statements.shares_of(poisson.sample), poisson.nobs
    mean = poisson.params["mu"]
    for mu in (0.5, 0.7):
        rise = -n * math.fsum(p * mle.distribution("poisson", mu=mu).logpdf(values)) - poisson.nll
        assert rise == pytest.approx(n * (mean * math.log(mean / mu) + mu - mean), rel=1e-11)


@pytest.mark.parametrize("name", [n for n in FULL_EXPONENTIAL if n != "zeta_moby7"])
def test_observed_information_is_expected_information(name):
    """At the maximum of a full exponential family both are the covariance of the statistics."""
    fit = case(name).fit()
    observed, expected = fit.cov_params("observed").to_numpy(), fit.cov_params("expected").to_numpy()
    unit = 1 / np.sqrt(np.diag(observed))
    assert np.abs((observed - expected) * np.outer(unit, unit)).max() <= 1e-5


# --- curvature of the divergence --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["norm_newcomb", "gamma_groundbeef", "weibull_groundbeef", "logis_nile", "gumbel_portpirie", "pois_horsekicks",
     "nbinom_mites", "geom_biochemists"],
)  # fmt: skip
def test_curvature_of_the_divergence_is_the_fisher_information(name):
    """KL(q_θ ‖ q_θ+δ) = ½ δᵀ I δ up to a relative error of the order of δ; δ is a part of a standard error."""
    check(statements.fisher_curvature(case(name).fit(), name))


# --- divergences that are zero, or infinite ---------------------------------------------------------------------------


def test_gibbs_on_shares():
    """CE(p, q) >= H(p), with equality at q = p: a categorical fit reaches the entropy of the data exactly."""
    counts = [13, 1, 0, 26]
    x = np.repeat(np.arange(4.0), counts)
    fit = fit_quietly(x, mle.get_family("categorical", k=4))
    shares = np.array(counts) / 40
    assert abs(fit.cross_entropy - statements.entropy_of(shares)) <= 2 * ROUNDING
    assert abs(float(fit.information().kl)) <= 2 * ROUNDING


def test_cross_entropy_does_not_depend_on_the_unit_but_for_its_logarithm():
    """Bijection: a change of unit adds log(unit) to cross-entropy and to entropy; the divergence stays."""
    x = np.random.default_rng(4).gamma(2.0, 30.0, 400)
    grams, kilograms = mle.fit(x, "gamma"), mle.fit(x / 1000, "gamma")
    assert kilograms.cross_entropy == pytest.approx(grams.cross_entropy - math.log(1000), rel=1e-12)
    assert float(kilograms.kl) == pytest.approx(float(grams.kl), abs=1e-9)


def test_logarithms_of_lognormal_data_are_normal():
    """The density of a bijection: NLL differs by the sum of the logs."""
    x = column("rivers", "x")
    lognormal, normal = mle.fit(x, "lognormal"), mle.fit(np.log(x), "normal")
    assert flat(lognormal.params) == pytest.approx(flat(normal.params), rel=1e-12)
    assert lognormal.nll == pytest.approx(normal.nll + math.fsum(np.log(x)), rel=1e-12)
    assert flat(lognormal.bse) == pytest.approx(flat(normal.bse), rel=1e-9)
