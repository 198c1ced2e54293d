"""How many passes over memory a fit of long data takes, and how much memory of its own.

    python benchmarks/memory_passes.py [--n N] [--family NAME ...] [--repeat K] [--budget SECONDS] [--without-memory]

One pass is the time of `np.sum` of the same array; calls alternate in one process. "certified passes" are those of the
fit with its standard errors and the verdict on the maximum. Measure at 1e7 rows or more: fewer fit into the processor's
cache. "extra mb" is by how much the largest resident size of a process of its own grew in a fit, after a fit of fewer
rows had loaded what it needs; that loading is "loading mb".
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from _common import (
    TRUTH,
    Plot,
    alternate,
    arguments_of,
    draw,
    family_of,
    largest_resident_mb,
    parser_of,
    progress,
    publish,
    tier,
)

import mle_toolkit as mle

TARGETS = {
    "normal": 1.5,
    "gamma": 1.5,
    "beta": 1.5,
    "inverse_gaussian": 1.5,
    "student_t": 4.5,
    "gpd": 4.5,
    "lognormal": 3.0,
    "logistic": 12.0,
    "gev": 50.0,
    "weibull": 10.0,
    "gumbel": 10.0,
}
"""Passes that a fit of 1e7 rows or more should need at most."""

WARM_ROWS = 1_000_003
"""Rows of the fit that loads what longer ones need; it has temporaries of one block, as they."""


def measure(name: str, n: int, repeat: int, budget: float) -> dict[str, Any]:
    """Fit one family and sum its data, in turn."""
    family, x = family_of(name), draw(name, n)

    def certified() -> mle.Fit:
        fit = mle.fit(x, family)
        _, _ = fit.bse, fit.certificate
        return fit

    calls = {"pass": lambda: np.sum(x), "fit": lambda: mle.fit(x, family), "certified": certified}
    timing = alternate(calls, repeat, budget=budget)
    fit = timing["fit"].result
    passes, span = timing["fit"].over(timing["pass"])
    return {
        "family": name,
        "n": n,
        "tier": tier(fit),
        "pass_ms": timing["pass"].median_ms,
        "fit_ms": timing["fit"].median_ms,
        "passes": passes,
        "range": span,
        "target": TARGETS.get(name),
        "certified_passes": timing["certified"].over(timing["pass"])[0],
    }


def memory_of(name: str, n: int, numba: bool) -> tuple[float, float]:
    """What loading and a fit add to the largest resident size of a process of its own, in MB."""
    command = [sys.executable, __file__, "--memory-of", name, "--n", str(n)]
    ran = subprocess.run(command if numba else [*command, "--without-numba"], check=True, stdout=subprocess.PIPE)
    loading, extra = map(float, ran.stdout.split())
    return loading, extra


def print_memory(name: str, n: int) -> None:
    """Fit, and say how the largest resident size grew; in a process in which nothing else is done."""
    few, family = draw(name, min(n, WARM_ROWS)), family_of(name)
    x = np.resize(few, n) if n > len(few) else few
    loading = _growth_mb(few, family)
    print(loading, _growth_mb(x, family))


def _growth_mb(x: np.ndarray, family: mle.Family) -> float:
    """Largest resident size in a fit, less that before it."""
    Path("/proc/self/clear_refs").write_text("5")  # the largest size is now the present one
    before = largest_resident_mb()
    fit = mle.fit(x, family)
    _, _ = fit.bse, fit.certificate
    return largest_resident_mb() - before


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--n", type=int, default=10_000_000)
    parser.add_argument("--family", action="append", choices=sorted(TRUTH), help="default: all")
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of calls of a fit (default 60)")
    parser.add_argument("--without-memory", action="store_true", help="measure times only")
    parser.add_argument("--memory-of", choices=sorted(TRUTH), help="measure the memory of one fit, in this process")
    arguments = arguments_of(parser)
    if arguments.memory_of:
        print_memory(arguments.memory_of, arguments.n)
        return 0

    own_process = not arguments.without_memory and sys.platform == "linux"
    notes = [] if own_process or arguments.without_memory else ["memory is measured on Linux only"]
    rows = []
    for name in arguments.family or TRUTH:
        row = measure(name, arguments.n, arguments.repeat, arguments.budget)
        if own_process:
            row["loading_mb"], row["extra_mb"] = memory_of(name, arguments.n, not arguments.without_numba)
        rows.append(row)
        progress(name)
    publish(__doc__, arguments, rows, Plot("dots", "family", "passes", label="passes over memory", guide=1.0), notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
