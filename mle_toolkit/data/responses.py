"""Left sides of formulas: what was observed, as a form of data over columns; read by us, never evaluated."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.checks import WeightKind
from mle_toolkit.data.columns import Columns
from mle_toolkit.data.factors import missing
from mle_toolkit.data.formula_text import parsed
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ParameterError

_FORMS: Mapping[str, tuple[str, ...]] = {
    "right_censored": ("time", "event"),
    "left_censored": ("x", "observed"),
    "intervals": ("lower", "upper"),
    "rounded": ("x", "step", "event", "observed"),
    "truncated": ("of", "lower", "upper"),
    "insured": ("payment", "deductible", "limit", "coinsurance", "inflation"),
}
"""Constructors of `Sample` by the names of their arguments; the first two are needed, of truncation the first."""

_MAY_MISS = {"intervals": ("lower", "upper"), "truncated": ("lower", "upper")}
"""Arguments that say something where they are missing: an interval, or a window, that is open there."""


@dataclass(frozen=True)
class Response:
    """What was observed, of columns of a frame.

    Attributes
    ----------
    text : str
        The left side as it was written.
    form : str or None
        A constructor of `Sample`; None for exact values.
    arguments : mapping of str to (str, float or Response)
        Columns by name, or numbers.
    """

    text: str
    form: str | None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of a frame that it needs, each once."""
        found: list[str] = []
        for value in self.arguments.values():
            found += value.columns if isinstance(value, Response) else [value] if isinstance(value, str) else []
        return tuple(dict.fromkeys(found))

    @property
    def label(self) -> str | None:
        """What the observations are called: by the column of values or times, or the two of intervals."""
        if self.form == "intervals":
            return f"({self.arguments['lower']}, {self.arguments['upper']}]"
        first = next(iter(self.arguments.values()))
        return first.label if isinstance(first, Response) else first if isinstance(first, str) else None

    def incomplete(self, frame: Columns) -> Iterator[tuple[str, Mask]]:
        """Of each column that is needed, the rows whose missing value says nothing."""
        may = [name for name in _MAY_MISS.get(self.form or "", ()) if isinstance(self.arguments.get(name), str)]
        for name, value in self.arguments.items():
            if isinstance(value, Response):
                yield from value.incomplete(frame)
            elif isinstance(value, str) and name not in may:
                yield value, missing(frame, value)
        if self.form == "intervals" and len(may) == 2:
            absent = [missing(frame, self.arguments[name]) for name in may]
            yield f"{self.arguments['lower']} and {self.arguments['upper']}", absent[0] & absent[1]

    def sample(
        self, frame: Columns, rows: NDArray[np.intp] | slice | None, weights: Array | None, weight_kind: WeightKind
    ) -> Sample:
        """The observations of some rows."""
        return self._unnamed(frame, rows, weights, weight_kind)._called(self.label)

    def _unnamed(
        self, frame: Columns, rows: NDArray[np.intp] | slice | None, weights: Array | None, weight_kind: WeightKind
    ) -> Sample:
        def value(given: Any) -> Any:
            if not isinstance(given, str):
                return given
            values = frame.numbers(given)
            return values if rows is None else values[rows]

        if self.form is None:
            return Sample(value(self.arguments["x"]), weights, weight_kind)
        if self.form == "truncated":
            inner: Sample = self.arguments["of"].sample(frame, rows, weights, weight_kind)
            kept = inner.rows_given  # without those of weight 0
            ends = {name: value(given) for name, given in self.arguments.items() if name != "of"}
            if kept is not None:
                ends = {name: end if np.ndim(end) == 0 else end[kept] for name, end in ends.items()}
            return inner.truncated(**ends)
        made: Callable[..., Sample] = getattr(Sample, self.form)
        values = {name: value(given) for name, given in self.arguments.items()}
        return made(**values, weights=weights, weight_kind=weight_kind)


def read_left(formula: str, text: str) -> Response:
    """Read a left side: a column, or a constructor of `Sample` over columns.

    Raises
    ------
    ParameterError
        If it is none; it names the piece.

    Examples
    --------
    >>> left = read_left("...", "truncated(right_censored(time, event), lower=entry)")
    >>> left.columns, left.label
    (('time', 'event', 'entry'), 'time')
    >>> read_left("...", "intervals(l, u)").label
    '(l, u]'
    """
    if not text.strip():
        raise ParameterError(f"formula {formula!r:.80}: the left side is empty; it names what was observed.")
    tree, named = parsed(formula, text)
    return _response(formula, tree, named)


def _response(formula: str, node: ast.expr, named: Mapping[str, str]) -> Response:
    text = ast.unparse(node)
    for stand_in, name in named.items():
        text = text.replace(stand_in, name)
    column = _column(node, named)
    if column is not None:
        return Response(column, None, {"x": column})
    if not isinstance(node, ast.Call) or _column(node.func, {}) not in _FORMS:
        hint = ""
        if isinstance(node, (ast.Call, ast.BinOp)):
            hint = (
                " A function of what was observed changes the likelihood by its slope: take a law of the column itself "
                "(lognormal for the log of a normal), or compute the column before."
            )
        raise ParameterError(
            f"formula {formula!r:.80}: the left side {text[:60]!r} is neither a column nor one of "
            f"{', '.join(_FORMS)}.{hint}"
        )
    form = str(_column(node.func, {}))
    names = _FORMS[form]
    arguments: dict[str, Any] = {}
    if len(node.args) > len(names):
        raise ParameterError(f"formula {formula!r:.80}: {form} takes {', '.join(names)}, got {len(node.args)}.")
    given = [*zip(names, node.args, strict=False), *((str(keyword.arg), keyword.value) for keyword in node.keywords)]
    for name, value in given:
        if name not in names or name in arguments:
            raise ParameterError(f"formula {formula!r:.80}: {form} takes {', '.join(names)}, each once; got {name!r}.")
        arguments[name] = _argument(formula, form, name, value, named)
    needed = names[: 1 if form == "truncated" else 2]
    absent = [name for name in needed if name not in arguments]
    if absent or (form == "truncated" and len(arguments) < 2):
        wanted = " and ".join(absent) or "lower or upper"
        raise ParameterError(f"formula {formula!r:.80}: {form} needs {wanted}: {form}({', '.join(names)}).")
    return Response(text, form, arguments)


def _argument(formula: str, form: str, name: str, value: ast.expr, named: Mapping[str, str]) -> Any:
    if name == "of":
        inner = _response(formula, value, named)
        if inner.form == "truncated":
            raise ParameterError(f"formula {formula!r:.80}: truncated once: with lower= and upper=.")
        return inner
    column = _column(value, named)
    if column is not None and name != "step":
        return column
    number = _number(value)
    either = form == "truncated" or (form == "insured" and name != "payment")
    if number is not None and (name == "step" or either):
        return number
    wanted = "a number" if name == "step" else "a column or a number" if either else "a column"
    raise ParameterError(
        f"formula {formula!r:.80}: {name} of {form}: expected {wanted}, got {ast.unparse(value)[:40]!r}."
    )


def _number(node: ast.expr) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return float(node.value)
    return None


def _column(node: ast.expr, named: Mapping[str, str]) -> str | None:
    """The name of a column that a node is."""
    if isinstance(node, ast.Name):
        return named.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        before = _column(node.value, {})
        return None if before is None else f"{before}.{node.attr}"
    return None
