"""The exponential law in a window, to which truncated normal and lognormal laws tend."""

import math

import numpy as np
import pytest
from references import fit_quietly
from scipy import integrate, stats

import mle_toolkit as mle
from mle_toolkit.errors import FitWarning
from mle_toolkit.families.tilted import Tilted

RNG = np.random.default_rng(1)
WAITS = RNG.exponential(2.0, size=100)
RIDGE = np.append(RNG.beta(0.4, 0.5, size=40), [0.01, 0.99])  # a density in the form of a U


def at_boundary(x, law):
    with pytest.warns(FitWarning, match="at the boundary"):
        return mle.fit(x, law)


@pytest.mark.parametrize("law", [Tilted(-1.0, 2.0), Tilted(0.5, 4.0, of_log=True)], ids=lambda law: law.name)
@pytest.mark.parametrize("slope", [-400.0, -3.0, -1e-3, 0.0, 1e-9, 0.02, 5.0, 300.0])
def test_density_tails_and_quantiles_agree(law, slope):
    a, b = law.support.lower, law.support.upper
    x = a + (b - a) * np.array([0.02, 0.3, 0.77, 0.99])

    def power(t):
        return np.exp(slope * (np.log(t) - np.log(b)) - np.log(t)) if law.of_log else np.exp(slope * (t - b))

    def area(low, high):
        return integrate.quad(power, low, high, points=None, limit=200, epsabs=0, epsrel=1e-11)[0]

    if abs(slope) < 50:  # quadrature misses steeper ones
        np.testing.assert_allclose(np.exp(law.logpdf(x, slope)), power(x) / area(a, b), rtol=1e-8)
        np.testing.assert_allclose(law.cdf(x, slope), [area(a, t) / area(a, b) for t in x], rtol=1e-7)
    np.testing.assert_allclose(law.cdf(x, slope) + law.sf(x, slope), 1.0, rtol=1e-10)
    inside = law.cdf(x, slope)
    keep = (inside > 1e-9) & (inside < 1 - 1e-9)
    np.testing.assert_allclose(law.ppf(inside[keep], slope), x[keep], rtol=1e-6)
    above = law.sf(x, slope)
    keep = (above > 1e-300) & (above < 1 - 1e-9)
    np.testing.assert_allclose(law.isf(above[keep], slope), x[keep], rtol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
@pytest.mark.parametrize(("shift", "lower"), [(0.0, 0.0), (3.0, 3.0)])
def test_a_truncated_normal_law_of_exponential_data_is_exponential(scale, shift, lower):
    """Their coefficient of variation is above 1, so that there is no maximum in the interior (del Castillo 1994)."""
    assert WAITS.std() > WAITS.mean()
    x = (WAITS + shift) * scale
    own = at_boundary(x, mle.truncated("normal", lower=lower * scale))
    seen = at_boundary(mle.Sample(x).truncated(lower=lower * scale), "normal")
    best = -100 * (1 + np.log(np.mean(x - lower * scale)))
    for found in (own, seen):
        assert found.certificate.verdict == "boundary"
        assert "exponential" in found.certificate.limit
        assert found.llf == pytest.approx(best, abs=1e-7)
        assert dict(found.params) == {"mu": -np.inf, "sigma": np.inf}
    assert own.distribution.mean() == pytest.approx(np.mean(x), rel=1e-9)


def test_between_two_ends_the_exponential_may_rise_or_fall():
    falling = at_boundary(RIDGE, mle.truncated("normal", 0.0, 1.0))
    rising = at_boundary(1 - RIDGE, mle.truncated("normal", 0.0, 1.0))
    assert falling.certificate.verdict == rising.certificate.verdict == "boundary"
    assert falling.llf == pytest.approx(rising.llf, abs=1e-9)
    assert np.sign(falling.params["mu"]) == -np.sign(rising.params["mu"])
    slopes = np.linspace(-5, 5, 20_000)  # 0 is not among them
    llf = slopes * RIDGE.sum() - len(RIDGE) * np.log(np.expm1(slopes) / slopes)
    assert falling.llf == pytest.approx(llf.max(), abs=1e-6)


def test_a_truncated_lognormal_law_tends_to_paretos():
    x = np.exp(0.7 * WAITS)
    found = at_boundary(x, mle.truncated("lognormal", lower=1.0))
    pareto = mle.fit(x, "pareto", fixed={"xm": 1.0})
    assert found.certificate.verdict == "boundary"
    assert found.llf == pytest.approx(pareto.llf, abs=1e-8)


def test_an_interior_maximum_in_a_window_stays():
    x = np.abs(np.random.default_rng(2).normal(1.0, 1.0, size=200))
    found = mle.fit(x, mle.truncated("normal", lower=0.0))
    assert found.certificate.verdict == "interior"


@pytest.mark.parametrize("side", [1.0, -1.0], ids=["falling", "rising"])
@pytest.mark.parametrize(
    ("law", "of_log"),
    [
        ("smallest_extreme_value", False), ("gumbel", False), ("logistic", False),
        ("weibull", True), ("frechet", True), ("loglogistic", True),
    ],
)  # fmt: skip
def test_a_window_beyond_which_data_fall_slower_than_any_of_the_law_shows_its_exponential_limit(law, of_log, side):
    """The logs of these densities are concave (of the log of x): of convex data the best is a straight line."""
    away = stats.lomax(1.5).ppf((np.arange(30) + 0.5) / 30)
    inner = side * (0.2 + 0.1 * away)
    x, end = (np.exp(inner), math.exp(side * 0.2)) if of_log else (inner, side * 0.2)
    sample = mle.Sample(x).truncated(lower=end) if side > 0 else mle.Sample(x).truncated(upper=end)
    fit = fit_quietly(sample, law)
    expected = -30 * (1 + math.log(np.mean(0.1 * away))) - (np.sum(inner) if of_log else 0.0)
    assert fit.certificate.verdict == "boundary"
    assert fit.llf == pytest.approx(expected, abs=1e-8)
