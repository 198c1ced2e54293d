"""Rows of a regression whose covariates are moved, one at a time, while the others stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array
from mle_toolkit.data.columns import Columns
from mle_toolkit.data.formulas import Design
from mle_toolkit.data.rows import Known
from mle_toolkit.errors import ParameterError
from mle_toolkit.inference.margins import Change, steps_of
from mle_toolkit.likelihood.model import Model
from mle_toolkit.options import shown

POINTS = 25
"""Values over the range of a covariate."""


class Moving:
    """Rows whose covariates may be moved.

    Attributes
    ----------
    names : list of str
        Columns that formulas use.
    factors : dict of str to (level, levels)
        Of those that are factors the base level and all levels.
    """

    def __init__(
        self,
        designs: Mapping[str, Design],
        model: Model,
        own: Known,
        frame: Any,
        kept: NDArray[np.intp] | None,
        held: Mapping[str, float],
    ) -> None:
        self._designs, self._model, self._own, self._held = designs, model, own, held
        by_formula = [design for design in designs.values() if design.spec is not None]
        self.names = list(dict.fromkeys(name for design in by_formula for name in design.columns))
        self.factors = {
            name: (next((d.base_levels[label] for d in by_formula if label in d.base_levels), levels[0]), levels)
            for design in by_formula
            for label, levels in design.levels.items()
            for name in self.names
            if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", label)
        }
        if self.names:
            self._columns = Columns(frame)
            self._kept = np.arange(self._columns.n_rows) if kept is None else kept
            if kept is None and (brought := [name for name in model.per_row if not self._is_design(name)]):
                raise ParameterError(
                    f"the fit knows {', '.join(brought)} of each of its rows, which other frames do not bring; leave "
                    f"frame out, for the rows of the data."
                )

    def _is_design(self, name: str) -> bool:
        return any(name == term.key for term in self._model.linear.values())

    def numbers(self, name: str) -> Array:
        """The values of a covariate."""
        return self._columns.numbers(name)[self._kept]

    def range_of(self, name: str) -> Any:
        """Numbers over the range of a covariate, or all of its levels."""
        if name in self.factors:
            return list(self.factors[name][1])
        values = self.numbers(name)
        return np.linspace(np.nanmin(values), np.nanmax(values), POINTS)

    def all_at(self, name: str, value: Any) -> Any:
        """A column in which all rows have one value."""
        try:
            return np.full(len(self._kept), value, dtype=object if name in self.factors else float)
        except (TypeError, ValueError) as error:
            raise ParameterError(f"{name}: expected a number, got {shown(value)}.") from error

    def known(self, name: str, values: Any, *, beyond: bool = False) -> dict[str, Any]:
        """What the model knows of the rows, were the values of one covariate these, ``beyond`` a spline's range too."""
        columns = self._as_they_are() | {name: values}
        known = {key: self._own[key] for key in self._model.per_row}
        for parameter, design in self._designs.items():
            if design.spec is None:
                continue
            matrix = (design.continued() if beyond else design).matrix(columns)
            term = self._model.linear[parameter]
            values = np.array([self._held.get(f"{parameter}[{name}]", np.nan) for name in design.names])
            held = ~np.isnan(values)
            known[term.key] = matrix[:, ~held]
            if held.any() and term.offset is not None:  # columns whose coefficients were given are part of the offset
                change = matrix[:, held] - design.matrix(self._as_they_are())[:, held]
                known[term.offset] = known[term.offset] + change @ values[held]
        return known

    def changes(self) -> Iterator[Change]:
        """Changes of each covariate, with what is known of the rows then."""
        for name in self.names:
            if name not in self.factors:
                values = self.numbers(name)
                moved = partial(self._moved_by, name, values)
                yield Change.along(name, steps_of(values), moved)
                continue
            base, levels = self.factors[name]
            for other in levels:
                if other != base:
                    pair = [(1.0, other), (-1.0, base)]
                    yield Change(
                        f"{name}[{other} - {base}]",
                        [(factor, self.known(name, self.all_at(name, at))) for factor, at in pair],
                    )
        yield from self._changes_of_arrays()

    def _changes_of_arrays(self) -> Iterator[Change]:
        """The same of the columns of designs that were given as arrays."""
        arrays = {parameter: design for parameter, design in self._designs.items() if design.spec is None}
        for name in dict.fromkeys(name for design in arrays.values() for name in design.names):
            free = {k: [n for n in d.names if f"{k}[{n}]" not in self._held] for k, d in arrays.items()}
            places = {self._model.linear[k].key: names.index(name) for k, names in free.items() if name in names}
            size = max((float(np.std(self._own[key][:, place])) for key, place in places.items()), default=0.0)
            if size == 0:
                continue  # a constant column does not change
            step = np.full(len(self._own[next(iter(places))]), 1e-3 * size)
            yield Change.along(name, step, partial(self._with_columns_moved, places))

    def _moved_by(self, name: str, values: Array, step: Array) -> Known:
        return self.known(name, values + step, beyond=True)

    def _with_columns_moved(self, places: Mapping[str, int], step: Array) -> Known:
        known = {key: self._own[key] for key in self._model.per_row}
        for key, place in places.items():
            known[key] = self._own[key].copy()
            known[key][:, place] += step
        return known

    def _as_they_are(self) -> dict[str, Any]:
        return {key: _taken(self._columns, key, self._kept) for key in self.names}


def _taken(columns: Columns, name: str, rows: NDArray[np.intp]) -> Any:
    """Some rows of a column: numbers, or levels."""
    if columns.is_numeric(name):
        return columns.numbers(name)[rows]
    labels = columns.labels(name)
    found = np.array([*labels.distinct, None], dtype=object)
    return found[labels.codes[rows]]
