"""The likelihood at several parameters at once, as differences need it: few rows cost one call instead of many."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.families.hooks import all_of
from mle_toolkit.families.mass import log_mass, mass_scores
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.sums import Likelihood

_MOST = 30_000
"""Numbers that one call is given at most; of more, the calls are no longer what costs."""

_FEW = 1_500
"""Numbers in one call up to which it costs hardly more than for one law: what a call does beside its numbers."""

_ALIKE = 1e-12
"""Share of the largest by which numbers that a law gives for one law alone, and for one of many, may differ."""


class Several:
    """A law at several parameters, each with rows of its own, in one call: parameters broadcast.

    Laws of this package do. Of another's it is seen: where the first or the last of several is not what it is alone,
    or an array for a parameter is not taken at all, each goes by itself.

    Parameters
    ----------
    likelihood : Likelihood
    """

    def __init__(self, likelihood: Likelihood) -> None:
        family = likelihood.family
        self._one = likelihood
        self._broadcasts = family.all_scalar and not (family.per_row or family.multivariate or family.discrete)
        self._is_seen: set[Callable[..., Any]] = set()

    @cached_property
    def _points(self) -> tuple[Array, Array | None] | None:
        """The points in the unit of the likelihood, and their weights; None where they are no few of one block."""
        if self._one._points is None:
            return np.empty(0), None
        points, unit = self._one._points
        return (unit.apply(points.x), points.weight) if points.in_memory and points.n_rows <= BLOCK_ROWS else None

    def at_once(self, many: int) -> bool:
        """Whether the rows at so many parameters cost one call, hardly dearer than of one; so far as is known."""
        if not self._broadcasts or self._points is None:
            return False
        return many * max(len(self._one.intervals[0]), len(self._points[0])) <= _FEW

    def logliks(self, thetas: Array) -> Array:
        """`Likelihood.mean_loglik` of each; shape (m,)."""
        one = self._one
        points = None if one.plain or one.by_means is not None else self._points
        if not self._broadcasts or points is None:
            return np.array([one.mean_loglik(theta) for theta in thetas])
        x, weight = points
        rows = self._rows(_log_density, thetas, x) if len(x) else np.zeros((len(thetas), 0))
        if rows is None:
            return np.array([one.mean_loglik(theta) for theta in thetas])
        masses = self.mean_masses(thetas)
        with np.errstate(all="ignore"):
            total = np.sum(rows if weight is None else weight * rows, axis=-1) / one.nobs + masses
        return np.where(total < np.inf, total, -np.inf)

    def point_scores(self, thetas: Array) -> Array:
        """`Likelihood.mean_score` of each; shape (m, p)."""
        one = self._one
        points = None if one.plain or one.by_means is not None else self._points
        if points is not None and len(points[0]):
            x, weight = points
            rows = self._rows(_scores, thetas, x)
            if rows is not None:
                return np.asarray(np.sum(rows if weight is None else weight * rows, axis=-1).T / one.nobs)
        return np.array([one.mean_score(theta) for theta in thetas])

    def mean_masses(self, thetas: Array) -> Array:
        """`Likelihood.mean_mass` of each; shape (m,)."""
        of_rows = self._masses_of_rows(thetas)
        if of_rows is not None:
            return of_rows
        total = self._summed(_log_masses, thetas)
        if total is None:
            return np.array([self._one.mean_mass(theta) for theta in thetas])
        return np.where(total[0] < np.inf, total[0], -np.inf)

    def _masses_of_rows(self, thetas: Array) -> Array | None:
        """The same of a regression, whose rows are those of one law of many parameters; None where it is none.

        A law that takes few rows otherwise than many is asked one by one, and one that is cheaper with derivatives.
        """
        one = self._one
        law, (lower, upper, weight) = one._interval_law, one.intervals
        many, length = len(thetas), len(lower)
        if not isinstance(law, Model) or law.base.per_row or law.base.dear_tails or one.with_moments:
            return None
        if not law.dear_masses or not 0 < many * length <= _MOST:
            return None
        with np.errstate(all="ignore"):
            of_each = [law.at_rows(law.unpack(theta)).params for theta in thetas]
            params = tuple(
                np.concatenate([np.broadcast_to(v, length) for v in by]) for by in zip(*of_each, strict=True)
            )
            again = [np.tile(end, many) for end in (lower, upper)]
            rows = log_mass(law.base, params, *again).reshape(many, length)
            total = np.sum(weight * np.where(np.isnan(rows), -np.inf, rows), axis=-1) / one.nobs
        return np.where(total < np.inf, total, -np.inf)

    def mean_mass_scores(self, thetas: Array) -> Array | None:
        """`Likelihood.mean_mass_score` of each; shape (m, p). None where one of them is None."""
        one = self._one
        if (one.family.tail_scores is not None or one.family.log_mass_scores is not None) and not one.sums_masses:
            total = self._summed(_mass_scores, thetas)
            if total is not None:
                return total.T if np.all(np.isfinite(total)) else None
        found = []
        for theta in thetas:
            score = one.mean_mass_score(theta)
            if score is None:
                return None
            found.append(score)
        return np.array(found)

    def _summed(self, of: Callable[..., Array], thetas: Array) -> Array | None:
        """Means over all intervals of k functions of each; shape (k, m). None where they must be asked one by one.

        Where one is not smooth at the nodes of intervals that have moments, all intervals are summed one by one.
        """
        one, many = self._one, len(thetas)
        lower, upper, weight = one.intervals
        parts = all_of(self._rows(of, thetas, *part.ends) for part in one.with_moments)
        rows = self._rows(of, thetas, lower, upper) if len(lower) or not parts else np.zeros((1, many, 0))
        if rows is None or parts is None:
            return None
        with np.errstate(all="ignore"):
            total = np.sum(weight * rows, axis=-1)
            for values, (_, sign, points) in zip(parts, one.with_moments, strict=True):
                sums = [points.sum(values[:, k], one.nobs) for k in range(many)]
                nothing = np.full(len(values), np.nan)
                total = total + sign * np.stack([nothing if part is None else part for part in sums], axis=1)
            rough = np.isnan(total).any(axis=0)
            if parts and rough.any():
                lower, upper, weight = one.all_intervals
                rows = self._rows(of, thetas[rough], lower, upper)
                if rows is None:
                    return None
                total[:, rough] = np.sum(weight * rows, axis=-1)
        return np.asarray(total / one.nobs)

    def _rows(self, of: Callable[..., Array], thetas: Array, *ends: Array) -> Array | None:
        """What a function of law, parameters and rows gives for each of the parameters; shape (..., m, n).

        None where it must be asked one by one.
        """
        many, length = len(thetas), len(ends[0])
        if not self._broadcasts or many * length > _MOST:
            return None
        law = self._one.family
        params = tuple(values.repeat(length) for values in thetas.T)
        again = [end[None].repeat(many, axis=0).ravel() for end in ends]  # as np.tile, which takes longer
        with np.errstate(all="ignore"):
            if of in self._is_seen:
                return self._shaped(of(law, params, *again), many, length)
            alone = [of(law, law.unpack(thetas[k]), *ends) for k in (0, -1)]
            try:
                found = self._shaped(of(law, params, *again), many, length)
            except (TypeError, ValueError, ArithmeticError, IndexError):
                self._broadcasts = False  # a law that is not of this package
                return None
        for k, own in zip((0, -1), alone, strict=True):
            size = float(np.max(np.abs(own), initial=0.0, where=np.isfinite(own)))
            if not np.allclose(found[..., k, :], own, rtol=_ALIKE, atol=_ALIKE * size, equal_nan=True):
                self._broadcasts = False
                return None
        self._is_seen.add(of)
        return found

    @staticmethod
    def _shaped(values: Array, many: int, length: int) -> Array:
        return np.asarray(values).reshape((*np.shape(values)[:-1], many, length))


def _log_density(law: Any, params: tuple[Any, ...], x: Array) -> Array:
    return np.broadcast_to(np.asarray(law.logpdf(x, *params), dtype=float), x.shape)


def _scores(law: Any, params: tuple[Any, ...], x: Array) -> Array:
    return np.array([np.broadcast_to(np.asarray(by, dtype=float), x.shape) for by in law.score(x, *params)])


def _log_masses(law: Any, params: tuple[Any, ...], lower: Array, upper: Array) -> Array:
    return log_mass(law, params, lower, upper)[None]


def _mass_scores(law: Any, params: tuple[Any, ...], lower: Array, upper: Array) -> Array:
    return mass_scores(law, params, lower, upper)
