"""Compiled twins give the sums of the NumPy code, for every law that has one."""

import importlib
import math
import pkgutil

import numpy as np
import pytest
from references import fit_quietly
from scipy import special

import mle_toolkit as mle
from mle_toolkit.data.passes import count_whole
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.gev import exponential_beyond
from mle_toolkit.likelihood import first_pass, kernels, sums
from mle_toolkit.likelihood.kernels import CHUNK_ROWS, in_chunks, twin_of
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit
from mle_toolkit.numerics import threads
from tests.strategies import draw

pytest.importorskip("numba", reason="the compiled twins need numba (extra fast)")

LAWS = [mle.get_family(m.name) for m in pkgutil.iter_modules(kernels.__path__) if m.name in mle.families()]
ON_STATISTICS = [law for law in LAWS if isinstance(law, ExponentialFamily)]
ON_SUMS = [law for law in LAWS if not isinstance(law, ExponentialFamily)]
N = 20_000
UNIT = Unit(0.0, 4.0)


def by_law(laws):
    return pytest.mark.parametrize("law", laws, ids=lambda law: law.name)


def sample_of(law, seed, n=N):
    """Random parameters, observations with a few outliers, and weights."""
    distribution, rng = draw(law, seed)
    x = np.asarray(distribution.rvs(n, rng))
    if np.isinf(law.support.upper) and distribution.params.get("xi", 0.0) >= 0:
        x[:3] = np.max(np.abs(x)) * np.array([2.0, 5.0, 20.0])
    return list(distribution.params.values()), x, rng.uniform(0.1, 3.0, n)


def close(got, rows):
    """Whether sums agree with those of rows, to 1e-12 of the sums of their sizes."""
    wanted = np.array([math.fsum(row) for row in rows])
    sizes = np.array([math.fsum(np.abs(row)) for row in rows])
    return np.abs(np.asarray(got) - wanted) <= 1e-12 * sizes


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@by_law(ON_STATISTICS)
def test_statistics_are_those_of_numpy(law, weighted):
    for seed in range(5):
        _, x, weights = sample_of(law, seed)
        weight = weights if weighted else None
        unit = UNIT if law.has_scale else Unit()
        got = in_chunks(twin_of(law).statistics, x, weight, unit.centre, 1 / unit.scale)[0]
        rows = [np.broadcast_to(t, N) * (weights if weighted else 1.0) for t in law.statistics(unit.apply(x))]
        assert np.all(close(got[2:], rows))
        assert got[:2].tolist() == [x.min(), x.max()]


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@by_law(ON_SUMS)
def test_derivatives_are_those_of_numpy(law, weighted):
    twin = twin_of(law)
    for seed in range(8):
        params, x, weights = sample_of(law, seed)
        if seed % 2:  # away from the maximum
            params = [p + (0.3 if role == "location" else 0.2 * p) for p, role in zip(params, roles(law), strict=True)]
        if law.param_names[-1] == "xi" and seed < 3:  # near 0, where closed forms cancel, and at it
            params[-1] = (0.0, 1e-6, -3e-3)[seed]
        assert_same_derivatives(law, twin, x, weights if weighted else None, params)


def assert_same_derivatives(law, twin, x, weight, params):
    unit = UNIT if law.has_scale else Unit()
    z = unit.apply(x)
    at = unit.params_to_unit(law, np.array(params)).tolist()
    with np.errstate(all="ignore"):
        rows = [law.logpdf(z, *at), *law.score(z, *at), *law.hessian(z, *at)]
        rows = [np.broadcast_to(row, len(z)) * (1.0 if weight is None else weight) for row in rows]
        count = len(z) if weight is None else weight.sum()
        got = law.derivatives(count, in_chunks(twin.sums, x, weight, 0.0, 1 / unit.scale, *at)[0].tolist(), *at)
    if np.all(np.isfinite(rows[0])):
        assert np.all(close(got, rows))
    else:
        assert got[0] == -np.inf


def roles(law):
    return [p.role for p in law.parameters]


@pytest.mark.parametrize("df", [0.3, 99.0, 101.0, 3_000.0])
def test_student_t_keeps_its_digits_for_many_degrees_of_freedom(df):
    law = mle.get_family("student_t")
    x = np.random.default_rng(7).standard_t(df, N)
    for weight in (None, np.linspace(0.5, 2.0, N)):
        assert_same_derivatives(law, twin_of(law), x, weight, [df, 0.1, 1.2])


@pytest.mark.parametrize("xi", [-0.1001, -0.0999, 0.0999, 0.1001, 2.0])
@pytest.mark.parametrize("name", ["gpd", "gev"])
def test_extreme_value_laws_change_formulas_without_a_seam(name, xi):
    law = mle.get_family(name)
    params = {"scale": 1.3, "xi": xi} if name == "gpd" else {"loc": 0.2, "scale": 1.3, "xi": xi}
    x = np.round(np.asarray(mle.distribution(name, **params).rvs(N, np.random.default_rng(8))), 1)
    x = x[np.isfinite(law.logpdf(x, *params.values()))]
    assert_same_derivatives(law, twin_of(law), x, None, list(params.values()))


def test_compiled_sums_are_those_of_the_law_of_their_name_alone():
    """An exponential law below an end stands in the file of the extreme-value law."""
    assert twin_of(mle.get_family("gev")) is not None
    assert twin_of(exponential_beyond(-1.0)) is None


def test_beta_keeps_the_digits_of_proportions_near_an_end():
    law = mle.get_family("beta")
    x = np.random.default_rng(9).beta(2.0, 3e9, N)
    got = twin_of(law).statistics(x, None, 0.0, 1.0)
    assert np.all(close(got[2:], law.statistics(x)))


@pytest.mark.parametrize("bad", [np.nan, -np.nan, np.inf, -np.inf])
@by_law(ON_STATISTICS)
def test_bad_values_show_in_the_extent(law, bad):
    _, x, weights = sample_of(law, 1, 1_000)
    for row in (0, 517, 999):
        with_bad = x.copy()
        with_bad[row] = bad
        for weight in (None, weights):
            lowest, highest = twin_of(law).statistics(with_bad, weight, 0.0, 1.0)[:2]
            assert not (np.isfinite(lowest) and np.isfinite(highest))


@by_law([law for law in ON_STATISTICS if not np.isinf(law.support.lower)])
def test_values_outside_the_support_show_in_the_extent(law):
    _, x, _ = sample_of(law, 1, 1_000)
    x[517] = -1e-300
    assert twin_of(law).statistics(x, None, 0.0, 1.0)[0] == -1e-300


@by_law(ON_SUMS)
def test_impossible_observations_have_the_log_likelihood_of_numpy(law):
    """At trial points far out, where densities vanish or overflow or the support ends before the data."""
    params, x, _ = sample_of(law, 2, 2_000)
    twin = twin_of(law)
    seen = 0
    for name, extremes in {
        "scale": (1e-310, 1e-160, 1e-3, 1e150),
        "xi": (-0.9, -1e-3, 5.0),
        "alpha": (-1e160,),
    }.items():
        for value in extremes if name in law.param_names else ():
            at = np.array([value if n == name else p for n, p in zip(law.param_names, params, strict=True)])
            numpy_value = Likelihood(law, mle.Sample(x), Unit()).mean_loglik(at)
            value = Likelihood(law, mle.Sample(x), Unit(), twin).mean_loglik(at)
            assert value == pytest.approx(numpy_value, rel=1e-12)
            seen += 1
    assert seen >= 4


def test_an_observation_beyond_the_end_of_the_support_is_impossible():
    for name, params in (
        ("gpd", [1.0, -0.5]),
        ("gpd", [1.0, -0.05]),
        ("gev", [0.0, 1.0, -0.5]),
        ("gev", [0.0, 1.0, -0.05]),
    ):
        law = mle.get_family(name)
        twin = twin_of(law)
        end = -1 / params[-1]
        for weight in (None, np.ones(500)):
            for last in (end, 1.5 * end, 1e300):
                x = np.append(np.linspace(0.0, 1.0, 499), last)
                assert law.derivatives(500.0, twin.sums(x, weight, 0.0, 1.0, *params), *params)[0] == -np.inf


@by_law(LAWS)
def test_sums_do_not_depend_on_threads(law, monkeypatch):
    params, x, _ = sample_of(law, 3, 5 * CHUNK_ROWS + 7)
    twin = twin_of(law)
    loop = twin.statistics if hasattr(twin, "statistics") else twin.sums
    arguments = (0.0, 1.0, *(() if hasattr(twin, "statistics") else params))
    monkeypatch.setattr(threads, "workers", lambda: 4)
    by_threads = in_chunks(loop, x, None, *arguments)
    monkeypatch.setattr(threads, "workers", lambda: 1)
    assert np.array_equal(by_threads, in_chunks(loop, x, None, *arguments), equal_nan=True)


def test_sums_take_views_and_read_only_arrays_without_compiling_again():
    twin = twin_of(mle.get_family("gamma"))
    x = np.random.default_rng(1).gamma(2.0, size=2_000)
    frozen = x[::2].copy()
    frozen.flags.writeable = False
    wanted = in_chunks(twin.statistics, frozen, None, 0.0, 1.0)
    before = len(twin.statistics.signatures)
    assert np.array_equal(in_chunks(twin.statistics, x[::2], None, 0.0, 1.0), wanted)
    assert len(twin.statistics.signatures) == before
    assert x.flags.writeable


@by_law(LAWS)
def test_fits_agree_with_and_without_the_twin(law, monkeypatch):
    distribution, rng = draw(law, 4)
    x = np.asarray(distribution.rvs(30_000, rng))
    fits = []
    for rows in (1, len(x) + 1):
        for module in (sums, first_pass):
            monkeypatch.setattr(module, "COMPILED_ROWS", rows)
        fits.append(mle.fit(x, law))
    compiled, numpy_fit = fits
    for name, se in numpy_fit.bse.items():
        assert compiled.params[name] == pytest.approx(numpy_fit.params[name], abs=1e-5 * se)
    assert compiled.llf == pytest.approx(numpy_fit.llf, abs=1e-8)
    assert compiled.certificate.verdict == numpy_fit.certificate.verdict


# --- mixtures of normal laws ----------------------------------------------------------------------------------------

MIXTURES = {
    "apart": ([0.4, 0.6], [0.0, 5.0], [1.0, 1.5]),
    "together": ([0.5, 0.5], [0.0, 0.1], [1.0, 1.1]),
    "one narrow": ([0.01, 0.99], [3.0, 0.0], [1e-3, 2.0]),
    "three": ([0.2, 0.3, 0.5], [0.0, 4.0, 9.0], [1.0, 0.3, 2.0]),
}


def mixture_of(name):
    values = tuple(np.array(v) for v in MIXTURES[name])
    return mle.mixture("normal", len(values[0])), values


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", MIXTURES)
def test_sums_of_a_mixture_are_those_of_numpy(name, weighted):
    law, params = mixture_of(name)
    rng = np.random.default_rng(10)
    x = np.asarray(mle.Distribution.at(law, params).rvs(N, rng))
    x[:3] = (-60.0, 90.0, 1e3)
    weight = rng.uniform(0.1, 3.0, N) if weighted else None
    away = tuple(v * (1 + 0.1 * rng.uniform(-1, 1, len(v))) for v in params)
    unit = UNIT
    for weights, mu, sigma in (params, away):
        at = (weights / weights.sum(), mu / unit.scale, sigma / unit.scale)
        got = in_chunks(twin_of(law).sums, x, weight, 0.0, 1 / unit.scale, *at)[0]
        wanted = np.array(law.derivative_sums(unit.apply(x), weight, *at))
        rows = [np.abs(r) for r in (law.logpdf(unit.apply(x), *at), *law.score(unit.apply(x), *at))]
        sizes = [math.fsum(r if weight is None else r * weight) for r in rows]
        # A term of a second derivative is at most of the size of a product of two slopes, or of 3 z² / sigma².
        slopes = np.sqrt([np.max(np.square(r)) for r in rows[1:]])
        assert np.all(np.abs(got - wanted)[: len(sizes)] <= 1e-12 * np.array(sizes))
        second = np.abs(sums.symmetric((got - wanted)[len(sizes) :]))
        assert np.all(second <= 1e-12 * N * np.outer(slopes, slopes))


@pytest.mark.parametrize("name", ["apart", "three"])
def test_fits_of_mixtures_agree_with_and_without_the_twin(name, monkeypatch):
    law, params = mixture_of(name)
    x = np.asarray(mle.Distribution.at(law, params).rvs(30_000, np.random.default_rng(4)))
    fits = []
    for rows in (1, len(x) + 1):
        for module in (sums, first_pass):
            monkeypatch.setattr(module, "COMPILED_ROWS", rows)
        fits.append(fit_quietly(x, law))
    compiled, numpy_fit = fits
    for parameter, se in numpy_fit.bse.items():
        assert np.all(np.abs(compiled.params[parameter] - numpy_fit.params[parameter]) <= 1e-5 * se)
        assert compiled.bse[parameter] == pytest.approx(se, rel=1e-9)
        assert np.all(np.abs(numpy_fit.params[parameter] - params[list(law.param_names).index(parameter)]) < 5 * se)
    assert compiled.llf == pytest.approx(numpy_fit.llf, abs=1e-7)
    assert compiled.certificate.verdict == numpy_fit.certificate.verdict == "local"
    assert numpy_fit.certificate.decrement <= 1e-9


def test_a_twin_is_for_mixtures_of_free_normal_laws_only():
    assert twin_of(mle.mixture(["normal", "normal"])) is twin_of(mle.mixture("normal", 3))
    for law in (mle.mixture("normal", 2, shared="sigma"), mle.mixture(["normal", "logistic"]), mle.mixture("gamma", 2)):
        assert twin_of(law) is None


@pytest.mark.parametrize("bad", [(0, 0.0), (0, np.inf), (0, np.nan), (1, np.inf), (1, np.nan)])
def test_where_a_mixture_does_not_exist_its_likelihood_is_that_of_numpy(bad):
    law, (weights, mu, sigma) = mixture_of("apart")
    x = np.random.default_rng(11).normal(2.0, 3.0, 2_000)
    values = [sigma.copy(), mu.copy()]
    values[bad[0]][0] = bad[1]
    theta = np.concatenate([weights, values[1], values[0]])
    by_numpy = Likelihood(law, mle.Sample(x), Unit()).mean_loglik(theta)
    assert Likelihood(law, mle.Sample(x), Unit(), twin_of(law)).mean_loglik(theta) == pytest.approx(by_numpy, rel=1e-12)
    far = np.array([1e200, -1e200])
    at = np.concatenate([weights, mu, sigma])
    assert Likelihood(law, mle.Sample(far), Unit(), twin_of(law)).mean_loglik(at) == -np.inf


def test_without_numba_there_are_no_twins(monkeypatch):
    monkeypatch.setattr(kernels, "find_spec", lambda name: None if name == "numba" else importlib.util.find_spec(name))
    assert kernels._module.__wrapped__("gamma") is None


def test_a_law_without_a_twin_has_none():
    assert twin_of(mle.get_family("kumaraswamy")) is None
    assert twin_of(mle.shifted("gamma")) is None


# --- elementary functions -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def elementary():
    return importlib.import_module("mle_toolkit.likelihood.kernels.elementary")


def units_apart(got, wanted):
    return np.max(np.abs(got - wanted) / np.spacing(np.abs(wanted)))


def test_log_is_that_of_numpy_to_the_last_digit(elementary):
    rng = np.random.default_rng(1)
    x = np.concatenate([10 ** rng.uniform(-307.6, 308.2, 30_000), rng.uniform(0.5, 2.0, 30_000)])
    assert units_apart(np.array([elementary.log(v) for v in x.tolist()]), np.log(x)) <= 1.0


def test_exp_is_that_of_numpy_to_the_last_digit(elementary):
    x = np.concatenate([np.random.default_rng(2).uniform(-708.0, 709.4, 50_000), [0.0, -0.0, 1e-300]])
    assert units_apart(np.array([elementary.exp(v) for v in x.tolist()]), np.exp(x)) <= 1.0


def test_exp_vanishes_and_overflows_beyond_its_range(elementary):
    assert [elementary.exp(v) for v in (-709.0, -1e300, -np.inf)] == [0.0] * 3
    assert [elementary.exp(v) for v in (709.5, 1e300, np.inf)] == [np.inf] * 3
    assert math.isnan(elementary.exp(np.nan))


def test_log1p_keeps_its_digits(elementary):
    rng = np.random.default_rng(3)
    x = np.concatenate([10 ** rng.uniform(-300.0, 300.0, 20_000), -(10 ** rng.uniform(-18.0, -0.01, 20_000))])
    np.testing.assert_allclose([elementary.log1p(v) for v in x.tolist()], np.log1p(x), rtol=5e-16)


def test_erfcx_has_a_relative_error_below_1e_15(elementary):
    import mpmath

    rng = np.random.default_rng(4)
    a = np.concatenate([[0.0, 3.75], rng.uniform(0.0, 10.0, 300), 10 ** rng.uniform(-8.0, 1.4, 300)])
    with mpmath.workdps(40):
        exact = np.array([float(mpmath.exp(mpmath.mpf(v) ** 2) * mpmath.erfc(mpmath.mpf(v))) for v in a.tolist()])
    np.testing.assert_allclose([elementary.erfcx(v) for v in a.tolist()], exact, rtol=1e-15)
    far = 10 ** rng.uniform(1.4, 150.0, 1_000)
    np.testing.assert_allclose([elementary.erfcx(v) for v in far.tolist()], special.erfcx(far), rtol=1e-15)


@pytest.mark.parametrize("x", [-np.inf, -1e300, -5e-324, -0.0, 0.0, 5e-324, 1.0, 1e300, np.inf])
def test_keys_order_as_numbers_do(elementary, x):
    assert elementary.at_key(elementary.key_of(x)) == x
    larger = np.nextafter(x, np.inf)
    assert x == larger or elementary.key_of(x) < elementary.key_of(larger)


# --- tables of counts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("largest", [0, 3, 400, 90_000])
def test_whole_numbers_are_counted_as_by_numpy(largest, weighted):
    rng = np.random.default_rng(largest)
    x = rng.integers(-2, largest, 250_001, endpoint=True).astype(float)
    weight = rng.integers(1, 4, len(x)).astype(float) if weighted else None
    table = kernels.counter(len(x))(x, weight, -2, largest + 3)
    assert np.array_equal(table, count_whole(x, weight, -2, largest + 3))
    assert table.sum() == (len(x) if weight is None else weight.sum())


@pytest.mark.parametrize("row", [0, 123_457, 299_999])
def test_a_number_that_is_not_whole_is_seen_while_counting(row):
    x = np.ones(300_000)
    x[row] = 0.5
    x[7] = 0.0
    assert kernels.counter(len(x))(x, None, 0, 2) is None
    assert count_whole(x, None, 0, 2) is None


def test_few_rows_are_counted_by_numpy():
    assert kernels.counter(kernels.COMPILED_ROWS - 1) is None


@pytest.mark.parametrize("name", ["poisson", "negbin"])
def test_fits_of_counts_agree_with_and_without_the_compiled_table(name, monkeypatch):
    x = np.random.default_rng(6).negative_binomial(3, 0.4, 20_000).astype(float)
    fits = []
    for rows in (1, len(x) + 1):
        monkeypatch.setattr(kernels, "COMPILED_ROWS", rows)
        fits.append(mle.fit(x, name))
    assert dict(fits[0].params) == dict(fits[1].params)
    assert fits[0].llf == fits[1].llf
    assert x.flags.writeable
