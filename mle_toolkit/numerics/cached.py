"""Properties that are computed once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from functools import cached_property
else:

    class cached_property(functools.cached_property):  # noqa: N801 (it stands for the one of that name)
        """As that of functools, without its lock, which Python left out from 3.12 on and which costs more than most.

        Two threads that ask at once both compute the same.
        """

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            """The value, which is kept among the attributes of the instance."""
            if instance is None:
                return self
            value = instance.__dict__[self.attrname] = self.func(instance)
            return value


__all__ = ["cached_property"]
