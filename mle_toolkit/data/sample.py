"""A sample: weighted intervals, seen through a window, validated once and here.

Over 600 lines, because it is one class, the door of every form of data; half of it is what users read of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.checks import (
    NanPolicy,
    WeightKind,
    check_finite,
    flagged,
    not_missing,
    of_kept,
    policies,
    validated_weights,
    whole_numbers,
)
from mle_toolkit.data.frames import check_same_index, name_of, to_column, to_rows
from mle_toolkit.data.numbering import number_of
from mle_toolkit.data.passes import (
    BLOCK_ROWS,
    EPSILON,
    HELD_ROWS,
    LONG_BLOCK_ROWS,
    SKETCH_ROWS,
    CountWhole,
    count_whole,
    extent,
    found_among,
    in_runs,
    table_of,
)
from mle_toolkit.data.rows import NOTHING, Block, Known, column_sums, some_of
from mle_toolkit.data.sparse import stacked
from mle_toolkit.errors import DataError, WeightError
from mle_toolkit.options import as_float, flag, function, number, shown

T = TypeVar("T")

_SHARED_ROWS = 20_000
"""Rows up to which the maxima of laws are kept with observations that are not all exact."""

_SELECTING_ROWS = 100_000
_STANDARD_ERRORS = 4.0
"""Rows of the subsample between whose quantiles one of long data is sought, and how far to either side."""


class Sample:
    """Observations with weights.

    An observation is a weighted interval ``(lower, upper]`` seen through a window. For exact data, the kind that this
    constructor makes, ``lower`` and ``upper`` are one array; `right_censored`, `left_censored`, `intervals`, `binned`
    and `rounded` make the others, `table` a frequency table, and `truncated` adds a window; `rows` makes one whose
    observations are vectors.

    Parameters
    ----------
    x : array_like of shape (n,)
        Exact observations: list, NumPy array (also masked, bool or object), pandas, polars or pyarrow column. A float64
        array is used as it is; of any other type a float64 copy is held, 8 bytes a row (`scan` converts by blocks).
    weights : array_like of shape (n,), optional
        Non-negative weights, one a row; a row of weight 0 is left out.
    weight_kind : {"frequency", "reliability"}
        ``"frequency"``: a row stands for ``weight`` equal observations, and the number of observations is the sum of
        weights. ``"reliability"``: a row is one observation that counts ``weight`` times as much as
        another of weight 1; the observed information is then not the precision of the estimate, so that standard
        errors are sandwich ones.
    nan_policy : {"raise", "omit"}
        What to do with missing values (NaN, masked, null).
    first_pass : callable, optional
        Takes unweighted observations and returns their smallest, their largest (NaN where one is) and what else it
        found on the way, which is kept as ``summed_ahead``: so that validation and a sum over the data are one pass.

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

    __slots__ = (
        "_kept", "_ordered", "known", "label", "lower", "maximum", "minimum", "nobs", "rows_given", "summed_ahead",
        "timed", "upper", "weight", "weight_kind", "window",
    )  # fmt: skip

    lower: Array
    upper: Array
    weight: Array | None
    weight_kind: WeightKind
    window: tuple[Array, Array] | None
    minimum: float
    maximum: float
    nobs: float
    rows_given: NDArray[np.intp] | None
    """Which of the rows that were given are held; None where all are."""
    known: Known
    """What is known of every row beside its observation, by name: see `with_known`."""
    summed_ahead: Any
    """What ``first_pass`` noted of the observations while they were validated; None without it."""
    timed: bool
    """Whether events, or what was observed, were told from what was censored: such values are measured, not counted."""
    label: str | None
    """What the observations are, for pictures and pages: the name of the column that brought them, if it has one."""

    def __init__(
        self,
        x: Any,
        weights: Any = None,
        weight_kind: WeightKind = "frequency",
        *,
        nan_policy: NanPolicy = "raise",
        first_pass: Callable[[Array], tuple[float, float, Any]] | None = None,
    ) -> None:
        nan_policy, weight_kind = policies(nan_policy, weight_kind)
        values, missing = to_column(x)
        check_same_index(x, "the data", weights=weights)
        weight = None if weights is None else validated_weights(weights, len(values))
        if len(values) == 0:
            raise DataError("no observations: the data are empty.")
        noted = None
        if first_pass is not None:
            function(first_pass, "first_pass", "a function of the rows")
        if first_pass is None or weight is not None or missing is not None:
            minimum, maximum = extent(values)
        else:
            minimum, maximum, noted = first_pass(values)
        if missing is not None or not (math.isfinite(minimum) and math.isfinite(maximum)):
            kept = not_missing(values, nan_policy)
            values, weight, noted = values[kept], None if weight is None else of_kept(weight, kept), None
            minimum, maximum = extent(values)
        else:
            kept = None
        if weight is not None and not weight.all():
            counted = np.flatnonzero(weight)
            kept = counted if kept is None else kept[counted]
            values, weight = values[counted], weight[counted]
            minimum, maximum = extent(values)
        self._set(values, values, weight, weight_kind, None, minimum, maximum)
        self.summed_ahead, self.rows_given = noted, kept
        self.label = name_of(x)

    def _set(
        self,
        lower: Array,
        upper: Array,
        weight: Array | None,
        weight_kind: WeightKind,
        window: tuple[Array, Array] | None,
        minimum: float,
        maximum: float,
    ) -> None:

        self.lower, self.upper = lower, upper
        self.window = window
        self.weight = weight
        self.weight_kind = weight_kind
        self.minimum, self.maximum = minimum, maximum
        self.nobs = float(len(lower)) if weight is None else float(np.sum(weight))
        self.summed_ahead = None
        self.known, self.rows_given = NOTHING, None
        self.timed, self.label = False, None
        self._ordered: Array | None = None
        self._kept: dict[Any, Any] = {}

    def __getstate__(self) -> object:
        """What is sent to other processes: without what can be computed again."""
        state: Any = super().__getstate__()
        return state[0], state[1] | {"_kept": {}}

    def once(self, name: Any, compute: Callable[[], T]) -> T:
        """What a computation that needs nothing but these observations gives; it is made once, and kept by its name."""
        if name not in self._kept:
            self._kept[name] = compute()
        kept: T = self._kept[name]
        return kept

    @property
    def maxima(self) -> dict[Any, Any] | None:
        """Maxima by law, which laws have as limits, where to find them takes long; None where they are not kept."""
        few = not self.is_plain and self.in_memory and self.n_rows <= _SHARED_ROWS
        return self.once("maxima", dict) if few else None

    @classmethod
    def of(
        cls,
        data: Any,
        weights: Any = None,
        *,
        nan_policy: NanPolicy = "raise",
        multivariate: bool = False,
        first_pass: Callable[[Array], tuple[float, float, Any]] | None = None,
    ) -> Sample:
        """Make a sample of whatever ``data`` is, of `rows` if ``multivariate``; a `Sample` is passed through.

        A data set of `mle_toolkit.datasets` comes in the form that it has; a ``scipy.stats.CensoredData`` has its rows
        in this order: uncensored, left-, right-, interval-censored.

        Raises
        ------
        WeightError
            If ``data`` is a `Sample`, which has its weights, and ``weights`` are given too.
        """
        if getattr(type(data), "is_data_set", False):
            data = data.sample()
        if isinstance(data, Sample):
            if weights is not None:
                raise WeightError("weights: the Sample has its own weights; give them there, not twice.")
            return data
        if type(data).__name__ == "CensoredData" and type(data).__module__.startswith("scipy.stats"):
            # SciPy's four kinds, each row once; exact rows first, so that weights follow this order.
            nothing = np.full(max(len(data._left), len(data._right)), np.inf)
            lower = np.concatenate([data._uncensored, -nothing[: len(data._left)], data._right, data._interval[:, 0]])
            upper = np.concatenate([data._uncensored, data._left, nothing[: len(data._right)], data._interval[:, 1]])
            censored = cls.intervals(lower, upper, weights)
            censored.timed = True
            return censored
        if type(data).__module__.partition(".")[0] == "dask":
            from mle_toolkit.data.partitions import PartitionedSample

            return PartitionedSample.of_dask(data, weights, nan_policy)
        if flag(multivariate, "multivariate"):
            return cls.rows(data, weights, nan_policy=nan_policy)
        return cls(data, weights, nan_policy=nan_policy, first_pass=first_pass)

    @classmethod
    def rows(
        cls, x: Any, weights: Any = None, weight_kind: WeightKind = "frequency", *, nan_policy: NanPolicy = "raise"
    ) -> Sample:
        """Make a sample of vectors, for the families of more than one dimension.

        Parameters
        ----------
        x : array_like of shape (n, d), or table of d columns
            One observation a row: list of lists, NumPy array, pandas, polars or pyarrow table.
        weights, weight_kind, nan_policy
            As for `Sample`; a row counts as missing where any of its numbers is.

        Examples
        --------
        >>> Sample.rows([[1.0, 2.0], [3.0, 5.0], [2.0, 2.0]])
        Sample: 3 observations of 2 numbers, from 1 to 5
        """
        nan_policy, weight_kind = policies(nan_policy, weight_kind)
        values = to_rows(x)
        check_same_index(x, "the data", weights=weights)
        weight = None if weights is None else validated_weights(weights, len(values))
        if values.size == 0:
            raise DataError("no observations: the data are empty.")
        kept = None
        if not np.all(np.isfinite(values)):
            kept = not_missing(values, nan_policy)
            values, weight = values[kept], None if weight is None else of_kept(weight, kept)
        if weight is not None and not weight.all():
            counted = np.flatnonzero(weight)
            kept = counted if kept is None else kept[counted]
            values, weight = values[counted], weight[counted]
        new = object.__new__(cls)
        new._set(values, values, weight, weight_kind, None, float(values.min()), float(values.max()))
        new.rows_given = kept
        return new

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
        check_same_index(values, "values", counts=counts)
        return cls(values, whole_numbers(counts))

    @classmethod
    def right_censored(
        cls, time: Any, event: Any, weights: Any = None, weight_kind: WeightKind = "frequency"
    ) -> Sample:
        """Make a sample of times, some of which are only known to be exceeded.

        Parameters
        ----------
        time : array_like of shape (n,)
            Time of the event or, where there was none, the last time at which it had not happened.
        event : array_like of shape (n,)
            1 or True where the event was observed, 0 or False where the time is censored.
        weights, weight_kind
            As for `Sample`.

        Examples
        --------
        >>> Sample.right_censored([5.0, 8.0, 12.0], [1, 0, 1])
        Sample: 3 observations: 2 exact, 1 right-censored
        """
        check_same_index(time, "time", weights=weights)
        times, observed = flagged(time, event, "time", "event")
        return cls._censored(times, observed, weights, weight_kind, right=True)._called(name_of(time))

    @classmethod
    def left_censored(cls, x: Any, observed: Any, weights: Any = None, weight_kind: WeightKind = "frequency") -> Sample:
        """Make a sample of values, some of which are only known not to exceed a limit of detection.

        Parameters
        ----------
        x : array_like of shape (n,)
            The value or, where it was not observed, the limit that it does not exceed.
        observed : array_like of shape (n,)
            1 or True where the value was observed, 0 or False where it is at most ``x``.
        weights, weight_kind
            As for `Sample`.
        """
        check_same_index(x, "x", weights=weights)
        values, seen = flagged(x, observed, "x", "observed")
        return cls._censored(values, seen, weights, weight_kind, right=False)._called(name_of(x))

    @classmethod
    def intervals(cls, lower: Any, upper: Any, weights: Any = None, weight_kind: WeightKind = "frequency") -> Sample:
        """Make a sample of intervals ``(lower, upper]``.

        Parameters
        ----------
        lower, upper : array_like of shape (n,)
            Ends; equal for an exact observation. -inf, NaN or null in ``lower`` is left-censored, inf, NaN or null in
            ``upper`` right-censored.
        weights, weight_kind
            As for `Sample`.

        Raises
        ------
        DataError
            If an interval ends before it begins, or both ends are open, which says nothing.
        """
        check_same_index(lower, "lower", upper=upper, weights=weights)
        low, _ = to_column(lower, "lower")
        high, _ = to_column(upper, "upper")
        if len(low) != len(high):
            raise DataError(f"intervals: {len(low)} lower ends and {len(high)} upper ends; give one of each a row.")
        return cls._of_intervals(
            np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high), weights, weight_kind
        )

    @classmethod
    def binned(cls, counts: Any, edges: Any) -> Sample:
        """Make a sample of counts in adjacent bins ``(edge, next edge]``.

        Parameters
        ----------
        counts : array_like of shape (k,)
            Number of observations in each bin.
        edges : array_like of shape (k + 1,)
            Ends of the bins, increasing; the first may be -inf and the last inf.

        Examples
        --------
        >>> Sample.binned([30, 31, 57], [0, 25, 50, 100])
        Sample: 118 observations in 3 weighted rows: 118 in intervals
        """
        counted, _ = to_column(counts, "counts")
        ends, _ = to_column(edges, "edges")
        if len(ends) != len(counted) + 1:
            raise DataError(f"binned: {len(counted)} counts need {len(counted) + 1} edges, got {len(ends)}.")
        if not np.all(np.diff(ends) > 0):
            raise DataError("binned: edges must increase from each to the next.")
        return cls._of_intervals(ends[:-1], ends[1:], counted, "frequency")

    @classmethod
    def rounded(
        cls,
        x: Any,
        step: float,
        weights: Any = None,
        weight_kind: WeightKind = "frequency",
        *,
        event: Any = None,
        observed: Any = None,
    ) -> Sample:
        """Make a sample of values that were rounded to multiples of ``step``: each stands for ``x ± step / 2``.

        Parameters
        ----------
        x : array_like of shape (n,)
            Values, or times.
        step : float
            What they were rounded to multiples of.
        weights, weight_kind
            As for `Sample`.
        event : array_like of shape (n,), optional
            As for `right_censored`: 0 or False where ``x`` is only known to be exceeded, and is taken as it is.
        observed : array_like of shape (n,), optional
            As for `left_censored`: 0 or False where the value is at most ``x``, which is taken as it is.

        Examples
        --------
        >>> Sample.rounded([5.0, 8.0, 12.0], 1.0, event=[1, 0, 1])
        Sample: 3 observations: 1 right-censored, 2 in intervals
        """
        check_same_index(x, "x", weights=weights, event=event, observed=observed)
        values, _ = to_column(x)
        step = number(step, "rounded: step", above=0.0, error=DataError)
        check_finite(values, "x")
        lower, upper = values - step / 2, values + step / 2
        if event is not None:
            _, happened = flagged(values, event, "x", "event")
            lower, upper = np.where(happened, lower, values), np.where(happened, upper, np.inf)
        if observed is not None:
            _, seen = flagged(values, observed, "x", "observed")
            unclear = np.flatnonzero(~seen & np.isposinf(upper))
            if len(unclear):
                raise DataError(
                    f"rounded: {len(unclear)} of {len(values)} observations are censored on both sides; the first is "
                    f"row {unclear[0]}."
                )
            lower, upper = np.where(seen, lower, -np.inf), np.where(seen, upper, values)
        return cls._of_intervals(lower, upper, weights, weight_kind)._called(name_of(x))

    @classmethod
    def insured(
        cls,
        payment: Any,
        deductible: Any = None,
        limit: Any = None,
        coinsurance: Any = None,
        inflation: Any = None,
        weights: Any = None,
        weight_kind: WeightKind = "frequency",
    ) -> Sample:
        """Make a sample of losses of which an insurer knows what it paid.

        A loss x is paid as ``coinsurance * (min((1 + inflation) * x, limit) - deductible)`` where that is positive, and
        is not heard of where it is not. So a payment tells the loss; one of the largest size that it is as large at
        least; and all are seen through a window that begins at the deductible. The law that is fitted is that of the
        losses x themselves, from the ground up, before inflation.

        Parameters
        ----------
        payment : array_like of shape (n,)
            What was paid for each loss of which something was paid.
        deductible : float or array_like of shape (n,), optional
            What the insured bears of every loss; none by default.
        limit : float or array_like of shape (n,), optional
            The loss beyond which nothing more is paid (the *maximum covered loss*); NaN or infinite for none.
        coinsurance : float or array_like of shape (n,), optional
            Share that is paid of what lies between the two; 1 by default.
        inflation : float or array_like of shape (n,), optional
            By how much losses have risen since the time of which the law is wanted: 0.05 for five per cent.
        weights, weight_kind
            As for `Sample`.

        Raises
        ------
        DataError
            If a payment is missing, not positive, or more than the policy pays; or the terms are no policy.

        Notes
        -----
        Source: Klugman, Panjer & Willmot (2012), Loss Models, ch. 8; the names are those of the R package actuar.

        Examples
        --------
        >>> Sample.insured([100.0, 950.0, 20.0], deductible=50.0, limit=1000.0)
        Sample: 3 observations: 2 exact, 1 right-censored; window (50, ∞)
        """
        from mle_toolkit.data.insured import insured

        return insured(payment, deductible, limit, coinsurance, inflation, weights, weight_kind)

    def truncated(self, lower: Any = None, upper: Any = None) -> Sample:
        """The same sample, seen through a window: values outside ``(lower, upper]`` could not have been observed.

        A window that the sample has already stays: what both leave is seen.

        Parameters
        ----------
        lower, upper : float or array_like of shape (n_rows,), optional
            Ends of the window; arrays give one per row, as for delayed entry.

        Raises
        ------
        DataError
            If an observation lies outside its window.
        """
        if not isinstance(self, Sample):  # called as the constructors are
            raise DataError("truncated: a sample is seen through a window: Sample(x).truncated(lower, upper).")
        if self.is_multivariate:
            raise DataError("truncation: a window is one of single numbers; these observations are vectors.")
        ends = []
        for name, end, default in (("lower", lower, -np.inf), ("upper", upper, np.inf)):
            if end is None:
                ends.append(np.full(self.n_rows, default))
            elif np.ndim(end) == 0:
                value = as_float(end)
                if value is None or math.isnan(value):
                    raise DataError(f"truncation: {name} must be a number, or one a row, got {shown(end)}.")
                ends.append(np.full(self.n_rows, value))
            else:
                column, _ = to_column(end, f"truncation ({name})")
                if len(column) != self.n_rows:
                    raise DataError(f"truncation: {len(column)} values of {name} for {self.n_rows} rows.")
                ends.append(np.where(np.isnan(column), default, column))
        low, high = ends
        if self.window is not None:
            low, high = np.maximum(self.window[0], low), np.minimum(self.window[1], high)
        # An exact observation may sit on the lower end, which for a continuous law has no mass.
        outside = np.flatnonzero((self.lower < low) & (self.upper <= low) | (self.upper > high) & (self.lower >= high))
        outside = np.union1d(outside, np.flatnonzero((self.lower == self.upper) & (self.upper > high)))
        # Who was last seen before the entry could not be observed, though what is unknown reaches into the window.
        outside = np.union1d(outside, np.flatnonzero(np.isposinf(self.upper) & (self.lower < low)))
        if len(outside):
            row = outside[0]
            raise DataError(
                f"truncation: {len(outside)} of {self.n_rows} observations lie outside their window; the first is row "
                f"{number_of(row, self.rows_given)}: {_shown(self.lower[row], self.upper[row])}, window "
                f"({low[row]:g}, {high[row]:g}]. (An entry after the exit? Such a row could not have been observed.)"
            )
        empty = np.flatnonzero(~(low < high))
        if len(empty):
            raise DataError(
                f"truncation: the window of row {number_of(empty[0], self.rows_given)} is empty: "
                f"({low[empty[0]]:g}, {high[empty[0]]:g}]."
            )
        new = object.__new__(type(self))
        lower_ends, upper_ends = np.maximum(self.lower, low), np.minimum(self.upper, high)
        if self.is_exact:
            lower_ends = upper_ends = self.lower
        new._set(lower_ends, upper_ends, self.weight, self.weight_kind, (low, high), self.minimum, self.maximum)
        new.known, new.rows_given, new.timed = self.known, self.rows_given, self.timed
        return new._called(self.label)

    def with_known(self, **columns: Any) -> Sample:
        """The same sample, with what is known of every row beside its observation: trials, exposure, covariates.

        Parameters
        ----------
        **columns : array_like of shape (n,) or (n, k)
            By name. One value, or k, for every row; or for every row that was given when the sample was made, of which
            those go that it left out (missing observations, weights of 0). What is known already stays beside it.

        Raises
        ------
        DataError
            If a column has another length, or a value is missing or infinite.

        Examples
        --------
        >>> sample = Sample([3, 5, 2], [1.0, 0.0, 1.0]).with_known(n=[10, 12, 8])
        >>> sample.known["n"].tolist()
        [10.0, 8.0]
        """
        known = dict(self.known)
        for name, column in columns.items():
            whole = isinstance(column, np.ndarray) and column.dtype.kind in "iu"  # they stay so: SciPy asks for it
            values = column if whole or np.ndim(column) == 2 else to_column(column, name)[0]
            if len(values) != self.n_rows:
                kept = self.rows_given
                if kept is None or len(values) <= kept[-1]:
                    raise DataError(f"{name}: {len(values)} values for {self.n_rows} rows; give one a row.")
                values = values[kept]
            known[name] = values
            if values.ndim == 2 and np.isfinite(column_sums(values)).all():
                continue
            bad = np.flatnonzero(~np.isfinite(values if values.ndim == 1 else values.sum(axis=1)))
            if len(bad):
                raise DataError(
                    f"{name}: {len(bad)} of {len(values)} are missing or infinite; the first is "
                    f"{name}[{number_of(bad[0], self.rows_given)}]. Leave these rows out."
                )
        return self._with_known(known)

    def with_designs(self, designs: Mapping[str, Array]) -> Sample:
        """The same sample with designs, by name, of as many rows, that were seen to be finite."""
        return self._with_known({**self.known, **designs})

    def _with_known(self, known: Known) -> Sample:
        if type(self) is not Sample:
            new = copy(self)
        else:  # in a tenth of the time
            new = object.__new__(Sample)
            for name in Sample.__slots__:
                setattr(new, name, getattr(self, name))
        new.known, new._kept = known, {}
        return new

    def _called(self, label: str | None) -> Sample:
        """The same sample, new here, with what its observations are called."""
        self.label = label
        return self

    @classmethod
    def _censored(cls, values: Array, seen: Mask, weights: Any, weight_kind: WeightKind, *, right: bool) -> Sample:
        """Finite values, of which those that were not seen are ends of intervals open on one side."""
        _, weight_kind = policies("raise", weight_kind)
        if len(values) == 0:
            raise DataError("no observations: the data are empty.")
        weight = None if weights is None else validated_weights(weights, len(values))
        kept = None
        if weight is not None and not weight.all():
            kept = np.flatnonzero(weight)
            values, seen, weight = values[kept], seen[kept], weight[kept]
        others = values if seen.all() else np.where(seen, values, np.inf if right else -np.inf)
        lower, upper = (values, others) if right else (others, values)
        new = object.__new__(cls)
        new._set(lower, upper, weight, weight_kind, None, *extent(values))
        new.rows_given = kept
        new.timed = True
        return new

    @classmethod
    def _of_intervals(cls, lower: Array, upper: Array, weights: Any, weight_kind: WeightKind) -> Sample:
        _, weight_kind = policies("raise", weight_kind)
        if len(lower) == 0:
            raise DataError("no observations: the data are empty.")
        weight = None if weights is None else validated_weights(weights, len(lower))
        (lowest, highest_lower), (lowest_upper, highest) = extent(lower), extent(upper)
        wrong: list[tuple[Mask, str]] = [(lower > upper, "end before they begin")]
        if np.isinf(lowest) and np.isinf(highest):
            wrong.append((np.isneginf(lower) & np.isposinf(upper), "are open at both ends"))
        if highest_lower == np.inf or lowest_upper == -np.inf:
            wrong.append((np.isposinf(lower) | np.isneginf(upper), "are at infinity"))
        for mask, problem in wrong:
            rows = np.flatnonzero(mask)
            if len(rows):
                raise DataError(
                    f"data: {len(rows)} of {len(lower)} observations {problem}; the first is row {number_of(rows[0])}: "
                    f"({lower[rows[0]]:g}, {upper[rows[0]]:g}]. Remove them, or correct the ends."
                )
        kept = None
        if weight is not None and not weight.all():
            kept = np.flatnonzero(weight)
            lower, upper, weight = lower[kept], upper[kept], weight[kept]
        if np.array_equal(lower, upper):
            upper = lower
        new = object.__new__(cls)
        new._set(lower, upper, weight, weight_kind, None, *_finite_range(lower, upper))
        new.rows_given = kept
        return new

    @property
    def is_exact(self) -> bool:
        """Whether every observation is a point."""
        return self.upper is self.lower

    @property
    def is_plain(self) -> bool:
        """Whether every observation is a point and there is no window: the density alone is the likelihood."""
        return self.upper is self.lower and self.window is None

    @property
    def has_one_window(self) -> bool:
        """Whether there is a window, and it is the same for every row."""
        if self.window is None:
            return False
        low, high = self.window
        return bool(np.all(low == low[0]) and np.all(high == high[0]))

    @property
    def outer_window(self) -> tuple[float, float] | None:
        """The window that holds those of all rows; None without one."""
        return None if self.window is None else (float(np.min(self.window[0])), float(np.max(self.window[1])))

    @property
    def seen_through(self) -> tuple[float, float] | None:
        """The outer window, the whole line for intervals without windows; None for exact data, seen as they are."""
        return None if self.is_plain else self.outer_window or (-math.inf, math.inf)

    @property
    def x(self) -> Array:
        """The observations, of shape (n_rows,); (n_rows, dimension) where they are vectors.

        Raises
        ------
        DataError
            If some are intervals.
        """
        if self.upper is not self.lower:
            raise DataError(
                "the sample holds intervals (censored, binned or rounded data), which have no single value."
            )
        return self.lower

    def as_points(self, length: float = 0.0) -> Sample:
        """Points in place of intervals, and no window: for starting values only.

        The midpoint of an interval, of which an open one has the length given.
        """
        if self.is_plain:
            return self
        if length == 0.0 and ((self.lower == self.upper) | (self.upper == np.inf)).all():
            return self.with_values(self.lower, self.weight, self.known)  # of durations each is where its row begins
        low = np.where(np.isinf(self.lower), self.upper - length, self.lower)
        high = np.where(np.isinf(self.upper), self.lower + length, self.upper)
        return self.with_values(low + 0.5 * (high - low), self.weight, self.known)

    @property
    def in_memory(self) -> bool:
        """Whether the rows are held; if not, they are read in blocks, and only sums over them can be had."""
        return True

    @property
    def has_rows(self) -> bool:
        """Whether the rows can be gone over; if not, nothing but sums of them is left."""
        return True

    @property
    def is_weighted(self) -> bool:
        """Whether rows have weights."""
        return self.weight is not None

    @property
    def n_rows(self) -> int:
        """How many rows there are, whatever their weights."""
        return len(self.lower)

    @property
    def is_multivariate(self) -> bool:
        """Whether an observation is a vector."""
        return self.lower.ndim == 2

    @property
    def dimension(self) -> int:
        """How many numbers an observation has."""
        return int(self.lower.shape[1]) if self.is_multivariate else 1

    @property
    def is_integer(self) -> bool:
        """Whether every observation is a whole number."""
        return self.is_exact and all(bool(np.all(x == np.floor(x))) for x, _ in self.blocks())

    def blocks(self, length: int = BLOCK_ROWS) -> Iterator[tuple[Array, Array | None]]:
        """Yield (observations, weights) in blocks of ``length`` rows, in order."""
        if self.n_rows <= length:
            yield self.lower, self.weight
            return
        for first in range(0, self.n_rows, length):
            rows = slice(first, first + length)
            yield self.lower[rows], None if self.weight is None else self.weight[rows]

    def parts(self, length: int = BLOCK_ROWS) -> Iterator[Block]:
        """Yield the rows in blocks of ``length``, in order, with all that is known of them."""
        first = 0
        for x, weight in self.blocks(length):
            if len(x) == self.n_rows:
                yield Block(x, weight, first, self.known)
                return
            yield Block(x, weight, first, some_of(self.known, slice(first, first + len(x))))
            first += len(x)

    def fold(self, part: Callable[[Block], Any], length: int | None = BLOCK_ROWS) -> Array:
        """Sum what ``part(block)`` gives for each block, in the order of the blocks.

        Everything that a fit needs from the data is such a sum. Blocks have ``length`` rows, or None for those that
        the data come in.
        """
        if type(self) is Sample and (length is None or len(self.lower) <= length):
            return np.asarray(part(Block(self.lower, self.weight, 0, self.known)))
        total: Any = None
        for block in self.parts(length or self.n_rows):
            sums = part(block)
            total = sums if total is None else total + sums
        return np.asarray(total)

    def mean(self, of: Callable[[Array], Array] | None = None) -> float:
        """Weighted mean of a function of the observations; of the observations themselves by default."""
        total = 0.0
        for x, w in self.blocks():
            values = x if of is None else of(x)
            # It is pairwise: its error bound grows like log n, and no BLAS threads wake as for `w @ v`.
            total += float(np.add.reduce(values if w is None else w * values))
        return total / self.nobs

    def var(self) -> float:
        """Weighted variance about the mean, with divisor ``nobs``."""
        centre = self.mean()
        # The mean is a rounded number; far from 0 its distance from the true mean counts.
        return self.mean(lambda x: np.square(x - centre)) - self.mean(lambda x: x - centre) ** 2

    def quantile(self, p: float) -> float:
        """Weighted quantile: the smallest observation whose cumulative weight reaches ``p``; midpoint on a tie."""
        p = p if type(p) is float and 0.0 <= p <= 1.0 else number(p, "p", at_least=0.0, at_most=1.0)
        if self.n_rows > 4 * _SELECTING_ROWS:
            selected = self._selected(p)
            if selected is not None:
                return selected
        if self.weight is None:
            if self._ordered is None:
                self._ordered = np.sort(self.lower)
            target = p * self.n_rows
            slack = 4 * EPSILON * self.n_rows
            at, above = math.ceil(target - slack) - 1, math.floor(target + slack)
            below = float(self._ordered[max(at, 0)])
            return 0.5 * below + 0.5 * float(self._ordered[min(above, self.n_rows - 1)])  # their sum might overflow
        return found_among(self.lower, self.weight, p)[0]

    def median(self) -> float:
        """``quantile(0.5)``, without an order of all rows where they are few and nothing else asks for it."""
        n = self.n_rows
        if not self.in_memory or self.weight is not None or self._ordered is not None or n > 4 * _SELECTING_ROWS:
            return self.quantile(0.5)
        low, high = (n - 1) // 2, n // 2
        parted = self.lower.copy()
        parted.partition((low, high))
        return 0.5 * float(parted[low]) + 0.5 * float(parted[high])

    def _selected(self, p: float) -> float | None:
        """A quantile of many rows, sought only among those between quantiles of a subsample; None if not found there.

        Rows that are held are fetched in the pass that counts those below. Of rows that are not, which may all be one
        value, so many might not fit: `BlockedSample.quantile` counts them first. What they end with is one.

        After Floyd & Rivest (1975), Communications of the ACM 18, 165-172.
        """
        few = self._strided(_SELECTING_ROWS)
        reach = standard_errors_about(p, few)
        low = few.quantile(p - reach) if p > reach else -math.inf
        high = few.quantile(p + reach) if p + reach < 1 else math.inf
        below, rows, weights = 0.0, [], []
        for x, w in self.blocks(LONG_BLOCK_ROWS):
            between = (x >= low) & (x <= high)
            rows.append(x[between])
            weights.append(np.ones(len(rows[-1])) if w is None else w[between])
            below += np.count_nonzero(x < low) if w is None else float(np.sum(w[x < low]))
        x = np.concatenate(rows)
        value, first, last = found_among(x, np.concatenate(weights), p, below, self.nobs)
        return None if (first == 0 and low > self.minimum) or (last == len(x) and high < self.maximum) else value

    def sketch(self, rows: int = SKETCH_ROWS) -> Sample:
        """A strided subsample of at most ``rows`` rows, for starting values only."""
        if rows != SKETCH_ROWS or self.n_rows <= rows:  # itself is not kept: it would hold itself
            return self._strided(rows)
        return self.once("sketch", lambda: self._strided(rows))

    def _strided(self, rows: int) -> Sample:
        step = -(-self.n_rows // rows)
        if step > 1 and rows > SKETCH_ROWS and self.is_plain and not self.is_multivariate and not self.known:
            return self.with_values(
                in_runs(self.lower, step), None if self.weight is None else in_runs(self.weight, step)
            )
        # By index, which copies: every pass over a strided view would touch the memory of the whole sample.
        return self if step == 1 else self.take(np.arange(0, self.n_rows, step))

    def joined(self, other: Sample) -> Sample:
        """The rows of both, those of ``other`` last.

        Raises
        ------
        DataError
            If they are not of one kind: numbers and vectors, frequency and reliability weights; or if more is known of
            the rows of one.
        """
        if self.is_multivariate != other.is_multivariate or self.dimension != other.dimension:
            raise DataError(f"rows of {self.dimension} numbers and of {other.dimension} do not join.")
        if self.weight_kind != other.weight_kind and (self.is_weighted or other.is_weighted):
            raise DataError(f"{self.weight_kind} and {other.weight_kind} weights do not join.")
        if set(self.known) != set(other.known):
            raise DataError(f"rows with {sorted(self.known)} known and rows with {sorted(other.known)} do not join.")
        pair = (self, other)
        weight = None
        if self.is_weighted or other.is_weighted:
            weight = np.concatenate([np.ones(s.n_rows) if s.weight is None else s.weight for s in pair])
        lower = np.concatenate([s.lower for s in pair])
        upper = lower if self.is_exact and other.is_exact else np.concatenate([s.upper for s in pair])
        window = None
        if self.window is not None or other.window is not None:
            nothing = (-np.inf, np.inf)
            ends = [np.broadcast_arrays(*(nothing if s.window is None else s.window), s.lower)[:2] for s in pair]
            window = np.concatenate([e[0] for e in ends]), np.concatenate([e[1] for e in ends])
        new = object.__new__(Sample)
        minimum, maximum = min(s.minimum for s in pair), max(s.maximum for s in pair)
        kind = self.weight_kind if self.is_weighted else other.weight_kind
        new._set(lower, upper, weight, kind, window, minimum, maximum)
        new.known = {name: stacked([s.known[name] for s in pair]) for name in self.known}
        new.timed = self.timed or other.timed
        return new._called(self.label if self.label == other.label else None)

    def take(self, rows: Any) -> Sample:
        """The sample of some rows (slice, index or mask).

        Raises
        ------
        DataError
            If they are no rows of the sample, or none.
        """
        if not isinstance(rows, slice):
            rows = self._index(rows)
        weight = None if self.weight is None else self.weight[rows]
        if self.is_plain:
            return self.with_values(self.lower[rows], weight, some_of(self.known, rows))
        lower = self.lower[rows]
        upper = lower if self.is_exact or np.array_equal(lower, self.upper[rows]) else self.upper[rows]
        window = None if self.window is None else (self.window[0][rows], self.window[1][rows])
        new = object.__new__(type(self))
        new._set(lower, upper, weight, self.weight_kind, window, *_finite_range(lower, upper))
        new.known = some_of(self.known, rows)
        return new

    def _index(self, rows: Any) -> Array:
        index = np.asarray(rows) if np.ndim(rows) == 1 else np.empty(0)
        masks = index.dtype.kind == "b" and len(index) == self.n_rows and bool(index.any())
        if not masks and not (
            index.dtype.kind in "iu" and len(index) and -self.n_rows <= index.min() and index.max() < self.n_rows
        ):
            raise DataError(f"take: expected a slice, an index or a mask of {self.n_rows} rows, got {shown(rows)}.")
        return index

    def reweighted(self, weight: Array) -> Sample:
        """The sample with other weights, one a row; rows of weight 0 are left out."""
        kept = np.flatnonzero(weight)
        new = self.take(kept)
        new.weight = weight[kept].astype(float)
        new.nobs = float(np.sum(new.weight))
        return new

    def with_values(self, x: Array, weight: Array | None, known: Known = NOTHING) -> Sample:
        """A sample of other values known to be valid, of the same kind of weights, with what is known of their rows."""
        new = object.__new__(type(self))
        ends = extent(x) if x.ndim == 1 else (float(x.min()), float(x.max()))
        new._set(x, x, weight, self.weight_kind, None, *ends)
        new.known = known
        return new

    def standardised(self, centre: float | Array, scale: float | Array) -> Sample:
        """The same sample in other units: ``(x - centre) / scale``; of vectors, with one of each a column."""
        if self.is_multivariate:
            return self.with_values((self.lower - centre) / scale, self.weight, self.known)
        if centre == 0.0 and scale == 1.0:
            return self

        moved = partial(_moved, centre, scale)
        if self.is_plain and self.in_memory and self.n_rows > HELD_ROWS:
            return self.mapped(moved)
        lower = moved(self.lower)
        new = object.__new__(type(self))
        new._set(
            lower,
            lower if self.is_exact else moved(self.upper),
            self.weight,
            self.weight_kind,
            None if self.window is None else (moved(self.window[0]), moved(self.window[1])),
            float((self.minimum - centre) / scale),
            float((self.maximum - centre) / scale),
        )
        new.known, new.rows_given = self.known, self.rows_given
        if self._ordered is not None:
            new._ordered = moved(self._ordered)
        return new

    def mapped(self, of: Callable[[Array], Array]) -> Sample:
        """The sample of a monotone function of exact observations; of more than `HELD_ROWS` rows nothing is held."""
        if self.n_rows > HELD_ROWS:
            return _MappedSample(self, of)
        return self.with_values(of(self.lower), self.weight, self.known)

    def tabulated(self, count: CountWhole | None = None) -> Sample:
        """The same sample as a table: distinct values in order, each with its total weight.

        Parameters
        ----------
        count : callable, optional
            What counts whole numbers, as `count_whole` does.
        """
        if not self.is_plain or self.is_multivariate or self.known:
            return self
        if self.weight_kind == "reliability":
            return self  # a row keeps its own weight: the sandwich sums squares of weights
        if self.maximum - self.minimum < min(self.n_rows, 1_000_000) and self._has_whole_ends:
            lowest = int(self.minimum)
            table = (count or count_whole)(self.lower, self.weight, lowest, int(self.maximum) - lowest + 1)
            if table is not None:
                seen = np.flatnonzero(table)
                return self.with_values(self.minimum + seen.astype(np.float64), table[seen])
        values, total = np.empty(0), np.empty(0)
        for x, weight in self.blocks(HELD_ROWS):
            if len(values) > HELD_ROWS:  # to sort once is then faster than to merge
                values, total = table_of(self.lower, self.weight)
                break
            counts = np.ones(len(x)) if weight is None else weight
            values, total = table_of(np.concatenate([values, x]), np.concatenate([total, counts]))
        return self if len(values) == self.n_rows else self.with_values(values, total)

    @property
    def _has_whole_ends(self) -> bool:
        """Whether the smallest and the largest observation are whole numbers, and those between them exact."""
        ends = (self.minimum, self.maximum)
        return all(end.is_integer() and abs(end) < 2.0**53 for end in ends)

    def same_data(self, other: Sample) -> bool:
        """Whether both hold the same rows with the same weights, in the same order."""
        return self.difference(other) is None

    def difference(self, other: Sample) -> str | None:
        """What differs from another sample, so that likelihoods do not compare; None for the same data."""
        if self is other:
            return None
        if not isinstance(other, Sample):
            raise DataError(f"expected a Sample to compare with, got {shown(other)}.")
        if self.n_rows != other.n_rows:
            return f"{self.n_rows} rows against {other.n_rows}"
        forms = [tuple(bool(np.any(rows)) for rows in (s.lower == s.upper, s.lower < s.upper)) for s in (self, other)]
        if forms[0] != forms[1] and (not forms[0][0] or not forms[1][0]):
            return "masses of intervals against densities of points"
        if not np.array_equal(self.lower, other.lower):
            censored = np.array_equal(self.upper, other.upper)
            return "other censoring" if censored else "other observations"
        if not (self.is_exact and other.is_exact) and not np.array_equal(self.upper, other.upper):
            return "other censoring"
        if (self.window is None) != (other.window is None):
            return "a window (truncation) against none"
        if self.window is not None and other.window is not None and not np.array_equal(self.window, other.window):
            return "other windows (truncation)"
        if self.weight_kind != other.weight_kind:
            return f"{self.weight_kind} weights against {other.weight_kind} weights"
        if (self.weight is None) != (other.weight is None) or (
            self.weight is not None and other.weight is not None and not np.array_equal(self.weight, other.weight)
        ):
            return "other weights"
        return None

    def __len__(self) -> int:
        return self.n_rows

    def __repr__(self) -> str:
        return f"Sample: {self}"

    def __str__(self) -> str:
        count = f"{self.nobs:g} observation" + ("" if self.nobs == 1 else "s")
        if self.weight is not None:
            count += f" in {self.n_rows} weighted rows"
            count += " (reliability weights)" if self.weight_kind == "reliability" else ""
        if self.is_multivariate:
            count += f" of {self.dimension} number" + ("" if self.dimension == 1 else "s")
        if self.is_plain:
            return f"{count}, from {self.minimum:g} to {self.maximum:g}"
        count += ": " + ", ".join(f"{number:g} {kind}" for kind, number in self._kinds().items())
        if self.window is not None:
            low, high = self.window
            count += f"; window {_window_text(low[0], high[0])}" if self.has_one_window else "; a window per row"
        return count

    def _kinds(self) -> dict[str, float]:
        """How many observations there are of each form."""
        weight = np.ones(self.n_rows) if self.weight is None else self.weight
        kinds = {
            "exact": self.lower == self.upper,
            "left-censored": np.isneginf(self.lower),
            "right-censored": np.isposinf(self.upper),
            "in intervals": np.isfinite(self.lower) & np.isfinite(self.upper) & (self.lower < self.upper),
        }
        return {kind: float(np.sum(weight[rows])) for kind, rows in kinds.items() if rows.any()}


class _MappedSample(Sample):
    """A sample of a monotone function of the observations of another, computed block by block.

    All rows at once are computed, and then held, only where something asks for them.
    """

    __slots__ = ("_of", "_origin")

    def __init__(self, origin: Sample, of: Callable[[Array], Array]) -> None:
        self._origin, self._of = origin, of
        self.weight, self.weight_kind, self.nobs = origin.weight, origin.weight_kind, origin.nobs
        self.minimum, self.maximum = sorted(of(np.array([origin.minimum, origin.maximum])).tolist())
        self.window = self.summed_ahead = self._ordered = None
        self.known, self.rows_given = origin.known, origin.rows_given
        self.timed, self.label = origin.timed, origin.label
        self._kept = {}

    def __getattr__(self, name: str) -> Any:
        if name not in ("lower", "upper"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.lower = self.upper = self._of(self._origin.lower)
        return self.lower

    @property
    def is_exact(self) -> bool:
        """Whether every observation is a point: always."""
        return True

    @property
    def is_plain(self) -> bool:
        """Whether every observation is a point and there is no window: always."""
        return True

    @property
    def n_rows(self) -> int:
        """How many rows there are, whatever their weights."""
        return self._origin.n_rows

    @property
    def is_multivariate(self) -> bool:
        """Whether an observation is a vector: never."""
        return False

    def blocks(self, length: int = BLOCK_ROWS) -> Iterator[tuple[Array, Array | None]]:
        """Yield (observations, weights) in blocks of ``length`` rows, in order."""
        for x, weight in self._origin.blocks(length):
            yield self._of(x), weight

    def truncated(self, lower: Any = None, upper: Any = None) -> Sample:
        """The same sample, seen through a window; see `Sample.truncated`."""
        return self.with_values(self.lower, self.weight, self.known).truncated(lower, upper)

    def with_values(self, x: Array, weight: Array | None, known: Known = NOTHING) -> Sample:
        """A sample of other values known to be valid, of the same kind of weights, which are held."""
        return self._origin.with_values(x, weight, known)

    def _strided(self, rows: int) -> Sample:
        few = self._origin._strided(rows)
        return self if few is self._origin else few.mapped(self._of)


def standard_errors_about(p: float, few: Sample) -> float:
    """How far in probability a quantile of all data may lie from that of a subsample: some standard errors."""
    squares = few.n_rows if few.weight is None else float(np.sum(np.square(few.weight)))
    return _STANDARD_ERRORS * math.sqrt(p * (1 - p) * squares) / few.nobs


def _moved(centre: float | Array, scale: float | Array, x: Array) -> Array:
    """Observations in another unit."""
    return np.asarray((x - centre) / scale)


def _window_text(low: float, high: float) -> str:
    left = "(-∞" if np.isinf(low) else f"({low:g}"
    return left + (", ∞)" if np.isinf(high) else f", {high:g}]")


def _shown(lower: float, upper: float) -> str:
    return f"{lower:g}" if lower == upper else f"({lower:g}, {upper:g}]"


def _finite_range(lower: Array, upper: Array) -> tuple[float, float]:
    """Smallest and largest finite end of intervals, each of which has one."""
    if upper is lower:
        return extent(lower)
    smallest, largest = np.inf, -np.inf
    for first in range(0, len(lower), BLOCK_ROWS):
        low, high = lower[first : first + BLOCK_ROWS], upper[first : first + BLOCK_ROWS]
        smallest = min(smallest, float(np.where(np.isneginf(low), high, low).min()))
        largest = max(largest, float(np.where(np.isposinf(high), low, high).max()))
    return smallest, largest
