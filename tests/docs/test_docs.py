"""The documentation says what the code says; that its examples run is tested where they stand."""

import re
import sys
from pathlib import Path

import pytest

import mle_toolkit as mle

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))
import generate  # noqa: E402

PAGES = sorted(DOCS.rglob("*.md"))


@pytest.mark.parametrize("name", generate.PAGES)
def test_generated_pages_are_up_to_date(name):
    """If this fails, run ``python docs/generate.py``."""
    _, written, _ = generate.split_page(name)
    assert written == generate.PAGES[name]()


def test_every_family_is_in_the_reference():
    text = (DOCS / "reference" / "families.md").read_text(encoding="utf-8")
    for name in mle.families():
        assert f"| [`{name}`](#{name}) |" in text
        assert f"\n## {name}\n" in text


def test_every_public_name_is_in_the_reference():
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert {name for name in dir(mle) if not name.startswith("__")} <= listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_page_is_reached_from_the_index():
    linked = re.findall(r"\]\(([^)#:]+\.md)", (DOCS / "index.md").read_text(encoding="utf-8"))
    assert {DOCS / target for target in linked} == {page for page in PAGES if page.name != "index.md"}


def test_advice_names_every_family_and_no_other():
    text = (DOCS / "how-to" / "what-to-use-when.md").read_text(encoding="utf-8")
    table = re.search(r"^\| the data \|.*?\n\n", text, re.MULTILINE | re.DOTALL).group().strip()
    laws = "".join(row.split("|", 2)[2] for row in table.splitlines())
    assert set(re.findall(r"`(\w{3,})`", laws)) == set(mle.families())
