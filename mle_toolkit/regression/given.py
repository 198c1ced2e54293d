"""What a caller gave: a formula and a frame, or arrays; and the rows in which nothing of it is missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.checks import NanPolicy, WeightKind
from mle_toolkit.data.columns import Columns
from mle_toolkit.data.factors import missing
from mle_toolkit.data.formula_text import read
from mle_toolkit.data.formulas import Design, of_array, of_formula
from mle_toolkit.data.frames import check_same_index, to_column
from mle_toolkit.data.levels import coded
from mle_toolkit.data.responses import Response, read_left
from mle_toolkit.data.rows import ColumnTotals
from mle_toolkit.data.sample import Sample
from mle_toolkit.data.sparse import without_column
from mle_toolkit.errors import DataError, ParameterError, WeightError
from mle_toolkit.families.base import Family
from mle_toolkit.likelihood.designs import totals_of
from mle_toolkit.options import shown


class _Left(NamedTuple):
    """The left side of a formula, with the columns that it is of."""

    response: Response
    frame: Columns


class _Right(NamedTuple):
    """A right side, likewise."""

    text: str
    frame: Columns


class Given:
    """What a caller gave, by formula or arrays, and in which rows nothing of it is missing."""

    def __init__(self, frame: Columns | None, n_rows: int, nan_policy: NanPolicy) -> None:
        self.frame, self.n_rows, self.nan_policy = frame, n_rows, nan_policy
        self.main: Any = None
        self.data: Any = None
        self.response: _Left | Sample | Array | None = None
        self._absent: list[tuple[str, Mask]] = []
        self._totals: list[tuple[Array, ColumnTotals]] = []
        self._rows: NDArray[np.intp] | None = None

    @classmethod
    def of(cls, y: Any, data: Any, nan_policy: NanPolicy) -> Given:
        """Read the formula, or take the arrays."""
        if isinstance(y, str):
            left, tilde, right = y.partition("~")
            if not tilde:
                raise ParameterError(f'formula {y!r:.80}: expected "y ~ x1 + x2", with one ~.')
            frame = Columns(data)
            new = cls(frame, frame.n_rows, nan_policy)
            new.data = data
            if not frame.n_rows:
                raise DataError("no observations: the data are empty.")
            response = read_left(y, left)
            new.response = _Left(response, frame)
            new._note(response.incomplete(frame))
            new.main = new.predictor("the modelled parameter", right)
            return new
        design, matrix = of_array(data)
        if isinstance(y, Sample):
            observed: Sample | Array = y
            n_rows = y.n_rows
            if len(matrix) != n_rows and y.rows_given is not None and len(matrix) > y.rows_given[-1]:
                matrix = matrix[y.rows_given]
        else:
            check_same_index(data, "X", y=y)
            observed, _ = to_column(y, "y")
            n_rows = len(observed)
        if len(matrix) != n_rows:
            raise DataError(f"X: {len(matrix)} rows for {n_rows} observations; give one a row.")
        new = cls(Columns(data) if is_frame(data) else None, n_rows, nan_policy)
        new.response, new.data = observed, data
        if not isinstance(observed, Sample):
            new._note([("y", np.isnan(observed))])
        new.main = (design, matrix)
        new._note(new._missing_of(design, matrix))
        return new

    def predictor(self, name: str, right: Any) -> Any:
        """A right side that is read, or a design of arrays."""
        if isinstance(right, str):
            if self.frame is None:
                raise ParameterError(f"{name}: a formula needs a frame as data, not an array.")
            _, factors = read(right, self.frame.names)
            for column in dict.fromkeys(column for factor in factors.values() for column in factor.columns):
                self._note([(column, missing(self.frame, column))])
            return _Right(right, self.frame)
        if right is None or np.isscalar(right):
            raise ParameterError(f'{name}: expected a formula, as {name}="~ x", or a design, got {shown(right)}.')
        check_same_index(self.data, "the data", **{name: right})
        design, matrix = of_array(right, what=name)
        if len(matrix) != self.n_rows:
            raise DataError(f"{name}: {len(matrix)} rows for {self.n_rows} observations; give one a row.")
        self._note(self._missing_of(design, matrix))
        return design, matrix

    def column(self, value: Any, name: str) -> Array:
        """A column by its name, or an array; all rows that were given."""
        if isinstance(value, str):
            if self.frame is None:
                raise ParameterError(f"{name}: {value!r} names a column, but the data are no frame; give the values.")
            column = self.frame.numbers(value)
            self._note([(value, np.isnan(column))])
            return column
        check_same_index(self.data, "the data", **{name: value})
        column, _ = to_column(value, name)
        if len(column) != self.n_rows:
            error = WeightError if name == "weights" else DataError
            raise error(f"{name}: {len(column)} values for {self.n_rows} rows; give one a row.")
        self._note([(name, np.isnan(column))])
        return column

    def constant(self, name: str, value: Any) -> Any:
        """A known constant of the law: one value, a column by its name, or one value a row."""
        if isinstance(value, str):
            return self.column(value, name)
        if np.ndim(value) == 0:
            return value
        return self.column(value, name)

    def _missing_of(self, design: Design, matrix: Array) -> Iterator[tuple[str, Mask]]:
        totals = totals_of(matrix)
        self._totals.append((matrix, totals))
        for name, column, total in zip(design.names, matrix.T, totals.sums.tolist(), strict=True):
            if not math.isfinite(total):
                yield name, np.isnan(column)

    def totals_of(self, matrix: Array) -> ColumnTotals:
        """Sums of the columns of a design, which were taken when it was given, unless rows of it are left out."""
        known = (totals for one, totals in self._totals if one is matrix)
        found = next(known, None)
        return totals_of(matrix) if found is None else found

    def take_levels(self, formula: str, levels: Any, *, ordered: bool) -> tuple[str, ...]:
        """Take the codes of a column of levels for the response; the names of the levels."""
        if not isinstance(self.response, _Left) or self.response.response.form is not None:
            raise ParameterError(f"formula {formula!r:.80}: the left side must be a column of levels.")
        response, frame = self.response
        codes, names = coded(frame.labels(response.arguments["x"]), levels, ordered=ordered)
        self.response = codes
        return names

    def _note(self, absent: Iterable[tuple[str, Mask]]) -> None:
        self._absent += [(name, rows) for name, rows in absent if rows.any()]

    def whole_rows(self) -> NDArray[np.intp] | None:
        """Rows in which nothing is missing; None for all.

        Raises
        ------
        DataError
            If something is missing and rows are not to be left out; or if none is left.
        """
        if not self._absent:
            return None
        if self.nan_policy == "raise":
            told = dict(self._absent)
            columns = "; ".join(
                f"{name} in {np.count_nonzero(rows)} of {self.n_rows} rows, the first is row {np.argmax(rows)}"
                for name, rows in list(told.items())[:LISTED]
            )
            raise DataError(f'missing values: {columns}. Remove them, or pass nan_policy="omit" to leave them out.')
        whole = ~np.any([rows for _, rows in self._absent], axis=0)
        if not whole.any():
            raise DataError(f"no observations: something is missing in each of the {self.n_rows} rows.")
        self._rows = np.flatnonzero(whole)
        return self._rows

    def some(self, value: Any) -> Any:
        """Of a column the rows in which nothing is missing."""
        return value if self._rows is None or np.ndim(value) == 0 else value[self._rows]

    def law(self, law: Family) -> Family:
        """The law, of whose constants of each row, if a caller brought some with it, those of these rows."""
        lengths = {len(column) for column in law.known.values()}
        return law.take(self._rows) if self._rows is not None and lengths == {self.n_rows} else law

    def design(self, name: str, right: Any) -> tuple[Design, Array]:
        """The design of a parameter, for these rows."""
        if isinstance(right, _Right):
            return of_formula(right.text, right.frame, self._rows)
        design, matrix = right
        return design, self.some(matrix)

    def sample(self, weights: Array | None, weight_kind: WeightKind) -> Sample:
        """The observations of these rows."""
        if isinstance(self.response, _Left):
            response, frame = self.response
            return response.sample(frame, self._rows, weights, weight_kind)
        if isinstance(self.response, Sample):
            if weights is not None:
                raise WeightError("weights: the Sample has its own weights; give them there, not twice.")
            return self.response if self._rows is None else self.response.take(self._rows)
        return Sample(self.some(self.response), weights, weight_kind)

    def kept(self, sample: Sample) -> NDArray[np.intp]:
        """The rows of the data that the rows of the sample are."""
        rows = np.arange(self.n_rows) if self._rows is None else self._rows
        given = None if isinstance(self.response, Sample) else sample.rows_given
        return rows if given is None else rows[given]


def without_intercept(name: str, design: Design, matrix: Array) -> tuple[Design, Array]:
    """A design of a law with cutpoints, which an intercept would double."""
    place = design.constant
    if place is not None:
        return design.without_intercept(), without_column(matrix, place)
    constant = [k for k in np.flatnonzero(matrix[0] == matrix[-1]) if np.all(matrix[:, k] == matrix[0, k])]
    if len(constant):
        raise DataError(
            f"{name}: column {design.names[constant[0]]!r} is the same in all rows; the cutpoints are the constants of "
            f"an ordinal regression. Leave it out."
        )
    return design, matrix


def is_right_side(weights: Any) -> bool:
    """Whether weights are those of the components of a mixture: a formula, or a design, and no column."""
    if isinstance(weights, str):
        return weights.strip().startswith("~")
    return is_frame(weights) or (not isinstance(weights, (list, tuple)) and np.ndim(weights) == 2)


def is_frame(data: Any) -> bool:
    """Whether data have columns with names."""
    return isinstance(data, Mapping) or hasattr(data, "columns") or hasattr(data, "column_names")


LISTED = 10
"""Columns that an error lists at most."""
