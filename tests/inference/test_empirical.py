"""The distribution without a model: published estimates, agreement of the routes, and the likelihood equations."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import DataError
from mle_toolkit.inference.empirical import _turnbull, empirical_distribution


def test_shares_of_exact_weighted_data():
    known = empirical_distribution(mle.Sample([3.0, 1.0, 3.0, 2.0], weights=[1, 2, 3, 4]))
    assert known.method == "empirical"
    assert known.lower.tolist() == [1.0, 2.0, 3.0]
    assert known.mass == pytest.approx([0.2, 0.4, 0.4])


def test_the_leukaemia_remissions_of_the_textbook():
    """6-MP group: survival .857, .807, .753, .690, .627, .538, .448 (Klein & Moeschberger 2003, table 4.1)."""
    time = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    event = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    known = empirical_distribution(mle.Sample.right_censored(time, event))
    assert known.method == "Kaplan-Meier"
    assert known.lower[:-1].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert (1 - known.cdf[:-1]).round(3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    # Variances .0058, .0076, .0093, .0114, .0130, .0164, .0181 there.
    assert np.square(known.se[:-1]).round(4).tolist() == [0.0058, 0.0076, 0.0093, 0.0114, 0.0130, 0.0164, 0.0181]
    assert known.upper[-1] == np.inf


@pytest.mark.parametrize("entered", [False, True])
def test_turnbull_is_the_product_limit_where_both_apply(entered):
    rng = np.random.default_rng(1)
    time, limit, entry = (
        rng.exponential(10, 150).round(1) + 0.1,
        rng.exponential(15, 150).round(1) + 0.1,
        rng.uniform(0, 3, 150),
    )
    kept = entry < np.minimum(time, limit)
    sample = mle.Sample.right_censored(np.minimum(time, limit)[kept], (time <= limit)[kept])
    if entered:
        sample = sample.truncated(lower=entry[kept])
    limit_estimate, general = empirical_distribution(sample), _turnbull(sample, np.ones(sample.n_rows))
    assert general.lower.tolist() == limit_estimate.lower.tolist()
    assert general.mass == pytest.approx(limit_estimate.mass, abs=1e-7)


def test_turnbull_meets_the_equations_of_the_maximum():
    """Gentleman & Geyer (1994): no mass has a derivative above n, and those that are positive have n."""
    data = mle.datasets.load("cosmesis").columns
    sample = mle.Sample.intervals(data["lower"], data["upper"])
    known = empirical_distribution(sample)
    assert known.method == "Turnbull"
    assert known.mass.sum() == pytest.approx(1.0)
    inside = (sample.lower[:, None] <= known.lower) & (known.upper <= sample.upper[:, None])
    derivative = np.sum(inside / (inside @ known.mass)[:, None], axis=0)
    assert np.max(derivative) <= sample.nobs * (1 + 1e-4)
    assert derivative[known.mass > 1e-4] == pytest.approx(sample.nobs, rel=1e-4)


def test_a_point_at_the_lower_end_of_an_interval_is_outside_it():
    known = empirical_distribution(mle.Sample.intervals([1.0, 1.0, 2.0], [1.0, 2.0, 2.0]))
    assert known.mass == pytest.approx([1 / 3, 2 / 3])
    assert known.lower.tolist() == known.upper.tolist() == [1.0, 2.0]


def test_vectors_are_refused():
    with pytest.raises(DataError, match="vectors"):
        empirical_distribution(mle.Sample.rows([[1.0, 2.0], [2.0, 3.0]]))
