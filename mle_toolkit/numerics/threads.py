"""The one pool of threads. No result depends on how many there are."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache


def workers() -> int:
    """How many threads may run at once: the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def pool() -> ThreadPoolExecutor:
    """The threads, made when they are first asked for; what runs in one must not wait for another to begin."""
    return ThreadPoolExecutor(workers(), thread_name_prefix="mle")
