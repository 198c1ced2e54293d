"""What holds for a fit of any law, as functions of the fit: both sides, and how far they may differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import optimize, special

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.hooks import needed
from mle_toolkit.fitting import Fit
from mle_toolkit.likelihood.coordinates import Coordinates
from mle_toolkit.likelihood.sums import Likelihood

ROUNDING = 4e-16
"""What a sum of terms of size 1 may lose to rounding when it is taken in another order."""


PATH_STEPS = 5
"""Of an optimiser that are compared."""


minimize: Any = optimize.minimize  # whose stubs do not know arrays of open length


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
    minimize(
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
    weight, score = weights_of(fitted.sample), needed(fitted.family, fitted.family.score, "score")

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
