"""No log-likelihood above what any law can have, and none that is not that of its parameters."""

import fieldcases
import numpy as np
import pytest
from references import fit_quietly
from scipy import special, stats

import mle_toolkit as mle
from mle_toolkit.errors import InexactLikelihoodError, NoMaximumError
from mle_toolkit.likelihood.audit import complaint, is_extreme, saturated
from mle_toolkit.likelihood.sums import Likelihood


def highest(sample, **options):
    return saturated(sample, one_law=True, **options)


def test_the_bound_of_a_table_is_its_entropy():
    counts = np.array([26.0, 4.0])
    expected = -30 * stats.entropy(counts / 30)
    assert highest(mle.Sample.table([0, 1], counts)) == pytest.approx(expected, rel=1e-14)
    assert highest(mle.Sample(np.repeat([0.0, 1.0], [26, 4]))) == pytest.approx(expected, rel=1e-14)
    assert highest(mle.Sample.binned(counts, [0, 1, 2])) == pytest.approx(expected, rel=1e-14)


def test_the_bound_of_overlapping_intervals_is_that_of_the_best_cut():
    """Current status data: 4 and 6 on either side of 2 can have no more than 4 log 0.4 + 6 log 0.6."""
    sample = mle.Sample.intervals([-np.inf, 2.0, 1.0], [2.0, np.inf, 5.0], [4, 6, 5])
    assert highest(sample) == pytest.approx(4 * np.log(0.4) + 6 * np.log(0.6), rel=1e-14)
    assert highest(mle.Sample.intervals([0.0, 1.0], [5.0, 6.0])) == 0.0
    assert highest(mle.Sample.intervals([0.0, 2.0], [2.0, 2.0], [1, 1])) == 0.0


@pytest.mark.parametrize("period", [2 * np.pi, 360.0])
def test_arcs_on_either_side_of_a_turn_are_the_same(period):
    """Directions rounded to sixteenths of a turn, half of those about the back called -1/2 turn and half +1/2."""
    step = period / 16
    angles = np.array([-8.0, -7.0, 0.0, 8.0, 24.0]) * step
    sample = mle.Sample.rounded(angles, step)
    expected = 3 * np.log(3 / 5) + 2 * np.log(1 / 5)
    assert highest(sample, period=period) == pytest.approx(expected, rel=1e-14)
    assert highest(mle.Sample.rounded(angles, 3 * step), period=period) == 0.0
    law = mle.get_family("von_mises", period=period)
    same = mle.Sample.rounded(np.array([8.0, -7.0, 0.0, 8.0, 8.0]) * step, step)
    assert mle.fit(sample, law).llf == pytest.approx(mle.fit(same, law).llf, rel=1e-10)


@pytest.mark.parametrize("law", ["poisson", "negbin", "geometric", "zip"])
def test_no_fit_of_counts_is_above_it(law):
    for seed in range(5):
        sample = mle.Sample(stats.nbinom(2, 0.4).rvs(40, random_state=seed))
        assert fit_quietly(sample, law).llf <= highest(sample)


def test_rows_with_laws_of_their_own_have_the_bound_of_each():
    assert saturated(mle.Sample([0.0, 1.0]), one_law=False) == 0.0


class Overconfident(mle.Family):
    """A law of counts whose probabilities are all too large."""

    name = "overconfident"
    parameters = (mle.Parameter("mu", mle.POSITIVE),)
    support = mle.COUNTS

    def logpdf(self, x, mu):
        return stats.poisson.logpmf(x, mu) + 1.0


def test_a_log_likelihood_above_the_bound_is_no_fit():
    x = [0] * 26 + [1] * 4
    with pytest.raises(InexactLikelihoodError, match=r"above -11\.780234.*which no law can exceed") as caught:
        mle.fit(x, Overconfident())
    assert caught.value.certificate.verdict == "inexact"
    result = mle.compare(x, [Overconfident(), "poisson"])
    assert list(result.fits) == ["poisson"]
    assert "no law can exceed" in result.failures["overconfident"]
    assert not result.uncertified


class Underflowing(mle.Family):
    """An exponential law whose distribution function forgets half of the probability."""

    name = "underflowing"
    parameters = (mle.Parameter("scale", mle.POSITIVE, role="scale"),)
    support = mle.POSITIVE

    def logpdf(self, x, scale):
        return -x / scale - np.log(scale)

    def cdf(self, x, scale):
        return 1 - self.sf(x, scale)

    def sf(self, x, scale):
        return np.exp(-x / scale) * np.where(x > scale, 0.5, 1.0)


def test_probabilities_of_intervals_that_are_not_those_of_the_density_are_no_fit():
    sample = mle.Sample.rounded(stats.expon(scale=20).rvs(40, random_state=1), 1.0)
    with pytest.raises(InexactLikelihoodError, match=r"by the distribution function there, and .* by the density"):
        mle.fit(sample, Underflowing())


def test_a_log_likelihood_that_is_not_that_of_its_parameters_is_told():
    sample = mle.Sample.right_censored([1.0, 2.0, 5.0, 7.0], [1, 1, 1, 0])
    fit = mle.fit(sample, "weibull")
    at = fit.maximum
    judged = (at.family, at.likelihood, at.theta, at.theta_in_unit)
    assert complaint(*judged, at.loglik, searched=True) is None
    said = complaint(*judged, at.loglik + 1e-3, searched=True)
    assert f"{fit.llf + 1e-3:.10g} for the log-likelihood" in said
    assert f"{fit.llf:.10g}" in said
    assert "is nan" in complaint(*judged, np.nan, searched=True)


@pytest.mark.parametrize("family", ["gamma", "inverse_gamma", "inverse_gaussian", "nakagami"])
def test_what_rounding_moves_by_more_than_it_should_is_refused(family):
    """Unix seconds: with 40 digits the gamma law has -22765.1961431646, with 16 the terms cancel to -22765.245.

    A closed form sees it in its statistics, before there is a log-likelihood to audit.
    """
    seconds = fieldcases.columns("timestamps.csv")
    x = next(iter(seconds.values()))
    with pytest.raises(NoMaximumError, match=r"[Ss]ubtract a threshold"):
        mle.fit(x, family)
    assert mle.fit(x - 1.7e9 + 1e5, family).certificate.ok
    assert mle.fit(x, "normal").certificate.ok


def test_ordinary_parameters_are_not_extreme():
    assert not is_extreme(np.array([0.0, 1.0, -3.0, 1e5]))
    assert is_extreme(np.array([1.0, 1e7]))
    assert is_extreme(np.array([1e-7]))
    assert is_extreme(np.array([np.inf]))


def test_a_large_sample_is_recounted_in_part():
    x = stats.weibull_min(1.5).rvs(30_000, random_state=1)
    sample = mle.Sample.right_censored(np.minimum(x, 2.0), x < 2.0)
    likelihood = Likelihood(mle.get_family("weibull"), sample)
    fit = mle.fit(sample, "weibull")
    assert fit.certificate.verdict == "interior"
    assert likelihood.on_sketch().data.n_rows < 10_000


def test_ends_of_intervals_that_miss_each_other_by_rounding_are_no_interval():
    """Of values rounded to 0.3, the end of one cell and the beginning of the next differ in the last digit."""
    x = np.random.default_rng(4).gamma(2.0, 1.5, size=80)
    h = 0.3 + 1e-9
    middle = np.round(x / h) * h
    ends = np.unique(np.concatenate([middle - h / 2, middle + h / 2]))
    assert np.any(np.diff(ends) < 1e-12)
    for law in ("gamma", "nakagami", "lognormal", "weibull"):
        assert fit_quietly(mle.Sample.intervals(np.maximum(middle - h / 2, 0.0), middle + h / 2), law).certificate.ok


@pytest.mark.parametrize("seed", [2, 4, 5])
def test_a_cusp_at_an_observation_is_no_rounding(seed):
    """Returns with one in another unit: a step of loc by one number moves the log-likelihood by 0.06, and only down."""
    x = np.random.default_rng(seed).laplace(0, 0.01, 60)
    x[7] *= 1e4
    with pytest.warns(mle.FitWarning, match="good local maximum"):
        fit = mle.fit(x, "generalized_normal")

    def profile(loc, shape):
        scale = (shape * np.mean(np.abs(x - loc) ** shape)) ** (1 / shape)
        return 60 * (np.log(shape / (2 * scale)) - special.gammaln(1 / shape) - 1 / shape)

    shapes = np.geomspace(0.1, 3, 300)
    heights = np.array([[profile(loc, shape) for shape in shapes] for loc in x])
    inner = (heights[:, 1:-1] > heights[:, :-2]) & (heights[:, 1:-1] > heights[:, 2:])
    assert fit.params["loc"] in x
    assert fit.llf == pytest.approx(profile(fit.params["loc"], fit.params["shape"]), abs=1e-9)
    assert np.max(heights[:, 1:-1][inner]) <= fit.llf + 1e-9


def test_logs_of_data_that_are_large_against_their_spread_have_lost_their_digits():
    """By 50 digits the log-likelihood is -268.08328884 at 1e12; the logs of doubles gave -268.08421889, unsaid."""
    x = 1e12 + np.random.default_rng(1).normal(0, 1, 200)
    with pytest.raises(InexactLikelihoodError, match="subtract a threshold"):
        mle.fit(x, "lognormal")
    assert mle.fit(x, "normal").llf == pytest.approx(-268.0832888408, rel=1e-12)
    assert mle.fit(x - 1e12 + 1e6, "lognormal").certificate.ok
