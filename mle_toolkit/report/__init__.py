"""Text, tables, pictures, pages and records of results.

The package is called, too: ``mle.report(fit, "fit.html")`` writes a page, by `report.page.report`. As a room of the
house and a verb of the user have one name, the room itself answers.
"""

import sys
from types import ModuleType
from typing import Any

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["plot"])


class _Called(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> None:
        """Write a page; see `mle_toolkit.report.page.report`."""
        from mle_toolkit.report.page import report

        report(*args, **options)


sys.modules[__name__].__class__ = _Called
