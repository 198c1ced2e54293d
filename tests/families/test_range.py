"""Data beyond where formulas hold: an answer or an error of ours, never one of Python's."""

import contextlib
import warnings

import pytest

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
