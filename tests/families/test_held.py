"""SciPy's laws with a kink, or an end where the density is positive: the maximum is at an observation."""

import itertools

import numpy as np
import pytest
from scipy import optimize, stats

import mle_toolkit as mle
from mle_toolkit.errors import FitWarning, UnboundedLikelihoodError

RNG = np.random.default_rng(20)
LAPLACE = RNG.laplace(3.0, 2.0, size=60)


def free(dist, **constants):
    return mle.get_family(dist, loc=None, **constants)


def highest(logpdf, starts):
    """Independent search: Nelder and Mead's, from several starts; log-likelihood."""
    with np.errstate(all="ignore"):
        runs = [
            optimize.minimize(lambda u: min(-logpdf(*u), 1e300), u, method="Nelder-Mead", options={"maxiter": 2_000})
            for u in starts
        ]
    return -min(run.fun for run in runs)


@pytest.mark.parametrize("n", [21, 60])
@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
def test_laplace_is_at_a_median_of_the_data_as_ours_is(n, scale):
    x = LAPLACE[:n] * scale
    found, ours = mle.fit(x, free(stats.laplace)), mle.fit(x, "laplace")
    assert found.certificate.verdict == "non_regular"
    assert "kink" in found.certificate.message
    assert found.llf == pytest.approx(ours.llf, abs=1e-9)
    assert found.params["loc"] in x
    assert found.params["scale"] == pytest.approx(ours.params["scale"], rel=1e-8)
    assert found.bse["scale"] == pytest.approx(ours.bse["scale"], rel=1e-5)
    assert np.isnan(found.bse["loc"])


def test_an_asymmetric_laplace_law_is_at_the_best_of_all_observations():
    x = stats.laplace_asymmetric.rvs(1.5, 3.0, 2.0, size=30, random_state=1)
    found = mle.fit(x, free(stats.laplace_asymmetric))
    best = max(
        highest(lambda k, s, at=at: np.sum(stats.laplace_asymmetric.logpdf(x, np.exp(k), at, np.exp(s))), [(0.0, 0.5)])
        for at in x
    )
    assert found.certificate.verdict == "non_regular"
    assert found.llf == pytest.approx(best, abs=1e-6)
    assert found.params["loc"] in x


@pytest.mark.parametrize(
    ("dist", "shapes", "held"),
    [
        (stats.uniform, (), "lower end .* upper end"),
        (stats.pareto, (3.0,), "lower end"),
        (stats.powerlaw, (2.5,), "upper end"),
        (stats.genpareto, (0.1,), "lower end"),
        (stats.truncexpon, (3.0,), "lower end .* upper end"),
        (stats.loglaplace, (3.5,), "kink"),
        (stats.triang, (0.3,), "kink"),
    ],
    ids=lambda item: getattr(item, "name", ""),
)
def test_ends_and_kinks_stop_at_observations(dist, shapes, held):
    """No lower than SciPy's own fit and a search from its end; the reported law holds every observation."""
    x = dist.rvs(*shapes, loc=3.0, scale=2.0, size=80, random_state=5)
    found = mle.fit(x, free(dist))
    assert found.certificate.verdict in {"non_regular", "local"}
    assert found.certificate.irregular
    assert np.sum(found.distribution.logpdf(x)) == pytest.approx(found.llf, abs=1e-8)
    at = list(found.params.values())
    near = highest(lambda *theta: np.sum(dist.logpdf(x, *theta)), [at, [*at[:-1], at[-1] * 1.01], dist.fit(x)])
    assert near <= found.llf + 1e-6
    if found.certificate.verdict == "non_regular":
        assert [word for word in held.split(" .* ") if word not in found.certificate.message] == []


def test_a_kink_is_held_among_censored_values_too():
    t, event = np.minimum(LAPLACE, 4.0), LAPLACE <= 4.0
    found, ours = (
        mle.fit(mle.Sample.right_censored(t, event), law) for law in (free(stats.laplace), mle.get_family("laplace"))
    )
    assert found.certificate.verdict == "non_regular"
    assert found.llf == pytest.approx(ours.llf, abs=1e-8)
    assert found.params["loc"] in t


def test_where_no_observation_can_be_at_loc_the_gaps_are_searched():
    x = stats.dweibull.rvs(2.1, 3.0, 2.0, size=40, random_state=3)
    with pytest.warns(FitWarning, match="as loc moves to an observation"):
        found = mle.fit(x, free(stats.dweibull))
    s = np.sort(x)
    best = max(
        highest(
            lambda c, v, t, a=a, b=b: np.sum(
                stats.dweibull.logpdf(x, 1 + np.exp(c), a + (b - a) / (1 + np.exp(-v)), np.exp(t))
            ),
            [(0.0, 0.0, 0.6)],
        )
        for a, b in itertools.pairwise(s[8:-8])
    )
    assert found.certificate.verdict == "local"
    assert found.llf >= best - 1e-6


def test_poles_at_both_ends_leave_no_maximum():
    x = stats.arcsine.rvs(3.0, 2.0, size=50, random_state=1)
    with pytest.raises(UnboundedLikelihoodError, match="as loc moves the end of the support onto the observation"):
        mle.fit(x, free(stats.arcsine))


def test_a_law_held_at_an_observation_is_saved_and_drawn_from(tmp_path):
    found = mle.fit(LAPLACE, free(stats.laplace))
    found.save(tmp_path / "fit.json")
    loaded = mle.load(tmp_path / "fit.json")
    assert loaded.distribution.logpdf(1.0) == found.distribution.logpdf(1.0)
    assert loaded.certificate == found.certificate
    drawn = found.bootstrap(6, kind="parametric", rng=1)
    assert drawn.n_failed == 0
    assert len(np.unique(drawn.replicates[:, 0])) > 1


def test_the_other_parameter_may_be_known():
    found = mle.fit(LAPLACE, free(stats.laplace), fixed={"scale": 2.0})
    assert found.params["scale"] == 2.0
    assert found.params["loc"] in LAPLACE
    assert found.certificate.verdict == "non_regular"


def test_a_threshold_of_drawn_samples_goes_with_their_own_extremes():
    """The domain of loc ends at the smallest value, which is another one in every sample."""
    x = stats.genpareto.rvs(0.1, 5.0, 2.0, size=40, random_state=1)
    found = mle.fit(x, free(stats.genpareto))
    drawn = found.bootstrap(6, kind="parametric", rng=1)
    assert drawn.n_failed <= 1
    place = found.family.param_names.index("loc")
    assert np.nanmin(drawn.replicates[:, place]) >= found.params["loc"] - 1e-9
    assert np.nanmax(drawn.replicates[:, place]) > found.params["loc"]


def test_logs_of_tails_need_no_quantile(monkeypatch):
    """SciPy's default takes the median first, which for argus is a root for each value: a search took minutes."""
    law = mle.get_family(stats.argus)
    x = np.array([1e-4, 0.2, 0.6, 0.99, 1.8, 1.999])
    expected = np.log(stats.argus.cdf(x, 1.3, scale=2.0)), np.log(stats.argus.sf(x, 1.3, scale=2.0))
    monkeypatch.setattr(type(stats.argus), "_ppf", None)
    np.testing.assert_allclose(law.logcdf(x, 1.3, 2.0), expected[0], rtol=1e-9)
    np.testing.assert_allclose(law.logsf(x, 1.3, 2.0), expected[1], rtol=1e-9)


def test_the_likelihood_of_intervals_alone_has_a_bound():
    law = free(stats.burr)
    assert law.unbounded(mle.Sample.intervals([1.0, 2.0], [2.0, 3.0]), {}) is None
    assert "without bound" in law.unbounded(mle.Sample([1.0, 2.0, 4.0]), {})
