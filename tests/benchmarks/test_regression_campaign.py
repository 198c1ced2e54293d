"""The judge of regressions knows its densities, sees what is wrong, and raises no false alarm."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import _judge as judge
import regression_campaign as campaign

import mle_toolkit as mle

SEED = 20_260_801
N = 40


def _trial(law: str, main: str, x: np.ndarray, design: np.ndarray, link: str, **parts) -> campaign.Trial:
    whole = {"lower": x, "upper": x, "weight": np.ones(len(x)), "window": None, "sample": mle.Sample(x)} | parts
    return campaign.Trial(
        judge.LAWS[law], campaign.MODELS[law], law, {main: design}, {main: link}, [], main, None, "clean", "exact",
        whole["sample"], whole["lower"], whole["upper"], whole["weight"], whole["window"],
    )  # fmt: skip


@pytest.fixture
def durations() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(SEED)
    design = np.column_stack([np.ones(N), rng.normal(size=N), 1e4 * rng.random(N)])
    return design, np.exp(design @ [1.0, 0.5, 1e-4]) * rng.weibull(1.5, N)


def test_log_likelihoods_are_those_of_scipy(durations):
    design, x = durations
    low, high = 0.9 * x, np.where(np.arange(N) % 3 == 0, np.inf, 1.1 * x)
    first = np.full(N, 1e-3)
    trial = _trial("weibull", "scale", x, design, "log", lower=low, upper=high, window=(first, np.full(N, np.inf)))
    coefficients = [1.3, 0.8, 0.4, 1.2e-4]
    laws = stats.weibull_min(1.3, scale=np.exp(design @ coefficients[1:]))
    expected = np.sum(np.log(laws.cdf(high) - laws.cdf(low)) - laws.logsf(first))
    search = campaign.Search(trial, np.random.default_rng(0))
    assert search.loglik(coefficients) == pytest.approx(expected, rel=1e-12)
    assert search.exact_loglik(coefficients) == pytest.approx(expected, rel=1e-12)
    there = search.coordinates(coefficients)
    assert search.coefficients(there) == pytest.approx(coefficients, rel=1e-10)


def test_a_good_fit_is_right_and_a_bad_one_is_not(durations):
    design, x = durations
    trial = _trial("weibull", "scale", x, design, "log")
    out = campaign.regressed(trial) | {"seconds": 0.1}

    def judged(**wrong):
        return campaign.judged(trial, out | wrong, np.random.default_rng(1))[0]

    assert judged() == "right"
    assert judged(llf=out["llf"] + 0.01) == "wrong"
    lower = [out["params"][0], out["params"][1] + 0.3, *out["params"][2:]]
    at = campaign.Search(trial, np.random.default_rng(0)).loglik(lower)
    assert judged(params=lower, llf=at) == "wrong"
    assert judged(bse=[1.01 * error for error in out["bse"]]) == "errors off"
    assert campaign.judged(trial, {"raised": "NoMaximumError", "seconds": 0.1}, np.random.default_rng(1))[0] == (
        "false refusal"
    )
    assert judged(seconds=99.0) == "hang"


def test_a_refusal_of_separated_outcomes_is_right():
    design = np.column_stack([np.ones(8), np.arange(8.0)])
    trial = _trial("bernoulli", "p", (np.arange(8) > 3).astype(float), design, "logit")
    out = campaign.regressed(trial) | {"seconds": 0.1}
    assert "raised" in out or out["verdict"] == "unbounded"
    assert campaign.judged(trial, out, np.random.default_rng(1))[0] == "right"


def test_trials_are_those_of_their_number():
    for k in range(6):
        one, again = campaign.make(SEED, k), campaign.make(SEED, k)
        assert np.array_equal(one.lower, again.lower)
        assert one.links == again.links
        rows = len(one.lower)
        assert all(len(design) == rows for design in one.designs.values())
        assert replace(one).sample.n_rows == rows
