"""Special functions that SciPy lacks: inverses, logs of small tails and differences that keep their digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import sums_of
from mle_toolkit.families.counting import log1p_minus
from mle_toolkit.numerics.newton import STEPS

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


_GRID_ROWS = 1_000
"""Rows a block of the means for a whole grid: their values stay in the second-level cache."""


EPSILON = float(np.finfo(float).eps)


_LEAST_DIGITS = 4e-8
"""Rounding error of a mean log-density, nats, that a closed form may leave: four times what is left of it as a rule."""


EQUAL_TO_ROUNDING = 1e-11
"""A gap between two means of a sample, such as mean and harmonic mean, is about the squared coefficient of variation,
and a difference of numbers near 1: below this, rounding takes four digits of it or more, and at last all."""


def lost_to_rounding(gap: float, mean_log: float) -> bool:
    """Whether a gap between means is too small beside their rounding for the likelihood to keep its digits.

    Laws without a location whose sums are x and log x, or the like, have a shape of about 1 / (2 gap), by which the
    rounding of the mean log is multiplied in the log-likelihood: unix times of one day leave only its first digits.

    Parameters
    ----------
    gap : float
        By which means differ, by Jensen's inequality; about half of the squared coefficient of variation.
    mean_log : float
        Size of the logs of which it is left.
    """
    return not gap * _LEAST_DIGITS > float(np.finfo(float).eps) * (1 + abs(mean_log))


def sum_log(x: Array) -> float:
    """Sum of log x over a block, one logarithm for eight factors: more exact than a sum of logs, and faster.

    Blocks in which a product leaves the range of numbers, or loses digits at its lower end, are summed log by log.
    """
    n = len(x) // 8 * 8
    if n:
        try:
            with np.errstate(over="raise", under="raise"):
                products = np.multiply.reduce(x[:n].reshape(8, -1), axis=0)
        except FloatingPointError:
            return float(np.add.reduce(np.log(x)))
        total = float(np.add.reduce(np.log(products)))
        return total if n == len(x) else total + float(np.add.reduce(np.log(x[n:])))
    return float(np.add.reduce(np.log(x)))


def means_of(sample: Sample, functions: Callable[[Array], tuple[Any, ...]]) -> Array:
    """Weighted means of several functions of the observations, in one pass over blocks that stay in cache.

    Parameters
    ----------
    sample : Sample
    functions : callable
        Takes observations of shape (n,), returns a tuple of arrays of that shape.

    Returns
    -------
    ndarray
        One mean a function.
    """
    total: Any = 0.0
    for x, weight in sample.blocks():
        total = total + np.array(sums_of(weight, *functions(x)))
    return np.asarray(total / sample.nobs)


def means_on_grid(sample: Sample, of: Callable[[Array], Array], grid: Array) -> Array:
    """Weighted means of ``of(t * x)`` over the observations x, one for each t of the grid."""
    sums: Any = 0.0
    for x, weight in sample.blocks(_GRID_ROWS):
        values = of(np.outer(grid, x))
        sums = sums + (np.sum(values, axis=1) if weight is None else np.sum(values * weight, axis=1))
    return np.asarray(sums / sample.nobs)


_SHIFT = 10


_TRIGAMMA = (7 / 6, -691 / 2730, 5 / 66, -1 / 30, 1 / 42, -1 / 30, 1 / 6)


def trigamma(x: Array) -> Array:
    """Derivative of the digamma function, for x > 0.

    SciPy's takes 150 ns a value. Of arrays it is taken by the recurrence from x + 10, where its asymptotic series is
    good to rounding (Abramowitz & Stegun 6.4.6 and 6.4.12).
    """
    if np.ndim(x) == 0:
        return np.asarray(special.zeta(2.0, x))
    r = 1.0 / (x + _SHIFT)
    square = r * r
    series = np.zeros_like(r)
    for coefficient in _TRIGAMMA:  # Bernoulli numbers, from the highest down
        series = series * square + coefficient
    total = r + 0.5 * square + r * square * series
    for k in reversed(range(_SHIFT)):  # the smallest first
        total += 1.0 / np.square(x + k)
    return np.asarray(total)


def log_or_minus_inf(x: Array) -> Array:
    """Natural log; -inf, without a warning, where x is not positive."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.maximum(x, 0.0)))


def softplus(t: Array) -> Array:
    """``log(1 + exp(t))``, without overflow."""
    return np.asarray(np.maximum(t, 0.0) + np.log1p(np.exp(-np.abs(t))))


def log_softplus(t: Array) -> Array:
    """``log(log(1 + exp(t)))``, where the exponential underflows too."""
    t = np.asarray(t, dtype=float)
    with np.errstate(divide="ignore"):
        return np.where(t < -700.0, t, np.log(softplus(t)))


def log_softplus_slope(t: Array) -> Array:
    """Derivative of `log_softplus`: 1 where the exponential underflows."""
    small = np.asarray(t) < -40.0
    return np.where(small, 1.0, special.expit(t) / np.where(small, 1.0, softplus(t)))


def log1mexp(a: Array) -> Array:
    """``log(1 - exp(a))`` for a <= 0, by the form that does not cancel (Mächler 2012, R package Rmpfr)."""
    a = np.asarray(a, dtype=float)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(a > -math.log(2), np.log(-np.expm1(a)), np.log1p(-np.exp(a))))


def complement_slopes(log_p: Array, slopes: Iterable[Array]) -> tuple[Array, ...]:
    """Slopes of ``log(1 - p)`` from ``log(p)`` and its slopes: each is multiplied by minus the odds ``p / (1 - p)``."""
    with np.errstate(over="ignore", divide="ignore"):
        odds = 1.0 / np.expm1(-np.asarray(log_p))
    return tuple(-odds * slope for slope in slopes)


def log1mexp_exp(t: Array) -> Array:
    """``log(1 - exp(-exp(t)))``, the log of a cdf from the log of the cumulative hazard, which may have underflowed."""
    t = np.asarray(t, dtype=float)
    with np.errstate(over="ignore"):
        return np.asarray(np.where(t < math.log(EPSILON), t, log1mexp(-np.exp(t))))


def log_tail(logpdf: Callable[[Array], Array], slope: Array, x: Array) -> Array:
    """Log of the tail of a log-concave law beyond x: below x where the log-density rises there, above x where it falls.

    Parameters
    ----------
    logpdf : callable
        Takes points of shape (..., n), returns the log-density.
    slope : ndarray of shape (n,)
        Derivative of the log-density at x, not 0.
    x : ndarray of shape (n,)

    Notes
    -----
    By Gauss-Laguerre quadrature over s = |slope| (distance from x): log-concave means that the density falls at least
    as fast as exp(-s), so the rule sees a smooth factor at most 1. Far out, where a tail is less than 1e-4, its error
    is below 1e-12.
    """
    nodes, weights = laguerre()
    distance = nodes.reshape(-1, *(1,) * np.ndim(x)) / slope
    top = logpdf(x)
    with np.errstate(under="ignore"):
        factor = np.exp(logpdf(x - distance) - top + np.abs(slope * distance))
    return np.asarray(top - np.log(np.abs(slope)) + np.log(np.tensordot(weights, factor, 1)))


@cache
def laguerre(count: int = 64) -> tuple[Array, Array]:
    """Nodes and weights of the rule of Gauss and Laguerre."""
    nodes, weights = np.polynomial.laguerre.laggauss(count)
    return nodes, weights


@cache
def legendre(count: int) -> tuple[Array, Array]:
    """Nodes on (-1, 1) and weights of the rule of Gauss and Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


def mills_ratio_normal(z: Array) -> Array:
    """(1 - Phi(z)) / phi(z), the normal survival function over the density; without underflow for large z."""
    return np.asarray(math.sqrt(0.5 * math.pi) * special.erfcx(np.asarray(z) / math.sqrt(2.0)))


def hazard_at_cdf(p: Array) -> Array:
    """Cumulative hazard at which the cdf is p, ``-log(1 - p)``: the unit exponential quantile; NaN outside [0, 1]."""
    p = np.asarray(p, dtype=float)
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log1p(-np.where((p >= 0) & (p <= 1), p, np.nan)))


def hazard_at_sf(p: Array) -> Array:
    """Cumulative hazard at which the survival function is p, ``-log(p)``; NaN outside [0, 1]."""
    p = np.asarray(p, dtype=float)
    with np.errstate(divide="ignore"):
        return np.asarray(0.0 - np.log(np.where((p >= 0) & (p <= 1), p, np.nan)))


def log_gamma_kernel(shape: Array, t: Array) -> Array:
    """``shape * t - exp(t) - log Gamma(shape)``: the log-density of the log of a unit gamma variable.

    Written about its mode t = log(shape), because for a large shape the three terms, each of order shape log(shape),
    leave little.
    """
    d = t - np.log(shape)
    return np.asarray(shape * (d - np.expm1(d)) - stirling_remainder(shape))


_LARGE_SHAPE = 1e3
"""Shape from which the terms of a log-density are of a size that costs digits."""


def about_mode(own: Array, shape: Array, away: Callable[[], Array], rest: Callable[[], Array]) -> Array:
    """Log-density of a power of a gamma variable y, where the shape is large written about its mode.

    Parameters
    ----------
    own : ndarray
        The log-density by the terms of the law, which cancel there.
    shape : ndarray
        That of y.
    away : callable
        Gives y over its mean, less 1.
    rest : callable
        Gives the log-density, less ``shape (log(1 + away) - away)`` and plus the remainder of log Γ.
    """
    if not np.any(np.asarray(shape) >= _LARGE_SHAPE):
        return own
    with np.errstate(all="ignore"):  # where it is small, which is not taken
        u = away()
        large = shape * (np.log1p(u) - u) - stirling_remainder(shape) + rest()
    return np.where(np.asarray(shape) >= _LARGE_SHAPE, large, own)


def stirling_remainder(shape: Array) -> Array:
    """``log Gamma(a) - (a log a - a)``, by Stirling's series (DLMF 5.11.1) for large a, where the terms cancel."""
    a = np.asarray(shape, dtype=float)
    with np.errstate(divide="ignore", over="ignore"):
        r = 1.0 / (a * a)
        series = 1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - r * 691 / 360360))))
        large = 0.5 * np.log(2 * math.pi / a) + series / a
    direct = special.gammaln(a) - special.xlogy(a, a) + a
    return np.asarray(np.where(a > 10.0, large, direct))


_SMALL_STEP, _BEND_TERMS = 0.01, 11
"""Share of its argument that a step of log Γ may be, and terms of the series that then leave no digit."""


def log_gamma_bend(c: Array | float, d: Array | float) -> Array:
    r"""``log Γ(c + 2 d) - 2 log Γ(c + d) + log Γ(c)``, for c > 0, where d is small by the derivatives of log Γ at c.

    With it the variance of a variable whose moments are products of gamma functions does not cancel where it is small:
    :math:`\sum_{n \ge 2} (-d)^n (2^n - 2)\, \zeta(n, c) / n` (DLMF 5.15.1, 25.11.12).
    """
    c, d = np.asarray(c, dtype=float), np.asarray(d, dtype=float)
    with np.errstate(all="ignore"):  # where the other of both is taken
        direct = special.gammaln(c + 2 * d) - 2 * special.gammaln(c + d) + special.gammaln(c)
        series = sum((2.0**n - 2) / n * (-d) ** n * special.zeta(float(n), c) for n in range(_BEND_TERMS, 1, -1))
    return np.asarray(np.where(np.abs(d) <= _SMALL_STEP * c, series, direct))


def left_by_root(shape: Array) -> Array:
    """``1 - (Γ(a + 1/2)/Γ(a))²/a``: the variance of the root of a gamma variable, as a share of its mean.

    Where the two are nearly the same by the series of the ratio (DLMF 5.11.13).
    """
    a = np.asarray(shape, dtype=float)
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        r = 1.0 / (a * a)
        series = -np.expm1(-(1 / 4 - r * (1 / 96 - r * (1 / 320 - r * 17 / 7168))) / a)
    return np.asarray(np.where(a > 20.0, series, 1 - np.square(special.poch(a, 0.5)) / a))


def log_beta_remainder(a: Array, b: Array) -> Array:
    """``log B(a, b) - (a log a + b log b - (a + b) log(a + b))``, by Stirling's remainders, which do not cancel."""
    return stirling_remainder(a) + stirling_remainder(b) - stirling_remainder(np.add(a, b))


def log_poch(a: Array, m: Array) -> Array:
    """``log Γ(a + m) - log Γ(a)``, written so that a large a does not cancel; infinite where a + m is not positive."""
    a, m = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(m, dtype=float))
    known = a + m > 0
    m = np.where(known, m, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):  # m / a may overflow
        bend = np.where(m > a, a * (np.log(a + m) - np.log(a)) - m, a * log1p_minus(m / a))
    moved = bend + m * np.log(a + m)
    return np.where(known, moved + stirling_remainder(a + m) - stirling_remainder(a), np.inf)


def exp_times_exp1(y: float) -> float:
    """``exp(y) E1(y)`` for y > 0, by the asymptotic series (DLMF 6.12.1) where E1 would underflow."""
    if y < 50.0:
        return float(np.exp(y) * special.exp1(y))
    term = total = 1.0
    for k in range(1, 25):  # the 25th term is below 25! / 50^25 = 5e-18
        term *= -k / y
        total += term
    return total / y


def inverse_log_minus_digamma(gap: float) -> float:
    """Solve ``log(k) - digamma(k) = gap`` for k > 0, the likelihood equation of a gamma shape.

    Newton's method on 1/k, from the start of Minka (2002), Estimating a Gamma distribution; it gains four digits a
    step. For large k the left side is summed as its asymptotic series, because its terms cancel.
    """
    # Minka's start, exact to 1.5 % everywhere.
    k = (3 - gap + np.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    for _ in range(STEPS):
        change = (log_minus_digamma(k) - gap) * k / (k * k * log_minus_digamma_slope(k))
        k = k / (1.0 + change)
        if abs(change) <= 1e-8:  # quadratic: the step just taken left an error of its square
            break
    return float(k)


def inverse_digamma(value: float) -> float:
    """Solve ``digamma(k) = value`` for k > 0: Newton's method in log k, from the start of Minka (2000).

    Source: Estimating a Dirichlet distribution, appendix C.
    """
    k = math.exp(min(value, 700.0)) + 0.5 if value > -2.22 else -1.0 / (value + np.euler_gamma)
    for _ in range(STEPS):
        change = (float(special.psi(k)) - value) / (k * float(special.zeta(2.0, k)))
        k *= math.exp(-max(-2.0, min(2.0, change)))
        if abs(change) <= 1e-9:
            break
    return k


def log_minus_digamma(k: float) -> float:
    """``log(k) - digamma(k)``, by its asymptotic series for large k (Abramowitz & Stegun 6.3.18), where it cancels."""
    if k < 20.0:
        return float(np.log(k) - special.psi(k))
    r = 1.0 / (k * k)
    series = 1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132 - r * 691 / 32760))))
    return float(0.5 / k + r * series)


def log_minus_digamma_of(k: Array) -> Array:
    """`log_minus_digamma` of every number of an array."""
    return np.asarray(np.vectorize(log_minus_digamma, otypes=[float])(k))


def log_minus_digamma_slope(k: float) -> float:
    """``1/k - trigamma(k)``, the derivative of `log_minus_digamma`; by its asymptotic series where it cancels."""
    return 1.0 / k - float(special.zeta(2.0, k)) if k < 1e4 else -0.5 / k**2 - 1 / (6 * k**3)
