"""Probability paper: axes on which a law is a straight line, with the data at their own probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.report.plots.canvas import BAND, DATA, LAW, axes_or_new, called, drawable, finish, note, title_of
from mle_toolkit.report.plots.seen import without_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mle_toolkit.report.drawn import Drawn

_MARKS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
"""Probabilities that the axis names."""

_BAND_POINTS = 15
"""Probabilities at which the band is computed."""


def probability_paper(fit: Drawn, ax: Axes | None = None, *, alpha: float = 0.05, label: str | None = None) -> Axes:
    """Draw data on the probability paper of a law: where the law is right, the marks lie along its straight line.

    Parameters
    ----------
    fit : Fit
        Of measurements, censored or not.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    alpha : float
        One minus the level of the band, by the delta method for the quantile at each probability.
    label : str, optional
        What the observations are, with their unit; by default the name of the column.

    Returns
    -------
    matplotlib Axes
        Its y axis is in the quantiles of the fitted law, and named by probabilities in percent.

    Raises
    ------
    ParameterError
        If observations are vectors or counts, or each has a law of its own.

    Notes
    -----
    The marks are the Kaplan-Meier or Turnbull estimate of the distribution function, at each failure half-way up its
    step (Meeker & Escobar 1998, section 6.4); mass in an interval is a bar across it. For a law on the positive half
    line both axes are logarithmic, so that the paper of a Weibull law is Weibull paper, with log(-log(1 - p)) upwards,
    and that of the lognormal is lognormal paper. The paper of a law with a shape that bends it is for the fitted shape.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> times = mle.Sample.right_censored([6, 7, 10, 13, 16, 17], [1, 0, 1, 1, 1, 0])
    >>> ax = mle.plot.probability_paper(mle.fit(times, "weibull"), label="hours")
    >>> ax.get_xscale(), ax.get_xlabel()
    ('log', 'hours')
    """
    sample = drawable(fit, "probability_paper")
    law = fit.distribution
    if law.family.discrete or law.family.atoms:
        what = "counts are" if law.family.discrete else "values with a probability of their own are"
        raise ParameterError(f"probability_paper: {what} steps on any paper; look at mle.plot.qq.")
    ax = axes_or_new(ax)
    known = without_model(sample)
    after = known.cdf
    middle = after - known.mass / 2
    logarithmic = law.family.support.lower >= 0 and not np.isfinite(law.family.support.upper)

    def height(p: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(law.ppf(p)) if logarithmic else law.ppf(p))

    point = (known.lower == known.upper) & (middle > 0) & (middle < 1)
    if logarithmic:
        point &= known.lower > 0
    ax.plot(
        known.lower[point], height(middle[point]), "o", color=DATA, markersize=4, markeredgewidth=0,
        label=known.method, zorder=3,
    )  # fmt: skip
    bounded = np.isfinite(known.lower) & np.isfinite(known.upper)
    span = (known.lower < known.upper) & bounded & (middle > 0) & (middle < 1)
    span &= ~(logarithmic & (known.lower <= 0))
    if span.any():
        ax.hlines(height(middle[span]), known.lower[span], known.upper[span], color=DATA, linewidth=2.0, zorder=3)
    seen = middle[point | span]
    low = min(0.01, float(seen.min()) / 2) if len(seen) else 0.01
    high = max(0.99, (1 + float(seen.max())) / 2) if len(seen) else 0.99
    ends = np.array([low, high])
    ax.plot(law.ppf(ends), height(ends), color=LAW, linewidth=1.6, label=fit.family.name, zorder=2)
    _draw_band(fit, ax, height, ends, alpha)
    if logarithmic:
        ax.set_xscale("log")
    marks = np.array([p for p in _MARKS if low <= p <= high])
    ax.set_yticks(height(marks), [f"{100 * p:g}" for p in marks])
    ax.set_ylim(*height(ends))
    ax.minorticks_off()
    return finish(ax, title_of(fit, ", probability paper"), called(label, sample), "percent of at most x")


def _draw_band(fit: Drawn, ax: Axes, height: Callable[[Array], Array], ends: Array, alpha: float) -> None:
    """Intervals of the quantiles, joined."""
    p = np.concatenate([np.geomspace(ends[0], 0.5, _BAND_POINTS // 2 + 1), 1 - np.geomspace(0.5, 1 - ends[1], 8)[1:]])
    found = [fit.quantile(float(one), alpha) for one in p]
    known = np.array([one.interval or (np.nan, np.nan) for one in found])
    if np.all(np.isnan(known)):
        note(ax, f"no band: {found[0].reason}")
        return
    text = f"{1 - alpha:.0%} at each probability"
    ax.fill_betweenx(height(p), known[:, 0], known[:, 1], color=BAND, alpha=0.35, linewidth=0, label=text, zorder=0)
