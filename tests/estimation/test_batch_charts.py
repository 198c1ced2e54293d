"""Groups that are maximised in the parameters of a chart have what the ordinary fit says of each."""

import numpy as np
import pytest

import mle_toolkit as mle
from mle_toolkit.data.groups import Groups
from mle_toolkit.estimation import batch
from mle_toolkit.estimation.batch import settle_groups
from mle_toolkit.estimation.batch_charts import ChartedGroups
from mle_toolkit.estimation.vectorised import is_vectorised
from mle_toolkit.fitting import fit_without_warning
from mle_toolkit.likelihood.kernels.groups import AT_LIMIT, SETTLED

SOURCES = {
    "own": lambda rng: rng.gamma(2.0, size=60) ** 0.7,
    "inverse": lambda rng: 1e6 / rng.gamma(2.0, size=60),
    "lognormal": lambda rng: 1e-6 * rng.lognormal(0.0, 1.0, 60),
    "rounded": lambda rng: np.round(rng.gamma(3.0, size=60), 1) + 0.1,
    "bunched below an end": lambda rng: rng.beta(6.0, 1.2, 60),
    "few": lambda rng: rng.gamma(2.0, size=5),
}


@pytest.mark.parametrize("compiled", [True, False])
def test_groups_of_a_law_with_a_chart_are_settled_as_one_by_one(compiled, monkeypatch):
    """Of data of its own and others, in any unit, weighted too."""
    monkeypatch.setattr(batch, "COMPILED_GROUP_ROWS", 0 if compiled else 10**9)
    rng = np.random.default_rng(11)
    parts = [source(rng) for source in SOURCES.values() for _ in range(3)]
    offsets = np.cumsum([0, *map(len, parts)])
    x = np.concatenate(parts)
    law = mle.get_family("generalized_gamma")
    assert is_vectorised(law)
    for weight in (None, rng.integers(1, 4, len(x)).astype(float)):
        groups = Groups(x, weight, offsets)
        settled = settle_groups(law, groups)
        assert np.count_nonzero(settled.status == SETTLED) >= 10
        for g in np.flatnonzero(settled.status == SETTLED):
            fit = fit_without_warning(groups.sample(g), law)
            assert fit.certificate.verdict == "interior"
            assert np.all(np.abs(settled.theta[g] - fit._theta) <= 1e-6 * fit._bse)
            assert settled.se[g] == pytest.approx(fit._bse, rel=1e-5)
            assert settled.llf[g] == pytest.approx(fit.llf, rel=1e-10, abs=1e-8)


@pytest.mark.parametrize("compiled", [True, False])
def test_groups_of_johnson_s_law_are_settled_as_one_by_one_at_its_limits_too(compiled, monkeypatch):
    """Of its own data and others, leaning to either side, in any unit; those of a few rows are left open."""
    monkeypatch.setattr(batch, "COMPILED_GROUP_ROWS", 0 if compiled else 10**9)
    law, rng = mle.get_family("johnson_su"), np.random.default_rng(4)
    own = mle.distribution(law, gamma=-1.0, delta=1.5, loc=1.0, scale=2.0)
    parts = [unit * np.asarray(own.rvs(size=100, rng=rng), dtype=float) for unit in (1.0, -1e6, 1e-6)]
    parts += [rng.gamma(3.0, size=60), -rng.gamma(3.0, size=60), np.round(rng.lognormal(size=80), 1)]
    parts += [1e-6 * rng.lognormal(0.0, 0.4, 60)]
    parts += [rng.normal(size=9), np.ones(30), np.repeat([1.0, 2.0, 3.0], 10)]
    groups = Groups(np.concatenate(parts), None, np.cumsum([0, *map(len, parts)]))
    settled = settle_groups(law, groups)
    assert np.count_nonzero(settled.status == SETTLED) >= 2
    assert {AT_LIMIT + 1, AT_LIMIT + 2} <= set(settled.status.tolist())
    assert not settled.status[-3:].any()
    for g in np.flatnonzero(settled.status):
        fit = fit_without_warning(groups.sample(g), law)
        at_limit = settled.status[g] >= AT_LIMIT
        assert fit.certificate.verdict == ("boundary" if at_limit else "interior")
        known = np.isfinite(fit._bse)
        assert np.isnan(settled.se[g][~known]).all()
        assert np.array_equal(settled.theta[g][~known], fit._theta[~known])
        assert np.all(np.abs(settled.theta[g][known] - fit._theta[known]) <= 1e-6 * fit._bse[known])
        assert settled.se[g][known] == pytest.approx(fit._bse[known], rel=1e-5)
        assert settled.llf[g] == pytest.approx(fit.llf, rel=1e-10, abs=1e-8)


def test_the_likelihood_of_logs_is_that_of_the_rows_but_for_the_jacobian():
    """And errors are those of the parameters declared."""
    law, rng = mle.get_family("generalized_gamma"), np.random.default_rng(2)
    groups = Groups(1e3 * rng.gamma(2.0, size=12), rng.integers(1, 4, 12).astype(float), np.array([0, 5, 12]))
    charted = ChartedGroups.of(law, groups)
    theta = np.array([[0.2, 0.7, 0.4], [-0.1, 0.9, -0.6]])
    declared = charted.to_declared(theta, np.arange(2))
    rows = [np.repeat(v, groups.counts) for v in theta.T]
    here = charted.groups.sums(groups.weight * charted.law.logpdf(charted.groups.x, *rows)) + charted.log_jacobian
    rows = [np.repeat(v, groups.counts) for v in declared.T]
    assert here == pytest.approx(groups.sums(groups.weight * law.logpdf(groups.x, *rows)), rel=1e-12)
    step = 1e-6
    for k in range(3):
        roots = np.zeros((2, 3, 3))
        roots[:, k, 0] = step
        moved = theta + step * np.eye(3)[k]
        change = np.abs(charted.to_declared(moved, np.arange(2)) - declared)
        assert charted.errors(theta, roots, np.arange(2)) == pytest.approx(change, rel=1e-4, abs=1e-12)


def test_a_law_without_a_chart_is_as_it_is_declared():
    """Neither rows nor parameters are others, nor are those of a law whose chart has none for groups."""
    groups = Groups(np.arange(1.0, 9.0), None, np.array([0, 4, 8]))
    for name in ("gamma", "exponentiated_weibull"):
        charted = ChartedGroups.of(mle.get_family(name), groups)
        assert charted.law is charted.family
        assert charted.groups is groups
        assert not charted.log_jacobian.any()
        theta = np.ones((2, 3))
        assert charted.to_declared(theta, np.arange(2)) is theta
        assert charted.errors(theta, np.full((2, 3, 3), 2.0), np.arange(2)) == pytest.approx(np.sqrt(12.0))


def test_a_group_beside_the_law_that_a_chart_passes_through_stays_open():
    """The maximum is so near the lognormal law that the scale is lost, and the ordinary fit reports that law."""
    law = mle.get_family("generalized_gamma")
    groups = Groups(np.ones(3), None, np.arange(4))
    theta = np.array([[0.0, 1.0, 0.02], [0.0, 1.0, 0.3], [0.0, 1.0, -0.02]])
    declared = ChartedGroups.of(law, groups).to_declared(theta, np.arange(3))
    assert np.isfinite(declared).all(axis=1).tolist() == [False, True, False]
    u = (np.arange(80) + 0.5) / 80
    x = np.asarray(mle.distribution("lognormal", meanlog=0.0, sdlog=1.0).ppf(u), dtype=float)
    assert settle_groups(law, Groups(x, None, np.array([0, 80]))).status[0] != SETTLED
    assert fit_without_warning(Groups(x, None, np.array([0, 80])).sample(0), law).certificate.verdict == "boundary"
