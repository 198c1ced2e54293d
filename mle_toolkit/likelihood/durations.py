"""Durations of a regression of few rows: those that ended, and those that last on, in one pass over both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.rows import some_of
from mle_toolkit.data.sample import Sample
from mle_toolkit.families.base import Family
from mle_toolkit.families.hooks import needed
from mle_toolkit.families.mass import log_mass, open_ends
from mle_toolkit.likelihood.model import Model
from mle_toolkit.likelihood.unit import ColumnUnits, Unit


class Durations(NamedTuple):
    """Events, and behind them durations that last on, in the unit of the likelihood.

    Attributes
    ----------
    model : Model
        Of these rows, in their order.
    rows : ndarray of int
        Their numbers among the rows of the sample.
    x : ndarray of shape (n,)
    weight : ndarray of shape (n,), or None
    events : int
        How many they are.
    nobs : float
        Sum of the weights.
    """

    model: Model
    rows: NDArray[np.intp]
    x: Array
    weight: Array | None
    events: int
    nobs: float

    @classmethod
    def of(cls, family: Family, data: Sample, unit: Unit | ColumnUnits) -> Durations | None:
        """Those of a sample; None of other data, of many rows, and of laws without the derivatives of both kinds."""
        if not isinstance(family, Model) or family.base.per_row or family.kinked is not None:
            return None
        if family.base.expansion is None or family.base.sf_expansion is None or data.window is not None:
            return None
        if not (data.in_memory and data.n_rows <= BLOCK_ROWS == family.rows_at_once):
            return None
        seen = data.lower == data.upper
        below, above = open_ends(family.base, data.lower[~seen], data.upper[~seen])
        if not seen.any() or below.any() or not above.all():
            return None
        rows = np.concatenate([np.flatnonzero(seen), np.flatnonzero(~seen)])
        weight = None if data.weight is None else data.weight[rows]
        model = family.given(some_of(data.known, rows))
        return cls(model, rows, unit.apply(data.lower[rows]), weight, int(np.count_nonzero(seen)), data.nobs)

    def means(self, coefficients: Sequence[Any]) -> Array | None:
        """Means of log-likelihood, score and second derivatives (upper triangle); None where one of them is lost."""
        base, count = self.model.base, len(self.model.parameters)
        with np.errstate(all="ignore"):
            at = self.model.at_rows(coefficients)
            ended, lasting = self._parted(at.params)
            of_events = needed(base, base.expansion, "expansion")(self.x[: self.events], *ended)
            if of_events is None:
                return None
            of_others = needed(base, base.sf_expansion, "sf_expansion")(self.x[self.events :], *lasting)
            parts = [(known[0], *known[1], *known[2]) for known in (of_events, of_others)]
            every = np.empty((len(parts[0]), len(self.x)))
            for row, one, other in zip(every, *parts, strict=True):
                row[: self.events], row[self.events :] = one, other  # each may be one number
            score, second = every[1 : 1 + count], every[1 + count :]
            sums = self.model.summed(at, every[0], score, second, self.weight, len(self.x))
        return sums / self.nobs if np.isfinite(sums).all() else None

    def rows_of(self, coefficients: Sequence[Any], by_tails: bool) -> Array:
        """Log-likelihood of every row, in the order of the sample; see `log_mass` of the option."""
        base, lower, found = self.model.base, self.x[self.events :], np.empty(len(self.x))
        with np.errstate(all="ignore"):
            ended, lasting = self._parted(self.model.at_rows(coefficients).params)
            found[: self.events] = base.logpdf(self.x[: self.events], *ended)
            upper = np.full(len(lower), np.inf)
            found[self.events :] = log_mass(base, tuple(lasting), lower, upper, by_tails=by_tails)
        in_order = np.empty(len(self.x))
        in_order[self.rows] = np.where(np.isnan(found), -np.inf, found)
        return in_order

    def _parted(self, params: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Parameters of the events, and of the others."""
        first, last = slice(self.events), slice(self.events, None)
        ended, lasting = ([p[k] if isinstance(p, np.ndarray) else np.float64(p) for p in params] for k in (first, last))
        return ended, lasting
