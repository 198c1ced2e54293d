"""Regressions of laws of a scale that runs off at a limit: all coefficients but the intercept are those of the limit.

The limit is maximised by SciPy, from its density as the books have it.
"""

import numpy as np
import pytest
from scipy import optimize, stats

import mle_toolkit as mle

_DENSITIES = {
    "exponential": lambda log_shape, scale: stats.expon(scale=scale),
    "weibull": lambda log_shape, scale: stats.weibull_min(np.exp(log_shape), scale=scale),
    "frechet": lambda log_shape, scale: stats.invweibull(np.exp(log_shape), scale=scale),
    "inverse_gamma": lambda log_shape, scale: stats.invgamma(np.exp(log_shape), scale=scale),
}
"""Of limits, by the log of their shape and their scale."""

_CASES = [
    ("lomax", "exponential", lambda rng, n: rng.gamma(1.6, size=n)),
    ("burr12", "weibull", lambda rng, n: rng.weibull(1.6, size=n)),
    ("beta_prime", "inverse_gamma", lambda rng, n: 1 / rng.gamma(3.0, size=n)),
    ("dagum", "frechet", lambda rng, n: 1 / rng.weibull(2.0, size=n)),
]
_SEEDS = {"lomax": 3, "burr12": 3, "beta_prime": 5, "dagum": 3}


def drawn(law, draw, n=60):
    """A design, and observations in which the limit is highest."""
    rng = np.random.default_rng(_SEEDS[law])
    z = rng.normal(size=n)
    return np.column_stack([np.ones(n), z]), np.exp(0.5 + 0.7 * z) * draw(rng, n)


def highest(limit, loglik):
    """The maximum by SciPy: log-likelihood, and slope of the covariate."""
    begin = [0.5, 0.0, 0.5]
    cost = lambda at: -loglik(_DENSITIES[limit], at)  # noqa: E731
    run = optimize.minimize(cost, begin, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxfev": 5000})
    run = optimize.minimize(cost, run.x, method="BFGS")
    return -run.fun, run.x[1]


@pytest.mark.filterwarnings("ignore::mle_toolkit.FitWarning")
@pytest.mark.parametrize("form", ["exact", "weights", "right-censored", "window"])
@pytest.mark.parametrize(("law", "limit", "draw"), _CASES, ids=[case[0] for case in _CASES])
def test_the_maximum_is_the_regression_of_the_limit(law, limit, draw, form):
    design, x = drawn(law, draw)
    weight = np.ones(len(x))
    censor, top = np.quantile(x, [0.9, 0.95])
    if form == "weights":
        weight = np.where(np.arange(len(x)) % 3 == 0, 2.0, 1.0)
        sample = mle.Sample(x, weight)
    elif form == "right-censored":
        sample = mle.Sample.right_censored(np.minimum(x, censor), x <= censor)
    elif form == "window":
        design, x, weight = design[x < top], x[x < top], weight[x < top]
        sample = mle.Sample(x).truncated(upper=top)
    else:
        sample = mle.Sample(x)

    def loglik(density, at):
        own = density(at[2], np.exp(design @ at[:2]))
        with np.errstate(all="ignore"):
            if form == "right-censored":
                rows = np.where(x <= censor, own.logpdf(x), own.logsf(censor))
            else:
                rows = own.logpdf(x) - (own.logcdf(top) if form == "window" else 0.0)
        return float(weight @ rows)

    fit = mle.regress(sample, design, law)
    height, slope = highest(limit, loglik)
    if fit.certificate.limit is None:  # the law is higher than its limit: the form of data has moved the maximum
        assert fit.llf > height
        assert str(fit.certificate.verdict) == "interior"
        return
    assert fit.certificate.limit == limit
    assert str(fit.certificate.verdict) == "boundary"
    assert abs(fit.llf - height) < 1e-6
    assert abs(fit.params["scale"].iloc[1] - slope) < 1e-4
    assert np.isinf(fit.params["scale"].iloc[0])
    own = mle.regress(sample, design, mle.get_family(limit, by="scale"))
    assert fit.bse["scale"].iloc[1] == pytest.approx(own.bse["scale"].iloc[1], rel=1e-6)


@pytest.mark.filterwarnings("ignore::mle_toolkit.FitWarning")
@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_limit_is_the_same_in_any_unit(unit):
    design, x = drawn("burr12", _CASES[1][2])
    one, other = (mle.regress(scale * x, design, "burr12") for scale in (1.0, unit))
    assert other.certificate.limit == "weibull"
    assert other.params["scale"].iloc[1] == pytest.approx(one.params["scale"].iloc[1], rel=1e-7)
    assert other.llf == pytest.approx(one.llf - len(x) * np.log(unit), abs=1e-7)


def test_a_law_without_a_bound_of_its_scale_is_told_by_the_maximum_of_the_exponential_regression():
    """By the equations of the exponential regression: the residuals x/scale sum to n, and with the covariate too."""
    design, x = drawn("lomax", _CASES[0][2])
    with pytest.warns(mle.FitWarning, match="where lomax is exponential"):
        fit = mle.regress(x, design, "lomax")
    slope = fit.params["scale"].iloc[1]
    intercept = np.log(np.mean(x * np.exp(-slope * design[:, 1])))
    left = x / np.exp(intercept + slope * design[:, 1]) - 1
    np.testing.assert_allclose(design.T @ left, 0.0, atol=1e-6)
    assert fit.llf == pytest.approx(-len(x) - np.sum(intercept + slope * design[:, 1]), abs=1e-7)
