"""Hazards of fitted laws over those of their data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mle_toolkit import options
from mle_toolkit.errors import ParameterError
from mle_toolkit.inference.empirical import product_limit
from mle_toolkit.inference.mechanism import one_sided, right_censored_view
from mle_toolkit.report.plots.canvas import BAND, DATA, LAW, axes_or_new, called, drawable, finish, note, title_of
from mle_toolkit.report.plots.seen import without_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mle_toolkit.data.sample import Sample
    from mle_toolkit.families.distribution import Distribution
    from mle_toolkit.report.drawn import Drawn

_CURVE, _BAND = 301, 25
"""Times at which the law and its band are computed."""


def hazard(
    fit: Drawn,
    ax: Axes | None = None,
    *,
    cumulative: bool = False,
    alpha: float = 0.05,
    label: str | None = None,
) -> Axes:
    """Draw the hazard of the fitted law with its band; or the cumulative hazard over that of the data.

    Parameters
    ----------
    fit : Fit
        Of measurements, censored or not.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    cumulative : bool
        Whether the hazards are added up, which the data show too: as the Nelson-Aalen estimate.
    alpha : float
        One minus the level of the band at each time, by the delta method on the log scale.
    label : str, optional
        What the observations are, with their unit; by default the name of the column.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ParameterError
        If observations are vectors or counts, or each has a law of its own.

    Notes
    -----
    From the least to the largest finite end of the observations. Of interval-censored data the estimate without a model
    is the sum of the hazards of Turnbull's masses, drawn at the upper ends of the intervals that hold them. Where rows
    were seen from an entry on, the estimate begins at the first entry with the cumulative hazard of the law there.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> fit = mle.fit(mle.datasets.load("leukaemia").sample(), "weibull")
    >>> mle.plot.hazard(fit, cumulative=True, label="weeks").get_ylabel()
    'cumulative hazard'
    """
    sample = drawable(fit, "hazard")
    law = fit.distribution
    if law.family.discrete or np.any(np.isfinite(law.family.atoms)):
        raise ParameterError("hazard: it is drawn for measurements; of other laws it is a number at each value.")
    alpha = options.level(alpha)
    ends = np.concatenate([sample.lower, sample.upper])
    ends = ends[np.isfinite(ends)]
    low, high = max(float(ends.min()), law.ends[0]), float(ends.max())
    if not low < high:
        raise ParameterError(f"hazard: all observations end at {low:g}; there is no stretch of time to draw.")
    ax = axes_or_new(ax)
    name = "cumulative_hazard" if cumulative else "hazard"
    t = low + (high - low) * np.arange(1, _CURVE) / _CURVE  # a hazard may be infinite at an end
    with np.errstate(all="ignore"):
        curve = getattr(law, name)(t)
    there = np.isfinite(curve)
    if cumulative:
        _draw_data(ax, sample, law)
    ax.plot(t[there], curve[there], color=LAW, linewidth=1.6, label=fit.family.name, zorder=3)
    some_t = t[there][np.linspace(0, np.count_nonzero(there) - 1, _BAND).astype(int)]
    found = [getattr(fit, name)(float(at), alpha) for at in some_t]
    band = np.array([one.interval or (np.nan, np.nan) for one in found])
    if np.all(np.isnan(band)):
        note(ax, f"no band: {found[0].reason}")
    else:
        text = f"{1 - alpha:.0%} at each time"
        ax.fill_between(some_t, band[:, 0], band[:, 1], color=BAND, alpha=0.35, linewidth=0, label=text, zorder=0)
    ax.set_ylim(bottom=0.0)
    what = "cumulative hazard" if cumulative else "hazard"
    return finish(ax, title_of(fit, f", {what}"), called(label, sample), what)


def _draw_data(ax: Axes, sample: Sample, law: Distribution) -> None:
    """Nelson and Aalen's steps, or those of Turnbull's masses."""
    begin = 0.0
    if sample.window is not None:
        if not np.all(np.isposinf(sample.window[1])):
            note(ax, "data seen through windows that end show no hazard")
            return
        first = float(np.min(sample.window[0]))
        begin = 0.0 if np.isneginf(first) else float(law.cumulative_hazard(first))
    if one_sided(sample) and not np.any(np.isneginf(sample.lower)):
        time, event, weight, entry, _ = right_censored_view(sample)
        found = product_limit(time, event, weight, np.broadcast_to(entry, time.shape))
        at, hazards, method = found.points, found.deaths / found.at_risk, "Nelson-Aalen"
    else:
        known = without_model(sample)
        left = 1.0 - (known.cdf - known.mass)
        some = (known.mass > 0) & (left > 0) & np.isfinite(known.upper)
        at, hazards, method = known.upper[some], known.mass[some] / left[some], known.method
    ax.step(at, begin + np.cumsum(hazards), where="post", color=DATA, linewidth=1.2, label=f"data ({method})")
