"""Profiles of coefficients that are infinite at the maximum."""

import math

import numpy as np
import pytest

from mle_toolkit.inference.profile_at_end import profile_at_end


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("far", [0.2, 30.0, 3e3, 1e5])
def test_an_end_is_found_however_far_out_it_is(far, sign):
    """The deviance, 40 exp(-b / far), falls to 3.84 at far log(40 / 3.84)."""
    found = profile_at_end(lambda b: -20 * math.exp(-sign * b / far), "b", sign * math.inf, 0.0, 1.0)
    assert sorted(np.abs(found.interval)) == [pytest.approx(far * math.log(40 / 3.841458820694124), rel=1e-9), math.inf]


def test_a_supremum_that_is_not_approached_is_no_foreign_error():
    found = profile_at_end(lambda b: -3.0, "b", math.inf, 0.0, 1.0)
    assert math.isnan(found.lower.value)
    assert not found.lower.reached
    assert "not found" in found.lower.note
