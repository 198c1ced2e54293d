"""Special functions that SciPy lacks: inverses and differences that keep their digits."""

from __future__ import annotations

import numpy as np
from scipy import special

from mle_toolkit._typing import Array

_NEWTON_STEPS = 50


def inverse_log_minus_digamma(gap: float) -> float:
    """Solve ``log(k) - digamma(k) = gap`` for k > 0, the likelihood equation of a gamma shape.

    Newton's method on 1/k, from the start of Minka (2002), Estimating a Gamma distribution; it gains four digits a
    step. For large k the left side is summed as its asymptotic series, because its terms cancel.
    """
    # Minka's start, exact to 1.5 % everywhere.
    k = (3 - gap + np.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    for _ in range(_NEWTON_STEPS):
        # 1/k - trigamma(k), whose terms cancel for large k.
        slope = 1.0 / k - float(special.zeta(2.0, k)) if k < 1e4 else -0.5 / k**2 - 1 / (6 * k**3)
        change = (log_minus_digamma(k) - gap) * k / (k * k * slope)
        k = k / (1.0 + change)
        if abs(change) <= 1e-8:  # quadratic: the step just taken left an error of its square
            break
    return float(k)


def sum_log(x: Array) -> float:
    """Sum of log x over a block, one logarithm for eight factors: more exact than a sum of logs, and faster.

    The factors must be below 1e38, which the unit of an exponential family sees to: then no product overflows, and
    one above 1e-80 has not lost digits on the way. Other blocks are summed log by log.
    """
    n = len(x) // 8 * 8
    if n:
        products = np.multiply.reduce(x[:n].reshape(8, -1), axis=0)
        if np.minimum.reduce(products) > 1e-80:
            return float(np.add.reduce(np.log(products)) + np.add.reduce(np.log(x[n:])))
    return float(np.add.reduce(np.log(x)))


def log_minus_digamma(k: float) -> float:
    """``log(k) - digamma(k)``, by its asymptotic series for large k (Abramowitz & Stegun 6.3.18), where it cancels."""
    if k < 20.0:
        return float(np.log(k) - special.psi(k))
    r = 1.0 / (k * k)
    series = 1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132 - r * 691 / 32760))))
    return float(0.5 / k + r * series)

