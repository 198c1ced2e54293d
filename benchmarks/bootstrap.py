"""How fast replicates are drawn and fitted, and what a goodness-of-fit test that refits each of them costs.

    python benchmarks/bootstrap.py [--quick] [--peer-resamples B] [--repeat K] [--json FILE]

The first rows are `Fit.bootstrap`: 1,000 replicates, drawn from the law or from the sample, and the ratio of the
largest bootstrap standard error to Wald's, which should be 1 up to a few percent of Monte Carlo error. Where they are
drawn from the sample, `scipy.stats.bootstrap` of SciPy's own fit stands beside it, in turn: it draws fewer replicates,
whose time is multiplied up to as many, and its standard error of the first parameter is compared with ours, to as many
percent as 71 over the root of their number.

The others are `Fit.goodness_of_fit` beside `scipy.stats.goodness_of_fit`, in turn, with the same statistic and the same
number of replicates, all of which both refit. The ratio is SciPy's time over ours; "p difference" is ours less
SciPy's, to be read in units of its Monte Carlo error, which stands beside it. SciPy fits by a generic optimiser what it
has no formula for; it is asked for laws of the same parameters (location known where ours has none).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from _common import SEED, alternate, arguments_of, draw, parser_of, progress, publish, quiet

import mle_toolkit as mle

PEER_LAWS: dict[str, tuple[str, dict[str, float]]] = {
    "exponential": ("expon", {"loc": 0.0}),
    "gamma": ("gamma", {"loc": 0.0}),
    "weibull": ("weibull_min", {"loc": 0.0}),
    "gumbel": ("gumbel_r", {}),
}
"""SciPy's laws of the same parameters, with what it is told of them; its normal law takes the divisor n - 1."""


FITS: dict[str, tuple[str, dict[str, float]]] = {"gamma": ("gamma", {"floc": 0.0}), "student_t": ("t", {})}
"""SciPy's fits of the bootstrapped laws, with what they are told."""


def bootstrap_row(family: str, n: int, kind: str, replicates: int, peers: int, repeat: int) -> dict[str, Any]:
    """Time the bootstrap of one fit, and SciPy's of so many replicates beside it."""
    from scipy import stats

    x = draw(family, n)
    fit = mle.fit(x, family)
    name, known = FITS[family]

    def scipys() -> Any:
        with quiet():
            return stats.bootstrap(
                (x,),
                lambda sample: getattr(stats, name).fit(sample, **known)[0],
                n_resamples=peers,
                batch=1,  # else it draws all replicates at once, which at 100,000 rows are gigabytes
                vectorized=False,
                method="percentile",
                rng=np.random.default_rng(SEED + 1),
            )

    calls = {"ours": lambda: fit.bootstrap(replicates, kind, rng=SEED)}
    if kind == "nonparametric":
        calls["peer"] = scipys
    timing = alternate(calls, repeat)
    drawn = timing["ours"].result
    wald = np.array(list(fit.bse.values()))
    row = {
        "what": f"{kind} bootstrap",
        "family": family,
        "n": n,
        "replicates": replicates,
        "ours_ms": timing["ours"].median_ms,
        "ours_range_ms": timing["ours"].range_ms,
        "se_over_wald": float(np.max(drawn.se / wald)),
        "failed": drawn.n_failed,
        "at_boundary": drawn.n_boundary,
    }
    if kind == "nonparametric":
        as_many = replicates / peers
        ratio, (low, high) = timing["peer"].over(timing["ours"])
        row |= {
            "peer_replicates": peers,
            "peer_ms": as_many * timing["peer"].median_ms,
            "ratio": as_many * ratio,
            "ratio_range": (as_many * low, as_many * high),
            "se_over_peer": float(drawn.se[0] / timing["peer"].result.standard_error),
        }
    return row


def goodness_row(family: str, n: int, statistic: str, replicates: int, repeat: int) -> dict[str, Any]:
    """Time a goodness-of-fit test beside SciPy's."""
    from scipy import stats

    name, known = PEER_LAWS[family]
    x = draw(family, n)

    def ours() -> Any:
        return mle.fit(x, family).goodness_of_fit(statistic, replicates, rng=SEED)  # type: ignore[arg-type]

    def peers() -> Any:
        with quiet():
            return stats.goodness_of_fit(
                getattr(stats, name),
                x,
                known_params=known,
                statistic=statistic,
                n_mc_samples=replicates,
                rng=np.random.default_rng(SEED + 1),
            )

    timing = alternate({"ours": ours, "peer": peers}, repeat)
    own, its = timing["ours"].result, timing["peer"].result
    ratio, ratio_range = timing["peer"].over(timing["ours"])
    return {
        "what": f"{statistic} test",
        "family": family,
        "n": n,
        "replicates": replicates,
        "ours_ms": timing["ours"].median_ms,
        "ours_range_ms": timing["ours"].range_ms,
        "peer_ms": timing["peer"].median_ms,
        "ratio": ratio,
        "ratio_range": ratio_range,
        "statistic_difference": own.statistic - float(its.statistic),
        "p_difference": own.p_value - float(its.pvalue),
        "p_error": math.hypot(own.p_error, math.sqrt(float(its.pvalue) * (1 - float(its.pvalue)) / replicates)),
    }


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--quick", action="store_true", help="small samples, 99 replicates of the tests, two rounds")
    parser.add_argument("--peer-resamples", type=int, default=999, help="replicates of the tests (default 999)")
    parser.add_argument("--repeat", type=int, default=5, help="alternating calls a cell (default 5)")
    arguments = arguments_of(parser)
    repeat = 2 if arguments.quick else arguments.repeat
    resamples = 99 if arguments.quick else arguments.peer_resamples
    rows = []
    for family, n, peers in (("gamma", 1_000, 500), ("gamma", 100_000, 100), ("student_t", 1_000, 20)):
        if arguments.quick and n > 1_000:
            continue
        for kind in ("parametric", "nonparametric"):
            progress(f"{family} n={n} {kind}")
            rows.append(bootstrap_row(family, n, kind, 1_000, peers, repeat))
    for family in ("exponential", "gamma") if arguments.quick else PEER_LAWS:
        for statistic in ("ad",) if arguments.quick else ("ad", "ks", "cvm"):
            progress(f"{family} {statistic}")
            rows.append(goodness_row(family, 100, statistic, resamples, repeat))
    publish(__doc__, arguments, rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
