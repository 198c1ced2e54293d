r"""Log-densities as sums of a few statistics, and the expected values of those statistics.

If log q(x) = sum of c_j T_j(x), then the cross-entropy of q under p is -sum of c_j E_p T_j(x), whatever p is: a law
that says its `Family.terms`, and one that says what it expects of them, `Family.expected`, have a divergence in closed
form.
Powers of gamma, beta and beta-prime variables, x = scale y^(1/power), are most of the laws on the half line; these say
no more than that, by `Family.power_of`.

Sources: Gil, Alajaji & Linder (2013), Information Sciences 249, 124-131; expectations from Johnson, Kotz & Balakrishnan
(1994, 1995), Continuous Univariate Distributions 1 and 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

from scipy import special

Statistic: TypeAlias = tuple[Any, ...]
"""``("one",)``, ``("log",)``, ``("log squared",)``, ``("power", c)``: x^c, ``("rest", s, b)``: log(1 - (x/s)^b),
``("exp", t)``: e^(t x), ``("abs", a)``: |x - a|, ``("cos", a)``: cos(x - a), of x in radians."""

Terms: TypeAlias = dict[Statistic, float]
"""Coefficients of a log-density by statistic."""

ONE, LOG_X, LOG_X_SQUARED = ("one",), ("log",), ("log squared",)
LOG_TWO_PI = math.log(2 * math.pi)


def by_moments(statistic: Statistic, mean: float, variance: float) -> float | None:
    """Expected value of x or x², of the mean and the variance; None of another statistic."""
    if statistic == ("power", 1.0):
        return float(mean)
    return float(variance) + float(mean) * float(mean) if statistic == ("power", 2.0) else None


def by_log_moments(statistic: Statistic, mean: float, variance: float) -> float | None:
    """Expected value of log x or its square, of the mean and the variance of log x; None of another statistic."""
    if statistic == LOG_X:
        return mean
    return variance + mean * mean if statistic == LOG_X_SQUARED else None


@dataclass(frozen=True)
class GammaPower:
    """A law of x, where (x/scale)^power follows the gamma law of shape a and scale 1."""

    a: float
    power: float
    scale: float

    def terms(self) -> Terms | None:
        """The log-density as a sum of statistics."""
        a, b, s = self.a, self.power, self.scale
        constant = math.log(abs(b)) - a * b * math.log(s) - math.lgamma(a)
        return {ONE: constant, LOG_X: a * b - 1, ("power", b): -(s**-b)}

    def expected(self, statistic: Statistic) -> float | None:
        """Expected value of a statistic, infinite where it is; None where there is no formula."""
        a, b, s = self.a, self.power, self.scale
        if statistic[0] == "power":
            c = statistic[1]
            return math.exp(c * math.log(s) + math.lgamma(a + c / b) - math.lgamma(a)) if a + c / b > 0 else math.inf
        return by_log_moments(statistic, math.log(s) + float(special.psi(a)) / b, float(special.polygamma(1, a)) / b**2)


@dataclass(frozen=True)
class BetaPower:
    """A law of x, where (x/scale)^power follows the beta law of a and d."""

    a: float
    d: float
    power: float
    scale: float

    def terms(self) -> Terms | None:
        """The log-density as a sum of statistics."""
        a, d, b, s = self.a, self.d, self.power, self.scale
        terms = {ONE: math.log(abs(b)) - a * b * math.log(s) - float(special.betaln(a, d)), LOG_X: a * b - 1}
        return terms | ({("rest", s, b): d - 1} if d != 1 else {})

    def expected(self, statistic: Statistic) -> float | None:
        """Expected value of a statistic, infinite where it is; None where there is no formula."""
        a, d, b, s = self.a, self.d, self.power, self.scale
        if statistic[0] == "power":
            c = statistic[1]
            if a + c / b <= 0:
                return math.inf
            return math.exp(c * math.log(s) + float(special.betaln(a + c / b, d) - special.betaln(a, d)))
        if statistic[0] == "rest":
            return float(special.psi(d) - special.psi(a + d)) if statistic[1:] == (s, b) else None
        mean = math.log(s) + float(special.psi(a) - special.psi(a + d)) / b
        return by_log_moments(statistic, mean, float(special.polygamma(1, a) - special.polygamma(1, a + d)) / b**2)


@dataclass(frozen=True)
class BetaPrimePower:
    """A law of x, where (x/scale)^power follows the law of the ratio of gamma variables of shapes a and d."""

    a: float
    d: float
    power: float
    scale: float

    def terms(self) -> Terms | None:
        """None: log(1 + (x/scale)^power) has no expected value in closed form under other laws."""
        return None

    def expected(self, statistic: Statistic) -> float | None:
        """Expected value of a statistic, infinite where it is; None where there is no formula."""
        a, d, b, s = self.a, self.d, self.power, self.scale
        if statistic[0] == "power":
            c = statistic[1]
            if a + c / b <= 0 or d - c / b <= 0:
                return math.inf
            logs = math.lgamma(a + c / b) - math.lgamma(a) + math.lgamma(d - c / b) - math.lgamma(d)
            return math.exp(c * math.log(s) + logs)
        mean = math.log(s) + float(special.psi(a) - special.psi(d)) / b
        return by_log_moments(statistic, mean, float(special.polygamma(1, a) + special.polygamma(1, d)) / b**2)
