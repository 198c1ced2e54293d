"""Quantile residuals are standard normal, whatever the law and the form of the data."""

import numpy as np
import pytest
from scipy import special, stats

import mle_toolkit as mle
from mle_toolkit.errors import ParameterError
from mle_toolkit.inference.residuals import residuals

SEED = 20_240_602
N = 2_000

WEIBULL = mle.distribution("weibull", shape=1.5, scale=2.0)
NEGBIN = mle.distribution("negbin", size=2.0, mu=3.0)


def censored() -> mle.Sample:
    time = WEIBULL.rvs(N, rng=SEED)
    limit = np.random.default_rng(1).uniform(0.5, 5.0, N)
    return mle.Sample.right_censored(np.minimum(time, limit), time <= limit)


def truncated() -> mle.Sample:
    x = WEIBULL.rvs(4 * N, rng=SEED)
    return mle.Sample(x[(x > 1.0) & (x <= 3.0)]).truncated(1.0, 3.0)


FORMS = {
    "exact": (WEIBULL, lambda: mle.Sample(WEIBULL.rvs(N, rng=SEED))),
    "counts": (NEGBIN, lambda: mle.Sample(NEGBIN.rvs(N, rng=SEED))),
    "censored": (WEIBULL, censored),
    "rounded": (WEIBULL, lambda: mle.Sample.rounded(np.round(WEIBULL.rvs(N, rng=SEED), 1), 0.1)),
    "truncated": (WEIBULL, truncated),
}


@pytest.mark.parametrize("form", FORMS)
def test_residuals_of_the_law_itself_are_standard_normal(form):
    """Seeded; the chance of a p-value below 0.01 was one in a hundred for each form, and none has it."""
    law, sample = FORMS[form]
    assert stats.kstest(residuals(law, sample(), rng=7), "norm").pvalue > 0.01  # not the seed of the data


def test_exact_values_have_the_normal_quantile_of_their_probability():
    x = WEIBULL.rvs(50, rng=SEED)
    np.testing.assert_allclose(residuals(WEIBULL, mle.Sample(x)), special.ndtri(WEIBULL.cdf(x)), atol=1e-12)


def test_both_tails_keep_their_digits():
    """Far out, where a cdf is 1 to rounding, the residual of a normal law is still the standardised value."""
    law = mle.distribution("normal", mu=3.0, sigma=2.0)
    z = np.array([-30.0, -9.0, 0.5, 9.0, 30.0])
    np.testing.assert_allclose(residuals(law, mle.Sample(3.0 + 2.0 * z)), z, rtol=1e-12)


def test_randomised_residuals_stay_within_their_cells():
    counts = np.array([0.0, 1.0, 5.0])
    low, high = special.ndtri(NEGBIN.cdf(counts - 1)), special.ndtri(NEGBIN.cdf(counts))
    for seed in range(20):
        drawn = residuals(NEGBIN, mle.Sample(counts), rng=seed)
        assert np.all((low <= drawn) & (drawn <= high))
    assert not np.array_equal(
        residuals(NEGBIN, mle.Sample(counts), rng=1), residuals(NEGBIN, mle.Sample(counts), rng=2)
    )


def test_a_seed_gives_the_same_residuals():
    fit = mle.fit(mle.Sample.table([0, 1, 2, 3, 4], [109, 65, 22, 3, 1]), "poisson")
    np.testing.assert_array_equal(fit.residuals(rng=4), fit.residuals(rng=4))
    assert fit.residuals(rng=4).shape == (5,)


def test_residuals_from_the_mean_are_those_of_the_textbook():
    x = np.array([1.0, 2.0, 4.0])
    fit = mle.fit(x, "exponential")
    np.testing.assert_allclose(fit.residuals("response"), x - x.mean())
    np.testing.assert_allclose(fit.residuals("pearson"), (x - x.mean()) / x.mean())
    deviance = -2 * (np.log(x / x.mean()) - (x - x.mean()) / x.mean())
    np.testing.assert_allclose(fit.residuals("deviance"), np.sign(x - x.mean()) * np.sqrt(deviance))
    with pytest.raises(ParameterError, match="exact numbers"):
        mle.fit(mle.Sample.right_censored(x, [1, 1, 0]), "exponential").residuals("response")


def test_other_kinds_and_vectors_are_refused():
    fit = mle.fit([1.0, 2.0, 4.0], "gamma")
    with pytest.raises(ParameterError, match="unknown kind of residuals"):
        fit.residuals(kind="studentised")
    vectors = mle.fit(np.random.default_rng(1).normal(size=(20, 2)), "multivariate_normal")
    with pytest.raises(ParameterError, match="law of vectors"):
        vectors.residuals()
