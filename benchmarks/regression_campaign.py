"""Regressions of random laws on random designs, each judged by a search that shares no code with ours: counted by kind.

    python benchmarks/regression_campaign.py [--count N] [--first K] [--seed S] [--workers W] [--quick] [--json FILE]
    python benchmarks/regression_campaign.py --trial K [--seed S]

A trial draws a law, links, a design for one or several of its parameters (measurements, factors, years, columns that
are nearly one another, skewed ones), coefficients, and responses: clean, contaminated, rounded, in another unit; 4 to
1,000 rows, exact, weighted (both kinds), censored, in intervals, through windows, with an offset or not. It fits, in a
process of its own that is killed after 10 s of CPU. The judge has the densities of `_judge.py`, links and optimisers of
its own, and coordinates of its own, in which the columns of a design are orthogonal; the words for what a fit is are
those of `campaign.py`.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
from scipy import linalg, optimize, special

sys.path.insert(0, str(Path(__file__).parent))
import _judge as judge
from _common import SEED, arguments_of, parser_of, publish
from _judge import DOUBLE, EXACT, INF, Law
from campaign import (
    BETTER,
    CONSTANTS,
    ERRORS_OFF,
    JUDGES_SECONDS,
    MOST_SECONDS,
    NEAR_LIMIT,
    ROUNDING,
    by_what_was_said,
    certified,
    counts_of,
    in_a_child,
    refused,
)

import mle_toolkit as mle

QUICK_COUNT = 20

FARTHEST = 60.0
"""How far a predictor may be from the middle of the data, in the judge's coordinates, in which the spread is 1."""

# --- laws -------------------------------------------------------------------------------------------------------------

MAIN, SOMETIMES, NEVER = 2, 1, 0
"""Whether a parameter has covariates: always, sometimes, never (the judge's density branches on it)."""


@dataclass(frozen=True)
class Model:
    """How the parameters of a regression are those of a law of the judge's.

    Attributes
    ----------
    names : tuple of str
        Parameters as `mle.regress` names them.
    kinds : tuple of str
        What each is: "loc", "positive", "unit", "real", "xi" (above -1).
    covariates : tuple of int
        Which of them have covariates.
    of_law : callable
        From their values to the parameters of the law.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    covariates: tuple[int, ...]
    of_law: Callable[..., tuple[Any, ...]] = field(default=lambda *values: values)


def _located(second: str) -> Model:
    return Model(("loc", second), ("loc", "positive"), (MAIN, SOMETIMES))


def _scaled(name: str) -> Model:
    return Model((name,), ("positive",), (MAIN,))


_SHAPED = Model(("shape", "scale"), ("positive", "positive"), (SOMETIMES, MAIN))

MODELS: dict[str, Model] = {
    "normal": Model(("mu", "sigma"), ("loc", "positive"), (MAIN, SOMETIMES)),
    "logistic": _located("scale"),
    "gumbel": _located("scale"),
    "smallest_extreme_value": _located("scale"),
    "moyal": _located("scale"),
    "cauchy": _located("scale"),
    "laplace": _located("scale"),
    "student_t": Model(("df", "loc", "scale"), ("positive", "loc", "positive"), (NEVER, MAIN, SOMETIMES)),
    "skew_normal": Model(("loc", "scale", "alpha"), ("loc", "positive", "real"), (MAIN, SOMETIMES, NEVER)),
    "gev": Model(("loc", "scale", "xi"), ("loc", "positive", "xi"), (MAIN, SOMETIMES, NEVER)),
    "gpd": Model(("scale", "xi"), ("positive", "xi"), (MAIN, NEVER)),
    "lognormal": Model(("meanlog", "sdlog"), ("real", "positive"), (MAIN, SOMETIMES)),
    "weibull": _SHAPED,
    "frechet": _SHAPED,
    "loglogistic": _SHAPED,
    "inverse_gamma": _SHAPED,
    "lomax": _SHAPED,
    "nakagami": _SHAPED,
    "birnbaum_saunders": _SHAPED,
    "paralogistic": _SHAPED,
    "exponential": _scaled("scale"),
    "half_normal": _scaled("sigma"),
    "rayleigh": _scaled("sigma"),
    "maxwell": _scaled("sigma"),
    "gamma": Model(
        ("mean", "shape"), ("positive", "positive"), (MAIN, SOMETIMES), lambda mean, shape: (shape, mean / shape)
    ),
    "inverse_gaussian": Model(("mu", "lam"), ("positive", "positive"), (MAIN, SOMETIMES)),
    "burr12": Model(("k", "c", "scale"), ("positive", "positive", "positive"), (NEVER, SOMETIMES, MAIN)),
    "generalized_gamma": Model(("shape1", "shape2", "scale"), ("positive", "real", "positive"), (NEVER, NEVER, MAIN)),
    "beta": Model(
        ("mean", "precision"),
        ("unit", "positive"),
        (MAIN, SOMETIMES),
        lambda mean, precision: (mean * precision, (1 - mean) * precision),
    ),
    "poisson": _scaled("mu"),
    "negbin": Model(("size", "mu"), ("positive", "positive"), (NEVER, MAIN)),
    "geometric": Model(("prob",), ("unit",), (MAIN,)),
    "bernoulli": Model(("p",), ("unit",), (MAIN,)),
    "binomial": Model(("p",), ("unit",), (MAIN,)),
    "betabinomial": Model(
        ("mean", "precision"),
        ("unit", "positive"),
        (MAIN, SOMETIMES),
        lambda mean, precision: (mean * precision, (1 - mean) * precision),
    ),
    "zip": Model(("pi", "mu"), ("unit", "positive"), (SOMETIMES, MAIN)),
}
ONLY_EXACT = ("bernoulli", "binomial", "betabinomial", "beta")
"""Whose tails the judge has for one set of parameters alone, or slowly."""

TYPICAL: dict[str, tuple[float, float]] = {"loc": (-5.0, 5.0), "positive": (0.3, 5.0), "unit": (0.1, 0.9)}
OF_REAL: dict[str, tuple[float, float]] = {
    "alpha": (-5.0, 5.0),
    "xi": (-0.3, 0.5),
    "meanlog": (-2.0, 2.0),
    "shape2": (0.6, 3.0),
}

# --- links ------------------------------------------------------------------------------------------------------------


def _expit(m: Any, eta: Any) -> Any:
    return 1 / (1 + m.exp(-eta))


def _ncdf(m: Any, eta: Any) -> Any:
    return m.exp(m.log_ncdf(eta))


INVERSES: dict[str, Callable[[Any, Any], Any]] = {
    "identity": lambda m, eta: eta,
    "log": lambda m, eta: m.exp(eta),
    "softplus": lambda m, eta: judge.softplus(m, eta),
    "logit": _expit,
    "probit": _ncdf,
    "cloglog": lambda m, eta: -m.expm1(-m.exp(eta)),
    "cauchit": lambda m, eta: m.number(0.5) + m.atan(eta) / judge._pi(m),
}
LINKS: dict[str, tuple[str, ...]] = {
    "loc": ("identity",),
    "real": ("identity",),
    "positive": ("log", "log", "log", "log", "log", "softplus"),
    "unit": ("logit", "logit", "logit", "probit", "cloglog", "cauchit"),
}
PREDICTORS: dict[str, Callable[[float], float]] = {
    "identity": lambda v: v,
    "log": math.log,
    "softplus": lambda v: math.log(math.expm1(v)),
    "logit": lambda v: math.log(v / (1 - v)),
    "probit": lambda v: float(special.ndtri(v)),
    "cloglog": lambda v: math.log(-math.log1p(-v)),
    "cauchit": lambda v: math.tan(math.pi * (v - 0.5)),
}

# --- data -------------------------------------------------------------------------------------------------------------


@dataclass
class Trial:
    """What is fitted.

    Attributes
    ----------
    law, model, family
        As the judge knows it, and as we do.
    designs : dict of str to ndarray of shape (n, k)
        By parameter; those that are one number are not among them.
    links : dict of str to str
        Of these.
    truth : list of float
        All coefficients, or none where responses are of another law or unit.
    main : str
        The parameter that is modelled by the design in the second place.
    """

    law: Law
    model: Model
    family: Any
    designs: dict[str, np.ndarray]
    links: dict[str, str]
    truth: list[float]
    main: str
    offset: np.ndarray | None
    kind: str
    form: str
    sample: mle.Sample
    lower: np.ndarray
    upper: np.ndarray
    weight: np.ndarray
    window: tuple[np.ndarray, np.ndarray] | None


def draw_design(rng: np.random.Generator, n: int, most: int) -> np.ndarray:
    """An intercept, and columns as people have them."""
    columns = [np.ones(n)]
    while len(columns) <= most:
        what = rng.choice(("normal", "binary", "factor", "year", "large", "skewed", "near", "square", "slow"))
        if what == "normal":
            columns.append(rng.normal(size=n))
        elif what == "binary":
            columns.append((rng.random(n) < rng.uniform(0.1, 0.9)).astype(float))
        elif what == "factor":
            of = rng.integers(0, rng.integers(3, 6), n)
            columns += [(of == level).astype(float) for level in range(1, int(of.max()) + 1)]
        elif what == "year":
            columns.append(rng.integers(1950, 2025, n).astype(float))
        elif what == "large":
            columns.append(1e4 * rng.gamma(3.0, size=n))
        elif what == "skewed":
            columns.append(np.exp(rng.normal(0.0, 1.5, n)))
        elif what == "slow":
            columns.append(np.sort(rng.random(n)))
        elif len(columns) > 1 and what == "near":
            columns.append(columns[-1] + 1e-2 * np.std(columns[-1]) * rng.normal(size=n))
        elif len(columns) > 1:
            columns.append(columns[-1] ** 2)
    design = np.column_stack(columns)
    _, at = np.unique(design.round(12), axis=1, return_index=True)
    return design[:, np.sort(at)]


def observe(
    x: np.ndarray, form: str, law: Law, rng: np.random.Generator
) -> tuple[np.ndarray, mle.Sample, np.ndarray, np.ndarray, np.ndarray, Any]:
    """Rows that are kept, the sample, and what the judge takes: ends, weights, windows."""
    n, every = len(x), np.ones(len(x), dtype=bool)
    ones, spread = np.ones(n), float(np.std(x)) or 1.0
    if form == "frequency":
        w = rng.integers(1, 6, n).astype(float)
        return every, mle.Sample(x, w), x, x, w, None
    if form == "reliability":
        w = rng.gamma(2.0, 0.5, n) + 1e-3
        return every, mle.Sample(x, w, "reliability"), x, x, w, None
    if form == "right":
        limit = rng.choice(x, n) if rng.random() < 0.5 else np.full(n, float(np.quantile(x, rng.uniform(0.3, 0.9))))
        values, seen = np.minimum(x, limit), x <= limit
        return every, mle.Sample.right_censored(values, seen), values, np.where(seen, x, INF), ones, None
    if form == "left":
        limit = np.full(n, float(np.quantile(x, rng.uniform(0.1, 0.6))))
        values, seen = np.maximum(x, limit), x >= limit
        return every, mle.Sample.left_censored(values, seen), np.where(seen, x, -INF), values, ones, None
    if form == "intervals":
        step = max(1.0, round(0.5 * spread)) if law.discrete else spread * float(rng.choice((0.05, 0.3, 1.0)))
        cell = np.ceil(x / step)
        low, high = (cell - 1) * step, np.where(rng.random(n) < 0.2, INF, cell * step)
        return every, mle.Sample.intervals(low, high), low, high, ones, None
    if form == "entry":
        entry = x - spread * rng.exponential(0.5, n)
        entry = np.where(entry > law.support[0], entry, -INF)
        return every, mle.Sample(x).truncated(lower=entry), x, x, ones, (entry, np.full(n, INF))
    if form == "window":
        low, high = np.quantile(x, [rng.uniform(0.0, 0.2), rng.uniform(0.8, 1.0)])
        low = math.floor(low) - 0.5 if law.discrete else low
        kept = (x > low) & (x <= high)
        x = x[kept]
        ends = np.full(len(x), low), np.full(len(x), high)
        return kept, mle.Sample(x).truncated(*ends), x, x, np.ones(len(x)), ends
    return every, mle.Sample(x), x, x, ones, None


def make(seed: int, k: int) -> Trial:
    """The trial of a number."""
    rng = np.random.default_rng([seed, k, 3])
    while True:
        trial = _drawn(rng)
        if trial is not None:
            return trial


def _drawn(rng: np.random.Generator) -> Trial | None:
    name = sorted(MODELS)[rng.integers(len(MODELS))]
    model, law = MODELS[name], judge.LAWS[name]
    low, high = ((4, 12), (13, 60), (60, 400), (400, 1000))[rng.choice(4, p=(0.2, 0.35, 0.35, 0.1))]
    n = int(rng.integers(low, high, endpoint=True))
    designs: dict[str, np.ndarray] = {}
    links: dict[str, str] = {}
    etas: list[Any] = []
    truth: list[float] = []
    offset = None
    main = model.names[model.covariates.index(MAIN)]
    for parameter, kind, has in zip(model.names, model.kinds, model.covariates, strict=True):
        value = float(rng.uniform(*(OF_REAL[parameter] if kind in ("real", "xi") else TYPICAL[kind])))
        if has == MAIN or (has == SOMETIMES and rng.random() < 0.35):
            link = str(rng.choice(LINKS[kind]))
            design = draw_design(rng, n, int(rng.integers(1, 4)) if has == MAIN else 1)
            spreads = np.std(design, axis=0)
            if np.any(spreads[1:] == 0):
                return None
            slopes = rng.normal(0.0, 0.6, design.shape[1] - 1) / spreads[1:]
            slopes /= math.sqrt(len(slopes))
            beta = np.append(PREDICTORS[link](value) - slopes @ design[:, 1:].mean(axis=0), slopes)
            designs[parameter], links[parameter] = design, link
            eta = design @ beta
            if parameter == main and link == "log" and rng.random() < 0.15:
                offset = np.log(rng.gamma(3.0, 0.4, n))
                eta = eta + offset
            etas.append(INVERSES[link](DOUBLE, eta))
            truth += beta.tolist()
        else:
            etas.append(value)
            truth.append(value)
    kind = str(rng.choice(("clean", "clean", "clean", "contaminated", "rounded", "scaled")))
    params = [np.broadcast_to(p, n) for p in model.of_law(*etas)]
    with np.errstate(all="ignore"):
        x = np.array([law.draw(rng, 1, *(p[i] for p in params))[0] for i in range(n)], dtype=float)
    first, last = law.support
    spread = float(np.std(x)) or 1.0
    if kind == "contaminated" and last == INF:
        bad = rng.random(n) < 0.05
        x = np.where(bad, np.floor(x + 3 * spread) + rng.integers(1, 20, n), x) if law.discrete else np.where(
            bad, x + spread * rng.uniform(3, 30, n), x
        )  # fmt: skip
    if kind == "rounded" and not law.discrete:
        step = 10.0 ** math.floor(math.log10(spread)) * float(rng.choice((0.1, 0.5)))
        x = np.round(x / step) * step
    if kind == "scaled" and last == INF and not law.discrete and name != "generalized_gamma":
        x = x * 10.0 ** float(rng.choice((-6, 6)))
    inside = np.isfinite(x) & ((x >= first) & (x <= last) if law.closed or law.discrete else (x > first) & (x < last))
    if np.count_nonzero(inside) < 4:
        return None
    form = "exact" if rng.random() < 0.4 else str(
        rng.choice(("frequency", "reliability", "right", "left", "intervals", "entry", "window"))
    )  # fmt: skip
    if name in ONLY_EXACT or kind == "rounded":
        form = str(rng.choice(("exact", "frequency", "reliability")))
    kept, sample, lower, upper, weight, window = observe(x[inside], form, law, rng)
    rows = np.flatnonzero(inside)[kept]
    if len(rows) < 4:
        return None
    designs = {key: design[rows] for key, design in designs.items()}
    if any(np.linalg.matrix_rank(d / np.abs(d).max(axis=0).clip(1e-300)) < d.shape[1] for d in designs.values()):
        return None
    return Trial(
        law, model, mle.get_family(name, **CONSTANTS[name]) if name in CONSTANTS else name, designs, links,
        truth if kind in ("clean", "contaminated", "rounded") else [], main,
        None if offset is None else offset[rows], kind, form, sample, lower, upper, weight, window,
    )  # fmt: skip


# --- the fit ----------------------------------------------------------------------------------------------------------


def regressed(trial: Trial) -> dict[str, Any]:
    """Fit, and tell what came out in plain values."""
    others = {name: design for name, design in trial.designs.items() if name != trial.main}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = mle.regress(
                trial.sample, trial.designs[trial.main], trial.family, links=trial.links, offset=trial.offset, **others
            )
        except mle.MleError as error:
            return refused(error)
        out = certified(fit, trial.model.names)
        if out["limit"] is not None and (near := _on_the_way(fit, trial)) is not None:
            out["near"] = near
        if out["verdict"] in ("interior", "local"):
            out["bse"] = np.sqrt(np.diag(np.asarray(fit.cov_params("observed"), dtype=float))).tolist()
        return out


def _on_the_way(fit: Any, trial: Trial) -> list[float] | None:
    """Coefficients short of infinite ones, as the fit says in which directions they run off; None where it does not."""
    linear = getattr(fit.at_maximum.family, "linear", {})
    gone = {name: term.run_off for name, term in linear.items() if term.run_off is not None}
    out: list[float] = []
    for name in trial.model.names:
        value = np.ravel(np.asarray(fit.params[name], dtype=float))
        if name in gone:
            value = gone[name].finite.astype(float)
            for order, direction in enumerate(reversed(gone[name].directions)):
                along = np.abs(trial.designs[name] @ direction)
                value = value + ON_THE_WAY * 10**order * direction / float(np.median(along[along > 1e-9 * along.max()]))
        out += value.tolist()
    return out if gone and np.all(np.isfinite(out)) else None


ON_THE_WAY = 15.0
"""How far, at the median of the rows that move, a predictor is moved where the judge begins with what runs off."""


# --- the judge --------------------------------------------------------------------------------------------------------


class Search:
    """The likelihood by coordinates in which designs are orthogonal and predictors of the order of 1."""

    def __init__(self, trial: Trial, rng: np.random.Generator) -> None:
        self.trial, self.rng, self.until = trial, rng, time.process_time() + JUDGES_SECONDS
        points = np.where(np.isfinite(trial.lower), trial.lower, trial.upper)
        ends = np.where(np.isfinite(trial.upper), trial.upper, trial.lower)
        self.points = (points + ends) / 2
        self.spread = float(np.std(self.points)) or 1.0
        self.n = len(self.points)
        self.factors = {name: np.linalg.qr(design) for name, design in trial.designs.items()}
        self.sizes = [trial.designs[name].shape[1] if name in trial.designs else 1 for name in trial.model.names]
        self.places = np.split(np.arange(sum(self.sizes)), np.cumsum(self.sizes)[:-1])
        self.exact = trial.lower == trial.upper

    def unit(self, name: str) -> float:
        """Of a predictor: the spread of the data where it is a location."""
        return self.spread if self.trial.model.kinds[self.trial.model.names.index(name)] == "loc" else 1.0

    def coefficients(self, u: np.ndarray) -> list[float]:
        """Coefficients, and the values of parameters that are one number."""
        out: list[float] = []
        for name, kind, place in zip(self.trial.model.names, self.trial.model.kinds, self.places, strict=True):
            if name in self.factors:
                _, r = self.factors[name]
                out += linalg.solve_triangular(r, u[place] * math.sqrt(self.n) * self.unit(name)).tolist()
            elif kind == "real":
                out.append(float(u[place][0]))
            elif kind == "xi":
                out.append(math.expm1(min(float(u[place][0]), 700.0)))
            elif kind == "unit":
                out.append(float(special.expit(u[place][0])))
            else:
                out.append(math.exp(min(float(u[place][0]), 700.0)))
        return out

    def coordinates(self, coefficients: list[float]) -> np.ndarray | None:
        """The way back; None where they are not numbers, or at an end."""
        beta, out = np.asarray(coefficients, dtype=float), []
        with np.errstate(all="ignore"):
            for name, kind, place in zip(self.trial.model.names, self.trial.model.kinds, self.places, strict=True):
                if name in self.factors:
                    _, r = self.factors[name]
                    out.append(r @ beta[place] / (math.sqrt(self.n) * self.unit(name)))
                elif kind == "real":
                    out.append(beta[place])
                elif kind == "xi":
                    out.append(np.log1p(beta[place]))
                else:
                    out.append(special.logit(beta[place]) if kind == "unit" else np.log(beta[place]))
        u = np.concatenate(out)
        return u if np.all(np.isfinite(u)) else None

    def params(self, m: Any, coefficients: Any) -> list[Any]:
        """Parameters of the law, of each row where a design makes them."""
        values: list[Any] = []
        for name, place in zip(self.trial.model.names, self.places, strict=True):
            beta = [m.number(coefficients[i]) for i in place]
            if name in self.factors:
                design = self.trial.designs[name]
                eta = (
                    design @ np.array(beta)
                    if m is DOUBLE
                    else np.array([mpmath.fdot(map(mpmath.mpf, row.tolist()), beta) for row in design], dtype=object)
                )
                if name == self.trial.main and self.trial.offset is not None:
                    eta = eta + m.numbers(self.trial.offset)
                values.append(INVERSES[self.trial.links[name]](m, eta))
            else:
                values.append(beta[0])
        return list(self.trial.model.of_law(*values))

    def terms(self, coefficients: Any, m: Any = DOUBLE) -> np.ndarray:
        """Weighted log-likelihoods of the rows."""
        trial, params = self.trial, self.params(m, coefficients)
        out = np.empty(self.n, dtype=object if m is EXACT else float)
        if np.any(self.exact):
            own = _taken(params, self.exact)
            out[self.exact] = trial.law.log_density(m, m.numbers(trial.lower[self.exact]), *own)
        if not np.all(self.exact):
            rest = ~self.exact
            out[rest] = self.mass(m, trial.lower[rest], trial.upper[rest], _taken(params, rest))
        if trial.window is not None:
            seen = self.mass(m, *trial.window, params)
            out = np.where(seen > -INF, out - seen, -INF)
        return np.asarray(out * m.numbers(trial.weight))

    def mass(self, m: Any, low: np.ndarray, high: np.ndarray, params: list[Any]) -> Any:
        """Log P(low < X <= high) of each row."""
        law = self.trial.law
        if law.discrete:
            low, high = np.floor(low), np.floor(high)
        (f_low, s_low), (f_high, s_high) = (self._tails(m, x, params) for x in (low, high))
        by_upper = f_high > s_low
        larger = np.where(by_upper, s_low, f_high)
        mass = judge.log_less(m, larger, np.where(by_upper, s_high, f_low))
        lost = np.isfinite(low) & np.isfinite(high) & (mass < larger - 7.0)
        if m is EXACT or law.discrete or not np.any(lost):
            return mass
        nodes, weights = np.polynomial.legendre.leggauss(16)
        low, high = np.where(lost, low, 0.0), np.where(lost, high, 1.0)
        terms = [law.log_density(m, (low + high) / 2 + (high - low) / 2 * node, *params) for node in nodes]
        narrow = special.logsumexp(np.array(terms), axis=0, b=weights[:, None] / 2) + np.log(high - low)
        return np.where(lost & np.isfinite(narrow), narrow, mass)

    def _tails(self, m: Any, x: np.ndarray, params: list[Any]) -> tuple[Any, Any]:
        law = self.trial.law
        first, last = law.support
        below = x < first if (law.discrete or law.closed) else x <= first
        above = x >= last
        inside = ~(below | above)
        f = np.where(above, 0.0, -INF).astype(object if m is EXACT else float)
        s = np.where(below, 0.0, -INF).astype(object if m is EXACT else float)
        if np.any(inside):
            f[inside], s[inside] = law.tails(m, m.numbers(x[inside]), *_taken(params, inside))
        return f, s

    def loglik(self, coefficients: Any) -> float:
        """Log-likelihood in doubles; -inf where it is not a number."""
        try:
            with np.errstate(all="ignore"):
                total = float(np.sum(self.terms(coefficients)))
        except (ZeroDivisionError, OverflowError, ValueError):
            return -INF
        return -INF if math.isnan(total) else total

    def exact_loglik(self, coefficients: list[float]) -> float:
        """In 50 digits, rounded once; NaN where mpmath has none."""
        with mpmath.workdps(judge.DIGITS), np.errstate(all="ignore"):
            try:
                with judge.at_most(judge.DIGITS_SECONDS):
                    return float(mpmath.fsum(self.terms(coefficients, EXACT)))
            except (mpmath.libmp.NoConvergence, ArithmeticError, MemoryError, judge.OutOfTimeError, TypeError):
                return math.nan

    def cost(self, u: np.ndarray) -> float:
        """Minus the log-likelihood."""
        if time.process_time() > self.until:
            raise judge.OutOfTimeError
        if not np.max(np.abs(u)) <= FARTHEST * 50:
            return INF
        value = self.loglik(self.coefficients(u))
        return INF if value == -INF else -value

    def climb(self, u: np.ndarray) -> tuple[float, np.ndarray]:
        """Quasi-Newton and simplex in turn, until neither gains."""
        value = self.cost(u)
        for _ in range(4):
            before = value
            with np.errstate(all="ignore"):
                if value < INF:
                    run = optimize.minimize(
                        lambda v: min(self.cost(v), 1e300), u, method="BFGS", options={"maxiter": 150, "gtol": 1e-7}
                    )
                    if run.fun < value:
                        u, value = run.x, float(run.fun)
                run = optimize.minimize(
                    self.cost, u, method="Nelder-Mead", options={"maxfev": 120 * len(u), "xatol": 1e-8, "fatol": 1e-9}
                )
            if run.fun < value:
                u, value = run.x, float(run.fun)
            if not before - value > 1e-8:
                break
        return value, u

    def towards(self, params: list[float]) -> list[list[float]]:
        """The highest point with numbers that are at an end on their way there."""
        numbers = [
            int(place[0])
            for name, kind, place in zip(self.trial.model.names, self.trial.model.kinds, self.places, strict=True)
            if name not in self.factors and kind in ("positive", "real")
        ]
        ended = [k for k in numbers if not np.isfinite(params[k]) or params[k] == 0.0]
        if not ended or len(ended) > 2 or not np.all(np.isfinite(np.delete(params, ended))):
            return []
        first = int(self.places[self.trial.model.names.index(self.trial.main)][0])
        best, highest, middle = None, -INF, np.full(len(ended), 4.0)
        # Beside a limit that ends at a line, laws end a little beyond it.
        beyond = [0.0, *(sign * 10.0**-power for power in (2, 3, 4, 5, 6) for sign in (1.0, -1.0))]
        for step in (0.5, 0.05, 0.005):
            grid = [at + step * np.arange(-8, 9) for at in middle]
            for shift, *powers in itertools.product(beyond, *grid):
                tried = list(params)
                tried[first] += shift
                for k, power in zip(ended, powers, strict=True):
                    tried[k] = 10.0**-power if params[k] == 0.0 else math.copysign(10.0**power, params[k])
                height = self.loglik(tried)
                if height > highest:
                    best, highest, middle = tried, height, np.array(powers)
        return [] if best is None else [best]

    def starts(self) -> list[np.ndarray]:
        """Least squares of the predictors of the modelled parameter, and points about it."""
        u = np.zeros(sum(self.sizes))
        trial = self.trial
        kind = trial.model.kinds[trial.model.names.index(trial.main)]
        with np.errstate(all="ignore"):
            if kind == "loc":
                goal = self.points / self.spread
            elif kind == "unit":
                goal = special.logit(np.clip(self.points / max(1.0, float(np.max(self.points))), 0.1, 0.9))
            else:
                goal = np.log(np.maximum(self.points, 1e-3 * self.spread))
        if trial.offset is not None:
            goal = goal - trial.offset
        for name, kind, place in zip(trial.model.names, trial.model.kinds, self.places, strict=True):
            if name == trial.main:
                u[place] = self.factors[name][0].T @ goal / math.sqrt(self.n)
            elif name in self.factors and kind == "positive" and trial.law.support[0] == -INF:
                u[place] = self.factors[name][0].T @ np.full(self.n, math.log(self.spread)) / math.sqrt(self.n)
            elif kind == "positive" and trial.law.support[0] == -INF and name != "df":
                u[place] = math.log(self.spread)
        return [u, *(u + self.rng.normal(0.0, 0.7, len(u)) for _ in range(3))]

    def run(self, given: list[list[float]]) -> list[tuple[float, np.ndarray]]:
        """Ends of all climbs, the best first, as log-likelihoods and coordinates."""
        points = [u for beta in given if (u := self.coordinates(beta)) is not None]
        ends = [(-self.loglik(self.coefficients(u)), u) for u in points]  # which may be too far out to climb from
        ends += [self.climb(u) for u in points] + [self.climb(u + self.rng.normal(0.0, 0.3, len(u))) for u in points]
        for u in self.starts():
            try:
                ends.append(self.climb(u))
            except judge.OutOfTimeError:
                if not ends:
                    raise
                break
        return [(-value, u) for value, u in sorted(ends, key=lambda end: end[0]) if value < INF]

    def is_proper(self, u: np.ndarray) -> bool:
        """Whether a point is a maximum in the inside: no slope, curved down every way, more than a ridge."""
        if np.max(np.abs(u)) > FARTHEST:
            return False
        for step in (1e-2, 1e-3):
            gradient, hessian = judge.derivatives(lambda v: -self.cost(v), u, np.full(len(u), step))
            if not (np.all(np.isfinite(gradient)) and np.all(np.isfinite(hessian))):
                return False
            eigenvalues, axes = np.linalg.eigh(-hessian)
            scale = np.sqrt(np.abs(np.diag(hessian)))
            if eigenvalues[0] < 1e-3 or np.linalg.eigvalsh(-hessian / np.outer(scale, scale))[0] < judge.RIDGE:
                return False
            if 0.5 * float(np.sum((gradient @ axes) ** 2 / eigenvalues)) < 1e-4:
                return True
        return False

    def standard_errors(self, coefficients: list[float]) -> np.ndarray | None:
        """Of the coefficients, by the Hessian in these coordinates; None where two steps say different things."""
        u = self.coordinates(coefficients)
        if u is None:
            return None
        steps = np.full(len(u), 1e-3)
        for _ in range(12):  # the first may be far too long
            _, hessian = judge.derivatives(lambda v: -self.cost(v), u, steps)
            before = steps
            with np.errstate(all="ignore"):
                steps = 0.03 / np.sqrt(np.maximum(-np.diag(hessian), 1e-2))
            if np.all(np.abs(steps - before) <= 0.1 * steps):
                break
        moved = np.array(
            [
                (np.array(self.coefficients(u + 1e-5 * e)) - np.array(self.coefficients(u - 1e-5 * e))) / 2e-5
                for e in np.eye(len(u))
            ]
        ).T
        found = []
        for share in (1.0, 2.0):
            _, hessian = judge.derivatives(lambda v: -self.cost(v), u, share * steps)
            if not np.all(np.isfinite(hessian)) or np.linalg.eigvalsh(-hessian)[0] <= 0:
                return None
            found.append(np.sqrt(np.diag(moved @ np.linalg.inv(-hessian) @ moved.T)))
        return None if np.max(np.abs(found[1] / found[0] - 1)) > 0.3 * ERRORS_OFF else found[0]


def _taken(params: list[Any], rows: np.ndarray) -> list[Any]:
    return [p[rows] if isinstance(p, np.ndarray) and p.ndim else p for p in params]


def judged(trial: Trial, out: Mapping[str, Any], rng: np.random.Generator) -> tuple[str, str]:
    """What the fit is, and the evidence in a line."""
    if "crash" in out:
        return "crash", out["crash"]
    if "hang" in out or out["seconds"] > MOST_SECONDS:
        return "hang", f"{out['seconds']:.0f} s"
    search = Search(trial, rng)
    try:
        if "raised" in out or out["verdict"] in ("unbounded", "not_identified"):
            return _judged_refusal(search, out)
        return _judged_fit(search, out)
    except judge.OutOfTimeError:
        return "unjudged", "the search took too long"


def _judged_refusal(search: Search, out: Mapping[str, Any]) -> tuple[str, str]:
    ends = search.run([search.trial.truth] if search.trial.truth else [])
    if not ends:
        return "right", "the likelihood is 0 wherever the judge looked"
    best, u = ends[0]
    if out.get("llf", -INF) > best + NEAR_LIMIT:
        return "right", "it was seen higher than the judge came"
    if search.is_proper(u):
        said = out.get("message", "")[:160]
        return "false refusal", f"a proper maximum at {search.coefficients(u)}, llf {best:.9g}; said {said}"
    return "right", "no maximum in the inside"


def _judged_fit(search: Search, out: Mapping[str, Any]) -> tuple[str, str]:
    llf, verdict = out["llf"], out["verdict"]
    finite = all(map(math.isfinite, out["params"]))
    slack = BETTER + ROUNDING * abs(llf)
    if finite and out["limit"] is None:
        with np.errstate(all="ignore"):
            terms = np.abs(search.terms(out["params"]))
        slack += ROUNDING * float(np.sum(terms[np.isfinite(terms)]))
        here = search.loglik(out["params"])
        if not abs(here - llf) <= slack:
            here = search.exact_loglik(out["params"])
            if not math.isnan(here) and not abs(here - llf) <= slack:
                kind = "wrong" if out["ok"] else "not converged, better point"
                return kind, f"llf {llf:.10g} is reported, that of the parameters is {here:.10g}"
    given = [out["params"]] if finite else [out["near"]] if "near" in out else search.towards(out["params"])
    ends = search.run(given + ([search.trial.truth] if search.trial.truth else []))
    found = None
    for value, u in ends[:3]:
        if value > llf + slack and search.exact_loglik(search.coefficients(u)) > llf + slack:
            proper = "" if search.is_proper(u) else " (no proper maximum)"
            found = f"llf {llf:.10g}; {value:.10g} at {search.coefficients(u)}{proper}"
            break
    if verdict == "not_converged":
        return ("not converged, better point", found) if found else ("not converged", out["message"][:200])
    if found:
        return ("local", found) if verdict == "local" else ("wrong", found)
    if ends and ends[0][0] < llf - NEAR_LIMIT and (not finite or out["limit"] is not None):
        return "wrong", f"llf {llf:.10g} is reported at a limit; the search comes no nearer than {ends[0][0]:.10g}"
    if "bse" in out and np.all(np.isfinite(out["bse"])) and min(out["bse"]) > 0:
        own = search.standard_errors(out["params"])
        if own is not None:
            ratio = np.array(out["bse"]) / own
            if np.max(abs(ratio - 1)) > ERRORS_OFF:
                return "errors off", f"reported over own: {', '.join(f'{r:.6g}' for r in ratio)}"
    return "right", ""


def run(seed: int, k: int) -> dict[str, Any]:
    """One trial from its number to its judgement."""
    trial = make(seed, k)
    out = in_a_child(trial, regressed)
    begin = time.process_time()
    result, why = judged(trial, out, np.random.default_rng([seed, k, 4]))
    return {
        "trial": k,
        "law": trial.law.name,
        "links": ", ".join(f"{name}: {link}" for name, link in trial.links.items()),
        "coefficients": sum(d.shape[1] for d in trial.designs.values()) + len(trial.model.names) - len(trial.designs),
        "kind": trial.kind,
        "form": trial.form,
        "rows": len(trial.lower),
        "said": out.get("raised") or out.get("verdict") or "nothing",
        "result": result,
        "why": why,
        "seconds": round(out["seconds"], 2),
        "judge_seconds": round(time.process_time() - begin, 2),
    }


def guarded(seed: int, k: int) -> dict[str, Any]:
    """One trial; an error of the judge's is one of the judge, not the end of the campaign."""
    try:
        return run(seed, k)
    except Exception as error:
        return {"trial": k, "result": "unjudged", "why": f"the judge failed: {type(error).__name__}: {error}"[:300]}


def main() -> int:
    """Run trials, count, and list what is not right."""
    parser = parser_of(__doc__)
    parser.add_argument("--count", type=int, default=1000, help="trials")
    parser.add_argument("--first", type=int, default=0, help="number of the first of them")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=1, help="processes; the result is the same for any number")
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_COUNT} trials; exit 1 if one is wrong, crashes or hangs"
    )
    parser.add_argument("--trial", type=int, help="this one only, and all that is known of it")
    arguments = arguments_of(parser)
    if arguments.trial is not None:
        trial = make(arguments.seed, arguments.trial)
        print(f"{trial.law.name}; {trial.kind}; {trial.form}; {trial.links}; drawn with {trial.truth}")
        print(repr(trial.sample))
        out = in_a_child(trial, regressed)
        print(json.dumps(out, indent=1))
        print(": ".join(judged(trial, out, np.random.default_rng([arguments.seed, arguments.trial, 4]))))
        return 0
    count = QUICK_COUNT if arguments.quick else arguments.count
    numbers = range(arguments.first, arguments.first + count)
    rows = []
    with ProcessPoolExecutor(arguments.workers, get_context("fork")) as pool:
        for row in pool.map(partial(guarded, arguments.seed), numbers):
            rows.append(row)
            if row["result"] != "right":
                print(json.dumps(row), file=sys.stderr, flush=True)
    arguments.workers = None
    failures = [row for row in rows if row["result"] != "right"]
    publish(
        __doc__,
        arguments,
        failures,
        summaries={"By result": counts_of(rows), "By what was said": by_what_was_said(rows)},
    )
    return int(any(row["result"] in ("wrong", "crash", "hang") for row in failures)) if arguments.quick else 0


if __name__ == "__main__":
    sys.exit(main())
