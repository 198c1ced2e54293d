"""How fast columns larger than memory are fitted, and in how much memory.

    python benchmarks/out_of_core.py [--n N] [--family NAME ...] [--quick]

Each row is a process of its own, which alternates between a fit and only reading the same file: pyarrow's own decoding
of Parquet and CSV, NumPy's sum of a memory map. "over reading" is the ratio of the fit to the reading beside it; for
Parquet "over default" is the ratio to pyarrow's reading with its own choice of batches and threads. "peak mb" is the
largest resident size of the process, interpreter and libraries included; "loaded mb" is that size before the first row
was read. The file is written to a temporary directory and is in the page cache, so decoding is measured, not the disk.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from _common import TRUTH, Plot, alternate, arguments_of, family_of, largest_resident_mb, parser_of, progress, publish

import mle_toolkit as mle

PIECE_ROWS = 1_000_000
"""Rows that are drawn and written at a time: row groups of the Parquet file."""

READ_BATCH_ROWS = 100_000
"""Rows a batch of Parquet, decoded in one thread: the fastest way to read one column by pyarrow that we know, faster
than its defaults (65,536 rows, several threads)."""

TARGET_OVER_READING, TARGET_PEAK_MB = 1.2, 400.0

CASES = (("parquet", "gamma"), ("parquet", "student_t"), ("npy", "gamma"), ("npy", "student_t"), ("csv", "gamma"))


def pieces(family: str, n: int) -> Iterator[np.ndarray]:
    """Draw the data, piece by piece."""
    law, rng = mle.distribution(family_of(family), **TRUTH[family]), np.random.default_rng(20_240_101)
    for first in range(0, n, PIECE_ROWS):
        yield np.asarray(law.rvs(size=min(PIECE_ROWS, n - first), rng=rng), dtype=float)


def write(kind: str, family: str, n: int, path: Path) -> None:
    """Write the column, never holding more than a piece."""
    if kind == "npy":
        out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float64, shape=(n,))
        for k, x in enumerate(pieces(family, n)):
            out[k * PIECE_ROWS : k * PIECE_ROWS + len(x)] = x
        out.flush()
        return
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    schema = pa.schema([("x", pa.float64())])
    with (pq.ParquetWriter if kind == "parquet" else csv.CSVWriter)(path, schema) as writer:
        for x in pieces(family, n):
            writer.write_table(pa.table({"x": x}))


def reading(kind: str, path: Path) -> Callable[[], Any]:
    """What only reads the file, in constant memory."""

    def parquet() -> int:
        import pyarrow.parquet as pq

        with pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as file:
            batches = file.iter_batches(READ_BATCH_ROWS, columns=["x"], use_threads=False)
            return sum(batch.num_rows for batch in batches)

    def parquet_by_default() -> int:
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            return sum(batch.num_rows for batch in file.iter_batches(columns=["x"]))

    def csv() -> int:
        from pyarrow import csv

        with csv.open_csv(path) as reader:
            return sum(batch.num_rows for batch in reader)

    def npy() -> float:
        return float(np.sum(np.load(path, mmap_mode="r")))

    readers = {"parquet": parquet, "parquet by default": parquet_by_default, "csv": csv, "npy": npy}
    return readers[kind]


def measure(kind: str, family: str, path: Path, repeat: int) -> dict[str, Any]:
    """Fit and read in turn; called in a process of its own."""
    law = family_of(family)
    column = None if kind == "npy" else "x"
    few = mle.distribution(law, **TRUTH[family]).rvs(size=400_000, rng=np.random.default_rng(1))
    mle.fit(np.asarray(few), law)  # loads numba and what it compiled
    loaded = largest_resident_mb()

    def fit() -> mle.Fit:
        result = mle.fit(mle.scan(path, column), law)
        _, _ = result.bse, result.certificate
        return result

    fit()
    # A memory map that is summed as a whole counts as resident, so the peak of the fit is taken before.
    peak = largest_resident_mb()
    calls = {"fit": fit, "read": reading(kind, path)}
    if kind == "parquet":
        calls["read by default"] = reading("parquet by default", path)
    timed = alternate(calls, repeat)
    result: mle.Fit = timed["fit"].result
    ratio, spread = timed["fit"].over(timed["read"])
    n = result.sample.n_rows
    return {
        "file": kind,
        "family": family,
        "n": n,
        "fit_s": timed["fit"].median_ms / 1e3,
        "fit_ns_per_row": timed["fit"].median_ms * 1e6 / n,
        "read_ns_per_row": timed["read"].median_ms * 1e6 / n,
        "over_reading": ratio,
        "range": spread,
        "over_default": timed["fit"].over(timed["read by default"])[0] if kind == "parquet" else None,
        "peak_mb": peak,
        "loaded_mb": loaded,
        "verdict": str(result.certificate.verdict),
        "method": result.certificate.method,
    }


def in_own_process(kind: str, family: str, path: Path, repeat: int) -> dict[str, Any]:
    """`measure`, in a process whose resident size is of nothing else."""
    command = [sys.executable, __file__, "--measure", kind, family, str(path), "--repeat", str(repeat)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def main() -> None:
    """Write, measure, publish."""
    parser = parser_of(__doc__)
    parser.add_argument("--n", type=float, default=1e8, help="rows (1e8); a tenth of them for CSV")
    parser.add_argument("--family", action="append", help="a law; may be repeated (gamma and student_t)")
    parser.add_argument("--repeat", type=int, default=5, help="calls of each")
    parser.add_argument("--quick", action="store_true", help="1e6 rows, 2 calls")
    parser.add_argument(
        "--measure", nargs=3, metavar=("KIND", "FAMILY", "PATH"), help="what the script calls itself by"
    )
    arguments = arguments_of(parser)
    if arguments.measure:
        kind, family, path = arguments.measure
        print(json.dumps(measure(kind, family, Path(path), arguments.repeat)))
        return
    n, repeat = (1_000_000, 2) if arguments.quick else (int(arguments.n), arguments.repeat)
    families = arguments.family or ["gamma", "student_t"]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, family in CASES:
            if family not in families:
                continue
            path = Path(folder) / f"{family}.{kind}"
            progress(f"{kind}, {family}")
            write(kind, family, n // 10 if kind == "csv" else n, path)
            rows.append(in_own_process(kind, family, path, repeat))
            path.unlink()
    notes = [
        f"targets: {TARGET_OVER_READING} times pyarrow's decoding for Parquet and a family of one pass; a peak below "
        f"{TARGET_PEAK_MB:.0f} MB at 1e8 rows"
    ]
    publish(
        __doc__, arguments, rows, Plot("dots", "family", "over_reading", ("file",), "time over reading", 1.2), notes
    )


if __name__ == "__main__":
    main()
