"""Tests of nested models: textbook formulas, boundaries, and what is refused."""

import math

import numpy as np
import pytest
from references import _raw_cases, column, fit_quietly
from scipy import stats
from strategies import DEAR

import mle_toolkit as mle
from mle_toolkit.errors import ComparisonError, ParameterError
from mle_toolkit.families.nesting import special_values
from mle_toolkit.families.registry import family_class
from mle_toolkit.inference.nested import chi_bar_squared_sf

X = stats.gamma(2.0).rvs(200, random_state=0)
METHODS = ("lr", "score", "wald")


@pytest.mark.parametrize("known", [0.5, 1.7, 4.0])
def test_the_three_tests_of_an_exponential_scale_are_those_of_the_textbook(known):
    """With r = mean / scale: LR 2n(r - 1 - log r), score n(r - 1)², Wald n(1 - 1/r)²."""
    n, r = len(X), np.mean(X) / known
    expected = {"lr": 2 * n * (r - 1 - np.log(r)), "score": n * (r - 1) ** 2, "wald": n * (1 - 1 / r) ** 2}
    fit = mle.fit(X, "exponential")
    for method in METHODS:
        found = fit.test({"scale": known}, method=method)
        assert found.statistic == pytest.approx(expected[method], rel=1e-8)
        assert found.df == 1
        assert found.p_value == pytest.approx(stats.chi2.sf(expected[method], 1), rel=1e-6)


@pytest.mark.parametrize("known", [0.8, 1.5])
def test_the_three_tests_of_a_poisson_mean_are_those_of_the_textbook(known):
    x = stats.poisson(1.1).rvs(80, random_state=1)
    n, mean = len(x), np.mean(x)
    expected = {
        "lr": 2 * n * (mean * np.log(mean / known) - mean + known),
        "score": n * (mean - known) ** 2 / known,
        "wald": n * (mean - known) ** 2 / mean,
    }
    for method in METHODS:
        assert mle.fit(x, "poisson").test({"mu": known}, method=method).statistic == pytest.approx(expected[method])


def test_normal_variance_known_or_not_the_tests_of_a_mean_are_monotone_in_t():
    """With the variance estimated: LR n log(1 + t²/(n-1)), Wald n t²/(n-1), score n t²/(n-1+t²); Wald > LR > score."""
    n, t = len(X), stats.ttest_1samp(X, 1.8).statistic
    fit = mle.fit(X, "normal")
    found = {method: fit.test({"mu": 1.8}, method=method).statistic for method in METHODS}
    ratio = t**2 / (n - 1)
    assert found["lr"] == pytest.approx(n * math.log1p(ratio), rel=1e-8)
    assert found["wald"] == pytest.approx(n * ratio, rel=1e-7)
    assert found["score"] == pytest.approx(n * ratio / (1 + ratio), rel=1e-6)


@pytest.mark.parametrize(
    ("family", "values"),
    [
        ("gamma", {"shape": 1.5}),
        ("gamma", {"shape": 1.5, "scale": 1.1}),
        ("normal", {"mu": 2.0}),
        ("exponential", {"scale": 1.7}),
        ("inverse_gaussian", {"lam": 3.0}),
        ("lognormal", {"sdlog": 1.0}),
    ],
)
def test_in_exponential_families_the_likelihood_ratio_is_twice_n_times_the_divergence(family, values):
    large, small = mle.fit(X, family), mle.fit(X, family, fixed=values)
    p, q = large.distribution, small.distribution
    expected = 2 * len(X) * p.expect(lambda x: p.logpdf(x) - q.logpdf(x))
    assert large.test(values).statistic == pytest.approx(expected, rel=1e-6)
    assert large.test(values).df == len(values)


def test_a_smaller_fit_and_its_values_are_one_null():
    large, small = mle.fit(X, "gamma"), mle.fit(X, "gamma", fixed={"shape": 1.5})
    for method in METHODS:
        assert large.test(nested=small, method=method) == large.test({"shape": 1.5}, method=method)


def declared():
    """Pairs of registered laws, larger and smaller, of which either declares that the smaller is a special case."""
    laws = [family_class(name) for name in mle.families() if name not in DEAR]
    known = [law() for law in laws if not law.constant_defaults]
    return [(a.name, b.name) for a in known for b in known if special_values(a, b)]


@pytest.mark.parametrize(("large", "small"), declared())
def test_special_cases_are_what_they_are_called(large, small):
    """Fitted with the values known, the larger law has the likelihood of the smaller; and a fit of it is that null."""
    real = small in ("normal", "laplace", "cauchy", "gumbel")
    heavy = small in ("lomax", "loglogistic")
    x = stats.lomax(1.5).rvs(80, random_state=1) if heavy else X[:80] - 2.0 * real
    if mle.get_family(small).discrete:
        x = stats.nbinom(2, 0.4).rvs(80, random_state=1)
    values = special_values(mle.get_family(large), mle.get_family(small))
    little = fit_quietly(x, small)
    assert fit_quietly(x, large, fixed=values).llf == pytest.approx(little.llf, rel=1e-9)
    full = fit_quietly(x, large)
    if str(full.certificate.verdict) == "non_regular" and set(values) & set(full.certificate.irregular):
        with pytest.raises(ParameterError, match="not chi-squared"):
            full.test(nested=little)
    elif full.certificate.ok:
        assert full.test(nested=little).statistic == pytest.approx(2 * (full.llf - little.llf), abs=1e-5)


def test_the_score_test_does_not_depend_on_the_unit():
    for factor in (1e-3, 1.0, 1e5):
        found = mle.fit(factor * X, "gamma").test({"shape": 1.5}, method="score")
        assert found.statistic == pytest.approx(mle.fit(X, "gamma").test({"shape": 1.5}, method="score").statistic)


@pytest.mark.parametrize("method", METHODS)
def test_the_level_holds(method):
    """Of 200 samples from the smaller model, 5 % are rejected: between 1 % and 11 % with probability 0.999."""
    rng = np.random.default_rng(1)
    p = [mle.fit(x, "gamma").test({"shape": 2.0}, method=method).p_value for x in rng.gamma(2.0, size=(200, 100))]
    assert 0.01 < np.mean(np.array(p) < 0.05) < 0.11


def test_censored_data_are_tested_too():
    time = np.minimum(X, 3.0)
    sample = mle.Sample.right_censored(time, X <= 3.0)
    fit = mle.fit(sample, "weibull")
    rate = np.sum(X <= 3.0) / np.sum(time)
    exponential = np.sum(X <= 3.0) * np.log(rate) - rate * np.sum(time)
    assert fit.test({"shape": 1.0}).statistic == pytest.approx(2 * (fit.llf - exponential), rel=1e-9)
    found = fit.test({"shape": 1.0}, method="score")
    assert found.notes == ("with the observed information",)
    assert found.p_value < 1e-3


def test_reliability_weights_have_a_wald_test_only():
    fit = mle.fit(mle.Sample(X, np.linspace(0.5, 1.5, len(X)), "reliability"), "gamma")
    found = fit.test({"shape": 1.5}, method="wald")
    distance = fit.params["shape"] - 1.5
    assert found.statistic == pytest.approx((distance / fit.bse["shape"]) ** 2, rel=1e-9)
    with pytest.raises(ParameterError, match="sandwich"):
        fit.test({"shape": 1.5})


# --- boundaries -------------------------------------------------------------------------------------------------------


def test_half_chi_squared():
    """Self & Liang (1987): the 5 % point is the 10 % point of chi-squared with one degree of freedom."""
    assert chi_bar_squared_sf(2.705543454095404, 1) == pytest.approx(0.05, rel=1e-12)
    assert chi_bar_squared_sf(5.138, 2) == pytest.approx(0.05, abs=1e-4)  # Stram & Lee (1994), Biometrics 50
    assert chi_bar_squared_sf(0.0, 1) == 1.0


def test_zero_inflation_is_tested_at_the_boundary():
    x = column("biochemists", "art")
    reference = _raw_cases()["vuong_biochemists"]["expected"]
    fit, poisson = mle.fit(x, "zip"), mle.fit(x, "poisson")
    found = fit.test(nested=poisson)
    assert found.statistic == pytest.approx(2 * reference["lr_sum"], abs=2e-6)
    assert found.p_value == pytest.approx(0.5 * stats.chi2.sf(found.statistic, 1), rel=1e-9)
    assert "half chi-squared(0)" in found.reference
    assert fit.test({"pi": 0.0}).statistic == pytest.approx(found.statistic, rel=1e-9)


@pytest.mark.parametrize(
    ("family", "small", "at"),
    [("negbin", "poisson", {"size": np.inf}), ("student_t", "normal", {"df": np.inf})],
)
def test_limits_are_tested_at_the_boundary(family, small, at):
    x = stats.nbinom(3, 0.4).rvs(150, random_state=3) if family == "negbin" else stats.t(4).rvs(150, random_state=3)
    large, little = mle.fit(x, family), mle.fit(x, small)
    found = large.test(nested=little)
    assert found.statistic == pytest.approx(2 * (large.llf - little.llf), rel=1e-9)
    assert found.p_value == pytest.approx(0.5 * stats.chi2.sf(found.statistic, 1), rel=1e-9)
    assert large.test(at).statistic == pytest.approx(found.statistic, rel=1e-12)


def test_a_fit_at_the_boundary_has_no_evidence_against_it():
    x = stats.binom(10, 0.5).rvs(100, random_state=0)  # less variable than Poisson's
    found = fit_quietly(x, "negbin").test(nested=mle.fit(x, "poisson"))
    assert found.statistic == pytest.approx(0.0, abs=1e-9)
    assert found.p_value == 1.0


def test_the_level_holds_at_a_boundary():
    """Half of the samples give a likelihood ratio of 0, and 5 % a p-value below 0.05."""
    rng = np.random.default_rng(2)
    tests = [fit_quietly(x, "negbin").test({"size": np.inf}) for x in rng.poisson(3.0, size=(300, 200))]
    assert 0.4 < np.mean([t.statistic < 1e-9 for t in tests]) < 0.65
    assert 0.015 < np.mean([t.p_value < 0.05 for t in tests]) < 0.1


# --- Wald's trap ------------------------------------------------------------------------------------------------------


def test_the_hauck_donner_effect_is_flagged():
    """The standard error of df grows like its square, so that Wald's statistic falls while the evidence grows."""
    fit = mle.fit(stats.t(5).rvs(200, random_state=1), "student_t")
    far = fit.test({"df": 1.0}, method="wald")
    assert any("Hauck-Donner" in note for note in far.notes)
    assert far.statistic < 0.5 * fit.test({"df": 1.0}).statistic
    near = fit.test({"df": 0.9 * fit.params["df"]}, method="wald")
    assert near.notes == ()
    assert mle.fit(X, "normal").test({"mu": 0.0}, method="wald").notes == ()


@pytest.mark.parametrize("scale", [2.0, 5.0, 50.0])
def test_where_the_statistic_rises_for_ever_nothing_is_flagged(scale):
    """Of an exponential mean Wald's statistic is n(1 - known / scale)²."""
    x = stats.expon(scale=scale).ppf((np.arange(100) + 0.5) / 100)
    assert mle.fit(x, "exponential").test({"scale": 1.0}, method="wald").notes == ()


# --- what is refused --------------------------------------------------------------------------------------------------


def test_what_has_no_chi_squared_law_is_refused():
    with pytest.raises(ParameterError, match="end of the support or a kink"):
        mle.fit(X, "uniform").test({"a": 0.0})
    eruptions, waiting = column("faithful", "eruptions"), column("faithful", "waiting")
    two = fit_quietly(eruptions, mle.mixture("normal", 2))
    with pytest.raises(ParameterError, match="not identified"):
        two.test(nested=mle.fit(eruptions, "normal"))
    with pytest.raises(ParameterError, match="2 parameters vanish"):
        fit_quietly(waiting, "johnson_su").test(nested=mle.fit(waiting, "normal"))
    x = column("biochemists", "art")
    with pytest.raises(ParameterError, match="2 parameters vanish"):
        fit_quietly(x, mle.zero_inflated("negbin")).test(nested=mle.fit(x, "poisson"))
    for method in ("score", "wald"):
        with pytest.raises(ParameterError, match='method="lr"'):
            mle.fit(x, "zip").test({"pi": 0.0}, method=method)


def test_mistakes_of_the_caller_are_told():
    fit = mle.fit(X, "gamma")
    with pytest.raises(ParameterError, match="no parameter 'rate'"):
        fit.test({"rate": 1.0})
    with pytest.raises(ParameterError, match="not known to be nested"):
        fit.test(nested=mle.fit(X, "weibull"))
    with pytest.raises(ParameterError, match="not both"):
        fit.test()
    with pytest.raises(ParameterError, match="no parameter is given a value"):
        fit.test({})
    with pytest.raises(ParameterError, match="outside its domain"):
        fit.test({"shape": -1.0})
    with pytest.raises(ParameterError, match="unknown test"):
        fit.test({"shape": 1.0}, method="lagrange")
    with pytest.raises(ParameterError, match="is no law that is known"):
        fit.test({"shape": np.inf})
    with pytest.raises(ParameterError, match="was given in the larger"):
        mle.fit(X, "gamma", fixed={"shape": 2.0}).test({"shape": 1.0})
    with pytest.raises(ComparisonError, match="other data"):
        fit.test(nested=mle.fit(X[:-1], "gamma", fixed={"shape": 2.0}))


def test_it_shows_itself():
    text = str(mle.fit(X, "gamma").test({"shape": 1.5}))
    assert text.startswith("likelihood-ratio test of shape = 1.5: ")
    assert "chi-squared(1), p = " in text
