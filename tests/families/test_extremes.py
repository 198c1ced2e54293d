"""Laws of counts at the ends of their parameters, and methods of laws of nothing."""

import itertools

import fieldcases
import mpmath
import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.families.mass import log_mass

CONSTANTS = {"binomial": {"n": 12}, "betabinomial": {"n": 12}}
REGISTERED = [mle.get_family(name, **CONSTANTS.get(name, {})) for name in mle.families() if name != "multinomial"]
SCALAR = [law for law in REGISTERED if law.all_scalar and not law.multivariate]
COUNTS = [law for law in SCALAR if law.discrete]
FROM_ZERO = [law for law in COUNTS if law.support.lower == 0 and "pi" not in law.param_names]
MADE = [make(law) for make in (mle.zero_truncated, mle.zero_inflated, mle.hurdle) for law in FROM_ZERO]
RARE = [[0] * 20 + [1] * 4, [0, 0, 1], [0] * 10 + [1] * 10]


def extremes(parameter):
    """Values near and at the ends of a domain, and one between."""
    domain = parameter.domain
    if domain.integer:
        return [-3.0, 2.0]
    width = domain.upper - domain.lower
    steps = (1e-300, 1e-12, 0.3, 1 - 2**-53) if np.isfinite(width) else (1e-200, 1e-9, 1.0, 1e4, 1e16, 1e200)
    values = [domain.lower + step * min(width, 1.0) for step in steps] + list(domain.endpoints)
    return [value for value in values if domain.contains(np.asarray(value))]


@pytest.mark.parametrize("law", [*COUNTS, *MADE], ids=lambda law: law.name)
def test_probabilities_of_counts_are_probabilities_at_any_parameters(law):
    x = np.concatenate([np.arange(200.0), [1e3, 1e6, 1e12]])
    x = x[law.support.contains(x)]
    for params in itertools.product(*map(extremes, law.parameters)):
        logs = mle.distribution(law, **dict(zip(law.param_names, params, strict=True))).logpdf(x)
        assert not np.isnan(logs).any(), params
        assert logs.max() <= 0, params
        assert np.exp(logs).sum() <= 1 + 1e-9, params


@pytest.mark.parametrize("law", MADE, ids=lambda law: law.name)
def test_all_counts_together_are_certain(law):
    for share in np.linspace(0.0, 1.0, 7):
        params = [p.typical[0] + share * (p.typical[1] - p.typical[0]) for p in law.parameters]
        assert log_mass(law, tuple(params), np.array([-np.inf]), np.array([np.inf])) == 0.0, params


@pytest.mark.parametrize(("pi", "mu", "most"), [(0.3, 2.0, 30), (0.5, 5.0, 5), (0.0, 3.0, 1), (0.999, 50.0, 10)])
def test_of_nearly_all_counts_beside_zeros_what_is_left_out_keeps_its_digits(pi, mu, most):
    with mpmath.workdps(50):
        shares = [mpmath.exp(-mu) * mpmath.mpf(mu) ** k / mpmath.factorial(k) for k in range(most + 1)]
        expected = mpmath.log(pi + (1 - mpmath.mpf(pi)) * mpmath.fsum(shares))
    given = log_mass(mle.get_family("zip"), (pi, mu), np.array([-1.0]), np.array([float(most)]))
    assert given == pytest.approx(float(expected), rel=1e-12, abs=0)


@pytest.mark.parametrize("law", [*SCALAR, *MADE[:3], mle.truncated("normal", 0)], ids=lambda law: law.name)
def test_methods_of_nothing_give_nothing(law):
    middle = {p.name: p.domain.lower + 0.5 if p.domain.integer else p.typical[1] for p in law.parameters}
    if law.name == "discrete_uniform":
        middle = {"a": 0.0, "b": 3.0}
    known = mle.distribution(law, **middle)
    for name in ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf"):
        assert getattr(known, name)([]).shape == (0,)
        assert getattr(known, name)(np.empty((0, 2))).shape == (0, 2)


def exact_negbin(x, size, mu):
    size, mu = mpmath.mpf(size), mpmath.mpf(mu)
    rising = mpmath.fsum(mpmath.log1p(k / size) for k in range(x))
    rest = x * (mpmath.log(mu) - mpmath.log1p(mu / size)) - size * mpmath.log1p(mu / size)
    return rising + rest - mpmath.loggamma(x + 1)


@pytest.mark.parametrize("size", [1e-200, 1e-9, 0.3, 7.0, 24.0, 1e8, 1e15, 1e16, 3e17, 1e40, 1e300])
@pytest.mark.parametrize("mu", [1e-200, 1e-12, 0.1333, 3.0, 50.0, 1e10])
def test_negbin_keeps_thirteen_digits_at_any_size(size, mu):
    x = [0, 1, 2, 60]
    with mpmath.workdps(60):
        exact = [float(exact_negbin(k, size, mu)) for k in x]
    law = mle.get_family("negbin")
    assert law.logpdf(np.array(x, dtype=float), size, mu) == pytest.approx(exact, rel=1e-13, abs=0)


@pytest.mark.parametrize(("size", "mu"), [(1000.0, 1e4), (7.0, 1e-12), (1e16, 1e4), (1e200, 1e-100)])
def test_logs_of_negbin_tails_do_not_underflow(size, mu):
    law = mle.distribution("negbin", size=size, mu=mu)
    with mpmath.workdps(60):
        if mu > 1:
            exact = mpmath.log(mpmath.fsum(mpmath.exp(exact_negbin(k, size, mu)) for k in range(61)))
            assert law.logcdf(60.0) == pytest.approx(float(exact), rel=1e-12)
        else:
            exact = mpmath.log(mpmath.fsum(mpmath.exp(exact_negbin(k, size, mu)) for k in range(61, 70)))
            assert law.logsf(60.0) == pytest.approx(float(exact), rel=1e-12)


def test_entropy_of_negbin_at_a_huge_size():
    right = fieldcases.right("F2-00b-negbin-logpdf-size-1e16")
    law = mle.distribution("negbin", size=1e16, mu=3.0)
    assert law.entropy() == pytest.approx(right["entropy at mu=3"], rel=1e-7)
    assert law.entropy() == pytest.approx(mle.distribution("poisson", mu=3.0).entropy(), rel=1e-12)


def test_zero_inflated_negbin_of_rare_counts_is_poisson():
    right = fieldcases.right("F2-00-zinb-impossible-likelihood")
    with pytest.warns(mle.FitWarning):
        fit = mle.fit([0] * 26 + [1] * 4, mle.zero_inflated("negbin"))
    assert fit.llf <= right["saturated_bound"]
    assert fit.llf == pytest.approx(-12.05961208, abs=1e-8)
    assert (fit.certificate.verdict, fit.certificate.limit) == ("boundary", "poisson")


@pytest.mark.parametrize("base", ["negbin", "poisson", "geometric"])
def test_hurdles_whose_positive_counts_are_ones_have_the_saturated_likelihood(base):
    right = fieldcases.right("F2-00c-hurdle-negbin-rare")["llf"]
    for x, llf in zip(RARE, right, strict=True):
        with pytest.warns(mle.FitWarning):
            fit = mle.fit(x, mle.hurdle(base))
        assert fit.llf == pytest.approx(llf, abs=1e-7)
        assert fit.certificate.verdict == "boundary"
        assert fit.certificate.limit == "bernoulli"


@pytest.mark.parametrize(("base", "limit"), [("geometric", "a point mass at 1"), ("negbin", "zero_truncated_poisson")])
def test_positive_counts_that_are_ones_are_certain(base, limit):
    with pytest.warns(mle.FitWarning):
        fit = mle.fit([1, 1, 1, 1], mle.zero_truncated(base))
    assert fit.llf == 0
    assert (fit.certificate.verdict, fit.certificate.limit) == ("boundary", limit)


def test_counts_like_a_logarithmic_series_are_the_limit_of_a_small_size():
    x = np.repeat([1.0, 2, 5, 20], [5, 2, 3, 1])
    for law, data, limit in (
        (mle.zero_truncated("negbin"), x, "logseries"),
        (mle.hurdle("negbin"), np.concatenate([np.zeros(147), x]), "hurdle logseries"),
    ):
        with pytest.warns(mle.FitWarning):
            fit = mle.fit(data, law)
        assert (fit.certificate.verdict, fit.certificate.limit) == ("boundary", limit)
    assert fit.llf == pytest.approx(mle.fit(x, "logseries").llf + mle.fit(data > 0, "bernoulli").llf, abs=1e-9)


def test_parameters_of_each_row_in_laws_without_zeros():
    x, size, mu = np.array([1.0, 2, 5]), np.array([1.0, 2, 3]), np.array([1.0, 2, 4])
    law = mle.zero_truncated("negbin")
    one_by_one = [float(law.logpdf(np.float64(k), s, m)) for k, s, m in zip(x, size, mu, strict=True)]
    assert law.logpdf(x, size, mu) == pytest.approx(one_by_one, rel=1e-14)
    assert law.logpdf(x, size, mu) == pytest.approx([-0.693147, -1.386294, -2.213462], abs=1e-6)
    scores = [[float(s) for s in law.score(np.float64(k), s_, m)] for k, s_, m in zip(x, size, mu, strict=True)]
    assert np.transpose(law.score(x, size, mu)) == pytest.approx(np.array(scores), rel=1e-12)
    window = mle.truncated("normal", 0.0, 3.0)
    each = [float(window.logpdf(np.float64(k), m, s)) for k, m, s in zip(x[:2], mu[:2], size[:2], strict=True)]
    assert window.logpdf(x[:2], mu[:2], size[:2]) == pytest.approx(each, rel=1e-12)


@pytest.mark.parametrize(("a", "b"), [(1e-300, 1e-300), (1e-10, 0.3), (1e-9, 1e12), (5.0, 7.0), (1e12, 3e16)])
def test_betabinomial_at_extreme_parameters(a, b):
    x = np.array([0.0, 1, 6, 12])
    with mpmath.workdps(60):
        rising = lambda s, k: mpmath.log(mpmath.fprod(mpmath.mpf(s) + j for j in range(int(k))))  # noqa: E731
        exact = [
            mpmath.log(mpmath.binomial(12, k)) + rising(a, k) + rising(b, 12 - k) - rising(mpmath.mpf(a) + b, 12)
            for k in x
        ]
    assert mle.get_family("betabinomial", n=12).logpdf(x, a, b) == pytest.approx(
        [float(v) for v in exact], rel=1e-12, abs=1e-14
    )


def test_reliability_weights_of_a_discrete_uniform_law():
    sample = mle.Sample([1, 2, 3, 5], weights=[0.5, 1.5, 2, 1], weight_kind="reliability")
    fit = mle.fit(sample, "discrete_uniform")
    assert np.isnan(np.asarray(fit.cov_params("sandwich"))).all()
