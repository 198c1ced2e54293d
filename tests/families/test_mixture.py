"""Mixtures: reference cases, order, units, spurious maxima, sharing, composition, forms of data."""

import json
import math

import fieldcases
import numpy as np
import pytest
from mpmath import mp
from references import HERE, adversarial, column, fit_quietly, flat
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.errors import MleError
from mle_toolkit.estimation.certificate import Verdict
from mle_toolkit.families.combinators.mixture import Mixture
from mle_toolkit.families.combinators.parts import fitted
from mle_toolkit.families.combinators.row_mixture import by_row
from mle_toolkit.families.mass import log_mass, mass_scores

EXPECTED = {
    case["id"]: case["expected"]
    for case in json.loads((HERE / "cases_dev.json").read_text(encoding="utf-8"))["cases"]
    if case["kind"] == "mixture"
}
IN_STANDARD_ERRORS = 1e-5
LOGLIK = 1e-8

rng = np.random.default_rng(20_240_302)
THREE = np.concatenate([rng.normal(0.0, 1.0, 150), rng.normal(5.0, 0.5, 100), rng.normal(9.0, 1.0, 150)])
GAMMAS = np.concatenate([rng.gamma(2.0, 1.0, 250), rng.gamma(20.0, 1.0, 200)])
COUNTS = rng.poisson(np.repeat([1.0, 8.0], [200, 150])).astype(float)
WAITING = column("faithful", "waiting")


def flat_mixture(values, names):
    """One weight and all other numbers, as the reference cases list them."""
    return np.concatenate([[values["weights"][0]], *(np.atleast_1d(values[name]) for name in names)])


def check_case(name: str, fit: mle.Fit) -> None:
    expected = EXPECTED[name]
    names = [p for p in fit.params if p != "weights"]
    theta, se = (np.array(list(expected[key].values())) for key in ("params", "se"))
    assert np.abs((flat_mixture(fit.params, names) - theta) / se).max() <= IN_STANDARD_ERRORS
    assert abs(fit.llf - expected["loglik"]) <= LOGLIK * abs(expected["loglik"])
    assert flat_mixture(fit.bse, names) == pytest.approx(se, rel=IN_STANDARD_ERRORS)
    keep = [k for k in range(len(flat(fit.params))) if k != 1]  # the other weight is one minus the first
    cov = fit.cov_params().to_numpy()[np.ix_(keep, keep)]
    assert np.abs((cov - np.array(expected["cov"])) / np.outer(se, se)).max() <= 2 * IN_STANDARD_ERRORS
    assert fit.df_model == len(theta)
    assert fit.bic == pytest.approx(expected["bic"], rel=1e-8)


@pytest.mark.parametrize("x", ["eruptions", "waiting"])
def test_old_faithful(x):
    fit = fit_quietly(column("faithful", x), mle.mixture("normal", 2))
    check_case(f"mix2_faithful_{x}", fit)
    assert fit.certificate.verdict == "local"
    assert "spike" in fit.certificate.message
    assert fit.certificate.decrement <= 1e-9
    assert min(fit.certificate.eigenvalues) > 0


def test_federalist():
    with (HERE / "data/dev/prepared/mixpois_federalist.csv").open(encoding="utf-8") as file:
        x, weight = np.loadtxt(file, delimiter=",", skiprows=1, unpack=True)
    fit = mle.fit(x, mle.mixture("poisson", 2), weights=weight)
    check_case("mixpois_federalist", fit)
    assert fit.certificate.verdict == "interior"


@pytest.mark.parametrize(("centre", "scale"), [(0.0, 1e9), (0.0, 1e-9), (1e5, 1.0), (0.0, -1.0)])
def test_a_mixture_moves_with_the_unit(centre, scale):
    known = fit_quietly(WAITING, mle.mixture("normal", 2))
    fit = fit_quietly(centre + scale * WAITING, mle.mixture("normal", 2))
    order = slice(None, None, 1 if scale > 0 else -1)
    for name, moved, size in (
        ("weights", known.params["weights"][order], 1.0),
        ("mu", centre + scale * known.params["mu"][order], abs(scale)),
        ("sigma", abs(scale) * known.params["sigma"][order], abs(scale)),
    ):
        assert np.all(np.abs(fit.params[name] - moved) <= IN_STANDARD_ERRORS * size * known.bse[name][order])
        assert fit.bse[name] == pytest.approx(size * known.bse[name][order], rel=1e-5)


def test_a_fit_is_the_same_each_time_and_in_any_order_of_the_data():
    law = mle.mixture("normal", 3)
    first, second = fit_quietly(THREE, law), fit_quietly(THREE, law)
    assert flat(first.params).tolist() == flat(second.params).tolist()
    shuffled = fit_quietly(np.random.default_rng(5).permutation(THREE), law)
    assert flat(shuffled.params) == pytest.approx(flat(first.params), rel=1e-6)


# --- spikes -----------------------------------------------------------------------------------------------------------


def test_a_spike_on_tied_values_is_not_an_estimate():
    x = np.array(adversarial()["adv_normal_mixture_spike"]["data"]["x"])
    with pytest.warns(mle.FitWarning, match="best maximum found without such a spike"):
        fit = mle.fit(x, mle.mixture("normal", 2))
    assert fit.certificate.verdict == "local"
    # The only local maximum apart from spikes, by EM from 3000 random starts.
    assert fit.llf == pytest.approx(-15.8593, abs=1e-4)
    assert fit.params["mu"] == pytest.approx([-0.1055, 2.7110], abs=1e-4)
    assert fit.params["sigma"] == pytest.approx([0.8599, 0.4017], abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_ties_and_near_ties_do_not_draw_a_component(seed):
    local = np.random.default_rng(seed)
    x = np.concatenate([local.normal(0.0, 1.0, 40), local.normal(4.0, 1.0, 40), [1.5, 1.5, 1.5 + 1e-7]])
    fit = fit_quietly(x, mle.mixture("normal", 2))
    assert fit.certificate.verdict == "local"
    assert fit.params["sigma"].min() > 0.2
    assert fit.llf < -120


def test_a_start_on_a_spike_is_refused():
    start = {"weights": [0.05, 0.95], "mu": [79.0, 70.0], "sigma": [1e-4, 13.0]}
    with pytest.raises(mle.errors.UnboundedLikelihoodError, match="spike"):
        mle.fit(WAITING, mle.mixture("normal", 2), start=start)


def test_where_no_component_can_shrink_the_maximum_is_interior():
    for law, x in (
        (mle.mixture("normal", 2, shared=("sigma",)), WAITING),
        (mle.mixture("exponential", 2), np.concatenate([GAMMAS, 10 * GAMMAS])),
        (mle.mixture("poisson", 2), COUNTS),
        (mle.mixture("gamma", 2, shared="shape"), GAMMAS),
    ):
        assert fit_quietly(x, law).certificate.verdict == "interior", law


def test_rounding_bounds_the_likelihood():
    fit = mle.fit(mle.Sample.rounded(WAITING, 1.0), mle.mixture("normal", 2))
    assert fit.certificate.verdict == "interior"
    expected = EXPECTED["mix2_faithful_waiting"]
    assert np.abs(fit.params["mu"] - [expected["params"]["mu1"], expected["params"]["mu2"]]).max() < 0.01


# --- components -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["normal", "logistic", "gamma", "lognormal", "weibull"])
def test_components_come_in_the_order_of_their_means(base):
    x = np.concatenate([GAMMAS[250:], GAMMAS[:250]])
    fit = fit_quietly(x, mle.mixture(base, 2))
    assert fit.certificate.ok
    split = fit.family.split(tuple(fit.params.values()))
    means = [
        mle.distribution(base, **dict(zip(mle.get_family(base).param_names, p, strict=True))).mean() for p in split
    ]
    assert means[0] < means[1]
    assert fit.params["weights"].sum() == pytest.approx(1.0)


def test_three_components():
    fit = fit_quietly(THREE, mle.mixture("normal", 3))
    assert fit.certificate.verdict == "local"
    assert fit.params["mu"] == pytest.approx([0.0, 5.0, 9.0], abs=0.4)
    assert fit.params["weights"] == pytest.approx([0.375, 0.25, 0.375], abs=0.04)
    assert fit.family.coefficient_names[:4] == ("weights[0]", "weights[1]", "weights[2]", "mu[0]")


def test_a_shared_parameter_is_one_number():
    fit = mle.fit(WAITING, mle.mixture("normal", 2, shared=("sigma",)))
    assert isinstance(fit.params["sigma"], float)
    assert fit.df_model == 4
    free = fit_quietly(WAITING, mle.mixture("normal", 2))
    assert free.llf - 1.0 < fit.llf <= free.llf


def test_different_laws_have_names_of_their_own():
    assert mle.mixture(["normal", "cauchy", "normal"]).param_names == (
        "weights", "normal1.mu", "normal1.sigma", "cauchy.loc", "cauchy.scale", "normal2.mu", "normal2.sigma",
    )  # fmt: skip
    assert mle.mixture(["gamma", "weibull"], shared=["scale"]).param_names == (
        "weights", "gamma.shape", "scale", "weibull.shape",
    )  # fmt: skip


def test_different_laws_in_any_unit():
    x = GAMMAS[GAMMAS > 0]
    law = mle.mixture(["gamma", "normal"])
    one, other = fit_quietly(x, law), fit_quietly(1e6 * x, law)
    assert one.certificate.verdict == "local"
    slope = np.array([1, 1, 1, 1e6, 1e6, 1e6])
    assert flat(other.params) == pytest.approx(slope * flat(one.params), rel=1e-6)
    assert other.llf == pytest.approx(one.llf - len(x) * math.log(1e6), rel=1e-10)


def test_combinators_compose():
    x = np.concatenate([COUNTS, np.zeros(80)])
    law = mle.mixture([mle.zero_inflated("poisson"), "negbin"])
    fit = fit_quietly(x, law)
    assert list(fit.params) == ["weights", "zip.pi", "zip.mu", "negbin.size", "negbin.mu"]
    assert fit.certificate.ok
    assert fit.llf >= max(mle.fit(x, "zip").llf, fit_quietly(x, "negbin").llf) - 1e-9


def test_a_mixture_of_truncated_laws():
    x = WAITING[WAITING > 50]
    fit = fit_quietly(x, mle.mixture(mle.truncated("normal", 50.0), 2))
    seen = fit_quietly(mle.Sample(x), mle.mixture("normal", 2))
    assert fit.certificate.decrement <= 1e-9
    assert fit.llf > seen.llf


def test_one_component_too_many_is_a_boundary():
    """Counts that vary less than Poisson ones have no second component."""
    x = np.repeat([2.0, 3.0, 4.0], [20, 60, 20])
    fit = fit_quietly(x, mle.mixture("poisson", 2))
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "poisson"
    assert fit.params["weights"].tolist() == [1.0, 0.0]
    assert fit.params["mu"][0] == pytest.approx(3.0)
    assert fit.distribution.family.name == "poisson"


# --- forms of data ----------------------------------------------------------------------------------------------------


def test_weights_are_repetitions():
    weight = 1.0 + np.arange(len(WAITING)) % 3
    weighted = fit_quietly(WAITING, mle.mixture("normal", 2), weights=weight)
    repeated = fit_quietly(np.repeat(WAITING, weight.astype(int)), mle.mixture("normal", 2))
    assert flat(weighted.params) == pytest.approx(flat(repeated.params), rel=1e-6)
    assert weighted.llf == pytest.approx(repeated.llf, rel=1e-12)


def test_censored_observations():
    """The maximum is one: no small change of a parameter raises the likelihood of the censored sample."""
    limit = 85.0
    sample = mle.Sample.right_censored(np.minimum(WAITING, limit), limit > WAITING)
    fit = fit_quietly(sample, mle.mixture("normal", 2))
    assert fit.certificate.verdict == "local"
    assert fit.params["mu"] == pytest.approx([54.6, 80.1], abs=1.0)

    def loglik(params):
        law = mle.Distribution(fit.family, params)
        return law.logpdf(WAITING[limit > WAITING]).sum() + np.sum(limit <= WAITING) * float(law.logsf(limit))

    assert loglik(fit.params) == pytest.approx(fit.llf, rel=1e-12)
    for name in ("mu", "sigma"):
        for k in (0, 1):
            for step in (-0.05, 0.05):
                other = dict(fit.params)
                other[name] = other[name] + step * np.eye(2)[k]
                assert loglik(other) < fit.llf


@pytest.mark.parametrize(("base", "x", "limit"), [
    ("gamma", GAMMAS, 18.0),
    ("normal", THREE[:250], 5.0),
])  # fmt: skip
def test_a_component_that_is_mostly_censored(base, x, limit):
    """Censored times pile up at one value, which must not draw a component."""
    fit = fit_quietly(mle.Sample.right_censored(np.minimum(x, limit), x < limit), mle.mixture(base, 2))
    whole = fit_quietly(x, mle.mixture(base, 2))
    assert fit.certificate.verdict == "local"
    assert fit.certificate.decrement <= 1e-9
    assert fit.params["weights"] == pytest.approx(whole.params["weights"], abs=0.05)


def test_small_dense_groups_are_found():
    """A maximum that EM from broad partitions of the data alone does not reach."""
    local = np.random.default_rng(11)
    x = np.concatenate([local.normal(0.0, 1.0, 300), local.normal(0.8, 0.04, 30), local.normal(6.0, 1.0, 12)])
    fit = fit_quietly(x, mle.mixture("normal", 3))
    assert fit.params["mu"] == pytest.approx([x[:300].mean(), x[300:330].mean(), x[330:].mean()], abs=0.1)
    assert fit.params["sigma"][1] < 0.08


def test_known_parameters():
    fit = fit_quietly(WAITING, mle.mixture("normal", 2), fixed={"weights": [0.4, 0.6]})
    assert fit.df_model == 4
    assert fit.llf < fit_quietly(WAITING, mle.mixture("normal", 2)).llf
    held = fit_quietly(WAITING, mle.mixture("normal", 2), fixed={"sigma": [5.0, 6.0]})
    assert held.certificate.verdict == "interior"


# --- the law ----------------------------------------------------------------------------------------------------------

LAWS = {
    "normal": (mle.mixture("normal", 2), {"weights": [0.3, 0.7], "mu": [0.0, 4.0], "sigma": [1.0, 2.0]}),
    "shared": (
        mle.mixture("normal", 3, shared=("sigma",)),
        {"weights": [0.2, 0.3, 0.5], "mu": [0.0, 2.0, 9.0], "sigma": 1.5},
    ),
    "poisson": (mle.mixture("poisson", 2), {"weights": [0.3, 0.7], "mu": [1.0, 6.0]}),
    "mixed": (
        mle.mixture(["gamma", "normal"]),
        {"weights": [0.3, 0.7], "gamma.shape": 2.0, "gamma.scale": 1.0, "normal.mu": 5.0, "normal.sigma": 2.0},
    ),
    "nested": (
        mle.mixture([mle.mixture("poisson", 2), mle.zero_inflated("geometric")]),
        None,
    ),
}  # fmt: skip
LAWS["nested"] = (
    LAWS["nested"][0],
    dict(zip(LAWS["nested"][0].param_names, ([0.6, 0.4], [0.5, 0.5], [2.0, 9.0], 0.3, 0.4), strict=True)),
)


@pytest.mark.parametrize("name", LAWS)
def test_the_mixture_is_a_law(name):
    family, params = LAWS[name]
    law = mle.distribution(family, **params)
    assert law.expect(np.ones_like) == pytest.approx(1.0, rel=1e-8)
    assert law.mean() == pytest.approx(law.expect(lambda x: x), rel=1e-7)
    assert law.var() == pytest.approx(law.expect(lambda x: np.square(x - law.mean())), rel=1e-7)
    p = np.array([0.001, 0.2, 0.5, 0.9, 0.999])
    x = law.ppf(p)
    if family.discrete:
        assert np.all(law.cdf(x) >= p)
        assert np.all(law.cdf(x - 1) < p)
    else:
        assert law.cdf(x) == pytest.approx(p, rel=1e-9)
        assert law.sf(law.isf(p)) == pytest.approx(p, rel=1e-9)
    assert np.exp(law.logcdf(x)) == pytest.approx(law.cdf(x))
    assert np.exp(law.logsf(x)) == pytest.approx(law.sf(x))
    drawn = law.rvs(4000, rng=1)
    assert drawn.mean() == pytest.approx(law.mean(), abs=5 * law.std() / math.sqrt(4000))


@pytest.mark.parametrize("name", LAWS)
def test_score_of_a_mixture(name):
    family, params = LAWS[name]
    theta = family.pack(params)
    x = np.array([0.0, 1.0, 4.0, 7.0]) if family.discrete else np.array([-0.5, 0.5, 3.0, 8.0])
    got = np.stack(family.score(x, *family.unpack(theta)), axis=-1)
    for k in range(len(theta)):
        h = 1e-4 * np.eye(len(theta))[k]
        at = [family.logpdf(x, *family.unpack(theta + c * h)) for c in (1, -1, 2, -2)]
        slope = (8 * (at[0] - at[1]) - (at[2] - at[3])) / 12e-4
        assert got[:, k] == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_far_from_all_components_nothing_underflows():
    law = mle.distribution(LAWS["normal"][0], **LAWS["normal"][1])
    wide = mle.distribution("normal", mu=4.0, sigma=2.0)
    assert law.logpdf(1000.0) == pytest.approx(math.log(0.7) + wide.logpdf(1000.0))
    assert law.logsf(100.0) == pytest.approx(math.log(0.7) + wide.logsf(100.0))


def test_a_saved_mixture_computes_as_before(tmp_path):
    fit = fit_quietly(WAITING, mle.mixture("normal", 2))
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert isinstance(loaded.family, Mixture)
    assert loaded.distribution.cdf(WAITING[:5]).tolist() == fit.distribution.cdf(WAITING[:5]).tolist()
    assert loaded.params["mu"].tolist() == fit.params["mu"].tolist()


@pytest.mark.parametrize(("make", "reason"), [
    (lambda: mle.mixture("normal"), "how many"),
    (lambda: mle.mixture("normal", 1), "from 2 to"),
    (lambda: mle.mixture(["normal", "gamma"], 3), "leave k out"),
    (lambda: mle.mixture(["normal", "poisson"]), "no common density"),
    (lambda: mle.mixture("normal", 2, shared=("tau",)), "shared parameter 'tau'"),
    (lambda: mle.mixture("laplace", 2), "kink"),
    (lambda: mle.mixture(mle.shifted("weibull"), 2), "begins"),
])  # fmt: skip
def test_what_cannot_be_mixed(make, reason):
    with pytest.raises(mle.errors.ParameterError, match=reason):
        make()


@pytest.mark.parametrize("law", [mle.mixture("normal", 2), mle.mixture("poisson", 2)], ids=["normal", "poisson"])
def test_equal_observations_are_refused(law):
    with pytest.raises(mle.errors.DegenerateDataError, match="1 distinct value cannot determine"):
        mle.fit(np.full(30, 4.0), law)


def test_censored_mixtures_are_searched_from_many_starts():
    """Of two local maxima of device G's lifetimes the higher is found, in any unit."""
    device = fieldcases.columns("deviceg.csv")
    failed = device["mode"] != "Suspended"
    right = fieldcases.right("deviceg-weibull-mixture")
    for unit in (1.0, 1e-6):
        sample = mle.Sample.right_censored(device["kilocycles"] * unit, failed)
        fit = fit_quietly(sample, mle.mixture("weibull", 2))
        assert fit.llf + failed.sum() * math.log(unit) == pytest.approx(right["llf"], abs=1e-8)
        assert fit.params["shape"] == pytest.approx(right["shape"], rel=1e-6)
        assert fit.certificate.verdict == "local"
        assert fit.certificate.n_starts > 1


MIXED_MASSES = {
    "scores of tails": (mle.mixture("weibull", 2), (np.array([0.3, 0.7]), np.array([1.5, 4.0]), np.array([1.0, 3.0]))),
    "no scores": (mle.mixture("loglogistic", 2), (np.array([0.4, 0.6]), np.array([2.0, 5.0]), np.array([1.0, 3.0]))),
    "counts": (mle.mixture("negbin", 2), (np.array([0.4, 0.6]), np.array([2.0, 5.0]), np.array([1.0, 6.0]))),
    "shared": (mle.mixture("normal", 2, shared=("sigma",)), (np.array([0.4, 0.6]), np.array([0.0, 4.0]), 1.3)),
    "two laws": (mle.mixture(["poisson", "geometric"]), (np.array([0.4, 0.6]), 7.0, 0.3)),
}


@pytest.mark.parametrize(("law", "params"), MIXED_MASSES.values(), ids=MIXED_MASSES)
def test_sums_over_intervals_are_those_of_the_log_probabilities_and_their_slopes(law, params):
    """By differences of the log-probabilities of the mixture itself, in every parameter and pair of them."""
    lower, upper = np.array([-np.inf, 0.0, 2.0, 5.0]), np.array([2.0, 3.0, 6.0, np.inf])
    weight = np.array([1.0, 2.0, -1.5, 3.0])
    theta = np.concatenate([np.ravel(value) for value in params])

    def total(at):
        return float(np.sum(weight * log_mass(law, law.unpack(at), lower, upper)))

    size = len(theta)
    sums = law.mass_sums(lower, upper, weight, *params)
    assert sums[0] == pytest.approx(total(theta), rel=1e-12)
    moves = 1e-3 * np.eye(size)
    slopes = [(8 * (total(theta + h) - total(theta - h)) - total(theta + 2 * h) + total(theta - 2 * h)) for h in moves]
    assert sums[1 : 1 + size] == pytest.approx(np.array(slopes) / 12e-3, rel=1e-6, abs=1e-7)
    bends = [
        (total(theta + h + g) - total(theta + h - g) - total(theta - h + g) + total(theta - h - g)) / 4e-6
        for k, h in enumerate(moves)
        for g in moves[k:]
    ]
    assert sums[1 + size :] == pytest.approx(np.array(bends), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("name", ["skew_normal", "generalized_normal", "johnson_su", "nakagami", "normal"])
def test_a_component_that_is_left_one_value_has_no_maximum(name):
    """A step of EM may give a component equal values only: their variance is 0, of which there is no log."""
    assert fitted(mle.get_family(name), mle.Sample([2.0, 2.0, 2.0])) is None


FEW = {
    "narrow on few": (
        "normal",
        [-4.5, -4.1, -3.7, -3.4, -3.1, -2.8, -2.5, -2.0, -1.9, -1.2, -0.45, -0.39, -0.11],
        None,
    ),
    "below spikes": (
        "weibull",
        [0.064, 0.096, 0.106, 0.107, 0.113, 0.12, 0.13, 0.131, 0.137, 0.29, 0.51, 0.54, 0.6, 0.62, 0.81, 1.12, 3.42],
        [1.1, 1.5, 1.7, 1.3, 0.5, 0.2, 0.3, 0.9, 1.1, 0.9, 0.8, 0.6, 0.8, 0.8, 3.6, 1.5, 2.3],
    ),
    "five rows": ("weibull", [0.35, 0.42, 0.55, 14.2, 15.1], None),
}


@pytest.mark.parametrize("unit", [1.0, 1e6])
@pytest.mark.parametrize("name", FEW)
def test_few_rows_have_a_maximum_beside_the_spikes(name, unit):
    """What stands is a maximum: the slopes are 0 there, and no step of its standard errors leads higher."""
    law, x, weight = FEW[name]
    family = mle.mixture(law, 2)
    sample = mle.Sample(np.array(x) * unit, weight, "reliability" if weight else "frequency")
    fit = fit_quietly(sample, family)
    assert fit.certificate.verdict == "local"
    assert np.isfinite(flat(fit.bse)).all()
    theta, scale = flat(fit.params), flat(fit.bse)
    counted = np.ones(len(x)) if weight is None else np.array(weight)

    def height(at):
        at = np.concatenate([[at[0], 1 - at[0]], at[2:]])
        return float(np.sum(counted * family.logpdf(sample.x, *family.unpack(at))))

    assert height(theta) == pytest.approx(fit.llf, abs=1e-8)
    for k in (0, *range(2, len(theta))):
        step = np.zeros(len(theta))
        step[k] = 0.02 * scale[k]
        assert max(height(theta + step), height(theta - step)) < fit.llf


def test_intervals_bound_the_likelihood_so_that_no_maximum_is_a_spike():
    """A narrow component on three values, far from the wide one, is right, and not refused."""
    wide = np.random.default_rng(1).normal(200.0, 40.0, 60).round()
    narrow = np.repeat([2.0, 3.0, 4.0], [10, 20, 10])
    apart = [fit_quietly(mle.Sample.rounded(x, 1.0), "normal").llf for x in (narrow, wide)]
    fit = fit_quietly(mle.Sample.rounded(np.concatenate([narrow, wide]), 1.0), mle.mixture("normal", 2))
    # At the parameters of the two fits a mixture has at least the sum of theirs, and of the logs of the weights.
    assert fit.llf == pytest.approx(sum(apart) + 40 * math.log(0.4) + 60 * math.log(0.6), abs=1e-3)
    assert fit.certificate.verdict == "interior"


@pytest.mark.parametrize("name", ["weibull", "normal"])
def test_scores_of_tails_are_the_slopes_of_their_logs(name):
    law = mle.mixture(name, 2)
    weights, one, two = np.array([0.3, 0.7]), np.array([1.5, 4.0]), np.array([1.0, 3.0])
    x, step = np.array([0.5, 2.0, 5.0]), 1e-5
    by_cdf, by_sf = law.tail_scores(x, weights, one, two)
    for k in range(2):
        up, down = one + step * np.eye(2)[k], one - step * np.eye(2)[k]
        for slope, log_of in ((by_cdf[2 + k], law.logcdf), (by_sf[2 + k], law.logsf)):
            difference = (log_of(x, weights, up, two) - log_of(x, weights, down, two)) / (2 * step)
            np.testing.assert_allclose(slope, difference, rtol=1e-6, atol=1e-9)


def test_outliers_among_censored_counts_do_not_hide_the_best_maximum():
    """A count that is impossible in doubles under both components must not end a climb, nor one in a far tail."""
    later = [203, 263, 178, 78, 28, 12, 12, 7, 13, 14, 14, 9, 6, 7, 10, 7, 1, 1, 1, 0, 0, 0, 1]  # above 0, above 1, ...
    seen = [240, 354, 215, 103, 37, 11, 12, 8, 13, 19, 17, 9, 8, 12, 5, 3, 4, 3]
    outliers = [33, 43, 53, 115, 161]
    lower = np.concatenate([np.arange(len(later)), np.arange(len(seen)), outliers]).astype(float)
    upper = np.concatenate([np.full(len(later), np.inf), lower[len(later) :]])
    weight = np.concatenate([later, seen, np.ones(5)]).astype(float)
    kept = weight > 0
    lower, upper, weight = lower[kept], upper[kept], weight[kept]
    fit = mle.fit(mle.Sample.intervals(lower, upper, weight), mle.mixture("poisson", 2))

    def loglik(share, one, two):
        laws = [stats.poisson(mu) for mu in (one, two)]
        logs = [np.where(np.isinf(upper), law.logsf(lower), law.logpmf(lower)) for law in laws]
        return float(np.sum(weight * np.logaddexp(np.log(share) + logs[0], np.log1p(-share) + logs[1])))

    assert fit.llf >= loglik(0.68, 1.77, 15.2)
    assert fit.llf == pytest.approx(loglik(fit.params["weights"][0], *fit.params["mu"]), abs=1e-8)


@pytest.mark.parametrize(
    ("sample", "better"),
    [
        (mle.Sample([0.0659, 2.849], [7.0, 2.0]), (0.238, 2.667, 0.0659)),
        (mle.Sample.right_censored([0.01, 0.01, 0.71, 0.28, 0.01, 0.28], [0, 0, 1, 0, 1, 1]), (0.16, 0.0119, 0.588)),
    ],
    ids=["two values", "one early event"],
)
def test_what_cannot_concentrate_on_an_observation_needs_no_more_values_than_components(sample, better):
    """An exponential density has a bound at every positive value, so that a component on few values is no spike."""
    fit = mle.fit(sample, mle.mixture("exponential", 2))
    weight, one, two = better
    laws = [stats.expon(scale=scale) for scale in (one, two)]
    rows = [np.where(np.isinf(sample.upper), law.logsf(sample.lower), law.logpdf(sample.lower)) for law in laws]
    count = 1.0 if sample.weight is None else sample.weight
    height = np.sum(count * np.logaddexp(np.log(weight) + rows[0], np.log1p(-weight) + rows[1]))
    assert fit.llf >= height
    assert fit.certificate.verdict == "interior"


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_beside_a_supremum_at_the_end_of_the_support_the_maximum_in_the_interior_is_local(unit):
    """A component that shrinks to 0 explains rows that reach down to 0, better than any law of two scales."""
    rng = np.random.default_rng(5)
    x = unit * np.where(rng.random(80) < 0.3, rng.exponential(0.15, 80), rng.exponential(1.3, 80))
    seen = rng.random(80) < 0.5

    def loglik(weight, first, second):
        law = [stats.expon(scale=first), stats.expon(scale=second)]
        share = [weight, 1 - weight]
        density = sum(w * c.pdf(x) for w, c in zip(share, law, strict=True))
        mass = sum(w * c.cdf(x) for w, c in zip(share, law, strict=True))
        return float(np.sum(np.log(np.where(seen, density, mass))))

    fit = fit_quietly(mle.Sample.left_censored(x, seen), mle.mixture("exponential", 2))
    at = np.array([fit.params["weights"][0], *fit.params["scale"]])
    assert fit.certificate.verdict == "local"
    assert "only approaches its supremum" in fit.certificate.message
    assert fit.llf == pytest.approx(loglik(*at), rel=1e-8)
    for k in range(3):  # a summit by each parameter
        for factor in (0.99, 1.01):
            assert loglik(*(at * np.where(np.arange(3) == k, factor, 1.0))) < fit.llf
    assert loglik(0.16244729, 1e-7 * unit, 0.77151553 * unit) > fit.llf + 5.0


FEW_TOGETHER = np.repeat(
    np.r_[29.0, 33:38, 40, 42, 45:48, 49:52, 53, 54, 56:92, 94:97, 98, 99, 101, 103, 105:109, 111:114, 132, 135],
    [*map(int, "21111211142312242364242321246322524451511441213331431114211211112111")],
)


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_a_component_of_a_small_weight_beside_one_law_is_found_in_few_intervals(unit):
    """2.4e-4 nats lower one exponential law was reported, as a maximum at the boundary. By Nelder-Mead."""
    cells, width = np.array([4.0, 5.0, 14.0, 48.0]), 0.02033318294379477
    x, counts = cells * width, np.array([1.0, 1.0, 1.0, 2.0])

    def loss(at):
        mass = [np.exp(-x / s) - np.exp(-(x + width) / s) for s in np.exp(at[1:])]
        share = 1 / (1 + np.exp(-at[0]))
        return -np.sum(counts * np.log(share * mass[0] + (1 - share) * mass[1]))

    best = optimize.minimize(loss, [-4.0, -2.0, -0.7], method="Nelder-Mead", options={"fatol": 1e-12, "xatol": 1e-7})
    fit = fit_quietly(mle.Sample.intervals(unit * x, unit * (x + width), counts), "mixture(exponential, 2)")
    assert fit.llf >= -best.fun - 1e-9
    assert fit.certificate.verdict == "interior"
    assert fit.params["weights"].min() == pytest.approx(0.0159340, rel=1e-4)


def test_a_few_rows_apart_in_intervals_are_seen():
    """Two of 156, beyond all others: a maximum 1.2 nats lower was certified as the best."""
    fit = fit_quietly(mle.Sample.intervals(FEW_TOGETHER, FEW_TOGETHER + 1.0), mle.mixture("normal", 2))
    laws = [stats.norm(*at) for at in zip(fit.params["mu"], fit.params["sigma"], strict=True)]
    masses = [law.cdf(FEW_TOGETHER + 1.0) - law.cdf(FEW_TOGETHER) for law in laws]
    assert fit.certificate.ok
    assert fit.llf == pytest.approx(float(np.sum(np.log(fit.params["weights"] @ masses))), rel=1e-9)
    assert fit.llf >= -684.3944519898


def test_a_group_of_a_few_rows_among_censored_ones_is_seen():
    """Four of 13 exact values, and 14 below all but one of them: the best maximum was 0.06 nats higher."""
    x = np.array([-8.55427388, 3.8696586, 6.74201837, 13.43141393, 15.54127356, 19.19279695, 21.93659426, 29.70555872])
    x = np.concatenate(
        [x, [57.26814622, 63.55603779, 66.35133474, 79.94520969, 103.23043887], np.full(14, -23.26990054)]
    )
    fit = fit_quietly(mle.Sample.left_censored(x, x > -23), mle.mixture("normal", 2))
    laws = [stats.norm(*at) for at in zip(fit.params["mu"], fit.params["sigma"], strict=True)]
    rows = [np.where(x > -23, law.pdf(x), law.cdf(x)) for law in laws]
    assert fit.certificate.verdict == "local"
    assert fit.llf == pytest.approx(float(np.sum(np.log(fit.params["weights"] @ rows))), rel=1e-10)
    assert fit.llf >= -81.5833133


def test_beside_a_component_between_ends_of_intervals_the_maximum_in_the_interior_is_local():
    """Narrow about 25, it has the shares of two intervals alone: a supremum that was said to leave no maximum."""
    lower = np.array([8.0, 11.0, *range(13, 41), 42.0, 44.0])
    counts = [1, 1, 1, 1, 1, 2, 2, 1, 3, 2, 3, 2, 4, 3, 3, 7, 4, 4, 3, 4, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 1]

    def loglik(weight, first, second, narrow, wide):
        laws, shares = [stats.norm(first, narrow), stats.norm(second, wide)], [weight, 1 - weight]
        mass = sum(w * (law.cdf(lower + 1) - law.cdf(lower)) for w, law in zip(shares, laws, strict=True))
        return float(np.sum(counts * np.log(mass)))

    fit = fit_quietly(mle.Sample.intervals(lower, lower + 1, counts), mle.mixture("normal", 2))
    at = np.array([fit.params["weights"][0], *fit.params["mu"], *fit.params["sigma"]])
    assert fit.certificate.verdict == "local"
    assert "between neighbouring ends of intervals" in fit.certificate.message
    assert fit.llf == pytest.approx(loglik(*at), rel=1e-10)
    for k in range(5):  # a summit by each parameter
        for factor in (0.99, 1.01):
            assert loglik(*(at * np.where(np.arange(5) == k, factor, 1.0))) < fit.llf


@pytest.mark.parametrize(
    ("component", "counts"),
    [("poisson", [144, 94, 36, 9]), ("negbin", [144, 94, 36, 9]), ("poisson", [100, 30, 30, 10, 3])],
)
def test_a_component_of_zeros_alone_is_a_limit(component, counts):
    """A maximum 0.02 nats below that of additional zeros was certified, or none was said to be there."""
    fit = fit_quietly(mle.Sample.table(np.arange(len(counts)), counts), mle.mixture(component, 2))
    pi, mu = fit.params["weights"][0], fit.params["mu"][1]
    mass = (1 - pi) * stats.poisson.pmf(np.arange(len(counts)), mu) + pi * (np.arange(len(counts)) == 0)
    assert fit.certificate.verdict == "boundary"
    assert fit.params["mu"][0] == 0
    assert fit.llf == pytest.approx(float(np.sum(counts * np.log(mass))), rel=1e-12)
    mean = float(np.average(np.arange(len(counts)), weights=counts))  # of zip: (1 - pi) mu is the mean, and the share
    assert (1 - pi) * mu == pytest.approx(mean, rel=1e-9)  # of the zeros that of the data
    assert mass[0] == pytest.approx(counts[0] / sum(counts), rel=1e-9)


def test_a_component_at_the_last_count_of_a_window_is_a_limit():
    """Of a mean that grows, with its weight, only the last count is seen: said not converged, 0.007 nats below."""
    x = np.repeat([4.0, 5.0, 6.0, 7.0], [4, 5, 2, 3])
    fit = fit_quietly(mle.Sample(x).truncated(3.0, 7.28), mle.mixture("poisson", 2))
    law = stats.poisson(fit.params["mu"][0]).pmf(np.arange(4, 8)) / np.diff(
        stats.poisson(fit.params["mu"][0]).cdf([3, 7])
    )
    heights = [
        4 * np.log(q * law[0]) + 5 * np.log(q * law[1]) + 2 * np.log(q * law[2]) + 3 * np.log(q * law[3] + 1 - q)
        for q in np.linspace(0.5, 0.99999, 2001)
    ]
    assert fit.certificate.verdict == "boundary"
    assert fit.params["mu"][1] == np.inf
    assert fit.llf == pytest.approx(max(heights), abs=1e-5)


def test_counts_that_a_component_far_out_explains_best_have_no_maximum():
    """Its mean runs off, beyond all right-censored rows: no maximum that is far below is taken for it."""
    low = [-np.inf, -np.inf, -np.inf, -1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 7.0, 46.0]
    high = [0.0, 1.0, 2.0, 0.0, 0.0, 1.0, np.inf, 2.0, np.inf, 8.0, np.inf]
    sample = mle.Sample.intervals(low, high, [11, 3, 1, 7, 3, 4, 3, 1, 3, 2, 3])
    fit = fit_quietly(sample, mle.mixture("poisson", 2))
    assert fit.certificate.verdict == "not_identified"
    near, far = stats.poisson(0.8893832), stats.poisson(300.0)
    low, high = sample.lower - (sample.lower == sample.upper), sample.upper
    mass = 0.88736453 * (near.cdf(high) - near.cdf(low)) + 0.11263547 * (far.cdf(high) - far.cdf(low))
    assert fit.llf == pytest.approx(float(sample.weight @ np.log(mass)), abs=1e-3)


def test_an_observation_may_be_at_the_end_of_the_support():
    """It is the first edge of the grid, with no cell below."""
    x = np.concatenate([[0.0], np.geomspace(0.01, 0.4, 20), np.geomspace(0.5, 6.0, 20)])
    entry = np.where(np.arange(41) % 3 == 0, -np.inf, 0.3 * x - 0.001)
    law = mle.mixture("exponential", 2)
    fit = fit_quietly(mle.Sample(x).truncated(lower=entry), law)
    near = fit_quietly(mle.Sample(np.maximum(x, 1e-9)).truncated(lower=entry), law)
    assert fit.llf == pytest.approx(near.llf, abs=1e-6)
    assert fit.certificate.verdict == "local"  # a component that shrinks onto the 0 has no bound


def test_a_zero_among_exact_observations_leaves_a_mixture_of_exponentials_without_a_bound():
    """One component may shrink onto it; without it there is a bound, and the maximum is in the interior."""
    x = np.concatenate([np.linspace(0.05, 0.3, 30), np.linspace(2.0, 9.0, 30)])
    law = mle.mixture("exponential", 2)
    assert fit_quietly(x, law).certificate.verdict == "interior"
    fit = fit_quietly(np.append(x, 0.0), law)
    assert fit.certificate.verdict == "local"
    heights = [
        float(np.sum(np.log(0.05 * np.exp(-np.append(x, 0.0) / s) / s + 0.95 * np.exp(-np.append(x, 0.0) / 2.0) / 2.0)))
        for s in (1e-100, 1e-200)
    ]
    assert heights[1] - heights[0] == pytest.approx(100 * np.log(10.0), rel=1e-9)


@pytest.mark.parametrize("as_rows", [False, True])
def test_a_component_on_few_values_that_were_seen_often_is_no_spike(as_rows):
    """Half of rounded data are on four values near each other: the fit was 32 nats below the maximum (300298)."""
    values = np.array([1.0, 1.5, 2.5, 6.5, 7.0, 8.0, 9.0, 10.5, 11.5, 12.5])
    counts = np.array([13, 16, 6, 2, 7, 4, 3, 3, 3, 8])
    sample = mle.Sample(np.repeat(values, counts)) if as_rows else mle.Sample(values, counts)
    fit = fit_quietly(sample, mle.mixture("weibull", 2))
    assert fit.certificate.verdict == "local"
    near = 0.537 * stats.weibull_min.pdf(values, 3.03, scale=1.66)
    far = 0.463 * stats.weibull_min.pdf(values, 4.70, scale=10.46)
    assert fit.llf >= float(counts @ np.log(near + far))
    assert fit.llf == pytest.approx(-138.0021143, abs=1e-5)


# --- components at a limit of their own -------------------------------------------------------------------------------


def test_a_component_of_a_mixture_of_one_law_may_be_at_its_limit():
    """A negative binomial component without more variance than a Poisson law was said to be not identified."""
    rng = np.random.default_rng(1)
    x = np.r_[np.zeros(60), rng.poisson(2, 100), rng.poisson(9, 80)]
    fit = fit_quietly(x, "mixture(negbin, 2)")

    def loglik(u):  # of a negative binomial law and a Poisson law
        weight, size, low, high = 1 / (1 + np.exp(-u[0])), *np.exp(u[1:])
        p = weight * stats.nbinom.pmf(x, size, size / (size + low)) + (1 - weight) * stats.poisson.pmf(x, high)
        return np.sum(np.log(p))

    at = [0.97, -0.32, 0.51, 2.29]
    best = optimize.minimize(lambda u: -loglik(u), at, method="Nelder-Mead", options={"fatol": 1e-10, "xatol": 1e-6})
    assert fit.certificate.limit == "mixture of poisson and negbin"
    assert fit.params["size"][1] == np.inf
    assert fit.llf == pytest.approx(-best.fun, abs=1e-8)


def test_intervals_deep_in_the_tail_of_one_component_keep_their_digits():
    """Of the whole mixture either tail is large there, and the difference of its two values lost four digits."""
    law = mle.mixture("poisson", 2)
    lower, upper = np.array([67.0, 67.0, -1.0]), np.array([68.0, 70.0, 60.0])
    mu, weights = (mp.mpf(0.75), mp.mpf(140)), (mp.mpf(0.875), mp.mpf(0.125))

    def log_mass_of(first, last):
        pmf = [
            w * sum(mp.exp(k * mp.log(m) - m) / mp.factorial(k) for k in range(first, last + 1))
            for w, m in zip(weights, mu, strict=True)
        ]
        return float(mp.log(sum(pmf)))

    with mp.workdps(40):
        expected = [log_mass_of(68, 68), log_mass_of(68, 70), log_mass_of(0, 60)]
    odds = float(mp.log(weights[1] / weights[0]))
    for family, params in (
        (law, (np.array([0.875, 0.125]), np.array([0.75, 140.0]))),
        (by_row(law), (odds, 0.75, 140.0)),
    ):
        assert log_mass(family, params, lower, upper) == pytest.approx(expected, rel=1e-13)
        assert family.log_mass_scores is not None
        slopes = mass_scores(family, params, lower, upper)
        step = 1e-4
        ends = []
        for sign in (1, -1):
            last = np.atleast_1d(np.array(params[-1]))  # the larger mean is the last number of the last parameter
            last[-1] += sign * step
            ends.append(log_mass(family, (*params[:-1], last if family is law else last[0]), lower, upper))
        assert slopes[-1] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_a_component_of_the_least_value_alone_is_found(unit):
    """Two small values were put together, 3 nats below: to quantiles they are alike, whatever lies between them."""
    x = np.append(-2 * np.log(1 - (np.arange(100) + 0.5) / 100), [1e-6, 1e-3])
    fit = mle.fit(unit * x, mle.mixture("exponential", 2))
    ours = np.log(0.0098 * np.exp(-x / 1e-6) / 1e-6 + 0.9902 * np.exp(-x / 1.97335) / 1.97335)
    assert fit.llf + len(x) * np.log(unit) == pytest.approx(np.sum(ours), abs=1e-5)
    assert np.min(fit.params["scale"]) == pytest.approx(1e-6 * unit, rel=1e-4)


def test_counts_of_which_a_window_shows_zeros_only_say_nothing_of_a_mixture():
    """A limit is zero-inflated certainty: a law without parameters, beside which pi is the one to model."""
    sample = mle.Sample(np.zeros(22)).truncated(-1.0, 0.0)
    fit = fit_quietly(sample, mle.mixture("poisson", 2))
    assert not fit.certificate.ok
    assert fit.llf == pytest.approx(0.0, abs=1e-12)


def test_counts_at_the_end_of_their_window_run_off_without_an_error_of_numpy():
    """Two means run off, of which each is compared with its own limit; here an error said "truth value"."""
    sample = mle.Sample(np.full(22, 3.0)).truncated(0.0, 3.0)
    try:
        said = fit_quietly(sample, mle.mixture("poisson", 2)).certificate.message
    except MleError as error:
        said = str(error)
    assert "truth value" not in said


def test_a_trace_of_small_counts_is_found_in_intervals():
    """One count in 145 is below 2: a share of 0.0004 brings 0.0014 nats. The value is in 50 digits."""
    lower = np.array([0.0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10])
    upper = np.array([2.0, 4, np.inf, 6, np.inf, 8, np.inf, 10, np.inf, 12, np.inf])
    sample = mle.Sample.intervals(lower, upper, np.array([1.0, 1, 3, 9, 1, 24, 4, 58, 10, 27, 7]))
    fit = fit_quietly(sample, mle.mixture("poisson", 2))
    assert fit.llf == pytest.approx(-200.43999751324336, abs=1e-8)
    assert fit.params["weights"].min() == pytest.approx(3.932753e-4, rel=1e-5)


def test_a_component_that_falls_steeply_within_the_first_interval_is_found():
    """A supremum 0.2 nats lower was reported, to which a component narrows between ends: half the first bin is steep.

    The value is that of a search with other densities.
    """
    counts = np.array([40.0, 6, 4, 6, 2, 4, 1, 4, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1])
    fit = mle.fit(mle.Sample.binned(counts, np.arange(20.0)), mle.mixture("weibull", 2))
    assert fit.certificate.verdict is Verdict.INTERIOR
    assert fit.llf == pytest.approx(-122.13404071105, abs=1e-8)


def test_a_small_component_beside_one_law_is_found_where_entries_hide_most_of_it():
    """A maximum 0.5 nats lower was certified: the steps of EM are slow where most is hidden before the entries."""
    rng = np.random.default_rng(2)
    x = np.append(rng.exponential(0.03, 4), rng.exponential(0.75, 56))
    entry = np.maximum(x - rng.exponential(0.3, 60), 0.0)
    weights, scales = np.array([[0.10380567], [0.89619433]]), np.array([[0.00978413], [0.199756]])
    seen = np.log(np.sum(weights / scales * np.exp(-x / scales), axis=0))
    seen -= np.log(np.sum(weights * np.exp(-entry / scales), axis=0))
    fit = mle.fit(mle.Sample(x).truncated(lower=entry), mle.mixture("exponential", 2))
    assert fit.llf == pytest.approx(np.sum(seen), abs=1e-8)


NARROW = [7.9e-3, 7.936e-3, 8.174e-3, 8.44e-3, 8.458e-3, 8.767e-3, 8.472, 1.195e9, 3.334e25, 3.329e40]
BELOW = [1.873e-19, 7.936e-3, 7.997e-3, 8.174e-3, 8.174e-3, 8.44e-3, 8.684e-3, 8.767e-3, 8.819e-3]
BELOW += [1.195e9, 3.121e25, 3.334e25, 3.334e25, 3.329e40]
FEW_OF_WEIBULL = {
    "a saddle is not all there is": (
        mle.Sample(
            np.array([0.15400939, 0.23042083, 0.27957833, 0.28322154, 0.56879294, 1.11002397]),
            np.array([1.61631505, 0.40349216, 0.06930219, 0.44477157, 0.55888831, 3.70483868]),
            "reliability",
        ),
        1.6974214213,
    ),
    "narrow beside the width of the data, and wide beside its own place": (
        mle.Sample.left_censored(np.array(NARROW + BELOW), np.arange(24) < len(NARROW)),
        -171.3150835776,
    ),
}


@pytest.mark.parametrize(("sample", "llf"), FEW_OF_WEIBULL.values(), ids=FEW_OF_WEIBULL)
def test_few_rows_of_weibull_laws_have_a_maximum_beside_the_spikes(sample, llf):
    """Both were refused: all that was looked at were laws alone, or taken for spikes. Values of a simplex search."""
    with pytest.warns(mle.FitWarning, match="a good local maximum"):
        fit = mle.fit(sample, mle.mixture("weibull", 2))
    assert fit.llf == pytest.approx(llf, abs=1e-6)


ENTERED = [-2.9337, -2.8516, -2.5232, -2.5177, -2.3644, -2.2663, -1.8079, -1.7735, -1.3647, 0.4515, 0.5145, 0.5415]
ENTERED += [0.5611, 0.837, 107.2708]
ENTRIES = [-81.751, -44.168, -34.081, -29.845, -25.362, -22.062, -9.073, -8.672, -6.649, -6.047, -5.365, -3.191, -2.417]
ENTRIES += [-0.266, 101.704]
LATE = [0.0676, 0.1659, 0.428, 0.6419, 0.7085, 0.9258, 1.0262, 1.4752, 2.4287, 2.5626, 3.4648, 3.8952, 5.1436]
LATE_ENTRIES = [0.0] * 6 + [0.7741, 1.2856, 2.3664, 1.7271, 3.4113, 3.8504, 4.6939]
OF_RUNS = {
    "two of six values": ("normal", mle.Sample([-2.1963, -1.8761, -1.1989, -1.0561, -0.0027, 7.0254]), -13.3554872913),
    "two of five values": ("weibull", mle.Sample([98342.0, 116505.0, 138016.0, 144159.0, 454933.0]), -61.7638863879),
    "below a component that runs off": ("normal", mle.Sample(ENTERED).truncated(lower=ENTRIES), -33.1832294469),
    "a share of 0.009 before entries": ("weibull", mle.Sample(LATE).truncated(lower=LATE_ENTRIES), 2.3937358665),
}


@pytest.mark.parametrize(("law", "sample", "llf"), OF_RUNS.values(), ids=OF_RUNS)
def test_few_rows_have_a_maximum_with_a_component_on_a_run_of_values(law, sample, llf):
    """Three were refused, as spikes or as not identified, and one ended 0.25 nats lower. Values of a simplex search."""
    with pytest.warns(mle.FitWarning, match="a good local maximum"):
        fit = mle.fit(sample, mle.mixture(law, 2))
    assert fit.llf == pytest.approx(llf, abs=1e-6)


def test_too_few_values_in_a_window_are_refused_at_once_unless_parameters_are_known():
    """A search of 8 seconds said it; with shapes that are known three values have a maximum in their window."""
    sample = mle.Sample([0.3, 0.7, 1.9]).truncated(0.1, 4.0)
    with pytest.raises(MleError, match="3 distinct values cannot determine a mixture"):
        mle.fit(sample, mle.mixture("weibull", 2))
    assert mle.fit(sample, mle.mixture("normal", 2), fixed={"sigma": [0.4, 0.4]}).llf > -10


def test_a_component_below_a_window_may_show_its_first_count_alone():
    """Few more 9s than a Poisson law beyond 8 has: of the other component, below, no more than a trace is seen.

    By the probabilities of a Poisson law between 9 and 18, with a share more of 9.
    """
    counts, rows = np.arange(9, 19), np.array([38.0, 53.0, 85.0, 89.0, 126.0, 140.0, 150.0, 142.0, 136.0, 106.0])
    fit = fit_quietly(mle.Sample(counts, rows).truncated(8, 18), mle.mixture("poisson", 2))

    def nll(u):
        p = stats.poisson.pmf(counts, np.exp(u[0]))
        shares = (1 - special.expit(u[1])) * p / p.sum() + special.expit(u[1]) * (counts == 9)
        return -float(rows @ np.log(shares))

    best = optimize.minimize(nll, [2.7, -6.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12}).fun
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "mixture of poisson and a point mass at 9"
    assert fit.llf == pytest.approx(-best, abs=1e-7)


@pytest.mark.parametrize("unit", [1.0, 1e4])
def test_a_component_that_may_narrow_in_a_heavy_cell_is_told(unit):
    """Whole numbers in narrow cells: nearly half of them in the first, where one component comes 272 nats higher."""
    cells = [0, 6, 12, 18, 24, 31, 37, 43, 49, 55, 74, 93, 99, 123, 272]
    rows = [184, 90, 45, 25, 19, 12, 10, 7, 4, 2, 2, 1, 1, 1, 1]
    step = 0.16154375436
    lower = 0.96926252566 + step * np.array(cells)
    fit = fit_quietly(mle.Sample.intervals(unit * lower, unit * (lower + step), rows), mle.mixture("weibull", 2))
    assert fit.certificate.verdict == "local"
    assert "between neighbouring ends of intervals" in fit.certificate.message
    assert fit.llf == pytest.approx(-1450.763091, abs=1e-3)


def test_a_component_beyond_all_censored_rows_is_looked_for():
    """Of counts that end before 5, or are seen to be more, some are far more: the supremum is as those run off."""
    counts = np.repeat([1.0, 2.0, 3.0, 4.0], [6, 17, 28, 26])
    sample = mle.Sample.intervals(np.append(counts, np.full(97, 4.66)), np.append(counts, np.full(97, np.inf)))
    fit = fit_quietly(sample, mle.mixture("poisson", 2))

    def short(v):
        share = special.expit(v[0])
        law = stats.poisson(np.exp(v[1]))
        rows = np.log(1 - share) + law.logpmf(counts)
        return -np.sum(rows) - 97 * np.log(share + (1 - share) * law.sf(4))

    best = optimize.minimize(short, [-2.0, 1.6], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
    assert fit.llf == pytest.approx(-best.fun, abs=1e-6)
    assert not fit.certificate.ok
    assert fit.llf > mle.fit(sample, "poisson").llf + 0.06
