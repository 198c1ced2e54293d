"""The simulation of coverage counts what it says, and its numbers do not depend on the number of workers."""

import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mle_toolkit as mle

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "coverage.py"


@pytest.fixture(scope="module")
def coverage():
    """The script as a module, under a name that no package has."""
    path = list(sys.path)
    spec = importlib.util.spec_from_file_location("benchmark_of_coverage", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]
    sys.path[:] = path


def test_it_is_not_taken_for_the_package_of_its_name():
    """Numba imports that package if there is one, and the folder of a script comes first."""
    code = f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import coverage"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert "ModuleNotFoundError: benchmarks/coverage.py is a script" in run.stderr


def test_intervals_are_counted_by_side(coverage):
    counts = {}
    for ends in ((0.0, 2.0), (0.0, 0.5), (1.5, 2.0), (1.5, math.inf), (math.nan, math.nan), None):
        coverage.enter(counts, "q", "m", 1.0, ends)
    assert counts == {("q", "m"): [6, 1, 1, 2]}
    (row,) = coverage.rows_of({("gamma", 20): counts})
    assert (row["share"], row["too_low"], row["too_high"], row["without"]) == (0.25, 0.25, 0.5, 2)


def test_wald_intervals_are_those_of_single_fits(coverage):
    seed = np.random.SeedSequence(1)
    counts = coverage.wald("weibull", 20, 40, seed, coverage.QUICK)
    expected = {}
    for x in coverage.draw("weibull", 20, 40, seed):
        fit = mle.fit(x, "weibull")
        for scale, method in (("domain", "wald"), ("plain", "wald, plain")):
            for key, ends in fit.conf_int(scale=scale).iterrows():
                coverage.enter(expected, key, method, coverage.TRUTHS["weibull"].params[key], tuple(ends))
    assert counts == expected


def test_the_deviance_tells_which_profile_intervals_hold_the_truth(coverage):
    effort = coverage.Effort(**{**vars(coverage.QUICK), "traced": 12})
    counts = coverage.profile("weibull", 20, 12, np.random.SeedSequence(2, spawn_key=(0,)), effort)
    assert [counts[key, "disagree"][:2] for key in ("shape", "scale")] == [[12, 0], [12, 0]]


@pytest.mark.parametrize("family", ["gamma", "weibull", "student_t", "negbin"])
def test_the_closest_law_is_that_of_a_very_large_sample(coverage, family):
    wrong, law = coverage.TRUTHS[family].wrong, coverage.truth_of(family)
    x = law.rvs(20_000, rng=1)
    terms = law.logpdf(x) - mle.fit(x, wrong).distribution.logpdf(x)
    assert abs(np.mean(terms) - coverage.closest(family, wrong)) < 4 * np.std(terms) / math.sqrt(len(x))


def test_the_result_is_the_same_for_any_number_of_workers(tmp_path):
    results = []
    for workers in (1, 2):
        out = tmp_path / f"{workers}.json"
        arguments = ["--quick", "--part", "bootstrap", "--part", "tests", "--workers", str(workers), "--json", str(out)]
        subprocess.run([sys.executable, str(SCRIPT), *arguments], check=True, capture_output=True)
        results.append(json.loads(out.read_text())["rows"])
    assert results[0] == results[1]
    assert {row["family"] for row in results[0]} == {"gamma", "poisson"}


def test_the_page_shows_shares_with_errors_and_broken_promises_in_bold(coverage, tmp_path):
    counts = {("shape", "wald"): [1000, 800, 200, 0], ("shape", "profile"): [1000, 950, 25, 25]}
    counts |= {("test", "ad"): [500, 475, 0, 25], ("kl, wrong", "kl"): [100, 47, 0, 3]}
    record = {
        "rows": coverage.rows_of({("gamma", 20): counts}),
        "notes": [],
        "machine": {"date": "2026-01-01", "versions": dict.fromkeys(("mle-toolkit", "numpy", "scipy"), "1.0")},
    }
    path = tmp_path / "page.md"
    path.write_text(f"Before\n{coverage.BEGIN}old\n{coverage.END}\nAfter\n", encoding="utf-8")
    coverage.write_page(path, record)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("Before\n<!-- generated -->\nSimulated on 2026-01-01")
    assert text.endswith("<!-- end -->\nAfter\n")
    assert "| gamma | 20 | shape | **0.800 ± 0.013** |  | 0.950 ± 0.007 |  |  |  |" in text
    assert "| gamma | 20 | test | 0.050 ± 0.010 |" in text
    assert "|  |  | 0.940 ± 0.037 (50% none) |  |" in text
