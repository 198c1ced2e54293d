"""How long one waits before the first result.

    python benchmarks/import_time.py [--repeat K]

Every call is a new process, from its start to its end, in turn, with files in the page cache. "over python ms" is what
it takes beyond a bare interpreter; the target for `import mle_toolkit` is NumPy's own and 30 ms.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from _common import Plot, alternate, arguments_of, parser_of, publish

DATA = "import numpy as np; x = np.random.default_rng(1).gamma(2.0, 1.5, {n})"
COMMANDS: dict[str, list[str]] = {
    "python": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "import mle_toolkit": ["-c", "import mle_toolkit"],
    "import scipy.stats": ["-c", "import scipy.stats"],
    "mle --help": ["-c", "from mle_toolkit.cli import main; main()", "--help"],
    "first fit, gamma, 1e3 rows": ["-c", f"{DATA.format(n=1000)}; import mle_toolkit as mle; mle.fit(x, 'gamma')"],
    "first fit, student_t, 1e3 rows": [
        "-c",
        f"{DATA.format(n=1000)}; import mle_toolkit as mle; mle.fit(x - 3, 'student_t')",
    ],
    "first fit, gamma, 1e6 rows": ["-c", f"{DATA.format(n=10**6)}; import mle_toolkit as mle; mle.fit(x, 'gamma')"],
    "first fit, scipy's gamma, 1e3 rows": ["-c", f"{DATA.format(n=1000)}; from scipy import stats; stats.gamma.fit(x)"],
}


def run(command: list[str]) -> None:
    """Run Python in a process of its own, in silence."""
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--repeat", type=int, default=15)
    arguments = arguments_of(parser)

    timing = alternate(
        {what: lambda command=command: run(command) for what, command in COMMANDS.items()}, arguments.repeat
    )
    python, numpy = timing["python"].median_ms, timing["import numpy"].median_ms
    rows: list[dict[str, Any]] = [
        {
            "what": what,
            "calls": len(its.times),
            "ms": its.median_ms,
            "range_ms": its.range_ms,
            "over_python_ms": its.median_ms - python,
            "over_numpy_ms": its.median_ms - numpy,
        }
        for what, its in timing.items()
    ]
    publish(__doc__, arguments, rows, Plot("dots", "what", "ms", label="ms from start to end of the process"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
