"""Regressions of levels some of whose coefficients run to infinity, several predictors together."""

import warnings

import numpy as np
import pytest
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.errors import UnboundedLikelihoodError


@pytest.fixture
def rng():
    return np.random.default_rng(20_240_602)


def binary_logit(y, design):
    """Coefficients and log-likelihood by Newton's method, written for this test."""
    beta = np.zeros(design.shape[1])
    for _ in range(60):
        p = special.expit(design @ beta)
        information = design.T @ (design * (p * (1 - p))[:, None])
        beta += np.linalg.solve(information, design.T @ (y - p))
    llf = np.sum(special.log_expit(np.where(y == 1, 1, -1) * (design @ beta)))
    return beta, np.sqrt(np.diag(np.linalg.inv(information))), llf


def three_groups(rng):
    """Setosa apart from two others that overlap."""
    x = np.r_[rng.normal(-9.0, 1.0, 30), rng.normal(0.0, 1.0, 40), rng.normal(1.0, 1.0, 40)]
    return np.column_stack([np.ones(110), x, rng.normal(size=110)]), np.repeat(["far", "low", "top"], [30, 40, 40])


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_what_is_left_of_three_levels_is_the_logit_of_two(rng, unit, tmp_path):
    design, level = three_groups(rng)
    beta, se, llf = binary_logit((level[30:] == "top") * 1.0, design[30:])
    design = design * [1.0, unit, 1.0]
    with pytest.warns(mle.FitWarning, match=r"p\[far\]\[x1\] -> -∞.* impossible in 110 of 110 rows"):
        fit = mle.regress(level, design, "categorical", reference="low")
    scale = [1.0, unit, 1.0]
    assert fit.certificate.verdict == "boundary"
    assert fit.llf == pytest.approx(llf, abs=1e-9)
    np.testing.assert_allclose(fit.params["p"]["top"] * scale, beta, rtol=1e-6)
    np.testing.assert_allclose(fit.bse["p"]["top"] * scale, se, rtol=1e-6)
    assert np.isnan(fit.bse["p"]["far"]).all()
    fit.save(tmp_path / "fit.json")
    new = np.array([[1.0, -20.0, 0.0], [1.0, 0.3, 1.0]]) * scale
    p = special.expit(new[1] / scale @ beta)
    for one in (fit, mle.load(tmp_path / "fit.json")):
        np.testing.assert_allclose(one.predict(new), [[1, 0, 0], [0, 1 - p, p]], atol=1e-8)


def test_against_a_reference_that_runs_off_only_differences_are_determined(rng):
    """The supremum and the predictions do not depend on the reference; no coefficient is determined."""
    design, level = three_groups(rng)
    with pytest.warns(mle.FitWarning):
        fit, other = (mle.regress(level, design, "categorical", reference=one) for one in ("far", "top"))
    assert fit.llf == pytest.approx(other.llf, abs=1e-9)
    assert not np.isfinite(fit.params["p"].to_numpy()).any()
    np.testing.assert_allclose(fit.predict(design), other.predict(design), atol=1e-9)


def test_a_group_without_the_reference_level(rng):
    """Both log-odds rise together, and their difference stays: it is that of a regression of the two levels left."""
    group, z = np.arange(180) % 3, rng.normal(size=180)
    y = rng.integers(0, 3, 180)
    y[(group == 1) & (y == 0)] = 2
    frame = {"y": y, "g": np.array(list("abc"))[group], "z": z}
    with pytest.warns(mle.FitWarning, match=r"p\[1\]\[g\[T.b\]\] -> ∞, p\[2\]\[g\[T.b\]\] -> ∞"):
        fit = mle.regress("y ~ g + z", frame, "categorical")

    def nll(b):
        eta = np.column_stack([np.where(group == 1, -60.0, 0.0), *(_design(group, z) @ b.reshape(2, 4).T).T])
        return -np.sum(special.log_softmax(eta, axis=1)[np.arange(180), y])

    best = optimize.minimize(nll, np.zeros(8), method="BFGS", options={"gtol": 1e-8})
    assert fit.llf == pytest.approx(-best.fun, abs=1e-6)
    assert np.isfinite(fit.residuals(rng=1)).all()
    np.testing.assert_allclose(fit.cov_params("expected"), fit.cov_params(), atol=1e-8)  # the link is canonical
    determined = fit.params["p"].to_numpy().T[:, [0, 2, 3]]
    np.testing.assert_allclose(determined, best.x.reshape(2, 4)[:, [0, 2, 3]], atol=2e-4)


def _design(group, z):
    return np.column_stack([np.ones(len(z)), group == 1, group == 2, z])


def test_cutpoints_run_off_with_the_location(rng, tmp_path):
    """All rows with x = 0 are of the lowest level and none with x = 1: what is left is the share of the others."""
    x, y = np.repeat([0.0, 1.0], 30), np.r_[np.zeros(30), rng.integers(1, 3, 30)]
    share = np.mean(y[30:] == 1)
    with pytest.warns(mle.FitWarning, match=r"loc\[x\] -> ∞, cutpoints\[0\|1\] -> ∞, cutpoints\[1\|2\] -> ∞"):
        fit = mle.regress("y ~ x", {"x": x, "y": y}, "ordinal")
    assert fit.llf == pytest.approx(30 * -stats.bernoulli(share).entropy(), abs=1e-10)
    fit.save(tmp_path / "fit.json")
    for one in (fit, mle.load(tmp_path / "fit.json")):
        np.testing.assert_allclose(one.predict({"x": [0.0, 1.0]}), [[1, 0, 0], [0, share, 1 - share]], atol=1e-9)
    # One-sided: P(level 0 | x = 0) falls from 1 as its cutpoint is held.
    lower, upper = fit.conf_int(method="profile").loc["cutpoints[0|1]"]
    bound = 0.5 * stats.chi2.ppf(0.95, 1)
    assert lower == pytest.approx(-np.log(np.expm1(bound / 30)), rel=1e-6)
    assert upper == np.inf


def test_a_cutpoint_may_be_given_wherever_it_is(rng):
    """The others begin in order with it; the judge climbs the likelihood written out."""
    x = rng.normal(size=120)
    y = np.digitize(x + rng.logistic(size=120), [-1.0, 0.0, 1.5])
    fit = mle.regress("y ~ x", {"x": x, "y": y}, "ordinal", fixed={"cutpoints[1|2]": 6.0})

    def nll(t):
        cuts = np.array([-np.inf, 6 - np.exp(t[1]), 6.0, 6 + np.exp(t[2]), np.inf])
        return -np.sum(np.log(special.expit(cuts[y + 1] - t[0] * x) - special.expit(cuts[y] - t[0] * x)))

    best = optimize.minimize(nll, [1.0, 1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11})
    assert fit.llf == pytest.approx(-best.fun, abs=1e-7)


def test_levels_that_are_all_apart_are_refused(rng):
    x = np.linspace(0, 9, 40)
    for family in ("ordinal", "categorical"):
        with pytest.raises(UnboundedLikelihoodError, match=r"the covariates separate y: .* in all 40 rows"):
            mle.regress("y ~ x", {"x": x, "y": np.digitize(x, [3.1, 6.2])}, family)


def test_small_random_problems_are_nowhere_below_a_climb():
    """An independent climb of the plain likelihood comes as near to the supremum as it has patience."""
    verdicts = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n, k = int(rng.integers(14, 30)), 3
        design = np.column_stack([np.ones(n), rng.integers(0, 3, n)])
        y = np.argmax(design @ rng.normal(size=(2, k)) * 2 + rng.gumbel(size=(n, k)), axis=1)
        if len(set(y)) < k or len(set(design[:, 1])) < 2:
            continue

        def nll(b, design=design, y=y):
            eta = np.column_stack([np.zeros(len(y)), design @ b.reshape(2, 2).T])
            log_p = special.log_softmax(eta, axis=1)
            p = np.exp(log_p)
            p[np.arange(len(y)), y] -= 1
            return -np.sum(log_p[np.arange(len(y)), y]), (p[:, 1:].T @ design).ravel()

        best = optimize.minimize(nll, np.zeros(4), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 2000})
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", mle.FitWarning)
                fit = mle.regress(y, design, "categorical")
        except UnboundedLikelihoodError:
            llf, verdict = 0.0, "unbounded"
        else:
            llf, verdict = fit.llf, str(fit.certificate.verdict)
        verdicts.append(verdict)
        assert -1e-8 <= llf + best.fun <= 1e-3, seed
    assert set(verdicts) >= {"interior", "boundary"}
    assert not set(verdicts) & {"not_identified", "not_converged"}
