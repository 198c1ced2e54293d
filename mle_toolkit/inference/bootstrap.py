"""The bootstrap: what the fit would have been on other samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mle_toolkit import notebook, options
from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import MleError, ParameterError
from mle_toolkit.estimation.maximum import Maximum
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.inference.covariance import inverse
from mle_toolkit.inference.curvature import curvature
from mle_toolkit.inference.profile import function_target
from mle_toolkit.inference.resampling import BOUNDARY, FAILED, Kind, Refits, Replicator
from mle_toolkit.information.estimate import Estimate
from mle_toolkit.likelihood.coordinates import Objective
from mle_toolkit.likelihood.sums import Likelihood
from mle_toolkit.numerics.differences import first_differences, one_by_one

if TYPE_CHECKING:
    import pandas as pd

IntervalMethod = Literal["bca", "basic", "percentile"]

_STEP_OF_TARGET = 1e-4

_ROWS_OF_LAW = 20_000
"""Draws from the law by which its skewness is known to a few percent, of a correction that is small itself."""


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """Estimates from replicates of a sample.

    Attributes
    ----------
    kind : {"parametric", "nonparametric"}
        Whether replicates were drawn from the fitted law or from the sample.
    names : tuple of str
        Names of the coefficients.
    estimate : ndarray of shape (p,)
        The fit of the sample, in the unit of the data.
    replicates : ndarray of shape (n, p)
        The fits of the replicates; NaN in the rows of those without a certified maximum, which count as
        failed.
    n_failed, n_boundary : int
        Replicates without a certified maximum, and those whose maximum is at the boundary of the parameter space.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> fit = mle.fit([1.1, 0.4, 2.7, 1.9, 0.8], "exponential")
    >>> drawn = fit.bootstrap(n=2000, rng=1)
    >>> drawn
    Bootstrap(exponential, 2000 parametric replicates: scale=1.38 ± 0.604)
    >>> low, high = drawn.interval("scale", alpha=0.1)
    >>> round(low, 2), round(high, 2)
    (0.77, 3.52)
    """

    kind: Kind
    names: tuple[str, ...]
    estimate: Array
    replicates: Array
    n_failed: int
    n_boundary: int
    _refits: Refits
    _maximum: Maximum
    _sample: Sample

    _coefficients: Callable[..., Array] | None = None

    def of_coefficients(self, names: tuple[str, ...], coefficients: Callable[..., Array]) -> Bootstrap:
        """The same, of coefficients that are linear in the parameters.

        Parameters
        ----------
        names : tuple of str
        coefficients : callable
            ``coefficients(theta)`` of parameters of shape (..., p); with ``change=True`` of changes of them.
        """
        estimate, replicates = coefficients(self.estimate), coefficients(self.replicates)
        return replace(self, names=names, estimate=estimate, replicates=replicates, _coefficients=coefficients)

    @property
    def n(self) -> int:
        """Number of replicates, the failed among them."""
        return len(self.replicates)

    @property
    def se(self) -> Array:
        """Standard deviations of the replicates, shape (p,); NaN for a coefficient that was infinite in some."""
        return np.array([_deviation(column) for column in self._usable.T])

    @property
    def bias(self) -> Array:
        """Mean of the replicates less the estimate, shape (p,); NaN for a coefficient that was infinite in some."""
        with np.errstate(invalid="ignore"):
            gap = np.mean(self._usable, axis=0) - self.estimate
        return np.where(np.isfinite(gap), gap, np.nan)

    @property
    def frame(self) -> pd.DataFrame:
        """The replicates, one a row."""
        import pandas as pd

        return pd.DataFrame(self.replicates, columns=list(self.names))

    @property
    def laws(self) -> tuple[Distribution | None, ...]:
        """The law of each replicate; None for those without a certified maximum."""
        family = self._maximum.family
        usable = (self._refits.status != FAILED).tolist()
        return tuple(self._refits.law(family, k) if there else None for k, there in enumerate(usable))

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say of replicates without an ordinary maximum."""
        notes = []
        if self.n_failed:
            notes.append(f"{self.n_failed} of {self.n} replicates have no certified maximum and are left out")
        if self.n_boundary:
            notes.append(f"{self.n_boundary} of {self.n} replicates ended at the boundary of the parameter space")
        return tuple(notes)

    def interval(self, name: str, alpha: float = 0.05, method: IntervalMethod | None = None) -> tuple[float, float]:
        """Confidence interval of one coefficient.

        Parameters
        ----------
        name : str
            A parameter that is a number, or one entry of an array: ``"mean[0]"``.
        alpha : float
            One minus the confidence level.
        method : {"bca", "basic", "percentile"}, optional
            ``"percentile"``: quantiles of the replicates. ``"basic"``: these, mirrored at the estimate. ``"bca"``:
            quantiles corrected for bias and for a standard error that changes with the parameter (Efron 1987), the
            acceleration from scores: of the rows or, where exact values were drawn from the law, of the law. By
            default ``"bca"`` and, where there is none (ends of supports, kinks, maxima at a boundary), ``"basic"``.

        Returns
        -------
        tuple of float
            NaN for a parameter that was given.

        Raises
        ------
        ParameterError
            If the name or method is unknown, or ``"bca"`` is asked for where there is none.
        """
        if name not in self.names:
            raise ParameterError(f"bootstrap: no coefficient {name!r}; there are {', '.join(self.names)}.")
        k = self.names.index(name)
        if name.partition("[")[0] in self._maximum.fixed:
            return math.nan, math.nan
        acceleration = math.nan
        if method in (None, "bca"):
            acceleration = self._acceleration(self._influence[:, k])
        return _interval(name, self._usable[:, k], float(self.estimate[k]), alpha, method, acceleration)[0]

    def derive(
        self,
        function: Callable[[Distribution], float],
        alpha: float = 0.05,
        method: IntervalMethod | None = None,
    ) -> Estimate:
        """Estimate a function of the fitted law, with its standard error and interval from the replicates.

        Parameters
        ----------
        function : callable
            Takes a `Distribution`, returns a number.
        alpha : float
            One minus the confidence level.
        method : {"bca", "basic", "percentile"}, optional
            As for `interval`.

        Raises
        ------
        ParameterError
            As for `interval`.
        """
        alpha = options.level(alpha)
        at = self._maximum if self._maximum.limit is None else self._maximum.limit
        function = options.of_law(function)
        value = function(at.family.law_at(at.theta))
        values = np.array([function(law) for law in self.laws if law is not None])
        acceleration = math.nan
        if method in (None, "bca"):
            acceleration = self._acceleration_of(function)
        undefined = int(np.count_nonzero(np.isnan(values)))
        flags = self.notes
        if undefined:
            flags += (f"undefined in {undefined} of {self.n} replicates, which are left out",)
            values = values[~np.isnan(values)]
        se = _deviation(values)
        interval, method = _interval("the quantity", values, value, alpha, method, acceleration)
        return Estimate(
            value=value,
            se=se if math.isfinite(se) else None,
            interval=interval,
            level=1 - alpha,
            method=f"{self.kind} bootstrap, {method}",
            unit="",
            flags=flags,
            reason=None if math.isfinite(se) else "it is infinite in some replicates",
        )

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={value:.6g} ± {se:.3g}" for name, value, se in zip(self.names, self.estimate, self.se, strict=True)
        )
        text = f"{self._maximum.family.name}, {self.n} {self.kind} replicates: {shown}"
        return f"Bootstrap({'; '.join((text, *self.notes))})"

    def _repr_html_(self) -> str:
        rows = [
            (name, f"{value:.6g}", f"{se:.3g}")
            for name, value, se in zip(self.names, self.estimate, self.se, strict=True)
        ]
        notes = (f"{self.n} {self.kind} replicates of {self._maximum.family.name}", *self.notes)
        return notebook.table(("", "estimate", "std err"), rows, notes)

    # --- inside -----------------------------------------------------------------------------------------------------

    @cached_property
    def _usable(self) -> Array:
        return np.asarray(self.replicates[self._refits.status != FAILED])

    @cached_property
    def _at_rows(self) -> Objective:
        """The likelihood of the rows whose influence gives the acceleration.

        They are many of the law, for replicates drawn from it as exact values; else those of the sample.
        """
        maximum, sample = self._maximum, self._sample
        by_law = self.kind == "parametric" and sample.is_plain and sample.weight_kind == "frequency"
        if not by_law or maximum.family.per_row or sample.is_multivariate or maximum.limit is not None:
            return maximum.objective
        law = Distribution.at(maximum.family, maximum.family.unpack(maximum.theta))
        drawn = Sample(law.rvs(_ROWS_OF_LAW, rng=0))  # a sum over the law; its seed is no choice of the caller's
        return Objective(Likelihood(maximum.family, drawn, maximum.likelihood.unit), maximum.objective.coordinates)

    def _acceleration(self, influence: Array) -> float:
        """Efron (1987), JASA 82, 171-185, eq. 6.6: a sixth of the skewness of the influence, over the root of n."""
        rows = self._at_rows.likelihood.sample
        weighted = rows.weight is not None and rows.weight_kind == "frequency"
        weight = rows.weight if weighted and rows.weight is not None else np.ones(len(influence))
        size = float(np.sum(weight * influence**2))
        if not size > 0:
            return math.nan
        per_sample = math.sqrt(float(np.sum(weight)) / self._maximum.likelihood.nobs) if self._simulated_rows else 1.0
        acceleration: float = per_sample * float(np.sum(weight * influence**3)) / (6 * size**1.5)
        return acceleration

    @property
    def _simulated_rows(self) -> bool:
        return self._at_rows is not self._maximum.objective

    @cached_property
    def _influence_on_coordinates(self) -> Array:
        """Empirical influence of the rows on the free coordinates, up to a factor; shape (n_rows, n_free)."""
        maximum = self._maximum
        u = maximum.coordinates
        if maximum.limit is not None or len(u) == 0:
            return np.full((1, len(u)), np.nan)
        scores = self._at_rows.score_rows(u)
        sample = maximum.likelihood.sample
        if sample.weight is not None and sample.weight_kind == "reliability":
            scores = scores * sample.weight[:, None]
        return np.asarray(scores @ inverse(curvature(maximum)))

    @cached_property
    def _influence(self) -> Array:
        """Empirical influence of the rows on the coefficients; NaN where the information does not give any."""
        maximum = self._maximum
        slopes = maximum.objective.coordinates.jacobian(maximum.coordinates)
        influence: Array = self._influence_on_coordinates @ slopes.T
        if influence.shape[1] != len(maximum.theta):  # of a limiting law
            influence = np.full((1, len(maximum.theta)), np.nan)
        first = 0
        irregular = maximum.family.irregular(*maximum.family.unpack(maximum.theta))
        for p, free in zip(maximum.family.parameters, maximum.objective.coordinates.free, strict=True):
            if not free or p.name in irregular:
                influence[:, first : first + p.size] = np.nan
            first += p.size
        return influence if self._coefficients is None else self._coefficients(influence, change=True)

    def _acceleration_of(self, function: Callable[[Distribution], float]) -> float:
        maximum = self._maximum
        if maximum.limit is not None or maximum.boundary:
            return math.nan
        if maximum.family.irregular(*maximum.family.unpack(maximum.theta)):
            return math.nan
        target = one_by_one(function_target(maximum, function).natural)
        slope = first_differences(target, maximum.coordinates, _STEP_OF_TARGET)
        return self._acceleration(self._influence_on_coordinates @ slope)


def bootstrap(
    maximum: Maximum,
    sample: Sample,
    n: int = 1000,
    kind: Kind = "parametric",
    rng: Any = None,
    workers: int | None = None,
    clusters: NDArray[np.intp] | None = None,
) -> Bootstrap:
    """Fit replicates of the sample of a maximum.

    Parameters
    ----------
    maximum : Maximum
    sample : Sample
        What it is the maximum for.
    n : int
        Number of replicates.
    kind : {"parametric", "nonparametric"}
        Draw from the fitted law, in the form of the data (windows, bins, censoring times), or from the rows.
    rng : None, int, SeedSequence, BitGenerator or Generator
    workers : int, optional
        Processes; by default this one. The result is the same for any number.
    clusters : ndarray of int of shape (n_rows,), optional
        Which cluster each row is in: then whole clusters are drawn.

    Raises
    ------
    ParameterError
        If ``n`` or ``kind`` is not valid, or the form of the data does not say how to draw from the law.
    MleError
        If no replicate has a maximum.
    """
    n, workers = options.whole(n, "n", 2), options.workers(workers)
    replicator = Replicator(maximum, sample, kind, clusters)
    chunks = replicator.chunks(n, rng)
    refits = Refits.joined(list(replicator.run(replicator.refit_chunk, chunks, workers, "bootstrap")))
    n_failed = int(np.count_nonzero(refits.status == FAILED))
    if n - n_failed < 2:
        raise MleError(
            f"bootstrap: {n_failed} of {n} replicates have no certified maximum, so there is nothing to report."
        )
    return Bootstrap(
        kind=kind,
        names=maximum.family.coefficient_names,
        estimate=maximum.theta,
        replicates=refits.theta,
        n_failed=n_failed,
        n_boundary=int(np.count_nonzero(refits.status == BOUNDARY)),
        _refits=refits,
        _maximum=maximum,
        _sample=sample,
    )


def _deviation(values: Array) -> float:
    """Standard deviation; NaN where a value is infinite."""
    return float(np.std(values, ddof=1)) if len(values) > 1 and np.all(np.isfinite(values)) else math.nan


def _interval(
    name: str, values: Array, estimate: float, alpha: float, method: IntervalMethod | None, acceleration: float
) -> tuple[tuple[float, float], IntervalMethod]:
    """Interval from replicates of a number, and its method."""
    from scipy import special

    alpha = options.level(alpha)
    asked: IntervalMethod | None = None
    if method is not None:
        asked = options.choice(method, "interval method", get_args(IntervalMethod))
    below = (np.count_nonzero(values < estimate) + 0.5 * np.count_nonzero(values == estimate)) / len(values)
    possible = not math.isnan(acceleration) and 0 < below < 1
    if asked == "bca" and not possible:
        raise ParameterError(
            f"bootstrap: {name} has no BCa interval: it depends on what is at a boundary, an end of the support or a "
            f'kink of the density, or all replicates lie on one side; use method="basic" or "percentile".'
        )
    by: IntervalMethod = asked or ("bca" if possible else "basic")
    levels = [alpha / 2, 1 - alpha / 2]
    if by == "bca":  # Davison & Hinkley (1997), eq. 5.21
        shift = float(special.ndtri(below))
        ends = shift + special.ndtri(np.array(levels))
        levels = special.ndtr(shift + ends / (1 - acceleration * ends)).tolist()
    ordered = np.sort(values)
    lower, upper = (_order_statistic(ordered, level) for level in levels)
    return ((2 * estimate - upper, 2 * estimate - lower) if by == "basic" else (lower, upper)), by


def _order_statistic(values: Array, level: float) -> float:
    """The (B + 1) p-th smallest of B values, between two of them by a straight line (Davison & Hinkley 1997, 5.2.3)."""
    place = min(max((len(values) + 1) * level, 1.0), float(len(values)))
    low, high = float(values[math.floor(place) - 1]), float(values[math.ceil(place) - 1])
    if low == high or place == math.floor(place):
        return low
    return low + (place - math.floor(place)) * (high - low)
