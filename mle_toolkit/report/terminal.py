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

from mle_toolkit.information.estimate import nats_per
from mle_toolkit.information.report import InformationReport
from mle_toolkit.options import escaped
from mle_toolkit.report.summary import wald_scales

if TYPE_CHECKING:
    from mle_toolkit.comparison import Comparison
    from mle_toolkit.data.datasets import DataSet
    from mle_toolkit.estimation.certificate import Certificate
    from mle_toolkit.fitting import Fit
    from mle_toolkit.groups import GroupFits
    from mle_toolkit.regression import RegressionFit

IDENTITY = "NLL / n  =  cross-entropy(data, model)  =  entropy(data) + KL(data ‖ model)"

IN_NATS = ("cross_entropy", "delta_ce", "delta_ce_se", "kl", "kl_se", "kl_predictive")
"""Columns of the table of a comparison that have the unit of information."""

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


def fit_view(fit: Fit, title: str, unit: str) -> RenderableType:
    """Parameters, criteria, information report and certificate of a fit."""
    interval = fit.conf_int()
    estimates = np.concatenate([np.ravel(v) for v in fit.params.values()])
    errors = np.concatenate([np.ravel(v) for v in fit.bse.values()])
    names, ends = fit.family.coefficient_names, interval.to_numpy()
    rows = [
        (names[k], number(estimates[k], 8), number(errors[k], 4), *(number(end, 5) for end in ends[k]))
        for k in fit.family.distinct
    ]
    return Group(
        heading(title),
        "",
        table(("parameter", "estimate", "std. error", "2.5 %", "97.5 %"), rows, text=("parameter",)),
        Text(f"intervals: Wald's, of {scales}" if (scales := wald_scales(fit)) else "", style="dim"),
        *(Text(remark, style="dim") for remark in fit.family.remarks),
        *_what_follows(fit, unit),
    )


def regression_view(fit: RegressionFit, title: str, unit: str) -> RenderableType:
    """Coefficients by parameter, criteria, information report and certificate of a regression."""
    rows = [
        (parameter, term, number(value, 8), number(se, 4), *(number(end, 5) for end in ends))
        for parameter, term, value, se, *ends in coefficient_rows(fit)
    ]
    columns = ("parameter", "term", "estimate", "std. error", "2.5 %", "97.5 %")
    links = ", ".join(f"{name} {link}" for name, link in fit.links.items())
    return Group(
        heading(title),
        "",
        table(columns, rows, text=columns[:2]),
        Text(f"links: {links}", style="dim"),
        *_what_follows(fit, unit),
    )


def _what_follows(fit: Fit, unit: str) -> list[RenderableType]:
    """What stands below the estimates: criteria, information report and certificate."""
    criteria = {"log-likelihood": fit.llf, "AIC": fit.aic, "AICc": fit.aicc, "BIC": fit.bic, "TIC": fit.tic}
    return [
        "",
        Text("   ".join(f"{name} {number(value, 8)}" for name, value in criteria.items())),
        "",
        information_view(fit.information(unit)),
        "",
        certificate_view(fit.certificate),
    ]


def coefficient_rows(fit: RegressionFit) -> list[tuple[str, str, float, float, float, float]]:
    """Parameter, term (none of a number), estimate, standard error and 95 % interval of every coefficient."""
    values, errors, ends = (
        np.concatenate([np.ravel(v) for v in fit.params.values()]),
        np.concatenate([np.ravel(v) for v in fit.bse.values()]),
        fit.conf_int().to_numpy(),
    )
    names = [
        (name, term) for name in fit.params for term in (fit.designs[name].names if name in fit.designs else ("",))
    ]
    return [
        (name, term, float(value), float(se), float(low), float(high))
        for (name, term), value, se, (low, high) in zip(names, values, errors, ends, strict=True)
    ]


def information_view(report: InformationReport) -> RenderableType:
    """The one line, with what is known of each term."""
    columns = (f"{report.unit}s", "value", "std. error", "95 % interval")
    notes = Text("\n".join(report.notes()), style="dim")
    return Group(table(columns, report.rows(), text=columns[:1]), notes)


def certificate_view(certificate: Certificate) -> RenderableType:
    """The verdict and its evidence."""
    evidence = [f"found by {certificate.method}", *certificate.evidence]
    if certificate.eigenvalues:
        evidence.append(f"least eigenvalue of the information {min(certificate.eigenvalues):.2g}")
    if certificate.search:
        evidence.append(certificate.search)
    verdict = Text.assemble(
        ("certificate  ", "bold"),
        (str(certificate.verdict), "bold green" if certificate.ok else "bold red"),
        f": {certificate.message}",
    )
    return Group(verdict, Text("; ".join(evidence), style="dim"))


def comparison_view(comparison: Comparison, title: str, unit: str) -> RenderableType:
    """Ranking, notes, and the families without a place in it, with their reasons."""
    parts: list[RenderableType] = [heading(title, f"{unit}s per observation")]
    if comparison.fits:
        parts += ["", Ranking(comparison, unit), ""]
    parts += [Text(note, style="dim") for note in comparison.notes()]
    if comparison.uncertified:
        columns = ("not certified", "k", "log-likelihood", "verdict", "reason")
        rows = [
            (name, fit.df_model, number(fit.llf, 8), fit.certificate.verdict, comparison.failures[name])
            for name, fit in comparison.uncertified.items()
        ]
        parts += ["", table(columns, rows, text=("not certified", "verdict", "reason"))]
    if comparison.not_fitted:
        failed = table(("not fitted", "reason"), comparison.not_fitted.items(), text=("not fitted", "reason"))
        parts += ["", failed]
    return Group(*parts)


@dataclass(frozen=True)
class Ranking:
    """The ranked families; the first is set off."""

    comparison: Comparison
    unit: str = "nat"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw all columns where there is room, else those that cannot be read off the others."""
        columns = ["", "family", "k", "CE", "ΔKL ± se", "KL ± se", "ΔAIC", "weight", "verdict"]
        if options.max_width < WIDE:
            columns = ["", "family", "ΔKL ± se", "KL ± se", "ΔAIC", "verdict"]
        rows = []
        for row in comparison_rows(self.comparison, self.unit):
            cells = {
                "": row["rank"],
                "family": row["family"],
                "k": row["k"],
                "CE": f"{row['cross_entropy']:.4f}",
                "ΔKL ± se": _with_se(row["delta_ce"], row["delta_ce_se"]),
                "KL ± se": _with_se(row["kl"], row["kl_se"]),
                "ΔAIC": "—" if np.isnan(row["delta_aic"]) else f"{row['delta_aic']:.2f}",
                "weight": "—" if np.isnan(row["akaike_weight"]) else f"{row['akaike_weight']:.3f}",
                "verdict": row["verdict"],
            }
            rows.append([cells[column] for column in columns])
        yield table(columns, rows, text=("family", "verdict"), bold=0)


def _with_se(value: float, se: float) -> str:
    if np.isnan(value):
        return "—"
    return f"{value:z.4f}" + (f" ± {se:.4f}" if se > 0 else " " * 9)


def comparison_rows(comparison: Comparison, unit: str) -> list[dict[str, Any]]:
    """The rows of the table of a comparison, entropies and divergences in a unit."""
    nats = nats_per(unit)
    rows: Any = comparison.table.to_dict("records")
    return [row | {name: row[name] / nats for name in IN_NATS} for row in rows]


def groups_view(fits: GroupFits, title: str) -> RenderableType:
    """The first groups, and what became of all of them."""
    rows = fits.to_dict()["groups"]
    columns = [name for name in rows[0] if not name.startswith("se_") and name not in ("nobs", "reason", "aic")]
    columns.insert(len(fits.by), "nobs")
    text = (*fits.by, "family", "runner_up", "verdict")
    shown = rows[:MOST_GROUPS]
    cells = [[row[name] if name in text else number(float(row[name])) for name in columns] for row in shown]
    laws = ", ".join(law.name for law in fits.families)
    parts: list[RenderableType] = [heading(f"{laws} fitted to {title}"), "", table(columns, cells, text=text), ""]
    if len(rows) > MOST_GROUPS:
        parts.append(Text(f"and {len(rows) - MOST_GROUPS} more; --format csv has all", style="dim"))
    parts += [Text(note, style="dim") for note in fits.notes()]
    failed = [(str(key), reason) for key, reason in fits.failures.items()][:MOST_GROUPS]
    if failed:
        parts += ["", table(("not fitted", "reason"), failed, text=("not fitted", "reason"))]
    return Group(*parts)


def data_set_view(data: DataSet, n_head: int = 5) -> RenderableType:
    """What a data set is, and its first rows."""
    columns = data.columns
    head = [
        ["" if math.isnan(cell) else f"{cell:g}" for cell in row]
        for row in itertools.islice(zip(*columns.values(), strict=True), n_head)
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
