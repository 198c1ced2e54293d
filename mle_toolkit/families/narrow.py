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

_NODES = 10
"""Of the rule on a narrow interval."""

_SETTLED = 1e-10
"""Share of the mean density that its last two coefficients may be: a cusp, or an end of the support, leaves more."""

FEW = 16
"""Intervals below which the number of calls counts, and not what each takes."""

_SMALLEST = 1e-280
"""Share of the largest step below which a sum of steps has lost digits."""

Score = Callable[..., tuple[Array, ...]]


@cache
def _last_coefficients() -> Array:
    """Matrix from values at the nodes of the rule to the last two coefficients of the series of Legendre's."""
    nodes, weights = legendre(_NODES)
    orders = np.arange(_NODES - 2, _NODES)[:, None]
    return np.asarray((orders + 0.5) * special.eval_legendre(orders, nodes) * weights)


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
    nodes, weights = legendre(_NODES)
    half = 0.5 * (upper - lower)
    x = lower + half * (nodes[:, None] + 1.0)
    rows = tuple(np.tile(value, _NODES) if np.ndim(value) else value for value in params)
    height = _of_nodes(family.logpdf(x.ravel(), *rows), x)
    top = np.max(height, axis=0)
    share = np.exp(height - top)
    mean = 0.5 * (weights @ share)
    left_out = np.max(np.abs(_last_coefficients() @ share), axis=0)
    narrow = (left_out <= _SETTLED * mean) & np.isfinite(top) & (half > 0)
    slopes = np.empty((0, len(half)))
    if score is not None:
        by_nodes = [_of_nodes(by, x) for by in score(x.ravel(), *rows)]
        slopes = np.array([0.5 * (weights @ (by * share)) / mean for by in by_nodes])
        narrow &= np.isfinite(slopes).all(axis=0)
    return narrow, top + np.log(2.0 * half * mean), slopes


def _of_nodes(values: Array, x: Array) -> Array:
    """What a law gives for all nodes, one after the other, in the shape of the nodes."""
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
