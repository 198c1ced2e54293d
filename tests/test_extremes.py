"""Blocks, peaks and thresholds by hand, by theory and by simulation."""

import numpy as np
import pandas as pd
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import DataError, ParameterError


def test_block_maxima_of_numbers_and_of_dates():
    found = mle.extremes.block_maxima([1.0, 5.0, np.nan, 2.0, 3.0], 2)
    assert found.table["maximum"].tolist() == [5.0, 2.0, 3.0]
    assert found.table["share"].tolist() == [1.0, 0.5, 0.5]
    assert mle.extremes.block_maxima([1.0, 5.0, np.nan, 2.0, 3.0], 2, least=0.9).sample.x.tolist() == [5.0]
    days = pd.date_range("2001-01-01", "2003-12-31")
    series = pd.Series(np.arange(len(days), dtype=float), index=days)
    years = mle.extremes.block_maxima(series)
    assert years.table["maximum"].tolist() == [364.0, 729.0, 1094.0]
    water = mle.extremes.block_maxima(series, "YE-SEP", least=0.9)
    assert water.table.index.year.tolist() == [2002, 2003]


def test_the_maxima_of_port_pirie_are_fitted_as_in_coles():
    # Coles (2001), section 3.4.1: estimates 3.87, 0.198, -0.050, log-likelihood 4.34.
    level = mle.datasets.load("port_pirie")["level"]
    fit = mle.extremes.block_maxima(level, 1).fit()
    np.testing.assert_allclose(list(fit.params.values()), [3.87, 0.198, -0.050], atol=6e-3)
    assert fit.llf == pytest.approx(4.34, abs=5e-3)


def test_clusters_of_runs():
    x = [1, 5, 6, 1, 1, 7, 2, 8]
    assert mle.extremes.peaks_over_threshold(x, 4, run=1).height.tolist() == [6, 7, 8]
    assert mle.extremes.peaks_over_threshold(x, 4, run=2).height.tolist() == [6, 8]
    every = mle.extremes.peaks_over_threshold(x, 4, run=0)
    assert (every.height.tolist(), every.extremal_index) == ([5, 6, 7, 8], 1.0)
    gappy = mle.extremes.peaks_over_threshold([1, 5, np.nan, 5, 1], 4, run=1)
    assert (gappy.height.tolist(), gappy.n_observed) == ([5, 5], 4)


def test_rates_are_a_year_for_dates():
    days = pd.date_range("2001-01-01", periods=3653)
    x = pd.Series(np.zeros(3653), index=days)
    x.iloc[::100] = 1.0 + np.arange(37)
    found = mle.extremes.peaks_over_threshold(x, 0.5, run=2)
    assert found.rate == pytest.approx(37 / (3653 / 365.25))
    assert found.time[1] == 100.0


def test_the_extremal_index_of_a_moving_maximum_is_one_half():
    # max(z_i, z_{i+1}) of independent Fréchet variables has extremal index 1/2 (Leadbetter 1983).
    z = 1 / np.random.default_rng(2).exponential(size=60_001)
    x = np.maximum(z[1:], z[:-1])
    found = mle.extremes.peaks_over_threshold(x, float(np.quantile(x, 0.99)), run=1)
    assert found.extremal_index == pytest.approx(0.5, abs=0.05)
    assert found.intervals_index == pytest.approx(0.5, abs=0.06)
    alone = mle.extremes.peaks_over_threshold(np.random.default_rng(3).normal(size=20_000), 2.3, run=0)
    assert alone.intervals_index == pytest.approx(1.0, abs=0.08)


def test_return_levels_carry_the_error_of_the_rate():
    x = np.random.default_rng(4).exponential(size=4000)
    peaks = mle.extremes.peaks_over_threshold(x, 2.0, run=0)
    level = peaks.return_level(10_000)
    law = peaks.fit()
    xi, scale, n = law.params["xi"], law.params["scale"], len(peaks.height)
    m = 10_000 * n / 4000
    assert level.value == pytest.approx(2 + scale / xi * (m**xi - 1), rel=1e-9)
    # The delta method of Coles (2001), section 4.3.3, with the rate as a Poisson number.
    d = np.array([-scale / xi**2 * (m**xi - 1) + scale / xi * m**xi * np.log(m), (m**xi - 1) / xi])
    cov = law.cov_params().loc[["xi", "scale"], ["xi", "scale"]].to_numpy()
    assert level.se == pytest.approx(np.sqrt(d @ cov @ d + (scale * m**xi) ** 2 / n), rel=1e-5)
    profile = peaks.return_level(10_000, method="profile")
    assert profile.interval[0] < level.value < profile.interval[1]
    with pytest.raises(ParameterError, match="more than 1"):
        peaks.return_level(1.0)


def test_the_mean_excess_of_an_exponential_law_is_flat():
    x = np.random.default_rng(5).exponential(2.0, size=5000)
    found = mle.extremes.mean_excess(x, [0.0, 1.0, 3.0])
    assert found["n_above"].tolist() == [np.sum(x > t) for t in (0.0, 1.0, 3.0)]
    assert ((found["lower"] < 2.0) & (found["upper"] > 2.0)).all()
    assert len(mle.extremes.mean_excess(x)) == 30


def test_the_lowest_threshold_that_passes_is_chosen():
    rng = np.random.default_rng(6)
    # Below 3 no generalised Pareto law holds; above it, an exponential one.
    x = np.where(rng.random(3000) < 0.8, rng.uniform(2, 3, 3000), 3 + rng.exponential(size=3000))
    found = mle.extremes.choose_threshold(x, [2.2, 3.0, 3.5], run=0, n_resamples=99, rng=1)
    assert found["chosen"].tolist() == [False, True, False]
    assert found.loc[3.0, "xi"] == pytest.approx(0.0, abs=4 * found.loc[3.0, "xi_se"])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda e: e.block_maxima([1.0, 2.0], "YE"), DataError, "with dates as its index"),
        (lambda e: e.block_maxima([1.0, 2.0], 0), ParameterError, "block"),
        (lambda e: e.block_maxima([np.nan, np.nan], 1), DataError, "none of 2 blocks"),
        (lambda e: e.peaks_over_threshold([1.0, 2.0], 5), DataError, "none of 2 observations is above 5"),
        (lambda e: e.choose_threshold(np.arange(40.0)), DataError, "too few"),
    ],
)
def test_what_cannot_be_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(mle.extremes)


def test_dates_that_do_not_increase_are_refused():
    days = pd.to_datetime(["2001-01-02", "2001-01-01"])
    with pytest.raises(DataError, match="do not increase at row 1"):
        mle.extremes.peaks_over_threshold(pd.Series([1.0, 2.0], index=days), 0)


@pytest.mark.parametrize("discrete", [True, False])
def test_where_a_power_law_begins_by_brute_force(discrete):
    rng = np.random.default_rng(9)
    x = np.concatenate([rng.uniform(1, 6, 150), 6 * (1 - rng.random(150)) ** (-1 / 1.4)])
    x = np.floor(x) if discrete else x
    best = (np.inf, None, None)
    for start in np.unique(x)[:-1]:
        tail = np.sort(x[x >= start])
        if discrete:
            law = mle.fit(tail, mle.get_family("zeta", xmin=int(start))).distribution
            values = np.unique(tail)
            gap = np.max(np.abs(law.cdf(values) - np.searchsorted(tail, values, side="right") / len(tail)))
        else:
            law = mle.fit(tail, "pareto", fixed={"xm": start}).distribution
            n = len(tail)
            gap = max(np.max(np.arange(1, n + 1) / n - law.cdf(tail)), np.max(law.cdf(tail) - np.arange(n) / n))
        best = min(best, (gap, start, law.params["alpha"]))
    fit = mle.fit(x, "power_law", xmin="estimate")
    assert fit.sample.minimum == best[1]
    assert fit.params["alpha"] == pytest.approx(best[2], rel=1e-9)
    known = mle.fit(x, "Power Law", xmin=best[1])
    assert known.params["alpha"] == fit.params["alpha"]
    found = mle.extremes.power_law_test(x, 20, rng=1)
    assert (found.xmin, found.distance) == (best[1], pytest.approx(best[0], abs=1e-9))
    assert found.alpha == pytest.approx(best[2], rel=1e-9)


def test_a_power_law_is_told_from_an_exponential_one():
    rng = np.random.default_rng(2)
    assert mle.extremes.power_law_test((1 - rng.random(400)) ** (-1 / 1.5), 40, rng=1).p_value > 0.1
    bent = mle.extremes.power_law_test(1 + rng.exponential(size=400), 40, rng=1)
    assert bent.n_tail < 150 or bent.p_value < 0.1  # either little of it passes, or none


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mle.fit([1.0, 2.0, 3.0], "gamma", xmin=1), ParameterError, "for power laws"),
        (lambda: mle.fit([1.0, 2.0, 3.0], "power_law", xmin="best"), ParameterError, "expected a positive number"),
        (lambda: mle.fit([1.0, 2.0, 3.0], "power_law", xmin=5), DataError, "fewer than 2 distinct values"),
        (lambda: mle.fit([1, 2, 3], "power_law", xmin=1.5), ParameterError, "whole numbers"),
        (lambda: mle.fit([-1.0, -2.0, 3.5], "power_law", xmin="estimate"), DataError, "distinct positive values"),
    ],
)
def test_beginnings_of_power_laws_are_checked(call, error, message):
    with pytest.raises(error, match=message):
        call()
