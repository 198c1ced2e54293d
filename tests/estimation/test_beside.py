"""A limiting law is the maximum only where the likelihood does not rise from it into the family."""

import numpy as np
import pytest
from references import fit_quietly
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import InexactLikelihoodError
from mle_toolkit.estimation.beside import above_limit
from mle_toolkit.estimation.solve import maximise

INF = np.inf
ROWS = [
    (-INF, 0, 52), (-INF, 1, 75), (-INF, 2, 7), (-1, 0, 51), (0, 0, 54), (0, 1, 55),
    (0, INF, 68), (1, 1, 45), (1, 2, 4), (1, INF, 66), (2, 2, 6), (2, INF, 5), (-1, 1, 1),
]  # fmt: skip
"""Ends of intervals of counts, and how often each was seen."""


def own_loglik(rows, pi, size, mu):
    """Log-likelihood of hurdle negative binomial counts in intervals, by SciPy's probabilities."""
    counts = np.arange(0, 400)
    mass = stats.nbinom.pmf(counts, size, size / (size + mu))
    mass = np.where(counts == 0, pi, (1 - pi) * mass / (1 - mass[0]))
    inside = [(counts > low) & (counts <= high) if low < high else counts == low for low, high, _ in rows]
    return sum(w * np.log(mass[i].sum()) for i, (_, _, w) in zip(inside, rows, strict=True))


def test_the_maximum_is_not_at_a_limit_from_which_the_likelihood_rises():
    """A search that began at a large size ran to the Poisson law, 0.067 nats below."""
    lower, upper, weight = np.array(ROWS, dtype=float).T
    fit = fit_quietly(mle.Sample.intervals(lower, upper, weight), mle.hurdle("negbin"))
    assert fit.certificate.verdict == "interior"
    assert fit.params["size"] == pytest.approx(4.1065, abs=1e-3)
    assert fit.llf == pytest.approx(own_loglik(ROWS, *fit.params.values()), abs=1e-8)
    assert fit.llf > own_loglik(ROWS, 0.4089143, 1e9, 0.8752434) + 0.06


def test_a_limit_that_is_the_maximum_has_nothing_above_it():
    x = np.repeat([0.0, 1.0, 2.0, 3.0], [3, 9, 9, 2])  # varies less than Poisson counts
    found = maximise(mle.get_family("negbin"), mle.Sample(x))
    assert found.limit.family.name == "poisson"
    assert above_limit(found) is None


def test_a_limit_that_has_lost_its_digits_is_not_left_for_a_lower_maximum():
    """Far from 0 the exponential law above a threshold is inexact: a maximum 1.2 nats lower was certified."""
    rng = np.random.default_rng(18)
    x = rng.gamma(0.7, size=30)
    near = fit_quietly(x, "exgaussian")
    assert near.certificate.limit == "exponential above a threshold"
    with pytest.raises(InexactLikelihoodError, match="subtract a threshold"):
        mle.fit(1e12 + x, "exgaussian")
