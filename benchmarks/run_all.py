"""Run every benchmark, each in a process of its own, and keep what they write.

    python benchmarks/run_all.py --quick|--full [--only NAME ...] [--resume] [--out DIR]

`--quick` takes small data and few calls: it shows that all run, in about two minutes, and its times mean little.
`--full` is what the results page is made of (`python benchmarks/report.py`): some 40 minutes on two cores, on a machine
that does nothing else, without what has a page of its own, which runs where `--only` names it. A peer or an extra that
is not installed is left out, with a note. A run that fails, or takes longer than an hour, ends itself and no other; the
exit code is then 1, and `--resume` makes only the runs whose results are not there.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Run:
    """One call of a script.

    Attributes
    ----------
    script : str
        Its file, without the ending.
    quick, full : str
        Its arguments.
    needs : tuple of str
        Modules without which it is left out.
    own_page : bool
        Its results are no part of the page of benchmarks; it runs in full only where it is named.
    """

    script: str
    quick: str
    full: str
    needs: tuple[str, ...] = ()
    own_page: bool = False


MOST_SECONDS = 3600.0
"""A run that takes longer hangs."""

_OTHERS = "--peer statsmodels --peer iminuit --peer openturns --peer surpyval --peer fitter --peer distfit"
_SOME = "--family normal --family gamma --family weibull --family student_t --family gpd --family negative_binomial"
_ONE_PASS = "--family normal --family gamma --family beta --family inverse_gaussian --family student_t --family gpd"

RUNS: dict[str, Run] = {
    "fit_speed": Run(
        "fit_speed",
        "--family normal --family weibull --family gpd --n 1000 --repeat 3",
        "--repeat 3 --budget 20",
    ),
    "fit_speed_numpy": Run(
        "fit_speed",
        "--family gamma --family weibull --n 300000 --repeat 1 --without-numba",
        "--n 1000000 --repeat 3 --budget 20 --without-numba",
        ("numba",),
    ),
    "fit_speed_peers": Run(
        "fit_speed",
        f"{_OTHERS} --family normal --family weibull --n 1000 --repeat 2",
        f"{_OTHERS} --n 1000 --repeat 5 --budget 20",
    ),
    "fit_speed_peers_long": Run(
        "fit_speed",
        f"{_OTHERS} --family weibull --n 20000 --repeat 1",
        f"{_OTHERS} --n 100000 --repeat 3 --budget 20",
    ),
    "fit_speed_peers_longest": Run(
        "fit_speed",
        f"{_OTHERS} --family gamma --n 30000 --repeat 1",
        f"{_OTHERS} {_SOME} --n 1000000 --repeat 3 --budget 20",
    ),
    "wrong_optima": Run("wrong_optima", "--quick", ""),
    "censored_speed": Run("censored_speed", "--family weibull --n 50000 --repeat 2", ""),
    "censored_rank": Run("censored_rank", "--quick", "", own_page=True),
    "rank_all": Run("rank_all", "--n 1000 --repeat 1 --quick", "--all --repeat 3 --budget 20"),
    "memory_passes": Run(
        "memory_passes", "--family gamma --family student_t --n 1000000 --repeat 3", "--repeat 5 --budget 20"
    ),
    "memory_passes_long": Run(
        "memory_passes",
        "--family gamma --n 2000000 --repeat 1 --without-memory",
        f"{_ONE_PASS} --n 100000000 --repeat 3",
    ),
    "memory_passes_numpy": Run(
        "memory_passes",
        "--family gamma --n 1000000 --repeat 2 --without-numba --without-memory",
        "--repeat 3 --budget 20 --without-numba --without-memory",
        ("numba",),
    ),
    "scaling": Run("scaling", "--largest 1e6 --family gamma --family weibull --repeat 2", "--largest 1e8 --repeat 3"),
    "accuracy": Run("accuracy", "--family gamma --family gpd --n 211", "", ("mpmath",)),
    "import_time": Run("import_time", "--repeat 1", ""),
    "groups": Run(
        "groups", "--quick --groups 500 --family gamma --family weibull --repeat 2", "--repeat 3", ("pandas",)
    ),
    "out_of_core": Run("out_of_core", "--quick", "--repeat 3", ("pyarrow",)),
    "information_speed": Run("information_speed", "--n 20000 --repeat 1", "--repeat 3"),
    "bootstrap": Run("bootstrap", "--quick", "--repeat 3"),
    "intervals": Run("intervals", "--quick --repeat 1", "--repeat 3"),
    "regression_accuracy": Run("regression_accuracy", "--quick", ""),
    "regression_levels": Run("regression_levels", "--quick", ""),
    "regression_speed": Run("regression_speed", "--quick --repeat 1", "--repeat 3"),
    "coverage": Run("coverage", "--quick", "", own_page=True),
    "regression_campaign": Run(
        "regression_campaign", "--quick --workers 2", "--count 1000 --workers 2", ("mpmath",), own_page=True
    ),
    "campaign": Run("campaign", "--quick --workers 2", "--count 3000 --workers 2", ("mpmath",), own_page=True),
    "field": Run("field", "--quick", "", own_page=True),
    "dask_scaling": Run("dask_scaling", "--quick", "--repeat 3", ("dask", "distributed")),
    "dask_stragglers": Run("dask_stragglers", "--quick --workers 4", "", ("dask", "distributed")),
}
"""What is run, by the name of its results; a script stands more than once where it answers more than one question."""


def run_script(command: list[str]) -> str:
    """Run one script with all that it starts, and say how that ended."""
    process = subprocess.Popen(command, start_new_session=True)
    try:
        code = process.wait(MOST_SECONDS)
    except subprocess.TimeoutExpired:
        return f"ended, as it took more than {MOST_SECONDS:g} s"
    finally:
        with contextlib.suppress(ProcessLookupError):  # the usual case: nothing of it is left
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return "done" if code == 0 else f"failed, exit code {code}"


def main() -> int:
    """Run what was asked for; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--quick", action="store_true")
    size.add_argument("--full", action="store_true")
    parser.add_argument("--only", action="append", choices=list(RUNS), help="default: all")
    parser.add_argument("--resume", action="store_true", help="leave out runs whose results are there")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the JSON files")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    asked = arguments.only or [name for name, run in RUNS.items() if arguments.quick or not run.own_page]
    said: dict[str, str] = {}
    for name in asked:
        run, results = RUNS[name], arguments.out / f"{name}.json"
        missing = [module for module in run.needs if find_spec(module) is None]
        if missing:
            said[name] = f"left out, {' and '.join(missing)} not installed"
        elif arguments.resume and results.exists():
            said[name] = "left out, its results are there"
        else:
            results.unlink(missing_ok=True)  # results of another day would pass for those of a run that fails
            options = run.quick if arguments.quick else run.full
            print(f"== {name}: python benchmarks/{run.script}.py {options}", flush=True)
            begin = time.perf_counter()
            ended = run_script(
                [sys.executable, str(HERE / f"{run.script}.py"), *options.split(), "--json", str(results)]
            )
            said[name] = f"{ended} in {time.perf_counter() - begin:.0f} s"
        print(f"== {name}: {said[name]}\n", flush=True)
    print("\n".join(f"{name.ljust(max(map(len, said)))}  {text}" for name, text in said.items()))
    return 0 if all(text.startswith(("done", "left out")) for text in said.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
