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

_SHARES = np.linspace(0.0, 1.0, _NODES)

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

    Notes
    -----
    The trapezoidal rule in u, whose error falls exponentially with the number of nodes for integrands that vanish at
    both ends with all derivatives. All terms are positive, so that tails keep their digits.
    """
    below, above = np.empty(z.shape), np.empty(z.shape)
    flat = [np.ravel(v) for v in (z, lean, low, high, *shapes)]
    for first in range(0, z.size, _ROWS):
        at, slant, start, stop, *rest = (v[first : first + _ROWS, None] for v in flat)
        for tail, sign in ((below, 1.0), (above, -1.0)):

            def terms(u: Array, at: Array = at, slant: Array = slant, sign: float = sign, rest: Any = rest) -> Array:
                root = np.exp(0.5 * u)
                return np.asarray(log_mixing(u, *rest) + special.log_ndtr(sign * (at / root - slant * root)))

            begin, end = _narrowed(terms, start, stop)
            u = begin + (end - begin) * _SHARES
            total = special.logsumexp(terms(u), axis=1) + np.log((end - begin)[:, 0] / (_NODES - 1))
            tail.flat[first : first + _ROWS] = total
    below, above = np.minimum(below, 0.0), np.minimum(above, 0.0)
    with np.errstate(divide="ignore"):
        return (
            np.where(above < _LOG_HALF, log1mexp(above), below),
            np.where(below < _LOG_HALF, log1mexp(below), above),
        )


def _narrowed(terms: Callable[[Array], Array], start: Array, stop: Array) -> tuple[Array, Array]:
    """Ends between which the integrand is within `_FOLDS` of its largest: far out it is narrow."""
    for _ in range(2):
        step = (stop - start) / (_NODES - 1)
        height = terms(start + (stop - start) * _SHARES)
        inside = height > height.max(axis=1, keepdims=True) - _FOLDS
        first = np.argmax(inside, axis=1)[:, None]
        last = _NODES - 1 - np.argmax(inside[:, ::-1], axis=1)[:, None]
        start, stop = start + step * np.maximum(first - 1, 0), start + step * np.minimum(last + 1, _NODES - 1)
    return start, stop
