"""Vuong's test and Shi's: reference values, signs, levels, and what is refused."""

import numpy as np
import pytest
from references import _raw_cases, column, fit_quietly
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import ComparisonError, ParameterError, UnknownNameError
from mle_toolkit.inference.nonnested import moments, weighted_chi_squared_sf

BEEF = column("groundbeef", "serving")


def test_the_statistic_of_the_reference():
    """ZIP against Poisson, as R's pscl prints it with divisor n - 1; the formula alone: the test itself is refused."""
    reference = _raw_cases()["vuong_biochemists"]["expected"]
    x = column("biochemists", "art")
    terms = mle.fit(x, "zip").logpdf_rows() - mle.fit(x, "poisson").logpdf_rows()
    mean, variance = moments(terms, mle.Sample(x))
    assert np.sqrt(915) * mean / np.sqrt(variance) == pytest.approx(reference["z_raw_sd_n"], abs=1e-5)
    assert 915 * mean == pytest.approx(reference["lr_sum"], abs=1e-6)


def test_sums_of_weighted_chi_squared_variables():
    """Imhof (1961), table 1, and the chi-squared law itself."""
    published = {0.1: 0.9458, 0.7: 0.5064, 2.0: 0.1240}
    for x, p in published.items():
        assert weighted_chi_squared_sf(x, np.array([0.6, 0.3, 0.1])) == pytest.approx(p, abs=5e-5)
    for k in (1, 2, 3, 7):
        for x in (0.01, 1.0, 5.0, 30.0):
            assert weighted_chi_squared_sf(3 * x, np.full(k, 3.0)) == pytest.approx(stats.chi2.sf(x, k), abs=1e-11)


def test_weights_of_either_sign():
    assert weighted_chi_squared_sf(0.0, np.array([1.0, -1.0])) == pytest.approx(0.5, abs=1e-12)
    up = weighted_chi_squared_sf(1.3, np.array([2.0, -0.5]))
    down = weighted_chi_squared_sf(-1.3, np.array([-2.0, 0.5]))
    assert up == pytest.approx(1 - down, abs=1e-11)
    assert weighted_chi_squared_sf(-1.0, np.array([1.0, 0.5])) == 1.0
    assert weighted_chi_squared_sf(1.0, np.array([-1.0])) == 0.0
    rng = np.random.default_rng(0)
    drawn = (rng.standard_normal((200_000, 2)) ** 2) @ [2.0, -0.5]
    assert up == pytest.approx(np.mean(drawn > 1.3), abs=4e-3)


@pytest.mark.parametrize("method", ["shi", "vuong"])
def test_models_that_change_places_change_the_sign_only(method):
    result = mle.compare(BEEF, ["gamma", "lognormal", "weibull"])
    for pair in (("gamma", "lognormal"), ("weibull", "gamma")):
        one, other = result.vuong(*pair, method=method, rng=1), result.vuong(*pair[::-1], method=method, rng=1)
        assert one.statistic == pytest.approx(-other.statistic, rel=1e-9)
        assert one.difference == pytest.approx(-other.difference, rel=1e-9)
        assert one.p_value == pytest.approx(other.p_value, rel=1e-9)
        assert one.closer == other.closer


def test_the_sign_says_which_is_closer():
    found = mle.compare(BEEF, ["gamma", "exponential"]).vuong("gamma", "exponential", rng=1)
    assert found.statistic > 0
    assert found.difference > 0
    assert found.closer == "gamma"
    assert "gamma is closer to the truth" in str(found)


def test_shi_corrects_by_half_of_what_tic_does():
    """The mean difference less (tr₁ - tr₂) / 2n, where tr is the optimism tr(J⁻¹K) of each fit."""
    result = mle.compare(BEEF, ["gamma", "lognormal"])
    gamma, lognormal = result.fits["gamma"], result.fits["lognormal"]
    raw = (gamma.llf - lognormal.llf) / 254
    found = result.vuong("gamma", "lognormal", rng=1)
    assert found.difference == pytest.approx(raw - (gamma.optimism - lognormal.optimism) / (2 * 254), rel=1e-8)
    assert result.vuong("gamma", "lognormal", method="vuong").difference == pytest.approx(raw, rel=1e-9)


def test_the_critical_value_of_shi_is_a_little_above_the_normal_one():
    found = mle.compare(BEEF, ["gamma", "weibull"]).vuong(rng=1)
    assert 1.96 < found.critical_value < 2.061
    assert found.constant >= 0
    assert (abs(found.statistic) > found.critical_value) == (found.p_value < 0.05)
    assert found == mle.compare(BEEF, ["gamma", "weibull"]).vuong(rng=1)


def test_far_from_each_other_both_are_the_normal_test():
    """Of laws that differ much the noise of estimation does not count: 4,000 observations from neither."""
    x = stats.t(3).rvs(4000, random_state=4)
    result = mle.compare(x, ["logistic", "normal"])
    shi, vuong = result.vuong(rng=1), result.vuong(method="vuong")
    assert shi.statistic == pytest.approx(vuong.statistic, rel=0.02)
    assert vuong.variance_p_value < 1e-6


def test_the_level_of_shi_holds_where_vuong_has_none():
    """Exponential data: gamma and Weibull laws are then the same, and neither is closer."""
    rng = np.random.default_rng(5)
    rejected = []
    for _ in range(25):
        result = mle.compare(rng.exponential(size=100), ["gamma", "weibull"])
        rejected.append([result.vuong(rng=1).closer, result.vuong(method="vuong").closer])
    assert np.mean([a is not None for a, _ in rejected]) < 0.1
    assert np.mean([b is not None for _, b in rejected]) < 0.1


def test_nested_models_that_are_right_have_the_chi_squared_law():
    x = stats.gamma(2.0).rvs(5000, random_state=6)
    large, small = mle.fit(x, "gamma"), mle.fit(x, "gamma", fixed={"shape": 2.05})
    found = mle.compare(x, [large, small]).vuong("gamma", "gamma #2", method="vuong")
    assert found.case == "nested"
    assert found.statistic == pytest.approx(2 * (large.llf - small.llf), rel=1e-8)
    assert found.p_value == pytest.approx(large.test({"shape": 2.05}).p_value, rel=0.15)
    swapped = mle.compare(x, [large, small]).vuong("gamma #2", "gamma", method="vuong")
    assert swapped.p_value == pytest.approx(found.p_value, rel=1e-9)


def test_one_law_by_two_names_is_not_told_apart():
    found = mle.compare(BEEF, [mle.fit(BEEF, "gamma"), mle.fit(BEEF, stats.gamma)])
    first, second = found.fits
    for method in ("shi", "vuong"):
        assert found.vuong(first, second, method=method, rng=1).p_value == 1.0


def test_frequencies_count_as_so_many_rows():
    x = np.repeat(np.arange(6), [40, 30, 15, 8, 5, 2]).astype(float)
    values, counts = np.unique(x, return_counts=True)
    rows = mle.compare(x, ["negbin", "geometric", "zip"])
    table = mle.compare(mle.Sample.table(values, counts), ["negbin", "geometric", "zip"])
    for pair in (("geometric", "zip"), ("negbin", "zip")):
        for method in ("shi", "vuong"):
            one, other = (c.vuong(*pair, method=method, rng=1) for c in (rows, table))
            assert one.statistic == pytest.approx(other.statistic, rel=1e-7)
            assert one.p_value == pytest.approx(other.p_value, rel=1e-6)


def test_censored_data_are_compared():
    time = np.minimum(BEEF, 100.0)
    sample = mle.Sample.right_censored(time, BEEF <= 100)
    result = mle.compare(sample, ["gamma", "lognormal"])
    found = result.vuong("gamma", "lognormal", method="vuong")
    terms = result.fits["gamma"].logpdf_rows() - result.fits["lognormal"].logpdf_rows()
    assert found.statistic == pytest.approx(np.sqrt(254) * np.mean(terms) / np.std(terms), rel=1e-7)


# --- what is refused --------------------------------------------------------------------------------------------------


def test_zero_inflation_is_not_for_vuong():
    """Wilson (2015): the inflated law reaches the other at the boundary, where the level is wrong."""
    x = column("biochemists", "art")
    result = mle.compare(x, ["zip", "poisson", "negbin", mle.zero_inflated("negbin")])
    for pair in (("zip", "poisson"), ("poisson", "negbin"), ("poisson", "zero-inflated negbin")):
        for method in ("shi", "vuong"):
            with pytest.raises(ComparisonError, match="Test the boundary"):
                result.vuong(*pair, method=method)
    assert result.vuong("negbin", "zip", rng=1).closer == "negbin"


def test_maxima_at_a_boundary_are_refused():
    x = np.linspace(-1.0, 1.0, 100)
    result = mle.compare(x, [fit_quietly(x, "student_t"), "logistic"])
    with pytest.raises(ComparisonError, match="not at an interior maximum"):
        result.vuong("student_t", "logistic")


def test_kinks_need_families_that_are_apart():
    result = mle.compare(BEEF, ["laplace", "normal"])
    with pytest.raises(ParameterError, match=r"no score by .*non-nested"):
        result.vuong(rng=1)
    found = result.vuong("laplace", "normal", method="vuong", case="non-nested")
    terms = result.fits["laplace"].logpdf_rows() - result.fits["normal"].logpdf_rows()
    assert found.statistic == pytest.approx(np.sqrt(254) * np.mean(terms) / np.std(terms), rel=1e-9)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(found.statistic)), rel=1e-9)


def test_mistakes_of_the_caller_are_told():
    result = mle.compare(BEEF, ["gamma", "weibull"])
    with pytest.raises(UnknownNameError, match="no model 'normal'"):
        result.vuong("normal", "gamma")
    with pytest.raises(ParameterError, match="unknown test"):
        result.vuong(method="clarke")
    with pytest.raises(ParameterError, match="case"):
        result.vuong(case="nested")
    with pytest.raises(UnknownNameError, match="no model"):
        mle.compare(BEEF, ["gamma"]).vuong()
    weighted = mle.compare(mle.Sample(BEEF, BEEF, "reliability"), ["gamma", "weibull"])
    with pytest.raises(ComparisonError, match="reliability"):
        weighted.vuong()
