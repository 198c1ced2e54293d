"""Maxima of regressions where a parameter is at an end of its domain in some rows, against constrained optimisers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.estimation.certificate import Verdict

pytestmark = pytest.mark.filterwarnings("ignore::mle_toolkit.errors.FitWarning")

LAWS = {
    "log-binomial": ("y", "bernoulli", "p", "log"),
    "linear probability": ("y", "bernoulli", "p", "identity"),
    "additive counts": ("c", "poisson", "mu", "identity"),
}


def _frame(seed, n=40):
    rng = np.random.default_rng(seed)
    x, z, g = rng.normal(size=n), rng.uniform(-1, 1, size=n), rng.integers(0, 3, size=n)
    p = np.clip(np.exp(-0.5 + 0.4 * x + 0.5 * z), 0.01, 0.99)
    y, c = (rng.uniform(size=n) < p).astype(int), rng.poisson(np.maximum(0.7 + 0.5 * x + 0.3 * z, 0.02))
    return {"x": x, "z": z, "g": g, "y": y, "c": c, "w": rng.integers(1, 4, size=n), "off": 0.1 * rng.normal(size=n)}


def _best(frame, law, link, response, weight, offset):
    """The maximum by sequential quadratic programs, with every row's inequality."""
    design = np.column_stack([np.ones(len(weight)), frame["x"], frame["z"], frame["g"] == 1, frame["g"] == 2])
    y = frame[response]

    def loss(b):
        eta = design @ b + offset
        if law == "bernoulli":
            with np.errstate(over="ignore"):  # on its way SLSQP looks far beyond what its constraints allow
                p = np.clip(np.exp(eta) if link == "log" else eta, 1e-13, 1 - 1e-13)
            return -np.sum(weight * np.where(y == 1, np.log(p), np.log1p(-p)))
        mu = np.maximum(eta, 1e-13)
        return -np.sum(weight * (y * np.log(mu) - mu - special.gammaln(y + 1)))

    held = []
    if law == "bernoulli":
        held.append({"type": "ineq", "fun": lambda b: (0.0 if link == "log" else 1.0) - design @ b - offset})
    if link == "identity":
        held.append({"type": "ineq", "fun": lambda b: design @ b + offset})
    begin = np.array([-0.7 if link == "log" else 0.5, 0.0, 0.0, 0.0, 0.0])
    run = optimize.minimize(loss, begin, method="SLSQP", constraints=held, options={"ftol": 1e-14, "maxiter": 1000})
    return -run.fun if min(np.min(one["fun"](run.x)) for one in held) > -1e-9 else -np.inf


@pytest.mark.parametrize("case", LAWS)
@pytest.mark.parametrize("seed", range(4))
def test_the_maximum_at_ends_of_domains_is_that_of_a_constrained_optimiser(case, seed):
    response, law, parameter, link = LAWS[case]
    frame = _frame(seed)
    weighted, shifted = seed % 2 == 1, seed >= 2
    options = ({"weights": "w"} if weighted else {}) | ({"offset": "off"} if shifted else {})
    fit = mle.regress(f"{response} ~ x + z + C(g)", frame, law, links={parameter: link}, **options)
    weight = frame["w"] if weighted else np.ones(len(frame["x"]))
    best = _best(frame, law, link, response, weight, frame["off"] if shifted else 0.0)
    assert fit.certificate.ok
    assert fit.llf >= best - 1e-7
    params = np.asarray(fit.predict(frame, "params", **({"offset": "off"} if shifted else {})))[:, 0]
    inside = (params >= 0) & (params <= 1 if law == "bernoulli" else True)
    assert inside.all()
    if fit.certificate.verdict is Verdict.BOUNDARY:
        assert "is at the boundary" in fit.certificate.message


@pytest.mark.parametrize("case", ["log-binomial", "linear probability"])
@pytest.mark.parametrize("seed", [13, 15, 24])
def test_of_few_rows_the_search_begins_inside_and_leaves_several_ends_at_once(case, seed):
    """With an offset the law without covariates is beyond probability 1; more ends meet than there are dimensions."""
    response, law, parameter, link = LAWS[case]
    frame, shifted = _frame(seed, 12), seed % 2 == 1
    options = {"offset": "off"} if shifted else {}
    fit = mle.regress(f"{response} ~ x + z + C(g)", frame, law, links={parameter: link}, **options)
    best = _best(frame, law, link, response, np.ones(12), frame["off"] if shifted else 0.0)
    assert fit.certificate.ok
    assert fit.llf >= best - 1e-7


FEW = {
    "x": [-1.89, -1.13, -0.19, -0.13, -0.27, 0.73, -0.85, 1.27, 2.09, 1.25, -0.14, -0.68],
    "z": [-0.85, -0.36, 0.24, -0.24, 0.77, 0.19, 0.1, -0.26, -0.24, -0.69, 0.69, -0.73],
    "g": [1, 2, 1, 2, 0, 2, 1, 1, 0, 1, 2, 1],
    "off": [0.2, 0.08, -0.06, 0.1, -0.02, -0.05, 0.0, -0.04, -0.03, 0.08, -0.05, -0.01],
    "c": [0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 2, 0],
}


@pytest.mark.parametrize("digits", [2, 1])
def test_counts_that_curve_in_fewer_directions_than_there_are_coefficients_end_on_a_face(digits):
    """Only four rows have a count, so that of five coefficients the likelihood is straight along one."""
    frame = {name: np.round(column, digits) for name, column in FEW.items()}
    fit = mle.regress("c ~ x + z + C(g)", frame, "poisson", links={"mu": "identity"}, offset="off")
    assert fit.certificate.verdict is Verdict.BOUNDARY
    assert fit.llf >= _best(frame, "poisson", "identity", "c", np.ones(12), frame["off"]) - 1e-7


def _at_one():
    """A log-binomial regression whose maximum is at p = 1 in one row."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=60)
    rng.integers(0, 3, size=60)
    y = (rng.uniform(size=60) < np.minimum(np.exp(-0.4 + 0.8 * x), 0.999)).astype(int)
    return {"x": x, "y": y}


@pytest.fixture(scope="module")
def at_one():
    frame = _at_one()
    return frame, mle.regress("y ~ x", frame, "bernoulli", links={"p": "log"})


def test_rows_at_the_end_are_named_and_the_rest_is_a_regression_through_it(at_one):
    """With p = 1 where x is largest, log p = b (x - max x), whose one coefficient a scalar optimiser finds."""
    frame, fit = at_one
    top = int(np.argmax(frame["x"]))
    assert fit.certificate.message.startswith(f"the maximum is at the boundary p = 1 in row {top}")
    x, y = frame["x"] - frame["x"][top], frame["y"]

    def loss(b):
        with np.errstate(divide="ignore"):
            return -np.sum(np.where(y == 1, b * x, np.log(-np.expm1(np.where(y == 1, -1.0, b * x)))))

    run = optimize.minimize_scalar(loss, bounds=(0.05, 2.0), method="bounded", options={"xatol": 1e-12})
    slope = fit.params["p"]["x"]
    assert slope == pytest.approx(run.x, rel=1e-6)
    assert fit.llf == pytest.approx(-run.fun, abs=1e-10)
    step = 1e-3 * run.x
    information = (loss(run.x + step) - 2 * run.fun + loss(run.x - step)) / step**2
    assert fit.bse["p"]["x"] == pytest.approx(information**-0.5, rel=1e-4)
    assert fit.bse["p"]["Intercept"] == pytest.approx(frame["x"][top] * information**-0.5, rel=1e-4)


def test_results_of_a_maximum_at_an_end_hold_together(at_one, tmp_path):
    frame, fit = at_one
    new = {"x": np.array([-0.5, 0.0, frame["x"].max()])}
    params = fit.predict(new, "params")["p"]
    assert params.iloc[2] == pytest.approx(1.0, abs=1e-12)
    fit.save(tmp_path / "fit.json")
    np.testing.assert_allclose(mle.load(tmp_path / "fit.json").predict(new, "params")["p"], params, rtol=1e-13)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fit)).predict(new, "params")["p"], params)
    assert np.all(np.asarray(fit.predict(new, se=True)["mean_se"])[:2] > 0)
    table = fit.anova()
    null = stats.bernoulli(frame["y"].mean()).logpmf(frame["y"]).sum()
    assert table["statistic"].iloc[0] == pytest.approx(2 * (fit.llf - null), rel=1e-9)
    assert len(fit.residuals("quantile", rng=1)) == 60


def test_replicates_and_restricted_models_end_on_faces_too():
    frame = _frame(1, n=60)
    fit = mle.regress("y ~ x + z", frame, "bernoulli", links={"p": "log"})
    smaller = mle.regress("y ~ x", frame, "bernoulli", links={"p": "log"})
    assert {fit.certificate.verdict, smaller.certificate.verdict} == {Verdict.BOUNDARY}
    assert fit.anova()["statistic"].iloc[1] == pytest.approx(2 * (fit.llf - smaller.llf), abs=1e-9)
    for kind in ("parametric", "nonparametric"):
        seen = fit.bootstrap(20, kind=kind, rng=1)
        assert seen.n_failed == 0
        assert seen.n_boundary > 0


def test_the_unit_of_a_covariate_does_not_move_a_maximum_at_an_end(at_one):
    frame, fit = at_one
    moved = mle.regress("y ~ x", {"x": 1e6 * frame["x"] + 3e6, "y": frame["y"]}, "bernoulli", links={"p": "log"})
    assert moved.llf == pytest.approx(fit.llf, abs=1e-9)
    assert moved.params["p"]["x"] * 1e6 == pytest.approx(fit.params["p"]["x"], rel=1e-7)


@pytest.mark.parametrize(("law", "name", "end"), [("pearson3", "skew", 2.0), ("cardioid", "rho", 0.5)])
def test_a_shape_with_a_formula_may_end_at_its_bound_in_one_row(law, name, end):
    rng = np.random.default_rng(1)
    x = rng.normal(size=25)
    own = mle.get_family(law)
    truth = {p.name: 0.5 * sum(p.typical) for p in own.parameters}
    y = np.asarray(mle.distribution(law, **truth).rvs(25, rng=3))
    fit = mle.regress("y ~ x", {"x": x, "y": y}, law, **{name: "~ x"})
    assert fit.certificate.verdict is Verdict.BOUNDARY
    assert f"{name} = {end:g} in row" in fit.certificate.message
    shape = np.abs(fit.predict({"x": x}, "params")[name])
    assert shape.max() == pytest.approx(end, abs=1e-9)
    # No point nearby that keeps the shape inside is higher.
    params = np.concatenate([np.ravel(fit.params[p.name]) for p in own.parameters])
    sizes = [np.size(fit.params[p.name]) for p in own.parameters]
    design = np.column_stack([np.ones(25), x])

    def loglik(v):
        parts = np.split(v, np.cumsum(sizes)[:-1])
        with np.errstate(all="ignore"):
            values = own.logpdf(y, *(design @ part if len(part) == 2 else part[0] for part in parts))
        inside = np.abs(design @ parts[own.param_names.index(name)]) <= end
        return float(np.sum(values)) if inside.all() and np.isfinite(values).all() else -np.inf

    assert all(
        loglik(params + 10.0 ** -rng.integers(1, 6) * rng.normal(size=len(params))) < fit.llf for _ in range(4000)
    )


def _envelope(x, log_y, weight, offset, sign):
    """The line closest to all log observations from one side: a linear program; and the mean distance to it."""
    design = np.column_stack([np.ones(len(x)), x])
    pull = sign * (weight @ design)
    run = optimize.linprog(-pull, A_ub=sign * design, b_ub=sign * (log_y - offset), bounds=[(None, None)] * 2)
    gap = float(weight @ (sign * (log_y - offset - design @ run.x)) / weight.sum())
    return run.x, 1.0 / gap


@pytest.mark.parametrize(
    ("law", "end", "index", "sign"), [("pareto", "xm", "alpha", 1.0), ("power", "scale", "shape", -1.0)]
)
@pytest.mark.parametrize("form", ["plain", "weights", "exposure", "units"])
def test_an_end_of_the_support_with_a_formula_is_the_closest_envelope(law, end, index, sign, form):
    rng = np.random.default_rng(7)
    x, w, e = rng.normal(size=60), rng.integers(1, 4, size=60).astype(float), np.exp(0.5 * rng.normal(size=60))
    log_y = 0.5 + 0.3 * x + sign * rng.exponential(0.5, size=60)
    unit = 1e6 if form == "units" else 1.0
    frame = {"x": unit * x, "y": unit * np.exp(log_y), "w": w, "e": e}
    options = {"weights": {"weights": "w"}, "exposure": {"exposure": "e"}}.get(form, {})
    fit = mle.regress("y ~ x", frame, law, **options)
    weight = w if form == "weights" else np.ones(60)
    (level, slope), rate = _envelope(x, log_y, weight, np.log(e) if form == "exposure" else 0.0, sign)
    assert fit.certificate.verdict is Verdict.BOUNDARY
    assert f"{end} is the observation in rows" in fit.certificate.message
    assert fit.params[end]["x"] * unit == pytest.approx(slope, rel=1e-9)
    assert fit.params[end]["Intercept"] == pytest.approx(level + np.log(unit), rel=1e-9)
    assert fit.params[index] == pytest.approx(rate, rel=1e-7)
    assert fit.bse[index] == pytest.approx(rate / np.sqrt(weight.sum()), rel=1e-6)
    assert np.isnan(fit.bse[end]).all()
    rows = fit.predict(frame, "params", se=True, **({"exposure": "e"} if form == "exposure" else {}))
    assert rows[f"{end}_se"].isna().all()
    assert (rows[f"{index}_se"] > 0).all()
    y = np.log(frame["y"])
    assert fit.llf == pytest.approx(float(weight @ (np.log(rate) - y) - weight.sum()), rel=1e-12)


def test_ends_of_a_uniform_law_with_formulas_are_not_called_a_maximum():
    """The log-density bends upwards in either end: it is highest at one of very many corners."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=40)
    fit = mle.regress("y ~ x", {"x": x, "y": x + rng.uniform(-1, 1, size=40)}, "uniform", b="~ x")
    assert fit.certificate.verdict is Verdict.NOT_CONVERGED


def test_margins_at_a_face_are_those_of_the_regression_that_it_leaves():
    """With p = exp(b (x - 11)): the mean of b p, and its derivative by b."""
    x = np.arange(12.0)
    y = np.array([1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1.0])
    with pytest.warns(mle.FitWarning, match="row 11"):
        fit = mle.regress("y ~ x", {"x": x, "y": y}, "bernoulli", links={"p": "log"})
    b, se = fit.params["p"]["x"], fit.bse["p"]["x"]
    p = np.exp(b * (x - 11))
    found = fit.margins().loc["x"]
    assert found["effect"] == pytest.approx(np.mean(b * p), rel=1e-8)
    assert found["se"] == pytest.approx(se * np.mean(p + b * (x - 11) * p), rel=1e-6)
    by_arrays = mle.regress(y, np.stack([np.ones(12), x], axis=1), "bernoulli", links={"p": "log"}).margins()
    assert by_arrays.iloc[-1]["effect"] == pytest.approx(found["effect"], rel=1e-8)
    flat = fit.average_predictions("x", [0.0, 11.0])
    assert flat["mean"].tolist() == pytest.approx([p[0], 1.0], rel=1e-12)
    assert flat["se"].tolist() == pytest.approx([se * 11 * p[0], 0.0], rel=1e-6, abs=1e-9)


def test_an_effect_that_leads_out_of_the_domain_says_so():
    x = np.r_[6.0:12.0, 0.0:6.0]
    frame = {"g": ["a"] * 6 + ["b"] * 6, "x": x, "y": [0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1.0]}
    with pytest.warns(mle.FitWarning, match="p = 1"):
        fit = mle.regress("y ~ x + g", frame, "bernoulli", links={"p": "log"})
    assert np.max(fit.predict({"g": ["b"] * 12, "x": x}, "linear")) > 0.1  # a probability above 1
    with pytest.warns(mle.FitWarning, match="outside its domain"):
        found = fit.margins()
    assert np.isnan(found.loc["g[b - a]", "effect"])


@pytest.mark.parametrize("name", ["p[x]", "p[Intercept]"])
def test_a_profile_interval_at_a_face_is_that_of_fits_that_may_leave_it(name):
    """Along the face alone it was too short by a third: at its end twice the fall was 1.9, and not 3.84."""
    x = np.arange(12.0)
    y = np.array([1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1.0])
    fit = mle.regress("y ~ x", {"x": x, "y": y}, "bernoulli", links={"p": "log"})
    held, free = (x, np.ones(12)) if name == "p[x]" else (np.ones(12), x)
    reach = -np.log(1e-12)
    for end in fit.conf_int(method="profile").loc[name]:

        def loss(b, end=end):
            eta = np.minimum(end * held + b * free, -1e-15)
            return -np.sum(np.where(y == 1, eta, np.log1p(-np.exp(eta))))

        room = np.divide(-end * held, free, where=free > 0, out=np.full(12, np.inf))
        found = optimize.minimize_scalar(
            loss, bounds=(-reach, np.min(room)), method="bounded", options={"xatol": 1e-12}
        )
        assert 2 * (fit.llf + found.fun) == pytest.approx(stats.chi2(1).ppf(0.95), rel=1e-5)


def test_a_coefficient_that_the_limit_lacks_has_no_interval_and_the_others_have_theirs():
    rng = np.random.default_rng(4)
    x, z = rng.normal(size=150), rng.normal(size=150)
    frame = {"x": x, "z": z, "c": rng.binomial(6, 1 / (1 + np.exp(-0.3 * x)))}
    ends = mle.regress("c ~ x", frame, "negbin", size="~ z").conf_int(method="profile")
    assert ends.loc["size[z]"].isna().all()
    counts = mle.regress("c ~ x", frame, "poisson").conf_int(method="profile")
    np.testing.assert_allclose(ends.loc[counts.index], counts, rtol=1e-6)
