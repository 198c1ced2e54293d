"""Log-probabilities of counts that keep their digits for any size of count and parameter.

The log-gamma functions in a textbook probability cancel: at counts of 1e15 they are 3e16, whose last digit is worth 4.
So probabilities are written, after Loader (2000), Fast and Accurate Computation of Binomial Probabilities, as a
*deviance* that vanishes where the count is expected, and the small error of Stirling's formula.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
_NEAR = 0.3
_ODD_RECIPROCALS = [1.0 / k for k in range(25, 1, -2)]  # atanh series: with |s| < 0.18 the next term is below 1e-18
# Stirling's series, Abramowitz & Stegun 6.1.41, from the highest power down.
_STIRLING = (1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)
_STIRLING_FROM = 10.0
# log x - digamma(x) - 1/(2x) in powers of 1/x², Abramowitz & Stegun 6.3.18.
DIGAMMA_SERIES = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132)
DIGAMMA_FROM = 25.0
# trigamma(x) in powers of 1/x, Abramowitz & Stegun 6.4.12.
TRIGAMMA_SERIES = (1.0, 1 / 2, 1 / 6, 0.0, -1 / 30, 0.0, 1 / 42, 0.0, -1 / 30, 0.0, 5 / 66)

FEW = 256.0
"""Counts up to which the terms of a textbook probability, which cancel, are so small that they lose 1e-12 at most."""


def log_factorial(x: Array) -> Array:
    """``log x!``."""
    return np.asarray(special.gammaln(x + 1.0))


def by_count(of: Callable[[Array], Array], x: Array) -> Array:
    """``of(x)`` of counts x, shape (..., n); computed once for each count up to the largest, where these are fewer."""
    largest = float(np.max(x))
    if not 0 <= largest < len(x):
        return of(x)
    return np.take(of(np.arange(largest + 1.0)), x.astype(np.intp), axis=-1)


def tabulated(of: Callable[[Array], Array], x: Array) -> Array:
    """``of(x)`` of counts x, shape (..., n), of a function of counts alone: small ones are kept for all calls."""
    if not np.maximum.reduce(x) <= FEW:
        return by_count(of, x)
    return np.take(_table(of), x.astype(np.intp), axis=-1)


@cache
def _table(of: Callable[[Array], Array]) -> Array:
    with np.errstate(all="ignore"):
        return of(np.arange(FEW + 1.0))


def inflated_expansion(
    x: Array, pi: Array, value: Array, score: tuple[Array, ...], second: tuple[Array, ...]
) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
    """`Family.expansion` of a law of counts with a share ``pi`` of additional zeros, from that of the law without."""
    zero = x == 0
    rest = 1.0 - pi
    of_law = np.exp(value)
    both = pi + rest * of_law
    share = np.where(zero, rest * of_law / both, 1.0)  # of the zeros, those that are the law's
    by_pi = np.where(zero, (1.0 - of_law) / both, -1.0 / rest)
    mixed = np.where(zero, -of_law / (both * both), 0.0)
    pairs = itertools.combinations_with_replacement(score, 2)
    bent = [share * (bend + (1.0 - share) * (s * t)) for bend, (s, t) in zip(second, pairs, strict=True)]
    total = np.where(zero, np.log(both), np.log1p(-np.asarray(pi)) + value)
    first = by_pi, *(share * s for s in score)
    return total, first, (-by_pi * by_pi, *(mixed * s for s in score), *bent)


def log1p_minus(d: Array) -> Array:
    """``log(1 + d) - d``, which is about ``-d²/2``, without cancellation near 0."""
    d = np.asarray(d, dtype=float)
    with np.errstate(all="ignore"):
        s = d / (2 + d)  # log(1 + d) = 2 atanh(s), and 2 s - d = -d s
        square = s * s
        series = np.zeros_like(s)
        for coefficient in _ODD_RECIPROCALS:
            series = series * square + coefficient
        return np.where(np.abs(d) < _NEAR, 2 * s * square * series - d * s, np.log1p(d) - d)


def square_ratio(d: Array, log: Array) -> Array:
    """``(log(1 + d) - d) / d²``, -1/2 at 0; ``log`` is the log of 1 + d, which near d = -1 may be known better."""
    with np.errstate(all="ignore"):
        return np.where(np.abs(d) < _NEAR, d * cube_ratio(d, log) - 0.5, (log - d) / d / d)


def cube_ratio(d: Array, log: Array) -> Array:
    """``(log(1 + d) - d + d²/2) / d³``: 1/3 at 0."""
    with np.errstate(all="ignore"):
        s = d / (2 + d)  # log(1 + d) = 2 s + 2 s³ (1/3 + s²/5 + ...), and 2 s - d + d²/2 = d² s / 2
        square = s * s
        series = np.zeros_like(s)
        for coefficient in _ODD_RECIPROCALS:
            series = series * square + coefficient
        near = 0.5 / (2 + d) + 2 * series / (2 + d) ** 3
        return np.where(np.abs(d) < _NEAR, near, (log - d + 0.5 * d * d) / d / d / d)


def stirling_error(x: Array) -> Array:
    """``log Γ(x + 1)`` minus Stirling's formula ``½ log(2πx) + x log x - x``, for x > 0."""
    x = np.asarray(x, dtype=float)
    with np.errstate(all="ignore"):
        r = 1.0 / x
        series = np.zeros_like(x)
        for coefficient in _STIRLING:
            series = series * (r * r) + coefficient
        direct = special.gammaln(x + 1) - _HALF_LOG_TWO_PI - 0.5 * np.log(x) - special.xlogy(x, x) + x
        return np.where(x >= _STIRLING_FROM, series * r, direct)


def deviance(x: Array, mean: Array) -> Array:
    """``x log(x / mean) + mean - x`` for x > 0: zero where they agree, infinite at mean 0."""
    with np.errstate(all="ignore"):
        gap = (mean - x) / x
        far = x * np.log(x / mean) + mean - x
        return np.where(np.abs(gap) < _NEAR, -x * log1p_minus(gap), far)


def log_poisson(x: Array, mu: Array) -> Array:
    """``x log mu - mu - log x!`` for x >= 0; at mu = 0 all mass is on 0."""
    with np.errstate(all="ignore"):
        error, half_log = _by_whole_count(_of_stirling, x)
        positive = -error - deviance(x, mu) - _HALF_LOG_TWO_PI - half_log
        return np.where(x == 0, -np.asarray(mu), positive)


def _of_stirling(x: Array) -> Array:
    """The error of Stirling's formula, and half of log x; shape (2, ...)."""
    return np.stack([stirling_error(x), 0.5 * np.log(x)])


def _by_whole_count(of: Callable[[Array], Array], x: Array) -> Array:
    """The same as `tabulated`, of numbers that may be no counts."""
    x = np.asarray(x, dtype=float)
    if x.ndim != 1 or not x.size:
        return of(x)
    counts = x.astype(np.intp)
    return tabulated(of, x) if counts.min() >= 0 and (counts == x).all() else of(x)


def log_binomial(x: Array, n: Array, p: Array, q: Array) -> Array:
    """``log Γ(n+1)/(Γ(x+1) Γ(n-x+1)) + x log p + (n - x) log q`` for real 0 <= x <= n and q = 1 - p.

    Both p and q are taken, because the smaller of them carries the digits.
    """
    with np.errstate(all="ignore"):
        log_p, log_q = np.where(q < 0.5, np.log1p(-q), np.log(p)), np.where(p < 0.5, np.log1p(-p), np.log(q))
        y = n - x
        inner = (
            (stirling_error(n) - stirling_error(x) - stirling_error(y))
            - (deviance(x, n * p) + deviance(y, n * q))
            - _HALF_LOG_TWO_PI
            + 0.5 * ((np.log(n) - np.log(x)) - np.log(y))  # n / x may overflow
        )
        ends = np.where(x == 0, np.where(n == 0, 0.0, n * log_q), n * log_p)
        return np.where((x == 0) | (y == 0), ends, inner)


def digamma_excess(s: Array, x: Array) -> Array:
    """``digamma(s + x) - digamma(s) - log(1 + x/s)`` for s > 0, x >= 0: about ``x / (2 s (s + x))`` for large s.

    There it is summed as its asymptotic series, with the factor x taken out of every difference of powers.
    """
    s, x = np.asarray(s, dtype=float), np.asarray(x, dtype=float)
    with np.errstate(all="ignore"):
        r, t = 1.0 / s, 1.0 / (s + x)
        gap = x * r * t  # r - t
        # r^(2j) - t^(2j) = (r - t)(r + t)(r^(2j-2) + r^(2j-4) t² + ... + t^(2j-2))
        series = np.zeros(np.broadcast(s, x).shape)
        powers = np.ones_like(series)
        for j, coefficient in enumerate(DIGAMMA_SERIES):
            series = series + coefficient * powers
            powers = powers * (r * r) + (t * t) ** (j + 1)
        direct = special.psi(s + x) - special.psi(s) - np.log1p(x / s)
        return np.where(s >= DIGAMMA_FROM, gap * (0.5 + (r + t) * series), direct)


def digamma_difference(s: Array, x: Array) -> Array:
    """``digamma(s + x) - digamma(s)`` for s > 0, x >= 0, without cancellation for large s."""
    return np.log1p(np.asarray(x) / s) + digamma_excess(s, x)


def trigamma_difference(s: Array, x: Array) -> Array:
    """``trigamma(s + x) - trigamma(s)`` for s > 0, x >= 0: about ``-x / (s (s + x))`` for large s.

    There it is summed as its asymptotic series, with the factor x taken out of every difference of powers.
    """
    s, x = np.asarray(s, dtype=float), np.asarray(x, dtype=float)
    with np.errstate(all="ignore"):
        r, t = 1.0 / s, 1.0 / (s + x)
        series = np.zeros(np.broadcast(s, x).shape)
        ratio, power = np.ones_like(series), np.ones_like(series)  # (r^k - t^k) / (r - t), and t^(k - 1)
        for coefficient in TRIGAMMA_SERIES:
            series = series + coefficient * ratio
            power = power * t
            ratio = ratio * r + power
        direct = special.polygamma(1, s + x) - special.polygamma(1, s)
        return np.where(s >= DIGAMMA_FROM, -x * r * t * series, direct)


def logit_trials(x: Array, n: Array | float, logit: Array) -> tuple[Array, Array, Array]:
    """``x log p + (n - x) log(1 - p)`` with two derivatives by the logit of p, to full digits at both ends."""
    small = np.exp(-np.abs(logit))
    larger = 1.0 / (1.0 + small)
    smaller = small * larger
    up = logit >= 0
    p, q = np.where(up, larger, smaller), np.where(up, smaller, larger)
    value = x * np.minimum(logit, 0.0) - (n - x) * np.maximum(logit, 0.0) - n * np.log1p(small)
    return value, x * q - (n - x) * p, -n * (smaller * larger)


def check_not_all_zero(name: str, sample: Sample, undetermined: str) -> None:
    """Raise `DegenerateDataError` where all counts are 0, so that the mean is 0 and nothing else is determined."""
    if sample.maximum == 0:
        raise DegenerateDataError(
            f"{name}: all {sample.nobs:g} counts are 0, so the mean is 0 and {undetermined} is not determined. A "
            f"Poisson law with mu = 0 describes these data."
        )
