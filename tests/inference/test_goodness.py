"""Goodness-of-fit statistics against the reference cases and SciPy; p-values that hold after fitting."""

import warnings

import numpy as np
import pytest
from references import case, case_ids
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ParameterError
from mle_toolkit.inference.goodness import _measure

SEED = 20_240_603

WITH_STATISTICS = [name for name in case_ids("uncensored_continuous") if "gof" in case(name).expected]

HORSE_KICKS = Sample.table([0, 1, 2, 3, 4], [109, 65, 22, 3, 1])


def statistic_of(name: str, law: mle.Distribution, sample: Sample) -> float:
    return _measure(name, law, sample)[0](law, sample)


def draw(family: str, n: int, seed: int = SEED, **params: float) -> np.ndarray:
    return mle.distribution(family, **params).rvs(n, rng=seed)


@pytest.mark.parametrize("name", WITH_STATISTICS)
def test_statistics_are_those_of_the_reference_cases(name):
    """Differences stem from the estimates, which agree to 1e-5 standard errors or better."""
    fit = case(name).fit()
    for statistic, expected in case(name).expected["gof"].items():
        assert statistic_of(statistic, fit.distribution, fit.sample) == pytest.approx(expected, rel=1e-6)


def test_there_are_reference_statistics():
    assert len(WITH_STATISTICS) > 20


@pytest.mark.parametrize("seed", range(3))
def test_statistics_of_exact_values_are_scipys(seed):
    law = mle.distribution("normal", mu=1.0, sigma=2.0)
    x = law.rvs(40, rng=seed)
    sample = Sample(x)
    known = stats.norm(1.0, 2.0)
    assert statistic_of("ks", law, sample) == pytest.approx(stats.kstest(x, known.cdf).statistic, rel=1e-12)
    assert statistic_of("cvm", law, sample) == pytest.approx(stats.cramervonmises(x, known.cdf).statistic, rel=1e-12)
    u, n = np.sort(known.cdf(x)), 40
    textbook = -n - np.mean((2 * np.arange(1, n + 1) - 1) * (np.log(u) + np.log1p(-u[::-1])))
    assert statistic_of("ad", law, sample) == pytest.approx(textbook, rel=1e-12)


@pytest.mark.parametrize("statistic", ["ad", "ks", "cvm"])
def test_a_frequency_is_that_many_equal_values(statistic):
    law = mle.distribution("gamma", shape=2.0, scale=1.0)
    x, counts = law.rvs(12, rng=1), np.arange(1, 13)
    weighted, repeated = Sample(x, counts), Sample(np.repeat(x, counts))
    assert statistic_of(statistic, law, weighted) == pytest.approx(statistic_of(statistic, law, repeated), rel=1e-10)


@pytest.mark.parametrize("statistic", ["ad", "ks", "cvm"])
def test_without_censoring_the_kaplan_meier_statistics_are_the_usual_ones(statistic):
    """But for the last step, beyond which one censored time says that nothing more was seen."""
    law = mle.distribution("weibull", shape=1.5, scale=2.0)
    time = np.sort(law.rvs(400, rng=1))
    event = np.ones(400)
    event[0] = 0  # the first to leave is censored: 399 of 400 remain, each with the weight of 1/399
    censored = Sample.right_censored(time, event)
    exact = Sample(time[1:])
    assert statistic_of(statistic, law, censored) == pytest.approx(statistic_of(statistic, law, exact), rel=0.01)


EARLY = ([1.0, 2.0, 2.5, 3.0, 4.0, 6.0, 7.0], [1, 1, 1, 0, 1, 1, 0], [0.5, 0.2, 2.0, 2.2, 2.4, 3.0, 4.0])
"""Times, events and entries: at 2 the only one at risk dies, before the others enter."""


@pytest.mark.parametrize("statistic", ["ad", "ks", "cvm"])
@pytest.mark.parametrize("mirrored", [False, True])
def test_where_the_kaplan_meier_estimate_collapses_the_statistic_is_of_what_follows(statistic, mirrored):
    time, event, entry = map(np.array, EARLY)
    if mirrored:
        law = mle.distribution("normal", mu=-4.0, sigma=2.0)
        whole = Sample.left_censored(-time, event).truncated(upper=-entry)
        later = Sample.left_censored(-time[2:], event[2:]).truncated(upper=-entry[2:])
    else:
        law = mle.distribution("weibull", shape=2.0, scale=4.0)
        whole = Sample.right_censored(time, event).truncated(lower=entry)
        later = Sample.right_censored(time[2:], event[2:]).truncated(lower=entry[2:])
    assert statistic_of(statistic, law, whole) == pytest.approx(statistic_of(statistic, law, later), rel=1e-12)
    assert _measure(statistic, law, whole)[1].endswith("given less than -2" if mirrored else "given more than 2")


def test_men_who_die_before_others_enter_channing_house_do_not_decide():
    """Both at risk at first are dead at 781 months, where 94 others are still to enter."""
    fit = mle.fit(mle.datasets.load("channing").sample(), "gompertz")
    test = fit.goodness_of_fit("ks", 99, rng=SEED)
    assert test.method == "Kolmogorov-Smirnov of the Kaplan-Meier estimate, given more than 781"
    assert test.statistic < 0.3
    assert test.p_value > 0.1


@pytest.mark.parametrize("statistic", ["ad", "ks", "cvm"])
def test_left_censoring_mirrors_right_censoring(statistic):
    rng = np.random.default_rng(3)
    time, limit = rng.normal(size=80), rng.normal(0.7, 1.0, size=80)
    right = Sample.right_censored(np.minimum(time, limit), time <= limit)
    left = Sample.left_censored(-np.minimum(time, limit), time <= limit)
    law = mle.distribution("normal", mu=0.2, sigma=1.1)
    mirrored = mle.distribution("normal", mu=-0.2, sigma=1.1)
    assert statistic_of(statistic, law, right) == pytest.approx(statistic_of(statistic, mirrored, left), rel=1e-10)


def test_statistics_of_counts_follow_choulakian_lockhart_and_stephens():
    """Sums over cells of Z_j, the running sum of observed less expected: N^-1 sum Z_j^2 p_j [/ (H_j (1 - H_j))]."""
    fit = mle.fit(HORSE_KICKS, "poisson")
    p = stats.poisson(0.61).pmf(np.arange(5))
    gap, below = np.cumsum([109, 65, 22, 3, 1] - 200 * p), np.cumsum(p)
    law, sample = fit.distribution, fit.sample
    assert statistic_of("cvm", law, sample) == pytest.approx(np.sum(gap**2 * p) / 200, rel=1e-9)
    assert statistic_of("ad", law, sample) == pytest.approx(np.sum(gap**2 * p / (below * (1 - below))) / 200, rel=1e-9)
    assert statistic_of("ks", law, sample) == pytest.approx(np.max(np.abs(gap)) / 200, rel=1e-9)


def test_chi_squared_of_counts_is_scipys_on_joined_cells():
    """Cells of at least five expected: 0, 1, 2 or more, as 3 and more would expect 4.7."""
    fit = mle.fit(HORSE_KICKS, "poisson")
    p = stats.poisson(0.61).pmf(np.arange(2))
    expected = 200 * np.array([*p, 1 - p.sum()])
    pearson = stats.chisquare([109, 65, 26], expected).statistic
    g = stats.power_divergence([109, 65, 26], expected, lambda_="log-likelihood").statistic
    assert statistic_of("chi2", fit.distribution, fit.sample) == pytest.approx(pearson, rel=1e-9)
    assert statistic_of("g", fit.distribution, fit.sample) == pytest.approx(g, rel=1e-9)


def test_bins_are_cells_as_they_are():
    fit = mle.fit(Sample.binned([30, 31, 57, 20], [0, 25, 50, 100, 400]), "exponential")
    law, edges = fit.distribution, np.array([25.0, 50.0, 100.0, 400.0])
    below = law.cdf(edges)
    # Nobody was above the last edge, where fewer than five are expected: that cell is joined to its neighbour.
    expected = 138 * np.diff([0.0, *below[:3], 1.0])
    pearson = stats.chisquare([30, 31, 57, 20], expected).statistic
    assert statistic_of("chi2", law, fit.sample) == pytest.approx(pearson, rel=1e-9)
    gap, share = np.cumsum([30, 31, 57, 20]) / 138 - below, np.diff([0.0, *below])
    assert statistic_of("cvm", law, fit.sample) == pytest.approx(138 * np.sum(gap**2 * share), rel=1e-9)


@pytest.mark.parametrize("statistic", ["ad", "ks", "cvm"])
def test_p_values_are_those_of_scipys_parametric_bootstrap(statistic):
    """Same statistic, and p-values that differ by no more than Monte Carlo does: four standard errors."""
    x = draw("gamma", 50, shape=1.3, scale=2.0)
    ours = mle.fit(x, "exponential").goodness_of_fit(statistic, n_resamples=299, rng=1)
    theirs = stats.goodness_of_fit(
        stats.expon, x, known_params={"loc": 0.0}, statistic=statistic, n_mc_samples=299, rng=np.random.default_rng(2)
    )
    assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-7)
    assert abs(ours.p_value - theirs.pvalue) <= 4 * np.sqrt(2) * max(ours.p_error, 1e-3)


def test_lilliefors_critical_value():
    """Lilliefors (1967), JASA 62, as corrected by Dallal & Wilkinson (1986): 5 % point of D for n = 20 is 0.192."""
    fit = mle.fit(draw("normal", 20, mu=0.0, sigma=1.0), "normal")
    replicator_values = []
    from mle_toolkit.inference.resampling import Replicator

    replicator = Replicator(fit.at_maximum, fit.sample, "parametric")
    measure, _ = _measure("ks", fit.distribution, fit.sample)
    for count, seed in replicator.chunks(4_000, SEED):
        replicator_values.append(replicator.statistic_chunk(measure, count, seed)[0])
    # Lilliefors divides by n - 1 in the variance; ours by n, which moves D by about 1 %.
    assert np.quantile(np.concatenate(replicator_values), 0.95) == pytest.approx(0.192, rel=0.03)


@pytest.mark.parametrize(
    ("family", "params", "statistic"),
    [
        ("gamma", {"shape": 2.0, "scale": 1.5}, "ad"),
        ("normal", {"mu": 0.0, "sigma": 1.0}, "ks"),
        ("exponential", {"scale": 2.0}, "chi2"),
    ],
)
def test_p_values_are_uniform_under_the_law(family, params, statistic):
    """Sixty seeded samples of 40: a fixed check, whose Kolmogorov-Smirnov p-value was not below 0.01."""
    p_values = [
        mle.fit(draw(family, 40, seed, **params), family).goodness_of_fit(statistic, 99, rng=seed).p_value
        for seed in range(60)
    ]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_p_values_of_counts_hold_their_level():
    """Twenty-five seeded samples: at 10 %, four standard errors allow up to eight; ties only make p-values larger."""
    p_values = np.array(
        [
            mle.fit(draw("poisson", 40, k, mu=3.0), "poisson").goodness_of_fit("cvm", 59, rng=k).p_value
            for k in range(25)
        ]
    )
    assert np.count_nonzero(p_values <= 0.1) <= 8
    assert 0.25 < np.mean(p_values) < 0.75


@pytest.mark.parametrize("statistic", ["ad", "ks", "cvm"])
def test_wrong_laws_are_found_out(statistic):
    rng = np.random.default_rng(SEED)
    time, limit = rng.weibull(3.0, 120), rng.uniform(0.5, 2.0, 120)
    for sample, family in (
        (Sample(draw("lognormal", 150, meanlog=0.0, sdlog=1.0)), "normal"),
        (Sample(draw("negbin", 200, size=1.0, mu=4.0)), "poisson"),
        (Sample.right_censored(np.minimum(time, limit), time <= limit), "exponential"),
        (Sample.rounded(np.round(time, 1), 0.1), "exponential"),
    ):
        assert mle.fit(sample, family).goodness_of_fit(statistic, 99, rng=1).p_value == pytest.approx(0.01)


FORMS = {
    "censored": lambda x: Sample.right_censored(np.minimum(x, 3.0), x <= 3.0),
    "delayed entry": lambda x: Sample.right_censored(np.minimum(x[x > 0.3], 3.0), x[x > 0.3] <= 3.0).truncated(0.3),
    "rounded": lambda x: Sample.rounded(np.round(x, 1) + 0.05, 0.1),
    "truncated": lambda x: Sample(x[x > 0.5]).truncated(lower=0.5),
    "reliability": lambda x: Sample(x, np.linspace(0.5, 1.5, len(x)), "reliability"),
    "frequency": lambda x: Sample(x, np.full(len(x), 1.0)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_data_of_the_law_itself_passes(form):
    """Seeded: the p-value was above 0.02 for each."""
    sample = FORMS[form](draw("weibull", 120, shape=1.5, scale=2.0))
    test = mle.fit(sample, "weibull").goodness_of_fit("ad", 99, rng=1)
    assert test.p_value > 0.02
    assert test.n_resamples == 99


def test_sequential_stopping_stops_and_says_its_error():
    fit = mle.fit(draw("lognormal", 60, meanlog=0.0, sdlog=0.5), "gamma")
    whole = fit.goodness_of_fit("ad", n_resamples=999, rng=5)
    stopped = fit.goodness_of_fit("ad", n_resamples=999, rng=5, stop_after=20)
    assert stopped.n_resamples < 200 < whole.n_resamples == 999
    assert stopped.p_value == 20 / stopped.n_resamples
    assert 0 < stopped.p_error == pytest.approx(stopped.p_value * np.sqrt((1 - stopped.p_value) / 20), rel=0.05)
    assert abs(stopped.p_value - whole.p_value) < 4 * stopped.p_error
    assert "stopped after 20" in str(stopped)


def test_sequential_stopping_runs_on_where_few_replicates_reach_the_statistic():
    fit = mle.fit(draw("lognormal", 150, meanlog=0.0, sdlog=1.0), "normal")
    assert fit.goodness_of_fit("ad", 199, rng=1, stop_after=10) == fit.goodness_of_fit("ad", 199, rng=1)


def test_the_number_of_workers_changes_nothing():
    rng = np.random.default_rng(SEED)
    time, limit = rng.weibull(1.5, 80), rng.uniform(0.5, 2.0, 80)
    fit = mle.fit(Sample.right_censored(np.minimum(time, limit), time <= limit), "weibull")
    assert fit.goodness_of_fit("cvm", 60, rng=1) == fit.goodness_of_fit("cvm", 60, rng=1, workers=2)


def test_replicates_at_a_boundary_are_said():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mle.FitWarning)
        fit = mle.fit(np.sort(draw("normal", 60, mu=0.0, sigma=1.0))[3:-3], "student_t")
    test = fit.goodness_of_fit("ad", 40, rng=1)
    assert any("boundary" in note for note in test.notes)


@pytest.mark.parametrize(
    ("data", "family", "options", "message"),
    [
        ([1.0, 2.0, 3.0], "gamma", {"statistic": "kuiper"}, "unknown statistic"),
        ([1.0, 2.0, 3.0], "gamma", {"n_resamples": 0}, "n_resamples"),
        ([1.0, 2.0, 3.0], "gamma", {"stop_after": 0}, "stop_after"),
        ([1.0, 2.0, 2.5], "uniform", {"statistic": "ad"}, "end of the support of uniform"),
        ([1.0, 2.0, 2.5], "pareto", {"statistic": "ad"}, "end of the support of pareto"),
        ([1.0, 2.0, 3.0], "gamma", {"statistic": "chi2"}, "fewer than two cells"),
        (Sample.right_censored([1.0, 2.0, 3.0], [1, 1, 0]), "exponential", {"statistic": "chi2"}, "cells that all"),
        ([1, 2, 3, 2], mle.get_family("binomial", n=[3, 4, 5, 6]), {}, "no common law"),
        ([[1.0, 2.0], [2.0, 1.0], [0.0, 0.5], [1.0, 1.0]], "multivariate_normal", {}, "vectors"),
        (Sample.intervals([0.0, 1.0, 2.5], [2.0, 3.0, 2.5]), "exponential", {}, "neither the cells of one partition"),
    ],
)
def test_what_has_no_answer_is_refused(data, family, options, message):
    with pytest.raises(ParameterError, match=message):
        mle.fit(data, family).goodness_of_fit(**options)
