"""Derivatives of log-probabilities of counts with generalized inverse Gaussian rates, without parts that cancel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.families.bessel import debye_slopes


class Derivatives(NamedTuple):
    """First and second derivatives by the rate θ, the size ω and the order ν."""

    by_rate: Array
    by_size: Array
    by_order: Array
    by_rate_twice: Array
    by_rate_size: Array
    by_rate_order: Array
    by_size_twice: Array
    by_size_order: Array
    by_order_twice: Array


def of_count(x: Array, order: Array, rate: Array, size: Array) -> Derivatives:
    r"""Derivatives of what of a log-probability depends on the count, where its Bessel function is Debye's expansion.

    .. math:: x\log\theta - (x + \nu)\log\frac{\alpha}{\omega} + \log K_{x+\nu}(\alpha) + \omega + \tfrac12\log\omega,
        \quad \alpha^2 = \omega(\omega + 2\theta)

    For rows with hypot(x + ν, α) of at least `bessel.LARGE`. Rates of mean about θ, of a law so narrow, or a count so
    large, that its derivatives are small beside their parts: here these are taken together on paper, with P = ω + θ,
    V = ω + 2θ, R = hypot(x + ν, α) and Y = R + x + ν - V, which is 0 where the count is the expected one.
    """
    o = x + order
    far, middle = size + 2 * rate, size + rate  # V and P
    root = np.hypot(o, np.sqrt(size) * np.sqrt(far))
    square = size * far
    rest = debye_slopes(o, np.sqrt(size) * np.sqrt(far))
    both = np.where(o >= 0, root + o, square / (root - np.minimum(o, 0.0)))  # R + x + ν
    away = o - rate
    lag = away * ((o + rate) / (root + middle))  # R - P
    gap = lag + away  # Y
    tilt, narrow, central = o / root, size / root, middle / root
    pull = size * (gap / both)
    top = 0.5 * (rate - pull * gap + middle * np.square(tilt))
    by_rate = (size * ((x - rate) / rate) + pull - 2 * order) / far - 0.5 * narrow / root + 2 * size * rest.by_square
    by_size = top / size / far + 2 * middle * rest.by_square
    by_order = np.arcsinh(o / (np.sqrt(size) * np.sqrt(far))) - 0.5 * np.log1p(2 * rate / size)
    by_order = by_order - 0.5 * tilt / root + rest.by_order
    # Derivatives of ``top``.
    top_by_size = -lag * (lag / root) + 0.5 * np.square(tilt) * (1 - 2 * np.square(central))
    top_by_rate = pull + lag * narrow + 0.5 + 0.5 * np.square(tilt) * (1 - 2 * central * narrow)
    share = narrow * (far / root)  # of α² in R²
    top_by_order = -pull - lag * (size * (far / root) / both) + tilt * central * share
    twice = 4 * rest.by_square_twice
    return Derivatives(
        by_rate,
        by_size,
        by_order,
        -x / rate * (size / far) * ((size + 4 * rate) / far) / rate
        + 4 * order / np.square(far)
        + (2 * size / both - narrow) / far
        + np.square(narrow / root)
        + twice * np.square(size),
        (top_by_rate - 2 * top / far) / size / far + twice * middle * size + 2 * rest.by_square,
        -both / root / far + narrow / root * (tilt / root) + 2 * size * rest.mixed,
        (top_by_size - 2 * (middle / far) * (top / size)) / size / far + twice * np.square(middle) + 2 * rest.by_square,
        top_by_order / size / far + 2 * middle * rest.mixed,
        1 / root - 0.5 / np.square(root) + np.square(tilt / root) + rest.by_order_twice,
    )


def of_norm(order: Array, size: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Derivatives of minus ``log K_order(size) + size + log(size) / 2``, where that is Debye's expansion.

    By the size and the order; and second ones, by the size twice, by both, and by the order twice.
    """
    root = np.hypot(order, size)
    rest = debye_slopes(order, size)
    tilt, narrow = order / root, size / root
    return (
        order * (order / (root + size) - 0.5 * np.square(1 / root) * order) / size - 2 * size * rest.by_square,
        -np.arcsinh(order / size) + 0.5 * tilt / root - rest.by_order,
        (-tilt * order + np.square(tilt) * (1.5 * np.square(narrow) + 0.5 * np.square(tilt))) / np.square(size)
        - 2 * rest.by_square
        - 4 * np.square(size) * rest.by_square_twice,
        tilt / size - narrow / root * (tilt / root) - 2 * size * rest.mixed,
        -1 / root + 0.5 / np.square(root) - np.square(tilt / root) - rest.by_order_twice,
    )
