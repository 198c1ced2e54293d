"""The identities that join likelihood and information, on fits of real data; each holds to rounding."""

import math

import numpy as np
import pytest
from references import case, case_ids, column, fit_quietly, flat

import mle_toolkit as mle
from mle_toolkit.likelihood.coordinates import Coordinates
from mle_toolkit.likelihood.sums import Likelihood

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


def pmf_of(name: str) -> tuple[np.ndarray, np.ndarray, float]:
    """Distinct values, their shares, and the number of observations of a case of counts."""
    known = case(name)
    weight = np.ones(len(known.x)) if known.weights is None else known.weights
    values, inverse = np.unique(known.x, return_inverse=True)
    counts = np.bincount(inverse, weights=weight)
    return values, counts / counts.sum(), float(counts.sum())


def entropy_of(p: np.ndarray) -> float:
    return -math.fsum(v * math.log(v) for v in p if v > 0)


# --- one line ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTINUOUS + DISCRETE)
def test_nll_per_observation_is_cross_entropy(name):
    known = case(name)
    fit = known.fit()
    weight = np.ones(len(known.x)) if known.weights is None else known.weights
    logpdf = fit.distribution.logpdf(known.x)
    cross_entropy = -math.fsum(weight * logpdf) / math.fsum(weight)
    size = math.fsum(weight * np.abs(logpdf)) / math.fsum(weight)
    assert fit.cross_entropy == fit.nll / fit.nobs
    # Sums of statistics, or in another unit, round elsewhere than the sum of log-densities.
    assert abs(fit.cross_entropy - cross_entropy) <= 1e-13 * max(1.0, size) * (
        1 + np.abs(known.x).max() / np.ptp(known.x)
    )


@pytest.mark.parametrize("name", DISCRETE)
def test_cross_entropy_is_entropy_plus_divergence(name):
    fit = case(name).fit()
    values, p, _ = pmf_of(name)
    log_q = fit.distribution.logpdf(values)
    cross_entropy = -math.fsum(p * log_q)
    divergence = math.fsum(p * (np.log(p) - log_q))
    scale = math.fsum(p * np.abs(log_q))
    assert abs(cross_entropy - (entropy_of(p) + divergence)) <= 2 * ROUNDING * scale
    report = fit.information()
    assert abs(float(report.cross_entropy) - (float(report.entropy) + float(report.kl))) <= ROUNDING * scale
    assert float(report.entropy) == pytest.approx(entropy_of(p), rel=1e-13)
    assert float(report.kl) == pytest.approx(divergence, abs=1e-12 * scale)


@pytest.mark.parametrize("name", DISCRETE)
def test_g_is_twice_n_times_the_divergence(name):
    fit = case(name).fit()
    values, p, n = pmf_of(name)
    expected = np.exp(fit.distribution.logpdf(values))
    g = 2 * n * math.fsum(p * (np.log(p) - np.log(expected)))
    assert fit.information().g_statistic == pytest.approx(g, abs=1e-11 * n)


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
    fit = case(name).fit()
    values, p, n = pmf_of(name)
    (parameter,) = fit.params
    walk = fit.params[parameter] + np.linspace(-0.2, 0.2, 41) * (
        min(1.0, fit.params[parameter] - (1.0 if parameter == "alpha" else 0.0))
        * (1.0 if parameter in ("mu", "alpha") else 1 - fit.params[parameter])
    )
    logs = [mle.Distribution(fit.family, {parameter: value}).logpdf(values) for value in walk]
    nll = np.array([-n * math.fsum(p * log_q) for log_q in logs])
    cross_entropy = np.array([-math.fsum(p * log_q) for log_q in logs])
    divergence = np.array([math.fsum(p * (np.log(p) - log_q)) for log_q in logs])
    assert np.argmin(nll) == np.argmin(cross_entropy) == np.argmin(divergence) == 20
    assert np.ptp(nll / n - cross_entropy) <= 1e-14 * np.abs(cross_entropy).max()
    assert np.ptp(cross_entropy - divergence) <= 1e-14 * np.abs(cross_entropy).max()
    assert fit.cross_entropy <= cross_entropy.min() + 1e-14


@pytest.mark.parametrize("name", [*CONTINUOUS, *DISCRETE])
def test_gradient_of_cross_entropy_is_minus_the_mean_score(name):
    """At a point beside the maximum, where it is not zero."""
    known = case(name)
    law = known.family
    if law.score is None:
        pytest.skip("no score given")
    likelihood = Likelihood(law, mle.Sample(known.x, known.weights))
    theta = likelihood.unit.params_to_unit(law, np.array(list(known.params.values())))
    natural = np.ones(len(theta))
    coordinates = Coordinates([p.domain for p in law.parameters], theta, [p.regular for p in law.parameters], natural)
    u = coordinates.from_theta(theta) * 1.02 + 0.01
    cross_entropy = lambda v: -likelihood.mean_loglik(coordinates.to_theta(v))  # noqa: E731
    if not np.isfinite(cross_entropy(u)):
        u = coordinates.from_theta(theta) + 1e-3
    mean_score = likelihood.mean_score(coordinates.to_theta(u)) @ coordinates.jacobian(u)
    for k in range(len(u)):
        step = np.zeros(len(u))
        step[k] = 1e-4
        slope = (
            8 * (cross_entropy(u + step) - cross_entropy(u - step))
            - (cross_entropy(u + 2 * step) - cross_entropy(u - 2 * step))
        ) / 12e-4
        assert slope == pytest.approx(-mean_score[k], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", ["gamma_groundbeef", "t_newcomb", "gev_portpirie", "nbinom_mites", "beta_rock"])
def test_the_hessian_of_nll_is_n_times_that_of_cross_entropy(name):
    """So the covariance is its inverse divided by n: doubling every weight halves it."""
    known = case(name)
    weight = np.ones(len(known.x)) if known.weights is None else known.weights
    once, twice = known.fit(), mle.fit(known.x, known.family, weights=2 * weight)
    assert twice.cov_params().to_numpy() == pytest.approx(once.cov_params().to_numpy() / 2, rel=1e-6)
    assert twice.cross_entropy == pytest.approx(once.cross_entropy, rel=1e-13)


# --- exponential families ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in FULL_EXPONENTIAL if n != "zeta_moby7"])
def test_maximum_matches_the_moments_of_the_statistics(name):
    known = case(name)
    fit, law = known.fit(), known.family
    # Counts of Poisson and of a binomial law are fitted by a formula that uses their one statistic, the count itself.
    statistics = law.statistics if isinstance(law, mle.ExponentialFamily) else lambda x: (x,)
    weight = np.ones(len(known.x)) if known.weights is None else known.weights
    for k, observed in enumerate(statistics(known.x)):
        mean = math.fsum(weight * observed) / math.fsum(weight)
        expected = fit.distribution.expect(lambda x, k=k: statistics(x)[k])
        assert expected == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize("name", FULL_EXPONENTIAL)
def test_score_at_the_maximum_is_zero(name):
    """The same, without expectations: the score is the gap between observed and expected statistics."""
    fit = case(name).fit()
    assert fit.certificate.score_se <= 1e-6


@pytest.mark.parametrize("name", ENTROPY_ATTAINED)
def test_the_fit_codes_its_own_entropy(name):
    """NLL/n = H(q) at the maximum, where log h is in the span of the statistics."""
    fit = case(name).fit()
    entropy = fit.distribution.entropy()
    assert fit.cross_entropy == pytest.approx(entropy, rel=1e-12)


def test_the_fit_codes_its_own_entropy_for_events():
    x = np.repeat([0.0, 1.0], [63, 37])
    fit = mle.fit(x, "bernoulli")
    binary = -(0.63 * math.log(0.63) + 0.37 * math.log(0.37))
    assert abs(fit.cross_entropy - binary) <= ROUNDING
    assert fit.distribution.entropy() == pytest.approx(binary, rel=1e-15)


@pytest.mark.parametrize("name", ["pois_horsekicks", "weibull_groundbeef"])
def test_a_poisson_or_a_weibull_fit_does_not(name):
    """The base measure 1/x! of Poisson is no statistic that the fit matches, and Weibull is no exponential family."""
    fit = case(name).fit()
    assert abs(fit.cross_entropy - fit.distribution.entropy()) > 1e-5


@pytest.mark.parametrize("name", [n for n in FULL_EXPONENTIAL if n != "zeta_moby7"])
def test_pythagoras(name):
    """NLL(θ) - NLL(θ̂) = n KL(q_θ̂ ‖ q_θ) in a full exponential family: the likelihood ratio is a divergence."""
    known = case(name)
    fit = known.fit()
    weight = np.ones(len(known.x)) if known.weights is None else known.weights
    se = flat(fit.bse)
    for direction in (1.0, -1.0):
        theta = flat(fit.params) + direction * np.array([1.5, -0.7])[: len(se)] * se
        other = mle.Distribution(fit.family, dict(zip(fit.params, theta, strict=True)))
        rise = -math.fsum(weight * other.logpdf(known.x)) - fit.nll
        divergence = fit.distribution.expect(lambda x, other=other: fit.distribution.logpdf(x) - other.logpdf(x))
        assert rise > 0
        assert rise == pytest.approx(fit.nobs * divergence, rel=1e-6, abs=1e-9 * abs(fit.nll))


def test_pythagoras_in_closed_form():
    """Normal and Poisson, whose divergences are formulas."""
    normal = mle.fit(column("morley", "Speed"), "normal")
    mu, sigma = flat(normal.params)
    for m, s in ((mu + 10, sigma), (mu - 30, 1.5 * sigma)):
        rise = -math.fsum(mle.distribution("normal", mu=m, sigma=s).logpdf(column("morley", "Speed"))) - normal.nll
        divergence = math.log(s / sigma) + (sigma**2 + (mu - m) ** 2) / (2 * s**2) - 0.5
        assert rise == pytest.approx(normal.nobs * divergence, rel=1e-11)
    poisson = case("pois_horsekicks").fit()
    values, p, n = pmf_of("pois_horsekicks")
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
    fit = case(name).fit()
    information = np.linalg.inv(fit.cov_params("expected").to_numpy()) / fit.nobs
    theta, unit = flat(fit.params), flat(fit.bse)
    q = fit.distribution
    for direction in np.eye(len(theta)):
        step = 0.01 * direction * unit * math.sqrt(fit.nobs)
        divergences = []
        for sign in (1, -1):
            other = mle.Distribution(fit.family, dict(zip(fit.params, theta + sign * step, strict=True)))
            divergences.append(q.expect(lambda x, other=other: q.logpdf(x) - other.logpdf(x)))
        # The mean over both signs loses the term of third order.
        assert np.mean(divergences) == pytest.approx(0.5 * step @ information @ step, rel=0.02)


# --- divergences that are zero, or infinite ---------------------------------------------------------------------------


def test_gibbs_on_shares():
    """CE(p, q) >= H(p), with equality at q = p: a categorical fit reaches the entropy of the data exactly."""
    counts = [13, 1, 0, 26]
    x = np.repeat(np.arange(4.0), counts)
    fit = fit_quietly(x, mle.get_family("categorical", k=4))
    shares = np.array(counts) / 40
    assert abs(fit.cross_entropy - entropy_of(shares)) <= 2 * ROUNDING
    assert abs(float(fit.information().kl)) <= 2 * ROUNDING


def test_self_information_adds_over_independent_observations():
    law = mle.distribution("gamma", shape=2.0, scale=3.0)
    x = column("aircondit", "hours")
    whole = Likelihood(law.family, mle.Sample(x))
    theta = law.family.pack(law.params)
    assert -whole.nobs * whole.mean_loglik(theta) == pytest.approx(math.fsum(-law.logpdf(x)), rel=1e-14)


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
