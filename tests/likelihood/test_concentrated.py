"""Where a formula of the spread lets the law concentrate on rows that are fitted exactly: by a path of its own."""

import numpy as np
import pytest
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import UnboundedLikelihoodError


def test_two_rows_of_a_level_that_are_fitted_exactly_are_named():
    """Two coefficients fit the two rows of a level exactly: its spread has no least value."""
    rng = np.random.default_rng(1)
    z, level = rng.normal(size=12), np.array([1.0] * 2 + [0.0] * 10)
    x = 1.0 + 0.5 * z + rng.normal(size=12)
    design, spreads = np.column_stack([np.ones(12), z]), np.column_stack([np.ones(12), level])
    slope = (x[1] - x[0]) / (z[1] - z[0])
    line = x[0] + slope * (z - z[0])
    heights = [np.sum(stats.norm.logpdf(x, line, np.exp(np.where(level, -far, 1.0)))) for far in (2.0, 4.0, 6.0, 8.0)]
    assert np.all(np.diff(heights) > 3.9)  # by 2 x 2 nats for ever
    with pytest.warns(mle.FitWarning, match="rows 0, 1 exactly, where the formula of sigma"):
        fit = mle.regress(x, design, "normal", sigma=spreads)
    assert str(fit.certificate.verdict) == "local"


@pytest.mark.parametrize(("law", "other"), [("gamma", "shape"), ("lognormal", "sdlog"), ("weibull", "shape")])
def test_one_row_far_out_in_the_formula_of_the_spread_is_named(law, other):
    """The others widen less together than that one row narrows."""
    rng = np.random.default_rng(2)
    z = np.append(rng.uniform(0.0, 1.0, 9), 40.0)
    x = np.exp(rng.normal(size=10))
    one = np.ones(10)
    with pytest.raises(UnboundedLikelihoodError, match="row 9 exactly"):
        mle.regress(x, one[:, None], law, **{other: np.column_stack([one, z])})


def test_rows_in_a_window_may_widen_for_nothing():
    """One row far out only so much as the others are apart; in a window they lose nothing as they widen."""
    rng = np.random.default_rng(4)
    z, x = rng.normal(size=11), rng.uniform(0.0, 1.0, 11)
    z[10] = np.max(z[:10]) + 0.3
    one = np.ones((11, 1))
    spreads = np.column_stack([one, z])
    heights = []
    for far in (4.0, 8.0, 12.0):
        scale = np.exp(-far * (z - np.sort(z)[-2]) / 0.3)
        law = stats.norm(x[10], np.minimum(scale, 1e6))  # wider ones are uniform in the window to doubles
        heights.append(np.sum(law.logpdf(x) - np.log(law.cdf(1.0) - law.cdf(0.0))))
    # Whether there is a local maximum beside is another question.
    with pytest.raises((UnboundedLikelihoodError, mle.FitWarning), match="row 10 exactly"):
        mle.regress(mle.Sample(x).truncated(0.0, 1.0), one, "normal", sigma=spreads)


def test_two_events_of_a_level_among_censored_times_are_named():
    rng = np.random.default_rng(5)
    z, level = rng.normal(size=30), np.array([1.0] * 2 + [0.0] * 28)
    time, event = np.exp(0.3 * z + rng.normal(size=30)), np.arange(30) % 2 == 0
    event[:2] = True
    one = np.ones(30)
    with pytest.warns(mle.FitWarning, match="rows 0, 1 exactly"):
        fit = mle.regress(
            mle.Sample.right_censored(time, event), np.column_stack([one, z]), "lognormal",
            sdlog=np.column_stack([one, level]),
        )  # fmt: skip
    assert str(fit.certificate.verdict) == "local"


def test_many_rows_of_every_level_stay_regular():
    rng = np.random.default_rng(3)
    z, level = rng.normal(size=40), np.repeat([0.0, 1.0], 20)
    x = 1.0 + 0.5 * z + np.exp(0.3 * level) * rng.normal(size=40)
    fit = mle.regress(x, np.column_stack([np.ones(40), z]), "normal", sigma=np.column_stack([np.ones(40), level, z]))
    assert str(fit.certificate.verdict) == "interior"


def test_censored_rows_farther_out_need_only_be_on_their_side():
    """The law concentrates on row 9; of row 10, of which a lower end is seen, it has all its probability."""
    rng = np.random.default_rng(2)
    z = np.append(rng.uniform(0.0, 1.0, 9), [40.0, 60.0])
    x = rng.normal(size=11)
    x[10] = x[9] - 1.0
    event = np.arange(11) != 10
    heights = []
    for far in (4.0, 8.0, 12.0):
        law = stats.norm(x[9], np.exp(-far * (z - 1.0) / 39.0))
        heights.append(np.sum(np.where(event, law.logpdf(x), law.logsf(x))))
    assert np.all(np.diff(heights) > 2.0)
    one = np.ones(11)
    with pytest.raises((UnboundedLikelihoodError, mle.FitWarning), match="row 9 exactly"):
        mle.regress(mle.Sample.right_censored(x, event), one[:, None], "normal", sigma=np.column_stack([one, z]))


def test_a_censored_row_on_the_other_side_is_in_the_way():
    """As the law narrows about row 9, row 10 loses all its probability."""
    rng = np.random.default_rng(2)
    z = np.append(rng.uniform(0.0, 1.0, 9), [40.0, 60.0])
    x = rng.normal(size=11)
    x[10] = x[9] + 1.0
    event = np.arange(11) != 10
    one = np.ones(11)
    fit = mle.regress(mle.Sample.right_censored(x, event), one[:, None], "normal", sigma=np.column_stack([one, z]))
    assert fit.certificate.ok
    assert str(fit.certificate.verdict) == "interior"
