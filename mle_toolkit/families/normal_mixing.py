"""Tails of normal laws whose variance varies, and whose mean moves with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.special import log1mexp

_WIDE, _NODES, _MANY = 60.0, 256, 4096
"""Range of logs of the variance from which there are many nodes, not few."""

_ROWS = 512
"""Rows of a block with few nodes, so that those of all stay in cache."""

_FOLDS = 45.0
"""Fall of the log of an integrand, nats, beyond which nothing is left."""

_LOG_HALF = -float(np.log(2))


def mixed_log_tails(
    z: Array, lean: Array, low: Array, high: Array, log_mixing: Callable[..., Array], *shapes: Array
) -> tuple[Array, Array]:
    """Logs of both tails of ``lean w + sqrt(w) n``, n standard normal and w a positive variable.

    Parameters
    ----------
    z, lean : ndarray of one shape
    low, high : ndarray of that shape
        Logs of w between which all mass lies that counts for both tails at z.
    log_mixing : callable
        Log-density of u = log w; takes u of shape (n, k), and shapes of shape (n, 1).
    *shapes : ndarray of the shape of z
    """
    below, _ = mixed_log_tail(z, lean, low, high, log_mixing, *shapes)
    above, _ = mixed_log_tail(-z, -lean, low, high, log_mixing, *shapes)
    with np.errstate(divide="ignore"):
        return (
            np.where(above < _LOG_HALF, log1mexp(above), below),
            np.where(below < _LOG_HALF, log1mexp(below), above),
        )


def mixed_tail_slopes(
    z: Array,
    lean: Array,
    low: Array,
    high: Array,
    log_mixing: Callable[..., Array],
    by_shapes: Callable[..., Sequence[Array]],
    log_rate: Array,
    *shapes: Array,
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Derivatives of the logs of both tails by ``lean``, and by shapes of w.

    Parameters
    ----------
    z, lean, low, high, log_mixing, *shapes
        As in `mixed_log_tails`.
    by_shapes : callable
        Takes what ``log_mixing`` takes; returns derivatives of it.
    log_rate : ndarray of the shape of z
        Log of the density at z times the expected variance given z, which is how a tail moves with ``lean``.
    """
    below, under = mixed_log_tail(z, lean, low, high, log_mixing, *shapes, means_of=by_shapes)
    above, over = mixed_log_tail(-z, -lean, low, high, log_mixing, *shapes, means_of=by_shapes)
    most_above, most_below = below < _LOG_HALF, above < _LOG_HALF
    with np.errstate(all="ignore"):
        # The larger tail loses what the smaller one gains.
        under, over = (
            np.where(most_below, -over * np.exp(above - log1mexp(above)), under),
            np.where(most_above, -under * np.exp(below - log1mexp(below)), over),
        )
        below, above = np.where(most_below, log1mexp(above), below), np.where(most_above, log1mexp(below), above)
        return (-np.exp(log_rate - below), *under), (np.exp(log_rate - above), *over)


def mixed_log_tail(
    z: Array,
    lean: Array,
    low: Array,
    high: Array,
    log_mixing: Callable[..., Array],
    *shapes: Array,
    means_of: Callable[..., Sequence[Array]] = lambda *_: (),
) -> tuple[Array, Array]:
    """Log of the lower tail alone; and means over it of functions of what ``log_mixing`` takes, as a first axis.

    ``low`` and ``high`` need hold only what counts for this tail.

    Notes
    -----
    The trapezoidal rule in u, whose error falls exponentially with the number of nodes for integrands that vanish at
    both ends with all derivatives. All terms are positive, so that tails keep their digits.
    """
    flat = [np.ravel(v) for v in (z, lean, low, high, *shapes)]
    wide = flat[3] - flat[2] > _WIDE
    if not wide.any():
        tail, means = _summed(flat, log_mixing, means_of, _NODES)
    else:
        parts = [
            (rows, _summed([v[rows] for v in flat], log_mixing, means_of, nodes))
            for rows, nodes in ((~wide, _NODES), (wide, _MANY))
        ]
        tail, means = np.empty(z.size), np.empty((len(parts[0][1][1]), z.size))
        for rows, (some, theirs) in parts:
            tail[rows], means[:, rows] = some, theirs
    return tail.reshape(z.shape), means.reshape(len(means), *z.shape)


def _summed(
    flat: Sequence[Array], log_mixing: Callable[..., Array], means_of: Callable[..., Sequence[Array]], nodes: int
) -> tuple[Array, Array]:
    """The same for arrays of one axis, by so many nodes."""
    tail, means = np.empty(flat[0].size), []
    shares = np.linspace(0.0, 1.0, nodes)
    rows = max(1, _ROWS * _NODES // nodes)
    for first in range(0, max(tail.size, 1), rows):
        at, slant, start, stop, *rest = (v[first : first + rows, None] for v in flat)

        def terms(u: Array, at: Array = at, slant: Array = slant, rest: Any = rest) -> Array:
            root = np.exp(0.5 * u)
            return np.asarray(log_mixing(u, *rest) + special.log_ndtr(at / root - slant * root))

        begin, end = _narrowed(terms, start, stop, shares)
        u = begin + (end - begin) * shares
        logs = terms(u)
        total = special.logsumexp(logs, axis=1)
        tail[first : first + rows] = total + np.log((end - begin)[:, 0] / (nodes - 1))
        weight = np.exp(logs - total[:, None])
        sums = [np.sum(weight * values, axis=1) for values in means_of(u, *rest)]
        means.append(np.reshape(sums, (len(sums), len(at))))
    return np.minimum(tail, 0.0), np.concatenate(means, axis=1)


def _narrowed(terms: Callable[[Array], Array], start: Array, stop: Array, shares: Array) -> tuple[Array, Array]:
    """Ends between which the integrand is within `_FOLDS` of its largest: far out it is narrow."""
    last_node = len(shares) - 1
    for _ in range(2):
        step = (stop - start) / last_node
        height = terms(start + (stop - start) * shares)
        inside = height > height.max(axis=1, keepdims=True) - _FOLDS
        first = np.argmax(inside, axis=1)[:, None]
        last = last_node - np.argmax(inside[:, ::-1], axis=1)[:, None]
        start, stop = start + step * np.maximum(first - 1, 0), start + step * np.minimum(last + 1, last_node)
    return start, stop
