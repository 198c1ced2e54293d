"""The generalized inverse Gaussian law: formulas against mpmath, and as the end of the generalized hyperbolic ones."""

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.families.generalized_inverse_gaussian import GeneralizedInverseGaussian
from mle_toolkit.numerics.differences import AROUND, fourth_order

LAW = GeneralizedInverseGaussian()


def logpdf(x, gamma, lam, s):
    """Jørgensen (1982), equation 2.2, in these parameters."""
    y = x / s
    return (lam - 1) * mp.log(y) - mp.log(s) - gamma * (y + 1 / y) / 2 - mp.log(2 * mp.besselk(lam, gamma))


@pytest.mark.parametrize(("params", "x"), [((0.7, -1.3, 2.0), 0.3), ((8.0, 3.6, 0.5), 0.55), ((1e-3, 0.7, 3.0), 8.0)])
def test_density_score_and_second_derivatives(params, x):
    with mp.workdps(40):
        at = tuple(map(mp.mpf, params))
        assert LAW.logpdf(np.array(x), *params) == pytest.approx(float(logpdf(x, *at)), rel=1e-12)
        upper = iter(LAW.hessian(np.array([x]), *params))
        for j, got in enumerate(LAW.score(np.array([x]), *params)):
            orders = [int(j == k) for k in range(3)]
            right = float(mp.diff(logpdf, (x, *at), (0, *orders), h=mp.mpf("1e-18")))
            assert got[0] == pytest.approx(right, rel=1e-9, abs=1e-12)
            for k in range(j, 3):
                both = [first + int(i == k) for i, first in enumerate(orders)]
                right = float(mp.diff(logpdf, (x, *at), (0, *both), h=mp.mpf("1e-12")))
                assert next(upper)[0] == pytest.approx(right, rel=1e-7, abs=1e-8), (j, k)


@pytest.mark.parametrize(
    ("gamma", "lam", "z"), [(0.7, -1.3, -5.6), (200.0, 4.0, -0.3), (200.0, 4.0, 1.7), (1e-3, 0.7, 9.0), (5.0, 0.0, 0.4)]
)
def test_tails(gamma, lam, z):
    """Of z = log x, the smaller one by quadrature from z outwards, and the other as the rest."""
    with mp.workdps(30):
        side = -1 if z < 0 else 1
        fall = abs(lam - gamma * mp.sinh(z)) + mp.sqrt(gamma)
        ends = [z + side * k / fall for k in (0, 2, 4, 8, 16, 32, 64, 100)]
        mass = abs(mp.quad(lambda t: mp.exp(lam * t - gamma * mp.cosh(t)), ends)) / (2 * mp.besselk(lam, gamma))
        logs = float(mp.log(mass)), float(mp.log1p(-mass))
    got = LAW.reduced_tails(np.array([z]), gamma, lam)
    assert (got[0][0], got[1][0]) == pytest.approx(logs if z < 0 else logs[::-1], rel=1e-9)


@pytest.mark.parametrize(
    ("gamma", "lam", "z"), [(0.7, -1.3, -1.6), (200.0, 4.0, 0.1), (1e-3, 0.7, 6.0), (5.0, 0.0, 0.4), (1e-7, 2.0, 17.0)]
)
def test_slopes_of_tails(gamma, lam, z):
    """By gamma and lam, of both tails, against differences of them; however small gamma is."""
    got = LAW.reduced_tail_slopes(np.array([z]), gamma, lam)
    for k, step in enumerate((1e-3 * gamma, 1e-3)):
        moved = [LAW.reduced_tails(np.array([z]), *(gamma + m * step * (k == 0), lam + m * step * k)) for m in AROUND]
        for side in (0, 1):
            right = fourth_order([tails[side] for tails in moved], step)
            assert got[side][k] == pytest.approx(right, rel=1e-8, abs=1e-11), (k, side)


def test_the_slope_by_a_small_gamma_is_that_of_a_gamma_law():
    """Of scale 2/gamma: the derivative of P(lam, x) by log x is x times the density."""
    gamma, lam = 1e-9, 2.0
    got = LAW.reduced_tail_slopes(np.array([np.log(2 / gamma)]), gamma, lam)[0][0]
    law = stats.gamma(lam)
    assert gamma * got[0] == pytest.approx(law.pdf(1.0) / law.cdf(1.0), rel=1e-6)


def test_the_law_at_a_small_gamma_is_fitted_through_a_window():
    """Differences of its tails went to negative values of gamma, for a MemoryError that left the package."""
    x = [84.3447, 88.8577, 43.811, 87.8461, 89.0922, 81.6433, 32.9103, 114.8988, 44.3617, 67.3056]
    law = mle.negated(mle.shifted(LAW))
    try:
        found = fit_quietly(mle.Sample(x).truncated(30.0, 150.0), law)
    except NoMaximumError:
        return
    assert found.llf < 0


@pytest.mark.parametrize(("lam", "gamma"), [(-1.3, 0.7), (2.0, 3.0), (0.5, 0.01)])
def test_the_maximum_is_found(lam, gamma):
    """The mean of x, 1/x and log x are those of the law: it is an exponential family."""
    x = stats.geninvgauss.rvs(lam, gamma, scale=3.0, size=300, random_state=1)
    params = LAW.from_sample(mle.Sample(x))
    law = stats.geninvgauss(params[1], params[0], scale=params[2])
    assert law.expect(lambda t: t) == pytest.approx(x.mean(), rel=1e-6)
    assert law.expect(lambda t: 1 / t) == pytest.approx((1 / x).mean(), rel=1e-6)
    assert law.expect(np.log) == pytest.approx(np.log(x).mean(), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(("sign", "family"), [(1.0, "gamma"), (-1.0, "inverse_gamma")])
def test_data_beyond_a_limit_have_it_as_their_maximum(sign, family):
    """Exact values of 1/x that are too far from 0 for a gamma law, and of x for an inverse gamma one."""
    x = np.append(np.random.default_rng(3).gamma(3.0, size=200), 1e-3) ** sign
    fit = fit_quietly(x, LAW)
    assert fit.certificate.limit == family
    assert fit.llf == pytest.approx(mle.fit(x, family).llf, abs=1e-9)


def test_it_is_named_where_the_generalized_hyperbolic_law_leans_without_end():
    """To the left: what is fitted is the law of minus the data, from a threshold on."""
    x = stats.geninvgauss.rvs(0.3, 0.7, scale=3.0, size=200, random_state=2)
    fit = fit_quietly(-x, "generalized_hyperbolic")
    assert fit.certificate.limit == "negated shifted generalized inverse Gaussian"
    assert fit.params["beta"] == -np.inf
    y = x + fit.params["loc"]
    right = fit_quietly(y, LAW)
    assert fit.llf == pytest.approx(right.llf, abs=1e-8)
    assert (fit.params["gamma"], fit.params["lam"]) == pytest.approx(
        (right.params["gamma"], right.params["lam"]), rel=1e-4
    )
