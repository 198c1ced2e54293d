"""Derivatives by differences, held against formulas."""

import warnings

import numpy as np
import pytest

from mle_toolkit.numerics.differences import (
    AROUND,
    STEP_OF_CURVATURE,
    STEP_OF_SCORE,
    STEP_OF_VALUE,
    by_values,
    central_each,
    derivatives_of_each,
    first_differences,
    fourth_order,
    fourth_order_each,
    one_by_one,
    second_by_scores,
    second_differences,
)

AT = np.array([0.3, -1.2, 0.7])


def value(u):
    return float(np.exp(u[0] * u[1]) + np.sin(u[2]) * u[0])


def slopes(u):
    rise = np.exp(u[0] * u[1])
    return np.array([u[1] * rise + np.sin(u[2]), u[0] * rise, np.cos(u[2]) * u[0]])


def bends(u):
    rise = np.exp(u[0] * u[1])
    mixed = (1 + u[0] * u[1]) * rise
    return np.array(
        [[u[1] ** 2 * rise, mixed, np.cos(u[2])], [mixed, u[0] ** 2 * rise, 0], [np.cos(u[2]), 0, -np.sin(u[2]) * u[0]]]
    )


def test_slopes_of_fourth_order():
    """A cubic has no error; what is smooth has one of the fourth power of the step."""
    assert fourth_order([(k * 0.5) ** 3 + 2 * k for k in AROUND], 0.5) == pytest.approx(4.0, abs=1e-13)
    assert first_differences(one_by_one(value), AT, STEP_OF_VALUE) == pytest.approx(slopes(AT), abs=1e-11)
    assert fourth_order_each(slopes, AT, STEP_OF_VALUE) == pytest.approx(bends(AT), abs=1e-11)
    assert central_each(slopes, AT, STEP_OF_SCORE) == pytest.approx(bends(AT), abs=1e-9)


def test_second_derivatives():
    """From values, and from scores; there are none at a kink."""
    upper = bends(AT)[np.triu_indices(3)]
    assert second_differences(one_by_one(value), AT, STEP_OF_CURVATURE) == pytest.approx(bends(AT), abs=1e-7)
    assert second_by_scores(slopes, tuple(AT), [STEP_OF_SCORE] * 3) == pytest.approx(upper, abs=1e-9)
    first, second = by_values(value, tuple(AT), [STEP_OF_VALUE] * 3, [STEP_OF_CURVATURE] * 3)
    assert first == pytest.approx(slopes(AT), abs=1e-11)
    assert second == pytest.approx(upper, abs=1e-7)
    assert np.isnan(second_differences(one_by_one(lambda u: abs(float(u[0]))), np.zeros(1), STEP_OF_CURVATURE)).all()


def test_derivatives_of_many_functions_by_their_own_coordinates():
    """Of exp(a) sin(b) and a b², at three places."""
    u = np.array([[0.1, 0.7], [-1.0, 2.0], [0.5, -0.3]])
    a, b = u.T

    def f(v):
        return np.stack([np.exp(v[:, 0]) * np.sin(v[:, 1]), v[:, 0] * v[:, 1] ** 2], axis=1)

    by_a, by_b = [np.exp(a) * np.sin(b), b * b], [np.exp(a) * np.cos(b), 2 * a * b]
    right = np.stack([np.stack(by_a, axis=1), np.stack(by_b, axis=1)], axis=1)
    fourth = derivatives_of_each(f, u, np.full(u.shape, STEP_OF_VALUE), fourth=True)
    second = derivatives_of_each(f, u, np.array([[1e-5, 3e-5]] * 3), fourth=False)
    assert fourth == pytest.approx(right, abs=1e-11)
    assert second == pytest.approx(right, abs=1e-8)


def test_steps_become_shorter_beside_a_point_that_is_impossible():
    """As beside the end of a support, where a value farther on is infinite."""
    with np.errstate(all="ignore"):
        f = one_by_one(lambda u: -np.log(u[0]) if u[0] > 0 else np.inf)
        u = np.array([2e-3])
        assert first_differences(f, u, STEP_OF_VALUE) == pytest.approx(-1 / u, rel=1e-4)
        assert second_differences(f, u, STEP_OF_CURVATURE)[0] == pytest.approx(1 / u**2, rel=0.01)
        kink = one_by_one(lambda u: abs(u[0]))
        assert np.isnan(second_differences(kink, np.array([1e-9]), STEP_OF_CURVATURE)).all()


def test_of_infinite_values_there_is_no_slope_nor_a_word_of_numpy() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        slope = fourth_order(np.full(4, np.inf), 0.1)
    assert np.isnan(slope)
