"""The controls of the page: what each is called, and in which kinds of data it has a say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mle_toolkit.errors import MleError, ParameterError, UnknownNameError


@dataclass(frozen=True)
class Control:
    """One control.

    Attributes
    ----------
    name : str
        As the command line calls it, with ``_`` for ``-``.
    label, hint : str
        What stands above and below it.
    kind : {"column", "columns", "number", "term", "text", "choice"}
        A term is a number, or the name of a column.
    choices : tuple of (str, str)
        Values and texts of a choice.
    needed : bool
        Whether nothing can be read without it.
    """

    name: str
    label: str
    hint: str = ""
    kind: str = "column"
    choices: tuple[tuple[str, str], ...] = ()
    needed: bool = False


@dataclass(frozen=True)
class Kind:
    """What one row of the data is, and the controls that say where."""

    name: str
    label: str
    controls: tuple[Control, ...]


_COLUMN = Control("column", "Values")

KINDS = (
    Kind("exact", "a value", (_COLUMN,)),
    Kind(
        "time",
        "a time, with an event or without",
        (
            Control("time", "Times", needed=True),
            Control("event", "Event seen", "1 where the event was seen at the time, 0 where not yet; or words."),
            Control("event_value", "Word for an event", "Only where the column has words: died, failed, ...", "text"),
        ),
    ),
    Kind(
        "limit",
        "a value, or at most that",
        (
            _COLUMN,
            Control(
                "observed",
                "Seen",
                "1 where the value was seen, 0 where it is at most that (limit of detection).",
                needed=True,
            ),
        ),
    ),
    Kind(
        "interval",
        "an interval with the value in it",
        (
            Control("lower", "Lower ends", "An empty cell is an open end.", needed=True),
            Control("upper", "Upper ends", "An empty cell is an open end."),
        ),
    ),
    Kind(
        "rounded",
        "a rounded value",
        (_COLUMN, Control("rounded_to", "Rounded to", "0.1, 5, ...", "number", needed=True)),
    ),
    Kind(
        "paid",
        "a payment of an insurer",
        (
            Control(
                "payment", "Payments", "For losses above the deductible: nothing is known of the others.", needed=True
            ),
            Control("deductible", "Deductible", "What the insured bears of each loss. A number, or a column.", "term"),
            Control("limit", "Limit", "The loss beyond which nothing more is paid. A number, or a column.", "term"),
            Control("coinsurance", "Coinsurance", "Share that is paid between the two: 0.8.", "term"),
            Control("inflation", "Inflation", "By how much losses have risen: 0.05.", "term"),
        ),
    ),
    Kind(
        "bins",
        "a bin with a count",
        (
            Control("counts", "Counts"),
            Control("edges", "Ends of the bins", "One more than rows, with commas between them.", "text", needed=True),
        ),
    ),
    Kind(
        "vector",
        "a vector, of several columns",
        (Control("columns", "Numbers of a vector", "Two or more, for laws of vectors.", "columns", needed=True),),
    ),
)
"""What a row may be."""

ROWS = (
    Control("weights", "Weights"),
    Control("counts", "Counts", "How many observations each row is."),
    Control(
        "weight_kind",
        "Weights are",
        kind="choice",
        choices=(("frequency", "frequencies"), ("reliability", "reliabilities")),
    ),
    Control("exposure", "Exposure", "Of counts: how much each row was watched."),
    Control("entry", "Entry", "Delayed entry: the row was seen only above it."),
    Control("truncated_below", "Nothing seen up to", "A threshold, or a deductible.", "number"),
    Control("truncated_above", "Nothing seen above", kind="number"),
    Control(
        "nan_policy",
        "Missing values",
        kind="choice",
        choices=(("raise", "are an error"), ("omit", "are left out")),
    ),
)
"""What else may be known of the rows."""

FILE = (
    Control("delimiter", "Between columns", "One character; tab; a space for any spaces.", "text"),
    Control("decimal", "Decimal sign", kind="choice", choices=(("", "guess"), (".", "."), (",", ","))),
    Control(
        "thousands",
        "Between thousands",
        kind="choice",
        choices=(("", "guess"), (",", ","), (".", "."), ("'", "'"), (" ", "space")),
    ),
    Control("na_values", "Missing is written", "Besides the usual ones; several with commas.", "text"),
    Control("encoding", "Encoding", "utf-16, latin-1, ...", "text"),
    Control("comment", "Comments begin with", kind="text"),
    Control("sheet", "Sheet", "Of a spreadsheet: name, or number from 1.", "text"),
)
"""How a file is written, where that is not to be guessed."""


def controls() -> Iterator[Control]:
    """All controls; one that several kinds have comes several times."""
    for kind in KINDS:
        yield from kind.controls
    yield from ROWS
    yield from FILE


_LABELS = {control.name: control.label for control in controls()} | {
    "at": "at",
    "formula": "Formula",
    "regress_law": "Law",
    "others": "Other parameters",
    "links": "Links",
    "offset": "Offset",
}


def in_words_of_the_page(message: str) -> str:
    """An error with the labels of the controls in the place of Python's arguments and the shell's options."""
    for ours, theirs in (
        ('See conf_int(method="profile")', "Draw the profile below"),
        ("compare them by delta_ce", "compare them by ΔKL of the ranking"),
        ("ΔKL (delta_ce)", "ΔKL"),
        ("(delta_ce)", "(ΔKL of the ranking)"),
        ('pass nan_policy="omit"', "choose “Missing values are left out”"),
        ("Sample.intervals(lower, upper)", "“an interval with the value in it”"),
        ("Sample.rounded(x, step)", "“a rounded value”"),
    ):
        message = message.replace(ours, theirs)
    message = re.sub(r'compare\(x, "(\w+)"\), mle compare -d \w+', r"write “\1” under “Which”", message)
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", _labelled, message)


def _labelled(option: re.Match[str]) -> str:
    label = _LABELS.get(option[1].replace("-", "_"))
    return option[0] if label is None else f"“{label}”"


_OF_REGRESSIONS = (
    ("formula", "formula"),
    ("regress_law", "law"),
    ("others", "others"),
    ("links", "links"),
    ("offset", "offset"),
)
"""Controls of a regression, and what their texts are called in a question."""

_COLUMNS = tuple(dict.fromkeys(control.name for control in controls() if control.kind == "column"))


def place_of(error: MleError, verb: str, said: Mapping[str, Any]) -> str:
    """Name of the control beside which an error is to stand; empty where it is of none.

    It is the one that the error calls by its option, else the one whose column it names, else the one that the question
    is about.

    Parameters
    ----------
    error : MleError
    verb : str
        What was asked.
    said : mapping of str to value
        What the controls say.
    """
    message = str(error)
    for option in re.finditer(r"--([a-z]+(?:-[a-z]+)*)", message):
        name = option[1].replace("-", "_")
        if name in _LABELS:
            return name
    if verb == "regress":
        words = re.findall(r"'([^']+)'", message)
        places = ((place, str(said.get(name) or "")) for place, name in _OF_REGRESSIONS)
        return next((place for place, text in places if any(word in text for word in words)), "formula")
    for name in _COLUMNS:
        if said.get(name) and repr(said[name]) in message:
            return name
    if verb == "open":
        return "source"
    return "laws" if verb == "rank" and isinstance(error, (UnknownNameError, ParameterError)) else ""
