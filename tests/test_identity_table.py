"""The table of identities: every row holds on real data, and a row that does not hold would be seen."""

import math
import subprocess
import sys
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from mle_toolkit.identities import all_hold, identity_table, table
from mle_toolkit.identities.statements import Identity, pairs


@pytest.fixture(scope="module")
def computed():
    return table.identities()


@pytest.mark.parametrize("section", table.SECTIONS)
def test_every_identity_holds(computed, section):
    rows = computed[section]
    assert rows
    assert [row for row in rows if not row.holds] == []


def test_the_table_shows_every_row(computed):
    text = StringIO()
    Console(file=text, width=160, markup=False, highlight=False).print(identity_table(computed))
    for rows in computed.values():
        for row in rows:
            assert row.statement in text.getvalue()
            assert f"{row.left:.7g}" in text.getvalue()
    total = sum(map(len, computed.values()))
    assert f"{total} of {total} hold" in text.getvalue()


@pytest.mark.parametrize(
    ("left", "right", "tolerance", "relation", "holds"),
    [
        (1.0, 1.0 + 1e-9, 1e-8, "=", True),
        (1.0, 1.0 + 1e-7, 1e-8, "=", False),
        (1.0, math.nan, 1e-8, "=", False),
        (math.inf, math.inf, 1e-8, "=", False),
        (2.0, 1.0, 1e-8, ">=", True),
        (1.0, 2.0, 1e-8, ">=", False),
        (1.0, 1.0, 0.0, ">=", True),
        (math.nan, 1.0, 1e-8, ">=", False),
        (1.0, 1.1, 1e-3, "!=", True),
        (1.0, 1.0, 1e-3, "!=", False),
        (math.nan, 1.0, 1e-3, "!=", False),
    ],
)
def test_a_row_that_does_not_hold_is_seen(left, right, tolerance, relation, holds):
    row = Identity(
        statement="left, right", data="numbers", left=left, right=right, tolerance=tolerance, relation=relation
    )
    assert row.holds is holds
    assert all_hold({"section": (row,)}) is holds


def test_of_many_pairs_the_worst_is_shown_if_it_is_too_far():
    row = pairs("pairs", "numbers", [1.0, 2.0, 3.0], np.array([1.0, 2.1, 3.2]), [1.0, 0.01, 1.0])
    assert (row.left, row.right, row.tolerance) == (2.0, 2.1, 0.01)
    assert not row.holds
    assert not pairs("pairs", "numbers", [1.0, math.nan], [1.0, 2.0], 1.0).holds


def test_of_pairs_that_agree_the_first_is_shown_whatever_rounding_does():
    for last in (2.0 + 1e-15, 2.0 - 1e-15):
        row = pairs("pairs", "numbers", [1.0, 2.0], [1.0, last], 1e-12)
        assert (row.left, row.right) == (1.0, 1.0)


def test_command_line_ends_with_1_if_one_fails(monkeypatch, capsys):
    broken = Identity(statement="0 = 1", data="none", left=0.0, right=1.0, tolerance=0.1)
    monkeypatch.setattr(table, "SECTIONS", {"Broken": lambda: iter([broken])})
    assert table.main() == 1
    out = capsys.readouterr().out
    assert "✗" in out
    assert "0 of 1 hold" in out


@pytest.mark.parametrize(
    "command", [["-m", "mle_toolkit.identities"], ["-m", "mle_toolkit.cli", "demo", "--identities"]]
)
def test_command_lines_print_the_table(command):
    done = subprocess.run([sys.executable, *command], capture_output=True, encoding="utf-8", check=True)
    assert done.stderr == ""
    assert "[n ∂²CE]⁻¹" in done.stdout  # brackets are no markup
    assert "✗" not in done.stdout
