"""Distributions without a model are those of published tables and of statsmodels."""

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

import mle_toolkit as mle
from mle_toolkit.errors import DataError, ParameterError

# Freireich et al. (1963), Blood 21, 699-716: weeks to relapse under 6-MP, as in Kalbfleisch & Prentice (1980).
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
SEEN = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_kaplan_meier_is_that_of_the_textbooks():
    curve = mle.nonparametric.kaplan_meier(mle.Sample.right_censored(WEEKS, SEEN))
    # Klein & Moeschberger (2003), Survival Analysis, table 4.1A.
    assert curve.time.tolist() == [6, 7, 10, 13, 16, 22, 23]
    np.testing.assert_allclose(curve.survival, [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], atol=5e-4)
    np.testing.assert_allclose(curve.se**2, [0.0058, 0.0076, 0.0093, 0.0114, 0.0130, 0.0164, 0.0181], atol=5e-5)
    median = curve.quantile(0.5)
    assert (median.value, median.interval) == (23.0, (13.0, np.inf))  # survfit(conf.type = "log-log") of R
    assert np.isnan(curve.at(36.0))
    assert curve.at(5.0) == 1.0


@pytest.mark.parametrize("weighted", [False, True])
def test_kaplan_meier_is_that_of_statsmodels(weighted):
    rng = np.random.default_rng(4)
    time, event = rng.exponential(size=80).round(1) + 0.1, rng.random(80) < 0.7
    weight = rng.integers(1, 4, 80) if weighted else None
    rows = np.repeat(np.arange(80), 1 if weight is None else weight)
    curve = mle.nonparametric.kaplan_meier(mle.Sample.right_censored(time, event, weight))
    other = SurvfuncRight(time[rows], event[rows])
    kept = other.n_events > 0
    np.testing.assert_allclose(curve.survival, other.surv_prob[kept], rtol=1e-12)
    inner = curve.survival > 0
    np.testing.assert_allclose(curve.se[inner], other.surv_prob_se[kept][inner], rtol=1e-12)
    low, high = other.quantile_ci(0.5, method="cloglog")
    assert curve.quantile(0.5).interval == pytest.approx((low, high))
    assert curve.quantile(0.5).value == pytest.approx(other.quantile(0.5))


def test_nelson_aalen_and_restricted_mean_are_those_of_the_textbooks():
    sample = mle.Sample.right_censored(WEEKS, SEEN)
    hazard = mle.nonparametric.nelson_aalen(sample)
    # Klein & Moeschberger (2003), table 4.2.
    np.testing.assert_allclose(hazard.hazard[:3], [0.1428, 0.2017, 0.2683], atol=1.1e-4)
    np.testing.assert_allclose(hazard.se[:3] ** 2, [0.0068, 0.0103, 0.0147], atol=5.1e-5)
    # The same, example 4.1 continued: mean restricted to 35 weeks 23.29, standard error 2.83.
    mean = mle.nonparametric.kaplan_meier(sample).restricted_mean()
    assert mean.value == pytest.approx(23.287, abs=1e-3)
    assert mean.se == pytest.approx(2.827, abs=2e-3)


def test_delayed_entry_counts_who_is_there():
    sample = mle.Sample.right_censored([2.0, 3.0, 5.0], [1, 1, 1]).truncated(lower=np.array([0.0, 2.5, 1.0]))
    curve = mle.nonparametric.kaplan_meier(sample)
    assert curve.at_risk.tolist() == [2, 2, 1]
    np.testing.assert_allclose(curve.survival, [0.5, 0.25, 0.0])


def test_turnbull_says_what_the_data_leave_open():
    found = mle.nonparametric.turnbull(mle.Sample.intervals([0, 1, 1], [1, 3, 2]))
    assert found.table["upper"].tolist() == [1, 2]
    least, greatest = found.cdf([0.5, 1.0, 1.5, 2.0])
    np.testing.assert_allclose(least, [0, 1 / 3, 1 / 3, 1])
    np.testing.assert_allclose(greatest, [1 / 3, 1 / 3, 1, 1])
    exact = mle.nonparametric.turnbull(mle.Sample([3.0, 1.0, 3.0]))
    np.testing.assert_allclose(exact.cdf([1.0, 2.0, 3.0]), [[1 / 3, 1 / 3, 1]] * 2)


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (mle.Sample.intervals([0, 1], [1, 3]), "2 of 2 rows are intervals"),
        (mle.Sample.right_censored([1.0, 2.0], [0, 0]), "none of the 2 rows is an event"),
    ],
)
def test_what_is_no_survival_data_is_refused(sample, message):
    for estimate in (mle.nonparametric.kaplan_meier, mle.nonparametric.nelson_aalen):
        with pytest.raises(DataError, match=message):
            estimate(sample)


def test_bands_hold_the_estimate_and_cover():
    rng = np.random.default_rng(8)
    inside = 0
    for _ in range(200):
        life, end = rng.exponential(size=60), rng.uniform(0.5, 3, 60)
        curve = mle.nonparametric.kaplan_meier(mle.Sample.right_censored(np.minimum(life, end), life <= end))
        band = curve.band(0.1)
        place = np.searchsorted(curve.time, 0.7, side="right") - 1
        inside += band["lower"].iloc[place] <= np.exp(-0.7) <= band["upper"].iloc[place]
        assert np.all(band["lower"].dropna() <= curve.survival[band["lower"].notna()])
    assert 0.84 < inside / 200 < 0.95


def test_what_fit_takes_as_data_is_taken():
    values = [3.0, 1.0, 3.0, 7.0]
    from scipy import stats

    for data in (values, np.array(values), stats.CensoredData(uncensored=values)):
        assert mle.nonparametric.kaplan_meier(data).survival.tolist() == [0.75, 0.25, 0.0]
        assert mle.nonparametric.nelson_aalen(data).hazard.tolist() == [0.25, 0.25 + 2 / 3, 0.25 + 2 / 3 + 1]
        assert mle.nonparametric.turnbull(data).mass.sum() == pytest.approx(1)
    for estimate in (mle.nonparametric.kaplan_meier, mle.nonparametric.nelson_aalen, mle.nonparametric.turnbull):
        for wrong in ("a", None, ["a"], 1j):
            with pytest.raises(DataError):
                estimate(wrong)


def test_missing_and_later_times_are_not_known():
    times = mle.Sample.right_censored([6, 7, 10], [1, 0, 0])
    hazard, spread = mle.nonparametric.nelson_aalen(times), mle.nonparametric.turnbull([1.0, 2.0])
    np.testing.assert_array_equal(hazard.at([np.nan, 5, 10, 10.5]), [np.nan, 0, 1 / 3, np.nan])
    np.testing.assert_array_equal(spread.cdf([np.nan, 1.0]), [[np.nan, 0.5]] * 2)
    with pytest.raises(ParameterError, match="t: expected a number"):
        hazard.at("a")
    curve = mle.nonparametric.kaplan_meier(times)
    for wrong in ("a", [1, 2], 1j, np.nan):
        with pytest.raises(ParameterError, match="t: expected a number"):
            curve.restricted_mean(wrong)


def test_restricted_means_of_times_below_zero_are_those_of_the_values():
    values = np.array([-3.0, -1.0, 2.0, 5.0])
    curve = mle.nonparametric.kaplan_meier(mle.Sample(values))
    for t in (-4.0, -2.0, 0.0, 3.0, 5.0):
        assert curve.restricted_mean(t).value == pytest.approx(np.minimum(values, t).mean(), abs=1e-14)
