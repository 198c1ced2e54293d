"""Laws of the user's own are held to what a law must do: one number a row, real, whatever rows it is asked for.

The laws of the package are not wrapped, and lose no time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import LawError, MleError
from mle_toolkit.options import shown

if TYPE_CHECKING:
    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.base import Family

_OF_ROWS = ("logpdf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf", "log_base")
_OF_PARAMETERS = ("score", "hessian")
_ROWS_TRIED = 50
_PER_ROW = (
    "A law is asked for blocks of rows, for tables of distinct values and for grids, so it must not hold rows of its "
    "own: what is known of every row, such as an exposure, is a constant of the law, declared in constant_defaults and "
    "given as an array, as in get_family('binomial', n=trials)"
)


def guard(law: type[Family]) -> None:
    """Wrap the functions that a class of the user's own declares, so that each checks what it gives."""
    for name in (*_OF_ROWS, *_OF_PARAMETERS, "tail_scores", "statistics"):
        declared = vars(law).get(name)
        function = declared.__func__ if isinstance(declared, staticmethod) else declared
        if callable(function):
            setattr(law, name, _checked(name, function, with_self=not isinstance(declared, staticmethod)))


def _checked(name: str, function: Callable[..., Any], *, with_self: bool) -> Callable[..., Any]:
    @wraps(function)
    def checked(self: Family, x: Any, *params: Any) -> Any:
        try:
            given = function(self, x, *params) if with_self else function(x, *params)
        except MleError:
            raise
        except Exception as error:  # the user's code may raise anything
            raise LawError(
                f"{self.name}: {name} of {_rows(np.shape(x))} raised {type(error).__name__}: "
                f"{' '.join(str(error).split())}. {_PER_ROW if 'broadcast' in str(error) else ''}".rstrip(". ")
                + "."
            ) from error
        shape = _expected(self, x, params)
        if shape is None:
            return given
        if name in _OF_ROWS:
            return _of_rows(self, name, given, shape)
        if name == "tail_scores":
            below, above = _tuple(self, name, given, 2)
            count = len(self.parameters)
            return tuple(_each(self, name, _tuple(self, name, tail, count), shape) for tail in (below, above))
        if name == "statistics":
            return _each(self, name, _tuple(self, name, given, None), shape)
        p = len(self.parameters)
        count = p if name == "score" else p * (p + 1) // 2
        return _each(self, name, _tuple(self, name, given, count if self.all_scalar else None), shape)

    checked.__name__ = name  # by which a method goes to other processes
    return checked


def _expected(law: Family, x: Any, params: tuple[Any, ...]) -> tuple[int, ...] | None:
    """Shape of what a function of rows gives; None where arrays of parameters leave that open."""
    shape = np.shape(x)
    if law.multivariate:
        shape = shape[:-1]
    if not law.all_scalar:
        fits = all(np.ndim(value) == len(p.domain.shape) for value, p in zip(params, law.parameters, strict=False))
        return shape if fits else None
    try:
        return np.broadcast_shapes(shape, *map(np.shape, params))
    except ValueError:
        return None


def _of_rows(law: Family, name: str, given: Any, shape: tuple[int, ...], *, one_will_do: bool = False) -> Array:
    values = given if isinstance(given, np.ndarray) else _array(given)
    if values.dtype.kind not in "fiu":
        raise LawError(
            f"{law.name}: {name} must give real numbers, and gives {_kind(values)}"
            f"{'' if values.ndim else f', {shown(given)}'}."
        )
    if values.shape != shape and not (one_will_do and values.ndim == 0):
        per_row = len(values.shape) == len(shape) == 1 and values.shape[0] > 1
        raise LawError(
            f"{law.name}: {name} must give one number a row: for {_rows(shape)} an array of shape {shape}, and gives "
            f"{f'shape {values.shape}' if values.ndim else 'one number'}. {_PER_ROW if per_row else _SUMMED}."
        )
    return values


_SUMMED = "It must not sum, average or select"


def _array(given: Any) -> Array:
    try:
        return np.asarray(given)
    except (ValueError, TypeError, OverflowError):
        return np.array("")


def _each(law: Family, name: str, given: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple(_of_rows(law, f"an entry of {name}", values, shape, one_will_do=True) for values in given)


def _tuple(law: Family, name: str, given: Any, count: int | None) -> tuple[Any, ...]:
    if not isinstance(given, (tuple, list)) or (count is not None and len(given) != count):
        has = f"{len(given)}" if isinstance(given, (tuple, list)) else f"a {type(given).__name__}"
        raise LawError(
            f"{law.name}: {name} must give a tuple of {'arrays' if count is None else count}, and gives {has}."
        )
    return tuple(given)


def _rows(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} rows" if len(shape) == 1 else f"observations of shape {shape}"


def _kind(values: Array) -> str:
    names = {"c": "complex numbers", "U": "texts", "S": "bytes", "b": "truth values", "O": "objects"}
    return names.get(values.dtype.kind, f"dtype {values.dtype}")


def check_rows_apart(law: Family, sample: Sample) -> None:
    """Refuse a law of the user's own that gives an observation another density where other rows stand beside it.

    Raises
    ------
    LawError
        If it holds rows of its own, or mixes them.
    """
    if not sample.in_memory or law.per_row or not law.all_scalar or sample.n_rows < 2:
        return
    x = np.unique(sample.as_points().sketch(_ROWS_TRIED).x) if not law.multivariate else sample.sketch(_ROWS_TRIED).x
    x = x[law.support.contains(x)] if not law.multivariate else x
    if len(x) < 2:
        return
    params = [0.5 * (p.typical[0] + p.typical[1]) for p in law.parameters]
    for name in ("logpdf", "score", "hessian"):
        function = getattr(law, name)
        if function is not None:
            _check_apart(law, name, function, x, params)


def _check_apart(law: Family, name: str, function: Callable[..., Any], x: Array, params: list[float]) -> None:
    with np.errstate(all="ignore"):
        together = _by_row(function(x, *params), len(x))
        apart = np.concatenate([_by_row(function(x[k : k + 1], *params), 1) for k in range(len(x))], axis=1)
    same = np.isclose(together, apart, rtol=1e-6, atol=1e-9, equal_nan=True)
    if same.all():
        return
    entry, row = np.argwhere(~same)[0]
    raise LawError(
        f"{law.name}: {name} gives {together[entry, row]:g} for the observation {np.array2string(x[row], precision=6)} "
        f"among {len(x)} rows, and {apart[entry, row]:g} for it alone; what a row has must not depend on the other "
        f"rows. {_PER_ROW}."
    )


def _by_row(given: Any, count: int) -> Array:
    entries = given if isinstance(given, (tuple, list)) else (given,)
    return np.stack([np.broadcast_to(entry, count) for entry in entries])
