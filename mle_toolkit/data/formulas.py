"""Designs: the columns that a parameter depends on, of formulas or arrays, with what it takes to build them again.

A formula is read by us against a list of what is allowed, so that no text is ever evaluated as Python; formulaic then
says which terms it stands for and how many columns of each factor keep the design of full rank. What was learned of the
data (levels, means, knots) is kept by name, so a design can be saved as a few numbers and built for other rows.

Sources: Wilkinson & Rogers (1973), Applied Statistics 22, 392-399 (formulas); Chambers & Hastie (1992), Statistical
Models in S, ch. 2 (contrasts and rank).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.columns import Columns, Labels, Level, labels_of_numbers
from mle_toolkit.data.frames import to_column
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.options import choice, shown, whole

Unseen = Literal["raise", "nan"]

_ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "log": np.log,
    "log1p": np.log1p,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "I": lambda x: x,
}
_LEARNING = ("center", "scale", "standardize", "poly", "bs", "cr")
_FUNCTIONS = ("C", *_ELEMENTWISE, *_LEARNING)

_LISTED = 10
"""Levels, or names, that an error lists at most."""

_MOST_COLUMNS = 1_000
"""Of one polynomial or spline."""

_HIGHEST_POWER = 9
"""Of a sum of terms: with more the number of terms explodes."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<quoted>`[^`]*`)|(?P<name>[^\W\d](?:[\w.]*\w)?)|(?P<number>\d+(?:\.\d*)?)"""
    r"""|(?P<mark>\*\*|[-+*/:^()])""",
    re.VERBOSE,
)
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}


@dataclass(frozen=True)
class Factor:
    """One piece of a formula that gives columns: a column by its name, or a call.

    Attributes
    ----------
    label : str
        How it is written, with one kind of spaces and quotes: the name of its columns in results.
    tree : ast.expr
        What it is, of nodes that were all looked at.
    columns : tuple of str
        The columns of the frame that it needs.
    """

    label: str
    tree: ast.expr = field(repr=False, compare=False)
    columns: tuple[str, ...] = ()

    @property
    def function(self) -> str | None:
        """The name of the function that it calls."""
        return _called(self.tree) if isinstance(self.tree, ast.Call) else None


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
        """The design of some rows, none of which has a missing value; NaN where a level is new and that is allowed."""
        n_rows = frame.n_rows if rows is None else len(rows)
        encoded = {label: self._encoded(factor, frame, rows, unseen) for label, factor in self.factors.items()}
        columns: list[Any] = []
        for term in self.terms:
            for part in term.parts:
                pieces = [[column for _, column in encoded[label].kept(reduced)] for label, reduced in part]
                columns += [_multiplied(reversed(found)) for found in product(*reversed(pieces))]
        matrix = np.empty((n_rows, len(columns)))
        for k, column in enumerate(columns):
            matrix[:, k] = column
        if unseen == "nan":
            matrix[np.isnan(matrix).any(axis=1)] = np.nan
        return matrix

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
            values = _Evaluation(factor, frame, rows, self.states, learning=False).value()
            _check_finite(values, factor, frame, rows)
            split = values[:, None] if values.ndim == 1 else values
            return _Encoded([(None, column) for column in split.T], None)
        levels = self.levels[label]
        labels = _labels(factor, frame, rows)
        place = {level: k for k, level in enumerate(levels)}
        codes = np.array([place.get(level, -1) for level in labels.distinct], dtype=np.intp)[labels.codes]
        new = np.flatnonzero(codes < 0)
        if len(new) and unseen == "raise":
            found = [level for level in labels.present() if level not in place]
            raise DataError(
                f"{label}: {len(new)} of {len(codes)} rows have a level that the fit has not seen: {_listed(found)}; "
                f'it knows {_listed(levels)}. Leave these rows out, or pass unseen="nan".'
            )
        indicators: list[tuple[Level | None, Array]] = [
            (level, (codes == k).astype(float)) for level, k in place.items()
        ]
        if len(new):
            for _, column in indicators:
                column[new] = np.nan
        return _Encoded(indicators, self.bases[label])

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
    """Columns of one factor, by level; one of them may be left out."""

    columns: list[tuple[Level | None, Array]]
    base: Level | None

    def kept(self, reduced: bool) -> list[tuple[Level | None, Array]]:
        return [found for found in self.columns if not (reduced and found[0] == self.base)]


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
        built = self.spec.build(columns, rows, unseen)
        if self.dropped is not None:
            built = np.delete(built, self.dropped, axis=1)
        if rows is None:
            return built
        matrix = np.full((columns.n_rows, len(self.names)), np.nan)
        matrix[rows] = built
        return matrix

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
        raise ParameterError(f"formula {_short(formula)}: two columns of the design are called {twice!r}.")
    return Design(names, terms, formula, recipe), recipe.build(columns, rows)


def read(formula: str, names: Sequence[str] = ()) -> tuple[str, dict[str, Factor]]:
    """Read a right side, piece by piece.

    Parameters
    ----------
    formula : str
        Operators ``+ - : * / ** ^ ( )``, numbers 0 and 1, names of columns (in backticks where they are no names), and
        calls of ``C``, ``log``, ``log1p``, ``exp``, ``sqrt``, ``I``, ``center``, ``scale``, ``standardize``, ``poly``,
        ``bs``, ``cr``, in which arithmetic and comparisons are allowed.
    names : sequence of str
        Columns of the frame, for hints.

    Returns
    -------
    text : str
        The formula with each factor as one name in backticks, as formulaic reads it.
    factors : dict of str to Factor

    Examples
    --------
    >>> text, factors = read("log( age )*C(stage)")
    >>> text, list(factors)
    ('`log(age)`*`C(stage)`', ['log(age)', 'C(stage)'])
    """
    if not isinstance(formula, str):
        raise ParameterError(f"formula: expected a text, got {shown(formula)}.")
    source = formula.strip()
    source = source[1:] if source.startswith("~") else source
    if not source.strip():
        raise ParameterError(f"formula {_short(formula)}: the right side is empty; write 1 for an intercept alone.")
    out: list[str] = []
    factors: dict[str, Factor] = {}
    at, power = 0, False
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise _refused(formula, source[at:], source[at])
        kind, piece = str(found.lastgroup), found.group()
        at = found.end()
        if kind == "space":
            continue
        if kind == "number":
            _check_number(formula, piece, power=power)
            out.append(piece)
        elif kind == "mark":
            out.append("**" if piece == "^" else piece)
        else:
            rest = source[at:]
            if kind == "name" and rest.lstrip().startswith("("):
                opening = at + len(rest) - len(rest.lstrip())
                end = _closing(formula, source, opening)
                factor = _call(formula, piece, source[opening + 1 : end], names)
                at = end + 1
            else:
                name = piece.strip("`")
                factor = Factor(name, ast.Name(name), (name,))
            if factors.setdefault(factor.label, factor).columns != factor.columns:
                raise ParameterError(f"formula {_short(formula)}: {factor.label!r} is a column and a call; rename one.")
            out.append(f"`{factor.label}`")
        power = out[-1] == "**"
    return "".join(out), factors


def learns(formula: str, names: Sequence[str] = ()) -> str | None:
    """The first piece of a right side that learns from all rows together, as a mean or knots; None if there is none."""
    for factor in read(formula, names)[1].values():
        for node in ast.walk(factor.tree):
            if isinstance(node, ast.Call) and _called(node) in _LEARNING:
                return factor.label
    return None


def _check_number(formula: str, piece: str, *, power: bool) -> None:
    if power and piece.isdigit() and 1 <= int(piece) <= _HIGHEST_POWER:
        return
    if not power and piece in ("0", "1"):
        return
    wanted = f"a power is a whole number up to {_HIGHEST_POWER}" if power else "a number in a formula is 0 or 1"
    raise ParameterError(f"formula {_short(formula)}: {piece!r}: {wanted}; for arithmetic write I(...).")


def _refused(formula: str, rest: str, piece: str) -> ParameterError:
    why = "the left side comes once, before one ~" if piece == "~" else f"allowed are {_allowed()}"
    return ParameterError(f"formula {_short(formula)}: cannot read {rest[:20]!r}: {why}.")


def _allowed() -> str:
    functions = ", ".join(_FUNCTIONS)
    return f"names of columns (`in backticks` where they hold spaces), 0, 1, + - : * / ** ( ) and {functions}"


def _short(formula: str) -> str:
    return repr(formula if len(formula) <= 80 else f"{formula[:77]}...")


def _closing(formula: str, source: str, opening: int) -> int:
    """Where the parenthesis that opens there is closed; quotes and backticks hold their own."""
    depth, quote = 0, ""
    for at in range(opening, len(source)):
        mark = source[at]
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "\"'`":
            quote = mark
        elif mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
            if depth == 0:
                return at
    raise ParameterError(f"formula {_short(formula)}: a parenthesis is not closed.")


def parsed(formula: str, source: str) -> tuple[ast.expr, dict[str, str]]:
    """A call as a tree, and the names in backticks by what stands for them in it."""
    named: dict[str, str] = {}
    quotes: list[str] = []

    def stand_in(found: re.Match[str]) -> str:
        piece = found.group()
        if piece[0] in "\"'":
            quotes.append(piece)
            return piece
        if piece == "^":
            return "**"
        named[f"_column_{len(named)}_"] = piece[1:-1]
        return f"_column_{len(named) - 1}_"

    text = re.sub(r"\"[^\"]*\"|'[^']*'|`[^`]*`|\^", stand_in, source)
    try:
        return ast.parse(text.strip(), mode="eval").body, named
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ParameterError(f"formula {_short(formula)}: cannot read {source[:40]!r}.") from None


def _call(formula: str, name: str, inside: str, names: Sequence[str]) -> Factor:
    if name not in _FUNCTIONS:
        column = f" {name!r} is a column: put an operator after it." if name in names else ""
        raise ParameterError(
            f"formula {_short(formula)}: {name}(...) is not allowed; functions: {', '.join(_FUNCTIONS)}.{column} "
            f"Compute other columns before, in the frame."
        )
    tree, named = parsed(formula, f"{name}({inside})")
    found: list[str] = []
    try:
        tree = _checked(formula, tree, named, found)
        label = _label(tree)
    except RecursionError:
        raise ParameterError(f"formula {_short(formula)}: too many parentheses within each other.") from None
    return Factor(label, tree, tuple(dict.fromkeys(found)))


def _label(tree: ast.expr) -> str:
    return ast.unparse(ast.fix_missing_locations(tree))


def _checked(formula: str, node: ast.expr, named: Mapping[str, str], found: list[str]) -> ast.expr:
    """The node, all of whose parts are allowed; names of columns are noted, and stand in it as they are."""

    def refuse(piece: ast.AST, why: str) -> ParameterError:
        text = ast.unparse(piece)
        for stand_in, name in named.items():
            text = text.replace(stand_in, f"`{name}`")
        return ParameterError(f"formula {_short(formula)}: {text[:40]!r}: {why}.")

    def column(of: ast.expr) -> ast.Name | None:
        name = _dotted(of)
        if name is None:
            return None
        name = named.get(name, name)
        found.append(name)
        return ast.Name(name)

    def walk(of: ast.expr) -> ast.expr:
        if isinstance(of, (ast.Name, ast.Attribute)):
            at = column(of)
            if at is None:
                raise refuse(of, "expected the name of a column")
            return at
        if isinstance(of, ast.Constant) and isinstance(of.value, (int, float)) and not isinstance(of.value, bool):
            return of
        if isinstance(of, ast.UnaryOp) and isinstance(of.op, (ast.USub, ast.UAdd)):
            return ast.UnaryOp(of.op, walk(of.operand))
        if isinstance(of, ast.BinOp) and type(of.op) in _OPERATORS:
            return ast.BinOp(walk(of.left), of.op, walk(of.right))
        if isinstance(of, ast.Compare) and len(of.ops) == 1 and type(of.ops[0]) in _COMPARISONS:
            right = of.comparators[0]
            text = isinstance(right, ast.Constant) and isinstance(right.value, str)
            return ast.Compare(walk(of.left), of.ops, [right if text else walk(right)])
        if isinstance(of, ast.Call):
            return call(of)
        raise refuse(of, "only columns, numbers, + - * / **, comparisons and the functions of formulas are allowed")

    def call(of: ast.Call) -> ast.expr:
        name = _called(of)
        if name not in _FUNCTIONS:
            raise refuse(of, f"functions are {', '.join(_FUNCTIONS)}")
        if name == "C" and of is not node:
            raise refuse(of, "a factor stands alone, not within another function")
        if name in ("poly", "bs", "cr") and of is not node:
            raise refuse(of, "several columns stand alone, not within another function")
        if not of.args:
            raise refuse(of, "expected what it is a function of")
        if name in _ELEMENTWISE and (len(of.args) > 1 or of.keywords):
            raise refuse(of, f"{name} takes one argument")
        others = of.args[1:] + [keyword.value for keyword in of.keywords]
        for value in others:
            if not _is_option(value, contrasts=name == "C"):
                factor = 'C takes Treatment("base level") and levels=[...]'
                raise refuse(value, factor if name == "C" else "expected a number, a text, or a list of them")
        if any(keyword.arg is None for keyword in of.keywords):
            raise refuse(of, "** is not allowed there")
        return ast.Call(of.func, [walk(of.args[0]), *of.args[1:]], of.keywords)

    return walk(node)


def _dotted(node: ast.expr) -> str | None:
    """The name that a node is: ``x``, or ``ecog.ps``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return None if before is None else f"{before}.{node.attr}"
    return None


def _called(call: ast.Call) -> str:
    return _dotted(call.func) or ""


_CONTRASTS = ("Treatment", "contr.treatment", "treatment")


def _is_option(node: ast.expr, *, contrasts: bool) -> bool:
    if isinstance(node, (ast.List, ast.Tuple)):
        return all(_is_option(entry, contrasts=False) for entry in node.elts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _is_option(node.operand, contrasts=False)
    if isinstance(node, ast.Constant):
        return node.value is None or isinstance(node.value, (int, float, str))
    if contrasts and isinstance(node, ast.Call) and _called(node) in _CONTRASTS:
        values = node.args + [keyword.value for keyword in node.keywords]
        return len(values) <= 1 and all(_is_option(value, contrasts=False) for value in values)
    return False


# --- what factors are worth -------------------------------------------------------------------------------------------


class _Evaluation:
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
            return _OPERATORS[type(node.op)](self._value(node.left), self._value(node.right))
        if isinstance(node, ast.Compare):
            return self._compared(node)
        assert isinstance(node, ast.Call)
        name = _called(node)
        if name in _ELEMENTWISE:
            return _ELEMENTWISE[name](self._value(node.args[0]))
        return self._learned(node, name)

    def _compared(self, node: ast.Compare) -> Array:
        right = node.comparators[0]
        compare = _COMPARISONS[type(node.ops[0])]
        if not (isinstance(right, ast.Constant) and isinstance(right.value, str)):
            return np.asarray(compare(self._value(node.left), self._value(right)), dtype=float)
        if not isinstance(node.left, ast.Name) or not isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            raise ParameterError(f"{self.factor.label}: a text is compared with a column, by == or !=.")
        labels = self.frame.labels(node.left.id)
        found = np.array([compare(level, right.value) for level in labels.distinct], dtype=float)[labels.codes]
        return found if self.rows is None else found[self.rows]

    def _learned(self, node: ast.Call, name: str) -> Array:
        label = _label(node)
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


def _labels(factor: Factor, frame: Columns, rows: NDArray[np.intp] | None) -> Labels:
    """A factor's values as levels."""
    tree = factor.tree
    if isinstance(tree, ast.Call) and not isinstance(tree.args[0], ast.Name):
        inner = replace(factor, tree=tree.args[0])
        return labels_of_numbers(_Evaluation(inner, frame, rows, {}, learning=True).value())
    name = tree.id if isinstance(tree, ast.Name) else tree.args[0].id  # type: ignore[attr-defined]
    found = frame.labels(name)
    return found if rows is None else found._replace(codes=found.codes[rows])


def missing(frame: Columns, name: str) -> Mask:
    """The rows in which a column is missing; shape (n,)."""
    if frame.is_numeric(name):
        return np.isnan(frame.numbers(name))
    return frame.labels(name).codes < 0


def _check_finite(values: Array, factor: Factor, frame: Columns, rows: NDArray[np.intp] | None) -> None:
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
            continue
        evaluation = _Evaluation(factor, frame, rows, states, learning=True)
        values = evaluation.value()
        states = evaluation.states
        _check_finite(values, factor, frame, rows)
    return replace(recipe, levels=levels, bases=bases, states=states)


def _levels_of(factor: Factor, frame: Columns, rows: NDArray[np.intp] | None) -> tuple[tuple[Level, ...], Level]:
    """Levels that some rows have, in the order of the column or else sorted, and the one to which others compare."""
    labels = _labels(factor, frame, rows)
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
        raise ParameterError(f"formula {_short(formula)}: {told.rstrip('.')}.") from error
    found: list[Term] = []
    for structure in made.model_spec.structure:
        parts = tuple(
            tuple((str(scoped.factor.expr), bool(scoped.reduced)) for scoped in part.factors)
            for part in structure.scoped_terms
        )
        if parts:
            found.append(Term(str(structure.term), parts))
    if not found:
        raise ParameterError(f"formula {_short(formula)}: no term is left; write 1 for an intercept alone.")
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
