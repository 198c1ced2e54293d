"""The EM algorithm for mixtures where data are intervals or in windows, on a grid: from where a search may start."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.families.combinators.em import EM, MixtureLike
from mle_toolkit.families.combinators.parts import fitted, interior
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.mass import log_mass

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

_ENDS, _EVEN = 150, 60
"""About so many cells of the grid come from the ends of intervals, and so many divide the range of the data evenly."""

_BEYOND = 2.0 ** np.arange(-4, 7)
"""How far the cells beyond the data reach, in their range."""

_NEARER = np.concatenate([2.0 ** -np.arange(12.0), 4.0 ** -np.arange(6.0, 24.0)])
"""How near the cells come to an end of the support, in the distance of the nearest end of the data from it."""

_MOST_COUNTS = 2_000
"""Counts in a row that each have a cell of their own; more of them share cells."""

_SMOOTHED = 25
"""Steps towards the distribution that the data alone suggest."""

_NOTHING = 1e-9
"""Share of the largest count that every cell keeps."""

_LEAST = 1e-300
"""Probability that every cell keeps which a component can reach, so that no observation stops a climb."""

_LOG_LEAST = math.log(_LEAST)

_MISSED, _BESIDE = 12, 0.1
"""At how many places a narrow component is tried, and its share of the cells beside."""

_WIDTHS = (1, 2, 3, 5, 8, 13, 21, 34)
"""Cells in a row that such a component covers."""

_ADDED, _RISE = 3, 1e-6
"""At most so many small components are added, each of which raises the log-likelihood by so many nats at least."""

_SHARED = 0.5
"""Share of the cells of either of two places that both may have in common."""

_SAME = 1e-3
"""Nats per observation by which two climbs differ at least if they are to be continued both."""

_SHARES = [0.5**k for k in range(1, 21)]
"""Of which the best is that of an added component."""

_PARTS = np.array([1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 7 / 8, 15 / 16, 31 / 32, 63 / 64])
"""Shares of the data below the ends of parts of which components are made."""

_STEPS = 30
"""Quasi-Newton steps of one law on the grid."""

_SEEN = 0.5
"""Observations that a cell has to be expected to hold to be the first or the last."""

_ALIKE = 0.02
"""A mixture is one law if its masses differ from those of its heaviest component by no more together."""

_ENOUGH = 1e-6
"""Gain of a step, in nats per observation, below which a climb has ended: the grid is no better."""


class GridEM:
    """The EM algorithm on the cells of a grid, whose mass counts for the M step as if it were in the middle of each.

    Every observation is one cell or several, its window others; what is unseen outside the windows is completed with
    the rest (Dempster, Laird & Rubin 1977, JRSS B 39, 1-38, section 4.2).

    Parameters
    ----------
    law : Mixture
        Its constants the same in every row.
    sample : Sample
        Intervals, windows, points.
    """

    def __init__(self, law: MixtureLike, sample: Sample) -> None:
        self.law, self.sample, self.nobs = law, sample, sample.nobs
        self.edges = _edges(law, sample)
        cells = np.floor(self.edges[1:]) if law.discrete else 0.5 * (self.edges[:-1] + self.edges[1:])
        self.n_cells = len(cells)
        self.of_one_count = law.discrete and bool(self.edges[1] - self.edges[0] == 1.0)
        self.weight = np.ones(sample.n_rows) if sample.weight is None else sample.weight
        self.exact = np.zeros(sample.n_rows, dtype=bool) if law.discrete else sample.lower == sample.upper
        ends = np.maximum(self._place(sample.upper), 1)  # a point that is the first edge: the cell beyond
        self.begin = np.minimum(self._place(sample.lower), ends - 1)
        self.end = ends
        if law.discrete:
            self.begin = np.where(sample.lower == sample.upper, ends - 1, self.begin)
        self.window: tuple[Any, Any] | None = None
        if sample.window is not None:
            first, last = map(self._place, sample.window)
            self.window = np.minimum(first, self.begin), np.maximum(last, self.end)
        self.cells = [sample.with_values(cells, counts) for counts in (self._smoothed(), self._lowest())]
        self.x = sample.lower[self.exact]
        self.whole = EM(law, sample.with_values(np.concatenate([cells, self.x]), None))

    def _place(self, x: Array) -> NDArray[np.intp]:
        return np.clip(np.searchsorted(self.edges, x, side="left"), 0, self.n_cells)

    def _expected(self, mass: Array, exact: Mask) -> tuple[float, Array]:
        """Mean log-likelihood, and by what to multiply masses for expected counts: of cells, and then of points."""
        cells = mass[: self.n_cells]
        below, above = np.append(0.0, np.cumsum(cells)), np.append(np.cumsum(cells[::-1])[::-1], 0.0)

        def between(first: NDArray[np.intp], last: NDArray[np.intp]) -> Array:  # of one cell, or by the smaller tail
            lower = below[last] < above[first]
            many = np.where(lower, below[last] - below[first], above[first] - above[last])
            return np.where(last - first == 1, cells[first], many)

        seen = between(self.begin, self.end)
        seen[exact] = mass[self.n_cells :]
        value, share = np.log(seen), self.weight / seen
        change = np.zeros(len(below))
        np.add.at(change, self.begin[~exact], share[~exact])
        np.add.at(change, self.end[~exact], -share[~exact])
        if self.window is not None:
            first, last = self.window
            possible = between(first, last)
            value = value - np.log(possible)
            hidden = self.weight / possible  # of every cell outside, and of none inside
            change[0] += float(np.sum(hidden))
            np.add.at(change, first, -hidden)
            np.add.at(change, last, hidden)
        factor = np.concatenate([np.cumsum(change)[:-1], share[exact]])
        return float(np.sum(self.weight * value)) / self.nobs, np.maximum(factor, 0.0)  # rounding may leave less than 0

    def _smoothed(self) -> Array:
        """Expected counts of every cell after a few steps from equal masses (Turnbull 1976, JRSS B 38, 290-295)."""
        mass = np.ones(self.n_cells)
        for _ in range(_SMOOTHED):
            mass = mass / np.sum(mass)
            mass = mass * self._expected(mass, np.zeros_like(self.exact))[1]
        return np.maximum(mass, _NOTHING * float(mass.max()))

    def _lowest(self) -> Array:
        """Counts of every cell if each observation is in the middle of its cells, or in the first of an open row."""
        bounded = np.isfinite(self.sample.lower) & np.isfinite(self.sample.upper)
        middle = (self.begin + self.end - 1) // 2
        first = np.where(np.isposinf(self.sample.upper), self.begin, self.end - 1)
        counts = np.bincount(np.where(bounded, middle, first), self.weight, self.n_cells)
        return np.maximum(counts, _NOTHING * float(counts.max()))

    def climbed(self, params: tuple[Any, ...] | None, steps: int) -> tuple[float, tuple[Any, ...]] | None:
        """Steps of EM from parameters: the mean log-likelihood on the grid, and the parameters; None if they fail."""
        best: tuple[float, tuple[Any, ...]] | None = None
        with np.errstate(all="ignore"):
            for _ in range(steps):
                if params is None:
                    return best
                joint = self._joint(params)
                value, factor = self._expected(joint.sum(axis=0), self.exact)
                if not math.isfinite(value) or (best is not None and value < best[0]):
                    return best
                arrived = best is not None and value - best[0] < _ENOUGH
                best = (value, params)
                if arrived:
                    return best
                params = self.whole.maximised(joint * factor, params)
        return best

    def _joint(self, params: tuple[Any, ...]) -> Array:
        """Weight times mass of each component in every cell, and times density at every point; shape (k, ...).

        Where all of them underflow, as far out on a light tail, they are in their proportion, and together `_LEAST`.
        """
        laws = self.law.distributions(params)
        cells = np.array([weight * self._masses(law) for weight, law in zip(params[0], laws, strict=True)])
        lost = np.flatnonzero(cells.sum(axis=0) < _LEAST)
        if len(lost):
            logs = np.array([np.log(w) + self._log_masses(law, lost) for w, law in zip(params[0], laws, strict=True)])
            cells[:, lost] = _not_below(logs)
        return np.hstack([cells, _not_below(self.law.log_joint(self.x, params))])

    def _log_masses(self, component: Distribution, cells: NDArray[np.intp]) -> Array:
        low, high = self.edges[cells], self.edges[cells + 1]
        if self.of_one_count:
            return component.logpdf(high)
        return log_mass(component.family, tuple(component.params.values()), low, high)

    def _masses(self, component: Distribution) -> Array:
        """Of every cell: of one count its probability, else the difference of the smaller tails at its edges."""
        if self.of_one_count:
            return component.pdf(self.edges[1:])
        below, above = component.cdf(self.edges), component.sf(self.edges)
        return np.where(below[1:] < above[:-1], np.diff(below), -np.diff(above))

    def first(self) -> list[tuple[Any, ...] | None]:
        """Parameters for partitions of the cells."""
        parts = ((EM(self.law, points), shares) for points in self.cells for shares in self.law.partitions(points))
        return [em.maximised(shares, None) for em, shares in parts]

    def missed(self, params: tuple[Any, ...]) -> list[tuple[Any, ...] | None]:
        """Parameters with a narrow component, for the lightest, where there is more data than a mixture expects.

        Places are the highest of a scan: Kulldorff (1997), Communications in Statistics - Theory and Methods 26,
        1481-1496. The likelihood rises most with mass where it is missed most (Böhning 1985, Biometrika 72, 181-185).
        """
        with np.errstate(all="ignore"):
            joint = self._joint(params)
            mass = joint.sum(axis=0)
            counts = mass * self._expected(mass, self.exact)[1]
        if not np.isfinite(counts).all():
            return []
        at = np.clip(np.searchsorted(self.edges, self.x, side="left") - 1, 0, self.n_cells - 1)
        seen = counts[: self.n_cells] + np.bincount(at, counts[self.n_cells :], self.n_cells)
        expected = np.maximum(mass[: self.n_cells] * (float(seen.sum()) / float(mass[: self.n_cells].sum())), _LEAST)
        others = np.delete(joint, int(np.argmin(params[0])), axis=0)
        others = others / np.maximum(others.sum(axis=0), _LEAST)
        points = np.bincount(at, minlength=self.n_cells).astype(float)
        least = len(self.law.components[0].parameters) + 1  # on fewer points a component is a spike
        found = []
        for first, last in _excesses(seen, expected, points, least):
            near = np.zeros(self.n_cells)
            near[max(first - 1, 0) : last + 1] = _BESIDE
            near[first:last] = 1.0
            share = np.concatenate([near, near[at]])
            found.append(self.whole.maximised(np.vstack([share, others * (1 - share)]) * counts, params))
            if last - first == 1 and points[first] == 0 and not self.law.discrete:
                found.append(self._within(first, params, float(seen[first] / seen.sum())))
        return found

    def _within(self, cell: int, params: tuple[Any, ...], share: float) -> tuple[Any, ...] | None:
        """Parameters with a component within a cell, for the lightest: of the middle alone there is none."""
        low, high = self.edges[cell : cell + 2].tolist()
        j, parts = int(np.argmin(params[0])), self.law.split(params)
        there = self.sample.with_values(low + (high - low) * np.array([0.25, 0.5, 0.75]), None)
        narrow = fitted(self.law.components[j], there)
        if narrow is None:
            return None
        parts[j] = narrow
        weights = np.delete(params[0], j)
        weights = np.insert((1 - share) * weights / weights.sum(), j, share)
        return self.law.join(weights, parts)

    def _of_parts(self, joint: Array, params: tuple[Any, ...]) -> list[tuple[Any, ...] | None]:
        """Parameters with a component of what a part of the range holds alone: either tail, or between both.

        Also of what the first cell with data holds, and of what the last does, of laws that are no spike there.
        """
        mass = joint.sum(axis=0)
        counts = mass * self._expected(mass, self.exact)[1]
        at = np.clip(np.searchsorted(self.edges, self.x, side="left") - 1, 0, self.n_cells - 1)
        below = np.cumsum(self._lowest())  # of what is seen: what is hidden may be far more, and elsewhere
        ends = np.searchsorted(below, below[-1] * _PARTS) + 1
        parts = {(0, end) for end in ends.tolist()} | {(end - 1, self.n_cells) for end in ends.tolist()}
        parts |= {(first - 1, last) for first, last in itertools.pairwise(ends.tolist())}
        if self.law.discrete or len(self.law.components[0].parameters) == 1:
            seen = counts[: self.n_cells] + np.bincount(at, counts[self.n_cells :], self.n_cells)
            cells = np.flatnonzero(seen >= _SEEN).tolist()
            parts |= {(cell, cell + 1) for cell in (*cells[:1], *cells[-1:])}
        found = []
        for first, last in sorted(parts):
            here = np.zeros(self.n_cells)
            here[first:last] = 1.0
            share = np.concatenate([here, here[at]])
            found.append(self.whole.maximised(np.vstack([share, 1 - share]) * counts, params))
        return found

    def _alone(self, params: tuple[Any, ...], j: int) -> tuple[Any, ...]:
        """Parameters with component ``j`` alone, at its own maximum on the grid, where EM may come slowly."""
        from scipy import optimize

        domains = [p.domain for p in self.law.components[j].parameters]
        if not all(isinstance(domain, Interval) for domain in domains):
            return params
        parts = self.law.split(params)
        weights = np.eye(len(parts))[j]

        def at(u: Array) -> tuple[Any, ...]:
            own = tuple(d.from_real(v) for d, v in zip(domains, u.tolist(), strict=True))
            return self.law.join(weights, [*parts[:j], own, *parts[j + 1 :]])

        def cost(u: Array) -> float:
            value = self._expected(self._joint(at(u))[j], self.exact)[0]
            return -value if math.isfinite(value) else 1e300

        first = np.array([float(d.to_real(interior(d, v))) for d, v in zip(domains, parts[j], strict=True)])
        minimize: Any = optimize.minimize
        return at(minimize(cost, first, method="BFGS", options={"maxiter": _STEPS}).x)

    def added(self, params: tuple[Any, ...], others: Sequence[tuple[Any, ...] | None]) -> list[tuple[Any, ...]]:
        """Mixtures of two that are one law and a small share of a component of others; none if they are two already.

        A component adds to the likelihood where its gradient is positive (Lindsay 1983, Annals of Statistics 11,
        86-94), however little: EM comes there slowly if at all. The share is the best of a few.
        """
        found: list[tuple[float, tuple[Any, ...]]] = []
        with np.errstate(all="ignore"):
            joint, main = self._joint(params), int(np.argmax(params[0]))
            alone = joint[main] / params[0][main]
            if len(joint) != 2 or float(np.sum(np.abs(joint.sum(axis=0) - alone)[: self.n_cells])) > _ALIKE:
                return []
            one = self._alone(params, main)
            alone = self._joint(one)[main]
            value, factor = self._expected(alone, self.exact)
            for other in (*others, *self._of_parts(joint, params)):
                for j, law in enumerate(() if other is None else self._joint(other) / other[0][:, None]):
                    if not float(np.sum((law - alone) * factor)) > 0:
                        continue
                    there, share = max((self._expected(alone + (law - alone) * s, self.exact)[0], s) for s in _SHARES)
                    if other is not None and (there - value) * self.nobs > _RISE:
                        mixed = [np.array([share, 1 - share])]
                        mixed += [np.array([own[j], law[main]]) for own, law in zip(other[1:], one[1:], strict=True)]
                        found.append((there, tuple(mixed)))
        return [at for _, at in sorted(found, key=lambda end: -end[0])[:_ADDED]]


def _excesses(seen: Array, expected: Array, points: Array, least: int) -> list[tuple[int, int]]:
    """Where more is seen than is expected, most first: the first cell of a place, and the one behind its last.

    Not where most of what is seen is points, and these are ``least`` or fewer.
    """
    ends = [np.append(0.0, np.cumsum(counts)) for counts in (seen, expected, points)]
    places: list[tuple[float, int, int]] = []
    for width in _WIDTHS:
        there, foretold, exact = (known[width:] - known[:-width] for known in ends)
        excess = special.rel_entr(there, np.maximum(foretold, _LEAST)) - there + foretold
        told = (there > foretold) & ((exact > least) | (2 * exact <= there))
        losses = np.where(told, -excess, 0.0)
        places += [(float(losses[k]), k, k + width) for k in np.argsort(losses, kind="stable")[: 3 * _MISSED].tolist()]
    kept: list[tuple[int, int]] = []
    for loss, first, last in sorted(places):
        common = [
            (min(last, other[1]) - max(first, other[0])) / max(last - first, other[1] - other[0]) for other in kept
        ]
        if loss < 0 and len(kept) < _MISSED and not any(share > _SHARED for share in common):
            kept.append((first, last))
    return kept


def _not_below(log_joint: Array) -> Array:
    """The joint densities, of which those that are too small together are `_LEAST`, in the same proportion."""
    top = log_joint.max(axis=0)
    lifted = np.where((top < _LOG_LEAST) & (top > -np.inf), _LOG_LEAST - top, 0.0)
    return np.exp(log_joint + lifted)


def distinct(ends: Sequence[tuple[float, tuple[Any, ...]] | None], most: int) -> list[tuple[float, tuple[Any, ...]]]:
    """The highest ends, one of each height."""
    kept: list[tuple[float, tuple[Any, ...]]] = []
    for end in sorted((end for end in ends if end is not None), key=lambda end: -end[0]):
        if len(kept) < most and all(other[0] - end[0] > _SAME for other in kept):
            kept.append(end)
    return kept


def _edges(law: MixtureLike, sample: Sample) -> Array:
    """Edges of the cells, inside the support: at ends of the data, evenly between them, and ever wider beyond them."""
    support = law.support
    ends = [sample.lower, sample.upper, *(sample.window or ())]
    known = np.unique(np.concatenate(ends))
    known = known[np.isfinite(known) & (known >= support.lower) & (known <= support.upper)]
    low, high = float(known[0]), float(known[-1])
    reach = (high - low) or abs(low) or 1.0
    if law.discrete:
        first, last = low - 1, high + 2 * reach
        step = max(1.0, np.ceil((last - first) / _MOST_COUNTS))
        edges = np.arange(np.floor(first), np.ceil(last) + step, step)
        return np.asarray(edges[edges >= max(support.lower - 1, -np.inf)])
    few = known[np.unique(np.linspace(0, len(known) - 1, _ENDS).astype(int))]
    away = reach * _BEYOND
    below, above = low - away, high + away
    if np.isfinite(support.lower):  # which is an end of the data itself where intervals begin there
        below = support.lower + (known[known > support.lower].min(initial=np.inf) - support.lower) * _NEARER
    if np.isfinite(support.upper):
        above = support.upper - (support.upper - known[known < support.upper].max(initial=-np.inf)) * _NEARER
    edges = np.unique(np.concatenate([few, np.linspace(low, high, _EVEN), below, above]))
    edges = edges[(edges >= support.lower) & (edges <= support.upper)]
    apart = np.concatenate([[True], np.diff(edges) > 1e-12 * reach])
    return np.asarray(edges[apart])
