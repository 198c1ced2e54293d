"""The server's end of the process of a tab: starts it, hands questions and answers on, ends it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

LONGEST_ANSWER = 1 << 30
"""Bytes of one line."""

Hear = Callable[[dict[str, Any]], Awaitable[None]]


class Bench:
    """One process, which is started when it is first needed, and anew after it was ended.

    Parameters
    ----------
    hear : async callable
        Takes every answer, a mapping with its ``kind``.
    """

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._process: asyncio.subprocess.Process | None = None
        self._listener: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> asyncio.subprocess.Process:
        """The process, started if there is none."""
        async with self._starting:  # who asks while it is started waits, and does not start another
            if self._process is None:
                # -P: a file of the user's, such as random.py, does not stand for a module.
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-P", "-m", "mle_toolkit.app.worker",
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LONGEST_ANSWER,
                )  # fmt: skip
                self._listener = asyncio.create_task(self._listen(self._process))
            return self._process

    async def ask(self, question: dict[str, Any]) -> None:
        """Send a question; its answers are heard."""
        process = await self.start()
        assert process.stdin is not None  # a pipe was asked for
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has died, which the listener says

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # a pipe was asked for
        async for line in process.stdout:
            if process is not self._process:
                return
            await self._hear(json.loads(line))
        await process.wait()
        if process is self._process:  # nobody ended it on purpose
            self._process = None
            await self._hear({"kind": "died"})

    async def end(self) -> None:
        """End the process at once, whatever it does."""
        async with self._starting:
            process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
