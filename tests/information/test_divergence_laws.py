"""Laws that divergences obey, whatever the probabilities and parameters."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mle_toolkit as mle
from mle_toolkit.information import (
    conditional_entropy,
    cross_entropy,
    entropy,
    hellinger_distance,
    joint_entropy,
    js_divergence,
    kl_divergence,
    mutual_information,
    renyi_divergence,
    total_variation,
    wasserstein_distance,
)
from mle_toolkit.information.between import why_singular
from tests.strategies import LAWS, draw, seeds

ROUNDING = 1e-14


def shares(rng, *shape):
    """Draw laws that are even, uneven, or have impossible outcomes."""
    concentration = rng.choice([0.1, 1.0, 10.0])
    p = rng.dirichlet(np.full(int(np.prod(shape)), concentration))
    p[rng.random(p.size) < 0.1] = 0.0
    if not p.sum() > 0:
        p[0] = 1.0
    return (p / p.sum()).reshape(shape)


def positive(rng, *shape):
    return rng.dirichlet(np.full(int(np.prod(shape)), 1.0)).reshape(shape)


def kl(p, q):
    return kl_divergence(np.ravel(p), np.ravel(q)).value


arrays = st.builds(np.random.default_rng, seeds)


@given(arrays)
def test_divergence_is_not_negative_and_zero_only_at_equality(rng):
    p, q = shares(rng, 5), positive(rng, 5)
    assert kl(p, q) > 0
    assert kl(p, p) == 0
    for measure in (js_divergence, total_variation, hellinger_distance):
        assert measure(p, q).value > 0
        assert measure(p, p).value == 0


@given(arrays)
def test_gibbs(rng):
    """No code is shorter than the one made for the law."""
    p, q = shares(rng, 6), positive(rng, 6)
    assert cross_entropy(p, q).value >= entropy(p).value - ROUNDING
    assert cross_entropy(p, p).value == pytest.approx(entropy(p).value, abs=ROUNDING)


@given(arrays)
def test_chain_rule(rng):
    """KL(p_xy ‖ q_xy) = KL(p_x ‖ q_x) + mean over p_x of KL(p_y|x ‖ q_y|x)."""
    p, q = positive(rng, 3, 4), positive(rng, 3, 4)
    rows_p, rows_q = p.sum(axis=1), q.sum(axis=1)
    inner = sum(w * kl(a / a.sum(), b / b.sum()) for w, a, b in zip(rows_p, p, q, strict=True))
    assert kl(p, q) == pytest.approx(kl(rows_p, rows_q) + inner, abs=1e-13)


@given(arrays)
def test_entropies_of_two_variables(rng):
    p = shares(rng, 3, 4)
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    joint, mutual = joint_entropy(p).value, mutual_information(p).value
    assert conditional_entropy(p, given=1).value == pytest.approx(joint - entropy(columns).value, abs=1e-13)
    assert conditional_entropy(p, given=0).value == pytest.approx(joint - entropy(rows).value, abs=1e-13)
    assert mutual == pytest.approx(entropy(rows).value + entropy(columns).value - joint, abs=1e-13)
    assert mutual >= 0
    assert mutual_information(np.outer(rows, columns)).value == pytest.approx(0, abs=1e-15)


@given(arrays)
def test_processing_loses_information(rng):
    """Whatever channel both laws go through, no divergence grows."""
    p, q = shares(rng, 5), positive(rng, 5)
    channel = rng.dirichlet(np.ones(3), 5)
    for measure in (kl_divergence, js_divergence, total_variation, hellinger_distance):
        assert measure(p @ channel, q @ channel).value <= measure(p, q).value + ROUNDING


@given(arrays)
def test_joint_convexity(rng):
    p, q = (shares(rng, 5), shares(rng, 5)), (positive(rng, 5), positive(rng, 5))
    t = rng.random()
    mixed = kl(t * p[0] + (1 - t) * p[1], t * q[0] + (1 - t) * q[1])
    assert mixed <= t * kl(p[0], q[0]) + (1 - t) * kl(p[1], q[1]) + ROUNDING


@given(arrays)
def test_pinsker(rng):
    """TV² <= KL / 2; and H² <= TV <= H sqrt(2 - H²) (Tsybakov 2009, sec. 2.4)."""
    p, q = shares(rng, 5), positive(rng, 5)
    distance, hellinger = total_variation(p, q).value, hellinger_distance(p, q).value
    assert distance**2 <= 0.5 * kl(p, q) + ROUNDING
    assert hellinger**2 <= distance + ROUNDING
    assert distance <= hellinger * math.sqrt(2 - hellinger**2) + ROUNDING


@given(arrays)
def test_jensen_shannon_is_symmetric_and_its_root_a_metric(rng):
    p, q, r = (shares(rng, 4) for _ in range(3))
    there, back = js_divergence(p, q).value, js_divergence(q, p).value
    assert there == pytest.approx(back, rel=1e-14, abs=1e-300)
    assert 0 <= there <= math.log(2) + ROUNDING
    middle = 0.5 * (p + q)
    assert there == pytest.approx(0.5 * kl(p, middle) + 0.5 * kl(q, middle), abs=ROUNDING)
    by_r = math.sqrt(js_divergence(p, r).value) + math.sqrt(js_divergence(r, q).value)
    assert math.sqrt(there) <= by_r + 1e-7


@given(arrays, st.floats(0.05, 5.0))
def test_renyi_grows_with_its_order(rng, alpha):
    p, q = shares(rng, 4), positive(rng, 4)
    assert renyi_divergence(p, q, alpha).value <= renyi_divergence(p, q, alpha + 0.5).value * (1 + 1e-12) + ROUNDING


@given(arrays)
def test_relabelling_changes_nothing(rng):
    p, q = shares(rng, 6), positive(rng, 6)
    order = rng.permutation(6)
    assert kl(p[order], q[order]) == pytest.approx(kl(p, q), rel=1e-14, abs=1e-300)


# --- laws -------------------------------------------------------------------------------------------------------------

CHOICES = [family for family in LAWS if family.name != "zeta" and family.period is None]
"""Sums over a power tail take a second; the circle has no common support with the line."""


@settings(max_examples=25)
@given(st.sampled_from(CHOICES), st.sampled_from(CHOICES), seeds)
def test_divergences_between_laws_obey_pinsker_and_gibbs(first, second, seed):
    p, q = draw(first, seed)[0], draw(second, seed + 1)[0]
    divergence = kl_divergence(p, q, rng=0)
    assert divergence.value >= 0
    assert not math.isnan(divergence.value)
    assert math.isfinite(divergence.value) or divergence.reason
    distance = total_variation(p, q, rng=0)
    assert 0 <= distance.value <= 1 + 1e-9
    assert distance.value**2 <= 0.5 * divergence.value + 1e-9
    assert js_divergence(p, q).value == pytest.approx(js_divergence(q, p).value, rel=1e-8, abs=1e-12)
    if why_singular(p, q) is not None:
        assert divergence.value == math.inf


@settings(max_examples=25)
@given(
    st.sampled_from([f for f in CHOICES if f.has_scale and not f.has_location and not f.constants]),
    seeds,
    st.floats(-8, 8),
)
def test_a_change_of_unit_changes_no_divergence(family, seed, exponent):
    """A bijection: exactly the same law of x / unit."""
    unit = 2.0**exponent
    p, q = draw(family, seed)[0], draw(family, seed + 1)[0]
    moves = {"scale": lambda v: v / unit, "rate": lambda v: v * unit, "log-scale": lambda v: v - math.log(unit)}

    def moved(d):
        roles = {p.name: p.role for p in d.family.parameters}
        return mle.Distribution(d.family, {k: moves.get(roles[k], lambda v: v)(v) for k, v in d.params.items()})

    before, after = kl_divergence(p, q), kl_divergence(moved(p), moved(q))
    assert after.value == pytest.approx(before.value, rel=1e-8)


@given(st.floats(-3, 3), st.floats(0.3, 3), st.floats(-3, 3), st.floats(0.3, 3))
def test_logarithms_of_lognormal_laws_are_normal(m, s, n, t):
    p, q = (mle.distribution("lognormal", meanlog=a, sdlog=b) for a, b in ((m, s), (n, t)))
    log_p, log_q = (mle.distribution("normal", mu=a, sigma=b) for a, b in ((m, s), (n, t)))
    assert kl_divergence(p, q).value == pytest.approx(kl_divergence(log_p, log_q).value, rel=1e-9, abs=1e-15)


@settings(max_examples=20)
@given(st.floats(-3, 3), st.floats(0.3, 3), st.floats(-3, 3), st.floats(0.3, 3))
def test_transport_is_at_least_the_difference_of_means(m, s, n, t):
    p, q = (mle.distribution("normal", mu=a, sigma=b) for a, b in ((m, s), (n, t)))
    assert wasserstein_distance(p, q).value >= abs(m - n) - 1e-9
