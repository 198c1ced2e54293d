"""Replicates of a sample: what their fits tell of the fit."""

import math

import numpy as np
import pytest
from references import fit_quietly
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import NoMaximumError, ParameterError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.solve import maximise
from mle_toolkit.inference.empirical import product_limit
from mle_toolkit.inference.resampling import FAILED, Replicator
from mle_toolkit.inference.scores import again

SEED = 20_240_601

AIR_CONDITIONING = [3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487]
"""Hours between failures of an air-conditioner (Proschan 1963): the running example of Davison & Hinkley (1997)."""


def draw(family: str, n: int, **params: float) -> np.ndarray:
    return mle.distribution(family, **params).rvs(n, rng=SEED)


def drawn_by(fit: mle.Fit, kind: str = "parametric") -> Replicator:
    return Replicator(fit.at_maximum, fit.sample, kind)


def censored(n: int = 150) -> mle.Sample:
    rng = np.random.default_rng(SEED)
    time, limit = 10 * rng.weibull(1.5, n), rng.uniform(2, 20, n)
    return mle.Sample.right_censored(np.minimum(time, limit), time <= limit)


FORMS = {
    "gamma": lambda: mle.fit(draw("gamma", 400, shape=2.0, scale=1.5), "gamma"),
    "weibull": lambda: mle.fit(draw("weibull", 400, shape=1.5, scale=2.0), "weibull"),
    "poisson": lambda: mle.fit(draw("poisson", 400, mu=3.0), "poisson"),
    "frequencies": lambda: mle.fit(mle.Sample.table([0, 1, 2, 3, 4], [109, 65, 22, 3, 1]), "poisson"),
    "censored": lambda: mle.fit(censored(), "weibull"),
    "left-censored": lambda: mle.fit(
        mle.Sample.left_censored(
            *(lambda x: (np.maximum(x, 1.0), x > 1.0))(draw("lognormal", 150, meanlog=0.5, sdlog=0.7))
        ),
        "lognormal",
    ),
    "rounded": lambda: mle.fit(mle.Sample.rounded(np.round(draw("normal", 150, mu=3.0, sigma=2.0)), 1.0), "normal"),
    "binned": lambda: mle.fit(mle.Sample.binned([40, 30, 20, 12, 8], [0, 1, 2, 4, 6, 20]), "exponential"),
    "truncated": lambda: mle.fit(
        (lambda x: mle.Sample(x[x > 1.0]).truncated(lower=1.0))(draw("weibull", 300, shape=1.5, scale=2.0)), "weibull"
    ),
    "known": lambda: mle.fit(draw("gamma", 300, shape=2.0, scale=1.5), "gamma", fixed={"shape": 2.0}),
}


@pytest.mark.parametrize("kind", ["parametric", "nonparametric"])
@pytest.mark.parametrize("form", FORMS)
def test_standard_errors_are_those_of_wald(form, kind):
    """With hundreds of observations of the law itself; the Monte Carlo error of 200 replicates is 5 %."""
    fit = FORMS[form]()
    drawn = fit.bootstrap(n=200, kind=kind, rng=SEED)
    wald = np.array(list(fit.bse.values()))
    free = wald > 0
    # Data of 100 bins or fewer say little more of the standard error themselves.
    slack = 0.35 if form == "binned" else 0.2
    np.testing.assert_allclose(drawn.se[free], wald[free], rtol=slack)
    assert np.all(drawn.se[~free] == 0)
    assert drawn.n_failed == 0


@pytest.mark.parametrize("kind", ["parametric", "nonparametric"])
@pytest.mark.parametrize("form", ["gamma", "censored", "truncated"])
def test_the_number_of_workers_changes_nothing(form, kind):
    fit = FORMS[form]()
    alone, together = (fit.bootstrap(n=60, kind=kind, rng=SEED, workers=w) for w in (None, 2))
    np.testing.assert_array_equal(alone.replicates, together.replicates)


def test_a_seed_gives_the_same_replicates_and_another_gives_others():
    fit = FORMS["gamma"]()
    first, again, other = (fit.bootstrap(n=20, rng=seed).replicates for seed in (1, np.random.default_rng(1), 2))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)


def test_longer_runs_begin_with_the_replicates_of_shorter_ones():
    fit = FORMS["censored"]()
    np.testing.assert_array_equal(fit.bootstrap(n=30, rng=3).replicates[:20], fit.bootstrap(n=20, rng=3).replicates)


@pytest.mark.parametrize("kind", ["parametric", "nonparametric"])
@pytest.mark.parametrize(
    ("family", "params"),
    [
        ("gamma", {"shape": 2.0, "scale": 1.5}),
        ("normal", {"mu": 100.0, "sigma": 0.1}),
        ("pareto", {"alpha": 3.0, "xm": 2.0}),
        ("poisson", {"mu": 4.0}),
        ("weibull", {"shape": 1.5, "scale": 2.0}),
        ("student_t", {"df": 4.0, "loc": 1.0, "scale": 2.0}),
    ],
)
def test_fits_of_replicates_are_ordinary_fits(family, params, kind):
    """Fitted on means, together, or one by one: the maximum is the maximum."""
    replicator = drawn_by(mle.fit(draw(family, 200, **params), family), kind)
    groups = replicator.draw_groups(8, np.random.default_rng(SEED))
    fitted = replicator.fit_groups(groups)
    for k in range(8):
        expected = maximise(replicator.maximum.family, groups.sample(k)).theta
        np.testing.assert_allclose(fitted.theta[k], expected, rtol=1e-6)


@pytest.mark.parametrize("weights", [None, "frequency", "reliability"])
def test_resampled_means_are_means_of_resampled_rows(weights):
    x = draw("gamma", 50, shape=2.0, scale=1.5)
    weight = {None: None, "frequency": np.arange(1.0, 51.0), "reliability": np.linspace(0.5, 2.0, 50)}[weights]
    sample = mle.Sample(x, weight, weights or "frequency")
    replicator = drawn_by(mle.fit(sample, "gamma"), "nonparametric")
    quick, constant = replicator.resampled_means(5, np.random.default_rng(SEED))
    slow, _ = replicator._means(replicator.draw_groups(5, np.random.default_rng(SEED)))
    np.testing.assert_allclose(quick, slow, rtol=1e-13)
    assert not constant.any()


def test_a_published_example_of_the_exponential_law():
    """Davison & Hinkley (1997), examples 2.6 and 5.1: the replicates have a gamma law, which is known."""
    from scipy import stats

    drawn = mle.fit(AIR_CONDITIONING, "exponential").bootstrap(n=20_000, rng=SEED)
    mean, n = np.mean(AIR_CONDITIONING), len(AIR_CONDITIONING)
    assert mean == pytest.approx(108.083, abs=5e-4)
    quantiles = mean * stats.gamma(n, scale=1 / n).ppf([0.025, 0.975])
    # The Monte Carlo error of these quantiles of 20,000 replicates is 0.6 % or less.
    np.testing.assert_allclose(drawn.interval("scale", method="percentile"), quantiles, rtol=0.02)
    np.testing.assert_allclose(drawn.interval("scale", method="basic"), 2 * mean - quantiles[::-1], rtol=0.06)
    assert drawn.se[0] == pytest.approx(mean / math.sqrt(n), rel=0.02)
    assert drawn.bias[0] == pytest.approx(0, abs=4 * mean / math.sqrt(n * 20_000))


def test_bca_uses_efrons_acceleration():
    """Of the mean of a sample: a sixth of its skewness over the root of n (Efron 1987, section 6)."""
    from scipy import special

    fit = mle.fit(AIR_CONDITIONING, "exponential")
    drawn = fit.bootstrap(n=2_000, kind="nonparametric", rng=SEED)
    x = np.array(AIR_CONDITIONING) - np.mean(AIR_CONDITIONING)
    acceleration = np.sum(x**3) / (6 * np.sum(x**2) ** 1.5)
    replicates = np.sort(drawn.replicates[:, 0])
    ties = np.mean(replicates == fit.params["scale"])
    shift = special.ndtri(np.mean(replicates < fit.params["scale"]) + 0.5 * ties)
    ends = shift + special.ndtri(np.array([0.025, 0.975]))
    levels = special.ndtr(shift + ends / (1 - acceleration * ends))
    expected = np.quantile(replicates, levels, method="weibull")
    np.testing.assert_allclose(drawn.interval("scale"), expected, rtol=1e-3)


@pytest.mark.parametrize(
    ("data", "family", "name", "theory"),
    [
        # A sixth of the skewness of the score: 2 / (6 sqrt(n)) and 1 / (6 sqrt(n mu)).
        ([1.1, 0.4, 2.7, 1.9, 0.8], "exponential", "scale", 1 / (3 * math.sqrt(5))),
        (mle.Sample.table([0, 1, 2, 3, 4], [109, 65, 22, 3, 1]), "poisson", "mu", 1 / (6 * math.sqrt(122))),
    ],
)
def test_the_acceleration_of_parametric_replicates_is_that_of_the_law(data, family, name, theory):
    drawn = mle.fit(data, family).bootstrap(n=100, rng=1)
    place = drawn.names.index(name)
    assert drawn._acceleration(drawn._influence[:, place]) == pytest.approx(theory, rel=0.05)


def test_parametric_bca_comes_close_to_the_exact_interval():
    """Of five exponential times, by the chi-squared law of their sum; Wald's begins at 0.36 and ends at 2.4."""
    from scipy import stats

    x = [1.1, 0.4, 2.7, 1.9, 0.8]
    exact = 2 * np.sum(x) / stats.chi2(10).ppf([0.95, 0.05])
    drawn = mle.fit(x, "exponential").bootstrap(n=10_000, rng=SEED)
    np.testing.assert_allclose(drawn.interval("scale", alpha=0.1), exact, rtol=0.03)


def test_an_interval_of_a_function_is_that_of_the_parameter_it_is():
    fit = FORMS["gamma"]()
    drawn = fit.bootstrap(n=300, rng=SEED)
    derived = drawn.derive(lambda law: law.params["shape"])
    assert derived.se == pytest.approx(drawn.se[0], rel=1e-12)
    np.testing.assert_allclose(derived.interval, drawn.interval("shape"), rtol=1e-6)


def test_percentile_and_bca_intervals_follow_a_change_of_parameter():
    drawn = FORMS["gamma"]().bootstrap(n=399, rng=SEED)
    for method in ("percentile", "bca"):
        log = drawn.derive(lambda law: math.log(law.params["shape"]), method=method).interval
        np.testing.assert_allclose(np.exp(log), drawn.interval("shape", method=method), rtol=2e-3)


def test_ends_of_supports_have_basic_intervals():
    fit = mle.fit(draw("pareto", 200, alpha=3.0, xm=2.0), "pareto")
    drawn = fit.bootstrap(n=400, rng=SEED)
    with pytest.raises(ParameterError, match="xm has no BCa interval"):
        drawn.interval("xm", method="bca")
    low, high = drawn.interval("xm")
    assert (low, high) == drawn.interval("xm", method="basic")
    assert low < 2.0 < high <= fit.params["xm"]


def test_replicates_without_a_maximum_are_counted_and_said():
    """Of three observations a ninth of the resamples are one value, for which a normal law has no maximum."""
    drawn = mle.fit([1.0, 2.0, 4.0], "normal").bootstrap(n=900, kind="nonparametric", rng=SEED)
    assert drawn.n_failed == pytest.approx(100, abs=4 * math.sqrt(900 * 8 / 81))
    assert np.count_nonzero(np.isnan(drawn.replicates[:, 0])) == drawn.n_failed
    assert f"{drawn.n_failed} of 900 replicates have no certified maximum" in repr(drawn)
    assert np.all(np.isfinite(drawn.se))


def test_replicates_at_a_boundary_are_counted_and_said():
    """Half of the samples of a normal law have no finite degrees of freedom."""
    with pytest.warns(mle.FitWarning, match="boundary"):
        fit = mle.fit(np.sort(draw("normal", 60, mu=0.0, sigma=1.0))[3:-3], "student_t")
    drawn = fit.bootstrap(n=60, rng=SEED)
    assert np.count_nonzero(np.isinf(drawn.replicates[:, 0])) == drawn.n_boundary > 10
    assert f"{drawn.n_boundary} of 60 replicates ended at the boundary" in repr(drawn)
    assert math.isnan(drawn.se[0])
    assert np.all(drawn.se[1:] > 0)
    assert drawn.derive(lambda law: float(law.ppf(0.9))).se == pytest.approx(1.0 / math.sqrt(60), rel=1.0)


def test_simulated_data_are_observed_as_the_data_were():
    rng = np.random.default_rng(SEED)
    _, binned = drawn_by(FORMS["binned"]()).draw(rng)
    edges = {0.0, 1.0, 2.0, 4.0, 6.0, 20.0, math.inf, -math.inf}
    assert set(binned.lower) | set(binned.upper) <= edges
    assert binned.nobs == 110
    _, rounded = drawn_by(FORMS["rounded"]()).draw(rng)
    np.testing.assert_allclose(rounded.upper - rounded.lower, 1.0)
    np.testing.assert_allclose(rounded.upper % 1.0, 0.5)
    fit = FORMS["truncated"]()
    _, truncated = drawn_by(fit).draw(rng)
    assert truncated.lower.min() > 1.0
    assert truncated.has_one_window
    assert truncated.nobs == fit.nobs


def test_delayed_entry_keeps_each_window():
    rng = np.random.default_rng(SEED)
    entry, time, limit = rng.uniform(0, 5, 300), 10 * rng.weibull(1.5, 300), rng.uniform(3, 20, 300)
    exit_ = np.minimum(time, limit)
    seen = exit_ > entry
    sample = mle.Sample.right_censored(exit_[seen], (time <= limit)[seen]).truncated(lower=entry[seen])
    fit = mle.fit(sample, "weibull")
    _, drawn = drawn_by(fit).draw(rng)
    np.testing.assert_array_equal(drawn.window[0], sample.window[0])
    assert np.all(drawn.lower >= drawn.window[0])
    assert np.mean(drawn.lower == drawn.upper) == pytest.approx(np.mean(sample.lower == sample.upper), abs=0.12)
    np.testing.assert_allclose(fit.bootstrap(n=100, rng=SEED).se, list(fit.bse.values()), rtol=0.35)


def test_censored_rows_keep_their_censoring_times():
    """Type I: one limit for all, which the replicates have too."""
    time = draw("exponential", 100, scale=2.0)
    sample = mle.Sample.right_censored(np.minimum(time, 3.0), time <= 3.0)
    _, drawn = drawn_by(mle.fit(sample, "exponential")).draw(np.random.default_rng(1))
    event = drawn.lower == drawn.upper
    assert np.all(drawn.lower[event] <= 3.0)
    assert np.all(drawn.lower[~event] == 3.0)


def test_counts_at_their_lower_limit_are_censored():
    """A left-censored count is at most its limit, which one that was seen exceeds; so too in the replicates."""
    rng = np.random.default_rng(SEED)
    count, limit = rng.poisson(3.0, 2_000).astype(float), rng.integers(0, 5, 2_000).astype(float)
    seen = count > limit
    fit = mle.fit(mle.Sample.left_censored(np.maximum(count, limit), seen), "poisson")
    for one_limit in (False, True):
        if one_limit:
            fit = mle.fit(mle.Sample.left_censored(np.maximum(count, 2.0), count > 2), "poisson")
        replicator = drawn_by(fit)
        drawn = [replicator.draw(rng)[1] for _ in range(20)]
        for value in np.arange(6.0):
            again = np.mean([np.average((s.lower == value) & (s.upper == value), weights=s.weight) for s in drawn])
            fresh = stats.poisson.pmf(value, fit.params["mu"]) * (value > 2 if one_limit else min(value, 5.0) / 5)
            assert again == pytest.approx(fresh, abs=0.02)
            if fresh == 0:
                assert again == 0
        estimates = fit.bootstrap(n=200, rng=SEED).replicates[:, 0]
        assert np.mean(estimates) == pytest.approx(fit.params["mu"], abs=4 * fit.bse["mu"] / math.sqrt(200))


def test_a_collapse_of_the_censoring_law_leaves_later_rows_what_is_known_of_it():
    """At 0.5 the only one at risk is censored: what is known of censoring comes from the other half that is, near 9."""
    rng = np.random.default_rng(SEED)
    time = np.concatenate([[0.5], rng.uniform(1.0, 2.0, 50), rng.uniform(8.9, 9.0, 50)])
    event = np.concatenate([[0], np.ones(50), np.zeros(50)])
    entry = np.concatenate([[0.1], np.full(100, 0.6)])
    sample = mle.Sample.right_censored(time, event).truncated(lower=entry)
    replicator = drawn_by(mle.fit(sample, "exponential"))
    lower, upper = replicator._observation(np.full(101, 8.95), rng)
    seen = (lower == upper)[1:51]  # of the rows that were, half will not be censored before 8.95
    assert 15 <= np.count_nonzero(seen) <= 35


def test_per_row_constants_stay_with_their_rows():
    n = np.array([5, 10, 20, 40] * 25)
    x = np.random.default_rng(SEED).binomial(n, 0.3)
    fit = mle.fit(x, mle.get_family("binomial", n=n))
    for kind in ("parametric", "nonparametric"):
        assert fit.bootstrap(n=200, kind=kind, rng=SEED).se[0] == pytest.approx(fit.bse["p"], rel=0.2)


def test_vectors_are_resampled_by_rows():
    x = np.random.default_rng(SEED).multivariate_normal([0.0, 1.0], [[1.0, 0.5], [0.5, 2.0]], 150)
    fit = mle.fit(x, "multivariate_normal")
    for kind in ("parametric", "nonparametric"):
        drawn = fit.bootstrap(n=100, kind=kind, rng=SEED)
        np.testing.assert_allclose(drawn.se[:2], np.ravel(fit.bse["mean"]), rtol=0.25)


def test_a_form_without_a_mechanism_is_refused():
    sample = mle.Sample.intervals([0.0, 1.0, 2.5, 3.0, -np.inf], [2.0, 3.0, 2.5, np.inf, 2.0])
    fit = mle.fit(sample, "exponential")
    with pytest.raises(ParameterError, match=r'bootstrap\(kind="nonparametric"\)'):
        fit.bootstrap(n=10)
    assert fit.bootstrap(n=10, kind="nonparametric", rng=1).n == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 1}, "n: .* 2"),
        ({"kind": "wild"}, "unknown kind of bootstrap"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        FORMS["gamma"]().bootstrap(**options)


def test_frequencies_that_are_not_numbers_of_observations_are_refused():
    fit = mle.fit([1.0, 2.0, 3.0], "gamma", weights=[0.5, 1.0, 1.2])
    with pytest.raises(ParameterError, match="not whole numbers"):
        fit.bootstrap(n=10)


def test_the_doors_take_the_bootstrap():
    fit = FORMS["gamma"]()
    drawn = fit.bootstrap(n=200, rng=7)
    table = fit.conf_int(method="bootstrap", n=200, rng=7)
    assert tuple(table.loc["scale"]) == drawn.interval("scale")
    assert fit.quantile(0.9, method="bootstrap", n=200, rng=7) == drawn.derive(lambda law: float(law.ppf(0.9)))
    level = fit.return_level(100, method="bootstrap", n=200, rng=7)
    assert level.interval[0] < level.value < level.interval[1]
    assert level.method == "parametric bootstrap, bca"
    with pytest.raises(ParameterError, match="for method"):
        fit.conf_int(n=200)
    with pytest.raises(ParameterError, match="unknown interval method"):
        fit.conf_int(method="bayes")


def test_known_parameters_have_no_interval():
    table = FORMS["known"]().conf_int(method="bootstrap", n=50, rng=1)
    assert table.loc["shape"].isna().all()
    assert table.loc["scale"].notna().all()


def test_bounds_hold_for_replicates_too():
    fit = mle.fit(draw("gamma", 100, shape=2.0, scale=1.5), "gamma", bounds={"shape": (None, 2.1)})
    replicates = fit.bootstrap(n=40, rng=SEED).replicates
    assert replicates[:, 0].max() <= 2.1


def test_the_product_limit_is_that_of_kaplan_and_meier():
    """Remission of 6-MP patients (Gehan 1965); survival as in Cox & Oakes (1984), table 4.2 and many books."""
    time = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35.0])
    event = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], dtype=bool)
    limit = product_limit(time, event, np.ones(21), np.full(21, -np.inf))
    np.testing.assert_array_equal(limit.points, [6, 7, 10, 13, 16, 22, 23])
    np.testing.assert_allclose(limit.survival, [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], atol=5e-4)


def test_a_fit_at_a_limiting_law_has_intervals_but_no_bca_ones():
    fit = fit_quietly([3, 4, 3, 4, 3, 4, 5, 4, 3, 2], "negbin")
    assert fit.params["size"] == math.inf
    drawn = fit.bootstrap(n=50, rng=1)
    assert drawn.interval("mu") == drawn.interval("mu", method="basic")
    with pytest.raises(ParameterError, match="no BCa interval"):
        drawn.interval("mu", method="bca")


def test_replicates_of_a_seed_are_the_same_with_numba_and_without(monkeypatch):
    """Chunks, each of which has a seed, are of one size whether fits are compiled or not."""
    fit = mle.fit(mle.datasets.load("mites").sample(), "negbin")
    compiled = fit.bootstrap(40, rng=1).replicates
    monkeypatch.setattr("mle_toolkit.likelihood.kernels.groups.has_numba", lambda: False)
    np.testing.assert_allclose(fit.bootstrap(40, rng=1).replicates, compiled, rtol=1e-6)


def test_replicates_that_the_certificate_does_not_confirm_are_left_out(monkeypatch):
    fit = mle.fit(np.linspace(0.5, 3.0, 12), "gumbel")
    whole = Replicator(fit.maximum, fit.sample, "nonparametric")
    monkeypatch.setattr(Maximum, "is_certified", property(lambda maximum: maximum.theta[0] > fit.params["loc"]))
    draws = [(fit.family, fit.sample.reweighted(weight)) for weight in np.eye(12)[:4] * 3.0 + 1.0]
    refits = whole.fit_one_by_one(draws)
    assert set(refits.status.tolist()) == {FAILED}
    assert np.isnan(refits.theta).all()
    with pytest.raises(NoMaximumError, match="gumbel"):
        again(fit.maximum, draws[0][1])
