"""The written law: ``"mixture(normal, 2)"`` means the same in Python, in the shell and in files.

A law is written as a name, with what it takes in brackets::

    gamma                      a registered law, by its name or an alias
    binomial(n=12)             a law and its known constants; binomial:n=12 is the same
    scipy.rdist(loc=none)      a law of scipy.stats; none frees what would otherwise have a value
    shifted(weibull)           a law made of another
    mixture(normal, 2, shared=sigma), mixture(normal, gamma), truncated(mixture(normal, 2), 0, inf)

Names forgive case, hyphens, spaces, dots and underscores. The text is parsed, never evaluated.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NoReturn

from mle_toolkit.errors import ParameterError, UnknownNameError
from mle_toolkit.families.base import Family
from mle_toolkit.families.combinators import kinds, maker, makers
from mle_toolkit.families.registry import family_class, family_names, get_family, is_loaded
from mle_toolkit.options import plainly, shown, suggested

LONGEST, DEEPEST = 1_000, 8
"""Characters of a written law, and brackets within brackets, at most."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|infinity)", re.IGNORECASE)
_MARKS = "(),:=[]"
_SCIPY = "scipy."


@dataclass
class _Call:
    """A name, and what stands in the brackets behind it."""

    name: str
    given: list[Any] = field(default_factory=list)
    named: dict[str, Any] = field(default_factory=dict)


def is_written(text: str) -> bool:
    """Whether a text is more than a name: brackets, constants, several laws, or a law of SciPy's."""
    return any(mark in text for mark in _MARKS) or text.strip().lower().startswith(_SCIPY)


def family_of(text: str, constants: Mapping[str, Any] | None = None) -> Family:
    """The one law that is written.

    Parameters
    ----------
    text : str
    constants : mapping, optional
        Further known constants, also such as cannot be written: arrays of one value per row.

    Raises
    ------
    UnknownNameError
        If there is no such law.
    ParameterError
        If the text is no law, or is longer or deeper than laws are written.
    """
    return _made(_one_call(text), text, dict(constants)) if constants else _made_once(text)


@lru_cache
def _made_once(text: str) -> Family:
    """The law without further constants: always the same, as families have no state, so that its maxima are kept."""
    return _made(_one_call(text), text, {})


def _one_call(text: str) -> _Call:
    calls = _Reader(text).calls()
    if len(calls) > 1:
        raise ParameterError(f"{shown(text)}: {len(calls)} laws where one is expected; compare takes several.")
    return calls[0]


def families_of(text: str) -> tuple[Family, ...]:
    """The laws that are written with commas between them: ``"gamma, lognormal, mixture(normal, 2)"``."""
    return tuple(_made(call, text, {}) for call in _Reader(text).calls())


def law_and_values(text: str, what: str) -> tuple[Family, dict[str, float]]:
    """The law that is written with the values of its parameters: ``"gamma:shape=2,scale=1"``.

    Its known constants may stand among them.

    Parameters
    ----------
    what : str
        How errors call it.
    """
    calls = _Reader(text, what).calls()
    call = calls[0]
    if len(calls) > 1:
        raise ParameterError(f"{what}: {len(calls)} laws where one is expected, in {shown(text)}.")
    maker = _maker_of(call.name)
    own = known_constants(call.name) if maker is None else ()
    values = {name: value for name, value in call.named.items() if name not in own}
    if maker is not None:
        takes = inspect.signature(maker).parameters
        values = {name: value for name, value in values.items() if name not in takes}
    if not values:
        raise ParameterError(
            f"{what}: expected a law with its parameters, as in gamma:shape=2,scale=1; got {shown(text)}"
        )
    for name, value in values.items():
        if not isinstance(value, (int, float)):
            raise ParameterError(f"{what}: expected NAME=NUMBER, got {shown(f'{name}={value}')}")
    call.named = {name: value for name, value in call.named.items() if name not in values}
    return _made(call, text, {}), values


# --- reading ----------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads a text from left to right, one mark or word at a time."""

    def __init__(self, text: str, what: str = "law") -> None:
        if not isinstance(text, str) or len(text) > LONGEST:
            length = f"{len(text):,} characters" if isinstance(text, str) else shown(text)
            raise ParameterError(f"{what}: a law is written in at most {LONGEST:,} characters, got {length}.")
        self.text, self.what = text, what
        parts = re.split(f"([{re.escape(_MARKS)}])", text)
        self.tokens = [part for part in map(str.strip, parts) if part]
        self.at = 0

    def calls(self) -> list[_Call]:
        """All laws, with commas between them."""
        found = [self._call(0, top=True)]
        while self._takes(","):
            found.append(self._call(0, top=True))
        if self.at < len(self.tokens):
            if self.tokens[self.at] in ")]":
                self._refuse(f"the brackets of {shown(self.text)} do not match")
            self._refuse(f"nothing was expected at {self.tokens[self.at]!r} in {shown(self.text)}")
        return found

    def _call(self, depth: int, *, top: bool = False) -> _Call:
        if depth > DEEPEST:
            self._refuse(f"brackets of laws go {DEEPEST} deep at most")
        name = self._word()
        if _NUMBER.fullmatch(name):
            self._refuse(f"expected the name of a law, got {name!r} in {shown(self.text)}")
        call = _Call(name)
        if self._takes("("):
            self._arguments(call, depth + 1)
        if self._takes(":"):
            self._assigned(call)
            while top and self._next_is_assignment():
                self.at += 1
                self._assigned(call)
        return call

    def _arguments(self, call: _Call, depth: int) -> None:
        while not self._takes(")"):
            if self._peek(1) == "=":
                self._assigned(call)
            elif call.named:
                self._refuse(f"what has a name comes last in the brackets of {shown(self.text)}")
            elif self._peek() == "[":
                call.given.append(self._list(depth))
            elif _NUMBER.fullmatch(self._peek()):
                call.given.append(_number(self._word()))
            else:
                call.given.append(self._call(depth))
            if not self._takes(",") and self._peek() != ")":
                self._refuse(
                    f"expected ) at the end of {shown(self.text)}" if self.at >= len(self.tokens)
                    else f"expected , or ) before {self._peek()!r} in {shown(self.text)}"
                )  # fmt: skip

    def _list(self, depth: int) -> list[Any]:
        end = "]" if self._peek() == "[" else ")"
        self.at += 1
        found: list[Any] = []
        while not self._takes(end):
            found.append(_number(self._word()) if _NUMBER.fullmatch(self._peek()) else self._call(depth))
            if not self._takes(",") and self._peek() != end:
                self._refuse(f"expected {end} in {shown(self.text)}")
        return found

    def _assigned(self, call: _Call) -> None:
        name = self._word()
        if not self._takes("="):
            self._refuse(f"expected NAME=NUMBER, got {name!r}")
        if name in call.named:
            self._refuse(f"{name} is given twice in {shown(self.text)}")
        if self._peek() in ("[", "("):  # as in Python, either will do
            call.named[name] = tuple(getattr(item, "name", item) for item in self._list(DEEPEST))
            return
        value = self._word(f"{name}=")
        if _NUMBER.fullmatch(value):
            call.named[name] = _number(value)
        elif value.lower() in ("none", "free"):
            call.named[name] = None
        elif value.isidentifier() and value.lower() != "nan":
            call.named[name] = value
        else:
            self._refuse(f"expected NAME=NUMBER, got {name + '=' + value!r}")

    def _word(self, before: str = "") -> str:
        token = self._peek()
        if not token or token in _MARKS:
            if before:
                self._refuse(f"expected NAME=NUMBER, got {before!r}")
            what = f"{token!r} in {shown(self.text)}" if token else f"the end of {shown(self.text)}"
            self._refuse(f"expected a name, got {what}")
        self.at += 1
        return token

    def _peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def _next_is_assignment(self) -> bool:
        return self._peek() == "," and self._peek(2) == "="

    def _takes(self, mark: str) -> bool:
        if self._peek() != mark:
            return False
        self.at += 1
        return True

    def _refuse(self, problem: str) -> NoReturn:
        raise ParameterError(f"{self.what}: {problem}.")


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


# --- making -----------------------------------------------------------------------------------------------------------


def _made(call: _Call, text: str, constants: dict[str, Any]) -> Family:
    maker = _maker_of(call.name)
    if maker is not None:
        inside = [name for name in constants if name not in _own_constants(maker)]
        if inside:
            raise ParameterError(f"{call.name}: {inside[0]} is a constant of the law inside the brackets.")
        call.named |= constants
        return _combined(maker, call, text)
    constants = {**call.named, **constants}
    if call.given:
        if _is_law(call.name):
            raise ParameterError(
                f"{call.name}: known constants are given by name, as in binomial(n=12); got {shown(text)}. Values of "
                f"parameters go to fixed={{...}}."
            )
        makes = ", ".join(makers())
        raise ParameterError(f"law: {call.name!r} makes no family; those that do: {makes}{_near(call.name, makers())}")
    if call.name.lower().startswith(_SCIPY):
        return get_family(scipy_named(call.name[len(_SCIPY) :]), **constants)
    return get_family(call.name, **constants)


def _is_law(name: str) -> bool:
    try:
        return name.lower().startswith(_SCIPY) or bool(family_class(name))
    except UnknownNameError:
        return is_scipy_named(name)


def _own_constants(maker: Callable[..., Family]) -> tuple[str, ...]:
    """Known constants of the laws that a function makes, as the causes of failures."""
    made = kinds().get(maker.__name__)
    return () if made is None else tuple(made.constant_defaults)


def constants_of(text: str) -> tuple[str, ...]:
    """Names of the known constants of a law that is written in any way, not of those within its brackets."""
    maker = _maker_of(_Reader(text).calls()[0].name) if is_written(text) else None
    if maker is not None:
        return _own_constants(maker)
    return () if is_written(text) else known_constants(text)


def known_constants(name: str) -> tuple[str, ...]:
    """Names of the known constants of a law that is written as a name."""
    if name.lower().startswith(_SCIPY) or is_scipy_named(name):
        return ()
    return tuple(family_class(name).constant_defaults)


def _maker_of(name: str) -> Callable[..., Family] | None:
    if is_loaded(name):
        return None  # no law is called as what makes laws is
    wanted = plainly(name)
    return maker(lambda known: plainly(known) == wanted)


def _combined(maker: Callable[..., Family], call: _Call, text: str) -> Family:
    name, takes = maker.__name__, inspect.signature(maker).parameters
    given = [_laws_within(item, text) for item in call.given]
    laws = [item for item in given if not isinstance(item, (int, float))]
    numbers = [item for item in given if isinstance(item, (int, float))]
    if not laws or given[: len(laws)] != laws:
        raise ParameterError(f"law: expected families, then numbers, in the brackets of {shown(text)}")
    several = next(iter(takes)) == "families" and len(laws) > 1
    arguments = [[*laws], *numbers] if several else [*laws, *numbers]
    try:
        inspect.signature(maker).bind(*arguments, **call.named)
    except TypeError as error:
        raise ParameterError(f"law: {shown(text)}: {error}; {name} takes {', '.join(takes)}") from None
    return maker(*arguments, **call.named)


def _laws_within(item: Any, text: str) -> Any:
    if isinstance(item, _Call):
        return _made(item, text, {})
    return [_made(inner, text, {}) for inner in item] if isinstance(item, list) else item


def is_scipy_named(name: str) -> bool:
    """Whether a name that is not registered is one of scipy.stats, as "chi2" is."""
    if plainly(name) in map(plainly, family_names()) or not name.isidentifier():
        return False
    try:
        return bool(scipy_named(name))
    except UnknownNameError:
        return False


def scipy_named(name: str) -> Any:
    """The distribution of scipy.stats of that name.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    from scipy import stats

    known = {
        item: value
        for item, value in vars(stats).items()
        if isinstance(value, (stats.rv_continuous, stats.rv_discrete))
    }
    found = known.get(name.strip(), known.get(plainly(name)))
    if found is None:
        raise UnknownNameError(f"scipy.stats has no distribution {shown(name)} that is one{_near(name, known)}")
    return found


def unknown(name: str) -> UnknownNameError:
    """What to say of a name that is no law's: what it may have been meant to be."""
    maker = _maker_of(name)
    if maker is not None:
        makes = maker.__name__
        return UnknownNameError(f"{name!r} makes a law of others, which stand in brackets behind it: {makes}(...).")
    names = family_names()
    near = suggested(name, [*names, *makers()])
    if near:
        return UnknownNameError(f"unknown family {shown(name)}; did you mean {' or '.join(map(repr, near))}?")
    return UnknownNameError(
        f"unknown family {shown(name)}; known: {', '.join(sorted({family_class(n).name for n in names}))}."
    )


def _near(name: str, known: Any) -> str:
    near = suggested(name, list(known), 2)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
