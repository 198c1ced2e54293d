"""Cells of a file become numbers: decimal commas, thousands, currencies, percentages, marks of what is missing.

A cell that Python reads as a number is that number. What people write besides, `numbers` reads where a whole column
leaves no doubt, and says what it took it for; where there is doubt it asks, and nothing is guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mle_toolkit._typing import Array

MISSING = frozenset({"", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None"})
"""Texts that stand for a missing number, by the customs of spreadsheets, R, pandas and SQL."""

MARKS = frozenset({"-", "--", "---", "\u2013", "\u2014", ".", "..", "?", "*", "n/a", "n.a.", "na", "n.d.", "missing"})
"""Texts that people write where a number is missing; read so in a column of numbers, and said."""

TRUTH = {"true": 1.0, "false": 0.0}
"""Texts that stand for yes and no, as programs write columns of events."""

EVENTS = {
    **dict.fromkeys(
        ("failed", "failure", "fail", "f", "dead", "died", "death", "event", "yes", "y", "exact", "observed"), 1.0
    ),
    **dict.fromkeys(
        ("censored", "censor", "c", "suspended", "suspension", "susp", "s", "alive", "survived", "running", "no", "n"),
        0.0,
    ),
    **dict.fromkeys(("right-censored", "right censored", "runout", "run-out", "not failed", "not observed"), 0.0),
    **dict.fromkeys(("deceased", "broken", "relapse", "relapsed", "recurrence", "progression", "uncensored"), 1.0),
    **dict.fromkeys(("no event", "no failure", "did not fail", "not dead", "still alive", "living", "ongoing"), 0.0),
    **dict.fromkeys(("in service", "withdrawn", "lost", "lost to follow-up", "lost to follow up", "unfailed"), 0.0),
    **TRUTH,
}
"""Words of columns of events, by the customs of reliability and survival analysis."""

SEPARATORS = {",": ",", ".": ".", "'": "'\u2019", " ": " \u00a0\u2009\u202f"}
"""What may stand between thousands, and the characters that are written for it."""

_CURRENCIES = (
    "US$", "R$", "A$", "C$", "$", "€", "£", "¥", "₹", "₩", "₽", "₺", "₪", "Rs.", "kr.",
    "USD", "EUR", "GBP", "JPY", "CHF", "SEK", "NOK", "DKK", "ISK", "PLN", "CZK", "HUF", "RON", "BGN", "RUB", "UAH",
    "TRY", "ILS", "INR", "CNY", "RMB", "KRW", "HKD", "SGD", "TWD", "THB", "AUD", "CAD", "NZD", "MXN", "BRL", "ARS",
    "CLP", "COP", "ZAR", "AED", "SAR", "kr", "zł", "Kč", "Ft", "lei", "TL", "Rs",
)  # fmt: skip

_PIECES = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+\u2212])?\s*(?P<before>{'|'.join(map(re.escape, _CURRENCIES))})?\s*"
    rf"(?P<inner>[-+\u2212])?(?P<digits>\d[\d.,'\u2019 \u00a0\u2009\u202f]*|[.,]\d+)(?P<power>[eE][-+]?\d+)?\s*"
    rf"(?P<behind>[-\u2212])?(?P<after>%|{'|'.join(map(re.escape, _CURRENCIES))})?\s*(?P<close>\))?"
)


@dataclass(frozen=True)
class Style:
    """How the numbers of a column are written, where that is not to be guessed.

    Attributes
    ----------
    decimal : str, optional
        ``"."`` or ``","``.
    thousands : str, optional
        What stands between groups of three digits: ``","``, ``"."``, ``"'"`` or a space.
    missing : frozenset of str
        Texts that stand for a missing number, besides `MISSING`.
    """

    decimal: str | None = None
    thousands: str | None = None
    missing: frozenset[str] = frozenset()


class NotNumbersError(Exception):
    """Why a column is not one of numbers: the place of the cell among the others, or None, and the reason."""

    def __init__(self, place: int | None, reason: str) -> None:
        super().__init__(reason)
        self.place, self.reason = place, reason


def plain(cell: Any) -> float | None:
    """The number that a cell holds, NaN for an empty one, 0 or 1 for a truth value, None for other text."""
    try:
        number = float(cell)
    except (ValueError, TypeError):
        if cell is None:
            return math.nan
        text = str(cell).strip()
        return math.nan if text in MISSING else TRUTH.get(text.lower())
    return None if isinstance(cell, str) and "_" in cell else number  # Python's own 1_000 is no number in a file


def may_be_number(text: str, style: Style) -> bool:
    """Whether a cell that is no plain number may be one that people write, or a mark of a missing one."""
    text = text.strip()
    return text in style.missing or text.lower() in MARKS or _PIECES.fullmatch(text) is not None


def numbers(cells: Sequence[Any], style: Style, others: Iterable[str] = ()) -> tuple[Array, list[str]]:
    """Numbers of a column, as people write them.

    Parameters
    ----------
    cells : sequence of str or number
        The column.
    style : Style
        What is known of it.
    others : iterable of str
        Decimal signs of the other columns of the file (`decimals`), for columns that do not tell themselves.

    Returns
    -------
    values : array
        Missing ones are NaN.
    said : list of str
        What was guessed, a clause each.

    Raises
    ------
    NotNumbersError
        If a cell is no number, or the column can be read in two ways.
    """
    texts = {cell: str(cell).strip() for cell in cells if isinstance(cell, str)}
    marks = {text for text in texts.values() if text.lower() in MARKS} - style.missing
    gone = style.missing | marks
    parsed = {t: _PIECES.fullmatch(t) for t in texts.values() if t not in gone and t not in MISSING}
    decimal = style.decimal or _decimal(parsed, style, others)
    thousands = SEPARATORS[style.thousands] if style.thousands else "".join(SEPARATORS.values()).replace(decimal, "")
    units, values, grouped = set(), {}, set()
    for cell, text in texts.items():
        if text in gone:
            values[cell] = math.nan
            continue
        found = parsed.get(text)
        read = _read(found, decimal, thousands) if found is not None else None
        if read is None:
            number = plain(cell) if found is None else None
            if number is None:
                raise NotNumbersError(cells.index(cell), f"is {text!r:.60}, not a number{_written(decimal, style)}")
            values[cell] = number
            if math.isfinite(number):
                units.add("")
        else:
            values[cell], unit, group = read
            units.add(unit)
            grouped |= group
    if any(not isinstance(cell, str) and cell is not None for cell in cells):
        units.add("")  # numbers that the file has as such, beside texts
    if len(units) > 1:
        shown = ", ".join(repr(unit) if unit else "none" for unit in sorted(units))
        raise NotNumbersError(None, f"has numbers in several units ({shown}); make them one")
    if len(grouped) > 1:
        raise NotNumbersError(None, f"has thousands set apart in several ways ({', '.join(sorted(grouped))})")
    unit = units.pop() if units else ""
    result = np.array([values[cell] if isinstance(cell, str) else _typed(cell) for cell in cells], dtype=float)
    said = []
    if decimal == "," and style.decimal is None:
        said.append("decimal commas")
    if grouped and style.thousands is None:
        said.append(f"{grouped.pop()!r} between thousands")
    if unit == "%":
        said.append("percentages, read as fractions (12 % is 0.12)")
    elif unit:
        said.append(f"amounts in {unit}")
    if any(match is not None and match["behind"] for match in parsed.values()):
        said.append("a minus behind a number is its sign")
    for mark in sorted(marks):
        count = sum(str(cell).strip() == mark for cell in cells)
        said += [f"{count} cell{'s' * (count > 1)} {mark!r} read as missing"]
    return result, said


def _written(decimal: str, style: Style) -> str:
    return f" with a decimal {'comma' if decimal == ',' else 'point'}" if decimal == "," or style.decimal else ""


def _typed(cell: Any) -> float:
    number = plain(cell)
    if number is None:
        raise NotNumbersError(None, f"holds {cell!r:.60}, not a number")
    return number


def decimals(cells: Sequence[Any], style: Style) -> set[str]:
    """Decimal signs that the numbers of a column prove: one, none, or both where they contradict each other."""
    texts = {c.strip() for c in cells if isinstance(c, str)}
    return _proven(m for t in texts if t not in style.missing and (m := _PIECES.fullmatch(t)) is not None)


def _proven(found: Iterable[re.Match[str]]) -> set[str]:
    """A sign followed by other than three digits, by a power, after a zero, or after the other one is a decimal one."""
    signs = set()
    for match in found:
        digits = match["digits"].strip()
        for sign, other in ((",", "."), (".", ",")):
            whole, _, part = digits.partition(sign)
            if sign not in digits or other in part:
                continue
            if digits.count(sign) > 1:
                signs.add(other)
            elif len(part) != 3 or match["power"] or other in whole or not whole.strip("0") or len(whole) > 3:
                signs.add(sign)
    return signs


def _decimal(parsed: Mapping[str, re.Match[str] | None], style: Style, others: Iterable[str]) -> str:
    """The decimal sign of a column.

    Raises
    ------
    NotNumbersError
        If its numbers have both, or can be read in two ways.
    """
    found = [match for match in parsed.values() if match is not None]
    if style.thousands in (",", "."):
        return "." if style.thousands == "," else ","
    signs = _proven(found)
    if len(signs) > 1:
        raise NotNumbersError(None, "has both decimal commas and decimal points; say which: --decimal , or --decimal .")
    if signs:
        return signs.pop()
    around = set(others)
    doubtful = next((t for t, m in parsed.items() if m is not None and re.search(r"[.,]", m["digits"])), None)
    comma = any(m is not None and "," in m["digits"] for m in parsed.values())
    if doubtful is not None and (comma or "," in around):
        if len(around) == 1:
            return around.pop()
        raise NotNumbersError(
            None,
            f"has {doubtful!r}, which may be {doubtful.replace(',', '.')!r} or {re.sub('[.,]', '', doubtful)!r}, and "
            f"no other cell tells; say which: --decimal {'.,'[comma]} or --thousands {'.,'[comma]}",
        )
    return "."


def _read(match: re.Match[str], decimal: str, thousands: str) -> tuple[float, str, set[str]] | None:
    """Value of a cell, its unit, and what stands between its thousands; None where it is no number of this style."""
    digits = match["digits"].strip()
    whole, _, part = digits.partition(decimal)
    groups = re.split(f"[{re.escape(thousands)}]", whole) if thousands else [whole]
    lengths = [len(group) for group in groups]
    by_hundreds = lengths[0] <= 2 and set(lengths[1:-1]) == {2} and lengths[-1] == 3  # lakh and crore: 12,34,567
    if len(groups) > 1 and not (1 <= lengths[0] <= 3 and set(lengths[1:]) == {3}) and not by_hundreds:
        return None
    used = {next(k for k, v in SEPARATORS.items() if c in v) for c in whole if not c.isdigit()}
    if len(used) > 1 or not (part == "" or part.isdigit()) or not all(g.isdigit() or not whole for g in groups):
        return None
    signs = [match[name] for name in ("open", "sign", "inner", "behind") if match[name]]
    if bool(match["open"]) != bool(match["close"]) or len(signs) > 1:
        return None
    unit = match["before"] or match["after"] or ""
    if match["before"] and match["after"]:
        return None
    power = int((match["power"] or "e0")[1:]) - 2 * (unit == "%")  # not divided: 3.7 % is 0.037, to the last digit
    number = float(f"{''.join(groups) or '0'}.{part or '0'}e{power}")
    negative = bool(signs) and signs[0] != "+"
    return (-number if negative else number), unit, used


def events(cells: Sequence[Any], value: str | None) -> tuple[Array, list[str]]:
    """1 where a cell says that the event was seen, 0 where it says that it was not.

    Parameters
    ----------
    cells : sequence of str or number
        The column.
    value : str, optional
        What stands for the event; all other cells that are not empty then stand for none. By default the words of
        `EVENTS`, or 1 and 0.

    Raises
    ------
    NotNumbersError
        If a word is not known.
    """
    found: dict[Any, float] = {}
    for cell in dict.fromkeys(cells):
        text = "" if cell is None else str(cell).strip()
        number = plain(cell)
        if text in MISSING:
            found[cell] = math.nan
        elif value is not None:
            same = text.casefold() == value.strip().casefold()
            found[cell] = float(same or (number is not None and number == plain(value)))
        elif number is not None:
            found[cell] = number
        elif text.lower() in EVENTS:
            found[cell] = EVENTS[text.lower()]
        else:
            raise NotNumbersError(
                cells.index(cell),
                f"is {text!r:.60}, of which it is not known whether it is an event; say the word "
                f"that is one: --event-value WORD",
            )
    if value is not None and 1.0 not in found.values():
        raise NotNumbersError(None, f"has no cell {value!r}, which --event-value names")
    ones = [str(cell) for cell, number in found.items() if number == 1.0 and plain(cell) != 1.0]
    said = [f"{', '.join(map(repr, ones))} read as the event"] if ones and value is None else []
    if value is None and set(found.values()) <= {1.0, 2.0} and 2.0 in found.values():
        raise NotNumbersError(None, "holds 1 and 2; say which is the event: --event-value 2")
    return np.array([found[cell] for cell in cells], dtype=float), said
