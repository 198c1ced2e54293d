"""Laws that no name finds again, as files hold them."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import MleError
from mle_toolkit.families.levels_apart import apart
from mle_toolkit.families.ordinal import Choice, Ordered
from mle_toolkit.report.law_record import family_from_dict, family_to_dict
from mle_toolkit.report.record import jsonable

LEVELS = ("low", "middle", "high")
WAY = (np.array([1.0, -0.5]), np.array([0.0]))
RECORDS = [
    (Ordered(LEVELS, "probit"), {"kind": "ordered", "levels": [*LEVELS], "link": "probit", "scaled": False}),
    (Choice(LEVELS, 1), {"kind": "choice", "levels": [*LEVELS], "reference": 1}),
    (
        apart(Choice(LEVELS), ("X", None), [WAY]),
        {
            "kind": "apart",
            "of": {"kind": "choice", "levels": [*LEVELS], "reference": 0},
            "keys": ["X", None],
            "ways": [[[1.0, -0.5], [0.0]]],
        },
    ),
    (
        mle.get_family("gamma", by="mean"),
        {"kind": "form", "by": "mean", "of": {"kind": "registered", "name": "gamma", "constants": {}}},
    ),
]


@pytest.mark.parametrize(("law", "record"), RECORDS, ids=lambda one: one["kind"] if isinstance(one, dict) else "")
def test_a_law_says_what_a_file_holds_and_is_made_again_of_it(law, record):
    """The record is what files of all versions have; a law made of it has the same class and record."""
    assert jsonable(family_to_dict(law)) == record
    again = family_from_dict(record)
    assert type(again) is type(law)
    assert jsonable(family_to_dict(again)) == record


@pytest.mark.parametrize(
    ("kind", "change", "problem"),
    [
        ("ordered", {"levels": ["one"]}, "two or more"),
        ("ordered", {"link": "odd"}, "unknown link"),
        ("choice", {"reference": 3}, "one of the 3 levels"),
        ("apart", {"keys": ["X"]}, "key of a design"),
        ("apart", {"ways": [[[1.0, -0.5]]]}, "list of numbers"),
        ("form", {"by": "median of all"}, "cannot be given by"),
        ("form", {"of": None}, "expected an object"),
    ],
)
def test_what_is_damaged_is_named_with_its_place(kind, change, problem):
    """No law is made of a record in which something is wrong."""
    record = next(record for _, record in RECORDS if record["kind"] == kind)
    with pytest.raises(MleError, match=problem) as caught:
        family_from_dict(record | change)
    assert "damaged: family" in str(caught.value)
