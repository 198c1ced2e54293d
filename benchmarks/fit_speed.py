"""How fast a fit is against SciPy's, and how good the answer is.

    python benchmarks/fit_speed.py [--family NAME ...] [--n N ...] [--repeat K] [--json FILE]

Calls alternate in one process (ours, SciPy's, ours, ...), so that a busy machine slows both. The ratio is SciPy's time
over ours; beside it stands the difference of the log-likelihoods, ours minus SciPy's, which should never be negative
beyond rounding. Ours includes validation of the data and the verdict on the maximum; standard errors are timed in a
column of their own. The data are drawn from the family itself.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from scipy import stats

import mle_toolkit as mle

SEED = 20_240_101
SLOW_PEER_SECONDS = 60.0
"""A peer that takes this long once is not called again in that cell."""

# Family: parameters of the data, SciPy's law, and what SciPy holds fixed, so that both fit the same parameters.
CASES: dict[str, tuple[dict[str, float], Any, dict[str, float]]] = {
    "normal": ({"mu": 3.0, "sigma": 2.0}, stats.norm, {}),
    "exponential": ({"scale": 2.0}, stats.expon, {"floc": 0}),
    "lognormal": ({"meanlog": 0.5, "sdlog": 0.8}, stats.lognorm, {"floc": 0}),
    "rayleigh": ({"sigma": 2.0}, stats.rayleigh, {"floc": 0}),
    "half_normal": ({"sigma": 2.0}, stats.halfnorm, {"floc": 0}),
    "inverse_gaussian": ({"mu": 2.0, "lam": 3.0}, stats.invgauss, {"floc": 0}),
    "gamma": ({"shape": 2.0, "scale": 1.5}, stats.gamma, {"floc": 0}),
    "inverse_gamma": ({"shape": 3.0, "scale": 2.0}, stats.invgamma, {"floc": 0}),
    "beta": ({"a": 2.0, "b": 3.0}, stats.beta, {"floc": 0, "fscale": 1}),
    "uniform": ({"a": 1.0, "b": 4.0}, stats.uniform, {}),
    "pareto": ({"alpha": 2.5, "xm": 1.5}, stats.pareto, {"floc": 0}),
    "laplace": ({"loc": 1.0, "scale": 2.0}, stats.laplace, {}),
    "logistic": ({"loc": 1.0, "scale": 2.0}, stats.logistic, {}),
    "gumbel": ({"loc": 1.0, "scale": 2.0}, stats.gumbel_r, {}),
    "cauchy": ({"loc": 1.0, "scale": 2.0}, stats.cauchy, {}),
    "weibull": ({"shape": 1.7, "scale": 2.0}, stats.weibull_min, {"floc": 0}),
    "frechet": ({"shape": 2.5, "scale": 2.0}, stats.invweibull, {"floc": 0}),
    "loglogistic": ({"shape": 2.5, "scale": 2.0}, stats.fisk, {"floc": 0}),
    "lomax": ({"shape": 2.5, "scale": 2.0}, stats.lomax, {"floc": 0}),
    "von_mises": ({"mu": 0.5, "kappa": 2.0}, stats.vonmises, {"fscale": 1}),
    "student_t": ({"df": 4.0, "loc": 1.0, "scale": 2.0}, stats.t, {}),
    "gpd": ({"scale": 1.0, "xi": 0.2}, stats.genpareto, {"floc": 0}),
    "gev": ({"loc": 1.0, "scale": 2.0, "xi": 0.1}, stats.genextreme, {}),
    "skew_normal": ({"loc": 1.0, "scale": 2.0, "alpha": 3.0}, stats.skewnorm, {}),
}


@dataclass(frozen=True)
class Row:
    """One cell of the table: medians over the alternating calls."""

    family: str
    n: int
    calls: int
    ours_ms: float
    scipy_ms: float | None
    ratio: float | None
    ratio_range: tuple[float, float] | None
    llf: float
    llf_difference: float | None
    standard_errors_ms: float
    verdict: str
    method: str


def seconds(call: Any) -> tuple[float, Any]:
    """Time one call."""
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def measure(name: str, n: int, repeat: int, ours_only: bool) -> Row:
    """Fit one family to one sample by both, in turn."""
    params, peer, fixed = CASES[name]
    family = mle.get_family(name)
    law = mle.distribution(name, **params)
    x = law.rvs(size=n, rng=np.random.default_rng(SEED))
    fit = mle.fit(x, family)  # warm: the first call imports
    _, _ = fit.bse, fit.certificate

    ours: list[float] = []
    theirs: list[float] = []
    peer_params: tuple[float, ...] = ()
    for _ in range(repeat):
        elapsed, fit = seconds(lambda: mle.fit(x, family))
        ours.append(elapsed)
        if ours_only or (theirs and max(theirs) > SLOW_PEER_SECONDS / repeat and len(theirs) >= 1):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what SciPy warns of on the way is its own affair
            elapsed, peer_params = seconds(lambda: peer.fit(x, **fixed))
        theirs.append(elapsed)
    errors_time, _ = seconds(lambda: mle.fit(x, family).bse)

    pairs = [b / a for a, b in zip(ours, theirs, strict=False)]
    peer_llf = float(np.sum(peer.logpdf(x, *peer_params))) if theirs else None
    return Row(
        family=name,
        n=n,
        calls=len(theirs) or repeat,
        ours_ms=1e3 * statistics.median(ours),
        scipy_ms=1e3 * statistics.median(theirs) if theirs else None,
        ratio=statistics.median(pairs) if pairs else None,
        ratio_range=(min(pairs), max(pairs)) if pairs else None,
        llf=fit.llf,
        llf_difference=None if peer_llf is None else fit.llf - peer_llf,
        standard_errors_ms=1e3 * errors_time,
        verdict=str(fit.certificate.verdict),
        method=fit.certificate.method,
    )


def show(rows: list[Row]) -> None:
    """Print the table."""
    head = (
        f"{'family':18}{'n':>9}{'calls':>6}{'ours ms':>11}{'scipy ms':>12}{'ratio':>9}  {'range':16}{'llf - scipy':>13}"
    )
    print(head + f"{'with SE ms':>12}  verdict (route)")
    for row in rows:
        peer = f"{row.scipy_ms:12.3f}{row.ratio:9.2f}" if row.ratio is not None else f"{'-':>12}{'-':>9}"
        span = "" if row.ratio_range is None else f"{row.ratio_range[0]:.2f}-{row.ratio_range[1]:.2f}"
        difference = "-" if row.llf_difference is None else f"{row.llf_difference:.2e}"
        print(
            f"{row.family:18}{row.n:9d}{row.calls:6d}{row.ours_ms:11.3f}{peer}  {span:16}{difference:>13}"
            f"{row.standard_errors_ms:12.3f}  {row.verdict} ({row.method})",
            flush=True,
        )


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", action="append", choices=sorted(CASES), help="default: all")
    parser.add_argument("--n", action="append", type=int, help="default: 1000, 100000, 1000000")
    parser.add_argument("--repeat", type=int, default=9, help="alternating calls a cell (default 9)")
    parser.add_argument("--ours-only", action="store_true", help="leave SciPy out")
    parser.add_argument("--json", type=Path, help="write the rows and the machine here")
    arguments = parser.parse_args()

    rows: list[Row] = []
    for n in arguments.n or [1_000, 100_000, 1_000_000]:
        for name in arguments.family or CASES:
            repeat = arguments.repeat * (10 if n <= 100_000 and name in _QUICK else 1)
            rows.append(measure(name, n, repeat, arguments.ours_only))
            print(f"{name} n={n}", file=sys.stderr, flush=True) if sys.stderr.isatty() else None
    show(rows)
    if arguments.json:
        record = {
            "machine": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
            "rows": [asdict(row) for row in rows],
        }
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


_QUICK = {
    "normal",
    "exponential",
    "lognormal",
    "rayleigh",
    "half_normal",
    "inverse_gaussian",
    "gamma",
    "uniform",
    "pareto",
}
"""Families that both fit within a millisecond, where a median wants more calls."""

if __name__ == "__main__":
    raise SystemExit(main())
