"""Laws of vectors: reference values, what must hold for every one of them, and what each refuses."""

import csv
import json
import math
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from references import HERE, fit_quietly, flat

import mle_toolkit as mle
from mle_toolkit.errors import DataError, DegenerateDataError, ParameterError, SupportError, WeightError
from mle_toolkit.families.domain import PositiveDefinite, Space, Stack, Vector
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.information.neighbours import neighbour_entropy
from mle_toolkit.likelihood.coordinates import Coordinates
from mle_toolkit.likelihood.sums import Likelihood

MEAN = np.array([1.0, -2.0, 0.5])
COV = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.5]])

LAWS = {
    "multivariate_normal": mle.distribution("multivariate_normal", mean=MEAN, cov=COV),
    "multivariate_t": mle.distribution("multivariate_t", df=5.0, mean=MEAN, shape=COV),
    "dirichlet": mle.distribution("dirichlet", alpha=[0.8, 3.0, 6.0]),
    "multinomial": mle.distribution("multinomial", n=12, probs=[0.2, 0.3, 0.5]),
}
every_law = pytest.mark.parametrize("name", LAWS)
affine = pytest.mark.parametrize("name", ["multivariate_normal", "multivariate_t"])
seeds = st.integers(0, 2**32 - 1)


def draw(name, size=300, seed=20_240_101):
    return LAWS[name].rvs(size, rng=seed)


# --- reference cases --------------------------------------------------------------------------------------------------


def known(name):
    cases = json.loads((HERE / "cases_dev.json").read_text(encoding="utf-8"))["cases"]
    entry = next(case for case in cases if case["id"] == name)
    path = HERE / (entry["prepared"]["file"] if entry.get("prepared") else entry["file"])
    with path.open(newline="", encoding="utf-8") as file:
        rows = np.array([[float(value) for value in row.values()] for row in csv.DictReader(file)])
    return rows, entry["expected"]


def in_reference_names(name, params):
    """Numbers by the names of the reference."""
    if name == "dirichlet_skye":
        return {f"a{k + 1}": value for k, value in enumerate(params["alpha"])}
    if name == "mvn_iris_setosa":
        return dict(params)
    mean, shape = params["mean"], params["shape"]
    return {
        "df": params["df"],
        "mu1": mean[0],
        "mu2": mean[1],
        "S11": shape[0, 0],
        "S12": shape[0, 1],
        "S22": shape[1, 1],
    }


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("mvn_iris_setosa", "multivariate_normal"),
        ("dirichlet_skye", "dirichlet"),
        ("mvt_eustock", "multivariate_t"),
    ],
)
def test_reference_case(name, family):
    x, expected = known(name)
    fit = mle.fit(x, family)
    params, errors = in_reference_names(name, fit.params), in_reference_names(name, fit.bse)
    assert list(params) == list(expected["params"])
    for key, value in expected["params"].items():
        se = np.array(expected["se"][key])
        assert np.all(np.abs(params[key] - np.array(value)) <= 1e-5 * se), key
        assert errors[key] == pytest.approx(se, rel=1e-5)
    scale = max(1.0, abs(expected["loglik"]))
    assert abs(fit.llf - expected["loglik"]) <= 1e-8 * scale
    assert abs(fit.aic - expected["aic"]) <= 2e-8 * scale
    assert abs(fit.bic - expected["bic"]) <= 2e-8 * scale
    assert fit.cross_entropy == pytest.approx(expected["cross_entropy_nats"], rel=1e-8)
    assert fit.information("bit").cross_entropy.value == pytest.approx(expected["cross_entropy_bits"], rel=1e-8)
    assert fit.certificate.verdict == "interior"
    assert fit.certificate.score_se < 1e-4
    assert fit.certificate.decrement < 1e-9


# --- what holds for every law -----------------------------------------------------------------------------------------


@every_law
def test_density_agrees_with_scipy(name):
    law, x = LAWS[name], draw(name, 20)
    reference = law.to_scipy()
    log_density = (
        np.array([reference.logpdf(row) for row in x])
        if name == "dirichlet"
        else (reference.logpmf(x) if name == "multinomial" else reference.logpdf(x))
    )
    assert law.logpdf(x) == pytest.approx(log_density, rel=1e-11)
    assert law.logpdf(x[0]) == pytest.approx(log_density[0], rel=1e-11)
    assert law.pdf(x) == pytest.approx(np.exp(log_density), rel=1e-11)


@pytest.mark.parametrize("name", ["multivariate_normal", "multivariate_t", "dirichlet"])
def test_entropy_agrees_with_scipy(name):
    assert LAWS[name].entropy() == pytest.approx(float(np.squeeze(LAWS[name].to_scipy().entropy())), abs=1e-9)


@every_law
def test_random_numbers_have_the_moments(name):
    """Means and covariances of 20 000 draws, to five standard errors."""
    law = LAWS[name]
    x = law.rvs(20_000, rng=5)
    se = law.std() / math.sqrt(len(x))
    assert np.all(np.abs(x.mean(axis=0) - law.mean()) < 5 * se)
    spread = np.outer(law.std(), law.std())
    assert np.all(np.abs(np.cov(x.T) - law.cov()) < 5 * spread * math.sqrt(8 / len(x)))
    assert law.var() == pytest.approx(np.diag(law.cov()))
    assert np.array_equal(law.rvs(4, rng=1), law.rvs(4, rng=1))
    assert law.rvs((2, 5), rng=1).shape == (2, 5, 3)


@every_law
def test_score_is_the_slope_of_the_density(name):
    law = LAWS[name]
    x, theta = draw(name, 5), law.family.pack(law.params)
    score = np.stack([np.broadcast_to(s, len(x)) for s in law.family.score(x, *law.params.values())], axis=1)
    for k in range(len(theta)):
        step = np.zeros(len(theta))
        step[k] = 1e-5
        index = list(law.family.coefficient_names)[k]
        if "," in index:  # of a symmetric matrix both entries move, or it is none
            matrix, i, j = re.fullmatch(r"(\w+)\[(\d),(\d)\]", index).groups()
            step[list(law.family.coefficient_names).index(f"{matrix}[{j},{i}]")] = 1e-5
        up, down = (law.family.logpdf(x, *law.family.unpack(theta + s)) for s in (step, -step))
        expected = score @ (step / 1e-5)
        assert (up - down) / 2e-5 == pytest.approx(expected, rel=1e-5, abs=1e-6), index


@every_law
def test_sums_of_the_score_are_those_of_its_rows(name):
    law, x = LAWS[name], draw(name)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(x))
    for w in (None, weight):
        likelihood = Likelihood(law.family, mle.Sample.rows(x, w))
        theta = likelihood.unit.params_to_unit(law.family, law.family.pack(law.params))
        rows = likelihood.score_rows(theta)
        counts = np.ones(len(x)) if w is None else w
        assert likelihood.mean_score(theta) == pytest.approx(counts @ rows / counts.sum(), rel=1e-9, abs=1e-10)
        assert likelihood.mean_loglik(theta) == pytest.approx(counts @ likelihood.rows(theta) / counts.sum(), rel=1e-12)


@every_law
@given(seed=seeds)
def test_the_fit_beats_the_truth_on_its_own_sample(name, seed):
    x = draw(name, 120, seed)
    law = LAWS[name]
    fit = fit_quietly(x, law.family)
    assert fit.llf >= float(np.sum(law.logpdf(x))) - 1e-7 * len(x)
    assert fit.certificate.ok


@every_law
def test_the_estimate_is_near_the_truth(name):
    law = LAWS[name]
    x = law.rvs(4_000, rng=11)
    fit = mle.fit(x, name)
    assert fit.certificate.verdict == "interior"
    away = (flat(fit.params) - np.concatenate([np.ravel(v) for v in law.params.values()])) / flat(fit.bse)
    assert np.max(np.abs(away)) < 4
    assert fit.llf == pytest.approx(float(np.sum(fit.distribution.logpdf(x))), rel=1e-11)
    assert fit.llf == pytest.approx(float(np.sum(fit.logpdf_rows())), rel=1e-11)
    assert np.sqrt(np.diag(fit.cov_params())) == pytest.approx(flat(fit.bse))
    assert np.sqrt(np.diag(fit.cov_params("sandwich"))) == pytest.approx(flat(fit.bse), rel=0.2)
    assert np.sqrt(np.diag(fit.cov_params("opg"))) == pytest.approx(flat(fit.bse), rel=0.2)


@every_law
def test_weights_equal_repetition(name):
    x = draw(name, 60)
    weight = np.random.default_rng(2).integers(0, 4, 60)
    weighted, repeated = mle.fit(x, name, weights=weight), mle.fit(np.repeat(x, weight, axis=0), name)
    se = flat(repeated.bse)
    assert np.all(np.abs(flat(weighted.params) - flat(repeated.params)) <= 1e-6 * se)
    assert weighted.llf == pytest.approx(repeated.llf, rel=1e-12)
    assert weighted.nobs == repeated.nobs
    assert flat(weighted.bse) == pytest.approx(se, rel=1e-6)


@every_law
def test_reliability_weights_give_sandwich_errors(name):
    x = draw(name, 200)
    weight = np.random.default_rng(2).uniform(0.2, 1.0, 200)
    fit = mle.fit(mle.Sample.rows(x, weight, "reliability"), name)
    tenfold = mle.fit(mle.Sample.rows(x, 10 * weight, "reliability"), name)
    assert flat(fit.bse) == pytest.approx(flat(tenfold.bse), rel=1e-5)
    assert math.isnan(fit.aic)


@every_law
def test_order_of_rows_does_not_matter(name):
    x = draw(name, 100)
    first, second = mle.fit(x, name), mle.fit(x[::-1], name)
    assert np.all(np.abs(flat(first.params) - flat(second.params)) <= 1e-6 * flat(first.bse))


@every_law
def test_columns_permute_with_the_data(name):
    order = [2, 0, 1]
    x = draw(name, 150)
    first, second = mle.fit(x, name), mle.fit(x[:, order], name)
    assert first.llf == pytest.approx(second.llf, rel=1e-11)
    for parameter, value in first.params.items():
        moved = value if np.ndim(value) == 0 else value[order] if np.ndim(value) == 1 else value[np.ix_(order, order)]
        assert second.params[parameter] == pytest.approx(moved, rel=1e-6)


@every_law
@pytest.mark.parametrize("solver", ["newton", "L-BFGS-B", "trust-exact"])
def test_every_solver_reaches_the_same_maximum(name, solver):
    x = draw(name, 150)
    own, other = mle.fit(x, name), mle.fit(x, name, solver=solver)
    assert other.llf == pytest.approx(own.llf, rel=1e-10)
    assert np.all(np.abs(flat(own.params) - flat(other.params)) <= 1e-4 * flat(own.bse))
    assert other.certificate.verdict == "interior"


@every_law
def test_a_saved_fit_comes_back_bit_for_bit(name, tmp_path):
    fit = mle.fit(draw(name, 80), name)
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert repr(loaded.family) == repr(fit.family)
    for key, value in fit.params.items():
        assert np.array_equal(loaded.params[key], value)
        assert np.shape(loaded.params[key]) == np.shape(value)
        assert np.array_equal(loaded.bse[key], fit.bse[key])
    assert str(loaded.summary()) == str(fit.summary())
    x = draw(name, 3)
    assert np.array_equal(loaded.distribution.logpdf(x), fit.distribution.logpdf(x))


@every_law
def test_known_parameters_stay_and_do_not_count(name):
    x = draw(name, 150)
    free = mle.fit(x, name)
    key = next(k for k in reversed(list(free.params)) if np.ndim(free.params[k]))
    fixed = mle.fit(x, name, fixed={key: LAWS[name].params[key]})
    assert np.array_equal(fixed.params[key], LAWS[name].params[key])
    parameter = next(p for p in free.family.parameters if p.name == key)
    assert fixed.df_model == free.df_model - parameter.domain.n_free
    assert fixed.llf < free.llf
    assert np.all(np.asarray(fixed.bse[key]) == 0)


def test_a_known_mean_gives_the_spread_about_it():
    """A closed form for the normal law: the mean of (x - mean)(x - mean)'."""
    x = draw("multivariate_normal", 100)
    fit = mle.fit(x, "multivariate_normal", fixed={"mean": MEAN})
    assert np.all(np.abs(fit.params["cov"] - (x - MEAN).T @ (x - MEAN) / 100) <= 1e-5 * fit.bse["cov"])
    assert fit.certificate.verdict == "interior"


def test_bounds_hold_for_numbers_and_are_refused_for_arrays():
    x = draw("multivariate_t", 200)
    free = mle.fit(x, "multivariate_t")
    bound = free.params["df"] + 1
    fit = fit_quietly(x, "multivariate_t", bounds={"df": (bound, None)})
    assert fit.params["df"] == pytest.approx(bound)
    assert fit.certificate.verdict == "boundary"
    with pytest.raises(ParameterError, match="bounds"):
        mle.fit(x, "multivariate_t", bounds={"mean": (0, 1)})


# --- other units ------------------------------------------------------------------------------------------------------


@affine
@given(seed=seeds)
def test_an_affine_map_moves_the_answer_exactly_so(name, seed):
    rng = np.random.default_rng(seed)
    x = draw(name, 120, seed)
    a = rng.normal(size=(3, 3)) * 10 ** rng.uniform(-3, 3, size=(3, 1)) + np.diag(rng.uniform(1, 2, 3))
    b = rng.normal(size=3) * 100
    first, second = fit_quietly(x, name), fit_quietly(x @ a.T + b, name)
    spread = list(first.params)[-1]
    lost = 1e-12 * np.linalg.cond(a) ** 2  # rounding of the moved data
    assert second.llf == pytest.approx(first.llf - 120 * np.linalg.slogdet(a)[1], abs=1e-7 + lost)
    tolerance = 1e-5 + lost
    assert np.all(np.abs(second.params["mean"] - (a @ first.params["mean"] + b)) <= tolerance * second.bse["mean"])
    assert np.all(np.abs(second.params[spread] - a @ first.params[spread] @ a.T) <= tolerance * second.bse[spread])
    assert second.certificate.verdict == first.certificate.verdict


@affine
@pytest.mark.parametrize("unit", [1e-150, 1e-8, 1e150])
def test_extreme_units(name, unit):
    x = draw(name, 150)
    fit, moved = mle.fit(x, name), mle.fit(x * unit, name)
    assert moved.params["mean"] / unit == pytest.approx(fit.params["mean"], rel=1e-7)
    assert moved.bse["mean"] / unit == pytest.approx(fit.bse["mean"], rel=1e-7)
    assert moved.llf == pytest.approx(fit.llf - 450 * math.log(unit), rel=1e-12)


@affine
def test_far_from_zero(name):
    x = np.round(draw(name, 150), 6)
    fit, moved = mle.fit(x, name), mle.fit(x + 1e8, name)
    assert moved.llf == pytest.approx(fit.llf, abs=1e-4)
    assert np.all(np.abs(moved.params["mean"] - 1e8 - fit.params["mean"]) < 1e-6 * fit.bse["mean"])


@affine
def test_one_column_is_the_law_of_numbers(name):
    x = draw(name, 200)[:, :1]
    fit = mle.fit(x, name)
    numbers = mle.fit(x[:, 0], {"multivariate_normal": "normal", "multivariate_t": "student_t"}[name])
    assert fit.llf == pytest.approx(numbers.llf, rel=1e-10)
    scale = numbers.params["sigma" if name == "multivariate_normal" else "scale"]
    assert fit.params[list(fit.params)[-1]][0, 0] == pytest.approx(scale**2, rel=1e-6)
    assert fit.kl.value == pytest.approx(numbers.kl.value, abs=1e-9)


def test_two_shares_are_the_beta_law():
    x = LAWS["dirichlet"].rvs(100, rng=3)
    x = np.column_stack([x[:, 0], x[:, 1] + x[:, 2]])
    pairs, numbers = mle.fit(x, "dirichlet"), mle.fit(x[:, 0], "beta")
    assert pairs.params["alpha"] == pytest.approx([numbers.params["a"], numbers.params["b"]], rel=1e-7)
    assert pairs.llf == pytest.approx(numbers.llf, rel=1e-10)
    assert pairs.bse["alpha"] == pytest.approx([numbers.bse["a"], numbers.bse["b"]], rel=1e-6)
    assert pairs.kl.value == pytest.approx(numbers.kl.value, abs=1e-9)


def test_light_tails_lead_to_the_normal_law():
    x = np.random.default_rng(4).uniform(-1, 1, (300, 2))
    with pytest.warns(mle.FitWarning, match="multivariate_normal"):
        fit = mle.fit(x, "multivariate_t")
    normal = mle.fit(x, "multivariate_normal")
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.limit == "multivariate_normal"
    assert fit.params["df"] == np.inf
    assert np.array_equal(fit.params["shape"], normal.params["cov"])
    assert fit.llf == normal.llf
    assert fit.bse["shape"] == pytest.approx(normal.bse["cov"], rel=1e-6)
    assert math.isnan(fit.bse["df"])
    assert fit.distribution.family.name == "multivariate_normal"


def test_many_degrees_of_freedom_keep_their_digits():
    """The density at df = 1e12 is the normal one to ten digits."""
    x = draw("multivariate_normal", 10)
    near = mle.distribution("multivariate_t", df=1e12, mean=MEAN, shape=COV)
    assert near.logpdf(x) == pytest.approx(LAWS["multivariate_normal"].logpdf(x), rel=1e-10)


def test_an_outcome_that_was_not_observed_is_at_the_boundary():
    with pytest.warns(mle.FitWarning, match="boundary"):
        fit = mle.fit([[3, 0, 7], [2, 0, 8]], "multinomial")
    assert fit.params["probs"] == pytest.approx([0.25, 0.0, 0.75])
    assert fit.certificate.verdict == "boundary"
    assert np.all(np.isnan(fit.bse["probs"]))
    assert fit.llf == pytest.approx(float(np.sum(scipy.stats.binom.logpmf([3, 2], 10, 0.25))))


@pytest.mark.parametrize("alpha", [[0.02, 0.05, 0.03], [0.1, 50.0, 1000.0], [1e4, 1e4, 2e4], [1.0, 1.0]])
def test_dirichlet_of_any_size(alpha):
    x = np.random.default_rng(6).dirichlet(alpha, 300)
    x = x[np.all(x > 0, axis=1)]
    fit = mle.fit(x, "dirichlet")
    a = fit.params["alpha"]
    score = scipy.special.psi(a.sum()) - scipy.special.psi(a) + np.log(x).mean(axis=0)
    assert np.all(np.abs(score) <= 1e-11 * np.maximum(1, np.abs(np.log(x).mean(axis=0))))
    assert fit.certificate.verdict == "interior"


# --- information ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "bias"), [(2, 0.04), (3, 0.06)])
def test_divergence_of_the_true_law_is_near_zero(d, bias):
    """The table of biases of Kozachenko-Leonenko estimates for a correlated normal law has 0.021 and 0.049 here."""
    cov = np.full((d, d), 0.6) + 0.4 * np.eye(d)
    values = []
    for seed in range(8):
        fit = mle.fit(np.random.default_rng(seed).multivariate_normal(np.zeros(d), cov, 1_000), "multivariate_normal")
        assert fit.kl.value == pytest.approx(fit.cross_entropy - fit.information().entropy.value)
        values.append(fit.kl.value)
    assert abs(np.mean(values)) < bias


def test_divergence_of_a_wrong_law_is_its_value():
    """Of a law from the normal one with its moments: the difference of their entropies (Cover & Thomas, th. 8.6.5)."""
    law = mle.distribution("multivariate_t", df=6.0, mean=MEAN[:2], shape=COV[:2, :2])
    normal = mle.distribution("multivariate_normal", mean=law.mean(), cov=law.cov())
    fit = mle.fit(law.rvs(6_000, rng=8), "multivariate_normal")
    assert fit.kl.value == pytest.approx(normal.entropy() - law.entropy(), abs=3 * fit.kl.se)
    assert fit.kl.value > 3 * fit.kl.se


def test_entropy_moves_with_the_unit_and_not_with_the_frame():
    x = draw("multivariate_t", 300)
    a = np.array([[3.0, 1.0, 0.0], [0.0, 0.01, 0.0], [2.0, 0.0, 1e5]])
    first, second = (neighbour_entropy(mle.Sample.rows(rows)).estimate.value for rows in (x, x @ a.T + 7))
    assert second == pytest.approx(first + np.linalg.slogdet(a)[1], abs=1e-7)


def test_entropy_of_shares_is_near_that_of_their_law():
    law = LAWS["dirichlet"]
    estimate = neighbour_entropy(mle.Sample.rows(law.rvs(3_000, rng=1))).estimate
    assert estimate.value == pytest.approx(law.entropy(), abs=4 * estimate.se)
    assert "log-ratios" in estimate.method


def test_four_dimensions_are_flagged():
    x = np.random.default_rng(9).normal(size=(200, 4))
    report = mle.fit(x, "multivariate_normal").information()
    assert "not_root_n" in report.flags
    assert "not_root_n" not in mle.fit(x[:, :3], "multivariate_normal").information().flags


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (lambda x: mle.Sample.rows(x, np.full(len(x), 0.5)), "whole numbers"),
        (lambda x: mle.Sample.rows(x, np.full(len(x), 0.5), "reliability"), "reliability"),
        (lambda x: mle.Sample.rows(np.round(x)), "rounded"),
        (lambda x: mle.Sample.rows(np.where(np.arange(len(x))[:, None] % 5 == 0, 0.0, x)), "no grid"),
    ],
)
def test_no_entropy_without_a_reason(sample, reason):
    fit = mle.fit(sample(draw("multivariate_normal", 200)), "multivariate_normal")
    assert fit.kl is None
    assert reason in fit.information().reasons["kl"]
    assert math.isfinite(fit.cross_entropy)
    assert "—" in str(fit)


def test_fine_rounding_has_a_small_stated_error():
    x = draw("multivariate_normal", 300)
    exact, rounded = (mle.fit(rows, "multivariate_normal").kl for rows in (x, np.round(x, 2)))
    assert exact.error is None
    assert 0 < rounded.error < 0.01
    assert "ties" in rounded.flags
    assert abs(exact.value - rounded.value) < rounded.error + 0.005


def test_divergence_of_counts_is_exact():
    x = np.random.default_rng(10).multinomial(3, [0.2, 0.3, 0.5], 400)
    report = mle.fit(x, "multinomial").information()
    assert report.cross_entropy.value == pytest.approx(report.entropy.value + report.kl_direct, abs=1e-13)
    assert report.identity_gap == pytest.approx(0.0, abs=1e-13)
    cells, counts = np.unique(x, axis=0, return_counts=True)
    p = counts / counts.sum()
    q = scipy.stats.multinomial(3, x.sum(axis=0) / x.sum()).pmf(cells)
    assert report.kl.value == pytest.approx(float(np.sum(p * np.log(p / q))), abs=1e-12)
    assert report.g_statistic == pytest.approx(2 * 400 * report.kl.value)


def test_laws_of_vectors_compare():
    x = draw("multivariate_t", 300)
    result = mle.compare(x, ["multivariate_normal", "multivariate_t"])
    assert list(result.fits) == ["multivariate_t", "multivariate_normal"]
    assert result.table["delta_ce"][1] > 0
    assert result.table["kl"][1] - result.table["kl"][0] == pytest.approx(result.table["delta_ce"][1])
    assert set(mle.compare(mle.Sample.rows(x)).fits) == set(result.fits)
    assert set(mle.compare(mle.Sample.rows(draw("multinomial", 50))).fits) == {"multinomial"}
    shares = mle.compare(mle.Sample.rows(draw("dirichlet", 50)))
    assert list(shares.fits) == ["dirichlet"]
    assert "dirichlet" in shares.failures["multivariate_normal"]


def test_numbers_and_vectors_do_not_mix():
    x = draw("multivariate_normal", 50)
    result = mle.compare(x, ["multivariate_normal", "normal"])
    assert "vectors" in result.failures["normal"]
    with pytest.raises(DataError, match="law of numbers"):
        mle.fit(mle.Sample.rows(x), "normal")
    with pytest.raises(DataError, match="law of vectors"):
        mle.fit(mle.Sample(x[:, 0]), "multivariate_normal")
    with pytest.raises(DataError, match="2 dimensions"):
        mle.fit(x, "normal")
    with pytest.raises(DataError, match="shape"):
        mle.fit(x[:, 0], "multivariate_normal")


# --- tables of numbers ------------------------------------------------------------------------------------------------


def test_tables_of_any_kind():
    x = draw("multivariate_normal", 40)
    expected = mle.fit(x, "multivariate_normal").params["cov"]
    columns = {"a": x[:, 0], "b": x[:, 1], "c": x[:, 2]}
    tables = [
        x.tolist(),
        np.asfortranarray(x),
        np.ma.masked_array(x),
        x.astype(object),
        pd.DataFrame(columns),
        pl.DataFrame(columns),
        pa.table(columns),
    ]
    for table in tables:
        assert np.array_equal(mle.fit(table, "multivariate_normal").params["cov"], expected), type(table)


@pytest.mark.parametrize(
    "table",
    [
        [[1.0, 2.0], [np.nan, 3.0], [2.0, 5.0], [4.0, 1.0]],
        np.ma.masked_equal([[1.0, 2.0], [-1.0, 3.0], [2.0, 5.0], [4.0, 1.0]], -1.0),
        pl.DataFrame({"a": [1.0, None, 2.0, 4.0], "b": [2.0, 3.0, 5.0, 1.0]}),
    ],
)
def test_missing_rows(table):
    with pytest.raises(DataError, match=r"1 of 4 observations are missing .*x\[1, 0\]"):
        mle.fit(table, "multivariate_normal")
    fit = mle.fit(table, "multivariate_normal", nan_policy="omit")
    assert fit.nobs == 3
    assert fit.params["mean"] == pytest.approx([7 / 3, 8 / 3])


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([[1.0, 2.0], [3.0]], "equal length"),
        ([[1.0, np.inf], [3.0, 2.0], [0.0, 1.0]], r"infinite; the first is x\[0, 1\]"),
        ([["a", "b"], ["c", "d"]], "real numbers"),
        (np.zeros((2, 2, 2)), "shape"),
        (np.empty((0, 2)), "empty"),
        (np.empty((3, 0)), "empty"),
        ("text", "shape"),
        (pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}), "column 'b'"),
        (pl.LazyFrame({"a": [1.0]}), "collect"),
        (pd.Series([1.0, 2.0]), "shape"),
        (object(), "expected a table"),
        (np.full((3, 2), np.nan), "missing"),
    ],
)
def test_bad_tables(data, problem):
    with pytest.raises(DataError, match=problem):
        mle.fit(data, "multivariate_normal")


def test_weights_go_with_rows():
    x = draw("multivariate_normal", 20)
    with pytest.raises(WeightError, match="3 weights for 20 observations"):
        mle.fit(x, "multivariate_normal", weights=[1, 2, 3])
    assert repr(mle.Sample.rows(x, np.full(20, 2))).startswith(
        "Sample: 40 observations in 20 weighted rows of 3 numbers"
    )
    with pytest.raises(DataError, match="window"):
        mle.Sample.rows(x).truncated(lower=0)


# --- what each law refuses --------------------------------------------------------------------------------------------


@affine
def test_too_few_rows(name):
    with pytest.raises(DegenerateDataError, match="n <= d"):
        mle.fit(np.eye(3), name)


@affine
@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda x: np.column_stack([x[:, :2], x[:, 0] + 2 * x[:, 1]]), "columns 0, 1, 2 are linearly dependent"),
        (lambda x: np.column_stack([x[:, :2], x[:, 1]]), "columns 1, 2 are linearly dependent"),
        (lambda x: np.column_stack([x[:, :2], np.ones(len(x))]), "column 2"),
    ],
)
def test_singular_covariance(name, spoil, problem):
    with pytest.raises(DegenerateDataError, match=problem) as caught:
        mle.fit(spoil(draw(name, 50)), name)
    assert isinstance(caught.value, ValueError)


def test_nearly_dependent_columns_are_still_fitted():
    """Noise of 1e-4 beside a spread of 1 is far above rounding."""
    x = draw("multivariate_normal", 100)[:, :2]
    noise = 1e-4 * np.random.default_rng(12).normal(size=100)
    fit = mle.fit(np.column_stack([x, x.sum(axis=1) + noise]), "multivariate_normal")
    alone = mle.fit(x, "multivariate_normal")
    assert fit.certificate.verdict == "interior"
    assert fit.params["cov"][:2, :2] == pytest.approx(alone.params["cov"], rel=1e-12)
    # The law of the third given the others is normal with the variance of the residual.
    design = np.column_stack([np.ones(100), x])
    residual = noise - design @ np.linalg.lstsq(design, noise, rcond=None)[0]
    given_others = -50 * (math.log(2 * math.pi * np.mean(residual**2)) + 1)
    assert fit.llf == pytest.approx(alone.llf + given_others, rel=1e-6)


def test_half_a_column_of_ties_is_a_spike():
    x = draw("multivariate_t", 60)
    x[:35, 1] = 0.25
    with pytest.raises(DegenerateDataError, match=r"column 1 equal 0.25"):
        mle.fit(x, "multivariate_t")


@pytest.mark.parametrize(
    ("rows", "problem", "outside"),
    [
        ([[0.2, 0.3, 0.4], [0.5, 0.25, 0.25]], "row 0, which sums to 0.9", (0,)),
        ([[0.2, 0.3, 0.5], [0.5, 0.25, 0.25 + 2e-8]], "row 1", (1,)),
        ([[0.2, 0.3, 0.5], [0.5, 0.5, 0.0]], r"zero.*x\[1, 2\]", (1,)),
        ([[0.2, 0.3, 0.5], [0.5, 0.7, -0.2]], r"negative.*x\[1, 2\]", (1,)),
    ],
)
def test_rows_that_are_no_shares(rows, problem, outside):
    with pytest.raises(SupportError, match=problem) as caught:
        mle.fit(rows, "dirichlet")
    assert caught.value.outside == outside


def test_shares_may_miss_one_by_rounding():
    x = np.round(LAWS["dirichlet"].rvs(50, rng=2), 9)
    x = x[np.all(x > 0, axis=1)]
    assert mle.fit(x, "dirichlet").certificate.ok


def test_equal_shares_and_single_shares_are_degenerate():
    with pytest.raises(DegenerateDataError, match="equal"):
        mle.fit([[0.2, 0.8]] * 5, "dirichlet")
    with pytest.raises(DegenerateDataError, match="two columns"):
        mle.fit([[1.0], [1.0]], "dirichlet")


def test_counts_must_be_counts():
    with pytest.raises(SupportError, match=r"x\[1, 0\] = 1.5"):
        mle.fit([[1, 2], [1.5, 2]], "multinomial")
    with pytest.raises(SupportError, match="row 1, which sums to 4"):
        mle.fit([[1, 2], [2, 2]], mle.get_family("multinomial", n=3))
    with pytest.raises(DegenerateDataError, match="all counts are 0"):
        mle.fit([[0, 0], [0, 0]], "multinomial")
    with pytest.raises(ParameterError, match="number of trials"):
        mle.fit([[1, 2], [2, 2]], "multinomial").distribution.rvs(3)


@pytest.mark.parametrize("dimension", [0, 1.5, -1, [2, 3], np.inf])
def test_a_dimension_is_a_whole_number(dimension):
    with pytest.raises(ParameterError, match="dimension"):
        mle.get_family("dirichlet", dimension=dimension)


def test_a_given_dimension_must_be_that_of_the_data():
    with pytest.raises(DataError, match="vectors of 2 numbers; these have 3"):
        mle.fit(draw("multivariate_normal", 30), mle.get_family("multivariate_normal", dimension=2))


def test_distributions_of_vectors_refuse_what_only_numbers_have():
    law = LAWS["multivariate_normal"]
    for ask in (law.cdf, law.sf, law.ppf):
        with pytest.raises(ParameterError, match="law of vectors"):
            ask(0.5)
    with pytest.raises(ParameterError, match="law of vectors"):
        law.expect(lambda x: x)
    with pytest.raises(DataError, match="3 numbers"):
        law.logpdf([1.0, 2.0])
    assert np.isnan(law.logpdf([1.0, np.nan, 0.0]))
    assert LAWS["dirichlet"].logpdf([0.5, 0.5, 0.5]) == -np.inf
    assert LAWS["multinomial"].logpdf([1, 1, 1]) == -np.inf


@pytest.mark.parametrize(
    "params", [{"mean": MEAN, "cov": -COV}, {"mean": MEAN, "cov": COV[:2, :2]}, {"mean": MEAN, "cov": np.triu(COV)}]
)
def test_a_covariance_is_symmetric_and_positive_definite(params):
    with pytest.raises(ParameterError, match="cov"):
        mle.distribution("multivariate_normal", **params)


def test_moments_that_do_not_exist():
    law = mle.distribution("multivariate_t", df=1.0, mean=MEAN, shape=COV)
    assert np.all(np.isnan(law.mean()))
    assert np.all(np.isnan(law.cov()))


# --- mixtures ---------------------------------------------------------------------------------------------------------

MIXTURES = {
    "multivariate_normal": {
        "weights": [0.3, 0.7],
        "mean": [[0.0, 0.0], [4.0, 3.0]],
        "cov": [[[1.0, 0.5], [0.5, 1.0]], [[2.0, -0.5], [-0.5, 1.0]]],
    },
    "multivariate_t": {
        "weights": [0.4, 0.6],
        "df": [5.0, 8.0],
        "mean": [[0.0, 0.0], [6.0, 5.0]],
        "shape": [np.eye(2), 2 * np.eye(2)],
    },
    "dirichlet": {"weights": [0.4, 0.6], "alpha": [[2.0, 5.0, 9.0], [9.0, 3.0, 2.0]]},
}
every_mixture = pytest.mark.parametrize("name", MIXTURES)


def test_reference_case_of_a_mixture():
    expected = next(
        case["expected"]
        for case in json.loads((HERE / "cases_dev.json").read_text(encoding="utf-8"))["cases"]
        if case["id"] == "mix2_faithful_mv"
    )
    fit = fit_quietly(_faithful(), mle.mixture("multivariate_normal", 2))

    def named(p):
        return {
            "w1": p["weights"][0],
            **{f"mu{j + 1}{k + 1}": p["mean"][j, k] for j in (0, 1) for k in (0, 1)},
            **{f"S{j + 1}_{a + 1}{b + 1}": p["cov"][j, a, b] for j in (0, 1) for a in (0, 1) for b in range(a, 2)},
        }

    params, errors = named(fit.params), named(fit.bse)
    assert set(params) == set(expected["params"])
    for key, value in expected["params"].items():
        assert abs(params[key] - value) <= 1e-5 * expected["se"][key], key
        assert errors[key] == pytest.approx(expected["se"][key], rel=1e-5), key
    assert abs(fit.llf - expected["loglik"]) <= 1e-8 * abs(expected["loglik"])
    assert fit.aic == pytest.approx(expected["aic"], rel=1e-9)
    assert fit.bic == pytest.approx(expected["bic"], rel=1e-9)
    assert fit.certificate.verdict == "local"
    assert "shrinks" in fit.certificate.message


def _faithful():
    return np.column_stack([mle.datasets.load("faithful")[name] for name in ("eruptions", "waiting")])


@every_mixture
def test_components_are_found(name):
    law = mle.distribution(mle.mixture(name, 2), **MIXTURES[name])
    x = law.rvs(1_500, rng=3)
    se = law.std() / math.sqrt(len(x))
    assert np.all(np.abs(x.mean(axis=0) - law.mean()) < 5 * se)
    assert np.cov(x.T) == pytest.approx(law.cov(), abs=0.1 * np.abs(law.cov()).max())
    fit = fit_quietly(x, mle.mixture(name, 2))
    truth = np.concatenate([np.ravel(value) for value in law.params.values()])
    assert np.max(np.abs(flat(fit.params) - truth) / flat(fit.bse)) < 4.5
    assert fit.llf >= float(np.sum(law.logpdf(x)))
    assert fit.certificate.ok


@every_mixture
def test_score_of_a_mixture_is_the_slope_of_its_density(name):
    law = mle.distribution(mle.mixture(name, 2), **MIXTURES[name])
    x, theta = law.rvs(6, rng=1), law.family.pack(law.params)
    coordinates = Coordinates(law.family.domains_at(*law.params.values()), theta, [True] * len(law.params), theta)
    u = coordinates.from_theta(theta)
    score = np.stack(law.family.score(x, *law.params.values()), axis=1) @ coordinates.jacobian(u)
    for k in range(len(u)):
        h = np.zeros(len(u))
        h[k] = 1e-5
        up, down = (law.family.logpdf(x, *law.family.unpack(coordinates.to_theta(u + s))) for s in (h, -h))
        assert (up - down) / 2e-5 == pytest.approx(score[:, k], abs=1e-6)


def test_a_mixture_of_trials():
    first, second = (mle.distribution("multinomial", n=20, probs=p) for p in ([0.2, 0.3, 0.5], [0.6, 0.3, 0.1]))
    fit = mle.fit(np.vstack([first.rvs(200, rng=1), second.rvs(100, rng=2)]), mle.mixture("multinomial", 2))
    assert fit.certificate.verdict == "interior"
    assert fit.params["weights"] == pytest.approx([2 / 3, 1 / 3], abs=0.05)
    assert fit.params["probs"] == pytest.approx(np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]), abs=0.03)


def test_a_mixture_with_weights_and_back_from_a_file(tmp_path):
    law = mle.distribution(mle.mixture("multivariate_normal", 2), **MIXTURES["multivariate_normal"])
    x = law.rvs(150, rng=5)
    weight = np.random.default_rng(1).integers(1, 4, 150)
    weighted = fit_quietly(x, law.family, weights=weight)
    repeated = fit_quietly(np.repeat(x, weight, axis=0), law.family)
    assert weighted.llf == pytest.approx(repeated.llf, rel=1e-10)
    assert np.all(np.abs(flat(weighted.params) - flat(repeated.params)) <= 1e-5 * flat(repeated.bse))
    weighted.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert repr(loaded.family) == repr(weighted.family)
    assert np.array_equal(loaded.params["cov"], weighted.params["cov"])
    assert np.array_equal(loaded.distribution.logpdf(x), weighted.distribution.logpdf(x))
    assert "cov[1,0,1]" in str(loaded.summary())
    assert "cov[1,1,0]" not in str(loaded.summary())


def test_what_a_mixture_of_vectors_refuses():
    with pytest.raises(ParameterError, match="how many components"):
        mle.mixture("multivariate_normal")
    with pytest.raises(ParameterError, match="share"):
        mle.mixture("multivariate_normal", 2, shared=("cov",))
    with pytest.raises(DegenerateDataError, match="more than 6 are needed"):
        mle.fit(np.random.default_rng(1).normal(size=(6, 2)), mle.mixture("multivariate_normal", 2))
    with pytest.raises(SupportError, match="row 0"):
        mle.fit([[0.2, 0.3, 0.4]] * 9, mle.mixture("dirichlet", 2))
    with pytest.raises(ParameterError, match="round is a law of vectors without a maximum from means"):
        mle.mixture(Round(), 2)
    with pytest.raises(ParameterError, match="no component of another"):
        mle.mixture(Pairs(), 2)


class Pairs(ExponentialFamily):
    """A law whose parameter is one value a component already."""

    name, support, multivariate = "pairs", mle.REAL, True
    constant_defaults = {"dimension": 2}  # noqa: RUF012
    parameters = (mle.Parameter("middle", Stack((Space(2), Space(2)))),)

    def from_means(self, means):
        return (np.array(means),)


class Round(mle.Family):
    """A normal law of pairs that is alike in all directions."""

    name, support, multivariate = "round", mle.REAL, True
    constant_defaults = {"dimension": 2}  # noqa: RUF012
    parameters = (
        mle.Parameter("a", mle.REAL),
        mle.Parameter("b", mle.REAL),
        mle.Parameter("sigma", mle.POSITIVE),
    )

    def logpdf(self, x, a, b, sigma):
        away = np.square(x[..., 0] - a) + np.square(x[..., 1] - b)
        return -np.log(2 * np.pi * sigma**2) - 0.5 * away / sigma**2

    def start(self, sample):
        return [(*np.mean(sample.x, axis=0).tolist(), float(np.std(sample.x)))]


def test_a_law_of_vectors_of_the_users_is_fitted_as_any():
    """Its maximum is a formula; rows, each of two numbers, tell whether they can determine its parameters."""
    x = np.array([[0.0, 1.0], [2.0, 4.0], [3.0, 1.0], [-1.0, 2.0]])
    fit = mle.fit(x, Round())
    assert [fit.params["a"], fit.params["b"]] == pytest.approx([1.0, 2.0], abs=1e-6)
    assert fit.params["sigma"] == pytest.approx(np.sqrt(np.sum(np.square(x - [1.0, 2.0])) / 8), rel=1e-6)
    with pytest.raises(DegenerateDataError, match="1 distinct value cannot determine 3 parameters"):
        mle.fit([[1.0, 2.0]] * 5, Round())


# --- domains of arrays ------------------------------------------------------------------------------------------------

DOMAINS = [
    Vector(mle.POSITIVE, 3),
    Vector(mle.REAL, 2),
    Space(3),
    Space(3, MEAN, np.linalg.cholesky(COV)),
    PositiveDefinite(3),
    PositiveDefinite(3, np.linalg.cholesky(COV)),
    Stack((PositiveDefinite(2), PositiveDefinite(2, np.linalg.cholesky(COV[:2, :2])))),
    Stack((mle.POSITIVE, mle.POSITIVE)),
]


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
@given(seed=seeds)
def test_there_and_back_and_the_slope_between(domain, seed):
    rng = np.random.default_rng(seed)
    u = rng.uniform(-1.5, 1.5, domain.n_free)
    value = domain.from_real(u)
    assert value.shape == (domain.size,)
    assert domain.contains(value.reshape(domain.shape))
    assert domain.to_real(value) == pytest.approx(u, abs=1e-9)
    slopes = domain.jacobian(u)
    assert slopes.shape == (domain.size, domain.n_free)
    for k in range(domain.n_free):
        h = np.zeros(domain.n_free)
        h[k] = 1e-5
        assert slopes[:, k] == pytest.approx((domain.from_real(u + h) - domain.from_real(u - h)) / 2e-5, abs=1e-6)
    gradient = rng.normal(size=domain.size)
    whole = Coordinates([domain], value, [True], np.ones(domain.size))
    assert whole.pulled(gradient, u) == pytest.approx(gradient @ slopes, abs=1e-9)
    assert domain.endpoints == ()
    assert str(domain.size if domain.shape[-1:] == () else domain.shape[-1]) in str(domain)


@pytest.mark.parametrize(
    ("domain", "value"),
    [
        (Vector(mle.POSITIVE, 2), [1.0, 0.0]),
        (Vector(mle.POSITIVE, 2), [1.0, 2.0, 3.0]),
        (Space(2), [1.0, np.nan]),
        (Space(2), [1.0]),
        (PositiveDefinite(2), [[1.0, 2.0], [2.0, 1.0]]),
        (PositiveDefinite(2), [[1.0, 0.5], [0.4, 1.0]]),
        (PositiveDefinite(2), [[1.0, 1.0], [1.0, 1.0]]),
        (PositiveDefinite(2), [1.0, 0.0, 0.0, 1.0]),
        (PositiveDefinite(2), [[-1.0, 0.0], [0.0, 1.0]]),
    ],
)
def test_what_does_not_belong(domain, value):
    assert not domain.contains(np.array(value))


def test_names_of_entries():
    law = LAWS["multivariate_normal"].family
    assert law.coefficient_names[:5] == ("mean[0]", "mean[1]", "mean[2]", "cov[0,0]", "cov[0,1]")
    fit = mle.fit(draw("multivariate_normal", 50), "multivariate_normal")
    assert fit.df_model == 9
    assert fit.params["cov"].shape == fit.bse["cov"].shape == (3, 3)
    assert fit.cov_params().loc["cov[0,1]", "cov[1,0]"] == pytest.approx(fit.bse["cov"][0, 1] ** 2)
    assert fit.conf_int().loc["cov[1,0]"].to_numpy() == pytest.approx(fit.conf_int().loc["cov[0,1]"].to_numpy())
    text = str(fit)
    assert "cov[0,1]" in text
    assert "cov[1,0]" not in text
