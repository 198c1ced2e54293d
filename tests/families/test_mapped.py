"""Laws of an exponential, a logarithm, a negative: they are those of what they come from."""

import math

import numpy as np
import pandas as pd
import pytest
from references import fit_quietly, flat
from scipy import integrate, stats

import mle_toolkit as mle

rng = np.random.default_rng(20_261_202)
X = rng.lognormal(1.0, 0.5, 120)
Y = np.log(X)
CUT = float(np.quantile(Y, 0.7))


@pytest.mark.parametrize("unit", [1.0, 1e6, 1e-6])
def test_exponentials_are_laws_that_have_names(unit):
    x = unit * X
    for base, known in (("normal", "lognormal"), ("logistic", "loglogistic"), ("gumbel", "frechet")):
        assert mle.fit(x, mle.exp_of(base)).llf == pytest.approx(mle.fit(x, known).llf, rel=1e-10)
    fit, right = mle.fit(x, mle.exp_of("normal")), mle.fit(x, "lognormal")
    assert flat(fit.params) == pytest.approx(flat(right.params), rel=1e-9)
    assert flat(fit.bse) == pytest.approx(flat(right.bse), rel=1e-6)


def test_logarithms_are_laws_that_have_names():
    assert mle.fit(Y, mle.log_of("lognormal")).llf == pytest.approx(mle.fit(Y, "normal").llf, rel=1e-10)
    shifted = mle.fit(Y + 500.0, mle.log_of("lognormal"))
    assert shifted.params["meanlog"] == pytest.approx(500 + np.mean(Y), rel=1e-12)
    least = mle.fit(Y, mle.log_of("weibull"))
    assert least.llf == pytest.approx(mle.fit(Y, mle.negated("gumbel")).llf, rel=1e-10)
    gamma = mle.fit(Y, mle.log_of("gamma"))
    assert gamma.llf == pytest.approx(mle.fit(X, "gamma").llf + Y.sum(), rel=1e-10)


@pytest.mark.parametrize(("centre", "scale"), [(0.0, 1.0), (1e3, 1e-3), (-50.0, 1e6)])
def test_smallest_extremes(centre, scale):
    """By SciPy's law, at our estimates and about them."""
    y = centre + scale * Y
    fit = mle.fit(y, mle.negated("gumbel"))
    loc, width = fit.params.values()
    assert fit.llf == pytest.approx(stats.gumbel_l(loc, width).logpdf(y).sum(), rel=1e-9)
    for step in (-0.01, 0.01):
        assert stats.gumbel_l(loc + step * fit.bse["loc"], width).logpdf(y).sum() < fit.llf
        assert stats.gumbel_l(loc, width + step * fit.bse["scale"]).logpdf(y).sum() < fit.llf


FORMS = {
    "weighted": (lambda y, s: mle.Sample(y, 1.0 + np.arange(len(y)) % 3),) * 2,
    "censored": (
        lambda y, s: mle.Sample.right_censored(np.minimum(y, CUT), y < CUT),
        lambda y, s: mle.Sample.left_censored(np.maximum(y, -CUT), y > -CUT),
    ),
    "intervals": (
        lambda y, s: mle.Sample.intervals(np.floor(4 * y) / 4, np.floor(4 * y) / 4 + 0.25),
        lambda y, s: mle.Sample.intervals(-(np.floor(-4 * y) / 4) - 0.25, -(np.floor(-4 * y) / 4)),
    ),
    "truncated": (
        lambda y, s: mle.Sample(y[y < CUT]).truncated(upper=CUT),
        lambda y, s: mle.Sample(y[y > -CUT]).truncated(lower=-CUT),
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("base", ["gumbel", "gev"])
def test_a_negated_law_is_the_law_of_negated_data(form, base):
    of, of_negated = FORMS[form]
    fit, right = fit_quietly(of(Y, 1), mle.negated(base)), fit_quietly(of_negated(-Y, -1), base)
    assert fit.llf == pytest.approx(right.llf, rel=1e-9)
    assert fit.params["loc"] == pytest.approx(-right.params["loc"], rel=1e-5)
    assert fit.params["scale"] == pytest.approx(right.params["scale"], rel=1e-5)


def test_censored_exponentials():
    censored = mle.Sample.right_censored(np.minimum(X, 3.0), X < 3.0)
    assert mle.fit(censored, mle.exp_of("normal")).llf == pytest.approx(mle.fit(censored, "lognormal").llf, rel=1e-10)
    below = mle.Sample.left_censored(np.maximum(X, 2.0), X > 2.0)
    assert mle.fit(below, mle.exp_of("normal")).llf == pytest.approx(mle.fit(below, "lognormal").llf, rel=1e-10)


def test_a_regression_of_smallest_extremes():
    frame = pd.DataFrame({"y": Y, "z": rng.normal(size=120)})
    fit = mle.regress("y ~ z", frame, "negated(gumbel)")
    right = mle.regress("y ~ z", frame.assign(y=-Y), "gumbel")
    assert fit.llf == pytest.approx(right.llf, rel=1e-10)
    assert fit.params["loc"].to_numpy() == pytest.approx(-right.params["loc"].to_numpy(), rel=1e-6)


@pytest.mark.parametrize(
    ("law", "low"),
    [
        (mle.distribution("exp_of(logistic)", loc=0.3, scale=0.2), 0.0),
        (mle.distribution("log_of(gamma)", shape=2.0, scale=1.5), -np.inf),
        (mle.distribution("negated(gamma)", shape=2.0, scale=1.5), -np.inf),
    ],
    ids=lambda v: getattr(getattr(v, "family", None), "name", ""),
)
def test_it_is_a_law(law, low):
    p = np.array([1e-9, 0.2, 0.6, 0.95])
    assert law.cdf(law.ppf(p)) == pytest.approx(p, rel=1e-10)
    assert law.sf(law.isf(p)) == pytest.approx(p, rel=1e-10)
    x = float(law.ppf(0.6))
    assert integrate.quad(law.pdf, low, x)[0] == pytest.approx(0.6, rel=1e-8)
    assert np.mean(law.rvs(20_000, rng=1)) == pytest.approx(law.mean(), abs=0.05)
    assert law.entropy() == pytest.approx(-law.expect(law.logpdf), rel=1e-8)
    theta, h = np.array(list(law.params.values())), 1e-6
    at = law.ppf(p[1:])
    steps = h * np.eye(2)
    found = [(law.family.logpdf(at, *(theta + s)) - law.family.logpdf(at, *(theta - s))) / (2 * h) for s in steps]
    assert np.array(law.family.score(at, *theta)) == pytest.approx(np.array(found), rel=1e-6, abs=1e-8)


def test_limits_are_mapped():
    fit = fit_quietly(np.exp(stats.norm.ppf((np.arange(60) + 0.5) / 60)), mle.exp_of("student_t"))
    assert (fit.certificate.verdict, fit.certificate.limit) == ("boundary", "exp of normal")


def test_what_has_no_map():
    with pytest.raises(mle.errors.ParameterError, match="not a law of positive numbers"):
        mle.log_of("normal")
    with pytest.raises(mle.errors.ParameterError, match="a law of counts"):
        mle.exp_of("poisson")
    with pytest.raises(mle.errors.ParameterError, match="mixture of the mapped laws"):
        mle.negated(mle.mixture("normal", 2))
    with pytest.raises(mle.errors.SupportError):
        mle.fit([0.0, 1.0, 2.0], mle.exp_of("normal"))
    assert math.isfinite(mle.fit([0.1, 1.0, 2.0], mle.exp_of("normal")).llf)


@pytest.mark.parametrize("law", ["exp_of(logistic)", "negated(weibull)"])
def test_a_saved_fit_computes_as_before(law, tmp_path):
    x = X if law.startswith("exp") else -X
    fit = mle.fit(x, law)
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert loaded.distribution.cdf(x[:5]).tolist() == fit.distribution.cdf(x[:5]).tolist()


def test_divergences_are_those_of_what_they_come_from():
    p, q = (mle.distribution("exp_of(gumbel)", loc=a, scale=b) for a, b in ((0.0, 1.0), (0.3, 1.2)))
    of_logs = mle.kl_divergence(*(mle.distribution("gumbel", loc=a, scale=b) for a, b in ((0.0, 1.0), (0.3, 1.2))))
    assert float(mle.kl_divergence(p, q)) == pytest.approx(float(of_logs), rel=1e-12)


def test_special_cases_are_lifted():
    """A likelihood ratio test of what the laws that are mapped, or behind a hurdle, are at values of theirs."""
    x = np.append(X, np.zeros(20))
    full, small = mle.fit(x, mle.hurdle("gamma")), mle.fit(x, mle.hurdle("exponential"))
    test = full.test(nested=small)
    right = mle.fit(X, "gamma").test(nested=mle.fit(X, "exponential"))
    assert (test.statistic, test.df) == (pytest.approx(right.statistic, rel=1e-9), right.df)
    power = mle.fit(X, mle.exponentiated("gamma")).test(nested=mle.fit(X, "gamma"))
    assert power.df == 1
    negated = mle.fit(-X, mle.negated("gamma")).test(nested=mle.fit(-X, mle.negated("exponential")))
    assert negated.statistic == pytest.approx(right.statistic, rel=1e-9)


@pytest.mark.parametrize("unit", [1.0, 1e6])
@pytest.mark.parametrize("base", ["shifted(exponential)", "shifted(lomax)", "shifted(gamma)"])
def test_an_upper_end_of_intervals_is_found_as_a_threshold_of_their_negatives_is(base, unit):
    """The law below did not learn from the intervals that its end is one of theirs: it was not converged."""
    x = np.array([0.968, 2.024, 2.992, 5.016, 8.008, 12.936, 21.032, 33.968, 55.0, 88.968]) * unit
    right = fit_quietly(mle.Sample.rounded(x, 0.088 * unit), base)
    turned = fit_quietly(mle.Sample.rounded(-x, 0.088 * unit), f"negated({base})")
    assert turned.certificate.verdict == right.certificate.verdict == "non_regular"
    np.testing.assert_allclose(turned.llf, right.llf, rtol=1e-12)
    np.testing.assert_allclose(-turned.params["threshold"], right.params["threshold"], rtol=1e-14)
    np.testing.assert_allclose(turned.params["scale"], right.params["scale"], rtol=1e-6)
