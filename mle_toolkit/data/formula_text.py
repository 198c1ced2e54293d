"""Reading a formula: its factors, and the expressions in them, against a list of what is allowed."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mle_toolkit.errors import ParameterError
from mle_toolkit.options import shown

ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "log": np.log,
    "log1p": np.log1p,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "I": lambda x: x,
}


LEARNING = ("center", "scale", "standardize", "poly", "bs", "cr")


_FUNCTIONS = ("C", *ELEMENTWISE, *LEARNING)


_HIGHEST_POWER = 9
"""Of a sum of terms: with more the number of terms explodes."""


_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<quoted>`[^`]*`)|(?P<name>[^\W\d](?:[\w.]*\w)?)|(?P<number>\d+(?:\.\d*)?)"""
    r"""|(?P<mark>\*\*|[-+*/:^()])""",
    re.VERBOSE,
)


OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}


COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
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
        return name_called(self.tree) if isinstance(self.tree, ast.Call) else None


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
        raise ParameterError(f"formula {shortened(formula)}: the right side is empty; write 1 for an intercept alone.")
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
                raise ParameterError(
                    f"formula {shortened(formula)}: {factor.label!r} is a column and a call; rename one."
                )
            out.append(f"`{factor.label}`")
        power = out[-1] == "**"
    return "".join(out), factors


def learns(formula: str, names: Sequence[str] = ()) -> str | None:
    """The first piece of a right side that learns from all rows together, as a mean or knots; None if there is none."""
    for factor in read(formula, names)[1].values():
        for node in ast.walk(factor.tree):
            if isinstance(node, ast.Call) and name_called(node) in LEARNING:
                return factor.label
    return None


def _check_number(formula: str, piece: str, *, power: bool) -> None:
    if power and piece.isdigit() and 1 <= int(piece) <= _HIGHEST_POWER:
        return
    if not power and piece in ("0", "1"):
        return
    wanted = f"a power is a whole number up to {_HIGHEST_POWER}" if power else "a number in a formula is 0 or 1"
    raise ParameterError(f"formula {shortened(formula)}: {piece!r}: {wanted}; for arithmetic write I(...).")


def _refused(formula: str, rest: str, piece: str) -> ParameterError:
    why = "the left side comes once, before one ~" if piece == "~" else f"allowed are {_allowed()}"
    return ParameterError(f"formula {shortened(formula)}: cannot read {rest[:20]!r}: {why}.")


def _allowed() -> str:
    functions = ", ".join(_FUNCTIONS)
    return f"names of columns (`in backticks` where they hold spaces), 0, 1, + - : * / ** ( ) and {functions}"


def shortened(formula: str) -> str:
    """A formula in quotes, cut where it is long."""
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
    raise ParameterError(f"formula {shortened(formula)}: a parenthesis is not closed.")


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
        raise ParameterError(f"formula {shortened(formula)}: cannot read {source[:40]!r}.") from None


_OPTIONS = ("offset", "exposure", "weights")
"""What other programs write into a formula, and is an option here."""


def _call(formula: str, name: str, inside: str, names: Sequence[str]) -> Factor:
    if name in _OPTIONS and name not in names:
        raise ParameterError(
            f"formula {shortened(formula)}: {name}(...) is no term, for nothing is estimated of it; give {inside} as "
            f"the option {name}, beside the formula."
        )
    if name not in _FUNCTIONS:
        column = f" {name!r} is a column: put an operator after it." if name in names else ""
        raise ParameterError(
            f"formula {shortened(formula)}: {name}(...) is not allowed; functions: {', '.join(_FUNCTIONS)}.{column} "
            f"Compute other columns before, in the frame."
        )
    tree, named = parsed(formula, f"{name}({inside})")
    found: list[str] = []
    try:
        tree = _checked(formula, tree, named, found)
        label = label_of(tree)
    except RecursionError:
        raise ParameterError(f"formula {shortened(formula)}: too many parentheses within each other.") from None
    return Factor(label, tree, tuple(dict.fromkeys(found)))


def label_of(tree: ast.expr) -> str:
    """An expression as text, by which its factor is known."""
    return ast.unparse(ast.fix_missing_locations(tree))


def _checked(formula: str, node: ast.expr, named: Mapping[str, str], found: list[str]) -> ast.expr:
    """The node, all of whose parts are allowed; names of columns are noted, and stand in it as they are."""

    def refuse(piece: ast.AST, why: str) -> ParameterError:
        text = ast.unparse(piece)
        for stand_in, name in named.items():
            text = text.replace(stand_in, f"`{name}`")
        return ParameterError(f"formula {shortened(formula)}: {text[:40]!r}: {why}.")

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
        if isinstance(of, ast.BinOp) and type(of.op) in OPERATORS:
            return ast.BinOp(walk(of.left), of.op, walk(of.right))
        if isinstance(of, ast.Compare) and len(of.ops) == 1 and type(of.ops[0]) in COMPARISONS:
            right = of.comparators[0]
            text = isinstance(right, ast.Constant) and isinstance(right.value, str)
            return ast.Compare(walk(of.left), of.ops, [right if text else walk(right)])
        if isinstance(of, ast.Call):
            return call(of)
        raise refuse(of, "only columns, numbers, + - * / **, comparisons and the functions of formulas are allowed")

    def call(of: ast.Call) -> ast.expr:
        name = name_called(of)
        if name not in _FUNCTIONS:
            raise refuse(of, f"functions are {', '.join(_FUNCTIONS)}")
        if name == "C" and of is not node:
            raise refuse(of, "a factor stands alone, not within another function")
        if name in ("poly", "bs", "cr") and of is not node:
            raise refuse(of, "several columns stand alone, not within another function")
        if not of.args:
            raise refuse(of, "expected what it is a function of")
        if name in ELEMENTWISE and (len(of.args) > 1 or of.keywords):
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


def name_called(call: ast.Call) -> str:
    """Name of the function that is called; empty if it is none that has one."""
    return _dotted(call.func) or ""


_CONTRASTS = ("Treatment", "contr.treatment", "treatment")


def _is_option(node: ast.expr, *, contrasts: bool) -> bool:
    if isinstance(node, (ast.List, ast.Tuple)):
        return all(_is_option(entry, contrasts=False) for entry in node.elts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _is_option(node.operand, contrasts=False)
    if isinstance(node, ast.Constant):
        return node.value is None or isinstance(node.value, (int, float, str))
    if contrasts and isinstance(node, ast.Call) and name_called(node) in _CONTRASTS:
        values = node.args + [keyword.value for keyword in node.keywords]
        return len(values) <= 1 and all(_is_option(value, contrasts=False) for value in values)
    return False
