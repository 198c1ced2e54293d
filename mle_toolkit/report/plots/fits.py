"""One fit against its data: density, Q-Q, P-P, distribution function, and the four together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.data.sample import Sample
from mle_toolkit.errors import ParameterError
from mle_toolkit.families.circular import laid_out
from mle_toolkit.inference.empirical import EmpiricalDistribution
from mle_toolkit.report.plots.canvas import (
    BAND,
    BARS,
    DATA,
    LAW,
    LAWS,
    STYLES,
    axes_or_new,
    drawable,
    finish,
    law_name,
    note,
    title_of,
)
from mle_toolkit.report.plots.envelope import Envelope, envelope
from mle_toolkit.report.plots.histogram import MOST_COUNTS, Histogram, histogram
from mle_toolkit.report.plots.seen import Visible, beyond_collapse, is_table, without_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mle_toolkit.report.drawn import Drawn, DrawnComparison

GRID = 601
"""Points of a curve."""

MOST_LAWS = 5
"""Laws of a comparison whose densities are drawn: as many as there are colours that all can tell apart."""

HIGHEST = 2.5
"""Heights of the highest bar at which a density is cut off: at the end of its support it may be infinite."""

LONGEST = 60.0
"""Interquartile ranges beyond which the axes of a Q-Q plot are bent by asinh, which leaves the line straight."""


# --- density ----------------------------------------------------------------------------------------------------------


def density(fit: Drawn | DrawnComparison, ax: Axes | None = None, *, label: str = "x") -> Axes:
    """Draw the fitted density, or probabilities of counts, over a histogram of the data.

    Parameters
    ----------
    fit : Fit or Comparison
        Of a comparison the first five laws are drawn.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    label : str
        What the observations are, with their unit: ``"length, miles"``.

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
    Bins have the width of Freedman & Diaconis (1981), in multiples of the step of rounded values, and binned data have
    their own. The bars are of the estimate without a model: of censored data that of Kaplan & Meier, or Turnbull's.
    Under a window the law is the conditional one, of what could be seen.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> ax = mle.plot.density(mle.fit([1.1, 0.4, 2.7, 1.9, 0.8], "gamma"), label="hours")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('hours', 'density')
    """
    fits: Mapping[str, Drawn] = getattr(fit, "fits", {"": fit})
    shown = dict(list(fits.items())[:MOST_LAWS])
    if not shown:
        raise ParameterError("density: no family could be fitted.")
    first = next(iter(shown.values()))
    line, sample = laid_out(first.distribution, beyond_collapse(drawable(first, "density")))
    origin = line.family.support.lower if first.family.period is not None else None
    ax = axes_or_new(ax)
    known = without_model(sample)
    seen = Visible.of(line, sample)
    for value in line.family.atoms:
        at = (known.lower == value) & (known.upper == value)
        share, of_law = float(np.sum(known.mass[at])), float(line.pdf(value)) / seen.mass
        note(ax, f"{_percent(share)} at {value:.4g}; {_percent(of_law)} by the law")
        known = replace(known, lower=known.lower[~at], upper=known.upper[~at], mass=known.mass[~at], se=None)
    bars = _draw_histogram(ax, known, seen, sample)
    if seen.condition:
        note(ax, seen.condition)
    top = float(np.max(bars.heights, initial=0.0))
    highest = 0.0
    for (name, one), colour, style in zip(shown.items(), LAWS, STYLES, strict=False):
        drawable(one, "density")
        law = Visible.of(laid_out(one.distribution, sample, origin)[0], sample)
        x, height = law_heights(law, bars)
        text = name or law_name(one)
        marker = "o" if law.law.family.discrete and len(x) <= MOST_COUNTS + 4 else None
        ax.plot(
            x, height, color=colour, linestyle=style, linewidth=1.6, marker=marker, markersize=4, label=text, zorder=3
        )
        highest = max(highest, float(np.max(height[np.isfinite(height)], initial=0.0)))
    top = min(highest, HIGHEST * top) if top else highest
    if top > 0:
        ax.set_ylim(0.0, 1.1 * max(top, float(np.max(bars.heights, initial=0.0))))
    discrete = first.family.discrete
    wide = discrete and len(bars.edges) > 1 and bars.edges[1] - bars.edges[0] > 1
    measure = ("probability per count" if wide else "probability") if discrete else "density"
    title = title_of(first) if len(fits) == 1 else f"{len(shown)} of {len(fits)} laws, n = {sample.nobs:,.6g}"
    return finish(ax, title, label, measure)


def _draw_histogram(ax: Axes, known: EmpiricalDistribution, law: Visible, sample: Sample) -> Histogram:
    bars = histogram(known, law, sample.nobs, table=is_table(sample))
    name = "data" if known.method == "empirical" or _all_seen(sample) else f"data ({known.method})"
    if len(bars.heights):
        gap = 0.85 if law.law.family.discrete and np.all(np.diff(bars.edges) == 1.0) else 1.0
        widths = np.diff(bars.edges)
        ax.bar(
            bars.edges[:-1] + 0.5 * (1 - gap) * widths,
            bars.heights,
            gap * widths,
            align="edge",
            color=BARS,
            edgecolor="white",
            linewidth=0.6,
            label=name,
            zorder=1,
        )
        for share, end, side in ((bars.below, bars.edges[0], "below"), (bars.above, bars.edges[-1], "above")):
            if share > 1e-9:
                note(ax, f"{_percent(share)} {side} {end:.4g}")
    return bars


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _all_seen(sample: Sample) -> bool:
    """Whether every observation is a value, or in a bin of a table."""
    return sample.is_exact or is_table(sample)


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


# --- Q-Q and P-P ------------------------------------------------------------------------------------------------------


def qq(
    fit: Drawn,
    ax: Axes | None = None,
    *,
    n_resamples: int = 199,
    alpha: float = 0.05,
    rng: Any = None,
    refit: bool | None = None,
    label: str = "x",
) -> Axes:
    """Draw quantiles of the data against those of the fitted law, with a simulation envelope.

    Parameters
    ----------
    fit : Fit
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    n_resamples : int
        Replicates for the envelope, drawn from the fitted law and observed as the data were; 0 for none.
    alpha : float
        One minus the level of the envelope, which is pointwise: of many points some lie outside.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional
        Source of randomness (SPEC 7).
    refit : bool, optional
        Whether each replicate is fitted again, without which the envelope is too wide. By default where that takes a
        moment; the legend says which.
    label : str
        What the observations are, with their unit.

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
    The i-th of n values is at (i - 1/2) / n (Hazen 1914); equal ones are one point in the middle of their step,
    censored data are at the steps of the Kaplan-Meier or Turnbull estimate, bins at their ends. Counts are drawn
    against mid-quantiles (Parzen 2004), so that they lie on the line where the law is right.
    """
    return _draw_qq(fit, axes_or_new(ax), envelope(fit, n_resamples, alpha, rng, refit), label)


def pp(
    fit: Drawn,
    ax: Axes | None = None,
    *,
    n_resamples: int = 199,
    alpha: float = 0.05,
    rng: Any = None,
    refit: bool | None = None,
) -> Axes:
    """Draw probabilities under the fitted law against those of the data, with a simulation envelope.

    Parameters
    ----------
    fit, ax, n_resamples, alpha, rng, refit
        As for `qq`, with the same plotting positions.

    Returns
    -------
    matplotlib Axes
    """
    return _draw_pp(fit, axes_or_new(ax), envelope(fit, n_resamples, alpha, rng, refit))


def _draw_qq(fit: Drawn, ax: Axes, found: Envelope, label: str) -> Axes:
    law, positions = found.law, found.positions
    # A position at the end of an interval of counts is a value of the distribution function, not of its middle.
    theory = law.quantile(positions.p)
    x = positions.x
    if len(x) == 0:
        raise ParameterError("qq: nothing is known of where any observation lies but that it is censored.")
    ends = np.concatenate([theory, x])
    margin = 0.04 * (float(np.ptp(ends)) or 1.0)
    low, high = float(ends.min()) - margin, float(ends.max()) + margin
    quartiles = np.quantile(ends, [0.25, 0.75])
    spread = float(quartiles[1] - quartiles[0])
    if high - low > LONGEST * spread > 0:
        ticks = _bent_ticks(low, high, spread)
        ax.set_xscale("asinh", linear_width=spread)
        ax.set_yscale("asinh", linear_width=spread)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.set_ticks([], minor=True)
    if found.lower is not None and found.upper is not None:
        band = [np.clip(law.quantile(side), low - margin, high + margin) for side in (found.lower, found.upper)]
        _draw_band(ax, theory, band[0], band[1], found.label)
    ax.plot([low, high], [low, high], color=LAW, linewidth=1.2, zorder=2)
    _draw_points(ax, theory, x)
    _note_absence(ax, found)
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    what = "mid-quantile" if fit.family.discrete else "quantile"
    return finish(ax, title_of(fit, ", Q-Q"), f"{what} of the law", f"{label}, data")


def _bent_ticks(low: float, high: float, spread: float) -> list[float]:
    """Zero, and powers of ten beyond the bulk, at most three on a side."""
    ticks = [0.0] if low <= 0 <= high else []
    for sign, end in ((1.0, high), (-1.0, -low)):
        powers = np.arange(np.ceil(np.log10(2 * spread)), np.log10(end) if end > 0 else -np.inf)
        ticks += [sign * 10.0**k for k in powers[:: max(1, -(-len(powers) // 3))]]
    return sorted(ticks)


def _draw_pp(fit: Drawn, ax: Axes, found: Envelope) -> Axes:
    p = found.positions.p
    if found.lower is not None and found.upper is not None:
        _draw_band(ax, p, found.lower, found.upper, found.label)
    ax.plot([0, 1], [0, 1], color=LAW, linewidth=1.2, zorder=2)
    _draw_points(ax, p, found.under)
    _note_absence(ax, found)
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.01)
    known = without_model(fit.sample).method if not _all_seen(fit.sample) else ""
    how = known or ("ends of bins" if not fit.sample.is_exact else "(i − ½) / n")
    return finish(ax, title_of(fit, ", P-P"), f"probability, data: {how}", "probability, law")


def _draw_band(ax: Axes, x: Array, lower: Array, upper: Array, label: str) -> None:
    ax.fill_between(x, lower, upper, color=BAND, alpha=0.35, linewidth=0, label=label, zorder=0)


def _draw_points(ax: Axes, x: Array, y: Array) -> None:
    size = 4.0 if len(x) <= 300 else 2.5
    ax.plot(x, y, "o", color=DATA, markersize=size, markeredgewidth=0, alpha=0.85, zorder=3)


def _note_absence(ax: Axes, found: Envelope) -> None:
    if found.lower is None and found.label:
        note(ax, found.label)


# --- distribution function --------------------------------------------------------------------------------------------


def cdf(fit: Drawn, ax: Axes | None = None, *, alpha: float = 0.05, label: str = "x") -> Axes:
    """Draw the distribution function of the fitted law over that of the data, with a band about the latter.

    Parameters
    ----------
    fit : Fit
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    alpha : float
        One minus the level of the band at each point.
    label : str
        What the observations are, with their unit.

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
    from scipy import special

    line, sample = laid_out(fit.distribution, beyond_collapse(drawable(fit, "cdf")))
    alpha = options.level(alpha)
    ax = axes_or_new(ax)
    law = Visible.of(line, sample)
    known = without_model(sample)
    discrete = fit.family.discrete
    some = known.mass > 0
    lower, upper, after = known.lower[some], known.upper[some], known.cdf[some]
    before = np.concatenate([[0.0], after[:-1]])
    bars = histogram(known, law, sample.nobs, table=is_table(sample))
    first, last = _extent(fit, law, bars)
    method = "data" if _all_seen(sample) else f"data ({known.method})"
    if law.condition:
        note(ax, law.condition)
    se = _standard_error(known, sample)
    if se is not None:
        z = float(-special.ndtri(alpha / 2))
        low, high = band_of(after, se[some], z)
        text = f"{1 - alpha:.0%} at each point"
        x = np.append(upper, last)
        low, high = np.append(low, low[-1]), np.append(high, high[-1])
        if np.all(lower == upper) or np.any(np.isinf(upper)):
            fill = np.isfinite(x)
            ax.fill_between(
                x[fill], low[fill], high[fill], step="post", color=BAND, alpha=0.35, linewidth=0, label=text, zorder=0
            )
        else:
            ax.errorbar(
                upper, after, [np.maximum(after - low[:-1], 0), np.maximum(high[:-1] - after, 0)],
                fmt="none", ecolor=BAND, capsize=3, label=text, zorder=1,
            )  # fmt: skip
    # From the lower end of a mass to its upper end: a step at a value, a slope over an interval.
    x = np.stack([np.where(np.isfinite(lower), lower, first), np.where(np.isfinite(upper), upper, np.nan)], axis=1)
    y = np.stack([before, after], axis=1)
    line_x = np.concatenate([[first], x.ravel(), [last]])
    line_y = np.concatenate([[0.0], y.ravel(), [after[-1]]])
    if np.isinf(upper[-1]):
        line_x, line_y = line_x[:-2], line_y[:-2]
    ax.plot(line_x, line_y, color=DATA, linewidth=1.1, label=method, zorder=2)
    grid = np.linspace(first, last, GRID)
    if discrete:
        start, stop = np.floor(first), np.ceil(last)  # of which heavy tails may be more apart than memory has room
        grid = np.unique(np.rint(np.linspace(start, stop, int(min(stop - start + 1, GRID)))))
        ax.plot(
            grid,
            law.cdf(grid),
            drawstyle="steps-post",
            color=LAW,
            linewidth=1.6,
            linestyle="--",
            label=law_name(fit),
            zorder=3,
        )
    else:
        ax.plot(grid, law.cdf(grid), color=LAW, linewidth=1.6, label=law_name(fit), zorder=3)
    ax.set_xlim(first, last)
    ax.set_ylim(-0.01, 1.01)
    return finish(ax, title_of(fit, ", cdf"), label, "probability of at most x")


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


# --- all four ---------------------------------------------------------------------------------------------------------


def panels(
    fit: Drawn,
    axes: Any = None,
    *,
    n_resamples: int = 199,
    alpha: float = 0.05,
    rng: Any = None,
    refit: bool | None = None,
    label: str = "x",
) -> NDArray[Any]:
    """Draw `density`, `qq`, `pp` and `cdf` side by side, with one simulation for both envelopes.

    Parameters
    ----------
    fit : Fit
    axes : array of four matplotlib Axes, optional
        Where to draw; by default on a new figure of 10 by 8 inches.
    n_resamples, alpha, rng, refit, label
        As for `qq`.

    Returns
    -------
    ndarray of matplotlib Axes, of shape (2, 2)
        Their figure is ``axes[0, 0].figure``.
    """
    found = envelope(fit, n_resamples, alpha, rng, refit)
    if axes is None:
        from matplotlib.figure import Figure

        axes = Figure(figsize=(10.0, 8.0), layout="constrained").subplots(2, 2)
    grid: NDArray[Any] = np.asarray(axes, dtype=object).reshape(2, 2)
    density(fit, grid[0, 0], label=label)
    _draw_qq(fit, grid[0, 1], found, label)
    _draw_pp(fit, grid[1, 0], found)
    cdf(fit, grid[1, 1], alpha=alpha, label=label)
    return grid
