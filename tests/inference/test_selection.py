"""The bootstrap of selection and fit together."""

import numpy as np
import pytest
from references import column
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.errors import ComparisonError, DataError, ParameterError

BEEF = column("groundbeef", "serving")


def test_frequencies_are_shares_of_the_resamples():
    found = mle.compare(BEEF, ["gamma", "weibull", "exponential"]).bootstrap(60, rng=1)
    assert sum(found.frequencies.values()) == pytest.approx(1.0)
    assert len(found.selected) == 60
    assert found.frequencies["exponential"] == 0.0
    assert next(iter(found.frequencies)) == "gamma"
    assert 0.5 < found.frequencies["gamma"] < 1.0  # the data do not tell it from the Weibull law
    assert found.interval is None
    assert "selected in 60 resamples: gamma" in str(found)


def test_the_same_seed_gives_the_same():
    result = mle.compare(BEEF, ["gamma", "weibull"])
    first, second = (result.bootstrap(60, lambda law: law.mean(), rng=5) for _ in range(2))
    assert first.selected == second.selected
    np.testing.assert_array_equal(first.values, second.values)


def test_of_one_model_it_is_the_ordinary_bootstrap():
    """The mean of an exponential law is the mean of the resample: its error is that of the sample mean."""
    found = mle.compare(BEEF, ["exponential"]).bootstrap(400, lambda law: law.mean(), rng=1)
    assert np.std(found.values) == pytest.approx(np.std(BEEF) / np.sqrt(254), rel=0.12)
    assert found.estimate == pytest.approx(np.mean(BEEF), rel=1e-9)
    low, high = found.interval
    assert low < np.mean(BEEF) < high


def test_selection_widens_an_interval_of_the_tail():
    """Of laws that fit alike but have different tails, the choice is most of what is not known."""
    x = stats.gamma(2.0).rvs(60, random_state=1)

    def quantile(law):
        return law.ppf(0.999)

    both = mle.compare(x, ["gamma", "lognormal"]).bootstrap(150, quantile, rng=1)
    one = mle.compare(x, ["gamma"]).bootstrap(150, quantile, rng=1)
    assert np.ptp(both.interval) > 1.2 * np.ptp(one.interval)
    assert "interval with selection" in str(both)


def test_tables_and_censored_data_are_resampled():
    table = mle.compare(mle.Sample.table([0, 1, 2, 3, 4], [109, 65, 22, 3, 1]), ["poisson", "geometric"])
    assert table.bootstrap(50, rng=1).frequencies["poisson"] > 0.9
    sample = mle.Sample.right_censored(np.minimum(BEEF, 100.0), BEEF <= 100)
    found = mle.compare(sample, ["gamma", "exponential"]).bootstrap(20, lambda law: law.mean(), rng=1)
    assert found.frequencies["gamma"] == 1.0


def test_options_are_checked():
    result = mle.compare(BEEF, ["gamma", "weibull"])
    with pytest.raises(ParameterError, match="alpha"):
        result.bootstrap(10, alpha=0.0)
    with pytest.raises(ParameterError, match="n: expected"):
        result.bootstrap(0)
    with pytest.raises(ComparisonError, match="not numbers of observations"):
        mle.compare(mle.Sample(BEEF, BEEF, "reliability"), ["gamma"]).bootstrap(10)
    with pytest.raises(ComparisonError, match="no family could be fitted"):
        mle.compare([-1.0, 0.5], ["gamma"]).bootstrap(10)


def test_rows_that_are_not_held_cannot_be_drawn(monkeypatch):
    result = mle.compare(BEEF, ["gamma", "weibull"])
    monkeypatch.setattr(mle.Sample, "in_memory", False)
    with pytest.raises(DataError, match="not held"):
        result.bootstrap(10)
