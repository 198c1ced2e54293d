"""Where searches begin: of regressions of durations, some of them censored, and with known parameters."""

import numpy as np
import pytest
from scipy import optimize, stats

import mle_toolkit as mle
from mle_toolkit.estimation.starts import _completed, starts_of_points
from mle_toolkit.families.registry import get_family

RNG = np.random.default_rng(5)
N = 500
X = np.column_stack([np.ones(N), RNG.normal(size=(N, 2))])
TIME = np.exp(0.5 + X[:, 1:] @ [0.4, -0.3]) * RNG.weibull(1.5, N)
END = RNG.exponential(3.0, N)
CENSORED = mle.Sample.right_censored(np.minimum(TIME, END), TIME <= END)


@pytest.mark.parametrize("law", ["weibull", "lognormal", "loglogistic", "gamma", "exponential"])
def test_the_likelihood_is_higher_where_censored_durations_last_on(law):
    found = mle.regress(CENSORED, X, law).at_maximum
    family, likelihood = found.likelihood.family, found.likelihood
    heights = []
    for points in (_completed(family, likelihood.sample), likelihood.as_points):
        assert np.all(points.x >= likelihood.sample.lower)
        heights.append(max(likelihood.mean_loglik(theta) for theta in starts_of_points(family, points)))
    assert heights[0] > heights[1]


def test_others_are_left_as_they_are():
    model = mle.regress(CENSORED, X, "weibull").at_maximum.likelihood.family
    assert _completed(get_family("weibull"), CENSORED) is None  # of one law for all rows other starts are known
    assert _completed(model, mle.Sample(TIME)) is None
    assert _completed(model, mle.Sample.right_censored(TIME, np.zeros(N, dtype=bool))) is None
    of_line = mle.regress(mle.Sample.right_censored(np.log(TIME), TIME <= END), X, "normal").at_maximum
    assert _completed(of_line.likelihood.family, of_line.likelihood.sample) is None


@pytest.mark.parametrize("h", [0.95, 0.5, -0.5])
def test_a_known_shape_that_ends_the_support_short_of_the_data(h):
    """Starts of other shapes were outside the support that a known h makes: "no search can begin"."""
    x = np.random.default_rng(1).gumbel(size=200)
    fit = mle.fit(x, "kappa4", fixed={"h": h})

    def off(v):
        with np.errstate(all="ignore"):
            total = -np.sum(stats.kappa4.logpdf(x, h, v[2], v[0], np.exp(v[1])))
        return total if np.isfinite(total) else 1e9

    loc, scale, k, _ = fit.params.values()
    near = [(loc, np.log(scale), k), (loc - 0.5, np.log(1.3 * scale), k + 0.1), (loc - 1.0, np.log(2 * scale), k - 0.1)]
    found = [optimize.minimize(off, at, method="Nelder-Mead", options={"maxfev": 4000, "xatol": 1e-8}) for at in near]
    assert fit.llf >= -min(end.fun for end in found) - 1e-6
