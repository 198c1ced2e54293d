"""L-moments of laws are closed forms, those of data are sums over all subsets, and fits have those of the data."""

import itertools
import math

import numpy as np
import pytest

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
