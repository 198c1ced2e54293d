"""A fit of long data makes no temporary of their size."""

import contextlib
import tracemalloc
import warnings

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.data import sample as samples
from mle_toolkit.errors import FitWarning, MleError
from mle_toolkit.likelihood import first_pass, kernels, sums
from mle_toolkit.likelihood.kernels import twin_of
from tests.strategies import LAWS, draw

N = 500_000
MOST_BYTES = 0.75 * 8 * N
"""Below one column of numbers; blocks and subsamples, whose length does not grow with the data, take half of one."""

UNIVARIATE = [law for law in LAWS if law.name != "categorical"]


@pytest.fixture(autouse=True)
def few_rows_are_held(monkeypatch):
    """Data from 100,000 rows on are treated as long ones are."""
    monkeypatch.setattr(samples, "HELD_ROWS", 100_000)
    monkeypatch.setattr(samples, "_SELECTING_ROWS", 20_000)


SORTING = pytest.mark.xfail(
    strict=True, reason="its maximum is found by trying every observation as the kink: they are sorted"
)
"""Of laws that hold a sorted column; they are fitted only if asked for."""


def by_law(laws):
    marked = [
        pytest.param(law, marks=SORTING if law.name in ("asymmetric_laplace", "triangular") else ()) for law in laws
    ]
    return pytest.mark.parametrize("law", marked, ids=lambda law: law.name)


def long_data(law):
    distribution, rng = draw(law, 4)
    return np.resize(np.asarray(distribution.rvs(20_011, rng), dtype=float), N)


def peak_of_fit(x, law, weights):
    """Most bytes held at a time by a fit with its standard errors and the verdict."""
    with warnings.catch_warnings(), contextlib.suppress(MleError):
        warnings.simplefilter("ignore", FitWarning)
        _ = mle.fit(x[:200], law).certificate  # so that what is imported at first use does not count
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FitWarning)
            fit = mle.fit(x, law, weights=weights)
        _, _ = fit.bse, fit.certificate
        return fit, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@by_law(UNIVARIATE)
def test_numpy_sums_hold_no_column(law, weighted, monkeypatch):
    for module in (sums, first_pass):
        monkeypatch.setattr(module, "COMPILED_ROWS", N + 1)
    monkeypatch.setattr(kernels, "COMPILED_ROWS", N + 1)
    weights = np.resize([1.0, 2.0, 1.0, 3.0, 1.0], N) if weighted else None
    fit, peak = peak_of_fit(long_data(law), law, weights)
    assert fit.nobs == (1.6 * N if weighted else N)
    assert peak < MOST_BYTES


@by_law([law for law in UNIVARIATE if twin_of(law) is not None])
def test_compiled_sums_hold_no_column(law):
    x = long_data(law)
    mle.fit(x[: kernels.COMPILED_ROWS], law)  # loads, and compiles, what it needs
    fit, peak = peak_of_fit(x, law, None)
    assert fit.at_maximum.likelihood.twin is not None
    assert peak < MOST_BYTES
