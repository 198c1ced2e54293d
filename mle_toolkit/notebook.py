"""How results look in a notebook: plain tables, which take the colours of its theme, light or dark."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], notes: Iterable[str] = (), *, caption: str = ""
) -> str:
    """A table as HTML, with notes below it; whatever stands in it is escaped."""
    head = f"<thead>{_row(columns, 'th')}</thead>" if columns else ""
    body = "".join(_row(row, "td") for row in rows)
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    below = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    return f"<table>{title}{head}<tbody>{body}</tbody></table>{below}"


def folded(summary: str, inside: str) -> str:
    """HTML that unfolds when its summary is clicked."""
    return f"<details><summary>{html.escape(summary)}</summary>{inside}</details>"


def _row(cells: Sequence[Any], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(str(cell))}</{tag}>' for cell in cells)}</tr>"


class Named(Mapping[str, Any]):
    """Values by name, in order, that cannot be changed: estimates, standard errors.

    Examples
    --------
    >>> Named({"shape": 2.0, "scale": 1.5})["shape"]
    2.0
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return self._values | dict(other)

    def __repr__(self) -> str:
        return repr(self._values)

    def _repr_html_(self) -> str:
        return table(("parameter", "value"), [(name, _shown(value)) for name, value in self._values.items()])


def _shown(value: Any) -> str:
    """A number to eight digits; arrays as they are."""
    return f"{value:.8g}" if isinstance(value, float) else str(value)
