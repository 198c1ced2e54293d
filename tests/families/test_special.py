"""Functions that several laws are made of, against mpmath."""

import mpmath
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mle_toolkit.families.special import complement_slopes, log1mexp

LOG_P = st.floats(min_value=-700.0, max_value=-1e-300)


@given(LOG_P)
def test_log_of_the_complement(log_p: float) -> None:
    with mpmath.workdps(340):
        expected = float(mpmath.log(1 - mpmath.exp(mpmath.mpf(log_p))))
    assert abs(log1mexp(np.array(log_p)) - expected) <= 4e-15 * abs(expected) + 5e-324


@given(LOG_P, st.floats(-1e10, 1e10))
def test_slopes_of_the_complement(log_p: float, slope: float) -> None:
    with mpmath.workdps(340):
        p = mpmath.exp(mpmath.mpf(log_p))
        expected = float(-mpmath.mpf(slope) * p / (1 - p))
    (found,) = complement_slopes(np.array(log_p), [np.array(slope)])
    assert abs(found - expected) <= 4e-15 * abs(expected) + 5e-324


def test_slopes_of_a_complement_that_is_certain() -> None:
    (found,) = complement_slopes(np.array([-np.inf, -800.0]), [np.array([2.0, 2.0])])
    assert found.tolist() == [0.0, 0.0]
