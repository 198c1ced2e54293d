"""Probabilities of narrow intervals, and tails in steps of them, as integrals of the density."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.families.base import Family
from mle_toolkit.families.special import legendre

_RULES = ((5, 3e-9), (10, 1e-10))
"""Nodes of rules on a narrow interval, and the share of the mean density that its last two coefficients may be.

A cusp, or an end of the support, leaves more. The first serves intervals so narrow that the density hardly bends: what
its rule leaves out falls with the square of these coefficients and faster.
"""

_AT_ENDS = 1e-8
"""Share of the mean density by which it may differ at an end from what its values at the nodes say of it.

A density that falls only beyond the outermost node, as of a nearly uniform law, leaves nothing at the nodes.
"""

FEW = 16
"""Intervals below which the number of calls counts, and not what each takes."""

_SMALLEST = 1e-280
"""Share of the largest step below which a sum of steps has lost digits."""

Score = Callable[..., tuple[Array, ...]]


@cache
def _of_series(count: int) -> tuple[Array, Array]:
    """Matrices from values at the nodes to the last two coefficients of Legendre's series, and to its ends."""
    nodes, weights = legendre(count)
    orders = np.arange(count)[:, None]
    coefficients = (orders + 0.5) * special.eval_legendre(orders, nodes) * weights
    ends = np.array([(-1.0) ** orders[:, 0], np.ones(count)]) @ coefficients
    return coefficients[-2:], ends


def narrow_masses(
    family: Family, params: tuple[Any, ...], lower: Array, upper: Array, score: Score | None
) -> tuple[Mask, Array, Array]:
    """Log-probabilities of intervals by Gauss's rule on the density, and their derivatives.

    Parameters
    ----------
    family : Family
    params : tuple
        Numbers, or arrays of shape (n,).
    lower, upper : ndarray of shape (n,)
        Finite.
    score : callable or None
        Of the density; None where no derivatives are wanted.

    Returns
    -------
    narrow : mask of shape (n,)
        Where the density is so smooth that the rule is right to the last digits.
    log_mass : ndarray of shape (n,)
        Nats; without meaning where it is not.
    slopes : ndarray of shape (p, n)
    """
    narrow, masses, slopes = _by_rule(*_RULES[0], family, params, lower, upper, score)
    rest = np.flatnonzero(~narrow)
    if len(rest):
        own = tuple(value[rest] if np.ndim(value) else value for value in params)
        narrow[rest], masses[rest], slopes[:, rest] = _by_rule(*_RULES[1], family, own, lower[rest], upper[rest], score)
    return narrow, masses, slopes


def _by_rule(
    count: int,
    settled: float,
    family: Family,
    params: tuple[Any, ...],
    lower: Array,
    upper: Array,
    score: Score | None,
) -> tuple[Mask, Array, Array]:
    """`narrow_masses` by a rule of so many nodes."""
    nodes, weights = legendre(count)
    half = 0.5 * (upper - lower)
    x = lower + half * (nodes[:, None] + 1.0)
    height = _of_nodes(family.logpdf, np.vstack([x, lower, upper]), params)
    top = np.max(height, axis=0)
    share = np.exp(height - top)
    share, at_ends = share[:-2], share[-2:]
    mean = 0.5 * (weights @ share)
    last, to_ends = _of_series(count)
    left_out = np.max(np.abs(last @ share), axis=0)
    missed = np.max(np.abs(to_ends @ share - at_ends), axis=0)
    narrow = (left_out <= settled * mean) & (missed <= _AT_ENDS * mean) & np.isfinite(top) & (half > 0)
    slopes = np.empty((0, len(half)))
    if score is not None:
        by_nodes = _of_nodes(score, x, params)
        slopes = np.array([0.5 * (weights @ (by * share)) / mean for by in by_nodes])
        narrow &= np.isfinite(slopes).all(axis=0)
    return narrow, top + np.log(2.0 * half * mean), slopes


def _of_nodes(function: Callable[..., Any], x: Array, params: tuple[Any, ...]) -> Array:
    """Values of a law, or several of each, at nodes of shape (k, n), of which the parameters of row n are those."""
    values = function(x.ravel(), *(np.tile(value, len(x)) if np.ndim(value) else value for value in params))
    if isinstance(values, tuple):
        return np.array([np.broadcast_to(value, x.size).reshape(x.shape) for value in values])
    return np.broadcast_to(values, x.size).reshape(x.shape)


def tails_in_steps(
    family: Family,
    params: tuple[Any, ...],
    x: Array,
    above: bool,
    score: Score | None,
    tail: Callable[[Mask], tuple[Array, Array]],
) -> tuple[Array, Array]:
    """Logs of the tails above or below x, and their derivatives, from those of a few x and the steps between them.

    Parameters
    ----------
    family : Family
    params : tuple
        Numbers, or arrays of shape (n,): rows of one law may be steps of one tail, if they follow each other.
    x : ndarray of shape (n,)
    above : bool
    score : callable or None
        Of the density; None where no derivatives are wanted.
    tail : callable
        Takes a mask of rows, returns both for these without steps.

    Returns
    -------
    log_tail : ndarray of shape (n,)
        Nats.
    slopes : ndarray of shape (p, n)
    """
    by_row = [value for value in params if np.ndim(value)]
    law = np.zeros(len(x), dtype=int)
    if by_row:
        law[1:] = np.cumsum(np.any([value[1:] != value[:-1] for value in by_row], axis=0))
    order = np.lexsort((x if above else -x, law))
    at, law = x[order], law[order]
    own = tuple(value[order] if np.ndim(value) else value for value in params)
    first = tuple(value[:-1] if np.ndim(value) else value for value in own)
    low, high = (at[:-1], at[1:]) if above else (at[1:], at[:-1])
    with np.errstate(all="ignore"):  # what is lost is left to the tail itself
        stepped, steps, by_step = narrow_masses(family, first, low, high, score)
        same = (at[1:] == at[:-1]) & (law[1:] == law[:-1])
        stepped = (stepped & (law[1:] == law[:-1])) | same
        steps = np.where(same, -np.inf, steps)
        by_step = np.where(same, 0.0, by_step)
        # A row that no step leads on from is an anchor: its tail is taken as it is.
        anchors = np.flatnonzero(~np.append(stepped, False))
        if len(anchors) > len(x) // 4:
            return tail(np.ones(len(x), dtype=bool))
        chosen = np.zeros(len(x), dtype=bool)
        chosen[order[anchors]] = True
        log_tail, slopes = np.empty(len(x)), np.empty((len(by_step), len(x)))
        log_tail[chosen], slopes[:, chosen] = tail(chosen)
        again = np.zeros(len(x), dtype=bool)
        for begin, end in zip(np.append(0, anchors[:-1] + 1).tolist(), anchors.tolist(), strict=True):
            if begin == end:
                continue
            rows = order[begin : end + 1][::-1]  # outermost first
            part = np.append(log_tail[rows[0]], steps[begin:end][::-1])
            top = np.max(part)
            mass = np.exp(part - top)
            total = np.cumsum(mass)
            again[rows[1:]] = ~(total[1:] >= _SMALLEST)
            log_tail[rows] = top + np.log(total)
            if score is not None:
                by_part = np.column_stack([slopes[:, rows[0]], by_step[:, begin:end][:, ::-1]])
                slopes[:, rows] = np.cumsum(mass * by_part, axis=1) / total
        if again.any():
            log_tail[again], slopes[:, again] = tail(again)
    return np.minimum(log_tail, 0.0), slopes
