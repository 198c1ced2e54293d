"""Tails of normal laws whose variance varies, and whose mean moves with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.special import log1mexp

_NODES = 256
_ROWS = 512
"""Rows of a block, so that the nodes of all stay in cache."""

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


def mixed_log_tail(
    z: Array,
    lean: Array,
    low: Array,
    high: Array,
    log_mixing: Callable[..., Array],
    *shapes: Array,
    nodes: int = _NODES,
    mean_of: Callable[[Array], Array] | None = None,
) -> tuple[Array, Array]:
    """Log of the lower tail alone; and the mean of a function of u over it, where one is given.

    ``low`` and ``high`` need hold only what counts for this tail.

    Notes
    -----
    The trapezoidal rule in u, whose error falls exponentially with the number of nodes for integrands that vanish at
    both ends with all derivatives. All terms are positive, so that tails keep their digits.
    """
    tail, mean = np.empty(z.shape), np.zeros(z.shape)
    flat = [np.ravel(v) for v in (z, lean, low, high, *shapes)]
    shares = np.linspace(0.0, 1.0, nodes)
    rows = max(1, _ROWS * _NODES // nodes)
    for first in range(0, z.size, rows):
        at, slant, start, stop, *rest = (v[first : first + rows, None] for v in flat)

        def terms(u: Array, at: Array = at, slant: Array = slant, rest: Any = rest) -> Array:
            root = np.exp(0.5 * u)
            return np.asarray(log_mixing(u, *rest) + special.log_ndtr(at / root - slant * root))

        begin, end = _narrowed(terms, start, stop, shares)
        u = begin + (end - begin) * shares
        logs = terms(u)
        total = special.logsumexp(logs, axis=1)
        tail.flat[first : first + rows] = total + np.log((end - begin)[:, 0] / (nodes - 1))
        if mean_of is not None:
            mean.flat[first : first + rows] = np.sum(np.exp(logs - total[:, None]) * mean_of(u), axis=1)
    return np.minimum(tail, 0.0), mean


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
