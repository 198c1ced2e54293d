"""What the site makes of the pages; that it builds without a warning is checked by building it."""

import inspect
import sys
from pathlib import Path

import numpy as np
import pytest

import mle_toolkit as mle

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
import building
import densities


def test_the_lists_of_an_index_are_its_contents():
    source = [
        "# How to\n\n## Bring data\n\n- [Weights](weights.md): of rows, see [rates](rates.md).\n- [Web](https://a.b/c.md)\n"
    ]
    building.add_contents(None, "how-to/index", source)
    assert source[0].endswith("\n```{toctree}\n:hidden:\n:caption: Bring data\n\nweights\n```\n")
    assert source[0].count("toctree") == 1


@pytest.mark.parametrize("page", ["how-to/weights", "gallery/index"])
def test_other_pages_have_no_contents(page):
    source = ["- [Rates](rates.md)\n"]
    building.add_contents(None, page, source)
    assert source == ["- [Rates](rates.md)\n"]


def test_every_function_and_class_has_a_page_under_the_name_that_users_write():
    names = building.public_names()
    public = {n for n in dir(mle) if not n.startswith("_") and callable(getattr(mle, n)) and not inspect.ismodule(n)}
    public -= {n for n in public if isinstance(getattr(mle, n), mle.Interval)}
    assert {f"mle_toolkit.{name}" for name in public} <= set(names)
    assert {"mle_toolkit.plot.profile", "mle_toolkit.errors.SupportError"} <= set(names)
    assert len({id(item) for item in names.values()}) == len(names)


def test_names_in_tables_lead_to_their_pages():
    source = [
        "# Names\n## Functions\n\n| `fit` | x |\n\n## mle.plot\n\n| `qq` | x |\n\n## Members of Fit\n\n| `aic` | x |\n"
    ]
    building.link_names(None, "reference/api", source)
    for name in ("fit", "plot.qq", "Fit.aic"):
        assert f"| {{py:obj}}`{name.rsplit('.', 1)[-1]} <mle_toolkit.{name}>` |" in source[0]


def test_names_without_a_page_of_their_own_lead_where_they_are_explained():
    source = ["# Names\n\n## mle.information\n\n| `entropy` | x |\n\n## Members of Bootstrap\n\n| `replicates` | x |\n"]
    building.link_names(None, "reference/api", source)
    assert "`entropy <mle_toolkit.entropy>`" in source[0]
    assert "`replicates <mle_toolkit.inference.bootstrap.Bootstrap>`" in source[0]


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"\frac12 \tfrac34", ["<mn>1</mn>\n    <mn>2</mn>", "<mn>3</mn>\n    <mn>4</mn>"]),
        (r"\log q", ['<mi>log</mi>\n  <mspace width="0.17em"/>\n  <mi>q</mi>']),
        (r"0, 1, \dots", ["<mi>…</mi>"]),
    ],
)
def test_formulas_are_written_as_they_are_meant(latex, shown):
    nodes = pytest.importorskip("docutils.nodes")
    pytest.importorskip("sphinx")
    written = building.mathml(nodes.math(latex, latex), block=False)
    assert all(part in written for part in shown)


@pytest.mark.parametrize("law", ["gamma", "normal", "student_t", "zip", "pareto", "beta"])
def test_the_picture_of_a_law_shows_its_bulk_and_differences(law):
    shown = list(densities.members(mle.get_family(law)).values())
    low, high = densities.window(shown)
    for one in shown:
        assert one.cdf(high) - one.cdf(np.nextafter(low, -np.inf)) > 0.8
    assert len({float(one.ppf(0.9)) for one in shown}) == 3


def test_a_picture_of_every_law_stands_under_its_title():
    source = ["# Families\n\n## gamma\n\ntext\n"]
    building.show_densities(None, "reference/families", source)
    assert "## gamma\n\n![Density of gamma](pictures/gamma.png)\n" in source[0]
