"""Climbs of likelihoods in few dimensions."""

import math

import numpy as np
import pytest

from mle_toolkit.data.sample import Sample
from mle_toolkit.families.climbing import profile_maximum


def test_a_peak_between_two_points_of_a_grid_is_seen_beside_a_higher_end():
    """Neither of the points beside it is as high as where the profile levels off."""

    def value(_, u):
        return 0.5 * np.tanh(u - 2.0) + 1.2 * np.exp(-(((u + 4.875) / 0.6) ** 2))

    def slopes(_, u):
        bump, rise = 1.2 * math.exp(-(((u + 4.875) / 0.6) ** 2)), math.tanh(u - 2.0)
        away = -2 * (u + 4.875) / 0.36
        return 0.5 * (1 - rise**2) + bump * away, -rise * (1 - rise**2) + bump * (away**2 - 2 / 0.36)

    grid = np.arange(-9.0, 8.0, 0.75)
    assert grid[np.argmax(value(None, grid))] > 2.0
    found = profile_maximum(Sample(np.arange(5.0)), value, slopes, -9.0, 8.0, 0.75)
    assert found == pytest.approx(-4.875, abs=1e-4)
