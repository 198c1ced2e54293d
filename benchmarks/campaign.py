"""Fits of random laws to random data, each judged by a search that shares no code with ours: counted by kind.

    python benchmarks/campaign.py [--count N] [--first K] [--seed S] [--patterns] [--workers W] [--quick] [--json FILE]
    python benchmarks/campaign.py --trial K [--seed S] [--patterns]
    python benchmarks/campaign.py --merge RESULT.json ... [--json FILE [--page docs/explanation/campaign.md]]

A trial draws a law (every registered family that the judge knows, and some laws made of laws), parameters (of the
typical ranges; one in five far outside), and data: of that law or of another, clean, contaminated, rounded, in another
unit, shifted, 2 to 2,000 rows, or, by `--patterns`, steps, powers of two, few values, clusters; exact, weighted (both
kinds), censored, in intervals, through windows, or all of that. It fits, in a process of its own that is killed after
10 s of CPU, and a judge with densities and optimisers of its own (`_judge.py`) says what the fit is:

right           the log-likelihood is that of the parameters, no better point was found, standard errors are those of
                an independent Hessian; or a refusal where the judge finds no maximum either
wrong           a fit said to be good whose log-likelihood is not that of its parameters, or below a proper maximum
crash           an exception that is none of ours
hang            over 10 s of CPU
false refusal   an error, where the judge finds a proper maximum
not converged   said so, and the judge found nothing better
not converged, better point   said so, and the judge found a better one
errors off      standard errors 0.1 % or more from those of an independent Hessian
local           said to be a local maximum of an unbounded likelihood; the judge found a better proper one
unjudged        the judge was not done in its time

Better is by more than 1e-6 nats, taken in 50 digits. Where the theory says that every sample makes the likelihood
infinite somewhere (mixtures, thresholds, laws that shrink onto a value), such a spike is no better point, a proper
maximum is. Each trial has a seed of its own: `--trial K` makes it again, alone, and tells all; chunks (`--first`) that
ran on several machines are joined by `--merge`.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import resource
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import scipy.optimize
import scipy.stats  # noqa: F401  here, and not in every child

sys.path.insert(0, str(Path(__file__).parent))
import _judge as judge
import _limits
from _common import SEED, arguments_of, parser_of, publish
from _judge import Data, Law, Search

import mle_toolkit as mle

MOST_SECONDS = 10
"""CPU of a fit; more is a hang."""

MOST_BYTES = 6 * 2**30
"""Of a process: what a trial may have of memory."""

JUDGES_SECONDS = 12.0
"""CPU of the judge's search for one trial."""

BETTER = 1e-6
"""Nats by which a point must be better to count, plus `ROUNDING` times the sum of the absolute terms."""

ROUNDING = 1e-10
"""Share of the sum of the absolute terms of a log-likelihood that its double may be off by."""

ERRORS_OFF = 1e-3
"""Relative difference of standard errors that counts."""

NEAR_LIMIT = 1e-2
"""How near the search must come to a maximum at a boundary, in nats: a limit is reached only in the limit."""

ELSEWHERE = 1.0
"""Distance of two points, in the judge's coordinates, by which they are different laws, if they are equally high."""

RISES = 1e-3
"""Nats by which a likelihood goes on rising from a point that is no maximum."""

QUICK_COUNT = 60

# --- laws -------------------------------------------------------------------------------------------------------------

CONSTANTS: dict[str, dict[str, Any]] = {"binomial": {"n": judge.TRIALS}, "betabinomial": {"n": judge.TRIALS}}


def _made_of() -> dict[str, tuple[Law, mle.Family]]:
    """Laws made of laws, as the judge and as we know them."""
    law = judge.LAWS
    pairs = [
        (judge.shifted(law["weibull"]), mle.shifted("weibull")),
        (judge.shifted(law["gamma"]), mle.shifted("gamma")),
        (judge.shifted(law["lognormal"]), mle.shifted("lognormal")),
        (judge.shifted(law["exponential"]), mle.shifted("exponential")),
        (judge.truncated(law["normal"], 0.0, math.inf), mle.truncated("normal", 0.0, math.inf)),
        (judge.truncated(law["gamma"], 0.5, 5.0), mle.truncated("gamma", 0.5, 5.0)),
        (_towards_powers(judge.truncated(law["lognormal"], 0.1, 20.0)), mle.truncated("lognormal", 0.1, 20.0)),
        (judge.zero_inflated(law["negbin"]), mle.zero_inflated("negbin")),
        (judge.zero_inflated(law["geometric"]), mle.zero_inflated("geometric")),
        (judge.hurdle(law["poisson"]), mle.hurdle("poisson")),
        (judge.hurdle(law["negbin"]), mle.hurdle("negbin")),
        (judge.mixture(law["normal"]), mle.mixture("normal", 2)),
        (judge.mixture(law["exponential"]), mle.mixture("exponential", 2)),
        (judge.mixture(law["weibull"]), mle.mixture("weibull", 2)),
        (judge.mixture(law["poisson"]), mle.mixture("poisson", 2)),
    ]
    return {judged.name: (judged, family) for judged, family in pairs}


def _towards_powers(law: Law) -> Law:
    """A truncated lognormal law, also sought where it is nearly a power of x: a mean of the order of the variance."""
    return replace(law, starts=lambda data: [[k * s * s, s] for s in (10.0, 70.0) for k in (-1.0, -0.2, 0.2, 1.0)])


@cache
def laws() -> dict[str, tuple[Law, mle.Family]]:
    """All that are drawn from, by name: the registered families that the judge knows, and laws made of them."""
    judged = {name: mle.get_family(name, **CONSTANTS.get(name, {})) for name in mle.families() if name in judge.LAWS}
    return {name: (judge.LAWS[name], family) for name, family in judged.items()} | _made_of()


# --- data -------------------------------------------------------------------------------------------------------------

EXACT_FORMS = ("exact", "frequency", "reliability")
COARSE_FORMS = ("right", "left", "intervals", "rounded", "binned", "window", "entry", "mixed")
COUNT_FORMS = ("right", "intervals", "mixed", "window")
ARC_FORMS = ("rounded",)
KINDS = ("clean", "clean", "other law", "contaminated", "rounded", "scaled", "shifted")
PATTERNS = ("steps", "powers", "repeated", "clusters", "mirrored", "all but one")
"""Kinds of data that no law draws, and people have: asked for by ``--patterns``."""


@dataclass
class Trial:
    """What is fitted, and from where.

    Attributes
    ----------
    law, family
        As the judge and as we know it.
    truth : list of float
        Parameters that it was drawn with; no start where the data are of another law or unit.
    kind, form : str
    sample : mle.Sample
    data : Data
    weight_kind : str
    """

    law: Law
    family: mle.Family
    truth: list[float]
    kind: str
    form: str
    sample: mle.Sample
    data: Data
    weight_kind: str = "frequency"


def draw_parameters(family: mle.Family, law: Law, rng: np.random.Generator, far: bool) -> list[float]:
    """Parameters from the typical ranges; if ``far``, moved out of them."""
    values: list[float] = []
    typical = [p.typical for p in family.parameters for _ in range(p.size)]
    for kind, (low, high) in zip(law.kinds, typical, strict=True):
        if kind in ("scale", "shape") and low > 0:
            value = math.exp(rng.uniform(math.log(low), math.log(high)))
            value *= math.exp(rng.choice((-1, 1)) * rng.uniform(1.0, 4.0)) if far else 1.0
        else:
            value = rng.uniform(low, high)
            if far and kind in ("loc", "real", "threshold"):
                value *= math.exp(rng.uniform(1.0, 4.0))
            elif far and kind == "unit":
                value = float(rng.choice((value / 50, 1 - (1 - value) / 50)))
            elif far and kind == "xi":
                value = 3 * value
        values.append(round(value) if kind == "whole" else value)
    k = law.kinds.count("weights")
    if k:
        values[:k] = rng.dirichlet(np.full(k, 2.0)).tolist()
    return values


def draw_size(rng: np.random.Generator) -> int:
    """From 2 rows to 2,000, the small ones often."""
    low, high = ((2, 6), (7, 30), (30, 300), (300, 2000))[rng.choice(4, p=(0.2, 0.3, 0.35, 0.15))]
    return int(rng.integers(low, high, endpoint=True))


def draw_values(law: Law, family: mle.Family, truth: list[float], kind: str, rng: np.random.Generator) -> np.ndarray:
    """Exact values of a kind of data, all of them in the support."""
    n = draw_size(rng)
    drawn_of, params = law, truth
    if kind == "other law":
        first, last = law.support
        same = [
            (other, its)
            for other, its in laws().values()
            if other.discrete == law.discrete and other.circular == law.circular
            and other.support[0] >= first and other.support[1] <= last
        ]  # fmt: skip
        drawn_of, other = same[rng.integers(len(same))]
        params = draw_parameters(other, drawn_of, rng, False)
    with np.errstate(all="ignore"):
        x = np.asarray(drawn_of.draw(rng, n, *params), dtype=float)
    x = x[np.isfinite(x) & (abs(x) < 1e300)]
    first, last = law.support
    with np.errstate(over="ignore"):
        spread = float(np.std(x)) if len(x) else 1.0
    if kind == "contaminated" and len(x):
        bad = rng.random(len(x)) < 0.05
        bad[rng.integers(len(x))] = True
        if law.discrete:
            x = np.where(bad, x + rng.integers(5, 200, len(x)) if last == math.inf else last, x)
        elif last == math.inf and not law.circular:
            x = np.where(bad, x + (spread or 1.0) * rng.uniform(5, 100, len(x)), x)
        elif not law.circular:
            x = np.where(bad, rng.uniform(first, last, len(x)), x)
        else:
            x = np.where(bad, rng.uniform(-math.pi, math.pi, len(x)), x)
    if kind == "rounded" and not law.discrete and 0 < spread < math.inf:
        step = 10.0 ** math.floor(math.log10(spread)) * float(rng.choice((0.1, 0.5, 1.0)))
        x = np.round(x / step) * step
    if kind in ("scaled", "shifted") and last == math.inf and not law.discrete and not law.circular:
        if kind == "scaled" and not law.name.startswith("truncated"):
            x = x * 10.0 ** float(rng.choice((-6, 6)))
        elif kind == "shifted" and first == -math.inf:
            x = x + (spread or 1.0) * float(rng.choice((-1e4, -100, 100, 1e4, 1e6)))
    inside = (x >= first) & (x <= last) if law.closed or law.discrete else (x > first) & (x < last)
    x = x[inside & np.isfinite(x)]
    if len(x) < 2:
        x = np.array([1.0, 2.0]) if law.discrete else np.array([0.3, 0.7]) + max(first, 0.0)
    return x


def draw_pattern(law: Law, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Values in a pattern, as of a design, a scale of a few steps, or a list of sizes: in the support."""
    n = int(rng.integers(2, 41))
    if kind == "steps":
        x = np.arange(1.0, n + 1.0)
    elif kind == "powers":
        x = 2.0 ** np.arange(min(n, 24))
    elif kind == "repeated":
        x = np.repeat(np.arange(1.0, 6.0), rng.integers(0, n, 5))
    elif kind == "clusters":
        x = np.append(rng.integers(1, 6, n), rng.integers(40, 44, rng.integers(1, n + 1))).astype(float)
    elif kind == "mirrored":
        half = rng.integers(1, 20, n).astype(float)
        x = 20.0 + np.append(half, -half)
    else:
        x = np.append(np.full(n, 3.0), float(rng.choice((1.0, 4.0, 50.0))))
    first, last = law.support
    if len(x) < 2:
        x = np.array([1.0, 2.0])
    if law.circular:
        return np.asarray(np.pi * (2.0 * x / (np.max(x) + 1.0) - 1.0))
    if law.discrete:
        return np.minimum(x, last)
    if last < math.inf:
        return np.asarray(first + (last - first) * x / (np.max(x) + 1.0))
    return np.asarray(max(first, 0.0) + x * float(rng.choice((0.1, 1.0, 7.0))))


def observe(x: np.ndarray, form: str, law: Law, rng: np.random.Generator) -> tuple[mle.Sample, Data, str]:
    """The values in a form of data, for us and for the judge."""
    n, first = len(x), law.support[0]
    with np.errstate(over="ignore"):
        spread = float(np.std(x))
    if not 0 < spread < math.inf:
        spread = abs(float(x[0])) or 1.0
    if form == "frequency":
        w = rng.integers(1, 9, n).astype(float)
        return mle.Sample(x, w), Data(x, x, w), "frequency"
    if form == "reliability":
        w = rng.gamma(2.0, 0.5, n) + 1e-3
        return mle.Sample(x, w, "reliability"), Data(x, x, w), "reliability"
    if form in ("right", "left"):
        limit = rng.choice(x, n) if rng.random() < 0.5 else np.full(n, float(np.quantile(x, rng.uniform(0.1, 0.9))))
        if form == "right":
            values, seen = np.minimum(x, limit), x <= limit
            return mle.Sample.right_censored(values, seen), Data(values, np.where(seen, x, math.inf)), "frequency"
        values, seen = np.maximum(x, limit), x >= limit
        return mle.Sample.left_censored(values, seen), Data(np.where(seen, x, -math.inf), values), "frequency"
    if form in ("intervals", "binned", "rounded"):
        step = spread * float(rng.choice((0.05, 0.3, 1.0)))
        if law.circular:
            step = 2 * math.pi / int(rng.choice((8, 16, 36)))
        if law.discrete:
            step = max(1.0, round(step))
        if form == "rounded":
            middle = np.round(x / step) * step
            if not law.discrete and first > -math.inf:
                middle = np.maximum(middle, first + step / 2)
            return mle.Sample.rounded(middle, step), Data(middle - step / 2, middle + step / 2), "frequency"
        cell = np.ceil(x / step)
        if form == "binned" and np.ptp(cell) < 500 and np.max(np.abs(cell)) < 2**50:
            edges = np.arange(cell.min() - 1, cell.max() + 1) * step
            counts = np.bincount((cell - cell.min()).astype(int), minlength=len(edges) - 1).astype(float)
            return mle.Sample.binned(counts, edges), Data(edges[:-1], edges[1:], counts), "frequency"
        low, high = (cell - 1) * step, cell * step
        opened = rng.random(n) < 0.2
        high = np.where(opened, math.inf, high)
        return mle.Sample.intervals(low, high), Data(low, high), "frequency"
    if form in ("window", "entry"):
        if form == "window":
            low, high = np.quantile(x, [rng.uniform(0.0, 0.3), rng.uniform(0.7, 1.0)])
            low = np.ceil(low) - 1.0 if law.discrete else low
            kept = x[(x > low) & (x <= high)]
            kept, low, high = (kept, low, high) if len(kept) else (x, x.min() - spread, x.max())
            lows, highs = np.full(len(kept), low), np.full(len(kept), high)
            lows = np.minimum(lows, kept.min() - 1.0) if law.discrete else np.where(lows < kept, lows, kept - spread)
            sample = mle.Sample(kept).truncated(lows, highs)
        else:
            entry = x - spread * rng.exponential(0.5, n)
            entry = np.where(entry > first, entry, -math.inf)
            kept, lows, highs = x, entry, np.full(n, math.inf)
            sample = mle.Sample(kept).truncated(lower=entry)
        return sample, Data(kept, kept, None, (lows, highs)), "frequency"
    if form == "mixed":
        what = rng.choice(4, n)
        step = 1.0 if law.discrete else 0.3 * spread
        cell = np.ceil(x / step)
        low = np.select([what == 1, what == 2, what == 3], [x, np.full(n, -math.inf), (cell - 1) * step], x)
        high = np.select([what == 1, what == 2, what == 3], [np.full(n, math.inf), x, cell * step], x)
        w = rng.integers(1, 4, n).astype(float)
        return mle.Sample.intervals(low, high, w), Data(low, high, w), "frequency"
    return mle.Sample(x), Data(x, x), "frequency"


def make(seed: int, k: int, patterns: bool = False) -> Trial:
    """The trial of a number; of data in patterns, or drawn from laws."""
    rng = np.random.default_rng([seed, k])
    known = laws()
    law, family = known[sorted(known)[rng.integers(len(known))]]
    far = rng.random() < 0.2
    truth = draw_parameters(family, law, rng, far)
    kind = str(rng.choice(PATTERNS if patterns else KINDS))
    coarse = ARC_FORMS if law.circular else COUNT_FORMS if law.discrete else COARSE_FORMS
    form = str(rng.choice(EXACT_FORMS, p=(0.7, 0.15, 0.15)) if rng.random() < 0.5 else rng.choice(coarse))
    x = draw_pattern(law, kind, rng) if patterns else draw_values(law, family, truth, kind, rng)
    sample, data, weight_kind = observe(x, form, law, rng)
    start = truth if kind in ("clean", "contaminated", "rounded") else []
    return Trial(law, family, start, f"{kind}, far" if far else kind, form, sample, data, weight_kind)


# --- the fit, in a process of its own ---------------------------------------------------------------------------------


def refused(error: mle.MleError) -> dict[str, Any]:
    """What a refusal says, in plain values."""
    certificate = getattr(error, "certificate", None)
    return {
        "raised": type(error).__name__,
        "message": str(error),
        "verdict": None if certificate is None else str(certificate.verdict),
    }


def certified(fit: Any, names: Iterable[str]) -> dict[str, Any]:
    """Parameters of those names, and what the certificate says, in plain values."""
    flat = np.concatenate([np.ravel(np.asarray(fit.params[name], dtype=float)) for name in names])
    certificate = fit.certificate
    return {
        "params": flat.tolist(),
        "llf": float(fit.llf),
        "verdict": str(certificate.verdict),
        "message": certificate.message,
        "ok": certificate.ok,
        "limit": certificate.limit,
    }


def fitted(trial: Trial) -> dict[str, Any]:
    """Fit, and tell what came out in plain values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = mle.fit(trial.sample, trial.family)
        except mle.MleError as error:
            return refused(error)
        out = certified(fit, fit.params)
        if fit.certificate.limit is not None:
            values = [np.ravel(value) for value in fit.distribution.params.values()]
            out["limit_params"] = np.concatenate(values).tolist() if values else []
        if str(fit.certificate.verdict) in ("interior", "local"):
            cov = np.asarray(fit.cov_params("observed"), dtype=float)
            out["bse"] = np.sqrt(np.diag(cov)).tolist()
        return out


def in_a_child(trial: Any, fit: Callable[[Any], dict[str, Any]] | None = None) -> dict[str, Any]:
    """Fit, as `fitted` does or otherwise, in a forked process that the kernel kills when its CPU is used up."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read)
            resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 1))
            signal.alarm(200 * MOST_SECONDS)  # one that waits uses no CPU, nor does one that others do not let run
            try:
                out = (fit or fitted)(trial)
            except BaseException as error:
                out = {"crash": f"{type(error).__name__}: {error}"[:300]}
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(out, pipe)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    _, status, used = os.wait4(child, 0)
    out = pickle.loads(said) if said else {"hang" if os.WIFSIGNALED(status) else "crash": f"ended, status {status}"}
    out["seconds"] = used.ru_utime + used.ru_stime
    return out


# --- the judgement ----------------------------------------------------------------------------------------------------


def llf_of_report(trial: Trial, out: Mapping[str, Any]) -> float | None:
    """The log-likelihood at what was reported, by the judge, in 50 digits if doubles do not agree; None: cannot say."""
    law, params = trial.law, out["params"]
    usable = all(math.isfinite(v) for v in params) and not any(
        v <= 0 for v, kind in zip(params, law.kinds, strict=True) if kind in ("scale", "shape")
    )
    usable = usable and not ("limit_params" in out and trial.data.loglik(law, params) == -math.inf)
    if not usable:
        at_end = trial.data.loglik(law, params)  # some laws have their limit in the density
        if math.isfinite(at_end) and abs(at_end - out["llf"]) <= BETTER + ROUNDING * abs(at_end):
            return at_end
        limit = _limits.law_of(str(out.get("limit")), out["limit_params"]) if "limit_params" in out else None
        if limit is None:
            return None
        law, params = limit
        if trial.law.name.startswith("truncated("):
            law = judge.truncated(law, *trial.law.support)
        if any(
            not math.isfinite(v) or v <= 0
            for v, kind in zip(params, law.kinds, strict=True)
            if kind in ("scale", "shape")
        ):
            return None
    here = trial.data.loglik(law, params)
    if abs(here - out["llf"]) <= BETTER + ROUNDING * trial.data.size_of_terms(law, params):
        return here
    value = trial.data.exact_loglik(law, params)
    return None if math.isnan(value) else value


def judged(trial: Trial, out: Mapping[str, Any], rng: np.random.Generator) -> tuple[str, str]:
    """What the fit is, and the evidence in a line."""
    if "crash" in out:
        return "crash", out["crash"]
    if "hang" in out or out["seconds"] > MOST_SECONDS:
        return "hang", f"{out['seconds']:.0f} s"
    try:
        if "raised" in out or out["verdict"] in ("unbounded", "not_identified"):
            return judged_refusal(trial, out, rng)
        return judged_fit(trial, out, rng)
    except judge.OutOfTimeError:
        return "unjudged", "the search took too long"


def judged_refusal(trial: Trial, out: Mapping[str, Any], rng: np.random.Generator) -> tuple[str, str]:
    """A refusal is right where there is no proper maximum; one by accident is none, as in a fit.

    Of a mixture of measurements all are by accident where fewer values differ than it has free parameters.
    """
    search = Search(trial.law, trial.data, rng, JUDGES_SECONDS)
    base = trial.law.component
    if base is not None and not base.discrete and len(np.unique(trial.data.points)) < len(search.free):
        return "right", "a mixture of more parameters than there are values"
    found = search.run([trial.truth] if trial.truth else [])
    if not found:
        return "right", "the likelihood is 0 wherever the judge looked"
    ends = [end for end in found if not search.is_accident(end[1])]
    if not ends:
        return "right", "spikes wherever the judge looked"
    best, u = ends[0]
    ours = search.coordinates(out["params"]) if "params" in out else None
    if ours is not None and abs(best - out["llf"]) <= BETTER and np.max(np.abs(u - ours)) > ELSEWHERE:
        return "right", "as high at a place far from the one reported"
    away, reached = search.runs_away(u, best)
    if away:
        proper = [end for end in ends[:4] if search.is_proper(end[1])]
        if trial.law.spikes and proper:
            return "false refusal", f"a proper local maximum at {search.params(proper[0][1])}, llf {proper[0][0]:.9g}"
        return "right", f"the likelihood rises to {reached:.6g} and on"
    if search.is_proper(u):
        return "false refusal", f"a proper maximum at {search.params(u)}, llf {best:.9g}"
    return "right", "no maximum in the inside"


def judged_fit(trial: Trial, out: Mapping[str, Any], rng: np.random.Generator) -> tuple[str, str]:
    """A fit is right if it says what is so."""
    law, data, llf = trial.law, trial.data, out["llf"]
    slack = BETTER + ROUNDING * max(abs(llf), 1.0)
    here = llf_of_report(trial, out)
    if here is not None:
        if all(map(math.isfinite, out["params"])):
            size = data.size_of_terms(law, out["params"])
            slack = BETTER + ROUNDING * (size if math.isfinite(size) else 0.0) + ROUNDING * abs(llf)
        if not abs(here - llf) <= slack:
            kind = "wrong" if out["ok"] else "not converged, better point"
            return kind, f"llf {llf:.10g} is reported, that of the parameters is {here:.10g}"
    search = Search(law, data, rng, JUDGES_SECONDS)
    given = [[v if math.isfinite(v) else math.nan for v in out["params"]]]
    ends = search.run(given + ([trial.truth] if trial.truth else []))
    better = [(value, u) for value, u in ends if value > llf + slack]
    found = None
    spike = False
    for value, u in better[:6]:
        if not data.exact_loglik(law, search.params(u)) > llf + slack:
            continue
        away, reached = search.runs_away(u, value)
        if out["verdict"] == "local" and (search.is_accident(u) or search.is_at_edge(u)):
            spike = True
            continue
        if away or (law.spikes and reached > value + RISES and not search.is_proper(u)):
            spike = True
            if law.spikes or out["verdict"] == "local":
                continue
            found = f"the likelihood rises to {reached:.6g} and on"
        else:
            found = f"llf {llf:.10g}; {value:.10g} at {search.params(u)}"
        break
    if out["verdict"] == "not_converged":
        return ("not converged, better point", found) if found else ("not converged", out["message"][:200])
    if found:
        return ("local", found) if out["verdict"] == "local" else ("wrong", found)
    if here is None and out["limit"] is None:
        return "unjudged", "the log-likelihood of the parameters cannot be computed"
    if here is None and ends and ends[0][0] < llf - NEAR_LIMIT and not spike:
        return "wrong", f"llf {llf:.10g} is reported at a limit; the search comes no nearer than {ends[0][0]:.10g}"
    if "bse" in out and np.all(np.isfinite(out["bse"])) and min(out["bse"]) > 0:
        own = judge.standard_errors(law, data, out["params"], out["bse"], ERRORS_OFF)
        if own is not None:
            free = [i for i, kind in enumerate(law.kinds) if kind != "weights" or i == 0]
            ratio = np.array(out["bse"])[free] / own
            if np.max(abs(ratio - 1)) > ERRORS_OFF:
                return "errors off", f"reported over own: {', '.join(f'{r:.6g}' for r in ratio)}"
    return "right", "unbounded elsewhere" if spike else ""


def run(seed: int, patterns: bool, k: int) -> dict[str, Any]:
    """One trial from its number to its judgement."""
    trial = make(seed, k, patterns)
    out = in_a_child(trial)
    begin = time.process_time()
    result, why = judged(trial, out, np.random.default_rng([seed, k, 1]))
    return {
        "trial": k,
        "law": trial.law.name,
        "kind": trial.kind,
        "form": trial.form,
        "rows": trial.data.n_rows,
        "said": out.get("raised") or out.get("verdict") or "nothing",
        "result": result,
        "why": why,
        "seconds": round(out["seconds"], 2),
        "judge_seconds": round(time.process_time() - begin, 2),
    }


# --- many -------------------------------------------------------------------------------------------------------------

RESULTS = (
    "right",
    "wrong",
    "crash",
    "hang",
    "false refusal",
    "not converged, better point",
    "not converged",
    "errors off",
    "local",
    "unjudged",
)


def _within_memory() -> None:
    """Let a trial that asks for more memory than there may be fail alone, and not end the campaign."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))


def guarded(seed: int, patterns: bool, k: int) -> dict[str, Any]:
    """One trial; an error of the judge's is one of the judge, not the end of the campaign."""
    try:
        return run(seed, patterns, k)
    except Exception as error:
        return {"trial": k, "result": "unjudged", "why": f"the judge failed: {type(error).__name__}: {error}"[:300]}


def counts_of(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How many of each result, with the share and Wilson's interval of it."""
    n, counted = len(rows), Counter(row["result"] for row in rows)
    return [
        {"result": result, "count": counted[result], "percent": 100 * counted[result] / n} for result in RESULTS
    ] + [{"result": "all", "count": n, "percent": 100.0}]


def by_what_was_said(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What was said, by result."""
    table: dict[str, Counter[str]] = {}
    for row in rows:
        table.setdefault(row.get("said", "nothing"), Counter())[row["result"]] += 1
    return [{"said": said, **{r: table[said][r] or None for r in RESULTS}} for said in sorted(table)]


BEGIN, END = "<!-- generated -->\n", "<!-- end -->\n"


def write_page(path: Path, record: Mapping[str, Any]) -> None:
    """Replace the generated part of a page."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    rows, versions = record["rows"], record["machine"]["versions"]
    failures = [row for row in rows if row["result"] != "right"]
    text = [
        f"{len(rows):,} fits, {record['machine']['date']}; mle-toolkit {versions['mle-toolkit']}, "
        f"numpy {versions['numpy']}, scipy {versions['scipy']}.\n",
        "| result | fits | percent |\n|---|---|---|",
        *(f"| {line['result']} | {line['count']:,} | {line['percent']:.2f} |" for line in counts_of(rows)),
        "",
    ]
    if failures:
        text += ["By law, all that is not right:\n", "| result | law | fits | trials |\n|---|---|---|---|"]
        groups: dict[tuple[str, str], list[int]] = {}
        for row in failures:
            groups.setdefault((row["result"], row.get("law", "?")), []).append(row["trial"])
        for (result, law), trials in sorted(groups.items(), key=lambda item: (RESULTS.index(item[0][0]), item[0][1])):
            shown = ", ".join(map(str, trials[:6])) + (", …" if len(trials) > 6 else "")
            text.append(f"| {result} | {law} | {len(trials)} | {shown} |")
        text.append("")
    path.write_text(before + BEGIN + "\n".join(text) + END + rest.split(END)[1], encoding="utf-8")


def main() -> int:
    """Run trials, count, and list what is not right."""
    parser = parser_of(__doc__)
    parser.add_argument("--count", type=int, default=1000, help="trials")
    parser.add_argument("--first", type=int, default=0, help="number of the first of them")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--patterns", action="store_true", help="data in patterns: steps, powers, ties, clusters")
    parser.add_argument("--workers", type=int, default=1, help="processes; the result is the same for any number")
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_COUNT} trials; exit 1 if one is wrong, crashes or hangs"
    )
    parser.add_argument("--trial", type=int, help="this one only, and all that is known of it")
    parser.add_argument("--merge", nargs="+", type=Path, metavar="FILE", help="join results instead of running")
    parser.add_argument("--page", type=Path, help="write the counts into this page")
    arguments = arguments_of(parser)
    if arguments.page is not None and arguments.json is None:
        parser.error("--page shows what --json keeps; give both")
    if arguments.trial is not None:
        trial = make(arguments.seed, arguments.trial, arguments.patterns)
        print(f"{trial.law.name}; {trial.kind}; {trial.form}; drawn with {trial.truth}")
        print(repr(trial.sample))
        out = in_a_child(trial)
        print(json.dumps(out, indent=1))
        print(": ".join(judged(trial, out, np.random.default_rng([arguments.seed, arguments.trial, 1]))))
        return 0
    if arguments.merge:
        rows = [row for path in arguments.merge for row in json.loads(path.read_text(encoding="utf-8"))["rows"]]
        rows = sorted({row["trial"]: row for row in rows}.values(), key=lambda row: row["trial"])
    else:
        count = QUICK_COUNT if arguments.quick else arguments.count
        numbers = range(arguments.first, arguments.first + count)
        one = partial(guarded, arguments.seed, arguments.patterns)
        rows = []
        with ProcessPoolExecutor(arguments.workers, get_context("fork"), _within_memory) as pool:
            for row in pool.map(one, numbers):
                rows.append(row)
                if row["result"] != "right":
                    print(json.dumps(row), file=sys.stderr, flush=True)
    arguments.workers = arguments.merge = None
    page, arguments.page = arguments.page, None
    failures = [row for row in rows if row["result"] != "right"]
    publish(
        __doc__,
        arguments,
        failures,
        summaries={"By result": counts_of(rows), "By what was said": by_what_was_said(rows)},
    )
    if arguments.json is not None:
        record = json.loads(arguments.json.read_text(encoding="utf-8"))
        record["rows"] = rows
        arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        if page is not None:
            write_page(page, record)
    return int(any(row["result"] in ("wrong", "crash", "hang") for row in failures)) if arguments.quick else 0


if __name__ == "__main__":
    sys.exit(main())
