"""How the time of a fit grows with the number of rows.

    python benchmarks/scaling.py [--largest N] [--family NAME ...] [--repeat K] [--without-numba]

Sizes go up by a factor of 10 from 100. "exponent" is b of time = a n**b between a size and the one above it in the
table; the notes have b over the larger half of the sizes by least squares: 1 is time proportional to the data.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from _common import TRUTH, Plot, alternate, arguments_of, draw, family_of, parser_of, progress, publish, tier

import mle_toolkit as mle

FAMILIES = ("normal", "gamma", "beta", "weibull", "student_t", "gpd", "gev", "skew_normal", "negative_binomial")


def measure(names: list[str], n: int, repeat: int) -> list[dict[str, Any]]:
    """Fit families to data of one size, in turn."""
    data = {name: draw(name, n) for name in names}
    law = {name: family_of(name) for name in names}
    timing = alternate({name: lambda name=name: mle.fit(data[name], law[name]) for name in names}, repeat)
    return [
        {
            "family": name,
            "n": n,
            "tier": tier(timing[name].result),
            "ms": timing[name].median_ms,
            "range_ms": timing[name].range_ms,
            "ns_per_row": 1e6 * timing[name].median_ms / n,
        }
        for name in names
    ]


def with_exponents(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows by family with local exponents, and one note for each family with that over the larger half of its sizes."""
    done, notes = [], []
    for name in dict.fromkeys(row["family"] for row in rows):
        own = [row for row in rows if row["family"] == name]
        for previous, row in zip([None, *own], own, strict=False):
            local = None if previous is None else math.log10(row["ms"] / previous["ms"])
            done.append(row | {"exponent": local})
        upper = own[len(own) // 2 :]
        if len(upper) > 1:
            slope, _ = np.polyfit(np.log([row["n"] for row in upper]), np.log([row["ms"] for row in upper]), 1)
            notes.append(f"{name}: time grows as n^{slope:.2f} from {upper[0]['n']:,} rows to {upper[-1]['n']:,}")
    return done, notes


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--largest", type=float, default=1e7, help="rows, a power of 10 (default 1e7)")
    parser.add_argument("--family", action="append", choices=sorted(TRUTH), help=f"default: {', '.join(FAMILIES)}")
    parser.add_argument("--repeat", type=int, default=5)
    arguments = arguments_of(parser)

    rows = []
    for power in range(2, round(math.log10(arguments.largest)) + 1):
        families = list(arguments.family or FAMILIES)
        # All data of one size are in memory together, but for the largest.
        groups = [families] if power < 8 else [[name] for name in families]
        for names in groups:
            rows += measure(names, 10**power, arguments.repeat)
        progress(f"n = 1e{power}")
    rows, notes = with_exponents(rows)
    publish(__doc__, arguments, rows, Plot("lines", "n", "ms", ("family",), "time of a fit, ms"), notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
