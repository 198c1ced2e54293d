"""How long it takes to fit every family that may be meant and to rank them, and where the true one ends.

    python benchmarks/rank_all.py [--n N] [--repeat K] [--all] [--without-numba]

The data are of a gamma law. Tools alternate in one process; those that fit all their laws, which takes from seconds to
minutes, run with `--all` only. Ours ranks by AIC, with a verdict, a divergence and its standard error for every family.
The loops over SciPy rank by AIC too, with the location held at 0 for laws of positive numbers; the last one lets
SciPy free all it likes. fitter and distfit rank by the squared error of a histogram; OpenTURNS by BIC.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from _common import Plot, alternate, arguments_of, draw, parser_of, publish, quiet
from _peers import SCIPY, is_installed
from scipy import stats

import mle_toolkit as mle

ON_A_CIRCLE = {"von_mises", "vonmises"}
HOURS = {"levy_stable", "studentized_range"}
"""SciPy's laws whose densities take so long that nobody would wait for a fit."""

Ranking = tuple[list[str], int]
"""Names of the laws, best first, and how many laws could not be fitted."""

TRUE_NAMES = ("gamma", "Gamma", "GammaFactory")


def ours(x: np.ndarray) -> Ranking:
    """All families that could be meant, and the table."""
    compared = mle.compare(x)
    return list(compared.table["family"]), len(compared.failures)


def _by_aic(x: np.ndarray, laws: dict[str, tuple[Any, dict[str, float]]]) -> Ranking:
    aic: dict[str, float] = {}
    for name, (law, fixed) in laws.items():
        try:
            params = law.fit(x, **fixed)
            value = 2 * (len(params) - len(fixed)) - 2 * float(np.sum(law.logpdf(x, *params)))
        except Exception:  # SciPy raises many things; a law that it cannot fit is one that failed
            continue
        if np.isfinite(value):
            aic[name] = value
    return sorted(aic, key=aic.__getitem__), len(laws) - len(aic)


def scipy_same(x: np.ndarray) -> Ranking:
    """SciPy's fit of the families that both have."""
    return _by_aic(x, {name: spec for name, spec in SCIPY.items() if name not in ON_A_CIRCLE})


def scipy_all(x: np.ndarray) -> Ranking:
    """SciPy's fit of all its continuous laws."""
    names = [name for name in dir(stats) if isinstance(getattr(stats, name), stats.rv_continuous)]
    return _by_aic(x, {name: (getattr(stats, name), {}) for name in names if name not in ON_A_CIRCLE | HOURS})


def fitter_common(x: np.ndarray) -> Ranking:
    """Fitter's common distributions."""
    from fitter import get_common_distributions

    return _fitter(x, get_common_distributions())


def fitter_all(x: np.ndarray) -> Ranking:
    """All of fitter's distributions."""
    from fitter import get_distributions

    return _fitter(x, get_distributions())


def _fitter(x: np.ndarray, names: list[str]) -> Ranking:
    from fitter import Fitter

    found = Fitter(x, distributions=names)
    found.fit(progress=False)
    errors = found.df_errors["sumsquare_error"].sort_values()
    good = errors[np.isfinite(errors)]
    return list(good.index), len(names) - len(good)


def distfit_popular(x: np.ndarray) -> Ranking:
    """The distributions that distfit calls popular."""
    return _distfit(x, "popular")


def distfit_all(x: np.ndarray) -> Ranking:
    """All of distfit's distributions."""
    return _distfit(x, "full")


def _distfit(x: np.ndarray, which: str) -> Ranking:
    from distfit import distfit

    found = distfit(distr=which, verbose="silent")
    found.fit_transform(x, verbose="silent")
    summary = found.summary.sort_values("score")
    return list(summary["name"]), 0


def openturns_factories(x: np.ndarray) -> Ranking:
    """OpenTURNS' continuous factories."""
    import openturns as ot

    ot.Log.Show(ot.Log.NONE)
    sample = ot.Sample(x[:, None])
    bic: dict[str, float] = {}
    factories = [factory.getImplementation() for factory in ot.DistributionFactory.GetContinuousUniVariateFactories()]
    factories = [factory for factory in factories if factory.getClassName() != "HistogramFactory"]  # not a law
    for factory in factories:
        name = factory.getClassName()
        try:
            law = factory.build(sample)
            value = float(ot.FittingTest.BIC(sample, law, law.getParameterDimension()))
        except Exception:  # as above
            continue
        if np.isfinite(value):
            bic[name] = value
    return sorted(bic, key=bic.__getitem__), len(factories) - len(bic)


TOOLS: dict[str, tuple[str, str, Callable[[np.ndarray], Ranking], bool]] = {
    "mle.compare": ("numpy", "AIC", ours, False),
    "scipy, the same laws": ("scipy", "AIC", scipy_same, False),
    "fitter, common": ("fitter", "squared error", fitter_common, False),
    "distfit, popular": ("distfit", "squared error", distfit_popular, False),
    "openturns, factories": ("openturns", "BIC", openturns_factories, False),
    "scipy, all laws": ("scipy", "AIC", scipy_all, True),
    "fitter, all": ("fitter", "squared error", fitter_all, True),
    "distfit, full": ("distfit", "squared error", distfit_all, True),
}
"""Package that is needed, what the ranks follow, the call, and whether it is a long one."""


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--all", action="store_true", help="also tools that fit all their laws: minutes")
    arguments = arguments_of(parser)

    x = draw("gamma", arguments.n)
    wanted = {tool: spec for tool, spec in TOOLS.items() if arguments.all or not spec[3]}
    present = {tool: spec for tool, spec in wanted.items() if is_installed(spec[0])}
    notes = [f"{spec[0]} is not installed: {tool} left out" for tool, spec in wanted.items() if tool not in present]

    def silenced(call: Callable[[np.ndarray], Ranking]) -> Callable[[], Ranking]:
        def silent() -> Ranking:
            with quiet():
                return call(x)

        return silent

    timing = alternate({tool: silenced(call) for tool, (_, _, call, _) in present.items()}, arguments.repeat)
    rows: list[dict[str, Any]] = []
    for tool, its in timing.items():
        ranked, failed = its.result
        true = next((rank for rank, name in enumerate(ranked, start=1) if name in TRUE_NAMES), None)
        rows.append(
            {
                "tool": tool,
                "families": len(ranked),
                "failed": failed,
                "calls": len(its.times),
                "ms": its.median_ms,
                "range_ms": its.range_ms,
                "ms_per_family": its.median_ms / max(1, len(ranked)),
                "ranked_by": present[tool][1],
                "first": ranked[0] if ranked else None,
                "rank_of_gamma": true,
            }
        )
    publish(__doc__, arguments, rows, Plot("dots", "tool", "ms", label="ms, all fits and the ranking"), notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
