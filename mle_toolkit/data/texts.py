"""Files of text become rows of cells: encoding, delimiter, comments and header; fields by Python's csv reader."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from mle_toolkit.data.cells import Style, may_be_number, plain
from mle_toolkit.errors import DataError

DELIMITERS = (",", ";", "\t", "|")

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_LOOKED_AT = 20
"""Lines after the header that the delimiter is guessed from."""

_LONGEST_LINE = 1 << 22
"""Characters of a line that are looked at for it."""

MOST_COLUMNS = 100_000
"""Columns of a table, at most: a longer first line is no header."""


@dataclass
class Text:
    """A text that can be read again from its beginning, and how it is written.

    Attributes
    ----------
    label : str
        How errors call it.
    stream : text stream
        Seekable.
    delimiter : str
        ``" "`` for any run of spaces.
    comment : str or None
        Lines that begin with it are left out.
    skipped : int
        Lines before the header that say nothing: ``sep=;``, comments, empty ones.
    said : list of str
        What was guessed.
    """

    label: str
    stream: IO[str]
    delimiter: str
    comment: str | None
    skipped: int
    said: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Rows with the line of the file on which each ends, the header first; an empty line is an empty row."""
        self.stream.seek(0)
        lines = _Lines(self.stream, self.comment, self.delimiter == " ")
        for _ in range(self.skipped):
            next(lines, None)
        reader = csv.reader(lines, delimiter=self.delimiter, skipinitialspace=self.delimiter == " ", strict=True)
        return numbered(reader, self.label, lambda: lines.number)


def numbered(reader: Any, label: str, line: Callable[[], int]) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line of the file on which each ends."""
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise DataError(f"{label}: line {line()} is not CSV: {error}") from None
        if row is None:
            return
        yield line(), row


class _Lines(Iterator[str]):
    """Lines of a text that are no comments, with the number of the last one that was read."""

    def __init__(self, stream: IO[str], comment: str | None, spaced: bool) -> None:
        self.stream, self.comment, self.spaced, self.number = stream, comment, spaced, 0

    def __next__(self) -> str:
        for line in self.stream:
            self.number += 1
            if self.comment is None or not line.lstrip().startswith(self.comment):
                return line.strip().replace("\t", " ") + "\n" if self.spaced else line
        raise StopIteration


def text_of(
    stream: io.BufferedReader | io.BytesIO,
    label: str,
    *,
    encoding: str | None,
    delimiter: str | None,
    comment: str | None,
) -> Text:
    """Find out how a text is written, where it is not said.

    Parameters
    ----------
    stream : binary stream
        Held in memory if it cannot be read again.
    label : str
        How errors call it.
    encoding : str, optional
        By default that of a byte order mark, else UTF-8, else Windows-1252 or Latin-1, which is said.
    delimiter : str, optional
        By default the one of comma, semicolon, tabulator, bar and spaces that makes the same number of fields in the
        first lines.
    comment : str, optional
        What comments begin with; by default ``#`` where lines before the header do.

    Raises
    ------
    DataError
        If it is empty, or not in the encoding that was named.
    """
    whole = stream if stream.seekable() else io.BytesIO(stream.read())
    said: list[str] = []
    code = encoding or _encoding(whole, said)
    whole.seek(0)
    try:
        text = io.TextIOWrapper(whole, encoding=code, newline="")
        if encoding is not None:
            for _ in iter(lambda: text.read(1 << 20), ""):
                pass
            text.seek(0)
    except LookupError:
        raise DataError(f"{label}: encoding {encoding!r} is not known; utf-8, utf-16, latin-1, cp1252, ...") from None
    except UnicodeError as error:
        raise DataError(f"{label}: not in the encoding {encoding}: {error}") from None
    skipped, first = 0, text.readline(_LONGEST_LINE)
    if (named := re.fullmatch(r"\"?sep=(.)\"?\s*", first)) is not None:
        delimiter = delimiter or named[1]
        first, skipped = text.readline(_LONGEST_LINE), 1
    if comment is None and first.startswith("#"):
        first, skipped, comment = _past_comments(text, first, skipped, said)
    while first and (not first.strip() or (comment is not None and first.lstrip().startswith(comment))):
        blank = not first.strip()
        first = text.readline(_LONGEST_LINE)
        skipped += blank  # a comment is left out by the reader of lines
    if not first:
        raise DataError(f"{label}: empty, without even a header")
    following = list(islice(text, _LOOKED_AT))
    titles = _titles([first, *following], delimiter)
    if titles:
        said.append(f"{titles} line{'s' * (titles > 1)} above the header left out")
        first, *following = [first, *following][titles:]
        skipped += titles
    if delimiter is None:
        sample = [line for line in following if line.strip() and not line.startswith(comment or "\n")]
        delimiter = _delimiter(first, sample)
        if delimiter in "| ":
            said.append(f"{'spaces' if delimiter == ' ' else repr(delimiter)} between columns")
    if first.count(delimiter) > MOST_COLUMNS:
        raise DataError(f"{label}: a header of over {MOST_COLUMNS:,} fields; a table has fewer columns")
    return Text(label, text, delimiter, comment, skipped, said)


def _encoding(stream: io.BufferedReader | io.BytesIO, said: list[str]) -> str:
    head = stream.read(4096)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if head and len(head) % 2 == 0 and b"\0" in head:
        for name, high, low in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
            if high.count(0) > 0.9 * len(high) and not low.count(0):
                said.append(f"{name.upper()} without a mark")
                return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    stream.seek(0)
    latin = False
    try:
        for block in iter(lambda: stream.read(1 << 20), b""):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        latin = True
    if not latin:
        return "utf-8"
    stream.seek(0)
    undefined = any(
        byte in block for block in iter(lambda: stream.read(1 << 20), b"") for byte in b"\x81\x8d\x8f\x90\x9d"
    )
    name = "latin-1" if undefined else "cp1252"
    said.append(f"not UTF-8, read as {name} (--encoding says another)")
    return name


def _past_comments(text: IO[str], first: str, skipped: int, said: list[str]) -> tuple[str, int, str | None]:
    """The header behind lines that begin with #, unless the last of those is the header, as tools of genetics write."""
    comments = [first]
    line = text.readline(_LONGEST_LINE)
    while line.startswith("#") or (line and not line.strip()):
        comments.append(line)
        line = text.readline(_LONGEST_LINE)
    last = comments[-1]
    is_header = any(last.count(d) and last.count(d) == line.count(d) for d in DELIMITERS) and bool(
        re.search(r"\d", line)
    )
    if is_header:
        return last, skipped + len(comments) - 1, None
    said.append("lines that begin with '#' left out")
    return line, skipped + sum(not c.strip() for c in comments), "#"


def _delimiter(first: str, sample: list[str]) -> str:
    """The delimiter that makes as many fields of each line as of the header; else the most frequent in the header."""
    agreed = {}
    for delimiter in DELIMITERS:
        fields = _fields([first, *sample], delimiter)
        if len(set(fields)) == 1 and fields[0] > 1:
            agreed[delimiter] = fields[0]
    if agreed:
        return max(agreed, key=lambda d: agreed[d])
    if not any(d in first for d in DELIMITERS):
        words = {len(line.split()) for line in [first, *sample]}
        if len(words) == 1 and words != {1} and sample:
            return " "
        if any("," in line for line in sample) and all(may_be_number(line, Style()) for line in sample):
            return "\t"  # one column, whose commas are within its numbers
    return max(DELIMITERS, key=first.count)


def _titles(lines: list[str], delimiter: str | None) -> int:
    """How many lines above the header are titles: one field of text, before lines that have as many as each other."""
    for sign in DELIMITERS if delimiter is None else (delimiter,):
        counts = [len(line.strip().split(sign)) if line.strip() else 0 for line in lines]
        first = next((k for k, count in enumerate(counts) if count > 1), 0)
        below = {count for count in counts[first:] if count}
        if not first or len(below) != 1 or len([count for count in counts[first:] if count]) < 3:
            continue
        above = [line for line in lines[:first] if line.strip()]
        header = [*above, *lines[first].split(sign)]
        cells = [cell for line in lines[first + 1 :] for cell in line.split(sign)]
        if above and not any(map(_is_number, header)) and any(map(_is_number, cells)):
            return first
    return 0


def _is_number(cell: str) -> bool:
    text = cell.strip().strip('"')
    return bool(text) and (plain(text) is not None or may_be_number(text, Style()))


def _fields(lines: list[str], delimiter: str) -> list[int]:
    try:
        return [len(row) for row in csv.reader(lines, delimiter=delimiter, strict=True) if row]
    except csv.Error:
        return []
