"""Bounds of lives from tests with few failures, or none."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

import mle_toolkit as mle
from mle_toolkit.errors import DataError, ParameterError

HOURS = [500.0, 800.0, 800.0, 1000.0]


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("shape", [0.5, 1.0, 3.0])
def test_without_failures_the_bound_is_where_so_long_a_run_has_the_probability_alpha(shape, unit):
    found = mle.weibayes(mle.Sample.right_censored(unit * np.array(HOURS), [0] * 4), shape, alpha=0.1)
    assert found.value == math.inf

    def run(log_scale):
        return stats.weibull_min(shape, scale=math.exp(log_scale)).logsf(HOURS).sum() - math.log(0.1)

    assert found.interval[0] / unit == pytest.approx(math.exp(optimize.brentq(run, -5, 25, xtol=1e-13)), rel=1e-9)
    assert found.interval[1] == math.inf


def test_with_failures_it_is_the_fit_of_a_known_shape_and_garwoods_bound():
    entry = [0.0, 0.0, 100.0, 0.0, 50.0, 0.0]
    sample = mle.Sample.right_censored([*HOURS, 300.0, 650.0], [0, 1, 0, 0, 1, 0]).truncated(lower=entry)
    found = mle.weibayes(sample, 2.0)
    assert found.value == pytest.approx(mle.fit(sample, "weibull", fixed={"shape": 2.0}).params["scale"], rel=1e-8)
    total = np.sum(np.array([*HOURS, 300.0, 650.0]) ** 2) - 100.0**2 - 50.0**2
    # So many failures or fewer have the probability alpha, of a Poisson number with the mean total / scale ** 2.
    assert stats.poisson.cdf(2, total / found.interval[0] ** 2) == pytest.approx(0.05, rel=1e-9)
    twice = mle.Sample(HOURS, [2, 2, 2, 2])
    assert mle.weibayes(twice, 1.5) == mle.weibayes(HOURS * 2, 1.5)


def test_it_covers_as_often_as_it_says():
    """Of units that are replaced by none, stopped at a fixed time: at least 90 of 100."""
    rng, held = np.random.default_rng(1), 0
    for _ in range(400):
        t = 1000 * rng.weibull(2.0, 10)
        bound = mle.weibayes(mle.Sample.right_censored(np.minimum(t, 400), t < 400), 2.0, alpha=0.1).interval[0]
        held += bound <= 1000
    assert held >= 355  # 360 expected at least, less than one standard deviation


def test_what_it_does_not_take():
    with pytest.raises(DataError, match="1 of 2 rows are intervals"):
        mle.weibayes(mle.Sample.intervals([1, 2], [3, np.inf]), 2.0)
    with pytest.raises(DataError, match="times are below 0"):
        mle.weibayes([-1.0, 2.0], 2.0)
    with pytest.raises(DataError, match="nothing was watched"):
        mle.weibayes(mle.Sample.right_censored([0.0], [0]), 2.0)
    with pytest.raises(ParameterError, match="shape"):
        mle.weibayes(HOURS, 0.0)
