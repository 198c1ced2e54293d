"""The content of a report as tables and sentences of a page: what is shown, and the numbers behind it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from mle_toolkit.information.estimate import Estimate
from mle_toolkit.report.content import Cell, Column, Content, Section, Table

NO_NUMBER = "\u2014"
"""Stands where there is none."""

MOST_ROWS = 500
"""Rows of a table that a page has; the file of the results has all."""


class Shown(NamedTuple):
    """What is shown of a cell, and the number behind it, if there is one, with all its digits."""

    text: str
    value: float | None = None


class Head(NamedTuple):
    """Name of a column, and whether it holds words."""

    name: str
    is_text: bool = False


@dataclass(frozen=True)
class Grid:
    """Rows of cells; one of them may be set off."""

    columns: tuple[Head, ...]
    rows: tuple[tuple[Shown, ...], ...]
    best: int | None = None


@dataclass(frozen=True)
class Words:
    """A sentence: what it says, or an aside; a verdict has a name before it, and is good or not."""

    text: str
    kind: Literal["plain", "aside", "good", "bad"] = "aside"
    name: str = ""


Part = Grid | Words


def number(value: float | None, digits: int = 6) -> Shown:
    """A number to a few digits."""
    if value is None or math.isnan(value):
        return Shown(NO_NUMBER)
    return Shown(f"{value:.{digits}g}", float(value))


def grid(columns: Sequence[str], rows: Iterable[Iterable[Any]], *, text: Iterable[str] = ()) -> Grid:
    """A table of texts, numbers and cells; columns named in ``text`` hold words."""
    words = frozenset(text)
    shown = tuple(tuple(cell if isinstance(cell, Shown) else _shown(cell) for cell in row) for row in rows)
    return Grid(tuple(Head(name, name in words) for name in columns), shown)


def _shown(cell: Cell) -> Shown:
    if isinstance(cell, str):
        return Shown(cell)
    return number(cell.value if isinstance(cell, Estimate) else cell, 8)


def parts_of(content: Content) -> Iterator[Part]:
    """All that a report says, in its order."""
    for section in content.sections:
        if section.key == "certificate":
            yield from verdict(section)
        elif section.key == "ranking":
            yield from map(ranking, section.tables)
            yield from map(Words, section.notes)
        elif section.key == "criteria":
            yield Words("   ".join(f"{f.name} {_shown(f.value).text}" for f in section.facts), "plain")
        elif section.key != "model":
            yield from _plain_parts(section)


def verdict(section: Section) -> Iterator[Words]:
    """The verdict of a certificate, and its evidence."""
    yield Words(section["message"], "good" if section["certified"] else "bad", section["verdict"])
    yield Words("; ".join(section.notes))


def _plain_parts(section: Section) -> Iterator[Part]:
    if section.facts:
        unit = section.facts[0].unit
        columns = (f"{unit}s" if unit else "", "value", "std. error", "95 % interval")
        yield grid(columns, (_fact(fact.name, fact.value) for fact in section.facts), text=columns[:1])
    for table in section.tables:
        if table.title:
            yield Words(table.title, "plain")
        yield _table(table)
    if section.notes:
        yield Words("\n".join(section.notes))


def _fact(name: str, value: Cell) -> tuple[Shown, ...]:
    se, ends = Shown(""), Shown("")
    if isinstance(value, Estimate):
        se = number(value.se, 4)
        if value.interval is not None:
            ends = Shown(" to ".join(f"{end:.5g}" for end in value.interval))
    return Shown(name.replace("_", " ")), _shown(value), se, ends


def _table(table: Table) -> Grid:
    """A table of estimates or of anything; what was known before has no error."""
    keep = [k for k, column in enumerate(table.columns) if _is_said(column, k, table)]
    rows = [
        [_in_column(cells[k], table.columns[k].name, known=row in table.known) for k in keep]
        for row, cells in enumerate(table.rows[:MOST_ROWS])
    ]
    heads = [table.columns[k] for k in keep]
    return grid([head.name for head in heads], rows, text=[head.name for head in heads if head.text])


_DIGITS = {"std. error": 4, "z": 4, "p-value": 3, "lower": 5, "upper": 5}
"""Digits of columns that are known less well than estimates."""


def _in_column(cell: Cell, column: str, *, known: bool) -> Shown:
    if known and column == "std. error":
        return Shown("known")
    digits = _DIGITS.get(column)
    return number(cell, digits) if digits is not None and isinstance(cell, float) else _shown(cell)


def _is_said(column: Column, k: int, table: Table) -> bool:
    """Whether a column says something in any row."""
    if column.text:
        return any(row[k] not in ("", None) for row in table.rows)
    return any(not (row[k] is None or (isinstance(row[k], float) and math.isnan(row[k]))) for row in table.rows)  # type: ignore[arg-type]


_RANKING = ("", "family", "k", "CE", "ΔKL", "±", "KL", "±", "ΔAIC", "weight", "verdict")


def ranking(table: Table) -> Grid:
    """The ranked laws; the first is set off."""
    rows = tuple(
        (
            Shown(str(row["rank"]), row["rank"]),
            Shown(row["family"]),
            Shown(str(row["k"]), row["k"]),
            _fixed(row["cross_entropy"], 4),
            _fixed(row["delta_ce"], 4),
            _fixed(row["delta_ce_se"] or math.nan, 4),
            _fixed(row["kl"], 4),
            _fixed(row["kl_se"], 4),
            _fixed(row["delta_aic"], 2),
            _fixed(row["akaike_weight"], 3),
            Shown(str(row["verdict"])),
        )
        for row in table.records()
    )
    kept = [k for k in range(len(_RANKING)) if not rows or any(row[k].text for row in rows)]
    heads = tuple(Head(_RANKING[k], _RANKING[k] in ("family", "verdict")) for k in kept)
    return Grid(heads, tuple(tuple(row[k] for k in kept) for row in rows), best=0)


def _fixed(value: float | None, digits: int) -> Shown:
    return Shown("") if value is None or math.isnan(value) else Shown(f"{value:z.{digits}f}", value)
