"""Pictures of what a regression says of its covariates, and of how far its probabilities are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolkit import options
from mle_toolkit._typing import Array
from mle_toolkit.errors import ParameterError
from mle_toolkit.information.classifiers import information_report
from mle_toolkit.report.plots.canvas import BAND, DATA, LAW, LAWS, STYLES, axes_or_new, finish
from mle_toolkit.report.plots.regressions import check, title_of_regression

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mle_toolkit.report.drawn import DrawnRegression

_DRAWS = 200
"""Of labels from the forecasts, for the band of a calibrated classifier."""

_ASIDE = 0.08
"""Of the distance of two levels of a factor, how far apart the points of two levels of the response are."""

_EVENTS = ("bernoulli", "ordinal", "categorical")


def partial_effect(
    fit: DrawnRegression, covariate: str, ax: Axes | None = None, *, values: Any = None, alpha: float = 0.05
) -> Axes:
    """Draw how the expected value, or the probability of each level, changes with one covariate.

    Parameters
    ----------
    fit : RegressionFit
        By a formula.
    covariate : str
        A column of the formula: numbers are drawn as a line, a factor as points.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    values : array_like, optional
        Where the covariate is; by default its range, or all levels.
    alpha : float
        One minus the level of the intervals, of each value by itself.

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    These are `RegressionFit.average_predictions`: averages over the rows of the data, whose other covariates are as
    they are. The band is of the average, not of observations; `along` has those.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> frame = {"dose": [0, 1, 2, 3, 4, 5], "count": [2, 3, 6, 7, 8, 19]}
    >>> ax = mle.plot.partial_effect(mle.regress("count ~ dose", frame, "poisson"), "dose")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('dose', 'average expected value')
    """
    fit = check(fit, "partial_effect")
    table = fit.average_predictions(covariate, values, alpha=options.level(alpha))
    leveled = table.index.nlevels > 1
    parts = dict(iter(table.groupby(level=1, sort=False))) if leveled else {"": table}
    ax = axes_or_new(ax)
    interval = f"{1 - alpha:.0%} interval"
    aside = _ASIDE * (np.arange(len(parts)) - 0.5 * (len(parts) - 1))
    for k, (name, part) in enumerate(parts.items()):
        colour, style = LAWS[k % len(LAWS)], STYLES[k % len(STYLES)]
        at = part.index.get_level_values(0)
        mean, low, high = (part[column].to_numpy(dtype=float) for column in ("mean", "lower", "upper"))
        if at.dtype.kind in "fiu":
            where = at.to_numpy(dtype=float)
            band = BAND if not leveled else colour
            ax.fill_between(where, low, high, color=band, alpha=0.25, linewidth=0, label=None if leveled else interval)
            ax.plot(where, mean, color=colour, linestyle=style, linewidth=1.6, label=str(name) or "average")
        else:
            reach = [np.where(np.isfinite(end), np.abs(end - mean), 0.0).tolist() for end in (low, high)]
            label = str(name) or interval
            ax.errorbar(
                np.arange(len(at)) + aside[k],
                mean,
                yerr=reach,
                fmt="o",
                color=colour,
                markersize=5,
                capsize=3,
                label=label,
            )
            ax.set_xticks(range(len(at)), [str(value) for value in at])
            ax.set_xlim(-0.5, len(at) - 0.5)
    what = "average probability" if leveled else "average expected value"
    return finish(ax, title_of_regression(fit, f", effect of {covariate}"), covariate, what)


def calibration(
    fit: DrawnRegression,
    frame: Any = None,
    y: Any = None,
    ax: Axes | None = None,
    *,
    alpha: float = 0.05,
    rng: Any = None,
) -> Axes:
    """Draw the reliability diagram of a classifier: what its probabilities should have been, given the labels.

    Parameters
    ----------
    fit : RegressionFit
        Of the laws ``"bernoulli"``, ``"ordinal"`` or ``"categorical"``.
    frame : DataFrame or the like, optional
        Other rows than those of the data, and ``y``, their labels: held-out ones tell more than those of the fit.
    y : array_like, optional
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    alpha : float
        One minus the level of the band, at each point, in which the line of a calibrated classifier lies; it is drawn
        for two classes.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional
        For the band: labels are drawn from the probabilities.

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    Probabilities are recalibrated by pooling adjacent violators, so that no bins are to choose. MCB is the
    miscalibration, DSC the discrimination, nats (`information_report`). Source: Dimitriadis, Gneiting & Jordan (2021),
    PNAS 118.
    """
    fit = check(fit, "calibration")
    base = fit.model.base
    if base.name not in _EVENTS:
        raise ParameterError(f"calibration: {base.name} has no events; this picture is of {', '.join(_EVENTS)}.")
    if (frame is None) != (y is None):
        raise ParameterError("calibration: give frame and y, its labels, or neither.")
    levels = [str(level) for level in getattr(base, "levels", ("0", "1"))]
    stated = np.asarray(fit.predict() if frame is None else fit.predict(frame), dtype=float)
    if stated.ndim == 1:
        stated = np.stack([1 - stated, stated], axis=1)
    if y is None:
        labels, weight = fit.sample.x, fit.sample.weight
    else:
        labels, weight = _codes(y, levels), None
    report = information_report(labels, stated, weights=weight)
    ax = axes_or_new(ax, 4.8, 4.8)
    ax.plot([0, 1], [0, 1], color=DATA, linewidth=0.8, linestyle="--", zorder=1)
    several = len(report.calibration) > 1
    if not several:
        forecast, low, high = _band(stated, weight, options.level(alpha), rng)
        ax.fill_between(
            forecast, low, high, color=BAND, alpha=0.35, linewidth=0, label=f"{1 - alpha:.0%} if calibrated"
        )
    for (k, found), colour in zip(report.calibration.items(), LAWS * len(levels), strict=False):
        parts = found.decomposition
        label = f"{levels[k]}: MCB {parts.miscalibration:.3g}, DSC {parts.discrimination:.3g}"
        ax.plot(
            found.forecast, found.recalibrated, color=colour if several else LAW, linewidth=1.6, label=label, zorder=3
        )
        if not several:
            share = 0.1 * found.weight / np.max(found.weight)
            ax.vlines(found.forecast, 0.0, share, color=DATA, linewidth=0.8, alpha=0.5, zorder=2)
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.02)
    ax.set_aspect("equal")
    title = title_of_regression(fit, f", log loss {report.log_loss.value:.4g} of {report.label_entropy:.4g} nat")
    return finish(ax, title, "stated probability", "recalibrated probability")


def _codes(y: Any, levels: list[str]) -> Array:
    """Labels of other rows as codes; those of two classes may be 0 and 1, or truth values."""
    values = np.asarray(y)
    if values.dtype.kind in "biuf" and set(levels) == {"0", "1"}:
        return values.astype(float)
    place = {level: k for k, level in enumerate(levels)}
    strange = [str(value) for value in values.tolist() if str(value) not in place]
    if strange:
        raise ParameterError(f"calibration: y has {strange[0]!r}, which is no level; levels: {', '.join(levels)}.")
    return np.array([place[str(value)] for value in values.tolist()], dtype=float)


def _band(stated: Array, weight: Array | None, alpha: float, rng: Any) -> tuple[Array, Array, Array]:
    """Where recalibrated probabilities lie at each forecast, were the forecasts right."""
    from scipy import optimize

    draw, weight = options.generator(rng), np.ones(len(stated)) if weight is None else weight
    forecast, group = np.unique(stated[:, 1], return_inverse=True)
    size = np.bincount(group, weights=weight)
    lines = []
    for _ in range(_DRAWS):
        share = np.bincount(group, weights=weight * (draw.random(len(stated)) < stated[:, 1])) / size
        lines.append(optimize.isotonic_regression(share, weights=size).x)
    low, high = np.quantile(lines, [alpha / 2, 1 - alpha / 2], axis=0)
    return forecast, low, high
