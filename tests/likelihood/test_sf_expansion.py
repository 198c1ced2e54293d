"""Second derivatives of log survival functions are those of an independent differentiation."""

import mpmath
import numpy as np
import pytest

from mle_toolkit.families.base import Family
from mle_toolkit.families.registry import family_class, get_family

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
    from mle_toolkit.families.registry import family_names

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
