"""Records that hold functions without a name, and go to other processes nevertheless."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any


class SentByValue:
    """A record that is pickled with its lambdas and inner functions by what they do: pickle knows functions by name."""

    def __getstate__(self) -> dict[str, Any]:
        """What is sent: all attributes, of which functions without a name can be read again anywhere."""
        return {name: sent(value) for name, value in self.__dict__.items()}


def sent(value: Any) -> Any:
    """What is pickled in place of a value: of a function without a name, what it does."""
    return _Sent(value) if isinstance(value, FunctionType) and "<" in value.__qualname__ else value


class _Sent:
    """A function on its way, which arrives as itself."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __reduce__(self) -> tuple[Any, ...]:
        from joblib import wrap_non_picklable_objects

        made: tuple[Any, ...] = wrap_non_picklable_objects(self.function, keep_wrapper=False).__reduce__()
        return made
