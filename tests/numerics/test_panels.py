"""Polynomials between a few values of functions that are dear."""

import numpy as np
import pytest

from mle_toolkit.numerics.panels import Panels


def test_smooth_functions_come_back_and_others_are_taken_as_they_are():
    asked = []

    def values(x):
        asked.append(len(x))
        return np.stack([np.log1p(x), np.exp(-x), np.abs(x - 2.0)], axis=1)

    x = np.geomspace(0.01, 50.0, 2_000)
    settled = np.array([1e-13, 1e-13, 1e-13])
    assert Panels(values, np.log, np.exp, settled).at(x) == pytest.approx(values(x), rel=1e-12, abs=1e-12)
    assert sum(asked) < 2 * len(x)  # the rest of it was the comparison, and what lies around the kink

    asked.clear()
    settled[2] = np.inf  # a column that is not looked at does not matter for the others
    panels = Panels(values, np.log, np.exp, settled)
    assert panels.at(x)[:, :2] == pytest.approx(values(x)[:, :2], rel=1e-12, abs=1e-12)
    few = x[:3].copy()
    assert panels.at(few)[:, :2] == pytest.approx(values(few)[:, :2], rel=1e-12)


def test_places_of_which_a_panel_has_few_are_not_made_a_panel_of():
    asked = []

    def values(x):
        asked.append(x)
        return x[:, None] ** 2

    x = np.array([0.1, 0.2, 0.3, 7.5])
    assert np.array_equal(Panels(values, np.asarray, np.asarray, np.array([1e-13])).at(x, once=True), x[:, None] ** 2)
    assert np.array_equal(np.sort(np.concatenate(asked)), x)
