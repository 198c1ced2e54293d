"""Compiled sums of mixtures of normal laws: the log-likelihood and its derivatives."""

from __future__ import annotations

import math

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.likelihood.kernels import uniform
from mle_toolkit.likelihood.kernels.elementary import LANES, SPAN, block, exp, log, log_of, loop, multiply

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)

_OWN, _COMMON = 3, 13
"""Moments of a component, and those of two components together."""


def sums(
    x: Array, weight: Array | None, centre: float, inverse: float, weights: Array, mu: Array, sigma: Array
) -> Array:
    """Sums of the log-density, its score and its second derivatives, upper triangle row by row."""
    if not (np.all(sigma > 0.0) and np.all(weights >= 0.0)) or np.isnan(mu).any():  # a trial point without a law
        size = 3 * len(mu)
        return np.full(1 + size + size * (size + 1) // 2, np.nan)
    with np.errstate(all="ignore"):  # nor may derivatives exist
        per_sigma, top = 1.0 / sigma, np.log(weights) - np.log(sigma) - _HALF_LOG_TWO_PI
        law = [uniform(values) for values in (mu, per_sigma, top)]
        value, own, common = _moments(x, weight, centre, inverse, *law)
        return _derivatives(value, own, common, weights, per_sigma)


@loop
def _moments(
    x: Array, weight: Array | None, centre: float, inverse: float, mu: Array, per_sigma: Array, top: Array
) -> tuple[float, Array, Array]:
    """Log-likelihood and moments of z, the distance from a mean in standard deviations.

    With r the share of a component in a row: of each component the sums of r z^a for a = 0, 1, 2; of each pair those of
    r r' z^a z'^b for a, b = 0, 1, 2, row by row, then of r r' z³, z⁴, z'³ and z'⁴.
    """
    k = len(mu)
    value = 0.0
    own, common = np.zeros((k, _OWN)), np.zeros((k, k, _COMMON))
    z, share = np.empty((k, LANES)), np.empty((k, LANES))
    highest, whole, both = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    product = np.empty(LANES)
    for first in range(0, len(x), SPAN):
        last = min(first + SPAN, len(x))
        product[:] = 1.0
        exponents = 0
        for start in range(first, last, LANES):
            rows = block(x, start, last)
            weights = rows if weight is None else block(weight, start, last)
            count = len(rows)
            for i in range(count):
                highest[i] = -np.inf
                whole[i] = 0.0
            for j in range(k):
                for i in range(count):
                    away = ((rows[i] - centre) * inverse - mu[j]) * per_sigma[j]
                    z[j, i] = away
                    share[j, i] = top[j] - 0.5 * (away * away)
                    highest[i] = max(highest[i], share[j, i])
            for j in range(k):
                for i in range(count):
                    share[j, i] = exp(share[j, i] - highest[i])
                    whole[i] += share[j, i]
            for i in range(count):
                if weight is None:
                    value += highest[i]
                    exponents += multiply(product, i, whole[i])
                    whole[i] = 1.0 / whole[i]
                else:
                    value += weights[i] * (highest[i] + log(whole[i]))
                    whole[i] = 1.0 / whole[i]
            for j in range(k):
                m0, m1, m2 = 0.0, 0.0, 0.0
                for i in range(count):
                    share[j, i] *= whole[i]
                    r = share[j, i] if weight is None else weights[i] * share[j, i]
                    m0 += r
                    m1 += r * z[j, i]
                    m2 += r * (z[j, i] * z[j, i])
                own[j, 0] += m0
                own[j, 1] += m1
                own[j, 2] += m2
            for j in range(k):
                for m in range(j + 1, k):
                    for i in range(count):
                        both[i] = share[j, i] * share[m, i] * (1.0 if weight is None else weights[i])
                    _add_common(common[j, m], both, z[j], z[m], count)
        if weight is None:
            value += log_of(product, exponents, last - first)
    return value, own, common


@loop
def _add_common(sums: Array, both: Array, z: Array, other: Array, count: int) -> None:
    """Add the moments of two components over a block."""
    c00, c01, c02, c10, c11, c12, c20, c21, c22 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    c30, c40, c03, c04 = 0.0, 0.0, 0.0, 0.0
    for i in range(count):
        q, u, v = both[i], z[i], other[i]
        qu, qv = q * u, q * v
        quu, quv, qvv = qu * u, qu * v, qv * v
        c00 += q
        c01 += qv
        c02 += qvv
        c10 += qu
        c11 += quv
        c12 += quv * v
        c20 += quu
        c21 += quv * u
        c22 += quu * v * v
        c30 += quu * u
        c40 += quu * u * u
        c03 += qvv * v
        c04 += qvv * v * v
    for place, total in enumerate((c00, c01, c02, c10, c11, c12, c20, c21, c22, c30, c40, c03, c04)):
        sums[place] += total


def _derivatives(value: float, own: Array, common: Array, weights: Array, per_sigma: Array) -> Array:
    """Log-likelihood, score and second derivatives, from the moments.

    The log-density of a component has the slopes s = (1/w, z/σ, (z² - 1)/σ), w as a factor; with its second derivatives
    h, those of the mixture are r h + r (1 - r) s s' within a component, and -r r' s s'' between two.
    """
    k = len(weights)
    c00, c01, c02, c10, c11, c12, c20, c21, c22, c30, c40, c03, c04 = np.moveaxis(common, 2, 0)
    r0, r1, r2 = own.T
    # 1 - r is the share of all others, without the rounding of the difference.
    a0, a1, a2, a3, a4 = (
        np.sum(first, axis=1) + np.sum(second, axis=0)
        for first, second in ((c00, c00), (c10, c01), (c20, c02), (c30, c03), (c40, c04))
    )
    within = np.empty((3, 3, k))
    within[0, 0] = (a0 - r0) / weights**2
    within[0, 1] = a1 * per_sigma / weights
    within[0, 2] = (a2 - a0) * per_sigma / weights
    within[1, 1] = (a2 - r0) * per_sigma**2
    within[1, 2] = (a3 - a1 - 2.0 * r1) * per_sigma**2
    within[2, 2] = (a4 - 2.0 * a2 + a0 + r0 - 3.0 * r2) * per_sigma**2
    between = np.array([
        [c00, c01, c02 - c00],
        [c10, c11, c12 - c10],
        [c20 - c00, c21 - c01, c22 - c20 - c02 + c00],
    ])  # fmt: skip
    factor = np.array([1.0 / weights, per_sigma, per_sigma])
    between *= -factor[:, None, :, None] * factor[None, :, None, :]
    second = np.zeros((3, k, 3, k))
    for a in range(3):
        for b in range(3):
            second[a, :, b, :] = between[a, b] + between[b, a].T
            second[a, range(k), b, range(k)] += within[min(a, b), max(a, b)]
    score = np.concatenate([r0 / weights, r1 * per_sigma, (r2 - r0) * per_sigma])
    matrix = second.reshape(3 * k, 3 * k)
    return np.concatenate([[value], score, matrix[np.triu_indices(3 * k)]])
