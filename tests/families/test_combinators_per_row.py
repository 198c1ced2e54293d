"""Families made of laws whose constants are given per row, with every form of data: each row keeps its own."""

import numpy as np
import pytest
from references import fit_quietly
from scipy import optimize, stats

import mle_toolkit as mle
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.likelihood.sums import Likelihood

SEED = 20_240_101
COUNTS = np.arange(-1, 40)[:, None]


def without_zero(p):
    p = np.where(COUNTS > 0, p, 0.0)
    return p / p.sum(axis=0)


def within(p, low, high):
    p = np.where((low < COUNTS) & (high >= COUNTS), p, 0.0)
    return p / p.sum(axis=0)


def inflated(pi, p):
    return pi * (COUNTS == 0) + (1 - pi) * p


def binomial(n):
    return mle.get_family("binomial", n=n)


def betabinomial(n):
    return mle.get_family("betabinomial", n=n)


LAWS = {
    # The law of a vector of trials, its probabilities by SciPy, its parameters, and the least count that it can show.
    "occupancy": (
        lambda n: mle.zero_inflated(binomial(n)),
        lambda n, pi, p: inflated(pi, stats.binom.pmf(COUNTS, n, p)),
        (0.3, 0.4),
        0,
    ),
    "inflated betabinomial": (
        lambda n: mle.zero_inflated(betabinomial(n)),
        lambda n, pi, a, b: inflated(pi, stats.betabinom.pmf(COUNTS, n, a, b)),
        (0.3, 3.0, 4.0),
        0,
    ),
    "hurdle": (
        lambda n: mle.hurdle(binomial(n)),
        lambda n, pi, p: inflated(pi, without_zero(stats.binom.pmf(COUNTS, n, p))),
        (0.4, 0.35),
        0,
    ),
    "zero-truncated": (
        lambda n: mle.zero_truncated(binomial(n)),
        lambda n, p: without_zero(stats.binom.pmf(COUNTS, n, p)),
        (0.4,),
        1,
    ),
    "truncated": (
        lambda n: mle.truncated(binomial(n), 1, 9),
        lambda n, p: within(stats.binom.pmf(COUNTS, n, p), 1, 9),
        (0.4,),
        2,
    ),
    "mixture": (
        lambda n: mle.mixture(binomial(n), 2),
        lambda n, w, v, p, q: w * stats.binom.pmf(COUNTS, n, p) + v * stats.binom.pmf(COUNTS, n, q),
        (0.4, 0.6, 0.1, 0.7),
        0,
    ),
}


def data(name, size=40, seed=SEED):
    """Trials, and samples: exact; exact, at least, at most or between; the same within windows; with weights."""
    _, pmf, params, least = LAWS[name]
    rng = np.random.default_rng(seed)
    n = rng.integers(3, 15, size)
    below = np.cumsum(pmf(n, *params), axis=0)
    x = COUNTS[np.argmax(below >= rng.uniform(size=size), axis=0), 0].astype(float)
    kind = rng.integers(0, 4, size)
    lower = np.choose(kind, [x, x - 1, np.full(size, -np.inf), x - 2])
    upper = np.choose(kind, [x, np.full(size, np.inf), x, x + 1])
    low = np.where((np.arange(size) % 2 == 1) & (lower >= least), float(least), -np.inf)
    low = np.where((lower == upper) & (upper == least), -np.inf, low)
    high = np.where((np.arange(size) % 3 == 1) & np.isfinite(upper), np.maximum(upper, n - 2.0), np.inf)
    weight = rng.integers(1, 4, size).astype(float)
    coarse = mle.Sample.intervals(lower, upper, weight)
    return n, [mle.Sample(x, weight), coarse, coarse.truncated(low, high)]


def by_hand(p, sample):
    """Sum over the rows of the log of the sum of probabilities in what is known, given the window."""
    inside = np.where(
        sample.lower == sample.upper, sample.upper == COUNTS, (sample.lower < COUNTS) & (sample.upper >= COUNTS)
    )
    value = np.log(np.sum(p * inside, axis=0))
    if sample.window is not None:
        low, high = sample.window
        value -= np.log(np.sum(p * ((low < COUNTS) & (high >= COUNTS)), axis=0))
    return float(np.sum(sample.weight * value))


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("seed", range(4))
def test_the_likelihood_is_the_sum_of_the_probabilities_of_each_row(name, seed):
    make, pmf, params, _ = LAWS[name]
    n, samples = data(name, seed=seed)
    for sample in samples:
        got = Likelihood(make(n), sample)
        expected = by_hand(pmf(n, *params), sample)
        theta = np.array(params)
        assert got.mean_loglik(theta) * got.nobs == pytest.approx(expected, rel=1e-11)
        assert np.sum(sample.weight * got.rows(theta)) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(
    ("name", "form"),
    [(name, form) for name in LAWS for form in (0, 2) if form == 0 or name not in ("inflated betabinomial", "mixture")],
)
def test_the_maximum_is_that_of_the_likelihood_by_hand(name, form):
    """The root of the derivatives of the sums by hand, by differences of fourth order in standard errors."""
    make, pmf, _, _ = LAWS[name]
    n, samples = data(name, 50)
    sample = samples[form]
    fit = mle.fit(sample, make(n))
    theta = np.concatenate([np.ravel(value) for value in fit.params.values()])
    se = np.concatenate([np.ravel(value) for value in fit.bse.values()])
    free = slice(1, None) if name == "mixture" else slice(None)  # the weights sum to one

    def loglik(z):
        at = theta.copy()
        at[free] += se[free] * z
        if name == "mixture":
            at[0] = 1 - at[1]
        return by_hand(pmf(n, *at), sample)

    def slopes(z):
        steps = 0.005 * np.eye(len(z))
        return [(8 * (loglik(z + s) - loglik(z - s)) - (loglik(z + 2 * s) - loglik(z - 2 * s))) / 0.06 for s in steps]

    # About 1, so that the tolerance of the root, which is relative, is one in standard errors.
    best = optimize.root(lambda y: slopes(y - 1.0), np.full(len(theta[free]), 1.2), tol=1e-8).x - 1.0
    assert np.max(np.abs(slopes(best))) < 1e-6
    assert np.max(np.abs(best)) < 1e-6
    assert fit.llf == pytest.approx(loglik(best), rel=1e-11)


@pytest.mark.parametrize("name", ["occupancy", "hurdle", "zero-truncated"])
def test_rows_in_another_order_with_their_constants_are_the_same_data(name):
    make = LAWS[name][0]
    n, samples = data(name)
    order = np.random.default_rng(1).permutation(len(n))
    for sample in samples[:2]:
        one, other = fit_quietly(sample, make(n)), fit_quietly(sample.take(order), make(n[order]))
        assert other.llf == pytest.approx(one.llf, rel=1e-10)
        np.testing.assert_allclose(other.logpdf_rows(), one.logpdf_rows()[order], rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("name", LAWS)
def test_equal_constants_are_one_constant(name):
    make, pmf, params, _ = LAWS[name]
    rng = np.random.default_rng(SEED)
    x = rng.choice(COUNTS[:, 0], size=60, p=pmf(np.array([12]), *params)[:, 0]).astype(float)
    for sample in (mle.Sample(x), mle.Sample.right_censored(np.minimum(x, 6.0), x <= 6)):
        each, one = (fit_quietly(sample, make(n)) for n in (np.full(len(x), 12), 12))
        assert each.llf == pytest.approx(one.llf, rel=1e-10)
        for key, value in one.params.items():
            np.testing.assert_allclose(each.params[key], value, rtol=1e-4)


@pytest.mark.parametrize("name", LAWS)
def test_quantiles_and_draws_are_those_of_each_row(name):
    make, pmf, params, least = LAWS[name]
    n = np.tile([4, 6, 9, 14], 500)
    law = make(n)
    several = Distribution.at(law, law.unpack(np.array(params)))
    p = pmf(n, *params)
    drawn = several.rvs(len(n), np.random.default_rng(SEED))
    assert drawn.min() >= least
    for trials in (4, 6, 9, 14):
        rows = n == trials
        mean = np.sum(COUNTS[:, 0] * p[:, rows][:, 0])
        sd = np.sqrt(np.sum(np.square(COUNTS[:, 0] - mean) * p[:, rows][:, 0]))
        assert drawn[rows].mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(500))
    np.testing.assert_allclose(several.cdf(drawn), np.sum(p * (drawn >= COUNTS), axis=0), rtol=1e-11)
    np.testing.assert_allclose(several.sf(drawn), np.sum(p * (drawn < COUNTS), axis=0), rtol=1e-9, atol=1e-13)
    np.testing.assert_array_equal(
        several.ppf(np.full(len(n), 0.3)), COUNTS[np.argmax(np.cumsum(p, axis=0) >= 0.3, 0), 0]
    )


def test_what_follows_a_fit_keeps_the_constants_of_each_row():
    n, samples = data("occupancy", 120)
    law = LAWS["occupancy"][0](n)
    x = samples[0].x
    for sample in (mle.Sample(x), mle.Sample.right_censored(np.minimum(x, 5.0), x <= 5)):
        fit = mle.fit(sample, law)
        for kind in ("parametric", "nonparametric") if sample.is_plain else ("parametric",):
            drawn = fit.bootstrap(25, kind=kind, rng=SEED)
            np.testing.assert_allclose(drawn.se, list(fit.bse.values()), rtol=0.4)
        assert stats.kstest(fit.residuals(rng=SEED), "norm").pvalue > 0.01
        assert mle.compare(sample, [law, binomial(n)]).best.family.name == law.name
        assert fit.to_dict()["llf"] == fit.llf


def test_components_may_know_different_things_of_a_row():
    """Of two kinds of units one has n trials, the other m: they are no two components of one law."""
    rng = np.random.default_rng(SEED)
    n, m = rng.integers(5, 15, 200), rng.integers(5, 15, 200)
    x = np.where(rng.uniform(size=200) < 0.5, rng.binomial(n, 0.8), rng.binomial(m, 0.2)).astype(float)
    law = mle.mixture([binomial(n), binomial(m)])
    assert law.param_names == ("weights", "binomial1.p", "binomial2.p")
    assert law.per_row == ("binomial1.n", "binomial2.n")
    fit = mle.fit(x, law)
    p = fit.params
    by_row = p["weights"][0] * stats.binom.pmf(x, n, p["binomial1.p"]) + p["weights"][1] * stats.binom.pmf(
        x, m, p["binomial2.p"]
    )
    assert fit.llf == pytest.approx(np.sum(np.log(by_row)), rel=1e-12)
    assert p["binomial1.p"] == pytest.approx(0.8, abs=4 * fit.bse["binomial1.p"])
    with pytest.raises(mle.MleError, match="1 of 2 observations are impossible under all components; the first is in"):
        mle.fit([3.0, 7.0], mle.mixture([binomial(np.array([8, 5])), binomial(np.array([2, 6]))]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda n: mle.zero_inflated(binomial(n)),
            r"exceed their number of trials; the first is x\[1\] = 6 of n\[1\] = 4",
        ),
        (lambda n: mle.zero_truncated(binomial(n)), r"exceed their number of trials; the first is x\[1\] = 6"),
        (lambda n: mle.hurdle(binomial(np.where(n == 4, 0, n))), r"exceed their number of trials"),
        (lambda n: mle.hurdle(binomial(np.where(n == 4, 7, 0))), r"exceed|1 of 2 rows have no value in \(0, inf\]"),
    ],
)
def test_counts_beyond_their_trials_are_refused(make, message):
    with pytest.raises(mle.MleError, match=message):
        mle.fit([2.0, 6.0], make(np.array([9, 4])))


def test_rows_without_a_value_to_be_seen_are_refused():
    """Without a trial there is no count behind the hurdle, and nothing that a hurdle could explain."""
    with pytest.raises(mle.MleError, match=r"1 of 3 rows have no value in \(0, inf\]; the first has n\[1\] = 0"):
        mle.fit([2.0, 0.0, 0.0], mle.hurdle(binomial(np.array([9, 0, 4]))))
    censored = mle.Sample.intervals([2.0, -np.inf], [2.0, 1.0])
    with pytest.raises(mle.MleError, match=r"1 of 2 rows have no value in \(3, inf\]; the first has n\[1\] = 2"):
        mle.fit(mle.Sample.intervals([4.0, -np.inf], [4.0, 5.0]), mle.truncated(binomial(np.array([9, 2])), 3))
    assert mle.fit(censored, mle.zero_inflated(binomial(np.array([9, 2]))), fixed={"pi": 0.2}).llf < 0


def test_what_cannot_be_known_row_by_row_is_refused():
    rates = mle.get_family(stats.gamma, scale=np.array([1.0, 2.0, 3.0]))
    with pytest.raises(mle.MleError, match=r"shifted: gamma has constants given per row \(scale\)"):
        mle.shifted(rates)
    with pytest.raises(mle.MleError, match="mixture: gamma is continuous and has constants given per row"):
        mle.mixture(rates, 2)


def test_a_continuous_law_with_a_known_scale_per_row_may_be_truncated():
    rng = np.random.default_rng(SEED)
    scale = rng.uniform(0.5, 3.0, 400)
    x = scale * rng.gamma(2.5, size=400)
    kept = x > 1.0
    x, scale = x[kept], scale[kept]
    law = mle.truncated(mle.get_family(stats.gamma, scale=scale), lower=1.0)
    for sample in (mle.Sample(x), mle.Sample.right_censored(np.minimum(x, 6.0), x <= 6)):
        got = mle.fit(sample, law)
        want = mle.fit(sample.truncated(lower=1.0), mle.get_family(stats.gamma, scale=scale))
        assert got.llf == pytest.approx(want.llf, rel=1e-11)
        assert got.params["a"] == pytest.approx(want.params["a"], rel=1e-7)


def test_a_mixture_has_the_mean_of_each_row():
    n = np.array([3, 9, 9])
    law = Distribution(mle.mixture(binomial(n), 2), {"weights": [0.25, 0.75], "p": [0.2, 0.6]})
    assert law.mean() == pytest.approx(0.5 * n)
