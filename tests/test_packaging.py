"""What the package says of itself: its version, what it needs, and where it is said a second time."""

import ast
import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import mle_toolkit

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = {"scikit-learn": "sklearn", "lazy-loader": "lazy_loader", "pillow": "PIL"}
"""Modules of packages that are not called like them."""

FOLLOWING = {"distributed": "dask", "htmltools": "shiny", "llvmlite": "numba", "uvicorn": "shiny"}
"""Modules that come with a package that is declared."""


BROUGHT = {"polars", "htmltools", "uvicorn"}
"""Packages that are imported only where the user gives their frames, and those that shiny is made of."""


@pytest.fixture(scope="module")
def lowest():
    spec = importlib.util.spec_from_file_location("lowest", ROOT / ".ci" / "lowest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.lowest


def declared(*extras):
    listed = [*PROJECT["dependencies"], *(r for extra in extras for r in PROJECT["optional-dependencies"][extra])]
    names = [re.match(r"[\w-]+", requirement)[0] for requirement in listed]
    return {MODULES.get(name, name) for name in names}


def imported():
    """Packages of others that some module imports, with one that does."""
    found = {}
    for path in Path(mle_toolkit.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            for name in names:
                found.setdefault(name.partition(".")[0], str(path))
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names | {"mle_toolkit"}}


def test_every_package_that_is_imported_is_declared():
    extras = set(PROJECT["optional-dependencies"]) - {"test", "bench", "dev", "docs"}
    known = declared(*extras) | BROUGHT
    assert {name: path for name, path in imported().items() if FOLLOWING.get(name, name) not in known} == {}


def test_the_lowest_versions_are_those_of_pyproject(lowest):
    project = {
        "name": "ours",
        "dependencies": ["numpy>=2.0", "rich"],
        "optional-dependencies": {"a": ["ours[b]", "x-y[z,w]>=1.2.3"], "b": ["dask[array]>=5"], "c": ["no>=1"]},
    }
    assert lowest(project, ["a"]) == {"numpy": "2.0", "dask": "5", "distributed": "5", "x-y": "1.2.3"}


def test_everything_that_the_tests_need_has_a_lowest_version(lowest):
    found = lowest(PROJECT, ["test"])
    assert {MODULES.get(name, name) for name in found} >= declared("fast", "arrow", "duckdb", "excel", "sklearn")


def test_one_version_is_said_everywhere():
    version = mle_toolkit.__version__
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    recipe = yaml.safe_load((ROOT / ".ci/conda/recipe.yaml").read_text(encoding="utf-8"))
    assert citation["version"] == recipe["context"]["version"] == version
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)


def test_the_conda_recipe_needs_what_pyproject_needs(lowest):
    recipe = yaml.safe_load((ROOT / ".ci/conda/recipe.yaml").read_text(encoding="utf-8"))["requirements"]

    def bounds(lines):
        return {name.removesuffix("-base"): bound for name, bound in (line.split(" >=") for line in lines)}

    core = lowest(PROJECT, []) | {"python": PROJECT["requires-python"].removeprefix(">=")}
    assert bounds(recipe["run"]) == core
    assert bounds(recipe["run_constraints"]).items() <= lowest(PROJECT, ["fast", "arrow", "dask", "sklearn"]).items()


def test_the_container_takes_extras_that_there_are():
    text = (ROOT / ".ci/Dockerfile").read_text(encoding="utf-8")
    extras = re.search(r"/source\[(.*?)\]", text)[1].split(",")
    assert set(extras) <= set(PROJECT["optional-dependencies"])


@pytest.mark.parametrize("form", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.stem)
def test_forms_of_issues_have_what_github_wants(form):
    said = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(said)
    assert len({part["id"] for part in said["body"]}) == len(said["body"])
    assert all(part["type"] in {"textarea", "input"} and part["attributes"]["label"] for part in said["body"])


def test_news_have_a_kind_that_the_changelog_knows():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
    kinds = {kind["directory"] for kind in tool["type"]}
    fragments = [path for path in (ROOT / tool["directory"]).iterdir() if path.name != "README.md"]
    assert [path.name for path in fragments if path.name.split(".")[-2] not in kinds] == []
    assert tool["start_string"] in (ROOT / tool["filename"]).read_text(encoding="utf-8")
