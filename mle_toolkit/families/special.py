"""Special functions that SciPy lacks: inverses, logs of small tails and differences that keep their digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.data.sums import sums_of
from mle_toolkit.families.counting import log1p_minus

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_NEWTON_STEPS = 100
_GRID_ROWS = 1_000
"""Rows a block of the means for a whole grid: their values stay in the second-level cache."""

_LONGEST_STEP = 2.0
_SERIES_TERMS = 100_000
_EPSILON = float(np.finfo(float).eps)
_LEAST_DIGITS = 4e-8
"""Rounding error of a mean log-density, nats, that a closed form may leave: four times what is left of it as a rule."""

EQUAL_TO_ROUNDING = 1e-11
"""A gap between two means of a sample, such as mean and harmonic mean, is about the squared coefficient of variation,
and a difference of numbers near 1: below this, rounding takes four digits of it or more, and at last all."""

_LARGEST_SHAPE, _LARGEST_OF_SCIPY = 1e3, 1e5
_CELLS = 100_000
"""Terms of several series that are held at once."""

_CANCELLED = 0.3
"""A complement below this has lost digits."""

SMALLEST_MASS = 1e-290
"""Probabilities below this lose digits, and then vanish, as doubles; their logs are computed another way."""


# --- sums and means -------------------------------------------------------------------------------------------------


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


# --- logs and tails -------------------------------------------------------------------------------------------------


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


def log1mexp(a: Array) -> Array:
    """``log(1 - exp(a))`` for a <= 0, by the form that does not cancel (Mächler 2012, R package Rmpfr)."""
    a = np.asarray(a, dtype=float)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(a > -math.log(2), np.log(-np.expm1(a)), np.log1p(-np.exp(a))))


def log1mexp_exp(t: Array) -> Array:
    """``log(1 - exp(-exp(t)))``, the log of a cdf from the log of the cumulative hazard, which may have underflowed."""
    t = np.asarray(t, dtype=float)
    with np.errstate(over="ignore"):
        return np.asarray(np.where(t < math.log(_EPSILON), t, log1mexp(-np.exp(t))))


def log_gammainc(shape: Array, log_x: Array) -> Array:
    """Log of the regularised lower incomplete gamma function P(shape, x), from log x.

    Finite where P itself, or x, underflows.
    """
    return log_gamma_tails(shape, log_x)[0]


def log_gammaincc(shape: Array, log_x: Array) -> Array:
    """Log of the regularised upper incomplete gamma function Q(shape, x), from log x; finite where Q underflows."""
    return log_gamma_tails(shape, log_x)[1]


def gamma_tails(shape: Array, log_x: Array) -> tuple[Array, Array]:
    """P(shape, x) and Q(shape, x), from log x, which may be the log of a number that is no double."""
    shape, log_x = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(log_x, dtype=float))
    return _gamma_masses(shape, log_x)[1:]


def log_gamma_tails(shape: Array, log_x: Array) -> tuple[Array, Array]:
    """Logs of P(shape, x) and Q(shape, x), from log x."""
    shape, log_x = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(log_x, dtype=float))
    masses = _gamma_masses(shape, log_x)
    return _log_gammainc(shape, log_x, *masses), _log_gammaincc(shape, log_x, *masses)


def _gamma_masses(shape: Array, log_x: Array) -> tuple[Array, Array, Array]:
    """X, P(shape, x) and Q(shape, x)."""
    with np.errstate(over="ignore"):
        x = np.asarray(np.exp(log_x))
    # One of them is computed, the other is its complement where that has kept its digits.
    left = x <= shape
    lower, upper = np.empty(x.shape), np.empty(x.shape)
    lower[left], upper[~left] = special.gammainc(shape[left], x[left]), special.gammaincc(shape[~left], x[~left])
    upper[left], lower[~left] = 1.0 - lower[left], 1.0 - upper[~left]
    lost = left & (upper < _CANCELLED)
    upper[lost] = special.gammaincc(shape[lost], x[lost])
    lost = ~left & (lower < _CANCELLED)
    lower[lost] = special.gammainc(shape[lost], x[lost])
    # Where x underflows P is x^a / Gamma(a + 1), which for a small shape is not small.
    tiny = (x < SMALLEST_MASS) & (log_x > -np.inf)
    if np.any(tiny):
        log_p = shape[tiny] * log_x[tiny] - special.gammaln(shape[tiny] + 1)
        lower[tiny], upper[tiny] = np.exp(log_p), -np.expm1(log_p)
    return x, lower, upper


def log_gamma_tails_by_expansion(shape: Array, u: Array) -> tuple[Array, Array]:
    """Logs of P(a, a(1 + u)) and Q(a, a(1 + u)) for a of 1e4 and more, by Temme's uniform expansion (DLMF 8.12.3-4).

    SciPy's functions lose the left tail beyond 4.5 deviations for a above 1e5, where their series are cut.
    """
    fall = np.where(np.abs(u) < 0.1, 0.0, u - np.log1p(u))
    small = np.where(np.abs(u) < 0.1, u, 0.0)
    rest = np.zeros_like(small)  # (w - 1)/u near 0, where w = 2 (u - log(1 + u))/u²
    for k in range(17, 0, -1):
        rest = rest * small + (-1.0) ** k * 2 / (k + 2)
    far = np.where(np.abs(u) < 0.1, 1.0, u)
    w = np.where(np.abs(u) < 0.1, 1 + small * rest, 2 * fall / np.square(far))
    rest = np.where(np.abs(u) < 0.1, rest, (w - 1) / far)
    root = np.sqrt(w)
    eta = u * root
    # c0 = 1/u - 1/η, and the first terms of c1, whose share is below 1e-6.
    first = rest / (root * (root + 1)) + (-1 / 540 - eta / 288 + 25 / 12096 * eta * eta) / shape
    tails = []
    for sign in (1.0, -1.0):
        v = sign * eta * np.sqrt(shape)
        log_p = special.log_ndtr(v)
        share = np.exp(-0.5 * (v * v + math.log(2 * math.pi)) - log_p)
        tails.append(log_p + np.log1p(-sign * first / np.sqrt(shape) * share))
    return tails[0], tails[1]


def log_gamma_quantiles(shape: Array, p: Array) -> tuple[Array, Array]:
    """Logs of the x at which P(shape, x), and at which Q(shape, x), is p; NaN outside [0, 1]."""
    shape, p = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(p, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        quantiles = []
        for x, log_p in ((special.gammaincinv(shape, p), np.log(p)), (special.gammainccinv(shape, p), np.log1p(-p))):
            near_zero = (log_p + special.gammaln(shape + 1)) / shape  # P = x^a / Gamma(a + 1)
            quantiles.append(np.where(x < SMALLEST_MASS, near_zero, np.log(x)))
    return quantiles[0], quantiles[1]


def _log_gammainc(shape: Array, log_x: Array, x: Array, lower: Array, upper: Array) -> Array:
    with np.errstate(divide="ignore"):
        value = np.where(lower > 0.5, np.log1p(-upper), np.log(lower))
    tiny = (lower < SMALLEST_MASS) & (log_x > -np.inf)
    if np.any(tiny):
        value[tiny] = _log_gammainc_by_series(shape[tiny], log_x[tiny])
    large = (shape > _LARGEST_OF_SCIPY) & (x > 0) & (x < shape)
    if np.any(large):
        u = np.expm1(log_x[large] - np.log(shape[large]))
        value[large] = log_gamma_tails_by_expansion(shape[large], u)[0]
    return np.asarray(value)


def _log_gammaincc(shape: Array, log_x: Array, x: Array, lower: Array, upper: Array) -> Array:
    with np.errstate(divide="ignore"):
        value = np.where(upper > 0.5, np.log1p(-lower), np.log(upper))
    tiny = (upper < SMALLEST_MASS) & (x < np.inf)
    if np.any(tiny):
        value[tiny] = _log_gammaincc_by_fraction(shape[tiny], x[tiny])
    return np.asarray(value)


def _log_gammainc_by_series(shape: Array, log_x: Array) -> Array:
    """P = x^a e^-x / Gamma(a + 1) * sum_k x^k / ((a + 1) ... (a + k)), for x far below a (DLMF 8.11.4)."""
    x = np.exp(log_x)
    term = np.ones_like(x)
    total = np.ones_like(x)
    for k in range(1, _SERIES_TERMS):
        term = term * (x / (shape + k))
        total = total + term
        if np.all(term <= _EPSILON * total):
            break
    return np.asarray(log_gamma_kernel(shape, log_x) - np.log(shape) + np.log(total))


def _log_gammaincc_by_fraction(shape: Array, x: Array) -> Array:
    """Legendre's continued fraction, by the modified Lentz method, for x far above a (DLMF 8.9.2)."""
    b = x + 1.0 - shape
    c = np.full_like(x, np.inf)
    d = 1.0 / b
    fraction = d
    for k in range(1, _SERIES_TERMS):
        a = -k * (k - shape)
        b = b + 2.0
        d = 1.0 / (a * d + b)
        c = b + a / c
        change = c * d
        fraction = fraction * change
        if np.all(np.abs(change - 1.0) <= _EPSILON):
            break
    return np.asarray(log_gamma_kernel(shape, np.log(x)) + np.log(fraction))


def log_betainc_fraction(a: Array, b: Array, x: Array) -> Array:
    """Log of I_x(a, b) over ``x^a (1 - x)^b / (a B(a, b))``, for x below (a + 1) / (a + b + 2); DLMF 8.17.22.

    So the log of a tail too small for a double is had from the log-density, whose own logs do not underflow. By the
    modified Lentz method.
    """
    c, d = np.ones_like(x), 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    fraction = d
    for m in range(1, _SERIES_TERMS):
        even = m / (a + 2 * m - 1) * ((b - m) / (a + 2 * m) * x)
        odd = -(a + m) / (a + 2 * m) * ((a + b + m) / (a + 2 * m + 1) * x)
        for term in (even, odd):
            c = 1.0 + term / c
            d = 1.0 / (1.0 + term * d)
            fraction = fraction * (c * d)
        if np.all(np.abs(c * d - 1.0) <= _EPSILON):
            break
    return np.asarray(np.log(fraction))


def log_gammainc_slopes(shape: Array | float, log_x: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    r"""Derivatives of log P(a, x) and of log Q(a, x), the incomplete gamma functions, by a and by log x.

    Parameters
    ----------
    shape : float or ndarray of shape (n,)
        a.
    log_x : ndarray of shape (n,)

    Returns
    -------
    tuple of tuple of ndarray of shape (n,)
        Those of log P, those of log Q; by a NaN for a above 1000: differences cost less than so long a series.

    Notes
    -----
    Up to four deviations above the mean P is summed as :math:`\sum_k x^{a+k} e^{-x} / \Gamma(a+k+1)` (DLMF 8.11.4), so
    that the derivative of its log is :math:`\log x` less the mean of :math:`\psi(a+k+1)`, with the terms as weights:
    nothing cancels (after Moore 1982, Applied Statistics 31, 330-335). Beyond, the derivative of log Q is the mean of
    :math:`\log u - \psi(a)` over u > x, by Gauss-Laguerre quadrature. The other follows from P + Q = 1.
    """
    a, log_x = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(log_x, dtype=float))
    if np.ndim(shape):
        # One series a shape: rows that share one share it.
        by_row = np.empty((4, *log_x.shape))
        for one in np.unique(a):
            rows = a == one
            below_one, above_one = log_gammainc_slopes(float(one), log_x[rows])
            by_row[:, rows] = (*below_one, *above_one)
        return (by_row[0], by_row[1]), (by_row[2], by_row[3])
    shape = float(shape)
    x, lower, upper = _gamma_masses(a, log_x)
    log_f = log_gamma_kernel(a, log_x)
    fall = np.exp(log_f - _log_gammainc(a, log_x, x, lower, upper))
    rise = -np.exp(log_f - _log_gammaincc(a, log_x, x, lower, upper))
    below, above = np.full((2, *x.shape), np.nan)
    if shape <= _LARGEST_SHAPE:
        far = x > shape + 4.0 * math.sqrt(shape) + 4.0
        near = ~far
        if near.any():
            below[near] = log_x[near] - _mean_digamma(shape, x[near])
            above[near] = -below[near] * (lower[near] / upper[near])
        if far.any():
            above[far] = log_x[far] + _mean_log_beyond(shape, x[far]) - special.psi(shape)
            below[far] = -above[far] * (upper[far] / lower[far])
    return (below, fall), (above, rise)


def _mean_digamma(shape: float, x: Array) -> Array:
    """Mean of psi(a + k + 1) with the weights x^k / ((a + 1) ... (a + k))."""
    largest = float(x.max())
    # Weights are a Poisson law's of mean x, from a on: beyond so many deviations nothing is left.
    k = np.arange(1, math.ceil(max(largest - shape, 0.0) + 8.5 * math.sqrt(largest)) + 15)
    beyond = np.cumsum(1.0 / (shape + k))  # psi(a + k + 1) - psi(a + 1)
    means = np.empty(len(x))
    step = _CELLS // len(k)
    for first in range(0, len(x), step):
        rows = slice(first, first + step)
        with np.errstate(under="ignore"):
            terms = np.cumprod(x[rows, None] / (shape + k), axis=1)
        means[rows] = (terms @ beyond) / (1.0 + terms.sum(axis=1))
    return np.asarray(special.psi(shape + 1.0) + means)


def _mean_log_beyond(shape: float, x: Array) -> Array:
    """Mean of log(u / x) over u > x under the unit gamma law, for x far above its mean."""
    nodes, weights = _laguerre()
    means = np.empty(len(x))
    step = _CELLS // len(nodes)
    for first in range(0, len(x), step):
        low = x[first : first + step]
        rate = 1.0 - max(shape - 1.0, 0.0) / low  # at which the density falls there
        excess = nodes[:, None] / (rate * low)
        log_ratio = np.log1p(excess)
        with np.errstate(under="ignore"):
            mass = weights[:, None] * np.exp((shape - 1.0) * log_ratio + (rate - 1.0) * low * excess)
        means[first : first + step] = (mass * log_ratio).sum(axis=0) / mass.sum(axis=0)
    return means


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
    nodes, weights = _laguerre()
    distance = nodes.reshape(-1, *(1,) * np.ndim(x)) / slope
    top = logpdf(x)
    with np.errstate(under="ignore"):
        factor = np.exp(logpdf(x - distance) - top + np.abs(slope * distance))
    return np.asarray(top - np.log(np.abs(slope)) + np.log(np.tensordot(weights, factor, 1)))


@cache
def _laguerre() -> tuple[Array, Array]:
    nodes, weights = np.polynomial.laguerre.laggauss(64)
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


# --- gamma functions ------------------------------------------------------------------------------------------------


def log_gamma_kernel(shape: Array, t: Array) -> Array:
    """``shape * t - exp(t) - log Gamma(shape)``: the log-density of the log of a unit gamma variable.

    Written about its mode t = log(shape), because for a large shape the three terms, each of order shape log(shape),
    leave little.
    """
    d = t - np.log(shape)
    return np.asarray(shape * (d - np.expm1(d)) - stirling_remainder(shape))


def stirling_remainder(shape: Array) -> Array:
    """``log Gamma(a) - (a log a - a)``, by Stirling's series (DLMF 5.11.1) for large a, where the terms cancel."""
    a = np.asarray(shape, dtype=float)
    with np.errstate(divide="ignore", over="ignore"):
        r = 1.0 / (a * a)
        series = 1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - r * 691 / 360360))))
        large = 0.5 * np.log(2 * math.pi / a) + series / a
    direct = special.gammaln(a) - special.xlogy(a, a) + a
    return np.asarray(np.where(a > 10.0, large, direct))


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
    for _ in range(_NEWTON_STEPS):
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
    for _ in range(_NEWTON_STEPS):
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


# --- roots ----------------------------------------------------------------------------------------------------------


def ascend(slope_and_bend: Callable[[float], tuple[float, float]], start: float, low: float, high: float) -> float:
    """Climb to a maximum in one dimension: where the slope of a function changes from rising to falling.

    Parameters
    ----------
    slope_and_bend : callable
        First and second derivative of the function at a point, in a coordinate of which one unit is a natural change.
    start : float
    low, high : float
        Where to stop: a function that still rises there has its maximum at the end.

    Returns
    -------
    float
        A point where the slope is 0 to rounding; ``low`` or ``high`` if the climb ended there.

    Notes
    -----
    Newton's method within a bracket that every slope narrows, so that it cannot leave the hill it climbs.
    """
    u = min(max(start, low), high)
    floor, ceiling = -math.inf, math.inf
    for _ in range(_NEWTON_STEPS):
        slope, bend = slope_and_bend(u)
        if slope > 0:
            floor = u
        else:
            ceiling = u
        step = -slope / bend if bend < 0 else math.copysign(_LONGEST_STEP, slope)
        new = u + min(max(step, -_LONGEST_STEP), _LONGEST_STEP)
        new = min(max(new, low), high)
        if abs(new - u) < 1e-9:  # quadratic: the step just taken left an error of its square
            return new
        u = new if floor < new < ceiling else 0.5 * (floor + ceiling)
    return u


def profile_maximum(
    sample: Sample,
    value: Callable[[Sample, Array], Array],
    slope_and_bend: Callable[[Sample, float], tuple[float, float]],
    low: float,
    high: float,
    step: float,
) -> float:
    """Find the highest point of a profile likelihood in one dimension.

    Parameters
    ----------
    sample : Sample
    value : callable
        The profile at several points, for a sample; nats per observation.
    slope_and_bend : callable
        Its first and second derivative.
    low, high, step : float
        A grid on which a hill cannot be missed; searched, and its best hill climbed, on a subsample first.

    Returns
    -------
    float
        Where the profile of the whole sample is highest; ``low`` or ``high`` where it rises to an end.
    """
    sketch = sample.sketch()
    grid = np.arange(low, high, step)
    best = float(grid[np.argmax(value(sketch, grid))])
    if sketch is not sample:
        best = ascend(lambda u: slope_and_bend(sketch, u), best, low, high)
    return ascend(lambda u: slope_and_bend(sample, u), best, low, high)
