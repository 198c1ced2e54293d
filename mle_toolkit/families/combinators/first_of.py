"""The first of several failures: independent modes that compete, whether or not it is known which one it was."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.data.numbering import number_of, numbered_as, numbers_of
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators.by_both_tails import ByBothTails
from mle_toolkit.families.combinators.parts import fitted, part
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import Interval
from mle_toolkit.families.hooks import Score, TailScores, all_of, made_with
from mle_toolkit.families.parameters import Parameter
from mle_toolkit.families.relations import Limit
from mle_toolkit.families.special import complement_slopes, log1mexp
from mle_toolkit.families.tilted import Tilted
from mle_toolkit.options import numbers

if TYPE_CHECKING:
    from mle_toolkit.data.rows import Known
    from mle_toolkit.data.sample import Sample

_CAUSE = "cause"
_CUTS = (0.25, 0.5, 0.75)
"""Quantiles at which starts part early failures from late ones."""

_MOST_STARTS = 16

_HALF, _NARROW = (0.25, 0.75), 0.1
"""The middle of a law, and the width of it, as a share of that of the data, below which a mode may be a spike."""

_BISECTIONS = 1100
"""Halvings that lead from any two doubles to neighbours, at most; few are needed as a rule."""


class FirstOf(ByBothTails):
    r"""The smallest of several independent times: a series system, competing risks.

    .. math:: S(t) = \prod_j S_j(t), \qquad f(t) = \sum_j f_j(t) \prod_{i \ne j} S_i(t)

    Where it is known that the failure was by mode j, only the j-th term counts.

    Parameters
    ----------
    modes : sequence of Family
        Continuous laws whose parameters are numbers.
    cause : ndarray of shape (n,), optional
        The mode of each row: 1, 2, ..., or 0 where it is not known, or nothing failed.

    Notes
    -----
    Source: Meeker & Escobar (1998), Statistical Methods for Reliability Data, ch. 15; Cox (1959), JRSS B 21, 411-421.
    With all causes known the likelihood is a product, and each mode is estimated as if the failures by others were
    censored. Modes that depend on each other cannot be told from independent ones by such data (Tsiatis 1975). Without
    causes, modes of one law are numbered from the one that fails first; two Weibull modes of one shape are one.
    """

    quantiles_of_logs = True

    kind, of_several = "first_of", True
    constant_defaults = {_CAUSE: None}  # noqa: RUF012
    without_spikes = "Give the causes that are known, or use a mode of fewer parameters."

    def __init__(self, modes: Sequence[Family], cause: Array | None = None) -> None:
        self.modes = tuple(modes)
        self.constants = {} if cause is None else {_CAUSE: np.asarray(cause, dtype=float)}
        self.name = f"first of {', '.join(mode.name for mode in self.modes)}"
        self.support = _hull([mode.support for mode in self.modes])
        self.parameters = tuple(
            Parameter(f"{p.name}_{j}", p.domain, p.typical, p.role, p.regular, p.natural)
            for j, mode in enumerate(self.modes, 1)
            for p in mode.parameters
        )
        main = self.modes[0].main_parameter
        self.modelled = f"{main}_1"
        scores, tails = all_of(m.score for m in self.modes), all_of(m.tail_scores for m in self.modes)
        self.score = made_with(self._score, scores, tails)
        self.tail_scores = made_with(self._tail_scores, tails)
        if cause is None and len({repr(mode) for mode in self.modes}) == 1:
            self.arranged = self._in_order
        if cause is not None:  # moments are of the time, whatever the cause
            self.outcomes = (_CAUSE,)
            of_time = FirstOf(self.modes)
            self.mean, self.var, self.entropy = (partial(_moment, of_time, name) for name in ("mean", "var", "entropy"))

    def made_of(self) -> tuple[tuple[Family, ...], dict[str, Any]]:
        """The modes; the causes are of the rows of the data."""
        return self.modes, {}

    @classmethod
    def made_from(cls, parts: Sequence[Family], others: Mapping[str, Any]) -> Family:
        """The law of which `made_of` gave the parts."""
        return first_of(list(parts))

    def rough(self, *params: Any) -> tuple[str, ...]:
        """Those of its modes."""
        modes = enumerate(zip(self.modes, self._split(params), strict=True), 1)
        return tuple(f"{name}_{j}" for j, (mode, own) in modes for name in mode.rough(*own))

    def _split(self, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        ends = np.cumsum([len(mode.parameters) for mode in self.modes]).tolist()
        return [tuple(params[end - len(m.parameters) : end]) for m, end in zip(self.modes, ends, strict=True)]

    def _laws(self, params: Sequence[Any]) -> list[Distribution]:
        return [Distribution.at(m, p) for m, p in zip(self.modes, self._split(params), strict=True)]

    def _is_cause(self, j: int) -> Array | bool:
        """Whether mode j may have been the cause of each row."""
        if _CAUSE not in self.constants:
            return True
        cause = self.constants[_CAUSE]
        return np.asarray((cause == j + 1) | (cause == 0))

    # --- density ------------------------------------------------------------------------------------------------------

    def _terms(self, x: Array, params: Sequence[Any]) -> Array:
        """Log of the density of a failure by each mode, the others not yet; shape (k, n)."""
        laws = self._laws(params)
        survives = [law.logsf(x) for law in laws]
        rows = []
        for j, law in enumerate(laws):
            others = sum((s for i, s in enumerate(survives) if i != j), start=np.zeros(np.shape(x)))
            rows.append(np.where(self._is_cause(j), law.logpdf(x) + others, -np.inf))
        return np.array(rows)

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x; of a failure by the mode that is known, in the rows where one is."""
        return np.asarray(special.logsumexp(self._terms(np.asarray(x, dtype=float), params), axis=0))

    def _score(
        self, scores: tuple[Score, ...], tails: tuple[TailScores, ...], x: Array, *params: Any
    ) -> tuple[Array, ...]:
        """Derivatives: those of a mode's density where it was the cause, of its survival where it was not."""
        terms = self._terms(x, params)
        with np.errstate(invalid="ignore"):
            share = np.exp(terms - special.logsumexp(terms, axis=0))
        slopes: list[Array] = []
        for j, (score, tail, own) in enumerate(zip(scores, tails, self._split(params), strict=True)):
            for failed, survived in zip(score(x, *own), tail(x, *own)[1], strict=True):
                by_failure = np.where(share[j] > 0, share[j] * failed, 0.0)
                slopes.append(by_failure + np.where(share[j] < 1, (1 - share[j]) * survived, 0.0))
        return tuple(slopes)

    # --- tails: of the time, whatever the cause -----------------------------------------------------------------------

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function: the sum of those of the modes."""
        return np.asarray(sum(law.logsf(x) for law in self._laws(params)))

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        return log1mexp(self.logsf(x, *params))

    def _tail_scores(
        self, tails: tuple[TailScores, ...], x: Array, *params: Any
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log S."""
        above: list[Array] = []
        for tail, own in zip(tails, self._split(params), strict=True):
            above += tail(x, *own)[1]
        return complement_slopes(self.logsf(x, *params), above), tuple(above)

    def _quantile(self, log_f: Array, log_s: Array, params: tuple[Any, ...]) -> Array:
        """Bisection between quantiles of the modes: if each survives with the k-th root, all do with the whole."""
        laws = self._laws(params)
        upper_tail = log_s < np.log(0.5)
        with np.errstate(over="ignore", invalid="ignore"):
            root = log_s / len(laws)
            low = np.min([np.where(upper_tail, v.isf(np.exp(root)), v.ppf(-np.expm1(root))) for v in laws], axis=0)
            high = np.min([np.where(upper_tail, v.isf(np.exp(log_s)), v.ppf(np.exp(log_f))) for v in laws], axis=0)
            known = ~((low < high) & np.isfinite(low) & np.isfinite(high))
            for _ in range(_BISECTIONS):
                middle = 0.5 * low + 0.5 * high
                inside = ~known & (middle > low) & (middle < high)
                if not inside.any():
                    break
                at_s = self.logsf(middle, *params)
                below = np.where(upper_tail, at_s > log_s, log1mexp(at_s) < log_f)
                low, high = np.where(inside & below, middle, low), np.where(inside & ~below, middle, high)
        return np.where(np.isnan(log_f) | np.isnan(log_s), np.nan, high)

    def rvs(self, *params: Any, size: Any, rng: Any) -> Array:
        """Random numbers: the smallest of one of each mode."""
        return np.asarray(np.min([law.rvs(size, rng) for law in self._laws(params)], axis=0))

    # --- the fit ------------------------------------------------------------------------------------------------------

    def with_rows(self, sample: Sample) -> Sample:
        """The sample with the causes."""
        sample = super().with_rows(sample)
        if _CAUSE in self.constants:
            cause = np.asarray(sample.known[_CAUSE], dtype=float)
            wrong = np.flatnonzero(~np.isin(cause, np.arange(len(self.modes) + 1.0)))
            if len(wrong):
                row = number_of(wrong[0], sample.rows_given)
                raise DataError(
                    f"{self.name}: cause must be 0 (not known, or no failure) or the number of a mode, 1 to "
                    f"{len(self.modes)}; {len(wrong)} of {len(cause)} are not; the first is row {row}: "
                    f"{cause[wrong[0]]:g}."
                )
            vague = np.flatnonzero((cause > 0) & (sample.lower < sample.upper))
            if len(vague):
                row = number_of(vague[0], sample.rows_given)
                raise DataError(
                    f"{self.name}: {len(vague)} of {len(cause)} rows have a cause but no exact time; the first is row "
                    f"{row}. Where the time is censored or an interval give the cause 0."
                )
        return sample

    def resolve(self, sample: Sample) -> Family:
        """The law with the causes that stand beside the rows, where it was given none."""
        if self.per_row or _CAUSE not in sample.known:
            return self
        law = FirstOf(self.modes, np.asarray(sample.known[_CAUSE]))
        law.with_rows(sample)
        return law

    def check_support(self, sample: Sample) -> None:
        """Raise `SupportError` for what is impossible under the modes."""
        if _CAUSE not in self.constants:
            super().check_support(sample)
            return
        for j, mode in enumerate(self.modes, 1):
            rows = np.flatnonzero(np.asarray(sample.known[_CAUSE]) == j)
            if len(rows):
                with numbered_as(np.array(numbers_of(rows, sample.rows_given))):
                    mode.check_support(sample.take(rows))

    def check(self, sample: Sample) -> None:
        """Raise where a mode alone would have no maximum."""
        for mode in self.modes:
            mode.check(sample)

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``."""
        return FirstOf([mode.in_unit(centre, scale) for mode in self.modes], self.constants.get(_CAUSE))

    def given(self, known: Known) -> Family:
        """The law of rows of which this is known."""
        return FirstOf(self.modes, known[_CAUSE]) if self.per_row else self

    def start(self, sample: Sample) -> list[tuple[Any, ...]]:
        """Each mode fitted to early, to late and to all times; where causes are known, to those of its own."""
        return self._starts(sample.x, sample)

    def candidates(self, sample: Sample) -> list[tuple[Any, ...]]:
        """The same, of failures and of all times."""
        return self._starts(sample.as_points().x, sample.as_points(), np.isfinite(sample.upper))

    def _starts(self, x: Array, points: Sample, failed: Mask | None = None) -> list[tuple[Any, ...]]:
        failed = np.ones(len(x), dtype=bool) if failed is None else failed
        cause = np.asarray(points.known[_CAUSE]) if self.per_row else np.zeros(len(x))
        k, every = len(self.modes), np.ones(len(x), dtype=bool)
        if np.any(cause > 0):
            own = [(failed & (cause == j + 1), every) if np.any(cause == j + 1) else (failed, every) for j in range(k)]
            rows = list(product(*own))[:_MOST_STARTS]
        else:
            cuts = np.quantile(x[failed], _CUTS) if failed.any() else np.empty(0)
            first = 1 if self.arranged is not None else k  # of modes of one law any may be the early one
            rows = [(failed,) * k, (every,) * k]
            for cut in cuts:
                early, late = failed & (x <= cut), failed & (x > cut)
                rows += [tuple(early if i == j else late for i in range(k)) for j in range(first)]
        found: dict[tuple[int, bytes], tuple[Any, ...] | None] = {}
        starts = []
        for chosen in rows:
            parts = []
            for j, (mode, mine) in enumerate(zip(self.modes, chosen, strict=True)):
                at = j, mine.tobytes()
                if at not in found:
                    found[at] = fitted(mode, points.take(np.flatnonzero(mine))) if np.count_nonzero(mine) > 1 else None
                parts.append(found[at])
            if all(params is not None for params in parts):
                starts.append(tuple(v for params in parts for v in params or ()))
        return starts

    @property
    def _can_spike(self) -> bool:
        """Whether a mode can concentrate: in two parameters, one of them where it is."""
        return not self.per_row and any(len(m.parameters) > 1 and _never(m) is not None for m in self.modes)

    def unbounded(self, sample: Sample, fixed: Mapping[str, Any]) -> str | None:
        """Why the likelihood is unbounded: a mode may concentrate on the last time, where that is exact."""
        last = float(np.max(np.where(np.isinf(sample.upper), sample.lower, sample.upper)))
        here = (sample.upper >= last) | (sample.lower >= last)
        if not self._can_spike or not np.all((sample.lower == sample.upper)[here]) or len(fixed) > 0:
            return None
        return f"a mode that concentrates on the last time, {last:g}, has a density there that grows without bound"

    def spurious(self, sample: Sample, *params: Any) -> bool:
        """Whether a mode is a spike: narrow, and to hardly more failures than it has parameters."""
        if not self._can_spike:
            return False
        with np.errstate(all="ignore"):
            terms = self._terms(sample.x, params)
            share = np.exp(terms - special.logsumexp(terms, axis=0))
            count = np.sum(share if sample.weight is None else share * sample.weight, axis=1)
            spread = sample.quantile(_HALF[1]) - sample.quantile(_HALF[0])
            widths = [float(np.diff(law.ppf(np.array(_HALF)))[0]) for law in self._laws(params)]
        few = [n < len(m.parameters) + 1 for n, m in zip(count.tolist(), self.modes, strict=True)]
        return any(a and not width > _NARROW * spread for a, width in zip(few, widths, strict=True))

    def _in_order(self, *params: Any) -> tuple[Any, ...]:
        """Modes of one law in the order in which they fail."""
        with np.errstate(all="ignore"):
            medians = [float(law.ppf(np.array(0.5))) for law in self._laws(params)]
        parts = self._split(params)
        return tuple(v for j in np.argsort(medians, kind="stable").tolist() for v in parts[j])

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Fewer modes: the others never fail, being out of reach."""
        found = []
        for j, mode in enumerate(self.modes):
            away = _never(mode)
            if away is None or np.any(self.constants.get(_CAUSE, np.zeros(1)) == j + 1):
                continue
            rest = self.modes[:j] + self.modes[j + 1 :]
            first = sum(len(m.parameters) for m in self.modes[:j])
            law = rest[0] if len(rest) == 1 else self._without(j)
            found.append(Limit(law, lambda *p, first=first, away=away: (*p[:first], *away, *p[first:])))
        return tuple(found)

    def limits_in_window(self, lower: float, upper: float) -> tuple[Limit, ...]:
        """Those of each mode beyond an entry: whatever has lived so long, the modes go on independently from there."""
        if lower <= self.support.lower or any(isinstance(mode, Tilted) for mode in self.modes):
            return ()
        found = []
        for j, mode in enumerate(self.modes):
            # The first of modes of one law stands for all of them.
            for limit in mode.limits_in_window(lower, math.inf) if mode not in self.modes[:j] or self.constants else ():
                law = FirstOf([*self.modes[:j], limit.family, *self.modes[j + 1 :]], self.constants.get(_CAUSE))

                def embed(*params: Any, j: int = j, law: FirstOf = law, limit: Limit = limit) -> tuple[Any, ...]:
                    parts = law._split(params)
                    parts[j] = tuple(limit.embed(*parts[j]))
                    return tuple(value for own in parts for value in own)

                found.append(Limit(law, embed))
        return tuple(found)

    def _without(self, j: int) -> FirstOf:
        cause = self.constants.get(_CAUSE)
        return FirstOf(self.modes[:j] + self.modes[j + 1 :], None if cause is None else cause - (cause > j + 1))

    def __repr__(self) -> str:
        return f"first_of({', '.join(map(repr, self.modes))})"


def first_of(families: Any, cause: Any = None) -> Family:
    """The law of the smallest of several independent times: competing failure modes, or risks.

    Parameters
    ----------
    families : sequence of (str, Family or scipy.stats distribution)
        Two or more continuous laws whose parameters are numbers: one a mode.
    cause : array_like of shape (n,), optional
        Which mode each row of the data failed by: 1, 2, ..., and 0 where that is not known or nothing failed. By
        default what stands beside the rows, ``sample.with_known(cause=...)``, and else no cause is known.

    Returns
    -------
    Family
        With the parameters of each mode, numbered: ``shape_1``, ``scale_1``, ``shape_2``, ...

    Raises
    ------
    ParameterError
        If there are fewer than two laws, or one is not continuous or has parameters that are arrays.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> times, mode = [1.0, 4.0, 2.0, 8.0, 9.0, 9.0], [1, 2, 1, 2, 0, 0]
    >>> sample = mle.Sample.right_censored(times, [m > 0 for m in mode])
    >>> fit = mle.fit(sample, mle.first_of(["exponential", "exponential"], cause=mode))
    >>> {name: round(value, 6) for name, value in fit.params.items()}
    {'scale_1': 16.5, 'scale_2': 16.5}
    """
    is_list = isinstance(families, Iterable) and not isinstance(families, str) and getattr(families, "ndim", 1) > 0
    several = list(families) if is_list else [families]
    modes = [part(family, "first_of") for family in several]
    if len(modes) < 2:
        raise ParameterError("first_of: needs two laws or more, one a failure mode.")
    for mode in modes:
        if mode.discrete or not mode.all_scalar:
            raise ParameterError(f"first_of: {mode.name} is not a continuous law whose parameters are numbers.")
        if mode.per_row:
            raise ParameterError(f"first_of: {mode.name} has constants given per row ({', '.join(mode.per_row)}).")
    return FirstOf(modes, None if cause is None else numbers(cause, "first_of: cause"))


def _moment(law: Family, name: str, *params: Any) -> Any:
    return getattr(Distribution.at(law, params), name)()


def _never(mode: Family) -> tuple[float, ...] | None:
    """Parameters at which the law has all its mass beyond any time; None where it has no location, nor scale."""
    far = {"scale": np.inf, "rate": 0.0, "log-scale": np.inf}
    roles = [p.role for p in mode.parameters]
    moved = "location" if "location" in roles else next((role for role in roles if role in far), None)
    if moved is None or roles.count(moved) > 1:
        return None
    end = np.inf if moved == "location" else far[moved]
    return tuple(end if p.role == moved else 0.5 * sum(p.typical) for p in mode.parameters)


def _hull(supports: Sequence[Interval]) -> Interval:
    low, high = min(s.lower for s in supports), min(s.upper for s in supports)
    closed = any(s.lower == low and s.closed_lower for s in supports)
    return Interval(low, high, "lower" if closed else "neither")


MAKERS = (first_of,)
"""The functions here that make laws of laws."""
