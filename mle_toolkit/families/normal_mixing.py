"""Tails of normal laws whose variance varies, and whose mean moves with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.families.hooks import TailExpansion
from mle_toolkit.families.special import log1mexp

_FIRST_NODES, _MOST_FIRST_NODES, _MOST_NODES = 65, 513, 4097
"""Nodes of a rule at first, of many rows and of few, and at the most: one that has not settled halves its steps."""

_LITTLE = 1024
"""Terms of a sum that take no longer than to begin one: few rows have as many nodes at first."""

_ROUNDS, _NARROWED = 5, 0.25
"""Of narrowing a range, at the most, and the share of it that is left from which there is another."""

_SETTLED = 1e-11
"""Difference, relative, between a rule and that of every other node, of which its error is a small share."""

_SHARP = 0.05
"""Share of the range below which the step of the normal law, where its argument changes sign, has nodes about it."""

_TERMS = 131_072
"""Nodes of a block of rows, so that those of all stay in cache."""

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
    below, above, *_ = _both(z, lean, low, high, log_mixing, shapes)
    return below, above


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
    below, above, under, over = _both(z, lean, low, high, log_mixing, shapes, by_shapes)
    with np.errstate(all="ignore"):
        return (-np.exp(log_rate - below), *under), (np.exp(log_rate - above), *over)


def mixed_tail_expansion(
    z: Array,
    lean: Array,
    low: Array,
    high: Array,
    log_mixing: Callable[..., Array],
    by_shapes: Callable[..., tuple[Sequence[Array], Sequence[Array]]],
    log_rate: Array,
    rate_slopes: Sequence[Array],
    *shapes: Array,
) -> TailExpansion:
    """Logs of both tails, and their derivatives and second derivatives by ``lean`` and by shapes of w.

    Parameters
    ----------
    z, lean, low, high, log_mixing, log_rate, *shapes
        As in `mixed_tail_slopes`.
    by_shapes : callable
        Takes what ``log_mixing`` takes; returns derivatives of it, and second derivatives, upper triangle row by row.
    rate_slopes : sequence of ndarray
        Derivatives of ``log_rate`` by ``lean`` and the shapes.
    """
    count = len(rate_slopes) - 1
    pairs = [(j, k) for j in range(count) for k in range(j, count)]

    def means_of(u: Array, *rest: Array) -> tuple[Array, ...]:
        first, second = by_shapes(u, *rest)
        return *first, *(first[j] * first[k] + bend for (j, k), bend in zip(pairs, second, strict=True))

    below, above, under, over = _both(z, lean, low, high, log_mixing, shapes, means_of)
    slopes, bends = [], []
    with np.errstate(all="ignore"):
        for sign, tail, means in ((-1.0, below, under), (1.0, above, over)):
            rate = sign * np.exp(log_rate - tail)
            first = (rate, *means[:count])
            by_lean = (rate * (slope - own) for slope, own in zip(rate_slopes, first, strict=True))
            rest = (mean - means[j] * means[k] for (j, k), mean in zip(pairs, means[count:], strict=True))
            slopes.append(first)
            bends.append((*by_lean, *rest))
    return (below, above), (slopes[0], slopes[1]), (bends[0], bends[1])


def _both(
    z: Array,
    lean: Array,
    low: Array,
    high: Array,
    log_mixing: Callable[..., Array],
    shapes: Sequence[Array],
    means_of: Callable[..., Sequence[Array]] = lambda *_: (),
) -> tuple[Array, Array, Array, Array]:
    """Logs of both tails, and means of functions over them: the smaller is summed, and the larger is the rest."""
    flat = [np.ravel(v) for v in (z, lean, low, high, *shapes)]
    # The median lies between 0 and the mean or not far beyond: most rows are summed in the smaller tail at once.
    side = np.where(
        flat[0] > np.where(flat[1] == 0, 0.0, np.copysign(np.exp(0.5 * (flat[2] + flat[3])), flat[1])), -1.0, 1.0
    )
    flat[0], flat[1] = side * flat[0], side * flat[1]
    tail, means = _summed(flat, log_mixing, means_of)
    large = np.flatnonzero(tail > _LOG_HALF)
    if len(large):
        side[large] *= -1.0
        some = [v[large] for v in flat]
        some[0], some[1] = -some[0], -some[1]
        tail[large], means[:, large] = _summed(some, log_mixing, means_of)
    with np.errstate(all="ignore"):
        rest = log1mexp(tail)
        # The larger tail loses what the smaller one gains.
        rest_means = -means * np.exp(tail - rest)
    is_below = side > 0
    both = np.where(is_below, tail, rest), np.where(is_below, rest, tail)
    both_means = np.where(is_below, means, rest_means), np.where(is_below, rest_means, means)
    below, above = (v.reshape(np.shape(z)) for v in both)
    under, over = (v.reshape(len(means), *np.shape(z)) for v in both_means)
    return below, above, under, over


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
    both ends with all derivatives: twice as many nodes square it. For a large lean the normal probability is a step in
    u, at z / lean: then the rule is one in v, with u there plus a multiple of sinh v. All terms are positive, so that
    tails keep their digits.
    """
    tail, means = _summed([np.ravel(v) for v in (z, lean, low, high, *shapes)], log_mixing, means_of)
    return tail.reshape(np.shape(z)), means.reshape(len(means), *np.shape(z))


def _summed(
    flat: Sequence[Array], log_mixing: Callable[..., Array], means_of: Callable[..., Sequence[Array]]
) -> tuple[Array, Array]:
    """The same for arrays of one axis."""
    begin, end = flat[2], flat[3]
    for _ in range(_ROUNDS):
        before = end - begin
        begin, end = _narrowed(flat, begin, end, log_mixing)
        if not np.any(end - begin < _NARROWED * before):
            break
    with np.errstate(divide="ignore", invalid="ignore"):
        place = np.log(flat[0] / flat[1])
        width = 1 / (np.abs(flat[1]) * np.exp(0.5 * place))
        sharp = (begin < place) & (place < end) & (width < _SHARP * (end - begin))
    rows = np.flatnonzero(~sharp)
    found = _settled([v[rows] for v in flat], begin[rows], end[rows], None, log_mixing, means_of)
    if len(rows) < len(sharp):
        plain, found = found, np.empty((len(found), len(sharp)))
        found[:, rows], rows = plain, np.flatnonzero(sharp)
        step = place[rows], width[rows]
        found[:, rows] = _settled([v[rows] for v in flat], begin[rows], end[rows], step, log_mixing, means_of)
    return np.minimum(found[0], 0.0), found[1:]


def _settled(
    flat: Sequence[Array],
    begin: Array,
    end: Array,
    step: tuple[Array, Array] | None,
    log_mixing: Callable[..., Array],
    means_of: Callable[..., Sequence[Array]],
) -> Array:
    """Log of the tail and the means, as a first axis, by as many nodes as they need."""
    if step is not None:
        begin, end = (np.arcsinh((v - step[0]) / step[1]) for v in (begin, end))
    nodes = _FIRST_NODES
    while nodes * len(begin) < _LITTLE and nodes < _MOST_FIRST_NODES:
        nodes = 2 * nodes - 1
    found, settled = _by_rule(flat, begin, end, step, nodes, log_mixing, means_of)
    left = np.flatnonzero(~settled)
    while len(left) and nodes < _MOST_NODES:
        nodes = 2 * nodes - 1
        here = None if step is None else (step[0][left], step[1][left])
        some = [v[left] for v in flat]
        found[:, left], settled = _by_rule(some, begin[left], end[left], here, nodes, log_mixing, means_of)
        left = left[~settled]
    return found


def _by_rule(
    flat: Sequence[Array],
    begin: Array,
    end: Array,
    step: tuple[Array, Array] | None,
    nodes: int,
    log_mixing: Callable[..., Array],
    means_of: Callable[..., Sequence[Array]],
) -> tuple[Array, Mask]:
    """The same by so many nodes, and whether that has settled."""
    columns, settled = [], []
    shares = np.arange(nodes) / (nodes - 1)
    for rows in _blocks(len(begin), nodes):
        at, slant, _, _, *rest = (v[rows, None] for v in flat)
        width = (end - begin)[rows, None]
        u = begin[rows, None] + width * shares
        slope: Any = width[:, 0]
        if step is not None:
            u, stretch = step[0][rows, None] + step[1][rows, None] * np.sinh(u), np.cosh(u)
            slope = slope * step[1][rows]
        logs = _terms(u, at, slant, rest, log_mixing)
        top = np.max(logs, axis=1)
        with np.errstate(invalid="ignore"):
            weight = np.exp(logs - np.where(np.isfinite(top), top, 0.0)[:, None])
        if step is not None:
            weight *= stretch
        total, half = np.sum(weight, axis=1), 2 * np.sum(weight[:, ::2], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = [top + np.log(total) + np.log(slope / (nodes - 1))]
            done = ~(np.abs(total - half) > _SETTLED * total)
            for values in means_of(u, *rest):
                terms = weight * values
                of_all, size = np.sum(terms, axis=1), np.sum(np.abs(terms), axis=1)
                done &= ~(np.abs(of_all - 2 * np.sum(terms[:, ::2], axis=1)) > _SETTLED * size)
                found.append(of_all / total)
        columns.append(np.stack(found))
        settled.append(done)
    return np.concatenate(columns, axis=1), np.concatenate(settled)


def _narrowed(
    flat: Sequence[Array], start: Array, stop: Array, log_mixing: Callable[..., Array]
) -> tuple[Array, Array]:
    """Ends between which the integrand is within `_FOLDS` of its largest: far out it is narrow."""
    last_node = _FIRST_NODES - 1
    shares, step = np.arange(_FIRST_NODES) / last_node, (stop - start) / last_node
    firsts, lasts = [], []
    for rows in _blocks(len(start), _FIRST_NODES):
        at, slant, _, _, *rest = (v[rows, None] for v in flat)
        height = _terms(start[rows, None] + (stop - start)[rows, None] * shares, at, slant, rest, log_mixing)
        inside = height > height.max(axis=1, keepdims=True) - _FOLDS
        firsts.append(np.argmax(inside, axis=1))
        lasts.append(last_node - np.argmax(inside[:, ::-1], axis=1))
    first, last = np.concatenate(firsts), np.concatenate(lasts)
    return start + step * np.maximum(first - 1, 0), start + step * np.minimum(last + 1, last_node)


def _terms(u: Array, at: Array, slant: Array, rest: Sequence[Array], log_mixing: Callable[..., Array]) -> Array:
    """Log of the integrand."""
    root = np.exp(0.5 * u)
    return np.asarray(log_mixing(u, *rest) + special.log_ndtr(at / root - slant * root))


def _blocks(count: int, nodes: int) -> list[slice]:
    """Rows whose nodes fit into the cache; one block at the least."""
    rows = max(1, _TERMS // nodes)
    return [slice(first, first + rows) for first in range(0, max(count, 1), rows)]
