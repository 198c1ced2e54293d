"""The discrete power law with a cutoff: Lerch's transcendent in many digits, both tails, the laws that it contains."""

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly

import mle_toolkit as mle
from mle_toolkit.errors import DegenerateDataError, ParameterError

POINTS = [(1.5, 10.0, 1), (2.5, 1e6, 1), (0.3, 1e5, 1), (-5.0, 50.0, 1), (30.0, 100.0, 1), (2.2, 300.0, 50)]
"""Exponents on both sides of 0 and 1, cutoffs far below and far above xmin, which is the third."""


@pytest.mark.parametrize(("alpha", "scale", "xmin"), POINTS)
def test_probabilities_and_tails_are_those_of_lerchs_transcendent(alpha, scale, xmin):
    law = mle.Distribution(mle.get_family("zeta_cutoff", xmin=xmin), {"alpha": alpha, "scale": scale})
    x = np.array([xmin, *law.ppf([0.1, 0.9]).tolist(), *law.isf([1e-12, 1e-30]).tolist()])

    with mp.workdps(50):
        rate, order = 1 / mp.mpf(scale), mp.mpf(alpha)

        def beyond(k):
            return mp.exp(-rate * k) * mp.lerchphi(mp.exp(-rate), order, int(k))

        total = beyond(xmin)
        height = [float(-order * mp.log(k) - rate * mp.mpf(k) - mp.log(total)) for k in x]
        tails = [beyond(k + 1) / total for k in x]
        above, below = [float(mp.log(t)) for t in tails], [float(mp.log(1 - t)) for t in tails]
    assert law.logpdf(x) == pytest.approx(height, rel=1e-13, abs=1e-13)
    assert law.logsf(x) == pytest.approx(above, rel=1e-13, abs=1e-13)
    assert law.logcdf(x) == pytest.approx(below, rel=1e-12, abs=1e-13)


def test_moments_are_sums():
    law = mle.distribution("zeta_cutoff", alpha=-2.0, scale=200.0)
    k = np.arange(1.0, 20_000.0)
    p = np.exp(law.logpdf(k))
    assert float(np.sum(p)) == pytest.approx(1.0, abs=1e-13)
    assert float(law.mean()) == pytest.approx(float(np.sum(p * k)), rel=1e-12)
    assert float(law.var()) == pytest.approx(float(np.sum(p * (k - law.mean()) ** 2)), rel=1e-12)
    assert float(law.entropy()) == pytest.approx(-float(np.sum(p * law.logpdf(k))), rel=1e-12)


def test_geometric_and_logarithmic_laws_are_special_cases():
    k = np.arange(1.0, 40.0)
    for name, params in (("zero_truncated(geometric)", {"prob": 0.3}), ("logseries", {"p": 0.8})):
        case = mle.get_family(name)
        large = mle.get_family("zeta_cutoff")
        embed = next(s.embed for s in large.special_cases if s.family.name == case.name)
        at = dict(zip(large.param_names, embed(*params.values()), strict=True))
        expected = mle.Distribution(case, params).logpdf(k)
        assert mle.Distribution(large, at).logpdf(k) == pytest.approx(expected, rel=1e-12)


def test_heavier_tails_than_a_power_have_no_cutoff():
    x = np.append(mle.distribution("zeta", alpha=3.0).rvs(300, rng=1), [2000.0, 5000.0])
    fit = fit_quietly(x, "zeta_cutoff")
    smaller = mle.fit(x, "zeta")
    assert (fit.certificate.verdict, fit.certificate.limit) == ("boundary", "zeta")
    assert fit.llf == pytest.approx(smaller.llf, abs=1e-9)
    assert fit.params["alpha"] == pytest.approx(smaller.params["alpha"], rel=1e-9)


def test_the_tail_of_counts_is_compared_with_a_cutoff():
    x = mle.distribution("zeta_cutoff", alpha=1.6, scale=40.0).rvs(800, rng=2)
    tail = mle.fit(x[x >= 3], mle.get_family("zeta", xmin=3))
    ranked = mle.compare(x[x >= 3], [tail, mle.get_family("zeta_cutoff", xmin=3)])
    assert ranked.best.family.name == "zeta_cutoff"
    assert ranked.fits["zeta_cutoff"].test(nested=tail).p_value < 0.01


def test_what_leaves_no_maximum_is_refused():
    with pytest.raises(DegenerateDataError, match="all 3 counts are 4 or 5"):
        mle.fit([4, 5, 5], "zeta_cutoff")
    with pytest.raises(ParameterError, match="xmin must be a whole number"):
        mle.get_family("zeta_cutoff", xmin=1.5)
