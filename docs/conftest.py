"""Settings of the examples in the documentation."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

collect_ignore = ["examples", "gallery"]  # scripts, which the build of the site executes
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let examples show fits that warn: on a terminal the warning goes to stderr, and the text speaks of it."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::mle_toolkit.FitWarning"))


@pytest.fixture(autouse=True)
def _no_figures_are_left() -> Iterator[None]:
    """Close the figures that pyplot keeps, of a page and of what ran before it: from 20 on it warns."""
    _close_figures()
    yield
    _close_figures()


def _close_figures() -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
