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


def test_the_maximum_of_many_rows_is_not_at_a_limit_from_which_the_likelihood_rises():
    """It is 1.13 nats above the log-normal law with a threshold; of more than 20,000 rows it was not looked at."""
    x = stats.johnsonsu(-3.8, 0.5, 0.0004, 0.00096).rvs(25_000, random_state=2)
    fit = mle.fit(x, "johnson_su")
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(stats.johnsonsu(*fit.params.values()).logpdf(x).sum(), abs=1e-5)
    assert fit.llf > fit_quietly(x, "shifted(lognormal)").llf + 1


def test_a_limit_that_has_lost_its_digits_is_not_left_for_a_lower_maximum():
    """Far from 0 the exponential law above a threshold is inexact: a maximum 1.2 nats lower was certified."""
    rng = np.random.default_rng(18)
    x = rng.gamma(0.7, size=30)
    near = fit_quietly(x, "exgaussian")
    assert near.certificate.limit == "exponential above a threshold"
    with pytest.raises(InexactLikelihoodError, match="subtract a threshold"):
        mle.fit(1e12 + x, "exgaussian")


@pytest.mark.parametrize(("name", "limit"), [("burr12", "weibull"), ("lomax", "exponential")])
def test_a_maximum_a_millionth_of_a_nat_above_a_limit_of_two_parameters_is_one(name, limit):
    """Where k and the scale run off together. It was lost, or not identified; none can be above the saturated law."""
    law = mle.get_family(name)
    params = {"k": 30.0, "c": 1.4, "scale": 2.0} if name == "burr12" else {"shape": 30.0, "scale": 50.0}
    inside = mle.Distribution.at(law, tuple(params.values()))
    ends = np.r_[0.0, inside.ppf(np.array([0.02, 0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 0.97])), 1e4]
    shares = np.diff(inside.cdf(ends))
    at_limit = mle.fit(mle.Sample.intervals(ends[:-1], ends[1:], 200 * shares, "reliability"), limit)
    shares = 0.01 * shares + 0.99 * np.diff(at_limit.distribution.cdf(ends))
    sample = mle.Sample.intervals(ends[:-1], ends[1:], 200 * shares, "reliability")
    fit = fit_quietly(sample, law)
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(200 * np.sum(shares * np.log(shares)), abs=1e-8)
    assert fit.llf > mle.fit(sample, limit).llf + 1e-6


def test_a_maximum_above_a_limit_of_two_parameters_is_looked_for():
    """Cells of which a climb runs to Fréchet's law, 6.7e-6 nats below; the value by SciPy's law."""
    cells = np.array([0, 1, 2, 3, 5, 41])
    counts = np.array([131.0, 16, 5, 3, 2, 1])
    fit = fit_quietly(mle.Sample.intervals(cells, cells + 1.0, counts), "dagum")
    assert fit.certificate.verdict == "interior"
    k, c, scale = fit.params.values()
    law = stats.burr(c, k, scale=scale)
    assert fit.llf == pytest.approx(np.sum(counts * np.log(law.cdf(cells + 1.0) - law.cdf(cells))), abs=1e-8)
    assert fit.llf > mle.fit(mle.Sample.intervals(cells, cells + 1.0, counts), "frechet").llf + 5e-6
