"""Laws seen through a window."""

import numpy as np
import pytest

import mle_toolkit as mle


@pytest.mark.parametrize(
    ("base", "params"),
    [
        ("negbin", {"size": [2.0, 0.3], "mu": [3.0, 0.01]}),
        ("geometric", {"prob": [0.3, 0.9]}),
        (mle.get_family("binomial", n=6), {"p": [0.2, 0.99]}),
    ],
    ids=["negbin", "geometric", "binomial"],
)
def test_moments_without_zeros_are_those_of_the_sum(base, params):
    law = mle.distribution(mle.zero_truncated(base), **{name: np.array(value) for name, value in params.items()})
    x = np.arange(1.0, 400.0)[:, None]
    p = law.pdf(x)
    mean = np.sum(x * p, axis=0)
    np.testing.assert_allclose(law.mean(), mean, rtol=1e-12)
    np.testing.assert_allclose(law.var(), np.sum(np.square(x - mean) * p, axis=0), rtol=1e-11)
