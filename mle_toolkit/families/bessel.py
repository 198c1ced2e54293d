"""Logs of modified Bessel functions of any order and argument, which SciPy's underflow or overflow for."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy import special

from mle_toolkit._typing import Array

_ORDER = 40.0
"""Order from which the uniform expansion is right to full precision."""

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


def _terms(n: Array, x: Array) -> Array:
    """Logs of (n + k)! / (k! (n - k)!) (2x)^-k for k up to n, or `_ORDER`, along a new first axis."""
    few = np.clip(np.nan_to_num(n), 0.0, _ORDER)
    term, terms = np.zeros_like(few), [np.zeros_like(few)]
    for k in range(int(np.max(few, initial=0.0))):
        term = term + np.log((few + k + 1) * np.maximum(few - k, 0.0)) - np.log((k + 1) * 2 * x)
        terms.append(np.where(k < few, term, -np.inf))
    return np.stack(terms)
