"""Regressions of mixtures: the maximum by brute force, order of components, limits, what does not matter."""

import numpy as np
import pytest
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.errors import FitWarning, ParameterError
from mle_toolkit.estimation.certificate import Verdict

N = 120


def flexmix_recipe(seed=1):
    """The artificial data NPreg of Leisch (2004), Journal of Statistical Software 11 (8), sec. 4.1, by its recipe."""
    rng = np.random.default_rng(seed)
    x, first = rng.uniform(0, 10, N), np.arange(N) < N // 2
    yn = np.where(first, 5 * x, 40 - (x - 5) ** 2) + rng.normal(0, 3, N)
    yp = rng.poisson(np.exp(np.where(first, 2 - 0.2 * x, 1 + 0.1 * x)))
    return {"x": x, "z": x + np.where(first, 4.0, -4.0) * rng.uniform(size=N), "yn": yn, "yp": yp}


def highest(nll, starts):
    """The best end of many climbs of another likelihood."""
    return -min(optimize.minimize(nll, start, method="BFGS").fun for start in starts)


@pytest.fixture(scope="module")
def data():
    return flexmix_recipe()


@pytest.fixture(scope="module")
def poisson(data):
    return mle.regress("yp ~ x", data, mle.mixture("poisson", 2), weights="~ z")


def test_formulas_of_components_and_of_weights_reach_the_highest_of_many_climbs(data, poisson):
    design = np.column_stack([np.ones(N), data["x"]])
    known = np.column_stack([np.ones(N), data["z"]])

    def nll(at):
        eta = known @ at[:2]
        rows = [
            log_weight + data["yp"] * (design @ own) - np.exp(design @ own) - special.gammaln(data["yp"] + 1)
            for log_weight, own in ((special.log_expit(-eta), at[2:4]), (special.log_expit(eta), at[4:]))
        ]
        return -np.sum(np.logaddexp(*rows))

    rng = np.random.default_rng(2)
    with np.errstate(all="ignore"):
        best = highest(nll, [rng.normal(scale=[1, 1, 1, 0.2, 1, 0.2]) for _ in range(12)])
    assert poisson.llf == pytest.approx(best, abs=1e-6)
    own = np.concatenate([poisson.params[name] for name in ("weights2", "mu1", "mu2")])
    assert -nll(own) == pytest.approx(poisson.llf, abs=1e-9)
    assert poisson.certificate.verdict == Verdict.INTERIOR


def test_curves_that_cross_are_told_apart(data):
    with pytest.warns(mle.errors.FitWarning, match="local maximum"):
        fit = mle.regress("yn ~ x + I(x**2)", data, mle.mixture("normal", 2))
    truth = {"mu1": [0.0, 5.0, 0.0], "mu2": [15.0, 10.0, -1.0]}
    for name, values in truth.items():
        assert np.all(np.abs(fit.params[name] - values) < 4 * fit.bse[name])
    assert fit.certificate.verdict == Verdict.LOCAL
    wrong = fit.memberships()[1].to_numpy() < 0.5
    assert np.mean(wrong == (np.arange(N) >= N // 2)) > 0.85


def test_components_come_in_the_order_of_their_locations_where_covariates_have_their_means(poisson, data):
    at = poisson.predict({"x": [np.mean(data["x"])], "z": [0.0]}, "params")
    assert at["mu1"][0] < at["mu2"][0]


def test_units_of_covariates_and_order_of_rows_move_nothing(poisson, data):
    rows = np.random.default_rng(3).permutation(N)
    moved = {name: column[rows] for name, column in data.items()} | {"x": 1e4 + 1e-3 * data["x"][rows]}
    fit = mle.regress("yp ~ x", moved, mle.mixture("poisson", 2), weights="~ z")
    assert fit.llf == pytest.approx(poisson.llf, abs=1e-8)
    assert fit.params["mu1"]["x"] == pytest.approx(1e3 * poisson.params["mu1"]["x"], rel=1e-7)


def test_the_weights_of_rows_are_repeats_beside_a_formula_of_the_log_odds(data):
    times = np.random.default_rng(4).integers(1, 4, N)
    weighed = mle.regress("yp ~ x", data | {"times": times}, mle.mixture("poisson", 2), weights="times", weights2="~ z")
    repeated = {name: np.repeat(column, times) for name, column in data.items()}
    whole = mle.regress("yp ~ x", repeated, mle.mixture("poisson", 2), weights="~ z")
    assert weighed.llf == pytest.approx(whole.llf, abs=1e-8)


def test_a_component_that_the_data_do_not_need_has_weight_0(data):
    even = np.round(np.exp(1 + 0.1 * data["x"]))
    with pytest.warns(mle.errors.FitWarning, match="mixture of 2 poisson is poisson"):
        fit = mle.regress("y ~ x", {"x": data["x"], "y": even}, mle.mixture("poisson", 2))
    alone = mle.regress("y ~ x", {"x": data["x"], "y": even}, "poisson")
    assert fit.params["weights2"] == -np.inf
    np.testing.assert_allclose(fit.params["mu1"], alone.params["mu"], rtol=1e-8)
    np.testing.assert_allclose(fit.predict({"x": [1.0]}), alone.predict({"x": [1.0]}))


def test_a_fit_is_saved_and_loaded(poisson, tmp_path):
    poisson.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    new = {"x": [1.0, 9.0], "z": [0.0, 1.0]}
    np.testing.assert_allclose(loaded.predict(new, se=True), poisson.predict(new, se=True), rtol=1e-10)


def test_one_name_means_the_parameter_of_each_component(data):
    shared = mle.mixture("normal", 2, shared=("sigma",))
    fit = mle.regress("yn ~ x + I(x**2)", data, shared, offset={"mu2": "x"}, fixed={"mu1[I(x ** 2)]": 0.0})
    assert list(fit.params) == ["weights2", "mu1", "mu2", "sigma"]
    assert fit.params["mu1"]["I(x ** 2)"] == 0.0
    several = mle.regress("yp ~ 1", data, mle.mixture(["poisson", "negbin"]), **{"negbin.size": "~ x"})
    assert several.coefficient_names == (
        "weights2", "poisson.mu[Intercept]", "negbin.size[Intercept]", "negbin.size[x]", "negbin.mu[Intercept]",
    )  # fmt: skip


def test_what_a_mixture_has_not_is_said(data, poisson):
    with pytest.raises(ParameterError, match=r"no parameter 'sd'; its parameters: weights2, mu1, mu2"):
        mle.regress("yp ~ x", data, mle.mixture("poisson", 2), sd="~ x")
    with pytest.raises(ParameterError, match="poisson has no parameter 'weights'"):
        mle.regress("yp ~ x", data, "poisson", weights="~ z")
    with pytest.raises(ParameterError, match="memberships: poisson is no mixture"):
        mle.regress("yp ~ x", data, "poisson").memberships()


def test_components_with_limits_of_their_own_are_compared_with_these():
    """Two negative binomial lines, of which one is a Poisson law in the data: the search ends, and says so."""
    rng = np.random.default_rng(5)
    n = 120
    first, x = np.repeat([True, False], n // 2), rng.normal(size=n)
    means = np.where(first, np.exp(1 + 0.4 * x), np.exp(3 - 0.3 * x))
    frame = {"y": rng.poisson(np.where(first, means, means * rng.gamma(5, 1 / 5, n))), "x": x}
    with pytest.warns(FitWarning, match="size1 = ∞, where mixture of 2 negbin is mixture of poisson and negbin"):
        fit = mle.regress("y ~ x", frame, "mixture(negbin, 2)")
    assert fit.certificate.ok, fit.certificate.message
    laws = stats.poisson(np.exp(1 + 0.4 * x)), stats.nbinom(5, 5 / (5 + np.exp(3 - 0.3 * x)))
    truth = np.sum(np.log(0.5 * laws[0].pmf(frame["y"]) + 0.5 * laws[1].pmf(frame["y"])))
    assert fit.llf > truth
