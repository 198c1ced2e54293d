"""The one progress bar, of what takes longer than a moment."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SECONDS_BEFORE_PROGRESS = 1.0
"""How long something takes before the bar is shown."""


Hear = Callable[[str, int, int | None], None]
"""Takes what is done, how many steps of it are, and how many there are, where that is known."""

_heard_by: ContextVar[Hear | None] = ContextVar("heard_by", default=None)


@contextmanager
def listening(hear: Hear) -> Iterator[None]:
    """Have progress told to a function, and not shown on a terminal."""
    token = _heard_by.set(hear)
    try:
        yield
    finally:
        _heard_by.reset(token)


@contextmanager
def progress(what: str, total: int | None, unit: str = "") -> Iterator[Callable[[int], None]]:
    """Show on a terminal how far something is, on standard error; give the function to report steps by.

    Parameters
    ----------
    what : str
        What is done, in words.
    total : int or None
        How many steps there are, where that is known.
    unit : str
        What a step is: "rows".
    """
    hear = _heard_by.get()
    if hear is not None:
        done = 0

        def told(steps: int) -> None:
            nonlocal done
            done += steps
            hear(what, done, total)

        hear(what, 0, total)
        yield told
        return
    if not sys.stderr.isatty():
        yield lambda steps: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn(f"{{task.completed:,}} {unit}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True, disable=True) as bar:
        task = bar.add_task(what, total=total)
        begin = time.monotonic()

        def advance(steps: int) -> None:
            if bar.disable and time.monotonic() - begin > SECONDS_BEFORE_PROGRESS:
                bar.disable = False
                bar.start()
            bar.advance(task, steps)

        yield advance
