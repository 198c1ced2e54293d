"""Counts of rows that were watched for different times, areas or numbers of persons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.numbering import number_of, numbers_of
from mle_toolkit.errors import DegenerateDataError, SupportError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.parts import Combined, fitted
from mle_toolkit.families.combinators.truncated import PointMass, only_first
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.hooks import Score, TailScores, made_with
from mle_toolkit.families.relations import Limit

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample

_OF_VALUES = {"cdf": 1.0, "sf": 0.0, "logcdf": 0.0, "logsf": -np.inf, "ppf": 0.0, "isf": 0.0}
"""Functions of counts, and of probabilities, with what they are where nothing was watched: the count is 0."""

_OF_LAW = ("mean", "var", "entropy")
"""Functions of the law, which are 0 there."""


class Exposed(Combined):
    r"""A law of counts whose rates are those of one unit of exposure: a year, a square kilometre, a person.

    .. math:: f(x \mid \mu, \ldots) = f_0(x \mid e \mu, \ldots)

    Parameters
    ----------
    base : Family
        A law of counts with ``rates``.
    exposure : float or ndarray of shape (n,)
        What each row was watched for, e; one number, or one a row, checked. Where it is 0 the
        count is 0.

    Notes
    -----
    Source: McCullagh & Nelder (1989), Generalized Linear Models, ch. 6.2. It is what a regression has as the offset
    log(e) of a log link; all other parameters are the same in every row.
    """

    kind = "exposed"
    takes = {"exposure": tuple[float, ...], "each": bool}  # noqa: RUF012

    def __init__(self, base: Family, exposure: Any) -> None:
        self.base = base
        self.exposure = exposure
        self.constants = {**base.constants, "exposure": self.exposure}
        self.name, self.support, self.parameters = base.name, base.support, base.parameters
        self.modelled, self.rates, self.by_number = base.modelled, base.rates, base.by_number
        self._multiplied = [p.name in base.rates for p in base.parameters]
        watched = np.asarray(self.exposure) > 0
        self._watched: Mask | None = None if np.all(watched) else watched
        self._factor = self.exposure if self._watched is None else np.where(watched, self.exposure, 1.0)
        self.score = made_with(self._score, base.score)
        self.hessian = made_with(self._hessian, base.hessian)
        self.tail_scores = made_with(self._tail_scores, base.tail_scores)
        self.log_mass = made_with(self._log_mass, base.log_mass)
        self.to_scipy = made_with(self._to_scipy, base.to_scipy)
        self.from_sample = made_with(self._from_sample, base.from_exposed)
        for part in (*_OF_VALUES, *_OF_LAW):
            if getattr(base, part) is not None:
                setattr(self, part, partial(self._of_law if part in _OF_LAW else self._of_values, part))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the rates are of."""
        return *self.base.remarks, f"{' and '.join(self.rates)}: per unit of exposure"

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The law of one unit, and the exposure: one number, or one a row."""
        return (self.base,), {"exposure": np.ravel(self.exposure).tolist(), "each": np.ndim(self.exposure) == 1}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts."""
        values = list(others["exposure"])
        return parts[0].exposed(values if others["each"] or len(values) != 1 else values[0])

    def exposed(self, exposure: Any) -> Family:
        """The same law with another exposure."""
        return self.base.exposed(exposure)

    def given(self, known: Known) -> Family:
        """The law of rows of which this is known."""
        return Exposed(self.base.given(known), known.get("exposure", self.exposure)) if self.per_row else self

    # --- parameters of rows -------------------------------------------------------------------------------------------

    def _at(self, params: tuple[Any, ...], factor: Any = None) -> tuple[Any, ...]:
        """Parameters of the law of each row; of those that were not watched, for one unit, until they are masked."""
        factor = self._factor if factor is None else factor
        return tuple(p * factor if times else p for p, times in zip(params, self._multiplied, strict=True))

    def _masked(self, value: Any, unwatched: Any) -> Any:
        """The value, or what is in its place where nothing was watched."""
        return value if self._watched is None else np.where(self._watched, value, unwatched)

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-probability of x."""
        value = self.base.logpdf(x, *self._at(params))
        return value if self._watched is None else self._masked(value, np.where(np.asarray(x) == 0, 0.0, -np.inf))

    def _score(self, of_base: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by each parameter: times the exposure for rates."""
        return self._pulled(of_base(x, *self._at(params)))

    def _pulled(self, score: tuple[Array, ...]) -> tuple[Array, ...]:
        pairs = zip(score, self._multiplied, strict=True)
        return tuple(self._masked(s * self._factor if times else s, 0.0) for s, times in pairs)

    def _hessian(self, of_base: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Second derivatives, upper triangle row by row."""
        flat = iter(of_base(x, *self._at(params)))
        count = len(params)
        second = []
        for j in range(count):
            for k in range(j, count):
                value = next(flat)
                for times in (self._multiplied[j], self._multiplied[k]):
                    value = value * self._factor if times else value
                second.append(self._masked(value, 0.0))
        return tuple(second)

    def _tail_scores(self, of_base: TailScores, x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        below, above = of_base(x, *self._at(params))
        return self._pulled(below), self._pulled(above)

    def _log_mass(self, of_base: Callable[..., Array], lower: Array, upper: Array, *params: Any) -> Array:
        value = of_base(lower, upper, *self._at(params))
        return np.asarray(self._masked(value, np.where((lower < 0) & (upper >= 0), 0.0, -np.inf)))

    def _of_law(self, part: str, *params: Any) -> Array:
        return np.asarray(self._masked(getattr(self.base, part)(*self._at(params)), 0.0))

    def _of_values(self, part: str, x: Array, *params: Any) -> Array:
        value = getattr(self.base, part)(x, *self._at(params))
        if self._watched is None or part in ("ppf", "isf"):
            return np.asarray(self._masked(value, np.where(np.isnan(value), np.nan, 0.0)))
        before = {"cdf": 0.0, "sf": 1.0, "logcdf": -np.inf, "logsf": 0.0}[part]
        return np.asarray(self._masked(value, np.where(np.asarray(x) < 0, before, _OF_VALUES[part])))

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Draw random numbers."""
        return np.asarray(self._masked(Distribution.at(self.base, self._at(params)).rvs(size, rng), 0.0))

    def _to_scipy(self, of_base: Callable[..., Any], *params: Any) -> Any:
        return of_base(*self._at(params, self.exposure))

    # --- fits ---------------------------------------------------------------------------------------------------------

    def _from_sample(
        self, from_exposed: Callable[[Sample, Array], tuple[float, ...]], sample: Sample
    ) -> tuple[float, ...]:
        """The maximum, where the base has it in closed form."""
        return from_exposed(sample, np.broadcast_to(self.exposure, sample.n_rows))

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """Starts of the base as if all rows had been watched alike, for their mean exposure."""
        exposure = np.broadcast_to(np.asarray(self.exposure, dtype=float), sample.n_rows)
        each = float(np.average(exposure, weights=sample.weight))
        if self.base.start is None:
            first = fitted(self.base, sample)
            proposed: Any = [] if first is None else [first]
        else:
            proposed = self.base.start(sample)
        many = proposed if isinstance(proposed, list) else [proposed]
        return [self._at(params, 1 / each) for params in many]

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Those of the base, exposed too; and all mass on the first count, where that is one."""
        end = None if self.base.from_exposed is not None else only_first(self.base)
        first = () if end is None else (Limit(PointMass(self.support.lower), lambda: end),)
        others = (
            Limit(Exposed(limit.family, self.exposure), limit.embed, limit.last)
            for limit in self.base.limits
            if limit.family.rates
        )
        return *first, *others

    def check(self, sample: Sample) -> None:
        """Raise where the law has no maximum, or counts of 0 alone leave all but the rate undetermined."""
        self.base.check(sample)
        if sample.maximum == 0 and len(self.parameters) > 1:
            raise DegenerateDataError(
                f"{self.name}: all {sample.nobs:g} counts are 0, so the rate is 0 and nothing else is determined. A "
                f"Poisson law with mu = 0 describes these data."
            )

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` for what is impossible under the base, or was counted where nothing was watched."""
        self.base.check_support(sample)
        if self._watched is None:
            return
        lower, upper = sample.lower, sample.upper
        zero = np.where(lower < upper, (lower < 0) & (upper >= 0), upper == 0)
        bad = np.flatnonzero(~self._watched & (~zero | (self.support.lower > 0)))
        if not len(bad):
            return
        first = int(bad[0])
        low, high = lower[first], upper[first]
        seen, row = f"{high:g}" if low == high else f"({low:g}, {high:g}]", number_of(first, sample.rows_given)
        raise SupportError(
            f"{self.name}: {len(bad)} of {sample.n_rows} rows have exposure 0, where nothing can be counted but 0, and "
            f"a count of {seen if self.support.lower > 0 else 'more'}; the first is row {row}: x[{row}] = {seen}. "
            f"Correct the exposure, or leave these rows out.",
            self.name,
            numbers_of(bad, sample.rows_given),
        )

    def __repr__(self) -> str:
        each = "one per row" if np.ndim(self.exposure) else f"{self.exposure:g}"
        return f"{self.base!r} with exposure {each}"
