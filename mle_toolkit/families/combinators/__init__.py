"""Families made of families: shifted, truncated, zero-inflated, hurdles, mixtures. Each takes and gives a `Family`.

Each module of this package declares, in ``MAKERS``, the functions that make laws of laws; by their names a law is
written: ``"shifted(weibull)"``. Each class that they make is a `Combined`, and says what it is made of, for files.
Laws of levels, which regressions make, are found here too.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable
from functools import cache
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mle_toolkit.families.base import Family
    from mle_toolkit.families.saved import Saved


@cache
def makers() -> Mapping[str, Callable[..., Family]]:
    """Functions that make laws of laws, by the names under which they are written."""
    return MappingProxyType({make.__name__: make for module in _modules() for make in getattr(module, "MAKERS", ())})


def maker(matches: Callable[[str], bool]) -> Callable[..., Family] | None:
    """The function whose name matches; what is loaded already is looked at first, so that most laws load no more."""
    names = [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]
    ordered = sorted(names, key=lambda name: name not in sys.modules)
    made = (make for name in ordered for make in getattr(importlib.import_module(name), "MAKERS", ()))
    return next((make for make in made if matches(make.__name__)), None)


@cache
def kinds() -> Mapping[str, type[Saved]]:
    """Classes of laws that no name finds again, by the names under which files know them."""
    from mle_toolkit.families import levels_apart, ordinal
    from mle_toolkit.families.saved import Saved

    found: dict[str, Any] = {}
    for module in (*_modules(), ordinal, levels_apart):
        for item in vars(module).values():
            if isinstance(item, type) and issubclass(item, Saved) and "kind" in vars(item):
                found[item.kind] = item
    return MappingProxyType(found)


def _modules() -> list[ModuleType]:
    return [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
