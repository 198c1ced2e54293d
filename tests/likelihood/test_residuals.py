"""Sums of normal regressions at one point, from those at another."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.likelihood.residuals import sums_from
from mle_toolkit.likelihood.sums import Likelihood


@pytest.fixture
def likelihood():
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(60), rng.normal(size=60), rng.uniform(size=60)])
    y = x @ [1.0, 2.0, -1.0] + rng.normal(size=60)
    fit = mle.regress(y, x, "normal", weights=rng.integers(1, 4, 60).astype(float))
    return Likelihood(fit.model, fit.at_maximum.likelihood.data)


HERE, THERE = np.array([0.3, 0.2, -0.1, 0.9]), np.array([-0.1, 0.9, 0.2, 0.6])


def test_sums_elsewhere_are_those_of_a_pass_there(likelihood):
    sums = [np.array(likelihood._derivative_sums(at, likelihood.family.unpack(at))) for at in (HERE, THERE)]
    np.testing.assert_allclose(sums_from(sums[0], HERE, THERE, likelihood.nobs), sums[1], rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("there", [[0.3, 0.2, -0.1, -1.0], [np.nan, 0.2, -0.1, 1.0], [0.3, 0.2, -0.1, np.inf]])
def test_there_are_none_where_there_is_no_law(likelihood, there):
    sums = np.array(likelihood._derivative_sums(HERE, likelihood.family.unpack(HERE)))
    assert sums_from(sums, HERE, np.array(there), likelihood.nobs) is None


def test_from_so_far_that_digits_are_lost_rows_are_read_again(likelihood):
    far = np.array([1e6, 0.2, -0.1, 0.9])
    sums = np.array(likelihood._derivative_sums(far, likelihood.family.unpack(far)))
    assert sums_from(sums, far, HERE, likelihood.nobs) is None
    likelihood.mean_loglik(far)
    known = likelihood.derivatives(HERE)
    likelihood._forget()
    for got, want in zip(known, likelihood.derivatives(HERE), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_long_regression_takes_one_pass(monkeypatch):
    """What least squares say: coefficients to 1e-9 standard errors, these to 1e-12."""
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(30_000), 1e6 + rng.normal(size=(30_000, 2))])
    y = x @ [1.0, 2.0, -1.0] + 3.0 * rng.normal(size=30_000)
    passes = []
    plain = Likelihood._derivative_sums
    monkeypatch.setattr(
        Likelihood, "_derivative_sums", lambda self, *at: passes.append(self.data.n_rows) or plain(self, *at)
    )
    fit = mle.regress(y, x, "normal")
    assert passes.count(30_000) == 1
    moved = x - [0.0, 1e6, 1e6]
    beta, squares, *_ = np.linalg.lstsq(moved, y - 1e6, rcond=None)
    cov = np.linalg.inv(moved.T @ moved) * squares / 30_000
    np.testing.assert_allclose(fit.bse["mu"][1:], np.sqrt(cov.diagonal())[1:], rtol=1e-9)
    np.testing.assert_allclose(fit.params["mu"][1:], beta[1:], rtol=0, atol=1e-8 * np.sqrt(cov.diagonal().min()))
