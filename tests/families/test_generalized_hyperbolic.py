"""The generalized hyperbolic law: formulas against mpmath; the laws that it contains, and those that it tends to."""

import mpmath as mp
import numpy as np
import pytest
from dear import CHECKS
from references import fit_quietly
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.families.partly_known import PartlyKnown

LAW = mle.get_family("generalized_hyperbolic")
POINTS = [((1.0, 0.5, 0.7, 1.2, 0.8), 0.3), ((0.0, 2.0, -3.0, 0.05, -2.3), -9.0), ((0.0, 1.0, 0.1, 30.0, 4.0), 0.3)]


@pytest.mark.parametrize("name", CHECKS)
def test_what_holds_for_every_law(name):
    """One draw of each, with lam known, as it is of the hyperbolic law: where it is free a fit of few rows is dear."""
    of_derivatives = "hessian" in name or "derivatives" in name
    CHECKS[name](LAW if of_derivatives else PartlyKnown(LAW, {"lam": 1.0}, "hyperbolic"), 3)


def logpdf(x, m, s, b, g, lam):
    """McNeil, Frey & Embrechts (2005), equation 3.29, in these parameters."""
    z = (x - m) / s
    root, alpha = mp.sqrt(1 + z * z), mp.sqrt(b * b + g * g)
    level = lam * mp.log(g) - mp.log(mp.besselk(lam, g)) - mp.log(2 * mp.pi) / 2 - mp.log(s)
    return level + (mp.mpf(0.5) - lam) * mp.log(alpha / root) + b * z + mp.log(mp.besselk(lam - 0.5, alpha * root))


@pytest.mark.parametrize(("params", "x"), POINTS)
def test_density_and_score(params, x):
    with mp.workdps(25):
        at = tuple(map(mp.mpf, params))
        assert LAW.logpdf(x, *params) == pytest.approx(float(logpdf(x, *at)), rel=1e-12)
        for j, got in enumerate(LAW.score(x, *params)):
            slope = float(mp.diff(lambda *p: logpdf(x, *p), at, [int(j == k) for k in range(5)]))
            assert got == pytest.approx(slope, rel=1e-9, abs=1e-11), j


@pytest.mark.parametrize(("shapes", "z"), [((0.7, 1.2, 0.8), 3.0), ((-3.0, 0.5, -2.3), 10.0)])
def test_tails_are_integrals_of_the_density(shapes, z):
    """In units of the fall of the density at z, as far out a tail is of a size of exp(-70)."""
    with mp.workdps(15):
        at = tuple(map(mp.mpf, (0, 1, *shapes)))
        height = logpdf(z, *at)
        unit = -1 / mp.diff(lambda t: logpdf(t, *at), z)
        ends = [0, 1, 2, 4, 8, 16, 32, 64]
        mass = mp.quad(lambda t: mp.exp(logpdf(z + unit * t, *at) - height), ends)
        above = float(mp.log(mass * unit) + height)
    assert LAW.logsf(z, 0.0, 1.0, *shapes) == pytest.approx(above, abs=1e-11)
    beta, *others = shapes
    assert LAW.logcdf(-z, 0.0, 1.0, -beta, *others) == LAW.logsf(z, 0.0, 1.0, *shapes)
    assert LAW.cdf(z, 0.0, 1.0, *shapes) == pytest.approx(1 - np.exp(above), abs=1e-12)


def test_it_is_scipys_law_and_the_normal_inverse_gaussian_one():
    x = np.array([-7.0, -0.4, 0.2, 5.0])
    law = mle.distribution("genhyperbolic", loc=1.0, scale=0.5, beta=0.7, gamma=1.2, lam=0.8)
    assert law.to_scipy().logpdf(x) == pytest.approx(law.logpdf(x), rel=1e-12)
    assert float(law.mean()) == pytest.approx(law.to_scipy().mean(), rel=1e-12)
    assert float(law.var()) == pytest.approx(law.to_scipy().var(), rel=1e-12)
    back = mle.Distribution(LAW, LAW.from_scipy(0.8, np.hypot(0.7, 1.2), 0.7, 1.0, 0.5))
    assert back.logpdf(x) == pytest.approx(law.logpdf(x), rel=1e-12)
    nig = (0.5, 2.0, 0.7, 1.2)
    assert LAW.logpdf(x, *nig, -0.5) == pytest.approx(stats.norminvgauss(np.hypot(0.7, 1.2), 0.7, 0.5, 2.0).logpdf(x))
    assert LAW.logcdf(x, *nig, -0.5) == pytest.approx(mle.get_family("nig").logcdf(x, *nig), rel=1e-11)


def test_next_to_its_ends_it_is_students_law_and_the_variance_gamma_one():
    x, tiny = np.array([-7.0, -0.4, 0.2, 5.0]), 1e-6
    student = stats.t(3.0, 0.5, 2.0)
    assert LAW.logpdf(x, 0.5, 2.0 * np.sqrt(3.0), 0.0, tiny, -1.5) == pytest.approx(student.logpdf(x), rel=1e-7)
    lean, shape = 0.7, 2.0
    rate = tiny / np.sqrt(2 * shape)  # the variance has the mean 1/rate², which is 1 in the variance gamma law
    at = 0.5, 2.0 * rate, lean * rate, tiny, shape
    vg = mle.get_family("variance_gamma").logpdf(x, 0.5, 2.0, lean, shape)
    assert LAW.logpdf(x, *at) == pytest.approx(vg, rel=1e-7)


def test_a_known_lam_gives_a_maximum_in_the_interior_and_a_free_one_a_local_maximum():
    """No other lam of a scan is higher; that of -1/2 is the normal-inverse Gaussian fit."""
    x = mle.distribution("nig", loc=1.0, scale=1.0, beta=0.5, gamma=1.0).rvs(300, rng=4)
    held = fit_quietly(x, LAW, fixed={"lam": -0.5})
    assert str(held.certificate.verdict) == "interior"
    assert held.llf == pytest.approx(mle.fit(x, "nig").llf, abs=1e-8)
    free = fit_quietly(x, LAW)
    assert str(free.certificate.verdict) == "local"
    for lam in (free.params["lam"] - 0.5, free.params["lam"] + 0.5):
        assert fit_quietly(x, LAW, fixed={"lam": lam}).llf < free.llf


def test_the_variance_gamma_law_is_named_where_it_is_the_maximum():
    x = mle.distribution("variance_gamma", loc=0.0, scale=1.0, beta=0.4, shape=4.0).rvs(300, rng=1)
    fit, limit = fit_quietly(x, LAW), fit_quietly(x, "variance_gamma")
    assert fit.llf == pytest.approx(limit.llf, abs=1e-9)
    assert fit.certificate.limit == "variance_gamma"
