"""The likelihood at parameters so far out that formulas leave the range of numbers."""

import itertools

import numpy as np
import pytest
from strategies import CONTINUOUS

import mle_toolkit as mle
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit

FAR = (0.0, 5e-324, 1.0, 1e300)


@pytest.mark.parametrize("law", CONTINUOUS, ids=lambda law: law.name)
def test_parameters_that_are_no_law_are_impossible_and_raise_nothing(law):
    """A trial point at which the scale has become 0 ended searches with a math domain error (Fréchet laws by entry)."""
    x = np.array([0.25, 0.5, 0.5, 0.75])
    for sample in (mle.Sample(x), mle.Sample(x).truncated(lower=x - 0.2)):
        likelihood = Likelihood(law, sample)
        for theta in itertools.islice(itertools.product(FAR, repeat=len(law.parameters)), 64):
            assert not np.isposinf(likelihood.mean_loglik(np.array(theta)))
            if likelihood.plain and law.score is not None and law.hessian is not None:
                assert not np.isposinf(likelihood.derivatives(np.array(theta))[0])


@pytest.mark.parametrize("events", [[1, 0, 1], [0, 0, 0], [1, 1, 1]])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("weights", [None, [2.0, 1.0, 3.0]])
def test_that_there_are_points_is_known_without_them(events, known, weights):
    sample = mle.Sample.right_censored([1.0, 2.0, 3.0], events, weights)
    sample = sample.with_known(z=[1.0, 2.0, 4.0]) if known else sample
    without, beside = (Likelihood(mle.get_family("weibull"), sample, Unit()) for _ in range(2))
    assert without.has_points == (beside.exact is not None) == any(events)
    weight = np.array(weights or [1.0] * 3)
    assert without.share_of_points == np.sum(weight[np.array(events) == 1]) / np.sum(weight)
