"""The Python code and the shell command that give what the page shows."""

from __future__ import annotations

import csv
import inspect
import io
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from mle_toolkit.app.asked import Asked
from mle_toolkit.data.form import Form, number_or_name, option_of
from mle_toolkit.data.reading import Reading
from mle_toolkit.errors import ParameterError
from mle_toolkit.regression import regress


def shell(command: str, asked: Asked, *more: str) -> str:
    """A command of ``mle`` on these data: ``shell("fit", asked, "-d", "gamma")``."""
    return shlex.join(["mle", command, asked.name, *_options(asked), *more])


def ranked_in_shell(asked: Asked) -> str:
    """The command that ranks the laws."""
    return shell("compare", asked, *(("-d", asked.laws) if asked.laws else ()))


def _options(asked: Asked) -> Iterable[str]:
    yield from _options_of(asked.form)
    yield from _options_of(asked.reading)
    if asked.nan_policy != "raise":
        yield from ("--nan-policy", asked.nan_policy)


def _options_of(part: Form | Reading) -> Iterable[str]:
    for field in fields(part):
        value = getattr(part, field.name)
        if value != field.default:
            for one in value if field.name == "na_values" else (value,):
                yield from (option_of(field.name), _written(one))


def _written(value: object) -> str:
    if isinstance(value, tuple):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(map(_written, value))
        return line.getvalue()
    return f"{value:.17g}" if isinstance(value, float) else str(value)


# --- Python -----------------------------------------------------------------------------------------------------------


def sample_in_python(asked: Asked, *, in_blocks: bool = False, events: Sequence[Any] = ()) -> list[str]:
    """Lines that make ``sample``.

    Parameters
    ----------
    asked : Asked
    in_blocks : bool
        Whether the file is read in blocks.
    events : sequence of str or float
        What stands for an event in its column, where that is not 1.
    """
    form = asked.form
    if in_blocks:
        given = [repr(asked.name), *([repr(form.column)] if form.column else []), *_weights(form, repr)]
        return ["import mle_toolkit as mle", "", f"sample = mle.scan({', '.join([*given, *_omitting(asked)])})"]
    lines = _frame_in_python(asked)
    needed = [
        name
        for name in (form.column, form.time, form.event, form.payment, form.observed, form.exposure)
        if name is not None
    ]
    plain = not (form.time or form.payment or form.lower or form.edges or form.observed or form.rounded_to)
    if asked.nan_policy == "omit" and needed and not (plain and form.exposure is None):
        lines.append(f"frame = frame.dropna(subset={needed!r})")
    lines += _events_in_python(asked, events)
    weights = _weights(form, _column)
    omit = _omitting(asked)
    if form.columns:
        made = _call("rows", [f"frame[{list(form.columns)!r}]", *weights, *omit])
    elif form.time is not None:
        made = _call("right_censored", [_column(form.time), _column(form.event), *weights])
    elif form.lower is not None:
        made = _call("intervals", [_column(form.lower), _column(form.upper), *weights])
    elif form.payment is not None:
        terms = [f"{n}={_column(t) if isinstance(t, str) else repr(t)}" for n, t in form.terms.items()]
        made = _call("insured", [_column(form.payment), *terms, *weights])
    elif form.edges:
        made = _call("binned", [_column(form.counts), repr(list(form.edges))])
    elif form.observed is not None:
        made = _call("left_censored", [_column(form.column), _column(form.observed), *weights])
    elif form.rounded_to is not None:
        made = _call("rounded", [_column(form.column), repr(form.rounded_to), *weights])
    else:
        made = f"mle.Sample({', '.join([_column(form.column), *weights, *(omit if form.exposure is None else [])])})"
    window = [f"lower={_column(form.entry)}"] if form.entry is not None else []
    window += [f"lower={form.truncated_below!r}"] if form.truncated_below is not None else []
    window += [f"upper={form.truncated_above!r}"] if form.truncated_above is not None else []
    if window:
        made += f".truncated({', '.join(window)})"
    return [*lines, f"sample = {made}"]


def ranked_in_python(asked: Asked, *, in_blocks: bool = False, events: Sequence[Any] = ()) -> str:
    """Code that ranks the laws."""
    laws = [repr(asked.laws)] if asked.laws else []
    call = f"comparison = mle.compare({', '.join(['sample', *laws, *_exposure(asked.form)])})"
    return _code([*sample_in_python(asked, in_blocks=in_blocks, events=events), call, "print(comparison)"])


def fitted_in_python(asked: Asked, law: str, *, in_blocks: bool = False, events: Sequence[Any] = ()) -> str:
    """Code that fits one law."""
    call = f"fit = mle.fit({', '.join(['sample', repr(law), *_exposure(asked.form)])})"
    return _code([*sample_in_python(asked, in_blocks=in_blocks, events=events), call, "print(fit)"])


def grouped_in_python(asked: Asked, by: str, law: str, *, events: Sequence[Any] = ()) -> str:
    """Code that fits one law to every group."""
    form = asked.form
    given = ["frame", repr(by), repr(form.left), repr(law), *_weights(form, repr)]
    given += [f"exposure={form.exposure!r}"] if form.exposure is not None else []
    lines = _frame_in_python(asked)
    if events and asked.nan_policy == "omit":
        lines.append(f"frame = frame.dropna(subset=[{(form.event or form.observed)!r}])")
    lines += _events_in_python(asked, events)
    return _code([*lines, f"groups = mle.fit_groups({', '.join([*given, *_omitting(asked)])})", "print(groups.table)"])


@dataclass(frozen=True)
class Regression:
    """What is asked of a regression.

    Attributes
    ----------
    asked : Asked
    formula, law : str
    others : mapping of str to str or float
        Formulas of other parameters, known constants or their columns, by name.
    links : mapping of str to str
        Links by parameter.
    offset : str, optional
        Column that is added to the predictor.
    """

    asked: Asked
    formula: str
    law: str
    others: Mapping[str, str | float]
    links: Mapping[str, str]
    offset: str | None

    @classmethod
    def of(cls, asked: Asked, said: Mapping[str, Any]) -> Regression:
        """What the controls say.

        Raises
        ------
        ParameterError
            If there is no formula or no law, the others are not written as ``shape ~ x1; n = trials``, or the links not
            as ``mean = identity``.
        """
        formula, law = str(said.get("formula") or "").strip(), str(said.get("law") or "").strip()
        if not formula:
            raise ParameterError("--formula: write one, such as y ~ x1 + x2.")
        if not law:
            raise ParameterError("--regress-law: name a law, such as gamma.")
        others: dict[str, str | float] = {}
        for part in filter(str.strip, str(said.get("others") or "").split(";")):
            found = re.fullmatch(r"\s*(\w+)\s*([~=])\s*(.+?)\s*", part)
            if found is None:
                raise ParameterError(f"--others: expected 'shape ~ x1' or 'n = trials', got {part.strip()!r}.")
            name, sign, value = found.groups()
            if name in inspect.signature(regress).parameters:
                raise ParameterError(f"--others: {name} is no parameter of a law.")
            others[name] = f"~ {value}" if sign == "~" else number_or_name(value)
        links: dict[str, str] = {}
        for part in filter(str.strip, re.split("[;,]", str(said.get("links") or ""))):
            found = re.fullmatch(r"\s*(\w+)\s*=\s*(\w+)\s*", part)
            if found is None:
                raise ParameterError(f"--links: expected 'mean = identity', got {part.strip()!r}.")
            links[found[1]] = found[2]
        return cls(asked, formula, law, others, links, str(said.get("offset") or "") or None)

    @property
    def keywords(self) -> dict[str, Any]:
        """Arguments of `regress` beside the formula, the frame and the law."""
        form = self.asked.form
        given: dict[str, Any] = {"weights": form.weights or form.counts, "exposure": form.exposure}
        given |= {"offset": self.offset, "links": dict(self.links) or None}
        given = {name: value for name, value in given.items() if value is not None}
        given |= {"weight_kind": form.weight_kind} if form.weight_kind != "frequency" else {}
        given |= {"nan_policy": "omit"} if self.asked.nan_policy == "omit" else {}
        return given | dict(self.others)

    @property
    def in_shell(self) -> str:
        """The command that gives the same."""
        words = ["mle", "regress", self.asked.name, self.formula, "-d", self.law]
        for name, value in self.keywords.items():
            if name == "links":
                words += [word for pair in value.items() for word in ("--link", "=".join(pair))]
            else:
                words += [option_of(name), _written(value)]
        return shlex.join([*words, *_options_of(self.asked.reading)])

    @property
    def in_python(self) -> str:
        """The code that gives the same."""
        given = [repr(self.formula), "frame", repr(self.law), *(f"{n}={v!r}" for n, v in self.keywords.items())]
        call = f"fit = mle.regress({', '.join(given)})"
        return _code([*_frame_in_python(self.asked), call, "print(fit)"])


def _frame_in_python(asked: Asked) -> list[str]:
    read = [f"{n}={v!r}" for n, v in _told(asked.reading).items() if n != "event_value"]
    return ["import mle_toolkit as mle", "", f"frame = mle.read({', '.join([repr(asked.name), *read])})"]


def _events_in_python(asked: Asked, events: Sequence[Any]) -> list[str]:
    """What stands for an event as true, all else as false, in the frame."""
    name = asked.form.event or asked.form.observed
    return [f"frame[{name!r}] = frame[{name!r}].isin({list(events)!r})"] if events else []


def _code(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"


def _call(constructor: str, given: Iterable[str]) -> str:
    return f"mle.Sample.{constructor}({', '.join(given)})"


def _column(name: str | None) -> str:
    return f"frame[{name!r}]"


def _weights(form: Form, written: Callable[[str], str]) -> list[str]:
    name = form.weights or form.counts
    if name is None:
        return []
    kind = [f"weight_kind={form.weight_kind!r}"] if form.weight_kind != "frequency" else []
    return [f"weights={written(name)}", *kind]


def _exposure(form: Form) -> list[str]:
    return [f"exposure={_column(form.exposure)}"] if form.exposure is not None else []


def _omitting(asked: Asked) -> list[str]:
    return ["nan_policy='omit'"] if asked.nan_policy == "omit" else []


def _told(reading: Reading) -> dict[str, object]:
    """What was said of the file, and not left to be guessed."""
    return {f.name: getattr(reading, f.name) for f in fields(reading) if getattr(reading, f.name) != f.default}
