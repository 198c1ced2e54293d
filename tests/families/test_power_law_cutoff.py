"""The power law with a cutoff: its normalising constant in many digits, both ends, units, limits."""

import math

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly

import mle_toolkit as mle
from mle_toolkit.errors import ParameterError, SupportError

POINTS = [(1.5, 10.0), (2.5, 1e6), (1.0, 1e3), (0.3, 1e10), (-5.0, 0.5), (30.0, 100.0), (2.0, 1e-3), (3.0, 1e30)]
"""Exponents on both sides of 1, cutoffs far below and far above xmin."""


@pytest.mark.parametrize(("alpha", "scale"), POINTS)
def test_density_and_tails_are_those_of_the_incomplete_gamma_function(alpha, scale):
    law = mle.distribution("power_law_cutoff", alpha=alpha, scale=scale)
    x = law.ppf([1e-9, 0.1, 0.5, 0.9]).tolist() + law.isf([1e-9]).tolist()
    with mp.workdps(60):
        a, w = mp.mpf(alpha), 1 / mp.mpf(scale)
        norm = mp.expint(a, w)  # of order alpha at xmin / scale
        tail = [mp.mpf(v) ** (1 - a) * mp.expint(a, w * mp.mpf(v)) / norm for v in x]
        height = [float(-a * mp.log(v) - w * mp.mpf(v) - mp.log(norm)) for v in x]
        above, below = [float(mp.log(t)) for t in tail], [float(mp.log(1 - t)) for t in tail]
    assert law.logpdf(x) == pytest.approx(height, rel=1e-12, abs=1e-12)
    assert law.logsf(x) == pytest.approx(above, rel=1e-9, abs=1e-17)
    # Next to xmin an ulp of x is a part of the way from it.
    assert law.logcdf(x[1:]) == pytest.approx(below[1:], rel=1e-9, abs=1e-17)


def test_the_far_tail_does_not_underflow():
    law = mle.distribution("power_law_cutoff", alpha=1.5, scale=10.0)
    with mp.workdps(30):
        exact = mp.log(mp.mpf(1e5) ** -mp.mpf(0.5) * mp.expint(1.5, 1e4) / mp.expint(1.5, mp.mpf(1) / 10))
    assert law.sf(1e5) == 0
    assert float(law.logsf(1e5)) == pytest.approx(float(exact), rel=1e-12)
    assert law.cdf([0.5, 1.0, np.inf]).tolist() == [0.0, 0.0, 1.0]
    assert law.ppf([0.0, 1.0]).tolist() == [1.0, np.inf]


@pytest.mark.parametrize(("alpha", "scale"), [(1.5, 20.0), (1.0, 1e4), (-2.0, 3.0), (40.0, 2.0)])
def test_tails_of_rows_together_are_those_of_the_incomplete_gamma_function(alpha, scale):
    """Rows of one law share what lies between them, whatever their order, and laws among them are told apart."""
    law = mle.get_family("power_law_cutoff")
    x = np.random.default_rng(5).permutation(law.ppf(np.linspace(0.005, 0.995, 80), alpha, scale))
    scales = np.where(np.arange(80) % 2, scale, 3 * scale)
    below, above = law.logcdf(x, alpha, scales), law.logsf(x, alpha, scales)
    by_cdf, by_sf = law.tail_scores(x, alpha, scales)
    with mp.workdps(40):
        for k in (0, 1, 40, 79):

            def log_sf(alpha, scale, start=float(x[k])):
                return mp.log(mp.gammainc(1 - alpha, start / scale) / mp.gammainc(1 - alpha, 1 / scale))

            sf = mp.exp(log_sf(mp.mpf(alpha), mp.mpf(float(scales[k]))))
            assert above[k] == pytest.approx(float(mp.log(sf)), rel=1e-12, abs=1e-13)
            assert below[k] == pytest.approx(float(mp.log(1 - sf)), rel=1e-12, abs=1e-13)
            for j, order in enumerate([(1, 0), (0, 1)]):
                slope = mp.diff(log_sf, (alpha, scales[k]), order)
                assert by_sf[j][k] == pytest.approx(float(slope), rel=1e-11)
                assert by_cdf[j][k] == pytest.approx(float(-slope * sf / (1 - sf)), rel=1e-11)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_a_fit_moves_with_the_unit_where_xmin_does(factor):
    x = mle.distribution("power_law_cutoff", alpha=1.4, scale=20.0).rvs(300, rng=1)
    here, there = mle.fit(x, "power_law_cutoff"), mle.fit(factor * x, mle.get_family("power_law_cutoff", xmin=factor))
    assert here.certificate.verdict == there.certificate.verdict == "interior"
    assert there.params["alpha"] == pytest.approx(here.params["alpha"], abs=1e-5 * here.bse["alpha"])
    assert there.params["scale"] == pytest.approx(factor * here.params["scale"], rel=1e-5)
    assert there.llf == pytest.approx(here.llf - 300 * math.log(factor), rel=1e-10)


def test_heavier_tails_than_a_power_have_no_cutoff():
    x = np.append(np.exp(np.random.default_rng(2).exponential(0.2, 100)), 30.0)
    fit = fit_quietly(x, "power_law_cutoff")
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "pareto from xmin"
    assert fit.params["scale"] == np.inf


def test_what_lies_below_xmin_is_refused():
    with pytest.raises(SupportError, match="1 of 3"):
        mle.fit([0.5, 2.0, 3.0], "power_law_cutoff")
    with pytest.raises(ParameterError, match="xmin must be one positive number"):
        mle.get_family("power_law_cutoff", xmin=-1.0)


@pytest.mark.parametrize("name", ["power_law_cutoff", "zeta_cutoff"])
def test_far_from_xmin_the_law_is_nearly_normal(name):
    """With an exponent of -2e5 its parameters nearly determine each other, and yet have a maximum."""
    x = np.rint(np.random.default_rng(3).normal(5000.0, 12.0, 400))
    fit, normal = mle.fit(x, name), mle.fit(x, "normal")
    assert fit.certificate.verdict == "interior"
    assert fit.distribution.mean() == pytest.approx(normal.params["mu"], rel=1e-8)  # an exponential family in x
    assert fit.llf == pytest.approx(normal.llf, abs=0.1)
