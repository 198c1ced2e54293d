"""``mle compare``: rank families."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import Annotated

import typer

from mle_toolkit.cli.ending import NOT_CERTIFIED
from mle_toolkit.cli.options import (
    LAWS,
    AsPage,
    DataOptions,
    DataOrFolder,
    Debug,
    FileOptions,
    InUnit,
    Output,
    PageFormat,
    Plot,
    SearchOptions,
    Unit,
    spread,
)
from mle_toolkit.cli.reading import families_in, sample_of, title_of
from mle_toolkit.cli.writing import (
    form_of,
    progress,
    write_csv,
    write_json,
    write_page,
    write_picture,
    write_table,
)


@spread
def command(
    data: DataOrFolder,
    held: DataOptions,
    file: FileOptions,
    search: SearchOptions,
    family: Annotated[
        list[str] | None,
        typer.Option(
            "--family",
            "-d",
            help=f"{LAWS}; all that apply by default; counts or measurements for all of that kind.",
            metavar="LAW",
        ),
    ] = None,
    unit: Unit = InUnit.nat,
    form: AsPage = PageFormat.table,
    output: Output = None,
    plot: Plot = None,
    debug: Debug = False,
) -> None:
    """Rank families by how far they are from the data, which may have any form.

    mle compare data.csv -c loss
    """
    from mle_toolkit.comparison import compare
    from mle_toolkit.comparison.candidates import KINDS

    kind = family[0] if family and len(family) == 1 and family[0] in KINDS else None
    laws = kind or (families_in(family) if family else None)
    keywords = search.keywords
    name, sample = sample_of(data, held, file, plot)
    from mle_toolkit.data.blocks import BlockedSample
    from mle_toolkit.report.content import IN_NATS, comparison_rows
    from mle_toolkit.report.terminal import comparison_view

    # What is read in blocks shows how far each pass is.
    with nullcontext() if isinstance(sample, BlockedSample) else progress(f"fitting {name}"):
        result = compare(sample, laws, **keywords)
        rows = comparison_rows(result, unit.value)
    title = title_of(name, sample)
    form = form_of(form, output)
    if form is PageFormat.html:
        write_page(result, output, name)
    elif form is PageFormat.json:
        record = result.to_dict()
        for entry, row in zip(record["table"], rows, strict=True):
            entry.update({name: row[name] for name in IN_NATS})
        write_json(record | {"unit": unit.value}, output)
    elif form is PageFormat.csv:
        write_csv(tuple(result.table.columns), (row.values() for row in rows), output)
        for name, reason in result.failures.items():
            what = "not certified" if name in result.uncertified else "not fitted"
            warnings.warn(f"{what}: {name}: {reason}", stacklevel=1)
    else:
        write_table(comparison_view(result, title, unit.value), output)
    if plot is not None and result.fits:
        write_picture(result.plot(label=name), plot)
    if not result.fits:
        if output is not None:
            warnings.warn(f"no law has a certified fit: see {output}", stacklevel=1)
        raise typer.Exit(NOT_CERTIFIED)
