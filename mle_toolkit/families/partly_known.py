"""Laws of which some parameters are known numbers, to which wider laws tend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mle_toolkit._typing import Array
from mle_toolkit.families.base import Family
from mle_toolkit.families.hooks import Score, TailScores, made_with


class PartlyKnown(Family):
    """A law with values given to some of its parameters, which are none of its own then.

    Parameters
    ----------
    base : Family
        All its parameters are numbers.
    known : mapping of str to float
        Values in any unit, as those of shapes are.
    name : str
    """

    def __init__(self, base: Family, known: Mapping[str, float], name: str) -> None:
        self.base, self._known, self.name = base, dict(known), name
        self.constants = {}
        self.support = base.support
        self.parameters = tuple(p for p in base.parameters if p.name not in known)
        self.score = made_with(self._score, base.score)
        self.tail_scores = made_with(self._tail_scores, base.tail_scores)
        self.cdf, self.sf = made_with(self._value, base.cdf), made_with(self._value, base.sf)
        self.logcdf, self.logsf = made_with(self._value, base.logcdf), made_with(self._value, base.logsf)

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

    def _score(self, of_base: Score, x: Array, *params: Any) -> tuple[Array, ...]:
        """Derivatives by the parameters that are left."""
        return self._own(of_base(x, *self._all(params)))

    def _tail_scores(self, of_base: TailScores, x: Array, *params: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Derivatives of log F and of log(1 - F) by them."""
        below, above = of_base(x, *self._all(params))
        return self._own(below), self._own(above)

    def _value(self, of_base: Callable[..., Array], x: Array, *params: Any) -> Array:
        return of_base(x, *self._all(params))
