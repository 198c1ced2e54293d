"""``mle groups``: files in, a row a group out."""

import csv
import io
import json

import pandas as pd
import pytest

import mle_toolkit as mle
from mle_toolkit import cli
from mle_toolkit.cli.ending import BAD_DATA, NOT_CERTIFIED, OK, USAGE

FRAME = pd.DataFrame({"station": list("bbbaaa"), "rain": [1.0, 2.0, 4.0, 3.0, 5.0, 9.0], "year": [1, 2, 1, 2, 1, 2]})


@pytest.fixture
def run(monkeypatch, capsys):
    """Call ``mle groups`` in this process; returns its exit code, standard output and standard error."""

    def call(*args, stdin=""):
        monkeypatch.setattr("sys.argv", ["mle", "groups", *map(str, args)])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin.encode()))))
        with pytest.raises(SystemExit) as exited:
            cli.main()
        out, err = capsys.readouterr()
        return exited.value.code, out, err

    return call


@pytest.fixture(params=["csv", "semicolons", "parquet"])
def path(request, tmp_path):
    if request.param == "parquet":
        file = tmp_path / "rain.parquet"
        FRAME.to_parquet(file)
    else:
        file = tmp_path / "rain.csv"
        FRAME.to_csv(file, index=False, sep=";" if request.param == "semicolons" else ",")
    return file


def test_a_file_of_any_kind_gives_the_same_rows(run, path):
    code, out, err = run(path, "--by", "station", "-c", "rain", "-d", "gamma", "--format", "csv")
    assert (code, err) == (OK, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["station"] for row in rows] == ["a", "b"]
    table = mle.fit_groups(FRAME, "station", "rain", "gamma").table
    assert [float(row["shape"]) for row in rows] == table["shape"].tolist()


def test_standard_input_and_a_table_for_people(run):
    code, out, _ = run("-", "--by", "station", "-c", "rain", "-d", "gamma", stdin=FRAME.to_csv(index=False))
    assert code == OK
    assert "gamma fitted to rain of standard input by station" in out
    assert "2 groups: 2 interior" in out


def test_json_has_every_row_and_goes_to_a_file(run, path, tmp_path):
    target = tmp_path / "out.json"
    laws = ("-d", "gamma", "-d", "weibull")
    code, out, _ = run(path, "--by", "station", "--by", "year", "-c", "rain", *laws, "--format", "json", "-o", target)
    assert (code, out) == (NOT_CERTIFIED, "")  # a station has only one year of each kind
    record = json.loads(target.read_text())
    assert record["by"] == ["station", "year"]
    assert len(record["groups"]) == 4
    assert {row["verdict"] for row in record["groups"]} == {"interior", "unbounded"}


def test_a_bad_group_is_shown_and_told_by_the_exit_code(run, tmp_path):
    file = tmp_path / "rain.csv"
    file.write_text("station,rain\na,1\na,2\nb,1\nb,-2\nc,\nc,3\nc,4\n")
    code, out, _ = run(file, "--by", "station", "-c", "rain", "-d", "gamma", "--nan-policy", "omit")
    assert code == NOT_CERTIFIED
    assert "1 of 2 observations lie outside" in out
    assert "2 interior" in out
    target = tmp_path / "groups.csv"
    code, _, err = run(file, "--by", "station", "-c", "rain", "-d", "gamma", "--nan-policy", "omit", "-o", target)
    assert (code, err) == (NOT_CERTIFIED, f"warning: 1 of 3 groups have no certified fit: see {target}\n")
    assert target.read_text().startswith("station,nobs")


LIVES = pd.DataFrame(
    {
        "lot": list("aaaabbbb"),
        "the time": [1.0, 2.0, 4.0, 3.0, 5.0, 9.0, 6.0, 2.0],
        "status": ["dead", "alive", "dead", "dead", "alive", "dead", "dead", "dead"],
        "low": [0.0, 1.0, 3.0, 2.0, 4.0, 8.0, 5.0, 1.0],
        "entry": [0.5, None, 1.0, None, 3.0, None, 1.0, None],
        "times": [1, 2, 1, 1, 1, 1, 0, 3],
    }
)


@pytest.mark.parametrize(
    ("arguments", "column"),
    [
        (("--time", "the time", "--event", "status"), "right_censored(`the time`, status)"),
        (
            ("--time", "the time", "--event", "status", "--entry", "entry", "--counts", "times"),
            "truncated(right_censored(`the time`, status), lower=entry)",
        ),
        (("-c", "the time", "--observed", "status"), "left_censored(`the time`, status)"),
        (("--lower", "low", "--upper", "the time"), "intervals(low, `the time`)"),
        (("-c", "the time", "--rounded-to", "0.5"), "rounded(`the time`, 0.5)"),
        (("-c", "the time", "--truncated-below", "0.25"), "truncated(`the time`, lower=0.25)"),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_rows_may_be_censored_rounded_or_seen_through_a_window(run, tmp_path, arguments, column, suffix):
    file = tmp_path / f"lives.{suffix}"
    LIVES.to_csv(file, index=False) if suffix == "csv" else LIVES.to_parquet(file)
    code, out, _ = run(file, "--by", "lot", *arguments, "-d", "weibull", "--format", "csv")
    frame = LIVES.assign(status=(LIVES["status"] == "dead").astype(int))
    weights = "times" if "times" in arguments else None
    table = mle.fit_groups(frame, "lot", column, "weibull", weights=weights).table
    assert code == OK
    assert [float(row["scale"]) for row in csv.DictReader(io.StringIO(out))] == table["scale"].tolist()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--by", "town", "-c", "rain", "-d", "gamma"), USAGE, "column 'town' not found; columns: station, rain, year"),
        (("--by", "year", "-c", "station", "-d", "gamma"), BAD_DATA, "expected real numbers"),
        (("--by", "year", "-c", "rain", "-d", "gama"), USAGE, "did you mean"),
        (("-c", "rain", "-d", "gamma"), USAGE, "--by"),
        (("--by", "year", "-d", "gamma"), USAGE, "say what was observed"),
        (("--by", "year", "--time", "rain", "-d", "gamma"), USAGE, "--time needs --event"),
    ],
)
def test_a_wrong_call_is_one_line(run, path, arguments, code, says):
    got, out, err = run(path, *arguments)
    assert (got, out) == (code, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_file_that_is_no_table_is_said(run, tmp_path):
    file = tmp_path / "empty.csv"
    file.write_text("")
    code, _, err = run(file, "--by", "a", "-c", "b", "-d", "gamma")
    assert code == BAD_DATA
    assert "empty, without even a header" in err
    code, _, err = run(tmp_path / "nowhere.csv", "--by", "a", "-c", "b", "-d", "gamma")
    assert code == BAD_DATA
    assert "cannot read" in err
