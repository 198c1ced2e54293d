"""Regressions whose coefficients run to infinity, whose columns are collinear, or whose law concentrates on a row."""

import numpy as np
import pytest
from scipy import optimize, special, stats

import mle_toolkit as mle
from mle_toolkit.errors import FitWarning, NoMaximumError, UnboundedLikelihoodError
from mle_toolkit.likelihood.designs import relations


@pytest.fixture
def rng():
    return np.random.default_rng(20_240_601)


def grouped(rng, n=240, k=4):
    """A design of dummies and one covariate, and the group of each row."""
    group, z = np.arange(n) % k, rng.normal(size=n)
    return group, z, np.column_stack([np.ones(n), *(group == j for j in range(1, k)), z]).astype(float)


def test_complete_separation_is_refused_with_the_covariate_and_the_rows():
    x = np.linspace(0.0, 8.0, 41)
    frame = {"x": x, "y": (x > 4.2).astype(float)}
    with pytest.raises(
        UnboundedLikelihoodError,
        match=r"x separates y: in all 19 rows with x > 4\.\d* the observation is 1, in all 22 others .* 0\. .*Remove x",
    ) as refused:
        mle.regress("y ~ x", frame, "bernoulli")
    assert refused.value.certificate.verdict == "unbounded"


def test_separation_by_several_covariates_is_refused_with_the_direction(rng):
    x, z = rng.normal(size=(2, 80))
    frame = {"x": x, "z": z, "y": np.where(2 * x - z > 0.3, 5.0, 0.0)}
    with pytest.raises(UnboundedLikelihoodError, match=r"the covariates separate y: of .*Remove one of x, z"):
        mle.regress("y ~ x + z", frame, "binomial", n=5)


def test_one_row_on_the_other_side_is_no_separation():
    """The maximum is far out, where 1 - p has no digits left as a difference from 1, and is found."""
    x = np.linspace(-3.0, 3.0, 61)
    y = (x > 0.05).astype(float)
    y[29] = 1.0
    fit = mle.regress(y, np.column_stack([np.ones(61), 10 * x]), "bernoulli")
    assert fit.certificate.verdict == "interior"
    eta = fit.params["p"].iloc[0] + fit.params["p"].iloc[1] * 10 * x
    residual = np.where(y == 1, special.expit(-eta), -special.expit(eta))
    np.testing.assert_allclose([residual.sum(), residual @ x], 0.0, atol=1e-9)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog", "cauchit"])
def test_quasi_separation_leaves_the_fit_of_the_other_rows(rng, link):
    import statsmodels.api as sm

    group, z, design = grouped(rng)
    y = (rng.uniform(size=len(z)) < special.expit(z)).astype(float)
    y[group == 1], y[group == 2] = 1.0, 0.0
    with pytest.warns(mle.FitWarning, match=r"p\[x1\] -> ∞, p\[x2\] -> -∞"):
        fit = mle.regress(y, design, "bernoulli", links={"p": link})
    assert fit.certificate.verdict == "boundary"
    assert fit.certificate.boundary == ("p[x1]", "p[x2]")
    rest = (group == 0) | (group == 3)
    kind = {"logit": "Logit", "probit": "Probit", "cloglog": "CLogLog", "loglog": "LogLog", "cauchit": "Cauchy"}[link]
    family = sm.families.Binomial(getattr(sm.families.links, kind)())
    peer = sm.GLM(y[rest], design[rest][:, [0, 3, 4]], family).fit(tol=1e-14, maxiter=200)
    got = fit.params["p"].to_numpy()
    np.testing.assert_allclose(got[[0, 3, 4]], peer.params, rtol=1e-6)
    assert list(got[1:3]) == [np.inf, -np.inf]
    assert fit.llf == pytest.approx(peer.llf, abs=1e-8)
    assert np.isnan(fit.bse["p"].to_numpy()[1:3]).all()
    if link == "logit":
        np.testing.assert_allclose(fit.bse["p"].to_numpy()[[0, 3, 4]], peer.bse, rtol=1e-6)


def test_a_base_level_without_events_takes_the_contrasts_with_it(rng):
    group, z, design = grouped(rng)
    y = rng.poisson(np.exp(0.5 + 0.3 * z)).astype(float)
    y[group == 0] = 0.0
    with pytest.warns(mle.FitWarning):
        fit = mle.regress(y, design, "poisson")
    rest = group > 0
    other = mle.regress(y[rest], design[rest][:, [0, 2, 3, 4]], "poisson")
    assert fit.llf == pytest.approx(other.llf, abs=1e-8)
    assert list(fit.params["mu"])[:4] == [-np.inf, np.inf, np.inf, np.inf]
    assert fit.params["mu"].iloc[4] == pytest.approx(other.params["mu"].iloc[3], abs=1e-8)
    assert fit.bse["mu"].iloc[4] == pytest.approx(other.bse["mu"].iloc[3], rel=1e-6)


def test_rows_on_the_border_of_quasi_separation_keep_their_share():
    """All rows with x > 0 are 1 and all with x < 0 are 0; those with x = 0 give the intercept: 3 of 7."""
    x = np.r_[np.zeros(7), np.linspace(0.5, 3.0, 20), -np.linspace(0.5, 3.0, 15)]
    y = np.r_[[1.0] * 3 + [0.0] * 4, np.ones(20), np.zeros(15)]
    with pytest.warns(mle.FitWarning):
        fit = mle.regress("y ~ x", {"x": x, "y": y}, "bernoulli")
    assert fit.llf == pytest.approx(3 * np.log(3 / 7) + 4 * np.log(4 / 7), abs=1e-10)
    assert list(fit.params["p"]) == [pytest.approx(np.log(3 / 4), abs=1e-8), np.inf]
    assert fit.bse["p"].iloc[0] == pytest.approx(np.sqrt(1 / 3 + 1 / 4), rel=1e-6)


def test_a_group_that_is_always_censored_lives_for_ever(rng):
    group, z, design = grouped(rng)
    time, event = rng.weibull(1.5, len(z)) * np.exp(0.2 * z), rng.uniform(size=len(z)) < 0.7
    event[group == 2] = False
    with pytest.warns(mle.FitWarning, match=r"scale\[x2\] -> ∞: in all 60 rows whose predictor rises .*right-censored"):
        fit = mle.regress(mle.Sample.right_censored(time, event), design, "weibull")
    rest = group != 2
    other = mle.regress(mle.Sample.right_censored(time[rest], event[rest]), design[rest][:, [0, 1, 3, 4]], "weibull")
    assert fit.llf == pytest.approx(other.llf, abs=1e-8)
    assert fit.bse["shape"] == pytest.approx(other.bse["shape"], rel=1e-5)


def test_zeros_that_are_all_structural_in_a_group_are_said(rng):
    group, z, design = grouped(rng)
    y = (rng.poisson(np.exp(1 + 0.3 * z)) * (rng.uniform(size=len(z)) < 0.7)).astype(float)
    y[group == 1] = 0.0
    with pytest.warns(mle.FitWarning, match=r"pi\[x1\] -> ∞"):
        fit = mle.regress(y, design[:, [0, 4]], "zip", pi=design[:, :4])
    rest = group != 1
    other = mle.regress(y[rest], design[rest][:, [0, 4]], "zip", pi=design[rest][:, [0, 2, 3]])
    assert fit.llf == pytest.approx(other.llf, abs=1e-8)
    np.testing.assert_allclose(fit.params["mu"], other.params["mu"], atol=1e-6)


def test_overdispersion_and_zeros_by_formula_end_at_their_limits(rng):
    z = rng.normal(size=200)
    design = np.column_stack([np.ones(200), z])
    y = rng.binomial(6, 0.5, 200).astype(float)
    plain = mle.regress(y, design, "poisson")
    for family, other in (("negbin", "size"), ("zip", "pi")):
        with pytest.warns(mle.FitWarning, match=f"where {family} is poisson"):
            fit = mle.regress(y, design, family, **{other: design})
        assert fit.certificate.verdict == "boundary"
        assert fit.llf == pytest.approx(plain.llf, abs=1e-9)
        np.testing.assert_allclose(fit.bse["mu"], plain.bse["mu"], rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_an_infinite_coefficient_has_an_interval_of_one_end(unit):
    """None of 12 against 5 of 10: the judge profiles the likelihood written out, over the base level's log-odds."""
    frame = {"y": np.r_[np.zeros(12), np.ones(5), np.zeros(5)], "x": np.r_[np.ones(12), np.zeros(10)] * unit}
    with pytest.warns(mle.FitWarning):
        fit = mle.regress("y ~ x", frame, "bernoulli")

    def deviance(b):
        def nll(a):
            return -(5 * special.log_expit(a) + 5 * special.log_expit(-a) + 12 * special.log_expit(-a - b))

        return 2 * (10 * np.log(0.5) + optimize.minimize_scalar(nll, bracket=(-1, 1), tol=1e-13).fun)

    end = optimize.brentq(lambda b: deviance(b) - stats.chi2.ppf(0.95, 1), -10, 3)
    profile = fit.profile("p[x]")
    assert profile.lower.value == -np.inf
    assert profile.upper.value * unit == pytest.approx(end, rel=1e-6)
    middle = len(profile.values) // 2
    at = profile.values[middle] * unit
    assert 2 * (fit.llf - profile.loglik[middle]) == pytest.approx(deviance(at), abs=1e-7)


# --- collinear columns ------------------------------------------------------------------------------------------------


def test_collinear_columns_are_refused_with_their_relation(rng):
    x, z = rng.normal(size=(2, 50))
    frame = {"x": x, "z": z, "x2": 2 * x + 1, "w": x - 3 * z, "y": rng.poisson(2, 50).astype(float)}
    with pytest.raises(NoMaximumError, match=r"x2 = 2 x \+ 1; w = x - 3 z; .*Leave out x2, w") as refused:
        mle.regress("y ~ x + z + x2 + w", frame, "poisson")
    assert refused.value.certificate.verdict == "not_identified"


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_relations_do_not_depend_on_units(rng, unit):
    x, z = rng.normal(size=(2, 60))
    design = np.column_stack([np.ones(60), unit * x, z, unit * (3 * x + 1e3), np.full(60, 7.0), x * x])
    seen = relations(design, 0)
    assert seen.kept == (0, 1, 2, 5)
    assert seen.dropped == (3, 4)
    np.testing.assert_allclose(design[:, seen.kept] @ seen.weights, design[:, seen.dropped], rtol=1e-9)
    assert seen.written("1abcde", 0) == (f"c = 3 a + {1e3 * unit:.6g}", "d = 7")


def test_columns_that_are_only_nearly_collinear_are_kept(rng):
    x = rng.normal(size=60)
    assert relations(np.column_stack([np.ones(60), x, x + 1e-6 * rng.normal(size=60)]), 0).dropped == ()
    time = 1.6e9 + 1e3 * rng.normal(size=60)
    assert relations(np.column_stack([np.ones(60), time]), 0).dropped == ()


# --- laws that concentrate --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("family", "other"), [("normal", "sigma"), ("gamma", "shape"), ("weibull", "shape")])
def test_a_perfect_fit_is_refused(rng, family, other):
    x = rng.normal(size=30)
    y = 1 + 2 * x if family == "normal" else np.exp(1 + 2 * x)
    with pytest.raises(UnboundedLikelihoodError, match="fit all 30 observations exactly"):
        mle.regress(y, np.column_stack([np.ones(30), x]), family)


@pytest.mark.parametrize(
    ("family", "other", "of"),
    [("lognormal", "sdlog", np.exp), ("logit_normal", "sigma", lambda z: 1 / (1 + np.exp(-z)))],
)
def test_a_spread_of_one_row_of_logs_is_said(rng, family, other, of):
    alone = np.column_stack([np.ones(30), np.arange(30) == 7]).astype(float)
    with pytest.raises(UnboundedLikelihoodError, match=f"row 7 alone determines the {other}"):
        mle.regress(of(rng.normal(size=30)), alone, family, **{other: alone})


def test_a_spread_of_one_row_is_said(rng):
    y = rng.normal(size=30)
    alone = np.column_stack([np.ones(30), np.arange(30) == 7]).astype(float)
    with pytest.raises(UnboundedLikelihoodError, match="row 7 alone determines the sigma"):
        mle.regress(y, alone, "normal", sigma=alone)
    with pytest.warns(mle.FitWarning, match="row 7 alone determines the sigma"):
        fit = mle.regress(y, alone[:, :1], "normal", sigma=alone)
    assert fit.certificate.verdict == "local"
    # The judge: through that observation the likelihood is as high as one likes.
    heights = [np.sum(stats.norm.logpdf(y, y[7], np.where(alone[:, 1] == 1, s, 1.0))) for s in (1e-20, 1e-40, 1e-60)]
    assert heights[0] < heights[1] < heights[2]
    assert heights[2] > fit.llf


# --- what a fit at such a limit can do --------------------------------------------------------------------------------


def test_a_fit_at_its_limit_predicts_tests_and_is_saved(tmp_path):
    """All but the coefficient that is infinite is that of the regression of the other rows."""
    rng = np.random.default_rng(0)
    group, z = np.arange(90) % 3, rng.normal(size=90)
    frame = {"g": np.array(list("abc"))[group], "z": z, "y": np.where(group == 1, 0, rng.poisson(2, 90)).astype(float)}
    with pytest.warns(mle.FitWarning):
        fit = mle.regress("y ~ g + z", frame, "poisson")
    rest = group != 1
    other = mle.regress("y ~ g + z", {name: column[rest] for name, column in frame.items()}, "poisson")
    new = {"g": np.array(["a", "b", "c"]), "z": np.array([0.5, 0.5, -1.0])}
    expected = other.predict({name: column[[0, 2]] for name, column in new.items()})
    fit.save(tmp_path / "fit.json")
    for one in (fit, mle.load(tmp_path / "fit.json")):
        got = np.asarray(one.predict(new))
        np.testing.assert_allclose(got[[0, 2]], expected, rtol=1e-8)
        assert got[1] < 1e-100
    theirs = other.conf_int(method="profile")
    mine = fit.conf_int(method="profile")
    np.testing.assert_allclose(mine.loc[theirs.index], theirs, atol=1e-5)
    assert mine.loc["mu[g[T.b]]", "lower"] == -np.inf
    np.testing.assert_allclose(fit.influence()["mu[z]"][rest], other.influence()["mu[z]"], atol=1e-8)
    table = fit.anova()
    assert np.isfinite(table.to_numpy(dtype=float)).all()
    assert "-∞" in str(fit.summary())


@pytest.mark.parametrize(("law", "options"), [("poisson", {}), ("zip", {}), ("zip", {"pi": "~ z"}), ("geometric", {})])
def test_outcomes_that_are_all_at_one_end_are_said(rng, law, options):
    """Not a limit of the law with a far coefficient as if it were an estimate."""
    frame = {"z": rng.normal(size=40), "y": np.zeros(40)}
    said = "in all 40 rows the observation is 0, so that the predictor of .* without end by the intercept alone"
    with pytest.raises(UnboundedLikelihoodError, match=said):
        mle.regress("y ~ z", frame, law, **options)


def test_a_group_of_zeros_says_nothing_of_positive_counts(rng):
    """The positive part of a hurdle law is seen in positive rows only."""
    group, z, design = grouped(rng, n=120, k=3)
    y = np.where(group == 2, 0, rng.poisson(np.exp(1 + 0.3 * z))).astype(float)
    y[:6] = 0.0
    with pytest.raises(NoMaximumError, match=r"whatever mu is, and in the others x2 = 0; .* fixed=.'mu\[x2\]': 0."):
        mle.regress(y, design, mle.hurdle("poisson"), pi=design[:, :3])
    with pytest.warns(mle.FitWarning, match=r"pi\[x2\] -> ∞"):
        fit = mle.regress(y, design, mle.hurdle("poisson"), pi=design[:, :3], fixed={"mu[x2]": 0.0})
    positive, rest = y > 0, group < 2
    counts = mle.regress(y[positive], design[positive][:, [0, 1, 3]], mle.zero_truncated("poisson"))
    zeros = mle.regress((y[rest] == 0).astype(float), design[rest][:, :2], "bernoulli")
    assert fit.llf == pytest.approx(counts.llf + zeros.llf, abs=1e-8)
    np.testing.assert_allclose(fit.params["mu"][["x0", "x1", "x3"]], counts.params["mu"], rtol=1e-6)
    with pytest.raises(NoMaximumError, match="the data say nothing of mu"):
        mle.regress(np.zeros(120), design, mle.hurdle("poisson"), pi=design[:, :3])


@pytest.mark.parametrize(
    ("law", "second", "side", "wide"),
    [("loglogistic", "shape", "right", 0.6), ("weibull", "shape", "left", 0.4)],
)
def test_a_group_all_censored_leaves_the_fit_of_the_others(rng, law, second, side, wide):
    """Nothing is known of its spread either, as its location has run off; the others are as if it were not there."""
    n = 60
    frame = {"x": rng.normal(size=n), "g": np.repeat(["a", "b"], n // 2)}
    frame["y"] = np.exp(1 + 0.5 * frame["x"] + wide * rng.normal(size=n))
    frame["seen"] = (rng.uniform(size=n) < 0.8) & (frame["g"] == "b")
    with pytest.warns(mle.FitWarning, match=rf"{second}\[Intercept\] -> .*{second}\[g\[T.b\]\] -> .* all 30 rows"):
        fit = mle.regress(f"{side}_censored(y, seen) ~ x + g", frame, law, **{second: "~ g"})
    assert fit.certificate.verdict == "boundary"
    rest = {name: column[n // 2 :] for name, column in frame.items()}
    alone = mle.regress(f"{side}_censored(y, seen) ~ x", rest, law, **{second: "~ 1"})
    np.testing.assert_allclose(fit.llf, alone.llf, rtol=1e-9)
    first = next(name for name in fit.params if name != second)
    np.testing.assert_allclose(fit.params[first]["x"], alone.params[first]["x"], rtol=1e-5)


@pytest.mark.parametrize(
    ("law", "second", "of"),
    [
        ("weibull", "shape", lambda mu, s: stats.weibull_min(np.exp(s), scale=np.exp(mu))),
        ("gamma", "shape", lambda mu, s: stats.gamma(np.exp(s), scale=np.exp(mu - s))),
        ("lognormal", "sdlog", lambda mu, s: stats.lognorm(np.exp(s), scale=np.exp(mu))),
    ],
)
@pytest.mark.parametrize("unit", [1.0, 1e-6])
def test_a_group_all_censored_that_leaves_the_others_little_room_is_named(law, second, of, unit):
    """The steeper its law, the nearer they may be to their scale: a supremum with a bound on the others."""
    rng = np.random.default_rng(0)
    x, seen = rng.normal(size=40), (np.arange(40) % 2).astype(float)
    lives, ends = np.exp(1 + 0.5 * x + 0.5 * rng.gumbel(size=40)), rng.exponential(6, 40)
    time, event = np.minimum(lives, ends), (lives <= ends) & (seen == 1)
    frame = {"x": x, "seen": seen, "time": unit * time, "event": event}
    with pytest.warns(mle.FitWarning, match=rf"as {second}\[Intercept\], {second}\[seen\] runs off"):
        fit = mle.regress("right_censored(time, event) ~ x", frame, law, **{second: "~ seen"})
    assert fit.certificate.verdict == "not_identified"
    mine = seen == 1

    def loss(at):
        one = of(at[0] + at[1] * x, at[2])
        return -np.sum(np.where(event, one.logpdf(time), one.logsf(time))[mine])

    room = {"type": "ineq", "fun": lambda at: (at[0] + at[1] * x - np.log(time))[~mine]}
    judge = optimize.minimize(loss, [3.0, 0.5, 0.0], method="SLSQP", constraints=[room], options={"ftol": 1e-14})
    assert fit.llf + np.log(unit) * event.sum() == pytest.approx(-judge.fun, abs=1e-8)
    main = next(name for name in fit.params if name != second)
    np.testing.assert_allclose(fit.params[main] - [np.log(unit), 0], judge.x[:2], atol=1e-5)
    assert optimize.minimize(loss, judge.x).fun < judge.fun - 0.1


def test_a_group_of_zeros_ends_where_the_law_is_one_that_it_contains():
    """Generalized Poisson laws of little variance need a theta above -lam, which a group of zeros takes to 0."""
    rng = np.random.default_rng(1)
    counts = np.concatenate([rng.poisson(3, 40), np.zeros(20, dtype=int), rng.poisson(5, 40)])
    frame = {"y": counts, "g": np.repeat(["a", "b", "c"], [40, 20, 40])}
    with pytest.warns(FitWarning, match="all 20 rows whose predictor falls the observation is 0.*at lam = 0, where it"):
        fit = mle.regress("y ~ g", frame, "generalized_poisson")
    with pytest.warns(FitWarning):
        poisson = mle.regress("y ~ g", frame, "poisson")
    assert fit.certificate.ok
    assert fit.llf == pytest.approx(poisson.llf, rel=1e-12)
    assert fit.params["theta"]["g[T.b]"] == -np.inf
    assert fit.params["lam"] == 0.0
    assert fit.params["theta"]["g[T.c]"] == pytest.approx(poisson.params["mu"]["g[T.c]"], rel=1e-8)
    assert fit.bse["theta"]["g[T.c]"] == pytest.approx(poisson.bse["mu"]["g[T.c]"], rel=1e-6)
    assert fit.df_model == poisson.df_model + 1
