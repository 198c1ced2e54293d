"""Functions of one variable at many places, by polynomials between a few."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev

from mle_toolkit._typing import Array

_NODES = 16
_HALVINGS = 6
"""Nodes of a panel, and how often a panel of width 1 is halved until its polynomials have settled."""

_REMEMBERED = 3
"""Sets of places of which the values are kept: those of points, and of the ends of intervals or windows."""

_POINTS = chebyshev.chebpts1(_NODES)
_TO_COEFFICIENTS = np.linalg.inv(chebyshev.chebvander(_POINTS, _NODES - 1))


class Panels:
    """Polynomials through several dear functions of x on panels, made where they are asked for.

    Parameters
    ----------
    values : callable
        Takes x of shape (n,), returns the functions there, shape (n, columns).
    forward, back : callable
        From x to a coordinate w in which panels have a width of at most 1, and its inverse.
    settled : ndarray of shape (columns,)
        Size of the last two coefficients of a polynomial, over that of its values, that ends the halving of a panel;
        infinite for a column that is not to be looked at, and may be NaN.
    floor : array_like, optional
        Sizes of values below this count as this.
    few : int
        Places up to which the functions are taken as they are, by one call.

    Notes
    -----
    Where a panel has not settled at its smallest width, or is asked for few places, the functions are taken as they
    are. So each value is as exact as ``settled`` says, and does not depend on the others by more.
    """

    def __init__(
        self,
        values: Callable[[Array], Array],
        forward: Callable[[Array], Array],
        back: Callable[[Array], Array],
        settled: Array,
        floor: Array | float = 1.0,
        few: int = 0,
    ) -> None:
        self._values, self._forward, self._back = values, forward, back
        self._settled, self._floor = settled, floor
        self._asked = np.isfinite(settled)
        self._panels: dict[tuple[int, int], Array | None] = {}
        """By halvings and place; None where the panel must be halved."""
        self._last: tuple[tuple[Array, Array], ...] = ()
        self._few = few

    def at(self, x: Array, *, once: bool = False) -> Array:
        """Columns at x of shape (n,); shape (n, columns).

        Where no other x will be asked for (``once``) a panel is made only where it saves work.
        """
        for known, found in self._last:
            if np.array_equal(known, x):
                return found
        values = self._values(x) if 0 < len(x) <= self._few else self._by_panels(x, once=once)
        self._last = ((x.copy(), values), *self._last[: _REMEMBERED - 1])
        return values

    def _by_panels(self, x: Array, *, once: bool) -> Array:
        w = self._forward(x)
        values = np.empty((len(x), len(self._settled)))
        left, alone = np.arange(len(x)), [np.zeros(0, dtype=int)]
        for halvings in range(_HALVINGS + 1):
            places = np.floor(w[left] * 2**halvings).astype(int)
            order = np.argsort(places, kind="stable")
            left, places = left[order], places[order]
            keys, firsts, counts = np.unique(places, return_index=True, return_counts=True)
            if once and counts.min(initial=_NODES) < _NODES:
                few = np.repeat(counts < _NODES, counts)
                alone.append(left[few])
                left, places = left[~few], places[~few]
                keys, firsts = np.unique(places, return_index=True)
            self._make(halvings, [key for key in keys.tolist() if (halvings, key) not in self._panels])
            basis = chebyshev.chebvander(2 * (w[left] * 2**halvings - places) - 1, _NODES - 1)
            rough = []
            for key, rows in zip(keys.tolist(), np.split(np.arange(len(left)), firsts[1:]), strict=False):
                coefficients = self._panels[halvings, key]
                if coefficients is None:
                    rough.append(left[rows])
                else:
                    values[left[rows]] = basis[rows] @ coefficients
            left = np.concatenate(rough) if rough else left[:0]
            if not len(left):
                break
        left = np.concatenate([left, *alone])
        if len(left):
            values[left] = self._values(x[left])
        return values

    def _make(self, halvings: int, keys: list[int]) -> None:
        """Take the functions at the nodes of new panels."""
        if not keys:
            return
        w = (np.array(keys)[:, None] + 0.5 + 0.5 * _POINTS) / 2**halvings
        values = self._values(self._back(w.ravel())).reshape(len(keys), _NODES, len(self._settled))
        for key, columns in zip(keys, values, strict=True):
            self._panels[halvings, key] = None
            if np.all(np.isfinite(columns[:, self._asked])):
                coefficients = np.asarray(_TO_COEFFICIENTS @ np.where(np.isfinite(columns), columns, np.nan))
                size = np.maximum(self._floor, np.max(np.abs(columns), axis=0))
                if np.all((np.abs(coefficients[-2:]) <= self._settled * size)[:, self._asked]):
                    self._panels[halvings, key] = coefficients
