"""The likelihood of points by the means of their statistics."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit import Sample
from mle_toolkit.likelihood.sums import Likelihood


@pytest.mark.parametrize(
    ("name", "at"), [("gamma", (2.0, 3.0)), ("exponential", (4.0,)), ("inverse_gaussian", (2.0, 5.0))]
)
def test_means_of_statistics_give_what_the_rows_give(name, at):
    """Log-density, score and second derivatives are means of those of the rows."""
    law, x = mle.get_family(name), np.array([1.0, 2.0, 2.0, 7.0, 3.0])
    likelihood = Likelihood(law, Sample(x))
    means, params = likelihood.by_means, likelihood.family.unpack(np.array(at))
    z = likelihood.unit.apply(x)
    logpdf, score, hessian = (f(z, *params) for f in (means.law.logpdf, means.law.score, means.law.hessian))
    assert means.loglik(params) == pytest.approx(np.mean(logpdf), rel=1e-12)
    assert means.score(params) == pytest.approx([np.mean(np.broadcast_to(s, 5)) for s in score], rel=1e-12)
    rows = [logpdf, *score, *hessian]
    assert means.expansion(0.5, params) == pytest.approx(
        [0.5 * np.mean(np.broadcast_to(r, 5)) for r in rows], rel=1e-12
    )


def test_rows_count_where_constants_differ_or_statistics_do_not_suffice():
    """A law with trials per row, one without sufficient statistics, and windows of a law with an end need the rows."""
    trials = np.array([3, 4, 5])
    assert Likelihood(mle.get_family("binomial", n=trials), Sample([1, 2, 2])).by_means is None
    assert Likelihood(mle.get_family("weibull"), Sample([1.0, 2.0])).by_means is None
    beyond = Sample([1.0, 2.0]).truncated(upper=3.0)
    assert Likelihood(mle.get_family("pareto"), beyond).by_means is None
    assert Likelihood(mle.get_family("gamma"), beyond).by_means is not None
    assert not Likelihood(mle.get_family("gamma"), beyond).on_means
