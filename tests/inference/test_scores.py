"""Scores on held-out data: exact where they can be, and of every form of data."""

import numpy as np
import pytest
from references import column
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import ComparisonError, ParameterError
from mle_toolkit.inference import scores
from mle_toolkit.inference.scores import bootstrap_optimism, resampled_counts

BEEF = column("groundbeef", "serving")
ENDOSULFAN = column("endosulfan", "ATV")


def refitted(x, family):
    """Leave-one-out scores by fitting again without each observation."""
    return np.array([mle.fit(np.delete(x, i), family).distribution.logpdf(x[i]) for i in range(len(x))])


# --- leave-one-out ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["gamma", "weibull", "lognormal", "normal", "exponential", "gumbel"])
@pytest.mark.parametrize("x", [BEEF[::3], ENDOSULFAN], ids=["groundbeef", "endosulfan"])
def test_one_newton_step_is_near_the_refit(family, x):
    """Every score to 0.005 nats, and their mean to 2 % of its distance from the mean of the whole sample."""
    result = mle.compare(x, [family])
    found, exact = result.leave_one_out().scores[:, 0], refitted(x, family)
    np.testing.assert_allclose(found, exact, atol=5e-3)
    distance = np.mean(result.best.logpdf_rows()) - np.mean(exact)
    assert abs(np.mean(found) - np.mean(exact)) < 0.02 * distance


@pytest.mark.parametrize("family", ["uniform", "laplace", "pareto"])
def test_ends_of_supports_and_kinks_are_refitted(family):
    x = 1 + BEEF[:40] + np.linspace(0, 0.3, 40)
    found = mle.compare(x, [family]).leave_one_out()
    np.testing.assert_allclose(found.scores[:, 0], refitted(x, family), rtol=1e-12)
    assert f"{family} 40" in found.method
    assert np.isneginf(found.scores).any() == (family != "laplace")


def test_an_exponential_mean_is_left_out_by_formula():
    n, x = 30, stats.expon().rvs(30, random_state=0)
    rest = (np.sum(x) - x) / (n - 1)
    found = mle.compare(x, ["exponential"]).leave_one_out()
    np.testing.assert_allclose(found.scores[:, 0], -np.log(rest) - x / rest, atol=2e-3)


def test_short_steps_become_exact_as_the_sample_grows():
    gaps = []
    for n in (50, 500):
        x = stats.gamma(2.0).rvs(n, random_state=1)
        gaps.append(np.max(np.abs(mle.compare(x, ["gamma"]).leave_one_out().scores[:, 0] - refitted(x, "gamma"))))
    assert gaps[1] < 0.3 * gaps[0]


def test_the_error_of_one_step_is_of_second_order(monkeypatch):
    """Without refits: of four times the data, sixteen times smaller; less than a ninth here."""
    monkeypatch.setattr(scores, "LONG_STEP", np.inf)
    errors = []
    for x in (BEEF[::4], BEEF):
        found = mle.compare(x, ["gamma"]).leave_one_out()
        assert "refitted" not in found.method
        errors.append(np.max(np.abs(found.scores[:, 0] - refitted(x, "gamma"))))
    assert errors[1] < errors[0] / 9


def test_leaving_one_out_tends_to_tic():
    """Stone (1977): the mean score is the mean log-likelihood less the optimism, to first order."""
    fit = mle.fit(BEEF, "gamma")
    found = float(mle.compare(BEEF, [fit]).leave_one_out().mean()[0])
    assert -2 * 254 * found == pytest.approx(fit.tic, abs=0.2)


def test_one_of_a_frequency_table_is_left_out_at_a_time():
    x = np.repeat(np.arange(6), [40, 30, 15, 8, 5, 2]).astype(float)
    values, counts = np.unique(x, return_counts=True)
    laws = ["poisson", "negbin", "geometric"]
    rows = mle.compare(x, laws).leave_one_out()
    table = mle.compare(mle.Sample.table(values, counts), laws).leave_one_out()
    np.testing.assert_allclose(rows.mean(), table.mean(), rtol=1e-9)
    np.testing.assert_allclose(rows.se(rows.scores), table.se(table.scores), rtol=1e-9)


def test_constants_given_per_row_go_with_their_rows():
    n = np.tile([5, 10, 20], 10)
    x = stats.binom(n, 0.4).rvs(random_state=2).astype(float)
    held = mle.compare(x, [mle.get_family("binomial", n=n)]).leave_one_out()
    rest = (np.sum(x) - x) / (np.sum(n) - n)
    np.testing.assert_allclose(held.scores[:, 0], stats.binom(n, rest).logpmf(x), atol=2e-3)
    found = mle.compare(x, [mle.get_family("binomial", n=n), mle.get_family("betabinomial", n=n)])
    assert np.all(np.isfinite(found.cross_validated(5, rng=1).scores))


# --- cross-validation -------------------------------------------------------------------------------------------------


def test_as_many_folds_as_observations_leave_one_out():
    x = BEEF[:30] + np.linspace(0, 0.3, 30)
    found = mle.compare(x, ["gamma", "normal"]).cross_validated(folds=30, rng=1)
    for k, family in enumerate(found.names):
        assert sorted(found.scores[:, k]) == pytest.approx(sorted(refitted(x, family)), rel=1e-7)


def test_folds_are_the_same_for_all_models_and_for_equal_seeds():
    result = mle.compare(BEEF, ["gamma", mle.fit(BEEF, stats.gamma), "weibull"])
    found = result.cross_validated(5, rng=3)
    np.testing.assert_allclose(found.scores[:, 0], found.scores[:, 1], atol=1e-6)
    np.testing.assert_array_equal(found.scores, result.cross_validated(5, rng=3).scores)
    assert len(found.scores) == 254
    alone = mle.compare(BEEF, ["gamma"]).cross_validated(5, rng=3)
    np.testing.assert_array_equal(alone.scores[:, 0], found.scores[:, found.names.index("gamma")])


def test_differences_are_paired():
    found = mle.compare(BEEF, ["gamma", "weibull", "lognormal"]).cross_validated(rng=1)
    table = found.table.set_index("family")
    assert list(table.index) == ["gamma", "weibull", "lognormal"]
    assert table["score"].is_monotonic_decreasing
    terms = found.scores[:, found.names.index("weibull")] - found.scores[:, found.names.index("gamma")]
    assert table.loc["weibull", "delta"] == pytest.approx(np.mean(terms), rel=1e-12)
    assert table.loc["weibull", "delta_se"] == pytest.approx(np.std(terms) / np.sqrt(254), rel=1e-12)
    assert table.loc["gamma", "delta_se"] == 0.0
    assert "10-fold" in str(found)


def test_tables_are_dealt_observation_by_observation():
    values, counts = np.arange(5.0), np.array([109, 65, 22, 3, 1])
    found = mle.compare(mle.Sample.table(values, counts), ["poisson", "geometric"]).cross_validated(10, rng=1)
    assert np.sum(found.weight) == 200
    assert np.all(found.weight == np.rint(found.weight))
    raw = mle.compare(np.repeat(values, counts), ["poisson", "geometric"]).cross_validated(10, rng=1)
    np.testing.assert_allclose(found.mean(), raw.mean(), atol=0.01)


def test_known_parameters_and_bounds_stay_in_every_fold():
    known = mle.fit(BEEF, "gamma", fixed={"shape": 4.0})
    found = mle.compare(BEEF, [known]).cross_validated(2, rng=1)
    # Of a known shape the scale is mean / shape.
    halves = [[], []]
    order = np.random.default_rng(1).permutation(np.arange(254) % 2)
    for fold in (0, 1):
        law = stats.gamma(4.0, scale=np.mean(BEEF[order != fold]) / 4.0)
        halves[fold] = law.logpdf(BEEF[order == fold])
    np.testing.assert_allclose(found.scores[:, 0], np.concatenate(halves), rtol=1e-7)
    bounded = mle.compare(BEEF, ["gamma"], bounds={"shape": (None, 2.0)})
    assert float(bounded.cross_validated(5, rng=1).mean()[0]) < float(found.mean()[0]) - 0.05


@pytest.mark.parametrize(
    "sample",
    [
        mle.Sample.right_censored(np.minimum(BEEF, 100.0), BEEF <= 100),
        mle.Sample.rounded(BEEF, 1.0),
        mle.Sample(BEEF[BEEF > 20]).truncated(lower=20.0),
        mle.Sample(BEEF, np.linspace(0.5, 1.5, 254), "reliability"),
    ],
    ids=["censored", "rounded", "truncated", "reliability"],
)
def test_every_form_of_data(sample):
    result = mle.compare(sample, ["gamma", "weibull"])
    folds, one = result.cross_validated(10, rng=1), result.leave_one_out()
    inside = np.array([-fit.cross_entropy for fit in result.fits.values()])
    assert np.all(folds.mean() < inside)
    assert np.all(one.mean() < inside)
    np.testing.assert_allclose(one.mean(), folds.mean(), atol=0.01)


def test_a_model_that_cannot_be_fitted_to_a_fold_has_no_score():
    x = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 3.0])  # without the 3 nothing is left to fit
    found = mle.compare(x, ["zip", "geometric"]).leave_one_out()
    assert "without row 5" in found.failures["zip"]
    assert np.isnan(found.mean()[found.names.index("zip")])
    assert found.table["family"].iloc[0] == "geometric"
    assert "no score" in str(found)


@pytest.mark.parametrize("folds", [0, 1, 255])
def test_there_are_at_least_two_folds_and_at_most_one_an_observation(folds):
    with pytest.raises(ParameterError, match="folds"):
        mle.compare(BEEF, ["gamma"]).cross_validated(folds)


# --- the bootstrap ----------------------------------------------------------------------------------------------------


def test_the_optimism_of_the_bootstrap_is_near_that_of_tic():
    for family in ("gamma", "lognormal", "exponential"):
        fit = mle.fit(BEEF, family)
        found = bootstrap_optimism(fit.at_maximum, fit.sample, 400, rng=1)
        assert found.value == pytest.approx(fit.optimism, abs=0.1 * fit.optimism + 4 * found.error)


def test_the_variance_is_reduced():
    """Against the plain mean of l(X*; θ*) - l(X; θ*), whose spread has that of the data in it."""
    fit = mle.fit(BEEF, "gamma")
    found = bootstrap_optimism(fit.at_maximum, fit.sample, 100, rng=1)
    plain_error = np.std(fit.logpdf_rows()) * np.sqrt(254 / 100)
    assert found.error < 0.25 * plain_error


def test_the_optimism_of_a_normal_law_is_that_of_its_theory():
    """For normal data 2n / (n - 3) on average: Konishi & Kitagawa (2008), sec. 3.5, for the parametric bootstrap."""
    n, found = 25, []
    for seed in range(30):
        x = np.random.default_rng(seed).standard_normal(n)
        fit = mle.fit(x, "normal")
        found.append(bootstrap_optimism(fit.at_maximum, fit.sample, 100, rng=seed).value)
    assert np.mean(found) == pytest.approx(2 * n / (n - 3), abs=0.5)


def test_resamples_hold_as_many_observations_and_follow_their_seed():
    sample = mle.Sample.table([0, 1, 2], [10, 5, 1])
    first, second = (np.concatenate(list(resampled_counts(sample, 120, rng=1))) for _ in range(2))
    assert first.shape == (120, 3)
    assert np.all(first.sum(axis=1) == 16)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first.mean(axis=0), [10, 5, 1], atol=1.0)
    with pytest.raises(ComparisonError, match="not numbers of observations"):
        next(resampled_counts(mle.Sample([1.0, 2.0], [1.0, 2.0], "reliability"), 10, rng=1))
    with pytest.raises(ComparisonError, match="not numbers of observations"):
        next(resampled_counts(mle.Sample([1.0, 2.0], [0.5, 1.0]), 10, rng=1))


def test_rows_are_looked_at_in_blocks_and_their_influence_does_not_depend_on_them(monkeypatch):
    """Second derivatives of all rows at once take rows times coefficients squared."""
    rng = np.random.default_rng(1)
    frame = {"x": rng.normal(size=90), "w": rng.integers(1, 3, 90), "event": rng.random(90) < 0.7}
    frame["y"] = rng.weibull(1.5, 90) * np.exp(0.2 * frame["x"])
    fit = mle.regress("right_censored(y, event) ~ x", frame, "weibull", weights="w")
    whole = fit.influence()
    monkeypatch.setattr(scores, "_AT_ONCE", 200)
    # A logarithm may be rounded otherwise in a shorter block; differences of scores take that 1e4 times.
    np.testing.assert_allclose(fit.influence(), whole, rtol=1e-9, atol=1e-10)
