"""What the benchmarks share, and the page made of their results; no test looks at a time."""

import importlib
import json
import math
import shutil
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

import mle_toolkit as mle

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    """Import a benchmark as its own process does: from its folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "").parent == BENCHMARKS:
            del sys.modules[name]


def test_every_script_is_run(load):
    scripts = {path.stem for path in BENCHMARKS.glob("*.py") if not path.stem.startswith("_")}
    assert scripts - {"run_all", "report", "same_bits"} <= {run.script for run in load("run_all").RUNS.values()}


def test_calls_alternate_and_the_first_is_left_out(load):
    made = []
    timing = load("_common").alternate({"a": lambda: made.append("a"), "b": lambda: made.append("b")}, 3)
    assert made[:4] == ["a", "b", "a", "b"]
    assert made.count("a") == made.count("b") == len(timing["a"].times) + 1


def test_a_call_that_takes_the_budget_is_made_once(load):
    made = []
    timing = load("_common").alternate({"slow": lambda: made.append(1)}, 3, budget=0.0)
    assert len(made) == len(timing["slow"].times) == 1


def test_short_calls_are_made_twice_in_a_row_where_that_is_asked_for(load, monkeypatch):
    """The second of a long call is its first, and there are as many of both."""
    common = load("_common")
    made = []
    took = {"a": 0.1, "b": 2.0}
    monkeypatch.setattr(common, "seconds", lambda call: (took[call()], None))
    calls = {name: lambda name=name: made.append(name) or name for name in took}
    timing = common.alternate(calls, 2, short=0.0, twice_below=1.0)
    assert made == ["a", "b", "a", "a", "b", "a", "a", "b"]
    assert timing["a"].again == (0.1, 0.1)
    assert timing["b"].second_calls.times == (2.0, 2.0)


def test_a_long_first_call_is_timed(load, monkeypatch):
    common = load("_common")
    took = iter([3.0, 0.1, 4.0, 0.2])
    monkeypatch.setattr(common, "SHORT_SECONDS", 0.0)
    monkeypatch.setattr(common, "seconds", lambda call: (next(took), call()))
    timing = common.alternate({"long": lambda: "a", "short": lambda: "b"}, 1, budget=10.0)
    assert timing["long"].times == (3.0, 4.0)
    assert timing["short"].times == (0.2,)


def test_ratios_are_of_neighbours(load):
    timing = load("_common").Timing
    ratio, span = timing((2.0, 9.0, 8.0), None).over(timing((1.0, 3.0, 2.0), None))
    assert (ratio, span) == (3.0, (2.0, 4.0))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0"),
        (12345.6, "12,300"),
        (0.1234, "0.123"),
        (2.5e-9, "2.5e-09"),
        (1000, "1,000"),
        ((1.0, 2.5), "1 to 2.5"),
    ],
)
def test_cells(load, value, text):
    assert load("_common").shown(value) == text


@pytest.mark.parametrize("name", ["gamma", "normal_mixture", "poisson"])
def test_data_are_of_their_law(load, name):
    common = load("_common")
    x, law = common.draw(name, 2_000), mle.distribution(common.family_of(name), **common.TRUTH[name])
    assert abs(x.mean() - law.mean()) < 5 * math.sqrt(law.var() / len(x))
    assert np.array_equal(x, common.draw(name, 2_000))


def test_long_data_repeat(load, monkeypatch):
    common = load("_common")
    monkeypatch.setattr(common, "DRAWN_ROWS", 101)
    x = common.draw("normal", 250)
    assert len(x) == 250
    assert np.array_equal(x[:101], x[101:202])


def test_reference_is_the_maximum_of_the_normal_law(load):
    accuracy, x = load("accuracy"), load("_common").draw("normal", 50)
    from mpmath import mp, mpf, workdps

    with workdps(accuracy.WORKING_DIGITS):
        values = [mpf(value) for value in x.tolist()]
        mean = sum(values) / 50
        sigma = mp.sqrt(sum((value - mean) ** 2 for value in values) / 50)
        reference = accuracy.Reference("normal", x, [float(mean), float(sigma)])
        assert abs(reference.params[0] - mean) < mpf(10) ** -38
        assert abs(reference.params[1] - sigma) < mpf(10) ** -38
        assert abs(reference.errors[0] - sigma / mp.sqrt(50)) < mpf(10) ** -18


def test_scipy_and_we_fit_the_same_parameters(load):
    """A peer with more free parameters could not be compared."""
    peers = load("_peers")
    for name, (law, fixed) in peers.SCIPY.items():
        assert mle.get_family(name).n_free == law.numargs + 2 - len(fixed), name


# --- peers ------------------------------------------------------------------------------------------------------------


def broken_import(name, x):
    raise ImportError("no module named 'theirs'")


def raises(name, x):
    return importlib.import_module("_peers").Task(lambda: 1 / 0, float)


def raises_later(name, x):
    return importlib.import_module("_peers").Task(lambda: 1.0, lambda params: 1 / 0)


@pytest.mark.parametrize("broken", [broken_import, raises, raises_later])
def test_a_peer_that_fails_is_a_row_that_says_so(load, monkeypatch, broken):
    speed = load("fit_speed")
    monkeypatch.setitem(speed.PEERS, "theirs", broken)
    row = speed.measure("normal", 50, "theirs", 1, 1.0)
    assert row["verdict"].startswith("theirs failed: ")
    assert speed.by_family([row]) == [{"family": "normal", "n": 50, "theirs": "failed"}]
    assert speed.by_peer([row]) == [{"peer": "theirs", "n": 50, "laws": 1, "failed": 1}]


def cell(family, ratio, gain, peer="theirs"):
    return {
        "family": family,
        "n": 100,
        "peer": peer,
        "calls": 3,
        "ratio": ratio,
        "certified_ratio": ratio / 2,
        "llf_less_peers": gain,
    }


def test_summaries_say_who_is_faster_and_who_is_short(load):
    speed = load("fit_speed")
    rows = [cell("normal", 8.0, 0.0), cell("gamma", 0.5, 1.5), cell("beta", 4.0, math.inf), cell("gpd", 2.0, math.nan)]
    (line,) = speed.by_peer(rows)
    assert (line["median_ratio"], line["ratio_range"], line["median_certified_ratio"]) == (3.0, (0.5, 8.0), 1.5)
    assert line["faster_than_ours"] == "gamma"
    assert line["short"] == "gamma, beta, gpd"
    by_family = {line["family"]: line["theirs"] for line in speed.by_family(rows)}
    assert by_family["normal"] == 8.0
    assert by_family["gamma"] == "0.5 (short by 1.5)"


def test_a_note_says_where_ours_is_the_worse_answer(load):
    notes_on = load("fit_speed").notes_on
    assert notes_on([cell("normal", 8.0, -2e-7)], 20.0)[-1].endswith("nowhere")
    assert "theirs gamma 100 (-0.5)" in notes_on([cell("normal", 8.0, 0.0), cell("gamma", 8.0, -0.5)], 20.0)[-1]
    few = cell("gamma", 8.0, 0.0) | {"calls": 1}
    assert any("fewer than three calls: theirs gamma 100 (1)" in note for note in notes_on([few], 20.0))


def test_hard_data_show_a_fit_that_stops_short(load):
    wrong = load("wrong_optima")
    case = next(case for case in wrong.CASES if (case.data, case.peer) == ("t(3) about 10,000", "scipy"))
    row = wrong.measure(case, 2)
    assert (row["raised"], row["short"], row["our_verdicts"]) == (0, 2, "2 interior")
    assert row["range"][0] > 50.0


def test_our_ranking_is_right_more_often_than_chance(load):
    rank_all = load("rank_all")
    assert rank_all.share_right(rank_all.TOOLS["mle.compare"], 1) > 0.5
    assert rank_all.share_right(rank_all.TOOLS["scipy, all laws"], 1) is None


# --- all of them ------------------------------------------------------------------------------------------------------

WRITES = "import sys, pathlib; pathlib.Path(sys.argv[sys.argv.index('--json') + 1]).write_text('{}')\n"


def test_a_run_that_fails_does_not_end_the_others(load, monkeypatch, tmp_path, capfd):
    run_all, results = load("run_all"), tmp_path / "results"
    (tmp_path / "fails.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "writes.py").write_text(WRITES)
    (tmp_path / "hangs.py").write_text("import time; time.sleep(100)\n")
    monkeypatch.setattr(run_all, "HERE", tmp_path)
    monkeypatch.setattr(run_all, "MOST_SECONDS", 1.0)
    runs = {name: run_all.Run(name, "", "") for name in ("fails", "hangs", "writes")}
    runs["needy"] = run_all.Run("writes", "", "", ("no_such_module",))
    runs["apart"] = run_all.Run("writes", "", "", own_page=True)
    monkeypatch.setattr(run_all, "RUNS", runs)
    results.mkdir()
    (results / "fails.json").write_text("of another day")

    monkeypatch.setattr(sys, "argv", ["run_all.py", "--full", "--out", str(results)])
    assert run_all.main() == 1
    assert [path.name for path in results.iterdir()] == ["writes.json"]
    said = capfd.readouterr().out
    for part in ("failed, exit code 3", "took more than 1 s", "done in", "no_such_module not installed"):
        assert part in said

    (results / "hangs.json").write_text("{}")
    (tmp_path / "fails.py").write_text(WRITES)
    (tmp_path / "writes.py").write_text("raise SystemExit(3)\n")
    monkeypatch.setattr(sys, "argv", ["run_all.py", "--full", "--resume", "--out", str(results)])
    assert run_all.main() == 0
    assert (results / "fails.json").exists()
    monkeypatch.setattr(sys, "argv", ["run_all.py", "--full", "--only", "apart", "--out", str(results)])
    assert run_all.main() == 1


@pytest.mark.parametrize("kind", ["dots", "lines"])
def test_page_has_table_plot_and_notes_and_the_same_bytes_again(load, tmp_path, kind):
    common, report = load("_common"), load("report")
    rows = [{"family": name, "n": n, "ms": n / 50} for name in ("gamma", "normal") for n in (100, 1_000)]
    plot = common.Plot(kind, "family" if kind == "dots" else "n", "ms", ("n",) if kind == "dots" else ("family",), "ms")
    out = tmp_path / "results" / "scaling.json"
    common.publish("Ask.\n\n    python it\n\nSay | more.", Namespace(json=out, repeat=2), rows, plot, ["a note"])
    record = json.loads(out.read_text())
    assert (record["title"], record["about"], record["rows"]) == ("Ask", ["Say | more."], rows)

    image, again = tmp_path / "a.svg", tmp_path / "b.svg"
    assert report.draw(record, image)
    assert report.draw(record, again)
    assert image.read_bytes() == again.read_bytes()
    page = report.section("scaling", record, "a.svg", True)
    for part in ("### scaling", "![scaling](a.svg)", "| gamma | 1,000 | 20 |", "- a note", "Ask.** Say | more."):
        assert part in page


def test_page_shows_summaries_and_folds_the_rows_away(load, tmp_path):
    common, report = load("_common"), load("report")
    out = tmp_path / "fit_speed.json"
    common.publish("Ask.", Namespace(json=out), [{"family": "gpd"}], summaries={"By peer": [{"peer": "theirs"}]})
    page = report.section("fit_speed", json.loads(out.read_text()), None, True)
    assert page.index("**By peer**") < page.index("| theirs |") < page.index("<details>") < page.index("| gpd |")


def test_report_replaces_what_was_generated_only(load, tmp_path, monkeypatch):
    common, report = load("_common"), load("report")
    docs = tmp_path / "docs"
    (docs / "explanation").mkdir(parents=True)
    page = docs / "explanation" / "benchmarks.md"
    shutil.copy(ROOT / "docs" / "explanation" / "benchmarks.md", page)
    before = page.read_text().split(report.BEGIN)[0]
    results = tmp_path / "results"
    common.publish("Ask.", Namespace(json=results / "scaling.json"), [{"n": 1}])
    monkeypatch.setattr(sys, "argv", ["report.py", str(results), "--docs", str(docs)])
    assert report.main() == 0
    first = page.read_text()
    assert report.main() == 0
    assert page.read_text() == first
    assert first.startswith(before)
    assert "| 1 |" in first.split(report.BEGIN)[1]


def test_report_keeps_the_sections_of_runs_without_results(load, tmp_path, monkeypatch):
    common, report = load("_common"), load("report")
    docs = tmp_path / "docs"
    (docs / "explanation").mkdir(parents=True)
    page = docs / "explanation" / "benchmarks.md"
    kept = "### fit_speed\n\n| a |\n|---|\n| 7 |"
    page.write_text(f"Before.\n{report.BEGIN}A machine.\n\n{kept}\n\n### scaling\n\nold\n{report.END}\nAfter.\n")
    common.publish("Ask.", Namespace(json=tmp_path / "results" / "scaling.json"), [{"n": 1}])
    monkeypatch.setattr(sys, "argv", ["report.py", str(tmp_path / "results"), "--docs", str(docs), "--update"])
    for _ in range(2):
        assert report.main() == 0
        text = page.read_text()
        assert text.startswith(f"Before.\n{report.BEGIN}A machine.\n\n{kept}\n\n### scaling\n\n**Ask.**")
        assert text.endswith(f"{report.END}\nAfter.\n")
        assert "old" not in text
        assert text.count("Machine: ") == 1


def test_nearly_collinear_designs_keep_the_digits_that_the_data_allow(load):
    """The sets of NIST, against exact rational arithmetic; Filip's powers of x leave 7 of 16 digits."""
    accuracy = load("regression_accuracy")
    sets = accuracy.linear_sets()
    lost = 0.0 if np.finfo(np.longdouble).eps < np.finfo(float).eps else 3.5  # where long doubles are doubles
    digits = {
        "Filip": 6.0, "Longley": 9.0, "Wampler3": 10.0 - lost, "Wampler4": 9.0 - lost, "Wampler5": 8.0 - lost,
        "Norris": 11.0,
    }  # fmt: skip
    for name, least in digits.items():
        ours = accuracy.measure_linear(name, sets[name])[0]
        assert ours["certified"] > 13  # the data are typed as NIST has them
        assert min(ours["coefficients"], ours["errors"], ours["spread"]) > least
        assert ours["verdict"] == "interior"
