"""The package answers at once, and its modules import only what stands below them."""

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import mle_toolkit

PACKAGE = Path(mle_toolkit.__file__).parent

HEAVY = ("numpy", "scipy", "scipy.stats", "pandas", "statsmodels", "matplotlib", "numba", "dask", "pyarrow", "rich")

ROOMS = (
    ("__version__", "errors", "_typing", "notebook", "options"),
    ("numerics",),
    ("data",),
    ("families",),
    ("likelihood",),
    ("estimation",),
    ("information",),
    ("inference",),
    ("report",),
    ("aggregation", "demonstration", "moments", "nonparametric", "repairable"),
    ("doors", "kept", "fitting"),
    ("extremes",),
    ("regression",),
    ("sklearn", "torch"),
    ("comparison",),
    ("groups",),
    ("demo", "identities"),
    ("app",),
    ("cli",),
    ("__main__",),
)
"""From the ground up: a module may import from its own room and from those before it."""

EXCEPTIONS: dict[tuple[str, str], str] = {}
"""Imports that run the other way, (module, imported module), each with its reason."""


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def loaded_after(statement: str) -> set[str]:
    new = "json.dumps(sorted(set(sys.modules) - before))"
    return set(json.loads(run(f"import sys, json; before = set(sys.modules)\n{statement}\nprint({new})")))


@pytest.mark.parametrize(
    "statement",
    [
        "import mle_toolkit",
        "import mle_toolkit as mle; mle.datasets.names()",
        "import mle_toolkit.cli",
    ],
)
def test_importing_loads_nothing_heavy(statement):
    assert sorted(loaded_after(statement).intersection(HEAVY)) == []


def test_fitting_loads_no_package_that_it_does_not_need():
    """SciPy's special functions and optimisers are needed; its distributions, tables and figures are not."""
    statement = "import mle_toolkit as mle; mle.fit([1.0, 2.0, 4.0], 'gamma').llf"
    unneeded = {"scipy.stats", "pandas", "statsmodels", "matplotlib", "numba", "dask", "rich", "typer"}
    assert sorted(loaded_after(statement) & unneeded) == []


def test_comparing_loads_no_package_that_it_does_not_need():
    """Nor are regressions, in a comparison of fits of one sample."""
    data = "mle.Sample.right_censored([1.0, 2.0, 2.5, 4.0, 5.5, 7.0], [1, 0, 1, 1, 0, 1])"
    statement = f"import mle_toolkit as mle; mle.compare({data}, 'beta_prime, gamma, burr12, lognormal').table"
    unneeded = {"scipy.stats", "statsmodels", "matplotlib", "numba", "dask", "rich", "typer", "mle_toolkit.regression"}
    assert sorted(loaded_after(statement) & unneeded) == []


def test_help_loads_no_numbers():
    """What draws the help is needed, and nothing that computes."""
    statement = (
        "import contextlib, io\n"
        "from mle_toolkit.cli import main\n"
        "sys.argv = ['mle', '--help']\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    main()"
    )
    assert sorted(loaded_after(statement).intersection(HEAVY)) in ([], ["rich"])


@cache
def modules() -> tuple[Path, ...]:
    return tuple(sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def is_room(name: str) -> bool:
    """Whether a dotted name is the one of a directory."""
    return name == "mle_toolkit" or (PACKAGE.parent / name.replace(".", "/")).is_dir()


@cache
def dotted(path: Path) -> str:
    parts = ("mle_toolkit", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_type_checking(node: ast.If) -> bool:
    test = node.test
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def imported(node: ast.AST, module: str, is_package: bool, *, types: bool = False) -> list[str]:
    """Modules of ours that a piece of code imports when it runs, also inside functions; or for its types too."""
    found: list[str] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            continue  # has no statement in it
        if isinstance(child, ast.If) and is_type_checking(child) and not types:
            found += imported(ast.Module(child.orelse, []), module, is_package)
        elif isinstance(child, ast.Import):
            found += [alias.name for alias in child.names]
        elif isinstance(child, ast.ImportFrom):
            base = child.module or ""
            if child.level:
                above = module.split(".")[: len(module.split(".")) - child.level + is_package]
                base = ".".join([*above, *([child.module] if child.module else [])])
            if is_room(base):
                found += [f"{base}.{alias.name}" for alias in child.names]
            else:
                found.append(base)
        else:
            found += imported(child, module, is_package, types=types)
    return [name for name in found if name.split(".")[0] == "mle_toolkit"]


def height(module: str) -> int:
    room = module.split(".")[1]
    heights = [k for k, names in enumerate(ROOMS) if room in names]
    assert heights, f"{module}: which room is {room}? Enter it in ROOMS, where DESIGN has it."
    return heights[0]


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_imports_run_downwards(path):
    module = dotted(path)
    wrong = [
        name
        for name in imported(tree_of(path), module, path.name == "__init__.py")
        if (name == "mle_toolkit" or height(name) > height(module)) and (module, name) not in EXCEPTIONS
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from mle_toolkit.fitting import fit", ["mle_toolkit.fitting"]),
        ("def f():\n    import mle_toolkit.cli", ["mle_toolkit.cli"]),
        ("from ..fitting import fit", ["mle_toolkit.fitting"]),
        ("from . import sample", ["mle_toolkit.data.sample"]),
        ("from mle_toolkit import fitting", ["mle_toolkit.fitting"]),
        ("from mle_toolkit.data import tables", ["mle_toolkit.data.tables"]),
        ("if TYPE_CHECKING:\n    from mle_toolkit.fitting import Fit", []),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    from mle_toolkit.fitting import Fit", ["mle_toolkit.fitting"]),
        ("try:\n    from mle_toolkit import cli\nexcept ImportError:\n    pass", ["mle_toolkit.cli"]),
        ("import numpy", []),
    ],
)
def test_the_walk_finds_every_way_to_import(code, expected):
    """The test of the test: what it would not see, it could not forbid."""
    assert imported(ast.parse(code), "mle_toolkit.data.frames", is_package=False) == expected


DESIGN = Path(__file__).parents[1] / "docs" / "explanation" / "design.md"


def test_the_design_tells_the_rooms_as_they_are():
    """Its table has the rooms from the ground up, and what it names in one is there."""
    table = re.findall(r"^\| (`.*?) \| (.*) \|$", DESIGN.read_text(encoding="utf-8"), re.MULTILINE)
    named = [re.findall(r"`(\w+)`", cell) for cell, _ in table]
    heights = [height(f"mle_toolkit.{name}") for names in named for name in names]
    assert heights == sorted(heights)
    assert {name for names in named for name in names} == {name for room in ROOMS for name in room if name[0] != "_"}
    functions = {"compare", "fit", "fit_groups", "mle", "regress"}
    for names, (_, said) in zip(named, table, strict=True):
        inside = {path.stem for name in names for path in (PACKAGE / name).rglob("*.py")}
        inside |= {path.parent.name for name in names for path in (PACKAGE / name).rglob("__init__.py")}
        assert set(re.findall(r"`([a-z_0-9]+)`", said)) <= inside | functions | set(names), names


@pytest.mark.parametrize(
    ("rooms", "other"),
    [
        (("likelihood", "estimation", "regression", "groups", "kept"), "Distribution"),
        (("information", "inference", "report", "aggregation"), "Family"),
    ],
)
def test_a_law_is_a_family_where_it_is_fitted_and_a_distribution_where_it_is_asked(rooms, other):
    said = [
        f"{dotted(path)}:{node.lineno}"
        for path in modules()
        if dotted(path).split(".")[1] in rooms
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.arg) and node.arg == "law" and node.annotation is not None
        if re.search(rf"\b{other}\b", ast.unparse(node.annotation))
    ]
    assert said == []


DOORS = {
    "data.sample": (
        {"data.insured", "data.partitions"},
        "`Sample.of` is the one door, and a collection of Dask is one kind of sample; `Sample.insured` makes another.",
    ),
    "families.base": (
        {
            "families.combinators.exposed", "families.combinators.reparametrised", "families.distribution",
            "families.own", "families.relations",
        },
        "a `Family` gives its law at parameters, by others and of an exposure, and says what it is of other laws.",
    ),
    "families.distribution": (
        {"families.as_scipy", "families.registry", "families.written"},
        "a `Distribution` is made of whatever names a law, and gives the one of SciPy.",
    ),
    "families.registry": ({"families.written"}, "a name may be a formula, whose parts are names."),
}  # fmt: skip
"""Methods that open another file which needs this one, each with its reason: the only circles there are."""


def needed_by(path: Path) -> set[str]:
    """Modules of ours that a file needs, types included."""
    module, known = dotted(path), set(map(dotted, modules()))
    found = imported(tree_of(path), module, path.name == "__init__.py", types=True)
    return {name if name in known else name.rpartition(".")[0] for name in found} & known - {module}


def circles(needs: dict[str, set[str]]) -> list[set[str]]:
    """Modules that need one another, directly or by others."""
    reached = {name: set(near) for name, near in needs.items()}
    for middle in needs:
        for near in reached.values():
            if middle in near:
                near |= reached[middle]
    found: list[set[str]] = []
    for name, near in reached.items():
        if name in near and not any(name in circle for circle in found):
            found.append({other for other in near if name in reached[other]} | {name})
    return found


def test_files_need_one_another_in_one_direction_only():
    """Types included; what may not import another at all is better one file, or has a protocol between."""
    needs = {dotted(path): needed_by(path) for path in modules()}
    for module, (opened, _) in DOORS.items():
        name, behind = f"mle_toolkit.{module}", {f"mle_toolkit.{other}" for other in opened}
        assert behind <= needs[name], "a door that is shut"
        needs[name] = needs[name] - behind
    assert [sorted(circle) for circle in circles(needs)] == []


def test_a_circle_is_found():
    needs = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a", "d2"}, "d2": set()}
    assert circles(needs) == [{"b", "c"}]


def test_every_exception_is_still_needed():
    imports = {
        (dotted(path), name)
        for path in modules()
        for name in imported(tree_of(path), dotted(path), path.name == "__init__.py")
    }
    assert set(EXCEPTIONS) <= imports


MOST_LINES = 600
"""Of one file; a longer one says at its head why it is: "Over 600 lines, because ..."."""


@pytest.mark.parametrize("path", [*modules(), PACKAGE / "__init__.py"], ids=dotted)
def test_a_file_is_no_longer_than_can_be_read_at_once_or_says_why(path):
    text = path.read_text(encoding="utf-8")
    why = ast.get_docstring(tree_of(path)) or ""
    assert (text.count("\n") > MOST_LINES) == (f"Over {MOST_LINES} lines, because " in why)
