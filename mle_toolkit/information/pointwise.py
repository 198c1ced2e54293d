r"""Divergences as sums of non-negative terms, one a point, in a form that keeps its digits where two laws are close.

A divergence of Csiszár (1967) is :math:`\int q f(p/q)` with f convex, f(1) = 0 and, adding a multiple of t - 1 that
changes nothing, f'(1) = 0. Then every term is non-negative, an error δ in the log of a normalising constant moves the
whole by δ² only, and nothing cancels. Terms are given relative to the larger of p and q, as functions of
d = log(p/q), so that the same few lines serve probabilities, sums over the integers and integrals of log-densities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.excess import exp_excess, kl_term

_CERTAIN = 50.0
"""Exponent above which 1 is nothing beside the exponential."""

LARGEST = 1e308
"""Log-ratio that stands for one beyond the range of doubles, where both laws have a density."""


@dataclass(frozen=True)
class Divergence:
    """One divergence.

    Attributes
    ----------
    name : str
        How results call it.
    term : callable
        The term relative to max(p, q), as a function of d = log(p/q); non-negative.
    log_term : callable
        Its log, finite also where the term overflows.
    """

    name: str
    term: Callable[[Array], Array]
    log_term: Callable[[Array], Array]


def _plain(name: str, term: Callable[[Array], Array]) -> Divergence:
    def log_term(d: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(term(d)))

    return Divergence(name, term, log_term)


def _jeffreys(d: Array) -> Array:
    size = np.abs(d)
    return np.asarray(-np.expm1(-size) * size)


def _js(d: Array) -> Array:
    """Half of both divergences from the middle m: m ((1 + v) log(1 + v) + (1 - v) log(1 - v)) / 2, v = tanh(d/2)."""
    size = np.minimum(np.abs(d), 1e3)
    v = np.tanh(0.5 * size)
    near = size < 1.0
    small = np.where(near, v, 0.0)
    by_series = 0.5 * (np.log1p(-small * small) + np.where(near, size, 0.0) * small)
    # log(1 - v²) = -size - 2 log1p(exp(-size)) + 2 log 2, and size (1 - v) = 2 size / (exp(size) + 1).
    rest = size * 2 * np.exp(-size) / (1 + np.exp(-size)) + 2 * np.log1p(np.exp(-size))
    value = np.where(near, by_series, np.log(2.0) - 0.5 * rest)
    return np.asarray(0.5 * (1 + np.exp(-size)) * value)


KL = _plain("Kullback-Leibler", kl_term)
JEFFREYS = _plain("Jeffreys", _jeffreys)
JS = _plain("Jensen-Shannon", _js)
SQUARED_HELLINGER = _plain("squared Hellinger", lambda d: np.asarray(0.5 * np.square(np.expm1(-0.5 * np.abs(d)))))
TOTAL_VARIATION = _plain("total variation", lambda d: np.asarray(-0.5 * np.expm1(-np.abs(d))))


def power_integral(alpha: float) -> Divergence:
    r"""Give \|∫ p^α q^(1-α) - 1\|, from which Rényi's, χ² and the power divergences follow; alpha is not 0 or 1."""

    def term(d: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(log_term(d)))

    def log_term(d: Array) -> Array:
        # By symmetry one side is enough: p and q change roles with alpha and 1 - alpha.
        return np.where(d > 0, _log_power(alpha - 1, np.abs(d)), _log_power(-alpha, np.abs(d)))

    return Divergence(f"power {alpha:g}", term, log_term)


def _log_power(c: float, d: Array) -> Array:
    """Log of ``|exp(c d) - (1 + c) + c exp(-d)|`` for d >= 0."""
    d = np.minimum(d, LARGEST)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        large = c * d > _CERTAIN
        x = np.where(large, 0.0, d)
        # The two excesses are of order d² and differ by the factor c: they do not cancel but for c near 0 and -1.
        near = np.abs(exp_excess(c * x) + c * exp_excess(-x))
        far = np.abs(np.exp(c * x) - (1 + c) + c * np.exp(-x))
        return np.where(large, c * d, np.log(np.where(x < 1.0, near, far)))


def affinity(alpha: float) -> Divergence:
    """Give ∫ p^α q^(1-α) itself, for laws that are far apart; nothing where p is 0."""

    def log_term(d: Array) -> Array:
        with np.errstate(invalid="ignore"):
            return np.where(np.isneginf(d), -np.inf, np.where(d > 0, (alpha - 1) * np.minimum(d, LARGEST), alpha * d))

    def term(d: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(log_term(d)))

    return Divergence(f"affinity {alpha:g}", term, log_term)
