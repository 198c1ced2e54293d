"""A page needs nothing else, shows what the result says, and obeys no text in it."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import ParameterError
from mle_toolkit.report.page import html_of

X = np.random.default_rng(5).gamma(2.0, 3.0, 60).round(4)


class _Read(HTMLParser):
    """Elements, addresses, and the texts of scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.ids = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action"):
                self.addresses.append(value)
            if name == "id":
                self.ids.append(value)


def test_a_page_loads_nothing_obeys_no_text_and_says_what_python_says():
    fit = mle.fit(X, "exponential")
    options = {"label": "<b>hours</b>", "command": 'mle fit "a&b"', "date": "2026-01-02"}
    page = html_of(fit, **options)
    assert html_of(fit, **options) == page  # the same bytes
    read = _Read(page)
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in read.addresses)
    assert "default-src 'none'" in page
    assert "<b>hours" not in page
    assert "&lt;b&gt;hours" in page
    assert not {"link", "iframe", "object", "form", "b"} & set(read.tags)
    assert len(read.ids) == len(set(read.ids))
    found = re.search(r'<script type="application/json" id="result">(.*?)</script>', page, re.DOTALL)
    assert json.loads(found[1])["params"] == fit.to_dict()["params"]
    line = json.loads(re.search(r'class="line-data">(.*?)</script>', page, re.DOTALL)[1])
    for parameter in line["parameters"]:
        for value, nll in zip(parameter["values"][::7], parameter["nll"][::7], strict=True):
            law = mle.distribution("exponential", scale=value)
            assert nll == pytest.approx(-law.logpdf(X).mean(), rel=1e-12)
        assert parameter["nll"][line["at"]] == min(parameter["nll"])


def test_a_page_of_any_data_is_small():
    many = mle.fit(np.random.default_rng(6).normal(size=20_000), "normal")
    assert len(html_of(many)) < 130_000  # a comparison has two laws, the ranking, and the result as JSON


def test_what_cannot_be_drawn_is_said():
    text = html_of(mle.fit(np.random.default_rng(2).normal(size=(40, 2)), "multivariate_normal"))
    assert "the observations are vectors" in text


def test_comparisons_regressions_and_groups_have_pages():
    frame = pd.DataFrame({"y": X, "x": np.arange(60.0), "g": np.repeat(["a", "<i>"], 30)})
    ranked = html_of(mle.compare(X, ["exponential", "rayleigh"]), laws=1)
    assert "rayleigh" in ranked
    assert "ranked by AIC" in ranked
    slopes = html_of(mle.regress("y ~ x", frame, "exponential"))
    assert ">x</td>" in slopes
    assert "exponential regression of y" in slopes
    groups = html_of(mle.fit_groups(frame, "g", "y", "exponential"))
    assert "&lt;i&gt;" in groups
    assert groups.count("2 groups: 2 interior</") == 1


def test_the_room_is_also_the_verb(tmp_path):
    import mle_toolkit.report

    mle_toolkit.report(mle.fit(X, "exponential"), tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(ParameterError, match="expected a fit, a comparison or groups, got float"):
        mle.report(3.0, tmp_path / "page.html")
    with pytest.raises(ParameterError, match="cannot write"):
        mle.report(mle.fit(X, "exponential"), tmp_path / "none" / "page.html")


def test_compared_regressions_have_a_section_each(tmp_path):
    """The panels of a law, which they have not, were asked of them."""
    frame = {"x": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "y": [1, 1, 4, 3, 6, 9]}
    comparison = mle.compare({"straight": mle.regress("y ~ x", frame, "poisson")})
    mle.report(comparison, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "straight: Formulas" in text
    assert "straight: Fit" in text
    (row,) = comparison.to_dict()["table"]
    assert set(row["params"]["mu"]) == {"Intercept", "x"}
