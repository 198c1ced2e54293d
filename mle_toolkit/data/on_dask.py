"""Work on partitions by Dask: where they are made, under a name that its dashboard shows, with a progress bar."""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from mle_toolkit.errors import DataError
from mle_toolkit.numerics.progress import progress


def on_dask(name: str, work: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Do work for each of several tuples of arguments, and give the results in their order.

    Joined to the graph that makes a partition, the work goes to where that is made, and is done again with it where a
    machine is lost. Only what it returns comes back.

    Parameters
    ----------
    name : str
        What dashboards call it: ``mle-`` and a word or two, with hyphens.
    work : callable
        It must give the same whenever it is called.
    calls : sequence of tuple
        Arguments, one call a partition.

    Raises
    ------
    DataError
        If Dask gave a partition up, because workers were lost with it again and again.
    """
    dask: Any = importlib.import_module("dask")  # which is typed in parts only
    task, token = dask.delayed(work, pure=False), uuid.uuid4().hex
    keys = [(f"{name}-{token}", k) for k in range(len(calls))]
    tasks = [task(*call, dask_key_name=key) for key, call in zip(keys, calls, strict=True)]
    owner = getattr(dask.base.get_scheduler(collections=tasks), "__self__", None)  # whose method does it, if it is one
    client = owner if type(owner).__module__.partition(".")[0] == "distributed" else None
    with progress(f"Dask: {name.removeprefix('mle-').replace('-', ' ')}", len(tasks), "partitions") as advance:
        if client is None:
            with _counting(set(keys), advance):
                return list(dask.compute(*tasks))
        distributed: Any = importlib.import_module("distributed")
        futures = client.compute(tasks)
        try:
            for _ in distributed.as_completed(futures):
                advance(1)
            return list(client.gather(futures))
        except distributed.KilledWorker as error:
            raise DataError(
                f"{name}: Dask gave up a partition after workers were lost with it ({error}). Does a worker have the "
                f"memory for one? Smaller partitions, or fewer threads a worker, need less."
            ) from error


def _counting(keys: set[Any], advance: Callable[[int], None]) -> Any:
    """While it is entered, the tasks of some keys are counted as they are done, by Dask's schedulers of one machine."""
    callbacks: Any = importlib.import_module("dask.callbacks")

    def done(key: Any, result: Any, graph: Any, state: Any, worker: Any) -> None:
        if key in keys:
            advance(1)

    return callbacks.Callback(posttask=done)
