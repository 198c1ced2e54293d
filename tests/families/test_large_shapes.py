"""Laws of large shapes, which are narrow: densities, entropies and variances against 60 digits."""

import mpmath as mp
import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.families.special import left_by_root, log_gamma_bend

SHAPES = (0.3, 7.0, 150.0, 1e4, 1e6, 1e9, 1e12)


def gamma_density(x, k, s):
    return (k - 1) * mp.log(x) - x / s - k * mp.log(s) - mp.loggamma(k)


def log_beta(a, b):
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def gamma_entropy(k, s):
    return k + mp.log(s) + mp.loggamma(k) + (1 - k) * mp.psi(0, k)


def beta_entropy(a, b):
    ends = (a - 1) * mp.psi(0, a) + (b - 1) * mp.psi(0, b)
    return log_beta(a, b) - ends + (a + b - 2) * mp.psi(0, a + b)


def beta_prime_entropy(a, b, s):
    ends = (1 - a) * (mp.psi(0, a) - mp.psi(0, b)) + (a + b) * (mp.psi(0, a + b) - mp.psi(0, b))
    return mp.log(s) + log_beta(a, b) + ends


def chi_entropy(df):
    return mp.loggamma(df / 2) + (df - mp.log(2) - (df - 1) * mp.psi(0, df / 2)) / 2


def nakagami_entropy(m, s):
    return mp.log(s) - mp.log(2) - mp.log(m) / 2 + m + mp.loggamma(m) - (m - mp.mpf(1) / 2) * mp.psi(0, m)


LAWS = {
    "gamma": (lambda k: (k, 3 / k), gamma_density, gamma_entropy),
    "inverse_gamma": (
        lambda k: (k, 2 * k),
        lambda x, k, s: gamma_density(1 / x, k, 1 / s) - 2 * mp.log(x),
        lambda k, s: k + mp.log(s) + mp.loggamma(k) - (1 + k) * mp.psi(0, k),
    ),
    "chi_squared": (lambda k: (k,), lambda x, k: gamma_density(x, k / 2, 2), lambda k: gamma_entropy(k / 2, 2)),
    "chi": (lambda k: (k,), lambda x, k: gamma_density(x * x, k / 2, 2) + mp.log(2 * x), chi_entropy),
    "nakagami": (
        lambda k: (k, 0.5),
        lambda x, m, s: gamma_density(x * x, m, s * s / m) + mp.log(2 * x),
        nakagami_entropy,
    ),
    "beta": (
        lambda k: (k, 2 * k),
        lambda x, a, b: (a - 1) * mp.log(x) + (b - 1) * mp.log1p(-x) - log_beta(a, b),
        beta_entropy,
    ),
    "beta_prime": (
        lambda k: (k, 2 * k, 5.0),
        lambda x, a, b, s: a * mp.log(x / s) - (a + b) * mp.log1p(x / s) - mp.log(x) - log_beta(a, b),
        beta_prime_entropy,
    ),
}


def law_of(name, params):
    return mle.distribution(name, **dict(zip(mle.get_family(name).param_names, params, strict=True)))


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("shape", SHAPES)
def test_densities_and_entropies(name, shape):
    """Terms of the size of the shape times its log cancel: at 1e9 densities were good to 1e-6, at 1e12 to 1e-3."""
    params_at, density, entropy = LAWS[name]
    params = params_at(shape)
    law = law_of(name, params)
    x = law.ppf(np.array([1e-6, 0.2, 0.5, 0.9, 0.9999]))
    with mp.workdps(60):
        exact = [mp.mpf(value) for value in params]
        right = np.array([float(density(mp.mpf(value), *exact)) for value in x.tolist()])
        right_entropy = float(entropy(*exact))
    # What the density moves when x is rounded: a share of the spread that grows with the root of the shape.
    digits = 1e-12 + 1e-14 * np.sqrt(shape)
    assert law.logpdf(x) == pytest.approx(right, rel=digits, abs=digits)
    assert float(law.entropy()) == pytest.approx(right_entropy, rel=1e-12, abs=1e-12)


def test_laws_of_rows_are_those_of_each():
    """Some of large shapes, some not."""
    shapes = np.array([0.3, 150.0, 1e5, 1e9])
    for name, (params_at, _, _) in LAWS.items():
        params = [params_at(shape) for shape in shapes.tolist()]
        x = np.array([float(law_of(name, own).ppf(0.3)) for own in params])
        rows = tuple(np.array(column) for column in zip(*params, strict=True))
        alone = [float(law_of(name, own).logpdf(value)) for own, value in zip(params, x.tolist(), strict=True)]
        assert mle.get_family(name).logpdf(x, *rows) == pytest.approx(np.array(alone), rel=1e-13), name


MOMENTS = {
    "weibull": (lambda k: (k, 2.0), lambda r, k: mp.gamma(1 + r / k)),
    "frechet": (lambda k: (k, 2.0), lambda r, k: mp.gamma(1 - r / k)),
    "loglogistic": (lambda k: (k, 2.0), lambda r, k: mp.gamma(1 + r / k) * mp.gamma(1 - r / k)),
    "burr12": (lambda k: (2.0, k, 2.0), lambda r, k, c: k * mp.beta(k - r / c, 1 + r / c)),
    "dagum": (lambda k: (2.0, k, 2.0), lambda r, k, c: k * mp.beta(k + r / c, 1 - r / c)),
    "paralogistic": (lambda k: (k, 2.0), lambda r, k: k * mp.beta(k - r / k, 1 + r / k)),
    "inverse_paralogistic": (lambda k: (k, 2.0), lambda r, k: k * mp.beta(k + r / k, 1 - r / k)),
    "generalized_gamma": (lambda k: (2.5, k, 2.0), lambda r, a, c: mp.gamma(a + r / c) / mp.gamma(a)),
    "kumaraswamy": (lambda k: (k, 1.5), lambda r, a, b: b * mp.beta(1 + r / a, b)),
    "nakagami": (lambda k: (k, 2.0), lambda r, m: mp.exp(mp.loggamma(m + r / 2) - mp.loggamma(m)) / m ** (r / 2)),
    "chi": (lambda k: (k,), lambda r, k: 2 ** (r / 2) * mp.exp(mp.loggamma((k + r) / 2) - mp.loggamma(k / 2))),
}


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("shape", [2.5, 30.0, 700.0, 1e5, 1e8])
def test_variances(name, shape):
    """They were differences of moments: of a paralogistic law of shape 1e5 negative, so that there was no deviation."""
    params_at, moment = MOMENTS[name]
    params = params_at(shape)
    scaled = mle.get_family(name).param_names[-1] == "scale"
    with mp.workdps(60):
        exact = [mp.mpf(value) for value in (params[:-1] if scaled else params)]
        scale = params[-1] if scaled else 1.0
        right = float(scale**2 * (moment(mp.mpf(2), *exact) - moment(mp.mpf(1), *exact) ** 2))
    assert float(law_of(name, params).var()) == pytest.approx(right, rel=1e-10)


def test_bends_of_the_log_of_gamma_on_both_sides_of_the_series():
    c, d = np.meshgrid([0.2, 1.0, 40.0, 1e6], [-1.5e-2, -9e-3, 1e-12, 9e-3, 1.1e-2, 0.3])
    step = np.where(d < 0.1, d * c, d)
    with mp.workdps(60):
        right = [
            float(mp.loggamma(x + 2 * h) - 2 * mp.loggamma(x + h) + mp.loggamma(x))
            for x, h in zip(map(mp.mpf, c.ravel().tolist()), map(mp.mpf, step.ravel().tolist()), strict=True)
        ]
        roots = [float(1 - (mp.gamma(a + 0.5) / mp.gamma(a)) ** 2 / a) for a in map(mp.mpf, (0.4, 19.9, 20.1, 1e3))]
    # The difference itself has the digits that log Γ leaves.
    assert log_gamma_bend(c, step).ravel() == pytest.approx(np.array(right), rel=1e-9)
    assert left_by_root(np.array([0.4, 19.9, 20.1, 1e3])) == pytest.approx(np.array(roots), rel=1e-12)


@pytest.mark.parametrize("shape", [5.0, 900.0, 2e4, 1e7])
def test_quantiles_of_generalized_normal_laws_that_are_nearly_uniform(shape):
    """The power of a quantile underflows: half of them were the median."""
    law = mle.distribution("generalized_normal", loc=3.0, scale=2.0, shape=shape)
    p = np.array([0.01, 0.2, 0.45, 0.5, 0.7, 0.999])
    assert law.cdf(law.ppf(p)) == pytest.approx(p, rel=1e-12)
    assert law.sf(law.isf(p)) == pytest.approx(p, rel=1e-12)


@pytest.mark.parametrize("shape", [3e5, 1e8, 1e11])
@pytest.mark.parametrize("away", [-9.0, -6.0, -4.6, -4.0])
def test_lower_tails_where_the_series_of_scipy_are_cut(shape, away):
    """At 1e8 and 6 deviations a third of them was missing, and of a Poisson law's upper tail, at 1e12 all."""
    x = shape + away * np.sqrt(shape)
    with mp.workdps(30):
        a, end = mp.mpf(shape), mp.mpf(x)
        places = [end - 8 * mp.sqrt(a) * k / abs(away) for k in range(5, -1, -1)]
        right = float(mp.quad(lambda t: mp.exp((a - 1) * mp.log(t) - t - mp.loggamma(a)), places))
    law = law_of("gamma", (shape, 1.0))
    assert float(law.cdf(x)) == pytest.approx(right, rel=1e-7, abs=0)
    assert float(law_of("poisson", (x,)).sf(shape - 1)) == pytest.approx(right, rel=1e-7, abs=0)
    assert float(law_of("inverse_gamma", (shape, 1.0)).sf(1 / x)) == pytest.approx(right, rel=1e-7, abs=0)
    root = np.sqrt(x / shape)
    assert float(law_of("nakagami", (shape, 1.0)).cdf(root)) == pytest.approx(right, rel=1e-7, abs=0)
    assert (float(law.ppf(right)) - x) / np.sqrt(shape) == pytest.approx(0.0, abs=1e-7)
