"""``mle app``: serve the page of one's own machine."""

from __future__ import annotations

from typing import Annotated

import typer

from mle_toolkit.cli.options import Debug


def command(
    port: Annotated[int, typer.Option("--port", help="Where to listen; 0 for any that is free.", min=0)] = 8791,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
    debug: Debug = False,
) -> None:
    """Serve a page on this machine: drop a file, rank the laws, look at one, calculate, take the report away.

    mle app
    """
    from mle_toolkit.app.serving import serve

    serve(port, browser=browser)
