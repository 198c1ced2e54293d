"""What the controls of the page say, as the package understands it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from mle_toolkit.app.controls import KINDS, ROWS
from mle_toolkit.data.checks import NanPolicy
from mle_toolkit.data.form import Form, option_of
from mle_toolkit.data.reading import Reading
from mle_toolkit.errors import ParameterError, UnknownNameError


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Data, and what is asked of them.

    Attributes
    ----------
    source : str
        Path, or ``"@name"`` of a data set.
    name : str
        What the user calls the file.
    form : Form
    reading : Reading
    nan_policy : {"raise", "omit"}
    laws : str
        Names of laws with commas between them, ``"counts"``, ``"measurements"``, or nothing for all that apply.
    """

    source: str
    name: str
    form: Form
    reading: Reading
    nan_policy: NanPolicy
    laws: str

    def same_data(self, other: Asked) -> bool:
        """Whether the same rows are meant, whatever is asked of them."""
        return replace(self, laws="") == replace(other, laws="")

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Asked:
        """What was asked, of texts by the names of the controls.

        Raises
        ------
        ParameterError
            If a text is no number where one is needed, or parts contradict each other.
        """
        source = _text(said, "source")
        if not source:
            raise ParameterError("choose a file or a data set first.")
        kind = next((kind for kind in KINDS if kind.name == (_text(said, "kind") or "exact")), None)
        if kind is None:
            raise UnknownNameError(f"no such kind of data: {said['kind']!r}")
        for control in kind.controls:
            if control.needed and not said.get(control.name):
                raise ParameterError(f"{option_of(control.name)}: say this first.")
        parts: dict[str, Any] = {}
        for control in (*kind.controls, *ROWS):
            text = _text(said, control.name)
            if text and control.name in _OF_FORM and control.kind != "columns":
                parts[control.name] = _number(text, control.name) if control.kind == "number" else text
        if kind.name == "vector":
            parts["columns"] = tuple(map(str, said["columns"]))
        if "edges" in parts:
            parts["edges"] = tuple(_number(end, "edges") for end in parts["edges"].split(","))
        if "weights" not in parts:
            parts.pop("weight_kind", None)
        reading = {name: text for name in _OF_READING if (text := str(said.get(name) or ""))}
        if kind.name != "time":
            reading.pop("event_value", None)
        marks = tuple(mark.strip() for mark in reading.pop("na_values", "").split(",") if mark.strip())
        return cls(
            source=source,
            name=_text(said, "name") or source,
            form=Form(**parts),
            reading=Reading(**reading, na_values=marks),
            nan_policy=cast(NanPolicy, _text(said, "nan_policy") or "raise"),
            laws=_text(said, "laws"),
        )


_OF_FORM = frozenset(field.name for field in fields(Form))
_OF_READING = tuple(field.name for field in fields(Reading))


def _text(said: Mapping[str, Any], name: str) -> str:
    return str(said.get(name) or "").strip()


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ParameterError(f"{option_of(name)}: expected a number such as 0.5, got {text.strip()!r}.") from None
