"""The stable law: its density and tails against other integrals, its laws at special values, its fits."""

import math

import mpmath as mp
import numpy as np
import pytest
from dear import CHECKS
from references import fit_quietly
from scipy import special, stats

import mle_toolkit as mle
from mle_toolkit.families.stable_integrals import stables

STABLE = mle.get_family("stable")


@pytest.mark.parametrize("name", CHECKS)
def test_what_holds_for_every_law(name):
    """One draw of each: see `strategies.DEAR`."""
    CHECKS[name](STABLE, 5)


CHARACTERISTIC = [
    (1.5, 0.5, 0.0), (1.5, 0.5, 2.0), (1.5, 0.5, -3.0), (1.0, 0.7, 1.5), (1.0, 0.7, -2.0), (1.001, -0.6, 3.0),
    (0.8, 0.4, 0.7), (1.9, -0.9, 4.0), (0.999, 0.3, -0.5), (1.99, 1.0, -4.0),
]  # fmt: skip


@pytest.mark.parametrize(("alpha", "beta", "z"), CHARACTERISTIC)
def test_density_is_the_integral_of_the_characteristic_function(alpha, beta, z):
    a, b, x, turn = mp.mpf(alpha), mp.mpf(beta), mp.mpf(z), mp.exp(-0.3j) if z > 0 else mp.mpf(1)

    def integrand(r):
        t = turn * r
        if alpha == 1:
            power = t * (1 + 2j * b / mp.pi * mp.log(t))
        else:
            power = t**a * (1 + 1j * b * mp.tan(mp.pi * a / 2) * (t ** (1 - a) - 1))
        return mp.re(turn * mp.exp(-1j * x * t - power))

    with mp.workdps(20):
        expected = mp.quad(integrand, [0, 0.01, 0.1, 0.5, 1, 2, 4, 8, 16, 32, 64, 128]) / mp.pi
    law = mle.distribution("stable", loc=0.0, scale=1.0, alpha=alpha, beta=beta)
    assert float(law.pdf(z)) == pytest.approx(float(expected), rel=1e-11)


def zolotarev(z, alpha, beta, *, density):
    """Density or upper tail at z above its end: Nolan's theorem 1, for alpha other than 1."""
    a, b = mp.mpf(alpha), mp.mpf(beta)
    tilt = b * mp.tan(mp.pi * a / 2)
    x, begin = mp.mpf(z) + tilt, mp.atan(tilt) / a

    def g(angle):
        ratio = x * mp.cos(angle) / mp.sin(a * (begin + angle))
        rest = mp.cos(a * begin) ** (1 / (a - 1)) * mp.cos(a * begin + (a - 1) * angle) / mp.cos(angle)
        return ratio ** (a / (a - 1)) * rest

    low, high = -begin, mp.pi / 2
    left, right = low, high
    for _ in range(60):  # where g is 1
        middle = (left + right) / 2
        left, right = (middle, right) if (g(middle) > 1) == (alpha > 1) else (left, middle)
    width = min(left - low, high - left)
    steps = [width * mp.mpf(4) ** -k for k in range(12)]
    points = sorted({low, high, left, *(left - s for s in steps), *(left + s for s in steps)})
    if density:
        return a / (mp.pi * abs(a - 1) * x) * mp.quad(lambda t: g(t) * mp.exp(-g(t)), points)
    part = mp.quad(lambda t: mp.exp(-g(t)), points) / mp.pi
    return part if alpha > 1 else mp.mpf(1) / 2 - begin / mp.pi - part + 0 * x


@pytest.mark.parametrize(
    ("alpha", "beta", "z"),
    [(1.3, 0.3, 1e4), (1.9999, 1.0, 2.5), (0.3, 0.4, 2.5)],
)
def test_density_by_zolotarevs_integral(alpha, beta, z):
    with mp.workdps(20):
        expected = zolotarev(z, alpha, beta, density=True)
        above = zolotarev(z, alpha, beta, density=False) if alpha > 1 else None
    found = stables(np.array([z]), np.array([alpha]), np.array([beta]))[0]
    assert found[0] == pytest.approx(float(mp.log(expected)), rel=1e-11, abs=1e-10)
    if above is not None:
        assert found[11] == pytest.approx(float(mp.log(above)), rel=1e-11, abs=1e-10)


def test_laws_of_special_shapes():
    """Cauchy's, Lévy's and the normal law, deep into their tails."""
    z = np.array([-1e8, -3.0, -1e-9, 0.0, 0.4, 7.0, 1e8])
    found = stables(z, np.ones(7), np.zeros(7))
    assert found[:, 0] == pytest.approx(stats.cauchy.logpdf(z), rel=1e-13)
    assert found[:, 11] == pytest.approx(stats.cauchy.logsf(z), rel=1e-12)
    z = np.array([-40.0, -3.0, -1e-9, 0.0, 0.4, 7.0, 40.0])
    found = stables(z, np.full(7, 2.0), np.full(7, 0.3))
    assert found[:, 0] == pytest.approx(-0.25 * z * z - 0.5 * math.log(4 * math.pi), rel=1e-12)
    assert found[:, 10] == pytest.approx(special.log_ndtr(z / math.sqrt(2)), rel=1e-11, abs=5e-11)
    z = np.array([-0.99, -0.5, 0.0, 3.0, 1e8])
    found = stables(z, np.full(5, 0.5), np.ones(5))
    assert found[:, 0] == pytest.approx(stats.levy.logpdf(z, loc=-1), rel=1e-11)
    assert found[:, 11] == pytest.approx(stats.levy.logsf(z, loc=-1), rel=1e-11, abs=1e-14)
    assert STABLE.logpdf(np.array([-1.001, -2.0]), 0.0, 1.0, 0.5, 1.0).tolist() == [-math.inf, -math.inf]


def test_tails_are_powers_far_out():
    """The log of f falls by 1 + alpha, that of S by alpha, a unit of log z, as far as the doubles go."""
    z = np.array([1e100, 1e140, 1e200])
    found = stables(z, np.full(3, 1.4), np.full(3, 0.2))
    weight = math.sin(0.7 * math.pi) * math.gamma(1.4) / math.pi * 1.2
    assert found[:, 11] == pytest.approx(math.log(weight) - 1.4 * np.log(z), rel=1e-12)
    assert found[:, 0] == pytest.approx(math.log(1.4 * weight) - 2.4 * np.log(z), rel=1e-12)


def test_nothing_happens_at_alpha_1():
    """S0 goes smoothly through it: values there are what those on either side lead to, of fourth order."""
    z, h = np.array([-3.0, -0.4, 0.0, 1.1, 25.0]), 1e-3
    at = [stables(z, np.full(5, 1 + k * h), np.full(5, 0.8)) for k in (-2, -1, 0, 1, 2)]
    between = (4 * (at[1] + at[3]) - (at[0] + at[4])) / 6
    assert at[2][:, :4] == pytest.approx(between[:, :4], rel=1e-8, abs=1e-8)


def test_as_scipy_has_it():
    """SciPy's density in S1, to what its quadrature gives; and the way back."""
    law = mle.distribution("stable", loc=1.0, scale=2.0, alpha=1.6, beta=0.4)
    theirs = law.to_scipy()
    x = np.array([-4.0, 0.5, 3.0])
    assert theirs.logpdf(x) == pytest.approx(law.logpdf(x), rel=1e-6)
    back = STABLE.from_scipy(1.6, 0.4, theirs.args[2], theirs.args[3])
    assert back == pytest.approx({"loc": 1.0, "scale": 2.0, "alpha": 1.6, "beta": 0.4})


def test_a_fit_of_ten_thousand():
    """The likelihood is level there, by differences, and lower all around; and the truth is near."""
    truth = {"loc": 1.0, "scale": 2.0, "alpha": 1.5, "beta": 0.3}
    x = mle.distribution("stable", **truth).rvs(10_000, rng=1)
    fit = mle.fit(x, "stable")
    assert fit.certificate.ok
    assert all(abs(fit.params[name] - value) < 4 * fit.bse[name] for name, value in truth.items())
    theta = np.array(list(fit.params.values()))
    for k, name in enumerate(fit.params):
        moved = []
        for sign in (-1, 1):
            at = theta.copy()
            at[k] += 0.05 * sign * fit.bse[name]
            moved.append(float(np.sum(STABLE.logpdf(x, *at))))
        assert abs(moved[1] - moved[0]) < 2e-4  # of an information of 0.05² nats
        assert max(moved) < fit.llf


def test_a_maximum_that_leans_all_the_way():
    x = mle.distribution("stable", loc=0.0, scale=1.0, alpha=1.3, beta=1.0).rvs(60, rng=4)
    fit = fit_quietly(x, "stable")
    assert fit.certificate.ok
    assert fit.params["beta"] == 1.0
    assert fit.certificate.boundary == ("beta",)
    assert float(np.sum(STABLE.logpdf(x, *list(fit.params.values())[:3], 0.99))) < fit.llf


def test_a_normal_sample_is_at_alpha_2():
    x = stats.norm.ppf((np.arange(40) + 0.5) / 40)
    fit = fit_quietly(x, "stable")
    assert fit.params["alpha"] == 2.0
    assert fit.params["scale"] == pytest.approx(np.std(x) / math.sqrt(2))


def test_cauchys_law_is_a_special_case():
    """Its null is that of alpha = 1 and beta = 0, and no fit ends below it."""
    x = stats.cauchy.rvs(size=60, random_state=1)
    full, small = mle.fit(x, "stable"), mle.fit(x, "cauchy")
    assert mle.fit(x, "stable", fixed={"alpha": 1.0, "beta": 0.0}).llf == pytest.approx(small.llf, rel=1e-9)
    assert full.test(nested=small).statistic == pytest.approx(2 * (full.llf - small.llf), abs=1e-6)
    assert full.llf > small.llf


def test_rows_with_shapes_of_their_own_are_the_same_asked_again():
    """Columns of the last rows are kept; of others they are new, and nothing at all is nothing."""
    law, x = mle.get_family("stable"), np.array([-2.0, 0.3, np.nan, np.inf])
    shapes = np.array([1.3, 1.7, 1.1, 1.2]), np.array([0.2, -0.5, 0.0, 0.1])
    first = law.logpdf(x, 0.0, 1.0, *shapes)
    assert np.array_equal(law.expansion(x, 0.0, 1.0, *shapes)[0], first, equal_nan=True)
    assert not np.any(law.logpdf(x[:2], 0.0, 1.0, shapes[0][:2], -shapes[1][:2]) == first[:2])
    assert np.array_equal(law.logpdf(x, 0.0, 1.0, *shapes), first, equal_nan=True)
    assert np.all(np.isnan(law.logpdf(x[2:3], 0.0, 1.0, shapes[0][2:3], shapes[1][2:3])))


def test_rows_that_have_arrived_stay_where_others_have_not():
    """A step of exactly 0 was divided by itself, on processors without the faster loops: cdf 0 or 1 near the mode."""
    z, alpha, beta = np.linspace(-0.5, 0.5, 201), 1.357662780521071, -0.17135889592948672
    together = stables(z, np.full(201, alpha), np.full(201, beta))
    alone = [stables(z[k : k + 1], np.array([alpha]), np.array([beta]))[0] for k in range(0, 201, 10)]
    assert np.isfinite(together).all()
    assert together[::10] == pytest.approx(np.array(alone), rel=1e-9, abs=1e-11)
