"""The PERT law."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.beta_tails import kernel_tail_slopes, kernel_tails, log_kernel
from mle_toolkit.families.domain import POSITIVE, REAL
from mle_toolkit.families.from_logs import cdf_of_log, logcdf_of_tails, logsf_of_tails, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import complement_slopes

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_BEYOND = (0.02, 0.1, 0.3)
"""Shares of the range of the data by which starts reach beyond them."""


class Pert(Family):
    r"""Duration or cost by its least, most likely and greatest value: a beta law whose mean is (low + 4 mode + high)/6.

    .. math:: \log f(x) = (a - 1)\log(x - l) + (b - 1)\log(h - x) - \log B(a, b) - 5\log(h - l),
        \quad a = 1 + 4\,\frac{m - l}{h - l},\ b = 6 - a

    Source: Malcolm, Roseboom, Clark & Fazar (1959), Operations Research 7, 646-669; Clark (1962), Operations Research
    10, 405-406. The density vanishes at both ends, as their power 4 (m - l)/(h - l) or 4 (h - m)/(h - l); where that is
    1 or less the usual theory of standard errors does not hold. With the mode at an end the density is largest there,
    and that end is at an observation.
    """

    name = "pert"
    dear_tails = True
    aliases = ("beta_pert", "betapert")
    support = REAL
    modelled = "mode"
    parameters = (
        Parameter("low", REAL, typical=(-5.0, -2.0), role="location"),
        Parameter("mode", REAL, typical=(-0.5, 1.0), role="location"),
        Parameter("high", REAL, typical=(3.0, 6.0), role="location"),
    )
    cdf, sf = cdf_of_log, sf_of_log
    logcdf, logsf = logcdf_of_tails, logsf_of_tails

    def logpdf(self, x: Array, low: Array, mode: Array, high: Array) -> Array:
        """Log-density at x; -inf beyond the ends, or where they are out of order."""
        with np.errstate(all="ignore"):
            length = np.subtract(high, low)
            a = 1 + 4 * (mode - low) / length
            inside = (x >= low) & (x <= high) & (mode >= low) & (mode <= high)
            left = np.where(np.equal(a, 1), 0.0, (a - 1) * np.log(x - low))
            right = np.where(np.equal(a, 5), 0.0, (5 - a) * np.log(high - x))
            return np.where(inside, left + right - special.betaln(a, 6 - a) - 5 * np.log(length), -np.inf)

    def score(self, x: Array, low: Array, mode: Array, high: Array) -> tuple[Array, ...]:
        """Derivatives by low, mode and high."""
        length = np.subtract(high, low)
        q = (mode - low) / length
        below, above = x - low, high - x
        by_q = 4 * (np.log(below) - np.log(above) - special.psi(1 + 4 * q) + special.psi(5 - 4 * q))
        return (
            by_q * (q - 1) / length - 4 * q / below + 5 / length,
            by_q / length,
            -by_q * q / length + 4 * (1 - q) / above - 5 / length,
        )

    def hessian(self, x: Array, low: Array, mode: Array, high: Array) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        length = np.subtract(high, low)
        q = (mode - low) / length
        below, above = x - low, high - x
        by_q = 4 * (np.log(below) - np.log(above) - special.psi(1 + 4 * q) + special.psi(5 - 4 * q))
        q_q = -16 * (special.zeta(2.0, 1 + 4 * q) + special.zeta(2.0, 5 - 4 * q))
        # Of the share q by low, mode and high; and what q and each of them move together.
        slopes = (q - 1) / length, 1 / length, -q / length
        mixed = -4 / below, 0 * below, -4 / above
        bends = (2 * (q - 1), 1.0, 1 - 2 * q, 0.0, -1.0, 2 * q)
        own = (5 - 4 * q * np.square(length / below), 0.0, -5.0, 0.0, 0.0, 5 - 4 * (1 - q) * np.square(length / above))
        second, at = [], 0
        for j in range(3):
            for k in range(j, 3):
                straight = (own[at] + by_q * bends[at]) / np.square(length)
                second.append(straight + q_q * slopes[j] * slopes[k] + mixed[j] * slopes[k] + mixed[k] * slopes[j])
                at += 1
        return tuple(second)

    def start(self, sample: Sample) -> list[tuple[float, float, float]]:
        """Ends beyond the data, and the mode by their mean."""
        length, mean = sample.maximum - sample.minimum, sample.mean()
        starts = []
        for share in _BEYOND:
            low, high = sample.minimum - share * length, sample.maximum + share * length
            mode = min(max(1.5 * mean - 0.25 * (low + high), low + 0.1 * length), high - 0.1 * length)
            starts.append((low, mode, high))
        return starts

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The laws with the mode at the lower end, and at the upper one."""
        return (
            Limit(_at_end(1.0), lambda end, reach: (end, end, end + reach), at=("mode",)),
            Limit(_at_end(-1.0), lambda end, reach: (end - reach, end, end), at=("mode",)),
        )

    def irregular(self, low: Any, mode: Any, high: Any) -> tuple[str, ...]:
        """All parameters where the density meets an end at an angle: the information does not exist."""
        return self.param_names if not 0.25 < (mode - low) / (high - low) < 0.75 else ()

    @staticmethod
    def log_tails(x: Array, low: Array, mode: Array, high: Array) -> tuple[Array, Array]:
        """Logs of the cdf and of the survival function; NaN where the three are out of order."""
        with np.errstate(all="ignore"):  # what is beyond an end is replaced
            a = 1 + 4 * (mode - low) / np.subtract(high, low)
            below, above = kernel_tails(np.log(x - low) - np.log(high - x), a, 6 - a)
        first, last = np.less_equal(x, low), np.greater_equal(x, high)
        below, above = np.where(first, -np.inf, below), np.where(first, 0.0, above)
        known = np.less_equal(low, mode) & np.less_equal(mode, high)
        return (
            np.where(known, np.where(last, 0.0, below), np.nan),
            np.where(known, np.where(last, -np.inf, above), np.nan),
        )

    def tail_scores(self, x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F), by way of t, the logit of the share of the range below x."""
        low, mode, high = params
        with np.errstate(all="ignore"):
            length = np.subtract(high, low)
            q = (mode - low) / length
            a = 1 + 4 * q
            t = np.log(x - low) - np.log(high - x)
            height = log_kernel(t, a, 6 - a)
            inside = (x > low) & (x < high)
            sides = []
            for log_tail, (by_a, by_b), sign in zip(
                kernel_tails(t, a, 6 - a), kernel_tail_slopes(t, a, 6 - a), (1.0, -1.0), strict=True
            ):
                by_shape, by_t = 4 * (by_a - by_b) / length, sign * np.exp(height - log_tail)
                by_low = (q - 1) * by_shape - by_t / (x - low)
                by_high = -q * by_shape - by_t / (high - x)
                sides.append(tuple(np.where(inside, by, 0.0) for by in (by_low, by_shape, by_high)))
        return sides[0], sides[1]

    def ppf(self, p: Array, low: Array, mode: Array, high: Array) -> Array:
        """Quantile."""
        length = np.subtract(high, low)
        a = 1 + 4 * (mode - low) / length
        return np.where(np.equal(p, 1), high, low + length * special.betaincinv(a, 6 - a, p))

    def isf(self, p: Array, low: Array, mode: Array, high: Array) -> Array:
        """Upper quantile."""
        length = np.subtract(high, low)
        a = 1 + 4 * (mode - low) / length
        return np.where(np.equal(p, 1), low, high - length * special.betaincinv(6 - a, a, p))

    def mean(self, low: Array, mode: Array, high: Array) -> Array:
        """Expected value: (low + 4 mode + high)/6."""
        return np.asarray((low + 4 * np.asarray(mode) + high) / 6)

    def var(self, low: Array, mode: Array, high: Array) -> Array:
        """Variance: (mean - low)(high - mean)/7."""
        mean = self.mean(low, mode, high)
        return np.asarray((mean - low) * (high - mean) / 7)

    def to_scipy(self, low: float, mode: float, high: float) -> Any:
        """``scipy.stats.beta(a, 6 - a, low, high - low)`` with a = 1 + 4 (mode - low)/(high - low)."""
        from scipy import stats

        a = 1 + 4 * (mode - low) / (high - low)
        return stats.beta(a, 6 - a, low, high - low)


@cache
def _at_end(side: float) -> Family:
    r"""The law with the mode at its lower end (its upper one, for a negative side).

    .. math:: \log f(x) = \log 5 + 4\log(1 - t/r) - \log r, \quad t = \pm(x - e), \quad 0 \le t \le r
    """

    def beyond(x: Array, end: Any) -> Array:
        """How far from the mode."""
        return np.asarray(side * (x - end))

    def logpdf(x: Array, end: Array, reach: Array) -> Array:
        t = beyond(x, end)
        with np.errstate(all="ignore"):
            height = math.log(5) + 4 * np.log1p(-t / reach) - np.log(reach)
        return np.where((t >= 0) & (t <= reach), height, -np.inf)

    def score(x: Array, end: Array, reach: Array) -> tuple[Array, ...]:
        t = beyond(x, end)
        return side * 4 / (reach - t), (4 * t / (reach - t) - 1) / reach

    def from_sample(sample: Sample) -> tuple[float, float]:
        """The mode at an observation; of reaches the likelihood has one maximum, where 4 t/(r - t) is 1 on average."""
        from scipy import optimize

        end = sample.minimum if side > 0 else sample.maximum
        longest = sample.maximum - sample.minimum

        def gap(u: float) -> float:
            return math.log(4 * sample.mean(lambda x: beyond(x, end) / (longest * (1 + math.exp(u)) - beyond(x, end))))

        nearest = math.log(4.0)
        while gap(nearest) < 0:
            nearest -= 4.0
        u = optimize.brentq(gap, nearest, math.log(4.0), xtol=1e-14)
        return end, longest * (1 + math.exp(u))

    def log_beyond(x: Array, end: Array, reach: Array) -> Array:
        """Log-probability on the far side of x, seen from the mode."""
        with np.errstate(divide="ignore"):
            return np.asarray(5 * np.log1p(-np.clip(beyond(x, end) / reach, 0.0, 1.0)))

    def log_near(x: Array, end: Array, reach: Array) -> Array:
        """Log-probability between the mode and x."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(-np.expm1(log_beyond(x, end, reach))))

    def tail_scores(x: Array, end: Array, reach: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        t = beyond(x, end)
        inside = (t > 0) & (t < reach)
        with np.errstate(all="ignore"):
            slopes = side * 5 / (reach - t), 5 * t / (reach * (reach - t))
            below = complement_slopes(log_beyond(x, end, reach), slopes)
        far = tuple(np.where(inside, slope, 0.0) for slope in slopes)
        near = tuple(np.where(inside, slope, 0.0) for slope in below)
        return (near, far) if side > 0 else (far, near)

    def to_scipy(end: float, reach: float) -> Any:
        from scipy import stats

        return stats.beta(1, 5, end, reach) if side > 0 else stats.beta(5, 1, end - reach, reach)

    logcdf, logsf = (log_near, log_beyond) if side > 0 else (log_beyond, log_near)
    return Family.from_logpdf(
        logpdf,
        # The end is an observation: it moves with the scale only, so that no centring rounds it on the way back.
        (Parameter("end", REAL, role="scale", regular=False), Parameter("reach", POSITIVE, role="scale")),
        REAL,
        name=f"pert with its mode at the {'lower' if side > 0 else 'upper'} end",
        score=score,
        from_sample=from_sample,
        entropy=lambda end, reach: np.log(reach) - math.log(5) + 0.8 + 0 * np.asarray(end),
        rising_ends={"end": side},
        one_maximum_of_intervals=True,
        to_scipy=to_scipy,
        tail_scores=tail_scores,
        cdf=lambda x, *params: np.exp(logcdf(x, *params)),
        sf=lambda x, *params: np.exp(logsf(x, *params)),
        logcdf=logcdf,
        logsf=logsf,
    )
