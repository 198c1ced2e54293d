"""Laws of which some parameters are known numbers, to which wider laws tend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family


class PartlyKnown(Family):
    """A law with values given to some of its parameters, which are none of its own then.

    Parameters
    ----------
    base : Family
        With scores, also of its tails; all its parameters are numbers.
    known : mapping of str to float
        Values in any unit, as those of shapes are.
    name : str
    """

    def __init__(self, base: Family, known: Mapping[str, float], name: str) -> None:
        self.base, self._known, self.name = base, dict(known), name
        self.constants = {}
        self.support = base.support
        self.parameters = tuple(p for p in base.parameters if p.name not in known)

    def in_unit(self, centre: Any, scale: Any) -> Family:
        """The law of ``(x - centre) / scale``."""
        return PartlyKnown(self.base.in_unit(centre, scale), self._known, self.name)

    def _all(self, params: tuple[Any, ...]) -> tuple[Any, ...]:
        own = iter(params)
        return tuple(self._known[name] if name in self._known else next(own) for name in self.base.param_names)

    def _own(self, slopes: tuple[Array, ...]) -> tuple[Array, ...]:
        return tuple(s for s, name in zip(slopes, self.base.param_names, strict=True) if name not in self._known)

    def logpdf(self, x: Array, *params: Any) -> Array:
        """Log-density at x."""
        return self.base.logpdf(x, *self._all(params))

    def score(self, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by the parameters that are left."""
        assert self.base.score is not None
        return self._own(self.base.score(x, *self._all(params)))

    def tail_scores(self, x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F) by them."""
        assert self.base.tail_scores is not None
        below, above = self.base.tail_scores(x, *self._all(params))
        return self._own(below), self._own(above)

    def cdf(self, x: Array, *params: Any) -> Array:
        """Probability of at most x."""
        assert self.base.cdf is not None
        return self.base.cdf(x, *self._all(params))

    def sf(self, x: Array, *params: Any) -> Array:
        """Probability of more than x."""
        assert self.base.sf is not None
        return self.base.sf(x, *self._all(params))

    def logcdf(self, x: Array, *params: Any) -> Array:
        """Log of the cdf."""
        assert self.base.logcdf is not None
        return self.base.logcdf(x, *self._all(params))

    def logsf(self, x: Array, *params: Any) -> Array:
        """Log of the survival function."""
        assert self.base.logsf is not None
        return self.base.logsf(x, *self._all(params))
