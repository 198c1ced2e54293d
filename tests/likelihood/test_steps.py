"""Compiled steps of many groups against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from mle_toolkit.numerics.newton import newton_steps

steps = pytest.importorskip("mle_toolkit.likelihood.kernels.steps", exc_type=ImportError)


def _functions(p: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Gradients and Hessians, a third of them positive definite, of sizes far apart."""
    n = 300
    gradient, roots = rng.normal(size=(n, p)), rng.normal(size=(n, p, p))
    hessian = roots @ roots.transpose(0, 2, 1)
    hessian[100:] -= rng.exponential(2.0, size=(n - 100, 1, 1)) * np.eye(p)
    size = 10.0 ** rng.integers(-6, 7, size=(n, p))
    return gradient * size, hessian * size[:, :, None] * size[:, None, :]


@pytest.mark.parametrize("p", [2, 3, 4])
def test_a_compiled_step_is_that_of_numpy(p):
    """To the bit where second derivatives are positive definite; along their axes else."""
    gradient, hessian = _functions(p, np.random.default_rng(p))
    hessian[0, 0, 0], gradient[1, 0], hessian[2] = np.nan, np.inf, np.diag(np.arange(p) - 1.0)
    expected, expected_convex = newton_steps(gradient, hessian)
    step, convex = steps.newton_steps(gradient, hessian)
    np.testing.assert_array_equal(convex, expected_convex)
    assert 20 < convex.sum() < 280
    np.testing.assert_array_equal(step[convex], expected[convex])
    np.testing.assert_array_equal(np.isnan(step), np.isnan(expected))
    # The axes are good to rounding beside the largest number of a matrix, and so is a step beside its longest part.
    there = np.all(np.isfinite(expected), axis=1)
    away = np.max(np.abs(step - expected)[there], axis=1)
    assert np.all(away < 1e-10 * np.max(np.abs(expected[there]), axis=1))


def test_an_expansion_has_the_slopes_of_the_coordinates():
    """By the chain rule, to the bit of NumPy's products; a density that does not exist is infinite."""
    rng = np.random.default_rng(1)
    n, p = 50, 3
    terms, nobs = rng.normal(size=(1 + p + 6, n)), rng.uniform(5, 9, n)
    slopes, bends = rng.normal(size=(2, p, n))
    terms[0, 0] = np.nan
    value, gradient, hessian = np.empty(n), np.empty((n, p)), np.empty((n, p, p))
    steps.expand(terms, nobs, slopes, bends, value, gradient, hessian)
    means = terms / nobs
    assert value[0] == np.inf
    np.testing.assert_array_equal(value[1:], -means[0, 1:])
    np.testing.assert_array_equal(gradient, (-means[1:4] * slopes).T)
    row = 4
    for j in range(p):
        for k in range(j, p):
            expected = means[row] * slopes[j] * slopes[k] + (means[1 + j] * bends[j] if j == k else 0.0)
            np.testing.assert_array_equal(hessian[:, j, k], -expected)
            np.testing.assert_allclose(hessian[:, k, j], -expected, rtol=1e-14)
            row += 1
