"""``mle`` on files larger than memory: read in blocks, with the numbers of memory and one error where they are bad."""

import csv
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mle_toolkit as mle
from mle_toolkit import cli
from mle_toolkit.cli.ending import BAD_DATA, OK, USAGE
from mle_toolkit.cli.options import DataOptions, FileOptions
from mle_toolkit.cli.reading import sample_of
from mle_toolkit.data import tables
from mle_toolkit.data.scanned import ScannedSample

N, ROW = 412_345, 345_678
X = np.random.default_rng(20_240_101).gamma(2.0, 1.5, N)
WEIGHTS = np.random.default_rng(8).integers(1, 4, N)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("rain")
    table = pa.table({"mm": X, "weight": WEIGHTS})
    pq.write_table(table, path / "rain.parquet", row_group_size=70_001)
    (path / "rain").mkdir()
    for k, first in enumerate(range(0, N, 150_000)):
        pq.write_table(table.slice(first, 150_000), path / "rain" / f"{k}.parquet")
    text = "mm;weight\n" + "".join(f"{x!r};{w}\n" for x, w in zip(X.tolist(), WEIGHTS.tolist(), strict=True))
    (path / "rain.csv").write_text(text)
    (path / "rain.csv.gz").write_bytes(gzip.compress(text.encode(), compresslevel=1))
    return path


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch):
    monkeypatch.setattr(tables, "SCANNED_ROWS", 0)
    monkeypatch.setattr(tables, "SCANNED_BYTES", 0)


@pytest.fixture
def run(monkeypatch, capsys):
    """Call ``mle`` in this process; returns its exit code, standard output and standard error."""

    def call(*args):
        monkeypatch.setattr("sys.argv", ["mle", *map(str, args)])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
        with pytest.raises(SystemExit) as exited:
            cli.main()
        out, err = capsys.readouterr()
        return exited.value.code, out, err

    return call


@pytest.fixture
def passes(monkeypatch):
    """What was read in blocks."""
    made = []
    one = ScannedSample._pass

    def counted(self, *args, **kwargs):
        made.append(self)
        return one(self, *args, **kwargs)

    monkeypatch.setattr(ScannedSample, "_pass", counted)
    return made


@pytest.mark.parametrize("name", ["rain.parquet", "rain", "rain.csv", "rain.csv.gz"])
def test_large_files_are_read_in_blocks_with_the_numbers_of_memory(run, folder, passes, name):
    code, out, err = run("fit", folder / name, "-c", "mm", "-d", "gamma", "--format", "json")
    assert (code, err) == (OK, "")
    assert passes
    record, expected = json.loads(out), mle.fit(X, "gamma").to_dict()
    for part in ("params", "bse", "llf", "nobs"):
        assert record[part] == expected[part]


def test_the_title_and_the_estimates_are_those_of_memory(run, folder, passes):
    arguments = ("fit", folder / "rain.parquet", "-c", "mm", "-d", "gamma")
    code, out, err = run(*arguments)
    assert (code, err) == (OK, "")
    assert passes
    passes.clear()
    _, expected, _ = run(*arguments, "--in-memory")
    assert not passes
    until_information = out.index("AIC")
    assert out[:until_information] == expected[:until_information]
    assert out.startswith(f"gamma fitted to mm of rain.parquet, n = {N}\n")


def test_weights_are_read_along(run, folder, passes):
    code, out, _ = run("fit", folder / "rain", "-c", "mm", "--weights", "weight", "-d", "gamma", "--format", "json")
    assert code == OK
    assert passes
    assert json.loads(out)["params"] == mle.fit(X, "gamma", weights=WEIGHTS).to_dict()["params"]


@pytest.mark.parametrize("weights", [(), ("--weights", "weight")])
def test_families_are_compared(run, folder, passes, weights):
    arguments = ("compare", folder / "rain.parquet", "-c", "mm", *weights, "-d", "lognormal", "-d", "gamma")
    code, out, err = run(*arguments, "--format", "csv")
    assert (code, err) == (OK, "")
    assert passes
    passes.clear()
    _, expected, _ = run(*arguments, "--format", "csv", "--in-memory")
    assert not passes
    rows, held = (list(csv.DictReader(io.StringIO(text))) for text in (out, expected))
    assert [row["family"] for row in rows] == ["gamma", "lognormal"]
    for row, other in zip(rows, held, strict=True):
        for name in ("cross_entropy", "delta_ce", "llf", "aic"):
            assert row[name] == other[name]
        assert float(row["delta_ce_se"]) == pytest.approx(float(other["delta_ce_se"]), rel=1e-6)
        assert row["kl"] == ""


def test_counts_are_compared_as_a_table(run, folder, passes):
    arguments = ("compare", folder / "rain", "-c", "weight", "-d", "poisson", "-d", "geometric")
    code, out, err = run(*arguments)
    assert (code, err) == (OK, "")
    assert f"weight of rain, n = {N}" in out
    assert "entropy of the data:" in out
    assert len(passes) == 2  # the extent, the table


def test_small_files_are_held(run, folder, passes, monkeypatch):
    monkeypatch.undo()
    assert tables._is_read_in_blocks(str(folder / "rain"), tables.EXACT, False)
    for name in ("rain.parquet", "rain.csv"):
        assert not tables._is_read_in_blocks(str(folder / name), tables.EXACT, False)


@pytest.mark.parametrize("options", [("--truncated-below", "0"), ("--counts", "weight")])
def test_what_takes_more_than_sums_is_held(run, folder, passes, options):
    code, _, err = run("fit", folder / "rain.parquet", "-c", "mm", *options, "-d", "exponential")
    assert (code, err) == (OK, "")
    assert not passes


def test_what_is_drawn_is_held(folder):
    path, column = str(folder / "rain.parquet"), DataOptions(column="mm")
    assert isinstance(sample_of(path, column, FileOptions(), plot=None)[1], ScannedSample)
    assert not isinstance(sample_of(path, column, FileOptions(), plot=Path("a.png"))[1], ScannedSample)


@pytest.mark.parametrize(
    ("name", "options", "code", "says"),
    [
        ("rain", ("-c", "mm", "-d", "gamma", "--in-memory"), BAD_DATA, "Write one file"),
        ("rain.csv.gz", ("--time", "mm", "--event", "weight", "-d", "gamma"), BAD_DATA, "is for exact values"),
        ("rain.parquet", ("-c", "snow", "-d", "gamma"), USAGE, "there is no column 'snow'; its columns: mm, weight"),
        ("rain.csv", ("-d", "gamma"), USAGE, "has the columns mm, weight; say which one to scan"),
        ("rain", ("-c", "mm", "-d", "beta"), BAD_DATA, "lie outside the support (0, 1); the first is x[0] ="),
    ],
)
def test_what_cannot_be_is_one_line(run, folder, name, options, code, says):
    assert_one_line(run("fit", folder / name, *options), code, says)


def test_a_folder_without_files_is_one_line(run, tmp_path):
    assert_one_line(
        run("fit", tmp_path, "-c", "mm", "-d", "gamma"), BAD_DATA, "the folder holds no file of a known kind"
    )


def assert_one_line(result, code, *says):
    got, out, err = result
    assert (got, out) == (code, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    for part in says:
        assert part in err


@pytest.mark.parametrize("options", [(), ("--in-memory",)])
def test_a_median_is_had_in_memory_or_not(run, folder, options):
    code, out, _ = run("fit", folder / "rain.parquet", "-c", "mm", "-d", "laplace", *options, "--format", "json")
    assert code == OK
    assert json.loads(out)["params"]["loc"] == np.median(X)


@pytest.mark.parametrize(
    ("name", "says"),
    [("rain.parquet", "cut/rain.parquet: cannot be read"), ("rain.csv.gz", "rain.csv.gz: cannot be read after row ")],
)
def test_a_file_that_ends_early_is_one_line(run, folder, tmp_path, name, says):
    whole = (folder / name).read_bytes()
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / name).write_bytes(whole[: len(whole) // 2])
    result = run("fit", tmp_path / "cut", "-c", "mm", "-d", "gamma")
    assert_one_line(result, BAD_DATA, says, "not written to the end")
    assert_one_line(run("fit", tmp_path / "cut" / name, "-c", "mm", "-d", "gamma"), BAD_DATA, name)


def test_a_damaged_row_group_is_one_line(run, folder, tmp_path):
    damaged = bytearray((folder / "rain.parquet").read_bytes())
    column = pq.ParquetFile(folder / "rain.parquet").metadata.row_group(4).column(0)
    first = column.dictionary_page_offset or column.data_page_offset
    damaged[first : first + 5_000] = bytes(5_000)
    (tmp_path / "bad.parquet").write_bytes(damaged)
    result = run("fit", tmp_path / "bad.parquet", "-c", "mm", "-d", "gamma")
    assert_one_line(result, BAD_DATA, "bad.parquet: cannot be read after row ")


def test_a_column_that_changes_type_is_one_line(run, tmp_path):
    pq.write_table(pa.table({"mm": X}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"mm": ["wet"]}), tmp_path / "1.parquet")
    result = run("fit", tmp_path, "-c", "mm", "-d", "gamma")
    assert_one_line(result, BAD_DATA, "1.parquet: expected real numbers in column 'mm', got string")
    lines = ["mm", *map(repr, X.tolist())]
    lines[ROW + 1] = "wet"
    (tmp_path / "text.csv").write_text("\n".join(lines))
    result = run("fit", tmp_path / "text.csv", "-d", "gamma")
    assert_one_line(result, BAD_DATA, f"text.csv: expected real numbers in column 'mm'; row {ROW} is 'wet'")


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_missing_value_is_one_line_with_its_row(run, tmp_path, passes, kind):
    path = tmp_path / f"gap.{kind}"
    x = X.copy()
    x[ROW] = np.nan
    if kind == "parquet":
        pq.write_table(pa.table({"mm": x}), path)
    else:  # an empty line in a file of one column
        path.write_text("mm\n" + "".join("\n" if np.isnan(v) else f"{v!r}\n" for v in x.tolist()))
    says = f"gap.{kind}: the observation in row {ROW} is missing"
    assert_one_line(run("fit", path, "-d", "gamma"), BAD_DATA, says)
    code, out, _ = run("fit", path, "-d", "gamma", "--nan-policy", "omit", "--format", "json")
    assert code == OK
    assert json.loads(out)["params"] == mle.fit(np.delete(X, ROW), "gamma").to_dict()["params"]


def test_a_large_csv_without_header_loses_no_row(run, tmp_path):
    (tmp_path / "bare.csv").write_text("".join(f"{x!r}\n" for x in X.tolist()))
    result = run("fit", tmp_path / "bare.csv", "-d", "gamma")
    assert_one_line(result, BAD_DATA, "bare.csv: the first line holds numbers")
    code, out, err = run("fit", tmp_path / "bare.csv", "-d", "exponential", "--in-memory", "--format", "json")
    assert (code, json.loads(out)["nobs"]) == (OK, N)
    assert "no header" in err
