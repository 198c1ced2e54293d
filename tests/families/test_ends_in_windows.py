"""Laws whose support may end before a window does have another maximum there, or at the other end of a shape."""

import numpy as np
import pytest
from references import fit_quietly
from scipy import optimize, stats

import mle_toolkit as mle

LONG = [0.746, 0.795, 0.828, 0.834, 0.856, 0.861, 0.878, 0.905, 0.963, 1.012, 1.05, 1.058, 1.094, 1.098, 1.162, 1.207]
LONG += [1.267, 1.283, 1.366, 1.384, 1.446, 1.455, 1.463, 1.485, 1.535, 1.555, 1.572, 1.617, 1.728, 1.907, 1.966]
LONG += [2.099, 2.135, 2.253, 2.293, 2.353, 2.356, 2.487, 2.595, 2.687]
EVEN = [0.591, 0.603, 0.629, 0.635, 0.655, 0.657, 0.664, 0.787, 0.788, 0.895, 0.901, 0.902, 0.932, 0.937, 1.023, 1.102]
EVEN += [1.114, 1.259, 1.288, 1.306, 1.335, 1.364, 1.388, 1.471, 1.472, 1.476, 1.502, 1.524, 1.553, 1.609, 1.619]
EVEN += [1.638, 1.697, 1.765, 1.866, 1.878, 1.903, 1.928, 1.942, 1.991]


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_a_generalised_pareto_law_that_ends_in_its_window_is_found(unit):
    """Where it ends beyond the window there is a lower maximum, which is interior."""
    fit = fit_quietly(mle.Sample(unit * np.array(LONG)).truncated(0.74 * unit, 2.887 * unit), "gpd")

    def short(v):
        law = stats.genpareto(v[0], 0, np.exp(v[1]))
        with np.errstate(all="ignore"):
            value = len(LONG) * np.log(law.cdf(2.887) - law.cdf(0.74)) - np.sum(law.logpdf(LONG))
        return value if np.isfinite(value) else 1e6

    best = optimize.minimize(short, [-0.7, 0.65], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
    assert fit.certificate.verdict == "non_regular"
    assert fit.llf == pytest.approx(-best.fun - len(LONG) * np.log(unit), abs=1e-7)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_generalised_logistic_law_is_compared_with_those_at_both_ends_of_k(side):
    """The climbs came near the one end; at the other the likelihood is .8 nats higher."""
    window = np.sort(side * np.array([0.484, 2.088]))
    fit = fit_quietly(mle.Sample(side * np.array(EVEN)).truncated(*window), "generalized_logistic")

    def short(v):
        scale, gap = np.exp(v)  # above a threshold, below the window, F is y/(scale + y)
        share = (gap + np.array([0.484, 2.088]) - 0.484) / (scale + gap + np.array([0.484, 2.088]) - 0.484)
        y = gap + np.array(EVEN) - 0.484
        return len(EVEN) * np.log(share[1] - share[0]) - np.sum(np.log(scale) - 2 * np.log(scale + y))

    ends = [
        optimize.minimize(short, [1.0, begin], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
        for begin in (-3.0, 0.0)
    ]
    assert fit.params["k"] == -side
    assert fit.llf >= -min(end.fun for end in ends) - 1e-7
