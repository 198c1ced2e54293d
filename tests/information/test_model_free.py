"""Entropy of a sample: exact for counts, an estimate with known bias and error for measurements."""

import math

import numpy as np
import pytest
from references import column
from scipy import special, stats

from mle_toolkit import Sample
from mle_toolkit.information.model_free import counts_entropy, rounding_step, spacing_entropy

LAWS = {
    "normal": stats.norm(),
    "exponential": stats.expon(),
    "lognormal": stats.lognorm(3.5),
    "gamma": stats.gamma(0.3),
    "t3": stats.t(3),
    "cauchy": stats.cauchy(),
    "uniform": stats.uniform(),
    "arcsine": stats.beta(0.5, 0.5),
}


@pytest.mark.parametrize("name", LAWS)
def test_spacings_are_nearly_unbiased_whatever_the_tails(name):
    """Mean of cross-entropy - entropy at the true law, which is 0: at most 0.02 nats at n = 100."""
    law, rng = LAWS[name], np.random.default_rng(20_240_101)
    gaps = []
    for _ in range(200):
        x = law.rvs(100, random_state=rng)
        gaps.append(-np.mean(law.logpdf(x)) - spacing_entropy(Sample(x)).estimate.value)
    assert abs(np.mean(gaps)) < 0.02
    assert np.std(gaps) < 0.04


def test_spacings_follow_the_formula():
    """Written out for seven observations, m = 2, on the scale of logs."""
    x = np.array([0.3, 2.0, 0.7, 5.0, 1.1, 9.0, 3.2])
    y = np.sort(np.log(x))
    total = 0.0
    for i in range(7):
        low, high = max(i - 2, 0), min(i + 2, 6)
        total += math.log(y[high] - y[low]) - special.psi(high - low)
    expected = total / 7 + special.psi(8) + np.mean(np.log(x))
    result = spacing_entropy(Sample(x))
    assert result.estimate.value == pytest.approx(expected, rel=1e-14)
    assert result.estimate.value == pytest.approx(-np.mean(result.log_density), rel=1e-14)
    assert result.estimate.se == pytest.approx(np.std(result.log_density) / np.sqrt(7), rel=1e-14)


@pytest.mark.parametrize("factor", [2.0**-700, 1e-6, 3.0, 1e9, 2.0**700])
def test_a_change_of_unit_adds_the_log_of_the_factor(factor):
    x = stats.gamma(0.5).rvs(200, random_state=1)
    before, after = (spacing_entropy(Sample(v)).estimate for v in (x, factor * x))
    assert after.value - before.value == pytest.approx(math.log(factor), abs=1e-12 * max(1.0, abs(math.log(factor))))
    assert after.se == pytest.approx(before.se, rel=1e-9)


@pytest.mark.parametrize(("shift", "factor"), [(-50.0, 1.0), (-0.01, 0.01), (-1e6, 1e3)])
def test_a_shift_of_data_of_both_signs_changes_nothing(shift, factor):
    x = stats.t(2).rvs(200, random_state=2)
    before, after = (spacing_entropy(Sample(v)).estimate for v in (x, shift + factor * x))
    rounding = 1e-12 * max(1.0, abs(shift) / factor)
    assert after.value - before.value == pytest.approx(math.log(factor), abs=rounding)


def test_data_far_from_zero_keep_their_digits():
    """Positive data at 1e6 with a spread of 1 differ from their logs' rounding, not from their entropy."""
    x = stats.norm(1e6, 1.0).rvs(500, random_state=3)
    near = spacing_entropy(Sample(x - 1e6)).estimate.value
    assert spacing_entropy(Sample(x)).estimate.value == pytest.approx(near, abs=0.02)


def test_order_does_not_matter_and_terms_stay_with_their_rows():
    x = stats.expon().rvs(100, random_state=4)
    order = np.random.default_rng(5).permutation(100)
    one, other = spacing_entropy(Sample(x)), spacing_entropy(Sample(x[order]))
    np.testing.assert_array_equal(one.log_density[order], other.log_density)


def test_frequency_weights_equal_repetition():
    x = stats.expon().rvs(300, random_state=6)
    counts = np.ones(300)
    counts[[10, 200]] = 2
    counts[7] = 0
    weighted, repeated = spacing_entropy(Sample(x, counts)), spacing_entropy(Sample(np.repeat(x, counts.astype(int))))
    assert weighted.estimate.value == pytest.approx(repeated.estimate.value, rel=1e-14)
    # A row carries the mean of its repeats, so that the error differs in the few rows that repeat.
    assert weighted.estimate.se == pytest.approx(repeated.estimate.se, rel=1e-3)


def test_reliability_weights_estimate_the_entropy_of_the_weighted_law():
    """Draws from a wide normal law, weighted to a narrow one."""
    wide, rng, found = stats.norm(0, 1.5), np.random.default_rng(7), []
    for _ in range(50):
        x = wide.rvs(500, random_state=rng)
        weights = 11.0 * np.exp(stats.norm.logpdf(x) - wide.logpdf(x))
        found.append(spacing_entropy(Sample(x, weights, "reliability")).estimate.value)
    assert np.mean(found) == pytest.approx(stats.norm.entropy(), abs=0.015)


def test_equal_reliability_weights_change_nothing():
    x = stats.expon().rvs(100, random_state=8)
    weighted = spacing_entropy(Sample(x, np.full(100, 0.3), "reliability"))
    plain = spacing_entropy(Sample(x))
    assert weighted.estimate.value == pytest.approx(plain.estimate.value, rel=1e-13)
    assert weighted.estimate.se == pytest.approx(plain.estimate.se, rel=1e-13)


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        ([1.0], "one observation"),
        ([2.0] * 30, "equal"),
        ([0.5] * 20 + list(np.linspace(-1, 1, 13)), "spacings vanish"),
        (np.round(stats.norm.rvs(size=200, random_state=1) / 0.5) * 0.5, "rounded to multiples of 0.5"),
        (column("faithful", "waiting"), "rounded to multiples of 1"),
        (np.repeat(stats.norm.rvs(size=40, random_state=1), 2), "no grid"),
    ],
)
def test_where_spacings_say_nothing_there_is_a_reason_and_no_number(x, reason):
    result = spacing_entropy(Sample(x))
    assert result.estimate is None
    assert reason in result.reason


def test_weights_that_are_not_counts_are_not_taken_for_counts():
    result = spacing_entropy(Sample([1.0, 2.0, 4.0], [0.5, 1.0, 1.5]))
    assert result.estimate is None
    assert "reliability" in result.reason


@pytest.mark.parametrize(("n", "step"), [(65, 0.05), (200, 0.02), (1000, 0.01)])
def test_the_error_from_rounding_is_what_it_says(n, step):
    """Rounding lowers the entropy by the error reported, on average."""
    rng, shifts, errors = np.random.default_rng(9), [], []
    for _ in range(60):
        x = rng.normal(size=n)
        rounded = spacing_entropy(Sample(np.round(x / step) * step)).estimate
        assert rounded.flags == ("ties",)
        shifts.append(spacing_entropy(Sample(x)).estimate.value - rounded.value)
        errors.append(rounded.error)
    assert np.mean(shifts) == pytest.approx(np.mean(errors), rel=0.4, abs=2e-4)


@pytest.mark.parametrize(
    ("x", "step"),
    [
        ([1.0, 3.0, 6.0], 1.0),
        ([0.1, 0.2, 0.3, 0.7], 0.1),
        (2.54 * np.arange(3, 40, 2), 5.08),
        (np.arange(1000) / 3 + 1e5, 1 / 3),
        (stats.norm.rvs(size=100, random_state=1), 0.0),
        ([4.0, 4.0], 0.0),
    ],
)
def test_the_step_of_rounded_data_is_found(x, step):
    assert rounding_step(np.sort(np.asarray(x))) == pytest.approx(step, rel=1e-6)


def test_counts_have_the_plug_in_entropy():
    """The counts of 'may' in the Federalist papers; plug-in value to 15 digits."""
    result = counts_entropy(Sample.table(range(7), [156, 63, 29, 8, 4, 1, 1]))
    assert result.estimate.value == pytest.approx(1.1079349093293398, abs=1e-15)


def test_counts_may_come_as_table_or_row_by_row():
    rows = np.random.default_rng(1).poisson(3.0, size=500).astype(float)
    values, counts = np.unique(rows, return_counts=True)
    one, other = counts_entropy(Sample(rows)), counts_entropy(Sample.table(values, counts))
    assert one.estimate.value == other.estimate.value
    assert one.estimate.se == pytest.approx(other.estimate.se, rel=1e-13)


def test_the_standard_error_of_the_plug_in_entropy_is_its_spread():
    shares, rng = np.array([0.5, 0.25, 0.15, 0.1]), np.random.default_rng(2)
    tables = rng.multinomial(400, shares, size=400)
    found = [counts_entropy(Sample.table(range(4), counts)).estimate for counts in tables]
    assert np.mean([e.se for e in found]) == pytest.approx(np.std([e.value for e in found]), rel=0.1)


def test_given_constants_per_row_the_entropy_is_conditional():
    x, trials = np.array([0.0, 1.0, 1.0, 2.0, 2.0, 2.0]), np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    result = counts_entropy(Sample(x), (trials,))
    inside = -(1 / 3) * math.log(1 / 3) - (2 / 3) * math.log(2 / 3)
    assert result.estimate.value == pytest.approx(0.5 * inside, rel=1e-14)
    assert result.cells.n_strata == 2


def test_too_many_cells_for_the_data_are_flagged():
    assert counts_entropy(Sample(np.arange(30.0))).estimate.flags == ("undersampled",)
