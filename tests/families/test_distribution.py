"""A law of which only the log-density is known: where it lives, its probabilities, quantiles and moments; its fits."""

import math

import mpmath
import numpy as np
import pytest
from scipy import special, stats

import mle_toolkit as mle

TAILS = np.array([1e-9, 1e-4, 0.1, 0.3, 0.5, 0.9, 0.999])


class OwnGamma(mle.Family):
    """A gamma law in ten lines, as a user would write it."""

    name = "own_gamma"
    support = mle.POSITIVE
    parameters = (mle.Parameter("shape", mle.POSITIVE), mle.Parameter("scale", mle.POSITIVE, role="scale"))

    def logpdf(self, x, shape, scale):
        return special.xlogy(shape - 1, x / scale) - x / scale - special.gammaln(shape) - np.log(scale)


class OwnNormal(mle.Family):
    name = "own_normal"
    support = mle.REAL
    parameters = (
        mle.Parameter("mu", mle.REAL, role="location"),
        mle.Parameter("sigma", mle.POSITIVE, role="scale"),
    )

    def logpdf(self, x, mu, sigma):
        return -0.5 * np.square((x - mu) / sigma) - np.log(sigma) - 0.5 * math.log(2 * math.pi)


OWN_T = mle.Family.from_logpdf(
    lambda x, df: -special.betaln(0.5 * df, 0.5) - 0.5 * np.log(df) - 0.5 * (df + 1) * np.log1p(np.square(x) / df),
    {"df": mle.POSITIVE},
    mle.REAL,
    name="own_t",
)
OWN_BETA = mle.Family.from_logpdf(
    lambda x, a, b: special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b),
    {"a": mle.POSITIVE, "b": mle.POSITIVE},
    mle.UNIT,
    name="own_beta",
)
OWN_MIRRORED = mle.Family.from_logpdf(
    lambda x, scale: x / scale - np.log(scale), {"scale": mle.POSITIVE}, mle.Interval(-math.inf, 0.0), name="mirrored"
)
OWN_POISSON = mle.Family.from_logpdf(
    lambda x, mu: special.xlogy(x, mu) - mu - special.gammaln(x + 1),
    {"mu": mle.POSITIVE},
    mle.COUNTS,
    name="own_poisson",
)
OWN_ZETA = mle.Family.from_logpdf(
    lambda x, a: -a * np.log(x) - np.log(special.zeta(a, 1)),
    {"a": mle.Interval(1.0, math.inf)},
    mle.POSITIVE_COUNTS,
    name="own_zeta",
)
OWN_DOUBLE_GEOMETRIC = mle.Family.from_logpdf(
    lambda x, a: np.log(np.tanh(a / 2)) - a * np.abs(x), {"a": mle.POSITIVE}, mle.INTEGERS, name="double_geometric"
)

CONTINUOUS = [
    (OwnGamma(), (2.0, 1.0), stats.gamma(2.0)),
    (OwnGamma(), (0.3, 1.0), stats.gamma(0.3)),
    (OwnGamma(), (3.0, 1e100), stats.gamma(3.0, scale=1e100)),
    (OwnGamma(), (3.0, 1e-100), stats.gamma(3.0, scale=1e-100)),
    (OwnNormal(), (0.0, 1.0), stats.norm()),
    (OwnNormal(), (5e100, 1e99), stats.norm(5e100, 1e99)),
    (OwnNormal(), (-3e4, 1.0), stats.norm(-3e4, 1.0)),
    (OWN_T, (2.5,), stats.t(2.5)),
    (OWN_T, (0.5,), stats.t(0.5)),
    (OWN_BETA, (2.0, 3.0), stats.beta(2.0, 3.0)),
    (OWN_BETA, (0.3, 4.0), stats.beta(0.3, 4.0)),
    (OWN_MIRRORED, (7.0,), stats.gamma(1.0, scale=7.0)),
]


def of(law, params):
    return mle.Distribution(law, dict(zip(law.param_names, params, strict=True)))


def label(value):
    return value.name if isinstance(value, mle.Family) else None


# --- probabilities and quantiles --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("law", "params", "known"), CONTINUOUS, ids=label)
def test_probabilities_and_quantiles_of_a_density(law, params, known):
    ours = of(law, params)
    low, high = known.ppf(TAILS), known.isf(TAILS)
    if law is OWN_MIRRORED:
        assert ours.cdf(-high) == pytest.approx(known.sf(high), rel=1e-10)
        assert ours.ppf(TAILS) == pytest.approx(-high, rel=1e-9)
        return
    assert ours.cdf(low) == pytest.approx(known.cdf(low), rel=1e-9)
    assert ours.sf(high) == pytest.approx(known.sf(high), rel=1e-9)
    assert ours.logsf(high) == pytest.approx(known.logsf(high), rel=1e-9)
    size = known.ppf(0.9) - known.ppf(0.1)
    assert ours.ppf(TAILS) == pytest.approx(low, rel=1e-7, abs=1e-12 * size)
    assert ours.isf(TAILS) == pytest.approx(high, rel=1e-7, abs=1e-12 * size)


@pytest.mark.parametrize(("law", "params", "known"), CONTINUOUS, ids=label)
def test_random_numbers_follow_the_density(law, params, known):
    x = of(law, params).rvs(2_000, rng=5)
    assert stats.kstest(-x if law is OWN_MIRRORED else x, known.cdf).pvalue > 1e-3
    assert np.array_equal(x, of(law, params).rvs(2_000, rng=5))


def test_shapes_and_ends():
    law = of(OwnGamma(), (2.0, 1.0))
    x = np.array([[0.5, 1.0], [2.0, np.nan]])
    assert law.cdf(x).shape == (2, 2)
    assert math.isnan(law.cdf(x)[1, 1])
    assert law.cdf(3.0).shape == ()
    assert law.cdf([-1.0, 0.0, math.inf]).tolist() == [0.0, 0.0, 1.0]
    assert law.sf([-1.0, 0.0, math.inf]) == pytest.approx([1.0, 1.0, 0.0], abs=1e-15)
    assert law.ppf([0.0, 1.0]).tolist() == [0.0, math.inf]
    assert law.isf([0.0, 1.0]).tolist() == [math.inf, 0.0]
    assert np.isnan(law.ppf([-0.1, 1.1, np.nan])).all()


@pytest.mark.parametrize("mu", [0.05, 3.0, 1e4])
def test_probabilities_and_quantiles_of_counts(mu):
    ours, known = of(OWN_POISSON, (mu,)), stats.poisson(mu)
    k = known.ppf([1e-6, 0.1, 0.5, 0.9, 1 - 1e-6])
    assert ours.cdf(k + 0.3) == pytest.approx(known.cdf(k), rel=1e-10)
    assert ours.sf(k) == pytest.approx(known.sf(k), rel=1e-10)
    far = mu + 12 * math.sqrt(mu) + 12
    assert ours.sf(far) == pytest.approx(float(known.sf(far)), rel=1e-9), "the tail keeps its digits"
    assert ours.ppf([0.1, 0.5, 0.9]).tolist() == known.ppf([0.1, 0.5, 0.9]).tolist()
    assert ours.mean() == pytest.approx(mu, rel=1e-10)  # as many digits as x log(mu) - log x! leaves
    assert ours.var() == pytest.approx(mu, rel=1e-10)


@pytest.mark.parametrize("law", [
    mle.distribution("logseries", p=0.5),
    mle.distribution("yule_simon", alpha=2.0),
    mle.distribution("binomial", n=12, p=0.3),
    mle.distribution(mle.get_family(stats.hypergeom, M=30, n=10, N=8)),
], ids=lambda law: law.family.name)  # fmt: skip
def test_probabilities_of_counts_are_steps(law):
    """SciPy's are not for some laws, so that a window that ends between two counts gave a wrong likelihood."""
    counts = np.arange(1.0, 9.0)
    for function in (law.cdf, law.sf, law.logcdf, law.logsf):
        assert function(counts + 0.7) == pytest.approx(function(counts), rel=1e-14)


def test_a_window_may_end_between_two_counts():
    """The log-series law on 2 to 5, by its sum: it was 0.02 nats off."""
    fit = mle.fit(mle.Sample([3.0, 2.0]).truncated(1.0, 5.7), "logseries")
    p, counts = fit.params["p"], np.arange(2, 6)
    assert fit.llf == pytest.approx(math.log(p**5 / 6) - 2 * math.log(np.sum(p**counts / counts)), abs=1e-12)


def test_counts_on_all_integers():
    ours, known = of(OWN_DOUBLE_GEOMETRIC, (0.8,)), stats.dlaplace(0.8)
    k = np.arange(-6, 7)
    assert ours.cdf(k) == pytest.approx(known.cdf(k), rel=1e-12)
    assert ours.sf(k) == pytest.approx(known.sf(k), rel=1e-12)
    assert ours.ppf([0.01, 0.4, 0.99]).tolist() == known.ppf([0.01, 0.4, 0.99]).tolist()
    assert ours.mean() == pytest.approx(0.0, abs=1e-12)
    assert ours.var() == pytest.approx(known.var(), rel=1e-10)


# --- expectations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("law", "params", "known"), CONTINUOUS[:11], ids=label)
def test_entropy(law, params, known):
    assert of(law, params).entropy() == pytest.approx(float(known.entropy()), rel=1e-9, abs=1e-8)


@pytest.mark.parametrize("unit", [1e-100, 1.0, 1e100])
def test_moments_in_any_unit(unit):
    law = of(OwnGamma(), (3.0, unit))
    assert law.mean() == pytest.approx(3 * unit, rel=1e-11)
    assert law.std() == pytest.approx(math.sqrt(3) * unit, rel=1e-11)


def test_moments_of_a_law_far_from_zero():
    law = of(OwnNormal(), (1e6, 1.0))
    assert law.mean() == pytest.approx(1e6, rel=1e-12)
    assert law.var() == pytest.approx(1.0, rel=1e-7)  # as many digits as 1e6 leaves


def test_two_narrow_peaks_are_both_found():
    law = mle.Family.from_logpdf(
        lambda x, mu: np.logaddexp(stats.norm.logpdf(x, 0, 1e-3), stats.norm.logpdf(x, mu, 1)) - math.log(2),
        {"mu": mle.REAL},
        mle.REAL,
    )
    mixed = mle.Distribution(law, {"mu": 50.0})
    assert mixed.cdf([0.0, 25.0, 50.0]) == pytest.approx([0.25, 0.5, 0.75], rel=1e-10)
    assert mixed.mean() == pytest.approx(25.0, rel=1e-10)


@pytest.mark.parametrize(
    ("law", "power"),
    [
        (of(OWN_T, (1.0,)), 1),
        (of(OWN_T, (1.0,)), 2),
        (of(OWN_T, (2.0,)), 2),
        (of(OWN_ZETA, (1.9,)), 1),
        (of(OWN_ZETA, (3.0,)), 2),
    ],
    ids=["cauchy mean", "cauchy variance", "t2 variance", "zeta mean", "zeta variance"],
)
def test_an_expectation_that_does_not_exist_is_an_error(law, power):
    with pytest.raises(ArithmeticError, match="does not settle"):
        law.expect(lambda x: x**power)


def test_a_bounded_function_has_an_expectation_however_heavy_the_tail():
    assert of(OWN_T, (0.5,)).expect(np.arctan) == pytest.approx(0.0, abs=1e-12)
    assert of(OWN_ZETA, (2.5,)).expect(lambda x: x**-3.0) == pytest.approx(
        float(special.zeta(5.5) / special.zeta(2.5)), rel=1e-8
    )


def test_a_density_that_does_not_integrate_to_one_is_an_error():
    law = mle.Family.from_logpdf(lambda x, rate: -rate * x, {"rate": mle.POSITIVE}, mle.POSITIVE, name="unnormalised")
    with pytest.raises(ArithmeticError, match=r"unnormalised: the density integrates to 0\.5, not to 1"):
        mle.Distribution(law, {"rate": 2.0}).cdf(1.0)
    counts = mle.Family.from_logpdf(lambda x, rate: -rate * x, {"rate": mle.POSITIVE}, mle.COUNTS, name="unnormalised")
    with pytest.raises(ArithmeticError, match=r"unnormalised: the probabilities sum to 1\.15\d+, not to 1"):
        mle.Distribution(counts, {"rate": 2.0}).mean()


def test_a_tail_too_heavy_to_be_summed_asks_for_a_cdf():
    law = of(OWN_ZETA, (1.5,))
    assert law.cdf(3.0) == pytest.approx(float(stats.zipf(1.5).cdf(3)), rel=1e-12)
    with pytest.raises(ArithmeticError, match="too heavy to be summed"):
        law.cdf(1e9)


# --- fits of a user's law ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1e-80, 1e-6, 1.0, 1e6, 1e80])
def test_a_law_of_ones_own_is_fitted_in_any_unit(unit):
    x = stats.gamma.rvs(2.5, size=300, random_state=1)
    ours, known = mle.fit(x * unit, OwnGamma()), mle.fit(x * unit, "gamma")
    assert ours.llf == pytest.approx(known.llf, abs=1e-8)
    assert list(ours.params.values()) == pytest.approx(list(known.params.values()), rel=1e-6)
    assert list(ours.bse.values()) == pytest.approx(list(known.bse.values()), rel=1e-5)
    assert ours.certificate.verdict == "interior"
    assert ours.distribution.ppf(0.5) == pytest.approx(float(known.distribution.ppf(0.5)), rel=1e-6)


@pytest.mark.parametrize(("centre", "unit"), [(0.0, 1.0), (1e4, 1.0), (-3e-5, 1e-9), (1e12, 1e3)])
def test_a_law_of_ones_own_is_fitted_anywhere(centre, unit):
    x = centre + unit * stats.norm.rvs(size=200, random_state=2)
    ours, known = mle.fit(x, OwnNormal()), mle.fit(x, "normal")
    assert ours.llf == pytest.approx(known.llf, abs=1e-7)
    assert abs(ours.params["mu"] - known.params["mu"]) <= 1e-5 * known.bse["mu"]
    assert ours.params["sigma"] == pytest.approx(known.params["sigma"], rel=1e-6)


def test_a_function_is_enough():
    x = stats.beta.rvs(2.0, 5.0, size=200, random_state=3)
    assert mle.fit(x, OWN_BETA).llf == pytest.approx(mle.fit(x, "beta").llf, abs=1e-8)
    counts = stats.poisson.rvs(4.0, size=200, random_state=3)
    fit = mle.fit(counts, OWN_POISSON)
    assert fit.params["mu"] == pytest.approx(counts.mean(), rel=1e-7)
    assert fit.distribution.cdf(3) == pytest.approx(float(stats.poisson(counts.mean()).cdf(3)), rel=1e-6)


def test_parameters_are_checked():
    with pytest.raises(mle.MleError, match="missing parameter 'scale'"):
        mle.distribution("gamma", shape=1.0)
    with pytest.raises(mle.MleError, match="lies outside its domain"):
        mle.distribution("gamma", shape=-1.0, scale=1.0)
    assert mle.distribution("binomial", n=2, p=0.5).pdf([0, 1, 1.5]).tolist() == pytest.approx([0.25, 0.5, 0.0])


@pytest.mark.parametrize(
    ("law", "mean", "var"),
    [
        (mle.distribution("student_t", df=0.5, loc=2.0, scale=1.0), np.nan, np.nan),
        (mle.distribution("student_t", df=1.5, loc=2.0, scale=1.0), 2.0, np.inf),
        (
            mle.distribution("student_t", df=np.array([1.0, 2.0, 4.0]), loc=2.0, scale=3.0),
            [np.nan, 2, 2],
            [np.nan, np.inf, 18],
        ),
        (mle.distribution("weibull", shape=0.01, scale=5.0), 5 * float(math.factorial(100)), np.inf),
        (mle.distribution("johnson_su", gamma=0.0, delta=0.01, loc=1.0, scale=5.0), 1.0, np.inf),
        (mle.distribution("johnson_su", gamma=-1.0, delta=0.01, loc=1.0, scale=5.0), np.inf, np.inf),
        (mle.distribution(mle.zero_truncated("beta_geometric"), a=0.1, b=5.0), np.inf, np.inf),
        (mle.distribution(mle.hurdle("beta_geometric"), pi=0.3, a=0.1, b=5.0), np.inf, np.inf),
        (mle.distribution(mle.hurdle("lomax"), pi=0.3, shape=0.5, scale=2.0), np.inf, np.inf),
        (mle.distribution(mle.inflated("lomax", 1.0), pi=0.3, shape=1.5, scale=2.0), 0.3 + 0.7 * 4.0, np.inf),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_moments_that_are_infinite_or_none_are_said_without_warnings(law, mean, var):
    np.testing.assert_allclose(law.mean(), mean, rtol=1e-12)
    np.testing.assert_allclose(law.var(), var, rtol=1e-12)


@pytest.mark.parametrize("shape", [0.3, 1.0, 4.0, 50.0])
def test_the_variance_of_weibull_is_that_of_its_moments(shape):
    law = mle.distribution("weibull", shape=shape, scale=2.5)
    with mpmath.workdps(40):
        k = mpmath.mpf(shape)
        judge = mpmath.mpf(2.5) ** 2 * (mpmath.gamma(1 + 2 / k) - mpmath.gamma(1 + 1 / k) ** 2)
    assert law.var() == pytest.approx(float(judge), rel=1e-11)


def test_a_variance_of_two_values_and_the_rest_is_that_of_three_groups():
    law = mle.distribution(mle.inflated("beta", (0, 1)), pi=0.4, upper=0.25, a=2.0, b=3.0)
    of_two = 0.3 * 0**2 + 0.1 * 1**2 + 0.6 * (0.4**2 + 2 * 3 / (25 * 6))
    assert law.var() == pytest.approx(of_two - (0.1 + 0.6 * 0.4) ** 2, rel=1e-12)


def test_moments_for_which_scipy_has_no_formula_are_integrated_here():
    """Of ``a = 2`` the density is a difference of two Weibull ones; SciPy's integral warns."""
    law = mle.distribution("exponentiated_weibull", a=2.0, c=0.05, scale=5.0)
    means = np.array([5.0, 1.0]) * math.factorial(20) * (2 - 2.0**-20)
    assert law.mean() == pytest.approx(means[0], rel=1e-9)
    rows = mle.distribution("exponentiated_weibull", a=2.0, c=0.05, scale=np.array([5.0, 1.0]))
    np.testing.assert_allclose(rows.mean(), means, rtol=1e-9)
