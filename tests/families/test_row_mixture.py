"""Mixtures by row: functions and derivatives with a law a row, against those of plain mixtures and of differences."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.families.combinators.row_mixture import by_row
from mle_toolkit.families.distribution import Distribution

CASES = {
    "one law": (mle.mixture("normal", 3), [0.3, -0.5, -1.0, 0.5, 2.0, 0.6, 1.0, 1.5]),
    "shared": (mle.mixture("gamma", 2, shared=("shape",)), [0.4, 0.8, 2.5, 3.0]),
    "two laws": (mle.mixture(["poisson", "negbin"]), [-0.2, 1.5, 2.0, 6.0]),
}
X = np.array([1.0, 2.0, 4.0, 0.0 + 3.0])


def rows_of(params):
    """Parameters that differ a little from row to row."""
    return [np.asarray(value) * (1 + 0.02 * np.arange(len(X))) for value in params]


@pytest.mark.parametrize("name", CASES)
def test_functions_of_rows_are_those_of_each_mixture(name):
    law, params = CASES[name]
    family, rows = by_row(law), rows_of(params)
    own = Distribution.at(family, tuple(rows))
    for k, x in enumerate(X):
        at = [float(value[k]) for value in rows]
        weights = np.exp([0.0, *at[: family.k - 1]])
        weights /= weights.sum()
        parts = [Distribution.at(c, p) for c, p in zip(family.components, family.split(at), strict=True)]
        for part in ("pdf", "cdf", "sf"):
            want = sum(w * getattr(one, part)(x) for w, one in zip(weights, parts, strict=True))
            assert getattr(own, part)(X)[k] == pytest.approx(want, rel=1e-12)
        mean = sum(w * one.mean() for w, one in zip(weights, parts, strict=True))
        assert own.mean()[k] == pytest.approx(mean, rel=1e-12)
        second = sum(w * (one.var() + one.mean() ** 2) for w, one in zip(weights, parts, strict=True))
        assert own.var()[k] == pytest.approx(second - mean**2, rel=1e-10)
    np.testing.assert_allclose(own.cdf(own.ppf(own.cdf(X))), own.cdf(X), rtol=1e-10)


@pytest.mark.parametrize("name", ["one law", "shared"])
def test_derivatives_are_those_of_differences(name):
    law, params = CASES[name]
    family, rows = by_row(law), rows_of(params)

    def difference(function, k, step=1e-5):
        up, down = ([v + s * step if j == k else v for j, v in enumerate(rows)] for s in (1, -1))
        return (np.array(function(X, *up)) - np.array(function(X, *down))) / (2 * step)

    count = len(rows)
    score = np.array(family.score(X, *rows))
    np.testing.assert_allclose(score, [difference(family.logpdf, k) for k in range(count)], rtol=1e-7, atol=1e-8)
    bends = np.array([difference(family.score, k) for k in range(count)])
    upper = np.triu_indices(count)
    np.testing.assert_allclose(np.array(family.hessian(X, *rows)), bends[upper], rtol=1e-6, atol=1e-7)


def test_components_are_drawn_by_their_weights():
    law, params = CASES["one law"]
    own = Distribution.at(by_row(law), tuple(params))
    x = own.rvs(20_000, rng=1)
    assert np.mean(x) == pytest.approx(own.mean(), abs=5 * np.sqrt(own.var() / 20_000))
