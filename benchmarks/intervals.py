"""How fast confidence intervals are against those of peers, and whether they are the same.

    python benchmarks/intervals.py [--quick] [--repeat K] [--json FILE]

Profile-likelihood intervals of a Weibull law, of exact and of censored times, beside SurPyval's; Wald intervals of
a gamma law beside those of a likelihood given to statsmodels. Calls alternate in one process, and each fits and then
makes the intervals of both parameters. The ratio is the peer's time over ours; the last column is the largest distance
between the ends of both, in standard errors.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
from _common import SEED, Plot, alternate, arguments_of, draw, parser_of, progress, publish, quiet
from scipy import special

import mle_toolkit as mle


def weibull_cases(
    sizes: tuple[int, ...],
) -> list[tuple[str, int, Callable[[], Any], Callable[[], Any], dict[str, float]]]:
    """Profile intervals: (what, n, ours, SurPyval's, standard errors)."""
    import surpyval

    made = []
    for n in sizes:
        x = draw("weibull", n)
        limit = np.random.default_rng(SEED).uniform(1.0, 4.0, n)
        for what, censored in (("exact", np.zeros(n, dtype=int)), ("censored", (x > limit).astype(int))):
            time = np.where(censored == 1, limit, x)
            sample = mle.Sample.right_censored(time, censored == 0)

            def ours(sample: mle.Sample = sample) -> dict[str, tuple[float, float]]:
                table = mle.fit(sample, "weibull").conf_int(method="profile")
                return {name: tuple(row) for name, row in zip(table.index, table.to_numpy(), strict=True)}

            def theirs(time: Any = time, censored: Any = censored) -> dict[str, tuple[float, float]]:
                with quiet():
                    fit = surpyval.Weibull.fit(time, c=censored)
                    ends = {"shape": fit.param_cb("beta", method="lr"), "scale": fit.param_cb("alpha", method="lr")}
                return {name: tuple(np.sort(np.ravel(both))) for name, both in ends.items()}

            made.append((f"profile, weibull, {what}", n, ours, theirs, dict(mle.fit(sample, "weibull").bse)))
    return made


def gamma_cases(
    sizes: tuple[int, ...],
) -> list[tuple[str, int, Callable[[], Any], Callable[[], Any], dict[str, float]]]:
    """Wald intervals: (what, n, ours, statsmodels', standard errors)."""
    from statsmodels.base.model import GenericLikelihoodModel

    class Gamma(GenericLikelihoodModel):  # type: ignore[misc]
        """The gamma law by its likelihood alone, as a user of statsmodels would write it."""

        def loglikeobs(self, params: Any) -> Any:
            """Log-density of each row."""
            shape, scale = params
            x = self.endog
            return (shape - 1) * np.log(x) - x / scale - special.gammaln(shape) - shape * np.log(scale)

    made = []
    for n in sizes:
        x = draw("gamma", n)

        def ours(x: Any = x) -> dict[str, tuple[float, float]]:
            table = mle.fit(x, "gamma").conf_int()
            return {name: tuple(row) for name, row in zip(table.index, table.to_numpy(), strict=True)}

        def theirs(x: Any = x) -> dict[str, tuple[float, float]]:
            with quiet():
                model = Gamma(x, np.ones_like(x), extra_params_names=["scale"])
                ends = model.fit(start_params=[1.0, x.mean()], method="bfgs", disp=0).conf_int()
            return {"shape": tuple(ends[0]), "scale": tuple(ends[1])}

        made.append(("wald, gamma, exact", n, ours, theirs, dict(mle.fit(x, "gamma").bse)))
    return made


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--quick", action="store_true", help="few observations only")
    parser.add_argument("--repeat", type=int, default=5)
    arguments = arguments_of(parser)

    sizes = (100,) if arguments.quick else (100, 1_000, 10_000)
    cases, notes = [("statsmodels", case) for case in gamma_cases(sizes)], []
    if importlib.util.find_spec("surpyval") is None:
        notes.append("surpyval is not installed: its profile intervals left out")
    else:
        cases += [("surpyval", case) for case in weibull_cases(sizes)]
    rows = []
    for peer, (what, n, ours, theirs, se) in cases:
        timing = alternate({"ours": ours, "peer": theirs}, arguments.repeat)
        mine, other = timing["ours"].result, timing["peer"].result
        ratio, between = timing["peer"].over(timing["ours"])
        rows.append(
            {
                "what": what,
                "n": n,
                "peer": peer,
                "ours_ms": timing["ours"].median_ms,
                "peer_ms": timing["peer"].median_ms,
                "ratio": ratio,
                "ratio_range": between,
                "apart_se": max(float(np.max(np.abs(np.subtract(mine[k], other[k])))) / se[k] for k in se),
            }
        )
        progress(f"{what} {n}")
    publish(__doc__, arguments, rows, Plot("dots", "what", "ratio", ("n",), "time of the peer over ours", 1.0), notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
