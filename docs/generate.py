"""Write the tables of the reference pages from the code: ``python docs/generate.py``.

A table stands between ``<!-- generated -->`` and ``<!-- end -->``; a test fails when it is not what the code says.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import mle_toolkit as mle
from mle_toolkit import errors, sklearn, torch
from mle_toolkit.estimation.certificate import Certificate
from mle_toolkit.families.domain import Interval, Simplex
from mle_toolkit.families.nesting import special_values
from mle_toolkit.families.registry import family_class
from mle_toolkit.inference.bootstrap import Bootstrap
from mle_toolkit.inference.confidence_set import ConfidenceSet
from mle_toolkit.inference.goodness import GoodnessOfFit
from mle_toolkit.inference.nested import NestedTest
from mle_toolkit.inference.nonnested import VuongTest
from mle_toolkit.inference.profile import End, Profile
from mle_toolkit.inference.scores import HeldOut
from mle_toolkit.inference.selection import SelectionBootstrap

REFERENCE = Path(__file__).parent / "reference"
BEGIN, END = "<!-- generated -->\n", "<!-- end -->"

NEEDED: dict[str, Any] = {"n": 12}
"""Values of the constants that a law cannot do without, to show its parts."""

DOMAINS_SAY = {
    "REAL": "The real line.",
    "POSITIVE": "Positive numbers.",
    "NON_NEGATIVE": "Positive numbers and 0, a value with a law of its own.",
    "UNIT": "Numbers between 0 and 1.",
    "CLOSED_UNIT": "Numbers between 0 and 1, both included.",
    "COUNTS": "Whole numbers from 0.",
    "POSITIVE_COUNTS": "Whole numbers from 1.",
    "INTEGERS": "All whole numbers.",
}

MODULES = {
    "mle.datasets": mle.datasets,
    "mle.extremes": mle.extremes,
    "mle.information": mle.information,
    "mle.nonparametric": mle.nonparametric,
    "mle.plot": mle.plot,
    "mle.repairable": mle.repairable,
    "mle_toolkit.errors": errors,
    "mle_toolkit.sklearn": sklearn,
    "mle_toolkit.torch": torch,
}
"""Modules whose names the reference lists."""

MEMBERS_OF = (
    mle.Fit,
    mle.RegressionFit,
    Certificate,
    mle.InformationReport,
    mle.Estimate,
    mle.information.ClassifierReport,
    mle.information.Decomposition,
    mle.information.Calibration,
    Profile,
    End,
    Bootstrap,
    GoodnessOfFit,
    NestedTest,
    mle.Comparison,
    HeldOut,
    ConfidenceSet,
    VuongTest,
    SelectionBootstrap,
    mle.GroupFits,
    mle.Sample,
    mle.Distribution,
)
"""Classes whose members the reference lists."""

INTERNAL = {
    "Fit": {"of", "at_maximum", "once"},
    "RegressionFit": {"at_maximum", "places"},
    "Sample": {
        "blocks",
        "sketch",
        "take",
        "with_values",
        "standardised",
        "tabulated",
        "same_data",
        "difference",
        "is_integer",
        "is_plain",
        "has_one_window",
        "as_points",
    },
    "Distribution": {"at"},
}
"""Members without an underscore that other rooms need, and users do not."""


# --- families ---------------------------------------------------------------------------------------------------------


def example_of(name: str) -> mle.Family:
    """Make the family, with values for the constants that it needs."""
    wanted = family_class(name).constant_defaults
    return mle.get_family(name, **{key: NEEDED[key] for key, default in wanted.items() if default is ...})


def route(law: mle.Family) -> str:
    """How the maximum is found when no solver is named."""
    if isinstance(law, mle.ExponentialFamily) and law.from_means is not None:
        return "means of statistics"
    if law.from_sample is not None:
        return "closed form or root"
    return "Newton" if law.score is not None else "Newton, differenced score"


def families_page() -> str:
    """Give a table of all families, then the definition of each."""
    names = mle.families()
    head = (
        "| family | parameters | support | also called | constants | route to the maximum | SciPy | limits |",
        "|---|---|---|---|---|---|---|---|",
    )
    parts = ["\n".join([*head, *map(_family_row, names)])]
    parts += [_family_section(name) for name in names]
    return "\n\n".join(parts) + "\n"


def _family_row(name: str) -> str:
    law = example_of(name)
    constants = [key if default is ... else f"{key}={default}" for key, default in law.constant_defaults.items()]
    cells = [
        f"[`{name}`](#{name})",
        ", ".join(f"`{p.name}` {_shown(p.domain)}" for p in law.parameters),
        _shown(law.support),
        ", ".join(f"`{alias}`" for alias in law.aliases),
        ", ".join(f"`{constant}`" for constant in constants),
        route(law),
        _scipy_map(law),
        ", ".join(dict.fromkeys(f"`{limit.family.name}`" for limit in law.limits)),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") or "–" for cell in cells) + " |"


def _shown(domain: Interval | Simplex) -> str:
    if isinstance(domain, Simplex):
        return "probabilities"
    if domain == mle.INTEGERS:
        return "{..., -1, 0, 1, ...}"
    text = str(domain).replace(str(NEEDED["n"]), "n")
    return text if isinstance(domain, Interval) else text.replace(" 2 ", " d ")  # vectors of the data's dimension


def _scipy_map(law: mle.Family) -> str:
    if law.to_scipy is None:
        return ""
    first = _first_sentence(law.to_scipy).rstrip(".")
    return first.replace("``", "`").replace("scipy.stats.", "")


SAID_BY_LAWS = {
    "score": "score", "hessian": "second derivatives", "cdf": "cdf", "ppf": "quantile", "mean": "mean",
    "var": "variance", "entropy": "entropy", "tail_scores": "scores of tails", "divergence": "divergence",
    "terms": "terms", "expected": "expected values", "to_scipy": "to SciPy", "from_scipy": "from SciPy",
}  # fmt: skip
"""Optional parts of a law that the page looks for."""

INSTEAD = {"divergence": ("images",), "terms": ("power_of",), "expected": ("power_of",)}
"""Parts that others make needless."""


def left_to_defaults(law: mle.Family) -> tuple[str, ...]:
    """Optional parts that a law does not give."""
    of_vectors = {"cdf", "ppf", "var", "tail_scores", "hessian", "terms", "expected"}
    left = []
    for part, words in SAID_BY_LAWS.items():
        given = [getattr(law, name, None) for name in (part, *INSTEAD.get(part, ()))]
        if not any(given) and not (law.multivariate and part in of_vectors):
            left.append(words)
    return tuple(left)


def _related(law: mle.Family) -> list[str]:
    """What it is of other laws, in words."""
    found = []
    for case in law.special_cases:
        values = special_values(law, case.family).items()
        found.append(f"`{case.family.name}` at {', '.join(f'`{name}` = {value:g}' for name, value in values)}")
    return found + [f"`{image.family.name}` law of {image.of.name}" for image in law.images]


def _family_section(name: str) -> str:
    law = example_of(name)
    parts = [f"## {name}", markdown(inspect.getdoc(family_class(name)) or "")]
    if related := _related(law):
        parts.append(f"Of other laws: {'; '.join(related)}.")
    if left := left_to_defaults(law):
        parts.append(f"Left to defaults: {', '.join(left)}.")
    return "\n\n".join(parts)


def markdown(docstring: str) -> str:
    """Turn the reStructuredText of a docstring into Markdown: displayed formulas, code, inline formulas."""
    paragraphs = []
    for paragraph in docstring.split("\n\n"):
        if paragraph.startswith(".. math::"):
            formula = " ".join(line.strip() for line in paragraph.removeprefix(".. math::").splitlines())
            paragraphs.append(f"$$\n{formula.strip()}\n$$")
            continue
        text = re.sub(r":math:`([^`]*)`", r"$\1$", paragraph)
        paragraphs.append(text.replace("``", "`"))
    return "\n\n".join(paragraphs)


# --- public names -----------------------------------------------------------------------------------------------------


def public() -> dict[str, Any]:
    """Every public name of the package, in alphabetical order."""
    return {name: getattr(mle, name) for name in sorted(dir(mle)) if not name.startswith("__")}


def names_of(module: ModuleType) -> list[str]:
    """Names of a module for users: those that it lists, or the functions and classes that it defines."""
    listed = getattr(module, "__all__", None)
    defined = {name: getattr(item, "__module__", None) for name, item in vars(module).items() if callable(item)}
    return sorted(listed or [n for n, home in defined.items() if home == module.__name__ and not n.startswith("_")])


def api_page() -> str:
    """Give one line for every public name, by kind; then the members of the main classes."""
    left = public()
    kinds: dict[str, Callable[[Any], bool]] = {
        "Functions": inspect.isfunction,
        "Classes": lambda item: inspect.isclass(item) and not issubclass(item, (Exception, Warning)),
        "Errors and warnings": lambda item: inspect.isclass(item) and issubclass(item, (Exception, Warning)),
        "Domains": lambda item: isinstance(item, Interval),
        "Modules": inspect.ismodule,
    }
    sections = []
    for title, belongs in kinds.items():
        found = {name: item for name, item in left.items() if belongs(item)}
        if found:
            sections.append(f"## {title}\n\n" + _table({n: _said_of(n, item) for n, item in found.items()}, "name"))
            left = {name: item for name, item in left.items() if name not in found}
    if left:
        raise ValueError(f"no kind for the public names {', '.join(left)}")
    for title, module in MODULES.items():
        said = {name: _first_sentence(getattr(module, name)) for name in names_of(module)}
        sections.append(f"## {title}\n\n" + _table(said, "name"))
    sections += [f"## Members of {cls.__name__}\n\n" + _table(_members(cls), "member") for cls in MEMBERS_OF]
    return "\n\n".join(sections) + "\n"


def _said_of(name: str, item: Any) -> str:
    return f"{DOMAINS_SAY[name]} `{_shown(item)}`" if isinstance(item, Interval) else _first_sentence(item)


def _members(cls: type) -> dict[str, str]:
    """Public methods, properties and attributes with their first sentence; attributes from the class docstring."""
    said = _attributes(inspect.getdoc(cls) or "")
    for name, item in vars(cls).items():
        if name.startswith("_") or name in said or name in INTERNAL.get(cls.__name__, ()):
            continue
        function = item.__func__ if isinstance(item, (classmethod, staticmethod)) else item
        if inspect.isfunction(function) or isinstance(item, property):
            said[name] = _first_sentence(function)
    return said


def _attributes(docstring: str) -> dict[str, str]:
    """Names of the ``Attributes`` section of a docstring, with their texts."""
    section = re.search(r"^Attributes\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}|\Z)", docstring, re.MULTILINE | re.DOTALL)
    said: dict[str, str] = {}
    names: list[str] = []
    for line in section.group(1).splitlines() if section else ():
        if line and not line.startswith(" "):
            names, choices = line.split(" : ")[0].split(", "), re.search(r"\{(.*)\}", line)
            said |= dict.fromkeys(names, f"One of {choices.group(1)}." if choices else "")
        elif line.strip() and names:
            said |= {name: f"{said[name]} {line.strip()}".strip() for name in names}
    return {name: text.replace("``", "`") for name, text in said.items()}


def _table(said: dict[str, str], what: str) -> str:
    bar = "\\|"  # a bar inside a cell
    rows = [f"| `{name}` | {text.replace('|', bar)} |" for name, text in said.items()]
    return "\n".join([f"| {what} | what it is |", "|---|---|", *rows])


def _first_sentence(item: Any) -> str:
    doc = inspect.getdoc(item) or ""
    first = " ".join(line.strip() for line in doc.split("\n\n")[0].splitlines())
    if not first:
        raise ValueError(f"{item!r} has no docstring")
    return re.sub(r":math:`([^`]*)`", r"$\1$", first).replace("``", "`")


# --- pages ------------------------------------------------------------------------------------------------------------

PAGES: dict[str, Callable[[], str]] = {"families.md": families_page, "api.md": api_page}


def split_page(name: str) -> tuple[str, str, str]:
    """Cut a page into the text before, the generated part, and the text after."""
    before, rest = (REFERENCE / name).read_text(encoding="utf-8").split(BEGIN)
    generated, after = rest.split(END)
    return before, generated, after


def main() -> None:
    """Rewrite the generated part of every page."""
    for name, generate in PAGES.items():
        before, _, after = split_page(name)
        (REFERENCE / name).write_text(before + BEGIN + generate() + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
