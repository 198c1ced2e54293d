"""Sichel's law against mpmath and as a mixture, its limits, and counts that are not exact."""

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly

import mle_toolkit as mle
from mle_toolkit.families.sichel import _PoissonInverseGamma

LAW = mle.get_family("sichel")
THYRION = mle.Sample.table([0, 1, 2, 3, 4, 5, 6, 7], [7840, 1317, 239, 42, 14, 4, 4, 1])


def mixture(y, mu, sigma, nu):
    """Poisson counts averaged over the generalized inverse Gaussian rate, of mean mu, by quadrature."""
    c = mp.besselk(nu + 1, 1 / sigma) / mp.besselk(nu, 1 / sigma)

    def integrand(t):
        rate = mu / c * mp.exp(t)
        return mp.exp(y * mp.log(rate) - rate - mp.loggamma(y + 1) + nu * t - mp.cosh(t) / sigma)

    return mp.log(mp.quad(integrand, [-40, -10, -4, -2, 0, 1, 2, 3, 5, 12]) / (2 * mp.besselk(nu, 1 / sigma)))


@pytest.mark.parametrize("params", [(3.0, 0.8, -0.3), (10.0, 2.0, 1.4), (0.5, 5.0, -2.2)])
def test_probabilities_and_score(params):
    y = np.array([0.0, 7.0])
    score = LAW.score(y, *params)
    with mp.workdps(22):
        at, h = tuple(map(mp.mpf, params)), mp.mpf(10) ** -7
        for k, count in enumerate(y.tolist()):
            assert LAW.logpdf(y, *params)[k] == pytest.approx(float(mixture(count, *at)), rel=1e-12)
            for j in range(3):
                ends = [mixture(count, *(p + s * h * (i == j) for i, p in enumerate(at))) for s in (-1, 1)]
                assert score[j][k] == pytest.approx(float((ends[1] - ends[0]) / (2 * h)), rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("params", [(3.0, 0.8, -0.3), (300.0, 0.1, 0.5), (4.0, 1e-4, 0.5)])
def test_tails_are_sums_of_probabilities(params):
    """From 0 up, and beyond; where a tail falls as a power they do not end, and the law is asked for its formula."""
    y = np.arange(3000.0)
    p = LAW.logpdf(y, *params)
    at = np.array([0, 3, 40])
    assert LAW.logcdf(at, *params) == pytest.approx([np.logaddexp.reduce(p[: k + 1]) for k in at], rel=1e-11)
    assert LAW.logsf(at, *params) == pytest.approx([np.logaddexp.reduce(p[k + 1 :]) for k in at], rel=1e-11)


def test_it_is_the_poisson_inverse_gaussian_law_and_tends_to_others():
    y = np.arange(30.0)
    pig = mle.get_family("poisson_inverse_gaussian")
    assert LAW.logpdf(y, 3.0, 0.8, -0.5) == pytest.approx(pig.logpdf(y, 1.25, 3.0), rel=1e-12)
    negbin = mle.get_family("negbin")
    assert LAW.logpdf(y, 3.0, 1e9, 2.5) == pytest.approx(negbin.logpdf(y, 2.5, 3.0), rel=1e-8)
    assert LAW.logpdf(y, 3.0, 1e9, -2.5) == pytest.approx(_PoissonInverseGamma().logpdf(y, 3.0, 2.5), rel=1e-7)
    poisson = mle.get_family("poisson")
    assert LAW.logpdf(y, 3.0, 1e-12, 0.7) == pytest.approx(poisson.logpdf(y, 3.0), rel=1e-9)
    heavy = _PoissonInverseGamma()
    assert heavy.logsf(400.0, 3.0, 8.0) == pytest.approx(LAW.logsf(400.0, 3.0, 1e12, -8.0), rel=1e-9)
    assert LAW.var(3.0, 0.8, -0.5) == pytest.approx(3 + 0.8 * 9, rel=1e-12)


def test_accidents_of_insured_drivers():
    """Above the Poisson-inverse Gaussian law, and no rounding of it: neighbours are lower."""
    fit = fit_quietly(THYRION, "sichel")
    pig = fit_quietly(THYRION, "poisson_inverse_gaussian")
    assert fit.llf >= pig.llf
    assert fit.params["mu"] == pytest.approx(0.21435366, rel=1e-6)  # the mean: mu is orthogonal to the others
    assert str(fit.certificate.verdict) == "interior"
    for name in ("sigma", "nu"):
        for step in (0.97, 1.03):
            moved = mle.fit(THYRION, "sichel", fixed={name: fit.params[name] * step})
            assert moved.llf < fit.llf


@pytest.mark.parametrize(("counts", "limit"), [([0] * 7 + [1], "poisson"), ([0, 1, 5, 9, 2, 3, 0, 7], "negbin")])
def test_few_counts_end_at_a_limit(counts, limit):
    fit = fit_quietly(counts, "sichel")
    assert str(fit.certificate.verdict) == "boundary"
    assert fit.llf == pytest.approx(fit_quietly(counts, limit).llf, abs=1e-9)
