"""The information report: the one line, on every fit, with honest uncertainty."""

import math
import warnings

import numpy as np
import pytest
from references import case, fit_quietly
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import ParameterError
from mle_toolkit.information.fits import _is_heavy, information_report
from mle_toolkit.information.report import InformationReport

HORSE_KICKS = mle.Sample.table([0, 1, 2, 3, 4], [109, 65, 22, 3, 1])


def gamma_sample(n=300, seed=0):
    return stats.gamma(2.0).rvs(n, random_state=seed)


@pytest.mark.parametrize("name", ["pois_horsekicks", "nbinom_federalist", "nbinom_mites", "geom_biochemists"])
def test_cross_entropy_is_entropy_plus_divergence_exactly_for_counts(name):
    """The three are computed apart: NLL / n, sum of p log p, sum of p log(p / q)."""
    report = case(name).fit().information()
    scale = max(report.cross_entropy.value, report.entropy.value, 1.0)
    assert abs(report.identity_gap) <= 4e-16 * scale
    assert report.kl.value == report.cross_entropy.value - report.entropy.value


@pytest.mark.parametrize("unit", ["nat", "bit", "dit"])
@pytest.mark.parametrize("family", ["gamma", "weibull", "normal"])
def test_the_one_line_holds_in_every_unit(family, unit):
    fit = fit_quietly(gamma_sample(), family)
    report = fit.information(unit)
    assert report.kl.value == report.cross_entropy.value - report.entropy.value
    assert report.kl_predictive.value == report.kl.value + report.optimism
    nats = {"nat": 1.0, "bit": math.log(2), "dit": math.log(10)}[unit]
    assert report.cross_entropy.value * nats == pytest.approx(fit.cross_entropy, rel=1e-15)
    assert report.nll * nats == pytest.approx(fit.nll, rel=1e-15)


def test_the_report_says_what_the_fit_says():
    fit = mle.fit(gamma_sample(), "gamma")
    report = fit.information()
    assert report.cross_entropy.value == fit.cross_entropy == fit.nll / fit.nobs
    assert float(fit.kl) == report.kl.value
    assert report.optimism == fit.optimism / fit.nobs
    se = np.std(fit.logpdf_rows()) / np.sqrt(fit.nobs)
    assert report.cross_entropy.se == pytest.approx(se, rel=1e-13)


def test_models_of_one_data_set_share_one_entropy_so_divergence_ranks_as_likelihood():
    fits = [fit_quietly(gamma_sample(), law) for law in ("gamma", "weibull", "normal", "student_t")]
    assert len({fit.information().entropy.value for fit in fits}) == 1
    by_kl = sorted(fits, key=lambda fit: float(fit.kl))
    assert by_kl == sorted(fits, key=lambda fit: fit.nll)


def test_divergence_does_not_depend_on_the_unit_of_the_data():
    x = gamma_sample()
    before, after = mle.fit(x, "weibull").kl, mle.fit(1000.0 * x, "weibull").kl
    assert after.value == pytest.approx(before.value, abs=1e-12)
    assert after.se == pytest.approx(before.se, rel=1e-9)


def test_the_interval_covers_the_divergence_away_from_zero():
    """Exponential fitted to gamma: KL = log 2 + 1 - H(gamma) = 0.1159; nominal coverage 95 %."""
    truth = math.log(2.0) + 1 - stats.gamma(2.0).entropy()
    rng, covered = np.random.default_rng(1), 0
    law = mle.Family.from_logpdf(lambda x, s: -np.log(s) - x / s, {"s": mle.POSITIVE}, mle.POSITIVE)
    for _ in range(100):
        low, high = mle.fit(stats.gamma(2.0).rvs(300, random_state=rng), law).kl.interval
        covered += low <= truth <= high
    assert covered >= 89


def test_a_right_model_is_indistinguishable_from_zero_and_never_clipped():
    reports = [mle.fit(gamma_sample(200, seed), "gamma").information() for seed in range(20)]
    values = [report.kl.value for report in reports]
    assert min(values) < 0
    for report in reports:
        assert "indistinguishable_from_zero" in report.flags
        upper = report.kl.value + 1.6448536269514722 * report.kl.se
        if upper <= 0:
            assert report.kl.interval is None
        else:
            assert report.kl.interval == (-math.inf, pytest.approx(upper, rel=1e-12))
    assert sum(report.kl.interval is None for report in reports) <= 2


@pytest.mark.parametrize("n", [50, 99, 100, 250, 1_001])
def test_heavy_terms_are_found_alike_with_and_without_weights(n):
    rng, found = np.random.default_rng(n), []
    for df in (1.0, 2.0, 3.0, 30.0):
        terms = rng.standard_t(df, n)
        found.append(_is_heavy(terms, mle.Sample(terms)))
        assert found[-1] == _is_heavy(terms, mle.Sample(terms, np.ones(n)))
    assert found[0] or n < 250
    assert not found[-1]


def test_heavy_tailed_terms_are_flagged():
    x = stats.t(2).rvs(500, random_state=1)
    assert "heavy_tailed_terms" in mle.fit(x, "normal").information().flags
    assert "heavy_tailed_terms" not in mle.fit(stats.norm.rvs(size=500, random_state=1), "normal").information().flags


def test_rounded_data_have_exact_cross_entropy_and_no_divergence_but_a_reason():
    fit = case("gamma_groundbeef").fit()
    report = fit.information()
    assert fit.kl is None
    assert report.entropy is None
    assert report.cross_entropy.value == fit.cross_entropy
    assert "ties" in report.flags
    assert "rounded to multiples" in report.reasons["kl"]
    assert report.reasons["kl"] in str(report)


# --- counts ---------------------------------------------------------------------------------------------------------


def test_horse_kicks_test():
    report = mle.fit(HORSE_KICKS, "poisson").information()
    observed = np.array([109, 65, 22, 3, 1])
    expected = 200 * stats.poisson(0.61).pmf(np.arange(5))
    g = 2 * np.sum(observed * np.log(observed / expected))
    assert report.g_statistic == pytest.approx(g, rel=1e-12)
    assert report.g_statistic == pytest.approx(2 * 200 * report.kl.value, rel=1e-12)
    assert report.g_df == 3
    assert report.g_pvalue is None  # the last cell expects 0.6
    assert "expects" in report.reasons["g_pvalue"]
    assert {"expected_counts_below_5", "cells_from_data", "indistinguishable_from_zero"} <= set(report.flags)


def test_near_zero_the_interval_inverts_the_noncentral_chi_squared_law():
    report = mle.fit(mle.Sample.table([0, 1, 2, 3, 4], [109, 55, 22, 13, 1]), "poisson").information()
    low, high = (2 * 200 * end for end in report.kl.interval)
    assert report.g_pvalue < 0.025 < 1
    assert stats.ncx2(report.g_df, low).cdf(report.g_statistic) == pytest.approx(0.975, abs=1e-9)
    assert stats.ncx2(report.g_df, high).cdf(report.g_statistic) == pytest.approx(0.025, abs=1e-9)


def test_the_interval_of_counts_covers_the_divergence_at_and_away_from_zero():
    """Poisson fitted to counts from a Poisson law, KL = 0, and to counts from a geometric law."""
    k = np.arange(400)
    geometric = stats.geom(0.5, loc=-1).pmf(k)
    seen = geometric > 0
    away = float(np.sum(geometric[seen] * (np.log(geometric[seen]) - stats.poisson(1.0).logpmf(k[seen]))))
    rng = np.random.default_rng(2)
    for law, truth in ((stats.poisson(2.0), 0.0), (stats.geom(0.5, loc=-1), away)):
        covered = 0
        for _ in range(100):
            low, high = mle.fit(law.rvs(500, random_state=rng), "poisson").kl.interval
            covered += low <= truth <= high
        assert covered >= 88


def test_a_saturated_law_has_no_divergence_and_no_test():
    report = mle.fit([0, 1, 1, 0, 1], "bernoulli").information()
    assert abs(report.kl.value) <= 1e-15
    assert report.g_df == 0
    assert report.g_pvalue is None
    assert "saturated" in report.flags
    assert report.kl.se is None
    assert "as many free parameters as cells" in report.kl.reason
    assert "g_pvalue" in report.reasons


def test_weights_equal_repetition():
    values, counts = np.arange(5.0), np.array([109, 65, 22, 3, 1])
    table = mle.fit(mle.Sample.table(values, counts), "poisson").information()
    rows = mle.fit(np.repeat(values, counts), "poisson").information()
    assert table.kl.value == pytest.approx(rows.kl.value, abs=1e-15)
    assert table.kl.se == pytest.approx(rows.kl.se, rel=1e-12)
    assert table.kl.interval == pytest.approx(rows.kl.interval, rel=1e-9)
    assert table.cross_entropy.se == pytest.approx(rows.cross_entropy.se, rel=1e-12)


def test_reliability_weights_have_no_g_test_and_errors_by_squared_weights():
    weights = np.array([109.0, 65.0, 22.0, 3.0, 1.0]) / 7
    fit = mle.fit(mle.Sample(np.arange(5.0), weights, "reliability"), "poisson")
    report = fit.information()
    assert report.g_statistic is None
    assert "g_statistic" in report.reasons
    deviation = fit.logpdf_rows() + fit.cross_entropy
    assert report.cross_entropy.se == pytest.approx(
        np.sqrt(np.sum(np.square(weights * deviation))) / weights.sum(), rel=1e-12
    )


def test_constants_per_row_give_a_divergence_given_them():
    trials = np.array([4.0, 4.0, 5.0, 6.0])
    report = mle.fit([1, 2, 3, 3], mle.get_family("binomial", n=trials)).information()
    assert report.entropy.value == pytest.approx(0.5 * math.log(2), rel=1e-14)
    assert report.cross_entropy.value == pytest.approx(report.entropy.value + report.kl.value, rel=1e-15)
    assert abs(report.identity_gap) < 1e-15


def test_a_boundary_fit_is_that_of_its_limit():
    """Under-dispersed counts: negative binomial is Poisson there, so both have one divergence."""
    x = np.repeat([2, 3, 4, 5], [10, 40, 40, 10])
    poisson, negbin = (fit_quietly(x, law).information() for law in ("poisson", "negbin"))
    assert negbin.kl.value == pytest.approx(poisson.kl.value, abs=1e-12)
    assert "boundary" in negbin.flags
    assert "boundary" not in poisson.flags


def test_no_optimism_is_made_up_where_the_theory_does_not_hold():
    report = mle.fit([1.0, 2.5, 3.0, 4.2], "laplace").information()
    assert report.optimism is None
    assert report.kl_predictive is None
    assert "kl_predictive" in report.reasons


def test_one_observation_has_a_cross_entropy_without_error():
    report = mle.fit([3.0], "exponential").information()
    assert report.cross_entropy.value == pytest.approx(math.log(3) + 1, rel=1e-15)
    assert report.cross_entropy.se is None
    assert report.cross_entropy.reason == "one observation"
    assert report.kl is None


def test_a_divergence_below_zero_claims_no_bound():
    """Three observations: the entropy is too high by more than the error says."""
    kl = mle.fit([1.0, 2.0, 5.0], "gamma").kl
    assert kl.value + 1.645 * kl.se < 0
    assert kl.interval is None
    assert {"below_zero", "few_observations", "indistinguishable_from_zero"} <= set(kl.flags)


def test_zero_is_not_minus_zero():
    report = fit_quietly([0, 0, 0], "poisson").information()
    assert "-0" not in str(report)
    assert math.copysign(1.0, report.cross_entropy.value) == math.copysign(1.0, report.nll) == 1.0


# --- the record -------------------------------------------------------------------------------------------------------


def test_an_unknown_unit_is_refused():
    with pytest.raises(ParameterError, match="unknown unit"):
        mle.fit([1.0, 2.0, 4.0], "gamma").information("bits")


@pytest.mark.parametrize("data", [HORSE_KICKS, mle.Sample([0.0, 0.0, 0.0])], ids=["interior", "all zero"])
def test_it_comes_back_from_its_record(data):
    report = information_report(fit_quietly(data, "poisson"))
    assert InformationReport.from_dict(report.to_dict()) == report


def test_it_shows_itself_as_text_and_html():
    report = mle.fit(HORSE_KICKS, "poisson").information()
    assert "cross entropy" in str(report)
    assert "1.0305336" in str(report)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert report._repr_html_().startswith("<table>")


def test_the_interval_of_the_predictive_divergence_begins_where_that_of_the_closest_law_does():
    """The fitted law is no closer than the closest; simulated coverage of (low + p/n, high + p/n) was 0.15 for 0.95."""
    report = mle.fit(mle.datasets.load("horse_kicks").sample(), "poisson").information()
    low, high = report.kl.interval
    assert report.kl_predictive.interval == (low, high + report.optimism)
    assert low == 0.0
    rivers = mle.fit(mle.datasets.load("rivers").sample(), "gamma").information()
    low, high = rivers.kl.interval
    assert rivers.kl_predictive.interval == (low + rivers.optimism, high + rivers.optimism)


def test_more_parameters_than_cells_leave_no_degrees_of_freedom():
    few = mle.Sample.binned([30, 12, 5], [0.0, 1.0, 2.0, np.inf])
    assert mle.fit(few, "gamma").information().g_df == 0
    with pytest.warns(mle.FitWarning, match="where generalized_gamma is"):  # several limits meet all three shares
        flat = mle.fit(few, "generalized_gamma")
    assert flat.information().g_df == 0


def test_where_every_row_is_a_stratum_there_is_no_entropy():
    """Each of 60 numbers of trials was observed once: an entropy of 0 ± 0 would be of the design, not of the data."""
    trials = np.arange(5, 65)
    x = np.random.default_rng(0).binomial(trials, 0.3)
    report = mle.fit(x, mle.get_family("binomial", n=trials)).information()
    assert (report.entropy, report.kl, report.kl_predictive, report.g_pvalue) == (None, None, None, None)
    assert "every observation has constants that no other one has" in report.reasons["kl"]
    assert report.cross_entropy.value == pytest.approx(-stats.binom.logpmf(x, trials, x.sum() / trials.sum()).mean())
    repeated = np.repeat([5, 10], 50)
    again = mle.fit(repeated // 3, mle.get_family("binomial", n=repeated)).information()
    assert again.entropy is not None
    assert abs(again.identity_gap) < 1e-12


def test_a_wide_table_has_no_p_value():
    """With fewer than five observations a cell G has no chi-squared law."""
    x = np.random.default_rng(0).poisson(200, 60)
    report = mle.fit(x, "poisson").information()
    assert report.g_statistic > 0
    assert report.g_pvalue is None
    assert "fewer than 5 observations a cell" in report.reasons["g_pvalue"]
    assert mle.fit(x, "poisson").goodness_of_fit("g", n_resamples=99, rng=0).p_value > 0.01
