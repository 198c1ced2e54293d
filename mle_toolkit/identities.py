"""The identities that join likelihood and information, computed on real data: ``python -m mle_toolkit.identities``.

Every row has two sides that are computed in two ways, and a tolerance for rounding, for the error of a numerical
derivative or integral, or for a finite simulation. What holds for a fit of any family is a function of the fit; the
table applies it to the data sets of the package.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from io import TextIOWrapper
from typing import Any, Literal

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.text import Text
from scipy import optimize, special

from mle_toolkit._typing import Array
from mle_toolkit.data import datasets
from mle_toolkit.data.sample import Sample
from mle_toolkit.families.distribution import Distribution, distribution
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.registry import get_family
from mle_toolkit.fitting import Fit, fit
from mle_toolkit.information.classifiers import (
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    categorical_cross_entropy,
    categorical_cross_entropy_gradient,
    information_report,
)
from mle_toolkit.likelihood.coordinates import Coordinates
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.report.terminal import IDENTITY, heading, table

ROUNDING = 4e-16
"""What a sum of terms of size 1 may lose to rounding when it is taken in another order."""

N_SIMULATIONS = 20_000
SEED = 1912
"""Of the simulations: the year of Fisher's first paper on maximum likelihood."""

PATH_STEPS = 5
"""Of an optimiser that are compared."""

PIPE_WIDTH = 110
"""Columns of the table where no terminal says otherwise."""

_minimize: Any = optimize.minimize  # whose stubs do not know arrays of open length


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Both sides of an identity on some data.

    Attributes
    ----------
    statement, data : str
        What is said, and of what.
    left, right : float
        The two sides.
    tolerance : float
        How far apart they may be for the reason that the statement or the method gives.
    relation : {"=", ">=", "!="}
        Whether the sides are equal, the left one is at least the right one, or they differ by more than the tolerance.
    """

    statement: str
    data: str
    left: float
    right: float
    tolerance: float
    relation: Literal["=", ">=", "!="] = "="

    @property
    def difference(self) -> float:
        """Left side less right side."""
        return self.left - self.right

    @property
    def holds(self) -> bool:
        """Whether the sides are related as stated; never for NaN."""
        if self.relation == ">=":
            return self.difference >= -self.tolerance
        if self.relation == "!=":
            return abs(self.difference) > self.tolerance
        return abs(self.difference) <= self.tolerance


def pairs(statement: str, data: str, left: Any, right: Any, tolerance: Any) -> Identity:
    """One row for two arrays: their first entries, or the pair that is the farthest apart if one is too far.

    Which of the pairs that agree is the worst is decided by rounding, differently on every machine.
    """
    left, right, tolerance = (np.ravel(side).astype(float) for side in np.broadcast_arrays(left, right, tolerance))
    apart = np.abs(left - right) / tolerance
    k = 0 if np.all(apart <= 1) else int(np.argmax(apart))
    return Identity(
        statement=statement, data=data, left=float(left[k]), right=float(right[k]), tolerance=float(tolerance[k])
    )


# --- identities of any fit --------------------------------------------------------------------------------------------


def weights_of(sample: Sample) -> Array:
    """One weight a row."""
    return np.ones(sample.n_rows) if sample.weight is None else sample.weight


def shares_of(sample: Sample) -> tuple[Array, Array]:
    """Distinct values and their shares: the empirical distribution."""
    values, cell = np.unique(sample.x, return_inverse=True)
    counts = np.bincount(cell, weights=weights_of(sample))
    return values, counts / sample.nobs


def entropy_of(p: Array) -> float:
    """-Σ p log p."""
    return math.fsum(special.entr(p))


def flat(params: Any) -> Array:
    """All parameters as one vector."""
    return np.concatenate([np.ravel(np.asarray(value, dtype=float)) for value in params.values()])


def beside(fitted: Fit, theta: Array) -> Distribution:
    """The law of the same family at another point."""
    return Distribution(fitted.family, dict(zip(fitted.params, fitted.family.unpack(theta), strict=True)))


def divergence(p: Distribution, q: Distribution) -> float:
    """KL(p ‖ q) as what it says, an expectation under p, by quadrature or summation."""
    return p.expect(lambda x: p.logpdf(x) - q.logpdf(x))


def nll_is_cross_entropy(fitted: Fit, data: str) -> Identity:
    """NLL / n as the fit has it, often from a few sums, and -Σ p̂ log q over the rows."""
    sample = fitted.sample
    weight, log_q = weights_of(sample), fitted.distribution.logpdf(sample.x)
    size = math.fsum(weight * np.abs(log_q)) / math.fsum(weight)
    # Sums of statistics round by the size of the data against their spread.
    spread = 1 + float(np.abs(sample.x).max() / np.ptp(sample.x))
    return Identity(
        statement="NLL / n = CE(data, q)",
        data=data,
        left=fitted.nll / fitted.nobs,
        right=-math.fsum(weight * log_q) / math.fsum(weight),
        tolerance=1e-13 * max(1.0, size) * spread,
    )


def cross_entropy_is_entropy_plus_divergence(fitted: Fit, data: str) -> Identity:
    """For counts: three sums over the distinct values."""
    values, p = shares_of(fitted.sample)
    log_q = fitted.distribution.logpdf(values)
    return Identity(
        statement="CE(p, q) = H(p) + KL(p ‖ q)",
        data=data,
        left=-math.fsum(p * log_q),
        right=entropy_of(p) + math.fsum(p * (np.log(p) - log_q)),
        tolerance=2 * ROUNDING * math.fsum(p * np.abs(log_q)),
    )


def g_is_twice_n_divergence(fitted: Fit, data: str) -> Identity:
    """For counts: the likelihood-ratio statistic against the saturated law, from observed and expected counts."""
    values, p = shares_of(fitted.sample)
    observed, expected = fitted.nobs * p, fitted.nobs * fitted.distribution.pdf(values)
    return Identity(
        statement="G = 2 Σ O log(O / E) = 2n KL",
        data=data,
        left=2 * math.fsum(observed * np.log(observed / expected)),
        right=2 * fitted.nobs * math.fsum(p * (np.log(p) - fitted.distribution.logpdf(values))),
        tolerance=1e-12 * fitted.nobs,
    )


def objectives(fitted: Fit) -> dict[str, Callable[[Array], float]]:
    """For counts: NLL, cross-entropy and divergence as functions of the parameters, each summed as its name says."""
    law, sample = fitted.family, fitted.sample
    values, p = shares_of(sample)
    rows = np.repeat(sample.x, weights_of(sample).astype(int))

    def log_q(x: Array, theta: Array) -> Array:
        return law.logpdf(x, *law.unpack(theta))

    return {
        "NLL": lambda theta: -math.fsum(log_q(rows, theta)),
        "CE": lambda theta: -math.fsum(p * log_q(values, theta)),
        "KL": lambda theta: math.fsum(p * (np.log(p) - log_q(values, theta))),
    }


def minima_agree(fitted: Fit, data: str) -> Iterator[Identity]:
    """For counts under a law of one parameter: where the slopes of NLL, CE and KL vanish."""
    (theta,), (se,) = flat(fitted.params), flat(fitted.bse)
    at = {
        name: float(
            optimize.brentq(
                lambda value, f=function: slopes(f, np.array([value]), 0.01 * se)[0],
                theta - 2 * se,
                theta + 2 * se,
                xtol=1e-14,
            )
        )
        for name, function in objectives(fitted).items()
    }
    for left, right in (("NLL", "CE"), ("NLL", "KL")):
        yield Identity(
            statement=f"argmin {left} = argmin {right}",
            data=data,
            left=at[left],
            right=at[right],
            tolerance=1e-9,
        )
    yield Identity(statement="argmin KL = θ̂ of the fit", data=data, left=at["KL"], right=float(theta), tolerance=1e-9)


def paths_agree(fitted: Fit, data: str) -> Identity:
    """For counts: the first points that one optimiser visits on NLL / n and on KL, from the same start."""
    function = objectives(fitted)
    nll, kl, start = function["NLL"], function["KL"], flat(fitted.params) / 3
    by_likelihood, by_divergence = descent(lambda theta: nll(theta) / fitted.nobs, start), descent(kl, start)
    return pairs(f"{PATH_STEPS} BFGS steps: NLL / n and KL", data, by_likelihood, by_divergence, 1e-7)


def descent(function: Callable[[Array], float], start: Array) -> Array:
    """The first `PATH_STEPS` points that an optimiser visits; how many more there are is decided by rounding."""
    visited: list[Array] = []
    _minimize(
        function, start, jac=lambda at: slopes(function, at, 1e-3), method="BFGS", callback=visited.append, tol=1e-8
    )
    return np.array(visited[:PATH_STEPS])


def gradient_is_minus_mean_score(fitted: Fit, data: str) -> Identity:
    """Beside the maximum, in unconstrained coordinates: slopes of the cross-entropy by differences."""
    law = fitted.family
    likelihood = Likelihood(law, fitted.sample)
    theta = likelihood.unit.params_to_unit(law, flat(fitted.params))
    spread = math.sqrt(fitted.nobs) * flat(fitted.bse) / likelihood.unit.slopes(law)
    natural = np.where(spread > 0, spread, 1.0)  # NaN where a parameter has no standard error
    coordinates = Coordinates([p.domain for p in law.parameters], theta, [p.regular for p in law.parameters], natural)

    def cross_entropy(u: Array) -> float:
        return -likelihood.mean_loglik(coordinates.to_theta(u))

    u = coordinates.from_theta(theta) * 1.02 + 0.01
    if not np.isfinite(cross_entropy(u)):
        u = coordinates.from_theta(theta) + 1e-3
    score = likelihood.mean_score(coordinates.to_theta(u)) @ coordinates.jacobian(u)
    return pairs(
        "∇CE = -mean score = ∇KL", data, slopes(cross_entropy, u, 1e-4), -score, np.maximum(1e-6 * np.abs(score), 1e-9)
    )


def standard_errors_are_curvature(fitted: Fit, data: str) -> Identity:
    """Standard errors of the fit, and the inverse of n times the Hessian of the cross-entropy by differences."""
    theta, step = flat(fitted.params), 1e-3 * flat(fitted.bse)
    weight, score = weights_of(fitted.sample), fitted.family.score
    assert score is not None

    def gradient(at: Array) -> Array:
        parts = score(fitted.sample.x, *fitted.family.unpack(at))
        return -np.array([math.fsum(weight * part) for part in parts]) / fitted.nobs

    hessian = slopes(gradient, theta, step)
    curvature = np.sqrt(np.diag(np.linalg.inv(fitted.nobs * hessian)))
    return pairs("SE² = [n ∂²CE]⁻¹", data, flat(fitted.bse), curvature, 1e-6 * curvature)


def moments_match(fitted: Fit, data: str) -> Identity:
    """An exponential family at its maximum expects the statistics that were observed."""
    law, sample, weight = fitted.family, fitted.sample, weights_of(fitted.sample)
    # Counts of Poisson and of a binomial law are fitted by a formula that uses their one statistic, the count itself.
    statistics = law.statistics if isinstance(law, ExponentialFamily) else lambda x: (x,)
    parts = statistics(sample.x)
    observed = [math.fsum(weight * part) / sample.nobs for part in parts]
    size = np.array([math.fsum(weight * np.abs(part)) / sample.nobs for part in parts])

    def statistic(k: int) -> Callable[[Array], Array]:
        return lambda x: statistics(x)[k]

    expected = [fitted.distribution.expect(statistic(k)) for k in range(len(parts))]
    return pairs("E_q̂ T = mean T", data, expected, observed, 1e-10 * size)


def own_entropy(fitted: Fit, data: str, relation: Literal["=", "!="] = "=") -> Identity:
    """Where log h is in the span of the statistics, the fit codes the data like its own draws; else not."""
    entropy = fitted.distribution.entropy()
    return Identity(
        statement="NLL / n = H(q̂)" if relation == "=" else "NLL / n ≠ H(q̂)",
        data=data,
        left=fitted.nll / fitted.nobs,
        right=entropy,
        tolerance=1e-14 * max(1.0, abs(entropy)) if relation == "=" else 1e-5,
        relation=relation,
    )


def pythagoras(fitted: Fit, data: str, direction: float = 1.0) -> Identity:
    """The rise of the NLL away from the maximum is a divergence, so the likelihood-ratio statistic is 2n KL."""
    sample, se = fitted.sample, flat(fitted.bse)
    other = beside(fitted, flat(fitted.params) + direction * np.array([1.5, -0.7])[: len(se)] * se)
    kl = divergence(fitted.distribution, other)
    return Identity(
        statement="NLL(θ) - NLL(θ̂) = n KL(q̂ ‖ q_θ)",
        data=data,
        left=-math.fsum(weights_of(sample) * other.logpdf(sample.x)) - fitted.nll,
        right=fitted.nobs * kl,
        tolerance=1e-13 * abs(fitted.nll) + 1e-10 * fitted.nobs * kl,
    )


def fisher_curvature(fitted: Fit, data: str) -> Identity:
    """Between neighbours the divergence is half the square of their distance in the metric of Fisher."""
    information = np.linalg.inv(fitted.cov_params("expected").to_numpy()) / fitted.nobs
    theta, deviation = flat(fitted.params), flat(fitted.bse) * math.sqrt(fitted.nobs)
    left, right = [], []
    for k, unit in enumerate(np.eye(len(theta))):
        step = 0.01 * deviation[k] * unit
        # The mean over both signs loses the term of third order.
        both = [divergence(fitted.distribution, beside(fitted, theta + sign * step)) for sign in (1, -1)]
        left.append(sum(both) / 2)
        right.append(0.5 * step @ information @ step)
    return pairs("KL(q_θ ‖ q_θ+δ) = ½ δᵀ I(θ) δ + …", data, left, right, 2e-3 * np.array(right))


def slopes(function: Callable[[Array], Any], at: Array, step: Any) -> Array:
    """Derivatives by central differences of fourth order, one row a coordinate."""
    steps = np.broadcast_to(step, at.shape)
    found = []
    for k, unit in enumerate(np.eye(len(at))):
        near, far = steps[k] * unit, 2 * steps[k] * unit
        rise = 8 * (function(at + near) - function(at - near)) - (function(at + far) - function(at - far))
        found.append(rise / (12 * steps[k]))
    return np.array(found)


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


def died_by_age() -> tuple[Array, Array]:
    """Who died after a heart transplant, and the design of its logistic regression on age."""
    heart = datasets.load("heart")
    age = heart["age"]
    return heart["died"], np.column_stack([np.ones(len(age)), (age - age.mean()) / age.std()])


def least_cross_entropy(y: Array, design: Array) -> Array:
    """Coefficients that minimise the binary cross-entropy, by its gradient."""
    result = _minimize(
        lambda beta: binary_cross_entropy(y, logits=design @ beta).value,
        np.zeros(design.shape[1]),
        jac=lambda beta: design.T @ binary_cross_entropy_gradient(y, design @ beta),
        method="BFGS",
        options={"gtol": 1e-12},
    )
    return np.asarray(result.x)


def reweighted_least_squares(y: Array, design: Array, n_steps: int = 25) -> Array:
    """Coefficients of the logistic regression by IRLS, as generalised linear models are fitted."""
    beta: Any = np.zeros(design.shape[1])
    for _ in range(n_steps):
        mu = special.expit(design @ beta)
        weight = mu * (1 - mu)
        working = design @ beta + (y - mu) / weight
        beta = np.linalg.solve(design.T @ (weight[:, None] * design), design.T @ (weight * working))
    return np.asarray(beta)


def classifiers() -> Iterator[Identity]:
    """Cross-entropy of labels is the likelihood of Bernoulli and categorical laws."""
    y, design = died_by_age()
    data = "heart, death by age"
    bernoulli = fit(y, "bernoulli")
    yield Identity(
        statement="BCE at p̂ = Bernoulli NLL / n",
        data=data,
        left=binary_cross_entropy(y, bernoulli.params["p"]).value,
        right=bernoulli.cross_entropy,
        tolerance=ROUNDING,
    )
    beta = least_cross_entropy(y, design)
    z = design @ beta
    yield Identity(
        statement="BCE = mean max(z,0) - zy + log(1+e^-|z|)",
        data=data,
        left=binary_cross_entropy(y, special.expit(z)).value,
        right=math.fsum(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))) / len(y),
        tolerance=ROUNDING,
    )
    n = len(y)
    by_differences = slopes(lambda at: n * binary_cross_entropy(y, logits=at).value, z, 1e-3)
    yield pairs("n ∂BCE/∂z = σ(z) - y", data, by_differences, special.expit(z) - y, 1e-9)
    curvature = np.diag(slopes(lambda at: n * binary_cross_entropy_gradient(y, at), z, 1e-3))
    sigma = special.expit(z)
    yield pairs("n ∂²BCE/∂z² = σ(z)(1 - σ(z))", data, curvature, sigma * (1 - sigma), 1e-9)
    irls = reweighted_least_squares(y, design)
    yield pairs("argmin BCE = IRLS", data, beta, irls, 1e-8 * np.abs(irls))
    report = information_report(y, special.expit(z))
    yield Identity(
        statement="H(ȳ) - BCE(p̂) = mean KL(p̂ ‖ ȳ)",
        data=data,
        left=report.information_gained.value,
        right=report.kl_to_base_rate,
        tolerance=1e-10,
    )
    above = (design[:, 1] > 0).astype(float)
    yield Identity(
        statement="separated: BCE → 0 as β → ∞",
        data="heart, older than the mean",
        left=binary_cross_entropy(above, logits=1e6 * design[:, 1]).value,
        right=0.0,
        tolerance=1e-300,
    )
    fitted = fitted_to("horse_kicks", "poisson")
    values, shares = shares_of(fitted.sample)
    stated = fitted.distribution.pdf(values)
    own = binary_cross_entropy(shares, shares).value
    yield Identity(
        statement="soft: BCE - h(y) = KL(Bern y ‖ Bern p)",
        data="horse kicks, poisson",
        left=binary_cross_entropy(shares, stated).value - own,
        right=math.fsum(special.rel_entr(shares, stated) + special.rel_entr(1 - shares, 1 - stated)) / len(shares),
        tolerance=1e-15,
    )
    yield Identity(
        statement="soft: least BCE = h(y), not 0",
        data="horse kicks, shares",
        left=own,
        right=math.fsum(special.entr(shares) + special.entr(1 - shares)) / len(shares),
        tolerance=ROUNDING,
    )
    eruptions = datasets.load("faithful")["eruptions"]
    kind = np.digitize(eruptions, [3.0, 4.0])
    categorical = fit(kind.astype(float), get_family("categorical", k=3))
    logits = np.tile(np.log(flat(categorical.params)) + 1.0, (len(kind), 1))
    data = "faithful, three kinds"
    yield Identity(
        statement="softmax CE = categorical NLL / n",
        data=data,
        left=categorical_cross_entropy(kind, logits=logits).value,
        right=categorical.cross_entropy,
        tolerance=2 * ROUNDING,
    )
    few = slice(0, 20)
    by_differences = slopes(
        lambda at: 20 * categorical_cross_entropy(kind[few], logits=at.reshape(20, 3)).value,
        logits[few].ravel(),
        1e-3,
    )
    yield pairs(
        "n ∂CE/∂z = softmax(z) - onehot(y)",
        data,
        20 * categorical_cross_entropy_gradient(kind[few], logits[few]).ravel(),
        by_differences,
        1e-9,
    )


def decompositions() -> Iterator[Identity]:
    """Where a log loss comes from."""
    y, design = died_by_age()
    data = "heart, forecasts to 0.1"
    stated = special.expit(design @ least_cross_entropy(y, design)).round(1)
    report = information_report(y, stated)
    for name, parts in (
        ("log loss = H(ȳ) - RES + REL", report.by_forecast),
        ("log loss = UNC - DSC + MCB (CORP)", report.calibration[1].decomposition),
    ):
        yield Identity(
            statement=name,
            data=data,
            left=report.log_loss.value,
            right=parts.score,
            tolerance=1e-15,
        )
    leukaemia = datasets.load("leukaemia")
    relapsed, treated, late = leukaemia["relapsed"], leukaemia["mercaptopurine"], leukaemia["weeks"] > 10
    stated = np.where(treated == 1, 0.5, 0.9)
    by_treatment = information_report(relapsed, stated).by_forecast
    data = "leukaemia"
    entropy = {
        "Y": _conditional_entropy(relapsed, np.zeros(len(relapsed))),
        "Y|f": _conditional_entropy(relapsed, stated),
        "Y|X": _conditional_entropy(relapsed, 2 * treated + late),
    }
    yield Identity(
        statement="log loss = calibration + refinement",
        data=data,
        left=binary_cross_entropy(relapsed, stated).value,
        right=by_treatment.miscalibration + by_treatment.refinement,
        tolerance=1e-15,
    )
    within = math.fsum(
        np.mean(stated == f) * _mutual_information(relapsed[stated == f], late[stated == f]) for f in (0.5, 0.9)
    )
    yield Identity(
        statement="refinement = H(Y | X) + I(Y; X | f)",
        data=data,
        left=by_treatment.refinement,
        right=entropy["Y|X"] + within,
        tolerance=1e-14,
    )
    yield Identity(
        statement="H(Y) - refinement = I(Y; f)",
        data=data,
        left=entropy["Y"] - by_treatment.refinement,
        right=_mutual_information(relapsed, stated == 0.9),
        tolerance=1e-14,
    )


def _conditional_entropy(y: Array, x: Array) -> float:
    """H(Y | X) of the empirical distribution."""
    groups = [y[x == value] for value in np.unique(x)]
    return math.fsum(len(g) / len(y) * entropy_of(np.array([np.mean(g), 1 - np.mean(g)])) for g in groups)


def _mutual_information(y: Any, x: Any) -> float:
    """I(Y; X) of two columns of 0 and 1, as a divergence from independence."""
    joint = np.array([[np.mean((y == a) & (x == b)) for b in (0, 1)] for a in (0, 1)])
    return math.fsum(special.rel_entr(joint, np.outer(joint.sum(axis=1), joint.sum(axis=0))).ravel())


def directions() -> Iterator[Identity]:
    """A normal law fitted to a bimodal one covers it if KL runs forward, and locks on a mode if it runs backward."""
    minutes = datasets.load("faithful")["eruptions"]
    short, long = minutes[minutes < 3], minutes[minutes >= 3]
    w = len(short) / len(minutes)
    grid = np.linspace(-2.0, 10.0, 4001)
    step = grid[1] - grid[0]

    def log_normal(m: float, s: float) -> Array:
        return np.asarray(-0.5 * np.square((grid - m) / s) - math.log(s * math.sqrt(2 * math.pi)))

    log_p = np.logaddexp(
        math.log(w) + log_normal(short.mean(), short.std()), math.log(1 - w) + log_normal(long.mean(), long.std())
    )

    def forward(at: Array) -> float:
        return float(step * np.sum(np.exp(log_p) * (log_p - log_normal(at[0], math.exp(at[1])))))

    def backward(at: Array) -> float:
        log_q = log_normal(at[0], math.exp(at[1]))
        return float(step * np.sum(np.exp(log_q) * (log_q - log_p)))

    def least(function: Callable[[Array], float], m: float, s: float) -> tuple[float, float]:
        def moved(by: Array) -> float:
            return function(np.array([m + s * by[0], math.log(s) + by[1]]))

        by = _minimize(moved, [0.0, 0.0], jac=lambda at: slopes(moved, at, 1e-3), method="BFGS", tol=1e-9).x
        return m + s * float(by[0]), s * math.exp(by[1])

    mean = w * short.mean() + (1 - w) * long.mean()
    var = w * (short.var() + short.mean() ** 2) + (1 - w) * (long.var() + long.mean() ** 2) - mean**2
    data = "faithful, two normals"
    covering = least(forward, 3.0, 1.0)
    yield Identity(
        statement="argmin_N KL(p ‖ N): mean of p", data=data, left=covering[0], right=float(mean), tolerance=1e-6
    )
    yield Identity(
        statement="argmin_N KL(p ‖ N): deviation of p",
        data=data,
        left=covering[1],
        right=math.sqrt(var),
        tolerance=1e-6,
    )
    for name, mode in (("short", short), ("long", long)):
        yield Identity(
            statement=f"local argmin_N KL(N ‖ p): {name} mode of p",
            data=data,
            left=least(backward, float(mode.mean()), float(mode.std()))[0],
            right=float(mode.mean()),
            tolerance=0.02,  # of a minute: the other mode pulls a little
        )


SECTIONS: dict[str, Callable[[], Iterator[Identity]]] = {
    "One line": one_line,
    "One minimum": one_minimum,
    "Gibbs": gibbs,
    "Exponential families": exponential_families,
    "Large samples": large_samples,
    "Chain rules": chain_rules,
    "Classifiers": classifiers,
    "Log loss": decompositions,
    "Directions of KL": directions,
}


def identities() -> dict[str, tuple[Identity, ...]]:
    """Compute every identity, by section.

    Examples
    --------
    >>> from mle_toolkit.identities import identities
    >>> all(row.holds for rows in identities().values() for row in rows)
    True
    """
    return {title: tuple(section()) for title, section in SECTIONS.items()}


def identity_table(computed: dict[str, tuple[Identity, ...]]) -> RenderableType:
    """The identities as a table: both sides, and how far apart they may be.

    How far apart they are stands in no column: that is rounding, which differs between machines.
    """
    columns = ("identity", "data", "left", "right", "differ at most by", "")
    parts: list[RenderableType] = [Text(IDENTITY, style="bold", justify="center")]
    for title, rows in computed.items():
        cells = [
            (
                row.statement,
                row.data,
                f"{row.left:.7g}",
                f"{row.right:.7g}",
                bound_of(row),
                "✓" if row.holds else "✗",
            )
            for row in rows
        ]
        parts += ["", heading(title), "", table(columns, cells, text=columns[:2])]
    failed = sum(not row.holds for rows in computed.values() for row in rows)
    total = sum(len(rows) for rows in computed.values())
    parts += ["", Text(f"{total - failed} of {total} hold", style="bold green" if not failed else "bold red")]
    return Group(*parts)


def bound_of(row: Identity) -> str:
    """How far apart the sides may be, or must be."""
    return {"=": "", ">=": "≥ -", "!=": "> "}[row.relation] + f"{row.tolerance:.0e}"


def all_hold(computed: dict[str, tuple[Identity, ...]]) -> bool:
    """Whether every row does."""
    return all(row.holds for rows in computed.values() for row in rows)


def main() -> int:
    """Print the table, and give the exit code: 1 if an identity fails."""
    computed = identities()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Greek letters still gets the numbers
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    console = Console(width=width, markup=False, highlight=False, emoji=False)
    console.print(identity_table(computed))
    return 0 if all_hold(computed) else 1


if __name__ == "__main__":
    sys.exit(main())
