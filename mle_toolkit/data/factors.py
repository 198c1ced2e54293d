"""The values of a factor of a formula: numbers, or levels, with what it learned of the data."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.columns import Columns, Labels, labels_of_numbers
from mle_toolkit.data.formula_text import COMPARISONS, ELEMENTWISE, OPERATORS, Factor, label_of, name_called
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.options import whole

_MOST_COLUMNS = 1_000
"""Of one polynomial or spline."""

CONTINUED = "continued"
"""In the state of a spline: beyond the range that it was learned on it goes on as it ends, if nothing else is asked."""


# --- what factors are worth -------------------------------------------------------------------------------------------


class Evaluation:
    """Values of one factor in some rows."""

    def __init__(
        self,
        factor: Factor,
        frame: Columns,
        rows: NDArray[np.intp] | None,
        states: Mapping[str, Mapping[str, Any]],
        *,
        learning: bool,
    ) -> None:
        self.factor, self.frame, self.rows, self.learning = factor, frame, rows, learning
        self.n_rows = frame.n_rows if rows is None else len(rows)
        self.states = dict(states)

    def value(self) -> Array:
        """Of shape (n,), or (n, k) for functions that give several columns."""
        with np.errstate(all="ignore"):
            found = np.asarray(self._value(self.factor.tree), dtype=float)
        return found if found.ndim else np.full(self.n_rows, float(found))

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name):
            values = self.frame.numbers(node.id)
            return values if self.rows is None else values[self.rows]
        if isinstance(node, ast.Constant):
            return float(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.UnaryOp):
            value = self._value(node.operand)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](self._value(node.left), self._value(node.right))
        if isinstance(node, ast.Compare):
            return self._compared(node)
        if isinstance(node, ast.Call):
            name = name_called(node)
            if name in ELEMENTWISE:
                return ELEMENTWISE[name](self._value(node.args[0]))
            return self._learned(node, name)
        raise ParameterError(f"{self.factor.label}: {ast.unparse(node)[:60]!r} has no value here.")

    def _compared(self, node: ast.Compare) -> Array:
        right = node.comparators[0]
        compare = COMPARISONS[type(node.ops[0])]
        if not (isinstance(right, ast.Constant) and isinstance(right.value, str)):
            return np.asarray(compare(self._value(node.left), self._value(right)), dtype=float)
        if not isinstance(node.left, ast.Name) or not isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            raise ParameterError(f"{self.factor.label}: a text is compared with a column, by == or !=.")
        labels = self.frame.labels(node.left.id)
        found = np.array([compare(level, right.value) for level in labels.distinct], dtype=float)[labels.codes]
        return found if self.rows is None else found[self.rows]

    def _learned(self, node: ast.Call, name: str) -> Array:
        label = label_of(node)
        options = _options_of(node, self.factor)
        x = np.broadcast_to(np.asarray(self._value(node.args[0]), dtype=float), self.n_rows)
        state = self.states.get(label)
        if state is None and not self.learning:
            raise DataError(f"{label}: what was learned of the data is not there.")
        if name in ("center", "scale", "standardize"):
            if state is None:
                state = _centre_and_scale(x, name, options, label)
                self.states[label] = state
            return np.asarray((x - state["center"]) / state["scale"])
        kept: dict[str, Any] = {} if state is None else _as_learned(state)
        found = _basis(x, name, options, kept, label)
        if state is None:
            self.states[label] = kept | {"columns": found.shape[1]}
        return found


def _options_of(node: ast.Call, factor: Factor) -> dict[str, Any]:
    """Options of a call, by name; those by position are numbered."""
    found: dict[str, Any] = {str(k): ast.literal_eval(value) for k, value in enumerate(node.args[1:], 1)}
    for keyword in node.keywords:
        if keyword.arg in found:
            raise ParameterError(f"{factor.label}: {keyword.arg} is given twice.")
        found[str(keyword.arg)] = ast.literal_eval(keyword.value)
    return found


def _named(options: Mapping[str, Any], label: str, *names: str) -> dict[str, Any]:
    """The options by their names, those by position in this order."""
    found: dict[str, Any] = {}
    for key, value in options.items():
        name = names[int(key) - 1] if key.isdigit() and int(key) <= len(names) else key
        if name not in names:
            raise ParameterError(f"{label}: unknown option {key!r}; it takes {', '.join(names) or 'none'}.")
        found[name] = value
    return found


def _centre_and_scale(x: Array, name: str, options: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Mean and standard deviation: with divisor n - 1 for ``scale`` as in R, n for ``standardize`` as in patsy."""
    given = _named(options, label, *(() if name == "center" else ("ddof",)))
    ddof = given.get("ddof", 1 if name == "scale" else 0)
    centre = float(np.mean(x))
    if name == "center":
        return {"center": centre, "scale": 1.0}
    if len(x) <= ddof or not np.any(x != x[0]):
        raise DataError(f"{label}: all values are equal, so they have no spread to be scaled by. Leave the term out.")
    return {"center": centre, "scale": float(np.sqrt(np.sum(np.square(x - centre)) / (len(x) - ddof)))}


_BASIS_OPTIONS = {
    "poly": ("degree", "raw"),
    "bs": ("df", "knots", "degree", "include_intercept", "lower_bound", "upper_bound", "extrapolation"),
    "cr": ("df", "knots", "lower_bound", "upper_bound", "constraints", "extrapolation"),
}


def _basis(x: Array, name: str, options: Mapping[str, Any], state: dict[str, Any], label: str) -> Array:
    """Columns of a polynomial or a spline; ``state`` is filled where it is empty.

    A natural spline sums to zero over the rows that it learns from, because with an intercept it would not be
    identified otherwise; ``constraints=None`` leaves that out.
    """
    from formulaic.transforms import basis_spline, natural_cubic_spline, poly

    given = _named(options, label, *_BASIS_OPTIONS[name])
    for option in ("degree", "df"):
        if option in given and given[option] is not None:
            given[option] = whole(given[option], f"{label}: {option}", 1, _MOST_COLUMNS)
    if name == "cr":
        given.setdefault("constraints", "center")
    if name != "poly" and state.pop(CONTINUED, False):
        given.setdefault("extrapolation", "extend")
    function: Any = {"poly": poly, "bs": basis_spline, "cr": natural_cubic_spline}[name]
    try:
        found = function(np.array(x), **given, _state=state)
    except (ValueError, TypeError, ArithmeticError, LookupError, np.linalg.LinAlgError) as error:
        told = " ".join(str(error).split())
        hint = ""
        if "bound" in told or "extend" in told:
            low, high = state.get("lower_bound", np.min(x)), state.get("upper_bound", np.max(x))
            beyond = np.flatnonzero((x < low) | (x > high))
            if len(beyond):
                told = (
                    f"{len(beyond)} of {len(x)} values lie outside {low:g} to {high:g}, the range that it was learned "
                    f"on; the first is {x[beyond[0]]:g}"
                )
                hint = " Leave these rows out, or write extrapolation='extend' or 'clip'."
        raise DataError(f"{label}: {told.rstrip('.')}.{hint}") from error
    if isinstance(found, Mapping):
        return np.stack([np.asarray(v, dtype=float) for k, v in found.items() if not str(k).startswith("__")], axis=1)
    matrix = np.asarray(getattr(found, "__wrapped__", found), dtype=float)
    return matrix[:, None] if matrix.ndim == 1 else matrix


def _as_learned(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state as formulaic wants it: numbers by int, arrays."""
    found: dict[str, Any] = {}
    for key, value in state.items():
        if key in ("alpha", "norms2"):
            found[key] = {int(k): float(v) for k, v in value.items()}
        elif key == "constraints":
            found[key] = None if value is None else np.asarray(value, dtype=float)
        elif key != "columns":
            found[key] = value
    return found


def labels_of_factor(factor: Factor, frame: Columns, rows: NDArray[np.intp] | None) -> Labels:
    """A factor's values as levels."""
    tree = factor.tree
    if isinstance(tree, ast.Call) and not isinstance(tree.args[0], ast.Name):
        inner = replace(factor, tree=tree.args[0])
        return labels_of_numbers(Evaluation(inner, frame, rows, {}, learning=True).value())
    name = tree.id if isinstance(tree, ast.Name) else tree.args[0].id  # type: ignore[attr-defined]
    found = frame.labels(name)
    return found if rows is None else found._replace(codes=found.codes[rows])


def missing(frame: Columns, name: str) -> Mask:
    """The rows in which a column is missing; shape (n,)."""
    if frame.is_numeric(name):
        return np.isnan(frame.numbers(name))
    return frame.labels(name).codes < 0


_MANY_NUMBERS, _MOST = 50, 0.9
"""Different numbers from which a column of them, where they are this share of its values, is one of numbers."""


def check_words(name: str, levels: Sequence[Any]) -> None:
    """Refuse a column of numbers that words among them, as a mark for a missing value, turn into one of levels."""
    words = [level for level in levels if isinstance(level, str) and not _is_number(level)]
    count = len(levels) - len(words)
    if words and count >= _MANY_NUMBERS and count >= _MOST * len(levels):
        listed = ", ".join(map(repr, words[:_LISTED])) + (", ..." if len(words) > _LISTED else "")
        raise DataError(
            f"column {name!r}: {count:,} of its {len(levels):,} different values are numbers, and {len(words):,} "
            f"{'is' if len(words) == 1 else 'are'} not: {listed}. Correct these, or leave them empty where they stand "
            f"for what is missing; if the numbers are names, write C({name})."
        )


_LISTED = 3


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def check_finite(values: Array, factor: Factor, frame: Columns, rows: NDArray[np.intp] | None) -> None:
    """Raise where a function has no finite value at a number that is there."""
    finite = np.isfinite(values if values.ndim == 1 else values.sum(axis=1))
    if finite.all():
        return
    bad = np.flatnonzero(~finite)
    row = int(bad[0] if rows is None else rows[bad[0]])
    numeric = [name for name in factor.columns if frame.is_numeric(name)]
    at = ", ".join(f"{name} = {frame.numbers(name)[row]:g}" for name in numeric)
    raise DataError(
        f"{factor.label}: {len(bad)} of {len(finite)} values are not finite; the first is row {row}, where {at}. Leave "
        f"these rows out, or use another function."
    )
