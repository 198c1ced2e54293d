"""Measurements of which some values have a probability of their own: zero-adjusted and zero-one-inflated laws."""

import math

import fieldcases
import numpy as np
import pandas as pd
import pytest
from references import fit_quietly, flat
from scipy import integrate, special, stats

import mle_toolkit as mle
from mle_toolkit.families.combinators.inflated import Inflated
from mle_toolkit.inference.residuals import residuals

rng = np.random.default_rng(20_261_129)
RAIN = np.where(rng.uniform(size=200) < 0.4, 0.0, rng.gamma(0.8, 9.0, 200))
SHARES = np.concatenate([rng.beta(2.0, 3.0, 90), np.zeros(15), np.ones(9)])
KPW_B = np.array(
    [27, 82, 115, 126, 155, 161, 243, 294, 340, 384, 457, 680, 855, 877, 974, 1193, 1340, 1884, 2558, 15743], float
)


def binary(k: float, n: float) -> float:
    return float(special.xlogy(k, k / n) + special.xlogy(n - k, 1 - k / n))


@pytest.mark.parametrize("make", [mle.hurdle, mle.zero_inflated])
def test_claims_with_zeros(make):
    right = fieldcases.right("claims-with-zeros")
    fit = mle.fit(np.append(np.zeros(60), KPW_B), make("gamma"))
    assert fit.params["pi"] == right["pi"]
    assert {k: fit.params[k] for k in ("shape", "scale")} == pytest.approx(right["gamma"], rel=1e-9)
    assert fit.certificate.verdict == "interior"


@pytest.mark.parametrize("base", ["gamma", "lognormal", "weibull", "inverse_gaussian", "student_t", "pareto"])
@pytest.mark.parametrize("unit", [1.0, 1e6, 1e-6])
def test_the_likelihood_is_a_product(base, unit):
    x = RAIN * unit
    fit, rest = fit_quietly(x, mle.hurdle(base)), fit_quietly(x[x > 0], base)
    zeros = np.sum(x == 0)
    assert fit.params["pi"] == pytest.approx(zeros / 200, rel=1e-9)
    finite = np.isfinite(flat(rest.bse))
    assert np.all(np.abs(flat(fit.params)[1:] - flat(rest.params))[finite] <= 1e-5 * flat(rest.bse)[finite])
    assert flat(fit.bse)[1:] == pytest.approx(flat(rest.bse), rel=1e-5, nan_ok=True)
    assert fit.bse["pi"] == pytest.approx(math.sqrt(fit.params["pi"] * (1 - fit.params["pi"]) / 200), rel=1e-6)
    assert fit.llf == pytest.approx(rest.llf + binary(zeros, 200), rel=1e-11)


def test_zeros_ones_and_shares_between():
    fit, rest = mle.fit(SHARES, mle.inflated("beta")), mle.fit(SHARES[:90], "beta")
    assert list(fit.params.values()) == pytest.approx([24 / 114, 9 / 24, *rest.params.values()], rel=1e-9)
    kinds = special.xlogy([90, 15, 9], np.array([90, 15, 9]) / 114).sum()
    assert fit.llf == pytest.approx(rest.llf + kinds, rel=1e-11)


@pytest.mark.parametrize(
    ("kept", "limit"),
    [
        (SHARES < 1, "zero-adjusted beta"),
        (SHARES > 0, "one-inflated beta"),
        ((SHARES > 0) & (SHARES < 1), "beta"),
    ],
)
def test_a_value_that_is_not_seen_is_a_limit(kept, limit):
    fit = fit_quietly(SHARES[kept], mle.inflated("beta"))
    assert (fit.certificate.verdict, fit.certificate.limit) == ("boundary", limit)


def test_a_value_in_the_middle_of_a_law_on_the_line():
    x = np.concatenate([stats.norm(1000.0, 3.0).ppf(np.linspace(0.02, 0.98, 40)), np.full(7, 1000.5)])
    fit, rest = mle.fit(x, mle.inflated("normal", 1000.5)), mle.fit(x[:40], "normal")
    assert fit.llf == pytest.approx(rest.llf + binary(7, 47), rel=1e-11)
    assert fit.distribution.ppf(fit.distribution.cdf(1000.5) - 0.01) == 1000.5


def loglik_of(form: str, params: tuple[float, ...]) -> float:
    """The log-likelihood of zero-adjusted gamma data, from SciPy's gamma law, for each form of data."""
    pi, shape, scale = params
    law, u = stats.gamma(shape, scale=scale), 1 - pi
    x = RAIN
    point = np.where(x == 0, math.log(pi), np.log(u) + law.logpdf(np.maximum(x, 1e-9)))
    if form == "weighted":
        return float(np.sum(WEIGHT * point))
    if form == "left-censored":
        return float(np.sum(np.where(x <= 2.0, np.log(pi + u * law.cdf(2.0)), point)))
    if form == "right-censored":
        return float(np.sum(np.where(x > 8.0, np.log(u) + law.logsf(8.0), point)))
    if form == "rounded":
        low, high = x_rounded() - 0.5, x_rounded() + 0.5
        return float(np.sum(np.log(np.where(low < 0, pi, 0.0) + u * (law.cdf(high) - law.cdf(low)))))
    kept = x <= 15.0
    return float(np.sum(point[kept]) - kept.sum() * np.log(pi + u * law.cdf(15.0)))


WEIGHT = 1.0 + np.arange(200) % 3


def x_rounded() -> np.ndarray:
    return np.rint(RAIN)


FORMS = {
    "weighted": lambda: mle.Sample(RAIN, WEIGHT),
    "left-censored": lambda: mle.Sample.left_censored(np.maximum(RAIN, 2.0), RAIN > 2.0),
    "right-censored": lambda: mle.Sample.right_censored(np.minimum(RAIN, 8.0), RAIN <= 8.0),
    "rounded": lambda: mle.Sample.rounded(x_rounded(), 1.0),
    "truncated": lambda: mle.Sample(RAIN[RAIN <= 15.0]).truncated(upper=15.0),
}


@pytest.mark.parametrize("form", FORMS)
def test_any_form_of_data(form):
    """The log-likelihood is that of the formula, and no step from the estimates makes it larger."""
    fit = mle.fit(FORMS[form](), mle.hurdle("gamma"))
    theta = tuple(fit.params.values())
    assert fit.llf == pytest.approx(loglik_of(form, theta), rel=1e-9)
    for k, se in enumerate(fit.bse.values() if isinstance(fit.bse, dict) else flat(fit.bse)):
        for step in (-0.01, 0.01):
            moved = tuple(v + step * se * (j == k) for j, v in enumerate(theta))
            assert loglik_of(form, moved) < fit.llf


def test_a_regression_is_two():
    z = rng.normal(size=300)
    y = np.where(rng.uniform(size=300) < special.expit(0.8 * z - 0.5), 0.0, rng.gamma(2.0, np.exp(0.5 + 0.3 * z)))
    frame = pd.DataFrame({"y": y, "z": z, "none": (y == 0).astype(float)})
    fit = mle.regress("y ~ z", frame, "hurdle(gamma)", pi="~ z")
    rest = mle.regress("y ~ z", frame[frame.y > 0], "gamma")
    zeros = mle.regress("none ~ z", frame, "bernoulli")
    assert fit.llf == pytest.approx(rest.llf + zeros.llf, rel=1e-10)
    assert fit.params["mean"].to_numpy() == pytest.approx(rest.params["mean"].to_numpy(), rel=1e-6)
    assert fit.params["pi"].to_numpy() == pytest.approx(zeros.params["p"].to_numpy(), rel=1e-6)


LAW = mle.distribution(mle.hurdle("gamma"), pi=0.3, shape=2.0, scale=1.5)
BOTH = mle.distribution(mle.inflated("beta"), pi=0.4, upper=0.25, a=2.0, b=3.0)


def test_a_law_with_steps():
    """Distribution function, quantiles, moments and random numbers agree with each other and with SciPy's parts."""
    gamma = stats.gamma(2.0, scale=1.5)
    x = np.array([-1.0, 0.0, 0.5, 3.0])
    assert LAW.cdf(x) == pytest.approx(np.where(x < 0, 0.0, 0.3 + 0.7 * gamma.cdf(x)))
    assert LAW.logsf(np.array([400.0])) == pytest.approx(math.log(0.7) + gamma.logsf(400.0))
    assert LAW.ppf([0.0, 0.1, 0.3, 0.65, 1.0]) == pytest.approx([0.0, 0.0, 0.0, gamma.ppf(0.5), np.inf])
    assert LAW.isf([1.0, 0.9, 0.7, 0.35, 1e-30]) == pytest.approx(
        [0.0, 0.0, 0.0, gamma.ppf(0.5), gamma.isf(1e-30 / 0.7)]
    )
    assert BOTH.ppf([0.2, 0.3, 0.6, 0.95, 1.0]) == pytest.approx([0.0, 0.0, stats.beta(2, 3).ppf(0.5), 1.0, 1.0])
    assert BOTH.cdf([0.0, 0.5, 1.0]) == pytest.approx([0.3, 0.3 + 0.6 * stats.beta(2, 3).cdf(0.5), 1.0])
    for law in (LAW, BOTH):
        draws = law.rvs(40_000, rng=1)
        assert np.mean(draws) == pytest.approx(law.mean(), abs=5 * law.std() / 200)
        assert law.expect(np.square) - law.mean() ** 2 == pytest.approx(law.var(), rel=1e-9)
        assert law.entropy() == pytest.approx(-law.expect(law.logpdf), rel=1e-9)
    assert np.mean(BOTH.rvs(40_000, rng=1) == 1.0) == pytest.approx(0.1, abs=0.01)


def test_derivatives_are_those_of_the_density():
    family = mle.inflated("gamma", (0.0, 2.0))
    theta, h = np.array([0.3, 0.4, 1.7, 0.8]), 1e-5
    x = np.array([0.0, 2.0, 0.5, 3.0])
    ends = np.array([-1.0, 0.0, 2.0, 0.5]), np.array([0.5, 2.0, np.inf, 1.0])
    pairs = (
        (lambda *at: family.logpdf(x, *at), family.score(x, *theta)),
        (lambda *at: family.log_mass(*ends, *at), family.log_mass_scores(*ends, *theta)),
    )
    for function, derived in pairs:
        steps = h * np.eye(4)
        columns = [(function(*(theta + step)) - function(*(theta - step))) / (2 * h) for step in steps]
        assert np.array(derived) == pytest.approx(np.array(columns), rel=1e-6, abs=1e-8)
    second = family.hessian(x, *theta)
    step = h * (np.arange(4) == 0)
    by_differences = (np.array(family.score(x, *(theta + step))) - family.score(x, *(theta - step))) / (2 * h)
    assert np.array(second[:4]) == pytest.approx(by_differences, rel=1e-6, abs=1e-8)


def test_divergences_are_against_the_mixed_measure():
    other = mle.distribution(mle.hurdle("lognormal"), pi=0.5, meanlog=0.5, sdlog=1.2)
    p, q = stats.gamma(2.0, scale=1.5), stats.lognorm(1.2, scale=math.exp(0.5))
    of_densities = integrate.quad(lambda x: 0.7 * p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), 1e-12, 80.0, limit=200)[0]
    right = of_densities + special.rel_entr([0.7, 0.3], 0.5).sum()
    assert float(mle.kl_divergence(LAW, other)) == pytest.approx(right, rel=1e-7)
    chances = integrate.quad(lambda x: (math.sqrt(0.7 * p.pdf(x)) - math.sqrt(0.5 * q.pdf(x))) ** 2, 0, np.inf)[0]
    hellinger = 0.5 * (chances + (math.sqrt(0.3) - math.sqrt(0.5)) ** 2)
    assert float(mle.information.hellinger_distance(LAW, other)) ** 2 == pytest.approx(hellinger, rel=1e-6)
    rest = mle.distribution("gamma", shape=2.0, scale=1.5)
    assert math.isinf(float(mle.kl_divergence(LAW, rest)))
    assert float(mle.kl_divergence(rest, LAW)) == pytest.approx(-math.log(0.7), rel=1e-9)


def test_residuals_are_drawn_over_the_step():
    fit = mle.fit(RAIN, mle.hurdle("gamma"))
    found = residuals(fit.distribution, fit.sample, rng=1)
    zeros = RAIN == 0
    assert np.all(found[zeros] < special.ndtri(fit.params["pi"]))
    assert len(np.unique(found[zeros])) == zeros.sum()
    assert stats.kstest(found, "norm").pvalue > 0.01
    ones = residuals(BOTH, mle.Sample(np.ones(50)), rng=1)
    assert np.all(ones > special.ndtri(0.9))


@pytest.mark.parametrize("statistic", ["ad", "cvm", "ks"])
def test_goodness_of_fit_integrates_over_steps(statistic):
    """Integrals of the squared distance over the law itself, by brute force on a fine grid of its probabilities."""
    from mle_toolkit.inference.goodness import _measure

    x = RAIN[:40] / 6
    value = _measure(statistic, LAW, mle.Sample(x))[0](LAW, mle.Sample(x))
    u = (np.arange(400_000) + 0.5) / 400_000
    at = LAW.ppf(u)
    seen, below = np.searchsorted(np.sort(x), at, side="right") / 40, LAW.cdf(at)
    gap = seen - below
    if statistic == "ks":
        assert value == pytest.approx(np.max(np.abs(gap)), abs=1e-4)
    else:
        weight = 1 / (below * (1 - below)) if statistic == "ad" else 1.0
        assert value == pytest.approx(40 * np.mean(gap**2 * weight), rel=1e-4)


def test_goodness_of_fit_finds_the_wrong_law():
    fit = mle.fit(RAIN, mle.hurdle("gamma"))
    assert fit.goodness_of_fit("ad", n_resamples=39, rng=1).p_value > 0.05
    assert mle.fit(RAIN, mle.hurdle("normal")).goodness_of_fit("ad", n_resamples=39, rng=1).p_value == 1 / 40


def test_the_entropy_of_the_data_counts_zeros_and_density():
    fit = mle.fit(RAIN, mle.hurdle("gamma"))
    rest = mle.fit(RAIN[RAIN > 0], "gamma").information()
    report = fit.information()
    share = 1 - fit.params["pi"]
    assert report.entropy.value == pytest.approx(special.entr([share, 1 - share]).sum() + share * rest.entropy.value)
    assert report.kl.value == pytest.approx(share * rest.kl.value)


def test_what_cannot_be():
    with pytest.raises(mle.errors.DegenerateDataError, match="all 3 observations are 0, so nothing is known"):
        mle.fit([0.0, 0.0, 0.0], mle.hurdle("gamma"))
    with pytest.raises(mle.errors.SupportError, match=r"1 of 3 observations.*x\[1\] = -1"):
        mle.fit([0.0, -1.0, 2.0], mle.hurdle("gamma"))
    with pytest.raises(mle.errors.ParameterError, match="law of counts"):
        mle.inflated("poisson")
    with pytest.raises(mle.errors.ParameterError, match="one number, or two that differ"):
        mle.inflated("beta", (1.0, 1.0))
    with pytest.raises(mle.errors.ParameterError, match="give the values their probability last"):
        mle.truncated(mle.hurdle("gamma"), 0.0, 1.0)
    with pytest.raises(mle.errors.ParameterError, match="SciPy has no laws"):
        LAW.to_scipy()


def test_a_saved_fit_computes_as_before(tmp_path):
    fit = mle.fit(SHARES, mle.inflated("beta"))
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert isinstance(loaded.family, Inflated)
    assert loaded.family.at == (0.0, 1.0)
    assert loaded.distribution.cdf(SHARES[-20:]).tolist() == fit.distribution.cdf(SHARES[-20:]).tolist()


def test_groups_are_fitted_as_each_alone():
    frame = pd.DataFrame({"y": RAIN, "g": np.arange(200) % 2})
    groups = mle.fit_groups(frame, by="g", column="y", family="hurdle(gamma)").table
    alone = [mle.fit(RAIN[k::2], mle.hurdle("gamma")) for k in (0, 1)]
    assert groups["llf"].to_list() == pytest.approx([fit.llf for fit in alone])
