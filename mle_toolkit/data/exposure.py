"""How long, or how much, the rows of counts were watched: checked, and put beside their observations."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.blocks import BlockedSample
from mle_toolkit.data.checks import NanPolicy
from mle_toolkit.data.frames import check_same_index, to_column
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError
from mle_toolkit.options import as_float


def checked_exposure(exposure: Any) -> Any:
    """An exposure that can be one: a float, or an array of one value a row.

    Raises
    ------
    DataError
        If values are missing, infinite or negative, or all are 0.
    """
    one = as_float(exposure)
    values = to_column(exposure, "exposure")[0] if one is None else np.array([one])
    _check(values, np.isnan(values))
    return values if one is None else one


def with_exposure(data: Any, weights: Any, exposure: Any, nan_policy: NanPolicy = "raise") -> Sample:
    """The sample of counts, with the exposure of each row beside it.

    Parameters
    ----------
    data, weights, nan_policy
        As for `Sample.of`.
    exposure : float or array_like
        One number for all rows, or one a row; where it is missing the row is left out with ``nan_policy="omit"``.

    Raises
    ------
    DataError
        If there are not as many values as rows, or some cannot be an exposure.
    """
    check_same_index(data, "the data", exposure=exposure)
    sample = Sample.of(data, weights, nan_policy=nan_policy)
    if isinstance(sample, BlockedSample):
        raise DataError(
            "exposure: rows that are read in blocks cannot have one; pass both columns as arrays if they fit into "
            "memory, or a table of counts by classes of exposure, with weights."
        )
    one = as_float(exposure)
    column = np.full(sample.n_rows, one) if one is not None else to_column(exposure, "exposure")[0]
    missing = np.isnan(column)
    _check(column, missing if nan_policy == "raise" else np.zeros_like(missing))
    rows = sample.rows_given
    if len(column) != sample.n_rows and rows is not None and len(column) > rows[-1]:
        column, missing = column[rows], missing[rows]
    if len(column) != sample.n_rows:
        raise DataError(f"exposure: {len(column)} values for {sample.n_rows} rows; give one a row.")
    if not missing.any():
        return sample.with_known(exposure=column)
    if missing.all():
        raise DataError(f"no observations: the exposure of all {len(column)} rows is missing.")
    kept = np.flatnonzero(~missing)
    return sample.take(kept).with_known(exposure=column[kept])


def _check(values: Array, missing: Any) -> None:
    for what, bad in (("missing", missing), ("infinite", np.isinf(values)), ("negative", values < 0)):
        rows = np.flatnonzero(bad)
        if len(rows):
            raise DataError(
                f"exposure: {len(rows)} of {len(values)} are {what}; the first is exposure[{rows[0]}] = "
                f"{values[rows[0]]:g}. It is how long, or how much, a row was watched: more than 0, or 0 where nothing "
                f"was."
            )
    if not np.any(values > 0):
        raise DataError(f"exposure: all {len(values)} are 0, so nothing was watched and no rate is determined.")
