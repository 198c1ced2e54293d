"""Means and variances that SciPy loses digits of, against mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy import stats

import mle_toolkit as mle


@pytest.mark.parametrize("xi", [0.499, 0.11, 0.1, 1e-3, 1e-7, 1e-12, 1e-160, 0.0, -1e-9, -0.1, -0.101, -0.7])
def test_moments_of_extremes_keep_their_digits_near_gumbel(xi):
    with mpmath.workdps(60):
        shape = mpmath.mpf(xi)
        if abs(xi) < 1e-100:
            mean, var = mpmath.euler, mpmath.pi**2 / 6
        else:
            mean = (mpmath.gamma(1 - shape) - 1) / shape
            var = (mpmath.gamma(1 - 2 * shape) - mpmath.gamma(1 - shape) ** 2) / shape**2
    law = mle.distribution("gev", loc=0.0, scale=1.0, xi=xi)
    assert law.mean() == pytest.approx(float(mean), rel=1e-13)
    assert law.var() == pytest.approx(float(var), rel=2e-14)
    excess = mle.distribution("gpd", scale=3.0, xi=xi)
    assert excess.mean() == pytest.approx(float(3 / (1 - shape)), rel=1e-14)
    assert excess.var() == pytest.approx(float(9 / ((1 - shape) ** 2 * (1 - 2 * shape))), rel=1e-14)


@pytest.mark.parametrize("name", ["gev", "gpd"])
def test_moments_of_heavy_extremes_are_infinite(name):
    more = {"loc": 0.0} if name == "gev" else {}
    xi = np.array([0.4, 0.5, 0.7, 1.0, 1.5])
    law = mle.distribution(name, **more, scale=1.0, xi=xi)
    np.testing.assert_array_equal(np.isinf(law.mean()), xi >= 1.0)
    np.testing.assert_array_equal(np.isinf(law.var()), xi >= 0.5)


@pytest.mark.parametrize("size", [0.3, 1e2, 1e8, 1e15])
def test_the_mean_of_negative_binomial_counts_is_mu(size):
    law = mle.distribution("negbin", size=size, mu=np.array([0.2, 1.6, 1e5]))
    np.testing.assert_array_equal(law.mean(), [0.2, 1.6, 1e5])
    np.testing.assert_allclose(law.var(), [0.2 + 0.04 / size, 1.6 + 2.56 / size, 1e5 + 1e10 / size], rtol=1e-15)


@pytest.mark.parametrize(("k", "h"), [(0.0, -0.15), (0.0, -0.6), (0.1, -0.15), (0.0, 0.0), (0.2, 0.5)])
def test_kappa_laws_are_drawn_at_every_shape(k, h):
    law = mle.distribution("kappa4", loc=1.0, scale=2.0, k=k, h=h)
    drawn = law.rvs(2000, rng=5)
    assert np.isfinite(drawn).all()
    assert stats.kstest(drawn, law.cdf).pvalue > 0.01


def test_a_size_that_runs_off_has_no_effect_on_the_mean():
    """Margins of counts whose size is beyond what the data tell: the mean does not depend on it at all."""
    rng = np.random.default_rng(8)
    z, x = rng.integers(0, 2, size=90), rng.normal(size=90)
    frame = {"z": z, "x": x, "count": rng.poisson(np.exp(0.5 + 0.3 * x))}
    with pytest.warns(mle.errors.FitWarning):
        fit = mle.regress("count ~ x", frame, "negbin", size="~ z", start={"size": [12.0, 10.0]})
    effect = fit.margins().loc["z"]
    assert effect["effect"] == 0.0


@pytest.mark.parametrize(
    ("k", "h"),
    [
        (0.2, -0.5),
        (-0.3, -0.9),
        (0.0, 0.0),
        (0.019, -0.3),
        (0.021, -0.3),
        (0.9, -0.5),
        (1e-5, -1.0),
        (0.1, 1e-7),
        (0.4, 0.9),
        (-1e-9, -1e-9),
    ],
)
def test_moments_of_a_kappa_law_are_integrals_of_its_quantiles(k, h):
    with mpmath.workdps(60):

        def z(u):
            w = u if h == 0 else mpmath.expm1(-u * h) / -h  # (1 - p^h)/h of p = exp(-u)
            return -mpmath.log(w) if k == 0 else (1 - w**k) / k

        def moment(power):
            ends = [-400, -100, -30, -10, -3, 0, 2, 4, 6]
            return mpmath.quad(lambda t: z(mpmath.exp(t)) ** power * mpmath.exp(t - mpmath.exp(t)), ends)

        mean, square = moment(1), moment(2)
        right = float(mean), float(square - mean**2)
    law = mle.distribution("kappa4", loc=3.0, scale=2.0, k=k, h=h)
    assert law.mean() == pytest.approx(3.0 + 2.0 * right[0], rel=1e-12)
    assert law.var() == pytest.approx(4.0 * right[1], rel=1e-10)


def test_a_kappa_law_has_no_variance_where_a_tail_is_too_heavy():
    law = mle.distribution("kappa4", loc=0.0, scale=1.0, k=np.array([-0.6, 0.8, 0.2]), h=np.array([0.1, -0.7, -0.7]))
    np.testing.assert_array_equal(np.isinf(law.var()), [True, True, False])
    assert np.all(np.isfinite(law.mean()))
