"""The last step of every weighted quantile."""

import numpy as np
import pytest

from mle_toolkit.data.passes import found_among

X, W = np.array([3.0, 1.0, 2.0, 1.5]), np.array([1.0, 2.0, 1.0, 4.0])


@pytest.mark.parametrize(("p", "value"), [(0.0, 1.0), (0.25, 1.25), (0.5, 1.5), (0.75, 1.75), (0.8, 2.0), (1.0, 3.0)])
def test_a_quantile_among_all_rows(p, value):
    assert found_among(X, W, p)[0] == value


@pytest.mark.parametrize("p", [0.3, 0.5, 0.75, 0.8])
def test_among_some_of_the_rows_it_is_that_of_all(p):
    """Those from 1.5 to 2, with 2 of a weight of 8 below them."""
    some = X[2:], W[2:]
    assert found_among(*some, p, 2.0, 8.0) == (found_among(X, W, p)[0], *found_among(*some, p, 2.0, 8.0)[1:])


def test_it_says_that_it_may_lie_beyond_them():
    assert found_among(X[2:], W[2:], 0.1, 2.0, 8.0)[1] == 0
    assert found_among(X[2:], W[2:], 0.99, 2.0, 8.0)[2] == 2


def test_half_way_between_the_largest_numbers_is_a_number():
    x = np.array([1.5e308, 1.7e308])
    assert found_among(x, np.ones(2), 0.5)[0] == pytest.approx(1.6e308)
