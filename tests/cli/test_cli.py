"""The command line as people and programs use it: results, one-line errors, exit codes, pipes."""

import csv
import io
import json
import math
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mle_toolkit as mle
from mle_toolkit import cli
from mle_toolkit.cli.ending import BAD_DATA, BROKEN, NOT_CERTIFIED, OK, PIPE_CLOSED, USAGE
from mle_toolkit.estimation.certificate import Certificate, Verdict

LOSSES = "loss,days,region\n1.5,3,north\n2.5,1,south\n0.7,4,north\n3.3,1,east\n1.1,5,east\n"


@pytest.fixture
def run(monkeypatch, capsys):
    """Call ``mle`` in this process; returns its exit code, standard output and standard error."""

    def call(*args, stdin=""):
        monkeypatch.setattr("sys.argv", ["mle", *args])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin.encode()))))
        with pytest.raises(SystemExit) as exited:
            cli.main()
        out, err = capsys.readouterr()
        return exited.value.code, out, err

    return call


@pytest.fixture
def losses(tmp_path):
    path = tmp_path / "losses.csv"
    path.write_text(LOSSES)
    return str(path)


def strict_json(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def in_shell(command, **environment):
    """Run a command of the shell, as in a terminal but for the terminal itself."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": path} | environment,
    )


# --- vectors ----------------------------------------------------------------------------------------------------------

VECTORS = "a,b,n\n1,2,1\n2,1,2\n3,5,1\n0.5,2.5,1\n2.2,3.1,3\n1.7,0.4,1\n"


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.csv"
    path.write_text(VECTORS)
    return str(path)


def test_columns_are_vectors(run, vectors):
    code, out, err = run("fit", vectors, "--columns", "a,b", "-d", "multivariate_normal", "--format", "json")
    assert (code, err) == (OK, "")
    x = [[1, 2], [2, 1], [3, 5], [0.5, 2.5], [2.2, 3.1], [1.7, 0.4]]
    assert strict_json(out) == mle.fit(x, "multivariate_normal").to_dict()


def test_vectors_have_counts_and_a_table_without_repeated_entries(run, vectors):
    code, out, _ = run("fit", vectors, "--columns", "a, b", "--counts", "n", "-d", "multivariate_normal")
    assert code == OK
    assert "a, b of vectors.csv, n = 9" in out
    assert "cov[0,1]" in out
    assert "cov[1,0]" not in out


def test_vectors_are_compared(run, vectors):
    code, out, _ = run("compare", vectors, "--columns", "a,b", "--format", "csv")
    assert code == OK
    assert {row["family"] for row in rows_of(out)} >= {"multivariate_normal"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--columns", "a,z"), "column 'z' not found"),
        (("--columns", "a,b", "-c", "a"), "--column and --columns contradict each other"),
        (("--columns", "a,a"), "names a column twice"),
        (("--columns", "a,b", "--truncated-below", "0"), "a window is one of single numbers"),
        (("--columns", "a,b", "--rounded-to", "1"), "--rounded-to is for single values"),
    ],
)
def test_columns_that_make_no_vectors_are_refused(run, vectors, options, message):
    code, out, err = run("fit", vectors, *options, "-d", "multivariate_normal")
    assert (code, out) == (USAGE, "")
    assert message in err


# --- fit --------------------------------------------------------------------------------------------------------------


def test_fit_as_json_is_the_saved_fit(run, losses, tmp_path):
    code, out, err = run("fit", losses, "-c", "loss", "-d", "gamma", "--format", "json")
    assert (code, err) == (OK, "")
    fit = mle.fit([1.5, 2.5, 0.7, 3.3, 1.1], "gamma")
    assert strict_json(out) == fit.to_dict()
    path = tmp_path / "fit.json"
    path.write_text(out)
    assert mle.load(path).params == fit.params


def test_fit_as_csv_has_every_digit(run, losses):
    code, out, _ = run("fit", losses, "-c", "loss", "-d", "gamma", "--format", "csv")
    fit = mle.fit([1.5, 2.5, 0.7, 3.3, 1.1], "gamma")
    rows = rows_of(out)
    assert code == OK
    assert [row["parameter"] for row in rows] == ["shape", "scale"]
    assert [float(row["estimate"]) for row in rows] == list(fit.params.values())
    assert [float(row["std_error"]) for row in rows] == list(fit.bse.values())
    assert [[float(row["lower"]), float(row["upper"])] for row in rows] == fit.conf_int().to_numpy().tolist()


def test_fit_as_a_table_says_all_that_matters(run, losses):
    code, out, err = run("fit", losses, "-c", "loss", "-d", "gamma")
    assert (code, err) == (OK, "")
    for words in (
        "gamma fitted to loss of losses.csv, n = 5",
        "estimate",
        "log-likelihood",
        "AIC",
        "cross entropy",
        "kl predictive",
        "certificate  interior",
    ):
        assert words in out
    fit = mle.fit([1.5, 2.5, 0.7, 3.3, 1.1], "gamma")
    shown = re.search(r"shape\s+(\S+)\s+(\S+)", out)
    np.testing.assert_allclose([float(v) for v in shown.groups()], [fit.params["shape"], fit.bse["shape"]], rtol=1e-3)
    assert all(line == line.rstrip() for line in out.splitlines())


@pytest.mark.parametrize(("unit", "nats"), [("bit", math.log(2)), ("dit", math.log(10))])
def test_information_comes_in_the_unit_asked_for(run, losses, unit, nats):
    _, out, _ = run("fit", losses, "-c", "loss", "-d", "gamma", "--format", "json", "--unit", unit)
    record = strict_json(out)
    assert record["information"]["unit"] == unit
    in_nats = record["derived"]["cross_entropy"]
    assert math.isclose(record["information"]["cross_entropy"]["value"], in_nats / nats, rel_tol=1e-14)


def test_known_parameters_and_constants(run, losses):
    _, out, _ = run("fit", losses, "-c", "loss", "-d", "gamma", "--fixed", "shape=2", "--format", "csv")
    shape, scale = rows_of(out)
    assert (float(shape["estimate"]), float(shape["std_error"])) == (2.0, 0.0)
    assert math.isclose(float(scale["estimate"]), 1.82 / 2, rel_tol=1e-8)
    _, out, _ = run("fit", losses, "-c", "days", "-d", "binomial:n=7", "--format", "csv")
    assert math.isclose(float(rows_of(out)[0]["estimate"]), 14 / 35, rel_tol=1e-14)


def test_weights_are_frequencies(run, losses):
    _, out, _ = run("fit", losses, "-c", "loss", "--weights", "days", "-d", "normal", "--format", "csv")
    repeated = np.repeat([1.5, 2.5, 0.7, 3.3, 1.1], [3, 1, 4, 1, 5])
    np.testing.assert_allclose(float(rows_of(out)[0]["estimate"]), repeated.mean(), rtol=1e-14)


def test_a_single_numeric_column_needs_no_name(run):
    code, out, err = run("fit", "-", "-d", "exponential", "--format", "csv", stdin="who,x\na,1\nb,3\n")
    assert (code, err, float(rows_of(out)[0]["estimate"])) == (OK, "", 2.0)


def test_data_sets_are_read_by_name(run):
    code, out, _ = run("fit", "@horse_kicks", "-d", "poisson", "--format", "csv")
    assert (code, float(rows_of(out)[0]["estimate"])) == (OK, 0.61)


def test_missing_values_are_refused_or_left_out(run):
    text = "x\n1\nNA\n3\n"
    code, out, err = run("fit", "-", "-d", "exponential", stdin=text)
    assert (code, out) == (BAD_DATA, "")
    assert "1 of 3 observations are missing (NaN); the first is x[1]" in err
    code, out, _ = run("fit", "-", "-d", "exponential", "--nan-policy", "omit", "--format", "csv", stdin=text)
    assert (code, float(rows_of(out)[0]["estimate"])) == (OK, 2.0)


def test_output_goes_to_the_file(run, losses, tmp_path):
    path = tmp_path / "größe.json"
    code, out, err = run("fit", losses, "-c", "loss", "-d", "gamma", "--format", "json", "-o", str(path))
    assert (code, out, err) == (OK, "", "")
    assert strict_json(path.read_text(encoding="utf-8"))["family"]["name"] == "gamma"


def test_the_name_of_the_file_says_the_format(run, losses, tmp_path):
    said = {}
    for ending in ("json", "csv", "html", "txt"):
        path = tmp_path / f"fit.{ending}"
        code, out, err = run("fit", losses, "-c", "loss", "-d", "gamma", "-o", str(path))
        assert (code, out, err) == (OK, "", "")
        said[ending] = path.read_text(encoding="utf-8")
    assert strict_json(said["json"])["family"]["name"] == "gamma"
    assert len(rows_of(said["csv"])) == 2
    assert said["html"].startswith("<!doctype html>")
    assert "gamma fitted to loss" in said["txt"].splitlines()[0]


def test_a_data_set_goes_to_a_file_whole(run, tmp_path):
    path = tmp_path / "horse_kicks.csv"
    code, out, _ = run("datasets", "rivers", "-o", str(path))
    assert (code, out) == (OK, "")
    assert len(rows_of(path.read_text())) == 141


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["fit", "DATA", "-c", "x", "-d", "gamma"], USAGE, "error: column 'x' not found; numeric columns: loss, days"),
        (["fit", "DATA", "-d", "gamma"], USAGE, "name one of its columns: loss, days"),
        (["fit", "DATA", "-c", "region", "-d", "gamma"], BAD_DATA, "column 'region': line 2 is 'north', not a number"),
        (["fit", "no.csv", "-d", "gamma"], BAD_DATA, "error: cannot read 'no.csv': No such file or directory"),
        (["fit", "@fathful", "-d", "gamma"], USAGE, "unknown data set 'fathful'; did you mean 'faithful'?"),
        (["fit", "DATA", "-c", "loss"], USAGE, "Missing option '--family' / '-d'"),
        (["fit", "DATA", "-c", "loss", "-d", "gama"], USAGE, "unknown family 'gama'; did you mean 'gamma'"),
        (["fit", "DATA", "-c", "loss", "-d", "binomial"], USAGE, "binomial: needs the known constant 'n'"),
        (["fit", "DATA", "-c", "loss", "-d", "binomial:n"], USAGE, "expected NAME=NUMBER, got 'n'"),
        (["fit", "DATA", "-c", "loss", "-d", "gamma:n=2"], USAGE, "gamma: unknown constant 'n'"),
        (["fit", "DATA", "-c", "loss", "-d", "gamma", "--fixed", "shape"], USAGE, "--fixed: expected NAME=NUMBER"),
        (["fit", "DATA", "-c", "loss", "-d", "gamma", "--fixed", "k=2"], USAGE, "gamma has no parameter 'k'"),
        (["fit", "DATA", "-c", "loss", "-d", "gamma", "--fixed", "shape=-2"], USAGE, "shape"),
        (["fit", "DATA", "-c", "loss", "-d", "gamma", "--unit", "foot"], USAGE, "'foot' is not one of"),
        (["fit", "DATA", "-c", "loss", "-d", "gamma", "-o", "no/such/file"], USAGE, "--output: cannot write"),
        (["fit", "DATA", "-c", "loss", "-d", "poisson"], BAD_DATA, "poisson: 5 of 5 observations lie outside"),
        (["fit", "DATA", "-c", "loss", "-d", "gamma", "--colour"], USAGE, "--colour"),
        (["compare", "DATA", "-c", "loss", "-d", "gamma", "-d", "poisson"], USAGE, "cannot be compared"),
        (["feed"], USAGE, "No such command 'feed'"),
        (["datasets", "fathful"], USAGE, "unknown data set 'fathful'; did you mean 'faithful'?"),
    ],
)
def test_errors_are_one_line_with_the_right_code(run, losses, args, code, message):
    got, out, err = run(*[losses if arg == "DATA" else arg for arg in args])
    assert (got, out) == (code, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err


def test_data_without_a_maximum_do_not_certify(run):
    code, out, err = run("fit", "-", "-d", "gamma", stdin="x\n2\n2\n2\n")
    assert (code, out) == (NOT_CERTIFIED, "")
    assert err.startswith("error: gamma: 3 observations with 1 distinct value cannot determine 2 parameters")


def test_a_fit_that_does_not_certify_is_shown_with_its_warning(run, losses, monkeypatch):
    failed = Certificate(verdict=Verdict.NOT_CONVERGED, message="the solver stopped", method="newton")
    monkeypatch.setattr("mle_toolkit.fitting.Fit.certificate", property(lambda fit: failed))
    monkeypatch.setattr("mle_toolkit.fitting.warn_if_weaker", _warn_of(failed))
    code, out, err = run("fit", losses, "-c", "loss", "-d", "gamma")
    assert code == NOT_CERTIFIED
    assert err == "warning: gamma: the solver stopped.\n"
    assert "certificate  not_converged: the solver stopped" in out


def _warn_of(certificate):
    def warn(fit):
        warnings.warn(mle.FitWarning(f"{fit.family.name}: {certificate.message}.", certificate), stacklevel=2)

    return warn


def test_a_boundary_is_a_warning_and_a_result(run):
    """Fewer spread counts than Poisson: the negative binomial ends in its limit."""
    code, out, err = run("fit", "-", "-d", "negbin", "--format", "json", stdin="x\n1\n2\n1\n2\n1\n")
    assert code == OK
    assert err.startswith("warning: negbin: ")
    assert err.count("\n") == 1
    assert strict_json(out)["certificate"]["verdict"] == "boundary"


def test_tracebacks_only_on_request(run, losses):
    for place in (0, 1, 2):
        args = ["fit", losses, "-c", "x", "-d", "gamma"]
        args.insert(place, "--debug")
        code, _, err = run(*args)
        assert code == USAGE
        assert "Traceback (most recent call last)" in err
        assert err.splitlines()[-1].startswith("error: column 'x' not found")


def test_a_fault_of_ours_is_called_one(run, losses, monkeypatch):
    def broken(*args, **options):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("mle_toolkit.fitting.fit", broken)
    code, out, err = run("fit", losses, "-c", "loss", "-d", "gamma")
    assert (code, out) == (BROKEN, "")
    assert err == "error: ZeroDivisionError: division by zero (a fault of mle_toolkit; --debug shows where)\n"


# --- forms of data ----------------------------------------------------------------------------------------------------

PATIENTS = "days,died,arm,age,mass,n\n5,1,a,2,1,2\n8,0,b,0,2,1\n12,True,a,,1,0\n3,false,b,1,0.5,3\n9,1,a,4,1,1\n"
DAYS, DIED, ENTRY = [5, 8, 12, 3, 9], [1, 0, 1, 0, 1], [2, 0, math.nan, 1, 4]
MASS, TIMES = [1, 2, 1, 0.5, 1], [2, 1, 0, 3, 1]

BANDS = "low,high,claims\n,1,4\n1,2,7\n2,5,3\n5,,2\n"
LOW, HIGH, CLAIMS = [-math.inf, 1, 2, 5], [1, 2, 5, math.inf], [4, 7, 3, 2]


@pytest.mark.parametrize(
    ("text", "args", "sample"),
    [
        (PATIENTS, "--time days --event died", lambda of: of.right_censored(DAYS, DIED)),
        (PATIENTS, "--time days --event died --entry age", lambda of: of.right_censored(DAYS, DIED).truncated(ENTRY)),
        (
            PATIENTS,
            "--time days --event died --counts n --entry age",  # the row of count 0 is none, nor is its entry
            lambda of: of.right_censored([5, 8, 3, 9], [1, 0, 0, 1], [2, 1, 3, 1]).truncated([2, 0, 1, 4]),
        ),
        (
            PATIENTS,
            "--time days --event died --weights mass --weight-kind reliability",
            lambda of: of.right_censored(DAYS, DIED, MASS, "reliability"),
        ),
        (PATIENTS, "-c days --observed died", lambda of: of.left_censored(DAYS, DIED)),
        (PATIENTS, "-c days --counts n", lambda of: of.table(DAYS, TIMES)),
        (PATIENTS, "-c days --rounded-to 0.5", lambda of: of.rounded(DAYS, 0.5)),
        (PATIENTS, "-c days --rounded-to 0.5 --weights mass", lambda of: of.rounded(DAYS, 0.5, MASS)),
        (
            PATIENTS,
            "-c days --truncated-below 2.5 --truncated-above 40",
            lambda of: of(DAYS).truncated(2.5, 40),
        ),
        (
            PATIENTS,
            "--payment days --deductible 1.5 --limit 1e3 --coinsurance 0.8 --inflation mass",
            lambda of: of.insured(DAYS, deductible=1.5, limit=1e3, coinsurance=0.8, inflation=MASS),
        ),
        (BANDS, "--lower low --upper high --counts claims", lambda of: of.intervals(LOW, HIGH, CLAIMS)),
        (BANDS, "--counts claims --edges 0,1,2,5,inf", lambda of: of.binned(CLAIMS, [0, 1, 2, 5, math.inf])),
        (BANDS, "--lower low --upper high --truncated-above 9", lambda of: of.intervals(LOW, HIGH).truncated(upper=9)),
    ],
)
def test_options_say_what_the_columns_hold(run, text, args, sample):
    code, out, err = run("fit", "-", *args.split(), "-d", "exponential", "--format", "csv", stdin=text)
    assert (code, err) == (OK, "")
    fit = mle.fit(sample(mle.Sample), "exponential")
    (row,) = rows_of(out)
    assert [float(row["estimate"]), float(row["std_error"])] == [fit.params["scale"], fit.bse["scale"]]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("--time days", "--time needs --event, the column that is 1 where the event was observed"),
        ("--event died", "--event needs --time, the column of times"),
        ("--lower days", "--lower needs --upper, the column of upper ends, empty where they are open"),
        ("--upper days", "--upper needs --lower"),
        ("--edges 1,2", "--edges needs --counts"),
        ("--edges 1,2 --counts n -c days", "--column and --edges contradict each other: both say what"),
        ("--edges 2,1 --counts n", "--edges: expected at least two numbers that increase"),
        ("--edges 1,b --counts n", "--edges: expected numbers with commas between them, got '1,b'"),
        ("-c days --time days --event died", "--column and --time contradict each other: both say what"),
        ("--time days --event died --lower age --upper days", "--time and --lower contradict each other"),
        ("--time days --event died --observed died", "contradict each other: --observed is for single values"),
        ("--time days --event died --rounded-to 1", "contradict each other: --rounded-to is for single values"),
        ("-c days --observed died --rounded-to 1", "--observed and --rounded-to contradict each other"),
        ("-c days --counts n --weights mass", "--weights and --counts contradict each other"),
        ("-c days --counts n --weight-kind reliability", "--weight-kind reliability needs --weights"),
        ("-c days --weight-kind guess", "'guess' is not one of"),
        ("-c days --rounded-to 0", "--rounded-to: expected a positive number, got 0"),
        ("-c days --entry age --truncated-below 1", "--entry and --truncated-below contradict each other"),
        ("-c days --truncated-below 9 --truncated-above 2", "--truncated-below 9 is not below --truncated-above 2"),
        ("--time days --event ded", "column 'ded' not found; numeric columns: days, died, age, mass, n"),
        ("-c days --entry aged", "column 'aged' not found"),
        ("-c days --bounds scale=1", "--bounds: expected NAME=LOW:HIGH, of which one may be empty, got 'scale=1'"),
        ("-c days --bounds scale=:", "--bounds: expected NAME=LOW:HIGH"),
        ("-c days --start scale", "--start: expected NAME=NUMBER, got 'scale'"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "compare"])
def test_contradictions_are_one_line_and_wrong_usage(run, command, args, message):
    code, out, err = run(command, "-", *args.split(), "-d", "exponential", stdin=PATIENTS)
    assert (code, out) == (USAGE, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("-c days --bounds size=1:", "exponential has no parameter 'size'; its parameters: scale"),
        ("-c days --start scale=-1", "scale = -1 lies outside its domain"),
        ("-c days --solver best", "unknown solver 'best'; choose closed-form, newton, "),
    ],
)
def test_a_search_that_the_family_has_not_is_wrong_usage(run, args, message):
    code, out, err = run("fit", "-", *args.split(), "-d", "exponential", stdin=PATIENTS)
    assert (code, out, err.count("\n")) == (USAGE, "", 1)
    assert message in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("--time days --event age", "event: 3 of 5 are neither 0 nor 1; the first is event[0] = 2."),
        ("-c days --counts mass", "counts: 1 of 5 are not whole numbers; the first is counts[3] = 0.5."),
        ("--lower days --upper age", "4 of 5 observations end before they begin"),
        ("-c mass --entry days", "5 of 5 observations lie outside their window"),
        ("-c days --truncated-below 4", "1 of 5 observations lie outside their window; the first is row 3: 3"),
        ("-c age --rounded-to 1", "1 of 5 observations are missing (NaN); the first is x[2]."),
        ("--counts n --edges 1,2,3", "5 counts need 6 edges, got 3"),
    ],
)
def test_data_that_deny_their_form_are_refused(run, args, message):
    code, out, err = run("fit", "-", *args.split(), "-d", "exponential", stdin=PATIENTS)
    assert (code, out) == (BAD_DATA, "")
    assert err.count("\n") == 1
    assert message in err


def test_missing_values_are_left_out_in_every_form(run):
    text = "t,d,low,high\n5,1,1,2\n,1,2,3\n8,,2,\n3,0,,\n"
    for args, sample in (
        ("--time t --event d", mle.Sample.right_censored([5, 3], [1, 0])),
        ("--lower low --upper high", mle.Sample.intervals([1, 2, 2], [2, 3, math.inf])),
    ):
        assert run("fit", "-", *args.split(), "-d", "exponential", stdin=text)[0] == BAD_DATA
        options = ("-d", "exponential", "--format", "csv", "--nan-policy", "omit")
        code, out, _ = run("fit", "-", *args.split(), *options, stdin=text)
        assert code == OK
        assert float(rows_of(out)[0]["estimate"]) == mle.fit(sample, "exponential").params["scale"]


def test_limits_starts_and_solvers_reach_the_fit(run, losses):
    fit = ("fit", losses, "-c", "loss", "-d", "gamma", "--format", "csv")
    free = float(rows_of(run(*fit)[1])[0]["estimate"])
    code, out, err = run(*fit, "--bounds", "shape=:2", "--bounds", "scale=0.1:9")
    assert (code, float(rows_of(out)[0]["estimate"])) == (OK, 2.0)
    assert err.startswith("warning: gamma: the maximum is at the boundary")
    code, out, err = run(*fit, "--start", "shape=1", "--start", "scale=1", "--solver", "BFGS")
    assert (code, err) == (OK, "")
    assert math.isclose(float(rows_of(out)[0]["estimate"]), free, rel_tol=1e-5)


def test_data_sets_bring_their_form(run):
    _, out, _ = run("fit", "@leukaemia", "-d", "exponential", "--format", "csv")
    assert math.isclose(float(rows_of(out)[0]["estimate"]), (359 + 182) / 30, rel_tol=1e-8)
    _, out, _ = run("fit", "@leukaemia", "-c", "weeks", "-d", "exponential", "--format", "csv")
    assert math.isclose(float(rows_of(out)[0]["estimate"]), (359 + 182) / 42, rel_tol=1e-14)
    _, out, _ = run("datasets", "dental_claims")
    assert "378 observations in 10 weighted rows: 378 in intervals" in " ".join(out.split())


def test_a_window_changes_the_law_of_what_is_seen(run):
    """Poisson counts of which no zero can be seen are the zero-truncated law."""
    _, seen, _ = run("fit", "@group_sizes", "-d", "poisson", "--truncated-below", "0", "--format", "csv")
    _, law, _ = run("fit", "@group_sizes", "-d", "zero_truncated_poisson", "--format", "csv")
    for name in ("estimate", "std_error"):
        assert math.isclose(float(rows_of(seen)[0][name]), float(rows_of(law)[0][name]), rel_tol=1e-5)


# --- families of families ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "family"),
    [
        ("truncated(poisson,0)", lambda: mle.truncated("poisson", 0)),
        ("truncated( poisson , -inf, 8 )", lambda: mle.truncated("poisson", None, 8)),
        ("zero_inflated(poisson)", lambda: mle.zero_inflated("poisson")),
        ("hurdle(binomial:n=12)", lambda: mle.hurdle(mle.get_family("binomial", n=12))),
        ("mixture(poisson,2)", lambda: mle.mixture("poisson", 2)),
        ("mixture(poisson,geometric)", lambda: mle.mixture(["poisson", "geometric"])),
    ],
)
def test_families_of_families_are_written_as_in_python(run, spec, family):
    name = "group_sizes" if spec.startswith("truncated") else "mites"
    _, out, _ = run("fit", f"@{name}", "-d", spec, "--format", "csv")
    fit = _quietly(mle.fit, mle.datasets.load(name).sample(), family())
    expected = np.concatenate([np.atleast_1d(v) for v in fit.params.values()])
    np.testing.assert_allclose([float(row["estimate"]) for row in rows_of(out)], expected, rtol=1e-12)


def _quietly(function, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mle.FitWarning)
        return function(*args)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("shift(weibull)", "'shift' makes no family; those that do: "),
        ("shifted(weibull", "expected ) at the end of 'shifted(weibull'"),
        ("shifted(weibull))", "the brackets of 'shifted(weibull))' do not match"),
        ("truncated(0,poisson)", "expected families, then numbers, in the brackets of 'truncated(0,poisson)'"),
        ("truncated(2)", "expected families, then numbers"),
        ("truncated(poisson,0,1,2)", "too many positional arguments; truncated takes family, lower, upper"),
        ("zero_inflated(poison)", "unknown family 'poison'; did you mean 'poisson'"),
        ("zero_truncated(normal)", "normal is not a law of counts"),
    ],
)
def test_what_is_no_family_of_families_is_wrong_usage(run, spec, message):
    code, out, err = run("fit", "@mites", "-d", spec)
    assert (code, out, err.count("\n")) == (USAGE, "", 1)
    assert message in err


# --- compare ----------------------------------------------------------------------------------------------------------


def test_compare_ranks_and_lists_failures(run, losses):
    code, out, err = run("compare", losses, "-c", "loss", "-d", "gamma", "-d", "weibull", "-d", "beta")
    assert (code, err) == (OK, "")
    assert re.search(r"^1\s+gamma.*\n2\s+weibull", out, re.MULTILINE)
    assert re.search(r"not fitted.*\n.*\nbeta\s+.*outside the support", out)


def test_compare_as_json_is_the_record_of_the_comparison(run, losses):
    args = ("compare", losses, "-c", "loss", "-d", "gamma", "-d", "weibull", "-d", "beta", "--format", "json")
    code, out, err = run(*args)
    assert (code, err) == (OK, "")
    record = strict_json(out)
    assert [row["family"] for row in record["table"]] == ["gamma", "weibull"]
    assert list(record["failures"]) == ["beta"]
    _, out, _ = run(*args, "--unit", "bit")
    in_bits = strict_json(out)
    assert in_bits["unit"] == "bit"
    for nats, bits in zip(record["table"], in_bits["table"], strict=True):
        assert bits["llf"] == nats["llf"]
        for name in ("cross_entropy", "delta_ce", "delta_ce_se", "kl", "kl_se", "kl_predictive"):
            assert math.isclose(float(bits[name]) * math.log(2), float(nats[name]), rel_tol=1e-14)


def test_compare_as_csv_says_failures_on_standard_error(run, losses):
    code, out, err = run("compare", losses, "-c", "loss", "-d", "gamma", "-d", "beta", "--format", "csv")
    assert code == OK
    (row,) = rows_of(out)
    assert (row["family"], float(row["llf"])) == ("gamma", mle.fit([1.5, 2.5, 0.7, 3.3, 1.1], "gamma").llf)
    assert err.startswith("warning: not fitted: beta: ")


def test_compare_without_any_fit_does_not_certify(run):
    code, out, err = run("compare", "-", "-d", "gamma", "-d", "weibull", stdin="x\n2\n2\n2\n")
    assert (code, err) == (NOT_CERTIFIED, "")
    assert out.count("cannot determine 2 parameters") == 2


def test_a_failure_that_only_a_file_tells_is_said(run, tmp_path):
    path = tmp_path / "ranking.txt"
    code, out, err = run("compare", "-", "-d", "gamma", "-o", str(path), stdin="x\n2\n2\n2\n")
    assert (code, out) == (NOT_CERTIFIED, "")
    assert err == f"warning: no law has a certified fit: see {path}\n"


def test_compare_chooses_what_could_apply(run):
    code, out, _ = run("compare", "@horse_kicks", "--format", "csv")
    names = [row["family"] for row in rows_of(out)]
    assert code == OK
    assert "poisson" in names
    assert all(mle.get_family(name).discrete for name in names)


# --- lists ------------------------------------------------------------------------------------------------------------


def test_families_are_those_registered(run):
    _, out, _ = run("families", "--format", "json")
    assert [record["name"] for record in strict_json(out)] == list(mle.families())
    _, out, _ = run("families", "--format", "csv")
    assert [row["family"] for row in rows_of(out)] == list(mle.families())
    code, out, err = run("families")
    assert (code, err) == (OK, "")
    assert re.search(r"^gamma\s+shape in \(0, ∞\)\s+\(0, ∞\).*\n\s+scale in \(0, ∞\)", out, re.MULTILINE)


def test_data_sets_are_listed_and_shown(run):
    _, out, _ = run("datasets", "--format", "json")
    assert [record["name"] for record in strict_json(out)] == list(mle.datasets.names())
    _, out, _ = run("datasets")
    assert all(mle.datasets.load(name).title in out for name in mle.datasets.names())
    code, out, err = run("datasets", "faithful")
    assert (code, err) == (OK, "")
    assert all(words in out for words in ("Old Faithful", "Azzalini", "minutes", "272 observations", "3.333"))


@pytest.mark.parametrize("name", mle.datasets.names())
def test_a_data_set_survives_its_csv(run, name):
    _, out, _ = run("datasets", name, "--format", "csv")
    data = mle.datasets.load(name)
    for column in data.columns:
        np.testing.assert_array_equal([float(row[column] or "nan") for row in rows_of(out)], data[column])


# --- demo -------------------------------------------------------------------------------------------------------------


def test_demo_shows_the_one_line(run):
    code, out, err = run("demo")
    assert (code, err) == (OK, "")
    assert len(out.splitlines()) <= 60
    terms = dict(
        re.findall(r"^(NLL / n|cross-entropy|entropy|KL|CE - \(H \+ KL\))\s+(-?\d\.\d{15})", out, re.MULTILINE)
    )
    nll, cross_entropy, entropy, kl, gap = (float(v) for v in terms.values())
    assert nll == pytest.approx(cross_entropy, abs=2e-15)
    assert abs(cross_entropy - (entropy + kl)) < 3e-15
    assert abs(gap) < 1e-15
    walk = [[float(v) for v in row] for row in re.findall(r"^(0\.\d\d)\s+(\S+)\s+(\S+)\s+(\S+)", out, re.MULTILINE)]
    for column in (1, 2, 3):
        assert min(walk, key=lambda row, column=column: row[column])[0] == 0.61
    np.testing.assert_allclose([row[2] - row[3] for row in walk], entropy, atol=2e-10)
    assert "certificate  interior" in out


# --- as in a terminal -------------------------------------------------------------------------------------------------


def test_pipes_between_programs():
    done = in_shell("seq 1 9 | mle fit - -d exponential --format csv | tail -1 | cut -d, -f2")
    assert (done.returncode, done.stdout) == (OK, "5.0\n")
    assert done.stderr == "warning: standard input: no header; the columns are called 1\n"


def test_a_closed_pipe_is_no_error():
    done = in_shell("mle datasets doctor_visits --format csv | head -1; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stdout, done.stderr) == (PIPE_CLOSED, "visits\n", "")


def test_exit_codes_reach_the_shell():
    done = in_shell("printf 'x\\n2\\n2\\n' | mle fit - -d gamma")
    assert (done.returncode, done.stdout) == (NOT_CERTIFIED, "")
    assert done.stderr.count("\n") == 1


def test_a_terminal_of_plain_letters_is_enough():
    done = in_shell("mle demo", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (OK, "")
    assert "1.030533607358770" in done.stdout


def test_help_names_the_commands():
    done = in_shell("mle --help")
    assert (done.returncode, done.stderr) == (OK, "")
    assert all(command in done.stdout for command in ("fit", "compare", "families", "datasets", "demo"))


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("args", [("fit", "@port_pirie", "-d", "gumbel"), ("compare", "@rivers", "-d", "gamma")])
def test_pictures_go_to_their_file(run, tmp_path, args):
    code, out, err = run(*args, "--plot", str(tmp_path / "picture.svg"))
    assert (code, err) == (OK, "")
    assert "interior" in out
    assert "<svg" in (tmp_path / "picture.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "message"),
    [("picture.doc", "--plot: the file is to end in one of"), ("none/picture.png", "--plot: cannot write")],
)
def test_pictures_that_cannot_be_written_are_wrong_usage(run, losses, tmp_path, name, message):
    code, _, err = run("fit", losses, "-c", "loss", "-d", "gamma", "--plot", str(tmp_path / name))
    assert code == USAGE
    assert err.startswith(f"error: {message}")


# --- what the machine, the terminal and the files may do --------------------------------------------------------------


def in_process(command, **options):
    """Run ``python -m mle_toolkit`` in a shell of its own; {mle} stands for it."""
    line = command.replace("{mle}", f"{sys.executable} -m mle_toolkit")
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, **options)


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("{mle} fit - -d gamma <&-", BAD_DATA, "error: standard input: closed; pipe the data in, or name a file"),
        ("{mle} fit @rivers -d gamma >&-", USAGE, "error: standard output is closed; write to a file with -o FILE"),
        ("{mle} fit @rivers -d gamma >/dev/full", USAGE, "error: cannot write to standard output: No space left"),
    ],
)
def test_a_closed_or_full_stream_is_one_line(command, code, message):
    if "/dev/full" in command and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = in_process(command)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert message in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (MemoryError(), BAD_DATA, "error: out of memory"),
        (RuntimeError("can't start new thread"), BAD_DATA, "error: no further thread can be started"),
        (OSError("Cannot allocate memory"), BAD_DATA, "error: out of memory"),
        (OSError("odd"), BAD_DATA, "error: cannot read the data: odd"),
        (FileNotFoundError(2, "No such file or directory", "gone.csv"), BAD_DATA, "error: cannot read 'gone.csv'"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_limits_of_the_machine_are_no_fault_of_ours(run, monkeypatch, losses, error, code, message):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("mle_toolkit.data.tables.read_sample", fail)
    given, out, err = run("fit", losses, "-c", "loss", "-d", "gamma")
    assert (given, out) == (code, "")
    assert err.startswith(message)
    assert "fault" not in err


def test_control_characters_are_written_out(run, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("a\x1b[31mb\u202e,y\n1,2\n2,3\n4,5\n")
    for args in (
        ("fit", str(path), "-c", "a\x1b[31mb\u202e", "-d", "gamma"),
        ("fit", str(path), "-c", "x", "-d", "gamma"),
    ):
        _, out, err = run(*args)
        assert "\x1b" not in out + err
        assert "\u202e" not in out + err
        assert r"a\x1b[31mb\u202e" in out + err
    _, out, _ = run("fit", str(path), "-c", "y", "-d", "gamma", "--format", "json")
    assert strict_json(out)["family"]["name"] == "gamma"


def test_a_header_of_millions_of_fields_is_none(run, tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text(",".join(["a"] * 1_000_000) + "\n" + ",".join(["1"] * 1_000_000) + "\n")
    for args in (("fit", str(path), "-d", "gamma"), ("groups", str(path), "--by", "a", "-c", "b", "-d", "gamma")):
        code, out, err = run(*args)
        assert (code, out, err.count("\n")) == (BAD_DATA, "", 1)
        assert "a header of " in err


@pytest.mark.parametrize("content", [b"", b"\x00" * 500, b"PAR1abc", bytes(range(256)), b"x\n1\x00\n"])
@pytest.mark.parametrize("command", [("fit",), ("groups", "--by", "a", "-c", "x")])
def test_what_is_no_table_is_one_line(run, tmp_path, content, command):
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    code, out, err = run(command[0], str(path), *command[1:], "-d", "gamma")
    assert (code in (USAGE, BAD_DATA), out, err.count("\n")) == (True, "", 1)
    assert err.startswith("error: ")
    assert "fault" not in err


def test_large_unsigned_integers_are_numbers(run, tmp_path):
    path = tmp_path / "large.parquet"
    pq.write_table(pa.table({"u": np.array([1, 2, 2**63 + 5, 2**64 - 1], dtype=np.uint64)}), path)
    code, out, err = run("fit", str(path), "-d", "exponential", "--format", "csv")
    assert (code, err) == (OK, "")
    assert float(rows_of(out)[0]["estimate"]) == pytest.approx((2**63 + 2**64 + 7) / 4, rel=1e-15)


def test_several_laws_stand_between_commas(run, losses):
    _, out, _ = run("compare", losses, "-c", "loss", "-d", "gamma,lnorm", "-d", "shifted(weibull)", "--format", "csv")
    assert {row["family"] for row in rows_of(out)} <= {"gamma", "lognormal", "shifted weibull"}
    assert len(rows_of(out)) >= 2


def test_counts_have_an_exposure_in_the_shell(run, tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text("region,claims,years\na,0,0.5\nb,1,1\na,3,2\nb,2,\n")
    held = (str(path), "-c", "claims", "--exposure", "years")
    code, out, err = run("fit", *held, "-d", "poisson", "--nan-policy", "omit", "--format", "csv")
    assert (code, err) == (OK, "")
    assert float(rows_of(out)[0]["estimate"]) == pytest.approx(4 / 3.5, rel=1e-14)
    code, _, err = run("fit", *held, "-d", "poisson")
    assert code == BAD_DATA
    assert "error: exposure: 1 of 4 are missing; the first is exposure[3]" in err
    code, out, _ = run("groups", *held, "-d", "poisson", "--by", "region", "--nan-policy", "omit", "--format", "csv")
    assert [float(row["mu"]) for row in rows_of(out)] == pytest.approx([3 / 2.5, 1.0], rel=1e-9)
    code, _, err = run("fit", str(path), "--edges", "0,1", "--counts", "claims", "--exposure", "years", "-d", "poisson")
    assert code == USAGE
    assert "--edges and --exposure contradict each other" in err
