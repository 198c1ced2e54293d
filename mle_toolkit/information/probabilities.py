"""Arrays of probabilities and of counts, checked at the border; never made to sum to one."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.errors import DataError

_ROUNDING_OF_SUM = 1e-9
"""How far from one probabilities may sum up by rounding; for numbers of lower precision than double, more."""


def probabilities(p: Any, name: str, axis: int | None) -> Array:
    """Check probabilities.

    Parameters
    ----------
    p : array_like
    name : str
        How errors call it.
    axis : int or None
        Axis along which they have to sum to one; None for probabilities of single events.

    Raises
    ------
    DataError
        If they are no numbers, not in [0, 1], or do not sum to one.
    """
    given, array = _numbers(p, name)
    axis = None if axis is None else options.whole(axis, "axis")
    if axis is not None and not -array.ndim <= axis < array.ndim:
        raise DataError(f"{name}: an array of shape {array.shape} has no axis {axis}.")
    if array.size == 0:
        raise DataError(f"{name}: is empty; there has to be at least one probability.")
    outside = ~((array >= 0) & (array <= 1 + _slack(given, array, axis)))
    if axis is not None:
        sums = np.asarray(np.sum(array, axis=axis))
        wrong = ~(np.abs(sums - 1) <= _slack(given, array, axis))
        if np.all(array >= 0) and wrong.any():
            where = (
                ""
                if sums.ndim == 0
                else f" at {np.argwhere(wrong)[0].tolist()} ({np.sum(wrong)} of {sums.size} sums are wrong)"
            )
            raise DataError(
                f"{name} sums to {float(sums[wrong][0] if sums.ndim else sums):.12g}, not to 1{where}. Probabilities "
                f"are not renormalised: give counts as counts=, or divide by the sum if shares of a whole are meant."
            )
    if outside.any():
        place = np.argwhere(outside)[0].tolist()
        raise DataError(
            f"{name}: {np.sum(outside)} of {array.size} are not probabilities, in [0, 1]; the first is "
            f"{name}{place if place else ''} = {array[outside][0]:g}."
        )
    return array


def _slack(given: Any, array: Array, axis: int | None) -> float:
    """How far a sum may be off by the rounding of the numbers that were given."""
    if given.dtype.kind != "f" or given.dtype.itemsize >= 8:
        return _ROUNDING_OF_SUM
    size = array.size if axis is None else array.shape[axis]
    return float(4 * np.sqrt(size) * np.finfo(given.dtype).eps)


def _numbers(p: Any, name: str) -> tuple[Any, Array]:
    if isinstance(p, np.ma.MaskedArray) and np.ma.is_masked(p):
        raise DataError(
            f"{name}: is masked, and what is masked has no probability; pass {name}.compressed() or fill it."
        )
    given = np.asarray(p)
    if given.dtype.kind not in "iuf":
        raise DataError(f"{name}: expected numbers, got {type(p).__name__} {p!r:.60}.")
    array = np.asarray(given, dtype=float)
    missing = np.isnan(array)
    if missing.any():
        place = np.argwhere(missing)[0].tolist()
        raise DataError(
            f"{name}: {np.sum(missing)} of {array.size} are missing (NaN); the first is {name}{place or ''}."
        )
    return given, array


def pair_of_probabilities(p: Any, q: Any, axis: int) -> tuple[Array, Array]:
    """Check two arrays of probabilities, and broadcast them; each has to sum to one along the axis."""
    p_given, q_given, axis = _numbers(p, "p")[0], _numbers(q, "q")[0], options.whole(axis, "axis")
    dimensions = max(p_given.ndim, q_given.ndim)
    if not -dimensions <= axis < dimensions:
        raise DataError(f"p and q, of shapes {p_given.shape} and {q_given.shape}, have no axis {axis}.")
    sizes = [((1,) * (dimensions - array.ndim) + array.shape)[axis] for array in (p_given, q_given)]
    if sizes[0] != sizes[1]:
        raise DataError(
            f"p has probabilities of {sizes[0]} outcomes and q of {sizes[1]} along axis {axis}; give both for the same."
        )
    try:
        p_whole, q_whole = np.broadcast_arrays(p_given, q_given)
    except ValueError:
        raise DataError(f"p of shape {p_given.shape} and q of shape {q_given.shape} do not broadcast.") from None
    return probabilities(p_whole, "p", axis), probabilities(q_whole, "q", axis)


def _counts(counts: Any, dimensions: int) -> tuple[Array, float]:
    """Counts as shares, and how many they are."""
    _, array = _numbers(counts, "counts")
    if array.ndim != dimensions:
        shape = "one dimension" if dimensions == 1 else f"{dimensions} dimensions"
        raise DataError(f"counts: expected an array of {shape}, got one of shape {array.shape}.")
    wrong = ~((array >= 0) & (array == np.floor(array)) & (array < np.inf))
    if wrong.any():
        place = np.argwhere(wrong)[0].tolist()
        raise DataError(
            f"counts: {np.sum(wrong)} of {array.size} are not whole numbers from 0 on; the first is counts{place} = "
            f"{array[wrong][0]:g}."
        )
    n = float(np.sum(array))
    if not n > 0:
        raise DataError("counts: all are 0, so nothing was observed.")
    return array / n, n


def shares_of(counts: Any, q: Any) -> tuple[Array, Array, float]:
    """Shares of the observations, the probabilities of a model, and how many observations there are."""
    shares, n = _counts(counts, 1)
    model = probabilities(q, "q", 0)
    if model.shape != shares.shape:
        raise DataError(
            f"counts of {len(shares)} outcomes need the probabilities q of them; got an array of shape {model.shape}."
        )
    return shares, model, n


def table_of(p: Any, counts: Any) -> tuple[Array, float | None]:
    """A joint law of two variables, and of how many observations it holds the shares; None for probabilities."""
    if counts is not None:
        return _counts(counts, 2)
    table = np.asarray(p)
    if table.ndim != 2:
        raise DataError(f"p: expected a table of joint probabilities, rows by columns; got shape {table.shape}.")
    probabilities(table.ravel(), "p", 0)
    return np.asarray(table, dtype=float), None
