"""Powers of distribution functions."""

import numpy as np
import pytest
from references import fit_quietly, flat
from scipy import optimize, stats

import mle_toolkit as mle

X = stats.exponweib(2.0, 0.9, scale=3.0).rvs(200, random_state=20_261_204)


@pytest.mark.parametrize("unit", [1.0, 1e6, 1e-6])
def test_the_exponentiated_weibull_law(unit):
    """By a search of SciPy's density."""
    fit = mle.fit(unit * X, mle.exponentiated("weibull"))
    p = fit.params
    right = stats.exponweib(p["power"], p["shape"], scale=p["scale"])
    assert fit.llf == pytest.approx(right.logpdf(unit * X).sum(), rel=1e-9)
    if unit == 1.0:

        def cost(u: np.ndarray) -> float:
            power, shape, scale = np.exp(u)
            return -float(stats.exponweib(power, shape, scale=scale).logpdf(X).sum())

        options = {"fatol": 1e-10, "xatol": 1e-8, "maxiter": 2000}
        found = optimize.minimize(cost, np.log([1.5, 1.0, 3.0]), method="Nelder-Mead", options=options)
        assert fit.llf == pytest.approx(-found.fun, abs=1e-6)


def test_the_largest_of_several_is_a_power():
    law, one = mle.distribution("exponentiated(gamma)", shape=2.0, scale=1.5, power=3.0), stats.gamma(2.0, scale=1.5)
    x = np.array([1e-3, 0.5, 3.0, 20.0])
    assert law.cdf(x) == pytest.approx(one.cdf(x) ** 3, rel=1e-12)
    assert law.sf(np.array([80.0])) == pytest.approx(3 * one.sf(80.0), rel=1e-9)
    p = np.array([1e-12, 0.2, 0.7, 1 - 1e-9])
    assert law.cdf(law.ppf(p)) == pytest.approx(p, rel=1e-10)
    assert law.sf(law.isf([1e-40, 1e-9, 0.3])) == pytest.approx([1e-40, 1e-9, 0.3], rel=1e-9)
    theta, steps = np.array([2.0, 1.5, 3.0]), 1e-6 * np.eye(3)
    family = law.family
    for function, slopes in (
        (family.logpdf, family.score(x, *theta)),
        (family.logcdf, family.tail_scores(x, *theta)[0]),
        (family.logsf, family.tail_scores(x, *theta)[1]),
    ):
        found = [(function(x, *(theta + s)) - function(x, *(theta - s))) / 2e-6 for s in steps]
        assert np.array(slopes) == pytest.approx(np.array(found), rel=1e-5, abs=1e-7)


FORMS = {
    "weighted": (mle.Sample(X, 1.0 + np.arange(200) % 3), lambda law: (1.0 + np.arange(200) % 3) * law.logpdf(X)),
    "censored": (
        mle.Sample.right_censored(np.minimum(X, 6.0), X < 6.0),
        lambda law: np.where(X < 6.0, law.logpdf(X), law.logsf(6.0)),
    ),
    "intervals": (
        mle.Sample.intervals(np.floor(X), np.floor(X) + 1),
        lambda law: np.log(law.cdf(np.floor(X) + 1) - law.cdf(np.floor(X))),
    ),
    "truncated": (mle.Sample(X[X > 1.0]).truncated(lower=1.0), lambda law: law.logpdf(X[X > 1.0]) - law.logsf(1.0)),
}


@pytest.mark.parametrize("form", FORMS)
def test_any_form_of_data(form):
    sample, rows = FORMS[form]
    fit = fit_quietly(sample, mle.exponentiated("exponential"))
    scale, power = fit.params.values()
    assert fit.llf == pytest.approx(float(np.sum(rows(stats.exponweib(power, 1.0, scale=scale)))), rel=1e-9)
    for s, a in flat(fit.params) + 0.01 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]) * flat(fit.bse):
        assert np.sum(rows(stats.exponweib(a, 1.0, scale=s))) < fit.llf


def test_what_cannot_be_exponentiated(tmp_path):
    with pytest.raises(mle.errors.ParameterError, match="not a continuous law"):
        mle.exponentiated("poisson")
    with pytest.raises(mle.errors.ParameterError, match="a power already"):
        mle.exponentiated(mle.exponentiated("weibull"))
    with pytest.raises(mle.errors.ParameterError, match="end or a kink"):
        mle.exponentiated("pareto")
    fit = mle.fit(X, mle.exponentiated("weibull"))
    fit.save(tmp_path / "fit.json")
    assert mle.load(tmp_path / "fit.json").distribution.cdf(1.0) == fit.distribution.cdf(1.0)
