"""What a saved file may hold: values read as the types that are declared, with the path of what is wrong.

Only numbers, texts, lists and objects are read, and only as what is expected in their place; nothing is executed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields
from enum import Enum
from types import NoneType, UnionType
from typing import Any, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from mle_toolkit.errors import MleError
from mle_toolkit.options import shown

T = TypeVar("T")

NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""How numbers that JSON has not are written."""

MOST_ENTRIES = 50_000_000
"""Entries of a list, at most."""


class SavedError(MleError):
    """A saved file holds something else than what is expected in its place."""


def refuse(path: str, problem: str) -> NoReturn:
    """Raise, with the path of what is wrong."""
    raise SavedError(f"the saved fit is damaged: {path}: {problem}.")


@contextmanager
def inside(path: str) -> Iterator[None]:
    """Say where in the file it was that something could not be made of what stands there."""
    try:
        yield
    except SavedError:
        raise
    except MleError as error:
        refuse(path, " ".join(str(error).split()).rstrip("."))


def number(value: Any, path: str) -> float:
    """A number; the strings of `NON_FINITE` are some too."""
    if isinstance(value, str) and value in NON_FINITE:
        return NON_FINITE[value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse(path, f"expected a number, got {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        refuse(path, f"expected a number of double precision, got {shown(value)}")


def whole(value: Any, path: str, least: int, most: float = 2**53) -> int:
    """A whole number within limits."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        refuse(path, f"expected a whole number from {least} to {most:.0f}, got {shown(value)}")
    return value


def text(value: Any, path: str) -> str:
    """A text."""
    if not isinstance(value, str):
        refuse(path, f"expected a text, got {shown(value)}")
    return value


def entries(value: Any, path: str, read: Callable[[Any, str], T]) -> list[T]:
    """A list, of which every entry is read alike."""
    if not isinstance(value, list) or len(value) > MOST_ENTRIES:
        refuse(path, f"expected a list, got {shown(value)}")
    return [read(item, f"{path}[{k}]") for k, item in enumerate(value)]


def mapping(value: Any, path: str) -> Mapping[str, Any]:
    """An object: values by name."""
    if not isinstance(value, dict):
        refuse(path, f"expected an object, got {shown(value)}")
    return value


def item(record: Any, name: str, path: str) -> Any:
    """One value of an object, which must be there."""
    found = mapping(record, path)
    if name not in found:
        refuse(below(path, name), "missing")
    return found[name]


def below(path: str, name: str) -> str:
    """Path of one value of an object."""
    return f"{path}.{name}" if path else name


def read_as(hint: Any, value: Any, path: str) -> Any:
    """Read a value as a declared type: a number, text, truth value, list, object, or a dataclass of such.

    Fields of a dataclass that a file of an earlier version has not take their defaults; what else is there is left out.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if value is None and NoneType in arguments:
            return None
        return read_as(next(a for a in arguments if a is not NoneType), value, path)
    if origin is tuple:
        if arguments[-1] is ...:
            return tuple(entries(value, path, lambda v, where: read_as(arguments[0], v, where)))
        found = entries(value, path, lambda v, _: v)
        if len(found) != len(arguments):
            refuse(path, f"expected {len(arguments)} entries, got {len(found)}")
        return tuple(read_as(a, v, f"{path}[{k}]") for k, (a, v) in enumerate(zip(arguments, found, strict=True)))
    if origin in (dict, Mapping):
        return {name: read_as(arguments[1], v, below(path, name)) for name, v in mapping(value, path).items()}
    if hint is float:
        return number(value, path)
    if hint is int:
        return whole(value, path, -(2**53))
    if hint is bool:
        if not isinstance(value, bool):
            refuse(path, f"expected true or false, got {shown(value)}")
        return value
    if hint is str:
        return text(value, path)
    if isinstance(hint, type) and issubclass(hint, Enum):
        by_name = {str(member): member for member in hint}
        if not isinstance(value, str) or value not in by_name:
            refuse(path, f"expected one of {', '.join(by_name)}, got {shown(value)}")
        return by_name[value]
    return _dataclass(hint, value, path)


def _dataclass(kind: Any, value: Any, path: str) -> Any:
    record, hints = mapping(value, path), get_type_hints(kind)
    values = {}
    for one in fields(kind):
        if one.name in record:
            values[one.name] = read_as(hints[one.name], record[one.name], below(path, one.name))
        elif one.default is MISSING and one.default_factory is MISSING:
            refuse(below(path, one.name), "missing")
    return kind(**values)
