"""The zeta law: a discrete power law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError, ParameterError
from mle_toolkit.families.domain import POSITIVE_COUNTS, Interval
from mle_toolkit.families.expectations import LOG_X, ONE, Statistic, Terms
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.from_logs import cdf_of_logsf, sf_of_log
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.quadrature import count_quantile
from mle_toolkit.families.reciprocal import reciprocal_in_window
from mle_toolkit.families.relations import Limit

_SUMMED = 20
"""Terms of the zeta series summed one by one, before Euler and Maclaurin's formula takes the rest."""

_FAR, _MILD = 40.0, 20.0
"""First term and exponent from which, and up to which, that formula takes all of the series."""

_ROUNDS = 50
"""Steps of the fixed point of exponents, each of which is nearer by a factor of the square of xmin."""

# B(2j) / (2j)!, the coefficients of that formula.
_BERNOULLI = (
    1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600,
    -3617 / 10670622842880000,
)  # fmt: skip
_COMPLEX_STEP = 1e-30


class Zeta(ExponentialFamily):
    r"""Sizes without a scale: word frequencies, cities, links; ``x`` twice as large is ``2**alpha`` times as rare.

    .. math:: \log f(x) = -\alpha \log x - \log\zeta(\alpha, x_{\min}), \quad x = x_{\min}, x_{\min} + 1, \dots

    ``xmin`` is known, 1 by default. Source: Clauset, Shalizi & Newman (2009), SIAM Review 51, 661-703. Route to the
    maximum: one root, where the expected logarithm is the mean logarithm.
    """

    name = "zeta"
    by_number = ("mean", "var")
    aliases = ("zipf", "discrete_pareto")
    support = POSITIVE_COUNTS
    parameters = (Parameter("alpha", Interval(1.0, np.inf), typical=(1.5, 4.0)),)
    cdf, sf = cdf_of_logsf, sf_of_log
    constant_defaults = {"xmin": 1}  # noqa: RUF012
    xmin: Any

    def __init__(self, **constants: Any) -> None:
        super().__init__(**constants)
        xmin = np.asarray(self.xmin)
        if xmin.ndim or xmin.dtype.kind not in "iuf" or not 1 <= xmin < np.inf or xmin != np.floor(xmin):
            raise ParameterError(f"zeta: xmin must be a whole number >= 1; got {self.xmin!r:.60}.")
        self.support = Interval(float(xmin), np.inf, closed="lower", integer=True)

    def statistics(self, x: Array) -> tuple[Array, ...]:
        """log(x / xmin)."""
        return (np.log(x / self.xmin),)

    def log_density(self, T: tuple[Array, ...], alpha: Array) -> Array:
        """Log-probability, linear in T."""
        return np.asarray(-alpha * T[0] - np.log(scaled_zeta(alpha, self.xmin)))

    def score_of(self, T: tuple[Array, ...], alpha: Array) -> tuple[Array, ...]:
        """Derivative by alpha."""
        return (self._mean_log(alpha) - T[0],)

    def from_means(self, means: tuple[float, ...]) -> tuple[float]:
        """Root of the score in log(alpha - 1)."""
        from scipy import optimize

        mean_log = means[0]
        if mean_log <= 0:
            raise DegenerateDataError(
                f"zeta: all observations are xmin = {self.xmin}, so alpha is unbounded (the likelihood rises to 1)."
            )

        def excess(log_alpha_minus_one: float) -> float:
            return float(np.log(self._mean_log(1 + np.exp(log_alpha_minus_one)) / mean_log))

        low = high = math.log(1 / mean_log)  # exact for a continuous power law
        while excess(low) < 0:
            low -= 1.0
        while excess(high) > 0:
            high += 1.0
        root = low if low == high else optimize.brentq(excess, low, high, xtol=1e-15, rtol=1e-15, maxiter=200)
        return (1 + math.exp(root),)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """1/x, as alpha → 1."""
        return () if self.per_row else reciprocal_in_window(int(self.xmin), lower, upper, 1.0)

    def _mean_log(self, alpha: Any) -> Array:
        """Expected log(x / xmin): minus the derivative of the log of the series, by a complex step."""
        step = np.asarray(alpha) + 1j * _COMPLEX_STEP
        series = scaled_zeta(step, self.xmin)
        return np.asarray(-(series.imag / series.real) / _COMPLEX_STEP)

    def logsf(self, x: Array, alpha: Array) -> Array:
        """Log of the probability of more than x."""
        above = np.maximum(np.floor(x), self.xmin - 1.0) + 1
        with np.errstate(invalid="ignore"):  # x = inf
            value = np.log(scaled_zeta(alpha, above) / scaled_zeta(alpha, self.xmin)) - alpha * np.log(
                above / self.xmin
            )
        return np.asarray(np.where(np.isposinf(x), -np.inf, value))

    def ppf(self, p: Array, alpha: Array) -> Array:
        """Quantile: the smallest x whose cdf is at least p."""
        return count_quantile(lambda x: self.cdf(x, alpha), p, float(self.xmin), np.inf, above=False)

    def isf(self, p: Array, alpha: Array) -> Array:
        """Upper quantile: the smallest x that is exceeded with probability p at most."""
        return count_quantile(lambda x: self.sf(x, alpha), p, float(self.xmin), np.inf, above=True)

    def mean(self, alpha: Array) -> Array:
        """Expected value; infinite for alpha <= 2."""
        return np.asarray(self._moment(alpha, 1))

    def var(self, alpha: Array) -> Array:
        """Variance; infinite for alpha <= 3, and undefined where the mean is infinite."""
        if alpha <= 2:
            return np.asarray(np.nan)
        return np.asarray(self._moment(alpha, 2) - self._moment(alpha, 1) ** 2)

    def _moment(self, alpha: Any, order: int) -> float:
        if alpha <= 1 + order:
            return np.inf
        ratio = scaled_zeta(alpha - order, self.xmin) / scaled_zeta(alpha, self.xmin)
        return float(self.xmin) ** order * float(ratio)

    def entropy(self, alpha: Array) -> Array:
        """Entropy, nats."""
        return np.asarray(alpha * self._mean_log(alpha) + np.log(scaled_zeta(alpha, self.xmin)))

    def terms(self, alpha: float) -> Terms:
        """The log-probability by log x."""
        return {ONE: -self._log_zeta(alpha), LOG_X: -alpha}

    def expected(self, statistic: Statistic, alpha: float) -> float | None:
        """Expected values of log x, by the entropy, and of x."""
        if statistic == LOG_X:
            return (float(self.entropy(np.asarray(alpha))) - self._log_zeta(alpha)) / alpha
        return float(self.mean(np.asarray(alpha))) if statistic == ("power", 1.0) else None

    def _log_zeta(self, alpha: float) -> float:
        """Log of the sum of k^-alpha from xmin on."""
        xmin = float(self.xmin)
        return float(np.log(scaled_zeta(alpha, xmin)) - alpha * math.log(xmin))

    def to_scipy(self, alpha: float) -> Any:
        """``scipy.stats.zipf(alpha)`` for xmin = 1; SciPy has no law for other values, and then it is None."""
        if self.xmin != 1:
            return None
        from scipy import stats

        return stats.zipf(alpha)

    @staticmethod
    def from_scipy(alpha: float, loc: float) -> dict[str, Any] | None:
        """Parameters of ``scipy.stats.zipf(alpha, loc)``; None but for loc = 0."""
        return {"alpha": alpha} if loc == 0 else None


def exponents(mean_log: Array, xmin: Array) -> Array:
    """The maximum of each of several tails, of expected log(x / xmin); NaN where xmin is below 40, which has few.

    There the law is nearly the continuous one, whose exponent is 1 + 1/mean: a fixed point that converges at once.
    """
    near, alpha = np.flatnonzero((xmin >= _FAR) & (mean_log > 0)), np.full(len(xmin), np.nan)
    goal, q = mean_log[near], xmin[near]
    u = -np.log(goal)
    for _ in range(_ROUNDS):
        with np.errstate(all="ignore"):
            series = scaled_zeta(1 + np.exp(u) + 1j * _COMPLEX_STEP, q)
            change = np.log(-(series.imag / series.real) / _COMPLEX_STEP / goal)
        u = u + change
        if not np.any(np.abs(change) > 1e-15 * np.maximum(1.0, np.abs(u))):
            break
    alpha[near] = 1 + np.exp(u)
    return alpha


def scaled_zeta(s: Any, q: Any) -> Any:
    """Hurwitz' zeta function times ``q**s``: sum over k >= 0 of ``(1 + k/q)**-s``, for s > 1, also complex, and q >= 1.

    Scaled, it neither underflows nor overflows. The first terms are summed, the rest is the integral with the
    corrections of Euler and Maclaurin; their series is accurate where s is below q + 20, and above the rest is nothing.
    """
    q = np.asarray(q, dtype=float)
    with np.errstate(over="ignore", invalid="ignore"):  # corrections for a huge s, of a rest that is then nothing
        return _scaled_zeta(s, q)


def _scaled_zeta(s: Any, q: Array) -> Any:
    summed = 0 if np.min(q, initial=np.inf) >= _FAR and np.max(np.real(s), initial=0.0) <= _MILD else _SUMMED
    total = sum((1 + k / q) ** -s for k in range(summed))
    far = q + summed
    tail = far / (s - 1) + 0.5
    term = s / far
    for j, coefficient in enumerate(_BERNOULLI):
        tail = tail + coefficient * term
        term = term * ((s + 2 * j + 1) / far) * ((s + 2 * j + 2) / far)
    rest = (far / q) ** -s
    return total + np.where(rest == 0, 0.0, tail * rest)
