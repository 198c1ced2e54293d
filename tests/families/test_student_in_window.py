"""Laws to which Student's and the skew-t laws tend in a window, against quadrature and brute force."""

import math

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly
from scipy import optimize, stats

import mle_toolkit as mle
from mle_toolkit.families.pole_in_window import PoleInWindow
from mle_toolkit.families.skew_in_window import HalfHeaviestInWindow, LeaningInWindow, RisingInWindow
from mle_toolkit.families.student_in_window import HeaviestInWindow

LOW, HIGH = -1.0, 1.5
LAWS = (
    (HeaviestInWindow(LOW, HIGH), (0.2, 0.3)),
    (LeaningInWindow(LOW, HIGH), (0.2, 0.3, 2.5)),
    (LeaningInWindow(LOW, HIGH), (-3.0, 0.3, -1e4)),
    (LeaningInWindow(LOW, HIGH), (0.5, 3.0, 1e4)),
    (RisingInWindow(LOW, HIGH, 1.0, None), (0.1, 0.4, 3.2)),
    (RisingInWindow(LOW, HIGH, -1.0, None), (0.1, 0.04, 1.01)),
    (RisingInWindow(LOW, HIGH, 1.0, 1.0), (0.1, 0.4)),
    (RisingInWindow(LOW, HIGH, -1.0, math.inf), (0.1, 0.4)),
    (RisingInWindow(LOW, HIGH, 1.0, math.inf), (5.0, 0.4)),
    (PoleInWindow(LOW, HIGH, 1.0, free=True), (0.7, 0.3)),
    (PoleInWindow(LOW, HIGH, -1.0, free=True), (0.7, 0.3)),
    (PoleInWindow(LOW, HIGH, -1.0, free=False), (0.3,)),
    (HalfHeaviestInWindow(LOW, HIGH, 1.0), (-0.8, 0.3)),
    (HalfHeaviestInWindow(LOW, HIGH, -1.0), (1.2, 0.3)),
)


def _cauchy(w):
    return mp.mpf(1) / 2 + mp.atan(w) / mp.pi


def _student(w, df):
    half = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + w * w), regularized=True) / 2
    return half if w < 0 else 1 - half


def _function(law, params):
    """A function to which the density is proportional, by its definition."""
    loc, scale, *shapes = (mp.mpf(p) for p in (*params, 1.0)) if len(params) == 1 else (mp.mpf(p) for p in params)
    match law:
        case HeaviestInWindow() | LeaningInWindow():

            def value(x):
                z = (x - loc) / scale
                flat = 1 / mp.sqrt(1 + z * z)
                return flat * _cauchy(shapes[0] * z * flat) if shapes else flat

            return value
        case RisingInWindow():
            if law.df is None:
                return lambda x: _student(law.sign * (x - loc) / scale, shapes[0])
            cdf = _cauchy if law.df == 1 else mp.ncdf
            return lambda x: cdf(law.sign * (x - loc) / scale)
        case PoleInWindow():
            df, reach = params if law.free else (0.0, *params)
            return lambda x: (reach + (x - LOW if law.sign > 0 else HIGH - x)) ** (-df - 1)
        case _:
            return lambda x: 1 / mp.sqrt(scale**2 + (x - loc) ** 2) if law.sign * (x - loc) >= 0 else mp.mpf(0)


@pytest.mark.parametrize(("law", "params"), LAWS, ids=lambda v: getattr(v, "name", None))
def test_density_and_tails_are_the_integrals(law, params):
    with mp.workdps(30):
        _check_density(law, params)


def _check_density(law, params):
    density = _function(law, params)
    bends = sorted({LOW, HIGH, *(v for v in (params[0],) if LOW < v < HIGH and not isinstance(law, PoleInWindow))})
    whole = mp.quad(density, bends)
    for x in (-0.7, 0.37, 1.1):
        assert float(law.logpdf(np.array(x), *params)) == pytest.approx(float(mp.log(density(x) / whole)), abs=1e-12)
        below = mp.quad(density, [LOW, *(v for v in bends[1:-1] if v < x), x]) / whole
        assert float(law.cdf(np.array(x), *params)) == pytest.approx(float(below), rel=1e-11)
        assert float(law.sf(np.array(x), *params)) == pytest.approx(float(1 - below), rel=1e-10)
    p = np.array([0.0, 1e-3, 0.4, 1.0])
    assert law.cdf(law.ppf(p, *params), *params) == pytest.approx(p, abs=1e-13)
    assert law.sf(law.isf(p, *params), *params) == pytest.approx(p, abs=1e-13)


@pytest.mark.parametrize(("law", "params"), LAWS, ids=lambda v: getattr(v, "name", None))
def test_derivatives_are_those_of_the_density(law, params):
    x = np.array([-0.7, 0.37, 1.1])

    def along(k, f):
        step = 1e-5 * max(1.0, abs(params[k]))
        moved = [tuple(p + d * step * (j == k) for j, p in enumerate(params)) for d in (1, -1)]
        return (np.asarray(f(moved[0])) - np.asarray(f(moved[1]))) / (2 * step)

    if isinstance(law, HalfHeaviestInWindow):
        x = x[law.sign * (x - params[0]) > 0]
    for k, slope in enumerate(law.score(x, *params)):
        assert slope == pytest.approx(along(k, lambda at: law.logpdf(x, *at)), rel=1e-6, abs=1e-6)
    if law.hessian is not None:
        second = iter(law.hessian(x, *params))
        for i in range(len(params)):
            for k in range(i, len(params)):
                expected = along(k, lambda at, i=i: law.score(x, *at)[i])
                assert next(second) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_the_skew_t_law_tends_to_them():
    """Density in the window, over its mass there, by the law itself with parameters far out."""
    law = mle.get_family("skew_t")
    x = np.array([-0.7, 0.37, 1.1])

    def seen(*params):
        return law.logpdf(x, *params) - np.log(law.cdf(HIGH, *params) - law.cdf(LOW, *params))

    near = 1e-6
    lean, half = LeaningInWindow(LOW, HIGH), HalfHeaviestInWindow(LOW, HIGH, 1.0)
    assert seen(0.2, 0.3 / math.sqrt(near), 2.5, near) == pytest.approx(lean.logpdf(x, 0.2, 0.3, 2.5), abs=1e-4)
    far = 1e5
    rising = RisingInWindow(LOW, HIGH, 1.0, None)
    slope = far / math.sqrt(1 + 1 / 2.2)  # T of df + 1 = 3.2 at alpha z sqrt((df + 1)/df)
    assert seen(0.1, 0.4 * far, slope, 2.2) == pytest.approx(rising.logpdf(x, 0.1, 0.4, 3.2), abs=1e-4)
    poles = PoleInWindow(LOW, HIGH, 1.0, free=True)
    assert seen(-1.3, 1e-6, 0.0, 0.7) == pytest.approx(poles.logpdf(x, 0.7, 0.3), abs=1e-4)
    assert lean.logpdf(x, -0.8, 0.3, 1e9) == pytest.approx(half.logpdf(x, -0.8, 0.3), abs=1e-6)


def _in_window(law, seed, n=12):
    low, high = law.ppf([0.15, 0.85])
    drawn = law.rvs(size=n, random_state=np.random.default_rng(seed))
    return law.ppf(0.15 + 0.7 * law.cdf(drawn)), low, high


@pytest.mark.parametrize("unit", [1.0, 1e6, 1e-6])
def test_student_in_a_window_stands_at_df_0(unit):
    """It was the normal law, 0.21 nats lower; and elsewhere "not identified", or "unbounded"."""
    x, low, high = _in_window(stats.cauchy(), 0)
    fit = fit_quietly(mle.Sample(unit * x).truncated(unit * low, unit * high), "student_t")
    assert str(fit.certificate.verdict) == "boundary"
    assert (fit.params["df"], fit.params["scale"]) == (0.0, math.inf)

    def loglik(loc, scale):
        width = np.arcsinh((high - loc) / scale) - np.arcsinh((low - loc) / scale)
        return np.sum(-np.log(np.hypot(scale, x - loc))) - len(x) * np.log(width)

    best = optimize.minimize_scalar(lambda v: -loglik(fit.params["loc"] / unit, np.exp(v)), bracket=(-3, 0))
    assert fit.llf + len(x) * np.log(unit) == pytest.approx(-best.fun, abs=1e-7)


@pytest.mark.parametrize(("law", "seed"), [(stats.t(2), 3), (stats.norm(), 4), (stats.expon(), 0), (stats.expon(), 4)])
def test_no_student_law_in_a_window_is_higher(law, seed):
    x, low, high = _in_window(law, seed)
    fit = fit_quietly(mle.Sample(x).truncated(low, high), "student_t")
    assert fit.certificate.ok

    def off(v):
        df, loc, scale = np.exp(v[0]), v[1], np.exp(v[2])
        mass = stats.t.cdf(high, df, loc, scale) - stats.t.cdf(low, df, loc, scale)
        return -np.sum(stats.t.logpdf(x, df, loc, scale)) + len(x) * np.log(mass) if mass > 1e-9 else 1e9

    spread = np.std(x)
    for df in (0.01, 0.3, 3.0):
        for loc in np.quantile(x, [0.1, 0.5, 0.9]):
            end = optimize.minimize(off, [np.log(df), loc, np.log(spread)], method="Nelder-Mead")
            narrow = np.sum(np.abs(x - end.x[1]) < 20 * np.exp(end.x[2] + 0.5 * end.x[0])) < 2  # a spike
            assert narrow or -end.fun <= fit.llf + 1e-4


def test_skew_t_in_a_window_ends_at_its_limits():
    """Of the first the search stopped with "float division by zero", of the second at digits that were lost."""
    for law, seed, was in ((stats.t(2), 1, -math.inf), (stats.cauchy(), 0, -14.2505)):
        x, low, high = _in_window(law, seed)
        fit = fit_quietly(mle.Sample(x).truncated(low, high), "skew_t")
        assert str(fit.certificate.verdict) == "boundary"
        assert fit.llf > was
        assert fit.params["loc"] in x  # of half of the law
    loc, sign = fit.params["loc"], np.sign(fit.params["alpha"])
    assert fit.params["df"] == 0

    def loglik(scale):
        width = np.arcsinh(np.abs((low if sign < 0 else high) - loc) / scale)
        return np.sum(-np.log(np.hypot(scale, x - loc))) - len(x) * np.log(width)

    best = optimize.minimize_scalar(lambda v: -loglik(np.exp(v)), bracket=(-3, 0))
    assert fit.llf == pytest.approx(-best.fun, abs=1e-7)
