"""The summary of a fit prints in every format, and a dash stands where there is no number."""

import csv
import io

import numpy as np
import pytest
from references import fit_quietly
from statsmodels.iolib.summary import Summary

import mle_toolkit as mle

LAW_OF_ITS_OWN = mle.Family.from_logpdf(
    lambda x, rate: np.log(rate) - rate * x, {"rate": mle.POSITIVE}, mle.POSITIVE, name="a <b> & {c}"
)

FITS = {
    "interior": lambda: mle.fit(mle.Sample.table([0, 1, 2, 3, 4], [109, 65, 22, 3, 1]), "poisson"),
    "boundary": lambda: fit_quietly(np.linspace(-1.0, 1.0, 100), "student_t"),
    "endpoint": lambda: fit_quietly([0, 0, 0], "poisson"),
    "non-regular": lambda: mle.fit([1.0, 2.5, 3.0, 4.2], "laplace"),
    "fixed": lambda: mle.fit([1.0, 2.5, 3.0, 4.2], "gamma", fixed={"shape": 2.0}),
    "reliability": lambda: mle.fit(mle.Sample([1.0, 2.5, 3.0], [1.0, 0.5, 2.0], "reliability"), "gamma"),
    "vector": lambda: mle.fit([0, 1, 2, 1, 1, 0], "categorical"),
    "one observation": lambda: mle.fit([3.0], "exponential"),
    "own law": lambda: mle.fit([1.0, 2.5, 3.0, 4.2], LAW_OF_ITS_OWN),
}


@pytest.fixture(params=FITS)
def fit(request):
    return FITS[request.param]()


def test_it_prints_in_every_format_without_a_warning(fit):
    summary = fit.summary()
    assert isinstance(summary, Summary)
    for text in (summary.as_text(), summary.as_html(), summary.as_latex(), summary.as_csv()):
        assert "Cross-entropy" in text
        assert "nan" not in text.lower().split()
    assert str(fit) == summary.as_text()
    assert fit._repr_html_() == summary.as_html()


def test_every_coefficient_has_a_row_with_its_numbers():
    fit = FITS["interior"]()
    rows = list(csv.reader(io.StringIO(fit.summary().as_csv())))
    cells = next([cell.strip() for cell in row] for row in rows if row and row[0].strip() == "mu")
    lower, upper = fit.conf_int().loc["mu"]
    assert [float(cell) for cell in cells[1:]] == pytest.approx([0.61, fit.bse["mu"], lower, upper], rel=1e-3)


def test_the_header_has_the_criteria_and_the_one_line():
    fit = FITS["interior"]()
    text = fit.summary().as_text()
    for value in (fit.llf, fit.aic, fit.aicc, fit.bic, fit.tic, fit.cross_entropy, fit.cross_entropy / np.log(2)):
        assert f"{value:.6g}" in text
    assert "1.0284 ± 0.05" in text


def test_the_level_of_the_intervals_is_in_their_header():
    assert "[0.05" in FITS["interior"]().summary(alpha=0.1).as_text()
    assert "0.95]" in FITS["interior"]().summary(alpha=0.1).as_text()


def row_of(fit, name):
    return next(line.split() for line in fit.summary().as_text().splitlines() if line.split()[:1] == [name])


def test_a_missing_standard_error_is_a_dash():
    assert row_of(FITS["boundary"](), "df") == ["df", "∞", "—", "—", "—"]
    assert row_of(FITS["non-regular"](), "loc")[2:] == ["—", "—", "—"]


def test_a_known_parameter_is_called_known():
    assert row_of(FITS["fixed"](), "shape") == ["shape", "2", "known", "—", "—"]


def test_the_certificate_is_told():
    assert "where student_t is normal" in FITS["boundary"]().summary().as_text()


def test_notes_are_escaped_in_html_and_latex():
    fit = FITS["boundary"]()
    assert r"student\_t is normal" in fit.summary().as_latex()
    assert "∞" not in fit.summary().as_latex()
    rows = mle.fit([2.0, 2.0, 3.0, 3.0], "gamma").summary()
    rows.extra_txt = "a < b & c"
    assert "a &lt; b &amp; c" in rows.as_html()


def test_few_observations_are_said_to_make_wald_intervals_doubtful():
    x = mle.distribution("gamma", shape=2.0, scale=1.0).rvs(100, rng=1)
    assert "observations per parameter" not in str(mle.fit(x, "gamma"))
    few = mle.fit(x[:99], "gamma")
    assert "Fewer than 50 observations per parameter" in str(few)
    assert few.quantile(0.9).flags == ("few_observations_for_wald",)
    assert few.quantile(0.9, method="profile").flags == ()
