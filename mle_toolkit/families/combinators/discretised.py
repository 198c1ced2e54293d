"""Counts that are the whole part of what follows a continuous law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import DegenerateDataError, ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.parts import Combined, fitted, lifted, part
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.hooks import TailScores, made_with
from mle_toolkit.families.mass import log_mass, mass_scores
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit, SpecialCase

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample


class Discretised(Combined):
    r"""The law of the whole part of what follows a continuous law: discrete Weibull, discrete gamma, lognormal.

    .. math:: P(K = k) = F_0(k + 1) - F_0(k)

    Parameters
    ----------
    base : Family
        A continuous law.

    Notes
    -----
    Sources: Nakagawa & Osaki (1975), IEEE Trans. Reliability R-24, 300-301 (discrete Weibull); Chakraborty (2015),
    J. Statist. Distributions Appl. 2:6. Counts have no unit, so the parameters of the law, scale and location too, are
    those of the count. To measurements that were rounded fit the law itself: ``Sample.rounded(x, step)``.
    """

    kind = "discretised"

    def __init__(self, base: Family) -> None:
        self.base = base
        self.constants = base.constants
        self.modelled = base.main_parameter
        self.name = f"discretised {base.name}"
        low, high = np.floor(base.support.lower), np.ceil(base.support.upper) - 1
        closed = {(True, True): "both", (True, False): "lower", (False, True): "upper"}
        ends = bool(np.isfinite(low)), bool(np.isfinite(high))
        self.support = Interval(float(low), float(high), closed.get(ends, "neither"), integer=True)
        self.parameters = tuple(
            Parameter(p.name, p.domain, p.typical, "shape", p.regular, p.natural) for p in base.parameters
        )
        if base.tail_scores is not None or base.log_mass_scores is not None:
            self.score = self._score
        self.tail_scores = made_with(self._tail_scores, base.tail_scores)

    def _cells(self, x: Array, params: tuple[Any, ...]) -> tuple[tuple[int, ...], Array, Array]:
        """Shape of the result, and the ends of the cell of each count, in a row."""
        shape = np.broadcast_shapes(np.shape(x), *map(np.shape, params))
        k = np.broadcast_to(np.asarray(x, dtype=float), shape).ravel()
        return shape, k, k + 1.0

    def _each(self, params: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[Any, ...]:
        return tuple(np.broadcast_to(v, shape).ravel() if np.ndim(v) else v for v in params)

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-probability of x."""
        shape, low, high = self._cells(x, params)
        return np.minimum(log_mass(self.base, self._each(params, shape), low, high), 0.0).reshape(shape)

    def _score(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives of the log-probability."""
        shape, low, high = self._cells(x, params)
        found = mass_scores(self.base, self._each(params, shape), low, high)
        return tuple(np.asarray(slope).reshape(shape) for slope in found)

    def _tail_scores(self, of_base: TailScores, x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S."""
        return of_base(np.asarray(x) + 1.0, *params)

    def _law(self, params: tuple[Any, ...]) -> Distribution:
        return Distribution.at(self.base, params)

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        return self._law(params).cdf(np.floor(x) + 1.0)

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        return self._law(params).sf(np.floor(x) + 1.0)

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return self._law(params).logcdf(np.floor(x) + 1.0)

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        return self._law(params).logsf(np.floor(x) + 1.0)

    def ppf(self, p: Array, *params: Any) -> Array:
        """Quantile."""
        return self._first(self._law(params).ppf(p))

    def isf(self, p: Array, *params: Any) -> Array:
        """Upper quantile."""
        return self._first(self._law(params).isf(p))

    def _first(self, x: Array) -> Array:
        return np.clip(np.ceil(x) - 1.0, self.support.lower, self.support.upper)

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Random numbers."""
        return np.floor(self._law(params).rvs(size, rng))

    # --- the fit ------------------------------------------------------------------------------------------------------

    def check(self, sample: Sample) -> None:
        """Raise where all counts are equal."""
        if sample.minimum == sample.maximum:
            raise DegenerateDataError(
                f"{self.name}: all {sample.nobs:g} counts are {sample.minimum:g}; a law of {self.base.name} that has "
                f"all its mass there has probability 1, and many such laws do."
            )

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """Fits of the law to the middle of each cell, and to its last tenth."""
        found = [fitted(self.base, sample.with_values(sample.x + share, sample.weight)) for share in (0.5, 0.9)]
        return [params for params in found if params is not None]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Those of the law, discretised."""
        return tuple(
            Limit(Discretised(near.family), near.embed) for near in self.base.limits if _objection(near.family) is None
        )

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Those of the law in the cells of the counts that are seen, discretised."""
        near = self.base.limits_in_window(float(np.floor(lower)) + 1.0, float(np.floor(upper)) + 1.0)
        return tuple(Limit(Discretised(one.family), one.embed) for one in near if _objection(one.family) is None)

    @property
    def special_cases(self) -> tuple[SpecialCase, ...]:
        """Those of the law, discretised."""
        return lifted(self.base, discretised)

    def __repr__(self) -> str:
        return f"discretised({self.base!r})"


def discretised(family: Any) -> Family:
    """The law of the whole part of what follows ``family``: discrete Weibull, lognormal, gamma laws of counts.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
        A continuous law.

    Returns
    -------
    Family
        With the parameters of ``family``, on whole numbers.

    Raises
    ------
    ParameterError
        If the law is one of counts, or has an end or a kink at a parameter.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> fit = mle.fit([0, 0, 1, 3, 1, 0, 2], mle.discretised("exponential"))
    >>> round(fit.params["scale"], 6), round(mle.fit([0, 0, 1, 3, 1, 0, 2], "geometric").llf - fit.llf, 9) + 0.0
    (1.442695, 0.0)
    """
    base = part(family, "discretised")
    objection = _objection(base)
    if objection is not None:
        raise ParameterError(f"discretised: {base.name} is {objection}.")
    return Discretised(base)


def _objection(base: Family) -> str | None:
    if base.discrete or base.period is not None:
        return "not a continuous law on the line"
    if not base.all_scalar or base.per_row or not all(p.regular for p in base.parameters):
        return "a law with an end or a kink at a parameter, or parameters that are arrays or one a row"
    return None


MAKERS = (discretised,)
"""The functions here that make laws of laws."""
