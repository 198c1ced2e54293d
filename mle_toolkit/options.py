"""Options are checked at the door: type, shape, range and contradiction, in one way and with one kind of sentence.

Each function takes an option and its name, returns its value in the type that is behind the door, and raises
`ParameterError` (or the error that is asked for) with what was expected and what was given:

>>> number(0.1, "step", above=0)
0.1
>>> whole(10.0, "n", at_least=1)
10
>>> choice("freq", "kind", ("frequency", "reliability"))
Traceback (most recent call last):
    ...
mle_toolkit.errors.ParameterError: unknown kind 'freq'; choose frequency or reliability; did you mean 'frequency'?
"""

from __future__ import annotations

import math
import operator
import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeVar

from mle_toolkit.errors import MissingPackageError, MleError, ParameterError

if TYPE_CHECKING:
    import numpy as np

Word = TypeVar("Word", bound=str)

_SHOWN = 60
"""Characters of a wrong value that an error shows."""

_MOST_DRAWN = 2**48
"""Numbers along one axis that can be drawn at once: more than any memory holds."""

_LONGEST_NAME = 10_000
"""Characters of a name up to which names like it are sought."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Categories of characters that a terminal does not show as they are: control, direction, halves of others."""

_FILLING = str.maketrans("", "", " -_.")


def number(
    value: Any,
    name: str,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
    error: type[MleError] = ParameterError,
) -> float:
    """One finite real number within limits.

    Parameters
    ----------
    name : str
        What errors call the option.
    value : object
        An int, float or NumPy number, a Decimal, a Fraction, an array of no dimension; a truth value is none.
    above, at_least, below, at_most : float
        Its limits.
    error : type of MleError
        What to raise.
    """
    wanted = f"expected {_in_words('a number', above, at_least, below, at_most)}"
    found = as_float(value)
    if found is None:
        raise error(f"{name}: {wanted}, got {shown(value)}.")
    if not (math.isfinite(found) and above < found < below and at_least <= found <= at_most):
        raise error(f"{name}: {wanted}, got {shown(value)}.")
    return found


def whole(value: Any, name: str, at_least: float = -math.inf, at_most: float = math.inf) -> int:
    """One whole number within limits; as a float too, if it is whole."""
    found = as_float(value)
    if found is None or not found.is_integer() or not at_least <= found <= at_most:
        kind = _in_words("a whole number", -math.inf, at_least, math.inf, at_most)
        raise ParameterError(f"{name}: expected {kind}, got {shown(value)}.")
    try:
        return operator.index(value)
    except TypeError:
        return int(found)


def level(alpha: Any) -> float:
    """One minus a level of confidence, or a level of significance: a number above 0, at most 0.5.

    A larger one is a level of confidence given for its complement.
    """
    found = number(alpha, "alpha")
    if 0.5 < found < 1.0:
        percent = f"{100.0 * found:.6g} %"
        raise ParameterError(
            f"alpha is one minus the level: {1.0 - found:.6g} for intervals of {percent}; got {shown(alpha)}."
        )
    if not 0.0 < found <= 0.5:
        raise ParameterError(
            f"alpha is one minus the level, between 0 and 0.5: 0.05 for intervals of 95 %; got {shown(alpha)}."
        )
    return found


def probability(value: Any, name: str) -> float:
    """A number between 0 and 1, neither of them."""
    return number(value, name, above=0.0, below=1.0)


def choice(value: Any, name: str, choices: Iterable[Word], *, error: type[MleError] = ParameterError) -> Word:
    """One of several words; case, hyphens, spaces, dots and underscores do not matter."""
    words = list(choices)
    if isinstance(value, str):
        if value in words:
            return words[words.index(value)]
        meant = {plainly(word): word for word in words}
        if len(value) <= _LONGEST_NAME and plainly(value) in meant:
            return meant[plainly(value)]
    *most, last = words
    listed = f"{', '.join(most)} or {last}" if most else last
    raise error(f"unknown {name} {shown(value)}; choose {listed}{_hint(value, words) or '.'}")


def suggested(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Names that a wrong one may have been meant to be, the nearest first.

    Near are names that differ by little, whatever their case and the marks between their words, and names that hold the
    wrong one, or are held in it.
    """
    import difflib

    if len(name) > _LONGEST_NAME:
        return []
    wrong = plainly(name)
    by_plain: dict[str, str] = {}
    for item in known:
        by_plain.setdefault(plainly(item), item)
    near = difflib.get_close_matches(wrong, by_plain, n=count)
    inside = [k for k in by_plain if min(len(k), len(wrong)) > 3 and (wrong in k or k in wrong)]
    sorted_inside = sorted(inside, key=lambda k: abs(len(k) - len(wrong)))
    return [by_plain[k] for k in dict.fromkeys([*near, *sorted_inside])][:count]


def plainly(name: str) -> str:
    """A name without case, hyphens, spaces, dots and underscores: "Log-Normal" is "lognormal"."""
    return name.casefold().translate(_FILLING)


def workers(value: Any) -> int | None:
    """How many processes: None, -1 for all, or a number from 1 on."""
    if value is None:
        return None
    found = as_float(value)
    if found is None or not found.is_integer() or not (found == -1 or 1 <= found <= 2**20):
        raise ParameterError(f"workers: expected None, -1 for all processors, or how many, got {shown(value)}.")
    return int(found)


def generator(value: Any) -> np.random.Generator:
    """A source of randomness: None, a whole number, SeedSequence, BitGenerator or Generator (SPEC 7)."""
    import numpy as np

    wrong = isinstance(value, (str, bytes, bool)) or (isinstance(value, float) and not value.is_integer())
    try:
        if not wrong:
            return np.random.default_rng(int(value) if isinstance(value, float) else value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ParameterError(
        f"rng: expected None, a whole number from 0 on, or a NumPy SeedSequence, BitGenerator or Generator, "
        f"got {shown(value)}."
    )


def function(value: Any, name: str, example: str) -> Any:
    """A function; the example shows one."""
    if not callable(value):
        raise ParameterError(f"{name}: expected a function, such as {example}, got {shown(value)}.")
    return value


def of_law(value: Any) -> Callable[[Any], float]:
    """A function of a law whose value is one number; what it gives else is an error."""
    found = function(value, "function", "lambda law: law.mean()")

    def checked(law: Any) -> float:
        import numpy as np

        given = np.asarray(found(law))
        if given.size != 1 or given.dtype.kind not in "iuf":
            raise ParameterError(f"function: expected one that returns a number; it gave {shown(given)}.")
        return float(given.item())

    return checked


def text(value: Any, name: str, what: str = "a text") -> str:
    """A text."""
    if not isinstance(value, str):
        raise ParameterError(f"{name}: expected {what}, got {shown(value)}.")
    return str(value)


def texts(value: Any, name: str) -> tuple[str, ...]:
    """One text, or several."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (Mapping, bytes)) or not isinstance(value, Iterable) or not getattr(value, "ndim", 1):
        raise ParameterError(f"{name}: expected a text, or a list of texts, got {shown(value)}.")
    return tuple(text(entry, name) for entry in value)


def flag(value: Any, name: str) -> bool:
    """True or False, or 1 or 0."""
    if isinstance(value, (str, bytes)) or as_float(value, truth=True) not in (0.0, 1.0):
        raise ParameterError(f"{name}: expected True or False, got {shown(value)}.")
    return bool(value)


def by_name(value: Any, name: str, known: Sequence[str], of: str, example: str) -> dict[str, Any]:
    """Values by the name of a parameter: ``fixed``, ``bounds``, ``start``; None is an empty one.

    Parameters
    ----------
    known : sequence of str
        The names that there are.
    of : str
        Whose they are.
    example : str
        How such an option looks.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ParameterError(f"{name}: expected values by the name of a parameter, as {example}, got {shown(value)}.")
    for key in value:
        if key not in known:
            hint = _hint(key, known)
            raise ParameterError(
                f"{name}: {of} has no parameter {shown(key)}{hint or ';'} its parameters: {', '.join(known)}."
            )
    return dict(value)


def pair(value: Any, name: str) -> tuple[float | None, float | None]:
    """Lower and upper limit; None, or an infinite one, for none."""
    if isinstance(value, (str, bytes, Mapping, set)) or not hasattr(value, "__len__") or len(value) != 2:
        raise ParameterError(f"{name}: expected (lower, upper), None for no limit, got {shown(value)}.")
    ends: list[float | None] = []
    for end, infinite in zip(value, (-math.inf, math.inf), strict=True):
        found = None if end is None else as_float(end)
        if end is not None and (found is None or math.isnan(found) or found == -infinite):
            raise ParameterError(f"{name}: expected numbers or None as limits, got {shown(value)}.")
        ends.append(None if found == infinite else found)
    low, high = ends
    if low is not None and high is not None and not low < high:
        raise ParameterError(f"{name} leave no value: the lower one must be below the upper one, got {shown(value)}.")
    return low, high


def numbers(value: Any, name: str, error: type[MleError] = ParameterError) -> Any:
    """A real number as a float, or several as an array of floats; infinite ones too, NaN not."""
    found = as_float(value)
    if found is None:
        import numpy as np

        try:
            array = np.asarray(value)
            if array.dtype.kind == "O":
                array = np.array([as_float(entry) for entry in array.ravel().tolist()], float).reshape(array.shape)
        except (TypeError, ValueError, OverflowError, RecursionError):
            array = np.array("")
        if array.dtype.kind not in "iuf" or array.ndim == 0 or array.size == 0 or np.isnan(array.astype(float)).any():
            raise error(f"{name}: expected a number, or an array of them, got {shown(value)}.")
        return array.astype(float)
    if math.isnan(found):
        raise error(f"{name}: expected a number, got nan.")
    return found


def places(value: Any, name: str) -> Any:
    """Real numbers at which something is asked, as an array of floats of the same shape; what is missing is NaN.

    Parameters
    ----------
    value : array_like of float
        Missing are None, NaN, pandas' NA and what a mask covers.
    """
    import numpy as np

    if isinstance(value, np.ndarray) and value.dtype == float and not isinstance(value, np.ma.MaskedArray):
        return value
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O":
            missing = ("NoneType", "NAType")
            entries = [math.nan if type(e).__name__ in missing else as_float(e, truth=True) for e in array.ravel()]
            array = np.array(entries).reshape(array.shape)
    except (TypeError, ValueError, OverflowError, RecursionError):  # rows of unequal length, or whole numbers too large
        array = np.array("")
    if array.dtype.kind not in "iufb":
        raise ParameterError(f"{name}: expected a number, or an array of them, got {shown(value)}.")
    masked = np.ma.getmaskarray(value) if isinstance(value, np.ma.MaskedArray) else False
    return np.where(masked, math.nan, array.astype(float)) if np.any(masked) else array.astype(float)


def size(value: Any) -> int | tuple[int, ...]:
    """How many are wanted: a whole number, or the shape of an array."""
    if isinstance(value, (tuple, list)):
        return tuple(whole(entry, "size", 0, _MOST_DRAWN) for entry in value)
    return whole(value, "size", 0, _MOST_DRAWN)


def file_name(value: Any) -> str:
    """The name of a file."""
    if isinstance(value, str) and value and "\0" not in value:
        return value
    if isinstance(value, os.PathLike):
        found = os.fspath(value)
        if isinstance(found, str):
            return found
    raise ParameterError(f"path: expected the name of a file, got {shown(value)}.")


def needs(what: str, package: str, extra: str) -> None:
    """Raise if a package is not installed, with the line that installs it.

    Parameters
    ----------
    what : str
        What needs it, as an error begins.
    package, extra : str
        Its name, and the extra of this package that brings it.
    """
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise MissingPackageError(what, package, extra)


def as_float(value: Any, *, truth: bool = False) -> float | None:
    """A real number as a float, infinite ones and NaN too; None where it is none, or too large to be one."""
    if isinstance(value, (str, bytes, bytearray, complex)) or not hasattr(value, "__float__"):
        return None
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return float(value) if truth else None
    if getattr(value, "shape", ()) != () or getattr(getattr(value, "dtype", None), "kind", "f") not in "biufO":
        return None
    try:
        return float(value)
    except (TypeError, ValueError, ArithmeticError):
        return None


def shown(value: Any) -> str:
    """A wrong value in an error: short, whatever it is, and with its type where that is not plain."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 64:
        return f"a whole number of {value.bit_length()} bits"  # Python does not write out the largest
    try:
        if isinstance(value, Real):  # NumPy's as Python's
            return str(value)
        written = repr(value[:_SHOWN] if isinstance(value, (str, bytes)) else value)
    except Exception:  # an object of the user's may fail in any way
        return f"a {type(value).__name__}"
    written = " ".join(written.split())
    return written if len(written) <= _SHOWN else f"{written[: _SHOWN - 3]}..."


def escaped(text: str) -> str:
    """A text for a terminal: what moves its cursor, colours it or turns its direction is written out by number."""
    return "".join(
        c if c == "\n" or unicodedata.category(c) not in _UNSEEN else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def _hint(value: Any, words: Sequence[str]) -> str:
    if not isinstance(value, str):
        return ""
    near = [word for word in words if value and word.startswith(plainly(value))] or suggested(value, words, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _in_words(kind: str, above: float, at_least: float, below: float, at_most: float) -> str:
    low, high = max(above, at_least), min(below, at_most)
    if math.isfinite(low) and math.isfinite(high):
        return f"{kind} {'between' if above == low and below == high else 'from'} {low:g} " + (
            f"and {high:g}" if above == low and below == high else f"to {high:g}"
        )
    if math.isfinite(low):
        return f"{kind} {'above' if above == low else 'from'} {low:g}" + ("" if above == low else " on")
    if math.isfinite(high):
        return f"{kind} {'below' if below == high else 'up to'} {high:g}"
    return kind
