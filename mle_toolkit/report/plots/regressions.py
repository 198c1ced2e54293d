"""Pictures of regressions: coefficients, the law along a covariate, residuals, what each term is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import special

from mle_toolkit import options
from mle_toolkit._typing import Array, InformationUnit, IntervalBy
from mle_toolkit.errors import DataError, ParameterError
from mle_toolkit.report.plots.canvas import (
    BAND,
    BARS,
    BLUE,
    DATA,
    LAW,
    LAWS,
    Pictures,
    axes_or_new,
    finish,
    grid_or_new,
    note,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mle_toolkit.report.drawn import DrawnRegression

GRID = 201
"""Points of a curve."""

LONGEST = 300.0
"""Ratio of the ends of a band of positive values from which it is drawn on a log scale."""

BINS = 20
"""Bars of a PIT histogram, at most; about ten rows are in each."""


def check(fit: Any, what: str) -> DrawnRegression:
    """Raise where a picture is of regressions and the fit is none, or its rows are not held."""
    if not hasattr(fit, "designs"):
        raise ParameterError(f"{what}: this picture is of regressions; fit one: mle.regress(...).")
    if not fit.sample.in_memory:
        raise DataError(f"{what}: the rows are read in blocks and not held; fit a subsample in memory.")
    regression: DrawnRegression = fit
    return regression


def title_of_regression(fit: DrawnRegression, what: str) -> str:
    """The title of a picture: law, what it shows, observations."""
    return f"{fit.family.name}{what}, n = {fit.nobs:,.6g}"


# --- coefficients -----------------------------------------------------------------------------------------------------


def coefficients(
    fit: DrawnRegression, ax: Axes | None = None, *, alpha: float = 0.05, method: IntervalBy = "wald"
) -> Axes:
    """Draw the coefficients of a regression with their intervals, by parameter.

    Parameters
    ----------
    fit : RegressionFit
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    alpha : float
        One minus the level of the intervals.
    method : {"wald", "profile", "bootstrap"}
        As for `RegressionFit.conf_int`.

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    Each is for a change of its column by one standard deviation of the data, so that they can be compared; those of an
    intercept, and parameters that are one number, are in the table and not here.

    Examples
    --------
    >>> import mle_toolkit as mle
    >>> frame = {"dose": [0, 1, 2, 3, 4, 5], "count": [2, 3, 6, 7, 8, 19]}
    >>> ax = mle.plot.coefficients(mle.regress("count ~ dose", frame, "poisson"))
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['dose']
    """
    fit = check(fit, "coefficients")
    alpha = options.level(alpha)
    interval = fit.conf_int(alpha, method)
    names = list(fit.coefficient_names)
    rows: list[tuple[str, str, float, float, float]] = []
    for name, term, size in _spreads(fit):
        at = names.index(f"{name}[{term}]")
        ends = sorted(size * interval.iloc[at].to_numpy(dtype=float))
        rows.append((name, term, size * float(fit.coefficients[at]), ends[0], ends[1]))
    if not rows:
        raise ParameterError("coefficients: no column of a design differs between rows, so there is none to draw.")
    ax = axes_or_new(ax, height=max(2.2, 1.1 + 0.3 * len(rows)))
    shown = dict.fromkeys(name for name, *_ in rows)
    for name, colour in zip(shown, LAWS * len(rows), strict=False):
        mine = [k for k, row in enumerate(rows) if row[0] == name]
        middle = np.array([rows[k][2] for k in mine])
        low, high = (np.array([rows[k][end] for k in mine]) for end in (3, 4))
        reach = [np.where(np.isfinite(e), np.abs(e - middle), 0.0).tolist() for e in (low, high)]
        link = fit.links[name]
        label = f"{name}, link {link}" if str(link) != "identity" else name
        ax.errorbar(middle, mine, xerr=reach, fmt="o", color=colour, markersize=5, capsize=3, label=label)
    ax.axvline(0.0, color=DATA, linewidth=0.8, zorder=0)
    ax.set_yticks(range(len(rows)), [row[1] for row in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    return finish(
        ax, title_of_regression(fit, ", coefficients"), f"per standard deviation, {1 - alpha:.0%} interval", ""
    )


def _spreads(fit: DrawnRegression) -> list[tuple[str, str, float]]:
    """Parameter, name and spread of each column whose coefficient is free and which differs between rows."""
    found = []
    for name, design in fit.designs.items():
        free = [term for term in design.names if f"{name}[{term}]" not in fit.known | fit.pinned]
        matrix = fit.sample.known[fit.model.linear[name].key]
        found += [(name, term, _spread(matrix[:, k], fit.sample.weight)) for k, term in enumerate(free)]
    return [column for column in found if column[2] > 0]


def _spread(column: Array, weight: Array | None) -> float:
    mean = np.average(column, weights=weight)
    return float(np.sqrt(np.average(np.square(column - mean), weights=weight)))


# --- the law along one covariate --------------------------------------------------------------------------------------


def along(
    fit: DrawnRegression,
    covariate: str,
    data: Any,
    ax: Axes | None = None,
    *,
    at: dict[str, Any] | None = None,
    response: str | None = None,
    **known: Any,
) -> Axes:
    """Draw the fitted law along one covariate: its median, and what half and nine tenths of observations lie in.

    Parameters
    ----------
    fit : RegressionFit
    covariate : str
        The column along which to go.
    data : DataFrame, table or mapping
        The data, as they were given to `mle_toolkit.regress`: they say from where to where the covariate goes, and at
        which values the others are held.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    at : mapping of str to value, optional
        Where to hold the other columns. By default numbers at their median, and others at their most frequent value.
    response : str, optional
        A column of the data to draw as points. By default the exact observations of the fit, where each row of the data
        is one.
    **known
        ``exposure``, ``offset`` and constants of the law, as for `RegressionFit.predict`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ParameterError
        If the covariate is no column of numbers.

    Notes
    -----
    The bands are quantiles of the law with its parameters as estimated: of observations, not of their mean.
    """
    from mle_toolkit.data.columns import Columns

    fit = check(fit, "along")
    if any(design.spec is None for design in fit.designs.values()):
        raise ParameterError("along: a design was given as an array; fit by a formula, which names the columns.")
    columns = Columns(data)
    values = _numbers(columns, covariate)
    if values is None:
        raise ParameterError(f"along: {covariate} holds no numbers; name a column that does.")
    seen = values[np.isfinite(values)]
    grid = np.linspace(seen.min(), seen.max(), GRID)
    held = dict(at or {})
    needed = {name for design in fit.designs.values() for name in design.columns}
    rows: dict[str, Any] = {covariate: grid}
    for name in sorted(needed - {covariate}):
        if name not in held:
            held[name] = _typical(columns, name)
        rows[name] = [held[name]] * GRID
    law = fit.predict(rows, "distribution", **known)
    ax = axes_or_new(ax)
    discrete = fit.model.base.discrete
    for level, alpha in ((0.9, 0.25), (0.5, 0.45)):
        low, high = (np.broadcast_to(law.ppf(np.full(GRID, p)), GRID) for p in ((1 - level) / 2, (1 + level) / 2))
        ax.fill_between(
            grid, low, high, color=BAND, alpha=alpha, linewidth=0, label=f"{level:.0%} of observations", zorder=1,
            step="mid" if discrete else None,
        )  # fmt: skip
        if low.min() > 0 and high.max() > LONGEST * low.min():
            ax.set_yscale("log")
    median = np.broadcast_to(law.ppf(np.full(GRID, 0.5)), GRID)
    style = "steps-mid" if discrete else "default"
    ax.plot(grid, median, color=LAW, linewidth=1.6, label="median", zorder=3, drawstyle=style)
    if response is not None:
        points, where = _numbers(columns, response), values
    elif fit.sample.is_exact and len(values) == fit.n_given:
        points, where = fit.sample.x, values[fit.rows]
    else:
        points, where = None, values
    if points is not None:
        ax.plot(where, points, "o", color=DATA, markersize=3, markeredgewidth=0, alpha=0.6, label="data", zorder=2)
    for name in (*held, *known):
        if name in known:
            note(ax, f"{name} = {known[name]}")
        elif name in needed:
            value = held[name]
            note(ax, f"{name} = {value:.4g}" if isinstance(value, (int, float)) else f"{name} = {value}")
    return finish(ax, title_of_regression(fit, f" along {covariate}"), covariate, response or "response")


def _numbers(columns: Any, name: str) -> Array | None:
    try:
        return np.asarray(columns.native(name), dtype=float)
    except (TypeError, ValueError):  # labels
        return None


def _typical(columns: Any, name: str) -> Any:
    """The median of numbers; the most frequent of other values."""
    values = _numbers(columns, name)
    if values is not None and len(np.unique(values)) > 2:
        return float(np.nanmedian(values))
    kinds, counts = np.unique(np.asarray(columns.native(name), dtype=object).astype(str), return_counts=True)
    most = kinds[int(np.argmax(counts))]
    return next(value for value in np.asarray(columns.native(name), dtype=object).tolist() if str(value) == most)


# --- residuals --------------------------------------------------------------------------------------------------------


def _sorted_residuals(fit: DrawnRegression, rng: Any) -> tuple[Array, Array]:
    """Quantile residuals in increasing order, with the normal quantiles of their places (i - 1/2) / n."""
    found = np.sort(fit.residuals("quantile", rng))
    return found, special.ndtri((np.arange(len(found)) + 0.5) / len(found))


def _pointwise(n: int, alpha: float) -> tuple[Array, Array]:
    """Ends of the intervals of the order statistics of n standard normal numbers, each by itself (beta law)."""
    k = np.arange(1, n + 1)
    low, high = (special.betaincinv(k, n - k + 1, p) for p in (alpha / 2, 1 - alpha / 2))
    return np.asarray(special.ndtri(low), dtype=float), np.asarray(special.ndtri(high), dtype=float)


def residual_qq(fit: DrawnRegression, ax: Axes | None = None, *, alpha: float = 0.05, rng: Any = None) -> Axes:
    """Draw the quantile residuals of a regression against normal quantiles.

    Parameters
    ----------
    fit : RegressionFit
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    alpha : float
        One minus the level of the band at each point.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional
        For the residuals of counts and censored values.

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    The residuals are standard normal, whatever the law, if it is right (Dunn & Smyth 1996). The band is that of the
    order statistics of n such numbers; it does not allow for the fitting, which makes residuals a little smaller.
    """
    fit = check(fit, "residual_qq")
    found, theory = _sorted_residuals(fit, rng)
    ax = axes_or_new(ax)
    low, high = _pointwise(len(found), options.level(alpha))
    ax.fill_between(theory, low, high, color=BAND, alpha=0.35, linewidth=0, label=f"{1 - alpha:.0%} at each point")
    ends = float(theory[0]), float(theory[-1])
    ax.plot(ends, ends, color=LAW, linewidth=1.2, zorder=2)
    _points(ax, theory, found)
    return finish(ax, title_of_regression(fit, ", residuals"), "normal quantile", "quantile residual")


def worm(fit: DrawnRegression, ax: Axes | None = None, *, alpha: float = 0.05, rng: Any = None) -> Axes:
    """Draw the worm plot of a regression: the residual Q-Q plot with its line taken off.

    Parameters
    ----------
    fit, ax, alpha, rng
        As for `residual_qq`.

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    Source: van Buuren & Fredriks (2001), Statistics in Medicine 20, 1259-1277. A level above 0 is a mean that is too
    low, a slope a variance, a parabola a skewness, an S heavy or light tails that the law has not.
    """
    fit = check(fit, "worm")
    found, theory = _sorted_residuals(fit, rng)
    ax = axes_or_new(ax)
    low, high = _pointwise(len(found), options.level(alpha))
    ax.fill_between(
        theory, low - theory, high - theory, color=BAND, alpha=0.35, linewidth=0, label=f"{1 - alpha:.0%} at each point"
    )
    ax.axhline(0.0, color=LAW, linewidth=1.2, zorder=2)
    _points(ax, theory, found - theory)
    return finish(ax, title_of_regression(fit, ", worm plot"), "normal quantile", "residual less normal quantile")


def pit(fit: DrawnRegression, ax: Axes | None = None, *, alpha: float = 0.05, rng: Any = None) -> Axes:
    """Draw the histogram of the probability integral transforms of a regression: flat if its laws are right.

    Parameters
    ----------
    fit, ax, rng
        As for `residual_qq`.
    alpha : float
        One minus the level of the band at each bar.

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    Source: Dawid (1984), JRSS A 147, 278-292; of counts and censored values the transform is drawn within its step. A
    hump is a law that is too wide, a trough one that is too narrow, a slope one that is too high or too low.
    """
    fit = check(fit, "pit")
    transformed = special.ndtr(fit.residuals("quantile", rng))
    n = len(transformed)
    bins = int(np.clip(n // 10, 4, BINS))
    counts, edges = np.histogram(transformed, bins, (0.0, 1.0))
    ax = axes_or_new(ax)
    widths = np.diff(edges)
    ax.bar(edges[:-1], counts * bins / n, widths, align="edge", color=BARS, edgecolor="white", label="data", zorder=1)
    alpha = options.level(alpha)
    ends = [float(special.bdtrik(p, n, 1 / bins)) * bins / n for p in (alpha / 2, 1 - alpha / 2)]
    ax.axhspan(*ends, color=BAND, alpha=0.35, linewidth=0, label=f"{1 - alpha:.0%} at each bar", zorder=2)
    ax.axhline(1.0, color=LAW, linewidth=1.2, zorder=3)
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(0.0, max(1.3 * float(ends[1]), 1.1 * float(counts.max()) * bins / n))
    return finish(ax, title_of_regression(fit, ", PIT"), "probability of at most the observation", "density")


def residuals_fitted(fit: DrawnRegression, ax: Axes | None = None, *, rng: Any = None) -> Axes:
    """Draw the quantile residuals of a regression against the fitted parameter that its formula models.

    Parameters
    ----------
    fit, ax, rng
        As for `residual_qq`.

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    Lines are running medians and quartiles, of a tenth of the rows each; dashed where they lie if the law is right.
    """
    fit = check(fit, "residuals_fitted")
    found = fit.residuals("quantile", rng)
    name = fit.main
    fitted = np.broadcast_to(np.asarray(fit.distribution.params[name], dtype=float), found.shape)
    ax = axes_or_new(ax)
    _points(ax, fitted, found)
    quartile = float(special.ndtri(0.75))
    for level in (-quartile, 0.0, quartile):
        ax.axhline(level, color=DATA, linewidth=0.8, linestyle="--", zorder=1)
    order = np.argsort(fitted, kind="stable")
    width = max(len(found) // 10, 10)
    if len(found) >= 2 * width and fitted.min() < fitted.max():
        starts = np.unique(np.linspace(0, len(found) - width, 40).astype(int))
        middles = [float(np.median(fitted[order[s : s + width]])) for s in starts]
        runs = np.array([np.quantile(found[order[s : s + width]], [0.25, 0.5, 0.75]) for s in starts])
        for k, text in enumerate(("", "running median and quartiles", "")):
            ax.plot(middles, runs[:, k], color=LAW, linewidth=1.6 if k == 1 else 1.0, label=text or None, zorder=3)
    positive = fitted.min() > 0 and fitted.max() > 30 * fitted.min()
    if positive:
        ax.set_xscale("log")
    return finish(ax, title_of_regression(fit, ", residuals"), f"fitted {name}", "quantile residual")


def _points(ax: Axes, x: Array, y: Array) -> None:
    size = 4.0 if len(x) <= 300 else 2.5
    ax.plot(x, y, "o", color=DATA, markersize=size, markeredgewidth=0, alpha=0.7, zorder=3)


# --- information ------------------------------------------------------------------------------------------------------


def gain(
    fit: DrawnRegression, ax: Axes | None = None, *, kind: Literal["II", "III"] = "II", unit: InformationUnit = "nat"
) -> Axes:
    """Draw what each term of a regression is worth: the divergence that it takes away.

    Parameters
    ----------
    fit : RegressionFit
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.
    kind : {"II", "III"}
        As for `RegressionFit.anova`.
    unit : {"nat", "bit", "dit"}

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    A term without any effect is worth about df / 2n nats on the data that it was fitted to: the bars' light end.
    """
    from mle_toolkit.information.estimate import nats_per

    fit = check(fit, "gain")
    found = fit.anova(kind)
    if not len(found):
        raise ParameterError("gain: the formulas have no terms but intercepts, so there is nothing to draw.")
    worth = found["nats"].to_numpy(dtype=float) / nats_per(unit)
    chance = found["df"].to_numpy(dtype=float) / (2 * fit.nobs) / nats_per(unit)
    several = len(fit.designs) > 1
    names = [f"{term} ({parameter})" if several else str(term) for parameter, term in found.index]
    ax = axes_or_new(ax, height=max(2.2, 1.1 + 0.35 * len(found)))
    places = np.arange(len(found))
    ax.barh(places, worth, color=BLUE, height=0.7, zorder=1)
    ax.barh(
        places, np.minimum(chance, worth), color=BAND, height=0.7, label="expected of a term without effect", zorder=2
    )
    for place, value, p in zip(places.tolist(), worth.tolist(), found["p_value"].tolist(), strict=True):
        text = f"{value:.3g}, p = {p:.2g}" if p >= 1e-4 else f"{value:.3g}, p < 0.0001"
        ax.annotate(text, (value, place), (4, 0), textcoords="offset points", va="center", fontsize=8.5)
    ax.set_yticks(places, names)
    ax.set_ylim(len(found) - 0.4, -0.6)
    ax.set_xlim(0.0, 1.3 * float(worth.max()) if worth.max() > 0 else 1.0)
    return finish(ax, title_of_regression(fit, ", gain by term"), f"{unit}s per observation", "")


# --- all four ---------------------------------------------------------------------------------------------------------


def regression_panels(fit: DrawnRegression, axes: Any = None, *, alpha: float = 0.05, rng: Any = None) -> Pictures:
    """Draw `coefficients`, `residuals_fitted`, `worm` and `pit` side by side, of the same residuals.

    Where no covariate has a coefficient that is free, `residual_qq` takes the place of the coefficients.

    Parameters
    ----------
    fit : RegressionFit
    axes : array of four matplotlib Axes, optional
        Where to draw; by default on a new figure of 10 by 8 inches.
    alpha : float
        One minus the level of intervals and bands.
    rng : None, int, SeedSequence, BitGenerator or Generator, optional
        For the residuals of counts and censored values.

    Returns
    -------
    ndarray of matplotlib Axes, of shape (2, 2)
        They show themselves in a notebook; ``savefig`` writes their figure.
    """
    fit = check(fit, "panels")
    grid = grid_or_new(axes, 2, 2, 10.0, 8.0)
    seed = int(options.generator(rng).integers(2**32))
    if _spreads(fit):
        coefficients(fit, grid[0, 0], alpha=alpha)
    else:
        residual_qq(fit, grid[0, 0], alpha=alpha, rng=seed)
    residuals_fitted(fit, grid[0, 1], rng=seed)
    worm(fit, grid[1, 0], alpha=alpha, rng=seed)
    pit(fit, grid[1, 1], alpha=alpha, rng=seed)
    return grid
