"""The law of scipy.stats that is one of ours under other names: said once, for the way there and the way back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from mle_toolkit.errors import LawError


class InScipy:
    """A law of scipy.stats with the same parameters under other names.

    Parameters
    ----------
    name : str
        In ``scipy.stats``.
    *shapes : str
        Which of our parameters its shapes are, in their order.
    loc : str or float
        Which of our parameters its ``loc`` is, or the number that it always is.
    scale : str or float
        The same of its ``scale``, which laws of counts have not.

    Examples
    --------
    >>> burr12 = InScipy("burr12", "c", "k", scale="scale")
    >>> str(burr12)
    'scipy.stats.burr12(c, k, scale=scale)'
    >>> burr12.of_ours({"k": 2.0, "c": 3.0, "scale": 5.0}).kwds
    {'scale': 5.0}
    >>> burr12.of_theirs(3.0, 2.0, 0.0, 5.0)
    {'c': 3.0, 'k': 2.0, 'scale': 5.0}
    >>> burr12.of_theirs(3.0, 2.0, 1.0, 5.0)
    """

    def __init__(self, name: str, *shapes: str, loc: str | float = 0.0, scale: str | float = 1.0) -> None:
        self.name, self.shapes, self.loc, self.scale = name, shapes, loc, scale

    @property
    def ours(self) -> tuple[str, ...]:
        """Which of our parameters it names."""
        return *self.shapes, *(own for own in (self.loc, self.scale) if isinstance(own, str))

    def of_ours(self, params: dict[str, Any]) -> Any:
        """The frozen law, of our parameters by name.

        Raises
        ------
        LawError
            If ``scipy.stats`` has none of the name.
        """
        from scipy import stats

        law = getattr(stats, self.name, None)
        if law is None:
            raise LawError(f"in_scipy: scipy.stats has no law {self.name!r}.")
        positional, named = self._arguments()
        values = {key: params[own] if isinstance(own, str) else own for key, own in named.items()}
        return law(*(params[own] for own in positional), **values)

    def of_theirs(self, *values: float) -> dict[str, Any] | None:
        """Our parameters by name, of its shapes, ``loc`` and, but for counts, ``scale``; None where it is not ours."""
        found: dict[str, Any] = {}
        for own, value in zip((*self.shapes, self.loc, self.scale), values, strict=False):
            if isinstance(own, str):
                found[own] = value
            elif value != own:
                return None
        return found

    def hooks(self, name: str, parameters: Sequence[str], *, counts: bool) -> tuple[Callable[..., Any], Any]:
        """What a law with these parameters has as ``to_scipy`` and ``from_scipy``.

        Raises
        ------
        LawError
            If it has other parameters.
        """
        if sorted(self.ours) != sorted(parameters):
            raise LawError(
                f"{name}: in_scipy names {', '.join(self.ours)}, but its parameters are {', '.join(parameters)}."
            )

        def to_scipy(law: Any, *params: Any) -> Any:
            return self.of_ours(dict(zip(law.param_names, params, strict=True)))

        def from_scipy(*values: float) -> dict[str, Any] | None:
            return self.of_theirs(*values)

        to_scipy.__doc__ = f"``{self}``."
        names = [*self.shapes, "at", *(() if counts else ("by",))]
        takes = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names]
        from_scipy.__signature__ = inspect.Signature(takes)  # type: ignore[attr-defined]
        return to_scipy, staticmethod(from_scipy)

    def _arguments(self) -> tuple[list[str], dict[str, str | float]]:
        """Our parameters by position, and the others by name; what is always the default is not given."""
        if isinstance(self.loc, str) and isinstance(self.scale, str):
            return [*self.shapes, self.loc, self.scale], {}
        named = {"loc": self.loc, "scale": self.scale}
        return [*self.shapes], {key: own for key, own in named.items() if own != {"loc": 0.0, "scale": 1.0}[key]}

    def __str__(self) -> str:
        positional, named = self._arguments()
        return f"scipy.stats.{self.name}({', '.join([*positional, *(f'{key}={own}' for key, own in named.items())])})"
