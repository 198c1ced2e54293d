"""Least squares of nearly collinear columns keep all digits that longer doubles give them."""

from fractions import Fraction

import numpy as np
import pytest

import mle_toolkit as mle

LONGER = np.finfo(np.longdouble).eps < np.finfo(float).eps
X = np.array([[float(v**k) for k in range(6)] for v in range(21)])
NOISE = np.random.default_rng(1).integers(-20_000_000, 20_000_000, 21).astype(float)
Y = X.sum(axis=1) + NOISE


def exact(weights):
    """Weighted least squares in rational numbers."""
    design = [[Fraction(v) ** k for k in range(6)] for v in range(21)]
    rows = [
        [sum(w * row[a] * row[b] for w, row in zip(weights, design, strict=True)) for b in range(6)]
        + [sum(w * row[a] * Fraction(y) for w, row, y in zip(weights, design, Y, strict=True))]
        for a in range(6)
    ]
    for k in range(6):
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(6):
            if i != k:
                rows[i] = [a - rows[i][k] * b for a, b in zip(rows[i], rows[k], strict=True)]
    return np.array([float(row[6]) for row in rows])


@pytest.mark.skipif(not LONGER, reason="long doubles are doubles here")
@pytest.mark.parametrize("weights", [[1] * 21, [1, 2, 3] * 7], ids=["plain", "weighted"])
@pytest.mark.parametrize("offset", [None, 1e6 * np.cos(np.arange(21))], ids=["without", "offset"])
def test_coefficients_are_those_of_rational_numbers(weights, offset):
    y = Y if offset is None else Y + offset
    fit = mle.regress(y, X, "normal", weights=np.array(weights, dtype=float), offset=offset)
    assert fit.model.linear["mu"].frame.ndim == 2
    rtol = 1e-9 if offset is None else 1e-6  # the sum with an offset is rounded
    np.testing.assert_allclose(fit.params["mu"], exact(weights), rtol=rtol)


def test_other_laws_and_links_keep_their_maximum():
    y = np.exp(Y / 1e8)
    gamma, lognormal = mle.regress(y, X, "gamma"), mle.regress(y, X, "lognormal")
    for fit in (gamma, lognormal):
        term = fit.model.linear[fit.model.base.main_parameter]
        place = fit.model.places[fit.model.param_names.index(term.parameter)]
        assert np.array_equal(fit.params[term.parameter], term.to_data(fit._theta[place]))
