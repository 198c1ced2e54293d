"""The one pool of threads. No result depends on how many there are."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
S = TypeVar("S")
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


def in_order(work: Callable[[S], T], items: Sequence[S], fewest: int) -> list[T]:
    """What is made of each item, in their order; threads take items where there are at least ``fewest``.

    A thread takes the next item while there is one, so that one that another program holds up leaves them to the
    others.
    """
    results: list[Any] = [None] * len(items)
    left = iter(enumerate(items))

    def take() -> None:
        for k, item in left:
            results[k] = work(item)

    helpers = workers() - 1 if len(items) >= fewest else 0
    others = [submit(take) for _ in range(helpers)]
    take()
    for other in others:
        if not other.cancel():  # else it has not begun, and nothing is left
            other.result()
    return results


def _mark() -> None:
    _here.in_pool = True
