"""Constants given per row (trials, exposure) with every form of data: each row keeps its own."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

import mle_toolkit as mle
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.inference.scores import bootstrap_optimism
from mle_toolkit.likelihood.sums import Likelihood

SEED = 20_240_101


def forms(seed, size=60):
    """Trials and what is known of the successes: exact, at least, at most, or between; with weights."""
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 15, size)
    x = rng.binomial(n, rng.beta(3.0, 5.0, size)).astype(float)
    kind = rng.integers(0, 4, size)
    lower = np.choose(kind, [x, x - 1, np.full(size, -np.inf), x - 2])
    upper = np.choose(kind, [x, np.full(size, np.inf), x, x + 1])
    return n, lower, upper, rng.integers(1, 4, size).astype(float)


def loglik(law, lower, upper, weight, window=None):
    """By hand: a sum over the rows of logs of sums of SciPy's probabilities."""
    counts = np.arange(-1, 40)[:, None]
    p = law.pmf(counts)
    inside = np.where(lower == upper, counts == upper, (counts > lower) & (counts <= upper))
    value = np.log(np.sum(p * inside, axis=0))
    if window is not None:
        value -= np.log(np.sum(p * ((counts > window[0]) & (counts <= window[1])), axis=0))
    return float(np.sum(weight * value))


@given(seed=st.integers(0, 10_000), p=st.floats(0.05, 0.95))
@settings(max_examples=25)
def test_the_likelihood_is_the_sum_of_the_probabilities_of_each_row(seed, p):
    n, lower, upper, weight = forms(seed)
    low, high = np.where(np.arange(len(n)) % 2, -1.0, -np.inf), np.where(np.arange(len(n)) % 3, n, np.inf)
    data = mle.Sample.intervals(lower, upper, weight)
    for sample, window in ((data, None), (data.truncated(low, high), (low, high))):
        got = Likelihood(mle.get_family("binomial", n=n), sample)
        expected = loglik(stats.binom(n, p), lower, upper, weight, window)
        assert got.mean_loglik(np.array([p])) * got.nobs == pytest.approx(expected, rel=1e-11)
        assert np.sum(weight * got.rows(np.array([p]))) == pytest.approx(expected, rel=1e-11)


def test_the_maximum_is_that_of_the_likelihood_by_hand():
    n, lower, upper, weight = forms(SEED)
    fit = mle.fit(mle.Sample.intervals(lower, upper, weight), mle.get_family("binomial", n=n))

    def nll(p):
        return -loglik(stats.binom(n, p), lower, upper, weight)

    best = optimize.minimize_scalar(nll, bounds=(0.05, 0.95), method="bounded", options={"xatol": 1e-10})
    h = 1e-3
    slope = (nll(fit.params["p"] + h) - nll(fit.params["p"] - h)) / (2 * h)
    curvature = (nll(best.x + h) - 2 * nll(best.x) + nll(best.x - h)) / h**2
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(-best.fun, rel=1e-12)
    assert abs(fit.params["p"] - best.x) < 1e-6 / math.sqrt(curvature)
    assert abs(slope) / math.sqrt(curvature) < 1e-3  # up to the third derivative times the step squared
    assert fit.bse["p"] == pytest.approx(1 / math.sqrt(curvature), rel=1e-4)


def test_two_parameters_seen_through_a_window_per_row():
    n, lower, upper, weight = forms(SEED, 400)
    kept = upper > 0
    n, lower, upper, weight = n[kept], np.maximum(lower, 0.0)[kept], upper[kept], weight[kept]
    lower = np.where(upper == lower, upper, lower)
    low = np.where(np.arange(len(n)) % 2, 0.0, -np.inf)
    data = mle.Sample.intervals(lower, upper, weight).truncated(lower=low)
    fit = mle.fit(data, mle.get_family("betabinomial", n=n))

    def nll(log_params):
        return -loglik(stats.betabinom(n, *np.exp(log_params)), lower, upper, weight, (low, np.inf))

    best = optimize.minimize(nll, np.log([3.0, 5.0]), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11})
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(-best.fun, abs=1e-7)
    for value, log_best, se in zip(fit.params.values(), best.x, fit.bse.values(), strict=True):
        assert abs(value - math.exp(log_best)) < 1e-4 * se  # what a search by values alone can tell


@pytest.mark.parametrize("name", ["binomial", "betabinomial"])
def test_rows_in_another_order_with_their_constants_are_the_same_data(name):
    n, lower, upper, weight = forms(SEED)
    order = np.random.default_rng(1).permutation(len(n))
    low = np.where(n > 5, -1.0, -np.inf)
    fits = [
        mle.fit(
            mle.Sample.intervals(lower[k], upper[k], weight[k]).truncated(lower=low[k]),
            mle.get_family(name, n=n[k]),
        )
        for k in (np.arange(len(n)), order)
    ]
    assert fits[1].llf == pytest.approx(fits[0].llf, rel=1e-13)
    assert list(fits[1].params.values()) == pytest.approx(list(fits[0].params.values()), rel=1e-9)
    np.testing.assert_allclose(fits[1].logpdf_rows(), fits[0].logpdf_rows()[order], rtol=1e-9)


@pytest.mark.parametrize("name", ["binomial", "betabinomial"])
def test_equal_constants_are_one_constant(name):
    _, lower, upper, weight = forms(SEED)
    sample = mle.Sample.intervals(lower, upper, weight)
    each, one = (mle.fit(sample, mle.get_family(name, n=n)) for n in (np.full(len(lower), 15), 15))
    assert each.llf == pytest.approx(one.llf, rel=1e-12)
    assert list(each.params.values()) == pytest.approx(list(one.params.values()), rel=1e-8)
    assert list(each.bse.values()) == pytest.approx(list(one.bse.values()), rel=1e-5)


def test_rows_of_which_nothing_is_known_are_no_data():
    n, x = np.array([5, 9, 12, 7, 3, 8]), np.array([2.0, 3.0, 7.0, 4.0, 0.0, 2.0])
    known = mle.fit(x, mle.get_family("binomial", n=n))
    nothing = mle.Sample.intervals(np.append(x, -1.0), np.append(x, np.inf))
    both = mle.fit(nothing, mle.get_family("binomial", n=np.append(n, 30)))
    assert both.llf == pytest.approx(known.llf, rel=1e-13)
    assert both.params["p"] == pytest.approx(known.params["p"], rel=1e-9)


def test_weights_equal_repetition():
    n, lower, upper, weight = forms(SEED)
    rows = np.repeat(np.arange(len(n)), weight.astype(int))
    short = mle.fit(mle.Sample.intervals(lower, upper, weight), mle.get_family("binomial", n=n))
    long = mle.fit(mle.Sample.intervals(lower[rows], upper[rows]), mle.get_family("binomial", n=n[rows]))
    assert short.llf == pytest.approx(long.llf, rel=1e-13)
    assert short.params["p"] == pytest.approx(long.params["p"], rel=1e-10)
    assert short.bse["p"] == pytest.approx(long.bse["p"], rel=1e-8)


def test_rounding_by_one_is_the_count_itself():
    n = np.tile([5, 6, 8, 10], 10)
    x = np.random.default_rng(SEED).binomial(n, 0.4).astype(float)
    exact, rounded = (mle.fit(s, mle.get_family("binomial", n=n)) for s in (mle.Sample(x), mle.Sample.rounded(x, 1)))
    assert rounded.llf == pytest.approx(exact.llf, rel=1e-12)
    a, b = exact.information(), rounded.information()
    for name in ("entropy", "kl"):
        assert getattr(b, name).value == pytest.approx(getattr(a, name).value, rel=1e-9)
    assert b.g_df == a.g_df


def test_exposure_scales_a_continuous_law_and_a_law_without_a_formula():
    """Right-censored times whose scale is known per row are those of the law of the scaled times."""
    rng = np.random.default_rng(SEED)
    scale = rng.uniform(0.5, 3.0, 80)
    time = scale * rng.gamma(2.5, size=80)
    limit = 5.0
    seen = time <= limit
    time = np.minimum(time, limit)
    got = mle.fit(mle.Sample.right_censored(time, seen), mle.get_family(stats.gamma, scale=scale))
    want = mle.fit(mle.Sample.right_censored(time / scale, seen), mle.get_family(stats.gamma, scale=1))
    assert got.params["a"] == pytest.approx(want.params["a"], rel=1e-9)
    assert got.llf == pytest.approx(want.llf - np.sum(np.log(scale[seen])), rel=1e-12)
    assert got.information().kl is None


class Exposed(mle.Family):
    """Counts at a rate, each over a time of its own: with nothing but the log-density."""

    name = "exposed poisson"
    support = mle.COUNTS
    parameters = (mle.Parameter("rate", mle.POSITIVE),)
    constant_defaults = {"exposure": 1.0}  # noqa: RUF012

    def logpdf(self, x, rate):
        return stats.poisson.logpmf(x, rate * self.exposure)


def test_a_law_of_the_users_own_needs_no_distribution_function():
    exposure = np.tile([0.5, 1.0, 4.0], 12)
    x = np.random.default_rng(SEED).poisson(1.5 * exposure).astype(float)
    sample = mle.Sample.right_censored(np.minimum(x, 4.0), x <= 4)
    fit = mle.fit(sample, Exposed(exposure=exposure))

    def nll(rate):
        law = stats.poisson(rate * exposure)
        return -np.sum(np.where(x <= 4, law.logpmf(x), law.logsf(4)))

    best = optimize.minimize_scalar(nll, bounds=(0.5, 4.0), method="bounded", options={"xatol": 1e-9})
    assert fit.llf == pytest.approx(-best.fun, rel=1e-10)
    assert fit.params["rate"] == pytest.approx(best.x, rel=1e-6)
    np.testing.assert_allclose(fit.distribution.isf(0.01), stats.poisson(fit.params["rate"] * exposure).isf(0.01))


def test_an_interval_beyond_the_trials_is_refused():
    with pytest.raises(mle.MleError, match=r"1 of 2 observations exceed .* x\[1\] = \(4, inf\] of n\[1\] = 4"):
        mle.fit(mle.Sample.intervals([2, 4], [2, np.inf]), mle.get_family("binomial", n=np.array([6, 4])))


def test_what_is_drawn_again_keeps_its_constants():
    n, lower, upper, _ = forms(SEED)
    sample = mle.Sample.intervals(lower, upper)
    result = mle.compare(sample, [mle.get_family("binomial", n=n)])
    fit = result.best
    assert fit.bootstrap(60, kind="nonparametric", rng=SEED).se[0] == pytest.approx(fit.bse["p"], rel=0.5)
    without = np.arange(len(n)) != 3
    refit = mle.fit(sample.take(without), mle.get_family("binomial", n=n[without]))
    left_out = Likelihood(mle.get_family("binomial", n=n[3:4]), sample.take([3])).rows(np.array([refit.params["p"]]))
    assert result.leave_one_out().scores[3, 0] == pytest.approx(left_out[0], abs=2e-3)
    assert result.cross_validated(5, rng=SEED).mean()[0] == pytest.approx(-fit.cross_entropy, rel=0.2)


def test_censored_trials_are_simulated_row_by_row():
    n = np.tile([5, 6, 8, 10], 30)
    x = np.random.default_rng(SEED).binomial(n, 0.4).astype(float)
    fit = mle.fit(mle.Sample.right_censored(np.minimum(x, 4.0), x <= 4), mle.get_family("binomial", n=n))
    assert fit.bootstrap(100, rng=SEED).se[0] == pytest.approx(fit.bse["p"], rel=0.3)
    residuals = fit.residuals(rng=SEED)
    assert stats.kstest(residuals, "norm").pvalue > 0.01
    with pytest.raises(mle.MleError, match="look at the residuals"):
        fit.goodness_of_fit()
    with pytest.raises(mle.MleError, match="quantile: each row has a law of its own, by its n"):
        fit.quantile(0.5)


@pytest.mark.parametrize("censored", [False, True])
def test_a_replicate_at_the_limiting_law_scores_all_rows(censored):
    """The binomial of the rows that were drawn is not that of the rows that are scored."""
    n = np.tile([5, 6, 8, 10], 4)
    x = np.round(0.4 * n)
    sample = mle.Sample.right_censored(np.minimum(x, 3.0), x <= 3) if censored else mle.Sample(x)
    laws = [mle.get_family(name, n=n) for name in ("betabinomial", "binomial")]
    with pytest.warns(mle.FitWarning, match="boundary"):
        fits = [mle.fit(sample, law) for law in laws]
    found = [bootstrap_optimism(fit.at_maximum, sample, n=2, rng=SEED) for fit in fits]
    assert found[0].value == pytest.approx(found[1].value, abs=1e-4)


def test_tails_of_the_betabinomial_keep_their_digits():
    """SciPy's sf is 1 - cdf: at 39 of 40 it is wrong in every digit. References: mpmath, 40 digits."""
    law = mle.distribution("betabinomial", n=40, a=2.0, b=30.0)
    got = law.logsf([-1.0, 3.0, 25.0, 38.0, 40.0])
    np.testing.assert_allclose(got, [0, -1.3162633475941847, -17.508621632869286, -39.165187389540948, -np.inf], 1e-14)
    n = np.array([40, 7, 12])
    several = Distribution(mle.get_family("betabinomial", n=n), {"a": 2.0, "b": 3.0})
    np.testing.assert_allclose(several.cdf([3.5, 7.0, -0.5]), stats.betabinom(n, 2.0, 3.0).cdf([3.5, 7.0, -0.5]), 1e-13)


def test_a_grouped_sample_that_varies_less_than_the_binomial_is_at_the_limit():
    x = np.array([2, 3, 3, 4, 3, 2, 3, 4, 3, 3])
    with pytest.warns(mle.FitWarning, match="boundary"):
        fit = mle.fit(mle.Sample.rounded(x, 1), mle.get_family("betabinomial", n=8))
    assert fit.llf == pytest.approx(mle.fit(x, mle.get_family("binomial", n=8)).llf, rel=1e-12)


def test_rows_that_are_left_out_take_their_constants_along():
    """A weight of 0, and a missing observation, go with what is known of their row."""
    trials = np.array([5, 8, 3, 9, 4])
    y, weight = np.array([2.0, 5.0, 1.0, 4.0, 3.0]), np.array([1.0, 0.0, 2.0, 1.0, 1.0])
    law, kept = mle.get_family("binomial", n=trials), weight > 0
    expected = np.sum(weight * y) / np.sum(weight * trials)
    assert mle.fit(mle.Sample(y, weight), law).params["p"] == pytest.approx(expected, rel=1e-14)
    assert mle.fit(y, law, weights=weight).params["p"] == pytest.approx(expected, rel=1e-14)
    assert mle.fit(mle.Sample(y[kept], weight[kept]).with_known(n=trials[kept]), law.take(kept)).llf == pytest.approx(
        mle.fit(y, law, weights=weight).llf, rel=1e-14
    )
    missing = np.where(kept, y, np.nan)
    omitted = mle.fit(missing, law, nan_policy="omit")
    assert omitted.params["p"] == pytest.approx(y[kept].sum() / trials[kept].sum(), rel=1e-14)
    assert omitted.sample.known["n"].tolist() == trials[kept].tolist()


def test_a_column_of_another_length_is_refused():
    with pytest.raises(mle.errors.DataError, match="n: 4 values for 5 rows"):
        mle.Sample(np.ones(5)).with_known(n=np.ones(4))
    with pytest.raises(mle.errors.DataError, match="n: 1 of 2 are missing or infinite"):
        mle.Sample(np.ones(2)).with_known(n=[1.0, np.nan])


def test_a_beta_binomial_law_draws_from_the_trials_of_each_row():
    """The parametric bootstrap of a regression on them failed in SciPy, which draws from whole numbers only."""
    rng = np.random.default_rng(2)
    n = rng.integers(2, 12, 60)
    frame = {"x": rng.normal(size=60), "n": n, "y": rng.binomial(n, rng.beta(2, 2, 60))}
    fit = mle.regress("y ~ x", frame, "betabinomial", n="n")
    drawn = fit.distribution.rvs((3, 60), rng=1)
    assert np.all((drawn >= 0) & (drawn <= n))
    assert np.isfinite(fit.bootstrap(4, rng=1).se).any()
