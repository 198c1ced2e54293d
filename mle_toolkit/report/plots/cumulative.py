"""The distribution function of fitted laws over that of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.families.circular import laid_out
from mle_toolkit.inference.empirical import EmpiricalDistribution
from mle_toolkit.report.plots.canvas import (
    BAND,
    DATA,
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
from mle_toolkit.report.plots.density import GRID, MOST_LAWS, in_logs
from mle_toolkit.report.plots.histogram import Histogram, histogram
from mle_toolkit.report.plots.seen import Visible, all_seen, beyond_collapse, is_table, without_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mle_toolkit.report.drawn import Drawn, DrawnComparison


def cdf(
    fit: Drawn | DrawnComparison | Sequence[Drawn],
    ax: Axes | None = None,
    *,
    alpha: float = 0.05,
    label: str | None = None,
    log: bool | None = None,
) -> Axes:
    """Draw the distribution function of the fitted law over that of the data, with a band about the latter.

    Parameters
    ----------
    fit : Fit, list of Fit, or Comparison
        Of several the first five laws are drawn.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    alpha : float
        One minus the level of the band at each point.
    label : str, optional
        What the observations are, with their unit; by default the name of the column.
    log : bool, optional
        Whether the axis is logarithmic; by default as for `density`.

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
    The estimate without a model is the empirical one, that of Kaplan & Meier, or Turnbull's, whose masses in intervals
    are drawn as slopes. The band is from Greenwood's variance on the scale of log(-log(1 - F)), on which it keeps
    between 0 and 1 (Kalbfleisch & Prentice 1980, sec. 1.3). Turnbull's estimate has one only for disjoint bins.
    """
    fits = several(fit, "cdf")
    shown = dict(list(fits.items())[:MOST_LAWS])
    best = next(iter(shown.values()))
    line, sample = laid_out(best.distribution, beyond_collapse(drawable(best, "cdf")))
    origin = line.family.support.lower if best.family.period is not None else None
    alpha = options.level(alpha)
    ax = axes_or_new(ax)
    law = Visible.of(line, sample)
    known = without_model(sample)
    discrete = best.family.discrete
    if in_logs(known, law, log, "cdf"):
        ax.set_xscale("log")
    some = known.mass > 0
    lower, upper, after = known.lower[some], known.upper[some], known.cdf[some]
    bars = histogram(known, law, sample.nobs, table=is_table(sample))
    first, last = _extent(best, law, bars)
    if ax.get_xscale() == "log":
        ends = np.concatenate([lower, upper])
        ends = ends[np.isfinite(ends) & (ends > 0)]
        first, last = max(0.7 * float(ends.min()), law.low), min(1.4 * float(ends.max()), law.high)
    method = "data" if all_seen(sample) else f"data ({known.method})"
    if law.condition:
        note(ax, law.condition)
    se = _standard_error(known, sample)
    if se is not None:
        _draw_band(ax, lower, upper, after, se[some], last, alpha)
    _draw_steps(ax, lower, upper, after, first, last, method)
    grid = np.geomspace(first, last, GRID) if ax.get_xscale() == "log" else np.linspace(first, last, GRID)
    if discrete:
        start, stop = np.floor(first), np.ceil(last)  # of which heavy tails may be more apart than memory has room
        grid = np.unique(np.rint(np.linspace(start, stop, int(min(stop - start + 1, GRID)))))
        whole_ticks(ax)
    for (name, one), colour, style in zip(shown.items(), LAWS, STYLES, strict=False):
        drawable(one, "cdf")
        of_one = Visible.of(laid_out(one.distribution, sample, origin)[0], sample)
        style = "--" if discrete and len(shown) == 1 else style
        drawn = "steps-post" if discrete else "default"
        ax.plot(
            grid, of_one.cdf(grid), drawstyle=drawn, color=colour, linewidth=1.6, linestyle=style, label=name, zorder=3
        )  # fmt: skip
    ax.set_xlim(first, last)
    ax.set_ylim(-0.01, 1.01)
    title = title_of(best, ", cdf") if len(fits) == 1 else f"{len(shown)} of {len(fits)} laws, n = {sample.nobs:,.6g}"
    return finish(ax, title, called(label, sample), "probability of at most x")


def _draw_band(ax: Axes, lower: Array, upper: Array, after: Array, se: Array, last: float, alpha: float) -> None:
    """The band about the estimate without a model; of disjoint bins, which say nothing between their ends, bars."""
    from scipy import special

    low, high = band_of(after, se, float(-special.ndtri(alpha / 2)))
    text = f"{1 - alpha:.0%} at each point"
    if np.all(lower == upper) or np.any(np.isinf(upper)):
        x = np.append(upper, last)
        low, high = np.append(low, low[-1]), np.append(high, high[-1])
        fill = np.isfinite(x)
        ax.fill_between(
            x[fill], low[fill], high[fill], step="post", color=BAND, alpha=0.35, linewidth=0, label=text, zorder=0
        )
    else:
        ax.errorbar(
            upper, after, [np.maximum(far, 0).tolist() for far in (after - low, high - after)],
            fmt="none", ecolor=BAND, capsize=3, label=text, zorder=1,
        )  # fmt: skip


def _draw_steps(ax: Axes, lower: Array, upper: Array, after: Array, first: float, last: float, label: str) -> None:
    """The estimate without a model: a step at a value, a slope over an interval."""
    before = np.concatenate([[0.0], after[:-1]])
    x = np.stack([np.where(np.isfinite(lower), lower, first), np.where(np.isfinite(upper), upper, np.nan)], axis=1)
    y = np.stack([before, after], axis=1)
    line_x = np.concatenate([[first], x.ravel(), [last]])
    line_y = np.concatenate([[0.0], y.ravel(), [after[-1]]])
    if np.isinf(upper[-1]):
        line_x, line_y = line_x[:-2], line_y[:-2]
    ax.plot(line_x, line_y, color=DATA, linewidth=1.1, label=label, zorder=2)


def _extent(fit: Drawn, law: Visible, bars: Histogram) -> tuple[float, float]:
    """From where to where to draw: what is seen, and a little more."""
    known = bars.edges if len(bars.edges) else law.law.ppf(np.array([0.001, 0.999]))
    first, last = float(known[0]), float(known[-1])
    support = law.law.family.support
    margin = 0.05 * (last - first)
    low = max(first - margin, law.low, support.lower - (1.0 if fit.family.discrete else 0.0))
    return low, min(last + margin, law.high, support.upper)


def _standard_error(known: EmpiricalDistribution, sample: Sample) -> Array | None:
    """Standard error of the distribution function after each mass; None if intervals leave none."""
    if known.se is not None:
        return known.se
    if is_table(sample) and sample.weight_kind == "frequency":
        return np.asarray(np.sqrt(known.cdf * (1 - known.cdf) / sample.nobs))
    return None


def band_of(probability: Array, se: Array, z: float) -> tuple[Array, Array]:
    """Interval of a distribution function F, normal on the scale of log(-log(1 - F)); F itself where it is 0 or 1."""
    survival = 1.0 - probability
    inner = (probability > 0) & (survival > 1e-12) & (se > 0)  # sums of shares may miss 1 by their rounding
    left = np.where(inner, survival, 0.5)
    reach = z * se / (left * np.abs(np.log(left)))
    low, high = (1.0 - left ** np.exp(side * reach) for side in (-1.0, 1.0))
    return np.where(inner, low, probability), np.where(inner, high, probability)
