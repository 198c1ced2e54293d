"""Logs of modified Bessel functions of any order and argument, which SciPy's underflow or overflow for."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import special

from mle_toolkit._typing import Array

_ORDER = 40.0
"""Order from which the uniform expansion is right to full precision."""

LARGE = 40.0
"""Size, hypot of order and argument, from which that of K is: order and argument need not be large alone."""

_TERMS = 12
_SMALL = 0.03
"""Argument below which the first terms of the power series are enough."""

_FAR, _FAR_TERMS = 1e6, 8
"""Argument from which Hankel's expansion is right to full precision for small orders; SciPy gives NaN far out."""


@cache
def _debye() -> tuple[Array, ...]:
    """The polynomials u_k(t) of the uniform expansions (Abramowitz & Stegun 9.3.9), coefficients from t^0 up."""
    from numpy.polynomial import polynomial as poly

    found = [np.array([1.0])]
    for _ in range(_TERMS - 1):
        u = found[-1]
        slope = poly.polymul([0.0, 0.0, 0.5, 0.0, -0.5], poly.polyder(u))
        found.append(poly.polyadd(slope, poly.polyint(poly.polymul([0.125, 0.0, -0.625], u))))
    return tuple(found)


def _expansion(order: Array, x: Array, sign: float) -> tuple[Array, Array]:
    """``order * eta - x`` and the log of the rest of Debye's expansion, which I has with ``sign`` 1 and K with -1."""
    z = x / order
    root = np.hypot(1.0, z)
    t = 1.0 / root
    series = np.zeros(np.broadcast(order, x).shape)
    power = np.ones_like(series)
    for u in _debye():
        series = series + power * np.polynomial.polynomial.polyval(t, u)
        power = power * (sign / order)
    away = order * (1.0 / (root + z) - np.arcsinh(1.0 / z))
    return away, np.log(series) + 0.5 * np.log(t)


def log_ive(order: Array, x: Array) -> Array:
    """``log(exp(-x) I_order(x))`` for order >= 0 and x > 0."""
    order, x = np.broadcast_arrays(np.asarray(order, dtype=float), np.asarray(x, dtype=float))
    with np.errstate(all="ignore"):
        away, rest = _expansion(np.maximum(order, _ORDER), x, 1.0)
        large = away + rest - 0.5 * np.log(2 * math.pi * order)
        square = 0.25 * x * x
        series = np.log1p(square / (order + 1) * (1 + square / (2 * (order + 2)) * (1 + square / (3 * (order + 3)))))
        small = order * np.log(0.5 * x) - special.gammaln(order + 1) + series - x
        few = np.where(x < _SMALL, small, np.where(x < _FAR, np.log(special.ive(order, x)), _far_out(order, x)))
        return np.where(order >= _ORDER, large, few)


def log_debye(order: Array, x: Array) -> Array:
    """``log I_order(x)`` less ``r - order arcsinh(order / x)``, r = hypot(order, x); NaN for an order below 40."""
    order, x = np.broadcast_arrays(np.asarray(order, dtype=float), np.asarray(x, dtype=float))
    rest = _expansion(np.maximum(order, _ORDER), x, 1.0)[1]
    return np.where(order >= _ORDER, rest - 0.5 * np.log(2 * math.pi * order), np.nan)


def lag_of_slope(order: Array, x: Array) -> Array:
    """``hypot(order, x)`` less the derivative of ``log I_order(x)`` by log x, for order >= 0: never negative.

    Of large orders by Debye's expansion of the derivative (Abramowitz & Stegun 9.7.9), of far arguments by Hankel's.
    """
    order, x = np.broadcast_arrays(np.asarray(order, dtype=float), np.asarray(x, dtype=float))
    with np.errstate(all="ignore"):
        root, large = np.hypot(order, x), np.maximum(order, _ORDER)
        t = 1 / np.hypot(1.0, x / large)
        series, lost = np.zeros_like(t), np.zeros_like(t)
        power = np.ones_like(t)
        for u, more in zip(_debye(), _debye_of_slope(), strict=True):
            lost = lost + power * np.polynomial.polynomial.polyval(t, more)
            series = series + power * np.polynomial.polynomial.polyval(t, u)
            power = power / large
        by_debye = x * x / np.hypot(large, x) * t * lost / series  # 1 - t² is the square of x over the root
        # Of few counts by the ratio of two neighbours; x far below 1 by a continued fraction.
        square = 0.25 * x * x
        fraction = 0.5 * x / (order + 1 + square / (order + 2 + square / (order + 3)))
        ratio = np.where(x < _SMALL, fraction, special.ive(order + 1, x) / special.ive(order, x))
        beyond = x * x / (root + order)
        term, value, slope = np.ones_like(x), np.zeros_like(x), np.zeros_like(x)
        for k in range(1, _FAR_TERMS):
            term = term * ((2 * k - 1) ** 2 - 4 * np.square(order)) / (8 * k * x)
            value, slope = value + term, slope - k * term
        far = np.square(order) / (root + x) + 0.5 - slope / (1 + value)
        few = np.where(x < _FAR, beyond - x * ratio, far)
        return np.where(order >= _ORDER, by_debye, few)


class DebyeSlopes(NamedTuple):
    """Of the log of the sum in Debye's expansion of K: the first term alone is ``log``, all others its derivatives."""

    log: Array
    by_square: Array
    """Derivative by the square of the argument."""
    by_order: Array
    by_square_twice: Array
    mixed: Array
    by_order_twice: Array


def debye_slopes(order: Array, x: Array) -> DebyeSlopes:
    r"""Log of the sum in Debye's expansion of K, with derivatives by the square of the argument and the order.

    .. math:: \log K_\nu(x) = -r + \nu\,\mathrm{arcsinh}(\nu/x) - \tfrac12\log r + \tfrac12\log\tfrac\pi2
        + \log\sum_k (-1)^k \frac{u_k(\nu/r)}{\nu^k}, \quad r = \sqrt{\nu^2 + x^2}

    The terms are polynomials in 1/r and (ν/r)², so that the order may be 0 (then it is Hankel's) or negative. For r of
    at least `LARGE`.
    """
    inverse = 1 / np.hypot(order, x)
    square, tilt = np.square(inverse), np.square(order * inverse)
    rest = np.square(x * inverse)  # 1 - tilt
    of_order, polynomials = _in_tilt()
    values, slopes, bends = (np.polynomial.polynomial.polyval(tilt, c) for c in polynomials)
    k = of_order.reshape(-1, *(1,) * np.ndim(tilt))
    powers = np.cumprod(np.concatenate([np.ones_like(values[:1]), np.broadcast_to(-inverse, values[1:].shape)]), axis=0)
    f, g, gg = (np.sum(powers * v, axis=0) for v in (values, slopes, bends))
    once, mixed = (np.sum(k * powers * v, axis=0) for v in (values, slopes))
    twice = np.sum(k * (k - 1) * powers * values, axis=0)
    # Of the sum itself, by the square and the order; times r², r² / order, ...
    by_square, by_order = -(0.5 * once + tilt * g) / f, (2 * rest * g - once) / f
    by_square_twice = (0.25 * twice + tilt * mixed + tilt * tilt * gg + 0.75 * once + 2 * tilt * g) / f
    both = 0.5 * twice + (tilt - rest) * mixed - 2 * tilt * rest * gg + 1.5 * once + 2 * (tilt - rest) * g
    by_order_twice = tilt * (twice - 4 * rest * mixed + 4 * rest * rest * gg) - (1 - 3 * tilt) * once
    by_order_twice = (by_order_twice + rest * (2 - 8 * tilt) * g) / f
    return DebyeSlopes(
        np.log1p(np.sum(powers[1:] * values[1:], axis=0)),
        square * by_square,
        order * square * by_order,
        np.square(square) * (by_square_twice - np.square(by_square)),
        order * np.square(square) * (both / f - by_square * by_order),
        square * (by_order_twice - tilt * np.square(by_order)),
    )


@cache
def _in_tilt() -> tuple[Array, tuple[Array, ...]]:
    """Powers of 1/r, and the polynomials u_k(t) / t^k in t² with two derivatives: coefficients by columns."""
    table = np.zeros((_TERMS, _TERMS))
    for k, u in enumerate(_debye()):
        table[: k + 1, k] = u[k::2]
    once = np.asarray(np.polynomial.polynomial.polyder(table), dtype=float)
    return np.arange(float(_TERMS)), (table, once, np.asarray(np.polynomial.polynomial.polyder(once), dtype=float))


@cache
def _debye_of_slope() -> tuple[Array, ...]:
    """Of the polynomials u_k those of the series, less those of that of the derivative, over t (1 - t²)."""
    from numpy.polynomial import polynomial as poly

    inner = (poly.polyadd(0.5 * u, poly.polymul([0.0, 1.0], poly.polyder(u))) for u in _debye()[:-1])
    return np.array([0.0]), *inner


def _far_out(order: Array, x: Array) -> Array:
    """``log(exp(-x) I_order(x))`` of a small order, by Abramowitz & Stegun 9.7.1."""
    term, series = np.ones_like(x), np.zeros_like(x)
    for k in range(1, _FAR_TERMS):
        term = term * ((2 * k - 1) ** 2 - 4 * np.square(order)) / (8 * k * x)
        series = series + term
    return np.log1p(series) - 0.5 * (math.log(2 * math.pi) + np.log(x))


def log_kve_half(n: Array, x: Array) -> Array:
    """``log(exp(x) K_{n + 1/2}(x) sqrt(2 x / π))`` for whole n >= 0, x > 0: a polynomial in 1/x, 1 far out."""
    n, x = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(x, dtype=float))
    with np.errstate(all="ignore"):
        order = np.maximum(n, _ORDER) + 0.5
        away, rest = _expansion(order, x, -1.0)
        value = np.asarray(rest - away + 0.5 * np.log(x / order))
        few = ~(n > _ORDER)
        value[few] = special.logsumexp(_terms(n[few], x[few]), axis=0)
    return value


def slope_of_kve_half(n: Array, x: Array) -> Array:
    """Derivative of `log_kve_half` by log x: about -n (n + 1) / 2x far out, to full relative precision there too."""
    n, x = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(x, dtype=float))
    with np.errstate(all="ignore"):
        terms = _terms(n, x)
        share = np.exp(terms - special.logsumexp(terms, axis=0))
        small = -np.sum(np.arange(len(terms)).reshape(-1, *(1,) * n.ndim) * share, axis=0)
        order = np.maximum(n, _ORDER) + 0.5
        z = order / x
        root = np.hypot(1.0, z)
        t = z / root
        value, slope, power = np.zeros_like(t), np.zeros_like(t), np.ones_like(t)
        for u in _debye():
            value = value + power * np.polynomial.polynomial.polyval(t, u)
            slope = slope + power * np.polynomial.polynomial.polyval(t, np.polynomial.polynomial.polyder(u))
            power = -power / order
        # t falls with x: dt/dx = -t³ x / order²
        rest = -slope / value * t**3 * np.square(x / order)
        large = -x * z * z / (1 + root) + 0.5 * np.square(z / root) + rest
        return np.asarray(np.where(n > _ORDER, large, small))


def degree_of_kve_half(n: Array, x: Array) -> tuple[Array, Array]:
    """Mean and variance of the degree in 1/x of the terms of `log_kve_half`: its first two derivatives by -log x.

    For n up to 40.
    """
    n, x = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(x, dtype=float))
    with np.errstate(all="ignore"):
        terms = _terms(n, x)
        share = np.exp(terms - special.logsumexp(terms, axis=0))
    degrees = np.arange(len(terms)).reshape(-1, *(1,) * n.ndim)
    mean = np.sum(degrees * share, axis=0)
    return mean, np.sum(np.square(degrees - mean) * share, axis=0)


def _terms(n: Array, x: Array) -> Array:
    """Logs of (n + k)! / (k! (n - k)!) (2x)^-k for k up to n, or `_ORDER`, along a new first axis."""
    few = np.clip(np.nan_to_num(n), 0.0, _ORDER)
    term, terms = np.zeros_like(few), [np.zeros_like(few)]
    for k in range(int(np.max(few, initial=0.0))):
        term = term + np.log((few + k + 1) * np.maximum(few - k, 0.0)) - np.log((k + 1) * 2 * x)
        terms.append(np.where(k < few, term, -np.inf))
    return np.stack(terms)
