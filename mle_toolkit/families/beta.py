"""The beta law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.beta_tails import LARGE_SHAPES, kernel_tail_slopes, kernel_tails, log_kernel
from mle_toolkit.families.combinators.reparametrised import Form
from mle_toolkit.families.domain import POSITIVE, UNIT
from mle_toolkit.families.excess import log_gamma_excess
from mle_toolkit.families.expectations import BetaPower
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.from_logs import logcdf_of_tails, logsf_of_tails
from mle_toolkit.families.in_scipy import InScipy
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.special import log_beta_remainder, log_minus_digamma_of, trigamma

_NEWTON_STEPS = 100

MEAN_AND_PRECISION = Form(
    (Parameter("mean", UNIT, typical=(0.1, 0.9)), Parameter("precision", POSITIVE, typical=(1.0, 30.0))),
    to_own=lambda mean, precision: (mean * precision, (1 - mean) * precision),
    from_own=lambda a, b: (a / (a + b), a + b),
    slopes=lambda mean, precision: ((precision, mean), (-precision, 1 - mean)),
    bends=lambda mean, precision: ((0.0, 1.0, 0.0), (0.0, -1.0, 0.0)),
)


class Beta(ExponentialFamily):
    r"""Proportion: the share of a gamma variable of shape ``a`` in its sum with one of shape ``b``.

    .. math:: \log f(x) = (a - 1)\log x + (b - 1)\log(1 - x) - \log B(a, b)

    Source: Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions 2, ch. 25. Route to the maximum:
    digamma(a) - digamma(a + b) = mean(log x) and the same for b and 1 - x, by Newton's method on a concave
    log-likelihood. An observation of exactly 0 or 1 has an infinite statistic: it is outside the support.
    """

    name = "beta"
    dear_tails = True
    support = UNIT
    parameters = (
        Parameter("a", POSITIVE, typical=(0.7, 10.0)),
        Parameter("b", POSITIVE, typical=(0.7, 10.0)),
    )
    in_scipy = InScipy("beta", "a", "b")
    logcdf, logsf = logcdf_of_tails, logsf_of_tails

    @property
    def forms(self) -> dict[str, Form]:
        """By its mean, a / (a + b), and its precision, a + b (Ferrari & Cribari-Neto 2004)."""
        return {"mean": MEAN_AND_PRECISION}

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """Log x and log(1 - x)."""
        return np.log(x), np.log1p(-x)

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x; of large shapes by that of its logit, whose terms do not cancel."""
        a, b = params
        own = super().logpdf(x, a, b)
        large = np.minimum(a, b) >= LARGE_SHAPES
        if not np.any(large):
            return own
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(large, log_kernel(special.logit(x), a, b) - np.log(x) - np.log1p(-x), own)

    def log_density(self, T: tuple[Array, ...], a: Array, b: Array) -> Array:
        """Log-density, linear in T."""
        log_x, log_rest = T
        return np.asarray((a - 1) * log_x + (b - 1) * log_rest - special.betaln(a, b))

    def score_of(self, T: tuple[Array, ...], a: Array, b: Array) -> tuple[Array, ...]:
        """Derivatives by a and b."""
        log_x, log_rest = T
        both = special.psi(a + b)
        return log_x - special.psi(a) + both, log_rest - special.psi(b) + both

    def hessian_of(self, T: tuple[Array, ...], a: Array, b: Array) -> tuple[Array, ...]:
        """Second derivatives, which do not depend on T."""
        both = trigamma(a + b)
        return both - trigamma(a), both, both - trigamma(b)

    def from_means(self, means: tuple[float, ...]) -> tuple[float, float]:
        """Newton's method in the logs of both parameters."""
        mean_log, mean_log_rest = means
        # 1 - G1 - G2 with the geometric means of x and 1 - x: > 0 by Jensen, and 0 only if every x is equal.
        gap = -math.expm1(mean_log) - math.exp(mean_log_rest)
        if not gap > 4 * np.finfo(float).eps:
            raise DegenerateDataError("beta: the observations are equal to rounding, so a and b are unbounded.")
        # Johnson & Kotz's approximation, good where both exceed 1 and of the right size elsewhere.
        a, b = 0.5 + 0.5 * math.exp(mean_log) / gap, 0.5 + 0.5 * math.exp(mean_log_rest) / gap
        value = self._mean_loglik(means, a, b)
        for _ in range(_NEWTON_STEPS):
            score_a, score_b = (float(s) for s in self.score_of(means, a, b))  # type: ignore[arg-type]
            h_aa, h_ab, h_bb = (float(h) for h in self.hessian_of(means, a, b))  # type: ignore[arg-type]
            # In log coordinates the steps cannot leave the domain.
            g_a, g_b = a * score_a, b * score_b
            h_aa, h_ab, h_bb = a * a * h_aa, a * b * h_ab, b * b * h_bb  # negative definite
            if h_aa + g_a < 0 and (h_aa + g_a) * (h_bb + g_b) > h_ab * h_ab:
                h_aa, h_bb = h_aa + g_a, h_bb + g_b
            determinant = h_aa * h_bb - h_ab * h_ab
            step_a, step_b = (h_ab * g_b - h_bb * g_a) / determinant, (h_ab * g_a - h_aa * g_b) / determinant
            longest = max(abs(step_a), abs(step_b))
            share = min(1.0, 2.0 / longest) if longest else 1.0
            small = longest < 1e-8
            for _ in range(_NEWTON_STEPS):
                new_a, new_b = a * math.exp(share * step_a), b * math.exp(share * step_b)
                new = self._mean_loglik(means, new_a, new_b)
                if new >= value or small:  # differences below the square of 1e-8 are rounding
                    break
                share *= 0.5
            a, b, value = new_a, new_b, new
            if small:
                break
        return a, b

    def _mean_loglik(self, means: tuple[float, ...], a: float, b: float) -> float:
        return (a - 1) * means[0] + (b - 1) * means[1] - float(special.betaln(a, b))

    def cdf(self, x: Array, a: Array, b: Array) -> Array:
        """Probability of at most x."""
        return np.asarray(special.betainc(a, b, np.clip(x, 0.0, 1.0)))

    def sf(self, x: Array, a: Array, b: Array) -> Array:
        """Probability of more than x."""
        return np.asarray(special.betaincc(a, b, np.clip(x, 0.0, 1.0)))

    @staticmethod
    def log_tails(x: Array, a: Array, b: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function."""
        with np.errstate(all="ignore"):  # what is beyond an end is replaced
            below, above = kernel_tails(special.logit(x), a, b)
        low, high = np.less_equal(x, 0), np.greater_equal(x, 1)
        below, above = np.where(low, -np.inf, below), np.where(low, 0.0, above)
        return np.where(high, 0.0, below), np.where(high, -np.inf, above)

    def tail_scores(self, x: Array, a: Array, b: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F)."""
        with np.errstate(all="ignore"):
            below, above = kernel_tail_slopes(special.logit(x), a, b)
        inside = np.greater(x, 0) & np.less(x, 1)
        return tuple(np.where(inside, s, 0.0) for s in below), tuple(np.where(inside, s, 0.0) for s in above)

    def entropy(self, a: Array, b: Array) -> Array:
        """Entropy, nats."""
        both = np.add(a, b)
        gap, gap_b, gap_both = (log_minus_digamma_of(shape) for shape in (a, b, both))  # small where terms would cancel
        gaps = np.subtract(a, 1.0) * gap + np.subtract(b, 1.0) * gap_b - (both - 2) * gap_both
        return np.asarray(np.log(a / both) + np.log(b / both) + log_beta_remainder(a, b) + gaps)

    def divergence(self, p: tuple[float, ...], q: tuple[float, ...]) -> float:
        """By excesses of log Γ."""
        (a, b), (c, d) = p, q
        return log_gamma_excess([a, b], [c, d]) - log_gamma_excess(a + b, c + d)

    def power_of(self, a: float, b: float) -> BetaPower:
        """Itself."""
        return BetaPower(a, b, 1.0, 1.0)
