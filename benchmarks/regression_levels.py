"""Regressions on a factor of many levels: time, memory, and how far the answer is from the maximum.

    python benchmarks/regression_levels.py [--n N] [--levels L ...] [--quick] [--repeat K] [--json FILE]

A Poisson regression on three covariates and one factor, by formula, with standard errors and certificate. The peer,
statsmodels' GLM, is given the whole design, as long as that has fewer than 50 million entries, and calls alternate in
one process. The memory is the most that Python and NumPy held during our fit beyond the data, in megabytes, and over
that of one whole design. The last column is the largest distance of our coefficients from a maximum found anew by
Newton's method on a sparse design of its own, in standard errors.
"""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
from _common import SEED, Plot, alternate, arguments_of, parser_of, progress, publish, quiet
from scipy import sparse
from scipy.sparse import linalg

import mle_toolkit as mle

_LARGEST = 50_000_000


def drawn(n: int, levels: int) -> tuple[dict[str, Any], np.ndarray]:
    """A frame of counts, three covariates and a factor; and the code of the level of each row."""
    rng = np.random.default_rng(SEED)
    code = np.concatenate([np.arange(levels), rng.integers(0, levels, n - levels)])
    x = rng.normal(size=(3, n))
    eta = 1 + 0.3 * x[0] - 0.2 * x[1] + 0.5 * rng.normal(size=levels)[code]
    names = np.array([f"g{k:05d}" for k in range(levels)])
    return {"y": rng.poisson(np.exp(eta)), "a": x[0], "b": x[1], "c": x[2], "g": names[code]}, code


def design_of(frame: dict[str, Any], code: np.ndarray, levels: int) -> sparse.csr_array:
    """The columns that the formula stands for, in its order."""
    n = len(code)
    dummies = sparse.csr_array((np.ones(n), (np.arange(n), code)), shape=(n, levels))[:, 1:]
    whole = np.column_stack([np.ones(n), frame["a"], frame["b"], frame["c"]])
    return sparse.hstack([sparse.csr_array(whole), dummies], format="csr")


def maximum(y: np.ndarray, design: sparse.csr_array, start: np.ndarray) -> np.ndarray:
    """Coefficients at which the score is 0, by Newton's method from our estimate."""
    beta = start.copy()
    for _ in range(3):
        mean = np.exp(design @ beta)
        information = (design.T @ design.multiply(mean[:, None])).tocsc()
        beta = beta + linalg.spsolve(information, design.T @ (y - mean))
    return beta


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--levels", type=int, action="append", help="levels; may be given several times")
    parser.add_argument("--quick", action="store_true", help="few rows and levels only")
    parser.add_argument("--repeat", type=int, default=1)
    arguments = arguments_of(parser)
    n, sizes = (9_000, [120]) if arguments.quick else (arguments.n, arguments.levels or [200, 400, 1_000, 2_000])
    rows: list[dict[str, Any]] = []
    for levels in sizes:
        frame, code = drawn(n, levels)
        design = design_of(frame, code, levels)
        y = np.asarray(frame["y"], dtype=float)

        def ours(frame: dict[str, Any] = frame) -> mle.RegressionFit:
            fit = mle.regress("y ~ a + b + c + C(g)", frame, "poisson")
            _ = fit.bse, fit.certificate
            return fit

        def theirs(design: sparse.csr_array = design, y: np.ndarray = y) -> Any:
            import statsmodels.api as sm

            with quiet():
                found = sm.GLM(y, design.toarray(), family=sm.families.Poisson()).fit()
                return found.params, found.bse

        both = n * (levels + 3) < _LARGEST
        timing = alternate({"ours": ours} | ({"peer": theirs} if both else {}), arguments.repeat)
        fit = timing["ours"].result
        tracemalloc.start()
        ours()
        held = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        mine, se = np.asarray(fit.params["mu"]), np.asarray(fit.bse["mu"])
        rows.append(
            {
                "rows": n,
                "levels": levels,
                "ours_ms": timing["ours"].median_ms,
                "statsmodels_ms": timing["peer"].median_ms if both else None,
                "ratio": timing["peer"].over(timing["ours"])[0] if both else None,
                "held_mb": held,
                "share_of_whole": held / (8e-6 * n * (levels + 3)),
                "ours_off_se": float(np.max(np.abs(mine - maximum(y, design, mine)) / se)),
            }
        )
        progress(f"{n} rows, {levels} levels")
    publish(__doc__, arguments, rows, Plot("dots", "levels", "ours_ms", (), "milliseconds", None))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
