"""Laws whose parameters come from designs."""

import numpy as np

import mle_toolkit as mle


def test_few_distinct_observations_are_no_spike():
    """Ratings of three levels on five covariates: a normal regression is least squares, whatever the ties."""
    rng = np.random.default_rng(0)
    design = np.column_stack([np.ones(30), rng.normal(size=(30, 5))])
    rating = rng.integers(0, 3, size=30).astype(float)
    fit = mle.regress(rating, design, "normal")
    least_squares = np.linalg.lstsq(design, rating, rcond=None)[0]
    np.testing.assert_allclose(fit.params["mu"], least_squares, rtol=0, atol=1e-12)
    assert fit.certificate.ok
