"""What all pictures share: axes, colours, titles, and what can be drawn at all.

Conventions
-----------
A picture is drawn on the axes given, or on those of a new figure of 6 by 4 inches, which no window or pyplot state
belongs to: show ``ax.figure``, or save it with ``ax.figure.savefig``. Colours are those of Okabe & Ito (2008), which
colour-blind readers tell apart; line styles and markers differ too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import DataError, ParameterError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mle_toolkit.report.drawn import Drawn

DATA = "#404040"
BARS = "#c9ced3"
LAW = "#d55e00"
BAND = "#56b4e9"
GREEN = "#009e73"
BLUE = "#0072b2"
LAWS = (LAW, BLUE, GREEN, "#cc79a7", "#e69f00")
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))

_SMALL = 8.5
"""Points of legends and notes."""


def axes_or_new(ax: Axes | None, width: float = 6.0, height: float = 4.0) -> Axes:
    """The axes given, or those of a new figure; inches."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def finish(ax: Axes, title: str, xlabel: str, ylabel: str, **legend: Any) -> Axes:
    """Label the axes, and add a legend of what has a label."""
    ax.set_title(title, fontsize=10)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(fontsize=_SMALL, framealpha=0.8, edgecolor="none", **legend)
    return ax


def note(ax: Axes, text: str) -> None:
    """An entry of the legend that is text only."""
    ax.plot([], [], " ", label=text)


def title_of(fit: Drawn, what: str = "") -> str:
    """Family and number of observations."""
    return f"{law_name(fit)}{what}, n = {fit.nobs:,.6g}"


def law_name(fit: Drawn) -> str:
    """The family; at a boundary, with the law that it is there."""
    name, at = fit.family.name, fit.distribution.family.name
    return name if name == at else f"{name} (at its limit {at})"


def drawable(fit: Drawn, what: str) -> Sample:
    """The data of a fit whose observations share one law on the line.

    Raises
    ------
    DataError
        If the rows are not held.
    ParameterError
        If observations are vectors, or each has a law of its own.
    """
    sample = fit.sample
    if not sample.in_memory:
        raise DataError(f"{what}: the rows are read in blocks and not held; fit a column in memory, or a subsample.")
    if sample.is_multivariate:
        raise ParameterError(f"{what}: the observations are vectors; this picture is of numbers. Fit one column.")
    if fit.family.per_row:
        raise ParameterError(
            f"{what}: each row has a law of its own, by its {', '.join(fit.family.per_row)}; "
            f"draw fit.residuals(), which are standard normal if the law is right."
        )
    return sample
