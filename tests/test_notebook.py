"""What a notebook shows of results."""

import pandas as pd
import pytest

import mle_toolkit as mle
from mle_toolkit import notebook

FIT = mle.fit([1.1, 0.4, 2.7, 1.9, 0.8, 3.3, 0.2], "gamma")
SHOWN = {
    "data set": lambda: mle.datasets.load("rivers"),
    "certificate": lambda: FIT.certificate,
    "estimates": lambda: FIT.params,
    "errors": lambda: FIT.bse,
    "information": FIT.information,
    "profile": lambda: FIT.profile("shape"),
    "bootstrap": lambda: FIT.bootstrap(40, rng=1),
    "goodness": lambda: FIT.goodness_of_fit(n_resamples=39, rng=1),
    "groups": lambda: mle.fit_groups(
        pd.DataFrame({"g": ["<b>", "b"] * 20, "x": range(1, 41)}), "g", "x", "exponential"
    ),
}


@pytest.mark.parametrize("name", SHOWN)
def test_results_are_tables(name):
    text = SHOWN[name]()._repr_html_()
    assert text.count("<table>") == text.count("</table>") >= 1
    assert "style=" not in text  # the theme of the notebook, light or dark, gives the colours
    assert "<b>" not in text


def test_what_is_shown_is_escaped():
    text = notebook.table(("<a>",), [("<script>",)], ("<i>",), caption="<h1>") + notebook.folded("<u>", "<p>kept</p>")
    assert not any(tag in text for tag in ("<a>", "<script>", "<i>", "<h1>", "<u>"))
    assert "<p>kept</p>" in text


def test_estimates_are_a_mapping_that_cannot_be_changed():
    assert FIT.params == dict(FIT.params)
    assert list(FIT.params) == ["shape", "scale"]
    assert repr(FIT.params) == repr(dict(FIT.params))
    assert (FIT.params | {"scale": 1.0})["scale"] == 1.0
    with pytest.raises(TypeError):
        FIT.params["shape"] = 1.0
