"""How a run ends: exit codes, and errors in one line."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

import typer

from mle_toolkit.errors import DataError, MleError, NoMaximumError
from mle_toolkit.options import escaped

OK, NOT_CERTIFIED, USAGE, BAD_DATA = 0, 1, 2, 3
"""Exit codes: done; a fit did not certify; wrong command line; data that cannot be read or used."""


BROKEN, INTERRUPTED, PIPE_CLOSED = 70, 130, 141
"""Exit codes by custom: a fault of ours (sysexits.h); ended by the signals INT and PIPE (128 + their numbers)."""


_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""Base of what typer raises on a wrong command line: click's, which newer releases of typer hold inside."""


def ended(error: BaseException, debug: bool) -> int:
    """Say in one line what went wrong, and return the exit code."""
    if isinstance(error, PipeClosedError):
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
    elif isinstance(error, UnwrittenError):
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
    print(f"error: {one_line(_in_words_of_the_shell(message))}", file=sys.stderr)
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


def show_warning(message: Warning | str, *_: Any) -> None:
    """Say a warning in one line."""
    print(f"warning: {one_line(str(message))}", file=sys.stderr)


def one_line(text: str) -> str:
    """A text without line breaks, and without what a terminal would obey."""
    return escaped(" ".join(text.split()))


class PipeClosedError(Exception):
    """Who reads us has enough, as `head` does; typer would turn a BrokenPipeError into exit code 1."""


class UnwrittenError(Exception):
    """The results could not be written."""
