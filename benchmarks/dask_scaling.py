"""What a fit on a Dask cluster costs beyond its arithmetic, and what follows for more data and more machines.

    python benchmarks/dask_scaling.py [--rows N] [--repeat K] [--workers W] [--quick]

A local cluster of processes holds the data in memory, in ever more partitions. A pass (one sum over all rows) is timed
with no arithmetic worth mentioning, which gives the cost of the scheduler: a constant for every pass and one for every
partition, by least squares. The rows of whole fits say how many passes a law needs. The last rows project

    seconds = passes * (pass + partitions * task + rows / workers * row)

to rows and workers that nobody measured here: with the time for a row measured on one core, and reading from disk or
network, where the data do not stay in the memory of the cluster, not included.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from _common import Plot, arguments_of, parser_of, progress, publish, quiet, seconds

import mle_toolkit as mle
from mle_toolkit.data.partitions import PartitionedSample
from mle_toolkit.data.rows import Block
from mle_toolkit.data.sample import Sample

PARTITIONS = (2, 8, 32, 128)
FAMILIES = ("gamma", "student_t")
ROWS_FAR, WORKERS_FAR, PARTITION_ROWS_FAR = 1e12, 1_000, 1e8
"""What is projected: 8 TB of numbers on 1,000 workers, in partitions of 800 MB."""


@dataclass(frozen=True)
class Counted:
    """A run that counts passes."""

    run: Any
    passes: list[int]

    def __call__(self, job: Any, partitions: Any) -> Any:
        """Run, and remember with how many partitions."""
        self.passes.append(len(partitions))
        return self.run(job, partitions)


def drawn(seed: int, n: int, family: str) -> np.ndarray:
    """One partition, made where it will stay."""
    rng = np.random.default_rng(seed)
    return rng.gamma(2.0, 1.5, n) if family == "gamma" else 1.0 + 2.0 * rng.standard_t(4.0, n)


def array_of(family: str, n: int, partitions: int) -> Any:
    """A Dask array in the memory of the cluster."""
    import dask
    import dask.array as da

    size = n // partitions
    task = dask.delayed(drawn)
    blocks = [da.from_delayed(task(seed, size, family), (size,), float) for seed in range(partitions)]
    array = da.concatenate(blocks).persist()
    array.sum().compute()  # persist() returns at once
    return array


def nothing(block: Block) -> float:
    """A sum without arithmetic."""
    return 0.0


def scheduler_cost(repeat: int) -> tuple[list[dict[str, Any]], float, float]:
    """Time passes over partitions of ten rows; the constants of a pass and of a partition, in seconds."""
    rows, points = [], []
    for partitions in PARTITIONS:
        sample = Sample.of(array_of("gamma", 10 * partitions, partitions))
        assert isinstance(sample, PartitionedSample)
        one_pass = partial(sample._run, sample._job((nothing, None)), sample._partitions)
        times = [seconds(one_pass)[0] for _ in range(repeat + 1)][1:]
        points += [(partitions, t) for t in times]
        rows.append(
            {
                "what": "pass without arithmetic",
                "partitions": partitions,
                "passes": 1,
                "median_ms": 1e3 * statistics.median(times),
                "range_ms": (1e3 * min(times), 1e3 * max(times)),
            }
        )
    slope, constant = np.polyfit(*np.array(points).T, 1)
    return rows, max(float(constant), 0.0), float(slope)


def fit_cost(family: str, n: int, partitions: int, repeat: int) -> dict[str, Any]:
    """Time whole fits with their standard errors, and count their passes."""
    array = array_of(family, n, partitions)
    times, passes = [], []
    for _ in range(repeat + 1):
        sample = Sample.of(array)
        assert isinstance(sample, PartitionedSample)
        counted = sample._run = Counted(sample._run, [])

        def whole(sample: Sample = sample) -> Any:
            fit = mle.fit(sample, family)
            return fit.bse, fit.llf

        times.append(seconds(whole)[0])
        passes = counted.passes
    full = sum(1 for parts in passes if parts == partitions)
    return {
        "what": f"fit of {family}",
        "rows": n,
        "partitions": partitions,
        "passes": full,
        "median_ms": 1e3 * statistics.median(times[1:]),
        "range_ms": (1e3 * min(times[1:]), 1e3 * max(times[1:])),
    }


def nanoseconds_per_row(family: str, repeat: int) -> float:
    """Time of one row in one pass on one core, of data far larger than the cache."""
    x = np.resize(drawn(1, 1_000_003, family), 20_000_000)
    sample = PartitionedSample([x])
    taken: list[int] = []
    sample._run = Counted(sample._run, taken)
    mle.fit(sample, family)
    times = []
    for _ in range(repeat):
        sample = PartitionedSample([x])
        counted = sample._run = Counted(sample._run, [])
        elapsed, _ = seconds(lambda sample=sample: mle.fit(sample, family).bse)  # type: ignore[misc]
        times.append(elapsed / len(counted.passes) / len(x) * 1e9)
    return statistics.median(times)


def main() -> None:
    """Measure and project."""
    parser = parser_of(__doc__)
    parser.add_argument("--rows", type=float, default=2e7, help="rows of whole fits (2e7)")
    parser.add_argument("--repeat", type=int, default=5, help="calls of each")
    parser.add_argument("--workers", type=int, default=2, help="processes of the local cluster")
    parser.add_argument("--quick", action="store_true", help="1e6 rows, 2 calls")
    arguments = arguments_of(parser)
    from distributed import Client, LocalCluster

    n, repeat = (1_000_000, 2) if arguments.quick else (int(arguments.rows), arguments.repeat)
    per_row = {family: nanoseconds_per_row(family, repeat) for family in FAMILIES}
    with (
        quiet(),
        LocalCluster(n_workers=arguments.workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster),
    ):
        rows, constant, task = scheduler_cost(repeat)
        for family in FAMILIES:
            for partitions in PARTITIONS[1:3]:
                progress(f"{family}, {partitions} partitions")
                rows.append(fit_cost(family, n, partitions, repeat))
    partitions = int(ROWS_FAR / PARTITION_ROWS_FAR)
    for family in FAMILIES:
        passes = next(row["passes"] for row in rows if row["what"] == f"fit of {family}")
        one = constant + partitions * task + ROWS_FAR / WORKERS_FAR * per_row[family] * 1e-9
        rows.append(
            {
                "what": f"projected fit of {family} on {WORKERS_FAR:,} workers",
                "rows": int(ROWS_FAR),
                "partitions": partitions,
                "passes": passes,
                "median_ms": 1e3 * passes * one,
            }
        )
    notes = [f"a pass costs {1e3 * constant:.1f} ms, and {1e3 * task:.2f} ms a partition"]
    notes += [f"{family}: {value:.2f} ns a row and pass on one core" for family, value in per_row.items()]
    publish(__doc__, arguments, rows, Plot("lines", "partitions", "median_ms", ("what",), "milliseconds"), notes)


if __name__ == "__main__":
    main()
