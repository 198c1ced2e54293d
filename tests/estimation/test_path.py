"""The path of an optimiser to a maximum."""

import itertools

import numpy as np
import pytest
from references import fit_quietly

import mle_toolkit as mle
from mle_toolkit.estimation.path import path_to

X = np.random.default_rng(3).gamma(2.0, 3.0, 80)


@pytest.mark.parametrize("name", ["gamma", "weibull", "normal", "gev", "lognormal", "student_t"])
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_it_falls_to_the_estimates(name, unit):
    fit = fit_quietly(unit * X, name)
    if fit.certificate.verdict != "interior":
        return
    path, begin = path_to(fit.maximum)
    assert begin
    values = [fit.loglike(dict(zip(fit.params, theta, strict=True))) for theta in path]
    assert len(path) >= 2
    assert values[0] < values[-1] - 0.4
    np.testing.assert_allclose(path[-1], list(fit.params.values()), rtol=1e-9)
    assert all(later >= earlier - 1e-9 * abs(earlier) for earlier, later in itertools.pairwise(values))


def test_a_formula_is_shown_from_some_way_off():
    path, begin = path_to(mle.fit(X, "exponential").maximum)
    assert "standard errors" in begin
    assert len(path) > 2
