"""Slopes of incomplete beta functions against 60 digits of them."""

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly
from scipy import optimize, special

import mle_toolkit as mle
from mle_toolkit.families.beta_tails import kernel_tail_slopes, kernel_tails

POINTS = [
    (0.3, 2.0, 3.0),  # by the series, on both sides of 0
    (-1.5, 2.0, 3.0),
    (-12.0, 0.05, 0.4),
    (4.0, 0.7, 1.0),
    (-2.5, 3.0, 40.0),
    (2.5, 60.0, 3.0),
    (-1.2, 2.0, 40.0),  # far beyond the mean
    (1.4, 35.0, 0.5),
    (-6.0, 3.0, 1e4),
    (-4.0, 150.0, 9e3),
    (1.394255870905972, 300.0, 300.0 / 59),  # the log of the larger tail is rounded to 0, or to -0
]


def exact(t, a, b):
    """Logs of both tails."""
    share, rest = 1 / (1 + mp.exp(-mp.mpf(t))), 1 / (1 + mp.exp(mp.mpf(t)))
    below, above = mp.betainc(a, b, 0, share, regularized=True), mp.betainc(b, a, 0, rest, regularized=True)
    return mp.log(below), mp.log(above)


@pytest.mark.parametrize("point", POINTS)
def test_slopes_of_tails(point):
    t, a, b = point
    step = mp.mpf(10) ** -20
    with mp.workdps(60):
        sides = [
            [(up - down) / (2 * step) for up, down in zip(exact(t, *ups), exact(t, *downs), strict=True)]
            for ups, downs in (((a + step, b), (a - step, b)), ((a, b + step), (a, b - step)))
        ]
        right = np.array(sides, dtype=float).T
    assert np.array(kernel_tail_slopes(t, a, b)) == pytest.approx(right, rel=1e-11, abs=1e-300)
    assert np.array(kernel_tails(t, a, b)) == pytest.approx(np.array(exact(t, a, b), dtype=float), rel=1e-12)


def test_slopes_of_many_laws_are_those_of_each():
    t, a, b = np.array(POINTS).T
    together = np.array(kernel_tail_slopes(t, a, b))
    alone = [np.array(kernel_tail_slopes(*point)) for point in POINTS]
    assert together == pytest.approx(np.stack(alone, axis=-1), rel=1e-13)


def by_quadrature(t, a, b):
    """Logs of both tails, and their slopes by a and b: the smaller one by quadrature, in the digits at work."""
    t, a, b = mp.mpf(t), mp.mpf(a), mp.mpf(b)

    def log_density(u):
        return a * u - (a + b) * mp.log1p(mp.exp(u)) - mp.loggamma(a) - mp.loggamma(b) + mp.loggamma(a + b)

    up = t > mp.log(a / b)
    steep, bend = abs(a - (a + b) / (1 + mp.exp(-t))), 1 / (1 / a + 1 / b)
    reach = 120 / (steep + mp.sqrt(steep * steep + 60 * bend))
    places = [t + (reach if up else -reach) * k / 8 for k in range(9)]
    top, ends = log_density(t), (mp.psi(0, a + b) - mp.psi(0, a), mp.psi(0, a + b) - mp.psi(0, b))

    def total(of):
        return mp.quad(lambda u: mp.exp(log_density(u) - top) * of(mp.log1p(mp.exp(u)), u), places)

    mass = total(lambda log, u: 1)
    own = [total(lambda log, u: u - log + ends[0]) / mass, total(lambda log, u: ends[1] - log) / mass]
    smaller = top + mp.log(abs(mass))
    larger = mp.log1p(-mp.exp(smaller))
    others = [-slope * mp.exp(smaller - larger) for slope in own]
    return ((larger, smaller), (others, own)) if up else ((smaller, larger), (own, others))


@pytest.mark.parametrize(("ratio", "far"), [(1.0, 1e-12), (1e3, 1e-9), (1 / 59, 1e-9)])
@pytest.mark.parametrize("shape", [1.3e4, 1e6, 1e9])
def test_tails_and_slopes_of_laws_of_large_shapes(shape, ratio, far):
    """They were differences of SciPy's functions, good to 1e-7, and took up to a millisecond each far out."""
    a, b = max(shape, shape / ratio), max(shape, shape * ratio)
    for z in (-20.0, -2.0, 0.0, 0.4, 5.0):
        t = float(np.log(a / b) + z * np.sqrt(1 / a + 1 / b))
        with mp.workdps(40):
            tails, slopes = by_quadrature(t, a, b)
            right, right_slopes = np.array(tails, dtype=float), np.array(slopes, dtype=float)
        assert np.array(kernel_tails(t, a, b)) == pytest.approx(right, rel=far, abs=1e-300)
        assert np.array(kernel_tail_slopes(t, a, b)) == pytest.approx(right_slopes, rel=far, abs=1e-300)


@pytest.mark.parametrize(
    ("name", "params"), [("beta", (2.0, 3.0)), ("pert", (0.0, 0.3, 1.0)), ("beta_prime", (2.0, 3.0, 0.5))]
)
def test_laws_with_such_tails_at_and_beyond_their_ends(name, params):
    law = mle.distribution(name, **dict(zip(mle.get_family(name).param_names, params, strict=True)))
    assert law.logcdf([-1.0, 0.0]).tolist() == [-np.inf, -np.inf]
    assert law.logsf([-1.0, 0.0]).tolist() == [0.0, 0.0]
    if name != "beta_prime":
        assert law.logcdf([1.0, 2.0]).tolist() == [0.0, 0.0]
        assert law.logsf([1.0, 2.0]).tolist() == [-np.inf, -np.inf]
    slopes = np.array(mle.get_family(name).tail_scores(np.array([0.0, 0.25]), *params))
    assert np.all(slopes[..., 0] == 0)
    assert np.all(np.isfinite(slopes[..., 1]))


@pytest.mark.parametrize("name", ["pert", "triangular"])
@pytest.mark.parametrize("params", [(0.0, -1.0, 4.0), (0.0, 5.0, 4.0), (4.0, 2.0, 0.0)])
def test_ends_and_a_mode_that_are_out_of_order_have_no_probabilities(name, params):
    """A beta law of other parameters would be fitted to intervals in their place, and be said to be this one."""
    law, x = mle.get_family(name), np.linspace(-2.0, 6.0, 9)
    assert np.all(law.logpdf(x, *params) == -np.inf)
    for of in (law.cdf, law.sf, law.logcdf, law.logsf):
        assert of is None or np.all(np.isnan(of(x, *params)))


@pytest.mark.parametrize("params", [(-1.0, 0.5, 3.0), (-1.0, -1.0, 3.0), (-1.0, 3.0, 3.0), (-1e12, 40.0, 1e3)])
@pytest.mark.parametrize(
    "ends", [(0.1, 0.2), (-5.0, 0.7), (0.6, 150.0), (-np.inf, 0.4), (0.6, np.inf), (0.2, 0.2 + 1e-9)]
)
def test_probabilities_of_intervals_of_the_triangular_law_keep_their_digits(params, ends):
    """Also of a window that sees a small share of it, where tails differ in few digits; and their derivatives."""
    law = mle.get_family("triangular")
    with mp.workdps(60):

        def log_mass(*at):
            low, mode, high = at
            below = [
                mp.mpf(0)
                if x <= low
                else mp.mpf(1)
                if x >= high
                else (x - low) ** 2 / ((high - low) * (mode - low))
                if x < mode
                else 1 - (high - x) ** 2 / ((high - low) * (high - mode))
                for x in map(mp.mpf, ends)
            ]
            return mp.log(below[1] - below[0])

        at = [mp.mpf(p) for p in params]
        expected = float(log_mass(*at))
        slopes = []
        for k, p in enumerate(at):
            h = mp.mpf(10) ** -24 * max(1, abs(p))
            moved = [[q + sign * h * (j == k) for j, q in enumerate(at)] for sign in (1, -1)]
            slopes.append(float((log_mass(*moved[0]) - log_mass(*moved[1])) / (2 * h)))
    lower, upper = (np.array([end]) for end in ends)
    assert law.log_mass(lower, upper, *params)[0] == pytest.approx(expected, rel=1e-14, abs=1e-15)
    got = [float(slope[0]) for slope in law.log_mass_scores(lower, upper, *params)]
    inside = [params[0] < params[1] or None, params[0] < params[1] < params[2] or None, params[1] < params[2] or None]
    for one, other, regular in zip(got, slopes, inside, strict=True):
        assert regular is None or one == pytest.approx(other, rel=1e-9, abs=1e-18)


@pytest.mark.parametrize("name", ["pert", "triangular"])
def test_fits_to_intervals_keep_the_mode_between_the_ends(name):
    rng = np.random.default_rng(0)
    x = np.exp(rng.normal(3.5, 0.7, 60))
    lower = np.floor(x / 20) * 20
    fit = fit_quietly(mle.Sample.intervals(lower, np.where(lower > 150, np.inf, lower + 20)), name)
    low, mode, high = fit.params.values()
    assert low <= mode <= high


def forms_of_a_skewed_sample():
    """Forty lognormal values, of which a PERT law with its mode at the lowest is the best."""
    x = np.exp(np.random.default_rng(3).normal(3.0, 0.8, 40))
    lower = np.floor(x / 10) * 10
    limit = np.quantile(x, 0.7)
    return {
        "exact": mle.Sample(x),
        "right-censored": mle.Sample.right_censored(np.minimum(x, limit), x <= limit),
        "intervals": mle.Sample.intervals(lower, np.where(lower > 60, np.inf, lower + 10)),
        "entry": mle.Sample(x).truncated(lower=np.where(np.arange(40) % 2, 0.0, 0.7 * x)),
    }


@pytest.mark.parametrize("form", list(forms_of_a_skewed_sample()))
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_pert_law_may_have_its_mode_at_an_end(form, side):
    """Against SciPy's functions of the beta law, any mode and ends, climbed by Nelder and Mead's method."""
    sample = forms_of_a_skewed_sample()[form]
    low, high = sample.lower, sample.upper
    first, last = (-np.inf, np.inf) if sample.window is None else sample.window

    def nll(params):
        ends, share = params[:2], special.expit(params[2])
        if not ends[0] < ends[1]:
            return np.inf
        a, b, length = 1 + 4 * share, 5 - 4 * share, ends[1] - ends[0]

        def below(x):
            return special.betainc(a, b, np.clip((x - ends[0]) / length, 0.0, 1.0))

        with np.errstate(all="ignore"):
            heights = special.xlogy(a - 1, low - ends[0]) + special.xlogy(b - 1, ends[1] - low)
            points = np.where((low < ends[0]) | (low > ends[1]), -np.inf, heights - 5 * np.log(length))
            rows = np.where(low == high, points - special.betaln(a, b), np.log(below(high) - below(low)))
            value = -np.sum(rows - np.log(below(last) - below(first)))
        return value if np.isfinite(value) else np.inf

    inside, rng = low[np.isfinite(low)], np.random.default_rng(0)
    starts = [(inside.min() - rng.exponential(2), inside.max() + rng.exponential(60), -3.0) for _ in range(4)]
    tight = {"maxfev": 3000, "xatol": 1e-11, "fatol": 1e-11}
    best = min(optimize.minimize(nll, u, method="Nelder-Mead", options=tight).fun for u in starts)
    mirrored = sample if side > 0 else mirror(sample)
    fit = fit_quietly(mirrored, "pert")
    assert fit.certificate.ok
    assert fit.llf >= -best - 1e-6  # theirs comes to the corner from one side
    assert fit.llf <= -best + 0.05
    params = list(fit.params.values())
    at_end = form != "right-censored"
    assert ("mode" in fit.certificate.boundary) == at_end
    assert (params[1] == (params[0] if side > 0 else params[2])) == at_end


def mirror(sample):
    """The sample of the negatives."""
    ends = mle.Sample.intervals(-sample.upper, -sample.lower)
    if sample.window is not None:
        return ends.truncated(-sample.window[1], -sample.window[0])
    return ends
