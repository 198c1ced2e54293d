"""Whether what was given is data: numbers that are finite, counts, flags, weights."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.frames import check_same_index, to_column
from mle_toolkit.data.numbering import number_of
from mle_toolkit.data.passes import extent
from mle_toolkit.errors import DataError, WeightError
from mle_toolkit.options import choice

WeightKind = Literal["frequency", "reliability"]


NanPolicy = Literal["raise", "omit"]


LARGEST = 1e38
"""A magnitude up to which products of eight factors, as of cubes, do not overflow nor, as its inverse, underflow."""


LARGEST_WEIGHT = 1e100
"""The largest weight may be as large, or as small as its inverse: its square times a product of factors is a number."""


def whole_numbers(counts: Any) -> Array:
    """Counts as an array.

    Raises
    ------
    WeightError
        If one is not a whole number.
    """
    counted, _ = to_column(counts, "counts")
    odd = np.flatnonzero(counted != np.floor(counted))
    if len(odd):
        raise WeightError(
            f"counts: {len(odd)} of {len(counted)} are not whole numbers; the first is "
            f"counts[{odd[0]}] = {counted[odd[0]]:g}. For other weights use Sample(x, weights=...)."
        )
    return counted


def flagged(values: Any, flags: Any, name: str, flag_name: str) -> tuple[Array, Mask]:
    """A column of finite values with a column of yes or no beside it."""
    check_same_index(values, name, **{flag_name: flags})
    column, _ = to_column(values, name)
    known = type(flags) is np.ndarray and flags.dtype == bool and flags.ndim == 1
    flag: Any = flags if known else to_column(flags, flag_name)[0]
    if len(column) != len(flag):
        raise DataError(f"{flag_name}: {len(flag)} flags for {len(column)} values of {name}; give one a row.")
    if not known:
        bad = np.flatnonzero((flag != 0) & (flag != 1))
        if len(bad):
            raise DataError(
                f"{flag_name}: {len(bad)} of {len(flag)} are neither 0 nor 1; the first is "
                f"{flag_name}[{number_of(bad[0])}] = {flag[bad[0]]:g}."
            )
    check_finite(column, name)
    return column, flag if known else flag == 1


def check_finite(column: Array, name: str) -> None:
    """Raise where a value, without which its row says nothing, is missing or infinite."""
    if len(column) == 0 or all(map(math.isfinite, extent(column))):
        return
    for bad, what in ((np.isnan(column), "missing (NaN)"), (np.isinf(column), "infinite")):
        rows = np.flatnonzero(bad)
        if len(rows):
            raise DataError(
                f"{name}: {len(rows)} of {len(column)} observations are {what}; the first is "
                f"{name}[{number_of(rows[0])}]. Remove their rows, or say what they stand for: "
                f"Sample.intervals(lower, upper)."
            )


_POLICIES: tuple[NanPolicy, ...] = get_args(NanPolicy)
_KINDS: tuple[WeightKind, ...] = get_args(WeightKind)


def policies(nan_policy: Any, weight_kind: Any) -> tuple[NanPolicy, WeightKind]:
    """What is to be done with missing values, and what weights mean."""
    policy: Any = choice(nan_policy, "nan_policy", _POLICIES, error=DataError)
    kind: Any = choice(weight_kind, "weight_kind", _KINDS, error=DataError)
    return policy, kind


def validated_weights(weights: Any, n_rows: int) -> Array:
    """Weights, one a row, that are numbers from 0 on of which one at least is positive."""
    weight, _ = to_column(weights, "weights")
    if len(weight) != n_rows:
        raise WeightError(f"weights: {len(weight)} weights for {n_rows} observations; give one a row.")
    smallest, largest = extent(weight) if n_rows else (1.0, 1.0)
    if not (smallest >= 0 and largest < math.inf):
        for what, bad in (
            ("missing", np.isnan(weight)),
            ("infinite", np.isinf(weight)),
            ("negative", weight < 0),
        ):
            rows = np.flatnonzero(bad)
            if len(rows):
                raise WeightError(
                    f"weights: {len(rows)} of {n_rows} are {what}; the first is weights[{number_of(rows[0])}] = "
                    f"{weight[rows[0]]:g}."
                )
    if n_rows and not weight.any():
        raise WeightError(f"weights: all {n_rows} are zero, so there are no observations.")
    check_weights_magnitude(largest)
    return weight


def check_weights_magnitude(largest: float) -> None:
    """Refuse weights so large or small that sums of them, and of their squares, leave the range of numbers."""
    if largest == 0 or 1 / LARGEST_WEIGHT <= largest <= LARGEST_WEIGHT:
        return
    raise WeightError(
        f"weights: the largest is {largest:g}; sums of weights so {'small' if largest < 1 else 'large'} cannot be "
        f"computed. Multiply all of them by one number, so that the largest is between {1 / LARGEST_WEIGHT:g} and "
        f"{LARGEST_WEIGHT:g}."
    )


def not_missing(values: Array, nan_policy: NanPolicy) -> NDArray[np.intp]:
    """Rows that are not missing, where those that are may be left out."""
    infinite = np.isinf(values)
    if infinite.any():
        raise DataError(
            f"data: {np.count_nonzero(any_in_row(infinite))} of {len(values)} observations are infinite; the first is "
            f"{_first(infinite)} = {values[infinite][0]:g}. Remove them, or say what they stand for."
        )
    nan = np.isnan(values)
    missing = any_in_row(nan)
    if nan_policy == "raise":
        raise DataError(
            f"data: {np.count_nonzero(missing)} of {len(values)} observations are missing (NaN); the first is "
            f'{_first(nan)}. Remove them, or pass nan_policy="omit" to leave them out.'
        )
    if missing.all():
        raise DataError(f"no observations: all {len(values)} are missing (NaN).")
    return np.flatnonzero(~missing)


def of_kept(weight: Array, kept: NDArray[np.intp]) -> Array:
    """Weights of the rows that are not missing."""
    if not weight[kept].any():
        raise WeightError(f"weights: zero in all {len(kept)} rows that are not missing, so nothing is left.")
    return weight[kept]


def any_in_row(entries: Mask) -> Mask:
    """Whether any number of an observation is marked."""
    return entries if entries.ndim == 1 else np.asarray(entries.any(axis=1))


def _first(entries: Mask) -> str:
    """Where the first marked number stands."""
    row, *column = np.argwhere(entries)[0].tolist()
    return f"x[{', '.join(map(str, (number_of(row), *column)))}]"
