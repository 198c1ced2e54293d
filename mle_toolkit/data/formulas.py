"""Designs: the columns that a parameter depends on, of formulas or arrays, with what it takes to build them again.

A formula is read by us against a list of what is allowed, so that no text is ever evaluated as Python; formulaic then
says which terms it stands for and how many columns of each factor keep the design of full rank. What was learned of the
data (levels, means, knots) is kept by name, so a design can be saved as a few numbers and built for other rows.

Sources: Wilkinson & Rogers (1973), Applied Statistics 22, 392-399 (formulas); Chambers & Hastie (1992), Statistical
Models in S, ch. 2 (contrasts and rank).
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.columns import Columns, Level
from mle_toolkit.data.factors import CONTINUED, Evaluation, check_finite, check_words, labels_of_factor, missing
from mle_toolkit.data.formula_text import Factor, read, shortened
from mle_toolkit.data.frames import to_column
from mle_toolkit.data.sparse import MANY_LEVELS, SparseDesign, is_worth_it, without_column
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.options import choice

Unseen = Literal["raise", "nan"]


_LISTED = 10
"""Levels, or names, that an error lists at most."""


@dataclass(frozen=True)
class Term:
    """Columns of a design that belong together: products of columns of factors.

    Attributes
    ----------
    name : str
    parts : tuple of tuple of (str, bool)
        Of each part the factors, by label, and whether one column of it, that of its base level, is left out.
    """

    name: str
    parts: tuple[tuple[tuple[str, bool], ...], ...]


@dataclass(frozen=True)
class Recipe:
    """What it takes to build the columns of a formula for any rows.

    Attributes
    ----------
    factors : mapping of str to Factor
        By label.
    terms : tuple of Term
    levels : mapping of str to tuple
        Levels of the factors that have some, by label.
    bases : mapping of str to level
        The level of each of these that has no column of its own where one is left out.
    states : mapping of str to mapping
        Means, knots and polynomials, by the label of the call that learned them.
    """

    factors: Mapping[str, Factor]
    terms: tuple[Term, ...] = ()
    levels: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)
    bases: Mapping[str, Level] = field(default_factory=dict)
    states: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of a frame that the formula needs, each once."""
        return tuple(dict.fromkeys(name for factor in self.factors.values() for name in factor.columns))

    def incomplete(self, frame: Columns) -> Iterator[tuple[str, Mask]]:
        """Of each column that is needed, the rows in which it is missing."""
        for name in self.columns:
            yield name, missing(frame, name)

    def build(self, frame: Columns, rows: NDArray[np.intp] | None = None, unseen: Unseen = "raise") -> Array:
        """The design of some rows, none of which has a missing value; NaN where a level is new and that is allowed.

        Of many columns of levels only the entries that are not zero are held: a `SparseDesign`, as an array.
        """
        n_rows = frame.n_rows if rows is None else len(rows)
        encoded = {label: self._encoded(factor, frame, rows, unseen) for label, factor in self.factors.items()}
        parts = [part for term in self.terms for part in term.parts]
        sizes = [self._size(part) for part in parts]
        loose = [self._is_loose(part) for part in parts]
        held = is_worth_it(sum(size for size, is_loose in zip(sizes, loose, strict=True) if is_loose))
        columns: list[Any] = []
        for part, is_loose in zip(parts, loose, strict=True):
            if not (held and is_loose):
                pieces = [encoded[label].kept(reduced) for label, reduced in part]
                columns += [_multiplied(reversed(found)) for found in product(*reversed(pieces))]
        matrix = np.empty((n_rows, len(columns)))
        for k, column in enumerate(columns):
            matrix[:, k] = column
        if not held:
            if unseen == "nan":
                matrix[np.isnan(matrix).any(axis=1)] = np.nan
            return matrix
        entries = [
            _entries([encoded[label].picked(reduced) for label, reduced in part], n_rows, size)
            for part, size, is_loose in zip(parts, sizes, loose, strict=True)
            if is_loose
        ]
        whole = np.concatenate([np.full(size, not is_loose) for size, is_loose in zip(sizes, loose, strict=True)])
        new = np.zeros(n_rows, dtype=bool)
        for one in encoded.values():
            new |= one.new
        return SparseDesign.of(matrix, entries, whole, new).as_array()

    def _size(self, part: tuple[tuple[str, bool], ...]) -> int:
        """How many columns a part has."""
        return math.prod(len(self._names_of(label, reduced)) for label, reduced in part)

    def _is_loose(self, part: tuple[tuple[str, bool], ...]) -> bool:
        """Whether most entries of the columns of a part are zero: it has a factor of many levels."""
        return any(label in self.levels and len(self.levels[label]) >= MANY_LEVELS for label, _ in part)

    def names(self) -> tuple[tuple[str, ...], dict[str, slice]]:
        """Names of all columns of the design, and which of them belong to which term."""
        names: list[str] = []
        where: dict[str, slice] = {}
        for term in self.terms:
            first = len(names)
            for part in term.parts:
                pieces = [self._names_of(label, reduced) for label, reduced in part]
                names += [":".join(reversed(found)) or "Intercept" for found in product(*reversed(pieces))]
            where[term.name] = slice(first, len(names))
        return tuple(names), where

    def _names_of(self, label: str, reduced: bool) -> list[str]:
        if label in self.levels:
            base = self.bases[label]
            mark = "T." if reduced else ""
            return [f"{label}[{mark}{level}]" for level in self.levels[label] if not (reduced and level == base)]
        count = self.states.get(label, {}).get("columns")
        return [label] if count is None else [f"{label}[{k}]" for k in range(1, int(count) + 1)]

    def _encoded(self, factor: Factor, frame: Columns, rows: NDArray[np.intp] | None, unseen: Unseen) -> _Encoded:
        label = factor.label
        if label not in self.levels:
            values = Evaluation(factor, frame, rows, self.states, learning=False).value()
            check_finite(values, factor, frame, rows)
            return _Encoded(list((values[:, None] if values.ndim == 1 else values).T))
        levels = self.levels[label]
        labels = labels_of_factor(factor, frame, rows)
        place = {level: k for k, level in enumerate(levels)}
        codes = np.array([place.get(level, -1) for level in labels.distinct], dtype=np.intp)[labels.codes]
        new = codes < 0
        if new.any() and unseen == "raise":
            found = [level for level in labels.present() if level not in place]
            raise DataError(
                f"{label}: {np.count_nonzero(new)} of {len(codes)} rows have a level that the fit has not seen: "
                f'{_listed(found)}; it knows {_listed(levels)}. Leave these rows out, or pass unseen="nan".'
            )
        return _Encoded([], codes, levels, self.bases[label])

    def to_dict(self) -> dict[str, Any]:
        """All that was learned, as JSON-ready values."""
        return {
            "terms": [
                {"name": term.name, "parts": [[[label, reduced] for label, reduced in part] for part in term.parts]}
                for term in self.terms
            ],
            "levels": {label: list(levels) for label, levels in self.levels.items()},
            "bases": dict(self.bases),
            "states": {label: dict(state) for label, state in self.states.items()},
        }


@dataclass(frozen=True)
class _Encoded:
    """One factor in some rows: columns of numbers; or codes of levels, -1 where a level is new, with the base level."""

    numbers: list[Array]
    codes: NDArray[np.intp] | None = None
    levels: tuple[Level, ...] = ()
    base: Level | None = None

    @property
    def new(self) -> Any:
        """Rows whose level is new; a mask."""
        return False if self.codes is None else self.codes < 0

    def kept(self, reduced: bool) -> list[Array]:
        """Its columns; without that of the base where one is left out."""
        if self.codes is None:
            return self.numbers
        kept = [k for k, level in enumerate(self.levels) if not (reduced and level == self.base)]
        return [np.where(self.new, np.nan, self.codes == k) for k in kept]

    def picked(self, reduced: bool) -> tuple[NDArray[np.intp] | None, list[Array], int]:
        """Which of its columns is not zero in each row (-1 for none), or columns that may not be; and how many."""
        if self.codes is None:
            return None, self.numbers, len(self.numbers)
        if not reduced:
            return self.codes, [], len(self.levels)
        base = self.levels.index(self.base) if self.base is not None else -1
        return np.where(self.codes == base, -1, self.codes - (self.codes > base)), [], len(self.levels) - 1


def _entries(
    pieces: Sequence[tuple[NDArray[np.intp] | None, list[Array], int]], n_rows: int, size: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], Array, int]:
    """Entries that are not zero of the columns of a part: rows, columns, values, and how many columns there are."""
    column, strides, step = np.zeros(n_rows, dtype=np.intp), [], 1
    inside = np.ones(n_rows, dtype=bool)
    for codes, _, count in pieces:  # the columns of the first factor vary fastest
        if codes is not None:
            inside &= codes >= 0
            column += step * codes
        strides.append(step)
        step *= count
    rows = np.flatnonzero(inside)
    numbers = [
        [(k * stride, one) for k, one in enumerate(columns)]
        for (codes, columns, _), stride in zip(pieces, strides, strict=True)
        if codes is None
    ]
    found = []
    for chosen in product(*numbers):
        value = np.ones(len(rows))
        for _, one in chosen:
            value = value * one[rows]
        found.append((rows, column[rows] + sum(at for at, _ in chosen), value))
    return (*(np.concatenate(part) for part in zip(*found, strict=True)), size)  # type: ignore[return-value]


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
    spec : Recipe or None
        What was learned of the data; None for an array.
    dropped : int or None
        A column that the recipe makes and the design leaves out: the intercept.
    """

    names: tuple[str, ...]
    terms: Mapping[str, slice]
    formula: str | None = None
    spec: Recipe | None = field(default=None, repr=False, compare=False)
    dropped: int | None = None

    def without_intercept(self) -> Design:
        """The same columns but the intercept, for a law that has constants of its own."""
        place = self.constant
        if place is None:
            return self
        names = tuple(name for k, name in enumerate(self.names) if k != place)
        # Of each term what is left of it; that of the intercept is empty and goes.
        moved = {
            term: slice(at.start - (at.start > place), at.stop - (at.stop > place)) for term, at in self.terms.items()
        }
        terms = {term: at for term, at in moved.items() if at.stop > at.start}
        return Design(names, terms, self.formula, self.spec, place)

    @property
    def constant(self) -> int | None:
        """Which column is the intercept of a formula."""
        return self.names.index("Intercept") if self.spec is not None and "Intercept" in self.names else None

    @property
    def levels(self) -> Mapping[str, tuple[Level, ...]]:
        """Levels of each factor, by its label, in order."""
        return {} if self.spec is None else self.spec.levels

    @property
    def base_levels(self) -> Mapping[str, Level]:
        """The level of each factor to which the others are compared; factors without one left out are not listed."""
        if self.spec is None:
            return {}
        reduced = {label for term in self.spec.terms for part in term.parts for label, without in part if without}
        return {label: base for label, base in self.spec.bases.items() if label in reduced}

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of a frame that it needs; none for an array."""
        return () if self.spec is None else self.spec.columns

    def matrix(self, frame: Any, unseen: Unseen = "raise") -> Array:
        """The design of the rows of a frame, NaN in rows where a value is missing; shape (n, k).

        Parameters
        ----------
        frame : DataFrame, table, mapping of str to array_like; or array_like of shape (n, k) for a design of arrays
        unseen : {"raise", "nan"}
            What to do with a level of a factor that the fit has not seen.

        Raises
        ------
        DataError
            If a column is not there, a level is new, or a value is outside the domain of a function.
        """
        choice(unseen, "unseen", ("raise", "nan"))
        if self.spec is None:
            return of_array(frame, names=self.names)[1]
        columns = frame if isinstance(frame, Columns) else Columns(frame)
        for name in self.columns:
            columns.native(name)
        whole = np.ones(columns.n_rows, dtype=bool)
        for _, absent in self.spec.incomplete(columns):
            whole &= ~absent
        rows = None if whole.all() else np.flatnonzero(whole)
        if rows is not None and not len(rows):
            return np.full((columns.n_rows, len(self.names)), np.nan)
        built = self.of_rows(columns, rows, unseen)
        if rows is None:
            return built
        if isinstance(built, SparseDesign):
            return built.spread(rows, columns.n_rows).as_array()
        matrix = np.full((columns.n_rows, len(self.names)), np.nan)
        matrix[rows] = built
        return matrix

    def of_rows(self, columns: Columns, rows: NDArray[np.intp] | None, unseen: Unseen = "raise") -> Array:
        """The design of rows in which no value is missing; of all rows for None."""
        if self.spec is None:
            matrix = of_array(columns, names=self.names)[1]
            return matrix if rows is None else matrix[rows]
        built = self.spec.build(columns, rows, unseen)
        return built if self.dropped is None else without_column(built, self.dropped)

    def continued(self) -> Design:
        """The design whose splines go on beyond the range that they were learned on, as differences there need."""
        if self.spec is None:
            return self
        states = {label: {**state, CONTINUED: True} for label, state in self.spec.states.items()}
        return replace(self, spec=replace(self.spec, states=states))

    @classmethod
    def of_recipe(cls, formula: str, recipe: Recipe) -> Design:
        """The design that a recipe makes."""
        names, terms = recipe.names()
        return cls(names, terms, formula, recipe)

    def to_dict(self) -> dict[str, Any]:
        """The design as JSON-ready values: without any row of the data."""
        learned = {} if self.spec is None else self.spec.to_dict()
        return {"names": list(self.names), "formula": self.formula} | learned


# --- formulas ---------------------------------------------------------------------------------------------------------


def of_formula(formula: str, frame: Any, rows: NDArray[np.intp] | None = None) -> tuple[Design, Array]:
    """Make the design of a right side, ``"x1 + C(group)"``, and that of the rows of a frame.

    Parameters
    ----------
    formula : str
        With or without ``~`` before it.
    frame : Columns, DataFrame, table or mapping of str to array_like
    rows : ndarray of int, optional
        Rows to learn from, none of which has a missing value; all by default.

    Raises
    ------
    ParameterError
        If the formula cannot be read, or holds what is not allowed; it names the piece.
    DataError
        If a column is not there, or a value is outside the domain of a function.
    """
    columns = frame if isinstance(frame, Columns) else Columns(frame)
    text, factors = read(formula, columns.names)
    recipe = _learned(Recipe(factors), columns, rows)
    recipe = replace(recipe, terms=_terms(formula, text, recipe))
    names, terms = recipe.names()
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise ParameterError(f"formula {shortened(formula)}: two columns of the design are called {twice!r}.")
    return Design(names, terms, formula, recipe), recipe.build(columns, rows)


def _multiplied(columns: Any) -> Any:
    found: Any = None
    for column in columns:
        found = column if found is None else found * column
    return 1.0 if found is None else found


# --- learning ---------------------------------------------------------------------------------------------------------


def _learned(recipe: Recipe, frame: Columns, rows: NDArray[np.intp] | None) -> Recipe:
    """The recipe with levels, means and knots of some rows."""
    levels: dict[str, tuple[Level, ...]] = {}
    bases: dict[str, Level] = {}
    states: dict[str, Mapping[str, Any]] = {}
    for name in recipe.columns:
        frame.native(name)
    for label, factor in recipe.factors.items():
        if factor.function == "C" or (factor.function is None and not frame.is_numeric(label)):
            levels[label], bases[label] = _levels_of(factor, frame, rows)
            if factor.function is None:
                check_words(label, levels[label])
            continue
        evaluation = Evaluation(factor, frame, rows, states, learning=True)
        values = evaluation.value()
        states = evaluation.states
        check_finite(values, factor, frame, rows)
    return replace(recipe, levels=levels, bases=bases, states=states)


def _levels_of(factor: Factor, frame: Columns, rows: NDArray[np.intp] | None) -> tuple[tuple[Level, ...], Level]:
    """Levels that some rows have, in the order of the column or else sorted, and the one to which others compare."""
    labels = labels_of_factor(factor, frame, rows)
    present = labels.present()
    order, base = _asked_of(factor)
    if order is not None:
        stray = [value for value in present if value not in order]
        if stray:
            raise DataError(f"{factor.label}: the data have levels that are not listed: {_listed(stray)}.")
    if order is None:
        # Numbers before texts, where a column has both.
        order = present if labels.ordered else tuple(sorted(present, key=lambda value: (isinstance(value, str), value)))
    levels = tuple(level for level in order if level in present)
    if not levels:
        raise DataError(f"{factor.label}: no row has a level.")
    if base is None:
        return levels, levels[0]
    if base not in levels:
        raise DataError(f"{factor.label}: no row has the base level {base!r}; levels: {_listed(levels)}.")
    return levels, base


def _asked_of(factor: Factor) -> tuple[tuple[Level, ...] | None, Level | None]:
    """The order of levels, and the base level, that a formula asks for."""
    if not isinstance(factor.tree, ast.Call):
        return None, None
    call = factor.tree
    given = {str(keyword.arg): keyword.value for keyword in call.keywords}
    if len(call.args) > 1:
        given["contrasts"] = call.args[1]
    unknown = [name for name in given if name not in ("contrasts", "levels", "base", "reference")]
    if unknown or len(call.args) > 2:
        raise ParameterError(
            f'{factor.label}: C takes a column, Treatment("base level") and levels=[...]; contrasts other than '
            f"treatment are not offered."
        )
    base: Any = None
    for name in ("base", "reference"):
        if name in given:
            base = ast.literal_eval(given[name])
    contrast = given.get("contrasts")
    if contrast is not None:
        if not isinstance(contrast, ast.Call):
            raise ParameterError(f'{factor.label}: expected Treatment("base level"), got {ast.unparse(contrast)}.')
        for value in [*contrast.args, *(keyword.value for keyword in contrast.keywords)]:
            base = ast.literal_eval(value)
    levels = ast.literal_eval(given["levels"]) if "levels" in given else None
    return None if levels is None else tuple(levels), base


def _terms(formula: str, text: str, recipe: Recipe) -> tuple[Term, ...]:
    """The terms of a formula and the rank of each factor in them, as formulaic finds them from one row."""
    import pandas as pd
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    row: dict[str, Any] = {}
    for label in recipe.factors:
        levels = recipe.levels.get(label)
        row[label] = [0.0] if levels is None else pd.Categorical([0], categories=range(len(levels)))
    frame = pd.DataFrame(row, index=range(1))
    try:
        made: Any = Formula(text).get_model_matrix(frame, na_action="ignore", output="numpy")
    except (FormulaicError, ValueError, TypeError, KeyError, RecursionError) as error:
        told = " ".join(re.sub(r"\x1b\[[0-9;]*m|⧛[^⧚]*⧚", " ", str(error)).split())
        raise ParameterError(f"formula {shortened(formula)}: {told.rstrip('.')}.") from error
    found: list[Term] = []
    for structure in made.model_spec.structure:
        parts = tuple(
            tuple((str(scoped.factor.expr), bool(scoped.reduced)) for scoped in part.factors)
            for part in structure.scoped_terms
        )
        if parts:
            found.append(Term(str(structure.term), parts))
    if not found:
        raise ParameterError(f"formula {shortened(formula)}: no term is left; write 1 for an intercept alone.")
    return tuple(found)


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(repr(value) for value in values[:_LISTED]) + (", ..." if len(values) > _LISTED else "")


# --- arrays -----------------------------------------------------------------------------------------------------------


def of_array(columns: Any, names: tuple[str, ...] | None = None, what: str = "X") -> tuple[Design, Array]:
    """Take a frame, or an array of shape (n, k) or (n,), as it is: without an intercept of ours.

    Parameters
    ----------
    columns : DataFrame, table, mapping of str to array_like, or array_like
    names : tuple of str, optional
        Columns that are wanted, in order; all by default.
    what : str
        How errors call it.

    Raises
    ------
    DataError
        If they are not columns of numbers, or not those that are wanted.
    """
    if isinstance(columns, (Columns, Mapping)) or hasattr(columns, "columns") or hasattr(columns, "column_names"):
        frame = columns if isinstance(columns, Columns) else Columns(columns)
        own = frame.names if names is None else names
        for name in own:
            frame.native(name)
            if not frame.is_numeric(name):
                raise DataError(
                    f"{what}: column {name!r} holds labels; a design of arrays takes numbers only. Write a formula, "
                    f"which makes columns of its levels."
                )
        matrix = np.stack([frame.numbers(name) for name in own], axis=1) if own else np.empty((frame.n_rows, 0))
    else:
        try:
            found: Any = np.asarray(columns)
        except (ValueError, OverflowError) as error:
            raise DataError(f"{what}: expected rows of equal length ({error}).") from error
        found = found[:, None] if found.ndim == 1 else found
        if found.ndim != 2:
            raise DataError(
                f"{what}: expected one column a covariate, shape (n, k), got an array of shape {np.shape(columns)}."
            )
        if found.dtype.kind in "biuf":
            matrix = found.astype(float, copy=False)
        else:
            matrix = np.stack([to_column(found[:, k], what)[0] for k in range(found.shape[1])], axis=1)
        own = names or tuple(f"x{k}" for k in range(matrix.shape[1]))
        if matrix.shape[1] != len(own):
            raise DataError(f"{what}: expected {len(own)} columns ({', '.join(own)}), got {matrix.shape[1]}.")
    if not own:
        raise DataError(f"{what}: no columns.")
    return Design(own, {name: slice(k, k + 1) for k, name in enumerate(own)}), matrix
