"""The documentation says what the code says; that its examples run is tested where they stand."""

import re
import shlex
import sys
from pathlib import Path

import pytest

import mle_toolkit as mle
from mle_toolkit import cli

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
    assert {name for name in (*dir(mle), *dir(mle.information)) if not name.startswith("__")} <= listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_page_is_reached_from_the_index():
    indexes = [page for page in PAGES if page.name == "index.md"]
    linked = {
        (page.parent / target).resolve()
        for page in indexes
        for target in re.findall(r"\]\(([^)#:]+\.md)", page.read_text(encoding="utf-8"))
    }
    assert linked == set(PAGES) - {DOCS / "index.md"}


def test_advice_names_every_family_and_no_other():
    text = (DOCS / "how-to" / "what-to-use-when.md").read_text(encoding="utf-8")
    table = re.search(r"^\| the data \|.*?\n\n", text, re.MULTILINE | re.DOTALL).group().strip()
    laws = "".join(row.split("|", 2)[2] for row in table.splitlines())
    assert set(re.findall(r"`(\w{3,})`", laws)) == set(mle.families())


def test_laws_by_field_can_be_written():
    text = (DOCS / "how-to" / "what-to-use-when.md").read_text(encoding="utf-8")
    table = re.search(r"^\| field \|.*?\n\n", text, re.MULTILINE | re.DOTALL).group()
    laws = set(re.findall(r'`"([^"`]+)"`', table))
    assert len(laws) > 30
    for law in laws:
        assert mle.get_family(law, **({"n": 5} if law == "betabinomial" else {}))


def shell_examples():
    """Commands of ``mle`` without a pipe, in the shell blocks of all pages, with the output that is shown."""
    for page in PAGES:
        for block in re.findall(r"^```\n(\$ .*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, shown = example.split("\n", 1)
                if command.startswith("mle ") and "|" not in command:
                    yield pytest.param(command, shown, id=command)


@pytest.mark.parametrize(("command", "shown"), list(shell_examples()))
def test_shell_examples_show_true_output(command, shown, monkeypatch, capsys):
    """Up to where lines break: no digit that is shown is decided by rounding, which differs between machines.

    In this process: what a shell sees of a process of its own, tests/cli/test_cli.py says.
    """
    monkeypatch.setattr("sys.argv", shlex.split(command))
    with pytest.raises(SystemExit):
        cli.main()
    run = capsys.readouterr()
    assert (run.out + run.err).split() == shown.split()
