"""Products with columns of a design are those of the columns formed, however these are kept."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.likelihood.designs import Columns

RNG = np.random.default_rng(3)
SIXTEENTHS = np.round(RNG.normal(7.0, 2.0, 50) * 16) / 16  # so that sums with whole numbers are exact
X = np.column_stack([np.ones(50), SIXTEENTHS, RNG.normal(size=50)])
BY = np.array([[1.0, -3.5, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 2.0]])
ONE, OTHER = Columns(X, BY), Columns(X[:, :2])
Z = X @ BY


@pytest.mark.parametrize("across", [-1 - X[:, 1] ** 2, X[:, 1] ** 2, X[:, 2]], ids=["below 0", "above 0", "both"])
def test_products_are_those_of_the_columns(across):
    np.testing.assert_allclose(ONE.formed(), Z, rtol=1e-13)
    np.testing.assert_allclose(ONE.times(np.array([0.3, -2.0, 1.0])), Z @ [0.3, -2.0, 1.0], rtol=1e-12)
    np.testing.assert_allclose(ONE.summed(across), Z.T @ across, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(ONE.squared(across), Z.T @ np.diag(across) @ Z, rtol=1e-11, atol=1e-10)
    np.testing.assert_allclose(ONE.crossed(OTHER, across), Z.T @ np.diag(across) @ X[:, :2], rtol=1e-11, atol=1e-10)


@pytest.mark.parametrize("shift", [0.0, 20.0, 40.0, 1e9])
def test_a_column_far_from_zero_is_centred_row_by_row(shift):
    """Near zero it is not copied; wherever it is, the slopes and their standard errors are the same."""
    y = RNG.poisson(np.exp(0.3 * X[:, 2]))
    near = mle.regress(y, X, "poisson")
    far = mle.regress(y, X + shift * np.array([0.0, 2.0, 0.0]), "poisson")
    assert (far.model.linear["mu"].by_raw is None) == (shift > 20.0)
    moved = (far.params["mu"] - near.params["mu"]) / near.bse["mu"]
    np.testing.assert_allclose(moved[1:], 0.0, atol=1e-6)
    np.testing.assert_allclose(far.bse["mu"][1:], near.bse["mu"][1:], rtol=1e-6)
    assert far.llf == pytest.approx(near.llf, rel=1e-12)
