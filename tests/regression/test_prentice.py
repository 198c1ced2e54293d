"""Regressions of the generalized gamma law about the lognormal one, where its own parameters run off together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.errors import FitWarning
from mle_toolkit.estimation.certificate import Verdict

FORMULA = "right_censored(time, event) ~ x1 + x2"


def lognormal_times(n, seed):
    """Right-censored times of a lognormal law with two covariates."""
    rng = np.random.default_rng(1000 * n + seed)
    x1, x2 = rng.normal(size=n), rng.integers(0, 2, n).astype(float)
    times = np.exp(1 + 0.5 * x1 - 0.7 * x2 + 0.8 * rng.normal(size=n))
    ends = rng.exponential(8, n)
    return {"time": np.minimum(times, ends), "event": times <= ends, "x1": x1, "x2": x2, "times": times}


def prentice_loglik(params, frame):
    """The log-likelihood in Prentice's parameters, written down anew."""
    design = np.column_stack([np.ones(len(frame["x1"])), frame["x1"], frame["x2"]])
    log_sigma, q = params[3:]
    w = (np.log(frame["time"]) - design @ params[:3]) / np.exp(log_sigma)
    if abs(q) < 1e-4:
        density, survival = stats.norm.logpdf(w), stats.norm.logsf(w)
    else:
        a = q**-2
        u = a * np.exp(q * w)
        density = np.log(abs(q)) + a * np.log(a) + w / q - u - special.gammaln(a)
        survival = np.log(special.gammaincc(a, u) if q > 0 else special.gammainc(a, u))
    return np.sum(np.where(frame["event"], density - log_sigma - np.log(frame["time"]), survival))


@pytest.mark.parametrize("n", [40, 200, 500])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_censored_regression_finds_the_maximum(n, seed):
    """A maximum that another search, in other parameters, finds too; the lognormal law is never higher."""
    frame = lognormal_times(n, seed)
    fit = mle.regress(FORMULA, frame, "generalized_gamma")
    assert fit.certificate.ok, fit.certificate.message
    ends = [
        optimize.minimize(
            lambda p: -prentice_loglik(p, frame),
            [1.0, 0.5, -0.7, -0.2, q],
            method="Nelder-Mead",
            options={"maxfev": 4000, "maxiter": 4000, "xatol": 1e-7, "fatol": 1e-9},
        ).fun
        for q in (-0.5, 0.5)
    ]
    assert fit.llf == pytest.approx(-min(ends), abs=1e-6)
    assert fit.llf >= mle.regress(FORMULA, frame, "lognormal").llf - 1e-9


def test_coefficients_keep_their_errors_beside_the_lognormal_law():
    """The constant of the scale is hardly known there; the other coefficients are, as those of the lognormal law."""
    frame = lognormal_times(500, 1)
    fit = mle.regress(FORMULA, frame, "generalized_gamma")
    other = mle.regress(FORMULA, frame, "lognormal")
    assert fit.bse["scale"]["Intercept"] > 10
    for term in ("x1", "x2"):
        assert fit.params["scale"][term] == pytest.approx(other.params["meanlog"][term], abs=0.05)
        assert fit.bse["scale"][term] == pytest.approx(other.bse["meanlog"][term], rel=0.1)


def test_a_maximum_that_no_double_tells_from_the_lognormal_law_is_that_law():
    """Its coefficients, but for the constant, and their errors are those of the lognormal regression."""
    frame = lognormal_times(500, 3)
    with pytest.warns(FitWarning, match="scale with an intercept of -∞, where generalized_gamma is lognormal"):
        fit = mle.regress(FORMULA, frame, "generalized_gamma")
    other = mle.regress(FORMULA, frame, "lognormal")
    assert fit.certificate.verdict is Verdict.BOUNDARY
    assert fit.llf == pytest.approx(other.llf, abs=1e-9)
    for term in ("x1", "x2"):
        assert fit.params["scale"][term] == pytest.approx(other.params["meanlog"][term], rel=1e-6)
        assert fit.bse["scale"][term] == pytest.approx(other.bse["meanlog"][term], rel=1e-6)
    assert np.isnan(fit.bse["shape2"])
    np.testing.assert_allclose(fit.predict(), other.predict(), rtol=1e-6)


def test_a_subsample_has_the_designs_of_its_own_rows():
    """Of many censored rows a search begins on a few."""
    frame = lognormal_times(2000, 1)
    fit = mle.regress(FORMULA, frame, "generalized_gamma")
    assert fit.certificate.ok
    assert fit.llf > mle.regress(FORMULA, frame, "lognormal").llf


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_units_move_nothing_but_the_constant(unit):
    """Another unit of the times and of a covariate."""
    frame = lognormal_times(200, 1)
    fit = mle.regress(FORMULA, frame, "generalized_gamma")
    moved = frame | {"time": frame["time"] * unit, "x1": (100 + frame["x1"]) / unit}
    other = mle.regress(FORMULA, moved, "generalized_gamma")
    assert other.params["shape2"] == pytest.approx(fit.params["shape2"], rel=1e-4)
    assert other.params["scale"]["x1"] == pytest.approx(fit.params["scale"]["x1"] * unit, rel=1e-4)
    assert other.llf == pytest.approx(fit.llf - frame["event"].sum() * np.log(unit), rel=1e-9)
