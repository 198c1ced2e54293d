"""The likelihood at parameters so far out that formulas leave the range of numbers."""

import itertools

import numpy as np
import pytest
from strategies import CONTINUOUS

import mle_toolkit as mle
from mle_toolkit.likelihood.sums import Likelihood

FAR = (0.0, 5e-324, 1.0, 1e300)


@pytest.mark.parametrize("law", CONTINUOUS, ids=lambda law: law.name)
def test_parameters_that_are_no_law_are_impossible_and_raise_nothing(law):
    """A trial point at which the scale has become 0 ended searches with a math domain error (Fréchet laws by entry)."""
    x = np.array([0.25, 0.5, 0.5, 0.75])
    for sample in (mle.Sample(x), mle.Sample(x).truncated(lower=x - 0.2)):
        likelihood = Likelihood(law, sample)
        for theta in itertools.islice(itertools.product(FAR, repeat=len(law.parameters)), 64):
            assert not np.isposinf(likelihood.mean_loglik(np.array(theta)))
