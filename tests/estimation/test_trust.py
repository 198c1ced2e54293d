"""Newton's method within a region of trust."""

from types import SimpleNamespace

import numpy as np
import pytest

from mle_toolkit.estimation.trust import by_trust


def objective_of(value, gradient, hessian, n=1.0, plain=True):  # type: ignore[no-untyped-def]
    """What a search sees of an objective; counts second derivatives."""
    looks: list[np.ndarray] = []

    def second(u):  # type: ignore[no-untyped-def]
        looks.append(u)
        return np.asarray(hessian(u), dtype=float)

    likelihood = SimpleNamespace(nobs=n, plain=plain)
    first = lambda u: np.asarray(gradient(u), dtype=float)  # noqa: E731
    return SimpleNamespace(value=value, gradient=first, hessian=second, likelihood=likelihood), looks


def test_the_valley_of_rosenbrock_is_followed_to_its_minimum() -> None:
    objective, looks = objective_of(
        lambda u: 100 * (u[1] - u[0] ** 2) ** 2 + (1 - u[0]) ** 2,
        lambda u: [-400 * u[0] * (u[1] - u[0] ** 2) - 2 * (1 - u[0]), 200 * (u[1] - u[0] ** 2)],
        lambda u: [[1200 * u[0] ** 2 - 400 * u[1] + 2, -400 * u[0]], [-400 * u[0], 200]],
    )
    end, pinned = by_trust(objective, np.array([-1.2, 1.0]), 100, 1e-12)
    assert not pinned
    assert end == pytest.approx([1.0, 1.0], abs=1e-5)
    assert len(looks) < 40


def test_a_ridge_that_bends_is_followed_a_long_way() -> None:
    """As of a location that goes with the scale: the supremum is approached as one over either."""
    objective, looks = objective_of(
        lambda u: 1 / u[0] + (u[1] - np.log(u[0])) ** 2 if u[0] > 0 else np.inf,
        lambda u: [-1 / u[0] ** 2 - 2 * (u[1] - np.log(u[0])) / u[0], 2 * (u[1] - np.log(u[0]))],
        lambda u: [
            [2 / u[0] ** 3 + 2 * (1 + u[1] - np.log(u[0])) / u[0] ** 2, -2 / u[0]],
            [-2 / u[0], 2.0],
        ],
    )
    end, pinned = by_trust(objective, np.array([100.0, np.log(100.0)]), 100, 1e-9)
    assert not pinned
    assert end[0] > 5e3
    assert len(looks) < 80  # it creeps in the end, and stops


def test_it_leaves_a_saddle_on_which_it_begins() -> None:
    objective, _ = objective_of(
        lambda u: u[0] ** 2 - u[1] ** 2 + u[1] ** 4,
        lambda u: [2 * u[0], -2 * u[1] + 4 * u[1] ** 3],
        lambda u: [[2.0, 0.0], [0.0, -2 + 12 * u[1] ** 2]],
    )
    end, pinned = by_trust(objective, np.zeros(2), 50, 1e-12)
    assert not pinned
    assert np.abs(end) == pytest.approx([0.0, np.sqrt(0.5)], abs=1e-5)


def test_it_says_that_derivatives_lead_nowhere_at_a_kink() -> None:
    objective, _ = objective_of(lambda u: abs(u[0]), lambda u: [np.sign(u[0]) or 1.0], lambda u: [[0.0]])
    end, pinned = by_trust(objective, np.array([0.3]), 100, 1e-12)
    assert pinned
    assert abs(end[0]) < 1e-6


def test_it_ends_where_it_is_told_to_and_where_derivatives_are_lost() -> None:
    objective, looks = objective_of(lambda u: -u[0], lambda u: [-1.0], lambda u: [[0.0]])
    end, pinned = by_trust(objective, np.zeros(1), 100, 1e-12, lambda u, value: value < -10.0)
    assert not pinned
    assert 10.0 < end[0] < 40.0
    objective, looks = objective_of(lambda u: u[0], lambda u: [np.nan], lambda u: [[1.0]])
    assert by_trust(objective, np.ones(1), 100, 1e-12) == (np.ones(1), True)
    assert len(looks) == 1


def test_slopes_whose_squares_leave_the_doubles_end_without_a_warning() -> None:
    """The step is along the slope to the end of the region."""
    slope, bend = np.array([3e170, 4e170]), 1e-10
    objective, _ = objective_of(
        lambda u: float(slope @ u + 0.5 * bend * u @ u), lambda u: slope + bend * u, lambda u: bend * np.eye(2)
    )
    end, _ = by_trust(objective, np.zeros(2), 2, 1e-9)
    assert end[1] / end[0] == pytest.approx(4 / 3, rel=1e-6)
    assert end[0] < 0


def test_along_a_kink_of_intervals_another_method_takes_over() -> None:
    """Steps that cross the kink keep the region small, and each gains but a little along it."""

    def side(u):  # type: ignore[no-untyped-def]
        return 10 * np.sign(u[0] - 0.3 * u[1] ** 2)

    objective, looks = objective_of(
        lambda u: 10 * abs(u[0] - 0.3 * u[1] ** 2) + (u[1] - 3) ** 2,
        lambda u: [side(u), -0.6 * side(u) * u[1] + 2 * (u[1] - 3)],
        lambda u: [[1e-6, 0.0], [0.0, -0.6 * side(u) + 2]],
        n=5.0,
        plain=False,
    )
    _, pinned = by_trust(objective, np.array([0.001, 0.0]), 100, 1e-12)
    assert pinned
    assert len(looks) <= 20
