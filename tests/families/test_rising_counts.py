"""The law that is left of a negative binomial one in a window, as its mean grows without end."""

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly

import mle_toolkit as mle
from mle_toolkit.families.rising_counts import RisingCounts, rising_in_window


@pytest.mark.parametrize(("first", "last"), [(0, 13), (1, 13), (5, 40), (0, 0), (3, 3)])
@pytest.mark.parametrize("size", [1e-9, 1e-3, 0.5, 1.0, 5.3, 200.0, 1e6])
def test_it_is_that_of_its_definition_in_forty_digits(first, last, size):
    law, counts = RisingCounts(first, last), np.arange(first, last + 1.0)
    with mp.workdps(40):
        s = mp.mpf(size)
        weights = [mp.rf(s, k) / mp.factorial(k) for k in range(first, last + 1)]
        up_to = [mp.fsum(weights[: k + 1]) for k in range(len(weights))]
        slopes = [w * mp.fsum(1 / (s + j) for j in range(k)) for k, w in enumerate(weights, first)]
        logs = np.array([float(mp.log(w / up_to[-1])) for w in weights])
        below = np.array([float(mp.log(w / up_to[-1])) for w in up_to])
        above = np.array([float(mp.log(1 - w / up_to[-1])) for w in up_to[:-1]])
        mean_slope = mp.fsum(slopes) / up_to[-1]
        scores = np.array([float(d / w - mean_slope) for d, w in zip(slopes, weights, strict=True)])
    at = np.asarray(size)
    np.testing.assert_allclose(law.logpdf(counts, at), logs, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(law.logcdf(counts + 0.5, at), below, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(law.logsf(counts[:-1], at), above, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(at * law.score(counts, at)[0], at * scores, rtol=1e-9, atol=1e-8)
    assert np.all(np.isneginf(law.logpdf(np.array([first - 1.0, last + 1.0]), at)))


def test_it_is_what_a_negbin_in_a_window_tends_to():
    counts, law = np.arange(2.0, 10.0), mle.truncated("negbin", 1, 9)
    (limit, *_) = rising_in_window(1.0, 9.0)
    far = law.logpdf(counts, np.asarray(2.5), np.asarray(1e12))
    np.testing.assert_allclose(limit.family.logpdf(counts, np.asarray(2.5)), far, rtol=1e-9)
    assert limit.embed(2.5) == (2.5, np.inf)
    assert rising_in_window(1.0, np.inf) == ()


@pytest.mark.parametrize("form", ["exact", "intervals"])
def test_counts_that_only_rise_in_a_window_have_it_as_their_limit(form):
    """Sums of their weights tell the size; the mean is infinite, and said to be so."""
    counts = np.arange(1.0, 13.0)
    weight = np.round(40 * (counts / 12) ** 2.2) + 1
    sample = mle.Sample(counts, weight) if form == "exact" else mle.Sample.intervals(counts - 1, counts, weight)
    fit = fit_quietly(sample.truncated(0, 12), "negbin")
    assert fit.certificate.verdict == "boundary"
    assert fit.params["mu"] == np.inf
    law = RisingCounts(1, 12)
    size = fit.params["size"]
    at = [float(weight @ law.logpdf(counts, np.asarray(s))) for s in (size * 0.999, size, size * 1.001)]
    assert fit.llf == pytest.approx(at[1], abs=1e-9)
    assert at[1] > max(at[0], at[2])
