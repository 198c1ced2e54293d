"""What one tab has: the data that were read, and the fits; and what can be asked of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mle_toolkit.app import grouped, recipes, shown
from mle_toolkit.app.asked import Asked
from mle_toolkit.comparison import Comparison, compare
from mle_toolkit.data.frames import to_column
from mle_toolkit.data.peek import Peek, peek
from mle_toolkit.data.sample import Sample
from mle_toolkit.data.tables import in_blocks, read_frame, read_sample, read_table
from mle_toolkit.errors import DataError, ParameterError, UnknownNameError
from mle_toolkit.families.registry import get_family
from mle_toolkit.fitting import Fit, fit
from mle_toolkit.groups import GroupFits, fit_groups
from mle_toolkit.numerics.progress import listening
from mle_toolkit.regression import RegressionFit, regress
from mle_toolkit.report.page import fragment
from mle_toolkit.report.page.sections import Section
from mle_toolkit.report.page.tables import Part, grid

SHOWN_ROWS = 8
"""Rows of a file that are shown."""

SECONDS_BETWEEN = 0.2
"""How often progress is told."""

Tell = Callable[..., None]


@dataclass(frozen=True)
class Data:
    """A sample, what its observations are called, and what stands for an event where that is not 1."""

    label: str
    sample: Sample
    events: tuple[Any, ...]

    @property
    def how(self) -> dict[str, Any]:
        """What Python code must know to read the same."""
        return {"in_blocks": self.in_blocks, "events": self.events}

    @property
    def in_blocks(self) -> bool:
        """Whether its rows are read anew for every pass."""
        return not self.sample.in_memory


class Desk:
    """Answers questions about data; what was read and fitted last is kept."""

    def __init__(self) -> None:
        self._tell: Tell = _silent
        self._asked: Asked | None = None
        self._data: Data | None = None
        self._fits: dict[str, Fit] = {}
        self._results: dict[str, Result] = {}
        self._told_at = 0.0

    def answer(self, verb: str, said: Mapping[str, Any], tell: Tell) -> None:
        """Answer a question by what the controls say.

        Parameters
        ----------
        verb : str
            What is asked.
        said : mapping of str to value
            By the names of the controls.
        tell : callable
            Takes the kind of an answer, and its facts by name.

        Raises
        ------
        MleError
            If there is no such question, or no answer.
        """
        verbs: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "open": self._open,
            "look": self._look,
            "rank": self._rank,
            "law": self._law,
            "profile": self._profile,
            "calculate": self._calculate,
            "goodness": self._goodness,
            "groups": self._groups,
            "regress": self._regress,
            "save": self._save,
        }
        if verb not in verbs:
            raise UnknownNameError(f"there is no question {verb!r}.")
        self._tell = tell
        with listening(self._progress):
            verbs[verb](said)

    def _progress(self, what: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._told_at > SECONDS_BETWEEN or done == total:
            self._told_at = now
            self._tell("progress", what=what, done=done, total=total)

    # --- data ---------------------------------------------------------------------------------------------------------

    def _open(self, said: Mapping[str, Any]) -> None:
        """Say which columns there are."""
        asked = Asked.of({**said, "kind": "exact", "column": None})
        seen = peek(asked.source, asked.reading)
        form = {name: value for name, value in asdict(seen.form).items() if value not in (None, ())}
        first = self._first_rows(seen, asked.name)
        self._tell(
            "opened", name=asked.name, columns=list(seen.names), numeric=list(seen.numeric), form=form,
            kind_of_rows=_kind_of(form), said=list(seen.said), html=first,
        )  # fmt: skip

    def _first_rows(self, seen: Peek, name: str) -> str:
        if seen.types is not None:
            part: Part = grid(("column", "type"), seen.types.items(), text=("column", "type"))
        else:
            cells = [list(map(_cell, row)) for row in seen.rows[:SHOWN_ROWS]]
            part = grid(seen.names, cells, text=set(seen.names) - set(seen.numeric))
        return fragment(Section(f"First rows of {name}", (part,)))

    def _look(self, said: Mapping[str, Any]) -> None:
        """Say what was read."""
        asked = Asked.of(said)
        data = self._read(asked)
        self._tell(
            "show", place="read", html=fragment(shown.data(data.sample, data.label)), label=data.label,
            form=str(data.sample), left="" if asked.form.edges or asked.form.columns else asked.form.left,
        )  # fmt: skip

    def _read(self, asked: Asked) -> Data:
        """The sample; read anew where something else is asked than last time."""
        if self._data is None or self._asked is None or not asked.same_data(self._asked):
            self._fits, self._results = {}, {}
            self._tell("progress", what=f"reading {asked.name}", done=0, total=None)
            label, sample = read_sample(asked.source, asked.form, asked.nan_policy, reading=asked.reading)
            self._data = Data(f"{label} of {asked.name.removeprefix('@')}", sample, _events(asked))
        self._asked = asked
        return self._data

    # --- laws ---------------------------------------------------------------------------------------------------------

    def _rank(self, said: Mapping[str, Any]) -> None:
        """Rank the laws; each is told of as it is fitted."""
        asked = Asked.of(said)
        data = self._read(asked)
        self._tell("ranking", label=data.label)

        def told(name: str, found: Fit | str, done: int, total: int) -> None:
            if isinstance(found, str):
                row: dict[str, Any] = {"reason": found}
            else:
                certified = found.certificate.ok
                row = {"cross_entropy": found.cross_entropy, "k": found.df_model, "aic": found.aic}
                row |= {"verdict": str(found.certificate.verdict), "certified": certified}
                row |= {} if certified else {"reason": found.certificate.message}
                self._fits[name] = found
            self._tell("law", name=name, done=done, total=total, **row)

        result = compare(data.sample, asked.laws or None, on_fit=told)
        self._tell("progress", what="drawing the ranking", done=0, total=None)
        kept = Result(
            result,
            data.label,
            recipes.ranked_in_shell(asked),
            recipes.ranked_in_python(asked, **data.how),
        )
        self._show("ranking", shown.ranking(result, data.label), kept, best=next(iter(result.fits), None))

    def _fit(self, asked: Asked, law: str) -> tuple[Data, Fit]:
        """One law, fitted unless it is already."""
        data = self._read(asked)
        if law not in self._fits:
            self._tell("progress", what=f"fitting {law}", done=0, total=None)
            self._fits[law] = fit(data.sample, get_family(law))
        return data, self._fits[law]

    def _law(self, said: Mapping[str, Any]) -> None:
        """Show one law: its parameters, its verdict, its pictures, and its one line to drag."""
        asked, law = Asked.of(said), str(said["law"])
        data, found = self._fit(asked, law)
        self._tell("progress", what=f"drawing {law}", done=0, total=None)
        python = recipes.fitted_in_python(asked, law, **data.how)
        kept = Result(found, data.label, recipes.shell("fit", asked, "-d", law), python)
        names = list(found.conf_int().index)
        of_vectors = data.sample.is_multivariate
        self._show("law", shown.law(found, law, data.label), kept, law=law, parameters=names, of_vectors=of_vectors)

    def _profile(self, said: Mapping[str, Any]) -> None:
        """Draw the profile likelihood of one parameter."""
        asked, law, name = Asked.of(said), str(said["law"]), str(said["parameter"])
        _, found = self._fit(asked, law)
        self._tell("progress", what=f"profiling {name}", done=0, total=None)
        self._tell("show", place="profile", html=fragment(shown.profile(found, law, name)))

    def _calculate(self, said: Mapping[str, Any]) -> None:
        """A quantile, a level that is exceeded once in a while, or the probability beyond a value."""
        asked, law = Asked.of(said), str(said["law"])
        _, found = self._fit(asked, law)
        self._tell("progress", what="calculating", done=0, total=None)
        section = shown.calculated(found, str(said["what"]), str(said.get("at") or ""), str(said["method"]))
        self._tell("show", place="calculated", html=fragment(section))

    def _goodness(self, said: Mapping[str, Any]) -> None:
        """Test whether the data may come from the law."""
        asked, law = Asked.of(said), str(said["law"])
        _, found = self._fit(asked, law)
        self._tell("progress", what="drawing and fitting replicates", done=0, total=None)
        section = shown.goodness(found, str(said["statistic"]), int(said["replicates"]))
        self._tell("show", place="goodness", html=fragment(section))

    # --- groups and regressions ---------------------------------------------------------------------------------------

    def _groups(self, said: Mapping[str, Any]) -> None:
        """Fit a law to each group of rows, and to all together."""
        asked, by, law = Asked.of(said), str(said["by"]), str(said["law"])
        if not by or not law:
            raise ParameterError("name the column of groups, and a law.")
        if asked.form.columns or asked.form.edges:
            raise ParameterError("groups: each row must be one observation, not a vector and not a bin.")
        data, one = self._fit(asked, law)
        if data.in_blocks:
            raise DataError("groups: the rows are read in blocks, and not held; take a file of fewer rows.")
        self._tell("progress", what=f"fitting {law} by {by}", done=0, total=None)
        form = asked.form
        seen = [name for name in (form.event, form.observed) if name is not None]
        frame = read_frame(asked.source, [by, *form.names], asked.reading, seen)
        fits = fit_groups(
            frame, by, form.left, get_family(law), weights=form.weights or form.counts, weight_kind=form.weight_kind,
            exposure=form.exposure, nan_policy=asked.nan_policy,
        )  # fmt: skip
        self._tell("progress", what="drawing the groups", done=0, total=None)
        shell, python = (
            recipes.shell("groups", asked, "--by", by, "-d", law),
            recipes.grouped_in_python(asked, by, law, events=data.events),
        )
        kept = Result(fits, f"{data.label} by {by}", shell, python)
        self._show("groups", grouped.groups(fits, one, data.label), kept)

    def _regress(self, said: Mapping[str, Any]) -> None:
        """Fit a law whose parameters depend on covariates."""
        asked = Asked.of({**said, "kind": "exact", "column": None})
        given = recipes.Regression.of(asked, said)
        self._tell("progress", what=f"reading {asked.name}", done=0, total=None)
        frame: Any = Path(asked.source)
        if not in_blocks(asked.source, asked.reading):
            frame = read_frame(asked.source, peek(asked.source, asked.reading).names, asked.reading)
        self._tell("progress", what=f"fitting {given.formula}", done=0, total=None)
        found = regress(given.formula, frame, given.law, **given.keywords)
        self._tell("progress", what="drawing the regression", done=0, total=None)
        label = f"{given.formula} of {asked.name.removeprefix('@')}"
        kept = Result(found, label, given.in_shell, given.in_python)
        self._show("regression", shown.regression(found, label), kept)

    # --- to take away -------------------------------------------------------------------------------------------------

    def _show(self, place: str, section: Section, result: Result, **facts: Any) -> None:
        """Show a result, and keep it for its files."""
        self._results[place] = result
        self._tell(
            "show", place=place, html=fragment(section), label=result.label, shell=result.shell, python=result.python,
            **facts,
        )  # fmt: skip

    def _save(self, said: Mapping[str, Any]) -> None:
        """A file of what is shown in a place."""
        place, kind = str(said["of"]), str(said["what"])
        if place not in self._results:
            raise ParameterError("there is nothing to save: what was shown was cancelled; ask for it again.")
        self._tell("progress", what="writing the file", done=0, total=None)
        result = self._results[place]
        self._tell("file", name=f"{place}.{kind}", text=shown.file(result.result, kind, result.label, result.shell))


@dataclass(frozen=True)
class Result:
    """What is shown in one place, what it is called, and what gives the same in the shell and in Python."""

    result: Fit | Comparison | GroupFits | RegressionFit
    label: str
    shell: str
    python: str


def _silent(kind: str, **facts: Any) -> None:
    """Tell nobody."""


def _cell(cell: object) -> str:
    """A cell as it is written: a whole number of a data set without a fraction."""
    return "" if cell is None else f"{cell:.17g}" if isinstance(cell, float) and cell.is_integer() else str(cell)


def _events(asked: Asked) -> tuple[Any, ...]:
    """What stands for an event in its column, where that is not 1."""
    name = asked.form.event or asked.form.observed
    if name is None:
        return ()
    written = read_frame(asked.source, [name], replace(asked.reading, event_value=None))[name]
    seen, _ = to_column(read_table(asked.source, [name], asked.reading, [name]).column(name), name)
    found = tuple(dict.fromkeys(written[seen == 1].tolist()))
    return () if set(found) <= {1} else found


def _kind_of(form: Mapping[str, Any]) -> str:
    """The kind of data that a form is of, as the controls call it."""
    for part, kind in (
        ("time", "time"), ("lower", "interval"), ("edges", "bins"), ("observed", "limit"), ("rounded_to", "rounded"),
        ("payment", "paid"),
    ):  # fmt: skip
        if part in form:
            return kind
    return "exact"
