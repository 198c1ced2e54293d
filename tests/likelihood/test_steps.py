"""Compiled steps of many groups against NumPy's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mle_toolkit.families.domain import POSITIVE, REAL, Interval, Line, NonZero
from mle_toolkit.numerics import walks
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
    steps.expand(terms.T.copy(), nobs, slopes.T.copy(), bends.T.copy(), value, gradient, hessian)
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


@pytest.mark.parametrize("p", [1, 3, 4])
def test_a_compiled_round_of_walks_is_that_of_numpy(p):
    """Over several rounds: the same walks end, arrive, go far, and try the same places."""
    rng = np.random.default_rng(p)
    n = 300
    first, known = rng.normal(size=(2, n, p))
    known[: n // 2] = np.nan
    known[-40:, 0], known[-40:, 1:] = np.inf, first[-40:, 1:]
    worth = rng.uniform(5, 50, n)
    ours, theirs = (walks.Walks.of(first, known.copy(), np.zeros(n), worth) for _ in range(2))
    active, tried, seen = np.arange(n), first, set()
    for place in range(12):
        gradient, hessian = _functions(p, rng)
        gradient, hessian = gradient[: len(active)], hessian[: len(active)]
        gradient *= 10.0 ** -rng.integers(0, 9, size=(len(active), 1))
        value = rng.normal(size=len(active)) - place
        if place < 2:
            value[:5], gradient[5:9] = np.inf, np.nan
            hessian[9:20] = 1e-7 * np.eye(p)
        told = active, place > 0, tried, value, gradient, hessian, 1e-9, 1e-6
        going, ahead = steps.advance(ours, *told)
        expected, expected_ahead = walks.advance(theirs, *told)
        np.testing.assert_array_equal(going, expected)
        active, tried = active[going], ahead[going]
        for name, got in vars(ours).items():
            rows = slice(None) if name in ("at", "value", "arrived", "far") else active
            if name != "newton":  # of any length, where a step has one at most
                np.testing.assert_allclose(got[rows], getattr(theirs, name)[rows], rtol=1e-9, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(tried, expected_ahead[going], rtol=1e-9, atol=1e-9)
        seen |= {int(v) for v in (ours.arrived + 2 * ours.far)}
    assert seen == {0, 1, 2}


@pytest.mark.parametrize("p", [1, 2, 4])
def test_compiled_spectra_are_those_of_lapack(p):
    """Also of numbers alike, and of none."""
    matrices = np.random.default_rng(p).normal(size=(100, p, p))
    matrices = matrices + matrices.transpose(0, 2, 1)
    matrices[0], matrices[1] = 0.0, np.eye(p)
    values, axes = steps.spectra(matrices)
    np.testing.assert_allclose(values, np.linalg.eigh(matrices)[0], rtol=0, atol=1e-13)
    np.testing.assert_allclose((axes * values[:, None, :]) @ axes.transpose(0, 2, 1), matrices, rtol=0, atol=1e-13)
    np.testing.assert_allclose(axes @ axes.transpose(0, 2, 1), np.broadcast_to(np.eye(p), (100, p, p)), atol=1e-13)


@pytest.mark.parametrize(
    "domain", [REAL, POSITIVE, Interval(-math.inf, 2.0), Interval(-4.0, 4.0), NonZero(), Line()], ids=str
)
def test_compiled_parameters_are_those_of_their_domain(domain):
    """With both derivatives; where they leave the doubles too."""
    u = np.array([[-800.0], [-30.0], [-1.3], [0.0], [0.2], [5.0], [40.0], [800.0]])
    theta, slopes, bends = np.empty((3, *u.shape))
    steps.inward(u, np.array([[domain.lower], [domain.upper], [isinstance(domain, Line)]]), theta, slopes, bends)
    np.testing.assert_allclose(theta, domain.from_real(u), rtol=1e-15, atol=1e-15)
    for got, right in zip((slopes, bends), domain.slopes_and_bends(u), strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-14)
