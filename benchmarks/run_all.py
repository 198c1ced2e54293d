"""Run every benchmark, each in a process of its own, and keep what they write.

    python benchmarks/run_all.py --quick|--full [--only NAME ...] [--out DIR]

`--quick` takes small data and few calls: it shows that all run, in about two minutes, and its times mean little.
`--full` is what the results page is made of (`python benchmarks/report.py`): some hours, on a machine that does nothing
else. A peer or an extra that is not installed is left out, with a note.
"""

from __future__ import annotations

import argparse
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
    """

    script: str
    quick: str
    full: str
    needs: tuple[str, ...] = ()


_OTHERS = "--peer statsmodels --peer iminuit --peer openturns --peer surpyval --peer fitter --peer distfit"

RUNS: dict[str, Run] = {
    "fit_speed": Run("fit_speed", "--family normal --family weibull --family gpd --n 1000 --repeat 3", ""),
    "fit_speed_numpy": Run(
        "fit_speed",
        "--family gamma --family weibull --n 300000 --repeat 1 --without-numba",
        "--n 1000000 --without-numba",
        ("numba",),
    ),
    "fit_speed_peers": Run(
        "fit_speed",
        f"{_OTHERS} --family normal --family weibull --n 1000 --repeat 2",
        f"{_OTHERS} --n 1000 --repeat 5",
    ),
    "fit_speed_peers_long": Run(
        "fit_speed",
        f"{_OTHERS} --family weibull --n 20000 --repeat 1",
        f"{_OTHERS} --n 100000 --repeat 5",
    ),
    "censored_speed": Run("censored_speed", "--family weibull --n 50000 --repeat 2", ""),
    "rank_all": Run("rank_all", "--n 1000 --repeat 2", "--all"),
    "memory_passes": Run("memory_passes", "--family gamma --family student_t --n 1000000 --repeat 3", "--n 100000000"),
    "memory_passes_numpy": Run(
        "memory_passes",
        "--family gamma --n 1000000 --repeat 2 --without-numba --without-memory",
        "--n 10000000 --without-numba --without-memory",
        ("numba",),
    ),
    "scaling": Run("scaling", "--largest 1e6 --family gamma --family weibull --repeat 2", "--largest 1e8"),
    "accuracy": Run("accuracy", "--family gamma --family gpd --n 211", "", ("mpmath",)),
    "import_time": Run("import_time", "--repeat 1", ""),
    "groups": Run("groups", "--quick --groups 500 --family gamma --family weibull --repeat 2", "", ("pandas",)),
    "out_of_core": Run("out_of_core", "--quick", "", ("pyarrow",)),
    "information_speed": Run("information_speed", "--n 20000 --repeat 1", ""),
    "bootstrap": Run("bootstrap", "--quick", ""),
    "intervals": Run("intervals", "--quick --repeat 1", ""),
    "coverage": Run("coverage", "--quick", ""),
    "dask_scaling": Run("dask_scaling", "--quick", "", ("dask", "distributed")),
}
"""What is run, by the name of its results; a script stands more than once where it answers more than one question."""


def main() -> int:
    """Run what was asked for; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--quick", action="store_true")
    size.add_argument("--full", action="store_true")
    parser.add_argument("--only", action="append", choices=list(RUNS), help="default: all")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the JSON files")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    failed = []
    for name in arguments.only or RUNS:
        run = RUNS[name]
        missing = [module for module in run.needs if find_spec(module) is None]
        if missing:
            print(f"== {name}: left out, {' and '.join(missing)} not installed\n", flush=True)
            continue
        options = run.quick if arguments.quick else run.full
        print(f"== {name}: python benchmarks/{run.script}.py {options}", flush=True)
        begin = time.perf_counter()
        command = [sys.executable, str(HERE / f"{run.script}.py"), *options.split()]
        code = subprocess.run([*command, "--json", str(arguments.out / f"{name}.json")], check=False).returncode
        print(
            f"{'done' if code == 0 else f'failed, exit code {code},'} in {time.perf_counter() - begin:.0f} s\n",
            flush=True,
        )
        failed += [name] if code else []
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
