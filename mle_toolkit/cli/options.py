"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from mle_toolkit.errors import ParameterError

if TYPE_CHECKING:
    from mle_toolkit.data.form import Form
    from mle_toolkit.data.reading import Reading


class Format(StrEnum):
    """How results are written."""

    table = "table"
    json = "json"
    csv = "csv"


class PageFormat(StrEnum):
    """How results are written that can be a page, too."""

    table = "table"
    json = "json"
    csv = "csv"
    html = "html"


class InUnit(StrEnum):
    """Unit of information."""

    nat = "nat"
    bit = "bit"
    dit = "dit"


class OnMissing(StrEnum):
    """What to do with missing values."""

    refuse = "raise"
    omit = "omit"


class WeightsAre(StrEnum):
    """What weights mean."""

    frequency = "frequency"
    reliability = "reliability"


def _remember_debug(context: typer.Context, debug: bool) -> None:
    context.find_root().obj["debug"] |= debug


Data = Annotated[
    str,
    typer.Argument(
        help="CSV, xlsx, JSON, Parquet, Arrow file, s3://..., duckdb:FILE, - for standard input, @NAME for a data set.",
        metavar="DATA",
    ),
]


DataOrFolder = Annotated[
    str,
    typer.Argument(
        help="CSV or Parquet file, a folder of them, - for standard input, @NAME for a data set.", metavar="DATA"
    ),
]


Unit = Annotated[InUnit, typer.Option("--unit", help="Unit of information.")]


As = Annotated[Format, typer.Option("--format", help="How to write the results; FILE.json, FILE.csv say it, too.")]


AsPage = Annotated[
    PageFormat,
    typer.Option(
        "--format", help="How to write the results; html is a page. FILE.json, FILE.csv, FILE.html say it, too."
    ),
]


Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write to, instead of standard output.", metavar="FILE")
]


Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot", help="File for a picture, of the kind that its name ends in: png, svg, pdf.", metavar="FILE"
    ),
]


Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.", callback=_remember_debug, expose_value=False)]


LAW = "gamma, binomial(n=12), shifted(weibull), zero_inflated(poisson), mixture(normal,2), scipy.rdist, ..."


LAWS = f"{LAW} Several with commas, or repeated"


@dataclass(frozen=True, kw_only=True)
class RowOptions:
    """What the columns of the data hold, where a row is one number, or what is known of it."""

    column: Annotated[
        str | None,
        typer.Option("--column", "-c", help="Values; not needed where only one column is left.", metavar="NAME"),
    ] = None
    time: Annotated[
        str | None, typer.Option("--time", help="Times, right-censored where --event is 0.", metavar="NAME")
    ] = None
    event: Annotated[
        str | None, typer.Option("--event", help="1: the event was seen at the time; 0: not yet.", metavar="NAME")
    ] = None
    observed: Annotated[
        str | None, typer.Option("--observed", help="1: the value was seen; 0: it is at most that.", metavar="NAME")
    ] = None
    lower: Annotated[
        str | None, typer.Option("--lower", help="Lower ends of intervals; empty where open.", metavar="NAME")
    ] = None
    upper: Annotated[
        str | None, typer.Option("--upper", help="Upper ends of intervals; empty where open.", metavar="NAME")
    ] = None
    rounded_to: Annotated[
        float | None, typer.Option("--rounded-to", help="The values are multiples of this, rounded.", metavar="STEP")
    ] = None
    payment: Annotated[
        str | None, typer.Option("--payment", help="What an insurer paid for each loss.", metavar="NAME")
    ] = None
    deductible: Annotated[
        str | None, typer.Option("--deductible", help="What the insured bears of each loss.", metavar="NUMBER|NAME")
    ] = None
    limit: Annotated[
        str | None, typer.Option("--limit", help="The loss beyond which nothing more is paid.", metavar="NUMBER|NAME")
    ] = None
    coinsurance: Annotated[
        str | None, typer.Option("--coinsurance", help="Share that is paid between them.", metavar="NUMBER|NAME")
    ] = None
    inflation: Annotated[
        str | None, typer.Option("--inflation", help="By how much losses rose: 0.05.", metavar="NUMBER|NAME")
    ] = None
    counts: Annotated[
        str | None, typer.Option("--counts", help="How many observations each row is.", metavar="NAME")
    ] = None
    weights: Annotated[str | None, typer.Option("--weights", help="Weights.", metavar="NAME")] = None
    weight_kind: Annotated[WeightsAre, typer.Option("--weight-kind", help="What the weights mean.")] = (
        WeightsAre.frequency
    )
    exposure: Annotated[
        str | None, typer.Option("--exposure", help="Of counts: how much each row was watched.", metavar="NAME")
    ] = None
    entry: Annotated[
        str | None, typer.Option("--entry", help="Delayed entry: the row was seen only above it.", metavar="NAME")
    ] = None
    truncated_below: Annotated[
        float | None, typer.Option("--truncated-below", help="Nothing up to it could be seen.", metavar="NUMBER")
    ] = None
    truncated_above: Annotated[
        float | None, typer.Option("--truncated-above", help="Nothing above it could be seen.", metavar="NUMBER")
    ] = None
    nan_policy: Annotated[OnMissing, typer.Option("--nan-policy", help="What to do with missing values.")] = (
        OnMissing.refuse
    )

    def form(self, **others: Any) -> Form:
        """The form of the data that the columns make."""
        from mle_toolkit.data.form import Form

        named = {option.name: getattr(self, option.name) for option in fields(RowOptions)}
        del named["nan_policy"]
        return Form(**named | {"weight_kind": self.weight_kind.value} | others)


@dataclass(frozen=True, kw_only=True)
class DataOptions(RowOptions):
    """What the columns of the data hold."""

    columns: Annotated[
        str | None, typer.Option("--columns", help="Columns of vectors, one observation a row.", metavar="A,B,...")
    ] = None
    edges: Annotated[
        str | None, typer.Option("--edges", help="Ends of the bins that --counts are of.", metavar="A,B,...")
    ] = None
    in_memory: Annotated[
        bool,
        typer.Option(
            "--in-memory",
            help="Hold all rows, however many: for medians, entropies. Without it, and without --plot, exact values "
            "are read in blocks from folders, .csv.gz, and Parquet of over 10 million rows or CSV of over 200 MB.",
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """How the file is written, where that is not to be guessed."""

    delimiter: Annotated[
        str | None, typer.Option("--delimiter", help="What stands between columns; tab, or a space for any spaces.")
    ] = None
    decimal: Annotated[str | None, typer.Option("--decimal", help="Decimal sign: . or ,", metavar="SIGN")] = None
    thousands: Annotated[
        str | None, typer.Option("--thousands", help="What stands between thousands: , . ' or a space.", metavar="SIGN")
    ] = None
    na_values: Annotated[
        list[str] | None,
        typer.Option("--na-values", help="Text of a missing value, besides the usual ones; may be repeated."),
    ] = None
    encoding: Annotated[str | None, typer.Option("--encoding", help="utf-16, latin-1, ...", metavar="NAME")] = None
    comment: Annotated[str | None, typer.Option("--comment", help="What comments begin with.", metavar="TEXT")] = None
    event_value: Annotated[
        str | None, typer.Option("--event-value", help="What stands for an event in --event.", metavar="WORD")
    ] = None
    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet of a spreadsheet.", metavar="NAME")] = None
    sql: Annotated[
        str | None, typer.Option("--sql", help="Query, for DATA as duckdb:FILE or sqlite:FILE.", metavar="QUERY")
    ] = None
    time_unit: Annotated[
        str | None,
        typer.Option(
            "--time-unit", help="Read durations and dates as numbers of seconds, ..., days, ..., years.", metavar="UNIT"
        ),
    ] = None
    since: Annotated[str | None, typer.Option("--since", help="From when dates are counted.", metavar="DATE|NAME")] = (
        None
    )

    @property
    def reading(self) -> Reading:
        """How to read the file."""
        from mle_toolkit.data.reading import Reading

        given = {option.name: getattr(self, option.name) for option in fields(self)}
        return Reading(**given | {"na_values": tuple(self.na_values or ())})


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What is known of the parameters, and how to find the others."""

    fixed: Annotated[
        list[str] | None, typer.Option("--fixed", help="Known parameter; may be repeated.", metavar="NAME=VALUE")
    ] = None
    bounds: Annotated[
        list[str] | None,
        typer.Option("--bounds", help="Limits of a parameter, one may be empty.", metavar="NAME=LOW:HIGH"),
    ] = None
    start: Annotated[
        list[str] | None, typer.Option("--start", help="Where to start; may be repeated.", metavar="NAME=VALUE")
    ] = None
    solver: Annotated[
        str | None,
        typer.Option("--solver", help="closed-form, newton, or a method of scipy.optimize.", metavar="NAME"),
    ] = None

    @property
    def keywords(self) -> dict[str, Any]:
        """Arguments of `fit` and `compare`."""
        return {
            "fixed": dict(_assignment(text, "--fixed") for text in self.fixed or ()) or None,
            "bounds": dict(_limits(text) for text in self.bounds or ()) or None,
            "start": dict(_assignment(text, "--start") for text in self.start or ()) or None,
            "solver": self.solver,
        }


_PANELS = {
    RowOptions: "What the columns hold",
    DataOptions: "What the columns hold",
    FileOptions: "How the file is written",
    SearchOptions: "How to search",
}


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """Replace the parameters of a command that are classes of options by the options."""
    signature = inspect.signature(command, eval_str=True)
    classes: dict[str, Any] = {
        p.name: p.annotation for p in signature.parameters.values() if is_dataclass(p.annotation)
    }
    spread: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        kind = inspect.Parameter.KEYWORD_ONLY
        if parameter.name in classes:
            hints = get_type_hints(parameter.annotation, include_extras=True)
            panel = _PANELS[parameter.annotation]
            for option in fields(parameter.annotation):
                hints[option.name].__metadata__[0].rich_help_panel = panel
                spread.append(
                    inspect.Parameter(option.name, kind, default=option.default, annotation=hints[option.name])
                )
        else:
            spread.append(parameter.replace(kind=kind))

    @wraps(command)
    def called(**given: Any) -> None:
        for name, options in classes.items():
            given[name] = options(**{option.name: given.pop(option.name) for option in fields(options)})
        command(**given)

    called.__signature__ = signature.replace(parameters=spread)  # type: ignore[attr-defined]
    called.__annotations__ = {p.name: p.annotation for p in spread}
    return called


def name_and_value(text: str, option: str) -> tuple[str, str]:
    """What ``NAME=VALUE`` says."""
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise ParameterError(f"{option}: expected NAME=VALUE, got {text!r}")
    return name.strip(), value.strip()


def integer_if_whole(number: float) -> float:
    """A number as an int where it is whole."""
    return int(number) if number.is_integer() else number


def _assignment(text: str, option: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        equals = ""
    if not (name and equals):
        raise ParameterError(f"{option}: expected NAME=NUMBER, got {text!r}")
    return name.strip(), integer_if_whole(number)


def _limits(text: str) -> tuple[str, tuple[float | None, float | None]]:
    name, _, ends = text.partition("=")
    try:
        low, high = (float(end) if end.strip() else None for end in ends.split(":"))
    except ValueError:
        low = high = None
    if not name or low is high is None:
        raise ParameterError(f"--bounds: expected NAME=LOW:HIGH, of which one may be empty, got {text!r}")
    return name.strip(), (low, high)
