"""All identities, as a table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from io import TextIOWrapper

from rich.console import Console, Group, RenderableType
from rich.text import Text

from mle_toolkit.identities.classifying import classifiers, decompositions, directions
from mle_toolkit.identities.fits import chain_rules, exponential_families, gibbs, large_samples, one_line, one_minimum
from mle_toolkit.identities.statements import Identity
from mle_toolkit.report.terminal import IDENTITY, heading, table

PIPE_WIDTH = 110
"""Columns of the table where no terminal says otherwise."""


SECTIONS: dict[str, Callable[[], Iterator[Identity]]] = {
    "One line": one_line,
    "One minimum": one_minimum,
    "Gibbs": gibbs,
    "Exponential families": exponential_families,
    "Large samples": large_samples,
    "Chain rules": chain_rules,
    "Classifiers": classifiers,
    "Log loss": decompositions,
    "Directions of KL": directions,
}


def identities() -> dict[str, tuple[Identity, ...]]:
    """Compute every identity, by section.

    Examples
    --------
    >>> from mle_toolkit.identities import identities
    >>> all(row.holds for rows in identities().values() for row in rows)
    True
    """
    return {title: tuple(section()) for title, section in SECTIONS.items()}


def identity_table(computed: dict[str, tuple[Identity, ...]]) -> RenderableType:
    """The identities as a table: both sides, and how far apart they may be.

    How far apart they are stands in no column: that is rounding, which differs between machines.
    """
    columns = ("identity", "data", "left", "right", "differ at most by", "")
    parts: list[RenderableType] = [Text(IDENTITY, style="bold", justify="center")]
    for title, rows in computed.items():
        cells = [
            (
                row.statement,
                row.data,
                f"{row.left:.7g}",
                f"{row.right:.7g}",
                bound_of(row),
                "✓" if row.holds else "✗",
            )
            for row in rows
        ]
        parts += ["", heading(title), "", table(columns, cells, text=columns[:2])]
    failed = sum(not row.holds for rows in computed.values() for row in rows)
    total = sum(len(rows) for rows in computed.values())
    parts += ["", Text(f"{total - failed} of {total} hold", style="bold green" if not failed else "bold red")]
    return Group(*parts)


def bound_of(row: Identity) -> str:
    """How far apart the sides may be, or must be."""
    return {"=": "", ">=": "≥ -", "!=": "> "}[row.relation] + f"{row.tolerance:.0e}"


def all_hold(computed: dict[str, tuple[Identity, ...]]) -> bool:
    """Whether every row does."""
    return all(row.holds for rows in computed.values() for row in rows)


def main() -> int:
    """Print the table, and give the exit code: 1 if an identity fails."""
    computed = identities()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Greek letters still gets the numbers
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    console = Console(width=width, markup=False, highlight=False, emoji=False)
    console.print(identity_table(computed))
    return 0 if all_hold(computed) else 1


if __name__ == "__main__":
    sys.exit(main())
