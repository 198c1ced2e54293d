"""Regressions are compared with the law without covariates where they may be below it, and nowhere else."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.estimation import above_null


@pytest.fixture
def looked(monkeypatch):
    """Names of the laws without covariates that are looked at."""
    names = []
    null = above_null._null
    monkeypatch.setattr(above_null, "_null", lambda model, sample: names.append(model.base.name) or null(model, sample))
    return names


def test_a_regression_of_counts_is_climbed_once(looked):
    """A zero-inflated one was compared with the law without covariates, which took ten times as long as itself."""
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(200), rng.normal(size=200)])
    counts = rng.negative_binomial(2.0, 1.0 / (1.0 + 0.5 * np.exp(design @ [1.0, 0.3]))) * (rng.random(200) < 0.6)
    for law in ("zip", mle.zero_inflated("negbin"), "negbin", "poisson"):
        assert mle.regress(counts, design, law).certificate.ok
    assert looked == []
    seen = counts > 0
    mle.regress(mle.Sample(counts[seen]).truncated(lower=0.5), design[seen], "poisson")
    assert looked == ["poisson"]


def test_a_regression_of_measurements_is_compared_if_the_law_begins_at_several_places(looked):
    rng = np.random.default_rng(4)
    design = np.column_stack([np.ones(60), rng.normal(size=60)])
    for law in ("normal", "gamma", "weibull", "student_t"):
        mle.regress(np.exp(0.2 * (design @ [1.0, 0.5] + rng.normal(size=60))), design, law)
    assert looked == ["student_t"]
