"""``mle regress``: formulas in the shell give what `regress` gives."""

import csv
import io
import json

import pandas as pd
import pytest

import mle_toolkit as mle
from mle_toolkit import cli
from mle_toolkit.cli.ending import BAD_DATA, OK, USAGE

ROWS = """count,loss,dose,group,years,rows
2,1.5,0.1,a,1,1
3,2.5,0.5,b,2,1
6,0.7,1.1,a,2,2
7,3.3,1.9,b,1,1
1,1.1,-0.4,a,1,3
8,6.2,2.3,b,3,1
5,0.9,1.2,a,2,1
4,1.4,0.2,b,2,1
"""


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Call ``mle regress`` in this process; DATA stands for the file."""
    path = tmp_path / "data.csv"
    path.write_text(ROWS)

    def call(*args):
        words = [str(path) if word == "DATA" else word for word in args]
        monkeypatch.setattr("sys.argv", ["mle", "regress", *words])
        with pytest.raises(SystemExit) as exited:
            cli.main()
        out, err = capsys.readouterr()
        return exited.value.code, out, err

    return call


def frame():
    return pd.read_csv(io.StringIO(ROWS))


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("shape", [("--shape", "~ dose"), ("--shape=~ dose",), ("--of", "shape=~ dose")])
def test_every_coefficient_is_that_of_regress(run, shape):
    """Options of other parameters may stand anywhere."""
    code, out, _ = run(*shape, "DATA", "loss ~ dose + C(group)", "-d", "gamma", "--weights", "rows", "--format", "csv")
    fit = mle.regress("loss ~ dose + C(group)", frame(), "gamma", shape="~ dose", weights="rows")
    assert code == OK
    assert [f"{row['parameter']}[{row['term']}]" for row in rows_of(out)] == list(fit.coefficient_names)
    assert [float(row["estimate"]) for row in rows_of(out)] == fit.coefficients.tolist()


def test_new_rows_are_predicted_with_their_exposure(run, tmp_path):
    new = tmp_path / "new.csv"
    new.write_text("dose,years\n0.5,1\n0.5,4\n")
    code, out, _ = run("DATA", "count ~ dose", "-d", "poisson", "--exposure", "years", "--predict", str(new),
                       "--format", "csv")  # fmt: skip
    means = [float(row["mean"]) for row in rows_of(out)]
    assert code == OK
    assert means[1] == pytest.approx(4 * means[0], rel=1e-12)
    fit = mle.regress("count ~ dose", frame(), "poisson", exposure="years")
    assert means[0] == pytest.approx(float(fit.predict({"dose": [0.5]}, exposure=1.0)[0]), rel=1e-12)


def test_json_and_html_go_to_files(run, tmp_path):
    page, record = tmp_path / "fit.html", tmp_path / "fit.json"
    assert run("DATA", "count ~ dose", "-d", "poisson", "--format", "html", "-o", str(page))[0] == OK
    assert "poisson regression" in page.read_text()
    assert run("DATA", "count ~ dose", "-d", "poisson", "--format", "json", "-o", str(record))[0] == OK
    assert json.loads(record.read_text())["information"]["gain"]["value"] > 0


def test_table_names_terms_and_links(run):
    code, out, _ = run("DATA", "count ~ dose", "-d", "poisson", "--link", "mu=sqrt")
    assert code == OK
    assert "links: mu sqrt" in out
    assert "certificate  interior" in out


def test_picture_is_written(run, tmp_path):
    picture = tmp_path / "fit.svg"
    assert run("DATA", "loss ~ dose", "-d", "lognormal", "--plot", str(picture))[0] == OK
    assert picture.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("DATA", "loss ~ height", "-d", "gamma"), USAGE, "column 'height' not found; columns: count, loss"),
        (("DATA", "loss ~ dose", "-d", "gamma", "--shap", "~ dose"), USAGE, "no parameter 'shap'"),
        (("DATA", "loss ~ dose", "-d", "gamma", "--links", "mean=log"), USAGE, "did you mean --link?"),
        (("DATA", "loss ~ dose", "-d", "gamma", "--exposur", "dose"), USAGE, "did you mean --exposure?"),
        (("DATA", "loss ~ dose", "-d", "gamma", "--of", "shap=~ dose"), USAGE, "did you mean --shape?"),
        (("DATA", "loss ~ dose", "-d", "binomial", "--nn", "5"), USAGE, "no parameter 'nn'"),
        (("DATA", "loss ~ dose", "-d", "mixture(gamma, 2)", "--shap", "~ dose"), USAGE, "no parameter 'shap'"),
        (("DATA", "loss ~ dose", "-d", "gamma", "-x"), USAGE, "no such option: -x"),
        (("DATA", "loss ~ dose", "-d", "gamma", "--shape"), USAGE, "option --shape: expected a formula"),
        (("DATA", "loss ~ dose", "-d", "gamma", "--of", "weights=rows"), USAGE, "--weights is no parameter of a law"),
        (("DATA", "-d", "gamma"), USAGE, "expected DATA and FORMULA, got 1 words"),
        (("DATA", "loss + dose", "-d", "gamma"), USAGE, "with one ~"),
        (("DATA", "loss ~ __import__('os')", "-d", "gamma"), USAGE, "is not allowed"),
        (("DATA", "loss ~ dose", "-d", "gamma", "--link", "mean"), USAGE, "--link: expected NAME=VALUE"),
        (("DATA", "dose ~ loss", "-d", "gamma"), BAD_DATA, "outside the support"),
        (("missing.csv", "loss ~ dose", "-d", "gamma"), BAD_DATA, "cannot read 'missing.csv'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(run, args, code, says):
    found, out, err = run(*args)
    assert (found, out) == (code, "")
    assert says in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
