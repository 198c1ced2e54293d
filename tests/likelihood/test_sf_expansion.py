"""Second derivatives of log survival functions are those of an independent differentiation."""

import mpmath
import numpy as np
import pytest

from mle_toolkit.families.base import Family
from mle_toolkit.families.registry import family_class, family_names, get_family

SURVIVAL = {
    "weibull": lambda x, k, s: -((x / s) ** k),
    "loglogistic": lambda x, k, s: -mpmath.log(1 + (x / s) ** k),
    "lognormal": lambda x, m, s: mpmath.log(mpmath.erfc((mpmath.log(x) - m) / s / mpmath.sqrt(2)) / 2),
    "asymmetric_laplace": lambda x, m, s, k: (
        -k * (x - m) / s - mpmath.log(1 + k * k)
        if x >= m
        else mpmath.log(1 - mpmath.exp((x - m) / s / k) * k * k / (1 + k * k))
    ),
}


@pytest.mark.parametrize("name", SURVIVAL)
@pytest.mark.parametrize("x", [1e-3, 0.8, 40.0])
def test_derivatives_of_log_survival(name, x):
    theta = (1.7, 2.3, 0.6)[: len(get_family(name).parameters)]
    law: Family = get_family(name)
    assert law.sf_expansion is not None
    value, first, second = law.sf_expansion(np.array([x]), *theta)
    with mpmath.workdps(50):
        log_sf = SURVIVAL[name]
        units = np.eye(len(theta), dtype=int)
        orders = [*units, *(units[j] + units[k] for j in range(len(theta)) for k in range(j, len(theta)))]
        right = [mpmath.diff(lambda *at: log_sf(mpmath.mpf(x), *at), theta, tuple(map(int, n))) for n in orders]
        height = log_sf(mpmath.mpf(x), *map(mpmath.mpf, theta))
    assert value[0] == pytest.approx(float(height), rel=1e-13)
    got = [float(np.ravel(part)[0]) for part in (*first, *second)]
    np.testing.assert_allclose(got, [float(r) for r in right], rtol=1e-10, atol=1e-45)  # differences of 0 by mpmath


def test_no_law_inherits_that_of_another():
    having = {family_class(name).name for name in family_names() if family_class(name).sf_expansion is not None}
    assert having == set(SURVIVAL)


@pytest.mark.parametrize("name", ["weibull", "lognormal"])
def test_expansions_of_the_density_are_its_values_scores_and_second_derivatives(name):
    law, theta, x = get_family(name), (1.7, 2.3), np.geomspace(1e-12, 1e3, 40)
    value, first, second = law.expansion(x, *theta)
    np.testing.assert_allclose(value, law.logpdf(x, *theta), rtol=1e-13)
    np.testing.assert_allclose(first, law.score(x, *theta), rtol=1e-12, atol=1e-14)
    sides = np.array([law.score(x, *(np.array(theta) + 1e-6 * away)) for away in (*np.eye(2), *-np.eye(2))])
    by_differences = (sides[:2] - sides[2:]) / 2e-6
    right = [by_differences[0, 0], by_differences[0, 1], by_differences[1, 1]]
    np.testing.assert_allclose(np.broadcast_arrays(*second), right, rtol=1e-6, atol=1e-7)


def with_durations_by_log() -> list[str]:
    """Laws that take durations by the log of their scale."""
    return [name for name in family_names() if family_class(name).durations_by_log is not None]


@pytest.mark.parametrize("name", with_durations_by_log())
def test_durations_by_log_are_those_by_the_scale(name):
    law, x = get_family(name), np.geomspace(1e-9, 1e3, 41)
    ended, scale = np.arange(41) % 3 > 0, np.geomspace(0.2, 5.0, 41)
    numbers = (1.7, 0.6)[: len(law.parameters) - 1]
    assert law.parameters[-1].role == "scale"
    value, first, second = law.durations_by_log(np.log(x), ended.astype(float), *numbers, np.log(scale))
    seen, lasting = law.expansion(x, *numbers, scale), law.sf_expansion(x, *numbers, scale)
    parts = zip((seen[0], *seen[1], *seen[2]), (lasting[0], *lasting[1], *lasting[2]), strict=True)
    right = [np.where(ended, one, other) for one, other in parts]
    p = len(law.parameters)
    pairs = [(j, k) for j in range(p) for k in range(j, p)]
    to_log = [scale if k == p - 1 else 1.0 for k in range(p)]
    for k, mine in enumerate(first):
        np.testing.assert_allclose(mine, right[1 + k] * to_log[k], rtol=1e-12, atol=1e-13)
    for (j, k), mine, other in zip(pairs, second, right[1 + p :], strict=True):
        bent = right[p] * scale if j == k == p - 1 else 0.0
        np.testing.assert_allclose(mine, other * to_log[j] * to_log[k] + bent, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(value, right[0], rtol=1e-13, atol=1e-14)
