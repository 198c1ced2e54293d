"""L-moments of laws are closed forms, those of data are sums over all subsets, and fits have those of the data."""

import itertools
import math

import numpy as np
import pytest
from scipy import special, stats

import mle_toolkit as mle
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.moments import of_data, of_law

G, LOG2 = math.gamma, math.log(2)


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        # Hosking & Wallis (1997), appendix.
        (("uniform", {"a": 1.0, "b": 3.0}), (2, 1 / 3, 0, 0)),
        (("exponential", {"scale": 2.0}), (2, 1, 1 / 3, 1 / 6)),
        (("gumbel", {"loc": 1.0, "scale": 2.0}), (1 + 2 * np.euler_gamma, 2 * LOG2, math.log(9 / 8) / LOG2, 0.150375)),
        (("normal", {"mu": 1.0, "sigma": 2.0}), (1, 2 / math.sqrt(math.pi), 0, 30 / math.pi * math.atan(2**0.5) - 9)),
        (("logistic", {"loc": 1.0, "scale": 2.0}), (1, 2, 0, 1 / 6)),
        (("gpd", {"xi": 0.4, "scale": 1.0}), (1 / 0.6, 1 / (0.6 * 1.6), 1.4 / 2.6, 1.4 * 2.4 / (2.6 * 3.6))),
        (
            ("gev", {"loc": 0.0, "scale": 1.0, "xi": 0.8}),
            ((G(0.2) - 1) / 0.8, (2**0.8 - 1) * G(0.2) / 0.8, 2 * (3**0.8 - 1) / (2**0.8 - 1) - 3, None),
        ),
        (("lomax", {"shape": 0.9, "scale": 1.0}), (np.nan, np.nan, np.nan, np.nan)),
    ],
)
def test_l_moments_of_laws_are_closed_forms(law, expected):
    found = of_law(mle.distribution(law[0], **law[1]))
    for value, right in zip(found, expected, strict=True):
        if right is not None:
            assert value == pytest.approx(right, rel=1e-6, abs=1e-9, nan_ok=True)


def test_l_moments_of_data_are_means_over_all_subsets():
    x = np.array([1.0, 2.0, 4.5, 8.0, 3.0, 3.0])
    found = of_data(x)

    def over_subsets(r):
        signs = [(-1) ** k * math.comb(r - 1, k) for k in range(r)]
        sums = [
            sum(s * v for s, v in zip(signs, sorted(c, reverse=True), strict=True))
            for c in itertools.combinations(x, r)
        ]
        return np.mean(sums) / r

    second = over_subsets(2)
    assert found == pytest.approx((x.mean(), second, over_subsets(3) / second, over_subsets(4) / second))


@pytest.mark.parametrize(
    "name", ["gev", "gumbel", "normal", "pearson3", "generalized_logistic", "gamma", "lognormal", "weibull"]
)
@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_the_law_has_the_l_moments_of_the_data(name, unit):
    x = np.random.default_rng(3).gamma(3.0, 2.0, 40) * unit
    found = mle.lmoments(x, name)
    k = len(found.params)
    np.testing.assert_allclose(of_law(found.distribution)[:k], of_data(x)[:k], rtol=1e-8)


def test_it_stands_in_where_the_likelihood_has_no_maximum():
    # Hosking's estimates: t3 = 0.6 of four maxima.
    found = mle.lmoments([3.0, 5.0, 11.0, 4.0], "gev")
    xi = found.params["xi"]
    assert 2 * (3**xi - 1) / (2**xi - 1) - 3 == pytest.approx(0.6)
    assert "gev by L-moments of 4 observations" in str(found)


def test_three_maxima_are_enough_for_three_parameters():
    """t3 = (1.53 - 2 * 1.55 + 1.94) / (1.94 - 1.53), by hand; where the likelihood has no maximum, which says so."""
    maxima = [1.53, 1.94, 1.55]
    with pytest.raises(mle.MleError, match=r"take mle\.lmoments"):
        mle.fit(maxima, "gev")
    xi = mle.lmoments(maxima, "gev").params["xi"]
    assert 2 * (3**xi - 1) / (2**xi - 1) - 3 == pytest.approx(0.37 / 0.41)


@pytest.mark.parametrize(
    ("x", "family", "error", "message"),
    [
        ([1.0, 2.0], "gev", DataError, "3 L-moments take as many observations, got 2"),
        ([1.0], "exponential", DataError, "two observations at least, got 1"),
        ([2.0] * 5, "gumbel", DataError, "all observations are equal"),
        ([1, 2, 3, 4], "poisson", ParameterError, "continuous laws"),
        ([0, 1, 2, 5, 9], "tweedie", ParameterError, "continuous laws"),
        (mle.Sample.rounded([1.0, 2, 3, 4], 1), "gumbel", DataError, "exact numbers"),
        ([1.0, 2.0, 3.0, 10.0], "student_t", DataError, "no law of the family"),
    ],
)
def test_what_has_no_l_moments_is_refused(x, family, error, message):
    with pytest.raises(error, match=message):
        mle.lmoments(x, family)


@pytest.mark.parametrize(
    ("h", "right"),
    [
        (-1.0, (0.1, (1 + 5 * 0.01) / 6)),
        (0.999999999, (1.1 / 2.9, 1.1 * 2.1 / (2.9 * 3.9))),
    ],
)
def test_kappa_laws_hold_the_generalised_logistic_and_pareto_ones(h, right):
    """Hosking (1990), table 1: for k = -0.1. Their quantiles at probabilities next to 1 were not numbers."""
    got = of_law(mle.distribution("kappa4", loc=3.0, scale=2.0, k=-0.1, h=h))
    assert got[2:] == pytest.approx(right, abs=1e-8)


PORT_PIRIE = """4.03 3.83 3.65 3.88 4.01 4.08 4.18 3.80 4.36 3.96 3.98 4.69 3.85 3.96 3.85 3.93 3.75 3.63 3.57 4.25 3.97
4.05 4.24 4.22 3.73 4.37 4.06 3.71 3.96 4.06 4.55 3.79 3.89 4.11 3.85 3.86 3.86 4.21 4.01 4.11 4.24 3.96 4.21 3.74 3.85
3.88 3.66 4.11 3.71 4.18 3.90 3.78 3.91 3.72 4.00 3.66 3.62 4.33 4.55 3.75 4.08 3.90 3.88 3.94 4.33"""


def test_a_kappa_law_is_found_for_sea_levels():
    """Port Pirie (Coles 2001, table 1.1): the moments found are those of SciPy's law."""
    x = np.array(PORT_PIRIE.split(), dtype=float)
    found = mle.lmoments(x, "kappa4")
    loc, scale, k, h = found.params.values()
    q = stats.kappa4(h, k, loc, scale).ppf
    nodes, weights = np.polynomial.legendre.leggauss(200)
    u, w = 0.5 * (nodes + 1), 0.5 * weights
    assert np.sum(w * q(u)) == pytest.approx(found.sample_l_moments[0], abs=1e-5)
    assert np.sum(w * q(u) * (2 * u - 1)) == pytest.approx(found.sample_l_moments[1], abs=1e-5)


@pytest.mark.parametrize("name", ["normal_inverse_gaussian", "skew_t"])
def test_l_moments_by_tails_are_those_by_quantiles(name):
    """Of laws whose quantiles are roots: by the trapezoidal rule in logits instead."""
    typical = {p.name: 0.6 * p.typical[0] + 0.4 * p.typical[1] for p in mle.get_family(name).parameters}
    law = mle.distribution(name, **typical | ({"df": 30.0} if name == "skew_t" else {}))
    t, w = np.arange(-32.0, 32.5, 0.5), 0.5
    u = special.expit(t)
    q = np.where(t < 0, law.ppf(u), law.isf(special.expit(-t)))
    b = [np.sum(w * u * special.expit(-t) * q * special.eval_sh_legendre(k, u)) for k in range(4)]
    assert of_law(law) == pytest.approx((b[0], b[1], b[2] / b[1], b[3] / b[1]), rel=1e-7, abs=1e-8)
