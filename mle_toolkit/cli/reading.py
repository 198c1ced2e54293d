"""What a command line names: laws, columns and samples."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mle_toolkit.cli.options import DataOptions, FileOptions
from mle_toolkit.errors import ParameterError

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.base import Family


def family_of(spec: str) -> Family:
    """The law that is written."""
    from mle_toolkit.families.registry import get_family

    return get_family(spec)


def families_in(specs: Iterable[str]) -> list[Family]:
    """The laws that are written, one or several an option."""
    from mle_toolkit.families.written import families_of

    return [law for spec in specs for law in families_of(spec)]


def column_of(data: str, name: str | None, file: FileOptions) -> Any:
    """One column of numbers."""
    from mle_toolkit.data.tables import read_table

    table = read_table(data, None if name is None else [name], file.reading)
    name = table.only_column() if name is None else name
    values = table.column(name)
    table.say([name])
    return values


def sample_of(data: str, held: DataOptions, file: FileOptions, plot: Path | None) -> tuple[str, Sample]:
    """What the observations are called, and of which file, and the sample."""
    from mle_toolkit.data.tables import read_sample

    try:
        ends = tuple(float(end) for end in held.edges.split(",")) if held.edges is not None else ()
    except ValueError:
        raise ParameterError(f"--edges: expected numbers with commas between them, got {held.edges!r}") from None
    names = () if held.columns is None else next(csv.reader([held.columns], skipinitialspace=True), ())
    columns = tuple(name.strip() for name in names)
    form = held.form(edges=ends, columns=columns)
    whole = held.in_memory or plot is not None
    name, sample = read_sample(data, form, held.nan_policy.value, in_memory=whole, reading=file.reading)
    return f"{name} of {'standard input' if data == '-' else Path(data).name}", sample


def title_of(name: str, sample: Sample) -> str:
    """A title for the results, which says what the data are."""
    simple = sample.is_plain and sample.weight_kind == "frequency"
    return f"{name}, {f'n = {sample.nobs:g}' if simple else sample}"
