"""What is settled for many groups at once is what the ordinary fit says of each."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from strategies import LAWS, draw_params

import mle_toolkit as mle
from mle_toolkit.data.groups import Groups, ranges
from mle_toolkit.estimation import batch
from mle_toolkit.estimation.batch import settle_groups
from mle_toolkit.estimation.vectorised import is_vectorised
from mle_toolkit.fitting import fit_without_warning
from mle_toolkit.likelihood.kernels import group_twin, uniform
from mle_toolkit.likelihood.kernels.groups import AT_LIMIT, OPEN, SETTLED, has_compiled_groups
from mle_toolkit.likelihood.unit import GroupUnits

ONE_BY_ONE = {
    "asymmetric_laplace", "categorical", "discrete_uniform", "generalized_normal", "laplace", "pareto", "power",
    "power_law_cutoff", "triangular", "uniform", "von_mises", "zeta_cutoff",
}  # fmt: skip
"""Laws whose maximum is at an end or a kink, or is a vector or an angle; or on sums, without a closed form."""

VECTORISED = [law for law in LAWS if law.name not in ONE_BY_ONE]
UNITS = (1.0, 1e-30, 1e40)


def groups_of(law, seed, n_groups=24, *, weighted=False):
    """Groups of a law at parameters of their own: of one row, two, a few and many, in several units."""
    rng = np.random.default_rng(seed)
    parts = []
    for g in range(n_groups):
        n = (1, 2, 3, 8, 30, 60)[g % 6] if g < 12 else 60
        x = np.asarray(mle.distribution(law, **draw_params(law, rng)).rvs(size=n, rng=rng), dtype=float)
        parts.append(x * UNITS[g % 3] if law.has_scale else x)
    x = np.concatenate(parts)
    weight = rng.integers(1, 4, len(x)).astype(float) if weighted else None
    return Groups(x, weight, np.cumsum([0, *map(len, parts)]))


def awkward_groups():
    """Groups that no law may settle wrongly: constant, tied, missing, infinite, outside the support."""
    rng = np.random.default_rng(3)
    parts = [
        np.full(20, 3.0),
        np.repeat([1.0, 2.0], 10),
        np.array([1.0, np.nan, 2.0, 3.0]),
        np.array([1.0, np.inf, 2.0, 3.0]),
        np.array([-1.0, 0.0, 1.0, 2.0, 5.0]),
        np.array([5e-324, 1e-310, 1e-320]),
        np.array([1e307, 1.5e308, 3e307]),
        7.0 + 1e-7 * rng.random(30),
        np.zeros(9),
        np.array([1e300, 1e-300, 1.0]),
    ]
    return Groups(np.concatenate(parts), None, np.cumsum([0, *map(len, parts)]))


def assert_as_one_by_one(law, groups, settled):
    """Every settled group has the verdict, and the numbers, of the ordinary fit."""
    for g in np.flatnonzero(settled.status != OPEN):
        fit = fit_without_warning(groups.sample(g), law)
        assert fit.certificate.verdict == ("interior" if settled.status[g] == SETTLED else "boundary"), (g, fit)
        se = fit._bse
        known = np.isfinite(se)
        assert np.array_equal(known, np.isfinite(settled.se[g]))
        gap = np.abs(settled.theta[g][known] - fit._theta[known])
        assert np.all(gap <= 1e-5 * se[known]), (g, fit)
        # A standard error may be many times a parameter that is hardly determined; all standard errors move with that.
        spread = np.max(se[known] / np.abs(fit._theta[known]), initial=1.0)
        assert np.all(np.abs(settled.se[g][known] / se[known] - 1) <= 1e-5 * spread), (g, fit)
        assert abs(settled.llf[g] - fit.llf) <= 1e-8 * max(1.0, abs(fit.llf)), (g, fit)
        assert settled.theta[g][~known] == pytest.approx(fit._theta[~known], rel=1e-12)


@pytest.mark.parametrize("law", VECTORISED, ids=lambda law: law.name)
def test_newton_for_all_groups_settles_what_the_ordinary_fit_says(law):
    groups = groups_of(law, 7)
    settled = settle_groups(law, groups)
    assert_as_one_by_one(law, groups, settled)
    # Starts of the first two often disagree; the limits of skew_t from a threshold on are left to the ordinary fit, and
    # all groups of a law whose likelihood has no bound on exact data: that fit finds local maxima.
    if law.name not in ("johnson_su", "skew_normal", "skew_t", "gompertz_makeham"):
        assert np.count_nonzero(settled.status == SETTLED) >= 8


@pytest.mark.parametrize("law", VECTORISED, ids=lambda law: law.name)
def test_awkward_groups_are_left_open_or_settled_right(law):
    groups = awkward_groups()
    assert_as_one_by_one(law, groups, settle_groups(law, groups))


@pytest.mark.parametrize("name", ["gamma", "logistic", "poisson"])
def test_weights_count(name):
    law = mle.get_family(name)
    groups = groups_of(law, 11, weighted=True)
    settled = settle_groups(law, groups)
    assert np.count_nonzero(settled.status) >= 8
    assert_as_one_by_one(law, groups, settled)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", [law.name for law in LAWS if has_compiled_groups(type(law))])
def test_compiled_fits_are_those_of_the_ordinary_fit(name, weighted, monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setattr(batch, "COMPILED_GROUP_ROWS", 0)
    law = mle.get_family(name)
    groups = groups_of(law, 13, 60, weighted=weighted)
    settled = settle_groups(law, groups)
    assert np.count_nonzero(settled.status != OPEN) >= 40
    assert_as_one_by_one(law, groups, settled)
    assert_as_one_by_one(law, awkward_groups(), settle_groups(law, awkward_groups()))


BY_SUMS = [law for law in LAWS if group_twin(law) is not None]


@pytest.mark.parametrize("law", BY_SUMS, ids=lambda law: law.name)
def test_compiled_sums_of_groups_settle_what_the_ordinary_fit_says(law, monkeypatch):
    monkeypatch.setattr(batch, "COMPILED_GROUP_ROWS", 0)
    weighted = law.name in ("gev", "loglogistic")
    groups = groups_of(law, 13, 30, weighted=weighted)
    settled = settle_groups(law, groups)
    assert np.count_nonzero(settled.status == SETTLED) >= 12
    assert_as_one_by_one(law, groups, settled)


def test_sums_of_groups_are_those_of_each_alone():
    """Seven laws have them; what they are is what the twin of a sample gives."""
    pytest.importorskip("numba")
    assert {law.name for law in BY_SUMS} >= {
        "burr12", "gev", "gpd", "gumbel", "logistic", "loglogistic", "skew_normal"
    }  # fmt: skip
    rng = np.random.default_rng(23)
    for law in BY_SUMS:
        twin, offsets = group_twin(law), np.array([0, 1, 4, 200])
        x = np.asarray(mle.distribution(law, **{p.name: p.typical[1] for p in law.parameters}).rvs(200, rng=rng))
        theta = np.array([[p.typical[1] for p in law.parameters]] * 2)
        sums = np.empty((2, twin.GROUP_SUMS))
        centre, inverse = np.array([0.25, 0.0]) * law.has_location, np.array([0.5, 2.0])
        twin.group_sums(uniform(x), None, offsets, np.array([2, 1]), centre, inverse, theta, sums)
        for k, rows in enumerate((x[4:], x[1:4])):
            alone = twin.sums(uniform(rows), None, centre[k], inverse[k], *theta[k].tolist())
            assert sums[k] == pytest.approx(np.array(alone), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("seed", "group"), [(1, 6), (9, 2), (26, 1)])
def test_a_saddle_is_no_maximum(seed, group):
    """At alpha = 0 the skew-normal likelihood has one in every sample, at the height of the normal law."""
    rng = np.random.default_rng(seed)
    law = mle.get_family("skew_normal")
    x = []
    for _ in range(12):
        params = {"loc": rng.uniform(-5, 5), "scale": rng.uniform(0.1, 10), "alpha": rng.uniform(-3, 3)}
        x.append(np.asarray(mle.distribution(law, **params).rvs(size=40, rng=rng)))
    groups = Groups(np.concatenate(x), None, np.arange(0, 481, 40))
    settled = settle_groups(law, groups)
    assert settled.status[group] == OPEN or abs(settled.theta[group, 2]) > 0.1
    assert_as_one_by_one(law, groups, settled)


@pytest.mark.parametrize("name", ["student_t", "negbin"])
def test_compiled_fits_see_the_limiting_law(name, monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setattr(batch, "COMPILED_GROUP_ROWS", 0)
    rng = np.random.default_rng(17)
    x = rng.normal(3, 2, 2_000) if name == "student_t" else rng.poisson(3.0, 2_000).astype(float)
    law = mle.get_family(name)
    groups = Groups(x, None, np.arange(0, 2_001, 50))
    settled = settle_groups(law, groups)
    assert np.count_nonzero(settled.status == AT_LIMIT) >= 10
    assert_as_one_by_one(law, groups, settled)


@pytest.mark.parametrize("name", ["burr12", "negbin", "exposed", "skew_normal"])
def test_climbs_that_run_off_to_a_limiting_law_settle_there(name):
    rng = np.random.default_rng(29)
    known = {}
    if name in ("negbin", "exposed"):
        x, law = rng.poisson(3.0, 600).astype(float), mle.get_family("negbin")
    else:
        x, law = rng.weibull(1.3, 600), mle.get_family(name)
    if name == "exposed":
        known = {"exposure": rng.uniform(0.5, 2.0, 600)}
        x = rng.poisson(3.0 * known["exposure"]).astype(float)
        law = law.exposed(np.ones(600))
    groups = Groups(x, None, np.arange(0, 601, 30), known)
    settled = settle_groups(law, groups)
    assert np.count_nonzero(settled.status >= AT_LIMIT) >= 3
    for g in np.flatnonzero(settled.status >= AT_LIMIT):
        rows = slice(30 * g, 30 * g + 30)
        own = law.given({key: column[rows] for key, column in known.items()}) if known else law
        fit = fit_without_warning(groups.sample(g), own)
        assert fit.certificate.limit == own.limits[settled.status[g] - AT_LIMIT].family.name
        assert settled.llf[g] == pytest.approx(fit.llf, rel=1e-8)
        assert settled.theta[g] == pytest.approx(fit._theta, rel=1e-5)
        assert settled.se[g] == pytest.approx(fit._bse, rel=1e-5, nan_ok=True)


def test_groups_at_a_limit_say_so_as_the_ordinary_fit_does():
    rng = np.random.default_rng(31)
    frame = pd.DataFrame({"g": np.repeat(np.arange(20), 30), "x": rng.weibull(1.3, 600)})
    fits = mle.fit_groups(frame, "g", "x", "burr12")
    assert fits.verdicts["boundary"] >= 5
    assert fits._outcomes[0].n_single <= 5
    for g in np.flatnonzero(fits.table["verdict"] == "boundary"):
        assert fits.table["reason"][g] == fits.of(int(g)).certificate.message


@pytest.mark.parametrize("name", ["gamma", "gumbel", "gev"])
def test_a_group_does_not_depend_on_the_others(name):
    law = mle.get_family(name)
    groups = groups_of(law, 19, 30)
    offsets = np.append((groups.offsets[:-1] + len(groups.x) * np.arange(40)[:, None]).ravel(), 40 * len(groups.x))
    many = Groups(np.tile(groups.x, 40), None, offsets)
    settled = settle_groups(law, many)
    for field in (settled.theta, settled.se, settled.llf):
        by_copy = field.reshape(40, len(groups), -1)
        assert np.array_equal(by_copy, np.broadcast_to(by_copy[:1], by_copy.shape), equal_nan=True)


def test_laws_that_cannot_take_arrays_of_parameters_are_found():
    class ForNumbers(mle.Family):
        name = "for numbers"
        parameters = (mle.Parameter("rate", mle.POSITIVE),)
        support = mle.POSITIVE

        def logpdf(self, x, rate):
            return np.log(rate) - rate * x if rate > 0 else np.full(len(x), -np.inf)

        def score(self, x, rate):
            return (1 / rate - x,)

    assert not is_vectorised(ForNumbers())
    assert {law.name for law in LAWS if not is_vectorised(law)} == ONE_BY_ONE


def test_ranges_hold_every_group_once():
    offsets = np.array([0, 5, 5 + 40, 46, 47, 60])
    for rows in (1, 7, 45, 1000):
        parts = ranges(offsets, rows)
        assert [g for part in parts for g in range(part.start, part.stop)] == list(range(5))


TWO_MAXIMA = {
    "dagum": (
        {"k": 1.0, "c": 3.0, "scale": 1.5},
        [
            0.18178682, 0.30387421, 0.4063535, 0.40759487, 0.41904356, 0.44986095, 0.54052568, 0.62630321, 0.69902863,
            0.75788106, 0.81430605, 0.82076525, 0.85996594, 0.92668336, 1.25761493, 1.26332686, 1.27127124, 1.59077354,
            1.62115773, 1.7537726, 1.82190836, 1.8230113, 2.17616087, 2.479224,
        ],
    ),
    "student_t": (
        {"df": 4.0, "loc": 0.0, "scale": 1.0},
        [-3.85760558, -2.70612899, -2.69738812, -2.59980245, -2.44029252, -2.04051215],
    ),
    "burr12": (
        {"k": 30.0, "c": 1.0, "scale": 30.0},
        [
            0.1068, 0.174, 0.1883, 0.2005, 0.2714, 0.3022, 0.3394, 0.358, 0.5014, 1.0085, 1.117, 1.1704, 1.707, 2.1882,
            2.9198, 3.741, 4.7076, 7.3277, 7.7726, 9.8068, 10.0273,
        ],
    ),
    "inverse_pareto": (
        {"shape": 5.0, "scale": 0.2},
        [*[0.18013] * 7, *[0.20639] * 14, *[30.825] * 7, *[1280.4] * 7],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TWO_MAXIMA)
def test_of_two_maxima_a_group_has_the_higher(name):
    """Or its limit, which is not as high: starts that serve the other groups lead there."""
    params, x = TWO_MAXIMA[name]
    law = mle.get_family(name)
    others = np.asarray(mle.distribution(law, **params).rvs(120, rng=np.random.default_rng(37)))
    groups = Groups(np.concatenate([others, x]), None, np.append(np.arange(0, 121, 40), 120 + len(x)))
    settled = settle_groups(law, groups)
    assert np.any(settled.status)
    assert_as_one_by_one(law, groups, settled)


def test_a_group_is_refused_as_a_sample_is():
    """Angles that are no radians, and counts that have no digits left."""
    rng = np.random.default_rng(41)
    degrees = Groups(rng.uniform(0, 360, 400).round(), None, np.arange(0, 401, 40))
    assert not np.any(settle_groups(mle.get_family("cardioid"), degrees).status)
    counts = Groups(np.tile([1e60, 2e60, 3e60, 1.0], 5), None, np.arange(0, 21, 4))
    assert not np.any(settle_groups(mle.get_family("geometric"), counts).status)


def test_differences_of_scores_are_taken_within_an_observation():
    """One parameter is known to a few thousandths from 34 counts, and the law has no second derivatives."""
    law = mle.get_family("com_poisson")
    hundreds = [1, 3, 3, 1, 0, 3, 1, 3, 5, 3, 1, 0, 4, 4, 6, 3, 1, 1, 4, 2, 2, 3, 4, 1, 5, 3, 1, 1, 4, 1, 3, 7, 1, 4]
    x = 100.0 * np.array(hundreds)
    groups = Groups(np.tile(x, 2), None, np.array([0, 34, 68]))
    assert_as_one_by_one(law, groups, settle_groups(law, groups))
    assert settle_groups(law, groups).status.tolist() == [SETTLED, SETTLED]


def test_groups_of_a_law_whose_limits_are_formulas_of_numbers_are_fitted():
    """Limits of Hansen's law are given by means of two pieces, which take no arrays."""
    rng = np.random.default_rng(43)
    law = mle.get_family("hansen_skew_t")
    x = [np.where(z > 0, 1.3, 0.7) * z for z in rng.normal(size=(5, 40))]
    groups = Groups(np.concatenate(x), None, np.arange(0, 201, 40))
    settled = settle_groups(law, groups)
    assert np.any(settled.ran_off) or np.any(settled.status)
    assert_as_one_by_one(law, groups, settled)


def groups_of_intervals(law, form, rng, n_groups=12):
    """Groups of a law seen in one form, with some in which little was seen."""
    parts = []
    for g in range(n_groups):
        n = (2, 5, 12, 40)[g % 4]
        x = np.asarray(mle.distribution(law, **draw_params(law, rng)).rvs(size=n, rng=rng), dtype=float)
        x = x * (1e-30 if g % 3 == 1 and law.has_scale else 1.0)
        weight = rng.integers(1, 4, n).astype(float)
        if form == "right":
            limit = rng.choice(x, n)
            parts.append(mle.Sample.right_censored(np.minimum(x, limit), x <= limit, weights=weight))
        elif form == "left":
            parts.append(mle.Sample.left_censored(np.maximum(x, np.median(x)), x >= np.median(x), weights=weight))
        elif form == "rounded":
            parts.append(mle.Sample.rounded(x, np.ptp(x) / 8, weights=weight))
        elif form == "entry":
            entry = np.minimum(x, np.median(x)) * rng.uniform(0.0, 0.9, n)
            limit = np.maximum(rng.choice(x, n), 1.01 * entry)
            parts.append(mle.Sample.right_censored(np.minimum(x, limit), x <= limit).truncated(entry))
        else:
            parts.append(mle.Sample(np.delete(x, np.argmin(x))).truncated(np.min(x)))
    return joined(parts)


def joined(parts):
    """Samples as groups."""
    bounds = [(np.full(s.n_rows, -np.inf), np.full(s.n_rows, np.inf)) if s.window is None else s.window for s in parts]
    ends = tuple(
        np.concatenate(end)
        for end in ([s.lower for s in parts], [s.upper for s in parts], *map(list, zip(*bounds, strict=True)))
    )
    weight = None if parts[0].weight is None else np.concatenate([s.weight for s in parts])
    x = np.concatenate([s.as_points().lower for s in parts])
    return Groups(x, weight, np.cumsum([0, *(s.n_rows for s in parts)]), {}, ends)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        *[(name, "right") for name in ("weibull", "exponential", "lognormal", "normal", "gamma", "loglogistic")],
        *[("weibull", "left"), ("gumbel", "left"), ("normal", "rounded")],
        *[("exponential", "truncated"), ("normal", "truncated"), ("weibull", "entry")],
    ],
)
def test_groups_of_intervals_and_windows_are_settled_as_one_by_one(name, form):
    law = mle.get_family(name)
    groups = groups_of_intervals(law, form, np.random.default_rng(47))
    settled = settle_groups(law, groups)
    assert np.count_nonzero(settled.status == SETTLED) >= 5
    assert_as_one_by_one(law, groups, settled)


@pytest.mark.parametrize("name", ["weibull", "exponential", "normal"])
def test_groups_in_which_too_little_was_seen_stay_open(name):
    law = mle.get_family(name)
    time = np.array([1.0, 2.0, 3.0, 4.0])
    parts = [
        mle.Sample.right_censored(time, [0, 0, 0, 0]),
        mle.Sample.intervals([0.5, 0.0, 0.2], [3.0, 2.0, 5.0]),
    ]
    if name != "exponential":
        parts.append(mle.Sample.right_censored(time, [0, 0, 0, 1]))
        parts.append(mle.Sample.right_censored([2.0, 2.0, 1.0, 1.5], [1, 1, 0, 0]))
    assert not np.any(settle_groups(law, joined(parts)).status)


def test_a_law_may_have_starts_for_each_of_many_groups():
    """Those of the generalised Pareto law are on its profile, which is highest in xi given its ratio to the scale."""
    law = mle.get_family("gpd")
    rng = np.random.default_rng(12)
    x = np.concatenate([rng.pareto(1.0, 50), rng.uniform(0.0, 3.0, 40), rng.exponential(1.0, 30)])
    groups = Groups(x, None, np.array([0, 50, 90, 120]))
    starts = law.starts_of_groups(groups)
    assert len(starts) == 3
    for scale, xi in starts[1:]:
        for g in np.flatnonzero(xi > -0.9):
            rows, ratio = groups.sample(g).x, xi[g] / scale[g]
            beside = [xi[g], 0.99 * xi[g], 1.01 * xi[g]]
            values = [np.mean(law.logpdf(rows, v / ratio, v)) for v in beside]
            assert np.argmax(values) == 0
    settled = settle_groups(law, groups)
    assert settled.status[0] == settled.status[2] == SETTLED
    assert_as_one_by_one(law, groups, settled)


def test_a_limit_above_a_maximum_in_the_interior_is_settled():
    """Every climb arrives in a maximum; the half-normal law beyond the smallest observation is above it."""
    law = mle.get_family("skew_normal")
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(0.0, 1.0, 40), np.abs(rng.normal(0.0, 1.0, 40)), -np.abs(rng.normal(3.0, 2.0, 40))])
    groups = Groups(np.concatenate([x, 1e6 * x[40:]]), None, np.arange(0, 201, 40))
    settled = settle_groups(law, groups)
    assert np.count_nonzero(settled.status >= AT_LIMIT) >= 2
    assert_as_one_by_one(law, groups, settled)


def test_starts_of_skew_normal_groups_have_their_means_and_variances():
    """Of either sign, but for one that is far below the other; a steeper one where the skewness is large."""
    law, rng = mle.get_family("skew_normal"), np.random.default_rng(5)
    groups = Groups(np.concatenate([rng.gamma(1.0, size=150), rng.normal(size=30)]), None, np.array([0, 150, 180]))
    starts = law.starts_of_groups(groups)
    for loc, scale, alpha in starts:
        for g in np.flatnonzero(np.isfinite(alpha)):
            rows = groups.sample(g)
            assert law.mean(loc[g], scale[g], alpha[g]) == pytest.approx(rows.mean(), rel=1e-12, abs=1e-12)
            assert law.var(loc[g], scale[g], alpha[g]) == pytest.approx(rows.var(), rel=1e-12)
    assert starts[0][2][0] > 0
    missing = [[False, False], [True, False], [False, False], [True, False], [False, True]]
    assert [np.isnan(alpha).tolist() for _, _, alpha in starts] == missing


def test_of_several_maxima_that_a_law_looks_for_the_highest_is_settled():
    """Skew-normal climbs end at two of them, and Burr's far from where k is known, as the ordinary fit does."""
    rng = np.random.default_rng(9)
    for law, x in (
        (mle.get_family("skew_normal"), np.round(rng.gamma(3.0, size=(8, 80)), 1)),
        (mle.get_family("burr12"), rng.weibull(1.9, size=(8, 80))),
    ):
        groups = Groups(x.ravel(), None, np.arange(0, x.size + 1, 80))
        settled = settle_groups(law, groups)
        assert np.count_nonzero(settled.status != OPEN) > 6
        assert_as_one_by_one(law, groups, settled)


@pytest.mark.parametrize("name", ["johnson_su", "gev"])
def test_what_is_spurious_of_groups_is_so_of_each(name):
    """Spikes on one observation, near it, on two that are tied, of all alike, and none."""
    law = mle.get_family(name)
    parts = [[0.0, 3.0, 5.0], [1.0, 3.0, 5.0, 5.0], [2.0, 2.0, 4.0], [3.0, 3.0], [0.0, 1e-9, 1.0, 2.0]]
    first = np.array([min(part) for part in parts])
    groups = Groups(np.concatenate(parts), None, np.cumsum([0, *map(len, parts)]))
    seen = set()
    for spread in (1e-40, 1e-9, 1e-3, 1.0):
        lower = first - 0.1 * spread
        params = {
            "johnson_su": (0.0, 0.1, lower, spread),
            "gev": (lower + spread / 30.0, spread, 30.0),
        }[name]
        theta = np.stack([np.broadcast_to(v, len(parts)) for v in params])
        together = law.spurious_of_groups(groups, *theta)
        assert together.tolist() == [law.spurious(groups.sample(g), *theta[:, g]) for g in range(len(parts))]
        seen |= set(together.tolist())
    assert seen == {False, True}


def test_starts_of_burr_groups_have_the_means_and_variances_of_their_logs():
    law, rng = mle.get_family("burr12"), np.random.default_rng(6)
    groups = Groups(rng.gamma(2.0, size=90), None, np.array([0, 40, 90]))
    p = (np.arange(200_000) + 0.5) / 200_000
    for k, c, scale in law.starts_of_groups(groups):
        for g in (0, 1):
            logs, own = np.log(law.ppf(p, k[g], c[g], scale[g])), np.log(groups.sample(g).x)
            assert np.mean(logs) == pytest.approx(np.mean(own), abs=1e-3)
            assert np.var(logs) == pytest.approx(np.var(own), rel=1e-2)


def test_different_values_of_groups_are_counted_up_to_enough():
    """Ties, many of them or few, and whichever rows stand in the middle."""
    rng = np.random.default_rng(3)
    counts = rng.integers(1, 40, 300)
    x = rng.integers(0, rng.integers(1, 12, 300)[np.repeat(np.arange(300), counts)]).astype(float)
    groups = Groups(x, None, np.append(0, np.cumsum(counts)))
    n = [len(np.unique(x[a:b])) for a, b in pairwise(groups.offsets)]
    for enough in (2, 3, 4, 5):
        np.testing.assert_array_equal(groups.distinct(enough), np.array(n) >= enough)


def test_groups_in_parts_have_the_units_that_they_have_alone():
    """Parts begin and end between groups; a group larger than a part is one."""
    rng = np.random.default_rng(4)
    counts = np.append(rng.integers(1, 3_000, 60), 50_000)
    groups = Groups(rng.normal(size=counts.sum()), None, np.append(0, np.cumsum(counts)))
    assert sum(len(part) for part in groups.parts()) == len(groups)
    units = GroupUnits.of(mle.get_family("gumbel"), groups)
    moved = units.apply(groups, groups.x)
    for g, (a, b) in enumerate(pairwise(groups.offsets)):
        alone = groups.take(np.array([g]))
        unit = GroupUnits.of(mle.get_family("gumbel"), alone)
        assert (unit.centre[0], unit.scale[0]) == (units.centre[g], units.scale[g])
        np.testing.assert_array_equal(unit.apply(alone, alone.x), moved[a:b])
