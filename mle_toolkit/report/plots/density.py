"""The density of fitted laws over a histogram of their data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.circular import laid_out
from mle_toolkit.families.combinators.mapped import log_of
from mle_toolkit.families.distribution import Distribution
from mle_toolkit.inference.empirical import EmpiricalDistribution
from mle_toolkit.report.plots.canvas import (
    BARS,
    LAWS,
    STYLES,
    axes_or_new,
    called,
    drawable,
    finish,
    note,
    several,
    title_of,
    whole_ticks,
)
from mle_toolkit.report.plots.histogram import MOST_COUNTS, Histogram, histogram
from mle_toolkit.report.plots.seen import Visible, all_seen, beyond_collapse, is_table, without_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mle_toolkit.report.drawn import Drawn, DrawnComparison

GRID = 601
"""Points of a curve."""

MOST_LAWS = 5
"""Laws of several whose densities are drawn: as many as there are colours that all can tell apart."""

HIGHEST = 2.5
"""Heights of the highest bar at which a density is cut off: at the end of its support it may be infinite."""

HEAVY = 100.0
"""Medians that the largest of positive measurements is away where the axis becomes logarithmic."""


def density(
    fit: Drawn | DrawnComparison | Sequence[Drawn],
    ax: Axes | None = None,
    *,
    label: str | None = None,
    log: bool | None = None,
) -> Axes:
    """Draw the fitted density, or probabilities of counts, over a histogram of the data.

    Parameters
    ----------
    fit : Fit, list of Fit, or Comparison
        Of several the first five laws are drawn.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    label : str, optional
        What the observations are, with their unit: ``"length, miles"``. By default the name of the column.
    log : bool, optional
        Whether to draw the density of log x, over a logarithmic axis. By default for positive measurements with a tail
        so heavy that the largest is more than 100 medians.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ParameterError
        If observations are vectors, or each has a law of its own.
    DataError
        If the rows are not held.

    Notes
    -----
    There are as many bins as Freedman & Diaconis (1981) or Sturges (1926) ask for, whichever are more; their width is
    a multiple of the step of rounded values, and binned data have their own bins. The bars are of the estimate without
    a model: of censored data that of Kaplan & Meier, or Turnbull's.
    Under a window the law is the conditional one, of what could be seen.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> ax = mle.plot.density(mle.fit([1.1, 0.4, 2.7, 1.9, 0.8], "gamma"), label="hours")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('hours', 'density')
    """
    fits = several(fit, "density")
    shown = dict(list(fits.items())[:MOST_LAWS])
    first = next(iter(shown.values()))
    line, sample = laid_out(first.distribution, beyond_collapse(drawable(first, "density")))
    origin = line.family.support.lower if first.family.period is not None else None
    ax = axes_or_new(ax)
    known = without_model(sample)
    seen = Visible.of(line, sample)
    condition = seen.condition
    log = in_logs(known, seen, log, "density")
    for value in line.family.atoms:
        at = (known.lower == value) & (known.upper == value)
        share, of_law = float(np.sum(known.mass[at])), float(line.pdf(value)) / seen.mass
        note(ax, f"{_percent(share)} at {value:.4g}; {_percent(of_law)} by the law")
        known = replace(known, lower=known.lower[~at], upper=known.upper[~at], mass=known.mass[~at], se=None)
    if log:
        ax.set_xscale("log")
        known, seen = _of_logs(known), _law_of_logs(seen)
    bars = _draw_histogram(ax, known, seen, sample, np.exp if log else _as_it_is)
    if condition:
        note(ax, condition)
    top = float(np.max(bars.heights, initial=0.0))
    highest = 0.0
    for (name, one), colour, style in zip(shown.items(), LAWS, STYLES, strict=False):
        drawable(one, "density")
        law = Visible.of(laid_out(one.distribution, sample, origin)[0], sample)
        x, height = law_heights(_law_of_logs(law) if log else law, bars)
        x = np.exp(x) if log else x
        marker = "o" if law.law.family.discrete and len(x) <= MOST_COUNTS + 4 else None
        ax.plot(
            x, height, color=colour, linestyle=style, linewidth=1.6, marker=marker, markersize=4, label=name, zorder=3
        )
        highest = max(highest, float(np.max(height[np.isfinite(height)], initial=0.0)))
    top = min(highest, HIGHEST * top) if top else highest
    if top > 0:
        ax.set_ylim(0.0, 1.1 * max(top, float(np.max(bars.heights, initial=0.0))))
    discrete = first.family.discrete
    wide = discrete and len(bars.edges) > 1 and bars.edges[1] - bars.edges[0] > 1
    if discrete:
        measure = "probability per count" if wide else "probability"
    else:
        measure = "density of log x" if log else "density"
    if discrete:
        whole_ticks(ax)
    title = title_of(first) if len(fits) == 1 else f"{len(shown)} of {len(fits)} laws, n = {sample.nobs:,.6g}"
    return finish(ax, title, called(label, sample), measure)


def _draw_histogram(
    ax: Axes, known: EmpiricalDistribution, law: Visible, sample: Sample, shown: Callable[[Array], Array]
) -> Histogram:
    """Draw the bars, whose edges ``shown`` takes to the axis, and say what lies outside."""
    bars = histogram(known, law, sample.nobs, table=is_table(sample))
    name = "data" if known.method == "empirical" or all_seen(sample) else f"data ({known.method})"
    if len(bars.heights):
        gap = 0.85 if law.law.family.discrete and np.all(np.diff(bars.edges) == 1.0) else 1.0
        edges = shown(bars.edges)
        widths = np.diff(edges)
        ax.bar(
            edges[:-1] + 0.5 * (1 - gap) * widths,
            bars.heights,
            gap * widths,
            align="edge",
            color=BARS,
            edgecolor="white",
            linewidth=0.6,
            label=name,
            zorder=1,
        )
        for share, end, side in ((bars.below, edges[0], "below"), (bars.above, edges[-1], "above")):
            if share > 1e-9:
                note(ax, f"{_percent(share)} {side} {end:.4g}")
    return bars


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def law_heights(law: Visible, bars: Histogram) -> tuple[Array, Array]:
    """Where to draw a law beside bars, and how high: its density, or its mean probability over the bars of counts."""
    edges = bars.edges if len(bars.edges) else law.law.ppf(np.array([0.001, 0.999]))
    if law.law.family.discrete:
        # One or two bars more on each side, to see the tails.
        width = edges[1] - edges[0]
        ends = np.concatenate([[edges[0] - width], edges, [edges[-1] + width]])
        support = law.law.family.support
        ends = ends[
            (ends >= max(support.lower, law.low + 1.0) - 0.5 - 1e-9) & (ends <= min(support.upper, law.high) + 1.0)
        ]
        mass = np.diff(law.cdf(np.floor(ends)))
        return 0.5 * (ends[:-1] + ends[1:]), mass / np.diff(ends)
    first, last = float(edges[0]), float(edges[-1])
    support = law.law.family.support
    margin = 0.06 * (last - first)
    first, last = max(first - margin, support.lower, law.low), min(last + margin, support.upper, law.high)
    x = np.linspace(first, last, GRID)
    with np.errstate(all="ignore"):
        height = law.pdf(x)
    # Nothing is drawn at an end of the support where the density is infinite.
    return x, np.where(np.isfinite(height), height, np.nan)


# --- on a logarithmic axis --------------------------------------------------------------------------------------------


def in_logs(known: EmpiricalDistribution, law: Visible, asked: bool | None, what: str) -> bool:
    """Whether to draw over a logarithmic axis: what is asked, or what the tail of the data needs.

    Raises
    ------
    ParameterError
        If it is asked for, and there are counts, or values that are not positive.
    """
    family = law.law.family
    some = known.mass > 0
    lower, upper = known.lower[some], known.upper[some]
    least = float(np.min(np.where(np.isneginf(lower), upper, np.where(lower < upper, upper, lower))))
    possible = not family.discrete and not family.atoms and family.support.lower >= 0 and least > 0
    possible &= not math.isfinite(family.support.upper)
    if asked and not possible:
        raise ParameterError(f"{what}: log is for measurements and laws above 0; leave it out.")
    if asked is not None or not possible:
        return bool(asked)
    ends = np.where(np.isfinite(upper), upper, lower)
    median = float(ends[np.searchsorted(known.cdf[some], 0.5 * float(known.cdf[-1]))])
    return float(ends.max()) > HEAVY * median > 0


def _of_logs(known: EmpiricalDistribution) -> EmpiricalDistribution:
    """The distribution of the logs."""
    with np.errstate(divide="ignore"):
        return replace(known, lower=np.log(np.maximum(known.lower, 0.0)), upper=np.log(known.upper))


def _law_of_logs(law: Visible) -> Visible:
    """The law of the logs, seen through the logs of the window."""
    with np.errstate(divide="ignore"):
        low, high = (float(np.log(max(end, 0.0))) for end in (law.low, law.high))
    return Visible(Distribution(log_of(law.law.family), law.law.params), low, high)


def _as_it_is(x: Array) -> Array:
    return x
