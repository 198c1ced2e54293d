"""What the benchmarks share: the laws, alternating calls, the machine, tables, JSON.

A benchmark measures, prints a table of its rows, and writes them with the machine and the way to plot them; so
``report.py`` needs to know nothing of any one of them.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import io
import json
import logging
import os
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import numpy as np

import mle_toolkit as mle

SEED = 20_240_101

DRAWN_ROWS = 1_000_003
"""Rows that are drawn; longer data repeat them. A prime, so that no strided subsample falls on a few of them only."""

TRUTH: dict[str, dict[str, Any]] = {
    "normal": {"mu": 3.0, "sigma": 2.0},
    "exponential": {"scale": 2.0},
    "lognormal": {"meanlog": 0.5, "sdlog": 0.8},
    "rayleigh": {"sigma": 2.0},
    "half_normal": {"sigma": 2.0},
    "inverse_gaussian": {"mu": 2.0, "lam": 3.0},
    "gamma": {"shape": 2.0, "scale": 1.5},
    "inverse_gamma": {"shape": 3.0, "scale": 2.0},
    "beta": {"a": 2.0, "b": 3.0},
    "uniform": {"a": 1.0, "b": 4.0},
    "pareto": {"alpha": 2.5, "xm": 1.5},
    "laplace": {"loc": 1.0, "scale": 2.0},
    "logistic": {"loc": 1.0, "scale": 2.0},
    "gumbel": {"loc": 1.0, "scale": 2.0},
    "cauchy": {"loc": 1.0, "scale": 2.0},
    "weibull": {"shape": 1.7, "scale": 2.0},
    "frechet": {"shape": 2.5, "scale": 2.0},
    "loglogistic": {"shape": 2.5, "scale": 2.0},
    "lomax": {"shape": 2.5, "scale": 2.0},
    "von_mises": {"mu": 0.5, "kappa": 2.0},
    "student_t": {"df": 4.0, "loc": 1.0, "scale": 2.0},
    "gpd": {"scale": 1.0, "xi": 0.2},
    "gev": {"loc": 1.0, "scale": 2.0, "xi": 0.1},
    "skew_normal": {"loc": 1.0, "scale": 2.0, "alpha": 3.0},
    "poisson": {"mu": 3.5},
    "negative_binomial": {"size": 2.5, "mu": 4.0},
    "normal_mixture": {"weights": [0.4, 0.6], "mu": [0.0, 5.0], "sigma": [1.0, 1.5]},
}
"""The laws that data are drawn from, by name."""


# --- data -------------------------------------------------------------------------------------------------------------


def family_of(name: str) -> mle.Family:
    """Make the family of that name."""
    return mle.mixture("normal", k=2) if name == "normal_mixture" else mle.get_family(name)


def draw(name: str, n: int) -> np.ndarray:
    """Data of a law of `TRUTH`, always the same; beyond `DRAWN_ROWS` they repeat."""
    law = mle.distribution(family_of(name), **TRUTH[name])
    few = np.asarray(law.rvs(size=min(n, DRAWN_ROWS), rng=np.random.default_rng(SEED)), dtype=float)
    return few if n <= DRAWN_ROWS else np.resize(few, n)


# --- time -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Timing:
    """Times of repeated calls, in seconds, and what the last of them gave.

    Where each was made twice in a row, ``again`` are the times of the second calls.
    """

    times: tuple[float, ...]
    result: Any
    again: tuple[float, ...] = ()

    @property
    def second_calls(self) -> Timing:
        """The same of the second calls."""
        return Timing(self.again, self.result)

    @property
    def median_ms(self) -> float:
        """Median, in milliseconds."""
        return 1e3 * statistics.median(self.times)

    @property
    def range_ms(self) -> tuple[float, float]:
        """Shortest and longest, in milliseconds."""
        return 1e3 * min(self.times), 1e3 * max(self.times)

    def over(self, other: Timing) -> tuple[float, tuple[float, float]]:
        """Median of the ratios to the call beside it, and their range."""
        ratios = [own / its for own, its in zip(self.times, other.times, strict=False)]
        return statistics.median(ratios), (min(ratios), max(ratios))


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Time one call."""
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


SHORT_SECONDS = 0.5
"""Rounds go on, up to ten times as many, while they have taken less than this: short calls want a larger median."""

LONG_SHARE = 0.25
"""A first call that takes this share of the budget is timed: there are few more."""


def alternate(
    calls: Mapping[str, Callable[[], Any]],
    repeat: int,
    *,
    budget: float = 60.0,
    short: float | None = None,
    twice_below: float = 0.0,
) -> dict[str, Timing]:
    """Time calls in turn (a, b, a, b, ...), so that a busy machine slows them all alike.

    The first call of each, which imports, compiles and starts workers, is not timed, unless it takes so long
    (`LONG_SHARE` of the budget) that this hardly matters.

    Parameters
    ----------
    calls : mapping of str to callable
    repeat : int
        Rounds; more where they are short.
    budget : float
        Seconds after which a call is not made again.
    short : float, optional
        Seconds for which short rounds go on; `SHORT_SECONDS` by default.
    twice_below : float
        Calls of fewer seconds are made twice in a row, the second time with caches that are its own. A longer one,
        to which these make no difference, stands for both.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    again: dict[str, list[float]] = {name: [] for name in calls}
    short = SHORT_SECONDS if short is None else short
    results: dict[str, Any] = {}
    for name, call in calls.items():
        elapsed, results[name] = seconds(call)
        if elapsed > LONG_SHARE * budget:
            times[name].append(elapsed)
            again[name].append(elapsed)
    begin = time.perf_counter()
    for done in range(10 * repeat):
        if done >= repeat and time.perf_counter() - begin > short:
            break
        for name, call in calls.items():
            if sum(times[name]) <= budget:
                elapsed, results[name] = seconds(call)
                times[name].append(elapsed)
                again[name].append(seconds(call)[0] if elapsed < twice_below else elapsed)
    return {name: Timing(tuple(times[name]), results[name], tuple(again[name])) for name in calls}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence what a peer prints, logs and warns of on the way: that is its own affair."""
    logging.disable(logging.CRITICAL)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


# --- memory -----------------------------------------------------------------------------------------------------------


def largest_resident_mb() -> float:
    """Largest resident size of this process so far, in MB; on Linux.

    Not `ru_maxrss` of getrusage, which a process takes over from the one that starts it, so that what the parent once
    held would count.
    """
    said = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) * 1024 / 1e6 for line in said if line.startswith("VmHWM:"))


# --- which code ran ---------------------------------------------------------------------------------------------------


def without_numba() -> None:
    """Make numba look absent, so that the NumPy sums are used for every size."""
    if "numba" in sys.modules:
        raise RuntimeError("numba is loaded already; it can be left out only before.")
    sys.modules["numba"] = None  # type: ignore[assignment]  # how Python marks a module that cannot be imported


def tier(fit: mle.Fit) -> str:
    """Whether the sums of a fit were compiled, or NumPy's."""
    return "numpy" if fit.at_maximum.likelihood.twin is None else "compiled"


# --- the machine ------------------------------------------------------------------------------------------------------

_PACKAGES = (
    "mle-toolkit", "numpy", "scipy", "numba", "statsmodels", "pandas", "polars", "pyarrow", "dask", "openturns",
    "iminuit", "surpyval", "distfit", "fitter", "scikit-learn", "glum", "lifelines", "mpmath",
)  # fmt: skip


def machine() -> dict[str, Any]:
    """What a time depends on."""
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "processor": _processor(),
        "cores": cores(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "versions": {name: version for name in _PACKAGES if (version := _version(name))},
    }


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    about = dict(line.split(":", 1) for line in lines if ":" in line)
    said = {key.strip(): value.strip() for key, value in about.items()}
    vectors = [name for name in ("avx2", "avx512f") if name in said.get("flags", "").split()]
    return " ".join([said.get("model name", platform.processor()), *vectors])


def _version(package: str) -> str | None:
    if package == "mle-toolkit":
        return mle.__version__
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


# --- tables and files -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plot:
    """How to show rows: by the names of their columns.

    Attributes
    ----------
    kind : {"dots", "lines"}
        ``"dots"``: one line for each ``x``, a dot on it for each row, at ``y`` on a logarithmic axis.
        ``"lines"``: ``y`` against ``x``, both logarithmic.
    x, y : str
    by : tuple of str
        What tells dots of one line, or lines, apart.
    label : str
        Of the axis of ``y``.
    guide : float, optional
        A value of ``y`` to mark.
    """

    kind: Literal["dots", "lines"]
    x: str
    y: str
    by: tuple[str, ...] = ()
    label: str = ""
    guide: float | None = None


def shown(value: Any) -> str:
    """One cell: three significant digits, no exponent where numbers are of a readable size."""
    if value is None:
        return "-"
    if isinstance(value, (tuple, list)):
        return " to ".join(shown(part) for part in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if value == 0 or not 1e-3 <= abs(value) < 1e9:
        return f"{value:.1e}" if value else "0"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:.3g}"


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the columns of a table, in the order in which they first appear."""
    return list(dict.fromkeys(name for row in rows for name in row))


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as text; numbers to the right."""
    names = columns_of(rows)
    cells = [[name.replace("_", " ") for name in names], *[[shown(row.get(name)) for name in names] for row in rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [any(isinstance(row.get(name), (int, float, tuple, list)) for row in rows) for name in names]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in cells
    )


def parser_of(doc: str | None) -> argparse.ArgumentParser:
    """Make the parser of a benchmark: its docstring is the help; what every benchmark takes is there."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the rows, the machine and the plot here")
    parser.add_argument("--without-numba", action="store_true", help="as if numba were not installed")
    return parser


def arguments_of(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Read the command line, and leave out numba if it says so."""
    arguments = parser.parse_args()
    if arguments.without_numba:
        without_numba()
    warnings.simplefilter("ignore", mle.FitWarning)  # tables show the verdict
    return arguments


def progress(text: str) -> None:
    """Say on a terminal where a long run stands."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


def publish(
    doc: str | None,
    arguments: argparse.Namespace,
    rows: Sequence[Mapping[str, Any]],
    plot: Plot | None = None,
    notes: Sequence[str] = (),
    summaries: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> None:
    """Print the table of a benchmark, its summaries and its notes, and write them where ``--json`` says.

    The page shows the summaries, by title, where there are any, and folds the table away.
    """
    print(table(rows), flush=True)
    for title, lines in (summaries or {}).items():
        print(f"\n{title}\n{table(lines)}", flush=True)
    for note in notes:
        print(f"note: {note}", flush=True)
    if arguments.json is None:
        return
    # What a script says of itself, less the line that shows how to call it.
    said = [" ".join(part.split()) for part in (doc or "").split("\n\n") if not part.startswith("    ")]
    record = {
        "title": said[0].rstrip("."),
        "about": said[1:],
        "arguments": {k: v for k, v in vars(arguments).items() if k != "json" and v not in (None, False, [])},
        "machine": machine(),
        "notes": list(notes),
        "plot": None if plot is None else asdict(plot),
        "summaries": {title: [dict(line) for line in lines] for title, lines in (summaries or {}).items()},
        "rows": [dict(row) for row in rows],
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
