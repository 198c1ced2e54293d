"""The skewed Student law: formulas against mpmath, and as the end of the generalized hyperbolic ones."""

import itertools

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly
from scipy import integrate, stats

import mle_toolkit as mle
from mle_toolkit.families.skewed_student import SkewedStudent

LAW = SkewedStudent()
POINTS = [((1.0, 0.5, 0.7, -0.8), 0.3), ((0.0, 2.0, -3.0, -2.3), -9.0), ((0.0, 1.0, 1e-5, -4.0), 3.0)]


def logpdf(x, m, s, b, lam):
    """Aas & Haff (2006), equation 5, in these parameters."""
    z, nu = (x - m) / s, -lam
    root, size = mp.sqrt(1 + z * z), abs(b)
    level = (1 - nu) * mp.log(2) - mp.loggamma(nu) - mp.log(2 * mp.pi) / 2 - mp.log(s)
    return level + b * z + (nu + 0.5) * mp.log(size / root) + mp.log(mp.besselk(nu + 0.5, size * root))


@pytest.mark.parametrize(("params", "x"), POINTS)
def test_density_score_and_second_derivatives(params, x):
    """Small lean too, where plain formulas cancel."""
    with mp.workdps(40):
        at = tuple(map(mp.mpf, params))
        assert LAW.logpdf(x, *params) == pytest.approx(float(logpdf(x, *at)), rel=1e-12)
        upper = iter(LAW.hessian(np.array([x]), *params))
        for j, got in enumerate(LAW.score(np.array([x]), *params)):
            orders = [int(j == k) for k in range(4)]
            assert got[0] == pytest.approx(float(mp.diff(logpdf, (x, *at), (0, *orders), h=mp.mpf("1e-18"))), rel=1e-9)
            for k in range(j, 4):
                both = [first + int(i == k) for i, first in enumerate(orders)]
                right = float(mp.diff(logpdf, (x, *at), (0, *both), h=mp.mpf("1e-12")))
                assert next(upper)[0] == pytest.approx(right, rel=1e-7, abs=1e-8), (j, k)


@pytest.mark.parametrize(("shapes", "z"), [((0.7, -1.3), 3.0), ((-3.0, -0.4), -10.0), ((2.0, -6.0), -4.0)])
def test_tails_and_their_slopes(shapes, z):
    """By quadrature of the density, and of its slopes by the shapes."""

    def above(of):
        ends = [z, z + 1, z + 10, z + 1e3, np.inf]
        pieces = itertools.pairwise(ends)
        return sum(integrate.quad(of, *piece, epsabs=1e-15, epsrel=1e-12, limit=200)[0] for piece in pieces)

    tail = above(lambda t: float(np.exp(LAW.logpdf(t, 0.0, 1.0, *shapes))))
    assert LAW.logsf(z, 0.0, 1.0, *shapes) == pytest.approx(np.log(tail), abs=1e-10)
    slopes = [
        above(lambda t, k=k: float(np.exp(LAW.logpdf(t, 0.0, 1.0, *shapes)) * LAW.score(t, 0.0, 1.0, *shapes)[k]))
        / tail
        for k in (2, 3)
    ]
    got = np.ravel(LAW.reduced_tail_slopes(np.array([z]), *shapes)[1])
    assert got == pytest.approx(slopes, rel=1e-7, abs=1e-9)
    assert LAW.logcdf(-z, 0.0, 1.0, -shapes[0], shapes[1]) == LAW.logsf(z, 0.0, 1.0, *shapes)


def test_without_a_lean_it_is_students_law():
    x = np.array([-7.0, -0.4, 0.2, 5.0])
    assert LAW.logpdf(x, 0.5, 2.0 * np.sqrt(3.0), 0.0, -1.5) == pytest.approx(stats.t(3.0, 0.5, 2.0).logpdf(x))


def test_it_is_named_where_it_is_the_maximum_of_the_generalized_hyperbolic_law():
    rng = np.random.default_rng(4)
    w = 1 / rng.gamma(2.5, 0.4, 1000)
    fit = fit_quietly(w + np.sqrt(w) * rng.standard_normal(1000), "generalized_hyperbolic")
    assert fit.certificate.limit == "skewed Student"
    assert fit.llf == pytest.approx(-1898.9025956, abs=1e-6)  # as the family comes to it, at a gamma of 1e-5
    assert fit.params["gamma"] == 0
    assert fit.params["lam"] == pytest.approx(-2.042, abs=1e-3)


def test_a_known_lam_is_known_in_the_variance_gamma_law_as_its_shape():
    x = np.random.default_rng(7).laplace(size=200)
    fit = fit_quietly(x, "generalized_hyperbolic", fixed={"lam": 0.7})
    assert str(fit.certificate.verdict) == "boundary"
    assert fit.certificate.limit == "variance_gamma"
    assert fit.llf == pytest.approx(
        fit_quietly(x, mle.get_family("variance_gamma"), fixed={"shape": 0.7}).llf, abs=1e-9
    )
