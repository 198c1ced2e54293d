"""Settings of the examples in the documentation."""

from pathlib import Path

import pytest

collect_ignore = ["examples", "gallery"]  # scripts, which the build of the site executes
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let examples show fits that warn: on a terminal the warning goes to stderr, and the text speaks of it."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::mle_toolkit.FitWarning"))
