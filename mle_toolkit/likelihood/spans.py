"""Whether the predictors of one model are among those of another: its columns are sums of the other's."""

from __future__ import annotations

from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sparse import SparseDesign
from mle_toolkit.likelihood.linear import Linear, ready_key
from mle_toolkit.likelihood.model import Model

_IN_SPAN = 1e-8
"""Share of a column that may lie outside the space of other columns and count as rounding."""

_AT_ONCE = 1 << 20
"""Numbers of designs that are formed at a time."""


def outside(larger: Model, smaller: Model) -> str | None:
    """Why a model of the same rows is not a larger one with fewer predictors; None where it is.

    Of the parameters that both have, every predictor of the smaller must be one of the larger.
    """
    for p in larger.base.parameters:
        if p.name not in smaller.param_names:
            continue
        one, other = larger.linear.get(p.name), smaller.linear.get(p.name)
        if one is None:
            if other is not None:
                return f"{p.name} has a formula in the smaller model only"
            continue
        offset: Any = 0.0
        if other is not None:
            if other.link.name != one.link.name:
                return f"{p.name} has the link {one.link} in the larger model and {other.link} in the smaller"
            offset = offset if other.offset is None else smaller.rows[other.offset]
        if one.offset is not None:
            offset = offset - larger.rows[one.offset]
        wanted = [] if np.ndim(offset) == 0 else [np.asarray(offset)[:, None]]
        if other is None:
            wanted.append(np.ones((len(larger.rows[one.key]), 1)))
        if _leaves(larger, one, smaller, other, wanted):
            return f"the formula of {p.name} in the smaller model has columns that are not in the larger"
    return None


def _leaves(larger: Model, one: Linear, smaller: Model, other: Linear | None, more: list[Array]) -> bool:
    """Whether columns of a smaller design, or more, are no sums of a larger's: by triangles of blocks of rows."""
    if isinstance(larger.rows[one.key], SparseDesign) and one.ended is None:
        return _leaves_entries(larger, one, smaller, other, more)
    size, count = one.size, len(larger.rows[one.key])
    width = size + (0 if other is None else other.size) + len(more)
    step = max(width, _AT_ONCE // width)
    triangle = np.zeros((0, width))
    for first in range(0, count, step):
        rows = slice(first, first + step)
        parts = [_formed(larger, one, rows), *(column[rows] for column in more)]
        if other is not None:
            parts.insert(1, _formed(smaller, other, rows))
        block = np.concatenate([triangle, np.concatenate(parts, axis=1)])
        triangle = np.asarray(np.linalg.qr(block, mode="r"))
    norms = np.linalg.norm(triangle[:, size:], axis=0)
    return bool(np.any(np.linalg.norm(triangle[size:, size:], axis=0) > _IN_SPAN * norms))


def _formed(model: Model, term: Linear, rows: slice) -> Array:
    """Columns of a design in some rows."""
    keys = [key for key in (term.key, ready_key(term.key)) if key in model.rows]
    return np.asarray(term.columns({key: model.rows[key][rows] for key in keys}).formed())


def _leaves_entries(larger: Model, one: Linear, smaller: Model, other: Linear | None, more: list[Array]) -> bool:
    """The same of a larger design that is held by its entries, by its products with itself."""
    columns = one.columns(larger.rows)
    wanted = [column[:, 0] for column in more]
    if other is not None:
        raw = smaller.rows[other.key]
        mine = set(_marks(larger.rows[one.key]))
        same = [
            mark in mine and (one.constant is not None or shift == 0)
            for mark, shift in zip(_marks(raw), other.shift, strict=True)
        ]
        theirs, others = other.columns(smaller.rows), np.flatnonzero(~np.array(same, dtype=bool))
        wanted += [theirs.times(axis) for axis in np.eye(other.size)[others]]
    if not wanted:
        return False
    inverse = np.linalg.pinv(columns.squared(np.ones(len(wanted[0]))), hermitian=True)
    for column in wanted:
        left = column
        for _ in range(2):
            left = left - columns.times(inverse @ columns.summed(left))
        if np.linalg.norm(left) > _IN_SPAN * np.linalg.norm(column):
            return True
    return False


def _marks(raw: Any) -> list[int]:
    """A number for each column of a design as it is given; the same for equal columns that are held alike."""
    if not isinstance(raw, SparseDesign):
        return [hash(np.ascontiguousarray(column).tobytes()) for column in np.asarray(raw).T]
    whole, others = raw.places
    entries = raw.entries.tocsc()
    entries.sort_indices()
    found = [0] * raw.shape[1]
    for k, column in zip(whole.tolist(), raw.whole.T, strict=True):
        found[k] = hash(np.ascontiguousarray(column).tobytes())
    for k, first, last in zip(others.tolist(), entries.indptr[:-1], entries.indptr[1:], strict=True):
        found[k] = hash((entries.indices[first:last].tobytes(), entries.data[first:last].tobytes()))
    return found
