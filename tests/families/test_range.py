"""Data beyond where formulas hold: an answer or an error of ours, never one of Python's."""

import contextlib
import warnings

import fieldcases
import numpy as np
import pytest
from mpmath import mp

import mle_toolkit as mle
from mle_toolkit import errors

LAWS = (
    "burr12",
    "discrete_uniform",
    "half_normal",
    "inverse_gaussian",
    "nakagami",
    "negbin",
    "pareto",
    "power",
    "rayleigh",
)
SAMPLES = {
    "huge": [1e300, 2e300, 3e300],
    "wide": [1e-200, 1.0, 1e200],
    "tiny": [1e-300, 2e-300, 5e-300],
    "tied": [3.0, 3.0, 3.0],
    "zeros": [0.0, 0.0, 1.0, 2.0],
}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", LAWS)
def test_no_exception_but_ours_leaves_a_fit(name, sample):
    with warnings.catch_warnings(), contextlib.suppress(errors.MleError):
        warnings.simplefilter("ignore")
        fit = mle.fit(SAMPLES[sample], name)
        assert fit.nobs == len(SAMPLES[sample])
        assert str(fit)
        assert len(fit.residuals(rng=1)) == len(SAMPLES[sample])


def test_an_integral_that_does_not_settle_is_an_error_of_ours():
    with pytest.raises(errors.MleError, match="does not settle"):
        mle.distribution("cauchy", loc=0.0, scale=1.0).expect(lambda x: x)


@pytest.mark.parametrize("name", ["gamma", "inverse_gamma", "inverse_gaussian", "nakagami"])
def test_times_far_from_their_origin_are_refused_with_what_to_do(name):
    """Unix seconds: the log-likelihood was off by 0.05, and with it the rank of the law."""
    times = next(iter(fieldcases.columns("timestamps.csv").values()))
    with pytest.raises(errors.DegenerateDataError, match="Subtract a threshold"):
        mle.fit(times, name)
    assert mle.fit(times - times.min() + 1.0, name).certificate.verdict == "interior"


def test_shapes_that_keep_their_digits_are_not_refused():
    """40 digits: the likelihood of the estimates, at a coefficient of variation of 1e-3."""
    x = 25.0 + 0.025 * np.random.default_rng(1).standard_normal(500)
    fit = mle.fit(x, "gamma")
    with mp.workdps(40):
        k, scale = (mp.mpf(value) for value in fit.params.values())
        terms = [(k - 1) * mp.log(v) - v / scale for v in x.tolist()]
        exact = float(mp.fsum(terms) - len(x) * (mp.loggamma(k) + k * mp.log(scale)))
    assert fit.llf == pytest.approx(exact, abs=1e-8 * len(x))


def test_a_start_beyond_the_numbers_does_not_end_a_search():
    """Four values over thirty powers of ten: a scale of one of the starts overflowed."""
    x = np.array([7e14, 1.25e41, 2.8e31, 3.7e9])
    with pytest.warns(mle.FitWarning, match="burr12 is pareto"):
        fit = mle.fit(x, "burr12")
    alpha = 4 / np.sum(np.log(x / x.min()))
    assert fit.llf == pytest.approx(4 * np.log(alpha) - 4 - np.sum(np.log(x)), rel=1e-12)
