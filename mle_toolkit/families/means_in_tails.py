"""Derivatives of the logs of tails by a shape, near a law for which formulas cancel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.families.special import legendre

_NODES, _DEPTH = 32, 40.0
"""Nodes of a mean, and how far the log-density falls over them."""

_STRAIGHT = 0.6
"""Share of its bend that a log-density keeps on the way outward, at the least."""


def means_in_tails(
    density: Callable[[Array], tuple[Array, Array]],
    z: Array,
    *,
    up: NDArray[np.bool_],
    steep: Array,
    bend: Array,
    room: Array,
    log_tails: tuple[Array, Array],
) -> tuple[Array, Array]:
    """Derivatives of the logs of both tails by a shape.

    Of the smaller tail it is the mean there of that of the log-density, by Gauss-Legendre quadrature: of laws that are
    nearly normal good to 1e-14, as nothing cancels. The other follows, as both have a sum of 1.

    Parameters
    ----------
    density : callable
        From places of shape (k, n) to the log-density of each law there, and its derivative by the shape.
    z : ndarray of shape (n,)
        Where the tails begin.
    up : ndarray of bool of shape (n,)
        Whether the upper tail is the smaller one.
    steep, bend : ndarray of shape (n,)
        How fast the log-density falls at z, outward, and how fast that grows.
    room : ndarray of shape (n,)
        How far outward there is any density.
    log_tails : pair of ndarray of shape (n,)
        Logs of the lower and of the upper tail.

    Returns
    -------
    tuple of ndarray of shape (n,)
        Of the lower tail, of the upper one.
    """
    reach = np.minimum(reach_outward(steep, bend), room)
    nodes, weights = legendre(_NODES)
    height, slope = density(z + np.where(up, reach, -reach) * (0.5 * (1.0 + nodes[:, None])))
    below, above = log_tails
    with np.errstate(under="ignore"):
        mass = weights[:, None] * np.exp(height - height[0])
        own = (mass * slope).sum(axis=0) / mass.sum(axis=0)
        other = -own * np.exp(np.where(up, above - below, below - above))
    return np.where(up, other, own), np.where(up, own, other)


def reach_outward(steep: Array, bend: Array) -> Array:
    """How far outward the log-density falls by what leaves no digit."""
    return np.asarray(2 * _DEPTH / (steep + np.sqrt(steep * steep + 2 * _DEPTH * _STRAIGHT * bend)))
