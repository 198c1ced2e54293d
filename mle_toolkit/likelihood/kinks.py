"""Predictors of a location at which the density of every row has a kink: least absolute deviations, and quantiles.

Where the log-density falls in a straight line on either side of the location, the best coefficients solve a linear
program. They fit some rows exactly, as many as there are coefficients, and no derivative vanishes there: it jumps over
0 from one side of each of those rows to the other.

Sources: Koenker & Bassett (1978), Econometrica 46, 33-50; Koenker (2005), Quantile Regression, sec. 2.2 (the program
and its dual), 3.4 (the density at the kink) and 4.10.1 (its bandwidth).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mle_toolkit._typing import Array, Mask

_EXACT = 1e-9
"""Share of the terms of a residual below which it is the rounding of zero."""

_NEAR = 1e-9
"""Share of the way between the limits of a slope within which it is at one of them."""

_WHOLE = 3_000
"""Rows of which a linear program is solved as a whole."""


@dataclass(frozen=True)
class Kinks:
    """What the likelihood says of the coefficients of a location, all other parameters being known.

    Parameters
    ----------
    design : ndarray of shape (n, k)
    wanted : ndarray of shape (n,)
        What the predictors would be if they fitted every row.
    below, above : ndarray of shape (n,)
        Rates at which the log-density of a row falls where the observation is below, or above, its location.
    weight : ndarray of shape (n,), or None
    """

    design: Array
    wanted: Array
    below: Array
    above: Array
    weight: Array | None

    @cached_property
    def _weights(self) -> Array:
        return np.ones(len(self.wanted)) if self.weight is None else self.weight

    def best(self) -> Array | None:
        """The coefficients at which the likelihood is highest; None if the program has no solution.

        Of many rows most are so far from the best predictor that their side of it is known, and count by their sum
        (Portnoy & Koenker 1997, Statistical Science 12, 279-300, sec. 5); a side that was wrong costs another turn.
        """
        count = len(self.wanted)
        if count <= _WHOLE:
            return self._solved(np.arange(count), None)
        step = -(-count // _WHOLE)
        near = self.rows(np.arange(0, count, step)).best()
        size = max(_WHOLE, count // 16)
        while near is not None and size < count:
            left = self.left(near)
            kept = np.argpartition(np.abs(left) * np.sqrt(self.below * self.above), size)[:size]
            found = self._solved(kept, left < 0)
            if found is not None:
                apart = np.ones(count, dtype=bool)
                apart[kept] = False
                wrong = apart & ((self.left(found) < 0) != (left < 0))
                if not wrong.any():
                    return found
                near = found
            size *= 2
        return self._solved(np.arange(count), None)

    def rows(self, some: NDArray[np.intp]) -> Kinks:
        """The same of some rows."""
        weight = None if self.weight is None else self.weight[some]
        return Kinks(self.design[some], self.wanted[some], self.below[some], self.above[some], weight)

    def _solved(self, kept: NDArray[np.intp], is_below: Mask | None) -> Array | None:
        """The coefficients by the program of some rows; of the others it is given which are below their location."""
        from scipy import optimize

        program: Any = optimize.linprog  # whose stubs do not know arrays of open length
        low, high = self.limits
        pull = np.zeros(self.design.shape[1])
        if is_below is not None:
            apart = np.ones(len(self.wanted), dtype=bool)
            apart[kept] = False
            pull = self.design[apart].T @ np.where(is_below, low, high)[apart]
        # The dual: one number a row, its slope, which balance each other; the coefficients are what that costs.
        limits = np.stack([low[kept], high[kept]], axis=1)
        solved = program(-self.wanted[kept], A_eq=self.design[kept].T, b_eq=-pull, bounds=limits, method="highs")
        if solved.status != 0:
            return None
        near = -np.asarray(solved.eqlin.marginals, dtype=float)
        room = np.minimum(solved.x - limits[:, 0], limits[:, 1] - solved.x)
        return self._polished(near, kept, room <= _NEAR * (limits[:, 1] - limits[:, 0]))

    def _polished(self, near: Array, kept: NDArray[np.intp], at_limit: Mask) -> Array:
        """The coefficients that fit the rows exactly which the solution of a program nearly fits."""
        left, size = np.abs(self.left(near)[kept]), self.design.shape[1]
        order = np.lexsort((left, at_limit))  # a row whose slope is between its limits is fitted
        for count in range(size, min(2 * size, len(order)) + 1):
            matrix = self.design[kept[order[:count]]]
            if np.linalg.matrix_rank(matrix) < size:
                continue
            exact = np.asarray(np.linalg.lstsq(matrix, self.wanted[kept[order[:count]]], rcond=None)[0], dtype=float)
            return exact if self.cost(exact) <= self.cost(near) * (1 + _EXACT) else near
        return near

    def left(self, coefficients: Array) -> Array:
        """Residuals; shape (n,)."""
        return np.asarray(self.wanted - self.design @ coefficients)

    def cost(self, coefficients: Array) -> float:
        """By how much the log-likelihood is below that of rows that are all fitted exactly."""
        left = self.left(coefficients)
        return float(np.sum(self._weights * np.where(left < 0, -self.below, self.above) * left))

    def are_fitted(self, coefficients: Array) -> Mask:
        """Which rows are fitted exactly; shape (n,)."""
        terms = np.abs(self.wanted) + np.abs(self.design) @ np.abs(coefficients)
        return np.asarray(np.abs(self.left(coefficients)) <= _EXACT * terms)

    @cached_property
    def limits(self) -> tuple[Array, Array]:
        """The least and the greatest slope of each row, by what its predictor should be."""
        return -self.below * self._weights, self.above * self._weights

    @cached_property
    def products(self) -> Array:
        """Products of the columns, by weights and by the rates of the rows; shape (k, k)."""
        return np.asarray(self.design.T @ ((self._weights * self.below * self.above)[:, None] * self.design))

    def balance(self, coefficients: Array, others: Array | float = 0.0) -> Array:
        """The slope of the log-likelihood that is nearest to 0 between those on all sides of a point; shape (k,).

        At the maximum it is 0: the other rows, and what else there is, pull no more than rows that are fitted exactly
        can hold.
        """
        from scipy import optimize

        left, fitted = self.left(coefficients), self.are_fitted(coefficients)
        slope = self._weights * np.where(left < 0, -self.below, self.above)
        pull = self.design[~fitted].T @ slope[~fitted] + others
        if not fitted.any():
            return np.asarray(pull)
        low, high = (limit[fitted] for limit in self.limits)
        matrix, count = self.design[fitted].T, int(np.count_nonzero(fitted))
        if count <= len(pull):
            held = np.linalg.lstsq(matrix, -pull, rcond=None)[0]
            if np.all((held >= low) & (held <= high)):
                return np.asarray(pull + matrix @ held)
        nearest: Any = optimize.lsq_linear
        method = "bvls" if count < _FEW else "trf"
        return np.asarray(pull + matrix @ nearest(matrix, -pull, (low, high), method=method, tol=1e-14).x)

    def excess(self, coefficients: Array, nobs: float) -> Array:
        """What the information about the coefficients has more by the density at the kink than by the law; (k, k)."""
        product = self.below * self.above
        seen = (self.below + self.above) * np.sqrt(product) * self.density(coefficients, nobs)
        return np.asarray(self.design.T @ ((self._weights * (seen - product))[:, None] * self.design))

    def density(self, coefficients: Array, nobs: float) -> float:
        """The density of a residual at 0, in units in which the rates of its row multiply to 1: by a kernel.

        Epanechnikov's, with the bandwidth of Hall & Sheather (1988, JRSS B 50, 381-391) for the share of rows below.
        """
        z = self.left(coefficients) * np.sqrt(self.below * self.above)
        weight = self._weights / np.sum(self._weights)
        share = float(np.sum(weight * self.above / (self.below + self.above)))
        normal = float(special.ndtri(share))
        height = float(np.exp(-0.5 * normal**2) / np.sqrt(2 * np.pi))
        width = nobs ** (-1 / 3) * _NORMAL ** (2 / 3) * (1.5 * height**2 / (2 * normal**2 + 1)) ** (1 / 3)
        width = min(width, 0.99 * share, 0.99 * (1 - share))
        order = np.argsort(z)
        quartiles = np.interp([0.25, 0.75], np.cumsum(weight[order]), z[order])
        spread = np.sqrt(np.sum(weight * np.square(z - np.sum(weight * z))))
        size = min(float(spread), float(quartiles[1] - quartiles[0]) / 1.34) or float(spread)
        reach = size * float(special.ndtri(share + width) - special.ndtri(share - width))
        kernel = 0.75 * np.maximum(1 - np.square(z / reach), 0.0)
        return float(np.sum(weight * kernel) / reach)


_FEW = 200
"""Rows that are fitted exactly up to which what they hold is found by an active set."""

_NORMAL = float(special.ndtri(0.975))
