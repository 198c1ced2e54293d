"""Composite laws: a body and a tail."""

import math

import numpy as np
import pytest
from references import fit_quietly, flat
from scipy import integrate, optimize, special, stats

import mle_toolkit as mle

rng = np.random.default_rng(20_261_201)
N, CUT = 400, 2.0
BODY = stats.lognorm(0.6, scale=1.4)
LOSSES = np.where(
    rng.uniform(size=N) < 0.3, CUT * (1 + rng.pareto(1.5, N)), BODY.ppf(rng.uniform(size=N) * BODY.cdf(CUT))
)


def scollnik(x: np.ndarray, sigma: float, alpha: float, theta: float) -> np.ndarray:
    """The smooth lognormal-Pareto density, as Scollnik (2007), equations 3.1 and 3.4, has it."""
    mu = math.log(theta) - alpha * sigma**2
    product = (
        math.sqrt(2 * math.pi) * alpha * sigma * special.ndtr(alpha * sigma) * math.exp(0.5 * (alpha * sigma) ** 2)
    )
    r = product / (1 + product)
    body = r / special.ndtr((math.log(theta) - mu) / sigma) * stats.lognorm(sigma, scale=math.exp(mu)).pdf(x)
    return np.where(x <= theta, body, (1 - r) * alpha * theta**alpha / x ** (alpha + 1))


@pytest.mark.parametrize("unit", [1.0, 1e6, 1e-6])
def test_a_smooth_lognormal_pareto_law_is_that_of_scollnik(unit):
    fit = mle.fit(unit * LOSSES, mle.spliced("lognormal", "pareto", join="smooth"))
    sigma, alpha, theta = fit.params["sdlog"], fit.params["alpha"], fit.params["cut"] / unit
    assert fit.llf + N * math.log(unit) == pytest.approx(np.log(scollnik(LOSSES, sigma, alpha, theta)).sum(), rel=1e-10)

    def cost(u: np.ndarray) -> float:
        return -float(np.log(scollnik(LOSSES, *np.exp(u))).sum())

    found = optimize.minimize(
        cost, np.log([0.6, 1.4, 2.0]), method="Nelder-Mead", options={"fatol": 1e-11, "xatol": 1e-9}
    )
    assert fit.llf + N * math.log(unit) == pytest.approx(-found.fun, abs=1e-7)
    assert fit.certificate.verdict == "interior"
    law = mle.distribution(fit.family, **fit.params)
    settled = fit.family.determined(*fit.params.values())
    assert settled["meanlog"] == pytest.approx(math.log(fit.params["cut"]) - alpha * sigma**2, rel=1e-9)
    assert settled["weight"] == pytest.approx(law.sf(fit.params["cut"]), rel=1e-12)


def test_the_danish_fire_losses_have_the_published_fit():
    """Posterior medians 1.328, 0.1966, 1.207 under flat priors: example Fire of OpenBUGS, after Scollnik (2007)."""
    x = mle.datasets.load("danish_fire")["loss"]
    start = {"sdlog": 0.2, "alpha": 1.3, "cut": 1.2}  # found without, too
    fit = mle.fit(x, mle.spliced("lognormal", "pareto", join="smooth"), start=start)
    assert [round(fit.params["alpha"], 3), round(fit.params["cut"], 3)] == [1.328, 1.207]
    assert fit.params["sdlog"] == pytest.approx(0.1966, abs=1e-4)
    assert fit.llf == pytest.approx(np.log(scollnik(x, *fit.params.values())).sum(), rel=1e-12)
    assert fit.certificate.verdict == "interior"


def test_a_search_for_a_smooth_tail_of_a_law_with_a_mode_can_begin():
    """Fitted to what is beyond the cut alone, a Burr law rises there to a spike, to which no body can be joined."""
    x = mle.datasets.load("danish_fire")["loss"]
    law = mle.spliced("weibull", "burr12", join="smooth")
    heights = [float(law.logpdf(x, *params).sum()) for params in law.start(mle.Sample(x))]
    assert np.isfinite(heights).any()
    shape, k, c, scale, cut = best = 16.2025212, 0.39451805, 3.6463928, 0.8457002, 0.94650189
    settled = law.determined(*best)
    body, tail = stats.weibull_min(shape, scale=settled["scale"]), stats.burr12(c, k, scale=scale)
    below = np.log1p(-settled["weight"]) + body.logpdf(x) - body.logcdf(cut)
    beyond = np.log(settled["weight"]) + tail.logpdf(x) - tail.logsf(cut)
    assert float(law.logpdf(x, *best).sum()) == pytest.approx(np.where(x <= cut, below, beyond).sum(), rel=1e-10)


def test_a_known_cut_and_a_free_weight_are_three_fits():
    """The share beyond the cut; the body seen up to it; the tail alone."""
    fit = mle.fit(LOSSES, mle.spliced("lognormal", "pareto", at=CUT))
    beyond, below = LOSSES[LOSSES > CUT], LOSSES[LOSSES <= CUT]
    assert fit.params["weight"] == pytest.approx(len(beyond) / N, rel=1e-9)
    assert fit.params["alpha"] == pytest.approx(1 / np.mean(np.log(beyond / CUT)), rel=1e-8)
    body = mle.fit(below, mle.truncated("lognormal", upper=CUT))
    assert [fit.params["meanlog"], fit.params["sdlog"]] == pytest.approx(list(body.params.values()), rel=1e-6)
    tail = len(beyond) * math.log(fit.params["alpha"] / CUT) - (fit.params["alpha"] + 1) * np.log(beyond / CUT).sum()
    share = special.xlogy(len(beyond), len(beyond) / N) + special.xlogy(len(below), len(below) / N)
    assert fit.llf == pytest.approx(body.llf + tail + share, rel=1e-10)


@pytest.mark.parametrize("tail", ["gpd", "exponential"])
def test_a_tail_of_the_excess_is_fitted_to_it(tail):
    fit = mle.fit(LOSSES, mle.spliced("gamma", tail, at=CUT))
    alone = mle.fit(LOSSES[LOSSES > CUT] - CUT, tail)
    names = [name for name in fit.params if name in ("scale_tail", "xi")]
    assert [fit.params[name] for name in names] == pytest.approx(list(alone.params.values()), rel=1e-6)


@pytest.mark.parametrize("join", ["free", "continuous"])
def test_an_estimated_cut_is_the_highest_of_its_profile(join):
    x = 1000 * LOSSES[:150]
    fit = fit_quietly(x, mle.spliced("lognormal", "pareto", join=join))
    assert fit.certificate.verdict == "non_regular"
    assert math.isnan(fit.bse["cut"])
    best = fit.params["cut"]
    for cut in (*np.quantile(x, [0.5, 0.8]), 0.999 * best, 1.001 * best, best):
        known = fit_quietly(x, mle.spliced("lognormal", "pareto", at=float(cut), join=join))
        assert known.llf <= fit.llf + 1e-9
    assert known.llf == pytest.approx(fit.llf, rel=1e-12)


LAWS = {
    "free": mle.distribution("spliced(lognormal, pareto, at=2)", weight=0.3, meanlog=0.2, sdlog=0.6, alpha=1.5),
    "continuous": mle.distribution(
        "spliced(gamma, weibull, at=2, join=continuous)", shape_body=2, scale_body=1, shape_tail=0.8, scale_tail=2
    ),
    "smooth": mle.distribution("spliced(lognormal, pareto, join=smooth)", sdlog=0.6, alpha=3.5, cut=2.0),
    "smooth, of the excess": mle.distribution(
        "spliced(lognormal, gpd, join=smooth)", sdlog=0.6, scale=0.9, xi=0.6, cut=2.0
    ),
    "on the line": mle.distribution("spliced(normal, gpd, at=2)", weight=0.2, mu=1.0, sigma=1.5, scale=0.7, xi=0.1),
}


@pytest.mark.parametrize("name", LAWS)
def test_it_is_a_law(name):
    law = LAWS[name]
    low = -np.inf if name == "on the line" else 0.0
    assert integrate.quad(law.pdf, low, 2)[0] + integrate.quad(law.pdf, 2, np.inf)[0] == pytest.approx(1.0, rel=1e-8)
    p = np.array([1e-9, 0.2, 0.6, 0.95])
    assert law.cdf(law.ppf(p)) == pytest.approx(p, rel=1e-10)
    assert law.sf(law.isf(p)) == pytest.approx(p, rel=1e-10)
    assert law.cdf(1.5) == pytest.approx(integrate.quad(law.pdf, low, 1.5)[0], rel=1e-8)
    assert np.mean(law.rvs(20_000, rng=1) > 2.0) == pytest.approx(law.sf(2.0), abs=0.02)
    beside = law.pdf(np.array([2.0, 2.0 + 1e-12]))
    assert (abs(beside[0] / beside[1] - 1) < 1e-9) == name.startswith(("continuous", "smooth"))
    if name.startswith("smooth"):
        h = 1e-4
        left, right = (law.logpdf(2.0) - law.logpdf(2 - h)) / h, (law.logpdf(2 + h) - law.logpdf(2.0)) / h
        assert left == pytest.approx(right, abs=1e-3)


@pytest.mark.parametrize("name", ["free", "continuous", "on the line"])
def test_scores_are_derivatives(name):
    law, h = LAWS[name].family, 1e-6
    theta, x = np.array(list(LAWS[name].params.values()), float), np.array([0.5, 1.9, 2.5, 9.0])
    found = [(law.logpdf(x, *(theta + s)) - law.logpdf(x, *(theta - s))) / (2 * h) for s in h * np.eye(len(theta))]
    assert np.array(law.score(x, *theta)) == pytest.approx(np.array(found), abs=1e-8)


FORMS = {
    "weighted": (mle.Sample(LOSSES, 1.0 + np.arange(N) % 3), lambda law: (1.0 + np.arange(N) % 3) * law.logpdf(LOSSES)),
    "censored": (
        mle.Sample.right_censored(np.minimum(LOSSES, 6.0), LOSSES < 6.0),
        lambda law: np.where(LOSSES < 6.0, law.logpdf(LOSSES), law.logsf(6.0)),
    ),
    "rounded": (
        mle.Sample.rounded(np.ceil(10 * LOSSES) / 10 - 0.05, 0.1),
        lambda law: np.log(law.cdf(np.ceil(10 * LOSSES) / 10) - law.cdf(np.ceil(10 * LOSSES) / 10 - 0.1)),
    ),
    "truncated": (
        mle.Sample(LOSSES[LOSSES > 0.5]).truncated(lower=0.5),
        lambda law: law.logpdf(LOSSES[LOSSES > 0.5]) - law.logsf(0.5),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_any_form_of_data(form):
    sample, rows = FORMS[form]
    fit = mle.fit(sample, mle.spliced("lognormal", "pareto", at=CUT, join="continuous"))
    assert fit.llf == pytest.approx(float(np.sum(rows(fit.distribution))), rel=1e-10)
    theta = flat(fit.params)
    for step in 0.01 * np.diag(flat(fit.bse)):
        for moved in (theta + step, theta - step):
            near = mle.distribution(fit.family, **dict(zip(fit.params, moved.tolist(), strict=True)))
            assert np.sum(rows(near)) < fit.llf


def test_what_cannot_be_spliced():
    with pytest.raises(mle.errors.ParameterError, match="not inside of both"):
        mle.spliced("lognormal", "pareto", at=-1.0)
    with pytest.raises(mle.errors.ParameterError, match="smooth needs"):
        mle.spliced("normal", "gpd", join="smooth")
    with pytest.raises(mle.errors.ParameterError, match="join"):
        mle.spliced("lognormal", "pareto", join="rough")
    with pytest.raises(mle.errors.DegenerateDataError, match="beyond the cut, 1000"):
        mle.fit(LOSSES[LOSSES < 1000], mle.spliced("lognormal", "pareto", at=1000.0))


def test_a_saved_fit_computes_as_before(tmp_path):
    fit = mle.fit(LOSSES, mle.spliced("lognormal", "pareto", join="smooth"))
    fit.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert loaded.distribution.cdf([1.0, 9.0]).tolist() == fit.distribution.cdf([1.0, 9.0]).tolist()


def test_a_smooth_splice_whose_cut_is_beyond_all_data_is_its_body(tmp_path):
    """The tail has no part in it, and its parameters no values; also in a file."""
    x = np.random.default_rng(3).gamma(2.0, size=100)
    fit = fit_quietly(x, mle.spliced("lognormal", "pareto", join="smooth"))
    body = mle.fit(x, "lognormal")
    assert fit.certificate.limit == "lognormal"
    assert fit.llf == pytest.approx(body.llf, abs=1e-9)
    assert fit.params["cut"] == np.inf
    assert np.isnan(fit.params["alpha"])
    fit.save(tmp_path / "fit.json")
    assert mle.load(tmp_path / "fit.json").params["sdlog"] == body.params["sdlog"]


def test_a_smooth_splice_whose_body_is_a_point_is_its_tail():
    """As it narrows at the cut its share falls to nothing."""
    x = np.random.default_rng(4).pareto(2.0, 100) + 1
    fit, tail = fit_quietly(x, mle.spliced("weibull", "pareto", join="smooth")), mle.fit(x, "pareto")
    assert fit.certificate.limit == "pareto"
    assert fit.llf == pytest.approx(tail.llf, abs=1e-9)
    assert (fit.params["alpha"], fit.params["cut"]) == pytest.approx((tail.params["alpha"], tail.params["xm"]))
    assert fit.params["shape"] == np.inf
