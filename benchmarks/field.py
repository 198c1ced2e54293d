"""Every case of tests/field, put to us and to the peers that can take it: right, wrong, refused, crashed, seconds.

    python benchmarks/field.py [--quick] [--only CASE ...] [--system NAME ...] [--json FILE] [--page FILE]

A case is data with a known answer: `tests/field/cases.json`, whose values come from mpmath, from an independent search,
or from the literature. All of them were collected because *we* were once wrong, slow or mute there, which is a choice
against us; since then they are tests of ours, which is one for us. Each system is asked in the way its documentation
shows, with its defaults, in a process of its own that is ended after 60 s. What came back is judged alike for all:

right           the number agrees; or a refusal, where the right answer is that there is none
wrong, said so  another number, with a warning, or with a flag that says that it is not to be trusted
wrong           another number, and not a word
refused         an error that says that it will not, where there is an answer
crashed         any other exception, or a number that is none
no answer       60 s were not enough
-               not asked: the system does not offer it, or we have not found how

Peers that are not installed are left out.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import math
import multiprocessing
import os
import time
import warnings
from collections import Counter
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from _common import arguments_of, parser_of, progress, publish
from _field import SECONDS, Case, cases

import mle_toolkit as mle

REFUSED = (ValueError, NotImplementedError)
"""What a system raises on purpose; mle_toolkit's own errors and lifelines' are such too."""

QUICK = {"gengamma-cdf-underflow", "lifelines-533", "crow-amsaa", "F2-04-t-local-13", "F2-15-von-mises-degrees"}
"""Cases of a quick run."""

SYSTEMS = (
    "mle-toolkit", "scipy", "statsmodels", "lifelines", "surpyval", "reliability", "openturns", "fitter", "distfit",
    "powerlaw",
)  # fmt: skip


OWN = {"ConvergenceError", "InvalidArgumentException"}
"""Names of errors by which lifelines and OpenTURNS refuse; that of the latter stands in the text of a TypeError."""

BEFORE = {
    "mle-toolkit": ("mle_toolkit", "scipy.stats"),
    "scipy": ("scipy.stats",),
    "statsmodels": ("statsmodels.discrete.count_model", "statsmodels.discrete.truncated_model"),
    "surpyval": ("surpyval", "surpyval.recurrent"),
    "reliability": ("reliability.Fitters",),
    "fitter": ("fitter", "scipy.stats"),
    "distfit": ("distfit", "scipy.stats"),
}
"""Modules that are imported before the time is taken."""


# --- asking and judging -----------------------------------------------------------------------------------------------


def answer(case: Case, system: str) -> dict[str, Any]:
    """What a system makes of a case, in a process of its own that is ended when it takes too long."""
    context = multiprocessing.get_context("fork")
    ours_end, its_end = context.Pipe(duplex=False)
    process = context.Process(target=_ask, args=(case, system, its_end))
    process.start()
    its_end.close()
    try:
        said = ours_end.recv() if ours_end.poll(SECONDS + 20.0) else None
    except EOFError:
        said = {"error": "the process ended", "refused": False, "seconds": math.nan}
    process.kill()
    process.join()
    if said is None or said["seconds"] > SECONDS:
        return {"verdict": "no answer", "seconds": SECONDS, "said": ""}
    return {"verdict": judged(case, said), "seconds": said["seconds"], "said": said.get("error", said.get("value"))}


def _ask(case: Case, system: str, end: Any) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    logging.disable(logging.CRITICAL)
    begin = time.perf_counter()
    said: dict[str, Any] = {}
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stderr(io.StringIO()):
        for module in BEFORE.get(system, (system,)):
            importlib.import_module(module)
        warnings.resetwarnings()
        warnings.simplefilter("always")
        caught.clear()
        begin = time.perf_counter()
        try:
            said = {"value": float(np.asarray(case.asked[system](), float))}
        except Exception as error:  # that of any system, of any kind
            its_own = f"{type(error).__name__} {error}".split(" ")
            ours_too = isinstance(error, mle.MleError) or not OWN.isdisjoint(its_own[:2])
            said = {
                "error": f"{type(error).__name__}: {error}"[:200],
                "refused": ours_too or (isinstance(error, REFUSED) and bool(str(error))),
            }
        said["seconds"] = time.perf_counter() - begin
        said["warned"] = any(_speaks_of_the_search(warning) for warning in caught)
    end.send(said)


def _speaks_of_the_search(warning: Any) -> bool:
    """Whether a warning says something of the answer, rather than of the code that found it."""
    return not issubclass(
        warning.category, (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ResourceWarning)
    )


def judged(case: Case, said: dict[str, Any]) -> str:
    """The verdict of one answer."""
    none_is_right = math.isnan(case.right)
    if "error" in said:
        return ("right" if none_is_right else "refused") if said["refused"] else "crashed"
    value = said["value"]
    if math.isnan(value):
        return "crashed"
    good = case.enough <= value < math.inf if none_is_right else math.isclose(value, case.right, rel_tol=case.rtol)
    if good:
        return "right"
    return "wrong, said so" if said["warned"] else "wrong"


# --- what is written --------------------------------------------------------------------------------------------------

AFTERWORD = """\
The cases were chosen where we had been wrong, and mended since: that ours are right here is what tests are for, and no
measure of how often we are right elsewhere; [the campaign](campaign.md) is. Where ours refuse, an answer exists that we
do not give. Nor are the others judged as a whole: SciPy's `fit` promises a local search and no more; lifelines and
reliability are for survival, and do much that is not asked here; OpenTURNS' factories often mean other estimators than
maximum likelihood. phitter and lmoments3, which fit by moments, are not asked. *Wrong* means: not the maximum of the
likelihood that was asked for. Seconds are of one call, on two cores that had other work to do."""

VERDICTS = ("right", "wrong, said so", "wrong", "refused", "crashed", "no answer")


def version_of(system: str) -> str:
    """Its version."""
    return mle.__version__ if system == "mle-toolkit" else metadata.version(system)


def page(results: dict[str, Any]) -> str:
    """The page of the documentation."""
    systems = list(results["versions"])
    answers = {s: [case["answers"][s] for case in results["cases"] if s in case["answers"]] for s in systems}
    counts = {s: Counter(found["verdict"] for found in answers[s]) for s in systems}
    took = {s: float(np.median([found["seconds"] for found in answers[s]])) for s in systems}
    said = ", ".join(f"{s} {v}" for s, v in results["versions"].items())
    lines = [
        "# The field",
        "",
        "Data on which programs for fitting go wrong, put to all of them that can be installed beside each other. "
        "`python benchmarks/field.py` asks, judges and writes this page.",
        "",
        *_as_page(),
        "",
        f"Asked on {results['date']}: {said}.",
        "",
        "## How many of each",
        "",
        "| system | cases | " + " | ".join(VERDICTS) + " | median seconds |",
        "|---|" + "---:|" * (len(VERDICTS) + 2),
        *(
            f"| {s} | {len(answers[s])} | {' | '.join(str(counts[s][v] or '') for v in VERDICTS)} | {took[s]:.2g} |"
            for s in systems
        ),
        "",
        "## Case by case",
        "",
        "Verdict and seconds. Names are those of `tests/field/cases.json`, which has sources, data and right answers.",
        "",
        "| case | asks for | " + " | ".join(systems) + " |",
        "|---|---|" + "---|" * len(systems),
        *(
            f"| {case['name']} | {case['asks']} | " + " | ".join(_cell(case["answers"].get(s)) for s in systems) + " |"
            for case in results["cases"]
        ),
        "",
        "## What to make of it",
        "",
        AFTERWORD,
        "",
    ]
    return "\n".join(lines)


def _as_page() -> list[str]:
    """What this script says of itself, its list as a table."""
    _, _, about, listed, last = (__doc__ or "").strip().split("\n\n")
    rows = [(line[:15].strip(), line[15:].strip()) for line in listed.splitlines()]
    return [
        about,
        "",
        "| verdict | what came back |",
        "|---|---|",
        *(f"| {k} | {text} |" for k, text in rows),
        "",
        last,
    ]


def _cell(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    verdict = f"**{found['verdict']}**" if found["verdict"] in ("wrong", "crashed") else found["verdict"]
    return f"{verdict}, {found['seconds']:.2g}"


def main() -> int:
    """Ask, judge, write."""
    parser = parser_of(__doc__)
    parser.add_argument("--quick", action="store_true", help="five cases, ours and SciPy's")
    parser.add_argument("--only", action="append", help="a case; default: all")
    parser.add_argument("--system", action="append", choices=SYSTEMS, help="default: all that are installed")
    parser.add_argument("--page", help="file of the page")
    arguments = arguments_of(parser)
    modules = {"mle-toolkit": "mle_toolkit"}
    wanted = arguments.system or (["mle-toolkit", "scipy"] if arguments.quick else SYSTEMS)
    systems = [s for s in SYSTEMS if s in wanted and find_spec(modules.get(s, s)) is not None]
    asked = [case for case in cases() if not arguments.only or case.name in arguments.only]
    if arguments.quick:
        asked = [case for case in asked if case.name in QUICK]
    results: dict[str, Any] = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "versions": {s: version_of(s) for s in systems},
        "cases": [],
    }
    for case in asked:
        answers = {s: answer(case, s) for s in systems if s in case.asked}
        progress(f"{case.name}: " + "; ".join(f"{s} {a['verdict']}, {a['said']}" for s, a in answers.items()))
        results["cases"].append({"name": case.name, "asks": case.asks, "right": case.right, "answers": answers})
    rows = [
        {"case": case["name"], "system": s, "verdict": a["verdict"], "seconds": a["seconds"]}
        for case in results["cases"]
        for s, a in case["answers"].items()
    ]
    publish(__doc__, arguments, rows)
    if arguments.page:
        Path(arguments.page).write_text(page(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
