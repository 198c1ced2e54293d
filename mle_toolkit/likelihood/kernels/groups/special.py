"""Special functions of one number that compiled fits of groups need, by recurrence and asymptotic series."""

from __future__ import annotations

import math

from mle_toolkit.likelihood.kernels.elementary import function, log

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
_SERIES_FROM = 9.0
"""Arguments from which the series of digamma and its kin below are exact to rounding."""

_LARGE_DF = 24.0
"""Degrees of freedom from which the series of Student's norming constant is good to 1e-14."""


@function
def gamma_terms(shape: float) -> tuple[float, float, float]:
    """Compute log k - digamma(k), trigamma(k), and k log k - k - log Gamma(k).

    Series of Abramowitz & Stegun 6.3.18, 6.4.12 and 6.1.41, after the argument has been raised by recurrence: then no
    terms cancel, however large k is.
    """
    k = shape
    raised, squares, product = 0.0, 0.0, 1.0
    while k < _SERIES_FROM:
        r = 1.0 / k
        raised += r
        squares += r * r
        product *= k  # at most nine factors: neither overflows nor, above 1e-30, underflows
        k += 1.0
    r = 1.0 / k
    q = r * r
    digamma_gap = r * (
        0.5 + r * (1 / 12 - q * (1 / 120 - q * (1 / 252 - q * (1 / 240 - q * (1 / 132 - q * (691 / 32760 - q / 12))))))
    )
    trigamma = r * (
        1.0 + r * (0.5 + r * (1 / 6 - q * (1 / 30 - q * (1 / 42 - q * (1 / 30 - q * (5 / 66 - q * 691 / 2730))))))
    )
    stirling = r * (1 / 12 - q * (1 / 360 - q * (1 / 1260 - q * (1 / 1680 - q * (1 / 1188 - q * 691 / 360360)))))
    if k == shape:
        return digamma_gap, trigamma, 0.5 * log(k) - _HALF_LOG_TWO_PI - stirling
    log_shape, log_k = log(shape), log(k)
    log_gamma = (k - 0.5) * log_k - k + _HALF_LOG_TWO_PI + stirling - log(product)
    return log_shape - log_k + digamma_gap + raised, trigamma + squares, shape * log_shape - shape - log_gamma


@function
def student_norm(df: float) -> tuple[float, float, float]:
    """Compute log Γ((df + 1)/2) - log Γ(df/2) - log(π df)/2, and its first and second derivative.

    The series of `mle_toolkit.families.student_t.log_norm`, after df has been raised by the recurrence of Γ.
    """
    product, slope, bend = 1.0, 0.0, 0.0
    v = df
    while v < _LARGE_DF:
        # Γ(v/2 + 1/2)/Γ(v/2) is v/(v + 1) times the same at v + 2
        low, high = 1.0 / v, 1.0 / (v + 1.0)
        product *= v * high
        slope += low - high
        bend += high * high - low * low
        v += 2.0
    r = 1.0 / v
    q = r * r
    value = -r * (1 / 4 - q * (1 / 24 - q * (1 / 20 - q * (17 / 112 - q * 31 / 36)))) - _HALF_LOG_TWO_PI
    first = q * (1 / 4 - q * (1 / 8 - q * (1 / 4 - q * (17 / 16 - q * 31 / 4))))
    second = -q * r * (1 / 2 - q * (1 / 2 - q * (3 / 2 - q * (17 / 2 - q * 155 / 2))))
    if v == df:
        return value, first, second
    # the series has the term -log(v)/2 of the raised argument, not of df
    value += log(product) + 0.5 * log(v / df)
    first += slope + 0.5 * r - 0.5 / df
    second += bend - 0.5 * q + 0.5 / (df * df)
    return value, first, second
