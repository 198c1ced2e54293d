"""Laws of intervals of which the support ends where one of them does: a search for them has that as a parameter."""

import numpy as np
import pytest
from references import fit_quietly
from scipy import optimize, stats

import mle_toolkit as mle

FALLING = np.repeat([1.0, 2.0, 3.0, 4.0, 6.0], [12, 6, 3, 2, 1])
LONG = np.repeat([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 9.0], [20, 9, 8, 4, 3, 1, 1, 1])
FIBONACCI = np.array([1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0])


def of_glo(x, loc, scale, k):
    with np.errstate(all="ignore"):
        inside = np.maximum(1 - k * (x - loc) / scale, 0.0)
        return 1 / (1 + inside ** (1 / k))


CDF = {
    "pearson3": lambda x, loc, scale, skew: stats.pearson3.cdf(x, skew, loc, scale),
    "gev": lambda x, loc, scale, xi: stats.genextreme.cdf(x, -xi, loc, scale),
    "generalized_logistic": of_glo,
    "log_pearson3": lambda x, loc, scale, skew: stats.pearson3.cdf(np.log(x), skew, loc, scale),
}


def highest(name, lower, upper, start):
    """The log-likelihood to which Nelder and Mead's method comes with SciPy's distribution functions."""

    def cost(p):
        with np.errstate(all="ignore"):
            mass = CDF[name](upper, p[0], np.exp(p[1]), p[2]) - CDF[name](lower, p[0], np.exp(p[1]), p[2])
            value = -np.sum(np.log(mass))
        return value if np.isfinite(value) else 1e6

    options = {"maxfev": 400, "xatol": 1e-10, "fatol": 1e-11}
    begin = np.array([start[0], np.log(start[1]), start[2]]) * 0.99
    return -optimize.minimize(cost, begin, method="Nelder-Mead", options=options).fun


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("pearson3", FALLING),
        ("pearson3", -FALLING),
        ("gev", -FALLING),
        ("gev", -LONG),
        ("generalized_logistic", FIBONACCI),
        ("generalized_logistic", -FIBONACCI),
        ("log_pearson3", np.arange(1.0, 21.0)),
        ("log_pearson3", np.arange(1.0, 101.0)),
    ],
)
def test_a_support_that_ends_where_an_interval_does_is_found(name, x):
    """A search in location, scale and shape is stuck beside the kink; the last of GEV was said to be at xi = -1."""
    fit = fit_quietly(mle.Sample.rounded(x, 1.0), name)
    assert fit.certificate.verdict == "non_regular"
    assert fit.llf >= highest(name, x - 0.5, x + 0.5, list(fit.params.values())) - 1e-7
    other = fit_quietly(mle.Sample.rounded(1e6 * x, 1e6), name)
    assert other.certificate.verdict == "non_regular"
    assert other.llf == pytest.approx(fit.llf, rel=1e-8)


def test_a_generalised_pareto_law_that_ends_where_an_interval_does_is_found():
    """In scale and shape the search was stuck beside the kink, with the end an ulp away from that of the interval."""
    steps = np.array([9, 6, 5, 11, 0, 8, 5, 5, 1, 9, 5, 2, 6, 8, 1, 1], dtype=float)
    lower = np.array([*steps, 4.0, 0.0, 5.0, 3.0, 0.0])
    upper = np.array([*(steps + 1), 5.0, *[np.inf] * 4])
    fit = fit_quietly(mle.Sample.intervals(lower, upper), "gpd")

    def cost(power, end):
        with np.errstate(all="ignore"):  # a power that is tried may be negative
            left = [np.maximum(1 - x / end, 0.0) ** power for x in (lower, np.minimum(upper, 1e9))]
            value = -float(np.sum(np.log(left[0] - left[1])))
        return value if np.isfinite(value) else 1e6

    ends = [12.0, *np.linspace(11.01, 11.999, 50), *np.linspace(12.001, 20.0, 50)]
    best = [optimize.minimize_scalar(cost, (0.5, 2.0), args=(end,), options={"xtol": 1e-12}).fun for end in ends]
    assert min(best) == best[0]
    assert fit.certificate.verdict == "non_regular"
    assert fit.llf == pytest.approx(-best[0], abs=1e-9)
    assert -fit.params["scale"] / fit.params["xi"] == pytest.approx(12.0, rel=1e-12)
