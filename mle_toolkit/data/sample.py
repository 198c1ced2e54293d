"""A sample: weighted intervals, seen through a window, validated once and here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, Self

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.frames import to_column
from mle_toolkit.errors import DataError, WeightError

WeightKind = Literal["frequency", "reliability"]
NanPolicy = Literal["raise", "omit"]

BLOCK_ROWS = 10_000
"""Rows a block: temporaries stay in the second-level cache and below the 128 KiB from which allocators map fresh pages,
and dot products stay short enough for BLAS to leave its threads asleep."""

LONG_BLOCK_ROWS = 100_000
"""Rows a block for sums whose temporaries are an eighth of the data or less."""

SKETCH_ROWS = 5_000
"""Rows of the strided subsample from which starting values are computed."""

LARGEST = 1e38
"""A magnitude up to which products of eight factors, as of cubes, do not overflow nor, as its inverse, underflow."""


class Sample:
    """Observations with weights.

    An observation is a weighted interval ``(lower, upper]``; for exact data, the only kind that this
    constructor makes, ``lower`` and ``upper`` are one array.

    Parameters
    ----------
    x : array_like of shape (n,)
        Exact observations: list, NumPy array (also masked, bool or object), pandas, polars or pyarrow column.
    weights : array_like of shape (n,), optional
        Non-negative weights, one a row; a row of weight 0 is left out.
    weight_kind : {"frequency", "reliability"}
        ``"frequency"``: a row stands for ``weight`` equal observations, and the number of observations is the sum of
        weights. ``"reliability"``: a row is one observation that counts ``weight`` times as much as
        another of weight 1; the observed information is then not the precision of the estimate, so that standard
        errors are sandwich ones.
    nan_policy : {"raise", "omit"}
        What to do with missing values (NaN, masked, null).

    Raises
    ------
    DataError
        If there is no observation, or one is missing or infinite, or the data are not one column of numbers.
    WeightError
        If weights are negative, not finite, all zero, or of another length.

    Examples
    --------
    >>> Sample([3.0, 1.0, 4.0])
    Sample: 3 observations, from 1 to 4
    >>> Sample.table([0, 1, 2], counts=[109, 65, 22]).nobs
    196.0
    """

    __slots__ = ("_sketch", "lower", "maximum", "minimum", "nobs", "upper", "weight", "weight_kind")

    lower: Array
    upper: Array
    weight: Array | None
    weight_kind: WeightKind
    minimum: float
    maximum: float
    nobs: float

    def __init__(
        self,
        x: Any,
        weights: Any = None,
        weight_kind: WeightKind = "frequency",
        *,
        nan_policy: NanPolicy = "raise",
    ) -> None:
        if nan_policy not in ("raise", "omit"):
            raise DataError(f'nan_policy: expected "raise" or "omit", got {nan_policy!r}.')
        if weight_kind not in ("frequency", "reliability"):
            raise DataError(f'weight_kind: expected "frequency" or "reliability", got {weight_kind!r}.')
        values, missing = to_column(x)
        weight = None if weights is None else _validated_weights(weights, len(values))
        if len(values) == 0:
            raise DataError("no observations: the data are empty.")
        minimum, maximum = float(values.min()), float(values.max())
        if missing is not None or not (np.isfinite(minimum) and np.isfinite(maximum)):
            values, weight = _without_missing(values, weight, nan_policy)
            if weight is not None and not weight.any():
                raise WeightError(f"weights: zero in all {len(values)} rows that are not missing, so nothing is left.")
            minimum, maximum = float(values.min()), float(values.max())
        if weight is not None and not weight.all():
            values, weight = values[weight > 0], weight[weight > 0]
            minimum, maximum = float(values.min()), float(values.max())
        self._set(values, weight, weight_kind, minimum, maximum)

    def _set(
        self, values: Array, weight: Array | None, weight_kind: WeightKind, minimum: float, maximum: float
    ) -> None:
        self.lower = self.upper = values
        self.weight = weight
        self.weight_kind = weight_kind
        self.minimum, self.maximum = minimum, maximum
        self.nobs = float(len(values)) if weight is None else float(np.sum(weight))
        self._sketch: Sample | None = None

    @classmethod
    def of(cls, data: Any, weights: Any = None, *, nan_policy: NanPolicy = "raise") -> Sample:
        """Make a sample of whatever ``data`` is; a `Sample` is passed through.

        Raises
        ------
        WeightError
            If ``data`` is a `Sample`, which has its weights, and ``weights`` are given too.
        """
        if isinstance(data, Sample):
            if weights is not None:
                raise WeightError("weights: the Sample has its own weights; give them there, not twice.")
            return data
        return cls(data, weights, nan_policy=nan_policy)

    @classmethod
    def table(cls, values: Any, counts: Any) -> Sample:
        """Make a sample of a frequency table.

        Parameters
        ----------
        values : array_like of shape (k,)
            Distinct observations.
        counts : array_like of shape (k,)
            How often each was observed: whole numbers; a value with count 0 was not observed.

        Raises
        ------
        WeightError
            If a count is not a whole number, or is negative.
        """
        counted, _ = to_column(counts, "counts")
        odd = np.flatnonzero(counted != np.floor(counted))
        if len(odd):
            raise WeightError(
                f"counts: {len(odd)} of {len(counted)} are not whole numbers; the first is "
                f"counts[{odd[0]}] = {counted[odd[0]]:g}. For other weights use Sample(x, weights=...)."
            )
        return cls(values, counted)

    @property
    def x(self) -> Array:
        """The exact observations, of shape (n_rows,)."""
        return self.lower

    @property
    def n_rows(self) -> int:
        """How many rows there are, whatever their weights."""
        return len(self.lower)

    @property
    def is_integer(self) -> bool:
        """Whether every observation is a whole number."""
        return all(bool(np.all(x == np.floor(x))) for x, _ in self.blocks())

    def blocks(self, length: int = BLOCK_ROWS) -> Iterator[tuple[Array, Array | None]]:
        """Yield (observations, weights) in blocks of ``length`` rows, in order."""
        if self.n_rows <= length:
            yield self.lower, self.weight
            return
        for first in range(0, self.n_rows, length):
            rows = slice(first, first + length)
            yield self.lower[rows], None if self.weight is None else self.weight[rows]

    def mean(self, of: Callable[[Array], Array] | None = None) -> float:
        """Weighted mean of a function of the observations; of the observations themselves by default."""
        total = 0.0
        for x, w in self.blocks():
            values = x if of is None else of(x)
            # np.sum is pairwise: its error bound grows like log n, and no BLAS threads wake as for `w @ v`.
            total += float(np.sum(values if w is None else w * values))
        return total / self.nobs

    def var(self) -> float:
        """Weighted variance about the mean, with divisor ``nobs``."""
        centre = self.mean()
        # The mean is a rounded number; far from 0 its distance from the true mean counts.
        return self.mean(lambda x: np.square(x - centre)) - self.mean(lambda x: x - centre) ** 2

    def quantile(self, p: float) -> float:
        """Weighted quantile: the smallest observation whose cumulative weight reaches ``p``; midpoint on a tie."""
        if self.weight is None:
            return float(np.quantile(self.lower, p, method="averaged_inverted_cdf"))
        order = np.argsort(self.lower)
        cumulative = np.cumsum(self.weight[order])
        target = p * cumulative[-1]
        # A target that a cumulative weight meets up to rounding lies on the step between two observations.
        slack = 4 * np.finfo(float).eps * cumulative[-1]
        low = int(np.searchsorted(cumulative, target - slack))
        high = min(int(np.searchsorted(cumulative, target + slack, side="right")), len(order) - 1)
        return float(0.5 * (self.lower[order[low]] + self.lower[order[high]]))

    def sketch(self) -> Sample:
        """A strided subsample of at most `SKETCH_ROWS` rows, for starting values only."""
        if self._sketch is None:
            step = -(-self.n_rows // SKETCH_ROWS)
            self._sketch = self if step == 1 else self.take(slice(None, None, step))
        return self._sketch

    def take(self, rows: Any) -> Sample:
        """The sample of some rows (slice, index or mask)."""
        return self.with_values(self.lower[rows], None if self.weight is None else self.weight[rows])

    def with_values(self, x: Array, weight: Array | None) -> Sample:
        """A sample of other values known to be valid, of the same kind of weights."""
        new = object.__new__(type(self))
        new._set(x, weight, self.weight_kind, float(x.min()), float(x.max()))
        return new

    def standardised(self, centre: float, scale: float) -> Self:
        """The same sample in other units: ``(x - centre) / scale``."""
        if centre == 0.0 and scale == 1.0:
            return self
        new = object.__new__(type(self))
        new._set(
            (self.lower - centre) / scale,
            self.weight,
            self.weight_kind,
            (self.minimum - centre) / scale,
            (self.maximum - centre) / scale,
        )
        return new

    def tabulated(self) -> Sample:
        """The same sample as a table: distinct values in order, each with its total weight."""
        if self.weight_kind == "reliability":
            return self  # a row keeps its own weight: the sandwich sums squares of weights
        if self.maximum - self.minimum < min(self.n_rows, 1_000_000) and self.is_integer:
            offset = (self.lower - self.minimum).astype(np.intp)
            count = np.bincount(offset, weights=self.weight).astype(np.float64)
            seen = np.flatnonzero(count)
            return self.with_values(self.minimum + seen.astype(np.float64), count[seen])
        values, inverse = np.unique(self.lower, return_inverse=True)
        if len(values) == self.n_rows:
            return self
        count = np.bincount(inverse, weights=self.weight).astype(np.float64)
        return self.with_values(np.asarray(values), count)

    def same_data(self, other: Sample) -> bool:
        """Whether both hold the same rows with the same weights, in the same order."""
        if self is other:
            return True
        if self.weight_kind != other.weight_kind or not np.array_equal(self.lower, other.lower):
            return False
        if self.weight is None or other.weight is None:
            return self.weight is other.weight
        return bool(np.array_equal(self.weight, other.weight))

    def __len__(self) -> int:
        return self.n_rows

    def __repr__(self) -> str:
        count = f"{self.nobs:g} observation" + ("" if self.nobs == 1 else "s")
        if self.weight is not None:
            count += f" in {self.n_rows} weighted rows"
            count += " (reliability weights)" if self.weight_kind == "reliability" else ""
        return f"Sample: {count}, from {self.minimum:g} to {self.maximum:g}"


def _validated_weights(weights: Any, n_rows: int) -> Array:
    weight, _ = to_column(weights, "weights")
    if len(weight) != n_rows:
        raise WeightError(f"weights: {len(weight)} weights for {n_rows} observations; give one a row.")
    for what, bad in (
        ("missing", np.isnan(weight)),
        ("infinite", np.isinf(weight)),
        ("negative", weight < 0),
    ):
        rows = np.flatnonzero(bad)
        if len(rows):
            raise WeightError(
                f"weights: {len(rows)} of {n_rows} are {what}; the first is weights[{rows[0]}] = {weight[rows[0]]:g}."
            )
    if n_rows and not weight.any():
        raise WeightError(f"weights: all {n_rows} are zero, so there are no observations.")
    return weight


def _without_missing(values: Array, weight: Array | None, nan_policy: NanPolicy) -> tuple[Array, Array | None]:
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise DataError(
            f"data: {len(infinite)} of {len(values)} observations are infinite; the first is "
            f"x[{infinite[0]}] = {values[infinite[0]]:g}. Remove them, or say what they stand for."
        )
    nan = np.isnan(values)
    if nan_policy == "raise":
        rows = np.flatnonzero(nan)
        raise DataError(
            f"data: {len(rows)} of {len(values)} observations are missing (NaN); the first is x[{rows[0]}]. "
            f'Remove them, or pass nan_policy="omit" to leave them out.'
        )
    if nan.all():
        raise DataError(f"no observations: all {len(values)} are missing (NaN).")
    return values[~nan], None if weight is None else weight[~nan]
