"""What one tab is told: columns, samples, laws as they come, tables, calculations, files, and errors."""

import json
import re
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mle_toolkit as mle
from mle_toolkit.app.desk import Desk
from mle_toolkit.app.worker import answer

RIVERS = {"source": "@rivers", "name": "@rivers", "kind": "exact", "column": "length"}


@pytest.fixture
def tab():
    """Ask as a tab does; gives the answers, last of which is that it is done."""
    told = []

    def tell(kind, **facts):
        told.append({"kind": kind, **facts})

    desk = Desk()

    def ask(verb, said):
        told.clear()
        answer(desk, {"verb": verb, "said": said}, tell)
        assert told[-1]["kind"] == "done"
        return [one for one in told if one["kind"] != "progress"]

    return ask


def values_in(html):
    return [float(value) for value in re.findall(r'data-value="([^"]*)"', html)]


def test_a_file_shows_its_columns_and_first_rows(tab, tmp_path):
    (tmp_path / "a.csv").write_text("city,<b>x</b>\n" + "Ulm,1.5\n" * 30)
    opened = tab("open", {"source": str(tmp_path / "a.csv"), "name": "a.csv"})[0]
    assert (opened["columns"], opened["numeric"]) == (["city", "<b>x</b>"], ["<b>x</b>"])
    assert opened["html"].count("Ulm") == 8
    assert "<b>" not in opened["html"]


def test_a_parquet_file_shows_its_types(tab, tmp_path):
    table = pa.table({"x": [1.5, 2.5, 4.0], "n": [1, 2, 1], "city": ["Ulm", "Bonn", "Kiel"]})
    pq.write_table(table, tmp_path / "a.parquet")
    said = {"source": str(tmp_path / "a.parquet"), "name": "a.parquet", "kind": "exact"}
    opened = tab("open", said)[0]
    assert (opened["columns"], opened["numeric"]) == (["x", "n", "city"], ["x", "n"])
    assert "double" in opened["html"]
    assert "4 observations in 3 weighted rows" in tab("look", said | {"column": "x", "counts": "n"})[0]["form"]


def test_a_data_set_brings_its_form(tab):
    opened = tab("open", {"source": "@leukaemia", "name": "@leukaemia"})[0]
    assert opened["kind_of_rows"] == "time"
    assert {"time", "event"} <= set(opened["form"])


def test_laws_come_one_by_one_and_then_the_ranking_of_compare(tab):
    answers = tab("rank", RIVERS | {"laws": "student_t, gamma, exponential, beta"})
    laws = [one for one in answers if one["kind"] == "law"]
    assert [law["name"] for law in laws] == ["exponential", "gamma", "beta", "student_t"], "fewest parameters first"
    assert [(law["done"], law["total"]) for law in laws] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    comparison = mle.compare(mle.datasets.load("rivers").sample(), ["gamma", "exponential", "student_t"])
    for law in laws:
        if law["name"] == "beta":
            assert "outside" in law["reason"]
        else:
            assert law["aic"] == comparison.fits[law["name"]].aic
    shown = next(one for one in answers if one["kind"] == "show")
    assert shown["best"] == next(iter(comparison.fits))
    assert set(comparison.table["cross_entropy"]) <= set(values_in(shown["html"]))


def test_a_law_is_shown_without_a_ranking_and_its_line_can_be_dragged(tab):
    shown = tab("law", RIVERS | {"law": "gamma"})[0]
    fit = mle.fit(mle.datasets.load("rivers").sample(), "gamma")
    assert (shown["parameters"], shown["of_vectors"]) == (["shape", "scale"], False)
    line = json.loads(re.search(r'class="line-data">(.*?)</script>', shown["html"]).group(1))
    assert line["parameters"][0]["nll"][line["at"]] == fit.cross_entropy
    assert {fit.params["shape"], fit.params["scale"]} <= set(values_in(shown["html"]))


@pytest.mark.parametrize(
    ("what", "at", "method", "right"),
    [
        ("quantile", "0.5, 0.9", "wald", lambda fit: [fit.quantile(0.5), fit.quantile(0.9)]),
        ("return_level", "100", "profile", lambda fit: [fit.return_level(100, method="profile")]),
        ("exceedance", "1000", "wald", lambda fit: [fit.derive(lambda law: float(law.sf(1000.0)))]),
    ],
)
def test_calculations_are_those_of_the_fit(tab, what, at, method, right):
    shown = tab("calculate", RIVERS | {"law": "gamma", "what": what, "at": at, "method": method})[0]
    found = right(mle.fit(mle.datasets.load("rivers").sample(), "gamma"))
    arguments = [float(part) for part in at.split(",")]
    expected = [v for a, e in zip(arguments, found, strict=True) for v in (a, e.value, e.se, *e.interval)]
    np.testing.assert_allclose(values_in(shown["html"]), expected, rtol=1e-12)


def test_counts_have_quantiles_without_intervals_and_the_reason(tab):
    said = {
        "source": "@horse_kicks",
        "name": "@horse_kicks",
        "kind": "exact",
        "column": "deaths",
        "counts": "frequency",
    }
    opened = tab("open", said)[0]
    said |= {name: value for name, value in opened["form"].items() if isinstance(value, str)}
    said |= {"law": "poisson", "what": "quantile", "at": "0.9", "method": "wald"}
    said["column"] = said.get("column") or next(n for n in opened["numeric"] if n != said["counts"])
    shown = tab("calculate", said)[0]
    assert "quantiles of counts move in steps" in shown["html"]


def test_goodness_and_profile_are_those_of_the_fit(tab):
    fit = mle.fit(mle.datasets.load("rivers").sample(), "gamma")
    shown = tab("goodness", RIVERS | {"law": "gamma", "statistic": "ks", "replicates": "99"})[0]
    assert str(fit.goodness_of_fit("ks", n_resamples=99, rng=0)) in shown["html"]
    shown = tab("profile", RIVERS | {"law": "gamma", "parameter": "shape"})[0]
    assert str(fit.profile("shape")) in shown["html"]
    assert "<svg" in shown["html"]


def test_files_hold_the_results(tab):
    tab("rank", RIVERS | {"laws": "gamma, exponential"})
    file = tab("save", RIVERS | {"of": "ranking", "what": "json"})[0]
    assert file["name"] == "ranking.json"
    assert [row["family"] for row in json.loads(file["text"])["table"]] == ["gamma", "exponential"]
    assert tab("save", RIVERS | {"of": "ranking", "what": "csv"})[0]["text"].startswith("rank,group,family,")
    tab("law", RIVERS | {"law": "exponential"})
    file = tab("save", RIVERS | {"of": "law", "what": "csv"})[0]
    assert file["text"].splitlines()[0] == "parameter,estimate,std_error,lower,upper"
    file = tab("save", RIVERS | {"of": "law", "what": "html"})[0]
    assert "mle fit @rivers --column length -d exponential" in file["text"]


def test_groups_are_beside_one_law_for_all(tab):
    said = {"source": "@leukaemia", "name": "@leukaemia", "kind": "time", "time": "weeks", "event": "relapsed"}
    shown = tab("groups", said | {"by": "mercaptopurine", "law": "weibull"})[0]
    data = mle.datasets.load("leukaemia")
    one = mle.fit(data.sample(), "weibull")
    fits = mle.fit_groups(data.frame(), "mercaptopurine", "right_censored(weeks, relapsed)", "weibull")
    gain = fits.table["llf"].sum() - one.llf
    assert f"Likelihood ratio {2 * gain:.4g}, chi-squared with 2 degrees" in shown["html"]
    assert f"worth {gain / 42:.4g} nats" in shown["html"]
    kl = mle.kl_divergence(fits.of(0.0).distribution, fits.of(1.0).distribution, rng=0)
    assert f"KL(0 ‖ 1) = {kl.value:.6g} nats" in shown["html"]
    file = tab("save", said | {"of": "groups", "what": "csv"})[0]
    assert len(file["text"].splitlines()) == 3


def test_groups_without_a_law_are_said_and_not_tested(tab, tmp_path):
    (tmp_path / "g.csv").write_text("g,x\n" + "a,1.5\na,2.5\na,3.7\n" * 3 + "b,2\nb,2\n")
    said = {"source": str(tmp_path / "g.csv"), "name": "g.csv", "kind": "exact", "column": "x"}
    shown = tab("groups", said | {"by": "g", "law": "gamma"})[0]
    assert "Not every group has a law" in shown["html"]
    assert "chi-squared" not in shown["html"]


def test_a_regression_is_that_of_regress(tab):
    said = {"source": "@leukaemia", "name": "@leukaemia", "formula": "right_censored(weeks, relapsed) ~ mercaptopurine"}
    shown = tab("regress", said | {"law": "weibull", "others": "shape ~ mercaptopurine"})[0]
    frame = mle.datasets.load("leukaemia").frame()
    fit = mle.regress(said["formula"], frame, "weibull", shape="~ mercaptopurine")
    assert {round(v, 9) for v in fit.coefficients} <= {round(v, 9) for v in values_in(shown["html"])}
    record = json.loads(tab("save", said | {"of": "regression", "what": "json"})[0]["text"])
    assert record["llf"] == pytest.approx(fit.llf, rel=1e-12)


def test_other_data_are_read_anew_and_other_laws_are_not(tab):
    first = tab("look", RIVERS)[0]
    assert "141 observations" in first["form"]
    assert "<svg" in first["html"]
    assert first["left"] == "length"
    other = tab("look", RIVERS | {"truncated_below": "100"})[0]
    assert "window" in other["form"]
    assert "nothing to save" in tab("save", RIVERS | {"of": "ranking", "what": "json"})[0]["text"]


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("x\n1\n2\nabc\n", "line 4 is 'abc', not a number", "column"),
        ("x\n1\n\n2\n", "missing", ""),
        ("", "empty", ""),
        ("\x00\x01\x02PAR1", "column 'x' not found", "column"),
        ("x,y\n1,2\n3\n", "line 3 has 1 of 2 fields", ""),
    ],
)
def test_a_bad_file_is_said_and_the_tab_lives(tab, tmp_path, text, words, place):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    said = {"source": str(path), "name": "bad.csv", "kind": "exact", "column": "x"}
    problem = next(one for one in tab("look", said) if one["kind"] == "problem")
    assert words in problem["text"]
    assert problem["place"] == place
    assert tab("law", RIVERS | {"law": "gamma"})[0]["kind"] == "show"


def test_what_is_not_there_is_said(tab):
    assert "choose a file" in tab("open", {})[0]["text"]
    assert "cannot be read" in tab("open", {"source": "/no/such/file.csv"})[0]["text"]
    assert "'gama'" in tab("law", RIVERS | {"law": "gama"})[0]["text"]
    assert "no question" in tab("shout", RIVERS)[0]["text"]


def test_a_file_is_called_as_the_user_calls_it_and_not_by_its_copy(tab, tmp_path):
    path = tmp_path / "0.csv"
    path.write_text("x;y\n1,5;a\n2,5;b\n3,5;c\n")
    said = {"source": str(path), "name": "<i>mine</i>.csv", "kind": "exact", "column": "x"}
    told = [
        *tab("open", said),
        *tab("look", said),
        *tab("look", said | {"column": "y"}),
        *tab("law", said | {"law": "gamma"}),
    ]
    told += tab("save", said | {"of": "law", "what": "html"})
    assert str(tmp_path) not in str(told)
    assert any("<i>mine</i>.csv" in str(one["warnings"]) for one in told if one["kind"] == "done")
    pages = [one["html"] for one in told if "html" in one] + [one["text"] for one in told if one["kind"] == "file"]
    assert any("&lt;i&gt;mine" in page for page in pages)
    assert all("<i>mine" not in page for page in pages)


def test_warnings_are_told(tab, tmp_path):
    (tmp_path / "a.csv").write_text("x;y\n1,5;a\n2,5;b\n")
    said = {"source": str(tmp_path / "a.csv"), "name": "a.csv", "kind": "exact", "column": "x"}
    done = tab("look", said)[-1]
    assert any("column 'x'" in warning and "a.csv" in warning for warning in done["warnings"])
    assert str(tmp_path) not in str(done)


def test_the_process_answers_in_lines_and_what_is_printed_is_no_answer():
    question = json.dumps({"verb": "look", "said": RIVERS}) + "\n"
    command = [sys.executable, "-m", "mle_toolkit.app.worker"]
    found = subprocess.run(command, input=question, capture_output=True, text=True, check=True, timeout=120)
    answers = [json.loads(line) for line in found.stdout.splitlines()]
    assert [one["kind"] for one in answers] == ["progress", "show", "done"]
