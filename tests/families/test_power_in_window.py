"""Powers of the distance from a threshold, seen through a window: the law itself, and as the limit of shifted laws."""

import numpy as np
import pytest
from references import fit_quietly
from scipy import integrate, optimize

import mle_toolkit as mle
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.power_in_window import power_on

KINDS = [
    (1.0, False, 0.7, 2.5),
    (-1.0, False, 3.0, 4.0),
    (1.0, True, -0.4, 3.0),
    (1.0, True, -1.0, 2.1),
    (-1.0, True, -4.0, 9.0),
]


@pytest.mark.parametrize(("sign", "falls", "power", "reach"), KINDS)
def test_it_is_a_law_of_its_window(sign, falls, power, reach):
    law = Distribution(power_on(1.0, 3.0, sign, of_log=False, falling=falls), {"power": power, "reach": reach})
    near = max(1.0, 3.0 - reach) if sign > 0 else 1.0
    far = 3.0 if sign > 0 else min(3.0, 1.0 + reach)
    assert integrate.quad(lambda x: float(law.pdf(x)), near, far)[0] == pytest.approx(1.0, abs=1e-10)
    x = np.linspace(near, far, 7)[1:-1]
    below = [integrate.quad(lambda v: float(law.pdf(v)), near, end)[0] for end in x]
    np.testing.assert_allclose(law.cdf(x), below, atol=1e-10)
    np.testing.assert_allclose(law.sf(x), 1 - np.array(below), atol=1e-10)
    np.testing.assert_allclose(law.ppf(law.cdf(x)), x, rtol=1e-12)


def falling(n, power, gap, lower, upper):
    """Quantiles of the density (x - lower + gap)^-power on a window."""
    p = (np.arange(n) + 0.5) / n
    ends = gap ** (1 - power), (gap + upper - lower) ** (1 - power)
    return lower - gap + (ends[0] + p * (ends[1] - ends[0])) ** (1 / (1 - power))


@pytest.mark.parametrize(("law", "unit"), [("shifted(lognormal)", 1e-6), ("shifted(weibull)", 1.0)])
def test_laws_with_a_threshold_become_a_power_that_falls(law, unit):
    x = falling(40, 0.4, 0.15, 1.0, 3.0)
    fit = fit_quietly(mle.Sample(unit * x).truncated(unit, 3.0 * unit), law)

    def short(v):
        power, gap = np.exp(v)
        whole = ((gap + 2.0) ** (1 - power) - gap ** (1 - power)) / (1 - power)
        return len(x) * np.log(whole) + power * np.sum(np.log(gap + x - 1.0))

    best = optimize.minimize(short, [-0.9, -2.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
    assert fit.certificate.ok
    assert "falling power of x above a threshold" in fit.certificate.message
    assert fit.llf == pytest.approx(-best.fun - len(x) * np.log(unit), abs=1e-8)
