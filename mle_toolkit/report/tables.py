"""Tables as statsmodels prints them, whose notes are safe in HTML and LaTeX too."""

from __future__ import annotations

import html
from collections.abc import Sequence

from statsmodels.iolib.summary import Summary
from statsmodels.iolib.table import SimpleTable
from statsmodels.iolib.tableformatting import fmt_2cols, fmt_params

_SYMBOLS = {"∞": r"$\infty$", "—": "---", "±": r"$\pm$"}
_SPECIAL = {"<": "$<$", ">": "$>$", "|": "$|$", **{c: f"\\{c}" for c in "#$%&_{}"}}
_IN_TABLES = str.maketrans(_SYMBOLS)  # SimpleTable escapes the rest itself
_IN_NOTES = str.maketrans(_SYMBOLS | _SPECIAL)


class TextSummary(Summary):  # type: ignore[misc]
    """A statsmodels ``Summary`` that escapes its notes, and symbols outside ASCII where LaTeX needs it."""

    def as_html(self) -> str:
        """Tables and notes as HTML."""
        tables = "\n".join(table.as_html() for table in self.tables)
        return f"{tables}<br/><br/>{html.escape(self.extra_txt or '').replace(chr(10), '<br/>')}"

    def as_latex(self) -> str:
        """Tables and notes as LaTeX."""
        plain = Summary()
        plain.tables = self.tables
        tables = str(plain.as_latex()).translate(_IN_TABLES)
        notes = (self.extra_txt or "").translate(_IN_NOTES).replace("\n", " \\newline\n")
        return f"{tables}\n\n{notes}"


def two_columns(left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]], title: str) -> SimpleTable:
    """Names and values, in two columns side by side."""
    halves = [
        SimpleTable([[value] for _, value in part], stubs=[name for name, _ in part], title=title, txt_fmt=fmt_2cols)
        for part in (left, right)
    ]
    halves[0].extend_right(halves[1])
    return halves[0]


def named_rows(
    rows: Sequence[Sequence[str]], names: Sequence[str], headers: Sequence[str], title: str = ""
) -> SimpleTable:
    """A table with a name before each row and a header above each column."""
    return SimpleTable(rows, headers=list(headers), stubs=list(names), title=title, txt_fmt=fmt_params)
