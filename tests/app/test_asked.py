"""What the controls say becomes a form of data, or an error that names the control."""

import pytest

from mle_toolkit.app.asked import Asked
from mle_toolkit.app.controls import KINDS, controls, in_words_of_the_page, place_of
from mle_toolkit.data.form import Form
from mle_toolkit.data.reading import Reading
from mle_toolkit.errors import DataError, ParameterError, UnknownNameError

FILE = {"source": "/data/x.csv", "name": "x.csv"}


def test_only_the_controls_of_the_kind_have_a_say():
    said = FILE | {"kind": "time", "time": "t", "event": "died", "column": "left over", "edges": "1, 2"}
    assert Asked.of(said).form == Form(time="t", event="died")


def test_rows_and_file_are_told_with_their_types():
    said = FILE | {
        "kind": "rounded", "column": "x", "rounded_to": " 0.5 ", "weights": "w", "weight_kind": "reliability",
        "truncated_below": "2", "nan_policy": "omit", "decimal": ",", "na_values": "-9, unknown", "thousands": " ",
        "laws": " gamma ",
    }  # fmt: skip
    asked = Asked.of(said)
    assert asked.form == Form(column="x", rounded_to=0.5, weights="w", weight_kind="reliability", truncated_below=2.0)
    assert asked.reading == Reading(decimal=",", thousands=" ", na_values=("-9", "unknown"))
    assert (asked.nan_policy, asked.laws) == ("omit", "gamma")


def test_columns_of_vectors_keep_their_commas():
    asked = Asked.of(FILE | {"kind": "vector", "columns": ["a, b", "c"], "weights": "w"})
    assert asked.form == Form(columns=("a, b", "c"), weights="w")


def test_what_weights_are_is_not_said_without_weights():
    assert Asked.of(FILE | {"column": "x", "weight_kind": "reliability"}).form == Form(column="x")


@pytest.mark.parametrize(
    ("more", "place", "words"),
    [
        ({"kind": "time", "time": "t"}, "time", "“Times” needs “Event seen”"),
        ({"kind": "rounded", "column": "x", "rounded_to": "half"}, "rounded_to", "“Rounded to”: expected a number"),
        ({"kind": "bins", "counts": "n", "edges": "1, 2, x"}, "edges", "“Ends of the bins”: expected a number"),
        ({"kind": "limit", "column": "x"}, "observed", "“Seen”: say this first"),
        ({"kind": "rounded", "column": "x"}, "rounded_to", "“Rounded to”: say this first"),
        ({"kind": "vector", "columns": []}, "columns", "“Numbers of a vector”: say this first"),
        ({"column": "x", "weights": "w", "counts": "n"}, "weights", "“Weights” and “Counts” contradict"),
        ({"column": "x", "thousands": ",", "decimal": ","}, "thousands", "“Between thousands” and “Decimal sign”"),
    ],
)
def test_an_error_names_the_control_and_stands_beside_it(more, place, words):
    with pytest.raises(ParameterError) as caught:
        Asked.of(FILE | more)
    assert place_of(caught.value, "look", FILE | more) == place
    assert in_words_of_the_page(str(caught.value)).startswith(words)


@pytest.mark.parametrize(
    ("error", "verb", "place"),
    [
        (DataError("column 'loss': line 3 is 'abc', not a number"), "look", "column"),
        (DataError("column 'loss': line 3 is 'abc', not a number"), "regress", "formula"),
        (UnknownNameError("unknown family 'gama'"), "rank", "laws"),
        (DataError("2 of 9 observations are missing"), "rank", ""),
        (DataError("x.csv: empty"), "open", "source"),
    ],
)
def test_an_error_stands_beside_the_control_that_it_is_about(error, verb, place):
    assert place_of(error, verb, {"weights": "w", "column": "loss", "kind": "loss"}) == place


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("column 'dose' not found", "formula"),
        ("column 'x1' not found", "others"),
        ("unknown link 'squared'", "links"),
        ("unknown family 'gama'", "regress_law"),
        ("the design has no rank", "formula"),
    ],
)
def test_an_error_of_a_regression_stands_beside_the_text_that_it_quotes(words, place):
    said = {"formula": "y ~ dose", "law": "gama", "others": "shape ~ x1", "links": "mean = squared", "offset": ""}
    assert place_of(UnknownNameError(words), "regress", said) == place


def test_every_control_of_rows_is_a_part_of_the_form_or_of_reading():
    known = {*Form.__dataclass_fields__, *Reading.__dataclass_fields__, "nan_policy"}
    assert {control.name for control in controls()} <= known
    assert len({kind.name for kind in KINDS}) == len(KINDS)
