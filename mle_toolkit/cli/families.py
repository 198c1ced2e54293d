"""``mle families``: list the families."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mle_toolkit.cli.options import As, Debug, Format, Output
from mle_toolkit.cli.writing import form_of, write_csv, write_json, write_table

if TYPE_CHECKING:
    from mle_toolkit.families.base import Family


def command(form: As = Format.table, output: Output = None, debug: Debug = False) -> None:
    """List the families."""
    from mle_toolkit.families.registry import families, family_class

    laws = [family_class(name) for name in families()]
    form = form_of(form, output)
    if form is Format.json:
        write_json([_family_record(law) for law in laws], output)
        return
    columns = ("family", "parameters", "constants", "support", "aliases")
    between = ", " if form is Format.csv else "\n"  # a narrow column leaves room for the parameters
    rows = [
        (
            law.name,
            between.join(f"{p.name} in {p.domain}" for p in law.parameters),
            between.join(law.constant_defaults),
            str(law.support),
            between.join(law.aliases),
        )
        for law in laws
    ]
    if form is Format.csv:
        write_csv(columns, rows, output)
    else:
        from mle_toolkit.report.terminal import table

        write_table(table(columns, rows, text=columns), output)


def _family_record(law: type[Family]) -> dict[str, Any]:
    return {
        "name": law.name,
        "parameters": [{"name": p.name, "domain": str(p.domain)} for p in law.parameters],
        "constants": list(law.constant_defaults),
        "support": str(law.support),
        "aliases": list(law.aliases),
    }
