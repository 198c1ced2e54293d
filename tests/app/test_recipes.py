"""The code and the command beside a result give that result."""

import json
import re
import shlex
import sys

import pytest

import mle_toolkit as mle
from mle_toolkit.app import recipes
from mle_toolkit.app.asked import Asked
from mle_toolkit.app.desk import Desk, _events
from mle_toolkit.cli import main
from mle_toolkit.data.tables import read_sample
from mle_toolkit.errors import ParameterError

CSV = (
    "x;n;w;t;died;status;low;high;at;seen;years;in, out\n"
    "1,5;2;1;4,1;1;died;0;2;0,5;1;1;3\n"
    "2,25;1;2;2,2;0;alive;2;4;1;0;2;1,5\n"
    "0,75;3;0,5;9,5;1;died;;1;2;1;1,5;0,5\n"
    "3,5;1;1;7;0;alive;4;;1;1;1;4\n"
    "5,25;2;1;5;1;died;1;6;0;1;3;2\n"
)

FORMS = {
    "values": {"column": "x"},
    "weights": {"column": "x", "weights": "w", "weight_kind": "reliability"},
    "counts": {"column": "x", "counts": "n"},
    "events": {"kind": "time", "time": "t", "event": "died", "entry": "at"},
    "words": {"kind": "time", "time": "t", "event": "status", "event_value": "died", "weights": "w"},
    "known words": {"kind": "time", "time": "t", "event": "status"},
    "detection": {"kind": "limit", "column": "x", "observed": "seen"},
    "intervals": {"kind": "interval", "lower": "low", "upper": "high", "counts": "n"},
    "rounded": {"kind": "rounded", "column": "x", "rounded_to": "0.25", "truncated_above": "10"},
    "paid": {"kind": "paid", "payment": "x", "deductible": "at", "limit": "20", "coinsurance": "0.8", "weights": "w"},
    "bins": {"kind": "bins", "counts": "n", "edges": "0, 1, 2, 3, 4.5, 6"},
    "window": {"column": "x", "truncated_below": "0.5"},
    "rates": {"column": "n", "exposure": "years"},
    "vectors": {"kind": "vector", "columns": ["x", "in, out"], "counts": "n"},
}
LAWS = {"rates": "poisson", "vectors": "multivariate_normal"}
"""Where it is not the exponential one."""


@pytest.fixture
def file(tmp_path, monkeypatch):
    (tmp_path / "my data.csv").write_text(CSV, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return "my data.csv"


SAYS_WHAT_IT_GUESSED = pytest.mark.filterwarnings("ignore:.*'died' read as the event:UserWarning")


@SAYS_WHAT_IT_GUESSED
@pytest.mark.parametrize("name", FORMS)
def test_the_code_makes_the_same_sample(file, name):
    asked = Asked.of(FORMS[name] | {"source": file, "name": file, "decimal": ","})
    _, sample = read_sample(asked.source, asked.form, asked.nan_policy, reading=asked.reading)
    made: dict = {}
    exec(recipes.fitted_in_python(asked, LAWS.get(name, "exponential"), events=_events(asked)), made)
    assert made["fit"].sample.difference(sample) is None


@pytest.mark.parametrize("name", FORMS)
def test_the_command_gives_what_the_code_gives(file, name, monkeypatch, capsys):
    asked = Asked.of(FORMS[name] | {"source": file, "name": file, "decimal": ","})
    law = LAWS.get(name, "exponential")
    made: dict = {}
    exec(recipes.fitted_in_python(asked, law, events=_events(asked)), made)
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", shlex.split(recipes.shell("fit", asked, "-d", law, "--format", "json")))
    with pytest.raises(SystemExit):
        main()
    assert json.loads(capsys.readouterr().out)["llf"] == pytest.approx(made["fit"].llf, rel=1e-12)


@SAYS_WHAT_IT_GUESSED
def test_missing_values_are_left_out_in_the_code_too(file):
    with open(file, "a", encoding="utf-8") as stream:
        stream.write(";1;1;;1;died;1;2;0;1;1;\n")
    for name in ("values", "detection", "events", "words", "known words", "vectors"):
        asked = Asked.of(FORMS[name] | {"source": file, "name": file, "decimal": ",", "nan_policy": "omit"})
        _, sample = read_sample(asked.source, asked.form, asked.nan_policy, reading=asked.reading)
        made: dict = {}
        exec("\n".join(recipes.sample_in_python(asked, events=_events(asked))), made)
        assert made["sample"].difference(sample) is None


def test_a_file_in_blocks_is_scanned(tmp_path):
    asked = Asked.of({"source": "big.csv", "name": "big.csv", "column": "x", "counts": "n", "nan_policy": "omit"})
    lines = recipes.sample_in_python(asked, in_blocks=True)
    assert lines[-1] == "sample = mle.scan('big.csv', 'x', weights='n', nan_policy='omit')"


def test_the_ranking_names_the_laws_that_were_named():
    asked = Asked.of({"source": "x.csv", "name": "x.csv", "column": "x", "laws": "gamma, mixture(normal, 2)"})
    assert recipes.ranked_in_shell(asked) == "mle compare x.csv --column x -d 'gamma, mixture(normal, 2)'"
    assert "mle.compare(sample, 'gamma, mixture(normal, 2)')" in recipes.ranked_in_python(asked)


GROUPS = {name: FORMS[name] for name in ("events", "words", "counts", "rates", "paid")}


@pytest.mark.parametrize("name", GROUPS)
def test_groups_by_code_and_by_command_are_those_of_the_page(tmp_path, monkeypatch, capsys, name):
    lines = CSV.splitlines()
    rows = [f"{line};{'a' if k % 2 else 'b'}" for k, line in enumerate(lines[1:] * 4)]
    (tmp_path / "g.csv").write_text("\n".join([lines[0] + ";g", *rows]))
    monkeypatch.chdir(tmp_path)
    law = LAWS.get(name, "exponential")
    said = FORMS[name] | {"source": "g.csv", "name": "g.csv", "decimal": ",", "by": "g", "law": law}
    told = []
    Desk().answer("groups", said, lambda kind, **facts: told.append({"kind": kind, **facts}))
    shown = next(one for one in told if one["kind"] == "show")
    made: dict = {}
    exec(shown["python"], made)
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", [*shlex.split(shown["shell"]), "--format", "json"])
    with pytest.raises(SystemExit):
        main()
    by_command = [row["llf"] for row in json.loads(capsys.readouterr().out)["groups"]]
    assert by_command == pytest.approx(list(made["groups"].table["llf"]), rel=1e-12)
    values = [float(value) for value in re.findall(r'data-value="([^"]*)"', shown["html"])]
    assert set(by_command) <= set(values)


def test_a_regression_by_code_and_by_command(file, monkeypatch, capsys):
    said = {"source": file, "name": file, "decimal": ",", "weights": "n", "formula": "x ~ w", "law": "gamma"}
    asked = Asked.of(said | {"column": None})
    asked_for = recipes.Regression.of(asked, said | {"others": "shape = 2"})
    assert asked_for.others == {"shape": 2.0}
    asked_for = recipes.Regression.of(
        asked, said | {"others": " shape ~ at ;", "links": "mean = identity; shape=sqrt", "offset": "seen"}
    )
    made: dict = {}
    exec(asked_for.in_python, made)
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", [*shlex.split(asked_for.in_shell), "--format", "json"])
    with pytest.raises(SystemExit):
        main()
    assert json.loads(capsys.readouterr().out)["llf"] == pytest.approx(made["fit"].llf, rel=1e-12)
    frame = made["frame"]
    links = {"mean": "identity", "shape": "sqrt"}
    fit = mle.regress("x ~ w", frame, "gamma", shape="~ at", links=links, offset=frame["seen"], weights=frame["n"])
    assert made["fit"].llf == pytest.approx(fit.llf, rel=1e-12)


@pytest.mark.parametrize(
    ("more", "option"),
    [
        ({"formula": ""}, "--formula"),
        ({"law": ""}, "--regress-law"),
        ({"others": "shape"}, "--others"),
        ({"others": "weights = w"}, "--others"),
        ({"links": "mean"}, "--links"),
    ],
)
def test_what_a_regression_lacks_is_said(more, option):
    said = {"source": "x.csv", "formula": "x ~ w", "law": "gamma"} | more
    with pytest.raises(ParameterError, match=option):
        recipes.Regression.of(Asked.of({"source": "x.csv"}), said)
