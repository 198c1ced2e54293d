"""Blocks, peaks and thresholds by hand, by theory and by simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.families.zeta import exponents


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
        (lambda e: e.mean_excess(np.arange(40.0), "a"), ParameterError, "thresholds: expected a number"),
        (lambda e: e.threshold_stability(np.arange(40.0), []), ParameterError, "thresholds: expected a number"),
        (lambda e: e.choose_threshold(np.arange(40.0), {}), ParameterError, "thresholds: expected a number"),
        (lambda e: e.choose_threshold(np.arange(40.0), 1j), ParameterError, "thresholds: expected a number"),
        (lambda e: e.choose_threshold(np.arange(40.0), [1.0], n_resamples="a"), ParameterError, "n_resamples"),
        (lambda e: e.mean_excess([1.0, np.inf], [0.0]), DataError, r"infinite; the first is series\[1\]"),
        (lambda e: e.r_largest([1.0, 2.0], 1, block=["a", None]), DataError, r"missing; the first is block\[1\]"),
        (lambda e: e.block_maxima(pd.Series([1.0, 2.0], [pd.Timestamp("2001"), pd.NaT]), "YE"), DataError, "row 1"),
    ],
)
def test_what_cannot_be_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(mle.extremes)


def test_a_threshold_may_be_a_number_or_whatever_can_be_gone_through():
    values = np.arange(40.0)
    one = mle.extremes.mean_excess(values, 10)
    for thresholds in ([10], (t for t in (10,)), np.array([10.0]), np.array(10.0), pd.Series([10])):
        pd.testing.assert_frame_equal(mle.extremes.mean_excess(values, thresholds), one)


def test_all_kinds_of_dates_are_dates():
    """Periods, Python's dates and spans of time count in years as timestamps do."""
    days = pd.date_range("2000-01-01", periods=900)
    values = np.random.default_rng(3).gumbel(size=900)
    whole = mle.extremes.peaks_over_threshold(pd.Series(values, index=days), 1.5)
    for index in (days.to_period("D"), pd.Index(days.date), days - days[0]):
        found = mle.extremes.peaks_over_threshold(pd.Series(values, index=index), 1.5)
        assert found.rate == whole.rate
        np.testing.assert_array_equal(found.time, whole.time)
    years = mle.extremes.block_maxima(pd.Series(values, index=days), "YE").sample.x
    for index in (days.to_period("D"), pd.Index(days.date)):
        np.testing.assert_array_equal(mle.extremes.block_maxima(pd.Series(values, index=index), "YE").sample.x, years)


def test_a_return_level_takes_fits_of_its_excesses_only():
    peaks = mle.extremes.peaks_over_threshold(np.random.default_rng(0).gumbel(size=400), 1.5)
    given = peaks.return_level(100, result=mle.fit(peaks.height - 1.5, "gpd"))
    assert given.value == peaks.return_level(100).value
    rounded = mle.fit(mle.Sample.rounded(np.round(peaks.height - 1.5, 1), 0.1), "gpd")
    assert peaks.return_level(100, result=rounded).value == pytest.approx(given.value, rel=0.1)
    for wrong in (peaks.fit_process(), mle.fit(peaks.height, "gumbel"), "a", 3):
        with pytest.raises(ParameterError, match="result: "):
            peaks.return_level(100, result=wrong)


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


# --- the largest of each block, and peaks as a process ----------------------------------------------------------------


def process_loglik(theta, heights, ends, blocks):
    """Log-likelihood of a Poisson process of exceedances in the parameters of the block maximum, written out."""
    loc, scale, xi = theta
    z = 1 + xi * (np.concatenate([heights, ends]) - loc) / scale
    if scale <= 0 or np.any(z <= 0):
        return -np.inf
    high, end = z[: len(heights)], z[len(heights) :]
    return float(-np.sum(blocks * end ** (-1 / xi)) - np.sum(np.log(scale) + (1 / xi + 1) * np.log(high)))


@pytest.mark.parametrize(
    ("r", "llf", "params", "errors"),
    [
        (1, -222.7, (111.1, 17.2, -0.077), (2.6, 1.8, 0.074)),
        (5, -732.0, (118.6, 13.7, -0.088), (1.6, 0.8, 0.033)),
        (10, -1139.1, (120.5, 12.8, -0.113), (1.4, 0.5, 0.020)),
    ],
)
def test_the_largest_of_each_year_at_venice(r, llf, params, errors):
    """Coles (2001), table 3.1; and the likelihood written out."""
    venice = mle.datasets.load("venice")
    found = mle.extremes.r_largest(venice["level"], r, block=venice["year"])
    assert mle.extremes.r_largest(found.table).sample.same_data(found.sample)
    fit = found.fit()
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(llf, abs=0.051)
    for value, wanted, unit in zip(fit.params.values(), params, (0.1, 0.1, 0.001), strict=True):
        assert value == pytest.approx(wanted, abs=0.51 * unit)
    for value, wanted, unit in zip(fit.bse.values(), errors, (0.1, 0.1, 0.001), strict=True):
        assert value == pytest.approx(wanted, abs=1.01 * unit)
    rows = [row[~np.isnan(row)] for row in found.table.to_numpy()]
    heights, ends = np.concatenate(rows), np.array([row.min() for row in rows])
    assert fit.nobs == len(heights)
    theta = list(fit.params.values())
    assert fit.llf == pytest.approx(process_loglik(theta, heights, ends, 1.0), abs=1e-8)
    for k, se in enumerate(fit.bse.values()):  # no better point nearby
        for step in (-1e-3, 1e-3):
            moved = [v + (step * se if j == k else 0.0) for j, v in enumerate(theta)]
            assert process_loglik(moved, heights, ends, 1.0) < fit.llf


def test_the_largest_of_a_series():
    daily = np.random.default_rng(3).gumbel(size=100 * 30)
    daily[7] = np.nan
    found = mle.extremes.r_largest(daily, 3, block=100)
    assert found.table.shape == (30, 3)
    assert (found.table["r1"].to_numpy() == mle.extremes.block_maxima(daily, 100).sample.x).all()
    dates = pd.Series(daily, pd.date_range("1990-01-01", periods=len(daily)))
    by_year = mle.extremes.r_largest(dates, 2, block="YE", least=0.9)
    assert len(by_year.table) == len(mle.extremes.block_maxima(dates, "YE", least=0.9).table) == 8
    assert found.fit("gumbel").params["scale"] == pytest.approx(1.0, abs=0.3)
    with pytest.raises(ParameterError, match="how many"):
        mle.extremes.r_largest(daily, block=100)
    with pytest.raises(DataError, match="2 labels for 3"):
        mle.extremes.r_largest([1.0, 2.0, 3.0], 1, block=[1, 1])
    with pytest.raises(DataError, match="no observation"):
        mle.extremes.r_largest([[1.0, 2.0], [np.nan, np.nan]])
    with pytest.raises(DataError, match="infinite"):
        mle.extremes.r_largest([[1.0, np.inf]])
    for series in (daily, dates, daily.tolist()):
        with pytest.raises(ParameterError, match="block: data is one series of 3000 observations"):
            mle.extremes.r_largest(series, 3)


def test_what_is_missing_was_not_watched():
    days = pd.date_range("1990-01-01", "2019-12-31")
    series = pd.Series(np.random.default_rng(5).gumbel(size=len(days)), days)
    whole = mle.extremes.peaks_over_threshold(series, 3.0)
    assert whole.length == pytest.approx(30.0, abs=0.01)
    half = series.where(days.year % 2 == 0)
    assert mle.extremes.peaks_over_threshold(half, 3.0).length == pytest.approx(15.0, abs=0.02)
    assert mle.extremes.peaks_over_threshold(half.to_numpy(), 3.0).length == half.count()
    gone = series[(days.year < 2000) | (days.year > 2009)]
    assert mle.extremes.peaks_over_threshold(gone, 3.0).length == pytest.approx(20.0, abs=0.01)
    workdays = series[days.day_of_week < 5]
    assert mle.extremes.peaks_over_threshold(workdays, 3.0).length == pytest.approx(30.0, abs=0.01)
    told = mle.extremes.peaks_over_threshold(gone, 3.0, length=19.5)
    assert told.rate == len(told.height) / 19.5
    for options in ({"run": -1}, {"length": 0}, {"run": np.nan}):
        with pytest.raises(ParameterError, match="expected a number"):
            mle.extremes.peaks_over_threshold(series, 3.0, **options)


def test_peaks_as_a_process_are_the_rate_and_the_excesses_together():
    daily = stats.genpareto.rvs(0.15, size=365 * 40, random_state=np.random.default_rng(1))
    peaks = mle.extremes.peaks_over_threshold(daily, 4.0, run=0)
    fit, excesses = peaks.fit_process(block=365), peaks.fit()
    rate, xi, scale = peaks.rate * 365, excesses.params["xi"], excesses.params["scale"]
    assert fit.certificate.verdict == "interior"
    assert fit.params["xi"] == pytest.approx(xi, abs=1e-5 * fit.bse["xi"])
    assert fit.params["scale"] == pytest.approx(scale * rate**xi, rel=1e-6)
    assert fit.params["loc"] == pytest.approx(4.0 - scale * (1 - rate**xi) / xi, rel=1e-6)
    theta = list(fit.params.values())
    assert fit.llf == pytest.approx(process_loglik(theta, peaks.height, np.array([4.0]), 40.0), abs=1e-7)
    level = fit.return_level(100.0)
    assert level.value == pytest.approx(fit.ppf(1 - 1 / 100), rel=1e-12)
    by_days = mle.extremes.peaks_over_threshold(1e6 * daily, 4e6, run=0).fit_process(block=365)
    assert by_days.params["loc"] == pytest.approx(1e6 * fit.params["loc"], rel=1e-8)


def test_parameters_over_thresholds_are_those_of_mcneil():
    """McNeil (1997), ASTIN Bulletin 27, 117-137: of the Danish losses above 10 and 20, 0.50 and 0.68 (0.14, 0.28)."""
    losses = mle.datasets.load("danish_fire")["loss"]
    found = mle.extremes.threshold_stability(losses, [10.0, 20.0], run=0)
    assert found["n_peaks"].tolist() == [109, 36]
    assert found["xi"].tolist() == pytest.approx([0.50, 0.68], abs=0.005)
    half = (found["xi_upper"] - found["xi_lower"]) / (2 * 1.959964)
    assert half.tolist() == pytest.approx([0.14, 0.28], abs=0.006)
    fit = mle.fit(losses[losses > 10] - 10, "gpd")
    cov = fit.cov_params().loc[["scale", "xi"], ["scale", "xi"]].to_numpy()
    se = np.sqrt(np.array([1.0, -10.0]) @ cov @ np.array([1.0, -10.0]))
    star = found.loc[10.0, ["scale_star", "scale_star_lower", "scale_star_upper"]].tolist()
    centre = fit.params["scale"] - 10 * fit.params["xi"]
    assert star == pytest.approx([centre, centre - 1.959964 * se, centre + 1.959964 * se], rel=1e-5)


def test_blackouts_have_the_power_law_of_clauset_shalizi_and_newman():
    """Table 6.1: xmin 230, alpha 2.3 (of the density), a tail of 59; 6.2: -0.382 to a cutoff, p = 0.68 to lognormal."""
    x = mle.datasets.load("blackouts")["customers"]
    tail = mle.fit(x, "power_law", xmin="estimate")
    assert (tail.sample.minimum, tail.nobs, round(tail.params["alpha"] + 1, 1)) == (230.0, 59, 2.3)
    beyond = mle.Sample(tail.sample.x).truncated(lower=np.nextafter(230.0, 0.0))
    base = mle.fit(beyond, "pareto", fixed={"xm": 230.0})
    compared = mle.compare(beyond, [base, "lognormal", "power_law_cutoff"])
    assert base.llf - compared.fits["power_law_cutoff"].llf == pytest.approx(-0.382, abs=5e-4)
    test = compared.vuong("pareto", "lognormal", method="vuong")
    assert test.p_value == pytest.approx(0.68, abs=0.005)


def test_whole_numbers_may_be_measurements():
    x = np.rint(1000 * mle.datasets.load("blackouts")["customers"])
    assert mle.fit(x, "power_law", xmin=230_000).family.name == "zeta"
    measured = mle.fit(x, "pareto", xmin="estimate")
    assert (measured.family.name, measured.sample.minimum) == ("pareto", 230_000.0)
    assert mle.extremes.power_law_test(x, 20, discrete=False, rng=1).xmin == 230_000.0
    with pytest.raises(DataError, match="the zeta law is one of whole numbers"):
        mle.fit(x + 0.5, "zeta", xmin="estimate")


def test_of_many_thresholds_those_beside_the_best_are_tried_too(monkeypatch):
    x = np.random.default_rng(4).pareto(1.3, 900) + 1
    whole = mle.fit(x, "power_law", xmin="estimate").sample.minimum
    monkeypatch.setattr("mle_toolkit.estimation.tails.MOST_THRESHOLDS", 90)
    assert mle.fit(x + 0.0, "power_law", xmin="estimate").sample.minimum == whole


def test_thresholds_of_ties_leave_enough_above():
    x = np.repeat([1.0, 2, 3, 4, 5], 40)
    assert mle.extremes.mean_excess(x).index.tolist() == [3.0, 4.0]
    with pytest.raises(DataError, match="no quantile leaves 10 above"):
        mle.extremes.mean_excess([1.0] * 100)


def test_exponents_of_many_tails_are_those_of_each():
    """Large whole numbers, as amounts of money are: all thresholds in one pass, and each by the root of its score."""
    xmin, mean_log = np.array([40.0, 55.0, 1e3, 1e9, 7.0]), np.array([0.06, 0.5, 2.5, 1.0, 0.4])
    each = [mle.get_family("zeta", xmin=int(q)).from_means((m,))[0] for q, m in zip(xmin, mean_log, strict=True)]
    found = exponents(mean_log, xmin)
    assert found[:4] == pytest.approx(each[:4], rel=1e-13)
    assert np.isnan(found[4])
