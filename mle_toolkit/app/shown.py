"""What is shown of results, as sections of a page; and the files of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit.app.controls import in_words_of_the_page
from mle_toolkit.comparison import Comparison
from mle_toolkit.comparison.candidates import look_like_counts
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ParameterError, UnknownNameError
from mle_toolkit.families.distribution import distribution
from mle_toolkit.fitting import Fit
from mle_toolkit.groups import GroupFits
from mle_toolkit.regression import RegressionFit
from mle_toolkit.report.content import Content, comparison_content, fit_content, regression_content
from mle_toolkit.report.page import html_of
from mle_toolkit.report.page.line import line_of
from mle_toolkit.report.page.pictures import each
from mle_toolkit.report.page.sections import (
    Section,
    meaning_of,
    pictures_of_comparison,
    pictures_of_law,
    pictures_of_regression,
    terms_of,
    tried,
    what_was_read,
)
from mle_toolkit.report.page.tables import Part, Words, grid, number, parts_of
from mle_toolkit.report.plots.canvas import BARS, finish, note
from mle_toolkit.report.plots.histogram import histogram
from mle_toolkit.report.plots.seen import Visible, is_table, without_model
from mle_toolkit.report.record import jsonable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from mle_toolkit.information.estimate import Estimate

CALCULATED = {"quantile": "quantile of", "return_level": "level exceeded once in", "exceedance": "probability beyond"}
"""What can be calculated of a law, and the head of its arguments."""

FILES = ("html", "json", "csv")
"""Kinds of files."""


def data(sample: Sample, label: str) -> Section:
    """What was read, and its histogram."""
    section = what_was_read(sample, label)
    if not sample.in_memory or sample.is_multivariate:
        return section
    return replace(section, pictures=each(lambda axes: _bars(axes[0], sample, label), (f"Histogram of {label}",)))


def _bars(ax: Axes, sample: Sample, label: str) -> None:
    """A histogram without a law: of censored data by Kaplan & Meier, or Turnbull."""
    counts = look_like_counts(sample)
    like = distribution("poisson", mu=1.0) if counts else distribution("normal", mu=0.0, sigma=1.0)
    seen = Visible.of(like, sample)  # of which only the kind of the values is used
    known = without_model(sample)
    bars = histogram(known, seen, sample.nobs, table=is_table(sample))
    name = "data" if known.method == "empirical" else f"data ({known.method})"
    ax.bar(bars.edges[:-1], bars.heights, np.diff(bars.edges), align="edge", color=BARS, edgecolor="white", label=name)
    for share, side in ((bars.below, "below"), (bars.above, "above")):
        if share > 0.5 / max(sample.nobs, 1.0):
            note(ax, f"{100 * share:.2g} % {side}")
    finish(ax, f"n = {sample.nobs:,.6g}", label, "probability" if counts else "density")


def ranking(comparison: Comparison, label: str) -> Section:
    """The ranked laws, those without a place, and the densities of the best."""
    parts = tuple(_for_the_page(parts_of(comparison_content(comparison))))
    return Section("Ranking", parts, pictures_of_comparison(comparison, label))


def law(fit: Fit, name: str, label: str) -> Section:
    """The verdict, the parameters, the pictures and the one line of a law."""
    line = line_of(fit, label)
    parts = tuple(_for_the_page(parts_of(_verdict_first(fit_content(fit)))))
    return Section(name, parts, pictures_of_law(fit, name, label, 0), () if line is None else (line,))


def profile(fit: Fit, law: str, name: str) -> Section:
    """The profile likelihood of a parameter, and its interval."""
    from mle_toolkit.report.plot import profile as draw

    found = fit.profile(name)
    words = (Words(str(found), "plain"), *map(Words, found.notes))
    drawn = each(lambda axes: draw(fit, name, axes[0]), (f"{law}: profile likelihood of {name}",))
    return Section(f"Profile of {name}", words, drawn)


def calculated(fit: Fit, what: str, at: str, method: Any) -> Section:
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
    meaning, style = meaning_of(test)
    words = Words(f"{meaning[0].upper()}{meaning[1:]}.", style, f"p = {test.p_value:.4f}")
    return Section("Goodness of fit", (words, Words(str(test))))


def regression(fit: RegressionFit, label: str) -> Section:
    """The verdict, the coefficients, what each term is worth, and the residuals."""
    parts = [*parts_of(_verdict_first(regression_content(fit)))]
    parts += tried(lambda: terms_of(fit.anova()), "what each term is worth")
    return Section(label, tuple(_for_the_page(parts)), pictures_of_regression(fit, 0))


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
