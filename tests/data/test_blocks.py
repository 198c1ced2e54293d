"""Data that are read in blocks give the numbers of data in memory, and say where they cannot be read."""

import gzip
import re
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mle_toolkit as mle
from mle_toolkit.data import scanned
from mle_toolkit.data.form import Form
from mle_toolkit.data.pieces import CHUNK_ROWS, IN_MEMORY_ROWS, Run
from mle_toolkit.data.scanned import ScannedSample
from mle_toolkit.data.surveys import SKETCHED_ROWS
from mle_toolkit.data.tables import read_sample
from mle_toolkit.errors import DataError, SupportError, UnknownNameError, WeightError
from mle_toolkit.numerics import progress

N = 453_211  # more than are held, and no multiple of anything
ROW = 345_678
X = np.random.default_rng(20_240_101).gamma(2.0, 1.5, N)
COUNTS = np.random.default_rng(7).negative_binomial(3, 0.4, N)
WEIGHTS = np.random.default_rng(8).integers(0, 3, N)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("columns")
    table = pa.table({"x": X, "count": COUNTS, "weight": WEIGHTS})
    pq.write_table(table, path / "all.parquet", row_group_size=70_001)
    (path / "parts").mkdir()
    for k, first in enumerate(range(0, N, 150_000)):
        pq.write_table(table.slice(first, 150_000), path / "parts" / f"{k}.parquet")
    np.save(path / "x.npy", X)
    np.save(path / "table.npy", np.column_stack([COUNTS, X]))
    lines = "".join(f"{x!r},{n},{w}\n" for x, n, w in zip(X.tolist(), COUNTS.tolist(), WEIGHTS.tolist(), strict=True))
    (path / "all.csv").write_text("x,count,weight\n" + lines)
    return path


def once(table):
    """A stream that can be consumed a single time."""
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches(12_345))


SOURCES = {
    "parquet": lambda folder: mle.scan(folder / "all.parquet", "x"),
    "folder": lambda folder: mle.scan(str(folder / "parts"), "x"),
    "csv": lambda folder: mle.scan(folder / "all.csv", "x"),
    "npy": lambda folder: mle.scan(folder / "x.npy"),
    "npy of two columns": lambda folder: mle.scan(folder / "table.npy", 1),
    "memory map": lambda folder: mle.scan(np.load(folder / "x.npy", mmap_mode="r")),
    "array": lambda folder: mle.scan(X),
    "Arrow table": lambda folder: mle.scan(pa.table({"x": X, "count": COUNTS}), "x"),
    "Arrow column": lambda folder: mle.scan(pa.chunked_array([X[:1000], X[1000:]])),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("family", ["gamma", "normal", "inverse_gaussian", "uniform"])
def test_every_source_gives_the_bits_of_memory(folder, source, family):
    fit, expected = mle.fit(SOURCES[source](folder), family), mle.fit(X, family)
    assert not fit.sample.in_memory
    assert fit.params == expected.params
    assert fit.llf == expected.llf
    assert list(fit.bse.values()) == pytest.approx(list(expected.bse.values()), rel=0, abs=0, nan_ok=True)


@pytest.mark.parametrize("rows", [9_999, 70_001, 250_000])
@pytest.mark.parametrize("family", ["gamma", "logistic"])
def test_row_groups_that_threads_read_at_once_change_no_bit(tmp_path, monkeypatch, family, rows):
    """A block whose rows lie in several runs is summed as a whole, in its place."""
    pq.write_table(pa.table({"x": X}), tmp_path / "x.parquet", row_group_size=rows)
    in_order = mle.fit(mle.scan(tmp_path / "x.parquet"), family)
    monkeypatch.setattr("mle_toolkit.data.sources.parquet.RUN_ROWS", 1)
    sample = mle.scan(tmp_path / "x.parquet")
    assert len(sample._at_once()) == -(-N // rows)
    fit = mle.fit(sample, family)
    assert fit.params == in_order.params
    assert fit.llf == in_order.llf
    assert fit.certificate == in_order.certificate
    np.testing.assert_array_equal(fit.sample.sketch(10**9).x, in_order.sample.sketch(10**9).x)


@pytest.mark.parametrize("family", ["logistic", "weibull", "gumbel"])
def test_searches_agree_with_memory(family, folder):
    fit, expected = mle.fit(mle.scan(folder / "all.parquet", "x"), family), mle.fit(X, family)
    assert fit.llf == pytest.approx(expected.llf, rel=1e-13)
    assert list(fit.params.values()) == pytest.approx(list(expected.params.values()), rel=1e-7)
    assert fit.certificate.verdict == "interior"


def test_counts_are_a_table_after_one_pass(folder):
    fit, expected = mle.fit(mle.scan(folder / "all.parquet", "count"), "negbin"), mle.fit(COUNTS, "negbin")
    assert fit.params == expected.params
    assert fit.information().kl.value == pytest.approx(expected.information().kl.value, abs=1e-12)
    assert fit.sample.n_rows == len(np.unique(COUNTS))


def test_weights_are_a_column(folder):
    sample = mle.scan(folder / "all.parquet", "x", weights="weight")
    fit, expected = mle.fit(sample, "gamma"), mle.fit(X, "gamma", weights=WEIGHTS)
    assert fit.params == expected.params
    assert fit.nobs == WEIGHTS.sum()
    assert sample.n_rows == np.count_nonzero(WEIGHTS)


def test_reliability_weights_enter_the_sandwich_squared(folder):
    sample = mle.scan(folder / "all.csv", "x", weights="weight", weight_kind="reliability")
    expected = mle.fit(mle.Sample(X, WEIGHTS, "reliability"), "gamma")
    assert list(mle.fit(sample, "gamma").bse.values()) == pytest.approx(list(expected.bse.values()), rel=1e-12)


@pytest.mark.parametrize("kind", ["observed", "expected", "opg", "sandwich"])
def test_covariances_are_those_of_memory(kind):
    fit, expected = mle.fit(mle.scan(X), "weibull"), mle.fit(X, "weibull")
    np.testing.assert_allclose(fit.cov_params(kind), expected.cov_params(kind), rtol=1e-6)


def test_the_report_has_what_sums_can_tell():
    report, expected = mle.fit(mle.scan(X), "gamma").information(), mle.fit(X, "gamma").information()
    assert report.cross_entropy.value == expected.cross_entropy.value
    assert report.cross_entropy.se == pytest.approx(expected.cross_entropy.se, rel=1e-12)
    assert report.optimism == pytest.approx(expected.optimism, rel=1e-12)
    assert report.entropy is None
    assert "in memory" in report.reasons["entropy"]


@pytest.mark.parametrize("ask", [lambda s: s.x, lambda s: s.lower, lambda s: s.weight, lambda s: s.truncated(0)])
def test_what_needs_all_rows_at_once_is_refused(ask):
    sample = mle.scan(X, None) if ask.__code__.co_names != ("weight",) else weighted()
    with pytest.raises(DataError, match=f"needs all {sample.n_rows} rows at once"):
        ask(sample)


def weighted():
    return mle.scan(pa.table({"x": X, "w": np.ones(N)}), "x", weights="w")


@pytest.mark.parametrize(
    "x",
    [
        X,
        np.append(X, 1.5),
        np.sort(X),
        np.round(X - 3),
        np.full(N, 3.0),
        np.repeat([0.0, 1.0], N // 2),
        np.where(np.arange(N) % 8 == 0, X, 100 + X),  # of which the sketch sees one kind only
    ],
)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_quantiles_are_those_of_memory(x, is_weighted):
    weight = np.resize(WEIGHTS, len(x)) if is_weighted else None
    table = pa.table({"x": x} if weight is None else {"x": x, "w": weight})
    scanned = mle.scan(table, "x", weights=None if weight is None else "w")
    expected = mle.Sample(x, weight)
    levels = (0.0, 1e-7, 0.001, 0.25, 0.5, 0.9, 0.9999, 1.0)
    assert [scanned.quantile(p) for p in levels] == [expected.quantile(p) for p in levels]
    assert not scanned.in_memory


def test_a_law_of_order_statistics_is_fitted_by_passes():
    x = np.random.default_rng(3).laplace(3.0, 2.0, N)
    fit, expected = mle.fit(mle.scan(x), "laplace"), mle.fit(x, "laplace")
    assert fit.params["loc"] == expected.params["loc"]
    assert fit.params["scale"] == pytest.approx(expected.params["scale"], rel=1e-13)
    assert fit.llf == pytest.approx(expected.llf, rel=1e-14)


def test_few_rows_are_held(folder):
    sample = mle.scan(pa.table({"x": X[:IN_MEMORY_ROWS]}))
    assert sample.in_memory
    assert mle.fit(sample, "laplace").params == mle.fit(X[:IN_MEMORY_ROWS], "laplace").params


def test_a_sample_is_not_read_to_be_shown():
    sample = mle.scan(pa.table({"rain": X}))
    assert repr(sample) == "Sample: column 'rain' of the Table, not read yet"
    assert sample.nobs == N
    assert repr(sample).startswith(f"Sample: {N} observations of column 'rain' of the Table, from 0.00")


def test_moments_and_sketches_come_by_blocks():
    sample = mle.scan(X)
    assert sample.mean() == pytest.approx(X.mean(), rel=1e-13)
    assert sample.var() == pytest.approx(X.var(), rel=1e-12)
    assert not sample.is_integer
    kept = sample.sketch(10**9).x
    assert SKETCHED_ROWS / 2 < len(kept) <= SKETCHED_ROWS
    np.testing.assert_array_equal(kept, X[:: -(-N // len(kept))])
    assert sum(len(x) for x, _ in sample.blocks(1_000)) == N


def test_a_stream_serves_a_fit_of_one_pass():
    table = pa.table({"x": X})
    fit = mle.fit(mle.scan(once(table)), "lognormal")
    expected = mle.fit(X, "lognormal")
    assert fit.params == expected.params
    assert fit.llf == expected.llf
    assert "only once" in fit.information().reasons["cross_entropy_se"]


def test_a_stream_cannot_serve_a_second_pass():
    with pytest.raises(DataError, match="a second pass over the data is needed, and this stream can be read only once"):
        mle.fit(mle.scan(once(pa.table({"x": X}))), "logistic")


def test_an_exponential_family_is_one_pass(monkeypatch):
    passes = []
    monkeypatch.setattr(ScannedSample, "_pass", counted(ScannedSample._pass, passes))
    fit = mle.fit(mle.scan(X), "inverse_gaussian")
    assert fit.llf < 0
    assert fit.bse["mu"] > 0
    assert len(passes) == 1


def test_all_that_a_fit_can_tell_is_three_passes(monkeypatch):
    passes = []
    monkeypatch.setattr(ScannedSample, "_pass", counted(ScannedSample._pass, passes))
    fit = mle.fit(mle.scan(X), "gamma")
    record = fit.to_dict() | fit.information().to_dict()
    assert record["nobs"] == N
    assert len(passes) == 3  # the fit, the outer products of its scores, the spread of its log-densities


def test_rows_are_kept_for_a_sketch_in_the_first_pass_only(monkeypatch):
    kept = []
    monkeypatch.setattr(scanned, "_every", counted(scanned._every, kept))
    sample = mle.scan(X)
    sample.read()
    assert kept
    kept.clear()
    assert sample.mean() == pytest.approx(X.mean(), rel=1e-12)
    assert not kept


def counted(function, calls):
    def calling(*args, **kwargs):
        calls.append(args)
        return function(*args, **kwargs)

    return calling


def test_a_head_unlike_the_rest_does_not_cost_digits():
    """The first rows choose the centre about which squares are summed; where they mislead it is chosen again."""
    x = np.concatenate([np.zeros(3 * CHUNK_ROWS), 1e9 + np.random.default_rng(1).normal(size=40 * CHUNK_ROWS)])[1:]
    fit = mle.fit(mle.scan(x), "normal")
    assert fit.params["sigma"] == pytest.approx(x.std(), rel=1e-9)
    late = np.concatenate([np.zeros(10), 1e9 + np.random.default_rng(1).normal(size=N)])
    assert mle.fit(mle.scan(late[10:]), "normal").params["sigma"] == pytest.approx(late[10:].std(), rel=1e-9)


# --- what cannot be read ----------------------------------------------------------------------------------------------


def changed(value):
    x = X.copy()
    x[ROW] = value
    return x


@pytest.mark.parametrize(("value", "what"), [(np.nan, "is missing"), (np.inf, r"is infinite \(inf\)")])
def test_a_bad_value_is_named_with_its_row(tmp_path, value, what):
    pq.write_table(pa.table({"x": changed(value)}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=rf"a\.parquet: the observation in row {ROW} {what}"):
        mle.fit(mle.scan(tmp_path / "a.parquet"), "gamma")


def test_the_row_is_that_of_its_file(tmp_path):
    for k, x in enumerate((X, changed(np.nan))):
        np.save(tmp_path / f"{k}.npy", x)
    with pytest.raises(DataError, match=rf"1\.npy: the observation in row {ROW} is missing"):
        mle.fit(mle.scan(tmp_path), "gamma")


def test_missing_values_may_be_left_out():
    mask = np.zeros(N, dtype=bool)
    mask[ROW] = True
    table = pa.table({"x": pa.array(X, mask=mask)})
    assert mle.fit(mle.scan(table, nan_policy="omit"), "gamma").params == mle.fit(np.delete(X, ROW), "gamma").params


def test_a_bad_weight_is_named_with_its_row():
    weight = np.ones(N)
    weight[ROW] = -1
    with pytest.raises(WeightError, match=rf"the weight of row {ROW} is negative \(-1\)"):
        mle.fit(mle.scan(pa.table({"x": X, "w": weight}), "x", weights="w"), "gamma")


@pytest.mark.parametrize(
    ("value", "family", "advice"), [(-0.5, "gamma", "Remove them"), (2.5, "poisson", "must be whole numbers")]
)
def test_an_observation_outside_the_support_is_named_with_its_row(value, family, advice):
    x = (X if family == "gamma" else COUNTS).astype(float)
    x[ROW] = value
    with pytest.raises(SupportError, match=rf"1 of {N} observations .* first is x\[{ROW}\] = {value:g}\. .*{advice}"):
        mle.fit(mle.scan(x), family)


def test_a_truncated_parquet_file_is_refused(folder, tmp_path):
    whole = (folder / "all.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.parquet: cannot be read: .*not written to the end"):
        mle.scan(tmp_path / "cut.parquet", "x")


def test_a_damaged_page_is_refused_with_its_row(folder, tmp_path):
    damaged = bytearray((folder / "all.parquet").read_bytes())
    column = pq.ParquetFile(folder / "all.parquet").metadata.row_group(5).column(0)
    first = column.dictionary_page_offset or column.data_page_offset
    damaged[first : first + 5_000] = bytes(5_000)
    (tmp_path / "damaged.parquet").write_bytes(damaged)
    with pytest.raises(DataError, match=r"damaged\.parquet: cannot be read after row [23]\d{5}"):
        mle.fit(mle.scan(tmp_path / "damaged.parquet", "x"), "gamma")


def test_the_row_is_that_of_the_file_whichever_thread_reads_it(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("mle_toolkit.data.sources.parquet.RUN_ROWS", 1)
    test_a_damaged_page_is_refused_with_its_row(folder, tmp_path)
    pq.write_table(pa.table({"x": changed(np.nan)}), tmp_path / "a.parquet", row_group_size=60_000)
    with pytest.raises(DataError, match=rf"a\.parquet: the observation in row {ROW} is missing"):
        mle.fit(mle.scan(tmp_path / "a.parquet"), "gamma")


def test_a_run_that_ends_early_is_refused(monkeypatch):
    """Where a file holds fewer rows than it says, what follows would be summed in other blocks."""
    source = SOURCES["array"](None)._source
    monkeypatch.setattr(
        type(source), "runs", lambda self: [Run(N - 1, self.pieces(again=True)), Run(1, self.pieces(again=True))]
    )
    with pytest.raises(DataError, match=f"expected {N - 1} rows from row 0 on, got {N}"):
        mle.scan(X).read()


def test_a_line_cut_short_is_refused(folder, tmp_path):
    (tmp_path / "cut.csv").write_text((folder / "all.csv").read_text()[:-6])
    with pytest.raises(DataError, match=rf"cut\.csv: line {N + 1} has 1 of 3 fields"):
        mle.fit(mle.scan(tmp_path / "cut.csv", "x"), "gamma")


def test_a_truncated_compressed_file_is_refused(folder, tmp_path):
    whole = gzip.compress((folder / "all.csv").read_bytes(), compresslevel=1)
    (tmp_path / "whole.csv.gz").write_bytes(whole)
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    assert mle.scan(tmp_path / "whole.csv.gz", "x").nobs == N
    with pytest.raises(DataError, match=r"cut\.csv\.gz: cannot be read after row \d+: .*Truncated"):
        mle.fit(mle.scan(tmp_path / "cut.csv.gz", "x"), "gamma")


def test_a_truncated_array_is_refused(folder, tmp_path):
    whole = (folder / "x.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.npy: not a whole \.npy file"):
        mle.scan(tmp_path / "cut.npy")


def test_text_among_numbers_is_named_with_its_row(folder, tmp_path):
    lines = (folder / "all.csv").read_text().splitlines()
    lines[ROW + 1] = "wet,0,1"
    (tmp_path / "text.csv").write_text("\n".join(lines))
    with pytest.raises(DataError, match=rf"expected real numbers in column 'x'; row {ROW} is 'wet'"):
        mle.fit(mle.scan(tmp_path / "text.csv", "x"), "gamma")


@pytest.mark.parametrize(
    "text",
    [
        "x\n1.5\n2.5\n\n",
        "x\r\n1.5\r\n2.5\r\n\r\n\r\n",
        "\n\nx\n1.5\n2.5",
        "\ufeff\nx\n1.5\n2.5\n",
        "x\r1.5\r2.5\r",
        " x , y\n 1.5 , 2\n\n 2.5 , 3\n\n",
        'x,y\n1.5,"7,8\n9,9"\n2.5,"a ""b"" c"\n',
        "x;y\n1.5;1,5\n2.5;2,5\n",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_csv_is_read_as_in_memory(tmp_path, text, packed):
    path, plain = tmp_path / ("a.csv.gz" if packed else "a.csv"), tmp_path / "plain.csv"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    plain.write_bytes(text.encode())
    _, expected = read_sample(str(plain), Form(column="x"))
    np.testing.assert_array_equal(mle.scan(path, "x").lower, expected.lower)


def test_quoted_cells_may_straddle_what_is_read_at_once(tmp_path):
    lines = "".join(f'{k}.5,"line {k}\n7,8"\n' for k in range(100_000))
    (tmp_path / "a.csv").write_text("x,y\n" + lines)
    np.testing.assert_array_equal(mle.scan(tmp_path / "a.csv", "x").lower, np.arange(100_000) + 0.5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('x,y\n1.5,"wet\n2.5,c\n', "line 3 is not CSV: unexpected end of data"),
        ('x,y\n1.5,"wet\n2.5,c\n3.5,"dry\n', "line 4 is not CSV: ',' expected after '\"'"),
        ("x,y\n1.5,2\n2.5\n3.5,1\n", "line 3 has 1 of 2 fields"),
        ("x\n1,5\n", "line 2 has 2 of 1 fields"),
        ("x\n1.5\nwet\n", "expected real numbers in column 'x'; row 1 is 'wet'"),
        ("x\n1.5\n1_000\n", "row 1 is '1_000'"),
        ("x\n1.5\n\n2.5\n", "the observation in row 1 is missing"),
        ("x\n1.5\n2.5\nNA\n", "the observation in row 2 is missing"),
        ("\n\n", "empty, without even a header"),
        ("x\n", "no observations"),
        ("größe\n1.5\n".encode("latin-1"), "its first line is not UTF-8"),
        ("x\n1.5\n".encode("utf-16"), "its first line is not UTF-8"),
    ],
)
def test_what_is_wrong_in_a_csv_file_is_said_with_its_place(tmp_path, text, says):
    (tmp_path / "a.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=re.escape(says)):
        mle.scan(tmp_path / "a.csv", "x" if isinstance(text, str) and "x" in text else None).read()


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_the_files_of_a_folder_have_one_column_in_common(tmp_path, kind):
    for k, name in enumerate(["mm", "mm", "inches"]):
        table = pa.table({name: [1.5, 2.5]})
        path = tmp_path / f"{k}.{kind}"
        pq.write_table(table, path) if kind == "parquet" else path.write_text(f"{name}\n1.5\n2.5\n")
    with pytest.raises(UnknownNameError, match=rf"2\.{kind}: there is no column 'mm'; its columns: inches"):
        mle.scan(tmp_path)


def test_whole_numbers_may_be_followed_by_others(tmp_path):
    (tmp_path / "a.csv").write_text("x\n" + "1\n" * 600_000 + "2.5\n")
    assert mle.scan(tmp_path / "a.csv").maximum == 2.5


def test_a_column_that_changes_type_is_refused(tmp_path):
    pq.write_table(pa.table({"x": X}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"x": ["wet", "dry"]}), tmp_path / "1.parquet")
    with pytest.raises(DataError, match=r"1\.parquet: expected real numbers in column 'x', got string"):
        mle.scan(tmp_path, "x")


@pytest.mark.parametrize("name", ["all.parquet", "all.csv"])
def test_a_missing_column_is_named_with_those_there_are(folder, name):
    with pytest.raises(UnknownNameError, match=r"there is no column 'rain'; its columns: x, count, weight"):
        mle.scan(folder / name, "rain")
    with pytest.raises(UnknownNameError, match="say which one"):
        mle.scan(folder / name)


def test_a_file_that_changes_between_passes_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", X)
    sample = mle.scan(tmp_path / "x.npy")
    assert sample.nobs == N
    with (tmp_path / "x.npy").open("r+b") as file:
        file.seek(-8, 2)
        file.write(np.float64(1e6).tobytes())
    with pytest.raises(DataError, match=r"a further pass found .* written to meanwhile"):
        mle.fit(sample, "logistic")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (lambda path: path / "x.txt", "not a file of a known kind"),
        (lambda path: path, "holds no file of a known kind"),
        (lambda path: 3.0, "expected a path, an array or an Arrow stream"),
        (lambda path: np.array(["a"]), "expected real numbers"),
        (lambda path: np.ones((3, 2)), "expected one column"),
        (lambda path: pa.table({"x": ["a"]}), "expected real numbers in column 'x', got string"),
        (lambda path: pa.table({"x": [None, None]}, pa.schema([("x", pa.float64())])), "is missing"),
        (lambda path: pa.table({"x": pa.array([], pa.float64())}), "no observations"),
    ],
)
def test_what_is_no_column_is_refused(tmp_path, source, problem):
    where = tmp_path / "empty"
    where.mkdir()
    data = source(where)
    if hasattr(data, "suffix") and data.suffix:
        data.write_text("1")
    with pytest.raises(DataError, match=problem):
        mle.fit(mle.scan(data), "gamma")


def test_a_missing_file_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape("nothing.parquet")):
        mle.scan(tmp_path / "nothing.parquet", "x")


# --- the terminal -----------------------------------------------------------------------------------------------------


class Terminal:
    """Standard error as a terminal."""

    encoding = "utf-8"

    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text
        return len(text)

    def flush(self):
        pass


def test_progress_is_shown_on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(progress, "SECONDS_BEFORE_PROGRESS", 0.0)
    assert mle.scan(X).nobs == N
    assert "reading the array" in sys.stderr.text


def test_nothing_is_shown_elsewhere(capsys, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BEFORE_PROGRESS", 0.0)
    assert mle.scan(X).nobs == N
    assert capsys.readouterr() == ("", "")


def test_pages_of_a_private_map_are_kept(folder):
    """Letting go of them would undo what the user wrote there."""
    private = np.load(folder / "x.npy", mmap_mode="c")
    private[:] = 2.0 * private
    assert mle.fit(mle.scan(private), "exponential").params["scale"] == pytest.approx(2 * X.mean())
    assert private[0] == 2.0 * X[0]
