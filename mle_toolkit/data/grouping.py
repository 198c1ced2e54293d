"""The rows of a table sorted by group: what was observed, with weights and exposure, and the sample of each group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.checks import NanPolicy, WeightKind
from mle_toolkit.data.columns import Columns
from mle_toolkit.data.exposure import with_exposure
from mle_toolkit.data.responses import Response
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError

if TYPE_CHECKING:
    import narwhals as nw

_DENSE = 4
"""Whole numbers serve as they are where their range is at most so many times their number."""


@dataclass(frozen=True)
class SortedRows:
    """Rows sorted by group, without those that do not count; a group may have lost all of its rows.

    Attributes
    ----------
    response : Response
        What was observed, of ``columns``.
    columns : Columns
    weight : ndarray of shape (n,), or None
    weight_kind : {"frequency", "reliability"}
    exposure : ndarray of shape (n,), or None
    offsets : ndarray of int of shape (n_groups + 1,)
        Group g is the rows from ``offsets[g]`` to ``offsets[g + 1]``.
    """

    response: Response
    columns: Columns
    weight: Array | None
    weight_kind: WeightKind
    exposure: Array | None
    offsets: NDArray[np.intp]

    @classmethod
    def of(
        cls,
        response: Response,
        columns: Columns,
        weights: str | None,
        weight_kind: WeightKind,
        exposure: str | None,
        codes: NDArray[Any],
        n_groups: int,
        nan_policy: NanPolicy,
    ) -> SortedRows:
        """Sort rows by the number of their group; within it they keep their order.

        A row that is incomplete is left out with ``nan_policy="omit"``; otherwise it stays, for the group to say so.
        """
        missing = np.zeros(len(codes), dtype=bool)
        for _, absent in response.incomplete(columns):
            missing |= absent
        keep = np.ones(len(codes), dtype=bool)
        if weights is not None:
            keep = (columns.numbers(weights) != 0) | missing
        if nan_policy == "omit":
            keep &= ~missing
            if exposure is not None:
                keep &= ~np.isnan(columns.numbers(exposure))
        named = {name: columns.numbers(name) for name in {*response.columns, weights, exposure} if name is not None}
        if not keep.all():
            codes = codes[keep]
            named = {name: values[keep] for name, values in named.items()}
        offsets = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=n_groups))]).astype(np.intp)
        if len(codes) and not np.all(codes[1:] >= codes[:-1]):
            named = _by_code(named, codes, n_groups)
        return cls(
            response,
            Columns(named),
            None if weights is None else named[weights],
            weight_kind,
            None if exposure is None else named[exposure],
            offsets,
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """Rows of each group."""
        return np.diff(self.offsets)

    @cached_property
    def nobs(self) -> Array:
        """Number of observations of each group."""
        if self.weight is None:
            return self.counts.astype(float)
        nobs = np.zeros(len(self))
        there = self.counts > 0
        nobs[there] = np.add.reduceat(self.weight, self.offsets[:-1][there])
        return nobs

    @property
    def exact(self) -> Array | None:
        """The observations, where each is a point; None where they are censored, rounded or seen through windows."""
        return self.columns.numbers(self.response.arguments["x"]) if self.response.form is None else None

    def sample(self, group: int) -> Sample:
        """The sample of one group."""
        rows = slice(self.offsets[group], self.offsets[group + 1])
        if rows.start == rows.stop:
            raise DataError("no observations: all rows of the group are missing, or have weight 0.")
        weight = None if self.weight is None else self.weight[rows]
        sample = self.response.sample(self.columns, rows, weight, self.weight_kind)
        return sample if self.exposure is None else with_exposure(sample, None, self.exposure[rows])


def _by_code(named: dict[str, Array], codes: NDArray[Any], n_groups: int) -> dict[str, Array]:
    """Columns in the order of the codes of their rows; those of one code keep their order."""
    from scipy import sparse

    # A matrix with one entry a row, stored by columns: SciPy's conversion is a stable counting sort.
    first, *others = named
    by_row = sparse.csr_matrix((named[first], codes, np.arange(len(codes) + 1)), shape=(len(codes), n_groups))
    by_group = by_row.tocsc()
    return {first: by_group.data} | {name: named[name][by_group.indices] for name in others}


def keys_and_codes(table: nw.DataFrame[Any], by: list[str]) -> tuple[nw.DataFrame[Any], NDArray[Any]]:
    """One row of keys a group, in order, and the number of the group of every row."""
    import narwhals as nw

    if len(table) == 0:
        raise DataError("no observations: the table is empty.")
    codes = _codes(table[by[0]])
    for name in by[1:]:
        more = _codes(table[name])
        codes = _dense(codes * np.int64(int(more.max()) + 1) + more)
    first = np.empty(int(codes.max()) + 1, dtype=np.intp)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # of several values for one place the last one stays
    keys = nw.maybe_reset_index(table.select(by)[first])
    place = "_".join([*by, "place"])  # a name that is no key
    try:
        sortable = keys.with_columns(*[_sortable(keys[name]) for name in by])
        order = sortable.with_row_index(place).sort(by, nulls_last=True)[place].to_numpy()
    except TypeError as error:
        raise DataError(f"by: the keys have no order ({error}); make them of one type, text for example.") from error
    if np.array_equal(order, np.arange(len(order))):
        return keys, codes
    rank = np.empty(len(order), dtype=codes.dtype)
    rank[order] = np.arange(len(order))
    return nw.maybe_reset_index(keys[order]), rank[codes]


def _sortable(series: nw.Series[Any]) -> nw.Series[Any]:
    """Keys that sort in their order: Arrow refuses categories, or sorts them by text even where they have one."""
    import narwhals as nw

    if not (series.implementation.is_pyarrow() and series.dtype in (nw.Categorical, nw.Enum)):
        return series
    import pyarrow as pa

    native: Any = series.to_native()
    if native.type.ordered:
        plain = pa.chunked_array([chunk.indices for chunk in native.unify_dictionaries().chunks])
    else:
        plain = native.cast(native.type.value_type)
    sortable: nw.Series[Any] = nw.from_native(plain, series_only=True).alias(series.name)
    return sortable


def _codes(series: nw.Series[Any]) -> NDArray[np.int64]:
    """Numbers from 0 on, without gaps, the same for equal keys; missing keys are equal."""
    import narwhals as nw

    if series.dtype in (nw.Int8, nw.Int16, nw.Int32, nw.Int64) and not series.is_null().any():
        values = series.to_numpy().astype(np.int64, copy=False)
        low, high = int(values.min()), int(values.max())
        if high - low < _DENSE * len(values):
            return _dense(values - low)
    if series.dtype.is_float() and not series.implementation.is_pandas():
        # As pandas has it: NaN is missing like null, and -0 is 0.
        series = (series + 0.0).fill_nan(None)
    native: Any = series.to_native()
    if series.implementation.is_pandas():
        import pandas as pd

        return np.asarray(pd.factorize(native, use_na_sentinel=False)[0], dtype=np.int64)
    if series.implementation.is_polars():
        if series.dtype == nw.String:
            import polars as pl

            native = native.cast(pl.Categorical).to_physical()
            return _dense(native.cast(pl.Int64).fill_null(-1).to_numpy() + 1)
        return np.asarray(native.rank("dense").fill_null(0).to_numpy(), dtype=np.int64) - int(not native.has_nulls())
    if series.implementation.is_pyarrow():
        import pyarrow as pa

        chunks = native.dictionary_encode().unify_dictionaries().chunks
        codes = [chunk.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False) for chunk in chunks]
        return _dense(np.concatenate(codes).astype(np.int64) + 1)
    return np.asarray(np.unique(series.to_numpy(), return_inverse=True)[1], dtype=np.int64)


def _dense(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same numbering without gaps, in the same order."""
    highest = int(codes.max())
    if highest >= _DENSE * len(codes):
        return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.int64)
    present = np.zeros(highest + 1, dtype=bool)
    present[codes] = True
    if present.all():
        return codes
    return np.asarray((np.cumsum(present) - 1)[codes], dtype=np.int64)
