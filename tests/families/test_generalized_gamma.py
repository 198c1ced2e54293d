"""The generalized gamma law of either sign, through the lognormal, on exact and coarse data."""

import fieldcases
import mpmath as mp
import numpy as np
import pytest
from references import fit_quietly
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.data.groups import Groups
from mle_toolkit.families.generalized_gamma import _OfLogs, _Prentice
from mle_toolkit.likelihood.kernels import group_twin

LAW = mle.get_family("generalized_gamma")


def field_samples():
    """Samples of the field cases, by the id of their case."""
    locomotive, alloy = fieldcases.columns("locomotivecontrol.csv"), fieldcases.columns("at7987.csv")
    claims = fieldcases.columns("kpw_c.csv")
    censored = mle.Sample.right_censored
    return {
        "gengamma-locomotive": censored(
            locomotive["kilomiles"], locomotive["event"] == "Failed", weights=locomotive["count"]
        ),
        "gengamma-cosmesis": mle.datasets.load("cosmesis").sample(),
        "gengamma-kpw-c": mle.Sample.binned(claims["count"], np.append(claims["lower"], np.inf)),
        "alloy-t7987-gengamma": censored(alloy["kilocycles"], alloy["event"] == "Failed", weights=alloy["count"]),
    }


@pytest.mark.parametrize("case", ["gengamma-locomotive", "gengamma-cosmesis", "gengamma-kpw-c", "alloy-t7987-gengamma"])
def test_field_cases_of_coarse_data_have_their_right_maximum(case):
    right = fieldcases.right(case)
    fit = mle.fit(field_samples()[case], "generalized_gamma")
    assert fit.llf == pytest.approx(right["llf"], rel=1e-9)
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(independent_loglik(fit.sample, *fit.params.values()), rel=1e-10)
    for name in LAW.param_names:
        assert fit.params[name] == pytest.approx(right.get(name, fit.params[name]), rel=1e-5)
    if "Q" in right:
        assert np.sign(fit.params["shape2"]) / np.sqrt(fit.params["shape1"]) == pytest.approx(right["Q"], abs=1e-5)


def independent_loglik(sample, a, c, s):
    """The log-likelihood by mpmath, row by row."""
    weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight

    def cdf(x):
        if x <= 0 or x == np.inf:
            return mp.mpf(int(x > 0))
        below = mp.gammainc(a, 0, (mp.mpf(x) / s) ** c, regularized=True)
        return below if c > 0 else 1 - below

    def row(low, high):
        if low == high:
            t = c * mp.log(mp.mpf(low) / s)
            return mp.log(abs(c)) - mp.log(low) + a * t - mp.exp(t) - mp.loggamma(a)
        return mp.log(cdf(high) - cdf(low))

    return float(mp.fsum(w * row(*ends) for w, *ends in zip(weight, sample.lower, sample.upper, strict=True)))


def test_the_cdf_where_the_power_underflows():
    right = fieldcases.right("gengamma-cdf-underflow")
    law = mle.distribution("generalized_gamma", shape1=0.01, shape2=200.0, scale=50.0)
    x = np.array([0.5, 1.0])
    assert law.cdf(x) == pytest.approx(right, rel=1e-9)
    assert law.logcdf(x) == pytest.approx(np.log(right), rel=1e-9)
    assert law.sf(x) == pytest.approx(1 - np.array(right), rel=1e-12)
    assert law.ppf(law.cdf(x)) == pytest.approx(x, rel=1e-12)
    assert mle.distribution("generalized_gamma", shape1=0.01, shape2=-200.0, scale=0.02).sf(1 / x) == pytest.approx(
        right, rel=1e-9
    )


@pytest.mark.parametrize("shape2", [1.4, -1.4])
def test_a_law_of_either_sign_is_scipys(shape2):
    own, theirs = (
        mle.distribution("generalized_gamma", shape1=3.0, shape2=shape2, scale=2.0),
        stats.gengamma(3.0, shape2, scale=2.0),
    )
    x = np.array([0.3, 1.0, 4.0, 9.0])
    for name in ("logpdf", "cdf", "sf", "logcdf", "logsf"):
        assert getattr(own, name)(x) == pytest.approx(getattr(theirs, name)(x), rel=1e-10)
    assert own.ppf(own.cdf(x)) == pytest.approx(x, rel=1e-12)
    assert own.isf(own.sf(x)) == pytest.approx(x, rel=1e-12)
    assert own.mean() == pytest.approx(own.expect(lambda v: v), rel=1e-8)
    assert own.var() == pytest.approx(own.expect(lambda v: (v - own.mean()) ** 2), rel=1e-8)
    assert own.entropy() == pytest.approx(-own.expect(own.logpdf), rel=1e-8)


def test_moments_that_do_not_exist_are_infinite():
    law = mle.distribution("generalized_gamma", shape1=3.0, shape2=-2.0, scale=1.0)
    assert np.isfinite(law.var())
    heavy = mle.distribution("generalized_gamma", shape1=0.4, shape2=-2.0, scale=1.0)
    assert heavy.mean() == heavy.var() == np.inf


@pytest.mark.parametrize("q", [-3.0, -0.7, -0.05, -1e-3, 0.0, 1e-7, 0.01, 0.3, 2.0])
def test_prentices_derivatives_are_those_of_the_density(q):
    law, params = _Prentice(), (0.4, 0.8, q)
    x = np.array([0.3, 1.2, 3.0])

    def exact(x, mu, sigma, q):
        w = (mp.log(x) - mu) / sigma
        if q == 0:
            return -mp.log(sigma * x) - mp.log(2 * mp.pi) / 2 - w * w / 2
        a = 1 / q**2
        return mp.log(abs(q)) - mp.log(sigma * x) + a * mp.log(a) - mp.loggamma(a) + a * (q * w - mp.exp(q * w))

    with mp.workdps(60):
        values = [float(exact(mp.mpf(v), *map(mp.mpf, params))) for v in x]
        assert law.logpdf(x, *params) == pytest.approx(values, rel=1e-13, abs=1e-14)
        if q:
            orders = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (1, 1, 0), (1, 0, 1), (0, 2, 0), (0, 1, 1), (0, 0, 2)]
            for order, own in zip(orders, (*law.score(x, *params), *law.hessian(x, *params)), strict=True):
                slopes = [float(mp.diff(lambda *p, v=v: exact(v, *p), tuple(map(mp.mpf, params)), order)) for v in x]
                assert np.broadcast_to(own, 3) == pytest.approx(slopes, rel=1e-10, abs=1e-11)


@pytest.mark.parametrize("q", [-2.0, -0.3, -1e-4, -1e-9, 1e-9, 1e-6, 0.04, 1.0])
def test_prentices_tails_are_smooth_through_the_lognormal(q):
    law = _Prentice()
    x = np.exp(0.4 + 0.8 * np.array([-3.0, -0.5, 1.0, 4.0]))
    with mp.workdps(60):
        a = 1 / mp.mpf(q) ** 2
        if abs(q) > 1e-3:
            below = [mp.gammainc(a, 0, a * mp.exp(q * (mp.log(v) - 0.4) / mp.mpf(0.8)), regularized=True) for v in x]
            below = [p if q > 0 else 1 - p for p in below]
            tolerance = 1e-10
        else:  # the first term beyond the normal law
            w = [(mp.log(v) - mp.mpf(0.4)) / mp.mpf(0.8) for v in x]
            below = [mp.ncdf(v) + mp.npdf(v) * (q / mp.mpf(3) + q * v**2 / 6) for v in w]
            tolerance = 1e-6
        assert np.exp(law.logcdf(x, 0.4, 0.8, q)) == pytest.approx([float(p) for p in below], rel=tolerance)
        assert np.exp(law.logsf(x, 0.4, 0.8, q)) == pytest.approx([float(1 - p) for p in below], rel=tolerance)


@pytest.mark.parametrize("q", [-4.0, -0.3, -0.051, -0.049, -1e-4, 0.0, 1e-9, 0.04, 0.06, 1.0, 3.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_sums_of_logs_make_the_likelihood_and_its_derivatives(q, weighted):
    """By NumPy and compiled, on either side of where terms are taken row by row."""
    law, params = _OfLogs(), (0.1, 0.8, q)
    y = np.append(np.random.default_rng(4).normal(0.0, 1.0, 60), [-3.0, 2.5, 0.1])
    weight = np.arange(1.0, 64.0) if weighted else None
    w = np.ones(63) if weight is None else weight
    rows = [law.logpdf(y, *params), *law.score(y, *params), *law.hessian(y, *params)]
    right = [float(np.sum(w * v)) for v in rows]
    sizes = np.array([np.sum(w * np.abs(v)) for v in rows])
    sums = [law.derivative_sums(y, weight, *params)]
    if twin := group_twin(law):
        sums.append(twin.sums(y, weight, 0.0, 1.0, *params))
    for each in sums:
        made = np.array(law.derivatives(w.sum(), each, *params))
        assert np.all(np.abs(made - right) <= 1e-9 * sizes)


def test_of_each_of_many_groups_starts_are_on_the_profile():
    """Given shape2 no other parameters are much better: the gain left is that of a shape1 that is off by 2 %."""
    law, rng = _OfLogs(), np.random.default_rng(8)
    y = np.concatenate([np.log(rng.gamma(2.0, size=80)), rng.normal(3.0, 0.1, 80), -np.log(rng.gamma(0.4, size=80))])
    groups = Groups(y, None, np.array([0, 80, 160, 240]))
    starts = law.starts_of_groups(groups)
    assert len(starts) == 5
    for mu, sigma, q in starts:
        for g in range(3):
            x = y[groups.offsets[g] : groups.offsets[g + 1]]
            c = q[g] / sigma[g]

            def cost(u, x=x, c=c):
                q = np.copysign(np.exp(u[1]), c)
                return -np.mean(law.logpdf(x, u[0], q / c, q))

            best = optimize.minimize(cost, [mu[g], np.log(abs(q[g]))], method="Nelder-Mead")
            assert -best.fun - np.mean(law.logpdf(x, mu[g], sigma[g], q[g])) < 1e-3


def searched(y, event, weight):
    """The highest log-likelihood of right-censored data from many starts in mu, sigma and Q, by another program."""
    logs = np.log(y)

    def cost(u):
        mu, sigma, q = u[0], np.exp(u[1]), u[2]
        if abs(q) < 1e-4 or abs(q) > 30:
            return 1e10
        w, a = (logs - mu) / sigma, q**-2
        with np.errstate(all="ignore"):
            density = np.log(abs(q) / sigma) - logs + a * np.log(a) - special.gammaln(a) + a * (q * w - np.exp(q * w))
            tail = (special.gammaincc if q > 0 else special.gammainc)(a, a * np.exp(q * w))
            value = -np.sum(weight * np.where(event, density, np.log(tail)))
        return value if np.isfinite(value) else 1e10

    options = {"maxfev": 2_000, "xatol": 1e-8, "fatol": 1e-11}
    starts = [(np.mean(logs), np.log(np.std(logs)), q) for q in (-1.5, -0.3, 0.3, 1.0, 3.0)]
    return -min(optimize.minimize(cost, u, method="Nelder-Mead", options=options).fun for u in starts)


@pytest.mark.parametrize(("q", "seed"), [(-1.2, 1), (-0.4, 2), (0.5, 3), (1.7, 4)])
@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_censored_and_weighted_fits_are_no_lower_than_an_independent_search(q, seed, unit):
    rng = np.random.default_rng(seed)
    x = np.exp(1.0 + 0.6 / q * np.log(rng.gamma(q**-2, size=80) * q**2))
    end = rng.exponential(3 * np.median(x), 80)
    y, event, weight = np.minimum(x, end), x <= end, rng.integers(1, 4, 80)
    fit = mle.fit(mle.Sample.right_censored(unit * y, event, weights=weight), "generalized_gamma")
    assert fit.certificate.ok
    moved = fit.llf + np.log(unit) * np.sum(weight * event)
    assert moved == pytest.approx(searched(y, event, weight), abs=1e-6)


@pytest.mark.parametrize(
    ("fixed", "law"),
    [({"shape1": 1.0}, "frechet"), ({"shape2": -1.0}, "inverse_gamma"), ({"shape2": 1.0}, "gamma")],
    ids=lambda v: str(v),
)
def test_special_cases_are_members(fixed, law):
    x = 1 / np.random.default_rng(5).gamma(2.5, size=60)
    fit = mle.fit(x, "generalized_gamma", fixed=fixed)
    assert fit.llf == pytest.approx(mle.fit(x, law).llf, abs=1e-8)
    assert mle.fit(x, "generalized_gamma").llf >= fit.llf - 1e-9


def test_bounds_choose_a_side():
    x = 1 / np.random.default_rng(5).gamma(2.5, size=60)
    free = mle.fit(x, "generalized_gamma")
    assert free.params["shape2"] < 0
    with pytest.warns(mle.FitWarning, match="shape2 = 0.5"):
        above = mle.fit(x, "generalized_gamma", bounds={"shape2": (0.5, None)})
    assert above.params["shape2"] == 0.5
    assert above.llf < free.llf
    assert mle.fit(x, "generalized_gamma", bounds={"shape2": (-5.0, 5.0)}).llf == pytest.approx(free.llf, abs=1e-8)


def test_a_fit_of_negative_shape_is_saved_and_loaded(tmp_path):
    x = 1 / np.random.default_rng(5).gamma(2.5, size=60)
    fit = mle.fit(x, "generalized_gamma")
    fit.save(tmp_path / "fit.json")
    assert mle.load(tmp_path / "fit.json").params == fit.params
    assert mle.cross_entropy(fit.distribution, fit.distribution).value == pytest.approx(fit.distribution.entropy())


def test_how_far_a_maximum_beyond_doubles_is_above_the_lognormal_law_is_said():
    """A power of the data has the same likelihood ratio, of parameters that are doubles."""
    z = special.ndtri((np.arange(500) + 0.5) / 500)
    logs = z + 1e-3 * (z * z - 1)
    there = mle.fit(np.exp(0.01 * logs), "generalized_gamma")
    gain = there.llf - mle.fit(np.exp(0.01 * logs), "lognormal").llf
    assert there.certificate.verdict == "interior"
    lost = fit_quietly(np.exp(0.5 * logs), "generalized_gamma")
    assert lost.certificate.limit == "lognormal"
    assert lost.llf == mle.fit(np.exp(0.5 * logs), "lognormal").llf
    assert f"the maximum, {gain:.2g} nats higher, is so near" in lost.certificate.message
