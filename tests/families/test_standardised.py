"""Laws of a standardised observation and shapes: formulas, tails and quantiles against mpmath."""

import itertools
import math

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly
from scipy import integrate, optimize, special, stats

import mle_toolkit as mle

mp.mp.dps = 40


def softplus(t):
    return mp.log1p(mp.exp(t))


def y_of(k, z):
    """-log(1 - kz)/k, and its limit z."""
    return z if k == 0 else -mp.log1p(-k * z) / k


def pearson3(x, m, s, g):
    """A gamma law of shape 4/g² from its threshold on, or below it; normal for g = 0."""
    if g == 0:
        return -(((x - m) / s) ** 2) / 2 - mp.log(s) - mp.log(2 * mp.pi) / 2
    a, theta = 4 / g**2, s * abs(g) / 2
    y = mp.sign(g) * (x - m + 2 * s / g) / theta
    return (a - 1) * mp.log(y) - y - mp.loggamma(a) - mp.log(theta)


def log_pearson3_cdf(x, m, s, g):
    if g == 0:
        return mp.log(mp.erfc(-(x - m) / s / mp.sqrt(2)) / 2)
    a, y = 4 / g**2, 4 / g**2 * (1 + g * (x - m) / s / 2)
    below = mp.gammainc(a, 0, y, regularized=True) if g > 0 else mp.gammainc(a, y, mp.inf, regularized=True)
    return mp.log(below)


def log_ncdf(z):
    return mp.log(mp.erfc(-z / mp.sqrt(2)) / 2)


def exgaussian(x, m, s, t):
    return s**2 / (2 * t**2) - (x - m) / t - mp.log(t) + log_ncdf((x - m) / s - s / t)


def hansen(x, m, s, v, k):
    """Hansen (1994), equations 10 to 13."""
    c = mp.gamma((v + 1) / 2) / (mp.sqrt(mp.pi * (v - 2)) * mp.gamma(v / 2))
    a = 4 * k * c * (v - 2) / (v - 1)
    b = mp.sqrt(1 + 3 * k**2 - a**2)
    z = (x - m) / s
    side = 1 - k if z < -a / b else 1 + k
    return mp.log(b * c / s) - (v + 1) / 2 * mp.log1p(((b * z + a) / side) ** 2 / (v - 2))


def hansen_logcdf(x, m, s, v, k):
    """Of a Student law on either side of the mode."""
    c = mp.gamma((v + 1) / 2) / (mp.sqrt(mp.pi * (v - 2)) * mp.gamma(v / 2))
    a = 4 * k * c * (v - 2) / (v - 1)
    y = mp.sqrt(1 + 3 * k**2 - a**2) * (x - m) / s + a
    side = 1 - k if y < 0 else 1 + k
    tail = side * mp.betainc(v / 2, 0.5, 0, (v - 2) / (v - 2 + (y / side) ** 2), regularized=True) / 2
    return mp.log(tail) if y < 0 else mp.log1p(-tail)


def kappa4_logcdf(x, m, s, k, h):
    w = mp.exp(-y_of(k, (x - m) / s))
    return -w if h == 0 else mp.log1p(-h * w) / h


LOGPDF = {
    "smallest_extreme_value": lambda x, m, s: -mp.log(s) + (x - m) / s - mp.exp((x - m) / s),
    "dagum": lambda x, k, c, s: mp.log(k * c / s) - (c + 1) * mp.log(x / s) - (k + 1) * mp.log1p((x / s) ** -c),
    "paralogistic": lambda x, a, s: 2 * mp.log(a) - mp.log(x) + a * mp.log(x / s) - (a + 1) * mp.log1p((x / s) ** a),
    "exponentiated_weibull": lambda x, a, c, s: (
        mp.log(a * c / s) + (c - 1) * mp.log(x / s) - (x / s) ** c + (a - 1) * mp.log(-mp.expm1(-((x / s) ** c)))
    ),
    "pearson3": pearson3,
    "moyal": lambda x, m, s: -mp.log(s) - mp.log(2 * mp.pi) / 2 - ((x - m) / s + mp.exp(-(x - m) / s)) / 2,
    "maxwell": lambda x, s: mp.log(2 / mp.pi) / 2 + 2 * mp.log(x) - 3 * mp.log(s) - x**2 / (2 * s**2),
    "chi": lambda x, v: (1 - v / 2) * mp.log(2) - mp.loggamma(v / 2) + (v - 1) * mp.log(x) - x**2 / 2,
    "chi_squared": lambda x, v: (v / 2 - 1) * mp.log(x) - x / 2 - v / 2 * mp.log(2) - mp.loggamma(v / 2),
    "logit_normal": lambda x, m, s: (
        -(((mp.log(x / (1 - x)) - m) / s) ** 2) / 2 - mp.log(2 * mp.pi) / 2 - mp.log(s) - mp.log(x * (1 - x))
    ),
    "exgaussian": exgaussian,
    "rice": lambda x, n, s: (
        mp.log(x) - 2 * mp.log(s) - (x**2 + n**2) / (2 * s**2) + mp.log(mp.besseli(0, x * n / s**2))
    ),
    "kappa4": lambda x, m, s, k, h: (
        -mp.log(s) - (1 - k) * y_of(k, (x - m) / s) + (1 - h) * kappa4_logcdf(x, m, s, k, h)
    ),
    "log_pearson3": lambda x, m, s, g: pearson3(mp.log(x), m, s, g) - mp.log(x),
    "generalized_logistic": lambda x, m, s, k: (
        -mp.log(s) - (1 - k) * y_of(k, (x - m) / s) - 2 * softplus(-y_of(k, (x - m) / s))
    ),
    "two_piece_normal": lambda x, m, s, t: (
        mp.log(2 / (s + t)) - mp.log(2 * mp.pi) / 2 - ((x - m) / (s if x < m else t)) ** 2 / 2
    ),
    "hansen_skew_t": lambda x, m, s, v, k: hansen(x, m, s, v, k),
    "hyperbolic_secant": lambda x, m, s: -mp.log(mp.pi * s) - mp.log(mp.cosh((x - m) / s)),
    "half_cauchy": lambda x, s: mp.log(2 / (mp.pi * s)) - mp.log1p((x / s) ** 2),
    "half_logistic": lambda x, s: mp.log(2 / s) - x / s - 2 * softplus(-x / s),
    "levy": lambda x, s: mp.log(s / (2 * mp.pi)) / 2 - 1.5 * mp.log(x) - s / (2 * x),
    "inverse_exponential": lambda x, s: mp.log(s) - 2 * mp.log(x) - s / x,
    "inverse_pareto": lambda x, k, s: mp.log(k * s) + (k - 1) * mp.log(x) - (k + 1) * mp.log(x + s),
    "inverse_paralogistic": lambda x, a, s: (
        2 * mp.log(a) + a**2 * mp.log(x / s) - mp.log(x) - (a + 1) * mp.log1p((x / s) ** a)
    ),
    "beta_prime": lambda x, a, b, s: (
        mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b) + a * mp.log(x / s) - mp.log(x) - (a + b) * mp.log1p(x / s)
    ),
    "asymmetric_laplace": lambda x, m, s, k: (
        -mp.log(s * (k + 1 / k)) - (k * (x - m) / s if x >= m else (m - x) / (s * k))
    ),
    "gompertz_makeham": lambda x, c, s, rate: mp.log(rate + c / s * mp.exp(x / s)) - rate * x - c * mp.expm1(x / s),
    "triangular": lambda x, low, mode, high: (
        mp.log(2 * (x - low) / ((high - low) * (mode - low)))
        if x < mode
        else mp.log(2 * (high - x) / ((high - low) * (high - mode)))
    ),
}
"""Log-densities as the textbooks write them."""

LOGCDF = {
    "moyal": lambda x, m, s: mp.log(mp.erfc(mp.exp(-(x - m) / s / 2) / mp.sqrt(2))),
    "maxwell": lambda x, s: mp.log(mp.gammainc(1.5, 0, x**2 / (2 * s**2), regularized=True)),
    "chi": lambda x, v: mp.log(mp.gammainc(v / 2, 0, x**2 / 2, regularized=True)),
    "chi_squared": lambda x, v: mp.log(mp.gammainc(v / 2, 0, x / 2, regularized=True)),
    "logit_normal": lambda x, m, s: log_ncdf((mp.log(x / (1 - x)) - m) / s),
    "exgaussian": lambda x, m, s, t: mp.log(mp.exp(log_ncdf((x - m) / s)) - t * mp.exp(exgaussian(x, m, s, t))),
    "kappa4": kappa4_logcdf,
    "smallest_extreme_value": lambda x, m, s: mp.log(-mp.expm1(-mp.exp((x - m) / s))),
    "dagum": lambda x, k, c, s: -k * mp.log1p((x / s) ** -c),
    "paralogistic": lambda x, a, s: mp.log(-mp.expm1(-a * mp.log1p((x / s) ** a))),
    "exponentiated_weibull": lambda x, a, c, s: a * mp.log(-mp.expm1(-((x / s) ** c))),
    "pearson3": log_pearson3_cdf,
    "log_pearson3": lambda x, m, s, g: log_pearson3_cdf(mp.log(x), m, s, g),
    "generalized_logistic": lambda x, m, s, k: -softplus(-y_of(k, (x - m) / s)),
}

LOGCDF |= {
    "hansen_skew_t": hansen_logcdf,
    "two_piece_normal": lambda x, m, s, t: (
        mp.log(2 * s / (s + t)) + log_ncdf((x - m) / s)
        if x < m
        else mp.log1p(-2 * t / (s + t) * mp.exp(log_ncdf((m - x) / t)))
    ),
    "asymmetric_laplace": lambda x, m, s, k: (
        mp.log1p(-mp.exp(-k * (x - m) / s) / (1 + k * k)) if x >= m else (x - m) / (s * k) - mp.log1p(k**-2)
    ),
    "gompertz_makeham": lambda x, c, s, rate: mp.log(-mp.expm1(-rate * x - c * mp.expm1(x / s))),
    "triangular": lambda x, low, mode, high: (
        mp.log((x - low) ** 2 / ((high - low) * (mode - low)))
        if x < mode
        else mp.log1p(-((high - x) ** 2) / ((high - low) * (high - mode)))
    ),
    "hyperbolic_secant": lambda x, m, s: mp.log(2 / mp.pi * mp.atan(mp.exp((x - m) / s))),
    "half_cauchy": lambda x, s: mp.log(2 / mp.pi * mp.atan(x / s)),
    "half_logistic": lambda x, s: mp.log(mp.tanh(x / s / 2)),
    "levy": lambda x, s: mp.log(mp.erfc(mp.sqrt(s / x / 2))),
    "inverse_exponential": lambda x, s: -s / x,
    "inverse_pareto": lambda x, k, s: -k * mp.log1p(s / x),
    "inverse_paralogistic": lambda x, a, s: -a * mp.log1p((x / s) ** -a),
    "beta_prime": lambda x, a, b, s: mp.log(mp.betainc(a, b, 0, x / (x + s), regularized=True)),
}

POINTS = [
    ("hyperbolic_secant", (1.0, 0.5), (-300.0, -1.0, 0.9, 1.7, 90.0)),
    ("half_cauchy", (2.0,), (1e-40, 0.3, 2.0, 9.0, 1e40)),
    ("half_logistic", (2.0,), (1e-40, 0.3, 2.5, 9.0, 900.0)),
    ("asymmetric_laplace", (1.0, 0.5, 0.6), (-300.0, -1.0, 0.9, 1.7, 900.0)),
    ("gompertz_makeham", (0.1, 2.0, 0.3), (1e-40, 0.3, 2.0, 9.0, 16.0)),
    ("triangular", (-1.0, 0.5, 3.0), (-0.99, -0.3, 0.7, 1.9, 2.999)),
    ("two_piece_normal", (1.0, 0.5, 2.0), (-12.0, 0.3, 0.9, 2.7, 60.0)),
    ("hansen_skew_t", (1.0, 0.5, 4.5, -0.4), (-300.0, 0.2, 0.9, 1.7, 90.0)),
    ("levy", (2.0,), (1e-3, 0.3, 2.5, 9.0, 1e40)),
    ("inverse_exponential", (2.0,), (1e-3, 0.3, 2.5, 9.0, 1e40)),
    ("inverse_pareto", (0.4, 2.0), (1e-40, 0.3, 2.0, 9.0, 1e40)),
    ("inverse_paralogistic", (1.7, 2.0), (1e-40, 0.3, 2.0, 9.0, 1e40)),
    ("beta_prime", (0.7, 2.5, 2.0), (1e-40, 0.3, 2.0, 9.0, 1e30)),
    ("beta_prime", (40.0, 3.0, 0.1), (1e-9, 0.5, 2.0, 9.0, 1e90)),
]
POINTS += [
    ("moyal", (1.0, 0.5), (-2.5, 0.5, 1.5, 9.0, 800.0)),
    ("maxwell", (2.0,), (1e-40, 0.5, 3.0, 9.0, 60.0)),
    ("chi", (3.3,), (1e-40, 0.5, 2.0, 4.0, 30.0)),
    ("chi_squared", (0.7,), (1e-40, 0.5, 2.0, 4.0, 900.0)),
    ("logit_normal", (0.5, 0.8), (1e-9, 0.2, 0.6, 0.9, 1 - 2.0**-30)),
    ("exgaussian", (1.0, 0.5, 2.0), (-15.0, 0.3, 1.5, 6.0, 900.0)),
    ("exgaussian", (1.0, 0.5, 0.02), (-6.0, 0.3, 1.5, 2.5, 9.0)),
    ("exgaussian", (1.0, 0.01, 2.0), (0.8, 1.001, 1.5, 6.0, 900.0)),
    ("rice", (2.0, 0.7), (1e-9, 1.0, 2.0, 3.0, 9.0)),
    ("rice", (40.0, 0.5), (36.0, 39.0, 40.0, 41.0, 50.0)),
    ("kappa4", (1.0, 2.0, 0.2, -0.4), (-40.0, -1.0, 2.0, 5.0, 10.9)),
    ("kappa4", (1.0, 2.0, -0.2, 0.4), (-0.6, 0.0, 2.0, 5.0, 1e4)),
    ("smallest_extreme_value", (1.0, 0.5), (-300.0, -1.0, 0.9, 1.7, 3.5)),
    ("dagum", (0.4, 3.0, 2.0), (1e-40, 0.3, 2.0, 9.0, 1e40)),
    ("dagum", (40.0, 0.8, 0.02), (1e-3, 0.3, 2.0, 9.0, 1e60)),
    ("paralogistic", (1.7, 2.0), (1e-40, 0.3, 2.0, 9.0, 1e40)),
    ("exponentiated_weibull", (0.4, 3.0, 2.0), (1e-40, 0.3, 2.0, 4.0, 18.0)),
    ("exponentiated_weibull", (40.0, 0.8, 0.2), (1e-6, 0.3, 2.0, 9.0, 300.0)),
    ("pearson3", (1.0, 2.0, 1.3), (-2.07, -1.0, 1.0, 6.0, 300.0)),
    ("pearson3", (1.0, 2.0, -0.2), (-30.0, -1.0, 1.0, 6.0, 20.5)),
    ("pearson3", (1.0, 2.0, 0.02), (-30.0, -1.0, 1.0, 6.0, 30.0)),
    ("log_pearson3", (1.0, 0.4, 0.6), (1.1, 2.0, 2.7, 5.0, 1e3)),
    ("generalized_logistic", (1.0, 2.0, 0.3), (-900.0, -4.0, 1.0, 3.0, 7.6)),
    ("generalized_logistic", (1.0, 2.0, -0.3), (-5.5, -4.0, 1.0, 3.0, 1e5)),
    ("generalized_logistic", (1.0, 2.0, 1e-7), (-70.0, -4.0, 1.0, 3.0, 70.0)),
    ("generalized_logistic", (1.0, 2.0, 0.0), (-70.0, -4.0, 1.0, 3.0, 70.0)),
]
at_points = pytest.mark.parametrize(("name", "params", "points"), POINTS, ids=[f"{p[0]}{p[1]}" for p in POINTS])


def slope(f, params, order):
    with mp.workdps(80):
        return float(mp.diff(f, tuple(mp.mpf(p) for p in params), order))


@at_points
def test_density_score_and_second_derivatives_are_the_textbook_s(name, params, points):
    law, x, count = mle.get_family(name), np.array(points), len(params)
    pairs = [(j, k) for j in range(count) for k in range(j, count)]
    score, hessian = law.score(x, *params), law.hessian(x, *params)
    for k, v in enumerate(points):

        def f(*p, v=v):
            return LOGPDF[name](mp.mpf(v), *p)

        exact = float(f(*map(mp.mpf, params)))
        assert float(law.logpdf(x, *params)[k]) == pytest.approx(exact, rel=1e-12, abs=1e-13)
        for j in range(count):
            expected = slope(f, params, [int(i == j) for i in range(count)])
            assert np.broadcast_to(score[j], x.shape)[k] == pytest.approx(expected, rel=2e-10, abs=1e-11), (j, v)
        for (i, j), got in zip(pairs, hessian, strict=True):
            expected = slope(f, params, [int(a == i) + int(a == j) for a in range(count)])
            assert np.broadcast_to(got, x.shape)[k] == pytest.approx(expected, rel=2e-9, abs=1e-10), (i, j, v)


WITH_CDF = pytest.mark.parametrize(
    ("name", "params", "points"), [p for p in POINTS if p[0] in LOGCDF], ids=lambda v: v if isinstance(v, str) else ""
)


@WITH_CDF
def test_logs_of_both_tails_keep_their_digits(name, params, points):
    law = mle.distribution(name, **dict(zip(mle.get_family(name).param_names, params, strict=True)))
    with mp.workdps(400):
        below = [LOGCDF[name](mp.mpf(x), *map(mp.mpf, params)) for x in points]
        expected = [[float(b) for b in below], [float(mp.log(-mp.expm1(b))) for b in below]]
    assert law.logcdf(points) == pytest.approx(expected[0], rel=1e-9, abs=1e-300)
    assert law.logsf(points) == pytest.approx(expected[1], rel=1e-9, abs=1e-300)
    assert law.ppf(law.cdf(points[1:3])) == pytest.approx(points[1:3], rel=1e-9)
    assert law.isf(law.sf(points[2:4])) == pytest.approx(points[2:4], rel=1e-9)


@at_points
def test_outside_and_at_infinity(name, params, points):
    law = mle.distribution(name, **dict(zip(mle.get_family(name).param_names, params, strict=True)))
    assert law.cdf([-np.inf, np.inf]).tolist() == [0.0, 1.0]
    assert law.logsf([-np.inf, np.inf]).tolist() == [0.0, -np.inf]
    assert np.isnan(law.cdf(np.nan))
    assert np.isnan(law.ppf([-0.1, 1.1, np.nan])).all()


WITH_SCIPY = (
    "hyperbolic_secant",
    "asymmetric_laplace",
    "triangular",
    "half_cauchy",
    "half_logistic",
    "levy",
    "inverse_exponential",
    "inverse_pareto",
    "inverse_paralogistic",
    "beta_prime",
    "dagum",
    "paralogistic",
    "smallest_extreme_value",
    "exponentiated_weibull",
    "pearson3",
    "moyal",
    "maxwell",
    "chi",
    "chi_squared",
    "exgaussian",
    "rice",
    "kappa4",
)


@pytest.mark.parametrize("name", WITH_SCIPY)
def test_scipy_has_the_same_law(name):
    params = next(p for law, p, _ in POINTS if law == name)
    law = mle.distribution(name, **dict(zip(mle.get_family(name).param_names, params, strict=True)))
    x = law.ppf([0.01, 0.4, 0.99])
    assert law.logpdf(x) == pytest.approx(law.to_scipy().logpdf(x), rel=1e-10)
    assert law.cdf(x) == pytest.approx(law.to_scipy().cdf(x), rel=1e-10)


@pytest.mark.parametrize(
    ("name", "params", "points"),
    [p for p in POINTS if p[0] not in LOGCDF],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_tails_are_integrals_of_the_density(name, params, points):
    """Whose formula is the textbook's, as tested above: far out in logs, and between the points."""
    law = mle.distribution(name, **dict(zip(mle.get_family(name).param_names, params, strict=True)))

    def log_mass(a, b):
        top = float(law.logpdf(np.array([a, b])).max())
        cuts = np.linspace(a, b, 12)[1:-1]
        f = lambda t: math.exp(float(law.logpdf(t)) - top)  # noqa: E731
        return top + math.log(integrate.quad(f, a, b, epsabs=0, epsrel=1e-11, limit=500, points=cuts)[0])

    first, *middle, last = points
    slopes = [float(law.family.score(np.array([v]), *params)[0][0]) for v in (first, last)]
    reach = [60 / abs(s) if name != "rice" else 2 * (points[3] - points[1]) for s in slopes]
    begin = max(first - reach[0], 0.0) if law.family.support.lower == 0 else first - reach[0]
    assert float(law.logcdf(first)) == pytest.approx(log_mass(begin, first), rel=1e-9)
    assert float(law.logsf(last)) == pytest.approx(log_mass(last, last + reach[1]), rel=1e-9)
    for a, b in itertools.pairwise(middle):
        assert math.log(law.cdf(b) - law.cdf(a)) == pytest.approx(log_mass(a, b), rel=1e-9, abs=1e-10)


def test_pearson3_goes_smoothly_through_the_normal_law():
    """At skew 0 and on both sides of where the formulas change, to what the skew moves."""
    law, x = mle.get_family("pearson3"), np.array([-7.0, -2.0, 0.5, 4.0])
    at_zero = [law.logpdf(x, 0.0, 1.0, 0.0), *law.hessian(x, 0.0, 1.0, 0.0), law.logcdf(x, 0.0, 1.0, 0.0)]
    assert at_zero[0] == pytest.approx(stats.norm.logpdf(x), rel=1e-14)
    assert at_zero[-1] == pytest.approx(stats.norm.logcdf(x), rel=1e-13)
    assert law.score(x, 0.0, 1.0, 0.0)[2] == pytest.approx((x**3 - 3 * x) / 6, rel=1e-13)  # Hermite's polynomial
    for skew in (1e-9, -1e-9, 2e-5):
        near = [law.logpdf(x, 0.0, 1.0, skew), *law.hessian(x, 0.0, 1.0, skew), law.logcdf(x, 0.0, 1.0, skew)]
        for got, expected in zip(near, at_zero, strict=True):
            assert got == pytest.approx(expected, rel=300 * abs(skew) + 1e-9)


def test_the_left_tail_of_a_gamma_law_of_huge_shape_is_right():
    """SciPy's series are cut there; by quadrature in 50 digits."""
    law = mle.distribution("gamma", shape=1e8, scale=1.0)
    assert float(law.logcdf(1e8 - 7e4)) == pytest.approx(-27.3957335782, rel=1e-9)


def test_steep_skewness_ends_in_exponential_laws():
    x = np.random.default_rng(8).exponential(2.0, 40) ** 1.3
    for sample, limit in ((x, "exponential above a threshold"), (-x, "reversed exponential")):
        fit = fit_quietly(sample, "pearson3")
        assert fit.certificate.verdict == "boundary"
        assert fit.certificate.limit == limit


@pytest.mark.parametrize(("law", "of"), [("pearson3", lambda y: y), ("log_pearson3", np.exp)])
@pytest.mark.parametrize("unit", [1.0, -1.0, 0.0371, -0.0371])
def test_at_a_skew_of_2_the_first_observation_is_inside_of_the_law(law, of, unit):
    """The density is finite at its end, which is that observation: the log-likelihood is that of the parameters."""
    x = of(unit * np.random.default_rng(8).exponential(2.0, 40) ** 1.3)
    fit = fit_quietly(x, law)
    assert abs(fit.params["skew"]) == 2.0
    heights = mle.get_family(law).logpdf(x, *fit.params.values())
    assert float(np.sum(heights)) == pytest.approx(fit.llf, abs=1e-9)


def test_normal_inverse_gaussian_density_and_tails():
    """Barndorff-Nielsen's formula in 20 digits, and its integrals far out."""
    law = mle.distribution("nig", loc=1.0, scale=2.0, beta=-0.7, gamma=1.3)

    def density(x):
        root, alpha = mp.hypot(1, (x - 1) / 2), mp.hypot(mp.mpf("0.7"), mp.mpf("1.3"))
        level = mp.mpf("1.3") - mp.mpf("0.7") * (x - 1) / 2
        return alpha / (2 * mp.pi * root) * mp.exp(level) * mp.besselk(1, alpha * root)

    with mp.workdps(20):
        for x in (-90, -1.5, 0.5, 2, 60):
            assert float(law.logpdf(x)) == pytest.approx(float(mp.log(density(mp.mpf(x)))), rel=1e-13)
        above, below = mp.quad(density, [30, 34, 45, 90]), mp.quad(density, [-250, -120, -80, -60])
    assert float(law.logsf(30)) == pytest.approx(float(mp.log(above)), rel=1e-10)
    assert float(law.logcdf(-60)) == pytest.approx(float(mp.log(below)), rel=1e-10)
    x = law.ppf([0.01, 0.5, 0.99])
    assert law.logpdf(x) == pytest.approx(law.to_scipy().logpdf(x), rel=1e-11)


@pytest.mark.parametrize(
    ("values", "right"),
    [([-1.67585508, 0.64520859, 0.16998308, 0.52378965, 5.74116343], (0.419686, 0.441003, 0.0342251, 0.0228282)),
     ([-2.13766582, -1.96990066, -0.32602716, 0.11368981, 1.2608118], (-2.28573073, math.inf, 1.67391233, 0.61409573))],
)  # fmt: skip
def test_of_normal_inverse_gaussian_laws_of_few_values_the_best_is_found(values, right):
    """Nelder-Mead from 12 starts: heavy tails about three values; a threshold. Beside each another law was reported."""
    x = np.repeat(values, 8)
    fit = fit_quietly(x, "normal_inverse_gaussian")
    loc, scale, beta, gamma = right
    if math.isfinite(scale):
        best = stats.norminvgauss(math.hypot(beta, gamma), beta, loc, scale).logpdf(x).sum()
    else:
        best = stats.invgauss(beta / gamma, loc, gamma).logpdf(x).sum()
        assert fit.certificate.limit == "shifted inverse_gaussian"
    assert fit.llf == pytest.approx(best, abs=1e-7)


def test_a_kink_is_found_where_other_parameters_are_known():
    """By every observation in turn, at which alone the likelihood may be highest."""
    x = np.round(stats.laplace_asymmetric(0.5, 3.0, 2.0).rvs(60, random_state=3), 3)
    for name, fixed in (("laplace", {"scale": 1.0}), ("asymmetric_laplace", {"kappa": 0.7}), ("triangular", ENDS)):
        law = mle.get_family(name)
        fit = fit_quietly(x, law, fixed=fixed)
        best = max(_at_kink(law, fixed, at, x) for at in x)
        assert fit.llf == pytest.approx(best, abs=1e-7), name


ENDS = {"low": -30.0, "high": 60.0}


def _at_kink(law, fixed, at, x):
    """The highest log-likelihood with the kink at an observation."""
    if law.name == "laplace":
        params = at, 1.0
    elif law.name == "triangular":
        params = -30.0, at, 60.0
    else:
        k = fixed["kappa"]
        z = x - at
        params = at, float(np.mean(np.where(z > 0, k * z, -z / k))), k
    return float(np.sum(law.logpdf(x, *params)))


# --- fits -------------------------------------------------------------------------------------------------------------


def test_a_log_weibull_lifetime_is_a_smallest_extreme_value():
    x = stats.weibull_min(2.3, scale=7.0).rvs(300, random_state=3)
    log_fit, fit = mle.fit(np.log(x), "sev"), mle.fit(x, "weibull")
    assert log_fit.params["loc"] == pytest.approx(math.log(fit.params["scale"]), rel=1e-9)
    assert log_fit.params["scale"] == pytest.approx(1 / fit.params["shape"], rel=1e-9)
    assert log_fit.llf == pytest.approx(fit.llf + np.log(x).sum(), rel=1e-11)


def test_reciprocals_of_burr_are_dagum():
    x = stats.burr12(1.5, 2.0, scale=3.0).rvs(400, random_state=4)
    dagum, burr = mle.fit(1 / x, "inverse_burr"), mle.fit(x, "burr12")
    assert dagum.params["k"] == pytest.approx(burr.params["k"], rel=1e-6)
    assert dagum.params["scale"] == pytest.approx(1 / burr.params["scale"], rel=1e-6)
    assert dagum.llf == pytest.approx(burr.llf + 2 * np.log(x).sum(), rel=1e-10)


def test_frechet_data_bring_dagum_to_its_limit():
    x = stats.invweibull(2.0).rvs(200, random_state=5)
    dagum, frechet = fit_quietly(x, "dagum"), mle.fit(x, "frechet")
    assert dagum.certificate.verdict == "boundary"
    assert dagum.certificate.limit == "frechet"
    assert dagum.llf == pytest.approx(frechet.llf, rel=1e-12)


@pytest.mark.parametrize("k", [-0.4, 0.0, 0.4])
def test_the_generalized_logistic_contains_the_logistic(k):
    law = mle.distribution("generalized_logistic", loc=1.0, scale=2.0, k=k)
    x = law.rvs(500, rng=6)
    free, logistic = mle.fit(x, "glo"), mle.fit(x, "logistic")
    assert free.llf >= logistic.llf - 1e-9
    assert mle.fit(x, "glo", fixed={"k": 0.0}).llf == pytest.approx(logistic.llf, rel=1e-11)
    assert abs(free.params["k"] - k) < 0.12


@pytest.mark.parametrize("name", ["gev", "gpd", "generalized_logistic"])
def test_a_subnormal_shape_is_none(name):
    """Products with it have few digits: their ratio to it is none of the observation."""
    law = mle.get_family(name)
    x = np.array([0.1, 1.3, 2.0])
    others = (-1.0, 0.8) if law.has_location else (0.8,)
    at_0 = law.logpdf(x, *others, 0.0)
    for shape in (5e-324, 1e-320, 1e-301):
        assert law.logpdf(x, *others, shape) == pytest.approx(at_0, rel=1e-14)


def test_a_signal_is_found_beside_far_values_that_speak_for_none():
    """mean(x⁴) >= 2 mean(x²)² makes nu = 0 a maximum of Rice's law, not the highest: 8 nats were lost in silence."""
    x = np.concatenate([3 + 0.5 * special.ndtri((np.arange(40) + 0.5) / 40), [10.0]])

    def loglik(u):
        nu, sigma = np.exp(u)
        z = x * nu / sigma**2
        return np.sum(np.log(x / sigma**2) - 0.5 * ((x - nu) / sigma) ** 2 + np.log(special.ive(0, z)))

    best = optimize.minimize(lambda u: -loglik(u), np.log([3.0, 1.0]), method="Nelder-Mead", options={"fatol": 1e-10})
    fit = fit_quietly(x, "rice")
    assert np.mean(x**4) > 2 * np.mean(x**2) ** 2
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(-best.fun, abs=1e-8)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("skew_normal", {"loc": 1.0, "scale": 2.0, "alpha": 4.5}),
        ("skew_normal", {"loc": 1.0, "scale": 2.0, "alpha": -1e6}),
        ("inverse_gaussian", {"mu": 1.0, "lam": 1.0}),
        ("exgaussian", {"mu": 0.0, "sigma": 1.0, "tau": 3.0}),
        ("kappa4", {"loc": 0.0, "scale": 1.0, "k": -0.1, "h": 0.1}),
    ],
)
def test_quantiles_have_their_probability_however_small(name, params):
    """Those of SciPy's skew normal law are wrong from 1e-12 on, those of its inverse Gaussian one from 1e-60 on."""
    law, p = mle.distribution(name, **params), np.array([1e-300, 1e-100, 1e-17, 1e-12, 0.01, 0.5])
    assert law.logsf(law.isf(p)) == pytest.approx(np.log(p), rel=1e-9)
    if name != "kappa4":  # which begins at a number
        assert law.logcdf(law.ppf(p)) == pytest.approx(np.log(p), rel=1e-9)
    assert np.array_equal(law.ppf(np.array([1.0, -1.0, 2.0])), [np.inf, np.nan, np.nan], equal_nan=True)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize(
    "x", [np.array([1, 2, 3, 5, 8, 13, 21, 34, 55, 89.0]), 1 / np.arange(1.0, 20.0), np.arange(1.0, 12.0) ** 2]
)
def test_a_generalised_logistic_law_at_its_end_is_log_logistic_beyond_a_threshold(x, side, unit):
    """As |k| → 1 the end comes to an observation, where the density is finite; it was not converged."""
    with pytest.warns(mle.FitWarning, match="at the boundary k = "):
        fit = mle.fit(side * x * unit, "generalized_logistic")
    excess = x - np.min(x)
    by_scale = optimize.minimize_scalar(
        lambda log_s: np.sum(log_s + 2 * np.log1p(excess / np.exp(log_s))), bounds=(-10, 10), options={"xatol": 1e-12}
    )
    assert fit.certificate.verdict == "boundary"
    assert fit.params["k"] == -side
    np.testing.assert_allclose(fit.llf, -by_scale.fun - len(x) * np.log(unit), rtol=1e-10)
    np.testing.assert_allclose(fit.params["scale"], unit * np.exp(by_scale.x), rtol=1e-5)
    end = fit.params["loc"] + fit.params["scale"] / fit.params["k"]
    np.testing.assert_allclose(end, side * np.min(x) * unit, rtol=1e-12)
