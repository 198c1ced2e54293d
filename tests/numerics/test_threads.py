"""One pool serves all, whoever waits for whom."""

import threading

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.numerics.threads import in_order, pool, submit, workers


def test_work_is_done_in_threads():
    assert submit(lambda: threading.current_thread().name).result().startswith("mle")
    assert workers() >= 1


def test_work_within_work_does_not_wait_for_a_thread():
    """All threads wait for one more, which is done where it is asked for."""
    tasks = [pool().submit(lambda k=k: submit(lambda: k).result()) for k in range(4 * workers())]
    assert [task.result(timeout=60) for task in tasks] == list(range(4 * workers()))


def test_results_stand_in_the_order_of_their_items():
    for fewest in (1, 100):
        assert in_order(lambda k: k * k, range(50), fewest) == [k * k for k in range(50)]
    assert in_order(str, [], 1) == []


def test_passes_over_blocks_run_in_threads_too():
    x = np.arange(1.0, 200_001.0)
    tasks = [pool().submit(lambda: mle.scan(x).nobs) for _ in range(2 * workers())]
    assert {task.result(timeout=60) for task in tasks} == {200_000.0}


def test_an_error_is_that_of_whoever_asks():
    def fail():
        raise ValueError("here")

    for task in (submit(fail), pool().submit(lambda: submit(fail).result())):
        with pytest.raises(ValueError, match="here"):
            task.result(timeout=60)
