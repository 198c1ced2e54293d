"""What must hold for every registered family, whatever it is; a test is one law, its name the sentence that failed."""

import math

import numpy as np
import pytest
from hypothesis import given
from references import fit_quietly, flat, moved
from scipy import special
from strategies import CONTINUOUS, DISCRETE, LAWS, draw, draw_params, seeds

import mle_toolkit as mle
from mle_toolkit.families.domain import Simplex
from mle_toolkit.likelihood.coordinates import Coordinates
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.likelihood.unit import Unit, roles

PROBABILITIES = np.array([0.003, 0.04, 0.11, 0.27, 0.43, 0.58, 0.76, 0.91, 0.985, 0.9993])
SAMPLE_SIZE = 200

every_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
every_continuous_law = pytest.mark.parametrize("law", CONTINUOUS, ids=lambda law: law.name)
every_discrete_law = pytest.mark.parametrize("law", DISCRETE, ids=lambda law: law.name)


def params_of(distribution: mle.Distribution) -> tuple:
    return tuple(distribution.params.values())


def spread_se(fit: mle.Fit) -> np.ndarray:
    """Standard errors; where there is none, a thousandth of the size of the parameter stands in for it."""
    se, theta = flat(fit.bse), flat(fit.params)
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(se) & (se > 0), se, 1e-3 * np.abs(theta))


def assert_same_params(got: np.ndarray, expected: np.ndarray, se: np.ndarray, tolerance: float = 1e-5) -> None:
    """Equal to a small part of a standard error, and infinite where the other is."""
    finite = np.isfinite(expected)
    assert np.array_equal(got[~finite], expected[~finite])
    got, expected, se = got[finite], expected[finite], se[finite]
    assert np.all(np.abs(got - expected) <= tolerance * se + 1e-12 * np.abs(expected)), (got, expected)


# --- the generator ----------------------------------------------------------------------------------------------------


@every_law
def test_the_generator_covers_the_typical_range(law):
    rng = np.random.default_rng(20_240_101)
    drawn = [draw_params(law, rng) for _ in range(200)]
    for p in law.parameters:
        values = np.array([d[p.name] for d in drawn])
        assert np.all([p.domain.contains(np.asarray(value)) for value in values]), "typical values lie in the domain"
        if isinstance(p.domain, Simplex):
            assert values.min() < 0.05
            assert values.max() > 0.7
            continue
        low, high = p.typical
        assert low < high
        logarithmic = p.domain.lower == 0 and np.isinf(p.domain.upper) and low > 0
        share = np.log(values / low) / np.log(high / low) if logarithmic else (values - low) / (high - low)
        assert np.all((share >= 0) & (share <= 1))
        assert np.histogram(share, bins=5, range=(0, 1))[0].min() >= 10, "every fifth of the range is drawn"


@every_law
@given(seed=seeds)
def test_random_numbers_follow_the_cdf(law, seed):
    """Kolmogorov-Smirnov at 1e-6: conservative for counts."""
    distribution, rng = draw(law, seed)
    x = np.sort(distribution.rvs(1_000, rng=rng))
    assert np.all(law.support.contains(x))
    cdf = distribution.cdf(x) if law.period is None else np.sort(distribution.cdf(x))
    below = distribution.cdf(x - 1) if law.discrete else cdf
    rank = np.arange(1, len(x) + 1) / len(x)
    assert max(np.max(below - rank), np.max(rank - 1 / len(x) - cdf)) < math.sqrt(0.5 * math.log(2e6) / len(x))


@every_law
@given(seed=seeds)
def test_random_numbers_repeat_with_the_seed(law, seed):
    distribution, _ = draw(law, seed)
    assert np.array_equal(distribution.rvs(5, rng=seed), distribution.rvs(5, rng=seed))
    assert distribution.rvs((2, 3), rng=seed).shape == (2, 3)


# --- density, probabilities, quantiles --------------------------------------------------------------------------------


@every_continuous_law
@given(seed=seeds)
def test_total_mass_is_one(law, seed):
    """The density integrates to what the cdf says between quantiles, and so to one with the tails beyond them."""
    distribution, _ = draw(law, seed)
    p = np.array([1e-4, 1e-3, 0.01, 0.05, 0.15, 0.3, 0.5])
    knots = np.concatenate([distribution.ppf(p), distribution.isf(p[-2::-1])])
    kinks = [distribution.params[q.name] for q in law.parameters if law.has_kinks() and not q.regular]
    knots = np.union1d(knots, [x for x in kinks if knots[0] < x < knots[-1]])
    half = len(knots) // 2 + 1
    between = np.concatenate([np.diff(distribution.cdf(knots[:half])), -np.diff(distribution.sf(knots[half - 1 :]))])
    u, to_x, slope = _stretched(law, knots)
    nodes, weights = np.polynomial.legendre.leggauss(120)  # enough for a jump of the second derivative
    middle, half = 0.5 * (u[1:] + u[:-1])[:, None], 0.5 * np.diff(u)[:, None]
    at = middle + half * nodes
    masses = np.sum(half * weights * distribution.pdf(to_x(at)) * slope(at), axis=1)
    assert masses == pytest.approx(between, abs=1e-8)
    tails = float(distribution.cdf(knots[0])) + float(distribution.sf(knots[-1]))
    assert masses.sum() + tails == pytest.approx(1.0, abs=1e-8)


def _stretched(law, knots):
    """Knots in a coordinate in which the density is smooth and short-tailed, the map back, and its slope."""
    lower, upper = law.support.lower, law.support.upper
    if np.isfinite(lower) and np.isfinite(upper):
        width = upper - lower
        to_x = lambda u: lower + width * special.expit(u)  # noqa: E731
        return special.logit((knots - lower) / width), to_x, lambda u: width * special.expit(u) * special.expit(-u)
    if np.isfinite(lower):
        return np.log(knots - lower), lambda u: lower + np.exp(u), np.exp
    centre, spread = knots[len(knots) // 2], knots[-5] - knots[4]
    return (
        np.arcsinh((knots - centre) / spread),
        lambda u: centre + spread * np.sinh(u),
        lambda u: spread * np.cosh(u),
    )


@every_discrete_law
@given(seed=seeds)
def test_total_probability_is_one(law, seed):
    """The sum of the probabilities up to a count and the mass above it."""
    distribution, _ = draw(law, seed)
    first = max(law.support.lower, float(distribution.ppf(0.0 if np.isfinite(law.support.lower) else 1e-12)))
    last = min(float(distribution.isf(1e-12)), first + 100_000)
    k = np.arange(first, last + 1)
    beyond = float(distribution.cdf(first - 1)) + float(distribution.sf(last))
    assert math.fsum(distribution.pdf(k)) + beyond == pytest.approx(1.0, abs=1e-11)


@every_continuous_law
@given(seed=seeds)
def test_density_is_the_slope_of_the_cdf(law, seed):
    distribution, _ = draw(law, seed)
    x = distribution.ppf(PROBABILITIES)
    pdf = distribution.pdf(x)
    # A step of a small and fixed amount of probability, wherever the law lives.
    step = 1e-3 * np.minimum(PROBABILITIES, 1 - PROBABILITIES) / pdf
    lower = x < np.median(x)  # each half from the tail that keeps more digits
    of = [np.where(lower, distribution.cdf(x + k * step), -distribution.sf(x + k * step)) for k in (-2, -1, 1, 2)]
    slope = (8 * (of[2] - of[1]) - (of[3] - of[0])) / (12 * step)
    assert slope == pytest.approx(pdf, rel=1e-6)


@every_discrete_law
@given(seed=seeds)
def test_probabilities_are_the_steps_of_the_cdf(law, seed):
    distribution, _ = draw(law, seed)
    k = np.unique(distribution.ppf(PROBABILITIES))
    assert distribution.cdf(k) - distribution.cdf(k - 1) == pytest.approx(distribution.pdf(k), abs=1e-12)
    assert distribution.cdf(k + 0.5) == pytest.approx(distribution.cdf(k), abs=1e-15)


@every_law
@given(seed=seeds)
def test_cdf_and_sf_add_to_one(law, seed):
    distribution, _ = draw(law, seed)
    x = distribution.ppf(PROBABILITIES)
    cdf, sf = distribution.cdf(x), distribution.sf(x)
    assert cdf + sf == pytest.approx(1.0, abs=1e-12)
    assert np.exp(distribution.logcdf(x)) == pytest.approx(cdf, rel=1e-10)
    assert np.exp(distribution.logsf(x)) == pytest.approx(sf, rel=1e-10)
    assert np.all(np.diff(cdf) >= 0)


@every_continuous_law
@given(seed=seeds)
def test_ppf_inverts_cdf_and_isf_inverts_sf(law, seed):
    distribution, _ = draw(law, seed)
    p = np.concatenate([[1e-10, 1e-5], PROBABILITIES])
    for quantile, probability, up in (
        (distribution.ppf, distribution.cdf, np.inf),
        (distribution.isf, distribution.sf, -np.inf),
    ):
        # A density with a spike passes p between one double and the next.
        x = quantile(p)
        low, high = probability(np.nextafter(x, -up)), probability(np.nextafter(x, up))
        slack = 1e-8 * p + 4e-15  # a cdf of sums and differences is good to the rounding of 1
        assert np.all((low - slack <= p) & (p <= high + slack)), (low / p - 1, high / p - 1)


@every_discrete_law
@given(seed=seeds)
def test_ppf_is_the_smallest_count_that_reaches_p(law, seed):
    distribution, _ = draw(law, seed)
    k = distribution.ppf(PROBABILITIES)
    assert np.all(distribution.cdf(k) >= PROBABILITIES - 1e-12)
    assert np.all(distribution.cdf(k - 1) < PROBABILITIES + 1e-12)
    k = distribution.isf(PROBABILITIES)
    assert np.all(distribution.sf(k) <= PROBABILITIES + 1e-12)
    assert np.all(distribution.sf(k - 1) > PROBABILITIES - 1e-12)


@every_law
@given(seed=seeds)
def test_quantiles_at_0_and_1_are_the_ends_of_the_support(law, seed):
    distribution, _ = draw(law, seed)
    low, high = float(distribution.ppf(0.0)), float(distribution.ppf(1.0))
    assert low < high
    assert (float(distribution.isf(1.0)), float(distribution.isf(0.0))) == (low, high)
    if not law.discrete:
        assert low >= law.support.lower
        assert float(distribution.cdf(low)) == pytest.approx(0.0, abs=4e-15)  # an end is a rounded number
        assert float(distribution.sf(high)) == pytest.approx(0.0, abs=4e-15)
    assert high <= law.support.upper
    if law.period is not None:
        return  # directions come round again
    assert float(distribution.sf(low - 1)) == pytest.approx(1.0, abs=4e-15)
    assert float(distribution.cdf(high)) == pytest.approx(1.0, abs=4e-15)


@pytest.mark.parametrize("law", [law for law in LAWS if law.period is None], ids=lambda law: law.name)
@given(seed=seeds)
def test_nothing_happens_outside_the_support(law, seed):
    """Apart from directions, which come round again."""
    distribution, _ = draw(law, seed)
    low, high = float(distribution.ppf(0.0)), float(distribution.isf(0.0))
    if law.discrete:
        low, high = law.support.lower, law.support.upper
        between = distribution.ppf(0.5) + np.array([0.25, 0.5])
        assert np.all(distribution.logpdf(between) == -np.inf)
    outside = []
    if np.isfinite(low):
        below = low - np.array([1.0, 0.5, 1e-3]) * max(1.0, abs(low))
        outside.append(below)
        assert np.all(distribution.cdf(below) == 0)
        assert np.all(distribution.sf(below) == 1)
    if np.isfinite(high):
        above = high + np.array([1.0, 0.5, 1e-3]) * max(1.0, abs(high))
        outside.append(above)
        if not law.discrete:
            assert np.all(distribution.cdf(above) == 1)
            assert np.all(distribution.sf(above) == 0)
    for x in outside:
        assert np.all(distribution.logpdf(x) == -np.inf)
        assert np.all(distribution.pdf(x) == 0)
        inside_declared = x[law.support.contains(x)]
        with np.errstate(all="ignore"):
            assert np.all(law.logpdf(inside_declared, *params_of(distribution)) == -np.inf), "where parameters bound it"
    assert np.isnan(distribution.logpdf(np.nan))


@every_law
@given(seed=seeds)
def test_logpdf_broadcasts_over_arrays_of_parameters(law, seed):
    rng = np.random.default_rng(seed)
    if not law.all_scalar:
        pytest.skip("a vector parameter has an axis of its own")
    several = [tuple(draw_params(law, rng).values()) for _ in range(3)]
    x = mle.Distribution(law, dict(zip(law.param_names, several[0], strict=True))).ppf(PROBABILITIES)
    columns = [np.array(values) for values in zip(*several, strict=True)]
    with np.errstate(all="ignore"):
        together = law.logpdf(x[:, None], *columns)
        apart = np.stack([np.broadcast_to(law.logpdf(x, *params), x.shape) for params in several], axis=1)
    assert together.shape == (len(x), 3)
    assert together == pytest.approx(apart, rel=1e-12, nan_ok=False)


@every_law
@given(seed=seeds)
def test_entropy_is_the_expected_self_information(law, seed):
    distribution, rng = draw(law, seed)
    x = distribution.rvs(20_000, rng=rng)
    information = -distribution.logpdf(x)
    error = float(np.std(information)) / math.sqrt(len(x))
    assert abs(float(np.mean(information)) - distribution.entropy()) <= 6 * error + 1e-12


@pytest.mark.parametrize("law", [law for law in LAWS if law.name != "zeta"], ids=lambda law: law.name)
@given(seed=seeds)
def test_gibbs_cross_entropy_is_at_least_entropy(law, seed):
    """CE(p, q) ≥ H(p) for two laws of one family, with equality where they are the same."""
    p, rng = draw(law, seed)
    q = mle.Distribution(law, _nearby(p, rng))
    if q.ppf(0.0) > p.ppf(0.0) or q.isf(0.0) < p.isf(0.0):
        return  # q excludes what p allows: the cross-entropy is infinite
    entropy = p.expect(lambda x: -p.logpdf(x))
    slack = 1e-8 * max(1.0, abs(entropy))
    assert p.entropy() == pytest.approx(entropy, abs=slack)
    assert p.expect(lambda x: -q.logpdf(x)) >= entropy - slack


@given(seed=seeds)
def test_gibbs_for_a_power_tail(seed):
    """Sums over a zeta law do not settle; its expected logarithm follows from its entropy."""
    law = mle.get_family("zeta", xmin=2)
    p, rng = draw(law, seed)
    q = mle.Distribution(law, _nearby(p, rng))
    mean_log = (p.entropy() + float(p.logpdf(2))) / p.params["alpha"]  # of x / xmin
    assert mean_log == pytest.approx(float(np.mean(np.log(p.rvs(100_000, rng=rng) / 2))), rel=0.05)
    assert q.params["alpha"] * mean_log - float(q.logpdf(2)) >= p.entropy()


def _nearby(p: mle.Distribution, rng: np.random.Generator) -> dict:
    """Parameters a tenth of the typical range away, kept in their domains."""
    near = {}
    for parameter in p.family.parameters:
        value = p.params[parameter.name]
        if isinstance(parameter.domain, Simplex):
            near[parameter.name] = 0.9 * np.asarray(value) + 0.1 / parameter.size
        elif parameter.domain.lower == 0 and np.isinf(parameter.domain.upper):
            near[parameter.name] = value * math.exp(rng.uniform(-0.2, 0.2))
        elif parameter.domain.integer:
            near[parameter.name] = value + float(rng.integers(-1, 1, endpoint=True))
        else:
            low, high = parameter.typical
            near[parameter.name] = min(max(value + 0.1 * (high - low) * rng.uniform(-1, 1), low), high)
    return near


# --- derivatives ------------------------------------------------------------------------------------------------------


@every_law
@given(seed=seeds)
def test_score_is_the_gradient_of_logpdf(law, seed):
    """By the coordinates of the free regular parameters, to a billionth of a natural change."""
    if law.score is None:
        pytest.skip("no score given; the differences of the likelihood are tested with it")
    distribution, _ = draw(law, seed)
    theta = law.pack(distribution.params)
    coordinates = _coordinates(law, theta)
    u = coordinates.from_theta(theta)
    if len(u) == 0:
        pytest.skip("no regular parameter")
    x = np.unique(distribution.ppf(PROBABILITIES))
    score = np.stack([np.broadcast_to(s, x.shape) for s in law.score(x, *law.unpack(theta))], axis=1)
    got = score @ coordinates.jacobian(u)

    logpdf = lambda v: law.logpdf(x, *law.unpack(coordinates.to_theta(v)))  # noqa: E731
    expected, nearer = (np.stack([_slope(logpdf, u, k, step) for k in range(len(u))], axis=1) for step in (1e-3, 5e-4))
    # A support that moves with the parameters may pass an x within the step, or end so near that no step is short.
    with np.errstate(invalid="ignore"):
        settled = np.abs(nearer - expected) <= 2e-8 * np.maximum(1.0, np.abs(expected))
    if settled.mean() < 0.6:
        return  # no differences to compare with
    size = np.maximum(1.0, np.abs(expected).max(axis=0, where=settled, initial=0.0))
    assert np.all((np.abs(got - expected) <= 1e-7 * size)[settled])


@every_law
@given(seed=seeds)
def test_hessian_is_the_gradient_of_the_score(law, seed):
    if law.hessian is None or law.score is None:
        pytest.skip("no second derivatives given; the differences of the score are tested with the likelihood")
    distribution, _ = draw(law, seed)
    theta = law.pack(distribution.params)
    coordinates = _coordinates(law, theta)
    slopes = coordinates.jacobian(coordinates.from_theta(theta)).sum(axis=1)
    x = np.unique(distribution.ppf(PROBABILITIES))
    upper = [np.broadcast_to(h, x.shape) for h in law.hessian(x, *law.unpack(theta))]
    got = np.empty((len(theta), len(theta), len(x)))
    got[np.triu_indices(len(theta))] = upper
    for k in range(len(theta)):
        if slopes[k] == 0:
            continue  # an irregular parameter has no second derivative to speak of
        step = 1e-3 * abs(slopes[k])
        score = lambda v: np.stack([np.broadcast_to(s, x.shape) for s in law.score(x, *law.unpack(v))])  # noqa: E731
        expected, finer = _slope(score, theta, k, step), _slope(score, theta, k, 0.5 * step)
        for j in range(len(theta)):
            if slopes[j] == 0:
                continue
            value, unit = got[min(j, k), max(j, k)], slopes[j] * slopes[k]
            size = max(1.0, float(np.abs(expected[j] * unit).max()))
            # Within a step of where two pieces of a law meet no difference is a derivative.
            settled = np.abs((finer[j] - expected[j]) * unit) <= 5e-8 * size
            assert settled.mean() >= 0.8
            assert np.all((np.abs((value - expected[j]) * unit) <= 1e-7 * size)[settled]), (j, k)


@every_law
@given(seed=seeds)
def test_sums_for_all_derivatives_are_those_of_the_rows(law, seed):
    """To 1e-12 of the sums of the rows' sizes."""
    if law.derivative_sums is None:
        pytest.skip("value, score and second derivatives are summed apart")
    distribution, rng = draw(law, seed)
    params = list(distribution.params.values())
    x = np.asarray(distribution.rvs(300, rng))
    if law.param_names[-1] == "xi":  # near 0, where closed forms cancel, at it, and at the seam of two formulas
        params[-1] = float(rng.choice([params[-1], 0.0, 1e-6, -3e-3, 0.0999, 0.1001]))
        x = x[np.isfinite(law.logpdf(x, *params))]
    for weight in (None, rng.uniform(0.1, 3.0, len(x))):
        rows = [law.logpdf(x, *params), *law.score(x, *params), *law.hessian(x, *params)]
        rows = np.array([np.broadcast_to(row, len(x)) * (1.0 if weight is None else weight) for row in rows])
        count = float(len(x)) if weight is None else float(weight.sum())
        got = law.derivatives(count, np.array(law.derivative_sums(x, weight, *params)).tolist(), *params)
        assert np.all(np.abs(np.array(got) - rows.sum(axis=1)) <= 1e-12 * np.abs(rows).sum(axis=1))


def _coordinates(law: mle.Family, theta: np.ndarray) -> Coordinates:
    scale = next((value for role, value in zip(roles(law), theta, strict=True) if role == "scale"), 1.0)
    natural = np.array([scale if role == "location" else 1.0 for role in roles(law)])
    return Coordinates([p.domain for p in law.parameters], theta, [p.regular for p in law.parameters], natural)


def _slope(f, u, k, h):
    """Derivative by one coordinate: central differences of sixth order."""
    total = 0.0
    for distance, weight in ((1, 45), (2, -9), (3, 1)):
        step = np.zeros(len(u))
        step[k] = distance * h
        with np.errstate(all="ignore"):
            total = total + weight * (np.asarray(f(u + step)) - np.asarray(f(u - step)))
    return total / (60 * h)


# --- sums -------------------------------------------------------------------------------------------------------------


@every_law
@given(seed=seeds)
def test_sums_merge(law, seed):
    """The likelihood of two halves adds up to that of the whole; so do score and statistics."""
    distribution, rng = draw(law, seed)
    x, weight = distribution.rvs(101, rng=rng), rng.integers(1, 4, 101).astype(float)
    theta = law.pack(distribution.params)
    whole = Likelihood(law, mle.Sample(x, weight), Unit())
    parts = [Likelihood(law, mle.Sample(x[s], weight[s]), Unit()) for s in (slice(0, 40), slice(40, None))]
    total = sum(part.nobs * part.mean_loglik(theta) for part in parts)
    assert whole.nobs == sum(part.nobs for part in parts)
    assert whole.nobs * whole.mean_loglik(theta) == pytest.approx(total, rel=1e-11)
    assert whole.nobs * whole.mean_loglik(theta) == pytest.approx(np.sum(weight * distribution.logpdf(x)), rel=1e-9)
    if law.score is not None:
        score = sum(part.nobs * part.mean_score(theta) for part in parts)
        size = np.maximum(1.0, np.abs(score))
        assert np.all(np.abs(whole.nobs * whole.mean_score(theta) - score) <= 1e-9 * size)
    if isinstance(law, mle.ExponentialFamily):
        added = [a + b for a, b in zip(law.sums(x[:40], weight[:40]), law.sums(x[40:], weight[40:]), strict=True)]
        assert law.sums(x, weight) == pytest.approx(added, rel=1e-11)
        assert law.sums(x, None) == pytest.approx(law.sums(x, np.ones(101)), rel=1e-11)


# --- fits -------------------------------------------------------------------------------------------------------------


@every_law
@given(seed=seeds)
def test_the_fit_beats_the_truth_on_its_own_sample(law, seed):
    """The maximum is a maximum: not even the true parameters explain the sample better."""
    truth, rng = draw(law, seed)
    x = truth.rvs(SAMPLE_SIZE, rng=rng)
    fit = fit_quietly(x, law)
    at_truth = float(np.sum(truth.logpdf(x)))
    assert fit.llf >= at_truth - 1e-9 * max(1.0, abs(at_truth))
    assert fit.certificate.ok, fit.certificate


@every_law
@given(seed=seeds)
def test_cross_entropy_is_nll_per_observation(law, seed):
    truth, rng = draw(law, seed)
    x = truth.rvs(SAMPLE_SIZE, rng=rng)
    fit = fit_quietly(x, law)
    assert fit.cross_entropy == fit.nll / fit.nobs
    assert fit.cross_entropy == pytest.approx(-float(np.mean(fit.distribution.logpdf(x))), rel=1e-9, abs=1e-12)


@every_law
@given(seed=seeds)
def test_the_order_of_the_data_does_not_matter(law, seed):
    truth, rng = draw(law, seed)
    x = truth.rvs(SAMPLE_SIZE, rng=rng)
    one, other = fit_quietly(x, law), fit_quietly(rng.permutation(x), law)
    assert_same_params(flat(other.params), flat(one.params), spread_se(one))
    assert other.llf == pytest.approx(one.llf, rel=1e-11, abs=1e-9)
    assert other.certificate.verdict == one.certificate.verdict


@every_law
@given(seed=seeds)
def test_a_weight_is_a_repetition(law, seed):
    truth, rng = draw(law, seed)
    x, weight = truth.rvs(80, rng=rng), rng.integers(1, 5, 80)
    weighted, repeated = fit_quietly(x, law, weights=weight), fit_quietly(np.repeat(x, weight), law)
    assert weighted.nobs == repeated.nobs == weight.sum()
    assert weighted.certificate.verdict == repeated.certificate.verdict
    assert_same_params(flat(weighted.params), flat(repeated.params), spread_se(repeated))
    assert weighted.llf == pytest.approx(repeated.llf, rel=1e-11, abs=1e-9)
    assert flat(weighted.bse) == pytest.approx(flat(repeated.bse), rel=1e-5, nan_ok=True)


STRETCHABLE = tuple(law for law in CONTINUOUS if law.has_scale and not law.constants)
SHIFTABLE = tuple(law for law in CONTINUOUS if law.has_location and law.has_scale)


@pytest.mark.parametrize("law", STRETCHABLE, ids=lambda law: law.name)
@given(seed=seeds)
def test_a_fit_stretches_with_its_data(law, seed):
    truth, rng = draw(law, seed)
    x, factor = truth.rvs(SAMPLE_SIZE, rng=rng), float(np.exp(rng.uniform(-15, 15)))
    one, other = fit_quietly(x, law), fit_quietly(factor * x, law)
    _assert_moved(one, other, 0.0, factor)


@pytest.mark.parametrize("law", SHIFTABLE, ids=lambda law: law.name)
@given(seed=seeds)
def test_a_fit_shifts_with_its_data(law, seed):
    truth, rng = draw(law, seed)
    x = truth.rvs(SAMPLE_SIZE, rng=rng)
    shift = float(rng.uniform(-300, 300)) * float(np.quantile(x, 0.75) - np.quantile(x, 0.25))
    one, other = fit_quietly(x, law), fit_quietly(x + shift, law)
    _assert_moved(one, other, shift, 1.0)


def _assert_moved(one: mle.Fit, other: mle.Fit, centre: float, factor: float) -> None:
    law = one.family
    assert other.certificate.verdict == one.certificate.verdict
    assert other.certificate.boundary == one.certificate.boundary
    assert other.llf == pytest.approx(one.llf - one.nobs * math.log(factor), rel=1e-9, abs=1e-7)
    if any(_ran_off(one, name) for name in one.certificate.boundary):
        return  # the parameters go on for ever, the likelihood no longer moves
    expected = moved(law, flat(one.params), centre, factor)
    ones = np.ones(len(expected))
    slope = moved(law, 2 * ones, centre, factor) - moved(law, ones, centre, factor)
    assert_same_params(flat(other.params), expected, slope * spread_se(one))
    assert flat(other.bse) == pytest.approx(slope * flat(one.bse), rel=1e-4, nan_ok=True)


def _ran_off(fit: mle.Fit, name: str) -> bool:
    """Whether a parameter is on its way to an end that it has not reached."""
    domain = fit.family.parameters[fit.family.param_names.index(name)].domain
    return math.isfinite(fit.params[name]) and fit.params[name] not in domain.endpoints
