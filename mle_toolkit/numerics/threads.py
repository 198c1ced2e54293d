"""The one pool of threads. No result depends on how many there are."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_here = threading.local()


def workers() -> int:
    """How many threads may run at once: the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def pool() -> ThreadPoolExecutor:
    """The threads, made when they are first asked for."""
    return ThreadPoolExecutor(workers(), thread_name_prefix="mle", initializer=_mark)


def submit(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> Future[T]:
    """Have work done in a thread of the pool; at once where this is one, as waiting for another might never end."""
    if not getattr(_here, "in_pool", False):
        return pool().submit(work, *args, **options)
    done: Future[T] = Future()
    try:
        done.set_result(work(*args, **options))
    except BaseException as error:  # whoever asks for the result gets it
        done.set_exception(error)
    return done


def _mark() -> None:
    _here.in_pool = True
