"""What slow and lost workers cost a fit on a Dask cluster: measured with workers that wait, and projected by a model.

    python benchmarks/dask_stragglers.py [--seconds S] [--workers W] [--quick]

The workers of a local cluster wait in place of reading and summing, as long as their share of a pass of S seconds
takes, one of them three times as long; or one is closed in mid-pass. The passes of fits of a Weibull law are timed so:
the median one, or the one in which a worker was lost. The model hands the partitions of a pass out in order, one at a
time, as the scheduler does, to whichever worker is idle; a lost worker takes with it what it had under way, and the
sums that it had done in this pass. The model is then asked for 1,000 workers: their speeds spread by a tenth, one in a
hundred is three times slower, and some are lost in mid-pass. All results are the same to the last bit, which is
checked.
"""

from __future__ import annotations

import heapq
import threading
import time
from typing import Any

import numpy as np
from _common import SEED, arguments_of, parser_of, progress, publish, quiet, seconds

import mle_toolkit as mle

ROWS, SLOWER = 320_000, 3.0
"""Rows of the fits: just more than are fetched and held; and how much slower a slow worker is."""

WORKERS_FAR, ROWS_FAR, NANOSECONDS, TASK = 1_000, 1e12, 2.6, 1.1e-3
"""What is projected: 2.6 s of sums for every worker, and 1.1 ms of the scheduler for every partition."""

LOST = 10
"""Workers of the 1,000 that are lost in one pass."""


def waited(first: int, n: int, wait: float, slow: str | None) -> np.ndarray:
    """Some rows of a partition, after the time that more of them would take on this worker."""
    from distributed import get_worker

    time.sleep(wait * (SLOWER if str(get_worker().name) == slow else 1.0))
    return np.random.default_rng(first).weibull(1.5, n)


def fitted(partitions: int, pass_seconds: float, workers: int, case: str) -> tuple[float, float]:
    """Time of a pass over all partitions, and the log-likelihood of the fit."""
    import dask
    import dask.array as da
    from distributed import Client, LocalCluster

    n, wait = ROWS // partitions, pass_seconds * workers / partitions
    with (
        quiet(),
        LocalCluster(n_workers=workers, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        client.run(lambda: None)
        make = dask.delayed(waited, pure=True)
        slow = "0" if case == "one slow" else None
        parts = [da.from_delayed(make(k, n, wait, slow), (n,), float) for k in range(partitions)]
        sample = mle.Sample.of(da.concatenate(parts))
        passes: list[float] = []
        run = sample._run  # type: ignore[attr-defined]

        def counted(job: Any, of: Any) -> Any:
            if case == "one lost" and len(passes) == 1 and len(of) == partitions:
                lost = cluster.workers[1]
                threading.Timer(pass_seconds / 2, lambda: cluster.sync(lost.close, nanny=False)).start()
            elapsed, sums = seconds(lambda: run(job, of))
            passes.extend([elapsed] * (len(of) == partitions))
            return sums

        sample._run = counted  # type: ignore[attr-defined]
        fit = mle.fit(sample, "weibull")
        return passes[1] if case == "one lost" else float(np.median(passes)), fit.llf


def modelled(slowness: np.ndarray, partitions: int, pass_seconds: float, task: float, lost: int, seed: int) -> float:
    """Seconds of a pass: partitions in order, each to the worker that is idle first."""
    rng = np.random.default_rng(seed)
    each = pass_seconds * len(slowness) / partitions
    ends = {int(w): float(rng.uniform(0.0, 1.0)) * pass_seconds for w in rng.choice(len(slowness), lost, replace=False)}
    idle = [(0.0, w) for w in range(len(slowness))]
    waiting = [(k * task, k) for k in range(partitions)]  # when the scheduler is ready to hand each out
    had: dict[int, list[int]] = {w: [] for w in range(len(slowness))}
    finished = 0.0
    while waiting:
        ready, k = heapq.heappop(waiting)
        free, w = heapq.heappop(idle)
        done = max(ready, free) + each * slowness[w]
        had[w].append(k)
        if done > ends.get(w, np.inf):  # this one does no more
            for again in had[w]:
                heapq.heappush(waiting, (max(ready, ends[w]), again))
            del ends[w]
            continue
        heapq.heappush(idle, (done, w))
        finished = max(finished, done)
        if not waiting:  # the others that are lost before the pass is over had nothing under way
            for w in [w for w, end in ends.items() if end < finished]:
                for again in had[w]:
                    heapq.heappush(waiting, (ends[w], again))
                idle = [(free, other) for free, other in idle if other != w]
                heapq.heapify(idle)
                del ends[w]
    return finished


def main() -> None:
    """Measure, hold the model against it, and project."""
    parser = parser_of(__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a pass on even workers (2)")
    parser.add_argument("--workers", type=int, default=8, help="of the local cluster; they only wait (8)")
    parser.add_argument("--quick", action="store_true", help="passes of 0.4 seconds")
    arguments = arguments_of(parser)
    pass_seconds, workers = 0.4 if arguments.quick else arguments.seconds, arguments.workers
    rows: list[dict[str, Any]] = []
    fitted(workers, 0.0, workers, "even")  # so that what is compiled is compiled
    for partitions in (workers, 10 * workers):
        llf = None
        for case in ("even", "one slow", "one lost"):
            progress(f"{case}, {partitions} partitions")
            elapsed, found = fitted(partitions, pass_seconds, workers, case)
            llf = llf or found
            assert found == llf, (case, found, llf)
            slowness = np.ones(workers)
            slowness[0] = SLOWER if case == "one slow" else 1.0
            lost = int(case == "one lost")
            model = [modelled(slowness, partitions, pass_seconds, TASK, lost, seed) for seed in range(20)]
            rows.append(
                {
                    "what": f"{case}, measured",
                    "workers": workers,
                    "partitions": partitions,
                    "pass_seconds": elapsed,
                    "by_the_model": float(np.mean(model)),
                }
            )
    rng = np.random.default_rng(SEED)
    spread = rng.lognormal(0.0, 0.1, WORKERS_FAR)
    slow = spread * np.where(np.arange(WORKERS_FAR) % 100 == 0, SLOWER, 1.0)
    one = ROWS_FAR / WORKERS_FAR * NANOSECONDS * 1e-9
    for partitions in (WORKERS_FAR, 3 * WORKERS_FAR, 10 * WORKERS_FAR):
        cases = (("even", np.ones(WORKERS_FAR), 0), ("spread by a tenth", spread, 0), ("one in 100 slow", slow, 0),
                 (f"and {LOST} lost", slow, LOST))  # fmt: skip
        for case, slowness, count in cases:
            times = [modelled(slowness, partitions, one, TASK, count, seed) for seed in range(20)]
            rows.append(
                {
                    "what": f"{case}, projected",
                    "workers": WORKERS_FAR,
                    "partitions": partitions,
                    "by_the_model": float(np.mean(times)),
                }
            )
    publish(__doc__, arguments, rows, None, ["a lost worker is noticed at once here; see the page on scaling"])


if __name__ == "__main__":
    main()
