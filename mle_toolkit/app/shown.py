"""What is shown of results, as sections of a page; and the files of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit.app.controls import in_words_of_the_page
from mle_toolkit.comparison import Comparison
from mle_toolkit.errors import MleError, ParameterError, UnknownNameError
from mle_toolkit.fitting import Fit
from mle_toolkit.groups import GroupFits
from mle_toolkit.regression import RegressionFit
from mle_toolkit.report.content import Content, comparison_content, fit_content
from mle_toolkit.report.page import html_of
from mle_toolkit.report.page.line import line_of
from mle_toolkit.report.page.pictures import Picture, picture
from mle_toolkit.report.page.sections import Drawing, Section
from mle_toolkit.report.page.tables import Part, Words, grid, number, parts_of
from mle_toolkit.report.record import jsonable

if TYPE_CHECKING:
    import pandas as pd

    from mle_toolkit.information.estimate import Estimate

CALCULATED = {"quantile": "quantile of", "return_level": "level exceeded once in", "exceedance": "probability beyond"}
"""What can be calculated of a law, and the head of its arguments."""

FILES = ("html", "json", "csv")
"""Kinds of files."""


def ranking(comparison: Comparison, label: str) -> Section:
    """The ranked laws, those without a place, and the densities of the best."""
    drawn = pictures(lambda: comparison.plot(label=label), "The ranking, and the densities of the best")
    return Section("Ranking", tuple(_for_the_page(parts_of(comparison_content(comparison)))), drawn)


def law(fit: Fit, name: str, label: str) -> Section:
    """The verdict, the parameters, the pictures and the one line of a law."""
    line = line_of(fit, label)
    drawn = pictures(
        lambda: fit.plot(label=label, rng=0), f"{name}: density, Q-Q, P-P and distribution function over the data"
    )
    parts = tuple(_for_the_page(parts_of(_verdict_first(fit_content(fit)))))
    return Section(name, parts, drawn, () if line is None else (line,))


def profile(fit: Fit, law: str, name: str) -> Section:
    """The profile likelihood of a parameter, and its interval."""
    from mle_toolkit.report.plot import profile as draw

    found = fit.profile(name)
    words = (Words(str(found), "plain"), *map(Words, found.notes))
    return Section(f"Profile of {name}", words, pictures(lambda: draw(fit, name), f"{law}: profile of {name}"))


def calculated(fit: Fit, what: str, at: str, method: str) -> Section:
    """Quantiles, levels or probabilities of the fitted law, with their intervals.

    Parameters
    ----------
    fit : Fit
    what : {"quantile", "return_level", "exceedance"}
    at : str
        Probabilities, numbers of observations, or values: numbers with commas between them.
    method : {"wald", "profile", "bootstrap"}
        Of the intervals.
    """
    if what not in CALCULATED:
        raise UnknownNameError(f"nothing to calculate is called {what!r}.")
    random: dict[str, Any] = {"rng": 0} if method == "bootstrap" else {}

    def one(value: float) -> Estimate:
        if what == "exceedance":
            return fit.derive(lambda law: float(law.sf(value)), method=method, **random)
        found: Estimate = getattr(fit, what)(value, method=method, **random)
        return found

    rows: list[tuple[Any, ...]] = []
    for value in _numbers(at):
        found = one(value)
        low, high = (None, None) if found.interval is None else found.interval
        beware = found.reason or ", ".join(found.flags).replace("_", " ")
        rows.append((number(value), number(found.value, 8), number(found.se, 4), number(low), number(high), beware))
    columns = (CALCULATED[what], "estimate", "std. error", "lower", "upper", "beware")
    return Section(f"{CALCULATED[what]}", (grid(columns, rows, text=("beware",)),))


def goodness(fit: Fit, statistic: str, replicates: int) -> Section:
    """Whether the data may come from the law."""
    test = fit.goodness_of_fit(statistic, n_resamples=replicates, rng=0)  # type: ignore[arg-type]  # it says which are
    p = f"p = {test.p_value:.4f}"
    if test.p_value < 0.05:
        words = Words("Data of this law are seldom so far from it: the law does not fit.", "bad", p)
    else:
        words = Words("Data of this law are often as far from it: nothing speaks against the law.", "good", p)
    return Section("Goodness of fit", (words, Words(str(test))))


def regression(fit: RegressionFit, label: str) -> Section:
    """The verdict, the coefficients, what each term is worth, and the residuals."""
    page = fit.page(Drawing(label, 0, 0))
    whole = page.sections[-1]
    return Section(label, tuple(_for_the_page([*page.verdicts, *whole.content])), whole.pictures)


def file(result: Fit | Comparison | GroupFits | RegressionFit, kind: str, label: str, command: str) -> str:
    """The text of a file of a result: a page, JSON, or CSV of its table."""
    if kind not in FILES:
        raise UnknownNameError(f"no kind of file is called {kind!r}.")
    if kind == "html":
        return html_of(result, label=label, command=command)
    if kind == "json":
        return json.dumps(jsonable(result.to_dict()), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if isinstance(result, Comparison):
        return _csv(result.table.set_index("rank"))
    if isinstance(result, GroupFits):
        return _csv(result.table.set_index(list(result.by)))
    if isinstance(result, RegressionFit):
        return _csv(result.coefficient_table())
    table = result.conf_int()
    table.insert(0, "estimate", _flat(result.params))
    table.insert(1, "std_error", _flat(result.bse))
    return _csv(table.rename_axis("parameter"))


def _csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(lineterminator="\n"))


def _flat(values: Mapping[str, Any]) -> list[float]:
    found: list[float] = np.concatenate([np.ravel(value) for value in values.values()]).tolist()
    return found


def pictures(draw: Callable[[], Any], alt: str) -> tuple[Picture, ...]:
    """A picture, or, in its place, why there is none."""
    try:
        axes = draw()
    except MleError as error:
        return (Picture("", alt, str(error)),)
    return (picture((axes.flat[0] if hasattr(axes, "flat") else axes).figure, alt),)


def _verdict_first(content: Content) -> Content:
    first = content["certificate"]
    return replace(content, sections=(first, *(section for section in content.sections if section is not first)))


def _for_the_page(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        yield replace(part, text=in_words_of_the_page(part.text)) if isinstance(part, Words) else part


def _numbers(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.replace(";", ",").split(",") if part.strip()]
    except ValueError:
        found = []
    if not found:
        raise ParameterError(f"--at: expected numbers with commas between them, got {text!r}.")
    return found
