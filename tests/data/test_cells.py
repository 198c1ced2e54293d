"""Files as people have them are read for what they say, with a word about what was guessed; doubt is an error."""

import bz2
import json
import lzma
import sqlite3
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mle_toolkit as mle
from mle_toolkit.data.form import Form
from mle_toolkit.data.reading import Reading
from mle_toolkit.data.tables import read_sample
from mle_toolkit.errors import DataError, ParameterError, UnknownNameError


@pytest.fixture
def file(tmp_path):
    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def _read(path, **options):
    """Columns as lists, and what was said."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        frame = mle.read(path, **options)
    return {name: frame[name].tolist() for name in frame}, "; ".join(str(w.message) for w in said)


@pytest.mark.parametrize(
    ("content", "expected", "said"),
    [
        ("x;y\n1,5;2\n2,25;4\n", {"x": [1.5, 2.25], "y": [2, 4]}, "decimal commas"),
        ("x\n1,5\n2,25\n", {"x": [1.5, 2.25]}, "decimal commas"),
        ("a;b\n1,234;5,5\n2,500;6,25\n", {"a": [1.234, 2.5], "b": [5.5, 6.25]}, "column 'a': decimal commas"),
        ("a;b\n1.234;5,5\n2.500;6,25\n", {"a": [1234, 2500], "b": [5.5, 6.25]}, "'.' between thousands"),
        ('x\n"1,234.50"\n"2,000"\n', {"x": [1234.5, 2000]}, "',' between thousands"),
        ("x\n1,234,567\n", {"x": [1234567]}, "',' between thousands"),
        ("x\n1\u202f234,5\n2 000\n", {"x": [1234.5, 2000]}, "' ' between thousands"),
        ("x\n1'234.5\n2'000\n", {"x": [1234.5, 2000]}, "between thousands"),
        ("x\n$5\n$6.50\n", {"x": [5, 6.5]}, "amounts in $"),
        ("x\n5 €\n-6,5 €\n", {"x": [5, -6.5]}, "amounts in €"),
        ("x\n12%\n3.5 %\n", {"x": [0.12, 0.035]}, "12 % is 0.12"),
        ("x\n($1,234.50)\n$5\n", {"x": [-1234.5, 5]}, "amounts in $"),
        ("x\n\u22125\n6\n", {"x": [-5, 6]}, ""),
        ("sep=;\nx;y\n1;2\n", {"x": [1], "y": [2]}, ""),
        ("# from the lab\n# 2020\nx,y\n1,2\n", {"x": [1], "y": [2]}, "begin with '#' left out"),
        ("#chrom\tx\n1\t2\n", {"chrom": [1], "x": [2]}, ""),
        ("x  y\n1  2\n 3   4\n", {"x": [1, 3], "y": [2, 4]}, "spaces between columns"),
        ("waiting time\n1\n2\n", {"waiting time": [1, 2]}, ""),
        ("x|y\n1|2\n", {"x": [1], "y": [2]}, "'|' between columns"),
        ("x,x\n1,2\n", {"x": [1], "x.1": [2]}, "2 columns are called 'x'"),
        ("größe;x\n1;2\n".encode("utf-16"), {"größe": [1], "x": [2]}, ""),
        ("größe;x\n1;2\n".encode("utf-16-le"), {"größe": [1], "x": [2]}, "UTF-16-LE without a mark"),
        ("größe\n1\n".encode("latin-1"), {"größe": [1]}, "not UTF-8, read as cp1252"),
        ('{"a": 1, "b": "u"}\n{"a": 2.5}\n', {"a": [1, 2.5], "b": ["u", None]}, ""),
        ('[{"a": 1}, {"a": 2.5}]', {"a": [1, 2.5]}, ""),
        ('{"of": 2023, "rows": [{"a": 1}, {"a": 2.5}]}', {"a": [1, 2.5]}, "the records under 'rows'"),
        ('{\n"a": [1, 2.5],\n"b": ["u", "v"]\n}', {"a": [1, 2.5], "b": ["u", "v"]}, "an object of columns"),
        ('{"a": {"0": 1, "1": 2.5}, "b": {"1": "v"}}', {"a": [1, 2.5], "b": [None, "v"]}, "an object of columns"),
        ('{"a": 1, "b": "u"}', {"a": [1], "b": ["u"]}, ""),
        ("x;y\n1 234,50 kr;1\n98,10 kr;2\n", {"x": [1234.5, 98.1], "y": [1, 2]}, "amounts in kr"),
        ("x\nR$ 1,50\nR$ 2,5\n", {"x": [1.5, 2.5]}, "amounts in R$"),
        ("x\n1.5-\n2.5\n", {"x": [-1.5, 2.5]}, "a minus behind a number is its sign"),
        ('x\n"12,34,567"\n"1,23,456.5"\n', {"x": [1234567, 123456.5]}, "',' between thousands"),
        ("Losses of 2023\n\nx,y\n1,2\n3,4\n", {"x": [1, 3], "y": [2, 4]}, "2 lines above the header left out"),
        ("x\n1,5\n2,5\n", {"x": [1.5, 2.5]}, "decimal commas"),
        ("сумма;x\n1;2\n".encode("utf-16"), {"сумма": [1], "x": [2]}, ""),
        (bz2.compress(b"x,y\n1,2\n"), {"x": [1], "y": [2]}, ""),
        (lzma.compress(b"x,y\n1,2\n"), {"x": [1], "y": [2]}, ""),
        ("BZh,x\n1,2\n", {"BZh": [1], "x": [2]}, ""),
    ],
)
def test_what_people_write_is_read_and_what_was_guessed_is_said(file, content, expected, said):
    found, heard = _read(file(content))
    assert found == expected
    assert said in heard
    assert bool(said) == bool(heard)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x\n1,234\n5,678\n", "'1,234', which may be '1.234' or '1234'"),
        ("a;b\n1.234;0,5\n2,345;1\n", None),
        ("x\n1,5\n2.5\n", "both decimal commas and decimal points"),
        ("x\n$5\n€6\n", "several units ('$', '€')"),
        ("x\n12%\n0.5\n", "several units (none, '%')"),
    ],
)
def test_what_can_be_read_in_two_ways_is_asked_for(file, content, message):
    column = content.split("\n")[0].split(";")[0]
    if message is None:  # another column tells
        with pytest.warns(UserWarning, match="decimal commas"):
            assert read_sample(file(content), Form(column=column))[1].x.tolist() == [1234.0, 2.345]
        return
    with pytest.raises(DataError) as caught:
        read_sample(file(content), Form(column=column))
    assert message in str(caught.value)


def test_options_overrule(file):
    assert _read(file("x\n1,234\n5,678\n"), decimal=",")[0] == {"x": [1.234, 5.678]}
    assert _read(file("x\n1,234\n5,678\n"), thousands=",")[0] == {"x": [1234, 5678]}
    assert _read(file("x;y\n1;n.v.\n2;3\n"), na_values="n.v.")[0]["y"][1] == 3.0
    assert _read(file("x\n-9\n2\n"), na_values=["-9"])[0]["x"][1] == 2.0
    assert _read(file("x\n1\n% no\n2\n"), comment="%")[0] == {"x": [1, 2]}
    assert _read(file("a,b;c\n1;2\n"), delimiter=";")[0] == {"a,b": [1], "c": [2]}
    with pytest.raises(DataError, match=r"line 2 is '1\.5', not a number with a decimal comma"):
        read_sample(file("x\n1.5\n2\n"), reading=Reading(decimal=","))


@pytest.mark.parametrize(
    "wrong",
    [{"decimal": ";"}, {"thousands": "_"}, {"decimal": ",", "thousands": ","}, {"delimiter": "ab"}, {"comment": ""}],
)
def test_options_are_checked(wrong):
    with pytest.raises(ParameterError, match="--"):
        Reading(**wrong)


def test_marks_of_missing_values_are_missing(file):
    path = file("x\n1\n-\nn/a\n3\n")
    with (
        pytest.warns(UserWarning, match="1 cell '-' read as missing, 1 cell 'n/a'"),
        pytest.raises(DataError, match=r"2 of 4 observations are missing"),
    ):
        read_sample(path)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (("Failed", "Censored"), None),
        (("Relapse", "lost to follow-up"), None),
        (("Event", "No event"), None),
        (("dead", "alive"), None),
        (("F", "S"), None),
        (("2", "1"), "2"),
        (("ja", "nein"), "Ja"),
    ],
)
def test_words_of_events(file, words, value):
    path = file(f"t,e\n1,{words[0]}\n2,{words[1]}\n3,{words[0]}\n")
    form = Form(time="t", event="e")
    if value is None:
        with pytest.warns(UserWarning, match=f"'{words[0]}' read as the event"):
            sample = read_sample(path, form)[1]
    else:
        sample = read_sample(path, form, reading=Reading(event_value=value))[1]
    assert np.isfinite(sample.upper).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("t,e\n1,ja\n2,nein\n", "line 2 is 'ja', of which it is not known whether it is an event"),
        ("t,e\n1,2\n2,1\n", "holds 1 and 2; say which is the event: --event-value 2"),
    ],
)
def test_events_that_are_not_known_are_asked_for(file, content, message):
    with pytest.raises(DataError) as caught:
        read_sample(file(content), Form(time="t", event="e"))
    assert message in str(caught.value)


def test_names_forgive_case_where_there_is_no_doubt_and_the_nearest_are_named(file):
    path = file(",".join(f"reading_{k}" for k in range(50)) + ",Loss\n" + ",".join(["1"] * 51) + "\n")
    assert read_sample(path, Form(column="loss"))[1].x.tolist() == [1.0]
    with pytest.raises(UnknownNameError) as caught:
        read_sample(path, Form(column="lossen"))
    assert "Loss" in str(caught.value)
    assert len(str(caught.value)) < 200
    with pytest.raises(UnknownNameError):
        read_sample(file("Loss,LOSS\n1,2\n"), Form(column="loss"))


def test_spreadsheets(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "losses"
    for row in ([], ["x", "name"], [1.5, "a"], ["2,5", None], [None, "c"]):
        book.active.append(row)
    book.create_sheet("other").append(["y"])
    path = str(tmp_path / "book.xlsx")
    book.save(path)
    found, said = _read(path)
    assert (found["x"][:2], found["name"]) == ([1.5, 2.5], ["a", None, "c"])
    assert "sheet 'losses', the first of 2" in said
    with pytest.raises(DataError, match="no sheet 'z'; sheets: losses, other"):
        mle.read(path, sheet="z")
    bad = tmp_path / "bad.xlsx"
    bad.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(DataError, match="not a readable spreadsheet"):
        mle.read(bad)


def test_numbers_of_a_spreadsheet_beside_percentages_are_of_another_unit(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["x"], ["12%"], [0.5]):
        book.active.append(row)
    book.save(tmp_path / "book.xlsx")
    with pytest.raises(DataError, match="several units"):
        read_sample(str(tmp_path / "book.xlsx"), Form(column="x"))


def test_rows_of_titles_above_the_header_of_a_sheet_are_left_out(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Losses")
    sheet["A1"] = "Losses of 2023"
    sheet.merge_cells("A1:B1")
    for row in ([], ["id", "x"], [1, 1.5], [2, 2.5]):
        sheet.append(row)
    for row in (["x"], ["only one column"], [1]):
        book.active.append(row)
    book.save(tmp_path / "book.xlsx")
    found, heard = _read(tmp_path / "book.xlsx", sheet="losses")
    assert found == {"id": [1, 2], "x": [1.5, 2.5]}
    assert "2 rows above the header left out" in heard
    assert _read(tmp_path / "book.xlsx", sheet=1)[0] == {"x": ["only one column", "1"]}


def test_an_archive_is_read_where_one_file_is_in_it(tmp_path):
    for names in (["a.csv"], ["a.csv", "b.csv"]):
        with zipfile.ZipFile(tmp_path / f"{len(names)}.zip", "w") as archive:
            for name in names:
                archive.writestr(name, "x\n1.5\n")
    assert mle.read(tmp_path / "1.zip")["x"].tolist() == [1.5]
    with pytest.raises(DataError, match=r"an archive of 2 files \(a.csv, b.csv\); unpack one of them"):
        mle.read(tmp_path / "2.zip")


@pytest.mark.parametrize(
    "content",
    [
        b"\x89HDF\r\n\x1a\n\x00\x00\x00\x00\x00\x08\x08\x00",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00\x00\x00",
        b"\x28\xb5\x2f\xfd\x04\x00\x11\x02\x03",
    ],
    ids=["HDF5", "old spreadsheet", "zstandard"],
)
def test_what_is_neither_text_nor_known_is_refused(file, content):
    with pytest.raises(DataError, match="neither text nor a file of a kind that is read here"):
        mle.read(file(content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"x": [1, 2], "y": [1]}', r"columns of several lengths: x \(2\), y \(1\)"),
        ('{"a": [{"x": 1}], "b": [{"x": 2}]}', "records under each of a, b"),
    ],
)
def test_an_object_that_is_no_table_is_refused(file, content, message):
    with pytest.raises(DataError, match=message):
        mle.read(file(content))


def test_the_encoding_that_is_named_is_believed(file):
    path = file("сумма;x\n1;2\n".encode("utf-16-le"))
    assert mle.read(path, encoding="utf-16-le")["сумма"].tolist() == [1]
    with pytest.raises(DataError, match="neither text"):
        mle.read(path)


def test_one_column_of_texts_with_commas_has_no_title(file):
    with pytest.raises(DataError, match="line 2 has 2 of 1 fields"):
        mle.read(file("name\nRoe, Max\nDoe, Jane\nPoe, Ann\n"))


def test_data_bases(tmp_path):
    path = tmp_path / "base.db"
    with sqlite3.connect(path) as base:
        base.execute("create table t (x real, k text)")
        base.executemany("insert into t values (?, ?)", [(1.5, "a"), (2.5, "b")])
    base.close()
    assert mle.read(f"sqlite:{path}", sql="select x from t order by x")["x"].tolist() == [1.5, 2.5]
    with pytest.raises(ParameterError, match="say what to read of it: --sql"):
        mle.read(f"sqlite:{path}")
    with pytest.raises(DataError, match="no such table"):
        mle.read(f"sqlite:{path}", sql="select * from absent")
    with pytest.raises(DataError, match=r"readonly|read-only"):
        mle.read(f"sqlite:{path}", sql="delete from t")
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "duck.db")) as base:
        base.execute("create table t as select 1.5 as x union all select 2.5")
    assert sorted(mle.read(f"duckdb:{tmp_path / 'duck.db'}", sql="select x from t")["x"]) == [1.5, 2.5]
    with pytest.raises(DataError, match="absent"):
        mle.read(f"duckdb:{tmp_path / 'duck.db'}", sql="select * from absent")


def test_arrow_files(tmp_path):
    pa = pytest.importorskip("pyarrow")
    with (
        pa.OSFile(str(tmp_path / "x.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, pa.schema([("x", pa.float64())])) as out,
    ):
        out.write_table(pa.table({"x": [1.5, 2.5]}))
    assert read_sample(str(tmp_path / "x.arrow"))[1].x.tolist() == [1.5, 2.5]
    with (
        pa.OSFile(str(tmp_path / "stream"), "wb") as sink,
        pa.ipc.new_stream(sink, pa.schema([("x", pa.float64())])) as out,
    ):
        out.write_table(pa.table({"x": [1.5, 2.5]}))
    assert mle.read(tmp_path / "stream")["x"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize("content", ['{"a": 1}\nnot json\n', "[1, 2]", '{"a":1}\n[2]\n', "[" * 100_000])
def test_what_is_no_json_is_refused(file, content):
    with pytest.raises(DataError):
        mle.read(file(content, "data.jsonl"))


@given(
    st.lists(st.floats(-1e9, 1e9).map(lambda v: round(v, 3)), min_size=1, max_size=8),
    st.sampled_from(",."),
    st.sampled_from(["", "'", " "]),
    st.sampled_from(["", "€", "%"]),
)
def test_numbers_survive_any_way_of_writing_them(tmp_path_factory, values, decimal, thousands, unit):
    values = [0.25, *values]
    texts = [f"{v:,.4f}".replace(",", "t").replace(".", decimal).replace("t", thousands) + unit for v in values]
    path = tmp_path_factory.mktemp("cells") / "x.csv"
    path.write_text("x;y\n" + "".join(f"{text};1\n" for text in texts), encoding="utf-8")
    found, _ = _read(path)
    expected = [float(f"{v:.4f}{'e-2' if unit == '%' else ''}") for v in values]  # to the last digit
    np.testing.assert_array_equal(found["x"], expected)
    assert json.dumps(found["y"]) == json.dumps([1] * len(values))
