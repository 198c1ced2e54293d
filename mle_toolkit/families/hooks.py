"""Optional parts of a law that are made with those of other laws: there where these are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Protocol, TypeVar, overload

from mle_toolkit._typing import Array
from mle_toolkit.errors import LawError
from mle_toolkit.numerics.sent import sent

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample

A = TypeVar("A")
B = TypeVar("B")
Result = TypeVar("Result")

Score = Callable[..., tuple[Array, ...]]
"""Derivatives by each parameter; or second ones, upper triangle row by row."""

TailScores = Callable[..., tuple[tuple[Array, ...], tuple[Array, ...]]]
"""Derivatives of log F and of log S."""

TailExpansion = tuple[tuple[Array, Array], tuple[tuple[Array, ...], ...], tuple[tuple[Array, ...], ...]]
"""Logs of F and of S, derivatives of both, and second derivatives of both."""

Expansion = Callable[..., tuple[Array, tuple[Array, ...], tuple[Array, ...]] | None]
"""Log-density, its derivatives and second derivatives; or None."""

Unbounded = Callable[["Sample", Mapping[str, Any]], str | None]
"""Why the likelihood is unbounded, given the values of fixed parameters by name; or None."""


class Named(Protocol):
    """A law, as errors call it."""

    name: str


class Scored(Protocol):
    """A law that has a score."""

    score: Score
    score_sums: Callable[..., Array] | None


class Curved(Protocol):
    """A law that has second derivatives."""

    hessian: Score


class Summed(Protocol):
    """A law that has sums of which log-likelihood, score and second derivatives are made."""

    derivative_sums: Callable[..., Any]


@overload
def made_with(make: Callable[Concatenate[A, ...], Result], first: A | None, /) -> Callable[..., Result] | None: ...


@overload
def made_with(
    make: Callable[Concatenate[A, B, ...], Result], first: A | None, second: B | None, /
) -> Callable[..., Result] | None: ...


def made_with(make: Callable[..., Any], *parts: Any) -> Callable[..., Any] | None:
    """The optional part of a law that is made with parts of others; None where one of these is None.

    Parameters
    ----------
    make : callable
        ``make(*parts, x, *params)``: the part, given the others, which it need not ask whether they are there.
    *parts : callable, tuple of callables, or None

    Examples
    --------
    >>> from mle_toolkit.families.hooks import made_with
    >>> twice = made_with(lambda score, x: 2 * score(x), abs)
    >>> twice(-3)
    6
    >>> made_with(lambda score, x: 2 * score(x), None)
    """
    return None if any(part is None for part in parts) else _Made(make, *parts)


class _Made(partial[Any]):
    """A part made of others, that goes to other processes with those that have no name."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _Made, tuple(tuple(map(sent, v)) if isinstance(v, tuple) else sent(v) for v in (self.func, *self.args))


def all_of(parts: Iterable[A | None]) -> tuple[A, ...] | None:
    """The parts of several laws; None where one of them has none."""
    every = tuple(parts)
    found = tuple(part for part in every if part is not None)
    return found if len(found) == len(every) else None


def needed(law: Named, part: A | None, name: str) -> A:
    """An optional part of a law where it cannot be done without, with the type of one that is there.

    Raises
    ------
    LawError
        If the law has none, though it was chosen for having it: it does not hold what it says of itself.
    """
    if part is None:
        raise LawError(f"{law.name}: {name} is needed here, and the law has none. Define it in the class of the law.")
    return part
