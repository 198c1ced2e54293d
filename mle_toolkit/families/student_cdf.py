"""The cdf of Student's law, and the derivatives of its log, by its degrees of freedom too."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.special import laguerre, legendre, log1mexp
from mle_toolkit.families.student_t import log_lower_tail, log_norm

_NODES, _TAIL_NODES = 24, 32
"""Of Gauss and Legendre's rule between 0 and a t of `_NEAR` at most, and of Gauss and Laguerre's beyond: 1e-12 for a
df above 1, 1e-10 for one of 0.1."""

_NEAR = 3.0

_FEW = 128
"""Rows of a block of Gauss's rules."""


def kernel(square: Array, df: Any) -> Array:
    """Derivative by df of -(df + 1)/2 log(1 + t²/df)."""
    return np.asarray(0.5 * ((df + 1) * square / (df * (df + square)) - np.log1p(square / df)))


def kernel_slope(square: Array, df: Any) -> Array:
    """Its derivative by df."""
    share = 1 / (df + square)
    return np.asarray(0.5 * square * share * ((df - 1) * square - 2 * df) * share / np.square(df))


def log_student_cdf(w: Array, m: Array) -> Array:
    """Log of the cdf of Student's law of m degrees of freedom."""
    tail = log_lower_tail(m, -np.abs(w))
    return np.where(np.less(w, 0), tail, log1mexp(tail))


def _row_blocks(rows: Any) -> list[Any]:
    """Parts whose nodes fit into the cache."""
    return [rows[first : first + _FEW] for first in range(0, len(rows), _FEW)]


def student_cdf_expansion(w: Array, m: Any) -> tuple[Array, ...]:
    """Derivatives of log T_m(w): by w, by m, and the second ones by w, by w and m, by m.

    By m they are expected values, over the tail, of those of the log-density, by Gaussian quadrature: from 0 to w, or,
    from a t of `_NEAR` on, over the log of the density, along which the tail falls exponentially.
    """
    shape = np.broadcast_shapes(np.shape(w), np.shape(m))
    norms = log_norm(np.asarray(m, dtype=float))
    w, m, norm, norm_slope, norm_bend = (np.broadcast_to(v, shape).reshape(-1) for v in (w, m, *norms))
    size, square = np.abs(w), w * w
    tail = log_lower_tail(m, -size)
    log_cdf = np.where(w < 0, tail, log1mexp(tail))
    ratio = np.exp(norm - 0.5 * (m + 1) * np.log1p(square / m) - log_cdf)
    first, second = np.empty(len(w)), np.empty(len(w))  # derivatives by m of the tail below -|w|, over the cdf at w

    for near in _row_blocks(np.flatnonzero(size < _NEAR)):
        nodes, weights = _legendre()
        t = np.square(size[near, None] * nodes)
        by_m = norm_slope[near, None] + kernel(t, m[near, None])
        bend = norm_bend[near, None] + kernel_slope(t, m[near, None])
        log_f = norm[near, None] - 0.5 * (m[near, None] + 1) * np.log1p(t / m[near, None])
        mass = size[near, None] * weights * np.exp(log_f - log_cdf[near, None])
        first[near] = -np.sum(mass * by_m, axis=1)
        second[near] = -np.sum(mass * (by_m * by_m + bend), axis=1)
    for far in _row_blocks(np.flatnonzero(~(size < _NEAR))):
        nodes, weights = laguerre(_TAIL_NODES)
        k = m[far, None]
        grown = np.exp(2 * nodes / k)
        t = square[far, None] * grown + k * np.expm1(2 * nodes / k)
        mass = weights * np.sqrt(grown / t)
        mass = mass / np.sum(mass, axis=1, keepdims=True) * np.exp(tail[far] - log_cdf[far])[:, None]
        by_m = norm_slope[far, None] + kernel(t, k)
        bend = norm_bend[far, None] + kernel_slope(t, k)
        first[far] = np.sum(mass * by_m, axis=1)
        second[far] = np.sum(mass * (by_m * by_m + bend), axis=1)

    side = np.where(w < 0, 1.0, -1.0)
    by_m = side * first
    found = (
        ratio,
        by_m,
        -ratio * ((m + 1) * w / (m + square) + ratio),
        ratio * (norm_slope + kernel(square, m) - by_m),
        side * second - by_m * by_m,
    )
    return tuple(v.reshape(shape) for v in found)


@cache
def _legendre() -> tuple[Array, Array]:
    """Nodes and weights between 0 and 1."""
    nodes, weights = legendre(_NODES)
    return 0.5 * (nodes + 1), 0.5 * weights
