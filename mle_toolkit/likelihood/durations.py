"""Durations of a regression of few rows: those that ended, and those that last on, in one pass over both."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.rows import some_of
from mle_toolkit.data.sample import Sample
from mle_toolkit.families.base import Family
from mle_toolkit.families.hooks import needed
from mle_toolkit.families.mass import log_mass_above, open_ends
from mle_toolkit.likelihood.designs import Columns
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.triangles import symmetric
from mle_toolkit.likelihood.unit import ColumnUnits, Unit
from mle_toolkit.numerics.cached import cached_property


class Durations:
    """Durations, of which some ended and others last on, in the unit of the likelihood.

    Attributes
    ----------
    model : Model
        Of these rows.
    x : ndarray of shape (n,)
    weight : ndarray of shape (n,), or None
    ended : mask of shape (n,)
        Which of them ended.
    rows : tuple of ndarray of int
        Where those stand that ended, and where the others.
    nobs : float
        Sum of the weights.
    """

    def __init__(
        self,
        model: Model,
        x: Array,
        weight: Array | None,
        ended: Mask,
        rows: tuple[NDArray[np.intp], NDArray[np.intp]],
        nobs: float,
    ) -> None:
        self.model, self.x, self.weight, self.ended, self.rows, self.nobs = model, x, weight, ended, rows, nobs

    @classmethod
    def of(cls, family: Family, data: Sample, unit: Unit | ColumnUnits) -> Durations | None:
        """Those of a sample; None of other data, of many rows, and of laws without the derivatives of both kinds."""
        if not isinstance(family, Model) or family.base.per_row or family.kinked is not None:
            return None
        if family.base.expansion is None or family.base.sf_expansion is None or data.window is not None:
            return None
        if not (data.in_memory and data.n_rows <= BLOCK_ROWS == family.rows_at_once):
            return None
        ended = data.lower == data.upper
        seen, others = ended.nonzero()[0], (~ended).nonzero()[0]
        below, above = open_ends(family.base, data.lower[others], data.upper[others])
        if not len(seen) or below.any() or not above.all():
            return None
        return cls(family.given(data.known), unit.apply(data.lower), data.weight, ended, (seen, others), data.nobs)

    def means(self, theta: Array) -> tuple[float, Array, Array] | None:
        """Means of log-likelihood, score and second derivatives; None where one of them is lost."""
        with np.errstate(all="ignore"):
            by_log = self._by_log
            known = self._by_kind.sums(self.model.unpack(theta)) if by_log is None else by_log.sums(theta)
        if known is None:
            return None
        value, score, second = known
        if not math.isfinite(value + np.add.reduce(score) + np.add.reduce(second, axis=None)):
            return None  # one that is not finite leaves no sum that is
        return value / self.nobs, score / self.nobs, second / self.nobs

    def rows_of(self, coefficients: Sequence[Any], by_tails: bool) -> Array:
        """Log-likelihood of every row; see `log_mass` of the option."""
        base, found = self.model.base, np.empty(len(self.x))
        seen, others = self.rows
        with np.errstate(all="ignore"):
            params = self.model.at_rows(coefficients).params
            ended, lasting = (
                [p[rows] if isinstance(p, np.ndarray) else np.float64(p) for p in params] for rows in self.rows
            )
            found[seen] = base.logpdf(self.x[seen], *ended)
            found[others] = log_mass_above(base, tuple(lasting), self.x[others], by_tails=by_tails)
        return np.where(np.isnan(found), -np.inf, found)

    @cached_property
    def _by_log(self) -> _ByLog | None:
        return _ByLog.of(self)

    @cached_property
    def _by_kind(self) -> _ByKind:
        return _ByKind.of(self)


class _ByKind(NamedTuple):
    """Events, and behind them durations that last on.

    Attributes
    ----------
    model : Model
        Of the rows in this order.
    x : ndarray of shape (n,)
    weight : ndarray of shape (n,), or None
    events : int
        How many they are.
    """

    model: Model
    x: Array
    weight: Array | None
    events: int

    @classmethod
    def of(cls, given: Durations) -> _ByKind:
        """Those of durations in any order."""
        rows = np.concatenate(given.rows)
        weight = None if given.weight is None else given.weight[rows]
        model = given.model.given(some_of(given.model.known, rows))
        return cls(model, given.x[rows], weight, len(given.rows[0]))

    def sums(self, coefficients: Sequence[Any]) -> tuple[float, Array, Array] | None:
        """Sums of log-likelihood, score and second derivatives by all coefficients; None where one is lost."""
        base, count, p = self.model.base, len(self.model.parameters), self.model.places[-1].stop
        at = self.model.at_rows(coefficients)
        first, last = slice(self.events), slice(self.events, None)
        ended, lasting = (
            [p[rows] if isinstance(p, np.ndarray) else np.float64(p) for p in at.params] for rows in (first, last)
        )
        of_events = needed(base, base.expansion, "expansion")(self.x[first], *ended)
        if of_events is None:
            return None
        of_others = needed(base, base.sf_expansion, "sf_expansion")(self.x[last], *lasting)
        parts = [(known[0], *known[1], *known[2]) for known in (of_events, of_others)]
        every = np.empty((len(parts[0]), len(self.x)))
        for row, one, other in zip(every, *parts, strict=True):
            row[first], row[last] = one, other  # each may be one number
        score, second = every[1 : 1 + count], every[1 + count :]
        sums = self.model.summed(at, every[0], score, second, self.weight, len(self.x))
        return float(sums[0]), sums[1 : 1 + p], symmetric(sums[1 + p :])


class _ByLog(NamedTuple):
    """Durations of a law whose scale, its last parameter, is given by its log, the others being numbers.

    Attributes
    ----------
    derivatives : callable
        `Family.durations_by_log` of the law.
    log_x, ended : ndarray of shape (n,)
        Logs of the durations, and 1 of those that ended, 0 of the others.
    weight : ndarray of shape (n,), or None
    design : ndarray of shape (k, n)
        Columns of the predictor, one a line.
    fixed : ndarray of shape (n,), or float
        What the predictor has without coefficients.
    """

    derivatives: Callable[..., tuple[Array, tuple[Array, ...], tuple[Array, ...]]]
    log_x: Array
    ended: Array
    weight: Array | None
    design: Array
    fixed: Array | float

    @classmethod
    def of(cls, given: Durations) -> _ByLog | None:
        """Those of durations; None of laws, and of predictors, that have no such form."""
        model, x = given.model, given.x
        law, term = model.base, model.linear.get(model.parameters[-1].name)
        if law.durations_by_log is None or term is None or len(model.linear) > 1 or term.link.name != "log":
            return None
        columns = term.columns(model.rows)
        if term.run_off is not None or not isinstance(columns, Columns):
            return None
        with np.errstate(all="ignore"):  # what has no log is seen in the sums
            log_x = np.log(x)
        lines = np.ascontiguousarray(columns.matrix.T if columns.by is None else columns.by.T @ columns.matrix.T)
        ended = given.ended.astype(float)
        return cls(law.durations_by_log, log_x, ended, given.weight, lines, term.fixed_part(model.rows))

    def sums(self, theta: Array) -> tuple[float, Array, Array]:
        """Sums of log-likelihood, score and second derivatives by all coefficients."""
        design, p = self.design, len(theta)
        count = p - len(design)
        log_scale = theta[count:] @ design + self.fixed
        value, score, second = self.derivatives(self.log_x, self.ended, *theta[:count].tolist(), log_scale)
        if (weight := self.weight) is not None:
            value = weight * value
            score, second = (tuple([weight * each for each in of_rows]) for of_rows in (score, second))
        gradient, hessian, of_pairs = np.empty(p), np.empty((p, p)), iter(second)
        # All products with the design are one: of its score, of what it shares with the numbers, of itself.
        lines = np.empty((1 + p, design.shape[1]))
        lines[0] = score[count]
        for j in range(count):
            gradient[j] = np.add.reduce(score[j])
            for k in range(j, count):
                hessian[j, k] = hessian[k, j] = np.add.reduce(next(of_pairs))
            lines[1 + j] = next(of_pairs)
        np.multiply(design, next(of_pairs), out=lines[1 + count :])
        products = lines @ design.T
        shared, own = products[1 : 1 + count], products[1 + count :]
        gradient[count:], hessian[:count, count:], hessian[count:, :count] = products[0], shared, shared.T
        hessian[count:, count:] = 0.5 * (own + own.T)
        return float(np.add.reduce(value)), gradient, hessian
