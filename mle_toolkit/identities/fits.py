"""Identities of fits to the data sets of the package: the one line, its minimum, Gibbs, large samples, chain rules."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from scipy import optimize, special

from mle_toolkit._typing import Array
from mle_toolkit.data import datasets
from mle_toolkit.families.distribution import distribution
from mle_toolkit.families.registry import get_family
from mle_toolkit.fitting import Fit, fit
from mle_toolkit.identities.statements import (
    ROUNDING,
    Identity,
    beside,
    cross_entropy_is_entropy_plus_divergence,
    divergence,
    entropy_of,
    fisher_curvature,
    flat,
    g_is_twice_n_divergence,
    gradient_is_minus_mean_score,
    minima_agree,
    moments_match,
    nll_is_cross_entropy,
    own_entropy,
    paths_agree,
    pythagoras,
    shares_of,
    standard_errors_are_curvature,
    weights_of,
)

N_SIMULATIONS = 20_000


SEED = 1912
"""Of the simulations: the year of Fisher's first paper on maximum likelihood."""


# --- the table --------------------------------------------------------------------------------------------------------


@cache
def fitted_to(name: str, family: str, column: str | None = None) -> Fit:
    """Fit of a family to a data set of the package."""
    return fit(datasets.load(name).sample(column), family)


def of(name: str, family: str) -> str:
    """How the table calls a fit."""
    return f"{family.replace('_', ' ')}, {name.replace('_', ' ')}"


COUNTS = (("horse_kicks", "poisson"), ("federalist", "geometric"), ("mites", "negbin"))


EXPONENTIAL = (("nile", "normal"), ("air_conditioning", "exponential"), ("rivers", "gamma"), ("rivers", "lognormal"))


def one_line() -> Iterator[Identity]:
    """NLL / n = CE = H + KL."""
    for name, family in COUNTS:
        fitted = fitted_to(name, family)
        values, p = shares_of(fitted.sample)
        rows = np.repeat(fitted.sample.x, weights_of(fitted.sample).astype(int))
        log_q = fitted.distribution.logpdf(values)
        yield Identity(
            statement="NLL / n, row by row = CE(p, q)",
            data=of(name, family),
            left=-math.fsum(fitted.distribution.logpdf(rows)) / len(rows),
            right=-math.fsum(p * log_q),
            tolerance=ROUNDING * max(1.0, math.fsum(p * np.abs(log_q))),
        )
        yield cross_entropy_is_entropy_plus_divergence(fitted, of(name, family))
        yield g_is_twice_n_divergence(fitted, of(name, family))
    for name, family in EXPONENTIAL:
        yield nll_is_cross_entropy(fitted_to(name, family), of(name, family))
    hours = datasets.load("air_conditioning").sample().x
    density = fitted_to("air_conditioning", "exponential").distribution
    yield Identity(
        statement="I(x₁, …, xₙ) = I(x₁) + … + I(xₙ)",
        data=of("air_conditioning", "exponential"),
        left=-math.log(math.prod(density.pdf(hours))),
        right=math.fsum(-density.logpdf(hours)),
        tolerance=1e-14 * math.fsum(np.abs(density.logpdf(hours))),
    )


def one_minimum() -> Iterator[Identity]:
    """NLL, CE and KL fall together, with the same slopes and curvature."""
    for name, family in COUNTS[:2]:
        yield from minima_agree(fitted_to(name, family), of(name, family))
    yield paths_agree(fitted_to("horse_kicks", "poisson"), of("horse_kicks", "poisson"))
    for name, family in (*EXPONENTIAL, ("port_pirie", "gev"), ("mites", "negbin")):
        yield gradient_is_minus_mean_score(fitted_to(name, family), of(name, family))
    for name, family in EXPONENTIAL:
        yield standard_errors_are_curvature(fitted_to(name, family), of(name, family))
    for name, family in (("nile", "normal"), ("rivers", "gamma"), ("nile", "weibull"), ("horse_kicks", "poisson")):
        yield fisher_curvature(fitted_to(name, family), of(name, family))


def gibbs() -> Iterator[Identity]:
    """No law codes data in less than their entropy."""
    for name, family in COUNTS:
        fitted = fitted_to(name, family)
        values, p = shares_of(fitted.sample)
        yield Identity(
            statement="CE(p, q) ≥ H(p)",
            data=of(name, family),
            left=-math.fsum(p * fitted.distribution.logpdf(values)),
            right=entropy_of(p),
            tolerance=1e-15,
            relation=">=",
        )
    sample = datasets.load("horse_kicks").sample()
    saturated = fit(sample, get_family("categorical", k=5))
    yield Identity(
        statement="CE(p, q) = H(p) where q = p",
        data="categorical, horse kicks",
        left=saturated.cross_entropy,
        right=entropy_of(shares_of(sample)[1]),
        tolerance=2 * ROUNDING,
    )


def exponential_families() -> Iterator[Identity]:
    """At the maximum of an exponential family."""
    for name, family in (*EXPONENTIAL, ("horse_kicks", "poisson"), ("federalist", "geometric")):
        yield moments_match(fitted_to(name, family), of(name, family))
    for name, family in (*EXPONENTIAL, ("federalist", "geometric"), ("newcomb", "laplace")):
        yield own_entropy(fitted_to(name, family), of(name, family))
    yield own_entropy(fitted_to("engel", "pareto", "income"), of("engel", "pareto"))
    yield own_entropy(fit(datasets.load("heart")["died"], "bernoulli"), of("heart", "bernoulli"))
    for name, family in (("horse_kicks", "poisson"), ("rivers", "weibull")):
        yield own_entropy(fitted_to(name, family), of(name, family), "!=")
    for name, family in (*EXPONENTIAL, ("horse_kicks", "poisson"), ("federalist", "geometric")):
        yield pythagoras(fitted_to(name, family), of(name, family))
    yield from information_projection()


def information_projection() -> Iterator[Identity]:
    """Pythagoras the other way: tilt r until it has the mean of the data."""
    values, p = shares_of(datasets.load("horse_kicks").sample())
    r = distribution("poisson", mu=1.0).pdf(values)
    r = r / r.sum()

    def tilted(tilt: float) -> Array:
        weight = r * np.exp(tilt * values)
        return np.asarray(weight / weight.sum())

    mean = math.fsum(p * values)
    tilt = optimize.brentq(lambda t: math.fsum(tilted(t) * values) - mean, -10, 10, xtol=1e-15)
    q = tilted(float(tilt))
    yield Identity(
        statement="KL(p ‖ r) = KL(p ‖ q*) + KL(q* ‖ r)",
        data="horse kicks, tilted poisson",
        left=math.fsum(special.rel_entr(p, r)),
        right=math.fsum(special.rel_entr(p, q)) + math.fsum(special.rel_entr(q, r)),
        tolerance=1e-12,
    )


def large_samples() -> Iterator[Identity]:
    """Laws of likelihood-ratio statistics, by simulation from fits; the tolerance is four standard errors."""
    rng = np.random.default_rng(SEED)
    fitted = fitted_to("nile", "normal")
    mu, sigma = flat(fitted.params)
    n = int(fitted.nobs)
    x = rng.normal(mu, sigma, size=(N_SIMULATIONS, n))
    mean, var = x.mean(axis=1), x.var(axis=1)

    def cross_entropy(m: Any, v: Any) -> Any:
        return 0.5 * (np.log(2 * np.pi * v) + (var + np.square(mean - m)) / v)

    ratio = 2 * n * (cross_entropy(mu, sigma**2) - cross_entropy(mean, var))
    yield from like_chi_squared("Wilks: 2n[CE(θ₀) - CE(θ̂)] ~ χ²₂", of("nile", "normal"), ratio, 2)

    # A geometric law seen in the cells 0, 1, 2, >= 3 is one censored at 3, whose maximum is a formula.
    fitted = fitted_to("federalist", "geometric")
    p, n = fitted.params["prob"], int(fitted.nobs)
    last = 3
    cells = np.append(p * (1 - p) ** np.arange(last), (1 - p) ** last)
    counts = rng.multinomial(n, cells, size=N_SIMULATIONS)
    ended = counts[:, :last].sum(axis=1)
    p_hat = (ended / (ended + counts @ np.arange(last + 1)))[:, None]
    expected = n * np.hstack([p_hat * (1 - p_hat) ** np.arange(last), (1 - p_hat) ** last])
    g = 2 * np.sum(special.rel_entr(counts, expected), axis=1)
    yield from like_chi_squared("G = 2n KL ~ χ²₂, 4 cells - 1 - 1", of("federalist", "geometric"), g, 2)


def like_chi_squared(statement: str, data: str, statistic: Array, df: int) -> Iterator[Identity]:
    """Mean and upper 5 % of a simulated statistic against those of the chi-squared law."""
    n = len(statistic)
    yield Identity(
        statement=f"{statement}: mean",
        data=data,
        left=float(np.mean(statistic)),
        right=float(df),
        tolerance=4 * math.sqrt(2 * df / n),
    )
    yield Identity(
        statement=f"{statement}: P(> 95 %)",
        data=data,
        left=float(np.mean(statistic > special.chdtri(df, 0.05))),
        right=0.05,
        tolerance=4 * math.sqrt(0.05 * 0.95 / n),
    )


def chain_rules() -> Iterator[Identity]:
    """Divergence adds over stages, shrinks under grouping, and does not see a bijection."""
    fitted = fitted_to("horse_kicks", "poisson")
    values, shares = shares_of(fitted.sample)
    p = np.append(shares, 0.0)
    q = np.append(fitted.distribution.pdf(values), fitted.distribution.sf(values[-1]))
    bins = np.array([0, 1, 1, 2, 2, 2])
    of_bin = [np.flatnonzero(bins == b) for b in range(3)]
    p_bins, q_bins = (np.array([math.fsum(law[cells]) for cells in of_bin]) for law in (p, q))
    total, between = math.fsum(special.rel_entr(p, q)), math.fsum(special.rel_entr(p_bins, q_bins))
    within = math.fsum(
        p_bins[b] * math.fsum(special.rel_entr(p[cells] / p_bins[b], q[cells] / q_bins[b]))
        for b, cells in enumerate(of_bin)
    )
    data = of("horse_kicks", "poisson")
    yield Identity(
        statement="KL = KL(bins) + Σ p_b KL(within b)", data=data, left=total, right=between + within, tolerance=1e-14
    )
    yield Identity(
        statement="KL ≥ KL(bins): data processing",
        data=data,
        left=total,
        right=between,
        tolerance=1e-15,
        relation=">=",
    )
    leukaemia = datasets.load("leukaemia")
    joint = np.zeros((2, 2))
    np.add.at(joint, (leukaemia["mercaptopurine"].astype(int), leukaemia["relapsed"].astype(int)), 1)
    joint /= joint.sum()
    treated, relapsed = joint.sum(axis=1), joint.sum(axis=0)
    given = math.fsum(treated[k] * entropy_of(joint[k] / treated[k]) for k in range(2))
    data = "leukaemia"
    yield Identity(
        statement="H(X, Y) = H(X) + H(Y | X)",
        data=data,
        left=entropy_of(joint.ravel()),
        right=entropy_of(treated) + given,
        tolerance=1e-14,
    )
    yield Identity(
        statement="I(X; Y) = KL(p_XY ‖ p_X p_Y)",
        data=data,
        left=math.fsum(special.rel_entr(joint, np.outer(treated, relapsed)).ravel()),
        right=entropy_of(relapsed) - given,
        tolerance=1e-14,
    )
    lengths = datasets.load("rivers")["length"]
    lognormal, normal = fitted_to("rivers", "lognormal"), fit(np.log(lengths), "normal")
    yield Identity(
        statement="NLL of x = NLL of log x + Σ log x",
        data=of("rivers", "lognormal"),
        left=lognormal.nll,
        right=normal.nll + math.fsum(np.log(lengths)),
        tolerance=1e-12 * lognormal.nll,
    )
    at = flat(normal.params)
    move = np.array([0.3, 0.1])
    yield Identity(
        statement="KL of laws = KL of their logarithms",
        data=of("rivers", "lognormal"),
        left=divergence(lognormal.distribution, beside(lognormal, at + move)),
        right=divergence(normal.distribution, beside(normal, at + move)),
        tolerance=1e-10,
    )
    gamma = fitted_to("rivers", "gamma").distribution
    # With u = σ(t) the integrand is smooth and dies out at both ends, where equal steps are exact to rounding.
    t = np.arange(-60.0, 60.0, 0.05)
    lower = special.expit(-np.abs(t))
    x = np.where(t < 0, gamma.ppf(lower), gamma.isf(lower))
    density = 0.05 * lower * (1 - lower)
    yield Identity(
        statement="KL(p ‖ q) = KL(F_p(X) ‖ F_p(Y)): PIT",
        data="gamma by lognormal, rivers",
        left=divergence(gamma, lognormal.distribution),
        right=math.fsum(density * (gamma.logpdf(x) - lognormal.distribution.logpdf(x))),
        tolerance=1e-10,
    )
