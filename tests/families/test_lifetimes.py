"""Means beyond and up to a value equal integrals of the survival function in 30 digits, and closed forms."""

import math

import mpmath as mp
import numpy as np
import pytest
from references import column, fit_quietly

import mle_toolkit as mle
from mle_toolkit.errors import IntegralError, ParameterError


@pytest.mark.parametrize("t", [0.0, 1e-9, 1.0, 7.5, 100.0])
def test_gamma_by_integrals_of_its_survival(t):
    law = mle.distribution("gamma", shape=2.5, scale=3.0)
    with mp.workdps(30):
        at = mp.mpf(t)
        survival = lambda x: mp.gammainc(mp.mpf("2.5"), x / 3, regularized=True)  # noqa: E731
        residual = mp.quad(survival, [at, at + 5, at + 50, mp.inf]) / survival(at)
        restricted = mp.quad(survival, [0, at / 2, at])
    assert float(law.mean_residual_life(t)) == pytest.approx(float(residual), rel=1e-9)
    assert float(law.restricted_mean(t)) == pytest.approx(float(restricted), rel=1e-9, abs=1e-300)
    assert law.restricted_mean(t) + law.mean_residual_life(t) * law.sf(t) == pytest.approx(law.mean(), rel=1e-9)


def test_closed_forms():
    lomax = mle.distribution("lomax", shape=2.5, scale=3.0)
    np.testing.assert_allclose(lomax.mean_residual_life([0.0, 2.0, 1e6]), (3 + np.array([0, 2, 1e6])) / 1.5, rtol=1e-9)
    np.testing.assert_allclose(lomax.hazard([0.0, 2.0]), 2.5 / np.array([3.0, 5.0]), rtol=1e-13)
    weibull = mle.distribution("weibull", shape=2.0, scale=3.0)
    np.testing.assert_allclose(weibull.cumulative_hazard([1.5, 300.0]), [0.25, 1e4], rtol=1e-13)
    geometric = mle.distribution("geometric", prob=0.25)
    start = geometric.family.support.lower
    np.testing.assert_allclose(geometric.hazard(start + np.arange(3)), 0.25, rtol=1e-13)
    uniform = mle.distribution("uniform", a=0.0, b=1.0)
    assert float(uniform.mean_residual_life(0.25)) == pytest.approx(0.375)
    assert np.isnan(uniform.mean_residual_life(1.0))
    assert float(uniform.restricted_mean(3.0)) == pytest.approx(0.5)


def test_heavy_tails_have_means_up_to_a_value_alone():
    law = mle.distribution("lomax", shape=0.8, scale=2.0)
    assert float(law.restricted_mean(3.0)) == pytest.approx(2 / 0.2 * ((5 / 2) ** 0.2 - 1), rel=1e-9)
    with pytest.raises(IntegralError):
        law.mean_residual_life(1.0)


def test_counts_by_sums():
    law = mle.distribution("poisson", mu=3.2)
    k = np.arange(80)
    p = law.pdf(k)
    for t in (-1.0, 0.0, 2.0, 2.5, 10.0):
        beyond = k > t
        assert float(law.mean_residual_life(t)) == pytest.approx(
            ((k - t) * p)[beyond].sum() / p[beyond].sum(), rel=1e-9
        )
        assert float(law.restricted_mean(t)) == pytest.approx((np.minimum(k, t) * p).sum(), rel=1e-9)


def test_a_law_a_row():
    law = mle.distribution("gamma", shape=[2.0, 3.0], scale=1.5)
    for name in ("hazard", "cumulative_hazard", "mean_residual_life", "restricted_mean", "cdf"):
        rows = [getattr(mle.distribution("gamma", shape=s, scale=1.5), name)(1.0) for s in (2.0, 3.0)]
        np.testing.assert_allclose(getattr(law, name)(1.0), rows, rtol=1e-12)
    for wrong in ({"shape": [1.0, 2.0], "scale": [1.0, 2.0, 3.0]}, {"shape": [[1.0]], "scale": 1.0}):
        with pytest.raises(ParameterError, match="arrays of one length"):
            mle.distribution("gamma", **wrong)
    with pytest.raises(ParameterError, match="outside its domain"):
        mle.distribution("gamma", shape=[1.0, -2.0], scale=1.0)


@pytest.mark.parametrize(
    "x",
    [
        [0.517, 0.494, 0.539, 0.416, 0.533, 0.37],
        [1.5, 0.1, 1.6, 1.0, 1.1, 0.3, 0.45, 0.65, 1.05, 1.7, 0.2, 0.45, 1.25, 0.7],
    ],
)
@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_an_exponentiated_weibull_law_that_has_become_a_power_says_so(x, unit):
    """Terms cancel on the way there: the search stopped above the supremum, by rounding, as not converged."""
    x = unit * np.array(x)
    fit = fit_quietly(x, "exponentiated_weibull")
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "power"
    index = 1 / np.mean(np.log(x.max() / x))
    assert fit.llf == pytest.approx(len(x) * np.log(index / x.max()) + (index - 1) * np.sum(np.log(x / x.max())))


@pytest.mark.parametrize("unit", [1.0, 1e-6])
def test_an_exponentiated_weibull_law_near_frechet_s_is_found(unit):
    """The lengths of rivers were said to make its likelihood unbounded; where mpmath finds the root of the score."""
    x = unit * column("rivers", "x")
    fit = fit_quietly(x, "exponentiated_weibull")
    assert fit.certificate.verdict == "interior"
    assert math.log(fit.params["a"]) == pytest.approx(47.0, abs=0.1)
    assert fit.llf + len(x) * math.log(unit) == pytest.approx(-985.8653670, abs=1e-6)


def test_an_exponentiated_weibull_law_that_has_become_frechet_s_says_so():
    """Of Pareto's data it comes there so slowly that its likelihood was said to rise without a bound."""
    x = 1 + np.random.default_rng(6).pareto(2.5, 93)
    fit = fit_quietly(x, "exponentiated_weibull")
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "frechet"
    assert fit.llf == pytest.approx(mle.fit(x, "frechet").llf, rel=1e-12)


@pytest.mark.parametrize("params", [(1e60, 2.0, 0.9), (3.0, 1.5, 1.3), (0.05, 0.8, 2.0)])
def test_derivatives_of_the_exponentiated_weibull_law_where_it_is_maximised(params):
    """In its index and its middle, by mpmath: of the density and of both tails."""
    law, x = mle.get_family("exponentiated_weibull").chart.law, np.array([0.3, 1.0, 2.5])

    def logs(v, a, index, middle):
        width = mp.log(1 + a)
        w = width * (v / middle) ** (index / width)
        low = mp.log(1 - mp.exp(-w))
        density = mp.log(a * index / width) - mp.log(v) + mp.log(w) - w + (a - 1) * low
        return density, a * low, mp.log(1 - mp.exp(a * low))

    below, above = law.tail_scores(x, *params)
    score, hessian = law.score(x, *params), law.hessian(x, *params)
    with mp.workdps(200):
        exact = [mp.mpf(p) for p in params]
        for i, v in enumerate(x):
            assert law.logpdf(x, *params)[i] == pytest.approx(float(logs(mp.mpf(v), *exact)[0]), rel=1e-11)
            for k in range(3):
                once = tuple(int(j == k) for j in range(3))
                for place, ours in enumerate((score, below, above)):
                    right = mp.diff(lambda *p, v=v, place=place: logs(mp.mpf(v), *p)[place], exact, once)
                    assert ours[k][i] == pytest.approx(float(right), rel=1e-6)
            pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
            for (j, k), ours in zip(pairs, hessian, strict=True):
                twice = tuple(int(m == j) + int(m == k) for m in range(3))
                right = mp.diff(lambda *p, v=v: logs(mp.mpf(v), *p)[0], exact, twice)
                assert ours[i] == pytest.approx(float(right), rel=1e-6)


@pytest.mark.parametrize(("seed", "height"), [(2, -194.8181017), (3, -221.3724192)])
def test_a_wall_at_the_largest_observation_leaves_makeham_s_law_a_local_maximum(seed, height):
    """With shape exp(-x/scale) of the largest x, the likelihood grows by the log of 1/scale as scale falls."""
    x = np.random.default_rng(seed).exponential(size=200)
    fit = fit_quietly(x, "gompertz_makeham")
    assert fit.certificate.verdict == "local"
    assert "wall of hazard" in fit.certificate.message
    assert fit.llf == pytest.approx(height, abs=1e-6)
    law, largest = fit.family, x.max()
    heights = [np.sum(law.logpdf(x, np.exp(-largest / s), s, fit.params["makeham"])) for s in (0.03, 0.016, 0.008)]
    assert heights[0] < heights[1] < heights[2]
    rounded = mle.Sample.rounded(np.ceil(10 * x) / 10, 0.1)
    assert fit_quietly(rounded, "gompertz_makeham").certificate.verdict != "local"
