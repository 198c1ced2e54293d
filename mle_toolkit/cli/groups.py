"""``mle groups``: fit every group of rows."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated

import typer

from mle_toolkit.cli.ending import NOT_CERTIFIED
from mle_toolkit.cli.options import LAWS, AsPage, Data, Debug, FileOptions, Output, PageFormat, RowOptions, spread
from mle_toolkit.cli.reading import families_in
from mle_toolkit.cli.writing import form_of, progress, write_csv, write_json, write_page, write_table


@spread
def command(
    data: Data,
    by: Annotated[list[str], typer.Option("--by", help="Column of keys; may be repeated.", metavar="NAME")],
    family: Annotated[
        list[str],
        typer.Option("--family", "-d", help=f"{LAWS}: the best for each group.", metavar="LAW"),
    ],
    held: RowOptions,
    file: FileOptions,
    form: AsPage = PageFormat.table,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Fit a family, or find the best of several, for every group of rows.

    mle groups data.parquet --by station -c rain -d gamma
    mle groups data.csv --by lot --time hours --event failed -d weibull
    """
    laws = families_in(family)
    from mle_toolkit.data.checks import whole_numbers
    from mle_toolkit.data.tables import read_frame
    from mle_toolkit.groups import fit_groups

    what = held.form()
    column = what.left
    seen = [name for name in (what.event, what.observed) if name is not None]
    frame = read_frame(data, [*by, *what.names], file.reading, seen)
    if what.counts is not None:
        whole_numbers(frame[what.counts])
    with progress(f"fitting {what.label} by {', '.join(by)}"):
        fits = fit_groups(
            frame,
            by,
            column,
            laws[0] if len(laws) == 1 else laws,
            weights=what.weights or what.counts,
            weight_kind=what.weight_kind,
            exposure=what.exposure,
            nan_policy=held.nan_policy.value,
        )
    form = form_of(form, output)
    title = f"{what.label} of {'standard input' if data == '-' else Path(data).name} by {', '.join(by)}"
    if form is PageFormat.html:
        write_page(fits, output, title)
    elif form is PageFormat.table:
        from mle_toolkit.report.terminal import groups_view

        write_table(groups_view(fits, title), output)
    else:
        record = fits.to_dict()
        if form is PageFormat.json:
            write_json(record, output)
        else:
            rows = record["groups"]
            write_csv(tuple(rows[0]), (("" if v == "NaN" else v for v in row.values()) for row in rows), output)
    if fits.failures:
        if output is not None:
            warnings.warn(
                f"{len(fits.failures)} of {len(fits)} groups have no certified fit: see {output}", stacklevel=1
            )
        raise typer.Exit(NOT_CERTIFIED)
