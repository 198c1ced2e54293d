"""How many groups a second are fitted, and how good the answers are.

    python benchmarks/groups.py [--quick] [--family NAME ...] [--groups N] [--rows N] [--repeat K] [--json FILE]

Three times a family: the kernel alone on one core (arrays sorted by group in, estimates with standard errors out); end
to end, from a pandas DataFrame in random order to a DataFrame of results; and a loop over the peer, SciPy or
statsmodels, on a few of the same groups, interleaved with ours and extrapolated to all. "per cpu second" is end to end
too, of the time of all cores, which says the same on a machine that does other things as well. The peer gives no
standard errors and no verdicts. The last column is the least log-likelihood of ours minus the peer's over those groups,
which should not be below zero beyond rounding.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from _common import SEED, Plot, arguments_of, cores, parser_of, progress, publish, seconds
from scipy import stats

import mle_toolkit as mle
from mle_toolkit.likelihood.kernels.groups import compiled_groups

PEER_GROUPS = 40


def _negbin_peer(x: np.ndarray[Any, Any]) -> float:
    from statsmodels.discrete.discrete_model import NegativeBinomial

    return float(NegativeBinomial(x, np.ones_like(x)).fit(disp=0).llf)


def _scipy(law: Any, **fixed: float) -> Callable[[np.ndarray[Any, Any]], float]:
    return lambda x: float(np.sum(law.logpdf(x, *law.fit(x, **fixed))))


def _scipy_censored(law: Any, **fixed: float) -> Callable[[np.ndarray[Any, Any], np.ndarray[Any, Any]], float]:
    def reached(time: np.ndarray[Any, Any], event: np.ndarray[Any, Any]) -> float:
        params = law.fit(stats.CensoredData.right_censored(time, event == 0), **fixed)
        seen = event == 1
        return float(np.sum(law.logpdf(time[seen], *params)) + np.sum(law.logsf(time[~seen], *params)))

    return reached


# Family: parameters of the data, and the log-likelihood that the peer reaches.
CASES: dict[str, tuple[dict[str, float], Callable[..., float]]] = {
    "exponential": ({"scale": 2.0}, _scipy(stats.expon, floc=0)),
    "gamma": ({"shape": 2.0, "scale": 1.5}, _scipy(stats.gamma, floc=0)),
    "negbin": ({"size": 3.0, "mu": 5.0}, _negbin_peer),
    "weibull": ({"shape": 1.7, "scale": 2.0}, _scipy(stats.weibull_min, floc=0)),
    "student_t": ({"df": 4.0, "loc": 1.0, "scale": 2.0}, _scipy(stats.t)),
    "normal": ({"mu": 3.0, "sigma": 2.0}, _scipy(stats.norm)),
    "lognormal": ({"meanlog": 0.5, "sdlog": 0.8}, _scipy(stats.lognorm, floc=0)),
    "gumbel": ({"loc": 1.0, "scale": 2.0}, _scipy(stats.gumbel_r)),
    "gev": ({"loc": 1.0, "scale": 2.0, "xi": 0.1}, _scipy(stats.genextreme)),
    "gpd": ({"scale": 2.0, "xi": 0.1}, _scipy(stats.genpareto, floc=0)),
    "logistic": ({"loc": 1.0, "scale": 2.0}, _scipy(stats.logistic)),
    "loglogistic": ({"shape": 3.0, "scale": 2.0}, _scipy(stats.fisk, floc=0)),
    "burr12": ({"k": 1.5, "c": 2.5, "scale": 5.0}, _scipy(stats.burr12, floc=0)),
    "skew_normal": ({"loc": 1.0, "scale": 2.0, "alpha": 3.0}, _scipy(stats.skewnorm)),
    "johnson_su": ({"gamma": -1.0, "delta": 1.5, "loc": 1.0, "scale": 2.0}, _scipy(stats.johnsonsu)),
    "generalized_gamma": ({"shape1": 2.0, "shape2": 1.5, "scale": 2.0}, _scipy(stats.gengamma, floc=0)),
}

CENSORED: dict[str, Callable[..., float]] = {
    "exponential": _scipy_censored(stats.expon, floc=0),
    "weibull": _scipy_censored(stats.weibull_min, floc=0),
    "lognormal": _scipy_censored(stats.lognorm, floc=0),
    "normal": _scipy_censored(stats.norm),
    "gamma": _scipy_censored(stats.gamma, floc=0),
    "loglogistic": _scipy_censored(stats.fisk, floc=0),
}
"""The same of rows of which about half are right-censored, by time and event."""

RIGHT = ", right-censored"


@dataclass(frozen=True)
class Row:
    """One family."""

    family: str
    n_groups: int
    rows_a_group: int
    kernel_per_second: float | None
    end_to_end_seconds: float
    fits_per_second: float
    per_cpu_second: float
    fitted_singly: int
    peer_per_second: float
    ratio: float
    llf_minus_peer: float


def measure(name: str, n_groups: int, rows: int, repeat: int) -> Row:
    """Time one family by all routes, in turn."""
    law, censored = name.removesuffix(RIGHT), name.endswith(RIGHT)
    params, peer = CASES[law]
    family = mle.get_family(law)
    rng = np.random.default_rng(SEED)
    x = np.asarray(mle.distribution(law, **params).rvs(size=n_groups * rows, rng=rng), dtype=float)
    keys = rng.permutation(np.repeat(np.arange(n_groups), rows))
    frame, column, seen = pd.DataFrame({"group": keys, "x": x}), "x", ["x"]
    if censored:
        peer, limit = CENSORED[law], rng.permutation(x)
        frame["x"], frame["event"] = np.minimum(x, limit), (x <= limit).astype(float)
        column, seen = "right_censored(x, event)", ["x", "event"]
    offsets = np.arange(n_groups + 1, dtype=np.intp) * rows
    module = None if censored else compiled_groups(type(family))
    p = len(family.parameters)
    result, status = np.full((n_groups, 2 * p + 1), np.nan), np.zeros(n_groups, dtype=np.int8)
    mle.fit_groups(frame, "group", column, law)  # warm: compiled code is loaded, or compiled and kept

    by_group = frame.groupby("group")[seen]
    samples = [by_group.get_group(g).to_numpy().T for g in range(min(PEER_GROUPS, n_groups))]
    kernel: list[float] = []
    whole: list[float] = []
    cpu: list[float] = []
    theirs: list[float] = []
    gains: list[float] = []
    for k in range(repeat):
        if module is not None:
            kernel.append(seconds(lambda: module.fit(x, None, offsets, result, status))[0])
        before = time.process_time()
        elapsed, fits = seconds(lambda: mle.fit_groups(frame, "group", column, law))
        whole.append(elapsed + seconds(lambda fits=fits: fits.table)[0])
        cpu.append(time.process_time() - before)
        chosen = samples[k::repeat]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # what the peer warns of is its own affair
            elapsed, values = seconds(lambda chosen=chosen: [peer(*sample) for sample in chosen])
        theirs.append(elapsed / len(chosen))
        ours = fits.table["llf"].to_numpy()[: len(samples)][k::repeat]
        gains += (ours - np.array(values)).tolist()
    end_to_end = statistics.median(whole)
    return Row(
        family=name,
        n_groups=n_groups,
        rows_a_group=rows,
        kernel_per_second=n_groups / statistics.median(kernel) if kernel else None,
        end_to_end_seconds=end_to_end,
        fits_per_second=n_groups / end_to_end,
        per_cpu_second=n_groups / statistics.median(cpu),
        fitted_singly=fits._outcomes[0].n_single,
        peer_per_second=1.0 / statistics.median(theirs),
        ratio=n_groups / end_to_end * statistics.median(theirs),
        llf_minus_peer=min(gains),
    )


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    names = [*CASES, *(law + RIGHT for law in CENSORED)]
    parser.add_argument("--family", action="append", choices=names, help="default: all")
    parser.add_argument("--groups", type=int, help="number of groups (default 100000; 5000 with --quick)")
    parser.add_argument("--rows", type=int, default=100, help="rows a group (default 100)")
    parser.add_argument("--repeat", type=int, default=5, help="alternating calls (default 5)")
    parser.add_argument("--quick", action="store_true", help="5,000 groups")
    arguments = arguments_of(parser)
    n_groups = arguments.groups or (5_000 if arguments.quick else 100_000)
    rows = []
    for name in arguments.family or names:
        progress(name)
        rows.append(asdict(measure(name, n_groups, arguments.rows, arguments.repeat)))
    notes = [
        f"the peer fitted {PEER_GROUPS} of the groups, and its fits a second are extrapolated to all; the kernel has "
        f"one core, end to end all of them ({cores()})"
    ]
    publish(__doc__, arguments, rows, Plot("dots", "family", "fits_per_second", label="groups fitted a second"), notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
