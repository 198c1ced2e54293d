"""Designs: the columns that a parameter depends on, of formulas or arrays, with what it takes to build them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.frames import to_column
from mle_toolkit.errors import DataError


@dataclass(frozen=True)
class Design:
    """How the columns of a design are made of the columns of a frame.

    Parameters
    ----------
    names : tuple of str
        Names of the columns, as in results.
    terms : mapping of str to slice
        Which columns belong to which term.
    formula : str or None
        The right side of the formula; None for an array that is taken as it is.
    spec : object
        What formulaic knows of levels, knots and means.
    """

    names: tuple[str, ...]
    terms: Mapping[str, slice]
    formula: str | None = None
    spec: Any = field(default=None, repr=False, compare=False)

    @property
    def constant(self) -> int | None:
        """Which column is the intercept of a formula."""
        return self.names.index("Intercept") if "Intercept" in self.names else None

    def matrix(self, frame: Any) -> Array:
        """The design of the rows of a frame, NaN where a value is missing; shape (n, k)."""
        if self.formula is None:
            return of_array(frame, names=self.names)[1]
        return np.asarray(self.spec.get_model_matrix(frame, na_action="ignore"), dtype=float)


def of_formula(formula: str, frame: Any) -> tuple[Design, Array]:
    """Make the design of a right side, ``"x1 + C(group)"``, and that of the rows of a frame."""
    from formulaic import Formula

    made: Any = Formula(formula).get_model_matrix(frame, na_action="ignore", output="numpy")
    spec = made.model_spec
    terms = {str(term): where for term, where in spec.term_slices.items()}
    return Design(tuple(spec.column_names), terms, formula, spec), np.asarray(made, dtype=float)


def of_array(columns: Any, names: tuple[str, ...] | None = None) -> tuple[Design, Array]:
    """Take a frame, or an array of shape (n, k) or (n,), as it is: without an intercept of ours."""
    if hasattr(columns, "columns") or hasattr(columns, "column_names"):
        own = tuple(str(name) for name in getattr(columns, "column_names", None) or columns.columns)
        if names is not None and not set(names) <= set(own):
            missing = [name for name in names if name not in own]
            raise DataError(f"X: column {missing[0]!r} not found; columns: {', '.join(own)}.")
        own = names or own
        matrix = np.stack([to_column(columns[name], name)[0] for name in own], axis=1)
    else:
        matrix = np.asarray(columns, dtype=float)
        matrix = matrix[:, None] if matrix.ndim == 1 else matrix
        if matrix.ndim != 2:
            raise DataError(f"X: expected one column a covariate, shape (n, k), got an array of shape {matrix.shape}.")
        own = names or tuple(f"x{k}" for k in range(matrix.shape[1]))
        if matrix.shape[1] != len(own):
            raise DataError(f"X: expected {len(own)} columns ({', '.join(own)}), got {matrix.shape[1]}.")
    return Design(own, {name: slice(k, k + 1) for k, name in enumerate(own)}), matrix
