r"""Excesses, of which divergences are made, in forms that keep their digits where two laws are close.

Within an exponential family the divergence is that of Bregman, A(η_q) - A(η_p) - (η_q - η_p)·∇A(η_p), of the log of the
normalising constant (Nielsen & Nock 2010). Taken literally it cancels: for gamma laws of shapes 1e8 and 1e8 + 1 nothing
is left. Laws write it by the two excesses e^x - 1 - x and t - log(1 + t), and by that of log Γ.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array

_TERMS = 20
"""Terms of the two series below: on |x| <= 1, and on |s| <= 1/3, the next is below the rounding of the first."""


def exp_excess(x: Array) -> Array:
    """``exp(x) - 1 - x``, never negative, to full relative precision."""
    x = np.asarray(x, dtype=float)
    near = np.abs(x) <= 1.0
    small = np.where(near, x, 0.0)
    series = np.ones_like(small)
    for n in range(_TERMS, 2, -1):
        series = 1.0 + small / n * series
    with np.errstate(over="ignore"):
        return np.where(near, 0.5 * small * small * series, np.expm1(x) - x)


def log_excess(t: Array) -> Array:
    """``t - log(1 + t)`` for t > -1, never negative, to full relative precision; infinite at -1."""
    t = np.asarray(t, dtype=float)
    near = np.abs(t) <= 0.5
    small = np.where(near, t, 0.0)
    s = small / (2.0 + small)  # log(1 + t) = 2 artanh(s)
    series = np.zeros_like(s)
    for j in range(_TERMS, 0, -1):
        series = s * s * (series + 1.0 / (2 * j + 1))
    with np.errstate(divide="ignore"):
        return np.where(near, 2 * s * (s / (1 - s) - series), t - np.log1p(t))


def kl_term(d: Array) -> Array:
    """Terms p log(p/q) - p + q: by p where p is larger, else by q."""
    falling = np.minimum(d, 0.0)
    finite = np.maximum(falling, -1e3)  # exp(d) d is 0 long before
    by_q = np.where(
        finite > -1.0, np.exp(finite) * exp_excess(np.minimum(-finite, 1.0)), 1.0 + np.exp(finite) * (finite - 1.0)
    )
    return np.where(d > 0, exp_excess(-np.maximum(d, 0.0)), by_q)


def log_ratio(p: Array, q: Array) -> Array:
    """Log of p/q for probabilities; from their difference where they are close, and 0 where both are 0."""
    both = (p > 0) | (q > 0)
    close = both & (np.abs(p - q) < 0.5 * np.maximum(p, q))
    with np.errstate(divide="ignore", invalid="ignore"):
        near = np.log1p(np.where(close, (p - q) / np.where(close, q, 1.0), 0.0))
        far = np.log(np.where(both, p, 1.0)) - np.log(np.where(both, q, 1.0))
    return np.where(close, near, far)


def total_log_excess(t: Any) -> float:
    """Give ``t - log(1 + t)``, summed over the elements."""
    return float(np.sum(log_excess(np.asarray(t, dtype=float))))


_TAYLOR = 60
"""Terms of the series of log Γ; at half of its radius the last is 1e-18 of the first."""


def log_gamma_excess(a: Any, b: Any) -> float:
    """Give ``log Γ(b) - log Γ(a) - (b - a) ψ(a)``, summed over the elements; never negative."""
    a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    total = 0.0
    for start, gap, end in zip(a.ravel().tolist(), (b - a).ravel().tolist(), b.ravel().tolist(), strict=True):
        if abs(gap) <= 0.5 * start:
            n = np.arange(2, _TAYLOR + 2)
            # ψ^(n-1)(a) / n! = (-1)^n ζ(n, a) / n, and a^n ζ(n, a) neither over- nor underflows where ζ does.
            scaled = _scaled_hurwitz(n, start)
            total += float(np.sum((-gap / start) ** n * scaled / n))
        else:
            total += math.lgamma(end) - math.lgamma(start) - gap * float(special.psi(start))
    return total


def _scaled_hurwitz(n: Any, a: float) -> Any:
    """Give ``a^n ζ(n, a)``: sum over k of (1 + k/a)^-n."""
    from mle_toolkit.families.zeta import scaled_zeta

    if a >= 1.0:
        return scaled_zeta(n.astype(float), a)
    return 1.0 + (a / (1.0 + a)) ** n * scaled_zeta(n.astype(float), 1.0 + a)


def of_ratio(p: float, q: float) -> float:
    """``r - 1 - log r`` at r = p / q, from the difference."""
    return total_log_excess((p - q) / q)


def log_quotient(p: float, q: float) -> float:
    """Log of p / q, from the difference where they are close."""
    return math.log1p((p - q) / q) if abs(p - q) < 0.5 * q else math.log(p) - math.log(q)


def of_shares(p: Any, q: Any) -> float:
    """Divergence between two vectors of probabilities."""
    d = log_ratio(p, q)
    return float(np.sum(np.where(np.maximum(p, q) > 0, np.maximum(p, q) * kl_term(d), 0.0)))


def of_event(p: float, q: float) -> float:
    """Divergence between two probabilities of an event."""
    return of_shares(np.array([p, 1 - p]), np.array([q, 1 - q]))
