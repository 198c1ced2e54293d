"""A predictor: a design times coefficients through a link, and where it runs off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sparse import SparseDesign
from mle_toolkit.families.links import Link
from mle_toolkit.likelihood.designs import AnyColumns, Columns, SparseColumns
from mle_toolkit.likelihood.kernels import of_designs
from mle_toolkit.numerics.cached import cached_property

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known


def design_key(parameter: str) -> str:
    """What the design of a parameter is called among what is known of a row."""
    return f"design of {parameter}"


def offset_key(parameter: str) -> str:
    """What the offset of its predictor is called there."""
    return f"offset of {parameter}"


def ready_key(design: str) -> str:
    """What the orthonormal columns of a design are called there, where it is nearly collinear."""
    return f"{design}, orthonormal"


@dataclass(frozen=True)
class RunOff:
    """Where coefficients that run to infinity leave the predictors of rows.

    Parameters
    ----------
    directions : tuple of ndarray of shape (k,)
        In coefficients of the raw design; the first along which a row's predictor moves says to which end it goes.
    finite : ndarray of shape (k,)
        Coefficients of the raw design, in the unit of the data, that give the predictors of all other rows.
    """

    directions: tuple[Array, ...]
    finite: Array

    def predictor(self, raw: Array) -> Array:
        """Predictors of the rows of a raw design, without offset; ±inf where they run off."""
        side = ends_of(raw, self.directions)
        return np.where(side == 0, raw @ self.finite, np.copysign(np.inf, side))


@dataclass(frozen=True)
class Ended:
    """What is left of a predictor where rows have run off: they have a number for it, and the others fewer columns.

    Parameters
    ----------
    directions : tuple of ndarray
        As of `RunOff`.
    kept : tuple of int
        Columns that still count; none where no row is left, and then there is one coefficient, which moves nothing.
    low, high : float
        The predictors of rows that have run off, in the unit of the likelihood.
    """

    directions: tuple[Array, ...]
    kept: tuple[int, ...]
    low: float
    high: float


@dataclass(frozen=True)
class Face:
    """What is left of a predictor where that of some rows is held at an end of the domain of the parameter.

    Parameters
    ----------
    whole : Linear
        The predictor without that.
    point : ndarray of shape (k,)
        Coefficients at which the rows have their ends.
    axes : ndarray of shape (k, m)
        Directions of coefficients along which the predictors of these rows do not move.
    ends : tuple of float
        Predictors, in the unit of the likelihood, at which they are held.
    """

    whole: Linear
    point: Array
    axes: Array
    ends: tuple[float, ...]

    def design(self, known: Known) -> Array:
        """Columns for the coefficients along the axes: 0, not what rounding makes of it, in rows that are held."""
        whole = self.whole.design(known)
        moved = whole @ self.axes
        level = np.all(np.abs(moved) <= _LEVEL * (np.abs(whole) @ np.abs(self.axes)), axis=1)
        return np.where(level[:, None], 0.0, moved)

    def fixed_part(self, known: Known) -> Array:
        """What the predictor has at the point: exactly an end where it is one but for rounding."""
        whole = self.whole.design(known)
        fixed = np.asarray(whole @ self.point + self.whole.fixed_part(known))
        reach = np.abs(whole) @ np.abs(self.point) + np.abs(self.whole.fixed_part(known))
        level = ~np.any(self.design(known), axis=1)
        for end in self.ends:
            fixed = np.where(level & (np.abs(fixed - end) <= _LEVEL * (reach + abs(end))), end, fixed)
        return fixed

    def to_whole(self, coefficients: Array) -> Array:
        """Coefficients of the whole predictor."""
        return np.asarray(self.point + self.axes @ coefficients)

    def in_data_unit(self, factor: float, shift: float) -> Face:
        """The same where predictors are in the unit of the data."""
        whole = replace(self.whole, factor=1.0, offset_shift=0.0)
        return Face(whole, self.point / factor, self.axes, tuple((end - shift) / factor for end in self.ends))


def ends_of(raw: Array, directions: Sequence[Array]) -> Array:
    """To which end the predictor of each row runs along several directions, the earlier before the later."""
    side = np.zeros(len(raw))
    for direction in directions:
        side = np.where(side == 0, sides(raw, direction), side)
    return side


_LEVEL = 1e-9
"""Share of the largest of the terms of a predictor below which their sum is the rounding of zero."""


def sides(raw: Array, direction: Array) -> Array:
    """To which end each row's predictor goes along a direction of coefficients: -1, 0 or 1."""
    along = raw @ direction
    reach = abs(raw) @ np.abs(direction)
    return np.where(np.abs(along) <= _LEVEL * reach, 0.0, np.sign(along))


_AWAY = 30.0
"""Distance of the mean of a column from 0, in its size about it, up to which it need not be subtracted from every row:
products with the column as it is lose three digits by it at most."""


_SIZE = 1e100
"""Sizes of columns, and one over it, whose squares are doubles too."""


@dataclass(frozen=True)
class Linear:
    """A parameter whose predictor is linear: ``link(parameter) = Z @ coefficients + offset``.

    Parameters
    ----------
    parameter : str
        Name of the parameter.
    key : str
        Name of the design among what is known of a row.
    link : Link
    shift : ndarray of shape (k,)
        What is subtracted from the columns of the design.
    frame : ndarray of shape (k, k), or (k,) for a diagonal one
        ``Z = (design - shift) @ frame``.
    offset : str or None
        Name of the offset among what is known of a row.
    factor, offset_shift : float
        In the unit of the likelihood the predictor is ``factor`` times that of the data, plus ``offset_shift``.
    """

    parameter: str
    key: str
    link: Link
    shift: Array
    frame: Array
    offset: str | None = None
    factor: float = 1.0
    offset_shift: float = 0.0

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return len(self.shift)

    @property
    def is_partial(self) -> bool:
        """Whether the predictors of some rows have run off, or are held."""
        return self.ended is not None or self.face is not None

    @property
    def is_in_data_unit(self) -> bool:
        """Whether the unit of the data is that of the likelihood, and nothing of the predictor is held."""
        return self.face is None and self.factor == 1.0 and self.offset_shift == 0.0

    def design(self, known: Known) -> Array:
        """Z of some rows; shape (n, k)."""
        if self.face is not None:
            return self.face.design(known)
        raw = known[self.key]
        if self.ended is not None:
            if not self.ended.kept:
                return np.zeros((len(raw), 1))
            stays = ends_of(raw, self.ended.directions) == 0
            return np.where(stays[:, None], (raw[:, self.ended.kept] - self.shift) * self.frame, 0.0)
        if self.frame.ndim == 1:
            return (raw - self.shift) * self.frame
        ready = known.get(ready_key(self.key))
        return (raw - self.shift) @ self.frame if ready is None else ready

    @cached_property
    def by_raw(self) -> Array | None:
        """M such that ``Z = design @ M``, where products with the raw design keep their digits; else None."""
        if (
            self.ended is not None
            or self.face is not None
            or self.frame.ndim > 1
            or (self.constant is None and self.shift.any())
        ):
            return None
        away = self.shift * self.frame
        sizes = np.abs(self.frame)
        if not ((np.abs(away) <= _AWAY).all() and ((sizes < _SIZE) & (sizes > 1 / _SIZE)).all()):
            return None
        matrix = np.diag(self.frame)
        if self.constant is not None:
            matrix[self.constant] -= away
        return matrix

    def columns(self, known: Known) -> AnyColumns:
        """Z of some rows, for products with it."""
        raw, counting = known[self.key], None
        if isinstance(raw, SparseDesign) and self.ended is not None and self.ended.kept:
            counting = np.where(ends_of(raw, self.ended.directions) == 0, 1.0, 0.0)
            raw = raw[:, list(self.ended.kept)]
        if isinstance(raw, SparseDesign) and (self.ended is None or self.ended.kept):
            return SparseColumns.of(raw, self.shift, self.frame, counting)
        twin = of_designs() if self.compiled else None
        if self.by_raw is None:
            return Columns(self.design(known), None, twin)
        return Columns(known[self.key], self.by_raw, twin)

    def fixed_part(self, known: Known) -> Array | float:
        """What the predictor has without coefficients, in the unit of the likelihood."""
        if self.face is not None:
            return self.face.fixed_part(known)
        fixed = self.offset_shift if self.offset is None else self.factor * known[self.offset] + self.offset_shift
        if self.ended is None:
            return fixed
        side = ends_of(known[self.key], self.ended.directions)
        return np.where(side == 0, fixed, np.where(side < 0, self.ended.low, self.ended.high))

    def to_data(self, coefficients: Array) -> Array:
        """Coefficients of the raw design, in the unit of the data, from those of Z; the inverse of `to_unit`.

        What the shift contributes goes to the column that is constant, which has no shift of its own.
        """
        raw = (self.frame * coefficients if self.frame.ndim == 1 else self.frame @ coefficients) / self.factor
        return self._moved(raw, -1.0)

    def to_unit(self, coefficients: Array) -> Array:
        """Coefficients of Z, from those of the raw design in the unit of the data."""
        raw = self._moved(np.asarray(coefficients, dtype=float), 1.0) * self.factor
        return np.asarray(raw / self.frame if self.frame.ndim == 1 else np.linalg.solve(self.frame, raw))

    def at_end(self, end: float) -> Array | None:
        """Coefficients at which the parameter is at an end of its domain in every row; None without a constant."""
        if self.constant is None or self.frame.ndim > 1:
            return None
        with np.errstate(all="ignore"):
            predictor = float(self.link.predictor(end))
        if not np.isinf(predictor):
            return None
        coefficients = np.zeros(self.size)
        coefficients[self.constant] = predictor
        return coefficients

    @cached_property
    def map_to_data(self) -> Array:
        """The matrix of `to_data`; shape (k, k). Along a face, whose point is in no unit, coefficients stay."""
        if self.face is not None:
            return np.eye(self.size)
        matrix = (np.diag(self.frame) if self.frame.ndim == 1 else self.frame) / self.factor
        if self.constant is not None and self.shift.any():
            matrix[self.constant] -= self.shift @ matrix
        return matrix

    def _moved(self, coefficients: Array, sign: float) -> Array:
        if self.constant is None or not self.shift.any():
            return coefficients
        moved, shifted = coefficients.copy(), self.shift != 0.0
        moved[self.constant] += sign * float(self.shift[shifted] @ coefficients[shifted])
        return moved

    constant: int | None = None
    """Which column of the design is 1 in every row, if one is."""

    run_off: RunOff | None = None
    """Where some of the coefficients are infinite."""

    ended: Ended | None = None
    """Where the predictors of some rows have run off."""

    face: Face | None = None
    """Where the predictors of some rows are held at an end."""

    compiled: bool = False
    """Whether there are so many rows that products with the design are taken by compiled loops."""
