"""Maximum likelihood as cross-entropy minimisation: fit, certify, and say how far the model is from the data.

NLL / n  =  cross-entropy(data, model)  =  entropy(data) + KL(data ‖ model)
"""

from importlib import import_module

import lazy_loader

__version__ = "1.0.0"

# Nothing is imported until it is used, so that `import mle_toolkit` and `mle --help` answer at once.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __reduce_ex__(protocol):  # type: ignore[no-untyped-def]  # noqa: N807
    """Pickle this module by its name: functions that use it go to other processes (Dask, Ray, joblib)."""
    return import_module, (__name__,)
