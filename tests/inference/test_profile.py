"""Profile intervals against published values, independent refits, and the laws that they obey."""

import csv
import math

import numpy as np
import pytest
from references import HERE, PARAMETER, _raw_cases, case, column, fit_quietly
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.errors import ParameterError

IN_STANDARD_ERRORS = 1e-5


def sample_of(name):
    """The data of a reference case of any form."""
    with (HERE / _raw_cases()[name]["prepared"]["file"]).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    weight = [float(row["weight"]) for row in rows]
    if "x" in rows[0]:
        return mle.Sample([float(row["x"]) for row in rows], weight)
    return mle.Sample.intervals(
        [float(row["left"] or "-inf") for row in rows], [float(row["right"] or "inf") for row in rows], weight
    )


PARAMETERS = [
    (name, parameter)
    for name, raw in _raw_cases().items()
    for parameter in raw["expected"].get("profile_ci95", {})
    if "regression" not in raw["family"]
]
LEVELS = [(name, period) for name, raw in _raw_cases().items() for period in raw["expected"].get("return_levels", {})]


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_intervals_of_the_reference_cases(name, parameter):
    raw = _raw_cases()[name]
    fit = fit_quietly(sample_of(name), raw["family"])
    ours = PARAMETER.get((raw["family"], parameter), parameter)
    expected = raw["expected"]["profile_ci95"][parameter]
    interval = fit.profile(ours, points=2).interval
    assert np.max(np.abs(np.subtract(interval, expected))) <= IN_STANDARD_ERRORS * fit.bse[ours]
    assert fit.conf_int(method="profile").loc[ours].tolist() == list(interval)


@pytest.mark.parametrize(("name", "period"), LEVELS)
def test_return_levels_of_the_reference_cases(name, period):
    raw = _raw_cases()[name]
    expected = raw["expected"]["return_levels"][period]
    fit = fit_quietly(sample_of(name), raw["family"])
    years = float(period.removeprefix("1/"))
    level = fit.return_level(years, method="profile")
    assert level.se == pytest.approx(expected["delta_se"], rel=1e-5)
    assert abs(level.value - expected["level"]) <= IN_STANDARD_ERRORS * level.se
    assert np.max(np.abs(np.subtract(level.interval, expected["profile_ci95"]))) <= IN_STANDARD_ERRORS * level.se
    wald = fit.return_level(years)
    assert wald.interval == pytest.approx((level.value - 1.959963985 * level.se, level.value + 1.959963985 * level.se))


QUANTILES = [
    name
    for name, raw in _raw_cases().items()
    if "quantiles" in raw["expected"] and raw["kind"] in ("uncensored_continuous", "censored")
]


@pytest.mark.parametrize("name", QUANTILES)
def test_quantiles_of_the_reference_cases(name):
    raw = _raw_cases()[name]
    fit = case(name).fit() if raw["kind"] == "uncensored_continuous" else fit_quietly(sample_of(name), raw["family"])
    for p, expected in raw["expected"]["quantiles"].items():
        estimate = fit.quantile(float(p))
        if estimate.se is None:  # at an end of the support there is no standard error
            assert estimate.value == pytest.approx(expected, rel=1e-9)
        else:
            assert abs(estimate.value - expected) <= IN_STANDARD_ERRORS * estimate.se


def test_an_exponential_interval_is_the_root_of_its_equation():
    """Deviance of a mean: 2 n (log r + 1/r - 1) with r = scale / mean."""
    x = column("aircondit", "hours")
    bound = special.chdtri(1, 0.1)

    def excess(r):
        return 2 * len(x) * (math.log(r) + 1 / r - 1) - bound

    ends = [optimize.brentq(excess, *bracket, xtol=1e-14) * x.mean() for bracket in ((0.1, 1.0), (1.0, 10.0))]
    assert mle.fit(x, "exponential").profile("scale", alpha=0.1, points=2).interval == pytest.approx(ends, rel=1e-10)


@pytest.mark.parametrize("name", ["gamma_groundbeef", "gev_lisbon", "nbinom_mites", "cauchy_darwin"])
def test_the_curve_is_that_of_refits_with_the_parameter_given(name):
    one = case(name)
    fit = one.fit()
    parameter = one.family.param_names[0]
    curve = fit.profile(parameter, points=7)
    for value, loglik in zip(curve.values, curve.loglik, strict=True):
        refit = one.fit(fixed={parameter: float(value)})
        assert loglik == pytest.approx(refit.llf, abs=1e-7)
    assert curve.deviance.min() == 0.0
    assert curve.estimate in curve.values
    assert np.all(np.diff(curve.signed_root) > 0)


def test_the_deviance_at_both_ends_is_the_bound():
    fit = mle.fit(column("groundbeef", "serving"), "gamma")
    bound = special.chdtri(1, 0.05)
    for end in fit.profile("shape", points=2).interval:
        fixed = fit_quietly(column("groundbeef", "serving"), "gamma", fixed={"shape": end})
        assert 2 * (fit.llf - fixed.llf) == pytest.approx(bound, rel=1e-7)


def test_intervals_do_not_depend_on_the_parametrisation():
    """A quantile of the exponential law is a multiple of its scale, so its interval is that multiple."""
    fit = mle.fit(column("aircondit", "hours"), "exponential")
    median = fit.quantile(0.5, method="profile")
    assert median.interval == pytest.approx(np.multiply(math.log(2), fit.profile("scale", points=2).interval), rel=1e-9)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_intervals_move_with_the_unit(factor):
    x = case("gev_portpirie").x
    here = mle.fit(x, "gev").profile("scale", points=2).interval
    there = mle.fit(factor * x, "gev").profile("scale", points=2).interval
    assert there == pytest.approx(np.multiply(factor, here), rel=1e-7)


def test_an_end_at_which_the_likelihood_does_not_fall_is_open():
    """Light tails: the t law is not told from the normal, so its degrees of freedom have no upper bound."""
    x = mle.distribution("student_t", df=30.0, loc=0.0, scale=1.0).rvs(size=100, rng=3)
    fit = fit_quietly(x, "student_t")
    curve = fit.profile("df", points=2)
    assert curve.interval[1] == math.inf
    assert not curve.upper.reached
    assert "df is open above" in str(curve)
    assert curve.lower.reached
    refit = fit_quietly(x, "student_t", fixed={"df": curve.interval[0]})
    assert 2 * (fit.llf - refit.llf) == pytest.approx(special.chdtri(1, 0.05), abs=1e-5)


def test_a_parameter_at_the_boundary_has_a_one_sided_interval():
    """Counts without overdispersion: size is infinite, and bounded from below."""
    x = np.repeat([1.0, 2.0, 3.0, 4.0], [10, 30, 25, 5])
    fit = fit_quietly(x, "negbin")
    assert fit.certificate.verdict == "boundary"
    curve = fit.profile("size", points=2)
    assert curve.interval[1] == math.inf
    low = fit_quietly(x, "negbin", fixed={"size": curve.interval[0]})
    assert 2 * (fit.llf - low.llf) == pytest.approx(special.chdtri(1, 0.05), abs=1e-5)
    assert curve.notes


def test_entries_of_vectors_are_profiled_too():
    x = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0], [0.5, 2.5], [2.2, 3.1], [1.7, 0.4]])
    fit = mle.fit(x, "multivariate_normal")
    low, high = fit.profile("mean[0]", points=2).interval
    # With the covariance free, the likelihood ratio of a mean of one column is that of the normal law of that column.
    alone = mle.fit(x[:, 0], "normal").profile("mu", points=2).interval
    assert (low, high) == pytest.approx(alone, rel=1e-8)


def test_a_function_of_the_law_has_a_delta_standard_error():
    """Of the mean of a gamma law: the estimate is the sample mean, and its variance the fitted variance over n."""
    x = column("groundbeef", "serving")
    fit = mle.fit(x, "gamma")
    mean = fit.derive(lambda law: float(law.mean()))
    assert mean.value == pytest.approx(x.mean(), rel=1e-12)
    assert mean.se == pytest.approx(fit.distribution.std() / math.sqrt(len(x)), rel=1e-6)


def test_what_has_no_profile_is_refused_with_the_reason():
    x = column("aircondit", "hours")
    fit = mle.fit(x, "gamma")
    with pytest.raises(ParameterError, match="no parameter 'rate'"):
        fit.profile("rate")
    with pytest.raises(ParameterError, match="was given"):
        mle.fit(x, "gamma", fixed={"shape": 1.0}).profile("shape")
    with pytest.raises(ParameterError, match="not chi-squared"):
        mle.fit(x, "pareto").profile("xm")
    with pytest.raises(ParameterError, match="alpha"):
        fit.profile("shape", alpha=1.5)
    with pytest.raises(ParameterError, match="period"):
        fit.return_level(1.0)
    with pytest.raises(ParameterError, match="p: "):
        fit.quantile(1.0)
    assert np.all(np.isnan(mle.fit(x, "gamma", fixed={"shape": 1.0}).conf_int(method="profile").loc["shape"]))


def test_other_parameters_may_run_off_to_a_limiting_law():
    """Far up the scale the constrained maximum is the normal law, df = ∞, which no step of Newton's method reaches."""
    x = [0.2, -4.9, 1.0, 0.7, -1.2, 1.4, 5.6, -0.9, 0.3, 2.1]
    fit = mle.fit(x, "student_t")
    upper = fit.profile("scale", points=2).interval[1]
    refitted = fit_quietly(x, "student_t", fixed={"scale": upper})
    assert refitted.params["df"] > 1e6
    assert 2 * (fit.llf - refitted.llf) == pytest.approx(special.chdtri(1, 0.05), abs=1e-8)


@pytest.mark.parametrize("law", ["poisson", "geometric"])
def test_a_quantity_of_a_law_whose_every_parameter_is_at_an_end_has_no_standard_error(law):
    """Of zeros alone: nothing is certain; where all parameters are known it is."""
    mean = fit_quietly([0, 0, 0], law).derive(lambda law: float(law.mean()))
    assert (mean.value, mean.se, mean.interval) == (0.0, None, None)
    assert "no standard error" in mean.reason
    known = mle.fit([1, 2, 3], "poisson", fixed={"mu": 2.0}).derive(lambda law: float(law.mean()))
    assert (known.value, known.se) == (2.0, 0.0)


def test_an_estimate_at_infinity_has_a_bound_however_far_out_it_is():
    """Half-normal data: alpha is infinite, and the data are so many that only very large ones are as good."""
    x = np.abs(stats.norm.ppf((np.arange(1000) + 0.5) / 1000))
    fit = fit_quietly(x, "skew_normal")
    curve = fit.profile("alpha", points=5)
    assert fit.params["alpha"] == curve.interval[1] == math.inf
    assert curve.lower.value > 100
    low = fit_quietly(x, "skew_normal", fixed={"alpha": curve.lower.value})
    assert 2 * (fit.llf - low.llf) == pytest.approx(special.chdtri(1, 0.05), abs=1e-5)
    assert len(curve.values) >= 5


def test_where_numbers_end_the_interval_is_open():
    """Log-normal data: the shape may be infinite, where the law is log-normal; its scale has no double far before."""
    x = np.random.default_rng(0).lognormal(size=50)
    fit = fit_quietly(x, "generalized_gamma")
    curve = fit.profile("shape1", points=3)
    assert fit.certificate.verdict == "interior"
    assert curve.lower.reached
    assert not curve.upper.reached
    assert fit.llf - mle.fit(x, "lognormal").llf < 0.1  # so the interval holds infinity
