"""Tails and their slopes of gamma laws near the normal one have all digits: by mpmath."""

import mpmath as mp
import numpy as np
import pytest

from mle_toolkit.families.generalized_gamma import _Prentice
from mle_toolkit.families.pearson3 import Pearson3

Z = np.array([-12.0, -2.5, -0.3, 0.0, 1.2, 3.0, 9.0, 20.0])


def logs_of_tails(shape, ratio, turned):
    """Logs of both tails of a gamma law at so many times its mean, one minus it where the law is turned about."""
    lower = mp.gammainc(shape, 0, shape * ratio, regularized=True)
    upper = mp.gammainc(shape, shape * ratio, mp.inf, regularized=True)
    pair = (upper, lower) if turned else (lower, upper)
    return [mp.log(p) for p in pair]


def pearson(z, skew):
    return logs_of_tails(4 / skew**2, 1 + skew * z / 2, skew < 0)


def prentice(w, q):
    return logs_of_tails(1 / q**2, mp.exp(q * w), q < 0)


def slopes(exact, z, shape):
    with mp.workdps(int(80 + z * z)):
        h, z, shape = mp.mpf(10) ** -16, mp.mpf(float(z)), mp.mpf(float(shape))
        up, down = exact(z, shape + h), exact(z, shape - h)
        return [float(v) for v in exact(z, shape)], [float((u - d) / (2 * h)) for u, d in zip(up, down, strict=True)]


@pytest.mark.parametrize("skew", [0.14, 0.06, 0.041, 0.039, -0.02, -0.1])
def test_pearson3(skew):
    law, z = Pearson3(), Z[1 + 0.5 * skew * Z > 0.05]
    logs, by_skew = zip(*(slopes(pearson, at, skew) for at in z), strict=True)
    shapes = np.full_like(z, skew)
    tails = np.array(law.reduced_tails(z, shapes)).T
    assert tails == pytest.approx(np.array(logs), rel=3e-12)
    own = np.array([side for (side,) in law.reduced_tail_slopes(z, shapes)]).T
    assert own == pytest.approx(np.array(by_skew), rel=1e-10, abs=1e-290)


@pytest.mark.parametrize("q", [0.14, 0.05, 0.021, 0.019, -0.008, -0.1])
def test_generalized_gamma(q):
    law, w = _Prentice(), Z
    logs, by_q = zip(*(slopes(prentice, at, q) for at in w), strict=True)
    x = np.exp(w)
    tails = np.array(law.log_tails(x, 0.0, 1.0, q)).T
    assert tails == pytest.approx(np.array(logs), rel=3e-12)
    own = np.array([side[2] for side in law.tail_scores(x, 0.0, 1.0, q)]).T
    assert own == pytest.approx(np.array(by_q), rel=1e-10, abs=1e-290)


@pytest.mark.parametrize("law", [Pearson3(), _Prentice()])
def test_the_normal_law_itself(law):
    """By the first term of the expansion in the shape: n(z) times 1/6 (pearson3: z² - 1; of logs: z² + 2)."""
    density, below, above = (np.array([float(f(z)) for z in Z]) for f in (mp.npdf, mp.ncdf, lambda z: mp.ncdf(-z)))
    if isinstance(law, Pearson3):
        (lower,), (upper,) = law.reduced_tail_slopes(Z, np.zeros_like(Z))
        first = (1 - Z**2) / 6
    else:
        lower, upper = (side[2] for side in law.tail_scores(np.exp(Z), 0.0, 1.0, 0.0))
        first = (2 + Z**2) / 6
    assert lower == pytest.approx(first * density / below, rel=1e-12, abs=1e-300)
    assert upper == pytest.approx(-first * density / above, rel=1e-12, abs=1e-300)
