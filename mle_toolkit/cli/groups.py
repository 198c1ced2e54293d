"""``mle groups``: fit every group of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mle_toolkit.cli.ending import NOT_CERTIFIED
from mle_toolkit.cli.options import LAWS, AsPage, Data, Debug, FileOptions, OnMissing, Output, PageFormat, spread
from mle_toolkit.cli.reading import families_in
from mle_toolkit.cli.writing import page_if_named, progress, write_csv, write_json, write_page, write_table


@spread
def command(
    data: Data,
    by: Annotated[list[str], typer.Option("--by", help="Column of keys; may be repeated.", metavar="NAME")],
    column: Annotated[str, typer.Option("--column", "-c", help="Values.", metavar="NAME")],
    family: Annotated[
        list[str],
        typer.Option("--family", "-d", help=f"{LAWS}: the best for each group.", metavar="LAW"),
    ],
    file: FileOptions,
    weights: Annotated[str | None, typer.Option("--weights", help="Frequency weights.", metavar="NAME")] = None,
    exposure: Annotated[
        str | None, typer.Option("--exposure", help="Of counts: how much each row was watched.", metavar="NAME")
    ] = None,
    nan_policy: Annotated[OnMissing, typer.Option("--nan-policy", help="What to do with missing values.")] = (
        OnMissing.refuse
    ),
    form: AsPage = PageFormat.table,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Fit a family, or find the best of several, for every group of rows.

    mle groups data.parquet --by station -c rain -d gamma
    """
    laws = families_in(family)
    from mle_toolkit.data.tables import read_frame
    from mle_toolkit.groups import fit_groups

    used = [*by, column, *(name for name in (weights, exposure) if name is not None)]
    frame = read_frame(data, used, file.reading)
    with progress(f"fitting {column} by {', '.join(by)}"):
        asked = laws[0] if len(laws) == 1 else laws
        fits = fit_groups(frame, by, column, asked, weights=weights, exposure=exposure, nan_policy=nan_policy.value)
    form = page_if_named(form, output)
    source = "standard input" if data == "-" else Path(data).name
    if form is PageFormat.html:
        write_page(fits, output, f"{column} of {source} by {', '.join(by)}")
    elif form is PageFormat.table:
        from mle_toolkit.report.terminal import groups_view

        write_table(groups_view(fits, f"{column} of {source} by {', '.join(by)}"), output)
    else:
        record = fits.to_dict()
        if form is PageFormat.json:
            write_json(record, output)
        else:
            rows = record["groups"]
            write_csv(tuple(rows[0]), (("" if v == "NaN" else v for v in row.values()) for row in rows), output)
    if fits.failures:
        raise typer.Exit(NOT_CERTIFIED)
