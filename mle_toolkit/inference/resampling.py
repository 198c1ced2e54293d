"""Replicates of a sample, drawn from the fitted law or from the sample itself, and the fit of each.

Both bootstraps, and the goodness-of-fit tests that refit, are made here. Replicates come in chunks, each with a seed of
its own, so that no result depends on how many workers there are.

Sources: Davison & Hinkley (1997), Bootstrap Methods and their Application, ch. 2, and for censored times algorithms
3.1 (resampling of rows) and 3.2 (simulation given the censoring times); Efron (1981), JASA 76, 312-319.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mle_toolkit import options
from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.groups import Groups
from mle_toolkit.data.rows import some_of
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, MleError, ParameterError
from mle_toolkit.estimation.batch import settle_groups
from mle_toolkit.estimation.faces import maximise_within
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.estimation.vectorised import is_vectorised
from mle_toolkit.families.base import Family
from mle_toolkit.families.circular import Circular, cut_open
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.exponential_family import ExponentialFamily
from mle_toolkit.families.hooks import needed
from mle_toolkit.inference.draws import Draws
from mle_toolkit.inference.mechanism import Cells, Censoring, Grid, mechanism_of, within
from mle_toolkit.likelihood.kernels.groups import SETTLED, compiled_groups, has_compiled_groups
from mle_toolkit.numerics.progress import progress
from mle_toolkit.numerics.threads import pool

Kind = Literal["parametric", "nonparametric"]


DRAWN_ROWS, DRAWN_PLACES = 1 << 18, 1 << 20
"""Rows that are drawn at once: a few megabytes of values, or of draws that are a byte each."""


CHUNK_REPLICATES, CHUNK_OF_SLOW = 250, 25
"""Replicates a chunk, at most: where they are fitted together, and where one by one, to share them among workers."""


FAILED, INTERIOR, BOUNDARY = 0, 1, 2
"""What became of a replicate: no maximum; an ordinary one; one at the boundary of the parameter space."""


_WHOLE = 1e-9
"""Relative distance at which a number counts as whole."""


class Measure:
    """A statistic of a sample and the law that was fitted to it."""

    def __call__(self, law: Distribution, sample: Sample) -> float:
        """Statistic of one sample."""
        raise NotImplementedError

    def together(self, family: Family, theta: Array, x: Array) -> Array | None:
        """Statistics of exact unweighted samples, one a row, each with its parameters; None for one by one."""
        return None


@dataclass(frozen=True)
class Refits:
    """Estimates from replicates.

    Attributes
    ----------
    theta : ndarray of shape (n, p)
        All parameters, in the unit of the data; NaN where there is no maximum.
    status : ndarray of int8 of shape (n,)
        `FAILED`, `INTERIOR` or `BOUNDARY`.
    limits : mapping of int to Distribution
        The limiting law, for the replicates whose maximum is one.
    """

    theta: Array
    status: NDArray[np.int8]
    limits: Mapping[int, Distribution] = field(default_factory=dict)

    def law(self, family: Family, replicate: int) -> Distribution:
        """The law that was fitted to a replicate."""
        if replicate in self.limits:
            return self.limits[replicate]
        return family.law_at(self.theta[replicate])

    @classmethod
    def joined(cls, parts: list[Refits]) -> Refits:
        """All parts, one after the other."""
        limits: dict[int, Distribution] = {}
        first = 0
        for part in parts:
            limits |= {first + k: law for k, law in part.limits.items()}
            first += len(part.status)
        return cls(np.concatenate([p.theta for p in parts]), np.concatenate([p.status for p in parts]), limits)


@dataclass(frozen=True)
class Replicator:
    """Makes replicates of the sample of a maximum, and fits the family to them as it was fitted to the sample.

    Parameters
    ----------
    maximum : Maximum
    sample : Sample
        What it is the maximum for.
    kind : {"parametric", "nonparametric"}
        Whether replicates are drawn from the fitted law or from the sample.
    clusters : ndarray of int of shape (n_rows,), optional
        Which cluster each row is in, from 0: then whole clusters are drawn from the sample.

    Raises
    ------
    ParameterError
        If replicates of that kind are not defined for the form of the data.
    """

    maximum: Maximum
    sample: Sample
    kind: Kind
    clusters: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", options.choice(self.kind, "kind of bootstrap", get_args(Kind)))
        sample = self.sample
        if not sample.in_memory:
            raise DataError(
                "bootstrap: the rows are read in blocks and not held, so they cannot be drawn from; "
                "fit a column in memory, or a subsample."
            )
        if sample.weight_kind == "frequency" and sample.weight is not None:
            odd = abs(sample.nobs - round(sample.nobs)) > _WHOLE * sample.nobs
            expanded = self.kind == "parametric" and not sample.is_plain
            if odd or (expanded and np.any(sample.weight != np.rint(sample.weight))):
                raise ParameterError(
                    "bootstrap: the frequency weights are not whole numbers, so there is no telling how many "
                    'observations to draw; for weights of another kind use weight_kind="reliability".'
                )
        if self.kind == "parametric" and not sample.is_exact:
            _ = self._observation  # raises where it is not defined

    # --- drawing ----------------------------------------------------------------------------------------------------

    @property
    def law(self) -> Distribution:
        """The fitted law; at a boundary that is another law, that law."""
        at = self.maximum if self.maximum.limit is None else self.maximum.limit
        return at.family.law_at(at.theta)

    @cached_property
    def grouped(self) -> bool:
        """Whether replicates are exact numbers that may be fitted together."""
        return self.sample.is_plain and not self.sample.is_multivariate and not self.maximum.family.per_row

    @cached_property
    def _table(self) -> Sample:
        """The sample, as a table where the law is one of counts."""
        return self.sample.tabulated() if self.maximum.family.discrete else self.sample

    @cached_property
    def _exchangeable(self) -> bool:
        """Whether all observations have the same law and the same window, so that a frequency is a number of draws."""
        sample = self.sample
        return not self.maximum.family.per_row and (sample.window is None or sample.has_one_window)

    @cached_property
    def _observation(self) -> Cells | Grid | Censoring:
        return mechanism_of(self.sample)

    def draw_groups(self, count: int, rng: np.random.Generator) -> Groups:
        """Draw plain replicates, as groups."""
        if self.kind == "parametric":
            weight = self.sample.weight if self.sample.weight_kind == "reliability" else None
            size = self.sample.n_rows if weight is not None else round(self.sample.nobs)
            x = self.law.rvs((count, size), rng=rng)
            if weight is None and self.maximum.family.discrete:
                return _tables(x)
            weights = None if weight is None else np.tile(weight, count)
            return Groups(x.ravel(), weights, np.arange(0, count * size + 1, size))
        table = self._table
        if table.weight is not None and table.weight_kind == "frequency":
            counts = _frequencies(table.nobs, table.weight, count, rng)
            replicate, place = np.nonzero(counts)
            offsets = np.searchsorted(replicate, np.arange(count + 1))
            return Groups(table.x[place], counts[replicate, place].astype(float), offsets)
        rows = Draws.of(count, table.n_rows, rng).places()
        weights = None if table.weight is None else table.weight.take(rows).ravel()
        return Groups(table.x.take(rows).ravel(), weights, np.arange(0, rows.size + 1, table.n_rows))

    @cached_property
    def _members(self) -> list[NDArray[np.intp]] | None:
        """The rows of each cluster; None where there are none."""
        if self.clusters is None:
            return None
        order = np.argsort(self.clusters, kind="stable")
        sizes = np.bincount(self.clusters)
        return [rows for rows in np.split(order, np.cumsum(sizes)[:-1]) if len(rows)]

    def draw(self, rng: np.random.Generator) -> tuple[Family, Sample]:
        """Draw one replicate of any form, and the family with what it knows of each row."""
        return self._resampled(rng) if self.kind == "nonparametric" else self._simulated(rng)

    def _resampled(self, rng: np.random.Generator) -> tuple[Family, Sample]:
        family, sample, members = self.maximum.family, self.sample, self._members
        if members is not None:
            times = np.bincount(rng.integers(0, len(members), len(members)), minlength=len(members))
            drawn = sample.take(np.concatenate([np.tile(members[k], times[k]) for k in np.flatnonzero(times)]))
        elif sample.weight is not None and sample.weight_kind == "frequency":
            drawn = sample.reweighted(_frequencies(sample.nobs, sample.weight, 1, rng)[0].astype(float))
        else:
            drawn = self._tabulated(sample.take(Draws.of(1, sample.n_rows, rng).places()[0]))
        return family.given(drawn.known), drawn

    def _simulated(self, rng: np.random.Generator) -> tuple[Family, Sample]:
        family, sample = self.maximum.family, self.sample
        frequencies = sample.weight if sample.weight_kind == "frequency" else None
        reliability = sample.weight if sample.weight_kind == "reliability" else None
        law, window = self.law, sample.window
        size = sample.n_rows if frequencies is None else round(sample.nobs)
        known = sample.known
        if frequencies is not None and not self._exchangeable:
            rows = np.repeat(np.arange(sample.n_rows), frequencies.astype(np.intp))
            known = some_of(known, rows)
            family = family.given(known)
            law = Distribution.at(law.family.given(known), law.in_order)
            window = None if window is None else (window[0][rows], window[1][rows])
        elif frequencies is not None and window is not None:
            window = (window[0][:1], window[1][:1])
        turn: float | None = None
        if isinstance(law.family, Circular) and not sample.is_plain:  # on the turn on which the data lie
            turn = law.family.period
            if window is not None and not sample.has_one_window:
                raise ParameterError(
                    "parametric bootstrap: directions seen through a window of each row; only the nonparametric "
                    'bootstrap is defined: bootstrap(kind="nonparametric").'
                )
            begin = float(np.min(sample.lower))
            if window is not None and np.isfinite(window[0][0]):
                begin = float(window[0][0])
            law = cut_open(law.family, law.in_order, begin)
        if sample.is_multivariate:
            return family, Sample.rows(law.rvs(size, rng=rng), reliability, sample.weight_kind)
        x = law.rvs(size, rng=rng) if window is None else within(law, window, size, rng)
        if sample.is_exact:
            drawn = Sample(x, reliability, sample.weight_kind)
        else:
            lower, upper = self._observation(x, rng)
            if turn is not None:  # beyond the last sector with observations comes the first
                upper = np.where(np.isinf(upper), np.min(sample.lower) + turn, upper)
            drawn = Sample.intervals(lower, upper, reliability, sample.weight_kind)
        drawn = drawn.with_known(**known)
        if window is None:
            return family, self._tabulated(drawn)
        low, high = (np.broadcast_to(end, drawn.n_rows) for end in window)
        return family, self._tabulated(drawn.truncated(low, high))

    def _tabulated(self, sample: Sample) -> Sample:
        """Equal intervals as one row with their frequency, where that leaves few rows."""
        if sample.is_exact or not self._exchangeable or sample.weight is not None:
            return sample
        _, rows, counts = np.unique(
            np.stack([sample.lower, sample.upper]), axis=1, return_index=True, return_counts=True
        )
        few = len(rows) <= sample.n_rows // 2
        return sample.take(rows).reweighted(counts.astype(float)) if few else sample

    # --- fitting ----------------------------------------------------------------------------------------------------

    @cached_property
    def _known(self) -> dict[str, Any]:
        """Values of the parameters that were given."""
        family = self.maximum.family
        values = zip(family.param_names, family.unpack(self.maximum.theta), strict=True)
        return {name: value for name, value in values if name in self.maximum.fixed}

    @cached_property
    def on_means(self) -> bool:
        """Whether means of statistics are all that a fit needs."""
        family = self.maximum.family
        return (
            self.grouped
            and isinstance(family, ExponentialFamily)
            and family.from_means is not None
            and family.all_scalar
            and not family.limits
            and not self._restricted
        )

    @property
    def _restricted(self) -> bool:
        return bool(self.maximum.fixed or self.maximum.bounds)

    @cached_property
    def together(self) -> bool:
        """Whether replicates are fitted together, so that they are not slow."""
        return self._can_be_together(compiled=compiled_groups(type(self.maximum.family)) is not None)

    def _can_be_together(self, *, compiled: bool) -> bool:
        """Whether replicates can be fitted together, if there are compiled fits of the family or not."""
        if self.on_means:
            return True
        family = self.maximum.family
        return self.grouped and family.all_scalar and not self._restricted and (compiled or is_vectorised(family))

    def fit(self, family: Family, sample: Sample) -> Maximum | None:
        """Fit one replicate; None if there is no maximum that is certified."""
        try:
            family.check_support(sample)
            found = maximise_within(family, sample, fixed=self._known, bounds=self.maximum.bounds)
            return found if found.is_certified else None
        except MleError:
            return None

    def fit_one_by_one(self, draws: list[tuple[Family, Sample]]) -> Refits:
        """Fit replicates, each as the sample was fitted."""
        theta, status, limits = self._nothing(len(draws))
        for k, (family, sample) in enumerate(draws):
            self._enter(k, self.fit(family, sample), theta, status, limits)
        return Refits(theta, status, limits)

    def fit_groups(self, groups: Groups) -> Refits:
        """Fit plain replicates: together as far as no doubt is left, the others one by one."""
        if self.on_means:
            return self.fit_means(*self._means(groups))
        family = self.maximum.family
        theta, status, limits = self._nothing(len(groups))
        if self.together:
            settled = settle_groups(family, groups)
            done = settled.status == SETTLED
            theta[done], status[done] = settled.theta[done], INTERIOR
        for k in np.flatnonzero(status == FAILED).tolist():
            self._enter(k, self.fit(family, groups.sample(k)), theta, status, limits)
        return Refits(theta, status, limits)

    def _means(self, groups: Groups) -> tuple[Array, Mask]:
        """Means of the statistics of each group, in the unit of the likelihood, and which groups are one value."""
        family, unit = self._in_unit
        z = unit.apply(groups.x)
        columns = [groups.means(t) for t in family.statistics(z)]
        first = groups.offsets[:-1]
        if family.with_ends:
            columns[-2:] = [np.minimum.reduceat(z, first), np.maximum.reduceat(z, first)]
        constant = groups.all(z == z[first][groups.ids]) if self._needs_spread else np.zeros(len(groups), dtype=bool)
        return np.stack(columns, axis=1), constant

    @property
    def _in_unit(self) -> tuple[ExponentialFamily, Any]:
        likelihood = self.maximum.likelihood
        family: Any = likelihood.family
        return family, likelihood.unit

    @property
    def _needs_spread(self) -> bool:
        family = self.maximum.family
        return family.n_free > 1 and not family.discrete

    @cached_property
    def _statistics(self) -> tuple[Array, ...]:
        """Statistics of the rows of the sample, in the unit of the likelihood."""
        family, unit = self._in_unit
        x = unit.apply(self._table.x)
        return tuple(np.broadcast_to(np.asarray(t, dtype=float), len(x)) for t in family.statistics(x))

    def resampled_means(self, count: int, rng: np.random.Generator) -> tuple[Array, Mask]:
        """Means of the statistics of resampled rows, which are taken once for all replicates; as `_means`."""
        table, columns = self._table, self._statistics
        n, ends = table.n_rows, 2 if self._in_unit[0].with_ends else 0
        if table.weight is not None and table.weight_kind == "frequency":
            counts = _frequencies(table.nobs, table.weight, count, rng)
            drawn = counts > 0
            means = [counts @ t / table.nobs for t in columns[: len(columns) - ends]]
            if ends:
                means += [np.where(drawn, columns[-2], np.inf).min(1), np.where(drawn, columns[-1], -np.inf).max(1)]
            return np.stack(means, axis=1), drawn.sum(axis=1) == 1
        draws, weight = Draws.of(count, n, rng), table.weight
        added = columns[: len(columns) - ends]
        if weight is None:
            means = list(draws.sums(added) / n)
        else:
            *sums, nobs = draws.sums([*(weight * t for t in added), weight])
            means = [total / nobs for total in sums]
        if ends:
            means += [draws.smallest(columns[-2]), -draws.smallest(-columns[-1])]
        constant = draws.constant(columns[0]) if self._needs_spread else np.zeros(count, dtype=bool)
        return np.stack(means, axis=1), constant

    def fit_means(self, means: Array, constant: Mask) -> Refits:
        """Fit an exponential family from means of its statistics."""
        family, unit = self._in_unit
        from_means = needed(family, family.from_means, "from_means")
        theta, status, limits = self._nothing(len(means))
        for k in np.flatnonzero(~constant).tolist():
            try:
                theta[k] = from_means(tuple(means[k].tolist()))
            except MleError:
                continue
            status[k] = INTERIOR
        for p, values in zip(family.parameters, theta.T, strict=True):
            if p.regular:
                status[np.isin(values, p.domain.endpoints)] = BOUNDARY
        return Refits(unit.params_to_data(self.maximum.family, theta.T).T, status, limits)

    def _nothing(self, n: int) -> tuple[Array, NDArray[np.int8], dict[int, Distribution]]:
        return np.full((n, len(self.maximum.theta)), np.nan), np.zeros(n, dtype=np.int8), {}

    def _enter(
        self,
        k: int,
        found: Maximum | None,
        theta: Array,
        status: NDArray[np.int8],
        limits: dict[int, Distribution],
    ) -> None:
        if found is None or found.theta.shape != theta[k].shape:
            return
        theta[k] = found.theta
        status[k] = BOUNDARY if found.boundary or found.limit is not None else INTERIOR
        if found.limit is not None:
            limits[k] = found.limit.family.law_at(found.limit.theta)

    # --- chunks -----------------------------------------------------------------------------------------------------

    def chunks(self, n: int, rng: Any) -> list[tuple[int, np.random.SeedSequence]]:
        """Split ``n`` replicates into chunks of a size that depends on law and data only, each with its seed.

        Not on numba: the numbers of a seed are the same with it and without.
        """
        rows = self._table.n_rows if self.kind == "nonparametric" else max(self.sample.n_rows, int(self.sample.nobs))
        size = -(-(DRAWN_PLACES if self.on_means and self.kind == "nonparametric" else DRAWN_ROWS) // rows)
        compiled = has_compiled_groups(type(self.maximum.family))
        together = self._can_be_together(compiled=compiled)
        if not (together and not self.on_means and compiled):  # compiled fits need many rows at once
            size = min(size, CHUNK_REPLICATES if together else CHUNK_OF_SLOW)
        entropy = options.generator(rng).integers(0, 1 << 32, size=4, dtype=np.uint64).tolist()
        seeds = np.random.SeedSequence(entropy).spawn(-(-n // size))
        return [(min(size, n - k * size), seed) for k, seed in enumerate(seeds)]

    def refit_chunk(self, count: int, seed: np.random.SeedSequence) -> Refits:
        """Draw and fit the replicates of one chunk."""
        rng = np.random.default_rng(seed)
        with np.errstate(all="ignore"):
            if self.on_means and self.kind == "nonparametric":
                return self.fit_means(*self.resampled_means(count, rng))
            if self.grouped:
                return self.fit_groups(self.draw_groups(count, rng))
            return self.fit_one_by_one([self.draw(rng) for _ in range(count)])

    def statistic_chunk(self, statistic: Measure, count: int, seed: np.random.SeedSequence) -> tuple[Array, int]:
        """A statistic of each replicate and the law that was fitted to it, NaN without one; and how many at a limit."""
        rng = np.random.default_rng(seed)
        family = self.maximum.family
        with np.errstate(all="ignore"):
            if self.grouped:
                groups = self.draw_groups(count, rng)
                fitted = self.fit_groups(groups)
                n_boundary = int(np.count_nonzero(fitted.status == BOUNDARY))
                if groups.weight is None and not fitted.limits:
                    values = statistic.together(family, fitted.theta, groups.x.reshape(count, -1))
                    if values is not None:
                        return np.where(fitted.status == FAILED, np.nan, values), n_boundary
                draws = [(family, groups.sample(k)) for k in range(count)]
            else:
                draws = [self.draw(rng) for _ in range(count)]
                fitted = self.fit_one_by_one(draws)
        values = np.full(count, np.nan)
        for k in np.flatnonzero(fitted.status != FAILED):
            law, sample = draws[k]
            values[k] = statistic(fitted.law(law, int(k)), sample)
        return values, int(np.count_nonzero(fitted.status == BOUNDARY))

    def run(
        self, work: Callable[..., Any], chunks: list[tuple[int, np.random.SeedSequence]], workers: int | None, what: str
    ) -> Generator[Any]:
        """Do the work on every chunk and yield what it gives, in order; in other processes if workers are asked for."""
        with progress(what, sum(count for count, _ in chunks)) as advance:
            for (count, _), result in zip(chunks, self._results(work, chunks, workers), strict=True):
                advance(count)
                yield result

    def _results(
        self, work: Callable[..., Any], chunks: list[tuple[int, np.random.SeedSequence]], workers: int | None
    ) -> Iterator[Any]:
        if self.on_means and len(chunks) > 1:  # drawing and summing leave other threads free
            return pool().map(lambda chunk: work(*chunk), chunks)
        if workers is None or workers == 1 or len(chunks) == 1:
            return (work(count, seed) for count, seed in chunks)
        from joblib import Parallel, delayed

        results: Iterator[Any] = Parallel(n_jobs=workers, return_as="generator")(
            delayed(work)(count, seed) for count, seed in chunks
        )
        return results


def _tables(x: Array) -> Groups:
    """Replicates of counts, one a row, as tables: distinct values with their frequencies."""
    x = np.sort(x, axis=1)
    new = np.ones(x.shape, dtype=bool)
    new[:, 1:] = x[:, 1:] != x[:, :-1]
    first = np.flatnonzero(new)
    offsets = np.concatenate([[0], np.cumsum(new.sum(axis=1))])
    return Groups(x.ravel()[first], np.diff(first, append=x.size).astype(float), offsets)


def _frequencies(nobs: float, weight: Array, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """How often each row is drawn, when as many observations are drawn as there are; shape (count, n_rows)."""
    share = weight / np.sum(weight)
    return rng.multinomial(round(nobs), share / share.sum(), size=count)
