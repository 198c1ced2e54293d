"""Sums of a smooth function over many points, from moments of the points alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.likelihood.kernels import has_numba, in_chunks

MANY = 1_500
"""Points from which moments pay."""

MANY_BY_DIFFERENCES = 800
"""The same of a law whose tails have no second derivatives, so that a step asks for many tails of each point."""

MANY_WITH_KINKS = 20_000
"""Points from which they pay though a kink among them often leaves nothing but rows."""

COMPILED_MOMENTS = 50_000
"""Points from which they are taken by a compiled loop."""

_STRETCHES, _FEW_STRETCHES, _TERMS = 48, 24, 13
"""Into how many pieces the line of very many points is cut, and of fewer, of which a sum by rows costs less."""

_LONG = 30.0
"""Range, in interquartile ranges, from which a line is cut after asinh."""

_TOLERANCE = 1e-12
"""Truncation error, as a share of the mean of the function or of 1, up to which a sum stands."""


@dataclass(frozen=True)
class MomentSum:
    r"""The weighted sum of any smooth function f over points :math:`x_i`, for the price of f at a few hundred nodes.

    The line is cut into short stretches, after a log or asinh where the points spread widely. On each, f is its
    Chebyshev series, :math:`f(x) = \sum_k c_k T_k(s)`, of which the points enter by :math:`\sum_i w_i T_k(s_i)` only:
    sums that add over blocks and do not depend on f. The last coefficients, taken at the nodes of every f, tell what
    the series leaves out (Trefethen 2013, Approximation Theory and Approximation Practice, ch. 2 and 8), so that a
    kink, or an end of a support among the points, is seen: both ends of a stretch are nodes, and no point is beyond.

    Attributes
    ----------
    nodes : ndarray of shape (n_stretches * n_terms,)
        Where f is wanted.
    moments : ndarray of shape (n_stretches, n_terms)
    mass : ndarray of shape (n_stretches,)
        Sum of the absolute weights on each stretch.
    """

    nodes: Array
    moments: Array
    mass: Array
    is_start: bool = False
    """Whether few terms are kept, which is no more than starting values need, and nothing is said of what is left."""

    @classmethod
    def of(cls, x: Array, weight: Array | None, *, positive: bool) -> MomentSum:
        """Take the moments of points.

        Parameters
        ----------
        x : ndarray of shape (n,)
            Finite.
        weight : ndarray of shape (n,), optional
        positive : bool
            Whether f lives on the positive numbers, so that the log of x is its natural coordinate.
        """
        few = np.quantile(x[:: max(1, len(x) // 1000)], [0.25, 0.5, 0.75])
        low, high = float(np.min(x)), float(np.max(x))
        if positive and low > 0:
            kind, centre, spread = "log", 0.0, 1.0
        else:
            centre, spread = float(few[1]), float(few[2] - few[0])
            kind = "asinh" if high - low > _LONG * spread > 0 else "linear"

        def stretched(v: Array) -> Array:
            if kind == "log":
                return np.log(v)
            return np.arcsinh((v - centre) / spread) if kind == "asinh" else v

        first, last = stretched(np.array([low, high])).tolist()
        stretches = _STRETCHES if len(x) >= MANY_WITH_KINKS else _FEW_STRETCHES
        width = (last - first) / stretches or 1.0
        if len(x) >= COMPILED_MOMENTS and has_numba():
            from mle_toolkit.likelihood.kernels.intervals import moments as compiled

            line = (("linear", "log", "asinh").index(kind), centre, spread, first, 1.0 / width, stretches, _TERMS)
            table = in_chunks(compiled, x, weight, *line, threads_from=2).sum(axis=0)
            moments, mass = table[:, :_TERMS].T, table[:, _TERMS]
        else:
            moments, mass = _moments(stretched, x, weight, first, width, stretches)
        seen = mass > 0
        angles = np.arange(_TERMS) * np.pi / (_TERMS - 1)
        at = first + width * (np.flatnonzero(seen)[:, None] + 0.5 * (1.0 + np.cos(angles)))
        nodes = np.exp(at) if kind == "log" else centre + spread * np.sinh(at) if kind == "asinh" else at
        return cls(np.clip(nodes.ravel(), low, high), moments.T[seen], mass[seen])

    def moved(self, centre: float, scale: float) -> MomentSum:
        """The same points in another unit."""
        return replace(self, nodes=(self.nodes - centre) / scale)

    @property
    def for_start(self) -> MomentSum:
        """The same sum with a third of the terms: every third of Chebyshev's nodes are the nodes of so many."""
        nodes = self.nodes.reshape(-1, _TERMS)[:, ::3]
        return MomentSum(nodes.ravel(), self.moments[:, : nodes.shape[1]], self.mass, is_start=True)

    @cached_property
    def _rule(self) -> Array:
        """Weight of the value at each node in the sum over all points."""
        return (self.moments @ _to_coefficients(self.moments.shape[1]).T).ravel()

    def sum(self, values: Array, nobs: float) -> Array | None:
        """Sums over all points, from functions at the nodes; None where one is not smooth enough.

        Parameters
        ----------
        values : ndarray of shape (k, n_nodes)
            One function a row.
        nobs : float
            Number of observations, of which the error is a mean.

        Returns
        -------
        ndarray of shape (k,) or None
        """
        if not np.isfinite(values).all():
            return None
        totals = np.asarray(values @ self._rule)
        if not self.is_start:
            last = values.reshape(len(values), -1, _TERMS) @ _to_coefficients(_TERMS)[:, -2:]
            left_out = np.abs(last).max(axis=2) @ self.mass
            if not (left_out <= _TOLERANCE * np.maximum(nobs, np.abs(totals))).all():
                return None
        return totals


def _moments(
    stretched: Callable[[Array], Array], x: Array, weight: Array | None, first: float, width: float, stretches: int
) -> tuple[Array, Array]:
    """Moments, of shape (n_terms, n_stretches), and sums of absolute weights, of shape (n_stretches,), by blocks."""
    moments = np.zeros((_TERMS, stretches))
    mass = np.zeros(stretches)
    for begin in range(0, len(x), BLOCK_ROWS):
        rows = slice(begin, begin + BLOCK_ROWS)
        t = (stretched(x[rows]) - first) / width
        cell = np.minimum(t.astype(np.intp), stretches - 1)
        s = 2.0 * (t - cell) - 1.0
        before: Array = np.ones(len(s)) if weight is None else weight[rows]
        mass += np.bincount(cell, np.abs(before), stretches)
        moments[0] += np.bincount(cell, before, stretches)
        now = s * before
        s *= 2.0
        for k in range(1, _TERMS):
            moments[k] += np.bincount(cell, now, stretches)
            before, now = now, s * now - before
    return moments, mass


@cache
def _to_coefficients(terms: int) -> Array:
    """Matrix from values at Chebyshev's nodes to the coefficients of the series: the discrete cosine transform."""
    last = terms - 1
    matrix = 2.0 / last * np.cos(np.outer(np.arange(terms), np.arange(terms)) * (np.pi / last))
    matrix[[0, last]] *= 0.5
    matrix[:, [0, last]] *= 0.5
    return np.asarray(matrix)
