"""How many groups a second are fitted, and how good the answers are.

    python benchmarks/groups.py [--quick] [--family NAME ...] [--groups N] [--rows N] [--json FILE]

Three times a family: the kernel alone on one core (arrays sorted by group in, estimates with standard errors out); end
to end, from a pandas DataFrame in random order to a DataFrame of results; and a loop over the peer, SciPy or
statsmodels, on a few of the same groups, interleaved with ours and extrapolated to all. The peer gives no standard
errors and no verdicts. The last column is the least log-likelihood of ours minus the peer's over those groups, which
should not be below zero beyond rounding.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.likelihood.kernels.groups import compiled_groups

SEED = 20_240_101
PEER_GROUPS = 40


def _negbin_peer(x: np.ndarray[Any, Any]) -> float:
    from statsmodels.discrete.discrete_model import NegativeBinomial

    return float(NegativeBinomial(x, np.ones_like(x)).fit(disp=0).llf)


def _scipy(law: Any, **fixed: float) -> Callable[[np.ndarray[Any, Any]], float]:
    return lambda x: float(np.sum(law.logpdf(x, *law.fit(x, **fixed))))


# Family: parameters of the data, and the log-likelihood that the peer reaches.
CASES: dict[str, tuple[dict[str, float], Callable[[np.ndarray[Any, Any]], float]]] = {
    "gamma": ({"shape": 2.0, "scale": 1.5}, _scipy(stats.gamma, floc=0)),
    "negbin": ({"size": 3.0, "mu": 5.0}, _negbin_peer),
    "weibull": ({"shape": 1.7, "scale": 2.0}, _scipy(stats.weibull_min, floc=0)),
    "student_t": ({"df": 4.0, "loc": 1.0, "scale": 2.0}, _scipy(stats.t)),
    "normal": ({"mu": 3.0, "sigma": 2.0}, _scipy(stats.norm)),
    "lognormal": ({"meanlog": 0.5, "sdlog": 0.8}, _scipy(stats.lognorm, floc=0)),
    "gumbel": ({"loc": 1.0, "scale": 2.0}, _scipy(stats.gumbel_r)),
    "gev": ({"loc": 1.0, "scale": 2.0, "xi": 0.1}, _scipy(stats.genextreme)),
}


@dataclass(frozen=True)
class Row:
    """One family."""

    family: str
    n_groups: int
    rows_a_group: int
    kernel_per_second: float | None
    end_to_end_seconds: float
    end_to_end_per_second: float
    fitted_singly: int
    peer_per_second: float
    ratio: float
    least_llf_difference: float


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Time one call."""
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def measure(name: str, n_groups: int, rows: int, repeat: int) -> Row:
    """Time one family by all routes, in turn."""
    params, peer = CASES[name]
    family = mle.get_family(name)
    rng = np.random.default_rng(SEED)
    x = np.asarray(mle.distribution(name, **params).rvs(size=n_groups * rows, rng=rng), dtype=float)
    keys = rng.permutation(np.repeat(np.arange(n_groups), rows))
    frame = pd.DataFrame({"group": keys, "x": x})
    offsets = np.arange(n_groups + 1, dtype=np.intp) * rows
    module = compiled_groups(type(family))
    p = len(family.parameters)
    result, status = np.full((n_groups, 2 * p + 1), np.nan), np.zeros(n_groups, dtype=np.int8)
    mle.fit_groups(frame, "group", "x", name)  # warm: compiled code is loaded, or compiled and kept

    by_group = frame.groupby("group")["x"]
    samples = [by_group.get_group(g).to_numpy() for g in range(min(PEER_GROUPS, n_groups))]
    kernel: list[float] = []
    whole: list[float] = []
    theirs: list[float] = []
    peer_llf: list[float] = []
    for k in range(repeat):
        if module is not None:
            kernel.append(seconds(lambda: module.fit(x, None, offsets, result, status))[0])
        elapsed, fits = seconds(lambda: mle.fit_groups(frame, "group", "x", name))
        whole.append(elapsed + seconds(lambda fits=fits: fits.table)[0])
        chosen = samples[k::repeat]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # what the peer warns of is its own affair
            elapsed, values = seconds(lambda chosen=chosen: [peer(sample) for sample in chosen])
        theirs.append(elapsed / len(chosen))
        peer_llf += [
            value - fits.table["llf"][g] for g, value in zip(range(k, len(samples), repeat), values, strict=True)
        ]
    end_to_end = statistics.median(whole)
    return Row(
        family=name,
        n_groups=n_groups,
        rows_a_group=rows,
        kernel_per_second=n_groups / statistics.median(kernel) if kernel else None,
        end_to_end_seconds=end_to_end,
        end_to_end_per_second=n_groups / end_to_end,
        fitted_singly=fits._outcomes[0].n_single,
        peer_per_second=1.0 / statistics.median(theirs),
        ratio=n_groups / end_to_end * statistics.median(theirs),
        least_llf_difference=-max(peer_llf),
    )


def show(rows: list[Row]) -> None:
    """Print the table."""
    print(f"peer: {PEER_GROUPS} groups of the same, extrapolated; kernel: one core; end to end: DataFrame to DataFrame")
    print(
        f"{'family':12}{'groups':>9}{'rows':>6}{'kernel/s':>12}{'end to end s':>14}{'fits/s':>12}{'singly':>8}"
        f"{'peer/s':>9}{'ratio':>9}{'least llf - peer':>18}"
    )
    for r in rows:
        kernel = "-" if r.kernel_per_second is None else f"{r.kernel_per_second:.3g}"
        print(
            f"{r.family:12}{r.n_groups:9d}{r.rows_a_group:6d}{kernel:>12}{r.end_to_end_seconds:14.3f}"
            f"{r.end_to_end_per_second:12.3g}{r.fitted_singly:8d}{r.peer_per_second:9.3g}{r.ratio:9.3g}"
            f"{r.least_llf_difference:18.2e}",
            flush=True,
        )


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", action="append", choices=list(CASES), help="default: all")
    parser.add_argument("--groups", type=int, help="number of groups (default 100000; 5000 with --quick)")
    parser.add_argument("--rows", type=int, default=100, help="rows a group (default 100)")
    parser.add_argument("--repeat", type=int, default=5, help="alternating calls (default 5)")
    parser.add_argument("--quick", action="store_true", help="5,000 groups")
    parser.add_argument("--json", type=Path, help="write the rows and the machine here")
    arguments = parser.parse_args()
    n_groups = arguments.groups or (5_000 if arguments.quick else 100_000)
    rows = []
    for name in arguments.family or CASES:
        if sys.stderr.isatty():
            print(name, file=sys.stderr, flush=True)
        rows.append(measure(name, n_groups, arguments.rows, arguments.repeat))
    show(rows)
    if arguments.json:
        machine = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
        arguments.json.write_text(
            json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=1) + "\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
