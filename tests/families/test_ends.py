"""Ends of supports from intervals, against a search over all of them."""

import math

import numpy as np
import pytest
from scipy import optimize

import mle_toolkit as mle
from mle_toolkit.errors import NoMaximumError
from tests.references import fit_quietly


def log_lik(a, b, lower, upper):
    """Log-likelihood of the uniform law on (a, b]; points are equal ends."""
    point = lower == upper
    inside = np.clip(np.minimum(b, upper) - np.maximum(a, lower), 0, None)
    with np.errstate(divide="ignore"):
        rows = np.where(point, np.where((lower >= a) & (lower <= b), 0.0, -np.inf), np.log(inside)) - math.log(b - a)
    return rows.sum()


def coarse(seed, whole):
    """A third of 25 points censored on either side."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 10, 25).round(0 if whole else 3)
    lower, upper = x.copy(), x.copy()
    lower[:8], upper[:8] = x[:8] - rng.integers(1, 30, 8), math.inf
    upper[8:16], lower[8:16] = x[8:16] + rng.integers(1, 30, 8), -math.inf
    return lower, upper


@pytest.mark.parametrize("seed", range(3))
def test_uniform_ends_from_censored_values_are_the_best_of_all(seed):
    lower, upper = coarse(seed, whole=False)
    fit = mle.fit(mle.Sample.intervals(lower, upper), "uniform")
    a, b = fit.params["a"], fit.params["b"]
    assert fit.llf == pytest.approx(log_lik(a, b, lower, upper), rel=1e-12)
    exact = lower[lower == upper]
    grid_a = exact.min() - np.append(np.geomspace(1e-6, 100, 50), 0)
    grid_b = exact.max() + np.append(np.geomspace(1e-6, 100, 50), 0)
    best = max(log_lik(u, v, lower, upper) for u in grid_a for v in grid_b)
    assert fit.llf >= best - 1e-12
    near = [log_lik(a + d, b + e, lower, upper) for d in (-1e-4, 0, 1e-4) for e in (-1e-4, 0, 1e-4)]
    assert fit.llf >= max(near) - 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_whole_ends_from_censored_counts_are_the_best_of_all(seed):
    lower, upper = coarse(seed, whole=True)
    fit = mle.fit(mle.Sample.intervals(lower, upper), "discrete_uniform")
    counts = np.where(lower == upper, lower - 1, lower)
    least, largest = lower[lower == upper].min(), lower[lower == upper].max()
    best = max(
        (log_lik(least - 1 - i, largest + j, counts, upper), (least - i, largest + j))
        for i in range(60)
        for j in range(60)
    )
    assert tuple(fit.params.values()) == best[1]
    assert fit.llf == pytest.approx(best[0], rel=1e-12)


def test_an_end_at_an_observation_is_that_observation():
    """In another unit its bits would change, and the density there would be 0."""
    time = np.array([0.0002469124435846153, 1.7, 2.9, 4.4, 7.3, 9.9])
    fit = mle.fit(mle.Sample.right_censored(time, [1, 1, 0, 1, 0, 1]), "uniform")
    assert fit.params["a"] == time[0]
    assert fit.params["b"] == 9.9


def test_intervals_that_leave_the_ends_open_are_refused():
    """(1 - a)(b - 1)/(b - a)² is 1/4 wherever 1 is the middle."""
    with pytest.raises(NoMaximumError, match="do not determine both ends"):
        mle.fit(mle.Sample.intervals([0.0, 1.0], [1.0, 2.0]), "uniform")


def test_the_least_value_of_a_pareto_law_may_lie_before_all_intervals():
    """Far before the first of bins that are wide: the profile of xm against a fine grid."""
    upper = np.array([2.0, 4.0, 8.0, 100.0])
    lower, counts = np.array([0.0, 2.0, 4.0, 8.0]), np.array([6, 9, 10, 5])
    fit = mle.fit(mle.Sample.intervals(np.repeat(lower, counts), np.repeat(upper, counts)), "pareto")

    def value(alpha, xm):
        tails = np.minimum(1.0, (xm / np.append(upper, 1.0)) ** alpha)[:-1]
        return float(counts @ np.log(np.append(1.0, tails[:-1]) - tails))

    best = max(value(alpha, xm) for alpha in np.linspace(0.2, 3, 60) for xm in np.linspace(0.05, 1.99, 60))
    assert fit.llf >= best
    assert fit.llf == pytest.approx(value(**fit.params), rel=1e-12)


def test_intervals_that_meet_may_determine_counts():
    fit = mle.fit(mle.Sample.intervals([-4.0, -3.0, -2.0, -2.0], [-2.0, -2.0, -1.0, 3.0]), "discrete_uniform")
    assert fit.params == {"a": -2.0, "b": -1.0}
    assert fit.llf == pytest.approx(4 * math.log(0.5), rel=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_a_pareto_or_power_law_of_intervals_is_at_its_maximum(seed):
    """Against a search with densities of its own; the end is that of an observation to the last bit, or between two."""
    rng = np.random.default_rng(seed)
    x = 1.0 + rng.pareto(1.5, size=12)
    grid = np.round(np.linspace(0.5, 12.0, 6), 3)
    lower, upper = np.append(0.0, grid)[np.searchsorted(grid, x)], np.append(grid, np.inf)[np.searchsorted(grid, x)]
    exact = rng.uniform(size=12) < 0.3
    lower, upper = np.where(exact, x, lower), np.where(exact, x, upper)

    def loglik(alpha, xm):
        def below(t):
            return -np.expm1(-alpha * np.log(np.maximum(t / xm, 1.0)))

        density = np.where(x >= xm, alpha * xm**alpha / x ** (alpha + 1), 0.0)
        mass = np.where(exact, density, below(upper) - below(lower))
        return float(np.sum(np.log(np.maximum(mass, 1e-300))))

    found = mle.fit(mle.Sample.intervals(lower, upper), "pareto")
    tried = np.concatenate([lower, upper, np.linspace(0.05, 2.5, 40)])
    ends = tried[(tried > 0) & (tried <= upper.min())]
    best = max(loglik(alpha, xm) for alpha in np.geomspace(0.1, 10.0, 300) for xm in ends)
    assert best - 1e-9 <= found.llf == pytest.approx(loglik(found.params["alpha"], found.params["xm"]), abs=1e-9)
    mirrored = mle.fit(mle.Sample.intervals(1 / upper, 1 / np.maximum(lower, 1e-300)), "power")
    jacobian = 2 * float(np.sum(np.log(x[exact])))  # of 1 / x
    assert mirrored.llf == pytest.approx(found.llf + jacobian, abs=1e-7)
    assert mirrored.params["shape"] == pytest.approx(found.params["alpha"], rel=1e-6)


def test_a_pareto_law_of_intervals_that_have_points_in_common_has_no_maximum():
    with pytest.raises(NoMaximumError, match="all intervals have points in common"):
        mle.fit(mle.Sample.intervals([1.0, 2.0, 0.5], [4.0, 5.0, 3.0]), "pareto")


def test_a_limit_beside_a_spike_that_zeros_make_is_a_local_maximum():
    """Rounded to 0, observations make the likelihood of a Lomax law rise without bound as its scale goes to 0."""
    x = np.array([0.0, 0.0, 0.9, 1.1, 1.0, 1.3, 0.8, 1.2, 1.0, 0.7])
    seen = np.arange(10) < 8
    fit = fit_quietly(mle.Sample.right_censored(x, seen), "lomax")
    assert fit.certificate.limit == "exponential"
    assert str(fit.certificate.verdict) == "local"
    clean = fit_quietly(mle.Sample.right_censored(x[2:], seen[2:]), "lomax")
    assert str(clean.certificate.verdict) == "boundary"


@pytest.mark.parametrize("unit", [1e-3, 1.0, 3.7, 1e6])
def test_a_threshold_at_the_smallest_exact_value_is_found_beside_left_censored_ones(unit):
    """The likelihood rises to it, where the density is finite: it was said that the threshold runs off."""
    x = np.array([1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0])
    seen = np.arange(10) % 4 != 1

    def cost(p):
        shape, scale = np.exp(p)
        logs = np.log1p((x - 1.0) / scale)
        exact = np.log(shape / scale) - (shape + 1) * logs[seen]
        return -np.sum(exact) - np.sum(np.log(-np.expm1(-shape * logs[~seen])))

    best = optimize.minimize(cost, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    fit = fit_quietly(mle.Sample.left_censored(unit * x, seen), "shifted(lomax)")
    assert fit.certificate.verdict == "non_regular"
    assert fit.params["threshold"] == unit
    assert fit.llf == pytest.approx(-best.fun - np.sum(seen) * np.log(unit), abs=1e-7)
