"""Every function of a law takes an array for each parameter, one law a row, as one law after the other."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.errors import IntegralError
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.mass import log_mass

WRITTEN = (
    "zero_truncated(negbin)",
    "hurdle(negbin)",
    "zero_inflated(poisson)",
    "truncated(normal, 0, 5)",
    "shifted(weibull)",
    "hurdle(gamma)",
    "inflated(beta)",
    "defective(weibull)",
    "first_of(weibull, lognormal)",
    "exp_of(logistic)",
    "log_of(gamma)",
    "negated(gumbel)",
    "exponentiated(weibull)",
    "discretised(weibull)",
    "spliced(lognormal, pareto, at=1.5)",
    "spliced(lognormal, pareto, join=smooth)",
)


def laws():
    found = {}
    for name in mle.families():
        law = mle.get_family(name, **({"n": 9} if name in ("binomial", "betabinomial") else {}))
        if law.all_scalar and not law.multivariate:
            found[name] = law
    found |= {name: mle.get_family(name) for name in WRITTEN}
    return found | {f"{name} by mean": mle.get_family(name, by="mean") for name in ("gamma", "beta")}


LAWS = laws()
N = 4


def number(law, name):
    """A moment, or NaN where it is not finite."""
    try:
        return float(getattr(law, name)())
    except IntegralError:
        return np.nan


@pytest.mark.parametrize("name", LAWS)
def test_a_law_a_row_is_one_law_after_the_other(name):
    family, rng = LAWS[name], np.random.default_rng(1)
    ends = [p.typical for p in family.parameters]
    params = tuple(low + (high - low) * rng.uniform(0.3, 0.7, N) for low, high in ends)
    each = [Distribution.at(family, tuple(float(p[k]) for p in params)) for k in range(N)]
    law, at = Distribution.at(family, params), np.array([0.2, 0.4, 0.6, 0.8])
    x = np.array([one.ppf(at[k]) for k, one in enumerate(each)])

    def same(got, expected):
        np.testing.assert_allclose(np.broadcast_to(got, np.shape(expected)), expected, rtol=1e-9, atol=1e-12)

    for what, values in [(w, x) for w in ("logpdf", "cdf", "sf", "logcdf", "logsf")] + [
        (w, at) for w in ("ppf", "isf")
    ]:
        same(getattr(law, what)(values), [float(getattr(one, what)(values[k])) for k, one in enumerate(each)])
    # Moments of laws on the circle are of angles, by slow integrals, and nobody's.
    for what in ("mean", "var", "std", "entropy") if family.period is None else ("entropy",):
        expected = [number(one, what) for one in each]
        if np.all(np.isfinite(expected)):
            got = getattr(law, what)()
            assert np.shape(got) == (N,)
            same(got, expected)
    with np.errstate(all="ignore"):
        for what in ("score", "hessian"):
            own = getattr(family, what)
            if own is not None:
                rows = [own(x[k : k + 1], *(np.float64(p[k]) for p in params)) for k in range(N)]
                for column, got in enumerate(own(x, *params)):
                    same(got, [float(np.ravel(row[column])[0]) for row in rows])
        if family.tail_scores is not None:
            rows = [family.tail_scores(x[k : k + 1], *(float(p[k]) for p in params)) for k in range(N)]
            for tail, columns in enumerate(family.tail_scores(x, *params)):
                for column, got in enumerate(columns):
                    same(got, [float(np.ravel(row[tail][column])[0]) for row in rows])
        alone = [log_mass(family, tuple(float(p[k]) for p in params), x[k : k + 1], x[k : k + 1] + 1) for k in range(N)]
        same(log_mass(family, params, x, x + 1), np.ravel(alone))
    drawn = law.rvs((3, N), np.random.default_rng(0))
    assert drawn.shape == (3, N)
    assert np.all(family.support.contains(drawn))


def test_a_shape_by_formula_of_intervals():
    """Interval-censored gammas whose shape has a formula: the maximum of a likelihood that is written out here."""
    from scipy import optimize, stats

    rng = np.random.default_rng(4)
    z = rng.normal(size=60)
    y = rng.gamma(np.exp(0.5 + 0.2 * z))
    low, design = np.floor(2 * y) / 2, np.column_stack([np.ones(60), z])
    fit = mle.regress(mle.Sample.intervals(low, low + 0.5), design[:, :1], "gamma", shape=design)

    def minus(v):
        shape = np.exp(v[1] + v[2] * z)
        law = stats.gamma(shape, scale=np.exp(v[0]) / shape)
        return -np.sum(np.log(law.cdf(low + 0.5) - law.cdf(low)))

    best = optimize.minimize(minus, [0.5, 0.5, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-11})
    assert fit.llf == pytest.approx(-best.fun, abs=1e-7)


def test_moments_of_known_constants_per_row():
    law = mle.distribution("binomial", n=np.array([2, 5, 9]), p=0.4)
    np.testing.assert_allclose(law.mean(), [0.8, 2.0, 3.6])
    np.testing.assert_allclose(law.std(), np.sqrt([0.48, 1.2, 2.16]))
