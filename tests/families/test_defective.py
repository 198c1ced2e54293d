"""Cure fractions and limited failure populations: times of an event that a share never has."""

import math

import fieldcases
import numpy as np
import pandas as pd
import pytest
from references import fit_quietly, flat
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.inference.residuals import residuals

rng = np.random.default_rng(20_261_130)
CURED = np.where(rng.uniform(size=250) < 0.6, 3.0 * rng.weibull(1.5, 250), np.inf)
END = rng.uniform(2.0, 12.0, 250)
TIME, EVENT = np.minimum(CURED, END), CURED <= END


def circuits(unit: float = 1.0) -> mle.Sample:
    c = fieldcases.columns("lfp1370.csv")
    return mle.Sample.right_censored(unit * c["hours"], c["event"] == "Failure", weights=c["count"])


@pytest.mark.parametrize("unit", [1.0, 1e6, 1e-6])
def test_the_circuits_of_meeker(unit):
    right, fit = fieldcases.right("lfp1370"), mle.fit(circuits(unit), mle.defective("weibull"))
    got = [fit.params["p"], fit.params["shape"], fit.params["scale"] / unit]
    assert got == pytest.approx([0.00674445095, 0.49597622, 28.36719793], rel=1e-8)
    assert got == pytest.approx([right["p"], right["beta"], right["eta"]], rel=1e-3)
    assert fit.llf + 28 * math.log(unit) == pytest.approx(right["llf"], abs=1e-8)
    assert fit.certificate.verdict == "interior"


def loglik(form: str, theta: np.ndarray) -> float:
    """The log-likelihood by its formula, from SciPy's Weibull law."""
    p, shape, scale = theta
    law = stats.weibull_min(shape, scale=scale)
    if form == "intervals":
        low, high = np.floor(TIME), np.where(EVENT, np.floor(TIME) + 1, np.inf)
        never = np.where(np.isinf(high), 1 - p, 0.0)
        return float(np.sum(np.log(never + p * (law.cdf(high) - law.cdf(low)))))
    rows = np.where(EVENT, np.log(p) + law.logpdf(TIME), np.log(1 - p + p * law.sf(TIME)))
    if form == "entered late":
        rows = rows - np.log(1 - p + p * law.sf(0.5 * TIME))
    return float(np.sum(rows * WEIGHT if form == "weighted" else rows))


WEIGHT = 1.0 + np.arange(250) % 3
FORMS = {
    "censored": lambda: mle.Sample.right_censored(TIME, EVENT),
    "weighted": lambda: mle.Sample.right_censored(TIME, EVENT, weights=WEIGHT),
    "intervals": lambda: mle.Sample.intervals(np.floor(TIME), np.where(EVENT, np.floor(TIME) + 1, np.inf)),
    "entered late": lambda: mle.Sample.right_censored(TIME, EVENT).truncated(lower=0.5 * TIME),
}


@pytest.mark.parametrize("form", FORMS)
def test_any_form_of_data(form):
    fit = mle.fit(FORMS[form](), mle.defective("weibull"))
    theta, se = flat(fit.params), flat(fit.bse)
    assert fit.llf == pytest.approx(loglik(form, theta), rel=1e-10)
    for step in 0.01 * np.diag(se):
        assert max(loglik(form, theta + step), loglik(form, theta - step)) < fit.llf


def test_a_cure_fraction_by_covariates():
    """By a direct search of the formula."""
    z = rng.normal(size=250)
    p = special.expit(0.3 + z)
    time = np.where(rng.uniform(size=250) < p, 3.0 * np.exp(0.4 * z) * rng.weibull(1.5, 250), np.inf)
    frame = pd.DataFrame({"t": np.minimum(time, END), "e": time <= END, "z": z})
    fit = mle.regress("right_censored(t, e) ~ z", frame, "defective(weibull)", p="~ z")

    def cost(b: np.ndarray) -> float:
        law = stats.weibull_min(np.exp(b[2]), scale=np.exp(b[3] + b[4] * z))
        share = special.expit(b[0] + b[1] * z)
        rows = np.where(frame.e, np.log(share) + law.logpdf(frame.t), np.log(1 - share + share * law.sf(frame.t)))
        return -float(np.sum(rows))

    found = optimize.minimize(cost, [0.3, 1.0, 0.4, 1.1, 0.4], method="BFGS")
    assert fit.llf == pytest.approx(-found.fun, abs=1e-5)
    assert fit.params["p"].to_numpy() == pytest.approx(found.x[:2], abs=1e-3)
    assert fit.params["scale"].to_numpy() == pytest.approx(found.x[3:], abs=1e-3)
    assert fit.certificate.verdict == "interior"


@pytest.mark.parametrize("base", ["weibull", "lognormal", "exponential"])
def test_where_all_have_the_event_it_is_the_law_itself(base):
    x = stats.weibull_min(1.5).ppf((np.arange(60) + 0.5) / 60)
    fit = fit_quietly(x, mle.defective(base))
    assert (fit.certificate.verdict, fit.certificate.limit) == ("boundary", base)
    assert fit.params["p"] == 1.0
    assert fit.llf == pytest.approx(mle.fit(x, base).llf, rel=1e-12)


def test_a_law_with_an_end_of_its_own():
    law = mle.distribution("defective(weibull)", p=0.4, shape=1.5, scale=3.0)
    base = stats.weibull_min(1.5, scale=3.0)
    x = np.array([0.5, 3.0, 50.0, np.inf])
    assert law.cdf(x) == pytest.approx(np.append(0.4 * base.cdf(x[:3]), 1.0))
    assert law.logsf(x[:3]) == pytest.approx(np.log(0.6 + 0.4 * base.sf(x[:3])))
    assert law.ppf([0.0, 0.2, 0.5, 1.0]).tolist() == pytest.approx([0.0, base.ppf(0.5), np.inf, np.inf])
    assert law.isf([0.8, 0.3]).tolist() == pytest.approx([base.isf(0.5), np.inf])
    assert law.mean() == np.inf
    assert law.entropy() == pytest.approx(special.entr([0.4, 0.6]).sum() + 0.4 * base.entropy())
    assert np.mean(np.isinf(law.rvs(20_000, rng=1))) == pytest.approx(0.6, abs=0.02)
    other = mle.distribution("defective(weibull)", p=0.5, shape=1.5, scale=3.0)
    assert float(mle.kl_divergence(law, other)) == pytest.approx(special.rel_entr([0.4, 0.6], 0.5).sum())
    assert math.isinf(float(mle.kl_divergence(law, mle.distribution("weibull", shape=1.5, scale=3.0))))


def test_residuals_and_goodness_of_fit_know_of_those_who_never_fail():
    fit = mle.fit(FORMS["censored"](), mle.defective("weibull"))
    assert stats.kstest(residuals(fit.distribution, fit.sample, rng=1), "norm").pvalue > 0.01
    plain = fit_quietly(FORMS["censored"](), "weibull")
    assert fit.goodness_of_fit("cvm", 19, rng=1).statistic < plain.goodness_of_fit("cvm", 1, rng=1).statistic


def test_it_compares_with_the_law_itself():
    result = mle.compare(circuits(), ["weibull", "defective(weibull)"])
    assert result.best.family.name == "defective weibull"


def test_what_cannot_be_defective():
    with pytest.raises(mle.errors.ParameterError, match="law of counts"):
        mle.defective("poisson")
    with pytest.raises(mle.errors.ParameterError, match="times have no end"):
        mle.defective("beta")
    with pytest.raises(mle.errors.ParameterError, match="a probability of their own"):
        mle.defective(mle.defective("weibull"))


def test_a_saved_fit_computes_as_before(tmp_path):
    fit = mle.fit(circuits(), mle.defective("weibull"))
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert loaded.distribution.sf([10.0, 1e4]).tolist() == fit.distribution.sf([10.0, 1e4]).tolist()


def test_lives_of_which_some_never_end():
    law = mle.distribution("defective(weibull)", p=0.4, shape=1.5, scale=3.0)
    assert law.mean_residual_life(2.0) == np.inf
    base = stats.weibull_min(1.5, scale=3.0)
    assert law.hazard(2.0) == pytest.approx(0.4 * base.pdf(2.0) / (0.6 + 0.4 * base.sf(2.0)))
    rain = mle.distribution("hurdle(exponential)", pi=0.3, scale=2.0)
    assert rain.mean_residual_life([-1.0, 0.0, 5.0]) == pytest.approx([1.0 + 1.4, 2.0, 2.0])
    with pytest.raises(mle.errors.ParameterError, match="probability of their own are steps"):
        mle.plot.probability_paper(mle.fit(FORMS["censored"](), mle.defective("weibull")))
