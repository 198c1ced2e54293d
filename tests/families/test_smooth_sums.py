"""Sums over very many counts, against zeta functions and mp."""

import math

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import mle_toolkit as mle
from mle_toolkit.families import summed
from mle_toolkit.families.bessel import lag_of_slope
from mle_toolkit.families.smooth_sums import smooth_sum


@pytest.mark.parametrize("power", [1.2, 1.5, 3.0])
def test_power_tails_are_zeta_functions(power):
    value, size = smooth_sum(lambda k: (k + 1.0) ** -power, 0.0, math.inf)
    assert value == pytest.approx(special.zeta(power), rel=1e-12)
    assert size == pytest.approx(value, rel=1e-6)


def test_ends_that_are_not_smooth_are_summed():
    value = smooth_sum(lambda k: (k + 0.3) ** -0.7, 1e6, 0.0)[0]
    assert value == pytest.approx(float(mp.zeta(0.7, 0.3) - mp.zeta(0.7, 1e6 + 1.3)), rel=1e-12)
    assert smooth_sum(lambda k: k, 0.0, 1e6)[0] == pytest.approx(1e6 * (1e6 + 1) / 2, rel=1e-13)
    assert smooth_sum(lambda k: k, 0.0, 20.0)[0] == 210.0


def test_a_bulk_wider_than_can_be_summed():
    mean, spread = 1e10, 1e5
    both = [smooth_sum(lambda k: np.exp(-0.5 * ((k - mean) / spread) ** 2), mean - j, end)[0] for j, end in
            ((0, 3e10), (1, 0.0))]  # fmt: skip
    assert sum(both) == pytest.approx(spread * math.sqrt(2 * math.pi), rel=1e-11)


def test_what_is_not_smooth_is_not_integrated():
    assert smooth_sum(lambda k: np.where(k % 2 == 0, 1.0, 0.0) / (k + 1.0) ** 2, 0.0, math.inf) is None
    assert smooth_sum(lambda k: 1 / (k + 1.0), 0.0, math.inf) is None  # it has no end
    noise = np.random.default_rng(0)
    assert smooth_sum(lambda k: (1 + 1e-3 * noise.normal(size=np.shape(k))) / (k + 1.0) ** 2, 0.0, math.inf) is None


def _borel(mu):
    mu = mp.mpf(mu)

    def log_p(x):
        return -mu * x + (x - 1) * mp.log(mu * x) - mp.loggamma(x + 1)

    def f(x):
        return -mp.exp(log_p(x)) * log_p(x)

    first = 300
    near = mp.fsum(f(mp.mpf(k)) for k in range(1, first))
    far = mp.quad(f, [first, *(mp.mpf(10) ** k for k in range(3, 12))])
    return near + far + f(mp.mpf(first)) / 2 - mp.diff(f, first) / 12 + mp.diff(f, first, 3) / 720


def _generalized_poisson(theta, lam):
    theta, lam = mp.mpf(theta), mp.mpf(lam)

    def log_p(x):
        return mp.log(theta) + (x - 1) * mp.log(theta + lam * x) - theta - lam * x - mp.loggamma(x + 1)

    mean, spread = theta / (1 - lam), mp.sqrt(theta / (1 - lam) ** 3)
    return mp.quad(lambda x: -mp.exp(log_p(x)) * log_p(x), [mean + k * spread for k in range(-12, 15, 2)])


@pytest.mark.parametrize("mu", [0.99, 0.999])
def test_entropy_of_outbreaks_that_hardly_end(mu):
    """Of 0.999 the sum was given up after 2 seconds; of 0.99 it took 5."""
    with mp.workdps(30):
        expected = float(_borel(mu))
    assert mle.distribution("borel_tanner", mu=mu).entropy() == pytest.approx(expected, rel=1e-12)


def test_entropy_of_counts_of_billions():
    """The sum was given up after 47 seconds."""
    with mp.workdps(40):
        expected = float(_generalized_poisson("1e10", "0.5"))
    found = mle.distribution("generalized_poisson", theta=1e10, lam=0.5).entropy()
    assert found == pytest.approx(expected, rel=1e-11)


def test_entropies_at_extremes_are_found():
    """By mpmath, 40 digits, with Euler's and Maclaurin's formula from 200 on; was given up after 20 seconds."""
    found = mle.distribution("poisson_inverse_gaussian", size=1e-6, mu=1.0).entropy()
    assert found == pytest.approx(0.01442694061642409771714969, rel=1e-10)
    # Where the mean grows beyond bound the entropy has a limit, which it meets as 1 - mu.
    near = [mle.distribution("borel_tanner", mu=mu).entropy() for mu in (1 - 1e-6, 1 - 1e-9)]
    assert near[0] < near[1] < near[0] + 1e-3


@pytest.mark.parametrize(
    ("law", "params", "x"),
    [
        ("borel_tanner", (0.9995,), 20.0),
        ("poisson_inverse_gaussian", (1e-3, 10.0), 5.0),
        ("sichel", (50.0, 9.0, -0.7), 99.0),
    ],
)
def test_tails_are_those_of_all_terms(monkeypatch, law, params, x):
    family = mle.get_family(law)
    found = family.logsf(x, *params)
    monkeypatch.setattr(summed, "_SUMMED", math.inf)
    assert found == pytest.approx(family.logsf(x, *params), rel=1e-11)
    assert math.isfinite(found)


def test_quantiles_of_nothing_and_all_take_no_sums():
    law = mle.distribution("borel_tanner", mu=1 - 1e-9)
    assert law.ppf([0.0, 1.0]).tolist() == [1.0, math.inf]


@pytest.mark.parametrize(("mu1", "mu2"), [(1e4, 1e3), (1e8, 1e7), (1e10, 1e9)])
def test_the_entropy_of_large_differences_of_counts_is_that_of_edgeworth(mu1, mu2):
    var, skewness = mu1 + mu2, (mu1 - mu2) / (mu1 + mu2) ** 1.5
    right = 0.5 * math.log(2 * math.pi * math.e * var) - skewness**2 / 12
    law = mle.distribution("skellam", mu1=mu1, mu2=mu2)
    assert law.entropy() == pytest.approx(right, abs=1e-11 + 10 / var**2 + 0.3 * skewness**2 / var + 1 / var**1.5)


@pytest.mark.parametrize(("mu1", "mu2"), [(3.0, 5.0), (3e3, 1e2), (1e3, 1e3), (1e3, 1e-5), (2e3, 1.0)])
def test_probabilities_of_differences_of_counts_keep_their_digits(mu1, mu2):
    law = mle.get_family("skellam")
    x = np.rint(mu1 - mu2 + math.sqrt(mu1 + mu2) * np.array([-8.0, -2.0, -0.5, 0.0, 2.0, 8.0]))
    with mp.workdps(40):
        first, second = mp.mpf(mu1), mp.mpf(mu2)
        right = [
            float(
                v / 2 * mp.log(first / second)
                - first
                - second
                + mp.log(mp.besseli(abs(v), 2 * mp.sqrt(first * second)))
            )
            for v in map(int, x)
        ]
    np.testing.assert_allclose(law.logpdf(x, mu1, mu2), right, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("other", [{"size": 2.2, "mu": 1.1e7}, {"size": 1.7, "mu": 0.4e7}])
def test_divergences_of_laws_of_very_many_counts_are_those_of_gamma_laws(other):
    """Negative binomial counts of a large mean are gamma variables, but for a share of one over the mean."""
    p, q = mle.distribution("negbin", size=2.0, mu=1e7), mle.distribution("negbin", **other)
    of_gamma = [
        mle.distribution("gamma", shape=law["size"], scale=law["mu"] / law["size"])
        for law in ({"size": 2.0, "mu": 1e7}, other)
    ]
    for measure in (mle.kl_divergence, mle.js_divergence):
        found = measure(p, q)
        assert found.value == pytest.approx(measure(*of_gamma).value, rel=1e-5)
        assert found.error < 1e-9


def test_a_divergence_of_many_counts_is_a_sum_of_all_where_there_are_fewer():
    p = mle.distribution("negbin", size=2.0, mu=2e4)
    q = mle.distribution("negbin1", alpha=9e3, mu=2.1e4)
    k = np.arange(2_000_000.0)
    log_p, log_q = p.logpdf(k), q.logpdf(k)
    assert mle.kl_divergence(p, q).value == pytest.approx(float(np.sum(np.exp(log_p) * (log_p - log_q))), rel=1e-9)


@pytest.mark.parametrize(("mu1", "mu2"), [(3.0, 5.0), (3e3, 1e2), (1e3, 1e3), (0.01, 20.0)])
@pytest.mark.parametrize("away", [-3, 0, 3])
def test_derivatives_of_differences_of_counts_are_those_of_many_digits(mu1, mu2, away):
    law = mle.get_family("skellam")
    x = round(mu1 - mu2 + away * math.sqrt(mu1 + mu2))

    def logpdf(a, b):
        return x / mp.mpf(2) * mp.log(a / b) - a - b + mp.log(mp.besseli(abs(x), 2 * mp.sqrt(a * b)))

    at = np.array([float(x)])
    got = [float(v[0]) for v in (*law.score(at, mu1, mu2), *law.hessian(at, mu1, mu2))]
    with mp.workdps(40):
        orders = (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)
        right = [float(mp.diff(logpdf, (mp.mpf(mu1), mp.mpf(mu2)), order)) for order in orders]
    np.testing.assert_allclose(got, right, rtol=1e-9, atol=1e-10 * max(map(abs, right)))


@pytest.mark.parametrize("order", [0.0, 1.0, 39.0, 40.0, 300.0])
@pytest.mark.parametrize("x", [1e-3, 0.029, 0.031, 3.0, 900.0, 3e6])
def test_the_slope_of_a_bessel_function_lags_behind_its_leading_term(order, x):
    with mp.workdps(60):
        slope = order + x * mp.besseli(order + 1, mp.mpf(x)) / mp.besseli(order, mp.mpf(x))
        right = float(mp.sqrt(mp.mpf(order) ** 2 + mp.mpf(x) ** 2) - slope)
    assert float(lag_of_slope(order, x)) == pytest.approx(right, rel=1e-9, abs=1e-13 * x)
