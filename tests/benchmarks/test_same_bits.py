"""What is compared between two commits, and that a difference is seen."""

import importlib
import math
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def same_bits(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    return importlib.import_module("same_bits")


def test_fits_are_recorded_and_are_those_of_the_package(same_bits, capsys):
    import mle_toolkit as mle

    kept = same_bits.record(1, ["gamma"])
    assert {key.split(", ")[1] for key in kept} == {
        "exact", "weighted", "censored", "intervals", "truncated", "by blocks", "groups",
    }  # fmt: skip
    assert not [key for key, said in kept.items() if "error" in said]
    assert len(kept["gamma, groups"]["groups"]) > 4
    assert kept["gamma, exact, 0"]["params"] == kept["gamma, by blocks, 0"]["params"]
    fit = mle.fit(same_bits.drawn(mle.get_family("gamma"), np.random.default_rng([0, 5]), same_bits.ROWS), "gamma")
    assert kept["gamma, exact, 0"] == same_bits.said(lambda: fit)
    assert kept["gamma, exact, 0"]["llf"] == [fit.llf]
    assert same_bits.compare(kept, kept) == 0
    assert "7 fits at both: 7 same bits" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({"verdict": "interior", "llf": [-1.0], "bse": [math.nan]}, None),
        ({"verdict": "interior", "llf": [-1.0 - 1e-15], "bse": [math.nan]}, 1e-15),
        ({"verdict": "interior", "llf": [-2.0], "bse": [math.nan]}, 0.5),
        ({"verdict": "interior", "llf": [-1.0], "bse": [0.1]}, math.inf),
        ({"verdict": "boundary", "llf": [-1.0], "bse": [math.nan]}, math.inf),
        ({"error": "DataError"}, math.inf),
    ],
)
def test_every_difference_is_said(same_bits, there, expected):
    here = {"verdict": "interior", "llf": [-1.0], "bse": [math.nan]}
    found = same_bits.difference(there, here)
    assert found is None if expected is None else found[1] == pytest.approx(expected, rel=0.2)
