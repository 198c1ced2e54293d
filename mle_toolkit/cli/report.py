"""``mle report``: write a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mle_toolkit.cli.ending import NOT_CERTIFIED
from mle_toolkit.cli.options import LAWS, Data, DataOptions, Debug, FileOptions, SearchOptions, spread
from mle_toolkit.cli.reading import families_in, sample_of
from mle_toolkit.cli.writing import progress, write_page


@spread
def command(
    data: Data,
    held: DataOptions,
    file: FileOptions,
    search: SearchOptions,
    family: Annotated[
        list[str] | None,
        typer.Option("--family", "-d", help=f"{LAWS}; all that apply by default; one alone is fitted.", metavar="LAW"),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page.", metavar="FILE")] = Path("report.html"),
    debug: Debug = False,
) -> None:
    """Write a page about the data and the laws for them: ranking, fits, pictures, verdicts, how it was made.

    mle report data.csv -c loss -o report.html
    """
    from mle_toolkit.comparison import compare
    from mle_toolkit.comparison.candidates import KINDS
    from mle_toolkit.fitting import fit

    kind = family[0] if family and len(family) == 1 and family[0] in KINDS else None
    laws = kind or (families_in(family) if family else None)
    keywords = search.keywords
    name, sample = sample_of(data, held, file, output)
    with progress(f"fitting {name}"):
        alone = isinstance(laws, list) and len(laws) == 1
        result: Any = fit(sample, laws[0], **keywords) if alone and laws else compare(sample, laws, **keywords)
    write_page(result, output, name)
    if not (result.certificate.ok if alone else result.fits):
        raise typer.Exit(NOT_CERTIFIED)
