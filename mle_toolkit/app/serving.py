"""The server: the page, a session of Shiny a tab, and nothing that computes. It needs the extra ``[app]``.

It listens on this machine only, answers only to who knows the token in the address, and forbids the page to load
anything from elsewhere.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import secrets
import socket
import webbrowser
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from mle_toolkit.app.bench import Bench
from mle_toolkit.app.controls import FILE, KINDS, ROWS
from mle_toolkit.data import datasets
from mle_toolkit.errors import MissingPackageError, ParameterError
from mle_toolkit.families.registry import families

HOST = "127.0.0.1"
PORT = 8791

_HERE = Path(__file__).parent

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Any, Send], Awaitable[None]]


def serve(port: int = PORT, *, browser: bool = True) -> None:
    """Serve the page until the process is ended.

    Parameters
    ----------
    port : int
        0 for one that is free.
    browser : bool
        Whether to open the page in the browser.

    Raises
    ------
    MissingPackageError
        If Shiny is not there.
    ParameterError
        If the port is taken.
    """
    try:
        import shiny  # noqa: F401
        import uvicorn
    except ModuleNotFoundError:
        raise MissingPackageError("mle app", "Shiny for Python", "app") from None
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else error
        raise ParameterError(f"--port: cannot listen on {port}: {reason}; choose another, or 0 for any.") from None
    inner, token = application(), secrets.token_urlsafe(24)
    address = f"http://{HOST}:{listener.getsockname()[1]}/{token}/"
    settings = uvicorn.Config(
        guarded(inner, token, policy_of(inner.ui["html"])), log_level="error", timeout_graceful_shutdown=1
    )
    print(f"mle app is at {address} (Ctrl-C ends it)")
    if browser:
        webbrowser.open(address)
    uvicorn.Server(settings).run(sockets=[listener])


def policy_of(page: str) -> str:
    """What a browser lets the page do: load from this server, and run the scripts that stand in it, and no others."""
    inline = (
        hashlib.sha256(script.encode()).digest() for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    )
    known = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in inline)
    return (
        f"default-src 'none'; script-src 'self' {known}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        f"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def guarded(inner: Any, token: str, policy: str) -> Application:
    """An application that answers only below the token, and tells browsers to load nothing from elsewhere."""
    prefix = f"/{token}"
    headers = {
        b"content-security-policy": policy.encode(),
        b"referrer-policy": b"no-referrer",
        b"x-content-type-options": b"nosniff",
        b"cache-control": b"no-store",
    }

    async def outer(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] == "lifespan":
            await inner(scope, receive, send)
            return
        path = str(scope["path"])
        known = secrets.compare_digest(path[: len(prefix)].encode(), prefix.encode())
        if not known or path[len(prefix) : len(prefix) + 1] != "/":
            await _refuse(scope, send)
            return

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in headers]
                message = {**message, "headers": [*own, *headers.items()]}
            await send(message)

        within = {**scope, "path": path[len(prefix) :], "raw_path": path[len(prefix) :].encode()}
        await inner(within, receive, with_headers)

    return outer


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    start = {"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]}
    await send(start)
    await send({"type": "http.response.body", "body": b"The address is not whole: it ends in a token and a slash.\n"})


def application() -> Any:
    """The page and its sessions, as an application of Shiny."""
    from htmltools import HTMLDependency
    from shiny import App, ui

    parts = [
        HTMLDependency(
            "mle-page", "1", source={"subdir": str(_HERE.parent / "report" / "page")},
            script={"src": "page.js", "defer": ""}, stylesheet={"href": "page.css"},
        ),
        HTMLDependency(
            "mle-app", "1", source={"subdir": str(_HERE)},
            script={"src": "app.js", "defer": ""}, stylesheet={"href": "app.css"},
        ),
    ]  # fmt: skip
    return App(ui.page_html(_page(), extra_deps=parts), session)


def _page() -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    sets = [datasets.load(name) for name in datasets.names()]
    return templates.get_template("app.html").render(kinds=KINDS, rows=ROWS, file=FILE, sets=sets, laws=families())


def session(input: Any, output: Any, session: Any) -> None:  # noqa: A002 - Shiny's names
    """One tab: what it asks goes to its own process, whose answers go back to it."""
    from shiny import reactive

    uploads: dict[str, str] = {}
    tasks: set[asyncio.Task[None]] = set()

    async def hear(answer: dict[str, Any]) -> None:
        await session.send_custom_message("answer", answer)

    bench = Bench(hear)

    def later(work: Any) -> None:
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def asked() -> None:
        question = dict(input.ask())
        said = dict(question.get("said") or {})
        source = str(said.get("source"))
        # A page names data sets and what was uploaded to it, and no other files.
        said["source"] = source if source.startswith("@") else uploads.get(str(said.get("name")), "")
        if question.get("verb") == "end":
            later(ended())
        else:
            later(bench.ask({"verb": question.get("verb"), "said": said}))

    async def ended() -> None:
        await bench.end()
        await hear({"kind": "ended"})
        await bench.start()

    def uploaded() -> None:
        for file in input.file() or ():
            uploads[file["name"]] = file["datapath"]
            later(hear({"kind": "uploaded", "name": file["name"]}))

    reactive.effect(reactive.event(input.ask)(asked))
    reactive.effect(reactive.event(input.file)(uploaded))
    session.on_ended(bench.end)
    later(bench.start())
