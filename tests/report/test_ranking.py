"""The ranking as text and as HTML."""

import html.parser

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.report.ranking import WIDTH


@pytest.fixture(scope="module")
def comparison():
    data = np.array([3.0, 7.0, 12.0, 900.0, 44.0, 31.0, 260.0, 5.0, 81.0, 17.0])
    return mle.compare(data, ["gamma", "lognormal", "weibull", "chi", "chi_squared", "normal", "uniform", "beta"])


def test_a_printed_ranking_fits_its_width(comparison):
    lines = str(comparison).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[0].split() == ["family", "k", "CE", "ΔKL", "±", "se", "KL", "±", "se", "ΔAIC", "weight", "verdict"]
    assert [line.split()[1] for line in lines[1 : 1 + len(comparison.fits)]] == list(comparison.fits)
    assert "beta" in str(comparison)


def test_a_long_name_goes_on_in_the_next_line():
    name = "mixture of " + " and ".join(["zero-inflated negbin"] * 4)
    law = mle.Family.from_logpdf(
        lambda x, rate: np.log(rate) - rate * x, {"rate": mle.POSITIVE}, mle.POSITIVE, name=name
    )
    lines = str(mle.compare([3.0, 7.0, 12.0, 44.0], [law, "rayleigh"])).splitlines()
    assert max(map(len, lines)) <= WIDTH
    row = next(k for k, line in enumerate(lines) if "mixture" in line)
    assert lines[row].rstrip().endswith("interior")
    assert " ".join([lines[row].split("  ")[1], lines[row + 1].strip()]).startswith("mixture of zero-inflated")


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_shows_nine_columns_and_unfolds_the_rest(comparison):
    text = comparison._repr_html_()
    parsed = Tags()
    parsed.feed(text)
    assert parsed.open == []
    assert parsed.seen.count("details") >= 2
    assert text.index("<details>") > text.index("ΔKL")
    assert text[: text.index("</thead>")].count("<th>") == 9
    assert "akaike_weight" not in text[: text.index("<details>")]
    assert "akaike_weight" in text
