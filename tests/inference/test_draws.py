"""Rows drawn with replacement: each as often as the multinomial law says, and their sums compiled or not."""

from __future__ import annotations

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.inference import draws as module
from mle_toolkit.inference.draws import BLOCK, COMPILED_DRAWS, Draws

SEED = 20_261_122


def frequencies(draws: Draws) -> np.ndarray:
    """How often each row was drawn; shape (n_replicates, n_rows)."""
    n_rows = draws.within.shape[1]
    return np.stack([np.bincount(places, minlength=n_rows) for places in draws.places()])


@pytest.mark.parametrize("n_rows", [1, 2, 7, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 1_000])
def test_each_replicate_has_as_many_rows_as_the_sample(n_rows):
    draws = Draws.of(40, n_rows, np.random.default_rng(SEED))
    counts = frequencies(draws)
    assert counts.shape == (40, n_rows)
    np.testing.assert_array_equal(counts.sum(axis=1), n_rows)
    blocks = np.add.reduceat(counts, np.arange(0, n_rows, BLOCK), axis=1)
    np.testing.assert_array_equal(blocks, draws.counts)


@pytest.mark.parametrize("n_rows", [7, BLOCK, BLOCK + 1, 3 * BLOCK + 100])
def test_frequencies_are_multinomial(n_rows):
    """Every row, every block and every pair of rows comes as often as the multinomial law says."""
    from scipy import stats

    n_replicates = 4_000
    counts = frequencies(Draws.of(n_replicates, n_rows, np.random.default_rng(SEED)))
    by_row = counts.sum(axis=0)
    assert stats.chisquare(by_row).pvalue > 1e-3
    # Of a count, nearly a Poisson one of mean 1, the squared deviation has a variance of 3 or less.
    squares = np.mean((counts - 1.0) ** 2)
    assert squares == pytest.approx(1 - 1 / n_rows, abs=4 * np.sqrt(3 / (n_rows * n_replicates)))
    pairs = (counts[:, :-1] - 1.0) * (counts[:, 1:] - 1.0)
    assert np.mean(pairs) == pytest.approx(-1 / n_rows, abs=4 / np.sqrt(pairs.size))
    halves = counts[:, : n_rows // 2].sum(axis=1)
    share = (n_rows // 2) / n_rows
    law = stats.binom(n_rows, share)
    grid = np.unique(law.ppf([0.05, 0.2, 0.4, 0.6, 0.8, 0.95]))
    seen = np.mean(halves[:, None] <= grid, axis=0)
    np.testing.assert_allclose(seen, law.cdf(grid), atol=4 * 0.5 / np.sqrt(n_replicates))


def test_two_rows_are_drawn_as_two_coins_fall():
    counts = frequencies(Draws.of(20_000, 2, np.random.default_rng(SEED)))[:, 0]
    np.testing.assert_allclose(np.bincount(counts) / 20_000, [0.25, 0.5, 0.25], atol=4 * 0.5 / np.sqrt(20_000))


@pytest.mark.parametrize("n_rows", [300, COMPILED_DRAWS, COMPILED_DRAWS + 100])
def test_sums_are_those_of_the_rows(n_rows, monkeypatch):
    """Compiled or not, the sums are over the same rows."""
    rng = np.random.default_rng(SEED)
    columns = [rng.normal(size=n_rows), rng.gamma(2.0, size=n_rows)]
    draws = Draws.of(9, n_rows, rng)
    expected = [[np.sum(column[places]) for places in draws.places()] for column in columns]
    np.testing.assert_allclose(draws.sums(columns), expected, rtol=1e-12)
    monkeypatch.setattr(module, "has_numba", lambda: False)
    np.testing.assert_allclose(draws.sums(columns), expected, rtol=1e-12)


def test_the_smallest_is_that_of_the_rows():
    rng = np.random.default_rng(SEED)
    column = rng.normal(size=700)
    draws = Draws.of(200, 700, rng)
    np.testing.assert_array_equal(draws.smallest(column), column[draws.places()].min(axis=1))


@pytest.mark.parametrize("odd", [0, 150, 299])
def test_replicates_of_one_value_are_found(odd):
    """A row that differs is missing from 37 % of the replicates."""
    column = np.full(300, 5.0)
    column[odd] = 6.0
    draws = Draws.of(100, 300, np.random.default_rng(SEED))
    expected = (draws.places() != odd).all(axis=1)
    assert 0 < expected.sum() < 100
    np.testing.assert_array_equal(draws.constant(column), expected)


@pytest.mark.parametrize("family", ["gamma", "normal", "pareto"])
def test_replicates_are_the_same_with_and_without_compiled_sums(family, monkeypatch):
    x = np.random.default_rng(SEED).gamma(2.0, 1.5, size=COMPILED_DRAWS)
    fit = mle.fit(x, family)
    compiled = fit.bootstrap(20, "nonparametric", rng=SEED).replicates
    monkeypatch.setattr(module, "has_numba", lambda: False)
    np.testing.assert_allclose(fit.bootstrap(20, "nonparametric", rng=SEED).replicates, compiled, rtol=1e-10)


def test_resampled_standard_errors_are_those_of_the_rows():
    """Of the mean of exponential data the bootstrap knows the standard error: the deviation of the rows over root n."""
    x = np.random.default_rng(SEED).exponential(2.0, size=20_000)
    drawn = mle.fit(x, "exponential").bootstrap(2_000, "nonparametric", rng=SEED)
    assert drawn.se[0] == pytest.approx(np.std(x) / np.sqrt(len(x)), rel=4 / np.sqrt(2 * 2_000))
    assert abs(drawn.bias[0]) < 4 * drawn.se[0] / np.sqrt(2_000)
