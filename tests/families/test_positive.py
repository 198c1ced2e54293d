"""The laws of positive data: formulas against mpmath, tails, units, limits, and data for which there is no maximum."""

import math
import warnings

import mpmath as mp
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats

import mle_toolkit as mle
from mle_toolkit.families import gamma_tails, special
from mle_toolkit.numerics import newton

mp.mp.dps = 40

LOGPDF = {
    "exponential": lambda x, s: -mp.log(s) - x / s,
    "lognormal": lambda x, m, s: -mp.log(x * s * mp.sqrt(2 * mp.pi)) - ((mp.log(x) - m) / s) ** 2 / 2,
    "inverse_gaussian": lambda x, m, k: mp.log(k / (2 * mp.pi * x**3)) / 2 - k * (x - m) ** 2 / (2 * m**2 * x),
    "inverse_gamma": lambda x, a, s: a * mp.log(s) - mp.loggamma(a) - (a + 1) * mp.log(x) - s / x,
    "rayleigh": lambda x, s: mp.log(x / s**2) - x**2 / (2 * s**2),
    "half_normal": lambda x, s: mp.log(2 / (s * mp.sqrt(2 * mp.pi))) - x**2 / (2 * s**2),
    "frechet": lambda x, a, s: mp.log(a / s) - (a + 1) * mp.log(x / s) - (x / s) ** -a,
    "loglogistic": lambda x, k, s: mp.log(k / s) + (k - 1) * mp.log(x / s) - 2 * mp.log1p((x / s) ** k),
    "lomax": lambda x, a, s: mp.log(a / s) - (a + 1) * mp.log1p(x / s),
    "burr12": lambda x, k, c, s: mp.log(k * c / s) + (c - 1) * mp.log(x / s) - (k + 1) * mp.log1p((x / s) ** c),
    "generalized_gamma": lambda x, a, c, s: mp.log(c / s) + (a * c - 1) * mp.log(x / s) - (x / s) ** c - mp.loggamma(a),
    "pareto": lambda x, a, m: mp.log(a) + a * mp.log(m) - (a + 1) * mp.log(x),
    "power": lambda x, a, s: mp.log(a) + (a - 1) * mp.log(x) - a * mp.log(s),
    "nakagami": lambda x, m, s: (
        mp.log(2) + m * mp.log(m / s**2) - mp.loggamma(m) + (2 * m - 1) * mp.log(x) - m * x**2 / s**2
    ),
    "birnbaum_saunders": lambda x, a, s: (
        mp.log((mp.sqrt(x / s) + mp.sqrt(s / x)) / (2 * a * x * mp.sqrt(2 * mp.pi))) - (x - s) ** 2 / (2 * a**2 * x * s)
    ),
    "gompertz": lambda x, c, s: mp.log(c / s) + x / s + c - c * mp.exp(x / s),
}
"""Log-densities as the textbooks write them."""

POINTS = [
    ("exponential", (2.0,)),
    ("lognormal", (1.0, 0.5)),
    ("lognormal", (-3.0, 2.0)),
    ("inverse_gaussian", (2.0, 3.0)),
    ("inverse_gaussian", (0.7, 40.0)),
    ("inverse_gamma", (3.0, 2.0)),
    ("inverse_gamma", (0.4, 5.0)),
    ("rayleigh", (2.0,)),
    ("half_normal", (0.3,)),
    ("frechet", (3.0, 2.0)),
    ("frechet", (0.6, 0.1)),
    ("loglogistic", (3.0, 2.0)),
    ("loglogistic", (0.5, 7.0)),
    ("lomax", (2.0, 3.0)),
    ("lomax", (0.4, 0.2)),
    ("burr12", (1.5, 2.0, 3.0)),
    ("burr12", (0.1, 9.0, 0.5)),
    ("burr12", (40.0, 0.8, 60.0)),
    ("generalized_gamma", (2.0, 1.4, 3.0)),
    ("generalized_gamma", (0.2, 5.0, 0.5)),
    ("generalized_gamma", (400.0, 0.1, 1e-25)),
    ("pareto", (2.0, 3.0)),
    ("power", (0.4, 3.0)),
    ("nakagami", (2.0, 3.0)),
    ("nakagami", (0.6, 0.5)),
    ("birnbaum_saunders", (0.5, 2.0)),
    ("birnbaum_saunders", (3.0, 0.1)),
    ("gompertz", (0.3, 2.0)),
    ("gompertz", (1e-9, 0.5)),
]
PROBABILITIES = [1e-9, 1e-3, 0.2, 0.5, 0.9, 0.999, 1 - 1e-9]

points = pytest.mark.parametrize(("name", "params"), POINTS, ids=lambda v: str(v))


def law_at(name: str, params: tuple) -> mle.Distribution:
    law = mle.get_family(name)
    return mle.Distribution(law, dict(zip(law.param_names, params, strict=True)))


def fit_quietly(x, name: str, **options) -> mle.Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mle.FitWarning)
        return mle.fit(x, name, **options)


# --- formulas ---------------------------------------------------------------------------------------------------------


@points
def test_logpdf_is_the_textbook_formula(name, params):
    x = law_at(name, params).ppf(PROBABILITIES)
    expected = [float(LOGPDF[name](mp.mpf(v), *map(mp.mpf, params))) for v in x]
    # Rounding of x and of the parameters moves t = c log(x/scale), where scale is tiny, by some ulps of t.
    np.testing.assert_allclose(mle.get_family(name).logpdf(x, *params), expected, rtol=5e-13, atol=5e-13)


@points
def test_score_is_the_derivative(name, params):
    x = law_at(name, params).ppf(PROBABILITIES)
    score = mle.get_family(name).score(x, *params)
    for j in range(len(params)):
        order = tuple(int(k == j + 1) for k in range(len(params) + 1))
        expected = [float(mp.diff(LOGPDF[name], (mp.mpf(v), *map(mp.mpf, params)), order)) for v in x]
        scale = np.max(np.abs(expected))
        np.testing.assert_allclose(np.broadcast_to(score[j], x.shape), expected, rtol=1e-11, atol=1e-11 * scale)


@pytest.mark.parametrize(
    ("name", "params"),
    [(name, params) for name, params in POINTS if mle.get_family(name).hessian is not None],
    ids=lambda v: str(v),
)
def test_hessian_is_the_second_derivative(name, params):
    x = law_at(name, params).ppf(PROBABILITIES)
    hessian = iter(mle.get_family(name).hessian(x, *params))
    for i in range(len(params)):
        for j in range(i, len(params)):
            order = tuple(int(k == i + 1) + int(k == j + 1) for k in range(len(params) + 1))
            expected = [float(mp.diff(LOGPDF[name], (mp.mpf(v), *map(mp.mpf, params)), order)) for v in x]
            scale = np.max(np.abs(expected))
            got = np.broadcast_to(next(hessian), x.shape)
            np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10 * scale)


@points
def test_scipy_law_is_the_same_law(name, params):
    law = law_at(name, params)
    scipy_law = law.to_scipy()
    x = law.ppf(PROBABILITIES[1:-1])
    np.testing.assert_allclose(law.logpdf(x), scipy_law.logpdf(x), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(law.cdf(x), scipy_law.cdf(x), rtol=1e-9)
    np.testing.assert_allclose(law.sf(x), scipy_law.sf(x), rtol=1e-9)


@points
def test_quantiles_invert_probabilities_in_both_tails(name, params):
    law = law_at(name, params)
    for p in (1e-12, 1e-6, 0.3, 0.7):
        # Next to the end of a support an ulp of x is some 1e-16 of probability.
        end = 1e-15 if name in ("pareto", "power") else 0.0
        assert math.isclose(float(law.cdf(law.ppf(p))), p, rel_tol=1e-9, abs_tol=end)
        assert math.isclose(float(law.sf(law.isf(p))), p, rel_tol=1e-9, abs_tol=end)


@points
def test_outside_the_support_there_is_no_mass(name, params):
    law = law_at(name, params)
    assert law.cdf([-1.0, np.inf]).tolist() == [0.0, 1.0]
    assert law.sf([-1.0, np.inf]).tolist() == [1.0, 0.0]
    assert law.logcdf([-1.0, np.inf]).tolist() == [-np.inf, 0.0]
    assert law.logsf([-1.0, np.inf]).tolist() == [0.0, -np.inf]
    assert law.logpdf([-1.0]).tolist() == [-np.inf]
    assert law.ppf([0.0, 1.0]).tolist() == law.isf([1.0, 0.0]).tolist()
    assert np.isnan(law.ppf([-0.1, 1.1, np.nan])).all()
    assert np.isnan(law.isf([-0.1, 1.1, np.nan])).all()
    assert np.isnan(law.cdf(np.nan))


# --- tails ------------------------------------------------------------------------------------------------------------


def normal_sf(z):
    return mp.erfc(z / mp.sqrt(2)) / 2


FAR_UP = {
    "exponential": ((2.0,), 5e3, lambda x, s: -x / s),
    "lognormal": ((1.0, 0.5), 1e12, lambda x, m, s: mp.log(normal_sf((mp.log(x) - m) / s))),
    "inverse_gaussian": (
        (2.0, 3.0),
        4e3,
        lambda x, m, k: mp.log(
            normal_sf(mp.sqrt(k / x) * (x / m - 1)) - mp.exp(2 * k / m) * normal_sf(mp.sqrt(k / x) * (x / m + 1))
        ),
    ),
    "inverse_gamma": ((30.0, 2.0), 1e40, lambda x, a, s: mp.log(mp.gammainc(a, 0, s / x, regularized=True))),
    "half_normal": ((2.0,), 1e3, lambda x, s: mp.log(mp.erfc(x / (s * mp.sqrt(2))))),
    "rayleigh": ((2.0,), 1e3, lambda x, s: -((x / s) ** 2) / 2),
    "loglogistic": ((30.0, 2.0), 1e40, lambda x, k, s: -mp.log1p((x / s) ** k)),
    "frechet": ((30.0, 2.0), 1e40, lambda x, a, s: mp.log(-mp.expm1(-((x / s) ** -a)))),
    "generalized_gamma": (
        (2.0, 1.4, 3.0),
        1e3,
        lambda x, a, c, s: mp.log(mp.gammainc(a, (x / s) ** c, regularized=True)),
    ),
    "nakagami": ((2.0, 3.0), 1e2, lambda x, m, s: mp.log(mp.gammainc(m, m * (x / s) ** 2, regularized=True))),
    "birnbaum_saunders": ((0.5, 2.0), 1e3, lambda x, a, s: mp.log(normal_sf((mp.sqrt(x / s) - mp.sqrt(s / x)) / a))),
    "gompertz": ((0.3, 2.0), 20.0, lambda x, c, s: -c * mp.expm1(x / s)),
}
FAR_DOWN = {
    "lognormal": ((1.0, 0.5), 1e-12, lambda x, m, s: mp.log(normal_sf((m - mp.log(x)) / s))),
    "inverse_gaussian": (
        (2.0, 3.0),
        1e-3,
        lambda x, m, k: mp.log(
            normal_sf(mp.sqrt(k / x) * (1 - x / m)) + mp.exp(2 * k / m) * normal_sf(mp.sqrt(k / x) * (x / m + 1))
        ),
    ),
    "inverse_gamma": ((3.0, 2.0), 1e-3, lambda x, a, s: mp.log(mp.gammainc(a, s / x, regularized=True))),
    "loglogistic": ((30.0, 2.0), 1e-40, lambda x, k, s: -mp.log1p((x / s) ** -k)),
    "frechet": ((3.0, 2.0), 1e-3, lambda x, a, s: -((x / s) ** -a)),
    "generalized_gamma": (
        (400.0, 1.4, 3.0),
        0.1,
        lambda x, a, c, s: mp.log(mp.gammainc(a, 0, (x / s) ** c, regularized=True)),
    ),
    "nakagami": ((50.0, 3.0), 1e-6, lambda x, m, s: mp.log(mp.gammainc(m, 0, m * (x / s) ** 2, regularized=True))),
    "birnbaum_saunders": ((0.5, 2.0), 1e-3, lambda x, a, s: mp.log(normal_sf((mp.sqrt(s / x) - mp.sqrt(x / s)) / a))),
    "rayleigh": ((2.0,), 1e-200, lambda x, s: 2 * mp.log(x / s) - mp.log(2)),
    "burr12": ((3.0, 30.0, 2.0), 1e-40, lambda x, k, c, s: mp.log(-mp.expm1(-k * mp.log1p((x / s) ** c)))),
    "power": ((30.0, 3.0), 1e-40, lambda x, a, s: a * mp.log(x / s)),
}


@pytest.mark.parametrize("name", FAR_UP)
def test_log_of_the_survival_function_reaches_where_it_underflows(name):
    params, x, expected = FAR_UP[name]
    law = law_at(name, params)
    assert law.sf(x) == 0
    assert math.isclose(float(law.logsf(x)), float(expected(mp.mpf(x), *map(mp.mpf, params))), rel_tol=1e-12)


@pytest.mark.parametrize("name", FAR_DOWN)
def test_log_of_the_cdf_reaches_where_it_underflows(name):
    params, x, expected = FAR_DOWN[name]
    law = law_at(name, params)
    assert law.cdf(x) == 0
    assert math.isclose(float(law.logcdf(x)), float(expected(mp.mpf(x), *map(mp.mpf, params))), rel_tol=1e-12)


@pytest.mark.parametrize(
    ("name", "params"),
    [(name, params) for name, params in POINTS if mle.get_family(name).entropy is not None],
    ids=lambda v: str(v),
)
def test_entropy_is_minus_the_mean_log_density(name, params):
    law = law_at(name, params)
    assert math.isclose(float(law.entropy()), -law.expect(law.logpdf), rel_tol=1e-7, abs_tol=1e-7)


# --- units ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1e-150, 1e-6, 1e6, 1e150])
@pytest.mark.parametrize("name", sorted(LOGPDF))
def test_a_fit_moves_with_the_unit(name, factor):
    params = next(params for law, params in POINTS if law == name)
    law = mle.get_family(name)
    x = law_at(name, params).rvs(300, rng=7)
    here, there = fit_quietly(x, name), fit_quietly(factor * x, name)
    assert there.certificate.verdict is here.certificate.verdict
    assert there.llf == pytest.approx(here.llf - 300 * math.log(factor), rel=1e-11)
    for p in law.parameters:
        moved = {"scale": factor * here.params[p.name], "log-scale": here.params[p.name] + math.log(factor)}
        # A few ulps of log(factor), through the condition of the maximum.
        assert there.params[p.name] == pytest.approx(moved.get(p.role, here.params[p.name]), rel=1e-8)


def test_lognormal_keeps_its_digits_far_from_one():
    z = np.random.default_rng(1).standard_normal(1000)
    for factor in (1.0, 1e9, 1e-150):
        fit = mle.fit(factor * np.exp(1e-6 * z), "lognormal")
        # exp(1e-6 z) is rounded to 1e-16, ten digits of 1e-6 z.
        assert fit.params["sdlog"] == pytest.approx(1e-6 * z.std(), rel=1e-9)


# --- the maximum ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(LOGPDF))
def test_weights_are_repetitions(name):
    params = next(params for law, params in POINTS if law == name)
    x = law_at(name, params).rvs(60, rng=3)
    weights = np.random.default_rng(4).integers(1, 5, 60)
    weighted, repeated = fit_quietly(x, name, weights=weights), fit_quietly(np.repeat(x, weights), name)
    assert weighted.llf == pytest.approx(repeated.llf, rel=1e-12)
    for key, value in repeated.params.items():
        assert weighted.params[key] == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize("name", ["frechet", "lomax", "gompertz", "birnbaum_saunders", "generalized_gamma"])
def test_the_search_finds_what_the_reduction_finds(name):
    params = next(params for law, params in POINTS if law == name)
    law = mle.get_family(name)
    x = law_at(name, params).rvs(400, rng=5)
    direct = mle.fit(x, name)
    searched = mle.fit(x, name, start=dict(zip(law.param_names, params, strict=True)), solver="newton")
    assert direct.certificate.method == "closed-form"
    assert direct.certificate.decrement < 1e-15
    assert searched.llf == pytest.approx(direct.llf, abs=1e-9)


def test_reductions_see_all_of_a_large_sample():
    """On 30 000 rows the search starts on a subsample, and ends on the whole."""
    for name in ("lomax", "gompertz", "birnbaum_saunders", "generalized_gamma", "burr12", "loglogistic"):
        params = next(params for law, params in POINTS if law == name)
        fit = mle.fit(law_at(name, params).rvs(30_000, rng=8), name)
        assert fit.certificate.verdict == "interior"
        assert fit.certificate.decrement < 1e-12


def test_nakagami_spread_is_the_mean_square():
    x = law_at("nakagami", (2.0, 3.0)).rvs(100, rng=1)
    assert mle.fit(x, "nakagami").params["scale"] ** 2 == pytest.approx(np.mean(x**2), rel=1e-14)


# --- limits -----------------------------------------------------------------------------------------------------------


def limit_of(x, name: str) -> tuple[str | None, mle.Fit, mle.Fit | None]:
    with pytest.warns(mle.FitWarning):
        fit = mle.fit(x, name)
    limit = fit.certificate.limit
    return limit, fit, None if limit is None else mle.fit(x, limit)


@pytest.mark.parametrize(
    ("name", "x", "limit", "at"),
    [
        ("lomax", np.linspace(0.1, 3.0, 30), "exponential", {"shape": np.inf, "scale": np.inf}),
        ("gompertz", np.geomspace(0.01, 30.0, 30), "exponential", {"shape": np.inf, "scale": np.inf}),
        ("burr12", np.linspace(1.0, 2.0, 30), "weibull", {"k": np.inf, "scale": np.inf}),
        ("burr12", 3.0 / np.linspace(0.02, 1.0, 50), "pareto", {"k": 0.0, "c": np.inf, "scale": 3.0}),
        ("generalized_gamma", 3 / np.linspace(0.02, 1, 50), "pareto", {"shape1": 0, "shape2": -np.inf, "scale": 3.0}),
        ("generalized_gamma", np.linspace(0.02, 2.0, 50), "power", {"shape1": 0.0, "shape2": np.inf, "scale": 2.0}),
    ],
    ids=lambda v: v if isinstance(v, str) else None,
)
def test_at_its_limit_a_law_is_the_limiting_law(name, x, limit, at):
    found, fit, limiting = limit_of(x, name)
    assert found == limit
    assert fit.certificate.verdict == "boundary"
    assert fit.llf == limiting.llf
    assert {key: fit.params[key] for key in at} == at
    assert fit.distribution.family.name == limit


def test_lomax_is_interior_when_the_coefficient_of_variation_exceeds_one():
    x = np.array([0.1, 0.2, 0.4, 0.9, 7.0])
    assert x.std() > x.mean()
    assert mle.fit(x, "lomax").certificate.verdict == "interior"


@pytest.mark.parametrize("skewed", [-3.0, -4.0, -4.8])
def test_a_generalized_gamma_that_cannot_be_told_from_the_lognormal_law_is_that(skewed):
    """The scale of the maximum is near exp(-2600), exp(-720) and exp(-350), whose square is no double."""
    logs = np.random.default_rng(0).standard_normal(2_000)
    logs = np.concatenate([logs, -logs])  # skewness 0: the lognormal law, but for one value
    logs[0] = logs.mean() + skewed
    found, fit, limiting = limit_of(np.exp(logs), "generalized_gamma")
    assert found == "lognormal"
    assert fit.certificate.verdict == "boundary"
    assert fit.llf == limiting.llf


def test_near_the_lognormal_law_generalized_gamma_says_what_to_fit():
    """Where the data do tell the two apart, and no double is the scale, neither of them would be the maximum."""
    logs = np.random.default_rng(0).standard_normal(100_000)
    logs = np.concatenate([logs, -logs])
    logs[:200] = logs.mean() - 3.0
    with pytest.raises(mle.errors.NoMaximumError, match=r"so near the lognormal law.*Fit lognormal"):
        mle.fit(np.exp(logs), "generalized_gamma")


# --- data for which there is no maximum -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in sorted(LOGPDF) if mle.get_family(name).n_free > 1])
@pytest.mark.parametrize("value", [3.0, 0.1, 1e200])
def test_equal_observations_are_refused(name, value):
    with pytest.raises(mle.errors.DegenerateDataError, match=name):
        mle.fit([value] * 5, name)


@pytest.mark.parametrize("name", ["inverse_gaussian", "inverse_gamma", "nakagami", "pareto", "power"])
def test_observations_equal_to_rounding_are_refused(name):
    with pytest.raises(mle.errors.DegenerateDataError, match="or nearly so"):
        mle.fit(np.nextafter(0.1, 1) * (1 + 2e-16 * np.arange(1, 50)), name)


@pytest.mark.parametrize("name", ["burr12", "generalized_gamma"])
def test_two_values_do_not_determine_three_parameters(name):
    with pytest.raises(mle.errors.DegenerateDataError, match="2 distinct values cannot determine 3 parameters"):
        mle.fit([1.0, 2.0, 2.0, 1.0], name)


@pytest.mark.parametrize("name", ["exponential", "half_normal", "gompertz", "lomax"])
def test_zeros_only_are_refused(name):
    with pytest.raises(mle.errors.NoMaximumError):
        mle.fit([0.0, 0.0, 0.0], name)


@pytest.mark.parametrize("name", ["exponential", "half_normal", "gompertz"])
def test_some_zeros_are_data(name):
    fit = mle.fit([0.0, 1.0, 1.5, 2.0], name)
    assert fit.certificate.verdict == "interior"
    assert np.isfinite(fit.llf)


@pytest.mark.parametrize(("shape", "n"), [(0.0375, 1000), (0.02, 5)])
def test_lomax_of_a_tail_of_hundreds_of_decades(shape, n):
    """The scale is e^19 to e^35 below the median: the search for it ended at e^18, up to 34 nats below."""
    x = np.expm1(-np.log1p(-(np.arange(n) + 0.5) / n) / shape)
    fit = mle.fit(x, "lomax")
    assert fit.certificate.verdict == "interior"

    def cost(u):
        mean = np.mean(np.log1p(np.exp(u) * x))
        return n * (np.log(mean) + 1 + mean - u)

    best = scipy.optimize.minimize_scalar(cost, bounds=(-6.0, 6.0), method="bounded", options={"xatol": 1e-10})
    assert fit.llf == pytest.approx(-best.fun, rel=1e-12)
    assert fit.params["scale"] == pytest.approx(np.exp(-best.x), rel=1e-5)


def test_zeros_make_the_likelihood_of_lomax_unbounded():
    with pytest.raises(mle.errors.UnboundedLikelihoodError, match=r"2 of 5 observations are 0, the first is x\[1\]"):
        mle.fit([1.0, 0.0, 30.0, 0.0, 2.0], "lomax")
    assert np.isfinite(mle.fit([1.0, 0.0, 30.0, 0.0, 2.0], "lomax", fixed={"scale": 1.0}).llf)


@pytest.mark.parametrize("away", [300.0, 1e4, 1e6])
@pytest.mark.parametrize("form", ["exact", "right-censored", "rounded"])
def test_gompertz_whose_shape_leaves_double_precision_is_the_law_of_smallest_extremes(form, away):
    """So much of that law is above 0 that both are one; some of these were not converged, the others refused."""
    x = away + np.random.default_rng(1).standard_normal(50)
    if form == "right-censored":
        x = mle.Sample.right_censored(x, np.arange(50) % 3 != 1)
    elif form == "rounded":
        x = mle.Sample.rounded(np.round(2 * x) / 2, 0.5)
    with pytest.warns(mle.FitWarning, match="boundary shape = 0, where gompertz is smallest_extreme_value"):
        fit = mle.fit(x, "gompertz")
    limit = mle.fit(x, "smallest_extreme_value")
    assert fit.params["shape"] == 0.0
    assert fit.params["scale"] == pytest.approx(limit.params["scale"], rel=1e-7)
    assert fit.llf == pytest.approx(limit.llf, rel=1e-12)


@pytest.mark.parametrize("shape", [0.5, 1e3, 9e6, 1e10])
@pytest.mark.parametrize("z", [-3.0, -0.1, 0.3, 4.0])
def test_tails_of_inverse_gaussian_laws_that_are_nearly_normal_keep_their_digits(shape, z):
    """Exp(2 lam/mu) and what it is multiplied by cancel: slopes by lam were wrong in the first digit at 1e10."""
    mu = 3000.0
    lam, x = shape * mu, mu * (1 + z / math.sqrt(shape)) if shape > 100 else mu * math.exp(z / 2)
    with mp.workdps(120):

        def tails(m, s):
            root = mp.sqrt(s / mp.mpf(x))
            beyond = mp.exp(2 * s / m) * mp.ncdf(-root * (x / m + 1))
            return mp.log(mp.ncdf(root * (x / m - 1)) + beyond), mp.log(mp.ncdf(-root * (x / m - 1)) - beyond)

        m, s, h = mp.mpf(mu), mp.mpf(lam), mp.mpf(10) ** -40
        right = [float(v) for v in tails(m, s)]
        by_mu = [
            float((b - a) / (2 * h * m)) for a, b in zip(tails(m * (1 - h), s), tails(m * (1 + h), s), strict=True)
        ]
        by_lam = [
            float((b - a) / (2 * h * s)) for a, b in zip(tails(m, s * (1 - h)), tails(m, s * (1 + h)), strict=True)
        ]
    law = mle.get_family("inverse_gaussian")
    at = np.array([x])
    assert [law.logcdf(at, mu, lam)[0], law.logsf(at, mu, lam)[0]] == pytest.approx(right, rel=1e-11)
    for tail, slopes in enumerate(law.tail_scores(at, mu, lam)):
        assert [slope[0] for slope in slopes] == pytest.approx([by_mu[tail], by_lam[tail]], rel=1e-7)


@pytest.mark.parametrize("name", [name for name in sorted(LOGPDF) if mle.get_family(name).support == mle.POSITIVE])
def test_a_zero_is_outside_an_open_support(name):
    with pytest.raises(mle.errors.SupportError, match=r"the first is x\[2\] = 0"):
        mle.fit([1.0, 2.0, 0.0], name)


def test_one_observation_has_an_exponential_law():
    fit = mle.fit([3.0], "exponential")
    assert fit.params["scale"] == 3.0
    assert fit.llf == pytest.approx(-math.log(3.0) - 1, rel=1e-15)
    assert fit.bse["scale"] == pytest.approx(3.0, rel=1e-8)


def test_the_end_of_a_pareto_law_has_no_standard_error():
    x = law_at("pareto", (2.0, 3.0)).rvs(100, rng=1)
    fit = mle.fit(x, "pareto")
    assert fit.params["xm"] == x.min()
    assert fit.params["alpha"] == pytest.approx(1 / np.mean(np.log(x / x.min())), rel=1e-14)
    assert fit.certificate.verdict == "non_regular"
    assert fit.certificate.irregular == ("xm",)
    assert np.isnan(fit.bse["xm"])
    assert fit.bse["alpha"] == pytest.approx(fit.params["alpha"] / 10, rel=1e-9)


def test_a_known_end_above_an_observation_is_impossible():
    with pytest.raises(mle.errors.NoMaximumError):
        mle.fit([1.0, 2.0, 3.0], "pareto", fixed={"xm": 1.5})
    assert mle.fit([1.0, 2.0, 3.0], "pareto", fixed={"xm": 0.5}).params["xm"] == 0.5


# --- special functions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 7, 8, 1001])
def test_sum_of_logs_is_that_of_the_logs(n):
    rng = np.random.default_rng(n)
    for x in (rng.lognormal(0, 1, n), rng.lognormal(0, 40, n).clip(max=1e37), np.full(n, 1e-300)):
        assert special.sum_log(x) == pytest.approx(math.fsum(np.log(x)), rel=1e-14, abs=1e-14 * n)


@pytest.mark.parametrize("shape", [1e-3, 0.5, 7.0, 300.0, 1e5])
@pytest.mark.parametrize("ratio", [1e-8, 0.3, 0.9, 1.0, 1.1, 3.0, 1e4])
def test_logs_of_incomplete_gamma_functions_keep_their_digits(shape, ratio):
    x = ratio * shape
    log_x = math.log(x)
    a, v = mp.mpf(shape), mp.exp(mp.mpf(log_x))
    if v > a:
        log_upper = mp.log(mp.gammainc(a, v, regularized=True))
        log_lower = mp.log1p(-mp.exp(log_upper))
    else:
        log_lower = mp.log(mp.gammainc(a, 0, v, regularized=True))
        log_upper = mp.log1p(-mp.exp(log_lower))
    assert float(gamma_tails.log_gammainc(shape, log_x)) == pytest.approx(float(log_lower), rel=1e-11, abs=1e-300)
    assert float(gamma_tails.log_gammaincc(shape, log_x)) == pytest.approx(float(log_upper), rel=1e-11, abs=1e-300)


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
def test_narrow_inverse_gamma_laws_in_intervals_arrive(unit):
    """Of shape 22,000: differences of tails, in place of their derivatives, were too rough to arrive anywhere."""
    ends = unit * np.array([1195323.62671071, 1203861.65261579, 1212399.67852087, 1220937.70442594])
    fit = fit_quietly(mle.Sample.intervals(ends[::2], ends[1::2]), "inverse_gamma")
    shape, scale = fit.params.values()
    assert fit.certificate.verdict == "interior"
    assert shape == pytest.approx(21995.89, abs=0.01)
    below = scipy.special.gammaincc(shape, scale / ends)
    assert fit.llf == pytest.approx(math.log(below[1] - below[0]) + math.log(below[3] - below[2]), abs=1e-8)


def test_slopes_where_there_is_no_number_are_none():
    """A search that leaves the range of numbers asks for them; it was an IndexError."""
    for slope in np.ravel(gamma_tails.log_gammainc_slopes(2.0, np.array([np.nan]))):
        assert np.isnan(slope)


def test_slopes_of_a_weibull_tail_hold_where_its_hazard_underflows():
    """F is H there: its log falls with log H, though H itself is 0."""
    (by_shape, by_scale), _ = mle.get_family("weibull").tail_scores(
        np.array([0.05, 0.1]), np.array(400.0), np.array(0.9)
    )
    np.testing.assert_allclose(by_shape, np.log(np.array([0.05, 0.1]) / 0.9), rtol=1e-14)
    np.testing.assert_allclose(by_scale, -400.0 / 0.9, rtol=1e-14)


UNDERFLOWS = [
    # Law, its parameters, where, which tail, and the derivatives of the log of its hazard there, which is a power of x.
    ("burr12", (1.5, 2000.0, 2.0), 1e-3, 0, (1 / 1.5, math.log(5e-4), -1000.0)),
    ("paralogistic", (150.0, 2.0), 1e-3, 0, (1 / 150 + math.log(5e-4), -75.0)),
    ("kumaraswamy", (400.0, 3.0), 1e-3, 0, (math.log(1e-3), 1 / 3)),
    ("rayleigh", (2.0,), 1e-170, 0, (-1.0,)),
    ("dagum", (1.5, 2000.0, 2.0), 1e3, 1, (1 / 1.5, -math.log(500.0), 1000.0)),
    ("inverse_paralogistic", (150.0, 2.0), 1e3, 1, (1 / 150 - math.log(500.0), 75.0)),
    ("frechet", (400.0, 2.0), 1e3, 1, (-math.log(500.0), 200.0)),
]


@pytest.mark.parametrize(("law", "params", "x", "side", "right"), UNDERFLOWS, ids=[case[0] for case in UNDERFLOWS])
def test_slopes_of_a_tail_hold_where_its_hazard_underflows(law, params, x, side, right):
    """The tail is the hazard there, and its log falls with that of the hazard, though the hazard is 0."""
    slopes = mle.get_family(law).tail_scores(np.array([x]), *params)[side]
    np.testing.assert_allclose([float(np.squeeze(slope)) for slope in slopes], right, rtol=1e-11)


@pytest.mark.parametrize("shape", [1e-3, 0.5, 7.0, 900.0, 2e3])
def test_slopes_of_logs_of_incomplete_gamma_functions(shape):
    x = np.array([shape * ratio for ratio in (1e-6, 0.3, 0.97, 1.1)])
    x = np.append(x, shape + np.array([1.0, 3.9, 4.1, 6.0]) * math.sqrt(shape) + 4.0)
    below, above = gamma_tails.log_gammainc_slopes(shape, np.log(x))
    with mp.workdps(150):

        def logs(a, t):
            v = mp.exp(t)
            lower, upper = mp.gammainc(a, 0, v, regularized=True), mp.gammainc(a, v, regularized=True)
            return mp.log(lower), mp.log(upper)

        for k, t in enumerate(np.log(x).tolist()):
            a, h = mp.mpf(shape), mp.mpf(10) ** -20
            up, down = logs(a + h * a, mp.mpf(t)), logs(a - h * a, mp.mpf(t))
            right, left = logs(a, t + h), logs(a, t - h)
            for tail, ours in enumerate((below, above)):
                by_shape = float((up[tail] - down[tail]) / (2 * h * a))
                by_log_x = float((right[tail] - left[tail]) / (2 * h))
                assert ours[0][k] == pytest.approx(by_shape, rel=1e-9, abs=1e-13 / math.sqrt(shape))
                assert ours[1][k] == pytest.approx(by_log_x, rel=1e-9, abs=1e-100)


@pytest.mark.parametrize("shape", [1e-9, 0.02, 1.0, 10.0, 11.0, 1e4, 1e12])
def test_stirling_remainder_is_that_of_the_log_gamma_function(shape):
    a = mp.mpf(shape)
    expected = float(mp.loggamma(a) - a * mp.log(a) + a)
    assert float(special.stirling_remainder(shape)) == pytest.approx(expected, rel=1e-13, abs=1e-14)


@pytest.mark.parametrize("gap", [1e-13, 1e-6, 0.01, 0.5, 3.0, 40.0, 1e6, 1e15])
def test_gamma_shape_solves_its_equation(gap):
    k = mp.mpf(special.inverse_log_minus_digamma(gap))
    assert float(mp.log(k) - mp.digamma(k)) == pytest.approx(gap, rel=1e-13)


@pytest.mark.parametrize("k", [1e-8, 0.3, 50.0, 9e3, 2e4, 1e9])
def test_slope_of_the_gamma_equation(k):
    assert special.log_minus_digamma_slope(k) == pytest.approx(float(1 / mp.mpf(k) - mp.psi(1, k)), rel=1e-8)


@pytest.mark.parametrize("y", [1e-10, 0.5, 20.0, 49.9, 50.1, 1e3, 1e10])
def test_scaled_exponential_integral(y):
    assert special.exp_times_exp1(y) == pytest.approx(float(mp.exp(y) * mp.e1(y)), rel=1e-13)


def test_ascent_stays_on_its_hill_and_stops_at_the_ends():
    def hill(u):
        return -math.sinh(u - 3.0), -math.cosh(u - 3.0)

    assert newton.ascend(hill, -9.0, -10.0, 10.0) == pytest.approx(3.0, abs=1e-12)
    assert newton.ascend(hill, 0.0, -10.0, 2.0) == 2.0
    assert newton.ascend(hill, 5.0, 4.0, 10.0) == 4.0
    flat_then_hill = lambda u: (math.exp(-(u**2)) * (1.0 - u), -math.exp(-(u**2)) * (1 + 2 * u * (1 - u)))  # noqa: E731
    assert newton.ascend(flat_then_hill, -2.0, -10.0, 10.0) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("name", ["lomax", "gpd"])
def test_zeros_make_the_maximum_of_a_tail_a_local_one(name):
    """A spike at 0 is higher than any maximum, but only where the scale is beyond all numbers."""
    x = np.concatenate([np.zeros(4), scipy.stats.lomax(1.4, scale=0.7).ppf((np.arange(60) + 0.5) / 60)])
    with pytest.warns(mle.FitWarning, match="4 of 64 observations are 0"):
        fit = mle.fit(x, name)
    assert fit.certificate.verdict == "local"

    def nll(theta):
        return -np.sum(scipy.stats.lomax(math.exp(theta[0]), scale=math.exp(theta[1])).logpdf(x))

    best = scipy.optimize.minimize(nll, [0.3, -0.3], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    assert fit.nll == pytest.approx(best.fun, rel=1e-9)


@pytest.mark.parametrize("name", ["lomax", "gpd"])
def test_a_tail_of_zeros_mostly_has_no_maximum(name):
    x = np.concatenate([np.zeros(30), np.arange(1.0, 11.0)])
    with pytest.raises(mle.errors.UnboundedLikelihoodError, match="30 of 40 observations are 0"):
        mle.fit(x, name)


def test_a_fraction_ends_where_its_terms_leave_the_doubles(monkeypatch):
    """At the largest x the terms are infinite, and were gone through 100,000 times."""
    seen = []

    def counted(*ends):
        for k in range(*ends):
            seen.append(k)
            yield k

    monkeypatch.setattr(gamma_tails, "range", counted, raising=False)
    x = 1.7964957940699517e308
    assert gamma_tails.log_gammaincc(np.array([12.0]), np.log([x]))[0] == pytest.approx(-x, rel=1e-12)
    assert len(seen) < 100
