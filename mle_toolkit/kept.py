"""Sums that are kept in place of the rows they were taken over: they merge, and give the fit of all rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.blocks import BlockedSample
from mle_toolkit.data.checks import NanPolicy
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.sample import Sample
from mle_toolkit.data.surveys import LookAhead, Sum, Survey, Thinned
from mle_toolkit.errors import DataError, MleError
from mle_toolkit.families.base import Family
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.hooks import needed
from mle_toolkit.families.registry import get_family
from mle_toolkit.likelihood.first_pass import FirstPass, Noted
from mle_toolkit.likelihood.kernels import counter
from mle_toolkit.likelihood.parts import base_part
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit
from mle_toolkit.report import schema
from mle_toolkit.report.law_record import family_from_dict, family_to_dict
from mle_toolkit.report.record import SCHEMA, check_schema, jsonable, read_json, write_json

if TYPE_CHECKING:
    import os

FORMAT = "mle_toolkit.sums"

_NO_ROWS = (
    "rows: these are sums, kept in place of the rows. Estimates, standard errors, likelihood and tests of nested "
    "models can be had; what needs the rows themselves (their order, a value for every row) cannot."
)


@dataclass(frozen=True, eq=False)
class Sums:
    """What a law needs to know of exact observations: a few sums, or for counts a table. They merge by ``+``.

    Keep them in a database in place of the rows, join them years later, and fit: the result is that of all rows, to
    rounding. For continuous laws with sufficient statistics that are sums (exponential families: normal, lognormal,
    gamma, beta, inverse Gaussian, Pareto, ...), and for every law of counts.

    Attributes
    ----------
    family : Family
        The law whose sums these are.
    n_rows : int
        How many rows were summed.
    nobs : float
        The sum of their weights.
    minimum, maximum : float
        The smallest and the largest observation.
    unit : Unit
        Statistics are those of ``(x - centre) / scale``.
    statistics : ndarray of shape (k,)
        Sums of the statistics of the law; of counts empty.
    base : float
        Sum of the part of the log-density without parameters, in the same unit; 0 where a law has none.
    values, counts : ndarray of shape (m,)
        How often each value was counted; of continuous laws empty.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> monday = mle.Sums.of([1.1, 0.4, 2.7], "gamma")
    >>> tuesday = mle.Sums.of([1.9, 0.8], "gamma")
    >>> fit = mle.fit(monday + tuesday, "gamma")
    >>> round(fit.params["shape"], 6), fit.nobs
    (2.606953, 5.0)
    """

    family: Family
    n_rows: int
    nobs: float
    minimum: float
    maximum: float
    unit: Unit
    statistics: Array
    base: float
    values: Array
    counts: Array

    @classmethod
    def of(cls, data: Any, family: Any, *, weights: Any = None, nan_policy: NanPolicy = "raise") -> Sums:
        """Take the sums of a law over rows.

        Parameters
        ----------
        data : array_like, Series, Sample, or what `scan` gives
            Exact observations.
        family : str or Family
            The law.
        weights : array_like, optional
            Frequency weights.
        nan_policy : {"raise", "omit"}
            What to do with missing values.

        Raises
        ------
        DataError
            If rows are censored, seen through a window, weighted by reliability, or bring constants of their own; if
            the law has no such sums.
        SupportError
            If the law excludes some of the rows.
        """
        law = get_family(family)
        _check_law(law)
        sample = Sample.of(data, weights, nan_policy=nan_policy, first_pass=FirstPass(law))
        _check_rows(law, sample)
        if isinstance(sample, BlockedSample):
            sample.read(FirstPass(law).ahead)
        law = law.resolve(sample).given(sample.known)
        law.check_support(sample)
        nothing = np.empty(0)
        about = partial(cls, law, sample.n_rows, sample.nobs, sample.minimum, sample.maximum)
        if law.discrete:
            table = sample.tabulated(counter(sample.n_rows))
            if not table.in_memory:
                raise DataError(f"{law.name}: too many different values for a table of counts.")
            counts = np.ones(table.n_rows) if table.weight is None else table.weight
            values, of = np.unique(table.x, return_inverse=True)
            return about(Unit(), nothing, 0.0, values, np.bincount(of, counts).astype(float))
        unit = Unit.of(law, sample)
        means = needed(law, Likelihood(law, sample, unit).by_means, "means of statistics")
        if unit.scale != 1.0 and law.parameters[0].role != "log-scale":
            raise DataError(
                f"{law.name}: sums of numbers from {sample.minimum:g} to {sample.maximum:g} have no such sums; "
                f"measure in another unit."
            )
        return about(unit, means.sums, means.base * sample.nobs, nothing, nothing)

    def __add__(self, other: object) -> Sums:
        """The sums of the rows of both; so `sum` adds many."""
        if isinstance(other, int) and other == 0:
            return self
        if not isinstance(other, Sums):
            return NotImplemented
        _check_same(self.family, other.family)
        if self.unit != other.unit:
            other = other._moved_to(self.unit)
        values, of = np.unique(np.concatenate([self.values, other.values]), return_inverse=True)
        return Sums(
            self.family,
            self.n_rows + other.n_rows,
            self.nobs + other.nobs,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            self.unit,
            self.statistics + other.statistics,
            self.base + other.base,
            values,
            np.bincount(of, np.concatenate([self.counts, other.counts]), len(values)).astype(float),
        )

    __radd__ = __add__

    def _moved_to(self, unit: Unit) -> Sums:
        """The same sums in another unit."""
        law = _with_sums(self.family)
        sums_moved = needed(law, law.sums_moved, "sums_moved")
        if self.family.parameters[0].role == "log-scale":
            by = math.log(self.unit.scale / unit.scale)
        else:
            by = self.unit.centre - unit.centre
        return replace(self, unit=unit, statistics=np.array(sums_moved(self.statistics, self.nobs, by)))

    @property
    def sample(self) -> Sample:
        """The same as data for `fit`; of counts a table, that every law of counts, and `compare`, can take."""
        return Sample(self.values, self.counts) if self.family.discrete else KeptSample(self)

    def given_for(self, law: Family, weights: Any = None, exposure: Any = None) -> Sample:
        """`sample`, for a law that these sums serve; raises for others, and for what only rows can have."""
        if weights is not None or exposure is not None:
            raise DataError("sums: weights and exposure belong to rows, and were settled when the sums were taken.")
        if not (self.family.discrete and law.discrete):
            _check_same(self.family, law)
            return KeptSample(replace(self, family=law))
        return self.sample

    def to_dict(self) -> dict[str, Any]:
        """The sums as JSON-ready values with a schema version; `from_dict` reads them, bit for bit."""
        record: dict[str, Any] = {
            "format": FORMAT,
            "schema": SCHEMA,
            "family": family_to_dict(self.family),
            **{name: getattr(self, name) for name in ("n_rows", "nobs", "minimum", "maximum", "base")},
            "unit": {"centre": self.unit.centre, "scale": self.unit.scale},
            **{name: getattr(self, name).tolist() for name in ("statistics", "values", "counts")},
        }
        plain: dict[str, Any] = jsonable(record)
        return plain

    @staticmethod
    def from_dict(record: Mapping[str, Any]) -> Sums:
        """The sums of which `to_dict` made the record.

        Raises
        ------
        MleError
            If it is none, damaged, or of a newer schema.
        """
        if schema.mapping(record, "sums").get("format") != FORMAT:
            raise MleError(f"not saved sums: expected the format {FORMAT!r}.")
        check_schema(record)
        family = family_from_dict(schema.item(record, "family", ""), "family")
        facts: dict[str, Any] = {
            name: schema.number(schema.item(record, name, ""), name) for name in ("nobs", "minimum", "maximum", "base")
        }
        unit = schema.read_as(Unit, schema.item(record, "unit", ""), "unit")
        columns: dict[str, Any] = {
            name: np.array(schema.entries(schema.item(record, name, ""), name, schema.number), dtype=float)
            for name in ("statistics", "values", "counts")
        }
        finite = [*facts.values(), unit.centre, unit.scale, *(v for column in columns.values() for v in column)]
        if not np.all(np.isfinite(finite)) or not unit.scale > 0 or not facts["nobs"] > 0:
            schema.refuse("statistics", "expected finite sums of at least one observation")
        if len(columns["values"]) != len(columns["counts"]):
            schema.refuse("counts", f"expected {len(columns['values'])} of them, got {len(columns['counts'])}")
        if family.discrete and not (len(columns["values"]) and columns["counts"].min() > 0):
            schema.refuse("counts", "expected counts above 0, one for every value")
        if isinstance(family, ExponentialFamily) and not family.discrete:
            wanted = len(family.statistics(np.array([0.5]))) - 2 * family.with_ends
            if len(columns["statistics"]) != wanted:
                schema.refuse("statistics", f"expected {wanted} of {family.name}, got {len(columns['statistics'])}")
        elif not family.discrete:
            schema.refuse("family", f"{family.name} has no sums that stand for its rows")
        n_rows = schema.whole(schema.item(record, "n_rows", ""), "n_rows", 1)
        return Sums(family=family, n_rows=n_rows, unit=unit, **facts, **columns)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `to_dict` as JSON; `load` reads it back."""
        write_json(self.to_dict(), path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Sums:
        """Read sums that `save` wrote.

        Raises
        ------
        MleError
            If the file holds none.
        """
        return Sums.from_dict(read_json(path))

    def __repr__(self) -> str:
        return f"Sums({self.family.name}: {self.nobs:g} observations from {self.minimum:g} to {self.maximum:g})"


class KeptSample(BlockedSample):
    """A sample of which nothing but the sums of one law is left."""

    __slots__ = ("sums",)

    def __init__(self, sums: Sums) -> None:
        super().__init__("rows of which sums were kept", weighted=False)
        law, unit = _with_sums(sums.family), sums.unit
        self.sums = sums
        self._is_read = True
        self._keep(Survey(sums.n_rows, sums.nobs, sums.minimum, sums.maximum), Thinned(1, np.empty(0), None))
        self.summed_ahead = Noted(law.name, unit, sums.statistics)
        if law.log_base is not None:
            self._ahead = [(base_part(law, unit), sums.base)]

    @property
    def has_rows(self) -> bool:
        """Whether rows can be gone over: they cannot."""
        return False

    def _first_pass(self, look_ahead: LookAhead | None) -> None:
        """Nothing is to be read."""

    def _sums(self, parts: Sequence[Sum]) -> list[Any]:
        raise DataError(_NO_ROWS)

    def sketch(self, rows: int = BLOCK_ROWS) -> Sample:
        """Raise: there are no rows."""
        raise DataError(_NO_ROWS)


def can_be_kept(law: Family, sample: Sample) -> bool:
    """Whether the sums of a law stand for the rows of a sample."""
    try:
        _check_law(law)
        _check_rows(law, sample)
    except DataError:
        return False
    return True


def _check_law(law: Family) -> None:
    if law.multivariate:
        raise DataError(f"{law.name}: sums are kept for laws of numbers, not of vectors.")
    if not law.discrete:
        _with_sums(law)


def _with_sums(law: Family) -> ExponentialFamily:
    """The law, one of which sums stand for the rows."""
    if not isinstance(law, ExponentialFamily) or law.from_means is None:
        raise DataError(
            f"{law.name}: no sums stand for the rows of this law, which needs them all. Keep the rows, or a saved fit: "
            f"fit.update(rows) takes one Newton step from it."
        )
    return law


def _check_rows(law: Family, sample: Sample) -> None:
    if not sample.is_plain:
        raise DataError("sums: censored, binned or rounded rows, and windows, have no such sums; keep the rows.")
    if sample.weight_kind != "frequency":
        raise DataError("sums: reliability weights need the rows for standard errors; use frequency weights.")
    if law.per_row or sample.known:
        raise DataError(f"{law.name}: constants given per row (trials, exposure) have no sums; keep the rows.")
    if sample.is_multivariate:
        raise DataError("sums: vectors; sums are kept for numbers.")


def _check_same(one: Family, other: Family) -> None:
    if type(one) is not type(other) or one.constants != other.constants or one.name != other.name:
        raise DataError(f"these are sums of {one.name}; {other.name} needs its own: mle.Sums.of(rows, {other.name!r}).")
