"""The first rows of a file, before it is known which columns are wanted: soon read, however large it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mle_toolkit.data import datasets
from mle_toolkit.data.cells import MISSING, may_be_number, plain
from mle_toolkit.data.form import EXACT, Form
from mle_toolkit.data.reading import GUESSED, Reading, Typed, opened
from mle_toolkit.data.tables import header_of, records_of

LOOKED_AT = 1000
"""Rows by which columns of numbers are told from others."""


@dataclass(frozen=True)
class Peek:
    """What is seen of a file at once.

    Attributes
    ----------
    names : tuple of str
        Of all columns.
    numeric : tuple of str
        Of those whose first cells may be numbers.
    rows : tuple of tuple
        The first rows as they stand in the file; none of a file of typed columns.
    types : mapping of str to str
        Of typed columns.
    said : tuple of str
        What was guessed of the file.
    form : Form
        That of a data set.
    """

    names: tuple[str, ...]
    numeric: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...] = ()
    types: Mapping[str, str] | None = None
    said: tuple[str, ...] = ()
    form: Form = EXACT


def peek(source: str, reading: Reading = GUESSED) -> Peek:
    """Look at the first rows of a file, or of a data set of the package.

    Parameters
    ----------
    source : str
        As for `tables.read_sample`.
    reading : Reading, optional
        How the file is written.

    Raises
    ------
    DataError
        If it is not readable as a table.
    UnknownNameError
        If there is no such data set.
    OSError
        If the file cannot be opened.
    """
    if source.startswith("@"):
        data = datasets.load(source[1:])
        shown = tuple(zip(*(values[:LOOKED_AT].tolist() for values in data.columns.values()), strict=True))
        return Peek(tuple(data.columns), tuple(data.columns), shown, form=data.form)
    with opened(source, reading) as content:
        if isinstance(content, Typed):
            types = {name: str(content.kind(name)) for name in content.names}
            numeric = tuple(name for name, kind in types.items() if kind.startswith(_OF_NUMBERS))
            return Peek(tuple(content.names), numeric, types=types)
        header, has_header, said = header_of(content)
        first = tuple(tuple(row) for _, row in islice(records_of(content, header, has_header), LOOKED_AT))
    gone = MISSING | reading.style.missing

    def is_numeric(k: int) -> bool:
        cells = [row[k] for row in first if row[k] is not None and str(row[k]).strip() not in gone]
        return all(plain(cell) is not None or may_be_number(str(cell), reading.style) for cell in cells)

    numeric = tuple(name for k, name in enumerate(header) if name and is_numeric(k))
    clauses = [*said.get("", ()), *(c for name in header for c in said.get(name, ()) if name)]
    return Peek(tuple(header), numeric, first, said=tuple(dict.fromkeys(clauses)))


_OF_NUMBERS = ("int", "uint", "float", "double", "halffloat", "decimal", "bool")
"""How Arrow calls types of numbers."""
