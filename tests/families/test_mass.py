"""Probabilities of narrow intervals are integrals of the density where tails are dear."""

from copy import copy

import mpmath as mp
import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.families.mass import log_mass, mass_scores
from mle_toolkit.families.registry import family_class

DEAR = [name for name in mle.families() if family_class(name).dear_tails]


def by_tails(family):
    """The same law, whose tails count as cheap."""
    other = copy(family)
    other.dear_tails = False
    return other


def cells(family, params, count=60):
    """Neighbouring intervals over the middle of a law, then wide ones, and one in its tail."""
    law = mle.Distribution(family, dict(zip(family.param_names, params, strict=True)))
    ends = np.linspace(*law.ppf([0.01, 0.99]), count)
    low, middle, high, far = law.ppf([1e-8, 0.5, 0.9, 1 - 1e-9])
    return np.append(ends[:-1], [low, middle, high]), np.append(ends[1:], [far, far, 1.01 * high])


@pytest.mark.parametrize("name", DEAR)
def test_narrow_intervals_have_the_probability_and_slopes_that_tails_give_them(name):
    family = mle.get_family(name)
    params = tuple(0.3 * p.typical[0] + 0.7 * p.typical[1] for p in family.parameters)
    lower, upper = cells(family, params)
    np.testing.assert_allclose(
        log_mass(family, params, lower, upper), log_mass(by_tails(family), params, lower, upper), rtol=1e-12, atol=1e-12
    )
    scores = mass_scores(family, params, lower, upper)
    atol = 1e-7 * np.abs(scores).max(axis=1, keepdims=True)
    assert np.all(np.abs(scores - mass_scores(by_tails(family), params, lower, upper)) <= atol)


@pytest.mark.parametrize(("shift", "shape"), [(0.0, 0.3), (0.5, 0.3), (0.37, 0.2), (1e-6, 1.0)])
def test_a_cusp_in_an_interval_is_seen_by_the_nodes(shift, shape):
    family, centres = mle.get_family("generalized_normal"), np.arange(-12.0, 13.0)
    params = (shift, 0.01, shape)
    lower, upper = centres - 0.5, centres + 0.5
    masses = log_mass(family, params, lower, upper)
    np.testing.assert_allclose(masses, log_mass(by_tails(family), params, lower, upper), rtol=1e-11, atol=1e-12)


def exact_mass(lower, upper, loc, scale, shape):
    """Log-probability under a generalised normal law, by the integral of the density from loc on; mpmath."""

    def from_loc(x):
        z = (mp.mpf(x) - loc) / scale
        return mp.sign(z) * mp.gammainc(1 / mp.mpf(shape), 0, abs(z) ** mp.mpf(shape), regularized=True) / 2

    return mp.log(from_loc(upper) - from_loc(lower))


@pytest.mark.parametrize("shape", [0.05, 0.06, 0.3, 1.0, 2.0, 7.0, 50.0])
def test_intervals_about_the_centre_keep_their_digits_however_rare_they_are(shape):
    """Those that hold loc, those on one side of it, and all but the tails; in units that differ by 1e12."""
    family = mle.get_family("generalized_normal")
    for scale in (1e-6, 1.0, 1e6):
        params = (0.25 * scale, scale, shape)
        around = [(-1e-9, 2e-9), (-3e-3, 1e-4), (-1.5, 0.75)]
        beside = [(0.0, 0.1), (-0.2, 0.0), (1e-8, 3e-7), (0.5, 2.5)]
        lower, upper = params[0] + scale * np.array(around + beside).T
        with mp.workdps(60):
            exact = [float(exact_mass(*ends, *params)) for ends in zip(lower, upper, strict=True)]
        np.testing.assert_allclose(log_mass(family, params, lower, upper), exact, rtol=2e-13, atol=1e-13)


@pytest.mark.parametrize("shape", [0.05, 0.3, 2.0, 50.0])
def test_intervals_about_the_centre_have_the_slopes_of_their_exact_probabilities(shape):
    family, params = mle.get_family("generalized_normal"), (0.25, 2.0, shape)
    lower, upper = np.array([(0.25 - 1e-9, 0.25 + 2e-9), (0.1, 0.2501), (0.2500001, 1.0), (-2.0, 2.5), (0.26, 0.27)]).T
    scores = mass_scores(family, params, lower, upper)
    with mp.workdps(60):
        step = mp.mpf(10) ** -20
        for k in range(3):
            up, down = ([mp.mpf(v) + (s if j == k else 0) for j, v in enumerate(params)] for s in (step, -step))
            for found, *ends in zip(scores[k], lower, upper, strict=True):
                exact = (exact_mass(*ends, *up) - exact_mass(*ends, *down)) / (2 * step)
                assert found == pytest.approx(float(exact), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize(("a", "b"), [(2.0, 3.0), (3.0, 1e6), (0.4, 0.7)])
def test_rounded_values_of_a_beta_prime_law_have_their_exact_probabilities(a, b):
    family, scale = mle.get_family("beta_prime"), 20.0 * b
    whole = np.arange(1.0, 40.0)
    masses = log_mass(family, (a, b, scale), whole - 0.5, whole + 0.5)
    with mp.workdps(40):
        for k in (0, 5, 38):
            low, high = (mp.mpf(end) / (mp.mpf(end) + mp.mpf(scale)) for end in (whole[k] - 0.5, whole[k] + 0.5))
            exact = mp.betainc(a, b, low, high, regularized=True)
            assert masses[k] == pytest.approx(float(mp.log(exact)), rel=1e-13)


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("name", DEAR)
def test_tails_in_steps_are_those_that_the_law_gives(name, above):
    """In any order, with ties, far out, and for rows of two laws, which follow each other."""
    family = mle.get_family(name)
    params = tuple(0.3 * p.typical[0] + 0.7 * p.typical[1] for p in family.parameters)
    law = mle.Distribution(family, dict(zip(family.param_names, params, strict=True)))
    rng = np.random.default_rng(3)
    x = rng.permutation(np.concatenate([law.ppf(rng.uniform(size=50)), law.isf([0.5, 0.5, 1e-30]), law.ppf([1e-12])]))
    x = np.tile(x, 2)
    of_rows = tuple(np.repeat([value, 1.01 * value], len(x) // 2) for value in params)
    lower, upper = (x, np.full(len(x), np.inf)) if above else (np.full(len(x), -np.inf), x)
    for at in (params, of_rows):
        exact = log_mass(by_tails(family), at, lower, upper)
        np.testing.assert_allclose(log_mass(family, at, lower, upper), exact, rtol=1e-12, atol=1e-13)
        scores, slopes = mass_scores(family, at, lower, upper), mass_scores(by_tails(family), at, lower, upper)
        assert np.all(np.abs(scores - slopes) <= 1e-8 * np.abs(slopes).max(axis=1, keepdims=True))


@pytest.mark.parametrize("name", [name for name in mle.families() if family_class(name).log_tails is not None])
def test_both_tails_together_are_each_alone(name):
    family = mle.get_family(name)
    params = tuple(0.3 * p.typical[0] + 0.7 * p.typical[1] for p in family.parameters)
    law = mle.Distribution(family, dict(zip(family.param_names, params, strict=True)))
    x = law.ppf([1e-6, 0.3, 0.5, 0.9, 1 - 1e-6])
    below, above = family.log_tails(x, *params)
    np.testing.assert_allclose(below, law.logcdf(x), rtol=1e-13)
    np.testing.assert_allclose(above, law.logsf(x), rtol=1e-13)


def test_a_law_with_a_tail_of_its_own_does_not_inherit_both():
    class Other(family_class("gamma")):
        def logcdf(self, x, shape, scale):
            return np.full(np.shape(x), -1.0)

    assert family_class("gamma").log_tails is not None
    assert Other.log_tails is None


@pytest.mark.parametrize("name", ["gamma", "stable", "beta_prime", "poisson"])
def test_no_intervals_have_no_probabilities(name):
    family, nothing = mle.get_family(name), np.empty(0)
    params = tuple(0.3 * p.typical[0] + 0.7 * p.typical[1] for p in family.parameters)
    assert log_mass(family, params, nothing, nothing).shape == (0,)
    if family.tail_scores is not None:
        assert mass_scores(family, params, nothing, nothing).shape == (len(params), 0)


@pytest.mark.parametrize(
    "name", ["normal", "student_t", "logistic", "laplace", "gamma", "weibull", "lognormal", "gumbel", "beta", "gev"]
)
def test_thin_intervals_have_the_density_and_the_score_of_what_lies_inside(name):
    """Both tails at both ends agree but for their last digits; the error of the middle is the square of the width."""
    family = mle.get_family(name)
    params = tuple(0.7 * p.typical[0] + 0.3 * p.typical[1] for p in family.parameters)
    law = mle.Distribution(family, dict(zip(family.param_names, params, strict=True)))
    middle, width = law.ppf([0.01, 0.2, 0.45, 0.7, 0.99]), 1e-9 / law.pdf(law.ppf(0.5))
    lower, upper = middle - 0.5 * width, middle + 0.5 * width
    for at in (params, tuple(np.full(5, value) for value in params)):
        exact = family.logpdf(0.5 * (lower + upper), *at) + np.log(upper - lower)
        np.testing.assert_allclose(log_mass(family, at, lower, upper), exact, rtol=0, atol=1e-11)
        scores = np.array([np.broadcast_to(by, 5) for by in family.score(middle, *at)])
        found = mass_scores(family, at, lower, upper)
        np.testing.assert_allclose(found, scores, rtol=1e-6, atol=1e-6 * np.abs(scores).max())


@pytest.mark.parametrize("name", ["normal", "student_t", "gamma"])
def test_values_rounded_in_the_eighth_digit_have_the_standard_errors_of_exact_ones(name):
    rng = np.random.default_rng(1)
    x = rng.gamma(2.0, size=60) if name == "gamma" else rng.standard_t(4.0, size=60)
    exact, rounded = mle.fit(x, name), mle.fit(mle.Sample.rounded(x, 1e-8), name)
    np.testing.assert_allclose(list(rounded.params.values()), list(exact.params.values()), rtol=1e-7)
    np.testing.assert_allclose(list(rounded.bse.values()), list(exact.bse.values()), rtol=1e-6)


@pytest.mark.parametrize("shape", [30.0, 2.2e4, 1e8])
def test_the_density_is_not_integrated_across_a_fall_that_no_node_sees(shape):
    """A nearly uniform law falls at its end, beyond the outermost node: it was taken to be flat, 2e-3 nats too high."""
    family = mle.get_family("generalized_normal")
    lower, upper = np.arange(-9.5, 9.5), np.arange(-8.5, 10.5)
    scale = 9.5 * (1 - 2 / shape)
    with mp.workdps(40):

        def between(z):
            inverse = 1 / mp.mpf(shape)
            return mp.sign(z) * mp.gammainc(inverse, 0, abs(mp.mpf(z)) ** mp.mpf(shape), regularized=True) / 2

        right = [float(mp.log(between(b / scale) - between(a / scale))) for a, b in zip(lower, upper, strict=True)]
    np.testing.assert_allclose(log_mass(family, (0.0, scale, shape), lower, upper), right, rtol=1e-12)
