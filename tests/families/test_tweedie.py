"""Tweedie's laws: the density against its series in many digits, tails against integrals, fits, limits, pathologies."""

import itertools
import math

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly
from scipy import integrate

import mle_toolkit as mle

POINTS = [
    (0.0, 2.0, 1.0, 1.5),
    (1.3, 2.0, 1.0, 1.5),
    (1e-6, 2.0, 1.0, 1.5),
    (300.0, 2.0, 1.0, 1.5),
    (3.0, 2.0, 0.005, 1.9),
    (40.0, 2.0, 0.02, 1.05),
    (5.0, 5.0, 0.01, 1.5),
    (2.0, 1e-3, 3.0, 1.9),
]
"""Few jumps and many, next to Poisson's law and to the gamma law."""


def exact(x, mu, phi, p):
    """The log of the series, all terms that count."""
    x, mu, phi, p = map(mp.mpf, (x, mu, phi, p))
    rate, alpha, theta = mu ** (2 - p) / (phi * (2 - p)), (2 - p) / (p - 1), phi * (p - 1) * mu ** (p - 1)
    if x == 0:
        return -rate
    peak = x ** (2 - p) / (phi * (2 - p))
    first, last = max(1, int(peak - 14 * mp.sqrt(peak) - 20)), int(peak + 14 * mp.sqrt(peak) + 40)
    step = mp.log(rate) + alpha * mp.log(x / theta)
    total = mp.fsum(mp.exp(j * step - mp.loggamma(j + 1) - mp.loggamma(j * alpha)) for j in range(first, last))
    return mp.log(total) - x / theta - rate - mp.log(x)


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_density_and_score_are_those_of_the_series(point):
    x, *params = point
    law = mle.get_family("tweedie")
    with mp.workdps(30):
        assert float(law.logpdf(np.array([x]), *params)[0]) == pytest.approx(float(exact(*point)), rel=1e-12, abs=1e-12)
    with mp.workdps(40):
        for k, got in enumerate(law.score(np.array([x]), *params)):
            slope = mp.diff(lambda *q: exact(x, *q), params, tuple(int(i == k) for i in range(3)), h=mp.mpf("1e-12"))
            size = max(1.0, abs(float(slope)))
            assert float(got[0]) == pytest.approx(float(slope), rel=1e-9, abs=1e-9 * size + 1e-12 / params[1] ** 2)


def test_second_derivatives_are_slopes_of_the_score():
    law, params = mle.get_family("tweedie"), (2.0, 0.8, 1.4)
    x = np.concatenate([[0.0], law.rvs(*params, size=40, rng=np.random.default_rng(1))])
    upper = dict(zip([(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)], law.hessian(x, *params), strict=True))
    for k in range(3):
        step = 1e-3 * np.eye(3)[k]
        at = lambda share, step=step: np.array(law.score(x, *(params + share * step)))  # noqa: E731
        slopes = (45 * (at(1) - at(-1)) - 9 * (at(2) - at(-2)) + at(3) - at(-3)) / 0.06
        for j in range(3):
            assert upper[min(j, k), max(j, k)] == pytest.approx(slopes[j], rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("params", [(2.0, 1.0, 1.5), (3.0, 0.02, 1.7), (0.5, 2.0, 1.1)])
def test_tails_are_integrals_and_quantiles_their_inverse(params):
    law = mle.distribution("tweedie", **dict(zip(("mu", "phi", "p"), params, strict=True)))
    zero = float(law.pdf(0.0))
    cuts = np.concatenate([[0.0], params[0] * np.array([0.01, 0.5, 1.2, 3.0])])
    masses = [integrate.quad(lambda t: float(law.pdf(t)), a, b, limit=400)[0] for a, b in itertools.pairwise(cuts)]
    assert law.cdf(cuts) == pytest.approx(zero + np.concatenate([[0.0], np.cumsum(masses)]), rel=1e-7, abs=1e-12)
    assert law.cdf(cuts) + law.sf(cuts) == pytest.approx(1.0, abs=1e-13)
    assert law.cdf([-1.0, np.inf]).tolist() == [0.0, 1.0]
    share = np.array([0.3, 0.7, 0.99]) * (1 - zero) + zero
    assert law.cdf(law.ppf(share)) == pytest.approx(share, rel=1e-10)
    assert law.sf(law.isf([1e-12, 1e-3])) == pytest.approx([1e-12, 1e-3], rel=1e-9)
    assert law.ppf([0.0, 0.5 * zero, 1.0]).tolist() == [0.0, 0.0, np.inf]


def test_the_far_tail_does_not_underflow():
    law = mle.distribution("tweedie", mu=2.0, phi=1.0, p=1.5)
    assert law.sf(4e3) == 0
    # Beyond x the density falls as its slope says.
    x = np.array([4e3, 4001.0])
    fall = float(law.logpdf(x[0]) - law.logpdf(x[1]))
    assert float(law.logsf(4e3)) == pytest.approx(float(law.logpdf(4e3)) - math.log(fall), abs=1e-2)


def test_moments_of_random_numbers():
    law = mle.distribution("tweedie", mu=2.0, phi=0.7, p=1.3)
    x = law.rvs(200_000, rng=2)
    assert x.mean() == pytest.approx(2.0, rel=0.01)
    assert x.var() == pytest.approx(0.7 * 2**1.3, rel=0.02)
    assert float(law.var()) == pytest.approx(0.7 * 2**1.3, rel=1e-14)
    assert np.mean(x == 0) == pytest.approx(float(law.pdf(0.0)), abs=0.005)
    assert float(law.entropy()) == pytest.approx(-float(np.mean(law.logpdf(x[:20_000]))), abs=0.03)


@pytest.fixture(scope="module")
def claims():
    return mle.distribution("tweedie", mu=3.0, phi=1.2, p=1.6).rvs(600, rng=3)


def test_a_fit_is_certified_and_moves_with_the_unit(claims):
    fit = mle.fit(claims, "tweedie")
    assert fit.certificate.verdict == "interior"
    assert fit.params["mu"] == pytest.approx(claims.mean(), rel=1e-9)  # mu and the others are orthogonal
    assert fit.llf >= mle.distribution("tweedie", mu=3.0, phi=1.2, p=1.6).logpdf(claims).sum()
    positive = int(np.sum(claims > 0))
    for factor in (1e-6, 1e6):
        there = mle.fit(factor * claims, "tweedie")
        assert there.params["p"] == pytest.approx(fit.params["p"], abs=1e-5 * fit.bse["p"])
        assert there.llf == pytest.approx(fit.llf - positive * math.log(factor), rel=1e-9)
        assert there.params["phi"] == pytest.approx(fit.params["phi"] * factor ** (2 - fit.params["p"]), rel=1e-4)


def test_weights_censoring_and_saving(claims, tmp_path):
    x = claims[:150]
    weight = np.random.default_rng(4).integers(1, 4, len(x))
    weighted, repeated = mle.fit(x, "tweedie", weights=weight), mle.fit(np.repeat(x, weight), "tweedie")
    assert weighted.llf == pytest.approx(repeated.llf, rel=1e-11)
    event = x < 6.0
    cut = mle.fit(mle.Sample.right_censored(np.where(event, x, 6.0), event), "tweedie")
    law = cut.distribution
    by_hand = float(np.sum(law.logpdf(x[event])) + np.sum(~event) * law.logsf(6.0))
    assert cut.llf == pytest.approx(by_hand, rel=1e-10)
    assert cut.certificate.ok
    weighted.save(tmp_path / "fit.json")
    assert mle.load(tmp_path / "fit.json").params == weighted.params


def test_a_regression_of_the_mean():
    rng = np.random.default_rng(5)
    z = rng.normal(size=250)
    y = mle.get_family("tweedie").rvs(np.exp(0.5 + 0.4 * z), 1.0, 1.5, size=250, rng=rng)
    fit = mle.regress("y ~ z", {"y": y, "z": z}, "tweedie")
    assert fit.certificate.verdict == "interior"
    assert fit.params["mu"]["z"] == pytest.approx(0.4, abs=4 * float(fit.bse["mu"]["z"]))


def test_amounts_without_zeros_go_to_the_gamma_law():
    x = np.random.default_rng(6).gamma(3.0, 2.0, 300)
    fit, gamma = fit_quietly(x, "tweedie"), mle.fit(x, "gamma")
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "gamma"
    assert fit.llf == pytest.approx(gamma.llf, rel=1e-12)


def test_counts_have_no_maximum():
    """At equal amounts of 1 their likelihood is that of counts, and a density without bound besides."""
    x = np.random.default_rng(7).poisson(2.0, 300) * 1.0
    with pytest.raises(mle.errors.UnboundedLikelihoodError, match="multiples of 1"):
        mle.fit(x, "tweedie")


@pytest.mark.parametrize(("p", "phi"), [(1.05, 0.2), (1.5, 1.0), (1.9, 3.0)])
def test_many_rows_of_one_law_are_what_each_is_alone(p, phi):
    law = mle.get_family("tweedie")
    x = np.concatenate([[0.0, 1e-9, 40.0], law.rvs(2.0, phi, p, size=600, rng=np.random.default_rng(1))])
    many, each = law.expansion(x, 2.0, phi, p), law.expansion(x, np.full(len(x), 2.0), phi, p)
    assert many[0] == pytest.approx(each[0], rel=1e-12, abs=1e-12)
    assert law.logpdf(x, 2.0, phi, p) == pytest.approx(each[0], rel=1e-12, abs=1e-12)
    for got, right in zip(many[1] + many[2], each[1] + each[2], strict=True):
        assert got == pytest.approx(right, rel=1e-8, abs=1e-8 * np.max(np.abs(right)))
