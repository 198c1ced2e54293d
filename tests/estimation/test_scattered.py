"""Maxima of few intervals, and of windows, to which no start of the law's own leads."""

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly
from scipy import stats

import mle_toolkit as mle


def of_intervals(law, sample):
    return float(np.sum(np.log(law.cdf(sample.upper) - law.cdf(sample.lower))))


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
def test_a_law_may_be_narrow_on_one_of_two_intervals(unit):
    """A heavy-tailed t law on one of two narrow intervals far apart is above every normal law."""
    sample = mle.Sample.intervals(unit * np.array([0.3214, 1.4394]), unit * np.array([0.3494, 1.4674]))
    fit = fit_quietly(sample, "student_t")
    assert fit.llf >= of_intervals(stats.t(0.229, 1.4526 * unit, 0.00264 * unit), sample)
    with mp.workdps(30):
        df, loc, scale = (mp.mpf(v) for v in fit.params.values())
        front = mp.gamma((df + 1) / 2) / (mp.gamma(df / 2) * mp.sqrt(df * mp.pi) * scale)
        of = lambda x: front * (1 + ((x - loc) / scale) ** 2 / df) ** (-(df + 1) / 2)  # noqa: E731
        rows = [
            mp.log(mp.quad(of, sorted({a, b, *([loc] if a < loc < b else [])})))
            for a, b in zip(sample.lower.tolist(), sample.upper.tolist(), strict=True)
        ]
        assert fit.llf == pytest.approx(float(mp.fsum(rows)), abs=1e-8)


def test_a_skew_law_is_above_the_normal_one_of_two_bins():
    sample = mle.Sample.binned([1, 0, 1], [0.0, 15.6, 31.2, 46.8])
    better = stats.johnsonsu(-13.99, 3.16, -25.75, 1.1186)
    weighted = np.log(better.cdf(15.6) - better.cdf(0.0)) + np.log(better.cdf(46.8) - better.cdf(31.2))
    assert fit_quietly(sample, "johnson_su").llf >= weighted


def test_a_window_may_hide_that_a_shape_runs_off():
    """In a window the density of Birnbaum and Saunders tends to that of x^-1/2 + s x^-3/2 as shape goes to ∞."""
    x = np.repeat([4.0, 5, 6, 7, 8, 9, 16, 17, 19, 20, 37, 46, 58], [6, 3, 2, *[1] * 10])
    fit = fit_quietly(mle.Sample(x).truncated(3.0311, 58.3543), "birnbaum_saunders")

    def at_the_end(scale):
        mass = 2 * (np.sqrt(58.3543) - np.sqrt(3.0311)) + 2 * scale * (3.0311**-0.5 - 58.3543**-0.5)
        return float(np.sum(np.log((x**-0.5 + scale * x**-1.5) / mass)))

    assert fit.llf == pytest.approx(max(at_the_end(s) for s in np.geomspace(1.0, 1e5, 4001)), abs=1e-3)
    assert not fit.certificate.ok
