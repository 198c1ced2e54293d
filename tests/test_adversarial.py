"""Every adversarial case of data in one column: the right behaviour that it states, and not the wrong one."""

import math

import numpy as np
import pytest
import scipy.stats
from references import HERE, adversarial, column, fit_quietly

import mle_toolkit as mle
from mle_toolkit.errors import (
    DataError,
    DegenerateDataError,
    NoMaximumError,
    SupportError,
    UnboundedLikelihoodError,
    WeightError,
)

TESTED = {
    "adv_normal_all_equal",
    "adv_weibull_two_values_ties",
    "adv_lognormal_negative",
    "adv_lnorm3_unbounded",
    "adv_gev_two_obs",
    "adv_one_obs_exponential",
    "adv_empty",
    "adv_nb_underdispersed",
    "adv_t_gaussian_limit",
    "adv_poisson_all_zero",
    "adv_zip_no_zeros",
    "adv_logseries_all_ones",
    "adv_vm_uniform",
    "adv_cauchy_multimodal_1",
    "adv_uniform_endpoints",
    "adv_nan",
    "adv_strings",
    "adv_object_ints",
    "adv_2d_univariate",
    "adv_huge",
    "adv_offset",
    "adv_shift_equivariance",
    "adv_weights_negative",
    "adv_weights_zero_row",
    "adv_weights_length",
    "adv_poisson_nonint",
    "adv_counts_huge",
    "adv_all_right_censored",
    "adv_interval_noninformative",
    "adv_survival_far_tail",
    "adv_truncation_violated",
    "adv_dirichlet_not_simplex",
    "adv_mvn_n_le_d",
}
LATER = {
    "adv_kl_zero_cells": "divergences between given laws",
    "adv_normal_mixture_spike": "mixtures",
    "adv_logit_complete_separation": "regression",
}


def data_of(name: str) -> np.ndarray:
    return np.array(adversarial()[name]["data"]["x"], dtype=float)


def expected_of(name: str) -> dict:
    return adversarial()[name]["expected"]


def test_every_case_is_tested_or_says_why_not_yet():
    assert set(adversarial()) == TESTED | set(LATER)
    assert not TESTED & set(LATER)
    assert {f"test_{name.removeprefix('adv_')}" for name in TESTED} <= set(globals())


# --- degenerate and unbounded -----------------------------------------------------------------------------------------


def test_normal_all_equal():
    with pytest.raises(DegenerateDataError, match=r"equal|distinct") as caught:
        mle.fit(data_of("adv_normal_all_equal"), "normal")
    assert isinstance(caught.value, ValueError)


def test_weibull_two_values_ties():
    expected = expected_of("adv_weibull_two_values_ties")
    fit = mle.fit(data_of("adv_weibull_two_values_ties"), "weibull")
    assert fit.params["shape"] == pytest.approx(expected["shape"], rel=1e-10)
    assert fit.params["scale"] == pytest.approx(expected["scale"], rel=1e-10)
    assert fit.llf == pytest.approx(expected["loglik"], rel=1e-12)
    assert fit.certificate.verdict == "interior"


def test_lnorm3_unbounded():
    """Through the SciPy law with its location free: no spike at the smallest observation is passed off as a maximum."""
    x = column("aircondit", "hours")
    law = mle.get_family(scipy.stats.lognorm, loc=None)
    try:
        fit = fit_quietly(x, law)
    except UnboundedLikelihoodError:
        pass  # one of two right behaviours
    else:
        assert fit.certificate.verdict != "interior"
        if fit.certificate.verdict == "local":
            assert x.min() - fit.params["loc"] > 1e-3
            assert fit.llf < -50
        else:
            assert not fit.certificate.ok


def test_gev_two_obs():
    with pytest.raises(DegenerateDataError, match="2 distinct values cannot determine 3 parameters"):
        mle.fit(data_of("adv_gev_two_obs"), "gev")


def test_one_obs_exponential():
    expected = expected_of("adv_one_obs_exponential")
    fit = mle.fit(data_of("adv_one_obs_exponential"), "exponential")
    assert fit.params["scale"] == pytest.approx(expected["scale"], rel=1e-15)
    assert fit.llf == pytest.approx(expected["loglik"], rel=1e-14)
    assert fit.bse["scale"] == pytest.approx(expected["se"], rel=1e-9)
    assert fit.certificate.verdict == "interior"


@pytest.mark.parametrize("family", ["normal", "gamma", "poisson", "student_t"])
def test_empty(family):
    with pytest.raises(ValueError, match="no observations") as caught:
        mle.fit(adversarial()["adv_empty"]["data"]["x"], family)
    assert isinstance(caught.value, DataError)


# --- boundaries -------------------------------------------------------------------------------------------------------


def test_nb_underdispersed():
    expected = expected_of("adv_nb_underdispersed")
    sample = mle.Sample.table(column("weldondice", "x"), column("weldondice", "freq"))
    with pytest.warns(mle.FitWarning, match="poisson"):
        fit = mle.fit(sample, "negbin")
    assert fit.params["size"] == math.inf
    assert fit.params["mu"] == pytest.approx(expected["mu"], rel=1e-12)
    assert fit.llf == pytest.approx(expected["loglik_sup"], rel=1e-12)
    assert math.isnan(fit.bse["size"])
    assert fit.bse["mu"] == pytest.approx(math.sqrt(expected["mu"] / fit.nobs), rel=1e-6)
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "poisson"
    assert fit.certificate.boundary == ("size",)
    assert fit.distribution.family.name == "poisson"


def test_t_gaussian_limit():
    x = column("faithful", "waiting")
    with pytest.warns(mle.FitWarning, match="normal"):
        fit = mle.fit(x, "student_t")
    assert fit.params["df"] == math.inf
    assert fit.params["loc"] == pytest.approx(x.mean(), rel=1e-13)
    assert fit.params["scale"] == pytest.approx(x.std(), rel=1e-12)
    assert fit.llf == pytest.approx(expected_of("adv_t_gaussian_limit")["loglik_sup"], rel=1e-12)
    assert math.isnan(fit.bse["df"])
    assert fit.bse["loc"] == pytest.approx(x.std() / math.sqrt(len(x)), rel=1e-6)
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "normal"


def test_poisson_all_zero():
    with pytest.warns(mle.FitWarning, match="mu = 0"):
        fit = mle.fit(data_of("adv_poisson_all_zero"), "poisson")
    assert fit.params["mu"] == 0.0
    assert fit.llf == 0.0
    assert math.isnan(fit.bse["mu"])
    assert fit.certificate.verdict == "boundary"


def test_zip_no_zeros():
    expected = expected_of("adv_zip_no_zeros")
    with pytest.warns(mle.FitWarning):
        fit = mle.fit(data_of("adv_zip_no_zeros"), "zip")
    assert fit.params["pi"] == 0.0
    assert fit.params["mu"] == pytest.approx(expected["lambda"], rel=1e-12)
    assert fit.llf == pytest.approx(expected["loglik"], rel=1e-12)
    assert math.isnan(fit.bse["pi"])
    assert fit.bse["mu"] == pytest.approx(math.sqrt(expected["lambda"] / 7), rel=1e-6)
    assert fit.certificate.verdict == "boundary"
    assert "pi" in fit.certificate.boundary


def test_logseries_all_ones():
    x = data_of("adv_logseries_all_ones")
    try:
        fit = fit_quietly(x, "logseries")
    except NoMaximumError:
        pass  # one of two right behaviours
    else:
        assert fit.certificate.verdict == "boundary"
        assert fit.params["p"] == 0.0
        assert fit.llf == pytest.approx(expected_of("adv_logseries_all_ones")["loglik_sup"], abs=1e-12)
        assert math.isnan(fit.bse["p"])


def test_vm_uniform():
    case = adversarial()["adv_vm_uniform"]
    with pytest.warns(mle.FitWarning):
        fit = mle.fit(case["data"]["rad"], "von_mises")
    assert 0 <= fit.params["kappa"] < 1e-6
    assert fit.llf == pytest.approx(case["expected"]["loglik"], rel=1e-12)
    assert math.isnan(fit.bse["mu"])
    assert fit.certificate.verdict in ("boundary", "not_identified")


# --- several maxima, no regular theory --------------------------------------------------------------------------------


def test_cauchy_multimodal_1():
    expected = expected_of("adv_cauchy_multimodal_1")
    x = data_of("adv_cauchy_multimodal_1")
    fit = mle.fit(x, "cauchy", fixed={"scale": 1.0})
    assert fit.params["loc"] == pytest.approx(expected["loc"], abs=1e-8)
    assert fit.params["scale"] == 1.0
    assert fit.llf == pytest.approx(expected["loglik"], rel=1e-12)
    assert fit.df_model == 1
    # A start beside a local maximum finds that one: the user asked for it.
    for loc, loglik in expected["local"]:
        local = fit_quietly(x, "cauchy", fixed={"scale": 1.0}, start={"loc": loc})
        assert local.params["loc"] == pytest.approx(loc, abs=1e-8)
        assert local.llf == pytest.approx(loglik, rel=1e-12)


def test_uniform_endpoints():
    expected = expected_of("adv_uniform_endpoints")
    fit = mle.fit(data_of("adv_uniform_endpoints"), "uniform")
    assert list(fit.params.values()) == [expected["a"], expected["b"]]
    assert fit.llf == pytest.approx(expected["loglik"], rel=1e-14)
    assert all(math.isnan(se) for se in fit.bse.values())
    assert fit.certificate.verdict == "non_regular"


# --- data that are not data -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["normal", "gamma", "student_t", "weibull"])
def test_nan(family):
    x = data_of("adv_nan")
    with pytest.raises(DataError, match=r"1 of 4 observations are missing \(NaN\); the first is x\[2\]"):
        mle.fit(x, family)
    omitted = fit_quietly(x, family, nan_policy="omit")
    assert omitted.nobs == 3
    assert omitted.llf == fit_quietly(x[~np.isnan(x)], family).llf


@pytest.mark.parametrize("family", ["normal", "poisson"])
def test_strings(family):
    x = adversarial()["adv_strings"]["data"]["x"]
    for given in (x, np.array(x), np.array(x, dtype=object)):
        with pytest.raises(DataError, match="expected real numbers"):
            mle.fit(given, family)


@pytest.mark.parametrize("family", ["normal", "poisson"])
def test_object_ints(family):
    x = np.array([10**20, 10**20 + 2 * 10**18, 10**20 + 10**18], dtype=object)
    fit = mle.fit(x, family)
    assert fit.params["mu"] == pytest.approx(1.01e20, rel=1e-14)
    assert math.isfinite(fit.llf)


def test_2d_univariate():
    for x in (np.arange(12.0).reshape(4, 3), np.arange(4.0).reshape(4, 1), [[1.0, 2.0], [3.0, 4.0]]):
        with pytest.raises(DataError, match="2 dimensions"):
            mle.fit(x, "normal")


def test_lognormal_negative():
    with pytest.raises(SupportError, match=r"1 of 4 observations .* x\[2\] = -0\.5") as caught:
        mle.fit(data_of("adv_lognormal_negative"), "lognormal")
    assert caught.value.outside == (2,)
    assert caught.value.family == "lognormal"


def test_poisson_nonint():
    with pytest.raises(SupportError, match=r"x\[1\] = 2\.5") as caught:
        mle.fit(data_of("adv_poisson_nonint"), "poisson")
    assert caught.value.outside == (1,)


# --- extreme numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["adv_huge", "adv_offset"])
def test_huge_or_far_off(name):
    expected = expected_of(name)
    fit = mle.fit(data_of(name), "normal")
    assert fit.params["mu"] == pytest.approx(expected["mu"], rel=1e-15)
    assert fit.params["sigma"] == pytest.approx(expected["sigma"], rel=1e-12)
    assert fit.llf == pytest.approx(expected["loglik"], rel=1e-12)
    assert fit.bse["mu"] == pytest.approx(expected["sigma"] / math.sqrt(fit.nobs), rel=1e-6)
    assert fit.certificate.verdict == "interior"


def test_huge():
    """Half of the largest double on either side: the range overflows, the fit does not."""
    x = np.array([-1.5e308, -0.5e308, 0.5e308, 1.5e308])
    fit = mle.fit(x, "normal")
    assert fit.params["mu"] == pytest.approx(0.0, abs=1e293)
    assert fit.params["sigma"] == pytest.approx(math.sqrt(1.25) * 1e308, rel=1e-12)


def test_offset():
    """The same residuals at every offset that doubles hold exactly."""
    x = data_of("adv_offset")
    residual = x - x[0]
    for offset in (0.0, 1e6, 1e12, -1e12, 2.0**50):
        fit = mle.fit(residual + offset, "normal")
        assert fit.params["sigma"] == pytest.approx(expected_of("adv_offset")["sigma"], rel=1e-12)


def test_shift_equivariance():
    x = column("groundbeef", "serving")
    one, other = mle.fit(x, "gamma"), mle.fit(x * 1e-6, "gamma")
    assert other.params["shape"] == pytest.approx(one.params["shape"], rel=1e-10)
    assert other.params["scale"] == pytest.approx(one.params["scale"] * 1e-6, rel=1e-10)
    assert other.llf == pytest.approx(one.llf + 254 * math.log(1e6), rel=1e-13)


def test_counts_huge():
    x = data_of("adv_counts_huge")
    fit = mle.fit(x, "poisson")
    assert fit.params["mu"] == 1e15
    # Near its mean mu, log p(x) = -log(2 pi mu) / 2 - (x - mu)^2 / (2 mu) up to terms of order d^3 / mu^2 = 1e-6.
    near = -0.5 * math.log(2 * math.pi * 1e15) - np.square(x - 1e15) / 2e15
    assert fit.llf == pytest.approx(float(near.sum()), rel=1e-3)


# --- weights ----------------------------------------------------------------------------------------------------------


def test_weights_negative():
    data = adversarial()["adv_weights_negative"]["data"]
    with pytest.raises(WeightError, match=r"1 of 3 are negative; the first is weights\[1\] = -1"):
        mle.fit(data["x"], "normal", weights=data["weights"])


def test_weights_zero_row():
    data, expected = adversarial()["adv_weights_zero_row"]["data"], expected_of("adv_weights_zero_row")
    fit = mle.fit(data["x"], "exponential", weights=data["weights"])
    assert fit.params["scale"] == pytest.approx(expected["scale"], rel=1e-15)
    assert fit.llf == pytest.approx(expected["loglik"], rel=1e-14)
    assert fit.nobs == 3.0
    assert fit.bic == pytest.approx(-2 * expected["loglik"] + math.log(3), rel=1e-12)


def test_weights_length():
    data = adversarial()["adv_weights_length"]["data"]
    with pytest.raises(WeightError, match="2 weights for 3 observations"):
        mle.fit(data["x"], "normal", weights=data["weights"])


# --- vectors ----------------------------------------------------------------------------------------------------------


def test_dirichlet_not_simplex():
    with pytest.raises(SupportError, match="row 0") as caught:
        mle.fit(adversarial()["adv_dirichlet_not_simplex"]["data"]["rows"], "dirichlet")
    assert isinstance(caught.value, ValueError)
    assert caught.value.outside == (0,)


def test_mvn_n_le_d():
    assert adversarial()["adv_mvn_n_le_d"]["data"]["x_python"] == "np.eye(3)"
    with pytest.raises(DegenerateDataError, match="singular"):
        mle.fit(np.eye(3), "multivariate_normal")


# --- forms of data ----------------------------------------------------------------------------------------------------


def test_all_right_censored():
    data = adversarial()["adv_all_right_censored"]["data"]
    with pytest.raises(NoMaximumError, match="all 3 observations are right-censored") as caught:
        mle.fit(mle.Sample.right_censored(data["time"], data["event"]), "exponential")
    assert caught.value.certificate.verdict == "unbounded"


def test_interval_noninformative():
    """A row that says nothing is named; without it the fit is the published one."""
    path = HERE / "data" / "dev" / "prepared" / "cens_lnorm_salinity.csv"
    rows = np.genfromtxt(path, delimiter=",", names=True)
    with pytest.raises(DataError, match=f"1 of {len(rows) + 1} observations are open at both ends.*row {len(rows)}"):
        mle.Sample.intervals([*rows["left"], None], [*rows["right"], None])
    fit = mle.fit(mle.Sample.intervals(rows["left"], rows["right"]), "lognormal")
    assert fit.llf == pytest.approx(expected_of("adv_interval_noninformative")["loglik"], rel=1e-12)


def test_survival_far_tail():
    data, expected = adversarial()["adv_survival_far_tail"]["data"], expected_of("adv_survival_far_tail")
    sample = mle.Sample.right_censored(data["time"], data["event"])
    law = mle.distribution("normal", mu=0.0, sigma=1.0)
    assert float(law.logsf(60.0)) == pytest.approx(expected["log_sf_60"], rel=1e-14)
    at_truth = mle.fit(sample, "normal", fixed={"mu": 0.0, "sigma": 1.0})
    assert at_truth.llf == pytest.approx(expected["loglik"], rel=1e-14)
    fit = mle.fit(sample, "normal")
    assert fit.llf > at_truth.llf
    assert fit.certificate.verdict == "interior"


def test_truncation_violated():
    data = adversarial()["adv_truncation_violated"]["data"]
    with pytest.raises(ValueError, match=r"1 of 3 observations lie outside their window; the first is row 0: 25"):
        mle.Sample(data["x"]).truncated(lower=data["lower"])
