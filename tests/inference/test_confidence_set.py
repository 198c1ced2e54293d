"""The model confidence set and stacking: identical models, clear cases, and the optimum."""

import numpy as np
import pytest
from references import column
from scipy import optimize

import mle_toolkit as mle
from mle_toolkit.errors import ComparisonError, ParameterError
from mle_toolkit.inference.confidence_set import confidence_set, stacking_weights
from mle_toolkit.inference.scores import HeldOut

BEEF = column("groundbeef", "serving")


def held_out(scores, weight=None):
    names = tuple("abcdefgh"[: scores.shape[1]])
    return HeldOut(names, scores, np.ones(len(scores)) if weight is None else weight, "as given")


def noise(n=200, m=4, seed=0):
    return np.random.default_rng(seed).standard_normal((n, m))


@pytest.mark.parametrize("statistic", ["max", "range"])
def test_models_that_are_the_same_all_stay(statistic):
    found = confidence_set(held_out(np.repeat(noise(m=1), 4, axis=1)), statistic=statistic, rng=1)
    assert set(found.included) == set("abcd")
    assert set(found.p_values.values()) == {1.0}


@pytest.mark.parametrize("statistic", ["max", "range"])
def test_a_model_that_is_clearly_worse_goes(statistic):
    scores = noise() + np.array([0.0, 0.0, -2.0, -0.02])
    found = confidence_set(held_out(scores), statistic=statistic, rng=1)
    assert found.excluded == ("c",)
    assert "c" not in found
    assert "a" in found
    assert len(found) == 3
    assert found.p_values["c"] == 0.0


@pytest.mark.parametrize("statistic", ["max", "range"])
def test_p_values_never_fall_along_the_elimination(statistic):
    found = confidence_set(held_out(noise(m=6) + 0.1 * np.arange(6)), statistic=statistic, rng=1)
    along = [found.p_values[name] for name in found.names]
    assert along == sorted(along, reverse=True)
    assert along[0] == 1.0
    assert set(found.names) == set("abcdef")


def test_two_models_are_compared_as_by_a_paired_test():
    """Of two models both statistics are |mean| / se of the paired difference, and p is two-sided."""
    from scipy import stats

    scores = noise(m=2, seed=3) + np.array([0.0, 0.15])
    p = stats.ttest_rel(scores[:, 0], scores[:, 1]).pvalue
    for statistic in ("range", "max"):
        found = confidence_set(held_out(scores), statistic=statistic, n=4000, rng=1)
        assert found.p_values["a"] == pytest.approx(p, abs=0.03)


def test_the_set_holds_the_best_model_as_often_as_it_says():
    """All four are equally good, so each is a best model: 95 % of the sets must hold the first."""
    kept = [1 - ("a" not in confidence_set(held_out(noise(100, 4, s)), n=200, rng=s)) for s in range(200)]
    assert np.mean(kept) > 0.93


def test_frequencies_count_as_so_many_rows():
    scores = noise(50)
    counts = np.random.default_rng(1).integers(1, 5, 50)
    table = confidence_set(held_out(scores, counts.astype(float)), n=4000, rng=1)
    rows = confidence_set(held_out(np.repeat(scores, counts, axis=0)), n=4000, rng=2)
    for name in "abcd":
        assert table.p_values[name] == pytest.approx(rows.p_values[name], abs=0.05)


def test_a_law_that_excludes_an_observation_goes_first():
    result = mle.compare(BEEF, ["gamma", "weibull", "uniform"])
    found = result.confidence_set(rng=1)
    assert found.p_values["uniform"] == 0.0
    assert found.names[-1] == "uniform"
    assert "gamma" in found
    assert str(found).startswith("95% model confidence set: gamma, weibull")
    assert found == result.confidence_set(rng=1)


def test_options_are_checked():
    scores = held_out(noise())
    with pytest.raises(ParameterError, match="alpha"):
        confidence_set(scores, alpha=2.0)
    with pytest.raises(ParameterError, match="unknown statistic"):
        confidence_set(scores, statistic="mean")
    with pytest.raises(ComparisonError, match="every model excludes"):
        confidence_set(held_out(np.full((5, 2), -np.inf)))
    weighted = HeldOut(("a", "b"), noise(m=2), np.ones(200), "as given", weight_kind="reliability")
    with pytest.raises(ComparisonError, match="reliability"):
        confidence_set(weighted)


# --- stacking ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_stacking_weights_are_the_optimum_on_the_simplex(seed):
    """No model can be given more weight with a gain: mean[q_k / Σ w q] <= 1, with equality where w > 0."""
    rng = np.random.default_rng(seed)
    scores = noise(300, 5, seed) * rng.uniform(0.1, 3.0) + rng.normal(0, 0.5, 5)
    weight = rng.integers(1, 4, 300).astype(float)
    w = stacking_weights(held_out(scores, weight))
    assert np.sum(w) == pytest.approx(1.0, abs=1e-12)
    assert np.all(w >= 0)
    density = np.exp(scores)
    slope = weight @ (density / (density @ w)[:, None]) / np.sum(weight)
    assert np.all(slope <= 1 + 1e-7)
    np.testing.assert_allclose(slope[w > 1e-6], 1.0, atol=1e-6)


def test_models_that_are_alike_do_not_disturb():
    """Copies, and thirty laws of one sample: only the sum of the weights of copies is determined."""
    scores = noise(200, 2, 4)
    alone, copies = stacking_weights(held_out(scores)), stacking_weights(held_out(scores[:, [0, 1, 0, 1, 0]]))
    assert copies[0] + copies[2] + copies[4] == pytest.approx(alone[0], abs=1e-5)
    found = mle.compare(mle.datasets.load("rivers").sample())
    scores = found.cross_validated(rng=1)
    w = found.weights("stacking", held_out=scores)
    assert sum(w.values()) == pytest.approx(1.0)
    density = np.exp(scores.scores - scores.scores.max(axis=1, keepdims=True))
    ratio = density / (density @ np.array(list(w.values())))[:, None]
    assert np.nanmax(np.mean(ratio, axis=0)) < 1 + 1e-7


def test_stacking_two_models_is_one_number():
    scores = noise(100, 2, 1)
    density = np.exp(scores)
    best = optimize.minimize_scalar(
        lambda a: -np.sum(np.log(a * density[:, 0] + (1 - a) * density[:, 1])), bounds=(0, 1), options={"xatol": 1e-10}
    ).x
    assert stacking_weights(held_out(scores))[0] == pytest.approx(best, abs=1e-5)


def test_a_mixture_is_found_again():
    """Of data from a mixture of two known laws the weights are its weights, to their standard error."""
    from scipy import stats

    rng = np.random.default_rng(2)
    x = np.where(rng.uniform(size=5000) < 0.3, rng.normal(0, 1, 5000), rng.normal(4, 1, 5000))
    w = stacking_weights(held_out(np.stack([stats.norm(m).logpdf(x) for m in (0, 4, 50)], axis=1)))
    np.testing.assert_allclose(w, [0.3, 0.7, 0.0], atol=0.02)


def test_the_best_of_all_gets_everything_and_the_failed_nothing():
    scores = np.stack([np.zeros(20), np.full(20, -1.0), np.full(20, np.nan)], axis=1)
    np.testing.assert_allclose(stacking_weights(held_out(scores)), [1.0, 0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(np.sum(stacking_weights(held_out(np.zeros((10, 3))))), 1.0)


def test_a_law_that_excludes_observations_may_have_a_weight():
    found = mle.compare(BEEF, ["gamma", "weibull", "uniform"])
    weights = found.weights("stacking", held_out=found.leave_one_out())
    assert sum(weights.values()) == pytest.approx(1.0)
    assert list(weights) == list(found.fits)
    with pytest.raises(ComparisonError, match="impossible under every model"):
        stacking_weights(held_out(np.array([[0.0, 0.0], [-np.inf, -np.inf]])))


def test_akaike_weights_are_those_of_the_table():
    found = mle.compare(BEEF, ["gamma", "weibull", "normal"])
    assert list(found.weights().values()) == list(found.table["akaike_weight"])
    with pytest.raises(ParameterError, match="unknown kind of weights"):
        found.weights("bayes")
