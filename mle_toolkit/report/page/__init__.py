"""A result as one page of HTML that needs nothing else: tables, pictures, the one line to drag, how it was made."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mle_toolkit import __version__
from mle_toolkit.errors import ParameterError
from mle_toolkit.options import whole
from mle_toolkit.report.page.sections import Drawing, Page, Section
from mle_toolkit.report.page.tables import Grid
from mle_toolkit.report.plots.canvas import called
from mle_toolkit.report.record import jsonable

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent

_PACKAGES = ("numpy", "scipy", "statsmodels", "matplotlib")


def report(
    result: Any,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    label: str | None = None,
    laws: int = 2,
    rng: Any = 0,
    command: str | None = None,
    date: str | None = None,
) -> None:
    """Write a result as one HTML page, which can be read without a network, printed, and sent by post.

    The page has what was read, the ranking, parameters with their intervals, four panels, profiles, goodness of fit,
    the one line to drag, the verdicts in words, how it was made, and the result as JSON. It loads nothing, and its
    policy forbids it to. The same result, options and date give the same bytes.

    Parameters
    ----------
    result : Fit, Comparison, RegressionFit or GroupFits
    path : str or path
        Of the page.
    title : str, optional
        By default what the result is.
    label : str, optional
        What the observations are, with their unit; by default the name of the column.
    laws : int
        How many laws of a comparison are shown one by one, the best first.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional
        Source of randomness (SPEC 7) of envelopes and goodness of fit.
    command : str, optional
        How the result was made, where that is known.
    date : str, optional
        By default that of the environment variable ``SOURCE_DATE_EPOCH`` in seconds, else today.

    Raises
    ------
    ParameterError
        If it is no result of these kinds, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import mle_toolkit as mle
    >>> from pathlib import Path
    >>> fit = mle.fit([1.1, 0.4, 2.7, 1.9, 0.8], "exponential")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mle.report(fit, Path(folder, "fit.html"), label="hours")
    ...     Path(folder, "fit.html").read_text(encoding="utf-8")[:15]
    '<!doctype html>'
    """
    text = html_of(result, title=title, label=label, laws=laws, rng=rng, command=command, date=date)
    try:
        Path(path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ParameterError(f"report: cannot write {str(path)!r}: {error.strerror}.") from None


def html_of(
    result: Any,
    *,
    title: str | None = None,
    label: str | None = None,
    laws: int = 2,
    rng: Any = 0,
    command: str | None = None,
    date: str | None = None,
) -> str:
    """The page as text; arguments as for `report`."""
    if not hasattr(result, "page"):
        raise ParameterError(f"report: expected a fit, a comparison or groups, got {type(result).__name__}.")
    page: Page = result.page(Drawing(called(label, getattr(result, "sample", None)), whole(laws, "laws", 1), rng))
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    return (
        _templates()
        .get_template("page.html")
        .render(
            page=page,
            title=page.title if title is None else title,
            style=(_HERE / "page.css").read_text(encoding="utf-8"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            made=_made(command, rng, date),
            record=_embedded(result.to_dict()),
            lines=[_embedded(line) for section in page.sections for line in section.lines],
        )
    )


def fragment(section: Section) -> str:
    """One section without its heading, as a piece of a page that has the style and the script of this one."""
    lines = [_embedded(line) for line in section.lines]
    return _templates().get_template("fragment.html").render(section=section, lines=lines)


def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.tests["table"] = lambda part: isinstance(part, Grid)
    return found


def _embedded(record: Any) -> str:
    """JSON that can stand in a page: no text in it ends the element that it stands in."""
    text = json.dumps(jsonable(record), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda c: f"\\u{ord(c[0]):04x}", text)


def _made(command: str | None, rng: Any, date: str | None) -> list[tuple[str, str]]:
    """How the page was made."""
    if date is None:
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        when = datetime.datetime.now(datetime.UTC)
        if epoch is not None and epoch.isdecimal():
            when = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC)
        date = when.date().isoformat()
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return [
        *([("command", command)] if command is not None else []),
        ("with", f"mle_toolkit {__version__}, Python {platform.python_version()}, {packages}"),
        ("seed", "none: not reproducible" if rng is None else str(rng) if isinstance(rng, int) else "a generator"),
        ("date", date),
    ]
