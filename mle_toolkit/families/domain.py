"""Where parameters and observations live, and the smooth maps between there and the real line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, Mask


@dataclass(frozen=True)
class Interval:
    """An interval of the real line or, with ``integer=True``, of the integers.

    Parameters
    ----------
    lower, upper : float
        Endpoints; infinite ones are never part of the interval.
    closed : {"neither", "lower", "upper", "both"}
        Which finite endpoints belong to it.
    integer : bool
        Only whole numbers belong to it.

    Examples
    --------
    >>> print(POSITIVE, UNIT, COUNTS)
    (0, ∞) (0, 1) {0, 1, ...}
    >>> POSITIVE.contains(np.array([-1.0, 0.0, 2.0])).tolist()
    [False, False, True]
    """

    lower: float
    upper: float
    closed: str = "neither"
    integer: bool = False

    @property
    def closed_lower(self) -> bool:
        """Whether the lower endpoint belongs to the interval."""
        return self.closed in ("lower", "both")

    @property
    def closed_upper(self) -> bool:
        """Whether the upper endpoint belongs to the interval."""
        return self.closed in ("upper", "both")

    def contains(self, x: Array) -> Mask:
        """Tell element by element whether ``x`` belongs to the interval (NaN never does)."""
        x = np.asarray(x, dtype=float)
        inside = (x >= self.lower) if self.closed_lower else (x > self.lower)
        inside &= (x <= self.upper) if self.closed_upper else (x < self.upper)
        if self.integer:
            inside &= x == np.floor(x)
        return np.asarray(inside)

    def covers(self, low: float, high: float) -> bool:
        """Whether every number from ``low`` to ``high`` belongs to it, integrality apart."""
        above = low >= self.lower if self.closed_lower else low > self.lower
        below = high <= self.upper if self.closed_upper else high < self.upper
        return bool(above and below)

    @property
    def endpoints(self) -> tuple[float, ...]:
        """The finite endpoints that belong to the interval."""
        if self.closed == "neither":
            return ()
        inside = []
        if self.closed_lower and np.isfinite(self.lower):
            inside.append(self.lower)
        if self.closed_upper and np.isfinite(self.upper):
            inside.append(self.upper)
        return tuple(inside)

    @property
    def size(self) -> int:
        """How many numbers one value has: 1."""
        return 1

    @property
    def n_free(self) -> int:
        """How many free coordinates one value has: 1."""
        return 1

    def to_real(self, value: Array) -> Array:
        """Map the interior to the real line: identity, log or logit.

        An endpoint maps to an infinite coordinate.
        """
        value = np.asarray(value, dtype=float)
        with np.errstate(divide="ignore"):
            if np.isfinite(self.lower) and np.isfinite(self.upper):
                return np.asarray(np.log(value - self.lower) - np.log(self.upper - value))
            if np.isfinite(self.lower):
                return np.asarray(np.log(value - self.lower))
            if np.isfinite(self.upper):
                return np.asarray(-np.log(self.upper - value))
        return value

    def from_real(self, u: Array) -> Array:
        """Map the real line back to the interior; the inverse of `to_real`."""
        u = np.asarray(u, dtype=float)
        if np.isfinite(self.lower) and np.isfinite(self.upper):
            return np.asarray(self.lower + (self.upper - self.lower) * special.expit(u))
        with np.errstate(over="ignore"):
            if np.isfinite(self.lower):
                return np.asarray(self.lower + np.exp(u))
            if np.isfinite(self.upper):
                return np.asarray(self.upper - np.exp(-u))
        return u

    def jacobian(self, u: Array) -> Array:
        """Slope of `from_real`, as a matrix of shape (1, 1)."""
        u = np.asarray(u, dtype=float)
        with np.errstate(over="ignore"):
            if np.isfinite(self.lower) and np.isfinite(self.upper):
                slope = (self.upper - self.lower) * special.expit(u) * special.expit(-u)
            elif np.isfinite(self.lower):
                slope = np.exp(u)
            elif np.isfinite(self.upper):
                slope = np.exp(-u)
            else:
                slope = np.ones_like(u)
        return np.asarray(slope).reshape(1, 1)

    def curvature(self, u: float) -> float:
        """Second derivative of `from_real`."""
        slope = float(self.jacobian(np.asarray(u))[0, 0])
        if np.isfinite(self.lower) and np.isfinite(self.upper):
            return slope * float(special.expit(-u) - special.expit(u))
        if np.isfinite(self.lower):
            return slope
        return -slope if np.isfinite(self.upper) else 0.0

    def __str__(self) -> str:
        if self.integer:
            if self.upper - self.lower <= 2:
                return "{" + ", ".join(f"{k:g}" for k in np.arange(self.lower, self.upper + 1)) + "}"
            low = f"{self.lower:g}, {self.lower + 1:g}, ..." if np.isfinite(self.lower) else "..."
            return "{" + low + (f", {self.upper:g}" if np.isfinite(self.upper) else "") + "}"
        left, right = "[" if self.closed_lower else "(", "]" if self.closed_upper else ")"
        return f"{left}{_endpoint(self.lower)}, {_endpoint(self.upper)}{right}"


@dataclass(frozen=True)
class Simplex:
    """Vectors of ``size`` non-negative numbers that sum to one; coordinates are log-ratios to the last."""

    size: int

    @property
    def n_free(self) -> int:
        """How many free coordinates one value has: ``size - 1``."""
        return self.size - 1

    @property
    def endpoints(self) -> tuple[float, ...]:
        """A component may be 0 or 1."""
        return (0.0, 1.0)

    def contains(self, x: Array) -> Mask:
        """Tell whether ``x`` is a probability vector; its sum may be off by rounding only."""
        x = np.asarray(x, dtype=float)
        rounding = 4 * self.size * np.finfo(float).eps
        return np.asarray(x.shape == (self.size,) and np.all(x >= 0) and abs(x.sum() - 1) <= rounding)

    def to_real(self, value: Array) -> Array:
        """Log-ratios to the last component; infinite on the boundary."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(value[:-1]) - np.log(value[-1]))

    def from_real(self, u: Array) -> Array:
        """Softmax with the last logit fixed at 0; the inverse of `to_real`."""
        return np.asarray(special.softmax(np.append(u, 0.0)))

    def jacobian(self, u: Array) -> Array:
        """Slope of `from_real`, of shape (size, size - 1)."""
        p = self.from_real(u)
        return np.asarray((np.diag(p) - np.outer(p, p))[:, :-1])

    def __str__(self) -> str:
        return f"probability vectors of length {self.size}"


def _endpoint(value: float) -> str:
    if np.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:g}"


REAL = Interval(-np.inf, np.inf)
POSITIVE = Interval(0.0, np.inf)
NON_NEGATIVE = Interval(0.0, np.inf, closed="lower")
UNIT = Interval(0.0, 1.0)
CLOSED_UNIT = Interval(0.0, 1.0, closed="both")
COUNTS = Interval(0.0, np.inf, closed="lower", integer=True)
POSITIVE_COUNTS = Interval(1.0, np.inf, closed="lower", integer=True)
INTEGERS = Interval(-np.inf, np.inf, integer=True)
