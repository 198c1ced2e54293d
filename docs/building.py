"""What sphinx does not do by itself: pages of public names, contents from lists of links, formulas, pictures.

Nothing that is made here is kept in the repository.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from pathlib import Path
from types import FunctionType
from typing import Any

import generate
import pictures

import mle_toolkit as mle

HERE = Path(__file__).parent

DESCRIBED = (FunctionType, classmethod, staticmethod, property, functools.cached_property)
"""Members that have a docstring of their own; others are described by the class's."""


# --- contents ---------------------------------------------------------------------------------------------------------


def add_contents(app: Any, page: str, source: list[str]) -> None:
    """Make the pages to which a list in an ``index`` links its contents, under the title of the section."""
    if page.rsplit("/", 1)[-1] != "index" or page.startswith("gallery"):
        return
    contents = ""
    for section in re.split(r"^## ", source[0], flags=re.MULTILINE):
        if linked := re.findall(r"^- \[[^]]+\]\(([^):#]+)\.md\)", section, re.MULTILINE):
            caption = "" if section.startswith("#") or page == "index" else f":caption: {section.splitlines()[0]}\n"
            linked += ["gallery/index"] if page == "index" else []
            contents += f"\n```{{toctree}}\n:hidden:\n{caption}\n" + "\n".join(linked) + "\n```\n"
    source[0] += contents


def trim_code(app: Any, page: Any) -> None:
    """Take off the empty line at the end of an example, which ends its output where the example is run."""
    from docutils import nodes

    for block in page.findall(nodes.literal_block):
        if block.rawsource == block.astext():
            block.rawsource = block.astext().rstrip()
            block.children = [nodes.Text(block.rawsource)]


# --- public names -----------------------------------------------------------------------------------------------------


def public_names() -> dict[str, Any]:
    """Every function and class that users may call or meet, by its dotted name."""
    found = {f"mle_toolkit.{name}": item for name, item in generate.public().items()}
    for shown, module in generate.MODULES.items():
        home = shown.replace("mle.", "mle_toolkit.")
        sys.modules.setdefault(home, module)  # autodoc imports what stands before the last dot
        found |= {f"{home}.{name}": getattr(module, name) for name in generate.names_of(module)}
    found |= {f"{cls.__module__}.{cls.__name__}": cls for cls in generate.MEMBERS_OF if cls not in found.values()}
    at_the_top = {id(item) for name, item in found.items() if name.count(".") == 1}
    return {
        name: item
        for name, item in found.items()
        if (inspect.isclass(item) or inspect.isfunction(item)) and (name.count(".") == 1 or id(item) not in at_the_top)
    }


def scikit_learns_own(cls: type) -> list[str]:
    """Methods that scikit-learn writes into every estimator; their docstrings point into its own manual."""
    return [name for name in dir(cls) if re.fullmatch(r"set_\w+_request", name)]


def write_names(app: Any) -> None:
    """Write a page for every public name, with its signature and its whole docstring."""
    folder = HERE / "reference" / "api"
    folder.mkdir(exist_ok=True)
    texts = {}
    for dotted, item in public_names().items():
        title = dotted.removeprefix("mle_toolkit.")
        if inspect.isclass(item):
            left_out = {*generate.INTERNAL.get(item.__name__, ()), *scikit_learns_own(item)}
            what = f".. autoclass:: {dotted}\n   :members:\n   :exclude-members: {', '.join(sorted(left_out))}"
        else:
            what = f".. autofunction:: {dotted}"
        texts[f"{title}.rst"] = f"{title}\n{'=' * len(title)}\n\n{what}\n"
    for page in folder.iterdir():
        if page.name not in texts:
            page.unlink()
    for name, text in texts.items():
        page = folder / name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def link_names(app: Any, page: str, source: list[str]) -> None:
    """Let the tables of the public names lead to the pages of the names."""
    if page != "reference/api":
        return
    names = public_names()
    by_name = {name.rsplit(".", 1)[-1]: name for name in names}
    linked = []
    for section in re.split(r"^(?=## )", source[0], flags=re.MULTILINE):
        title = section.splitlines()[0].removeprefix("## ").removeprefix("Members of ").replace("mle.", "mle_toolkit.")
        home = by_name.get(title, title if title.startswith("mle_toolkit.") else "mle_toolkit")

        def link(row: re.Match[str], home: str = home) -> str:
            name = row.group(1)
            member = inspect.getattr_static(names.get(home), name, None)
            has_page = f"{home}.{name}" in names or isinstance(member, DESCRIBED)
            other = home if home in names else by_name.get(name, home)
            return f"| {{py:obj}}`{name} <{f'{home}.{name}' if has_page else other}>` |"

        linked.append(re.sub(r"^\| `(\w+)` \|", link, section, flags=re.MULTILINE))
    source[0] = "".join(linked) + "\n```{toctree}\n:hidden:\n:glob:\n\napi/*\n```\n"


def show_densities(app: Any, page: str, source: list[str]) -> None:
    """Put the picture of a law under its title."""
    if page == "reference/families":
        source[0] = re.sub(r"^## (\w+)$", r"## \1\n\n![Density of \1](pictures/\1.png)", source[0], flags=re.MULTILINE)


# --- formulas ---------------------------------------------------------------------------------------------------------


def inline_formula(writer: Any, node: Any) -> None:
    """Write a formula within a line as MathML, which browsers draw without a script."""
    from docutils.nodes import SkipNode

    writer.body.append(mathml(node, block=False))
    raise SkipNode


def displayed_formula(writer: Any, node: Any) -> None:
    """Write a formula that stands by itself as MathML, in a box that scrolls on a narrow screen."""
    from docutils.nodes import SkipNode

    box = writer.starttag(node, "div", CLASS="formula", TABINDEX="0")
    writer.body.append(box + mathml(node, block=True) + "</div>\n")
    raise SkipNode


def mathml(node: Any, *, block: bool) -> str:
    """Translate a formula by docutils; one that it does not know is a warning at its place."""
    from docutils.utils.math import MathError, latex2mathml
    from sphinx.util.logging import getLogger

    latex = " ".join(node.astext().split()).replace(r"\dots", r"\ldots")
    latex = re.sub(r"(\\[dt]?frac)(\d)(\d)", r"\1{\2}{\3}", latex)  # docutils takes two digits for one number
    try:
        written = latex2mathml.tex2mathml(latex, as_block=block)
    except MathError as error:
        getLogger(__name__).warning("the formula %r cannot be written as MathML: %s", latex, error, location=node)
        return ""
    # log q, not logq: browsers put no space after the name of a function
    return re.sub(r"<mo>&ApplyFunction;</mo>(?!\s*<mo[^>]*>\()", '<mspace width="0.17em"/>', written)


# --- pictures ---------------------------------------------------------------------------------------------------------


def draw_figures(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figures that a block of a script of the gallery has made, which pyplot does not know."""
    from sphinx_gallery.scrapers import figure_rst

    made = block_vars["example_globals"]
    seen = made.setdefault("__drawn__", [])
    paths = []
    for item in list(made.values()):
        figure = pictures.figure_of(item)
        if figure is not None and not any(figure is other for other in seen):
            seen.append(figure)
            paths.append(next(block_vars["image_path_iterator"]))
            figure.savefig(paths[-1], dpi=110)
    return figure_rst(paths, gallery_conf["src_dir"])


def draw_pictures(app: Any) -> None:
    """Draw the pictures of the pages."""
    pictures.main()


def write_the_line(app: Any, exception: Exception | None) -> None:
    """Put the page of the one line beside the site: its parameter can be dragged."""
    if exception is None and app.builder.format == "html":
        folder = Path(app.outdir) / "live"
        folder.mkdir(exist_ok=True)
        kicks = mle.fit(mle.datasets.load("horse_kicks").sample(), "poisson")
        title = "The one line of a Poisson law"
        mle.report(kicks, folder / "one-line.html", title=title, date="when the site was built")


def setup(app: Any) -> None:
    """Join all this to sphinx."""
    app.add_html_math_renderer(
        "mathml", inline_renderers=(inline_formula, None), block_renderers=(displayed_formula, None)
    )
    app.connect("builder-inited", write_names)
    app.connect("builder-inited", draw_pictures)
    app.connect("source-read", add_contents)
    app.connect("source-read", link_names)
    app.connect("source-read", show_densities)
    app.connect("doctree-read", trim_code)
    app.connect("build-finished", write_the_line)
