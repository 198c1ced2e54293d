"""``mle fit``: fit one family to data of any form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from mle_toolkit.cli.ending import NOT_CERTIFIED
from mle_toolkit.cli.options import (
    LAW,
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
from mle_toolkit.cli.reading import family_of, sample_of, title_of
from mle_toolkit.cli.writing import form_of, write_csv, write_json, write_page, write_picture, write_table


@spread
def command(
    data: DataOrFolder,
    family: Annotated[str, typer.Option("--family", "-d", help=LAW, metavar="LAW")],
    held: DataOptions,
    file: FileOptions,
    search: SearchOptions,
    unit: Unit = InUnit.nat,
    form: AsPage = PageFormat.table,
    output: Output = None,
    plot: Plot = None,
    debug: Debug = False,
) -> None:
    """Fit one family to data of any form.

    mle fit data.csv -c loss -d gamma

    mle fit data.csv --time days --event died -d weibull

    mle fit data.csv -c claims -d poisson --exposure years
    """
    law = family_of(family)
    keywords = search.keywords
    name, sample = sample_of(data, held, file, plot)
    from mle_toolkit.fitting import fit

    result = fit(sample, law, **keywords)
    title = title_of(name, sample)
    form = form_of(form, output)
    if form is PageFormat.html:
        write_page(result, output, name)
    elif form is PageFormat.json:
        write_json(result.to_dict() | {"information": result.information(unit.value).to_dict()}, output)
    elif form is PageFormat.csv:
        interval = result.conf_int()
        values = _flat(result.params.values()), _flat(result.bse.values()), interval["lower"], interval["upper"]
        rows = zip(result.family.coefficient_names, *values, strict=True)
        write_csv(("parameter", "estimate", "std_error", "lower", "upper"), rows, output)
    else:
        from mle_toolkit.report.terminal import fit_view

        write_table(fit_view(result, f"{law.name} fitted to {title}", unit.value), output)
    if plot is not None:
        write_picture(result.plot(rng=0, label=name), plot)
    if not result.certificate.ok:
        raise typer.Exit(NOT_CERTIFIED)


def _flat(values: Iterable[Any]) -> list[float]:
    """Parameters as single numbers: a vector has several."""
    return [float(number) for value in values for number in (value if hasattr(value, "__len__") else [value])]
