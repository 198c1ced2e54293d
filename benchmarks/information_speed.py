"""How fast the estimators of information from samples are, and how near the truth.

    python benchmarks/information_speed.py [--n N] [--repeat K] [--json FILE]

One-dimensional estimators get N observations (default 1,000,000), those in three dimensions N / 10. At the default size
the former should take less than 2 s and the latter less than 5 s, standard errors included; a note names a row that
takes longer. Calls alternate in one process with those of a peer, where there is one for the same quantity, so that a
busy machine slows both: SciPy's differential_entropy, and scikit-learn's estimate of mutual information, which gives no
standard error and sets negative estimates to zero. The ratio is the peer's time over ours; beside it stand the
distances of both from the truth, ours also in standard errors.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from _common import SEED, Plot, alternate, arguments_of, parser_of, progress, publish
from scipy import stats

from mle_toolkit.information.counts import entropy_of_counts
from mle_toolkit.information.mutual import mutual_information_of_sample
from mle_toolkit.information.samples import kl_of_samples
from mle_toolkit.information.spacings import entropy_of_sample

MOST_SECONDS = {"1": 2.0, "3": 5.0}
"""What an estimator may take at the default size, by its number of dimensions."""


@dataclass(frozen=True)
class Case:
    """An estimator with its data, the truth, and a peer."""

    name: str
    n: int
    dimensions: str
    ours: Callable[[], Any]
    truth: float
    peer: str | None = None
    theirs: Callable[[], float] | None = None


def cases(n: int) -> list[Case]:
    """All estimators, on normal data."""
    rng = np.random.default_rng(SEED)
    x, y = rng.normal(size=n), rng.normal(1.0, 2.0, size=n)
    normal = float(stats.norm.entropy())
    made = [
        Case("entropy, spacing", n, "1", lambda: entropy_of_sample(x), normal, "scipy auto", scipy_entropy(x, "auto"))
    ]
    for method in ("vasicek", "van-es", "ebrahimi"):
        peer = method.replace("-", " ")
        call = lambda method=method: entropy_of_sample(x, method)  # noqa: E731
        made.append(Case(f"entropy, {method}", n, "1", call, normal, f"scipy {peer}", scipy_entropy(x, peer)))
    made += [
        Case("entropy, neighbours", n, "1", lambda: entropy_of_sample(x, "nearest-neighbour"), normal),
        Case("divergence", n, "1", lambda: kl_of_samples(x, y, rng=0), math.log(2.0) - 0.25),
    ]
    shares = 1.0 / np.arange(1, 10_001) ** 1.1
    shares /= shares.sum()
    counts = rng.multinomial(n, shares)
    truth = float(-np.sum(shares * np.log(shares)))
    for method in ("grassberger", "chao-wang-jost", "nsb"):
        call = lambda method=method: entropy_of_counts(counts, method)  # noqa: E731
        made.append(Case(f"counts, {method}", n, "1", call, truth))

    few = max(n // 10, 100)
    u, v = rng.normal(size=(few, 3)), rng.normal([1.0, 0.0, 0.0], size=(few, 3))
    a, b = u[:, :2], u[:, 0] + u[:, 2]
    half = 0.5 * math.log(2.0)
    made += [
        Case("entropy, neighbours", few, "3", lambda: entropy_of_sample(u), 3 * normal),
        Case("divergence", few, "3", lambda: kl_of_samples(u, v, rng=0), 0.5),
        Case("mutual inf., ksg1", few, "3", lambda: mutual_information_of_sample(a, b, rng=0), half),
        Case("mutual inf., ksg2", few, "3", lambda: mutual_information_of_sample(a, b, method="ksg2", rng=0), half),
    ]
    pair = Case("mutual inf., pairs", few, "2", lambda: mutual_information_of_sample(u[:, 0], b, rng=0), half)
    if importlib.util.find_spec("sklearn") is None:
        return [*made, pair]
    from sklearn.feature_selection import mutual_info_regression

    def theirs() -> float:
        return float(mutual_info_regression(u[:, :1], b, n_neighbors=3, random_state=0)[0])

    return [*made, Case(pair.name, few, "2", pair.ours, half, "scikit-learn", theirs)]


def scipy_entropy(x: np.ndarray, method: str) -> Callable[[], float]:
    """SciPy's estimate, to be called."""
    return lambda: float(stats.differential_entropy(x, method=method))


def measure(case: Case, repeat: int) -> dict[str, Any]:
    """Time an estimator and its peer by turns."""
    calls: dict[str, Callable[[], Any]] = {"ours": case.ours}
    if case.theirs is not None:
        calls["peer"] = case.theirs
    timing = alternate(calls, repeat)
    estimate, peer = timing["ours"].result, timing.get("peer")
    return {
        "estimator": case.name,
        "n": case.n,
        "dimensions": case.dimensions,
        "seconds": timing["ours"].median_ms / 1e3,
        "peer": case.peer if peer else None,
        "peer_seconds": peer.median_ms / 1e3 if peer else None,
        "ratio": peer.over(timing["ours"])[0] if peer else None,
        "error": estimate.value - case.truth,
        "error_in_se": None if estimate.se is None else (estimate.value - case.truth) / estimate.se,
        "peer_error": peer.result - case.truth if peer else None,
        "flags": " ".join(estimate.flags),
    }


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5, help="alternating calls of each (default 5)")
    arguments = arguments_of(parser)

    rows, notes = [], []
    for case in cases(arguments.n):
        row = measure(case, arguments.repeat)
        rows.append(row)
        progress(case.name)
        if arguments.n == 1_000_000 and row["seconds"] > MOST_SECONDS.get(case.dimensions, math.inf):
            notes.append(f"{case.name} in {case.dimensions} dimensions takes longer than it should.")
    publish(__doc__, arguments, rows, Plot("dots", "estimator", "seconds", ("dimensions",), "seconds"), notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
