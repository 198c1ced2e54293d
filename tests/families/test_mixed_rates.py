"""Second derivatives of counts whose rates vary, against differences of mpmath's log-probabilities, to their limits."""

from functools import cache

import mpmath as mp
import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.families.bessel import LARGE, debye_slopes
from mle_toolkit.families.counting import cube_ratio, square_ratio
from mle_toolkit.families.sichel import _PoissonInverseGamma


def log_k(order, x):
    return mp.log(mp.besselk(order, x))


def mp_negbin(x, size, mu):
    rest = size * mp.log(size / (size + mu)) + x * mp.log(mu / (size + mu))
    return mp.loggamma(x + size) - mp.loggamma(size) - mp.loggamma(x + 1) + rest


def mp_negbin1(x, alpha, mu):
    return mp_negbin(x, mu / alpha, mu)


def mp_pig(x, size, mu):
    alpha = mp.sqrt(size**2 + 2 * mu * size)
    rest = log_k(x - mp.mpf(1) / 2, alpha) + mp.log(2 * alpha / mp.pi) / 2
    return size + x * mp.log(mu * size / alpha) - mp.loggamma(x + 1) + rest


def mp_sichel(x, mu, sigma, nu):
    log_c = log_k(nu + 1, 1 / sigma) - log_k(nu, 1 / sigma)
    alpha = mp.sqrt(sigma**-2 + 2 * mu / mp.exp(log_c) / sigma)
    rest = log_k(x + nu, alpha) - log_k(nu, 1 / sigma)
    return x * (mp.log(mu) - log_c) - mp.loggamma(x + 1) - (x + nu) * mp.log(alpha * sigma) + rest


def mp_inverse_gamma(x, mu, shape):
    b = mu * (shape - 1)
    rest = mp.log(2) - mp.loggamma(shape) - mp.loggamma(x + 1)
    return rest + (shape + x) / 2 * mp.log(b) + log_k(x - shape, 2 * mp.sqrt(b))


CLOSE, SICHEL = 2e-12, 1e-9
"""Relative errors allowed: Bessel functions of real orders are integrals, to 1e-13, of which parts cancel."""

POINTS = [
    ("negbin", mp_negbin, CLOSE, (0, 1.0, 2.0)),
    ("negbin", mp_negbin, CLOSE, (1, 1e-8, 3.0)),
    ("negbin", mp_negbin, CLOSE, (5, 1e12, 4.0)),
    ("negbin", mp_negbin, CLOSE, (7, 24.0, 1e-6)),
    ("negbin", mp_negbin, CLOSE, (10**6, 2.0, 1e3)),
    ("negbin1", mp_negbin1, CLOSE, (0, 1.0, 2.0)),
    ("negbin1", mp_negbin1, CLOSE, (3, 1.0, 2.0)),
    ("negbin1", mp_negbin1, CLOSE, (1, 1e-10, 1e-9)),
    ("negbin1", mp_negbin1, CLOSE, (2, 1e-10, 1e-8)),
    ("negbin1", mp_negbin1, CLOSE, (5, 1e-20, 4.0)),
    ("negbin1", mp_negbin1, CLOSE, (10**6, 1e-9, 1e6)),
    ("negbin1", mp_negbin1, CLOSE, (10**6, 1e-3, 1e6 + 300)),
    ("negbin1", mp_negbin1, CLOSE, (10**6, 1e6, 1e6)),
    ("negbin1", mp_negbin1, CLOSE, (10**6, 1e8, 3.0)),
    ("negbin1", mp_negbin1, CLOSE, (130, 1.0, 99.0)),
    ("negbin1", mp_negbin1, CLOSE, (130, 1.0, 101.0)),
    ("poisson_inverse_gaussian", mp_pig, CLOSE, (0, 1.0, 2.0)),
    ("poisson_inverse_gaussian", mp_pig, CLOSE, (40, 1.0, 20.0)),
    ("poisson_inverse_gaussian", mp_pig, CLOSE, (41, 1.0, 20.0)),
    ("poisson_inverse_gaussian", mp_pig, CLOSE, (5, 1e12, 4.0)),
    ("poisson_inverse_gaussian", mp_pig, CLOSE, (300, 1e5, 310.0)),
    ("poisson_inverse_gaussian", mp_pig, CLOSE, (2, 50.0, 1e6)),
    ("poisson_inverse_gaussian", mp_pig, 1e-10, (3, 1e-8, 1.0)),
    ("sichel", mp_sichel, SICHEL, (0, 3.0, 0.8, -0.3)),
    ("sichel", mp_sichel, SICHEL, (7, 3.0, 0.8, -0.3)),
    ("sichel", mp_sichel, SICHEL, (60, 3.0, 0.8, 2.0)),
    ("sichel", mp_sichel, SICHEL, (300, 400.0, 0.5, -3.0)),
    ("sichel", mp_sichel, SICHEL, (5, 4.0, 0.026, 0.7)),
    ("sichel", mp_sichel, SICHEL, (5, 4.0, 0.024, 0.7)),
    ("sichel", mp_sichel, SICHEL, (0, 4.0, 0.024, -30.0)),
    ("sichel", mp_sichel, SICHEL, (5, 4.0, 5e-3, 0.7)),
    (_PoissonInverseGamma(), mp_inverse_gamma, CLOSE, (5, 3.0, 1.2)),
    (_PoissonInverseGamma(), mp_inverse_gamma, CLOSE, (100, 30.0, 50.0)),
]


@pytest.mark.parametrize(("law", "reference", "close", "point"), POINTS)
def test_scores_and_second_derivatives(law, reference, close, point):
    law = mle.get_family(law) if isinstance(law, str) else law
    x, *params = point
    with mp.workdps(140 if "negbin" in law.name else 45):
        at = [mp.mpf(p) for p in params]
        h = [mp.mpf(10) ** -9 * abs(p) for p in at]

        @cache
        def f(*moves):
            return reference(mp.mpf(x), *(p + m * step for p, m, step in zip(at, moves, h, strict=True)))

        unit = np.eye(len(at), dtype=int)
        with np.errstate(all="raise", under="ignore"):
            score, second = law.score(np.array([float(x)]), *params), iter(law.hessian(np.array([float(x)]), *params))
        for i, a in enumerate(unit):
            assert float(score[i][0]) == pytest.approx(float((f(*a) - f(*-a)) / (2 * h[i])), rel=5e-11)
            for j in range(i, len(at)):
                b = unit[j]
                bend = (f(*a + b) - f(*a - b) - f(*b - a) + f(*-a - b)) / (4 * h[i] * h[j])
                assert float(next(second)[0]) == pytest.approx(float(bend), rel=close), (i, j)


def test_derivatives_of_rows_with_parameters_of_their_own():
    """Rows of either formula in one array are as they are alone."""
    rng = np.random.default_rng(3)
    x = np.array([0.0, 1.0, 3.0, 39.0, 42.0, 500.0, 1e6])
    for name in ("negbin1", "poisson_inverse_gaussian", "sichel"):
        law = mle.get_family(name)
        params = [np.exp(rng.uniform(-6, 6, x.shape)) for _ in law.parameters]
        if name == "sichel":
            params[2] = rng.normal(0, 2, x.shape)
        for hook in (law.score, law.hessian):
            together = np.array([np.broadcast_to(v, x.shape) for v in hook(x, *params)])
            for k in range(len(x)):
                alone = np.ravel([np.ravel(v)[0] for v in hook(x[k : k + 1], *(p[k] for p in params))])
                assert together[:, k] == pytest.approx(alone, rel=1e-12)


def test_the_poisson_inverse_gaussian_law_by_both_formulas():
    """The polynomial and Debye's expansion meet; Sichel's law of that order has the same derivatives."""
    pig, sichel = mle.get_family("pig"), mle.get_family("sichel")
    x, size, mu = np.array([0.0, 4.0, 33.0, 400.0]), 1.25, 3.0
    second, s = sichel.hessian(x, mu, 1 / size, -0.5), sichel.score(x, mu, 1 / size, -0.5)
    got = second[3] / size**4 + 2 * s[1] / size**3, -second[1] / size**2, second[0]
    for a, b in zip(pig.hessian(x, size, mu), got, strict=True):
        assert a == pytest.approx(b, rel=1e-10)


@pytest.mark.parametrize(("order", "x"), [(0.1, LARGE), (-3.3, LARGE), (30.0, 28.0), (39.9, 4.0), (-80.0, 3.0)])
def test_the_sum_of_debyes_expansion(order, x):
    with mp.workdps(40):

        def of(nu, square):
            root = mp.sqrt(nu**2 + square)
            main = -root + nu * mp.asinh(nu / mp.sqrt(square)) - mp.log(2 * root / mp.pi) / 2
            return log_k(nu, mp.sqrt(square)) - main

        at = mp.mpf(order), mp.mpf(x) ** 2
        expected = [float(mp.diff(of, at, n)) for n in ((0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0))]
    got = [float(v[0]) for v in debye_slopes(np.array([order]), np.array([x]))]
    assert got == pytest.approx(expected, rel=3e-11, abs=1e-17)


def test_ratios_of_logs_less_their_first_terms():
    d = np.array([-0.999, -0.3, -0.2, -1e-9, 1e-9, 0.1, 0.299, 0.301, 5.0, 1e6])
    with mp.workdps(60):
        logs = [mp.log(1 + mp.mpf(v)) for v in d]
        square = [float((log - v) / mp.mpf(v) ** 2) for log, v in zip(logs, d, strict=True)]
        cube = [float((log - v + mp.mpf(v) ** 2 / 2) / mp.mpf(v) ** 3) for log, v in zip(logs, d, strict=True)]
    assert square_ratio(d, np.log1p(d)) == pytest.approx(square, rel=1e-14)
    assert cube_ratio(d, np.log1p(d)) == pytest.approx(cube, rel=2e-14)
