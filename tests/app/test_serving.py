"""Who does not know the token is answered nothing; what the page may do is little."""

import asyncio
import socket

import pytest

from mle_toolkit.app.serving import guarded, policy_of, serve
from mle_toolkit.errors import MleError


def asked(path, kind="http"):
    """What the guard sends, and the path that the application within is asked for."""
    sent, within = [], []

    async def inner(scope, receive, send):
        within.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", b"public")]})

    async def send(message):
        sent.append(message)

    application = guarded(inner, "secret", "default-src 'none'")
    asyncio.run(application({"type": kind, "path": path}, None, send))
    return sent, within


@pytest.mark.parametrize("path", ["/", "", "/secre", "/secret", "/secrets/", "/other/secret/", "/SECRET/"])
def test_without_the_token_there_is_no_answer(path):
    sent, within = asked(path)
    assert (sent[0]["status"], within) == (403, [])
    sent, within = asked(path, "websocket")
    assert (sent[0]["type"], within) == ("websocket.close", [])


def test_with_the_token_the_application_answers_under_our_policy():
    sent, within = asked("/secret/lib/page.css")
    assert within == ["/lib/page.css"]
    headers = [(name.lower(), value) for name, value in sent[0]["headers"]]
    assert (b"content-security-policy", b"default-src 'none'") in headers
    assert [value for name, value in headers if name == b"cache-control"] == [b"no-store"]


def test_scripts_that_stand_in_the_page_are_named_by_their_hash():
    policy = policy_of("<script src='a.js'></script><script>let a = 1;</script>")
    assert policy.count("sha256-") == 1
    assert "unsafe" not in policy.split("script-src")[1].split(";")[0]


def test_a_port_that_is_taken_is_said():
    pytest.importorskip("shiny", reason="the extra [app] is not installed")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(MleError, match="--port: cannot listen on"):
            serve(taken.getsockname()[1], browser=False)
