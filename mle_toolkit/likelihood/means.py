"""The likelihood of points of which means of statistics are all that counts: of an exponential family."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.families.exponential_family import ExponentialFamily, within_range
from mle_toolkit.likelihood.parts import base_part, statistics_part
from mle_toolkit.likelihood.unit import ColumnUnits, Unit
from mle_toolkit.numerics.cached import cached_property


@dataclass(frozen=True)
class Means:
    """The mean log-likelihood of points and its derivatives, by means of statistics that are taken once, when asked.

    Parameters
    ----------
    law : ExponentialFamily
        In the unit of the likelihood; its constants are the same in every row.
    points : Sample
        In the unit of the data.
    nobs : float
    unit : Unit or ColumnUnits
    compiled : bool
        Whether compiled sums are taken.
    """

    law: ExponentialFamily
    points: Sample
    nobs: float
    unit: Unit | ColumnUnits
    compiled: bool

    @cached_property
    def sums(self) -> Array:
        """Sums of the statistics."""
        noted = self.points.summed_ahead
        if noted is not None and noted.name == self.law.name and noted.unit == self.unit:
            return np.asarray(noted.sums)
        part = statistics_part(self.law, self.unit, compiled=self.compiled, weighted=self.points.is_weighted)
        return self.points.fold(*part)

    @cached_property
    def statistics(self) -> tuple[float, ...]:
        """Means of the statistics; and the ends of the data, for a law whose support ends at a parameter."""
        means = tuple((self.sums / self.nobs).tolist())
        if self.law.with_ends:
            means += tuple(self.unit.apply(np.array([self.points.minimum, self.points.maximum])).tolist())
        return means

    @cached_property
    def base(self) -> float:
        """Mean of the part of the log-density that has no parameters."""
        if self.law.log_base is None:
            return 0.0
        return float(self.points.fold(*base_part(self.law, self.unit))) / self.points.nobs

    def loglik(self, params: tuple[Any, ...]) -> float:
        """Mean log-density.

        Raises
        ------
        RangeError
            Where a formula leaves the range of numbers; so does `score`.
        """
        return float(within_range(self.law.log_density, self.statistics, *params)) + self.base

    def score(self, params: tuple[Any, ...]) -> Array:
        """Mean of the score; shape (p,)."""
        return np.array([float(s) for s in within_range(self.law.score_of, self.statistics, *params)])

    def expansion(self, share: float, params: tuple[Any, ...]) -> list[float] | None:
        """A share of the mean log-density, score and second derivatives (upper triangle); None where these lack."""
        law = self.law
        if law.hessian_of is None:
            return None
        try:
            with np.errstate(all="ignore"):
                value = float(law.log_density(self.statistics, *params)) + self.base
                slopes, bends = law.score_of(self.statistics, *params), law.hessian_of(self.statistics, *params)
                return [share * value, *[share * float(term) for term in (*slopes, *bends)]]
        except (ArithmeticError, ValueError):  # a trial point at which a power leaves the range of numbers
            p = len(params)
            return [math.nan] * (1 + p + p * (p + 1) // 2)
