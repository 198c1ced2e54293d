"""A law with known parameters: densities, probabilities, quantiles, moments and random numbers."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import special

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family, family_class, get_family

_LONGEST_SUM = 2**20
"""Terms that are summed at a time."""

_LAST_TERM = 3e7
"""Where a sum over counts is given up."""


class Distribution:
    """A family at given parameters.

    Parameters
    ----------
    family : Family
    params : mapping of str to float or array
        All parameters, by name.

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
        self.family = family
        theta = family.pack(params)
        self._params = family.unpack(theta)

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

    def logpdf(self, x: Any) -> Array:
        """Log-density, nats; -inf outside the support."""
        x = np.asarray(x, dtype=float)
        inside = self.family.support.contains(x)
        with np.errstate(all="ignore"):  # values outside the support are computed, then replaced
            values = np.where(inside, self.family.logpdf(x, *self._params), -np.inf)
        return np.asarray(np.where(np.isnan(x), np.nan, values))

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
        return self._at(p, self.family.ppf, "ppf", lambda q: self._quantile(q, self.cdf, 1.0))

    def isf(self, p: Any) -> Array:
        """Upper quantile: the x that is exceeded with probability p."""
        return self._at(p, self.family.isf, "isf", lambda q: self._quantile(q, self.sf, -1.0))

    def mean(self) -> float:
        """Expected value."""
        return self._moment(self.family.mean, "mean", lambda: self.expect(lambda x: x))

    def var(self) -> float:
        """Variance."""
        return self._moment(self.family.var, "var", lambda: self.expect(lambda x: np.square(x - self.mean())))

    def std(self) -> float:
        """Standard deviation."""
        return float(np.sqrt(self.var()))

    def entropy(self) -> float:
        """Entropy, nats; differential entropy for a continuous law."""
        # SciPy's generic entropies stop at 1e-8 or worse, so they are not used.
        if self.family.entropy is not None:
            return float(self.family.entropy(*self._params))
        return -self.expect(self.logpdf)

    def rvs(self, size: int | tuple[int, ...] = 1, rng: Any = None) -> Array:
        """Draw random numbers.

        Parameters
        ----------
        size : int or tuple of int
        rng : None, int, SeedSequence, BitGenerator or Generator
            Source of randomness (SPEC 7).
        """
        generator = np.random.default_rng(rng)
        if self.family.rvs is not None:
            return np.asarray(self.family.rvs(*self._params, size=size, rng=generator))
        if self._scipy is not None:
            return np.asarray(self._scipy.rvs(size=size, random_state=generator), dtype=float)
        return self.ppf(generator.uniform(size=size))

    def expect(self, function: Callable[[Array], Array]) -> float:
        """Expected value of a function of the observation, by quadrature or summation.

        Raises
        ------
        ArithmeticError
            If the integral does not settle to a relative error of 1e-6.
        """
        if self.family.discrete:
            return self._sum_expect(function)
        return self._integrate(lambda x: np.where(self.pdf(x) > 0, function(x), 0.0) * self.pdf(x))

    def to_scipy(self) -> Any:
        """The frozen scipy.stats distribution; one built on this law where SciPy has none of its own."""
        if self._scipy is not None:
            return self._scipy
        from mle_toolkit.families.scipy_law import as_scipy

        return as_scipy(self)

    # --- defaults ---------------------------------------------------------------------------------------------------

    @cached_property
    def _scipy(self) -> Any:
        return None if self.family.to_scipy is None else self.family.to_scipy(*self._params)

    def _at(self, x: Any, own: Callable[..., Array] | None, name: str, derived: Callable[[Array], Array]) -> Array:
        x = np.asarray(x, dtype=float)
        if own is not None:
            return np.asarray(own(x, *self._params), dtype=float)
        if self._scipy is not None:
            return np.asarray(getattr(self._scipy, name)(x), dtype=float)
        return derived(x)

    def _moment(self, own: Callable[..., Array] | None, name: str, derived: Callable[[], float]) -> float:
        if own is not None:
            return float(own(*self._params))
        return float(getattr(self._scipy, name)()) if self._scipy is not None else derived()

    def _mass_below(self, x: Array) -> Array:
        lower = self.family.support.lower
        if self.family.discrete:
            if not np.isfinite(lower):
                raise NotImplementedError(f"{self.family.name}: give a cdf for a law on all integers.")
            return self._summed(x, lower)
        flat = [self._integrate(self.pdf, upper=v) if v > lower else 0.0 for v in x.ravel()]
        return np.asarray(np.clip(np.array(flat).reshape(x.shape), 0.0, 1.0))

    def _mass_above(self, x: Array) -> Array:
        if self.family.discrete:
            return 1.0 - self._mass_below(x)
        upper = self.family.support.upper
        flat = [self._integrate(self.pdf, lower=v) if v < upper else 0.0 for v in x.ravel()]
        return np.asarray(np.clip(np.array(flat).reshape(x.shape), 0.0, 1.0))

    def _summed(self, x: Array, lower: float) -> Array:
        last = np.max(x, initial=lower, where=np.isfinite(x))
        mass = np.cumsum(self.pdf(np.arange(lower, max(last, lower) + 1)))
        place = np.clip(np.floor(x) - lower, -1, len(mass) - 1)
        values = np.where(place < 0, 0.0, mass[np.maximum(place, 0).astype(int)])
        return np.minimum(np.where(np.isposinf(x), 1.0, values), 1.0)

    def _quantile(self, p: Array, probability: Callable[[Array], Array], sign: float) -> Array:
        """Find the quantile by bracketing and bisection on a monotone probability."""
        support = self.family.support
        p = np.asarray(p, dtype=float)
        goal = sign * p
        shape = p.shape
        low = np.full(shape, support.lower if np.isfinite(support.lower) else -1.0)
        high = np.full(shape, support.upper if np.isfinite(support.upper) else max(1.0, support.lower + 1.0))
        if np.isinf(support.lower):
            while np.any(out := (sign * probability(low) >= goal) & (low > -1e300)):
                low = np.where(out, 2 * low, low)
        if np.isinf(support.upper):
            while np.any(out := (sign * probability(high) < goal) & (high < 1e300)):
                high = np.where(out, 2 * high + 1.0, high)
        if self.family.discrete:
            low, high = np.floor(low) - 1.0, np.ceil(high)
            while np.any(high - low > 1):
                middle = np.floor(0.5 * (low + high))
                reached = sign * probability(middle) >= goal
                high, low = np.where(reached, middle, high), np.where(reached, low, middle)
            # Far out the probabilities round to 0 and 1, short of an end that is infinite.
            return np.where(p == (1.0 if sign > 0 else 0.0), support.upper, high)
        for _ in range(200):
            middle = 0.5 * (low + high)
            reached = sign * probability(middle) >= goal
            high, low = np.where(reached, middle, high), np.where(reached, low, middle)
            if np.all(high - low <= 4e-16 * np.maximum(np.abs(low), np.abs(high))):
                break
        ends = np.where(p <= 0, support.lower if sign > 0 else support.upper, 0.5 * (low + high))
        return np.asarray(np.where(p >= 1, support.upper if sign > 0 else support.lower, ends))

    def _sum_expect(self, function: Callable[[Array], Array]) -> float:
        first, last = self._ends
        total = 0.0
        if not np.isfinite(first):
            raise NotImplementedError(f"{self.family.name}: expectations on all integers are not available.")
        length = 1024
        seen = 0.0
        while first <= last:
            k = np.arange(first, min(first + length - 1, last) + 1)
            mass = self.pdf(k)
            terms = np.where(mass > 0, function(k), 0.0) * mass
            total += float(np.sum(terms))
            seen += float(np.sum(mass))
            if 1.0 - seen < 1e-3 and abs(float(terms[-1])) * len(k) < 1e-16 * max(1.0, abs(total)):
                break
            first += length
            length = min(2 * length, _LONGEST_SUM)
            if first > _LAST_TERM:
                raise ArithmeticError(
                    f"{self.family.name}: the sum over the counts does not settle; the tail is too heavy."
                )
        return total

    def _integrate(self, function: Callable[[Array], Array], lower: float = -np.inf, upper: float = np.inf) -> float:
        """Integrate over the support, stretched so that tails are short, and broken where the bulk of the law lies."""
        from scipy import integrate

        low, high = self._ends
        stretch = _Stretch.of(low, high, self._landmarks)
        low, high = max(low, lower), min(high, upper)
        if not low < high:
            return 0.0
        knots = [stretch.to_real(k) for k in (low, *(k for k in self._landmarks if low < k < high), high)]

        def integrand(u: float) -> float:
            x, slope = stretch.from_real(u)
            value = float(function(np.asarray(x)))
            return value * slope if value != 0.0 else 0.0  # far out the slope overflows where the density is 0

        total, error = 0.0, 0.0
        for a, b in itertools.pairwise(knots):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                # What QUADPACK warns of is judged by the error that it estimates, over all stretches together.
                warnings.simplefilter("ignore", integrate.IntegrationWarning)
                value, doubt = integrate.quad(integrand, a, b, limit=200, epsabs=1e-13, epsrel=1e-10)
            total, error = total + value, error + doubt
        if not error <= 1e-6 * max(1.0, abs(total)):
            raise ArithmeticError(f"{self.family.name}: the integral does not settle (error {error:.1g}).")
        return total

    @property
    def _has_quantiles(self) -> bool:
        return self.family.ppf is not None or self._scipy is not None

    @cached_property
    def _ends(self) -> tuple[float, float]:
        """The interval on which the law lives: part of the support where parameters bound it."""
        support = self.family.support
        if not self._has_quantiles:
            return support.lower, support.upper
        with np.errstate(all="ignore"):
            low, high = self.ppf(np.array([0.0, 1.0])).tolist()
        return max(low, support.lower), min(high, support.upper)

    @cached_property
    def _landmarks(self) -> tuple[float, ...]:
        """Points that split the support so that no stretch hides the bulk of the density."""
        if self._has_quantiles:
            points = self.ppf(np.array([1e-6, 0.01, 0.25, 0.5, 0.75, 0.99, 1 - 1e-6]))
            return tuple(sorted({float(v) for v in points if np.isfinite(v)}))
        support = self.family.support
        if np.isfinite(support.lower) and np.isfinite(support.upper):
            grid = np.linspace(support.lower, support.upper, 202)[1:-1]
        elif np.isfinite(support.lower):
            grid = support.lower + np.logspace(-12, 12, 481)
        elif np.isfinite(support.upper):
            grid = support.upper - np.logspace(-12, 12, 481)
        else:
            half = np.logspace(-6, 12, 361)
            grid = np.concatenate([-half, [0.0], half])
        grid = np.sort(grid)
        weight = self.pdf(grid)[:-1] * np.diff(grid)
        weight = np.where(np.isfinite(weight), weight, 0.0)
        cumulative = np.cumsum(weight) / max(float(weight.sum()), 1e-300)
        return tuple(sorted({float(grid[np.searchsorted(cumulative, q)]) for q in (1e-6, 0.01, 0.5, 0.99)}))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"Distribution({self.family.name}: {shown})"


@dataclass(frozen=True)
class _Stretch:
    """A map of an interval onto the real line: logit, log or asinh, so that power tails become exponential ones."""

    low: float
    high: float
    centre: float
    spread: float

    @classmethod
    def of(cls, low: float, high: float, landmarks: tuple[float, ...]) -> _Stretch:
        """Stretch the interval from ``low`` to ``high``, a whole line about its landmarks."""
        spread = landmarks[-1] - landmarks[0] if len(landmarks) < 4 else landmarks[-3] - landmarks[2]
        return cls(low, high, landmarks[len(landmarks) // 2], spread if spread > 0 else 1.0)

    def to_real(self, x: float) -> float:
        """The coordinate of a point; infinite at an end."""
        with np.errstate(divide="ignore"):
            below, above = np.log(np.float64(x - self.low)), np.log(np.float64(self.high - x))
        if np.isfinite(self.low) and np.isfinite(self.high):
            return float(below - above)
        if np.isfinite(self.low):
            return float(below)
        if np.isfinite(self.high):
            return float(-above)
        return float(np.arcsinh((x - self.centre) / self.spread))

    def from_real(self, u: float) -> tuple[float, float]:
        """The point at a coordinate, and the slope of the map there."""
        v = np.float64(u)
        if np.isfinite(self.low) and np.isfinite(self.high):
            width, share, rest = self.high - self.low, special.expit(v), special.expit(-v)
            return float(self.low + width * share if v < 0 else self.high - width * rest), float(width * share * rest)
        if np.isfinite(self.low):
            return float(self.low + np.exp(v)), float(np.exp(v))
        if np.isfinite(self.high):
            return float(self.high - np.exp(-v)), float(np.exp(-v))
        return float(self.centre + self.spread * np.sinh(v)), float(self.spread * np.cosh(v))


def distribution(family: Any, **params: Any) -> Distribution:
    """Make a distribution of a family and its parameters; known constants of the law go in by name too.

    Parameters
    ----------
    family : str, Family or scipy.stats distribution
    **params
        Every parameter of the family, and the constants that it needs.

    Raises
    ------
    ParameterError
        If a parameter is missing, unknown, or outside its domain.

    Examples
    --------
    >>> float(distribution("binomial", n=2, p=0.5).pdf(1))
    0.5
    """
    if isinstance(family, str):
        wanted = family_class(family).constant_defaults
        constants = {name: params.pop(name) for name in wanted if name in params}
        return Distribution(get_family(family, **constants), params)
    return Distribution(get_family(family), params)
