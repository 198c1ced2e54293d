"""fit() and what it returns, by the names that users rely on."""

import math
import warnings

import fieldcases
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.special
import scipy.stats
from references import case, column, fit_quietly, flat

import mle_toolkit as mle
from mle_toolkit.errors import (
    DataError,
    DegenerateDataError,
    NoMaximumError,
    ParameterError,
    SupportError,
    UnknownNameError,
    WeightError,
)

X = np.array([1.1, 0.4, 2.7, 1.9, 0.8, 3.3, 1.2])


# --- what a fit is ----------------------------------------------------------------------------------------------------


def test_the_names_of_a_fit():
    fit = mle.fit(X, "gamma")
    assert fit.family.name == "gamma"
    assert list(fit.params) == ["shape", "scale"]
    assert all(type(value) is float for value in fit.params.values())
    assert list(fit.bse) == ["shape", "scale"]
    assert fit.nobs == 7.0
    assert fit.df_model == 2
    assert fit.fixed == ()
    assert fit.nll == -fit.llf
    assert fit.cross_entropy == fit.nll / 7
    assert fit.aic == pytest.approx(2 * fit.nll + 4)
    assert fit.aicc == pytest.approx(fit.aic + 2 * 2 * 3 / (7 - 2 - 1))
    assert fit.bic == pytest.approx(2 * fit.nll + 2 * math.log(7))
    assert fit.certificate.verdict == "interior"
    assert repr(fit).startswith("Fit(gamma: shape=")
    assert isinstance(fit.distribution, mle.Distribution)


def test_params_cannot_be_changed():
    fit = mle.fit(X, "gamma")
    with pytest.raises(TypeError):
        fit.params["shape"] = 1.0


def test_aicc_of_a_sample_too_small_for_it():
    assert mle.fit([1.0, 2.0, 4.0], "gamma").aicc == math.inf


def test_summary_in_every_form():
    fit = mle.fit(X, "gamma")
    summary = fit.summary()
    assert "gamma" in str(fit)
    assert "shape" in summary.as_text()
    assert "<table" in summary.as_html()
    assert "tabular" in summary.as_latex()
    assert "," in summary.as_csv()
    assert "<table" in fit._repr_html_()


def test_to_scipy_is_the_fitted_law():
    fit = mle.fit(X, "gamma")
    frozen = fit.to_scipy()
    assert frozen.logpdf(X).sum() == pytest.approx(fit.llf, rel=1e-12)
    assert frozen.mean() == pytest.approx(X.mean(), rel=1e-12)


def test_logpdf_rows_add_up():
    fit = mle.fit(X, "gamma")
    assert fit.logpdf_rows().shape == X.shape
    assert fit.logpdf_rows().sum() == pytest.approx(fit.llf, rel=1e-12)
    assert fit.logpdf_rows() == pytest.approx(fit.distribution.logpdf(X), rel=1e-12)


def test_save_and_load_bit_for_bit(tmp_path):
    fit = mle.fit(X, "gamma")
    path = tmp_path / "fit.json"
    fit.save(path)
    back = mle.load(path)
    assert dict(back.params) == dict(fit.params)
    assert back.llf == fit.llf
    assert dict(back.bse) == dict(fit.bse)
    assert back.certificate == fit.certificate
    assert back.to_dict() == fit.to_dict()


# --- ways to name a family --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alias", ["norm", "gaussian", "normal"])
def test_aliases(alias):
    assert mle.fit(X, alias).family.name == "normal"


def test_a_family_object_and_a_scipy_distribution():
    by_name = mle.fit(X, "gamma")
    assert mle.fit(X, mle.get_family("gamma")).llf == by_name.llf
    scipys = mle.fit(X, scipy.stats.gamma)
    assert scipys.llf == pytest.approx(by_name.llf, rel=1e-10)
    assert scipys.params["a"] == pytest.approx(by_name.params["shape"], rel=1e-6)


def test_a_name_that_is_not_there():
    with pytest.raises(UnknownNameError, match="did you mean 'gamma'"):
        mle.fit(X, "gama")


def test_a_law_of_ten_lines():
    class Lindley(mle.Family):
        name = "lindley"
        parameters = (mle.Parameter("theta", mle.POSITIVE),)
        support = mle.POSITIVE

        def logpdf(self, x, theta):
            return 2 * np.log(theta) - np.log1p(theta) + np.log1p(x) - theta * x

    fit = mle.fit(X, Lindley())
    mean = X.mean()
    # Lindley (1958): the positive root of mean θ² + (mean - 1) θ - 2 = 0.
    root = (1 - mean + math.sqrt((mean - 1) ** 2 + 8 * mean)) / (2 * mean)
    assert fit.params["theta"] == pytest.approx(root, rel=1e-8)
    assert fit.certificate.verdict == "interior"
    assert fit.distribution.cdf(2.0) == pytest.approx(1 - (1 + root + 2 * root) / (1 + root) * math.exp(-2 * root))
    assert "lindley" not in mle.families()


# --- forms of data ----------------------------------------------------------------------------------------------------

FORMS = {
    "list": X.tolist(),
    "float32": X.astype(np.float32).astype(float),
    "masked": np.ma.array(np.append(X, 99.0), mask=[False] * 7 + [True]),
    "pandas": pd.Series(X, index=range(7, 0, -1)),
    "polars": pl.Series(X),
    "pyarrow": pa.array(X),
    "object": X.astype(object),
    "Sample": mle.Sample(X),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_data_gives_the_same_fit(form):
    data = FORMS[form]
    policy = "omit" if form == "masked" else "raise"
    fit = mle.fit(data, "gamma", nan_policy=policy)
    reference = mle.fit(X.astype(np.float32).astype(float) if form == "float32" else X, "gamma")
    assert fit.llf == reference.llf
    assert dict(fit.params) == dict(reference.params)


def test_booleans_are_events():
    fit = mle.fit(np.array([True, False, True, True]), "bernoulli")
    assert fit.params["p"] == 0.75


@pytest.mark.parametrize("data", [[1.0, None, 2.0, 4.0], pl.Series([1.0, None, 2.0, 4.0]), np.array([1, np.nan, 2, 4])])
def test_nan_policy(data):
    with pytest.raises(DataError, match="missing"):
        mle.fit(data, "gamma")
    assert mle.fit(data, "gamma", nan_policy="omit").llf == mle.fit([1.0, 2.0, 4.0], "gamma").llf


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "family", "options", "error", "message"),
    [
        ([], "gamma", {}, DataError, "no observations"),
        ([1.0, math.inf], "gamma", {}, DataError, "infinite"),
        ([1.0, -0.5, 2.0], "gamma", {}, SupportError, r"x\[1\] = -0.5"),
        ([0.0, 1.0], "gamma", {}, SupportError, r"x\[0\] = 0"),
        ([1.0, 1.5], "poisson", {}, SupportError, "whole numbers"),
        ([0.2, 1.0], "beta", {}, SupportError, r"\(0, 1\)"),
        ([2.0, 2.0, 2.0], "gamma", {}, DegenerateDataError, "distinct|equal"),
        (X, "gamma", {"weights": [1.0]}, WeightError, "1 weights for 7"),
        (X, "binomial", {}, ParameterError, "needs the known constant 'n'"),
        (X, "gamma", {"fixed": {"rate": 1.0}}, ParameterError, "fixed: gamma has no parameter 'rate'"),
        (X, "gamma", {"start": {"rate": 1.0}}, ParameterError, "start: gamma has no parameter 'rate'"),
        (X, "gamma", {"bounds": {"rate": (0, 1)}}, ParameterError, "bounds: gamma has no parameter 'rate'"),
        (X, "gamma", {"fixed": {"shape": -1.0}}, ParameterError, "shape = -1.0 lies outside its domain"),
        (X, "gamma", {"start": {"shape": 0.0}}, ParameterError, "shape = 0.0 lies outside its domain"),
        (X, "gamma", {"bounds": {"shape": (3, 2)}}, ParameterError, "bounds of shape leave no value"),
        (X, "gamma", {"bounds": {"shape": (None, -1)}}, ParameterError, "leave no value of shape"),
        (X, "gamma", {"solver": "simplex"}, ParameterError, "unknown solver 'simplex'"),
        (X, "logistic", {"solver": "closed-form"}, ParameterError, "no closed form"),
        (X, "gamma", {"solver": "closed-form", "fixed": {"shape": 2.0}}, ParameterError, "no closed form with fixed"),
        (X, "gamma", {"nan_policy": "drop"}, DataError, "nan_policy"),
    ],
)
def test_errors_say_what_is_wrong(data, family, options, error, message):
    with pytest.raises(error, match=message):
        mle.fit(data, family, **options)


def test_every_error_is_one_of_ours_and_of_python_s_kind():
    assert issubclass(DataError, mle.MleError)
    for error in (DataError, ParameterError, NoMaximumError):
        assert issubclass(error, ValueError)
    assert issubclass(UnknownNameError, LookupError)
    assert issubclass(DegenerateDataError, DataError)


def test_a_support_error_carries_the_rows():
    with pytest.raises(SupportError) as caught:
        mle.fit([1.0, -1.0, 2.0, -3.0], "gamma")
    assert caught.value.outside == (1, 3)
    assert caught.value.family == "gamma"


def test_an_interior_fit_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mle.fit(X, "gamma")
        mle.fit(X, "uniform")


# --- covariance -------------------------------------------------------------------------------------------------------


def test_kinds_of_covariance_of_a_normal_law():
    """All four by hand: J = n diag(1/σ², 2/σ²), K from the moments of the residuals."""
    x = column("newcomb", "x")
    fit = mle.fit(x, "normal")
    n, sigma = len(x), x.std()
    z = (x - x.mean()) / sigma
    information = n / sigma**2 * np.diag([1.0, 2.0])
    scores = np.stack([z, z * z - 1], axis=1) / sigma
    products = scores.T @ scores
    bread = np.linalg.inv(information)
    expected = {
        "observed": bread,
        "expected": bread,
        "opg": np.linalg.inv(products),
        "sandwich": bread @ products @ bread,
    }
    for kind, cov in expected.items():
        got = fit.cov_params(kind)
        assert list(got.index) == list(got.columns) == ["mu", "sigma"]
        assert got.to_numpy() == pytest.approx(cov, rel=1e-7, abs=1e-9 * abs(cov).max()), kind
    assert fit.cov_params().equals(fit.cov_params("observed"))
    assert flat(fit.bse) == pytest.approx(np.sqrt(np.diag(bread)), rel=1e-7)
    assert fit.optimism == pytest.approx(np.trace(bread @ products), rel=1e-7)
    assert fit.tic == pytest.approx(2 * fit.nll + 2 * np.trace(bread @ products), rel=1e-9)


@pytest.mark.parametrize("name", ["gamma_groundbeef", "weibull_groundbeef", "t_newcomb", "nbinom_mites"])
def test_all_kinds_agree_where_the_model_is_true(name):
    """On data drawn from the law itself, with n = 20,000, to a tenth."""
    known = case(name)
    truth = mle.Distribution(known.family, known.params)
    fit = mle.fit(truth.rvs(20_000, rng=1), known.family)
    observed = np.sqrt(np.diag(fit.cov_params("observed")))
    for kind in ("expected", "opg", "sandwich"):
        assert np.sqrt(np.diag(fit.cov_params(kind))) == pytest.approx(observed, rel=0.1), kind
    assert fit.optimism == pytest.approx(len(known.params), rel=0.2)


@pytest.mark.parametrize("form", ["censored", "window", "intervals"])
def test_expected_information_is_refused_where_rows_are_censored_or_hidden(form):
    """That of exact observations, times their number, was 30 times too large in this window."""
    x = np.array([0.05, 0.12, 0.2, 0.31, 0.44, 0.47])
    forms = {
        "censored": mle.Sample.right_censored(x, x < 0.4),
        "window": mle.Sample(x).truncated(upper=0.5),
        "intervals": mle.Sample.intervals(x - 0.04, x),
    }
    fit = fit_quietly(forms[form], "exponential")
    with pytest.raises(ParameterError, match='"expected" needs exact observations'):
        fit.cov_params("expected")


def test_an_unknown_kind():
    with pytest.raises(ParameterError, match="unknown covariance kind 'robust'"):
        mle.fit(X, "gamma").cov_params("robust")


def test_the_observed_covariance_inverts_the_second_derivatives_of_the_log_likelihood():
    known = case("gev_portpirie")
    fit = known.fit()
    information = np.linalg.inv(fit.cov_params().to_numpy())
    theta, se = flat(fit.params), flat(fit.bse)

    def nll(point):
        return -float(np.sum(known.family.logpdf(known.x, *point)))

    for j in range(3):
        for k in range(3):
            a, b = 0.02 * se[j] * np.eye(3)[j], 0.02 * se[k] * np.eye(3)[k]
            second = nll(theta + a + b) - nll(theta + a - b) - nll(theta - a + b) + nll(theta - a - b)
            assert second / (4 * 0.02**2) == pytest.approx(information[j, k] * se[j] * se[k], abs=2e-3)


def test_wald_intervals():
    fit = mle.fit(X, "gamma")
    table = fit.conf_int(alpha=0.1)
    assert list(table.columns) == ["lower", "upper"]
    assert list(table.index) == ["shape", "scale"]
    z, shape, se = scipy.stats.norm.isf(0.05), fit.params["shape"], fit.bse["shape"]
    assert table.loc["shape"].tolist() == pytest.approx(
        [shape / np.exp(z * se / shape), shape * np.exp(z * se / shape)]
    )
    plain = fit.conf_int(alpha=0.1, scale="plain").loc["shape"].tolist()
    assert plain == pytest.approx([shape - z * se, shape + z * se])
    with pytest.raises(ParameterError, match="scale"):
        fit.conf_int(scale="log")
    with pytest.raises(ParameterError, match="scale"):
        fit.conf_int(method="profile", scale="plain")
    with pytest.raises(ParameterError, match="method"):
        fit.conf_int(method="magic")


@pytest.mark.parametrize("case_id", ["exponential-inspection"])
def test_the_wald_interval_of_a_positive_parameter_is_that_of_its_log(case_id):
    """Meeker & Escobar (1998), table 7.3 and p. 162: [496, 660], by the log of the mean."""
    right = fieldcases.right(case_id)
    rows = (fieldcases.cases()[case_id]["data"][key] for key in ("lower", "upper", "count"))
    ends = mle.fit(mle.Sample.intervals(*rows), "exponential").conf_int().loc["scale"]
    assert ends.round().tolist() == right["log-normal approximation interval"]


def test_wald_intervals_keep_inside_the_domain_and_follow_the_unit():
    """Two values of three say next to nothing of a scale, and as much in any unit."""
    x = np.array([0.9, 40.0, 1.3])
    reference = mle.fit(x, "gamma").conf_int().loc["scale"].to_numpy()
    for unit in (1.0, 1e6, 1e-6):
        fit = mle.fit(unit * x, "gamma")
        ends = fit.conf_int().loc["scale"].to_numpy()
        assert fit.conf_int(scale="plain").loc["scale", "lower"] < 0 < ends[0]
        assert ends.prod() ** 0.5 == pytest.approx(fit.params["scale"])
        assert ends / unit == pytest.approx(reference, rel=1e-6)
    p, se = 0.25, 0.25 * 3**0.5 / 2
    ends = mle.fit([0, 0, 0, 1], "bernoulli").conf_int().loc["p"].to_numpy()
    expected = scipy.special.expit(scipy.special.logit(p) + 1.959963984540054 * se / (p * (1 - p)) * np.array([-1, 1]))
    assert ends == pytest.approx(expected, rel=1e-9)


def test_the_interval_of_a_parameter_on_the_line_is_plain():
    """GEV's shape may be any number; that its domain ends at -1 is for want of a maximum beyond, not of its own."""
    fit = mle.fit(mle.datasets.load("port_pirie").sample(), "gev")
    assert fit.conf_int().loc[["loc", "xi"]].equals(fit.conf_int(scale="plain").loc[["loc", "xi"]])
    assert fit.conf_int().loc["xi"].tolist() == pytest.approx([-0.242, 0.142], abs=1.5e-3)  # Coles (2001), p. 59


def test_a_quantile_shows_its_interval_and_keeps_to_the_support():
    fit = mle.fit([0.2, 9.0, 1.3, 0.4, 30.0], "weibull")
    one = fit.quantile(0.1)
    assert 0 < one.interval[0] < one.value < one.interval[1]
    assert one.interval[0] * one.interval[1] == pytest.approx(one.value**2)
    assert f"95% in ({one.interval[0]:.4g}, {one.interval[1]:.4g})" in str(one)
    assert "90% in" in repr(fit.quantile(0.1, alpha=0.1))
    assert "90% in" in str(fit.quantile(0.1, alpha=0.1, method="bootstrap", n=50, rng=1))
    assert fit.return_level(10.0).interval == pytest.approx(fit.quantile(0.9).interval)
    inside = fit.derive(lambda law: law.sf(30.0), domain=mle.UNIT).interval
    assert 0 < inside[0] < inside[1] < 1
    with pytest.raises(ParameterError, match="does not hold"):
        fit.derive(lambda law: law.mean(), domain=mle.UNIT)


def test_several_quantiles_are_a_series_of_estimates():
    fit = mle.fit(X, "gamma")
    several = fit.quantile([0.1, 0.9])
    assert several.index.tolist() == [0.1, 0.9]
    assert [one.to_dict() for one in several] == [fit.quantile(p).to_dict() for p in (0.1, 0.9)]
    assert fit.return_level(np.array([10.0])).map(float).loc[10.0] == pytest.approx(float(fit.quantile(0.9)))
    with pytest.raises(ParameterError, match="between 0 and 1"):
        fit.quantile([0.1, 1.0])
    with pytest.raises(ParameterError, match="dimensions"):
        fit.quantile([[0.1, 0.9]])


def test_quantiles_of_counts_have_no_slope():
    """A quantile that moves in steps has no standard error by the delta method: 3 ± 0 is none."""
    fit = mle.fit([1, 4, 2, 3, 3, 7, 0, 2], "poisson")
    one = fit.quantile(0.5)
    assert one.value == 3
    assert (one.se, one.interval) == (None, None)
    assert "steps" in one.reason
    assert fit.quantile(0.5, method="bootstrap", n=50, rng=1).interval is not None


@pytest.mark.parametrize("alpha", [0.95, 0.0, 1.0, 95, -1, None, "0.05", math.nan, [0.05], np.array([0.05, 0.1]), True])
def test_alpha_is_one_minus_the_level(alpha):
    fit = mle.fit(X[:30], "exponential")
    calls = [
        fit.conf_int,
        fit.summary,
        lambda a: fit.conf_int(a, "profile"),
        lambda a: fit.conf_int(a, "bootstrap", n=10),
        lambda a: fit.profile("scale", alpha=a),
        lambda a: fit.quantile(0.5, a),
        lambda a: fit.quantile(0.5, a, "profile"),
        lambda a: fit.return_level(10, a),
        lambda a: fit.derive(lambda law: law.mean(), a),
        lambda a: fit.bootstrap(n=10, rng=1).interval("scale", a),
    ]
    for call in calls:
        with pytest.raises(ParameterError, match="alpha") as caught:
            call(alpha)
        if isinstance(alpha, float) and alpha == 0.95:
            assert "one minus the level: 0.05" in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda fit: fit.profile("scale", points=0), "points"),
        (lambda fit: fit.profile("scale", points="a"), "points"),
        (lambda fit: fit.bootstrap(n=10, workers="a"), "workers"),
        (lambda fit: fit.bootstrap(n=10, rng="a"), "rng"),
        (lambda fit: fit.bootstrap(n="a"), "n: "),
        (lambda fit: fit.goodness_of_fit(n_resamples=9, workers=0.5), "workers"),
        (lambda fit: fit.goodness_of_fit(n_resamples=9, rng=-1), "rng"),
        (lambda fit: fit.derive("x"), "function"),
        (lambda fit: fit.derive(lambda law: "a"), "function"),
        (lambda fit: fit.derive(lambda law: [1.0, 2.0]), "function"),
        (lambda fit: fit.derive(lambda law: 1.0, domain=3), "domain"),
        (lambda fit: fit.quantile("a"), "p: "),
        (lambda fit: fit.return_level(None), "period"),
    ],
)
def test_options_of_what_a_fit_does_are_checked(call, message):
    with pytest.raises(ParameterError, match=message):
        call(mle.fit(X[:30], "exponential"))


# --- fixed parameters, bounds, starts ---------------------------------------------------------------------------------


def test_a_fixed_parameter_is_known():
    fit = mle.fit(X, "gamma", fixed={"shape": 2.0})
    assert fit.params["shape"] == 2.0
    assert abs(fit.params["scale"] - X.mean() / 2) <= 1e-6 * fit.bse["scale"]
    assert fit.df_model == 1
    assert fit.fixed == ("shape",)
    assert fit.bse["shape"] == 0.0
    assert fit.bse["scale"] == pytest.approx(fit.params["scale"] / math.sqrt(2 * 7), rel=1e-6)
    assert np.all(fit.cov_params().loc["shape"] == 0)
    assert fit.certificate.verdict == "interior"
    assert fit.llf <= mle.fit(X, "gamma").llf


@pytest.mark.parametrize("family", ["gamma", "weibull", "normal", "student_t", "lognormal", "gev", "logistic"])
def test_fixing_a_parameter_at_its_estimate_changes_nothing_else(family):
    x = column("groundbeef", "serving") + np.linspace(0, 1, 254)
    free = fit_quietly(x, family)
    for name, value in free.params.items():
        if not math.isfinite(value):
            continue
        fixed = fit_quietly(x, family, fixed={name: value})
        assert fixed.params[name] == value
        assert fixed.llf == pytest.approx(free.llf, rel=1e-11)
        assert flat(fixed.params) == pytest.approx(flat(free.params), rel=1e-5)


def test_bounds_that_do_not_bind_change_nothing():
    free = mle.fit(X, "gamma")
    bounded = mle.fit(X, "gamma", bounds={"shape": (0.1, 50.0), "scale": (None, 100.0)})
    assert flat(bounded.params) == pytest.approx(flat(free.params), rel=1e-7)
    assert bounded.llf == pytest.approx(free.llf, rel=1e-12)
    assert bounded.certificate.verdict == "interior"
    assert flat(bounded.bse) == pytest.approx(flat(free.bse), rel=1e-5)


@pytest.mark.parametrize("bounds", [(5.0, None), (None, 1.0), (5.0, 6.0), (0.5, 1.0)])
def test_bounds_that_bind_are_the_estimate(bounds):
    low, high = bounds
    at = low if low is not None and low > 2.5 else high
    with pytest.warns(mle.FitWarning, match=f"shape = {at:g}"):
        fit = mle.fit(X, "gamma", bounds={"shape": bounds})
    assert fit.params["shape"] == at
    assert fit.params["scale"] == pytest.approx(X.mean() / at, rel=1e-9)
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.boundary == ("shape",)
    assert math.isnan(fit.bse["shape"])
    assert fit.llf == pytest.approx(mle.fit(X, "gamma", fixed={"shape": at}).llf, rel=1e-12)


def test_a_bound_on_a_location():
    x = column("newcomb", "x")
    with pytest.warns(mle.FitWarning, match="loc = 30"):
        fit = mle.fit(x, "student_t", bounds={"loc": (30.0, None)})
    assert fit.params["loc"] == 30.0
    assert fit.llf == pytest.approx(mle.fit(x, "student_t", fixed={"loc": 30.0}).llf, rel=1e-11)


@pytest.mark.parametrize("start", [{"shape": 0.05}, {"shape": 80.0}, {"shape": 1.0, "scale": 50.0}, {"scale": 1e-3}])
def test_the_start_does_not_change_the_maximum(start):
    free, started = mle.fit(X, "gamma"), mle.fit(X, "gamma", start=start)
    assert started.llf == pytest.approx(free.llf, rel=1e-12)
    assert flat(started.params) == pytest.approx(flat(free.params), rel=1e-6)
    assert started.certificate.verdict == "interior"


# --- weights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["gamma", "normal", "weibull", "student_t", "gumbel", "laplace"])
def test_weights_are_repetitions(family):
    weights = np.array([1, 3, 2, 1, 4, 1, 2])
    weighted, repeated = fit_quietly(X, family, weights=weights), fit_quietly(np.repeat(X, weights), family)
    assert flat(weighted.params) == pytest.approx(flat(repeated.params), rel=1e-7)
    assert weighted.nobs == 14.0
    assert weighted.llf == pytest.approx(repeated.llf, rel=1e-12)
    assert weighted.aic == pytest.approx(repeated.aic, rel=1e-12)
    assert weighted.bic == pytest.approx(repeated.bic, rel=1e-12)
    assert flat(weighted.bse) == pytest.approx(flat(repeated.bse), rel=1e-5, nan_ok=True)
    for kind in ("opg", "sandwich"):
        assert weighted.cov_params(kind).to_numpy() == pytest.approx(
            repeated.cov_params(kind).to_numpy(), rel=1e-4, nan_ok=True
        )


def test_a_weight_of_zero_is_a_missing_row():
    assert mle.fit(np.append(X, 1e6), "gamma", weights=[1.0] * 7 + [0.0]).llf == pytest.approx(mle.fit(X, "gamma").llf)


def test_a_row_without_weight_may_lie_outside_the_support():
    fit = mle.fit(np.append(X, -1.0), "gamma", weights=[1.0] * 7 + [0.0])
    assert fit.llf == pytest.approx(mle.fit(X, "gamma").llf)


def test_reliability_weights():
    """A row counts as one observation: the estimate is that of frequencies, the error is the sandwich, AIC is none."""
    weights = np.array([0.5, 1.5, 1.0, 2.0, 0.25, 1.0, 0.75])
    fit = mle.fit(mle.Sample(X, weights, "reliability"), "exponential")
    frequency = mle.fit(X, "exponential", weights=weights)
    mean = np.average(X, weights=weights)
    assert fit.params["scale"] == pytest.approx(mean, rel=1e-14)
    assert frequency.params["scale"] == pytest.approx(mean, rel=1e-14)
    expected = math.sqrt(np.sum(weights**2 * (X - mean) ** 2)) / weights.sum()
    assert fit.bse["scale"] == pytest.approx(expected, rel=1e-6)
    assert frequency.bse["scale"] == pytest.approx(mean / math.sqrt(weights.sum()), rel=1e-6)
    assert math.isnan(fit.aic)
    assert math.isnan(fit.bic)
    assert math.isfinite(fit.tic)


def test_the_scale_of_reliability_weights_does_not_matter():
    weights = np.array([0.5, 1.5, 1.0, 2.0, 0.25, 1.0, 0.75])
    one = mle.fit(mle.Sample(X, weights, "reliability"), "gamma")
    other = mle.fit(mle.Sample(X, 1000 * weights, "reliability"), "gamma")
    assert flat(other.params) == pytest.approx(flat(one.params), rel=1e-9)
    assert flat(other.bse) == pytest.approx(flat(one.bse), rel=1e-6)


def test_weights_given_twice():
    with pytest.raises(WeightError, match="its own weights"):
        mle.fit(mle.Sample(X), "gamma", weights=np.ones(7))


# --- constants per row ------------------------------------------------------------------------------------------------


def test_a_number_of_trials_per_row():
    successes, trials = np.array([3.0, 8.0, 1.0, 10.0]), np.array([5, 12, 4, 20])
    fit = mle.fit(successes, mle.get_family("binomial", n=trials))
    assert fit.params["p"] == pytest.approx(22 / 41, rel=1e-12)
    assert fit.llf == pytest.approx(scipy.stats.binom(trials, 22 / 41).logpmf(successes).sum(), rel=1e-12)
    assert fit.bse["p"] == pytest.approx(math.sqrt(22 / 41 * 19 / 41 / 41), rel=1e-6)
    with pytest.raises(ParameterError, match="4 values for 3 rows"):
        mle.fit(successes[:3], mle.get_family("binomial", n=trials))


def test_a_large_sample_whose_extremes_the_subsample_misses_is_fitted_whole():
    """The search starts on every 13th row here; the largest value, on another row, excludes what it finds there."""
    x = np.random.default_rng(0).uniform(size=60_001) ** 0.5
    x[7] = 1.4
    fit = mle.fit(x, "gev")
    assert fit.certificate.verdict == "interior"
    assert fit.llf >= mle.fit(x, "gev", solver="L-BFGS-B").llf - 1e-8 * abs(fit.llf)
    assert np.all(np.isfinite(fit.logpdf_rows()))
