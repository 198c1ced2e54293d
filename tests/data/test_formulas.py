"""Formulas: what is read, what is refused, and that designs are those of formulaic."""

from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from formulaic import Formula

from mle_toolkit.data.columns import Columns
from mle_toolkit.data.formulas import Design, of_array, of_formula
from mle_toolkit.errors import DataError, MleError, ParameterError


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.normal(size=40),
            "z z": rng.normal(size=40) + 5,
            "e.p": np.arange(40) % 7,
            "g": rng.choice(list("abcd"), size=40),
            "b": rng.random(40) > 0.5,
            "k": pd.Categorical(rng.choice(["u", "v"], size=40), categories=["v", "u", "w"]),
        }
    )


@pytest.mark.parametrize(
    "formula",
    [
        "x",
        "1",
        "x - 1",
        "0 + g",
        "x * C(g)",
        "g:x",
        "g / x",
        "g * b - 1",
        "(x + `z z`) ** 2",
        "x ^ 2",
        "0 + g:b",
        "g * x * b",
        'C(g, Treatment(reference="b"))',
        "C(g, contr.treatment('c')) + x",
        "log(x ** 2 + 1) + exp(x)",
        "log(`z z`)",
        "poly(x, 2) * g",
        "bs(x, df=5)",
        "bs(x, knots=[-0.5, 0.5], degree=2)",
        "cr(x, df=4, constraints='center')",
        "center(x) + scale(x) + standardize(x)",
    ],
)
def test_a_design_is_that_of_formulaic(frame, formula):
    design, matrix = of_formula(formula, frame)
    theirs = Formula(formula).get_model_matrix(frame, output="numpy")
    assert matrix == pytest.approx(np.asarray(theirs), abs=1e-13)
    assert design.names == tuple(name.replace("`", "") for name in theirs.model_spec.column_names)
    terms = {str(term).replace("`", ""): where for term, where in theirs.model_spec.term_slices.items()}
    assert list(design.terms.values()) == list(terms.values())
    assert np.array_equal(design.matrix(frame[5:9]), matrix[5:9])


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("x + foo(x)", r"foo\(...\) is not allowed"),
        ("x + offset(log(x))", r"offset\(...\) is no term.* give log\(x\) as the option offset"),
        ("x + {x}", "cannot read '{x}'"),
        ("__import__('os').system('true')", "not allowed"),
        ("log(__import__('os'))", "functions are"),
        ("log(x.__class__(1))", "functions are"),
        ("log([x for x in 'a'])", "only columns, numbers"),
        ("np.log(x)", r"np.log\(...\) is not allowed"),
        ("log(lambda: 1)", "only columns"),
        ("x | g", "cannot read"),
        ("x ~ g", "one ~"),
        (".", "cannot read"),
        ("2 * x", "a number in a formula is 0 or 1"),
        ("(x + g) ** 20", "a power is a whole number up to 9"),
        ("log(x", "not closed"),
        ("(x", "context"),
        ("x +", "misplaced"),
        ("C(g, Sum)", "Treatment"),
        ("poly(x, `z z`)", "expected a number"),
        ("poly(x, 10 ** 9)", "expected a number"),
        ("poly(x, 1000000000)", "degree"),
        ("log(C(g))", "stands alone"),
        ("x + poly(x, degree=2, nonsense=1)", "unknown option 'nonsense'"),
        ("0", "no term is left"),
        ("", "empty"),
        ("log(" * 300 + "x" + ")" * 300, "cannot read|too many"),
    ],
)
def test_what_is_not_allowed_is_named(frame, formula, said):
    with pytest.raises(ParameterError, match=said):
        of_formula(formula, frame)


def test_every_failure_is_one_of_ours(frame):
    """Pieces of formulas in any order are read, or refused in one sentence."""
    rng = np.random.default_rng(1)
    pieces = [
        "x",
        "g",
        "`z z`",
        "+",
        "-",
        ":",
        "*",
        "/",
        "**",
        "(",
        ")",
        "log(",
        "C(",
        "poly(",
        "1",
        "0",
        "2",
        ",",
        "'",
    ]
    for _ in range(300):
        formula = " ".join(rng.choice(pieces, size=rng.integers(1, 7)))
        with suppress(MleError):
            design, matrix = of_formula(formula, frame)
            assert matrix.shape == (40, len(design.names))


def test_names_with_dots_and_levels_in_order(frame):
    design, matrix = of_formula("k + e.p + I(1000 / (e.p + 273.2)) + I(x^2 + 1) + I(g == 'a') + C(e.p > 3)", frame)
    assert design.names[1:3] == ("k[T.u]", "e.p")
    assert design.levels["k"] == ("v", "u")
    assert design.base_levels == {"k": "v", "C(e.p > 3)": 0}
    assert matrix[:, 3] == pytest.approx(1000 / (frame["e.p"] + 273.2))
    assert matrix[:, 4] == pytest.approx(frame.x**2 + 1)
    assert matrix[:, 5].tolist() == (frame.g == "a").astype(float).tolist()


def test_whole_numbers_are_levels_without_a_point():
    design, _ = of_formula("C(year)", {"year": [2001.0, 2002.0, 2003.0, 2001.0]})
    assert design.names == ("Intercept", "C(year)[T.2002]", "C(year)[T.2003]")


def test_a_natural_spline_is_centred_so_that_an_intercept_may_stand_beside_it(frame):
    _, matrix = of_formula("cr(x, df=4)", frame)
    assert np.linalg.matrix_rank(matrix) == 5
    assert matrix[:, 1:].mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-13)


def test_a_spline_beyond_its_range_is_told(frame):
    design, _ = of_formula("bs(x, df=4)", frame)
    with pytest.raises(DataError, match=r"1 of 2 values lie outside .* the first is 99"):
        design.matrix({"x": [0.0, 99.0]})
    wide, _ = of_formula("bs(x, df=4, extrapolation='clip')", frame)
    assert np.isfinite(wide.matrix({"x": [99.0]})).all()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([1, 2, 3], "expected a frame"),
        (5, "expected a frame"),
        ({"x": [1.0], "y": [1.0, 2.0]}, "unequal length"),
        ({"x": 3.0}, "one value a row"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "more than one column: x"),
        ({"x": [object(), 1]}, "column 'x'"),
        ({"x": pd.to_datetime(["2020-01-01"])}, "column 'x'"),
    ],
)
def test_what_is_no_frame_is_told(data, said):
    with pytest.raises(DataError, match=said):
        of_formula("x", data)


@pytest.mark.parametrize("kind", ["pandas", "nullable", "polars", "pyarrow", "dict"])
def test_missing_values_are_found_in_every_frame(kind):
    numbers, texts = [1.0, None, 3.0], ["a", "b", None]
    if kind == "polars":
        data = pytest.importorskip("polars").DataFrame({"x": numbers, "g": texts})
    elif kind == "pyarrow":
        data = pytest.importorskip("pyarrow").table({"x": numbers, "g": texts})
    elif kind == "dict":
        data = {"x": numbers, "g": texts}
    else:
        data = pd.DataFrame({"x": numbers, "g": texts})
        data = data.convert_dtypes() if kind == "nullable" else data
    design, _ = of_formula("x + g", data, np.array([0]))
    matrix = design.matrix(data)
    assert np.isnan(matrix).any(axis=1).tolist() == [False, True, True]
    assert Columns(data).labels("g").distinct == ("a", "b")


def test_arrays_are_taken_as_they_are():
    design, matrix = of_array(np.arange(6).reshape(3, 2))
    assert (design.names, matrix.tolist()) == (("x0", "x1"), [[0, 1], [2, 3], [4, 5]])
    with pytest.raises(DataError, match="column 'g' holds labels"):
        of_array(pd.DataFrame({"x": [1.0], "g": ["a"]}))
    with pytest.raises(DataError, match="expected 2 columns"):
        Design(("a", "b"), {}).matrix(np.ones((3, 3)))
