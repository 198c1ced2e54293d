"""How fast a fit of right-censored data is against one of exact data of the same size.

    python benchmarks/censored_speed.py [--n N] [--share S] [--family NAME ...] [--repeat K] [--without-numba]

Calls alternate in one process (exact, censored, exact, ...), so that a busy machine slows both. Times include the
verdict on the maximum. Those of the censored fits stand for a `Sample` that was fitted before, as when laws are
compared (it keeps its rows sorted by kind, and their moments), and with the making of the `Sample`, where nothing is
kept; 30 % of the rows are censored. The last column is the distance of the estimates from the truth in standard errors:
a few at most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from _common import SEED, TRUTH, Plot, alternate, arguments_of, draw, parser_of, progress, publish, tier

import mle_toolkit as mle

FAMILIES = ("weibull", "loglogistic", "lognormal", "exponential", "gamma", "normal")


def censored(x: np.ndarray, law: mle.Distribution, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Censor a share of the data, at independent times; gives times and events."""
    # With limits at quantiles uniform on (1 - 2 share, 1), the mean chance to exceed one is the share.
    limit = law.ppf(np.random.default_rng(SEED + 1).uniform(1.0 - 2.0 * share, 1.0, len(x)))
    return np.minimum(x, limit), x <= limit


def measure(name: str, n: int, share: float, repeat: int) -> dict[str, Any]:
    """Fit one family to exact and to censored data, in turn."""
    x = draw(name, n)
    time, event = censored(x, mle.distribution(name, **TRUTH[name]), share)
    sample = mle.Sample.right_censored(time, event)
    timing = alternate(
        {
            "exact": lambda: mle.fit(x, name),
            "censored": lambda: mle.fit(sample, name),
            "made": lambda: mle.fit(mle.Sample.right_censored(time, event), name),
        },
        repeat,
    )
    fit = timing["censored"].result
    return {
        "family": name,
        "n": n,
        "censored": round(1.0 - float(event.mean()), 3),
        "tier": tier(fit),
        "exact_ms": timing["exact"].median_ms,
        "fit_ms": timing["censored"].median_ms,
        "ratio": timing["censored"].over(timing["exact"])[0],
        "with_sample_ms": timing["made"].median_ms,
        "with_sample_ratio": timing["made"].over(timing["exact"])[0],
        "verdict": str(fit.certificate.verdict),
        "away_se": max(abs(fit.params[p] - truth) / fit.bse[p] for p, truth in TRUTH[name].items()),
    }


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--share", type=float, default=0.3, help="share of censored rows, below 1/2 (default 0.3)")
    parser.add_argument("--family", action="append", choices=FAMILIES, help="default: all")
    parser.add_argument("--repeat", type=int, default=9)
    arguments = arguments_of(parser)

    rows = []
    for name in arguments.family or FAMILIES:
        rows.append(measure(name, arguments.n, arguments.share, arguments.repeat))
        progress(name)
    publish(
        __doc__, arguments, rows, Plot("dots", "family", "with_sample_ratio", (), "time over that of exact data", 1.0)
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
