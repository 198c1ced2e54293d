"""How fast the estimators of information from samples are, and how near the truth.

    python benchmarks/information_speed.py [--n N] [--repeat K] [--json FILE]

One-dimensional estimators get N observations (default 1,000,000), those in three dimensions N / 10. At the default size
the former should take less than 2 s and the latter less than 5 s, standard errors included; a row that takes longer is
marked. Calls alternate in one process with those of a peer, where there is one for the same quantity, so that a busy
machine slows both: SciPy's differential_entropy, and scikit-learn's estimate of mutual information, which gives no
standard error and sets negative estimates to zero. The ratio is the peer's time over ours; beside it stand the
distances of both from the truth, ours also in standard errors.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from scipy import stats

from mle_toolkit.information.counts import entropy_of_counts
from mle_toolkit.information.samples import entropy_of_sample, kl_of_samples, mutual_information_of_sample

SEED = 20_240_101

MOST_SECONDS = {"1": 2.0, "3": 5.0}
"""What an estimator may take at the default size, by its number of dimensions."""


@dataclass(frozen=True)
class Row:
    """One estimator: medians over the alternating calls."""

    name: str
    n: int
    dimensions: str
    seconds: float
    peer: str | None
    peer_seconds: float | None
    ratio: float | None
    value: float
    se: float | None
    truth: float
    peer_value: float | None
    flags: tuple[str, ...]


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
        print("scikit-learn is not installed: no peer for mutual information.")
        return [*made, pair]
    from sklearn.feature_selection import mutual_info_regression

    def theirs() -> float:
        return float(mutual_info_regression(u[:, :1], b, n_neighbors=3, random_state=0)[0])

    return [*made, Case(pair.name, few, "2", pair.ours, half, "scikit-learn", theirs)]


def scipy_entropy(x: np.ndarray, method: str) -> Callable[[], float]:
    """SciPy's estimate, to be called."""
    return lambda: float(stats.differential_entropy(x, method=method))


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Time one call."""
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def measure(case: Case, repeat: int) -> Row:
    """Time an estimator and its peer by turns, after one call each that imports what they need."""
    ours, theirs = [], []
    estimate = case.ours()
    peer_value = None if case.theirs is None else case.theirs()
    for _ in range(repeat):
        ours.append(seconds(case.ours)[0])
        if case.theirs is not None:
            theirs.append(seconds(case.theirs)[0])
    return Row(
        name=case.name,
        n=case.n,
        dimensions=case.dimensions,
        seconds=statistics.median(ours),
        peer=case.peer,
        peer_seconds=statistics.median(theirs) if theirs else None,
        ratio=statistics.median(b / a for a, b in zip(ours, theirs, strict=True)) if theirs else None,
        value=estimate.value,
        se=estimate.se,
        truth=case.truth,
        peer_value=peer_value,
        flags=estimate.flags,
    )


def line(row: Row, default_size: bool) -> str:
    """One line of the table."""
    error = row.value - row.truth
    errors = "-" if row.se is None else f"{error / row.se:.1f}"
    peer = f"{'-':>9}{'-':>7}"
    if row.peer_seconds is not None:
        peer = f"{row.peer_seconds:9.3f}{row.ratio:7.2f}"
    peer_error = "-" if row.peer_value is None else f"{row.peer_value - row.truth:.1e}"
    slow = default_size and row.seconds > MOST_SECONDS.get(row.dimensions, math.inf)
    return (
        f"{row.name:24}{row.n:9d}{row.dimensions:>4}{row.seconds:9.3f}{peer}{error:11.1e}{errors:>7}{peer_error:>11}  "
        f"{row.peer or ''}{' '.join(row.flags)}{'  TOO SLOW' if slow else ''}"
    )


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5, help="alternating calls of each (default 5)")
    parser.add_argument("--json", type=Path, help="write the rows and the machine here")
    arguments = parser.parse_args()

    print(
        f"{'estimator':24}{'n':>9}{'d':>4}{'ours s':>9}{'peer s':>9}{'ratio':>7}{'- truth':>11}{'in se':>7}{'peer':>11}"
        "  peer, flags"
    )
    rows = []
    for case in cases(arguments.n):
        rows.append(measure(case, arguments.repeat))
        print(line(rows[-1], arguments.n == 1_000_000), flush=True)
    if arguments.json:
        record = {
            "machine": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
            "rows": [asdict(row) for row in rows],
        }
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
