"""Bars of data of any form: bins by the rules of Freedman & Diaconis and Sturges, or those that the data have."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.inference.empirical import EmpiricalDistribution
from mle_toolkit.information.model_free import rounding_step
from mle_toolkit.report.plots.seen import Visible

MOST_BARS = 120
"""More are a comb."""

MOST_COUNTS = 40
"""Counts up to which each has its own bar."""

MOST_BINS, FEW_A_BIN = 12, 5
"""Bins of a table up to which each has its own bar, however few observations it holds; and how many are few."""

FENCE = 10.0
"""Interquartile ranges beyond the quartiles up to which values are shown: outliers farther out would leave no picture
of the others, as in samples of a Cauchy law."""


@dataclass(frozen=True)
class Histogram:
    """A density of steps.

    Attributes
    ----------
    edges : ndarray of shape (k + 1,)
    heights : ndarray of shape (k,)
        Share of the data in each bin over its width.
    below, above : float
        Share of the data that is known to lie below the first edge or above the last, or not known to lie elsewhere.
    """

    edges: Array
    heights: Array
    below: float
    above: float


def histogram(known: EmpiricalDistribution, law: Visible, nobs: float, *, table: bool = False) -> Histogram:
    """Bars of what is known of the distribution without a model.

    Values are counted in bins of the width of Freedman & Diaconis (1981, Z. Wahrscheinlichkeitstheorie 57, 453-476),
    2 IQR / n^(1/3), or in the 1 + log2(n) bins of Sturges (1926, JASA 21, 65-66) where those are more; the width is a
    multiple of the step where they were rounded, and of counts of a few each has its bin; masses of
    intervals lie evenly on them.

    Parameters
    ----------
    known : EmpiricalDistribution
    law : Visible
        Whose support ends open intervals.
    nobs : float
    table : bool
        Whether the intervals are the bins of a table, so that they are the bars, unless they hold few observations.
    """
    lower, upper = _closed(known, law)
    mass, drawn = known.mass, np.isfinite(lower) & np.isfinite(upper)
    point = drawn & (lower == upper)
    cell = drawn & (lower < upper)
    discrete = law.law.family.discrete
    if discrete:  # the count k is a bar from k - 1/2 to k + 1/2, and so is the interval (k - 1, k]
        lower, upper = lower + 0.5, upper + 0.5
        lower = np.where(point, lower - 1.0, lower)
    edges = np.unique(np.concatenate([lower[cell], upper[cell]]))
    n_cells = int(np.count_nonzero(cell))
    if n_cells and not (table and (n_cells <= MOST_BINS or nobs >= FEW_A_BIN * n_cells)):
        ends = edges[[0, -1]]
        edges = _edges(0.5 * (lower + upper)[cell], mass[cell], nobs, law, discrete=discrete)
        edges = np.concatenate([np.minimum(ends[:1], edges[:1]), edges[1:-1], np.maximum(ends[1:], edges[-1:])])
    if point.any():
        values = upper[point] - 0.5 if discrete else upper[point]
        edges = np.union1d(edges, _edges(values, mass[point], nobs, law, discrete=discrete))
    if len(edges) < 2:
        return Histogram(np.array([]), np.array([]), 0.0, 1.0)
    heights = np.zeros(len(edges) - 1)
    if point.any():
        heights += np.histogram(values, edges, weights=mass[point])[0]
    if cell.any():  # disjoint, in order
        ends = np.stack([lower[cell], upper[cell]], axis=1).ravel()
        after = np.cumsum(mass[cell])
        heights += np.diff(np.interp(edges, ends, np.stack([after - mass[cell], after], axis=1).ravel()))
    below = float(np.sum(mass[upper <= edges[0]]))
    return Histogram(
        edges, heights / np.diff(edges), below, max(float(np.sum(mass)) - below - float(heights.sum()), 0.0)
    )


def _closed(known: EmpiricalDistribution, law: Visible) -> tuple[Array, Array]:
    """Ends of the masses, open ones at the end of the support where it has one."""
    support = law.law.family.support
    first, last = max(support.lower, law.low), min(support.upper, law.high)
    if law.law.family.discrete and not math.isfinite(law.low):
        first -= 1.0
    return (
        np.where(np.isneginf(known.lower), first, known.lower),
        np.where(np.isposinf(known.upper), last, known.upper),
    )


def _edges(x: Array, mass: Array, nobs: float, law: Visible, *, discrete: bool) -> Array:
    """Ends of the bins of values, which are in order."""
    share = np.cumsum(mass) / np.sum(mass)
    low, high = (float(x[np.searchsorted(share, p - 1e-12)]) for p in (0.25, 0.75))
    first, last, spread = float(x[0]), float(x[-1]), high - low
    if spread == 0:  # most values are equal
        centre = float(np.sum(mass * x) / np.sum(mass))
        spread = 1.349 * math.sqrt(float(np.sum(mass * np.square(x - centre)) / np.sum(mass)))
    if spread == 0:
        return first + (np.array([-0.5, 0.5]) if discrete else np.array([-0.5, 0.5]) * max(abs(first), 1.0) * 1e-3)
    first, last = max(first, low - FENCE * spread), min(last, high + FENCE * spread)
    width = max(2.0 * spread / nobs ** (1 / 3), (last - first) / MOST_BARS)
    width = min(width, (last - first) / (1.0 + math.log2(max(nobs, 1.0))))
    if discrete:
        first = math.ceil(first)
        width = 1.0 if last - first < MOST_COUNTS else max(1.0, float(round(width)))
        return np.arange(first - 0.5, last + width, width)
    step = rounding_step(x)
    if step > width / 50:
        width = max(1.0, round(width / step)) * step
        return np.arange(first - 0.5 * step, last + width, width)
    support = law.law.family.support
    start = max(math.floor(first / width) * width, support.lower, law.low)
    edges = np.arange(math.floor(first / width) * width, last + width, width)
    edges = np.concatenate([[start], edges[edges > start]])
    edges = edges[: np.searchsorted(edges, last, side="left") + 1]
    edges[-1] = min(edges[-1], support.upper, law.high)
    return edges
