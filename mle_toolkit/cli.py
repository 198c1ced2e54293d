"""The command line: ``mle demo``, ``mle fit``, ``mle compare``, ``mle families``, ``mle datasets``.

Results go to standard output, warnings and errors of one line to standard error. Only typer is imported here; what
a command needs it imports itself, so that ``mle --help`` answers at once.
"""

from __future__ import annotations

import csv
import json
import math
import os
import sys
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from typer.main import get_command

from mle_toolkit.errors import DataError, MleError, NoMaximumError, ParameterError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from mle_toolkit.data.datasets import DataSet
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.base import Family

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


class InUnit(StrEnum):
    """Unit of information."""

    nat = "nat"
    bit = "bit"
    dit = "dit"


class OnMissing(StrEnum):
    """What to do with missing values."""

    refuse = "raise"
    omit = "omit"


def _remember_debug(context: typer.Context, debug: bool) -> None:
    context.find_root().obj["debug"] |= debug


Data = Annotated[
    str, typer.Argument(help="CSV or Parquet file, - for standard input, @NAME for a data set.", metavar="DATA")
]
Column = Annotated[
    str | None, typer.Option("--column", "-c", help="Column; not needed where only one holds numbers.", metavar="NAME")
]
Weights = Annotated[str | None, typer.Option("--weights", help="Column of frequency weights.", metavar="NAME")]
Missing = Annotated[OnMissing, typer.Option("--nan-policy", help="What to do with missing values.")]
Unit = Annotated[InUnit, typer.Option("--unit", help="Unit of information.")]
As = Annotated[Format, typer.Option("--format", help="How to write the results.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write to, instead of standard output.", metavar="FILE")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.", callback=_remember_debug, expose_value=False)]
LAW = "Name, with its known constants: gamma, binomial:n=12."

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
def _fit(
    data: Data,
    family: Annotated[str, typer.Option("--family", "-d", help=LAW, metavar="LAW")],
    column: Column = None,
    weights: Weights = None,
    fixed: Annotated[
        list[str] | None, typer.Option("--fixed", help="Known parameter; may be repeated.", metavar="NAME=VALUE")
    ] = None,
    nan_policy: Missing = OnMissing.refuse,
    unit: Unit = InUnit.nat,
    form: As = Format.table,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Fit one family to a column.

    mle fit data.csv -c loss -d gamma
    """
    law = _family(family)
    known = dict(_assignment(text, "--fixed") for text in fixed or ())
    title, sample = _sample(data, column, weights, nan_policy)
    from mle_toolkit.fitting import fit

    result = fit(sample, law, fixed=known or None)
    if form is Format.json:
        _write_json(result.to_dict() | {"information": result.information(unit.value).to_dict()}, output)
    elif form is Format.csv:
        interval = result.conf_int()
        values = _flat(result.params.values()), _flat(result.bse.values()), interval["lower"], interval["upper"]
        rows = zip(result.family.coefficient_names, *values, strict=True)
        _write_csv(("parameter", "estimate", "std_error", "lower", "upper"), rows, output)
    else:
        from mle_toolkit.report.terminal import fit_view

        _write_table(fit_view(result, f"{law.name} fitted to {title}", unit.value), output)
    if not result.certificate.ok:
        raise typer.Exit(NOT_CERTIFIED)


@app.command("compare")
def _compare(
    data: Data,
    family: Annotated[
        list[str] | None,
        typer.Option("--family", "-d", help=LAW + " May be repeated; all that apply by default.", metavar="LAW"),
    ] = None,
    column: Column = None,
    weights: Weights = None,
    nan_policy: Missing = OnMissing.refuse,
    unit: Unit = InUnit.nat,
    form: As = Format.table,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Rank families by how far they are from a column.

    mle compare data.csv -c loss
    """
    laws = [_family(name) for name in family] if family else None
    title, sample = _sample(data, column, weights, nan_policy)
    from mle_toolkit.comparison import compare
    from mle_toolkit.report.terminal import IN_NATS, comparison_rows, comparison_view

    with _progress(f"fitting {title}"):
        result = compare(sample, laws)
        rows = comparison_rows(result, unit.value)
    if form is Format.json:
        record = result.to_dict()
        for entry, row in zip(record["table"], rows, strict=True):
            entry.update({name: row[name] for name in IN_NATS})
        _write_json(record | {"unit": unit.value}, output)
    elif form is Format.csv:
        _write_csv(tuple(result.table.columns), (row.values() for row in rows), output)
        for name, reason in result.failures.items():
            warnings.warn(f"not fitted: {name}: {reason}", stacklevel=1)
    else:
        _write_table(comparison_view(result, title, unit.value), output)
    if not (result.fits and result.best.certificate.ok):
        raise typer.Exit(NOT_CERTIFIED)


@app.command("families")
def _families(form: As = Format.table, output: Output = None, debug: Debug = False) -> None:
    """List the families."""
    from mle_toolkit.families.base import families, family_class

    laws = [family_class(name) for name in families()]
    if form is Format.json:
        _write_json([_family_record(law) for law in laws], output)
        return
    columns = ("family", "parameters", "constants", "support", "aliases")
    rows = [
        (
            law.name,
            ", ".join(f"{p.name} in {p.domain}" for p in law.parameters),
            ", ".join(law.constant_defaults),
            str(law.support),
            ", ".join(law.aliases),
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
def _demo(debug: Debug = False) -> None:
    """Show on real data that minimising NLL / n minimises KL(data ‖ model)."""
    from mle_toolkit.demo import demo

    _write_table(demo(), None)


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Greek letters still gets the numbers
    state = {"debug": False}
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)  # FitWarning is one
        warnings.showwarning = _show_warning  # type: ignore[assignment]  # it needs the message only
        try:
            code = get_command(app).main(prog_name="mle", standalone_mode=False, obj=state) or OK
        except Exception as error:
            code = _report(error, state["debug"])
    sys.exit(code)


_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""Base of what typer raises on a wrong command line: click's, which newer releases of typer hold inside."""


def _report(error: Exception, debug: bool) -> int:
    """Say in one line what went wrong, and return the exit code."""
    if isinstance(error, _PipeClosedError):
        # Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    if isinstance(error, typer.Abort):
        return INTERRUPTED
    if debug:
        traceback.print_exception(error)
    code = BROKEN
    message = f"{type(error).__name__}: {error} (a fault of mle_toolkit; --debug shows where)"
    if isinstance(error, _UsageError):
        code, message = USAGE, getattr(error, "format_message", error.__str__)()
        if not message:  # no command at all: the help has been shown
            return USAGE
    elif isinstance(error, NoMaximumError):
        code, message = NOT_CERTIFIED, str(error)
    elif isinstance(error, DataError):
        code, message = BAD_DATA, str(error)
    elif isinstance(error, MleError):
        code, message = USAGE, str(error)
    elif isinstance(error, OSError):
        code, message = BAD_DATA, f"cannot read {error.filename!r}: {error.strerror}"
    print(f"error: {_one_line(message)}", file=sys.stderr)
    return code


def _show_warning(message: Warning | str, *_: Any) -> None:
    print(f"warning: {_one_line(str(message))}", file=sys.stderr)


def _one_line(text: str) -> str:
    return " ".join(text.split())


# --- reading the command line -----------------------------------------------------------------------------------------


def _family(spec: str) -> Family:
    """The family that ``name`` or ``name:constant=value,...`` means."""
    from mle_toolkit.families.base import get_family

    name, _, constants = spec.partition(":")
    return get_family(name, **dict(_assignment(text, "--family") for text in constants.split(",") if text))


def _assignment(text: str, option: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        equals = ""
    if not (name and equals):
        raise ParameterError(f"{option}: expected NAME=NUMBER, got {text!r}")
    return name.strip(), int(number) if number.is_integer() else number


def _sample(data: str, column: str | None, weights: str | None, on_missing: OnMissing) -> tuple[str, Sample]:
    """A title for the results, and the sample."""
    from mle_toolkit.data.tables import read_sample

    name, sample = read_sample(data, column, weights, on_missing.value)
    source = "standard input" if data == "-" else Path(data).name
    return f"{name} of {source}, n = {sample.nobs:g}", sample


# --- writing results --------------------------------------------------------------------------------------------------


class _PipeClosedError(Exception):
    """Who reads us has enough, as `head` does; typer would turn a BrokenPipeError into exit code 1."""


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:
            raise _PipeClosedError from None
        return
    try:
        stream = output.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise ParameterError(f"--output: cannot write {str(output)!r}: {error.strerror}") from None
    with stream:
        yield stream


def _write_table(view: RenderableType, output: Path | None) -> None:
    from rich.console import Console

    with _opened(output) as stream:
        if stream.isatty():
            Console(file=stream, markup=False, highlight=False, emoji=False).print(view)
            return
        text = StringIO()
        Console(file=text, width=PIPE_WIDTH, markup=False, highlight=False, emoji=False).print(view)
        stream.writelines(line.rstrip() + "\n" for line in text.getvalue().splitlines())


def _write_json(record: Any, output: Path | None) -> None:
    """Strict JSON: what is not finite is a string that `float` reads."""
    from mle_toolkit.report.record import jsonable

    with _opened(output) as stream:
        stream.write(json.dumps(jsonable(record), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _write_csv(columns: Sequence[str], rows: Iterable[Iterable[Any]], output: Path | None) -> None:
    """CSV with every digit; an empty cell where there is no number."""
    with _opened(output) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow("" if isinstance(cell, float) and math.isnan(cell) else cell for cell in row)


@contextmanager
def _progress(what: str) -> Iterator[None]:
    """Show that work is going on, on a terminal only."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
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
