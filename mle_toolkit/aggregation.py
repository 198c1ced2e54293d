"""The law of a sum of a random number of losses: frequency and severity made one.

>>> import mle_toolkit as mle
>>> claims, sizes = mle.distribution("poisson", mu=3.0), mle.distribution("gamma", shape=2.0, scale=500.0)
>>> year = mle.aggregate(claims, sizes, step=10.0)
>>> round(year.mean, 6), year.quantile(0.99)
(3000.0, 9280.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import IntegralError, ParameterError
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.families.domain import NON_NEGATIVE, Interval
from mle_toolkit.inference.covariance import wald_interval
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.options import choice, generator, level, number, numbers, probability, shown, whole

__all__ = ["AggregateLoss", "aggregate"]

_TILT = 20.0
"""Exponent of the tilting over the length of the transform (Grübel & Hermesmeier 1999)."""

_CUT = 1e-15
"""Probability of numbers of losses left out at either end."""

_FIRST, _GROWN, _MOST = 2**10, 2**17, 2**21
"""Cells of the range to begin with, to grow to by itself, and that can be asked for."""

_MOST_WHOLE = 10**7
_MOST_COUNTS = 10**6
_FAR = 10**9
_MOST_WORK = 4 * 10**9
"""Sizes of whole losses, numbers of losses, where these end, and products, beyond which no answer is in time."""

_AGREE = 1e-12
"""Difference of two rules, as a share of a cell, at which the mean survival in a part of it is known."""

_MOST_HARD = 100_000
"""Parts of cells that may be halved at once."""

_LOBATTO = (-1.0, -math.sqrt(3 / 7), 0.0, math.sqrt(3 / 7), 1.0), (1 / 10, 49 / 90, 32 / 45, 49 / 90, 1 / 10)
"""Nodes and weights of Lobatto's rule of five points."""


def aggregate(
    frequency: Any,
    severity: Any,
    *,
    step: float,
    upto: float | None = None,
    method: Literal["mean", "rounding"] = "mean",
    attachment: float = 0.0,
    limit: float | None = None,
    exposure: float | None = None,
) -> AggregateLoss:
    """Find the law of the sum of a random number of independent losses: the aggregate loss of a portfolio.

    Parameters
    ----------
    frequency : Distribution or Fit
        The law of the number of losses, on the whole numbers from 0.
    severity : Distribution or Fit
        The law of one loss, which is not negative.
    step : float
        Width of the grid on which the losses are put, in their unit. It should be small beside the usual loss: a wide
        one spreads the sum; `AggregateLoss.bounds` says what it costs.
    upto : float, optional
        Up to which sum the law is wanted. By default until less is left than the error, or 131,072 steps.
    method : {"mean", "rounding"}
        How losses are put on the grid: a share on either neighbour, so that the mean is kept, or all on the nearest.
    attachment, limit : float, optional
        Of every loss only the layer above ``attachment``, of the size ``limit``, counts; losses below count 0.
    exposure : float, optional
        Of a frequency with exposure, as that of a fit of counts and policy-years: how much of it there is.

    Raises
    ------
    ParameterError
        If the laws are of another kind, or the grid has more steps than can be computed.
    IntegralError
        If the means of the losses in the cells do not settle: choose ``method="rounding"``.

    Notes
    -----
    The transform of the sum is P(φ), with P the generating function of the frequency and φ the transform of the
    severity, by the fast Fourier transform of twice the range (Heckman & Meyers 1983). What the transform folds back
    from beyond is made smaller by exponential tilting (Grübel & Hermesmeier 1999, ASTIN Bulletin 29, 197-214).
    Discretisation: Klugman, Panjer & Willmot (2012), Loss Models, section 9.6.5.

    Examples
    --------
    >>> from mle_toolkit.families.distribution import distribution
    >>> sums = aggregate(distribution("poisson", mu=2.0), distribution("exponential", scale=1.0), step=0.01)
    >>> round(float(sums.cdf(0.0)), 9), round(sums.stop_loss(4.0), 4)
    (0.13669088, 0.2606)
    """
    watched = None if exposure is None else number(exposure, "exposure", above=0.0)
    counts, sizes = _law(frequency, "frequency", watched), _law(severity, "severity")
    if not counts.family.discrete:
        raise ParameterError(f"frequency: expected a law of counts, got {counts.family.name}, which is continuous.")
    layer = _Layer(
        sizes,
        number(attachment, "attachment", at_least=0.0),
        math.inf if limit is None else number(limit, "limit", above=0.0),
    )
    width = number(step, "step", above=0.0)
    how = choice(method, "method", ("mean", "rounding"))
    fits = tuple(_fit_in(given) for given in (frequency, severity))
    made = AggregateLoss(_Counts.of(counts), layer, width, how, np.empty(0), fits, watched)
    if upto is None:
        return made._grown(_FIRST)
    cells = int(min(number(upto, "upto", above=0.0) / width, 2.0 * _MOST)) + 2
    if cells > _MOST:
        raise ParameterError(f"upto: more than {_MOST} steps of {width:g} up to {upto:g}; choose a larger step.")
    return made._of_cells(cells)


@dataclass(frozen=True, repr=False)
class AggregateLoss:
    """The law of a sum of losses on a grid. Made by `aggregate`; not by hand.

    Attributes
    ----------
    step : float
        Width of the grid.
    method : {"mean", "rounding"}
        How single losses were put on it.
    pmf : ndarray of shape (m,)
        Probabilities of the sums 0, step, 2 step, ...; as they come from the transform, so that 0 may be -1e-15.
    """

    _counts: _Counts = field(repr=False)
    _layer: _Layer = field(repr=False)
    step: float
    method: str
    pmf: Array
    _fits: tuple[Any, ...] = field(default=(None, None), repr=False)
    _exposure: float | None = field(default=None, repr=False)
    _between: bool = field(default=False, repr=False)
    """Whether quantiles are read between the points of the grid too, so that they move smoothly with the laws."""

    def _of_cells(self, cells: int) -> AggregateLoss:
        """The same of the sums on the first cells."""
        return replace(self, pmf=_summed(self._counts, self._layer, self.step, self.method, cells))

    def _grown(self, cells: int) -> AggregateLoss:
        """The same of as many cells as it takes, within bounds."""
        found = self._of_cells(cells)
        while not found.is_whole and cells < _GROWN:
            cells *= 4 if cells * 4 <= _GROWN else 2
            found = self._of_cells(cells)
        return found

    def _with(self, frequency: Distribution | None = None, severity: Distribution | None = None) -> AggregateLoss:
        """The same of other laws, on the same cells."""
        counts = self._counts if frequency is None else _Counts.of(_law(frequency, "frequency", self._exposure))
        layer = self._layer if severity is None else replace(self._layer, law=severity)
        return replace(self, _counts=counts, _layer=layer, _between=True)._of_cells(len(self.pmf))

    @property
    def top(self) -> float:
        """The largest sum of which the law was computed."""
        return self.step * (len(self.pmf) - 1)

    @property
    def tail(self) -> float:
        """Probability of more than `top`."""
        return float(max(1.0 - self._cumulated[-1], 0.0))

    @property
    def is_whole(self) -> bool:
        """Whether no more is left beyond `top` than `error`."""
        return self.tail <= self.error

    @cached_property
    def error(self) -> float:
        """Bound of the error of `cdf` for losses on the grid; what the grid itself costs is told by `bounds`.

        It adds up the means in the cells, what is folded back, the numbers of losses left out, and rounding.
        """
        length, cells = 2 * len(self.pmf), np.arange(len(self.pmf))
        counts = self._counts.first + np.arange(len(self._counts.pmf))
        placed = _AGREE * float(np.sum(counts * self._counts.pmf)) if self.method == "mean" else 0.0
        folded = math.exp(-_TILT) * self.tail
        # Errors of the transform are independent (Gentleman & Sande 1966), a power of n makes them n times as large,
        # and tilting back enlarges the last ones most.
        size = float(np.sqrt(np.sum((self.pmf * np.exp(-_TILT / length * cells)) ** 2)))
        relative = 4 * float(np.finfo(float).eps) * (math.log2(length) + float(counts[-1]))
        rounded = relative * size * math.exp(_TILT / 2) * math.sqrt(length / (2 * _TILT))
        return placed + folded + 2 * _CUT + rounded

    @cached_property
    def mean(self) -> float:
        """Expected sum: expected number times expected loss, which owes nothing to the grid."""
        return float(self._counts.law.mean()) * self._layer.mean

    def cdf(self, x: Any) -> Array:
        """Probability of a sum of at most x.

        Raises
        ------
        ParameterError
            If x lies beyond the range and there is probability left: ask `aggregate` for more, with ``upto``.
        """
        return self._at(self._cumulated, x)

    def bounds(self, x: Any) -> tuple[Array, Array]:
        """Two numbers between which the cdf lies whatever the grid costs, but for `error`.

        They are the laws of losses that are all put on the grid point above, and on the one below.
        """
        above, below = self._extremes
        return self._at(above, x), self._at(below, x)

    def quantile(self, p: float) -> float:
        """The smallest sum of the grid that is not exceeded with probability p.

        Raises
        ------
        ParameterError
            If it lies beyond the range.

        Examples
        --------
        >>> from mle_toolkit.families.distribution import distribution
        >>> aggregate(distribution("poisson", mu=2.0), distribution("exponential", scale=1.0), step=0.01).quantile(0.9)
        4.73
        """
        wanted = probability(p, "p")
        reached = np.maximum.accumulate(self._cumulated)
        place = int(np.searchsorted(reached, wanted))
        if self._between and 0 < place < len(reached):
            low, high = reached[place - 1], reached[place]
            return self.step * (place - 1 + float((wanted - low) / (high - low)))
        if place == len(reached):
            raise ParameterError(
                f"quantile: {self.tail:.3g} is left beyond {self.top:g}, up to which the law was computed; choose a "
                f"larger upto or step."
            )
        return self.step * place

    def stop_loss(self, deductible: float) -> float:
        """Expected excess of the sum over a deductible, ``E[max(S - d, 0)]``; infinite where the mean is.

        Raises
        ------
        ParameterError
            If the deductible lies beyond the range.
        """
        most = number(deductible, "deductible", at_least=0.0)
        if most > self.top:
            raise ParameterError(
                f"stop_loss: the law was computed up to {self.top:g}; choose a larger upto for {most:g}."
            )
        if math.isinf(self.mean):
            return math.inf
        place = self._places(np.array([most]))[0]
        below = self.step * float(np.sum(1.0 - self._cumulated[:place]))
        part = (most - self.step * float(place)) * float(1.0 - self._cumulated[place])
        return self.mean - below - part

    def tvar(self, p: float) -> float:
        """Tail value at risk: the mean of the sums beyond the quantile at p; infinite where the mean is.

        Raises
        ------
        ParameterError
            If the quantile lies beyond the range.

        Examples
        --------
        >>> from mle_toolkit.families.distribution import distribution
        >>> sums = aggregate(distribution("poisson", mu=2.0), distribution("exponential", scale=1.0), step=0.01)
        >>> round(sums.tvar(0.9), 3)
        6.442
        """
        beyond = self.quantile(p)
        return beyond + self.stop_loss(beyond) / (1.0 - p)

    def derive(
        self,
        function: Callable[[AggregateLoss], float],
        alpha: float = 0.05,
        method: Literal["wald", "bootstrap"] = "wald",
        *,
        domain: Interval = NON_NEGATIVE,
        n: int = 199,
        kind: Literal["parametric", "nonparametric"] = "parametric",
        rng: Any = None,
    ) -> Estimate:
        """Estimate a function of the aggregate loss, with the uncertainty of the fits that it was made of.

        Parameters
        ----------
        function : callable
            Takes an `AggregateLoss`, returns a number: ``lambda total: total.tvar(0.99)``.
        alpha : float
            One minus the confidence level.
        method : {"wald", "bootstrap"}
            Of the interval: delta method, or replicates of both samples.
        domain : Interval
            Where its values lie: the delta method then works on the log of the distance from one end, or the logit
            between two. By default from 0, as amounts do; ``mle.UNIT`` for a probability.
        n, kind, rng
            Of the bootstrap: as of `Fit.bootstrap`.

        Raises
        ------
        ParameterError
            If neither law is a fit.

        Notes
        -----
        The two fits are taken to be independent, as those of numbers and sizes of losses are where the likelihood is a
        product of theirs. A law that is no fit is known. Quantiles are then read between the points of the grid.

        Examples
        --------
        >>> import mle_toolkit as mle
        >>> claims, sizes = mle.fit([2, 0, 3, 1, 4, 2, 1, 1], "poisson"), mle.fit([1.2, 0.4, 3.3, 2.1], "exponential")
        >>> year = aggregate(claims, sizes, step=0.05)
        >>> year.derive(lambda total: total.mean)
        Estimate(3.0625 ± 1.7, 95% in (1.008, 9.304); delta method; few_observations_for_wald)
        """
        size, how = level(alpha), choice(method, "method", ("wald", "bootstrap"))
        value = _number_of(function, self)
        if self._fits == (None, None):
            raise ParameterError("derive: both laws are known, so there is no uncertainty; make it of a fit or two.")
        if how == "bootstrap":
            return self._bootstrapped(function, value, size, whole(n, "n", 2), kind, rng)
        variance, flags, reason = 0.0, (), None
        for name, fit in zip(("frequency", "severity"), self._fits, strict=True):
            if fit is not None:
                part = fit.derive(lambda law, name=name: _number_of(function, self._with(**{name: law})), size)
                variance += math.nan if part.se is None else part.se**2
                flags, reason = tuple(dict.fromkeys(flags + part.flags)), reason or part.reason
        se = math.sqrt(variance)
        interval = wald_interval(value, se, domain, size) if math.isfinite(se) else None
        if interval is not None and math.isnan(interval[0]):
            interval, reason = None, "the value is at the end of its domain, where the delta method does not hold"
        return Estimate(
            value=value, se=se if math.isfinite(se) else None, interval=interval, level=1 - size,
            method="delta method", unit="", flags=flags, reason=reason,
        )  # fmt: skip

    def _bootstrapped(
        self, function: Callable[[AggregateLoss], float], value: float, alpha: float, n: int, kind: Any, rng: Any
    ) -> Estimate:
        seeds = generator(rng).spawn(2)
        drawn = [
            [None] * n if fit is None else fit.bootstrap(n, kind=kind, rng=seed).laws
            for fit, seed in zip(self._fits, seeds, strict=True)
        ]
        values = np.full(n, np.nan)
        for k, pair in enumerate(zip(*drawn, strict=True)):
            if any(law is None and fit is not None for law, fit in zip(pair, self._fits, strict=True)):
                continue  # without a certified maximum
            made = self._with(*pair)
            if self.is_whole and not made.is_whole:
                made = made._grown(len(self.pmf))
            values[k] = _number_of(function, made)
        usable = values[~np.isnan(values)]
        if len(usable) < 2:
            raise ParameterError(f"derive: {len(usable)} of {n} replicates have a value, too few for an interval.")
        low, high = np.quantile(usable, [alpha / 2, 1 - alpha / 2]).tolist()
        se = float(np.std(usable, ddof=1)) if np.all(np.isfinite(usable)) else None
        left = n - len(usable)
        return Estimate(
            value=value, se=se, interval=(low, high), level=1 - alpha, method=f"{kind} bootstrap, percentile", unit="",
            flags=(f"{left} of {n} replicates have no certified maximum and are left out",) if left else (),
            reason=None if se is not None else "it is infinite in some replicates",
        )  # fmt: skip

    @cached_property
    def _cumulated(self) -> Array:
        return np.cumsum(self.pmf)

    @cached_property
    def _extremes(self) -> tuple[Array, Array]:
        made = (_summed(self._counts, self._layer, self.step, how, len(self.pmf)) for how in ("up", "down"))
        above, below = (np.cumsum(pmf) for pmf in made)
        return above, below

    def _places(self, x: Array) -> Any:
        ratio = x / self.step
        near = np.rint(ratio)  # 0.3 / 0.1 is a little less than 3
        return np.where(np.abs(ratio - near) <= 1e-9 * np.maximum(near, 1.0), near, np.floor(ratio)).astype(np.int64)

    def _check(self, x: Array) -> None:
        beyond = x > self.top * (1 + 1e-9)
        if np.any(beyond) and not self.is_whole:
            raise ParameterError(
                f"{np.sum(beyond)} of {x.size} sums lie beyond {self.top:g}, up to which the law was computed, and "
                f"{self.tail:.3g} is left there; choose a larger upto or step. The first is {x[beyond][0]:g}."
            )

    def _at(self, cumulated: Array, x: Any) -> Array:
        given = np.asarray(numbers(x, "x"), dtype=float)
        flat = given.ravel()
        self._check(flat[flat < math.inf])
        places = self._places(np.clip(flat, 0.0, self.top))
        values = np.where(flat < 0, 0.0, np.where(flat > self.top * (1 + 1e-9), 1.0, cumulated[places]))
        return np.asarray(values.reshape(given.shape))

    def __repr__(self) -> str:
        left = "" if self.is_whole else f"{self.tail:.2g} left beyond, "
        below = 10.0 ** math.ceil(math.log10(self.error))
        return (
            f"AggregateLoss({self._counts.law.family.name} of {self._layer.law.family.name}: up to "
            f"{self.top:g} in steps of {self.step:g}, {left}error below {below:g})"
        )


def _law(given: Any, what: str, exposure: float | None = None) -> Distribution:
    law = getattr(given, "distribution", given)
    if not isinstance(law, Distribution):
        raise ParameterError(f"{what}: expected a law or a fit, as mle.distribution(...), got {shown(given)}.")
    if exposure is not None:
        law = Distribution(law.family.exposed(exposure), law.params)
    elif "exposure" in law.family.per_row:
        raise ParameterError(f"{what}: {law.family.name} is of rates; say of how much: exposure=1.0.")
    if law.family.multivariate or not law.is_one:
        raise ParameterError(f"{what}: expected one law of numbers, got {law.family.name} of vectors, or a law a row.")
    if law.ends[0] < 0:
        raise ParameterError(f"{what}: {law.family.name} has values below 0; a sum of losses has none.")
    return law


def _fit_in(given: Any) -> Any:
    """What was given, if it is a fit, whose uncertainty is known."""
    return given if hasattr(given, "derive") and hasattr(given, "bootstrap") else None


def _number_of(function: Callable[[AggregateLoss], float], total: AggregateLoss) -> float:
    if not callable(function):
        raise ParameterError(f"function: expected a function of an AggregateLoss, got {shown(function)}.")
    value = function(total)
    if np.ndim(value) != 0:
        raise ParameterError(f"function: expected one number, got an array of shape {np.shape(value)}.")
    return float(value)


@dataclass(frozen=True)
class _Counts:
    """A law of counts with its probabilities from the first number that matters."""

    law: Distribution
    first: int
    pmf: Array

    @classmethod
    def of(cls, law: Distribution) -> _Counts:
        last = law.ends[1]
        if last > _MOST_COUNTS:
            heavy = float(law.sf(float(_FAR))) > _CUT
            last = math.inf if heavy else float(law.isf(_CUT))
        first = max(float(law.ppf(_CUT)) - 1.0, law.ends[0])
        if last - first > _MOST_COUNTS:
            raise ParameterError(
                f"frequency: {law.family.name} has more than {_MOST_COUNTS} numbers of losses that matter; its "
                f"tails are too long to be summed."
            )
        return cls(law, int(first), law.pdf(np.arange(first, last + 1.0)))

    def generating(self, z: Any) -> Any:
        """Expected value of z to the number of losses, by Horner's rule in pieces that stay in the cache."""
        if len(self.pmf) * len(z) > _MOST_WORK:
            raise ParameterError(
                f"aggregate: {len(self.pmf)} numbers of losses on {len(z)} frequencies are more than can be computed; "
                f"choose a larger step or a smaller upto."
            )
        found = np.empty_like(z)
        for start in range(0, len(z), 8192):
            part = z[start : start + 8192]
            value = np.full_like(part, self.pmf[-1])
            for p in self.pmf[-2::-1].tolist():
                value *= part
                value += p
            found[start : start + 8192] = value * part**self.first
        return found


def _summed(counts: _Counts, layer: _Layer, step: float, how: str, cells: int) -> Array:
    """Probabilities of the sums on the first cells of the grid."""
    from scipy import fft

    length = fft.next_fast_len(2 * cells, real=True)
    tilt = _TILT / length
    masses = layer.masses(step, how, cells)  # those of larger losses make no difference to smaller sums
    transform = fft.rfft(masses * np.exp(-tilt * np.arange(cells)), length)
    sums = fft.irfft(counts.generating(transform), length)[:cells]
    return np.asarray(sums * np.exp(tilt * np.arange(cells)))


@dataclass(frozen=True)
class _Layer:
    """What of a loss falls between an attachment and a limit above it."""

    law: Distribution
    attachment: float
    limit: float

    @cached_property
    def mean(self) -> float:
        if math.isinf(self.limit):
            if self.attachment == 0:
                return float(self.law.mean())
            left = float(self.law.sf(self.attachment))
            return left * float(self.law.mean_residual_life(self.attachment)) if left > 0 else 0.0
        return self._between(0.0, self.limit)

    def _between(self, low: float, high: float) -> float:
        """Expected part of the loss between two places of the layer."""
        ends = self.law.restricted_mean(self.attachment + np.array([low, min(high, self.limit)]))
        return max(float(ends[1] - ends[0]), 0.0)  # far out it is a difference of equal numbers

    def _cdf(self, x: Any) -> Array:
        return np.where(x >= self.limit, 1.0, np.where(x < 0, 0.0, self.law.cdf(self.attachment + np.maximum(x, 0.0))))

    def _before(self, x: Any) -> Array:
        """Probability of less than x, for x above 0."""
        place, family = self.attachment + x, self.law.family
        if family.discrete:
            below = self.law.cdf(np.ceil(place) - 1.0)
        else:
            below = self.law.cdf(place)
            for atom, mass in zip(family.atoms, self.law.pdf(np.array(family.atoms)).tolist(), strict=True):
                below = below - mass * (place == atom)
        return np.asarray(np.where(x > self.limit, 1.0, below))

    def masses(self, step: float, how: str, cells: int) -> Array:
        """Probabilities of the first points of the grid."""
        points = step * np.arange(cells)
        if how == "mean":
            left = self._survival(step, cells)
            return np.concatenate([[1.0 - left[0]], left[:-1] - left[1:]])
        below = (
            self._before(points + step)
            if how == "down"
            else self._cdf(points + (0.5 * step if how == "rounding" else 0.0))
        )
        return np.concatenate([below[:1], np.diff(below)])

    def _survival(self, step: float, cells: int) -> Array:
        """Mean of the survival function in each cell, whose differences are the masses that keep the mean."""
        edges = self.attachment + np.minimum(step * np.arange(cells + 1), self.limit)
        family = self.law.family
        if family.discrete:
            last = min(math.floor(edges[-1]), float(self.law.isf(_CUT**2)))
            if last > _MOST_WHOLE:
                raise ParameterError(
                    f"{family.name}: losses of more than {_MOST_WHOLE} whole numbers in the range; choose "
                    f'method="rounding".'
                )
            after = self.law.sf(np.arange(last + 1.0))
            sums = np.concatenate([[0.0], np.cumsum(after)])  # limited means at whole numbers
            capped = np.minimum(edges, last + 1.0)
            whole = np.floor(capped).astype(np.int64)
            limited = sums[whole] + (capped - whole) * np.append(after, 0.0)[whole]
            return np.asarray(np.diff(limited) / step)
        if family.without_atoms is None:
            return self._smooth(self.law, edges, step)
        found, inside = np.zeros(cells), 0.0
        for atom, mass in zip(family.atoms, self.law.pdf(np.array(family.atoms)).tolist(), strict=True):
            found += mass * np.diff(np.minimum(edges, max(atom, edges[0]))) / step
            inside += mass
        return found + (1 - inside) * self._smooth(family.without_atoms(*self.law.in_order), edges, step)

    @staticmethod
    def _smooth(law: Distribution, edges: Array, step: float) -> Array:
        """By Gauss's rule of eight points; halved where Lobatto's of five, which sees the ends, says otherwise."""
        gauss = np.polynomial.legendre.leggauss(8)
        found = np.zeros(len(edges) - 1)
        cell, low, width = np.arange(len(found)), edges[:-1], np.diff(edges)
        while len(cell):
            best, other = (
                sum(w / 2 * law.sf(low + width * ((1 + t) / 2)) for t, w in zip(nodes, weights, strict=True))
                for nodes, weights in (gauss, _LOBATTO)
            )
            hard = (np.abs(best - other) * width > _AGREE * step) & (low + width / 2 > low)
            np.add.at(found, cell[~hard], (best * width / step)[~hard])
            if np.count_nonzero(hard) > _MOST_HARD:
                raise IntegralError(
                    f"{law.family.name}: the mean loss does not settle in {len(np.unique(cell[hard]))} of {len(found)} "
                    f'cells of the grid; choose a smaller step, or method="rounding".'
                )
            half = np.repeat(width[hard] / 2, 2)
            low = np.repeat(low[hard], 2) + half * np.tile([0.0, 1.0], np.count_nonzero(hard))
            cell, width = np.repeat(cell[hard], 2), half
        return found
