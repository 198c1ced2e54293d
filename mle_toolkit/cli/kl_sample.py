"""``mle kl-sample``: how far two columns are from each other."""

from __future__ import annotations

from typing import Annotated

import typer

from mle_toolkit.cli.options import As, Debug, FileOptions, Format, InUnit, Output, Unit, spread
from mle_toolkit.cli.reading import column_of
from mle_toolkit.cli.writing import write_estimates


@spread
def command(
    x: Annotated[str, typer.Argument(help="Data from P; as for the other commands.", metavar="X")],
    y: Annotated[str, typer.Argument(help="Data from Q.", metavar="Y")],
    file: FileOptions,
    column: Annotated[str | None, typer.Option("--column", "-c", help="Measurements, in both.", metavar="NAME")] = None,
    unit: Unit = InUnit.nat,
    form: As = Format.table,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Estimate KL(P ‖ Q) from a sample of each, without a model.

    mle kl-sample a.csv b.csv -c x
    """
    samples = column_of(x, column, file), column_of(y, column, file)
    from mle_toolkit.information.measures import kl_divergence

    write_estimates({"KL(P ‖ Q)": kl_divergence(sample=samples, rng=0).to(unit.value)}, form, output)
