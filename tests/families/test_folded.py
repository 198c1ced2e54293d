"""Absolute values."""

import numpy as np
import pytest
from references import fit_quietly, flat
from scipy import stats

import mle_toolkit as mle

Y = np.abs(np.random.default_rng(20_261_203).normal(1.5, 1.0, 150))


@pytest.mark.parametrize("unit", [1.0, 1e6, 1e-6])
def test_the_folded_normal_law(unit):
    """By SciPy's law, at our estimates and about them."""
    y = unit * Y
    fit = mle.fit(y, mle.folded("normal"))

    def loglik(mu: float, sigma: float) -> float:
        return float(stats.foldnorm(mu / sigma, scale=sigma).logpdf(y).sum())

    mu, sigma = fit.params.values()
    assert fit.llf == pytest.approx(loglik(mu, sigma), rel=1e-10)
    for step in (-0.01, 0.01):
        assert max(loglik(mu + step * fit.bse["mu"], sigma), loglik(mu, sigma + step * fit.bse["sigma"])) < fit.llf


def test_at_0_it_is_half_of_the_law():
    y = stats.expon.ppf((np.arange(80) + 0.5) / 80)
    fit = fit_quietly(y, mle.folded("normal"))
    assert (fit.certificate.verdict, fit.params["mu"]) == ("boundary", 0.0)
    assert fit.llf == pytest.approx(mle.fit(y, "half_normal").llf, rel=1e-11)


def test_a_skewed_law_keeps_the_sign_of_its_location():
    y = np.abs(stats.gumbel_r(-2.0, 1.0).rvs(300, random_state=1))
    fit = mle.fit(y, mle.folded("gumbel"))
    assert fit.params["loc"] == pytest.approx(-2.0, abs=0.5)


FORMS = {
    "censored": (
        mle.Sample.right_censored(np.minimum(Y, 2.0), Y < 2.0),
        lambda law: np.where(Y < 2.0, law.logpdf(Y), law.logsf(2.0)),
    ),
    "rounded": (
        mle.Sample.intervals(np.floor(4 * Y) / 4, np.floor(4 * Y) / 4 + 0.25),
        lambda law: np.log(law.cdf(np.floor(4 * Y) / 4 + 0.25) - law.cdf(np.floor(4 * Y) / 4)),
    ),
    "truncated": (
        mle.Sample(Y[Y > 0.5]).truncated(lower=0.5),
        lambda law: law.logpdf(Y[Y > 0.5]) - law.logsf(0.5),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_any_form_of_data(form):
    sample, rows = FORMS[form]
    fit = mle.fit(sample, mle.folded("normal"))
    mu, sigma = fit.params.values()
    assert fit.llf == pytest.approx(float(np.sum(rows(stats.foldnorm(mu / sigma, scale=sigma)))), rel=1e-9)
    for m, s in flat(fit.params) + 0.01 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]) * flat(fit.bse):
        assert np.sum(rows(stats.foldnorm(m / s, scale=s))) < fit.llf


def test_it_is_a_law():
    law, right = mle.distribution("folded(normal)", mu=0.8, sigma=1.2), stats.foldnorm(0.8 / 1.2, scale=1.2)
    x, p = np.array([0.0, 0.1, 1.0, 5.0]), np.array([1e-9, 0.2, 0.7, 0.999])
    assert law.pdf(x) == pytest.approx(right.pdf(x), rel=1e-12)
    assert law.cdf(x) == pytest.approx(right.cdf(x), rel=1e-12)
    assert law.logsf(x) == pytest.approx(right.logsf(x), rel=1e-9)
    assert law.cdf(law.ppf(p)) == pytest.approx(p, rel=1e-10)
    assert law.sf(law.isf(p)) == pytest.approx(p, rel=1e-10)
    assert law.mean() == pytest.approx(right.mean(), rel=1e-9)
    assert np.mean(law.rvs(20_000, rng=1)) == pytest.approx(right.mean(), abs=0.03)


def test_what_cannot_be_folded(tmp_path):
    with pytest.raises(mle.errors.ParameterError, match="on the whole line"):
        mle.folded("gamma")
    with pytest.raises(mle.errors.ParameterError, match="kink"):
        mle.folded("laplace")
    fit = mle.fit(Y, mle.folded("normal"))
    fit.save(tmp_path / "fit.json")
    assert mle.load(tmp_path / "fit.json").distribution.cdf(1.0) == fit.distribution.cdf(1.0)
