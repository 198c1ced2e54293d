"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

    python .ci/lowest.py [EXTRA ...] > constraints.txt

Those of the core and of the extras named, and of extras that these take in.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def requirements(project: dict[str, Any], extras: Sequence[str]) -> Iterator[str]:
    """What the core and some extras need, without the project itself."""
    yield from project["dependencies"]
    for extra in extras:
        for requirement in project["optional-dependencies"][extra]:
            taken_in = re.fullmatch(rf"{project['name']}\[(.*)\]", requirement)
            if taken_in:
                yield from requirements(project | {"dependencies": []}, taken_in[1].split(","))
            else:
                yield requirement


def lowest(project: dict[str, Any], extras: Sequence[str]) -> dict[str, str]:
    """Lowest version by the name of a package; a package of which any version will do is left out."""
    found = {}
    for requirement in requirements(project, extras):
        name, _, version = re.fullmatch(r"([\w.-]+)(\[.*\])?(?:>=([\d.]+))?", requirement).groups()
        if version:
            found[name] = version
    if "dask" in found:
        found["distributed"] = found["dask"]  # dask[distributed] takes its own version of it
    return found


if __name__ == "__main__":
    declared = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    print("\n".join(f"{name}=={version}" for name, version in lowest(declared, sys.argv[1:]).items()))
