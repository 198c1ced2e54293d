"""The code and the command beside a result give that result."""

import json
import shlex
import sys

import pytest

from mle_toolkit.app import recipes
from mle_toolkit.app.asked import Asked
from mle_toolkit.data.tables import read_sample

CSV = (
    "x;n;w;t;died;status;low;high;at;seen;years\n"
    "1,5;2;1;4,1;1;died;0;2;0,5;1;1\n"
    "2,25;1;2;2,2;0;alive;2;4;1;0;2\n"
    "0,75;3;0,5;9,5;1;died;;1;2;1;1,5\n"
    "3,5;1;1;7;0;alive;4;;1;1;1\n"
    "5,25;2;1;5;1;died;1;6;0;1;3\n"
)

FORMS = {
    "values": {"column": "x"},
    "weights": {"column": "x", "weights": "w", "weight_kind": "reliability"},
    "counts": {"column": "x", "counts": "n"},
    "events": {"kind": "time", "time": "t", "event": "died", "entry": "at"},
    "words": {"kind": "time", "time": "t", "event": "status", "event_value": "died", "weights": "w"},
    "detection": {"kind": "limit", "column": "x", "observed": "seen"},
    "intervals": {"kind": "interval", "lower": "low", "upper": "high", "counts": "n"},
    "rounded": {"kind": "rounded", "column": "x", "rounded_to": "0.25", "truncated_above": "10"},
    "bins": {"kind": "bins", "counts": "n", "edges": "0, 1, 2, 3, 4.5, 6"},
    "window": {"column": "x", "truncated_below": "0.5"},
    "rates": {"column": "n", "exposure": "years"},
}


@pytest.fixture
def file(tmp_path, monkeypatch):
    (tmp_path / "my data.csv").write_text(CSV, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return "my data.csv"


@pytest.mark.parametrize("name", FORMS)
def test_the_code_makes_the_same_sample(file, name):
    asked = Asked.of(FORMS[name] | {"source": file, "name": file, "decimal": ","})
    _, sample = read_sample(asked.source, asked.form, asked.nan_policy, reading=asked.reading)
    made: dict = {}
    exec(recipes.fitted_in_python(asked, "poisson" if name == "rates" else "exponential", in_blocks=False), made)
    assert made["fit"].sample.difference(sample) is None


@pytest.mark.parametrize("name", FORMS)
def test_the_command_gives_what_the_code_gives(file, name, monkeypatch, capsys):
    asked = Asked.of(FORMS[name] | {"source": file, "name": file, "decimal": ","})
    law = "poisson" if name == "rates" else "exponential"
    made: dict = {}
    exec(recipes.fitted_in_python(asked, law, in_blocks=False), made)
    capsys.readouterr()
    from mle_toolkit.cli import main

    monkeypatch.setattr(sys, "argv", shlex.split(recipes.shell("fit", asked, "-d", law, "--format", "json")))
    with pytest.raises(SystemExit):
        main()
    assert json.loads(capsys.readouterr().out)["llf"] == pytest.approx(made["fit"].llf, rel=1e-12)


def test_missing_values_are_left_out_in_the_code_too(file):
    with open(file, "a", encoding="utf-8") as stream:
        stream.write(";1;1;;1;died;1;2;0;1;1\n")
    for name in ("values", "detection", "events"):
        asked = Asked.of(FORMS[name] | {"source": file, "name": file, "decimal": ",", "nan_policy": "omit"})
        _, sample = read_sample(asked.source, asked.form, asked.nan_policy, reading=asked.reading)
        made: dict = {}
        exec("\n".join(recipes.sample_in_python(asked, in_blocks=False)), made)
        assert made["sample"].difference(sample) is None


def test_a_file_in_blocks_is_scanned(tmp_path):
    asked = Asked.of({"source": "big.csv", "name": "big.csv", "column": "x", "counts": "n", "nan_policy": "omit"})
    lines = recipes.sample_in_python(asked, in_blocks=True)
    assert lines[-1] == "sample = mle.scan('big.csv', 'x', weights='n', nan_policy='omit')"


def test_the_ranking_names_the_laws_that_were_named():
    asked = Asked.of({"source": "x.csv", "name": "x.csv", "column": "x", "laws": "gamma, mixture(normal, 2)"})
    assert recipes.ranked_in_shell(asked) == "mle compare x.csv --column x -d 'gamma, mixture(normal, 2)'"
    assert "mle.compare(sample, 'gamma, mixture(normal, 2)')" in recipes.ranked_in_python(asked, in_blocks=False)
