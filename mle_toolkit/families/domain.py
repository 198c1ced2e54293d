"""Where parameters and observations live, and the smooth maps between there and the real line."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy import special

from mle_toolkit._typing import Array, Mask
from mle_toolkit.numerics.cached import cached_property

_LARGEST_EXPONENT = math.log(np.finfo(float).max)
"""Beyond it `math.exp` raises; a coordinate there stands for infinity."""


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

    @cached_property
    def is_line(self) -> bool:
        """Whether it is the whole real line."""
        return self.lower == -math.inf and self.upper == math.inf

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
    def intervals(self) -> tuple[Interval, ...]:
        """Where each number of a value lies: here."""
        return (self,)

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
    def shape(self) -> tuple[int, ...]:
        """Shape of one value: that of a number."""
        return ()

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
        return self.slopes_and_bends(u)[0].reshape(1, 1)

    def slopes_and_bends(self, u: Array) -> tuple[Array, Array]:
        """First and second derivative of `from_real` at each of many numbers."""
        u = np.asarray(u, dtype=float)
        with np.errstate(over="ignore"):
            if np.isfinite(self.lower) and np.isfinite(self.upper):
                above, below = special.expit(u), special.expit(-u)
                slope = (self.upper - self.lower) * above * below
                return slope, slope * (below - above)
            if np.isfinite(self.lower):
                slope = np.exp(u)
                return slope, slope
            if np.isfinite(self.upper):
                slope = np.exp(-u)
                return slope, -slope
        return np.ones_like(u), np.zeros_like(u)

    def curvature(self, u: float) -> float:
        """Second derivative of `from_real`."""
        return self.at(float(u))[2]

    def bend(self, slopes: Array, u: Array) -> Array:
        """Second derivatives of ``slopes @ from_real(u)``; shape (1, 1)."""
        return np.array([[float(slopes[0]) * self.curvature(u[0])]])

    def at(self, u: float) -> tuple[float, float, float]:
        """`from_real` of one number, its slope and its second derivative, as plain numbers."""
        if self.upper == math.inf:
            if self.lower == -math.inf:
                return u, 1.0, 0.0
            power = math.exp(u) if u < _LARGEST_EXPONENT else math.inf
            return self.lower + power, power, power
        if self.lower == -math.inf:
            power = math.exp(-u) if u > -_LARGEST_EXPONENT else math.inf
            return self.upper - power, power, -power
        above, below = float(special.expit(u)), float(special.expit(-u))
        width = self.upper - self.lower
        slope = width * above * below
        return self.lower + width * above, slope, slope * (below - above)

    def coordinate(self, value: float) -> float:
        """`to_real` of one number, as a plain number."""
        if self.upper == math.inf:
            return value if self.lower == -math.inf else _log(value - self.lower)
        if self.lower == -math.inf:
            return -_log(self.upper - value)
        return _log(value - self.lower) - _log(self.upper - value)

    def __str__(self) -> str:
        if self.integer:
            if self.upper - self.lower <= 2:
                return "{" + ", ".join(f"{k:g}" for k in np.arange(self.lower, self.upper + 1)) + "}"
            low = f"{self.lower:g}, {self.lower + 1:g}, ..." if np.isfinite(self.lower) else "..."
            return "{" + low + (f", {self.upper:g}" if np.isfinite(self.upper) else "") + "}"
        left, right = "[" if self.closed_lower else "(", "]" if self.closed_upper else ")"
        return f"{left}{_endpoint(self.lower)}, {_endpoint(self.upper)}{right}"


@dataclass(frozen=True)
class NonZero(Interval):
    """The real line without 0, where a law changes its kind; a search stays on the side on which it begins."""

    lower: float = -math.inf
    upper: float = math.inf

    def contains(self, x: Array) -> Mask:
        """Tell element by element whether ``x`` is a number other than 0."""
        x = np.asarray(x, dtype=float)
        return np.asarray(super().contains(x) & (x != 0))

    def side(self, value: float) -> Interval:
        """The side of 0 on which a number is."""
        return Interval(0.0, math.inf) if value > 0 else Interval(-math.inf, 0.0)

    def __str__(self) -> str:
        return "(-∞, 0) or (0, ∞)"


@dataclass(frozen=True)
class Line(Interval):
    """The whole line by the inverse hyperbolic sine, which is its own number near 0, and a logarithm far away."""

    lower: float = -math.inf
    upper: float = math.inf

    def to_real(self, value: Array) -> Array:
        """Map to the coordinate."""
        return np.asarray(np.arcsinh(value))

    def from_real(self, u: Array) -> Array:
        """The inverse of `to_real`."""
        with np.errstate(over="ignore"):
            return np.asarray(np.sinh(u))

    def slopes_and_bends(self, u: Array) -> tuple[Array, Array]:
        """First and second derivative of `from_real` at each of many numbers."""
        with np.errstate(over="ignore"):
            return np.cosh(u), np.sinh(u)


@dataclass(frozen=True)
class Simplex:
    """Vectors of ``size`` non-negative numbers that sum to one; coordinates are log-ratios to the last."""

    size: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one value."""
        return (self.size,)

    @property
    def n_free(self) -> int:
        """How many free coordinates one value has: ``size - 1``."""
        return self.size - 1

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Where each number of a value lies: between 0 and 1."""
        return (CLOSED_UNIT,) * self.size

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
        """Softmax with the last logit fixed at 0; the inverse of `to_real`, on the boundary too."""
        logits = np.append(u, 0.0)
        certain = logits == np.inf
        return certain / certain.sum() if certain.any() else np.asarray(special.softmax(logits))

    def jacobian(self, u: Array) -> Array:
        """Slope of `from_real`, of shape (size, size - 1)."""
        p = self.from_real(u)
        return np.asarray((np.diag(p) - np.outer(p, p))[:, :-1])

    def bend(self, slopes: Array, u: Array) -> Array:
        """Second derivatives of ``slopes @ from_real(u)``; shape (size - 1, size - 1)."""
        p = self.from_real(u)
        away = p * (slopes - np.sum(slopes * p))
        return np.asarray(np.diag(away) - np.outer(away, p) - np.outer(p, away))[:-1, :-1]

    def __str__(self) -> str:
        return f"probability vectors of length {self.size}"


@dataclass(frozen=True)
class Vector:
    """Vectors of ``size`` numbers, each of them in one interval; coordinates are those of each number."""

    domain: Interval
    size: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one value."""
        return (self.size,)

    @property
    def n_free(self) -> int:
        """How many free coordinates one value has: all."""
        return self.size

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Where each number of a value lies."""
        return (self.domain,) * self.size

    @property
    def endpoints(self) -> tuple[float, ...]:
        """Where a component may be at an end."""
        return self.domain.endpoints

    def contains(self, x: Array) -> Mask:
        """Tell whether ``x`` is a vector of that many numbers of the interval."""
        x = np.asarray(x, dtype=float)
        return np.asarray(x.shape == (self.size,) and np.all(self.domain.contains(x)))

    def to_real(self, value: Array) -> Array:
        """Each number as on its interval."""
        return self.domain.to_real(value)

    def from_real(self, u: Array) -> Array:
        """The inverse of `to_real`."""
        return self.domain.from_real(u)

    def jacobian(self, u: Array) -> Array:
        """Slope of `from_real`, of shape (size, size): a diagonal matrix."""
        return np.diag([float(self.domain.jacobian(v)[0, 0]) for v in np.asarray(u, dtype=float)])

    def bend(self, slopes: Array, u: Array) -> Array:
        """Second derivatives of ``slopes @ from_real(u)``, of shape (size, size): a diagonal matrix."""
        return np.diag([slope * self.domain.curvature(v) for slope, v in zip(slopes, u, strict=True)])

    def __str__(self) -> str:
        return f"vectors of {self.size} numbers in {self.domain}"


@dataclass(frozen=True)
class Space:
    """All vectors of ``size`` real numbers.

    Parameters
    ----------
    size : int
    centre, frame : ndarray of shape (size,), (size, size), optional
        Coordinates are those from ``centre`` along the columns of ``frame``, in which a change of 1 is a natural one.
    """

    size: int
    centre: Array | None = field(default=None, compare=False, repr=False)
    frame: Array | None = field(default=None, compare=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one value."""
        return (self.size,)

    @property
    def n_free(self) -> int:
        """How many free coordinates one value has: all."""
        return self.size

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Where each number of a value lies: on the line."""
        return (REAL,) * self.size

    @property
    def endpoints(self) -> tuple[float, ...]:
        """There are none."""
        return ()

    def contains(self, x: Array) -> Mask:
        """Tell whether ``x`` is a vector of that many finite numbers."""
        x = np.asarray(x, dtype=float)
        return np.asarray(x.shape == (self.size,) and np.all(np.isfinite(x)))

    def to_real(self, value: Array) -> Array:
        """Coordinates along the frame."""
        away = value if self.centre is None else value - self.centre
        return np.asarray(away if self.frame is None else np.linalg.solve(self.frame, away))

    def from_real(self, u: Array) -> Array:
        """The inverse of `to_real`."""
        away = u if self.frame is None else self.frame @ u
        return np.asarray(away if self.centre is None else self.centre + away)

    def jacobian(self, u: Array) -> Array:
        """Slope of `from_real`, of shape (size, size)."""
        return np.eye(self.size) if self.frame is None else self.frame

    def bend(self, slopes: Array, u: Array) -> Array:
        """Second derivatives of ``slopes @ from_real(u)``: none; shape (size, size)."""
        return np.zeros((self.size, self.size))

    def __str__(self) -> str:
        return f"vectors of {self.size} real numbers"


@dataclass(frozen=True)
class PositiveDefinite:
    """Symmetric positive definite matrices of ``side`` rows and columns, written row by row.

    Coordinates are the entries of the lower triangle of ``T``, row by row, those of its diagonal in logs, where the
    matrix is ``(frame T)(frame T)'`` (Pinheiro & Bates 1996, Stat. Comput. 6, 289-296).

    Parameters
    ----------
    side : int
    frame : ndarray of shape (side, side), optional
        Lower triangular, with a positive diagonal: near the matrix that is its square the coordinates are near 0, and a
        change of 1 is a natural one. By default the identity.
    """

    side: int
    frame: Array | None = field(default=None, compare=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one value."""
        return (self.side, self.side)

    @property
    def size(self) -> int:
        """How many numbers one value has, the mirrored ones counted twice."""
        return self.side * self.side

    @property
    def n_free(self) -> int:
        """How many free coordinates one value has: those of a triangle."""
        return self.side * (self.side + 1) // 2

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Where each number of a value lies: above 0 on the diagonal."""
        return tuple(POSITIVE if row == column else REAL for row, column in np.ndindex(self.shape))

    @property
    def endpoints(self) -> tuple[float, ...]:
        """There are none: singular matrices do not belong to it."""
        return ()

    def contains(self, x: Array) -> Mask:
        """Tell whether ``x`` is such a matrix; it may be asymmetric by rounding only."""
        x = np.asarray(x, dtype=float)
        if x.shape != self.shape or not np.all(np.isfinite(x)) or not np.all(np.diag(x) > 0):
            return np.asarray(False)
        unit = 1.0 / np.sqrt(np.diag(x))
        scaled = x * np.outer(unit, unit)
        rounding = 4 * self.side * np.finfo(float).eps
        return np.asarray(np.max(np.abs(scaled - scaled.T)) <= rounding and np.linalg.eigvalsh(scaled)[0] > rounding)

    def to_real(self, value: Array) -> Array:
        """Log-Cholesky coordinates."""
        triangle: Array = np.linalg.cholesky(np.reshape(value, self.shape))
        if self.frame is not None:
            triangle = np.asarray(np.linalg.solve(self.frame, triangle), dtype=float)
        at = np.diag_indices(self.side)
        triangle[at] = np.log(triangle[at])
        return np.asarray(triangle[np.tril_indices(self.side)])

    def from_real(self, u: Array) -> Array:
        """The inverse of `to_real`."""
        root = self._framed(self._triangle(u))
        return np.asarray(root @ root.T).ravel()

    def jacobian(self, u: Array) -> Array:
        """Slope of `from_real`, of shape (side², n_free)."""
        triangle = self._triangle(u)
        root = self._framed(triangle)
        frame = np.eye(self.side) if self.frame is None else self.frame
        rows, columns = np.tril_indices(self.side)
        # One entry (i, j) of T moves frame T by column i of the frame, into column j.
        step = np.where(rows == columns, triangle[rows, columns], 1.0)
        half = frame[:, None, rows] * root[None, :, columns] * step
        return np.asarray(half + half.transpose(1, 0, 2)).reshape(self.size, self.n_free)

    def pulled(self, gradient: Array, u: Array) -> Array:
        """Gradient by the coordinates from one by the entries: ``gradient @ jacobian(u)``, without the large matrix."""
        triangle = self._triangle(u)
        root = self._framed(triangle)
        slope = np.reshape(gradient, self.shape) @ root
        slope = slope + np.reshape(gradient, self.shape).T @ root
        by_triangle = slope if self.frame is None else self.frame.T @ slope
        rows, columns = np.tril_indices(self.side)
        return np.asarray(by_triangle[rows, columns] * np.where(rows == columns, triangle[rows, columns], 1.0))

    def _triangle(self, u: Array) -> Array:
        triangle = np.zeros(self.shape)
        triangle[np.tril_indices(self.side)] = u
        at = np.diag_indices(self.side)
        with np.errstate(over="ignore"):
            triangle[at] = np.exp(triangle[at])
        return triangle

    def _framed(self, triangle: Array) -> Array:
        return triangle if self.frame is None else np.asarray(self.frame @ triangle)

    def __str__(self) -> str:
        return f"positive definite matrices of {self.side} rows"


@dataclass(frozen=True)
class Stack:
    """Several values of one shape, one on top of the other: a parameter of each component of a mixture.

    Parameters
    ----------
    parts : tuple of Simplex, Vector, Space, PositiveDefinite or Interval
    """

    parts: tuple[Interval | Simplex | Vector | Space | PositiveDefinite, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one value: the first axis counts the parts."""
        return (len(self.parts), *self.parts[0].shape)

    @property
    def size(self) -> int:
        """How many numbers one value has."""
        return sum(part.size for part in self.parts)

    @property
    def n_free(self) -> int:
        """How many free coordinates one value has."""
        return sum(part.n_free for part in self.parts)

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Where each number of a value lies."""
        return tuple(interval for part in self.parts for interval in part.intervals)

    @property
    def endpoints(self) -> tuple[float, ...]:
        """Where an entry may be at an end."""
        return self.parts[0].endpoints

    def contains(self, x: Array) -> Mask:
        """Tell whether every part of ``x`` belongs where it should."""
        x = np.asarray(x, dtype=float)
        inside = x.shape == self.shape and all(np.all(p.contains(v)) for p, v in zip(self.parts, x, strict=True))
        return np.asarray(inside)

    def to_real(self, value: Array) -> Array:
        """Coordinates of the parts, one after the other."""
        values = np.reshape(value, (len(self.parts), -1))
        return np.concatenate([np.ravel(p.to_real(v)) for p, v in zip(self.parts, values, strict=True)])

    def from_real(self, u: Array) -> Array:
        """The inverse of `to_real`."""
        return np.concatenate([np.ravel(p.from_real(v)) for p, v in zip(self.parts, self._split(u), strict=True)])

    def jacobian(self, u: Array) -> Array:
        """Slope of `from_real`: a block for each part."""
        slopes = np.zeros((self.size, self.n_free))
        row = column = 0
        for part, v in zip(self.parts, self._split(u), strict=True):
            slopes[row : row + part.size, column : column + part.n_free] = part.jacobian(v)
            row, column = row + part.size, column + part.n_free
        return slopes

    def _split(self, u: Array) -> list[Array]:
        return list(np.split(np.asarray(u, dtype=float), np.cumsum([part.n_free for part in self.parts])[:-1]))

    def __str__(self) -> str:
        return f"{len(self.parts)} × {self.parts[0]}"


Domain = Interval | Simplex | Vector | Space | PositiveDefinite | Stack
"""Where one parameter lives: a number, or an array of them."""


def _log(x: float) -> float:
    return math.log(x) if x > 0 else (-math.inf if x == 0 else math.nan)


def _endpoint(value: float) -> str:
    if np.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:g}"


REAL = Interval(-np.inf, np.inf)
NONZERO = NonZero()
POSITIVE = Interval(0.0, np.inf)
NON_NEGATIVE = Interval(0.0, np.inf, closed="lower")
UNIT = Interval(0.0, 1.0)
CLOSED_UNIT = Interval(0.0, 1.0, closed="both")
COUNTS = Interval(0.0, np.inf, closed="lower", integer=True)
POSITIVE_COUNTS = Interval(1.0, np.inf, closed="lower", integer=True)
INTEGERS = Interval(-np.inf, np.inf, integer=True)
