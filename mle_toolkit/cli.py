"""The command line: ``mle demo``, ``mle fit``, ``mle compare``, ``mle regress``, ``mle groups``, ``mle kl``, ...

Results go to standard output, warnings and errors of one line to standard error. Only typer is imported here; what
a command needs it imports itself, so that ``mle --help`` answers at once.
"""

from __future__ import annotations

import csv
import inspect
import json
import math
import os
import re
import shlex
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import wraps
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, get_type_hints

import typer
from typer.main import get_command

from mle_toolkit.errors import DataError, MleError, NoMaximumError, ParameterError
from mle_toolkit.options import escaped

if TYPE_CHECKING:
    from rich.console import RenderableType

    from mle_toolkit.data.datasets import DataSet
    from mle_toolkit.data.reading import Reading
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.base import Family
    from mle_toolkit.families.distribution import Distribution
    from mle_toolkit.information.estimate import Estimate
    from mle_toolkit.regression import RegressionFit

OK, NOT_CERTIFIED, USAGE, BAD_DATA = 0, 1, 2, 3
"""Exit codes: done; a fit did not certify; wrong command line; data that cannot be read or used."""

BROKEN, INTERRUPTED, PIPE_CLOSED = 70, 130, 141
"""Exit codes by custom: a fault of ours (sysexits.h); ended by the signals INT and PIPE (128 + their numbers)."""

PIPE_WIDTH = 110
"""Columns of a table that is not written to a terminal."""


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


class Predicted(StrEnum):
    """What is predicted of new rows."""

    mean = "mean"
    params = "params"
    interval = "interval"
    linear = "linear"


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
        help="CSV, xlsx, JSON, Parquet, Arrow file, duckdb:FILE, - for standard input, @NAME for a data set.",
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
As = Annotated[Format, typer.Option("--format", help="How to write the results.")]
AsPage = Annotated[
    PageFormat, typer.Option("--format", help="How to write the results; html is a page, as is FILE.html.")
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
KNOWN_LAW = "The law that is true, with its parameters: gamma:shape=2,scale=1, binomial:n=12,p=0.3, ..."
LAW = "gamma, binomial(n=12), shifted(weibull), zero_inflated(poisson), mixture(normal,2), scipy.rdist, ..."
LAWS = f"{LAW} Several with commas, or repeated"


# --- options that several commands share ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _DataOptions:
    """What the columns of the data hold."""

    column: Annotated[
        str | None,
        typer.Option("--column", "-c", help="Values; not needed where only one column is left.", metavar="NAME"),
    ] = None
    columns: Annotated[
        str | None, typer.Option("--columns", help="Columns of vectors, one observation a row.", metavar="A,B,...")
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
    edges: Annotated[
        str | None, typer.Option("--edges", help="Ends of the bins that --counts are of.", metavar="A,B,...")
    ] = None
    rounded_to: Annotated[
        float | None, typer.Option("--rounded-to", help="The values are multiples of this, rounded.", metavar="STEP")
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
    in_memory: Annotated[
        bool,
        typer.Option(
            "--in-memory",
            help="Hold all rows, however many: for medians, entropies. Without it, and without --plot, exact values "
            "are read in blocks from folders, .csv.gz, and Parquet of over 10 million rows or CSV of over 200 MB.",
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class _FileOptions:
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

    @property
    def reading(self) -> Reading:
        """How to read the file."""
        from mle_toolkit.data.reading import Reading

        given = {option.name: getattr(self, option.name) for option in fields(self)}
        return Reading(**given | {"na_values": tuple(self.na_values or ())})


@dataclass(frozen=True, kw_only=True)
class _SearchOptions:
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
    _DataOptions: "What the columns hold",
    _FileOptions: "How the file is written",
    _SearchOptions: "How to search",
}


def _spread(command: Callable[..., None]) -> Callable[..., None]:
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


app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"mle_toolkit {version('mle-toolkit')}")
        raise typer.Exit


@app.callback()
def _about(
    debug: Debug = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Maximum likelihood as cross-entropy minimisation: fit, certify, and say how far the model is from the data."""


@app.command("fit")
@_spread
def _fit(
    data: DataOrFolder,
    family: Annotated[str, typer.Option("--family", "-d", help=LAW, metavar="LAW")],
    held: _DataOptions,
    file: _FileOptions,
    search: _SearchOptions,
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
    law = _family(family)
    keywords = search.keywords
    name, sample = _sample(data, held, file, plot)
    from mle_toolkit.fitting import fit

    result = fit(sample, law, **keywords)
    title = _title(name, sample)
    form = _page_if_named(form, output)
    if form is PageFormat.html:
        _write_page(result, output, name)
    elif form is PageFormat.json:
        _write_json(result.to_dict() | {"information": result.information(unit.value).to_dict()}, output)
    elif form is PageFormat.csv:
        interval = result.conf_int()
        values = _flat(result.params.values()), _flat(result.bse.values()), interval["lower"], interval["upper"]
        rows = zip(result.family.coefficient_names, *values, strict=True)
        _write_csv(("parameter", "estimate", "std_error", "lower", "upper"), rows, output)
    else:
        from mle_toolkit.report.terminal import fit_view

        _write_table(fit_view(result, f"{law.name} fitted to {title}", unit.value), output)
    if plot is not None:
        _write_picture(result.plot(rng=0, label=name), plot)
    if not result.certificate.ok:
        raise typer.Exit(NOT_CERTIFIED)


@app.command("compare")
@_spread
def _compare(
    data: DataOrFolder,
    held: _DataOptions,
    file: _FileOptions,
    search: _SearchOptions,
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
    from mle_toolkit.comparison import KINDS, compare

    kind = family[0] if family and len(family) == 1 and family[0] in KINDS else None
    laws = kind or (_families_in(family) if family else None)
    keywords = search.keywords
    name, sample = _sample(data, held, file, plot)
    from mle_toolkit.data.blocks import BlockedSample
    from mle_toolkit.report.content import IN_NATS, comparison_rows
    from mle_toolkit.report.terminal import comparison_view

    # What is read in blocks shows how far each pass is.
    with nullcontext() if isinstance(sample, BlockedSample) else _progress(f"fitting {name}"):
        result = compare(sample, laws, **keywords)
        rows = comparison_rows(result, unit.value)
    title = _title(name, sample)
    form = _page_if_named(form, output)
    if form is PageFormat.html:
        _write_page(result, output, name)
    elif form is PageFormat.json:
        record = result.to_dict()
        for entry, row in zip(record["table"], rows, strict=True):
            entry.update({name: row[name] for name in IN_NATS})
        _write_json(record | {"unit": unit.value}, output)
    elif form is PageFormat.csv:
        _write_csv(tuple(result.table.columns), (row.values() for row in rows), output)
        for name, reason in result.failures.items():
            what = "not certified" if name in result.uncertified else "not fitted"
            warnings.warn(f"{what}: {name}: {reason}", stacklevel=1)
    else:
        _write_table(comparison_view(result, title, unit.value), output)
    if plot is not None and result.fits:
        _write_picture(result.plot(label=name), plot)
    if not result.fits:
        raise typer.Exit(NOT_CERTIFIED)


@app.command("report")
@_spread
def _page(
    data: Data,
    held: _DataOptions,
    file: _FileOptions,
    search: _SearchOptions,
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
    from mle_toolkit.comparison import KINDS, compare
    from mle_toolkit.fitting import fit

    kind = family[0] if family and len(family) == 1 and family[0] in KINDS else None
    laws = kind or (_families_in(family) if family else None)
    keywords = search.keywords
    name, sample = _sample(data, held, file, output)
    with _progress(f"fitting {name}"):
        alone = isinstance(laws, list) and len(laws) == 1
        result: Any = fit(sample, laws[0], **keywords) if alone and laws else compare(sample, laws, **keywords)
    _write_page(result, output, name)
    if not (result.certificate.ok if alone else result.fits):
        raise typer.Exit(NOT_CERTIFIED)


@app.command("regress", context_settings={"ignore_unknown_options": True})
@_spread
def _regress(
    words: Annotated[
        list[str],
        typer.Argument(
            help="CSV or Parquet file, - for standard input, @NAME for a data set; then the formula, "
            "'y ~ x1 + C(group)', whose left side may be right_censored(time, event), intervals(lower, upper), ...",
            metavar="DATA FORMULA",
        ),
    ],
    family: Annotated[str, typer.Option("--family", "-d", help=LAW, metavar="LAW")],
    file: _FileOptions,
    search: _SearchOptions,
    of: Annotated[
        list[str] | None,
        typer.Option(
            "--of",
            help="Formula of another parameter, or a known constant or its column; --NAME VALUE is the same.",
            metavar="NAME=FORMULA",
        ),
    ] = None,
    link: Annotated[
        list[str] | None, typer.Option("--link", help="Link of a parameter: p=probit.", metavar="NAME=LINK")
    ] = None,
    exposure: Annotated[
        str | None, typer.Option("--exposure", help="How much was watched, for the log link.", metavar="NAME")
    ] = None,
    offset: Annotated[
        str | None, typer.Option("--offset", help="Added to the predictor as it is.", metavar="NAME")
    ] = None,
    weights: Annotated[str | None, typer.Option("--weights", help="Weights.", metavar="NAME")] = None,
    weight_kind: Annotated[WeightsAre, typer.Option("--weight-kind", help="What the weights mean.")] = (
        WeightsAre.frequency
    ),
    nan_policy: Annotated[OnMissing, typer.Option("--nan-policy", help="What to do with missing values.")] = (
        OnMissing.refuse
    ),
    predict: Annotated[
        str | None,
        typer.Option("--predict", help="New rows, in a file as DATA: write what the fit says of them.", metavar="FILE"),
    ] = None,
    what: Annotated[
        Predicted, typer.Option("--what", help="Of new rows: the mean, the parameters, a 95 % prediction interval, ...")
    ] = Predicted.mean,
    unit: Unit = InUnit.nat,
    form: AsPage = PageFormat.table,
    output: Output = None,
    plot: Plot = None,
    debug: Debug = False,
) -> None:
    """Fit a law whose parameters depend on covariates.

    mle regress data.csv "loss ~ age + C(region)" -d gamma --shape "~ age"

    mle regress data.csv "claims ~ age" -d poisson --exposure years --predict new.csv
    """
    from mle_toolkit.data.formulas import learns, read
    from mle_toolkit.data.responses import read_left
    from mle_toolkit.data.tables import in_blocks, read_frame
    from mle_toolkit.regression import regress

    (data, formula), others = _words(words)
    others |= dict(_named(text, "--of") for text in of or ())
    left, tilde, right = formula.partition("~")
    if not tilde:
        raise ParameterError(f"formula {formula!r}: expected 'y ~ x1 + x2', with one ~")
    numbers = {name: _number_or_none(text) for name, text in others.items()}
    rights = [right, *(text.replace("~", "", 1) for text in others.values() if "~" in text)]
    constants = {n: text if numbers[n] is None else numbers[n] for n, text in others.items() if "~" not in text}
    of_rows = [*(name for name in (exposure, offset) if name), *(c for c in constants.values() if isinstance(c, str))]
    wanted = [name for text in rights for factor in read(text)[1].values() for name in factor.columns] + of_rows
    response = read_left(formula, left)
    all_rows = response.form is not None or any(learns(text) for text in rights)
    frame: Any = Path(data)
    if all_rows or not in_blocks(data, file.reading):
        frame = read_frame(data, [*response.columns, *wanted, *([weights] if weights else [])], file.reading)
    own: dict[str, Any] = search.keywords | {
        "weights": weights,
        "weight_kind": weight_kind.value,
        "offset": offset,
        "exposure": exposure,
        "links": dict(_named(text, "--link") for text in link or ()) or None,
        "nan_policy": nan_policy.value,
    }
    clash = next((name for name in others if name in (*own, "rng")), None)
    if clash is not None:
        raise typer.BadParameter(f"--{clash} is no parameter of a law")
    own |= constants | {name: text for name, text in others.items() if "~" in text}
    result = regress(formula, frame, family, **own)
    form = _page_if_named(form, output)
    if predict is not None:
        new = read_frame(predict, wanted, file.reading)
        given: dict[str, Any] = {name: text for name, text in constants.items() if isinstance(text, str)}
        given |= {name: text for name, text in (("exposure", exposure), ("offset", offset)) if text is not None}
        found = result.predict(new, what.value, se=what is not Predicted.interval, **given)
        _write_predictions(found, form, output)
    else:
        source = "standard input" if data == "-" else Path(data).name
        _write_regression(result, f"{formula} of {source}, n = {result.nobs:g}", unit, form, output)
    if plot is not None:
        _write_picture(result.plot(rng=0), plot)
    if not result.certificate.ok:
        raise typer.Exit(NOT_CERTIFIED)


@app.command("groups")
@_spread
def _groups(
    data: Data,
    by: Annotated[list[str], typer.Option("--by", help="Column of keys; may be repeated.", metavar="NAME")],
    column: Annotated[str, typer.Option("--column", "-c", help="Values.", metavar="NAME")],
    family: Annotated[
        list[str],
        typer.Option("--family", "-d", help=f"{LAWS}: the best for each group.", metavar="LAW"),
    ],
    file: _FileOptions,
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
    laws = _families_in(family)
    from mle_toolkit.data.tables import read_frame
    from mle_toolkit.groups import fit_groups

    used = [*by, column, *(name for name in (weights, exposure) if name is not None)]
    frame = read_frame(data, used, file.reading)
    with _progress(f"fitting {column} by {', '.join(by)}"):
        asked = laws[0] if len(laws) == 1 else laws
        fits = fit_groups(frame, by, column, asked, weights=weights, exposure=exposure, nan_policy=nan_policy.value)
    form = _page_if_named(form, output)
    source = "standard input" if data == "-" else Path(data).name
    if form is PageFormat.html:
        _write_page(fits, output, f"{column} of {source} by {', '.join(by)}")
    elif form is PageFormat.table:
        from mle_toolkit.report.terminal import groups_view

        _write_table(groups_view(fits, f"{column} of {source} by {', '.join(by)}"), output)
    else:
        record = fits.to_dict()
        if form is PageFormat.json:
            _write_json(record, output)
        else:
            rows = record["groups"]
            _write_csv(tuple(rows[0]), (("" if v == "NaN" else v for v in row.values()) for row in rows), output)
    if fits.failures:
        raise typer.Exit(NOT_CERTIFIED)


@app.command("kl")
def _kl(
    p: Annotated[str, typer.Argument(help=KNOWN_LAW, metavar="P")],
    q: Annotated[str, typer.Argument(help="The model, in the same form.", metavar="Q")],
    unit: Unit = InUnit.nat,
    form: As = Format.table,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Say how far a law Q is from a law P: KL(P ‖ Q), in both directions, with the cross-entropy.

    mle kl gamma:shape=2,scale=1 lognormal:meanlog=0.5,sdlog=0.7
    """
    laws = _law(p, "P"), _law(q, "Q")
    from mle_toolkit.information.measures import cross_entropy, entropy, js_divergence, kl_divergence

    # From fixed random numbers, where it takes any, so that the same command gives the same result.
    divergence = kl_divergence(*laws, rng=0)
    found = {"KL(P ‖ Q)": divergence, "KL(Q ‖ P)": kl_divergence(*reversed(laws), rng=0)}
    found["Jensen-Shannon"] = js_divergence(*laws, rng=0)
    if laws[0].family.discrete == laws[1].family.discrete:
        found |= {"entropy of P": entropy(laws[0], rng=0), "cross-entropy": cross_entropy(*laws, rng=0)}
    _write_estimates({name: estimate.to(unit.value) for name, estimate in found.items()}, form, output)


@app.command("entropy")
@_spread
def _entropy(
    data: Data,
    file: _FileOptions,
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
    values = _column(data, column, file)
    from mle_toolkit.information.measures import entropy

    of_measurements = method in ("spacing", "vasicek", "van-es", "ebrahimi", "nearest-neighbour")
    estimate = entropy(**{"sample" if of_measurements else "counts": values}, method=method, unit=unit.value)
    _write_estimates({"entropy": estimate}, form, output)


@app.command("kl-sample")
@_spread
def _kl_sample(
    x: Annotated[str, typer.Argument(help="Data from P; as for the other commands.", metavar="X")],
    y: Annotated[str, typer.Argument(help="Data from Q.", metavar="Y")],
    file: _FileOptions,
    column: Annotated[str | None, typer.Option("--column", "-c", help="Measurements, in both.", metavar="NAME")] = None,
    unit: Unit = InUnit.nat,
    form: As = Format.table,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Estimate KL(P ‖ Q) from a sample of each, without a model.

    mle kl-sample a.csv b.csv -c x
    """
    samples = _column(x, column, file), _column(y, column, file)
    from mle_toolkit.information.measures import kl_divergence

    _write_estimates({"KL(P ‖ Q)": kl_divergence(sample=samples, rng=0).to(unit.value)}, form, output)


@app.command("families")
def _families(form: As = Format.table, output: Output = None, debug: Debug = False) -> None:
    """List the families."""
    from mle_toolkit.families.base import families, family_class

    laws = [family_class(name) for name in families()]
    if form is Format.json:
        _write_json([_family_record(law) for law in laws], output)
        return
    columns = ("family", "parameters", "constants", "support", "aliases")
    between = ", " if form is Format.csv else "\n"  # a narrow column leaves room for the parameters
    rows = [
        (
            law.name,
            between.join(f"{p.name} in {p.domain}" for p in law.parameters),
            between.join(law.constant_defaults),
            str(law.support),
            between.join(law.aliases),
        )
        for law in laws
    ]
    if form is Format.csv:
        _write_csv(columns, rows, output)
    else:
        from mle_toolkit.report.terminal import table

        _write_table(table(columns, rows, text=columns), output)


@app.command("datasets")
def _datasets(
    name: Annotated[str | None, typer.Argument(help="Show this one, and its first rows.", metavar="[NAME]")] = None,
    form: As = Format.table,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """List the data sets, or show one; as CSV, all its rows.

    mle datasets faithful --format csv > faithful.csv
    """
    from mle_toolkit.data import datasets

    if name is not None:
        data = datasets.load(name.removeprefix("@"))
        if form is Format.json:
            values = {name: column.tolist() for name, column in data.columns.items()}
            _write_json(_facts(data) | {"description": data.description, "columns": values}, output)
        elif form is Format.csv:
            _write_csv(tuple(data.columns), zip(*data.columns.values(), strict=True), output)
        else:
            from mle_toolkit.report.terminal import data_set_view

            _write_table(data_set_view(data), output)
        return
    records = [_facts(datasets.load(name)) for name in datasets.names()]
    if form is Format.json:
        _write_json(records, output)
    elif form is Format.csv:
        _write_csv(tuple(records[0]), (record.values() for record in records), output)
    else:
        from mle_toolkit.report.terminal import table

        shown = ("name", "title", "unit")
        rows = [[record[column] for column in shown] for record in records]
        _write_table(table(shown, rows, text=shown), output)


@app.command("demo")
def _demo(
    identities: Annotated[
        bool, typer.Option("--identities", help="Compute both sides of every identity instead; exit 1 if one fails.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Show on real data that minimising NLL / n minimises KL(data ‖ model)."""
    if identities:
        from mle_toolkit.identities import all_hold, identity_table
        from mle_toolkit.identities import identities as compute

        computed = compute()
        _write_table(identity_table(computed), None)
        if not all_hold(computed):
            raise typer.Exit(NOT_CERTIFIED)
        return
    from mle_toolkit.demo import demo

    _write_table(demo(), None)


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    if sys.stderr is None:  # closed by who started us: what nobody reads must not go elsewhere
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Greek letters still gets the numbers
    state = {"debug": False, "interrupted": False}
    with warnings.catch_warnings(), _interruptible(state):
        warnings.simplefilter("always", UserWarning)  # FitWarning is one
        warnings.showwarning = _show_warning  # type: ignore[assignment]  # it needs the message only
        try:
            code = get_command(app).main(prog_name="mle", standalone_mode=False, obj=state) or OK
        except (Exception, KeyboardInterrupt) as error:
            code = INTERRUPTED if state["interrupted"] else _report(error, state["debug"])
    sys.exit(code)


@contextmanager
def _interruptible(state: dict[str, bool]) -> Iterator[None]:
    """Remember that the user ended us: an import that is interrupted fails for reasons of its own."""

    def interrupt(*_: Any) -> None:
        state["interrupted"] = True
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # not in the main thread, which alone is interrupted
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""Base of what typer raises on a wrong command line: click's, which newer releases of typer hold inside."""


def _report(error: BaseException, debug: bool) -> int:
    """Say in one line what went wrong, and return the exit code."""
    if isinstance(error, _PipeClosedError):
        _forget_output()
        return PIPE_CLOSED
    if isinstance(error, (typer.Abort, KeyboardInterrupt)):
        return INTERRUPTED
    if debug:
        traceback.print_exception(error)
    code = BROKEN
    message = f"{type(error).__name__}: {error} (a fault of mle_toolkit; --debug shows where)"
    limit = _limit_of_the_machine(error)
    if isinstance(error, _UsageError):
        code, message = USAGE, getattr(error, "format_message", error.__str__)()
        if not message:  # no command at all: the help has been shown
            return USAGE
    elif isinstance(error, _UnwrittenError):
        _forget_output()
        code, message = USAGE, str(error)
    elif isinstance(error, NoMaximumError):
        code, message = NOT_CERTIFIED, str(error)
    elif isinstance(error, DataError):
        code, message = BAD_DATA, str(error)
    elif isinstance(error, MleError):
        code, message = USAGE, str(error)
    elif limit:
        code, message = BAD_DATA, limit
    elif isinstance(error, OSError):
        what = f"cannot read {error.filename!r}" if error.filename is not None else "cannot read the data"
        code, message = BAD_DATA, f"{what}: {error.strerror or error}"
    print(f"error: {_one_line(_in_words_of_the_shell(message))}", file=sys.stderr)
    return code


def _in_words_of_the_shell(message: str) -> str:
    """An error with the options of the command line in the place of Python's arguments."""
    for ours, theirs in (
        ('pass nan_policy="omit"', "say --nan-policy omit"),
        ("say what they stand for: Sample.intervals(lower, upper)", "leave them out: --nan-policy omit"),
        ("Sample.intervals(lower, upper)", "--lower and --upper"),
        ("Sample.rounded(x, step)", "--rounded-to STEP"),
    ):
        message = message.replace(ours, theirs)
    return message


def _limit_of_the_machine(error: BaseException) -> str:
    """What the machine, or who set its limits, does not allow; empty for anything else."""
    seen: BaseException | None = error
    while seen is not None:
        text = str(seen).lower()
        if isinstance(seen, MemoryError) or "cannot allocate memory" in text or "unable to allocate" in text:
            return (
                "out of memory: more is needed than the limit (ulimit -v) or the machine gives. Take fewer rows or "
                "columns, or a Parquet file, which is read in blocks"
            )
        if isinstance(seen, RuntimeError) and "start new thread" in text:
            return "no further thread can be started: raise the limit (ulimit -u), or set OMP_NUM_THREADS=1"
        seen = seen.__cause__ or seen.__context__
    return ""


def _forget_output() -> None:
    """Send the rest of the output nowhere: Python would complain when it flushes at exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_warning(message: Warning | str, *_: Any) -> None:
    print(f"warning: {_one_line(str(message))}", file=sys.stderr)


def _one_line(text: str) -> str:
    return escaped(" ".join(text.split()))


# --- reading the command line -----------------------------------------------------------------------------------------


def _family(spec: str) -> Family:
    """The law that is written."""
    from mle_toolkit.families.base import get_family

    return get_family(spec)


def _families_in(specs: Iterable[str]) -> list[Family]:
    """The laws that are written, one or several an option."""
    from mle_toolkit.families.written import families_of

    return [law for spec in specs for law in families_of(spec)]


def _law(spec: str, which: str) -> Distribution:
    """The law that ``family:parameter=value,...`` means; constants of the family are given among its parameters."""
    from mle_toolkit.families.distribution import Distribution
    from mle_toolkit.families.written import law_and_values

    return Distribution(*law_and_values(spec, which))


def _column(data: str, name: str | None, file: _FileOptions) -> Any:
    """One column of numbers."""
    from mle_toolkit.data.tables import read_table

    table = read_table(data, None if name is None else [name], file.reading)
    name = table.only_column() if name is None else name
    values = table.column(name)
    table.say([name])
    return values


def _words(words: Sequence[str]) -> tuple[tuple[str, str], dict[str, str]]:
    """Data and formula, and the options that are named after parameters of the law, of what typer does not know."""
    places: list[str] = []
    others: dict[str, str] = {}
    left = iter(words)
    for word in left:
        if not word.startswith("-") or word == "-":
            places.append(word)
            continue
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not name.isidentifier():
            raise typer.BadParameter(f"no such option: {word}")
        if not equals:
            value = next(left, "")
        if not value or value.startswith("--"):
            raise typer.BadParameter(f"option {word}: expected a formula, '~ x1', a number or a column")
        others[name] = value
    if len(places) != 2:
        raise typer.BadParameter(
            f"expected DATA and FORMULA, got {len(places)} words{': ' if places else ''}{', '.join(places)}"
        )
    return (places[0], places[1]), others


def _named(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise ParameterError(f"{option}: expected NAME=VALUE, got {text!r}")
    return name.strip(), value.strip()


def _number_or_none(text: str) -> float | None:
    try:
        return _integer_if_whole(float(text))
    except ValueError:
        return None


def _integer_if_whole(number: float) -> float:
    return int(number) if number.is_integer() else number


def _assignment(text: str, option: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        equals = ""
    if not (name and equals):
        raise ParameterError(f"{option}: expected NAME=NUMBER, got {text!r}")
    return name.strip(), _integer_if_whole(number)


def _limits(text: str) -> tuple[str, tuple[float | None, float | None]]:
    name, _, ends = text.partition("=")
    try:
        low, high = (float(end) if end.strip() else None for end in ends.split(":"))
    except ValueError:
        low = high = None
    if not name or low is high is None:
        raise ParameterError(f"--bounds: expected NAME=LOW:HIGH, of which one may be empty, got {text!r}")
    return name.strip(), (low, high)


def _sample(data: str, held: _DataOptions, file: _FileOptions, plot: Path | None) -> tuple[str, Sample]:
    """What the observations are called, and of which file, and the sample."""
    from mle_toolkit.data.form import Form
    from mle_toolkit.data.tables import read_sample

    named = {option.name: getattr(held, option.name) for option in fields(held)}
    on_missing, edges, in_memory = named.pop("nan_policy"), named.pop("edges"), named.pop("in_memory")
    try:
        ends = tuple(float(end) for end in edges.split(",")) if edges is not None else ()
    except ValueError:
        raise ParameterError(f"--edges: expected numbers with commas between them, got {edges!r}") from None
    columns = tuple(name.strip() for name in held.columns.split(",")) if held.columns is not None else ()
    form = Form(**named | {"edges": ends, "columns": columns, "weight_kind": held.weight_kind.value})
    whole = in_memory or plot is not None
    name, sample = read_sample(data, form, on_missing.value, in_memory=whole, reading=file.reading)
    return f"{name} of {'standard input' if data == '-' else Path(data).name}", sample


def _title(name: str, sample: Sample) -> str:
    """A title for the results, which says what the data are."""
    simple = sample.is_plain and sample.weight_kind == "frequency"
    return f"{name}, {f'n = {sample.nobs:g}' if simple else sample}"


# --- writing results --------------------------------------------------------------------------------------------------


class _PipeClosedError(Exception):
    """Who reads us has enough, as `head` does; typer would turn a BrokenPipeError into exit code 1."""


class _UnwrittenError(Exception):
    """The results could not be written."""


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        if sys.stdout is None:
            raise _UnwrittenError("standard output is closed; write to a file with -o FILE")
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:
            raise _PipeClosedError from None
        except OSError as error:
            raise _UnwrittenError(f"cannot write to standard output: {error.strerror}") from None
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as stream:
            yield stream
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ParameterError(f"--output: cannot write {str(output)!r}: {reason}") from None


def _page_if_named(form: PageFormat, output: Path | None) -> PageFormat:
    """The format that was asked for, or a page where the file is called so."""
    named = output is not None and output.suffix.lower() in (".html", ".htm")
    return PageFormat.html if named and form is PageFormat.table else form


def _write_page(result: Any, output: Path | None, label: str) -> None:
    from mle_toolkit.report.page import html_of

    with _progress("drawing the page"):
        text = html_of(result, label=label, command=shlex.join(["mle", *sys.argv[1:]]))
    with _opened(output) as stream:
        stream.write(text)


def _write_table(view: RenderableType, output: Path | None) -> None:
    from rich.console import Console

    from mle_toolkit.report.terminal import Escaped

    with _opened(output) as stream:
        if stream.isatty():
            Console(file=stream, markup=False, highlight=False, emoji=False).print(Escaped(view))
            return
        text = StringIO()
        Console(file=text, width=PIPE_WIDTH, markup=False, highlight=False, emoji=False).print(Escaped(view))
        stream.writelines(line.rstrip() + "\n" for line in text.getvalue().split("\n")[:-1])


def _write_json(record: Any, output: Path | None) -> None:
    """Strict JSON: what is not finite is a string that `float` reads, what a terminal would obey is written out."""
    from mle_toolkit.report.record import jsonable

    text = json.dumps(jsonable(record), indent=2, ensure_ascii=False, allow_nan=False)
    with _opened(output) as stream:
        stream.write(re.sub("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]", lambda c: f"\\u{ord(c[0]):04x}", text) + "\n")


def _write_csv(columns: Sequence[str], rows: Iterable[Iterable[Any]], output: Path | None) -> None:
    """CSV with every digit; an empty cell where there is no number."""
    with _opened(output) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        shown: Callable[[Any], Any] = (lambda cell: escaped(str(cell))) if stream.isatty() else (lambda cell: cell)
        writer.writerow(map(shown, columns))
        for row in rows:
            writer.writerow("" if isinstance(cell, float) and math.isnan(cell) else shown(cell) for cell in row)


def _write_regression(result: RegressionFit, title: str, unit: InUnit, form: PageFormat, output: Path | None) -> None:
    from mle_toolkit.report.content import coefficient_rows, regression_content
    from mle_toolkit.report.terminal import regression_view

    if form is PageFormat.json:
        _write_json(result.to_dict() | {"information": result.information(unit.value).to_dict()}, output)
    elif form is PageFormat.csv:
        columns = ("parameter", "term", "estimate", "std_error", "lower", "upper")
        _write_csv(columns, coefficient_rows(regression_content(result)), output)
    elif form is PageFormat.html:
        _write_page(result, output, title.partition(",")[0])
    else:
        _write_table(regression_view(result, title, unit.value), output)


def _write_predictions(found: Any, form: PageFormat, output: Path | None) -> None:
    """One row a new row: a Series, or a frame, of pandas or Arrow."""
    import narwhals as nw

    frame = nw.from_native(found, eager_only=True, allow_series=True)
    frame = frame.to_frame() if isinstance(frame, nw.Series) else frame
    columns = {name: frame.get_column(name).to_list() for name in frame.columns}
    rows = list(zip(*columns.values(), strict=True))
    if form is PageFormat.json:
        _write_json([dict(zip(columns, row, strict=True)) for row in rows], output)
    elif form is PageFormat.csv:
        _write_csv(tuple(columns), rows, output)
    elif form is PageFormat.html:
        with _opened(output) as stream:
            stream.write(frame.to_pandas().to_html(index=False) + "\n")
    else:
        from mle_toolkit.report.terminal import number, table

        _write_table(table(tuple(columns), [[number(cell, 8) for cell in row] for row in rows]), output)


def _write_picture(axes: Any, plot: Path) -> None:
    figure = axes.flat[0].figure
    known = figure.canvas.get_supported_filetypes()
    kind = plot.suffix.removeprefix(".").lower()
    if kind not in known:
        raise ParameterError(f"--plot: the file is to end in one of {', '.join(sorted(known))}, got {str(plot)!r}.")
    try:
        figure.savefig(plot, dpi=150)
    except OSError as error:
        raise ParameterError(f"--plot: cannot write {str(plot)!r}: {error.strerror}") from None


def _write_estimates(found: dict[str, Estimate], form: Format, output: Path | None) -> None:
    """Estimates by name: value, standard error, numerical error and how they were found."""
    if form is Format.json:
        _write_json({name: estimate.to_dict() for name, estimate in found.items()}, output)
        return
    entries = [(name, e.value, e.se, e.error, e.unit, e.method, *_notes(e)) for name, e in found.items()]
    if form is Format.csv:
        names = ("quantity", "value", "std_error", "error", "unit", "method", "flags", "reason")
        _write_csv(names, (["" if cell is None else cell for cell in row] for row in entries), output)
        return
    from mle_toolkit.report.terminal import number, table

    columns = ("", "value", "std error", "error", "unit", "how")
    rows = [
        (name, number(value, 10), number(se, 2), number(error, 1), unit, "; ".join(filter(None, (how, *notes))))
        for name, value, se, error, unit, how, *notes in entries
    ]
    _write_table(table(columns, rows, text=("", "unit", "how")), output)


def _notes(estimate: Estimate) -> tuple[str, str]:
    return ", ".join(estimate.flags), estimate.reason or ""


@contextmanager
def _progress(what: str) -> Iterator[None]:
    """Show that work is going on, on a terminal only."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True, markup=False, emoji=False).status(escaped(what)):
        yield


def _flat(values: Iterable[Any]) -> list[float]:
    """Parameters as single numbers: a vector has several."""
    return [float(number) for value in values for number in (value if hasattr(value, "__len__") else [value])]


def _facts(data: DataSet) -> dict[str, Any]:
    return {name: getattr(data, name) for name in ("name", "title", "unit", "source", "licence")}


def _family_record(law: type[Family]) -> dict[str, Any]:
    return {
        "name": law.name,
        "parameters": [{"name": p.name, "domain": str(p.domain)} for p in law.parameters],
        "constants": list(law.constant_defaults),
        "support": str(law.support),
        "aliases": list(law.aliases),
    }


if __name__ == "__main__":
    main()
