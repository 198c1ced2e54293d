"""A law with known parameters: densities, probabilities, quantiles, moments and random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.families.base import Family
from mle_toolkit.families.expected_rows import FEWEST, expected_of_rows
from mle_toolkit.families.exponential_family import within_range
from mle_toolkit.families.lifetimes import excess_beyond, mean_up_to
from mle_toolkit.families.quadrature import QUANTILES, Density, Mass, count_quantile, landmarks
from mle_toolkit.families.registry import get_family
from mle_toolkit.families.smooth_sums import smooth_sum
from mle_toolkit.families.written import is_written, known_constants
from mle_toolkit.numerics.cached import cached_property
from mle_toolkit.options import number, places, shown

_STEPS = ("cdf", "sf", "logcdf", "logsf")
"""Functions that are steps, of a law of counts; SciPy's are not all so between two counts."""

_OF_PROBABILITIES = ("ppf", "isf")
"""Functions of a probability."""


class Distribution:
    """A family at given parameters.

    Parameters
    ----------
    family : Family
    params : mapping of str to float or array
        All parameters, by name; an array of shape (n,) for a parameter that is a number makes a law a row.

    Notes
    -----
    Methods take arrays and return arrays of the same shape. For laws on the integers ``pdf`` and ``logpdf`` are
    probabilities and their logs. What the family does not give itself comes from the SciPy law where there is one, else
    by quadrature or summation of ``logpdf`` (relative error 1e-8 or better), or by root finding on the cdf.

    Examples
    --------
    >>> law = distribution("gamma", shape=2.0, scale=1.5)
    >>> float(law.mean()), float(law.cdf(3.0).round(6))
    (3.0, 0.593994)
    """

    def __init__(self, family: Family, params: Mapping[str, Any]) -> None:
        self.family = family.resolve_params(params)
        theta = self.family.pack(params)
        rows = self.family.all_scalar and any(np.ndim(value) for value in params.values())
        self._params = self._rows_of(params) if rows else self.family.unpack(theta)

    def _rows_of(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """Parameters of a law a row, which have been checked one by one."""
        values = {name: np.asarray(params[name], dtype=float) for name in self.family.param_names}
        sizes = {name: value.shape for name, value in values.items() if value.ndim}
        sizes |= {name: (len(column),) for name, column in self.family.known.items()}
        if len(set(sizes.values())) > 1 or any(len(shape) > 1 for shape in sizes.values()):
            shown = ", ".join(f"{name} has shape {shape}" for name, shape in sizes.items())
            raise ParameterError(f"{self.family.name}: expected numbers, or arrays of one length, one a row; {shown}.")
        return tuple(value if value.ndim else float(value) for value in values.values())

    @classmethod
    def at(cls, family: Family, params: tuple[Any, ...]) -> Distribution:
        """The law at parameters in order, which are not checked: for likelihoods, whose trial points may be no law."""
        law = object.__new__(cls)
        law.family = family
        law._params = params
        return law

    @property
    def params(self) -> Mapping[str, Any]:
        """Parameters by name, in declared order."""
        return MappingProxyType(dict(zip(self.family.param_names, self._params, strict=True)))

    @property
    def in_order(self) -> tuple[Any, ...]:
        """Parameters in declared order."""
        return self._params

    def logpdf(self, x: Any) -> Array:
        """Log-density, nats; -inf outside the support."""
        x = self._places(x, "x")
        inside, missing = self.family.support.contains(x), np.isnan(x)
        if self.family.multivariate:
            self._check_rows(x)
            inside, missing = np.asarray(inside.all(axis=-1)), np.asarray(missing.any(axis=-1))
        with np.errstate(all="ignore"):  # values outside the support are computed, then replaced
            values = np.where(inside, within_range(self.family.logpdf, x, *self._params), -np.inf)
        return np.asarray(np.where(missing, np.nan, values))

    def pdf(self, x: Any) -> Array:
        """Density, or probability of a count."""
        return np.asarray(np.exp(self.logpdf(x)))

    def cdf(self, x: Any) -> Array:
        """Probability of at most x."""
        return self._at(x, self.family.cdf, "cdf", lambda v: self._mass_below(v))

    def sf(self, x: Any) -> Array:
        """Probability of more than x."""
        return self._at(x, self.family.sf, "sf", lambda v: self._mass_above(v))

    def logcdf(self, x: Any) -> Array:
        """Log of the cdf."""
        with np.errstate(divide="ignore"):
            return self._at(x, self.family.logcdf, "logcdf", lambda v: np.log(self.cdf(v)))

    def logsf(self, x: Any) -> Array:
        """Log of the survival function."""
        with np.errstate(divide="ignore"):
            return self._at(x, self.family.logsf, "logsf", lambda v: np.log(self.sf(v)))

    def ppf(self, p: Any) -> Array:
        """Quantile: the smallest x whose cdf is at least p."""
        values = self._at(p, self.family.ppf, "ppf", lambda q: self._quantile(q, above=False))
        # SciPy puts the quantile of 0 one below the first count.
        return np.maximum(values, self.family.support.lower) if self.family.discrete else values

    def isf(self, p: Any) -> Array:
        """Upper quantile: the x that is exceeded with probability p."""
        own = self.family.isf
        if own is None and self.family.discrete:
            # SciPy's are quantiles of 1 - p, which lose small p to rounding, or never end (logser).
            p = self._places(p, "p")
            if p.size == 0:
                return np.empty(p.shape)
            return self._quantile(p, above=True) if self._n_rows is None else self._by_rows(self._n_rows, "isf", p)
        return self._at(p, own, "isf", lambda q: self._quantile(q, above=True))

    def hazard(self, x: Any) -> Array:
        """Hazard at x: density over survival; of counts, the probability of x given at least x."""
        logpdf, logsf = self.logpdf(x), self.logsf(x)
        with np.errstate(invalid="ignore", over="ignore"):
            return np.exp(logpdf - (np.logaddexp(logpdf, logsf) if self.family.discrete else logsf))

    def cumulative_hazard(self, x: Any) -> Array:
        """Cumulative hazard at x: minus the log of the survival function."""
        return np.asarray(0.0 - self.logsf(x))

    def mean_residual_life(self, x: Any) -> Array:
        """Mean of what is left of those above x, E(X - x | X > x); NaN where nobody is, infinite where some never end.

        Raises
        ------
        IntegralError
            If the mean is infinite.

        Examples
        --------
        >>> float(distribution("exponential", scale=2.0).mean_residual_life(5.0).round(9))
        2.0
        """
        return self._of_lives("mean_residual_life", x, self._excess_beyond)

    def restricted_mean(self, x: Any) -> Array:
        """Mean of the smaller of the observation and x, E(min(X, x)): restricted mean life, limited expected value.

        Raises
        ------
        IntegralError
            If the mean below x does not settle.

        Examples
        --------
        >>> float(distribution("exponential", scale=2.0).restricted_mean(2.0).round(6))
        1.264241
        """
        return self._of_lives("restricted_mean", x, self._mean_up_to)

    def _of_lives(self, name: str, x: Any, one: Callable[[Distribution, float], float]) -> Array:
        self._check_numbers(name)
        x = self._places(x, "x")
        if self._n_rows is not None:
            return self._by_rows(self._n_rows, name, x)
        return np.array([one(self, t) for t in x.ravel().tolist()], dtype=float).reshape(x.shape)

    def _excess_beyond(self, law: Distribution, x: float) -> float:
        if self.family.without_atoms is None:
            return excess_beyond(law, x)
        points = np.array(self.family.atoms)
        mass, rest = self.pdf(points), self.family.without_atoms(*self._params)
        later = (points > x) & (mass > 0)
        of_rest = (1 - np.sum(mass)) * float(rest.sf(x))
        total = np.sum(mass[later] * (points[later] - x)) + (of_rest * excess_beyond(rest, x) if of_rest > 0 else 0.0)
        with np.errstate(invalid="ignore"):
            return float(np.float64(total) / self.sf(x))

    def _mean_up_to(self, law: Distribution, x: float) -> float:
        if self.family.without_atoms is None:
            return mean_up_to(law, x)
        points = np.array(self.family.atoms)
        mass, rest = self.pdf(points), self.family.without_atoms(*self._params)
        return float(np.sum(mass * np.minimum(points, x)) + (1 - np.sum(mass)) * rest.restricted_mean(x))

    def mean(self) -> Any:
        """Expected value; of shape (d,) for a law of vectors, (n,) for a law a row, as are `var` and `std`."""
        return self._moment(self.family.mean, "mean", lambda: self._expected(lambda x: x))

    def var(self) -> Any:
        """Variance."""
        if self.family.multivariate:
            return np.diag(self.cov())
        return self._moment(self.family.var, "var", lambda: self._expected(lambda x: np.square(x - self.mean())))

    def std(self) -> Any:
        """Standard deviation."""
        root = np.sqrt(self.var())
        return root if np.ndim(root) else float(root)

    def cov(self) -> Array:
        """Covariance matrix of a law of vectors, of shape (d, d); (1, 1) for a law of numbers."""
        if self.family.cov is None:
            return np.array([[self.var()]])
        return np.asarray(self.family.cov(*self._params))

    def entropy(self) -> Any:
        """Entropy, nats; differential entropy for a continuous law."""
        # SciPy's generic entropies stop at 1e-8 or worse, so they are not used.
        if self.family.entropy is not None and not self._one_by_one("entropy"):
            return self._shaped(within_range(self.family.entropy, *self._params))
        if self._n_rows is not None:
            return self._by_rows(self._n_rows, "entropy")
        return -self._expected(lambda x: self.family.logpdf(x, *self._params) if self.is_wide else self.logpdf(x))

    @cached_property
    def is_wide(self) -> bool:
        """Whether there are more counts than can be summed soon, and their probabilities are smooth between them."""
        return self.family.smooth_counts and self.landmarks[-1] - self.landmarks[0] > _WIDE

    def _expected(self, function: Callable[[Array], Array]) -> float:
        """Expected value of a function that is smooth where the law is."""
        if not self.is_wide:
            return self.expect(function)
        middle = float(np.rint(self.landmarks[len(self.landmarks) // 2]))
        low, high = self.ends

        def mass(x: Array) -> Array:
            return np.exp(self.family.logpdf(x, *self._params))

        def terms(x: Array) -> Array:
            p = mass(x)
            return np.where(p > 0, function(x), 0.0) * p

        with np.errstate(all="ignore"):
            whole, value = (
                [smooth_sum(f, middle, high), smooth_sum(f, middle - 1, low) if middle > low else (0.0, 0.0)]
                for f in (mass, terms)
            )
        if None in whole or None in value or not abs(sum(part[0] for part in whole if part) - 1) <= _WHOLE:
            return self.expect(function)
        return sum(part[0] for part in value if part)

    def rvs(self, size: int | tuple[int, ...] = 1, rng: Any = None) -> Array:
        """Draw random numbers.

        Parameters
        ----------
        size : int or tuple of int
            Of a law a row 1, for one number a row, or a shape whose last axis is that of the rows.
        rng : None, int, SeedSequence, BitGenerator or Generator
            Source of randomness (SPEC 7).
        """
        size, generator = self._size(size), options.generator(rng)
        if not self._one_by_one("rvs"):
            if self.family.rvs is not None:
                return np.asarray(self.family.rvs(*self._params, size=size, rng=generator))
            if self._scipy is not None:
                return np.asarray(self._scipy.rvs(size=size, random_state=generator), dtype=float)
        return self.ppf(generator.uniform(size=size))

    def _size(self, size: Any) -> int | tuple[int, ...]:
        wanted, n_rows = options.size(size), self._n_rows
        if n_rows is None:
            return wanted
        if wanted == 1:
            return n_rows
        if (wanted if isinstance(wanted, int) else wanted[-1:] and wanted[-1]) != n_rows:
            raise ParameterError(
                f"{self.family.name}: each of {n_rows} rows has a law of its own, so size is 1, {n_rows}, or a shape "
                f"that ends with {n_rows}, not {shown(size)}."
            )
        return wanted

    def expect(self, function: Callable[[Array], Array]) -> float:
        """Expected value of a function of the observation, by quadrature or summation.

        Raises
        ------
        IntegralError
            If the integral or sum does not settle to a relative error of 1e-8, as for the mean of a Cauchy law, or
            the density does not have total mass one.
        """
        self._check_numbers("expect")
        options.function(function, "function", "lambda x: x**2")
        if self.family.without_atoms is not None:
            points = np.array(self.family.atoms)
            mass, rest = self.pdf(points), self.family.without_atoms(*self._params)
            return float(np.sum(mass * function(points)) + (1 - np.sum(mass)) * rest.expect(function))
        return self._mass.expect(function) if self.family.discrete else self._density.integrate(function)

    def layer(self, attachment: float, limit: float | None = None) -> float:
        """Expected value of the part of x between ``attachment`` and ``limit`` above it: of a layer of reinsurance.

        Parameters
        ----------
        attachment : float
            Where the layer begins.
        limit : float, optional
            How much the layer holds; without a limit it is the excess of loss, ``E[max(x - attachment, 0)]``.

        Raises
        ------
        IntegralError
            If it is infinite.

        Examples
        --------
        >>> law = distribution("exponential", scale=10.0)
        >>> round(law.layer(20.0), 9), round(law.layer(20.0, 5.0), 9)
        (1.353352832, 0.532502846)
        """
        begin = number(attachment, "attachment")
        size = np.inf if limit is None else number(limit, "limit", above=0.0)
        return self.expect(lambda x: np.clip(x - begin, 0.0, size))

    def limited_expected_value(self, limit: float) -> float:
        """Expected value of the smaller of x and ``limit``: of a loss that is covered up to it.

        Examples
        --------
        >>> round(distribution("exponential", scale=10.0).limited_expected_value(20.0), 9)
        8.646647168
        """
        most = number(limit, "limit")
        return self.expect(lambda x: np.minimum(x, most))

    def loss_elimination_ratio(self, deductible: float) -> float:
        """Share of the expected loss that a deductible takes away: limited expected value over expected value.

        Examples
        --------
        >>> round(distribution("exponential", scale=10.0).loss_elimination_ratio(20.0), 9)
        0.864664717
        """
        least = number(deductible, "deductible", above=0.0)
        if self.family.support.lower < 0:
            raise ParameterError(f"{self.family.name}: a loss elimination ratio is of losses, which are not negative.")
        return self.limited_expected_value(least) / float(self.mean())

    def to_scipy(self) -> Any:
        """The frozen scipy.stats distribution; one built on this law where SciPy has none of its own.

        Raises
        ------
        ParameterError
            If the law gives values a probability beside a density, which none of SciPy's does.
        """
        if self.family.atoms:
            raise ParameterError(
                f"{self.family.name}: SciPy has no laws with a density that give single values a probability; use the "
                f"methods of this distribution, which are the same."
            )
        if self._scipy is not None:
            return self._scipy
        from mle_toolkit.families.as_scipy import as_scipy

        return as_scipy(self)

    # --- defaults ---------------------------------------------------------------------------------------------------

    @cached_property
    def _scipy(self) -> Any:
        return None if self.family.to_scipy is None else self.family.to_scipy(*self._params)

    def _at(self, x: Any, own: Callable[..., Array] | None, name: str, derived: Callable[[Array], Array]) -> Array:
        self._check_numbers(name)
        x = self._places(x, "p" if name in _OF_PROBABILITIES else "x")
        if x.size == 0:
            return np.empty(x.shape)
        if self.family.discrete and name in _STEPS:
            x = np.floor(x)
        if not self._one_by_one(name):
            if own is not None:
                return np.asarray(within_range(own, x, *self._params), dtype=float)
            if self._scipy is not None:
                return np.asarray(getattr(self._scipy, name)(x), dtype=float)
        return derived(x) if self._n_rows is None else self._by_rows(self._n_rows, name, x)

    def _places(self, x: Any, name: str) -> Array:
        """Where a function of the law is asked for; of a law a row, one place for all rows or one for each."""
        found: Array = places(x, name)
        if self._n_rows not in (None, 1) and found.ndim and found.shape[-1] not in (1, self._n_rows):
            raise ParameterError(
                f"{self.family.name}: each of {self._n_rows} rows has a law of its own, and {name} has shape "
                f"{found.shape}; give one number, one a row, or a column of shape ({found.size}, 1), for each at each."
            )
        return found

    @property
    def is_one(self) -> bool:
        """Whether there is one law, and not one a row."""
        return self._n_rows is None

    @cached_property
    def _n_rows(self) -> int | None:
        """How many rows have a law of their own; None where there is one law."""
        if self.family.multivariate:
            return None
        sizes = [np.size(value) for value in self._params if np.ndim(value)] if self.family.all_scalar else []
        sizes += [len(column) for column in self.family.known.values()]
        return max(sizes) if sizes else None

    def _one_by_one(self, name: str) -> bool:
        """Whether there is a law a row, and a function of the family's own takes one law at a time."""
        return name in self.family.by_number and self._n_rows is not None

    def _shaped(self, value: Any) -> Any:
        """What belongs to the law: a number, or one a row."""
        if self._n_rows is None:
            return float(value)
        return np.array(np.broadcast_to(np.asarray(value, dtype=float), self._n_rows))

    def _by_rows(self, n_rows: int, name: str, *values: Array) -> Array:
        """A function of the law of each row, derived for one law after the other of those that differ."""
        family = self.family
        known = [np.asarray(family.constants[constant], dtype=float) for constant in family.per_row]
        scalar = family.all_scalar
        own = [np.broadcast_to(np.asarray(v, dtype=float), n_rows) for v in self._params] if scalar else []
        _, first, which = np.unique(np.stack([*known, *own], axis=1), axis=0, return_index=True, return_inverse=True)
        which = which.reshape(-1)
        parts = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
        given = [np.broadcast_to(v, np.broadcast_shapes(np.shape(v), (n_rows,))) for v in values]
        found = np.empty(given[0].shape if given else (n_rows,))
        at_once = self._at_once(name, first)
        for row, rows, known_value in zip(first.tolist(), parts, at_once.tolist(), strict=True):
            if not math.isnan(known_value):
                found[rows] = known_value
                continue
            params = tuple(float(p[row]) for p in own) if scalar else self._params
            law = Distribution.at(family.take(row) if family.per_row else family, params)
            found[..., rows] = getattr(law, name)(*(v[..., rows] for v in given))
        return found

    def _at_once(self, name: str, rows: NDArray[np.intp]) -> Array:
        """A derived mean, variance or entropy of some rows, taken together; NaN where it has to be had by itself."""
        nothing = np.full(len(rows), np.nan)
        if len(rows) < FEWEST or name not in _EXPECTED or not self.family.all_scalar:
            return nothing
        if getattr(self.family, name) is not None:  # its own, which takes one law at a time
            return nothing
        law, n = self.of_rows(rows), len(rows)
        if name == "entropy":
            surprise: Array = expected_of_rows(law, n, lambda each, x, which: -each.logpdf(x)[None])[0]
            return surprise
        mean: Array = expected_of_rows(law, n, lambda each, x, which: x[None])[0]
        if name == "mean" or np.isnan(mean).all():
            return mean
        var: Array = expected_of_rows(law, n, lambda each, x, which: np.square(x - mean[which])[None])[0]
        return var

    def of_rows(self, rows: NDArray[np.intp]) -> Distribution:
        """The laws of some rows, of laws a row."""
        family = self.family.take(rows) if self.family.per_row else self.family
        return Distribution.at(family, tuple(p if np.ndim(p) == 0 else p[rows] for p in self._params))

    def _check_numbers(self, name: str) -> None:
        if self.family.multivariate:
            raise ParameterError(
                f"{self.family.name}: a law of vectors has no {name} here; it has logpdf, mean, var, cov, entropy, rvs."
            )

    def _check_rows(self, x: Array) -> None:
        dimension = self.family.dimension  # type: ignore[attr-defined]
        if x.ndim == 0 or x.shape[-1] != dimension:
            raise DataError(
                f"{self.family.name}: a law of vectors of {dimension} numbers; got an array of shape {x.shape}."
            )

    def _moment(self, own: Callable[..., Array] | None, name: str, derived: Callable[[], float]) -> Any:
        with np.errstate(over="ignore"):  # a moment beyond the range of doubles is infinite
            if not self._one_by_one(name):
                if own is not None:
                    value = np.asarray(within_range(own, *self._params))
                    return value if self.family.multivariate else self._shaped(value)
                if self._scipy is not None and not self._has_generic_moments:
                    return self._shaped(getattr(self._scipy, name)())
            return derived() if self._n_rows is None else self._by_rows(self._n_rows, name)

    @cached_property
    def _has_generic_moments(self) -> bool:
        """Whether SciPy has no formula for the moments, and integrates: to fewer digits, with warnings, and slowly."""
        from scipy import stats

        made, generic = type(self._scipy.dist), stats.rv_continuous
        return made._stats is generic._stats and made._munp is generic._munp

    @cached_property
    def _density(self) -> Density:
        """The density, ready to be integrated."""
        return Density(self.family.name, self.logpdf, *self.ends, self.landmarks)

    @cached_property
    def _mass(self) -> Mass:
        """The probabilities, ready to be summed."""
        return Mass(self.family.name, self.pdf, *self.ends, float(np.rint(self.landmarks[0])) - 1)

    def _mass_below(self, x: Array) -> Array:
        return self._mass.below(x) if self.family.discrete else self._density.below(x)

    def _mass_above(self, x: Array) -> Array:
        return self._mass.above(x) if self.family.discrete else self._density.above(x)

    def _quantile(self, p: Array, *, above: bool) -> Array:
        if not self.family.discrete:
            return self._density.quantile(p, above=above)
        return count_quantile(self.sf if above else self.cdf, p, *self.ends, above=above)

    @property
    def _has_quantiles(self) -> bool:
        return self.family.ppf is not None or self._scipy is not None

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The interval on which the law lives: part of the support where parameters bound it."""
        support = self.family.support
        if not self._has_quantiles:
            return support.lower, support.upper
        with np.errstate(all="ignore"):
            low, high = self.ppf(np.array([0.0, 1.0])).tolist()
        return max(low, support.lower), min(high, support.upper)

    @cached_property
    def landmarks(self) -> tuple[float, ...]:
        """Points in the bulk of the law, from its lower to its upper tail."""
        if self._has_quantiles and not self.family.dear_quantiles:
            points = self.ppf(np.array(QUANTILES))
            return tuple(sorted({float(v) for v in points if np.isfinite(v)}))
        return landmarks(self.family.name, self.logpdf, *self.ends, integer=self.family.discrete)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"Distribution({self.family.name}: {shown})"


_WIDE = 2.0**12
"""Counts between the outer landmarks of a law from which on sums over it are integrals, if they can be."""

_WHOLE = 1e-8
"""How far from one probabilities may then sum up."""

_EXPECTED = ("mean", "var", "entropy")
"""Functions of a law that are expected values, which many laws can have at once."""


def distribution(family: Any, **params: Any) -> Distribution:
    """Make a distribution of a family and its parameters; known constants of the law go in by name too.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
    **params
        Every parameter of the family, and the constants that it needs; ``exposure`` of a law of counts. Arrays for
        parameters that are numbers make a law a row.

    Raises
    ------
    ParameterError
        If a parameter is missing, unknown, or outside its domain.

    Examples
    --------
    >>> round(float(distribution("binomial", n=2, p=0.5).pdf(1)), 12)
    0.5
    >>> distribution("gamma", shape=[2.0, 3.0], scale=1.5).mean()
    array([3. , 4.5])
    """
    if isinstance(family, str):
        wanted = ("exposure", *(() if is_written(family) else known_constants(family)))
        constants = {name: params.pop(name) for name in wanted if name in params}
        return Distribution(get_family(family, **constants), params)
    return Distribution(get_family(family), params)
