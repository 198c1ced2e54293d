"""Results as rich tables, for the command line. They are drawn without markup, so any name may appear in them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from mle_toolkit.information.fits import FitLike
from mle_toolkit.information.report import written
from mle_toolkit.options import escaped
from mle_toolkit.report.content import (
    ComparisonLike,
    Content,
    GroupsLike,
    RegressionLike,
    Section,
    coefficient_rows,
    comparison_content,
    fit_content,
    groups_content,
    regression_content,
)
from mle_toolkit.report.content import Table as ContentTable
from mle_toolkit.report.ranking import COLUMNS, cells

if TYPE_CHECKING:
    from mle_toolkit.data.datasets import DataSet

IDENTITY = "NLL / n  =  cross-entropy(data, model)  =  entropy(data) + KL(data ‖ model)"

FIRST_ROWS = 5
"""Rows of a data set that are shown."""

MOST_GROUPS = 40
"""Rows of the table of groups that are shown."""

WIDE = 100
"""Width from which a ranking has all its columns."""


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, text: Iterable[str] = (), bold: int | None = None
) -> Table:
    """A plain table: numbers to the right, columns named in ``text`` to the left, row number ``bold`` set off."""
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True, header_style="bold")
    for name in columns:
        if name in text:
            drawn.add_column(name, justify="left", overflow="fold")
        else:
            drawn.add_column(name, justify="right", no_wrap=True)
    for k, row in enumerate(rows):
        cells = [cell if isinstance(cell, Text) else str(cell) for cell in row]
        drawn.add_row(*cells, style="bold green" if k == bold else "")
    return drawn


@dataclass(frozen=True)
class Escaped:
    """Something drawn, of which names and texts of the user's cannot move the cursor or colour the terminal."""

    view: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it, with control characters written out."""
        for segment in console.render(self.view, options):
            yield segment if segment.control else Segment(escaped(segment.text), segment.style)


def number(value: Any, digits: int = 6) -> str:
    """A number to a few digits; a dash for None and NaN."""
    return "—" if value is None or np.isnan(value) else f"{value:.{digits}g}"


def heading(text: str, aside: str = "") -> Text:
    """A title, with something less important after it."""
    return Text.assemble((text, "bold cyan"), ("  " + aside if aside else "", "dim"))


def fit_view(fit: FitLike, title: str, unit: str) -> RenderableType:
    """Parameters, criteria, information report and certificate of a fit."""
    content = fit_content(fit, unit=unit, title=title)
    (estimates,) = content["estimates"].tables
    rows = [
        (name, number(value, 8), number(se, 4), number(low, 5), number(high, 5))
        for name, value, se, low, high in estimates.rows
    ]
    return _fit_view(content, table(("parameter", *_ESTIMATE), rows, text=("parameter",)))


def regression_view(fit: RegressionLike, title: str, unit: str) -> RenderableType:
    """Coefficients by parameter, criteria, information report and certificate of a regression."""
    content = regression_content(fit, unit=unit, title=title)
    rows = [
        (parameter, term, number(value, 8), number(se, 4), number(low, 5), number(high, 5))
        for parameter, term, value, se, low, high in coefficient_rows(content)
    ]
    columns = ("parameter", "term", *_ESTIMATE)
    links = ", ".join(f"{name} {link}" for name, link in fit.links.items())
    return _fit_view(content, table(columns, rows, text=columns[:2]), f"links: {links}")


_ESTIMATE = ("estimate", "std. error", "2.5 %", "97.5 %")


def _fit_view(content: Content, estimates: Table, *asides: str) -> RenderableType:
    criteria = "   ".join(f"{fact.name} {number(fact.value, 8)}" for fact in content["criteria"].facts)
    notes = (*asides, *content["estimates"].notes)
    return Group(
        heading(content.title),
        "",
        estimates,
        *(Text(note, style="dim") for note in notes),
        "",
        Text(criteria),
        "",
        information_view(content["information"]),
        "",
        certificate_view(content["certificate"]),
    )


def information_view(section: Section) -> RenderableType:
    """The one line, with what is known of each term."""
    unit = section.facts[0].unit
    rows = [written(fact.name, fact.value) for fact in section.facts]  # type: ignore[arg-type]
    columns = (f"{unit}s", "value", "std. error", "95 % interval")
    return Group(table(columns, rows, text=columns[:1]), Text("\n".join(section.notes), style="dim"))


def certificate_view(section: Section) -> RenderableType:
    """The verdict and its evidence."""
    verdict = Text.assemble(
        ("certificate  ", "bold"),
        (section["verdict"], "bold green" if section["certified"] else "bold red"),
        f": {section['message']}",
    )
    return Group(verdict, Text("; ".join(section.notes), style="dim"))


def comparison_view(comparison: ComparisonLike, title: str, unit: str) -> RenderableType:
    """Ranking, notes, and the families without a place in it, with their reasons."""
    content = comparison_content(comparison, unit, title)
    parts: list[RenderableType] = [heading(content.title, f"{unit}s per observation")]
    for ranking in content["ranking"].tables:
        parts += ["", Ranking(ranking), ""]
    parts += [Text(note, style="dim") for note in content["ranking"].notes]
    for section in content.sections[1:]:
        (rows,) = section.tables
        columns = [section.title.lower(), *(column.name for column in rows.columns[1:])]
        text = [name for name, column in zip(columns, rows.columns, strict=True) if column.text]
        shown = [[number(v, 8) if isinstance(v, float) else str(v) for v in row] for row in rows.rows]
        parts += ["", table(columns, shown, text=text)]
    return Group(*parts)


@dataclass(frozen=True)
class Ranking:
    """The ranked families; the first is set off."""

    content: ContentTable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw all columns where there is room, else those that cannot be read off the others."""
        columns = list(COLUMNS)
        if options.max_width < WIDE:
            columns = ["", "family", "ΔKL ± se", "KL ± se", "ΔAIC", "verdict"]
        rows = [[cells(row)[column] for column in columns] for row in self.content.records()]
        yield table(columns, rows, text=("family", "verdict"), bold=0)


def groups_view(fits: GroupsLike, title: str) -> RenderableType:
    """The first groups, and what became of all of them."""
    content = groups_content(fits, f"{', '.join(law.name for law in fits.families)} fitted to {title}")
    (groups,) = content["groups"].tables
    kept = [c for c in groups.columns if not c.name.startswith("se_") and c.name not in ("nobs", "reason", "aic")]
    names = [column.name for column in kept]
    names.insert(len(fits.by), "nobs")
    text = [column.name for column in kept if column.text]
    cells = [
        [row[name] if name in text else number(row[name]) for name in names]
        for row in itertools.islice(groups.records(), MOST_GROUPS)
    ]
    parts: list[RenderableType] = [heading(content.title), "", table(names, cells, text=text), ""]
    if len(groups.rows) > MOST_GROUPS:
        parts.append(Text(f"and {len(groups.rows) - MOST_GROUPS} more; --format csv has all", style="dim"))
    parts += [Text(note, style="dim") for note in content["groups"].notes]
    for section in content.sections[1:]:
        failed = section.tables[0].rows[:MOST_GROUPS]
        parts += ["", table(("not fitted", "reason"), failed, text=("not fitted", "reason"))]
    return Group(*parts)


def data_set_view(data: DataSet) -> RenderableType:
    """What a data set is, and its first rows."""
    columns = data.columns
    head = [
        ["" if math.isnan(cell) else f"{cell:g}" for cell in row]
        for row in itertools.islice(zip(*columns.values(), strict=True), FIRST_ROWS)
    ]
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    samples = {name: data.sample(name) for name in data.variables} or {"sample": data.sample()}
    for name, value in (
        ("unit", data.unit),
        ("source", data.source),
        ("licence", data.licence),
        *((name, repr(sample)) for name, sample in samples.items()),
        *((("counts", f"column {data.form.counts}"),) if data.form.counts else ()),
    ):
        facts.add_row(name, value)
    return Group(
        heading(data.title, f"@{data.name}"), "", Text(data.description), "", facts, "", table(tuple(columns), head)
    )
