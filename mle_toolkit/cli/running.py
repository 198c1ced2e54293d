"""The commands, and how one of them is run."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.main import get_command

from mle_toolkit import __version__
from mle_toolkit.cli import app as own_page
from mle_toolkit.cli import compare, datasets, demo, entropy, families, fit, groups, kl, kl_sample, regress, report
from mle_toolkit.cli.ending import INTERRUPTED, OK, ended, show_warning
from mle_toolkit.cli.options import Debug

app = typer.Typer(
    add_completion=True,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("fit")(fit.command)
app.command("compare")(compare.command)
app.command("report")(report.command)
app.command("regress", context_settings={"ignore_unknown_options": True})(regress.command)
app.command("groups")(groups.command)
app.command("kl")(kl.command)
app.command("entropy")(entropy.command)
app.command("kl-sample")(kl_sample.command)
app.command("families")(families.command)
app.command("datasets")(datasets.command)
app.command("demo")(demo.command)
app.command("app")(own_page.command)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"mle_toolkit {__version__}")
        raise typer.Exit


@app.callback()
def _about(
    debug: Debug = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Maximum likelihood as cross-entropy minimisation: fit, certify, and say how far the model is from the data."""


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
        warnings.showwarning = show_warning  # type: ignore[assignment]  # it needs the message only
        try:
            code = get_command(app).main(prog_name="mle", standalone_mode=False, obj=state) or OK
        except (Exception, KeyboardInterrupt) as error:
            code = INTERRUPTED if state["interrupted"] else ended(error, state["debug"])
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
