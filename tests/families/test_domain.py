"""Domains and their maps to the real line and back."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mle_toolkit as mle
from mle_toolkit.families.domain import POSITIVE_COUNTS, Interval, Line, Simplex

INTERVALS = [
    mle.REAL,
    mle.POSITIVE,
    mle.NON_NEGATIVE,
    mle.UNIT,
    mle.CLOSED_UNIT,
    Interval(-np.inf, 2.0),
    Interval(-3.0, 5.0),
    Interval(1.0, np.inf),
]

moderate = st.floats(-20, 20)


@pytest.mark.parametrize("domain", INTERVALS, ids=str)
@given(u=moderate)
def test_from_real_lands_inside_and_to_real_brings_it_back(domain, u):
    value = domain.from_real(np.array([u]))
    assert domain.contains(value).all()
    back = float(domain.to_real(value)[0])
    # A value near an end different from 0 keeps only the digits that the end leaves it.
    lost = 4e-16 * (1 + abs(float(value[0]))) / abs(float(domain.jacobian(np.array([u]))[0, 0]))
    assert back == pytest.approx(u, abs=1e-12 + 4 * lost)


@pytest.mark.parametrize("domain", INTERVALS, ids=str)
@given(u=st.floats(-8, 8))
def test_jacobian_and_curvature_are_the_derivatives_of_from_real(domain, u):
    h = 1e-4
    f = [float(domain.from_real(np.array([u + k * h]))[0]) for k in (-2, -1, 0, 1, 2)]
    slope = float(domain.jacobian(np.array([u]))[0, 0])
    assert slope == pytest.approx((8 * (f[3] - f[1]) - (f[4] - f[0])) / (12 * h), rel=1e-7, abs=1e-10)
    second = (-f[0] + 16 * f[1] - 30 * f[2] + 16 * f[3] - f[4]) / (12 * h * h)
    assert domain.curvature(u) == pytest.approx(second, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        (mle.REAL, [-1e300, 0.0, 1e300], [np.inf, -np.inf, np.nan]),
        (mle.POSITIVE, [5e-324, 1e300], [0.0, -1.0, np.inf, np.nan]),
        (mle.NON_NEGATIVE, [0.0, 1.0], [-5e-324, np.inf]),
        (mle.UNIT, [0.5], [0.0, 1.0]),
        (mle.CLOSED_UNIT, [0.0, 1.0], [-1e-9, 1 + 1e-9]),
        (mle.COUNTS, [0.0, 7.0], [-1.0, 0.5, np.inf]),
        (POSITIVE_COUNTS, [1.0], [0.0]),
        (mle.INTEGERS, [-3.0, 0.0], [0.5]),
    ],
)
def test_what_belongs(domain, inside, outside):
    assert domain.contains(np.array(inside)).all()
    assert not domain.contains(np.array(outside)).any()


def test_covers():
    assert mle.POSITIVE.covers(1.0, 2.0)
    assert not mle.POSITIVE.covers(0.0, 2.0)
    assert mle.NON_NEGATIVE.covers(0.0, 2.0)
    assert not mle.UNIT.covers(0.5, 1.0)
    assert mle.CLOSED_UNIT.covers(0.0, 1.0)


@pytest.mark.parametrize(
    ("domain", "endpoints"),
    [
        (mle.REAL, ()),
        (mle.POSITIVE, ()),
        (mle.NON_NEGATIVE, (0.0,)),
        (mle.CLOSED_UNIT, (0.0, 1.0)),
        (mle.UNIT, ()),
        (Interval(2.0, 3.0, closed="upper"), (3.0,)),
    ],
)
def test_endpoints_are_those_that_belong(domain, endpoints):
    assert domain.endpoints == endpoints


def test_an_endpoint_is_infinitely_far():
    assert mle.NON_NEGATIVE.to_real(np.array(0.0)) == -np.inf
    assert mle.CLOSED_UNIT.to_real(np.array(1.0)) == np.inf


def test_the_map_back_does_not_overflow_with_a_warning():
    assert mle.POSITIVE.from_real(np.array(1e4)) == np.inf
    assert mle.POSITIVE.from_real(np.array(-1e4)) == 0.0
    assert mle.UNIT.from_real(np.array(1e4)) == 1.0


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        (mle.REAL, "(-∞, ∞)"),
        (mle.POSITIVE, "(0, ∞)"),
        (mle.NON_NEGATIVE, "[0, ∞)"),
        (mle.CLOSED_UNIT, "[0, 1]"),
        (mle.COUNTS, "{0, 1, ...}"),
        (mle.INTEGERS, "{...}"),
        (Interval(0.0, 1.0, closed="both", integer=True), "{0, 1}"),
        (Interval(0.0, 12.0, closed="both", integer=True), "{0, 1, ..., 12}"),
        (Simplex(3), "probability vectors of length 3"),
    ],
)
def test_how_it_is_written(domain, text):
    assert str(domain) == text


@given(u=st.lists(st.floats(-10, 10), min_size=1, max_size=5))
def test_simplex_there_and_back(u):
    domain = Simplex(len(u) + 1)
    p = domain.from_real(np.array(u))
    assert domain.contains(p)
    assert p.sum() == pytest.approx(1.0, abs=1e-15)
    assert domain.to_real(p) == pytest.approx(np.array(u), abs=1e-9)
    slopes = domain.jacobian(np.array(u))
    assert slopes.shape == (domain.size, domain.n_free)
    for k in range(len(u)):
        step = np.zeros(len(u))
        step[k] = 1e-5
        difference = (domain.from_real(np.array(u) + step) - domain.from_real(np.array(u) - step)) / 2e-5
        assert slopes[:, k] == pytest.approx(difference, abs=1e-9)


@pytest.mark.parametrize("p", [[0.5, 0.6], [0.5, -0.5, 1.0], [1.0], [[0.5, 0.5]], [math.nan, 1.0]])
def test_what_is_no_probability_vector(p):
    assert not Simplex(2).contains(np.array(p))


def test_simplex_boundary():
    assert Simplex(2).contains(np.array([0.0, 1.0]))
    assert Simplex(2).to_real(np.array([0.0, 1.0]))[0] == -np.inf


@pytest.mark.parametrize("ends", [(-math.inf, math.inf), (2.0, math.inf), (-math.inf, 3.0), (-1.0, 4.0)], ids=str)
def test_slopes_of_many_numbers_are_those_of_each(ends):
    domain, u = Interval(*ends), np.array([-30.0, -0.4, 0.0, 1.7, 20.0])
    slopes, bends = domain.slopes_and_bends(u)
    assert [slopes.tolist(), bends.tolist()] == [[domain.at(v)[k] for v in u.tolist()] for k in (1, 2)]


def test_a_line_by_its_inverse_hyperbolic_sine():
    """Coordinates of any size come back, and the derivatives are those of the map."""
    line, x = Line(), np.array([-1e6, -3.0, -1e-9, 0.0, 0.4, 1e9])
    u = line.to_real(x)
    assert line.from_real(u) == pytest.approx(x, rel=1e-13)
    slopes, bends = line.slopes_and_bends(u)
    assert slopes == pytest.approx(np.hypot(1.0, x), rel=1e-13)
    assert bends == pytest.approx(x, rel=1e-13)
    assert line.is_line
    assert line.contains(x).all()


@pytest.mark.parametrize("p", [[1.0, 0.0], [0.0, 1.0], [0.25, 0.0, 0.75]])
def test_a_simplex_is_mapped_back_from_its_boundary(p):
    """At a weight of 1 the logit is infinite, of which the softmax was NaN, with a warning of NumPy."""
    domain = Simplex(len(p))
    assert domain.from_real(domain.to_real(np.array(p))) == pytest.approx(p, rel=1e-15)
