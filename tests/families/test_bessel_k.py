"""Log of the Bessel function K and its derivatives, against mpmath."""

import mpmath as mp
import numpy as np
import pytest

from mle_toolkit.families.bessel_k import log_k, log_k_alone

POINTS = [(0.3, 0.01), (-2.7, 3.0), (0.0, 1e-10), (5.0, 1e-12), (300.2, 1e-3), (3.0, 1e4), (0.1, 1e-200)]


@pytest.mark.parametrize(("order", "x"), POINTS)
def test_log_and_derivatives(order, x):
    found = log_k(np.array([order]), np.array([x]))
    with mp.workdps(60):
        nu, at, h = mp.mpf(order), mp.mpf(x), mp.mpf(10) ** -15

        def f(p, q):
            return mp.log(mp.besselk(nu + p * h, at * mp.exp(q * h)))

        value = float(f(0, 0) + at)
        up, down, right, left = f(1, 0), f(-1, 0), f(0, 1), f(0, -1)
        by_order, by_log = (up - down) / (2 * h), (right - left) / (2 * h)
        twice = (up - 2 * f(0, 0) + down) / h**2
        mixed = (f(1, 1) - f(1, -1) - f(-1, 1) + f(-1, -1)) / (4 * h**2)
        by_log_twice = (right - 2 * f(0, 0) + left) / h**2
    assert found.log[0] == pytest.approx(value, rel=1e-13, abs=1e-13)
    assert log_k_alone(np.array([order]), np.array([x]))[0] == pytest.approx(value, rel=1e-13, abs=1e-13)
    assert found.by_order[0] == pytest.approx(float(by_order), rel=1e-12, abs=1e-14)
    assert found.by_log[0] == pytest.approx(float(by_log), rel=1e-9)
    assert found.by_order_twice[0] == pytest.approx(float(twice), rel=1e-11)
    assert -found.mixed[0] == pytest.approx(float(mixed), rel=1e-7, abs=1e-15)
    assert found.spread[0] == pytest.approx(float(by_log_twice - by_log), rel=1e-9)


def test_far_out_it_is_the_expansion_of_hankel():
    """Where mpmath's series do not end: log K + x = log sqrt(π/2x) + (4ν² - 1)/8x + O(x^-2)."""
    x = np.array([1e9, 1e12, 1e15])
    assert log_k(3.5, x).log == pytest.approx(0.5 * np.log(np.pi / (2 * x)) + 48 / (8 * x), rel=1e-14)
    assert log_k(3.5, x).by_order == pytest.approx(3.5 / x, rel=1e-8)


@pytest.mark.parametrize("order", [0.0, 0.3, -2.7, 40.0])
def test_one_order_at_many_arguments_is_the_same(order):
    x = np.exp(np.linspace(-6.0, 5.0, 600))
    many, each = log_k(np.asarray(order), x), log_k(np.full(600, order), x)
    assert many.log == pytest.approx(each.log, rel=1e-13, abs=1e-13)
    for name in ("size", "by_order", "by_order_twice", "mixed", "by_log", "spread"):
        assert getattr(many, name) == pytest.approx(getattr(each, name), rel=1e-10, abs=1e-13), name


def test_of_nothing_there_is_nothing():
    assert log_k(np.zeros(0), np.zeros(0)).by_log.shape == (0,)


@pytest.mark.parametrize(
    ("order", "x", "value"),  # mpmath
    [
        (1e-14, 1e-200, 6.1326015222019157),
        (1e-8, 2e-308, 6.5633179956047559),
        (3.0, 1e-170, 1176.3978389686431),
        (3e-14, 5e-324, 6.6127880721788325),
    ],
)
def test_where_the_square_of_the_argument_underflows(order, x, value):
    """The integral ends where its terms do, not after all numbers of nodes."""
    assert log_k(np.array(order), np.array(x)).log == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("order", [0.0, 0.3, -2.7, 30.0])
def test_log_alone_at_very_many_arguments_is_the_same(order):
    """Strays, ends and what is no number too."""
    x = np.abs(np.random.default_rng(1).normal(size=10_000)) * 5
    x[:4] = 1e-250, 0.0, np.nan, np.inf
    value, expected = log_k_alone(order, x), log_k_alone(np.full(x.shape, order), x)
    assert np.allclose(value, expected, rtol=3e-13, atol=3e-13, equal_nan=True)
