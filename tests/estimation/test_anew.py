"""Regressions through windows, of which the likelihood has several maxima; the highest by searches of SciPy's."""

import numpy as np
import pytest
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.errors import UnboundedLikelihoodError

_HALF_NORMAL = (
    [0.1642, 0.4435, 0.5654, 0.6192, 0.7436, 0.7963, 0.8091, 0.8214, 0.8479, 0.8916],
    [0.6937, 2.5964, 1.5512, 2.8672, 1.8961, 2.1074, 0.6416, 0.3167, 0.3360, 1.8707],
    (0.2987, 3.1315),
)
"""A covariate, observations, and the window."""


def _highest(loglik, size, starts, seed=0):
    """The highest end of quasi-Newton searches from scattered points."""
    rng = np.random.default_rng(seed)
    runs = [
        optimize.minimize(lambda at: min(-loglik(at), 1e10), rng.normal(0.0, 2.0, size), method="BFGS")
        for _ in range(starts)
    ]
    return max(-run.fun for run in runs)


def test_the_supremum_beyond_a_lower_maximum_is_found_and_named():
    """All rows but one tell nothing of their spread once it is wide: that one is fitted the better."""
    z, x, (low, high) = _HALF_NORMAL
    z, x = np.array(z), np.array(x)
    design = np.column_stack([np.ones(len(z)), z])
    with pytest.warns(mle.FitWarning, match="in all 9 rows whose predictor rises"):
        fit = mle.regress(mle.Sample(x).truncated(low, high), design, "half_normal")

    def alone(log_sigma):
        law = stats.halfnorm(scale=np.exp(log_sigma))
        return law.logpdf(x[0]) - np.log(law.cdf(high) - law.cdf(low))

    of_one = optimize.minimize_scalar(lambda at: -alone(at), bounds=(-3.0, 5.0), method="bounded")
    supremum = -of_one.fun - (len(x) - 1) * np.log(high - low)
    assert abs(fit.llf - supremum) < 1e-6
    assert str(fit.certificate.verdict) == "boundary"


def test_a_higher_maximum_far_from_all_rows_alike_is_found():
    """Of seven rows in a window two lower maxima were in the way of the first start."""
    columns = np.array(
        [[2.8114, 2.8076], [-0.3138, -0.3215], [-0.0969, -0.1004], [-0.7299, -0.7264], [0.6887, 0.6751],
         [0.3517, 0.3522], [-0.5896, -0.6090]]
    )  # fmt: skip
    year = np.array([1952.0, 1999.0, 1993.0, 1997.0, 1966.0, 1966.0, 1993.0])
    design = np.column_stack([np.ones(7), columns, year])
    x = np.array([3.5054, 2.0019, 2.9724, 3.5990, 2.1766, 0.8799, 1.3654])
    low, high = 0.6863, 5.0327
    fit = mle.regress(mle.Sample(x).truncated(low, high), design, "maxwell")
    q, _ = np.linalg.qr(design)

    def loglik(at):
        scale = np.exp(np.clip(3.0 * (q @ at), -50, 50))
        with np.errstate(all="ignore"):
            upper, lower = (special.gammainc(1.5, 0.5 * (end / scale) ** 2) for end in (high, low))
            density = 0.5 * np.log(2 / np.pi) + 2 * np.log(x) - 3 * np.log(scale) - 0.5 * (x / scale) ** 2
            total = float(np.sum(density - np.log(upper - lower)))
        return total if np.isfinite(total) else -1e10

    assert fit.certificate.ok
    assert fit.llf > _highest(loglik, 4, starts=60) - 1e-6


@pytest.mark.parametrize("seed", [1, 2, 28])
def test_two_counts_in_a_window_have_several_maxima(seed):
    """Zero-inflated counts of which a window shows 0 and 1 only: a quarter of such regressions ended 1 nat too low."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(80), rng.normal(size=(80, 2))])
    x = np.where(rng.random(80) < 0.5, 0, rng.poisson(np.exp(design @ [0.6, -0.6, 0.3]))).astype(float)
    seen = x <= 1
    x, design = x[seen], design[seen]
    fit = mle.regress(mle.Sample(x).truncated(-0.5, 1.5), design, "zip")

    def loglik(at):
        pi, mu = special.expit(at[0]), np.exp(np.clip(design @ at[1:], -40, 40))
        zero, one = pi + (1 - pi) * np.exp(-mu), (1 - pi) * mu * np.exp(-mu)
        with np.errstate(all="ignore"):
            return float(np.sum(np.log(np.where(x == 0, zero, one) / (zero + one))))

    assert fit.certificate.ok
    assert fit.llf > _highest(loglik, 4, starts=8, seed=1) - 1e-5


def test_a_search_that_stops_on_its_way_to_a_spike_says_so():
    """A GEV likelihood has no bound as its lower end comes to an observation; of few rows it often has no maximum."""
    rng = np.random.default_rng(1)
    design = np.column_stack([np.ones(10), rng.normal(size=(10, 3))])
    x = design @ [1.0, 0.5, -0.5, 0.2] + rng.gumbel(size=10)
    heights = []
    for far in (50.0, 100.0, 200.0):
        shape, size = 1 / far, np.exp(-far)  # Fréchet's law from an end so far below the smallest observation
        log_ratio = np.log((x - np.min(x)) / size + 1)
        heights.append(np.sum(np.log(shape) + far - (shape + 1) * log_ratio - np.exp(-shape * log_ratio)))
    assert np.all(np.diff(heights) > 40.0)
    with pytest.raises(UnboundedLikelihoodError, match="no local maximum of an unbounded likelihood: it rises without"):
        mle.regress(x, design, "gev")
