"""Reading of hypotheses and of terms."""

from __future__ import annotations

import numpy as np
import pytest

from mle_toolkit.errors import ParameterError
from mle_toolkit.inference.terms import factors_of, parsed

NAMES = ["mu[Intercept]", "mu[x]", "mu[x1]", "mu[x1:x]", "mu[C(g, levels=['a', 'b'])[T.b]]", "sigma[x]", "shape"]


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("x", {1: 1}, 0),
        ("x1 = x", {2: 1, 1: -1}, 0),
        ("x1:x = 2", {3: 1}, 2),
        ("2*x - x1/4 + 1 = 3 - x", {1: 3, 2: -0.25}, 2),
        ("sigma[x] = mu[x]", {5: 1, 1: -1}, 0),
        ("shape = 1e-3", {6: 1}, 1e-3),
        ("C(g, levels=['a', 'b'])[T.b] = -.5", {4: 1}, -0.5),
        ("-x1 = 0", {2: -1}, 0),
    ],
)
def test_a_hypothesis_is_a_row_and_a_value(text, row, value):
    matrix, values = parsed(text, NAMES, "mu")
    expected = np.zeros(len(NAMES))
    expected[list(row)] = list(row.values())
    np.testing.assert_allclose(matrix, [expected])
    np.testing.assert_allclose(values, [value])


def test_commas_part_hypotheses_and_not_names():
    matrix, values = parsed("C(g, levels=['a', 'b'])[T.b] = 1, x = 2", NAMES, "mu")
    assert matrix.shape == (2, len(NAMES))
    assert values.tolist() == [1, 2]


@pytest.mark.parametrize("text", ["", "y = 1", "x = = 1", "x x1 = 0", "x * x1 = 0", "3 = 3", "exp(x) = 1", "x = 1,"])
def test_what_is_no_linear_hypothesis_is_refused(text):
    with pytest.raises(ParameterError, match=r"^test: "):
        parsed(text, NAMES, "mu")


def test_factors_of_a_term_are_apart_outside_of_brackets():
    assert factors_of("C(g, levels=['a:b']):log(x)") == ["C(g, levels=['a:b'])", "log(x)"]
