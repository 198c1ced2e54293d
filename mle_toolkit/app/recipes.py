"""The Python code and the shell command that give what the page shows."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields

from mle_toolkit.app.asked import Asked
from mle_toolkit.data.form import Form
from mle_toolkit.data.reading import Reading

_DEFAULTS = {field.name: field.default for field in (*fields(Form), *fields(Reading))}


def shell(command: str, asked: Asked, *more: str) -> str:
    """A command of ``mle`` on these data: ``shell("fit", asked, "-d", "gamma")``."""
    return shlex.join(["mle", command, asked.name, *_options(asked), *more])


def ranked_in_shell(asked: Asked) -> str:
    """The command that ranks the laws."""
    return shell("compare", asked, *(("-d", asked.laws) if asked.laws else ()))


def _options(asked: Asked) -> Iterable[str]:
    for part in (asked.form, asked.reading):
        for name in (field.name for field in fields(part)):
            value = getattr(part, name)
            if value != _DEFAULTS[name]:
                option = "--" + name.replace("_", "-")
                if name == "na_values":
                    for mark in value:
                        yield from (option, mark)
                else:
                    yield from (option, _written(value))
    if asked.nan_policy != "raise":
        yield from ("--nan-policy", asked.nan_policy)


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(_written, value))
    return f"{value:.17g}" if isinstance(value, float) else str(value)


# --- Python -----------------------------------------------------------------------------------------------------------


def sample_in_python(asked: Asked, *, in_blocks: bool) -> list[str]:
    """Lines that make ``sample``."""
    form = asked.form
    lines = ["import mle_toolkit as mle", ""]
    if in_blocks:
        given = [repr(asked.name), *([repr(form.column)] if form.column else []), *_weights(form, repr)]
        return [*lines, f"sample = mle.scan({', '.join([*given, *_omitting(asked)])})"]
    read = [f"{n}={v!r}" for n, v in _told(asked.reading).items() if n != "event_value"]
    lines.append(f"frame = mle.read({', '.join([repr(asked.name), *read])})")
    needed = [name for name in (form.column, form.time, form.event, form.observed, form.exposure) if name is not None]
    plain = not (form.time or form.lower or form.edges or form.observed or form.rounded_to)
    if asked.nan_policy == "omit" and needed and not (plain and form.exposure is None):
        lines.append(f"frame = frame.dropna(subset={needed!r})")
    weights = _weights(form, _column)
    omit = _omitting(asked)
    if form.time is not None:
        event = _column(form.event)
        if asked.reading.event_value is not None:
            event = f"{event} == {asked.reading.event_value!r}"
        made = _call("right_censored", [_column(form.time), event, *weights])
    elif form.lower is not None:
        made = _call("intervals", [_column(form.lower), _column(form.upper), *weights])
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


def ranked_in_python(asked: Asked, *, in_blocks: bool) -> str:
    """Code that ranks the laws."""
    laws = [repr(asked.laws)] if asked.laws else []
    call = f"comparison = mle.compare({', '.join(['sample', *laws, *_exposure(asked.form)])})"
    return _code([*sample_in_python(asked, in_blocks=in_blocks), call, "print(comparison)"])


def fitted_in_python(asked: Asked, law: str, *, in_blocks: bool) -> str:
    """Code that fits one law."""
    call = f"fit = mle.fit({', '.join(['sample', repr(law), *_exposure(asked.form)])})"
    return _code([*sample_in_python(asked, in_blocks=in_blocks), call, "print(fit)"])


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
