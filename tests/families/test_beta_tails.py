"""Slopes of incomplete beta functions against 60 digits of them."""

import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly

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


def test_slopes_of_laws_of_large_shapes():
    # By quadrature of the density of t with 40 digits, and differences of it.
    right = {1e4: (-0.005018675532591698, 0.0062905253431100065), 1e6: (-0.0002889060362852644, 0.000916123886792558)}
    for shape, t in ((1e4, 0.002), (1e6, 0.001)):
        (below, _), (above, _) = kernel_tail_slopes(t, shape, shape)
        assert (below, above) == pytest.approx(right[shape], rel=1e-7)


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


@pytest.mark.parametrize("name", ["pert", "triangular"])
def test_fits_to_intervals_keep_the_mode_between_the_ends(name):
    rng = np.random.default_rng(0)
    x = np.exp(rng.normal(3.5, 0.7, 60))
    lower = np.floor(x / 20) * 20
    fit = fit_quietly(mle.Sample.intervals(lower, np.where(lower > 150, np.inf, lower + 20)), name)
    low, mode, high = fit.params.values()
    assert low <= mode <= high
