"""Newton's method within brackets."""

import math

import numpy as np
import pytest

from mle_toolkit.numerics.newton import ascend, roots


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
