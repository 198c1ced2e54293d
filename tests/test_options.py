"""Options are checked in one way: what is right comes back in its type, all else is one error that says both."""

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mle_toolkit import options
from mle_toolkit.errors import ParameterError

WRONG = (
    None, "a", b"a", [], [1.0, 2.0], {}, math.nan, math.inf, 1j, np.complex128(1), 10**400, True, np.bool_(True),
    object(), np.array([0.3]), np.datetime64("2020-01-01"), Decimal("sNaN"), print,
)  # fmt: skip


@pytest.mark.parametrize("value", [0.25, np.float32(0.25), np.array(0.25), Decimal("0.25"), Fraction(1, 4)])
def test_numbers_of_every_kind_are_numbers(value):
    assert options.number(value, "p", above=0, below=1) == 0.25
    assert options.level(value) == 0.25


@pytest.mark.parametrize("value", WRONG, ids=lambda v: str(v)[:20])
def test_what_is_no_number_is_one_error_that_names_the_option(value):
    with pytest.raises(ParameterError, match=r"^size: expected a number above 0, got "):
        options.number(value, "size", above=0)
    with pytest.raises(ParameterError, match=r"^alpha: expected a number between 0 and 1, got "):
        options.probability(value, "alpha")
    with pytest.raises(ParameterError, match=r"^alpha"):
        options.level(value)
    with pytest.raises(ParameterError, match=r"^n: expected a whole number from 1 on, got "):
        options.whole(value, "n", at_least=1)


def test_whole_numbers():
    assert options.whole(np.int64(3), "n") == 3
    assert options.whole(3.0, "n") == 3
    assert options.whole(2**62 + 1, "n") == 2**62 + 1  # to the last digit
    with pytest.raises(ParameterError, match="from 0 to 10, got 11"):
        options.whole(11, "n", at_least=0, at_most=10)
    with pytest.raises(ParameterError, match=r"got 2\.5"):
        options.whole(2.5, "n")


def test_a_level_of_confidence_is_no_alpha():
    with pytest.raises(ParameterError, match=r"alpha is one minus the level: 0\.05 for intervals of 95 %; got 0\.95"):
        options.level(0.95)


def test_words_forgive_case_and_suggest():
    assert options.choice("nelder mead", "solver", ("Nelder-Mead", "BFGS")) == "Nelder-Mead"
    with pytest.raises(ParameterError, match="did you mean 'frequency'"):
        options.choice("freq", "weight_kind", ("frequency", "reliability"))
    with pytest.raises(ParameterError, match="unknown unit 3; choose nat, bit or dit"):
        options.choice(3, "unit", ("nat", "bit", "dit"))


def test_suggestions_know_parts_of_names():
    known = ("student_t", "multivariate_t", "normal", "lognormal", "weibull")
    assert options.suggested("Weibul", known) == ["weibull"]
    assert options.suggested("student", known)[0] == "student_t"
    assert options.suggested("x" * 100_000, known) == []


def test_processes_and_randomness():
    assert [options.workers(w) for w in (None, -1, 2, 2.0)] == [None, -1, 2, 2]
    for wrong in ("a", 0, -2, 1.5, [2], True):
        with pytest.raises(ParameterError, match="workers: expected None, -1"):
            options.workers(wrong)
    assert options.generator(1).integers(100) == np.random.default_rng(1).integers(100)
    for bad in ("a", -1, 1.5, True, object(), {}):
        with pytest.raises(ParameterError, match="rng: expected None"):
            options.generator(bad)


def test_values_by_name():
    assert options.by_name(None, "fixed", ("a",), "law", "...") == {}
    with pytest.raises(ParameterError, match="fixed: expected values by the name of a parameter"):
        options.by_name(3, "fixed", ("a",), "law", '{"a": 1}')
    with pytest.raises(ParameterError, match="fixed: law has no parameter 'shap'; did you mean 'shape'"):
        options.by_name({"shap": 1}, "fixed", ("shape", "scale"), "law", "...")


@pytest.mark.parametrize(
    "wrong", [3, None, "ab", (1,), (2, 1), (1, 1), ("a", 1), (math.nan, 1), (math.inf, None), {1: 2}]
)
def test_limits_are_two_numbers_in_order(wrong):
    with pytest.raises(ParameterError, match="bounds of shape"):
        options.pair(wrong, "bounds of shape")


def test_limits():
    assert options.pair((None, 2), "bounds") == (None, 2.0)
    assert options.pair([-math.inf, np.float64(3)], "bounds") == (None, 3.0)


def test_any_value_can_be_shown():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    assert options.shown(Broken()) == "a Broken"
    assert options.shown(10**400) == "a whole number of 1329 bits"
    assert len(options.shown(list(range(1000)))) == 60
    assert options.shown(np.float64(-1.5)) == "-1.5"


PLACES = ([1.0, None], np.ma.array([1.0, 7.0], mask=[False, True]), pd.array([1, pd.NA]), (Decimal(1), math.nan))


@pytest.mark.parametrize("value", PLACES, ids=lambda v: type(v).__name__)
def test_what_is_missing_among_places_is_nan(value):
    np.testing.assert_array_equal(options.places(value, "x"), [1.0, math.nan])


def test_places_keep_their_shape():
    assert options.places(True, "x").shape == ()
    assert options.places(np.ones((2, 3), dtype=int), "x").shape == (2, 3)
    assert options.places([], "x").shape == (0,)


NO_PLACES = (
    "a", b"1", ["1", "2"], [[1.0], [1.0, 2.0]], 1j, np.datetime64("2020-01-01"), 10**400, {1.0}, {"a": 1.0}, object(),
    print, [1.0, "a"],
)  # fmt: skip


@pytest.mark.parametrize("value", NO_PLACES, ids=lambda v: str(v)[:20])
def test_what_is_no_place_is_one_error(value):
    with pytest.raises(ParameterError, match=r"^x: expected a number, or an array of them, got "):
        options.places(value, "x")


def test_sizes_and_names_of_files():
    assert options.size(3.0) == 3
    assert options.size([2, 3]) == (2, 3)
    for wrong in (-1, 2.5, "a", (2, -1), {}, None, 10**400):
        with pytest.raises(ParameterError, match=r"^size: expected a whole number from 0"):
            options.size(wrong)
    assert options.file_name(Path("a.json")) == "a.json"
    for wrong in (1, "", b"a", None, [], "a\0b"):
        with pytest.raises(ParameterError, match=r"^path: expected the name of a file"):
            options.file_name(wrong)


def test_a_function_of_a_law_gives_one_number():
    assert options.of_law(lambda law: np.array([2.0]))("a law") == 2.0
    for wrong in ("a", [1.0, 2.0], 1j, None):
        with pytest.raises(ParameterError, match=r"^function: expected one that returns a number; it gave"):
            options.of_law(lambda _, value=wrong: value)("a law")
    with pytest.raises(ParameterError, match=r"^function: expected a function"):
        options.of_law("mean")
