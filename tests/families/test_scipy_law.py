"""Any scipy.stats distribution as a family: no lower than SciPy's own fit, and it says what kind of maximum that is."""

import json
import math
import pickle
import warnings

import fieldcases
import numpy as np
import pytest
from references import HERE, column, fit_quietly, flat
from scipy import stats

import mle_toolkit as mle
from mle_toolkit import errors
from mle_toolkit.families.scipy_law import ScipyLaw

SIZE = 150
SCALE = 3.7

CONTINUOUS = {
    "alpha": (3.57,), "betaprime": (5.0, 6.0), "burr12": (10.0, 4.0), "chi2": (55.0,), "exponweib": (2.9, 1.95),
    "f": (29.0, 18.0), "fatiguelife": (29.0,), "fisk": (3.1,), "foldcauchy": (4.7,), "genextreme": (-0.1,),
    "genlogistic": (0.41,), "gompertz": (0.95,), "hypsecant": (), "invgauss": (0.145,), "invweibull": (10.6,),
    "johnsonsu": (0.3, 1.2), "kappa3": (1.0,), "levy_l": (), "maxwell": (), "mielke": (10.4, 4.6),
    "nakagami": (4.97,),
    "norminvgauss": (1.25, 0.5), "pareto": (2.6,), "powerlaw": (1.66,), "powernorm": (4.4,), "skewcauchy": (0.5,),
    "uniform": (), "weibull_max": (2.9,),
}  # fmt: skip
"""Parameters: those of SciPy's own tests; of Johnson's law less skew, which a free loc makes lognormal."""

COUNTS = {
    "poisson": ({}, (0.6,)), "binom": ({"n": 5}, (5, 0.4)), "nbinom": ({}, (5.0, 0.5)), "geom": ({}, (0.5,)),
    "zipf": ({}, (3.5,)), "logser": ({}, (0.6,)), "planck": ({}, (0.51,)), "boltzmann": ({"N": 19}, (1.4, 19)),
    "skellam": ({}, (15.0, 8.0)), "betabinom": ({"n": 5}, (5, 2.3, 0.63)), "yulesimon": ({}, (3.0,)),
    "dlaplace": ({}, (0.8,)), "nchypergeom_fisher": ({"M": 140, "n": 80, "N": 60}, (140, 80, 60, 0.5)),
}  # fmt: skip


def sample_of(name, shapes, scale=SCALE):
    return getattr(stats, name).rvs(*shapes, scale=scale, size=SIZE, random_state=20_240_101)


def scipy_loglik(name, x):
    """Log-likelihood at the end of SciPy's own fit, with loc held at 0 where ours holds it."""
    dist = getattr(stats, name)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        free = "loc" in mle.get_family(dist).param_names
        return float(np.sum(dist.logpdf(x, *(dist.fit(x) if free else dist.fit(x, floc=0)))))


@pytest.mark.parametrize("name", CONTINUOUS)
def test_no_lower_than_the_fit_of_scipy(name):
    x = sample_of(name, CONTINUOUS[name])
    fit = mle.fit(x, getattr(stats, name))
    truth = float(np.sum(getattr(stats, name).logpdf(x, *CONTINUOUS[name], scale=SCALE)))
    assert fit.llf >= max(scipy_loglik(name, x), truth) - 1e-6
    assert fit.llf == pytest.approx(float(np.sum(fit.to_scipy().logpdf(x))), rel=1e-12)
    expected = "non_regular" if name in ("pareto", "powerlaw", "uniform") else "interior"
    assert fit.certificate.verdict == expected


LOGISTIC = fieldcases.columns("logistic100.csv")


@pytest.mark.parametrize(
    ("name", "llf"),
    [("hypsecant", -623.90439389), ("gumbel_l", -654.90028735), ("nct", -623.70133860), ("moyal", None),
     ("exponnorm", None), ("cosine", None), ("genlogistic", None), ("skewcauchy", None)],
)  # fmt: skip
@pytest.mark.parametrize("factor", [1.0, -1e6])
def test_laws_on_the_whole_line_are_put_where_the_data_are(name, llf, factor):
    """A law on the line has a free loc, as SciPy's users expect, and a start that finds it in any unit."""
    x = next(iter(LOGISTIC.values()))
    if factor < 0:
        x = 3e6 + 1e6 * x
    fit, dist = mle.fit(x, getattr(stats, name)), getattr(stats, name)
    assert fit.certificate.verdict == "interior"
    if llf is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            best = float(np.sum(dist.logpdf(x, *dist.fit(x))))
        assert fit.llf >= best - 1e-6
    else:
        assert fit.llf + (len(x) * math.log(1e6) if factor < 0 else 0.0) == pytest.approx(llf, abs=1e-6)


def test_a_report_says_what_became_of_loc():
    x = np.abs(next(iter(LOGISTIC.values())))
    assert "loc: held at 0; get_family(scipy.stats.chi2, loc=None) frees it" in str(mle.fit(x, "chi2"))
    assert "loc " in str(mle.fit(x, stats.hypsecant))
    assert "held" not in str(mle.fit(x, stats.hypsecant))


def test_laws_of_scipy_have_names():
    assert mle.get_family("scipy.chi2").param_names == ("df", "scale")
    assert mle.get_family("hypsecant").param_names == ("loc", "scale")
    assert isinstance(mle.get_family("scipy.norm"), ScipyLaw)
    assert not isinstance(mle.get_family("norm"), ScipyLaw)
    assert mle.get_family("binom", n=3).name == "binomial"
    assert mle.distribution("chi2", df=3.0, scale=2.0).mean() == pytest.approx(6.0)
    for name in ("scipy.chi22", "scipy.rv_continuous", "gama"):
        with pytest.raises(errors.UnknownNameError):
            mle.get_family(name)


def test_what_cannot_be_fitted_on_the_line_is_refused_with_the_reason():
    returns = list(fieldcases.columns("arch_sp500_logret.csv").values())[-1][:100]
    with pytest.raises(errors.ParameterError, match=r"SciPy integrates this density numerically.*'stable', by its"):
        mle.fit(returns[:30], stats.levy_stable)
    with pytest.raises(errors.ParameterError, match=r"SciPy integrates this density numerically.*fewer rows"):
        mle.fit(1 + np.abs(returns[:20]), stats.studentized_range, fixed={"k": 3.0, "df": 10.0})
    assert mle.get_family("levy_stable").name == "stable"
    with pytest.raises(errors.ParameterError, match="a law on the circle"):
        mle.get_family(stats.vonmises)


def test_the_end_of_a_shape_is_looked_at_for_censored_data_too():
    sample = mle.Sample.right_censored([2.7, 0.2, 6.5, 0.4, 0.1, 8, 8], [1, 1, 1, 1, 1, 0, 0])
    fit = mle.fit(sample, mle.get_family(stats.ncx2, loc=0, scale=1))
    assert fit.certificate.verdict == "interior"

    def llf(df, nc):
        return float(np.sum(stats.ncx2.logpdf(sample.lower[:5], df, nc)) + 2 * stats.ncx2.logsf(8.0, df, nc))

    df, nc = fit.params.values()
    assert fit.llf == pytest.approx(llf(df, nc), rel=1e-12)
    for k in (-1, 1):
        assert llf(df + 1e-2 * k, nc) < fit.llf
        assert llf(df, nc + 3e-2 * k) < fit.llf


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_fitted_to_a_maximum(name):
    constants, shapes = COUNTS[name]
    dist = getattr(stats, name)
    x = dist.rvs(*shapes, size=300, random_state=7)
    fit = mle.fit(x, mle.get_family(dist, **constants))
    assert fit.certificate.verdict == "interior"
    assert fit.llf >= float(np.sum(dist.logpmf(x, *shapes))) - 1e-9
    # Nothing nearby is higher: the quadratic that the standard errors promise.
    for parameter, se in fit.bse.items():
        for sign in (-0.1, 0.1):
            moved = dict(fit.params) | {parameter: fit.params[parameter] + sign * se}
            frozen = mle.Distribution(fit.family, moved).to_scipy()
            assert float(np.sum(frozen.logpmf(x))) < fit.llf


@pytest.mark.parametrize("unit", [1e9, 1e-9])
@pytest.mark.parametrize("name", ["nakagami", "norminvgauss", "pareto", "powerlaw", "exponweib"])
def test_another_unit_gives_the_same_law(name, unit):
    x = sample_of(name, CONTINUOUS[name])
    here, there = (mle.fit(data, getattr(stats, name)) for data in (x, x * unit))
    assert there.llf + SIZE * math.log(unit) == pytest.approx(here.llf, abs=1e-7)
    moved = [value / (unit if p in ("loc", "scale") else 1.0) for p, value in there.params.items()]
    assert moved == pytest.approx(list(here.params.values()), rel=1e-4)


@pytest.mark.parametrize("name", ["gamma", "weibull_min", "lognorm", "norm", "genpareto"])
def test_the_same_as_our_own_law(name):
    """Where SciPy's parameters differ in form from ours, the likelihood does not."""
    x = sample_of("gamma", (2.0,))
    constants = {"loc": None} if name == "norm" else {}
    assert mle.fit(x, mle.get_family(getattr(stats, name), **constants)).llf == pytest.approx(
        mle.fit(x, name).llf, abs=1e-8
    )


# --- constants --------------------------------------------------------------------------------------------------------


def test_loc_is_free_where_it_is_no_end_and_scale_is_free_unless_asked_for_otherwise():
    for dist in (stats.norm, stats.hypsecant, stats.cosine, stats.semicircular):
        assert mle.get_family(dist).param_names == ("loc", "scale")
    law = mle.get_family(stats.chi2)
    assert law.param_names == ("df", "scale")
    assert law.constants == {"loc": 0.0}
    assert mle.get_family(stats.norm, loc=0).param_names == ("scale",)
    assert mle.get_family(stats.norm, loc=None, scale=2.0).param_names == ("loc",)
    assert mle.get_family(stats.gamma, a=2).param_names == ("scale",)
    assert repr(mle.get_family(stats.binom, n=12)) == "binom(p; n=12, loc=0.0)"


def test_known_values_are_used_as_they_are():
    x = np.array([1.5, 2.0, 4.5])
    fit = mle.fit(x, mle.get_family(stats.gamma, a=2, loc=1.0))
    assert fit.params["scale"] == pytest.approx(np.mean(x - 1) / 2, rel=1e-6)
    assert fit.llf == pytest.approx(
        float(np.sum(stats.gamma.logpdf(x, 2, loc=1, scale=fit.params["scale"]))), rel=1e-12
    )


def test_a_law_of_which_all_is_known_is_compared_as_it_is():
    x = [1.0, 2.0, 4.0]
    fit = mle.fit(x, mle.get_family(stats.norm, loc=0, scale=1))
    assert fit.llf == pytest.approx(float(np.sum(stats.norm.logpdf(x))), rel=1e-14)
    assert fit.df_model == 0
    assert fit.aic == -2 * fit.llf
    assert fit.distribution.mean() == 0.0


def test_constants_may_be_one_per_row():
    x, n = np.array([2.0, 0.0, 5.0, 1.0]), np.array([4, 3, 9, 1])
    ours, scipys = mle.fit(x, mle.get_family("binomial", n=n)), mle.fit(x, mle.get_family(stats.binom, n=n))
    assert scipys.params["p"] == pytest.approx(ours.params["p"], rel=1e-6)
    assert scipys.llf == pytest.approx(ours.llf, rel=1e-12)


def test_a_distribution_of_the_users_own_is_one_too():
    class PowerGen(stats.rv_continuous):
        def _pdf(self, x, k):
            return k * x ** (k - 1)

    x = np.array([0.1, 0.2, 0.5, 0.8])
    fit = mle.fit(x, mle.get_family(PowerGen(a=0, b=1, name="power_law"), scale=1))
    assert fit.params["k"] == pytest.approx(-4 / np.sum(np.log(x)), rel=1e-6)


def test_fixed_bounds_start_and_solver_apply():
    x = sample_of("nakagami", (4.97,))
    free = mle.fit(x, stats.nakagami)
    assert mle.fit(x, stats.nakagami, solver="L-BFGS-B").llf == pytest.approx(free.llf, abs=1e-7)
    assert mle.fit(x, stats.nakagami, start={"nu": 1.0, "scale": 1.0}).llf == pytest.approx(free.llf, abs=1e-7)
    assert mle.fit(x, stats.nakagami, fixed={"nu": 5.0}).params["nu"] == 5.0
    assert fit_quietly(x, stats.nakagami, bounds={"nu": (None, 2.0)}).params["nu"] == pytest.approx(2.0)


def test_weights_repeat_rows():
    x = sample_of("nakagami", (4.97,))
    assert mle.fit(x, stats.nakagami, weights=np.full(SIZE, 3)).llf == pytest.approx(
        3 * mle.fit(x, stats.nakagami).llf, rel=1e-9
    )


# --- what kind of maximum ---------------------------------------------------------------------------------------------

LOCAL = {
    "weibull3_nile": (stats.weibull_min, "nile", "x", {"shape": "c", "scale": "scale", "threshold": "loc"}),
    "lnorm3_rivers": (stats.lognorm, "rivers", "x", {"sdlog": "s", "threshold": "loc"}),
}


@pytest.mark.parametrize("name", LOCAL)
def test_a_threshold_has_a_local_maximum(name):
    """The likelihood is unbounded as loc goes to the least observation; the estimate is the maximum inside."""
    dist, dataset, variable, names = LOCAL[name]
    cases = json.loads((HERE / "cases_dev.json").read_text(encoding="utf-8"))["cases"]
    expected = next(item for item in cases if item["id"] == name)["expected"]
    x = column(dataset, variable)
    fit = fit_quietly(x, mle.get_family(dist, loc=None))
    for old, new in names.items():
        assert abs(fit.params[new] - expected["params"][old]) <= 1e-5 * expected["se"][old]
        assert fit.bse[new] == pytest.approx(expected["se"][old], rel=1e-5)
    if name == "lnorm3_rivers":
        assert abs(math.log(fit.params["scale"]) - expected["params"]["meanlog"]) <= 1e-5 * expected["se"]["meanlog"]
    assert fit.llf == pytest.approx(expected["loglik"], rel=1e-8)
    assert fit.certificate.verdict == "local"
    assert f"onto the observation {x.min():g}" in fit.certificate.message
    with pytest.warns(mle.FitWarning, match="local maximum of a likelihood without a global one"):
        mle.fit(x, mle.get_family(dist, loc=None))


def test_no_local_maximum_of_an_unbounded_likelihood_is_an_error():
    hours = column("aircondit", "hours")
    with pytest.raises(mle.MleError, match="the likelihood is unbounded: as loc moves"):
        mle.fit(hours, mle.get_family(stats.gamma, loc=None))


def test_a_pole_at_both_ends_is_an_error():
    with pytest.raises(mle.MleError, match=r"unbounded as scale goes to 0\.9"):
        mle.fit([0.1, 0.5, 0.9], stats.arcsine)


def test_a_threshold_of_a_falling_density_is_the_least_observation():
    x = np.array([3.0, 4.5, 3.2, 9.0])
    fit = mle.fit(x, mle.get_family(stats.expon, loc=None))
    assert fit.params["loc"] == 3.0
    assert fit.params["scale"] == pytest.approx(np.mean(x) - 3.0, rel=1e-6)
    assert fit.certificate.verdict == "non_regular"
    assert math.isnan(fit.bse["loc"])


def test_pareto_touches_the_least_observation():
    x = np.array([3.0, 4.5, 3.2, 9.0])
    fit = mle.fit(x, stats.pareto)
    assert fit.params["scale"] == 3.0
    assert fit.params["b"] == pytest.approx(4 / np.sum(np.log(x / 3.0)), rel=1e-6)
    assert fit.certificate.irregular == ("scale",)


def test_an_endpoint_that_scipy_accepts_is_a_value():
    fit = fit_quietly([0, 0, 0], stats.poisson)
    assert fit.params["mu"] == 0.0
    assert fit.llf == 0.0
    assert fit.certificate.verdict == "boundary"
    rayleigh = np.sqrt(stats.expon.ppf((np.arange(50) + 0.5) / 50)) ** 1.2
    flat_rice = fit_quietly(rayleigh, stats.rice)
    assert flat_rice.params["b"] == 0.0
    assert flat_rice.certificate.verdict == "boundary"
    assert flat_rice.llf == pytest.approx(mle.fit(rayleigh, "rayleigh").llf, abs=1e-8)


# --- what is refused --------------------------------------------------------------------------------------------------

REFUSED = [
    (lambda: mle.get_family(stats.binom), "n must be a whole number, so it cannot be estimated; give it"),
    (lambda: mle.get_family(stats.gamma, b=1), "unknown constant 'b'; its parameters: a, loc, scale"),
    (lambda: mle.get_family(stats.gamma, scale=0), "scale must be positive"),
    (lambda: mle.get_family(stats.gamma, a=None), "a must be a finite number"),
    (lambda: mle.get_family(stats.gamma, a="2"), "a must be a finite number"),
    (lambda: mle.get_family(stats.gamma, a=-2.0), "SciPy accepts no parameters with a = -2.0"),
    (lambda: mle.get_family(stats.poisson, loc=None), "loc of a law of counts must be known"),
    (
        lambda: mle.get_family(stats.norm(0, 1)),
        "frozen scipy.stats distribution .* pass the distribution itself, scipy.stats.norm",
    ),
    (lambda: mle.get_family(stats.multivariate_normal), "pass a univariate one such as scipy.stats.norm"),
    (lambda: mle.get_family(3), "expected the name of a family, a Family or a scipy.stats distribution, got int 3"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[message[:30] for _, message in REFUSED])
def test_what_cannot_be_fitted_says_what_to_do(make, message):
    with pytest.raises(mle.MleError, match=message):
        make()


@pytest.mark.skipif(not hasattr(stats, "Normal"), reason="SciPy before 1.15 has no such objects")
def test_random_variables_of_the_new_kind_are_refused():
    for new in (stats.Normal, stats.Normal(mu=1.0, sigma=2.0)):
        with pytest.raises(mle.MleError, match=r"pass a univariate one such as scipy\.stats\.norm \(in lower case\)"):
            mle.fit([1.0, 2.0], new)


def test_data_outside_the_support_are_refused():
    with pytest.raises(
        mle.MleError, match=r"gamma: 1 of 3 observations lie outside the support \(0, ∞\); the first is x\[1\]"
    ):
        mle.fit([1.0, -2.0, 3.0], stats.gamma)
    with pytest.raises(mle.MleError, match="Counts must be whole numbers"):
        mle.fit([1.0, 2.5], stats.poisson)
    assert mle.get_family(stats.expon).support.contains(np.array([0.0]))
    assert mle.get_family(stats.beta, scale=1.0).support == mle.UNIT


def test_impossible_and_invalid_values_have_no_density():
    law = mle.get_family(stats.gamma)
    assert law.logpdf(np.array([-1.0, 1.0]), 2.0, 1.0).tolist() == [-math.inf, pytest.approx(-1.0)]
    assert float(law.logpdf(np.array(1.0), -2.0, 1.0)) == -math.inf


# --- on its way -------------------------------------------------------------------------------------------------------


def test_a_fit_is_saved_and_sent(tmp_path):
    fit = mle.fit(sample_of("nakagami", (4.97,)), stats.nakagami)
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert loaded.params == fit.params
    assert isinstance(loaded.family, ScipyLaw)
    assert loaded.distribution.cdf(2.0) == fit.distribution.cdf(2.0)
    assert pickle.loads(pickle.dumps(fit)).params == fit.params


def test_a_distribution_of_scipy_is_one_of_ours():
    law = mle.distribution(stats.nakagami, nu=2.0, scale=3.0)
    assert law.cdf(2.0) == stats.nakagami(2.0, scale=3.0).cdf(2.0)
    assert flat(law.params).tolist() == [2.0, 3.0]
    # SciPy's own generic entropies stop at 1e-8.
    assert law.entropy() == pytest.approx(float(stats.nakagami(2.0, scale=3.0).entropy()), abs=1e-7)


@pytest.mark.parametrize("name", ["zip", "zero_truncated_poisson"])
def test_a_law_that_scipy_lacks_becomes_one_of_its_distributions(name):
    params = {"pi": 0.3, "mu": 2.0} if name == "zip" else {"mu": 2.0}
    law = mle.distribution(name, **params)
    frozen = law.to_scipy()
    k = np.arange(0, 12)
    assert isinstance(frozen.dist, stats.rv_discrete)
    assert frozen.pmf(k) == pytest.approx(law.pdf(k), rel=1e-14)
    assert frozen.logpmf(k) == pytest.approx(law.logpdf(k), rel=1e-14)
    assert frozen.cdf(k) == pytest.approx(law.cdf(k), rel=1e-14)
    assert frozen.sf(k) == pytest.approx(law.sf(k), rel=1e-14)
    assert frozen.ppf([0.1, 0.5, 0.99]) == pytest.approx(law.ppf([0.1, 0.5, 0.99]))
    assert (frozen.mean(), frozen.var()) == pytest.approx((law.mean(), law.var()))
    assert frozen.entropy() == pytest.approx(law.entropy(), rel=1e-12)
    x = frozen.rvs(size=2_000, random_state=3)
    assert np.mean(x) == pytest.approx(law.mean(), abs=5 * law.std() / math.sqrt(2_000))
    assert np.array_equal(x, frozen.rvs(size=2_000, random_state=3))


def test_a_continuous_law_of_the_users_becomes_one_of_scipys():
    lindley = mle.Family.from_logpdf(
        lambda x, theta: 2 * np.log(theta) - np.log1p(theta) + np.log1p(x) - theta * x,
        {"theta": mle.POSITIVE},
        mle.POSITIVE,
        name="lindley",
    )
    law = mle.Distribution(lindley, {"theta": 0.7})
    frozen = law.to_scipy()
    x = np.array([0.1, 1.0, 8.0])
    sf = (1 + 0.7 * x / 1.7) * np.exp(-0.7 * x)
    assert frozen.sf(x) == pytest.approx(sf, rel=1e-12)
    assert frozen.isf(sf) == pytest.approx(x, rel=1e-11)
    assert frozen.pdf(-1.0) == 0.0
    assert frozen.support() == (0.0, math.inf)
    assert frozen.rvs((2, 3), random_state=1).shape == (2, 3)
    assert frozen.mean() == pytest.approx((0.7 + 2) / (0.7 * 1.7), rel=1e-12)


def test_shapes_at_which_scipy_would_end_the_process_have_no_values():
    """Boost throws through SciPy's code of nct at df = 1e-20: nothing in Python could catch that."""
    law = ScipyLaw(stats.nct)
    assert law.logpdf(np.array([-1.0, 0.5]), 1e-20, 1.0, 0.0, 1.0).tolist() == [-np.inf, -np.inf]
    assert np.isnan(law.cdf(np.array([0.5]), 1e-300, 1e-20, 0.0, 1.0)).all()
    with pytest.raises(errors.MleError):
        mle.fit([1.0, 2.0, 4.0], law, fixed={"df": 1e-20})


@pytest.mark.parametrize("seed", [5, 18, 19])
def test_a_density_that_is_zero_at_its_ends_has_a_maximum_beside_the_farthest_observation(seed):
    """So near to it that differences with steps of the usual length would pass the end."""
    fit = fit_quietly(np.random.default_rng(seed).gamma(2, 1, 300), "scipy.semicircular")
    assert fit.certificate.verdict == "interior"
