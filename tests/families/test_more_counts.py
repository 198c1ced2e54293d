"""Laws of counts for more and less variation than Poisson: against mpmath and independent routes; their limits."""

import math

import mpmath
import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.errors import DegenerateDataError
from mle_toolkit.families.bessel import log_ive, log_kve_half, slope_of_kve_half
from mle_toolkit.families.com_poisson import _sums

THYRION = mle.Sample.table([0, 1, 2, 3, 4, 5, 6, 7], [7840, 1317, 239, 42, 14, 4, 4, 1])
"""Accidents of 9,461 insured drivers (Thyrion 1961; Klugman, Panjer & Willmot 2012, Loss Models)."""

LESS_VARIED = mle.Sample.table([1, 2, 3, 4, 5], [3, 20, 45, 28, 4])
"""Counts whose variance is a quarter of their mean."""


def mp_pig(x, size, mu):
    """A Poisson law mixed over an inverse Gaussian one, by quadrature."""
    size, mu = mpmath.mpf(size), mpmath.mpf(mu)

    def integrand(rate):
        inverse_gaussian = mpmath.sqrt(mu * size / (2 * mpmath.pi * rate**3))
        inverse_gaussian *= mpmath.exp(-size * (rate - mu) ** 2 / (2 * mu * rate))
        return mpmath.exp(-rate) * rate**x / mpmath.factorial(x) * inverse_gaussian

    return mpmath.log(mpmath.quad(integrand, [0, mu / 10, mu, 3 * mu, 10 * mu, 60 * mu]))


def mp_generalized(x, theta, lam):
    theta, lam = mpmath.mpf(theta), mpmath.mpf(lam)

    def term(k):
        return theta * (theta + lam * k) ** (k - 1) * mpmath.exp(-theta - lam * k) / mpmath.factorial(k)

    last = int(mpmath.ceil(-theta / lam)) - 1 if lam < 0 else None
    return mpmath.log(term(x) / (1 if last is None else mpmath.fsum(term(k) for k in range(last + 1))))


def mp_conway(x, lam, nu):
    log_lam = mpmath.log(lam)
    terms = [mpmath.exp(k * log_lam - nu * mpmath.loggamma(k + 1)) for k in range(400)]
    return mpmath.log(terms[x] / mpmath.fsum(terms))


def mp_skellam(x, mu1, mu2):
    a, b = mpmath.mpf(mu1), mpmath.mpf(mu2)
    return -a - b + x * mpmath.log(a / b) / 2 + mpmath.log(mpmath.besseli(abs(x), 2 * mpmath.sqrt(a * b)))


def mp_beta_geometric(x, a, b):
    return mpmath.log(mpmath.beta(mpmath.mpf(a) + 1, mpmath.mpf(b) + x) / mpmath.beta(mpmath.mpf(a), b))


def mp_yule_simon(x, alpha):
    return mpmath.log(mpmath.mpf(alpha) * mpmath.beta(x, mpmath.mpf(alpha) + 1))


def mp_borel(x, mu):
    mu = mpmath.mpf(mu)
    return mpmath.log(mpmath.exp(-mu * x) * (mu * x) ** (x - 1) / mpmath.factorial(x))


REFERENCES = [
    ("beta_geometric", mp_beta_geometric, [(0, 1.0, 2.0), (7, 0.5, 30.0), (10**9, 2.5, 0.3), (3, 4e6, 1e6)]),
    ("yule_simon", mp_yule_simon, [(1, 0.4), (7, 2.5), (10**12, 1.5), (2, 1e5)]),
    ("borel_tanner", mp_borel, [(1, 0.3), (2, 0.7), (500, 0.95)]),
    ("poisson_inverse_gaussian", mp_pig, [(0, 1.0, 2.0), (5, 0.5, 3.0), (60, 3.0, 20.0)]),
    (
        "generalized_poisson",
        mp_generalized,
        [(4, 2.0, 0.5), (7, 3.0, -0.4), (3, 10.0, -2.5), (0, 0.5, -0.3), (91, 1e3, -10.0)],
    ),
    ("com_poisson", mp_conway, [(3, 2.0, 0.7), (0, 30.0, 1.5), (9, 0.9, 0.05), (70, 250.0, 1.3)]),
    ("skellam", mp_skellam, [(0, 1.0, 2.0), (-3, 1.0, 2.0), (50, 20.0, 0.3), (-7, 1e-6, 3.0), (130, 200.0, 90.0)]),
]


@pytest.mark.parametrize(("name", "reference", "points"), REFERENCES, ids=[row[0] for row in REFERENCES])
def test_log_probabilities_keep_their_digits(name, reference, points):
    law = mle.get_family(name)
    with mpmath.workdps(30):
        for x, *params in points:
            expected = float(reference(x, *params))
            assert float(law.logpdf(np.array(float(x)), *params)) == pytest.approx(expected, rel=3e-14)


def test_bessel_functions_of_any_order_and_argument():
    with mpmath.workdps(40):
        for order, x in ((0, 1e-9), (3, 0.02), (39, 1e-3), (40, 50.0), (3000, 12.0), (2, 400.0), (7, 3e6)):
            expected = mpmath.log(mpmath.besseli(order, x)) - x
            assert float(log_ive(order, x)) == pytest.approx(float(expected), rel=1e-14)
        for n, x in ((0, 2.0), (5, 1e-3), (40, 30.0), (41, 1e4), (300, 1e8), (60, 0.5)):
            terms = [mpmath.binomial(n, k) * mpmath.rf(n + 1, k) * (2 * mpmath.mpf(x)) ** -k for k in range(n + 1)]
            total = mpmath.fsum(terms)
            slope = -mpmath.fsum(k * term for k, term in enumerate(terms)) / total
            assert float(log_kve_half(n, x)) == pytest.approx(float(mpmath.log(total)), rel=1e-13)
            assert float(slope_of_kve_half(n, x)) == pytest.approx(float(slope), rel=1e-13)


@pytest.mark.parametrize(
    ("lam", "nu", "x"),
    [(1e4, 1.0, 9990), (1e6, 2.0, 1100), (1e14, 1.0, 10**14 + 10**6), (1e16, 1.0, 10**16), (9.0, 400.0, 1)],
)
def test_conway_and_maxwells_law_of_a_large_mode(lam, nu, x):
    """The sum over counts is an integral about the mode, as its terms change little from one to the next."""
    with mpmath.workdps(40):
        a, b, mode = mpmath.log(lam), mpmath.mpf(nu), mpmath.mpf(lam) ** (1 / mpmath.mpf(nu))
        middle = mpmath.nint(mode)

        def log_term(k):
            return k * a - b * mpmath.loggamma(k + 1)

        apart = max(1, int(mpmath.sqrt(mode / b) / 8))
        about = [middle + apart * j for j in range(-100, 101) if middle + apart * j >= 0]
        log_sum = mpmath.log(apart * mpmath.fsum(mpmath.exp(log_term(k) - log_term(middle)) for k in about))
        expected = float(log_term(x) - log_term(middle) - log_sum)
    assert float(mle.distribution("com_poisson", lam=lam, nu=nu).logpdf(x)) == pytest.approx(expected, rel=1e-10)


def test_the_normaliser_of_conway_and_maxwell_and_its_derivatives():
    """About the mode, from zero on, and where both serve."""
    with mpmath.workdps(30):
        for log_lam, nu, size in ((0.5, 1.0, 60), (0.05, 0.02, 2500), (5.52, 1.0, 600), (-0.01, 1e-3, 4000)):
            logs = [mpmath.loggamma(k + 1) for k in range(size)]
            terms = [mpmath.exp(log_lam * k - nu * log) for k, log in enumerate(logs)]
            total = mpmath.fsum(terms)
            mean = mpmath.fsum(k * t for k, t in enumerate(terms)) / total
            mean_log = mpmath.fsum(a * t for a, t in zip(logs, terms, strict=True)) / total
            cov = mpmath.fsum((k - mean) * (a - mean_log) * t for k, (a, t) in enumerate(zip(logs, terms, strict=True)))
            found = _sums(np.asarray(log_lam), np.asarray(nu))
            assert float(found.log_z) == pytest.approx(float(mpmath.log(total)), rel=1e-14)
            assert float(found.mean) == pytest.approx(float(mean), rel=1e-13)
            assert float(found.mean_log) == pytest.approx(float(mean_log), rel=1e-13)
            assert float(found.cov) == pytest.approx(float(cov / total), rel=1e-11)


def test_tails_are_summed_from_the_near_end():
    """SciPy's survival function of Skellam's law is 0 at 200; ours keeps its digits."""
    law = mle.distribution("skellam", mu1=20.0, mu2=10.0)
    with mpmath.workdps(30):
        above = mpmath.fsum(mpmath.exp(mp_skellam(k, 20, 10)) for k in range(201, 400))
        below = mpmath.fsum(mpmath.exp(mp_skellam(k, 20, 10)) for k in range(-300, -99))
    assert float(law.logsf(200)) == pytest.approx(float(mpmath.log(above)), rel=1e-13)
    assert float(law.logcdf(-100)) == pytest.approx(float(mpmath.log(below)), rel=1e-13)
    assert law.cdf([-np.inf, np.inf]).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("name", "reference", "params"), [(*row[:2], row[2][1][1:]) for row in REFERENCES[:3]])
def test_tails_scores_and_second_derivatives_of_long_tails(name, reference, params):
    """Against differences of mpmath's; the tail above 2 is one less the first probabilities."""
    law, n = mle.get_family(name), len(params)
    first = int(law.support.lower)
    with mpmath.workdps(40):
        below = mpmath.fsum(mpmath.exp(reference(k, *params)) for k in range(first, 3))
        assert float(law.logsf(np.array(2.0), *params)) == pytest.approx(float(mpmath.log(1 - below)), rel=1e-12)
        assert float(law.logcdf(np.array(2.0), *params)) == pytest.approx(float(mpmath.log(below)), rel=1e-12)
        at, point = [mpmath.mpf(p) for p in params], np.array([4.0])
        second = law.hessian(point, *params)
        for j in range(n):
            slope = mpmath.diff(lambda *p: reference(4, *p), at, [int(i == j) for i in range(n)])
            assert float(law.score(point, *params)[j][0]) == pytest.approx(float(slope), rel=1e-11)
        pairs = [(i, j) for i in range(n) for j in range(i, n)]
        for (i, j), got in zip(pairs, second, strict=True):
            bend = mpmath.diff(lambda *p: reference(4, *p), at, [int(a == i) + int(a == j) for a in range(n)])
            assert float(np.ravel(got)[0]) == pytest.approx(float(bend), rel=1e-8)


def test_estimates_of_long_tails_are_those_of_the_textbooks():
    outbreaks = np.array([1.0] * 90 + [2.0] * 12 + [3.0] * 5 + [4.0, 4.0, 5.0, 9.0])
    assert mle.fit(outbreaks, "borel").params["mu"] == pytest.approx(1 - 1 / outbreaks.mean(), rel=1e-14)
    both = mle.fit(outbreaks + 1, mle.get_family("borel_tanner", n=2)).params["mu"]
    assert both == pytest.approx(1 - 2 / (outbreaks + 1).mean(), rel=1e-14)
    alpha = mle.fit(outbreaks, "yule_simon").params["alpha"]
    # Garcia Garcia (2011), A fixed-point algorithm for the Yule-Simon law: alpha = n / sum of sums of 1/(alpha + j).
    inverse = sum(1 / (alpha + j) for k in outbreaks for j in range(1, int(k) + 1))
    assert alpha == pytest.approx(len(outbreaks) / inverse, rel=1e-9)
    waring = mle.fit(outbreaks - 1, "waring", fixed={"b": 1.0})
    assert waring.params["a"] == pytest.approx(alpha, rel=1e-7)


# --- fits -------------------------------------------------------------------------------------------------------------


def test_insured_drivers_have_a_longer_tail_than_a_negative_binomial_one():
    """By a search over the probabilities of mpmath's recurrence (Willmot 1987), which shares nothing with ours."""
    fit = mle.fit(THYRION, "pig")

    def nll(u):
        mu, sigma = math.exp(u[0]), math.exp(u[1])  # sigma = 1 / size
        root = 1 + 2 * sigma * mu
        p = [math.exp((1 - math.sqrt(root)) / sigma)]
        p.append(mu * p[0] / math.sqrt(root))
        for k in range(2, 8):
            p.append(2 * sigma * mu / root * (1 - 1.5 / k) * p[k - 1] + mu**2 / (root * k * (k - 1)) * p[k - 2])
        return -float(np.sum(THYRION.weight * np.log(p)))

    best = optimize.minimize(nll, [math.log(0.2), 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10})
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(-best.fun, abs=1e-8)
    assert fit.params["mu"] == pytest.approx(THYRION.mean(), rel=1e-8)  # as for any law mixed over a scale
    assert 1 / fit.params["size"] == pytest.approx(math.exp(best.x[1]), rel=1e-5)
    assert fit.llf > mle.fit(THYRION, "negbin").llf + 4


def test_consuls_estimate_where_counts_vary_more():
    fit = mle.fit(THYRION, "generalized_poisson")
    x, weight, mean = THYRION.x, THYRION.weight, THYRION.mean()

    def score(lam):  # Consul & Shoukri (1984), equation 8
        return np.sum(weight * x * (x - 1) / (mean + (x - mean) * lam)) - THYRION.nobs * mean

    lam = optimize.brentq(score, 1e-6, 0.9)
    assert fit.params["lam"] == pytest.approx(lam, rel=1e-8)
    assert fit.params["theta"] == pytest.approx(mean * (1 - lam), rel=1e-8)


def test_statsmodels_generalized_poisson_is_the_same_law():
    from statsmodels.discrete.discrete_model import GeneralizedPoisson

    x = np.repeat(THYRION.x, THYRION.weight.astype(int))
    peer = GeneralizedPoisson(x, np.ones(len(x)), p=1).fit(disp=False, maxiter=200, gtol=1e-8)
    fit = mle.fit(x, "generalized_poisson")
    assert fit.llf == pytest.approx(peer.llf, abs=1e-6)
    assert fit.distribution.mean() == pytest.approx(math.exp(peer.params[0]), rel=1e-5)


@pytest.mark.parametrize("name", ["generalized_poisson", "com_poisson"])
def test_counts_that_vary_less_than_poisson_ones(name):
    fit = mle.fit(LESS_VARIED, name)
    reference = mp_generalized if name == "generalized_poisson" else mp_conway

    def nll(u):
        params = (math.exp(u[0]), u[1])
        with mpmath.workdps(20):
            try:
                logs = [float(mpmath.re(reference(int(x), *params))) for x in LESS_VARIED.x]
            except (ValueError, ZeroDivisionError):
                return math.inf
        return -float(np.sum(LESS_VARIED.weight * np.array(logs)))

    first, second = fit.family.param_names
    theta = np.array([math.log(fit.params[first]), fit.params[second]])
    assert fit.certificate.verdict == "interior"
    assert fit.llf == pytest.approx(-nll(theta), abs=1e-9)
    for step in (1e-3 * np.array([1, 0]), 1e-3 * np.array([0, 1])):
        assert nll(theta + step) > -fit.llf < nll(theta - step)
    assert fit.llf > mle.fit(LESS_VARIED, "poisson").llf + 5
    assert fit.distribution.var() < 0.6 * fit.distribution.mean()


def test_limits_are_reported_as_such():
    few = [2, 3, 3, 2, 4, 3, 2, 3, 3, 3]
    for name in ("negbin1", "pig"):
        with pytest.warns(mle.FitWarning, match=f"{mle.get_family(name).name} is poisson"):
            fit = mle.fit(few, name)
        assert fit.llf == pytest.approx(mle.fit(few, "poisson").llf, abs=1e-9)
    with pytest.warns(mle.FitWarning, match="com_poisson is bernoulli"):
        assert mle.fit([0, 1, 0, 1, 1], "cmp").llf == pytest.approx(mle.fit([0, 1, 0, 1, 1], "bernoulli").llf)
    many = [0, 0, 0, 1, 3, 9, 0, 2, 0, 5, 20, 0, 1]
    with pytest.warns(mle.FitWarning, match="com_poisson is geometric"):
        assert mle.fit(many, "cmp").llf == pytest.approx(mle.fit(many, "geometric").llf, abs=1e-9)
    with pytest.warns(mle.FitWarning, match="skellam is poisson"):
        assert mle.fit(few, "skellam").llf == pytest.approx(mle.fit(few, "poisson").llf, abs=1e-9)
    for name, counts in (("negbin1", [0, 0]), ("pig", [0, 0]), ("cmp", [3, 4, 3]), ("generalized_poisson", [4, 4])):
        with pytest.raises(DegenerateDataError):
            mle.fit(counts, name)


@pytest.mark.parametrize(("alpha", "mu"), [(1e200, 1e-200), (0.5, 1e-320), (2e-160, 3.0), (1e-320, 3.0), (1e-300, 1e9)])
def test_negbin1_of_a_size_that_no_double_holds(alpha, mu):
    law = mle.distribution("negbin1", alpha=alpha, mu=mu)
    with mpmath.workdps(700):
        a, m = mpmath.mpf(alpha), mpmath.mpf(mu)
        size = m / a
        logs = [
            mpmath.fsum(mpmath.log(size + k) for k in range(x))
            - mpmath.loggamma(x + 1)
            - (size + x) * mpmath.log1p(a)
            + x * mpmath.log(a)
            for x in range(4)
        ]
        at_most = mpmath.log(mpmath.fsum(mpmath.exp(value) for value in logs[:3]))
        expected, below = [float(value) for value in logs], float(at_most)
    assert law.logpdf(np.arange(4.0)) == pytest.approx(expected, rel=1e-12, abs=1e-300)
    assert law.logcdf(2.0) == pytest.approx(below, rel=1e-10, abs=1e-300)


def test_negbin1_is_negbin_but_for_exposure():
    rng = np.random.default_rng(5)
    years = rng.uniform(0.2, 6.0, 300)
    x = rng.negative_binomial(years * 2.0 / 1.5, 1 / 2.5).astype(float)  # mean 2 a year, variance 2.5 times that
    one, two = mle.fit(x, "negbin1"), mle.fit(x, "negbin")
    assert one.llf == pytest.approx(two.llf, rel=1e-11)
    assert one.params["mu"] / one.params["alpha"] == pytest.approx(two.params["size"], rel=1e-6)
    fit = mle.fit(x, "negbin1", exposure=years)

    def nll(u):
        alpha, mu = np.exp(u)
        return -float(np.sum(stats.nbinom.logpmf(x, years * mu / alpha, 1 / (1 + alpha))))

    best = optimize.minimize(nll, [0.0, 0.5], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
    assert fit.llf == pytest.approx(-best.fun, abs=1e-8)
    assert list(fit.params.values()) == pytest.approx(np.exp(best.x).tolist(), rel=1e-5)
    frame = pd.DataFrame({"x": x, "years": years})
    regression = mle.regress("x ~ 1", frame, "negbin1", exposure="years")
    assert regression.llf == pytest.approx(fit.llf, abs=1e-8)


@pytest.mark.parametrize("name", ["generalized_poisson", "pig", "com_poisson", "skellam"])
def test_any_form_of_data(name):
    """Censored and truncated counts, by sums of the probabilities."""
    law = mle.get_family(name)
    params = {p.name: 0.5 * sum(p.typical) for p in law.parameters}
    at = mle.Distribution(law, params)
    x = at.rvs(60, rng=4)
    limit = float(np.quantile(x, 0.8))
    p = at.pdf(np.arange(-300.0, 600.0))
    above = math.log(p[np.arange(-300, 600) > limit].sum())
    window = math.log(p[np.arange(-300, 600) > 0].sum())
    sample = mle.Sample.right_censored(np.minimum(x, limit), x <= limit)
    got = mle.fit(sample, name, fixed=params).llf
    assert got == pytest.approx(float(np.sum(np.where(x <= limit, at.logpdf(x), above))), rel=1e-11)
    kept = x[x > 0]
    got = mle.fit(mle.Sample(kept).truncated(lower=0.0), name, fixed=params).llf
    assert got == pytest.approx(float(np.sum(at.logpdf(kept)) - len(kept) * window), rel=1e-10)


def test_covariates_move_the_modelled_parameter():
    rng = np.random.default_rng(2)
    z = rng.normal(size=200)
    x = rng.poisson(np.exp(0.5 + 0.4 * z) * rng.gamma(2.0, 0.5, 200)).astype(float)
    frame = pd.DataFrame({"x": x, "z": z})
    fit = mle.regress("x ~ z", frame, "pig")

    def nll(u):
        mu = np.exp(u[0] + u[1] * z)
        size = math.exp(u[2])
        alpha = np.sqrt(size**2 + 2 * size * mu)
        logs = size + 0.5 * np.log(2 * alpha / np.pi) + np.log(special.kve(x - 0.5, alpha)) - alpha
        return -float(np.sum(logs + x * np.log(mu * size / alpha) - special.gammaln(x + 1)))

    best = optimize.minimize(nll, [0.5, 0.3, 0.7], method="BFGS", options={"gtol": 1e-7})
    assert fit.llf == pytest.approx(-best.fun, abs=1e-8)
    assert fit.params["mu"].to_numpy() == pytest.approx(best.x[:2], rel=1e-4)


@pytest.mark.parametrize("nu", [0.05, 1.0, 2.5])
def test_sums_of_many_lam_of_one_nu_are_those_of_each(nu):
    log_lam = np.linspace(-4.0, 4.0 * min(nu, 1.0), 200)
    many = _sums(log_lam, np.asarray(nu))
    some = np.arange(0, 200, 7)
    each = [_sums(log_lam[k], np.asarray(nu)) for k in some]
    for name in many._fields:
        right = [float(getattr(one, name)) for one in each]
        assert getattr(many, name)[some] == pytest.approx(right, rel=1e-12, abs=1e-13, nan_ok=True), name


@pytest.mark.parametrize(("theta", "lam"), [(2e3, -1e3), (1e6, -5e5), (1e6, -0.999e6), (1e12, -5e11), (1e300, -9e299)])
def test_generalized_poisson_probabilities_whose_terms_leave_the_doubles_sum_to_one(theta, lam):
    law = mle.distribution("generalized_poisson", theta=theta, lam=lam)
    # The odds of 1 against 0 are theta exp(-lam), and no other count is possible.
    np.testing.assert_allclose(law.logpdf(0.0), lam - np.log(theta), rtol=1e-12)
    assert law.pdf([0.0, 1.0]) == pytest.approx([0.0, 1.0], abs=1e-12)


@pytest.mark.parametrize("n", [3, 7, 12, 20])
def test_ones_alone_have_a_zero_inflated_limit(n):
    """All parameters are at ends there, and nothing is left to climb with."""
    with pytest.warns(mle.FitWarning, match="boundary"):
        fit = mle.fit([1] * n, "zero_inflated(generalized_poisson)")
    assert fit.llf == 0


@pytest.mark.parametrize(("lam", "nu"), [(1e3, 0.5), (1e6, 0.5), (1e8, 1.0), (1e7, 0.3), (4.0, 0.1)])
def test_entropy_of_large_conway_maxwell_counts(lam, nu):
    """The terms of its formula cancel: of (1e6, 0.5) it was 15.58008, with 15.58102 by 40 digits."""
    with mpmath.workdps(60):
        lam, nu = mpmath.mpf(lam), mpmath.mpf(nu)
        mean = lam ** (1 / nu)
        spread = mpmath.sqrt(mean / nu)
        marks = [mean + k * spread for k in range(-14, 17, 2)]

        def weight(x):
            return mpmath.exp(x * mpmath.log(lam) - nu * mpmath.loggamma(x + 1) - top)

        top = mean * mpmath.log(lam) - nu * mpmath.loggamma(mean + 1)
        whole = mpmath.quad(weight, marks)
        moment = mpmath.quad(lambda x: weight(x) * mpmath.log(weight(x)), marks)
        expected = float(mpmath.log(whole) - moment / whole)
    assert mle.distribution("com_poisson", lam=float(lam), nu=float(nu)).entropy() == pytest.approx(expected, rel=1e-10)
