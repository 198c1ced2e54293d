"""How fast a fit of right-censored data is against one of exact data of the same size.

    python benchmarks/censored_speed.py [--n N] [--share S] [--family NAME ...] [--repeat K]

Calls alternate in one process (exact, censored, exact, ...), so that a busy machine slows both. Times include the
verdict on the maximum; those of the censored fits stand without and with the making of the `Sample` of 30 % censored
rows. The last column is the distance of the estimates from the truth in standard errors, which should be a few at most.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np

import mle_toolkit as mle

SEED = 20_240_101

CASES: dict[str, dict[str, float]] = {
    "weibull": {"shape": 1.7, "scale": 2.0},
    "loglogistic": {"shape": 2.5, "scale": 2.0},
    "lognormal": {"meanlog": 0.5, "sdlog": 0.8},
    "exponential": {"scale": 2.0},
    "gamma": {"shape": 2.0, "scale": 1.5},
    "normal": {"mu": 3.0, "sigma": 2.0},
}


def seconds(call: Any) -> tuple[float, Any]:
    """Time one call."""
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def censored(x: np.ndarray, law: mle.Distribution, share: float, rng: np.random.Generator) -> tuple[Any, Any]:
    """Censor a share of the data, at independent times."""
    # With limits at quantiles uniform on (1 - 2 share, 1), the mean chance to exceed one is the share.
    limit = law.ppf(rng.uniform(1.0 - 2.0 * share, 1.0, len(x)))
    return np.minimum(x, limit), x <= limit


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--share", type=float, default=0.3, help="share of censored rows, below 1/2 (default 0.3)")
    parser.add_argument("--family", action="append", choices=sorted(CASES), help="default: all")
    parser.add_argument("--repeat", type=int, default=9)
    arguments = parser.parse_args()

    head = f"{'family':14}{'censored':>9}{'exact ms':>10}{'fit ms':>9}{'ratio':>7}{'+ Sample ms':>13}{'ratio':>7}"
    print(f"{head}  verdict, distance from the truth")
    for name in arguments.family or CASES:
        rng = np.random.default_rng(SEED)
        law = mle.distribution(name, **CASES[name])
        x = law.rvs(arguments.n, rng=rng)
        time_, event = censored(x, law, arguments.share, rng)
        exact, fits, makes = [], [], []
        mle.fit(x, name)  # warm: the first call imports
        for _ in range(arguments.repeat):
            exact.append(seconds(lambda: mle.fit(x, name))[0])  # noqa: B023
            elapsed, sample = seconds(lambda: mle.Sample.right_censored(time_, event))  # noqa: B023
            makes.append(elapsed)
            elapsed, fit = seconds(lambda: mle.fit(sample, name))  # noqa: B023
            fits.append(elapsed)
        base, own, made = (1e3 * statistics.median(t) for t in (exact, fits, makes))
        away = max(abs(fit.params[p] - truth) / fit.bse[p] for p, truth in CASES[name].items())
        print(
            f"{name:14}{1 - event.mean():9.3f}{base:10.2f}{own:9.2f}{own / base:7.2f}{own + made:13.2f}"
            f"{(own + made) / base:7.2f}  {fit.certificate.verdict}, {away:.1f} se",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
