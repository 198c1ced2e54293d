"""Where the search for the maximum of a mixture begins: the best ends of EM, from many partitions of the data."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import NoMaximumError
from mle_toolkit.families.combinators.em import EM, EndOfEM, MixtureLike
from mle_toolkit.families.combinators.grid_em import GridEM, distinct
from mle_toolkit.families.combinators.mixed import log_sum
from mle_toolkit.families.combinators.parts import interior

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.parameters import Parameter

_SEED = 20_240_229
"""Of the random starts, so that a fit is the same each time."""

_RANDOM_STARTS, _DENSE_STARTS, _FEW_STARTS = 24, 16, 6
_LEAST_VALUES, _FAR_ABOVE = 5, 4.0
"""How many of the least values may be apart from the next, and how many times the last of them that must be."""

_DENSE_SHARES = (0.06, 0.15)
_SHORT, _MIDDLE, _LONG = 30, 80, 400
"""Steps of EM from each start, and from those that are kept."""

_KEPT, _GIVEN = 8, 3

_SHORT_ON_GRID, _LONG_ON_GRID, _KEPT_ON_GRID = 10, 60, 12
"""Steps of EM on a grid from each start, and from those that are kept, and how many these are."""

_DIFFERENT = 1e-4
"""Difference of the mean log-likelihoods, in nats per observation, of starts that count as different."""

_TOLD = 1e-3
"""Difference of the shares that two observations have in a component by which it is another law than the rest."""

_SOFT = 0.1
"""Share of each observation that a hard partition leaves to all components."""

_MORE = 6
"""How many further starts are kept that are not confined to cells of the data."""

_NEAREST, _FARTHEST = 2.0, 4.0
"""How far beyond the latest row a component is tried that no row shows, in sizes of the largest."""

_MOST_CUTS, _MOST_ROWS = 16, 1_000
"""Into at most so many parts the data are cut of which runs have a component of their own, and up to how many rows."""


class Searched(MixtureLike, Protocol):
    """What the search needs of a mixture."""

    k: int
    shared: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    name: str

    @property
    def discrete(self) -> bool: ...  # noqa: D102
    @property
    def per_row(self) -> tuple[str, ...]: ...  # noqa: D102
    def smaller(self) -> Searched: ...  # noqa: D102
    def spiking(self, sample: Sample) -> Sequence[int]: ...  # noqa: D102
    def spurious(self, sample: Sample, *params: Any) -> bool: ...  # noqa: D102
    def confined(self, sample: Sample, *params: Any) -> bool: ...  # noqa: D102
    def arranged(self, *params: Any) -> tuple[Any, ...]: ...  # noqa: D102


def from_points(law: Searched, sample: Sample) -> list[tuple[Any, ...]]:
    """The best ends of EM that are not spurious, from many partitions of the data."""
    search = EM.by_groups(law, sample)
    ends: list[EndOfEM] = []
    begun = partitions(law, sample)
    for shares in begun:
        first = search.maximised(search.gathered(shares), None)
        end = search.climbed(first, _SHORT, [e.rows for e in ends if e.arrived])
        if end is not None:
            ends.append(end)
    ends.sort(key=lambda end: -end.value)
    # The slow ones may climb higher, so that half of all go on before the best are chosen.
    sound = [end for end in ends if not law.spurious(sample, *end.params)]
    better = [end for end in sound if end.arrived]
    for end in sound[: max(_KEPT, len(begun) // 2)]:
        higher = None if end.arrived else search.climbed(end.params, _MIDDLE, [e.rows for e in better if e.arrived])
        if higher is not None:
            better.append(higher)
    better.sort(key=lambda end: -end.value)
    kept: list[EndOfEM] = []
    for end in better:
        known = any(abs(end.value - other.value) < _DIFFERENT for other in kept)
        if known or law.spurious(sample, *end.params):
            continue
        # Those still on their way may all be on that to a spike, and leave no room for a maximum below.
        if sum(other.arrived == end.arrived for other in kept) < _KEPT:
            kept.append(end)
    by_row = EM(law, sample)
    longer = [by_row.climbed(end.params, _LONG) for end in kept]
    good = [end for end in longer if end is not None and not law.spurious(sample, *end.params)]
    good.sort(key=lambda end: -end.value)
    given = [end for arrived in (True, False) for end in [e for e in good if e.arrived == arrived][:_GIVEN]]
    if not any(_are_apart(law, sample, end.params) for end in given):  # a maximum on few observations is better
        narrow = [end for end in ends if end.arrived and law.spurious(sample, *end.params)]
        given += narrow[:_GIVEN] if given else [end for end in ends if end.arrived][:_GIVEN] + (sound or ends)[:_GIVEN]
    if not given:
        raise NoMaximumError(f"{law.name}: no component could be fitted to a part of the data.")
    return [_inside(law, law.arranged(*end.params)) for end in sorted(given, key=lambda end: -end.value)]


def from_intervals(law: Searched, sample: Sample) -> list[tuple[Any, ...]]:
    """The best ends of EM on a grid, from many partitions, where data are intervals or in windows."""
    if law.per_row:
        return []
    search = GridEM(law, sample)
    first = search.first()
    ends = [search.climbed(params, _SHORT_ON_GRID) for params in first]
    longer = [search.climbed(params, _LONG_ON_GRID) for _, params in distinct(ends, _KEPT_ON_GRID)]
    found = [params for _, params in distinct(longer, _KEPT)]
    if law.of_one_law and not law.shared and longer:
        narrow = search.missed(distinct(longer, 1)[0][1])
        longer += [search.climbed(params, _LONG_ON_GRID) for params in narrow]
        small = search.added(distinct(longer, 1)[0][1], first)
        found += [params for params in small if not law.confined(sample, *params)]
    beyond = _beyond(law, sample)
    found += [] if beyond is None else [beyond]
    # Where the law narrows between ends of intervals there is no maximum: those have no place of the others.
    heights = distinct(longer, len(longer))
    for k, (_, params) in enumerate(heights):
        known, narrows = any(params is other for other in found), law.confined(sample, *params)
        # That the others are lower than the likelihood comes there is to be seen, though.
        if not known and (k == 0 if narrows else len(found) < _KEPT + _MORE):
            found.append(params)
    return [_inside(law, params) for params in found]


def _beyond(law: Searched, sample: Sample) -> tuple[Any, ...] | None:
    """A mixture whose last component is beyond the latest censored row, as of those that would never end.

    No partition of the points in place of intervals has one there. Half of the rows that are open above are its own.
    """
    is_open = np.isposinf(sample.upper)
    if not is_open.any() or not law.of_one_law or law.shared:
        return None
    points = sample.as_points()
    reach = float(np.max(np.abs(points.x))) or 1.0
    far = np.max(points.x) + reach * np.linspace(_NEAREST, _FARTHEST, int(np.sum(is_open)))
    weight = np.ones(len(points.x)) if points.weight is None else points.weight
    shared = np.concatenate([np.where(is_open, 0.5, 1.0) * weight, 0.5 * weight[is_open]])
    whole = points.with_values(np.concatenate([points.x, np.floor(far) if law.discrete else far]), shared)
    labels = np.searchsorted(_cuts(points, np.arange(1, law.k - 1) / (law.k - 1)), points.x)
    labels = np.concatenate([labels, np.full(len(far), law.k - 1)])
    return EM(law, whole).maximised((labels == np.arange(law.k)[:, None]).astype(float), None)


def of_runs(law: Searched, sample: Sample) -> list[tuple[Any, ...]]:
    """Mixtures of two, one component fitted to a run of neighbouring values, the other to all the rest.

    Of few values these are near all maxima that tell components apart by where they are, those too from where the EM
    algorithm goes on to a spike.
    """
    if law.k != 2 or law.discrete or law.per_row or sample.n_rows > _MOST_ROWS:
        return []
    search, values = EM(law, sample), np.unique(sample.x)
    cuts = np.unique(np.linspace(0, len(values), _MOST_CUTS + 1).astype(int)).tolist()
    found = []
    for first, last in itertools.combinations(cuts, 2):
        run = (sample.x >= values[first]) & (sample.x <= values[last - 1])
        if run.all():
            continue
        for shares in ([run, ~run], [~run, run])[: 1 if law.of_one_law else 2]:
            params = search.maximised(np.array(shares, dtype=float), None)
            if params is not None:
                found.append(_inside(law, law.arranged(*params)))
    return found


def _are_apart(law: Searched, sample: Sample, params: tuple[Any, ...]) -> bool:
    """Whether the components are several laws: an observation tells of which it is likely to be."""
    joint = law.log_joint(sample.x, params)
    shares = np.exp(joint - log_sum(joint))
    return bool(np.any(np.ptp(shares, axis=1) > _TOLD))


def _inside(law: Searched, params: tuple[Any, ...]) -> tuple[Any, ...]:
    values = [interior(p.domain, v) for p, v in zip(law.parameters, params, strict=True)]
    return tuple(v if np.ndim(v) else float(v) for v in values)


def partitions(law: Searched, sample: Sample) -> list[Array]:
    """Shares of every observation in every component, each of shape (k, n), from which EM starts."""
    x = sample.x
    rng = np.random.default_rng(_SEED)
    labels: list[Any] = [np.searchsorted(_cuts(sample, np.arange(1, law.k) / law.k), x)]
    for share in (0.25, 0.1):  # a large component, and small ones in one tail or the other
        inner = 1 - share * np.arange(law.k - 1, 0, -1) / (law.k - 1)
        labels += [np.searchsorted(_cuts(sample, q), x) for q in (inner, 1 - inner[::-1])]
    parts = [(1 - _SOFT) * (label == np.arange(law.k)[:, None]) + _SOFT / law.k for label in labels]
    # Around the middle and beyond: components of one location that differ in scale.
    rank = np.argsort(np.argsort(np.abs(x - sample.quantile(0.5)))) / len(x)
    rings = np.minimum((rank * law.k).astype(int), law.k - 1)
    parts.append((1 - _SOFT) * (rings == np.arange(law.k)[:, None]) + _SOFT / law.k)
    parts += [*_grown(law, sample), *_least(law, sample)]
    # Kernels of many widths about random quantiles.
    width = float(np.sqrt(sample.var()))
    for _ in range(_RANDOM_STARTS if _is_quick(law) else _FEW_STARTS):
        centres = _cuts(sample, rng.uniform(size=law.k))
        kernel = -0.5 * np.square((x - centres[:, None]) / (width * 10 ** rng.uniform(-1.0, 0.0)))
        parts.append(np.exp(kernel - log_sum(kernel)))
    if law.of_one_law:
        return parts
    orders = list(itertools.islice(itertools.permutations(range(law.k)), 6))
    return [shares[list(order)] for shares in parts for order in orders]


def _is_quick(law: Searched) -> bool:
    """Whether every component has a direct route to its maximum."""
    return all(c.from_sample is not None or getattr(c, "from_means", None) is not None for c in law.components)


def _grown(law: Searched, sample: Sample) -> list[Array]:
    """The best mixture with one component less, and another component on the values about a quantile.

    Source: Verbeek, Vlassis & Kröse (2003), Neural Computation 15, 469-485. Components of the smaller mixture are
    split at their medians too.
    """
    x = sample.x
    shares = np.ones((1, len(x)))
    if law.k > 2 and law.of_one_law:
        smaller = law.smaller()
        joint = smaller.log_joint(x, from_points(smaller, sample)[0])
        shares = np.exp(joint - log_sum(joint))
    elif law.k > 2:
        cuts = _cuts(sample, np.arange(1, law.k - 1) / (law.k - 1))
        shares = (np.searchsorted(cuts, x) == np.arange(law.k - 1)[:, None]).astype(float)
    parts = []
    count = _DENSE_STARTS if _is_quick(law) else _FEW_STARTS
    for i, centre in enumerate(_cuts(sample, (np.arange(count) + 0.5) / count)):
        away = np.abs(x - centre)
        near = (away <= np.quantile(away, _DENSE_SHARES[i % len(_DENSE_SHARES)])).astype(float)
        parts.append(np.vstack([near, shares * (1 - near)]))
    for j, own in enumerate(shares if law.k > 2 else ()):
        middle = x[own > 0.5]
        upper = x > (np.median(middle) if len(middle) else np.median(x))
        parts.append(np.vstack([own * upper, *(s * ~upper if i == j else s for i, s in enumerate(shares))]))
    return parts


def _least(law: Searched, sample: Sample) -> list[Array]:
    """The least values in a component of their own, where they are far below the next.

    To quantiles they are alike; but a law of positive numbers may be as narrow as the least of them is small.
    """
    if law.support.lower != 0 or law.spiking(sample):
        return []
    x, least = sample.x, np.unique(sample.x)[: _LEAST_VALUES + 1]
    parts = []
    for last in least[:-1][least[1:] > _FAR_ABOVE * least[:-1]]:
        others = np.searchsorted(_cuts(sample, np.arange(1, law.k - 1) / (law.k - 1)), x) + 1
        parts.append(1.0 * (np.where(x <= last, 0, others) == np.arange(law.k)[:, None]))
    return parts


def _cuts(sample: Sample, at: Array) -> Array:
    return np.array([sample.quantile(float(q)) for q in at])
