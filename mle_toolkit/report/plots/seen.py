"""The data without a model and the law beside them, both of what could be seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.sample import Sample
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.inference.empirical import EmpiricalDistribution, empirical_distribution, product_limit
from mle_toolkit.inference.mechanism import one_sided, right_censored_view


def is_table(sample: Sample) -> bool:
    """Whether the data are counts in disjoint bins, and nothing else."""
    if np.any(sample.lower == sample.upper) or (sample.window is not None and not sample.has_one_window):
        return False
    low, first = np.unique(sample.lower, return_index=True)
    high = sample.upper[first]
    same = np.array_equal(sample.upper, high[np.searchsorted(low, sample.lower)])
    with np.errstate(invalid="ignore"):
        narrow = np.fmin(high[:-1] - low[:-1], high[1:] - low[1:])
        # Ends that were computed, as x ± step / 2, differ by their rounding.
        return bool(same and not np.any(high[:-1] - low[1:] > 1e-9 * narrow))


def all_seen(sample: Sample) -> bool:
    """Whether every observation is a value, or in a bin of a table."""
    return sample.is_exact or is_table(sample)


def beyond_collapse(sample: Sample) -> Sample:
    """The sample from after the last collapse of its product-limit estimate, where there is one."""
    if sample.window is None or sample.has_one_window or not np.all(np.isposinf(sample.window[1])):
        return sample
    time, event, weight, entry, sign = right_censored_view(sample)
    if sign < 0 or not event.any():
        return sample
    start = product_limit(time, event, weight, entry).collapse
    if np.isneginf(start):
        return sample
    rows = np.flatnonzero(time > start)
    return sample.take(rows).truncated(np.maximum(sample.window[0][rows], start))


def without_model(sample: Sample) -> EmpiricalDistribution:
    """The distribution of the data without a model, of what could be seen.

    A window that all rows share leaves the shares as they are. Values censored from the left are, mirrored, censored
    from the right, so that their estimate is that of Kaplan & Meier too, with its standard error.
    """
    if sample.has_one_window:
        sample = Sample.intervals(sample.lower, sample.upper, sample.weight, sample.weight_kind)
    if sample.window is not None or not one_sided(sample) or not np.any(np.isneginf(sample.lower)):
        return empirical_distribution(sample)
    mirrored = Sample.intervals(-sample.upper, -sample.lower, sample.weight, sample.weight_kind)
    known = empirical_distribution(mirrored)
    if known.se is None:
        return known
    # After the mass that is the last in the mirror, what is left there is what lies below here.
    se = np.append(known.se[-2::-1], 0.0)
    return EmpiricalDistribution(-known.upper[::-1], -known.lower[::-1], known.mass[::-1], se, known.method)


@dataclass(frozen=True)
class Visible:
    """A law given that its values lie in ``(low, high]``, the hull of the windows through which data were seen.

    For counts, `middle` is the mid-distribution function F(x) - f(x) / 2, and `quantile` its inverse, linear between
    counts (Parzen 2004, Statistical Science 19, 652-662): so a point per count lies on the line where law and data
    agree. For measurements they are the distribution function and its inverse.
    """

    law: Distribution
    low: float = -np.inf
    high: float = np.inf

    @classmethod
    def of(cls, law: Distribution, sample: Sample) -> Visible:
        """The law as a sample sees it."""
        if sample.window is None:
            return cls(law)
        return cls(law, float(np.min(sample.window[0])), float(np.max(sample.window[1])))

    @property
    def condition(self) -> str:
        """What the law is conditional on; empty where nothing is."""
        above = "" if self.low == -np.inf else f"above {self.low:.4g}"
        below = "" if self.high == np.inf else f"up to {self.high:.4g}"
        return f"given values {' '.join(filter(None, (above, below)))}" if above or below else ""

    @cached_property
    def _in_upper_tail(self) -> bool:
        """Whether the window is where 1 - F keeps the digits."""
        return float(self.law.cdf(self.low)) > 0.5

    @cached_property
    def mass(self) -> float:
        """Probability of the window."""
        of, (first, last) = (self.law.sf, (0, 1)) if self._in_upper_tail else (self.law.cdf, (1, 0))
        ends = of(np.array([self.low, self.high]))
        return float(ends[first] - ends[last])

    def pdf(self, x: Array) -> Array:
        """Density, or probability of a count; NaN at a value that has a probability beside a density."""
        above = x > self.low if self.law.family.discrete else x >= self.low
        inside = above & (x <= self.high)
        density = np.where(inside, self.law.pdf(x) / self.mass, 0.0)
        return np.where(np.isin(x, self.law.family.atoms), np.nan, density)

    def cdf(self, x: Array) -> Array:
        """Probability of at most x."""
        x = np.minimum(np.maximum(x, self.low), self.high)
        if self._in_upper_tail:
            return np.asarray((self.law.sf(self.low) - self.law.sf(x)) / self.mass)
        return np.asarray((self.law.cdf(x) - self.law.cdf(self.low)) / self.mass)

    def middle(self, x: Array) -> Array:
        """Distribution function; of counts, and of values that have a probability, halfway up the step."""
        if self.law.family.atoms:
            step = np.where(np.isin(x, self.law.family.atoms), self.law.pdf(x) / self.mass, 0.0)
            return np.asarray(self.cdf(x) - 0.5 * step)
        if not self.law.family.discrete:
            return self.cdf(x)
        return 0.5 * (self.cdf(x) + self.cdf(x - 1.0))

    def quantile(self, p: Array) -> Array:
        """Inverse of `middle`."""
        below, above, mass = self.law.cdf(self.low), self.law.sf(self.high), self.mass
        upper_tail = below + p * mass > 0.5
        q = np.asarray(
            np.where(
                upper_tail,
                self.law.isf(np.where(upper_tail, above + (1.0 - p) * mass, 0.5)),
                self.law.ppf(np.where(upper_tail, 0.5, below + p * mass)),
            )
        )
        if not self.law.family.discrete:
            return q
        here = self.middle(q)
        near = np.where(p < here, q - 1.0, q + 1.0)
        there = self.middle(near)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = (p - here) / (there - here)
            return np.where(np.isfinite(share) & (share < 1.0), q + share * (near - q), q)


@dataclass(frozen=True)
class Positions:
    """Where the estimate of the distribution function is known: the points of P-P and Q-Q plots.

    Attributes
    ----------
    x : ndarray of shape (m,)
        Observed values, and upper ends of intervals.
    p : ndarray of shape (m,)
        Plotting position: halfway up the step at a value, (i - 1/2) / n for the i-th of n distinct ones; at the end of
        an interval, the probability up to there.
    point : ndarray of bool of shape (m,)
        Which are values.
    open_below, open_above : bool
        Whether the data leave unknown where the mass below the first, or above the last, lies.
    """

    x: Array
    p: Array
    point: Mask
    open_below: bool
    open_above: bool

    @classmethod
    def of(cls, known: EmpiricalDistribution) -> Positions:
        """The positions of an estimate."""
        after = known.cdf
        point = known.lower == known.upper
        p = np.where(point, after - 0.5 * known.mass, after)
        some = np.isfinite(known.upper) & (known.mass > 0) & (p < 1.0)
        return cls(
            known.upper[some],
            p[some],
            point[some],
            bool(np.isneginf(known.lower[0])),
            bool(np.isposinf(known.upper[-1]) and known.mass[-1] > 0),
        )

    def under(self, law: Visible) -> Array:
        """Probability under a law at each; 0 where the law and the data agree about nothing below."""
        return np.where(self.point, law.middle(self.x), law.cdf(self.x))

    def thinned(self, most: int) -> Positions:
        """At most about so many of them, with all of both tails."""
        m = len(self.x)
        if m <= most:
            return self
        tail = most // 8
        inner = np.linspace(tail, m - 1 - tail, most - 2 * tail).astype(int)
        rows = np.unique(np.concatenate([np.arange(tail), inner, np.arange(m - tail, m)]))
        return Positions(self.x[rows], self.p[rows], self.point[rows], self.open_below, self.open_above)

    def bounds(self, p: Array, under: Array) -> tuple[Array, Array]:
        """Least and greatest probability under a law of the value whose plotting position is ``p``.

        Linear between positions; they differ where the data do not say where that value lies.
        """
        xp, fp = self.p, under
        if not self.open_below:
            xp, fp = np.concatenate([[0.0], xp]), np.concatenate([[0.0], fp])
        if not self.open_above:
            xp, fp = np.append(xp, 1.0), np.append(fp, 1.0)
        if len(xp) == 0:
            return np.zeros(len(p)), np.ones(len(p))
        return np.interp(p, xp, fp, left=0.0), np.interp(p, xp, fp, right=1.0)
