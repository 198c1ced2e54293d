"""Compiled pass of negative binomial regressions."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.counting import FEW, digamma_difference, log_factorial, trigamma_difference
from mle_toolkit.families.negbin import MODERATE
from mle_toolkit.likelihood.kernels import read_only
from mle_toolkit.likelihood.kernels.designs import ROWS, add_across, add_along, mirrored, predicted, room, taken
from mle_toolkit.likelihood.kernels.elementary import bits_of, exp, float_of, full_width, function, log1p, loop
from mle_toolkit.likelihood.kernels.passes import FARTHEST, Passed

LINK = "log"


@function
def _terms(x: float, eta: float, size: float, log_size: float) -> tuple[float, float, float, float, float, float]:
    """What a count and its mean give to the log-probability and to its derivatives, without what tables have."""
    ratio = exp(eta - log_size)
    mean, log_share = size * ratio, -log1p(ratio)
    both = size + mean
    gap, share = (x - mean) / both, mean / both
    value = (size + x) * log_share + x * (eta - log_size)
    by_mean = size * gap, -size * share * ((x + size) / both)
    by_size = log_share - gap, (share + size * gap / both) / size
    return value, *by_mean, *by_size, gap * share


@loop
def _summed(
    matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, size: float, log_size: float,
    tables: Array,
) -> tuple[Any, ...]:  # fmt: skip
    full_width()
    k = matrix.shape[1]
    turned, by_first, by_second = room(k)
    crossed = np.zeros(k)
    eta, y, w = np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS)
    along, across, both = np.zeros(ROWS), np.zeros(ROWS), np.zeros(ROWS)
    value, first_order, second_order, far = 0.0, 0.0, 0.0, 0
    for first in range(0, len(x), ROWS):
        last = min(first + ROWS, len(x))
        predicted(matrix, coefficients, fixed, first, last, turned, eta)
        taken(x, first, last, y, 0.0)
        taken(weight, first, last, w, 0.0)
        for i in range(ROWS):
            of_row, slope, bend, by_size, by_size_twice, mixed = _terms(y[i], eta[i], size, log_size)
            far = max(far, bits_of(abs(eta[i])))
            value += w[i] * of_row
            first_order += w[i] * by_size
            second_order += w[i] * by_size_twice
            along[i], across[i], both[i] = w[i] * slope, w[i] * bend, w[i] * mixed
        for i in range(ROWS):
            count = int(y[i])
            value += w[i] * tables[0, count]
            first_order += w[i] * tables[1, count]
            second_order += w[i] * tables[2, count]
        add_along(turned, along, by_first)
        add_along(turned, both, crossed)
        add_across(turned, across, by_second)
    return value, first_order, second_order, float_of(far), by_first, crossed, mirrored(by_second, k)


@lru_cache(maxsize=4)
def _tables(size: float) -> Array:
    """Log of the number of ways to each count, and its derivatives by size; shape (3, FEW + 1)."""
    count, number = np.arange(FEW + 1.0), np.asarray(size)
    log_ways = special.gammaln(count + size) - special.gammaln(size) - log_factorial(count)
    return read_only(np.stack([log_ways, digamma_difference(number, count), trigamma_difference(number, count)]))


def sums(matrix: Array, coefficients: Array, fixed: Array, x: Array, weight: Array, size: float) -> Passed | None:
    """Of log-probabilities, of counts so small and of a size so moderate that no terms cancel."""
    if not (np.max(x) <= FEW and MODERATE[0] <= size <= MODERATE[1]):
        return None
    value, first, second, far, along, crossed, across = _summed(
        matrix, coefficients, fixed, x, weight, size, math.log(size), _tables(size)
    )
    return Passed(value, along, across, crossed, (first, second)) if far < FARTHEST else None
