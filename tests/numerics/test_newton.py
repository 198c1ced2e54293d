"""Newton's method within brackets."""

import math

import numpy as np
import pytest

from mle_toolkit.numerics.newton import ascend, decrement_of, newton_step, newton_steps, roots


def test_a_climb_ends_at_the_top_or_at_an_end():
    """-cosh(u - 3) is highest at 3; a function that rises all the way is highest at the end."""
    assert ascend(lambda u: (-math.sinh(u - 3), -math.cosh(u - 3)), -20.0, -50.0, 50.0) == pytest.approx(3.0, abs=1e-12)
    assert ascend(lambda u: (1.0, 0.0), 0.0, -5.0, 5.0) == 5.0


def test_roots_of_many_are_found_where_newton_alone_would_leave():
    """Of atan(u - c), from far off, where Newton's steps grow; one that is NaN does not hold up the others."""
    c = np.array([-2.0, 0.0, 0.3, 7.0, np.nan])

    def gap_and_step(u):
        gap = np.arctan(u - c)
        return gap, -gap * (1 + (u - c) ** 2)

    found = roots(gap_and_step, np.full(5, -10.0), np.full(5, 10.0), np.full(5, 9.0), lambda u: np.full(5, 1e-14))
    assert found[:4] == pytest.approx(c[:4], abs=1e-14)


def test_steps_of_many_are_those_of_each():
    """Down a bowl, away from a saddle, along a flat, and none where a number is lost."""
    rng = np.random.default_rng(1)
    roots_of = rng.normal(size=(6, 3, 3))
    hessian = roots_of @ roots_of.transpose(0, 2, 1) + 0.1 * np.eye(3)
    hessian[1] -= 2.0 * np.eye(3)
    hessian[2, :, 2] = hessian[2, 2, :] = 0.0
    hessian[3, 0, 1] = np.nan
    gradient = rng.normal(size=(6, 3))
    steps, convex = newton_steps(gradient, hessian)
    for k in range(6):
        step, bowl = newton_step(gradient[k], hessian[k])
        assert convex[k] == bowl
        assert steps[k] == pytest.approx(step, rel=1e-9, nan_ok=True)
    assert steps[0] == pytest.approx(np.linalg.solve(hessian[0], -gradient[0]), rel=1e-9)
    assert gradient[1] @ steps[1] < 0
    assert convex.tolist() == [True, False, False, False, True, True]


@pytest.mark.parametrize("p", [4, 5, 8, 120])
@pytest.mark.parametrize("seed", range(5))
def test_a_curvature_that_is_but_rounding_is_none(p, seed):
    """Of two directions fewer than there are coordinates: in some orders the pivots of elimination do not show it."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(p - 2, p)) * 10.0 ** rng.uniform(-2, 2, size=p)
    hessian = rows.T @ rows
    gradient = rng.normal(size=p)
    step, convex = newton_step(gradient, hessian)
    assert not convex
    assert gradient @ step < 0
    curvature = np.linalg.eigvalsh(hessian)[-1]
    assert np.linalg.norm(step) <= 1e4 * np.linalg.norm(gradient) / curvature


def test_a_decrement_beyond_all_numbers_is_infinite_and_nothing_is_warned_of():
    assert decrement_of(np.array([1e200, 1.0, 1.0]), np.array([-1e200, 0.0, 0.0])) == np.inf
    assert np.isnan(decrement_of(np.array([np.inf, 1.0]), np.array([0.0, 1.0])))
