"""Families whose log-density is linear in a few statistics of the observation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.passes import BLOCK_ROWS
from mle_toolkit.data.sums import total
from mle_toolkit.errors import MleError, RangeError
from mle_toolkit.families.base import Family


def within_range(function: Callable[..., Any], *arguments: Any) -> Any:
    """Value of a law's function; by NumPy's rules, infinite or NaN, where Python's numbers raise.

    Formulas are written for arrays and numbers alike, but a power of a number or a quotient by 0 raises where that of
    an array is infinite.

    Raises
    ------
    RangeError
        If it is beyond even NumPy's rules.
    """
    try:
        return function(*arguments)
    except (ArithmeticError, ValueError) as error:
        if isinstance(error, MleError):
            raise
    with np.errstate(all="ignore"):
        try:
            return function(*[np.float64(a) if isinstance(a, float) else a for a in arguments])
        except (ArithmeticError, ValueError) as error:
            if isinstance(error, MleError):
                raise
            owner = getattr(function, "__self__", None)
            raise RangeError(
                f"{getattr(owner, 'name', 'law')}: its formulas leave the range of floating-point numbers ({error})."
            ) from error


class ExponentialFamily(Family):
    """A family whose log-density is linear in a few statistics of the observation.

    So the mean log-density of a sample is the log-density at the means of the statistics, and one pass over the data
    is all that its likelihood, score and information need. A subclass gives, instead of ``logpdf`` and ``score``:

    ``statistics(x)``
        The functions of the observation, as a tuple of arrays.
    ``log_density(T, *params)``
        The log-density, linear in ``T = statistics(x)``, less the part without parameters.
    ``log_base(x)``
        That part, if there is one: the log-likelihood needs its mean, the maximum does not.
    ``score_of(T, *params)``
        Its derivatives by each parameter, linear in ``T`` too.
    ``hessian_of(T, *params)``
        Their second derivatives, upper triangle row by row, linear in T. Default: differences of the score.
    ``from_means(means)``
        The maximum, from the sample means of the statistics.
    ``with_ends``
        True for a law whose support ends at a parameter (Pareto's): its last two statistics are x and x, of which
        not the means count but the smallest and the largest observation; ``sums`` leaves them out.
    ``sums_moved(sums, nobs, by)``
        Sums of a law that chooses the zero of its scale, for observations (or their logs) that are larger by ``by``.
    """

    with_ends: ClassVar[bool] = False
    statistics: Callable[[Array], tuple[Array, ...]]
    log_density: Callable[..., Array]
    score_of: Callable[..., tuple[Array, ...]]
    hessian_of: Callable[..., tuple[Array, ...]] | None = None
    log_base: Callable[[Array], Array] | None = None
    from_means: Callable[[tuple[float, ...]], tuple[float, ...]] | None = None
    sums_moved: Callable[[Array, float, float], tuple[float, float]] | None = None
    block_rows: ClassVar[int] = BLOCK_ROWS
    """Rows a block of `sums`; ``LONG_BLOCK_ROWS`` where it makes no temporaries of the size of the block."""

    def __init_subclass__(cls) -> None:
        """Take second derivatives at x from those that are linear in the statistics."""
        super().__init_subclass__()
        if "hessian_of" in vars(cls):

            def hessian(self: Any, x: Array, *params: Any) -> tuple[Array, ...]:
                """Second derivatives of the log-density."""
                second: tuple[Array, ...] = self.hessian_of(self.statistics(x), *params)
                return second

            cls.hessian = hessian

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        density = within_range(self.log_density, self.statistics(x), *params)
        return np.asarray(density if self.log_base is None else density + self.log_base(x))

    def score(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives of the log-density by each parameter."""
        scores: tuple[Array, ...] = within_range(self.score_of, self.statistics(x), *params)
        return scores

    def sums(self, x: Array, weight: Array | None) -> tuple[float, ...]:
        """Weighted sums of the statistics over a block; they add over blocks."""
        if weight is None:
            return tuple([total(t) for t in self.statistics(x)])
        return tuple([total(weight * t) for t in self.statistics(x)])

    def base_sum(self, x: Array, weight: Array | None) -> float:
        """Weighted sum of ``log_base`` over a block; 0 where there is none."""
        if self.log_base is None:
            return 0.0
        return total(self.log_base(x) if weight is None else weight * self.log_base(x))


def squares_moved(sums: Array, nobs: float, by: float) -> tuple[float, float]:
    """Sums of observations and of their squares, when every observation is larger by ``by``."""
    first, second = sums.tolist()
    return first + nobs * by, second + by * (2 * first + nobs * by)
