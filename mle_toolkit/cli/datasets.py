"""``mle datasets``: list the data sets, or show one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mle_toolkit.cli.options import As, Debug, Format, Output
from mle_toolkit.cli.writing import form_of, write_csv, write_json, write_table

if TYPE_CHECKING:
    from mle_toolkit.data.datasets import DataSet


def command(
    name: Annotated[str | None, typer.Argument(help="Show this one, and its first rows.", metavar="[NAME]")] = None,
    form: As = Format.table,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """List the data sets, or show one; as CSV, all its rows.

    mle datasets faithful --format csv > faithful.csv
    """
    from mle_toolkit.data import datasets

    form = form_of(form, output)
    if name is not None:
        data = datasets.load(name.removeprefix("@"))
        if form is Format.json:
            values = {name: column.tolist() for name, column in data.columns.items()}
            write_json(_facts(data) | {"description": data.description, "columns": values}, output)
        elif form is Format.csv:
            write_csv(tuple(data.columns), zip(*data.columns.values(), strict=True), output)
        else:
            from mle_toolkit.report.terminal import data_set_view

            write_table(data_set_view(data), output)
        return
    records = [_facts(datasets.load(name)) for name in datasets.names()]
    if form is Format.json:
        write_json(records, output)
    elif form is Format.csv:
        write_csv(tuple(records[0]), (record.values() for record in records), output)
    else:
        from mle_toolkit.report.terminal import table

        shown = ("name", "title", "unit")
        rows = [[record[column] for column in shown] for record in records]
        write_table(table(shown, rows, text=shown), output)


def _facts(data: DataSet) -> dict[str, Any]:
    return {name: getattr(data, name) for name in ("name", "title", "unit", "source", "licence")}
