"""How results are written: tables, JSON, CSV, pages and pictures."""

from __future__ import annotations

import csv
import json
import math
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from mle_toolkit.cli.ending import PipeClosedError, UnwrittenError
from mle_toolkit.cli.options import Format, PageFormat
from mle_toolkit.errors import ParameterError
from mle_toolkit.options import escaped

if TYPE_CHECKING:
    from rich.console import RenderableType

    from mle_toolkit.information.estimate import Estimate


F = TypeVar("F", Format, PageFormat)


PIPE_WIDTH = 110
"""Columns of a table that is not written to a terminal."""


@contextmanager
def opened(output: Path | None) -> Iterator[TextIO]:
    """The file to write to, or standard output."""
    if output is None:
        if sys.stdout is None:
            raise UnwrittenError("standard output is closed; write to a file with -o FILE")
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:
            raise PipeClosedError from None
        except OSError as error:
            raise UnwrittenError(f"cannot write to standard output: {error.strerror}") from None
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as stream:
            yield stream
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ParameterError(f"--output: cannot write {str(output)!r}: {reason}") from None


def form_of(form: F, output: Path | None) -> F:
    """The format that was asked for; where none was, that of which the file has the name."""
    if output is None or form.value != "table":
        return form
    ending = {".htm": ".html"}.get(output.suffix.lower(), output.suffix.lower())
    return next((member for member in type(form) if ending == f".{member.value}"), form)


def write_page(result: Any, output: Path | None, label: str) -> None:
    """A result as a page of HTML."""
    from mle_toolkit.report.page import html_of

    with progress("drawing the page"):
        text = html_of(result, label=label, command=shlex.join(["mle", *sys.argv[1:]]))
    with opened(output) as stream:
        stream.write(text)


def write_table(view: RenderableType, output: Path | None) -> None:
    """What a terminal shows, in color there only."""
    from rich.console import Console

    from mle_toolkit.report.terminal import Escaped

    with opened(output) as stream:
        if stream.isatty():
            Console(file=stream, markup=False, highlight=False, emoji=False).print(Escaped(view))
            return
        text = StringIO()
        Console(file=text, width=PIPE_WIDTH, markup=False, highlight=False, emoji=False).print(Escaped(view))
        stream.writelines(line.rstrip() + "\n" for line in text.getvalue().split("\n")[:-1])


def write_json(record: Any, output: Path | None) -> None:
    """Strict JSON: what is not finite is a string that `float` reads, what a terminal would obey is written out."""
    from mle_toolkit.report.record import jsonable

    text = json.dumps(jsonable(record), indent=2, ensure_ascii=False, allow_nan=False)
    with opened(output) as stream:
        stream.write(re.sub("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]", lambda c: f"\\u{ord(c[0]):04x}", text) + "\n")


def write_csv(columns: Sequence[str], rows: Iterable[Iterable[Any]], output: Path | None) -> None:
    """CSV with every digit; an empty cell where there is no number."""
    with opened(output) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        shown: Callable[[Any], Any] = (lambda cell: escaped(str(cell))) if stream.isatty() else (lambda cell: cell)
        writer.writerow(map(shown, columns))
        for row in rows:
            writer.writerow("" if isinstance(cell, float) and math.isnan(cell) else shown(cell) for cell in row)


def write_picture(axes: Any, plot: Path) -> None:
    """A figure, in the format that its file is called after."""
    figure = axes.flat[0].figure
    known = figure.canvas.get_supported_filetypes()
    kind = plot.suffix.removeprefix(".").lower()
    if kind not in known:
        raise ParameterError(f"--plot: the file is to end in one of {', '.join(sorted(known))}, got {str(plot)!r}.")
    try:
        figure.savefig(plot, dpi=150)
    except OSError as error:
        raise ParameterError(f"--plot: cannot write {str(plot)!r}: {error.strerror}") from None


def write_estimates(found: dict[str, Estimate], form: Format, output: Path | None) -> None:
    """Estimates by name: value, standard error, numerical error and how they were found."""
    form = form_of(form, output)
    if form is Format.json:
        write_json({name: estimate.to_dict() for name, estimate in found.items()}, output)
        return
    entries = [(name, e.value, e.se, e.error, e.unit, e.method, *_notes(e)) for name, e in found.items()]
    if form is Format.csv:
        names = ("quantity", "value", "std_error", "error", "unit", "method", "flags", "reason")
        write_csv(names, (["" if cell is None else cell for cell in row] for row in entries), output)
        return
    from mle_toolkit.report.terminal import number, table

    columns = ("", "value", "std error", "error", "unit", "how")
    rows = [
        (name, number(value, 10), number(se, 2), number(error, 1), unit, "; ".join(filter(None, (how, *notes))))
        for name, value, se, error, unit, how, *notes in entries
    ]
    write_table(table(columns, rows, text=("", "unit", "how")), output)


def _notes(estimate: Estimate) -> tuple[str, str]:
    return ", ".join(estimate.flags), estimate.reason or ""


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Show that work is going on, on a terminal only."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True, markup=False, emoji=False).status(escaped(what)):
        yield
