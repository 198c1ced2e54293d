"""Settings and helpers of every test."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# Helper modules of the tests (references.py, strategies.py) are imported by name.
sys.path.insert(0, str(Path(__file__).parent))

# Checked by mypy, and not run.
collect_ignore = ["typing/options.py"]

CALM = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much]

# The suite: the same examples on every machine and day.
hypothesis.settings.register_profile(
    "deterministic", derandomize=True, database=None, deadline=None, max_examples=8, suppress_health_check=CALM
)
# ``pytest --hypothesis-profile=explore`` looks for what nobody thought of: other examples at every run, and more of
# them. A failure prints its example, and the line that makes it again.
hypothesis.settings.register_profile(
    "explore", derandomize=False, deadline=None, max_examples=200, print_blob=True, suppress_health_check=CALM
)
hypothesis.settings.load_profile("deterministic")


@hypothesis.given(hypothesis.strategies.none())
def _begin_hypothesis(_: None) -> None:
    """Let Hypothesis make its random numbers while the garbage collector still shows it who holds them.

    The first test does, and version 6.100 warns where it finds no holder: what is frozen (below) is not shown.
    """


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Spare the garbage collector the millions of objects that collecting makes, and that last to the end.

    It went through them 37 times while they were made, and again with every full round during the tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        _begin_hypothesis()
        gc.freeze()
        gc.enable()
