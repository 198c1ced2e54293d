"""The ranking of a comparison as text of at most 110 columns, and as HTML."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mle_toolkit import notebook
from mle_toolkit.report.content import ComparisonLike, comparison_rows

WIDTH = 110
"""Characters of a line of text."""

COLUMNS = ("", "family", "k", "CE", "ΔKL ± se", "KL ± se", "ΔAIC", "weight", "verdict")
"""What is shown of each law; the table has more."""

_TEN, _LARGE = 10.0, 1e5
"""Numbers from which four decimals, and five digits, are too many."""

_LEFT = ("family", "verdict")

_LEAST = 20
"""Characters that the name of a law has in any case, before it goes on in the next line."""


def cells(row: Mapping[str, Any]) -> dict[str, str]:
    """One row of the ranking as texts, by `COLUMNS`."""
    return {
        "": str(row["rank"]),
        "family": row["family"],
        "k": str(row["k"]),
        "CE": _decimals(row["cross_entropy"]),
        "ΔKL ± se": _with_se(row["delta_ce"], row["delta_ce_se"]),
        "KL ± se": _with_se(row["kl"], row["kl_se"]),
        "ΔAIC": _two_decimals(row["delta_aic"]),
        "weight": "—" if np.isnan(row["akaike_weight"]) else f"{row['akaike_weight']:.3f}",
        "verdict": row["verdict"],
    }


def ranking_text(comparison: ComparisonLike) -> str:
    """The ranking, its notes, and the laws without a place in it."""
    return "\n".join(_lines(comparison))


def _lines(comparison: ComparisonLike) -> Iterator[str]:
    rows = [cells(row) for row in comparison_rows(comparison, "nat")]
    if rows:
        widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in COLUMNS}
        room = WIDTH - sum(widths.values()) - 2 * (len(COLUMNS) - 1) + widths["family"]
        widths["family"] = min(widths["family"], max(room, _LEAST))
        for row in (dict(zip(COLUMNS, COLUMNS, strict=True)), *rows):
            family, *more = textwrap.wrap(row["family"], widths["family"], subsequent_indent="  ")
            yield "  ".join(
                cell.ljust(widths[name]) if name in _LEFT else cell.rjust(widths[name])
                for name, cell in (row | {"family": family}).items()
            ).rstrip()
            yield from (" " * (widths[""] + 2) + line for line in more)
    for note in comparison.notes():
        yield from textwrap.wrap(note, WIDTH, subsequent_indent="  ")
    if comparison.uncertified:
        yield "not certified, so without a place:"
    for name, fit in comparison.uncertified.items():
        yield from _item(f"{name}: llf {fit.llf:.8g}: {comparison.failures[name]}")
    if comparison.not_fitted:
        yield "not fitted:"
    for name, reason in comparison.not_fitted.items():
        yield from _item(f"{name}: {reason}")


def _item(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")


def ranking_html(comparison: ComparisonLike) -> str:
    """The same as HTML; all columns of the table, and the laws without a place, unfold."""
    rows = [list(cells(row).values()) for row in comparison_rows(comparison, "nat")]
    parts = [notebook.table(COLUMNS, rows, comparison.notes())]
    if rows:
        whole = comparison.table.to_html(index=False, float_format="{:.5g}".format)
        parts.append(notebook.folded(f"all {len(comparison.table.columns)} columns", whole))
    uncertified = [(name, f"{fit.llf:.8g}", comparison.failures[name]) for name, fit in comparison.uncertified.items()]
    if uncertified:
        title = f"not certified, so without a place: {len(uncertified)}"
        parts.append(notebook.folded(title, notebook.table(("family", "llf", "reason"), uncertified)))
    if comparison.not_fitted:
        title = f"not fitted: {len(comparison.not_fitted)}"
        parts.append(notebook.folded(title, notebook.table(("family", "reason"), list(comparison.not_fitted.items()))))
    return "".join(parts)


def _with_se(value: float, se: float) -> str:
    if np.isnan(value):
        return "—"
    return _decimals(value) + (f" ± {_decimals(se)}" if se > 0 else " " * 9)


def _two_decimals(value: float) -> str:
    return "—" if np.isnan(value) else f"{value:.2f}" if value < _LARGE else f"{value:.3g}"


def _decimals(value: float) -> str:
    """A number to four decimals; a large one to as many digits as say something."""
    return f"{value:z.4f}" if abs(value) < _TEN else f"{value:.5g}" if abs(value) < _LARGE else f"{value:.3g}"
