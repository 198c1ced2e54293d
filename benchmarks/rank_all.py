"""How long it takes to fit every family that may be meant and to rank them, and how good the one ranked first is.

    python benchmarks/rank_all.py [--n N] [--repeat K] [--budget SECONDS] [--all] [--quick] [--without-numba]

The data are of a gamma law. Tools alternate in one process; those that fit all their laws, which takes from seconds to
minutes, run with `--all` only, one after the other when the others are done. Ours ranks by AIC, with a verdict, a
divergence and its standard error for every family. The loops over SciPy rank by AIC too, with the location held at 0
for laws of positive numbers; the last one lets SciPy free all it likes. fitter and distfit rank by the squared error of
a histogram; OpenTURNS by BIC.

"aic less ours" is the AIC of what the tool ranks first, at its own estimates, less that of what we rank first: what the
choice and the fit lose. "right" is the share of samples of 500 rows, 20 of each of a normal, gamma, exponential and
lognormal law, in which the tool, given these four, ranks the true one first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from _common import SEED, TRUTH, Plot, alternate, arguments_of, draw, parser_of, progress, publish
from _peers import OPENTURNS, SCIPY, PeerError, attempt, is_installed
from scipy import stats

import mle_toolkit as mle

ON_A_CIRCLE = {"von_mises", "vonmises"}
HOURS = {"levy_stable", "studentized_range"}
"""SciPy's laws whose densities take so long that nobody would wait for a fit."""

TRUE_NAMES = ("gamma", "Gamma", "GammaFactory")

FEW = ("normal", "gamma", "exponential", "lognormal")
FEW_ROWS = 500
"""What tools choose from where it is counted how often they are right."""


@dataclass(frozen=True)
class Ranking:
    """What a tool made of the data.

    Attributes
    ----------
    names : list of str
        The laws, best first.
    failed : int
        How many laws could not be fitted.
    first_aic : callable
        The AIC of the first at the tool's estimates; not timed.
    """

    names: list[str]
    failed: int
    first_aic: Callable[[], float]


def _ours(x: np.ndarray, families: Sequence[str] | None) -> Ranking:
    compared = mle.compare(x, families)
    return Ranking(list(compared.table["family"]), len(compared.failures), lambda: compared.best.aic)


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
    return Ranking(sorted(aic, key=aic.__getitem__), len(laws) - len(aic), lambda: min(aic.values()))


def _scipy(x: np.ndarray, families: Sequence[str] | None) -> Ranking:
    return _by_aic(x, {name: SCIPY[name] for name in families or SCIPY if name not in ON_A_CIRCLE})


def _scipy_all(x: np.ndarray) -> Ranking:
    names = [name for name in dir(stats) if isinstance(getattr(stats, name), stats.rv_continuous)]
    return _by_aic(x, {name: (getattr(stats, name), {}) for name in names if name not in ON_A_CIRCLE | HOURS})


def _aic_of_scipys(name: str, params: Sequence[float], x: np.ndarray) -> float:
    return 2 * len(params) - 2 * float(np.sum(getattr(stats, name).logpdf(x, *params)))


def _fitter(x: np.ndarray, names: Sequence[str]) -> Ranking:
    from fitter import Fitter

    found = Fitter(x, distributions=list(names))
    found.fit(progress=False)
    errors = found.df_errors["sumsquare_error"].sort_values()
    good = list(errors[np.isfinite(errors)].index)
    return Ranking(good, len(names) - len(good), lambda: _aic_of_scipys(good[0], found.fitted_param[good[0]], x))


def _fitter_common(x: np.ndarray) -> Ranking:
    from fitter import get_common_distributions

    return _fitter(x, get_common_distributions())


def _fitter_all(x: np.ndarray) -> Ranking:
    from fitter import get_distributions

    return _fitter(x, get_distributions())


def _distfit(x: np.ndarray, which: str | list[str]) -> Ranking:
    from distfit import distfit

    found = distfit(distr=which, verbose="silent")
    found.fit_transform(x, verbose="silent")
    summary = found.summary.sort_values("score")
    names = list(summary["name"])
    return Ranking(names, 0, lambda: _aic_of_scipys(names[0], summary["params"].iloc[0], x))


def _openturns(x: np.ndarray, names: Sequence[str] | None) -> Ranking:
    import openturns as ot

    ot.Log.Show(ot.Log.NONE)
    sample = ot.Sample.BuildFromPoint(x)
    every = [factory.getImplementation() for factory in ot.DistributionFactory.GetContinuousUniVariateFactories()]
    factories = [
        factory
        for factory in every
        if factory.getClassName() != "HistogramFactory"  # not a law
        and (names is None or factory.getClassName() in names)
    ]
    bic: dict[str, float] = {}
    laws = {}
    for factory in factories:
        name = factory.getClassName()
        try:
            laws[name] = factory.build(sample)
            value = float(ot.FittingTest.BIC(sample, laws[name], laws[name].getParameterDimension()))
        except Exception:  # as above
            continue
        if np.isfinite(value):
            bic[name] = value
    ranked = sorted(bic, key=bic.__getitem__)

    def first_aic() -> float:
        law = laws[ranked[0]]
        return 2 * int(law.getParameterDimension()) - 2 * float(np.sum(np.asarray(law.computeLogPDF(sample))))

    return Ranking(ranked, len(factories) - len(bic), first_aic)


@dataclass(frozen=True)
class Tool:
    """Something that ranks laws.

    Attributes
    ----------
    package : str
        What it needs.
    ranked_by : str
    every : callable
        Rank all that the tool has.
    few : callable, optional
        Rank those of `FEW`; left out for a tool that stands in the table already.
    name_of : callable
        What the tool calls one of our families.
    long : bool
        Whether it takes from seconds to minutes.
    """

    package: str
    ranked_by: str
    every: Callable[[np.ndarray], Ranking]
    few: Callable[[np.ndarray], Ranking] | None = None
    name_of: Callable[[str], str] = str
    long: bool = False


def _scipys_name(name: str) -> str:
    return str(SCIPY[name][0].name)


SCIPYS_FEW = [_scipys_name(name) for name in FEW]
OPENTURNS_FEW = [OPENTURNS[name] for name in FEW]

TOOLS = {
    "mle.compare": Tool("numpy", "AIC", lambda x: _ours(x, None), lambda x: _ours(x, FEW)),
    "scipy, the same laws": Tool("scipy", "AIC", lambda x: _scipy(x, None), lambda x: _scipy(x, FEW)),
    "fitter, common": Tool("fitter", "squared error", _fitter_common, lambda x: _fitter(x, SCIPYS_FEW), _scipys_name),
    "distfit, popular": Tool(
        "distfit", "squared error", lambda x: _distfit(x, "popular"), lambda x: _distfit(x, SCIPYS_FEW), _scipys_name
    ),
    "openturns, factories": Tool(
        "openturns", "BIC", lambda x: _openturns(x, None), lambda x: _openturns(x, OPENTURNS_FEW), OPENTURNS.__getitem__
    ),
    "scipy, all laws": Tool("scipy", "AIC", _scipy_all, long=True),
    "distfit, full": Tool("distfit", "squared error", lambda x: _distfit(x, "full"), long=True),
    # The last: searches that it gave up go on in its workers, and would slow what comes after.
    "fitter, all": Tool("fitter", "squared error", _fitter_all, long=True),
}


def share_right(tool: Tool, samples: int) -> float | None:
    """How often the tool, given the laws of `FEW`, ranks the true one first."""
    if tool.few is None:
        return None
    right = 0
    for family in FEW:
        law = mle.distribution(family, **TRUTH[family])
        for k in range(samples):
            x = np.asarray(law.rvs(size=FEW_ROWS, rng=np.random.default_rng([SEED, k])), dtype=float)
            try:
                right += attempt(tool.few, x).names[:1] == [tool.name_of(family)]
            except PeerError:  # no answer is not the right one
                continue
    return right / (samples * len(FEW))


def main() -> int:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of calls of a tool (default 60)")
    parser.add_argument("--quick", action="store_true", help="only 2 samples of each law for the share that is right")
    parser.add_argument("--all", action="store_true", help="also tools that fit all their laws: minutes")
    arguments = arguments_of(parser)

    x = draw("gamma", arguments.n)
    wanted = {name: tool for name, tool in TOOLS.items() if arguments.all or not tool.long}
    present = {name: tool for name, tool in wanted.items() if is_installed(tool.package)}
    notes = [
        f"{tool.package} is not installed: {name} left out" for name, tool in wanted.items() if name not in present
    ]

    def attempted(name: str, call: Callable[..., Any], *args: Any) -> Any:
        progress(name)
        try:
            return attempt(call, *args)
        except PeerError as error:  # a tool that fails is a note, not the end
            return error

    calls = {name: partial(attempted, name, tool.every, x) for name, tool in present.items()}
    side_by_side = {name: call for name, call in calls.items() if not present[name].long}
    timing = alternate(side_by_side, arguments.repeat, budget=arguments.budget)
    for name in [name for name in calls if present[name].long]:
        timing |= alternate({name: calls[name]}, arguments.repeat, budget=arguments.budget)
    rows: list[dict[str, Any]] = []
    least = timing["mle.compare"].result.first_aic()
    for name, its in timing.items():
        tool, ranking = present[name], its.result
        first_aic = ranking if isinstance(ranking, PeerError) else attempted(name, ranking.first_aic)
        if isinstance(first_aic, PeerError):
            notes.append(f"{name} failed: {first_aic}")
            continue
        ranked = ranking.names
        rows.append(
            {
                "tool": name,
                "families": len(ranked),
                "failed": ranking.failed,
                "calls": len(its.times),
                "ms": its.median_ms,
                "range_ms": its.range_ms,
                "ms_per_family": its.median_ms / max(1, len(ranked)),
                "ranked_by": tool.ranked_by,
                "first": ranked[0],
                "rank_of_gamma": next((rank for rank, law in enumerate(ranked, start=1) if law in TRUE_NAMES), None),
                "aic_less_ours": first_aic - least,
                "right": share_right(tool, 2 if arguments.quick else 20),
            }
        )
    notes.append(f"a tool is not called again once it has taken {arguments.budget:g} s")
    publish(__doc__, arguments, rows, Plot("dots", "tool", "ms", label="ms, all fits and the ranking"), notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
