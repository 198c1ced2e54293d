"""Laws seen through a window."""

import mpmath as mp
import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.families.mass import mass_scores


@pytest.mark.parametrize(
    ("base", "params"),
    [
        ("negbin", {"size": [2.0, 0.3], "mu": [3.0, 0.01]}),
        ("geometric", {"prob": [0.3, 0.9]}),
        (mle.get_family("binomial", n=6), {"p": [0.2, 0.99]}),
    ],
    ids=["negbin", "geometric", "binomial"],
)
def test_moments_without_zeros_are_those_of_the_sum(base, params):
    law = mle.distribution(mle.zero_truncated(base), **{name: np.array(value) for name, value in params.items()})
    x = np.arange(1.0, 400.0)[:, None]
    p = law.pdf(x)
    mean = np.sum(x * p, axis=0)
    np.testing.assert_allclose(law.mean(), mean, rtol=1e-12)
    np.testing.assert_allclose(law.var(), np.sum(np.square(x - mean) * p, axis=0), rtol=1e-11)


def exact_log_mass(lower, upper, meanlog, sdlog):
    """Of an interval under a lognormal law; mpmath."""
    below, above = (mp.ncdf((mp.log(mp.mpf(end)) - meanlog) / sdlog) for end in (lower, upper))
    return mp.log(above - below)


def exact_slopes(function, params):
    step = mp.mpf(10) ** -20
    for k in range(len(params)):
        up, down = ([mp.mpf(v) + (s if j == k else 0) for j, v in enumerate(params)] for s in (step, -step))
        yield float((function(*up) - function(*down)) / (2 * step))


@pytest.mark.parametrize("params", [(0.3, 1.2), (-15.3, 8.7), (50.0, 5.0)])
def test_scores_of_points_and_of_intervals_in_a_window_have_all_digits(params):
    law, window, x = mle.truncated("lognormal", 0.1, 20.0), (0.1, 20.0), 1.3
    intervals = [(0.1, 0.5), (0.4, 3.0), (7.0, 20.0), (0.0, 1.0), (5.0, np.inf)]

    def log_density(m, s):
        return -mp.log(s) - ((mp.log(mp.mpf(x)) - m) / s) ** 2 / 2 - exact_log_mass(*window, m, s)

    with mp.workdps(70):
        np.testing.assert_allclose(law.score(np.array(x), *params), list(exact_slopes(log_density, params)), rtol=1e-12)
        scores = mass_scores(law, params, *np.array(intervals).T)
        for found, (low, high) in zip(scores.T, intervals, strict=True):
            seen = max(low, window[0]), min(high, window[1])
            slopes = exact_slopes(lambda *p, seen=seen: exact_log_mass(*seen, *p) - exact_log_mass(*window, *p), params)
            np.testing.assert_allclose(found, list(slopes), rtol=1e-11)
    assert np.all(mass_scores(law, params, np.array([0.1, -np.inf]), np.array([20.0, 30.0])) == 0.0)


def test_a_law_that_is_nearly_a_limit_in_its_window_has_its_standard_errors():
    """A power of x but for a trace: the information of an observation has an eigenvalue of 6e-5."""
    law = mle.truncated("lognormal", 0.1, 20.0)
    x = mle.distribution(law, meanlog=-6.0, sdlog=4.5).ppf((np.arange(400) + 0.5) / 400)
    fit = mle.fit(x, law)
    logs = np.log(x)
    mean, square = len(x) * logs.mean(), float(np.sum(np.square(logs)))

    def log_likelihood(m, s):
        squares = square - 2 * m * mean + len(x) * m * m
        return -len(x) * (mp.log(s) + exact_log_mass(0.1, 20.0, m, s)) - squares / (2 * s * s)

    with mp.workdps(70):
        at = tuple(map(mp.mpf, fit.params.values()))
        information = mp.matrix(2, 2)
        for j, k, order in ((0, 0, (2, 0)), (0, 1, (1, 1)), (1, 0, (1, 1)), (1, 1, (0, 2))):
            information[j, k] = -mp.diff(log_likelihood, at, order)
        cov = information**-1
        exact = [float(mp.sqrt(cov[k, k])) for k in range(2)]
    assert fit.certificate.verdict == "interior"
    np.testing.assert_allclose(list(fit.bse.values()), exact, rtol=1e-5)


def test_a_normal_law_far_outside_of_its_window_has_its_standard_errors():
    """Exponential values but for a trace: mu is -100 ± 2,786, and both hang together to 7 digits."""
    x = (-np.log1p(-(np.arange(15) + 0.5) / 15)) ** 1.08
    fit = mle.fit(x, mle.truncated("normal", 0, np.inf))

    def log_likelihood(m, s):
        rows = mp.fsum(((mp.mpf(v) - m) / s) ** 2 for v in x.tolist())
        return -rows / 2 - 15 * (mp.log(s) + mp.log(mp.erfc(-m / s / mp.sqrt(2))))

    with mp.workdps(50):
        at = tuple(map(mp.mpf, fit.params.values()))
        second = {order: -mp.diff(log_likelihood, at, order) for order in ((2, 0), (1, 1), (0, 2))}
        left = second[2, 0] * second[0, 2] - second[1, 1] ** 2
        exact = [float(mp.sqrt(second[0, 2] / left)), float(mp.sqrt(second[2, 0] / left))]
    np.testing.assert_allclose(list(fit.bse.values()), exact, rtol=2e-4)


@pytest.mark.parametrize("z", [-14.8, -1.0, 0.3, 14.8, 40.0])
def test_slopes_of_normal_tails_keep_their_digits_however_far_out(z):
    below, above = mle.get_family("normal").tail_scores(np.array(z), np.array(0.0), np.array(1.0))
    with mp.workdps(30):
        density = mp.npdf(mp.mpf(z))
        hazards = [density / (mp.erfc(sign * mp.mpf(z) / mp.sqrt(2)) / 2) for sign in (-1, 1)]
        expected = [float(v) for v in (-hazards[0], -z * hazards[0], hazards[1], z * hazards[1])]
    np.testing.assert_allclose([*below, *above], expected, rtol=1e-14)
