"""The page of names by tradition says what `get_family` finds."""

import re
from pathlib import Path

import pytest

import mle_toolkit as mle
from mle_toolkit.families.registry import family_names

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "names.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| `(\w+)` \|(.*)\|$", PAGE, re.MULTILINE)


def test_the_tables_are_read():
    assert len(ROWS) > 60


@pytest.mark.parametrize(("name", "law", "said"), ROWS, ids=[f"{row[0]} is {row[1]}" for row in ROWS])
def test_a_name_finds_its_law_whose_parameters_are_named(name, law, said):
    assert name in family_names()
    family = mle.get_family(law, **({"n": 5} if law == "binomial" else {}))
    assert mle.get_family(name, **family.constants).name == family.name
    theirs = set(re.findall(r"= `(\w+)`", said))
    assert theirs <= {*family.param_names, *(law for _, law, _ in ROWS), "c"}
