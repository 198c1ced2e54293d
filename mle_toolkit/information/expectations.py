r"""Log-densities as sums of a few statistics, and the expected values of those statistics.

If log q(x) = sum of c_j T_j(x), then the cross-entropy of q under p is -sum of c_j E_p T_j(x), whatever p is: a table
of log-densities and a table of expectations give the cross-entropy of every pair. The larger part of both tables is
one row, because powers of gamma, beta and beta-prime variables are most of the laws on the half line:
x = scale y^(1/power) with y from one of the three.

Sources: Gil, Alajaji & Linder (2013), Information Sciences 249, 124-131; expectations from Johnson, Kotz & Balakrishnan
(1994, 1995), Continuous Univariate Distributions 1 and 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from scipy import special

from mle_toolkit.errors import UnknownNameError
from mle_toolkit.families.base import family_class
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.special import exp_times_exp1
from mle_toolkit.families.zeta import scaled_zeta

Statistic: TypeAlias = tuple[Any, ...]
"""``("one",)``, ``("log",)``, ``("log squared",)``, ``("power", c)``: x^c, ``("rest", s, b)``: log(1 - (x/s)^b),
``("exp", t)``: e^(t x), ``("abs", a)``: |x - a|, ``("cos", a)``: cos(x - a), of x in radians."""

Terms: TypeAlias = dict[Statistic, float]


def registered_name(law: Distribution) -> str:
    """Canonical name of the family; empty for one that is not registered, whatever it is called."""
    try:
        known = family_class(law.family.name)
    except UnknownNameError:
        return ""
    return known.name if known is type(law.family) else ""


ONE, LOG, LOG_SQUARED = ("one",), ("log",), ("log squared",)
_LOG_TWO_PI = math.log(2 * math.pi)


def _gamma_power(name: str, v: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """``(a, b, s)`` where (x/s)^b follows the gamma law of shape a and scale 1."""
    match name:
        case "exponential":
            return 1.0, 1.0, v["scale"]
        case "gamma":
            return v["shape"], 1.0, v["scale"]
        case "inverse_gamma":
            return v["shape"], -1.0, v["scale"]
        case "weibull":
            return 1.0, v["shape"], v["scale"]
        case "frechet":
            return 1.0, -v["shape"], v["scale"]
        case "rayleigh":
            return 1.0, 2.0, math.sqrt(2) * v["sigma"]
        case "half_normal":
            return 0.5, 2.0, math.sqrt(2) * v["sigma"]
        case "nakagami":
            return v["shape"], 2.0, v["scale"] / math.sqrt(v["shape"])
        case "generalized_gamma":
            return v["shape1"], v["shape2"], v["scale"]
    return None


def _beta_power(name: str, v: Mapping[str, Any]) -> tuple[float, float, float, float] | None:
    """``(a, d, b, s)`` where (x/s)^b follows the beta law of a and d."""
    match name:
        case "beta":
            return v["a"], v["b"], 1.0, 1.0
        case "kumaraswamy":
            return 1.0, v["b"], v["a"], 1.0
        case "power":
            return v["shape"], 1.0, 1.0, v["scale"]
        case "pareto":
            return v["alpha"], 1.0, -1.0, v["xm"]
    return None


def _beta_prime_power(name: str, v: Mapping[str, Any]) -> tuple[float, float, float, float] | None:
    """``(a, d, b, s)`` where (x/s)^b follows the law of the ratio of gamma variables of shapes a and d."""
    match name:
        case "loglogistic":
            return 1.0, 1.0, v["shape"], v["scale"]
        case "lomax":
            return 1.0, v["shape"], 1.0, v["scale"]
        case "burr12":
            return 1.0, v["k"], v["c"], v["scale"]
    return None


# --- log-densities ----------------------------------------------------------------------------------------------------


def log_density_terms(q: Distribution) -> Terms | None:
    """Write the log-density on its support as a sum of statistics; None where it is no such sum.

    Raises
    ------
    OverflowError
        If a coefficient is beyond the range of doubles.
    """
    name, v = registered_name(q), q.params
    if (of_gamma := _gamma_power(name, v)) is not None:
        a, b, s = of_gamma
        constant = math.log(abs(b)) - a * b * math.log(s) - math.lgamma(a)
        return {ONE: constant, LOG: a * b - 1, ("power", b): -(s**-b)}
    if (of_beta := _beta_power(name, v)) is not None:
        a, d, b, s = of_beta
        terms = {ONE: math.log(abs(b)) - a * b * math.log(s) - float(special.betaln(a, d)), LOG: a * b - 1}
        return terms | ({("rest", s, b): d - 1} if d != 1 else {})
    match name:
        case "uniform":
            return {ONE: -math.log(v["b"] - v["a"])}
        case "lognormal":
            m, s = v["meanlog"], v["sdlog"]
            return {ONE: -0.5 * (_LOG_TWO_PI + (m / s) ** 2) - math.log(s), LOG: m / s**2 - 1, LOG_SQUARED: -0.5 / s**2}
        case "inverse_gaussian":
            m, lam = v["mu"], v["lam"]
            linear = {("power", 1.0): -0.5 * lam / m**2, ("power", -1.0): -0.5 * lam}
            return {ONE: 0.5 * (math.log(lam) - _LOG_TWO_PI) + lam / m, LOG: -1.5} | linear
        case "normal":
            m, s = v["mu"], v["sigma"]
            constant = -0.5 * (_LOG_TWO_PI + (m / s) ** 2) - math.log(s)
            return {ONE: constant, ("power", 1.0): m / s**2, ("power", 2.0): -0.5 / s**2}
        case "laplace":
            return {ONE: -math.log(2 * v["scale"]), ("abs", v["loc"]): -1 / v["scale"]}
        case "gumbel":
            m, s = v["loc"], v["scale"]
            return {ONE: m / s - math.log(s), ("power", 1.0): -1 / s, ("exp", -1 / s): -math.exp(m / s)}
        case "von_mises":
            kappa = v["kappa"]
            turn = q.family.period
            assert turn is not None
            angle = 2 * math.pi * (v["mu"] / turn)
            return {ONE: -math.log(turn) - math.log(special.i0e(kappa)) - kappa, ("cos", angle): kappa}
        case "logseries" if v["p"] > 0:
            log_norm = math.log(-math.log1p(-v["p"]))
            return {ONE: -log_norm, LOG: -1.0, ("power", 1.0): math.log(v["p"])}
        case "zeta":
            return {ONE: -_log_zeta(q), LOG: -v["alpha"]}
        case "geometric" if v["prob"] < 1:
            return {ONE: math.log(v["prob"]), ("power", 1.0): math.log1p(-v["prob"])}
    return None


def _log_zeta(q: Distribution) -> float:
    """Log of the sum of k^-alpha from xmin on."""
    alpha, xmin = q.params["alpha"], float(q.family.constants["xmin"])
    return float(np.log(scaled_zeta(alpha, xmin)) - alpha * math.log(xmin))


# --- expectations -----------------------------------------------------------------------------------------------------


def expected(p: Distribution, statistic: Statistic) -> float | None:
    """Give the expected value of a statistic, infinite where it is; None where there is no formula.

    Raises
    ------
    OverflowError
        If it is finite, but beyond the range of doubles.
    """
    kind, at = statistic[0], statistic[1:]
    if kind == "one":
        return 1.0
    if kind in ("log", "log squared"):
        moments = _log_moments(p)
        if moments is None:
            return None
        mean, variance = moments
        return mean if kind == "log" else None if variance is None else variance + mean * mean
    functions: dict[str, Callable[..., float | None]] = {
        "power": _power, "rest": _rest, "exp": _exp, "abs": _abs, "cos": _cos,
    }  # fmt: skip
    return functions[kind](p, *at)


def _log_moments(p: Distribution) -> tuple[float, float | None] | None:
    """Mean and variance of log x."""
    name, v = registered_name(p), p.params
    if (of_gamma := _gamma_power(name, v)) is not None:
        a, b, s = of_gamma
        return math.log(s) + float(special.psi(a)) / b, float(special.polygamma(1, a)) / b**2
    if (of_beta := _beta_power(name, v)) is not None:
        a, d, b, s = of_beta
        mean = math.log(s) + float(special.psi(a) - special.psi(a + d)) / b
        return mean, float(special.polygamma(1, a) - special.polygamma(1, a + d)) / b**2
    if (of_ratio := _beta_prime_power(name, v)) is not None:
        a, d, b, s = of_ratio
        mean = math.log(s) + float(special.psi(a) - special.psi(d)) / b
        return mean, float(special.polygamma(1, a) + special.polygamma(1, d)) / b**2
    match name:
        case "lognormal":
            return v["meanlog"], v["sdlog"] ** 2
        case "inverse_gaussian":
            return math.log(v["mu"]) - exp_times_exp1(2 * v["lam"] / v["mu"]), None
        case "birnbaum_saunders":
            return math.log(v["scale"]), None  # log x is symmetric about log scale
        case "uniform" if v["a"] >= 0:
            a, b = v["a"], v["b"]
            return float(special.xlogy(b, b) - special.xlogy(a, a)) / (b - a) - 1, None
        case "zeta":
            return (p.entropy() - _log_zeta(p)) / v["alpha"], None
    return None


def _power(p: Distribution, c: float) -> float | None:
    """Expected value of x^c."""
    name, v = registered_name(p), p.params
    lgamma = math.lgamma
    if (of_gamma := _gamma_power(name, v)) is not None:
        a, b, s = of_gamma
        return _exp_of(c * math.log(s) + lgamma(a + c / b) - lgamma(a)) if a + c / b > 0 else math.inf
    if (of_beta := _beta_power(name, v)) is not None:
        a, d, b, s = of_beta
        if a + c / b <= 0:
            return math.inf
        return _exp_of(c * math.log(s) + float(special.betaln(a + c / b, d) - special.betaln(a, d)))
    if (of_ratio := _beta_prime_power(name, v)) is not None:
        a, d, b, s = of_ratio
        if a + c / b <= 0 or d - c / b <= 0:
            return math.inf
        return _exp_of(c * math.log(s) + lgamma(a + c / b) - lgamma(a) + lgamma(d - c / b) - lgamma(d))
    match name:
        case "lognormal":
            return _exp_of(c * v["meanlog"] + 0.5 * (c * v["sdlog"]) ** 2)
        case "inverse_gaussian":  # Bessel functions with half-integer order at whole c
            y = v["lam"] / v["mu"]
            return float(math.sqrt(2 * y / math.pi) * v["mu"] ** c * special.kve(c - 0.5, y))
        case "birnbaum_saunders" if c in (1.0, -1.0):  # x / scale and its reciprocal have one law
            return float(v["scale"] ** c * (1 + 0.5 * v["shape"] ** 2))
        case "uniform" if v["a"] >= 0 or c in (1.0, 2.0):
            a, b = v["a"], v["b"]
            if c == -1:
                return math.inf if a == 0 else math.log(b / a) / (b - a)
            return math.inf if a == 0 and c < -1 else float((b ** (c + 1) - a ** (c + 1)) / ((c + 1) * (b - a)))
        case "logseries" if c == 1 and v["p"] > 0:
            return float(-v["p"] / (math.log1p(-v["p"]) * (1 - v["p"])))
        case "zeta" | "geometric" | "poisson" | "binomial" | "negbin" | "bernoulli" if c == 1:
            return float(p.mean())
        case "student_t" if c in (1.0, 2.0):
            if v["df"] <= c:
                return math.inf if c == 2 else None
            variance = v["scale"] ** 2 * v["df"] / (v["df"] - 2) if c == 2 else 0.0
            return float(v["loc"] ** c + variance)
        case "cauchy" if c == 2:
            return math.inf
        case "normal" | "laplace" | "logistic" | "gumbel" if c in (1.0, 2.0):
            mean = float(p.mean())
            return mean if c == 1 else float(p.var()) + mean * mean
    return None


def _rest(p: Distribution, s: float, b: float) -> float | None:
    """Expected value of log(1 - (x/s)^b)."""
    of_beta = _beta_power(registered_name(p), p.params)
    if of_beta is None or of_beta[2:] != (b, s):
        return None
    a, d = of_beta[:2]
    return float(special.psi(d) - special.psi(a + d))


def _exp(p: Distribution, t: float) -> float | None:
    """Expected value of e^(t x): the moment generating function."""
    v = p.params
    match registered_name(p):
        case "normal":
            return _exp_of(t * v["mu"] + 0.5 * (t * v["sigma"]) ** 2)
        case "laplace":
            r = t * v["scale"]
            return math.inf if abs(r) >= 1 else _exp_of(t * v["loc"] - math.log1p(-r * r))
        case "logistic":
            r = t * v["scale"]
            return math.inf if abs(r) >= 1 else _exp_of(t * v["loc"]) / _sinc(r)
        case "gumbel":
            r = t * v["scale"]
            return math.inf if r >= 1 else _exp_of(t * v["loc"] + math.lgamma(1 - r))
        case "exponential" | "gamma":
            r = t * v["scale"]
            return math.inf if r >= 1 else _exp_of(-v.get("shape", 1.0) * math.log1p(-r))
        case "uniform":
            width = t * (v["b"] - v["a"])
            return float(_exp_of(t * v["a"]) * math.expm1(width) / width)
        case "student_t" | "cauchy":
            return math.inf
    return None


def _abs(p: Distribution, a: float) -> float | None:
    """Expected value of |x - a|."""
    v = p.params
    match registered_name(p):
        case "normal":
            z = (v["mu"] - a) / v["sigma"]
            return float(
                v["sigma"] * (math.sqrt(2 / math.pi) * math.exp(-0.5 * z * z) + z * math.erf(z / math.sqrt(2)))
            )
        case "laplace":
            gap = abs(v["loc"] - a)
            return float(gap + v["scale"] * math.exp(-gap / v["scale"]))
        case "logistic":  # 2 s log(2 cosh(gap / (2 s)))
            gap = abs(v["loc"] - a)
            return float(gap + 2 * v["scale"] * math.log1p(math.exp(-gap / v["scale"])))
        case "gumbel":  # E x - a + 2 ∫_{-∞}^a F, and the integral of exp(-e^-z) is E1(e^-z)
            z = (a - v["loc"]) / v["scale"]
            below = float(special.exp1(math.exp(-z))) if z > -7 else 0.0
            return float(p.mean() - a + 2 * v["scale"] * below)
        case "exponential" | "gamma":
            k, s = v.get("shape", 1.0), v["scale"]
            if a <= 0:
                return float(k * s - a)
            z = a / s
            return float(k * s - a + 2 * (a * special.gammainc(k, z) - k * s * special.gammainc(k + 1, z)))
        case "uniform":
            low, high = v["a"], v["b"]
            if not low < a < high:
                return float(abs(0.5 * (low + high) - a))
            return float(0.5 * ((a - low) ** 2 + (high - a) ** 2) / (high - low))
        case "cauchy":
            return math.inf
    return None


def _cos(p: Distribution, a: float) -> float | None:
    """Expected value of cos(x - a) on the circle, x in radians."""
    if registered_name(p) != "von_mises":
        return None
    kappa, turn = p.params["kappa"], p.family.period
    assert turn is not None
    return float(special.i1e(kappa) / special.i0e(kappa)) * math.cos(2 * math.pi * (p.params["mu"] / turn) - a)


def _sinc(r: float) -> float:
    return math.sin(math.pi * r) / (math.pi * r)


def _exp_of(y: float) -> float:
    """Exponential; raises `OverflowError` beyond the range of doubles, which is not the same as infinite."""
    return math.exp(y)
