"""Limiting laws that are named by what they are, as the campaign's judge knows them.

Of a law that has run off a fit says its limit by name: "a power of x on (0.1, 0.5)". Each is written here again, in
doubles and in 50 digits, over the numbers that it has left.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from _judge import INF, LAWS, Functions, Law, hurdle, log1mexp, shifted, with_point, zero_inflated

PLAIN = (
    "normal",
    "poisson",
    "zip",
    "lognormal",
    "power",
    "exponential",
    "weibull",
    "binomial",
    "uniform",
    "pareto",
    "gumbel",
    "frechet",
    "smallest_extreme_value",
)
"""Those that have the name of a law of the judge's, and its parameters."""


class Seen(Law):
    """A law that only a window makes one: of rows in windows the constant by which the density is off is lost."""

    def log_mass(self, m: Functions, low: np.ndarray, high: np.ndarray, params: list[Any]) -> Any:
        """The integral of the density, over what of the interval can be observed."""
        low, high = np.clip(low, *self.support), np.clip(high, *self.support)
        return self.tails(m, m.numbers(low), m.numbers(high), *params)  # type: ignore[misc]


def _power(m: Functions, low: Any, high: Any, slope: Any) -> Any:
    """The log of the integral of exp(slope t) from low to high."""
    width = high - low
    if slope == 0:
        return m.log(width)
    top = np.where(slope > 0, slope * high, slope * low)
    return top + log1mexp(m, abs(slope) * width) - m.log(abs(slope))


def _reciprocal(m: Functions, low: Any, high: Any, scale: Any) -> Any:
    return m.log(m.log1p((high - low) / (low + scale)))


def _seen(name: str, density: Callable[..., Any], mass: Callable[..., Any], first: float = 0.0) -> Law:
    return Seen(name, ("real",), (first, INF), density, mass, lambda g, n, *params: np.full(n, math.nan))


OF_X = _seen("exponential", lambda m, x, slope: slope * x, _power, -INF)
OF_LOG_X = _seen(
    "a power of x",
    lambda m, x, slope: (slope - 1) * m.log(x),
    lambda m, low, high, slope: _power(m, m.log(low), m.log(high), slope),
)
RECIPROCAL = _seen("1/(x + scale)", lambda m, x, scale: -m.log(x + scale), _reciprocal)


def point_mass(at: float) -> Law:
    """A count that is certain."""

    def surely(m: Functions, there: np.ndarray) -> Any:
        return np.where(there, m.number(0.0), m.number(-INF))

    return Law(
        f"a point mass at {at:g}",
        (),
        (0.0, INF),
        lambda m, x: surely(m, x == at),
        lambda m, x: (surely(m, x >= at), surely(m, x < at)),
        lambda g, n: np.full(n, at),
        discrete=True,
    )


def reciprocal_counts(first: int, last: int) -> Law:
    """Counts from one to another, with probabilities as 1/x."""
    above = np.append(np.cumsum(1.0 / np.arange(last, first - 1, -1.0))[::-1], 0.0)
    shares = above / above[0]  # of what is from each count on

    def logs(m: Functions, values: np.ndarray) -> Any:
        return np.where(values > 0, m.log(m.numbers(np.where(values > 0, values, 1.0))), m.number(-INF))

    def tails(m: Functions, x: Any) -> tuple[Any, Any]:
        beyond = shares[np.clip(np.floor(np.asarray(x, dtype=float)) + 1, first, last + 1).astype(int) - first]
        return logs(m, 1.0 - beyond), logs(m, beyond)

    return Law(
        f"1/x on the counts from {first} to {last}",
        (),
        (0.0, INF),
        lambda m, x: -m.log(x) - math.log(above[0]),
        tails,
        lambda g, n: np.full(n, float(first)),
        discrete=True,
    )


def mirrored(base: Law) -> Law:
    """The law of -x."""
    return replace(
        base,
        support=(-base.support[1], -base.support[0]),
        log_density=lambda m, x, *params: base.log_density(m, -x, *params),
        tails=None if base.tails is None else lambda m, x, *params: base.tails(m, -x, *params)[::-1],
    )


def law_of(name: str, params: list[float]) -> tuple[Law, list[float]] | None:
    """The law that a fit names, and its parameters as the judge has them; None for one that the judge does not know."""
    if name in PLAIN:
        return LAWS[name], params
    if name == "levy":  # 1/x is of a gamma law
        return LAWS["inverse_gamma"], [0.5, params[0] / 2]
    for begin, law in (("a power of x on ", OF_LOG_X), ("exponential on ", OF_X), ("1/(x + scale) on ", RECIPROCAL)):
        if name.startswith(begin):
            return law, params
    counts = re.fullmatch(r"1/x on the counts from (\d+) to (\d+)", name)
    if counts is not None:
        return reciprocal_counts(*map(int, counts.groups())), params
    certain = re.fullmatch(r"(?:mixture of (\w+) and|(hurdle|zero-inflated))? ?a point mass at (\S+)", name)
    if certain is not None:
        with_law, with_zeros, at = certain.groups()
        if with_law is not None:
            return (with_point(LAWS[with_law], float(at)), params) if with_law in PLAIN else None
        point = point_mass(float(at))
        return {"hurdle": hurdle, "zero-inflated": zero_inflated}.get(with_zeros, lambda law: law)(point), params
    if name in ("exponential above a threshold", "reversed exponential"):
        (end, scale), above = params, "above" in name
        law = shifted(LAWS["exponential"])
        return (law, [scale, end]) if above else (mirrored(law), [scale, -end])
    if name in ("half-normal above a threshold", "half-normal below a threshold"):
        (end, scale), above = params, "above" in name
        law = shifted(replace(LAWS["half_normal"], closed=True))  # the threshold is the least observation
        return (law, [scale, end]) if above else (mirrored(law), [scale, -end])
    if name in ("lognormal above a threshold", "lognormal below a threshold"):
        # In terms of the median, the slope of quantiles there, and the standard deviation of logs.
        (median, spread, deviation), above = params, "above" in name
        law, sign = shifted(LAWS["lognormal"]), 1.0 if above else -1.0
        inner = [math.log(spread / deviation), deviation, sign * median - spread / deviation]
        return (law if above else mirrored(law)), inner
    return None
