"""What the columns of a table hold: values, times with events, intervals, counts, weights and windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from mle_toolkit.errors import ParameterError

if TYPE_CHECKING:
    from mle_toolkit._typing import Array
    from mle_toolkit.data.checks import NanPolicy, WeightKind
    from mle_toolkit.data.sample import Sample


def option_of(name: str) -> str:
    """What a field is called in the shell."""
    return "--" + name.replace("_", "-")


_KINDS = ("column", "columns", "time", "lower", "edges", "payment")
"""What can say where the observations are; one of them is said."""

_ROLES = ("column", "observed", "time", "event", "lower", "upper", "payment", "entry", "weights", "counts", "exposure")
"""What is the name of a column."""

_TERMS = ("deductible", "limit", "coinsurance", "inflation")
"""What is a number, or the name of a column: the terms of an insurance."""

_PAIRS = (
    ("time", "event", "the column that is 1 where the event was observed, 0 where the time is censored"),
    ("event", "time", "the column of times"),
    ("lower", "upper", "the column of upper ends, empty where they are open"),
    ("upper", "lower", "the column of lower ends, empty where they are open"),
    ("edges", "counts", "the column of counts, one a bin"),
    *((term, "payment", "the column of what was paid") for term in _TERMS),
)

_CONTRADICTIONS = (
    *((a, b, "both say what the observations are") for a, b in combinations(_KINDS, 2)),
    *(
        (a, b, f"{option_of(b)} is for single values")
        for a in ("columns", "time", "lower", "edges", "payment")
        for b in ("observed", "rounded_to")
    ),
    *(("columns", b, "a window is one of single numbers") for b in ("entry", "truncated_below", "truncated_above")),
    ("observed", "rounded_to", "both say what the values stand for"),
    ("weights", "counts", "both say how much a row counts"),
    ("entry", "truncated_below", "both say where the window begins"),
    *((kind, "exposure", "exposure is of counts") for kind in ("columns", "payment")),
    ("edges", "exposure", "each observation has its own exposure, and a bin holds several"),
)


@dataclass(frozen=True, kw_only=True)
class Form:
    """How the columns of a table make a sample. Errors call the parts as the command line does.

    Attributes
    ----------
    column : str, optional
        Column of values, exact ones unless ``observed`` or ``rounded_to`` says otherwise.
    columns : tuple of str
        Columns of the numbers of vectors, one observation a row.
    observed : str, optional
        Column that is 1 where the value was observed, 0 where it is at most the one given (a limit of detection).
    time, event : str, optional
        Column of times, and column that is 1 where the event was observed, 0 where the time is censored.
    lower, upper : str, optional
        Columns of the ends of intervals; an empty cell is an open end.
    edges : tuple of float
        Ends of adjacent bins, one more than rows in ``counts``.
    rounded_to : float, optional
        The values are rounded to multiples of this.
    payment : str, optional
        Column of what an insurer paid for each loss, by the terms below; see `Sample.insured`.
    deductible, limit, coinsurance, inflation : str, optional
        Terms of the insurance: a number for all rows, or the name of a column.
    weights, counts : str, optional
        Column of weights, or of frequencies, which are whole numbers.
    weight_kind : {"frequency", "reliability"}
        What the weights mean.
    exposure : str, optional
        Column of how long, or how much, each row of counts was watched.
    entry : str, optional
        Column of the times of entry: the row could only be observed above it. An empty cell is no limit.
    truncated_below, truncated_above : float, optional
        The window through which all observations were seen.

    Raises
    ------
    ParameterError
        If parts contradict each other, or one is missing.
    """

    column: str | None = None
    columns: tuple[str, ...] = ()
    observed: str | None = None
    time: str | None = None
    event: str | None = None
    lower: str | None = None
    upper: str | None = None
    edges: tuple[float, ...] = ()
    rounded_to: float | None = None
    payment: str | None = None
    deductible: str | None = None
    limit: str | None = None
    coinsurance: str | None = None
    inflation: str | None = None
    weights: str | None = None
    counts: str | None = None
    weight_kind: WeightKind = "frequency"
    exposure: str | None = None
    entry: str | None = None
    truncated_below: float | None = None
    truncated_above: float | None = None

    def __post_init__(self) -> None:
        for name, other, what in _PAIRS:
            if self._has(name) and not self._has(other):
                raise ParameterError(f"{option_of(name)} needs {option_of(other)}, {what}.")
        for name, other, why in _CONTRADICTIONS:
            if self._has(name) and self._has(other):
                raise ParameterError(f"{option_of(name)} and {option_of(other)} contradict each other: {why}.")
        if len(set(self.columns)) < len(self.columns):
            raise ParameterError(f"--columns: {', '.join(self.columns)} names a column twice.")
        if self.weight_kind == "reliability" and self.weights is None:
            raise ParameterError("--weight-kind reliability needs --weights, the column of weights.")
        if self.rounded_to is not None and not 0 < self.rounded_to < math.inf:
            raise ParameterError(f"--rounded-to: expected a positive number, got {self.rounded_to:g}.")
        if self.edges and not (len(self.edges) > 1 and all(low < high for low, high in pairwise(self.edges))):
            raise ParameterError("--edges: expected at least two numbers that increase from each to the next.")
        below, above = self.truncated_below, self.truncated_above
        if below is not None and above is not None and not below < above:
            raise ParameterError(f"--truncated-below {below:g} is not below --truncated-above {above:g}.")

    def _has(self, name: str) -> bool:
        return getattr(self, name) not in (None, ())

    @property
    def says_what(self) -> bool:
        """Whether it names the observations; else they are in the only column of numbers that is left."""
        return any(self._has(name) for name in _KINDS)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that it uses."""
        roles = (getattr(self, role) for role in _ROLES if getattr(self, role) is not None)
        return (*roles, *self.columns, *(term for term in self.terms.values() if isinstance(term, str)))

    @property
    def terms(self) -> dict[str, float | str]:
        """The terms of the insurance that there are: numbers, and names of columns."""
        given = {name: getattr(self, name) for name in _TERMS}
        return {name: number_or_name(text) for name, text in given.items() if text is not None}

    @property
    def label(self) -> str:
        """What the observations are called."""
        if self.lower is not None:
            return f"({self.lower}, {self.upper}]"
        return self.column or self.time or self.payment or ", ".join(self.columns) or str(self.counts)

    @property
    def left(self) -> str:
        """The same, but for weights and exposure, as the left side of a formula; of one column its name.

        Raises
        ------
        ParameterError
            If it does not say where the observations are, or they are several in a row.
        """
        if self.columns or self.edges or not self.says_what:
            raise ParameterError("say what was observed: --column, --time with --event, or --lower with --upper.")
        if self.time is not None:
            said = f"right_censored({_quoted(self.time)}, {_quoted(str(self.event))})"
        elif self.lower is not None:
            said = f"intervals({_quoted(self.lower)}, {_quoted(str(self.upper))})"
        elif self.payment is not None:
            terms = (f", {name}={_quoted(t) if isinstance(t, str) else repr(t)}" for name, t in self.terms.items())
            said = f"insured({_quoted(self.payment)}{''.join(terms)})"
        elif self.observed is not None:
            said = f"left_censored({_quoted(str(self.column))}, {_quoted(self.observed)})"
        elif self.rounded_to is not None:
            said = f"rounded({_quoted(str(self.column))}, {self.rounded_to!r})"
        else:
            said = str(self.column)
        below = self.truncated_below if self.entry is None else _quoted(self.entry)
        window = {"lower": below, "upper": self.truncated_above}
        ends = ", ".join(f"{name}={end}" for name, end in window.items() if end is not None)
        if not ends:
            return said
        return f"truncated({_quoted(said) if said == self.column else said}, {ends})"

    def over(self, own: Form) -> Form:
        """The same form, with what it leaves open taken from the one that a data set brings."""
        parts = set() if self.says_what else {*_KINDS, *_TERMS, "observed", "event", "upper", "entry"}
        if self.weights is None and self.counts is None:
            parts |= {"weights", "counts"}
        if self.truncated_below is not None:
            parts -= {"entry"}
        taken = {name: getattr(own, name) for name in parts if not self._has(name)}
        return replace(self, **taken)

    def sample(self, column: Callable[[str], Any], nan_policy: NanPolicy = "raise") -> Sample:
        """The sample that the columns make.

        Parameters
        ----------
        column : callable
            Gives a column by its name.
        nan_policy : {"raise", "omit"}
            What to do with rows without a value, a time, an event, or both ends of an interval.
        """
        from mle_toolkit.data.checks import whole_numbers
        from mle_toolkit.data.frames import to_column

        held = {role: to_column(column(getattr(self, role)), role)[0] for role in _ROLES if getattr(self, role)}
        terms = {name: term for name, term in self.terms.items() if not isinstance(term, str)}
        held |= {name: to_column(column(term), name)[0] for name, term in self.terms.items() if isinstance(term, str)}
        if self.columns:
            import numpy as np

            from mle_toolkit.data.sample import Sample

            rows = np.column_stack([to_column(column(name), name)[0] for name in self.columns])
            how_much = held.get("weights", held.get("counts"))
            if self.counts is not None:
                whole_numbers(held["counts"])
            return Sample.rows(rows, how_much, self.weight_kind, nan_policy=nan_policy)
        if self.counts is not None:
            whole_numbers(held["counts"])
        if nan_policy == "omit" and not self.edges:
            held = _complete(held)
        weights = held.get("weights", held.get("counts"))
        if "entry" in held and weights is not None and weights.any():
            held = {role: values[weights != 0] for role, values in held.items()}  # a sample leaves such rows out
            weights = weights[weights != 0]
        sample = self._untruncated({**held, **terms}, weights, nan_policy)
        if "exposure" in held:
            from mle_toolkit.data.exposure import with_exposure

            sample = with_exposure(sample, None, held["exposure"], nan_policy)
        below = held.get("entry", self.truncated_below)
        if below is None and self.truncated_above is None:
            return sample
        return sample.truncated(below, self.truncated_above)

    def _untruncated(self, held: dict[str, Any], weights: Array | None, nan_policy: NanPolicy) -> Sample:
        from mle_toolkit.data.sample import Sample

        kind = self.weight_kind
        if self.time is not None:
            return Sample.right_censored(held["time"], held["event"], weights, kind)
        if self.lower is not None:
            return Sample.intervals(held["lower"], held["upper"], weights, kind)
        if self.payment is not None:
            terms = {name: held[name] for name in _TERMS if name in held}
            return Sample.insured(held["payment"], **terms, weights=weights, weight_kind=kind)
        if self.edges:
            return Sample.binned(held["counts"], self.edges)
        if self.observed is not None:
            return Sample.left_censored(held["column"], held["observed"], weights, kind)
        if self.rounded_to is not None:
            return Sample.rounded(held["column"], self.rounded_to, weights, kind)
        return Sample(held["column"], weights, kind, nan_policy=nan_policy)


def number_or_name(text: str) -> float | str:
    """A number, where the text is one; else the text, as the name of a column."""
    try:
        return float(text)
    except ValueError:
        return text


def _quoted(name: str) -> str:
    """The name of a column as formulas have it."""
    return name if name.isidentifier() and not iskeyword(name) else f"`{name}`"


EXACT = Form()
"""One exact observation a row, in the only column of numbers."""


def _complete(held: dict[str, Array]) -> dict[str, Array]:
    """The rows in which nothing is missing that must be there."""
    import numpy as np

    rows = np.ones(len(next(iter(held.values()))), dtype=bool)
    for role in ("column", "observed", "time", "event", "payment", "exposure"):
        if role in held:
            rows &= ~np.isnan(held[role])
    if "lower" in held:
        rows &= ~(np.isnan(held["lower"]) & np.isnan(held["upper"]))
    return held if rows.all() or not rows.any() else {role: values[rows] for role, values in held.items()}
