"""``mle entropy``: the entropy of a law, or of a column."""

from __future__ import annotations

from typing import Annotated, Any, get_args

import typer

from mle_toolkit.cli.options import As, Data, Debug, FileOptions, Format, InUnit, Output, Unit, spread
from mle_toolkit.cli.reading import column_of
from mle_toolkit.cli.writing import write_estimates


@spread
def command(
    data: Data,
    file: FileOptions,
    column: Annotated[
        str | None, typer.Option("--column", "-c", help="Counts, or measurements.", metavar="NAME")
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="Of counts: plug-in, miller-madow, jeffreys, laplace, grassberger, chao-shen, chao-wang-jost, "
            "james-stein, nsb. Of measurements: spacing, vasicek, van-es, ebrahimi, nearest-neighbour."
        ),
    ] = "plug-in",
    unit: Unit = InUnit.nat,
    form: As = Format.table,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Estimate the entropy of what was counted, one row a value; or, by their methods, of measurements.

    mle entropy counts.csv -c n

    mle entropy data.csv -c loss --method spacing
    """
    values = column_of(data, column, file)
    from mle_toolkit._typing import SampleMethod
    from mle_toolkit.information.measures import entropy

    by: Any = method  # a word that is none of them is refused by what estimates
    of_measurements = method in get_args(SampleMethod)
    estimate = entropy(**{"sample" if of_measurements else "counts": values}, method=by, unit=unit.value)
    write_estimates({"entropy": estimate}, form, output)
